"""One program at a time on a data directory.

The embedded database lets two processes write the same files, and two ledgers cannot share a
chain, so the lock is taken before anything else is opened. It is the operating system's, bound to
the process: a crash releases it.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

_HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}
"""What the system says where somebody else holds a lock."""


class DataDirectoryBusy(Exception):
    """Another program has the data directory open."""


class DataDirectoryUnusable(Exception):
    """The data directory cannot be made or written."""


class DirectoryLock:
    """Holds a data directory until released."""

    def __init__(self, directory: Path) -> None:
        path = directory / "lock"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise DataDirectoryUnusable(
                f"{directory} cannot hold a desk: {error.strerror or error}. Choose a folder you "
                "may write to with --data-dir."
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _HELD:
                self._file.close()
                raise DataDirectoryUnusable(
                    f"{directory} lies on a file system that cannot lock it for one program "
                    f"alone ({error.strerror or error}), and without that two could write to one "
                    "ledger. Choose a folder on a disk of this machine with --data-dir."
                ) from error
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise DataDirectoryBusy(
                f"{directory} is open in another Converge Desktop (process {holder}). "
                "Close that one, or choose another place with --data-dir."
            ) from error
        self._file.seek(0)
        self._file.truncate()
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Lets others in. Safe to call twice."""
        if not self._file.closed:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
