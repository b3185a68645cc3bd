"""What a test of the window may not leave behind: threads, running timers, windows."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import shiboken6
from PySide6.QtCore import QEvent, QTimer
from PySide6.QtWidgets import QApplication, QWidget

PATIENCE_S = 5.0
"""Seconds that a thread has to end that was asked to."""
OF_QT = frozenset(["QTipLabel", "QComboBoxPrivateContainer"])
"""Windows that Qt makes for itself and keeps."""
OF_LIBRARIES = frozenset(["LanceDBBackgroundEventLoop"])
"""Threads that a library begins once, and keeps as long as the process runs."""


@dataclass
class Watch:
    """What there was at some moment, and which timers were started since.

    Attributes:
        threads: the threads that ran.
        windows: the windows there were; held on to, so that no new one looks like an old one.
        timers: each timer that was started, and by which line.
    """

    threads: frozenset[threading.Thread]
    windows: tuple[QWidget, ...]
    timers: list[tuple[QTimer, str]] = field(default_factory=list)

    def left_behind(self) -> list[str]:
        """Says in a line each what there is now that was not there before."""
        if QApplication.instance() is not None:
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
            QApplication.processEvents()
        return [
            *(f"the thread {one.name!r} is running" for one in self._running()),
            *(f"a timer that {where} started is running" for where in self._ticking()),
            *(
                f"the window {type(one).__name__} {one.windowTitle()!r} is there"
                for one in self._new()
            ),
        ]

    def _running(self) -> list[threading.Thread]:
        running = (one for one in threading.enumerate() if one.name not in OF_LIBRARIES)
        started = [
            one
            for one in running
            if one not in self.threads and not isinstance(one, threading._DummyThread)
        ]  # such a one is a library's, which only looked in
        for thread in started:
            thread.join(PATIENCE_S)
        return [one for one in started if one.is_alive()]

    def _ticking(self) -> list[str]:
        alive = ((one, where) for one, where in self.timers if shiboken6.isValid(one))
        return sorted({where for one, where in alive if one.isActive()})

    def _new(self) -> list[QWidget]:
        return [one for one in _windows() if not any(one is other for other in self.windows)]


@contextmanager
def watching() -> Iterator[Watch]:
    """Notes what there is, and every timer that is started within, by Python."""
    watch = Watch(frozenset(threading.enumerate()), tuple(_windows()))
    start = QTimer.start

    def started(timer: QTimer, *interval: int) -> None:
        caller = sys._getframe(1)
        where = f"{Path(caller.f_code.co_filename).name}:{caller.f_lineno}"
        watch.timers.append((timer, where))
        start(timer, *interval)

    QTimer.start = started  # type: ignore[assignment, method-assign]
    try:
        yield watch
    finally:
        QTimer.start = start  # type: ignore[method-assign]


def _windows() -> list[QWidget]:
    if QApplication.instance() is None:
        return []
    return [one for one in QApplication.topLevelWidgets() if type(one).__name__ not in OF_QT]
