"""Two of a kind side by side: what differs first on top, then their heads, then the differences."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.ui import fonts
from converge_desktop.ui.pages.trace_sheet import Sheet
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.checks import Sign
from converge_desktop.ui.widgets.chips import clear
from converge_desktop.ui.widgets.labels import Label, set_property
from converge_desktop.ui.widgets.lists import Panel

_NARROW = 60
"""How wide the room is at least in which two things stand beside each other, in units."""
_WIDTH = 200
"""How wide the two columns may become together, in units."""
Verdict = tuple[str, str, str, str]
"""An icon, a tone, the sentence on top, and what it means."""


class ComparisonView(QWidget):
    """The frame of a comparison.

    Args:
        name: what is compared, as its title.
        before: buttons that stand before the one that leads back.

    Signals:
        left: The person goes back.
    """

    left = Signal()

    def __init__(self, name: str, *before: Button) -> None:
        super().__init__()
        unit = fonts.measures().unit
        self.setAccessibleName(name)
        self._heads: QBoxLayout | None = None
        self.back = Button("Back", "Esc", "compact")
        self.back.clicked.connect(self.left)
        buttons = QHBoxLayout()
        buttons.setSpacing(unit)
        for button in (*before, self.back):
            buttons.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        buttons.addStretch(0)
        self._folds = bool(before)
        self._title = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._title.setSpacing(unit)
        self._title.addWidget(Label(name, "title").wrapped(), 1)
        self._title.addLayout(buttons)
        self._sign = QVBoxLayout()
        self.first = Label("", "strong").wrapped()
        verdict = QHBoxLayout()
        verdict.setSpacing(unit)
        verdict.addLayout(self._sign)
        verdict.addWidget(self.first, 1)
        self.more = Label("", "small", "muted").wrapped()
        header = Panel("header")
        column = QVBoxLayout(header)
        column.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        column.setSpacing(unit)
        column.addLayout(self._title)
        column.addLayout(verdict)
        column.addWidget(self.more)
        self.sheet = Sheet(_WIDTH * unit)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(header)
        outer.addWidget(self.sheet, 1)

    def show_parts(self, verdict: Verdict, *parts: QWidget) -> None:
        """Shows a comparison, from its top."""
        icon, tone, said, more = verdict
        clear(self._sign)
        self._sign.addWidget(Sign(icon, tone, said), 0, Qt.AlignmentFlag.AlignTop)
        self.first.say(said)
        set_property(self.first, "tone", tone)
        self.more.say(more)
        self.sheet.show_parts(*parts)
        self.sheet.verticalScrollBar().setValue(0)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, f"{said} {more}"))

    def forget(self) -> None:
        """Lets go of what was shown; it may be large."""
        self._heads = None
        self.sheet.show_parts()

    def side_by_side(self, *heads: QWidget) -> QWidget:
        """Sets heads beside each other; under each other where the room is narrow."""
        made = QWidget()
        self._heads = QBoxLayout(self._way(), made)
        self._heads.setContentsMargins(0, 0, 0, 0)
        self._heads.setSpacing(fonts.measures().unit * 2)
        for head in heads:
            self._heads.addWidget(head, 1)
        return made

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QWidget.resizeEvent."""
        super().resizeEvent(event)
        if self._folds:
            self._title.setDirection(self._way())
        if self._heads is not None:
            self._heads.setDirection(self._way())

    def _way(self) -> QBoxLayout.Direction:
        narrow = self.width() < _NARROW * fonts.measures().unit
        return QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
