#!/usr/bin/env python3
"""Verifies a ledger of Converge Desktop with nothing but Python 3.11 and its standard library.

    python3 -I verify_ledger.py LEDGER
    python3 -I verify_ledger.py LEDGER --checkpoint FILE --key PUBLIC_KEY
    python3 -I verify_ledger.py --self-test

LEDGER is a data directory, the ``ledger`` directory in it, or one ``*.jsonl`` file. It is only
read. Whoever trusts no program of ours can read this one: it is a file of its own, and imports
nothing of the project.

What is checked of each line: it is the one spelling of a record, of a version there is; its number
and the hash before it are those that belong there; its hash is that of its head's bytes; its body,
unless that was left out, is the one that the head commits to. Then: batches are closed; decisions
and what else people do at gates are signed with the Ed25519 key (RFC 8032) that they were enrolled
with; and the Merkle root (RFC 6962) over all hashes, which a checkpoint kept elsewhere is held
against. A ledger that was replaced whole, keys and all, is found out by such a checkpoint alone.

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

VERSION = 4
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
    if point is None:
        return None
    eightfold = point
    for _ in range(3):
        eightfold = add(eightfold, eightfold)
    if eightfold[0] % P == 0:
        return None
    return Multiples((P - point[0], point[1], 1, P - point[3]))


def signature_fits(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Says whether an Ed25519 signature of ``message`` is that of a key."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    start, factor = signature[:32], int.from_bytes(signature[32:], "little")
    less = _less(public_key)
    if factor >= L or less is None:
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
_LOOKED_INTO = {"desk_opened", "operator_enrolled", CHECKPOINT, *SIGNED}


class Standing(NamedTuple):
    """What a ledger came to after some record."""

    size: int = 0
    head: str = GENESIS
    peaks: tuple[bytes, ...] = ()


class Later(NamedTuple):
    """What is looked into once its batch is closed, and how the ledger stood before it."""

    kind: str
    body: Any
    before: Standing


class Ledger:
    """A ledger as it is read, record by record; it keeps none of them.

    Args:
        asked: the checkpoint that it is held against.
        signatures: whether signatures are checked.
    """

    def __init__(self, asked: Checkpoint | None = None, *, signatures: bool = True) -> None:
        self.now = self.closed = Standing()
        self.desk: str | None = None
        self.fitting = self.unchecked = self.redacted = self.checkpoints = 0
        self.reached: Standing | None = None
        self._asked_size = asked.size if asked else -1
        self._signatures = signatures
        self._people: dict[str, str] = {}
        self._people_hidden = False
        self._hidden = 0
        self._later: list[Later] = []

    def read(self, line: bytes) -> None:
        """Takes in the next line.

        Raises:
            Broken: if it is not the next record.
        """
        size, before, peaks = self.now
        raw = _parsed(line, size)
        head = _head(raw["head"], size)
        start = line.rfind(b'"hash":"')
        end = len(line) - (_AFTER_HEAD if "body" in raw else 2)
        digest = hashlib.sha256(line[start + _BEFORE_HEAD : end])
        if digest.hexdigest() != raw["hash"]:
            raise Broken(size, "the head does not have its recorded hash")
        if head["prev"] != before:
            raise Broken(size, "the record does not follow the one before it")
        kind = head["kind"]
        if "body" in raw:
            self._whole(line[len('{"body":') : start - 1], raw, head)
            if kind in _LOOKED_INTO:
                self._later.append(Later(kind, raw["body"], self.now))
        else:
            self._hidden += 1
            self._people_hidden = self._people_hidden or kind == "operator_enrolled"
        self.now = Standing(size + 1, raw["hash"], grown(size, peaks, digest.digest()))
        if size + 1 == self._asked_size:
            self.reached = self.now
        if head["close"]:
            self._close()

    def _whole(self, body: bytes, raw: dict[str, Any], head: dict[str, Any]) -> None:
        seq = self.now.size
        if hashlib.sha256(bytes.fromhex(raw["salt"]) + body).hexdigest() != head["commit"]:
            raise Broken(seq, "the body is not the one the record commits to")
        if not isinstance(raw["body"], dict):
            raise Broken(seq, "the body cannot be read (it is no object)")
        if raw["body"].get("run", "") != head["run"]:
            raise Broken(seq, "the body speaks of another run than the head")

    def _close(self) -> None:
        for kind, body, before in self._later:
            try:
                self._look_into(kind, body, before)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise Broken(before.size, f"the body cannot be read ({error!r})") from error
        self._later.clear()
        self.redacted += self._hidden
        self._hidden = 0
        self.closed = self.now

    def _look_into(self, kind: str, body: Any, before: Standing) -> None:
        seq = before.size
        if kind == "desk_opened":
            self.desk = self.desk or str(body["desk"])
        elif kind == "operator_enrolled":
            name, key = body["operator"]["id"], body["operator"]["public_key"]
            if self._people.setdefault(name, key) != key:
                raise Broken(seq, f"{name} was enrolled before, with another key")
        elif kind == CHECKPOINT:
            self._checkpoint(body["signed"], before)
        elif self._signatures:
            what = SIGNED[kind]
            signed = body[what]
            key = self._key_of(signed["operator"], seq)
            if key is None:
                return
            message, signature = signed_bytes(what, signed), _from_hex(signed["signature"])
            if not signature_fits(_from_hex(key), message, signature):
                raise Broken(seq, f"the signature is not that of {signed['operator']}")
            self.fitting += 1

    def _checkpoint(self, signed: Any, before: Standing) -> None:
        """Checks a checkpoint that stands in the ledger: it covers every record before it."""
        said = signed["checkpoint"]
        checkpoint = Checkpoint(
            said["desk"], said["size"], bytes.fromhex(said["root"]), said["head"], said["at"]
        )
        stands = (self.desk or checkpoint.desk, before.size, root_of(before.peaks), before.head)
        typed = tuple(map(type, checkpoint)) == (str, int, bytes, str, int)
        if not typed or checkpoint[:4] != stands or checkpoint.root.hex() != said["root"]:
            raise Broken(before.size, "the checkpoint is of other records than stand before it")
        self.checkpoints += 1
        key = self._key_of(signed["operator"], before.size) if self._signatures else None
        if key is None:
            return
        own = Signature(
            signed["operator"], bytes.fromhex(signed["key"]), _from_hex(signed["signature"])
        )
        reason = own.why_not(checkpoint, _from_hex(key))
        if reason:
            raise Broken(before.size, reason)
        self.fitting += 1

    def _key_of(self, name: str, seq: int) -> str | None:
        """Returns a person's public key; None where it may have been left out."""
        key = self._people.get(name)
        if key is None and not self._people_hidden:
            raise Broken(seq, f"{name} was never enrolled")
        self.unchecked += key is None
        return key


def signed_bytes(what: str, signed: dict[str, Any]) -> bytes:
    """Returns the bytes that the signature of a decision or an act covers: all but itself."""
    unsigned = {"what": f"converge {what} v1", what: {**signed, "signature": ""}}
    return hashlib.sha256(spelled(unsigned)).hexdigest().encode()


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
    if head["seq"] != seq:
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
    elif ledger.unchecked:
        yield (
            f"signatures: {ledger.fitting:,} hold, {ledger.unchecked:,} not checked, because "
            "records that enrol people were left out"
        )
    else:
        yield f"signatures: {ledger.fitting:,} hold"
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
    parser.add_argument("ledger", nargs="?", type=Path, help="the data directory, or its ledger")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="one that was kept")
    parser.add_argument("--key", help="the public key that signed it, in hexadecimal or base64")
    parser.add_argument("--skip-signatures", action="store_true", help="hashes and root only")
    parser.add_argument("--self-test", action="store_true", help="try known answers, and no ledger")
    given = parser.parse_args(arguments)
    if given.self_test:
        return self_test()
    if given.ledger is None:
        parser.error("give a ledger")
    if (given.checkpoint is None) is not (given.key is None):
        parser.error("--checkpoint and --key go together")
    try:
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


def self_test() -> int:
    """Tries signatures and trees on known answers, prints what came of it, and says how it went."""
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
    for line in wrong or [f"{len(VECTORS)} signatures and {len(TREE)} roots are as they should be"]:
        print(line)
    return FAILS if wrong else HOLDS


def _plus_order(factor: bytes) -> bytes:
    """Returns another spelling of a factor, which RFC 8032 forbids."""
    return (int.from_bytes(factor, "little") + L).to_bytes(32, "little")


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names are in any script, consoles are not
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main(sys.argv[1:]))
