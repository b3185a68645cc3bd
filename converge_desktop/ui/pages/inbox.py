"""The inbox: what waits for a person, and beside it the review, or what is decided as one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QStackedWidget

from converge_desktop.runtime.deciding_model import Answered
from converge_desktop.runtime.port import InboxChanged
from converge_desktop.runtime.review_model import InboxRow, Review
from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages.inbox_acts import acts_of
from converge_desktop.ui.pages.inbox_batch import MOST, BatchPane
from converge_desktop.ui.pages.inbox_side import InboxSide
from converge_desktop.ui.pages.page import Page, Tools
from converge_desktop.ui.pages.review import ReviewPane

_MOST_TOLD = 5
_GONE = "It was decided, withdrawn or ran out of time."


class InboxPage(Page):
    """Where the person decides."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "Inbox")
        self.side = InboxSide(tools)
        self.model, self.list = self.side.model, self.side.list
        self.filter, self.sort, self.none = self.side.filter, self.side.sort, self.side.none
        self.main = self.list
        self._wanted = self._next = ""
        self.review = ReviewPane(tools)
        self.batch = BatchPane(tools)
        self._right = QStackedWidget()
        self._right.addWidget(self.review)
        self._right.addWidget(self.batch)
        self.split("inbox", self.side, self._right)
        self.side.moved.connect(self._on_moved)
        self.side.retry_wanted.connect(self.start)
        self.side.counted.connect(self.counted)
        self.side.fresh.wanted.connect(self.side.jump)
        self.side.marks.approve_wanted.connect(partial(self.begin_batch, "approve"))
        self.side.marks.reject_wanted.connect(partial(self.begin_batch, "reject"))
        self.review.decided.connect(self._on_decided)
        self.batch.left.connect(self._on_batch_left)
        self.batch.open_wanted.connect(self._on_open_wanted)
        self.batch.decided.connect(self._on_batch_decided)
        tools.bridge.inbox_changed.connect(self._on_changed)

    @Slot()
    def start(self) -> None:
        """Override Page.start."""
        self.tools.bridge.ask(self, self.tools.desk.inbox(), self._on_rows, self.side.fail)
        self.side.saved.read()

    def actions_of(self) -> tuple[Action, ...]:
        """Override Page.actions_of: the review's, while it is in front, and those of the list."""
        acts = acts_of(self.side, self.batch, self.begin_batch)
        return (*map(self._while_reviewing, self.review.actions_of()), *acts)

    def _while_reviewing(self, action: Action) -> Action:
        """Turns an act of the review into one that cannot be done while a batch is in its place."""
        if action.id != "decide.approve":
            return replace(action, enabled=lambda: not self.batching() and action.enabled())

        def can() -> bool:
            return self.batch.can_confirm() if self.batching() else action.enabled()

        def confirm() -> None:
            (self.batch.confirm if self.batching() else action.callback)()

        return replace(action, enabled=can, callback=confirm)

    def batching(self) -> bool:
        """Whether a batch is shown in the place of the review."""
        return self._right.currentWidget() is self.batch

    def entered(self) -> None:
        """Override Page.entered: nothing counts until the page has stood still."""
        self.side.settle()
        self.review.entered()
        self.batch.entered()

    def window_active(self, *, active: bool) -> None:
        """The window got or lost the focus."""
        self.review.window_active(active=active)
        self.batch.window_active(active=active)

    def retint(self) -> None:
        """Override Page.retint."""
        self.review.body.retint()

    def step(self, by: int) -> None:
        """Override Page.step."""
        self.list.step(by)

    def focus_filter(self) -> None:
        """Override Page.focus_filter."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def escape(self) -> bool:
        """Override Page.escape: one thing at a time, the innermost first."""
        if self.side.save_box.isVisible():
            self.side.save_box.leave()
        elif self.batching():
            self.batch.leave()
        elif not self.review.leave_box():
            return self.list.clear_marks()
        return True

    def show_gate(self, gate_id: str) -> None:
        """Shows a proposal: among what waits, once that is known; else by itself, as it ended."""
        self._wanted = "" if self.side.known() else gate_id
        if self._wanted:
            return
        self._right.setCurrentWidget(self.review)
        if not self.side.select(gate_id) and self.review.gate_id != gate_id:
            self.side.leave(gate_id)
            self.review.load(gate_id)

    def begin_batch(self, verdict: str) -> None:
        """Lists what is marked, to ``approve`` or to ``reject`` it as one."""
        marked = self.model.marked()
        if not marked:
            return
        if len(marked) > MOST:
            said = f"At most {MOST} are decided as one; these are the first {MOST} you marked."
            self.tools.routes.say.emit("caution", said, "batch")
        self._right.setCurrentWidget(self.batch)
        self.batch.begin(verdict, marked)

    @Slot()
    def _on_batch_left(self) -> None:
        self._right.setCurrentWidget(self.review)
        self.review.entered()
        if not self.model.contains(self.review.gate_id):
            self._go_on(self._next)
        self.side.focus_list()

    @Slot(str)
    def _on_open_wanted(self, gate_id: str) -> None:
        self._on_batch_left()
        self.show_gate(gate_id)

    @Slot(object)
    def _on_batch_decided(self, answered: tuple[Answered, ...]) -> None:
        """What was decided as one leaves the list; what needs more votes stays in it."""
        gone = [one.gate_id for one in answered if one.phase != "open"]
        self._next = self.side.drop(*sorted(gone, key=lambda gate: gate != self.review.gate_id))
        voted = {one.gate_id for one in answered}
        left = [name for name in self.model.states.marked if name not in voted]
        self.side.refill(lambda: self.model.mark(left))

    @Slot(object)
    def _on_changed(self, change: InboxChanged) -> None:
        self._on_rows(change.rows)

    def _on_rows(self, rows: tuple[InboxRow, ...]) -> None:
        shown = self.review.gate_id
        self.side.shown = shown
        self._tell_gone(self.side.take(rows, self._is_own))
        if self._wanted:
            self.show_gate(self._wanted)
        elif shown and not self.model.contains(shown):
            if not self.review.idle():
                return  # our own decision: what came of it follows
            self.review.mark_closed()  # what is still being read says itself how it ended
        elif not shown:
            self._nothing_chosen()
            self.side.first()

    def _is_own(self, gate_id: str) -> bool:
        """Whether a decision on it is on its way from here."""
        return self.batch.deciding(gate_id) or not self.review.deciding.idle(gate_id)

    def _tell_gone(self, gone: tuple[InboxRow, ...]) -> None:
        """Finds out why proposals no longer wait; where many go at once, only that they do."""
        for row in gone:
            self.batch.lose(row.gate_id, _GONE)
        for row in gone[:_MOST_TOLD]:
            review = self.tools.desk.review(row.gate_id)
            self.tools.bridge.ask(self, review, partial(self._on_why, row), lambda _: None)

    def _on_why(self, row: InboxRow, review: Review) -> None:
        standing = review.standing
        if standing is None or standing.phase == "open":
            return
        self.side.tell_why(row, standing.words)
        self.batch.lose(row.gate_id, standing.words)

    def _nothing_chosen(self) -> None:
        self.side.shown = ""
        if self.model.total():
            self.review.clear("Nothing is chosen", "Choose a proposal from the list; J and K move.")
        else:
            self.review.clear(
                "Nothing waits for you",
                "Agents go on by themselves until something needs a person. Start a run on a "
                "folder, or look at earlier ones under Runs.",
                "Start a run",
            )

    @Slot(str)
    def _on_moved(self, gate_id: str) -> None:
        """The person chose another proposal: it is shown, in the place of a batch too."""
        self.side.shown = gate_id
        self._right.setCurrentWidget(self.review)
        self.review.load(gate_id)

    @Slot(str, str, str)
    def _on_decided(self, gate_id: str, _verdict: str, _title: str) -> None:
        """What was decided leaves the list, and the next is shown; the review says the rest."""
        following = self.side.drop(gate_id)
        if self.review.gate_id != gate_id:
            return
        # The button that was pressed is off now; Qt would pass its focus to whatever comes next.
        (self.list if following else self.review).setFocus()
        self._go_on(following)

    def _go_on(self, following: str) -> None:
        """Shows the next proposal; where there is none, says so."""
        if not following or not self.side.select(following):
            self._nothing_chosen()
