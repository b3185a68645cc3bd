"""What people may do at the gates of a run, and what follows: pure functions from state to events.

Whatever is refused is refused with who decided, when, or what moved, and changes nothing.
"""

from __future__ import annotations

import msgspec

from converge_core import events as e
from converge_core.asking import Gate, GateEnd
from converge_core.errors import DecisionRefused, InvalidValue
from converge_core.ids import GateId, OperatorId
from converge_core.panel import Operators, frozen, is_among, may_self_approve, roster_of
from converge_core.people import why_away
from converge_core.policy import Risk
from converge_core.proposal import require_proposable
from converge_core.quorum import why_unmeetable
from converge_core.review import (
    Decision,
    GateAct,
    Operator,
    SignatureCheck,
    Verdict,
    bytes_of,
)
from converge_core.run_state import RunState
from converge_core.sizes import why_too_long
from converge_core.targets import target_of

MOST_PARTS, LONGEST_PART = 64, 64
"""How many parts of a review an answer may name, and how long a name of one may be."""


def decide(
    state: RunState, decision: Decision, operator: Operator, now: int, verify: SignatureCheck
) -> list[e.Event]:
    """Returns what follows from an answer; nothing where it was given before.

    Raises:
        DecisionRefused: if it cannot be taken, with the reason.
    """
    gate = gate_of(state, decision.gate)
    if _is_repeat(gate, decision):
        return []
    reason = (
        _why_too_large(decision)
        or why_not_open(gate, now)
        or why_not_enrolled(state, operator)
        or why_refused(decision, gate, operator, state.operators, verify)
        or why_not_taken(state, gate, decision)
    )
    if reason:
        raise DecisionRefused(f"{decision.gate}: {reason}")
    return [e.GateDecided(run=state.run, decision=decision), *_settling(state, gate, decision, now)]


def _why_too_large(decision: Decision) -> str:
    """Says why an answer is more than is recorded; looked at when it is given, and never again."""
    try:
        if decision.edited:
            require_proposable(decision.edited)
    except InvalidValue as error:
        return str(error)
    return why_too_long(decision.reason, "the reason")


def why_not_taken(state: RunState, gate: Gate, decision: Decision) -> str:
    """Says why an answer cannot be taken at ``gate`` as it stands; empty if it can."""
    return (
        _why_not_voter(gate, decision.operator)
        or _why_taken_twice(state, decision)
        or _why_not_now(state, gate, decision)
    )


def why_refused(
    decision: Decision, gate: Gate, operator: Operator, operators: Operators, verify: SignatureCheck
) -> str:
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
    return (
        _why_not_seen(decision)
        or why_not_signed(decision, operator, verify)
        or why_not_on_roster(gate, operator.id, operators)
    )


def _why_not_seen(decision: Decision) -> str:
    """Says why nobody can have seen what it says was seen; empty if somebody can."""
    opened = decision.opened
    if opened is msgspec.UNSET:
        return ""
    if list(opened) != sorted(set(opened)):
        return "the parts that were seen are named once each, in the order of the alphabet"
    if len(opened) > MOST_PARTS or not all(1 <= len(name) <= LONGEST_PART for name in opened):
        return (
            f"at most {MOST_PARTS} parts of a review are named, each by 1 to {LONGEST_PART} "
            "characters"
        )
    return ""


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
        return why_away(operator.id, state.revoked)
    why = "is enrolled with another key" if enrolled else "is not enrolled at this desk"
    return f"{operator.id} {why} and cannot decide here"


def why_not_on_roster(gate: Gate, operator: OperatorId, operators: Operators) -> str:
    """Says why ``operator`` may not vote at ``gate``; empty if they may."""
    author = gate.request.author
    own = author and is_among(operator, (author,), operators)
    if author and own and not may_self_approve(gate.terms, gate.request.risk, author):
        high = " where the risk is high" if gate.request.risk is Risk.HIGH else ""
        return f"{operator} wrote it, and nobody decides about their own{high}"
    if gate.roster is not None and operator not in gate.roster:
        may = ", ".join(gate.roster) or "nobody"
        return f"{operator} is not among those who may decide this: {may}"
    return ""


def gate_of(state: RunState, name: GateId) -> Gate:
    """Returns a gate of the run.

    Raises:
        DecisionRefused: if there is none of that name.
    """
    gate = state.gates.get(name)
    if gate is None:
        raise DecisionRefused(f"{name} is no gate of run {state.run}")
    return gate


def _is_repeat(gate: Gate, decision: Decision) -> bool:
    given = gate.votes.get(decision.operator)
    return given is not None and _said(given) == _said(decision)


def _said(decision: Decision) -> tuple[object, ...]:
    return decision.verdict, decision.reason, decision.edited


def why_not_open(gate: Gate, now: int) -> str:
    """Says why no answer is awaited, with who decided and when; empty if one is."""
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
        return (
            _why_dead_end(state, gate, decision.operator)
            or _why_edited_enough(state, gate)
            or _why_contradicted(state, gate)
        )
    return _why_contradicted(state, gate) if decision.verdict is Verdict.APPROVE else ""


def _why_edited_enough(state: RunState, gate: Gate) -> str:
    """Says why people have put other words in each other's place often enough; empty if not."""
    times, draft = 0, state.drafts[gate.request.proposal]
    while draft.supersedes:
        times, draft = times + 1, state.drafts[draft.supersedes]
    if times < max(gate.terms.refinements, 1):
        return ""
    return (
        f"other words were put in its place {times} times already, which is the most its policy "
        "allows; approve or reject it"
    )


def _why_dead_end(state: RunState, gate: Gate, author: OperatorId) -> str:
    """Says why nobody could approve what ``author`` wrote instead; empty if somebody could."""
    if may_self_approve(gate.terms, gate.request.risk, author):
        return ""
    operators = state.absent.left(state.operators, gate.terms.quorum)
    _, roster = frozen(gate.terms, gate.request.risk, author, operators)
    if roster is msgspec.UNSET:
        roster = roster_of(tuple(operators), operators, but=author)
    reason = why_unmeetable(gate.terms.quorum, roster) if gate.terms.roster else ""
    if roster and not reason:
        return ""
    return f"nobody but {author} could approve this edit: {reason or 'nobody else is enrolled'}"


def _why_contradicted(state: RunState, gate: Gate) -> str:
    """Says what stands or is to stand against making this true; empty if nothing does."""
    tension = state.tension_of.get(gate.request.id)
    for side in state.tensions[tension].sides if tension else ():
        other = state.gates[side]
        if other is not gate and other.end in {GateEnd.APPROVED, GateEnd.EDITED}:
            return (
                f"it contradicts {side}, which is {other.end}; at most one of them may stand, "
                "so reject this one, or undo that"
            )
    return ""


def _settling(state: RunState, gate: Gate, decision: Decision, now: int) -> list[e.Event]:
    """Returns the beginning of the undo window, if this answer decides and there is one."""
    if not gate.terms.undo_us or not would_decide(gate, decision):
        return []
    until = now + gate.terms.undo_us
    return [e.GateSettling(run=state.run, gate=gate.request.id, until=until)]


def would_decide(gate: Gate, decision: Decision) -> bool:
    """Whether ``decision`` would bring ``gate`` to its end."""
    trial = Gate(gate.request, votes=dict(gate.votes))
    trial.roster = gate.roster
    trial.vote(decision)
    return trial.end is not None
