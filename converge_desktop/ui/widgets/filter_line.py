"""The line in which a filter is typed, in whichever language."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QLineF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPen

from converge_desktop.runtime.filter_reading import Candidate, FilterProblem
from converge_desktop.ui import fonts, tokens, words
from converge_desktop.ui.widgets.completions import Completions
from converge_desktop.ui.widgets.filter_languages import FilterLanguage
from converge_desktop.ui.widgets.labels import set_property
from converge_desktop.ui.widgets.listbar import FilterEdit

_RETURNS = frozenset([Qt.Key.Key_Return, Qt.Key.Key_Enter])
_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}


class FilterLine(FilterEdit):
    """Reads the filter at every letter, and offers what could come next.

    Args:
        language: what reads it, and what could come next. An answer that is late, because another
            letter was typed since, counts for nothing.

    Signals:
        sifted: Another filter is in force: what the language made of it.
        told: What cannot be read, and where; empty where all can. The last filter stays in force.
        left: The person is done here.
    """

    sifted = Signal(object)
    told = Signal(str)
    left = Signal()

    def __init__(self, language: FilterLanguage) -> None:
        super().__init__(language.hint, language.name)
        field = language.hint.partition(": ")[2].partition(" ")[0]
        self.setAccessibleDescription(
            f"Words, and fields such as {field}. Down offers what can be typed."
        )
        self._language = language
        self._turn = 0
        self._done = self._leaving = False
        self._problem: FilterProblem | None = None
        self._told = ""
        self.completions = Completions(self)
        self.completions.chosen.connect(self._take)
        self.textChanged.connect(self._on_text)
        self.textEdited.connect(self._on_edited)

    def reads(self) -> bool:
        """Whether what is typed can be read."""
        return self._problem is None

    def again(self) -> None:
        """Reads the filter anew, because time has passed."""
        if self.text():
            self._read()

    @Slot()
    def _on_text(self) -> None:
        if not self.text():
            self.completions.hide()
        self._read()

    def _read(self, *, finished: bool = False, leaving: bool = False) -> None:
        text = self.text()
        if self._begins_field() and not finished:
            return  # a word that is becoming a field looks for nothing yet
        self._turn += 1
        self._done, self._leaving = finished, leaving
        take = partial(self._on_read, self._turn)
        self._language.read(text, take, partial(self._on_unread, self._turn))

    def _on_read(self, turn: int, found: object) -> None:
        if turn != self._turn:
            return
        self._problem = None
        self._tell("")
        self.sifted.emit(found)
        if self._leaving:
            self._leaving = False
            self.left.emit()

    def _on_unread(self, turn: int, problem: FilterProblem) -> None:
        if turn != self._turn:
            return
        text, finished = self.text(), self._done
        self._problem = problem
        self._tell("" if self._unfinished(problem) and not finished else _said(problem, text))

    def _unfinished(self, problem: FilterProblem) -> bool:
        """Whether it is about what is still being typed: that is no mistake yet."""
        end = len(self.text())
        at_end = self.cursorPosition() == end and problem.place + problem.length >= end
        return self.hasFocus() and at_end

    def _begins_field(self) -> bool:
        """Whether the last word, still being typed, is the beginning of a field's name."""
        word = self.text().rpartition(" ")[2].lstrip("-(").lower()
        typing = self.hasFocus() and self.cursorPosition() == len(self.text())
        return (
            typing and bool(word) and any(name.startswith(word) for name in self._language.fields)
        )

    def _tell(self, said: str) -> None:
        set_property(self, "invalid", "true" if said else "")
        if said != self._told:
            self._told = said
            self.told.emit(said)
        self.update()

    @Slot()
    def _on_edited(self) -> None:
        """Offers what goes on with a term; where none is begun, only the Down key does."""
        if self.text()[: self.cursorPosition()].rpartition(" ")[2]:
            self._offer()
        else:
            self.completions.hide()

    def _offer(self) -> None:
        text, cursor = self.text(), self.cursorPosition()
        if self.hasFocus():
            self._language.complete(text, cursor, partial(self._on_offered, text, cursor))
        else:
            self.completions.hide()

    def _on_offered(self, text: str, cursor: int, found: Sequence[Candidate]) -> None:
        if not self.hasFocus() or (text, cursor) != (self.text(), self.cursorPosition()):
            return  # it was typed on, and what comes next is another question
        typed = text[:cursor]
        self.completions.offer([one for one in found if not typed.endswith(one.text)])

    @Slot(object)
    def _take(self, candidate: Candidate) -> None:
        """Puts a candidate in its place; behind a whole value, the next term can begin."""
        text = self.text()
        whole = not candidate.text.endswith((":", "=", "<", ">"))
        put = f"{candidate.text} " if whole and candidate.end == len(text) else candidate.text
        self.setText(text[: candidate.start] + put + text[candidate.end :])
        self.setCursorPosition(candidate.start + len(put))
        if whole:
            self.completions.hide()
        else:
            self._offer()

    def event(self, event: QEvent) -> bool:
        """Override QLineEdit.event: keys for the completions are this line's, not the window's."""
        if isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress and self._key(event):
                event.accept()
                return True
        return super().event(event)

    def _key(self, event: QKeyEvent) -> bool:
        """Does what a key means here; returns whether it means something."""
        key, plain = (
            Qt.Key(event.key()),
            not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier,
        )
        offered = self.completions.isVisible()
        if not plain:
            return False
        if key in _STEPS and (offered or key == Qt.Key.Key_Down):
            self.completions.step(_STEPS[key]) if offered else self._offer()
        elif key == Qt.Key.Key_Tab and offered:
            self._take_if(self.completions.first())
        elif key in _RETURNS:
            if not (offered and self._take_if(self.completions.current())):
                self._finish()
        elif key == Qt.Key.Key_Escape:
            if offered:
                self.completions.hide()
            else:
                self.left.emit()
        else:
            return False
        return True

    def _take_if(self, candidate: Candidate | None) -> bool:
        if candidate is not None:
            self._take(candidate)
        return candidate is not None

    def _finish(self) -> None:
        self.completions.hide()
        self._read(finished=True, leaving=True)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Override QLineEdit.focusOutEvent: what is left unfinished is a mistake."""
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.ActiveWindowFocusReason:
            self.completions.hide()
            self._read(finished=True)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Override QLineEdit.paintEvent: what cannot be read is underlined."""
        super().paintEvent(event)
        problem = self._problem
        if problem is None or not self._told or not problem.length:
            return
        width, text = self.fontMetrics().horizontalAdvance, self.text()
        begin = self.cursorRect().center().x() - width(text[: self.cursorPosition()])
        left = begin + width(text[: problem.place])
        right = begin + width(text[: problem.place + problem.length])
        low = (self.height() + fonts.metrics("body").height()) / 2
        painter = QPainter(self)
        painter.setPen(QPen(QColor(tokens.current().danger), 2, Qt.PenStyle.DotLine))
        painter.drawLine(QLineF(max(4, left), low, min(self.width() - 4, right), low))


def _said(problem: FilterProblem, text: str) -> str:
    """Says what cannot be read, and where."""
    about = text[problem.place : problem.place + problem.length]
    where = f"“{about}”, at character {problem.place + 1}" if about else "At the end"
    if not about and problem.place < len(text):
        where = f"At character {problem.place + 1}"
    said = words.sentence(f"{where}: {problem.words}")
    return f"{said} The list stays as it was until this can be read."
