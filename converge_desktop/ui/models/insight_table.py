"""A table of insights, as people read it: sorted by any column, numbers at the right."""

from __future__ import annotations

from collections.abc import Callable
from heapq import nlargest
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from converge_desktop.runtime.insight_model import InsightTable, Kind, Value
from converge_desktop.ui.models.insight_cells import cell
from converge_desktop.ui.models.looks import CellLook, Role
from converge_desktop.ui.words import tooltip

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_OF_WORDS = frozenset([Kind.TEXT, Kind.WEEK])
_LOOKED_AT, _LONGEST = 1_000, 20
"""Of how many rows the longest texts are found, and how many; more would hold the window up."""


class InsightTableModel(QAbstractTableModel):
    """The rows of one table; where nothing could be measured, a row comes last."""

    def __init__(self, now: Callable[[], int], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now = now
        self._table: InsightTable | None = None
        self._order: list[int] = []
        self._sorted = (-1, Qt.SortOrder.AscendingOrder)

    def show_table(self, table: InsightTable) -> None:
        """Shows another table; one with the same columns stays in its order."""
        same = self._table is not None and self._table.columns == table.columns
        self.beginResetModel()
        self._table = table
        if not same:
            self._sorted = (-1, Qt.SortOrder.AscendingOrder)
        self._order = self._places()
        self.endResetModel()

    def sorted_by(self) -> tuple[int, Qt.SortOrder]:
        """Returns the column that the rows are sorted by, -1 if as they were counted, and how."""
        return self._sorted

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Override QAbstractTableModel.sort."""
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        before = [(self._order[one.row()], one.column()) for one in kept]
        self._sorted = (column, order)
        self._order = self._places()
        now_at = {place: row for row, place in enumerate(self._order)}
        moved = [self.index(now_at[place], at) for place, at in before]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()

    def _places(self) -> list[int]:
        if self._table is None:
            return []
        column, order = self._sorted
        places = list(range(len(self._table.rows)))
        if not 0 <= column < len(self._table.columns):
            return places
        values = [row[column] for row in self._table.rows]
        known = [place for place in places if values[place] is not None]
        known.sort(
            key=lambda place: _key(values[place]),
            reverse=order == Qt.SortOrder.DescendingOrder,
        )
        return known + [place for place in places if values[place] is None]

    def longest(self, column: int) -> list[str]:
        """Returns the texts of a column that have the most letters, one of which is the widest."""
        if self._table is None:
            return []
        kind, now = self._table.columns[column].kind, self._now()
        values = {row[column] for row in self._table.rows[:_LOOKED_AT]}
        return nlargest(_LONGEST, (cell(kind, value, now) for value in values), key=len)

    def rowCount(self, parent: Index = _NOWHERE) -> int:  # noqa: N802
        """Override QAbstractTableModel.rowCount."""
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = _NOWHERE) -> int:  # noqa: N802
        """Override QAbstractTableModel.columnCount."""
        return 0 if parent.isValid() or self._table is None else len(self._table.columns)

    def headerData(  # noqa: N802
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Override QAbstractTableModel.headerData."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < self.columnCount():
            return None
        assert self._table is not None, "it has columns"
        column = self._table.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _LEFT if column.kind in _OF_WORDS else _RIGHT
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Override QAbstractTableModel.data."""
        if not index.isValid() or self._table is None:
            return None
        column = self._table.columns[index.column()]
        value = self._table.rows[self._order[index.row()]][index.column()]
        words = column.kind in _OF_WORDS
        if role == Qt.ItemDataRole.DisplayRole:
            return cell(column.kind, value, self._now())
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(cell(column.kind, value, self._now()))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.title}: {cell(column.kind, value, self._now())}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _LEFT if words else _RIGHT
        if role == Role.LOOK:
            shown = cell(column.kind, value, self._now())
            return CellLook(shown, mono=not words, right=not words)
        return None


def _key(value: Value) -> tuple[str, int]:
    return (value.casefold(), 0) if isinstance(value, str) else ("", value or 0)
