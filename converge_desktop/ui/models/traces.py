"""The table of recorded model calls: how many fit is known, what they are is read page by page."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from converge_desktop.runtime.trace_model import FoundTrace, TraceSet
from converge_desktop.ui import words
from converge_desktop.ui.models.looks import CellLook, Role
from converge_desktop.ui.models.traces_columns import COLUMNS, OUTCOME_TONES, STRETCH

__all__ = ["OUTCOME_TONES", "PAGE", "TraceModel"]
Index = QModelIndex | QPersistentModelIndex
Cells = tuple[CellLook, ...]
_NOWHERE = QModelIndex()

PAGE = 128
_CACHED = 16
_UNREAD: Cells = tuple(
    CellLook("…" if n == STRETCH else "", tone="muted") for n in range(len(COLUMNS))
)


class TraceModel(QAbstractTableModel):
    """The calls of a set, in its order. A row is asked for once it is looked at.

    Signals:
        wanted: A page is looked at that was not read: the set's token, its first row, how many.
    """

    wanted = Signal(int, int, int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.found: TraceSet | None = None
        self._count = 0
        self._scores: Sequence[int] = ()
        self._pages: OrderedDict[int, tuple[FoundTrace, ...]] = OrderedDict()
        self._cells: dict[int, Cells] = {}
        self._asked: set[int] = set()
        self._marked: frozenset[int] = frozenset()
        self._sorted = ("", False)

    def show_set(
        self,
        found: TraceSet,
        pages: Mapping[int, tuple[FoundTrace, ...]] | None = None,
        scores: Sequence[int] = (),
    ) -> None:
        """Shows another set.

        Args:
            found: The set.
            pages: What was read of it by now, by the number of the page.
            scores: How near each call is to the one they are like, in thousandths.
        """
        # Rows come and go at the end, so that whoever looks at the list stays where they are.
        more = found.total - self._count
        if more > 0:
            self.beginInsertRows(QModelIndex(), self._count, found.total - 1)
        elif more < 0:
            self.beginRemoveRows(QModelIndex(), found.total, self._count - 1)
        self.found, self._count, self._scores = found, found.total, scores
        self._pages = OrderedDict(pages or {})
        self._cells.clear()
        self._asked.clear()
        if more > 0:
            self.endInsertRows()
        elif more < 0:
            self.endRemoveRows()
        self._changed(0, self._count - 1)

    def take(self, token: int, first: int, rows: tuple[FoundTrace, ...]) -> None:
        """Takes a page that was read; one of an older set is dropped."""
        if self.found is None or token != self.found.token:
            return
        page = first // PAGE
        self._asked.discard(page)
        self._pages[page] = rows
        self._forget_some()
        self._changed(first, min(first + PAGE, self._count) - 1)

    def give_up(self, token: int, first: int) -> None:
        """Notes that a page could not be read; it is asked for again when looked at again."""
        if self.found is not None and token == self.found.token:
            self._asked.discard(first // PAGE)

    def mark(self, seqs: frozenset[int]) -> None:
        """Shows which calls are marked, by their records."""
        self._marked = seqs
        self._changed(0, self._count - 1)

    def sort_mark(self, order: str, *, descending: bool) -> None:
        """Says over the columns what the list is in order by."""
        self._sorted = (order, descending)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)

    def row_at(self, number: int) -> FoundTrace | None:
        """Returns a call that is listed, or asks for its page and returns nothing."""
        if self.found is None or not 0 <= number < self._count:
            return None
        page = number // PAGE
        rows = self._pages.get(page)
        if rows is None:
            if page not in self._asked:
                self._asked.add(page)
                self.wanted.emit(self.found.token, page * PAGE, PAGE)
            return None
        self._pages.move_to_end(page)
        place = number % PAGE
        return rows[place] if place < len(rows) else None

    def read_rows(self, first: int, last: int) -> list[FoundTrace] | None:
        """Returns the calls from one row to another; None if some of them are not read yet."""
        rows = []
        for number in range(first, last + 1):
            page = self._pages.get(number // PAGE, ())
            if number % PAGE >= len(page):
                return None
            rows.append(page[number % PAGE])
        return rows

    def row_of(self, seq: int) -> int:
        """Returns the row of the call that a record says, among those that were read; or -1."""
        for page, rows in self._pages.items():
            for place, found in enumerate(rows):
                if found.seq == seq:
                    return page * PAGE + place
        return -1

    def rowCount(self, parent: Index = _NOWHERE) -> int:  # noqa: N802
        """Override QAbstractTableModel.rowCount."""
        return 0 if parent.isValid() else self._count

    def columnCount(self, parent: Index = _NOWHERE) -> int:  # noqa: N802
        """Override QAbstractTableModel.columnCount."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Override QAbstractTableModel.headerData."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        column = COLUMNS[section]
        order, descending = self._sorted
        is_sorted = bool(order) and column.order == order
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{column.heading} {'↓' if descending else '↑'}" if is_sorted else column.heading
        if role == Qt.ItemDataRole.AccessibleTextRole:
            way = "descending" if descending else "ascending"
            return f"{column.title}, in {way} order" if is_sorted else column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            can = "Click to put the list in order by it." if column.order else ""
            return words.tooltip(f"{column.title}\n{can}".strip())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Override QAbstractTableModel.data."""
        if not index.isValid() or index.row() >= self._count:
            return None
        number, column = index.row(), index.column()
        if role == Role.LOOK:
            return self._row(number)[column]
        if role == Role.MARKED:
            found = self.row_at(number) if self._marked else None
            return found is not None and found.seq in self._marked
        if role == Role.ROW:
            return self.row_at(number)
        if role == Qt.ItemDataRole.DisplayRole:
            look = self._row(number)[column]
            return words.one_line(f"{look.strong} {look.text}".strip())
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
            return self._said(number, column, role)
        return None

    def _said(self, number: int, column: int, role: int) -> str | None:
        found = self.row_at(number)
        look = self._row(number)[column]
        text = f"{look.strong} {look.text}".strip()
        if role == Qt.ItemDataRole.AccessibleTextRole:
            marked = "marked, " if found is not None and found.seq in self._marked else ""
            return words.one_line(f"{marked}{COLUMNS[column].heading} {text}")
        if found is None:
            return None
        note = f"Note: {found.note}" if found.note else ""
        parts = (text, words.full_time(found.row.at), found.row.trace_id, note)
        return words.tooltip("\n".join(filter(None, parts)))

    def _row(self, number: int) -> Cells:
        """Returns how a row looks; made once for as long as its page is kept."""
        cells = self._cells.get(number)
        if cells is None:
            found = self.row_at(number)
            if found is None:
                return _UNREAD
            score = self._scores[number] if number < len(self._scores) else -1
            cells = tuple(column.cell(found, score) for column in COLUMNS)
            self._cells[number] = cells
        return cells

    def _forget_some(self) -> None:
        while len(self._pages) > _CACHED:
            page, _ = self._pages.popitem(last=False)
            for number in range(page * PAGE, (page + 1) * PAGE):
                self._cells.pop(number, None)

    def _changed(self, first: int, last: int) -> None:
        if 0 <= first <= last:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(COLUMNS) - 1))
