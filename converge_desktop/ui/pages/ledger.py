"""The ledger, record by record, and whether it holds."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout

from converge_desktop.runtime.port import StatusChanged
from converge_desktop.runtime.readmodel import LedgerRow, Verification
from converge_desktop.ui import fonts, words
from converge_desktop.ui.models.ledger import LedgerModel
from converge_desktop.ui.pages.page import Page, Tools
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.empty import EmptyState
from converge_desktop.ui.widgets.labels import Label, set_property
from converge_desktop.ui.widgets.lists import Panel, RowTable, select_in, step_in


class LedgerPage(Page):
    """Every record, newest first, read as far as it is looked at."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, "Ledger")
        self.model = LedgerModel(self)
        self.model.wanted.connect(self._on_wanted)
        unit = fonts.measures().unit
        header = Panel("header")
        head = QVBoxLayout(header)
        head.setContentsMargins(unit * 3, unit + 4, unit * 3, unit + 4)
        head.setSpacing(unit // 2)
        row = QHBoxLayout()
        row.setSpacing(unit)
        row.addWidget(Label("Ledger", "title"), 1)
        self.jump = QLineEdit()
        self.jump.setProperty("compact", "true")
        self.jump.setFont(fonts.font("mono-small"))
        self.jump.setPlaceholderText("record number")
        self.jump.setAccessibleName("Go to a record by its number")
        self.jump.setFixedWidth(unit * 17)
        self.jump.returnPressed.connect(self._on_jump)
        self.verify_button = Button("Verify", kind="compact")
        self.verify_button.clicked.connect(self.verify)
        row.addWidget(self.jump)
        row.addWidget(self.verify_button)
        head.addLayout(row)
        self.result = (
            Label(
                "Every event is one record, chained to the one before by its hash.", "body", "muted"
            )
            .wrapped()
            .selectable()
        )
        head.addWidget(self.result)
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
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(header)
        outer.addWidget(self._stack, 1)
        tools.bridge.status_changed.connect(self._on_status)

    def step(self, by: int) -> None:
        """Override Page.step."""
        step_in(self.table, by)

    def focus_filter(self) -> None:
        """Override Page.focus_filter."""
        self.jump.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot()
    def verify(self) -> None:
        """Has every record read and every hash checked."""
        if not self.verify_button.isEnabled():
            return
        self.verify_button.setEnabled(False)
        self._tell("Reading every record from the first…", "muted")
        self.tools.bridge.ask(
            self, self.tools.desk.verify(), self._on_verified, self._on_not_verified
        )

    def _on_verified(self, result: Verification) -> None:
        self.verify_button.setEnabled(True)
        self.model.bad_seq = result.bad_seq
        self.table.viewport().update()
        text, tone = verification_words(result)
        self._tell(text, tone)
        if result.bad_seq >= 0:
            select_in(self.table, self.model.row_of(result.bad_seq))

    def _on_not_verified(self, error: BaseException) -> None:
        self.verify_button.setEnabled(True)
        self._tell(f"The ledger was not verified. {words.problem(error)}", "danger")

    def _tell(self, text: str, tone: str) -> None:
        self.result.say(text)
        set_property(self.result, "tone", tone)

    @Slot(object)
    def _on_status(self, change: StatusChanged) -> None:
        self.model.set_last(change.status.ledger_seq)
        self._stack.setCurrentIndex(1 if self.model.rowCount() else 0)

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

    @Slot()
    def _on_jump(self) -> None:
        typed = self.jump.text().strip().replace(",", "").removeprefix("#")
        row = self.model.row_of(int(typed)) if typed.isdecimal() else -1
        if row >= 0:
            set_property(self.jump, "invalid", "")
            select_in(self.table, row)
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            set_property(self.jump, "invalid", "true")
            self._tell(
                f"There is no record “{typed}”. Give a number from 0 to "
                f"{self.model.rowCount() - 1:,}.",
                "caution",
            )

    @Slot()
    def _on_none(self) -> None:
        self.tools.routes.start.emit("")


def verification_words(result: Verification) -> tuple[str, str]:
    """Says what came of verifying, and the tone of it."""
    if result.bad_seq < 0:
        head = words.short_id(result.head, 18)
        many = words.count(result.records, "record")
        return f"✓ All {many} hold. The chain ends in {head}.", "good"
    said = (
        f"✕ Record {result.bad_seq:,} does not hold. {words.sentence(result.reason)} "
        "Nothing after it can be trusted; keep a copy of the file and compare it with a backup."
    )
    return said, "danger"
