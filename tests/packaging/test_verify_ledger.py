"""The verifier of one file: it needs nothing of this project, and nothing gets past it."""

from __future__ import annotations

import ast
import base64
import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from converge_core import events as e
from converge_core import people
from converge_core.audit import read_in
from converge_core.canonical import canonical, canonical_record
from converge_core.checkpoint import Checkpoint, SignedCheckpoint, bytes_of, key_id, take, text_of
from converge_core.errors import InvalidValue, LedgerCorrupt
from converge_core.ids import OperatorId
from converge_core.ledger import GENESIS, VERSION, decode
from converge_core.merkle import Frontier, Tree
from converge_core.review import Decision, GateAct
from converge_core.review import bytes_of as bytes_signed
from converge_core.run_state import DeskState
from converge_desktop.adapters.identity.key_file import file_key
from converge_desktop.adapters.keys import OperatorKey, signature_fits
from converge_desktop.adapters.ledger.ledger_file import LedgerFile, read_ledger
from tests.core.golden_story import FOLDER, happened
from tests.core.kit import DESK

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "packaging" / "verify_ledger.py"
GOLDEN = sorted(FOLDER.glob("ledger_v*.jsonl"))
Lines = list[bytes]
Change = Callable[[dict[str, Any]], object]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_ledger", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


verifier = load()


@dataclass
class Answer:
    """What the verifier said."""

    status: int
    out: str
    err: str

    @property
    def last(self) -> str:
        return self.out.splitlines()[-1]


def ask(*arguments: object) -> Answer:
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
    return Answer(done.returncode, done.stdout, done.stderr)


# Ledgers.


class Keys:
    """People whose signatures are real ones."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: dict[str, OperatorKey] = {}
        self._taken: dict[str, str] = {}

    def __getitem__(self, operator: str) -> OperatorKey:
        """Returns the key that somebody has by now."""
        name = operator.partition("#")[0]
        name = self._taken.get(name, name)
        if name not in self._keys:
            self._keys[name] = file_key(self._folder / f"{name}.key", name)
        return self._keys[name]

    def signed(self, event: e.Event) -> e.Event:
        """Returns an event of the golden story as it would be with these keys."""
        replace = msgspec.structs.replace
        match event:
            case e.OperatorEnrolled(operator=one, welcome=welcome):
                key = self[one.id]
                operator = replace(one, public_key=key.operator.public_key)
                if welcome:
                    welcome = replace(welcome, proof=key.sign(people.key_bytes(operator)))
                    told = people.welcome_bytes(DESK, operator, welcome)
                    welcome = replace(welcome, signature=self[welcome.by].sign(told))
                return replace(event, operator=operator, welcome=welcome)
            case e.OperatorKeyRotated(rotation=rotation):
                name, before = rotation.operator.partition("#")[0], self[rotation.operator]
                self._taken[name] = f"{name} again"
                key = self[rotation.operator]
                rotation = replace(rotation, public_key=key.operator.public_key)
                told = people.rotation_bytes(DESK, rotation)
                rotation = replace(rotation, proof=key.sign(told), signature=before.sign(told))
                return replace(event, rotation=rotation)
            case e.OperatorRevoked(revocation=ended):
                told = people.revocation_bytes(DESK, ended)
                ended = replace(ended, signature=self[ended.by].sign(told))
                return replace(event, revocation=ended)
            case e.GateDecided(decision=decision):
                return replace(event, decision=self._sign(decision))
            case e.GateActed(act=act):
                return replace(event, act=self._sign(act))
        return event

    def _sign(self, signed: Decision | GateAct) -> Decision | GateAct:
        signature = self[signed.operator].sign(bytes_signed(signed))
        return msgspec.structs.replace(signed, signature=signature)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> Path:
    """A data directory in which everything happened once, written by the app in many segments."""
    folder = tmp_path_factory.mktemp("desk")
    with closing(LedgerFile(folder / "ledger", segment_bytes=8000)) as ledger:
        for events, at in happened():
            ledger.append([keys.signed(event) for event in events], at)
    return folder


@pytest.fixture(scope="session")
def lines(desk: Path) -> Lines:
    segments = sorted((desk / "ledger").glob("*.jsonl"))
    return [line for one in segments for line in one.read_bytes().splitlines(keepends=True)]


@pytest.fixture
def put(tmp_path: Path) -> Callable[[Lines], Path]:
    """Writes lines as a ledger of one segment."""

    def put(lines: Lines) -> Path:
        folder = tmp_path / "ledger"
        folder.mkdir(exist_ok=True)
        (folder / "000000000000.jsonl").write_bytes(b"".join(lines))
        return folder

    return put


def spelled(value: object) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode(errors="surrogatepass")


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sealed(lines: Lines, change: Change, *places: int, spell: Any = spelled) -> Lines:
    """Returns a ledger in which records are changed, and all hashes are brought up to date."""
    before, found = GENESIS, []
    for place, line in enumerate(lines):
        record = json.loads(line)
        head = record["head"]
        head["prev"] = before
        if place in places:
            change(record)
        if "body" in record and place in places:
            head["commit"] = sha(bytes.fromhex(record["salt"]) + spell(record["body"]))
        before = record["hash"] = sha(spell(head))
        found.append(spell(record) + b"\n")
    return found


def of_kind(lines: Lines, kind: str) -> int:
    """Returns the place of the first record of a kind."""
    return next(i for i, line in enumerate(lines) if json.loads(line)["head"]["kind"] == kind)


def hashes(lines: Lines) -> list[bytes]:
    return [bytes.fromhex(json.loads(line)["hash"]) for line in lines]


def fails(answer: Answer, seq: int, reason: str) -> None:
    assert (1, "") == (answer.status, answer.err)
    assert answer.last.startswith(f"record {seq}: ")
    assert reason in answer.last


# What holds.


@pytest.mark.parametrize("ledger", GOLDEN, ids=lambda path: path.stem)
def test_a_ledger_of_any_version_holds(ledger: Path) -> None:
    """Records, head and root are those that the project comes to."""
    known = list(decode(ledger.read_bytes().splitlines(keepends=True)))
    root = Tree(bytes.fromhex(entry.hash) for entry in known).root()
    answer = ask(ledger, "--skip-signatures")

    assert [
        f"records: {len(known)}",
        "desk: 00c0ffee",
        f"head: {known[-1].hash}",
        f"root: {root.hex()} ({base64.b64encode(root).decode()})",
        "signatures: not checked, as asked",
        *["checkpoints: 1 in the ledger"] * (known[-1].head.kind == e.CheckpointSigned.kind),
        "verified: all of this holds",
    ] == answer.out.splitlines()
    assert (0, "") == (answer.status, answer.err)


@pytest.mark.parametrize("ledger", GOLDEN, ids=lambda path: path.stem)
def test_what_is_signed_is_taken_from_the_record_alone(ledger: Path) -> None:
    """The signatures there are stand-ins, so the first one is refused; what they cover is known."""
    found = 0
    for line in ledger.read_bytes().splitlines():
        record = json.loads(line)
        kind, body = record["head"]["kind"], record["body"]
        if kind not in verifier.SIGNED:
            continue
        what = verifier.SIGNED[kind]
        event = e.read_event(kind, body)
        signed = event.decision if isinstance(event, e.GateDecided) else event.act  # type: ignore[attr-defined]
        found += 1
        assert bytes_signed(signed) == verifier.signed_bytes(what, body[what])
    assert found
    answer = ask(ledger)
    lines = ledger.read_bytes().splitlines()
    if any(b'"welcome":' in line for line in lines):
        fails(answer, of_kind(lines, "operator_enrolled") + 1, "is not shown to be theirs")
    else:
        fails(answer, of_kind(lines, "gate_decided"), "the signature is not")


def test_a_ledger_that_the_app_wrote_holds(desk: Path, lines: Lines) -> None:
    """In many segments, with every kind of event, and people who decided and acted."""
    state = DeskState()
    for entry in read_ledger(desk / "ledger"):
        state = read_in(state, entry, signature_fits)
    signed = len(signed_by(lines))
    answer = ask(desk)

    assert len(list((desk / "ledger").glob("*.jsonl"))) > 5
    assert f"records: {len(lines)}\n" in answer.out
    assert f"head: {json.loads(lines[-1])['hash']}\n" in answer.out
    assert f"root: {Tree(hashes(lines)).root().hex()} " in answer.out
    assert f"signatures: {signed} hold\n" in answer.out
    assert signed > 10
    assert (0, "verified: all of this holds", "") == (answer.status, answer.last, answer.err)
    assert answer == ask(desk / "ledger")


def test_a_ledger_may_be_one_file(put: Callable[[Lines], Path], lines: Lines) -> None:
    """As a copy that somebody was given."""
    place = put(lines)

    assert ask(place) == ask(place / "000000000000.jsonl")


def test_what_a_ledger_says_does_nothing_to_a_terminal(
    put: Callable[[Lines], Path], lines: Lines
) -> None:
    """Whoever wrote it may have meant to hide a line of what is found; letters stay letters."""
    name = "\x1b[2Jdesk\u202e\n日本"
    answer = ask(put(sealed(lines[:1], lambda r: r["body"].update(desk=name), 0)))

    assert answer.status == 0
    assert "desk: \\x1b[2Jdesk\\u202e\\n日本\n" in answer.out


def test_an_empty_ledger_holds(put: Callable[[Lines], Path]) -> None:
    """There is a file, and nothing in it yet."""
    answer = ask(put([]))

    assert (0, "") == (answer.status, answer.err)
    assert "records: 0\ndesk: not told\n" in answer.out
    assert f"root: {sha(b'')} " in answer.out


def test_it_stands_on_the_standard_library_alone(tmp_path: Path, desk: Path) -> None:
    """Copied somewhere else, without a project or a package beside it."""
    tree = ast.parse(SCRIPT.read_text("utf-8"))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    alone = shutil.copy(SCRIPT, tmp_path)
    done = subprocess.run(
        [sys.executable, "-I", "-S", alone, desk], capture_output=True, check=False, cwd=tmp_path
    )

    assert set() == imported - sys.stdlib_module_names
    assert (0, b"") == (done.returncode, done.stderr)


# What does not.

FLIPS = """
import contextlib, importlib.util, io, pathlib, sys

script, place = sys.argv[1:]
spec = importlib.util.spec_from_file_location("verify_ledger", script)
verifier = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verifier)
place = pathlib.Path(place)
data = place.read_bytes()
for position in range(len(data)):
    flipped = bytearray(data)
    flipped[position] ^= 1 << position % 8
    place.write_bytes(flipped)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        status = verifier.main([str(place)])
    lines = out.getvalue().splitlines()
    told = [line for line in lines if line.startswith(("record ", "unfinished"))]
    print(status, *told, sep="|")
"""


def signed_by(lines: Lines) -> list[str]:
    """Returns who signed each record that somebody signed."""
    found = []
    for body in (json.loads(line)["body"] for line in lines):
        signed = [
            body[what] for what in ("decision", "act", "rotation", "revocation") if what in body
        ]
        found += [one.get("by", one["operator"]) for one in signed]
        found += [body["welcome"]["by"]] if "welcome" in body else []
    return found


def small(lines: Lines) -> Lines:
    """Returns a ledger of three records, the last of them signed by whom the second enrols."""
    enrolled = lines[of_kind(lines, "operator_enrolled")]
    first = json.loads(enrolled)["body"]["operator"]["id"]
    decided = next(
        record
        for record in map(json.loads, lines)
        if record["body"].get("decision", {}).get("operator") == first
    )

    def number(record: dict[str, Any]) -> None:
        record["head"].update(seq=next(numbers), close=True)

    numbers = iter(range(3))
    return sealed([lines[0], enrolled, spelled(decided)], number, 0, 1, 2)


def test_a_flipped_bit_at_any_byte_is_refused_where_it_is(
    put: Callable[[Lines], Path], lines: Lines
) -> None:
    """No byte counts for nothing. The last is a line end, without which a batch is not closed."""
    ledger = small(lines)
    place = put(ledger) / "000000000000.jsonl"
    whole = ask(place)
    assert (0, True) == (whole.status, "signatures: 1 hold" in whole.out)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", FLIPS, SCRIPT, place],
        capture_output=True,
        text=True,
        check=True,
    )
    told = done.stdout.splitlines()
    belongs = [seq for seq, line in enumerate(ledger) for _ in line]

    assert len(told) == len(belongs) > 1500
    for seq, line in zip(belongs[:-1], told[:-1], strict=True):
        assert line.startswith(f"1|record {seq}: ")
    assert told[-1].startswith(f"0|unfinished: the last {len(ledger[-1]):,} bytes")


def test_a_dropped_record_is_refused(put: Callable[[Lines], Path], lines: Lines) -> None:
    """The one that follows does not belong there."""
    for place in range(0, len(lines) - 1, 23):
        rest = [*lines[:place], *lines[place + 1 :]]
        fails(ask(put(rest)), place, f"record {place + 1} stands where record {place} belongs")


def test_a_doubled_record_is_refused(put: Callable[[Lines], Path], lines: Lines) -> None:
    """None counts twice."""
    for place in range(0, len(lines), 23):
        twice = [*lines[: place + 1], *lines[place:]]
        fails(ask(put(twice)), place + 1, f"record {place} stands where")


def test_swapped_records_are_refused(put: Callable[[Lines], Path], lines: Lines) -> None:
    """Order is part of what was recorded."""
    for place in range(0, len(lines) - 1, 23):
        swapped = [*lines]
        swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
        fails(ask(put(swapped)), place, f"record {place + 1} stands where")


def test_a_record_of_another_ledger_is_refused(put: Callable[[Lines], Path], lines: Lines) -> None:
    """It has its number and its own hash, and follows something else."""
    other = sealed(lines, lambda record: record["head"].update(at=1), 3)

    fails(ask(put([*lines[:5], *other[5:]])), 5, "does not follow the one before it")


@pytest.mark.parametrize("cut", [1, 100, -1])
def test_a_torn_tail_is_told_and_not_counted(
    put: Callable[[Lines], Path], lines: Lines, cut: int
) -> None:
    """Whatever a crash left of a batch: the records before it hold."""
    torn = [*lines[:-1], lines[-1][:cut]]
    start = max(i for i, line in enumerate(lines[:-1]) if json.loads(line)["head"]["close"]) + 1
    left = sum(map(len, torn[start:]))
    answer = ask(put(torn))

    assert (0, "") == (answer.status, answer.err)
    assert f"records: {start}\n" in answer.out
    assert f"head: {json.loads(lines[start - 1])['hash']}\n" in answer.out
    assert f"root: {Tree(hashes(lines[:start])).root().hex()} " in answer.out
    assert f"unfinished: the last {left} bytes are a batch that was never closed" in answer.out


def test_a_batch_without_its_end_is_told_and_not_counted(
    put: Callable[[Lines], Path], lines: Lines
) -> None:
    """Whole records count for nothing until their batch is closed; nor do their signatures."""
    closes = [json.loads(line)["head"]["close"] for line in lines]
    place = max(i for i, closed in enumerate(closes) if not closed)
    start = max(i for i in range(place) if closes[i]) + 1
    answer = ask(put(lines[: place + 1]))

    assert answer.status == 0
    assert f"records: {start}\n" in answer.out
    assert f"the last {sum(map(len, lines[start : place + 1])):,} bytes" in answer.out


def test_a_segment_that_ends_inside_a_batch_is_refused(tmp_path: Path, lines: Lines) -> None:
    """Only the last one may."""
    closes = [json.loads(line)["head"]["close"] for line in lines]
    place = closes.index(False) + 1
    (tmp_path / "0.jsonl").write_bytes(b"".join(lines[:place]))
    (tmp_path / "1.jsonl").write_bytes(b"".join(lines[place:]))
    fails(ask(tmp_path), place, "0.jsonl ends inside a batch")

    (tmp_path / "0.jsonl").write_bytes(b"".join(lines[:1])[:-1])
    fails(ask(tmp_path), 0, "0.jsonl ends inside a batch")


def test_a_missing_segment_is_refused(tmp_path: Path, desk: Path) -> None:
    """The first record after the gap does not belong there."""
    copy = shutil.copytree(desk / "ledger", tmp_path / "copy")
    second = sorted(copy.iterdir())[1]
    second.unlink()

    fails(ask(copy), int(second.stem), "stands where record")


# Redacted.


def redact(record: dict[str, Any]) -> None:
    del record["body"], record["salt"]


def redacted(lines: Lines, places: set[int]) -> Lines:
    found = []
    for place, line in enumerate(lines):
        record = json.loads(line)
        if place in places:
            redact(record)
        found.append(spelled(record) + b"\n")
    return found


def test_a_redacted_copy_holds(put: Callable[[Lines], Path], lines: Lines) -> None:
    """Head and root are those of the whole; what is left is still checked."""
    hidden = {
        i for i, line in enumerate(lines) if json.loads(line)["head"]["kind"] not in LOOKED_INTO
    }
    whole, answer = ask(put(lines)), ask(put(redacted(lines, hidden)))
    assert len(hidden) > 50
    assert f"records: {len(lines)}, of which {len(hidden)} redacted" in answer.out
    assert whole.out.splitlines()[1:] == answer.out.splitlines()[1:]
    assert answer.status == 0


LOOKED_INTO = {"desk_opened", *verifier.PEOPLE, *verifier.SIGNED}


def test_signatures_of_people_who_were_left_out_are_not_said_to_hold(
    put: Callable[[Lines], Path], lines: Lines
) -> None:
    """Their keys are gone, so nobody can tell; and that is told."""
    kinds = [json.loads(line)["head"]["kind"] for line in lines]
    enrolled = {i for i, kind in enumerate(kinds) if kind in verifier.PEOPLE}
    signed = sum(kind in verifier.SIGNED for kind in kinds)
    answer = ask(put(redacted(lines, enrolled)))

    assert answer.status == 0
    assert f"signatures: 0 hold, {signed} not checked, because records that enrol" in answer.out


def test_a_ledger_with_every_body_left_out_still_holds(
    put: Callable[[Lines], Path], lines: Lines
) -> None:
    """Its heads hang together, and come to the same root."""
    answer = ask(put(redacted(lines, set(range(len(lines))))))

    assert answer.status == 0
    assert "desk: not told\n" in answer.out
    assert f"root: {Tree(hashes(lines)).root().hex()} " in answer.out


@pytest.mark.parametrize("field", ["kind", "at", "close", "run", "commit"])
def test_what_is_left_of_a_redacted_record_cannot_be_altered(
    put: Callable[[Lines], Path], lines: Lines, field: str
) -> None:
    """It is covered by its hash."""
    copy = redacted(lines, {4})
    record = json.loads(copy[4])
    other = {"kind": "x", "at": 1, "close": not record["head"]["close"], "run": "x"}
    record["head"][field] = other.get(field, "0" * 64)

    fails(ask(put([*copy[:4], spelled(record) + b"\n", *copy[5:]])), 4, "recorded hash")


# Forged: whoever can write to the files brings every hash up to date.


def test_a_forged_answer_is_refused(put: Callable[[Lines], Path], lines: Lines) -> None:
    """Another verdict under the same signature."""
    place = of_kind(lines, "gate_decided")
    forged = sealed(lines, lambda r: r["body"]["decision"].update(verdict="approve"), place)

    fails(ask(put(forged)), place, "the signature is not that of bob")
    assert ask(put(forged), "--skip-signatures").status == 0


def test_a_forged_act_is_refused(put: Callable[[Lines], Path], lines: Lines) -> None:
    """Another reason under the same signature."""
    place = of_kind(lines, "gate_acted")
    forged = sealed(lines, lambda r: r["body"]["act"].update(reason="so"), place)

    fails(ask(put(forged)), place, "the signature is not that of")


@pytest.mark.parametrize("signature", ["", "zz", "0" * 128, "f" * 128, "0" * 126])
def test_what_is_no_signature_is_refused(
    put: Callable[[Lines], Path], lines: Lines, signature: str
) -> None:
    """Or one of nothing."""
    place = of_kind(lines, "gate_decided")
    forged = sealed(lines, lambda r: r["body"]["decision"].update(signature=signature), place)

    fails(ask(put(forged)), place, "the signature is not that of bob")


def test_the_answer_of_somebody_else_is_refused(put: Callable[[Lines], Path], lines: Lines) -> None:
    """Signed by one enrolled person, in the name of another."""
    place = of_kind(lines, "gate_decided")
    alice = json.loads(lines[1])["body"]["operator"]["id"]
    forged = sealed(lines, lambda r: r["body"]["decision"].update(operator=alice), place)

    fails(ask(put(forged)), place, "the signature is not that of alice")


def test_the_answer_of_somebody_who_was_never_enrolled_is_refused(
    put: Callable[[Lines], Path], lines: Lines
) -> None:
    """Nobody knows their key."""
    place = of_kind(lines, "gate_decided")
    forged = sealed(lines, lambda r: r["body"]["decision"].update(operator="mallory#1"), place)

    fails(ask(put(forged)), place, "mallory#1 was never enrolled")


def test_a_key_cannot_be_exchanged(put: Callable[[Lines], Path], lines: Lines) -> None:
    """Neither where somebody was enrolled, for what they signed, nor by enrolling them again."""
    mine = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    forged = sealed(lines, lambda r: r["body"]["operator"].update(public_key=mine), 2)
    fails(ask(put(forged)), 2, "the key of bob#81b637d8 is not shown to be theirs")
    forged = sealed(lines, lambda r: r["body"]["operator"].update(public_key=mine), 1)
    fails(ask(put(forged)), 2, "the signature is not that of alice#2bd806c9")

    again = sealed(
        lines[:2] + lines[1:2],
        lambda r: (r["head"].update(seq=2), r["body"]["operator"].update(public_key=mine)),
        2,
    )
    closed = sealed(again, lambda r: r["head"].update(close=True), 2)
    fails(ask(put(closed)), 2, "alice#2bd806c9 was enrolled before, with another key")


BODIES: dict[str, tuple[str, Change]] = {
    "no decision": ("gate_decided", lambda r: r["body"].pop("decision")),
    "a decision that is text": ("gate_decided", lambda r: r["body"].update(decision="yes")),
    "a signature that is a number": (
        "gate_decided",
        lambda r: r["body"]["decision"].update(signature=7),
    ),
    "an operator that is a list": (
        "gate_decided",
        lambda r: r["body"]["decision"].update(operator=[]),
    ),
    "nobody enrolled": ("operator_enrolled", lambda r: r["body"].pop("operator")),
    "a key that is a number": (
        "operator_enrolled",
        lambda r: [r["body"]["operator"].update(public_key=7)],
    ),
    "no desk": ("desk_opened", lambda r: r["body"].pop("desk")),
    "a body that is a list": ("desk_opened", lambda r: r.update(body=[])),
}


@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_is_none_is_refused(
    put: Callable[[Lines], Path], lines: Lines, what: str
) -> None:
    """In a sentence with its number, and no traceback."""
    kind, change = BODIES[what]
    place = of_kind(lines, kind)
    answer = ask(put(sealed(lines, change, place)))

    assert (1, "") == (answer.status, answer.err)
    assert answer.last.startswith("record ")
    if what != "a key that is a number":
        fails(answer, place, "the body cannot be read")


# One spelling, and one meaning of it.

SPELLINGS: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda line: b"\n",
    "an object": lambda line: b"{}\n",
    "a list": lambda line: b"[]\n",
    "bytes": lambda line: b"\xff\xfe\n",
    "a tower": lambda line: b"[" * 100_000 + b"\n",
    "a line more": lambda line: line + b"\n",
    "a blank before": lambda line: b" " + line,
    "a blank behind": lambda line: line[:-1] + b" \n",
    "a carriage return": lambda line: line[:-1] + b"\r\n",
    "a byte order mark": lambda line: b"\xef\xbb\xbf" + line,
    "a float": lambda line: line.replace(b'"seq":0', b'"seq":0.0'),
    "an exponent": lambda line: line.replace(b'"seq":0', b'"seq":0e0'),
    "minus nought": lambda line: line.replace(b'"seq":0', b'"seq":-0'),
    "not a number": lambda line: line.replace(b'"seq":0', b'"seq":NaN'),
    "an escape": lambda line: line.replace(b'"app_version"', b'"\\u0061pp_version"'),
    "a key twice": lambda line: line.replace(b'{"body"', b'{"body":{},"body"'),
    "keys in another order": lambda line: (
        json.dumps(dict(reversed(json.loads(line).items())), separators=(",", ":")).encode() + b"\n"
    ),
    "a part more": lambda line: line.replace(b'{"body"', b'{"a":1,"body"'),
    "a part less": lambda line: line[: line.index(b',"salt"')] + b"}\n",
    "a salt in capitals": lambda line: line[:-36] + line[-36:].upper(),
    "a short salt": lambda line: line[:-5] + line[-3:],
    "a salt that is null": lambda line: line[: line.index(b'"salt"')] + b'"salt":null}\n',
    "a hash in capitals": lambda line: line.replace(
        json.loads(line)["hash"].encode(), json.loads(line)["hash"].upper().encode()
    ),
    "a hash that is null": lambda line: line.replace(
        b'"%b"' % json.loads(line)["hash"].encode(), b"null"
    ),
}


@pytest.mark.parametrize("what", SPELLINGS)
def test_another_spelling_of_a_record_is_no_record(
    put: Callable[[Lines], Path], lines: Lines, what: str
) -> None:
    """The app refuses it too."""
    line = SPELLINGS[what](lines[0])
    assert line != lines[0]
    answer = ask(put([line, *lines[1:]]))

    assert (1, "") == (answer.status, answer.err)
    assert answer.last.startswith(f"record {1 if what == 'a line more' else 0}: ")
    with pytest.raises(LedgerCorrupt):
        list(decode(b"".join([line, *lines[1:3]]).splitlines(keepends=True)))


RESPELLED: dict[str, tuple[bytes, bytes, bytes, bytes]] = {
    "a blank in the body": (b'{"a', b'{ "a', b"", b""),
    "keys of the body in another order": (
        b'{"app_version":"0.1.0","desk":"00c0ffee"}',
        b'{"desk":"00c0ffee","app_version":"0.1.0"}',
        b"",
        b"",
    ),
    "a key of the body twice": (b'{"app_version"', b'{"app_version":"x","app_version"', b"", b""),
    "an escape in the body": (b"ffee", b"ff\\u0065e", b"", b""),
    "a blank in the head": (b"", b"", b'{"at"', b'{ "at"'),
    "a key of the head twice": (b"", b"", b'"v":', b'"v":9,"v":'),
    "a number of the head spelled otherwise": (b"", b"", b'"seq":0', b'"seq":-0'),
}


@pytest.mark.parametrize("what", RESPELLED)
def test_another_spelling_is_no_record_though_all_hashes_fit_it(
    put: Callable[[Lines], Path], lines: Lines, what: str
) -> None:
    """Readers that go by different occurrences of a key would see different things."""
    record = json.loads(lines[0])
    old, new, old_head, new_head = RESPELLED[what]
    body = spelled(record["body"]).replace(old, new, 1)
    record["head"]["commit"] = sha(bytes.fromhex(record["salt"]) + body)
    head = spelled(record["head"]).replace(old_head, new_head, 1)
    line = b'{"body":%b,"hash":"%b","head":%b,"salt":"%b"}\n' % (
        *(body, sha(head).encode(), head, record["salt"].encode()),
    )
    assert json.loads(line)["body"] == record["body"]

    fails(ask(put([line])), 0, "the line is not in canonical form")
    with pytest.raises(LedgerCorrupt, match="canonical form"):
        list(decode([line]))


def nest(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"in": value}
    return value


VALUES: dict[str, Any] = {
    "2^53": 2**53,
    "-2^53": -(2**53),
    "2^53 in a list": [2**53],
    "the largest": 2**53 - 1,
    "the smallest": 1 - 2**53,
    "a long one": 10**40,
    "one too long to be read": 10**5000 if sys.version_info < (3, 11) else 10**4299,
    "digits in a text": f":{2**60},[{2**60}",
    "a text of another script": "Grüße, 日本 😀 \u2028\x7f",
    "control characters": "".join(map(chr, range(32))) + '"\\/',
    "a key of another script": {"größe": 1},
    "half a surrogate pair": "\ud83d",
    "as deep as may be": nest(126),
    "deeper than may be": nest(127),
    "many brackets": [[]] * 500,
    "brackets in a text": "[{" * 500,
}


@pytest.mark.parametrize("what", VALUES)
def test_what_can_be_recorded_is_what_the_app_takes(
    put: Callable[[Lines], Path], lines: Lines, what: str
) -> None:
    """No number that others read otherwise, no key that sorts otherwise, and nothing else less."""
    ledger = sealed(lines[:3], lambda r: r["body"].update(app_version=VALUES[what]), 0)
    answer = ask(put(ledger))
    try:
        list(decode(ledger))
        known = ""
    except LedgerCorrupt as error:
        known = error.reason
    takes = not known.startswith("the line is")

    assert takes is (answer.status == 0), (known, answer.out)
    if not takes:
        fails(answer, 0, "the line is not")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([2**53, 2**53 - 1]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_every_value_has_the_spelling_it_has_in_the_app(value: Any) -> None:
    """Or none there either."""
    try:
        known = canonical(value)
    except InvalidValue:
        assert verifier.why_outside(value)
    else:
        assert verifier.why_outside(value) == ""
        assert known == verifier.spelled(value)


HEADS: dict[str, tuple[Change, str]] = {
    "a newer version": (
        lambda r: r["head"].update(v=VERSION + 1),
        f"version {VERSION + 1} is newer than this verifier reads; get a newer one",
    ),
    "a richer newer version": (lambda r: r["head"].update(v=99, more=1), "version 99 is newer"),
    "a version before the first": (lambda r: r["head"].update(v=0), "there is no version 0"),
    "no version": (lambda r: r["head"].pop("v"), "the head is malformed"),
    "a version in words": (lambda r: r["head"].update(v="1"), "the head is malformed"),
    "a version that is true": (lambda r: r["head"].update(v=True), "the head is malformed"),
    "a head that is a list": (lambda r: r.update(head=[1]), "the head is malformed"),
    "a field more": (lambda r: r["head"].update(more=1), "the head is malformed"),
    "an end in words": (lambda r: r["head"].update(close="yes"), "the head is malformed"),
    "another number": (lambda r: r["head"].update(seq=7), "record 7 stands where record 0"),
    "another one before": (lambda r: r["head"].update(prev="1" * 64), "does not follow"),
    "another run": (lambda r: r["head"].update(run="x"), "another run than the head"),
    "a run in the body": (lambda r: r["body"].update(run="x"), "another run than the head"),
}


@pytest.mark.parametrize("what", HEADS)
def test_a_sound_hash_over_nonsense_is_refused_in_words(
    put: Callable[[Lines], Path], lines: Lines, what: str
) -> None:
    """Whatever hangs together has to be a record besides."""
    change, reason = HEADS[what]
    record = json.loads(lines[0])
    change(record)
    if isinstance(record["head"], dict):
        record["head"]["commit"] = sha(bytes.fromhex(record["salt"]) + spelled(record["body"]))
    record["hash"] = sha(spelled(record["head"]))

    fails(ask(put([spelled(record) + b"\n"])), 0, reason)


@pytest.mark.parametrize("part", ["body", "salt"])
def test_a_body_that_is_not_the_one_committed_to_is_refused(
    put: Callable[[Lines], Path], lines: Lines, part: str
) -> None:
    """Another body, or the same with another salt."""
    record = json.loads(lines[0])
    record[part] = {"desk": "other", "app_version": ""} if part == "body" else "0" * 32

    fails(ask(put([spelled(record) + b"\n"])), 0, "not the one the record commits to")


def test_it_reads_every_version_that_the_app_does() -> None:
    """A format that the app learns is one that it has to learn."""
    assert VERSION == verifier.VERSION


# Checkpoints.


@pytest.fixture(scope="session")
def alice(keys: Keys) -> OperatorKey:
    return keys["alice"]


def checkpoint_of(lines: Lines, size: int, desk: str = "00c0ffee") -> Checkpoint:
    leaves = hashes(lines)[:size]
    return take(desk, Frontier().extend(leaves), leaves[-1].hex(), 10**15)


def sign(checkpoint: Checkpoint, key: OperatorKey, operator: str = "") -> SignedCheckpoint:
    name = OperatorId(operator or key.operator.id)
    return SignedCheckpoint(
        checkpoint=checkpoint,
        operator=name,
        key=key_id(name, key.operator.public_key),
        signature=key.sign(bytes_of(checkpoint)),
    )


@pytest.fixture
def kept(tmp_path: Path, alice: OperatorKey) -> Callable[..., tuple[object, ...]]:
    """Keeps a checkpoint outside and returns how the verifier is asked about it."""

    def keep(checkpoint: Checkpoint, operator: str = "") -> tuple[object, ...]:
        file = tmp_path / "kept.txt"
        file.write_text(text_of(sign(checkpoint, alice, operator)), "utf-8")
        return ("--checkpoint", file, "--key", alice.operator.public_key)

    return keep


@pytest.mark.parametrize("size", [1, 2, 7, 64, 100, -1])
def test_a_ledger_holds_against_a_checkpoint_of_it(
    desk: Path, lines: Lines, kept: Callable[..., Any], size: int
) -> None:
    """As it was when it was taken, at the end of a batch or within, and grown since."""
    size = size if size > 0 else len(lines)
    answer = ask(desk, *kept(checkpoint_of(lines, size)))

    assert (0, "") == (answer.status, answer.err)
    assert (
        f"checkpoint: holds for records 0 to {size - 1}, as of 2001-09-09 01:46:40 UTC"
        in answer.out.splitlines()
    )


def test_the_key_may_be_given_in_base64(desk: Path, lines: Lines, kept: Callable[..., Any]) -> None:
    """As others write keys; and names may hold blanks."""
    *most, key = kept(checkpoint_of(lines, 9), "Ada Lovelace+ü#1")

    assert ask(desk, *most, base64.b64encode(bytes.fromhex(key)).decode()).status == 0
    assert ask(desk, *most, key.upper()).status == 0


def test_a_ledger_that_was_shortened_is_found_out(
    put: Callable[[Lines], Path], lines: Lines, kept: Callable[..., Any]
) -> None:
    """It hangs together, and less of it is there than was signed."""
    short = put(lines[:-1] if json.loads(lines[-2])["head"]["close"] else lines[:1])
    held = kept(checkpoint_of(lines, len(lines)))
    size = len(hashes(lines[:-1])) if json.loads(lines[-2])["head"]["close"] else 1
    answer = ask(short, *held)

    assert ask(short).status == 0
    assert (1, "") == (answer.status, answer.err)
    assert (
        "checkpoint: the ledger was replaced or shortened: the checkpoint covers records 0 to "
        f"{len(lines) - 1}, and the ledger ends at record {size - 1}"
    ) == answer.last


def test_a_batch_that_is_not_closed_is_not_there(
    put: Callable[[Lines], Path], lines: Lines, kept: Callable[..., Any]
) -> None:
    """A checkpoint of records that count no longer is not met by what is left of them."""
    closes = [json.loads(line)["head"]["close"] for line in lines]
    place = closes.index(False)
    answer = ask(put(lines[: place + 1]), *kept(checkpoint_of(lines, place + 1)))

    assert answer.status == 1
    assert f"and the ledger ends at record {place - 1}" in answer.last


def test_a_ledger_that_was_replaced_whole_is_found_out_by_what_was_kept_outside(
    tmp_path: Path, lines: Lines, kept: Callable[..., Any]
) -> None:
    """Other answers, other keys, every hash and signature in order: only the checkpoint tells."""
    mine = Keys(tmp_path / "mine")
    forged = tmp_path / "forged"
    with closing(LedgerFile(forged)) as ledger:
        for events, at in happened():
            ledger.append([mine.signed(event) for event in events], at)
    answer = ask(forged, *kept(checkpoint_of(lines, 40)))

    assert ask(forged).status == 0
    assert answer.status == 1
    assert (
        "checkpoint: the ledger was replaced or shortened: records 0 to 39 are not those that the "
        "checkpoint covers"
    ) == answer.last


def test_a_checkpoint_whose_head_is_another_is_refused(
    desk: Path, lines: Lines, kept: Callable[..., Any]
) -> None:
    """It contradicts itself."""
    false = msgspec.structs.replace(checkpoint_of(lines, 9), head="0" * 64)

    assert "records 0 to 8 are not those" in ask(desk, *kept(false)).last


def test_the_checkpoint_of_another_desk_is_refused(
    desk: Path, lines: Lines, kept: Callable[..., Any]
) -> None:
    """Two desks whose ledgers were swapped."""
    answer = ask(desk, *kept(checkpoint_of(lines, 9, "other")))

    assert answer.status == 1
    assert "checkpoint: the checkpoint is of desk other, and this is the ledger of 00c0ffee" == (
        answer.last
    )


def test_a_redacted_ledger_is_held_against_a_checkpoint_too(
    put: Callable[[Lines], Path], lines: Lines, kept: Callable[..., Any]
) -> None:
    """The root does not hang on bodies."""
    place = put(redacted(lines, set(range(len(lines)))))

    assert ask(place, *kept(checkpoint_of(lines, 9))).status == 0
    assert ask(place, *kept(checkpoint_of(lines[1:], 9))).status == 1


def test_a_checkpoint_that_another_key_signed_is_refused(
    desk: Path, lines: Lines, kept: Callable[..., Any], keys: Keys
) -> None:
    """Whoever replaced the ledger can sign too, with another key."""
    *most, _ = kept(checkpoint_of(lines, 9))
    answer = ask(desk, *most, keys["bob"].operator.public_key)

    assert (1, "") == (answer.status, answer.err)
    assert "is signed by alice" in answer.last
    assert "with another key" in answer.last


def test_a_changed_checkpoint_is_refused(
    desk: Path, lines: Lines, kept: Callable[..., Any]
) -> None:
    """Its size, say."""
    held = kept(checkpoint_of(lines, 9))
    text = held[1].read_text("utf-8")
    held[1].write_text(text.replace("\n9\n", "\n8\n"), "utf-8")
    answer = ask(desk, *held)

    assert answer.status == 1
    assert "the signature of the checkpoint is not that of alice" in answer.last


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: "roses are red",
        lambda text: text[:-1],
        lambda text: text + "\n",
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n9\n", "\n09\n"),
        lambda text: text.replace("— ", "- "),
        lambda text: text.replace("— a", "— %61"),
        lambda text: text.replace("00c0ffee", "%30"),
        lambda text: text[:-5] + "\n",
        lambda text: text[:-9] + "\n",
        lambda text: text.replace(text.splitlines()[2], "AAAA"),
        lambda text: text.replace(text.splitlines()[2], "????"),
    ],
)
def test_what_is_no_checkpoint_is_refused_in_words(
    desk: Path, lines: Lines, kept: Callable[..., Any], change: Callable[[str], str]
) -> None:
    """It cannot be looked at, which says nothing about the ledger."""
    held = kept(checkpoint_of(lines, 9))
    held[1].write_bytes(change(held[1].read_text("utf-8")).encode())
    answer = ask(desk, *held)

    assert (2, "") == (answer.status, answer.out)
    assert answer.err.startswith("the checkpoint is ")


def with_checkpoint(lines: Lines, key: OperatorKey, **change: Any) -> Lines:
    """Returns a ledger whose last record is a checkpoint of those before it."""
    said = msgspec.structs.replace(checkpoint_of(lines, len(lines)), **change)
    body = {"signed": json.loads(canonical_record(sign(said, key, "alice#2bd806c9")))}
    head = {
        **json.loads(lines[-1])["head"],
        "kind": "checkpoint_signed",
        "run": "",
        "seq": len(lines),
        "close": True,
    }
    record = {"head": head, "body": body, "salt": "ab" * 16, "hash": ""}
    return sealed([*lines, spelled(record)], lambda _: None, len(lines))


def test_a_checkpoint_in_the_ledger_holds(
    put: Callable[[Lines], Path], lines: Lines, alice: OperatorKey
) -> None:
    """It covers every record before it, and an enrolled person signed it."""
    ledger = with_checkpoint(lines, alice)
    answer = ask(put(with_checkpoint(ledger, alice)))

    assert (0, "") == (answer.status, answer.err)
    assert "checkpoints: 2 in the ledger\n" in answer.out


@pytest.mark.parametrize(
    "change", [{"desk": "x"}, {"size": 3}, {"root": "0" * 64}, {"head": "0" * 64}]
)
def test_a_checkpoint_in_the_ledger_of_anything_else_is_refused(
    put: Callable[[Lines], Path], lines: Lines, alice: OperatorKey, change: dict[str, Any]
) -> None:
    """Signed or not."""
    ledger = with_checkpoint(lines, alice, **change)

    fails(ask(put(ledger)), len(lines), "of other records than stand before it")


def test_a_checkpoint_in_the_ledger_that_nobody_signed_is_refused(
    put: Callable[[Lines], Path], lines: Lines, keys: Keys, alice: OperatorKey
) -> None:
    """Or somebody else did."""
    fails(ask(put(with_checkpoint(lines, keys["bob"]))), len(lines), "with another key")

    ledger = with_checkpoint(lines, alice)
    forged = sealed(
        ledger, lambda r: r["body"]["signed"]["checkpoint"].update(at=1), len(ledger) - 1
    )
    fails(ask(put(forged)), len(lines), "is not that of alice")

    true = sealed(
        ledger, lambda r: r["body"]["signed"]["checkpoint"].update(at=True), len(ledger) - 1
    )
    fails(ask(put(true)), len(lines), "of other records than stand before it")


# Whoever asks wrongly.


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("/nowhere/at/all",),
        ("/", "--checkpoint", "x"),
        ("/", "--key", "x"),
        (GOLDEN[0], "--checkpoint", "/nowhere", "--key", "0" * 64),
        (GOLDEN[0], "--surely"),
    ],
)
def test_what_cannot_be_looked_at_is_said_and_is_no_failure(arguments: tuple[object, ...]) -> None:
    """Two, and a sentence, where nothing was verified either way."""
    answer = ask(*arguments)

    assert (2, "") == (answer.status, answer.out)
    assert answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("key", ["", "00", "0" * 63, "é" * 64, base64.b64encode(b"x").decode()])
def test_what_is_no_key_is_said(
    desk: Path, lines: Lines, kept: Callable[..., Any], key: str
) -> None:
    """Rather than found not to fit."""
    *most, _ = kept(checkpoint_of(lines, 9))
    answer = ask(desk, *most, key)

    assert (2, "") == (answer.status, answer.out)
    assert "the key is not the 32 bytes" in answer.err


# Signatures and trees, against those of others.


def test_it_tries_itself_on_known_answers() -> None:
    """The vectors of RFC 8032, and the tree of the reference implementation."""
    answer = ask("--self-test")

    assert (0, "") == (answer.status, answer.err)
    assert answer.out == "5 signatures, 8 roots and a capsule are as they should be\n"


def test_it_finds_itself_wrong_where_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A test that cannot fail would say nothing."""
    monkeypatch.setitem(verifier.VECTORS, "TEST 1", verifier.VECTORS["TEST 2"])
    monkeypatch.setattr(verifier, "signature_fits", lambda *_: True)
    assert verifier.main(["--self-test"]) == 1
    assert "TEST 1 fits where it must not" in capsys.readouterr().out

    monkeypatch.setattr(verifier, "signature_fits", lambda *_: False)
    monkeypatch.setattr(verifier, "TREE", (("", "00"),))
    assert verifier.main(["--self-test"]) == 1
    assert "TEST 1 does not fit" in (out := capsys.readouterr().out)
    assert "the root over 1 leaves is another" in out


SECRETS = st.binary(min_size=32, max_size=32)


@given(SECRETS, st.binary(max_size=200), st.integers(0, 511), st.integers(0, 255))
def test_it_takes_the_signatures_that_others_make_and_no_other(
    secret: bytes, message: bytes, bit: int, key_bit: int
) -> None:
    """With a bit of signature or key flipped, it says what the library of the app says."""
    key = Ed25519PrivateKey.from_private_bytes(secret)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    other = flip(signature, bit)
    wrong = flip(public, key_bit)

    assert verifier.signature_fits(public, message, signature)
    assert not verifier.signature_fits(public, message, other)
    assert not verifier.signature_fits(public, message + b".", signature)
    assert not verifier.signature_fits(wrong, message, signature)
    assert not signature_fits(wrong.hex(), message, signature.hex())


def flip(data: bytes, bit: int) -> bytes:
    found = bytearray(data)
    found[bit // 8] ^= 1 << bit % 8
    return bytes(found)


@pytest.mark.parametrize(
    "number", [0, 1, verifier.P - 1, verifier.P + 1, 1 | 1 << 255, 2, 2**256 - 1]
)
def test_a_key_that_is_nobodys_fits_nothing(number: int) -> None:
    """Points that anybody can sign for, other spellings of them, and what is no point at all."""
    start = verifier.compress(verifier._base().times(7))
    signature = start + (7).to_bytes(32, "little")
    public = number.to_bytes(32, "little")

    assert not any(verifier.signature_fits(public, bytes([n]), signature) for n in range(20))
    assert [None] * 19 == [
        verifier.decompress((verifier.P + low).to_bytes(32, "little")) for low in range(19)
    ]


@given(SECRETS, st.binary(max_size=20))
def test_a_signature_that_starts_from_a_point_of_small_order_fits_nothing(
    secret: bytes, message: bytes
) -> None:
    """Not even by the owner of the key; the app says the same."""
    public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    digest = hashlib.sha512(secret).digest()
    factor = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
    start = verifier.compress(verifier.IDENTITY)
    challenge = int.from_bytes(hashlib.sha512(start + public + message).digest(), "little")
    signature = start + (challenge * factor % verifier.L).to_bytes(32, "little")

    assert not verifier.signature_fits(public, message, signature)
    assert not signature_fits(public.hex(), message, signature.hex())


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_its_tree_is_that_of_the_app(leaves: list[bytes]) -> None:
    """Two programs, one root."""
    peaks: tuple[bytes, ...] = ()
    for size, data in enumerate(leaves):
        peaks = verifier.grown(size, peaks, data)

    assert Frontier().extend(leaves).peaks == peaks
    assert Tree(leaves).root() == verifier.root_of(peaks)


# Large ledgers.


def many(lines: Lines, times: int) -> Iterator[bytes]:
    """Yields a long ledger: the same events again and again."""
    bodies = [json.loads(line) for line in lines if b'"run_paused"' in line or b"desk_op" in line]
    before = GENESIS
    for seq in range(times):
        record = bodies[seq % len(bodies)]
        record["head"].update(seq=seq, prev=before, close=True)
        before = record["hash"] = sha(spelled(record["head"]))
        yield spelled(record) + b"\n"


def test_progress_is_told_beside_what_is_found(
    put: Callable[[Lines], Path],
    lines: Lines,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each tenth of a large ledger; of a small one, nothing."""
    place = put(list(many(lines, 300)))
    assert verifier.main([str(place)]) == 0
    assert capsys.readouterr().err == ""

    monkeypatch.setattr(verifier, "TOLD_FROM", 1)
    assert verifier.main([str(place)]) == 0
    told = capsys.readouterr().err.splitlines()
    assert [f"{tenth}0 %" for tenth in range(1, 11)] == [line.partition(",")[0] for line in told]
    assert told[-1] == "100 %, 300 records"


def test_progress_goes_on_from_segment_to_segment(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of all of them together."""
    monkeypatch.setattr(verifier, "TOLD_FROM", 1)
    assert verifier.main([str(desk)]) == 0
    told = [int(line.partition(" %")[0]) for line in capsys.readouterr().err.splitlines()]

    assert sorted(set(told)) == told
    assert 8 <= len(told) <= 10
    assert told[-1] == 100


def test_memory_does_not_grow_with_the_ledger(tmp_path: Path, lines: Lines) -> None:
    """Ten times the records take the same room."""
    peaks = []
    for times in (300, 3000):
        file = tmp_path / f"{times}.jsonl"
        file.write_bytes(b"".join(many(lines, times)))
        ledger = verifier.Ledger()
        tracemalloc.start()
        assert verifier.read_segments(ledger, [file]) == 0
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert times == ledger.closed.size

    assert peaks[1] < peaks[0] + 20_000


def test_a_file_without_line_ends_is_not_read_whole(
    put: Callable[[Lines], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is refused at the length that no record has."""
    monkeypatch.setattr(verifier, "MAX_LINE", 1000)
    assert verifier.main([str(put([b"x" * 1001]))]) == 1
    assert "record 0: the line is longer than any record" in capsys.readouterr().out
