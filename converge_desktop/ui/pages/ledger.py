"""The ledger, record by record, whether it holds, and what can be proven by it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout

from converge_desktop.runtime.desk_model import Status
from converge_desktop.runtime.ledger_model import LedgerRow, RecordView, Verification
from converge_desktop.runtime.port import StatusChanged
from converge_desktop.runtime.wording import run_label
from converge_desktop.ui import fonts, words
from converge_desktop.ui.actions import Action
from converge_desktop.ui.models.ledger import COLUMNS, LedgerModel
from converge_desktop.ui.pace import Pace
from converge_desktop.ui.pages.checkpoint_pane import CheckpointPane
from converge_desktop.ui.pages.compare_pane import ComparePane
from converge_desktop.ui.pages.exporting import Exporter
from converge_desktop.ui.pages.ledger_head import LedgerHead
from converge_desktop.ui.pages.ledger_verifying import Verifier
from converge_desktop.ui.pages.page import Page, Tools
from converge_desktop.ui.pages.record_view import RecordPane
from converge_desktop.ui.status_bar import without_figures
from converge_desktop.ui.widgets.empty import EmptyState
from converge_desktop.ui.widgets.lists import RowTable, select_in, step_in
from converge_desktop.ui.widgets.task_strip import TaskStrip

_WAIT, _RECORD, _KEEP, _COMPARE = range(4)
_LESS_NEEDED = (COLUMNS.index("run"), COLUMNS.index("hash"))
"""Columns that make room for the pane, which says what stands in them."""
_MINUTE_MS = 60_000


class LedgerPage(Page):
    """Every record, newest first, read as far as it is looked at; beside it one of them."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "Ledger")
        self._status = Status()
        self._wanted = -1
        self.model = LedgerModel(self)
        self.model.wanted.connect(self._on_wanted)
        self.head = LedgerHead()
        self.head.jumped.connect(self._on_jump)
        self.verifier = Verifier(tools, self.head, self)
        self.verifier.verified.connect(self._on_verified)
        self.head.verify_wanted.connect(self.verifier.verify)
        self.head.keep_wanted.connect(self.keep)
        self.head.compare_wanted.connect(self.compare)
        self.result, self.jump = self.head.result, self.head.jump
        self.verifying, self.verify_button = self.verifier.strip, self.head.verify
        self.strip = TaskStrip("What was asked of a record")
        self.exporter = Exporter(tools, self.strip, self)
        self._build_list()
        self._build_detail()
        self._lay_out()
        self._ageing = QTimer(self)  # "2 min ago" grows old
        self._ageing.setInterval(_MINUTE_MS)
        self._ageing.timeout.connect(self._show_signed)
        self._ageing.start()
        self._figures = Pace[Status](lambda _: self._show_signed(), self, without_figures)
        tools.bridge.status_changed.connect(self._on_status)

    def _build_list(self) -> None:
        self.table = RowTable(self.model, "Records of the ledger", stretch=4, wide=True)
        self.main = self.table
        self.table.set_widths(
            "1,204,331",
            "2026-11-20 14:03:22",
            "proposal-promoted",
            "0192…4be1c0",
            "",
            "4be1c0ff…22aa01bc9",
        )
        self.table.moved.connect(self._on_moved)
        self.none = EmptyState(
            "ledger",
            "The ledger is empty",
            "Its first record is written when a run starts.",
            "New run",
        )
        self.none.pressed.connect(self._on_none)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.none)
        self._stack.addWidget(self.table)

    def _build_detail(self) -> None:
        self.waiting = EmptyState("ledger", "Reading the record…", "")
        self.record = RecordPane()
        self.record.run_wanted.connect(self.tools.routes.run)
        self.record.moment_wanted.connect(self.tools.routes.moment)
        self.record.fork_wanted.connect(self._on_fork)
        self.record.export_wanted.connect(self.exporter.export)
        self.record.prove_wanted.connect(self.exporter.prove)
        self.checkpoint = CheckpointPane(self.tools)
        self.comparing = ComparePane(self.tools)
        self.detail = QStackedWidget()
        for pane in (self.waiting, self.record, self.checkpoint, self.comparing):
            self.detail.addWidget(pane)
        for closable in (self.record, self.checkpoint, self.comparing):
            closable.closed.connect(self.close_detail)
        self.detail.setMinimumWidth(fonts.measures().list_min)
        self.detail.hide()

    def _lay_out(self) -> None:
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setObjectName("ledger")
        splitter.setHandleWidth(1)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self._stack)
        splitter.addWidget(self.detail)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 0)
        splitter.setSizes([10_000, fonts.measures().unit * 58])
        self.splitter = splitter
        self.tools.settings.restore_splitter("ledger", splitter)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        for widget in (self.head, self.verifying, self.strip):
            outer.addWidget(widget)
        outer.addWidget(splitter, 1)

    def actions_of(self) -> tuple[Action, ...]:
        """Override Page.actions_of: reading the ledger brings it to the front."""

        def here(do: Callable[[], None]) -> Callable[[], None]:
            def shown() -> None:
                self.tools.routes.page.emit("ledger")
                do()

            return shown

        keep, compare = "Keep a copy of the checkpoint…", "Compare the ledger with a copy…"
        check, prove = "Check a file of evidence…", "Prove the record that is shown…"
        return (
            *self.verifier.actions(here(self.verifier.verify)),
            Action(
                "ledger.moment",
                "Show the run as it stood at the record",
                ("Ctrl+Shift+T",),
                self.record.show_moment,
                "Ledger",
                self.record.has_run,
                page="ledger",
            ),
            Action(
                "ledger.prove",
                prove,
                ("Ctrl+Shift+P",),
                self.record.prove,
                "Ledger",
                self.record.has_record,
                page="ledger",
                needs="a record that is shown",
            ),
            self.exporter.action_of("ledger"),
            Action("checkpoint.keep", keep, ("Ctrl+Shift+K",), here(self.keep), "Ledger"),
            self.checkpoint.signing(here(self.sign)),
            Action("checkpoint.compare", compare, ("Ctrl+Shift+M",), here(self.compare), "Ledger"),
            Action("evidence.check", check, (), here(self.check), "Ledger"),
        )

    def step(self, by: int) -> None:
        """Override Page.step."""
        step_in(self.table, by)

    def focus_filter(self) -> None:
        """Override Page.focus_filter."""
        self.jump.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def entered(self) -> None:
        """Override Page.entered."""
        self._show_signed()

    def escape(self) -> bool:
        """Override Page.escape."""
        if self.detail.isHidden():
            return False
        self.close_detail()
        return True

    def can_export(self) -> bool:
        """Override Page.can_export."""
        return self.record.has_run()

    can_fork = can_export

    def export(self) -> None:
        """Override Page.export."""
        self.record.export()

    def fork_here(self) -> None:
        """Override Page.fork_here."""
        self.record.fork()

    def verify(self) -> None:
        """Has every record read and every hash checked."""
        self.verifier.verify()

    @Slot(object)
    def _on_verified(self, result: Verification) -> None:
        self.model.bad_seq = result.bad_seq
        self.table.viewport().update()
        if result.bad_seq >= 0:
            select_in(self.table, self.model.row_of(result.bad_seq))

    # The list

    @Slot(object)
    def _on_status(self, change: StatusChanged) -> None:
        self._status = change.status
        problem = change.status.ledger_problem
        if problem:
            self.none.tell(
                "The ledger cannot be used", problem, action="Verify what is there", tone="danger"
            )
        self.model.set_last(-1 if problem else change.status.ledger_seq)
        self._stack.setCurrentIndex(1 if self.model.rowCount() and not problem else 0)
        self._figures.take(change.status)

    @Slot()
    def _show_signed(self) -> None:
        self.head.show_status(self._status, self.tools.clock.now())

    @Slot(int, int)
    def _on_wanted(self, first: int, count: int) -> None:
        self.tools.bridge.ask(
            self,
            self.tools.desk.ledger_page(first, count),
            partial(self._on_page, first),
            partial(self._on_page_failed, first),
        )

    def _on_page(self, first: int, rows: tuple[LedgerRow, ...]) -> None:
        self.model.take(first, rows)

    def _on_page_failed(self, first: int, error: BaseException) -> None:
        self.model.give_up(first)
        said = f"Records from {first:,} on cannot be read. {words.problem(error)}"
        self.tools.routes.say.emit("danger", said, "ledger")

    @Slot(str)
    def _on_jump(self, text: str) -> None:
        typed = text.strip().replace(",", "").removeprefix("#")
        row = self.model.row_of(int(typed)) if typed.isdecimal() else -1
        self.head.mark_jump(wrong=row < 0)
        if row >= 0:
            select_in(self.table, row)
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        last = self.model.rowCount() - 1
        said = f"There is no record “{typed}”. Give a number from 0 to {last:,}."
        self.head.say(said, "caution")

    @Slot()
    def _on_none(self) -> None:
        if self._status.ledger_problem:
            self.verifier.verify()
        else:
            self.tools.routes.start.emit("")

    # What stands beside the list

    @Slot(int)
    def _on_moved(self, number: int) -> None:
        seq = self.model.seq_of(number)
        if seq < 0 or (seq == self._wanted and self.detail.currentIndex() == _RECORD):
            return
        self._wanted = seq
        self.exporter.forget()
        if self.record.view is None or self.detail.currentIndex() != _RECORD:
            self.waiting.tell("Reading the record…", "")
            self._open(_WAIT)
        self.tools.bridge.ask(
            self,
            self.tools.desk.record(seq),
            partial(self._on_record, seq),
            partial(self._on_record_failed, seq),
        )

    def _on_record(self, seq: int, view: RecordView) -> None:
        if seq == self._wanted:
            self.record.show_record(view)
            self._open(_RECORD)

    def _on_record_failed(self, seq: int, error: BaseException) -> None:
        if seq == self._wanted:
            heading = f"Record {seq:,} cannot be shown"
            self.waiting.tell(heading, words.problem(error), tone="danger")
            self._open(_WAIT)

    @Slot()
    def keep(self) -> None:
        """Shows the newest checkpoint, to be kept."""
        self._wanted = -1
        self.checkpoint.load()
        self._open(_KEEP)

    def sign(self) -> None:
        """Signs what the ledger came to by now, and shows that."""
        self._wanted = -1
        self._open(_KEEP)
        self.checkpoint.sign()

    @Slot()
    def compare(self) -> None:
        """Asks for a checkpoint that was kept."""
        self._wanted = -1
        self._open(_COMPARE)
        self.comparing.open()

    def check(self) -> None:
        """Asks for a file of evidence, and checks it."""
        self.compare()
        self.comparing.evidence.choose()

    @Slot()
    def close_detail(self) -> None:
        """Closes what stands beside the list."""
        self._wanted = -1
        self.detail.hide()
        self._show_columns()
        select_in(self.table, -1)
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _open(self, pane: int) -> None:
        self.detail.setCurrentIndex(pane)
        self.detail.show()
        self._show_columns()

    def _show_columns(self) -> None:
        for column in _LESS_NEEDED:
            self.table.setColumnHidden(column, not self.detail.isHidden())

    @Slot(str, object)
    def _on_fork(self, run_id: str, seq: int) -> None:
        label = run_label(run_id)
        self.strip.work(f"Starting a run with the facts of {label} as of record {seq:,}…")
        self.tools.bridge.ask(
            self, self.tools.desk.fork(run_id, seq), self._on_forked, self._on_not_forked
        )

    def _on_forked(self, run_id: str) -> None:
        self.strip.leave()
        self.tools.routes.run.emit(run_id)

    def _on_not_forked(self, error: BaseException) -> None:
        self.strip.tell("danger", f"No run was started. {words.problem(error)}")
