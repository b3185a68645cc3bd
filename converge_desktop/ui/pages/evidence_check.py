"""Checks a file of evidence that somebody was handed: of a run, a decision or one record."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.ledger_model import CheckedEvidence
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.exporting import SUFFIX
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.labels import Label, set_property

_HOW = (
    "Or give a file of evidence that you were handed, of a run, a decision or one record. It is "
    "checked by itself, and then held against the ledger here."
)


class EvidenceCheck(QWidget):
    """A button that takes a file, and what came of checking it."""

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._tools = tools
        unit = fonts.measures().unit
        self.button = Button("Check evidence…").stands_for("evidence.check")
        self.button.clicked.connect(self.choose)
        self.result = Label("").wrapped().selectable()
        row = QHBoxLayout()
        row.addWidget(self.button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(unit + 4)
        column.addWidget(Label(_HOW, "body", "muted").wrapped())
        column.addLayout(row)
        column.addWidget(self.result)

    @Slot()
    def choose(self) -> None:
        """Asks for a file, and checks it."""
        if not self.button.isEnabled():
            return
        chosen = ask_given(self, str(Path.home()))
        if chosen:
            self.button.setEnabled(False)
            self._say("Checking every record in it…", "muted")
            checked = self._tools.desk.check_evidence(Path(chosen))
            self._tools.bridge.ask(self, checked, self.show_found, self._on_failed)

    def show_found(self, found: CheckedEvidence) -> None:
        """Says what came of it."""
        self.button.setEnabled(True)
        self._say(*evidence_words(found))

    def _on_failed(self, error: BaseException) -> None:
        self.button.setEnabled(True)
        self._say(f"Nothing was checked. {words.problem(error)}", "danger")

    def _say(self, text: str, tone: str) -> None:
        self.result.say(text)
        set_property(self.result, "tone", tone)


def evidence_words(found: CheckedEvidence) -> tuple[str, str]:
    """Says what a file of evidence proves, or why nothing, and the tone of it."""
    name = Path(found.path).name
    if found.reason:
        said = (
            f"✕ {name} proves nothing. Line {found.line:,} of it does not hold: "
            f"{words.sentence(found.reason)} Ask whoever handed it on for another copy."
        )
        return said, "danger"
    tone, whose = _place(found)
    said = " ".join(filter(None, (_proven(found), *_left_out(found), whose)))
    if tone == "good" and (found.left_out or found.unchecked) and found.record < 0:
        tone = "caution"
    return f"{_SIGNS[tone]} {said}", tone


_SIGNS = {"good": "✓", "caution": "⚠", "danger": "✕"}


def _proven(found: CheckedEvidence) -> str:
    signed = f"whose root {words.one_line(found.operator)} signed on {words.full_time(found.at)}."
    stands = words.sentence(found.stands) if found.stands else ""
    if found.record >= 0:
        return f"Record {found.record:,} is in the ledger {signed} {stands}"
    many = words.count(found.records, "record")
    about = words.one_line(found.about)
    return f"The {many} about {about} are in the ledger {signed} {stands}".rstrip()


def _left_out(found: CheckedEvidence) -> tuple[str, ...]:
    """Says what of it cannot be read or checked; of a record texts are never handed on."""
    parts = []
    if found.left_out and found.record < 0:
        many = words.count(found.left_out, "record and text", "records and texts")
        parts.append(f"What {many} said was left out.")
    if found.unchecked:
        many = words.count(found.unchecked, "signature")
        parts.append(f"{many} could not be checked, because keys were left out.")
    return tuple(parts)


def _place(found: CheckedEvidence) -> tuple[str, str]:
    """Says whose ledger it is of, and the tone of that."""
    if not found.not_here:
        return "good", "That is the ledger of this desk."
    if found.other_desk:
        return "caution", (
            f"That is the ledger of another desk, {words.one_line(found.desk)}. The file brings "
            f"the key of {words.one_line(found.operator)} itself; compare it with one that you "
            f"know from elsewhere: {found.key}"
        )
    why = words.sentence(found.not_here)
    return "danger", f"But that is not the ledger as it is here. {why}"


def ask_given(parent: QWidget, start: str) -> str:
    """Asks for a file of evidence; returns nothing where the person leaves it."""
    kinds = f"Evidence (*{SUFFIX} *.jsonl);;All files (*)"
    chosen, _ = QFileDialog.getOpenFileName(parent, "Check evidence", start, kinds)
    return chosen
