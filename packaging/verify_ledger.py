#!/usr/bin/env python3
"""Verifies a ledger of Converge Desktop with nothing but Python 3.11 and its standard library.

    python3 -I verify_ledger.py LEDGER
    python3 -I verify_ledger.py LEDGER --checkpoint FILE --key PUBLIC_KEY
    python3 -I verify_ledger.py CAPSULE [--key PUBLIC_KEY]
    python3 -I verify_ledger.py --self-test

LEDGER is a data directory, the ``ledger`` directory in it, or one ``*.jsonl`` file. It is only
read. Whoever trusts no program of ours can read this one: it is a file of its own, and imports
nothing of the project.

What is checked of each line: it is the one spelling of a record, of a version there is; its number
and the hash before it are those that belong there; its hash is that of its head's bytes; its body,
unless that was left out, is the one that the head commits to. Then: batches are closed; decisions
and what else people do at gates are signed with the Ed25519 key (RFC 8032) that they had then, and
so is who was enrolled, took another key or was revoked; and the Merkle root (RFC 6962) over all
hashes, which a checkpoint kept elsewhere is held against. A ledger that was replaced whole, keys
and all, is found out by such a checkpoint alone.

CAPSULE is evidence of a run, a decision or one record that somebody exported: a file with records
of a ledger, each with its proof under the root of a signed checkpoint, and texts that they name.
The same is checked of each of its records but that all are there; their proofs, the signatures,
and the texts are, and the record that begins that run or opens that gate has to be there whole. How
the gate stands is told by the records in it: whoever exported it chose, and nobody can tell by a
capsule what else there is in the ledger. Give the key of who signed the checkpoint if you know it
from elsewhere: a ledger that was made up whole brings keys that were.

What is not checked is whether what was recorded makes sense, by policy and by what stands before
it: that takes the program (``converge-desktop verify``).

Exit status: 0 if all of it holds, 1 if something does not, 2 if it could not be looked at.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

VERSION = 6
GENESIS = "0" * 64
MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 128
MAX_LINE = 64 * 1024 * 1024
"""More bytes than any record has; a file without line ends is not read into memory."""
TOLD_FROM = 32 * 1024 * 1024
"""The size in bytes from which progress is told."""
HOLDS, FAILS, UNREADABLE = 0, 1, 2


class Broken(Exception):
    """A record does not hold."""

    def __init__(self, seq: int, reason: str) -> None:
        super().__init__(f"record {seq}: {reason}")
        self.reason = reason


class BadLine(Exception):
    """A line of a capsule does not hold."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"line {number}: {reason}")


class Unreadable(Exception):
    """There is nothing to look at, or it cannot be read."""


# Canonical JSON: one value, one spelling.


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"{text} is no integer")


_parse = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float).raw_decode
_spell = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")
).encode
_HUGE = re.compile(rb"[:,\[]-?(?:9\d{15}|\d{17})")
"""Where an integer beyond 2^53 may stand: a glance, before each value is looked at."""


def spelled(value: object) -> bytes:
    """Returns the canonical bytes of a JSON value; they equal those of RFC 8785."""
    return _spell(value).encode()


def why_outside(value: object, depth: int = MAX_DEPTH) -> str:
    """Says why a value cannot be recorded; empty if it can."""
    if isinstance(value, int) and not -MAX_INTEGER <= value <= MAX_INTEGER:
        return "an integer beyond 2^53"
    if not isinstance(value, (dict, list)):
        return ""
    if depth == 0:
        return "nested too deep"
    if isinstance(value, dict) and not all(key.isascii() for key in value):
        return "a key that is not ASCII"
    inside = value.values() if isinstance(value, dict) else value
    return next(filter(None, (why_outside(item, depth - 1) for item in inside)), "")


# Ed25519, as in RFC 8032, section 5.1. Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.

Point = tuple[int, int, int, int]
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
IDENTITY: Point = (0, 1, 1, 0)
WINDOW = 4
"""Bits of a factor that are taken at once."""


def add(one: Point, other: Point) -> Point:
    """Returns the sum of two points."""
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def decompress(data: bytes) -> Point | None:
    """Returns the point that 32 bytes stand for, or None if they stand for none."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_M1 % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def compress(point: Point) -> bytes:
    """Returns the 32 bytes that stand for a point."""
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def is_small(point: Point) -> bool:
    """Says whether a point is one of the eight that come to nothing when taken eight times."""
    for _ in range(3):
        point = add(point, point)
    return point[0] % P == 0


class Multiples:
    """The multiples of a point, so laid out that any of them takes 64 additions."""

    def __init__(self, point: Point) -> None:
        self._rows: list[list[Point]] = []
        for _ in range(0, 256, WINDOW):
            row = [IDENTITY]
            for _ in range((1 << WINDOW) - 1):
                row.append(add(row[-1], point))
            self._rows.append(row)
            point = add(row[-1], point)

    def times(self, factor: int) -> Point:
        """Returns the point times ``factor``, which is below 2^256."""
        found = IDENTITY
        for row in self._rows:
            found = add(found, row[factor & (1 << WINDOW) - 1])
            factor >>= WINDOW
        return found


@lru_cache(maxsize=1)
def _base() -> Multiples:
    point = decompress((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    assert point is not None
    return Multiples(point)


@lru_cache(maxsize=16)
def _less(public_key: bytes) -> Multiples | None:
    """Returns the multiples of the negative of a key's point, or None if it is nobody's key.

    The few points of small order are no keys: signatures that fit them can be made by anybody.
    """
    point = decompress(public_key)
    if point is None or is_small(point):
        return None
    return Multiples((P - point[0], point[1], 1, P - point[3]))


def signature_fits(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Says whether an Ed25519 signature of ``message`` is that of a key."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    start, factor = signature[:32], int.from_bytes(signature[32:], "little")
    less = _less(public_key)
    point = decompress(start)
    if factor >= L or less is None or point is None or is_small(point):
        return False
    digest = hashlib.sha512(start + public_key + message).digest()
    challenge = int.from_bytes(digest, "little") % L
    return compress(add(_base().times(factor), less.times(challenge))) == start


# The Merkle tree of RFC 6962, as far as its next leaf needs it.


def grown(size: int, peaks: tuple[bytes, ...], data: bytes) -> tuple[bytes, ...]:
    """Returns the roots of the whole subtrees of a tree of ``size`` leaves, after one more."""
    found, kept = hashlib.sha256(b"\x00" + data).digest(), len(peaks)
    while size & 1:
        kept -= 1
        found = hashlib.sha256(b"\x01" + peaks[kept] + found).digest()
        size >>= 1
    return (*peaks[:kept], found)


def root_of(peaks: tuple[bytes, ...]) -> bytes:
    """Returns the root of a tree."""
    if not peaks:
        return hashlib.sha256().digest()
    found = peaks[-1]
    for peak in reversed(peaks[:-1]):
        found = hashlib.sha256(b"\x01" + peak + found).digest()
    return found


def includes(root: bytes, size: int, index: int, data: bytes, proof: list[bytes]) -> bool:
    """Says whether ``proof`` shows that leaf ``index`` of ``size`` under ``root`` is ``data``.

    As in RFC 9162, section 2.1.3.2.
    """
    place, last, found = index, size - 1, hashlib.sha256(b"\x00" + data).digest()
    if not 0 <= place <= last:
        return False
    for other in proof:
        if last == 0:
            return False
        left = place & 1 or place == last
        found = hashlib.sha256(b"\x01" + (other + found if left else found + other)).digest()
        while left and place and not place & 1:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def steps(size: int, index: int) -> int:
    """Returns how many hashes the proof of leaf ``index`` in a tree of ``size`` leaves has."""
    place, last, found = index, size - 1, 0
    while last:
        found += place & 1 or place < last
        place, last = place >> 1, last >> 1
    return found


# A checkpoint as text: a signed note (c2sp.org/signed-note) of fixed form.


class Checkpoint(NamedTuple):
    """What a ledger came to, as somebody signed it."""

    desk: str
    size: int
    root: bytes
    head: str
    at: int

    def body(self) -> str:
        """Returns the lines that are signed."""
        root = base64.b64encode(self.root).decode()
        return (
            f"converge/desk/{quoted(self.desk)}\n{self.size}\n{root}\n"
            f"head {self.head}\nat {self.at}\n"
        )

    def when(self) -> str:
        """Returns when it was taken."""
        taken = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.at)
        return f"{taken:%Y-%m-%d %H:%M:%S} UTC"


class Signature(NamedTuple):
    """Who signed it, and with what."""

    name: str
    key: bytes
    signature: bytes

    def why_not(self, checkpoint: Checkpoint, public_key: bytes) -> str:
        """Says why it is not that of ``public_key`` under ``checkpoint``; empty if it is."""
        named = f"{quoted(self.name)}\n\x01".encode() + public_key
        if hashlib.sha256(named).digest()[:4] != self.key:
            return f"the checkpoint is signed by {self.name} with another key"
        if not signature_fits(public_key, checkpoint.body().encode(), self.signature):
            return f"the signature of the checkpoint is not that of {self.name}"
        return ""


_NOTE = re.compile(
    r"converge/desk/([^\n]+)\n([1-9]\d{0,15})\n([^\n]+)\nhead ([0-9a-f]{64})\nat (0|[1-9]\d{0,15})"
    r"\n\n— ([^ \n]+) ([^ \n]+)\n",
    re.ASCII,
)


def quoted(name: str) -> str:
    """Returns a name without blanks and plus signs, as signed notes want it."""
    return re.sub(
        r"[\s+%]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), name
    )


def unquoted(name: str) -> str:
    """Returns the name that :func:`quoted` was given."""
    return re.sub(
        r"(?:%[0-9A-F]{2})+",
        lambda found: bytes.fromhex(found[0].replace("%", "")).decode(errors="replace"),
        name,
    )


def read_note(text: str) -> tuple[Checkpoint, Signature]:
    """Reads a checkpoint.

    Raises:
        Unreadable: if it is anything else, to the last blank.
    """
    try:
        checkpoint, signature = _note(text)
    except ValueError as error:
        raise Unreadable(
            "the checkpoint is not one: give the text as it was written, from “converge/desk/…” "
            "to the end of the line that is signed"
        ) from error
    line = base64.b64encode(signature.key + signature.signature).decode()
    again = f"{checkpoint.body()}\n— {quoted(signature.name)} {line}\n"
    if (len(checkpoint.root), len(signature.signature), again) != (32, 64, text):
        raise Unreadable("the checkpoint is spelled otherwise than it was written")
    return checkpoint, signature


def _note(text: str) -> tuple[Checkpoint, Signature]:
    found = _NOTE.fullmatch(text)
    desk, size, root, head, at, name, line = found.groups() if found else ()
    raw = base64.b64decode(line, validate=True)
    checkpoint = Checkpoint(
        unquoted(desk), int(size), base64.b64decode(root, validate=True), head, int(at)
    )
    return checkpoint, Signature(unquoted(name), raw[:4], raw[4:])


# The ledger.

_HEAD = {
    "at": int,
    "close": bool,
    "commit": str,
    "kind": str,
    "prev": str,
    "run": str,
    "seq": int,
    "v": int,
}
_WHOLE = {"body", "hash", "head", "salt"}
_REDACTED = {"hash", "head"}
_SALT = re.compile(r"[0-9a-f]{32}")
_BEFORE_HEAD = len('"hash":"","head":') + 64
_AFTER_HEAD = len(',"salt":""}\n') + 32
SIGNED = {"gate_decided": "decision", "gate_acted": "act"}
"""Kinds of records that hold something signed, and where; its name is part of what is signed."""
CHECKPOINT = "checkpoint_signed"
ENROLLED, ROTATED, REVOKED = "operator_enrolled", "operator_key_rotated", "operator_revoked"
PEOPLE = {ENROLLED, ROTATED, REVOKED}
"""Kinds of records that say who may sign, and with which key."""
WELCOMED = 5
"""The version of the format from which on all but the first person of a desk are welcomed."""
_LOOKED_INTO = {"desk_opened", CHECKPOINT, *PEOPLE, *SIGNED}
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)
"""What comes of looking into a body that is of another form than its kind has."""
ANYWHERE = -1
"""The number of a record that is not known but from itself."""


class Standing(NamedTuple):
    """What a ledger came to after some record."""

    size: int = 0
    head: str = GENESIS
    peaks: tuple[bytes, ...] = ()


class Later(NamedTuple):
    """What is looked into once its batch is closed, and how the ledger stood before it."""

    version: int
    kind: str
    body: Any
    before: Standing


class Entry(NamedTuple):
    """A record as it was read; ``body`` is None where that was left out."""

    head: dict[str, Any]
    hash: bytes
    body: dict[str, Any] | None


def read_record(line: bytes, seq: int) -> Entry:
    """Reads a line of a ledger.

    Args:
        line: the line.
        seq: its number; ``ANYWHERE`` if it is taken at its word.

    Raises:
        Broken: if it is not that record.
    """
    raw = _parsed(line, seq)
    head = _head(raw["head"], seq)
    start = line.rfind(b'"hash":"')
    end = len(line) - (_AFTER_HEAD if "body" in raw else 2)
    digest = hashlib.sha256(line[start + _BEFORE_HEAD : end])
    if digest.hexdigest() != raw["hash"]:
        raise Broken(seq, "the head does not have its recorded hash")
    if "body" not in raw:
        return Entry(head, digest.digest(), None)
    body = line[len('{"body":') : start - 1]
    if hashlib.sha256(bytes.fromhex(raw["salt"]) + body).hexdigest() != head["commit"]:
        raise Broken(seq, "the body is not the one the record commits to")
    if not isinstance(raw["body"], dict):
        raise Broken(seq, "the body cannot be read (it is no object)")
    if raw["body"].get("run", "") != head["run"]:
        raise Broken(seq, "the body speaks of another run than the head")
    return Entry(head, digest.digest(), raw["body"])


class People:
    """Who has which key by now, and how many signatures of theirs fit.

    Args:
        signatures: whether signatures are checked.

    Attributes:
        desk: whose people they are; it is part of what they sign about each other.
        keys: the key that each has by now.
        revoked: who may sign nothing any more.
        known: keys that are known from elsewhere.
        hidden: whether records that tell keys were left out.
        fitting: how many signatures fit.
        unchecked: how many could not be checked for that.
    """

    def __init__(self, *, signatures: bool = True) -> None:
        self.desk = ""
        self.keys: dict[str, str] = {}
        self.revoked: set[str] = set()
        self.known: dict[str, str] = {}
        self.hidden = False
        self.fitting = self.unchecked = 0
        self._signatures = signatures

    def hide(self, kind: str) -> None:
        """Takes in that a record was left out: what it said of keys, nobody knows any more."""
        self.hidden = self.hidden or kind in {ENROLLED, ROTATED}
        if kind == ROTATED:
            self.keys.clear()

    def take(self, kind: str, body: Any, seq: int, version: int) -> None:
        """Takes in that somebody was enrolled, took another key, or was revoked."""
        if kind == ENROLLED:
            self._enrol(body["operator"], body.get("welcome"), seq, version)
            return
        what = kind.removeprefix("operator_key_").removeprefix("operator_")
        told = {"rotated": "rotation", "revoked": "revocation"}[what]
        said = body[told]
        who, by = said["operator"], said.get("by", said["operator"])
        unsigned = {name: said[name] for name in said}
        unsigned |= {name: "" for name in ("proof", "signature") if name in said}
        message = told_bytes({"what": f"converge {told} v1", "desk": self.desk, told: unsigned})
        if kind == ROTATED:
            self._require_proof(who, said["public_key"], message, said["proof"], seq)
        self._require_by(by, message, said["signature"], seq)
        if kind == ROTATED:
            self.keys[who] = said["public_key"]
        else:
            self.revoked.add(who)

    def _enrol(self, person: Any, welcome: Any, seq: int, version: int) -> None:
        name, key = person["id"], person["public_key"]
        first = not self.keys or name in self.keys
        if self.keys.setdefault(name, key) != key:
            raise Broken(seq, f"{name} was enrolled before, with another key")
        if welcome is None:
            if not first and version >= WELCOMED:
                raise Broken(seq, f"{name} is enrolled, and nobody welcomes them")
            return
        proven = told_bytes({"what": "converge key v1", "operator": person})
        self._require_proof(name, key, proven, welcome["proof"], seq)
        unsigned = {**welcome, "proof": "", "signature": ""}
        message = told_bytes(
            {
                "what": "converge welcome v1",
                "desk": self.desk,
                "operator": person,
                "welcome": unsigned,
            }
        )
        self._require_by(welcome["by"], message, welcome["signature"], seq)

    def _require_proof(self, name: str, key: str, message: bytes, proof: str, seq: int) -> None:
        if self._signatures and not signature_fits(_from_hex(key), message, _from_hex(proof)):
            raise Broken(seq, f"the key of {name} is not shown to be theirs")

    def require_signed(self, what: str, signed: Any, seq: int) -> None:
        """Lets a decision or an act pass that is signed by who is named in it."""
        message = signed_bytes(what, signed)
        self._require_by(signed["operator"], message, signed["signature"], seq)

    def _require_by(self, name: str, message: bytes, signature: Any, seq: int) -> None:
        key = self._key_of(name, seq)
        if key is None:
            return
        if not signature_fits(_from_hex(key), message, _from_hex(signature)):
            raise Broken(seq, f"the signature is not that of {name}")
        self.fitting += 1

    def require_checkpoint(
        self, signed: Any, seq: int, desk: str | None, head: str, root: bytes | None
    ) -> None:
        """Lets a checkpoint pass that stands in the ledger: it covers every record before it.

        Args:
            signed: the checkpoint.
            seq: the number of its record.
            desk: whose ledger it is, if that is known.
            head: the hash of the record before.
            root: the root over all records before, if that is known.
        """
        said = signed["checkpoint"]
        checkpoint = Checkpoint(
            said["desk"], said["size"], bytes.fromhex(said["root"]), said["head"], said["at"]
        )
        root = checkpoint.root if root is None else root
        known = (desk or checkpoint.desk, seq, root, head)
        typed = tuple(map(type, checkpoint)) == (str, int, bytes, str, int)
        if not typed or checkpoint[:4] != known or checkpoint.root.hex() != said["root"]:
            raise Broken(seq, "the checkpoint is of other records than stand before it")
        key = self._key_of(signed["operator"], seq)
        if key is None:
            return
        own = Signature(
            signed["operator"], bytes.fromhex(signed["key"]), _from_hex(signed["signature"])
        )
        reason = own.why_not(checkpoint, _from_hex(key))
        if reason:
            raise Broken(seq, reason)
        self.fitting += 1

    def words(self) -> str:
        """Returns how many signatures hold."""
        hold = f"signatures: {self.fitting:,} hold"
        if not self.unchecked:
            return hold
        return (
            f"{hold}, {self.unchecked:,} not checked, because records that enrol people were left "
            "out"
        )

    def _key_of(self, name: str, seq: int) -> str | None:
        """Returns a person's public key; None where it may have been left out, or is not asked."""
        if not self._signatures:
            return None
        if name in self.revoked:
            raise Broken(seq, f"{name} was revoked before")
        key = self.keys.get(name) or self.known.get(name)
        if key is None and not self.hidden:
            raise Broken(seq, f"{name} was never enrolled")
        self.unchecked += key is None
        return key


class Ledger:
    """A ledger as it is read, record by record; it keeps none of them.

    Args:
        asked: the checkpoint that it is held against.
        signatures: whether signatures are checked.
    """

    def __init__(self, asked: Checkpoint | None = None, *, signatures: bool = True) -> None:
        self.now = self.closed = Standing()
        self.desk: str | None = None
        self.people = People(signatures=signatures)
        self.redacted = self.checkpoints = 0
        self.reached: Standing | None = None
        self._asked_size = asked.size if asked else -1
        self._hidden = 0
        self._later: list[Later] = []

    def read(self, line: bytes) -> None:
        """Takes in the next line.

        Raises:
            Broken: if it is not the next record.
        """
        size, before, peaks = self.now
        head, found, body = read_record(line, size)
        if head["prev"] != before:
            raise Broken(size, "the record does not follow the one before it")
        kind = head["kind"]
        if body is None:
            self._hidden += 1
            if kind in PEOPLE:
                self._later.append(Later(head["v"], kind, None, self.now))
        elif kind in _LOOKED_INTO:
            self._later.append(Later(head["v"], kind, body, self.now))
        self.now = Standing(size + 1, found.hex(), grown(size, peaks, found))
        if size + 1 == self._asked_size:
            self.reached = self.now
        if head["close"]:
            self._close()

    def _close(self) -> None:
        for version, kind, body, before in self._later:
            try:
                self._look_into(version, kind, body, before)
            except _UNREADABLE as error:
                raise Broken(before.size, f"the body cannot be read ({error!r})") from error
        self._later.clear()
        self.redacted += self._hidden
        self._hidden = 0
        self.closed = self.now

    def _look_into(self, version: int, kind: str, body: Any, before: Standing) -> None:
        if kind == "desk_opened":
            self.desk = self.people.desk = self.desk or str(body["desk"])
        elif body is None:
            self.people.hide(kind)
        elif kind in PEOPLE:
            self.people.take(kind, body, before.size, version)
        elif kind == CHECKPOINT:
            root = root_of(before.peaks)
            self.people.require_checkpoint(
                body["signed"], before.size, self.desk, before.head, root
            )
            self.checkpoints += 1
        else:
            self.people.require_signed(SIGNED[kind], body[SIGNED[kind]], before.size)


def signed_bytes(what: str, signed: dict[str, Any]) -> bytes:
    """Returns the bytes that the signature of a decision or an act covers: all but itself."""
    return told_bytes({"what": f"converge {what} v1", what: {**signed, "signature": ""}})


def told_bytes(told: dict[str, Any]) -> bytes:
    """Returns the bytes that are signed of what is told."""
    return hashlib.sha256(spelled(told)).hexdigest().encode()


def _from_hex(text: str) -> bytes:
    """Returns what a hexadecimal text stands for; nothing, which fits nothing, if it is none."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _parsed(line: bytes, seq: int) -> dict[str, Any]:
    try:
        raw, _ = _parse(line.decode())
        same = spelled(raw) + b"\n" == line
    except (ValueError, RecursionError) as error:
        raise Broken(seq, f"the line is not a record ({error})") from error
    if not same:
        raise Broken(seq, "the line is not in canonical form")
    glance = line.isascii() and line.count(b"[") + line.count(b"{") <= MAX_DEPTH
    reason = "" if glance and not _HUGE.search(line) else why_outside(raw)
    if reason:
        raise Broken(seq, f"the line is not a record ({reason})")
    if not isinstance(raw, dict) or raw.keys() not in (_WHOLE, _REDACTED):
        raise Broken(seq, "the line does not have the parts of a record")
    salt = raw.get("salt", GENESIS[:32])
    if not isinstance(salt, str) or not _SALT.fullmatch(salt):
        raise Broken(seq, "the salt is not 16 bytes in lower-case hexadecimal")
    return raw


def _head(head: Any, seq: int) -> dict[str, Any]:
    version = head.get("v") if isinstance(head, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise Broken(seq, f"version {version} is newer than this verifier reads; get a newer one")
    if not isinstance(head, dict) or {name: type(head[name]) for name in head} != _HEAD:
        raise Broken(seq, "the head is malformed")
    if head["v"] < 1:
        raise Broken(seq, f"there is no version {version} of the format")
    if head["seq"] != seq and seq != ANYWHERE:
        raise Broken(seq, f"record {head['seq']} stands where record {seq} belongs")
    return head


def read_segments(ledger: Ledger, segments: list[Path]) -> int:
    """Reads all segments and returns how many bytes lie behind the last closed batch.

    Raises:
        Broken: at the first record that does not hold.
    """
    progress = Progress(sum(segment.stat().st_size for segment in segments))
    good = position = 0
    for segment in segments:
        good = position = 0
        with segment.open("rb") as file:
            for line in iter(partial(file.readline, MAX_LINE), b""):
                position += len(line)
                if not line.endswith(b"\n"):
                    if len(line) == MAX_LINE:
                        raise Broken(ledger.now.size, "the line is longer than any record")
                    break
                ledger.read(line)
                if ledger.closed is ledger.now:
                    good = position
                if position >= progress.next:
                    progress.tell(position, ledger.now.size)
        progress.done(position)
        if good != position and segment != segments[-1]:
            raise Broken(ledger.now.size, f"{segment.name} ends inside a batch")
    return position - good


class Progress:
    """Tells on standard error how far a large ledger was read, at each tenth of it."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._before = 0
        self._step = total // 10 if total >= TOLD_FROM else total + 1
        self.next = self._step

    def tell(self, position: int, records: int) -> None:
        """Tells that ``position`` bytes of this file were read, and ``records`` in all."""
        read = self._before + position
        print(f"{100 * read // self._total} %, {records:,} records", file=sys.stderr, flush=True)
        self.next = (read // self._step + 1) * self._step - self._before

    def done(self, size: int) -> None:
        """Takes in that a file of ``size`` bytes was read."""
        self._before += size
        self.next -= size


def segments_of(place: Path) -> list[Path]:
    """Returns the files of a ledger, in order.

    Raises:
        Unreadable: if there are none.
    """
    if place.is_file():
        return [place]
    directory = place / "ledger" if (place / "ledger").is_dir() else place
    found = sorted(file for file in directory.iterdir() if file.suffix == ".jsonl")
    if not found:
        raise Unreadable(f"there is no ledger at {place}; give the directory of *.jsonl files")
    return found


def why_not_kept(asked: Checkpoint, ledger: Ledger) -> str:
    """Says why a ledger is not the one that a checkpoint was taken of; empty if it is."""
    if ledger.desk is not None and ledger.desk != asked.desk:
        return f"the checkpoint is of desk {asked.desk}, and this is the ledger of {ledger.desk}"
    replaced = "the ledger was replaced or shortened: "
    if ledger.reached is None or ledger.closed.size < asked.size:
        size = ledger.closed.size
        last = f"at record {size - 1}" if size else "before its first record"
        return (
            f"{replaced}the checkpoint covers records 0 to {asked.size - 1}, and the ledger ends "
            f"{last}"
        )
    if (root_of(ledger.reached.peaks), ledger.reached.head) != (asked.root, asked.head):
        return f"{replaced}records 0 to {asked.size - 1} are not those that the checkpoint covers"
    return ""


# An evidence capsule.

CAPSULE = 2
"""The newest version of the format; 1 is of runs and gates, 2 of a record."""
MAX_CAPSULE = 1024 * 1024 * 1024
"""More bytes than any capsule has."""
MAX_OPENING = 64 * 1024
"""More bytes than the first line of a capsule has."""
_OPENS = b'{"about":'
_PROVEN = re.compile(
    rb'\{"proof":\[((?:"[0-9a-f]{64}",)*"[0-9a-f]{64}")?\],"record":(\{.*\})\}\n', re.DOTALL
)
_OPENING = {"about": dict, "capsule": int, "checkpoint": str, "exported_at": int}
_ABOUT = {1: {"gate": str, "run": str}, 2: {"gate": str, "record": int, "run": str}}


class Subject:
    """What a capsule is about, and how that stands by the records in it.

    Args:
        run: the run that it is about, or of which it is about a gate.
        gate: that gate; empty for a run.
        record: the record that it is about, and nothing else; None for a run or a gate.
    """

    def __init__(self, run: str = "", gate: str = "", record: int | None = None) -> None:
        self.run = run
        self.gate = gate
        self.record = record
        self._found: Entry | None = None
        self._run_begun = self._begun = self._hidden = False
        self._standing: list[str] = []
        self._taken_back: list[str] = []
        self._unknown = 0

    def take(self, entry: Entry, *, checked: bool) -> None:
        """Takes in a record; ``checked`` is whether the signature in it, if any, was."""
        kind, body = entry.head["kind"], entry.body
        if self.record is not None:
            self._found = entry if entry.head["seq"] == self.record else self._found
            return
        if entry.head["run"] != self.run:
            return
        self._run_begun = self._run_begun or kind == "run_started"
        if body is None:
            self._hidden = self._hidden or kind in {"run_started", "gate_opened"}
            self._unknown += kind in SIGNED
        elif kind == "run_started":
            self._begun = self._begun or not self.gate
        elif kind == "gate_opened":
            self._begun = self._begun or body["request"]["id"] == self.gate != ""
        elif kind in SIGNED and body[SIGNED[kind]]["gate"] == self.gate:
            self._answered(kind, body[SIGNED[kind]], checked=checked)

    def _answered(self, kind: str, said: Any, *, checked: bool) -> None:
        if kind == "gate_decided":
            unsure = "" if checked else " (signature not checked)"
            self._standing.append(f"{said['operator']}: {said['verdict']}{unsure}")
        elif said["act"] == "undo":
            self._taken_back += self._standing
            self._standing = []

    def what(self) -> str:
        """Returns what it is about."""
        if self.record is not None:
            return f"record {self.record}"
        return f"gate {self.gate} of run {self.run}" if self.gate else f"run {self.run}"

    def why_not_begun(self) -> str:
        """Says that no record begins what the capsule is about; empty if one does."""
        if self._found or (self._run_begun and self._begun):
            return ""
        if self.record is not None:
            return f"it is said to be about {self.what()}, and that record is not in it"
        words = f"it is said to be about {self.what()}, and no record begins that"
        if self._hidden:
            words += " unless it is one that was left out; get a copy with that record in it"
        return words

    def stands(self) -> str:
        """Says how the gate stands by the records in it, or what the record is; else nothing."""
        if self._found:
            head = self._found.head
            whose = f"of run {head['run']}" if head["run"] else "of the desk"
            gone = "; what it said was left out, and its hash is there"
            return f"it is a record {whose}, {head['kind']}{gone * (self._found.body is None)}"
        if not self.gate:
            return ""
        words = ["no decision is in it"]
        if self._standing:
            words = [f"decided by {', by '.join(self._standing)}"]
        if self._taken_back:
            words.append(f"taken back since: {', by '.join(self._taken_back)}")
        if self._unknown:
            words.append(f"answers and acts in this run that were left out: {self._unknown:,}")
        return "; ".join(words)


class Capsule:
    """A capsule as it is read, line by line; it keeps names and keys, and none of them.

    Args:
        key: the public key of who signed its checkpoint, if that is known from elsewhere.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key
        self.people = People()
        self.checkpoint, self.signature = Checkpoint("", 0, b"", "", 0), Signature("", b"", b"")
        self.lines = self.records = self.redacted = self.left_out = 0
        self.named: dict[str, int] = {}
        self._bytes = 0
        self._digest = hashlib.sha256()
        self._ended = False
        self.subject = Subject()
        self._last: Entry | None = None
        self._text = ""
        self._met: set[str] = set()

    def read(self, line: bytes) -> None:
        """Takes in the next line.

        Raises:
            BadLine: if it does not hold.
        """
        self.lines += 1
        self._bytes += len(line)
        try:
            self._take(line)
        except Broken as error:
            raise BadLine(self.lines, f"the record does not hold: {error.reason}") from error
        except (Unreadable, ValueError) as error:
            raise BadLine(self.lines, str(error)) from error
        self._digest.update(line)

    def finish(self) -> None:
        """Looks into what only the whole can tell.

        Raises:
            BadLine: if it does not hold.
        """
        if not self._ended:
            raise BadLine(self.lines + 1, "the capsule stops before its end; get a whole copy")
        for name, seq in self.named.items():
            if name not in self._met:
                words = f"the text {name[:12]} that record {seq} names is not there, nor left out"
                raise BadLine(self.lines, words)
        reason = self.subject.why_not_begun() or self._why_not_signed()
        if reason:
            raise BadLine(1, reason)
        self.people.fitting += 1

    def _why_not_signed(self) -> str:
        name = self.signature.name
        key = self.people.known.get(name) or self.people.keys.get(name)
        if name in self.people.revoked:
            return f"{name}, who signed the checkpoint, was revoked before"
        if key is None:
            return f"no record enrols {name}, who signed; give their public key with --key"
        if self.people.keys.get(name, key) != key:
            return f"{name} is enrolled in it with another key than that given"
        return self.signature.why_not(self.checkpoint, _from_hex(key))

    def _take(self, line: bytes) -> None:
        if self._bytes > MAX_CAPSULE or len(line) > MAX_LINE:
            raise ValueError("it is larger than any capsule")
        if self._ended:
            raise ValueError("something follows the end of the capsule")
        if self.lines == 1:
            self._opening(_of_capsule(line))
        elif line.startswith(b'{"proof":'):
            self._record(line)
        else:
            self._text_or_end(_of_capsule(line))

    def _opening(self, raw: dict[str, Any]) -> None:
        version = raw.get("capsule")
        if type(version) is int and version > CAPSULE:
            raise ValueError(
                f"version {version} is newer than this verifier reads; get a newer one"
            )
        begins = _typed(raw, _OPENING) and _typed(raw["about"], _ABOUT.get(version))
        if not begins or (version == 2 and (raw["about"]["run"] or raw["about"]["gate"])):
            raise ValueError("this is not how a capsule begins")
        self.subject = Subject(**raw["about"])
        self.checkpoint, self.signature = read_note(raw["checkpoint"])
        self.people.desk = self.checkpoint.desk
        if self._key is not None:
            self.people.known[self.signature.name] = self._key.hex()

    def _record(self, line: bytes) -> None:
        found = _PROVEN.fullmatch(line)
        if found is None:
            raise ValueError("the line is not a record with its proof")
        entry = read_record(found[2] + b"\n", ANYWHERE)
        seq, last = entry.head["seq"], self._last
        if self._text:
            raise ValueError("a record stands behind a text")
        if last and seq <= last.head["seq"]:
            raise ValueError(f"record {seq} stands behind record {last.head['seq']}")
        if last and seq == last.head["seq"] + 1 and entry.head["prev"] != last.hash.hex():
            raise ValueError("the record does not follow the one before it")
        if seq >= self.checkpoint.size:
            raise ValueError(f"record {seq} is not covered by the checkpoint")
        path = re.findall("[0-9a-f]{64}", (found[1] or b"").decode())
        proof = [bytes.fromhex(one) for one in path]
        ends = seq + 1 == self.checkpoint.size
        if not includes(self.checkpoint.root, self.checkpoint.size, seq, entry.hash, proof) or (
            ends and entry.hash.hex() != self.checkpoint.head
        ):
            words = f"record {seq} is not one that the checkpoint covers"
            right = steps(self.checkpoint.size, seq)
            if len(proof) != right:
                words += (
                    f": its proof has the length {len(proof)}, and from its place it is {right}"
                )
            raise ValueError(words)
        self._last = entry
        self.records += 1
        try:
            self._look_into(entry, seq)
        except Broken as error:
            raise ValueError(f"record {seq}: {error.reason}") from error
        except _UNREADABLE as error:
            raise ValueError(f"record {seq}: the body cannot be read ({error!r})") from error

    def _look_into(self, entry: Entry, seq: int) -> None:
        unchecked = self.people.unchecked
        if entry.body is None:
            self.redacted += 1
            self.people.hide(entry.head["kind"])
        else:
            self._look_into_body(entry.head, entry.body, seq)
        self.subject.take(entry, checked=unchecked == self.people.unchecked)

    def _look_into_body(self, head: dict[str, Any], body: Any, seq: int) -> None:
        kind = head["kind"]
        for ref in texts_of(kind, body):
            if ref["inline"] is None:
                self.named.setdefault(ref["sha256"], seq)
            elif hashlib.sha256(ref["inline"].encode()).hexdigest() != ref["sha256"]:
                raise Broken(seq, "a text in the record is not the one of its hash")
        if kind == "desk_opened" and body["desk"] != self.checkpoint.desk:
            raise Broken(seq, f"it is of desk {body['desk']}, and the checkpoint is of another")
        if kind in PEOPLE:
            self.people.take(kind, body, seq, head["v"])
        elif kind == CHECKPOINT:
            desk = self.checkpoint.desk
            self.people.require_checkpoint(body["signed"], seq, desk, head["prev"], None)
        elif kind in SIGNED:
            self.people.require_signed(SIGNED[kind], body[SIGNED[kind]], seq)

    def _text_or_end(self, raw: dict[str, Any]) -> None:
        if raw == {"end": self._digest.hexdigest()}:
            self._ended = True
            return
        if "end" in raw:
            raise ValueError("the lines before the end are not those that it was made of")
        name, text = raw.get("sha256"), raw.get("text", "")
        if raw.keys() - {"sha256", "text"} or type(name) is not str or type(text) is not str:
            raise ValueError("this is no line of a capsule")
        if "text" in raw and hashlib.sha256(text.encode()).hexdigest() != name:
            raise ValueError("the text is not the one of its hash")
        if name <= self._text:
            raise ValueError("the texts are not in the order of their hashes")
        if name not in self.named:
            raise ValueError(f"no record names the text {name[:12]}")
        self._text = name
        self._met.add(name)
        self.left_out += "text" not in raw


def texts_of(kind: str, body: Any) -> list[Any]:
    """Returns the texts that a record names: the files of a pack, or what a model was shown."""
    if kind == "run_started":
        return list(body.get("files", {}).values())
    if kind != "trace_recorded":
        return []
    call = body["trace"]["call"]
    return [*call["layers"].values(), call["grammar"], call["output"]]


def _typed(value: Any, form: dict[str, type] | None) -> bool:
    return isinstance(value, dict) and {name: type(value[name]) for name in value} == form


def _of_capsule(line: bytes) -> dict[str, Any]:
    try:
        raw, _ = _parse(line.decode())
        same = spelled(raw) + b"\n" == line
    except (ValueError, RecursionError) as error:
        raise ValueError(f"this is no line of a capsule ({error})") from error
    if not same or not isinstance(raw, dict) or why_outside(raw):
        raise ValueError("this is no line of a capsule, in its one spelling")
    return raw


def is_capsule(place: Path) -> bool:
    """Says whether a file is meant to be a capsule, however it holds."""
    if not place.is_file():
        return False
    with place.open("rb") as file:
        return file.read(len(_OPENS)) == _OPENS


def read_capsule(place: Path, key: bytes | None) -> Capsule:
    """Reads a capsule.

    Raises:
        BadLine: at the first line that does not hold.
    """
    capsule = Capsule(key)
    if place.stat().st_size > MAX_CAPSULE:
        raise BadLine(1, f"the file is larger than any capsule, of which none has {MAX_CAPSULE:,}")
    with place.open("rb") as file:
        most = MAX_OPENING
        while line := file.readline(most):
            capsule.read(line)
            most = MAX_LINE + 1
    capsule.finish()
    return capsule


# What is told.


def say(line: str) -> None:
    """Prints a line of which parts come from the ledger, with what cannot be seen made visible."""
    print("".join(char if char.isprintable() else ascii(char)[1:-1] for char in line))


def report(place: Path, asked: Checkpoint | None, *, signatures: bool) -> int:
    """Verifies the ledger at ``place``, prints what was found, and returns the exit status."""
    ledger = Ledger(asked, signatures=signatures)
    segments = segments_of(place)
    broken = ""
    unfinished = 0
    try:
        unfinished = read_segments(ledger, segments)
    except Broken as error:
        broken = str(error)
    for line in _found(ledger, unfinished, signatures=signatures):
        say(line)
    if broken:
        say(broken)
        return FAILS
    reason = why_not_kept(asked, ledger) if asked else ""
    if reason:
        say(f"checkpoint: {reason}")
        return FAILS
    if asked:
        say(f"checkpoint: holds for records 0 to {asked.size - 1}, as of {asked.when()}")
    say("verified: all of this holds")
    return HOLDS


def report_capsule(place: Path, key: bytes | None) -> int:
    """Verifies the capsule at ``place``, prints what was found, and returns the exit status."""
    try:
        capsule = read_capsule(place, key)
    except BadLine as error:
        say(str(error))
        return FAILS
    checkpoint, name = capsule.checkpoint, capsule.signature.name
    say(f"about: {capsule.subject.what()}, of desk {checkpoint.desk}")
    if capsule.subject.gate:
        say(f"gate: {capsule.subject.stands()}")
    if capsule.subject.record is not None:
        say(f"record: {capsule.subject.stands()}")
    say(
        f"records: {capsule.records:,} of {checkpoint.size:,}"
        + f", of which {capsule.redacted:,} redacted" * bool(capsule.redacted)
    )
    say(
        f"texts: {len(capsule.named):,}"
        + f", of which {capsule.left_out:,} left out" * bool(capsule.left_out)
    )
    say(capsule.people.words())
    say(f"checkpoint: signed by {name}, as of {checkpoint.when()}")
    if key is None:
        say(f"key: {capsule.people.keys[name]}, as the capsule has it; compare it if you can")
    redacted = capsule.redacted or capsule.left_out
    say(f"verified: {'what is left of it' if redacted else 'all of this'} holds")
    return HOLDS


def _found(ledger: Ledger, unfinished: int, *, signatures: bool) -> Iterator[str]:
    closed = ledger.closed
    root = root_of(closed.peaks)
    yield f"records: {closed.size:,}" + (
        f", of which {ledger.redacted:,} redacted" * bool(ledger.redacted)
    )
    yield f"desk: {ledger.desk}" if ledger.desk else "desk: not told"
    yield f"head: {closed.head}"
    yield f"root: {root.hex()} ({base64.b64encode(root).decode()})"
    if not signatures:
        yield "signatures: not checked, as asked"
    else:
        yield ledger.people.words()
    if ledger.checkpoints:
        yield f"checkpoints: {ledger.checkpoints:,} in the ledger"
    if unfinished:
        yield (
            f"unfinished: the last {unfinished:,} bytes are a batch that was never closed; they "
            "are no part of the ledger and were not counted"
        )


def read_key(text: str) -> bytes:
    """Reads a public key, in hexadecimal or base64.

    Raises:
        Unreadable: if it is neither.
    """
    try:
        if re.fullmatch(r"[0-9a-fA-F]{64}", text):
            return bytes.fromhex(text)
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Unreadable("the key is not the 32 bytes of a public key, in hexadecimal or base64")
    return key


def _asked(file: Path, key: str) -> tuple[Checkpoint, str]:
    """Returns the checkpoint in a file, and why it is not signed with the key, if it is not."""
    try:
        text = file.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise Unreadable(f"{file} is not text ({error})") from error
    checkpoint, signature = read_note(text)
    return checkpoint, signature.why_not(checkpoint, read_key(key))


def main(arguments: list[str]) -> int:
    """Does what the command line asks and returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="verify_ledger.py", description="Verifies a ledger of Converge Desktop."
    )
    parser.add_argument(
        "ledger", nargs="?", type=Path, help="the data directory, its ledger, or a capsule"
    )
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="one that was kept")
    parser.add_argument("--key", help="the public key that signed it, in hexadecimal or base64")
    parser.add_argument("--skip-signatures", action="store_true", help="hashes and root only")
    parser.add_argument("--self-test", action="store_true", help="try known answers, and no ledger")
    given = parser.parse_args(arguments)
    if given.self_test:
        return self_test()
    if given.ledger is None:
        parser.error("give a ledger or a capsule")
    try:
        if is_capsule(given.ledger):
            if given.checkpoint or given.skip_signatures:
                parser.error("a capsule has its own checkpoint; of all options it takes --key")
            return report_capsule(given.ledger, read_key(given.key) if given.key else None)
        if (given.checkpoint is None) is not (given.key is None):
            parser.error("--checkpoint and --key go together")
        asked, reason = _asked(given.checkpoint, given.key) if given.checkpoint else (None, "")
        if reason:
            say(f"checkpoint: {reason}")
            return FAILS
        return report(given.ledger, asked, signatures=not given.skip_signatures)
    except Unreadable as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
    return UNREADABLE


# Known answers.

VECTORS = {
    "TEST 1": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    "TEST 2": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    "TEST 3": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    "TEST 1024": (
        "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
        (
            "08b8b2b733424243760fe426a4b54908632110a66c2f6591eabd3345e3e4eb98"
            "fa6e264bf09efe12ee50f8f54e9f77b1e355f6c50544e23fb1433ddf73be84d8"
            "79de7c0046dc4996d9e773f4bc9efe5738829adb26c81b37c93a1b270b20329d"
            "658675fc6ea534e0810a4432826bf58c941efb65d57a338bbd2e26640f89ffbc"
            "1a858efcb8550ee3a5e1998bd177e93a7363c344fe6b199ee5d02e82d522c4fe"
            "ba15452f80288a821a579116ec6dad2b3b310da903401aa62100ab5d1a36553e"
            "06203b33890cc9b832f79ef80560ccb9a39ce767967ed628c6ad573cb116dbef"
            "efd75499da96bd68a8a97b928a8bbc103b6621fcde2beca1231d206be6cd9ec7"
            "aff6f6c94fcd7204ed3455c68c83f4a41da4af2b74ef5c53f1d8ac70bdcb7ed1"
            "85ce81bd84359d44254d95629e9855a94a7c1958d1f8ada5d0532ed8a5aa3fb2"
            "d17ba70eb6248e594e1a2297acbbb39d502f1a8c6eb6f1ce22b3de1a1f40cc24"
            "554119a831a9aad6079cad88425de6bde1a9187ebb6092cf67bf2b13fd65f270"
            "88d78b7e883c8759d2c4f5c65adb7553878ad575f9fad878e80a0c9ba63bcbcc"
            "2732e69485bbc9c90bfbd62481d9089beccf80cfe2df16a2cf65bd92dd597b07"
            "07e0917af48bbb75fed413d238f5555a7a569d80c3414a8d0859dc65a46128ba"
            "b27af87a71314f318c782b23ebfe808b82b0ce26401d2e22f04d83d1255dc51a"
            "ddd3b75a2b1ae0784504df543af8969be3ea7082ff7fc9888c144da2af58429e"
            "c96031dbcad3dad9af0dcbaaaf268cb8fcffead94f3c7ca495e056a9b47acdb7"
            "51fb73e666c6c655ade8297297d07ad1ba5e43f1bca32301651339e22904cc8c"
            "42f58c30c04aafdb038dda0847dd988dcda6f3bfd15c4b4c4525004aa06eeff8"
            "ca61783aacec57fb3d1f92b0fe2fd1a85f6724517b65e614ad6808d6f6ee34df"
            "f7310fdc82aebfd904b01e1dc54b2927094b2db68d6f903b68401adebf5a7e08"
            "d78ff4ef5d63653a65040cf9bfd4aca7984a74d37145986780fc0b16ac451649"
            "de6188a7dbdf191f64b5fc5e2ab47b57f7f7276cd419c17a3ca8e1b939ae49e4"
            "88acba6b965610b5480109c8b17b80e1b7b750dfc7598d5d5011fd2dcc5600a3"
            "2ef5b52a1ecc820e308aa342721aac0943bf6686b64b2579376504ccc493d97e"
            "6aed3fb0f9cd71a43dd497f01f17c0e2cb3797aa2a2f256656168e6c496afc5f"
            "b93246f6b1116398a346f1a641f3b041e989f7914f90cc2c7fff357876e506b5"
            "0d334ba77c225bc307ba537152f3f1610e4eafe595f6d9d90d11faa933a15ef1"
            "369546868a7f3a45a96768d40fd9d03412c091c6315cf4fde7cb68606937380d"
            "b2eaaa707b4c4185c32eddcdd306705e4dc1ffc872eeee475a64dfac86aba41c"
            "0618983f8741c5ef68d3a101e8a3b8cac60c905c15fc910840b94c00a0b9d0"
        ),
        (
            "0aab4c900501b3e24d7cdf4663326a3a87df5e4843b2cbdb67cbf6e460fec350"
            "aa5371b1508f9f4528ecea23c436d94b5e8fcd4f681e30a6ac00a9704a188a03"
        ),
    ),
    "TEST SHA(abc)": (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        (
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
            "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ),
}
"""RFC 8032, section 7.1: public key, message and signature of each of its tests."""
TREE = (
    ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    (
        "606162636465666768696a6b6c6d6e6f",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ),
)
"""The leaves of the Certificate Transparency reference, and the root after each."""

KNOWN = (
    (
        '{"about":{"gate":"","run":"run"},"capsule":1,"checkpoint":"converge/desk/00c0ffee\\n4'
        "\\nhm+jFYeSyEn/hg86OwBFEYmj15YvUHMuuAwbvhsbp3s=\\nhead 2c34bbcc2af49aeb41bd1a8ba0f67a6"
        "a74c6763efa6d783e4cccf672de77aa2b\\nat 1795176000000000\\n\\n— alice#2bd806c9 oCldB3KS"
        "SKlEgQIoQc2PHoEgwF8m0Uls2LY5aksr5m353qicIi15Y64PuDpklC4WuFOOnwoMBtG7+diuBokm+SlYSgk=\\"
        'n","exported_at":1795176000000001}\n'
    ),
    (
        '{"proof":["76b0989c73a2b9cb6478a27fdf2ced330be3f9d7620a921633ea6f4f145ff623","239cdf19'
        '7acd221adce920b670d35b750800a95201006523227419e485f15ca0"],"record":{"hash":"11b24af89'
        'c9e09c9acf7d569649018526cea0cf5353efc15e0b98c289d741ffd","head":{"at":1795176000000000'
        ',"close":false,"commit":"d2af198d8c07fe0ba311b88b7334226d12d0b6e0d31ff84ccdb36ad9993a5'
        '98e","kind":"desk_opened","prev":"0000000000000000000000000000000000000000000000000000'
        '000000000000","run":"","seq":0,"v":5}}}\n'
    ),
    (
        '{"proof":["187e69871f375fe3e6662f7e51730806b8163e28c6e991fcdb41757f1e2577ff","239cdf19'
        '7acd221adce920b670d35b750800a95201006523227419e485f15ca0"],"record":{"body":{"operator'
        '":{"id":"alice#2bd806c9","name":"alice","public_key":"a18954289859a00f48612adcb91b3a22'
        '5d2febc6955d6544c7af78b01f519c18"}},"hash":"298877f191a67ef6fb9cf355568bfb167087c33fcc'
        '5574d809b8e28b0be07c4c","head":{"at":1795176000000000,"close":false,"commit":"ff12a7bb'
        'bcba60f59b30f562248c30702f3258593c60ae09a715354bb722c5df","kind":"operator_enrolled","'
        'prev":"11b24af89c9e09c9acf7d569649018526cea0cf5353efc15e0b98c289d741ffd","run":"","seq'
        '":1,"v":5},"salt":"3261b4a8fbe54b47c0109b1cc71a9cb5"}}\n'
    ),
    (
        '{"proof":["3f638231bee53d8ded7abff6c4ac2bc98b79c5be31696fc09be867abb77e71cb","3feba97b'
        '3c46297ed3f03e30e1cf2cedfbc80e61f9bdd5eccab654685a3a3db0"],"record":{"body":{"agents":'
        '[],"base_root":"","continues":null,"files":{"pack.toml":{"inline":null,"sha256":"2d711'
        '642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881","size":1}},"folder":"","g'
        'rants":[],"intent":{"active_packs":null,"budgets":{"agents_per_cycle":null,"cycles":10'
        '0,"facts":10000,"time_us":null,"tokens":null},"criteria":[],"question":"is it so","req'
        'uired_agents":[],"required_facts":[],"subject":"the test"},"levels":[],"notes":[],"pac'
        'k":"","pack_digest":"","pack_version":0,"policy_digest":"","run":"run","sources":[]},"'
        'hash":"d62bb500567d1cb8c18f8530bd1c3184b46eb1d2f55cc9502121b26808daa4f1","head":{"at":'
        '1795176000000000,"close":false,"commit":"2ea7b299aa51b291319909b4055c1bb86940d42e8cf99'
        '6cba49942ac6c79d61d","kind":"run_started","prev":"298877f191a67ef6fb9cf355568bfb167087'
        'c33fcc5574d809b8e28b0be07c4c","run":"run","seq":2,"v":5},"salt":"c3a6a8530dbb478fb70a6'
        'ca8c7263a94"}}\n'
    ),
    (
        '{"proof":["26257489a79bbd8bb3fc02006a4e2cea365fbd28bab4e9a904465f7169cbebbd","3feba97b'
        '3c46297ed3f03e30e1cf2cedfbc80e61f9bdd5eccab654685a3a3db0"],"record":{"body":{"decision'
        '":{"decided_at":1795176000000000,"gate":"gate","id":"approval:gate","operator":"alice#'
        '2bd806c9","reason":"","request":"","shown":"","signature":"ca45cfa261a562652f0fd34163f'
        "d2e4a0f9d3b4acd58e63b53795ce33161257dd4912dd5f874ebf278320fd5e5d0408361aac6646e4496c17"
        '62f7d68b8972b0a","verdict":"approve"},"run":"run"},"hash":"2c34bbcc2af49aeb41bd1a8ba0f'
        '67a6a74c6763efa6d783e4cccf672de77aa2b","head":{"at":1795176000000000,"close":true,"com'
        'mit":"ae0c3fb0e9809054ac01e799ae68265735a5c3cdd890b9b128df1bf8088ba68c","kind":"gate_d'
        'ecided","prev":"d62bb500567d1cb8c18f8530bd1c3184b46eb1d2f55cc9502121b26808daa4f1","run'
        '":"run","seq":3,"v":5},"salt":"df3327a1ccb98669d3f6b9f60135b3c7"}}\n'
    ),
    ('{"sha256":"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"}\n'),
    ('{"end":"85cfdfcd8dc8bcca096864ba2c1266cccf334e68055b0242093cef4c299fa451"}\n'),
)
"""A capsule of three records and one that is redacted, signed by somebody made up."""


def self_test() -> int:
    """Tries signatures, trees and a capsule, prints what came of it, and says how it went."""
    wrong: list[str] = []
    for name, texts in VECTORS.items():
        public, message, signature = map(bytes.fromhex, texts)
        if not signature_fits(public, message, signature):
            wrong.append(f"{name} does not fit")
        others = [
            (public, message + b"x", signature),
            (public, message, signature[:-1] + bytes([signature[-1] ^ 1])),
            (public, message, bytes([signature[0] ^ 1]) + signature[1:]),
            (public, message, signature[:32] + _plus_order(signature[32:])),
            (bytes([public[0] ^ 1]) + public[1:], message, signature),
        ]
        if any(signature_fits(*other) for other in others):
            wrong.append(f"{name} fits where it must not")
    size = 0
    peaks: tuple[bytes, ...] = ()
    for leaf, root in TREE:
        peaks, size = grown(size, peaks, bytes.fromhex(leaf)), size + 1
        if root_of(peaks).hex() != root:
            wrong.append(f"the root over {size} leaves is another")
    wrong += why_not_known()
    fine = f"{len(VECTORS)} signatures, {len(TREE)} roots and a capsule are as they should be"
    for line in wrong or [fine]:
        print(line)
    return FAILS if wrong else HOLDS


def why_not_known() -> list[str]:
    """Says what is wrong with how a known capsule is read: whole, and with a bit flipped in it."""
    data = "".join(KNOWN).encode()
    wrong = [f"the capsule does not hold ({_why_not(data)})"] if _why_not(data) else []
    for place in range(0, len(data), 61):
        flipped = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        if not _why_not(flipped):
            wrong.append(f"the capsule holds with a bit of byte {place} flipped")
    return wrong


def _why_not(data: bytes) -> str:
    capsule = Capsule()
    try:
        for line in io.BytesIO(data):
            capsule.read(line)
        capsule.finish()
    except BadLine as error:
        return str(error)
    return ""


def _plus_order(factor: bytes) -> bytes:
    """Returns another spelling of a factor, which RFC 8032 forbids."""
    return (int.from_bytes(factor, "little") + L).to_bytes(32, "little")


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names are in any script, consoles are not
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main(sys.argv[1:]))
