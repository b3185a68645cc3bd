"""What is left of a crash: the stack of every thread, in a file beside the data, told next time."""

from __future__ import annotations

import faulthandler
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import IO


class CrashLog:
    """Writes crashes to ``crash.log`` in a data directory, and tells of the last one once.

    Args:
        directory: the data directory; made if missing.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / "crash.log"
        self.last = self._take_last()
        self._file: IO[str] = self._path.open("w", encoding="utf-8")

    def install(self) -> None:
        """Catches what no one else catches, in every thread and below Python."""
        faulthandler.enable(self._file)
        sys.excepthook = self._write
        threading.excepthook = lambda hook: self._write(
            hook.exc_type, hook.exc_value, hook.exc_traceback
        )

    def close(self) -> None:
        """Ends an orderly run; an empty log is removed."""
        faulthandler.disable()
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        self._file.close()
        if not self._path.stat().st_size:
            self._path.unlink()

    def _write(
        self,
        kind: type[BaseException],
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        lines = traceback.format_exception(kind, error, trace)
        self._file.writelines(lines)
        self._file.flush()
        sys.stderr.writelines(lines)

    def _take_last(self) -> str:
        if not self._path.exists() or not self._path.stat().st_size:
            return ""
        kept = self._path.with_suffix(".last.log")
        self._path.replace(kept)
        return str(kept)
