"""What moves many times a second, told no faster than it can be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, QTimer, Slot

T = TypeVar("T")
READABLE_MS = 200
"""How long figures stand still, so that they can be read and cost little."""


class Pace(QObject, Generic[T]):
    """Passes the first of a pause on at once; of what follows, the latest, a few times a second.

    Args:
        tell: What it is passed on to.
        parent: Who it lives with.
        firm: What of it stands still as a rule; where that is other, it is passed on at once.
    """

    def __init__(
        self, tell: Callable[[T], None], parent: QObject, firm: Callable[[T], object]
    ) -> None:
        super().__init__(parent)
        self._tell = tell
        self._firm = firm
        self._waits: list[T] = []
        self._told: object = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(READABLE_MS)
        self._timer.timeout.connect(self._on_due)

    def take(self, latest: T) -> None:
        """Takes the latest."""
        self._waits = [latest]
        if not self._timer.isActive() or self._firm(latest) != self._told:
            self._on_due()

    @Slot()
    def _on_due(self) -> None:
        if self._waits:
            latest = self._waits.pop()
            self._told = self._firm(latest)
            self._timer.start()
            self._tell(latest)
