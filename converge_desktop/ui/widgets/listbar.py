"""The bar over a list: a filter, and a button beside it."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from converge_desktop.ui import fonts
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
