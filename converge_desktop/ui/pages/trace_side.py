"""Two texts beside each other, line by line, with what only one of them has marked in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import takewhile

from PySide6.QtWidgets import QGridLayout, QWidget

from converge_desktop.ui import fonts
from converge_desktop.ui.spans import Span
from converge_desktop.ui.widgets.labels import Label, rule
from converge_desktop.ui.widgets.whole_text import WholeText
from converge_desktop.ui.word_diff import effort, word_diff, words_in

MARK = "added"
"""The look of what only one of two texts has: underlined, on whichever side."""
SIDES = ("First", "Second")
_MOST_LINES = 400
"""Between how many lines it is looked for what stayed."""
_MOST_CHANGED = 12_000
"""In how many characters of changed lines it is looked for the words that are other."""
_MOST_EFFORT = 400_000
"""How much work it may be to find what stayed between lines, and words; it takes 30 ms at worst."""
_MOST_ROWS = 40
"""Into how many rows two texts are cut, so that what is alike stands beside each other."""
Sides = tuple[tuple[Span, ...], tuple[Span, ...]]
_NOTHING = (Span("(nothing)", "quiet"),)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some lines of both texts that stand beside each other; ``same`` where they are alike."""

    one: str
    other: str
    same: bool


def stretches(one: str, other: str) -> tuple[Stretch, ...]:
    """Cuts two texts into stretches of lines that are alike, and that are not, in turn."""
    mine, theirs = one.split("\n"), other.split("\n")
    head = _alike(mine, theirs)
    tail = _alike(mine[head:][::-1], theirs[head:][::-1])
    ends = len(mine) - tail, len(theirs) - tail
    found = [
        _stretch(mine[:head], theirs[:head], same=True),
        *_between(mine[head : ends[0]], theirs[head : ends[1]]),
        _stretch(mine[ends[0] :], theirs[ends[1] :], same=True),
    ]
    return tuple(stretch for stretch in found if stretch is not None)


def _between(mine: list[str], theirs: list[str]) -> list[Stretch | None]:
    """Cuts up what stands between the first line that is other and the last."""
    if max(len(mine), len(theirs)) > _MOST_LINES or effort(mine, theirs) > _MOST_EFFORT:
        return [_stretch(mine, theirs, same=False)]
    codes = SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes()
    if len(codes) > _MOST_ROWS:
        return [_stretch(mine, theirs, same=False)]
    return [_stretch(mine[a:b], theirs[c:d], same=kind == "equal") for kind, a, b, c, d in codes]


def _alike(one: list[str], other: list[str]) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _stretch(mine: list[str], theirs: list[str], *, same: bool) -> Stretch | None:
    if not mine and not theirs:
        return None
    return Stretch("\n".join(mine), "\n".join(theirs), same)


def marked_sides(cut: Sequence[Stretch]) -> list[Sides]:
    """Returns both sides of each stretch, with what only one of them has marked."""
    left, work = _MOST_CHANGED, _MOST_EFFORT
    made: list[Sides] = []
    for stretch in cut:
        if stretch.same:
            made.append(((Span(stretch.one),), (Span(stretch.other),)))
            continue
        left -= len(stretch.one) + len(stretch.other)
        work -= effort(words_in(stretch.one), words_in(stretch.other)) if left > 0 else 0
        if left > 0 and work > 0:
            one, other = word_diff(stretch.one, stretch.other)
            made.append((_as_marks(one), _as_marks(other)))
        else:
            made.append(((Span(stretch.one, MARK),), (Span(stretch.other, MARK),)))
    return made


def _as_marks(spans: Sequence[Span]) -> tuple[Span, ...]:
    return tuple(replace(span, look=MARK if span.look else "") for span in spans)


class SideBySide(QWidget):
    """Two columns; what is alike stands beside each other, and both scroll with the page."""

    def __init__(self, name: str, sides: tuple[str, str] = SIDES) -> None:
        super().__init__()
        self._name = name
        self._sides = sides
        unit = fonts.measures().unit
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(unit * 2)
        self._grid.setVerticalSpacing(2)
        for column, side in enumerate(sides):
            self._grid.addWidget(Label(side, "small", "muted"), 0, column)
            self._grid.setColumnStretch(column, 1)
        self._grid.addWidget(rule(), 1, 0, 1, 2)

    def put(self, sides: Sides) -> None:
        """Puts a row under what is there."""
        row = self._grid.rowCount()
        if not any(span.text for side in sides for span in side):
            return  # an empty line that both have
        for column, spans in enumerate(sides):
            text = WholeText(role="mono-small").copyable()
            text.show_spans(spans if any(span.text for span in spans) else _NOTHING)
            text.called(f"{self._name}, {self._sides[column].lower()}")
            text.laid_out.connect(self.updateGeometry)
            self._grid.addWidget(text, row, column)


def whole_texts(name: str, one: str, other: str, called: tuple[str, str] = SIDES) -> SideBySide:
    """Makes two texts whole, beside each other."""
    made = SideBySide(name, called)
    for sides in marked_sides(stretches(one, other)):
        made.put(sides)
    return made
