"""The part of the engine thread that steps runs: begins them, holds them, and has them go on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

import msgspec

from converge_core.agent import Executed
from converge_core.command import (
    Advance,
    Cancel,
    Command,
    Elapse,
    Report,
    Restart,
    Resume,
    Suspend,
)
from converge_core.elapsing import next_moment
from converge_core.engine import Engine
from converge_core.envelope import InferenceRequest, InferenceResult
from converge_core.errors import ConvergeError, IllegalCommand
from converge_core.events import Event, RunStarted
from converge_core.forking import context_at
from converge_core.ids import RunId
from converge_core.plan import StepPlan
from converge_core.retry import CallAttempt, RetryPolicy, with_retry
from converge_core.run_state import Phase, RunState
from converge_desktop.adapters.clock import Clock
from converge_desktop.adapters.keys import OperatorKey
from converge_desktop.adapters.ledger.ledger_file import LedgerWriteFailed
from converge_desktop.adapters.packs.pack import Pack, PackProblem
from converge_desktop.adapters.texts import TextMissing
from converge_desktop.adapters.waiting import chance, wait
from converge_desktop.runtime.at_work import AtWork
from converge_desktop.runtime.hints import Asks, recalling
from converge_desktop.runtime.journal import Journal
from converge_desktop.runtime.model_thread import ModelThread
from converge_desktop.runtime.pack_engine import BeginRun, begin_fork, build_engine
from converge_desktop.runtime.port import Notice, Update
from converge_desktop.runtime.views import Views
from converge_desktop.runtime.wording import is_text, run_label

T = TypeVar("T")


class RunningEngine:
    """Steps the runs of a desk; :class:`EngineThread` is one.

    Everything here is done on the engine thread.
    """

    views: Views
    journal: Journal
    _clock: Clock
    _model: ModelThread
    _publish: Callable[[Update], None]
    _agents: AtWork
    _engines: dict[RunId, Engine]
    _due: dict[RunId, int]
    _stuck: set[RunId]
    _said: dict[RunId, str]
    _wants_room: bool
    _closing: threading.Event
    recalls: Asks | None = None
    """How runs recall what is like the matter at hand; None where nothing can be recalled."""

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

    def cancel(self, run_id: str, by: str) -> None:
        """Stops a run; what it reached stays."""
        run = self.views.run_state(run_id)
        # Needs nothing of the run's pack, so that a run whose pack is damaged can be stopped too.
        now = self._clock()
        self._commit(Engine().step(run, Cancel(by=by), now), now)
        self._give_up(run.run)
        self._retry_stalled()

    def hold(self, run_id: str, by: str, reason: str) -> None:
        """Suspends a run: what its agents are at is given up, and nothing of it begins.

        Raises:
            IllegalCommand: if it is held already, or over, or the reason is no text.
            LedgerWriteFailed: if it could not be written.
        """
        if not is_text(reason):
            raise IllegalCommand("the reason holds characters that cannot be written down")
        run, now = self.views.run_state(run_id), self._clock()
        self._commit(Engine().step(run, Suspend(by=by, reason=reason), now), now)
        self._give_up(run.run)

    def release(self, run_id: str, by: str) -> None:
        """Lets a suspended run go on; agents whose work was given up execute again.

        Raises:
            IllegalCommand: if it is not held.
            LedgerWriteFailed: if it could not be written.
        """
        self.elapse()
        run, now = self.views.run_state(run_id), self._clock()
        self._commit(Engine().step(run, Resume(by=by), now), now)
        self._go_on((run.run,))

    def _give_up(self, run: RunId) -> None:
        """Has a run's agents stop unheard; should it go on, it gets an engine of its own again."""
        self._agents.give_up(run)
        self._engines.pop(run, None)

    def elapse(self) -> None:
        """Lets what time has brought about take effect: deadlines, and ends of undo windows."""
        now = self._clock()
        for name in [name for name, moment in self._due.items() if moment <= now]:
            # Needs nothing of the run's pack: the terms were frozen when its gates opened.
            self._commit(Engine().step(self.journal.state.runs[name], Elapse(), now), now)
            self._drive(name)

    def resume(self) -> None:
        """Takes up what a crash, a full disk or a closed window left unfinished."""
        stuck, self._stuck, self._wants_room = self._stuck, set(), False
        tried: set[RunId] = set()
        for run in self.views.going():
            stands = run.phase is Phase.WAITING or run.suspension is not None
            if stands or self._agents.busy(run.run):
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

    def _go_on(self, runs: Iterable[RunId]) -> None:
        for run in runs:
            self._drive(run)
        self._retry_stalled()

    # How a run goes on.

    def _note_due(self, run_id: RunId) -> None:
        """Notes when time will next bring something about in a run."""
        run = self.journal.state.runs[run_id]
        moment = next_moment(run) if run.phase is Phase.WAITING else None
        if moment is None:
            self._due.pop(run_id, None)
        else:
            self._due[run_id] = moment

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
        if run.suspension is not None:
            return False
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
        if not (self._agents.busy(run.run) or self._closing.is_set()):
            self._agents.begin(run.run, self._engine(run).work(run))

    def _executed(
        self, run_id: RunId, token: threading.Event, executed: tuple[Executed, ...]
    ) -> None:
        """Takes in, on the thread of the agents, what they did."""
        self.send(lambda: self._report(run_id, token, executed))

    def _report(
        self, run_id: RunId, token: threading.Event, executed: tuple[Executed, ...]
    ) -> None:
        wanted = self._agents.over(run_id, token)
        run = self.journal.state.runs[run_id]
        if not wanted or self._closing.is_set() or run.phase is not Phase.EXECUTING:
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

    def _engine(self, run: RunState) -> Engine:
        return self._engines.get(run.run) or self._build(
            run.run, self.views.pack_of(run), run.started
        )

    def _build(self, run: RunId, pack: Pack, started: RunStarted) -> Engine:
        cancelled = self._agents.token(run)

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

        engine = build_engine(
            pack, started.intent, started.plan, infer, recalling(self.recalls, started)
        )
        self._engines[run] = engine
        return engine

    # What the thread does for it.

    def send(self, work: Callable[[], T]) -> Future[T]:
        """Has ``work`` done on the engine thread."""
        raise NotImplementedError

    def _commit(
        self,
        events: list[Event],
        at: int,
        texts: tuple[str, ...] = (),
        key: OperatorKey | None = None,
    ) -> None:
        """Makes events durable, then so, then known."""
        raise NotImplementedError
