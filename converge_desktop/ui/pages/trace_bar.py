"""A whole in two parts, drawn as a bar; what each part is stands under its end of the bar."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from converge_desktop.ui import fonts, tokens, words
from converge_desktop.ui.widgets.flow import FlowLayout
from converge_desktop.ui.widgets.labels import Label

_LEAST = 3.0
"""How wide a part is drawn at least that is there at all."""


class _Drawn(QWidget):
    """The bar alone: the first part full, the second an outline, so that no colour is needed."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__()
        self._parts = (max(0, first), max(0, second))
        self.setFixedHeight(fonts.measures().unit * 2)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Override QWidget.sizeHint."""
        return QSize(fonts.measures().unit * 30, fonts.measures().unit * 2)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002
        """Override QWidget.paintEvent."""
        first, second = self._parts
        if not first + second:
            return
        look = tokens.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = QRectF(0.5, 0.5, self.width() - 1, self.height() - 1)
        painter.setPen(QPen(QColor(look.accent), 1))
        painter.setBrush(QColor(look.accent_background))
        painter.drawRoundedRect(place, 3, 3)
        wide = place.width() * first / (first + second)
        if first:
            wide = min(max(wide, _LEAST), place.width() - (_LEAST if second else 0))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(look.accent))
            painter.setClipRect(QRectF(place.left(), 0, wide, self.height()))
            painter.drawRoundedRect(place, 3, 3)


class _Key(QWidget):
    """The pattern of a part: full, or an outline."""

    def __init__(self, *, full: bool) -> None:
        super().__init__()
        self._full = full
        side = fonts.metrics("small").height() - 4
        self.setFixedSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002
        """Override QWidget.paintEvent."""
        look = tokens.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(look.accent), 1))
        painter.setBrush(QColor(look.accent if self._full else look.accent_background))
        painter.drawRoundedRect(QRectF(0.5, 0.5, self.width() - 1, self.height() - 1), 2, 2)


def _key_line(text: str, *, full: bool) -> QWidget:
    """Sets a pattern beside what it stands for."""
    made = QWidget()
    unit = fonts.measures().unit
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, unit * 2, 0)
    row.setSpacing(unit // 2 + 1)
    row.addWidget(_Key(full=full))
    row.addWidget(Label(text, "small", "muted"))
    return made


class TwoParts(QWidget):
    """Two parts of a whole, with their words.

    Args:
        first: how much the first part is; only its ratio to the second counts.
        second: how much the second is.
        told: what each of them is, in words.
    """

    def __init__(self, first: int, second: int, told: tuple[str, str]) -> None:
        super().__init__()
        unit = fonts.measures().unit
        self.setAccessibleName(words.one_line("; ".join(told)))
        flow = FlowLayout(gap=unit // 2 + 1, line_gap=unit // 2)
        for number, text in enumerate(told):
            flow.addWidget(_key_line(text, full=number == 0))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(unit - 2)
        column.addWidget(_Drawn(first, second))
        column.addLayout(flow)
