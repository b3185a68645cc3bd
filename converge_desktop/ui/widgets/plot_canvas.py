"""Draws bars and lines with pyqtgraph; only ``plot_loading`` imports this.

Nothing of it is zoomed, moved or opened by a pointer: the wheel scrolls the page, and resting on a
place has it read out. All lengths follow the type, all colours the theme.
"""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QResizeEvent,
    QWheelEvent,
)

from converge_desktop.ui import fonts, tokens
from converge_desktop.ui.models.insight_picture import Bars, Lines, Picture, Tick
from converge_desktop.ui.widgets.plot_marks import LOOKS, bar_items, dot_items, name_items, stroke

_FEW = 160
"""A line of so many dots is drawn as wide as the type asks, one of more as thin as can be: what a
wide stroke takes grows with the square of its dots, a tenth of a second for a thousand."""
_ROLE = "small"
_LINES, _ROOMY = 12, 2.4
"""How many lines of text a picture is high, and how many a bar has room for at most."""


class Canvas(pg.GraphicsView):  # type: ignore[misc] # it has no types
    """One picture: two axes and what lies between them.

    Signals:
        pointed: The pointer rests on a place of the picture, by number; -1 where it left.
    """

    pointed = Signal(int)

    def __init__(self) -> None:
        super().__init__(background=None)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._picture: Picture | None = None
        self._chosen = -1
        self._items: list[Any] = []
        self._names: list[Any] = []
        self._marks: list[Any] = []
        self._ratio = 1.0
        self.view = pg.ViewBox(enableMouse=False, enableMenu=False, defaultPadding=0)
        self._left = _axis("left", self.view)
        self._bottom = _axis("bottom", self.view)
        layout = self.centralLayout
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addItem(self._left, 0, 0)
        layout.addItem(self.view, 0, 1)
        layout.addItem(self._bottom, 1, 1)

    def draw(self, picture: Picture, ratio: float = 0) -> None:
        """Draws a picture in the colours now in force; ``ratio`` is set where it is to be saved."""
        for item in (*self._items, *self._names, *self._marks):
            self.view.removeItem(item)
        self._picture, self._marks = picture, []
        self._ratio = ratio or self.devicePixelRatioF()
        scale = self._ratio / self.devicePixelRatioF()
        look = tokens.current()
        self.setBackground(QColor(look.surface))
        for axis in (self._left, self._bottom):
            axis.setPen(QPen(QColor(look.line), 1))
            axis.setTickPen(QPen(QColor(look.line), 1))
            axis.setTextPen(QColor(look.muted))
            axis.setTickFont(fonts.font(_ROLE))
        grid = stroke(QColor(look.line), 1, self._ratio)
        across = isinstance(picture, Bars)
        self._items = [
            pg.InfiniteLine(tick.at, 90 if across else 0, grid) for tick in picture.ticks
        ]
        if isinstance(picture, Bars):
            self._items += bar_items(picture, self._ratio)
        else:
            self._items += _lines(picture, self._ratio)
            self._items += dot_items(picture, self._ratio, scale=scale)
        self._names = name_items(picture)
        for item in (*self._items, *self._names):
            self.view.addItem(item, ignoreBounds=True)
        self.view.invertY(across)
        self.updateGeometry()
        self._fit()
        self.choose(self._chosen)

    def choose(self, place: int) -> None:
        """Marks a place of the picture, by number; none where it is outside."""
        picture = self._picture
        for item in self._marks:
            self.view.removeItem(item)
        self._marks, self._chosen = [], place
        if picture is None or not 0 <= place < len(picture.said()):
            return
        if isinstance(picture, Bars):
            self._marks = bar_items(picture, self._ratio, place)
        else:
            look = stroke(QColor(tokens.current().control), 1, self._ratio)
            self._marks = [pg.InfiniteLine(picture.weeks[place].at, 90, look)]
            self._marks += dot_items(picture, self._ratio, picture.weeks[place].at)
        for item in self._marks:
            self.view.addItem(item, ignoreBounds=True)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Override GraphicsView.minimumSizeHint: it follows what is drawn, never the scene."""
        many = len(self._picture.bars) if isinstance(self._picture, Bars) else 0
        high = max(_LINES, round(many * 1.6) + 2) * fonts.line(_ROLE)
        return QSize(fonts.measures().unit * 30, high)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Override GraphicsView.sizeHint."""
        return self.minimumSizeHint()

    def paint_on(self, painter: QPainter, ratio: float) -> None:
        """Paints the picture for a file, of which each point of the window is so many."""
        picture, chosen = self._picture, self._chosen
        if picture is None:
            return
        self._chosen = -1
        self.draw(picture, ratio)
        self.render(painter, QRectF(QPointF(0, 0), self.size()), self.rect())
        self._chosen = chosen
        self.draw(picture)

    # Where it all lies.

    def _fit(self) -> None:
        """Gives each part the room that it needs at the size there is."""
        picture = self._picture
        if picture is None:
            return
        metrics, unit = fonts.metrics(_ROLE), fonts.measures().unit
        bars = picture.bars if isinstance(picture, Bars) else ()
        beside = [bar.name for bar in bars] or [tick.text for tick in picture.ticks]
        most = self.width() * 2 // 5
        wide = min(most, max(map(metrics.horizontalAdvance, beside), default=0) + 2) + unit
        high = metrics.height() + unit
        self._left.setWidth(wide)
        self._bottom.setHeight(high)
        room = max(1, self.width() - wide)
        ends = [item.toPlainText() for item in self._names]
        right = max(map(metrics.horizontalAdvance, ends), default=0) + 2 * unit
        if isinstance(picture, Bars):
            self._left.setTicks([self._names_of(picture, wide - unit)])
            self._fit_bars(picture, room, max(1, self.height() - high), right)
        else:
            self._fit_lines(picture, room, max(1, self.height() - high), right)

    def _names_of(self, picture: Bars, wide: int) -> list[tuple[float, str]]:
        """Returns the names of the bars, as far as they have room."""
        metrics, mode = fonts.metrics(_ROLE), Qt.TextElideMode.ElideMiddle
        return [
            (float(number), metrics.elidedText(bar.name, mode, wide))
            for number, bar in enumerate(picture.bars)
        ]

    def _fit_bars(self, picture: Bars, room: int, high: int, right: int) -> None:
        top = picture.ticks[-1].at
        longest = max(bar.value for bar in picture.bars)
        # The axis may end at its last tick, or where the words beside the longest bar do.
        widest = self._widest(picture.ticks)
        each = max(top / max(1, room - widest // 2), longest / max(1, room - right))
        self._bottom.setTicks([_apart(picture.ticks, each, widest)])
        row = min(high / (len(picture.bars) + 0.2), _ROOMY * fonts.line(_ROLE))
        self.view.setRange(xRange=(0, each * room), yRange=(-0.6, high / row - 0.6), padding=0)

    def _fit_lines(self, picture: Lines, room: int, high: int, right: int) -> None:
        unit, weeks = fonts.measures().unit, picture.weeks
        first, last = weeks[0].at, weeks[-1].at
        each = max(last - first, 1) / max(1, room - 2 * unit - right)
        pad = fonts.line(_ROLE) / 2
        up = picture.ticks[-1].at / max(1, high - 2 * pad)
        self._left.setTicks([_apart(picture.ticks, up, fonts.line(_ROLE))])
        self._bottom.setTicks([_apart(tuple(reversed(weeks)), each, self._widest(weeks))])
        start = first - 2 * unit * each
        self.view.setRange(
            xRange=(start, start + room * each),
            yRange=(-pad * up, picture.ticks[-1].at + pad * up),
            padding=0,
        )
        self._keep_names_apart(up * fonts.line(_ROLE), picture.ticks[-1].at)

    def _keep_names_apart(self, least: float, top: float) -> None:
        """Moves names at the ends of lines that would lie on each other, up or else down."""
        items = sorted(self._names, key=lambda item: float(item.value))
        places: list[float] = []
        for item in items:
            places.append(max(float(item.value), places[-1] + least if places else 0.0))
        for item, place in zip(reversed(items), reversed(places), strict=True):
            at = min(place, top)
            item.setPos(item.pos().x(), at)
            top = at - least

    def _widest(self, ticks: tuple[Tick, ...]) -> int:
        wide = max(map(fonts.metrics(_ROLE).horizontalAdvance, (tick.text for tick in ticks)))
        return wide + 2 * fonts.measures().unit

    def _place_at(self, x: float, y: float) -> int:
        picture = self._picture
        if picture is None:
            return -1
        point = self.view.mapSceneToView(self.mapToScene(round(x), round(y)))
        if isinstance(picture, Bars):
            return int(max(0, min(len(picture.bars) - 1, round(point.y()))))
        weeks = picture.weeks
        return min(range(len(weeks)), key=lambda number: abs(weeks[number].at - point.x()))

    # What a pointer does.

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        """Override GraphicsView.resizeEvent."""
        super().resizeEvent(event)
        if getattr(self, "_picture", None) is not None:
            self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Override GraphicsView.wheelEvent: the page scrolls."""
        event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Override GraphicsView.mouseMoveEvent: what is pointed at is read out."""
        self.pointed.emit(self._place_at(event.position().x(), event.position().y()))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Override GraphicsView.mousePressEvent: whoever holds the picture takes the focus."""
        event.ignore()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Override GraphicsView.mouseReleaseEvent."""
        event.ignore()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Override GraphicsView.mouseDoubleClickEvent."""
        event.ignore()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """Override GraphicsView.contextMenuEvent: there is no menu."""
        event.ignore()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802, ARG002
        """Override GraphicsView.leaveEvent."""
        self.pointed.emit(-1)


def _axis(side: str, view: Any) -> Any:
    made = pg.AxisItem(side, linkView=view)
    made.enableAutoSIPrefix(enable=False)
    offset = fonts.measures().unit // 2
    made.setStyle(
        tickLength=0,
        tickAlpha=0,
        tickTextOffset=offset,
        autoExpandTextSpace=False,
        hideOverlappingLabels=False,
        maxTickLevel=0,
    )
    return made


def _apart(ticks: tuple[Tick, ...], each: float, least: int) -> list[tuple[float, str]]:
    """Leaves the ticks whose words have room; ``each`` is how much a pixel is."""
    kept: list[Tick] = []
    for tick in ticks:
        if not kept or abs(tick.at - kept[-1].at) >= least * each:
            kept.append(tick)
    return [(tick.at, tick.text) for tick in kept]


def _lines(picture: Lines, ratio: float) -> list[Any]:
    """Makes each line in a stroke of its own."""
    look = tokens.current()
    made: list[Any] = []
    for line, (tone, style, _) in zip(picture.lines, LOOKS, strict=False):
        wide = 2 if len(line.dots) <= _FEW else 0
        pen = stroke(look.tone(tone), wide, ratio, style)
        x, y = [at for at, _ in line.dots], [value for _, value in line.dots]
        made.append(pg.PlotCurveItem(x, y, pen=pen, antialias=True))
    return made
