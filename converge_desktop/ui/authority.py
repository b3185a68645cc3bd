"""Whether anything may be written into the ledger now: decided in one place, told on every page.

Actions that write say so (:class:`~converge_desktop.ui.actions.Action`, ``writes``); the window
switches them off while the ledger is only read, by whatever way they are asked for.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from converge_desktop.runtime.desk_model import Status
from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.labels import Label

ONLY_READ = (
    "The ledger is only read now: nothing can be decided, started or signed until it is mended."
)


def why_only_read(status: Status) -> str:
    """Says why nothing may be written into the ledger; nothing where it may."""
    if not status.ledger_problem:
        return ""
    return f"{ONLY_READ} {words.sentence(status.ledger_problem)}"


class ReadOnlyBar(QWidget):
    """Stands over every page while the ledger is only read, and cannot be closed.

    Signals:
        pressed: The person wants to see the ledger.
    """

    pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("The ledger is only read")
        self.setProperty("banner", "danger")
        unit = fonts.measures().unit
        self._text = Label("").wrapped().selectable()
        show = Button("Show the ledger", kind="compact")
        show.clicked.connect(self._on_show)
        row = QHBoxLayout(self)
        row.setContentsMargins(unit * 3, unit, unit * 2, unit)
        row.setSpacing(unit * 2)
        row.addWidget(self._text, 1)
        row.addWidget(show, 0, Qt.AlignmentFlag.AlignTop)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    def tell(self, reason: str) -> None:
        """Says why the ledger is only read; an empty reason takes the bar away."""
        if reason == self._text.text() or (not reason and self.isHidden()):
            return
        self._text.say(reason)
        self.setVisible(bool(reason))
        if reason:
            event = QAccessibleAnnouncementEvent(self, reason)
            event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
            QAccessible.updateAccessibility(event)

    def words(self) -> str:
        """Returns what is said; nothing where the ledger may be written."""
        return "" if self.isHidden() else self._text.text()

    @Slot()
    def _on_show(self) -> None:
        self.pressed.emit()
