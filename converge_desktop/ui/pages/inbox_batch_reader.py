"""Reads the reviews of what is to be decided as one, a few at a time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal

from converge_desktop.runtime.review_model import Review
from converge_desktop.ui import words
from converge_desktop.ui.models.inbox_batch import Item
from converge_desktop.ui.pages.inbox_batch_alone import why_alone
from converge_desktop.ui.pages.page import Tools

_AT_ONCE = 8


class BatchReader(QObject):
    """Asks for reviews, and puts each into its item.

    Signals:
        moved: Another review is there, or cannot be had.
    """

    moved = Signal()

    def __init__(self, tools: Tools, parent: QObject) -> None:
        super().__init__(parent)
        self._tools = tools
        self._turn = 0
        self._left: list[Item] = []

    def read(self, items: Sequence[Item]) -> None:
        """Reads these anew, and nothing that was asked for before."""
        self.stop()
        for item in items:
            item.review, item.problem, item.alone = None, "", ()
        self._left = list(items)
        for _ in range(min(_AT_ONCE, len(items))):
            self._next()

    def stop(self) -> None:
        """Reads no further."""
        self._turn += 1
        self._left = []

    def _next(self) -> None:
        if not self._left:
            return
        item, turn = self._left.pop(0), self._turn
        self._tools.bridge.ask(
            self,
            self._tools.desk.review(item.gate_id),
            partial(self._on_review, turn, item),
            partial(self._on_failed, turn, item),
        )

    def _on_review(self, turn: int, item: Item, review: Review) -> None:
        if turn != self._turn:
            return
        item.review, item.alone = review, why_alone(review)
        standing = review.standing
        if standing is not None and standing.phase != "open":
            item.gone = standing.words
        self._next()
        self.moved.emit()

    def _on_failed(self, turn: int, item: Item, error: BaseException) -> None:
        if turn != self._turn:
            return
        item.problem = f"It cannot be shown. {words.problem(error)}"
        self._next()
        self.moved.emit()
