"""How a run ends or waits: budgets that are spent, rules that are broken, gates that close."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from converge_core import events as e
from converge_core.canonical import hash_text
from converge_core.context import Context
from converge_core.ids import AgentId, FactId
from converge_core.invariant import Invariant, Violation
from converge_core.merge import Merge
from converge_core.run_state import RunState
from converge_core.speakers import ENGINE
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
_NTH = re.compile(r":[0-9a-f]{8}(:[0-9]+)?$")
"""What ends the id of such a diagnostic: how the rule is broken, and the how-manieth time."""


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
    sentence = _sentence(invariant, violation)
    merge.diagnose(_nth(invariant, sentence, 1), sentence)


def name_breach(
    merge: Merge, state: RunState, invariant: Invariant, violation: Violation, *, since: int = 0
) -> None:
    """Makes a diagnostic of how a rule that may be mended is broken, once for each breach of it.

    A breach that lasts has been named. One that was mended at the end of a cycle and is back in the
    same words is another one and wakes its menders again; each costs a cycle, so budgets end that.

    Args:
        merge: makes the diagnostic.
        state: the run.
        invariant: the rule.
        violation: how it is broken now.
        since: the first cycle whose end may show that it was mended.
    """
    sentence, times = _sentence(invariant, violation), 1
    while merge.context.find(_nth(invariant, sentence, times + 1)):
        times += 1
    last = merge.context.find(_nth(invariant, sentence, times))
    if last is not None:
        named = state.drafts.get(last.record.proposal)  # none: by the run that this one continues
        after = named.cycle + 1 if named else 0
        ends = _ends(state, max(since, after))
        times += any(_told(invariant, context) != sentence for context in ends)
    merge.diagnose(_nth(invariant, sentence, times), sentence)


def _sentence(invariant: Invariant, violation: Violation) -> str:
    facts = ", ".join(violation.facts)
    return f"{invariant.name}: {violation.reason}" + (f" Concerned: {facts}." if facts else "")


def _told(invariant: Invariant, context: Context) -> str:
    violation = invariant.judge(context)
    return _sentence(invariant, violation) if violation else ""


def _nth(invariant: Invariant, sentence: str, times: int) -> FactId:
    """Returns the id of the diagnostic for the ``times``-th breach of a rule in these words."""
    name = f"{_VIOLATION}{invariant.name}:{hash_text(sentence)[:8]}"
    return FactId(name if times == 1 else f"{name}:{times}")


def _ends(state: RunState, first: int) -> Iterator[Context]:
    """Yields the context as each cycle from ``first`` on left it; it grows when asked for more."""
    context, facts, grown = Context(), state.context.in_order(), 0
    for count in state.ends[first:]:
        for fact in facts[grown:count]:
            context._grow(fact)  # noqa: SLF001 - a copy, to be looked at
        grown = count
        yield context


def name_breaches(merge: Merge, soft: tuple[Invariant, ...]) -> None:
    """Makes a diagnostic of each soft constraint that the merged context breaks."""
    for rule in soft:
        violation = rule.judge(merge.context)
        if violation:
            name_violation(merge, rule, violation)


def named_violations(events: Iterable[e.Event]) -> dict[str, str]:
    """Returns the rules that ``events`` name as broken, and how: by a diagnostic or by the end."""
    found: dict[str, str] = {}
    for event in events:
        if isinstance(event, e.FactPromoted):
            id_, agent = event.fact.id, event.fact.agent
            if agent == ENGINE and id_.startswith(_VIOLATION):
                name = _NTH.sub("", id_.removeprefix(_VIOLATION))
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
