"""The review pane: heading, review, and the two ways to decide."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QRect, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from converge_desktop.runtime.readmodel import Review
from converge_desktop.ui import fonts, words
from converge_desktop.ui.approve_guard import ApproveGuard
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.review_body import ReviewBody
from converge_desktop.ui.pages.review_frame import ReviewFooter, ReviewHeader
from converge_desktop.ui.widgets.empty import EmptyState
from converge_desktop.ui.widgets.reject_box import RejectBox
from converge_desktop.ui.widgets.scroll import ScrollPage


class ReviewPane(QStackedWidget):
    """Shows one waiting proposal and takes the decision.

    Signals:
        decided: A decision was recorded: gate id, verdict, the proposal's title.
    """

    decided = Signal(str, str, str)

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._tools = tools
        self._gate = ""
        self.review: Review | None = None
        self._closed = False
        self._in_flight: set[str] = set()
        self.guard = ApproveGuard(tools.clock.monotonic)
        self.empty = EmptyState("inbox", "Nothing is chosen", "Choose a proposal from the list.")
        self._arm = QTimer(self)
        self._arm.setSingleShot(True)
        self._arm.timeout.connect(self.refresh)
        self.addWidget(self.empty)
        self.addWidget(self._build())
        self.empty.pressed.connect(self.reload)

    def _build(self) -> QWidget:
        self._header = ReviewHeader()
        self._header.run_wanted.connect(self._tools.routes.run)
        self.body = ReviewBody()
        self.body.painted.connect(self._on_painted)
        self.body.traced.connect(self._tools.routes.fact)
        self.body.trace_wanted.connect(self._tools.routes.trace)
        self.body.copied.connect(self._tools.routes.tell_copied)
        self.body.look_at.connect(self._on_look_at)
        self._scroll = ScrollPage(self.body)
        self.reject_box = RejectBox()
        self.reject_box.confirmed.connect(self._on_reject)
        self.reject_box.left.connect(self._on_box_left)
        self.reject_box.hide()
        self._footer = ReviewFooter(self.guard.permits)
        self._footer.focus_moved.connect(self.refresh)
        self.reject_button = self._footer.reject
        self.approve_button = self._footer.approve
        self.reject_button.clicked.connect(self.open_reject)
        self.approve_button.approved.connect(self.approve)
        made = QWidget()
        outer = QVBoxLayout(made)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._header)
        outer.addWidget(self._scroll, 1)
        outer.addWidget(self.reject_box)
        outer.addWidget(self._footer)
        return made

    @property
    def gate_id(self) -> str:
        """The gate that is shown or being read; empty where there is none."""
        return self._gate

    def load(self, gate_id: str) -> None:
        """Reads a waiting proposal and shows it."""
        self._begin(gate_id)
        self.empty.tell("Reading the proposal…", "Facts, checks and sources are being gathered.")
        self.setCurrentIndex(0)
        self._tools.bridge.ask(
            self,
            self._tools.desk.review(gate_id),
            partial(self._on_review, gate_id),
            partial(self._on_review_failed, gate_id),
        )

    def clear(self, heading: str, text: str, action: str = "") -> None:
        """Shows no proposal, and says why."""
        self._begin("")
        self.empty.tell(heading, text, action=action)
        self.setCurrentIndex(0)

    def mark_closed(self) -> None:
        """The proposal no longer waits: it stays to be read, but takes no decision."""
        if self.review is None or self._closed:
            return
        self._closed = True
        self.guard.pane_changed()
        self.reject_box.reset()
        self.refresh()

    def _begin(self, gate_id: str) -> None:
        if gate_id == self._gate:
            self.reject_box.hide()  # a reason that was typed survives a failed decision
        else:
            self.reject_box.reset()
        self._gate = gate_id
        self.review = None
        self._closed = False
        self.guard.pane_changed()
        self.guard.deciding(busy=not self.idle())
        self.refresh()

    def _on_review(self, gate_id: str, review: Review) -> None:
        if gate_id != self._gate:
            return
        self.review = review
        self._header.show_review(review, self._tools.clock.now())
        self.approve_button.weigh(review.risk)
        self.guard.loaded()
        self.body.show_review(review)
        self._scroll.verticalScrollBar().setValue(0)
        self.setCurrentIndex(1)
        self.refresh()

    def _on_review_failed(self, gate_id: str, error: BaseException) -> None:
        if gate_id != self._gate:
            return
        self.empty.tell(
            "This proposal cannot be shown", words.problem(error), action="Try again", tone="danger"
        )
        self.setCurrentIndex(0)

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
        permitted = self.guard.permits()
        open_ = self.review is not None and not self._closed
        self.approve_button.setEnabled(permitted)
        self.reject_button.setEnabled(open_ and self.reject_box.isHidden() and self.idle())
        self.reject_box.setEnabled(self.idle())
        self._footer.say(
            closed=self._closed, busy=not self.idle(), rejecting=not self.reject_box.isHidden()
        )
        if self.guard.ready() and not permitted:
            self._arm.start(max(1, round(self.guard.wait() * 1000) + 1))

    def idle(self) -> bool:
        """Says whether no decision is being recorded."""
        return self._gate not in self._in_flight

    @Slot()
    def focus_approve(self) -> None:
        """Points at Approve without pressing it."""
        if self.approve_button.isEnabled():
            self.approve_button.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot()
    def open_reject(self) -> None:
        """Opens the box for a reason."""
        if self.review is None or self._closed or not self.idle():
            return
        self.guard.rejecting(opened=True)
        self.reject_box.open()
        self.refresh()

    @Slot()
    def approve(self) -> None:
        """Approves what is shown, if an approval counts now."""
        if self.guard.permits() and self.review is not None and not self._closed:
            self._decide("approve", "")

    @Slot(str)
    def _on_reject(self, reason: str) -> None:
        if self.review is not None and not self._closed and self.idle() and reason.strip():
            self._decide("reject", reason)

    def _decide(self, verdict: str, reason: str) -> None:
        review = self.review
        assert review is not None
        self._in_flight.add(review.gate_id)
        self.guard.deciding(busy=True)
        self.refresh()
        self._tools.bridge.ask(
            self,
            self._tools.desk.decide(review.gate_id, verdict, reason, review.digest),
            partial(self._on_decided, review, verdict),
            partial(self._on_decide_failed, review),
        )

    def _settle(self, gate_id: str) -> None:
        self._in_flight.discard(gate_id)
        self.guard.deciding(busy=not self.idle())

    def _on_decided(self, review: Review, verdict: str, _: None) -> None:
        self._settle(review.gate_id)
        if review.gate_id == self._gate:
            self.mark_closed()
        self.decided.emit(review.gate_id, verdict, review.title)

    def _on_decide_failed(self, review: Review, error: BaseException) -> None:
        self._settle(review.gate_id)
        said = f"Nothing was recorded for “{review.title}”. {words.problem(error)}"
        self._tools.routes.say.emit("danger", said, f"decision/{review.gate_id}")
        if review.gate_id == self._gate:
            self.reload()
        else:
            self.refresh()

    @Slot()
    def _on_box_left(self) -> None:
        self.guard.rejecting(opened=False)
        self.refresh()

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
        self.refresh()
