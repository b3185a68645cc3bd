"""The ledger's record format, version 6: what a line says and how lines hang together.

A line is one canonical JSON object:

``{"body":{…},"hash":"…","head":{…},"salt":"…"}``

* ``head`` names version, sequence number, time, kind, run, the hash of the line before, the
  commitment to the body, and whether the record closes its batch;
* ``hash`` is the SHA-256 of the head's bytes as they stand in the line; the next head's ``prev``
  repeats it, so that no line can be changed, dropped or moved unnoticed;
* the commitment is the SHA-256 of salt and body bytes. A redacted copy leaves out ``body`` and
  ``salt`` and still verifies; without the salt the body cannot be guessed.

A batch is all or nothing: only its last record says ``close``. Records after the last close are no
part of the ledger. Older versions are read for ever: what a version adds is optional, and what it
changes is brought up to date by :data:`UPCASTS`. A field more is a version more: a reader that does
not know it has to say that it is too old, and not that the record is broken. Files hold at most one
spelling of a record, because a line that is not the canonical form of itself is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from converge_core.canonical import (
    MAX_INTEGER,
    canonical,
    canonical_record,
    hash_bytes,
    lies_within,
    parse,
)
from converge_core.errors import InvalidValue, LedgerCorrupt
from converge_core.events import KINDS, Event, read_event, run_of
from converge_core.record import Record, decoder, read

VERSION = 6
GENESIS = "0" * 64
SALT_BYTES = 16
Upcast = Callable[[str, Any], Any]
"""Takes the kind and the body of an event and returns the body as the next version spells it."""


def _from_1(kind: str, body: Any) -> Any:
    """Version 2 lets a run go on from another; before it, every run began with nothing."""
    if kind == "run_started":
        return {**body, "continues": None, "base_root": ""}
    return body


def _from_2(kind: str, body: Any) -> Any:
    """Version 3 says how far each agent's word reaches; before it, nobody wrote that down."""
    return {**body, "levels": []} if kind == "run_started" else body


def _from_3(kind: str, body: Any) -> Any:
    """Version 4 says how exactly an answer can be had again; before it, nobody measured that."""
    del kind
    return body


def _from_4(kind: str, body: Any) -> Any:
    """Version 5 has checkpoints among the records, and forks; before it, there were neither."""
    del kind
    return body


def _from_5(kind: str, body: Any) -> Any:
    """Version 6 has runs that people hold, and what a person asks for in their own words."""
    del kind
    return body


UPCASTS: dict[int, Upcast] = {1: _from_1, 2: _from_2, 3: _from_3, 4: _from_4, 5: _from_5}
"""What brings a body of each older version to the next one."""
OLDEST_ALIKE = 3
"""The oldest version whose bodies need no change to be read as those of today."""
_LINE = b'{"body":%b,"hash":"%b","head":%b,"salt":"%b"}\n'
_HEAD, _SALT = b',"head":{', b',"salt":"'
_BODY, _DIGITS = len(b'{"body":'), 64
_HASH = len(b',"hash":""') + _DIGITS
"""Where the parts of a line meet: behind what the body begins, and before what the head begins."""
_WHOLE = {"body", "hash", "head", "salt"}
_REDACTED = {"hash", "head"}


class Head(Record, frozen=True):
    """The part of a record that is hashed; it stays when the body is redacted."""

    v: int
    seq: int
    at: int
    kind: str
    run: str
    prev: str
    commit: str
    close: bool


_read_head = msgspec.json.Decoder(Head).decode


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A record as read: its head, its hash, and its event unless that was redacted."""

    head: Head
    hash: str
    event: Event | None


class Chain(msgspec.Struct, frozen=True, gc=False):
    """Where the next record goes: after ``seq``, whose hash is ``hash``."""

    seq: int = -1
    hash: str = GENESIS


Closing = Callable[[Sequence[Entry]], Event]
"""Makes the event that closes a batch of the entries before it."""


def encode_batch(
    events: Iterable[Event],
    chain: Chain,
    at: int,
    salt: Callable[[], bytes],
    last: Closing | None = None,
) -> tuple[bytes, list[Entry]]:
    """Returns the lines of one closed batch, and the entries they will be read back as.

    Args:
        events: what happened, in order; at least one event.
        chain: the end of the ledger.
        at: microseconds since 1970 UTC.
        salt: gives 16 fresh random bytes at each call.
        last: makes one more event of the entries before it, such as a checkpoint that covers them.
    """
    lines: list[bytes] = []
    entries: list[Entry] = []
    pending = list(events)
    left = len(pending) + (last is not None)
    while left:
        left -= 1
        event = pending[len(entries)] if last is None or left else last(entries)
        line, entry = _encoded(event, chain, at, salt(), close=not left)
        chain = Chain(entry.head.seq, entry.hash)
        lines.append(line)
        entries.append(entry)
    return b"".join(lines), entries


def _encoded(
    event: Event, chain: Chain, at: int, salt: bytes, *, close: bool
) -> tuple[bytes, Entry]:
    body = canonical_record(event)
    head = Head(
        v=VERSION,
        seq=chain.seq + 1,
        at=at,
        kind=event.kind,
        run=run_of(event) or "",
        prev=chain.hash,
        commit=commitment(salt, body),
        close=close,
    )
    spelled = canonical_record(head)
    found = hash_bytes(spelled)
    line = _LINE % (body, found.encode(), spelled, salt.hex().encode())
    return line, Entry(head, found, event)


def commitment(salt: bytes, body: bytes) -> str:
    """Returns the salted commitment to a body."""
    return hash_bytes(salt + body)


def decode_line(line: bytes, chain: Chain) -> Entry:
    """Reads the line that follows ``chain`` and checks all that can be checked about it.

    Raises:
        LedgerCorrupt: naming the sequence number and what does not hold.
    """
    return _read_at_once(line, chain) or _read_in_steps(line, chain)


def _read_at_once(line: bytes, chain: Chain) -> Entry | None:
    """Reads a line that is as this version writes it; None if it is not, for whatever reason.

    It is cut where its parts should meet, which is right if they make the line again. Body and
    head are read into their types and spelled again: what comes out to the byte as it stands in
    the line is canonical, so that bytes are hashed as they stand.
    """
    at, end = line.rfind(_HEAD), line.rfind(_SALT)
    body, claimed = line[_BODY : at - _HASH], line[at - _DIGITS - 1 : at - 1]
    spelled, salted = line[at + len(_HEAD) - 1 : end], line[end + len(_SALT) : -3]
    if _LINE % (body, claimed, spelled, salted) != line:
        return None
    try:
        head, salt = _read_head(spelled), bytes.fromhex(salted.decode())
        event = _read_body(head.kind, body)
    except (msgspec.MsgspecError, ValueError, KeyError, RecursionError):
        return None
    holds = (
        OLDEST_ALIKE <= head.v <= VERSION
        and head.seq == chain.seq + 1
        and head.prev == chain.hash
        and head.run == (run_of(event) or "")
        and len(salt) == SALT_BYTES
        and salt.hex().encode() == salted
        and canonical_record(head) == spelled
        and canonical_record(event) == body
        and -MAX_INTEGER <= head.at <= MAX_INTEGER
        and lies_within(body)
        and (found := hash_bytes(spelled)).encode() == claimed
        and commitment(salt, body) == head.commit
    )
    return Entry(head, found, event) if holds else None


def _read_body(kind: str, body: bytes) -> Event:
    found: Event = decoder(KINDS[kind]).decode(body)
    return found


def _read_in_steps(line: bytes, chain: Chain) -> Entry:
    """Reads any line, or says what does not hold about it."""
    seq = chain.seq + 1
    raw = _parsed(line, seq)
    head_raw, claimed = raw["head"], raw["hash"]
    version = head_raw.get("v") if isinstance(head_raw, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise LedgerCorrupt(seq, f"version {version} is newer than this program reads; update it")
    try:
        head = read(Head, head_raw)
    except InvalidValue as error:
        raise LedgerCorrupt(seq, f"the head is malformed ({error})") from error
    if head.v not in {*UPCASTS, VERSION}:
        raise LedgerCorrupt(seq, f"there is no version {head.v} of the format")
    if head.seq != seq:
        raise LedgerCorrupt(seq, f"record {head.seq} stands where record {seq} belongs")
    if hash_bytes(canonical(head_raw)) != claimed:
        raise LedgerCorrupt(seq, "the head does not have its recorded hash")
    if head.prev != chain.hash:
        raise LedgerCorrupt(seq, "the record does not follow the one before it")
    if "body" not in raw:
        return Entry(head, str(claimed), None)
    if commitment(_salt(raw["salt"], seq), canonical(raw["body"])) != head.commit:
        raise LedgerCorrupt(seq, "the body is not the one the record commits to")
    try:
        event = read_event(head.kind, _upcast(head, raw["body"]))
    except InvalidValue as error:
        raise LedgerCorrupt(seq, f"the body cannot be read ({error})") from error
    if (run_of(event) or "") != head.run:
        raise LedgerCorrupt(seq, "the body speaks of another run than the head")
    return Entry(head, str(claimed), event)


def decode(lines: Iterable[bytes]) -> Iterator[Entry]:
    """Reads lines from the first record on, checking each against the one before.

    Raises:
        LedgerCorrupt: at the first line that does not hold.
    """
    chain = Chain()
    for line in lines:
        entry = decode_line(line, chain)
        chain = Chain(entry.head.seq, entry.hash)
        yield entry


def _upcast(head: Head, body: Any) -> Any:
    if not isinstance(body, dict):
        raise InvalidValue("it is no object")
    for version in range(head.v, VERSION):
        body = UPCASTS[version](head.kind, body)
    return body


def _parsed(line: bytes, seq: int) -> dict[str, Any]:
    try:
        raw = parse(line)
        spelled = canonical(raw)
    except InvalidValue as error:
        raise LedgerCorrupt(seq, f"the line is not a record ({error})") from error
    if spelled + b"\n" != line:
        raise LedgerCorrupt(seq, "the line is not in canonical form")
    if not isinstance(raw, dict) or set(raw) not in (_WHOLE, _REDACTED):
        raise LedgerCorrupt(seq, "the line does not have the parts of a record")
    return raw


def _salt(text: object, seq: int) -> bytes:
    try:
        salt = bytes.fromhex(str(text))
    except ValueError as error:
        raise LedgerCorrupt(seq, "the salt is not hexadecimal") from error
    if salt.hex() != text or len(salt) != SALT_BYTES:
        raise LedgerCorrupt(seq, f"the salt is not {SALT_BYTES} bytes in lower-case hexadecimal")
    return salt
