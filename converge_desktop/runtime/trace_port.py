"""What the window and the command line may ask of a desk about its model calls, all of them.

A set is asked for first, which is numbers alone; its pages are asked for as they come into view. A
question that cannot be answered fails with ``FilterProblem``, which names the place, or with
``TraceProblem``, which says what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from converge_desktop.runtime.insight_model import Insights
from converge_desktop.runtime.run_compare import RunComparison
from converge_desktop.runtime.trace_compare import TraceComparison
from converge_desktop.runtime.trace_model import (
    FoundTrace,
    IndexState,
    LikeTraces,
    Note,
    TraceSet,
)

if TYPE_CHECKING:
    from converge_desktop.runtime.filter_reading import Candidate
    from converge_desktop.runtime.trace_export import TraceExport
    from converge_desktop.runtime.trace_tried import Tried


class TracePort(Protocol):
    """A running desk, as whoever looks through its model calls sees it."""

    def trace_index(self) -> IndexState:
        """Returns how the index stands; ``TraceIndexChanged`` tells of every change."""

    def find_traces(
        self, text: str = "", order: str = "time", *, descending: bool = True, rows: int = 0
    ) -> Future[TraceSet]:
        """Returns the model calls that fit a filter, in an order (see ``trace_model.ORDERS``).

        With it come the first ``rows`` of them.
        """

    def like_trace(self, trace_id: str) -> Future[LikeTraces]:
        """Returns the model calls of other chains that came to something like what one came to."""

    def complete_traces(self, text: str, cursor: int) -> Future[tuple[Candidate, ...]]:
        """Returns what could be typed at a cursor of a filter."""

    def trace_rows(self, token: int, first: int, count: int) -> Future[tuple[FoundTrace, ...]]:
        """Returns up to ``count`` calls of a set from its number ``first`` on."""

    def trace_at(self, token: int, time: int) -> Future[int]:
        """Returns the number in a set of the call that was recorded closest to a time; -1 if none.

        In microseconds since 1970 UTC.
        """

    def trace_place_in(self, token: int, seq: int) -> Future[int]:
        """Returns the number in a set of the call that record ``seq`` says; -1 if not in it."""

    def compare_traces(self, one: str, other: str) -> Future[TraceComparison]:
        """Compares two model calls, by their ids."""

    def compare_runs(self, one: str, other: str) -> Future[RunComparison]:
        """Compares two runs, by their ids: their model calls, their facts, and how they stand."""

    def trace_note(self, trace_id: str) -> Future[Note | None]:
        """Returns what people noted about a call; None where nobody did."""

    def annotate_trace(self, trace_id: str, text: str) -> Future[Note]:
        """Notes something about a call, beside the ledger; without words, what was noted goes."""

    def export_traces(
        self, token: int, path: Path, places: Sequence[int] | None = None
    ) -> Future[TraceExport]:
        """Writes the calls of a set to a file: all, or those at some places of it.

        ``TraceExportProgress`` tells how far it is.
        """

    def stop_trace_export(self) -> None:
        """Gives up what ``export_traces`` began; its future fails, and nothing is left."""

    def try_trace(self, trace_id: str, layers: Mapping[str, str], model: str = "") -> Future[Tried]:
        """Asks a recorded call once more with other layers, or another model; records nothing."""

    def stop_trying(self, trace_id: str) -> None:
        """Gives up what ``try_trace`` began last for a call; its future fails."""

    def insights(self) -> Future[Insights]:
        """Returns how the desk fares, as tables."""

    def rebuild_trace_index(self) -> None:
        """Throws the index away and has it made again from the ledger."""
