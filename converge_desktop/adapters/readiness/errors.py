"""How a folder that cannot be read is refused: one sentence for a person, never a traceback."""

from __future__ import annotations

from converge_core.errors import ConvergeError


class IntakeError(ConvergeError):
    """The folder cannot be read; the text names the file, the place and the remedy."""


def refusal(file: str, place: str, what: str, remedy: str) -> IntakeError:
    """Returns the error whose text says what is wrong, where, and what to do next."""
    where = f"{file}, {place}" if place else file
    return IntakeError(f"{where}: {what}. {remedy}")
