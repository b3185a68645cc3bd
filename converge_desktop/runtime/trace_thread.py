"""The threads of the index over model calls: one follows the ledger, one answers questions.

The index is used while it is filled; what it answers says up to which record it followed. Where a
block of it turns out to be damaged, it is made again, and meanwhile it answers from what it has.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from converge_desktop.runtime.store_memory import give_back
from converge_desktop.runtime.trace_model import IndexState, TraceProblem

if TYPE_CHECKING:
    from converge_desktop.adapters.ledger.history import LedgerHistory
    from converge_desktop.runtime.trace_index import Indexed, TraceIndex
    from converge_desktop.runtime.trace_sets import TraceSets

T = TypeVar("T")
IDLE_S = 5.0
"""Seconds without news after which what is new is written to the index's files."""


class TraceThread:
    """Keeps the index up with a ledger, and asks it.

    Args:
        data_dir: the desk's directory.
        history: returns the ledger, which is another one once it was read anew.
        last: its last record now.
        changed: called on the thread that follows, with how the index stands.
    """

    def __init__(
        self,
        data_dir: Path,
        history: Callable[[], LedgerHistory],
        last: int,
        changed: Callable[[IndexState], None],
    ) -> None:
        self._data_dir, self._history, self._changed = data_dir, history, changed
        self._last = last
        self._news = threading.Condition()
        self._closed, self._anew, self._failed = False, False, ""
        self._index: TraceIndex | None = None
        self._sets: TraceSets | None = None
        self._opened = threading.Event()
        self._asked = ThreadPoolExecutor(1, thread_name_prefix="trace-questions")
        self._long = ThreadPoolExecutor(2, thread_name_prefix="trace-work")
        self._thread = threading.Thread(target=self._serve, name="trace-index")
        self._thread.start()

    def follow(self, last: int) -> None:
        """Tells that the ledger reaches up to record ``last`` now, all of it durable."""
        with self._news:
            self._last = max(self._last, last)
            self._news.notify()

    def rebuild(self) -> None:
        """Has the index thrown away and made again from the ledger."""
        with self._news:
            self._anew = True
            self._news.notify()

    def ask(self, question: Callable[[Indexed, TraceSets], T]) -> Future[T]:
        """Asks something of the index as it is now."""
        return _submitted(self._asked, lambda: self._answer(question))

    def ask_at_length(self, question: Callable[[Indexed, TraceSets], T]) -> Future[T]:
        """Asks something that takes its time and memory, so that no page waits for it."""

        def ask() -> T:
            try:
                return self._answer(question)
            finally:
                give_back()

        return _submitted(self._long, ask)

    @property
    def last(self) -> int:
        """The ledger's last record."""
        return self._last

    @property
    def closing(self) -> bool:
        """Whether it is being closed, and whoever is at work should give up."""
        return self._closed

    def close(self) -> None:
        """Keeps what is new and ends the threads. Safe to call twice."""
        with self._news:
            self._closed = True
            self._news.notify()
        self._opened.set()
        for pool in (self._asked, self._long):
            pool.shutdown(wait=True, cancel_futures=True)
        self._thread.join()

    def _answer(self, question: Callable[[Indexed, TraceSets], T]) -> T:
        self._opened.wait()
        if self._index is None or self._sets is None:
            raise TraceProblem(self._failed or "the desk is closing")
        from converge_desktop.adapters.traces.pages import IndexDamaged  # noqa: PLC0415

        try:
            return question(self._index.view, self._sets)
        except IndexDamaged as error:
            self.rebuild()
            raise TraceProblem(
                f"the index over the model calls was damaged ({error}) and is being made again "
                "from the ledger; ask again in a moment"
            ) from error

    # The thread that follows.

    def _serve(self) -> None:
        try:
            while not self._closed:
                self._follow()
        finally:
            self._opened.set()

    def _follow(self) -> None:
        """Follows the ledger until it is closed; where that fails, until it is asked for anew."""
        try:
            self._open()
            while self._wait():
                self._go_on()
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever asks hears of it
            self._failed = f"the model calls cannot be indexed: {error}"
            self._index = None
            self._tell("failed")
            self._opened.set()
            with self._news:
                self._news.wait_for(lambda: self._closed or self._anew)

    def _open(self) -> None:
        # Imported here, on this thread: NumPy takes a tenth of a second.
        from converge_desktop.adapters.texts import TextReader  # noqa: PLC0415
        from converge_desktop.runtime.trace_index import FOLDER, TraceIndex  # noqa: PLC0415
        from converge_desktop.runtime.trace_sets import TraceSets  # noqa: PLC0415

        read = TextReader(self._data_dir / "texts").text
        index = TraceIndex(self._data_dir / FOLDER, self._history, read)
        index.load(self._last)
        self._sets = TraceSets(lambda seq: self._history().entry(seq))
        self._index, self._failed = index, ""
        self._opened.set()
        give_back()
        self._tell("filling" if index.view.as_of < self._last else "ready")

    def _wait(self) -> bool:
        """Waits for news; keeps what is new where there are none for a while."""
        index = self._index
        assert index is not None, "it was opened"
        with self._news:
            if not self._is_news(index) and not self._news.wait_for(
                lambda: self._is_news(index), IDLE_S
            ):
                self._keep(index)
                self._news.wait_for(lambda: self._is_news(index))
            if self._closed:
                index.keep()
            return not self._closed

    def _keep(self, index: TraceIndex) -> None:
        before = index.unkept
        index.keep()
        if index.unkept != before:
            self._tell("ready")

    def _is_news(self, index: TraceIndex) -> bool:
        return self._closed or self._anew or self._last > index.view.as_of

    def _go_on(self) -> None:
        index = self._index
        assert index is not None, "it was opened"
        if self._anew:
            self._anew = False
            index.discard()
        for reached in index.advance(self._last, lambda: self._closed or self._anew):
            self._tell("filling" if reached < self._last else "ready")

    def _tell(self, state: str) -> None:
        index = self._index
        as_of = index.view.as_of if index else -1
        problem = index.unkept if index else self._failed
        self._changed(IndexState(state, as_of, self._last, problem))


def _submitted(pool: ThreadPoolExecutor, question: Callable[[], T]) -> Future[T]:
    """Has a question answered; one that comes after the end fails as those that waited do."""
    try:
        return pool.submit(question)
    except RuntimeError:
        late: Future[T] = Future()
        late.set_exception(TraceProblem("the desk is closing"))
        return late
