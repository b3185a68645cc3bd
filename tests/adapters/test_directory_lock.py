"""One program at a time on a data directory; a crash lets the next one in."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from converge_desktop.adapters.lock import (
    DataDirectoryBusy,
    DataDirectoryUnusable,
    DirectoryLock,
)

HOLD = """
import sys
from pathlib import Path
from converge_desktop.adapters.lock import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_program(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Runs a program that holds ``directory`` until it is killed, or its input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert "held\n" == program.stdout.readline()
        yield program


def test_a_directory_is_held_until_released(tmp_path: Path) -> None:
    """It is made if missing, and releasing twice does no harm."""
    with DirectoryLock(tmp_path / "data") as lock:
        with pytest.raises(DataDirectoryBusy):
            DirectoryLock(tmp_path / "data")
        lock.release()
    DirectoryLock(tmp_path / "data").release()


def test_whoever_comes_second_is_told_who_is_there_and_what_to_do(tmp_path: Path) -> None:
    """The process is named, and so is the way out."""
    with another_program(tmp_path) as program:
        with pytest.raises(DataDirectoryBusy) as busy:
            DirectoryLock(tmp_path)
        program.communicate()

    assert (
        f"{tmp_path} is open in another Converge Desktop (process {program.pid}). "
        "Close that one, or choose another place with --data-dir."
    ) == str(busy.value)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None])
def test_the_end_of_a_program_releases_its_directory(tmp_path: Path, end: int | None) -> None:
    """However it ends: the lock is the operating system's."""
    with another_program(tmp_path) as program:
        if end is not None:
            program.send_signal(end)
        program.communicate()

    with DirectoryLock(tmp_path):
        assert str(os.getpid()) == (tmp_path / "lock").read_text()


def test_two_directories_do_not_stand_in_each_others_way(tmp_path: Path) -> None:
    """A second desk in another place is fine."""
    with DirectoryLock(tmp_path / "one"), DirectoryLock(tmp_path / "two"):
        assert (tmp_path / "two" / "lock").exists()


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_place_that_can_hold_no_desk_is_a_sentence(tmp_path: Path, below: str) -> None:
    """A file where the folder should be, or on the way to it."""
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / below

    with pytest.raises(DataDirectoryUnusable) as refused:
        DirectoryLock(place)
    assert f"{place} cannot hold a desk: " in str(refused.value)
    assert "--data-dir" in str(refused.value)


def test_what_a_crash_left_in_the_lock_file_is_no_lock(tmp_path: Path) -> None:
    """A file with a number in it locks nothing."""
    (tmp_path / "lock").write_text("12345678901234567890")

    with DirectoryLock(tmp_path):
        assert str(os.getpid()) == (tmp_path / "lock").read_text()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_that_cannot_lock_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Nobody is named as being there; the folder, the reason and the remedy are."""

    def refuse(*arguments: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(DataDirectoryUnusable) as refused:
        DirectoryLock(tmp_path)

    assert (
        f"{tmp_path} lies on a file system that cannot lock it for one program alone "
        f"({os.strerror(code)}), and without that two could write to one ledger. Choose a folder "
        "on a disk of this machine with --data-dir."
    ) == str(refused.value)
