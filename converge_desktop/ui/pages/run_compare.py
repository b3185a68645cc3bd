"""Two runs side by side: where they part first, call by call, and what only one of them knows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from converge_desktop.runtime.run_compare import CallPair, RunComparison, RunSide
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.comparison_view import ComparisonView, Verdict
from converge_desktop.ui.pages.trace_sheet import card_of, column_of, folded, section_of
from converge_desktop.ui.pages.trace_side import SIDES
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import ChipButton, ChipRow
from converge_desktop.ui.widgets.labels import Label, caption
from converge_desktop.ui.widgets.whole_text import WholeText

MOST_PAIRS = 40
"""So many pairs of calls that differ are shown; more would be read by nobody."""


class RunCompareView(ComparisonView):
    """Shows a comparison of two runs; every pair of calls leads to the two compared.

    Signals:
        run_wanted: The person asks for one of the runs, by its id.
        trace_wanted: The person asks for a call that only one run has, by its id.
        traces_wanted: The person asks for two calls compared, by their ids.
    """

    run_wanted = Signal(str)
    trace_wanted = Signal(str)
    traces_wanted = Signal(str, str)

    def __init__(self) -> None:
        super().__init__("Two runs compared")

    def show_comparison(self, found: RunComparison) -> None:
        """Shows a comparison, from its top."""
        sides = (found.one, found.other)
        self.show_parts(
            verdict(found),
            self.side_by_side(*map(self._head, SIDES, sides)),
            *self._calls(found),
            *(_facts(side) for side in sides if side.facts),
        )

    def _head(self, side: str, run: RunSide) -> QWidget:
        show = ChipButton("Show this run", run.run_id)
        show.setAccessibleName(f"Show the {side.lower()} run, {run.label}")
        show.clicked.connect(partial(self.run_wanted.emit, run.run_id))
        chips = ChipRow()
        chips.show_chips(show)
        title = Label(f"{_upper(run.label)}: {words.one_line(run.subject)}", "heading").wrapped()
        return card_of(caption(side), title, Label(run.ended, "small", "muted").wrapped(), chips)

    def _calls(self, found: RunComparison) -> tuple[QWidget, ...]:
        """Makes the calls that differ, in their order, and folds away those that do not."""
        made, other = [], found.differing
        if other:
            rows = [self._row(pair) for pair in other[:MOST_PAIRS]]
            left = len(other) - MOST_PAIRS
            if left > 0:
                said = f"{words.count(left, 'more step')} differ; Traces lists all of both runs."
                rows.append(Label(said, "small", "muted").wrapped())
            made.append(section_of("Steps that differ", *rows))
        same = [pair for pair in found.pairs if not pair.differs]
        if same:
            title = words.count(len(same), "step is the same", "steps are the same")
            about = "prompt, envelope and answer, to the byte"
            made.append(folded(title, about, partial(_same, same)))
        return tuple(made)

    def _row(self, pair: CallPair) -> QWidget:
        made = QWidget()
        row = QHBoxLayout(made)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(fonts.measures().unit)
        said = column_of(
            Label(where(pair), "small-strong").wrapped(),
            Label(pair.words, "small", "muted").wrapped(),
            gap=1,
        )
        row.addWidget(said, 1)
        both = bool(pair.one and pair.other)
        lead = Button("Compare" if both else "Show", kind="compact")
        lead.setAccessibleName(f"{lead.text()} the calls: {where(pair)}" if both else where(pair))
        if both:
            lead.clicked.connect(partial(self._lead_to_both, pair.one, pair.other))
        else:
            lead.clicked.connect(partial(self._lead_to_one, pair.one or pair.other))
        row.addWidget(lead, 0, Qt.AlignmentFlag.AlignTop)
        return made

    def _lead_to_both(self, one: str, other: str) -> None:
        self.traces_wanted.emit(one, other)

    def _lead_to_one(self, trace_id: str) -> None:
        self.trace_wanted.emit(trace_id)


def where(pair: CallPair) -> str:
    """Says where a pair of calls stands: ``Cycle 2, evaluation``."""
    step = "" if pair.step == pair.agent else f", {pair.step}"
    return f"Cycle {pair.cycle}, {pair.agent}{step}"


def verdict(found: RunComparison) -> Verdict:
    """Returns icon, tone, the sentence on top, and how much is other in all."""
    if not found.first:
        more = "Their steps, their facts and how they stand are the same."
        return "check", "good", "Nothing differs.", more
    calls = f"{len(found.differing):,} of {words.count(len(found.pairs), 'step')} differ"
    facts = [len(side.facts) + side.more_facts for side in (found.one, found.other)]
    labels = (found.one.label, found.other.label)
    only = (
        f"{words.count(count, 'fact')} only in {label}"
        for count, label in zip(facts, labels, strict=True)
    )
    return "alert", "caution", found.first, f"{calls}; {'; '.join(only)}."


def _same(pairs: Sequence[CallPair]) -> QWidget:
    return WholeText("\n".join(map(where, pairs)), "small")


def _facts(side: RunSide) -> QWidget:
    lines = [f"{fact.key}: {words.one_line(fact.content)}" for fact in side.facts]
    if side.more_facts:
        lines.append(f"And {words.count(side.more_facts, 'more fact')}.")
    text = WholeText("\n".join(lines), "small").copyable()
    return section_of(f"Facts that only {side.label} has", text.called(f"Only in {side.label}"))


def _upper(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
