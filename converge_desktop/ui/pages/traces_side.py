"""The left half of the page of traces: filter, order, columns, list, and what is said around it."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout

from converge_desktop.runtime.port import TraceIndexChanged
from converge_desktop.runtime.trace_model import IndexState, LikeTraces, TraceProblem, TraceSet
from converge_desktop.ui import fonts, words
from converge_desktop.ui.models.traces import TraceModel
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.traces_bars import IndexBar, JumpLine, LikeBar, TracesFoot
from converge_desktop.ui.pages.traces_export import TraceExporter
from converge_desktop.ui.pages.traces_finding import Query, TraceFinder, TraceLanguage
from converge_desktop.ui.pages.traces_going import Going
from converge_desktop.ui.pages.traces_like import Likeness
from converge_desktop.ui.pages.traces_marks import Marks
from converge_desktop.ui.pages.traces_menus import ColumnsButton, SortButton
from converge_desktop.ui.pages.traces_placing import PageReader, Placing
from converge_desktop.ui.pages.traces_table import Anchor, TraceTable
from converge_desktop.ui.pages.traces_words import (
    Nothing,
    nothing_alike,
    nothing_found,
    nothing_known,
)
from converge_desktop.ui.widgets.empty import EmptyState
from converge_desktop.ui.widgets.filter_line import FilterLine
from converge_desktop.ui.widgets.lists import Panel
from converge_desktop.ui.widgets.problem_line import ProblemLine
from converge_desktop.ui.widgets.task_strip import TaskStrip
from converge_desktop.ui.widgets.tight_bar import TightBar


class TracesSide(Panel):
    """The calls that were found.

    Signals:
        moved: The person went to another call, by its id.
        compare_wanted: They want two calls compared, by their ids.
        start_wanted: They want to start a run.
    """

    moved = Signal(str)
    compare_wanted = Signal(str, str)
    start_wanted = Signal()

    def __init__(self, tools: Tools) -> None:
        super().__init__("master")
        self._tools = tools
        self._index_state = tools.desk.trace_index()
        self._retried = False
        self._failed = ""
        self._before: Anchor | None = None
        self.model = TraceModel(self)
        self.table = TraceTable(self.model)
        self.sort, self.columns = SortButton(tools.settings), ColumnsButton(tools.settings)
        query = Query("", self.sort.order, self.sort.descending)
        self.finder = TraceFinder(tools, self, query)
        self.filter = FilterLine(TraceLanguage(tools, self.finder))
        self.placing = Placing(tools, self.model, self.table, self)
        self.reader = PageReader(tools, self.model, self)
        self.marks = Marks(tools, self.model, self.table, self)
        self.index, self.like_bar, self.foot = IndexBar(), LikeBar(), TracesFoot()
        self.like = Likeness(tools, self.like_bar, self)
        self.jump_line = JumpLine(tools.clock)
        self.going = Going(tools, self.model, self.table, self.jump_line)
        self.problem = ProblemLine(self.filter)
        self.strip = TaskStrip("Export of steps")
        self.exporter = TraceExporter(tools, self.strip, self)
        self.none = EmptyState(
            "traces", "Reading the traces…", "The newest comes first.", beside=True
        )
        self._left = QStackedWidget()
        self._lay_out()
        self._connect()
        self._show_columns()
        self._tell_order()

    def _lay_out(self) -> None:
        unit = fonts.measures().unit
        self.problem.setContentsMargins(unit + 4, unit, unit + 4, unit)
        self._left.addWidget(self.none)
        self._left.addWidget(self.table)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(TightBar("listbar", self.filter, self.sort, self.columns))
        column.addWidget(self.problem)
        column.addWidget(self.jump_line)
        column.addWidget(self.index)
        column.addWidget(self.like_bar)
        column.addWidget(self._left, 1)
        column.addWidget(self.strip)
        column.addWidget(self.foot)

    def _connect(self) -> None:
        self.finder.came.connect(self._on_came)
        self.finder.failed.connect(self._on_failed)
        self.finder.counted.connect(self.tell)
        self.filter.told.connect(self.problem.tell)
        self.filter.left.connect(self.focus_list)
        self.sort.chosen.connect(self._on_sort)
        self.columns.chosen.connect(self._show_columns)
        self.table.sort_wanted.connect(self.sort.sort_by)
        self.table.moved.connect(self._on_moved)
        self.placing.shown.connect(self._on_shown)
        self.reader.took.connect(self._on_took)
        self.reader.lost.connect(self._on_lost)
        self.reader.failed.connect(self._on_unread)
        self.marks.changed.connect(self.tell)
        self.like.came.connect(self._on_like)
        self.like.left.connect(self._on_like_left)
        self.going.lost.connect(self._on_lost)
        self.jump_line.left.connect(self.focus_list)
        self.index.again_wanted.connect(self.rebuild)
        self.foot.compare_wanted.connect(self.compare)
        self.foot.export_wanted.connect(self.export)
        self.none.pressed.connect(self._on_none_pressed)
        self._tools.bridge.index_moved.connect(self._on_index)

    def start(self) -> None:
        """Looks for the calls, once there is an index to look in."""
        self._tell_index(self._tools.desk.trace_index())
        if self._tools.desk.trace_index().state != "opening":
            self.finder.again()

    # What was found.

    @Slot(object, bool)
    def _on_came(self, found: TraceSet, anew: bool) -> None:
        self._failed = ""
        if self.like.shown is not None and not anew:
            return
        self.like.forget()
        self._show_columns()
        anchor, self._before = self._before, None
        keep = anchor is not None or (not anew and not self._follows())
        self.placing.place(found, self.going.shown, keep=keep, anchor=anchor)

    def _follows(self) -> bool:
        """Whether the newest calls are looked at, so that newer ones are to be seen as well."""
        query = self.finder.query
        return query.order == "time" and query.descending and self.table.at_top()

    @Slot()
    def _on_shown(self) -> None:
        seen = self.table.anchor()
        if seen is not None and seen.seq >= 0:
            self._retried = False
        self.marks.forget_range()
        self._tell_order()
        self.tell()

    @Slot()
    def _on_took(self) -> None:
        self._retried = False
        self._on_moved(self.table.currentIndex().row())  # it may have waited for this page

    @Slot(object)
    def _on_lost(self, error: TraceProblem) -> None:
        """What was found is not kept any more: it is found again, and once only."""
        if self.like.shown is not None:
            self.like.leave()
        elif self._retried:
            self._on_unread(error)
        else:
            self._retried = True
            self.finder.again()

    @Slot(object)
    def _on_unread(self, error: BaseException) -> None:
        said = f"Some of the steps cannot be read. {words.problem(error)}"
        self._tools.routes.say.emit("danger", said, "traces")

    @Slot(object)
    def _on_failed(self, error: BaseException) -> None:
        self._failed = words.problem(error)
        if self.finder.found is not None:
            said = f"The list is as it was. {self._failed}"
            self._tools.routes.say.emit("danger", said, "traces")
        self.tell()

    @Slot(object)
    def _on_index(self, change: TraceIndexChanged) -> None:
        self._tell_index(change.state)
        self._follow()

    def _follow(self) -> None:
        """Looks again where the index went on, if anybody sees it."""
        ready = self._index_state.state in {"filling", "ready"}
        wanted = self.isVisible() or self.finder.found is None
        if ready and wanted and self.like.shown is None:
            self.finder.follow(self._index_state)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Override QWidget.showEvent: what came while nobody looked is looked for now."""
        super().showEvent(event)
        self._follow()

    def _tell_index(self, state: IndexState) -> None:
        self._index_state = state
        self.index.tell(state)
        self.tell()

    # What the person does.

    @Slot()
    def export(self) -> None:
        """Writes what is marked to a file; where nothing is, all that is listed."""
        self.exporter.export(lambda: self.model.found, self.marks.seqs())

    @Slot()
    def compare(self) -> None:
        """Has the two calls compared that are marked."""
        two = self.marks.two()
        if two is not None:
            self.compare_wanted.emit(*two)

    @Slot()
    def rebuild(self) -> None:
        """Has the index made again from the ledger."""
        self._tools.desk.rebuild_trace_index()
        said = "The index over the model calls is being made again from the ledger."
        self._tools.routes.say.emit("info", said, "trace index")

    @Slot()
    def refresh(self) -> None:
        """Finds the same again, where something of it may show otherwise."""
        if self.like.shown is None and self.finder.found is not None:
            self.finder.again()

    def leave_jump(self) -> bool:
        """Closes the line in which a time is typed; returns whether it was open."""
        was = not self.jump_line.isHidden()
        if was:
            self.jump_line.leave()
        return was

    def escape(self) -> bool:
        """Takes the marks away, or leads back to the list; returns whether there was either."""
        if self.marks.clear():
            return True
        was = not self.like_bar.isHidden()
        self.like.leave()
        return was

    @Slot()
    def focus_list(self) -> None:
        """Puts the focus where J and K and the arrows work."""
        (self.table if self.model.rowCount() else self).setFocus()

    @Slot(object)
    def _on_like(self, like: LikeTraces) -> None:
        self._before = self.table.anchor()
        self._show_columns()
        self.placing.place(like.found, self.going.shown, keep=False, scores=like.scores)

    @Slot()
    def _on_like_left(self) -> None:
        self._show_columns()
        self.finder.again()
        self.focus_list()

    @Slot()
    def _on_sort(self) -> None:
        query = replace(
            self.finder.wanted(), order=self.sort.order, descending=self.sort.descending
        )
        self.finder.look(query)

    @Slot()
    def _show_columns(self) -> None:
        self.table.show_columns(self.columns.shown, score=self.like.shown is not None)

    def _tell_order(self) -> None:
        query, like = self.finder.query, self.like.shown is not None
        self.model.sort_mark("" if like else query.order, descending=query.descending)

    @Slot(int)
    def _on_moved(self, row: int) -> None:
        found = self.model.row_at(row)
        if found is not None and found.seq != self.going.shown:
            self.going.shown = found.seq
            self.moved.emit(found.row.trace_id)

    # What is said.

    @Slot()
    def tell(self) -> None:
        """Brings what is said around the list in line with it."""
        listed, marked = self.model.rowCount(), self.marks.seqs()
        like = self.like.shown is not None
        self.foot.tell(listed, self.finder.every, len(marked), of_like=like)
        self.foot.setVisible(self.model.found is not None)
        self.foot.compare.setVisible(self.marks.two() is not None)
        self.foot.export.setEnabled(bool(listed or marked))
        self._left.setCurrentIndex(1 if listed else 0)
        if not listed:
            said = self._nothing()
            self.none.tell(said.heading, said.text, action=said.action, tone=said.tone)

    def _nothing(self) -> Nothing:
        found = self.model.found
        if self.like.shown is not None:
            return nothing_alike(self.like.shown.words)
        if found is None:
            return nothing_known(self._index_state, self._failed)
        return nothing_found(self._index_state, self.finder.query.text, self.finder.every)

    @Slot()
    def _on_none_pressed(self) -> None:
        if self.like.shown is not None:
            self.like.leave()
        elif self.model.found is None:
            self.finder.retry()
        elif self.finder.query.text.strip():
            self.filter.clear()
        else:
            self.start_wanted.emit()
