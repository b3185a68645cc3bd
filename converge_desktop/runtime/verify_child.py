"""The process that verifies a share of a ledger, so that the window stays free.

``python -m converge_desktop.runtime.verify_child DIRECTORY NUMBER SHARES`` prints a line of JSON
now and then, with how far it is, and a last one with what it found.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from converge_desktop.runtime.verify_share import Finding, verify_share


class Said(msgspec.Struct, omit_defaults=True):
    """A line that is printed: how far it is, or what came of it.

    Attributes:
        records: how many hold so far.
        size: the bytes they take.
        finding: what came of it, in the last line.
        trouble: why the ledger could not be read, in the last line.
        place: where that was.
    """

    records: int = 0
    size: int = 0
    finding: Finding | None = None
    trouble: str = ""
    place: str = ""


def main(directory: str, number: str, shares: str) -> None:
    """Verifies a share and prints what comes of it."""
    if sys.platform != "win32":
        os.nice(10)  # the window goes first
    try:
        found = verify_share(Path(directory), int(number), int(shares), _tell)
    except OSError as error:
        _say(Said(trouble=error.strerror or str(error), place=str(error.filename or directory)))
    else:
        _say(Said(finding=found))


def _tell(records: int, size: int) -> None:
    _say(Said(records, size))


def _say(said: Said) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:4])
    except BrokenPipeError:  # whoever wanted to know is gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
