"""Whether recorded plans, model calls and attempts can be what their run made of them.

The engine asks this of what agents report, and the reader of what a ledger says: neither an agent
nor whoever can write to the files decides how good a call was, or where it was made.
"""

from __future__ import annotations

from msgspec import UNSET

from converge_core import events as e
from converge_core.envelope import ReplayGrade
from converge_core.ids import AgentId
from converge_core.plan import ExecutionPlan, StepPlan, why_not_routed
from converge_core.retry import AttemptOutcome
from converge_core.run_state import RunState
from converge_core.trace import DecisionTrace, ModelCall, Outcome

PLANNED = 4
"""The version of the ledger from which calls are planned, graded and attempted on record."""


def why_not_planned(started: e.RunStarted) -> str:
    """Says why a run cannot have begun with its plan; empty if it can."""
    plan = started.plan
    if plan is UNSET:
        return ""
    if plan.policy != started.policy_digest:
        return f"the plan of run {started.run} was compiled from another policy"
    if plan.recall and not plan.kernel.recall:
        return f"the plan of run {started.run} has recall, which its policy does not allow"
    names = [step.step for step in plan.steps]
    if len(set(names)) != len(names):
        return f"the plan of run {started.run} has a step twice"
    away = next(filter(None, (why_not_routed(plan.kernel, step) for step in plan.steps)), "")
    return f"the plan of run {started.run} cannot be: {away}" if away else ""


def why_not_asked_a_model(
    event: e.TraceRecorded | e.CallAttempted, run: RunState, version: int
) -> str:
    """Says why a call or an attempt at one cannot be of ``run`` as it stands; empty if it can.

    Args:
        event: the call or the attempt.
        run: its run, before it.
        version: the version of its record.
    """
    if isinstance(event, e.CallAttempted):
        return _why_not_attempted(event, run)
    return _why_not_called(event.trace, run) if version >= PLANNED else ""


def _why_not_called(trace: DecisionTrace, run: RunState) -> str:
    if trace.id in run.traces:
        return f"{trace.id} was recorded before"
    if trace.run != run.run or trace.cycle != run.cycle:
        return f"{trace.id} is said to be of cycle {trace.cycle} of {trace.run}"
    if trace.agent not in run.started.agents:
        return f"{trace.id} is said to be by {trace.agent}, who takes no part"
    plan = run.started.plan
    reason = why_unbelievable(trace.call)
    if plan is not UNSET:
        reason = reason or why_not_as_planned(trace.agent, trace.call, plan)
    elif trace.call.plan is not UNSET:
        reason = reason or "it names a plan, and its run has none"
    if reason:
        return f"{trace.id}: {reason}"
    if trace.call.remote is not UNSET and not _answered(trace.agent, run):
        return f"{trace.id} came from elsewhere, and no attempt at it was answered"
    return ""


def why_unbelievable(call: ModelCall) -> str:
    """Says why a call contradicts itself; empty if it does not."""
    elsewhere = call.remote is not UNSET
    if elsewhere and call.grade not in {UNSET, ReplayGrade.AUDIT_ONLY}:
        return f"it came from elsewhere, and is said to be {call.grade}"
    if not elsewhere and call.grade is ReplayGrade.AUDIT_ONLY:
        return "it was made here, and is said to be audit-only"
    failed = [check.name for check in call.checks if not check.passed]
    if failed and call.outcome is not Outcome.INVALID:
        return f"it is said to be {call.outcome}, and did not pass {failed[0]}"
    return ""


def _why_not_attempted(event: e.CallAttempted, run: RunState) -> str:
    agent, cycle, attempt = event.agent, event.cycle, event.attempt
    said = f"attempt {attempt.number} of {agent}"
    if agent not in run.started.agents or cycle != run.cycle:
        return f"{said} is said to be of cycle {cycle}, and cannot be"
    before = [one.attempt for one in run.attempts if one.agent == agent and one.cycle == cycle]
    again = before and before[-1].outcome is AttemptOutcome.FAILED
    if attempt.number != (before[-1].number + 1 if again else 1):
        return f"{said} follows none that it could"
    plan = run.started.plan
    step = _step(plan, agent) if plan is not UNSET else None
    if step is not None and (not step.remote or attempt.number > step.attempts):
        return f"{said} is more than the plan allows"
    return ""


def why_not_as_planned(agent: AgentId, call: ModelCall, plan: ExecutionPlan) -> str:
    """Says why a call of ``agent`` is not the one that is planned; empty if it is."""
    if call.plan != plan.digest():
        return "it was made under another plan than its run's"
    step = _step(plan, agent)
    if step is None or call.step != step.step:
        return f"{agent} is not planned to make the step {call.step}"
    if call.version != step.version:
        return f"it was prompted with {call.version}, and {step.version} is planned"
    if step.remote is not (call.remote is not UNSET):
        return "it was not made where it is planned"
    return _why_not_recalled(call, plan)


def _why_not_recalled(call: ModelCall, plan: ExecutionPlan) -> str:
    if call.recall is UNSET:
        return ""
    policy = plan.recalls(call.step)
    if policy is None:
        return f"it was shown what was recalled, and the step {call.step} is planned without"
    if call.recall.policy_hash != policy.digest():
        return "it recalled under another policy than its plan's"
    if len(call.recall.candidates) > policy.max_k_total:
        return f"it was shown {len(call.recall.candidates)} hints, and {policy.max_k_total} may be"
    return ""


def _step(plan: ExecutionPlan, agent: AgentId) -> StepPlan | None:
    return next((step for step in plan.steps if step.step == agent), None)


def _answered(agent: AgentId, run: RunState) -> bool:
    return any(
        one.agent == agent
        and one.cycle == run.cycle
        and one.attempt.outcome is AttemptOutcome.ANSWERED
        for one in run.attempts
    )
