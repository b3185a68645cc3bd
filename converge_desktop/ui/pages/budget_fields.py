"""What a new run may spend: a number a budget, with what is usual and how far it goes."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from converge_desktop.runtime.run_model import BudgetOffer
from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.chips import clear
from converge_desktop.ui.widgets.labels import Label, set_property

_WHOLE = re.compile(r"[0-9]+|[0-9]{1,3}(?:[, \u2009\u00a0][0-9]{3})+")
"""A whole number; thousands may be parted."""
_DIGITS = 18
"""So many digits are looked at: whatever has more is too much for any budget."""


class BudgetFields(QWidget):
    """A line for each budget; what is wrong with a number stands beside it.

    Signals:
        changed: A number is another.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        unit = fonts.measures().unit
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(unit * 2)
        self._grid.setVerticalSpacing(unit // 2 + 2)
        self._grid.setColumnStretch(2, 1)
        self._offers: tuple[BudgetOffer, ...] = ()
        self.edits: dict[str, QLineEdit] = {}
        self._about: dict[str, Label] = {}

    def offer(self, offers: tuple[BudgetOffer, ...]) -> None:
        """Offers these budgets, each as it usually is."""
        if offers == self._offers:
            return
        clear(self._grid)
        self._offers, self.edits, self._about = offers, {}, {}
        for row, one in enumerate(offers):
            self._line(row, one)

    def _line(self, row: int, one: BudgetOffer) -> None:
        edit = QLineEdit(str(one.default))
        edit.setFont(fonts.font("mono"))
        edit.setProperty("compact", "true")
        edit.setAlignment(Qt.AlignmentFlag.AlignRight)
        edit.setFixedWidth(fonts.measures().unit * 14)
        edit.setAccessibleName(one.label)
        edit.setAccessibleDescription(f"{one.help} {_bounds(one)}")
        edit.textChanged.connect(self._on_text)
        label = Label(one.label, "body")
        label.setBuddy(edit)
        label.setToolTip(words.tooltip(one.help))
        about = Label("", "small", "muted").wrapped()
        self._grid.addWidget(label, row, 0)
        self._grid.addWidget(edit, row, 1)
        self._grid.addWidget(about, row, 2)
        self.edits[one.name], self._about[one.name] = edit, about
        self._tell(one)

    def fill(self, name: str, amount: int) -> None:
        """Puts a number in, as far as the pack goes."""
        for one in self._offers:
            if one.name == name:
                self.edits[name].setText(str(max(one.least, min(amount, one.most))))

    def usual(self, name: str) -> BudgetOffer | None:
        """Returns what is offered of a budget."""
        return next((one for one in self._offers if one.name == name), None)

    def amounts(self) -> dict[str, int]:
        """Returns the budgets that are other than usual."""
        given = {one.name: _number(self.edits[one.name].text()) for one in self._offers}
        usual = {one.name: one.default for one in self._offers}
        return {k: v for k, v in given.items() if v is not None and v != usual[k]}

    def problem(self) -> str:
        """Says what is wrong with the first number that is; empty if nothing is."""
        return next(filter(None, (self._wrong(one) for one in self._offers)), "")

    def _wrong(self, one: BudgetOffer) -> str:
        number = _number(self.edits[one.name].text())
        if number is None:
            return f"{one.label}: write a whole number, {_bounds(one)}."
        if number < one.least:
            return f"{one.label}: at least {one.least:,}."
        if number > one.most:
            return f"{one.label}: the pack allows at most {one.most:,}."
        return ""

    def _tell(self, one: BudgetOffer) -> None:
        wrong, about = self._wrong(one), self._about[one.name]
        about.say(wrong or f"{one.help} {words.sentence(_bounds(one))}")
        set_property(about, "tone", "danger" if wrong else "muted")
        set_property(self.edits[one.name], "invalid", "true" if wrong else "")

    @Slot()
    def _on_text(self) -> None:
        for one in self._offers:
            self._tell(one)
        self.changed.emit()


def _bounds(one: BudgetOffer) -> str:
    if one.most <= one.default:
        return f"usually {one.default:,}, which is the most this pack allows"
    return f"usually {one.default:,}, at most {one.most:,}"


def _number(text: str) -> int | None:
    if _WHOLE.fullmatch(text.strip()) is None:
        return None
    return int(re.sub(r"\D", "", text).lstrip("0")[:_DIGITS] or "0")
