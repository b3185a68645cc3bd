"""Two recorded steps side by side: where they differ first, each difference in its place."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.readmodel import TraceView
from converge_desktop.runtime.trace_compare import TraceComparison, swapped
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.trace_compare_parts import parts_of, texts_of
from converge_desktop.ui.pages.trace_head import outcome_of
from converge_desktop.ui.pages.trace_sheet import Sheet, card_of
from converge_desktop.ui.pages.trace_side import SIDES
from converge_desktop.ui.pages.trace_words import title_of
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.checks import Sign
from converge_desktop.ui.widgets.chips import ChipButton, ChipRow, clear
from converge_desktop.ui.widgets.labels import Label, caption, set_property
from converge_desktop.ui.widgets.lists import Panel

_NARROW = 60
"""How wide the room is at least in which two things stand beside each other, in units."""
_WIDTH = 200
"""How wide the two columns may become together, in units."""


class CompareView(QWidget):
    """Shows a comparison; the person may swap its sides, open one of them, or go back.

    Signals:
        left: The person goes back.
        trace_wanted: The person asks for one of the steps, by its id.
    """

    left = Signal()
    trace_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.found: TraceComparison | None = None
        self._both: QBoxLayout | None = None
        unit = fonts.measures().unit
        self.setAccessibleName("Two steps compared")
        header = Panel("header")
        self.swap_button = Button("Swap sides", "X", "compact").stands_for("trace.swap")
        self.swap_button.clicked.connect(self.swap)
        self.back = Button("Back", "Esc", "compact")
        self.back.clicked.connect(self.left)
        buttons = QHBoxLayout()
        buttons.setSpacing(unit)
        buttons.addWidget(self.swap_button)
        buttons.addWidget(self.back)
        buttons.addStretch(0)
        self._title = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._title.setSpacing(unit)
        self._title.addWidget(Label("Two steps compared", "title").wrapped(), 1)
        self._title.addLayout(buttons)
        self._sign = QVBoxLayout()
        self.first = Label("", "strong").wrapped()
        verdict_row = QHBoxLayout()
        verdict_row.setSpacing(unit)
        verdict_row.addLayout(self._sign)
        verdict_row.addWidget(self.first, 1)
        self.more = Label("", "small", "muted").wrapped()
        column = QVBoxLayout(header)
        column.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        column.setSpacing(unit)
        column.addLayout(self._title)
        column.addLayout(verdict_row)
        column.addWidget(self.more)
        self.sheet = Sheet(_WIDTH * unit)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(header)
        outer.addWidget(self.sheet, 1)

    def show_comparison(self, found: TraceComparison) -> None:
        """Shows a comparison, from its top."""
        self.found = found
        icon, tone, said, more = verdict(found)
        clear(self._sign)
        self._sign.addWidget(Sign(icon, tone, said), 0, Qt.AlignmentFlag.AlignTop)
        self.first.say(said)
        set_property(self.first, "tone", tone)
        self.more.say(more)
        self.sheet.show_parts(self._heads(found), *parts_of(found))
        self.sheet.verticalScrollBar().setValue(0)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, f"{said} {more}"))

    def forget(self) -> None:
        """Lets go of what was shown; it may be large."""
        self.found = self._both = None
        self.sheet.show_parts()

    @Slot()
    def swap(self) -> None:
        """Exchanges the sides."""
        if self.found is not None:
            self.show_comparison(swapped(self.found))

    def _heads(self, found: TraceComparison) -> QWidget:
        made = QWidget()
        self._both = QBoxLayout(self._way(), made)
        self._both.setContentsMargins(0, 0, 0, 0)
        self._both.setSpacing(fonts.measures().unit * 2)
        for side, view in zip(SIDES, (found.one, found.other), strict=True):
            self._both.addWidget(self._head(side, view), 1)
        return made

    def _way(self) -> QBoxLayout.Direction:
        """Returns how two things are set: under each other where the room is narrow."""
        narrow = self.width() < _NARROW * fonts.measures().unit
        return QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QWidget.resizeEvent."""
        super().resizeEvent(event)
        self._title.setDirection(self._way())
        if self._both is not None:
            self._both.setDirection(self._way())

    def _head(self, side: str, view: TraceView) -> QWidget:
        chips = ChipRow()
        show = ChipButton("Show this step", view.row.trace_id)
        show.setAccessibleName(f"Show the {side.lower()} step")
        show.clicked.connect(lambda: self.trace_wanted.emit(view.row.trace_id))
        chips.show_chips(*outcome_of(view), show)
        when = words.full_time(view.row.at)
        title = Label(title_of(view.row), "heading").wrapped()
        return card_of(caption(side), title, Label(when, "small", "muted").wrapped(), chips)


def verdict(found: TraceComparison) -> tuple[str, str, str, str]:
    """Returns icon, tone, the sentence on top, and what it means."""
    if found.first:
        return "alert", "caution", found.first, _differ_words(found)
    took = "What they took differs, as it may." if found.measures else "They took the same, too."
    if found.checks:
        took = "But their checks came out otherwise, below."
    more = f"Prompt, envelope and answer are the same, to the letter. {took}"
    return "check", "good", "Nothing differs.", more


def _differ_words(found: TraceComparison) -> str:
    """Says how much is other in all."""
    every = texts_of(found)
    texts = sum(not text.same for text in every)
    fields = words.count(len(found.envelope), "field") if found.envelope else "no field"
    return f"{texts} of {len(every)} texts differ, and {fields} of the envelope."
