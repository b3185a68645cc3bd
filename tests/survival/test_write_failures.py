"""A disk that is full, failing, read-only or gone: nothing is kept, and that is told.

The file is read again, and work goes on when there is room.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from converge_core.errors import ConvergeError
from converge_desktop.adapters.ledger.ledger_file import LedgerWriteFailed
from tests.survival.files import Op, watched
from tests.survival.scripted import Noticed, ScriptedDesk
from tests.survival.story import NOON, Teller, Told, told_by

ROOM_AGAIN = 3
"""How many steps are tried in vain before there is room again."""


class Disk:
    """A disk that fails at its operation number ``at``, and from then on until it is mended."""

    def __init__(self, at: int, error: int, half: bool = False) -> None:
        self.at, self.error, self.half = at, error, half
        self.done = 0
        self.failed: list[str] = []
        self.mended = False

    def watch(self, op: Op, do: Callable[..., Any]) -> Any:
        self.done += 1
        if self.done <= self.at or self.mended:
            return do()
        self.failed.append(f"{op.kind} {op.name}")
        if self.half and op.kind == "write" and len(self.failed) == 1:
            return do(op.data[: len(op.data) // 2])
        raise OSError(self.error, os.strerror(self.error))


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda fd: None)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[Told, int]:
    """A story without trouble: what it came to, and how many operations on files it took."""
    directory = tmp_path_factory.mktemp("story")
    disk = Disk(1 << 30, errno.EIO)
    with watched(directory, disk.watch):
        Teller(directory).tell()
    return told_by(directory), disk.done


def told_through(directory: Path, disk: Disk) -> tuple[set[str], list[str]]:
    """Tells the story over a disk that fails and is mended after some steps in vain.

    Returns:
        The hashes that ended acknowledged batches, and what should not have been so.
    """
    heard: set[str] = set()
    wrong: list[str] = []
    teller: Teller | None = None
    in_vain = 0
    while True:
        try:
            if teller is None:
                teller = Teller(directory, lambda entries: heard.add(entries[-1].hash))
            before = teller.journal.seq, teller.journal.state.seq
            if not teller.step():
                teller.close()
                return heard, wrong
            continue
        except LedgerWriteFailed:
            if teller is not None and before != (teller.journal.seq, teller.journal.state.seq):
                wrong.append(f"{before} became {teller.journal.seq} by a step that failed")
        except OSError:
            teller = None  # a desk that cannot be opened is opened anew
        in_vain += 1
        disk.mended = in_vain >= ROOM_AGAIN
        if in_vain > 3 * ROOM_AGAIN:
            return heard, [*wrong, "work did not go on"]


@pytest.mark.parametrize(
    ("error", "half"),
    [(errno.ENOSPC, True), (errno.EIO, False), (errno.EROFS, False)],
    ids=["full half-way", "failing", "read-only"],
)
def test_a_disk_that_fails_at_any_operation_keeps_nothing_and_work_goes_on(
    story: tuple[Told, int], tmp_path: Path, error: int, half: bool
) -> None:
    """At every write and sync of the story, for a while: the same root, and nothing untold."""
    unbroken, operations = story
    wrong = []
    for at in range(operations):
        directory = tmp_path / str(at)
        directory.mkdir()
        disk = Disk(at, error, half)
        try:
            with watched(directory, disk.watch):
                heard, found = told_through(directory, disk)
            told = told_by(directory)
        except ConvergeError as refused:
            wrong.append(f"at {at}, {disk.failed[:3]}: {refused}")
            continue
        found += ["lost a batch"] * (not heard <= set(told.hashes))
        found += [f"doubled {one}" for one in told.doubled]
        found += [f"came to {told.roots}"] * (told.roots != unbroken.roots)
        untold = set(told.closing[1:]) - heard
        found += ["holds what was never acknowledged"] * bool(untold)
        wrong += [f"at {at}, {disk.failed[:3]}: {one}" for one in found]
        shutil.rmtree(directory)

    assert [] == wrong


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Has the kernel itself refuse to let files grow beyond ``size``, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [0, 1, 200])
def test_a_disk_that_is_really_full_cuts_a_write_short_and_nothing_stays(
    tmp_path: Path, room: int
) -> None:
    """With room for a part of the next batch only: that part is gone, and fits in later."""
    teller = Teller(tmp_path)
    for _ in range(6):
        teller.step()
    segment = max((tmp_path / "ledger").glob("*.jsonl"))
    before = segment.read_bytes()
    with no_file_larger_than(len(before) + room), pytest.raises(LedgerWriteFailed, match="large"):
        teller.step()

    assert segment.read_bytes().startswith(before)
    whole = told_by(tmp_path)
    assert len(whole.hashes) == teller.journal.seq + 1 == teller.journal.state.seq + 1
    teller.tell()
    assert [] == told_by(tmp_path).doubled
    assert 1 == len(told_by(tmp_path).roots)


@pytest.mark.parametrize("gone", ["ledger", "texts", "."])
def test_a_directory_that_is_taken_away_and_put_back(
    story: tuple[Told, int], tmp_path: Path, gone: str
) -> None:
    """Nothing is written where nobody finds it, no new ledger begins, and then it goes on."""
    data_dir = tmp_path / "data"
    teller = Teller(data_dir)
    for _ in range(4):
        teller.step()
    before = teller.journal.seq
    (data_dir / gone).resolve().rename(tmp_path / "away")
    failed = 0
    for _ in range(3):
        try:
            teller.step()
        except LedgerWriteFailed:
            failed += 1
    if gone != "texts":
        assert (3, before) == (failed, teller.journal.seq)
        assert not (data_dir / "ledger").exists()
    shutil.rmtree(data_dir / gone, ignore_errors=True)
    (tmp_path / "away").rename((data_dir / gone).resolve())
    teller.tell()

    assert story[0].roots == told_by(data_dir).roots
    assert [] == told_by(data_dir).doubled


def test_a_desk_tells_of_every_write_that_failed_and_goes_on(tmp_path: Path) -> None:
    """At every operation of a run on the engine thread: whoever asked hears of it, or everybody."""
    disk = Disk(1 << 30, errno.ENOSPC)
    unbroken, operations = _run_over(tmp_path / "unbroken", disk)
    for at in range(operations):
        disk = Disk(at, errno.ENOSPC)
        # The same person at each desk: who approved is part of what a context says.
        shutil.copytree(tmp_path / "unbroken" / "keys", tmp_path / str(at) / "keys")
        root, _ = _run_over(tmp_path / str(at), disk)

        assert (at, unbroken) == (at, root)


def _run_over(data_dir: Path, disk: Disk) -> tuple[str, int]:
    """Has a run on a desk whose disk fails once the desk is open; returns its root."""
    desk = ScriptedDesk(data_dir, count(NOON).__next__)
    told: list[str] = []
    try:
        with watched(data_dir, disk.watch):
            for _ in range(4):
                try:
                    root = _gone_on(desk)
                    break
                except (LedgerWriteFailed, Noticed) as error:
                    told.append(str(error))
                disk.mended = True
                desk.ask(desk.engine.resume)
        assert all("No space left" in words for words in told)
        assert told or all(" snapshots/" in one for one in disk.failed)
    finally:
        desk.close()
    return root, disk.done


def _gone_on(desk: ScriptedDesk) -> str:
    runs = desk.ask(desk.engine.views.runs)
    run = runs[0].run_id if runs else desk.begin()
    desk.until(run, "waiting", "stopped")
    for gate in desk.gates(run):
        desk.approve(gate)
    return desk.until(run, "stopped").root
