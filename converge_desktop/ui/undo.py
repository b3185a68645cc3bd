"""The decisions that can still be undone: how long yet, undoing them, and what became of them."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from converge_desktop.adapters.keys import KeyLocked
from converge_desktop.runtime.deciding_model import Answered, Doing, Settling
from converge_desktop.runtime.port import SettlingChanged
from converge_desktop.runtime.review_model import Review
from converge_desktop.ui import words
from converge_desktop.ui.actions import Action
from converge_desktop.ui.pages.decide_words import VERDICTS, ended_words, refused, span
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.undo_strip import UndoStrip

TICK_MS = 250


class Undo(QObject):
    """Fills the strip under the pages. What can be undone is told by the desk alone.

    So it is there after a restart, and where somebody else decided, just the same.

    Signals:
        reopened: A decision was undone; the gate.
    """

    reopened = Signal(str)

    def __init__(self, tools: Tools, strip: UndoStrip) -> None:
        super().__init__(strip)
        self._tools = tools
        self.strip = strip
        self.rows: tuple[Settling, ...] = ()
        self._undoing: set[str] = set()
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self._count_down)
        strip.undo_wanted.connect(self.undo)
        strip.fact_wanted.connect(tools.routes.fact)
        tools.bridge.settling_changed.connect(self._on_changed)

    def start(self) -> None:
        """Asks what can be undone now."""
        self._tools.bridge.ask(self, self._tools.desk.settling(), self._on_rows, lambda _: None)

    def actions_of(self) -> tuple[Action, ...]:
        """Lists what can be done about decisions that were made."""
        title = "Undo the newest decision"
        return (
            Action(
                "decide.undo",
                title,
                ("Ctrl+Z",),
                self.undo_newest,
                "Decide",
                self.can_undo,
                writes="that it was undone, and by whom",
                needs="a decision whose undo window is still open",
            ),
        )

    def can_undo(self) -> bool:
        """Says whether there is something to undo."""
        return self._newest() is not None

    def undo_newest(self) -> None:
        """Undoes the newest decision that can be."""
        newest = self._newest()
        if newest is not None:
            self.undo(newest.gate_id)

    @Slot(str)
    def undo(self, gate_id: str) -> None:
        """Undoes a decision."""
        row = next((row for row in self.rows if row.gate_id == gate_id), None)
        if row is None or gate_id in self._undoing:
            return
        future = self._tools.desk.act(Doing(gate_id, "undo"))
        self._undoing.add(gate_id)
        self._count_down()
        self._tools.bridge.ask(
            self, future, partial(self._on_undone, row), partial(self._on_not_undone, row)
        )

    def _newest(self) -> Settling | None:
        now = self._tools.clock.now()
        can = (row for row in self.rows if row.until > now and row.gate_id not in self._undoing)
        return next(can, None)

    @Slot(object)
    def _on_changed(self, change: SettlingChanged) -> None:
        self._on_rows(change.rows)

    def _on_rows(self, rows: tuple[Settling, ...]) -> None:
        before = {row.gate_id: row for row in self.rows}
        self.rows = rows
        now_there = {row.gate_id for row in rows}
        for row in rows:
            if row.gate_id not in before:
                self.strip.announce(f"{_decided(row)} Takes effect in {self._left(row)}.")
        for gate_id, row in before.items():
            if gate_id not in now_there and gate_id not in self._undoing:
                self._ask_what_became(row)
        self._undoing &= now_there | set(before)
        self._count_down()
        if rows:
            self._tick.start()
        else:
            self._tick.stop()

    @Slot()
    def _count_down(self) -> None:
        now = self._tools.clock.now()
        self.strip.show_rows([self._told(row, now) for row in self.rows])

    def _told(self, row: Settling, now: int) -> tuple[str, str, str, int, bool]:
        """Returns what a row of the strip says: gate, what, until when, share left, whether on."""
        whole = max(1, row.until - row.since)
        share = max(0, min(1000, (row.until - now) * 1000 // whole))
        if row.gate_id in self._undoing:
            return row.gate_id, _decided(row), "Undoing…", share, False
        if row.until <= now:
            return row.gate_id, _decided(row), "Takes effect now.", 0, False
        return row.gate_id, _decided(row), f"Takes effect in {self._left(row)}.", share, True

    def _left(self, row: Settling) -> str:
        return span(max(0, row.until - self._tools.clock.now()))

    def _ask_what_became(self, row: Settling) -> None:
        self._tools.bridge.ask(
            self,
            self._tools.desk.review(row.gate_id),
            partial(self._on_became, row),
            lambda _: None,  # it can be read in the ledger, and nobody asked for it here
        )

    def _on_became(self, row: Settling, review: Review) -> None:
        standing, title = review.standing, words.one_line(row.title)
        if standing is None:
            return
        if standing.phase == "open":
            self.strip.say(f"“{title}” was undone and waits again.")
            return
        told = ended_words(standing, "", self._tools.clock.now())
        if standing.became:
            told = f"{VERDICTS.get(row.end, row.end)} “{title}” took effect: it is a fact now."
            self.strip.say(told, review.run_id, standing.became)
        elif standing.end == row.end:
            self.strip.say(f"{VERDICTS.get(row.end, row.end)} “{title}” took effect.")
        else:
            self.strip.say(f"“{title}”: {told}")

    def _on_undone(self, row: Settling, _: Answered) -> None:
        self._undoing.discard(row.gate_id)
        self.rows = tuple(one for one in self.rows if one.gate_id != row.gate_id)
        self._count_down()
        title = words.one_line(row.title)
        self.strip.say(f"Undone: “{title}” waits for an answer again. Nothing took effect.")
        self.reopened.emit(row.gate_id)

    def _on_not_undone(self, row: Settling, error: BaseException) -> None:
        self._undoing.discard(row.gate_id)
        self._count_down()
        self._tools.routes.say.emit("danger", refused(row.title, error), f"undo/{row.gate_id}")
        if isinstance(error, KeyLocked):
            self._tools.routes.unlock.emit()


def _decided(row: Settling) -> str:
    return f"{VERDICTS.get(row.end, row.end)} “{words.one_line(row.title)}”."
