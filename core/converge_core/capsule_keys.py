"""Whose keys an evidence capsule brings along, and which signatures in it fit them.

It holds the records of some people of a desk, and of those who answered for them, in their order;
so a signature is held against the key that its owner had at that moment.
"""

from __future__ import annotations

from converge_core import events as e
from converge_core.checkpoint import SignedCheckpoint, why_not_signed
from converge_core.enrolling import WELCOMED, PeopleEvent
from converge_core.ids import OperatorId
from converge_core.ledger import Entry, Head
from converge_core.people import (
    key_bytes,
    revocation_bytes,
    rotation_bytes,
    welcome_bytes,
)
from converge_core.review import Decision, GateAct, Operator, SignatureCheck, bytes_of

_TELLS_KEYS = frozenset({e.OperatorEnrolled.kind, e.OperatorKeyRotated.kind})


class Keys:
    """The keys of people as far as a capsule tells.

    Args:
        desk: the desk that people signed at.
        signer: who signed the checkpoint.
        given: their public key, if it is known from elsewhere; empty if not.
        verify: checks Ed25519 signatures.

    Attributes:
        hidden: whether a record that tells keys was left out.
        fitting: how many signatures fit.
        unchecked: how many could not be checked for what was left out.
    """

    def __init__(self, desk: str, signer: OperatorId, given: str, verify: SignatureCheck) -> None:
        self._desk = desk
        self._signer = signer
        self._given = given
        self._verify = verify
        self._keys: dict[OperatorId, str] = {}
        self._revoked: set[OperatorId] = set()
        self.hidden = False
        self.fitting = self.unchecked = 0

    def get(self, name: OperatorId) -> str:
        """Returns the key that somebody has by now; empty where no record tells."""
        return self._keys.get(name, "")

    def why_not_standing(self, name: OperatorId) -> str:
        """Says that somebody was revoked in a record of the capsule; empty if no record tells."""
        return f"{name}, who signed the checkpoint, was revoked before" * (name in self._revoked)

    def hide(self, head: Head) -> None:
        """Takes in a record that was left out: what it said of keys, nobody knows any more."""
        if head.kind in _TELLS_KEYS:
            self.hidden = True
        if head.kind == e.OperatorKeyRotated.kind:
            self._keys.clear()

    def why_not_people(self, event: PeopleEvent, entry: Entry) -> str:
        """Takes in what happened to somebody, or says why it cannot have."""
        match event:
            case e.OperatorEnrolled(operator=operator):
                return self._why_not_enrolled(event, operator, entry.head.v)
            case e.OperatorKeyRotated(rotation=rotation):
                who, signed = rotation.operator, rotation_bytes(self._desk, rotation)
                if not self._verify(rotation.public_key, signed, rotation.proof):
                    return f"the new key of {who} is not shown to be theirs"
                reason = self._why_not_by(who, signed, rotation.signature)
                self._keys[who] = rotation.public_key
                return reason
            case e.OperatorRevoked(revocation=ended):
                signed = revocation_bytes(self._desk, ended)
                reason = self._why_not_by(ended.by, signed, ended.signature)
                self._revoked.add(ended.operator)
                return reason

    def _why_not_enrolled(self, event: e.OperatorEnrolled, operator: Operator, version: int) -> str:
        name, first = operator.id, not self._keys or operator.id in self._keys
        if self._keys.setdefault(name, operator.public_key) != operator.public_key:
            return f"{name} was enrolled before, with another key"
        welcome = event.welcome
        if not welcome:
            fine = first or version < WELCOMED
            return "" if fine else f"{name} is enrolled, and nobody welcomes them"
        if not self._verify(operator.public_key, key_bytes(operator), welcome.proof):
            return f"the key of {name} is not shown to be theirs"
        signed = welcome_bytes(self._desk, operator, welcome)
        return self._why_not_by(welcome.by, signed, welcome.signature)

    def why_not_signed(self, signed: Decision | GateAct) -> str:
        """Says why a decision or an act is not signed by who is named in it; empty if it is."""
        return self._why_not_by(signed.operator, bytes_of(signed), signed.signature)

    def why_not_taken(self, signed: SignedCheckpoint) -> str:
        """Says why a checkpoint is not signed by who is named in it; empty if it is."""
        key, reason = self._key_of(signed.operator)
        if not key:
            return reason
        self.fitting += 1
        return why_not_signed(signed, key, self._verify)

    def _why_not_by(self, name: OperatorId, message: bytes, signature: str) -> str:
        key, reason = self._key_of(name)
        if key and not self._verify(key, message, signature):
            return f"the signature is not that of {name}"
        self.fitting += bool(key)
        return reason

    def _key_of(self, name: OperatorId) -> tuple[str, str]:
        """Returns a person's key, or why it cannot but be there; neither where it is left out."""
        if name in self._revoked:
            return "", f"{name} was revoked before"
        key = self._keys.get(name) or (self._given if name == self._signer else "")
        if key or self.hidden:
            self.unchecked += not key
            return key, ""
        return "", f"{name} was never enrolled"
