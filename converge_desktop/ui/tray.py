"""The icon in the tray: how many proposals wait, and a way to the window; and notifications.

Where there is no tray, notifications go through the desktop's portal, and everything else works
as it does with one.
"""

from __future__ import annotations

import html
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QAction, QColor, QFont, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

from converge_desktop.ui import fonts, icons, words
from converge_desktop.ui.notifications import ON, Notification
from converge_desktop.ui.settings import UiSettings

if TYPE_CHECKING:
    from converge_desktop.ui.portal import PortalChannel

_SIDE = 64
_GROUND, _INK = "#b3261e", "#ffffff"
_NAME = "Converge Desktop"


class Tray(QObject):
    """The way out of the window: icon, menu, notifications.

    Signals:
        opened: The person wants the window; with the gate of a notification, if it came from one.
        quit_wanted: The person wants to quit.
    """

    opened = Signal(str)
    quit_wanted = Signal()

    def __init__(self, settings: UiSettings, parent: QWidget) -> None:
        super().__init__(parent)
        self._settings = settings
        self._gate = ""
        self._portal: PortalChannel | None = None
        self.menu = QMenu(parent)
        self.menu.setAccessibleName(_NAME)
        show, self.pause = QAction("Open the window", self), QAction("Pause notifications", self)
        leave = QAction("Quit", self)
        show.triggered.connect(self._on_open)
        leave.triggered.connect(self.quit_wanted)
        self.pause.setCheckable(True)
        self.pause.setChecked(settings.text(ON, "on") != "on")
        self.pause.toggled.connect(self._on_pause)
        self.menu.addActions([show, self.pause])
        self.menu.addSeparator()
        self.menu.addAction(leave)
        settings.watch(ON, self._on_setting)
        self.icon = QSystemTrayIcon(tray_icon(0), self)
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._on_activated)
        self.icon.messageClicked.connect(self._on_clicked)
        self.tell(0)

    def there(self) -> bool:
        """Says whether the desktop has a tray."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    def tell(self, count: int) -> None:
        """Shows how many proposals wait."""
        waiting = words.count(count, "proposal waits", "proposals wait")
        self.icon.setToolTip(f"{_NAME}: {waiting if count else 'nothing waits'}")
        self.icon.setIcon(tray_icon(count))
        if self.there():
            self.icon.show()

    def deliver(self, said: Notification) -> None:
        """Shows a notification, by the tray or, where there is none, by the portal."""
        self._gate = said.gate_id
        if self.there() and QSystemTrayIcon.supportsMessages():
            grave = QSystemTrayIcon.MessageIcon.Warning
            kind = grave if said.urgent else QSystemTrayIcon.MessageIcon.Information
            self.icon.showMessage(said.title, unmarked(said.body), kind)
        elif sys.platform == "linux":
            self._through_portal(said)

    def close(self) -> None:
        """Takes the icon away."""
        self.icon.hide()

    def _through_portal(self, said: Notification) -> None:
        if self._portal is None:
            from converge_desktop.ui.portal import PortalChannel  # noqa: PLC0415 - rarely needed

            self._portal = PortalChannel(self)
            self._portal.clicked.connect(self.opened)
        self._portal.deliver(said)

    @Slot()
    def _on_open(self) -> None:
        self.opened.emit("")

    @Slot(bool)
    def _on_pause(self, paused: bool) -> None:
        self._settings.put(ON, "off" if paused else "on")

    def _on_setting(self, value: str) -> None:
        self.pause.setChecked(value != "on")

    @Slot(QSystemTrayIcon.ActivationReason)
    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in {
            QSystemTrayIcon.ActivationReason.Trigger,
            QSystemTrayIcon.ActivationReason.DoubleClick,
        }:
            self.opened.emit("")

    @Slot()
    def _on_clicked(self) -> None:
        self.opened.emit(self._gate)


def unmarked(text: str) -> str:
    """Keeps a text plain on a desktop that takes what it is given for a little HTML."""
    return html.escape(text, quote=False) if sys.platform == "linux" else text


def tray_icon(count: int) -> QIcon:
    """Draws the application's icon with a number on it."""
    picture = QPixmap(_SIDE, _SIDE)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    icons.paint(painter, "app", QRectF(0, 0, _SIDE, _SIDE), QColor("#1f5fbf"))
    if count:
        badge = QRectF(_SIDE * 0.36, _SIDE * 0.36, _SIDE * 0.64, _SIDE * 0.64)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(_GROUND))
        painter.drawRoundedRect(badge, badge.height() / 2, badge.height() / 2)
        shown = str(min(count, 99))
        face = QFont(fonts.font("strong"))
        face.setPixelSize(round(_SIDE * (0.46 if len(shown) == 1 else 0.36)))
        painter.setFont(face)
        painter.setPen(QColor(_INK))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, shown)
    painter.end()
    return QIcon(picture)
