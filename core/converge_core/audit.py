"""What a record must satisfy to be believed when it is read back, beyond the chain of hashes.

Whoever can write to the files can make a chain that hangs together. What they cannot make is the
signature of an enrolled person, so that is looked at again at every reading: a decision counts only
if it is signed and speaks of what was asked, and a fact only if it says what was proposed and
checked, once, and was approved by the person it names or never put to one. What a policy permits
by itself nobody signs; who writes to the files can have it permit more. Replacing the whole ledger,
keys and all, is not detected here; that takes a head that was kept outside.
"""

from __future__ import annotations

from converge_core import events as e
from converge_core.authority import ActorKind
from converge_core.errors import IllegalCommand, LedgerCorrupt
from converge_core.fact import FactRecord
from converge_core.ledger import Entry
from converge_core.proposal import Draft
from converge_core.review import Decision, GateRequest, Operator, SignatureCheck, Verdict, bytes_of
from converge_core.state import DeskState, Gate, Phase, RunState, fold


def why_refused(
    decision: Decision, request: GateRequest, operator: Operator, verify: SignatureCheck
) -> str:
    """Says why a decision cannot be an answer to ``request`` by ``operator``; empty if it can."""
    if decision.request != request.digest():
        return "what was decided on is not what is asked now; review it again"
    if decision.verdict is Verdict.REJECT and not decision.reason.strip():
        return "a rejection needs a reason"
    signed = verify(operator.public_key, bytes_of(decision), decision.signature)
    if decision.operator != operator.id or not signed:
        return f"the signature is not that of {decision.operator}"
    return ""


def read_in(state: DeskState, entry: Entry, verify: SignatureCheck) -> DeskState:
    """Returns ``state`` grown by a record read back, after checking what it claims.

    Raises:
        LedgerCorrupt: if it claims what does not stand before it, or a decision nobody signed.
    """
    event, seq = entry.event, entry.head.seq
    if event is None:
        return state
    try:
        reason = _why_not(event, state, verify)
        if not reason:
            return fold(state, event, entry.head.at, seq)
    except (IllegalCommand, KeyError) as error:
        reason = f"it does not fit what stands before it ({error})"
    raise LedgerCorrupt(seq, reason)


def _why_not(event: e.Event, state: DeskState, verify: SignatureCheck) -> str:
    match event:
        case e.OperatorEnrolled(operator=operator):
            known = state.operators.get(operator.id)
            taken = known is not None and known.public_key != operator.public_key
            return f"{operator.id} was enrolled before, with another key" if taken else ""
        case e.RunStarted(run=run_id):
            return f"run {run_id} began before" if run_id in state.runs else ""
        case e.GateOpened(request=request):
            return _why_not_asked(request, state.runs[event.run])
        case e.GateDecided(decision=decision):
            return _why_not_decided(decision, state.runs[event.run], state, verify)
        case e.FactPromoted(fact=fact):
            return _why_not_made(fact, state.runs[event.run])
        case e.RunStopped(root=root):
            stands = state.runs[event.run].context.root
            return "" if root == stands else f"the facts come to {stands[:12]}, not {root[:12]}"
        case _:
            return ""


def _why_not_asked(request: GateRequest, run: RunState) -> str:
    draft, report = run.drafts.get(request.proposal), run.reports.get(request.proposal)
    if draft is None or report is None:
        return f"{request.id} asks about what nobody proposed and checked"
    if request.proposal_digest != draft.digest() or request.report_digest != report.digest():
        return f"{request.id} asks about other words than were proposed and checked"
    return ""


def _why_not_decided(
    decision: Decision, run: RunState, state: DeskState, verify: SignatureCheck
) -> str:
    gate, operator = run.gates.get(decision.gate), state.operators.get(decision.operator)
    if gate is None or not gate.open:
        return f"a decision on {decision.gate}, which is not open"
    if operator is None:
        return f"a decision by {decision.operator}, who was never enrolled"
    return why_refused(decision, gate.request, operator, verify)


def _why_not_made(fact: FactRecord, run: RunState) -> str:
    """Says why a recorded fact cannot be what the gate made of what stands before it."""
    draft, report = run.drafts.get(fact.proposal), run.reports.get(fact.proposal)
    if run.phase is Phase.STOPPED:
        return f"{fact.id} was made after its run had stopped"
    if draft is None or report is None or not report.passed:
        return f"{fact.id} was made of what nobody proposed, or no check let through"
    if report.proposal_digest != draft.digest() or _words(fact) != _words_of(draft):
        return f"{fact.id} says other than was proposed and checked"
    if fact.proposal in run.promoted:
        return f"{fact.id} was made of a proposal that was used before"
    return _why_not_approved(fact, run.gates_of.get(fact.proposal, []))


def _why_not_approved(fact: FactRecord, gates: list[Gate]) -> str:
    approver, approvals = fact.promotion.approver, fact.promotion.approvals
    if approver.kind is ActorKind.HUMAN:
        given = [g.decision.id for g in gates if g.decision and _approves(g.decision, approver.id)]
        if given and approvals == (given[-1],):
            return ""
        return f"{fact.id} is said to be approved by {approver.id}, and no decision says so"
    if approver.kind is not ActorKind.SYSTEM:
        return f"{fact.id} is said to be approved by {approver}, who may not"
    if gates or approvals:
        return f"{fact.id} was put to a person, and is said to be approved by {approver}"
    return ""


def _words(fact: FactRecord) -> tuple[object, ...]:
    return (
        *(fact.id, fact.key, fact.kind, fact.content, fact.structured, fact.confidence),
        *(fact.agent, fact.rests_on),
    )


def _words_of(draft: Draft) -> tuple[object, ...]:
    said = draft.fact
    return (
        *(said.id, said.key, said.kind, said.content, said.structured, said.confidence),
        *(draft.agent, draft.rests_on),
    )


def _approves(decision: Decision, person: str) -> bool:
    return decision.verdict is Verdict.APPROVE and decision.operator == person
