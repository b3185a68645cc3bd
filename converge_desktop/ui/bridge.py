"""The one place where another thread crosses into Qt.

A deque and one wake signal: whoever has something to tell appends it and, unless a wake is under
way, wakes the window once. The window drains the deque at most 30 times a second, sooner where the
person waits for an answer, in order, and tells of each thing that moved only its latest state.
Where that takes long it goes on after the window has looked after the person, so that many answers
at once are no stall.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar, cast

import shiboken6
from PySide6.QtCore import (
    QCoreApplication,
    QObject,
    Qt,
    QThread,
    QTimer,
    Signal,
    SignalInstance,
    Slot,
)

from converge_desktop.runtime.port import (
    EvidenceProgress,
    InboxChanged,
    Notice,
    RecallChanged,
    RunChanged,
    SettlingChanged,
    StatusChanged,
    TraceExportProgress,
    TraceIndexChanged,
    Update,
    VerifyProgress,
)
from converge_desktop.ui.clock import UiClock

T = TypeVar("T")
_LATEST = (
    InboxChanged,
    SettlingChanged,
    TraceIndexChanged,
    RecallChanged,
    VerifyProgress,
    EvidenceProgress,
    TraceExportProgress,
    StatusChanged,
)
FRAME = 1 / 30
ANSWERED = 1 / 120
"""Seconds between two batches, the second where somebody waits for an answer in it."""
SLICE = 0.002
"""Seconds after which the rest of a batch is left for later."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """A future that is done, and who waits for it."""

    owner: QObject
    future: Future[Any]
    on_done: Callable[[Any], None]
    on_error: Callable[[BaseException], None]


class Bridge(QObject):
    """Delivers updates and answers on the GUI thread. Create it there, once.

    Signals:
        inbox_changed: The latest ``InboxChanged`` of a batch.
        settling_changed: The latest ``SettlingChanged`` of a batch.
        run_changed: The latest ``RunChanged`` of each run that moved.
        index_moved: The latest ``TraceIndexChanged`` of a batch.
        recall_changed: The latest ``RecallChanged`` of a batch.
        progressed: The latest ``VerifyProgress``, ``EvidenceProgress`` and ``TraceExportProgress``
            of a batch.
        status_changed: The latest ``StatusChanged`` of a batch.
        notice: Every ``Notice``.
        quiet: All that was asked is answered, and all that was told is delivered.
    """

    inbox_changed = Signal(object)
    settling_changed = Signal(object)
    run_changed = Signal(object)
    index_moved = Signal(object)
    recall_changed = Signal(object)
    progressed = Signal(object)
    status_changed = Signal(object)
    notice = Signal(object)
    quiet = Signal()
    _wake = Signal()

    def __init__(self, clock: UiClock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._queue: deque[Update | _Answer] = deque()
        self._pending = self._hurried = False
        self._closed = False
        self._drained_at = clock.monotonic() - 1
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.drain)
        self._wake.connect(self._on_wake, Qt.ConnectionType.QueuedConnection)
        self.batches = 0
        self._asked = 0
        self._signals: dict[type, SignalInstance] = {
            InboxChanged: self.inbox_changed,
            SettlingChanged: self.settling_changed,
            RunChanged: self.run_changed,
            VerifyProgress: self.progressed,
            EvidenceProgress: self.progressed,
            TraceExportProgress: self.progressed,
            TraceIndexChanged: self.index_moved,
            RecallChanged: self.recall_changed,
            StatusChanged: self.status_changed,
            Notice: self.notice,
        }

    def post(self, item: Update) -> None:
        """Takes an update, on any thread. This is the listener for ``DeskPort.subscribe``."""
        self._put(item)

    def ask(
        self,
        owner: QObject,
        future: Future[T],
        on_done: Callable[[T], None],
        on_error: Callable[[BaseException], None],
    ) -> None:
        """Delivers a future's result on the GUI thread, never before this call returns.

        Args:
            owner: Who waits; once it is gone the answer is dropped.
            future: What the desk returned.
            on_done: Called with the result.
            on_error: Called with the exception.
        """
        self._asked += 1
        answer = _Answer(owner, future, on_done, on_error)
        future.add_done_callback(lambda _: self._put(answer))

    def close(self) -> None:
        """Delivers nothing from now on."""
        self._closed = True
        self._timer.stop()
        self._queue.clear()

    def _put(self, item: Update | _Answer) -> None:
        if self._closed:
            return
        self._queue.append(item)
        waited_for = isinstance(item, _Answer)
        if not self._pending or (waited_for and not self._hurried):
            self._pending = True
            self._hurried = self._hurried or waited_for
            try:
                self._wake.emit()
            except RuntimeError:  # the window went away between the check and the call
                self._closed = True

    @Slot()
    def _on_wake(self) -> None:
        if self._closed or (self._timer.isActive() and not self._hurried):
            return
        frame = ANSWERED if self._hurried else FRAME
        left = self._drained_at + frame - self._clock.monotonic()
        if left <= 0:
            self.drain()
        else:
            self._timer.start(max(1, round(left * 1000)))

    @Slot()
    def drain(self) -> None:
        """Delivers what has arrived; what a slice of time is too short for, in the next one."""
        app = QCoreApplication.instance()
        assert app is None or QThread.currentThread() is app.thread()
        if self._closed:
            return
        self._timer.stop()
        self._pending = self._hurried = False  # before reading: what comes meanwhile wakes us again
        self._drained_at = self._clock.monotonic()
        arrived: list[Update | _Answer] = []
        while self._queue:
            arrived.append(self._queue.popleft())
        if not arrived:
            return
        self.batches += 1
        batch = _latest_only(arrived)
        done, until = 0, self._drained_at + SLICE
        try:
            while done < len(batch) and (not done or self._clock.monotonic() < until):
                done += 1
                self._deliver(batch[done - 1])
        finally:
            # Also where a receiver failed: the others still get what is theirs.
            self._queue.extendleft(reversed(batch[done:]))
            if self._queue:
                self._timer.start(1)
        if not self._asked and not self._queue:
            self.quiet.emit()

    def _deliver(self, item: Update | _Answer) -> None:
        if isinstance(item, _Answer):
            self._answer(item)
        else:
            self._signals[type(item)].emit(item)

    def _answer(self, answer: _Answer) -> None:
        self._asked -= 1
        if self._closed or not shiboken6.isValid(answer.owner):
            return
        try:
            error = answer.future.exception()
        except CancelledError as cancelled:
            error = cancelled
        if error is not None:
            answer.on_error(error)
        else:
            answer.on_done(answer.future.result())


def _latest_only(items: list[Update | _Answer]) -> list[Update | _Answer]:
    """Leaves of each thing that moved only its latest state; nothing passes an answer."""
    left: list[Update | _Answer] = []
    for is_answer, some in groupby(items, key=lambda item: isinstance(item, _Answer)):
        part = list(some)
        left += part if is_answer else _moved(cast("list[Update]", part))
    return left


def _moved(updates: Iterable[Update]) -> list[Update]:
    latest: dict[type, Update] = {}
    runs: dict[str, RunChanged] = {}
    notices: list[Notice] = []
    for update in updates:
        match update:
            case RunChanged():
                runs[update.view.row.run_id] = update
            case Notice():
                notices.append(update)
            case _:
                latest[type(update)] = update
    return [*runs.values(), *(latest[kind] for kind in _LATEST if kind in latest), *notices]
