"""The index over model calls as somebody reads it who only looks: nothing is written."""

from __future__ import annotations

from pathlib import Path

from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.texts import TextReader
from converge_desktop.adapters.traces.pages import IndexDamaged
from converge_desktop.runtime.insight_model import Insights
from converge_desktop.runtime.trace_index import FOLDER, TraceIndex
from converge_desktop.runtime.trace_model import FoundTrace, TraceProblem, TraceSet
from converge_desktop.runtime.trace_notes import TraceNotes
from converge_desktop.runtime.trace_sets import TraceSets


class TraceReading:
    """The model calls of a data directory, up to the end of its ledger.

    Args:
        data_dir: the directory.
        history: its ledger, read to its end.

    Raises:
        LedgerCorrupt: if a record was changed.
        OSError: if the ledger cannot be read.
    """

    def __init__(self, data_dir: Path, history: LedgerHistory) -> None:
        self._last = history.index.count - 1
        read = TextReader(data_dir / "texts").text
        self._index = TraceIndex(data_dir / FOLDER, lambda: history, read, keep=False)
        self._index.load(self._last)
        for _ in self._index.advance(self._last):
            pass
        self._sets = TraceSets(history.entry)
        index = history.index
        notes = TraceNotes(data_dir, lambda seq: index.hash(seq) if 0 <= seq < index.count else "")
        self._notes = notes.words()

    def find(self, text: str, order: str, *, descending: bool, now: int) -> TraceSet:
        """Returns the model calls that fit a filter, in an order.

        Raises:
            FilterProblem: naming what of the filter cannot be read, and where.
            TraceProblem: if the index was damaged meanwhile.
        """
        try:
            return self._sets.find(
                *(self._index.view, text, order),
                descending=descending,
                now=now,
                last=self._last,
                notes=self._notes,
            )
        except IndexDamaged as error:
            raise TraceProblem(
                f"the index over the model calls was changed meanwhile ({error}); try again"
            ) from error

    def page(self, token: int, first: int, count: int) -> tuple[FoundTrace, ...]:
        """Returns up to ``count`` calls of a set, from its number ``first`` on."""
        return self._sets.page(token, first, count, self._notes)

    def insights(self) -> Insights:
        """Returns how the desk fares."""
        # Imported here: Polars takes a fifth of a second.
        from converge_desktop.runtime.insights import insights  # noqa: PLC0415

        return insights(self._index.view)
