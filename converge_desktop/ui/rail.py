"""The navigation rail."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QVBoxLayout, QWidget

from converge_desktop.ui import fonts, icons, tokens, words
from converge_desktop.ui.actions import BY_NUMBER, PAGES

_BELOW = "people"
"""From this page on, the rarer ones: they stand at the bottom."""
_NARROW = 7
"""How wide the rail is where it shows icons alone, in units."""


class RailButton(QAbstractButton):
    """A page's entry: icon, name and, where it says something, a count."""

    def __init__(self, page: str, title: str, icon: str, keys: str) -> None:
        super().__init__()
        self.page = page
        self._title = title
        self._icon = icon
        self._count = 0
        self._narrow = False
        self._keys = keys
        self.setCheckable(True)
        self.setAccessibleName(title)
        self.setToolTip(words.tooltip(f"{title} ({keys})"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def tell(self, count: int, what: str) -> None:
        """Shows how many things wait there."""
        if count == self._count:
            return
        self._count = count
        said = f"{self._title}, {words.count(count, what)}" if count else self._title
        self.setAccessibleName(said)
        self.setToolTip(words.tooltip(f"{said} ({self._keys})"))
        self.update()

    def narrow(self, *, narrow: bool) -> None:
        """Shows the icon alone, or its name and count beside it."""
        self._narrow = narrow
        self.updateGeometry()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Override QAbstractButton.sizeHint."""
        measures = fonts.measures()
        wide = measures.unit * _NARROW if self._narrow else measures.rail
        return QSize(wide, measures.control + 2)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002
        """Override QAbstractButton.paintEvent."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        look = tokens.current()
        unit = fonts.measures().unit
        frame = QRectF(self.rect()).adjusted(unit, 0.5, -unit, -0.5)
        ink = QColor(look.muted)
        if self.isChecked():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(look.accent_background))
            painter.drawRoundedRect(frame, 6, 6)
            ink = QColor(look.accent)
        elif self.underMouse():
            ink = QColor(look.text)
        if self.hasFocus():
            painter.setPen(QPen(QColor(look.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame.adjusted(1, 1, -1, -1), 5, 5)
        side = 2 * unit
        left = (self.width() - side) // 2 if self._narrow else side + 2
        place = QRectF(left, (self.height() - side) / 2, side, side)
        icons.paint(painter, self._icon, place, ink)
        if self._narrow:
            self._paint_dot(painter, place)
            return
        painter.setPen(ink)
        painter.setFont(fonts.font("strong" if self.isChecked() else "body"))
        text = QRect(left + side + unit + 2, 0, self.width(), self.height())
        painter.drawText(text, int(Qt.AlignmentFlag.AlignVCenter), self._title)
        if self._count:
            painter.setFont(fonts.font("small-strong"))
            place_right = QRect(0, 0, self.width() - 2 * unit - 2, self.height())
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(place_right, int(flags), f"{self._count:,}")

    def _paint_dot(self, painter: QPainter, icon: QRectF) -> None:
        """Marks that something waits, where there is no room to say how much; its name says it."""
        if self._count:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.current().accent))
            size = icon.width() / 2.5
            painter.drawEllipse(QRectF(icon.right() - size / 3, icon.top() - size / 2, size, size))


class Rail(QWidget):
    """All pages, the rarer ones at the bottom.

    Signals:
        chosen: A page was chosen, by id.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Pages")
        self._buttons: dict[str, RailButton] = {}
        self.narrow(narrow=False)
        group = QButtonGroup(self)
        group.setExclusive(True)
        unit = fonts.measures().unit
        column = QVBoxLayout(self)
        column.setContentsMargins(0, unit + 3, 1, unit + 3)
        column.setSpacing(0)
        for number, (page, title, key, icon) in enumerate(PAGES, start=1):
            if page == _BELOW:
                column.addStretch(1)
            keys = f"G {key} or Alt {number % 10}" if number <= BY_NUMBER else f"G {key}"
            button = RailButton(page, title, icon, keys)
            self._buttons[page] = button
            group.addButton(button)
            column.addWidget(button)
        group.buttonClicked.connect(self._on_clicked)

    def narrow(self, *, narrow: bool) -> None:
        """Shows icons alone, where there is little room; names stay for who rests or listens."""
        measures = fonts.measures()
        self.setFixedWidth(measures.unit * _NARROW if narrow else measures.rail)
        for button in self._buttons.values():
            button.narrow(narrow=narrow)

    def select(self, page: str) -> None:
        """Marks the page that is in front; Tab stops there, and arrows lead to the others."""
        self._buttons[page].setChecked(True)
        for name, button in self._buttons.items():
            policy = Qt.FocusPolicy.StrongFocus if name == page else Qt.FocusPolicy.ClickFocus
            button.setFocusPolicy(policy)

    def button(self, page: str) -> RailButton:
        """Returns a page's entry."""
        return self._buttons[page]

    @Slot(QAbstractButton)
    def _on_clicked(self, button: QAbstractButton) -> None:
        if isinstance(button, RailButton):
            self.chosen.emit(button.page)
