"""The buttons over the list of calls: in which order it is, and which columns it has."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QMenu

from converge_desktop.runtime.trace_model import ORDERS
from converge_desktop.ui import words
from converge_desktop.ui.models.traces_columns import CHOOSABLE, ORDER_WORDS, STANDARD
from converge_desktop.ui.settings import UiSettings
from converge_desktop.ui.widgets.buttons import Button

_ORDER, _COLUMNS = "traces/order", "traces/columns"
_DOWN, _UP = "down", "up"


class SortButton(Button):
    """Says how the list is ordered, and lets it be ordered otherwise.

    Attributes:
        order: one of ``trace_model.ORDERS``.
        descending: whether it is turned round.

    Signals:
        chosen: Another order was chosen.
    """

    chosen = Signal()

    def __init__(self, settings: UiSettings) -> None:
        super().__init__("", kind="compact")
        self._settings = settings
        order, _, way = settings.text(_ORDER).partition(" ")
        known = order in ORDERS and way in {_DOWN, _UP}
        self.order, self.descending = (order, way == _DOWN) if known else ("time", True)
        self.menu_ = QMenu(self)
        self.menu_.setAccessibleName("Sort by")
        self._ways = [QAction(self.menu_, checkable=True) for _ in (_DOWN, _UP)]
        self._orders: dict[str, QAction] = {}
        self._fill()
        self.clicked.connect(self.open)
        self._tell()

    def _fill(self) -> None:
        self.menu_.addSection("Sort by")
        group = QActionGroup(self.menu_)
        for order in ORDERS:
            row = QAction(ORDER_WORDS[order].title, self.menu_, checkable=True)
            row.triggered.connect(partial(self._on_order, order))
            self._orders[order] = group.addAction(row)
            self.menu_.addAction(row)
        self.menu_.addSection("First")
        ways = QActionGroup(self.menu_)
        for descending, row in zip((True, False), self._ways, strict=True):
            row.triggered.connect(partial(self._on_way, descending))
            self.menu_.addAction(ways.addAction(row))

    @Slot()
    def open(self) -> None:
        """Opens the menu at the button."""
        self.menu_.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def sort_by(self, order: str) -> None:
        """Orders the list by something; by the same again turns it round."""
        same = order == self.order
        self.choose(order, descending=not self.descending if same else ORDER_WORDS[order].falls)

    def choose(self, order: str, *, descending: bool) -> None:
        """Orders the list, and remembers how."""
        self.order, self.descending = order, descending
        self._settings.put(_ORDER, f"{order} {_DOWN if descending else _UP}")
        self._tell()
        self.chosen.emit()

    def _on_order(self, order: str, _: bool = False) -> None:
        if order != self.order:
            self.choose(order, descending=ORDER_WORDS[order].falls)

    def _on_way(self, descending: bool, _: bool = False) -> None:
        self.choose(self.order, descending=descending)

    def _tell(self) -> None:
        said = ORDER_WORDS[self.order]
        first = said.down if self.descending else said.up
        self.setText(f"{first} ▾")
        self.setAccessibleName(f"Order: {first} first")
        self.setToolTip(words.tooltip(f"By {said.title.lower()}: {first.lower()} first"))
        self.updateGeometry()
        for order, row in self._orders.items():
            row.setChecked(order == self.order)
        for row, title in zip(self._ways, (said.down, said.up), strict=True):
            row.setText(title)
        self._ways[not self.descending].setChecked(True)


class ColumnsButton(Button):
    """Lets columns be shown and left out; the menu stays open meanwhile.

    Attributes:
        shown: the columns that are shown, by their ids.

    Signals:
        chosen: Others are shown than before.
    """

    chosen = Signal()

    def __init__(self, settings: UiSettings) -> None:
        super().__init__("Columns ▾", kind="compact")
        self.setAccessibleName("Columns")
        self._settings = settings
        known = {column.id for column in CHOOSABLE}
        kept = settings.text(_COLUMNS)
        self.shown = frozenset(kept.split()) & known if kept else STANDARD & known
        self.menu_ = _StayingMenu(self)
        self.menu_.setAccessibleName("Columns")
        self._rows: dict[str, QAction] = {}
        for column in CHOOSABLE:
            row = QAction(column.title, self.menu_, checkable=True)
            row.setChecked(column.id in self.shown)
            row.triggered.connect(partial(self._on_row, column.id))
            self._rows[column.id] = row
            self.menu_.addAction(row)
        self.menu_.addSeparator()
        self.menu_.addAction("As at first").triggered.connect(self._on_standard)
        self.clicked.connect(self.open)

    @Slot()
    def open(self) -> None:
        """Opens the menu at the button."""
        self.menu_.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _on_row(self, column: str, _: bool = False) -> None:
        ticked = self._rows[column].isChecked()
        self._show(self.shown | {column} if ticked else self.shown - {column})

    @Slot()
    def _on_standard(self) -> None:
        self._show(STANDARD & frozenset(self._rows))

    def _show(self, shown: frozenset[str]) -> None:
        self.shown = shown
        self._settings.put(_COLUMNS, " ".join(sorted(shown)) or "none")
        for column, row in self._rows.items():
            row.setChecked(column in shown)
        self.chosen.emit()


class _StayingMenu(QMenu):
    """A menu in which several things are ticked before it is closed."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Override QMenu.mouseReleaseEvent: ticking closes nothing."""
        row = self.actionAt(event.position().toPoint())
        if row is not None and row.isCheckable():
            row.trigger()
        else:
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Override QMenu.keyPressEvent: as with the pointer."""
        row = self.activeAction()
        ticks = {Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter}
        if row is not None and row.isCheckable() and event.key() in ticks:
            row.trigger()
        else:
            super().keyPressEvent(event)
