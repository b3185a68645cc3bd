"""Finds the files of a table in a folder, and reads each once, as bytes with their hash.

What is hashed and what is parsed are the same bytes: nothing is read again in between. A link is
followed as long as it stays in the folder.
"""

from __future__ import annotations

import errno
import fnmatch
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from converge_core.canonical import ContentHash
from converge_desktop.adapters.intake import IntakeError, refusal
from converge_desktop.adapters.tables.declared import Table
from converge_desktop.adapters.wording import plain

MAX_BYTES = 512_000_000
"""The most bytes that all files of a folder may hold together."""
MAX_FILES = 1_000
_WILD = set("*?[")
_SMALLER = "Pick a folder with less in it."


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read.

    Attributes:
        name: its path relative to the folder, fit for a sentence.
        data: its bytes.
        sha256: their hash.
    """

    name: str
    data: bytes
    sha256: ContentHash


def find_files(root: Path, table: Table) -> list[str]:
    """Returns the table's files, relative to the folder, in an order that depends on names alone.

    Raises:
        IntakeError: if there are none, or too many.
    """
    found = [""]
    for part in table.file.split("/"):
        found = [path for directory in found for path in _matching(root, directory, part)]
    if not found:
        what = f"no file fits {table.file}, which the table {table.name} is read from"
        raise refusal(plain(str(root)), "", what, "Put it there, or pick the folder that has it.")
    if len(found) > MAX_FILES:
        what = f"{len(found)} files fit {table.file}, more than {MAX_FILES}"
        raise refusal(plain(str(root)), "", what, _SMALLER)
    return sorted(found)


def read_file(root: Path, path: str, budget: int) -> File:
    """Reads a file.

    Args:
        root: the folder, with links resolved.
        path: the file, relative to it.
        budget: how many bytes it may hold.

    Raises:
        IntakeError: if it cannot be read, leads out of the folder, or is too large.
    """
    name = plain(path)
    try:
        real = (root / path).resolve(strict=True)
        if not real.is_relative_to(root):
            what = "this link leads out of the folder, and what lies there is not read"
            raise refusal(name, "", what, "Copy the file into the folder.")
        with os.fdopen(_opened(root, real.relative_to(root)), "rb") as file:
            data = _bytes(file.fileno(), name, budget)
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in {errno.ELOOP, errno.ENOTDIR}:
            what = "it changed while it was read"
        else:
            what = f"the file cannot be read ({_reason(error)})"
        raise refusal(name, "", what, "Check it and try again.") from error
    return File(name, data, ContentHash(hashlib.sha256(data).hexdigest()))


def _matching(root: Path, directory: str, part: str) -> list[str]:
    """Returns what lies in a directory and fits one part of a pattern; ``*`` means no dot file."""
    prefix = f"{directory}/" if directory else ""
    if not _WILD & set(part):
        return [f"{prefix}{part}"] if (root / directory / part).exists() else []
    try:
        names = os.listdir(root / directory)  # noqa: PTH208 - names are all that is wanted
    except NotADirectoryError:
        return []
    except OSError as error:
        what = f"the folder cannot be read ({error.strerror})"
        raise refusal(plain(directory or str(root)), "", what, "Check its permissions.") from error
    return [
        f"{prefix}{name}"
        for name in names
        if fnmatch.fnmatchcase(name, part) and (part.startswith(".") or not name.startswith("."))
    ]


def _opened(root: Path, path: Path) -> int:
    """Opens a file part by part, so that no link put in its way meanwhile is followed."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    at = os.open(root, flags | os.O_DIRECTORY)
    for part in path.parts:
        try:
            below = os.open(part, flags, dir_fd=at)
        finally:
            os.close(at)
        at = below
    return at


def _bytes(descriptor: int, name: str, budget: int) -> bytes:
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        raise refusal(name, "", "this is no regular file", "Put a file in its place.")
    if about.st_size > budget:
        raise _too_large(name, about.st_size, budget)
    with os.fdopen(os.dup(descriptor), "rb") as file:
        data = file.read(budget + 1)
    if len(data) > budget:  # it grew meanwhile
        raise _too_large(name, len(data), budget)
    return data


def _too_large(name: str, size: int, budget: int) -> IntakeError:
    what = f"it holds {size:,} bytes, and {budget:,} of {MAX_BYTES:,} are left for it"
    return refusal(name, "", what, _SMALLER)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or plain(str(error))
