"""When the key of the person at the desk is locked by itself, and what locking it is worth."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.ui import fonts
from converge_desktop.ui.idle_lock import OPTIONS, PROTECTED
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.settings import LOCK_AFTER, LOCK_AFTER_MIN
from converge_desktop.ui.widgets.choice import Choice
from converge_desktop.ui.widgets.labels import Label, caption

_WORTH = {
    "keyring": "Unlocking asks the system's keyring, which may be open while you are logged in. A "
    "passphrase of your own protects you from who shares your login.",
    "file under a passphrase": "Unlocking takes your passphrase.",
    "plain file": "Your key lies in a plain file, so unlocking takes nothing but a press of a key: "
    "locking keeps you from deciding by mistake, and nobody else from deciding as you.",
}
"""What locking is worth, by where the key lies."""


class Locking(QWidget):
    """Lets the person choose, and says what it means."""

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._settings = tools.settings
        self._kept = ""
        unit = fonts.measures().unit
        self.choice = Choice("Lock your key when nobody uses it", OPTIONS)
        self.choice.activated.connect(self._on_chosen)
        row = QHBoxLayout()
        row.setSpacing(unit)
        row.addWidget(Label("Lock it"))
        row.addWidget(self.choice)
        row.addWidget(Label("without use of keyboard and pointer."), 1)
        self.about = Label("", "small", "muted").wrapped()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, unit, 0, 0)
        column.setSpacing(unit)
        column.addWidget(caption("Locking"))
        column.addLayout(row)
        column.addWidget(self.about)
        tools.settings.watch(LOCK_AFTER, self._on_setting)
        self.show_kept("")

    def show_kept(self, kept: str) -> None:
        """Shows what is in force for a key that lies there."""
        self._kept = kept
        usual = LOCK_AFTER_MIN if kept in PROTECTED else 0
        self.choice.choose(str(self._settings.number(LOCK_AFTER, usual)))
        self.about.say(_WORTH.get(kept, ""))
        self.about.setVisible(kept in _WORTH)

    def _on_setting(self, _: str) -> None:
        self.show_kept(self._kept)

    @Slot()
    def _on_chosen(self) -> None:
        self._settings.put(LOCK_AFTER, self.choice.chosen())
