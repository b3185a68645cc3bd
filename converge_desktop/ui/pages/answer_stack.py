"""All boxes in which something is answered at a gate, of which at most one is open."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from converge_desktop.runtime.deciding_model import Allowed, Answer, Doing
from converge_desktop.runtime.review_model import Review
from converge_desktop.ui import words
from converge_desktop.ui.pages.decide_words import name, span
from converge_desktop.ui.pages.edit_box import EditBox
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.answer_box import AnswerBox, ReasonBox
from converge_desktop.ui.widgets.answer_boxes import (
    DelegateBox,
    escalate_box,
    extend_box,
    refine_box,
    reject_box,
)
from converge_desktop.ui.widgets.approve_box import ApproveBox, word_of

APPROVING = frozenset({"approve", "edit"})
"""The boxes in which something becomes true: what must be seen has been seen before."""
ACTS = frozenset({"extend", "delegate", "escalate"})


class AnswerBoxes(QWidget):
    """The boxes by the verdict or act that is confirmed in each.

    Signals:
        confirmed: The person means it: the verdict or act, and ``keyboard`` or ``pointer``.
        left: A box was left.
    """

    confirmed = Signal(str, str)
    left = Signal()

    def __init__(self, tools: Tools, permits: Callable[[], bool]) -> None:
        super().__init__()
        self._clock = tools.clock
        self.approve = ApproveBox(permits)
        self.edit = EditBox(tools, permits)
        self.delegate = DelegateBox()
        self.reject, self.refine = reject_box(), refine_box()
        self.extend, self.escalate = extend_box(), escalate_box()
        self._boxes: dict[str, AnswerBox] = {
            "approve": self.approve,
            "reject": self.reject,
            "refine": self.refine,
            "edit": self.edit,
            "extend": self.extend,
            "delegate": self.delegate,
            "escalate": self.escalate,
        }
        self._before: QWidget | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for what, box in self._boxes.items():
            column.addWidget(box)
            box.confirm.stands_for(f"decide.{what}")
            box.confirmed.connect(partial(self.confirmed.emit, what))
            box.left.connect(self._on_left)
            box.hide()

    def current(self) -> str:
        """Returns which box is open, by verdict or act; empty if none is."""
        return next((what for what, box in self._boxes.items() if not box.isHidden()), "")

    def box(self, what: str) -> AnswerBox:
        """Returns a box by verdict or act."""
        return self._boxes[what]

    def open(self, what: str, review: Review, allowed: Allowed | None) -> None:
        """Opens a box, and closes what is open."""
        if not self.current():
            self._before = QApplication.focusWidget()
        for other in self._boxes.values():
            other.hide()
        self._prepare(what, review, allowed)
        self._boxes[what].open()

    def leave(self) -> bool:
        """Leaves the box that is open, if one is; what was typed stays."""
        what = self.current()
        if what:
            self._boxes[what].leave()
        return bool(what)

    def reset(self) -> None:
        """Closes all, and forgets what was typed."""
        for box in self._boxes.values():
            box.reset()

    def hold(self, *, held: bool) -> None:
        """Takes no confirmation while an answer is on its way, or again."""
        for box in self._boxes.values():
            box.hold(held=held)

    def refresh(self) -> None:
        """Has the open box say again what it lacks."""
        what = self.current()
        if what:
            self._boxes[what].refresh()

    def take(self, origin: str) -> None:
        """Confirms the box in which the cursor is, if one is open."""
        what, focus = self.current(), QApplication.focusWidget()
        if what and focus is not None and self._boxes[what].isAncestorOf(focus):
            self._boxes[what].take(origin)

    def given(
        self, what: str, review: Review, opened: tuple[str, ...], origin: str
    ) -> Answer | Doing:
        """Returns what the person confirmed in a box."""
        box = self._boxes[what]
        reason = box.reason() if isinstance(box, ReasonBox) else ""
        if what in ACTS:
            to = self.delegate.to() if what == "delegate" else ""
            return Doing(review.gate_id, what, reason, to)
        edit = self.edit.edit() if what == "edit" else None
        return Answer(review.gate_id, what, review.digest, reason, edit, opened, origin)

    def _prepare(self, what: str, review: Review, allowed: Allowed | None) -> None:
        """Says in a box what confirming it would lead to."""
        if what == "approve":
            self.approve.want(word_of(review.becomes_true, review.digest))
        elif what == "edit":
            self.edit.begin(review.gate_id, review.agent)
        elif what == "delegate":
            self.delegate.offer(allowed.delegates if allowed is not None else ())
            self.delegate.tell("They vote in your place; you cannot take that back.")
        elif what == "refine":
            self.refine.tell(
                f"{review.agent} proposes anew in the light of it; this proposal is closed."
            )
        elif what == "extend":
            self.extend.tell(_extend_words(review, self._clock.now()))
        elif what == "escalate":
            self.escalate.tell(_escalate_words(review))

    @Slot()
    def _on_left(self) -> None:
        before, self._before = self._before, None
        if before is not None and before.isVisible() and before.isEnabled():
            before.setFocus()
        self.left.emit()


def _extend_words(review: Review, now: int) -> str:
    standing = review.standing
    if standing is None or standing.deadline is None:
        return ""
    at = words.clock_time(standing.deadline, now)
    then = words.clock_time(standing.deadline + standing.extension_us, now)
    left = standing.extensions - 1
    times = "not again after that" if left <= 0 else f"{words.count(left, 'more time')} after that"
    return f"The deadline moves by {span(standing.extension_us)}, from {at} to {then}; {times}."


def _escalate_words(review: Review) -> str:
    standing = review.standing
    if standing is None:
        return ""
    to = ", ".join(map(name, standing.escalate_to)) or "those whom the policy names"
    void = " Votes that were given so far become void." if standing.votes else ""
    return f"Instead of those who are asked now, it is asked of {to}.{void}"
