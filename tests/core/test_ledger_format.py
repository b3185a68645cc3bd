"""The ledger's record format: nothing in it can be changed, dropped or moved unnoticed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core import events as e
from converge_core import ledger
from converge_core.canonical import MAX_INTEGER, canonical, hash_bytes, parse
from converge_core.errors import LedgerCorrupt
from converge_core.events import Event
from converge_core.ids import AgentId, RunId
from converge_core.ledger import (
    GENESIS,
    VERSION,
    Chain,
    Entry,
    commitment,
    decode,
    decode_line,
    encode_batch,
)
from converge_core.run_state import DeskState
from converge_core.state import fold
from tests.core.golden_story import FOLDER, LEDGER, story, written
from tests.core.kit import ALICE
from tests.core.test_canonical import TEXT, nested

SMALL: list[tuple[list[Event], int]] = [
    ([e.DeskOpened(desk="d", app_version="0.1.0")], 1),
    (
        [
            e.OperatorEnrolled(operator=ALICE.operator),
            e.GateWithdrawn(run=RunId("r"), gate="g", reason="Grüße 😀\n"),  # type: ignore[arg-type]
        ],
        2,
    ),
    ([e.CycleStarted(run=RunId("r"), cycle=1, eligible=(AgentId("a"),))], 3),
]
LINES = written(SMALL).splitlines(keepends=True)


def read(lines: list[bytes]) -> list[Entry]:
    return list(decode(lines))


def corrupt(lines: list[bytes]) -> LedgerCorrupt:
    """Returns the error by which ``lines`` are refused."""
    with pytest.raises(LedgerCorrupt) as refused:
        read(lines)
    return refused.value


def altered(line: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Returns ``line`` with its parsed record changed, spelled canonically again."""
    record = parse(line)
    change(record)
    return canonical(record) + b"\n"


def forged(line: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Returns ``line`` changed by somebody who also brings its commitment and hash up to date."""

    def seal(record: dict[str, Any]) -> None:
        change(record)
        if "body" in record:
            salt = bytes.fromhex(record["salt"])
            record["head"]["commit"] = commitment(salt, canonical(record["body"]))
        record["hash"] = hash_bytes(canonical(record["head"]))

    return altered(line, seal)


# Writing and reading.


EVENTS = st.builds(lambda by: e.DeskOpened(desk=by, app_version="1"), TEXT) | st.builds(
    lambda reason: e.AgentFailed(run=RunId("r"), cycle=1, agent=AgentId("a"), reason=reason), TEXT
)


@given(st.lists(st.tuples(st.lists(EVENTS, min_size=1, max_size=3), st.integers(0, 2**52))))
def test_what_was_written_is_read_back(batches: list[tuple[list[Event], int]]) -> None:
    """Events, times, order and the ends of batches survive."""
    entries = read(written(batches).splitlines(keepends=True))

    assert [(event, at) for events, at in batches for event in events] == [
        (entry.event, entry.head.at) for entry in entries
    ]
    assert [
        index == len(events) - 1 for events, _ in batches for index, _ in enumerate(events)
    ] == [entry.head.close for entry in entries]


def test_writing_returns_what_reading_will() -> None:
    """Whoever appended need not read the file to know what is in it."""
    chain, salt = Chain(), lambda: bytes(16)
    lines, entries = encode_batch(SMALL[1][0], chain, 2, salt)

    assert entries == read(lines.splitlines(keepends=True))


def test_a_closing_event_is_made_of_the_batch_that_it_closes() -> None:
    """So that a decision and the checkpoint that covers it are one batch, all or nothing."""
    seen: list[list[Entry]] = []

    def last(entries: Sequence[Entry]) -> Event:
        seen.append([*entries])
        return e.DeskOpened(desk=f"after {len(entries)}", app_version=entries[-1].hash)

    lines, entries = encode_batch(SMALL[1][0], Chain(), 2, lambda: bytes(16), last)

    assert entries == read(lines.splitlines(keepends=True))
    assert [entries[:-1]] == seen
    assert [False, False, True] == [entry.head.close for entry in entries]
    assert e.DeskOpened(desk="after 2", app_version=entries[1].hash) == entries[2].event


def test_records_are_numbered_and_chained_from_the_first() -> None:
    """Each names the hash of the one before; the first follows nothing."""
    entries = read(LINES)

    assert [0, 1, 2, 3] == [entry.head.seq for entry in entries]
    assert [GENESIS, *(entry.hash for entry in entries[:-1])] == [
        entry.head.prev for entry in entries
    ]


def test_a_record_says_of_which_run_and_kind_it_is_even_without_its_body() -> None:
    """A redacted copy can still be counted and sorted."""
    assert [("desk_opened", ""), ("operator_enrolled", ""), ("gate_withdrawn", "r")] == [
        (entry.head.kind, entry.head.run) for entry in read(LINES)[:3]
    ]


def test_the_standard_library_alone_can_check_a_ledger() -> None:
    """Ten lines of json and hashlib, none of them ours, verify the golden ledger."""

    def spelled(value: object) -> bytes:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    previous = "0" * 64
    for number, line in enumerate(LEDGER.read_bytes().splitlines()):
        record = json.loads(line)
        head = record["head"]
        body = bytes.fromhex(record["salt"]) + spelled(record["body"])
        assert (number, previous) == (head["seq"], head["prev"])
        assert hashlib.sha256(body).hexdigest() == head["commit"]
        assert hashlib.sha256(spelled(head)).hexdigest() == record["hash"]
        previous = record["hash"]


@given(st.integers(0, 2**32))
def test_state_does_not_depend_on_salts(seed: int) -> None:
    """Salts hide bodies and decide nothing: other salts, other hashes, the same roots."""
    numbers = count(seed)
    chain, state, lines = Chain(), DeskState(), b""
    for events, at in story():
        data, entries = encode_batch(
            events, chain, at, lambda: hashlib.md5(str(next(numbers)).encode()).digest()
        )
        chain, lines = Chain(entries[-1].head.seq, entries[-1].hash), lines + data
    for entry in decode(lines.splitlines(keepends=True)):
        assert entry.event is not None
        state = fold(state, entry.event, entry.head.at, entry.head.seq)

    assert GOLDEN_ROOTS == {run: state.runs[run].context.root for run in state.runs}
    assert chain.hash != read(LEDGER.read_bytes().splitlines(keepends=True))[-1].hash


def roots(lines: list[bytes]) -> dict[RunId, str]:
    state = DeskState()
    for entry in decode(lines):
        assert entry.event is not None
        state = fold(state, entry.event, entry.head.at, entry.head.seq)
    return {run: state.runs[run].context.root for run in state.runs}


GOLDEN_ROOTS = roots(LEDGER.read_bytes().splitlines(keepends=True))


# Changing.


@pytest.mark.parametrize("line", range(len(LINES)))
def test_a_flipped_bit_anywhere_is_noticed_where_it_is(line: int) -> None:
    """Every bit of every byte, line ends included: refused with that record's number."""
    for position in range(len(LINES[line])):
        for bit in range(8):
            data = bytearray(LINES[line])
            data[position] ^= 1 << bit
            error = corrupt([*LINES[:line], bytes(data), *LINES[line + 1 :]])

            assert (line, True) == (error.seq, str(error).startswith(f"record {line}: ")), (
                position,
                bit,
            )


@pytest.mark.parametrize("line", range(len(LINES) - 1))
def test_a_dropped_line_is_noticed(line: int) -> None:
    """The record that follows does not belong there."""
    error = corrupt([*LINES[:line], *LINES[line + 1 :]])

    assert f"record {line}: record {line + 1} stands where record {line} belongs" == str(error)


@pytest.mark.parametrize("line", range(len(LINES)))
def test_a_repeated_line_is_noticed(line: int) -> None:
    """No record counts twice."""
    assert line + 1 == corrupt([*LINES[: line + 1], *LINES[line:]]).seq


@pytest.mark.parametrize("line", range(len(LINES) - 1))
def test_swapped_lines_are_noticed(line: int) -> None:
    """Order is part of what was recorded."""
    swapped = [*LINES[:line], LINES[line + 1], LINES[line], *LINES[line + 2 :]]

    assert line == corrupt(swapped).seq


def test_lines_of_another_ledger_do_not_fit() -> None:
    """A record that is sound in one chain is refused in another."""
    other = written([([e.DeskOpened(desk="other", app_version="0.1.0")], 1), *SMALL[1:]])
    lines = other.splitlines(keepends=True)

    assert "does not follow the one before it" in str(corrupt([lines[0], *LINES[1:]]))


@pytest.mark.parametrize("line", range(len(LINES) - 1))
def test_whoever_rewrites_a_record_must_rewrite_all_that_follow(line: int) -> None:
    """Hash and commitment of one line can be brought up to date; the next line still tells."""
    lines = [*LINES]
    lines[line] = forged(lines[line], lambda record: record["head"].update(at=999))
    error = corrupt(lines)

    assert (line + 1, True) == (error.seq, "does not follow" in error.reason)


REWRITES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "the body": (lambda r: r["body"].update(desk="x"), "not the one the record commits to"),
    "the salt": (lambda r: r.update(salt="00" * 16), "not the one the record commits to"),
    "the time": (lambda r: r["head"].update(at=2), "does not have its recorded hash"),
    "the kind": (lambda r: r["head"].update(kind="x"), "does not have its recorded hash"),
    "the end of its batch": (
        lambda r: r["head"].update(close=False),
        "does not have its recorded hash",
    ),
    "a part more": (lambda r: r.update(note="hello"), "does not have the parts of a record"),
    "a part more in the head": (lambda r: r["head"].update(note="x"), "the head is malformed"),
    "no head": (lambda r: r.pop("head"), "does not have the parts of a record"),
    "no hash": (lambda r: r.pop("hash"), "does not have the parts of a record"),
    "no salt": (lambda r: r.pop("salt"), "does not have the parts of a record"),
    "no body": (lambda r: r.pop("body"), "does not have the parts of a record"),
    "a head that is a list": (lambda r: r.update(head=[1]), "the head is malformed"),
    "a salt in capitals": (lambda r: r.update(salt=r["salt"].upper()), "lower-case"),
    "a salt with blanks": (
        lambda r: r.update(salt=" ".join([r["salt"][:2], r["salt"][2:]])),
        "lower-case",
    ),
    "a short salt": (lambda r: r.update(salt=r["salt"][:-2]), "16 bytes"),
    "a salt that is none": (lambda r: r.update(salt="zz"), "not hexadecimal"),
    "a salt that is a number": (lambda r: r.update(salt=12), "lower-case"),
}


@pytest.mark.parametrize("what", REWRITES)
def test_a_rewritten_part_is_refused_in_words(what: str) -> None:
    """Whatever is changed in a line, added to it or taken from it, the reason says what."""
    change, reason = REWRITES[what]
    error = corrupt([altered(LINES[0], change), *LINES[1:]])

    assert (0, True) == (error.seq, reason in error.reason), error.reason


SEALED: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a newer version": (
        lambda r: r["head"].update(v=VERSION + 1),
        f"version {VERSION + 1} is newer than this program reads",
    ),
    "a newer version with a richer head": (
        lambda r: r["head"].update(v=VERSION + 1, tenant="x"),
        f"version {VERSION + 1} is newer than this program reads",
    ),
    "a version before the first": (lambda r: r["head"].update(v=0), "there is no version 0"),
    "no version": (lambda r: r["head"].pop("v"), "the head is malformed"),
    "a version in words": (lambda r: r["head"].update(v="one"), "the head is malformed"),
    "another number": (lambda r: r["head"].update(seq=7), "record 7 stands where record 0 belongs"),
    "another predecessor": (lambda r: r["head"].update(prev="1" * 64), "does not follow"),
    "another run": (lambda r: r["head"].update(run="x"), "another run than the head"),
    "an unknown kind": (lambda r: r["head"].update(kind="teleported"), "newer version"),
    "the body of another kind": (lambda r: r["head"].update(kind="run_paused"), "cannot be read"),
    "a field more in the body": (lambda r: r["body"].update(x=1), "cannot be read"),
    "an id nobody can see in the body": (
        lambda r: (r["head"].update(kind="gate_withdrawn"), r.update(body={"gate": "\n"})),
        "cannot be read",
    ),
}


@pytest.mark.parametrize("what", SEALED)
def test_a_sound_hash_over_nonsense_is_refused_in_words(what: str) -> None:
    """A record must mean something besides being intact."""
    change, reason = SEALED[what]
    error = corrupt([forged(LINES[0], change)])

    assert (0, True) == (error.seq, reason in error.reason), error.reason


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"{}\n",
        b"[]\n",
        b"null\n",
        b'"text"\n',
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
        LINES[0][:-1],
        LINES[0] + b"\n",
        b" " + LINES[0],
        LINES[0].replace(b'"at":1', b'"at":1.0'),
        LINES[0].replace(b'"at":1', b'"at":1e0'),
        LINES[0].replace(b'"app_version"', b'"\\u0061pp_version"'),
        json.dumps(json.loads(LINES[0]), indent=1).encode() + b"\n",
        LINES[0].replace(b'{"body"', b'{"body":{},"body"'),
    ],
)
def test_a_line_has_one_spelling(line: bytes) -> None:
    """Blanks, escapes, floats, doubled keys: another spelling of a record is no record."""
    assert 0 == corrupt([line]).seq


# Reading fast. A line that is as this version writes it is read at once; it must never be taken
# where reading it part by part, as is done with all others, would refuse it.


STORY = LEDGER.read_bytes().splitlines(keepends=True)
CHAINS = [Chain(), *(Chain(entry.head.seq, entry.hash) for entry in decode(STORY))]
VALUES = st.sampled_from(
    [
        *(None, True, 0, -1, 9, 10**15, MAX_INTEGER, MAX_INTEGER + 1, -MAX_INTEGER - 1, 10**17),
        *(2**64, 10**30, 0.5, 1.0, "", "x", "ä", ":9007199254740993", "run-0001", "run-0002"),
        *([], [9007199254740992], {}, {"ä": 1}, {"a": {"b": [-9007199254740992]}}, "[" * 200),
        *(nested(62), nested(63), nested(122), nested(124), nested(126), nested(130)),
    ]
)


def slowly(line: bytes, chain: Chain) -> Entry | str:
    """Returns what comes of reading a line part by part."""
    try:
        return ledger._read_in_steps(line, chain)
    except LedgerCorrupt as error:
        return str(error)


def fast(line: bytes, chain: Chain) -> Entry | str:
    try:
        return decode_line(line, chain)
    except LedgerCorrupt as error:
        return str(error)


def test_what_is_written_today_is_read_at_once() -> None:
    """All of it, whatever it says, and to the same."""
    for line, chain in zip(STORY, CHAINS, strict=False):
        assert ledger._read_at_once(line, chain) == slowly(line, chain)


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_what_was_written_before_is_read_to_the_same(version: int) -> None:
    """At once or part by part."""
    chain = Chain()
    for line in (FOLDER / f"ledger_v{version}.jsonl").read_bytes().splitlines(keepends=True):
        entry = decode_line(line, chain)
        assert entry == slowly(line, chain)
        chain = Chain(entry.head.seq, entry.hash)


def test_what_an_older_version_said_otherwise_is_not_read_as_of_today() -> None:
    """A run of version 1 goes on from nothing, whatever its record says beside."""
    index = next(
        place
        for place, line in enumerate(STORY)
        if b'"continues":"run-0001"' in line and b'"kind":"run_started"' in line
    )
    line = forged(STORY[index], lambda record: record["head"].update(v=1))
    entry = decode_line(line, CHAINS[index])

    assert isinstance(entry.event, e.RunStarted)
    assert (None, slowly(line, CHAINS[index])) == (entry.event.continues, entry)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Returns the way to everything inside a record."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)  # type: ignore[arg-type]
    found = [path] if path else []
    for key, one in inside:
        deeper = (*path, key)
        found += places(one, deeper) if isinstance(one, (dict, list)) else [deeper]
    return found


@given(st.data())
def test_what_reading_part_by_part_refuses_is_not_read_at_once(data: st.DataObject) -> None:
    """A value put anywhere in a record, or taken out, every hash in order: one answer."""
    index = data.draw(st.integers(0, len(STORY) - 1))
    path = data.draw(st.sampled_from(places(json.loads(STORY[index]))))
    value, how = data.draw(VALUES), data.draw(st.sampled_from(["put", "drop", "add"]))

    def change(record: dict[str, Any]) -> None:
        inner: Any = record
        for step in path[:-1]:
            inner = inner[step]
        if how == "put":
            inner[path[-1]] = value
        elif how == "drop":
            del inner[path[-1]]
        elif isinstance(inner, dict):
            inner["ä" if value is None else "more"] = value

    line = sealed(STORY[index], change)

    assert slowly(line, CHAINS[index]) == fast(line, CHAINS[index])


def sealed(line: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Returns ``line`` changed and sealed by the standard library, which knows no domain."""

    def spelled(value: object) -> bytes:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return text.encode()

    record = json.loads(line)
    change(record)
    try:
        salt = bytes.fromhex(record["salt"])
        record["head"]["commit"] = hashlib.sha256(salt + spelled(record["body"])).hexdigest()
        record["hash"] = hashlib.sha256(spelled(record["head"])).hexdigest()
    except (KeyError, TypeError, ValueError):
        pass  # it lost a part of which there is a hash
    return spelled(record) + b"\n"


@given(st.data())
def test_bytes_put_anywhere_are_answered_both_ways_alike(data: st.DataObject) -> None:
    """Within a record as it stands, hashes and all."""
    index = data.draw(st.integers(0, len(STORY) - 1))
    line = STORY[index]
    begin = data.draw(st.integers(0, len(line)))
    end = begin + data.draw(st.integers(0, 3))
    put = data.draw(st.binary(max_size=3) | st.sampled_from([b" ", b'"', b"\\u0061", b"}", b"{}"]))
    other = line[:begin] + put + line[end:]

    assert slowly(other, CHAINS[index]) == fast(other, CHAINS[index])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"app_version"', b'{ "app_version"'),
        (b'{"app_version"', b'{"app_version":"x","app_version"'),
        (b'"0.1.0"', b'"0.1\\u002e0"'),
        (
            b'{"app_version":"0.1.0","desk":"00c0ffee"}',
            b'{"desk":"00c0ffee","app_version":"0.1.0"}',
        ),
        (b'{"at":', b'{"at": '),
        (b'"v":6', b'"v":6,"v":6'),
        (b'"seq":0', b'"seq":-0'),
    ],
)
def test_another_spelling_is_not_read_at_once_though_its_bytes_have_their_hashes(
    old: bytes, new: bytes
) -> None:
    """Bytes are hashed as they stand, so their spelling is looked at apart from that."""
    record = json.loads(STORY[0])
    body, head = (canonical(record[part]) for part in ("body", "head"))
    commit = record["head"]["commit"].encode()
    body = body.replace(old, new)
    head = head.replace(commit, commitment(bytes.fromhex(record["salt"]), body).encode())
    head = head.replace(old, new)
    line = b'{"body":%b,"hash":"%b","head":%b,"salt":"%b"}\n' % (
        *(body, hash_bytes(head).encode(), head, record["salt"].encode()),
    )

    assert ledger._read_at_once(line, Chain()) is None
    assert "record 0: the line is not in canonical form" == fast(line, Chain())


# Redacting.


@given(st.sets(st.integers(0, len(LINES) - 1)))
def test_a_redacted_copy_verifies(hidden: set[int]) -> None:
    """Leave out bodies with their salts, of any records: the chain holds and the heads stay."""

    def redact(record: dict[str, Any]) -> None:
        del record["body"], record["salt"]

    copy = [altered(line, redact) if index in hidden else line for index, line in enumerate(LINES)]
    whole, redacted = read(LINES), read(copy)

    assert [(entry.head, entry.hash) for entry in whole] == [
        (entry.head, entry.hash) for entry in redacted
    ]
    assert [entry.event for entry in redacted] == [
        None if index in hidden else entry.event for index, entry in enumerate(whole)
    ]


def test_a_redacted_record_cannot_be_altered_either() -> None:
    """What stays of it is still covered by its hash."""

    def redact(record: dict[str, Any]) -> None:
        del record["body"], record["salt"]
        record["head"]["kind"] = "run_stopped"

    assert 0 == corrupt([altered(LINES[0], redact)]).seq


def test_the_commitment_hides_the_body() -> None:
    """Two equal bodies have different commitments, so that guessing one needs its salt."""
    same = SMALL[0][0][0]
    first, second = read(written([([same, same], 1)]).splitlines(keepends=True))

    assert (same, same) == (first.event, second.event)
    assert first.head.commit != second.head.commit


# Batches.


def test_only_the_last_record_of_a_batch_closes_it() -> None:
    """From that a reader knows whether a batch is whole."""
    assert [True, False, True, True] == [entry.head.close for entry in read(LINES)]


def test_a_line_is_read_on_its_own_where_its_place_is_known() -> None:
    """One record can be checked without reading the ones before it."""
    entries = read(LINES)
    third = decode_line(LINES[2], Chain(1, entries[1].hash))

    assert entries[2] == third
