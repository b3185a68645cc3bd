"""All recorded steps, read as far as they are looked at, and beside them one of them."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout

from converge_desktop.runtime.port import TracesAdded
from converge_desktop.runtime.readmodel import TraceRow, TraceView
from converge_desktop.ui import fonts, words
from converge_desktop.ui.actions import Action
from converge_desktop.ui.models.filtering import compile_filter
from converge_desktop.ui.models.trace_search import TraceSearch
from converge_desktop.ui.models.traces import TRACE_FIELDS, TraceModel
from converge_desktop.ui.pages.page import Page, Tools
from converge_desktop.ui.pages.trace_view import TracePane
from converge_desktop.ui.widgets.empty import EmptyState
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.listbar import FilterEdit, list_bar
from converge_desktop.ui.widgets.lists import Panel, RowTable, select_in, step_in


class TracesPage(Page):
    """Steps, newest first."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "Traces")
        self.model = TraceModel(self)
        self.model.wanted.connect(self._on_wanted)
        self.search = TraceSearch(tools.desk, tools.bridge, self)
        self.search.found.connect(self._on_found)
        self.search.failed.connect(self._on_search_failed)
        self._known = False
        self._shown = ""
        self._updating = False
        self.filter = FilterEdit("Filter: step:evaluation valid:no …", "Filter the traces")
        self.table = RowTable(self.model, "Recorded steps", stretch=1)
        self.main = self.table
        self.table.set_widths("run 0192", "", "uncertai", "99.99 s", "10,00")
        self.table.moved.connect(self._on_moved)
        self.none = EmptyState(
            "traces", "Reading the traces…", "The newest comes first.", beside=True
        )
        self.none.pressed.connect(self._on_none)
        self._left = QStackedWidget()
        self._left.addWidget(self.none)
        self._left.addWidget(self.table)
        unit = fonts.measures().unit
        foot = Panel("listfoot")
        foot_row = QHBoxLayout(foot)
        foot_row.setContentsMargins(unit + 4, unit, unit + 4, unit)
        self._count = Label("", "small", "muted")
        foot_row.addWidget(self._count)
        master = Panel("master")
        column = QVBoxLayout(master)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(list_bar(self.filter))
        column.addWidget(self._left, 1)
        column.addWidget(foot)
        self.empty = EmptyState("traces", "No step is chosen", "Choose one from the list.")
        self.empty.pressed.connect(self._on_again)
        self.pane = TracePane(tools)
        self.detail = QStackedWidget()
        self.detail.addWidget(self.empty)
        self.detail.addWidget(self.pane)
        self.split("traces", master, self.detail, width=452)
        self.filter.textChanged.connect(self._on_filter)
        tools.bridge.traces_added.connect(self._on_added)

    def start(self) -> None:
        """Override Page.start."""
        self.tools.bridge.ask(self, self.tools.desk.trace_count(), self._on_count, self._on_failed)

    def retint(self) -> None:
        """Override Page.retint."""
        self.pane.retint()

    def actions_of(self) -> tuple[Action, ...]:
        """Override Page.actions_of."""
        return (
            Action(
                "trace.replay",
                "Replay the recorded step",
                ("Ctrl+Shift+R",),
                self.pane.replay,
                "Run",
                self.pane.can_replay,
                page="traces",
            ),
            Action(
                "trace.stop",
                "Cancel the replay of the recorded step",
                (),
                self.pane.stop_replay,
                "Run",
                self.pane.can_stop_replay,
                page="traces",
                needs="a recorded step that is being replayed",
            ),
            self.pane.exporter.action_of("traces"),
        )

    def step(self, by: int) -> None:
        """Override Page.step."""
        step_in(self.table, by)

    def focus_filter(self) -> None:
        """Override Page.focus_filter."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def can_export(self) -> bool:
        """Override Page.can_export."""
        return self.detail.currentIndex() == 1

    def export(self) -> None:
        """Override Page.export."""
        self.pane.export()

    def show_trace(self, trace_id: str) -> None:
        """Shows a step by its id, in the list or not."""
        self._load(trace_id)
        row = self.model.find(trace_id)
        self._select(row)
        if row < 0 and not self.filter.text().strip():
            self.tools.bridge.ask(
                self,
                self.tools.desk.trace_place(trace_id),
                partial(self._on_place, trace_id),
                partial(self._on_view_failed, trace_id),
            )

    def _select(self, row: int) -> None:
        self._updating = True
        select_in(self.table, row)
        self._updating = False

    def _on_place(self, trace_id: str, place: int) -> None:
        if trace_id == self._shown:
            self._select(self.model.row_of(place))

    def _on_count(self, count: int) -> None:
        self._known = True
        self.model.set_count(count)
        if self.filter.text().strip():
            self._on_filter(self.filter.text())
        self._show_left()

    @Slot(object)
    def _on_added(self, change: TracesAdded) -> None:
        self._updating = True
        self.model.add(change.rows, change.total)
        self._updating = False
        self._show_left()

    @Slot(int, int)
    def _on_wanted(self, first: int, count: int) -> None:
        self.tools.bridge.ask(
            self,
            self.tools.desk.trace_page(first, count),
            partial(self._on_page, first),
            partial(self._on_page_failed, first),
        )

    def _on_page(self, first: int, rows: tuple[TraceRow, ...]) -> None:
        self.model.take(first, rows)
        self._on_moved(self.table.currentIndex().row())  # it may have waited for this page

    def _on_page_failed(self, first: int, error: BaseException) -> None:
        self.model.give_up(first)
        said = f"Some of the steps cannot be read. {words.problem(error)}"
        self.tools.routes.say.emit("danger", said, "traces")

    @Slot(object)
    def _on_found(self, rows: list[TraceRow]) -> None:
        self._updating = True
        self.model.found(rows)
        self._updating = False
        if any(row.trace_id == self._shown for row in rows):
            self._select(self.model.find(self._shown))
        self._show_left()

    def _on_search_failed(self, error: BaseException) -> None:
        said = f"The filter stopped after {self.search.looked:,} steps. {words.problem(error)}"
        self.tools.routes.say.emit("danger", said, "traces")
        self._show_left()

    def _foot_words(self) -> str:
        shown, total = self.model.rowCount(), self.model.total()
        if self.search.running:
            looked = f"{self.search.looked:,} of {self.search.of:,} looked through"
            return f"{looked} · {shown:,} found"
        return words.count(total, "step") if shown == total else f"{shown:,} of {total:,} steps"

    def _show_left(self) -> None:
        shown, total = self.model.rowCount(), self.model.total()
        self._count.say(self._foot_words())
        if shown:
            self._left.setCurrentIndex(1)
            return
        self._left.setCurrentIndex(0)
        if self.search.running:
            self.none.tell("Looking through the steps…", "What passes shows as it is found.")
        elif total:
            self.none.tell(
                "Nothing passes this filter", "Steps are hidden by it.", action="Clear the filter"
            )
        elif self._known:
            self.none.tell(
                "No step was recorded yet",
                "Start a run: every call of the model is kept here, whole.",
                action="New run",
            )

    def _on_failed(self, error: BaseException) -> None:
        self.none.tell(
            "The traces cannot be read", words.problem(error), action="Try again", tone="danger"
        )
        self._left.setCurrentIndex(0)

    @Slot()
    def _on_none(self) -> None:
        if self.model.total():
            self.filter.clear()
        elif self._known:
            self.tools.routes.start.emit("")
        else:
            self.start()

    @Slot()
    def _on_again(self) -> None:
        if self._shown:
            self._load(self._shown)

    @Slot(int)
    def _on_moved(self, number: int) -> None:
        row = self.model.row_at(number)
        if not self._updating and row is not None and row.trace_id != self._shown:
            self._load(row.trace_id)

    def _load(self, trace_id: str) -> None:
        self._shown = trace_id
        self.empty.tell("Reading the step…", "Its layers, its output and its checks.")
        self.detail.setCurrentIndex(0)
        self.tools.bridge.ask(
            self,
            self.tools.desk.trace(trace_id),
            self._on_view,
            partial(self._on_view_failed, trace_id),
        )

    def _on_view(self, view: TraceView) -> None:
        if view.row.trace_id == self._shown:
            self.pane.show_trace(view)
            self.detail.setCurrentIndex(1)

    def _on_view_failed(self, trace_id: str, error: BaseException) -> None:
        if trace_id == self._shown:
            self.empty.tell(
                "This step cannot be shown", words.problem(error), action="Try again", tone="danger"
            )
            self.detail.setCurrentIndex(0)

    @Slot(str)
    def _on_filter(self, text: str) -> None:
        keep = compile_filter(text, TRACE_FIELDS)
        self._updating = True
        self.model.set_filter(keep)
        self._updating = False
        if keep is None:
            self.search.stop()
            self._select(self.model.find(self._shown))
        else:
            self.search.begin(keep, self.model.total())
        self._show_left()
