"""What is asked of a person, and what their answer binds.

A decision is data: it signs a digest that covers the proposal, the facts it rests on, the checks
that ran, the policy, and what was shown. Change any of them, and the signature no longer fits.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec

from converge_core.canonical import (
    ContentHash,
    canonical_checked,
    canonical_record,
    hash_bytes,
    parse,
)
from converge_core.ids import AgentId, ApprovalId, FactId, GateId, OperatorId, ProposalId, RunId
from converge_core.key import ContextKey
from converge_core.policy import Risk
from converge_core.proposal import ProposedFact
from converge_core.record import Record
from converge_core.terms import ReviewTerms


class Verdict(StrEnum):
    """What a person may answer."""

    APPROVE = "approve"
    """It may become a fact."""
    REJECT = "reject"
    """It may not, for a reason."""
    REFINE = "refine"
    """Its author is to think again, in the light of the reason."""
    EDIT = "edit"
    """It is to say something else: the person's own words, which are a proposal of theirs."""


class Ground(Record, frozen=True):
    """A fact that a proposal rests on, as it stood when the gate opened.

    ``superseded`` names what had taken its place by then, if anything had.
    """

    fact: FactId
    digest: str
    superseded: FactId | msgspec.UnsetType = msgspec.UNSET


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
        terms: the terms of the rule that asks, as they were when it opened.
        roster: who may vote, as enrolled then; unset where anybody who is enrolled may.
        author: the person whose own proposal it is; unset where an agent made it.
        envelopes: how the model calls behind it were computed, by digest.
        instead_of: the gate it takes the place of, because the ground of that one moved.
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
    terms: ReviewTerms | msgspec.UnsetType = msgspec.UNSET
    roster: tuple[OperatorId, ...] | msgspec.UnsetType = msgspec.UNSET
    author: OperatorId | msgspec.UnsetType = msgspec.UNSET
    envelopes: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    instead_of: GateId | msgspec.UnsetType = msgspec.UNSET

    def digest(self) -> ContentHash:
        """Returns the hash of what is asked; when it was asked does not enter."""
        asked: dict[str, object] = {
            "gate": self.id,
            "proposal": self.proposal_digest,
            "report": self.report_digest,
            "policy": self.policy,
            "rule": self.rule,
            "ground": [_spelled(ground) for ground in self.ground],
        }
        if self.terms:  # asked before there were terms, it keeps the digest that was signed then
            asked["terms"] = self.terms
            asked["risk"] = self.risk
            asked["roster"] = None if self.roster is msgspec.UNSET else self.roster
            asked["author"] = self.author or None
            asked["envelopes"] = self.envelopes or ()
        return hash_bytes(canonical_checked(asked))  # every field is typed


def _spelled(ground: Ground) -> list[str]:
    return [ground.fact, ground.digest, *([ground.superseded] if ground.superseded else [])]


class Operator(Record, frozen=True):
    """A person who may decide: a name and the public half of their Ed25519 key, in hex."""

    id: OperatorId
    name: str
    public_key: str


class InputOrigin(StrEnum):
    """By what hand an answer was given."""

    KEYBOARD = "keyboard"
    """By keys, at the review."""
    POINTER = "pointer"
    """By mouse, touch or pen, at the review."""
    COMMAND_LINE = "command-line"
    """By a command, after the review was printed."""
    BATCH = "batch"
    """As one of several, confirmed together."""
    FILE = "file"
    """At another desk, after a request file was printed."""


class Decision(Record, frozen=True):
    """A person's signed answer; where several people are asked, their vote.

    Attributes:
        id: what promotion records refer to.
        gate: the gate it answers.
        verdict: what they answer.
        reason: why; required for a rejection, and what is to be thought over in a refinement.
        operator: who.
        decided_at: microseconds since 1970 UTC.
        request: the digest of what was asked.
        shown: the digest of the review as it was shown.
        signature: Ed25519 over :func:`bytes_of`, in hex.
        edited: what it is to say instead, for an edit; under the same key and id.
        opened: the parts of the review that were seen, by name, in order; unset where nobody said.
        input_origin: by what hand it was given; unset where nobody said.
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
    edited: ProposedFact | msgspec.UnsetType = msgspec.UNSET
    opened: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    input_origin: InputOrigin | msgspec.UnsetType = msgspec.UNSET


class ActKind(StrEnum):
    """What a person may do at a gate beside answering."""

    UNDO = "undo"
    """Take back what was decided, while its undo window is open."""
    EXTEND = "extend"
    """Move the deadline, as the terms allow."""
    DELEGATE = "delegate"
    """Have somebody else vote in one's place."""
    ESCALATE = "escalate"
    """Have those asked whom the terms name for it."""


class GateAct(Record, frozen=True):
    """Something a person did at a gate, signed like an answer.

    Attributes:
        id: unique in its run.
        gate: the gate.
        act: what they did.
        operator: who.
        reason: why.
        acted_at: microseconds since 1970 UTC.
        signature: Ed25519 over :func:`bytes_of`, in hex.
        to: for a delegation, to whom.
    """

    id: ApprovalId
    gate: GateId
    act: ActKind
    operator: OperatorId
    reason: str
    acted_at: int
    signature: str
    to: OperatorId | msgspec.UnsetType = msgspec.UNSET


def bytes_of(signed: Decision | GateAct) -> bytes:
    """Returns the bytes that a signature covers: everything in what is signed but itself."""
    unsigned = msgspec.structs.replace(signed, signature="")
    body = parse(canonical_record(unsigned))
    what = "decision" if isinstance(signed, Decision) else "act"
    told = {"what": f"converge {what} v1", what: body}
    return hash_bytes(canonical_checked(told)).encode()


SignatureCheck = Callable[[str, bytes, str], bool]
"""Says whether public key (hex), message and signature (hex) fit; the adapters provide it."""


def no_signatures(public_key: str, message: bytes, signature: str) -> bool:
    """Accepts nothing: the engine's default, so that no unsigned decision ever counts."""
    del public_key, message, signature
    return False
