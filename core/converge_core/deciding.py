"""What people may do at the gates of a run, and what follows: pure functions from state to events.

Whatever is refused is refused with who decided, when, or what moved, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from converge_core import events as e
from converge_core.asking import MOVES, Gate, GateEnd, GatePhase
from converge_core.errors import DecisionRefused
from converge_core.ids import GateId, OperatorId
from converge_core.policy import Risk
from converge_core.quorum import why_unmeetable
from converge_core.review import (
    ActKind,
    Decision,
    GateAct,
    Operator,
    SignatureCheck,
    Verdict,
    bytes_of,
)
from converge_core.state import RunState
from converge_core.targets import target_of
from converge_core.terms import OnTimeout, ReviewTerms

Operators = Mapping[OperatorId, Operator]


def decide(
    state: RunState, decision: Decision, operator: Operator, now: int, verify: SignatureCheck
) -> list[e.Event]:
    """Returns what follows from an answer; nothing where it was given before.

    Raises:
        DecisionRefused: if it cannot be taken, with the reason.
    """
    gate = _gate(state, decision.gate)
    if _is_repeat(gate, decision):
        return []
    reason = (
        _why_not_open(gate, now)
        or _why_not_voter(gate, operator.id)
        or _why_taken_twice(state, decision)
        or why_not_enrolled(state, operator)
        or why_refused(decision, gate, operator, verify)
        or _why_not_now(state, gate, decision)
    )
    if reason:
        raise DecisionRefused(f"{decision.gate}: {reason}")
    return [e.GateDecided(run=state.run, decision=decision), *_settling(state, gate, decision, now)]


def why_refused(decision: Decision, gate: Gate, operator: Operator, verify: SignatureCheck) -> str:
    """Says why ``decision`` cannot be an answer at ``gate`` by ``operator``; empty if it can.

    Looked at when it is given, and again whenever it is read back.
    """
    request = gate.request
    if decision.request != request.digest():
        return "what was decided on is not what is asked now; review it again"
    if decision.verdict is Verdict.REJECT and not decision.reason.strip():
        return "a rejection needs a reason"
    if decision.verdict is Verdict.REFINE and not decision.reason.strip():
        return "a refinement needs feedback for its author to go by"
    edited = decision.edited
    if (decision.verdict is Verdict.EDIT) is not bool(edited):
        return "an edit, and nothing but an edit, says what is to stand instead"
    if edited and edited.key is not request.key:
        return f"an edit stands under {request.key}, as what it edits; it says {edited.key}"
    reason = why_not_signed(decision, operator, verify)
    return reason or why_not_on_roster(gate, operator.id)


def why_not_signed(signed: Decision | GateAct, operator: Operator, verify: SignatureCheck) -> str:
    """Says why the signature is not the operator's; empty if it is."""
    fits = verify(operator.public_key, bytes_of(signed), signed.signature)
    if signed.operator == operator.id and fits:
        return ""
    return f"the signature is not that of {signed.operator}"


def why_not_enrolled(state: RunState, operator: Operator) -> str:
    """Says why ``operator`` is nobody at this desk; empty if they are enrolled as they are."""
    enrolled = state.operators.get(operator.id)
    if enrolled == operator:
        return ""
    why = "is enrolled with another key" if enrolled else "is not enrolled at this desk"
    return f"{operator.id} {why} and cannot decide here"


def why_not_on_roster(gate: Gate, operator: OperatorId) -> str:
    """Says why ``operator`` may not vote at ``gate``; empty if they may."""
    if gate.request.author == operator and not gate.terms.self_approval:
        return f"{operator} wrote it, and nobody decides about their own"
    if gate.roster is not None and operator not in gate.roster:
        may = ", ".join(gate.roster) or "nobody"
        return f"{operator} is not among those who may decide this: {may}"
    return ""


def act(
    state: RunState, done: GateAct, operator: Operator, now: int, verify: SignatureCheck
) -> list[e.Event]:
    """Returns what follows from undoing, extending, delegating or escalating.

    Raises:
        DecisionRefused: if it cannot be done, with the reason.
    """
    gate = _gate(state, done.gate)
    reason = (
        _why_not_act(gate, done, now, state.operators)
        or why_not_enrolled(state, operator)
        or why_not_on_roster(gate, operator.id)
        or why_not_signed(done, operator, verify)
    )
    if reason:
        raise DecisionRefused(f"{done.gate}: {reason}")
    return [acted(state, gate, done, now)]


def acted(state: RunState, gate: Gate, done: GateAct, now: int) -> e.GateActed:
    """Returns the event of an act, with roster and deadline as they stand after it."""
    terms = gate.terms
    match done.act:
        case ActKind.UNDO:
            return e.GateActed(run=state.run, act=done)
        case ActKind.EXTEND:
            assert gate.deadline is not None
            later = gate.deadline + terms.extension_us
            return e.GateActed(run=state.run, act=done, deadline=later)
        case ActKind.DELEGATE:
            assert gate.roster is not None
            assert done.to
            left = [who for who in gate.roster if who != done.operator]
            return e.GateActed(run=state.run, act=done, roster=(*left, done.to))
        case ActKind.ESCALATE:
            until = now + terms.deadline_us if terms.deadline_us else msgspec.UNSET
            roster = roster_of(terms.escalate_to, state.operators)
            return e.GateActed(run=state.run, act=done, roster=roster, deadline=until)


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
                _why_not_act(gate, done, at, state.operators)
                or why_not_on_roster(gate, operator.id)
                or why_not_signed(done, operator, verify)
            )
            same = not reason and event == acted(state, gate, done, at)
            return reason or ("" if same else f"{name} stands otherwise after that act")
        case e.GateTimedOut():
            over = gate.deadline is not None and gate.deadline <= at
            same = over and event == _timed_out(state, gate, gate.deadline or 0, at)
            return "" if same else f"{name} did not time out like that"
        case e.GateSettling():
            same = event.until == at + gate.terms.undo_us
            return "" if same else f"{name} has another undo window"
        case e.GateCommitted():
            over = gate.settles_at is not None and event.until == gate.settles_at <= at
            return "" if over else f"the undo window of {name} was not over"


def elapse(state: RunState, now: int) -> list[e.Event]:
    """Returns what the passing of time brings about: warnings, ends of deadlines and of windows."""
    found: list[e.Event] = []
    for gate in state.undecided():
        if gate.phase is GatePhase.SETTLING:
            if gate.settles_at is not None and now >= gate.settles_at:
                found.append(
                    e.GateCommitted(run=state.run, gate=gate.request.id, until=gate.settles_at)
                )
        elif gate.deadline is not None and now >= gate.deadline:
            found.append(_timed_out(state, gate, gate.deadline, now))
        elif _half_is_gone(gate, now):
            assert gate.deadline is not None
            found.append(e.GateWarned(run=state.run, gate=gate.request.id, deadline=gate.deadline))
    return found


def begin_again(state: RunState, now: int) -> list[e.Event]:
    """Returns what follows when a run is taken up again: undo windows begin anew.

    While the process was away nobody could undo anything; deadlines did pass.
    """
    settling = [
        e.GateSettling(run=state.run, gate=gate.request.id, until=now + gate.terms.undo_us)
        for gate in state.undecided()
        if gate.phase is GatePhase.SETTLING
    ]
    again = {event.gate for event in settling}
    passed = [
        event
        for event in elapse(state, now)
        if not (isinstance(event, e.GateCommitted) and event.gate in again)
    ]
    return [*settling, *passed]


def next_moment(state: RunState) -> int | None:
    """Returns when time will next bring something about, in microseconds; None if it will not."""
    moments: list[int] = []
    for gate in state.undecided():
        if gate.phase is GatePhase.SETTLING and gate.settles_at is not None:
            moments.append(gate.settles_at)
        elif gate.deadline is not None:
            moments.append(gate.deadline if gate.warned else _half(gate, gate.deadline))
    return min(moments, default=None)


def roster_of(names: Sequence[str], operators: Operators) -> tuple[OperatorId, ...]:
    """Returns who of ``names`` (or ids) is enrolled, each person once.

    Two keys under one name are one person, whoever enrolled first.
    """
    first: dict[str, OperatorId] = {}
    for operator in operators.values():
        first.setdefault(operator.name, operator.id)
    found = [OperatorId(name) if name in operators else first.get(name) for name in names]
    return tuple(dict.fromkeys(who for who in found if who is not None))


def frozen(
    terms: ReviewTerms, author: OperatorId | None, operators: Operators
) -> tuple[ReviewTerms, tuple[OperatorId, ...] | msgspec.UnsetType]:
    """Returns terms and roster as a gate that opens now keeps them.

    Who wrote a proposal themselves is on no roster about it, unless they may approve it alone.
    """
    if not terms.roster and terms.quorum.is_one_person:
        return terms, msgspec.UNSET
    names = terms.roster or tuple(operators)
    roster = roster_of(names, operators)
    if author is not None and not terms.self_approval:
        roster = tuple(who for who in roster if who != author)
    quorum = terms.quorum
    if quorum.lead:
        [lead] = roster_of((quorum.lead,), operators) or (OperatorId(quorum.lead),)
        quorum = msgspec.structs.replace(quorum, lead=lead)
    return msgspec.structs.replace(terms, quorum=quorum), roster


def _gate(state: RunState, name: GateId) -> Gate:
    gate = state.gates.get(name)
    if gate is None:
        raise DecisionRefused(f"{name} is no gate of run {state.run}")
    return gate


def _is_repeat(gate: Gate, decision: Decision) -> bool:
    given = gate.votes.get(decision.operator)
    return given is not None and _said(given) == _said(decision)


def _said(decision: Decision) -> tuple[object, ...]:
    return decision.verdict, decision.reason, decision.edited


def _why_not_open(gate: Gate, now: int) -> str:
    if gate.withdrawn:
        return f"it is closed: {gate.withdrawn}"
    if gate.end in {GateEnd.LAPSED, GateEnd.ASSUMED}:
        return f"it is closed: nobody answered by {gate.deadline}"
    taken = gate.decision
    if taken is not None:
        return (
            f"it was decided before: {taken.operator} chose {taken.verdict} "
            f"at {taken.decided_at}; the first decision stands"
        )
    if gate.deadline is not None and now >= gate.deadline:
        return f"it is closed: its deadline was {gate.deadline}, and it is {now}"
    return ""


def _why_not_voter(gate: Gate, operator: OperatorId) -> str:
    given = gate.votes.get(operator)
    if given is None:
        return ""
    return (
        f"{operator} chose {given.verdict} at {given.decided_at}; that vote stands "
        "and is no other by now"
    )


def _why_taken_twice(state: RunState, decision: Decision) -> str:
    for other in state.gates.values():
        for one in other.every_answer():
            if one.id == decision.id:
                return f"{decision.id} names another decision already"
    return ""


def _why_not_now(state: RunState, gate: Gate, decision: Decision) -> str:
    """Says why this verdict does not fit this moment."""
    draft = state.drafts[gate.request.proposal]
    if decision.verdict is Verdict.REFINE:
        times = state.refined.get(target_of(draft), 0)
        if times >= gate.terms.refinements:
            return (
                f"it was sent back {times} times already, which is the most its policy allows; "
                "approve, edit or reject it"
            )
    if decision.verdict is Verdict.EDIT:
        edited = decision.edited
        assert edited
        if edited.id != draft.fact.id:
            return f"an edit stands as {draft.fact.id}, as what it edits; it says {edited.id}"
        return _why_dead_end(state, gate, decision.operator)
    tension = state.tension_of.get(gate.request.id)
    if decision.verdict is Verdict.APPROVE and tension is not None:
        return _why_contradicted(state, gate, state.tensions[tension].sides)
    return ""


def _why_dead_end(state: RunState, gate: Gate, author: OperatorId) -> str:
    """Says why nobody could approve what ``author`` wrote instead; empty if somebody could."""
    if may_self_approve(gate):
        return ""
    _, roster = frozen(gate.terms, author, state.operators)
    if roster is msgspec.UNSET:
        roster = tuple(who for who in state.operators if who != author)
    reason = why_unmeetable(gate.terms.quorum, roster) if gate.terms.roster else ""
    if roster and not reason:
        return ""
    return f"nobody but {author} could approve this edit: {reason or 'nobody else is enrolled'}"


def may_self_approve(gate: Gate) -> bool:
    """Whether who edits what is asked here approves it by the same act."""
    terms = gate.terms
    low = gate.request.risk is not Risk.HIGH
    return terms.self_approval and terms.quorum.is_one_person and low


def _why_contradicted(state: RunState, gate: Gate, sides: Iterable[GateId]) -> str:
    for side in sides:
        other = state.gates[side]
        if other is not gate and other.end in {GateEnd.APPROVED, GateEnd.EDITED}:
            return (
                f"it contradicts {side}, which is {other.end}; at most one of them may stand, "
                "so reject this one, or undo that"
            )
    return ""


def _settling(state: RunState, gate: Gate, decision: Decision, now: int) -> list[e.Event]:
    """Returns the beginning of the undo window, if this answer decides and there is one."""
    if not gate.terms.undo_us or not _would_decide(gate, decision):
        return []
    until = now + gate.terms.undo_us
    return [e.GateSettling(run=state.run, gate=gate.request.id, until=until)]


def _would_decide(gate: Gate, decision: Decision) -> bool:
    trial = Gate(gate.request, votes=dict(gate.votes))
    trial.roster = gate.roster
    trial.vote(decision)
    return trial.end is not None


def _why_not_act(gate: Gate, done: GateAct, now: int, operators: Operators) -> str:
    if done.act is ActKind.UNDO:
        return _why_not_undone(gate, now)
    closed = _why_not_open(gate, now)
    if closed:
        return closed
    if gate.phase is not GatePhase.OPEN:
        return "it is decided; undo that first"
    terms = gate.terms
    match done.act:
        case ActKind.EXTEND if gate.deadline is None:
            return "it has no deadline to move"
        case ActKind.EXTEND if gate.extended >= terms.extensions:
            return f"its deadline was moved {gate.extended} times; its policy allows no more"
        case ActKind.ESCALATE if not terms.escalate_to:
            return "its policy names nobody to escalate to"
        case ActKind.ESCALATE if gate.escalated:
            return "it was escalated before"
        case ActKind.DELEGATE:
            return _why_not_delegated(gate, done, operators)
    return ""


def _why_not_undone(gate: Gate, now: int) -> str:
    if gate.phase is not GatePhase.SETTLING or gate.settles_at is None:
        return "there is nothing to undo; once a decision took effect, correct what it led to"
    if now >= gate.settles_at:
        return f"its undo window ended at {gate.settles_at}"
    return ""


def _why_not_delegated(gate: Gate, done: GateAct, operators: Operators) -> str:
    if not done.to:
        return "a delegation names to whom"
    if done.to not in operators:
        return f"{done.to} is not enrolled at this desk"
    if gate.roster is None:
        return "anybody who is enrolled may decide this; there is nothing to delegate"
    if done.operator in gate.votes:
        return f"{done.operator} has voted already"
    if done.to in gate.roster:
        return f"{done.to} may vote already, and nobody votes twice"
    if done.to == gate.request.author:
        return f"{done.to} wrote it, and nobody decides about their own"
    if done.operator == gate.terms.quorum.lead:
        return "the lead decides in person"
    return ""


def _timed_out(state: RunState, gate: Gate, deadline: int, now: int) -> e.GateTimedOut:
    terms, action = gate.terms, gate.terms.on_timeout
    if action is OnTimeout.ESCALATE and gate.escalated:
        action = OnTimeout.REJECT  # nobody is asked a third time
    event = e.GateTimedOut(
        run=state.run, gate=gate.request.id, deadline=deadline, observed=now, action=action
    )
    if action is not OnTimeout.ESCALATE:
        return event
    until = now + terms.deadline_us if terms.deadline_us else msgspec.UNSET
    roster = roster_of(terms.escalate_to, state.operators)
    return msgspec.structs.replace(event, roster=roster, until=until)


def _half_is_gone(gate: Gate, now: int) -> bool:
    return gate.deadline is not None and not gate.warned and now >= _half(gate, gate.deadline)


def _half(gate: Gate, deadline: int) -> int:
    return gate.request.opened_at + (deadline - gate.request.opened_at) // 2
