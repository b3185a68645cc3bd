"""The index over model calls and gates, as it follows a ledger: read from it, kept, and mended.

It is used by one thread; what it shows, an :class:`Indexed`, may be read by any. Where its blocks
do not fit the ledger, or cannot be read, they are removed and made again from the records.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from converge_core import events as e
from converge_core.asking import Gate
from converge_core.ids import GateId
from converge_core.ledger import Entry
from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.refused import said_of
from converge_desktop.adapters.traces.blocks import (
    Block,
    block_path,
    read_blocks,
    remove_blocks,
    write_block,
)
from converge_desktop.adapters.traces.columns import Row, Sheet, Table, own_words
from converge_desktop.adapters.traces.pages import IndexDamaged, packed
from converge_desktop.adapters.traces.texts import COLUMNS, Held, Said, Stored, Texts, folded
from converge_desktop.runtime.trace_rows import (
    GATES,
    KINDS,
    LAYOUTS,
    TRACES,
    Of,
    ReadText,
    gate_key,
    gate_of,
    gate_row,
    happened,
    of_run,
    said,
    trace_row,
)

FOLDER = "traces"
BLOCK = 32_768
"""Model calls from which a block is left, and another one begun: 16 bits count its words."""
MOST_GATES = 32_768
"""The same for what happens at gates."""
KEEP_EVERY = 16_384
"""Rows after which a block that still grows is written again."""
STEP = 512
"""Records that are taken in at a time; then others see them."""
_NEAR = 20_000
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Indexed:
    """What the index shows: every model call and gate up to record ``as_of``."""

    traces: Table
    gates: Table
    texts: tuple[Texts, ...]
    as_of: int


class TraceIndex:
    """The index of one desk.

    Args:
        directory: where its blocks lie.
        history: returns the ledger, which is another one once it was read anew.
        read: reads recorded texts.
        keep: whether blocks are written; without, it only reads what is there.

    Attributes:
        view: what it shows by now.
        unkept: why some of it could not be written, so that the next start makes it again.
    """

    def __init__(
        self,
        directory: Path,
        history: Callable[[], LedgerHistory],
        read: ReadText,
        *,
        keep: bool = True,
    ) -> None:
        self._directory, self._ledger, self._read, self._keep = directory, history, read, keep
        self._runs: OrderedDict[str, Of] = OrderedDict()
        self._begin()

    def load(self, last: int) -> None:
        """Takes in the blocks that fit a ledger whose last record is ``last``."""
        self._begin()
        try:
            fits = self._load(last)
            self._grow_on()
        except (IndexDamaged, IndexError, ValueError):  # well formed, and still no index of ours
            fits = 0
            self._begin()
        if self._keep:
            with contextlib.suppress(OSError):
                remove_blocks(self._directory, fits)
        self._show()

    def advance(self, last: int, stop: Callable[[], bool] = lambda: False) -> Iterator[int]:
        """Takes in what the ledger says up to record ``last``, and yields how far it is.

        Raises:
            LedgerCorrupt: if a record was changed since it was read.
            OSError: if the ledger cannot be read.
        """
        pending: list[int] = []
        for seq in self._wanted(last):
            pending.append(seq)
            if len(pending) == STEP:
                self._step(pending, seq)
                pending = []
                yield self._reached
                if stop():
                    return
        if last > self._reached:
            self._step(pending, last)
            yield self._reached

    def keep(self) -> None:
        """Writes the block that still grows; where that cannot be done, a start takes longer."""
        if self._keep and self._reached >= self._first and self._unkept:
            self._written()

    def discard(self) -> None:
        """Throws away all of it; it is read from the ledger again."""
        if self._keep:
            with contextlib.suppress(OSError):
                remove_blocks(self._directory)
        self._begin()

    # What it holds.

    @property
    def _history(self) -> LedgerHistory:
        return self._ledger()

    def _begin(self) -> None:
        self._traces, self._gates = Sheet(TRACES), Sheet(GATES)
        self._texts: list[Texts] = []
        self._reached, self._first, self._unkept = -1, 0, 0
        self._starts = (0, 0)
        self.unkept, self._is_missing = "", False
        self._said: list[Said] = []
        self._places: dict[Said, int] = {}
        self._asked: dict[GateId, Gate] = {}
        self._stored: Stored | None = None
        self._show()

    def _show(self) -> None:
        traces, begun = self._traces.table(), self._starts[0]
        texts = [*self._texts, Held(begun, traces.count - begun, self._said)]
        self.view = Indexed(traces, self._gates.table(), tuple(texts), self._reached)

    def _load(self, last: int) -> int:
        """Takes in the blocks that fit, and returns where the next one would begin."""
        for block in read_blocks(self._directory, LAYOUTS):
            if block.end > last or self._history.index.hash(block.end) != block.hash:
                return block.first
            if self._reached >= 0:
                self._leave(self._stored)
            self._take_in(block)
        return self._reached + 1

    def _take_in(self, block: Block) -> None:
        self._starts = (self._traces.count, self._gates.count)
        self._traces.extend(*block.parts["traces"])
        self._gates.extend(*block.parts["gates"])
        self._first, self._reached, self._stored = block.first, block.end, block.texts

    def _grow_on(self) -> None:
        """Goes on with the last block, if there is room in it."""
        if self._stored is None:
            return
        if self._full():
            self._leave(self._stored)
            return
        self._said = [
            (headline, output, reasons)
            for headline, output, reasons in self._stored.frame(COLUMNS).rows()
        ]
        self._places = {one: place for place, one in enumerate(self._said)}

    def _full(self) -> bool:
        traces, gates = self._traces.count - self._starts[0], self._gates.count - self._starts[1]
        return traces >= BLOCK or gates >= MOST_GATES

    def _leave(self, stored: Stored | None) -> None:
        """Begins another block behind one whose texts lie in a file, or stay in memory."""
        begun = self._starts[0]
        held = Held(begun, self._traces.count - begun, self._said)
        self._texts.append(stored or held)
        self._said, self._places, self._stored = [], {}, None
        self._starts = (self._traces.count, self._gates.count)
        self._first, self._unkept = self._reached + 1, 0

    # How it grows.

    def _wanted(self, last: int) -> Iterator[int]:
        """Returns the records that matter behind what was reached, up to ``last``."""
        index, reached = self._history.index, self._reached
        if last - reached <= _NEAR:
            return (seq for seq in range(reached + 1, last + 1) if index.kind(seq) in KINDS)
        return (seq for seq in index.of_kinds(KINDS, last + 1) if seq > reached)

    def _step(self, seqs: Sequence[int], reached: int) -> None:
        traces: list[Row] = []
        gates: list[Row] = []
        for entry in self._entries(seqs):
            event = entry.event
            if isinstance(event, e.TraceRecorded):
                traces.append(trace_row(entry, event.trace, self._of(entry), self._text(event)))
            elif event is not None:
                gates += self._gate_rows(entry, event, gates)
        self._traces.append(traces)
        self._gates.append(gates)
        self._reached = reached
        self._unkept += len(seqs)
        if self._full():
            self._seal()
        elif self._unkept >= KEEP_EVERY:
            self.keep()
        self._show()

    def _entries(self, seqs: Sequence[int]) -> Iterator[Entry]:
        """Reads records, those that follow each other at once."""
        at = 0
        while at < len(seqs):
            end = at + 1
            while end < len(seqs) and seqs[end] == seqs[end - 1] + 1:
                end += 1
            yield from self._history.range(seqs[at], end - at)
            at = end

    def _text(self, event: e.TraceRecorded) -> int:
        text = folded(said(event.trace, self._read))
        place = self._places.get(text)
        if place is None:
            place = self._places[text] = len(self._said)
            self._said.append(text)
        return place

    def _of(self, entry: Entry) -> Of:
        """Returns whose the run of a record is, which the first record of the run says."""
        run = entry.head.run
        found = self._runs.get(run)
        if found is None:
            first, _ = next(self._history.index.spans(run))
            started = self._history.entry(first).event
            found = of_run(started) if isinstance(started, e.RunStarted) else Of()
            self._runs[run] = found
            if len(self._runs) > _REMEMBERED:
                self._runs.popitem(last=False)
        return found

    def _gate_rows(self, entry: Entry, event: e.Event, fresh: Sequence[Row]) -> list[Row]:
        name = gate_of(event)
        gate = self._asked.get(name)
        if gate is None and isinstance(event, e.GateOpened):
            gate = self._asked[name] = Gate(event.request)
        gate = gate or self._asked_before(name, fresh)
        if gate is None:
            return []
        what = happened(event, gate)
        if gate.closed:
            self._asked.pop(name, None)
        end = gate.end.value if gate.end else ""
        return [gate_row(entry, gate.request, what, end, self._of(entry))]

    def _asked_before(self, name: GateId, fresh: Sequence[Row]) -> Gate | None:
        """Returns a gate that was opened a while ago, as its records so far say that it stands."""
        key = gate_key(name)
        table = self._gates.table()
        seqs = [int(seq) for seq in table["seq"][table["gate"] == key]]
        seqs += [int(row[0]) for row in fresh if row[2] == key]
        opened, *more = [entry.event for seq in seqs for entry in self._history.range(seq, 1)] or [
            None
        ]
        if not isinstance(opened, e.GateOpened):
            return None
        gate = self._asked[name] = Gate(opened.request)
        for event in more:
            if event is not None:
                happened(event, gate)
        return gate

    # How it is kept.

    def _seal(self) -> None:
        """Writes the block for good; where that cannot be done, it stays in memory."""
        stored = self._written() if self._keep else None
        self._is_missing |= self._keep and stored is None
        self._leave(stored)

    def _written(self) -> Stored | None:
        try:
            with said_of(self._directory, "written"):
                stored = self._write()
        except OSError as error:
            self.unkept = f"the index cannot be kept: {error}"
            return None
        if not self._is_missing:  # else what follows the block that is missing is not read again
            self.unkept = ""
        return stored

    def _write(self) -> Stored:
        columns = list(zip(*self._said, strict=True)) or [()] * len(COLUMNS)
        texts = {name: packed(own) for name, own in zip(COLUMNS, columns, strict=True)}
        parts = {
            "traces": own_words(self._traces.table(), self._starts[0]),
            "gates": own_words(self._gates.table(), self._starts[1]),
        }
        span = (self._first, self._reached, self._history.index.hash(self._reached))
        path = block_path(self._directory, self._first)
        stored = write_block(path, span, parts, texts, self._starts[0])
        self._unkept = 0
        return stored
