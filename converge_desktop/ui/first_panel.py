"""The first steps, in a quiet panel beside the page; it is in nobody's way and can be left."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QColor,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.ui import fonts, icons, tokens
from converge_desktop.ui.first_steps import STEPS, FirstSteps, Step
from converge_desktop.ui.widgets.buttons import Button, IconButton
from converge_desktop.ui.widgets.labels import Label, set_property
from converge_desktop.ui.widgets.lists import Panel
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage


class _Mark(QWidget):
    """A step's number, or a check once it is done."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number
        self._done = self._next = False
        side = fonts.measures().unit * 2 + 6
        self.setFixedSize(side, side)

    def tell(self, *, done: bool, is_next: bool) -> None:
        """Shows whether the step is done, or is the one to do."""
        self._done, self._next = done, is_next
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002
        """Override QWidget.paintEvent."""
        look = tokens.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tone = "good" if self._done else "accent" if self._next else "muted"
        painter.setPen(QPen(look.tone(tone), 1.4))
        painter.setBrush(QColor(look.good_background) if self._done else Qt.BrushStyle.NoBrush)
        ring = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.drawEllipse(ring)
        if self._done:
            inset = self.width() * 0.22
            place = ring.adjusted(inset, inset, -inset, -inset)
            icons.paint(painter, "check", place, look.tone(tone))
            return
        painter.setFont(fonts.font("small-strong"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, str(self._number))


class _Row(QWidget):
    """One step; the next one says how, and leads there."""

    def __init__(self, number: int, step: Step) -> None:
        super().__init__()
        self.step = step
        unit = fonts.measures().unit
        self._mark = _Mark(number)
        self._title = Label(step.title, "body").wrapped()
        self._text = Label(step.text, "small", "muted").wrapped()
        self.button = Button("Show me", kind="compact")
        self.button.setAccessibleName(f"Show me: {step.title}")
        inner = QVBoxLayout()
        inner.setSpacing(unit // 2)
        inner.addWidget(self._title)
        inner.addWidget(self._text)
        inner.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, unit // 2, 0, unit // 2)
        row.setSpacing(unit + 2)
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        row.addLayout(inner, 1)

    def tell(self, *, done: bool, is_next: bool) -> None:
        """Shows whether the step is done, or is the one to do."""
        self._mark.tell(done=done, is_next=is_next)
        self._title.setFont(fonts.font("strong" if is_next else "body"))
        set_property(self._title, "tone", "muted" if done else "")
        self._title.setAccessibleName(f"{self.step.title}, {'done' if done else 'to do'}")
        self._text.setVisible(is_next)
        self.button.setVisible(is_next)


class FirstPanel(Panel):
    """The steps, one under the other.

    Signals:
        wanted: The person wants to be shown where a step is done: its name.
    """

    wanted = Signal(str)

    def __init__(self, steps: FirstSteps) -> None:
        super().__init__("aside")
        self.setAccessibleName("First steps")
        self._steps = steps
        self._told = 0
        unit = fonts.measures().unit
        self.setFixedWidth(unit * 33)
        close = IconButton("close", "Leave the first steps", 14)
        close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        close.clicked.connect(steps.leave)
        head = QHBoxLayout()
        head.addWidget(Label("First steps", "heading"), 1)
        head.addWidget(close)
        self._about = Label("", "small", "muted").wrapped()
        self.rows = [_Row(number, step) for number, step in enumerate(STEPS, start=1)]
        self.leave_button = Button("Skip", kind="compact")
        self.leave_button.clicked.connect(steps.leave)
        body = ScrollBody()
        body.setObjectName("master")
        column = QVBoxLayout(body)
        column.setContentsMargins(unit * 2, unit + 4, unit + 4, unit * 2)
        column.setSpacing(unit)
        column.addLayout(head)
        column.addWidget(self._about)
        column.addSpacing(unit // 2)
        for row in self.rows:
            row.button.clicked.connect(lambda _=False, name=row.step.name: self.wanted.emit(name))
            column.addWidget(row)
        column.addSpacing(unit)
        column.addWidget(self.leave_button)
        column.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(ScrollPage(body))
        steps.changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Shows how far the person is."""
        upcoming = self._steps.next()
        for row in self.rows:
            done = self._steps.done(row.step.name)
            row.tell(done=done, is_next=upcoming is not None and row.step is upcoming)
        finished = self._steps.finished()
        self._about.say(
            "Done. This is all there is to it: agents propose, you decide, the ledger remembers. "
            "Help has these steps again."
            if finished
            else "Two minutes, on the sample. Steps tick themselves off as you go; skip any time."
        )
        self.leave_button.setText("Close" if finished else "Skip")
        self.leave_button.setAccessibleName("Close" if finished else "Skip the first steps")
        self.setVisible(self._steps.opened)
        self._announce()

    def _announce(self) -> None:
        count = sum(self._steps.done(step.name) for step in STEPS)
        if count > self._told and self._steps.opened:
            upcoming = self._steps.next()
            after = f"Next: {upcoming.title}." if upcoming is not None else "All are done."
            said = f"Step {count} of {len(STEPS)} done. {after}"
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))
        self._told = count
