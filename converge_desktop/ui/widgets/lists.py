"""The list and the table that every page uses: painted rows, J and K, no widgets a row."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QListView, QTableView, QWidget

from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.cell_delegate import CellDelegate, row_height
from converge_desktop.ui.widgets.row_delegate import RowDelegate


def step_in(view: QAbstractItemView, step: int) -> None:
    """Moves the selection of a view by so many rows."""
    model = view.model()
    if model is None or model.rowCount() == 0:
        return
    here = view.currentIndex()
    number = here.row() + step if here.isValid() else 0
    select_in(view, max(0, min(model.rowCount() - 1, number)))


def select_in(view: QAbstractItemView, row: int) -> None:
    """Selects a row of a view and brings it into sight; -1 selects nothing."""
    model = view.model()
    if row < 0 or row >= model.rowCount():
        view.selectionModel().clear()
        return
    flags = (
        QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
    )
    index = model.index(row, 0)
    view.selectionModel().setCurrentIndex(index, flags)
    view.scrollTo(index)


class RowList(QListView):
    """A list of two-line rows.

    Signals:
        moved: Another row is current, by number; -1 where none is.
    """

    moved = Signal(int)

    def __init__(self, model: QAbstractItemModel, name: str, *, lines: int = 2) -> None:
        super().__init__()
        self._quiet = False
        self.setModel(model)
        self.setItemDelegate(RowDelegate(self, lines=lines))
        self.setUniformItemSizes(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAccessibleName(name)

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:  # type: ignore[override] # noqa: N802
        """Override QListView.currentChanged."""
        super().currentChanged(current, previous)
        if not self._quiet:
            self.moved.emit(current.row() if current.isValid() else -1)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Override QListView.focusInEvent: getting the focus chooses nothing."""
        self._quiet = not self.currentIndex().isValid()
        super().focusInEvent(event)
        if self._quiet:
            self.selectionModel().clear()
        self._quiet = False


class RowTable(QTableView):
    """A table of one-line rows.

    Signals:
        moved: Another row is current, by number; -1 where none is.
    """

    moved = Signal(int)

    def __init__(
        self, model: QAbstractItemModel, name: str, stretch: int, *, wide: bool = False
    ) -> None:
        super().__init__()
        self._quiet = False
        self.setModel(model)
        unit = fonts.measures().unit
        self.setItemDelegate(CellDelegate(self, indent=unit * 3 if wide else unit + 4))
        self.setProperty("wide", "true" if wide else "false")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setMouseTracking(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setAccessibleName(name)
        self.setCornerButtonEnabled(False)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(row_height())
        columns = self.horizontalHeader()
        columns.setHighlightSections(False)
        columns.setAccessibleName(f"{name}, columns")
        columns.setFont(fonts.font("small"))
        columns.setMinimumSectionSize(40)
        columns.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        columns.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)

    def set_widths(self, *samples: str) -> None:
        """Makes each column as wide as a sample of its content; an empty one is left."""
        pad = fonts.measures().unit * 2 + 6
        for column, sample in enumerate(samples):
            if sample:
                self.setColumnWidth(
                    column, fonts.metrics("mono-small").horizontalAdvance(sample) + pad
                )

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:  # type: ignore[override] # noqa: N802
        """Override QTableView.currentChanged."""
        super().currentChanged(current, previous)
        if not self._quiet:
            self.moved.emit(current.row() if current.isValid() else -1)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Override QTableView.focusInEvent: getting the focus chooses nothing."""
        self._quiet = not self.currentIndex().isValid()
        super().focusInEvent(event)
        if self._quiet:
            self.selectionModel().clear()
        self._quiet = False


class Panel(QWidget):
    """A plain widget that the style sheet colours by its name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
