"""The parts of a review's left column."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.review_model import PlanRow, Review
from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.bars import Bar
from converge_desktop.ui.widgets.flow import FlowLayout
from converge_desktop.ui.widgets.labels import Label, code
from converge_desktop.ui.widgets.link_text import LinkText
from converge_desktop.ui.widgets.whole_text import WholeText

_BESIDE = 40
"""So many letters a meaning may have to stand beside its capability."""


class Part(QWidget):
    """A name and, beside it or under it, what it says."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._name = Label(name, "body", "muted")
        self._name.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.content = QVBoxLayout()
        self.content.setSpacing(fonts.measures().unit // 2)
        self._box.addWidget(self._name)
        self._box.addLayout(self.content, 1)

    def arrange(self, *, narrow: bool) -> None:
        """Puts the name above where there is no room beside."""
        unit = fonts.measures().unit
        down = QBoxLayout.Direction.TopToBottom
        self._box.setDirection(down if narrow else QBoxLayout.Direction.LeftToRight)
        self._box.setSpacing(unit // 2 if narrow else unit)
        self._name.setFixedWidth(unit * 11 + 4)


class Outcome(QFrame):
    """The card that says what becomes true, the most important thing on the page."""

    def __init__(self, review: Review) -> None:
        super().__init__()
        unit = fonts.measures().unit
        self.setProperty("card", "lead")
        column = QVBoxLayout(self)
        column.setContentsMargins(unit + 5, unit + 2, unit + 5, unit + 4)
        column.setSpacing(unit)
        self.text = WholeText(f"“{review.becomes_true}”", "lead").copyable()
        self.text.called("Becomes true")
        column.addWidget(self.text)
        self.follows: WholeText | None = None
        if review.consequences:
            sentences = all(said.endswith(".") for said in review.consequences)
            follows = (" " if sentences else " · ").join(review.consequences)
            self.follows = WholeText(follows, "small", "muted")
            column.addWidget(self.follows)


def score_row(review: Review) -> QHBoxLayout:
    """Makes the line with score and confidence."""
    row = QHBoxLayout()
    row.setSpacing(fonts.measures().unit + 4)
    if review.score is not None:
        row.addWidget(Label(f"score {words.thousandths(review.score)}"))
        bar = Bar(review.score, name=f"Score {words.thousandths(review.score)} of 1")
        bar.setMaximumWidth(fonts.measures().unit * 15)
        row.addWidget(bar)
    row.addWidget(Label(f"confidence {words.thousandths(review.confidence)}"))
    row.addStretch(1)
    return row


def plan_step(number: int, step: PlanRow, purpose: LinkText | None) -> QWidget:
    """Makes one step of the plan: its meaning, its capability, what it is for."""
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(fonts.measures().unit // 2)
    count = Label(f"{number}.", "body", "muted")
    count.setAlignment(Qt.AlignmentFlag.AlignTop)
    count.setFixedWidth(fonts.metrics("body").horizontalAdvance("00."))
    row.addWidget(count)
    holder = QWidget()
    flow = FlowLayout(fonts.measures().unit, 2, holder)
    column = QVBoxLayout()
    column.setSpacing(2)
    if len(step.meaning) > _BESIDE:
        column.addWidget(WholeText(step.meaning))
    elif step.meaning:
        flow.addWidget(Label(step.meaning))
    flow.addWidget(code(step.capability))
    column.addWidget(holder)
    if purpose is not None:
        purpose.setAccessibleName(f"Purpose of step {number}")
        purpose.show_text(step.purpose)
        column.addWidget(purpose)
    row.addLayout(column, 1)
    return made
