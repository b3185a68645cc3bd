"""What approving and what rejecting would lead to, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.deciding_model import Previews, PreviewView, WokenRow
from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.checks import Sign
from converge_desktop.ui.widgets.chips import clear
from converge_desktop.ui.widgets.labels import Label, code
from converge_desktop.ui.widgets.whole_text import WholeText

_TITLES = {"approve": "If you approve", "reject": "If you reject"}
_SAME = "What is proposed, as it stands above."
_WOKEN = {
    "executed": ("check", "good", "runs"),
    "unknown": ("info", "caution", "unknown"),
    "refused": ("cross", "danger", "would be refused"),
}
Line = tuple[str, str, str, str]
"""An icon, its tone, what it means, and what is said."""


def _lines(view: PreviewView) -> Iterator[tuple[str, list[Line]]]:
    """Yields what is told of a side, group by group."""
    yield "Would be refused", [_bad(f"{what}: {why}") for what, why in view.refused]
    yield "Rules that would be broken", [_bad(f"{rule}: {how}") for rule, how in view.broken]
    yield "Agents that would wake", [_woken(one) for one in view.woken]
    asks = [("arrow-right", "accent", "Asks", title) for title in view.asks]
    yield "What you would be asked next", asks
    unknown = [("info", "caution", "Unknown", words.sentence(one)) for one in view.unknown]
    yield "Not known, so the real outcome may be other", unknown


def _bad(said: str) -> Line:
    return ("cross", "danger", "Refused", said)


def _woken(row: WokenRow) -> Line:
    icon, tone, meant = _WOKEN.get(row.part, ("info", "muted", row.part))
    why = f": {row.reason}" if row.reason else ""
    return (icon, tone, meant, f"{row.agent}, cycle {row.cycle}, {meant}{why}")


class PreviewCard(QFrame):
    """One side."""

    def __init__(self, view: PreviewView, proposed: str) -> None:
        super().__init__()
        self.setProperty("card", "plain")
        unit = fonts.measures().unit
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(unit + 4, unit, unit + 4, unit + 4)
        self._column.setSpacing(unit)
        title = _TITLES.get(view.verdict, view.verdict)
        self.setAccessibleName(title)
        self._column.addWidget(Label(title, "small-strong"))
        if view.why_not:
            none = f"This cannot be shown: {words.sentence(view.why_not)}"
            self._column.addWidget(WholeText(none, "small"))
            self._column.addStretch(1)
            return
        self._column.addWidget(WholeText(view.ends, "small"))
        if view.used:
            self._column.addWidget(Label(f"Up to there: {view.used}.", "small", "muted").wrapped())
        self._facts(view, proposed)
        for name, lines in _lines(view):
            self._group(name, lines)
        self._column.addStretch(1)

    def _facts(self, view: PreviewView, proposed: str) -> None:
        self._column.addWidget(Label("Would become true", "small", "muted"))
        if not view.facts:
            self._column.addWidget(Label("Nothing.", "small"))
        for key, text in view.facts:
            row = QVBoxLayout()
            row.setSpacing(fonts.measures().unit // 2)
            row.addWidget(code(key))
            row.addWidget(WholeText(_SAME if text == proposed else text, "small"))
            self._column.addLayout(row)

    def _group(self, name: str, lines: Iterable[Line]) -> None:
        rows = [_line(*line) for line in lines]
        if not rows:
            return
        self._column.addWidget(Label(name, "small", "muted").wrapped())
        for row in rows:
            self._column.addLayout(row)


def _line(icon: str, tone: str, meant: str, said: str) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(fonts.measures().unit)
    hold = QVBoxLayout()
    hold.addWidget(Sign(icon, tone, meant))
    hold.addStretch(1)
    row.addLayout(hold)
    row.addWidget(WholeText(said, "small"), 1)
    return row


class PreviewsView(QWidget):
    """Both sides, beside each other, or under each other where it is narrow.

    Signals:
        wanted: The person asks for them again.
    """

    wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._proposed = ""
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(fonts.measures().unit * 2)

    def wait(self, proposed: str) -> None:
        """Says that they are being worked out, for a proposal with these words."""
        self._proposed = proposed
        clear(self._box)
        said = "Working out what would follow. Nothing is recorded by it, and no model is asked."
        self._box.addWidget(Label(said, "small", "muted").wrapped())

    def none(self, why: str) -> None:
        """Says why there is nothing to work out."""
        clear(self._box)
        self._box.addWidget(Label(why, "small", "muted").wrapped())

    def show_previews(self, previews: Previews) -> None:
        """Shows both."""
        clear(self._box)
        for view in (previews.approve, previews.reject):
            card = PreviewCard(view, self._proposed)
            self._box.addWidget(card, 1, Qt.AlignmentFlag.AlignTop)
        self._turn(self.width())

    def failed(self, why: str) -> None:
        """Says why they cannot be shown, and offers to try again."""
        clear(self._box)
        said = f"What would follow could not be worked out. {why} You can decide without it."
        again = Button("Try again", kind="compact")
        again.clicked.connect(self.wanted)
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(fonts.measures().unit)
        text = WholeText(said, "small", "danger")
        column.addWidget(text)
        column.addWidget(again)
        self._box.addWidget(holder)

    def _turn(self, width: int) -> None:
        across = width >= fonts.measures().unit * 56
        down = QBoxLayout.Direction.TopToBottom
        self._box.setDirection(QBoxLayout.Direction.LeftToRight if across else down)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QWidget.resizeEvent."""
        super().resizeEvent(event)
        self._turn(event.size().width())
