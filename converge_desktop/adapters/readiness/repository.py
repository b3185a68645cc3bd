"""Finds the git repository that a folder belongs to and opens it for reading.

Nothing here, nor in the library beneath, starts a program: libgit2 knows no hooks, no fsmonitor
and no text conversion, and its content filters act on a working tree, which is never looked at. A
repository is opened as a bare one, so that a configuration cannot point at another working tree,
and without the configuration of the person or the machine, so that the numbers are the folder's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import ConfigLevel, RepositoryOpenFlag

from converge_core.canonical import ContentHash
from converge_desktop.adapters.intake import refusal
from converge_desktop.adapters.readiness import bundle
from converge_desktop.adapters.readiness.indexes import check_indexes
from converge_desktop.adapters.readiness.reports import name_of
from converge_desktop.adapters.wording import listed, plain

PICK = (
    "Pick a folder inside a repository, or put a bundle of it into the folder with: "
    "git bundle create project.bundle HEAD --branches --tags"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the history is.

    Attributes:
        git: the directory or file that git keeps it in.
        root: the working tree's root, or None where the repository has none.
        name: what the project is called.
        bundle: the name and hash of the bundle it was unpacked from, or None.
    """

    git: Path
    root: Path | None
    name: str
    bundle: tuple[str, ContentHash] | None = None


def find_repository(folder: Path, workspace: Path) -> Place:
    """Returns the repository of the folder: itself, what lies in it, or what it lies in.

    Raises:
        IntakeError: if there is none, or more than one that it could be.
    """
    if place := _at(folder):
        return place
    bundles, inner = _inside(folder)
    if len(bundles) + len(inner) > 1:
        names = listed([plain(path.name) for path in (*bundles, *inner)])
        what = f"it holds more than one repository ({names})"
        raise refusal(plain(str(folder)), "", what, "Leave one, or pick the one that is meant.")
    if bundles:
        path, name = bundles[0], name_of(bundles[0], folder)
        git, digest = bundle.unpack(path, name, workspace)
        return Place(git, None, plain(path.stem), (name, digest))
    places = (_at(directory) for directory in (*inner, *folder.parents))
    if place := next((place for place in places if place), None):
        return place
    what = "neither this folder nor one above it is a git repository, and no bundle lies in it"
    raise refusal(plain(str(folder)), "", what, PICK)


def open_repository(place: Place) -> pygit2.Repository:
    """Opens the repository for reading.

    Raises:
        IntakeError: if it is none, or of a form that cannot be read.
    """
    _isolate()
    flags = RepositoryOpenFlag.BARE | RepositoryOpenFlag.NO_SEARCH
    try:
        found = pygit2.discover_repository(str(place.git), False, str(place.git.parent))
        repository = pygit2.Repository(found or str(place.git), flags)
        check_indexes(common_directory(repository) / "objects")
    except (pygit2.GitError, KeyError, OSError, ValueError) as error:
        what = f"it cannot be opened as a git repository ({plain(str(error), 160)})"
        remedy = "Clone the repository anew and pick the clone."
        raise refusal(plain(str(place.git)), "", what, remedy) from error
    return repository


def common_directory(repository: pygit2.Repository) -> Path:
    """Returns where objects lie; a linked working tree shares them with the main one."""
    git = Path(repository.path)
    link = git / "commondir"
    return git / link.read_text().strip() if link.is_file() else git


def _at(directory: Path) -> Place | None:
    git = directory / ".git"
    try:
        if git.exists():
            return Place(git, directory, plain(directory.name or str(directory)))
        if (directory / "HEAD").is_file() and (directory / "objects").is_dir():
            return Place(directory, None, plain(directory.name.removesuffix(".git")))
    except OSError:
        return None  # a folder above that may not be looked into
    return None


def _inside(folder: Path) -> tuple[list[Path], list[Path]]:
    """Returns the bundles and the repositories that lie directly in the folder."""
    try:
        with os.scandir(folder) as entries:
            paths = [Path(entry.path) for entry in entries if not entry.is_symlink()]
    except OSError as error:
        what = f"the folder cannot be read ({error.strerror})"
        raise refusal(plain(str(folder)), "", what, "Pick a folder that you may read.") from error
    real = sorted(paths)
    bundles = [path for path in real if path.suffix == ".bundle" and path.is_file()]
    return bundles, [path for path in real if path.is_dir() and _at(path)]


def _isolate() -> None:
    """Makes this process read git without configuration but a repository's own.

    Whose files they are is of no matter, because nothing in them can start a program.
    """
    pygit2.settings.owner_validation = False
    for level in (ConfigLevel.SYSTEM, ConfigLevel.XDG, ConfigLevel.GLOBAL, ConfigLevel.PROGRAMDATA):
        pygit2.settings.search_path[level] = ""
