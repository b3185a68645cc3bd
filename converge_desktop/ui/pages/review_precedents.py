"""What was decided before about the same."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.deciding_model import PrecedentRow
from converge_desktop.runtime.recalling import AlikeRow
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.decide_words import name
from converge_desktop.ui.pages.review_standing import verdict_of
from converge_desktop.ui.widgets.checks import Sign
from converge_desktop.ui.widgets.chips import ChipRow
from converge_desktop.ui.widgets.follow import Follow
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.moment import Moment
from converge_desktop.ui.widgets.whole_text import WholeText

_NONE = "Nothing was decided before about the same target, or about the same kind of thing."
_SAME = {"target": "About the same target", "kind": "About the same kind of thing"}
_PAST = {
    "approve": "Approved",
    "reject": "Rejected",
    "refine": "Sent back",
    "edit": "Edited and approved",
}


class PrecedentLine(QWidget):
    """One decision: what came of it, who decided, when, and why.

    Signals:
        run_wanted: The person asks for the run it was decided in.
        gate_wanted: The person asks for what was decided, by its gate's id.
    """

    run_wanted = Signal(str)
    gate_wanted = Signal(str)

    def __init__(self, row: PrecedentRow | AlikeRow, now: int, *beside: QWidget) -> None:
        """Shows a decision; what stands ``beside`` its moment is told of it as well."""
        super().__init__()
        icon, tone, _ = verdict_of(row.verdict)
        past = _PAST.get(row.verdict, words.sentence(row.verdict).rstrip("."))
        unit = fonts.measures().unit
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(unit)
        hold = QVBoxLayout()
        hold.addWidget(Sign(icon, tone, past))
        hold.addStretch(1)
        line.addLayout(hold)
        column = QVBoxLayout()
        column.setSpacing(1)
        column.addWidget(WholeText(row.title, "small"))
        if row.reason:
            column.addWidget(WholeText(f"“{row.reason}”", "small", "muted"))
        own = ", who proposed it," if isinstance(row, PrecedentRow) and row.own else ""
        by = Moment(row.at, now, f"{past} by {name(row.operator)}{own}")
        told, links = ChipRow(), ChipRow()
        run = Follow(row.run_label, row.run_id, "Show the run it was decided in")
        run.setToolTip(words.tooltip(f"Show the run it was decided in, at {row.gate_id}"))
        run.followed.connect(self.run_wanted)
        gate = Follow("Decision", row.gate_id, "Show what was decided")
        gate.followed.connect(self.gate_wanted)
        told.show_chips(by, *beside)
        links.show_chips(run, gate)
        links.setContentsMargins(0, unit // 4, 0, 0)
        column.addWidget(told)
        column.addWidget(links)
        line.addLayout(column, 1)
        self.setAccessibleName(
            words.one_line(f"{past} by {name(row.operator)}: {row.title}. {row.reason}".strip())
        )


class PrecedentsView(QWidget):
    """The precedents, those of the same target first; one sentence where there is none.

    Signals:
        run_wanted: The person asks for a run.
        gate_wanted: The person asks for what was decided, by its gate's id.
    """

    run_wanted = Signal(str)
    gate_wanted = Signal(str)

    def __init__(self, rows: tuple[PrecedentRow, ...], now: int) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(fonts.measures().unit)
        if not rows:
            column.addWidget(Label(_NONE, "small", "muted").wrapped())
        for same in dict.fromkeys(row.same for row in rows):
            column.addWidget(Label(_SAME.get(same, same), "small", "muted"))
            for row in rows:
                if row.same == same:
                    line = PrecedentLine(row, now)
                    line.run_wanted.connect(self.run_wanted)
                    line.gate_wanted.connect(self.gate_wanted)
                    column.addWidget(line)
