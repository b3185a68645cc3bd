"""A box with a heading that opens and closes what is under it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from converge_desktop.ui import fonts, icons, tokens
from converge_desktop.ui.widgets.labels import Elided, Label, rule


class _Head(QPushButton):
    """The heading, pressed to open or close; it draws the arrow."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "row")
        self.setCheckable(True)
        self.setAutoDefault(False)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(fonts.measures().control)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Override QPushButton.paintEvent."""
        super().paintEvent(event)
        painter = QPainter(self)
        side = 12.0
        place = QRectF(fonts.measures().unit, (self.height() - side) / 2, side, side)
        name = "chevron-down" if self.isChecked() else "chevron-right"
        icons.paint(painter, name, place, QColor(tokens.current().muted))


class Disclosure(QFrame):
    """A collapsible section: title, one line about it, and its content."""

    def __init__(self, title: str, about: str, content: QWidget, *, opened: bool = False) -> None:
        super().__init__()
        self.setProperty("card", "plain")
        unit = fonts.measures().unit
        self.head = _Head()
        self.head.setAccessibleName(f"{title}, {about}" if about else title)
        row = QHBoxLayout(self.head)
        row.setContentsMargins(unit * 3 + 4, 0, unit, 0)
        row.setSpacing(unit)
        name = Label(title, "small-strong")
        name.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        row.addWidget(name)
        row.addWidget(Elided(about, "small", "muted"), 1)
        for label in self.head.findChildren(Label):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._content = QWidget()
        inner = QVBoxLayout(self._content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addWidget(rule())
        hold = QVBoxLayout()
        hold.setContentsMargins(unit + 4, unit, unit + 4, unit)
        hold.addWidget(content)
        inner.addLayout(hold)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.setSpacing(0)
        outer.addWidget(self.head)
        outer.addWidget(self._content)
        self._content.setVisible(opened)
        self.head.setChecked(opened)
        self.head.toggled.connect(self._on_toggled)

    def is_open(self) -> bool:
        """Says whether the content shows."""
        return self.head.isChecked()

    @Slot(bool)
    def _on_toggled(self, opened: bool) -> None:
        self._content.setVisible(opened)
