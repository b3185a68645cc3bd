"""Times what each event costs the GUI thread, so that a test in which the window stalls can fail.

What counts is processor time of that thread alone: a machine that is busy with other things makes
no test fail. Nor does Python's collector, which walks all that a run of tests keeps. A window that
is constructed by a test is no event, so it is not counted; what it does once it is shown is. Nor is
counted what it takes to remove a window that was closed: nobody looks at it any more. And what the
watching costs is taken off: each event that belongs to another passes through here as well.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import shiboken6
from PySide6.QtCore import QEvent, QObject, QThread
from PySide6.QtWidgets import QApplication, QWidget

LIMIT_S = 0.1
"""Seconds of its own work that the GUI thread may spend on one event."""
_SAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Stall:
    """An event that took too long."""

    event: str
    receiver: str
    seconds: float

    def words(self) -> str:
        """Returns one line for whoever reads that a test failed."""
        return f"{self.event} to {self.receiver}: {self.seconds * 1000:.0f} ms"


@dataclass(slots=True)
class _Level:
    """An event that is being handled; a dialog's own loop is another level."""

    depth: int
    begun: float
    elsewhere: float = 0.0
    inside: int = 0


class WatchedApplication(QApplication):
    """An application that notes the events that took longer than ``LIMIT_S``.

    Attributes:
        stalls: what was noted since it was last forgotten.
        slowest: the seconds that the slowest event took since then.
    """

    def __init__(self, argv: Sequence[str]) -> None:
        self._levels: list[_Level] = []  # both before: events pass through here from then on
        self._depth = QThread.currentThread().loopLevel
        super().__init__(list(argv))
        self._collecting = 0.0
        self._cost = 0.0
        self.forget()
        self._cost = self._cost_of_watching()
        gc.callbacks.append(self._on_garbage)

    def forget(self) -> None:
        """Begins anew."""
        self.stalls: list[Stall] = []
        self.slowest = 0.0

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        """Override QApplication.notify: times the outermost event of each event loop."""
        levels, depth = self._levels, self._depth()
        if levels and levels[-1].depth == depth:
            levels[-1].inside += 1
            return super().notify(receiver, event)  # part of the event that caused it
        kind = event.type()  # the event is gone afterwards
        if kind is QEvent.Type.DeferredDelete and _is_closed_window(receiver):
            return super().notify(receiver, event)
        level = _Level(depth, time.thread_time())
        levels.append(level)
        try:
            return super().notify(receiver, event)
        finally:
            whole = time.thread_time() - level.begun
            levels.pop()
            if levels:  # it ran in a loop of its own, inside another event
                levels[-1].elsewhere += whole
            self._note(kind, receiver, whole - level.elsewhere - level.inside * self._cost)

    def _cost_of_watching(self) -> float:
        """Returns the seconds by which an event takes longer because it passes through here."""
        probes = [QObject() for _ in range(_SAMPLES)]
        self._levels.append(_Level(self._depth(), 0.0))
        begun = time.thread_time()
        for number, probe in enumerate(probes):
            probe.setProperty("watched", number)  # the library sends an event to each
        watched = time.thread_time() - begun
        self._levels.clear()
        begun = time.thread_time()
        for number, probe in enumerate(probes):
            probe.setProperty("watched", number)  # nothing is other, so none is sent
        return max(0.0, (watched - (time.thread_time() - begun)) / _SAMPLES)

    def _on_garbage(self, phase: str, _: dict[str, int]) -> None:
        if not self._levels or threading.current_thread() is not threading.main_thread():
            return
        if phase == "start":
            self._collecting = time.thread_time()
        else:
            self._levels[-1].elsewhere += time.thread_time() - self._collecting

    def _note(self, kind: QEvent.Type, receiver: QObject, seconds: float) -> None:
        self.slowest = max(self.slowest, seconds)
        if seconds > LIMIT_S:
            self.stalls.append(Stall(kind.name, _named(receiver), seconds))


def _is_closed_window(receiver: QObject) -> bool:
    return isinstance(receiver, QWidget) and receiver.isWindow() and not receiver.isVisible()


def _named(receiver: QObject) -> str:
    """Names who took an event, as far as it is still there."""
    name = receiver.objectName() if shiboken6.isValid(receiver) else ""
    return f"{type(receiver).__name__} {name!r}" if name else type(receiver).__name__
