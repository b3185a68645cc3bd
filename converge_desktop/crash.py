"""What is left of a crash: a report in a file beside the data, told of at the next start.

It stays on this machine. It holds the stack of every thread, the versions of what ran and the last
lines of the log; the person's home folder is written as ``~`` in it.
"""

from __future__ import annotations

import faulthandler
import platform
import sys
import threading
import traceback
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import IO

from converge_desktop.logs import LOG, last_lines, log_file

Told = Callable[[BaseException], None]
_LOG_LINES = 60
_PARTS = ("converge-desktop", "PySide6-Essentials", "llama-cpp-python", "surrealdb", "polars")


class CrashLog:
    """Writes what goes wrong to ``crash.log`` in a data directory while a session lasts.

    A session that ends in good order takes the file away. Where one was left behind with something
    in it, a report is made of it. Make it before the log of the new session is opened.

    Args:
        directory: the data directory; made if missing.

    Attributes:
        fresh: whether the session before this one ended in a crash.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / "crash.log"
        self._report = directory / "crash.last.log"
        self.fresh = self._take_last(log_file(directory))
        self._file: IO[str] = self._path.open("w", encoding="utf-8")
        self._tell: Told | None = None

    @property
    def last(self) -> str:
        """Where the report of a crash lies that nobody has deleted yet; empty if there is none."""
        return str(self._report) if self._report.exists() else ""

    def install(self, tell: Told | None = None) -> None:
        """Catches what no one else catches, in every thread and below Python.

        Args:
            tell: called with what was caught, on the thread where it went wrong.
        """
        self._tell = tell
        faulthandler.enable(self._file)
        sys.excepthook = self._write
        threading.excepthook = lambda hook: self._write(
            hook.exc_type, hook.exc_value, hook.exc_traceback
        )

    def close(self) -> None:
        """Ends an orderly run: what went wrong in it was told, and stands in the log."""
        faulthandler.disable()
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        self._file.close()
        self._path.unlink(missing_ok=True)

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
        LOG.error("%s", "".join(lines).rstrip())
        if self._tell is not None and error is not None:
            self._tell(error)

    def _take_last(self, log: Path) -> bool:
        if not self._path.exists() or not self._path.stat().st_size:
            return False
        left = self._path.read_text(encoding="utf-8", errors="replace")
        self._report.write_text(report(left, last_lines(log, _LOG_LINES)), encoding="utf-8")
        self._path.unlink()
        return True


def report(left: str, log: str) -> str:
    """Puts the report of a crash together, for people.

    Args:
        left: what the session that crashed left behind.
        log: the last lines of its log.
    """
    text = "\n".join(
        (
            "Converge Desktop: a session ended in a crash.",
            "This report lies on your machine only; nothing of it was sent anywhere.",
            "",
            *_versions(),
            "",
            "What was left behind:",
            left.rstrip(),
            "",
            "The last lines of the log:",
            log.rstrip() or "There is no log.",
            "",
        )
    )
    return text.replace(str(Path.home()), "~")


def _versions() -> list[str]:
    system = f"{platform.system()} {platform.release()}, {platform.machine()}"
    said = [f"Python {platform.python_version()} on {system}"]
    for part in _PARTS:
        try:
            said.append(f"{part} {version(part)}")
        except PackageNotFoundError:
            continue
    return said


def fault_words(error: BaseException) -> str:
    """Says in sentences what went wrong in the window, where, and what to do."""
    place = place_of(error)
    where = f" It happened in {place}." if place else ""
    what = str(error).strip() or "it brought no words along"
    return (
        f"Something went wrong in the window: {type(error).__name__}, {what}.{where} What you did "
        "last may not have been finished; look before you do it again. The log has more."
    )


def place_of(error: BaseException) -> str:
    """Says where something went wrong, as in ``review.py, line 120``; empty if not known."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "converge" in frame.filename] or list(frames)
    return f"{Path(ours[-1].filename).name}, line {ours[-1].lineno}" if ours else ""
