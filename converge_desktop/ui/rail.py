"""The navigation rail."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QVBoxLayout, QWidget

from converge_desktop.ui import fonts, icons, tokens, words
from converge_desktop.ui.actions import PAGES

_BELOW = frozenset(["packs", "models"])


class RailButton(QAbstractButton):
    """A page's entry: icon, name and, where it says something, a count."""

    def __init__(self, page: str, title: str, icon: str, keys: str) -> None:
        super().__init__()
        self.page = page
        self._title = title
        self._icon = icon
        self._count = 0
        self.setCheckable(True)
        self.setAccessibleName(title)
        self.setToolTip(words.tooltip(f"{title} ({keys})"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def tell(self, count: int, what: str) -> None:
        """Shows how many things wait there."""
        self._count = count
        said = f"{self._title}, {words.count(count, what)}" if count else self._title
        self.setAccessibleName(said)
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Override QAbstractButton.sizeHint."""
        return QSize(fonts.measures().rail, fonts.measures().control + 2)

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
        side = 16
        left = 2 * unit + 2
        place = QRectF(left, (self.height() - side) / 2, side, side)
        icons.paint(painter, self._icon, place, ink)
        painter.setPen(ink)
        painter.setFont(fonts.font("strong" if self.isChecked() else "body"))
        text = QRect(left + side + unit + 2, 0, self.width(), self.height())
        painter.drawText(text, int(Qt.AlignmentFlag.AlignVCenter), self._title)
        if self._count:
            painter.setFont(fonts.font("small-strong"))
            place_right = QRect(0, 0, self.width() - 2 * unit - 2, self.height())
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(place_right, int(flags), f"{self._count:,}")


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
        self.setFixedWidth(fonts.measures().rail)
        self._buttons: dict[str, RailButton] = {}
        group = QButtonGroup(self)
        group.setExclusive(True)
        unit = fonts.measures().unit
        column = QVBoxLayout(self)
        column.setContentsMargins(0, unit + 3, 1, unit + 3)
        column.setSpacing(0)
        for number, (page, title, key, icon) in enumerate(PAGES, start=1):
            if page in _BELOW and page == "packs":
                column.addStretch(1)
            button = RailButton(page, title, icon, f"G {key} or Alt {number}")
            self._buttons[page] = button
            group.addButton(button)
            column.addWidget(button)
        group.buttonClicked.connect(self._on_clicked)

    def select(self, page: str) -> None:
        """Marks the page that is in front."""
        self._buttons[page].setChecked(True)

    def button(self, page: str) -> RailButton:
        """Returns a page's entry."""
        return self._buttons[page]

    @Slot(QAbstractButton)
    def _on_clicked(self, button: QAbstractButton) -> None:
        if isinstance(button, RailButton):
            self.chosen.emit(button.page)
