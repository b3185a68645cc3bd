"""Agents by cycles, as a table: a row an agent, a column a cycle."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from converge_desktop.runtime.run_model import AgentRow, Cell
from converge_desktop.ui import words
from converge_desktop.ui.models.looks import Role

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


def cell_words(cell: Cell) -> str:
    """Says what an agent did in a cycle."""
    if cell.running:
        return "running"
    said = [
        f"{words.count(cell.promoted, 'fact')} promoted" if cell.promoted else "",
        f"{cell.asked} waiting for a human" if cell.asked else "",
        f"{cell.refused} refused" if cell.refused else "",
    ]
    told = ", ".join(s for s in said if s)
    if told:
        return told
    return "ran, proposed nothing" if cell.eligible else "not eligible"


def cell_sign(cell: Cell) -> tuple[str, str]:
    """Returns the sign in a cell, and its tone."""
    if cell.running:
        return "▸", "accent"
    parts = []
    if cell.promoted:
        parts.append(str(cell.promoted))
    if cell.asked:
        parts.append(f"{cell.asked}?")
    if cell.refused:
        parts.append(f"{cell.refused}×")
    tone = "danger" if cell.refused else "caution" if cell.asked else "accent"
    if parts:
        return " ".join(parts), tone
    return ("0", "muted") if cell.eligible else ("·", "muted")


class CycleModel(QAbstractTableModel):
    """What each agent did in each cycle. Cycles are added at the right; nothing else moves."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[AgentRow, ...] = ()
        self._cycles = 0

    def show_rows(self, rows: tuple[AgentRow, ...]) -> None:
        """Shows these agents; a run that only went on keeps what is chosen in it."""
        if rows == self._rows:
            return
        cycles = max((len(r.cells) for r in rows), default=0)
        same = [r.agent for r in rows] == [r.agent for r in self._rows]
        if not same or cycles < self._cycles:
            self.beginResetModel()
            self._rows, self._cycles = rows, cycles
            self.endResetModel()
            return
        if cycles > self._cycles:
            self.beginInsertColumns(QModelIndex(), self._cycles, cycles - 1)
            self._rows, self._cycles = rows, cycles
            self.endInsertColumns()
        self._rows = rows
        if rows and cycles:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, cycles - 1))

    def cell(self, row: int, column: int) -> Cell | None:
        """Returns a cell; None where the agent has not come so far."""
        if not 0 <= row < len(self._rows):
            return None
        cells = self._rows[row].cells
        return cells[column] if 0 <= column < len(cells) else None

    def agent(self, row: int) -> str:
        """Returns the name of the agent in a row."""
        return self._rows[row].agent if 0 <= row < len(self._rows) else ""

    def words(self, row: int, column: int) -> str:
        """Says what stands in a cell, in a sentence."""
        cell = self.cell(row, column)
        if cell is None:
            return ""
        return f"{self.agent(row)}, cycle {column + 1}: {cell_words(cell)}"

    def rowCount(self, parent: Index = _NOWHERE) -> int:  # noqa: N802
        """Override QAbstractTableModel.rowCount."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:  # noqa: N802
        """Override QAbstractTableModel.columnCount."""
        return 0 if parent.isValid() else self._cycles

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Override QAbstractTableModel.headerData."""
        across = orientation == Qt.Orientation.Horizontal
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignHCenter if across else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.DisplayRole:
            return str(section + 1) if across else words.one_line(self.agent(section))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"Cycle {section + 1}" if across else words.one_line(self.agent(section))
        if role == Qt.ItemDataRole.ToolTipRole and not across:
            return words.tooltip(self.agent(section))
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Override QAbstractTableModel.data."""
        cell = self.cell(index.row(), index.column()) if index.isValid() else None
        if cell is None:
            return None
        if role == Role.ROW:
            return cell
        if role == Qt.ItemDataRole.DisplayRole:
            return cell_sign(cell)[0]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return words.one_line(self.words(index.row(), index.column()))
        if role == Qt.ItemDataRole.ToolTipRole:
            return words.tooltip(self.words(index.row(), index.column()))
        return None
