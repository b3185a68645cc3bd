"""Runs that have stopped are not kept; what is read of them again is what they were."""

from __future__ import annotations

import gc
import os
from types import FunctionType, ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converge_core.errors import LedgerCorrupt
from converge_core.ids import RunId
from converge_core.run_state import Phase, RunState
from converge_desktop.runtime.shelf import RECENT
from tests.runtime.journals import Scripted, folded, told
from tests.survival.story import ANNA


def kept_of(desk: Scripted) -> list[RunState]:
    """Returns the runs that a desk has in memory, wherever it keeps them."""
    found: list[RunState] = []
    seen, left = set[int](), [desk.journal.reader]
    while left:
        one: Any = left.pop()
        if id(one) in seen or isinstance(one, (type, ModuleType, FunctionType)):
            continue
        seen.add(id(one))
        left += gc.get_referents(one)
        if isinstance(one, RunState):
            found.append(one)
    return found


@pytest.fixture
def busy(scripted: Scripted) -> Scripted:
    """More runs than stay in memory, each of which continues or forks another, or begins anew."""
    desk, names = scripted, [f"run-{number:04d}" for number in range(RECENT + 12)]
    for number, name in enumerate(names):
        origin = names[number - 1] if number % 4 else ""
        forked_at = None
        if number % 4 == 2:
            forked_at = desk.run(origin).started_seq + number % 9
        desk.begin(name, origin, forked_at)
        desk.answer(name, "reject" if number % 3 == 2 else "approve")
    return desk


def test_runs_that_have_stopped_leave_memory(busy: Scripted) -> None:
    """As many as were looked at last stay; there are more, and one may ask for each."""
    assert RECENT == len(kept_of(busy))
    assert RECENT + 12 == len(busy.desk.runs)
    for name in busy.desk.runs:
        assert name == busy.run(name).run
    assert RECENT == len(kept_of(busy))


def test_what_comes_back_is_what_it_was(busy: Scripted) -> None:
    """Context, root, gates, answers, traces and all else, of runs that go on from others too."""
    expected = folded(busy.directory)
    for _ in range(2):
        assert list(expected.runs) == list(busy.desk.runs)
        for name, run in expected.runs.items():
            assert told(run) == told(busy.run(name))
        busy.reopen()
    assert all(run.traces and run.gates for run in expected.runs.values())
    assert {True, False} == {run.base_facts > 0 for run in expected.runs.values()}


def test_what_is_looked_at_stays(busy: Scripted) -> None:
    """It is not read again as long as it is among those that were looked at last."""
    first, second, *others = list(busy.desk.runs)
    run = busy.run(first)
    for name in others[: RECENT - 1]:
        assert busy.run(name)
    assert run is busy.run(first)
    assert busy.run(second)
    assert run is busy.run(first)
    for name in others[:RECENT]:
        assert busy.run(name)
    assert run is not busy.run(first)


def test_as_of_any_record_a_run_is_what_the_records_up_to_there_say(
    scripted: Scripted,
) -> None:
    """While it runs, waits and has stopped, and for those that went on from it or were forked."""
    desk = scripted
    desk.begin("a")
    desk.begin("b")
    desk.answer("a")
    desk.begin("c", "a")
    desk.begin("d", "b", desk.run("b").started_seq + 3)
    desk.answer("b")
    desk.begin("e", "c", desk.desk.seq)
    desk.answer("c")
    end = desk.desk.seq + 1
    for before in range(1, end + 1):
        expected = folded(desk.directory, before).runs
        for name in map(RunId, "abcde"):
            if name not in expected:
                with pytest.raises(KeyError):
                    desk.desk.runs.as_of(name, before)  # type: ignore[attr-defined]
                continue
            found = desk.desk.runs.as_of(name, before)  # type: ignore[attr-defined]
            assert told(expected[name]) == told(found)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["begin", "continue", "fork", "answer", "cancel", "reopen"]),
        st.integers(0, 99),
    ),
    max_size=14,
)


@settings(max_examples=20)
@given(STEPS, st.data())
def test_whatever_was_done_at_a_desk_its_runs_are_those_of_its_records(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]], data: st.DataObject
) -> None:
    """Opened again in between, now and at any record."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda fd: None)
        patched.setattr("converge_desktop.runtime.shelf.RECENT", 2)
        desk = Scripted(tmp_path_factory.mktemp("desk"), 8000)
        desk.enrol(ANNA)
        for what, number in steps:
            do(desk, what, number)
        expected = folded(desk.directory)
        assert list(expected.runs) == list(desk.desk.runs)
        assert {name: told(run) for name, run in expected.runs.items()} == {
            name: told(run) for name, run in desk.desk.runs.items()
        }
        before = data.draw(st.integers(0, desk.desk.seq + 1))
        for name, run in folded(desk.directory, before).runs.items():
            assert told(run) == told(desk.desk.runs.as_of(name, before))  # type: ignore[attr-defined]
        desk.journal.close()


def do(desk: Scripted, what: str, number: int) -> None:
    """Does one thing at a desk, if it can be done there."""
    runs = list(desk.desk.runs.values())
    waiting = [one.run for one in runs if one.phase is Phase.WAITING]
    stopped = [one.run for one in runs if one.phase is Phase.STOPPED]
    name = f"run-{len(runs) + 1:04d}"
    if what == "begin":
        desk.begin(name)
    elif what == "reopen":
        desk.reopen()
    elif what == "continue" and stopped:
        desk.begin(name, stopped[number % len(stopped)])
    elif what == "fork" and runs:
        origin = runs[number % len(runs)]
        seq = origin.started_seq + number % (desk.desk.seq + 1 - origin.started_seq)
        desk.begin(name, origin.run, seq)
    elif what == "answer" and waiting:
        desk.answer(waiting[number % len(waiting)])
    elif what == "cancel" and waiting:
        desk.cancel(waiting[number % len(waiting)])


def test_a_long_line_of_runs_is_read_again(scripted: Scripted) -> None:
    """Four hundred, each going on from the one before: no depth is too great to be read."""
    desk = scripted
    desk.begin("run-0000")
    desk.cancel("run-0000")
    for number in range(1, 400):
        desk.begin(f"run-{number:04d}", f"run-{number - 1:04d}")
        desk.cancel(f"run-{number:04d}")
    desk.reopen()

    assert 400 == desk.run("run-0399").context.count()
    assert 200 == desk.run("run-0199").context.count()
    assert desk.run("run-0398").context.root == desk.run("run-0399").started.base_root


def test_ids_go_on_being_counted(busy: Scripted) -> None:
    """After a night, and another: no run has the name of one that was."""
    for _ in range(2):
        busy.reopen()
        number = len(busy.desk.runs)
        name = f"run-{number:04d}"
        assert RunId(name) not in busy.desk.runs
        assert RunId(f"run-{number - 1:04d}") in busy.desk.runs
        busy.begin(name)


def test_no_run_is_taken_away(busy: Scripted) -> None:
    """What happened is not undone."""
    name = next(iter(busy.desk.runs))
    with pytest.raises(TypeError, match="cannot be taken away"):
        del busy.desk.runs[name]
    assert name in busy.desk.runs


def test_a_run_that_never_was_is_not_found(busy: Scripted) -> None:
    """By none of the ways in which one looks for it."""
    runs, name = busy.desk.runs, RunId("run-9999")

    assert (False, None, "no") == (name in runs, runs.get(name), runs.get(name, "no"))
    with pytest.raises(KeyError):
        runs[name]


def test_a_run_whose_records_were_changed_meanwhile_is_refused(busy: Scripted) -> None:
    """It is not shown from what is left of it."""
    name = next(iter(busy.desk.runs))
    for file in (busy.directory / "ledger").iterdir():
        file.write_bytes(file.read_bytes().replace(b"seed of", b"deed of"))

    with pytest.raises(LedgerCorrupt):
        busy.run(name)


def test_going_runs_are_kept_however_many(scripted: Scripted) -> None:
    """They are what a desk is at; opened again they are there, in the order of their beginning."""
    names = [f"run-{number:04d}" for number in range(RECENT + 3)]
    for name in names:
        scripted.begin(name)
    scripted.answer(names[1])
    scripted.reopen()
    going = [run.run for run in scripted.journal.reader.runs.going()]

    assert [names[0], *names[2:]] == going
    assert len(names) - 1 == len(kept_of(scripted))
