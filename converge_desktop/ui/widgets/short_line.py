"""A line for one short thing: Return takes it, Escape leaves it, and no shortcut gets either."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

from converge_desktop.ui import fonts

_LEAVES: Final = Qt.Key.Key_Escape
_TAKES: Final = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})


class ShortLine(QLineEdit):
    """A line that is shown for one thing, and gone once that is typed or thought better of.

    Signals:
        taken: What is typed is to be taken.
        left: The person is done here.
    """

    taken = Signal()
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("compact", "true")
        self.setFont(fonts.font("body"))

    def event(self, event: QEvent) -> bool:
        """Override QObject.event: Return and Enter take, Escape leaves."""
        if isinstance(event, QKeyEvent) and event.key() in {_LEAVES, *_TAKES}:
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                (self.left if event.key() == _LEAVES else self.taken).emit()
                return True
        return super().event(event)
