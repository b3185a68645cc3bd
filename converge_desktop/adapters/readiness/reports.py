"""Finds the reports in a folder, by their content and not by their names.

The search is bounded in depth and number, follows no link, and leaves out what tools install. It
goes level by level and by name, so that the same folder always gives the same answer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from converge_desktop.adapters.intake import IntakeError, refusal
from converge_desktop.adapters.readiness.safe_xml import fault_of, root_of
from converge_desktop.adapters.wording import plain

MAX_DEPTH = 4
MAX_FILES = 50_000

_SKIPPED = {
    ".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", "site-packages",
    ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".idea",
}  # fmt: skip
_ROOTS = {"testsuites": "junit", "testsuite": "junit", "coverage/@line-rate": "cobertura"}


class Kind(StrEnum):
    """What a source is."""

    JUNIT = "junit"
    COBERTURA = "cobertura"
    BUNDLE = "bundle"
    GIT = "git"


@dataclass(frozen=True, slots=True)
class Found:
    """A report that was found.

    Attributes:
        path: where it is.
        name: its path relative to the folder, with slashes, fit for a sentence.
    """

    path: Path
    name: str


@dataclass(slots=True)
class Reports:
    """What a folder holds.

    Attributes:
        junit: JUnit reports.
        cobertura: Cobertura reports.
        strangers: XML files of another kind, and the name of their outermost element.
        faulty: why XML files cannot be read that have a fault before their outermost element.
        notes: what was left out.
    """

    junit: list[Found] = field(default_factory=list)
    cobertura: list[Found] = field(default_factory=list)
    strangers: list[tuple[Found, str]] = field(default_factory=list)
    faulty: list[IntakeError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_reports(folder: Path) -> Reports:
    """Returns the reports in the folder.

    Raises:
        IntakeError: if a file cannot be opened.
    """
    reports = Reports()
    for number, path in enumerate(_files(folder, reports.notes)):
        if number == MAX_FILES:
            reports.notes.append(
                f"The folder holds more than {MAX_FILES} files; reports were looked for in the "
                f"first {MAX_FILES} only."
            )
            break
        _classify(Found(path, name_of(path, folder)), reports)
    return reports


def name_of(path: Path, folder: Path) -> str:
    """Returns how a file of the folder is called in sentences."""
    return plain(path.relative_to(folder).as_posix())


def _classify(found: Found, reports: Reports) -> None:
    try:
        root = root_of(found.path)
    except OSError as error:
        if found.path.suffix.lower() != ".xml":
            return  # nothing says that it is a report
        what = f"the file cannot be read ({error.strerror})"
        raise refusal(found.name, "", what, "Check its permissions.") from error
    kind = _ROOTS.get(root or "")
    if kind == Kind.JUNIT:
        reports.junit.append(found)
    elif kind == Kind.COBERTURA:
        reports.cobertura.append(found)
    elif found.path.suffix.lower() != ".xml":
        return
    elif root is None and (fault := fault_of(found.path, found.name)):
        reports.faulty.append(fault)
    else:
        reports.strangers.append((found, plain(root or "", 40)))


def _files(folder: Path, notes: list[str]) -> Iterator[Path]:
    """Yields regular files, those nearest the folder first."""
    level = [folder]
    for _ in range(MAX_DEPTH + 1):
        below: list[Path] = []
        for directory in level:
            for entry in _entries(directory, folder, notes):
                if entry.is_symlink():
                    _note_link(entry, folder, notes)
                elif entry.is_dir(follow_symlinks=False):
                    if entry.name not in _SKIPPED and not entry.name.endswith(".git"):
                        below.append(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)
        level = below


def _entries(directory: Path, folder: Path, notes: list[str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        if directory == folder:
            what = f"the folder cannot be read ({error.strerror})"
            raise refusal(
                plain(str(folder)), "", what, "Pick a folder that you may read."
            ) from error
        notes.append(f"{name_of(directory, folder)} cannot be read ({error.strerror}).")
        return []


def _note_link(entry: os.DirEntry[str], folder: Path, notes: list[str]) -> None:
    if entry.name.lower().endswith(".xml"):
        name = name_of(Path(entry.path), folder)
        notes.append(f"{name} is a link and was not followed; copy the report into the folder.")
