"""Heading and foot of a review."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QObject, QPoint, QTimer, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from converge_desktop.runtime.review_model import Review
from converge_desktop.ui import fonts, words
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.pages.decide_table import MORE
from converge_desktop.ui.pages.decide_words import due_words, span, timed, vote_words, votes_told
from converge_desktop.ui.widgets.approve_button import ApproveButton
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import Chip, ChipButton, ChipRow
from converge_desktop.ui.widgets.flow import FlowLayout
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.lists import Panel

_TICK_MS = 15_000


class ReviewHeader(Panel):
    """Title, risk, kind, rule, run, votes, deadline.

    Signals:
        run_wanted: The person asks for the run, by its id.
    """

    run_wanted = Signal(str)

    def __init__(self, clock: UiClock) -> None:
        super().__init__("header")
        unit = fonts.measures().unit
        self._clock = clock
        self._review: Review | None = None
        self.title = Label("", "title").wrapped()
        self._chips = ChipRow()
        self._me = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        column.setSpacing(unit)
        column.addWidget(self.title)
        column.addWidget(self._chips)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self.tell_time)

    def show_review(self, review: Review, me: str) -> None:
        """Shows a review's heading; ``me`` is the person at the desk, by id."""
        self._review, self._me = review, me
        self.title.say(review.title)
        risk = words.RISK_WORDS.get(review.risk, f"Risk: {review.risk}")
        run = ChipButton(f"{review.run_label} · cycle {review.cycle}", "Show the run")
        run.clicked.connect(self._on_run)
        self.due = Chip("")
        self.votes = Chip("")
        self._chips.show_chips(
            Chip(risk, words.RISK_TONES.get(review.risk, "danger")),
            Chip(" · ".join(p for p in (review.key, review.kind) if p)),
            Chip(f"proposed by {review.agent}"),
            Chip(f"asked by rule {review.rule}", tip=review.rule_reason),
            run,
            self.votes,
            self.due,
        )
        self.tell_time()
        self._tick.start()

    @Slot()
    def tell_time(self) -> None:
        """Says how the votes and the deadline stand by now."""
        review, now = self._review, self._clock.now()
        if review is None:
            return
        standing = review.standing
        several = standing is not None and standing.needed > 1
        self.votes.setVisible(several)
        if standing is not None and several:
            self.votes.say(vote_words(standing))
            told = votes_told(standing.votes, self._me, now)
            self.votes.setToolTip(words.tooltip("\n".join(told)))
            self.votes.setAccessibleDescription(" ".join(told))
        deadline = standing.deadline if standing is not None else review.deadline
        waits = standing is None or standing.phase == "open"
        self.due.setVisible(deadline is not None and waits)
        if deadline is not None and waits:
            self._tell_due(review, deadline, now)

    def _tell_due(self, review: Review, deadline: int, now: int) -> None:
        standing = review.standing
        half = standing is not None and standing.half_gone
        self.due.say(due_words(deadline, now, half_gone=half))
        pressing = words.due_tone(deadline, now) == "danger"
        self.due.tone("danger" if pressing else "caution" if half else "plain")
        tip = f"Frozen when it was asked, at {words.full_time(review.opened_at)}."
        if standing is not None and standing.silence:
            tip += f" {standing.silence}"
        if standing is not None and standing.extensions:
            times = words.count(standing.extensions, "more time", "more times")
            tip += f" It can be moved {times}, by {span(standing.extension_us)} each: T."
        self.due.setToolTip(words.tooltip(tip))
        self.due.setAccessibleDescription(tip)

    @Slot()
    def _on_run(self) -> None:
        if self._review is not None:
            self.run_wanted.emit(self._review.run_id)


class ReviewFooter(Panel):
    """What can be answered at one end, Approve at the other, and over them what holds it back.

    Signals:
        focus_moved: Approve got or lost the keyboard.
        wanted: The person wants to answer otherwise, such as ``reject``, or do something else.
    """

    focus_moved = Signal()
    wanted = Signal(str)

    def __init__(self, permits: Callable[[], bool]) -> None:
        super().__init__("footer")
        unit = fonts.measures().unit
        self.reject = Button("Reject…", "R")
        self.refine = Button("Refine…", "F")
        self.edit = Button("Edit…", "E")
        self.more = Button("More ▾")
        self.more.setAccessibleName("More to do about this proposal")
        self.more.clicked.connect(self._on_more)
        self.answers = {"reject": self.reject, "refine": self.refine, "edit": self.edit}
        self.approve = ApproveButton(permits)
        self.approve.stands_for("decide.approve")
        self.approve.installEventFilter(self)
        self.hint = Label("", "small", "muted").wrapped()
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self.rows = {
            what: QAction("\t".join([title, *keys]), self) for what, title, keys, _ in MORE
        }
        self._menu.addActions(list(self.rows.values()))
        for what, row in self.rows.items():
            row.setObjectName(what)
            row.triggered.connect(self._on_row)
        for what, button in self.answers.items():
            button.setObjectName(what)
            button.stands_for(f"decide.{what}")
            button.clicked.connect(self._on_button)
        self._lay_out(unit)

    def _lay_out(self, unit: int) -> None:
        left = QWidget()
        flow = FlowLayout(unit, unit, left)
        for button in (*self.answers.values(), self.more):
            flow.addWidget(button)
        row = QHBoxLayout()
        row.setSpacing(unit)
        row.addWidget(left, 1)
        row.addWidget(self.approve)
        column = QVBoxLayout(self)
        column.setContentsMargins(unit * 3, unit, unit * 3, unit + 4)
        column.setSpacing(unit)
        column.addWidget(self.hint)
        column.addLayout(row)

    def permit(self, why_not: Mapping[str, str], *, waits: bool) -> None:
        """Switches on what can be done, and says at the rest why it cannot."""
        for what, button in self.answers.items():
            why = why_not.get(what, "")
            button.setEnabled(waits and not why)
            button.explain(timed(words.sentence(why)))
        for what, row in self.rows.items():
            why = why_not.get(what, "")
            row.setEnabled((waits and not why) or what == "import")
            row.setToolTip(words.tooltip(timed(words.sentence(why))))

    @Slot()
    def _on_button(self) -> None:
        self.wanted.emit(self.sender().objectName())

    @Slot()
    def _on_more(self) -> None:
        place = self.more.mapToGlobal(QPoint(0, -self._menu.sizeHint().height()))
        self._menu.popup(place)

    @Slot()
    def _on_row(self) -> None:
        self.wanted.emit(self.sender().objectName())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Override QObject.eventFilter: the words follow the focus of Approve."""
        if event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            QTimer.singleShot(0, self, self.focus_moved.emit)
        return super().eventFilter(watched, event)
