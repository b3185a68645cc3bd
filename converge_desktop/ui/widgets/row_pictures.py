"""Rows of lists, kept as pictures for as long as they look the same.

A list is painted anew whenever anything is added to it. Drawing a row anew takes dozens of calls,
for each of which Python may have to wait while other threads are at work; a picture takes one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from converge_desktop.ui import fonts, tokens
from converge_desktop.ui.models.looks import RowLook

_MOST = 64
"""How many rows are kept: more than one list shows at once."""
_SEEN = QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver
"""All of a row's state that can be seen."""


class RowPictures:
    """The rows of one list that were drawn last."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, QPixmap] = {}

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        look: RowLook,
        draw: Callable[[QPainter, QStyleOptionViewItem, RowLook], None],
    ) -> None:
        """Paints a row, which is drawn only where no other looked like it.

        Args:
            painter: What to paint with.
            option: Where, and in which state.
            look: How the row looks.
            draw: Draws it.
        """
        rect = option.rect
        size, scale = rect.size(), painter.device().devicePixelRatioF()
        if not scale.is_integer():
            draw(painter, option, look)  # a picture would lie between the points, and be blurred
            return
        seen = (option.state & _SEEN).value
        key = (look, seen, size.width(), size.height(), scale, tokens.current(), fonts.enlarged())
        picture = self._kept.pop(key, None)
        if picture is None:
            picture = self._drawn(option, size, scale, look, draw)
        self._kept[key] = picture  # the last that was used is the last to go
        if len(self._kept) > _MOST:
            del self._kept[next(iter(self._kept))]
        painter.drawPixmap(rect.topLeft(), picture)

    def _drawn(
        self,
        option: QStyleOptionViewItem,
        size: QSize,
        scale: float,
        look: RowLook,
        draw: Callable[[QPainter, QStyleOptionViewItem, RowLook], None],
    ) -> QPixmap:
        picture = QPixmap(size * scale)
        picture.setDevicePixelRatio(scale)
        picture.fill(QColor(tokens.current().surface))
        moved = QStyleOptionViewItem(option)
        moved.rect.moveTo(0, 0)
        painter = QPainter(picture)
        try:
            draw(painter, moved, look)
        finally:
            painter.end()
        return picture
