"""The parts of the inspector: how it became a fact, on what it rests, what corrected it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.fact_model import CorrectionRow, FactView
from converge_desktop.runtime.review_model import EvidenceRow
from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.checks import check_line, check_rows
from converge_desktop.ui.widgets.chips import ChipButton, clear
from converge_desktop.ui.widgets.disclosure import Disclosure
from converge_desktop.ui.widgets.labels import Label, caption

_MOST = 12
"""So many facts of the evidence are listed; the tree has all of them."""


class Leads(QWidget):
    """A section whose chips lead somewhere.

    Signals:
        followed: A chip was pressed: what it leads to (``fact``, ``trace``, ``gate`` or
            ``record``), and its id.
    """

    followed = Signal(str, str)

    def __init__(self, title: str) -> None:
        super().__init__()
        unit = fonts.measures().unit
        self._leads: dict[ChipButton, tuple[str, str]] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, unit)
        column.setSpacing(unit)
        column.addWidget(caption(title))
        self.rows = QVBoxLayout()
        self.rows.setSpacing(unit // 2 + 2)
        column.addLayout(self.rows)

    def empty(self) -> None:
        """Forgets what it showed."""
        clear(self.rows)
        self._leads = {}

    def lead(self, text: str, kind: str, name: str, about: str = "") -> ChipButton:
        """Makes a chip that leads somewhere."""
        chip = ChipButton(text, name if len(name) > len(text) else "")
        chip.setAccessibleName(words.one_line(f"{text}: {about}" if about else text))
        chip.clicked.connect(self._on_chip)
        self._leads[chip] = (kind, name)
        return chip

    @Slot()
    def _on_chip(self) -> None:
        chip = self.sender()
        if isinstance(chip, ChipButton) and chip in self._leads:
            self.followed.emit(*self._leads[chip])


class PromotionSection(Leads):
    """How it became a fact: who or what let it pass, when, after which checks."""

    def __init__(self) -> None:
        super().__init__("How it became a fact")

    def show_fact(self, view: FactView, now: int) -> None:
        """Shows a promotion record, and where it stands in the ledger."""
        self.empty()
        holder = QWidget()
        self._grid = QGridLayout(holder)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(fonts.measures().unit * 2)
        self._grid.setVerticalSpacing(fonts.measures().unit // 2)
        self._grid.setColumnStretch(1, 1)
        self._row("approved by", approved_words(view))
        when = Label(words.ago(view.at, now), "small")
        when.setToolTip(words.tooltip(words.full_time(view.at)))
        when.setAccessibleName(f"{words.ago(view.at, now)}, {words.full_time(view.at)}")
        self._add("when", when)
        for one in view.verdicts:
            told = f"{one.operator}: {one.verdict}" + (f", “{one.reason}”" if one.reason else "")
            self._row("decision", told, self.lead("Review", "gate", one.gate_id, told))
        self._row("proposed by", _proposed(view))
        if view.read_at:
            for source, place in view.read_at:
                self._row("read at", f"{source} · {place}")
        self._row("gate", view.promoter)
        if view.policy:
            self._row("policy", words.short_id(view.policy, 18), tip=view.policy)
        if view.card.seq >= 0:
            record = self.lead("Open", "record", str(view.card.seq), "the record in the ledger")
            self._row("ledger record", f"{view.card.seq:,}", record)
        for step in view.steps:
            told = f"{step.step}: {step.headline} · replay {step.grade}"
            self._row("step", told, self.lead("Trace", "trace", step.trace_id, told))
        self.rows.addWidget(holder)
        self.rows.addWidget(_checks(view))

    def _row(self, name: str, text: str, lead: QWidget | None = None, *, tip: str = "") -> None:
        said = Label(text, "small").wrapped().selectable()
        said.setToolTip(words.tooltip(tip))
        self._add(name, said, lead)

    def _add(self, name: str, said: QWidget, lead: QWidget | None = None) -> None:
        at = self._grid.rowCount()
        self._grid.addWidget(Label(name, "small", "muted"), at, 0)
        self._grid.addWidget(said, at, 1)
        if lead is not None:
            self._grid.addWidget(lead, at, 2, Qt.AlignmentFlag.AlignRight)


class EvidenceSection(Leads):
    """The facts that it rests on, each with where it was read."""

    def __init__(self) -> None:
        super().__init__("Evidence")

    def show_rows(self, rows: tuple[EvidenceRow, ...]) -> None:
        """Shows these facts; each leads to itself."""
        self.empty()
        if not rows:
            nothing = "It rests on no other fact: it was read from the input, or said by a person."
            self.rows.addWidget(Label(nothing, "small", "muted").wrapped())
        for one in rows[:_MOST]:
            self.rows.addWidget(self._line(one))
        if len(rows) > _MOST:
            more = f"and {len(rows) - _MOST:,} more; the tree below has them all"
            self.rows.addWidget(Label(more, "small", "muted"))

    def _line(self, one: EvidenceRow) -> QWidget:
        where = f"{one.source} · {one.place}" if one.place else one.source
        icon, tone, said = ("check", "good", "Stands")
        if one.standing:
            icon, tone, said = ("alert", "caution", "Corrected since")
            where = f"{where} · corrected since"
        line = check_line(icon, tone, said, one.label, more=where)
        row = line.layout()
        if row is not None:
            row.addWidget(self.lead("Inspect", "fact", one.fact_id, one.label))
        return line


class CorrectionSection(Leads):
    """What it corrected, and what corrected it."""

    def __init__(self) -> None:
        super().__init__("Corrections")

    def show_fact(self, view: FactView) -> None:
        """Shows the corrections on both sides of a fact; hides where there is none."""
        self.empty()
        self.setVisible(view.corrects is not None or bool(view.corrected_by))
        if view.corrects is not None:
            self.rows.addWidget(self._card("It took the place of", view.corrects, "info"))
        for one in view.corrected_by:
            self.rows.addWidget(self._card("Its place was taken by", one, "caution"))

    def _card(self, heading: str, one: CorrectionRow, tone: str) -> QWidget:
        unit = fonts.measures().unit
        made = QFrame()
        made.setProperty("card", "plain")
        row = QHBoxLayout(made)
        row.setContentsMargins(unit + 4, unit, unit + 4, unit)
        row.setSpacing(unit)
        said = QVBoxLayout()
        said.setSpacing(unit // 2)
        said.addWidget(Label(f"{heading} “{one.text}”", "small-strong", tone).wrapped())
        why = f"Because {one.kind}: {one.why}" if one.why else f"Because {one.kind}"
        said.addWidget(Label(words.sentence(why), "small").wrapped())
        where = f"holds for {one.scope} · record {one.seq:,}"
        said.addWidget(Label(where, "small", "muted").wrapped())
        row.addLayout(said, 1)
        row.addWidget(
            self.lead("Inspect", "fact", one.fact_id, one.text), 0, Qt.AlignmentFlag.AlignTop
        )
        return made


def approved_words(view: FactView) -> str:
    """Says who or what let a fact pass."""
    if view.self_approved:
        return f"{view.card.approver}, who wrote it as well"
    if view.by_person and view.rule:
        return f"{view.card.approver}, asked by rule {view.rule}"
    return view.card.approver or "not recorded"


def _proposed(view: FactView) -> str:
    said = view.agent if view.cycle < 0 else f"{view.agent} in cycle {view.cycle}"
    if view.confidence is not None:
        said += f", confidence {words.thousandths(view.confidence)}"
    return said


def _checks(view: FactView) -> QWidget:
    passed = sum(one.passed for one in view.checks)
    content = QWidget()
    column = QVBoxLayout(content)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(fonts.measures().unit // 2)
    for line in check_rows(view.checks):
        column.addWidget(line)
    for name in view.skipped:
        column.addWidget(check_line("info", "muted", "Not run", f"not run: {name}"))
    about = f"{passed} of {len(view.checks)} passed"
    return Disclosure("Checks", about, content)
