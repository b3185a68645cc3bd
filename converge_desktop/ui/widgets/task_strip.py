"""A strip that says how far something is, and what came of it; it asks for no answer."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.bars import Bar
from converge_desktop.ui.widgets.buttons import Button, IconButton
from converge_desktop.ui.widgets.labels import Label, set_property


class TaskStrip(QWidget):
    """One sentence, a bar while something is under way, and at most one thing to do about it.

    Signals:
        pressed: The person does what is offered.
    """

    pressed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(name)
        unit = fonts.measures().unit
        self._text = Label("").wrapped().selectable()
        self._bar = Bar(0, "accent")
        self._bar.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.action = Button("", kind="compact")
        self.action.clicked.connect(self.pressed)
        self._close = IconButton("close", "Close this message", 14)
        self._close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._close.clicked.connect(self.leave)
        row = QHBoxLayout(self)
        self._row = row
        row.setSpacing(unit + 4)
        row.addWidget(self._text, 1)
        row.addWidget(self._bar)
        row.addWidget(self.action)
        row.addWidget(self._close)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    def work(self, text: str, share: int = -1, action: str = "") -> None:
        """Says that something is under way; ``share`` in thousandths, -1 where it is not known."""
        self._show(text, "info", action)
        self._bar.setVisible(share >= 0)
        self._bar.tell(share, text)
        self._close.hide()
        self._fit()

    def tell(self, tone: str, text: str, action: str = "", stands_for: str = "") -> None:
        """Says what came of it: ``good``, ``caution`` or ``danger``.

        ``stands_for`` names the action of the table that is offered, where it writes.
        """
        self._show(text, tone, action, stands_for)
        self._bar.hide()
        self._close.show()
        self._fit()
        event = QAccessibleAnnouncementEvent(self, text)
        if tone == "danger":
            event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
        QAccessible.updateAccessibility(event)

    def words(self) -> str:
        """Returns what is said; nothing where the strip is closed."""
        return "" if self.isHidden() else self._text.text()

    @Slot()
    def leave(self) -> None:
        """Closes the strip."""
        self.hide()

    def _fit(self) -> None:
        """Sets what stands at the right under what stands at the right of the page's head."""
        unit = fonts.measures().unit
        right = unit * 3 if self._close.isHidden() else unit
        self._row.setContentsMargins(unit * 3, unit, right, unit)

    def _show(self, text: str, tone: str, action: str, stands_for: str = "") -> None:
        set_property(self, "banner", tone)
        self._text.say(text)
        if action != self.action.accessibleName():
            self.action.setText(action)
            self.action.setAccessibleName(action)
            self.action.updateGeometry()
        self.action.stands_for(stands_for)
        self.action.setVisible(bool(action))
        self.show()
