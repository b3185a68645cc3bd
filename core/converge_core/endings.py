"""How a run ends or waits: budgets that are spent, rules that are broken, gates that close."""

from __future__ import annotations

from collections.abc import Iterable

from converge_core import events as e
from converge_core.canonical import hash_text
from converge_core.ids import AgentId
from converge_core.invariant import Invariant, Violation
from converge_core.merge import ENGINE, Merge
from converge_core.state import RunState
from converge_core.stop import (
    AnyStop,
    CycleBudgetExhausted,
    Error,
    HitlGatePending,
    InvariantViolated,
    TimeBudgetExhausted,
    TokenBudgetExhausted,
)

_VIOLATION = "violation:"
"""How ids of diagnostics begin that name a broken rule."""


def withdrawn(state: RunState) -> list[e.GateWithdrawn]:
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


def spent(state: RunState) -> AnyStop | None:
    """Returns the stop of the first budget that is used up, or None."""
    budgets = state.intent.budgets
    if state.cycle >= budgets.cycles:
        return CycleBudgetExhausted(executed=state.cycle, limit=budgets.cycles)
    if budgets.tokens is not None and state.tokens >= budgets.tokens:
        return TokenBudgetExhausted(consumed=state.tokens, limit=budgets.tokens)
    if budgets.time_us is not None and state.active_us >= budgets.time_us:
        return TimeBudgetExhausted(duration_us=state.active_us, limit_us=budgets.time_us)
    return None


def pending(state: RunState) -> HitlGatePending:
    """Returns the stop of a caller that cannot wait for the first open gate."""
    request = state.open_gates()[0].request
    return HitlGatePending(
        gate=request.id,
        proposal=request.proposal,
        summary=request.title,
        agent=request.agent,
        cycle=request.cycle,
    )


def broken_by(invariant: Invariant, violation: Violation) -> AnyStop:
    """Returns the stop a broken rule asks for; an error where it could not be judged."""
    if violation.failed:
        message = f"the {invariant.invariant_class} rule “{invariant.name}”: {violation.reason}"
        return Error(message=message, category="internal")
    return InvariantViolated(
        invariant_class=invariant.invariant_class.value,
        name=invariant.name,
        reason=violation.reason,
    )


def name_violation(merge: Merge, invariant: Invariant, violation: Violation) -> None:
    """Makes a diagnostic of how a rule is broken, once for each way of breaking it."""
    facts = ", ".join(violation.facts)
    sentence = f"{invariant.name}: {violation.reason}" + (f" Concerned: {facts}." if facts else "")
    merge.diagnose(f"{_VIOLATION}{invariant.name}:{hash_text(sentence)[:8]}", sentence)


def named_violations(events: Iterable[e.Event]) -> dict[str, str]:
    """Returns the rules that ``events`` name as broken, and how: by a diagnostic or by the end."""
    found: dict[str, str] = {}
    for event in events:
        if isinstance(event, e.FactPromoted):
            id_, agent = event.fact.id, event.fact.agent
            if agent == ENGINE and id_.startswith(_VIOLATION):
                name = id_.removeprefix(_VIOLATION).rpartition(":")[0]
                found.setdefault(name, event.fact.content.removeprefix(f"{name}: "))
        elif isinstance(event, e.RunStopped) and isinstance(event.reason, InvariantViolated):
            found.setdefault(event.reason.name, event.reason.reason)
    return found


def too_many(state: RunState, eligible: tuple[AgentId, ...]) -> Error | None:
    """Returns the stop where more agents are eligible than a cycle may have, or None."""
    limit = state.intent.budgets.agents_per_cycle
    if limit is None or len(eligible) <= limit:
        return None
    message = f"{len(eligible)} agents are eligible in one cycle; the budget is {limit}"
    return Error(message=message, category="resource", observed=len(eligible), limit=limit)
