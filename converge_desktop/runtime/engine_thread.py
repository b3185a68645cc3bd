"""The engine thread: it steps runs and owns the ledger, and does nothing else.

No agent executes on it, so a decision is durable at once whatever agents do. Others send it work
and wait for a future; what it did is told after it was folded, never before.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar, cast

import msgspec

from converge_core.agent import Executed, execute
from converge_core.ballot import Asked, Ballot, why_not_ours
from converge_core.command import Advance, Cancel, Command, Decide, Elapse, Report, Restart
from converge_core.elapsing import next_moment
from converge_core.engine import Engine
from converge_core.enrolling import PeopleEvent, is_here, take_in
from converge_core.envelope import InferenceRequest, InferenceResult
from converge_core.errors import ConvergeError, DecisionRefused, IllegalCommand, LedgerCorrupt
from converge_core.events import (
    Event,
    GateActed,
    GateCommitted,
    GateDecided,
    GateTimedOut,
    OperatorEnrolled,
    RunStarted,
    RunStopped,
    TraceRecorded,
)
from converge_core.forking import context_at
from converge_core.ids import FactId, RunId
from converge_core.ledger import Entry
from converge_core.plan import StepPlan
from converge_core.retry import CallAttempt, RetryPolicy, with_retry
from converge_core.run_state import Phase, RunState
from converge_core.trace import TextRef
from converge_desktop.adapters.clock import Clock
from converge_desktop.adapters.keys import OperatorKey, sign_checkpoint, signature_fits
from converge_desktop.adapters.ledger.ledger_file import LedgerWriteFailed
from converge_desktop.adapters.packs.pack import Pack, PackProblem
from converge_desktop.adapters.texts import TextMissing
from converge_desktop.adapters.waiting import chance, wait
from converge_desktop.runtime.answering import Answering
from converge_desktop.runtime.ballots import asked_of
from converge_desktop.runtime.deciding_model import (
    Answer,
    Answered,
    Doing,
    Edit,
    EditView,
    Previews,
)
from converge_desktop.runtime.editing import look_at_edit
from converge_desktop.runtime.journal import Journal
from converge_desktop.runtime.model_thread import ModelThread
from converge_desktop.runtime.pack_engine import BeginRun, begin_fork, build_engine
from converge_desktop.runtime.port import InboxChanged, Notice, RunChanged, TracesAdded, Update
from converge_desktop.runtime.preview_views import previews
from converge_desktop.runtime.readmodel import CheckpointView
from converge_desktop.runtime.retracting import correction_of
from converge_desktop.runtime.standing_views import require_open
from converge_desktop.runtime.trace_views import trace_row
from converge_desktop.runtime.views import Views
from converge_desktop.runtime.wording import ledger_problem, run_label

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Message:
    work: Callable[[], object]
    future: Future[object]


DECIDING = (GateActed, GateCommitted, GateDecided, GateTimedOut, RunStopped)
"""Events by which something is decided or done; the ledger is signed along with them."""
SHORTEST_WAIT_S = 0.05
LONGEST_WAIT_S = 3600.0
"""How long the thread sleeps at least and at most before it looks at the clock again."""
AGAIN_S = 15.0
"""After how long a run that could not be written down is taken up again: there may be room."""


class EngineThread:
    """Steps the runs of a data directory.

    Args:
        data_dir: the data directory, locked by the caller.
        clock: microseconds since 1970 UTC.
        packs: the packs that are here now, by id.
        model: where agents call the model.
        publish: told of every change, on this thread, after the fold.
        durable: told of every batch, on this thread, after the fold.
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
    ) -> None:
        self._data_dir = data_dir
        self._clock = clock
        self._model = model
        self._publish = publish
        self._durable = durable
        self.views = Views(lambda: self.journal.reader, self._read_text, packs)
        self._doubt = ""
        self._key: OperatorKey | None = None
        self._inbox: SimpleQueue[_Message | None] = SimpleQueue()
        self._engines: dict[RunId, Engine] = {}
        self._cancelled: dict[RunId, threading.Event] = {}
        self._executing: set[RunId] = set()
        self._due: dict[RunId, int] = {}
        self._stuck: set[RunId] = set()
        self._said: dict[RunId, str] = {}
        self._wants_room = False
        self._closing = threading.Event()
        self._agents = ThreadPoolExecutor(2, thread_name_prefix="agent")
        self._problem = "The desk is still opening."
        self._cause: Exception | None = None
        self._answering = Answering(self.views, self._engine)
        self._thread = threading.Thread(target=self._serve, name="engine")
        self._thread.start()
        self.opened = self._put(self._open)

    def send(self, work: Callable[[], T]) -> Future[T]:
        """Has ``work`` done on this thread; it may read views and call what is below."""
        return self._put(lambda: self._when_open(work))

    def cancel_agents(self) -> None:
        """Asks every model call to stop; the runs go on when the desk is opened again."""
        self._closing.set()
        for cancelled in list(self._cancelled.values()):
            cancelled.set()

    def close(self) -> None:
        """Ends agents and thread and closes the ledger. Safe to call twice."""
        self.cancel_agents()
        self._agents.shutdown(wait=True, cancel_futures=True)
        self._inbox.put(None)
        self._thread.join()

    # What is sent here.

    def begin(self, make: BeginRun) -> str:
        """Starts a run."""
        run = self._begun(make)
        self._drive(run)
        return run

    def _begun(self, make: BeginRun) -> RunId:
        """Starts a run and does not step it yet."""
        run = RunId(f"run-{len(self.journal.state.runs) + 1:04d}")
        pack, command = make(run)
        artifacts, model = self.journal.state.artifact_states(), self._model.view.sha256
        command = msgspec.structs.replace(
            command,
            operators=self.journal.state.operators,
            revoked=self.journal.state.revoked,
            artifacts=artifacts,
            uses=(*command.uses, model),
        )
        engine = self._build(run, pack, command.started)
        now = self._clock()
        self._commit(engine.step(None, command, now), now, tuple(pack.texts.values()))
        return run

    def fork(self, run_id: str, seq: int | None) -> str:
        """Starts a run with the facts another had once record ``seq`` was written; now if None.

        Rules, agents, intent and plan are those the other began with.
        """
        return self.begin(self._forking(run_id, seq))

    def _forking(self, run_id: str, seq: int | None) -> BeginRun:
        origin = self.views.run_state(run_id)
        pack, last = self.views.pack_of(origin), self.journal.seq
        moment = last if seq is None else seq
        base = context_at(origin, moment, last)
        return lambda run: (pack, begin_fork(run, origin, base, moment))

    def enrol(self, key: OperatorKey) -> None:
        """Has the person at the desk be among those who may decide; the first comes by themselves.

        They sign what the ledger came to where nobody else does: when time decides, and at the end.

        Raises:
            DecisionRefused: if others may decide here, and none of them answers for this person.
            LedgerWriteFailed: if it could not be written.
        """
        self.take_in(OperatorEnrolled(operator=key.operator))
        self._key = key

    def take_in(self, event: PeopleEvent) -> None:
        """Records what happens to somebody: enrolled, another key, revoked.

        Raises:
            DecisionRefused: if it may not be.
            LedgerWriteFailed: if it could not be written.
        """
        self._commit(take_in(self.journal.state, event, signature_fits), self._clock())

    def replace_key(self, key: OperatorKey) -> None:
        """Has the person at the desk sign with their new key, if it is theirs."""
        if self._key is not None and self._key.operator.id == key.operator.id:
            self._key = key

    def asked(self, gate_id: str, key: OperatorKey, shown: Sequence[str], evidence: str) -> Asked:
        """Returns what somebody at another desk is asked, signed by who asks.

        Raises:
            DecisionRefused: if the gate awaits no answer.
        """
        self.elapse()
        run, gate = self.views.gate(gate_id)
        state, now = self.journal.state, self._clock()
        return asked_of(state, run, gate, key=key, shown=shown, evidence=evidence, now=now)

    def take_vote(self, ballot: Ballot) -> Answered:
        """Records a vote that was signed at another desk, and goes on with its run.

        Raises:
            DecisionRefused: if it was not asked for here, or cannot be taken.
            LedgerWriteFailed: if it could not be written.
        """
        self.elapse()
        state, vote = self.journal.state, ballot.decision
        reason = why_not_ours(state, ballot.asked, signature_fits)
        who = state.operators.get(vote.operator)
        if reason or who is None:
            raise DecisionRefused(reason or f"{vote.operator} is not enrolled at this desk")
        run, _ = self.views.gate(vote.gate)
        now = self._clock()
        following = self._engine(run).step(run, Decide(vote, who), now)
        self._commit(following, now, key=self._signer())
        self._go_on((run.run,))
        return self._answering.answered(vote.gate)

    def _signer(self) -> OperatorKey | None:
        """Returns the key of the person at the desk, if it can sign what the ledger came to."""
        key = self._key
        usable = key is not None and not key.locked and is_here(self.journal.state, key.operator)
        return key if usable and not self._doubt else None

    def doubt(self, why: str) -> None:
        """Has nobody sign anything for a reason, or again, if there is none any more."""
        self._doubt = why

    def sign_checkpoint(self) -> CheckpointView:
        """Has what the ledger came to signed, unless that was done last, and returns it.

        Raises:
            DecisionRefused: if nobody is here whose key could sign.
            LedgerWriteFailed: if it could not be written.
        """
        if self._doubt:
            raise DecisionRefused(self._doubt)
        key = self._signer()
        if key is None:
            raise DecisionRefused(
                "nothing was signed, because nobody's key is unlocked here; mend what was said "
                "about the key at the start, then open the desk again"
            )
        entries = self.journal.sign(self._clock(), partial(sign_checkpoint, key))
        if entries:
            self._durable(entries)
        newest = self.views.checkpoint()
        assert newest is not None, "it was signed just now"
        return newest

    def answer(self, given: Sequence[Answer], key: OperatorKey) -> tuple[Answered, ...]:
        """Signs and records one answer, or several as one, and goes on with their runs.

        Raises:
            DecisionRefused: naming the gate that stands against it; nothing is taken, then.
            LedgerWriteFailed: if it could not be written.
        """
        self.elapse()  # what is over is closed before any answer is taken
        now = self._clock()
        self._commit(self._answering.answers(given, key, now), now, key=key)
        changes = [self._answering.changes(one) for one in given]
        self._go_on(dict.fromkeys(self.views.gate(one.gate_id)[0].run for one in given))
        told = zip(given, changes, strict=True)
        return tuple(self._answering.answered(one.gate_id, other) for one, other in told)

    def act(self, doing: Doing, key: OperatorKey) -> Answered:
        """Signs and records that somebody undid, extended, delegated or escalated.

        Raises:
            DecisionRefused: if it cannot be done, with the reason.
            LedgerWriteFailed: if it could not be written.
        """
        self.elapse()
        now = self._clock()
        run, following = self._answering.act(doing, key, now)
        self._commit(following, now, key=key)
        self._go_on((run,))
        return self._answering.answered(doing.gate_id)

    def look_at_edit(self, gate_id: str, edit: Edit, key: OperatorKey) -> EditView:
        """Returns what an edit would change, and all that speaks against it; nothing is recorded.

        Raises:
            DecisionRefused: if it says nothing else, or the gate awaits no answer.
        """
        run, gate = self.views.gate(gate_id)
        require_open(gate)
        pack, by = self.views.pack_of(run), key.operator.id
        return look_at_edit(self._engine(run), run, gate, edit, pack=pack, by=by)[1]

    def previews(self, gate_id: str) -> Previews:
        """Returns what approving and what rejecting would lead to; nothing is recorded.

        Raises:
            DecisionRefused: if there is no such gate, or it awaits no answer.
        """
        run, gate = self.views.gate(gate_id)
        require_open(gate)
        return previews(self._engine(run), run, gate, self._clock())

    def retract(
        self, run_id: str, fact_id: str, reason: str, instead: Edit | None, key: OperatorKey
    ) -> tuple[RunId, FactId]:
        """Proposes, in a person's name, a correction that takes a fact back.

        Where the run of the fact has stopped, a new one goes on from what it came to, and hears it.

        Raises:
            DecisionRefused: if there is no such fact, or it is not theirs to correct.
            LedgerWriteFailed: if it could not be written.
        """
        run = self.views.run_state(run_id)
        made = correction_of(run, fact_id, reason, instead)  # refused before a run begins for it
        name = run.run
        if run.phase is Phase.STOPPED:
            name = self._begun(self._forking(run_id, None))
        now = self._clock()
        self._commit(self._answering.stage(name, made, key.operator, now), now, key=key)
        self._go_on((name,))
        return name, made.id

    def _go_on(self, runs: Iterable[RunId]) -> None:
        for run in runs:
            self._drive(run)
        self._retry_stalled()

    def elapse(self) -> None:
        """Lets what time has brought about take effect: deadlines, and ends of undo windows."""
        now = self._clock()
        for name in [name for name, moment in self._due.items() if moment <= now]:
            # Needs nothing of the run's pack: the terms were frozen when its gates opened.
            self._commit(Engine().step(self.journal.state.runs[name], Elapse(), now), now)
            self._drive(name)

    def cancel(self, run_id: str, by: str) -> None:
        """Stops a run; what it reached stays."""
        run = self.views.run_state(run_id)
        # Needs nothing of the run's pack, so that a run whose pack is damaged can be stopped too.
        now = self._clock()
        self._commit(Engine().step(run, Cancel(by=by), now), now)
        cancelled = self._cancelled.get(run.run)
        if cancelled is not None:
            cancelled.set()
        self._retry_stalled()

    def resume(self) -> None:
        """Takes up what a crash, a full disk or a closed window left unfinished."""
        stuck, self._stuck, self._wants_room = self._stuck, set(), False
        tried: set[RunId] = set()
        for run in self.views.going():
            if run.phase is Phase.WAITING or run.run in self._executing:
                continue
            tried.add(run.run)
            try:
                if run.phase is Phase.EXECUTING:
                    self._step(run, Restart())
            except (ConvergeError, LedgerWriteFailed, PackProblem, TextMissing) as error:
                self._stall(run.run, error)
            else:
                self._drive(run.run)
        for run_id in sorted(stuck & tried - self._stuck):
            del self._said[run_id]
            self._publish(Notice("info", f"{run_label(run_id)} goes on again.", run_id))

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
        """Returns what was sent next; at the latest when time brings something about."""
        try:
            return self._inbox.get(timeout=self._patience())
        except Empty:
            return _Message(self._meanwhile, Future())

    def _meanwhile(self) -> None:
        """Does what nobody has to ask for: what time brings about, and what waits for room."""
        self.elapse()
        if self._wants_room:
            self.resume()

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
        self._publish(InboxChanged(self.views.inbox()))

    def _begin_again(self) -> None:
        """Closes what is over since the desk was closed, and begins undo windows anew."""
        now = self._clock()
        for run in self.views.going():
            if run.phase is Phase.WAITING:
                self._commit(Engine().step(run, Restart(), now), now)
                self._note_due(run.run)

    def _note_due(self, run_id: RunId) -> None:
        """Notes when time will next bring something about in a run."""
        run = self.journal.state.runs[run_id]
        moment = next_moment(run) if run.phase is Phase.WAITING else None
        if moment is None:
            self._due.pop(run_id, None)
        else:
            self._due[run_id] = moment

    def _read_text(self, ref: TextRef) -> str:
        return self.journal.read_text(ref)

    def _drive(self, run_id: RunId) -> None:
        """Steps a run until agents are at work, people are asked, or it has stopped.

        If that fails, what is recorded stays so and the run is taken up again later.
        """
        try:
            while self._goes_on(run_id):
                self._step(self.journal.state.runs[run_id], Advance())
        except Exception as error:  # noqa: BLE001 - whatever stopped it, a person must hear of it
            self._stall(run_id, error)

    def _goes_on(self, run_id: RunId) -> bool:
        run = self.journal.state.runs[run_id]
        if run.phase is Phase.EXECUTING:
            self._dispatch(run)
        return run.phase in {Phase.READY, Phase.RESOLVING}

    def _stall(self, run_id: RunId, error: Exception) -> None:
        words = f"{run_label(run_id)} could not go on: {error} It is taken up again later."
        if self._said.get(run_id) != words:  # said once, however often it is tried
            self._publish(Notice("danger", words, run_id))
        self._stuck.add(run_id)
        self._said[run_id] = words
        self._wants_room = self._wants_room or isinstance(error, LedgerWriteFailed)

    def _step(self, run: RunState, command: Command, texts: tuple[str, ...] = ()) -> None:
        now = self._clock()
        self._commit(self._engine(run).step(run, command, now), now, texts)

    def _dispatch(self, run: RunState) -> None:
        if run.run in self._executing or self._closing.is_set():
            return
        self._executing.add(run.run)
        work, name = self._engine(run).work(run), run.run

        def at_work() -> None:
            executed = tuple(execute(agent, view) for agent, view in work)
            self.send(lambda: self._report(name, executed))

        self._agents.submit(at_work)

    def _report(self, run_id: RunId, executed: tuple[Executed, ...]) -> None:
        self._executing.discard(run_id)
        run = self.journal.state.runs[run_id]
        if self._closing.is_set() or run.phase is not Phase.EXECUTING:
            return
        texts = tuple(text for one in executed for text in one.effect.texts)
        try:
            self._step(run, Report(executed), texts)
        except Exception as error:  # noqa: BLE001 - nobody waits for this; a person must hear of it
            self._stall(run_id, error)
            return
        self._drive(run_id)

    def _retry_stalled(self) -> None:
        if self._stuck:
            self.resume()

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
            self._tell(entries, at)
        except Exception as error:  # noqa: BLE001 - it is so, whether or not it can be shown
            words = f"What was recorded last cannot be shown: {error}"
            self._publish(Notice("danger", words))

    def _tell(self, entries: list[Entry], at: int) -> None:
        """Tells everybody of what is recorded now."""
        touched = dict.fromkeys(RunId(entry.head.run) for entry in entries if entry.head.run)
        for run_id in touched:
            self._note_due(run_id)
            self._publish(RunChanged(self.views.run(run_id)))
        recorded = [entry.event for entry in entries if isinstance(entry.event, TraceRecorded)]
        if recorded:
            rows = (trace_row(event.run, event.trace, at) for event in recorded)
            self._publish(TracesAdded(tuple(rows), self.views.trace_count()))
        self._publish(InboxChanged(self.views.inbox()))

    def _engine(self, run: RunState) -> Engine:
        return self._engines.get(run.run) or self._build(
            run.run, self.views.pack_of(run), run.started
        )

    def _build(self, run: RunId, pack: Pack, started: RunStarted) -> Engine:
        cancelled = self._cancelled[run] = threading.Event()

        def infer(
            request: InferenceRequest, step: StepPlan, record: Callable[[CallAttempt], None]
        ) -> InferenceResult:
            def once() -> InferenceResult:
                return self._model.infer(request, cancelled.is_set, step)

            if not step.remote:
                return once()
            policy = RetryPolicy(max_attempts=step.attempts)
            patient = partial(wait, cancelled=cancelled.is_set)
            return with_retry(once, policy, sleep=patient, jitter=chance, record=record)

        engine = build_engine(pack, started.intent, started.plan, infer)
        self._engines[run] = engine
        return engine
