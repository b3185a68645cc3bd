"""The ledger as a table: the count of records is known, their content is read page by page."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from converge_desktop.runtime.ledger_model import LedgerRow
from converge_desktop.ui import words
from converge_desktop.ui.models.looks import CellLook, Role

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()

PAGE = 128
_CACHED = 64
COLUMNS = ("record", "time", "event", "run", "what happened", "hash")


class LedgerModel(QAbstractTableModel):
    """Records, newest first. A record that was not read yet shows its number alone.

    Signals:
        wanted: A page is looked at that was not read: its first sequence number, and how many.
    """

    wanted = Signal(int, int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._last = -1
        self._pages: OrderedDict[int, dict[int, LedgerRow]] = OrderedDict()
        self._asked: set[int] = set()
        self.bad_seq = -1

    def set_last(self, last: int) -> None:
        """Grows the table to the ledger's latest record."""
        if last <= self._last:
            return
        grown = last - self._last
        page = self._last // PAGE
        self._pages.pop(page, None)  # it was not full when it was read
        self._asked.discard(page)
        self.beginInsertRows(QModelIndex(), 0, grown - 1)
        self._last = last
        self.endInsertRows()

    def take(self, first: int, rows: tuple[LedgerRow, ...]) -> None:
        """Takes a page that was read."""
        page = first // PAGE
        self._asked.discard(page)
        self._pages[page] = {row.seq: row for row in rows}
        while len(self._pages) > _CACHED:
            self._pages.popitem(last=False)
        top = self._last - min(self._last, first + PAGE - 1)
        bottom = self._last - first
        if 0 <= top <= bottom < self.rowCount():
            self.dataChanged.emit(self.index(top, 0), self.index(bottom, len(COLUMNS) - 1))

    def give_up(self, first: int) -> None:
        """Notes that a page could not be read; it is asked for again when looked at again."""
        self._asked.discard(first // PAGE)

    def row_of(self, seq: int) -> int:
        """Returns the place of a record, or -1."""
        return self._last - seq if 0 <= seq <= self._last else -1

    def seq_of(self, number: int) -> int:
        """Returns the number of the record in a row, read or not; -1 where there is none."""
        return self._last - number if 0 <= number <= self._last else -1

    def row_at(self, number: int) -> LedgerRow | None:
        """Returns a record, or asks for it and returns nothing."""
        seq = self._last - number
        if number < 0 or seq < 0:
            return None
        page = seq // PAGE
        if page in self._pages:
            self._pages.move_to_end(page)
            return self._pages[page].get(seq)
        if page not in self._asked:
            self._asked.add(page)
            self.wanted.emit(page * PAGE, PAGE)
        return None

    def rowCount(self, parent: Index = _NOWHERE) -> int:  # noqa: N802
        """Override QAbstractTableModel.rowCount."""
        return 0 if parent.isValid() else self._last + 1

    def columnCount(self, parent: Index = _NOWHERE) -> int:  # noqa: N802
        """Override QAbstractTableModel.columnCount."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Override QAbstractTableModel.headerData."""
        if orientation == Qt.Orientation.Horizontal and 0 <= section < len(COLUMNS):
            if role == Qt.ItemDataRole.DisplayRole:
                return COLUMNS[section]
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Override QAbstractTableModel.data."""
        if not index.isValid() or index.row() > self._last:
            return None
        seq = self._last - index.row()
        if role == Role.ROW:
            return self.row_at(index.row())
        if role == Role.LOOK:
            return self._cell(seq, self.row_at(index.row()), index.column())
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            text = self._cell(seq, self.row_at(index.row()), index.column()).text
            named = role == Qt.ItemDataRole.AccessibleTextRole
            return words.one_line(f"{COLUMNS[index.column()]} {text}" if named else text)
        return None

    def _cell(self, seq: int, row: LedgerRow | None, column: int) -> CellLook:
        number = f"{seq:,} ✕" if seq == self.bad_seq else f"{seq:,}"
        tone = "danger" if seq == self.bad_seq else "muted"
        if row is None:
            return CellLook((number, "…", "", "", "", "")[column], tone=tone, mono=column == 0)
        return (
            CellLook(number, tone=tone, mono=True),
            CellLook(words.full_time(row.at), tone="muted"),
            CellLook("", strong=row.kind),
            CellLook(words.short_id(row.run_id), tone="muted", mono=True),
            CellLook(row.summary),
            CellLook(words.short_id(row.hash, 18), tone="muted", mono=True),
        )[column]
