"""What a page shows where it has nothing to show: what is, and what to do next."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from converge_desktop.ui import fonts, icons, tokens
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.labels import Label, set_property


class _Mark(QWidget):
    """An icon, large and quiet."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.icon = name
        self.setFixedSize(32, 32)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002
        """Override QWidget.paintEvent."""
        painter = QPainter(self)
        icons.paint(painter, self.icon, QRectF(0, 0, 32, 32), QColor(tokens.current().muted))


class EmptyState(QWidget):
    """A heading, one sentence and, where there is one, the next step.

    Signals:
        pressed: The next step was taken.
    """

    pressed = Signal()

    def __init__(
        self, icon: str, heading: str, text: str, action: str = "", *, beside: bool = False
    ) -> None:
        """Makes the state; ``beside`` is for a list whose page says more in its wider part."""
        super().__init__()
        self.setObjectName("master" if beside else "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        unit = fonts.measures().unit
        self._mark = _Mark(icon)
        self._heading = Label(heading, "strong" if beside else "heading").wrapped()
        self._text = Label(text, "body", "muted").wrapped()
        self._text.setMaximumWidth(unit * 48)
        self._button = Button(action)
        self._button.setVisible(bool(action))
        self._button.clicked.connect(self._on_clicked)
        holder = QWidget()
        holder.setMaximumWidth(unit * 48)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(unit)
        column.addWidget(self._mark)
        column.addWidget(self._heading)
        column.addWidget(self._text)
        column.addSpacing(unit // 2)
        column.addWidget(self._button)
        self._mark.setVisible(not beside)
        outer = QVBoxLayout(self)
        side = unit + 4 if beside else unit * 3
        outer.setContentsMargins(side, side, side, side)
        if beside:
            outer.addWidget(holder)
            outer.addStretch(1)
        else:
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(holder, 1000)
            row.addStretch(1)
            outer.addStretch(2)
            outer.addLayout(row)
            outer.addStretch(3)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def tell(self, heading: str, text: str, *, action: str = "", tone: str = "") -> None:
        """Says something else."""
        self._heading.say(heading)
        self._text.say(text)
        set_property(self._heading, "tone", tone)
        if tone == "danger":
            self._text.selectable()  # somebody may want to pass it on
        self._button.setText(action)
        self._button.setAccessibleName(action)
        self._button.setVisible(bool(action))
        self._button.updateGeometry()

    def stands_for(self, action: str) -> None:
        """Names the action of the table that the next step is: the window says what that writes."""
        self._button.stands_for(action)

    def words(self) -> str:
        """Returns what is said, for tests and for screen readers."""
        return f"{self._heading.text()} {self._text.text()}"

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Override QWidget.minimumSizeHint."""
        return QSize(fonts.measures().unit * 20, 0)

    @Slot()
    def _on_clicked(self) -> None:
        self.pressed.emit()
