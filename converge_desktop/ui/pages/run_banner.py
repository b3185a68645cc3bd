"""What a run is at, in a sentence, and what can be done about it at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.run_model import RunView
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.run_words import banner_words, stop_tone
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.flow import FlowLayout
from converge_desktop.ui.widgets.labels import Label, set_property

__all__ = ["Moment", "RunBanner", "banner_words", "stop_tone"]
_ENDS_AT_MOST = "What came after is not shown."
_SURE_MS = 6_000
"""So long a first press on Stop waits for the second."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in the life of a run: the record that was written then, and when that was."""

    seq: int
    at: int

    def words(self) -> str:
        """Says which moment it is."""
        return f"As of record {self.seq:,}, {words.full_time(self.at)}"


class StopButton(Button):
    """Stops a run at the second press; the first says so, and waits a few seconds for it.

    Signals:
        confirmed: It was pressed a second time.
    """

    confirmed = Signal()

    def __init__(self) -> None:
        super().__init__("Stop this run", "Ctrl Shift X", "compact")
        self.armed = False
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_SURE_MS)
        self._wait.timeout.connect(self.disarm)
        self.clicked.connect(self.press)
        self.installEventFilter(self)

    @Slot()
    def press(self) -> None:
        """Arms the button, or has the run stopped where it is armed."""
        if self.armed:
            self.disarm()
            self.confirmed.emit()
            return
        self.armed = True
        self._say("Stop it now? Press again")
        self._wait.start()
        told = "Press again to stop the run for good. What it reached stays."
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, told))

    @Slot()
    def disarm(self) -> None:
        """Forgets a first press."""
        self._wait.stop()
        if self.armed:
            self.armed = False
            self._say("Stop this run")

    def _say(self, text: str) -> None:
        self.setText(text)
        self.setAccessibleName(text)
        self.updateGeometry()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Override QObject.eventFilter: who goes elsewhere thought better of it.

        The second half of a double click is no second press: nobody has read the first by then.
        """
        if event.type() == QEvent.Type.MouseButtonDblClick:
            return True
        if event.type() == QEvent.Type.FocusOut:
            self.disarm()
        return super().eventFilter(watched, event)


class RunBanner(QWidget):
    """The banner under a run's heading.

    Signals:
        review_wanted: The person wants to decide what waits.
        pause_wanted: The person wants the run to be held.
        resume_wanted: The person wants it to go on.
        cancel_wanted: The person wants the run to stop.
        fork_wanted: The person wants a run that begins with the facts of the moment shown.
        now_wanted: The person wants to see the run as it is.
    """

    review_wanted = Signal()
    pause_wanted = Signal()
    resume_wanted = Signal()
    cancel_wanted = Signal()
    fork_wanted = Signal()
    now_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        unit = fonts.measures().unit
        self._what = Label("", "strong").wrapped()
        self._text = Label("").wrapped()
        self.review = Button("Review", "G I", "compact", strong=True)
        self.review.clicked.connect(self.review_wanted)
        self.pause = Button("Pause", "Ctrl Shift P", "compact").stands_for("run.pause")
        self.pause.clicked.connect(self.pause_wanted)
        self.resume = Button("Resume", "Ctrl Shift P", "compact", strong=True)
        self.resume.stands_for("run.resume")
        self.resume.clicked.connect(self.resume_wanted)
        self.cancel = StopButton()
        self.cancel.stands_for("run.stop")
        self.cancel.confirmed.connect(self.cancel_wanted)
        self.fork = Button("Fork from here", kind="compact").stands_for("run.fork")
        self.fork.clicked.connect(self.fork_wanted)
        self.now = Button("Back to now", "Esc", "compact")
        self.now.clicked.connect(self.now_wanted)
        said = QVBoxLayout()
        said.setSpacing(unit // 4)
        said.addWidget(self._what)
        said.addWidget(self._text)
        acts = FlowLayout(unit, unit)
        for button in (self.review, self.resume, self.pause, self.cancel, self.fork, self.now):
            acts.addWidget(button)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(unit * 3, unit, unit * 3, unit)
        self._box.setSpacing(unit)
        self._box.addLayout(said, 1)
        self._box.addLayout(acts)

    def show_run(self, view: RunView, moment: Moment | None = None, now: int = 0) -> None:
        """Shows what a run is at, or which moment of it is looked at."""
        tone, what, text = banner_words(view, now)
        if moment is not None:
            tone, what, text = "info", moment.words(), _ENDS_AT_MOST
        set_property(self, "banner", tone)
        self._what.say(what[:1].upper() + what[1:])
        paused_at = view.row.paused_at if view.row.phase == "paused" else 0
        self._what.setToolTip(words.tooltip(words.full_time(paused_at) if paused_at else ""))
        set_property(self._what, "tone", "accent" if tone == "info" else tone)
        self._text.say(text)
        is_now, phase = moment is None, view.row.phase
        self.review.setVisible(is_now and phase != "stopped" and view.row.open_gates > 0)
        self.pause.setVisible(is_now and phase in {"running", "waiting"})
        self.resume.setVisible(is_now and phase == "paused")
        self.cancel.setVisible(is_now and phase != "stopped")
        self.fork.setVisible(not is_now)
        self.now.setVisible(not is_now)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QWidget.resizeEvent: what can be done stands under what is where it is tight."""
        super().resizeEvent(event)
        tight = event.size().width() < fonts.measures().unit * 110
        down = QBoxLayout.Direction.TopToBottom
        self._box.setDirection(down if tight else QBoxLayout.Direction.LeftToRight)

    def busy(self, acts: Collection[str]) -> None:
        """Offers nothing beside what is under way, but to stop the run."""
        for button in (self.pause, self.resume):
            button.setEnabled(not acts)
        self.cancel.setEnabled("stop" not in acts)

    def words(self) -> str:
        """Returns what the banner says."""
        return f"{self._what.text()}: {self._text.text()}"
