"""The column beside a review: evidence, checks, who asked and decides, precedents, steps."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from converge_desktop.runtime.review_model import Review
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.review_alike import AlikeView
from converge_desktop.ui.pages.review_precedents import PrecedentsView
from converge_desktop.ui.pages.review_section import Section
from converge_desktop.ui.pages.review_standing import RuleView, StandingView
from converge_desktop.ui.pages.review_truth import Leading
from converge_desktop.ui.widgets.checks import check_line, check_rows
from converge_desktop.ui.widgets.chips import ChipRow, clear
from converge_desktop.ui.widgets.evidence import EvidenceList
from converge_desktop.ui.widgets.follow import Follow
from converge_desktop.ui.widgets.labels import Label


class ReviewSide(Leading):
    """What the decision stands on.

    Signals:
        trace_wanted: The person asks for a recorded step.
        run_wanted: The person asks for a run.
    """

    trace_wanted = Signal(str)
    run_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.evidence_section = Section("Evidence")
        self.checks = Section("Checks")
        self.rule = Section("Who asked and who decides")
        self.notes = Section("Mind")
        self.precedents = Section("Precedents")
        self.alike = AlikeView()
        self.alike.run_wanted.connect(self.run_wanted)
        self.alike.gate_wanted.connect(self.gate)
        self.precedents.add(self.alike)
        self.steps = Section("Recorded steps")
        self.regions: list[tuple[str, QWidget]] = []
        self.evidence = EvidenceList()
        self.evidence_section.add(self.evidence)
        self._standing = QVBoxLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(fonts.measures().unit * 2)
        for section in self.sections():
            column.addWidget(section)

    def sections(self) -> tuple[Section, ...]:
        """Lists its sections, in order."""
        return (
            self.evidence_section,
            self.checks,
            self.rule,
            self.notes,
            self.precedents,
            self.steps,
        )

    def show_review(self, review: Review, now: int) -> None:
        """Shows what a review stands on; ``regions`` are then the places of its parts."""
        self.regions = []
        self._evidence(review)
        self._region("checks", self.checks, review, check_rows(review.checks, whole=True))
        if not review.checks:
            self.checks.add(Label("No check ran.", "small", "muted"))
        rule = RuleView(review, now)
        self._region("rule", self.rule, review, [rule])
        self._standing = QVBoxLayout()
        self.rule.add(self._standing)
        notes = (*review.notes, *review.kept)
        lines = [check_line("alert", "caution", "Note", note, whole=True) for note in notes]
        self._region("notes", self.notes, review, lines)
        self.notes.use(used=bool(notes))
        self.steps.begin("", review)
        self.steps.use(used=bool(review.trace_ids))
        self.steps.add(self._steps(review))
        self.alike.begin(review.gate_id)
        self.tell(review, now)

    def tell(self, review: Review, now: int) -> None:
        """Shows how the gate stands by now, and what was decided before; nothing else moves."""
        clear(self._standing)
        if review.standing is not None:
            standing = StandingView(review.standing, review, now)
            standing.gate.connect(self.gate)
            self._standing.addWidget(standing)
        self.precedents.content.removeWidget(self.alike)  # it stays as it is
        self.precedents.begin("", review)
        precedents = PrecedentsView(review.precedents, now)
        precedents.run_wanted.connect(self.run_wanted)
        precedents.gate_wanted.connect(self.gate)
        self.precedents.add(precedents)
        self.precedents.add(self.alike)
        self.alike.leave_out({row.gate_id for row in review.precedents}, now)

    def _evidence(self, review: Review) -> None:
        self.evidence_section.content.removeWidget(self.evidence)
        self.evidence_section.begin("evidence", review)
        self.evidence.show_rows(review.evidence)
        self.evidence_section.add(self.evidence)
        if review.evidence:
            self.regions.append(("evidence", self.evidence))

    def _region(self, part: str, section: Section, review: Review, rows: list[QWidget]) -> None:
        section.begin(part, review)
        for row in rows:
            section.add(row)
            self.regions.append((part, row))

    def _steps(self, review: Review) -> ChipRow:
        names = {view.row.trace_id: view.row.step for view in review.raw}
        row = ChipRow()
        chips = []
        for trace_id in review.trace_ids:
            step = names.get(trace_id, words.short_id(trace_id))
            chip = Follow(step, trace_id, f"Open the recorded step {step}")
            chip.followed.connect(self.trace_wanted)
            chips.append(chip)
        row.show_chips(*chips)
        return row
