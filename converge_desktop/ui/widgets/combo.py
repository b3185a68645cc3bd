"""A choice of one out of several."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox

from converge_desktop.ui import icons, tokens


class PackCombo(QComboBox):
    """A choice of packs; it draws its own arrow, in the colours in force."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Override QComboBox.paintEvent."""
        super().paintEvent(event)
        painter = QPainter(self)
        side = 12
        rect = self.rect()
        place = rect.adjusted(rect.width() - side - 10, 0, -10, 0).toRectF()
        place.setTop((rect.height() - side) / 2)
        place.setHeight(side)
        icons.paint(painter, "chevron-down", place, QColor(tokens.current().muted))
