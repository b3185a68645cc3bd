"""What crashes, full disks, bad models and impatient people leave behind: nothing lost."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from converge_core.errors import IllegalCommand
from converge_desktop import paths
from converge_desktop.adapters.ledger.ledger_file import LedgerWriteFailed
from converge_desktop.adapters.lock import DataDirectoryBusy
from converge_desktop.runtime.model_thread import ModelUnavailable
from converge_desktop.runtime.port import Notice, StatusChanged
from tests.runtime.conftest import OpenDesk
from tests.runtime.test_main_path import ask

RUNS = """
import sys, pathlib
from converge_desktop import paths
from converge_desktop.runtime.desk import Desk, DeskOptions
from tests.runtime.packs import at_once
from tests.runtime.watching import Watch
data, folder = map(pathlib.Path, sys.argv[1:])
desk = Desk(DeskOptions(data, at_once(), paths.samples(), "alice", paths.default_model()))
watch = Watch(desk)
desk.ready.result(30)
try:
    run = desk.start_run("release-readiness", folder).result(60)
    watch.phase(run, "waiting")
    print(run, flush=True)
    sys.stdin.read()
finally:
    desk.close()
"""
SOON = 2.0
"""Seconds in which a desk must be closed, whatever it is doing."""


def test_killed_while_waiting_a_restarted_desk_reaches_the_same_root(
    open_desk: OpenDesk, data_dir: Path, failing: Path, tmp_path: Path
) -> None:
    """kill -9 at the gate, restart, approve: the root of the run that was never interrupted."""
    with subprocess.Popen(
        [sys.executable, "-c", RUNS, str(data_dir), str(failing)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        run_id = other.stdout.readline().strip()
        other.send_signal(signal.SIGKILL)
        other.wait(30)
    desk, watch = open_desk()
    [row] = desk.inbox().result(10)
    review = desk.review(row.gate_id).result(10)
    desk.decide(row.gate_id, "approve", "", review.digest).result(10)
    resumed = watch.phase(run_id, "stopped")

    unbroken_id, review = ask(desk, watch, failing)
    desk.decide(review.gate_id, "approve", "", review.digest).result(10)
    unbroken = watch.phase(unbroken_id, "stopped")

    assert unbroken.root == resumed.root
    assert -1 == desk.verify().result(10).bad_seq


def test_a_run_cut_off_while_agents_worked_goes_on_after_a_restart(
    open_desk: OpenDesk, failing: Path
) -> None:
    """Closing during the chain loses no run: the next desk executes that cycle again."""
    desk, _ = open_desk()
    run_id = desk.start_run("release-readiness", failing).result(60)
    desk.close()

    _, watch = open_desk()

    assert "waiting" == watch.phase(run_id, "waiting").row.phase


def test_a_desk_closes_at_once_even_while_the_model_works(
    open_desk: OpenDesk, failing: Path
) -> None:
    """Shut-down takes less than two seconds in the middle of a model call."""
    desk, watch = open_desk()
    desk.start_run("release-readiness", failing).result(60)
    watch.until(lambda u: isinstance(u, StatusChanged) and u.status.model.state == "busy")
    before = time.monotonic()

    desk.close()

    assert time.monotonic() - before < SOON


def test_a_second_desk_on_the_same_data_is_refused(open_desk: OpenDesk) -> None:
    """The sentence names the process that has it and the way out."""
    open_desk()

    with pytest.raises(DataDirectoryBusy, match=rf"{os.getpid()}.*--data-dir"):
        open_desk()


def test_a_full_disk_keeps_nothing_of_the_step_and_work_goes_on_when_there_is_room(
    open_desk: OpenDesk, failing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decision that cannot be written was never taken; with room, it is taken."""
    desk, watch = open_desk()
    run_id, review = ask(desk, watch, failing)

    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(LedgerWriteFailed, match="No space left"):
            desk.decide(review.gate_id, "approve", "", review.digest).result(10)
    assert "waiting" == desk.run_view(run_id).result(10).row.phase

    desk.decide(review.gate_id, "approve", "", review.digest).result(10)

    assert "CriteriaMet" == watch.phase(run_id, "stopped").stop_kind
    assert -1 == desk.verify().result(10).bad_seq


@pytest.mark.parametrize(
    "content", [None, b"", b"not a model", b"GGUF", b"GGUF\x03\0\0\0" + b"\xff" * 64]
)
def test_a_bad_model_file_is_a_sentence_and_the_desk_lives(
    open_desk: OpenDesk, failing: Path, tmp_path: Path, content: bytes | None
) -> None:
    """Missing, empty, foreign or cut off: told in words, no run begins, a good one still loads."""
    path = tmp_path / "bad.gguf"
    if content is not None:
        path.write_bytes(content)
    desk, watch = open_desk(model=path)
    notice = watch.until(lambda u: isinstance(u, Notice) and u.severity == "danger")

    with pytest.raises(ModelUnavailable, match=r"bad\.gguf"):
        desk.start_run("release-readiness", failing).result(30)

    assert isinstance(notice, Notice)
    assert str(path) in notice.text
    assert () == desk.runs().result(10)


def test_an_altered_ledger_is_refused_with_its_first_bad_record(
    open_desk: OpenDesk, data_dir: Path, failing: Path
) -> None:
    """One flipped byte: the desk says which record, changes nothing, and answers nothing."""
    desk, watch = open_desk()
    ask(desk, watch, failing)
    desk.close()
    [segment] = (data_dir / "ledger").glob("*.jsonl")
    data = bytearray(segment.read_bytes())
    data[data.index(b"Signals")] ^= 1
    segment.write_bytes(data)

    with pytest.raises(Exception, match="record"):
        open_desk()

    assert bytes(data) == segment.read_bytes()


def test_a_lost_database_comes_back_from_the_ledger(
    open_desk: OpenDesk, data_dir: Path, failing: Path
) -> None:
    """Delete the view: the next desk fills it again and answers the same."""
    desk, watch = open_desk()
    ask(desk, watch, failing)
    before = desk.facts("", "").result(10)
    desk.close()
    for path in sorted((data_dir / "view").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()

    again, _ = open_desk()

    assert before.rows == again.facts("", "").result(30).rows


def test_a_closed_desk_refuses_in_words(open_desk: OpenDesk) -> None:
    """Nobody waits for an answer that cannot come."""
    desk, _ = open_desk()
    desk.close()

    with pytest.raises(IllegalCommand, match="closing"):
        desk.inbox().result(1)


def test_a_decision_that_is_recorded_stays_so_when_the_next_step_cannot_be(
    open_desk: OpenDesk, failing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fills between decision and fact: told in words, and taken up with the next step."""
    desk, watch = open_desk()
    run_id, review = ask(desk, watch, failing)
    sync, calls = os.fsync, []

    def fills_up(fd: int) -> None:
        calls.append(fd)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(fd)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fills_up)
        desk.decide(review.gate_id, "approve", "", review.digest).result(10)
    watch.until(lambda u: isinstance(u, Notice) and "could not go on" in u.text)

    _, other = ask(desk, watch, failing)
    desk.decide(other.gate_id, "reject", "no", other.digest).result(10)

    assert "CriteriaMet" == watch.phase(run_id, "stopped").stop_kind


def test_a_run_goes_on_once_a_good_model_is_chosen(
    open_desk: OpenDesk, failing: Path, tmp_path: Path
) -> None:
    """Cut off during the chain, opened with a bad model: choosing a good one takes it up."""
    desk, _ = open_desk()
    run_id = desk.start_run("release-readiness", failing).result(60)
    desk.close()
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF")
    desk, watch = open_desk(model=bad)

    desk.load_model(paths.default_model()).result(30)

    assert "waiting" == watch.phase(run_id, "waiting").row.phase
