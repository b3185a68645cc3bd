"""What a record about a gate must satisfy to be believed when it is read back."""

from __future__ import annotations

from collections.abc import Iterator

from converge_core import events as e
from converge_core.acting import acted, why_done_before, why_not_act
from converge_core.answering import why_not_settled
from converge_core.asking import MOVES, GateEnd
from converge_core.authority import Actor, ActorKind
from converge_core.deciding import (
    why_not_on_roster,
    why_not_open,
    why_not_signed,
    why_not_taken,
    why_refused,
)
from converge_core.elapsing import timed_out
from converge_core.ids import ApprovalId, OperatorId, ProposalId, gate_request_id
from converge_core.ledger import Head
from converge_core.merge import author_of
from converge_core.panel import frozen, is_among, may_self_approve
from converge_core.people import why_away
from converge_core.resolving import feedback_of
from converge_core.review import Decision, GateRequest, SignatureCheck
from converge_core.run_state import DeskState, RunState
from converge_core.speakers import PEOPLE
from converge_core.tension import TensionResolution

ONE_TIME = 3
"""The version of the format from which on every request has its terms, and a step one time."""


def why_not_asked(request: GateRequest, run: RunState, head: Head) -> str:
    """Says why ``request`` cannot have been put to people like that; empty if it can."""
    draft, report = run.drafts.get(request.proposal), run.reports.get(request.proposal)
    if draft is None or report is None:
        return f"{request.id} asks about what nobody proposed and checked"
    if request.proposal_digest != draft.digest() or request.report_digest != report.digest():
        return f"{request.id} asks about other words than were proposed and checked"
    again = _why_not_again(request, run)
    if again or (not request.terms and head.v < ONE_TIME):  # asked before there were terms
        return again
    if not request.terms or request.opened_at != head.at:
        return f"{request.id} was not opened like that when it was recorded"
    author = author_of(draft)
    if (request.author or None) != author:
        return f"{request.id} names another author than its proposal has"
    asked = frozen(request.terms, request.risk, author, run.operators, run.absent)
    if asked != (request.terms, request.roster):
        return f"{request.id} asks others than its terms name"
    until = request.terms.deadline_us
    if request.deadline != (request.opened_at + until if until else None):
        return f"{request.id} has another deadline than its terms give"
    return ""


def _why_not_again(request: GateRequest, run: RunState) -> str:
    """Says why a proposal cannot be asked about once more; empty if it is not, or can."""
    before = run.gates_of.get(request.proposal, ())
    named = request.id == gate_request_id(request.proposal, len(before))
    follows = not before or (before[-1].withdrawn and request.instead_of == before[-1].request.id)
    fits = request.id not in run.gates and named and follows
    return "" if fits else f"{request.id} asks once more about what was asked about before"


def why_not_resolved(resolution: TensionResolution, run: RunState) -> str:
    """Says why a contradiction cannot have been settled like that; empty if it can."""
    tension = run.tensions.get(resolution.tension)
    if tension is None:
        return f"{resolution.tension} is no tension of run {run.run}"
    if resolution.tension in run.resolutions:
        return f"{resolution.tension} was settled before"
    if any(run.gates[side].open for side in tension.sides):
        return f"{resolution.tension} is settled, and not all of its sides are answered"
    given = {side: run.gates[side].votes.get(resolution.resolver) for side in tension.sides}
    answers = {side: one for side, one in given.items() if one is not None}
    return why_not_settled(tension, resolution, answers)


def why_not_decided(
    decision: Decision, run: RunState, state: DeskState, at: int, verify: SignatureCheck
) -> str:
    """Says why a decision cannot have been taken; empty if it can."""
    gate, operator = run.gates.get(decision.gate), state.operators.get(decision.operator)
    if gate is None or not gate.open:
        return f"a decision on {decision.gate}, which is not open"
    if operator is None:
        return f"a decision by {decision.operator}, who was never enrolled"
    return (
        why_away(operator.id, state.revoked)
        or why_not_open(gate, at)
        or why_refused(decision, gate, operator, state.operators, verify)
        or why_not_taken(run, gate, decision)
    )


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
                why_away(operator.id, state.revoked)
                or why_done_before(state, done)
                or why_not_act(gate, done, at, state)
                or why_not_on_roster(gate, operator.id, state.operators)
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
) -> Iterator[tuple[tuple[ApprovalId, ...], bool]]:
    """Yields the names of decisions that may have made a fact of it in the name of ``person``.

    Each with whether the person thereby approved what they wrote themselves.
    """
    draft = run.drafts[proposal]
    for gate in run.gates_of.get(proposal, ())[-1:]:
        if gate.end is not GateEnd.APPROVED or not gate.closed:
            continue
        if gate.approver.operator == person and gate.request.proposal_digest == draft.digest():
            author = gate.request.author
            own = author and is_among(OperatorId(person), (author,), run.operators)
            yield tuple(one.id for one in gate.approvals), bool(own)
    if draft.author != Actor(kind=ActorKind.HUMAN, id=person) or draft.agent != PEOPLE:
        return
    for gate in run.gates.values():
        decision = gate.decision
        if decision is None or not gate.closed or decision.operator != person:
            continue
        about = run.drafts[gate.request.proposal]
        if gate.end is GateEnd.REFINED and draft.fact == feedback_of(decision, about):
            yield (decision.id,), False
        edits = gate.end is GateEnd.EDITED and draft.supersedes == about.id
        alone = may_self_approve(gate.terms, gate.request.risk, decision.operator)
        if edits and draft.fact == decision.edited and alone:
            yield (decision.id,), True
