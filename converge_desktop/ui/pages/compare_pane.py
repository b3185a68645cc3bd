"""Holds the ledger against a checkpoint that was kept somewhere else, or checks evidence."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from converge_desktop.runtime.ledger_model import Comparison
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.evidence_check import EvidenceCheck
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.record_view import PaneHead
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.labels import Label, rule, set_property

_HOW = (
    "Give a checkpoint that was kept outside. The ledger is read anew from its first record, and "
    "nothing that is known of it here is believed."
)


class ComparePane(QWidget):
    """Takes a text or a file, and says whether this is still the ledger it was taken of.

    Beneath, it takes a file of evidence, and says whether that holds.

    Signals:
        closed: The person closes the pane.
    """

    closed = Signal()

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._tools = tools
        self._busy = False
        unit = fonts.measures().unit
        head = PaneHead("Compare with a copy, or check evidence")
        head.closed.connect(self.closed)
        self.edit = QPlainTextEdit()
        self.edit.setProperty("kind", "input")
        self.edit.setFont(fonts.font("mono-small"))
        self.edit.setTabChangesFocus(True)
        self.edit.setPlaceholderText("Paste it here, from “converge/desk/…” to the last line.")
        self.edit.setAccessibleName("A checkpoint that was kept")
        self.edit.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self.edit.setFixedHeight(10 * self.edit.fontMetrics().lineSpacing() + 2 * unit)
        self.edit.textChanged.connect(self._refresh)
        self.compare_button = Button("Compare")
        self.compare_button.clicked.connect(self.compare)
        self.file_button = Button("Compare with a file…")
        self.file_button.clicked.connect(self.choose)
        self.result = Label("").wrapped().selectable()
        row = QHBoxLayout()
        row.setSpacing(unit)
        row.addWidget(self.compare_button)
        row.addWidget(self.file_button)
        row.addStretch(1)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(unit * 2, unit * 2, unit * 2, unit * 2)
        column.setSpacing(unit + 4)
        column.addWidget(Label(_HOW, "body", "muted").wrapped())
        column.addWidget(self.edit)
        column.addLayout(row)
        column.addWidget(self.result)
        column.addWidget(rule())
        self.evidence = EvidenceCheck(tools)
        column.addWidget(self.evidence)
        column.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(head)
        outer.addWidget(body, 1)
        self._refresh()

    def open(self) -> None:
        """Puts the cursor where the text goes."""
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def compare(self) -> None:
        """Compares with the text that was pasted."""
        text = self.edit.toPlainText()
        if text.strip():
            self._ask(text)

    @Slot()
    def choose(self) -> None:
        """Compares with a file."""
        chosen = ask_kept(self, str(Path.home()))
        if chosen:
            self._ask(Path(chosen))

    def _ask(self, kept: str | Path) -> None:
        if self._busy:
            return
        self._busy = True
        self._say("Reading the ledger from its first record…", "muted")
        self._refresh()
        self._tools.bridge.ask(
            self, self._tools.desk.compare(kept), self._on_compared, self._on_failed
        )

    def _on_compared(self, found: Comparison) -> None:
        self._busy = False
        self._refresh()
        self._say(*comparison_words(found))

    def _on_failed(self, error: BaseException) -> None:
        self._busy = False
        self._refresh()
        self._say(f"Nothing was compared. {words.problem(error)}", "danger")

    @Slot()
    def _refresh(self) -> None:
        self.compare_button.setEnabled(bool(self.edit.toPlainText().strip()) and not self._busy)
        self.file_button.setEnabled(not self._busy)

    def _say(self, text: str, tone: str) -> None:
        self.result.say(text)
        set_property(self.result, "tone", tone)


def comparison_words(found: Comparison) -> tuple[str, str]:
    """Says whether the ledger is the one that was signed, and the tone of it."""
    if found.reason:
        said = (
            f"✕ This is not the ledger that was signed. {words.sentence(found.reason)} "
            "Keep the files as they are, and compare them with a backup."
        )
        return said, "danger"
    since = words.count(found.records - found.size, "record")
    said = (
        f"✓ It is still the same ledger: records 0 to {found.size - 1:,} are those that "
        f"{found.operator} signed on {words.full_time(found.at)}. {since} came after."
    )
    if found.redacted:
        gone = words.count(found.redacted, "record")
        return f"{said} But what {gone} said was left out.", "caution"
    return said, "good"


def ask_kept(parent: QWidget, start: str) -> str:
    """Asks for the file of a checkpoint; returns nothing where the person leaves it."""
    kinds = "Text (*.txt);;All files (*)"
    chosen, _ = QFileDialog.getOpenFileName(parent, "A checkpoint that was kept", start, kinds)
    return chosen
