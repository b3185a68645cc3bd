"""The ledger on disk, as a capsule takes it: by run, by line, and as a tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from converge_core import events as e
from converge_core.checkpoint import SignedCheckpoint
from converge_core.ledger import Entry
from converge_desktop.adapters.ledger.history import LedgerHistory


class LedgerSource:
    """What was read of a ledger, for whoever hands on evidence of it.

    Args:
        history: the ledger, read to its end.
    """

    def __init__(self, history: LedgerHistory) -> None:
        self._history = history

    def of_run(self, run: str) -> Iterable[Entry]:
        """Returns the records of a run in their order; those of the desk for the empty name."""
        return self._history.of_run(run)

    def entry(self, seq: int) -> Entry:
        """Returns a record.

        Raises:
            IndexError: if there is none of that number.
        """
        return self._history.entry(seq)

    def line(self, seq: int) -> bytes:
        """Returns a record as it stands in its file, with its line end."""
        part = self._history.index.part_of(seq)
        at = seq - part.first
        end = part.offsets[at + 1] if at + 1 < len(part.offsets) else part.size
        with self._history.files[part.file].open("rb") as file:
            file.seek(part.offsets[at])
            return file.read(end - part.offsets[at])

    def leaves(self) -> Iterable[bytes]:
        """Returns the hash of every record, in their order."""
        return self._history.index.hashes()

    def asked(self, gate: str) -> str:
        """Returns the run in which a gate was opened; empty if there is none of that name."""
        for entry in self._of_kind(e.GateOpened.kind):
            if isinstance(entry.event, e.GateOpened) and entry.event.request.id == gate:
                return entry.head.run
        return ""

    def checkpoint(self) -> SignedCheckpoint | None:
        """Returns the newest checkpoint that was signed; None if none was yet."""
        newest = None
        for seq in self._history.index.of_kinds([e.CheckpointSigned.kind]):
            newest = seq
        event = self._history.entry(newest).event if newest is not None else None
        return event.signed if isinstance(event, e.CheckpointSigned) else None

    def _of_kind(self, kind: str) -> Iterator[Entry]:
        for seq in self._history.index.of_kinds([kind]):
            yield self._history.entry(seq)
