"""What an evidence capsule proves, and what is left to be taken on trust.

It holds if each record stands under the root of the checkpoint, the checkpoint is signed with the
key of somebody, every decision and act is signed by who was enrolled, and every text that is named
is there or marked as left out. Whose key it is that signed the checkpoint is said by a record of
the capsule itself; whoever made up a whole desk has made up that too, so whoever can knows the key
from elsewhere and gives it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from converge_core import events as e
from converge_core.canonical import hash_text
from converge_core.capsule import About, Opening, Proven, Text, behind, parts, texts_of
from converge_core.checkpoint import SignedCheckpoint, read_checkpoint, why_not_signed
from converge_core.errors import CapsuleBroken, InvalidValue
from converge_core.ids import OperatorId
from converge_core.ledger import Entry
from converge_core.merkle import includes
from converge_core.review import Decision, GateAct, SignatureCheck, bytes_of


@dataclass(frozen=True, slots=True)
class Holding:
    """A capsule that holds.

    Attributes:
        about: what it is about.
        exported_at: when it was made, in microseconds since 1970 UTC; it says so itself.
        signed: the checkpoint that its records stand under.
        key: the public key that fits the checkpoint.
        records: how many records there are.
        redacted: of how many of them the body was left out.
        texts: how many texts are named beside those that stand in records.
        left_out: how many of them were left out.
        inline: how many short texts stand in the records themselves.
        fitting: how many signatures fit, that of the checkpoint among them.
        unchecked: how many could not be checked, because who was enrolled was left out.
    """

    about: About
    exported_at: int
    signed: SignedCheckpoint
    key: str
    records: int
    redacted: int
    texts: int
    left_out: int
    inline: int
    fitting: int
    unchecked: int

    @property
    def whole(self) -> bool:
        """Whether nothing was left out."""
        return not (self.redacted or self.left_out)


def check(lines: Iterable[bytes], verify: SignatureCheck, key: str = "") -> Holding:
    """Verifies a capsule.

    Args:
        lines: its lines.
        verify: checks Ed25519 signatures.
        key: the public key of who signed the checkpoint, in hexadecimal, if it is known.

    Raises:
        CapsuleBroken: at the first line that does not hold.
    """
    checker: _Checker | None = None
    number = 0
    for number, part in parts(lines):
        if isinstance(part, Opening):
            checker = _Checker(part, verify, key)
        elif checker and isinstance(part, Proven):
            checker.record(number, part)
        elif checker and isinstance(part, Text):
            checker.text(number, part)
    assert checker is not None  # a capsule without a first line has no end either
    return checker.outcome(number)


class _Checker:
    """Takes in the parts of a capsule; it keeps names and keys, and no part."""

    def __init__(self, opening: Opening, verify: SignatureCheck, key: str) -> None:
        self._opening = opening
        try:
            self._signed = read_checkpoint(opening.checkpoint)
        except InvalidValue as error:
            raise CapsuleBroken(1, str(error)) from error
        self._root = bytes.fromhex(self._signed.checkpoint.root)
        self._verify = verify
        self._given = key
        self._keys: dict[OperatorId, str] = {}
        self._keys_hidden = False
        self._named: dict[str, int] = {}
        self._met: set[str] = set()
        self._begun, self._asked = False, not opening.about.gate
        self._records = self._redacted = self._left_out = self._inline = 0
        self._fitting = self._unchecked = 0

    def record(self, number: int, part: Proven) -> None:
        """Takes in a record."""
        entry, checkpoint = part.entry, self._signed.checkpoint
        seq = entry.head.seq
        if seq >= checkpoint.size:
            raise CapsuleBroken(number, behind(seq, checkpoint.size))
        stands = includes(
            self._root, checkpoint.size, seq, bytes.fromhex(entry.hash), part.proof
        ) and (seq + 1 != checkpoint.size or entry.hash == checkpoint.head)
        if not stands:
            raise CapsuleBroken(number, f"record {seq} is not one that the checkpoint covers")
        self._records += 1
        self._meets_about(entry)
        if entry.event is None:
            self._redacted += 1
            self._keys_hidden |= entry.head.kind == e.OperatorEnrolled.kind
            return
        for ref in texts_of(entry.event):
            if ref.inline is None:
                self._named.setdefault(ref.sha256, seq)
            elif hash_text(ref.inline) != ref.sha256:
                raise CapsuleBroken(number, "a text in the record is not the one of its hash")
            else:
                self._inline += 1
        reason = self._why_not(entry.event, entry)
        if reason:
            raise CapsuleBroken(number, f"record {seq}: {reason}")

    def text(self, number: int, part: Text) -> None:
        """Takes in a text."""
        if part.sha256 not in self._named:
            raise CapsuleBroken(number, f"no record names the text {part.sha256[:12]}")
        self._met.add(part.sha256)
        self._left_out += part.text is None

    def outcome(self, last: int) -> Holding:
        """Returns what came of it, after line ``last``."""
        for name, seq in self._named.items():
            if name not in self._met:
                words = f"the text {name[:12]} that record {seq} names is not there, nor left out"
                raise CapsuleBroken(last, words)
        about = self._opening.about
        if not (self._begun and self._asked):
            what = f"gate {about.gate} of run {about.run}" if about.gate else f"run {about.run}"
            raise CapsuleBroken(1, f"it is said to be about {what}, and no record begins that")
        signer = self._signed.operator
        key = self._given or self._keys.get(signer, "")
        if self._keys.get(signer, key) != key:
            raise CapsuleBroken(1, f"{signer} is enrolled in it with another key than that given")
        reason = why_not_signed(self._signed, key, self._verify) if key else self._nobody()
        if reason:
            raise CapsuleBroken(1, reason)
        return Holding(
            about=about,
            exported_at=self._opening.exported_at,
            signed=self._signed,
            key=key,
            records=self._records,
            redacted=self._redacted,
            texts=len(self._named),
            left_out=self._left_out,
            inline=self._inline,
            fitting=self._fitting + 1,
            unchecked=self._unchecked,
        )

    def _nobody(self) -> str:
        name = self._signed.operator
        if self._keys_hidden:
            return f"a record that enrols {name}, who signed, was left out; give their public key"
        return f"the checkpoint is signed by {name}, whom no record enrols; give their public key"

    def _meets_about(self, entry: Entry) -> None:
        """Notes the records without which a capsule would be about something else."""
        about, head, event = self._opening.about, entry.head, entry.event
        if head.run != about.run:
            return
        self._begun |= head.kind == e.RunStarted.kind
        if head.kind == e.GateOpened.kind:
            self._asked |= not isinstance(event, e.GateOpened) or event.request.id == about.gate

    def _why_not(self, event: e.Event, entry: Entry) -> str:
        match event:
            case e.DeskOpened(desk=desk):
                of = self._signed.checkpoint.desk
                return "" if desk == of else f"it is of desk {desk}, and the checkpoint of {of}"
            case e.OperatorEnrolled(operator=person):
                same = self._keys.setdefault(person.id, person.public_key) == person.public_key
                return "" if same else f"{person.id} was enrolled before, with another key"
            case e.GateDecided(decision=signed):
                return self._why_not_signed(signed)
            case e.GateActed(act=act):
                return self._why_not_signed(act)
            case e.CheckpointSigned(signed=earlier):
                return self._why_not_taken(earlier, entry)
            case _:
                return ""

    def _why_not_signed(self, signed: Decision | GateAct) -> str:
        key, reason = self._key_of(signed.operator)
        if key and not self._verify(key, bytes_of(signed), signed.signature):
            return f"the signature is not that of {signed.operator}"
        self._fitting += bool(key)
        return reason

    def _why_not_taken(self, signed: SignedCheckpoint, entry: Entry) -> str:
        """Says why a checkpoint in the ledger is none, as far as can be told from it alone."""
        said, head = signed.checkpoint, entry.head
        stands = (self._signed.checkpoint.desk, head.seq, head.prev)
        if (said.desk, said.size, said.head) != stands:
            return "the checkpoint is of other records than stand before it"
        key, reason = self._key_of(signed.operator)
        if not key:
            return reason
        self._fitting += 1
        return why_not_signed(signed, key, self._verify)

    def _key_of(self, name: OperatorId) -> tuple[str, str]:
        """Returns a person's key, or why it cannot but be there; neither where it is left out."""
        key = self._keys.get(name) or (self._given if name == self._signed.operator else "")
        if key or self._keys_hidden:
            self._unchecked += not key
            return key, ""
        return "", f"{name} was never enrolled"
