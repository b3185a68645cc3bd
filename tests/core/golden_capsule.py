"""How the golden capsule came to be: the golden story, signed by people who have real keys.

``python -m tests.core.golden_capsule`` writes it. It is a promise to those who were handed one:
nothing in it is ever changed, and a new format gets a new file beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from converge_core import events as e
from converge_core import evidence
from converge_core.capsule import About, capsule
from converge_core.checkpoint import SignedCheckpoint, key_id, take
from converge_core.checkpoint import bytes_of as checkpoint_bytes
from converge_core.ids import ApprovalId, GateId, OperatorId, RunId
from converge_core.ledger import Chain, Entry, decode, encode_batch
from converge_core.merkle import Frontier, Tree
from converge_core.review import Decision, GateAct, Verdict, bytes_of
from converge_core.trace import TextRef, text_ref
from tests.core.golden_story import FOLDER, NOON, story
from tests.core.kit import ALICE, INTENT, salts

CAPSULE = FOLDER / "capsule_v1.jsonl"
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
    taken = take("00c0ffee", frontier, known[-1].hash, NOON)
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
        if about.gate:
            found = evidence.of_gate(self.of_run, about.run, about.gate)
        else:
            found = evidence.of_run(self.of_run, about.run)
        found = evidence.with_keys(self.of_run, found, signed.operator)
        size = signed.checkpoint.size
        proven = [
            (self.lines[seq], self.tree.inclusion(seq, max(size, seq + 1)))
            for seq in (entry.head.seq for entry in (found if only is None else only))
        ]
        return list(capsule(about, NOON + 1, signed, proven, text))


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
        e.DeskOpened(desk="00c0ffee", app_version="0.3.0"),
        e.OperatorEnrolled(operator=ALICE.operator),
        started,
        e.GateDecided(run=RunId("run"), decision=decision),
    ]
    return tell([(opened, NOON)])


def tell(batches: list[tuple[list[e.Event], int]]) -> Told:
    """Returns what happened as a ledger with real signatures, and a checkpoint at its end."""
    data, chain, salt = b"", Chain(), salts()
    every: list[Entry] = []
    for events, at in batches:
        lines, entries = encode_batch(map(_signed, events), chain, at, salt)
        data, chain = data + lines, Chain(entries[-1].head.seq, entries[-1].hash)
        every += entries
    closing = e.CheckpointSigned(signed=sign(every))
    lines, _ = encode_batch([closing], chain, NOON, salt)
    return Told((data + lines).splitlines(keepends=True))


def _signed(event: e.Event) -> e.Event:
    replace = msgspec.structs.replace
    match event:
        case e.OperatorEnrolled(operator=one):
            return replace(event, operator=replace(one, public_key=public_key(one.id)))
        case e.GateDecided(decision=decision):
            return replace(event, decision=_with_signature(decision))
        case e.GateActed(act=act):
            return replace(event, act=_with_signature(act))
    return event


def _with_signature(signed: Decision | GateAct) -> Decision | GateAct:
    signature = private_key(signed.operator).sign(bytes_of(signed)).hex()
    return msgspec.structs.replace(signed, signature=signature)


if __name__ == "__main__":
    CAPSULE.write_bytes(b"".join(told().capsule(About(run=RUN, gate=""))))
