"""Files that people bring along: anybody may have made them, and they may be anything."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from converge_core.errors import DecisionRefused


def open_carried(path: Path) -> BinaryIO:
    """Opens a file that somebody brought; a folder, a pipe or a device is none.

    Raises:
        DecisionRefused: if it is no file: reading a pipe could take for ever.
        OSError: if it cannot be read.
    """
    if path.exists() and not path.is_file():
        raise DecisionRefused(f"{path} is no file; choose the file that was made at the other desk")
    return path.open("rb")
