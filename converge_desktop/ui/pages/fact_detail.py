"""One fact of a run at a glance, beside its run; the inspector says the rest."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QGridLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.run_model import FactCard
from converge_desktop.ui import fonts, words
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.widgets.chips import ChipButton, clear
from converge_desktop.ui.widgets.flow import FlowLayout
from converge_desktop.ui.widgets.labels import Label


class FactDetail(QFrame):
    """Details of the card that was pressed.

    Signals:
        lineage_wanted: The person asks where the fact came from: run id, fact id.
        review_wanted: The person wants to decide it.
    """

    lineage_wanted = Signal(str, str)
    review_wanted = Signal()

    def __init__(self, clock: UiClock) -> None:
        super().__init__()
        self._clock = clock
        self.card: FactCard | None = None
        self.setProperty("card", "lead")
        unit = fonts.measures().unit
        column = QVBoxLayout(self)
        column.setContentsMargins(unit + 5, unit + 2, unit + 4, unit + 2)
        column.setSpacing(unit)
        self._text = Label("").wrapped().selectable()
        column.addWidget(self._text)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(unit * 2)
        self._grid.setVerticalSpacing(unit // 4)
        self._grid.setColumnStretch(1, 1)
        column.addLayout(self._grid)
        holder = QWidget()
        flow = FlowLayout(parent=holder)
        self._lineage = ChipButton("Where it came from")
        self._lineage.setAccessibleDescription("Opens the inspector of this fact")
        self._lineage.clicked.connect(self._on_lineage)
        self._review = ChipButton("Review it")
        self._review.clicked.connect(self.review_wanted)
        copy = ChipButton("Copy id")
        copy.clicked.connect(self._on_copy)
        for chip in (self._review, self._lineage, copy):
            flow.addWidget(chip)
        column.addWidget(holder)
        self.hide()

    def show_card(self, card: FactCard, *, past: bool = False) -> None:
        """Shows a card's details; in the past nothing waits for anybody any more."""
        self.card = card
        waiting = card.state == "waiting"
        self._text.say(card.text)
        clear(self._grid)
        open_ = "nobody by then; it waited" if past else "nobody yet; it waits for you"
        approver = card.approver or (open_ if waiting else "not recorded")
        rows = [
            ("key", card.key),
            ("from", card.byline),
            ("approved by", approver),
            ("id", words.short_id(card.fact_id, 32)),
        ]
        if card.seq > 0:
            rows.append(("ledger record", f"{card.seq:,}"))
        for number, (name, value) in enumerate(rows):
            self._grid.addWidget(Label(name, "small", "muted"), number, 0)
            said = Label(value, "mono-small" if name == "id" else "small").wrapped().selectable()
            said.setToolTip(words.tooltip(card.fact_id if name == "id" else ""))
            self._grid.addWidget(said, number, 1)
        self._lineage.setVisible(not waiting)
        self._review.setVisible(waiting and not past)
        self.show()

    def close_(self) -> None:
        """Shows nothing."""
        self.card = None
        self.hide()

    @Slot()
    def _on_lineage(self) -> None:
        if self.card is not None:
            self.lineage_wanted.emit(self.card.run_id, self.card.fact_id)

    @Slot()
    def _on_copy(self) -> None:
        if self.card is not None:
            QGuiApplication.clipboard().setText(self.card.fact_id)
