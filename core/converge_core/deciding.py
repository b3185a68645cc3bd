"""Taking a person's answer: it must be asked for, open, signed, and the first of its name."""

from __future__ import annotations

from converge_core import events as e
from converge_core.audit import why_refused
from converge_core.command import Decide
from converge_core.errors import DecisionRefused
from converge_core.record import settled
from converge_core.review import Decision, SignatureCheck
from converge_core.state import RunState


def decide(state: RunState, command: Decide, verify: SignatureCheck) -> list[e.Event]:
    """Returns what follows from an answer; nothing, if it was given before word for word.

    Raises:
        DecisionRefused: if it cannot be taken.
    """
    decision, operator = settled(Decision, command.decision), command.operator
    gate = state.gates.get(decision.gate)
    if gate is None:
        raise DecisionRefused(f"{decision.gate} is no gate of run {state.run}")
    if gate.decision is not None:
        return _repeated(gate.decision, decision)
    if gate.withdrawn:
        raise DecisionRefused(f"{decision.gate} is closed: {gate.withdrawn}")
    if any(one.decision and one.decision.id == decision.id for one in state.gates.values()):
        raise DecisionRefused(f"{decision.id} names another decision already")
    reason = why_refused(decision, gate.request, operator, verify)
    if reason:
        raise DecisionRefused(f"{decision.gate}: {reason}")
    return [e.GateDecided(run=state.run, decision=decision)]


def _repeated(taken: Decision, decision: Decision) -> list[e.Event]:
    same = (taken.verdict, taken.operator, taken.reason)
    if same == (decision.verdict, decision.operator, decision.reason):
        return []
    raise DecisionRefused(
        f"{decision.gate} was decided before: {taken.operator} chose {taken.verdict} "
        f"at {taken.decided_at}; the first decision stands"
    )
