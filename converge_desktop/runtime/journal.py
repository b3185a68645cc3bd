"""Append, sync, fold: the one way in which anything comes to be so on this desk.

Owned by the engine thread. Long texts are durable before the records that name them; a record is
durable before it is folded; and what cannot be written was never so.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from converge_core.checkpoint import Checkpoint, SignedCheckpoint, take
from converge_core.errors import LedgerCorrupt
from converge_core.events import CheckpointSigned, DeskOpened, Event
from converge_core.ledger import Entry
from converge_core.run_state import DeskState
from converge_core.trace import TextRef
from converge_desktop import __version__
from converge_desktop.adapters.clock import Clock
from converge_desktop.adapters.disk import make_directory, sync_directory
from converge_desktop.adapters.ledger.ledger_file import LedgerFile, LedgerWriteFailed, SetAside
from converge_desktop.adapters.ledger.segments import SEGMENT_BYTES
from converge_desktop.adapters.texts import TextStore
from converge_desktop.runtime.desk_reader import LEDGER, DeskReader, snapshots_of

Sign = Callable[[Checkpoint], SignedCheckpoint]
"""Signs what the ledger came to."""

SNAPSHOT_EVERY = 20_000
"""Records after which what is known of the ledger is kept, so that opening stays quick."""


class Journal:
    """The ledger of a data directory and the state it folds to.

    Args:
        directory: the data directory.
        clock: microseconds since 1970 UTC.
        segment_bytes: the size from which a new file of the ledger is begun.

    Attributes:
        reader: what the ledger says, and where the rest of it is found.

    Raises:
        LedgerCorrupt: if a record does not verify.
        OSError: if the directory cannot be used.
    """

    def __init__(self, directory: Path, clock: Clock, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._open()
        if self._ledger.seq < 0:
            desk = DeskOpened(desk=secrets.token_hex(8), app_version=__version__)
            self.commit([desk], clock())

    @property
    def state(self) -> DeskState:
        """What the ledger says."""
        return self.reader.state

    @property
    def seq(self) -> int:
        """The sequence number of the last record."""
        return self._ledger.seq

    def read_text(self, ref: TextRef) -> str:
        """Returns a text that a record names.

        Raises:
            TextMissing: if it is not there or has changed.
        """
        return self._texts.text(ref)

    def commit(
        self,
        events: Sequence[Event],
        at: int,
        texts: Iterable[str] = (),
        sign: Sign | None = None,
    ) -> list[Entry]:
        """Makes one step's events durable, all or nothing, and folds them.

        Args:
            events: what follows from the step.
            at: when it was taken, in microseconds since 1970 UTC.
            texts: the long texts that the events name.
            sign: signs a checkpoint that closes the batch; None for no checkpoint.

        Raises:
            LedgerWriteFailed: if that could not be done; the state is as it was, read again from
                what is on disk.
        """
        if not events:
            return []
        if not self._ledger.usable:
            self._reopen()  # there may be room again
        try:
            self._ledger.require_usable()
            self._texts.keep(texts)
            last = self._checkpoint(at, sign) if sign else None
            entries = self._ledger.append(events, at, last)
        except OSError as error:
            self._reopen()
            raise LedgerWriteFailed(
                f"{self._directory} could not be written: {error.strerror or error}. Nothing of "
                "the last step was kept; make room or mend the disk, then try again."
            ) from error
        except LedgerWriteFailed:
            self._reopen()
            raise
        self.reader.follow(entries)
        if sign is None:  # so that the next to be signed does not wait for it
            self.reader.reading.grow_tree()
        history = self.reader.history
        if history.index.count - history.saved >= SNAPSHOT_EVERY:
            history.save()
        return entries

    def sign(self, at: int, sign: Sign) -> list[Entry]:
        """Has what the ledger came to signed, unless that was done last.

        Raises:
            LedgerWriteFailed: if it could not be written.
        """
        history = self.reader.history
        if self.seq < 0 or history.index.kind(self.seq) == CheckpointSigned.kind:
            return []
        return self.commit([self._checkpoint(at, sign)([])], at)

    def close(self) -> None:
        """Keeps what is known of the ledger and closes the files. Safe to call twice."""
        if self._ledger.usable:
            self.reader.history.save()
        self._ledger.close()
        self._texts.close()

    def _checkpoint(self, at: int, sign: Sign) -> Callable[[Sequence[Entry]], Event]:
        """Returns what makes the checkpoint over all records and those of the batch so far."""
        reading = self.reader.reading

        def last(entries: Sequence[Entry]) -> Event:
            tree = reading.frontier.extend(bytes.fromhex(entry.hash) for entry in entries)
            head = entries[-1].hash if entries else reading.chain.hash
            return CheckpointSigned(signed=sign(take(self.state.desk, tree, head, at)))

        return last

    def _open(self) -> None:
        ledger = self._directory / LEDGER
        make_directory(ledger)
        self.reader = DeskReader(ledger, snapshots_of(self._directory)).read_all()
        self._ledger = LedgerFile(ledger, self._segment_bytes, history=self.reader.history)
        self._texts = TextStore(self._directory / "texts")
        if not self.reader.history.durable:  # whoever wrote last may have been killed meanwhile
            self._texts.sync()
            sync_directory(self._directory)
            sync_directory(self._directory.parent)
        self.set_aside: SetAside | None = self._ledger.set_aside
        history = self.reader.history
        if history.index.count - history.saved >= SNAPSHOT_EVERY:
            history.save()

    def _reopen(self) -> None:
        """Reads again what is on disk; while that cannot be done, what was read last stands.

        Where the ledger was removed, an empty one in its place would forget everything.
        """
        self._ledger.close()
        self._texts.close()
        try:
            if self._ledger.lies_in_place():
                self._ledger.cut_back()
                self._open()
        except LedgerCorrupt as error:
            self._ledger.refuse(f"the ledger in {self._directory} was damaged meanwhile: {error}")
        except OSError:
            return  # it is tried again with the next step
