"""A file that is written beside its place, and takes it once it is whole.

What a process that was killed left of one goes with the next that is begun in the same folder. The
system drops the locks of a process with it, which tells what was left from what is being written.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from converge_desktop.adapters.disk import require_file, sync_directory
from converge_desktop.adapters.refused import said_of

_OURS = re.compile(r"\.converge-unfinished-[0-9a-f]{16}\.part")


@contextlib.contextmanager
def in_place_once_whole(path: Path) -> Iterator[FileIO]:
    """Gives a file to write to that takes the place of what lies at ``path`` at the end.

    Where whoever writes to it fails or gives up, nothing is left of it. It is not buffered, so that
    nothing is left to write as it is closed.

    Raises:
        OSError: if it cannot be made, kept or put there, or if what lies there is no file; it says
            where, and what to do.
    """
    _remove_what_was_left(path.parent)
    with said_of(path, "written"):
        require_file(path)
        part, file = _begun(path)
    try:
        with file:
            yield file
            with said_of(path, "written"):
                os.fsync(file.fileno())
                part.replace(path)
                sync_directory(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _begun(path: Path) -> tuple[Path, FileIO]:
    """Makes a file beside a place, and locks it where the file system can."""
    while True:
        part = path.with_name(f".converge-unfinished-{secrets.token_hex(8)}.part")
        file = part.open("xb", buffering=0)
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        if part.exists():
            return part, file
        file.close()  # before it was locked, somebody took it for one that was left


def _remove_what_was_left(folder: Path) -> None:
    """Removes files whose process is gone; what cannot be told, or removed, stays."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for found in entries:
            if _OURS.fullmatch(found.name) and found.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError), Path(found.path).open("r+b") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    Path(found.path).unlink()
