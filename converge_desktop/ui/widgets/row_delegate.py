"""Paints a row of a list: badge, title, something at the right, and a quieter line."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from converge_desktop.ui import fonts, icons, tokens, words
from converge_desktop.ui.models.looks import Role, RowLook
from converge_desktop.ui.widgets.row_pictures import RowPictures

Index = QModelIndex | QPersistentModelIndex


def ground(painter: QPainter, option: QStyleOptionViewItem) -> None:
    """Paints what lies under a row: selection, hover, hairline, focus."""
    look = tokens.current()
    rect: QRect = option.rect
    state = option.state
    if state & QStyle.StateFlag.State_Selected:
        painter.fillRect(rect, QColor(look.accent_background))
    elif state & QStyle.StateFlag.State_MouseOver:
        painter.fillRect(rect, QColor(look.background))
    painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), QColor(look.line))


def mark_place(rect: QRect) -> QRect:
    """Returns where, in a row of two lines, the box for marking it stands: under its badge."""
    measures = fonts.measures()
    side = measures.mark - 4
    top = rect.top() + measures.unit + measures.unit // 2 + fonts.line("strong")
    top += measures.unit // 4 + (fonts.line("small") - side) // 2
    return QRect(rect.left() + measures.unit + 6, top, side, side)


def _pointed_at(option: QStyleOptionViewItem) -> bool:
    states = QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected
    return bool(option.state & states)


class RowDelegate(QStyledItemDelegate):
    """Two lines a row, or one; all rows equally high."""

    def __init__(self, parent: QObject, *, lines: int = 2) -> None:
        super().__init__(parent)
        self._lines = lines
        self._pictures = RowPictures()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802, ARG002
        """Override QStyledItemDelegate.sizeHint."""
        unit = fonts.measures().unit
        if self._lines == 1:
            return QSize(120, fonts.line("strong") + unit * 2 + 1)
        return QSize(120, fonts.line("strong") + fonts.line("small") + unit * 3 + 1)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Override QStyledItemDelegate.paint."""
        look = index.data(Role.LOOK)
        if isinstance(look, RowLook):
            self._pictures.paint(painter, option, look, self.draw)

    def draw(self, painter: QPainter, option: QStyleOptionViewItem, look: RowLook) -> None:
        """Draws a row."""
        painter.save()
        ground(painter, option)
        rect: QRect = option.rect
        colors = tokens.current()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(
                QRect(rect.left(), rect.top(), 3, rect.height()), QColor(colors.accent)
            )
        unit = fonts.measures().unit
        mark = fonts.measures().mark
        left = rect.left() + unit + 4
        top = rect.top() + (unit if self._lines == 1 else unit + unit // 2)
        if look.badge:
            self._badge(painter, QRect(left, top, mark, mark), look, selected=selected)
            if look.marked or (look.markable and _pointed_at(option)):
                self._mark(painter, mark_place(rect), marked=look.marked)
            left += mark + unit + 2
        right = rect.right() - unit - 5
        title_right = right - self._at_right(painter, right, top, look)
        high = fonts.line("strong")
        ink = colors.muted if look.faint else colors.text
        _line(painter, QRect(left, top, title_right - left, high), "strong", ink, look.title)
        if self._lines > 1:
            below = QRect(left, top + high + unit // 4, right - left, fonts.line("small"))
            self._second(painter, below, look)
        painter.restore()

    def _at_right(self, painter: QPainter, right: int, top: int, look: RowLook) -> int:
        """Paints what stands at the right of the title; returns how much room that takes."""
        if not look.right:
            return 0
        face = "small-strong" if look.right_tone == "danger" else "small"
        wide = fonts.metrics(face).horizontalAdvance(look.right) + 2
        painter.setFont(fonts.font(face))
        painter.setPen(tokens.current().tone(look.right_tone))
        painter.drawText(
            QRect(right - wide, top, wide, fonts.line("strong")),
            int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter),
            look.right,
        )
        return wide + fonts.measures().unit

    def _second(self, painter: QPainter, rect: QRect, look: RowLook) -> None:
        muted = tokens.current().muted
        if look.aside:
            wide = fonts.metrics("small").horizontalAdvance(look.aside) + 2
            place = rect.adjusted(rect.width() - wide, 0, 0, 0)
            _line(painter, place, "small", muted, look.aside)
            rect = rect.adjusted(0, 0, -wide - fonts.measures().unit, 0)
        _line(painter, rect, "small", muted, look.subtitle)

    def _mark(self, painter: QPainter, place: QRect, *, marked: bool) -> None:
        """Paints a box under the badge, ticked where the row is marked."""
        colors = tokens.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(colors.accent if marked else colors.control))
        painter.setBrush(QColor(colors.accent if marked else colors.surface))
        painter.drawRoundedRect(QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        if marked:
            inner = QRectF(place).adjusted(2, 2, -2, -2)
            icons.paint(painter, "check", inner, QColor(colors.on_accent))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)

    def _badge(self, painter: QPainter, rect: QRect, look: RowLook, *, selected: bool) -> None:
        colors = tokens.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        quiet = look.badge_tone == "muted"
        ground_ = QColor(colors.track) if quiet else colors.ground(look.badge_tone)
        if selected and look.badge_tone == "accent":
            ground_ = QColor(colors.surface)
        painter.setBrush(ground_)
        painter.drawRoundedRect(QRectF(rect), 4, 4)
        painter.setPen(QColor(colors.text) if quiet else colors.tone(look.badge_tone))
        painter.setFont(fonts.font("small-strong"))
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), look.badge)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


def _line(painter: QPainter, rect: QRect, role: str, color: str, text: str) -> None:
    metrics = fonts.metrics(role)
    shown = metrics.elidedText(
        words.one_line(text), Qt.TextElideMode.ElideRight, max(0, rect.width())
    )
    painter.setFont(fonts.font(role))
    painter.setPen(QColor(color))
    painter.drawText(rect, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)
