"""The line in which the filter language of the inbox is typed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QLineF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPen

from converge_desktop.runtime.filter_fields import FIELDS
from converge_desktop.runtime.inbox_filter import (
    Candidate,
    FilterProblem,
    compile_filter,
    complete,
)
from converge_desktop.runtime.readmodel import InboxRow
from converge_desktop.ui import fonts, tokens, words
from converge_desktop.ui.widgets.completions import Completions
from converge_desktop.ui.widgets.labels import set_property
from converge_desktop.ui.widgets.listbar import FilterEdit

_RETURNS = frozenset([Qt.Key.Key_Return, Qt.Key.Key_Enter])
_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}


class FilterLine(FilterEdit):
    """Reads the filter at every letter, and offers what could come next.

    Args:
        now: the time that a filter such as ``due<2h`` is meant from.
        rows: what waits, for the values to offer.

    Signals:
        sifted: Another filter is in force; None where all passes.
        told: What cannot be read, and where; empty where all can. The last filter stays in force.
        left: The person is done here.
    """

    sifted = Signal(object)
    told = Signal(str)
    left = Signal()

    def __init__(self, now: Callable[[], int], rows: Callable[[], tuple[InboxRow, ...]]) -> None:
        super().__init__("Filter: risk:high due<2h …", "Filter the inbox")
        self.setAccessibleDescription(
            "Words, and fields such as risk:high. Down offers what can be typed."
        )
        self._now = now
        self._rows = rows
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
        self._read()

    def _read(self, *, finished: bool = False) -> None:
        text = self.text()
        if self._begins_field() and not finished:
            return  # a word that is becoming a field looks for nothing yet
        try:
            found = compile_filter(text, self._now())
        except FilterProblem as problem:
            self._problem = problem
            self._tell("" if self._unfinished(problem) and not finished else _said(problem, text))
            return
        self._problem = None
        self._tell("")
        self.sifted.emit(found if text.strip() else None)

    def _unfinished(self, problem: FilterProblem) -> bool:
        """Whether it is about what is still being typed: that is no mistake yet."""
        end = len(self.text())
        at_end = self.cursorPosition() == end and problem.place + problem.length >= end
        return self.hasFocus() and at_end

    def _begins_field(self) -> bool:
        """Whether the last word, still being typed, is the beginning of a field's name."""
        word = self.text().rpartition(" ")[2].lstrip("-(").lower()
        typing = self.hasFocus() and self.cursorPosition() == len(self.text())
        return typing and bool(word) and any(name.startswith(word) for name in FIELDS)

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
        text = self.text()
        found = complete(text, self.cursorPosition(), self._rows()) if self.hasFocus() else ()
        typed = text[: self.cursorPosition()]
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
        self._read(finished=True)
        if self._problem is None:
            self.left.emit()

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
