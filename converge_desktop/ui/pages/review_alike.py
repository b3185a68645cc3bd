"""What was decided about things like this, wherever it was decided: looked for, and shown."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from converge_core.recall import RecallStopReason
from converge_desktop.runtime.port import RecallChanged
from converge_desktop.runtime.recalling import ALIKE_FROM, Alike, AlikeRow, how_rows
from converge_desktop.ui import fonts, words
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.review_precedents import PrecedentLine
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import Chip, clear
from converge_desktop.ui.widgets.disclosure import Disclosure
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.values import ValueTable
from converge_desktop.ui.widgets.whole_text import WholeText

_LOOKING = "Looking for decisions about things like this…"
_ABOVE = "What is most like this stands above already."
_FAILED = "Decisions about things like this could not be looked for."
_CORRECTED = "What came of this decision was taken back, or replaced, later."
_WITHOUT = "You can decide without it."
_AGAIN: Final = frozenset({RecallStopReason.UNAVAILABLE, RecallStopReason.LATENCY_EXCEEDED})
"""Where it was not looked, and may be another time."""


def score_label(score: int) -> Label:
    """Makes what says how near a decision is, and when it is pointed at, what that means."""
    least = words.thousandths(ALIKE_FROM)
    tip = (
        "How near in meaning it is to what is proposed here: 1.00 says the same. From "
        f"{least} on it counts as alike, which was chosen on labelled pairs. A model worked it "
        "out from the words alone: it is a hint, and no evidence."
    )
    made = Label(f"{words.thousandths(score)} alike", "small-strong", "muted")
    made.setToolTip(words.tooltip(tip))
    made.setAccessibleDescription(tip)
    return made


class AlikeView(QWidget):
    """Decisions about things like this, nearest first; one sentence where there is none.

    It stands beside the review and is no part of what is decided about.

    Signals:
        wanted: The person asks that it be looked for again.
        run_wanted: The person asks for a run.
        gate_wanted: The person asks for what was decided, by its gate's id.
    """

    wanted = Signal()
    run_wanted = Signal(str)
    gate_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._gate = ""
        self._now = 0
        self._left_out: frozenset[str] = frozenset()
        self._alike: Alike | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(fonts.measures().unit)
        column.addWidget(Label("About things like this", "small", "muted"))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(fonts.measures().unit)
        column.addLayout(self._rows)

    def begin(self, gate_id: str) -> None:
        """Begins with the review of a gate; what was found for the same one stays."""
        if gate_id != self._gate:
            self._gate = gate_id
            self.wait()

    def shown(self) -> Alike | None:
        """Returns what was found for the review that is shown; None where nothing was yet."""
        return self._alike

    def wait(self) -> None:
        """Says that it is being looked for."""
        self._alike = None
        self._say(_LOOKING)

    def leave_out(self, gates: set[str], now: int) -> None:
        """Leaves out what is shown among the other precedents already."""
        self._now = now
        if gates != self._left_out:
            self._left_out = frozenset(gates)
            if self._alike is not None:
                self.show_alike(self._alike)

    def show_alike(self, alike: Alike) -> None:
        """Shows what was found."""
        self._alike = alike
        rows = [row for row in alike.rows if row.gate_id not in self._left_out]
        self._say("" if rows else _ABOVE if alike.rows else alike.words)
        for row in rows:
            self._rows.addWidget(self._line(row))
        if alike.envelope is not None and not _not_looked(alike):
            how = ValueTable(how_rows(alike.envelope))
            self._rows.addWidget(Disclosure("How this was looked for", "", how))
        if _not_looked(alike):
            self._offer_again()
        elif rows:
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, alike.words))

    def failed(self, why: str) -> None:
        """Says why it could not be looked for."""
        self._alike = None
        self._say(f"{_FAILED} {why} {_WITHOUT}")
        self._offer_again()

    def _line(self, row: AlikeRow) -> PrecedentLine:
        since = [Chip("corrected since", "caution", _CORRECTED)] if row.corrected else []
        line = PrecedentLine(row, self._now, score_label(row.score), *since)
        line.run_wanted.connect(self.run_wanted)
        line.gate_wanted.connect(self.gate_wanted)
        return line

    def _say(self, sentence: str) -> None:
        clear(self._rows)
        if sentence:
            self._rows.addWidget(WholeText(sentence, "small", "muted"))

    def _offer_again(self) -> None:
        again = Button("Look again", kind="compact")
        again.clicked.connect(self.wanted)
        self._rows.addWidget(again)


class AlikeLooker(QObject):
    """Asks the desk once a review is shown; what comes of an earlier gate is dropped.

    Where nothing could be looked for yet, it asks again as soon as something can be.
    """

    def __init__(self, tools: Tools, view: AlikeView, parent: QObject) -> None:
        super().__init__(parent)
        self._tools = tools
        self._view = view
        self._gate = ""
        self._open = False
        view.wanted.connect(self._look_again)
        tools.bridge.recall_changed.connect(self._on_recall)

    def leave(self) -> None:
        """Another gate is going to be shown, or none."""
        self._gate = ""

    @Slot(str)
    def look(self, gate_id: str) -> None:
        """Looks for what was decided about things like what a gate asks about."""
        self._gate, self._open = gate_id, True
        if self._tools.desk.recall_state().state == "opening":
            return  # it is told when it is open
        self._open = False
        self._tools.bridge.ask(
            self,
            self._tools.desk.alike(gate_id),
            partial(self._on_found, gate_id),
            partial(self._on_failed, gate_id),
        )

    @Slot()
    def _look_again(self) -> None:
        if self._gate:  # else another review is on its way
            self._view.wait()
            self.look(self._gate)

    @Slot(object)
    def _on_recall(self, change: RecallChanged) -> None:
        if not (self._gate and self._open):
            return
        # While the ledger is still read, what is read already is better than nothing.
        first = change.state == "filling" and self._view.shown() is None
        if first or change.state in {"ready", "failed"}:
            self.look(self._gate)

    def _on_found(self, gate_id: str, alike: Alike) -> None:
        if gate_id != self._gate:
            return
        now = self._tools.desk.recall_state()
        if _not_looked(alike) and now.state == "failed":
            self._on_failed(gate_id, ValueError(now.trouble))
            return
        self._open = _not_looked(alike) or now.state == "filling"
        before = self._view.shown()
        if before is None or (before.rows, before.words) != (alike.rows, alike.words):
            self._view.show_alike(alike)

    def _on_failed(self, gate_id: str, error: BaseException) -> None:
        if gate_id == self._gate:
            self._open = True
            self._view.failed(words.problem(error))


def _not_looked(alike: Alike) -> bool:
    """Says whether there is nothing because nobody looked."""
    return alike.envelope is not None and alike.envelope.stop_reason in _AGAIN
