"""The one place where another thread crosses into Qt.

A deque and one wake signal: whoever has something to tell appends it and, unless a wake is under
way, wakes the window once. The window drains the whole deque at most 30 times a second, in order,
and tells of each thing that moved only its latest state.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QCoreApplication, QObject, Qt, QThread, QTimer, Signal, Slot

from converge_desktop.runtime.port import (
    EvidenceProgress,
    InboxChanged,
    Notice,
    RunChanged,
    StatusChanged,
    TracesAdded,
    Update,
    VerifyProgress,
)
from converge_desktop.ui.clock import UiClock

T = TypeVar("T")
FRAME = 1 / 30


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
        run_changed: The latest ``RunChanged`` of each run that moved.
        traces_added: All ``TracesAdded`` of a batch, as one.
        progressed: The latest ``VerifyProgress`` and ``EvidenceProgress`` of a batch.
        status_changed: The latest ``StatusChanged`` of a batch.
        notice: Every ``Notice``.
    """

    inbox_changed = Signal(object)
    run_changed = Signal(object)
    traces_added = Signal(object)
    progressed = Signal(object)
    status_changed = Signal(object)
    notice = Signal(object)
    _wake = Signal()

    def __init__(self, clock: UiClock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._queue: deque[Update | _Answer] = deque()
        self._pending = False
        self._closed = False
        self._drained_at = clock.monotonic() - 1
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.drain)
        self._wake.connect(self._on_wake, Qt.ConnectionType.QueuedConnection)
        self.batches = 0
        self._latest_of = (
            (InboxChanged, self.inbox_changed),
            (VerifyProgress, self.progressed),
            (EvidenceProgress, self.progressed),
            (StatusChanged, self.status_changed),
        )

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
        if not self._pending:
            self._pending = True
            try:
                self._wake.emit()
            except RuntimeError:  # the window went away between the check and the call
                self._closed = True

    @Slot()
    def _on_wake(self) -> None:
        if self._timer.isActive() or self._closed:
            return
        left = self._drained_at + FRAME - self._clock.monotonic()
        if left <= 0:
            self.drain()
        else:
            self._timer.start(max(1, round(left * 1000)))

    @Slot()
    def drain(self) -> None:
        """Delivers all that has arrived."""
        app = QCoreApplication.instance()
        assert app is None or QThread.currentThread() is app.thread()
        if self._closed:
            return
        self._pending = False  # before reading: what comes meanwhile wakes us again
        self._drained_at = self._clock.monotonic()
        batch: list[Update | _Answer] = []
        while self._queue:
            batch.append(self._queue.popleft())
        if not batch:
            return
        self.batches += 1
        done = 0
        try:
            moved: list[Update] = []
            for item in batch:
                done += 1
                if isinstance(item, _Answer):
                    self._tell(moved)
                    moved = []
                    self._answer(item)
                else:
                    moved.append(item)
            self._tell(moved)
        except BaseException:
            # One receiver failed; the others still get what is theirs.
            for item in reversed(batch[done:]):
                self._queue.appendleft(item)
            if self._queue:
                self._timer.start(1)
            raise

    def _tell(self, updates: list[Update]) -> None:
        latest: dict[type, Update] = {}
        runs: dict[str, RunChanged] = {}
        traces: list[TracesAdded] = []
        notices: list[Notice] = []
        for update in updates:
            match update:
                case RunChanged():
                    runs[update.view.row.run_id] = update
                case TracesAdded():
                    traces.append(update)
                case Notice():
                    notices.append(update)
                case _:
                    latest[type(update)] = update
        for run in runs.values():
            self.run_changed.emit(run)
        if traces:
            rows = tuple(row for t in traces for row in t.rows)
            self.traces_added.emit(TracesAdded(rows, traces[-1].total))
        for kind, signal in self._latest_of:
            if kind in latest:
                signal.emit(latest[kind])
        for said in notices:
            self.notice.emit(said)

    def _answer(self, answer: _Answer) -> None:
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
