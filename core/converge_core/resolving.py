"""What comes of a gate once it has its end: the second merge of a cycle, gate by gate.

Whatever people decided, a proposal is validated again and the policy is asked again; approval
bypasses neither. An approval binds the ground it was given on; where that moved, people are asked
anew and the votes are void.
"""

from __future__ import annotations

import msgspec

from converge_core import events as e
from converge_core.asking import Gate, GateEnd
from converge_core.authority import Actor, ActorKind, AuthorityGrant
from converge_core.canonical import hash_text
from converge_core.ids import FactId, proposal_id
from converge_core.key import ContextKey
from converge_core.merge import Merge, rule_actor
from converge_core.panel import is_among, may_self_approve
from converge_core.policy import Effect, PolicyDecision, stricter
from converge_core.proposal import Draft, ProposedFact, draft
from converge_core.review import Decision, Verdict
from converge_core.speakers import PEOPLE
from converge_core.targets import EDITED, REFINED
from converge_core.terms import ANYBODY_ONCE


def resolve(merge: Merge, gate: Gate, proposal: Draft) -> None:
    """Carries out the end of ``gate``, which asks about ``proposal``."""
    decision = gate.decision
    if gate.end is GateEnd.LAPSED:
        merge.refuse(proposal, "timeout", "Nobody answered by the deadline, and silence rejects.")
    elif gate.end is GateEnd.ASSUMED:
        _approve(merge, gate, proposal)
    elif decision is None:
        return
    elif decision.verdict is Verdict.REJECT:
        said = [f"{one.operator} rejected it: {one.reason}" for one in gate.rejections]
        merge.refuse(proposal, "human", "; ".join(said))
    elif decision.verdict is Verdict.REFINE:
        _refine(merge, proposal, decision)
    elif decision.verdict is Verdict.EDIT:
        _edit(merge, gate, proposal, decision)
    else:
        _approve(merge, gate, proposal)


def feedback_of(decision: Decision, proposal: Draft) -> ProposedFact:
    """Returns what a refinement tells the author of ``proposal``, as a fact that they can read.

    Neither the run nor a clock is in it, so that runs with the same decisions come to the same.
    """
    reason = decision.reason
    told = f"{proposal.agent} {proposal.target_digest()} {proposal.cycle} {reason}"
    return ProposedFact(
        key=ContextKey.CONSTRAINTS,
        id=FactId(f"feedback:{hash_text(told)[:16]}"),
        content=reason,
        structured={
            "agent": proposal.agent,
            "target": proposal.fact.id,
            "said": proposal.fact.content[:2000],
        },
    )


def person(decision: Decision) -> Actor:
    """Returns who decided, as promotion records name them."""
    return Actor(kind=ActorKind.HUMAN, id=decision.operator)


def _grant(merge: Merge, decision: Decision, key: ContextKey) -> AuthorityGrant:
    """Returns what one decision gives: one promotion under one key, at this gate."""
    return AuthorityGrant(
        grantor=person(decision),
        keys=(key.value,),
        gates=(merge.gate.gate_id,),
        granted_at=min(decision.decided_at, merge.now),  # the answer stands, whatever the clock
    )


def _approve(merge: Merge, gate: Gate, proposal: Draft) -> None:
    _carry_out(merge, gate, proposal, moved=has_moved(merge, gate, proposal))


def _carry_out(merge: Merge, gate: Gate, proposal: Draft, *, moved: bool) -> None:
    """Makes what was approved a fact, or asks anew where its ground ``moved``."""
    if merge.stands(proposal) or merge.is_no_correction(proposal) or not merge.passes(proposal):
        return
    approved = not moved and gate.end is GateEnd.APPROVED
    policy = merge.decided(proposal, human_approved=approved)
    if policy is None:
        return
    if policy.effect is Effect.FORBID:  # approval does not bypass what is forbidden
        merge.refuse(proposal, policy.rule, policy.reason)
    elif moved:
        _ask_anew(merge, gate)
        merge.ask(proposal, stricter(_own_rule(gate), policy), gate.request)
    elif gate.end is GateEnd.ASSUMED:
        merge.promote(proposal, merge.grants, rule_actor(gate.request.rule))
    else:
        decision, author = gate.approver, gate.request.author
        grant = _grant(merge, decision, proposal.fact.key)
        names = tuple(one.id for one in gate.approvals)
        own = author and is_among(decision.operator, (author,), merge.operators)
        merge.promote(proposal, (grant,), person(decision), names, self_approved=bool(own))


def _own_rule(gate: Gate) -> PolicyDecision:
    """Returns the rule under which ``gate`` asks."""
    asked = gate.request
    return PolicyDecision(
        effect=Effect.ASK,
        rule=asked.rule,
        reason=asked.reason,
        risk=asked.risk,
        review=asked.terms,
    )


def has_moved(merge: Merge, gate: Gate, proposal: Draft) -> bool:
    """Whether the ground of ``gate`` is other than when it opened."""
    return merge.ground(proposal) != gate.request.ground


def _ask_anew(merge: Merge, gate: Gate) -> None:
    """Closes a gate whose ground moved; whoever calls this puts the proposal to people again."""
    reason = "what it rests on changed, so it is asked anew"
    merge.events.append(e.GateWithdrawn(run=merge.run, gate=gate.request.id, reason=reason))


def _said(
    merge: Merge, decision: Decision, fact: ProposedFact, about: Draft, *, instead: bool
) -> Draft:
    """Returns what a person says about a proposal, or ``instead`` of it, as theirs."""
    made = draft(
        proposal_id(merge.run, merge.cycle, PEOPLE, merge.drafted),
        person(decision),
        PEOPLE,
        merge.cycle,
        fact,
        read=about.rests_on,
        traces=about.traces if instead else (),
    )
    return msgspec.structs.replace(made, supersedes=about.id) if instead else made


def _refine(merge: Merge, proposal: Draft, decision: Decision) -> None:
    merge.drop(proposal, REFINED, f"{decision.operator}: {decision.reason}", close=False)
    made = _said(merge, decision, feedback_of(decision, proposal), proposal, instead=False)
    merge.record(made)
    if merge.stands(made) or not merge.passes(made):
        return
    policy = merge.decided(made, human_approved=True)
    if policy is None:
        return
    if policy.effect is Effect.FORBID:
        merge.refuse(made, policy.rule, policy.reason)
    else:  # what a person says to an agent is theirs to say; that they said it is signed
        grant = _grant(merge, decision, made.fact.key)
        merge.promote(made, (grant,), person(decision), (decision.id,))


def _edit(merge: Merge, gate: Gate, proposal: Draft, decision: Decision) -> None:
    edited = decision.edited
    assert edited
    if has_moved(merge, gate, proposal) or merge.has_superseded(edited.rests_on):
        _carry_out(merge, gate, proposal, moved=True)
        return
    merge.drop(proposal, EDITED, f"{decision.operator} put other words in its place.")
    made = _said(merge, decision, edited, proposal, instead=True)
    merge.record(made)
    if merge.stands(made) or merge.cites_nothing(made):
        return
    if merge.is_no_correction(made) or not merge.passes(made):
        return
    policy = _edited_under(merge, gate, made, proposal)
    if policy is None:
        return
    terms = policy.review or ANYBODY_ONCE
    if may_self_approve(terms, policy.risk, decision.operator):
        grant = _grant(merge, decision, edited.key)
        merge.promote(made, (grant,), person(decision), (decision.id,), self_approved=True)
    else:
        merge.ask(made, policy)


def _edited_under(merge: Merge, gate: Gate, made: Draft, about: Draft) -> PolicyDecision | None:
    """Returns the rule under which an edit is asked about; None where it was refused.

    It is never a milder one than that of the gate it was made at, whatever the edit says, and what
    the policy says about the agent whose words were edited counts for the edit as well.
    """
    policy = _own_rule(gate)
    for said in (msgspec.structs.replace(made, agent=about.agent), made):
        found = merge.decided(said)
        if found is None:
            return None
        if found.effect is Effect.FORBID:
            merge.refuse(made, found.rule, found.reason)
            return None
        policy = stricter(policy, found)
    return policy
