"""Two recorded steps side by side: where they differ first, each difference in its place."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from converge_desktop.runtime.review_model import TraceView
from converge_desktop.runtime.trace_compare import TraceComparison, swapped
from converge_desktop.ui import words
from converge_desktop.ui.pages.comparison_view import ComparisonView, Verdict
from converge_desktop.ui.pages.trace_compare_parts import parts_of, texts_of
from converge_desktop.ui.pages.trace_head import outcome_of
from converge_desktop.ui.pages.trace_sheet import card_of
from converge_desktop.ui.pages.trace_side import SIDES
from converge_desktop.ui.pages.trace_words import title_of
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import ChipButton, ChipRow
from converge_desktop.ui.widgets.labels import Label, caption


class CompareView(ComparisonView):
    """Shows a comparison; the person may swap its sides, open one of them, or go back.

    Signals:
        trace_wanted: The person asks for one of the steps, by its id.
    """

    trace_wanted = Signal(str)

    def __init__(self) -> None:
        swap = Button("Swap sides", "X", "compact").stands_for("trace.swap")
        super().__init__("Two steps compared", swap)
        self.found: TraceComparison | None = None
        self.swap_button = swap
        self.swap_button.clicked.connect(self.swap)

    def show_comparison(self, found: TraceComparison) -> None:
        """Shows a comparison, from its top."""
        self.found = found
        heads = map(self._head, SIDES, (found.one, found.other))
        self.show_parts(verdict(found), self.side_by_side(*heads), *parts_of(found))

    def forget(self) -> None:
        """Override ComparisonView.forget."""
        self.found = None
        super().forget()

    @Slot()
    def swap(self) -> None:
        """Exchanges the sides."""
        if self.found is not None:
            self.show_comparison(swapped(self.found))

    def _head(self, side: str, view: TraceView) -> QWidget:
        chips = ChipRow()
        show = ChipButton("Show this step", view.row.trace_id)
        show.setAccessibleName(f"Show the {side.lower()} step")
        show.clicked.connect(lambda: self.trace_wanted.emit(view.row.trace_id))
        chips.show_chips(*outcome_of(view), show)
        when = words.full_time(view.row.at)
        title = Label(title_of(view.row), "heading").wrapped()
        return card_of(caption(side), title, Label(when, "small", "muted").wrapped(), chips)


def verdict(found: TraceComparison) -> Verdict:
    """Returns icon, tone, the sentence on top, and what it means."""
    if found.first:
        return "alert", "caution", found.first, _differ_words(found)
    took = "What they took differs, as it may." if found.measures else "They took the same, too."
    if found.checks:
        took = "But their checks came out otherwise, below."
    more = f"Prompt, envelope and answer are the same, to the letter. {took}"
    return "check", "good", "Nothing differs.", more


def _differ_words(found: TraceComparison) -> str:
    """Says how much is other in all."""
    every = texts_of(found)
    texts = sum(not text.same for text in every)
    fields = words.count(len(found.envelope), "field") if found.envelope else "no field"
    return f"{texts} of {len(every)} texts differ, and {fields} of the envelope."
