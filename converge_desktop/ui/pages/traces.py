"""All recorded model calls, found by the index over them, and beside the list one of them."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QStackedWidget

from converge_desktop.runtime.review_model import TraceView
from converge_desktop.ui import words
from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages.page import Page, Tools
from converge_desktop.ui.pages.trace_view import TracePane
from converge_desktop.ui.pages.traces_acts import acts_of
from converge_desktop.ui.pages.traces_side import TracesSide
from converge_desktop.ui.widgets.empty import EmptyState


class TracesPage(Page):
    """Where the person looks through what the models were asked and answered."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "Traces")
        self.side = TracesSide(tools)
        self.model, self.table = self.side.model, self.side.table
        self.filter, self.none = self.side.filter, self.side.none
        self.main = self.table
        self._shown = ""
        self.empty = EmptyState("traces", "No step is chosen", "Choose one from the list.")
        self.empty.pressed.connect(self._on_again)
        self.pane = TracePane(tools)
        self.detail = QStackedWidget()
        self.detail.addWidget(self.empty)
        self.detail.addWidget(self.pane)
        self.split("traces", self.side, self.detail, width=472)
        self.side.moved.connect(self._load)
        self.side.compare_wanted.connect(self._on_compare)
        self.side.start_wanted.connect(partial(tools.routes.start.emit, ""))
        self.pane.like_wanted.connect(self._on_like)
        self.pane.noted.connect(self.side.refresh)

    def start(self) -> None:
        """Override Page.start."""
        self.side.start()

    def retint(self) -> None:
        """Override Page.retint."""
        self.pane.retint()

    def actions_of(self) -> tuple[Action, ...]:
        """Override Page.actions_of: those of the list come first, where a key means two things."""
        return (*acts_of(self.side, self._like_shown, self._shows), *self.pane.actions_of())

    def step(self, by: int) -> None:
        """Override Page.step."""
        self.side.marks.forget_range()
        self.table.step(by)

    def focus_filter(self) -> None:
        """Override Page.focus_filter."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def can_export(self) -> bool:
        """Override Page.can_export."""
        return self._shows()

    def export(self) -> None:
        """Override Page.export."""
        self.pane.export()

    def escape(self) -> bool:
        """Override Page.escape: one thing at a time, the innermost first."""
        return self.side.leave_jump() or self.pane.escape() or self.side.escape()

    def show_trace(self, trace_id: str) -> None:
        """Shows a call by its id, in the list or not."""
        self._load(trace_id)
        self.side.going.select(-1)

    def _shows(self) -> bool:
        return self.detail.currentWidget() is self.pane and self.pane.view is not None

    def _like_shown(self) -> None:
        if self.pane.view is not None:
            self._on_like(self.pane.view.row.trace_id)

    @Slot(str)
    def _on_like(self, trace_id: str) -> None:
        view = self.pane.view
        if view is not None and view.row.trace_id == trace_id:
            self.side.like.begin(trace_id, f"{view.row.step} of {view.row.run_label}")

    @Slot(str, str)
    def _on_compare(self, one_id: str, other_id: str) -> None:
        if self.pane.view is None:
            self._load(one_id)  # there is a call to come back to
        self.detail.setCurrentWidget(self.pane)
        self.pane.compare(one_id, other_id)

    @Slot()
    def _on_again(self) -> None:
        if self._shown:
            self._load(self._shown)

    @Slot(str)
    def _load(self, trace_id: str) -> None:
        self._shown = trace_id
        self.empty.tell("Reading the step…", "Its layers, its output and its checks.")
        self.detail.setCurrentWidget(self.empty)
        self.tools.bridge.ask(
            self,
            self.tools.desk.trace(trace_id),
            self._on_view,
            partial(self._on_view_failed, trace_id),
        )

    def _on_view(self, view: TraceView) -> None:
        if view.row.trace_id == self._shown:
            self.pane.show_trace(view)
            self.detail.setCurrentWidget(self.pane)
            if view.seq >= 0:
                self.side.going.select(view.seq)

    def _on_view_failed(self, trace_id: str, error: BaseException) -> None:
        if trace_id == self._shown:
            self.empty.tell(
                "This step cannot be shown", words.problem(error), action="Try again", tone="danger"
            )
            self.detail.setCurrentWidget(self.empty)
