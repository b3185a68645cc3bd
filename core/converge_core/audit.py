"""What a record must satisfy to be believed when it is read back, beyond the chain of hashes.

Whoever can write to the files can make a chain that hangs together. What they cannot make is the
signature of an enrolled person, so that is looked at again at every reading: a decision counts only
if it is signed and speaks of what was asked, and a fact only if it says what was proposed and
checked, once, and was approved by the person it names, or never put to one and covered by what the
run was granted. What a policy permits by itself nobody signs, and neither what a run is granted;
who writes to the files can have either say more. Replacing the whole ledger, keys and all, is not
detected here; that takes a head that was kept outside.
"""

from __future__ import annotations

from collections.abc import Iterator

from converge_core import events as e
from converge_core.answering import why_not_settled
from converge_core.asking import GateEnd
from converge_core.authority import Actor, ActorKind
from converge_core.canonical import canonical
from converge_core.deciding import frozen, may_self_approve, why_not_happened, why_refused
from converge_core.errors import IllegalCommand, LedgerCorrupt
from converge_core.fact import FactRecord
from converge_core.gate import ReportRecord
from converge_core.ids import ApprovalId, OperatorId
from converge_core.key import ContextKey
from converge_core.ledger import Entry, Head
from converge_core.lifecycle import why_not_begun
from converge_core.merge import ENGINE, PEOPLE, SYSTEM
from converge_core.proposal import Draft
from converge_core.resolving import feedback_of
from converge_core.review import Decision, GateRequest, SignatureCheck
from converge_core.state import DeskState, Phase, RunState, fold
from converge_core.tension import TensionResolution

ONE_TIME = 3
"""The version of the format from which on a step and its record have one time."""


def read_in(state: DeskState, entry: Entry, verify: SignatureCheck) -> DeskState:
    """Returns ``state`` grown by a record read back, after checking what it claims.

    Raises:
        LedgerCorrupt: if it claims what does not stand before it, or a decision nobody signed.
    """
    event, seq = entry.event, entry.head.seq
    if event is None:
        return state
    try:
        reason = _why_not(event, state, verify, entry.head.at) or _why_not_then(event, entry.head)
        if not reason:
            return fold(state, event, entry.head.at, seq)
    except (IllegalCommand, KeyError) as error:
        reason = f"it does not fit what stands before it ({error})"
    raise LedgerCorrupt(seq, reason)


def _why_not(event: e.Event, state: DeskState, verify: SignatureCheck, at: int) -> str:
    if _comes_too_late(event, state):
        return f"a {event.kind} of run {e.run_of(event)} stands after that run had stopped"
    match event:
        case e.OperatorEnrolled(operator=operator):
            known = state.operators.get(operator.id)
            taken = known is not None and known.public_key != operator.public_key
            return f"{operator.id} was enrolled before, with another key" if taken else ""
        case e.RunStarted():
            return _why_not_started(event, state)
        case e.GateOpened(request=request):
            return _why_not_asked(request, state.runs[event.run])
        case e.GateDecided(decision=decision):
            return _why_not_decided(decision, state.runs[event.run], state, verify)
        case e.GateActed() | e.GateTimedOut() | e.GateSettling() | e.GateCommitted():
            return why_not_happened(event, state.runs[event.run], at, verify)
        case e.TensionResolved(resolution=resolution):
            return _why_not_resolved(resolution, state.runs[event.run])
        case e.FactPromoted(fact=fact):
            return _why_not_made(fact, state.runs[event.run])
        case e.SnapshotTaken(facts=facts):
            stand = state.runs[event.run].context.count()
            return "" if facts == stand else f"the snapshot says {facts} facts, there are {stand}"
        case e.RunStopped(root=root):
            stands = state.runs[event.run].context.root
            return "" if root == stands else f"the facts come to {stands[:12]}, not {root[:12]}"
        case _:
            return ""


def _why_not_then(event: e.Event, head: Head) -> str:
    """Says why a fact was not made when its record was; it came a little later before version 3."""
    if not isinstance(event, e.FactPromoted):
        return ""
    made = event.fact.promotion.promoted_at
    if made == head.at or (head.v < ONE_TIME and made < head.at):
        return ""
    return f"{event.fact.id} is said to be made at {made}, and was recorded at {head.at}"


def _why_not_started(event: e.RunStarted, state: DeskState) -> str:
    if event.levels and len(event.levels) != len(event.agents):
        return f"run {event.run} says how far the word of other agents reaches than it has"
    if event.run in state.runs:
        return f"run {event.run} began before"
    return why_not_begun(state.artifact_states(), event)


def _comes_too_late(event: e.Event, state: DeskState) -> bool:
    """Whether the event would move a run that is over; a snapshot moves nothing."""
    run_id = e.run_of(event)
    run = state.runs.get(run_id) if run_id else None
    if run is None or run.phase is not Phase.STOPPED:
        return False
    return not isinstance(event, (e.SnapshotTaken, e.RunStarted))  # beginning again has its own no


def _why_not_asked(request: GateRequest, run: RunState) -> str:
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


def _why_not_resolved(resolution: TensionResolution, run: RunState) -> str:
    tension = run.tensions.get(resolution.tension)
    if tension is None:
        return f"{resolution.tension} is no tension of run {run.run}"
    if resolution.tension in run.resolutions:
        return f"{resolution.tension} was settled before"
    given = {side: run.gates[side].votes.get(resolution.resolver) for side in tension.sides}
    answers = {side: one for side, one in given.items() if one is not None}
    return why_not_settled(tension, resolution, answers)


def _why_not_decided(
    decision: Decision, run: RunState, state: DeskState, verify: SignatureCheck
) -> str:
    gate, operator = run.gates.get(decision.gate), state.operators.get(decision.operator)
    if gate is None or not gate.open:
        return f"a decision on {decision.gate}, which is not open"
    if operator is None:
        return f"a decision by {decision.operator}, who was never enrolled"
    return why_refused(decision, gate, operator, verify)


def _why_not_made(fact: FactRecord, run: RunState) -> str:
    """Says why a recorded fact cannot be what the gate made of what stands before it."""
    draft, report = run.drafts.get(fact.proposal), run.reports.get(fact.proposal)
    if draft is None or report is None or not report.passed:
        return f"{fact.id} was made of what nobody proposed, or no check let through"
    if report.proposal_digest != draft.digest() or _words(fact) != _words_of(draft):
        return f"{fact.id} says other than was proposed and checked"
    if fact.proposal in run.promoted:
        return f"{fact.id} was made of a proposal that was used before"
    return _why_not_checked(fact, report) or _why_not_approved(fact, run)


def _why_not_checked(fact: FactRecord, report: ReportRecord) -> str:
    promotion = fact.promotion
    if promotion.policy_version_hash != report.policy:
        return f"{fact.id} was checked by another policy than it names"
    if promotion.validation_summary.checks_passed != tuple(one.name for one in report.checks):
        return f"{fact.id} names other checks than it passed"
    return ""


def _why_not_approved(fact: FactRecord, run: RunState) -> str:
    gates = run.gates_of.get(fact.proposal, [])
    approver, approvals = fact.promotion.approver, fact.promotion.approvals
    if approver.kind is ActorKind.HUMAN:
        if approvals and approvals in _approvals_by(approver.id, fact, run):
            return ""
        return f"{fact.id} is said to be approved by {approver.id}, and no decision says so"
    if approver.kind is not ActorKind.SYSTEM:
        return f"{fact.id} is said to be approved by {approver}, who may not"
    if gates and gates[-1].end is GateEnd.ASSUMED and not approvals:
        return _why_not_granted(fact, run)
    if gates or approvals:
        return f"{fact.id} was put to a person, and is said to be approved by {approver}"
    return _why_not_granted(fact, run)


def _why_not_granted(fact: FactRecord, run: RunState) -> str:
    """Says why nothing let the policy make this fact; the engine grants itself its diagnostics."""
    promotion = fact.promotion
    if promotion.approver == SYSTEM:
        own = fact.agent == ENGINE and fact.key is ContextKey.DIAGNOSTIC
        return "" if own else f"{fact.id} is said to be the engine's own, which it cannot be"
    if not promotion.approver.id.startswith("policy:"):
        return f"{fact.id} is said to be approved by {promotion.approver}, who may not"
    asked = (fact.key, fact.kind, promotion.gate_id, promotion.promoted_at)
    reasons = [grant.why_not(*asked) for grant in run.grants]
    if "" in reasons:
        return ""
    why = "; ".join(dict.fromkeys(reasons)) or "the run was given no grant"
    return f"nobody authorized {fact.id}: {why}"


def _words(fact: FactRecord) -> tuple[object, ...]:
    """Returns what a fact says; its structure as bytes, because to Python ``True`` equals ``1``."""
    return (
        *(fact.id, fact.key, fact.kind, fact.content, canonical(fact.structured)),
        *(fact.confidence, fact.agent, fact.rests_on, fact.corrects, fact.conflict),
    )


def _words_of(draft: Draft) -> tuple[object, ...]:
    said = draft.fact
    return (
        *(said.id, said.key, said.kind, said.content, canonical(said.structured)),
        *(said.confidence, draft.agent, draft.rests_on, said.corrects, said.conflict),
    )


def _approvals_by(person: str, fact: FactRecord, run: RunState) -> Iterator[tuple[ApprovalId, ...]]:
    """Yields the names of decisions that may have made ``fact`` in the name of ``person``."""
    for gate in run.gates_of.get(fact.proposal, ())[-1:]:
        approvals = gate.approvals
        if gate.end is GateEnd.APPROVED and approvals and approvals[-1].operator == person:
            yield tuple(one.id for one in approvals)
    draft = run.drafts[fact.proposal]
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
