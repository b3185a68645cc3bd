"""The bars, dots and names of a picture, as items of pyqtgraph; only ``plot_canvas`` imports this.

Colour never stands alone: every line has a stroke and a sign of its own, and its name at its end.
"""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from converge_desktop.ui import fonts, tokens
from converge_desktop.ui.models.insight_picture import Bars, Lines, Picture

LOOKS = (
    ("accent", Qt.PenStyle.SolidLine, "o"),
    ("caution", Qt.PenStyle.DashLine, "s"),
    ("good", Qt.PenStyle.DotLine, "t1"),
)
"""The tone, the stroke and the sign of each line, in turn."""
_THICK = 0.62
"""How thick a bar is, of the room that it has."""


def stroke(
    color: QColor, width: float, ratio: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine
) -> QPen:
    """Makes a pen as wide as the type asks, whatever the scale of what it draws.

    ``ratio`` is how many points of the device there are for each of the window.
    """
    made = QPen(color, width * ratio * fonts.measures().unit / 8, style)
    made.setCosmetic(True)
    return made


def bar_items(picture: Bars, ratio: float, only: int = -1) -> list[Any]:
    """Makes the bars; ``only`` one of them where it is chosen, with an outline."""
    look = tokens.current()
    places = range(len(picture.bars)) if only < 0 else [only]
    edge = stroke(QColor(look.text), 2, ratio) if only >= 0 else QPen(Qt.PenStyle.NoPen)
    return [
        pg.BarGraphItem(
            x0=[0.0 for _ in places],
            y=[float(place) for place in places],
            width=[picture.bars[place].value for place in places],
            height=_THICK,
            pen=edge,
            brush=QColor(look.accent),
        )
    ]


def dot_items(picture: Lines, ratio: float, at: float | None = None, scale: float = 1) -> list[Any]:
    """Makes the dots of the lines; those of one week alone where it is chosen, larger.

    ``scale`` is how much larger they are drawn for a file, where pyqtgraph does not know that.
    """
    look = tokens.current()
    size = fonts.measures().unit * (0.9 if at is None else 1.5) * scale
    made = []
    for line, (tone, _, sign) in zip(picture.lines, LOOKS, strict=False):
        dots = [dot for dot in line.dots if at is None or dot[0] == at]
        edge = (
            stroke(QColor(look.surface), 1, ratio)
            if at is None
            else stroke(QColor(look.text), 2, ratio)
        )
        made.append(
            pg.ScatterPlotItem(
                [x for x, _ in dots],
                [y for _, y in dots],
                symbol=sign,
                size=size,
                pen=edge,
                brush=look.tone(tone),
                antialias=True,
            )
        )
    return made


def name_items(picture: Picture) -> list[Any]:
    """Makes the words beside each bar, or at the end of each line."""
    if isinstance(picture, Bars):
        return [_words(bar.text, bar.value, float(place)) for place, bar in enumerate(picture.bars)]
    return [_words(line.text, *line.dots[-1]) for line in picture.lines if line.dots]


class _Words(pg.TextItem):  # type: ignore[misc] # it has no types
    """Words at a place, which know the value that they belong to."""

    value = 0.0

    def toPlainText(self) -> str:  # noqa: N802
        """Returns the words."""
        return str(self.textItem.toPlainText())


def _words(text: str, x: float, y: float) -> _Words:
    made = _Words(text, QColor(tokens.current().text), anchor=(0, 0.5))
    made.setFont(fonts.font("small"))
    made.textItem.document().setDocumentMargin(fonts.measures().unit)  # clear of its dot
    made.updateTextPos()
    made.setPos(x, y)
    made.value = y
    return made
