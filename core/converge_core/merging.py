"""The merge phase: input, reports and answers are merged, and the cycle ends, waits or stops."""

from __future__ import annotations

from msgspec import UNSET

from converge_core import events as e
from converge_core.agent import AgentEffect, Executed, is_settled, taken
from converge_core.audit_calls import why_not_as_planned, why_unbelievable
from converge_core.authority import Actor, ActorKind
from converge_core.command import Begin
from converge_core.context import Context
from converge_core.endings import (
    broken_by,
    name_breach,
    name_breaches,
    name_violation,
    withdrawn,
)
from converge_core.errors import IllegalCommand, InvalidValue
from converge_core.fact import FactRecord
from converge_core.ids import TraceId, proposal_ids, trace_id
from converge_core.invariant import Invariant, Violation
from converge_core.key import ContextKey
from converge_core.merge import Merge
from converge_core.observation import Observation
from converge_core.opening import open_gates, open_tensions
from converge_core.proposal import Draft, ProposedFact, draft
from converge_core.record import settled
from converge_core.resolving import resolve
from converge_core.rules import Rules
from converge_core.run_state import RunState
from converge_core.sizes import require_recordable
from converge_core.speakers import INPUT
from converge_core.state import begun
from converge_core.stop import AgentRefused, AnyStop, FactBudgetExhausted, PromotionRejected
from converge_core.trace import DecisionTrace

KEYS = tuple(ContextKey)


def merge_input(rules: Rules, command: Begin, now: int) -> list[e.Event]:
    """Returns what follows from the input of a run that begins, which is its cycle 0.

    Raises:
        IllegalCommand: if the run does not begin where the one ended or stood that it continues,
            or what was observed is not what was hashed.
    """
    started = command.started
    base = command.base if started.continues else Context()
    forked = started.forked_at is not UNSET
    if forked and started.continues is None:
        raise IllegalCommand(f"run {started.run} is a fork, of no run")
    if (forked or started.base_root) and base.root != started.base_root:
        where = f"stood at record {started.forked_at}" if forked else "ended"
        raise IllegalCommand(f"run {started.run} does not begin where {started.continues} {where}")
    state = begun(started, now, base, command.operators, command.revoked)
    observed = [settled(Observation, one) for one in command.observations]
    for one in observed:
        require_recordable(one, f"the observation {one.id}")
        if not one.intact():
            raise IllegalCommand(f"observation {one.id} does not have its payload's hash")
        state.observations[one.id] = one
    merge = rules.merge(state, now)
    if command.inputs:
        author = Actor(kind=ActorKind.SYSTEM, id=INPUT)
        names = proposal_ids(started.run, 0, INPUT, len(command.inputs))
        for name, fact in zip(names, command.inputs, strict=True):
            merge.consider(draft(name, author, INPUT, 0, settled(ProposedFact, fact)))
    staged = [e.ObservationStaged(run=started.run, observation=one) for one in observed]
    return [started, *staged, *_outcome(rules, state, merge)]


def merge_report(
    rules: Rules, state: RunState, executed: tuple[Executed, ...], now: int
) -> list[e.Event]:
    """Returns what follows from what the eligible agents did.

    Raises:
        IllegalCommand: if it is not they who report, or what they propose is no proposal.
    """
    expected = state.eligible[state.cycle]
    try:
        got = tuple([one.agent for one in executed])
    except (TypeError, AttributeError) as error:
        raise IllegalCommand(f"cycle {state.cycle} was reported by what is no report") from error
    if got != expected:
        raise IllegalCommand(f"cycle {state.cycle} awaits {expected}, not {got}")
    executed = tuple([one if is_settled(one) else _settled(one) for one in executed])
    executed = tuple([_believable(state, one) if one.effect.calls else one for one in executed])
    merge = rules.merge(state, now)
    traces: list[e.TraceRecorded] = []
    attempts: list[e.CallAttempted] = []
    drafts: list[tuple[Draft, str]] = []
    for one in executed:
        traced = _traced(merge, one) if one.effect.calls else []
        traces += traced
        attempts += _attempted(merge, one) if one.effect.attempts else []
        drafts += _drafted(merge, one, tuple([event.trace.id for event in traced]))
    if len(drafts) + len(state.staged) > 1:
        new = [made for made, refusal in drafts if not refusal]
        merge.note_contradictions([*state.staged.values(), *new])
    if traces:
        merge.traces = {**state.traces, **{event.trace.id: event.trace for event in traces}}
    for staged in state.staged.values():
        merge.consider(staged)
    for made, refusal in drafts:
        if refusal:
            merge.set_aside(made, "agent-refused", "Its agent gave up in the same cycle.")
        else:
            merge.consider(made)
    refused: AnyStop | None = None
    for one in executed:
        reason = one.failure or one.effect.refusal
        if reason:
            merge.fail(one.agent, reason)
            if refused is None and one.agent in state.intent.required_agents:
                refused = AgentRefused(agent=one.agent, reason=reason)
    return [*attempts, *traces, *_outcome(rules, state, merge, refused)]


def merge_answers(rules: Rules, state: RunState, now: int) -> list[e.Event]:
    """Returns what follows from the answers of people, once all have answered."""
    merge = rules.merge(state, now)
    for staged in state.staged.values():
        if staged.fact.corrects:  # what people decided on may rest on it
            merge.consider(staged)
    for gate in state.gates.values():
        if gate.closed and not gate.withdrawn and not gate.merged:
            resolve(merge, gate, state.drafts[gate.request.proposal])
    return _outcome(rules, state, merge)


def _settled(one: Executed) -> Executed:
    """Returns what an executor reports about an agent, so that it can be read back.

    Raises:
        IllegalCommand: if it cannot be; what :func:`execute` made always can.
    """
    try:
        return taken(one)
    except InvalidValue as error:
        words = f"what {one.agent} is reported to have done cannot be recorded: {error}"
        raise IllegalCommand(words) from error


def _believable(state: RunState, one: Executed) -> Executed:
    """Returns what an agent did, or its failure where it tells of a call that cannot have been."""
    plan, calls = state.started.plan, one.effect.calls
    reasons = [why_unbelievable(call) for call in calls]
    if plan is not UNSET:
        reasons += [why_not_as_planned(one.agent, call, plan) for call in calls]
    elif any(call.plan is not UNSET for call in calls):
        reasons.append("it names a plan, and its run has none")
    reason = next(filter(None, reasons), "")
    if not reason:
        return one
    return Executed(one.agent, AgentEffect(), one.reads, f"It tells of a model call: {reason}")


def _attempted(merge: Merge, one: Executed) -> list[e.CallAttempted]:
    run, cycle, agent = merge.run, merge.cycle, one.agent
    return [
        e.CallAttempted(run=run, cycle=cycle, agent=agent, attempt=attempt)
        for attempt in one.effect.attempts
    ]


def _traced(merge: Merge, one: Executed) -> list[e.TraceRecorded]:
    run, cycle, agent = merge.run, merge.cycle, one.agent
    return [
        e.TraceRecorded(
            run=run,
            trace=DecisionTrace(
                id=trace_id(run, cycle, agent, ordinal),
                run=run,
                cycle=cycle,
                agent=agent,
                call=call,
            ),
        )
        for ordinal, call in enumerate(one.effect.calls)
    ]


def _drafted(merge: Merge, one: Executed, traces: tuple[TraceId, ...]) -> list[tuple[Draft, str]]:
    """Returns what an agent proposes, on record, each with why it gave up if it did."""
    agent, cycle, effect = one.agent, merge.cycle, one.effect
    author = Actor(kind=ActorKind.AGENT, id=agent)
    names = proposal_ids(merge.run, cycle, agent, len(effect.proposals))
    try:
        return [
            (draft(name, author, agent, cycle, fact, read=one.reads, traces=traces), effect.refusal)
            for name, fact in zip(names, effect.proposals, strict=True)
        ]
    except InvalidValue as error:  # it was settled, and changed in place since
        raise IllegalCommand(f"what {agent} proposed was changed: {error}") from error


def _outcome(
    rules: Rules, state: RunState, merge: Merge, stop: AnyStop | None = None
) -> list[e.Event]:
    """Returns a merge's events and its end: a stop, a pause at gates, or the cycle's end."""
    binding = state.binding
    if rules.structural or binding.hard:
        broken = merge.broken(rules.structural) or merge.broken(binding.hard)
        if broken:
            return _discard(rules, state, merge, *broken)
    if binding.soft:
        name_breaches(merge, binding.soft)
    if merge.lost:
        stop = stop or _required_and_lost(state, merge)
    opened = open_gates(merge) if merge.asked and not (stop or merge.exhausted) else ()
    if not stop and not opened:
        for invariant in rules.remedied:
            violation = invariant.judge(merge.context)
            if violation:
                before = max(state.cycle - 1, 0)  # it is looked at as each cycle ends
                name_breach(merge, state, invariant, violation, since=before)
    if merge.exhausted and not stop:
        facts, limit = merge.context.count() - state.base_facts, state.intent.budgets.facts
        stop = FactBudgetExhausted(facts=facts, limit=limit)
    run, cycle, made = merge.run, merge.cycle, [*state.merging, *merge.made]
    ended = e.CycleEnded(run=run, cycle=cycle, facts=len(made), changed=_keys(made) if made else ())
    if stop:
        merge.abandon()
        root = merge.context.root
        return [*merge.events, ended, e.RunStopped(run=run, cycles=cycle, reason=stop, root=root)]
    if not opened:
        return [*merge.events, ended]
    gates = tuple(event.request.id for event in opened)
    paused = e.RunPaused(run=run, cycle=cycle, gates=gates)
    return [*merge.events, *opened, *open_tensions(merge, opened), paused]


def _keys(made: list[FactRecord]) -> tuple[str, ...]:
    keys = {fact.key for fact in made}
    return tuple([key.value for key in sorted(keys, key=KEYS.index)])


def _required_and_lost(state: RunState, merge: Merge) -> AnyStop | None:
    """Returns the stop for the first fact that the intent requires and that was refused."""
    for fact_id, proposal, reason in merge.lost:
        if fact_id in state.intent.required_facts and merge.context.find(fact_id) is None:
            return PromotionRejected(proposal=proposal.id, reason=reason)
    return None


def _discard(
    rules: Rules, state: RunState, merge: Merge, invariant: Invariant, violation: Violation
) -> list[e.Event]:
    kept, proposals = merge.salvaged()
    again = rules.merge(state, merge.now)
    again.drafted = merge.drafted
    name_violation(again, invariant, violation)
    for event in kept:
        if isinstance(event, e.AgentFailed):
            again.diagnose_failure(event.agent, event.reason)
    run, cycle = state.run, state.cycle
    discarded = e.MergeDiscarded(
        run=run,
        cycle=cycle,
        invariant=invariant.name,
        reason=violation.reason,
        proposals=proposals,
    )
    stopped = e.RunStopped(
        run=run, cycles=cycle, reason=broken_by(invariant, violation), root=again.context.root
    )
    return [*kept, discarded, *withdrawn(state), *again.events, stopped]
