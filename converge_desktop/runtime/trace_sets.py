"""Sets of model calls: numbers of rows in an order, and what is shown of a page of them.

Numbers come first: a set of a million is four million bytes, and no call of it is read from the
ledger before somebody looks at its page.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from converge_core.events import TraceRecorded
from converge_core.ledger import Entry
from converge_desktop.adapters.traces.columns import Ints
from converge_desktop.runtime.trace_filter import compile_trace_filter
from converge_desktop.runtime.trace_index import Indexed
from converge_desktop.runtime.trace_masks import sum_of
from converge_desktop.runtime.trace_model import ORDERS, FoundTrace, TraceProblem, TraceSet
from converge_desktop.runtime.trace_views import trace_row

Rows: TypeAlias = npt.NDArray[np.uint32]
KEPT = 4
"""How many sets are kept; one that was asked for long ago is asked for again."""
MOST_ROWS = 10_000
"""The most rows of a page."""
_NUMBERS: Mapping[str, tuple[str, ...]] = {
    "time": ("at",),
    "tokens": ("prompt", "out"),
    **{name: (name,) for name in ("prompt", "reused", "out", "first", "duration")},
}
_WORDS = {"cause": "causes"}
_HIGHEST = 2**62


@dataclass(frozen=True, slots=True)
class _Kept:
    view: Indexed
    rows: Rows
    about: Mapping[str, object]


class TraceSets:
    """The sets that were asked for.

    Args:
        entry: reads a record of the ledger, by its number.
    """

    def __init__(self, entry: Callable[[int], Entry]) -> None:
        self._entry = entry
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._made = 0

    def find(
        self,
        view: Indexed,
        text: str,
        order: str,
        *,
        descending: bool,
        now: int,
        last: int,
        notes: Mapping[int, str],
    ) -> TraceSet:
        """Returns the model calls that fit a filter.

        Args:
            view: what the index shows.
            text: the filter.
            order: one of :data:`ORDERS`; calls that are alike in it lie as they were recorded.
            descending: whether the order is turned round, all of it.
            now: what is said of time is meant from then, in microseconds.
            last: the ledger's last record.
            notes: remarks, by record.

        Raises:
            FilterProblem: naming what of the filter cannot be read, and where.
            TraceProblem: if there is no such order.
            IndexDamaged: if texts have to be read and cannot be.
        """
        if order not in ORDERS:
            raise TraceProblem(f"there is no order {order!r}; there are: {', '.join(ORDERS)}")
        mask = compile_trace_filter(text, now).mask(view, notes)
        rows = ordered(view, np.flatnonzero(mask).astype(np.uint32), order)
        about = {"filter": text, "order": order, "descending": descending}
        return self._keep(_Kept(view, rows[::-1] if descending else rows, about), last)

    def chosen(
        self, view: Indexed, seqs: Sequence[int], last: int, about: Mapping[str, object]
    ) -> TraceSet:
        """Returns the model calls that some records say, in that order, by whoever chose them.

        Records that say none, or that the index did not follow to yet, are left out.
        """
        own = view.traces["seq"]
        wanted = np.array([seq for seq in seqs if 0 <= seq <= view.as_of], np.int64)
        places = np.searchsorted(own, wanted)
        there = places < len(own)
        there[there] = own[places[there]] == wanted[there]
        return self._keep(_Kept(view, places[there].astype(np.uint32), about), last)

    def page(
        self, token: int, first: int, count: int, notes: Mapping[int, str]
    ) -> tuple[FoundTrace, ...]:
        """Returns up to ``count`` calls of a set, from its number ``first`` on.

        Raises:
            TraceProblem: if the set is not kept any more.
            LedgerCorrupt: if a record was changed since it was read.
        """
        kept = self._set(token)
        first, count = max(first, 0), min(max(count, 0), MOST_ROWS)
        return tuple(self._found(kept.view, kept.rows[first : first + count], notes))

    def seqs(self, token: int) -> list[int]:
        """Returns the records of a set, in its order."""
        kept = self._set(token)
        return [int(seq) for seq in kept.view.traces["seq"][kept.rows]]

    def about(self, token: int) -> Mapping[str, object]:
        """Returns how a set was asked for: by which filter, in which order."""
        return self._set(token).about

    def at(self, token: int, time: int) -> int:
        """Returns the number in a set of the call that was recorded closest to a time.

        Of several that are as close, it is the first one in the set. -1 if the set is empty.

        Raises:
            TraceProblem: if the set is not kept any more.
        """
        kept = self._set(token)
        if not len(kept.rows):
            return -1
        return int(np.argmin(np.abs(kept.view.traces["at"][kept.rows] - time)))

    def place(self, token: int, seq: int) -> int:
        """Returns the number in a set of the call that a record says; -1 if it is not in it."""
        kept = self._set(token)
        found = np.flatnonzero(kept.view.traces["seq"][kept.rows] == seq)
        return int(found[0]) if len(found) else -1

    def _keep(self, kept: _Kept, last: int) -> TraceSet:
        self._made += 1
        self._kept[self._made] = kept
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return TraceSet(len(kept.rows), last, kept.view.as_of, self._made)

    def _set(self, token: int) -> _Kept:
        found = self._kept.get(token)
        if found is None:
            raise TraceProblem("what was found is not kept any more; look for it again")
        with contextlib.suppress(KeyError):  # another thread may just have dropped it
            self._kept.move_to_end(token)
        return found

    def _found(self, view: Indexed, rows: Rows, notes: Mapping[int, str]) -> Iterator[FoundTrace]:
        for row in map(int, rows):
            entry = self._entry(int(view.traces["seq"][row]))
            pack = view.traces.word("pack", row)
            yield found_trace(entry, pack, notes.get(entry.head.seq, ""))


def found_trace(entry: Entry, pack: str, note: str) -> FoundTrace:
    """Returns a model call as its record says it; of the index there is only the pack in it.

    Raises:
        TraceProblem: if what the record said was left out.
    """
    event = entry.event
    if not isinstance(event, TraceRecorded):
        raise TraceProblem(f"what record {entry.head.seq} said was left out of this ledger")
    trace, call = event.trace, event.trace.call
    return FoundTrace(
        row=trace_row(event.run, trace, entry.head.at),
        seq=entry.head.seq,
        pack=pack,
        agent=trace.agent,
        model=call.envelope.model,
        version=call.version,
        contract=call.contract,
        grade=trace.grade.value,
        causes=tuple(dict.fromkeys(check.name for check in call.checks if not check.passed)),
        prompt_tokens=call.prompt_tokens,
        reused_tokens=call.reused_tokens,
        output_tokens=call.completion_tokens,
        first_us=call.prefill_us,
        note=note,
    )


def ordered(view: Indexed, rows: Rows, order: str) -> Rows:
    """Returns rows in an order; those that are alike in it, as they were recorded."""
    keys = _keys(view, order)[rows].astype(np.int64, copy=False)
    if len(keys) < 2 or bool(np.all(keys[1:] >= keys[:-1])):  # noqa: PLR2004 - nothing to order
        return rows
    least, bits = int(keys.min()), int(rows[-1]).bit_length()
    if int(keys.max()) - least >= _HIGHEST >> bits:
        return rows[np.argsort(keys, kind="stable")]
    # Key and row in one number: numbers are sorted in a tenth of the time that places take.
    packed = ((keys - least) << bits) | rows
    packed.sort()
    return (packed & ((1 << bits) - 1)).astype(np.uint32)


def _keys(view: Indexed, order: str) -> Ints:
    """Returns a number for each row that they are put in order by."""
    if order in _NUMBERS:
        return sum_of(view, _NUMBERS[order])
    if order == "headline":
        return _headlines(view)
    name = _WORDS.get(order, order)
    codes = view.traces[name]
    if name == "run":
        return codes  # runs are numbered as they come up
    words = list(view.traces.words[name])
    ranks = np.empty(len(words), np.int64)
    ranks[sorted(range(len(words)), key=lambda code: (words[code].casefold(), words[code]))] = (
        np.arange(len(words))
    )
    return ranks[codes] if words else codes


def _headlines(view: Indexed) -> Ints:
    """Returns the place of each row's headline among all headlines, whatever their case."""
    import polars as pl  # noqa: PLC0415 - as where they are read

    every = [texts.frame(("headline",)).to_series() for texts in view.texts]
    ranks = pl.concat(every).rank("dense").cast(pl.Int64).to_numpy()
    keys = np.zeros(view.traces.count, np.int64)
    begin = 0
    for texts, own in zip(view.texts, every, strict=True):
        rows = slice(texts.first, texts.first + texts.count)
        keys[rows] = ranks[begin : begin + len(own)][view.traces["text"][rows]]
        begin += len(own)
    return keys
