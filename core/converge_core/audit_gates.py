"""What a record about a gate must satisfy to be believed when it is read back."""

from __future__ import annotations

from collections.abc import Iterator

from converge_core import events as e
from converge_core.acting import acted, why_not_act
from converge_core.answering import why_not_settled
from converge_core.asking import MOVES, GateEnd
from converge_core.authority import Actor, ActorKind
from converge_core.deciding import (
    why_not_on_roster,
    why_not_signed,
    why_refused,
)
from converge_core.elapsing import timed_out
from converge_core.ids import ApprovalId, OperatorId, ProposalId
from converge_core.panel import frozen, may_self_approve
from converge_core.resolving import feedback_of
from converge_core.review import Decision, GateRequest, SignatureCheck
from converge_core.run_state import DeskState, RunState
from converge_core.speakers import PEOPLE
from converge_core.tension import TensionResolution


def why_not_asked(request: GateRequest, run: RunState) -> str:
    """Says why ``request`` cannot have been put to people like that; empty if it can."""
    draft, report = run.drafts.get(request.proposal), run.reports.get(request.proposal)
    if draft is None or report is None:
        return f"{request.id} asks about what nobody proposed and checked"
    if request.proposal_digest != draft.digest() or request.report_digest != report.digest():
        return f"{request.id} asks about other words than were proposed and checked"
    if not request.terms:  # asked before there were terms
        return ""
    human = draft.author.kind is ActorKind.HUMAN and draft.agent == PEOPLE
    if (request.author or None) != (draft.author.id if human else None):
        return f"{request.id} names another author than its proposal has"
    author = OperatorId(draft.author.id) if human else None
    if frozen(request.terms, author, run.operators) != (request.terms, request.roster):
        return f"{request.id} asks others than its terms name"
    until = request.terms.deadline_us
    if request.deadline != (request.opened_at + until if until else None):
        return f"{request.id} has another deadline than its terms give"
    return ""


def why_not_resolved(resolution: TensionResolution, run: RunState) -> str:
    """Says why a contradiction cannot have been settled like that; empty if it can."""
    tension = run.tensions.get(resolution.tension)
    if tension is None:
        return f"{resolution.tension} is no tension of run {run.run}"
    if resolution.tension in run.resolutions:
        return f"{resolution.tension} was settled before"
    given = {side: run.gates[side].votes.get(resolution.resolver) for side in tension.sides}
    answers = {side: one for side, one in given.items() if one is not None}
    return why_not_settled(tension, resolution, answers)


def why_not_decided(
    decision: Decision, run: RunState, state: DeskState, verify: SignatureCheck
) -> str:
    """Says why a decision cannot have been taken; empty if it can."""
    gate, operator = run.gates.get(decision.gate), state.operators.get(decision.operator)
    if gate is None or not gate.open:
        return f"a decision on {decision.gate}, which is not open"
    if operator is None:
        return f"a decision by {decision.operator}, who was never enrolled"
    return why_refused(decision, gate, operator, verify)


def why_not_happened(
    event: e.GateActed | e.GateTimedOut | e.GateSettling | e.GateCommitted,
    state: RunState,
    at: int,
    verify: SignatureCheck,
) -> str:
    """Says why a record of what came of a gate, made at ``at``, cannot be true; empty if it can."""
    name = event.act.gate if isinstance(event, e.GateActed) else event.gate
    gate = state.gates.get(name)
    if gate is None or gate.phase not in MOVES[type(event)]:
        return f"a {event.kind} at {name}, where none fits"
    match event:
        case e.GateActed(act=done):
            operator = state.operators.get(done.operator)
            if operator is None:
                return f"an act of {done.operator}, who was never enrolled"
            reason = (
                why_not_act(gate, done, at, state.operators)
                or why_not_on_roster(gate, operator.id)
                or why_not_signed(done, operator, verify)
            )
            same = not reason and event == acted(state, gate, done, at)
            return reason or ("" if same else f"{name} stands otherwise after that act")
        case e.GateTimedOut():
            over = gate.deadline is not None and gate.deadline <= at
            same = over and event == timed_out(state, gate, gate.deadline or 0, at)
            return "" if same else f"{name} did not time out like that"
        case e.GateSettling():
            same = event.until == at + gate.terms.undo_us
            return "" if same else f"{name} has another undo window"
        case e.GateCommitted():
            over = gate.settles_at is not None and event.until == gate.settles_at <= at
            return "" if over else f"the undo window of {name} was not over"


def approvals_by(
    person: str, proposal: ProposalId, run: RunState
) -> Iterator[tuple[ApprovalId, ...]]:
    """Yields the names of decisions that may have made a fact of it in the name of ``person``."""
    for gate in run.gates_of.get(proposal, ())[-1:]:
        approvals = gate.approvals
        if gate.end is GateEnd.APPROVED and approvals and approvals[-1].operator == person:
            yield tuple(one.id for one in approvals)
    draft = run.drafts[proposal]
    if draft.author != Actor(kind=ActorKind.HUMAN, id=person) or draft.agent != PEOPLE:
        return
    for gate in run.gates.values():
        decision = gate.decision
        if decision is None or not gate.closed or decision.operator != person:
            continue
        about = run.drafts[gate.request.proposal]
        if gate.end is GateEnd.REFINED and draft.fact == feedback_of(decision, about):
            yield (decision.id,)
        edits = gate.end is GateEnd.EDITED and draft.supersedes == about.id
        if edits and draft.fact == decision.edited and may_self_approve(gate):
            yield (decision.id,)
