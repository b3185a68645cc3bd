"""A bar that shows a share."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from converge_desktop.ui import fonts, tokens


class Bar(QWidget):
    """A share in thousandths, drawn; what it means stands in words beside it."""

    def __init__(self, share: int, tone: str = "accent", name: str = "") -> None:
        super().__init__()
        self._share = max(0, min(1000, share))
        self._tone = tone
        self.setAccessibleName(name or f"{self._share / 10:.0f} %")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def tell(self, share: int, name: str) -> None:
        """Shows another share."""
        self._share = max(0, min(1000, share))
        self.setAccessibleName(name)
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Override QWidget.sizeHint."""
        return QSize(120, fonts.metrics("small").height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Override QWidget.minimumSizeHint."""
        return QSize(40, fonts.metrics("small").height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002
        """Override QWidget.paintEvent."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        thick = 6.0
        top = (self.height() - thick) / 2
        painter.setBrush(QColor(tokens.current().track))
        painter.drawRoundedRect(QRectF(0, top, self.width(), thick), 3, 3)
        if self._share:
            wide = max(thick / 2, self.width() * self._share / 1000)
            painter.setBrush(tokens.current().tone(self._tone))
            painter.drawRoundedRect(QRectF(0, top, wide, thick), 3, 3)
