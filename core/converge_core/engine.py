"""The convergence loop, without input or output: commands in, events out.

``step`` looks at folded state and a command and returns the events that follow; it changes nothing.
Whoever drives it appends the events, folds them, and asks again. :meth:`Engine.run` is the
smallest such driver; the desktop's engine thread is another. What is legal when stands in
:mod:`converge_core.command`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from msgspec import UNSET, structs

from converge_core import events as e
from converge_core.advancing import advance, stop
from converge_core.agent import Agent, Executor, sequential
from converge_core.answering import answered
from converge_core.authority import Actor, ActorKind, AuthorityGrant, AuthorityLevel
from converge_core.canonical import ContentHash
from converge_core.command import (
    TRANSITIONS,
    Act,
    Advance,
    Begin,
    Cancel,
    Command,
    Decide,
    DecideAll,
    Elapse,
    FromOutside,
    Report,
    Restart,
    Resume,
    Settle,
    Snapshot,
    Stage,
    Suspend,
)
from converge_core.context import Context, ContextView
from converge_core.criterion import Judge
from converge_core.deciding import why_not_enrolled
from converge_core.elapsing import begin_again, elapse
from converge_core.endings import pending
from converge_core.errors import DecisionRefused, IllegalCommand
from converge_core.frame import Frames, validate_frames
from converge_core.gate import Check
from converge_core.ids import AgentId, ProposalId, RunId
from converge_core.intent import NO_INTENT, RootIntent, validate
from converge_core.invariant import Invariant
from converge_core.lifecycle import why_not_begun
from converge_core.merging import merge_answers, merge_input, merge_report
from converge_core.policy import Policy
from converge_core.proposal import ProposedFact, draft
from converge_core.record import settled
from converge_core.review import SignatureCheck, no_signatures
from converge_core.roster import Roster, check_name
from converge_core.rules import Rules
from converge_core.run_state import Phase, RunState
from converge_core.speakers import INPUT
from converge_core.stakes import StakesOf
from converge_core.state import begun, grow
from converge_core.stop import AnyStop, Converged, CriteriaMet, UserCancelled
from converge_core.suspending import require_going, resume, suspend

RUN, BEFORE = RunId("run"), RunId("before")
"""What a run without a desk is called, and the run whose context it goes on from."""
MAX_RUN = 32
"""The longest id of a run; ids of proposals, gates and traces derive from it."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What :meth:`Engine.run` came to."""

    context: Context
    cycles: int
    stop_reason: AnyStop

    @property
    def converged(self) -> bool:
        """Whether the run reached its fixed point."""
        return isinstance(self.stop_reason, (Converged, CriteriaMet))


class Engine:
    """Agents, a policy, checks and invariants, and the loop that brings them to a fixed point.

    Args:
        policy: what decides about proposals; without one, just what a run's grants cover is
            promoted, and a person is asked about the rest.
        checks: checks by name, beside the basic ones.
        invariants: rules about the whole context.
        criteria: who judges a criterion of the intent, by its id.
        stakes: works out what hangs on a proposal, for the policy to compare with.
        verify: how signatures of decisions are checked; without it none is accepted.

    The quick start of the crate page, with the authority it leaves implicit made an argument:

    >>> from converge_core import AuthorityGrant, Context, ContextKey, Engine
    >>> from converge_core import ReactOnceAgent, SeedAgent, grant
    >>> engine = Engine()
    >>> engine.register(SeedAgent("seed-1", "initial data"))
    >>> engine.register(ReactOnceAgent("hyp-1", "derived insight"))
    >>> mine = grant("quick-start", ContextKey.SEEDS, ContextKey.HYPOTHESES)
    >>> result = engine.run(Context(), authority=mine)
    >>> result.converged, result.cycles
    (True, 3)
    >>> result.context.has(ContextKey.SEEDS), result.context.has(ContextKey.HYPOTHESES)
    (True, True)
    """

    def __init__(
        self,
        *,
        policy: Policy | None = None,
        checks: Mapping[str, Check] | None = None,
        invariants: Iterable[Invariant] = (),
        criteria: Mapping[str, Judge] | None = None,
        stakes: StakesOf | None = None,
        verify: SignatureCheck = no_signatures,
    ) -> None:
        known = tuple(invariants)
        for invariant in known:
            check_name("invariant", invariant.name)
        self._roster = Roster()
        self._rules = Rules(
            policy=policy,
            checks=checks or {},
            invariants=known,
            judges=criteria or {},
            stakes=stakes,
            levels=self._roster.levels,
        )
        self._verify = verify

    @property
    def agents(self) -> tuple[AgentId, ...]:
        """The registered agents, in order."""
        return self._roster.names

    @property
    def invariants(self) -> tuple[Invariant, ...]:
        """The rules about the whole context, in the order in which they are checked."""
        return self._rules.invariants

    @property
    def judges(self) -> Mapping[str, Judge]:
        """Who judges a criterion, by its id."""
        return MappingProxyType(self._rules.judges)

    def policy_version(self, *grants: AuthorityGrant) -> ContentHash:
        """Returns the version of the policy that decides in a run under ``grants``."""
        return self._rules.gate(grants).policy.version

    def register(
        self,
        agent: Agent,
        *,
        pack: str = "",
        level: AuthorityLevel = AuthorityLevel.ADVISORY,
    ) -> None:
        """Adds an agent; the order of registration is the order of merging.

        Args:
            agent: the agent.
            pack: the pack it belongs to; one of no pack takes part in every run.
            level: how far its word reaches, for the policy to compare with.

        Raises:
            InvalidConfiguration: if an agent of that name is registered, or its name cannot be one.
        """
        self._roster.add(agent, pack, level)

    def step(self, state: RunState | None, command: Command, now: int) -> list[e.Event]:
        """Returns the events that follow from ``command``; nothing is changed.

        Args:
            state: the run as folded; None only for :class:`Begin`.
            command: what is asked.
            now: microseconds since 1970 UTC.

        Raises:
            IllegalCommand: if the command does not fit the run's phase.
            DecisionRefused: if a decision cannot be taken.
        """
        if state is None:
            if isinstance(command, Begin):
                return self._begin(command, now)
            raise IllegalCommand(f"{type(command).__name__} needs a run that has begun")
        legal = TRANSITIONS.get(type(command))
        if legal is not None and state.phase not in legal:
            name = type(command).__name__
            raise IllegalCommand(f"{name} does not fit run {state.run}, which is {state.phase}")
        require_going(state, command)
        match command:
            case Advance():
                if state.phase is Phase.RESOLVING:
                    return merge_answers(self._rules, state, now)
                return advance(self._rules, self._roster, state, now)
            case Report():
                return merge_report(self._rules, state, command.executed, now)
            case Begin():
                raise IllegalCommand(f"run {state.run} has begun already")
            case _:
                return self._taken(state, command, now)

    def _taken(self, state: RunState, command: FromOutside, now: int) -> list[e.Event]:
        """Returns what follows from what people, the host and the clock ask for."""
        match command:
            case Decide() | DecideAll() | Settle() | Act():
                return answered(state, command, now, self._verify)
            case Elapse():
                return elapse(state, now)
            case Restart():
                return _begun_again(state, now)
            case Stage():
                return [_staged(state, command)]
            case Snapshot():
                return [_snapshot(state)]
            case Suspend():
                return suspend(state, command)
            case Resume():
                return resume(state, command)
            case Cancel():
                return stop(state, state.cycle, UserCancelled(by=command.by))

    def work(self, state: RunState) -> tuple[tuple[Agent, ContextView], ...]:
        """Returns the agents to execute, each with its own view of the same snapshot."""
        agents, context = self._roster.agents, state.context
        return tuple([(agents[name], context.view()) for name in state.eligible[state.cycle]])

    def run(
        self,
        context: Context,
        *,
        authority: AuthorityGrant,
        intent: RootIntent | None = None,
        frames: Frames = (),
        executor: Executor = sequential,
        clock: Callable[[], int] = lambda: 0,
        on_event: Callable[[e.Event], None] | None = None,
    ) -> RunResult:
        """Runs to the fixed point, or until a person is needed.

        Args:
            context: staged input, and the facts to go on from, if another run came to them; the
                result has a context of its own.
            authority: what may be promoted without asking; nothing is, by default.
            intent: what the run is for, with its budgets.
            frames: what narrows the intent, each after the one it narrows.
            executor: how agents are executed.
            clock: microseconds since 1970 UTC.
            on_event: called with each event after it was folded.
        """
        before, grants = context.count(), (authority,)
        started = e.run_without_pack(
            RunId(f"run-{before}") if before else RUN,
            intent or NO_INTENT,
            policy_digest=self._rules.gate(grants).policy.version,
            agents=self.agents,
            grants=grants,
            continues=BEFORE if before else None,
            base_root=context.root if before else "",
            frames=frames or UNSET,
            levels=self._roster.levels_of(self.agents),
        )
        now = clock()
        events = self.step(None, Begin(started, inputs=context.staged(), base=context), now)
        state = begun(started, now, context, {})
        grow(state, events[1:], now, 1)
        seq, executing, waiting = len(events), Phase.EXECUTING, Phase.WAITING
        while True:
            if on_event is not None:
                for event in events:
                    on_event(event)
            phase = state.phase
            if phase is executing:
                command: Command = Report(executor(self.work(state)))
            elif phase is waiting:
                return RunResult(state.context, state.cycle, pending(state))
            elif state.stop is not None:
                return RunResult(state.context, state.cycle, state.stop)
            else:
                command = Advance()
            now = clock()
            events = self.step(state, command, now)
            grow(state, events, now, seq)
            seq += len(events)

    def _begin(self, command: Begin, now: int) -> list[e.Event]:
        started, intent = command.started, command.started.intent
        if intent is not NO_INTENT:
            validate(intent)
        if started.frames or intent is not NO_INTENT:
            validate_frames(intent, started.frames or ())
        if len(started.run) > MAX_RUN:
            raise IllegalCommand(
                f"the id {started.run[:MAX_RUN]}… of a run has {len(started.run)} characters; at "
                f"most {MAX_RUN} are allowed, so that ids can derive from it"
            )
        for name in intent.required_agents:
            if name not in self._roster.agents:
                raise IllegalCommand(f"the intent requires {name}, and no such agent is registered")
        reason = command.artifacts and why_not_begun(command.artifacts, started, command.uses)
        if reason:
            raise IllegalCommand(f"run {started.run} cannot begin. {reason}")
        levels = self._roster.levels_of(started.agents)
        if started.levels != levels:
            command = structs.replace(command, started=structs.replace(started, levels=levels))
        return merge_input(self._rules, command, now)


def _begun_again(state: RunState, now: int) -> list[e.Event]:
    if state.phase is Phase.WAITING:
        return begin_again(state, now)
    if state.suspension is not None:
        return []  # its agents begin again when it is resumed
    eligible = state.eligible[state.cycle]
    return [e.CycleStarted(run=state.run, cycle=state.cycle, eligible=eligible)]


def _staged(state: RunState, command: Stage) -> e.InputStaged:
    """Returns what a person lays before the run, as a proposal of theirs that waits.

    Raises:
        DecisionRefused: if they are not enrolled.
    """
    reason = why_not_enrolled(state, command.by)
    if reason:
        raise DecisionRefused(reason)
    name = ProposalId(f"{state.run}/{state.cycle}/{INPUT}/staged-{state.inputs_staged}")
    author = Actor(kind=ActorKind.HUMAN, id=command.by.id)
    fact = settled(ProposedFact, command.input)
    return e.InputStaged(run=state.run, draft=draft(name, author, INPUT, state.cycle, fact))


def _snapshot(state: RunState) -> e.SnapshotTaken:
    context = state.context
    return e.SnapshotTaken(
        run=state.run, cycle=state.cycle, facts=context.count(), root=context.root
    )
