"""Facts over all runs, asked of the database, and beside them the inspector of one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout

from converge_desktop.runtime.desk_model import Status
from converge_desktop.runtime.port import StatusChanged
from converge_desktop.runtime.run_model import FactAnswer, FactCard
from converge_desktop.ui import fonts, words
from converge_desktop.ui.actions import Action
from converge_desktop.ui.models.lists import fact_look
from converge_desktop.ui.models.rows import RowModel
from converge_desktop.ui.pages.fact_acts import FactActs
from converge_desktop.ui.pages.fact_pane import FactPane
from converge_desktop.ui.pages.page import Page, Tools
from converge_desktop.ui.widgets.combo import PackCombo
from converge_desktop.ui.widgets.empty import EmptyState
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.listbar import FilterEdit, list_bar
from converge_desktop.ui.widgets.lists import Panel, RowList, select_in, step_in

_PAUSE_MS = 250
_SILENT = {
    "opening": ("The database is being opened", ""),
    "filling": ("The database is being filled", ""),
    "unreachable": ("The database is unreachable", "caution"),
}
"""What is said of a database that does not answer, and in which tone."""


class ContextPage(Page):
    """What is known, whichever run it was learnt in."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "Context")
        self.model: RowModel[FactCard] = RowModel(
            lambda c: f"{c.run_id}/{c.fact_id}", fact_look, self
        )
        self._asked = 0
        self._view_state = Status().view_state
        self._unanswered = False
        self._offers: Callable[[], None] = self.ask
        self._updating = False
        self._keys: list[str] = []
        self.text = FilterEdit("Find in all facts …", "Find in all facts")
        self.text.textChanged.connect(self._on_text)
        self.key = PackCombo()
        self.key.setFont(fonts.font("body"))
        self.key.addItem("All keys", "")
        self.key.setAccessibleName("Key")
        self.key.setMinimumWidth(fonts.measures().unit * 15)
        self.key.currentIndexChanged.connect(self.ask)
        self.list = RowList(self.model, "Facts of all runs")
        self.main = self.list
        self.list.moved.connect(self._on_moved)
        self.none = EmptyState("context", "Asking the database…", "Facts of all runs.", beside=True)
        self.none.pressed.connect(self._on_none)
        self._left = QStackedWidget()
        self._left.addWidget(self.none)
        self._left.addWidget(self.list)
        unit = fonts.measures().unit
        foot = Panel("listfoot")
        foot_row = QHBoxLayout(foot)
        foot_row.setContentsMargins(unit + 4, unit, unit + 4, unit)
        self.as_of = Label("", "small", "muted")
        foot_row.addWidget(self.as_of)
        master = Panel("master")
        column = QVBoxLayout(master)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(list_bar(self.text, self.key))
        column.addWidget(self._left, 1)
        column.addWidget(foot)
        self.inspector = FactPane(tools)
        self.acts = FactActs(tools, self.inspector)
        self.split("context", master, self.inspector, width=372)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.ask)
        tools.bridge.status_changed.connect(self._on_status)

    def entered(self) -> None:
        """Override Page.entered: the answer may have grown since."""
        self.ask()

    def actions_of(self) -> tuple[Action, ...]:
        """Override Page.actions_of."""
        again = "Fill the database again"
        rebuild = Action("context.rebuild", again, (), self._rebuild_shown, "Run")
        return (*self.acts.actions_of(), rebuild)

    def _rebuild_shown(self) -> None:
        self.tools.routes.page.emit("context")
        self.rebuild()

    def step(self, by: int) -> None:
        """Override Page.step."""
        step_in(self.list, by)

    def escape(self) -> bool:
        """Override Page.escape."""
        if self.inspector.box.isVisible():
            self.inspector.box.leave()
            return True
        return False

    def focus_filter(self) -> None:
        """Override Page.focus_filter."""
        self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_fact(self, run_id: str, fact_id: str) -> None:
        """Shows a fact of a run, wherever it was seen."""
        self._updating = True
        select_in(self.list, self.model.find(f"{run_id}/{fact_id}"))
        self._updating = False
        self.inspector.load(run_id, fact_id)

    @Slot()
    def ask(self) -> None:
        """Asks the database again."""
        self._asked += 1
        number = self._asked
        key = str(self.key.currentData() or "")
        self.tools.bridge.ask(
            self,
            self.tools.desk.facts(key, self.text.text().strip()),
            lambda answer: self._on_answer(number, answer),
            lambda error: self._on_failed(number, error),
        )

    def rebuild(self) -> None:
        """Has the database filled again; nothing is lost by it, for the ledger has it all."""
        self.tools.bridge.ask(
            self, self.tools.desk.rebuild_view(), self._on_rebuilt, self._on_not_rebuilt
        )

    def _on_rebuilt(self, _: None) -> None:
        self.tools.routes.say.emit("info", "The database was filled again.", "database")
        self.ask()

    def _on_not_rebuilt(self, error: BaseException) -> None:
        said = f"The database was not filled again. {words.problem(error)}"
        self.tools.routes.say.emit("danger", said, "database")

    @Slot(object)
    def _on_status(self, change: StatusChanged) -> None:
        """Says how far the database is while it is being filled, and asks once it is ready."""
        status = change.status
        self.inspector.tell(status)
        before, self._view_state = self._view_state, status.view_state
        if status.view_state == "filling":
            self.as_of.say(f"The database is being filled: {words.percent(status.view_share)}")
            if not self.model.rowCount():
                self._say_filling(status.view_share)
        elif status.view_state == "ready" and (self._unanswered or before == "filling"):
            self.ask()

    def _say_filling(self, share: int) -> None:
        self.none.tell(
            "The database is being filled",
            f"{words.percent(share)} of the ledger is in. Facts can be searched once all of it is; "
            "everything else can be used meanwhile.",
        )
        self._left.setCurrentIndex(0)

    def _on_answer(self, number: int, answer: FactAnswer) -> None:
        if number != self._asked:
            return
        self._unanswered = False
        self._updating = True
        self.model.set_rows(answer.rows)
        self._updating = False
        self._offer_keys(answer)
        self.as_of.say(
            f"{words.count(len(answer.rows), 'fact')}, as of ledger record {answer.seq:,}"
        )
        if answer.rows:
            self._left.setCurrentIndex(1)
            return
        self._left.setCurrentIndex(0)
        if self.text.text().strip() or self.key.currentIndex() > 0:
            self.none.tell(
                "No fact matches", "Try fewer words, or all keys.", action="Show all facts"
            )
            self._offers = self._all
        else:
            self.none.tell(
                "Nothing is known yet",
                "Facts appear once a run has promoted its first ones.",
                action="New run",
            )
            self._offers = self._new_run

    def _offer_keys(self, answer: FactAnswer) -> None:
        fresh = sorted({c.key for c in answer.rows} - set(self._keys))
        if not fresh:
            return
        self._keys = sorted([*self._keys, *fresh])
        chosen = self.key.currentData()
        self.key.blockSignals(True)
        self.key.clear()
        self.key.addItem("All keys", "")
        for key in self._keys:
            self.key.addItem(words.one_line(key), key)
        self.key.setCurrentIndex(max(0, self.key.findData(chosen)))
        self.key.blockSignals(False)

    def _on_failed(self, number: int, error: BaseException) -> None:
        if number != self._asked:
            return
        self._unanswered = True
        heading, tone = _SILENT.get(self._view_state, ("The database does not answer", "danger"))
        self.none.tell(heading, words.problem(error), action="Try again", tone=tone)
        self._offers = self.ask
        self._left.setCurrentIndex(0)
        self.as_of.say("")

    @Slot()
    def _on_none(self) -> None:
        self._offers()

    def _all(self) -> None:
        """Shows all facts again."""
        self.text.clear()
        self.key.setCurrentIndex(0)
        self.ask()

    def _new_run(self) -> None:
        self.tools.routes.start.emit("")

    @Slot()
    def _on_text(self) -> None:
        self._pause.start()

    @Slot(int)
    def _on_moved(self, number: int) -> None:
        card = self.model.row_at(number)
        if card is not None and not self._updating:
            self.inspector.load(card.run_id, card.fact_id, card)
