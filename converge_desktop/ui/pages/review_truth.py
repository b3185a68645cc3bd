"""What a proposal would put in the place of what stands, and what of its ground has moved."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from converge_desktop.runtime.deciding_model import Change, GroundRow, TruthRow
from converge_desktop.ui import fonts, words
from converge_desktop.ui.widgets.chips import ChipRow
from converge_desktop.ui.widgets.diff import DiffList
from converge_desktop.ui.widgets.follow import Follow
from converge_desktop.ui.widgets.labels import Label

_RELATIONS = {
    "corrects": "It corrects a fact that stands. If you approve, that fact is superseded.",
    "settles otherwise": "The same question is settled otherwise by a fact that stands.",
    "contradicts": "It contradicts what waits at another gate. Only one of the two can become "
    "true.",
}
_SIDES = {
    "corrects": "− is what stands, + is what would stand instead.",
    "settles otherwise": "− is what stands, + is what would stand instead.",
    "contradicts": "− is what the other proposes, + is what this one proposes.",
}


class Leading(QWidget):
    """Something from which facts and gates can be followed.

    Signals:
        fact: A fact is asked for, by its id.
        gate: A gate is asked for, by its id.
    """

    fact = Signal(str)
    gate = Signal(str)

    def to_fact(self, text: str, identifier: str) -> Follow:
        """Makes a button that leads to a fact."""
        made = Follow(text, identifier, "Show where this came from")
        made.followed.connect(self.fact)
        return made

    def to_gate(self, text: str, identifier: str) -> Follow:
        """Makes a button that leads to a gate."""
        made = Follow(text, identifier, "Show this proposal")
        made.followed.connect(self.gate)
        return made


class TruthView(Leading):
    """What stands against what would stand, one card a relation."""

    def __init__(self, rows: tuple[TruthRow, ...]) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(fonts.measures().unit)
        for row in rows:
            column.addWidget(self._card(row))

    def _card(self, row: TruthRow) -> QFrame:
        unit = fonts.measures().unit
        card = QFrame()
        card.setProperty("card", "plain")
        column = QVBoxLayout(card)
        column.setContentsMargins(unit + 4, unit, unit + 4, unit + 2)
        column.setSpacing(unit)
        said = _RELATIONS.get(row.relation, words.sentence(row.relation))
        column.addWidget(Label(said, "small-strong").wrapped())
        links = ChipRow()
        if row.seq < 0:
            links.show_chips(self.to_gate("Show the other proposal", row.other))
        else:
            links.show_chips(
                self.to_fact(f"Fact {words.short_id(row.other, 28)}", row.other),
                Label(f"record {row.seq:,}", "small", "muted"),
            )
        column.addWidget(links)
        if row.changes:
            column.addWidget(DiffList(row.changes))
            sides = _SIDES.get(row.relation, "")
            column.addWidget(Label(sides, "small", "muted").wrapped())
        else:
            column.addWidget(Label("Both say the same.", "small", "muted"))
        return card


class GroundView(Leading):
    """Facts that a proposal rests on and whose place others took: before and now."""

    def __init__(self, rows: tuple[GroundRow, ...]) -> None:
        super().__init__()
        unit = fonts.measures().unit
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(unit)
        for row in rows:
            column.addWidget(DiffList((Change("", row.before, row.now),)))
            links = ChipRow()
            links.show_chips(
                self.to_fact("The fact it rested on", row.fact_id),
                self.to_fact("The fact that holds now", row.now_id),
                Label(f"record {row.seq:,}" if row.seq >= 0 else "", "small", "muted"),
            )
            column.addWidget(links)
