"""The ledger's record format, version 4: what a line says and how lines hang together.

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

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from converge_core.canonical import canonical, canonical_record, hash_bytes, parse
from converge_core.errors import InvalidValue, LedgerCorrupt
from converge_core.events import Event, read_event, run_of
from converge_core.record import Record, read

VERSION = 4
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


UPCASTS: dict[int, Upcast] = {1: _from_1, 2: _from_2, 3: _from_3}
"""What brings a body of each older version to the next one."""
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


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as read: its head, its hash, and its event unless that was redacted."""

    head: Head
    hash: str
    event: Event | None


@dataclass(frozen=True, slots=True)
class Chain:
    """Where the next record goes: after ``seq``, whose hash is ``hash``."""

    seq: int = -1
    hash: str = GENESIS


def encode_batch(
    events: Iterable[Event], chain: Chain, at: int, salt: Callable[[], bytes]
) -> tuple[bytes, list[Entry]]:
    """Returns the lines of one closed batch, and the entries they will be read back as.

    Args:
        events: what happened, in order; at least one event.
        chain: the end of the ledger.
        at: microseconds since 1970 UTC.
        salt: gives 16 fresh random bytes at each call.
    """
    lines: list[bytes] = []
    entries: list[Entry] = []
    pending = list(events)
    for index, event in enumerate(pending):
        body, pinch = canonical_record(event), salt()
        head = Head(
            v=VERSION,
            seq=chain.seq + 1,
            at=at,
            kind=event.kind,
            run=run_of(event) or "",
            prev=chain.hash,
            commit=commitment(pinch, body),
            close=index == len(pending) - 1,
        )
        head_bytes = canonical_record(head)
        chain = Chain(head.seq, hash_bytes(head_bytes))
        entries.append(Entry(head, chain.hash, event))
        lines.append(
            b'{"body":%b,"hash":"%b","head":%b,"salt":"%b"}\n'
            % (body, chain.hash.encode(), head_bytes, pinch.hex().encode())
        )
    return b"".join(lines), entries


def commitment(salt: bytes, body: bytes) -> str:
    """Returns the salted commitment to a body."""
    return hash_bytes(salt + body)


def decode_line(line: bytes, chain: Chain) -> Entry:
    """Reads the line that follows ``chain`` and checks all that can be checked about it.

    Raises:
        LedgerCorrupt: naming the sequence number and what does not hold.
    """
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
