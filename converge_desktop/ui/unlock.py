"""Asks for the passphrase of a person's key. It holds up nothing else that one does meanwhile."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from converge_desktop.runtime.port import StatusChanged
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.labels import Label, set_property

_SIGNED = "What is decided here is signed with the key of {who}."
_TAKES = {
    "keyring": "It lies in the system's keyring, which may ask for its own password.",
    "file under a passphrase": "It lies in a file under a passphrase. Type that.",
    "plain file": "It lies in a plain file and has no passphrase. Protect it on the page People.",
}
_UNKNOWN = "Type its passphrase; where it lies in the system's keyring, leave this empty."


class UnlockDialog(QDialog):
    """Opens the key of whoever sits at the desk, or says why it stays locked."""

    def __init__(self, tools: Tools, parent: QWidget) -> None:
        super().__init__(parent)
        self._tools = tools
        self._who, self._kept = "", ""
        self.setWindowTitle("Unlock your key")
        self.setModal(False)
        unit = fonts.measures().unit
        self.passphrase = QLineEdit()
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self.passphrase.setAccessibleName("Passphrase")
        self.passphrase.setMinimumWidth(unit * 44)
        self.passphrase.returnPressed.connect(self.unlock)
        self.about_label = Label("", "body", "muted").wrapped()
        self.result_label = Label("", "body", "danger").wrapped().selectable()
        self.unlock_button = Button("Unlock", kind="primary")
        self.unlock_button.clicked.connect(self.unlock)
        cancel = Button("Cancel", "Esc")
        cancel.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(self.unlock_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(unit * 3, unit * 3, unit * 3, unit * 3)
        column.setSpacing(unit + unit // 2)
        column.addWidget(Label("Unlock your key", "title"))
        column.addWidget(self.about_label)
        column.addWidget(self.passphrase)
        column.addWidget(self.result_label)
        column.addLayout(row)
        self.result_label.hide()
        self.setFixedWidth(unit * 56)
        tools.bridge.status_changed.connect(self._on_status)

    def ask(self) -> None:
        """Shows itself, empty, and takes the keyboard."""
        self.passphrase.clear()
        self.result_label.hide()
        signed = _SIGNED.format(who=self._who or "the person at the desk")
        self.about_label.say(f"{signed} {_TAKES.get(self._kept, _UNKNOWN)}")
        takes = self._kept not in {"keyring", "plain file"}
        self.passphrase.setVisible(takes)
        self._fit()
        self.show()
        self.raise_()
        first = self.passphrase if takes else self.unlock_button
        first.setFocus(Qt.FocusReason.ActiveWindowFocusReason)

    @Slot()
    def unlock(self) -> None:
        """Tries what was typed."""
        if not self.unlock_button.isEnabled():
            return
        self.unlock_button.setEnabled(False)
        self._say("Opening the key…", "muted")
        typed = self.passphrase.text()
        self._tools.bridge.ask(self, self._tools.desk.unlock(typed), self._on_done, self._on_failed)

    def _on_done(self, unlocked: bool) -> None:
        self.unlock_button.setEnabled(True)
        self.passphrase.clear()
        if unlocked:
            self.accept()
            return
        self._say("The key stays locked; the message above the page says why.", "danger")

    def _on_failed(self, error: BaseException) -> None:
        self.unlock_button.setEnabled(True)
        self.passphrase.selectAll()
        self._say(words.problem(error), "danger")

    @Slot(object)
    def _on_status(self, change: StatusChanged) -> None:
        self._who, self._kept = change.status.operator, change.status.key_kept

    def _say(self, text: str, tone: str) -> None:
        self.result_label.say(text)
        set_property(self.result_label, "tone", tone)
        self.result_label.show()
        self._fit()

    def _fit(self) -> None:
        """Takes the height that its words need at its width."""
        layout = self.layout()
        assert layout is not None
        self.setFixedHeight(layout.heightForWidth(self.width()))
