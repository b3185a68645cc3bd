"""The part of a desk by which its model calls are looked through, compared, noted and written out.

The index is opened once the window is painted, on a thread of its own, and follows the ledger.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from converge_core.errors import IllegalCommand, LedgerCorrupt
from converge_desktop.adapters.clock import Clock
from converge_desktop.adapters.disk import require_outside
from converge_desktop.adapters.texts import TextReader
from converge_desktop.runtime.engine_thread import EngineThread
from converge_desktop.runtime.insight_model import Insights
from converge_desktop.runtime.port import TraceExportProgress, TraceIndexChanged, Update
from converge_desktop.runtime.run_compare import RunComparison, compare_runs
from converge_desktop.runtime.trace_compare import TraceComparison, compare
from converge_desktop.runtime.trace_model import (
    FoundTrace,
    IndexState,
    Note,
    TraceProblem,
    TraceSet,
)
from converge_desktop.runtime.trace_notes import TraceNotes
from converge_desktop.runtime.trace_thread import TraceThread

if TYPE_CHECKING:
    from converge_desktop.adapters.ledger.history import LedgerHistory
    from converge_desktop.runtime.filter_reading import Candidate
    from converge_desktop.runtime.trace_export import TraceExport
    from converge_desktop.runtime.trace_index import Indexed
    from converge_desktop.runtime.trace_sets import TraceSets

T = TypeVar("T")


class TraceDesk:
    """What whoever holds a desk may ask about its model calls; :class:`Desk` is one."""

    _engine: EngineThread
    _data_dir: Path
    _clock: Clock
    _sitting: str
    _publish: Callable[[Update], None]
    _traces: TraceThread | None = None
    _notes: TraceNotes
    _index_state = IndexState()
    _export_stopped: threading.Event

    def trace_index(self) -> IndexState:
        """Returns how the index stands; ``TraceIndexChanged`` tells of every change."""
        return self._index_state

    def find_traces(
        self, text: str = "", order: str = "time", *, descending: bool = True, rows: int = 0
    ) -> Future[TraceSet]:
        """Returns the model calls that fit a filter, in an order (see ``trace_model.ORDERS``).

        With it come the first ``rows`` of them.
        """
        traces = self._need_traces()

        def find(view: Indexed, sets: TraceSets) -> TraceSet:
            notes, now, last = self._notes.words(), self._clock(), traces.last
            found = sets.find(
                view, text, order, descending=descending, now=now, last=last, notes=notes
            )
            try:
                return replace(found, first=sets.page(found.token, 0, rows, notes))
            except (TraceProblem, LedgerCorrupt):  # whoever reads that page hears of it
                return found

        return traces.ask(find)

    def complete_traces(self, text: str, cursor: int) -> Future[tuple[Candidate, ...]]:
        """Returns what could be typed at a cursor of a filter."""

        def complete(view: Indexed, _: TraceSets) -> tuple[Candidate, ...]:
            from converge_desktop.runtime.trace_filter import (  # noqa: PLC0415 - it takes NumPy
                complete_trace_filter,
            )

            return complete_trace_filter(text, cursor, view)

        return self._need_traces().ask(complete)

    def trace_rows(self, token: int, first: int, count: int) -> Future[tuple[FoundTrace, ...]]:
        """Returns up to ``count`` calls of a set from its number ``first`` on."""
        return self._need_traces().ask(
            lambda _, sets: sets.page(token, first, count, self._notes.words())
        )

    def trace_at(self, token: int, time: int) -> Future[int]:
        """Returns the number in a set of the call that was recorded closest to a time; -1 if none.

        In microseconds since 1970 UTC.
        """
        return self._need_traces().ask(lambda _, sets: sets.at(token, time))

    def trace_place_in(self, token: int, seq: int) -> Future[int]:
        """Returns the number in a set of the call that record ``seq`` says; -1 if not in it."""
        return self._need_traces().ask(lambda _, sets: sets.place(token, seq))

    def compare_traces(self, one: str, other: str) -> Future[TraceComparison]:
        """Compares two model calls, by their ids."""
        views = self._engine.views
        return self._engine.send(lambda: compare(views.trace(one), views.trace(other)))

    def compare_runs(self, one: str, other: str) -> Future[RunComparison]:
        """Compares two runs, by their ids: their model calls, their facts, and how they stand."""
        views = self._engine.views
        return self._engine.send(
            lambda: compare_runs(views.run_state(one), views.run_state(other), views.trace)
        )

    def trace_note(self, trace_id: str) -> Future[Note | None]:
        """Returns what people noted about a call; None where nobody did."""
        return self._noting(trace_id, lambda seq: self._notes.all().get(seq))

    def annotate_trace(self, trace_id: str, text: str) -> Future[Note]:
        """Notes something about a call, beside the ledger; without words, what was noted goes."""
        by, at = self._sitting, self._clock()

        def write(seq: int) -> Note:
            note = Note(str(trace_id), seq, self._hash_of(seq), text.strip(), by, at)
            self._notes.write(note)
            return note

        return self._noting(trace_id, write)

    def export_traces(
        self, token: int, path: Path, places: Sequence[int] | None = None
    ) -> Future[TraceExport]:
        """Writes the calls of a set to a file: all, or those at some places of it.

        ``TraceExportProgress`` tells how far it is.

        Raises:
            IllegalCommand: if the file would lie among the desk's own, or the desk is opening.
        """
        traces = self._need_traces()
        require_outside(path, self._data_dir)
        stopped = self._export_stopped = threading.Event()

        def write(view: Indexed, sets: TraceSets) -> TraceExport:
            from converge_desktop.runtime import trace_export as out  # noqa: PLC0415

            seqs, history = sets.seqs(token), self._history()
            chosen = seqs if places is None else [seqs[place] for place in places]
            about = {
                "desk": self._engine.journal.state.desk,
                "as_of": view.as_of,
                "as_of_hash": history.index.hash(view.as_of),
                "exported_at": self._clock(),
                "traces": len(chosen),
                **sets.about(token),
            }
            read = TextReader(self._data_dir / "texts").text
            return out.export_traces(
                path,
                out.Chosen(chosen, about),
                out.Sources(history.entry, read, self._notes.all()),
                told=lambda done: self._publish(TraceExportProgress(done, len(chosen))),
                stopped=lambda: stopped.is_set() or traces.closing,
            )

        return traces.ask_at_length(write)

    def stop_trace_export(self) -> None:
        """Gives up what ``export_traces`` began; its future fails, and nothing is left."""
        if self._traces is not None:
            self._export_stopped.set()

    def insights(self) -> Future[Insights]:
        """Returns how the desk fares, as tables."""

        def ask(view: Indexed, _: TraceSets) -> Insights:
            from converge_desktop.runtime.insights import insights  # noqa: PLC0415 - Polars

            return insights(view)

        return self._need_traces().ask_at_length(ask)

    def rebuild_trace_index(self) -> None:
        """Throws the index away and has it made again from the ledger."""
        self._need_traces().rebuild()

    # How it is wired; called by the desk.

    def _begin_traces(self, last: int) -> None:
        """Opens the index, once the ledger is read up to record ``last``."""
        self._notes = TraceNotes(self._data_dir, self._hash_of)
        self._export_stopped = threading.Event()
        self._traces = TraceThread(self._data_dir, self._history, last, self._index_moved)

    def _follow_traces(self, last: int) -> None:
        """Tells the index that the ledger reaches up to record ``last`` now."""
        if self._traces is not None:
            self._traces.follow(last)

    def _close_traces(self) -> None:
        if self._traces is not None:
            self._traces.close()

    def _index_moved(self, state: IndexState) -> None:
        self._index_state = state
        self._publish(TraceIndexChanged(state))

    def _need_traces(self) -> TraceThread:
        if self._traces is None:
            raise IllegalCommand("the desk is still opening")
        return self._traces

    def _history(self) -> LedgerHistory:
        return self._engine.journal.reader.history

    def _hash_of(self, seq: int) -> str:
        index = self._history().index
        return index.hash(seq) if 0 <= seq < index.count else ""

    def _noting(self, trace_id: str, work: Callable[[int], T]) -> Future[T]:
        """Does something with the number of the record that says a call."""
        traces = self._need_traces()
        found = self._engine.send(lambda: self._seq_of(trace_id))
        return traces.ask_at_length(lambda _, __: work(found.result()))

    def _seq_of(self, trace_id: str) -> int:
        """Returns the record that says a call; on the engine's thread."""
        place = self._engine.views.trace_place(trace_id)
        return int(self._engine.journal.reader.traces[place])
