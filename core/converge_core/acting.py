"""What people may do at a gate beside answering: undo, extend, delegate, escalate."""

from __future__ import annotations

import msgspec

from converge_core import events as e
from converge_core.asking import Gate, GatePhase
from converge_core.deciding import (
    gate_of,
    why_not_enrolled,
    why_not_on_roster,
    why_not_open,
    why_not_signed,
)
from converge_core.errors import DecisionRefused
from converge_core.panel import Operators, escalated, is_among
from converge_core.people import why_away
from converge_core.quorum import why_unmeetable
from converge_core.review import ActKind, GateAct, Operator, SignatureCheck
from converge_core.run_state import RunState
from converge_core.sizes import why_too_long


def act(
    state: RunState, done: GateAct, operator: Operator, now: int, verify: SignatureCheck
) -> list[e.Event]:
    """Returns what follows from undoing, extending, delegating or escalating.

    Raises:
        DecisionRefused: if it cannot be done, with the reason.
    """
    gate = gate_of(state, done.gate)
    if done in gate.acts:
        return []
    reason = (
        why_too_long(done.reason, "the reason")
        or why_done_before(state, done)
        or why_not_act(gate, done, now, state)
        or why_not_enrolled(state, operator)
        or why_not_on_roster(gate, operator.id, state.operators)
        or why_not_signed(done, operator, verify)
    )
    if reason:
        raise DecisionRefused(f"{done.gate}: {reason}")
    return [acted(state, gate, done, now)]


def why_done_before(state: RunState, done: GateAct) -> str:
    """Says what else the id of an act names; empty if nothing."""
    for gate in state.gates.values():
        if any(one.id == done.id for one in gate.acts):
            return f"{done.id} names another act already"
    return ""


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
            author, risk = gate.request.author or None, gate.request.risk
            roster = escalated(terms, risk, author, state.operators, state.absent)
            return e.GateActed(run=state.run, act=done, roster=roster, deadline=until)


def why_not_act(gate: Gate, done: GateAct, now: int, state: RunState) -> str:
    """Says why ``done`` cannot be done at a gate as it stands; empty if it can."""
    if done.act is ActKind.UNDO:
        return _why_not_undone(gate, now)
    closed = why_not_open(gate, now)
    if closed:
        return closed
    if gate.phase is not GatePhase.OPEN:
        return "it is decided; undo that first"
    terms = gate.terms
    match done.act:
        case ActKind.EXTEND if gate.deadline is None:
            return "it has no deadline to move"
        case ActKind.EXTEND if gate.extended >= terms.extensions:
            times = "once" if gate.extended == 1 else f"{gate.extended} times"
            return f"its deadline was moved {times}; its policy allows no more"
        case ActKind.ESCALATE if not terms.escalate_to:
            return "its policy names nobody to escalate to"
        case ActKind.ESCALATE if gate.escalated:
            return "it was escalated before"
        case ActKind.ESCALATE:
            author, risk = gate.request.author or None, gate.request.risk
            roster = escalated(terms, risk, author, state.operators, state.absent)
            reason = why_unmeetable(terms.quorum, roster)
            return f"nobody could decide it after that: {reason}" if reason else ""
        case ActKind.DELEGATE:
            return why_away(done.to or done.operator, state.revoked) or _why_not_delegated(
                gate, done, state.operators
            )
    return ""


def _why_not_undone(gate: Gate, now: int) -> str:
    if gate.phase is not GatePhase.SETTLING or gate.settles_at is None:
        return "there is nothing to undo; once a decision took effect, correct what it led to"
    if now >= gate.settles_at:
        return f"its undo window ended at {gate.settles_at}"
    if gate.deadline is not None and now >= gate.deadline:
        return f"its deadline was {gate.deadline}; nobody could answer it anew"
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
    if is_among(done.to, gate.roster, operators):
        return f"{done.to} may vote already, and nobody votes twice"
    author = gate.request.author
    if author and is_among(done.to, (author,), operators):
        return f"{done.to} wrote it, and nobody decides about their own"
    if done.operator == gate.terms.quorum.lead:
        return "the lead decides in person"
    return ""
