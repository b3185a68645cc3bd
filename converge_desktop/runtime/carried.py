"""Files that people carry from desk to desk: which of the three a file is, looked at before use."""

from __future__ import annotations

from pathlib import Path

import msgspec

from converge_core.ballot import Ballot
from converge_core.errors import DecisionRefused
from converge_desktop.runtime.ballots import MOST_ASKED, Request, read_ballot, read_request
from converge_desktop.runtime.carried_file import open_carried
from converge_desktop.runtime.peopling import ExportedKey, read_exported

Carried = ExportedKey | Request | Ballot
"""What somebody may bring along; each holds in itself, and nothing of it is recorded yet."""


def look_at(path: Path) -> Carried:
    """Reads a file that was carried here, and checks what can be checked of it.

    Raises:
        DecisionRefused: if it is none of the three, or does not hold.
        OSError: if it cannot be read.
    """
    with open_carried(path) as file:
        line = file.readline(2 * MOST_ASKED + 1)
    try:
        said = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        said = None
    names = set(said) if isinstance(said, dict) else set()
    if "voters" in names:
        return read_request(path)
    if "decision" in names:
        return read_ballot(path)
    if "proof" in names:
        return read_exported(path)
    raise DecisionRefused(
        f"{path} is neither a request, nor a vote, nor an exported key of another desk; choose "
        "the file that was made there"
    )
