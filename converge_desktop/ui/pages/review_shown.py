"""A review and how its gate stands: read, shown, read again, and what may be done about it now."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QRect, QTimer, Slot
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from converge_desktop.runtime.deciding_model import Allowed
from converge_desktop.runtime.port import RunChanged, StatusChanged
from converge_desktop.runtime.review_model import Review
from converge_desktop.ui import fonts, words
from converge_desktop.ui.approve_guard import ApproveGuard
from converge_desktop.ui.pages import decide_words as told
from converge_desktop.ui.pages.answer_stack import AnswerBoxes
from converge_desktop.ui.pages.deciding import Deciding
from converge_desktop.ui.pages.looking import Looker
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.review_alike import AlikeLooker
from converge_desktop.ui.pages.review_body import ReviewBody
from converge_desktop.ui.pages.review_frame import ReviewFooter, ReviewHeader
from converge_desktop.ui.widgets.empty import EmptyState
from converge_desktop.ui.widgets.scroll import ScrollPage
from converge_desktop.ui.widgets.task_strip import TaskStrip

_RETRACT, _INSTEAD = "Retract…", "Show what is asked now"


class ReviewShown(QStackedWidget):
    """Shows one waiting proposal, and notices what becomes of it meanwhile."""

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._tools = tools
        self._gate = ""
        self.review: Review | None = None
        self.allowed: Allowed | None = None
        self._closed = False
        self._locked = False
        self._sits = ""
        self.guard = ApproveGuard(tools.clock.monotonic)
        self.deciding = Deciding(tools, self)
        self._looker = Looker(tools, self)
        self.empty = EmptyState("inbox", "Nothing is chosen", "Choose a proposal from the list.")
        self._arm = QTimer(self)
        self._arm.setSingleShot(True)
        self._arm.timeout.connect(self.refresh)
        self._reveal = QTimer(self)
        self._reveal.setSingleShot(True)
        self._reveal.setInterval(0)
        self._reveal.timeout.connect(self._on_built)
        self.addWidget(self.empty)
        self.addWidget(self._build())
        self.empty.pressed.connect(self.reload)
        self._hear()

    def _build(self) -> QWidget:
        self._header = ReviewHeader(self._tools.clock)
        self.standing = TaskStrip("How it stands")
        self.body = ReviewBody(self._tools.clock.now)
        self._scroll = ScrollPage(self.body)
        self._alike = AlikeLooker(self._tools, self.body.side.alike, self)
        self.boxes = AnswerBoxes(self._tools, self.guard.permits)
        self.reject_box = self.boxes.reject
        self._footer = ReviewFooter(self.guard.permits)
        self.reject_button = self._footer.reject
        self.approve_button = self._footer.approve
        made = QWidget()
        outer = QVBoxLayout(made)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._header)
        outer.addWidget(self.standing)
        outer.addWidget(self._scroll, 1)
        outer.addWidget(self.boxes)
        outer.addWidget(self._footer)
        return made

    def _hear(self) -> None:
        routes, bridge = self._tools.routes, self._tools.bridge
        self._header.run_wanted.connect(routes.run)
        self.standing.pressed.connect(self._on_standing_pressed)
        self.body.painted.connect(self._on_painted)
        self.body.traced.connect(routes.fact)
        self.body.trace_wanted.connect(routes.trace)
        self.body.copied.connect(routes.tell_copied)
        self.body.run_wanted.connect(routes.run)
        self.body.gate_wanted.connect(routes.gate)
        self.body.previews_wanted.connect(self._on_previews_wanted)
        self.body.alike_wanted.connect(self._alike.look)
        self.body.look_at.connect(self._on_look_at)
        self.body.seen_changed.connect(self.refresh)
        self._looker.opened.connect(self._on_opened)
        self._looker.failed.connect(self._on_failed)
        self._looker.looked.connect(self._on_looked)
        self._looker.allowed.connect(self._on_allowed)
        bridge.status_changed.connect(self._on_status)
        bridge.run_changed.connect(self._on_run)

    @property
    def gate_id(self) -> str:
        """The gate that is shown or being read; empty where there is none."""
        return self._gate

    def load(self, gate_id: str) -> None:
        """Reads a waiting proposal and shows it."""
        self._begin(gate_id)
        self.empty.tell("Reading the proposal…", "Facts, checks and sources are being gathered.")
        self.setCurrentIndex(0)
        self._looker.open(gate_id)

    def clear(self, heading: str, text: str, action: str = "") -> None:
        """Shows no proposal, and says why."""
        self._begin("")
        self._looker.open("")
        self.empty.tell(heading, text, action=action)
        self.setCurrentIndex(0)

    def mark_closed(self) -> None:
        """The proposal no longer waits: it stays to be read, takes no decision, and tells why."""
        if self.review is None or self._closed:
            return
        self._closed = True
        self.guard.pane_changed()
        self.boxes.leave()
        self.refresh()
        self.look_again()

    def look_again(self) -> None:
        """Reads it again beside what is shown, as something about it may have moved."""
        if self.review is not None and self.idle():
            self._looker.again(self.review)

    def _begin(self, gate_id: str) -> None:
        if gate_id == self._gate:
            self.boxes.leave()  # what was typed stays
        else:
            self.boxes.reset()
        self._gate = gate_id
        self._reveal.stop()
        self._alike.leave()
        self.review = self.allowed = None
        self._closed = False
        self.standing.leave()
        self.guard.pane_changed()
        self.guard.deciding(busy=not self.idle())
        self.refresh()

    @Slot(object)
    def _on_opened(self, review: Review) -> None:
        self._show(review)
        self._reveal.start()  # it is styled and laid out in a turn of its own: no turn is long

    @Slot()
    def _on_built(self) -> None:
        self._scroll.verticalScrollBar().setValue(0)
        self.setCurrentIndex(1)

    def _show(self, review: Review) -> None:
        """Shows a review that was not seen before: nothing counts until it has been."""
        self.guard.loaded()
        self.approve_button.weigh(review.risk)
        self.body.show_review(review)
        self._stand(review)

    def _stand(self, review: Review) -> None:
        """Shows how the gate stands by now."""
        self.review = review
        standing = review.standing
        if standing is not None:
            self._closed = standing.phase != "open"
        self._header.show_review(review, self._me())
        ended = ""
        if standing is not None:
            ended = told.ended_words(standing, self._me(), self._tools.clock.now())
        said = ended or told.moved_words(review)
        action = ""
        if standing is not None:
            action = _INSTEAD if standing.instead else _RETRACT if standing.became else ""
        if not said:
            self.standing.leave()
        elif said != self.standing.words():
            self.standing.tell("info" if ended else "caution", said, action)
        self.refresh()

    @Slot(object)
    def _on_looked(self, review: Review) -> None:
        shown = self.review
        if shown is None:
            return
        if _reads_alike(shown, review):
            self._stand(replace(review, since=shown.since))
            self.body.tell_standing(replace(review, since=shown.since))
            return
        self.boxes.leave()
        self.guard.pane_changed()
        self.guard.deciding(busy=not self.idle())
        self._show(review)
        self._scroll.verticalScrollBar().setValue(0)  # where it is told what is other

    @Slot(object)
    def _on_failed(self, error: BaseException) -> None:
        self.empty.tell(
            "This proposal cannot be shown", words.problem(error), action="Try again", tone="danger"
        )
        self.setCurrentIndex(0)

    @Slot(object)
    def _on_allowed(self, allowed: Allowed) -> None:
        self.allowed = allowed
        if self.review is not None:
            self._header.show_review(self.review, self._me())
        self.refresh()

    @Slot(object)
    def _on_status(self, change: StatusChanged) -> None:
        locked = bool(change.status.operator) and not change.status.unlocked
        if locked is not self._locked:
            self._locked = locked
            self.refresh()
        before, self._sits = self._sits, change.status.operator
        if before and before != self._sits and self._gate:
            if self.review is not None:  # whoever sits here now has seen nothing of it yet
                self.body.watch.begin(replace(self.review, gate_id=""))
            self.reload()

    @Slot(object)
    def _on_run(self, change: RunChanged) -> None:
        if self.review is not None and change.view.row.run_id == self.review.run_id:
            self.look_again()

    @Slot()
    def reload(self) -> None:
        """Reads the proposal again; where there is none, offers to start a run."""
        if self._gate:
            self.load(self._gate)
        else:
            self._tools.routes.start.emit("")

    @Slot()
    def refresh(self) -> None:
        """Brings the buttons in line with what is permitted, and comes back when time is up."""
        why_not = self.allowed.why_not if self.allowed is not None else {}
        box = self.boxes.current()
        self.guard.seen(all_of_it=not self._unseen())
        self.guard.may(yes=self._waits() and not self._locked and not why_not.get("approve"))
        permitted = self.guard.permits()
        self.approve_button.setEnabled(permitted)
        self._footer.permit(why_not, waits=self._waits())
        self._footer.setVisible(not box)
        self.boxes.hold(held=not self.idle())
        self.boxes.refresh()
        self._footer.hint.say(
            told.foot_words(
                told.Foot(
                    self.review,
                    closed=self._closed,
                    busy=not self.idle(),
                    locked=self._locked,
                    why_not=why_not.get("approve", ""),
                    unseen=self._unseen(),
                    pointed=self.approve_button.hasFocus(),
                    me=self._me(),
                )
            )
        )
        if self.guard.ready() and not permitted:
            self._arm.start(max(1, round(self.guard.wait() * 1000) + 1))

    def idle(self) -> bool:
        """Says whether no decision is being recorded."""
        return self.deciding.idle(self._gate)

    def _waits(self) -> bool:
        return self.review is not None and not self._closed and self.idle()

    def _me(self) -> str:
        return self.allowed.operator if self.allowed is not None else ""

    def _unseen(self) -> tuple[str, ...]:
        return self.body.not_seen()

    def _opened(self) -> tuple[str, ...]:
        return self.body.seen()

    @Slot()
    def _on_standing_pressed(self) -> None:
        review = self.review
        standing = review.standing if review is not None else None
        if review is None or standing is None:
            return
        if standing.instead:
            self._tools.routes.gate.emit(standing.instead)
        elif standing.became:
            self._tools.routes.fact.emit(review.run_id, standing.became)

    @Slot(str)
    def _on_previews_wanted(self, gate_id: str) -> None:
        def failed(error: BaseException) -> None:
            if gate_id == self._gate:
                self.body.previews_failed(words.problem(error))

        previews = self._tools.desk.previews(gate_id)
        self._tools.bridge.ask(self, previews, self.body.show_previews, failed)

    @Slot()
    def _on_painted(self) -> None:
        if self.review is not None and not self._closed:
            self.guard.shown()
            QTimer.singleShot(0, self, self.refresh)

    @Slot(QRect)
    def _on_look_at(self, rect: QRect) -> None:
        margin = fonts.measures().unit * 3
        centre = rect.center()
        self._scroll.ensureVisible(centre.x(), centre.y(), 0, rect.height() // 2 + margin)

    def entered(self) -> None:
        """The pane has come to the front."""
        self.guard.moved()
        self.refresh()

    def window_active(self, *, active: bool) -> None:
        """The window got or lost the focus."""
        self.guard.window_active(active=active)
        self.body.window_active(active=active)
        self.refresh()


def _reads_alike(before: Review, now: Review) -> bool:
    """Says whether all that a decision rests on is shown already."""
    return before.digest == now.digest and _ground(before) == _ground(now)


def _ground(review: Review) -> tuple[object, ...]:
    standing = review.standing
    return (standing.moved, standing.will_move) if standing is not None else ()
