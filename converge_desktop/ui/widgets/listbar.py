"""The bar over a list: a filter, and a button beside it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QWidget

from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.lists import Panel


class FilterEdit(QLineEdit):
    """Where a list is filtered."""

    def __init__(self, hint: str, name: str) -> None:
        super().__init__()
        self.setPlaceholderText(hint)
        self.setAccessibleName(name)
        self.setProperty("compact", "true")
        self.setFont(fonts.font("body"))
        self.setClearButtonEnabled(False)


class SortButton(Button):
    """Says how a list is ordered, and lets it be ordered otherwise.

    Signals:
        chosen: Another order was chosen, by name.
    """

    chosen = Signal(str)

    def __init__(self, orders: list[str], current: str) -> None:
        super().__init__(f"{current} ▾", kind="compact")
        self.setAccessibleName(f"Order: {current}")
        self._menu = QMenu(self)
        group = QActionGroup(self._menu)
        for name in orders:
            action = QAction(name, self._menu, checkable=True, checked=name == current)
            group.addAction(action)
            self._menu.addAction(action)
        group.triggered.connect(self._on_triggered)
        self.clicked.connect(self._open)

    def choose(self, name: str) -> None:
        """Takes an order, as if it had been chosen from the menu."""
        for action in self._menu.actions():
            if action.text() == name:
                action.trigger()

    def _open(self) -> None:
        self._menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _on_triggered(self, action: QAction) -> None:
        self.setText(f"{action.text()} ▾")
        self.setAccessibleName(f"Order: {action.text()}")
        self.chosen.emit(action.text())


def list_bar(*widgets: QWidget) -> QWidget:
    """Makes the bar; the first widget takes the room there is."""
    made = Panel("listbar")
    unit = fonts.measures().unit
    row = QHBoxLayout(made)
    row.setContentsMargins(unit + 4, unit, unit + 4, unit)
    row.setSpacing(unit)
    for number, widget in enumerate(widgets):
        row.addWidget(widget, 1 if number == 0 else 0)
    return made
