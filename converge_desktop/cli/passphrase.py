"""Where the command line takes a passphrase from: a file, or whoever sits at the terminal.

Never from its arguments, which everybody on the machine can read.
"""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

from converge_desktop.adapters.identity.key_file import SEALED, read_guarded
from converge_desktop.adapters.keys import KeyProblem

FILE = "CONVERGE_PASSPHRASE_FILE"
"""Names the file that holds the passphrase, readable by its owner alone."""


def passphrase_for(data_dir: Path, name: str, *, ask: bool) -> str:
    """Returns the passphrase that opens somebody's key; empty where it takes none.

    Args:
        data_dir: where the desk lies.
        name: whose key it is.
        ask: whether somebody at the terminal may be asked; a window asks by itself.

    Raises:
        KeyProblem: if the file that is said to hold it cannot be used.
    """
    kept = _from_file()
    sealed = (data_dir / "keys" / f"{name}{SEALED}").exists()
    if kept or not (ask and sealed and sys.stdin.isatty()):
        return kept
    return getpass.getpass(f"Passphrase of {name}: ")


def new_passphrase(name: str) -> str:
    """Returns a passphrase to protect somebody's key with; empty where nobody can be asked.

    Raises:
        KeyProblem: if the two that were typed differ, or the file cannot be used.
    """
    kept = _from_file()
    if kept or not sys.stdin.isatty():
        return kept
    first = getpass.getpass(f"New passphrase of {name}: ")
    if getpass.getpass("Once more: ") != first:
        raise KeyProblem("the two passphrases differ; nothing was changed, try again")
    return first


def _from_file() -> str:
    place = os.environ.get(FILE, "")
    if not place:
        return ""
    try:
        data = read_guarded(Path(place))
    except OSError as error:
        raise KeyProblem(
            f"{place}, which {FILE} names, cannot be read: {error.strerror}"
        ) from error
    try:
        found = data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise KeyProblem(f"{place}, which {FILE} names, is not text") from error
    if not found:
        raise KeyProblem(f"{place}, which {FILE} names, holds no passphrase")
    return found
