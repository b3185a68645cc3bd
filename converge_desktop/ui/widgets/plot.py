"""A picture of a table with what it says in words: the axis above, the place pointed at below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt, Slot
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QGroupBox, QSizePolicy, QVBoxLayout

from converge_desktop.ui import fonts, tokens
from converge_desktop.ui.models.insight_picture import Bars, Picture
from converge_desktop.ui.widgets.focus_ring import draw_ring
from converge_desktop.ui.widgets.labels import Elided, Label

if TYPE_CHECKING:
    from converge_desktop.ui.widgets.plot_canvas import Canvas

INSET = 6
"""How far all that is drawn stands from the frame that shows the focus."""
SHARP = 2
"""How many points of a saved picture there are for each on the screen, each way."""


class Plot(QGroupBox):
    """A picture that can have the focus: arrows go from place to place, and each is read out."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName("plot")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self.canvas: Canvas | None = None
        self.picture: Picture | None = None
        self._place = 0
        unit = fonts.measures().unit
        self.axis = Label("", "small", "muted").wrapped()
        self.waiting = Label("The picture is being drawn…", "small", "muted").wrapped()
        self.read = Elided("", "small")
        self._column = QVBoxLayout(self)
        own = self.contentsMargins().left()  # which a group has for its frame
        self._column.setContentsMargins(INSET - own, INSET - own, INSET - own, INSET - own)
        self._column.setSpacing(unit // 2)
        self._column.addWidget(self.axis)
        self._column.addWidget(self.waiting, 1)
        self._column.addWidget(self.read)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def tell(self, picture: Picture | None) -> None:
        """Takes another picture; it is drawn by ``draw``."""
        self.picture = picture
        self._place = 0 if picture is None or isinstance(picture, Bars) else len(picture.weeks) - 1
        more = ""
        if isinstance(picture, Bars) and picture.left_out:
            more = f"; the table has {picture.left_out:,} more"
        self.axis.say(f"{picture.axis}{more}" if picture is not None else "")
        self._say()

    def draw(self, canvas: type[Canvas]) -> None:
        """Draws the picture in the colours now in force, on a canvas made for it."""
        if self.picture is None:
            return
        if self.canvas is None:
            self.canvas = canvas()
            self.canvas.pointed.connect(self._on_pointed)
            self._column.insertWidget(1, self.canvas, 1)
        self.waiting.hide()
        self.canvas.draw(self.picture)
        self.canvas.choose(self._place if self.hasFocus() else -1)

    def cannot(self, why: str) -> None:
        """Says in the picture's place why there is none."""
        self.waiting.say(why)
        self.waiting.setVisible(self.canvas is None)

    def image(self, heading: str, sentence: str, source: str) -> QImage | None:
        """Paints the picture with its question, answer and source; None where it is not drawn."""
        if self.canvas is None or self.picture is None:
            return None
        unit, wide = fonts.measures().unit, self.canvas.width()
        texts = (
            ("heading", heading, "text"),
            ("body", sentence, "text"),
            ("small", self.axis.text(), "muted"),
        )
        many = int(Qt.TextFlag.TextWordWrap)
        most = QRect(0, 0, wide, 10_000)
        heights = [
            fonts.metrics(role).boundingRect(most, many, text).height() + unit
            for role, text, _ in texts
        ]
        foot = fonts.line("small") + unit
        high = sum(heights) + self.canvas.height() + foot
        size = QSize(wide + 4 * unit, high + 4 * unit)
        made = QImage(size * SHARP, QImage.Format.Format_RGB32)
        look = tokens.current()
        made.fill(QColor(look.surface))
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(SHARP, SHARP)
        painter.translate(2 * unit, 2 * unit)
        for (role, text, tone), tall in zip(texts, heights, strict=True):
            painter.setFont(fonts.font(role))
            painter.setPen(look.tone(tone))
            painter.drawText(QRect(0, 0, wide, tall), many, text)
            painter.translate(0, tall)
        self.canvas.paint_on(painter, SHARP)
        painter.setFont(fonts.font("small"))
        painter.setPen(look.tone("muted"))
        below = QRect(0, self.canvas.height() + unit, wide, fonts.line("small"))
        painter.drawText(below, int(Qt.AlignmentFlag.AlignLeft), source)
        painter.end()
        return made

    @Slot(int)
    def _on_pointed(self, place: int) -> None:
        at = place if place >= 0 else self._place
        if self.canvas is not None:
            self.canvas.choose(place if place >= 0 or not self.hasFocus() else self._place)
        self._say(at)

    def _say(self, place: int = -1) -> None:
        said = self.picture.said() if self.picture is not None else ()
        at = self._place if place < 0 else place
        self.read.say(said[at] if at < len(said) else "")
        self.setAccessibleDescription(self.read.accessibleName())

    def _go(self, place: int) -> None:
        """Reads another place out."""
        many = len(self.picture.said()) if self.picture is not None else 0
        if not many:
            return
        self._place = max(0, min(many - 1, place))
        if self.canvas is not None:
            self.canvas.choose(self._place)
        self._say()
        event = QAccessibleAnnouncementEvent(self, self.read.accessibleName())
        QAccessible.updateAccessibility(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Override QGroupBox.keyPressEvent: arrows, Home and End."""
        many = len(self.picture.said()) if self.picture is not None else 0
        places = {
            Qt.Key.Key_Left: self._place - 1,
            Qt.Key.Key_Up: self._place - 1,
            Qt.Key.Key_Right: self._place + 1,
            Qt.Key.Key_Down: self._place + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: many - 1,
        }
        place = places.get(Qt.Key(event.key()))
        if place is None or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
        else:
            self._go(place)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Override QGroupBox.focusInEvent: the place that is read out is marked."""
        super().focusInEvent(event)
        self._on_pointed(-1)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Override QGroupBox.focusOutEvent."""
        super().focusOutEvent(event)
        self._on_pointed(-1)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002
        """Override QGroupBox.paintEvent: no frame but the focus."""
        if self.hasFocus():
            draw_ring(self)
