"""A file that is written beside its place takes it once it is whole; what was left of one goes."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from converge_desktop.adapters import unfinished
from converge_desktop.adapters.refused import Refused
from converge_desktop.adapters.unfinished import in_place_once_whole

LEFT = ".converge-unfinished-0123456789abcdef.part"


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda fd: None)


def test_it_takes_its_place_at_the_end_alone(tmp_path: Path) -> None:
    """Until then what lies there is what lay there."""
    path = tmp_path / "out"
    path.write_text("before")
    with in_place_once_whole(path) as file:
        file.write(b"after")
        assert "before" == path.read_text()

    assert ["out"] == [one.name for one in tmp_path.iterdir()]
    assert "after" == path.read_text()


def test_whoever_gives_up_leaves_nothing(tmp_path: Path) -> None:
    """And what lay there stays."""
    path = tmp_path / "out"
    path.write_text("before")

    def give_up() -> None:
        with in_place_once_whole(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        give_up()
    assert ["out"] == [one.name for one in tmp_path.iterdir()]
    assert "before" == path.read_text()


def test_what_a_killed_one_left_goes_and_what_is_written_still_does_not(tmp_path: Path) -> None:
    """Nor does what is only called alike, or leads elsewhere."""
    mine = tmp_path / "mine"
    mine.write_text("mine")
    (tmp_path / LEFT).write_text("half")
    (tmp_path / LEFT.replace("0", "f")).symlink_to(mine)
    (tmp_path / f"my{LEFT}").write_text("mine as well")
    with in_place_once_whole(tmp_path / "one") as one, in_place_once_whole(tmp_path / "two") as two:
        one.write(b"1")
        two.write(b"2")

    left = {path.name for path in tmp_path.iterdir()}
    assert {"mine", LEFT.replace("0", "f"), f"my{LEFT}", "one", "two"} == left
    assert ("1", "2") == tuple((tmp_path / name).read_text() for name in ("one", "two"))


def test_one_that_was_taken_for_left_is_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another may look between the moment in which it is made and that in which it is locked."""
    really, made = fcntl.flock, []

    def lock(file: object, how: int) -> None:
        if not made:
            made.extend(tmp_path.glob(".*"))
            made[0].unlink()
        really(file, how)  # type: ignore[arg-type]

    monkeypatch.setattr(unfinished.fcntl, "flock", lock)
    with in_place_once_whole(tmp_path / "out") as file:
        file.write(b"whole")

    assert made
    assert b"whole" == (tmp_path / "out").read_bytes()


def test_a_folder_that_is_not_there_is_said_with_the_file(tmp_path: Path) -> None:
    """By the name that was asked for, and not by that of what is written meanwhile."""
    path = tmp_path / "gone" / "out"
    with pytest.raises(FileNotFoundError) as gone, in_place_once_whole(path):
        pass

    assert (str(path), False) == (gone.value.filename, isinstance(gone.value, Refused))


@pytest.mark.parametrize("what", ["a pipe", "a folder"])
def test_what_is_no_file_is_not_replaced(tmp_path: Path, what: str) -> None:
    """That is said before anything is written."""
    path = tmp_path / "out"
    os.mkfifo(path) if what == "a pipe" else path.mkdir()

    with pytest.raises(OSError, match="no file") as refused, in_place_once_whole(path):
        pytest.fail("it was begun")

    assert str(path) == refused.value.filename
    assert [path] == list(tmp_path.iterdir())
    assert not path.is_file()


def test_what_a_killed_one_left_stays_where_it_is_no_file(tmp_path: Path) -> None:
    """Nobody waits for the other end of a pipe that is only called alike."""
    os.mkfifo(tmp_path / LEFT)
    (tmp_path / LEFT.replace("0", "f")).mkdir()
    with in_place_once_whole(tmp_path / "out") as file:
        file.write(b"whole")

    assert {"out", LEFT, LEFT.replace("0", "f")} == {path.name for path in tmp_path.iterdir()}


def test_a_folder_that_vanishes_meanwhile_is_said_with_the_file(tmp_path: Path) -> None:
    """Whatever was written so far is gone with it."""
    path = tmp_path / "gone" / "out"
    path.parent.mkdir()

    def write() -> None:
        with in_place_once_whole(path) as file:
            file.write(b"half")
            shutil.rmtree(path.parent)

    with pytest.raises(FileNotFoundError) as gone:
        write()
    assert str(path) == gone.value.filename
    assert [] == list(tmp_path.iterdir())
