"""What is asked of a person, and what their answer binds.

A decision is data: it signs a digest that covers the proposal, the facts it rests on, the checks
that ran, the policy, and what was shown. Change any of them, and the signature no longer fits.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec

from converge_core.canonical import ContentHash, canonical_record, content_hash, parse
from converge_core.ids import AgentId, ApprovalId, FactId, GateId, OperatorId, ProposalId, RunId
from converge_core.key import ContextKey
from converge_core.policy import Risk
from converge_core.record import Record


class Verdict(StrEnum):
    """What a person may answer."""

    APPROVE = "approve"
    REJECT = "reject"


class Ground(Record, frozen=True):
    """A fact that a proposal rests on, as it stood when the gate opened."""

    fact: FactId
    digest: str


class GateRequest(Record, frozen=True):
    """One proposal put to a person.

    Attributes:
        id: the gate's name.
        run: the run that waits.
        proposal: what is asked about.
        proposal_digest: the hash of the draft.
        report_digest: the hash of its validation report.
        policy: the hash of the policy in force.
        rule: the rule that asks.
        reason: that rule's sentence.
        risk: how much hangs on it, by that rule.
        key: where the fact would stand.
        title: the proposal in a line.
        agent: whose it is.
        cycle: when it was made.
        ground: the facts it rests on.
        opened_at: microseconds since 1970 UTC.
        deadline: when it closes unanswered; None while the policy sets none.
    """

    id: GateId
    run: RunId
    proposal: ProposalId
    proposal_digest: str
    report_digest: str
    policy: str
    rule: str
    reason: str
    risk: Risk
    key: ContextKey
    title: str
    agent: AgentId
    cycle: int
    ground: tuple[Ground, ...]
    opened_at: int
    deadline: int | None = None

    def digest(self) -> ContentHash:
        """Returns the hash of what is asked; when it was asked does not enter."""
        return content_hash(
            {
                "gate": self.id,
                "proposal": self.proposal_digest,
                "report": self.report_digest,
                "policy": self.policy,
                "rule": self.rule,
                "ground": [[ground.fact, ground.digest] for ground in self.ground],
            }
        )


class Operator(Record, frozen=True):
    """A person who may decide: a name and the public half of their Ed25519 key, in hex."""

    id: OperatorId
    name: str
    public_key: str


class Decision(Record, frozen=True):
    """A person's signed answer.

    Attributes:
        id: what promotion records refer to.
        gate: the gate it answers.
        verdict: approve or reject.
        reason: why; required for a rejection.
        operator: who.
        decided_at: microseconds since 1970 UTC.
        request: the digest of what was asked.
        shown: the digest of the review as it was shown.
        signature: Ed25519 over :func:`bytes_of`, in hex.
    """

    id: ApprovalId
    gate: GateId
    verdict: Verdict
    reason: str
    operator: OperatorId
    decided_at: int
    request: str
    shown: str
    signature: str


def bytes_of(decision: Decision) -> bytes:
    """Returns the bytes that ``decision``'s signature covers: everything in it but itself."""
    unsigned = msgspec.structs.replace(decision, signature="")
    body = parse(canonical_record(unsigned))
    digest = content_hash({"what": "converge decision v1", "decision": body})
    return digest.encode()


SignatureCheck = Callable[[str, bytes, str], bool]
"""Says whether public key (hex), message and signature (hex) fit; the adapters provide it."""


def no_signatures(public_key: str, message: bytes, signature: str) -> bool:
    """Accepts nothing: the engine's default, so that no unsigned decision ever counts."""
    del public_key, message, signature
    return False
