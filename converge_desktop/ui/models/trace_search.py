"""Looks through all recorded steps for those that pass a filter, a page at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal

from converge_desktop.runtime.port import DeskPort
from converge_desktop.runtime.readmodel import TraceRow
from converge_desktop.ui.bridge import Bridge

FIRST_STEP, STEP = 250, 500
"""Steps that are asked for at once: so few that a decision that is taken meanwhile hardly waits,
and fewer at first, so that something shows soon."""


class TraceSearch(QObject):
    """Reads from the newest step to the oldest; one page is on its way at any time.

    Attributes:
        looked: How many were looked through.
        of: How many there were when it began.

    Signals:
        found: Steps that pass, newest first; perhaps none. It has moved on by now.
        failed: It ended early, and why.
    """

    found = Signal(object)
    failed = Signal(object)

    def __init__(self, desk: DeskPort, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._bridge = bridge
        self._keep: Callable[[TraceRow], bool] | None = None
        self._turn = 0
        self.looked = 0
        self.of = 0

    @property
    def running(self) -> bool:
        """Whether there is more to look through."""
        return self._keep is not None

    def begin(self, keep: Callable[[TraceRow], bool], count: int) -> None:
        """Looks through ``count`` steps anew."""
        self.stop()
        self.looked, self.of = 0, count
        if count:
            self._keep = keep
            self._ask(FIRST_STEP)

    def stop(self) -> None:
        """Looks no further."""
        self._turn += 1
        self._keep = None

    def _ask(self, step: int) -> None:
        left = self.of - self.looked
        first = max(0, left - step)
        self._bridge.ask(
            self,
            self._desk.trace_page(first, left - first),
            partial(self._on_page, self._turn, left - first),
            partial(self._on_failed, self._turn),
        )

    def _on_page(self, turn: int, many: int, rows: tuple[TraceRow, ...]) -> None:
        if turn != self._turn or self._keep is None:
            return
        passing = [row for row in reversed(rows) if self._keep(row)]
        self.looked += many
        if self.looked >= self.of:
            self._keep = None
        else:
            self._ask(STEP)
        self.found.emit(passing)

    def _on_failed(self, turn: int, error: BaseException) -> None:
        if turn == self._turn:
            self.stop()
            self.failed.emit(error)
