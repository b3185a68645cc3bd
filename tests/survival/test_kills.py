"""kill -9 at any moment: nothing acknowledged is lost, nothing is doubled, the end is the same."""

from __future__ import annotations

from pathlib import Path

from tests.runtime.folders import make_folder
from tests.survival.desks import kill_desks
from tests.survival.kills import kill, kill_again, without_threads


def test_a_process_killed_at_any_boundary_of_its_writes_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    """Before and in the middle of each operation on a file; after it is before the next."""
    with without_threads() as process:
        tally, places = process.submit(kill, tmp_path, moments=("before", "half of")).result()

    assert [] == tally.wrong
    assert places == tally.kills.total()
    assert {"write", "sync", "make", "sync-names"} <= {kind for _, kind in tally.kills}


def test_a_process_killed_again_while_it_takes_up_what_the_first_left(tmp_path: Path) -> None:
    """Half a batch on disk, and then killed at each of the first steps of the recovery."""
    with without_threads() as process:
        tally = process.submit(kill_again, tmp_path, 30).result()

    assert [] == tally.wrong
    assert tally.kills.total() > 30


def test_whole_desks_killed_at_work_lose_and_double_nothing(tmp_path: Path) -> None:
    """With their threads, their view and the shipped model: started again, they reach the end."""
    folder = make_folder(tmp_path / "failing", failed=1)

    killed, wrong = kill_desks(tmp_path, folder, 2)

    assert [] == wrong
    assert killed
