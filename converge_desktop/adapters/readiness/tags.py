"""Which tag a history was last released as.

The last tag is the nearest by history, not by date: of the tagged commits that HEAD descends from,
the one that leaves the fewest commits between itself and HEAD.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import pygit2
from pygit2.enums import SortMode

from converge_desktop.adapters.wording import plain_bytes

MAX_CANDIDATES = 32
"""How many tagged commits side by side are compared, newest first; git describe takes ten."""

_VERSION = re.compile(r"(?:.*?[^0-9.])??(\d{1,9}(?:\.\d{1,9}){1,5}|(?<=v)\d{1,9})(.*)", re.DOTALL)
_NUMBER = re.compile(r"\d{1,9}")
_PREFIX = b"refs/tags/"

VersionKey = tuple[bool, tuple[int, ...], bool, tuple[int, ...], str]


@dataclass(frozen=True, slots=True)
class Since:
    """What lies between a tag and HEAD.

    Attributes:
        tag: the tag's name.
        commit: the commit it marks.
        commits: how many commits HEAD has beyond it, merges counted once each.
        merges: how many of these are merges.
        complete: False where the walk met the edge of a shallow history.
    """

    tag: str
    commit: pygit2.Oid
    commits: int
    merges: int
    complete: bool


def version_key(name: str) -> VersionKey:
    """Returns what tags of one commit are ordered by; the highest is the one to show.

    Names with a version come after names without; 1.10 after 1.9; a release after its candidates.
    """
    match = _VERSION.fullmatch(name)
    if not match:
        return (False, (), False, (), name)
    numbers = [int(number) for number in match[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()  # 1.0 is 1.0.0
    suffix = match[2]
    final = not suffix or suffix.startswith("+")
    stage = tuple(int(number) for number in _NUMBER.findall(suffix))
    return (True, tuple(numbers), final, stage, name)


def read_tags(repository: pygit2.Repository) -> tuple[dict[pygit2.Oid, str], list[str]]:
    """Returns the best tag of each tagged commit, and the tags that mark no commit here."""
    names: dict[pygit2.Oid, list[str]] = {}
    others: list[str] = []
    for raw in sorted(repository.raw_listall_references()):
        if not raw.startswith(_PREFIX):
            continue
        name = plain_bytes(raw.removeprefix(_PREFIX))
        if commit := _commit_of(repository, raw):
            names.setdefault(commit, []).append(name)
        else:
            others.append(name)
    return {commit: max(tags, key=version_key) for commit, tags in names.items()}, others


def last_tag(
    repository: pygit2.Repository,
    head: pygit2.Oid,
    tags: Mapping[pygit2.Oid, str],
    edge: Collection[pygit2.Oid],
) -> Since | None:
    """Returns the tag nearest to HEAD, or None if HEAD descends from none; ``edge`` ends a walk."""
    candidates = _newest(repository, _reached(repository, head, tags, edge))
    sinces = [_since(repository, head, commit, tags[commit], edge) for commit in candidates]
    if not sinces:
        return None
    fewest = min(since.commits for since in sinces)
    nearest = (since for since in sinces if since.commits == fewest)
    return max(nearest, key=lambda since: version_key(since.tag))


def _reached(
    repository: pygit2.Repository,
    head: pygit2.Oid,
    tags: Mapping[pygit2.Oid, str],
    edge: Collection[pygit2.Oid],
) -> list[pygit2.Oid]:
    """Returns the tagged commits that a walk from HEAD meets; it does not go past them."""
    found: list[pygit2.Oid] = []
    seen = {head}
    waiting = [head]
    while waiting:
        commit = waiting.pop()
        if commit in tags:
            found.append(commit)
        elif commit not in edge:
            parents = [parent for parent in _parents(repository, commit) if parent not in seen]
            seen.update(parents)
            waiting.extend(parents)
    return found


def _newest(repository: pygit2.Repository, commits: Iterable[pygit2.Oid]) -> list[pygit2.Oid]:
    def age(commit: pygit2.Oid) -> tuple[int, str]:
        return (-_commit(repository, commit).commit_time, str(commit))

    return sorted(commits, key=age)[:MAX_CANDIDATES]


def _since(
    repository: pygit2.Repository,
    head: pygit2.Oid,
    commit: pygit2.Oid,
    tag: str,
    edge: Collection[pygit2.Oid],
) -> Since:
    walker = repository.walk(head, SortMode.NONE)
    walker.hide(commit)
    commits = merges = 0
    complete = True
    for each in walker:
        commits += 1
        merges += len(each.parent_ids) > 1
        complete = complete and each.id not in edge
    return Since(tag, commit, commits, merges, complete)


def _commit_of(repository: pygit2.Repository, raw: bytes) -> pygit2.Oid | None:
    """Returns the commit that a tag marks: a light one itself, an annotated one at its end."""
    try:
        return repository.lookup_reference(raw.decode()).peel(pygit2.Commit).id
    except (KeyError, ValueError, pygit2.GitError):
        return None  # a tag of a tree, a name that is no UTF-8, or a commit that is not here


def _parents(repository: pygit2.Repository, commit: pygit2.Oid) -> list[pygit2.Oid]:
    return _commit(repository, commit).parent_ids


def _commit(repository: pygit2.Repository, commit: pygit2.Oid) -> pygit2.Commit:
    return repository[commit].peel(pygit2.Commit)
