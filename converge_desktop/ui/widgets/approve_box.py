"""The box in which something of high risk is approved: by a word that is typed, then the chord."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.answer_box import AnswerBox
from converge_desktop.ui.widgets.approve_button import ApproveButton
from converge_desktop.ui.widgets.labels import Label, set_property

_WORD = re.compile(r"(?<![\w.-])[A-Za-z]{4,12}(?![\w-])", re.ASCII)
FALLBACK = "approve"


def word_of(text: str, digest: str) -> str:
    """Returns the word that approves something: one of those that would become true.

    Which one differs from review to review, so that no hand learns it, and whoever types it has
    looked at the sentence. Words that a keyboard cannot type, and that may look like others, are
    passed over.
    """
    found = sorted({match[0].casefold() for match in _WORD.finditer(text)})
    if not found:
        return FALLBACK
    return found[sum(digest.encode()) % len(found)]


class TypedLine(QLineEdit):
    """A line that takes what is typed, and nothing that is pasted or dropped.

    Dictation and input methods hand over whole words; those count.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setFont(fonts.font("body"))
        self.setAcceptDrops(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)

    def forget(self) -> None:
        """Empties it, so that undoing brings nothing back."""
        self.setText("")

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Override QLineEdit.keyPressEvent: nothing is pasted."""
        if event.matches(QKeySequence.StandardKey.Paste):
            event.accept()
            return
        super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Override QLineEdit.mouseReleaseEvent: the middle button pastes nothing."""
        if event.button() == Qt.MouseButton.MiddleButton:
            event.accept()
            return
        super().mouseReleaseEvent(event)


class ApproveBox(AnswerBox):
    """Asks for a word before something of high risk is approved."""

    def __init__(self, permits: Callable[[], bool]) -> None:
        self._permits = permits
        self.word = FALLBACK
        button = ApproveButton(lambda: permits() and not self.lacks())
        button.weigh("high")
        super().__init__("Approve, at high risk?", button)
        self.line = TypedLine("The word that approves")
        self.line.textChanged.connect(self._on_text)
        self.line.setMaximumWidth(fonts.measures().unit * 40)
        self.ask = Label("").wrapped()
        self.content.addWidget(self.ask)
        self.content.addWidget(self.line)

    def want(self, word: str) -> None:
        """Asks for a word."""
        if word != self.word:
            self.line.forget()
        self.word = word
        whence = "" if word == FALLBACK else ", a word of what becomes true"
        self.ask.say(f"Type “{word}”{whence}. Pasting does not count.")
        self.line.setAccessibleDescription(self.ask.text())

    def lacks(self) -> str:
        """Override AnswerBox.lacks."""
        if self.line.text().strip().casefold() == self.word.casefold():
            return ""
        return "Ctrl+Return approves once the word is there."

    def first(self) -> QWidget:
        """Override AnswerBox.first."""
        return self.line

    def refresh(self) -> None:
        """Override AnswerBox.refresh: also where nothing is missing, time may be."""
        super().refresh()
        self.confirm.setEnabled(not self.lacks() and self._permits())

    def take(self, origin: str) -> None:
        """Override AnswerBox.take."""
        if self.lacks() or self._permits():
            super().take(origin)

    def reset(self) -> None:
        """Override AnswerBox.reset."""
        self.line.forget()
        super().reset()

    @Slot()
    def _on_text(self) -> None:
        set_property(self.line, "invalid", "")
        self.refresh()
