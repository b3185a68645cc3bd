"""Something that is on or off, and says so in a word beside it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton

from converge_desktop.ui import fonts, tokens


class Switch(QAbstractButton):
    """A switch; Space turns it, and its word says how it stands."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFont(fonts.font("body"))

    def sizeHint(self) -> QSize:  # noqa: N802
        """Override QAbstractButton.sizeHint."""
        measures = fonts.measures()
        word = fonts.metrics("body").horizontalAdvance("Off")
        return QSize(self._wide() + measures.unit * 2 + word, measures.compact)

    def _wide(self) -> int:
        return fonts.measures().unit * 4

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002
        """Override QAbstractButton.paintEvent."""
        look, unit = tokens.current(), fonts.measures().unit
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        high = unit * 2.25
        track = QRectF(3, (self.height() - high) / 2, self._wide(), high)
        on, text = self.isChecked(), look.text if self.isEnabled() else look.muted
        painter.setPen(QPen(QColor(look.accent if on else look.muted), 1.5))
        painter.setBrush(QColor(look.accent if on else look.surface))
        painter.drawRoundedRect(track, high / 2, high / 2)
        knob = high - 6
        left = track.right() - knob - 3 if on else track.left() + 3
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.on_accent if on else look.muted))
        if self.isEnabled():  # one that cannot be turned has nothing to take hold of
            painter.drawEllipse(QRectF(left, track.top() + 3, knob, knob))
        painter.setPen(QColor(text))
        painter.setFont(self.font())
        beside = QRectF(track.right() + unit, 0, self.width(), self.height())
        painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter, "On" if on else "Off")
        if self.hasFocus():
            painter.setPen(QPen(QColor(look.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
