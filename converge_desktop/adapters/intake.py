"""What every input of a pack is read into: metrics with where they come from, or one refusal.

A repository with its reports and a folder of tables are read by different code into the same
thing. Importing this module loads no library that reads; the readers do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from converge_core.canonical import ContentHash
from converge_core.errors import ConvergeError
from converge_core.limits import Quantity
from converge_desktop.adapters.wording import counted, plain

MOST_NOTES = 24
"""So many notes of one kind go with a run."""


class IntakeError(ConvergeError):
    """The folder cannot be read; the text names the file, the place and the remedy."""


def refusal(file: str, place: str, what: str, remedy: str) -> IntakeError:
    """Returns the error whose text says what is wrong, where, and what to do next."""
    where = f"{file}, {place}" if place else file
    return IntakeError(f"{where}: {what}. {remedy}")


@dataclass(frozen=True, slots=True)
class Metric:
    """One number about what a run is about, and where it comes from.

    Attributes:
        id: its name in packs and policies, such as ``tests.failed``.
        label: its name for people, such as ``tests failed``.
        quantity: the number; its value is None where it cannot be known.
        source: the file it was read from, relative to the folder, or ``git``.
        place: where in the source.
        detail: what stands behind the number, on one line.
    """

    id: str
    label: str
    quantity: Quantity
    source: str
    place: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """What was read.

    Attributes:
        path: the file, relative to the folder; ``git`` for the history.
        sha256: the hash of the bytes that were read; for the history, of HEAD, tags and shallow
            edge.
        kind: what it is, such as ``junit`` or ``csv``.
    """

    path: str
    sha256: ContentHash
    kind: str


@dataclass(frozen=True, slots=True)
class Intake:
    """What a folder says.

    Attributes:
        subject: what it is about, such as ``converge-desktop at 4be1c0``.
        metrics: the numbers, always the same ones in the same order.
        notes: what cannot be known or was left out, a sentence each.
        sources: what was read, in an order that depends on kind and path alone.
    """

    subject: str
    metrics: tuple[Metric, ...]
    notes: tuple[str, ...]
    sources: tuple[Source, ...]


def few(notes: Iterable[str]) -> tuple[str, ...]:
    """Returns each note once; of very many the first, and how many there are more.

    Notes go with the run into every review of it, and whoever decides has to see them.
    """
    every = tuple(dict.fromkeys(notes))
    more = len(every) - MOST_NOTES
    if more <= 0:
        return every
    said = (
        f"{counted(more, 'more note was', 'more notes were')} left out; there is much to mend here."
    )
    return (*every[:MOST_NOTES], said)


def checked_folder(folder: Path) -> Path:
    """Returns what the person picked, with every link in its path resolved.

    Raises:
        IntakeError: if it is no folder.
    """
    try:
        root = folder.resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        what = "there is no such folder"
        raise refusal(plain(str(folder)), "", what, "Pick a folder that exists.") from error
    if not root.is_dir():
        what = "this is a file, not a folder"
        raise refusal(plain(str(folder)), "", what, "Pick the folder that it lies in.")
    return root
