"""A question put to somebody at another desk, and their vote: two files, and no network.

Who asks signs what they ask: the gate, the digest of its request, what is to be shown, and the
hash of the evidence that goes along. Who votes signs an ordinary decision, in which ``shown`` is
the digest of all of that; so a vote is worth nothing at another gate, at another desk, or of what
was shown otherwise. It is recorded like any vote, at the desk that asked, by its rules and clock.
"""

from __future__ import annotations

import msgspec

from converge_core.canonical import (
    ContentHash,
    canonical_checked,
    canonical_record,
    hash_bytes,
    parse,
)
from converge_core.ids import ApprovalId, GateId, OperatorId, RunId
from converge_core.people import why_away
from converge_core.record import Record
from converge_core.review import (
    Decision,
    InputOrigin,
    Operator,
    SignatureCheck,
    Verdict,
    bytes_of,
)
from converge_core.run_state import DeskState

VERDICTS = frozenset({Verdict.APPROVE, Verdict.REJECT})
"""What can be answered from elsewhere: what can be said without the rest of the run."""


class Asked(Record, frozen=True):
    """What somebody at another desk is asked.

    Attributes:
        desk: the desk that asks.
        run: the run that waits.
        gate: the gate.
        request: the digest of what it asks.
        shown: the review, line by line, as it is to be shown.
        evidence: the SHA-256 of the capsule that goes along, in hex.
        voters: who may answer, with the keys they are enrolled with at the desk that asks.
        answers: how many answers were given there before; it makes the next one's name.
        asked_at: microseconds since 1970 UTC, by the clock of the desk that asks.
        deadline: when the gate closes there; None for never.
        by: who asks, somebody enrolled there.
        signature: Ed25519 over :func:`asked_bytes`, in hex.
    """

    desk: str
    run: RunId
    gate: GateId
    request: str
    shown: tuple[str, ...]
    evidence: str
    voters: tuple[Operator, ...]
    answers: int
    asked_at: int
    deadline: int | None
    by: Operator
    signature: str

    def digest(self) -> ContentHash:
        """Returns the hash of all that is asked and shown; a vote names it."""
        return hash_bytes(canonical_record(self))


class Ballot(Record, frozen=True):
    """A vote from elsewhere, and what was asked."""

    asked: Asked
    decision: Decision


def asked_bytes(asked: Asked) -> bytes:
    """Returns the bytes that the signature of who asks covers."""
    unsigned = msgspec.structs.replace(asked, signature="")
    told = {"what": "converge request v1", "request": parse(canonical_record(unsigned))}
    return hash_bytes(canonical_checked(told)).encode()


def why_not_asked(asked: Asked, verify: SignatureCheck) -> str:
    """Says why nobody asked that; empty if who is named in it did."""
    if verify(asked.by.public_key, asked_bytes(asked), asked.signature):
        return ""
    return f"the request is not signed by {asked.by.id}, who is said to ask"


def voter(asked: Asked, public_key: str) -> Operator | None:
    """Returns as whom the owner of a key may answer; None if they may not."""
    return next((one for one in asked.voters if one.public_key == public_key), None)


def unsigned_vote(asked: Asked, who: Operator, verdict: Verdict, reason: str, at: int) -> Decision:
    """Returns an answer, to be signed by who gives it."""
    name = hash_bytes(f"{asked.gate}\n{who.id}\n{asked.answers}".encode())[:16]
    return Decision(
        id=ApprovalId(f"vote:{name}"),
        gate=asked.gate,
        verdict=verdict,
        reason=reason.strip(),
        operator=who.id,
        decided_at=at,
        request=asked.request,
        shown=asked.digest(),
        signature="",
        input_origin=InputOrigin.FILE,
    )


def why_not_cast(ballot: Ballot, verify: SignatureCheck) -> str:
    """Says why a vote is not one on what was asked, as far as the file alone tells."""
    asked, vote = ballot.asked, ballot.decision
    if vote.verdict not in VERDICTS or vote.edited:
        return f"a vote from elsewhere approves or rejects, and this one is to {vote.verdict}"
    if (vote.gate, vote.request) != (asked.gate, asked.request):
        return f"the vote is about {vote.gate}, and the request in the file about {asked.gate}"
    if vote.shown != asked.digest():
        return "the vote is on something else than the request in the file shows"
    who = next((one for one in asked.voters if one.id == vote.operator), None)
    if who is None:
        return f"{vote.operator} is not among those who were asked"
    if vote != _same_vote(ballot, who):
        return "the vote is named otherwise than such votes are"
    if not verify(who.public_key, bytes_of(vote), vote.signature):
        return f"the signature is not that of {vote.operator}"
    return ""


def _same_vote(ballot: Ballot, who: Operator) -> Decision:
    """Returns the one vote that says what this one does, with its signature."""
    vote = ballot.decision
    plain = unsigned_vote(ballot.asked, who, vote.verdict, vote.reason, vote.decided_at)
    return msgspec.structs.replace(plain, signature=vote.signature)


def why_not_ours(state: DeskState, asked: Asked, verify: SignatureCheck) -> str:
    """Says why a request was not made at a desk, by somebody who may decide there."""
    if asked.desk != state.desk:
        return f"the vote was asked for by desk {asked.desk}, and this is desk {state.desk}"
    by = OperatorId(asked.by.id)
    enrolled = state.operators.get(by)
    theirs = [key for key, who in state.retired.items() if who == by]
    if enrolled is None or asked.by.public_key not in (enrolled.public_key, *theirs):
        return f"{by}, who is said to have asked, is not enrolled here with that key"
    return why_away(by, state.revoked) or why_not_asked(asked, verify)
