"""The head of the page of insights: up to which record it is known, and asking again."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout

from converge_desktop.runtime.trace_model import IndexState
from converge_desktop.ui import fonts
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.lists import Panel


class InsightHead(Panel):
    """What is known, and whether the ledger went on since.

    Signals:
        again_wanted: The person wants it asked again.
    """

    again_wanted = Signal()

    def __init__(self) -> None:
        super().__init__("header")
        self._as_of, self._newer = -1, False
        unit = fonts.measures().unit
        row = QHBoxLayout(self)
        row.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        row.setSpacing(unit * 2)
        self.said = Label("", "body", "muted").wrapped()
        self.more = Label("", "strong", "accent")
        self.again = Button("Ask again", "Ctrl R", kind="compact").stands_for("insights.again")
        self.again.clicked.connect(self.again_wanted)
        row.addWidget(Label("Insights", "title"))
        row.addWidget(self.said, 1)
        row.addWidget(self.more)
        row.addWidget(self.again)
        self.more.hide()

    def known(self) -> str:
        """Says up to which record it is known; nothing before the first answer."""
        if self._as_of < 0:
            return ""
        return f"Known up to record {self._as_of:,}."

    def newer(self) -> bool:
        """Says whether the index knows more than what is shown."""
        return self._newer

    def wait(self) -> None:
        """Says that it is being asked."""
        self.again.setEnabled(False)
        self.said.say("Counting…")

    def show_known(self, as_of: int, state: IndexState) -> None:
        """Says up to which record it is known, and whether there is more by now."""
        self._as_of, self._newer = as_of, state.as_of > as_of >= 0
        filling = state.state == "filling" and state.as_of < state.seq
        left = f" {state.seq - state.as_of:,} records are still being taken in." if filling else ""
        self.said.say(f"{self.known()}{left}".strip())
        self.more.say("There are newer records" if self._newer else "")
        self.more.setVisible(self._newer)
        self.again.setEnabled(True)
