"""The convergence loop, without input or output: commands in, events out.

``step`` looks at folded state and a command and returns the events that follow; it changes nothing.
Whoever drives it appends the events, folds them, and asks again. :meth:`Engine.run` is the
smallest such driver; the desktop's engine thread is another. What is legal when stands in
:mod:`converge_core.command`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from converge_core import events as e
from converge_core.agent import Agent, Executed, Executor, Registered, sequential, wants
from converge_core.audit import why_refused
from converge_core.authority import Actor, ActorKind, AuthorityGrant, AuthorityLevel
from converge_core.checks import BASIC
from converge_core.command import (
    TRANSITIONS,
    Advance,
    Begin,
    Cancel,
    Command,
    Decide,
    Report,
    Restart,
    Snapshot,
)
from converge_core.context import Context, ContextView
from converge_core.criterion import Judge, judge, outcome
from converge_core.endings import (
    broken_by,
    name_violation,
    pending,
    spent,
    too_many,
    withdrawn,
)
from converge_core.errors import DecisionRefused, IllegalCommand, InvalidConfiguration
from converge_core.fact import FactRecord
from converge_core.gate import Check, PromotionGate
from converge_core.ids import AgentId, RunId, TraceId, proposal_ids, trace_id, why_invalid
from converge_core.intent import RootIntent
from converge_core.invariant import Invariant, InvariantClass, OnViolation, Violation
from converge_core.key import ContextKey
from converge_core.merge import ENGINE, Merge, StakesOf
from converge_core.observation import Observation
from converge_core.policy import ENGINE_GATE, Policy, policy_of_grants
from converge_core.proposal import ProposedFact, draft
from converge_core.record import settled
from converge_core.review import Decision, SignatureCheck, no_signatures
from converge_core.state import Phase, RunState, begun, grow
from converge_core.stop import (
    AgentRefused,
    AnyStop,
    Converged,
    CriteriaMet,
    FactBudgetExhausted,
    PromotionRejected,
    UserCancelled,
)
from converge_core.trace import DecisionTrace
from converge_core.wakers import Change, Wakers

INPUT = AgentId("input")
KEYS = tuple(ContextKey)
BEFORE = RunId("before")
"""What is called the run that came to the context another goes on from."""
NO_INTENT = RootIntent(question="", subject="")
MAX_RUN = 32
"""The longest id of a run; ids of proposals, gates and traces derive from it."""
MAX_NAME = 64
"""The longest name of an agent or an invariant; ids derive from it and need room."""


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
        self._policy = policy
        self._judges = dict(criteria or {})
        self._stakes = stakes
        self._checks = {**BASIC, **(checks or {})}
        self._invariants = tuple(invariants)
        for invariant in self._invariants:
            _check_name("invariant", invariant.name)
        self._of = {
            kind: tuple(one for one in self._invariants if one.invariant_class is kind)
            for kind in InvariantClass
        }
        self._verify = verify
        self._agents: dict[AgentId, Agent] = {}
        self._packs: dict[AgentId, str] = {}
        self._levels: dict[AgentId, AuthorityLevel] = {}
        self._wakers = Wakers()
        self._gates: dict[tuple[AuthorityGrant, ...], PromotionGate] = {}

    @property
    def agents(self) -> tuple[AgentId, ...]:
        """The registered agents, in order."""
        return tuple(self._agents)

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
        known = Registered(agent)
        _check_name("agent", known.name)
        if known.name in {*self._agents, INPUT, ENGINE}:
            raise InvalidConfiguration(f"the name {known.name} of an agent is taken")
        self._wakers.add(len(self._agents), known)
        self._agents[known.name] = known
        self._packs[known.name] = pack
        self._levels[known.name] = level

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
        if isinstance(command, Begin):
            if state is not None:
                raise IllegalCommand(f"run {state.run} has begun already")
            return self._begin(command, now)
        if state is None:
            raise IllegalCommand(f"{type(command).__name__} needs a run that has begun")
        if state.phase not in TRANSITIONS[type(command)]:
            name = type(command).__name__
            raise IllegalCommand(f"{name} does not fit run {state.run}, which is {state.phase}")
        match command:
            case Advance():
                resolving = state.phase is Phase.RESOLVING
                return self._resolve(state, now) if resolving else self._advance(state, now)
            case Report():
                return self._merge(state, command.executed, now)
            case Restart():
                eligible = state.eligible[state.cycle]
                return [e.CycleStarted(run=state.run, cycle=state.cycle, eligible=eligible)]
            case Decide():
                return self._decide(state, command)
            case Snapshot():
                return [_snapshot(state)]
            case Cancel():
                return self._stop(state, state.cycle, UserCancelled(by=command.by))

    def work(self, state: RunState) -> tuple[tuple[Agent, ContextView], ...]:
        """Returns the agents to execute, each with its own view of the same snapshot."""
        eligible = state.eligible[state.cycle]
        return tuple([(self._agents[name], state.context.view()) for name in eligible])

    def run(
        self,
        context: Context,
        *,
        authority: AuthorityGrant,
        intent: RootIntent | None = None,
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
            executor: how agents are executed.
            clock: microseconds since 1970 UTC.
            on_event: called with each event after it was folded.
        """
        before, grants = context.count(), (authority,)
        started = e.run_without_pack(
            RunId(f"run-{before}" if before else "run"),
            intent or NO_INTENT,
            policy_digest=self._gate(grants).policy.version,
            agents=self.agents,
            grants=grants,
            continues=BEFORE if before else None,
            base_root=context.root if before else "",
        )
        now = clock()
        events = self.step(None, Begin(started, inputs=context.staged(), base=context), now)
        state = begun(started, now, context)
        grow(state, events[1:], now, 1)
        seq = len(events)
        while True:
            if on_event is not None:
                for event in events:
                    on_event(event)
            phase = state.phase
            if phase is Phase.EXECUTING:
                command: Command = Report(executor(self.work(state)))
            elif phase is Phase.WAITING:
                return RunResult(state.context, state.cycle, pending(state))
            elif state.stop is not None:
                return RunResult(state.context, state.cycle, state.stop)
            else:
                command = Advance()
            now = clock()
            events = self.step(state, command, now)
            grow(state, events, now, seq)
            seq += len(events)

    def _gate(self, grants: tuple[AuthorityGrant, ...]) -> PromotionGate:
        gate = self._gates.get(grants)
        if gate is None:
            policy = self._policy or policy_of_grants(grants)
            gate = PromotionGate(ENGINE_GATE, policy, self._checks)
            self._gates = {grants: gate}
        return gate

    def _merge_on(self, state: RunState, now: int) -> Merge:
        gate = self._gate(state.grants)
        return Merge.of(state, gate, now, levels=self._levels, stakes=self._stakes)

    def _begin(self, command: Begin, now: int) -> list[e.Event]:
        started = command.started
        base = command.base if started.continues else Context()
        if started.base_root and base.root != started.base_root:
            raise IllegalCommand(
                f"run {started.run} does not begin where {started.continues} ended"
            )
        self._check_run(started)
        state = begun(started, now, base)
        observed = [settled(Observation, one) for one in command.observations]
        for one in observed:
            if not one.intact():
                raise IllegalCommand(f"observation {one.id} does not have its payload's hash")
            state.observations[one.id] = one
        merge = self._merge_on(state, now)
        if command.inputs:
            author = Actor(kind=ActorKind.SYSTEM, id=INPUT)
            names = proposal_ids(started.run, 0, INPUT, len(command.inputs))
            for name, fact in zip(names, command.inputs, strict=True):
                merge.consider(draft(name, author, INPUT, 0, settled(ProposedFact, fact)))
        staged = [e.ObservationStaged(run=started.run, observation=one) for one in observed]
        broken = merge.broken(self._of[InvariantClass.STRUCTURAL])
        if broken:
            return [started, *staged, *self._discard(state, merge, broken)]
        return [started, *staged, *self._close(merge, state, ())]

    def _check_run(self, started: e.RunStarted) -> None:
        if len(started.run) > MAX_RUN:
            raise IllegalCommand(
                f"the id {started.run[:MAX_RUN]}… of a run has {len(started.run)} characters; at "
                f"most {MAX_RUN} are allowed, so that ids can derive from it"
            )
        for name in started.intent.required_agents:
            if name not in self._agents:
                raise IllegalCommand(f"the intent requires {name}, and no such agent is registered")

    def _advance(self, state: RunState, now: int) -> list[e.Event]:
        if state.cycle > 0 and not self._moved(state):
            return self._finish(state, state.cycle, now)
        stopped = self._stop_if_broken(state, state.cycle, now, OnViolation.STOP)
        if stopped:
            return stopped
        eligible = self._eligible(state, self._woken(state))
        following = e.CycleStarted(run=state.run, cycle=state.cycle + 1, eligible=eligible)
        if not eligible:
            return self._finish(state, state.cycle + 1, now, following)
        end = spent(state) or too_many(state, eligible)
        return self._stop(state, state.cycle, end) if end else [following]

    def _moved(self, state: RunState) -> bool:
        """Whether the last cycle changed anything; a diagnostic counts for whom it concerns."""
        if any(fact.key is not ContextKey.DIAGNOSTIC for fact in state.changed):
            return True
        return bool(self._eligible(state, self._wakers.concerned(_changes(state.changed))))

    def _woken(self, state: RunState) -> Iterable[Agent]:
        if state.cycle == 0 and state.started.continues:
            return self._wakers.woken_by_all(state.context)
        return self._wakers.woken(_changes(state.changed))

    def _eligible(self, state: RunState, woken: Iterable[Agent]) -> tuple[AgentId, ...]:
        context, active = state.context, state.intent.active_packs
        return tuple(
            [
                agent.name
                for agent in woken
                if (active is None or self._packs[agent.name] in ("", *active))
                and wants(agent, context.view())
            ]
        )

    def _merge(self, state: RunState, executed: tuple[Executed, ...], now: int) -> list[e.Event]:
        expected, got = state.eligible[state.cycle], tuple([one.agent for one in executed])
        if got != expected:
            raise IllegalCommand(f"cycle {state.cycle} awaits {expected}, not {got}")
        merge = self._merge_on(state, now)
        traces: list[e.TraceRecorded] = []
        for one in executed:
            traced = _traced(merge, one) if one.effect.calls else []
            traces += traced
            _take_in(merge, one, tuple([event.trace.id for event in traced]))
        failed = [one for one in executed if one.failure or one.effect.refusal]
        for one in failed:
            merge.fail(one.agent, one.failure or one.effect.refusal)
        broken = merge.broken(self._of[InvariantClass.STRUCTURAL])
        if broken:
            return [*traces, *self._discard(state, merge, broken)]
        required = [one for one in failed if one.agent in state.intent.required_agents]
        stop: AnyStop | None = None
        if required:
            reason = required[0].failure or required[0].effect.refusal
            stop = AgentRefused(agent=required[0].agent, reason=reason)
        return [*traces, *self._close(merge, state, (stop,) if stop else ())]

    def _resolve(self, state: RunState, now: int) -> list[e.Event]:
        merge = self._merge_on(state, now)
        for gate in state.gates.values():
            if gate.decision is not None and not gate.merged:
                merge.resolve(gate, state.drafts[gate.request.proposal])
        broken = merge.broken(self._of[InvariantClass.STRUCTURAL])
        if broken:
            return self._discard(state, merge, broken)
        return self._close(merge, state, ())

    def _close(self, merge: Merge, state: RunState, stops: tuple[AnyStop, ...]) -> list[e.Event]:
        """Returns a merge's events and its end: a stop, a pause at gates, or the cycle's end."""
        lost = [
            PromotionRejected(proposal=proposal.id, reason=reason)
            for fact_id, proposal, reason in merge.lost
            if fact_id in state.intent.required_facts and merge.context.find(fact_id) is None
        ]
        reasons: list[AnyStop] = [*stops, *lost]
        opened = () if reasons or merge.exhausted else merge.open_gates()
        if not reasons and not opened:
            self._remediate(merge)
        if merge.exhausted:
            facts, limit = merge.context.count() - state.base_facts, state.intent.budgets.facts
            reasons.append(FactBudgetExhausted(facts=facts, limit=limit))
        made = [*state.merging, *merge.made]
        changed = {fact.key for fact in made}
        ended = e.CycleEnded(
            run=merge.run,
            cycle=merge.cycle,
            facts=len(made),
            changed=tuple([key.value for key in KEYS if key in changed]) if made else (),
        )
        if reasons:
            merge.abandon()
            stopped = e.RunStopped(
                run=merge.run, cycles=merge.cycle, reason=reasons[0], root=merge.context.root
            )
            return [*merge.events, ended, stopped]
        if not opened:
            return [*merge.events, ended]
        gates = tuple(event.request.id for event in opened)
        return [*merge.events, *opened, e.RunPaused(run=merge.run, cycle=merge.cycle, gates=gates)]

    def _discard(
        self, state: RunState, merge: Merge, broken: tuple[Invariant, Violation]
    ) -> list[e.Event]:
        invariant, violation = broken
        kept, proposals = merge.salvaged()
        again = self._merge_on(state, merge.now)
        again.drafted = merge.drafted
        name_violation(again, invariant, violation)
        for event in kept:
            if isinstance(event, e.AgentFailed):
                again.diagnose_failure(event.agent, event.reason)
        reason = broken_by(invariant, violation)
        discarded = e.MergeDiscarded(
            run=state.run,
            cycle=state.cycle,
            invariant=invariant.name,
            reason=violation.reason,
            proposals=proposals,
        )
        stopped = e.RunStopped(
            run=state.run, cycles=state.cycle, reason=reason, root=again.context.root
        )
        return [*kept, discarded, *withdrawn(state), *again.events, stopped]

    def _decide(self, state: RunState, command: Decide) -> list[e.Event]:
        decision, operator = settled(Decision, command.decision), command.operator
        gate = state.gates.get(decision.gate)
        if gate is None:
            raise DecisionRefused(f"{decision.gate} is no gate of run {state.run}")
        taken = gate.decision
        if taken is not None:
            same = (taken.verdict, taken.operator, taken.reason)
            if same == (decision.verdict, decision.operator, decision.reason):
                return []
            raise DecisionRefused(
                f"{decision.gate} was decided before: {taken.operator} chose {taken.verdict} "
                f"at {taken.decided_at}; the first decision stands"
            )
        if gate.withdrawn:
            raise DecisionRefused(f"{decision.gate} is closed: {gate.withdrawn}")
        if any(one.decision and one.decision.id == decision.id for one in state.gates.values()):
            raise DecisionRefused(f"{decision.id} names another decision already")
        reason = why_refused(decision, gate.request, operator, self._verify)
        if reason:
            raise DecisionRefused(f"{decision.gate}: {reason}")
        return [e.GateDecided(run=state.run, decision=decision)]

    def _remediate(self, merge: Merge) -> None:
        """Names broken semantic rules that agents may mend in a diagnostic of this merge."""
        for invariant in self._of[InvariantClass.SEMANTIC]:
            violation = invariant.judge(merge.context)
            if violation and invariant.on_violation is OnViolation.REMEDIATE:
                name_violation(merge, invariant, violation)

    def _finish(
        self, state: RunState, cycles: int, now: int, *following: e.CycleStarted
    ) -> list[e.Event]:
        """Ends the run at its fixed point, unless a broken acceptance rule wakes somebody."""
        stopped = self._stop_if_broken(state, cycles, now)
        if stopped:
            return [*following, *stopped]
        again = self._go_on(state, now)
        if again:
            return again
        stopped = self._stop_if_broken(state, cycles, now, of=InvariantClass.ACCEPTANCE)
        if stopped:
            return [*following, *stopped]
        results = [
            (criterion, judge(criterion, self._judges, state.context))
            for criterion in state.intent.criteria
        ]
        return [*following, *self._stop(state, cycles, outcome(results))]

    def _go_on(self, state: RunState, now: int) -> list[e.Event]:
        """Returns another cycle for those who may mend a broken acceptance rule, if any wants."""
        open_ended = [
            one
            for one in self._of[InvariantClass.ACCEPTANCE]
            if one.on_violation is OnViolation.REMEDIATE
        ]
        if not open_ended:
            return []
        merge = self._merge_on(state, now)
        for invariant in open_ended:
            violation = invariant.judge(merge.context)
            if violation:
                name_violation(merge, invariant, violation)
        eligible = self._eligible(state, self._wakers.concerned(_changes(merge.made)))
        if not eligible:
            return []
        end = spent(state) or too_many(state, eligible)
        if end:
            return [*merge.events, *self._stop(state, state.cycle, end, merge.context)]
        return [
            *merge.events,
            e.CycleStarted(run=state.run, cycle=state.cycle + 1, eligible=eligible),
        ]

    def _stop_if_broken(
        self,
        state: RunState,
        cycles: int,
        now: int,
        mode: OnViolation | None = None,
        *,
        of: InvariantClass = InvariantClass.SEMANTIC,
    ) -> list[e.Event]:
        """Returns the end that a broken rule asks for, after a diagnostic that names it.

        Args:
            state: the run.
            cycles: how many cycles it took.
            now: microseconds since 1970 UTC.
            mode: just rules that lead to this; None for all.
            of: the class of rules to look at.
        """
        for invariant in self._of[of]:
            if mode is not None and invariant.on_violation is not mode:
                continue
            violation = invariant.judge(state.context)
            if violation:
                merge = self._merge_on(state, now)
                name_violation(merge, invariant, violation)
                reason = broken_by(invariant, violation)
                return [*merge.events, *self._stop(state, cycles, reason, merge.context)]
        return []

    def _stop(
        self, state: RunState, cycles: int, reason: AnyStop, context: Context | None = None
    ) -> list[e.Event]:
        root = (context or state.context).root
        stopped = e.RunStopped(run=state.run, cycles=cycles, reason=reason, root=root)
        return [*withdrawn(state), stopped]


def _check_name(what: str, name: str) -> None:
    reason = why_invalid(name)
    if not reason and len(name) > MAX_NAME:
        reason = f"has {len(name)} characters; at most {MAX_NAME} are allowed"
    if reason:
        raise InvalidConfiguration(f"the name {name[:40]!r} of an {what} {reason}")


def _traced(merge: Merge, one: Executed) -> list[e.TraceRecorded]:
    run, cycle, agent = merge.run, merge.cycle, one.agent
    names = [trace_id(run, cycle, agent, ordinal) for ordinal in range(len(one.effect.calls))]
    return [
        e.TraceRecorded(
            run=run, trace=DecisionTrace(id=name, run=run, cycle=cycle, agent=agent, call=call)
        )
        for name, call in zip(names, one.effect.calls, strict=True)
    ]


def _take_in(merge: Merge, one: Executed, traces: tuple[TraceId, ...]) -> None:
    agent, cycle, effect = one.agent, merge.cycle, one.effect
    author = Actor(kind=ActorKind.AGENT, id=agent)
    names = proposal_ids(merge.run, cycle, agent, len(effect.proposals))
    for name, fact in zip(names, effect.proposals, strict=True):
        if type(fact) is not ProposedFact:
            raise IllegalCommand(f"{agent} is reported to propose a {type(fact).__name__}")
        made = draft(name, author, agent, cycle, fact, read=one.reads, traces=traces)
        if effect.refusal:
            merge.set_aside(made, "agent-refused", "Its agent gave up in the same cycle.")
        else:
            merge.consider(made)


def _snapshot(state: RunState) -> e.SnapshotTaken:
    context = state.context
    return e.SnapshotTaken(
        run=state.run, cycle=state.cycle, facts=context.count(), root=context.root
    )


def _changes(facts: list[FactRecord]) -> Iterator[Change]:
    return ((fact.key, fact.kind, fact.id) for fact in facts)
