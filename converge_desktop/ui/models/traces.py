"""The table of recorded steps: their count is known, their content is read page by page.

Under a filter it holds those that were found so far instead.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from converge_desktop.runtime.readmodel import TraceRow
from converge_desktop.ui import words
from converge_desktop.ui.models.looks import CellLook, Role

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()

PAGE = 128
_CACHED = 64
COLUMNS = ("run", "step", "contract", "time", "tokens")
_FIRST_RIGHT = COLUMNS.index("time")
OUTCOME_TONES = {"valid": "good", "invalid": "danger", "uncertain": "caution"}
TRACE_FIELDS: Mapping[str, Callable[[TraceRow], str]] = {
    "step": lambda r: r.step,
    "headline": lambda r: r.headline,
    "contract": lambda r: r.outcome,
    "valid": lambda r: "yes" if r.outcome == "valid" else "no",
    "run": lambda r: r.run_label,
}
_UNREAD = (CellLook("…", tone="muted"), *(CellLook("") for _ in COLUMNS[1:]))


def _cells(row: TraceRow | None) -> tuple[CellLook, ...]:
    if row is None:
        return _UNREAD
    tone = OUTCOME_TONES.get(row.outcome, "danger")
    return (
        CellLook(row.run_label, tone="muted", mono=True),
        CellLook(row.headline, strong=row.step),
        CellLook(row.outcome, tone=tone),
        CellLook(words.duration(row.duration), tone="muted", right=True),
        CellLook(f"{row.tokens:,}", tone="muted", right=True),
    )


class TraceModel(QAbstractTableModel):
    """Steps, newest first. They are numbered from the oldest, 0, so that no number ever moves.

    Signals:
        wanted: A page is looked at that was not read: its first number, and how many.
    """

    wanted = Signal(int, int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._count = 0
        self._pages: OrderedDict[int, dict[int, TraceRow]] = OrderedDict()
        self._asked: set[int] = set()
        self._keep: Callable[[TraceRow], bool] | None = None
        self._found: list[TraceRow] = []

    def total(self) -> int:
        """Counts the steps, those that the filter hides included."""
        return self._count

    def set_count(self, count: int) -> None:
        """Grows the table to the latest step."""
        grown = count - self._count
        if grown <= 0:
            return
        if self._keep is not None:
            self._count = count
            return
        self.beginInsertRows(QModelIndex(), 0, grown - 1)
        self._count = count
        self.endInsertRows()

    def add(self, rows: Sequence[TraceRow], total: int = 0) -> None:
        """Puts newly recorded steps on top.

        Args:
            rows: The steps, oldest first.
            total: How many there are with them; if it is not known, they are all new.
        """
        total = total or self._count + len(rows)
        fresh = rows[max(0, len(rows) - max(0, total - self._count)) :]
        self.set_count(total)
        for number, row in enumerate(rows, start=total - len(rows)):
            self._page(number // PAGE)[number] = row
        if self._keep is None:
            return
        passing = [row for row in reversed(fresh) if self._keep(row)]
        if passing:
            self.beginInsertRows(QModelIndex(), 0, len(passing) - 1)
            self._found[:0] = passing
            self.endInsertRows()

    def take(self, first: int, rows: Sequence[TraceRow]) -> None:
        """Takes a page that was read."""
        self._asked.discard(first // PAGE)
        self._page(first // PAGE).update(enumerate(rows, start=first))
        last = min(first + len(rows), self._count) - 1
        if self._keep is None and first <= last:
            top, bottom = self.row_of(last), self.row_of(first)
            self.dataChanged.emit(self.index(top, 0), self.index(bottom, len(COLUMNS) - 1))

    def give_up(self, first: int) -> None:
        """Notes that a page could not be read; it is asked for again when looked at again."""
        self._asked.discard(first // PAGE)

    def set_filter(self, keep: Callable[[TraceRow], bool] | None) -> None:
        """Shows only steps that pass, as they are found; without a filter, all."""
        self.beginResetModel()
        self._keep = keep
        self._found = []
        self.endResetModel()

    def found(self, rows: Sequence[TraceRow]) -> None:
        """Puts steps that pass the filter behind those that were found, newest first."""
        if not rows:
            return
        end = len(self._found)
        self.beginInsertRows(QModelIndex(), end, end + len(rows) - 1)
        self._found += rows
        self.endInsertRows()

    def row_at(self, number: int) -> TraceRow | None:
        """Returns a step that is shown, or asks for it and returns nothing."""
        if not 0 <= number < self.rowCount():
            return None
        if self._keep is not None:
            return self._found[number]
        place = self._count - 1 - number
        page = place // PAGE
        row = self._pages.get(page, {}).get(place)
        if row is not None:
            self._pages.move_to_end(page)
        elif page not in self._asked:
            self._asked.add(page)
            self.wanted.emit(page * PAGE, PAGE)
            return self._pages.get(page, {}).get(place)  # a quick desk has answered by now
        return row

    def row_of(self, place: int) -> int:
        """Returns the row of the step of a number, or -1; under a filter it is not known."""
        if self._keep is not None or not 0 <= place < self._count:
            return -1
        return self._count - 1 - place

    def find(self, trace_id: str) -> int:
        """Returns the row of a step that was read or found, or -1."""
        if self._keep is not None:
            rows = (n for n, row in enumerate(self._found) if row.trace_id == trace_id)
            return next(rows, -1)
        for page in self._pages.values():
            for place, row in page.items():
                if row.trace_id == trace_id:
                    return self.row_of(place)
        return -1

    def rowCount(self, parent: Index = _NOWHERE) -> int:  # noqa: N802
        """Override QAbstractTableModel.rowCount."""
        if parent.isValid():
            return 0
        return self._count if self._keep is None else len(self._found)

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
                right = section >= _FIRST_RIGHT
                side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
                return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Override QAbstractTableModel.data."""
        if not index.isValid() or index.row() >= self.rowCount():
            return None
        row = self.row_at(index.row())
        if role == Role.ROW:
            return row
        look = _cells(row)[index.column()]
        if role == Role.LOOK:
            return look
        if role == Qt.ItemDataRole.DisplayRole:
            return words.one_line(f"{look.strong} {look.text}".strip())
        if role == Qt.ItemDataRole.ToolTipRole and row is not None:
            return words.tooltip(f"{row.trace_id}\n{words.full_time(row.at)}")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return words.one_line(f"{COLUMNS[index.column()]} {look.strong} {look.text}")
        return None

    def _page(self, page: int) -> dict[int, TraceRow]:
        found = self._pages.setdefault(page, {})
        self._pages.move_to_end(page)
        while len(self._pages) > _CACHED:
            self._pages.popitem(last=False)
        return found
