"""Choosing two runs, one after the other, and having them compared."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

from converge_desktop.runtime.readmodel import RunView
from converge_desktop.runtime.run_compare import RunComparison
from converge_desktop.ui import words
from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.run_compare import RunCompareView
from converge_desktop.ui.pages.run_view import RunPane
from converge_desktop.ui.pages.traces_finding import tried

_FORGET = "Forget it"
_ORIGIN = "Compare with what it continues"


class RunComparing(QObject):
    """Remembers the first run, asks for the comparison with the second, and shows it.

    What a run continues, or was forked from, is offered at once.

    Signals:
        opened: A comparison is to be seen.
        closed: It is no more.
    """

    opened = Signal()
    closed = Signal()

    def __init__(self, tools: Tools, pane: RunPane) -> None:
        super().__init__(pane)
        self._tools = tools
        self._pane = pane
        self._strip = pane.compare_strip
        self._first: RunView | None = None
        self._asked: tuple[str, str] | None = None
        self._open = False
        self.shown = RunCompareView()
        self.shown.left.connect(self.close)
        self.shown.run_wanted.connect(self._on_run)
        self.shown.trace_wanted.connect(tools.routes.trace)
        self.shown.traces_wanted.connect(tools.routes.compared)
        self._strip.pressed.connect(self._on_pressed)
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

    def is_open(self) -> bool:
        """Says whether a comparison is to be seen."""
        return self._open

    @Slot()
    def take(self) -> None:
        """Takes the run that is shown as the first, or compares it with the first."""
        view = self._pane.view
        if view is None:
            return
        if self._first is None:
            self._first = view
            self._say_first(view, "Choose the other one and press C again; Esc forgets it.")
        elif self._first.row.run_id == view.row.run_id:
            self._say_first(view, "That is the one shown: choose another and press C again.")
        else:
            self.compare(self._first.row.run_id, view.row.run_id)

    def compare(self, one: str, other: str) -> None:
        """Has two runs compared, by their ids."""
        self._first, self._asked = None, (one, other)
        self._strip.work("Comparing the two runs…", action=_FORGET)
        self._tools.bridge.ask(
            self,
            tried(partial(self._tools.desk.compare_runs, one, other)),
            partial(self._on_compared, (one, other)),
            partial(self._on_failed, (one, other)),
        )

    def forget(self) -> bool:
        """Forgets the first run, and a comparison on its way; returns whether there was one."""
        known = self._first is not None or self._asked is not None
        self._first = self._asked = None
        if known:
            self._strip.leave()
        return known

    def leave(self) -> bool:
        """Closes the comparison, or forgets the first run; returns whether there was either."""
        was = self._open
        self.close()
        return was or self.forget()

    @Slot()
    def close(self) -> None:
        """Closes the comparison."""
        if self._open:
            self._open = False
            self.shown.forget()
            self.closed.emit()

    @Slot()
    def _on_pressed(self) -> None:
        first = self._first
        if first is not None and first.origin:
            self.compare(first.origin, first.row.run_id)
        else:
            self.forget()

    @Slot(str)
    def _on_run(self, run_id: str) -> None:
        self.close()
        self._tools.routes.run.emit(run_id)

    def _say_first(self, first: RunView, what: str) -> None:
        said = f"To compare: {first.row.label} is the first. {what}"
        self._strip.work(said, action=_ORIGIN if first.origin else _FORGET)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._strip, said))

    def _on_compared(self, pair: tuple[str, str], found: RunComparison) -> None:
        if pair != self._asked:
            return
        self._asked = None
        self._strip.leave()
        self._open = True
        self.shown.show_comparison(found)
        self.opened.emit()

    def _on_failed(self, pair: tuple[str, str], error: BaseException) -> None:
        if pair != self._asked:
            return
        self._asked = None
        self._strip.tell("danger", f"Nothing was compared. {words.problem(error)}")
