"""What verifying takes: a few runs in memory, and processes that come to an end."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from converge_core.ids import RunId
from converge_core.ledger import Chain
from converge_core.merkle import Frontier
from converge_core.reading import Reading
from converge_core.run_state import DeskState, RunState
from converge_desktop.adapters.child_environment import child_environment
from converge_desktop.adapters.keys import signature_fits
from converge_desktop.adapters.ledger.ledger_file import LedgerFile, read_ledger
from converge_desktop.adapters.ledger.segments import Batches, Place, segments
from converge_desktop.runtime import going, verify_share, verifying
from converge_desktop.runtime.going import Going
from tests.adapters.ledgers import open_files
from tests.runtime.journals import Scripted
from tests.runtime.shares import (
    RUNS,
    copied,
    in_shares,
    same_in_all,
)
from tests.survival.story import ANNA, NOON

pytestmark = pytest.mark.usefixtures("no_waiting")


def runs_in(root: object) -> int:
    """Counts the runs that can be reached from something."""
    found, seen, left = 0, set[int](), [root]
    while left:
        one: Any = left.pop()
        if id(one) in seen or isinstance(one, (type, ModuleType, FunctionType)):
            continue
        seen.add(id(one))
        left += gc.get_referents(one)
        found += isinstance(one, RunState)
    return found


def test_runs_that_have_stopped_are_not_kept(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for a few; and what begins with one of the others reads it again."""
    monkeypatch.setattr(going, "RECENT", 1)
    most, read, begun = 0, 0, 0
    again = Going._again

    def noted(self: Going, run: RunId) -> RunState:
        nonlocal read
        read += 1
        return again(self, run)

    monkeypatch.setattr(Going, "_again", noted)
    files = segments(whole)
    runs = Going(files)
    reading = Reading(DeskState(runs=runs), Frontier(), Chain(), signature_fits)
    for batch in Batches(files, Place()):
        for entry in batch.entries:
            reading.take(entry)
        runs.note(batch)
        most = max(most, runs_in(runs))
        begun = len(runs)

    assert (6, True) == (begun, most <= 4)
    assert {*RUNS} == set(runs)
    assert all(run in runs for run in RUNS)
    assert read == 0
    for name in RUNS:
        assert name == runs[RunId(name)].run
    assert read >= 3
    assert -1 == same_in_all(whole).bad_seq


def test_a_run_that_was_let_go_is_read_again_by_whoever_begins_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line of runs longer than what is kept, and forks of its beginning when it is long over."""
    monkeypatch.setattr(going, "RECENT", 2)
    desk = Scripted(tmp_path, 4000)
    desk.enrol(ANNA)
    for number in range(12):
        desk.begin(f"n{number}", f"n{number - 1}" if number else "")
        desk.answer(f"n{number}")
    desk.begin("fork", "n5", desk.run("n5").started_seq + 6)
    desk.begin("on", "n9")
    desk.begin("of-fork", "fork", desk.desk.seq)
    desk.journal.close()

    assert -1 == same_in_all(tmp_path / "ledger").bad_seq


def test_a_run_is_read_again_from_batches_that_are_of_others_too(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own records alone are taken, wherever batches begin and end."""
    monkeypatch.setattr(going, "RECENT", 1)
    events = [entry.event for entry in read_ledger(whole) if entry.event is not None]
    ledger = tmp_path / "ledger"
    with closing(LedgerFile(ledger)) as file:
        for begin in range(0, len(events), 40):
            file.append(events[begin : begin + 40], NOON)
    runs = Going(segments(ledger))
    reading = Reading(DeskState(runs=runs), Frontier(), Chain(), signature_fits)
    roots = {}
    for batch in Batches(segments(ledger), Place()):
        for entry in batch.entries:
            reading.follow(entry)
        runs.note(batch)
        roots.update({name: runs[name].context.root for name in runs})

    assert len(events) // 40 + 1 == 1 + reading.chain.seq // 40
    assert roots == {name: runs[RunId(name)].context.root for name in RUNS}


def test_going_refuses_what_a_ledger_cannot_do(whole: Path) -> None:
    """What happened is not undone, and what never began is not found."""
    runs = Going(segments(whole))
    with pytest.raises(TypeError, match="cannot be taken away"):
        del runs[RunId("run-0001")]
    with pytest.raises(KeyError):
        runs[RunId("run-0001")]
    assert (None, False, 0) == (runs.get(RunId("run-0001")), RunId("run-0001") in runs, len(runs))


# Processes.


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any ledger is verified by two processes, which tell how far they are all the time."""
    monkeypatch.setattr(verifying, "SHARED_FROM", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)


def children() -> set[str]:
    """Returns the processes that this one has begun and not yet taken leave of."""
    own = Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii").split()
    return set(own)


@pytest.mark.usefixtures("shared")
def test_processes_find_what_one_finds(whole: Path, tmp_path: Path) -> None:
    """Of a whole ledger and a damaged one; none of them is left."""
    before = children(), open_files()
    assert in_shares(whole, 1) == verifying.verify_ledger(whole)
    ledger = copied(whole, tmp_path / "ledger")
    [file] = segments(ledger)
    file.write_bytes(file.read_bytes().replace(b"seed of run-0006", b"deed of run-0006", 1))

    assert in_shares(ledger, 1) == verifying.verify_ledger(ledger)
    assert 0 < in_shares(ledger, 1).bad_seq
    assert before == (children(), open_files())


@pytest.mark.usefixtures("shared")
def test_progress_only_grows_and_comes_to_an_end(whole: Path) -> None:
    """It is told as the slowest share is; the last word is that all was read."""
    told: list[tuple[int, int, int]] = []
    found = verifying.verify_ledger(whole, lambda *words: told.append(words))
    total = sum(path.stat().st_size for path in segments(whole))

    assert (found.records, total, total) == told[-1]
    assert sorted(told) == told


def test_progress_is_as_the_slowest_share(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of which tells after some records, whole steps of them."""
    monkeypatch.setattr(verify_share, "STEP", 10)
    told: list[tuple[int, int]] = []
    found = verify_share.verify_share(whole, 0, 2, lambda *words: told.append(words))
    slow: list[tuple[int, int, int]] = []
    both = verifying._Told(2, 10**6, lambda *words: slow.append(words))
    for words in told:
        both.tell(0, *words)
    assert [] == slow
    for words in told:
        both.tell(1, *words)

    assert sorted(told) == told
    assert found.records // 20 <= len(told)
    assert [(*words, 10**6) for words in told] == slow
    assert all(later - earlier >= 10 for (earlier, _), (later, _) in pairwise(told))


def test_a_small_ledger_tells_its_end_as_well(whole: Path) -> None:
    """Though no process was begun for it."""
    told: list[tuple[int, int, int]] = []
    found = verifying.verify_ledger(whole, lambda *words: told.append(words))

    assert [found.records] == [records for records, *_ in told]


@pytest.mark.usefixtures("shared")
def test_a_process_that_is_killed_is_told_of_in_a_sentence(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which ledger, what happened, what to do; and nothing is left of the others."""
    before, real = (children(), open_files()), subprocess.Popen
    begun: list[subprocess.Popen[bytes]] = []

    def stopped(*arguments: Any, **more: Any) -> subprocess.Popen[bytes]:
        child = real(*arguments, **more)
        if not begun:
            child.send_signal(signal.SIGKILL)
        begun.append(child)
        return child

    monkeypatch.setattr(subprocess, "Popen", stopped)
    with pytest.raises(OSError, match=r"ended with exit code -9; verify it again") as told:
        verifying.verify_ledger(whole)

    assert str(whole) == told.value.filename
    assert before == (children(), open_files())
    assert 2 == len(begun)


@pytest.mark.usefixtures("shared")
def test_a_process_that_cannot_be_begun_leaves_no_other(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is ended when the second cannot be."""
    before, real = (children(), open_files()), subprocess.Popen
    begun: list[object] = []

    def only_one(*arguments: Any, **more: Any) -> subprocess.Popen[bytes]:
        if begun:
            raise OSError(11, "Resource temporarily unavailable")
        begun.append(real(*arguments, **more))
        return begun[0]  # type: ignore[return-value]

    monkeypatch.setattr(subprocess, "Popen", only_one)
    with pytest.raises(OSError, match="temporarily unavailable"):
        verifying.verify_ledger(whole)

    assert before == (children(), open_files())


@pytest.mark.usefixtures("shared")
def test_a_ledger_that_cannot_be_read_is_told_by_its_file(tmp_path: Path, whole: Path) -> None:
    """In the words of the process that tried."""
    ledger = copied(whole, tmp_path / "ledger")
    gone = ledger / "000000000999.jsonl"
    gone.touch()
    found = verifying.segments

    def and_then_it_goes(directory: Path) -> list[Path]:
        files = found(directory)
        gone.unlink(missing_ok=True)
        gone.symlink_to(gone)
        return files

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verifying, "segments", and_then_it_goes)
        with pytest.raises(OSError, match="symbolic links") as told:
            verifying.verify_ledger(ledger)

    assert str(gone) == told.value.filename


def test_no_ledger_is_no_verified_ledger(tmp_path: Path) -> None:
    """It is an error, which names the place."""
    with pytest.raises(FileNotFoundError, match="there is no ledger"):
        verifying.verify_ledger(tmp_path / "nowhere")


def test_a_process_whose_listener_is_gone_ends_without_a_word(whole: Path) -> None:
    """As when whoever verified was killed."""
    child = subprocess.Popen(
        [sys.executable, "-m", "converge_desktop.runtime.verify_child", str(whole), "0", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=child_environment(),
    )
    assert child.stdout is not None
    child.stdout.close()
    assert child.stderr is not None
    with child.stderr as said:
        assert b"" == said.read()
    assert 0 == child.wait(60)
