"""The convergence loop, without input or output: commands in, events out.

``step`` looks at folded state and a command and returns the events that follow; it changes nothing.
Whoever drives it appends the events, folds them, and asks again. :meth:`Engine.run` is the
smallest such driver; the desktop's engine thread is another. What is legal when stands in
:mod:`converge_core.command`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from converge_core import events as e
from converge_core.agent import Agent, Executed, Executor, sequential, wants
from converge_core.audit import why_refused
from converge_core.authority import Actor, ActorKind, AuthorityGrant
from converge_core.checks import BASIC
from converge_core.command import (
    LEGAL,
    Advance,
    Begin,
    Cancel,
    Command,
    Decide,
    Report,
    Restart,
)
from converge_core.context import Context, ContextView
from converge_core.errors import DecisionRefused, IllegalCommand, InvalidConfiguration
from converge_core.gate import Check, PromotionGate
from converge_core.ids import AgentId, RunId, proposal_id, trace_id, why_invalid
from converge_core.intent import RootIntent
from converge_core.invariant import Invariant, InvariantClass, Violation
from converge_core.key import ContextKey
from converge_core.merge import ENGINE, Merge
from converge_core.policy import ENGINE_GATE, Policy, policy_of_grants
from converge_core.proposal import ProposedFact, draft
from converge_core.record import settled
from converge_core.review import SignatureCheck, no_signatures
from converge_core.state import DeskState, Phase, RunState, fold
from converge_core.stop import (
    AgentRefused,
    AnyStop,
    Converged,
    CriteriaMet,
    CycleBudgetExhausted,
    FactBudgetExhausted,
    HitlGatePending,
    InvariantViolated,
    PromotionRejected,
    TimeBudgetExhausted,
    TokenBudgetExhausted,
    UserCancelled,
)
from converge_core.trace import DecisionTrace

INPUT = AgentId("input")
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
        verify: SignatureCheck = no_signatures,
    ) -> None:
        self._policy = policy
        self._checks = {**BASIC, **(checks or {})}
        self._invariants = tuple(invariants)
        for invariant in self._invariants:
            _check_name("invariant", invariant.name)
        self._verify = verify
        self._agents: dict[AgentId, Agent] = {}

    @property
    def agents(self) -> tuple[AgentId, ...]:
        """The registered agents, in order."""
        return tuple(self._agents)

    def register(self, agent: Agent) -> None:
        """Adds an agent; the order of registration is the order of merging.

        Raises:
            InvalidConfiguration: if an agent of that name is registered, or its name cannot be one.
        """
        _check_name("agent", agent.name)
        if agent.name in {*self._agents, INPUT, ENGINE}:
            raise InvalidConfiguration(f"the name {agent.name} of an agent is taken")
        self._agents[agent.name] = agent

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
        if state.phase not in LEGAL[type(command)]:
            name = type(command).__name__
            raise IllegalCommand(f"{name} does not fit run {state.run}, which is {state.phase}")
        match command:
            case Advance() if state.phase is Phase.RESOLVING:
                return self._resolve(state, now)
            case Advance():
                return self._advance(state)
            case Report():
                return self._merge(state, command.executed, now)
            case Restart():
                eligible = state.eligible[state.cycle]
                return [e.CycleStarted(run=state.run, cycle=state.cycle, eligible=eligible)]
            case Decide():
                return self._decide(state, command)
            case Cancel():
                return self._stop(state, state.cycle, UserCancelled(by=command.by))

    def work(self, state: RunState) -> tuple[tuple[Agent, ContextView], ...]:
        """Returns the agents to execute, each with its own view of the same snapshot."""
        eligible = state.eligible[state.cycle]
        return tuple((self._agents[name], state.context.view()) for name in eligible)

    def run(
        self,
        context: Context,
        *,
        authority: AuthorityGrant,
        intent: RootIntent | None = None,
        executor: Executor = sequential,
        clock: Callable[[], int] = lambda: 0,
        on_event: Callable[[e.Event], None] = lambda _: None,
    ) -> RunResult:
        """Runs to the fixed point, or until a person is needed.

        Args:
            context: staged input; the result has a context of its own.
            authority: what may be promoted without asking; nothing is, by default.
            intent: what the run is for, with its budgets.
            executor: how agents are executed.
            clock: microseconds since 1970 UTC.
            on_event: called with each event after it was folded.
        """
        started = e.RunStarted(
            run=RunId("run"),
            pack="",
            pack_version=0,
            pack_digest="",
            policy_digest=self._gate((authority,)).policy.version,
            intent=intent or RootIntent(question="", subject=""),
            agents=self.agents,
            grants=(authority,),
            folder="",
        )
        desk, state = DeskState(), None
        command: Command = Begin(started, inputs=context.staged())
        while True:
            now = clock()
            for event in self.step(state, command, now):
                desk = fold(desk, event, now, desk.seq + 1)
                on_event(event)
            state = desk.runs[started.run]
            match state.phase:
                case Phase.EXECUTING:
                    command = Report(executor(self.work(state)))
                case Phase.WAITING:
                    return RunResult(state.context, state.cycle, _pending(state))
                case Phase.STOPPED:
                    assert state.stop is not None
                    return RunResult(state.context, state.cycle, state.stop)
                case _:
                    command = Advance()

    def _gate(self, grants: tuple[AuthorityGrant, ...]) -> PromotionGate:
        policy = self._policy or policy_of_grants(grants)
        return PromotionGate(ENGINE_GATE, policy, self._checks)

    def _begin(self, command: Begin, now: int) -> list[e.Event]:
        started = command.started
        merge = Merge(
            run=started.run,
            cycle=0,
            gate=self._gate(started.grants),
            context=Context(),
            grants=started.grants,
            max_facts=started.intent.budgets.facts,
            now=now,
        )
        author = Actor(kind=ActorKind.SYSTEM, id=INPUT)
        for ordinal, fact in enumerate(command.inputs):
            name = proposal_id(started.run, 0, INPUT, ordinal)
            merge.consider(draft(name, author, INPUT, 0, settled(ProposedFact, fact)))
        staged = [
            e.ObservationStaged(run=started.run, observation=observation)
            for observation in command.observations
        ]
        return [started, *staged, *self._close(merge, None, ())]

    def _advance(self, state: RunState) -> list[e.Event]:
        if state.cycle > 0 and not self._moved(state):
            return self._finish(state, state.cycle)
        broken = self._broken(state.context, InvariantClass.SEMANTIC)
        if broken:
            return self._stop(state, state.cycle, broken)
        spent = _spent(state)
        if spent:
            return self._stop(state, state.cycle, spent)
        cycle = state.cycle + 1
        eligible = self._eligible(state)
        begun = e.CycleStarted(run=state.run, cycle=cycle, eligible=eligible)
        if eligible:
            return [begun]
        return [begun, *self._finish(state, cycle)]

    def _moved(self, state: RunState) -> bool:
        """Whether the last cycle changed anything; a diagnostic counts for who depends on it."""
        agents = self._agents.values()
        heard = any(ContextKey.DIAGNOSTIC in agent.dependencies for agent in agents)
        return bool(state.changed if heard else state.changed - {ContextKey.DIAGNOSTIC})

    def _eligible(self, state: RunState) -> tuple[AgentId, ...]:
        view = state.context.view()
        return tuple(
            agent.name
            for agent in self._agents.values()
            if (not agent.dependencies or state.changed.intersection(agent.dependencies))
            and wants(agent, view)
        )

    def _merge(self, state: RunState, executed: tuple[Executed, ...], now: int) -> list[e.Event]:
        expected, got = state.eligible[state.cycle], tuple(one.agent for one in executed)
        if got != expected:
            raise IllegalCommand(f"cycle {state.cycle} awaits {expected}, not {got}")
        merge = Merge.of(state, self._gate(state.grants), now)
        traces: list[e.Event] = []
        for one in executed:
            traces += self._take_in(merge, one)
        failed = [one for one in executed if one.failure or one.effect.refusal]
        for one in failed:
            merge.fail(one.agent, one.failure or one.effect.refusal)
        broken = merge.broken(self._of(InvariantClass.STRUCTURAL))
        if broken:
            return [*traces, *self._discard(state, merge, broken)]
        required = [one for one in failed if one.agent in state.intent.required_agents]
        stop: AnyStop | None = None
        if required:
            reason = required[0].failure or required[0].effect.refusal
            stop = AgentRefused(agent=required[0].agent, reason=reason)
        return [*traces, *self._close(merge, state, (stop,) if stop else ())]

    def _take_in(self, merge: Merge, one: Executed) -> list[e.Event]:
        traces = tuple(
            DecisionTrace(
                id=trace_id(merge.run, merge.cycle, one.agent, ordinal),
                run=merge.run,
                cycle=merge.cycle,
                agent=one.agent,
                call=call,
            )
            for ordinal, call in enumerate(one.effect.calls)
        )
        author = Actor(kind=ActorKind.AGENT, id=one.agent)
        named = tuple(trace.id for trace in traces)
        for ordinal, fact in enumerate(one.effect.proposals):
            name = proposal_id(merge.run, merge.cycle, one.agent, ordinal)
            merge.consider(
                draft(name, author, one.agent, merge.cycle, fact, read=one.reads, traces=named)
            )
        return [e.TraceRecorded(run=merge.run, trace=trace) for trace in traces]

    def _resolve(self, state: RunState, now: int) -> list[e.Event]:
        merge = Merge.of(state, self._gate(state.grants), now)
        for gate in state.gates.values():
            if gate.decision is not None and not gate.merged:
                merge.resolve(gate, state.drafts[gate.request.proposal])
        broken = merge.broken(self._of(InvariantClass.STRUCTURAL))
        if broken:
            return self._discard(state, merge, broken)
        return self._close(merge, state, ())

    def _close(
        self, merge: Merge, state: RunState | None, stops: tuple[AnyStop, ...]
    ) -> list[e.Event]:
        """Returns a merge's events and its end: a stop, a pause at gates, or the cycle's end."""
        lost = [
            PromotionRejected(proposal=proposal.id, reason=reason)
            for fact_id, proposal, reason in merge.lost
            if state is not None and fact_id in state.intent.required_facts
        ]
        reasons: list[AnyStop] = [*stops, *lost]
        if merge.exhausted:
            facts = merge.context.count()
            reasons.append(FactBudgetExhausted(facts=facts, limit=merge.max_facts))
        made = [event.fact.key for event in merge.events if isinstance(event, e.FactPromoted)]
        if state is not None:
            made += state.merging
        ended = e.CycleEnded(
            run=merge.run,
            cycle=merge.cycle,
            facts=len(made),
            changed=tuple(key.value for key in ContextKey if key in made),
        )
        if reasons:
            merge.abandon()
            stopped = e.RunStopped(
                run=merge.run, cycles=merge.cycle, reason=reasons[0], root=merge.context.root
            )
            return [*merge.events, ended, stopped]
        opened = merge.open_gates()
        if not opened:
            return [*merge.events, ended]
        gates = tuple(event.request.id for event in opened)
        return [*merge.events, *opened, e.RunPaused(run=merge.run, cycle=merge.cycle, gates=gates)]

    def _discard(
        self, state: RunState, merge: Merge, broken: tuple[Invariant, Violation]
    ) -> list[e.Event]:
        invariant, violation = broken
        kept, proposals = merge.salvaged()
        again = Merge.of(state, merge.gate, merge.now)
        again.drafted = merge.drafted
        again.diagnose(f"violation:{invariant.name}:{state.cycle}", violation.reason)
        reason = InvariantViolated(
            invariant_class=invariant.invariant_class.value,
            name=invariant.name,
            reason=violation.reason,
        )
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
        return [*kept, discarded, *_withdrawn(state), *again.events, stopped]

    def _decide(self, state: RunState, command: Decide) -> list[e.Event]:
        decision, operator = command.decision, command.operator
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
        reason = why_refused(decision, gate.request, operator, self._verify)
        if reason:
            raise DecisionRefused(f"{decision.gate}: {reason}")
        return [e.GateDecided(run=state.run, decision=decision)]

    def _finish(self, state: RunState, cycles: int) -> list[e.Event]:
        for invariant_class in (InvariantClass.SEMANTIC, InvariantClass.ACCEPTANCE):
            broken = self._broken(state.context, invariant_class)
            if broken:
                return self._stop(state, cycles, broken)
        criteria = state.intent.criteria
        if criteria and all(state.context.has(criterion.key) for criterion in criteria):
            met = tuple(criterion.description for criterion in criteria)
            return self._stop(state, cycles, CriteriaMet(criteria=met))
        return self._stop(state, cycles, Converged())

    def _stop(self, state: RunState, cycles: int, reason: AnyStop) -> list[e.Event]:
        stopped = e.RunStopped(run=state.run, cycles=cycles, reason=reason, root=state.context.root)
        return [*_withdrawn(state), stopped]

    def _of(self, invariant_class: InvariantClass) -> tuple[Invariant, ...]:
        return tuple(one for one in self._invariants if one.invariant_class is invariant_class)

    def _broken(
        self, context: Context, invariant_class: InvariantClass
    ) -> InvariantViolated | None:
        for invariant in self._of(invariant_class):
            violation = invariant.check(context)
            if violation:
                return InvariantViolated(
                    invariant_class=invariant_class.value,
                    name=invariant.name,
                    reason=violation.reason,
                )
        return None


def _check_name(what: str, name: str) -> None:
    reason = why_invalid(name)
    if not reason and len(name) > MAX_NAME:
        reason = f"has {len(name)} characters; at most {MAX_NAME} are allowed"
    if reason:
        raise InvalidConfiguration(f"the name {name[:40]!r} of an {what} {reason}")


def _withdrawn(state: RunState) -> list[e.GateWithdrawn]:
    """Returns the end of each gate whose answer is missing, or was not carried out."""
    return [
        e.GateWithdrawn(
            run=state.run,
            gate=gate.request.id,
            reason="the run was stopped"
            if gate.open
            else "the run was stopped before the answer took effect",
        )
        for gate in state.gates.values()
        if not gate.merged and not gate.withdrawn
    ]


def _spent(state: RunState) -> AnyStop | None:
    budgets = state.intent.budgets
    if state.cycle >= budgets.cycles:
        return CycleBudgetExhausted(executed=state.cycle, limit=budgets.cycles)
    if budgets.tokens is not None and state.tokens >= budgets.tokens:
        return TokenBudgetExhausted(consumed=state.tokens, limit=budgets.tokens)
    if budgets.time_us is not None and state.active_us >= budgets.time_us:
        return TimeBudgetExhausted(duration_us=state.active_us, limit_us=budgets.time_us)
    return None


def _pending(state: RunState) -> HitlGatePending:
    request = state.open_gates()[0].request
    return HitlGatePending(
        gate=request.id,
        proposal=request.proposal,
        summary=request.title,
        agent=request.agent,
        cycle=request.cycle,
    )
