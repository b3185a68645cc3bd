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


def require_linked(fd: int) -> None:
    """Refuses to write to a file that nobody could find again.

    Raises:
        OSError: if the file was removed.
    """
    if os.fstat(fd).st_nlink == 0:
        raise OSError(errno.ENOENT, "it was removed while it was in use")


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
