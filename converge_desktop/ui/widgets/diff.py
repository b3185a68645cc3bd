"""What is other, field by field: before and after, with the words that went and came."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.deciding_model import Change
from converge_desktop.ui import fonts, words
from converge_desktop.ui.spans import Span
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.whole_text import WholeText
from converge_desktop.ui.word_diff import word_diff

_TOP = Qt.AlignmentFlag.AlignTop
_THOUSANDTHS = frozenset({"confidence", "score"})
_NOTHING = "(nothing)"
_PLACE = re.compile(r"\[(\d+)\]")
_FIELDS = {"content": "what it says", "becomes_true": "what becomes true"}


def field_words(path: str) -> str:
    """Returns the name of a field for people: ``structured.steps[2].do`` is ``steps 2, do``."""
    if path in _FIELDS:
        return _FIELDS[path]
    said = _PLACE.sub(r" \1", path.removeprefix("structured."))
    return said.replace("_", " ").replace(".", ", ")


def _value(field: str, text: str) -> str:
    thousandths = field.rpartition(".")[2] in _THOUSANDTHS and text.lstrip("-").isdecimal()
    return words.thousandths(int(text)) if thousandths else text


class DiffRow(QWidget):
    """One field: a line for before with what went struck out, a line for after, underlined."""

    def __init__(self, change: Change, role: str = "small") -> None:
        super().__init__()
        unit = fonts.measures().unit
        before, after = _value(change.field, change.before), _value(change.field, change.after)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(unit - 2)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        if change.field:
            grid.addWidget(WholeText(field_words(change.field), "small", "muted"), 0, 0, 1, 2)
        old, new = word_diff(before, after)
        self.before, self.after = WholeText(role=role), WholeText(role=role)
        self.before.show_spans(old or (Span(_NOTHING, "quiet"),))
        self.after.show_spans(new or (Span(_NOTHING, "quiet"),))
        self.before.called("Before")
        self.after.called("After")
        for line, sign, tone, text in (
            (1, "−", "danger", self.before),
            (2, "+", "good", self.after),
        ):
            grid.addWidget(Label(sign, "mono-small", tone), line, 0, _TOP)
            grid.addWidget(text, line, 1)


class DiffList(QWidget):
    """Everything that is other, under each other."""

    def __init__(self, changes: Sequence[Change]) -> None:
        super().__init__()
        self.rows = [DiffRow(change) for change in changes]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(fonts.measures().unit)
        for row in self.rows:
            column.addWidget(row)
