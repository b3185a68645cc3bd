"""The review pane: a review, and under it all ways to answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, Signal, Slot

from converge_desktop.adapters.keys import KeyLocked
from converge_desktop.runtime.deciding_model import Answer, Answered
from converge_desktop.ui import words
from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages import decide_words as told
from converge_desktop.ui.pages.answer_stack import ACTS, APPROVING
from converge_desktop.ui.pages.decide_table import TABLE
from converge_desktop.ui.pages.deciding import Given
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.review_shown import ReviewShown
from converge_desktop.ui.pages.vote_files import VoteFiles

_ENDS = {
    "approve": "Approved and signed: “{}”. The run goes on with it.",
    "reject": "Rejected and signed: “{}”. The run goes on without it.",
    "refine": "Sent back and signed: “{}”. Its author reads the feedback and may propose anew.",
    "edit": "Edited and signed: “{}”. The run goes on with your words.",
}


class ReviewPane(ReviewShown):
    """Shows one waiting proposal and takes the decision.

    Signals:
        decided: It waits no more, because of an answer given here: gate id, verdict, title.
    """

    decided = Signal(str, str, str)

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self.votes = VoteFiles(tools, self)
        self.boxes.confirmed.connect(self._on_confirmed)
        self.boxes.left.connect(self._on_box_left)
        self._footer.focus_moved.connect(self.refresh)
        self._footer.wanted.connect(self.begin)
        self.approve_button.pressed_by.connect(self._approve)
        self.deciding.moved.connect(self._on_moved)
        self.deciding.done.connect(self._on_done)
        self.deciding.refused.connect(self._on_refused)

    def actions_of(self) -> tuple[Action, ...]:
        """Lists what can be done about the proposal that is shown."""
        deciding = tuple(
            Action(
                f"decide.{what}",
                title,
                keys,
                self._act_of(what),
                "Decide",
                partial(self._can, what),
                page="inbox",
                writes=writes,
                needs="a proposal that waits, and that you may decide about",
            )
            for what, title, keys, writes in TABLE
        )
        return (*deciding, *self.body.actions_of())

    def _act_of(self, what: str) -> Callable[[], None]:
        known = {"approve": self.approve, "point": self.focus_approve}
        return known.get(what) or partial(self.begin, what)

    def _can(self, what: str) -> bool:
        """Says whether something can be done now."""
        if what == "import":
            return True
        if what == "approve":  # the chord: it confirms a box, or leads to the key
            return bool(self.boxes.current()) or self._locked or self.guard.permits()
        if what == "point":
            return self.approve_button.isEnabled()
        why_not = self.allowed.why_not if self.allowed is not None else {}
        return self._waits() and not why_not.get(what)

    @Slot()
    def focus_approve(self) -> None:
        """Points at Approve without pressing it; for high risk, opens the box for the word."""
        if self.review is None or not self.approve_button.isEnabled():
            return
        if self.review.risk == "high":
            self.begin("approve")
        else:
            self.approve_button.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot()
    def open_reject(self) -> None:
        """Opens the box for a reason."""
        self.begin("reject")

    @Slot(str)
    def begin(self, what: str) -> None:
        """Opens the box of a verdict or an act, or asks for the file of a vote."""
        if not self._can(what) or self.review is None:
            if what == "import":
                self.votes.bring_in()
            return
        if what == "import":
            self.votes.bring_in()
        elif what == "request":
            self.votes.request(self.review)
        else:
            self.guard.answering(otherwise=what not in APPROVING)
            self.boxes.open(what, self.review, self.allowed)
            self.refresh()

    @Slot()
    def approve(self) -> None:
        """Does what the chord does: confirms the open box, or approves what is shown."""
        if self.boxes.current():
            self.boxes.take("keyboard")
        else:
            self._approve("keyboard")

    @Slot(str)
    def _approve(self, origin: str) -> None:
        if self._locked and self._waits():
            self._tools.routes.unlock.emit()
        elif self.guard.permits() and self.review is not None and not self._closed:
            if self.review.risk == "high":
                self.begin("approve")
                return
            opened, review = self._opened(), self.review
            made = Answer(self._gate, "approve", review.digest, "", None, opened, origin)
            self.deciding.give(made, review.title)

    @Slot(str, str)
    def _on_confirmed(self, what: str, origin: str) -> None:
        review = self.review
        if review is None or not self._waits() or not self.guard.still():
            return
        if self._locked:
            self._tools.routes.unlock.emit()
        elif what not in APPROVING or self.guard.permits():
            self.deciding.give(self.boxes.given(what, review, self._opened(), origin), review.title)

    def leave_box(self) -> bool:
        """Leaves the box that is open; returns whether one was."""
        return self.boxes.leave()

    @Slot()
    def _on_box_left(self) -> None:
        self.guard.answering(otherwise=False)
        self.refresh()

    # What came of it.

    @Slot()
    def _on_moved(self) -> None:
        self.guard.deciding(busy=not self.idle())
        self.refresh()

    @Slot(object, object)
    def _on_done(self, given: Given, answered: Answered) -> None:
        here = given.gate_id == self._gate
        if here:
            self.boxes.reset()
            self.guard.answering(otherwise=False)
        if given.what in ACTS:
            self._tell("info", self._act_told(given, answered))
        elif answered.phase == "open":
            title = words.one_line(given.title)
            said = f"Your answer to “{title}” is signed. It takes more votes to decide it."
            self._tell("info", said)
        else:
            self._tell_end(given, answered)
            if here:
                self._closed = True
                self.refresh()
            self.decided.emit(given.gate_id, given.what, given.title)
            return
        self.refresh()
        if here:
            self.look_again()

    def _tell_end(self, given: Given, answered: Answered) -> None:
        """Says what was decided, unless the strip with the undo window does."""
        if answered.phase != "settling":
            self._tell("good", _ENDS[given.what].format(words.one_line(given.title)))

    def _act_told(self, given: Given, answered: Answered) -> str:
        """Says what an act led to."""
        now, title = self._tools.clock.now(), words.one_line(given.title)
        if given.what == "extend" and answered.deadline is not None:
            when = words.clock_time(answered.deadline, now)
            return f"The deadline of “{title}” is {when} now."
        if given.what == "delegate":
            return f"{told.name(given.to)} votes on “{title}” instead of you."
        asked = ", ".join(map(told.name, answered.may_decide)) or "Others"
        return f"“{title}” is escalated. {asked} may decide it now."

    @Slot(object, object)
    def _on_refused(self, given: Given, error: BaseException) -> None:
        said = told.refused(given.title, error)
        self._tools.routes.say.emit("danger", said, f"decision/{given.gate_id}")
        if isinstance(error, KeyLocked):
            self._tools.routes.unlock.emit()
        if given.gate_id == self._gate:
            self.look_again()

    def _tell(self, severity: str, text: str) -> None:
        self._tools.routes.say.emit(severity, text, "decided")
