"""Where everything lies in a ledger: by record, by run and by kind.

Kept in columns, some fifty bytes a record, so that any page, run or moment of a long ledger is read
without what stands before it. A record that is found by it is read from the ledger and checked
there; kinds and hashes are as they were when the ledger was read last.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, MutableSequence, Sequence
from dataclasses import dataclass, field

from converge_core.events import KINDS
from converge_core.ledger import GENESIS, Chain
from converge_desktop.adapters.ledger.segments import Batch

HASH_BYTES = 32
KIND_NAMES = tuple(sorted(KINDS))
_CODES = {name: code for code, name in enumerate(KIND_NAMES)}

Span = tuple[int, int]
"""Records that follow each other: the number of the first, and how many there are."""


@dataclass(slots=True)
class Part:
    """What one file of the ledger holds, a column each.

    Attributes:
        file: which of the files.
        chain: what stands before its first record.
        offsets: the byte at which each record begins.
        kinds: the kind of each, as its place in :data:`KIND_NAMES`.
        hashes: the hash of each, 32 bytes.
        spans: the runs of its records, in order; an empty name for records of the desk.
        size: the bytes of all of them.
    """

    file: int
    chain: Chain
    offsets: Sequence[int] = field(default_factory=lambda: array("Q"))
    kinds: bytes | bytearray | memoryview = field(default_factory=bytearray)
    hashes: bytes | bytearray | memoryview = field(default_factory=bytearray)
    spans: list[tuple[str, int, int]] = field(default_factory=list)
    size: int = 0

    @property
    def first(self) -> int:
        """The number of its first record."""
        return self.chain.seq + 1

    def thaw(self) -> None:
        """Makes columns that were left on disk ones that grow."""
        self.offsets = array("Q", self.offsets)
        self.kinds, self.hashes = bytearray(self.kinds), bytearray(self.hashes)

    def hash(self, seq: int) -> bytes:
        """Returns the hash of a record of it."""
        at = (seq - self.first) * HASH_BYTES
        return bytes(self.hashes[at : at + HASH_BYTES])


class LedgerIndex:
    """The columns of a whole ledger, which grow batch by batch."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.runs: dict[str, array[int]] = {}
        self.count = 0
        self._firsts: list[int] = []

    def note(self, batch: Batch) -> None:
        """Notes where the records of the next batch lie."""
        if not self.parts or self.parts[-1].file != batch.file:
            self._begin(Part(batch.file, self.end))
        part = self.parts[-1]
        offsets, kinds, hashes = part.offsets, part.kinds, part.hashes
        assert isinstance(offsets, MutableSequence), "a part that was stored is not grown"
        assert isinstance(kinds, bytearray)
        assert isinstance(hashes, bytearray)
        offsets.extend(batch.offsets)
        for entry in batch.entries:
            kinds.append(_CODES[entry.head.kind])
            hashes += bytes.fromhex(entry.hash)
            self._span(part, str(entry.head.run), self.count, 1)
            self.count += 1
        part.size += batch.size

    def add(self, part: Part) -> None:
        """Takes in the next part as it was stored."""
        self._begin(part)
        spans, part.spans = part.spans, []
        for run, first, count in spans:
            self._span(part, run, first, count)
        self.count += len(part.offsets)

    @property
    def end(self) -> Chain:
        """Where the next record goes."""
        if not self.count:
            return Chain()
        return Chain(self.count - 1, self.hash(self.count - 1))

    def part_of(self, seq: int) -> Part:
        """Returns the part that holds a record."""
        return self.parts[bisect_right(self._firsts, seq) - 1]

    def hash(self, seq: int) -> str:
        """Returns the hash of a record; of none, what the first one names as its own before."""
        return self.part_of(seq).hash(seq).hex() if seq >= 0 else GENESIS

    def hashes(self, first: int = 0) -> Iterator[bytes]:
        """Returns the hash of every record from ``first`` on, in order."""
        for part in self.parts:
            begin = max(0, first - part.first) * HASH_BYTES
            for at in range(begin, len(part.hashes), HASH_BYTES):
                yield bytes(part.hashes[at : at + HASH_BYTES])

    def spans(self, run: str, before: int | None = None) -> Iterator[Span]:
        """Returns where the records of a run lie that have numbers below ``before``, in order.

        The empty name is that of the desk's own records.
        """
        found = self.runs.get(run)
        limit = self.count if before is None else before
        for at in range(0, len(found or ()), 2):
            first, count = found[at], found[at + 1]  # type: ignore[index]
            if first >= limit:
                return
            yield first, min(count, limit - first)

    def of_kinds(self, kinds: Iterable[str], before: int | None = None) -> Iterator[int]:
        """Returns the numbers of all records of some kinds, in order."""
        pattern = re.compile(b"[%b]" % b"".join(re.escape(bytes([_CODES[one]])) for one in kinds))
        limit = self.count if before is None else before
        for part in self.parts:
            # A copy: while a search goes on in a column, another thread could not add to it.
            for found in pattern.finditer(bytes(part.kinds)):
                seq = part.first + found.start()
                if seq >= limit:
                    return
                yield seq

    def has(self, run: str, kind: str) -> bool:
        """Whether a run has a record of a kind."""
        code = _CODES[kind]
        return any(
            code in part.kinds[max(first - part.first, 0) : first + count - part.first]
            for first, count in self.spans(run)
            for part in self._parts_of(first, count)
        )

    def _parts_of(self, first: int, count: int) -> list[Part]:
        begin, end = (bisect_right(self._firsts, seq) for seq in (first, first + count - 1))
        return self.parts[begin - 1 : end]

    def kind(self, seq: int) -> str:
        """Returns the kind of a record."""
        part = self.part_of(seq)
        return KIND_NAMES[part.kinds[seq - part.first]]

    def _begin(self, part: Part) -> None:
        self.parts.append(part)
        self._firsts.append(part.first)

    def _span(self, part: Part, run: str, first: int, count: int) -> None:
        """Notes that ``count`` records from ``first`` on belong to ``run``."""
        spans = part.spans
        if spans and spans[-1][0] == run:
            spans[-1] = (run, spans[-1][1], spans[-1][2] + count)
        else:
            spans.append((run, first, count))
        own = self.runs.setdefault(run, array("Q"))
        if own and own[-2] + own[-1] == first:
            own[-1] += count
        else:
            own.extend((first, count))
