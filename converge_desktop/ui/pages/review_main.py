"""The column of a review that is read first: what becomes true, against what, and why."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from converge_desktop.runtime.review_model import PlanRow, Review
from converge_desktop.ui import fonts
from converge_desktop.ui.pages.review_parts import Outcome, Part, plan_step, score_row
from converge_desktop.ui.pages.review_section import ChangedSince, Section
from converge_desktop.ui.pages.review_truth import Leading, TruthView
from converge_desktop.ui.widgets.evidence import STANDINGS
from converge_desktop.ui.widgets.labels import Label, rule
from converge_desktop.ui.widgets.link_text import LinkText

_SIDES = STANDINGS | {
    "for": ("good", "✓", "for"),
    "against": ("danger", "✕", "against"),
}
_NO_WHY = "No reasoning was recorded: this proposal comes from a rule, not from a model."


class ReviewMain(Leading):
    """What becomes true first, then why.

    Signals:
        followed: A fact's link was followed in a running text.
    """

    followed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.outcome = Section("If you approve")
        self.truth = Section("Against what stands")
        self.why = Section("Why")
        self.regions: list[tuple[str, QWidget]] = []
        self._texts: list[LinkText] = []
        self._parts: list[Part] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(fonts.measures().unit * 2)
        for section in self.sections():
            column.addWidget(section)

    def sections(self) -> tuple[Section, ...]:
        """Lists its sections, in order."""
        return (self.outcome, self.truth, self.why)

    def texts(self) -> list[LinkText]:
        """Lists the running texts."""
        return self._texts

    def show_review(self, review: Review) -> None:
        """Shows what a review says; ``regions`` are then the places of its parts."""
        self.regions, self._texts, self._parts = [], [], []
        self._outcome(review)
        self.truth.begin("truth", review)
        self.truth.use(used=bool(review.truth))
        if review.truth:
            truth = TruthView(review.truth)
            truth.fact.connect(self.fact)
            truth.gate.connect(self.gate)
            self.truth.add(truth)
            self.regions.append(("truth", truth))
        self._why(review)

    def arrange(self, *, narrow: bool) -> None:
        """Puts names above what they name where there is no room beside."""
        for part in self._parts:
            part.arrange(narrow=narrow)

    def _outcome(self, review: Review) -> None:
        self.outcome.begin("what", review)
        self._changed(review, "consequences", self.outcome)
        card = Outcome(review)
        self.outcome.add(card)
        self.regions.append(("what", card.text))
        if card.follows is not None:
            self.regions.append(("consequences", card.follows))

    def _why(self, review: Review) -> None:
        self.why.begin("", review)
        made = (
            ("reasoning", self._reasoning(review)),
            ("evaluation", self._evaluation(review)),
            ("plan", self._plan(review)),
        )
        first = True
        for name, part in made:
            self._changed(review, name, self.why)
            if part is None:
                continue
            if not first:
                self.why.add(rule())
            first = False
            self.why.add(part)
            self.regions.append((name, part))
        if first:
            self.why.add(Label(_NO_WHY, "body", "muted").wrapped())

    def _changed(self, review: Review, part: str, section: Section) -> None:
        for row in review.since:
            if row.part == part:
                section.add(ChangedSince(part, row.changes))

    def _text(self, name: str, role: str = "body", tone: str = "text") -> LinkText:
        made = LinkText(role, tone)
        made.setAccessibleName(name)
        made.followed.connect(self.followed)
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
        text = self._text("Reasoning")
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
            text = self._text("Justification", "small", "muted")
            text.show_text(review.justification)
            part.content.addWidget(text)
        return part

    def _plan(self, review: Review) -> Part | None:
        if not review.plan:
            return None
        part = self._part("Plan")
        part.content.setSpacing(fonts.measures().unit)
        for number, step in enumerate(review.plan, start=1):
            part.content.addWidget(plan_step(number, step, self._purpose(step)))
        return part

    def _purpose(self, step: PlanRow) -> LinkText | None:
        said = any(segment.text.strip() for segment in step.purpose)
        return self._text("Purpose", "small", "muted") if said else None
