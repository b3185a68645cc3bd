"""The commands by which people answer: one answer, several as one, a contradiction, an act."""

from __future__ import annotations

from converge_core import events as e
from converge_core.acting import act
from converge_core.command import Act, Decide, DecideAll, Settle
from converge_core.deciding import decide, would_decide
from converge_core.errors import DecisionRefused
from converge_core.ids import GateId
from converge_core.record import settled
from converge_core.review import Decision, GateAct, SignatureCheck, Verdict
from converge_core.run_state import RunState
from converge_core.sizes import why_too_long
from converge_core.tension import ChosenSide, Tension, TensionResolution

Answer = Decide | DecideAll | Settle | Act


def answered(state: RunState, command: Answer, now: int, verify: SignatureCheck) -> list[e.Event]:
    """Returns what follows from what people answer.

    Raises:
        DecisionRefused: if it cannot be taken; nothing of it is, then.
    """
    match command:
        case Decide():
            return _decide(state, command, now, verify)
        case DecideAll():
            return _decide_all(state, command.decisions, now, verify)
        case Settle():
            return _settle(state, command, now, verify)
        case Act():
            done = settled(GateAct, command.act)
            return act(state, done, command.operator, now, verify)


def _decide(state: RunState, command: Decide, now: int, verify: SignatureCheck) -> list[e.Event]:
    return decide(state, settled(Decision, command.decision), command.operator, now, verify)


def _decide_all(
    state: RunState, decisions: tuple[Decide, ...], now: int, verify: SignatureCheck
) -> list[e.Event]:
    """Returns what follows from several answers, each at a gate of its own."""
    gates = [one.decision.gate for one in decisions]
    names = [one.decision.id for one in decisions]
    for seen in (gates, names):
        twice = [name for place, name in enumerate(seen) if name in seen[:place]]
        if twice:
            raise DecisionRefused(f"{twice[0]} occurs twice in one set of decisions")
    found = [event for one in decisions for event in _decide(state, one, now, verify)]
    approved = [one.decision.gate for one in decisions if one.decision.verdict in _STANDS]
    for tension in {state.tension_of[gate]: None for gate in approved if gate in state.tension_of}:
        sides = [gate for gate in approved if gate in state.tensions[tension].sides]
        if len(sides) > 1:
            raise DecisionRefused(
                f"{sides[0]} and {sides[1]} contradict each other about "
                f"{state.tensions[tension].about}; at most one of them may stand"
            )
    return found


def _settle(state: RunState, command: Settle, now: int, verify: SignatureCheck) -> list[e.Event]:
    """Returns what follows from settling a contradiction: its answers, and that they settle it."""
    resolution = settled(TensionResolution, command.resolution)
    tension = state.tensions.get(resolution.tension)
    if tension is None:
        raise DecisionRefused(f"{resolution.tension} is no tension of run {state.run}")
    if resolution.tension in state.resolutions:
        before = state.resolutions[resolution.tension]
        if before == resolution:
            return []
        raise DecisionRefused(
            f"{tension.id} was settled before: {before.resolver} chose {before.chosen}"
        )
    by_gate = {one.decision.gate: one.decision for one in command.decisions}
    open_sides = {side for side in tension.sides if state.gates[side].open}
    reason = why_too_long(resolution.rationale, "the rationale")
    reason = reason or why_not_settled(tension, resolution, by_gate)
    if set(by_gate) != open_sides:
        reason = f"its open sides are {', '.join(sorted(open_sides))}, and all are to be answered"
    if reason:
        raise DecisionRefused(f"{tension.id}: {reason}")
    found = _decide_all(state, command.decisions, now, verify)
    for gate, decision in by_gate.items():
        if not would_decide(state.gates[gate], decision):
            raise DecisionRefused(f"{tension.id}: {gate} needs more than one vote; vote there")
    return [*found, e.TensionResolved(run=state.run, resolution=resolution)]


_STANDS = frozenset({Verdict.APPROVE, Verdict.EDIT})
_WANTED = {
    ChosenSide.LEFT: Verdict.APPROVE,
    ChosenSide.RIGHT: Verdict.APPROVE,
    ChosenSide.MERGED: Verdict.EDIT,
}


def why_not_settled(
    tension: Tension, resolution: TensionResolution, decisions: dict[GateId, Decision]
) -> str:
    """Says why ``decisions`` are not what ``resolution`` says; empty if they are."""
    if any(one.operator != resolution.resolver for one in decisions.values()):
        return f"it is settled by one person, {resolution.resolver}"
    if any(one.reason.strip() != resolution.rationale.strip() for one in decisions.values()):
        return "each answer gives the rationale as its reason"
    chosen = resolution.gate or None
    if (chosen is None) is not (resolution.chosen is ChosenSide.NEITHER):
        return "it names the side that was chosen, or edited; for neither, none"
    if chosen is not None and chosen not in tension.sides:
        return f"{chosen} is none of its sides"
    if resolution.chosen is ChosenSide.LEFT and chosen != tension.sides[0]:
        return f"left is {tension.sides[0]}"
    if resolution.chosen is ChosenSide.RIGHT and chosen == tension.sides[0]:
        return f"{chosen} is left"
    for side, one in decisions.items():
        wanted = _WANTED[resolution.chosen] if side == chosen else Verdict.REJECT
        if one.verdict is not wanted:
            return f"{resolution.chosen} means to {wanted} {side}, not to {one.verdict} it"
    return ""
