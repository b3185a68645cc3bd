"""Evidence on the command line: handed on, checked, redacted, and checkpoints kept outside."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from converge_core import events as e
from converge_core.canonical import canonical
from converge_core.checkpoint import text_of
from converge_core.ids import OperatorId
from converge_core.ledger import Chain, encode_batch
from converge_desktop.adapters.texts import TextStore
from tests.core.golden_capsule import GATE, RUN, TEXTS, public_key, sign, small, told
from tests.core.kit import ALICE, salts
from tests.runtime.conftest import Cli

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "packaging" / "verify_ledger.py"
STORY = told()
SIZE = len(STORY.entries) - 1
"""How many records the checkpoint at the end of the story covers."""
KEY = public_key(ALICE.operator.id)


def printed(command: str, result: subprocess.CompletedProcess[str]) -> Any:
    """Returns what was printed, after holding it against the documented schema."""
    output = json.loads(result.stdout)
    schema = json.loads((ROOT / "docs" / "cli" / f"{command}.schema.json").read_text("utf-8"))
    jsonschema.validate(output, schema)
    return output


def laid(place: Path, lines: list[bytes]) -> None:
    """Lays a ledger on disk, with the texts that it names."""
    shutil.rmtree(place / "ledger", ignore_errors=True)
    (place / "ledger").mkdir(parents=True)
    (place / "ledger" / "000000000000.jsonl").write_bytes(b"".join(lines))
    store = TextStore(place / "texts")
    store.keep(TEXTS.values())
    store.close()


@pytest.fixture
def desk(data_dir: Path) -> Path:
    laid(data_dir, STORY.lines)
    return data_dir


def test_a_run_is_exported_and_verified_by_anybody(cli: Cli, desk: Path, tmp_path: Path) -> None:
    """By the app, and by the verifier that needs nothing of it; the desk stays as it was."""
    file = tmp_path / "evidence.jsonl"
    before = {path: path.read_bytes() for path in desk.rglob("*") if path.is_file()}
    exported = cli("export", RUN, "--out", str(file), "--json")
    verified = cli("verify", "--capsule", str(file), "--json")
    alone = subprocess.run(
        [sys.executable, "-I", SCRIPT, file], capture_output=True, text=True, check=False
    )

    told_of = printed("export", exported)
    assert (RUN, "", 46, 1, 5) == tuple(
        told_of[name] for name in ("run", "gate", "records", "texts", "fitting")
    )
    assert told_of == printed("verify-capsule", verified)
    assert (0, 0, 0) == (exported.returncode, verified.returncode, alone.returncode)
    assert "verified: all of this holds" in alone.stdout
    assert before == {path: path.read_bytes() for path in desk.rglob("*") if path.is_file()}


def test_one_record_is_proven_and_verified_by_anybody(cli: Cli, desk: Path, tmp_path: Path) -> None:
    """Of a run or of none: a small file, and the sentence that it proves."""
    for number, seq in (("1", 1), ("34", 34), ("0", 0)):
        file = tmp_path / f"record-{seq}.jsonl"
        exported = printed(
            "export", cli("export", "--record", number, "--out", str(file), "--json")
        )
        verified = cli("verify", "--capsule", str(file))
        alone = subprocess.run(
            [sys.executable, "-I", SCRIPT, file], capture_output=True, text=True, check=False
        )

        assert (seq, "", "") == (exported["record"], exported["run"], exported["gate"])
        assert (
            f"Record {seq} is in the ledger of desk 00c0ffee whose root alice#2bd806c9 signed on "
            "2026-11-20 12:00:00 UTC."
        ) in verified.stdout
        assert verified.stdout.endswith("\nIt holds.\n")
        assert (0, 0) == (verified.returncode, alone.returncode)
        assert file.stat().st_size < 10_000


def test_a_record_is_proven_without_what_it_said(cli: Cli, desk: Path, tmp_path: Path) -> None:
    """Its head stays, and the sentence says what is gone."""
    file = tmp_path / "record.jsonl"
    cli("export", "--record", "34", "--out", str(file), "--redact", "gate_decided")
    said = cli("verify", "--capsule", str(file)).stdout
    assert "It is a record of run run-0001, gate_decided; what it said was left out" in said
    assert said.endswith("\nIt holds, redacted.\n")


def test_a_record_is_named_by_a_number_that_is_there(cli: Cli, desk: Path, tmp_path: Path) -> None:
    """And that a checkpoint covers; the sentence says what to do."""
    out = tmp_path / "x"
    for arguments, sentence in (
        (["--record", "9,999"], "there is no record 9999; give a number"),
        (["--record", str(SIZE)], f"record {SIZE} is not covered by the checkpoint"),
        (["--record", "-1"], "-1 is no number of a record"),
        (["--record", "one"], "one is no number of a record"),
        (["--record", "3", RUN], "not allowed with argument"),
        ([], "one of the arguments RUN|GATE --record is required"),
    ):
        result = cli("export", *arguments, "--out", str(out))
        assert result.returncode == 2
        assert sentence in result.stderr
        assert not out.exists()


def test_what_a_desk_decided_is_handed_on(cli: Cli, failing: Path, tmp_path: Path) -> None:
    """From a folder to a decision, and to evidence of it that holds without the desk."""
    [gate] = json.loads(cli("run", "release-readiness", "--input", str(failing), "--json").stdout)[
        "gates"
    ]
    assert cli("decide", gate, "approve").returncode == 0
    file = tmp_path / "evidence.jsonl"
    exported = printed("export", cli("export", gate, "--out", str(file), "--json"))
    lines = map(json.loads, file.read_bytes().splitlines())
    kinds = {line["record"]["head"]["kind"] for line in lines if "record" in line}

    assert (gate, 0) == (exported["gate"], exported["unchecked"])
    assert {"run_started", "trace_recorded", "gate_opened", "gate_decided", "fact_promoted"} < kinds
    assert cli("verify", "--capsule", str(file)).stdout.endswith("\nIt holds.\n")
    alone = subprocess.run([sys.executable, "-I", SCRIPT, file], capture_output=True, check=False)
    assert alone.returncode == 0


def test_a_decision_is_told_in_words(cli: Cli, desk: Path, tmp_path: Path) -> None:
    """What it is of, how much there is, who signed; and that the key is the capsule's own."""
    file = tmp_path / "evidence.jsonl"
    exported = cli("export", GATE, "--out", str(file))
    verified = cli("verify", "--capsule", str(file))
    known = cli("verify", "--capsule", str(file), "--key", KEY)

    assert f"holds evidence of gate {GATE}." in exported.stdout
    assert "The checkpoint is signed by alice#2bd806c9." in verified.stdout
    assert f"It brings the key {KEY} itself; compare it" in verified.stdout
    assert verified.stdout.endswith("\nIt holds.\n")
    assert "It brings the key" not in known.stdout


@pytest.mark.parametrize(
    ("what", "gone"),
    [("text", (0, 1)), ("trace_recorded, gate_decided", (3, 0)), ("body", (41, 0))],
)
def test_a_redacted_copy_is_exported(
    cli: Cli, desk: Path, tmp_path: Path, what: str, gone: tuple[int, int]
) -> None:
    """Texts, bodies, or some kinds of records: the copy holds, and says how much is gone."""
    file = tmp_path / "evidence.jsonl"
    exported = printed("export", cli("export", RUN, "--out", str(file), "--redact", what, "--json"))

    assert gone == (exported["redacted"], exported["left_out"])
    assert cli("verify", "--capsule", str(file)).stdout.endswith("\nIt holds, redacted.\n")


def test_short_texts_in_records_are_told_of(cli: Cli, desk: Path, tmp_path: Path) -> None:
    """Whoever leaves out texts may mean those too."""
    said = cli("export", RUN, "--out", str(tmp_path / "evidence"), "--redact", "text").stdout

    assert (
        "Short texts stand in the records themselves, 3 of them; to leave them out too: --redact"
        in said
    )


def test_without_who_signed_their_key_has_to_be_given(cli: Cli, desk: Path, tmp_path: Path) -> None:
    """As soon as the record that enrols them is left out."""
    file = tmp_path / "evidence.jsonl"
    assert cli("export", RUN, "--out", str(file), "--redact", "operator_enrolled").returncode == 0
    alone = cli("verify", "--capsule", str(file), "--json")

    assert (1, 1, False) == (
        alone.returncode,
        *(printed("verify-capsule", alone)[name] for name in ("bad_line", "ok")),
    )
    assert cli("verify", "--capsule", str(file), "--key", KEY).returncode == 0


def without_who_signed() -> list[bytes]:
    """Returns the story's ledger as a copy in which the signer's enrolment was left out."""
    lines = [json.loads(line) for line in STORY.lines]
    assert "operator_enrolled" == lines[1]["head"]["kind"]
    del lines[1]["body"], lines[1]["salt"]
    return [canonical(line) + b"\n" for line in lines]


@pytest.mark.parametrize("about", [["--record", "34"], [RUN]])
def test_a_copy_without_who_signed_is_exported_by_the_key_that_is_given(
    cli: Cli, data_dir: Path, tmp_path: Path, about: list[str]
) -> None:
    """Without the key it is refused and says what to give; with another, nothing is left."""
    laid(data_dir, without_who_signed())
    file = tmp_path / "evidence.jsonl"
    export = ("export", *about, "--out", str(file))
    refused, other = cli(*export), cli(*export, "--key", public_key("mallory"))
    assert (2, 2) == (refused.returncode, other.returncode)
    assert "nothing was written, for it would not hold" in refused.stderr
    assert "who signed, was left out; give their public key with --key" in refused.stderr
    assert "the signature is not that of alice#2bd806c9" in other.stderr
    assert not file.exists()

    assert 0 == cli(*export, "--key", KEY).returncode
    verified = cli("verify", "--capsule", str(file), "--key", KEY)
    assert (0, True) == (verified.returncode, "The checkpoint is signed by" in verified.stdout)


def test_evidence_that_was_changed_is_refused(cli: Cli, desk: Path, tmp_path: Path) -> None:
    """With exit code 1, the line, and the reason."""
    file = tmp_path / "evidence.jsonl"
    cli("export", RUN, "--out", str(file))
    file.write_bytes(file.read_bytes().replace(b"Release 1.0", b"Release 2.0", 1))
    result = cli("verify", "--capsule", str(file))

    assert result.returncode == 1
    assert "does not hold, at line" in result.stdout
    assert "the body is not the one the record commits to" in result.stdout


def test_the_newest_checkpoint_is_printed_to_be_kept(cli: Cli, desk: Path, tmp_path: Path) -> None:
    """What is printed is what is read again; with --json there is the key beside it."""
    result, output = cli("checkpoint"), printed("checkpoint", cli("checkpoint", "--json"))
    kept = tmp_path / "kept.txt"
    kept.write_text(result.stdout, "utf-8")
    held = cli("verify", "--checkpoint", str(kept), "--json")

    assert output["text"] == result.stdout
    assert (SIZE, KEY) == (output["size"], output["key"])
    assert {"ok": True, "reason": "", "size": SIZE, "records": SIZE + 1, "redacted": 0} == printed(
        "verify-checkpoint", held
    )
    assert (0, 0) == (result.returncode, held.returncode)


def test_the_checkpoint_goes_on_paper(cli: Cli, desk: Path, tmp_path: Path) -> None:
    """As a picture, or in the terminal; and into no other file."""
    picture = tmp_path / "kept.svg"
    assert cli("checkpoint", "--qr", str(picture)).returncode == 0
    assert picture.read_bytes().startswith(b"<?xml")
    assert "▀" in cli("checkpoint", "--qr", "-").stdout
    other = cli("checkpoint", "--qr", str(tmp_path / "kept.txt"))

    assert other.returncode == 2
    assert "--qr takes a file that ends in .svg, or -" in other.stderr


def keep(tmp_path: Path, cli: Cli) -> Path:
    kept = tmp_path / "kept.txt"
    kept.write_text(cli("checkpoint").stdout, "utf-8")
    return kept


def test_a_ledger_that_was_replaced_is_found_out(cli: Cli, desk: Path, tmp_path: Path) -> None:
    """Though it hangs together, and is signed by the same person: exit code 1, and the sentence."""
    kept = keep(tmp_path, cli)
    laid(desk, small().lines)
    result = cli("verify", "--checkpoint", str(kept), "--json")

    assert result.returncode == 1
    assert printed("verify-checkpoint", result)["reason"] == (
        f"the ledger was replaced or shortened: the checkpoint covers records 0 to {SIZE - 1}, "
        "and the ledger ends at record 4"
    )


def test_a_ledger_whose_keys_were_replaced_is_found_out(
    cli: Cli, desk: Path, tmp_path: Path
) -> None:
    """Nobody has the key of who signed what was kept."""
    kept = keep(tmp_path, cli)
    other = msgspec.structs.replace(ALICE.operator, public_key=public_key("mallory"))
    events = [
        e.OperatorEnrolled(operator=other) if entry.head.seq == 1 else entry.event
        for entry in STORY.entries
        if entry.event is not None
    ]
    data, _ = encode_batch(events, Chain(), 1, salts())
    laid(desk, [data])
    by_its_own = cli("verify", "--checkpoint", str(kept))
    by_a_known_one = cli("verify", "--checkpoint", str(kept), "--key", KEY)

    assert (1, 1) == (by_its_own.returncode, by_a_known_one.returncode)
    assert "the one enrolled here: one of the two was replaced" in by_its_own.stdout
    assert f"the ledger was replaced or shortened: records 0 to {SIZE - 1}" in by_a_known_one.stdout


def test_a_checkpoint_by_somebody_who_is_not_known_here_needs_their_key(
    cli: Cli, desk: Path, tmp_path: Path
) -> None:
    """It may be of this ledger all the same."""
    kept = tmp_path / "kept.txt"
    kept.write_text(text_of(sign(STORY.entries, OperatorId("auditor"))), "utf-8")
    alone = cli("verify", "--checkpoint", str(kept))

    assert alone.returncode == 1
    assert "auditor, who signed it, was never enrolled here; give their key" in alone.stdout
    known = cli("verify", "--checkpoint", str(kept), "--key", public_key("auditor"))
    assert (0, f"Records 0 to {SIZE} are those that auditor signed.\n") == (
        known.returncode,
        known.stdout,
    )


def test_what_is_no_checkpoint_is_refused(cli: Cli, desk: Path, tmp_path: Path) -> None:
    """With exit code 2: nothing was found out about the ledger."""
    kept = tmp_path / "kept.txt"
    for data, reason in (
        (b"hello", "this is no checkpoint: it does not have the lines of one"),
        (b"\xff\xfe", "is no text, and so no checkpoint"),
    ):
        kept.write_bytes(data)
        result = cli("verify", "--checkpoint", str(kept))
        assert (2, True) == (result.returncode, reason in result.stderr)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["export", "nobody", "--out", "x"], "there is no run and no gate nobody"),
        (["export", RUN, "--out", "x", "--redact", "names"], "names cannot be left out"),
        (["verify", "--capsule", "nowhere"], "nowhere: No such file or directory"),
        (["verify", "--capsule", "x", "--key", "12"], "--key is not the 32 bytes of a public key"),
    ],
)
def test_what_cannot_be_done_is_told(
    cli: Cli, desk: Path, arguments: list[str], sentence: str
) -> None:
    """With exit code 2, and what to do."""
    result = cli(*arguments)

    assert result.returncode == 2
    assert sentence in result.stderr
    assert not Path("x").exists()


def test_where_there_is_no_ledger_there_is_no_evidence(cli: Cli, tmp_path: Path) -> None:
    """And no checkpoint."""
    for arguments in (["export", RUN, "--out", str(tmp_path / "x")], ["checkpoint"]):
        result = cli(*arguments)
        assert result.returncode == 2
        assert "there is no ledger in" in result.stderr


def test_a_ledger_without_a_checkpoint_says_when_there_will_be_one(
    cli: Cli, data_dir: Path
) -> None:
    """With the next decision."""
    laid(data_dir, small().lines[:-1])
    result = cli("checkpoint")

    assert result.returncode == 2
    assert "nobody has signed a checkpoint of this ledger yet; one is signed with" in result.stderr
