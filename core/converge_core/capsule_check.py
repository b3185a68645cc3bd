"""What an evidence capsule proves, and what is left to be taken on trust.

It holds if each record stands under the root of the checkpoint, the checkpoint is signed with the
key of somebody, every decision and act is signed by who was enrolled, every text that is named is
there or marked as left out, and the record that begins what it is about is there whole; a record
that it is about may have been left out but for its head, which is told. Whose key
it is that signed the checkpoint is said by a record of the capsule itself; whoever made up a whole
desk has made up that too, so whoever can knows the key from elsewhere and gives it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from converge_core import events as e
from converge_core.canonical import hash_text
from converge_core.capsule import About, Opening, Proven, Text, behind, parts, texts_of
from converge_core.capsule_keys import Keys
from converge_core.capsule_subject import Subject
from converge_core.checkpoint import SignedCheckpoint, read_checkpoint, why_not_signed
from converge_core.errors import CapsuleBroken, InvalidValue
from converge_core.ledger import Entry
from converge_core.merkle import includes, steps
from converge_core.review import SignatureCheck


@dataclass(frozen=True, slots=True)
class Holding:
    """A capsule that holds.

    Attributes:
        about: what it is about.
        stands: how that gate stands by the records in it, or what that record is; empty for a run.
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
    stands: str
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
        signer, desk = self._signed.operator, self._signed.checkpoint.desk
        self._keys = Keys(desk, signer, key, verify)
        self._named: dict[str, int] = {}
        self._met: set[str] = set()
        self._subject = Subject(opening.about)
        self._records = self._redacted = self._left_out = self._inline = 0

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
            raise CapsuleBroken(number, self._why_not_covered(seq, len(part.proof)))
        self._records += 1
        unchecked = self._keys.unchecked
        if entry.event is None:
            self._redacted += 1
            self._keys.hide(entry.head)
        else:
            self._whole(number, entry, entry.event)
        self._subject.take(entry, checked=unchecked == self._keys.unchecked)

    def _why_not_covered(self, seq: int, hashes: int) -> str:
        """Says that a record is another than the one that stands there, or its path is cut off."""
        words = f"record {seq} is not one that the checkpoint covers"
        right = steps(self._signed.checkpoint.size, seq)
        if hashes != right:
            return f"{words}: its proof has the length {hashes}, and from its place it is {right}"
        return f"{words}: with its proof it comes to another root than the one that was signed"

    def _whole(self, number: int, entry: Entry, event: e.Event) -> None:
        """Takes in a record of which the body is there."""
        seq = entry.head.seq
        for ref in texts_of(event):
            if ref.inline is None:
                self._named.setdefault(ref.sha256, seq)
            elif hash_text(ref.inline) != ref.sha256:
                raise CapsuleBroken(number, "a text in the record is not the one of its hash")
            else:
                self._inline += 1
        reason = self._why_not(event, entry)
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
        reason = self._subject.why_not_begun()
        if reason:
            raise CapsuleBroken(1, reason)
        signer = self._signed.operator
        known = self._keys.get(signer)
        key = self._given or known
        if known and known != key:
            raise CapsuleBroken(1, f"{signer} is enrolled in it with another key than that given")
        reason = self._keys.why_not_standing(signer) or (
            why_not_signed(self._signed, key, self._verify) if key else self._nobody()
        )
        if reason:
            raise CapsuleBroken(1, reason)
        return Holding(
            about=self._opening.about,
            stands=self._subject.stands(),
            exported_at=self._opening.exported_at,
            signed=self._signed,
            key=key,
            records=self._records,
            redacted=self._redacted,
            texts=len(self._named),
            left_out=self._left_out,
            inline=self._inline,
            fitting=self._keys.fitting + 1,
            unchecked=self._keys.unchecked,
        )

    def _nobody(self) -> str:
        name = self._signed.operator
        if self._keys.hidden:
            return f"a record that enrols {name}, who signed, was left out; give their public key"
        return f"the checkpoint is signed by {name}, whom no record enrols; give their public key"

    def _why_not(self, event: e.Event, entry: Entry) -> str:
        match event:
            case e.DeskOpened(desk=desk):
                of = self._signed.checkpoint.desk
                return "" if desk == of else f"it is of desk {desk}, and the checkpoint of {of}"
            case e.OperatorEnrolled() | e.OperatorKeyRotated() | e.OperatorRevoked():
                return self._keys.why_not_people(event, entry)
            case e.GateDecided(decision=signed):
                return self._keys.why_not_signed(signed)
            case e.GateActed(act=act):
                return self._keys.why_not_signed(act)
            case e.CheckpointSigned(signed=earlier):
                return self._why_not_taken(earlier, entry)
            case _:
                return ""

    def _why_not_taken(self, signed: SignedCheckpoint, entry: Entry) -> str:
        """Says why a checkpoint in the ledger is none, as far as can be told from it alone."""
        said, head = signed.checkpoint, entry.head
        stands = (self._signed.checkpoint.desk, head.seq, head.prev)
        if (said.desk, said.size, said.head) != stands:
            return "the checkpoint is of other records than stand before it"
        return self._keys.why_not_taken(signed)
