"""Who may decide at a desk, and what people sign about it: welcoming, new keys, revoking.

A person keeps the id they were enrolled with, whatever key they have: rosters, votes, leads and
authors name people, so that nobody votes twice, or about their own, by taking another key. What
they signed before stays signed, because a signature is held against the key of its moment.

Every statement names the desk, so that what was signed at one is worth nothing at another; but
that a key is one's own is said once for all desks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from converge_core.canonical import canonical_checked, canonical_record, hash_bytes, parse
from converge_core.ids import OperatorId
from converge_core.quorum import Quorum
from converge_core.record import Record
from converge_core.review import Operator


class Welcome(Record, frozen=True):
    """That somebody who is enrolled answers for another person, who may decide from then on.

    Attributes:
        by: who answers for them.
        welcomed_at: microseconds since 1970 UTC.
        proof: Ed25519 with the new person's key over :func:`key_bytes`, in hex: it is theirs.
        signature: Ed25519 with the key of ``by``, in hex.
    """

    by: OperatorId
    welcomed_at: int
    proof: str
    signature: str


class Rotation(Record, frozen=True):
    """That a person has another key from now on.

    Attributes:
        operator: whose.
        public_key: the new one, in hex.
        reason: why; may be empty.
        rotated_at: microseconds since 1970 UTC.
        proof: Ed25519 with the new key, in hex: who asks for it has it.
        signature: Ed25519 with the key that they had, in hex.
    """

    operator: OperatorId
    public_key: str
    reason: str
    rotated_at: int
    proof: str
    signature: str


class Revocation(Record, frozen=True):
    """That a person may not decide any more; nothing they decided before is touched.

    Attributes:
        operator: who.
        by: who says so; somebody who may decide, perhaps the person themselves.
        reason: why; never blank.
        revoked_at: microseconds since 1970 UTC.
        signature: Ed25519 with the key of ``by``, in hex.
    """

    operator: OperatorId
    by: OperatorId
    reason: str
    revoked_at: int
    signature: str


def key_bytes(operator: Operator) -> bytes:
    """Returns the bytes that people sign to show that a key is theirs, wherever they take it."""
    told = {"what": "converge key v1", "operator": parse(canonical_record(operator))}
    return hash_bytes(canonical_checked(told)).encode()


def welcome_bytes(desk: str, operator: Operator, welcome: Welcome) -> bytes:
    """Returns the bytes that the signature of who welcomes ``operator`` covers."""
    return _bytes("welcome", desk, welcome, operator=parse(canonical_record(operator)))


def rotation_bytes(desk: str, rotation: Rotation) -> bytes:
    """Returns the bytes that both signatures under a rotation cover."""
    return _bytes("rotation", desk, rotation)


def revocation_bytes(desk: str, revocation: Revocation) -> bytes:
    """Returns the bytes that the signature under a revocation covers."""
    return _bytes("revocation", desk, revocation)


def _bytes(what: str, desk: str, said: Record, **more: object) -> bytes:
    body = parse(canonical_record(said))
    unsigned = {**body, **{name: "" for name in ("proof", "signature") if name in body}}
    told = {"what": f"converge {what} v1", "desk": desk, what: unsigned, **more}
    return hash_bytes(canonical_checked(told)).encode()


class Absent(NamedTuple):
    """Who is enrolled and not asked any more.

    Attributes:
        now: who was revoked by now.
        before: who was revoked before the run began.
    """

    now: Collection[OperatorId] = ()
    before: Collection[OperatorId] = ()

    def left(
        self, operators: Mapping[OperatorId, Operator], quorum: Quorum
    ) -> Mapping[OperatorId, Operator]:
        """Returns of whom a roster under ``quorum`` is made.

        Where several must agree, who was revoked since the run began still counts, though they
        cannot vote: revoking somebody never makes agreement easier. Where one is enough, fewer
        people are no easier.
        """
        away = self.now if quorum.is_one_person else self.before
        if not away:
            return operators
        return {who: one for who, one in operators.items() if who not in away}


NOBODY = Absent()
"""Everybody who was enrolled is still asked."""


def why_away(who: OperatorId, revoked: Mapping[OperatorId, Revocation]) -> str:
    """Says why ``who`` may not decide any more; empty if they may."""
    ended = revoked.get(who)
    if ended is None:
        return ""
    return (
        f"{who} was revoked by {ended.by} at {ended.revoked_at} and cannot decide here any more: "
        f"{ended.reason}"
    )
