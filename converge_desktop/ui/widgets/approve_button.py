"""The button that approves. No key presses it, and the click that wakes a window does not."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent

from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.labels import set_property


class ApproveButton(Button):
    """Approves by a whole click, pressed and released while approval is permitted.

    Signals:
        approved: The person means it.
    """

    approved = Signal()

    def __init__(self, permits: Callable[[], bool]) -> None:
        super().__init__("Approve", "Ctrl ⏎", "primary")
        self._permits = permits
        self._meant = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clicked.connect(self._on_clicked)
        self.setAccessibleDescription("Control and Return approve; no single key does")

    def weigh(self, risk: str) -> None:
        """Draws the button as loud as the risk allows: for high risk it is as plain as Reject."""
        kind = "plain" if risk == "high" else "primary"
        set_property(self, "kind", kind)
        self.setFont(fonts.font(self.face()))
        self.updateGeometry()

    @Slot()
    def _on_clicked(self) -> None:
        if self._permits():
            self.approved.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Override QPushButton.mousePressEvent: a press that does not count is swallowed."""
        self._meant = event.button() == Qt.MouseButton.LeftButton and self._permits()
        if self._meant:
            super().mousePressEvent(event)
        else:
            event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Override QPushButton.mouseReleaseEvent."""
        meant, self._meant = self._meant, False
        if not meant:
            event.accept()
            return
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Override QPushButton.keyPressEvent: neither Space nor Return presses it."""
        event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Override QPushButton.keyReleaseEvent."""
        event.ignore()
