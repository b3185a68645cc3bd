"""What is wrong with what was typed, under the line where it was."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget

from converge_desktop.ui.widgets.labels import Label


class ProblemLine(Label):
    """Says what is wrong with what is typed, and has it read out; hidden where nothing is.

    Args:
        of: where it is typed.
    """

    def __init__(self, of: QWidget) -> None:
        super().__init__("", "small", "danger")
        self._of = of
        self.wrapped()
        self.hide()

    @Slot(str)
    def tell(self, said: str) -> None:
        """Says it."""
        self.say(said)
        self.setVisible(bool(said))
        if said:
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._of, said))
