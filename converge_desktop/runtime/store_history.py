"""What the ledger says to whoever fills the view: of which desk it is, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from converge_core.events import DeskOpened
from converge_core.ledger import Entry


class Misfit(Exception):
    """The view's head is no record of this ledger."""


def following(entries: Iterable[Entry], reached: int, head: str) -> Iterator[Entry]:
    """Yields those of ``entries`` that come after record ``reached``, whose hash is ``head``.

    Raises:
        Misfit: if that is no record of the ledger; nothing is yielded then.
    """
    found = reached < 0
    for entry in entries:
        if entry.head.seq > reached:
            if not found:
                break
            yield entry
        elif entry.head.seq == reached:
            found = entry.hash == head
    if not found:
        raise Misfit


def desk_of(history: Iterable[Entry]) -> str:
    """Returns the desk whose ledger it is; empty where its first record does not say."""
    first = next(iter(history), None)
    event = first.event if first is not None else None
    return event.desk if isinstance(event, DeskOpened) else ""
