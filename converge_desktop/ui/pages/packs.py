"""Packs: what can be run, and under which policy."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from converge_desktop.runtime.desk_model import PackRow
from converge_desktop.ui import fonts, words
from converge_desktop.ui.actions import Action
from converge_desktop.ui.models.lists import pack_look
from converge_desktop.ui.models.rows import RowModel
from converge_desktop.ui.pages.packs_waiting import PackWaitingPart
from converge_desktop.ui.pages.page import Page, Tools
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import Chip, ChipRow
from converge_desktop.ui.widgets.empty import EmptyState
from converge_desktop.ui.widgets.labels import Label, caption
from converge_desktop.ui.widgets.lists import Panel, RowList, select_in, step_in
from converge_desktop.ui.widgets.text_view import TextView


class PacksPage(Page):
    """The packs there are."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "Packs")
        self.model: RowModel[PackRow] = RowModel(lambda p: p.pack_id, pack_look, self)
        self._pack: PackRow | None = None
        self.list = RowList(self.model, "Packs")
        self.main = self.list
        self.list.moved.connect(self._on_moved)
        master = Panel("master")
        column = QVBoxLayout(master)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list)
        self.empty = EmptyState("packs", "Reading the packs…", "A pack is agents and a policy.")
        self.empty.pressed.connect(self.start)
        self.detail = QStackedWidget()
        self.detail.addWidget(self.empty)
        self.detail.addWidget(self._build())
        self.split("packs", master, self.detail, width=340)

    def _build(self) -> QWidget:
        unit = fonts.measures().unit
        made = QWidget()
        header = Panel("header")
        self._title = Label("", "title").wrapped()
        self._chips = ChipRow()
        head = QVBoxLayout(header)
        head.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        head.setSpacing(unit)
        head.addWidget(self._title)
        head.addWidget(self._chips)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(unit * 3, unit * 2 + 2, unit * 3, unit * 2)
        column.setSpacing(unit)
        self._summary = Label("").wrapped().selectable()
        self._summary.setMaximumWidth(fonts.measures().text_width)
        column.addWidget(self._summary)
        column.addSpacing(unit)
        column.addWidget(caption("Policy"))
        says = "Risk, checks and who decides come from here, never from a model."
        column.addWidget(Label(says, "small", "muted").wrapped())
        self.policy = TextView("", "Policy", limit=10_000, kind="sheet")
        column.addWidget(self.policy, 1)
        footer = Panel("footer")
        row = QHBoxLayout(footer)
        row.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        self.run_button = Button("Run this…", kind="primary")
        self.run_button.clicked.connect(self._on_run)
        row.addStretch(1)
        row.addWidget(self.run_button)
        outer = QVBoxLayout(made)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(header)
        self.waiting = PackWaitingPart(self.tools)
        self.waiting.asked.connect(self.start)
        outer.addWidget(self.waiting)
        outer.addWidget(body, 1)
        outer.addWidget(footer)
        return made

    def start(self) -> None:
        """Override Page.start."""
        self.tools.bridge.ask(self, self.tools.desk.packs(), self._on_packs, self._on_failed)

    def entered(self) -> None:
        """Override Page.entered: what governs may have been decided meanwhile."""
        self.start()

    def actions_of(self) -> tuple[Action, ...]:
        """Override Page.actions_of."""
        return (
            Action(
                *("packs.ask", "Ask for approval of what lies here", ("A",), self.waiting.ask),
                "Run",
                self.waiting.can_ask,
                page="packs",
                writes="a run that asks, and its proposals",
                needs="a version of the pack that waits for approval",
            ),
        )

    def step(self, by: int) -> None:
        """Override Page.step."""
        step_in(self.list, by)

    def _on_packs(self, packs: tuple[PackRow, ...]) -> None:
        self.model.set_rows(packs)
        if packs:
            number = self.model.find(self._pack.pack_id) if self._pack is not None else 0
            if self.list.currentIndex().row() == number:
                self._on_moved(number)
            select_in(self.list, max(number, 0))
        else:
            self.empty.tell(
                "No pack was found",
                "Packs lie in resources/packs, a folder each.",
                action="Look again",
            )

    def _on_failed(self, error: BaseException) -> None:
        self.empty.tell(
            "The packs cannot be read", words.problem(error), action="Try again", tone="danger"
        )
        self.detail.setCurrentIndex(0)

    @Slot(int)
    def _on_moved(self, number: int) -> None:
        pack = self.model.row_at(number)
        if pack is None:
            return
        self._pack = pack
        self._title.say(pack.title)
        self._summary.say(pack.summary)
        chips = [Chip(pack.pack_id), Chip(f"version {pack.version}")]
        if pack.waiting is not None:
            chips.append(Chip("another version waits", "caution"))
        self._chips.show_chips(*chips)
        self.waiting.show_pack(pack)
        self.policy.setPlainText(words.visible(pack.policy))
        self.detail.setCurrentIndex(1)

    @Slot()
    def _on_run(self) -> None:
        if self._pack is not None:
            self.tools.routes.start.emit(self._pack.pack_id)
