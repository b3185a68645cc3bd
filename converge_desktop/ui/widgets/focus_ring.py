"""The line around what has the keyboard, where Qt draws none."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget

from converge_desktop.ui import tokens


def draw_ring(on: QWidget) -> None:
    """Draws it inside of a widget that is being painted."""
    painter = QPainter(on)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(tokens.current().accent), 2))
    painter.drawRoundedRect(on.rect().adjusted(1, 1, -1, -1), 4, 4)
