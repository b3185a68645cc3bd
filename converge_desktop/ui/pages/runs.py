"""All runs, and beside them one run or the form for a new one."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QStackedWidget

from converge_desktop.runtime.port import RunChanged, StatusChanged
from converge_desktop.runtime.run_model import RunRow, RunView
from converge_desktop.ui import words
from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages.new_run import NewRun
from converge_desktop.ui.pages.page import Page, Tools
from converge_desktop.ui.pages.run_acts import RunActs
from converge_desktop.ui.pages.run_asks import RunAsks
from converge_desktop.ui.pages.run_banner import Moment
from converge_desktop.ui.pages.run_comparing import RunComparing
from converge_desktop.ui.pages.run_links import RunLinks
from converge_desktop.ui.pages.run_view import RunPane
from converge_desktop.ui.pages.runs_list import RunsList
from converge_desktop.ui.widgets.empty import EmptyState
from converge_desktop.ui.widgets.lists import step_in

_EMPTY, _RUN, _FORM, _COMPARED = range(4)
_TICK_MS = 1_000


class RunsPage(Page):
    """Runs, newest first."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "Runs")
        self._shown = ""
        self._moment: Moment | None = None
        self.left = RunsList(tools)
        self.model, self.list = self.left.model, self.left.list
        self.filter, self.none = self.left.filter, self.left.none
        self.main = self.list
        self.empty = EmptyState("runs", "No run is chosen", "Choose one from the list.")
        self.pane = RunPane(tools.clock)
        self.asks = RunAsks(tools, self.pane)
        self.acts = RunActs(tools, self.pane)
        self.links = RunLinks(tools, self.pane.strip, self.pane)
        self.comparing = RunComparing(tools, self.pane)
        self.form = NewRun(tools)
        self.detail = QStackedWidget()
        for widget in (self.empty, self.pane, self.form, self.comparing.shown):
            self.detail.addWidget(widget)
        self.split("runs", self.left, self.detail, width=372)
        self._connect()
        # What is told as "2 min ago" grows old while nothing happens.
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._on_tick)

    def _connect(self) -> None:
        self.left.chosen.connect(self.show_run)
        self.left.again_wanted.connect(self.start)
        self.left.new_wanted.connect(self.new_run)
        self.left.counted.connect(self.counted)
        self.empty.pressed.connect(self._on_empty)
        self.pane.review_wanted.connect(self._on_review)
        self.pane.lineage_wanted.connect(self.tools.routes.fact)
        self.pane.banner.now_wanted.connect(self.show_now)
        self.pane.why.gate_wanted.connect(self._on_review)
        self.pane.why.trace_wanted.connect(self._on_agents)
        self.pane.grid.wanted.connect(self._on_cell)
        self.acts.again_wanted.connect(self._on_again)
        self.acts.trace_wanted.connect(self._on_last_trace)
        self.comparing.opened.connect(self._on_compared)
        self.comparing.closed.connect(self._on_compare_closed)
        self.form.started.connect(self._on_started)
        self.form.left.connect(self._on_form_left)
        self.tools.bridge.run_changed.connect(self._on_changed)
        self.tools.bridge.status_changed.connect(self._on_status)

    def start(self) -> None:
        """Override Page.start."""
        self.tools.bridge.ask(self, self.tools.desk.runs(), self._on_rows, self.left.failed)
        self._ask_packs()

    def _ask_packs(self) -> None:
        self.tools.bridge.ask(
            self, self.tools.desk.packs(), self.form.show_packs, self._on_packs_failed
        )

    def entered(self) -> None:
        """Override Page.entered."""
        self._tick.start()

    def actions_of(self) -> tuple[Action, ...]:
        """Override Page.actions_of."""
        page, form = "runs", self.form
        folder = "Choose a folder for a new run…"
        replay = "Replay the run from the ledger"
        return (
            Action("run.new", "New run…", ("Ctrl+N",), self._new_shown, "Run"),
            Action("run.folder", folder, ("Ctrl+O",), self._choose_shown, "Run"),
            Action(
                "run.start",
                "Start the run",
                ("Ctrl+Return", "Ctrl+Enter"),
                form.submit,
                "Run",
                form.can_start,
                page=page,
                writes="a new run with its intent and budgets (run_started), and what was read",
                needs="a form that is filled in",
            ),
            *self.acts.actions_of(),
            self.comparing.action(),
            Action(
                "run.replay",
                replay,
                ("Ctrl+Shift+L",),
                self.asks.replay,
                "Run",
                self.shows_run,
                page=page,
            ),
            Action(
                "run.now",
                "Go back to the run as it is now",
                (),
                self.show_now,
                "Run",
                self.shows_moment,
                page=page,
            ),
            self.asks.exporter.action_of(page),
        )

    def _new_shown(self) -> None:
        self.tools.routes.start.emit("")

    def _choose_shown(self) -> None:
        self.tools.routes.page.emit("runs")
        self.choose_folder()

    def step(self, by: int) -> None:
        """Override Page.step."""
        step_in(self.list, by)

    def focus_filter(self) -> None:
        """Override Page.focus_filter."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def escape(self) -> bool:
        """Override Page.escape."""
        if self.detail.currentIndex() == _FORM and self.left.rows:
            self._on_form_left()
        elif self.shows_run() and self.pane.banner.cancel.armed:
            self.pane.banner.cancel.disarm()
        elif self.shows_moment():
            self.show_now()
        else:
            return self.comparing.leave()
        return True

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

    @Slot(str)
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
        self.comparing.close()
        self._shown, self._moment = run_id, moment
        self.left.select(run_id)
        self._load(run_id)

    @Slot()
    def new_run(self, pack_id: str = "") -> None:
        """Shows the form for a new run."""
        if pack_id:
            self.form.choose_pack(pack_id)
        if self.form.current() is None:  # they may be there by now
            self._ask_packs()
        self.detail.setCurrentIndex(_FORM)
        self.form.focus_first()

    def choose_folder(self) -> None:
        """Shows the form and asks for a folder."""
        self.new_run()
        self.form.browse()

    @Slot(str)
    def _on_again(self, larger: str) -> None:
        if self.pane.view is not None:
            self.form.like(self.pane.view, larger)
            self.new_run()

    def _on_rows(self, rows: tuple[RunRow, ...]) -> None:
        self.left.take(rows)
        if self.detail.currentIndex() != _EMPTY or self._shown:
            return
        if rows:
            self.show_run(max(rows, key=lambda r: r.started_at).run_id)
        elif not self.left.rows:
            self.empty.tell(
                "No run yet",
                "Start one on a folder of yours, or on the sample that comes with a pack.",
                action="New run",
            )

    def _on_packs_failed(self, error: BaseException) -> None:
        said = f"The packs cannot be read. {words.problem(error)}"
        self.form.packs_failed(said)
        self.tools.routes.say.emit("danger", said, "packs")

    @Slot()
    def _on_empty(self) -> None:
        if self._shown:
            self._load(self._shown)
        else:
            self.new_run()

    def _load(self, run_id: str) -> None:
        self.empty.tell("Reading the run…", "Its cycles, its context and its budgets.")
        before = (self.pane.view.row.run_id, self.pane.moment) if self.pane.view else None
        moment = self._moment
        shown = before == (run_id, moment)
        self.detail.setCurrentIndex(_RUN if shown else _EMPTY)
        self.tools.bridge.ask(
            self,
            self.tools.desk.run_at(run_id, moment.seq)
            if moment
            else self.tools.desk.run_view(run_id),
            partial(self._on_view, moment),
            partial(self._on_view_failed, run_id, moment),
        )

    def _on_view(self, moment: Moment | None, view: RunView) -> None:
        if (view.row.run_id, moment) == (self._shown, self._moment):
            self.pane.show_run(view, moment)
            if self.detail.currentIndex() == _EMPTY:
                self.detail.setCurrentIndex(_RUN)

    def _on_view_failed(self, run_id: str, moment: Moment | None, error: BaseException) -> None:
        if (run_id, moment) == (self._shown, self._moment):
            self.empty.tell(
                "This run cannot be shown", words.problem(error), action="Try again", tone="danger"
            )
            if self.detail.currentIndex() != _FORM:
                self.detail.setCurrentIndex(_EMPTY)

    @Slot(object)
    def _on_changed(self, change: RunChanged) -> None:
        self.left.put(change.view.row)
        if change.view.row.run_id == self._shown:
            self._on_view(None, change.view)

    @Slot(object)
    def _on_status(self, change: StatusChanged) -> None:
        problem = change.status.ledger_problem
        self.form.refuse(problem)
        if problem and self.pane.view is None and self.detail.currentIndex() != _FORM:
            self.left.refuse(problem)
            self.empty.tell("The ledger cannot be used", problem, tone="danger")

    @Slot()
    def _on_tick(self) -> None:
        if not self.isVisible():
            self._tick.stop()
        elif self.shows_run():
            self.pane.tick()

    @Slot(str)
    def _on_started(self, run_id: str) -> None:
        self._shown = ""
        self.show_run(run_id)
        self.take_focus()

    @Slot()
    def _on_compared(self) -> None:
        self.detail.setCurrentIndex(_COMPARED)
        self.comparing.shown.back.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _on_compare_closed(self) -> None:
        if self.detail.currentIndex() == _COMPARED:
            self.detail.setCurrentIndex(_RUN if self.pane.view is not None else _EMPTY)
            self.take_focus()

    @Slot()
    def _on_form_left(self) -> None:
        self.detail.setCurrentIndex(_RUN if self.pane.view is not None else _EMPTY)

    @Slot()
    @Slot(str)
    def _on_review(self, sentence: str = "") -> None:
        self.links.gate(self._shown, sentence)

    @Slot(str)
    def _on_agents(self, sentence: str) -> None:
        view = self.pane.view
        if view is not None:
            named = tuple(row.agent for row in view.agents if row.agent in sentence)
            self.links.trace(view.row.run_id, named)

    @Slot()
    def _on_last_trace(self) -> None:
        view = self.pane.view
        if view is not None:
            self.links.trace(view.row.run_id, tuple(row.agent for row in view.agents))

    @Slot(str, int)
    def _on_cell(self, agent: str, _cycle: int) -> None:
        self.links.trace(self._shown, (agent,))
