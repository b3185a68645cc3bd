"""What the window may have recalled."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from converge_core.recall import RecallQuery
from converge_desktop.runtime.port import RecallChanged
from converge_desktop.runtime.recalling import Alike, RecallAnswer


class RecallPort(Protocol):
    """A desk, as far as it recalls what was found, proposed and decided."""

    def recall_state(self) -> RecallChanged:
        """Returns how recall stands; ``RecallChanged`` tells of every change."""

    def recall(self, query: RecallQuery) -> Future[RecallAnswer]:
        """Looks for what is like what is asked, among one tenant's things."""

    def alike(self, gate_id: str) -> Future[Alike]:
        """Looks for what was decided about things like what a gate asks about."""
