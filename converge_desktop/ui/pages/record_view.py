"""One record of the ledger: what it says, how it hangs in the chain, and what leads on from it."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.ledger_model import RecordView
from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.buttons import Button, IconButton
from converge_desktop.ui.widgets.chips import Chip, ChipButton, ChipRow, clear
from converge_desktop.ui.widgets.flow import FlowLayout
from converge_desktop.ui.widgets.labels import Label, caption
from converge_desktop.ui.widgets.lists import Panel
from converge_desktop.ui.widgets.scroll import ScrollBody, ScrollPage
from converge_desktop.ui.widgets.text_view import TextView
from converge_desktop.ui.widgets.values import ValueTable

_TALL = 400
"""Lines of a body that show without a scroll bar of their own; the pane scrolls."""


class PaneHead(Panel):
    """The heading of a pane beside the ledger; it can be closed.

    Signals:
        closed: The person closes the pane.
    """

    closed = Signal()

    def __init__(self, title: str) -> None:
        super().__init__("header")
        unit = fonts.measures().unit
        self.title = Label(title, "heading").wrapped()
        close = IconButton("close", "Close (Esc)", 14)
        close.clicked.connect(self.closed)
        row = QHBoxLayout()
        row.addWidget(self.title, 1)
        row.addWidget(close)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(unit * 2, unit + 4, unit + 4, unit + 4)
        self.column.setSpacing(unit)
        self.column.addLayout(row)


class RecordPane(QWidget):
    """Shows one record.

    Signals:
        closed: The person closes the pane.
        run_wanted: Show the run: its id.
        moment_wanted: Show the run as it stood here: its id, the record's number and time.
        fork_wanted: Begin a run with the facts it had here: its id, the record's number.
        export_wanted: Export evidence: the id of a run or gate, and what that is in words.
        prove_wanted: Export evidence of this record alone: its number.
    """

    closed = Signal()
    run_wanted = Signal(str)
    moment_wanted = Signal(str, object, object)
    fork_wanted = Signal(str, object)
    export_wanted = Signal(str, str)
    prove_wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.view: RecordView | None = None
        self._head = PaneHead("")
        self._head.closed.connect(self.closed)
        self._chips = ChipRow()
        self._head.column.addWidget(self._chips)
        unit = fonts.measures().unit
        body = ScrollBody()
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(unit * 2, unit * 2, unit * 2, unit * 2)
        self._column.setSpacing(unit)
        self._scroll = ScrollPage(body)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._head)
        outer.addWidget(self._scroll, 1)
        outer.addWidget(self._build_foot())

    def _build_foot(self) -> QWidget:
        unit = fonts.measures().unit
        self._foot = Panel("footer")
        column = QVBoxLayout(self._foot)
        column.setContentsMargins(unit * 2, unit + 4, unit * 2, unit + 4)
        holder = QWidget()
        column.addWidget(holder)
        flow = FlowLayout(unit, unit, holder)
        self.moment_button = Button("Show the run as it stood here", kind="compact")
        self.moment_button.clicked.connect(self.show_moment)
        self.fork_button = Button("Fork from here", kind="compact").stands_for("run.fork")
        self.fork_button.clicked.connect(self.fork)
        self.export_button = Button("Evidence…", kind="compact")
        self.export_button.setAccessibleName("Export evidence")
        self.export_button.clicked.connect(self.export)
        self.prove_button = Button("Prove this record…", kind="compact").stands_for("ledger.prove")
        self.prove_button.clicked.connect(self.prove)
        self._of_run = (self.moment_button, self.fork_button, self.export_button)
        for button in (*self._of_run, self.prove_button):
            flow.addWidget(button)
        return self._foot

    def show_record(self, view: RecordView) -> None:
        """Shows a record."""
        self.view = view
        row = view.row
        self._head.title.say(f"Record {row.seq:,}")
        chips: list[QWidget] = [Chip(row.kind), Chip(words.full_time(row.at))]
        if row.run_id:
            run = ChipButton(view.run_label, "Show the run as it is now")
            run.clicked.connect(self._on_run)
            chips.append(run)
        self._chips.show_chips(*chips)
        clear(self._column)
        self._column.addWidget(Label(words.sentence(row.summary)).wrapped().selectable())
        self._column.addWidget(ValueTable(record_rows(view)))
        self._column.addSpacing(fonts.measures().unit)
        self._column.addWidget(caption("Body"))
        body = view.body or "It was redacted: its body is not in this copy."
        self._column.addWidget(
            TextView(body, f"Body of record {row.seq}", _TALL, "sheet", anywhere=True)
        )
        self._column.addStretch(1)
        self._scroll.verticalScrollBar().setValue(0)
        for button in self._of_run:
            button.setVisible(bool(row.run_id))

    def has_run(self) -> bool:
        """Says whether a record of a run is shown."""
        return self.isVisible() and self.view is not None and bool(self.view.row.run_id)

    def has_record(self) -> bool:
        """Says whether a record is shown."""
        return self.isVisible() and self.view is not None

    @Slot()
    def prove(self) -> None:
        """Asks for proof that this very record stands in the ledger."""
        if self.view is not None:
            self.prove_wanted.emit(self.view.row.seq)

    @Slot()
    def show_moment(self) -> None:
        """Asks for the run as it stood once this record was written."""
        if self.view is not None and self.view.row.run_id:
            row = self.view.row
            self.moment_wanted.emit(row.run_id, row.seq, row.at)

    @Slot()
    def fork(self) -> None:
        """Asks for a run that begins with the facts this one had here."""
        if self.view is not None and self.view.row.run_id:
            self.fork_wanted.emit(self.view.row.run_id, self.view.row.seq)

    @Slot()
    def export(self) -> None:
        """Asks for evidence: of the decision where the record is about one, else of the run."""
        if self.view is None or not self.view.row.run_id:
            return
        if self.view.gate:
            self.export_wanted.emit(self.view.gate, f"the decision in {self.view.run_label}")
        else:
            self.export_wanted.emit(self.view.row.run_id, self.view.run_label)

    @Slot()
    def _on_run(self) -> None:
        if self.view is not None:
            self.run_wanted.emit(self.view.row.run_id)


def record_rows(view: RecordView) -> list[tuple[str, str]]:
    """Returns what a record's head says, as names and values."""
    signed = f"by {view.signer}, in record {view.covered_by:,}"
    if view.covered_by < 0:
        signed = "not yet: it stands behind the newest checkpoint"
    rows = [
        ("signed", signed),
        ("hash", view.row.hash),
        ("hash before", view.prev),
        ("commitment", view.commitment),
        ("file", view.file),
    ]
    if view.gate:
        rows.insert(1, ("gate", view.gate))
    return rows
