"""A ledger to be read: from its first record on, or at any place of it."""

from __future__ import annotations

import hashlib
import heapq
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from converge_core.errors import LedgerCorrupt
from converge_core.ledger import Chain, Entry, decode_line
from converge_core.merkle import Frontier
from converge_desktop.adapters.ledger.index import LedgerIndex, Part
from converge_desktop.adapters.ledger.segments import Batch, Batches, Place, segments
from converge_desktop.adapters.ledger.snapshots import (
    Claim,
    SnapshotReader,
    Snapshots,
    digest_on,
)

DESK = ""
"""The name under which the desk's own records are indexed."""


class LedgerHistory:
    """The records of a ledger, and where they lie. Writes nothing but snapshots.

    What the snapshots do not cover has to be read once, by :meth:`unread`, before anything of it is
    found.

    Args:
        directory: where the ledger's files lie.
        snapshots: what is known of them already; None to read them all.

    Attributes:
        index: where everything lies.
        frontier: the tree over the records that the snapshots cover.
        notes: what the snapshots say of runs.

    Raises:
        LedgerCorrupt: if records are gone that a snapshot covers.
        OSError: if the directory cannot be read.
    """

    def __init__(self, directory: Path, snapshots: SnapshotReader | None = None) -> None:
        self.directory = directory
        self.files: list[Path] = []
        self.index = LedgerIndex()
        self.frontier = Frontier()
        self.notes: dict[str, bytes] = {}
        self._snapshots = snapshots
        self._digest: Any = hashlib.sha256()
        self._digested = (0, 0)
        known = self._known()
        self._batches = Batches(self.files, known)
        self.saved = self.index.count

    @property
    def end(self) -> Place:
        """Where the next batch goes."""
        return self._batches.end

    @property
    def unfinished(self) -> int:
        """The bytes behind the last closed batch, once all is read."""
        return self._batches.unfinished

    @property
    def durable(self) -> bool:
        """Whether its last record was noted before, which is done after it was made durable."""
        last = self.index.count - 1
        claims = self._snapshots.claims if self._snapshots else ()
        return any(claim.seq == last for claim in claims)

    def unread(self) -> Iterator[Batch]:
        """Reads what is not known yet, checking each record against the one before.

        Raises:
            LedgerCorrupt: at the first record that does not hold, or if records are gone or
                replaced that a snapshot knows of.
        """
        for batch in self._batches:
            self.note(batch)
            yield batch
        for claim in self._snapshots.claims if self._snapshots else ():
            _require(claim, self.index)

    def read_all(self) -> LedgerHistory:
        """Reads what is not known yet, and returns itself."""
        for _ in self.unread():
            pass
        return self

    def note(self, batch: Batch) -> None:
        """Notes a batch that was read or written."""
        parts = self.index.parts
        if parts and parts[-1].file != batch.file:
            self._seal(parts[-1])
        self.index.note(batch)

    def wrote(self, batch: Batch, end: Place) -> None:
        """Notes a batch that was made durable, and where the next one goes."""
        self.note(batch)
        self._batches.end = end
        if isinstance(self._snapshots, Snapshots):
            self._snapshots.note_last(end.chain)

    def save(self) -> None:
        """Keeps what is known of the last file; those before it are kept as they are left."""
        if self.index.parts and self.saved != self.index.count:
            self._save(self.index.parts[-1])

    def entry(self, seq: int) -> Entry:
        """Returns one record.

        Raises:
            IndexError: if there is none of that number.
            LedgerCorrupt: if it was changed since it was read.
        """
        [found] = self.range(seq, 1)
        return found

    def range(self, first: int, count: int) -> list[Entry]:
        """Returns ``count`` records from ``first`` on, each checked again.

        Raises:
            IndexError: if there are not as many.
            LedgerCorrupt: if one was changed since it was read.
        """
        if first < 0 or count < 0 or first + count > self.index.count:
            raise IndexError(f"records {first} to {first + count - 1} are not all there")
        found: list[Entry] = []
        while count > 0:
            part = self.index.part_of(first)
            here = min(count, part.first + len(part.offsets) - first)
            found += self._read(part, first, here)
            first, count = first + here, count - here
        return found

    def since(self, seq: int, step: int = 500) -> Iterator[Entry]:
        """Returns every record from ``seq`` on that is there by now."""
        end = self.index.count
        while seq < end:
            here = min(step, end - seq)
            yield from self.range(seq, here)
            seq += here

    def of_run(self, run: str, before: int | None = None) -> Iterator[Entry]:
        """Returns the records of a run with numbers below ``before``, in order."""
        for first, count in self.index.spans(run, before):
            yield from self.range(first, count)

    def of_runs(self, runs: Iterable[str], before: int | None = None) -> Iterator[Entry]:
        """Returns the records of several runs, in the order in which they were written."""
        each = (self.of_run(run, before) for run in runs)
        return heapq.merge(*each, key=lambda entry: entry.head.seq)

    def close(self) -> None:
        """Closes what it notes the last record in. Safe to call twice."""
        if isinstance(self._snapshots, Snapshots):
            self._snapshots.close()

    def _known(self) -> Place:
        """Takes in what the snapshots know, and returns where reading goes on."""
        place = Place()
        if self._snapshots is None:
            self.files = segments(self.directory)
            return place
        self.files, fitting = self._snapshots.load(self.directory)
        for known in fitting:
            self.index.add(known.part)
            self.frontier = known.frontier
            self.notes.update(known.notes)
            self._digest, self._digested = known.digest, (known.part.file, known.part.size)
            place = Place(known.part.file, known.part.size, known.end)
        if self.index.parts:
            self.index.parts[-1].thaw()
        return place

    def _seal(self, part: Part) -> None:
        """Keeps what is known of a file that is left."""
        if self._save(part):
            part.spans = []  # they are in the index of runs as well

    def _save(self, part: Part) -> bool:
        if not isinstance(self._snapshots, Snapshots):
            return False
        file, position = self._digested
        if file != part.file:
            self._digest, position = hashlib.sha256(), 0
        self.saved = part.first + len(part.offsets)
        digest = self._digest.copy()
        try:
            whole = digest_on(digest, self.files[part.file], position, part.size)
        except OSError:  # the next opening takes longer; what was written is no less true
            return False
        if not whole:
            return False
        self._digest, self._digested = digest, (part.file, part.size)
        return self._snapshots.save(
            self.files[part.file], part, digest, self.frontier_now(), self.notes
        )

    def frontier_now(self) -> Frontier:
        """Returns the tree over all records that are known; costs what is new in it."""
        if self.frontier.size < self.index.count:
            self.frontier = self.frontier.extend(self.index.hashes(self.frontier.size))
        return self.frontier

    def _read(self, part: Part, first: int, count: int) -> list[Entry]:
        """Reads records that follow each other in one file."""
        at, size = first - part.first, part.size  # the size first: the other grows before it does
        begin = part.offsets[at]
        end = part.offsets[at + count] if at + count < len(part.offsets) else size
        lines = self._bytes(part.file, begin, end).splitlines(keepends=True)
        chain = Chain(first - 1, self.index.hash(first - 1))
        found: list[Entry] = []
        for line in lines:
            entry = decode_line(line, chain)
            chain = Chain(entry.head.seq, entry.hash)
            found.append(entry)
        if len(found) != count or chain != Chain(first + count - 1, part.hash(chain.seq).hex()):
            raise LedgerCorrupt(first, "the record is not the one that was read before")
        return found

    def _bytes(self, file: int, begin: int, end: int) -> bytes:
        fd = os.open(self.files[file], os.O_RDONLY)
        try:
            return os.pread(fd, end - begin, begin)
        finally:
            os.close(fd)


def _require(claim: Claim, index: LedgerIndex) -> None:
    """Refuses a ledger that lacks a record which this desk had written."""
    if claim.seq < index.count and index.hash(claim.seq) == claim.hash:
        return
    there = claim.seq < index.count
    raise LedgerCorrupt(
        min(claim.seq, index.count),
        f"the ledger was {'replaced' if there else 'shortened'}: this desk once wrote record "
        f"{claim.seq}, which {'is another now' if there else 'is gone'}; restore the files from a "
        "copy, or, if they were replaced on purpose, remove the folder snapshots beside them",
    )
