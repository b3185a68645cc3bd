"""The head of the ledger page: where to go, whether it holds, and up to where it is signed."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout

from converge_desktop.runtime.desk_model import Status
from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.labels import Elided, Label, set_property
from converge_desktop.ui.widgets.lists import Panel

_CHAINED = "Every event is one record, chained to the one before by its hash."


class LedgerHead(Panel):
    """Title, jump and Verify; what came of verifying; the newest checkpoint.

    Signals:
        jumped: The person asks for a record: what they typed.
        verify_wanted: The person has it verified.
        keep_wanted: The person asks for a copy of the checkpoint.
        compare_wanted: The person has a copy to compare with.
    """

    jumped = Signal(str)
    verify_wanted = Signal()
    keep_wanted = Signal()
    compare_wanted = Signal()

    def __init__(self) -> None:
        super().__init__("header")
        unit = fonts.measures().unit
        head = QVBoxLayout(self)
        head.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        head.setSpacing(unit // 2)
        head.addLayout(self._build_title())
        self.result = Label(_CHAINED, "body", "muted").wrapped().selectable()
        head.addWidget(self.result)
        head.addLayout(self._build_signed())

    def _build_title(self) -> QHBoxLayout:
        unit = fonts.measures().unit
        self.jump = QLineEdit()
        self.jump.setProperty("compact", "true")
        self.jump.setFont(fonts.font("mono-small"))
        self.jump.setPlaceholderText("record number")
        self.jump.setAccessibleName("Go to a record by its number")
        self.jump.setFixedWidth(unit * 17)
        self.jump.returnPressed.connect(self._on_jump)
        self.verify = Button("Verify", kind="compact")
        self.verify.clicked.connect(self.verify_wanted)
        row = QHBoxLayout()
        row.setSpacing(unit)
        row.addWidget(Label("Ledger", "title"), 1)
        row.addWidget(self.jump)
        row.addWidget(self.verify)
        return row

    def _build_signed(self) -> QHBoxLayout:
        unit = fonts.measures().unit
        self.signed = Elided("", "small", "muted")
        self.keep = Button("Keep a copy…", kind="compact")
        self.keep.clicked.connect(self.keep_wanted)
        self.compare = Button("Compare with a copy…", kind="compact")
        self.compare.clicked.connect(self.compare_wanted)
        row = QHBoxLayout()
        row.setSpacing(unit)
        row.addWidget(self.signed, 1)
        row.addWidget(self.keep)
        row.addWidget(self.compare)
        return row

    def show_status(self, status: Status, now: int) -> None:
        """Shows up to where the ledger is signed."""
        exact = f"Signed {words.full_time(status.signed_at)}" if status.signed_seq >= 0 else ""
        self.signed.say(signed_words(status, now), exact)
        self.keep.setEnabled(not status.ledger_problem)

    def say(self, text: str, tone: str, more: str = "") -> None:
        """Says what came of something; ``more`` shows where the pointer rests."""
        self.result.say(text)
        self.result.setToolTip(words.tooltip(more))
        set_property(self.result, "tone", tone)

    def say_nothing(self) -> None:
        """Takes back what was said."""
        self.say(_CHAINED, "muted")

    def mark_jump(self, *, wrong: bool) -> None:
        """Marks what was typed as no record, or takes the mark away."""
        set_property(self.jump, "invalid", "true" if wrong else "")

    @Slot()
    def _on_jump(self) -> None:
        self.jumped.emit(self.jump.text())


def signed_words(status: Status, now: int) -> str:
    """Says up to where the ledger is signed, by whom and when, and how much came after."""
    if status.ledger_problem:
        return ""
    if status.signed_seq < 0:
        return "Nobody has signed this ledger yet."
    when = words.ago(status.signed_at, now)
    said = f"Signed up to record {status.signed_seq:,} by {status.signed_by}, {when}"
    since = status.ledger_seq - status.signed_seq
    return f"{said}; {words.count(since, 'record')} since" if since > 0 else said
