"""Choosing two recorded steps, one after the other, and having them compared."""

from __future__ import annotations

from converge_desktop.runtime.review_model import TraceRow
from converge_desktop.runtime.trace_compare import TraceComparison
from converge_desktop.ui.pages.comparing import Comparing
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.trace_compare import CompareView
from converge_desktop.ui.pages.trace_words import title_of
from converge_desktop.ui.widgets.task_strip import TaskStrip


class TraceComparing(Comparing):
    """Compares two steps."""

    def __init__(self, tools: Tools, strip: TaskStrip) -> None:
        super().__init__(tools, strip, "steps", tools.desk.compare_traces)
        self.shown = CompareView()
        self.shown.left.connect(self.close)
        strip.pressed.connect(self.forget)

    def take(self, row: TraceRow) -> None:
        """Takes a step as the first, or compares it with the first."""
        self.take_one(row.trace_id, title_of(row))

    def show_found(self, found: TraceComparison) -> None:
        """Override Comparing.show_found."""
        self.shown.show_comparison(found)

    def forget_found(self) -> None:
        """Override Comparing.forget_found."""
        self.shown.forget()
