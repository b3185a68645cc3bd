"""Evidence before the verifier of one file, and before the app: they always say the same."""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core import capsule as capsules
from converge_core.capsule import About, redact
from converge_core.capsule_check import check
from converge_core.errors import CapsuleBroken
from converge_desktop.adapters.keys import signature_fits
from tests.core.golden_capsule import CAPSULE, CAPSULE_OF_RECORD, public_key, small, told
from tests.core.kit import ALICE

SCRIPT = Path(__file__).parents[2] / "packaging" / "verify_ledger.py"
Lines = list[bytes]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_capsule", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.signature_fits = lru_cache(module.signature_fits)  # type: ignore[attr-defined]
    return module


verifier = load()
KEY = public_key(ALICE.operator.id)
PART = small().capsule(About(run="run", gate=""))
GOLDEN = CAPSULE.read_bytes().splitlines(keepends=True)
ABOUT_GATE = About(run="run-0004", gate="gate:run-0004/1/judge/0")
GATE = told().capsule(ABOUT_GATE)
HALF = list(redact(GOLDEN, lambda head: head.seq % 2 == 0, lambda _: True))
SINGLE = small().capsule(About(run="", gate="", record=3))
BARE = list(redact(SINGLE, lambda head: head.seq == 3, lambda _: True))
SAMPLES = [
    *(
        SINGLE,
        BARE,
        PART,
        GOLDEN,
        GATE,
        HALF,
        list(redact(GATE, lambda head: head.seq % 2, lambda _: True)),
    ),
]


def ask(*arguments: object) -> tuple[int, list[str], str]:
    """Runs the verifier alone: no project, no site packages, no environment."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        env={"LC_ALL": "C.UTF-8"},
        cwd="/",
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


@pytest.fixture
def put(tmp_path: Path) -> Callable[[Lines], Path]:
    """Writes a capsule."""

    def put(lines: Lines) -> Path:
        (tmp_path / "capsule.jsonl").write_bytes(b"".join(lines))
        return tmp_path / "capsule.jsonl"

    return put


def by_script(data: bytes, key: str = "") -> tuple[int | str, ...] | str:
    """Returns what the verifier counts, or the line at which it refuses."""
    capsule = verifier.Capsule(bytes.fromhex(key) if key else None)
    try:
        for line in io.BytesIO(data):
            capsule.read(line)
        capsule.finish()
    except verifier.BadLine as error:
        return str(error).partition(":")[0]
    people = capsule.people
    return (
        *(capsule.records, capsule.redacted, len(capsule.named), capsule.left_out),
        *(people.fitting, people.unchecked, capsule.subject.stands()),
    )


def by_app(data: bytes, key: str = "") -> tuple[int | str, ...] | str:
    """Returns what the app counts, or the line at which it refuses."""
    try:
        found = check(io.BytesIO(data), signature_fits, key)
    except CapsuleBroken as error:
        return f"line {error.line}"
    return (
        *(found.records, found.redacted, found.texts, found.left_out),
        *(found.fitting, found.unchecked, found.stands),
    )


def both(data: bytes, key: str = "") -> tuple[int | str, ...] | str:
    """Returns what both say."""
    said = by_script(data, key)
    assert said == by_app(data, key)
    return said


def sealed(lines: Lines) -> bytes:
    """Returns lines with an end that fits."""
    data = b"".join(lines)
    return data + b'{"end":"%b"}\n' % sha256(data).hexdigest().encode()


def spelled(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


# What holds.


def test_the_golden_capsule_holds() -> None:
    """It says what it is about, how much there is, and whose word it stands on."""
    status, said, err = ask(CAPSULE)

    assert [
        "about: run run-0001, of desk 00c0ffee",
        "records: 46 of 153",
        "texts: 1",
        "signatures: 5 hold",
        "checkpoint: signed by alice#2bd806c9, as of 2026-11-20 12:00:00 UTC",
        f"key: {KEY}, as the capsule has it; compare it if you can",
        "verified: all of this holds",
    ] == said
    assert (0, "") == (status, err)


def test_the_golden_proof_of_a_record_holds() -> None:
    """It says which record that is, and whose word it stands on."""
    status, said, err = ask(CAPSULE_OF_RECORD, "--key", KEY)

    assert [
        "about: record 34, of desk 00c0ffee",
        "record: it is a record of run run-0001, gate_decided",
        "records: 5 of 168",
        "texts: 0",
        "signatures: 4 hold",
        "checkpoint: signed by alice#2bd806c9, as of 2026-11-20 12:00:00 UTC",
        "verified: all of this holds",
    ] == said
    assert (0, "") == (status, err)


def test_both_prove_every_record_of_a_ledger() -> None:
    """Each by itself, and the same of each."""
    ledger = told()
    for seq in range(ledger.signed().checkpoint.size):
        said = both(b"".join(ledger.capsule(About(run="", gate="", record=seq))))
        assert ledger.entries[seq].head.kind in str(said[-1])


@pytest.mark.parametrize(
    "about",
    [
        {"gate": "", "record": 3, "run": "run"},
        {"gate": "gate", "record": 3, "run": ""},
        {"gate": "", "record": None, "run": ""},
        {"gate": "", "record": True, "run": ""},
        {"gate": "", "record": -1, "run": ""},
        {"gate": "", "record": 2, "run": ""},
        {"gate": "", "run": "run"},
        {},
    ],
)
@pytest.mark.parametrize("version", [0, 1, 2])
def test_what_a_capsule_cannot_be_about_is_refused_by_both(
    about: dict[str, Any], version: int
) -> None:
    """Two things, nothing, a record that is not in it, or what its version cannot say."""
    opening = spelled({**json.loads(SINGLE[0]), "about": about, "capsule": version}) + b"\n"
    assert "line 1" == both(sealed([opening, *SINGLE[1:-1]]))


def test_a_proof_that_was_cut_short_says_how_long_it_is(put: Callable[[Lines], Path]) -> None:
    """Rather than that something is wrong with the record."""
    raw = json.loads(SINGLE[3])
    raw["proof"].pop()
    status, said, _ = ask(put([sealed([*SINGLE[:3], spelled(raw) + b"\n", *SINGLE[4:-1]])]))
    words = "its proof has the length 1, and from its place it is 2"
    assert [f"line 4: record 3 is not one that the checkpoint covers: {words}"] == said
    assert status == 1


def test_a_key_that_is_known_from_elsewhere_is_the_one_it_has_to_be() -> None:
    """In hexadecimal or base64; then nobody is told to compare it."""
    for key in (KEY, KEY.upper(), base64.b64encode(bytes.fromhex(KEY)).decode()):
        status, said, _ = ask(CAPSULE, "--key", key)
        assert (0, False) == (status, any(line.startswith("key:") for line in said))
    status, said, _ = ask(CAPSULE, "--key", public_key("mallory"))

    assert status == 1
    assert said == ["line 1: alice#2bd806c9 is enrolled in it with another key than that given"]


def test_a_redacted_copy_holds_and_says_so(put: Callable[[Lines], Path]) -> None:
    """What is left of it does."""
    copy = redact(GOLDEN, lambda head: head.kind == "gate_decided", lambda _: True)
    status, said, _ = ask(put(list(copy)))

    assert "records: 46 of 153, of which 2 redacted" in said
    assert "texts: 1, of which 1 left out" in said
    assert (0, "verified: what is left of it holds") == (status, said[-1])


def test_of_a_decision_it_says_which(put: Callable[[Lines], Path]) -> None:
    """By the name of its gate."""
    _, said, _ = ask(put(GATE))

    assert said[0] == ("about: gate gate:run-0004/1/judge/0 of run run-0004, of desk 00c0ffee")
    assert said[1] == "gate: decided by carol#4c26d907: approve, by dave#61ea0803: approve"


def test_of_a_gate_whose_decision_was_dropped_it_says_that_none_is_there(
    put: Callable[[Lines], Path],
) -> None:
    """Before anything else; the file holds, as that of an open gate does."""
    dropped = [line for line in GATE[:-1] if b'"kind":"gate_decided"' not in line]
    status, said, _ = ask(put([sealed(dropped)]))

    assert (0, "gate: no decision is in it") == (status, said[1])


def test_a_redacted_opening_makes_no_gate(put: Callable[[Lines], Path]) -> None:
    """Nor does one of a run make a run: whoever copies could name what never was."""
    for lines, kind in ((GATE, b"gate_opened"), (GOLDEN, b"run_started")):
        copy = [*lines]
        at = next(n for n, line in enumerate(copy) if b'"kind":"%b"' % kind in line)
        raw = json.loads(copy[at])
        del raw["record"]["body"], raw["record"]["salt"]
        copy[at] = spelled(raw) + b"\n"
        status, said, _ = ask(put([sealed(copy[:-1])]))

        assert status == 1
        assert "no record begins that unless it is one that was left out" in said[0]
        assert "line 1" == both(sealed(copy[:-1]))


def test_without_who_signed_their_key_is_asked_for(put: Callable[[Lines], Path]) -> None:
    """Where the record that enrols them was left out."""
    copy = put(list(redact(GOLDEN, lambda head: head.kind == "operator_enrolled", lambda _: False)))

    status, said, _ = ask(copy)
    who = "line 1: no record enrols alice#2bd806c9, who signed"
    assert (1, [f"{who}; give their public key with --key"]) == (status, said)

    status, said, _ = ask(copy, "--key", KEY)
    assert status == 0
    assert "signatures: 2 hold, 2 not checked, because records that enrol people were" in said[3]


# What does not: both refuse it, at the same line.


def test_a_flipped_bit_at_any_byte_is_refused_by_both_at_the_same_line() -> None:
    """No byte counts for nothing."""
    data = b"".join(PART)
    assert both(data) == (4, 0, 1, 0, 2, 0, "")
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        assert str(both(bytes(flipped))).startswith("line ")


CHANGES = st.one_of(
    st.tuples(st.just("flip"), st.integers(0, 10**6), st.integers(0, 7)),
    st.tuples(st.just("cut"), st.integers(0, 10**6), st.integers(1, 200)),
    st.tuples(st.just("put"), st.integers(0, 10**6), st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("drop"), st.integers(0, 10**6), st.just(0)),
    st.tuples(st.just("double"), st.integers(0, 10**6), st.just(0)),
    st.tuples(st.just("swap"), st.integers(0, 10**6), st.integers(0, 10**6)),
    st.tuples(st.just("say"), st.integers(0, 10**6), st.integers(0, 10**6)),
)
VALUES: list[Any] = ["", "x", "run-0001", 0, 1, -1, 2**53, True, None, [], {}, "0" * 64, "Grüße"]


def changed(lines: Lines, change: tuple[str, int, Any]) -> Lines:
    """Returns a capsule to which something was done."""
    how, where, what = change
    lines = [*lines]
    at = where % len(lines)
    if how == "drop":
        del lines[at]
    elif how == "double":
        lines.insert(at, lines[at])
    elif how == "swap":
        other = what % len(lines)
        lines[at], lines[other] = lines[other], lines[at]
    elif how == "say":
        lines[at] = said_otherwise(lines[at], what)
    else:
        data = b"".join(lines)
        at = where % len(data)
        if how == "flip":
            data = data[:at] + bytes([data[at] ^ 1 << what]) + data[at + 1 :]
        else:
            data = data[:at] + (what + data[at:] if how == "put" else data[at + what :])
        lines = list(io.BytesIO(data))
    return lines


def said_otherwise(line: bytes, what: int) -> bytes:
    """Returns a line in which one value is another, with the hashes of its record as they fit."""
    try:
        raw = json.loads(line)
    except ValueError:
        return line
    places = list(values_of(raw))
    holder, key = places[what % len(places)]
    holder[key] = VALUES[what // len(places) % len(VALUES)]
    record = raw.get("record")
    if isinstance(record, dict) and record.keys() == {"body", "hash", "head", "salt"}:
        try:
            pinch = bytes.fromhex(record["salt"])
            record["head"]["commit"] = sha256(pinch + spelled(record["body"])).hexdigest()
            record["hash"] = sha256(spelled(record["head"])).hexdigest()
        except (TypeError, ValueError):
            pass
    return spelled(raw) + b"\n"


def values_of(value: Any) -> Any:
    """Yields where each value inside ``value`` stands."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from values_of(value[key])


@given(
    st.sampled_from(SAMPLES),
    st.lists(CHANGES, min_size=1, max_size=3),
    st.booleans(),
    st.sampled_from(["", KEY, public_key("mallory")]),
)
def test_whatever_is_done_to_a_capsule_both_say_the_same_of_it(
    sample: Lines, changes: list[tuple[str, int, Any]], seal: bool, key: str
) -> None:
    """Though whoever did it brings all hashes up to date that they can."""
    lines = sample
    for change in changes:
        lines = changed(lines, change) or [b"\n"]
    data = sealed(lines[:-1]) if seal else b"".join(lines)
    known = both(data, key)
    if isinstance(known, tuple) and data != b"".join(sample):
        assert seal, "a line that was changed passes under the end that was there"


@given(st.binary(max_size=300))
def test_garbage_is_refused_by_both(data: bytes) -> None:
    """At its first line, or behind its opening."""
    assert both(data) == "line 1"
    assert both(PART[0] + data) == "line 2"


@pytest.mark.parametrize(
    ("name", "more"), [("newer", {"capsule": 3}), ("richer", {"capsule": 9, "more": 1})]
)
def test_a_newer_format_asks_for_a_newer_verifier(
    put: Callable[[Lines], Path], name: str, more: dict[str, Any]
) -> None:
    """Rather than being called broken."""
    opening = spelled({**json.loads(PART[0]), **more}) + b"\n"
    status, said, _ = ask(put([sealed([opening, *PART[1:-1]])]))

    assert status == 1
    assert said == [
        f"line 1: version {more['capsule']} is newer than this verifier reads; get a newer one"
    ], name


def test_both_know_the_same_format() -> None:
    """Its version, and how large it may be."""
    assert verifier.CAPSULE == capsules.VERSION
    assert verifier.MAX_CAPSULE == capsules.MAX_BYTES
    assert verifier.MAX_LINE == capsules.MAX_LINE


def test_the_app_takes_the_capsule_that_the_verifier_tries_itself_on() -> None:
    """It is one of the app's making."""
    assert both("".join(verifier.KNOWN).encode()) == (4, 1, 1, 1, 2, 0, "")


def test_a_verifier_that_takes_anything_says_so_of_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A test that cannot fail would say nothing."""
    monkeypatch.setattr(verifier, "includes", lambda *_: False)
    assert verifier.main(["--self-test"]) == 1
    assert "the capsule does not hold (line 2: " in capsys.readouterr().out

    monkeypatch.setattr(verifier.Capsule, "_take", lambda *_: None)
    monkeypatch.setattr(verifier.Capsule, "finish", lambda *_: None)
    assert verifier.main(["--self-test"]) == 1
    assert "the capsule holds with a bit of byte 0 flipped" in capsys.readouterr().out


# At the edges.


def test_a_huge_file_is_refused_in_a_sentence_and_in_little_memory(tmp_path: Path) -> None:
    """Neither its size nor a line without an end is read into memory."""
    huge, line = tmp_path / "huge", tmp_path / "line"
    for file, size in ((huge, 10 * 2**30), (line, 2**29)):
        with file.open("wb") as opened:
            opened.write(b'{"about":')
            opened.truncate(size)
    tracemalloc.start()
    for file in (huge, line):
        with pytest.raises(verifier.BadLine, match="line 1: "):
            verifier.read_capsule(file, None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 2_000_000
    assert ask(huge)[1] == [
        "line 1: the file is larger than any capsule, of which none has 1,073,741,824"
    ]


def test_a_capsule_takes_no_other_checkpoint(tmp_path: Path) -> None:
    """It brings its own."""
    status, _, err = ask(CAPSULE, "--checkpoint", tmp_path / "none", "--key", KEY)

    assert status == 2
    assert "a capsule has its own checkpoint; of all options it takes --key" in err


def test_what_a_capsule_says_does_nothing_to_a_terminal(put: Callable[[Lines], Path]) -> None:
    """Whoever wrote it may have meant to hide a line of what is found."""
    opening = json.loads(PART[0])
    opening["about"]["run"] = "\x1b[2J"
    _, said, _ = ask(put([sealed([spelled(opening) + b"\n", *PART[1:-1]])]))

    assert said == ["line 1: it is said to be about run \\x1b[2J, and no record begins that"]
