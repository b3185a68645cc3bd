"""A run that is held while something else happens: the process dies, a deadline passes, an undo."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from converge_core.errors import IllegalCommand
from tests.runtime.conftest import OpenDesk
from tests.runtime.test_deadlines import HOUR, Hand, OpenAt, open_at, packs, written
from tests.runtime.test_main_path import ask
from tests.runtime.test_survival import RUNS

__all__ = ["open_at", "packs"]
WAITS = '    watch.phase(run, "waiting")\n'
HOLDS = RUNS.replace(WAITS, '    desk.pause(run, "lunch").result(30)\n')


def test_killed_while_it_is_held_it_is_still_held(
    open_desk: OpenDesk, data_dir: Path, failing: Path
) -> None:
    """kill -9 while its agents had just been given up; it goes on only once somebody lets it."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(data_dir), str(failing)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        run = other.stdout.readline().strip()
        other.send_signal(signal.SIGKILL)
        other.wait(30)
    desk, watch = open_desk()
    view = desk.run_view(run).result(10)
    assert ("paused", "alice", "lunch") == (view.row.phase, view.row.paused_by, view.pause_reason)
    desk.resume(run).result(60)
    watch.phase(run, "waiting")
    assert -1 == desk.verify().result(30).bad_seq


def test_a_deadline_passes_while_it_is_held_and_the_desk_is_closed(
    packs: Path, open_at: OpenAt, failing: Path
) -> None:
    """The gate is closed by the time the desk opens; what follows from it waits for the resume."""
    written(packs, 'deadline = "1 h"')
    clock = Hand()
    desk, watch = open_at(clock)
    run, _ = ask(desk, watch, failing)
    desk.pause(run).result(10)
    desk.close()
    clock.ahead = 2 * HOUR

    desk, watch = open_at(clock)
    view = desk.run_view(run).result(10)
    assert ("paused", 0) == (view.row.phase, view.row.open_gates)
    assert any(kind == "expired" for kind, _ in view.why_not)
    assert () == desk.inbox().result(10)
    desk.resume(run).result(60)
    view = watch.phase(run, "stopped")
    assert "Strategies" not in dict(view.context)
    assert -1 == desk.verify().result(30).bad_seq


def test_an_answer_that_can_be_undone_settles_while_it_is_held(
    packs: Path, open_at: OpenAt, failing: Path
) -> None:
    """Its time is over as ever; the fact is made once the run goes on, and not before."""
    written(packs, 'deadline = "3 h"\nundo = "1 h"')
    clock = Hand()
    desk, watch = open_at(clock)
    run, review = ask(desk, watch, failing)
    desk.decide(review.gate_id, "approve", "", review.digest).result(10)
    desk.pause(run).result(10)
    view = desk.run_view(run).result(10)
    assert "paused" == view.row.phase
    clock.ahead = 2 * HOUR
    desk.resume(run).result(60)
    assert "Strategies" in dict(watch.phase(run, "stopped").context)


def test_who_presses_twice_is_told_what_is_so_already(open_desk: OpenDesk, failing: Path) -> None:
    """Both presses on their way at once; one counts."""
    desk, watch = open_desk()
    run, _ = ask(desk, watch, failing)
    asked = [desk.pause(run, "a"), desk.pause(run, "b")]
    asked[0].result(10)
    with pytest.raises(IllegalCommand, match=r"is suspended by alice \(a\)"):
        asked[1].result(10)
    both = [desk.resume(run), desk.resume(run)]
    errors = [one.exception(60) for one in both]
    assert [type(one) for one in errors if one is not None] == [IllegalCommand]
    assert "waiting" == watch.phase(run, "waiting").row.phase


def test_it_is_stopped_while_it_is_being_let_go_on(open_desk: OpenDesk, failing: Path) -> None:
    """Whichever comes first, it ends stopped, and nothing of it begins afterwards."""
    desk, watch = open_desk()
    run, _ = ask(desk, watch, failing)
    desk.pause(run).result(10)
    resumed, stopped = desk.resume(run), desk.cancel(run)
    stopped.result(30)
    resumed.exception(60)
    assert "UserCancelled" == watch.phase(run, "stopped").stop_kind
    assert () == desk.inbox().result(10)
    assert -1 == desk.verify().result(30).bad_seq
