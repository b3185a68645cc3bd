"""Heading and foot of a review."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.readmodel import Review
from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.approve_button import ApproveButton
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import Chip, ChipButton, ChipRow
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.lists import Panel


class ReviewHeader(Panel):
    """Title, risk, kind, rule, run, deadline.

    Signals:
        run_wanted: The person asks for the run, by its id.
    """

    run_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__("header")
        unit = fonts.measures().unit
        self.title = Label("", "title").wrapped()
        self._chips = ChipRow()
        self._run_id = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        column.setSpacing(unit)
        column.addWidget(self.title)
        column.addWidget(self._chips)

    def show_review(self, review: Review, now: int) -> None:
        """Shows a review's heading."""
        self._run_id = review.run_id
        self.title.say(review.title)
        risk = words.RISK_WORDS.get(review.risk, f"Risk: {review.risk}")
        run = ChipButton(f"{review.run_label} · cycle {review.cycle}", "Show the run")
        run.clicked.connect(self._on_run)
        chips: list[QWidget] = [
            Chip(risk, words.RISK_TONES.get(review.risk, "danger")),
            Chip(" · ".join(p for p in (review.key, review.kind) if p)),
            Chip(f"proposed by {review.agent}"),
            Chip(f"asked by rule {review.rule}", tip=review.rule_reason),
            run,
        ]
        if review.deadline is not None:
            when = words.clock_time(review.deadline, now)
            pressing = words.due_tone(review.deadline, now) == "danger"
            chips.append(Chip(f"due {when}, then closed", "danger" if pressing else "plain"))
        self._chips.show_chips(*chips)

    @Slot()
    def _on_run(self) -> None:
        self.run_wanted.emit(self._run_id)


class ReviewFooter(Panel):
    """Reject at one end, Approve at the other, and between them what holds Approve back.

    Signals:
        focus_moved: Approve got or lost the keyboard.
    """

    focus_moved = Signal()

    def __init__(self, permits: Callable[[], bool]) -> None:
        super().__init__("footer")
        unit = fonts.measures().unit
        self.reject = Button("Reject…", "R")
        self.approve = ApproveButton(permits)
        self.approve.installEventFilter(self)
        self.hint = Label("", "small", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        row.setSpacing(unit)
        row.addWidget(self.reject)
        row.addStretch(1)
        row.addWidget(self.hint)
        row.addWidget(self.approve)

    def say(self, *, closed: bool, busy: bool, rejecting: bool) -> None:
        """Says beside the buttons how things stand."""
        if closed:
            said = "This no longer waits: it was decided, withdrawn or ran out of time."
        elif busy:
            said = "Signing and recording…"
        elif rejecting:
            said = "Leave the reason to approve instead."
        elif self.approve.hasFocus():
            said = "Ctrl+Return approves and signs with your key."
        else:
            said = "signed by you"
        self.hint.say(said)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Override QObject.eventFilter: the words follow the focus of Approve."""
        if event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            QTimer.singleShot(0, self, self.focus_moved.emit)
        return super().eventFilter(watched, event)
