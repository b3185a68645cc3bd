"""How a gate and its ground stand by now, and what a proposal would put in whose place."""

from __future__ import annotations

from collections.abc import Iterator

from converge_core.asking import Gate, GateEnd, GatePhase
from converge_core.batches import why_order_matters
from converge_core.context import Standpoint
from converge_core.elapsing import timed_out
from converge_core.errors import DecisionRefused
from converge_core.fact import Fact
from converge_core.ground import ground_of
from converge_core.ids import FactId
from converge_core.proposal import Draft, ProposedFact
from converge_core.review import Decision, Ground, Verdict
from converge_core.run_state import RunState
from converge_core.scope import DECLARED
from converge_core.terms import OnTimeout
from converge_desktop.runtime.deciding_model import GroundRow, Standing, TruthRow, VoteRow
from converge_desktop.runtime.differences import changes_between

_SAYS = ("content", "kind", "confidence", "structured")
OWN = "It was decided by the one who proposed it."
_HIDDEN = frozenset({"cites", DECLARED})
"""What of a statement for machines only says how it came about."""


def truth_rows(run: RunState, gate: Gate, draft: Draft) -> tuple[TruthRow, ...]:
    """Returns what a proposal would put in the place of what stands, or contradicts."""
    says, rows = draft.fact, []
    if says.corrects:
        stands = run.context.current(says.corrects.supersedes, _standpoint(run))
        if stands is not None and stands.id != says.id:
            rows.append(_against(run, "corrects", stands, says))
    settled = run.context.settled(says.conflict) if says.conflict else None
    corrected = says.corrects.supersedes if says.corrects else None
    if settled is not None and settled.id not in {says.id, corrected}:
        rows.append(_against(run, "settles otherwise", settled, says))
    tension = run.tension_of.get(gate.request.id)
    for side in run.tensions[tension].sides if tension else ():
        if side != gate.request.id:
            other = run.drafts[run.gates[side].request.proposal].fact
            changes = changes_between(_said(other), _said(says))
            rows.append(TruthRow("contradicts", side, -1, changes))
    return tuple(rows)


def standing(run: RunState, gate: Gate) -> Standing:
    """Returns how a gate stands at this moment."""
    terms, tally, decided = gate.terms, gate.tally(), gate.decision
    made = made_of(run, run.drafts[gate.request.proposal])
    given = [*((one, False) for one in gate.undone), *((one, True) for one in gate.votes.values())]
    votes = tuple(
        VoteRow(
            *(one.operator, one.verdict.value, one.reason, one.decided_at, stands),
            own=decided_own(run, gate, one),
        )
        for one, stands in sorted(given, key=lambda pair: pair[0].decided_at)
    )
    return Standing(
        phase=gate.phase.value,
        end=gate.end.value if gate.end else "",
        words=_words(gate, own=decided is not None and decided_own(run, gate, decided)),
        votes=votes,
        approvals=tally.approvals,
        needed=tally.needed,
        deadline=gate.deadline,
        half_gone=gate.warned,
        extensions=terms.extensions - gate.extended if gate.deadline is not None else 0,
        extension_us=terms.extension_us,
        undo_us=terms.undo_us,
        settles_at=gate.settles_at if gate.phase is GatePhase.SETTLING else None,
        escalated=gate.escalated,
        escalate_to=() if gate.escalated else terms.escalate_to,
        may_vote=gate.roster or (),
        moved=tuple(_moved(run, gate)),
        will_move=() if gate.closed else tuple(_will_move(run, gate)),
        instead=_instead(run, gate),
        silence=_silence(run, gate),
        became=str(made.id) if made is not None else "",
    )


def made_of(run: RunState, draft: Draft) -> Fact | None:
    """Returns the fact that a proposal became, or what a person put in its place."""
    instead = (one.id for one in run.drafts.values() if one.supersedes == draft.id)
    facts = (run.promoted.get(name) for name in (draft.id, *instead))
    return next((fact for fact in facts if fact is not None), None)


def decided_own(run: RunState, gate: Gate, decision: Decision) -> bool:
    """Whether somebody decided about their own: what they proposed, or wrote in its place alone."""
    if decision.operator == gate.request.author:
        return True
    if decision.verdict is not Verdict.EDIT or not gate.closed:
        return False
    wrote = [one.id for one in run.drafts.values() if one.supersedes == gate.request.proposal]
    return any(name in run.promoted and name not in run.gates_of for name in wrote)


def _words(gate: Gate, *, own: bool = False) -> str:
    """Says in a sentence how a gate stands."""
    decided, undone = gate.decision, ""
    if gate.withdrawn:
        return f"It is asked no more: {gate.withdrawn}."
    if gate.phase is GatePhase.SETTLING:
        undone = " It takes effect when its undo window is over."
    if decided is not None:
        alone = f" {OWN}" if own else ""
        return f"{decided.operator} chose to {decided.verdict} it.{alone}{undone}"
    if gate.end is GateEnd.ASSUMED:
        return f"Nobody answered by the deadline, and silence approves: {gate.terms.timeout_words}"
    if gate.end is GateEnd.LAPSED:
        return "Nobody answered by the deadline, and silence rejects."
    tally = gate.tally()
    asked = "Others are asked now, by escalation." if gate.escalated else ""
    if tally.needed > 1:
        asked = f"{tally.approvals} of {tally.needed} approvals are given. {asked}".strip()
    return asked or "It waits for an answer."


def _silence(run: RunState, gate: Gate) -> str:
    """Says what happens if nobody answers by the deadline: as the engine would have it."""
    if gate.deadline is None or not gate.open:
        return ""
    terms = gate.terms
    match timed_out(run, gate, gate.deadline, gate.deadline).action:
        case OnTimeout.APPROVE:
            return f"If nobody answers by then, it is approved: {terms.timeout_words}"
        case OnTimeout.ESCALATE:
            asked = ", ".join(terms.escalate_to)
            return f"If nobody answers by then, others are asked, for as long again: {asked}."
        case _:
            return "If nobody answers by then, it is rejected."


def _standpoint(run: RunState) -> Standpoint:
    return Standpoint(run.started.tenant or "", run.run)


def _moved(run: RunState, gate: Gate) -> Iterator[GroundRow]:
    """Yields what of the ground is other than when this, or what it takes the place of, opened."""
    if gate.closed:
        return
    request = gate.request
    before = run.gates[request.instead_of].request if request.instead_of else request
    draft = run.drafts[request.proposal]
    now = ground_of(draft.rests_on, run.context, _standpoint(run))
    known = {one.fact: one for one in before.ground}
    for ground in now:
        if ground.superseded and known.get(ground.fact) != ground:
            yield _ground_row(run, ground, ground.superseded)


def _ground_row(run: RunState, ground: Ground, by: FactId) -> GroundRow:
    old, new = run.context.find(ground.fact), run.context.find(by)
    return GroundRow(
        fact_id=ground.fact,
        before=old.content if old else "",
        now_id=by,
        now=new.content if new else "",
        seq=_seq(run, new) if new else -1,
    )


def _will_move(run: RunState, gate: Gate) -> Iterator[str]:
    """Yields what answers that wait for their effect have to do with this one, in sentences."""
    for other in run.gates.values():
        waits = other is not gate and not other.merged and not other.withdrawn
        if not waits or other.end not in {GateEnd.APPROVED, GateEnd.EDITED}:
            continue
        assert other.end is not None
        decided = other.decision
        edited = decided.edited or None if decided else None
        verdict = Verdict.EDIT if edited else Verdict.APPROVE
        both = [(other.request.id, verdict, edited), (gate.request.id, Verdict.APPROVE, None)]
        for clash in why_order_matters(run, both):
            yield f"{other.request.id} was {other.end}: {clash.why}."


def _instead(run: RunState, gate: Gate) -> str:
    """Returns the gate at which the same is asked now; empty where this one is."""
    if not gate.withdrawn:
        return ""
    last = run.gates_of[gate.request.proposal][-1]
    return "" if last is gate else str(last.request.id)


def _against(run: RunState, relation: str, stands: Fact, says: ProposedFact) -> TruthRow:
    return TruthRow(
        relation, stands.id, _seq(run, stands), changes_between(_said(stands), _said(says))
    )


def _said(what: Fact | ProposedFact) -> dict[str, object]:
    fields: dict[str, object] = {name: getattr(what, name) for name in _SAYS}
    fields["kind"] = what.kind.value
    fields["structured"] = {
        name: value for name, value in what.structured.items() if name not in _HIDDEN
    }
    return fields


def _seq(run: RunState, fact: Fact) -> int:
    return run.fact_seq.get((fact.key, fact.id), run.started_seq)


def require_open(gate: Gate) -> None:
    """Refuses to go on about a gate that awaits no answer.

    Raises:
        DecisionRefused: if it is not open, saying how it stands.
    """
    if not gate.open:
        raise DecisionRefused(f"{gate.request.id}: {_words(gate)}")
