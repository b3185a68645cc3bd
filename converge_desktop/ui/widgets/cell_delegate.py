"""Paints a cell of a table: a bold beginning, the rest, and a hairline under the row."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from converge_desktop.ui import fonts, icons, tokens, words
from converge_desktop.ui.models.looks import CellLook, Role
from converge_desktop.ui.widgets.row_delegate import ground

Index = QModelIndex | QPersistentModelIndex


class CellDelegate(QStyledItemDelegate):
    """One line a row; the first column is indented to stand under the page's own margin.

    Attributes:
        first: the column that is shown first; a row that is marked is ticked in it.
    """

    def __init__(self, parent: QObject, *, indent: int) -> None:
        super().__init__(parent)
        self._indent = indent
        self.first = 0

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802, ARG002
        """Override QStyledItemDelegate.sizeHint."""
        return QSize(60, row_height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Override QStyledItemDelegate.paint."""
        look = index.data(Role.LOOK)
        if not isinstance(look, CellLook):
            return
        painter.save()
        ground(painter, option)
        rect: QRect = option.rect
        colors = tokens.current()
        selected = option.state & QStyle.StateFlag.State_Selected
        first = index.column() == self.first
        if selected and first:
            painter.fillRect(
                QRect(rect.left(), rect.top(), 3, rect.height()), QColor(colors.accent)
            )
        unit = fonts.measures().unit
        inner = rect.adjusted(self._indent if first else unit, 0, -unit, -1)
        if first and index.data(Role.MARKED):
            inner.adjust(_tick(painter, inner), 0, 0, 0)
        align = Qt.AlignmentFlag.AlignRight if look.right else Qt.AlignmentFlag.AlignLeft
        flags = int(align | Qt.AlignmentFlag.AlignVCenter)
        if look.strong:
            wide = fonts.metrics("small-strong").horizontalAdvance(look.strong)
            painter.setFont(fonts.font("small-strong"))
            painter.setPen(QColor(colors.text))
            shown = _fit("small-strong", look.strong, inner.width())
            painter.drawText(inner, flags, shown)
            inner = inner.adjusted(wide + unit // 2 + 1, 0, 0, 0)
        role = "mono-small" if look.mono else "small"
        painter.setFont(fonts.font(role))
        painter.setPen(colors.tone(look.tone))
        painter.drawText(inner, flags, _fit(role, look.text, inner.width()))
        painter.restore()


def tick_width() -> int:
    """Returns how much room the tick of a row that is marked takes."""
    return fonts.measures().mark + fonts.measures().unit // 2 - 4


def _tick(painter: QPainter, room: QRect) -> int:
    """Paints the tick of a row that is marked; returns how much room it takes."""
    colors, side = tokens.current(), fonts.measures().mark - 4
    place = QRectF(room.left(), room.top() + (room.height() - side) / 2, side, side)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(colors.accent))
    painter.setBrush(QColor(colors.accent))
    painter.drawRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
    icons.paint(painter, "check", place.adjusted(2, 2, -2, -2), QColor(colors.on_accent))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
    return tick_width()


def row_height() -> int:
    """Returns the height that all rows of a table have."""
    return fonts.line("small") + 2 * fonts.measures().unit + 1


def _fit(role: str, text: str, width: int) -> str:
    return fonts.metrics(role).elidedText(
        words.one_line(text), Qt.TextElideMode.ElideRight, max(0, width)
    )
