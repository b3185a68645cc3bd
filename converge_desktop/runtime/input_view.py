"""What a folder says before a run starts on it."""

from __future__ import annotations

from dataclasses import dataclass

from converge_desktop.adapters.intake import Intake


@dataclass(frozen=True, slots=True)
class InputView:
    """An input that was read, and used for nothing yet.

    Attributes:
        subject: what it is about, such as ``billing at 6a23cb``.
        read: how many numbers were read.
        unknown: the labels of those that cannot be known.
        sources: what was read: each path, and what it is.
        notes: what was left out or cannot be known, a sentence each.
    """

    subject: str
    read: int
    unknown: tuple[str, ...]
    sources: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def input_view(intake: Intake) -> InputView:
    """Returns what a folder says."""
    unknown = tuple(one.label for one in intake.metrics if one.quantity.value is None)
    return InputView(
        subject=intake.subject,
        read=len(intake.metrics) - len(unknown),
        unknown=unknown,
        sources=tuple((one.path, one.kind) for one in intake.sources),
        notes=intake.notes,
    )
