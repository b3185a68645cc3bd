"""The few calls that decide whether bytes survive a crash."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def write_all(fd: int, data: bytes) -> None:
    """Writes all of ``data``, in as many calls as it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def require_linked(fd: int, path: Path) -> None:
    """Refuses to write to a file that nobody could find again.

    Raises:
        OSError: if it is not the one at ``path``, because it was removed, moved or replaced.
    """
    opened = os.fstat(fd)
    try:
        found = os.stat(path)  # noqa: PTH116 - before every write
    except FileNotFoundError:
        found = None
    if found is None or (found.st_ino, found.st_dev) != (opened.st_ino, opened.st_dev):
        raise OSError(errno.ENOENT, "it was removed or moved while it was in use")


def make_directory(directory: Path) -> None:
    """Makes a directory that will be there after a crash; one that is there already costs little.

    Raises:
        OSError: if it cannot be made.
    """
    if directory.is_dir():
        return
    missing = [one for one in (directory, *directory.parents) if not one.exists()]
    directory.mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync_directory(made.parent)


def write_durably(path: Path, data: bytes) -> None:
    """Writes a file, readable by its owner alone, that will be there after a crash."""
    path.unlink(missing_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        write_all(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Makes durable which files lie in ``directory``."""
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
