"""Has a recorded step tried with a change, and shows what comes of it under the replay."""

from __future__ import annotations

from concurrent.futures import CancelledError
from dataclasses import dataclass, field, replace
from functools import partial

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.port import StatusChanged
from converge_desktop.runtime.review_model import TraceView
from converge_desktop.runtime.stopper import GivenUp
from converge_desktop.runtime.trace_tried import Tried
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.trace_sheet import prose
from converge_desktop.ui.pages.trace_try_form import Change, TryForm, models_of
from converge_desktop.ui.pages.trace_try_result import NOTHING_KEPT, result_parts, spoken
from converge_desktop.ui.pages.traces_finding import tried
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import clear
from converge_desktop.ui.widgets.labels import Label, caption
from converge_desktop.ui.widgets.task_strip import TaskStrip

ABOUT = (
    "What would the model have answered, had a layer said something else, or had another model "
    f"been asked? Contract, grammar and settings stay as recorded. {NOTHING_KEPT}"
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """How it stands with trying a step.

    Attributes:
        opened: Whether what can be changed is shown.
        change: What is to be other.
        running: It is on its way.
        stopped: A person gave it up; while it is ``running`` still, that is on its way too.
        problem: Why it failed.
        found: What came of it.
    """

    opened: bool = False
    change: Change = field(default_factory=Change)
    running: bool = False
    stopped: bool = False
    problem: str = ""
    found: Tried | None = None


class Trier(QWidget):
    """Asks, gives up, and shows how it stands with the step that is shown.

    What was changed stays with its step, whatever is looked at meanwhile.

    Signals:
        came: What came of it is shown, at the top.
    """

    came = Signal()

    def __init__(self, tools: Tools, strip: TaskStrip) -> None:
        super().__init__()
        self._tools = tools
        self._strip = strip
        self._view: TraceView | None = None
        self._attempts: dict[str, Attempt] = {}
        self._models: tuple[str, ...] = ()
        unit = fonts.measures().unit
        self.button = Button("Try with a change…", "T").stands_for("trace.try")
        self.button.clicked.connect(self.open)
        self.form = TryForm()
        self.form.wanted.connect(self._on_wanted)
        self.form.left.connect(self.leave)
        self._said = Label("", "body", "danger").wrapped().selectable()
        result = QWidget()
        self._result = QVBoxLayout(result)
        self._result.setContentsMargins(0, unit // 2, 0, unit // 2)
        self._result.setSpacing(unit)
        row = QHBoxLayout()
        row.addWidget(self.button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, unit * 2, 0, 0)
        column.setSpacing(unit)
        column.addWidget(caption("Try with a change"))
        column.addWidget(prose(ABOUT))
        column.addLayout(row)
        for part in (self._said, result, self.form):
            column.addWidget(part)
        self.form.hide()
        self._said.hide()
        strip.pressed.connect(self.stop)
        tools.bridge.status_changed.connect(self._on_status)

    def show_step(self, view: TraceView) -> None:
        """Turns to a step."""
        before = self._id()
        self._view = view
        if view.row.trace_id == before:
            return
        self._keep(before)
        self._show_form()
        self._show()

    def attempt(self) -> Attempt:
        """Returns how it stands with the step that is shown."""
        return self._attempts.get(self._id(), Attempt())

    def can_stop(self) -> bool:
        """Says whether the step is being tried, and nobody gave that up."""
        attempt = self.attempt()
        return attempt.running and not attempt.stopped

    @Slot()
    def open(self) -> None:
        """Shows what can be changed, and puts the cursor there."""
        if self._view is None:
            return
        if not self.attempt().opened:
            self._put(opened=True)
            self._show_form()
        self.form.take_focus()

    @Slot()
    def leave(self) -> bool:
        """Closes what can be changed; returns whether that was to be seen. What is typed stays."""
        if not self.form.isVisible():
            return False
        self._keep(self._id())
        self._put(opened=False)
        self._show_form()
        self.button.setFocus()
        return True

    @Slot()
    def stop(self) -> None:
        """Gives up trying the step."""
        if self.can_stop():
            self._put(stopped=True)
            self._tools.desk.stop_trying(self._id())
            self._show()

    def _id(self) -> str:
        return self._view.row.trace_id if self._view is not None else ""

    def _put(self, **changes: object) -> None:
        self._attempts[self._id()] = replace(self.attempt(), **changes)  # type: ignore[arg-type]

    def _keep(self, trace_id: str) -> None:
        """Keeps what was changed of a step that was open."""
        attempt = self._attempts.get(trace_id)
        if attempt is not None and attempt.opened:
            self._attempts[trace_id] = replace(attempt, change=self.form.change())

    @Slot(object)
    def _on_status(self, told: StatusChanged) -> None:
        models = models_of(told.status.model)
        if models != self._models:
            self._models = models
            self.form.show_models(models)

    @Slot()
    def _on_wanted(self) -> None:
        if self._view is None or self.attempt().running:
            return
        trace_id, change = self._id(), self.form.change()
        self._put(change=change, running=True, stopped=False, problem="", found=None)
        self._show()
        self._tools.bridge.ask(
            self,
            tried(partial(self._tools.desk.try_trace, trace_id, change.layers, change.model)),
            partial(self._on_done, trace_id),
            partial(self._on_failed, trace_id),
        )

    def _on_done(self, trace_id: str, found: Tried) -> None:
        self._end(trace_id, Attempt(found=found))

    def _on_failed(self, trace_id: str, error: BaseException) -> None:
        given_up = isinstance(error, GivenUp | CancelledError)
        problem = "" if given_up else words.problem(error)
        self._end(trace_id, Attempt(stopped=given_up, problem=problem))

    def _end(self, trace_id: str, end: Attempt) -> None:
        """Keeps what came of it, and tells of it if that step is still in front."""
        before = self._attempts.get(trace_id, Attempt())
        self._attempts[trace_id] = replace(end, opened=before.opened, change=before.change)
        if self._id() == trace_id:
            self._show()
            said = spoken(end.found) if end.found is not None else self._said.text()
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))
            self.came.emit()

    def _show_form(self) -> None:
        attempt = self.attempt()
        if attempt.opened and self._view is not None:
            self.form.show_step(self._view, attempt.change, self._models)
        self.form.setVisible(attempt.opened)
        self.button.setVisible(not attempt.opened)

    def _show(self) -> None:
        attempt = self.attempt()
        self.form.set_busy(busy=attempt.running)
        said = attempt.problem and f"Nothing was tried. {attempt.problem}"
        said = "It was cancelled; nothing was tried." if attempt.stopped else said
        self._said.say("" if attempt.running else said)
        self._said.setVisible(bool(self._said.text()))
        clear(self._result)
        for part in result_parts(attempt.found) if attempt.found is not None else ():
            self._result.addWidget(part)
            part.show()
        if attempt.running:
            asked = "Giving up…" if attempt.stopped else "Trying the step with your change…"
            self._strip.work(asked, action="" if attempt.stopped else "Cancel")
        else:
            self._strip.leave()
