"""Writing calls to a file: which, where to, how far it is, and giving it up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from converge_desktop.runtime.port import TraceExportProgress
from converge_desktop.runtime.trace_model import TraceSet
from converge_desktop.ui import words
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.traces_finding import tried
from converge_desktop.ui.widgets.task_strip import TaskStrip

if TYPE_CHECKING:
    from converge_desktop.runtime.trace_export import TraceExport

T = TypeVar("T")
SUFFIX = ".traces.jsonl"
_CANCEL = "Cancel"


class TraceExporter(QObject):
    """Writes one selection at a time and says in a strip how it stands."""

    def __init__(self, tools: Tools, strip: TaskStrip, parent: QWidget) -> None:
        super().__init__(parent)
        self._tools = tools
        self._strip = strip
        self._parent = parent
        self._path = Path()
        self._turn = 0
        self.busy = False
        self._given_up = False
        strip.pressed.connect(self.stop)
        tools.bridge.progressed.connect(self._on_progress)

    def export(self, listed: Callable[[], TraceSet | None], marked: Sequence[int]) -> None:
        """Asks where to, and writes what is marked; where nothing is, all that is listed.

        Args:
            listed: Returns what is listed, which goes on while the person looks for a place.
            marked: The records of what is marked.
        """
        found = listed()
        if self.busy or found is None or not (found.total or marked):
            return
        many = words.count(len(marked) or found.total, "step")
        kinds = f"Recorded steps (*{SUFFIX})"
        start = str(Path.home() / f"steps{SUFFIX}")
        chosen, _ = QFileDialog.getSaveFileName(self._parent, f"Export {many}", start, kinds)
        if chosen:
            self.begin(listed() or found, marked, Path(chosen))

    def begin(self, found: TraceSet, marked: Sequence[int], path: Path) -> None:
        """Writes to a file that the person chose."""
        self.busy, self._given_up, self._path = True, False, path
        self._turn += 1
        if not marked:
            self._write(found.token, None)
            return
        # What is marked need not be listed any more: it is looked for among all calls.
        self._strip.work(f"Looking for {words.count(len(marked), 'step')}…", action=_CANCEL)
        self._ask(self._tools.desk.find_traces, partial(self._on_every, marked))

    def can_stop(self) -> bool:
        """Says whether something is being written that nobody gave up yet."""
        return self.busy and not self._given_up

    @Slot()
    def stop(self) -> None:
        """Gives up what is being written."""
        if self.can_stop():
            self._given_up = True
            self._strip.work("Giving up…")
            self._tools.desk.stop_trace_export()

    def _on_every(self, marked: Sequence[int], every: TraceSet) -> None:
        places: list[int] = []

        def took(place: int) -> None:
            places.append(place)
            if len(places) == len(marked):
                self._write(every.token, sorted(place for place in places if place >= 0))

        for seq in marked:
            ask = partial(self._tools.desk.trace_place_in, every.token, seq)
            self._ask(ask, took)

    def _write(self, token: int, places: Sequence[int] | None) -> None:
        if self._given_up:
            self._on_given_up()
            return
        self._strip.work("Writing the steps…", action=_CANCEL)
        ask = partial(self._tools.desk.export_traces, token, self._path, places)
        self._ask(ask, self._on_done)

    def _ask(self, ask: Callable[[], Future[T]], done: Callable[[T], None]) -> None:
        turn = self._turn
        self._tools.bridge.ask(
            self,
            tried(ask),
            lambda answer: done(answer) if turn == self._turn and self.busy else None,
            partial(self._on_failed, turn),
        )

    @Slot(object)
    def _on_progress(self, progress: object) -> None:
        if isinstance(progress, TraceExportProgress) and self.can_stop():
            share = progress.done * 1000 // max(1, progress.total)
            said = f"Writing the steps: {progress.done:,} of {progress.total:,}."
            self._strip.work(said, share, _CANCEL)

    def _on_done(self, made: TraceExport) -> None:
        self.busy = False
        many = words.count(made.traces, "step")
        were = "is" if made.traces == 1 else "are"
        self._strip.tell(
            "good",
            f"{many} {were} written, each with its record and its texts. They lie in {made.path}",
        )

    def _on_failed(self, turn: int, error: BaseException) -> None:
        if turn != self._turn or not self.busy:
            return
        if self._given_up:
            self._on_given_up()
            return
        self.busy = False
        self._strip.tell("danger", f"The steps were not exported. {words.problem(error)}")

    def _on_given_up(self) -> None:
        self.busy = False
        self._strip.tell("caution", "The export was cancelled; nothing was written.")
