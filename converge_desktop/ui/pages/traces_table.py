"""The table of recorded model calls: its columns, where it stands, and the keys that mark."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PySide6.QtCore import QItemSelectionModel, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView

from converge_desktop.ui import fonts
from converge_desktop.ui.models.traces import TraceModel
from converge_desktop.ui.models.traces_columns import COLUMNS, SCORE, STRETCH
from converge_desktop.ui.widgets.cell_delegate import CellDelegate, tick_width
from converge_desktop.ui.widgets.lists import RowTable

_EXTENDS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
_LEAST, _ROOMY = 15, 24
"""How wide what a call did is at least, in units, and where the table is scrolled sideways."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The row that is seen first: its number, its record (-1 if unread), how much of it is over."""

    row: int
    seq: int
    above: int


class TraceTable(RowTable):
    """The calls that were found.

    Signals:
        sort_wanted: A heading was pressed; what it puts the list in order by.
        toggle_wanted: A row is to be marked, or no longer.
        reach_wanted: All rows from the current one to this one are to be marked.
        extend_wanted: The range of what is marked is to go on by so many rows.
    """

    sort_wanted = Signal(str)
    toggle_wanted = Signal(int)
    reach_wanted = Signal(int)
    extend_wanted = Signal(int)

    def __init__(self, model: TraceModel) -> None:
        super().__init__(model, "Recorded steps", stretch=STRETCH)
        self._traces = model
        header = self.horizontalHeader()
        header.setSectionResizeMode(STRETCH, QHeaderView.ResizeMode.Interactive)
        header.setSectionsClickable(True)
        header.sectionClicked.connect(self._on_heading)
        header.sectionResized.connect(self._on_resized)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._fitting = False
        self._widen()

    def _widen(self) -> None:
        """Makes each column as wide as its heading with the sign of an order, or its content."""
        unit = fonts.measures().unit
        for number, column in enumerate(COLUMNS):
            said = fonts.metrics("small").horizontalAdvance(f"{column.heading} ↓") + 2 * unit
            held = fonts.metrics("mono-small").horizontalAdvance(column.sample) + 2 * unit + 6
            tick = tick_width() if column.id == "run" else 0
            self.setColumnWidth(number, max(said, held + tick))

    def show_columns(self, shown: Collection[str], *, score: bool = False) -> None:
        """Shows some columns; with ``score``, how near each call is in the place of its tokens."""
        seen = {COLUMNS[STRETCH].id, *shown}
        if score:
            seen = {SCORE, *seen} - {"tokens"}
        for number, column in enumerate(COLUMNS):
            self.setColumnHidden(number, column.id not in seen)
        first = next(n for n in range(len(COLUMNS)) if not self.isColumnHidden(n))
        delegate = self.itemDelegate()
        assert isinstance(delegate, CellDelegate)
        delegate.first = first
        self._fit()

    def anchor(self) -> Anchor | None:
        """Returns what is seen first; None where nothing is."""
        row = self.rowAt(0)
        if row < 0:
            return None
        found = self._traces.read_rows(row, row)
        return Anchor(row, found[0].seq if found else -1, -self.rowViewportPosition(row))

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Tells nobody that another row is current, because it is none of the person's doing."""
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False

    def at_top(self) -> bool:
        """Whether the first row is seen."""
        return self.verticalScrollBar().value() == 0

    def seen_rows(self) -> int:
        """Returns how many rows there is room for."""
        return self.viewport().height() // max(1, self.verticalHeader().defaultSectionSize()) + 2

    def scroll_to(self, row: int, above: int = 0) -> None:
        """Shows a row first, but for so much of it as lies above."""
        self.updateGeometries()
        self.verticalScrollBar().setValue(
            row * self.verticalHeader().defaultSectionSize() + max(0, above)
        )

    def choose(self, row: int, *, centered: bool = False) -> None:
        """Goes to a row without scrolling, or with it in the middle; -1 goes to none."""
        if not 0 <= row < self._traces.rowCount():
            self.selectionModel().clear()
            return
        flags = QItemSelectionModel.SelectionFlag
        index = self._traces.index(row, STRETCH)
        scrolls = self.hasAutoScroll()
        self.setAutoScroll(False)  # Qt would bring it into sight, and the list is to stay
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.setAutoScroll(scrolls)
        if centered:
            self.scroll_to(max(0, row - self.seen_rows() // 2 + 1))

    def go(self, row: int) -> None:
        """Goes to a row and brings it into sight, without moving sideways."""
        self.choose(row)
        sideways = self.horizontalScrollBar().value()
        self.scrollTo(self.currentIndex())
        self.horizontalScrollBar().setValue(sideways)

    def step(self, by: int) -> None:
        """Goes so many rows on; to the first one where none is chosen."""
        many, here = self._traces.rowCount(), self.currentIndex()
        if many:
            self.go(max(0, min(many - 1, here.row() + by if here.isValid() else 0)))

    def _fit(self) -> None:
        """Gives what a call did all the room that is left."""
        others = sum(self.columnWidth(n) for n in range(len(COLUMNS)) if n != STRETCH)
        room = self.viewport().width() - others
        self._fitting = True
        unit = fonts.measures().unit
        self.setColumnWidth(STRETCH, room if room >= _LEAST * unit else _ROOMY * unit)
        self._fitting = False

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QTableView.resizeEvent."""
        super().resizeEvent(event)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Override QTableView.keyPressEvent: arrows with Shift mark."""
        if event.modifiers() == Qt.KeyboardModifier.ShiftModifier and event.key() in _EXTENDS:
            self.extend_wanted.emit(_EXTENDS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Override QTableView.mousePressEvent: with Ctrl or Shift a click marks."""
        index = self.indexAt(event.position().toPoint())
        left = event.button() == Qt.MouseButton.LeftButton and index.isValid()
        if left and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.reach_wanted.emit(index.row())
        elif left and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.toggle_wanted.emit(index.row())
        else:
            super().mousePressEvent(event)

    @Slot(int)
    def _on_heading(self, number: int) -> None:
        if COLUMNS[number].order:
            self.sort_wanted.emit(COLUMNS[number].order)

    @Slot(int, int, int)
    def _on_resized(self, number: int, _before: int, _now: int) -> None:
        if not self._fitting and number != STRETCH:
            self._fit()
