"""Choosing two runs, one after the other, and having them compared."""

from __future__ import annotations

from PySide6.QtCore import Slot

from converge_desktop.runtime.run_compare import RunComparison
from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages.comparing import FORGET, Comparing
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.run_compare import RunCompareView
from converge_desktop.ui.pages.run_view import RunPane

_ORIGIN = "Compare with what it continues"


class RunComparing(Comparing):
    """Compares two runs; what the first continues, or was forked from, is offered at once."""

    def __init__(self, tools: Tools, pane: RunPane) -> None:
        super().__init__(tools, pane.compare_strip, "runs", tools.desk.compare_runs)
        self._pane = pane
        self._origin = ""
        self.shown = RunCompareView()
        self.shown.left.connect(self.close)
        self.shown.run_wanted.connect(self._on_run)
        self.shown.trace_wanted.connect(tools.routes.trace)
        self.shown.traces_wanted.connect(tools.routes.compared)
        pane.compare_strip.pressed.connect(self._on_pressed)
        pane.compare_button.clicked.connect(self.take)

    def action(self) -> Action:
        """Returns what begins a comparison, for the one table of actions."""
        return Action(
            *("run.compare", "Compare the run with another…", ("C",), self.take, "View"),
            self.can_take,
            page="runs",
            needs="a run that is shown",
        )

    def can_take(self) -> bool:
        """Says whether a run is shown that can be compared."""
        return self._pane.view is not None and self._pane.isVisible()

    @Slot()
    def take(self) -> None:
        """Takes the run that is shown as the first, or compares it with the first."""
        view = self._pane.view
        if view is None:
            return
        if not self._first:
            self._origin = view.origin
        action = _ORIGIN if self._origin else FORGET
        self.take_one(view.row.run_id, view.row.label, action)

    def leave(self) -> bool:
        """Override Comparing.leave: or forgets the first run."""
        return super().leave() or self.forget()

    def show_found(self, found: RunComparison) -> None:
        """Override Comparing.show_found."""
        self.shown.show_comparison(found)

    def forget_found(self) -> None:
        """Override Comparing.forget_found."""
        self.shown.forget()

    @Slot()
    def _on_pressed(self) -> None:
        if self._first and self._origin:
            self.compare(self._origin, self._first)
        else:
            self.forget()

    @Slot(str)
    def _on_run(self, run_id: str) -> None:
        self.close()
        self._tools.routes.run.emit(run_id)
