"""Going to a call of the list: to the one that is shown, or to the one closest to a time."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from converge_desktop.runtime.trace_model import TraceProblem
from converge_desktop.ui import words
from converge_desktop.ui.models.traces import TraceModel
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.traces_bars import JumpLine
from converge_desktop.ui.pages.traces_finding import tried
from converge_desktop.ui.pages.traces_table import TraceTable


class Going(QObject):
    """Finds out where in the list a call stands, and goes there.

    Attributes:
        shown: the record of the call that the page shows beside the list; -1 where none is.

    Signals:
        lost: What is listed is not kept any more.
    """

    lost = Signal(object)

    def __init__(self, tools: Tools, model: TraceModel, table: TraceTable, line: JumpLine) -> None:
        super().__init__(line)
        self._tools = tools
        self._model = model
        self._table = table
        self._line = line
        self.shown = -1
        line.jumped.connect(self.jump)

    def select(self, seq: int) -> None:
        """Goes to the call that a record says, where it is listed; else to none."""
        self.shown = seq
        row, here = self._model.row_of(seq), self._model.found
        self._go(row)
        if row < 0 <= seq and here is not None:
            asked = tried(partial(self._tools.desk.trace_place_in, here.token, seq))
            found = partial(self._on_place, here.token, seq)
            self._tools.bridge.ask(self, asked, found, lambda _: None)

    def _on_place(self, token: int, seq: int, place: int) -> None:
        here = self._model.found
        if here is not None and here.token == token and seq == self.shown:
            self._go(place)

    def _go(self, row: int) -> None:
        if row < 0:
            self._table.choose(-1)
        elif row != self._table.currentIndex().row():
            self._table.go(row)

    @Slot(object)
    def jump(self, time: int) -> None:
        """Goes to the call that was recorded closest to a time."""
        here = self._model.found
        if here is not None:
            asked = tried(partial(self._tools.desk.trace_at, here.token, time))
            self._tools.bridge.ask(self, asked, self._on_at, self._on_failed)

    def _on_at(self, row: int) -> None:
        if row < 0:
            self._line.tell("No step is listed, so there is none to go to.")
            return
        self._line.leave()
        self._table.choose(row, centered=True)

    def _on_failed(self, error: BaseException) -> None:
        self._line.tell(words.problem(error))
        if isinstance(error, TraceProblem):
            self.lost.emit(error)
