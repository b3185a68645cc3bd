"""After a cycle: the next one, or the end of the run at its fixed point or before."""

from __future__ import annotations

from collections.abc import Iterator

from converge_core import events as e
from converge_core.context import Context
from converge_core.criterion import judge, outcome
from converge_core.endings import (
    broken_by,
    name_breach,
    name_violation,
    spent,
    too_many,
    withdrawn,
)
from converge_core.ids import AgentId
from converge_core.roster import Roster
from converge_core.rules import Invariants, Rules
from converge_core.run_state import RunState
from converge_core.stop import AnyStop


def advance(rules: Rules, roster: Roster, state: RunState, now: int) -> list[e.Event]:
    """Returns what comes after an ended cycle."""
    cycle = state.cycle
    if cycle > 0 and not state.staged and not roster.moved(state):
        return _finish(rules, roster, state, cycle, now)
    stopped = _stop_if_broken(rules, state, cycle, now, rules.stopping)
    if stopped:
        return stopped
    eligible = roster.eligible(state)
    following = _cycle(state, eligible)
    if not eligible and not state.staged:
        return _finish(rules, roster, state, cycle + 1, now, following)
    end = spent(state) or too_many(state, eligible)
    return stop(state, cycle, end) if end else [following]


def stop(
    state: RunState, cycles: int, reason: AnyStop, context: Context | None = None
) -> list[e.Event]:
    """Returns the end of a run, and of the gates that are still open."""
    root = (context or state.context).root
    stopped = e.RunStopped(run=state.run, cycles=cycles, reason=reason, root=root)
    return [*withdrawn(state), *_unheard(state), stopped]


def _unheard(state: RunState) -> Iterator[e.Event]:
    """Yields the end of what people laid before the run and no cycle came to hear."""
    for proposal in state.staged.values():
        yield e.ProposalCreated(run=state.run, draft=proposal)
        yield e.ProposalRefused(
            run=state.run,
            proposal=proposal.id,
            target="",
            rule="run-stopped",
            reason="The run ended before it was heard.",
        )


def _cycle(state: RunState, eligible: tuple[AgentId, ...]) -> e.CycleStarted:
    return e.CycleStarted(run=state.started.run, cycle=state.cycle + 1, eligible=eligible)


def _finish(
    rules: Rules, roster: Roster, state: RunState, cycles: int, now: int, *following: e.CycleStarted
) -> list[e.Event]:
    """Ends the run at its fixed point, unless a broken acceptance rule wakes somebody."""
    stopped = _stop_if_broken(rules, state, cycles, now, rules.semantic)
    if stopped:
        return [*following, *stopped]
    again = _go_on(rules, roster, state, now) if rules.amended else []
    if again:
        return again
    stopped = _stop_if_broken(rules, state, cycles, now, rules.acceptance)
    if stopped:
        return [*following, *stopped]
    results = [
        (criterion, judge(criterion, rules.judges, state.context)) for criterion in state.criteria
    ]
    return [*following, *stop(state, cycles, outcome(results))]


def _go_on(rules: Rules, roster: Roster, state: RunState, now: int) -> list[e.Event]:
    """Returns another cycle for those who may mend a broken acceptance rule, if any wants."""
    merge = rules.merge(state, now)
    for invariant in rules.amended:
        violation = invariant.judge(merge.context)
        if violation:
            name_breach(merge, state, invariant, violation)
    eligible = roster.concerned(state, [(fact.key, fact.kind, fact.id) for fact in merge.made])
    if not eligible:
        return []
    end = spent(state) or too_many(state, eligible)
    if end:
        return [*merge.events, *stop(state, state.cycle, end, merge.context)]
    return [*merge.events, _cycle(state, eligible)]


def _stop_if_broken(
    rules: Rules, state: RunState, cycles: int, now: int, invariants: Invariants
) -> list[e.Event]:
    """Returns the end that a broken rule asks for, after a diagnostic that names it."""
    for invariant in invariants:
        violation = invariant.judge(state.context)
        if violation:
            merge = rules.merge(state, now)
            name_violation(merge, invariant, violation)
            reason = broken_by(invariant, violation)
            return [*merge.events, *stop(state, cycles, reason, merge.context)]
    return []
