"""The few calls that decide whether bytes survive a crash."""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path

from converge_core.errors import IllegalCommand


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


def require_outside(path: Path, directory: Path) -> None:
    """Refuses to write what is meant for others among the files of a directory of our own.

    Raises:
        IllegalCommand: if that is where it would lie.
    """
    if path.resolve().is_relative_to(directory.resolve()):
        raise IllegalCommand(
            f"{path} would lie among the files of the desk itself; choose another folder"
        )


def require_file(path: Path) -> None:
    """Refuses to take the place of what is no file, such as a folder or a pipe.

    Raises:
        OSError: if that is what lies there.
    """
    if path.exists() and not path.is_file():
        what = "what lies there is no file, but a directory, a pipe or a device"
        raise OSError(errno.EINVAL, what, str(path))


def replace_durably(path: Path, data: bytes) -> None:
    """Writes a file in the place of what lies there, which stays where that cannot be done.

    Raises:
        OSError: if it cannot be written, or if what lies there is no file.
    """
    require_file(path)
    unfinished = path.with_name(f".converge-{secrets.token_hex(8)}.part")
    try:
        write_durably(unfinished, data)
        unfinished.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def sync_directory(directory: Path) -> None:
    """Makes durable which files lie in ``directory``."""
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
