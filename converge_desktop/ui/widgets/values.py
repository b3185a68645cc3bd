"""Names and values: a small table in which every value is shown whole, and can be copied."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF, QTextOption, QWheelEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.chips import clear
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.text_view import TextView

_LONG = 40
"""A word of more letters may have to be broken, which only a text view does."""
_SENTENCE = 32
"""A name of more letters may take several lines."""
_HASH = re.compile(r"(sha256:)?[0-9a-f]{40,}")


class ValueTable(QWidget):
    """Rows of a name and one or more values, with heads over the columns if there are any."""

    def __init__(
        self, rows: Iterable[tuple[str, ...]] = (), heads: tuple[str, ...] = ("", "")
    ) -> None:
        super().__init__()
        self._heads = heads
        unit = fonts.measures().unit
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(unit * 3)
        self._grid.setVerticalSpacing(unit // 2 + 2)
        self.show_rows(rows)

    def show_rows(self, rows: Iterable[tuple[str, ...]]) -> None:
        """Shows these rows instead of the ones before."""
        clear(self._grid)
        if any(self._heads):
            for number, head in enumerate(self._heads):
                self._grid.addWidget(Label(head, "small", "muted"), 0, number)
        self._grid.setColumnStretch(0, 0)
        for at, (name, *values) in enumerate(rows, start=1):
            if len(name) > _SENTENCE:  # else a column of sentences would be a word wide
                self._grid.setColumnStretch(0, 1)
            self._grid.addWidget(_name_view(name), at, 0, Qt.AlignmentFlag.AlignTop)
            for number, value in enumerate(values, start=1):
                said = value_view(f"{name} {self._heads[number]}".strip(), value)
                self._grid.addWidget(said, at, number)
                self._grid.setColumnStretch(number, 1)


def _name_view(name: str) -> Label:
    """Makes what shows a name; one that is a sentence takes several lines where it must."""
    made = Label(name, "small", "muted")
    return made.wrapped() if len(name) > _SENTENCE else made


def value_view(name: str, value: str) -> QWidget:
    """Makes what shows a value whole; a hash is broken where the line ends."""
    if max(map(len, value.split()), default=0) <= _LONG:
        made = Label(value or "—", "mono-small").wrapped().selectable()
        made.setAccessibleName(words.one_line(f"{name}: {value}"))
        return made
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(0)
    row.addWidget(LongValue(value, words.one_line(f"{name}: {value}")), 1000)
    row.addStretch(1)  # takes what the text does not, so that the column keeps its width
    return holder


class LongValue(TextView):
    """A value that may end anywhere in a line, set as tightly as a label."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text, name)
        self._slack = 1
        self.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # Tab does not stop at every hash
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if _HASH.fullmatch(text):  # a hash reads best as two even lines, however wide the window is
            wide = QFontMetricsF(fonts.font("mono-small")).horizontalAdvance("0")
            self.setMaximumWidth(math.ceil(math.ceil(len(text) / 2) * wide) + 2)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Override TextView.wheelEvent: it is shown whole, so the page scrolls."""
        event.ignore()
