"""How the golden capsule came to be: the golden story, signed by people who have real keys.

``python -m tests.core.golden_capsule`` wrote them: one of a run, and in a newer format one of one
record. They are a promise to those who were handed one: nothing in them is ever changed, and a new
format gets a new file beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec.structs import replace

from converge_core import events as e
from converge_core import evidence
from converge_core.capsule import About, capsule
from converge_core.checkpoint import SignedCheckpoint, key_id, take
from converge_core.checkpoint import bytes_of as checkpoint_bytes
from converge_core.ids import ApprovalId, GateId, OperatorId, RunId
from converge_core.ledger import Chain, Entry, decode, encode_batch
from converge_core.merkle import Frontier, Tree
from converge_core.people import (
    Rotation,
    key_bytes,
    revocation_bytes,
    rotation_bytes,
    welcome_bytes,
)
from converge_core.review import Decision, GateAct, Verdict, bytes_of
from converge_core.trace import TextRef, text_ref
from tests.core.golden_story import FOLDER, NOON, story
from tests.core.kit import ALICE, DESK, INTENT, salts

CAPSULE = FOLDER / "capsule_v1.jsonl"
CAPSULE_OF_RECORD = FOLDER / "capsule_v2.jsonl"
RUN = "run-0001"
GATE = "gate:run-0001/2/planning/0"
TEXTS = {sha256(text.encode()).hexdigest(): text for text in ("x",)}
"""The texts of the story that do not stand in its records."""


def private_key(operator: str) -> Ed25519PrivateKey:
    """Returns the key that somebody has in this story; it is no secret."""
    return Ed25519PrivateKey.from_private_bytes(sha256(operator.encode()).digest())


def public_key(operator: str) -> str:
    return private_key(operator).public_key().public_bytes_raw().hex()


def fits(key: str, message: bytes, signature: str) -> bool:
    """Checks real signatures."""
    try:
        one = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        one.verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def sign(entries: Iterable[Entry], operator: OperatorId = ALICE.operator.id) -> SignedCheckpoint:
    """Returns a checkpoint of a ledger."""
    known = list(entries)
    frontier = Frontier().extend(bytes.fromhex(entry.hash) for entry in known)
    taken = take(DESK, frontier, known[-1].hash, NOON)
    return SignedCheckpoint(
        checkpoint=taken,
        operator=operator,
        key=key_id(operator, public_key(operator)),
        signature=private_key(operator).sign(checkpoint_bytes(taken)).hex(),
    )


@dataclass
class Told:
    """A ledger, line by line, as a capsule is made of it."""

    lines: list[bytes]

    def __post_init__(self) -> None:
        self.entries = list(decode(self.lines))
        self.tree = Tree(bytes.fromhex(entry.hash) for entry in self.entries)

    def of_run(self, run: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.head.run == run]

    def signed(self) -> SignedCheckpoint:
        """Returns the newest checkpoint in it."""
        *_, last = [one.event for one in self.entries if isinstance(one.event, e.CheckpointSigned)]
        return last.signed

    def capsule(
        self,
        about: About,
        signed: SignedCheckpoint | None = None,
        only: Sequence[Entry] | None = None,
    ) -> list[bytes]:
        """Returns the lines of a capsule, or of one that holds some records and no others."""
        signed = signed or self.signed()
        if about.record is not None:
            found = [self.entries[about.record]]
        elif about.gate:
            found = evidence.of_gate(self.of_run, about.run, about.gate)
        else:
            found = evidence.of_run(self.of_run, about.run)
        size = signed.checkpoint.size
        found = evidence.with_keys(self.of_run, found, signed.operator, size)
        proven = [
            (self.lines[seq], self.tree.inclusion(seq, max(size, seq + 1)))
            for seq in (entry.head.seq for entry in (found if only is None else only))
        ]
        reads = text if about.record is None else lambda _: None
        return list(capsule(about, NOON + 1, signed, proven, reads))


def text(ref: TextRef) -> str:
    return TEXTS[ref.sha256]


def told() -> Told:
    """Returns the golden story with real signatures, and a checkpoint at its end."""
    batches = [
        ([one for one in events if not isinstance(one, e.CheckpointSigned)], at)
        for events, at in story()
    ]
    return tell([(events, at) for events, at in batches if events])


def small() -> Told:
    """Returns a ledger of four records and a checkpoint: somebody answered in a run."""
    started = e.run_without_pack(
        RunId("run"), INTENT, files={"pack.toml": text_ref("x", shared=True)}
    )
    decision = Decision(
        id=ApprovalId("approval:gate"),
        gate=GateId("gate"),
        verdict=Verdict.APPROVE,
        reason="",
        operator=ALICE.operator.id,
        decided_at=NOON,
        request="",
        shown="",
        signature="",
    )
    opened: list[e.Event] = [
        e.DeskOpened(desk=DESK, app_version="0.3.0"),
        e.OperatorEnrolled(operator=ALICE.operator),
        started,
        e.GateDecided(run=RunId("run"), decision=decision),
    ]
    return tell([(opened, NOON)])


def tell(batches: list[tuple[list[e.Event], int]]) -> Told:
    """Returns what happened as a ledger with real signatures, and a checkpoint at its end."""
    data, chain, salt = b"", Chain(), salts()
    every: list[Entry] = []
    signer = _Signer()
    for events, at in batches:
        lines, entries = encode_batch(map(signer.signed, events), chain, at, salt)
        data, chain = data + lines, Chain(entries[-1].head.seq, entries[-1].hash)
        every += entries
    closing = e.CheckpointSigned(signed=sign(every))
    lines, _ = encode_batch([closing], chain, NOON, salt)
    return Told((data + lines).splitlines(keepends=True))


class _Signer:
    """Signs for everybody in the story, each with the key that they have by then."""

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}

    def key(self, name: str) -> Ed25519PrivateKey:
        return private_key(self._secrets.get(name, name))

    def sign(self, name: str, message: bytes) -> str:
        return self.key(name).sign(message).hex()

    def signed(self, event: e.Event) -> e.Event:
        match event:
            case e.OperatorEnrolled(operator=one, welcome=welcome):
                operator = replace(one, public_key=public_key(one.id))
                if not welcome:
                    return replace(event, operator=operator)
                welcome = replace(welcome, proof=self.sign(one.id, key_bytes(operator)))
                told = welcome_bytes(DESK, operator, welcome)
                welcome = replace(welcome, signature=self.sign(welcome.by, told))
                return replace(event, operator=operator, welcome=welcome)
            case e.OperatorKeyRotated(rotation=rotation):
                return replace(event, rotation=self._rotated(rotation))
            case e.OperatorRevoked(revocation=ended):
                told = revocation_bytes(DESK, ended)
                return replace(
                    event, revocation=replace(ended, signature=self.sign(ended.by, told))
                )
            case e.GateDecided(decision=decision):
                return replace(event, decision=self._with_signature(decision))
            case e.GateActed(act=act):
                return replace(event, act=self._with_signature(act))
        return event

    def _rotated(self, rotation: Rotation) -> Rotation:
        who, secret = rotation.operator, f"{rotation.operator} again"
        rotation = replace(rotation, public_key=public_key(secret))
        told = rotation_bytes(DESK, rotation)
        signature = self.sign(who, told)
        self._secrets[who] = secret
        return replace(rotation, proof=self.sign(who, told), signature=signature)

    def _with_signature(self, signed: Decision | GateAct) -> Decision | GateAct:
        return replace(signed, signature=self.sign(signed.operator, bytes_of(signed)))


if __name__ == "__main__":
    one = next(entry for entry in told().entries if entry.head.kind == e.GateDecided.kind)
    single = About(run="", gate="", record=one.head.seq)
    CAPSULE_OF_RECORD.write_bytes(b"".join(told().capsule(single)))
