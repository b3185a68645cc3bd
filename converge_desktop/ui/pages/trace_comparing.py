"""Choosing two recorded steps, one after the other, and having them compared."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

from converge_desktop.runtime.readmodel import TraceRow
from converge_desktop.runtime.trace_compare import TraceComparison
from converge_desktop.ui import words
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.trace_compare import CompareView
from converge_desktop.ui.pages.trace_words import title_of
from converge_desktop.ui.pages.traces_finding import tried
from converge_desktop.ui.widgets.task_strip import TaskStrip

_FORGET = "Forget it"


class Comparing(QObject):
    """Remembers the first step, asks for the comparison with the second, and shows it.

    Signals:
        opened: A comparison is to be seen.
        closed: It is no more.
    """

    opened = Signal()
    closed = Signal()

    def __init__(self, tools: Tools, strip: TaskStrip) -> None:
        super().__init__(strip)
        self._tools = tools
        self._strip = strip
        self._first: TraceRow | None = None
        self._asked: tuple[str, str] | None = None
        self._open = False
        self.shown = CompareView()
        self.shown.left.connect(self.close)
        strip.pressed.connect(self.forget)

    def is_open(self) -> bool:
        """Says whether a comparison is to be seen."""
        return self._open

    def take(self, row: TraceRow) -> None:
        """Takes a step as the first, or compares it with the first."""
        if self._asked is not None:
            return  # pressed once too often: two are on their way
        if self._first is None:
            self._first = row
            self._say_first("Choose the other one and press C again; Esc forgets it.")
        elif self._first.trace_id == row.trace_id:
            self._say_first("That is the one shown: choose another and press C again.")
        else:
            self.compare(self._first.trace_id, row.trace_id)

    def compare(self, one: str, other: str) -> None:
        """Has two steps compared, by their ids."""
        self._first, self._asked = None, (one, other)
        self._strip.work("Comparing the two steps…", action=_FORGET)
        self._tools.bridge.ask(
            self,
            tried(partial(self._tools.desk.compare_traces, one, other)),
            partial(self._on_compared, (one, other)),
            partial(self._on_failed, (one, other)),
        )

    @Slot()
    def forget(self) -> bool:
        """Forgets the first step, and a comparison on its way; returns whether there was one."""
        known = self._first is not None or self._asked is not None
        self._first = self._asked = None
        if known:
            self._strip.leave()
        return known

    def leave(self) -> bool:
        """Closes the comparison; returns whether one was to be seen."""
        was = self._open
        self.close()
        return was

    @Slot()
    def close(self) -> None:
        """Closes the comparison."""
        if self._open:
            self._open = False
            self.shown.forget()
            self.closed.emit()

    def _say_first(self, what: str) -> None:
        assert self._first is not None
        title = title_of(self._first)
        said = f"To compare: {title} is the first. {what}"
        self._strip.work(said, action=_FORGET)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._strip, said))

    def _on_compared(self, pair: tuple[str, str], found: TraceComparison) -> None:
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
