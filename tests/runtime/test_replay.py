"""Recorded calls made again: the same to the byte, or told where they begin to differ."""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from converge_core.envelope import InferenceResult, ReplayGrade
from converge_core.errors import InvalidValue
from converge_desktop import paths
from converge_desktop.adapters.models.determinism import probe
from converge_desktop.adapters.models.llama import LlamaBackend
from converge_desktop.adapters.packs.pack import load_packs
from converge_desktop.runtime.replay import (
    GoldenTrace,
    Outcome,
    Replay,
    read_golden,
    replay,
    write_golden,
)
from converge_desktop.runtime.stopper import GivenUp
from converge_desktop.runtime.views import read_views
from tests.runtime.conftest import Cli, OpenDesk
from tests.runtime.folders import make_folder
from tests.runtime.packs import at_once
from tests.runtime.test_main_path import ask

RUNS = 34
"""Of three calls each."""


@pytest.fixture(scope="module")
def model() -> Iterator[LlamaBackend]:
    backend = LlamaBackend(paths.default_model())
    backend.findings = probe(backend)
    yield backend
    backend.close()


@pytest.fixture
def golden(open_desk: OpenDesk, failing: Path, data_dir: Path) -> GoldenTrace:
    """The first call of a run."""
    desk, watch = open_desk()
    ask(desk, watch, failing)
    desk.close()
    views = read_views(data_dir, load_packs(at_once()))
    return views.golden(views.traces()[-1].trace_id)


def never() -> bool:
    return False


@pytest.mark.timeout(600)  # two hundred calls, on a machine that has other work as well
def test_a_hundred_recorded_calls_are_the_same_in_a_fresh_process(
    open_desk: OpenDesk, cli: Cli, tmp_path: Path
) -> None:
    """Other states, other answers, other contexts warm: each comes back to the byte."""
    desk, watch = open_desk()
    for number in range(RUNS):
        folder = make_folder(
            tmp_path / f"folder{number}", failed=number % 5, covered=66 + number % 31
        )
        watch.phase(desk.start_run("release-readiness", folder).result(60), "waiting", "stopped")
    desk.close()

    replayed = cli("replay", "--json")
    lines = json.loads(replayed.stdout)

    assert len(lines) >= 100
    assert {("same", "byte-exact")} == {(line["outcome"], line["grade"]) for line in lines}
    assert 0 == replayed.returncode


def test_a_call_can_be_made_again_from_the_window(open_desk: OpenDesk, failing: Path) -> None:
    """The desk answers with what came of it, by the trace's id."""
    desk, watch = open_desk()
    ask(desk, watch, failing)

    found = [desk.replay(row.trace_id).result(60) for row in desk.traces().result(10)]

    assert [Outcome.SAME] * 3 == [one.outcome for one in found]
    assert {ReplayGrade.BYTE_EXACT} == {one.grade for one in found}


@pytest.mark.parametrize("begun", [False, True])
def test_a_replay_from_the_window_is_given_up(
    open_desk: OpenDesk, failing: Path, monkeypatch: pytest.MonkeyPatch, *, begun: bool
) -> None:
    """Whether it is computing or waits for its turn; the next one is made as ever."""
    desk, watch = open_desk()
    ask(desk, watch, failing)
    first, second, *_ = (row.trace_id for row in desk.traces().result(10))
    computing, go_on = threading.Event(), threading.Event()
    infer = LlamaBackend.infer

    def held(self: LlamaBackend, *args: Any) -> InferenceResult:
        computing.set()
        assert go_on.wait(60)
        return infer(self, *args)

    monkeypatch.setattr(LlamaBackend, "infer", held)
    one = desk.replay(first)
    assert computing.wait(60)
    other = desk.replay(second)
    given_up, kept = (one, other) if begun else (other, one)
    desk.stop_replay(first if begun else second)
    go_on.set()

    with pytest.raises(GivenUp):
        given_up.result(60)
    assert kept.result(60).outcome is Outcome.SAME


def test_another_answer_is_told_by_its_first_token(
    golden: GoldenTrace, model: LlamaBackend
) -> None:
    """What was recorded there, and what came."""
    verdict = '"conclusion":"hold"'
    assert verdict in golden.output
    other = golden.output.replace(verdict, '"conclusion":"proceed"')

    found = replay(msgspec.structs.replace(golden, output=other), model, never)

    assert Outcome.DIFFERS is found.outcome
    assert found.first
    before = model.text_of(model.tokens_of(other)[: found.first.token])
    assert other.startswith(before)
    assert verdict.startswith(f'"conclusion":"{found.first.found}')
    assert "proceed".startswith(found.first.recorded)
    assert "Nothing of the envelope has changed." in found.words


def test_what_changed_of_the_envelope_is_named(golden: GoldenTrace, model: LlamaBackend) -> None:
    """Field by field: what it was then, and what it is now."""
    then = msgspec.structs.replace(golden.envelope, threads=7, build="llama.cpp 0.0")

    same = replay(msgspec.structs.replace(golden, envelope=then), model, never)
    other = replay(msgspec.structs.replace(golden, envelope=then, output="{}"), model, never)

    now = (str(golden.envelope.threads), golden.envelope.build)
    changed = (("threads", "7", now[0]), ("build", "llama.cpp 0.0", now[1]))
    assert (Outcome.SAME, changed) == (same.outcome, same.changed)
    assert (Outcome.DIFFERS, changed) == (other.outcome, other.changed)
    assert other.words.endswith("Changed since: threads, build.")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"grade": ReplayGrade.AUDIT_ONLY}, "computed elsewhere"),
        ({"model_sha256": "0" * 64}, "by another model"),
        (
            {"adapter_sha256": "0" * 64},
            "with the adapter 000000000000, and the model at hand computes with no adapter",
        ),
    ],
)
def test_what_cannot_be_the_same_is_not_tried(
    golden: GoldenTrace, model: LlamaBackend, change: dict[str, object], words: str
) -> None:
    """And it is said why, with the remedy where there is one."""
    of_envelope = {name: value for name, value in change.items() if name != "grade"}
    grade = change.get("grade", golden.grade)
    envelope = msgspec.structs.replace(golden.envelope, **of_envelope)
    found = replay(msgspec.structs.replace(golden, grade=grade, envelope=envelope), model, never)

    assert isinstance(found, Replay)
    assert Outcome.NOT_REPEATED is found.outcome
    assert words in found.words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prompt": "STATE\n" * 9000}, "choose a model with a longer context"),
        ({"prompt": ""}, "the prompt is empty"),
        ({"grammar": "root ::= nowhere"}, "The model cannot be asked that"),
    ],
)
def test_what_the_model_cannot_be_asked_is_not_repeated(
    golden: GoldenTrace, model: LlamaBackend, change: dict[str, str], words: str
) -> None:
    """It is told in words, so that the calls after it have their turn."""
    found = replay(msgspec.structs.replace(golden, **change), model, never)

    assert Outcome.NOT_REPEATED is found.outcome
    assert words in found.words


def test_golden_traces_come_back_from_their_file(golden: GoldenTrace, tmp_path: Path) -> None:
    """One a line, as they were."""
    file = tmp_path / "golden.jsonl"

    assert 2 == write_golden(file, [golden, golden])
    assert [golden, golden] == list(read_golden(file))


def test_golden_traces_replace_golden_traces(golden: GoldenTrace, tmp_path: Path) -> None:
    """Or an empty file; whole, with nothing left beside it."""
    file = tmp_path / "golden.jsonl"
    file.touch()
    write_golden(file, [golden, golden])
    write_golden(file, [golden])

    assert [golden] == list(read_golden(file))
    assert [file] == [one for one in tmp_path.iterdir() if "golden" in one.name]


def test_no_other_file_is_overwritten(golden: GoldenTrace, tmp_path: Path) -> None:
    """A key, notes or a folder stay as they are, and the sentence says so."""
    file, folder = tmp_path / "notes.txt", tmp_path / "folder"
    file.write_text("my notes")
    folder.mkdir()

    for place in (file, folder):
        with pytest.raises(InvalidValue, match="is left as it is"):
            write_golden(place, [golden])

    assert "my notes" == file.read_text()
    assert not list(tmp_path.glob(".golden*"))


def test_golden_traces_that_cannot_be_written_leave_those_before(
    golden: GoldenTrace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk names the file that was asked for, and nothing is half written."""
    file = tmp_path / "golden.jsonl"
    write_golden(file, [golden])

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space left") as failed:
            write_golden(file, [golden, golden])

    assert str(file) == failed.value.filename
    assert [golden] == list(read_golden(file))
    assert not list(tmp_path.glob(".golden*"))


@pytest.mark.parametrize("line", [b"{}", b"not JSON", b'{"v":1}', b"[]", b"\xff"])
def test_a_line_that_is_no_golden_trace_is_named(
    golden: GoldenTrace, tmp_path: Path, line: bytes
) -> None:
    """By file and number."""
    file = tmp_path / "golden.jsonl"
    write_golden(file, [golden])
    file.write_bytes(file.read_bytes() + line + b"\n")

    with pytest.raises(InvalidValue, match=r"golden\.jsonl, line 2, is no golden trace"):
        list(read_golden(file))


def test_golden_traces_of_another_version_are_refused(golden: GoldenTrace, tmp_path: Path) -> None:
    """With the version that can be read."""
    file = tmp_path / "golden.jsonl"
    write_golden(file, [msgspec.structs.replace(golden, v=2)])

    with pytest.raises(InvalidValue, match="has version 2; this program reads 1"):
        list(read_golden(file))


def test_calls_are_kept_and_held_against_from_the_command_line(
    golden: GoldenTrace, cli: Cli, tmp_path: Path
) -> None:
    """record, then verify: exit 0 while all are the same, 1 once one is not."""
    file = tmp_path / "golden.jsonl"
    recorded = cli("golden", "record", str(file), "--json")
    same = cli("golden", "verify", str(file), "--json")
    file.write_bytes(file.read_bytes().replace(b'conclusion\\":\\"hold', b'conclusion\\":\\"held'))
    differs = cli("golden", "verify", str(file), "--json")

    assert (0, 3) == (recorded.returncode, json.loads(recorded.stdout)["calls"])
    assert 0 == same.returncode
    outcomes = [line["outcome"] for line in json.loads(differs.stdout)["replays"]]
    assert (1, ["differs", "same", "same"]) == (differs.returncode, outcomes)


def test_a_file_without_calls_verifies_nothing(cli: Cli, tmp_path: Path) -> None:
    """Exit 2: an empty file must not pass for one whose calls are the same."""
    file = tmp_path / "golden.jsonl"
    file.touch()

    result = cli("golden", "verify", str(file), "--json")

    assert (2, "") == (result.returncode, result.stdout)
    assert f"{file} holds no calls" in result.stderr


def test_calls_none_of_which_could_be_repeated_verify_nothing(
    golden: GoldenTrace, cli: Cli, tmp_path: Path
) -> None:
    """Exit 2, told call by call; one that could be is enough to go by."""
    file = tmp_path / "golden.jsonl"
    other = msgspec.structs.replace(golden, prompt="STATE\n" * 9000)
    write_golden(file, [other, other])
    none = cli("golden", "verify", str(file), "--json")
    write_golden(file, [other, golden])
    one = cli("golden", "verify", str(file), "--json")

    outcomes = [
        [line["outcome"] for line in json.loads(it.stdout)["replays"]] for it in (none, one)
    ]
    assert [["not repeated", "not repeated"], ["not repeated", "same"]] == outcomes
    assert (2, 0) == (none.returncode, one.returncode)
    assert f"no call of {file} could be repeated" in none.stderr
