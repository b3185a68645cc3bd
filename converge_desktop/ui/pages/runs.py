"""All runs, and beside them one run or the form for a new one."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout

from converge_desktop.runtime.port import RunChanged
from converge_desktop.runtime.readmodel import RunRow, RunView
from converge_desktop.ui import words
from converge_desktop.ui.models.filtering import compile_filter
from converge_desktop.ui.models.lists import RUN_FIELDS, run_look
from converge_desktop.ui.models.rows import RowModel
from converge_desktop.ui.pages.new_run import NewRun
from converge_desktop.ui.pages.page import Page, Tools
from converge_desktop.ui.pages.run_asks import RunAsks
from converge_desktop.ui.pages.run_banner import Moment
from converge_desktop.ui.pages.run_view import RunPane
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.empty import EmptyState
from converge_desktop.ui.widgets.listbar import FilterEdit, list_bar
from converge_desktop.ui.widgets.lists import Panel, RowList, select_in, step_in

_EMPTY, _RUN, _FORM = range(3)


class RunsPage(Page):
    """Runs, newest first."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "Runs")
        self.model: RowModel[RunRow] = RowModel(lambda r: r.run_id, run_look(tools.clock.now), self)
        self.model.set_order(lambda r: -r.started_at)
        self._rows: dict[str, RunRow] = {}
        self._known = False
        self._shown = ""
        self._moment: Moment | None = None
        self._updating = False
        self.filter = FilterEdit("Filter: phase:waiting …", "Filter the runs")
        self.filter.textChanged.connect(self._on_filter)
        new = Button("New run", "Ctrl N", "compact")
        new.clicked.connect(self.new_run)
        self.list = RowList(self.model, "Runs")
        self.main = self.list
        self.list.moved.connect(self._on_moved)
        self.none = EmptyState("runs", "Reading the runs…", "The newest comes first.", beside=True)
        self.none.pressed.connect(self._on_none)
        self._left = QStackedWidget()
        self._left.addWidget(self.none)
        self._left.addWidget(self.list)
        master = Panel("master")
        column = QVBoxLayout(master)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(list_bar(self.filter, new))
        column.addWidget(self._left, 1)
        self.empty = EmptyState("runs", "No run is chosen", "Choose one from the list.")
        self.empty.pressed.connect(self._on_empty)
        self.pane = RunPane(tools.clock)
        self.pane.review_wanted.connect(self._on_review)
        self.pane.cancel_wanted.connect(self._on_cancel)
        self.pane.lineage_wanted.connect(tools.routes.fact)
        self.pane.banner.now_wanted.connect(self.show_now)
        self.asks = RunAsks(tools, self.pane)
        self.form = NewRun(tools)
        self.form.started.connect(self._on_started)
        self.form.left.connect(self._on_form_left)
        self.detail = QStackedWidget()
        for widget in (self.empty, self.pane, self.form):
            self.detail.addWidget(widget)
        self.split("runs", master, self.detail, width=372)
        tools.bridge.run_changed.connect(self._on_changed)

    def start(self) -> None:
        """Override Page.start."""
        self.tools.bridge.ask(self, self.tools.desk.runs(), self._on_rows, self._on_failed)
        self.tools.bridge.ask(
            self, self.tools.desk.packs(), self.form.show_packs, self._on_packs_failed
        )

    def step(self, by: int) -> None:
        """Override Page.step."""
        step_in(self.list, by)

    def focus_filter(self) -> None:
        """Override Page.focus_filter."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def escape(self) -> bool:
        """Override Page.escape."""
        if self.detail.currentIndex() == _FORM and self._rows:
            self._on_form_left()
            return True
        if self.shows_moment():
            self.show_now()
            return True
        return False

    def shows_run(self) -> bool:
        """Says whether a run is shown."""
        return self.detail.currentIndex() == _RUN and self.pane.view is not None

    def shows_moment(self) -> bool:
        """Says whether a run is shown as it once stood."""
        return self.shows_run() and self._moment is not None

    can_export, can_fork = shows_run, shows_moment

    def export(self) -> None:
        """Override Page.export."""
        self.asks.export()

    def fork_here(self) -> None:
        """Override Page.fork_here."""
        self.asks.fork()

    def show_run(self, run_id: str) -> None:
        """Shows a run as it is."""
        shown = run_id == self._shown and self.detail.currentIndex() == _RUN
        if not shown or self._moment is not None:
            self._show(run_id, None)

    def show_moment(self, run_id: str, seq: int, at: int) -> None:
        """Shows a run as it stood once record ``seq`` was written, at the time ``at``."""
        self._show(run_id, Moment(seq, at))

    @Slot()
    def show_now(self) -> None:
        """Goes back from a moment of a run to how it is."""
        if self._shown and self._moment is not None:
            self._show(self._shown, None)

    def _show(self, run_id: str, moment: Moment | None) -> None:
        if run_id != self._shown:
            self.asks.forget()
        self._shown, self._moment = run_id, moment
        self._select(run_id)
        self._load(run_id)

    @Slot()
    def new_run(self, pack_id: str = "") -> None:
        """Shows the form for a new run."""
        if pack_id:
            self.form.choose_pack(pack_id)
        self.detail.setCurrentIndex(_FORM)
        self.form.focus_first()

    def choose_folder(self) -> None:
        """Shows the form and asks for a folder."""
        self.new_run()
        self.form.browse()

    def _on_rows(self, rows: tuple[RunRow, ...]) -> None:
        self._known = True
        fresh = {r.run_id: r for r in rows}
        self._rows = fresh | {k: v for k, v in self._rows.items() if k not in fresh}
        self._refill()
        if not self._shown and rows and self.detail.currentIndex() == _EMPTY:
            self.show_run(max(rows, key=lambda r: r.started_at).run_id)

    def _refill(self) -> None:
        self._updating = True
        self.model.set_rows(tuple(self._rows.values()))
        self._updating = False
        self._select(self._shown)
        self._show_left()

    def _select(self, run_id: str) -> None:
        self._updating = True
        select_in(self.list, self.model.find(run_id))
        self._updating = False

    def _show_left(self) -> None:
        self.counted.emit(sum(r.phase != "stopped" for r in self._rows.values()))
        if self.model.rowCount():
            self._left.setCurrentIndex(1)
            return
        self._left.setCurrentIndex(0)
        if self.model.total():
            self.none.tell(
                "Nothing passes this filter", "Runs are hidden by it.", action="Clear the filter"
            )
        elif self._known:
            self.none.tell("No run yet", "Every run that is started is listed here.")
            if self.detail.currentIndex() == _EMPTY:
                self.empty.tell(
                    "No run yet",
                    "Start one on a folder of yours, or on the sample that comes with a pack.",
                    action="New run",
                )

    def _on_failed(self, error: BaseException) -> None:
        self.none.tell(
            "The runs cannot be read", words.problem(error), action="Try again", tone="danger"
        )
        self._left.setCurrentIndex(0)

    def _on_packs_failed(self, error: BaseException) -> None:
        said = f"The packs cannot be read. {words.problem(error)}"
        self.tools.routes.say.emit("danger", said, "packs")

    @Slot()
    def _on_none(self) -> None:
        if self.model.total():
            self.filter.clear()
        else:
            self.start()

    @Slot()
    def _on_empty(self) -> None:
        if self._shown:
            self._load(self._shown)
        else:
            self.new_run()

    @Slot(int)
    def _on_moved(self, number: int) -> None:
        row = self.model.row_at(number)
        if not self._updating and row is not None:
            self.show_run(row.run_id)

    def _load(self, run_id: str) -> None:
        self.empty.tell("Reading the run…", "Its cycles, its context and its budgets.")
        before = (self.pane.view.row.run_id, self.pane.moment) if self.pane.view else None
        moment = self._moment
        if before != (run_id, moment):
            self.detail.setCurrentIndex(_EMPTY)
        else:
            self.detail.setCurrentIndex(_RUN)
        self.tools.bridge.ask(
            self,
            self.tools.desk.run_at(run_id, moment.seq)
            if moment
            else self.tools.desk.run_view(run_id),
            partial(self._on_view, moment),
            partial(self._on_view_failed, run_id),
        )

    def _on_view(self, moment: Moment | None, view: RunView) -> None:
        if (view.row.run_id, moment) == (self._shown, self._moment):
            self.pane.show_run(view, moment)
            if self.detail.currentIndex() == _EMPTY:
                self.detail.setCurrentIndex(_RUN)

    def _on_view_failed(self, run_id: str, error: BaseException) -> None:
        if run_id == self._shown:
            self.empty.tell(
                "This run cannot be shown", words.problem(error), action="Try again", tone="danger"
            )
            self.detail.setCurrentIndex(_EMPTY)

    @Slot(object)
    def _on_changed(self, change: RunChanged) -> None:
        row = change.view.row
        self._rows[row.run_id] = row
        self._updating = True
        self.model.put(row)
        self._updating = False
        self._show_left()
        if row.run_id == self._shown:
            if self.list.currentIndex().row() != self.model.find(row.run_id):
                self._select(row.run_id)
            self._on_view(None, change.view)

    @Slot(str)
    def _on_filter(self, text: str) -> None:
        self._updating = True
        self.model.set_filter(compile_filter(text, RUN_FIELDS))
        self._updating = False
        self._select(self._shown)
        self._show_left()

    @Slot(str)
    def _on_started(self, run_id: str) -> None:
        self._shown = ""
        self.show_run(run_id)
        self.take_focus()

    @Slot()
    def _on_form_left(self) -> None:
        self.detail.setCurrentIndex(_RUN if self.pane.view is not None else _EMPTY)

    @Slot()
    def _on_review(self) -> None:
        self.tools.routes.page.emit("inbox")

    @Slot(str)
    def _on_cancel(self, run_id: str) -> None:
        self.tools.bridge.ask(
            self, self.tools.desk.cancel(run_id), self._on_cancelled, self._on_cancel_failed
        )

    def _on_cancelled(self, _: None) -> None:
        self.tools.routes.say.emit("info", "The run was stopped; what it reached stays.", "cancel")

    def _on_cancel_failed(self, error: BaseException) -> None:
        said = f"The run was not stopped. {words.problem(error)}"
        self.tools.routes.say.emit("danger", said, "cancel")
