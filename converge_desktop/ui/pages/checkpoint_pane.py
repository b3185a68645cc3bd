"""The newest checkpoint, to be kept where nobody who can write to this ledger can write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from converge_desktop.runtime.ledger_model import CheckpointView
from converge_desktop.ui import fonts, words
from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.record_view import PaneHead
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import clear
from converge_desktop.ui.widgets.empty import EmptyState
from converge_desktop.ui.widgets.labels import Label, set_property
from converge_desktop.ui.widgets.qr_view import QrView
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage
from converge_desktop.ui.widgets.text_view import TextView

_WHY = (
    "Keep this somewhere else: in a mail, on paper, on another machine. Whoever can write to the "
    "files here could replace the whole ledger, but not what you kept; compared with it, a ledger "
    "that was replaced or shortened shows."
)


class CheckpointPane(QWidget):
    """Shows the checkpoint as text and as a QR code.

    Signals:
        closed: The person closes the pane.
    """

    closed = Signal()

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._tools = tools
        self.view: CheckpointView | None = None
        head = PaneHead("Keep a copy of the checkpoint")
        head.closed.connect(self.closed)
        self.empty = EmptyState("ledger", "Reading the newest checkpoint…", "")
        self.empty.pressed.connect(self.sign)
        self.empty.stands_for("checkpoint.sign")
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._build())
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(head)
        outer.addWidget(self._stack, 1)

    def _build(self) -> QWidget:
        unit = fonts.measures().unit
        body = ScrollBody()
        column = QVBoxLayout(body)
        column.setContentsMargins(unit * 2, unit * 2, unit * 2, unit * 2)
        column.setSpacing(unit + 4)
        self._covers = Label("").wrapped()
        column.addWidget(self._covers)
        column.addWidget(Label(_WHY, "small", "muted").wrapped())
        self._text = QVBoxLayout()
        column.addLayout(self._text)
        row = QHBoxLayout()
        row.setSpacing(unit)
        self.copy_button = Button("Copy", kind="compact")
        self.copy_button.clicked.connect(self.copy)
        self.save_button = Button("Save as…", kind="compact")
        self.save_button.clicked.connect(self.save)
        self.sign_button = Button("Sign again now", kind="compact").stands_for("checkpoint.sign")
        self.sign_button.clicked.connect(self.sign)
        for button in (self.copy_button, self.save_button, self.sign_button):
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        self._said = Label("", "small").wrapped().selectable()
        column.addWidget(self._said)
        self.code = QrView("The checkpoint as a QR code")
        column.addWidget(self.code)
        column.addStretch(1)
        return ScrollPage(body)

    def signing(self, do: Callable[[], None]) -> Action:
        """Makes the action that the buttons here, and whoever else has it signed, stand for."""
        title, writes = "Sign a checkpoint", "a checkpoint, signed by you"
        return Action(
            "checkpoint.sign", title, (), do, "Ledger", self.sign_button.isEnabled, writes=writes
        )

    def load(self) -> None:
        """Reads the newest checkpoint and shows it."""
        self.empty.tell("Reading the newest checkpoint…", "")
        self._stack.setCurrentIndex(0)
        self._say("", "muted")
        self._tools.bridge.ask(
            self, self._tools.desk.newest_checkpoint(), self._on_read, self._on_failed
        )

    def _on_read(self, view: CheckpointView | None) -> None:
        if view is None:
            self.empty.tell(
                "Nobody has signed this ledger yet",
                "It is signed with every decision and when the desk is closed; or now, by you.",
                action="Sign now",
            )
            return
        self._show(view)

    def _on_failed(self, error: BaseException) -> None:
        self.empty.tell("There is no checkpoint to show", words.problem(error), tone="danger")
        self._stack.setCurrentIndex(0)

    def _show(self, view: CheckpointView) -> None:
        self.view = view
        self._covers.say(
            f"{view.operator} signed the records 0 to {view.size - 1:,} on "
            f"{words.full_time(view.at)}."
        )
        clear(self._text)
        text = TextView(view.text, "The checkpoint as text", kind="sheet", anywhere=True)
        self._text.addWidget(text)
        self.code.show_code(view.code)
        self.code.setVisible(bool(view.code))
        self._stack.setCurrentIndex(1)

    @Slot()
    def copy(self) -> None:
        """Puts the text on the clipboard, to the byte."""
        if self.view is not None:
            QGuiApplication.clipboard().setText(self.view.text)
            self._say("Copied. Paste it where it is safe from whoever can write here.", "good")

    @Slot()
    def save(self) -> None:
        """Keeps the text in a file."""
        if self.view is None:
            return
        chosen = ask_save(self, str(Path.home() / f"checkpoint-{self.view.size}.txt"))
        if chosen:
            self._path = chosen
            self._say("Saving…", "muted")
            saved = self._tools.desk.save_text(self.view.text, Path(chosen))
            self._tools.bridge.ask(self, saved, self._on_saved, self._on_not_saved)

    def _on_saved(self, _: None) -> None:
        self._say(
            f"Saved in {self._path}. On this machine it is only as safe as the ledger.", "good"
        )

    def _on_not_saved(self, error: BaseException) -> None:
        self._say(f"It was not saved. {words.problem(error)}", "danger")

    @Slot()
    def sign(self) -> None:
        """Signs what the ledger came to by now, and shows that."""
        self.sign_button.setEnabled(False)
        self.empty.tell("Signing what the ledger came to…", "")
        self._say("Signing…", "muted")
        self._tools.bridge.ask(
            self, self._tools.desk.sign_checkpoint(), self._on_signed, self._on_not_signed
        )

    def _on_signed(self, view: CheckpointView) -> None:
        self.sign_button.setEnabled(True)
        self._show(view)
        self._say("Signed with your key.", "good")

    def _on_not_signed(self, error: BaseException) -> None:
        self.sign_button.setEnabled(True)
        if self.view is None:
            self._on_failed(error)
        self._say(words.problem(error), "danger")

    def _say(self, text: str, tone: str) -> None:
        self._said.say(text)
        self._said.setVisible(bool(text))
        set_property(self._said, "tone", tone)


def ask_save(parent: QWidget, start: str) -> str:
    """Asks where the text is to be kept; returns nothing where the person leaves it."""
    chosen, _ = QFileDialog.getSaveFileName(parent, "Keep the checkpoint", start, "Text (*.txt)")
    return chosen
