"""Gives up, from another thread, what reads a whole ledger."""

from __future__ import annotations

import threading
from collections.abc import Callable


class GivenUp(Exception):
    """Something was given up before its end."""


class Stopper:
    """Ends what is under way, at once and from any thread.

    Attributes:
        asked: whether somebody asked for the end.
    """

    def __init__(self) -> None:
        self.asked = False
        self._ends: list[Callable[[], object]] = []
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Asks for the end. Safe to call twice, and before anything has begun."""
        with self._lock:
            self.asked = True
            ends = tuple(self._ends)
        for end in ends:
            end()

    def call(self, end: Callable[[], object]) -> None:
        """Has ``end`` called when the end is asked for; at once, if it was already."""
        with self._lock:
            self._ends.append(end)
            asked = self.asked
        if asked:
            end()

    def require_wanted(self, *_: object) -> None:
        """Does nothing while nobody asked for the end; takes what any progress is told.

        Raises:
            GivenUp: if somebody did.
        """
        if self.asked:
            raise GivenUp("It was given up before its end; nothing was found out.")
