"""A version of a pack that does not govern yet: what it loosens, and who must agree."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.desk_model import PackRow
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import clear
from converge_desktop.ui.widgets.labels import Label, caption
from converge_desktop.ui.widgets.text_view import TextView

_LINES = 18
"""Lines of the difference that show without a scroll bar of their own."""


class PackWaitingPart(QWidget):
    """Says what waits, and lets it be asked about.

    Signals:
        asked: It is asked about by now.
    """

    asked = Signal()

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._tools = tools
        self._row: PackRow | None = None
        self._busy = False
        unit = fonts.measures().unit
        banner = QWidget()
        banner.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        banner.setProperty("banner", "caution")
        self.about = Label("", "strong").wrapped()
        self.ask_button = Button("Ask for approval", "A", "compact").stands_for("packs.ask")
        self.ask_button.clicked.connect(self.ask)
        self.open_button = Button("Show the question", kind="compact")
        self.open_button.clicked.connect(self.open)
        top = QHBoxLayout(banner)
        top.setContentsMargins(unit * 3, unit, unit * 3, unit)
        top.setSpacing(unit * 2)
        for part in (self.about, self.ask_button, self.open_button):
            top.addWidget(part, 1 if part is self.about else 0)
        self._loosens = QVBoxLayout()
        self._changes = QVBoxLayout()
        body = QVBoxLayout()
        body.setContentsMargins(unit * 3, unit * 2, unit * 3, 0)
        body.setSpacing(unit)
        body.addWidget(caption("What becomes easier, and who has to agree"))
        body.addLayout(self._loosens)
        body.addWidget(caption("The difference"))
        body.addLayout(self._changes)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(banner)
        column.addLayout(body)
        self.hide()

    def show_pack(self, row: PackRow) -> None:
        """Shows what waits of a pack; nothing where nothing does."""
        self._row = row
        waits = row.waiting
        self.setVisible(waits is not None)
        if waits is None:
            return
        which = f"Version {waits.version} lies here and waits for approval"
        if waits.version == row.version:
            which = "Another policy of the same version lies here and waits for approval"
        said = f"{which}; until then, new runs go by version {row.version}, which is in force."
        if waits.gates:
            said += f" It is asked about in {words.count(len(waits.gates), 'proposal')}."
        elif waits.refused:
            said += " It was asked about, and not approved."
        self.about.say(said)
        clear(self._loosens)
        for sentence in waits.loosens:
            self._loosens.addWidget(Label(sentence).wrapped())
        clear(self._changes)
        self._changes.addWidget(TextView(waits.changes, "The difference", _LINES, "sheet"))
        self._refresh()

    def can_ask(self) -> bool:
        """Says whether there is something that nobody was asked about yet."""
        waits = self._row.waiting if self._row is not None else None
        return waits is not None and not waits.gates and not self._busy

    @Slot()
    def ask(self) -> None:
        """Asks whether what lies here governs."""
        if self._row is None or not self.can_ask():
            return
        self._busy = True
        self._refresh()
        asked = self._tools.desk.ask_about_pack(self._row.pack_id)
        self._tools.bridge.ask(self, asked, self._on_asked, self._on_failed)

    @Slot()
    def open(self) -> None:
        """Shows the first question about it in the Inbox."""
        waits = self._row.waiting if self._row is not None else None
        if waits is not None and waits.gates:
            self._tools.routes.gate.emit(waits.gates[0])

    def _on_asked(self, _: str) -> None:
        self._busy = False
        said = "It is asked about in the Inbox now. The version governs once all of it is approved."
        self._tools.routes.say.emit("good", said, "pack")
        self.asked.emit()

    def _on_failed(self, error: BaseException) -> None:
        self._busy = False
        self._refresh()
        self._tools.routes.say.emit("danger", f"Nobody was asked. {words.problem(error)}", "pack")

    def _refresh(self) -> None:
        waits = self._row.waiting if self._row is not None else None
        asked = waits is not None and bool(waits.gates)
        self.ask_button.setVisible(not asked)
        self.ask_button.setEnabled(self.can_ask())
        self.open_button.setVisible(asked)
