"""Keys in files that only their owner can read: plain ones, and how any of them are written."""

from __future__ import annotations

from pathlib import Path

from converge_desktop.adapters.disk import make_directory, sync_directory, write_durably
from converge_desktop.adapters.keys import KEY_BYTES, KeyProblem, OperatorKey

PLAIN, SEALED = ".ed25519", ".sealed"
"""How the names of such files end."""
OTHERS = 0o077
MOST_BYTES = 4096
"""More than any key file has."""


def file_key(path: Path, name: str) -> OperatorKey:
    """Returns the key in a plain file; made, readable by its owner alone, if it is missing.

    Raises:
        KeyProblem: if the file is readable by others or is not a key.
    """
    if path.exists():
        return OperatorKey(read_plain(path), name)
    key = OperatorKey.new(name)
    write_key(path, key.private_bytes())
    return key


def read_plain(path: Path) -> bytes:
    """Returns the key in a plain file.

    Raises:
        KeyProblem: if the file is readable by others or is not a key.
    """
    data = read_guarded(path)
    if len(data) != KEY_BYTES:
        raise KeyProblem(
            f"{path} is not an operator key ({len(data)} bytes instead of {KEY_BYTES}); restore it "
            "from a backup, or move it away so that a new one is made"
        )
    return data


def read_guarded(path: Path) -> bytes:
    """Returns what is in a file that only its owner can read.

    Raises:
        KeyProblem: if others can.
    """
    if path.stat().st_mode & OTHERS:
        raise KeyProblem(
            f"the key {path} can be read by others; run: chmod 600 '{path}', and if somebody may "
            "have copied it, move it away so that a new one is made"
        )
    with path.open("rb") as file:
        return file.read(MOST_BYTES)


def write_key(path: Path, data: bytes) -> None:
    """Writes a key file whole or not at all, readable by its owner alone."""
    make_directory(path.parent)
    fresh = path.with_suffix(".new")
    write_durably(fresh, data)
    fresh.replace(path)
    sync_directory(path.parent)


def remove_key(path: Path) -> None:
    """Removes a key file, if it is there."""
    if path.exists():
        path.unlink()
        sync_directory(path.parent)
