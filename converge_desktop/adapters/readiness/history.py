"""Reads what a repository's history says: the last tag, and what came after it.

Only commits and trees are read; the working tree and the index are never looked at. What the
history cannot say is None and has a note that says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pygit2
from pygit2.enums import DeltaStatus, DiffFind, FileMode

from converge_core.canonical import ContentHash, content_hash
from converge_desktop.adapters.intake import refusal
from converge_desktop.adapters.readiness.repository import (
    Place,
    common_directory,
    open_repository,
)
from converge_desktop.adapters.readiness.tags import Since, last_tag, read_tags
from converge_desktop.adapters.wording import counted, listed, plain, plain_bytes

RENAME_LIMIT = 1000
"""With more files gone and new than this, git and libgit2 look for exact renames only."""

_MAX_EDGE_BYTES = 10_000_000
_MICROS = 1_000_000
FETCH = "fetch the rest with: git fetch --unshallow --tags"


@dataclass(frozen=True, slots=True)
class Change:
    """One file that differs between the tag and HEAD.

    Attributes:
        path: where it is, or was if it is gone.
        renamed_from: where it was, or None.
        added: lines added; None for a binary file, or where the content is not here.
        deleted: lines deleted, likewise.
        binary: whether it has no lines to count.
    """

    path: str
    renamed_from: str | None
    added: int | None
    deleted: int | None
    binary: bool


@dataclass(frozen=True, slots=True)
class History:
    """What the history says.

    Attributes:
        commit: HEAD, in full.
        digest: stands for all that was read: HEAD, the tags, the edge of a shallow history.
        tag: the last tag, or None if there is none.
        tagged_us: when the tagged commit was made.
        commits: how many commits HEAD has beyond it; None if that cannot be known.
        merges: how many of these are merges.
        changes: what differs between the two; None if there is no tag.
        paths: the files of HEAD.
        notes: what cannot be known, in words.
    """

    commit: str
    digest: ContentHash
    tag: str | None
    tagged_us: int | None
    commits: int | None
    merges: int | None
    changes: tuple[Change, ...] | None
    paths: frozenset[str]
    notes: tuple[str, ...]


def read_history(place: Place) -> History:
    """Reads the history of a repository.

    Raises:
        IntakeError: if it cannot be opened, holds no commit, or is damaged.
    """
    repository = open_repository(place)
    name = plain(str(place.git))
    try:
        if repository.head_is_unborn:
            what = "the repository holds no commit yet"
            raise refusal(name, "HEAD", what, "Commit the project first.")
        return _read(repository)
    except (pygit2.GitError, KeyError, OSError, ValueError) as error:
        what = f"the history is damaged ({plain(str(error), 160)})"
        remedy = "Check it with git fsck, or clone the repository anew."
        raise refusal(name, "its objects", what, remedy) from error
    finally:
        repository.free()


def _read(repository: pygit2.Repository) -> History:
    head = repository.head.peel(pygit2.Commit)
    tags, others = read_tags(repository)
    edge = _edge(repository)
    since = last_tag(repository, head.id, tags, edge)
    notes = _tag_notes(since, len(tags), others, shallow=bool(edge))
    changes: tuple[Change, ...] | None = None
    tagged_us: int | None = None
    if since:
        tagged = repository[since.commit].peel(pygit2.Commit)
        tagged_us = tagged.commit_time * _MICROS
        changes = _changes(tagged.tree, head.tree, notes)
    return History(
        commit=str(head.id),
        digest=_digest(head.id, tags, edge),
        tag=since.tag if since else None,
        tagged_us=tagged_us,
        commits=since.commits if since and since.complete else None,
        merges=since.merges if since and since.complete else None,
        changes=changes,
        paths=frozenset(_paths(head.tree)),
        notes=tuple(notes),
    )


def _digest(
    head: pygit2.Oid, tags: dict[pygit2.Oid, str], edge: frozenset[pygit2.Oid]
) -> ContentHash:
    named = sorted([name, str(commit)] for commit, name in tags.items())
    shallow = sorted(map(str, edge))
    return content_hash({"head": str(head), "tags": named, "shallow": shallow})


def _edge(repository: pygit2.Repository) -> frozenset[pygit2.Oid]:
    """Returns the commits whose parents a shallow history leaves out."""
    file = common_directory(repository) / "shallow"
    if not file.is_file():
        return frozenset()
    with file.open("rb") as lines:
        return frozenset(
            pygit2.Oid(hex=line) for line in lines.read(_MAX_EDGE_BYTES).decode().split()
        )


def _tag_notes(since: Since | None, tags: int, others: list[str], *, shallow: bool) -> list[str]:
    notes = []
    if others:
        which = counted(len(others), "tag marks", "tags mark")
        notes.append(f"{which} no commit that is here and cannot be used: {listed(others)}.")
    if since and since.complete:
        return notes
    unknown = "commits, churn and days since the last tag cannot be known"
    if since:
        notes.append(
            f"The history is shallow and ends before it reaches {since.tag} on every path, so the "
            f"number of commits since cannot be known; {FETCH}."
        )
    elif shallow:
        notes.append(f"The history is shallow and no tag lies within it, so {unknown}; {FETCH}.")
    elif tags:
        which = counted(tags, "tagged commit", "tagged commits")
        notes.append(f"HEAD descends from none of the {which}, so {unknown}.")
    else:
        notes.append(f"The history holds no tag, so {unknown}; fetch the tags, or tag a release.")
    return notes


def _changes(old: pygit2.Tree, new: pygit2.Tree, notes: list[str]) -> tuple[Change, ...]:
    diff = old.diff_to_tree(new, context_lines=0)
    _find_renames(diff, notes)
    changes = tuple(_change(diff, index, delta) for index, delta in enumerate(diff.deltas))
    if missing := [each.path for each in changes if each.added is None and not each.binary]:
        notes.append(
            f"The content of {counted(len(missing), 'changed file', 'changed files')} is not in "
            f"the repository ({listed(missing)}), so churn cannot be known; fetch it in full."
        )
    if binary := [each.path for each in changes if each.binary]:
        which = counted(len(binary), "binary file", "binary files")
        notes.append(f"{which} changed and count no lines: {listed(binary)}.")
    return tuple(sorted(changes, key=lambda each: (each.path, each.renamed_from or "")))


def _find_renames(diff: pygit2.Diff, notes: list[str]) -> None:
    statuses = [delta.status for delta in diff.deltas]
    most = max(statuses.count(DeltaStatus.ADDED), statuses.count(DeltaStatus.DELETED))
    if most > RENAME_LIMIT:
        notes.append(
            f"{most} files are new or gone since the tag; beyond {RENAME_LIMIT} a renamed file "
            "may count as one deleted and one added."
        )
    try:
        diff.find_similar(flags=DiffFind.FIND_RENAMES, rename_limit=RENAME_LIMIT)
    except (pygit2.GitError, KeyError):
        notes.append("Renames cannot be known, because the content of some files is not here.")


def _change(diff: pygit2.Diff, index: int, delta: pygit2.DiffDelta) -> Change:
    path = plain_bytes(delta.new_file.raw_path)
    old = plain_bytes(delta.old_file.raw_path)
    renamed_from = old if delta.status == DeltaStatus.RENAMED else None
    try:
        patch = diff[index]
    except (pygit2.GitError, KeyError):
        return Change(path, renamed_from, None, None, binary=False)
    if patch is None:
        return Change(path, renamed_from, 0, 0, binary=False)
    if patch.delta.is_binary:
        return Change(path, renamed_from, None, None, binary=True)
    _, added, deleted = patch.line_stats
    return Change(path, renamed_from, added, deleted, binary=False)


def _paths(tree: pygit2.Tree) -> Iterator[str]:
    waiting: list[tuple[bytes, pygit2.Tree]] = [(b"", tree)]
    while waiting:
        prefix, directory = waiting.pop()
        for entry in directory:
            path = prefix + (entry.raw_name or b"")
            if isinstance(entry, pygit2.Tree):
                waiting.append((path + b"/", entry))
            elif entry.filemode != FileMode.COMMIT:
                yield plain_bytes(path)
