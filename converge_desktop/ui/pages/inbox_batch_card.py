"""A proposal as a batch lists it: whole, as far as it is recorded as seen."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.ui import fonts, words
from converge_desktop.ui.models.inbox_batch import Item, Result
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.checks import check_line
from converge_desktop.ui.widgets.chips import Chip, ChipRow
from converge_desktop.ui.widgets.labels import Label, caption

_SIGNS = {
    "done": ("check", "good", "Done"),
    "open": ("info", "accent", "Waits for more votes"),
    "gone": ("cross", "caution", "Not decided"),
}


class BatchCard(QFrame):
    """One proposal: what becomes true, and all that the record says was listed of it.

    Signals:
        open_wanted: The person wants to see it by itself, by its gate.
    """

    open_wanted = Signal(str)

    def __init__(self, item: Item, now: int, why: str = "") -> None:
        super().__init__()
        self.gate_id = item.gate_id
        self.setProperty("card", "plain")
        unit = fonts.measures().unit
        row, review = item.row, item.review
        self.setAccessibleName(f"{words.RISK_WORDS.get(row.risk, row.risk)}: {row.title}")
        head = QHBoxLayout()
        head.setSpacing(unit)
        head.addWidget(Label(row.title, "strong").wrapped(), 1)
        alone = Button("Open by itself", kind="flat")
        alone.setAccessibleName(f"Open by itself: {row.title}")
        alone.clicked.connect(partial(self.open_wanted.emit, item.gate_id))
        alone.setFixedHeight(fonts.measures().chip)
        head.addWidget(alone)
        column = QVBoxLayout(self)
        column.setContentsMargins(unit * 2, unit + 4, unit + 4, unit + 4)
        column.setSpacing(unit)
        column.addLayout(head)
        column.addWidget(_chips(item, now))
        if why:
            column.addWidget(Label(why, "body", "caution").wrapped())
        if review is not None and not why:
            column.addWidget(Label(review.becomes_true, "lead").wrapped().selectable())
            for mind in item.alone:
                column.addWidget(Label(mind, "small", "caution").wrapped())


def _chips(item: Item, now: int) -> QWidget:
    row, review, made = item.row, item.review, ChipRow()
    kind = review.kind if review is not None else row.kind
    risk = Chip(
        words.RISK_WORDS.get(row.risk, f"Risk: {row.risk}"),
        words.RISK_TONES.get(row.risk, "danger"),
    )
    run = row.run_label if review is None else f"{row.run_label} · cycle {review.cycle}"
    made.show_chips(
        risk,
        Chip(" · ".join(part for part in (row.key, kind) if part)),
        Chip(f"proposed by {row.agent}"),
        Chip(run),
        Chip(f"asked {words.ago(row.opened_at, now)}", tip=words.full_time(row.opened_at)),
    )
    return made


def section(title: str, explained: str, *cards: QWidget) -> QWidget:
    """Makes a part of the list, under its heading."""
    made = QWidget()
    unit = fonts.measures().unit
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(unit)
    column.addWidget(caption(title))
    if explained:
        column.addWidget(Label(explained, "small", "muted").wrapped())
    for card in cards:
        column.addWidget(card)
    return made


def result_lines(results: list[Result]) -> list[QWidget]:
    """Makes a line for what came of each proposal."""
    return [check_line(*_SIGNS[one.kind], one.title, more=one.words) for one in results]
