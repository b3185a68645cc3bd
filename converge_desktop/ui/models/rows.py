"""A list model over frozen rows that changes as little as it can, so that selections stay."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from converge_desktop.ui import words
from converge_desktop.ui.models.looks import Role, RowLook

R = TypeVar("R")
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_MOST_STEPS = 200
"""Rows that come and go at once are told of one by one up to here; beyond it, all are new."""
_MOST_SINGLY = 8
"""Rows that change at once are told of one by one up to here; beyond it, as one stretch."""


class RowModel(QAbstractListModel, Generic[R]):
    """Rows with a key each; only those that pass the filter, in the order that was chosen."""

    def __init__(
        self,
        key: Callable[[R], str],
        look: Callable[[R], RowLook],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._key = key
        self._look = look
        self._all: dict[str, R] = {}
        self._shown: list[R] = []
        self._shown_at: dict[str, int] | None = {}
        self._keep: Callable[[R], bool] | None = None
        self._order: Callable[[R], Any] | None = None

    def set_rows(self, rows: Sequence[R]) -> None:
        """Shows these rows."""
        self._all = {self._key(row): row for row in rows}
        self._update()

    def put(self, row: R) -> None:
        """Shows one row that is new or has changed, and looks at no other."""
        key = self._key(row)
        at = self._place(key) if key in self._all else -1
        self._all[key] = row
        passes = self._keep is None or self._keep(row)
        if at < 0 and not passes:
            return
        if at >= 0 and passes and self._rank(self._shown[at]) == self._rank(row):
            self._shown[at] = row
            self.dataChanged.emit(self.index(at), self.index(at))
        elif at < 0 and self._order is not None:
            at = bisect_right(self._shown, self._rank(row), key=self._rank)
            self.beginInsertRows(QModelIndex(), at, at)
            self._shown.insert(at, row)
            self._shown_at = None
            self.endInsertRows()
        else:
            self._update()

    def set_filter(self, keep: Callable[[R], bool] | None) -> None:
        """Shows only the rows that pass."""
        self._keep = keep
        self._update()

    def set_order(self, order: Callable[[R], Any] | None) -> None:
        """Orders the rows by a key; without one they keep the order they came in."""
        self._order = order
        self._update()

    def refresh(self) -> None:
        """Has every row drawn again, for instance because time has passed."""
        if self._shown:
            self.dataChanged.emit(self.index(0), self.index(len(self._shown) - 1))

    def remove(self, key: str) -> None:
        """Takes one row out."""
        if self._all.pop(key, None) is not None:
            self._update()

    def total(self) -> int:
        """Counts the rows, those that the filter hides included."""
        return len(self._all)

    def contains(self, key: str) -> bool:
        """Says whether a row is there, whether or not the filter shows it."""
        return key in self._all

    def row_at(self, number: int) -> R | None:
        """Returns a row that is shown."""
        return self._shown[number] if 0 <= number < len(self._shown) else None

    def find(self, key: str) -> int:
        """Returns the place of a row that is shown, or -1."""
        return self._place(key)

    def rowCount(self, parent: Index = _NOWHERE) -> int:  # noqa: N802
        """Override QAbstractListModel.rowCount."""
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Override QAbstractListModel.data."""
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        row = self._shown[index.row()]
        if role == Role.ROW:
            return row
        if role == Role.LOOK:
            return self._look(row)
        if role == Qt.ItemDataRole.DisplayRole:
            return words.one_line(self._look(row).title)
        if role == Qt.ItemDataRole.ToolTipRole:
            look = self._look(row)
            return words.tooltip(look.tip or look.title)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            look = self._look(row)
            said = look.spoken or f"{look.title}, {look.right}, {look.subtitle}"
            return words.one_line(said)
        return None

    def _place(self, key: str) -> int:
        """Returns the place of a row that is shown, or -1; counted anew once they have moved."""
        if self._shown_at is None and self._order is not None and key in self._all:
            return self._place_by_rank(key)
        if self._shown_at is None:
            self._shown_at = {self._key(row): place for place, row in enumerate(self._shown)}
        return self._shown_at.get(key, -1)

    def _place_by_rank(self, key: str) -> int:
        """Finds a row where its rank says that it stands, without counting the others."""
        rank = self._rank(self._all[key])
        for place in range(bisect_left(self._shown, rank, key=self._rank), len(self._shown)):
            if self._key(self._shown[place]) == key:
                return place
            if self._rank(self._shown[place]) != rank:
                break
        return -1

    def _rank(self, row: R) -> Any:
        return self._order(row) if self._order is not None else 0

    def _update(self) -> None:
        rows = [r for r in self._all.values() if self._keep is None or self._keep(r)]
        if self._order is not None:
            rows.sort(key=self._order)
        old = [self._key(r) for r in self._shown]
        new = [self._key(r) for r in rows]
        if old == new:
            self._replace(rows)
            return
        staying = set(new)
        kept = [k for k in old if k in staying]
        before = set(old)
        many = len(old) + len(new) - 2 * len(kept) > _MOST_STEPS
        if many or kept != [k for k in new if k in before]:
            self.beginResetModel()
            self._shown, self._shown_at = rows, None
            self.endResetModel()
            return
        for number in range(len(old) - 1, -1, -1):
            if old[number] not in staying:
                self.beginRemoveRows(QModelIndex(), number, number)
                del self._shown[number]
                self._shown_at = None
                self.endRemoveRows()
        self._insert(rows, new, before)
        self._replace(rows)

    def _insert(self, rows: list[R], new: list[str], before: set[str]) -> None:
        number = 0
        while number < len(new):
            if new[number] in before:
                number += 1
                continue
            last = number
            while last + 1 < len(new) and new[last + 1] not in before:
                last += 1
            self.beginInsertRows(QModelIndex(), number, last)
            self._shown[number:number] = rows[number : last + 1]
            self._shown_at = None
            self.endInsertRows()
            number = last + 1

    def _replace(self, rows: list[R]) -> None:
        pairs = enumerate(zip(self._shown, rows, strict=True))
        changed = [n for n, (old, new) in pairs if old is not new and old != new]
        self._shown = rows
        if len(changed) > _MOST_SINGLY:
            self.dataChanged.emit(self.index(changed[0]), self.index(changed[-1]))
            return
        for number in changed:  # a view paints one row alone, but of several rows all
            self.dataChanged.emit(self.index(number), self.index(number))
