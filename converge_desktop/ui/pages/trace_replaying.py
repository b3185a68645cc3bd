"""Has a recorded step made again, one or several, and keeps what came of each."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from converge_desktop.runtime.replay import Replay
from converge_desktop.runtime.review_model import TraceView
from converge_desktop.runtime.stopper import GivenUp
from converge_desktop.ui import words
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.trace_replay import Again, headline, why_not
from converge_desktop.ui.widgets.task_strip import TaskStrip

NOT_ASKED = Again()


class Replayer(QObject):
    """Asks, gives up, and says how it stands with the step that is shown.

    Signals:
        told: It stands otherwise with the step that is shown.
    """

    told = Signal()

    def __init__(self, tools: Tools, strip: TaskStrip) -> None:
        super().__init__(strip)
        self._tools = tools
        self._strip = strip
        self._view: TraceView | None = None
        self._again: dict[str, Again] = {}
        strip.pressed.connect(self.stop)

    def show_step(self, view: TraceView) -> None:
        """Turns to a step."""
        self._view = view
        self._show()

    def again(self) -> Again:
        """Returns how it stands with the step that is shown."""
        return NOT_ASKED if self._view is None else self._again.get(self._id(), NOT_ASKED)

    def can_begin(self) -> bool:
        """Says whether the step can be made again, now."""
        return self._view is not None and not why_not(self._view) and not self.again().running

    def can_stop(self) -> bool:
        """Says whether the step is being made again, and nobody gave that up."""
        again = self.again()
        return again.running and not again.stopped

    def begin(self) -> None:
        """Has the step made again."""
        if not self.can_begin():
            return
        trace_id = self._id()
        self._tell(trace_id, Again(running=True))
        self._tools.bridge.ask(
            self,
            self._tools.desk.replay(trace_id),
            partial(self._on_done, trace_id),
            partial(self._on_failed, trace_id),
        )

    @Slot()
    def stop(self) -> None:
        """Gives up making the step again."""
        if self.can_stop():
            trace_id = self._id()
            self._tell(trace_id, Again(running=True, stopped=True))
            self._tools.desk.stop_replay(trace_id)

    def _id(self) -> str:
        return self._view.row.trace_id if self._view is not None else ""

    def _on_done(self, trace_id: str, result: Replay) -> None:
        self._tell(trace_id, Again(result=result))

    def _on_failed(self, trace_id: str, error: BaseException) -> None:
        given_up = isinstance(error, GivenUp)
        problem = "" if given_up else words.problem(error)
        self._tell(trace_id, Again(stopped=given_up, problem=problem))

    def _tell(self, trace_id: str, again: Again) -> None:
        """Keeps what came of it, and tells of it if that step is still in front."""
        self._again[trace_id] = again
        if self._id() == trace_id:
            self._show()

    def _show(self) -> None:
        again = self.again()
        if again.running:
            self._strip.work(headline(again)[2], action="" if again.stopped else "Cancel")
        else:
            self._strip.leave()
        self.told.emit()
