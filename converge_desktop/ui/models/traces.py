"""The table of recorded steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from converge_desktop.runtime.readmodel import TraceRow
from converge_desktop.ui import words
from converge_desktop.ui.models.looks import CellLook, Role

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()

COLUMNS = ("run", "step", "contract", "time", "tokens")
OUTCOME_TONES = {"valid": "good", "invalid": "danger", "uncertain": "caution"}
TRACE_FIELDS: Mapping[str, Callable[[TraceRow], str]] = {
    "step": lambda r: r.step,
    "headline": lambda r: r.headline,
    "contract": lambda r: r.outcome,
    "valid": lambda r: "yes" if r.outcome == "valid" else "no",
    "run": lambda r: r.run_label,
}


def _cells(row: TraceRow) -> tuple[CellLook, ...]:
    tone = OUTCOME_TONES.get(row.outcome, "danger")
    return (
        CellLook(row.run_label, tone="muted", mono=True),
        CellLook(row.headline, strong=row.step),
        CellLook(row.outcome, tone=tone),
        CellLook(words.duration(row.duration), tone="muted", right=True),
        CellLook(f"{row.tokens:,}", tone="muted", right=True),
    )


class TraceModel(QAbstractTableModel):
    """Steps, newest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: list[TraceRow] = []
        self._shown: list[TraceRow] = []
        self._keep: Callable[[TraceRow], bool] | None = None

    def set_rows(self, rows: Sequence[TraceRow]) -> None:
        """Shows these steps."""
        self.beginResetModel()
        self._all = list(rows)
        self._shown = [r for r in rows if self._keep is None or self._keep(r)]
        self.endResetModel()

    def add(self, rows: Sequence[TraceRow]) -> None:
        """Puts newly recorded steps on top; one that is there already is left alone."""
        known = {r.trace_id for r in self._all}
        fresh = [r for r in rows if r.trace_id not in known]
        fresh.sort(key=lambda r: r.at, reverse=True)
        self._all[:0] = fresh
        passing = [r for r in fresh if self._keep is None or self._keep(r)]
        if passing:
            self.beginInsertRows(QModelIndex(), 0, len(passing) - 1)
            self._shown[:0] = passing
            self.endInsertRows()

    def set_filter(self, keep: Callable[[TraceRow], bool] | None) -> None:
        """Shows only the steps that pass."""
        self._keep = keep
        self.set_rows(self._all)

    def total(self) -> int:
        """Counts the steps, those that the filter hides included."""
        return len(self._all)

    def row_at(self, number: int) -> TraceRow | None:
        """Returns a step that is shown."""
        return self._shown[number] if 0 <= number < len(self._shown) else None

    def find(self, trace_id: str) -> int:
        """Returns the place of a step that is shown, or -1."""
        for number, row in enumerate(self._shown):
            if row.trace_id == trace_id:
                return number
        return -1

    def rowCount(self, parent: Index = _NOWHERE) -> int:  # noqa: N802
        """Override QAbstractTableModel.rowCount."""
        return 0 if parent.isValid() else len(self._shown)

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
                side = Qt.AlignmentFlag.AlignRight if section > 2 else Qt.AlignmentFlag.AlignLeft  # noqa: PLR2004
                return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Override QAbstractTableModel.data."""
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        row = self._shown[index.row()]
        if role == Role.ROW:
            return row
        if role == Role.LOOK:
            return _cells(row)[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            look = _cells(row)[index.column()]
            return words.one_line(f"{look.strong} {look.text}".strip())
        if role == Qt.ItemDataRole.ToolTipRole:
            return words.tooltip(f"{row.trace_id}\n{words.full_time(row.at)}")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            look = _cells(row)[index.column()]
            return words.one_line(f"{COLUMNS[index.column()]} {look.strong} {look.text}")
        return None
