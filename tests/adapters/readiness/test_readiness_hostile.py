"""A repository that is damaged, hostile or somebody else's: refused, or read, but never obeyed."""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.adapters.readiness.readiness_material import (
    Git,
    intake_of,
    make_git,
    refused,
    shown,
    write_reports,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_a_repository_without_commits_is_refused(tmp_path: Path) -> None:
    """There is nothing to release yet."""
    git = make_git(tmp_path / "empty")
    write_reports(git.path)
    assert (
        f"{git.path}/.git, HEAD: the repository holds no commit yet. Commit the project first."
    ) == refused(git.path)


@pytest.mark.parametrize("damage", ["objects", "HEAD", "config", "all"])
def test_a_damaged_repository_is_refused(project: Git, damage: str) -> None:
    """Missing objects or a spoilt HEAD end in a sentence with a remedy."""
    git = project.path / ".git"
    if damage == "objects":
        shutil.rmtree(git / "objects")
        (git / "objects").mkdir()
    elif damage == "HEAD":
        (git / "HEAD").write_text("nonsense\n")
    elif damage == "config":
        (git / "config").write_text("[core\nbroken")
    else:
        shutil.rmtree(git)
        git.mkdir()
    sentence = refused(project.path)
    assert str(git) in sentence
    assert "clone the repository anew" in sentence.lower()


@pytest.mark.parametrize("checksum_fits", [False, True])
def test_a_damaged_index_is_refused_before_the_library_maps_it(
    project: Git, *, checksum_fits: bool
) -> None:
    """Libgit2 would follow an offset outside the pack and end the process."""
    project("gc", "--quiet")
    (index,) = (project.path / ".git/objects/pack").glob("*.idx")
    data = bytearray(index.read_bytes())
    objects = int.from_bytes(data[1028:1032], "big")
    offsets = 1032 + 24 * objects
    data[offsets : offsets + 4 * objects] = b"\x7f" * 4 * objects
    if checksum_fits:
        data[-20:] = hashlib.sha1(data[:-20]).digest()
    index.chmod(0o644)
    index.write_bytes(data)
    sentence = refused(project.path)
    assert sentence.startswith(f"{index}: this index file is damaged, ")
    assert sentence.endswith("Rebuild it with git gc, or clone the repository anew.")


def test_objects_borrowed_from_another_repository_are_read(project: Git, tmp_path: Path) -> None:
    """A shared clone has no objects of its own; packs and their indexes are found elsewhere."""
    expected = shown(intake_of(project.path))
    project("gc", "--quiet")
    project("repack", "-d", "--write-midx", "--quiet")
    project("commit-graph", "write", "--reachable")
    project("clone", "--quiet", "--shared", str(project.path), str(tmp_path / "shared"))
    write_reports(tmp_path / "shared")
    assert shown(intake_of(tmp_path / "shared")) == expected


def test_programs_named_by_the_repository_never_run(project: Git, tmp_path: Path) -> None:
    """Fsmonitor, filters, text conversion, external diffs and hooks are data, not orders."""
    marker = tmp_path / "marker"
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch '{marker}'\ncat\n")
    trap.chmod(0o755)
    project.commit({".gitattributes": "* filter=evil diff=evil merge=evil\n"}, day=4)
    for key in (
        "core.fsmonitor", "core.pager", "core.sshCommand", "core.editor", "diff.external",
        "diff.evil.textconv", "diff.evil.command", "filter.evil.clean", "filter.evil.smudge",
        "filter.evil.process", "merge.evil.driver", "credential.helper", "gpg.program",
        "uploadpack.packObjectsHook", "core.alternateRefsCommand",
    ):  # fmt: skip
        project("config", key, str(trap))
    for hook in ("post-checkout", "pre-commit", "reference-transaction", "fsmonitor-watchman"):
        hooks = project.path / ".git/hooks"
        hooks.mkdir(exist_ok=True)
        shutil.copy(trap, hooks / hook)
    project("diff", "--ext-diff", "v1.0.0", "HEAD", "--", "gate.py")
    assert marker.exists(), "the trap works with the git command"
    marker.unlink()
    assert shown(intake_of(project.path))["history.commits_since_tag"] == "3"
    assert not marker.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_repository_of_somebody_else_can_be_read(project: Git) -> None:
    """Reading runs nothing, so it does not matter whose it is."""
    expected = shown(intake_of(project.path))
    for path in (project.path, *project.path.rglob("*")):
        os.chown(path, 12345, 12345)
    assert expected == shown(intake_of(project.path))


def test_the_configuration_of_the_person_changes_nothing(
    project: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another rename limit, algorithm or attribute at home leaves the numbers as they are."""
    expected = shown(intake_of(project.path))
    (tmp_path / ".gitconfig").write_text("[diff]\nrenames=false\n[core]\nattributesFile=~/a\n")
    (tmp_path / "a").write_text("*.py binary\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expected == shown(intake_of(project.path))
