"""The column beside a review: evidence, checks, the rule that asked, notes, recorded steps."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from converge_desktop.runtime.readmodel import Review
from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.checks import check_line, check_rows
from converge_desktop.ui.widgets.chips import ChipButton, ChipRow, clear
from converge_desktop.ui.widgets.evidence import EvidenceList
from converge_desktop.ui.widgets.labels import Label, caption


class ReviewSide(QWidget):
    """What the decision stands on.

    Signals:
        trace_wanted: The person asks for a recorded step.
    """

    trace_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        unit = fonts.measures().unit
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(unit)
        self.evidence = EvidenceList()
        self._column.addWidget(caption("Evidence"))
        self._column.addWidget(self.evidence)
        self._rest = QVBoxLayout()
        self._rest.setSpacing(unit)
        self._column.addLayout(self._rest)
        self._traces: dict[ChipButton, str] = {}

    def show_review(self, review: Review) -> None:
        """Shows what a review stands on."""
        self.evidence.show_rows(review.evidence)
        clear(self._rest)
        self._traces = {}
        self._section("Checks")
        for row in check_rows(review.checks):
            self._rest.addWidget(row)
        if not review.checks:
            self._rest.addWidget(Label("No check ran.", "small", "muted"))
        self._section("Who asked")
        self._rest.addWidget(Label(f"Rule {review.rule}", "small-strong").wrapped())
        if review.rule_reason:
            self._rest.addWidget(Label(words.sentence(review.rule_reason), "small").wrapped())
        if review.may_decide:
            self._rest.addWidget(Label(f"May decide: {review.may_decide}", "small").wrapped())
        notes = (*review.notes, *review.kept)
        if notes:
            self._section("Mind")
            for note in notes:
                self._rest.addWidget(check_line("alert", "caution", "Note", note))
        if review.trace_ids:
            self._section("Recorded steps")
            self._rest.addWidget(self._steps(review))

    def _steps(self, review: Review) -> ChipRow:
        names = {view.row.trace_id: view.row.step for view in review.raw}
        row = ChipRow()
        for trace_id in review.trace_ids:
            chip = ChipButton(names.get(trace_id, words.short_id(trace_id)), trace_id)
            chip.setAccessibleName(f"Open the recorded step {chip.text()}")
            chip.clicked.connect(self._on_trace)
            self._traces[chip] = trace_id
        row.show_chips(*self._traces)
        return row

    def _section(self, name: str) -> None:
        self._rest.addSpacing(fonts.measures().unit)
        self._rest.addWidget(caption(name))

    @Slot()
    def _on_trace(self) -> None:
        chip = self.sender()
        if isinstance(chip, ChipButton) and chip in self._traces:
            self.trace_wanted.emit(self._traces[chip])
