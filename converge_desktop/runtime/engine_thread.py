"""The engine thread: it steps runs and owns the ledger, and does nothing else.

No agent executes on it, so a decision is durable at once whatever agents do. Others send it work
and wait for a future; what it did is told after it was folded, never before.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar, cast

from converge_core.command import Restart
from converge_core.engine import Engine
from converge_core.errors import ConvergeError, DecisionRefused, IllegalCommand, LedgerCorrupt
from converge_core.events import (
    Event,
    GateActed,
    GateCommitted,
    GateDecided,
    GateTimedOut,
    RunResumed,
    RunStopped,
    RunSuspended,
)
from converge_core.ids import RunId
from converge_core.ledger import Entry
from converge_core.run_state import Phase
from converge_core.trace import TextRef
from converge_desktop.adapters.clock import Clock
from converge_desktop.adapters.keys import OperatorKey, sign_checkpoint
from converge_desktop.adapters.ledger.ledger_file import LedgerWriteFailed
from converge_desktop.adapters.packs.pack import Pack
from converge_desktop.runtime.allowing import settling
from converge_desktop.runtime.answering import Answering
from converge_desktop.runtime.at_work import AtWork, Execute, one_by_one
from converge_desktop.runtime.deciding_engine import DecidingEngine
from converge_desktop.runtime.deciding_model import Settling
from converge_desktop.runtime.journal import Journal
from converge_desktop.runtime.model_thread import ModelThread
from converge_desktop.runtime.port import (
    InboxChanged,
    Notice,
    RunChanged,
    SettlingChanged,
    Update,
)
from converge_desktop.runtime.views import Views
from converge_desktop.runtime.wording import ledger_problem

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Message:
    work: Callable[[], object]
    future: Future[object]


DECIDING = (
    GateActed,
    GateCommitted,
    GateDecided,
    GateTimedOut,
    RunResumed,
    RunStopped,
    RunSuspended,
)
"""Events by which something is decided or done; the ledger is signed along with them."""
SHORTEST_WAIT_S = 0.05
LONGEST_WAIT_S = 3600.0
"""How long the thread sleeps at least and at most before it looks at the clock again."""
AGAIN_S = 15.0
"""After how long a run that could not be written down is taken up again: there may be room."""


class EngineThread(DecidingEngine):
    """Steps the runs of a data directory.

    Args:
        data_dir: the data directory, locked by the caller.
        clock: microseconds since 1970 UTC.
        packs: the packs that are here now, by id.
        model: where agents call the model.
        publish: told of every change, on this thread, after the fold.
        durable: told of every batch, on this thread, after the fold.
        execute: how agents are executed.
    """

    def __init__(
        self,
        data_dir: Path,
        clock: Clock,
        packs: Mapping[str, Pack],
        *,
        model: ModelThread,
        publish: Callable[[Update], None],
        durable: Callable[[list[Entry]], None],
        execute: Execute = one_by_one,
    ) -> None:
        self._data_dir = data_dir
        self._clock = clock
        self._model = model
        self._publish = publish
        self._settling: tuple[Settling, ...] = ()
        self._durable = durable
        self.views = Views(lambda: self.journal.reader, self._read_text, packs)
        self._doubt = ""
        self._key: OperatorKey | None = None
        self._inbox: SimpleQueue[_Message | None] = SimpleQueue()
        self._engines: dict[RunId, Engine] = {}
        self._due: dict[RunId, int] = {}
        self._looked_at = 0
        self._stuck: set[RunId] = set()
        self._said: dict[RunId, str] = {}
        self._wants_room = False
        self._closing = threading.Event()
        self._agents = AtWork(self._executed, execute)
        self._problem = "The desk is still opening."
        self._cause: Exception | None = None
        self._answering = Answering(self.views, self._engine)
        self._thread = threading.Thread(target=self._serve, name="engine")
        self.opened = self._put(self._open)

    def start(self) -> None:
        """Begins to read the ledger; what was sent before is done afterwards. Called once."""
        self._thread.start()

    def send(self, work: Callable[[], T]) -> Future[T]:
        """Has ``work`` done on this thread; it may read views and call what is below."""
        return self._put(lambda: self._when_open(work))

    def cancel_agents(self) -> None:
        """Asks every model call to stop; the runs go on when the desk is opened again."""
        self._closing.set()
        self._agents.stop()

    def close(self) -> None:
        """Ends agents and thread and closes the ledger. Safe to call twice."""
        self.cancel_agents()
        self._agents.close()
        self._inbox.put(None)
        if self._thread.is_alive():  # it may never have been started
            self._thread.join()

    # How it works.

    def _put(self, work: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        if self._closing.is_set():
            future.set_exception(IllegalCommand("the desk is closing"))
        else:
            self._inbox.put(_Message(work, cast("Future[object]", future)))
        return future

    def _serve(self) -> None:
        while (message := self._next()) is not None:
            if not message.future.set_running_or_notify_cancel():
                continue
            try:
                message.future.set_result(message.work())
            except Exception as error:  # noqa: BLE001 - it belongs to the one who asked
                message.future.set_exception(error)
        if not self._problem:
            self._sign_off()
            self.journal.close()

    def _sign_off(self) -> None:
        """Has what the ledger came to signed, so that the next start can be held against it."""
        key = self._signer()
        if key is not None:
            # It was told when it first failed.
            with contextlib.suppress(LedgerWriteFailed, ConvergeError, OSError):
                entries = self.journal.sign(self._clock(), partial(sign_checkpoint, key))
                if entries:
                    self._durable(entries)

    def _next(self) -> _Message | None:
        """Returns what was sent next; at the latest when time brings something about.

        That comes first: whoever keeps asking must not keep a deadline from passing.
        """
        if self._is_overdue():
            return _Message(self._meanwhile, Future())
        try:
            return self._inbox.get(timeout=self._patience())
        except Empty:
            return _Message(self._meanwhile, Future())

    def _meanwhile(self) -> None:
        """Does what nobody has to ask for: what time brings about, and what waits for room."""
        self._looked_at = self._clock()
        self.elapse()
        if self._wants_room:
            self.resume()

    def _is_overdue(self) -> bool:
        """Whether time has brought something about, and it was not looked for just now."""
        if self._problem or not self._due:
            return False
        now = self._clock()
        just_now = abs(now - self._looked_at) < SHORTEST_WAIT_S * 1e6
        return min(self._due.values()) <= now and not just_now

    def _patience(self) -> float | None:
        """Returns for how many seconds nothing can happen by itself; None for ever."""
        if self._problem:
            return None
        longest = AGAIN_S if self._wants_room else LONGEST_WAIT_S
        if not self._due:
            return longest if self._wants_room else None
        ahead = (min(self._due.values()) - self._clock()) / 1e6
        return min(max(ahead, SHORTEST_WAIT_S), longest)

    def _when_open(self, work: Callable[[], T]) -> T:
        if self._problem:
            raise IllegalCommand(self._problem) from self._cause
        return work()

    def _open(self) -> None:
        try:
            self.journal = Journal(self._data_dir, self._clock)
        except (LedgerCorrupt, OSError) as error:
            self._problem, self._cause = ledger_problem(self._data_dir, error), error
            self._publish(Notice("danger", self._problem))
            raise
        self._problem = ""
        if self.journal.set_aside:
            self._publish(Notice("caution", self.journal.set_aside.words()))
        self._begin_again()
        self._tell_inbox()

    def _begin_again(self) -> None:
        """Closes what is over since the desk was closed, and begins undo windows anew."""
        now = self._clock()
        for run in self.views.going():
            if run.phase is Phase.WAITING:
                self._commit(Engine().step(run, Restart(), now), now)
                self._note_due(run.run)

    def _read_text(self, ref: TextRef) -> str:
        return self.journal.read_text(ref)

    def _commit(
        self,
        events: list[Event],
        at: int,
        texts: tuple[str, ...] = (),
        key: OperatorKey | None = None,
    ) -> None:
        """Makes events durable, then so, then known; what decides anything is signed along."""
        if self._doubt and key is not None:
            raise DecisionRefused(self._doubt)
        decides = any(isinstance(one, DECIDING) for one in events)
        signer = key or (self._signer() if decides else None)
        sign = partial(sign_checkpoint, signer) if signer else None
        entries = self.journal.commit(events, at, texts, sign)
        if not entries:
            return
        self._durable(entries)
        try:
            self._tell(entries)
        except Exception as error:  # noqa: BLE001 - it is so, whether or not it can be shown
            words = f"What was recorded last cannot be shown: {error}"
            self._publish(Notice("danger", words))

    def _tell(self, entries: list[Entry]) -> None:
        """Tells everybody of what is recorded now."""
        touched = dict.fromkeys(RunId(entry.head.run) for entry in entries if entry.head.run)
        for run_id in touched:
            self._note_due(run_id)
            self._publish(RunChanged(self.views.run(run_id)))
        self._tell_inbox()

    def _tell_inbox(self) -> None:
        """Tells what waits, and what can still be undone where that is other than before."""
        self._publish(InboxChanged(self.views.inbox()))
        now = settling(self.views.going())
        if now != self._settling:
            self._settling = now
            self._publish(SettlingChanged(now))
