"""The foot of a run: what can be asked of it, and what replaying it would show."""

from __future__ import annotations

from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.flow import FlowLayout
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.lists import Panel

_REPLAYED = "Replayed, its records alone must come to the same facts."


class RunFoot(Panel):
    """Buttons in lines, as many as the width has room for, under a sentence."""

    def __init__(self) -> None:
        super().__init__("footer")
        unit = fonts.measures().unit
        self.replay = Button("Replay from the ledger", "Ctrl Shift L")
        self.compare = Button("Compare with…", "C").stands_for("run.compare")
        self.compare.setAccessibleName("Compare with another run")
        self.export = Button("Export evidence…", "Ctrl E")
        holder = QWidget()
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        holder.setSizePolicy(policy)
        flow = FlowLayout(gap=unit, line_gap=unit, parent=holder)
        for button in (self.replay, self.compare, self.export):
            flow.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        column.setSpacing(unit)
        column.addWidget(Label(_REPLAYED, "small", "muted").wrapped())
        column.addWidget(holder)
