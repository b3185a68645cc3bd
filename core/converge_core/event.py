"""What all events have in common."""

from __future__ import annotations

from typing import ClassVar

from converge_core.record import Record


class Event(Record, frozen=True):
    """The base of all events; ``kind`` is how the ledger names it."""

    kind: ClassVar[str] = ""
