"""Icons: one SVG each, drawn in the colour that is asked for."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from converge_desktop import paths


@cache
def _source(name: str) -> str:
    return (paths.resources() / "icons" / f"{name}.svg").read_text(encoding="utf-8")


@cache
def _renderer(name: str, color: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_source(name).replace("currentColor", color).encode()))


def paint(painter: QPainter, name: str, rect: QRectF, color: QColor) -> None:
    """Draws an icon into a rectangle, sharp at any scale."""
    _renderer(name, color.name()).render(painter, rect)


@cache
def _pixmap(name: str, color: str, size: int, ratio: int) -> QPixmap:
    made = QPixmap(size * ratio, size * ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    paint(painter, name, QRectF(0, 0, size * ratio, size * ratio), QColor(color))
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made


def icon(name: str, color: QColor, size: int = 16) -> QIcon:
    """Builds an icon in one colour, for ordinary and for dense screens."""
    made = QIcon()
    for ratio in (1, 2, 3):
        made.addPixmap(_pixmap(name, color.name(), size, ratio))
    return made


def window_icon() -> QIcon:
    """Builds the application's own icon."""
    made = QIcon()
    for size in (16, 32, 64, 128):
        made.addPixmap(_pixmap("app", "#1f5fbf", size, 1))
    return made
