"""What a record must satisfy to be believed when it is read back, beyond the chain of hashes.

Whoever can write to the files can make a chain that hangs together. What they cannot make is the
signature of an enrolled person, so that is looked at again at every reading: a decision counts only
if it is signed and speaks of what was asked, and a fact only if it says what was proposed and
checked, once, and was approved by the person it names, or never put to one and covered by what the
run was granted. What a policy permits by itself nobody signs, and neither what a run is granted;
who writes to the files can have either say more, and can have a question withdrawn, which makes
nothing true. Replacing the whole ledger, keys and all, is not detected here; that takes a head that
was kept outside.
"""

from __future__ import annotations

from converge_core import events as e
from converge_core.asking import GateEnd
from converge_core.audit_calls import why_not_asked_a_model, why_not_planned
from converge_core.audit_gates import (
    ONE_TIME,
    approvals_by,
    why_not_asked,
    why_not_decided,
    why_not_happened,
    why_not_resolved,
)
from converge_core.authority import ActorKind
from converge_core.canonical import canonical_checked
from converge_core.context import Context, Standpoint
from converge_core.correcting import why_not_correct
from converge_core.enrolling import why_not_people
from converge_core.errors import IllegalCommand, LedgerCorrupt
from converge_core.fact import FactRecord
from converge_core.gate import ReportRecord
from converge_core.ids import OperatorId
from converge_core.key import ContextKey
from converge_core.ledger import Entry, Head
from converge_core.lifecycle import why_not_begun
from converge_core.people import why_away
from converge_core.proposal import Draft
from converge_core.review import SignatureCheck
from converge_core.run_state import DeskState, Phase, RunState
from converge_core.speakers import ENGINE, SYSTEM
from converge_core.state import fold
from converge_core.suspending import why_not_then


def read_in(state: DeskState, entry: Entry, verify: SignatureCheck) -> DeskState:
    """Returns ``state`` grown by a record read back, after checking what it claims.

    Raises:
        LedgerCorrupt: if it claims what does not stand before it, or a decision nobody signed.
    """
    event, seq = entry.event, entry.head.seq
    if event is None:
        return state
    try:
        reason = _why_not(event, state, verify, entry.head) or _why_not_then(event, entry.head)
        if not reason:
            return fold(state, event, entry.head.at, seq)
    except (IllegalCommand, KeyError) as error:
        reason = f"it does not fit what stands before it ({error})"
    raise LedgerCorrupt(seq, reason)


def _why_not(event: e.Event, state: DeskState, verify: SignatureCheck, head: Head) -> str:
    reason = _why_out_of_order(event, state)
    if reason:
        return reason
    match event:
        case e.OperatorEnrolled() | e.OperatorKeyRotated() | e.OperatorRevoked():
            return why_not_people(state, event, head.v, verify)
        case e.RunStarted():
            return _why_not_started(event, state)
        case e.GateOpened(request=request):
            return why_not_asked(request, state.runs[event.run], head)
        case e.GateDecided(decision=decision):
            return why_not_decided(decision, state.runs[event.run], state, head.at, verify)
        case e.GateActed() | e.GateTimedOut() | e.GateSettling() | e.GateCommitted():
            return why_not_happened(event, state.runs[event.run], head.at, verify)
        case e.TensionResolved(resolution=resolution):
            return why_not_resolved(resolution, state.runs[event.run])
        case e.FactPromoted(fact=fact):
            run = state.runs[event.run]
            return _why_not_made(fact, run) or _why_not_governed(event, run, head)
        case e.ProposalCreated() | e.InputStaged():
            return _why_not_proposed(event, state, head)
        case e.SnapshotTaken() | e.RunStopped():
            return _why_not_so(event, state.runs[event.run].context)
        case e.TraceRecorded() | e.CallAttempted():
            return why_not_asked_a_model(event, state.runs[event.run], head.v)
        case _:
            return ""


def _why_not_so(event: e.SnapshotTaken | e.RunStopped, context: Context) -> str:
    """Says why the facts do not stand as ``event`` says."""
    if isinstance(event, e.SnapshotTaken):
        stand = context.count()
        same = event.facts == stand
        return "" if same else f"the snapshot says {event.facts} facts, there are {stand}"
    same = event.root == context.root
    return "" if same else f"the facts come to {context.root[:12]}, not {event.root[:12]}"


def _why_not_proposed(
    event: e.ProposalCreated | e.InputStaged, state: DeskState, head: Head
) -> str:
    draft = event.draft
    if draft.id in state.runs[event.run].drafts:
        return f"{draft.id} was proposed before"
    if isinstance(event, e.ProposalCreated) or head.v < ONE_TIME:
        return ""
    if draft.author.id not in state.operators:
        return f"{draft.author.id} lays input before it, and is nobody here"
    return why_away(OperatorId(draft.author.id), state.revoked)


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
    return why_not_planned(event) or why_not_begun(state.artifact_states(), event)


def _why_out_of_order(event: e.Event, state: DeskState) -> str:
    """Says why the event cannot happen to its run as that stands; empty if it can."""
    run_id = e.run_of(event)
    run = state.runs.get(run_id) if run_id else None
    if run is None:
        return ""
    if isinstance(event, e.CycleStarted) and run.phase is not Phase.STOPPED and not run.suspension:
        follows = {Phase.READY: run.cycle + 1, Phase.EXECUTING: run.cycle}.get(run.phase)
        fits = event.cycle == follows  # a cycle that is executed again has its number again
        return "" if fits else f"cycle {event.cycle} begins while cycle {run.cycle} is {run.phase}"
    moves = not isinstance(event, (e.SnapshotTaken, e.RunStarted))  # these have their own no
    if run.phase is Phase.STOPPED and moves:
        return f"a {event.kind} of run {run.run} stands after that run had stopped"
    return why_not_then(event, run)


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


def _why_not_governed(event: e.FactPromoted, run: RunState, head: Head) -> str:
    """Says why a fact cannot have been made where something stands for it to replace or need."""
    fact, draft = event.fact, run.drafts[event.fact.proposal]
    if run.context.find(fact.id) is not None:
        return f"{fact.id} stands already"
    if head.v < ONE_TIME:
        return ""
    by_person = fact.promotion.approver.kind is ActorKind.HUMAN
    gates = run.gates_of.get(fact.proposal, [])
    if fact.corrects:
        standpoint = Standpoint(run.started.tenant or "", run.run)
        problem = why_not_correct(fact.key, fact.corrects, run.context, standpoint)
        if problem is not None:
            return f"{fact.id} corrects what it cannot: {problem[1]}"
    if not by_person and not gates and _wants_person(draft, run):
        return f"{fact.id} wanted a person, and none was asked"
    approvals = fact.promotion.approvals
    own = (approvals, event.self_approved is True)
    if by_person and own not in approvals_by(fact.promotion.approver.id, fact.proposal, run):
        return f"{fact.id} says otherwise whose words were approved by whom"
    return ""


def _wants_person(draft: Draft, run: RunState) -> bool:
    """Whether people are asked about a proposal whatever the policy permits."""
    said = draft.fact
    old = run.context.find(said.corrects.supersedes) if said.corrects else None
    by_person = old is not None and old.promotion.approver.kind is ActorKind.HUMAN
    return said.requires_human or by_person


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
        known = [names for names, _ in approvals_by(approver.id, fact.proposal, run)]
        if approvals and approvals in known:
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
        *(fact.id, fact.key, fact.kind, fact.content, canonical_checked(fact.structured)),
        *(fact.confidence, fact.agent, fact.rests_on, fact.corrects, fact.conflict),
    )


def _words_of(draft: Draft) -> tuple[object, ...]:
    said = draft.fact
    return (
        *(said.id, said.key, said.kind, said.content, canonical_checked(said.structured)),
        *(said.confidence, draft.agent, draft.rests_on, said.corrects, said.conflict),
    )
