"""What a run is at, in a sentence: what is, what it means, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from converge_desktop.runtime.readmodel import RunView
from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.labels import Label, set_property

_ENDINGS = {
    "good": "This run is finished: nothing more would change. Its facts stay, under Context.",
    "caution": "It ended before it settled. What was promoted stays; start another run to go on.",
    "info": "You stopped this run. What was promoted stays.",
    "danger": "This run has ended without a result. What was promoted stays; the cause is below.",
}
_ENDS_AT_MOST = "What came after is not shown."
_GOOD = ("converged", "criteria")
_ENDED = ("user-cancelled", "cancelled", "usercancelled")


def stop_tone(kind: str) -> str:
    """Returns the tone of a stop reason."""
    folded = kind.casefold().replace("_", "-")
    if folded.startswith(_GOOD):
        return "good"
    if "budget" in folded or "human" in folded or "hitl" in folded:
        return "caution"
    return "info" if folded in _ENDED else "danger"


def banner_words(view: RunView) -> tuple[str, str, str]:
    """Returns a run's tone, what is, and what it means."""
    if view.row.phase == "waiting":
        gates = words.count(view.row.open_gates, "proposal needs", "proposals need")
        text = f"{gates} a decision. Nothing runs until then; closing the app changes nothing."
        return "caution", "Waiting for you", text
    if view.row.phase == "running":
        doing = words.sentence(view.now_doing) if view.now_doing else "Agents are working."
        return "accent", "Running", f"{doing} The Inbox says when you are needed."
    tone = stop_tone(view.stop_kind)
    return tone, view.row.outcome or "Stopped", _ENDINGS[tone]


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in the life of a run: the record that was written then, and when that was."""

    seq: int
    at: int

    def words(self) -> str:
        """Says which moment it is."""
        return f"As of record {self.seq:,}, {words.full_time(self.at)}"


class RunBanner(QWidget):
    """The banner under a run's heading.

    Signals:
        review_wanted: The person wants to decide what waits.
        cancel_wanted: The person wants the run to stop.
        fork_wanted: The person wants a run that begins with the facts of the moment shown.
        now_wanted: The person wants to see the run as it is.
    """

    review_wanted = Signal()
    cancel_wanted = Signal()
    fork_wanted = Signal()
    now_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        unit = fonts.measures().unit
        self._what = Label("", "strong")
        self._text = Label("").wrapped()
        self.review = Button("Review", "G I", "compact", strong=True)
        self.review.clicked.connect(self.review_wanted)
        self.cancel = Button("Stop this run", kind="flat")
        self.cancel.clicked.connect(self.cancel_wanted)
        self.fork = Button("Fork from here", kind="compact")
        self.fork.clicked.connect(self.fork_wanted)
        self.now = Button("Back to now", "Esc", "compact")
        self.now.clicked.connect(self.now_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(unit * 3, unit, unit * 3, unit)
        row.setSpacing(unit + 4)
        row.addWidget(self._what)
        row.addWidget(self._text, 1)
        row.addWidget(self.cancel)
        row.addWidget(self.review)
        row.addWidget(self.fork)
        row.addWidget(self.now)

    def show_run(self, view: RunView, moment: Moment | None = None) -> None:
        """Shows what a run is at, or which moment of it is looked at."""
        tone, what, text = banner_words(view)
        if moment is not None:
            tone, what, text = "info", moment.words(), _ENDS_AT_MOST
        set_property(self, "banner", tone)
        self._what.say(what[:1].upper() + what[1:])
        set_property(self._what, "tone", "accent" if tone == "info" else tone)
        self._text.say(text)
        is_now = moment is None
        self.review.setVisible(is_now and view.row.phase == "waiting")
        self.cancel.setVisible(is_now and view.row.phase in {"running", "waiting"})
        self.fork.setVisible(not is_now)
        self.now.setVisible(not is_now)

    def words(self) -> str:
        """Returns what the banner says."""
        return f"{self._what.text()}: {self._text.text()}"
