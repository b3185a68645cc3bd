"""The log of the window: what it did and what went wrong, in a file beside the data, never sent."""

from __future__ import annotations

import logging
from collections import deque
from logging.handlers import RotatingFileHandler
from pathlib import Path

LOG = logging.getLogger("converge_desktop")
_MOST_BYTES = 1_000_000
_OLD_FILES = 3


def log_file(directory: Path) -> Path:
    """Returns where the log of a data directory lies."""
    return directory / "logs" / "desktop.log"


class LogFile:
    """Writes what is logged to a file, which is kept small; older files lie beside it.

    Args:
        directory: the data directory. Where it cannot be written there is no log, and nothing
            else fails for it.
    """

    def __init__(self, directory: Path) -> None:
        path = log_file(directory)
        self.handler: logging.Handler = logging.NullHandler()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.handler = RotatingFileHandler(
                path, maxBytes=_MOST_BYTES, backupCount=_OLD_FILES, encoding="utf-8"
            )
        except OSError as error:
            LOG.warning("no log is kept: %s", error)
        self.handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        LOG.addHandler(self.handler)
        LOG.setLevel(logging.INFO)
        LOG.propagate = False

    def close(self) -> None:
        """Writes no more. Safe to call twice."""
        LOG.removeHandler(self.handler)
        LOG.propagate = True
        self.handler.close()


def last_lines(path: Path, most: int) -> str:
    """Returns the last lines of a log; nothing where there is none or it cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return "".join(deque(lines, most))
    except OSError:
        return ""
