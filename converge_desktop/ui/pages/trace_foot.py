"""The foot of a step: what can be done with it, and above that what making it again would mean."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.flow import FlowLayout
from converge_desktop.ui.widgets.labels import Label, set_property
from converge_desktop.ui.widgets.lists import Panel

_LOW, _LOW_AND_NARROW, _NARROW = 64, 96, 48
"""How high a pane is at least that shows all of its head and foot; if it is so narrow; in units."""


def is_tight(size: QSize) -> bool:
    """Says whether a pane leaves away of its head and foot what stands elsewhere as well."""
    unit = fonts.measures().unit
    least = _LOW if size.width() >= _NARROW * unit else _LOW_AND_NARROW
    return size.height() < least * unit


class TraceFoot(Panel):
    """Buttons in lines, as many as the width has room for; the one that exports stands apart."""

    def __init__(self) -> None:
        super().__init__("footer")
        unit = fonts.measures().unit
        self._tight = False
        self.said = Label("", "small", "muted").wrapped()
        self.replay = Button("Replay", "P").stands_for("trace.replay")
        self.compare = Button("Compare…", "C").stands_for("trace.compare")
        self.compare.setAccessibleName("Compare with another step")
        self.note = Button("Annotate", "N").stands_for("trace.note")
        self.like = Button("Like this one", "M").stands_for("traces.like")
        self.export = Button("Export…", "Ctrl E").stands_for("run.export")
        self.export.setAccessibleName("Export evidence")
        holder = QWidget()
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        holder.setSizePolicy(policy)
        flow = FlowLayout(gap=unit, line_gap=unit, parent=holder)
        for button in (self.replay, self.compare, self.note, self.like):
            flow.addWidget(button)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.setSpacing(unit)
        self._row.addWidget(holder, 1)
        self._row.addWidget(self.export, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        column.setSpacing(unit)
        column.addWidget(self.said)
        column.addLayout(self._row)

    def fit(self, *, tight: bool) -> None:
        """Leaves the words away where the window is low; they stand under Replay as well."""
        self._tight = tight
        self.said.setVisible(bool(self.said.text()) and not tight)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QWidget.resizeEvent: what exports stands under the others if it must."""
        super().resizeEvent(event)
        buttons = (self.replay, self.compare, self.note, self.like, self.export)
        needs = sum(button.sizeHint().width() for button in buttons) + 10 * fonts.measures().unit
        narrow = event.size().width() < needs
        down = QBoxLayout.Direction.TopToBottom
        self._row.setDirection(down if narrow else QBoxLayout.Direction.LeftToRight)

    def say(self, text: str, tone: str) -> None:
        """Says how it stands with making the step again."""
        self.said.say(text)
        self.said.setVisible(bool(text) and not self._tight)
        set_property(self.said, "tone", tone)
