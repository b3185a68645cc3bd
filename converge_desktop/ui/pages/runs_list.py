"""The list of all runs, newest first, and what it says where there is none."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout

from converge_desktop.runtime.run_model import RunRow
from converge_desktop.ui import words
from converge_desktop.ui.models.filtering import compile_filter
from converge_desktop.ui.models.lists import RUN_FIELDS, run_look
from converge_desktop.ui.models.rows import RowModel
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.empty import EmptyState
from converge_desktop.ui.widgets.listbar import FilterEdit, list_bar
from converge_desktop.ui.widgets.lists import Panel, RowList, select_in


class RunsList(Panel):
    """Runs, and a filter over them.

    Signals:
        chosen: Another run was chosen, by id.
        again_wanted: The runs are to be asked for again.
        new_wanted: The person wants a new run.
        counted: How many runs have not stopped.
    """

    chosen = Signal(str)
    again_wanted = Signal()
    new_wanted = Signal()
    counted = Signal(int)

    def __init__(self, tools: Tools) -> None:
        super().__init__("master")
        self.model: RowModel[RunRow] = RowModel(lambda r: r.run_id, run_look(tools.clock.now), self)
        self.model.set_order(lambda r: -r.started_at)
        self.rows: dict[str, RunRow] = {}
        self._going: set[str] = set()
        self._counted = -1
        self.known = False
        self._shown = ""
        self._updating = False
        self.filter = FilterEdit("Filter: phase:waiting …", "Filter the runs")
        self.filter.textChanged.connect(self._on_filter)
        new = Button("New run", "Ctrl N", "compact")
        new.clicked.connect(self.new_wanted)
        self.list = RowList(self.model, "Runs")
        self.list.moved.connect(self._on_moved)
        self.none = EmptyState("runs", "Reading the runs…", "The newest comes first.", beside=True)
        self.none.pressed.connect(self._on_none)
        self._left = QStackedWidget()
        self._left.addWidget(self.none)
        self._left.addWidget(self.list)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(list_bar(self.filter, new))
        column.addWidget(self._left, 1)

    def take(self, rows: tuple[RunRow, ...]) -> None:
        """Takes all runs; those that moved meanwhile are known better already."""
        self.known = True
        fresh = {r.run_id: r for r in rows}
        self.rows = fresh | {k: v for k, v in self.rows.items() if k not in fresh}
        self._going = {run_id for run_id, row in self.rows.items() if row.phase != "stopped"}
        self._updating = True
        self.model.set_rows(tuple(self.rows.values()))
        self._updating = False
        self.select(self._shown)
        self._show_left()

    def put(self, row: RunRow) -> None:
        """Takes a run that is new or has moved."""
        self.rows[row.run_id] = row
        (self._going.discard if row.phase == "stopped" else self._going.add)(row.run_id)
        self._updating = True
        self.model.put(row)
        self._updating = False
        self._show_left()
        shown = row.run_id == self._shown
        if shown and self.list.currentIndex().row() != self.model.find(row.run_id):
            self.select(row.run_id)

    def select(self, run_id: str) -> None:
        """Marks the run that is shown, and chooses nothing by it."""
        self._shown = run_id
        self._updating = True
        select_in(self.list, self.model.find(run_id))
        self._updating = False

    def failed(self, error: BaseException) -> None:
        """Says that the runs cannot be read."""
        self.none.tell(
            "The runs cannot be read", words.problem(error), action="Try again", tone="danger"
        )
        self._left.setCurrentIndex(0)

    def refuse(self, problem: str) -> None:
        """Says that there is no ledger to read runs from."""
        if not self.rows:
            self.none.tell("The ledger cannot be used", problem, tone="danger")
            self._left.setCurrentIndex(0)

    def _show_left(self) -> None:
        if len(self._going) != self._counted:
            self._counted = len(self._going)
            self.counted.emit(self._counted)
        if self.model.rowCount():
            self._left.setCurrentIndex(1)
            return
        self._left.setCurrentIndex(0)
        if self.model.total():
            self.none.tell(
                "Nothing passes this filter", "Runs are hidden by it.", action="Clear the filter"
            )
        elif self.known:
            self.none.tell("No run yet", "Every run that is started is listed here.")

    @Slot()
    def _on_none(self) -> None:
        if self.model.total():
            self.filter.clear()
        else:
            self.again_wanted.emit()

    @Slot(int)
    def _on_moved(self, number: int) -> None:
        row = self.model.row_at(number)
        if not self._updating and row is not None:
            self.chosen.emit(row.run_id)

    @Slot(str)
    def _on_filter(self, text: str) -> None:
        self._updating = True
        self.model.set_filter(compile_filter(text, RUN_FIELDS))
        self._updating = False
        self.select(self._shown)
        self._show_left()
