"""Reads a review again when something about it may have moved, one reading at a time."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from converge_desktop.runtime.deciding_model import Allowed
from converge_desktop.runtime.review_model import Review
from converge_desktop.ui.pages.page import Tools


class Looker(QObject):
    """Asks the desk about one gate; what comes of an earlier gate is dropped.

    Signals:
        opened: A review that is shown for the first time.
        failed: It cannot be read; the error.
        looked: The same gate, read again while it is shown.
        allowed: What the person may do there.
    """

    opened = Signal(object)
    failed = Signal(object)
    looked = Signal(object)
    allowed = Signal(object)

    def __init__(self, tools: Tools, parent: QObject) -> None:
        super().__init__(parent)
        self._tools = tools
        self._gate = ""
        self._busy = self._again = False

    def open(self, gate_id: str) -> None:
        """Reads a review that is not shown yet; none where there is no id."""
        self._gate = gate_id
        self._busy = self._again = False
        if not gate_id:
            return
        self._tools.bridge.ask(
            self,
            self._tools.desk.review(gate_id),
            partial(self._on_opened, gate_id),
            partial(self._on_failed, gate_id),
        )
        self._ask_what_is_allowed()

    def again(self, shown: Review) -> None:
        """Reads it again, and says what is other than in the one that is shown."""
        if shown.gate_id != self._gate or self._busy:
            self._again = self._busy
            return
        self._busy = True
        self._tools.bridge.ask(
            self,
            self._tools.desk.review(shown.gate_id, shown.digest),
            partial(self._on_looked, shown),
            partial(self._on_not_looked, shown.gate_id),
        )
        self._ask_what_is_allowed()

    def _ask_what_is_allowed(self) -> None:
        self._tools.bridge.ask(
            self,
            self._tools.desk.allowed(self._gate),
            partial(self._on_allowed, self._gate),
            lambda _: None,  # the desk says it again where something is refused
        )

    def _on_opened(self, gate_id: str, review: Review) -> None:
        if gate_id == self._gate:
            self.opened.emit(review)

    def _on_failed(self, gate_id: str, error: BaseException) -> None:
        if gate_id == self._gate:
            self.failed.emit(error)

    def _on_looked(self, shown: Review, review: Review) -> None:
        if shown.gate_id != self._gate:
            return
        self._busy = False
        self.looked.emit(review)
        if self._again:
            self._again = False
            self.again(review)

    def _on_not_looked(self, gate_id: str, _: BaseException) -> None:
        if gate_id == self._gate:  # what is shown stays; deciding says what is wrong
            self._busy = self._again = False

    def _on_allowed(self, gate_id: str, allowed: Allowed) -> None:
        if gate_id == self._gate:
            self.allowed.emit(allowed)
