"""Folders on a disk that a test fills up, and a thread that permissions bind."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SIZE = "4m"
_CAPABILITIES = 0x2008_0522
"""The version of the kernel's sets of capabilities, of which the first is the effective one."""
_PASSES_BY = 1 << 1 | 1 << 2
"""The capabilities to write, and to read, what permissions forbid."""


class Room:
    """A folder whose disk can be filled up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Leaves no room."""
        with (self.folder / "ballast").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    def make_room(self) -> None:
        """Makes room again."""
        (self.folder / "ballast").unlink(missing_ok=True)


class Limited(Room):
    """One where the kernel refuses to let any file of this process grow, as a full disk would."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, self._before[1]))

    def make_room(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


@contextmanager
def mounted(folder: Path) -> Iterator[Room]:
    """Gives a small disk of its own, mounted at a folder; skips where nobody may do that."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    done = shutil.which("mount") and subprocess.run(command, capture_output=True, check=False)
    if not done or done.returncode:
        pytest.skip("no disk can be mounted here; the one that is limited stands in for it")
    try:
        yield Room(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def limited(folder: Path) -> Iterator[Room]:
    """Gives a folder where no file may grow once it is full."""
    room = Limited(folder)
    try:
        yield room
    finally:
        room.make_room()


@contextmanager
def bound() -> Iterator[None]:
    """Has this thread, and those that it begins, be bound by permissions, as root is not."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = (ctypes.c_uint32 * 2)(_CAPABILITIES, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, sets) == 0, os.strerror(ctypes.get_errno())
    before = sets[0]
    sets[0] = before & ~_PASSES_BY
    assert libc.capset(header, sets) == 0, os.strerror(ctypes.get_errno())
    try:
        yield
    finally:
        sets[0] = before
        assert libc.capset(header, sets) == 0, os.strerror(ctypes.get_errno())
