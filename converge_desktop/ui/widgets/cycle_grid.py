"""Agents by cycles: what each did in each, in a sign and a colour, and in words when asked."""

from __future__ import annotations

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QPainter, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from converge_desktop.runtime.run_model import AgentRow, Cell
from converge_desktop.ui import fonts, tokens, words
from converge_desktop.ui.models.cycles import CycleModel, cell_sign, cell_words
from converge_desktop.ui.models.looks import Role

__all__ = ["LEGEND", "CycleGrid", "cell_sign", "cell_words"]
LEGEND = "number: facts promoted · ?: asks a human · ×: refused · ▸: running · dot: not eligible"
_WIDE = 4
_SPOKEN = 12
"""So many of the newest cycles are told by the grid as a whole; the cells tell all of them."""
Index = QModelIndex | QPersistentModelIndex


class _CellDelegate(QStyledItemDelegate):
    """A rounded box with a sign; a thick frame where the keyboard is."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Override QStyledItemDelegate.paint."""
        cell = index.data(Role.ROW)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(option.rect).adjusted(2.5, 2.5, -2.5, -2.5)
        self._ground(painter, frame, cell)
        if isinstance(cell, Cell):
            sign, tone = cell_sign(cell)
            painter.setPen(tokens.current().tone(tone))
            face = "strong" if cell.running else "mono-tiny" if len(sign) > _WIDE else "mono-small"
            painter.setFont(fonts.font(face))
            painter.drawText(frame, int(Qt.AlignmentFlag.AlignCenter), sign)
        if option.state & QStyle.StateFlag.State_Selected:
            focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
            painter.setPen(QPen(QColor(tokens.current().accent), 2 if focused else 1.2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame, 3, 3)
        painter.restore()

    def _ground(self, painter: QPainter, frame: QRectF, cell: Cell | None) -> None:
        look = tokens.current()
        tone = cell_sign(cell)[1] if cell is not None else "muted"
        painter.setPen(QPen(QColor(look.line)))
        painter.setBrush(QColor(look.surface) if cell is not None else Qt.BrushStyle.NoBrush)
        if cell is not None and tone != "muted":
            painter.setPen(QPen(look.tone(tone), 1.4) if cell.running else Qt.PenStyle.NoPen)
            painter.setBrush(look.ground(tone))
        painter.drawRoundedRect(frame, 3, 3)


class CycleGrid(QTableView):
    """The grid: as high as its agents, it scrolls sideways and stays at the newest cycle.

    Only what is in sight is drawn, so that a hundred cycles of forty agents cost what ten do.

    Signals:
        told: The cell that is chosen, in words; nothing where none is.
        wanted: Return was pressed on a cell: agent, and cycle from 1.
    """

    told = Signal(str)
    wanted = Signal(str, int)

    def __init__(self) -> None:
        super().__init__()
        self.cycles = CycleModel(self)
        self.setModel(self.cycles)
        self.setItemDelegate(_CellDelegate(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setObjectName("cycles")  # the style sheet draws it without a ground
        self.viewport().setAutoFillBackground(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Cycles")
        self._dress()
        self.activated.connect(self._on_activated)
        # Room for the new column is made only once control is back in the event loop.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self.show_newest)

    def _dress(self) -> None:
        down, across = self.verticalHeader(), self.horizontalHeader()
        for header in (down, across):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setHighlightSections(False)
            header.setSectionsClickable(False)
            header.setFont(fonts.font("small"))
        down.setDefaultSectionSize(fonts.measures().compact + 2)
        down.setAccessibleName("Agents")
        across.setDefaultSectionSize(fonts.measures().unit * 6)
        across.setMinimumSectionSize(fonts.measures().unit * 3)
        across.setFixedHeight(fonts.line("small") + fonts.measures().unit)
        across.setAccessibleName("Cycles, by number")

    def show_rows(self, rows: tuple[AgentRow, ...]) -> None:
        """Shows these agents; keeps to the newest cycle unless the person scrolled away."""
        bar = self.horizontalScrollBar()
        follows = bar.value() >= bar.maximum() or self.cycles.rowCount() != len(rows)
        grown = self.cycles.columnCount()
        self.cycles.show_rows(rows)
        self.setAccessibleDescription(_spoken(rows))
        self.verticalHeader().setFixedWidth(self._name_width())
        self.setFixedHeight(self._height())
        self.told.emit(self.chosen())
        if follows and grown != self.cycles.columnCount():
            self._later.start()

    def show_newest(self) -> None:
        """Brings the newest cycle into sight."""
        bar = self.horizontalScrollBar()
        bar.setValue(bar.maximum())

    def chosen(self) -> str:
        """Says what stands in the cell that is chosen."""
        here = self.currentIndex()
        return self.cycles.words(here.row(), here.column()) if here.isValid() else ""

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:  # type: ignore[override] # noqa: N802
        """Override QTableView.currentChanged."""
        super().currentChanged(current, previous)
        self.told.emit(self.chosen())

    def _on_activated(self, index: QModelIndex) -> None:
        self.wanted.emit(self.cycles.agent(index.row()), index.column() + 1)

    def _height(self) -> int:
        rows = self.cycles.rowCount() * self.verticalHeader().defaultSectionSize()
        bar = self.horizontalScrollBar().sizeHint().height() if self._overflows() else 0
        return self.horizontalHeader().height() + rows + bar + 2

    def _overflows(self) -> bool:
        wide = self.cycles.columnCount() * self.horizontalHeader().defaultSectionSize()
        return wide > self.width() - self._name_width()

    def _name_width(self) -> int:
        metrics, unit = fonts.metrics("small"), fonts.measures().unit
        names = (self.cycles.agent(n) for n in range(self.cycles.rowCount()))
        widest = max((metrics.horizontalAdvance(name) for name in names), default=0)
        return max(unit * 11, min(widest + unit * 2, unit * 20))

    def sizeHint(self) -> QSize:  # noqa: N802
        """Override QTableView.sizeHint."""
        return QSize(self._name_width() + 7 * fonts.measures().unit * 6, self._height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QTableView.resizeEvent: a bar under the grid takes none of its rows."""
        super().resizeEvent(event)
        if self.height() != self._height():
            self.setFixedHeight(self._height())

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Override QTableView.wheelEvent: up and down the page scrolls, not the grid."""
        if event.angleDelta().x() or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            super().wheelEvent(event)
        else:
            event.ignore()


def _spoken(rows: tuple[AgentRow, ...]) -> str:
    said = []
    for row in rows:
        first = max(0, len(row.cells) - _SPOKEN)
        cells = enumerate(row.cells[first:], start=first + 1)
        said.append(f"{row.agent}: " + "; ".join(f"cycle {n} {cell_words(c)}" for n, c in cells))
    return words.one_line(". ".join(said))
