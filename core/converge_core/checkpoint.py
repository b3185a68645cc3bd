"""A checkpoint: what a ledger came to at one moment, signed, and small enough to be kept elsewhere.

Whoever can write to the files can replace a whole ledger, keys and all, by another that hangs
together. What they cannot replace is a checkpoint that lies outside: in a mail, on paper, on
another machine. It says how many records there were, and the root of the tree over them; a ledger
that is shorter, or whose records up to there have another root, is not the one that was signed.

As text it is a signed note with the body of a transparency log's checkpoint (c2sp.org/signed-note,
c2sp.org/tlog-checkpoint), so that tools of others read it too::

    converge/desk/00c0ffee
    42
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
    head bd9caaade918cf191e05e1b2f96246f4f6d242e531cbb9c6d7e7ad8d80a42841
    at 1795176000000000

    — alice#2bd806c9 Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9n…

The desk; the number of records; the root; the hash of the last record; microseconds since 1970
UTC; who signed, with four bytes that name the key and the 64 of the Ed25519 signature. It covers
the lines before the empty one, to the byte. There is one spelling, and nothing else is read.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import NoReturn

import msgspec

from converge_core.canonical import MAX_INTEGER
from converge_core.errors import InvalidId, InvalidValue
from converge_core.ids import OperatorId, why_invalid
from converge_core.merkle import Frontier, Proof, Tree, extends, leaf_hash
from converge_core.record import Record
from converge_core.review import SignatureCheck

ORIGIN = "converge/desk/"
"""What the first line begins with; the desk follows."""
MAX_TEXT = 4096
"""More characters than any checkpoint has."""
KEY_ID_BYTES = 4
SIGNATURE_BYTES = 64
_ED25519 = b"\x01"
_HASH = re.compile(r"[0-9a-f]{64}")
_QUOTED = re.compile(r"[\s+%]")
_FORM = re.compile(
    rf"{ORIGIN}(?P<desk>[^\n]+)\n(?P<size>\d{{1,16}})\n(?P<root>[^\n]+)\n"
    r"head (?P<head>[^\n]+)\nat (?P<at>\d{1,16})\n"
    r"\n— (?P<name>[^ \n]+) (?P<signature>[^ \n]+)\n",
    re.ASCII,
)


class Checkpoint(Record, frozen=True):
    """What a ledger came to.

    Attributes:
        desk: whose ledger it is.
        size: how many records there were; at least one.
        root: the root of the tree over them, in hexadecimal.
        head: the hash of the last of them.
        at: when it was taken, in microseconds since 1970 UTC.
    """

    desk: str
    size: int
    root: str
    head: str
    at: int


class SignedCheckpoint(Record, frozen=True):
    """A checkpoint and the word of a person for it.

    Attributes:
        checkpoint: what is signed.
        operator: who signed.
        key: the eight hexadecimal digits that name their key.
        signature: Ed25519 over :func:`bytes_of`, in hexadecimal.
    """

    checkpoint: Checkpoint
    operator: OperatorId
    key: str
    signature: str


def take(desk: str, frontier: Frontier, head: str, at: int) -> Checkpoint:
    """Returns the checkpoint of a ledger as it stands.

    Args:
        desk: whose ledger it is.
        frontier: the tree over its records.
        head: the hash of the last of them.
        at: now, in microseconds since 1970 UTC.

    Raises:
        InvalidValue: if no checkpoint can say that, as of a ledger without records.
    """
    taken = Checkpoint(desk=desk, size=frontier.size, root=frontier.root.hex(), head=head, at=at)
    bytes_of(taken)
    return taken


def bytes_of(checkpoint: Checkpoint) -> bytes:
    """Returns the bytes that a signature covers.

    Raises:
        InvalidValue: if it says what no checkpoint can say.
    """
    return _body(checkpoint).encode()


def key_id(operator: OperatorId, public_key: str) -> str:
    """Returns the name of a key in signature lines: who it is of, and of which key, in one hash.

    Raises:
        InvalidValue: if the public key is not one in hexadecimal.
    """
    if not _HASH.fullmatch(public_key):
        raise InvalidValue("a public key is 64 lower-case hexadecimal digits")
    named = _quoted(operator).encode() + b"\n" + _ED25519 + bytes.fromhex(public_key)
    return sha256(named).digest()[:KEY_ID_BYTES].hex()


def text_of(signed: SignedCheckpoint) -> str:
    """Returns the text that a person keeps.

    Raises:
        InvalidValue: if it says what no signed checkpoint can say.
    """
    if not re.fullmatch(r"[0-9a-f]{8}", signed.key):
        raise InvalidValue("the name of a key is eight lower-case hexadecimal digits")
    if not re.fullmatch(r"[0-9a-f]{128}", signed.signature):
        raise InvalidValue("a signature is 128 lower-case hexadecimal digits")
    line = _base64(bytes.fromhex(signed.key + signed.signature))
    return f"{_body(signed.checkpoint)}\n— {_quoted(signed.operator)} {line}\n"


def read_checkpoint(text: str) -> SignedCheckpoint:
    """Reads what :func:`text_of` wrote.

    Raises:
        InvalidValue: if it is anything else, to the last blank; the sentence says what to do.
    """
    found = _FORM.fullmatch(text) if len(text) <= MAX_TEXT else None
    if found is None:
        _refuse("it does not have the lines of one")
    line = _unbase64(found["signature"], "the signature")
    if len(line) != KEY_ID_BYTES + SIGNATURE_BYTES:
        _refuse("the signature is not 64 bytes after the four that name a key")
    try:
        signed = SignedCheckpoint(
            checkpoint=Checkpoint(
                desk=_unquoted(found["desk"]),
                size=int(found["size"]),
                root=_unbase64(found["root"], "the root").hex(),
                head=found["head"],
                at=int(found["at"]),
            ),
            operator=OperatorId(_unquoted(found["name"])),
            key=line[:KEY_ID_BYTES].hex(),
            signature=line[KEY_ID_BYTES:].hex(),
        )
        spelled = text_of(signed)
    except (InvalidId, InvalidValue) as error:
        _refuse(str(error))
    if spelled != text:
        _refuse("it is spelled otherwise than it was written")
    return signed


def why_not_signed(signed: SignedCheckpoint, public_key: str, verify: SignatureCheck) -> str:
    """Says why a checkpoint is not signed with the key given; empty if it is."""
    try:
        named, message = key_id(signed.operator, public_key), bytes_of(signed.checkpoint)
    except InvalidValue as error:
        return f"the checkpoint cannot be checked: {error}"
    if named != signed.key:
        return f"the checkpoint is signed by {signed.operator} with another key than the one given"
    if not verify(public_key, message, signed.signature):
        return f"the signature of the checkpoint is not that of {signed.operator}"
    return ""


def why_not_taken(checkpoint: Checkpoint, desk: str, frontier: Frontier, head: str) -> str:
    """Says why it cannot have been taken of the ledger as it stands; empty if it can.

    A checkpoint in the ledger covers every record before it.
    """
    if checkpoint.desk != desk:
        return f"the checkpoint is of desk {checkpoint.desk}, and this is {desk}"
    if checkpoint.size != frontier.size:
        return f"the checkpoint covers {checkpoint.size} records, and {frontier.size} stand here"
    if (checkpoint.root, checkpoint.head) != (frontier.root.hex(), head):
        return f"the checkpoint is of other records than 0 to {frontier.size - 1}"
    return ""


def why_not_kept(checkpoint: Checkpoint, desk: str, tree: Tree) -> str:
    """Says why a ledger is not one that ``checkpoint`` was taken of; empty if it is.

    Args:
        checkpoint: one whose signature fits.
        desk: whose ledger it is.
        tree: the tree over its records.
    """
    if checkpoint.desk != desk:
        return f"the checkpoint is of desk {checkpoint.desk}, and this is the ledger of {desk}"
    old, size = checkpoint.size, tree.size
    proof = tree.consistency(old) if 0 < old <= size else ()
    reason = why_not_grown(checkpoint, size, tree.root(), proof)
    if reason or tree.leaf(old - 1) == leaf_hash(bytes.fromhex(checkpoint.head)):
        return reason
    return _replaced(f"record {old - 1} is not the one the checkpoint names as the last")


def why_not_grown(checkpoint: Checkpoint, size: int, root: bytes, proof: Proof) -> str:
    """Says why a ledger of ``size`` records under ``root`` did not grow from ``checkpoint``.

    It takes no record of that ledger: ``proof`` is its consistency proof, empty where it did not
    grow since.
    """
    old = checkpoint.size
    try:
        bytes_of(checkpoint)
    except InvalidValue as error:
        return f"the checkpoint cannot be checked: {error}"
    if size < old:
        last = f"at record {size - 1}" if size else "before its first record"
        return _replaced(
            f"the checkpoint covers records 0 to {old - 1}, and the ledger ends {last}"
        )
    if extends(bytes.fromhex(checkpoint.root), old, root, size, proof):
        return ""
    return _replaced(f"records 0 to {old - 1} are not those that the checkpoint covers")


def _replaced(how: str) -> str:
    return f"the ledger was replaced or shortened: {how}"


def _refuse(why: str) -> NoReturn:
    raise InvalidValue(
        f"this is no checkpoint: {why}; give the text as it was written, from “{ORIGIN}…” to the "
        "end of the line that is signed"
    )


def _body(checkpoint: Checkpoint) -> str:
    reason = why_invalid(checkpoint.desk)
    if reason:
        raise InvalidValue(f"the name of the desk {reason}")
    if not 0 < checkpoint.size <= MAX_INTEGER or not 0 <= checkpoint.at <= MAX_INTEGER:
        raise InvalidValue(
            "a checkpoint covers one record or more, at a time after 1970; is the clock set right?"
        )
    if not (_HASH.fullmatch(checkpoint.root) and _HASH.fullmatch(checkpoint.head)):
        raise InvalidValue("root and head are 64 lower-case hexadecimal digits each")
    root = _base64(bytes.fromhex(checkpoint.root))
    return (
        f"{ORIGIN}{_quoted(checkpoint.desk)}\n{checkpoint.size}\n{root}\n"
        f"head {checkpoint.head}\nat {checkpoint.at}\n"
    )


def _quoted(name: str) -> str:
    """Returns a name without blanks and plus signs, which signed notes do not allow in it."""
    return _QUOTED.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), name)


def _unquoted(name: str) -> str:
    def plain(found: re.Match[str]) -> str:
        return bytes.fromhex(found[0].replace("%", "")).decode(errors="replace")

    return re.sub(r"(?:%[0-9A-F]{2})+", plain, name)


def _base64(data: bytes) -> str:
    return str(msgspec.to_builtins(data))


def _unbase64(text: str, what: str) -> bytes:
    try:
        return msgspec.convert(text, bytes)
    except msgspec.ValidationError:
        _refuse(f"{what} is not base64")
