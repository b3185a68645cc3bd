"""Buttons that confirm: they know what pressed them, and Approve is pressed by no single key."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent

from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.labels import set_property


class ConfirmButton(Button):
    """A button that says by what it was pressed.

    Signals:
        pressed_by: ``pointer`` or ``keyboard``.
    """

    pressed_by = Signal(str)

    def __init__(self, text: str, hint: str = "Ctrl ⏎", kind: str = "plain") -> None:
        super().__init__(text, hint, kind)
        self._origin = "keyboard"
        self.clicked.connect(self._on_clicked)

    @Slot()
    def _on_clicked(self) -> None:
        self.pressed_by.emit(self._origin)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Override QPushButton.mouseReleaseEvent."""
        self._origin = "pointer"
        super().mouseReleaseEvent(event)
        self._origin = "keyboard"


class ApproveButton(ConfirmButton):
    """Approves by a whole click, pressed and released while approval is permitted."""

    def __init__(self, permits: Callable[[], bool]) -> None:
        super().__init__("Approve", kind="primary")
        self._permits = permits
        self._meant = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
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
            super()._on_clicked()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Override QPushButton.mousePressEvent: a press that does not count is swallowed."""
        self._meant = event.button() == Qt.MouseButton.LeftButton and self._permits()
        if self._meant:
            super().mousePressEvent(event)
        else:
            event.accept()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Override QPushButton.changeEvent: what was pressed for before counts for nothing else."""
        if event.type() == QEvent.Type.EnabledChange and not self.isEnabled():
            self._meant = False
        super().changeEvent(event)

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
