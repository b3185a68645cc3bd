"""What a record must satisfy to be believed when it is read back, beyond the chain of hashes.

Whoever can write to the files can make a chain that hangs together. What they cannot make is the
signature of an enrolled person, so that is looked at again at every reading: a decision counts only
if it is signed and speaks of what was asked, and a fact said to be approved by a person only if
that person's decision stands before it. Replacing the whole ledger, keys and all, is not detected
here; that takes a head that was kept outside.
"""

from __future__ import annotations

from converge_core import events as e
from converge_core.authority import ActorKind
from converge_core.errors import LedgerCorrupt
from converge_core.ledger import Entry
from converge_core.review import Decision, GateRequest, Operator, SignatureCheck, Verdict, bytes_of
from converge_core.state import DeskState, Gate, RunState, fold


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
        LedgerCorrupt: if it claims a decision that nobody signed.
    """
    event, seq = entry.event, entry.head.seq
    if event is None:
        return state
    run_id = e.run_of(event)
    run = state.runs.get(run_id) if run_id else None
    if run is not None:
        reason = _why_not(event, run, state, verify)
        if reason:
            raise LedgerCorrupt(seq, reason)
    return fold(state, event, entry.head.at, seq)


def _why_not(event: e.Event, run: RunState, state: DeskState, verify: SignatureCheck) -> str:
    match event:
        case e.GateDecided(decision=decision):
            gate, operator = run.gates.get(decision.gate), state.operators.get(decision.operator)
            if gate is None or not gate.open:
                return f"a decision on {decision.gate}, which is not open"
            if operator is None:
                return f"a decision by {decision.operator}, who was never enrolled"
            return why_refused(decision, gate.request, operator, verify)
        case e.FactPromoted(fact=fact) if fact.promotion.approver.kind is ActorKind.HUMAN:
            person = fact.promotion.approver.id
            gates = (gate for gate in run.gates.values() if gate.request.proposal == fact.proposal)
            if any(_approves(gate, person) for gate in gates):
                return ""
            return f"{fact.id} is said to be approved by {person}, and no decision says so"
        case _:
            return ""


def _approves(gate: Gate, person: str) -> bool:
    decision = gate.decision
    return (
        decision is not None and decision.verdict is Verdict.APPROVE and decision.operator == person
    )
