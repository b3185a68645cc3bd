"""A QR code, drawn: black on white in every theme, because that is what cameras read."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

MARGIN = 4
"""Light modules around the code, without which it is not found."""
_LEAST, _BEST = 2, 3
"""Pixels a module; each is a whole number of them, so that edges stay sharp."""


class QrView(QWidget):
    """Draws the modules of a code, row by row, a byte each: 1 where it is dark."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._rows: Sequence[bytes] = ()

    def show_code(self, rows: Sequence[bytes]) -> None:
        """Shows another code."""
        self._rows = rows
        self.updateGeometry()
        self.update()

    def module_at(self, x: int, y: int) -> bool:
        """Says whether the module under a point is drawn dark; for tests, which read it back."""
        side = self._side()
        place = self._place()
        column, row = (x - place.x()) // side - MARGIN, (y - place.y()) // side - MARGIN
        inside = 0 <= row < len(self._rows) and 0 <= column < len(self._rows)
        return inside and bool(self._rows[row][column])

    def sizeHint(self) -> QSize:  # noqa: N802
        """Override QWidget.sizeHint."""
        return QSize(self._whole(_BEST), self._whole(_BEST))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Override QWidget.minimumSizeHint."""
        return QSize(self._whole(_LEAST), self._whole(_LEAST))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002
        """Override QWidget.paintEvent."""
        if not self._rows:
            return
        painter = QPainter(self)
        side, place = self._side(), self._place()
        painter.fillRect(place, Qt.GlobalColor.white)
        for y, row in enumerate(self._rows, start=MARGIN):
            for x, dark in enumerate(row, start=MARGIN):
                if dark:
                    corner = (place.x() + x * side, place.y() + y * side)
                    painter.fillRect(QRect(*corner, side, side), Qt.GlobalColor.black)

    def _whole(self, side: int) -> int:
        return (len(self._rows) + 2 * MARGIN) * side if self._rows else 0

    def _side(self) -> int:
        fits = min(self.width(), self.height()) // (len(self._rows) + 2 * MARGIN)
        return max(1, fits)

    def _place(self) -> QRect:
        """Returns where the code lies with its margin: at the left, where the text begins."""
        whole = self._whole(self._side())
        return QRect(0, 0, whole, whole)
