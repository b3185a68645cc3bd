"""The foot of a pane: what can be done at both ends, and between them what it means."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QWidget

from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.lists import Panel

_WORDS = 20
"""How much room the words between the buttons need, in units."""


class Foot(Panel):
    """A button, a sentence, a button; one under the other where they do not fit beside."""

    def __init__(self, first: QWidget, said: Label, last: QWidget) -> None:
        super().__init__("footer")
        self._ends = (first, last)
        unit = fonts.measures().unit
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        self._box.setSpacing(unit)
        self._box.addWidget(first)
        self._box.addSpacing(unit)
        self._box.addWidget(said, 1)
        self._box.addSpacing(unit)
        self._box.addWidget(last)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QWidget.resizeEvent."""
        super().resizeEvent(event)
        needs = sum(end.sizeHint().width() for end in self._ends if not end.isHidden())
        tight = event.size().width() < needs + _WORDS * fonts.measures().unit
        down = QBoxLayout.Direction.TopToBottom
        self._box.setDirection(down if tight else QBoxLayout.Direction.LeftToRight)
