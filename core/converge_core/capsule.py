"""An evidence capsule: what a run, a decision or a record rests on, in one self-proving file.

A capsule is text, one canonical JSON value a line, and can be read with ``less``::

    {"about":{"gate":"…","run":"…"},"capsule":1,"checkpoint":"…","exported_at":…}
    {"proof":["…",…],"record":{…}}
    {"sha256":"…","text":"…"}
    {"end":"…"}

* The first line says what it is about, a run, a gate of one, or a single record by its number, and
  holds the signed checkpoint as text: the desk, the number of records, their root, who signed that.
* A record is the ledger's own line, to the byte, so that its hash and its salted commitment hold;
  its proof (RFC 6962) leads from that hash to the root of the checkpoint. They stand in the order
  of their numbers.
* A text is one that a record names by its hash: the pack's files with its policy, the layers of
  prompts, grammars, answers. They stand in the order of their hashes, each once.
* The end is the SHA-256 of all lines before it. It finds damage; whoever forges can bring it up to
  date, and stands before the checkpoint then.

A redacted copy lacks body and salt of records, as a redacted ledger does, and texts, of which the
hash stays; it still verifies. It keeps the record that begins the run, or opens the gate, that it
is about, because nobody could tell without. A capsule proves that its records stood in the ledger
that was signed. It cannot prove that none was left out of it which speaks against them.

A capsule about a record has version 2, because it says what it is about in a field that version 1
does not have; those about runs and gates stay as they were, so that old verifiers go on reading
them. It holds that record, those by which signatures are checked, and of texts the hash alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from converge_core import events as e
from converge_core.canonical import canonical, canonical_record, hash_text, parse
from converge_core.checkpoint import SignedCheckpoint, text_of
from converge_core.errors import CapsuleBroken, InvalidValue, LedgerCorrupt
from converge_core.ledger import Chain, Entry, decode_line
from converge_core.ledger import Head as LedgerHead
from converge_core.merkle import Proof
from converge_core.record import Record, read
from converge_core.trace import TextRef

VERSION = 2
"""The newest version of the format; see :func:`version_of`."""
MAX_LINE = 64 * 1024 * 1024
"""More bytes than any line has."""
MAX_BYTES = 1024 * 1024 * 1024
"""More bytes than any capsule has."""
_RECORD = re.compile(
    rb'\{"proof":\[((?:"[0-9a-f]{64}",)*"[0-9a-f]{64}")?\],"record":(\{.*\})\}\n', re.DOTALL
)
_HASH = re.compile(rb"[0-9a-f]{64}")


class About(Record, frozen=True, omit_defaults=True):
    """What a capsule is about: a run, one of its gates, or a single record.

    Attributes:
        run: the run; empty for a record, which says itself whose it is.
        gate: the gate; empty for a run and for a record.
        record: the number of the record; None for a run and for a gate, which do not spell it.
    """

    run: str
    gate: str
    record: int | None = None

    def __str__(self) -> str:
        if self.record is not None:
            return f"record {self.record}"
        return f"gate {self.gate} of run {self.run}" if self.gate else f"run {self.run}"


class Opening(Record, frozen=True):
    """The first line.

    Attributes:
        about: what it is about.
        capsule: the version of the format.
        checkpoint: the signed checkpoint that covers all records in it, as text.
        exported_at: when it was made, in microseconds since 1970 UTC.
    """

    about: About
    capsule: int
    checkpoint: str
    exported_at: int


@dataclass(frozen=True, slots=True)
class Proven:
    """A record: the ledger's line, what it says, and the proof that it stands there."""

    line: bytes
    entry: Entry
    proof: Proof


@dataclass(frozen=True, slots=True)
class Text:
    """A text that a record names; None where it was left out."""

    sha256: str
    text: str | None


@dataclass(frozen=True, slots=True)
class End:
    """The last line, which fits all those before it."""


Part = Opening | Proven | Text | End


def capsule(
    about: About,
    exported_at: int,
    signed: SignedCheckpoint,
    records: Iterable[tuple[bytes, Proof]],
    text: Callable[[TextRef], str | None],
) -> Iterator[bytes]:
    """Yields the lines of a capsule; the same of the same.

    Args:
        about: what it is about.
        exported_at: now, in microseconds since 1970 UTC.
        signed: a checkpoint that covers all of the records.
        records: lines of the ledger in their order, each with its proof under the checkpoint.
        text: reads a text that a record names; None to leave it out.

    Raises:
        CapsuleBroken: if a record does not hold, or lies behind the checkpoint.
    """
    size = signed.checkpoint.size

    def lines() -> Iterator[bytes]:
        version, note = version_of(about), text_of(signed)
        opening = Opening(about=about, capsule=version, checkpoint=note, exported_at=exported_at)
        yield canonical_record(opening) + b"\n"
        named: dict[str, TextRef] = {}
        for number, (line, proof) in enumerate(records, start=2):
            entry = _entry(line, number)
            if entry.head.seq >= size:
                raise CapsuleBroken(number, behind(entry.head.seq, size))
            named |= {one.sha256: one for one in texts_of(entry.event) if one.inline is None}
            yield _proven(line, proof)
        for name in sorted(named):
            yield _text_line(name, text(named[name]))

    return _ended(lines())


def redact(
    lines: Iterable[bytes],
    hides: Callable[[LedgerHead], bool],
    leaves_out: Callable[[str], bool],
) -> Iterator[bytes]:
    """Yields the lines of a copy of which parts are left out; what is left out already stays so.

    A text that no record names any more is gone with its hash, from which it might be guessed. The
    record that begins the run or opens the gate that it is about stays as it is.

    Args:
        lines: a capsule.
        hides: whether the body of a record is left out.
        leaves_out: whether the text of that hash is.

    Raises:
        CapsuleBroken: at the first line that does not hold.
    """

    def copied() -> Iterator[bytes]:
        named: set[str] = set()
        about = About(run="", gate="")
        for _, part in parts(lines):
            if isinstance(part, Opening):
                about = part.about
                yield canonical_record(part) + b"\n"
            elif isinstance(part, Proven) and _is_hidden(part.entry, about, hides):
                head = canonical_record(part.entry.head)
                line = b'{"hash":"%b","head":%b}\n' % (part.entry.hash.encode(), head)
                yield _proven(line, part.proof)
            elif isinstance(part, Proven):
                named |= {one.sha256 for one in texts_of(part.entry.event)}
                yield _proven(part.line, part.proof)
            elif isinstance(part, Text) and part.sha256 in named:
                yield _text_line(part.sha256, None if leaves_out(part.sha256) else part.text)

    return _ended(copied())


def parts(lines: Iterable[bytes]) -> Iterator[tuple[int, Part]]:
    """Reads a capsule and yields its parts, each with the number of its line.

    Each line has its one spelling and its place, records and texts have their hashes, and the end
    fits. What it all proves is looked into by :func:`converge_core.capsule_check.check`.

    Raises:
        CapsuleBroken: at the first line that does not hold.
    """
    digest, size, number = sha256(), 0, 0
    before: Part | None = None
    for number, line in enumerate(lines, start=1):
        size += len(line)
        if size > MAX_BYTES or len(line) > MAX_LINE:
            raise CapsuleBroken(number, "it is larger than any capsule")
        if isinstance(before, End):
            raise CapsuleBroken(number, "something follows the end of the capsule")
        part = _part(line, number, digest.hexdigest())
        _require_place(number, part, before)
        digest.update(line)
        before = part
        yield number, part
    if not isinstance(before, End):
        raise CapsuleBroken(number + 1, "the capsule stops before its end; get a whole copy")


def texts_of(event: e.Event | None) -> tuple[TextRef, ...]:
    """Returns the texts that an event names; none where it was left out."""
    if isinstance(event, e.RunStarted):
        return tuple(event.files.values())
    if isinstance(event, e.TraceRecorded):
        call = event.trace.call
        return (*call.layers.values(), call.grammar, call.output)
    return ()


def version_of(about: About) -> int:
    """Returns the version that a capsule about something has: the oldest that can say it."""
    return 1 if about.record is None else 2


def begins(about: About, entry: Entry) -> bool:
    """Whether a record begins what a capsule is about: its run, the very gate, or is it itself."""
    if about.record is not None:
        return entry.head.seq == about.record
    if entry.head.run != about.run:
        return False
    if about.gate:
        return isinstance(entry.event, e.GateOpened) and entry.event.request.id == about.gate
    return isinstance(entry.event, e.RunStarted)


def behind(seq: int, size: int) -> str:
    """Says that a record lies behind the checkpoint."""
    return f"record {seq} is not covered by the checkpoint, which ends with record {size - 1}"


def _is_hidden(entry: Entry, about: About, hides: Callable[[LedgerHead], bool]) -> bool:
    """Whether a body is left out; a record that is proven says by its head what it is."""
    return hides(entry.head) and (about.record is not None or not begins(about, entry))


def _proven(line: bytes, proof: Proof) -> bytes:
    path = ",".join(f'"{one.hex()}"' for one in proof).encode()
    return b'{"proof":[%b],"record":%b}\n' % (path, line.removesuffix(b"\n"))


def _text_line(name: str, text: str | None) -> bytes:
    whole = {"sha256": name, "text": text}
    return canonical({"sha256": name} if text is None else whole) + b"\n"


def _ended(lines: Iterator[bytes]) -> Iterator[bytes]:
    digest = sha256()
    for line in lines:
        digest.update(line)
        yield line
    yield canonical({"end": digest.hexdigest()}) + b"\n"


def _part(line: bytes, number: int, digest: str) -> Part:
    if number == 1:
        return _opening(line)
    if line.startswith(b'{"proof":'):
        found = _RECORD.fullmatch(line)
        if found is None:
            raise CapsuleBroken(number, "the line is not a record with its proof")
        path = tuple(bytes.fromhex(one.decode()) for one in _HASH.findall(found[1] or b""))
        return Proven(found[2] + b"\n", _entry(found[2] + b"\n", number), path)
    raw = _spelled(line, number)
    if raw == {"end": digest}:
        return End()
    if "end" in raw:
        raise CapsuleBroken(number, "the lines before the end are not those that it was made of")
    return _text(raw, number)


def _opening(line: bytes) -> Opening:
    raw = _spelled(line, 1)
    version = raw.get("capsule")
    if type(version) is int and version > VERSION:
        raise CapsuleBroken(1, f"version {version} is newer than this program reads; update it")
    try:
        opening = read(Opening, raw)
    except InvalidValue as error:
        raise CapsuleBroken(1, f"this is not how a capsule begins ({error})") from error
    about = opening.about
    single = about.record is None or (about.run, about.gate) == ("", "")
    spelled = canonical_record(opening) + b"\n" == line  # a number that is null is no number
    if not (single and spelled and opening.capsule == version_of(about)):
        raise CapsuleBroken(1, "this is not how a capsule begins")
    return opening


def _text(raw: dict[str, object], number: int) -> Text:
    name, text = raw.get("sha256"), raw.get("text", "")
    if raw.keys() - {"sha256", "text"} or not isinstance(name, str) or not isinstance(text, str):
        raise CapsuleBroken(number, "this is no line of a capsule")
    if "text" not in raw:
        return Text(name, None)
    if hash_text(text) != name:
        raise CapsuleBroken(number, "the text is not the one of its hash")
    return Text(name, text)


def _require_place(number: int, part: Part, before: Part | None) -> None:
    """Lets a part pass that may follow the one before it: records by number, texts by hash."""
    if isinstance(part, Proven) and isinstance(before, Proven):
        last, head = before.entry, part.entry.head
        if head.seq <= last.head.seq:
            raise CapsuleBroken(number, f"record {head.seq} stands behind record {last.head.seq}")
        if head.seq == last.head.seq + 1 and head.prev != last.hash:
            raise CapsuleBroken(number, "the record does not follow the one before it")
    elif isinstance(part, Proven) and isinstance(before, Text):
        raise CapsuleBroken(number, "a record stands behind a text")
    elif isinstance(part, Text) and isinstance(before, Text) and part.sha256 <= before.sha256:
        raise CapsuleBroken(number, "the texts are not in the order of their hashes")


def _spelled(line: bytes, number: int) -> dict[str, object]:
    try:
        raw = parse(line)
        same = canonical(raw) + b"\n" == line
    except InvalidValue as error:
        raise CapsuleBroken(number, f"this is no line of a capsule ({error})") from error
    if not same or not isinstance(raw, dict):
        raise CapsuleBroken(number, "this is no line of a capsule, in its one spelling")
    return raw


class _Place(msgspec.Struct):
    seq: int
    prev: str


class _Placed(msgspec.Struct):
    head: _Place


def _entry(line: bytes, number: int) -> Entry:
    """Reads a line of the ledger at the place that it claims to have."""
    try:
        claims = msgspec.json.decode(line, type=_Placed).head
        chain = Chain(claims.seq - 1, claims.prev)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        chain = Chain()  # it is no record then, which reading it says better
    try:
        return decode_line(line, chain)
    except LedgerCorrupt as error:
        raise CapsuleBroken(number, f"the record does not hold: {error.reason}") from error
