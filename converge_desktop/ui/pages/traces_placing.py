"""Puts what was found into the list without moving what the person looks at; and reads its pages.

Whatever will be seen is known before the list changes: where in the new set the calls stand that
are looked at, and the pages around them. So nothing flickers, and nothing is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from PySide6.QtCore import QObject, Signal, Slot

from converge_desktop.runtime.trace_model import FoundTrace, TraceProblem, TraceSet
from converge_desktop.ui.models.traces import PAGE, TraceModel
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.traces_finding import tried
from converge_desktop.ui.pages.traces_table import Anchor, TraceTable

_AT_ONCE, _WAITING = 1, 4
"""How many pages are read at once, and how many more are kept in mind: the latest ones."""
T = TypeVar("T")
_TURNS = 3
"""How often it is begun anew because the person scrolled meanwhile."""


@dataclass
class _Plan:
    """What is to be shown, and what is known of it by now."""

    found: TraceSet
    scores: Sequence[int]
    anchor: Anchor | None
    chosen: int
    turns: int
    waiting: int = 0
    places: dict[int, int] = field(default_factory=dict)
    pages: dict[int, tuple[FoundTrace, ...]] = field(default_factory=dict)

    def top(self, before: TraceSet | None) -> int:
        """Returns the row that is to be seen first."""
        anchor = self.anchor
        if anchor is None:
            return 0
        if self.places.get(anchor.seq, -1) >= 0:
            return self.places[anchor.seq]
        grown = self.found.total - before.total if before is not None and anchor.seq < 0 else 0
        return max(0, anchor.row + grown)


GoOn = Callable[[_Plan], None]


class Placing(QObject):
    """Shows sets in a table, one after the other; only the last one counts.

    Signals:
        shown: A set is shown by now.
    """

    shown = Signal()

    def __init__(self, tools: Tools, model: TraceModel, table: TraceTable, parent: QObject) -> None:
        super().__init__(parent)
        self._tools = tools
        self._model = model
        self._table = table
        self._plan: _Plan | None = None

    def place(
        self,
        found: TraceSet,
        chosen: int,
        *,
        keep: bool,
        scores: Sequence[int] = (),
        anchor: Anchor | None = None,
    ) -> None:
        """Shows a set as soon as it is known where.

        Args:
            found: The set.
            chosen: The record of the call that is chosen; -1 where none is.
            keep: Whether what is looked at stays where it is; else the list begins at its top.
            scores: How near each call is to another.
            anchor: What is to be seen first, where that is not what is seen now.
        """
        known = anchor or (self._table.anchor() if keep else None)
        self._begin(_Plan(found, scores, known, chosen, _TURNS if keep and anchor is None else 0))

    def _begin(self, plan: _Plan) -> None:
        self._plan = plan
        first = plan.found.first
        if plan.anchor is None and first:  # all that will be seen has come along
            plan.pages[0] = first
            plan.places = {one.seq: row for row, one in enumerate(first)}
            self._show(plan)
            return
        seqs = {plan.anchor.seq if plan.anchor is not None else -1, plan.chosen} - {-1}
        plan.waiting = len(seqs)
        for seq in seqs:
            asked = tried(partial(self._tools.desk.trace_place_in, plan.found.token, seq))
            self._ask(plan, asked, partial(plan.places.__setitem__, seq), self._read)
        if not seqs:
            self._read(plan)

    def _ask(self, plan: _Plan, asked: Future[T], take: Callable[[T], None], go_on: GoOn) -> None:
        """Asks for a part of what has to be known; what cannot be had is done without."""

        def done(answer: T) -> None:
            take(answer)
            self._one_less(plan, go_on)

        self._tools.bridge.ask(self, asked, done, lambda _: self._one_less(plan, go_on))

    def _one_less(self, plan: _Plan, go_on: GoOn) -> None:
        plan.waiting -= 1
        if plan is self._plan and not plan.waiting:
            go_on(plan)

    def _read(self, plan: _Plan) -> None:
        """Reads the pages that will be seen."""
        top = plan.top(self._model.found)
        last = min(plan.found.total, top + self._table.seen_rows()) - 1
        pages = range(top // PAGE, last // PAGE + 1) if last >= top else range(0)
        plan.waiting = len(pages)
        for page in pages:
            ask = partial(self._tools.desk.trace_rows, plan.found.token, page * PAGE, PAGE)
            self._ask(plan, tried(ask), partial(plan.pages.__setitem__, page), self._show)
        if not pages:
            self._show(plan)

    def _show(self, plan: _Plan) -> None:
        anchor, now = plan.anchor, self._table.anchor()
        if plan.turns and anchor and now and now.row != anchor.row:
            self._begin(_Plan(plan.found, plan.scores, now, plan.chosen, plan.turns - 1))
            return
        held = now if anchor and now and now.row == anchor.row else anchor
        top, above = plan.top(self._model.found), held.above if held is not None else 0
        self._plan = None
        chosen = plan.places.get(plan.chosen, -1)
        seen = anchor is not None or chosen < self._table.seen_rows()
        with self._table.quietly():
            self._table.choose(-1)  # or Qt would go to another row where this one goes away
            self._model.show_set(plan.found, plan.pages, plan.scores)
            self._table.scroll_to(top, above)
            self._table.choose(chosen if seen else -1)
        self.shown.emit()


class PageReader(QObject):
    """Reads the pages that come into view; where many do at once, the latest first.

    Signals:
        took: A page was read.
        lost: The set is not kept any more, or a record of it cannot be told; and why.
        failed: A page cannot be read.
    """

    took = Signal()
    lost = Signal(object)
    failed = Signal(object)

    def __init__(self, tools: Tools, model: TraceModel, parent: QObject) -> None:
        super().__init__(parent)
        self._tools = tools
        self._model = model
        self._wants: list[tuple[int, int, int]] = []
        self._reading = 0
        model.wanted.connect(self._on_wanted)

    @Slot(int, int, int)
    def _on_wanted(self, token: int, first: int, count: int) -> None:
        self._wants.append((token, first, count))
        while len(self._wants) > _WAITING:
            old = self._wants.pop(0)
            self._model.give_up(*old[:2])
        self._go_on()

    def _go_on(self) -> None:
        while self._wants and self._reading < _AT_ONCE:
            token, first, count = self._wants.pop()
            self._reading += 1
            asked = tried(partial(self._tools.desk.trace_rows, token, first, count))
            took = partial(self._on_page, token, first)
            self._tools.bridge.ask(self, asked, took, partial(self._on_failed, token, first))

    def _on_page(self, token: int, first: int, rows: tuple[FoundTrace, ...]) -> None:
        self._reading -= 1
        self._model.take(token, first, rows)
        self.took.emit()
        self._go_on()

    def _on_failed(self, token: int, first: int, error: BaseException) -> None:
        self._reading -= 1
        self._model.give_up(token, first)
        found = self._model.found
        if found is not None and found.token == token:
            if isinstance(error, TraceProblem):
                self.lost.emit(error)
            else:
                self.failed.emit(error)
        self._go_on()
