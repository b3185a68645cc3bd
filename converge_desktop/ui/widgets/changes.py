"""What is other than it was, field by field: a sign and a word before each, never colour alone."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from converge_desktop.runtime.deciding_model import Change
from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.chips import clear
from converge_desktop.ui.widgets.labels import Label


class ChangeRows(QWidget):
    """Fields, each with what it said and what it says."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(fonts.measures().unit)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_changes(self, changes: Sequence[Change]) -> None:
        """Shows these changes instead of the ones before."""
        clear(self._grid)
        for change in changes:
            self._row(change)

    def _row(self, change: Change) -> None:
        row = self._grid.rowCount()
        self._grid.addWidget(Label(change.field, "mono-small"), row, 0, 1, 2)
        for sign, name, tone, text in (
            ("−", "before", "danger", change.before),
            ("+", "after", "good", change.after),
        ):
            if not text:
                continue
            row += 1
            mark = Label(sign, "mono-small", tone)
            mark.setAccessibleName(name)
            said = Label(text, "small").wrapped().selectable()
            said.setAccessibleName(f"{change.field}, {name}: {text}")
            self._grid.addWidget(mark, row, 0)
            self._grid.addWidget(said, row, 1)
