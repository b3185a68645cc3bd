"""Notifications through the desktop portal, for desktops without a tray.

The older ``org.freedesktop.Notifications`` wants a number type that Qt's Python binding cannot
send; the portal takes words alone, and shows them as they are.
"""

from __future__ import annotations

from PySide6.QtCore import SLOT, QObject, Signal, Slot
from PySide6.QtDBus import QDBusConnection, QDBusMessage

from converge_desktop.ui.notifications import Notification

SERVICE = "org.freedesktop.portal.Desktop"
PLACE = "/org/freedesktop/portal/desktop"
FACE = "org.freedesktop.portal.Notification"
_ID = "proposals"
_OPEN = "open"


class PortalChannel(QObject):
    """Sends to the portal and waits for no answer.

    Signals:
        clicked: The person clicked a notification; the gate that it is about.
    """

    clicked = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._gate = ""
        self._bus = QDBusConnection.sessionBus()
        if self._bus.isConnected():
            self._bus.connect(  # type: ignore[call-overload] # the stub asks for bytes
                SERVICE, PLACE, FACE, "ActionInvoked", self, SLOT("on_invoked(QDBusMessage)")
            )

    def deliver(self, said: Notification) -> None:
        """Shows a notification in place of the one before."""
        self._gate = said.gate_id
        call = QDBusMessage.createMethodCall(SERVICE, PLACE, FACE, "AddNotification")
        call.setArguments(
            [
                _ID,
                {
                    "title": said.title,
                    "body": said.body,
                    "priority": "high" if said.urgent else "normal",
                    "default-action": _OPEN,
                },
            ]
        )
        if self._bus.isConnected():
            self._bus.send(call)

    @Slot(QDBusMessage)
    def on_invoked(self, message: QDBusMessage) -> None:
        """The portal says that something was clicked."""
        said = message.arguments()
        if said[:2] == [_ID, _OPEN]:
            self.clicked.emit(self._gate)
