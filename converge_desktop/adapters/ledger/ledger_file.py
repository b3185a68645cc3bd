"""The ledger on disk: append, sync, and only then is anything true.

A batch is one write and one sync. If either fails the file is cut back to its last good length and
the ledger refuses further appends until it is opened again. What a crash left behind an unclosed
batch is moved aside whole, with a report; a record that does not verify is refused, never skipped.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from converge_core.errors import LedgerCorrupt
from converge_core.events import Event
from converge_core.ledger import SALT_BYTES, Chain, Entry, encode_batch
from converge_desktop.adapters.disk import (
    make_directory,
    require_linked,
    sync_directory,
    write_all,
)
from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.ledger.segments import (
    SEGMENT_BYTES,
    Batch,
    Batches,
    Place,
    segment_name,
    segments,
)

_CHUNK = 1 << 20


class LedgerWriteFailed(Exception):
    """A batch could not be made durable; nothing of it counts."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """The remains of a batch that was never closed, and where they were moved."""

    path: Path
    size: int

    def words(self) -> str:
        """Returns one sentence for a person."""
        return (
            f"The last {self.size} bytes of the ledger were a batch that was never finished; they "
            f"were moved to {self.path.name}. Everything that was acknowledged is there."
        )


class LedgerFile:
    """An append-only ledger in a directory of ``*.jsonl`` files.

    Args:
        directory: where the files lie; made if missing.
        segment_bytes: the size from which a new file is begun.
        history: what was read of it, to its end; read now if None.

    Raises:
        LedgerCorrupt: if a record does not verify.
        OSError: if the directory cannot be read or written.
    """

    def __init__(
        self,
        directory: Path,
        segment_bytes: int = SEGMENT_BYTES,
        *,
        history: LedgerHistory | None = None,
    ) -> None:
        make_directory(directory)
        self.history = history or LedgerHistory(directory).read_all()
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._fd = -1
        self._broken = ""
        self._left_over = False
        self.set_aside: SetAside | None = None
        files, end = self.history.files, self.history.end
        if not files:
            files.append(directory / segment_name(0))
        self._path = files[-1]
        if end.file != len(files) - 1:  # nothing was ever written to the last one
            end = Place(len(files) - 1, 0, end.chain)
        if not end.offset:
            _require_next(files[-1], end.chain)
        self._length, self._chain = end.offset, end.chain
        if self.history.unfinished:
            self.set_aside = _move_tail(self._path, self._length, self._chain.seq + 1)
        self._open_for_append()

    @property
    def seq(self) -> int:
        """The sequence number of the last record; -1 while there is none."""
        return self._chain.seq

    @property
    def head(self) -> str:
        """The hash of the last record."""
        return self._chain.hash

    def append(
        self,
        events: Iterable[Event],
        at: int,
        last: Callable[[Sequence[Entry]], Event] | None = None,
    ) -> list[Entry]:
        """Makes a batch durable and returns its entries.

        Args:
            events: what happened, in order.
            at: when, in microseconds since 1970 UTC.
            last: makes the event that closes the batch, from the entries before it.

        Raises:
            LedgerWriteFailed: if it could not be written and synced; nothing of it is kept.
        """
        self.require_usable()
        data, entries = encode_batch(events, self._chain, at, _salt, last)
        try:
            require_linked(self._fd, self._path)
            self._require_untouched()
            if self._length and self._length + len(data) > self._segment_bytes:
                self._next_segment(entries[0].head.seq)
            write_all(self._fd, data)
            os.fsync(self._fd)
        except OSError as error:
            self._give_up(error)
        file = len(self.history.files) - 1
        batch = Batch(file, _offsets(data, self._length), len(data), tuple(entries))
        self._length += len(data)
        self._chain = Chain(entries[-1].head.seq, entries[-1].hash)
        self.history.wrote(batch, Place(file, self._length, self._chain))
        return entries

    @property
    def usable(self) -> bool:
        """Whether batches can be appended."""
        return not self._broken

    def require_usable(self) -> None:
        """Does nothing while batches can be appended.

        Raises:
            LedgerWriteFailed: if an earlier one could not be, or the ledger is closed.
        """
        if self._broken:
            raise LedgerWriteFailed(self._broken)

    def refuse(self, why: str) -> None:
        """Has nothing appended from now on, for the reason given."""
        self._broken = why

    def lies_in_place(self) -> bool:
        """Whether the file that is written to can still be found under its name."""
        return self._path.exists()

    def entries(self) -> Iterator[Entry]:
        """Reads the ledger from the first record on, checking each.

        Raises:
            LedgerCorrupt: at the first record that does not hold.
        """
        return read_ledger(self._directory)

    def close(self) -> None:
        """Closes the file. Safe to call twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self.history.close()
        self._broken = self._broken or "the ledger is closed"

    def cut_back(self) -> None:
        """Takes away what a failed write left behind the last batch that counts.

        Until that is done the ledger must not be read again: what was never acknowledged might be
        there whole.

        Raises:
            OSError: if that cannot be done yet.
        """
        if not self._left_over:
            return
        fd = os.open(self._path, os.O_WRONLY)
        try:
            os.ftruncate(fd, self._length)
            os.fsync(fd)
        finally:
            os.close(fd)
        self._left_over = False

    def _open_for_append(self) -> None:
        self._fd = _opened(self._path)
        if not self.history.durable:
            # A process that was killed may have written what was not synced yet; what is read as
            # true must be there after a power cut as well.
            os.fsync(self._fd)
        if not self.history.durable or not self._length:
            sync_directory(self._directory)

    def _require_untouched(self) -> None:
        """Refuses to add to a file that somebody else wrote to; what they wrote is let be.

        Raises:
            LedgerWriteFailed: if its length is not the one that was left.
        """
        found = os.fstat(self._fd).st_size
        if found != self._length:
            self._broken = (
                f"the ledger {self._path} has {found:,} bytes where this desk left "
                f"{self._length:,}: something else wrote to it. Nothing of the last step was kept; "
                "close whatever else has this desk open, and try again."
            )
            raise LedgerWriteFailed(self._broken)

    def _next_segment(self, first: int) -> None:
        path = self._directory / segment_name(first)
        fresh = _opened(path)
        os.close(self._fd)
        self._fd, self._path, self._length = fresh, path, 0
        self.history.files.append(path)

    def _give_up(self, error: OSError) -> None:
        self._broken = (
            f"the ledger {self._path} could not be written: {error.strerror or error}. "
            "Nothing of the last step was kept; make room or mend the disk, then try again."
        )
        self._left_over = True
        try:
            self.cut_back()
        except OSError:
            self._broken += " Its unfinished end will be cut off first, or set aside."
        raise LedgerWriteFailed(self._broken) from error


def _opened(path: Path) -> int:
    """Opens a file of the ledger for adding to it; one that is new will be there after a crash."""
    fresh = not path.exists()
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    if fresh:
        try:
            sync_directory(path.parent)
        except OSError:
            os.close(fd)
            path.unlink(missing_ok=True)
            raise
    return fd


def _require_next(path: Path, chain: Chain) -> None:
    """Refuses a file without a batch that is not where the next record goes."""
    if path.name != segment_name(chain.seq + 1):
        raise LedgerCorrupt(
            chain.seq + 1,
            f"{path.name} is no file of this ledger, whose next one is "
            f"{segment_name(chain.seq + 1)}; move it away",
        )


def read_ledger(directory: Path) -> Iterator[Entry]:
    """Reads every closed batch under ``directory`` without opening it for writing.

    Raises:
        LedgerCorrupt: at the first record that does not hold.
        OSError: if the directory cannot be read.
    """
    for batch in Batches(segments(directory), Place()):
        yield from batch.entries


def _offsets(data: bytes, begin: int) -> tuple[int, ...]:
    """Returns where each line of ``data`` begins in a file that holds it from ``begin`` on."""
    found, at = [], 0
    while at < len(data):
        found.append(begin + at)
        at = data.index(b"\n", at) + 1
    return tuple(found)


def _salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


def _move_tail(path: Path, good: int, seq: int) -> SetAside:
    """Moves what lies behind byte ``good`` into a file of its own, in pieces."""
    fresh = path.parent / f"unfinished-{seq:012d}.new"
    digest, size = hashlib.sha256(), 0
    with path.open("r+b") as file, fresh.open("wb") as aside:
        fresh.chmod(0o600)
        file.seek(good)
        while data := file.read(_CHUNK):
            digest.update(data)
            size += len(data)
            if data.strip(b"\0"):
                aside.write(data)
            else:
                aside.seek(len(data), os.SEEK_CUR)  # a hole takes no room
        aside.truncate(size)
        os.fsync(aside.fileno())
        # Named by content too, so that a second crash at the same place keeps the first's remains.
        kept = path.parent / f"unfinished-{seq:012d}-{digest.hexdigest()[:8]}.part"
        fresh.replace(kept)
        sync_directory(path.parent)
        os.ftruncate(file.fileno(), good)
        os.fsync(file.fileno())
    return SetAside(kept, size)
