"""The ledger on disk: append, sync, and only then is anything true.

A batch is one write and one sync. If either fails the file is cut back to its last good length and
the ledger refuses further appends until it is opened again. What a crash left behind an unclosed
batch is moved aside whole, with a report; a record that does not verify is refused, never skipped.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from converge_core.canonical import hash_bytes
from converge_core.errors import LedgerCorrupt
from converge_core.events import Event
from converge_core.ledger import SALT_BYTES, Chain, Entry, decode_line, encode_batch
from converge_desktop.adapters.disk import require_linked, sync_directory, write_all, write_durably

SEGMENT_BYTES = 64 * 1024 * 1024


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
    """An append-only ledger in a directory of ``*.jsonl`` segments.

    Args:
        directory: where the segments lie; made if missing.
        segment_bytes: the size from which a new segment is begun.

    Raises:
        LedgerCorrupt: if a record does not verify.
        OSError: if the directory cannot be read or written.
    """

    def __init__(self, directory: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._fd = -1
        self._broken = ""
        self.set_aside: SetAside | None = None
        directory.mkdir(parents=True, exist_ok=True)
        self._path, self._length, self._chain = self._last_good()
        self._open_for_append()

    @property
    def seq(self) -> int:
        """The sequence number of the last record; -1 while there is none."""
        return self._chain.seq

    @property
    def head(self) -> str:
        """The hash of the last record."""
        return self._chain.hash

    def append(self, events: Iterable[Event], at: int) -> list[Entry]:
        """Makes a batch durable and returns its entries.

        Raises:
            LedgerWriteFailed: if it could not be written and synced; nothing of it is kept.
        """
        self.require_usable()
        data, entries = encode_batch(events, self._chain, at, _salt)
        try:
            require_linked(self._fd)
            if self._length and self._length + len(data) > self._segment_bytes:
                self._next_segment(entries[0].head.seq)
            write_all(self._fd, data)
            os.fsync(self._fd)
        except OSError as error:
            self._give_up(error)
        self._length += len(data)
        self._chain = Chain(entries[-1].head.seq, entries[-1].hash)
        return entries

    def require_usable(self) -> None:
        """Does nothing while batches can be appended.

        Raises:
            LedgerWriteFailed: if an earlier one could not be, or the ledger is closed.
        """
        if self._broken:
            raise LedgerWriteFailed(self._broken)

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
        self._broken = self._broken or "the ledger is closed"

    def _last_good(self) -> tuple[Path, int, Chain]:
        segments = _segments(self._directory)
        path = segments[-1] if segments else self._directory / "000000000000.jsonl"
        chain, closed, good = Chain(), Chain(), 0
        for segment in segments:
            good, position = 0, 0
            with segment.open("rb") as file:
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    entry = decode_line(line, chain)
                    chain = Chain(entry.head.seq, entry.hash)
                    position += len(line)
                    if entry.head.close:
                        closed, good = chain, position
            if segment != path and good != segment.stat().st_size:
                raise LedgerCorrupt(chain.seq + 1, f"{segment.name} ends inside a batch")
        if segments and good < path.stat().st_size:
            self.set_aside = _move_tail(path, good, closed.seq + 1)
        return path, good, closed

    def _open_for_append(self) -> None:
        fresh = not self._path.exists()
        self._fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if fresh:
            sync_directory(self._directory)

    def _next_segment(self, first: int) -> None:
        os.close(self._fd)
        self._fd = -1
        self._path, self._length = self._directory / f"{first:012d}.jsonl", 0
        self._open_for_append()

    def _give_up(self, error: OSError) -> None:
        self._broken = (
            f"the ledger {self._path} could not be written: {error.strerror or error}. "
            "Nothing of the last step was kept; make room or mend the disk, then open it again."
        )
        try:
            os.ftruncate(self._fd, self._length)
        except OSError:
            self._broken += " Its unfinished end will be set aside then."
        raise LedgerWriteFailed(self._broken) from error


def read_ledger(directory: Path) -> Iterator[Entry]:
    """Reads every closed batch under ``directory`` without opening it for writing.

    Raises:
        LedgerCorrupt: at the first record that does not hold.
        OSError: if the directory cannot be read.
    """
    chain, batch = Chain(), []
    segments = _segments(directory)
    for segment in segments:
        torn = False
        with segment.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    torn = True
                    break
                entry = decode_line(line, chain)
                chain = Chain(entry.head.seq, entry.hash)
                batch.append(entry)
                if entry.head.close:
                    yield from batch
                    batch = []
        if (torn or batch) and segment != segments[-1]:
            raise LedgerCorrupt(chain.seq + 1, f"{segment.name} ends inside a batch")


def unfinished_bytes(directory: Path) -> int:
    """Returns how many bytes lie behind the last closed batch of a ledger that verifies."""
    segments = _segments(directory)
    if not segments:
        return 0
    good = position = 0
    with segments[-1].open("rb") as file:
        for line in file:
            position += len(line)
            if line.endswith(b"\n") and b'"close":true' in line:
                good = position
    return position - good


def _segments(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if path.suffix == ".jsonl")


def _salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


def _move_tail(path: Path, good: int, seq: int) -> SetAside:
    data = path.read_bytes()[good:]
    # Named by content too, so that a second crash at the same place keeps the first one's remains.
    aside = path.parent / f"unfinished-{seq:012d}-{hash_bytes(data)[:8]}.part"
    write_durably(aside, data)
    with path.open("r+b") as file:
        file.truncate(good)
        os.fsync(file.fileno())
    return SetAside(aside, len(data))
