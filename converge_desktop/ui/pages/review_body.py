"""The review itself: what becomes true, why, on what evidence, under which rule, and the raw."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal, Slot
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.readmodel import Review
from converge_desktop.ui import fonts
from converge_desktop.ui.pages.review_parts import Part, outcome_card, plan_step, score_row
from converge_desktop.ui.pages.review_raw import RawSteps
from converge_desktop.ui.pages.review_side import ReviewSide
from converge_desktop.ui.widgets.chips import clear
from converge_desktop.ui.widgets.evidence import STANDINGS
from converge_desktop.ui.widgets.labels import Label, caption, rule
from converge_desktop.ui.widgets.link_text import LinkText
from converge_desktop.ui.widgets.scroll import ScrollBody

_SIDES = STANDINGS | {
    "for": ("good", "✓", "for"),
    "against": ("danger", "✕", "against"),
}


class ReviewBody(ScrollBody):
    """All of a review but its heading and its buttons.

    Signals:
        painted: The review is on the screen.
        traced: The person asks where a fact came from: run id, fact id.
        trace_wanted: The person asks for a recorded step.
        copied: A fact's id was copied.
        look_at: A rectangle that should be brought into sight.
    """

    painted = Signal()
    traced = Signal(str, str)
    trace_wanted = Signal(str)
    copied = Signal(str)
    look_at = Signal(QRect)

    def __init__(self) -> None:
        super().__init__()
        unit = fonts.measures().unit
        self._witness = False
        self._run_id = ""
        self._parts: list[Part] = []
        self._texts: list[LinkText] = []
        self._main = QVBoxLayout()
        self._main.setSpacing(unit)
        left = QWidget()
        left.setLayout(self._main)
        self._main.setContentsMargins(0, 0, 0, 0)
        self._left = left
        self.side = ReviewSide()
        self.side.evidence.traced.connect(self._on_traced)
        self.side.evidence.copied.connect(self.copied)
        self.side.evidence.shown.connect(self._on_evidence_shown)
        self.side.trace_wanted.connect(self.trace_wanted)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._box.setSpacing(unit * 3)
        self._box.addWidget(left, 1000, Qt.AlignmentFlag.AlignTop)
        self._box.addWidget(self.side, 0, Qt.AlignmentFlag.AlignTop)
        self._box.addStretch(1)
        self.raw = RawSteps()
        self.raw.followed.connect(self.follow)
        self.raw.trace_wanted.connect(self.trace_wanted)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(unit * 3, unit * 2 + 2, unit * 3, unit * 3)
        outer.setSpacing(unit * 3)
        outer.addLayout(self._box)
        outer.addWidget(self.raw)
        outer.addStretch(1)

    def show_review(self, review: Review) -> None:
        """Shows a review; ``painted`` follows once it is on the screen."""
        self._run_id = review.run_id
        clear(self._main)
        self._parts = []
        self._texts = []
        unit = fonts.measures().unit
        self._main.addWidget(caption("If you approve"))
        self._main.addWidget(outcome_card(review))
        self._main.addSpacing(unit)
        self._main.addWidget(caption("Why"))
        why = [self._reasoning(review), self._evaluation(review), self._plan(review)]
        shown = [part for part in why if part is not None]
        for number, part in enumerate(shown):
            if number:
                self._main.addWidget(rule())
            self._main.addWidget(part)
        if not shown:
            none = "No reasoning was recorded: this proposal comes from a rule, not from a model."
            self._main.addWidget(Label(none, "body", "muted").wrapped())
        self.side.show_review(review)
        self.raw.show_steps(review.raw)
        self._arrange(self.width())
        self._witness = True
        self.update()

    def texts(self) -> list[LinkText]:
        """Lists the running texts, for tests and for a change of colours."""
        return self._texts

    def retint(self) -> None:
        """Draws running text in the colours now in force."""
        for text in self._texts:
            text.retint()
        self.raw.retint()

    @Slot(str)
    def follow(self, fact_id: str) -> None:
        """Leads from a number in a text to the fact it stands for."""
        if not self.side.evidence.lead_to(fact_id):
            self._on_traced(fact_id)

    def _text(self, role: str = "body", tone: str = "text") -> LinkText:
        made = LinkText(role, tone)
        made.followed.connect(self.follow)
        self._texts.append(made)
        return made

    def _part(self, name: str) -> Part:
        made = Part(name)
        self._parts.append(made)
        return made

    def _reasoning(self, review: Review) -> Part | None:
        if not review.reasoning:
            return None
        part = self._part("Reasoning")
        text = self._text()
        text.setAccessibleName("Reasoning")
        signs = [_SIDES.get(r.side, ("text", "", "")) for r in review.reasoning]
        text.show_lines(
            tuple(r.text for r in review.reasoning),
            numbered=True,
            leads=tuple((sign, tone) for tone, sign, _ in signs),
        )
        part.content.addWidget(text)
        return part

    def _evaluation(self, review: Review) -> Part | None:
        if review.score is None and review.confidence is None and not review.justification:
            return None
        part = self._part("Evaluation")
        part.content.addLayout(score_row(review))
        if review.justification:
            text = self._text("small", "muted")
            text.setAccessibleName("Justification")
            text.show_text(review.justification)
            part.content.addWidget(text)
        return part

    def _plan(self, review: Review) -> Part | None:
        if not review.plan:
            return None
        part = self._part("Plan")
        part.content.setSpacing(fonts.measures().unit)
        for number, step in enumerate(review.plan, start=1):
            said = any(segment.text.strip() for segment in step.purpose)
            purpose = self._text("small", "muted") if said else None
            part.content.addWidget(plan_step(number, step, purpose))
        return part

    def _arrange(self, width: int) -> None:
        measures = fonts.measures()
        inner = width - measures.unit * 6
        stacked = inner < measures.unit * 66
        down = QBoxLayout.Direction.TopToBottom
        self._box.setDirection(down if stacked else QBoxLayout.Direction.LeftToRight)
        if stacked:
            self.side.setMinimumWidth(0)
            self.side.setMaximumWidth(measures.text_width)
            left, beside = inner, 0
        else:
            side = max(measures.unit * 34, min(measures.side + measures.unit * 8, inner * 3 // 8))
            self.side.setFixedWidth(side)
            beside = side + measures.unit * 3
            left = inner - beside
        self._left.setMaximumWidth(measures.text_width + measures.unit * 12)
        self.raw.setMaximumWidth(min(left, self._left.maximumWidth()) + beside)
        for part in self._parts:
            part.arrange(narrow=left < measures.unit * 50)

    @Slot(str)
    def _on_traced(self, fact_id: str) -> None:
        self.traced.emit(self._run_id, fact_id)

    @Slot(QRect)
    def _on_evidence_shown(self, rect: QRect) -> None:
        place = self.side.evidence.mapTo(self, rect.topLeft())
        self.look_at.emit(QRect(place, rect.size()))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QWidget.resizeEvent."""
        super().resizeEvent(event)
        self._arrange(event.size().width())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Override QWidget.paintEvent: notes that the review was seen."""
        super().paintEvent(event)
        if self._witness:
            self._witness = False
            self.painted.emit()
