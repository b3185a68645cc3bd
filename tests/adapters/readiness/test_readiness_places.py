"""Where the repository may be: the folder, around it, in it, or a bundle; and bundles gone bad."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from dulwich.bundle import create_bundle_from_repo, write_bundle
from dulwich.repo import Repo

from converge_desktop.adapters.readiness import Kind
from tests.adapters.readiness.readiness_material import (
    Git,
    intake_of,
    lines,
    make_git,
    refused,
    shown,
    write_reports,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bundled(project: Git, tmp_path: Path) -> Path:
    """A folder with a bundle of the project and its reports."""
    folder = tmp_path / "sample"
    write_reports(folder)
    project("bundle", "create", "--quiet", str(folder / "acme.bundle"), "HEAD", "--tags")
    return folder


def test_a_folder_inside_a_repository_belongs_to_it(project: Git) -> None:
    """The repository around the folder is found."""
    expected = shown(intake_of(project.path))
    write_reports(project.path / "build/reports")
    intake = intake_of(project.path / "build/reports")
    assert (expected, "acme") == (shown(intake), intake.subject.split()[0])


def test_one_repository_in_a_subfolder_is_the_one(project: Git, tmp_path: Path) -> None:
    """A folder of reports may hold a clone beside them."""
    expected = shown(intake_of(project.path))
    folder = tmp_path / "delivery"
    write_reports(folder)
    project.path.rename(folder / "acme")
    for report in ("junit.xml", "coverage.xml"):
        (folder / "acme" / report).unlink()
    assert expected == shown(intake_of(folder))


def test_two_repositories_in_a_folder_are_refused_by_name(tmp_path: Path) -> None:
    """Which one is meant cannot be guessed."""
    folder = tmp_path / "delivery"
    write_reports(folder)
    for name in ("one", "two"):
        make_git(folder / name).commit({"a": "a"})
    assert "it holds more than one repository (one, two)" in refused(folder)


@pytest.mark.parametrize("form", ["bare", "worktree"])
def test_bare_repositories_and_linked_working_trees_are_read(
    project: Git, tmp_path: Path, form: str
) -> None:
    """Both are repositories."""
    expected = shown(intake_of(project.path))
    folder = tmp_path / "other"
    if form == "bare":
        project("clone", "--quiet", "--bare", f"file://{project.path}", str(folder / "acme.git"))
    else:
        project("worktree", "add", "--quiet", "--detach", str(folder))
    write_reports(folder)
    assert expected == shown(intake_of(folder))


def test_a_bundle_reads_like_the_repository_it_was_made_from(project: Git, bundled: Path) -> None:
    """Its metrics, its commit and its hash; the name is the bundle's."""
    intake = intake_of(bundled)
    assert shown(intake_of(project.path)) == shown(intake)
    assert intake_of(project.path).subject == intake.subject
    assert [
        (source.path, source.kind) for source in intake.sources if source.kind is Kind.BUNDLE
    ] == [("acme.bundle", Kind.BUNDLE)]


def test_a_bundle_that_dulwich_wrote_is_read(project: Git, bundled: Path) -> None:
    """The two writers of bundles agree."""
    expected = shown(intake_of(bundled))
    with Repo(str(project.path)) as repo, (bundled / "acme.bundle").open("wb") as file:
        bundle = create_bundle_from_repo(repo)
        with bundle:
            write_bundle(file, bundle)
    assert expected == shown(intake_of(bundled))


def test_a_bundle_is_unpacked_once(bundled: Path) -> None:
    """A second run finds what the first one unpacked, and leaves nothing else behind."""
    first = intake_of(bundled)
    workspace = bundled.parent / "workspace"
    (unpacked,) = workspace.iterdir()
    before = unpacked.stat().st_mtime_ns
    assert first == intake_of(bundled)
    assert ([unpacked], before) == (list(workspace.iterdir()), unpacked.stat().st_mtime_ns)


def test_a_bundle_in_the_folder_goes_before_the_repository_around_it(
    project: Git, bundled: Path
) -> None:
    """The shipped sample lies in this project's own working tree."""
    around = make_git(bundled.parent)
    around.commit({"unrelated": lines(2)})
    assert shown(intake_of(bundled))["history.commits_since_tag"] == "2"


@pytest.mark.parametrize("kept", [0, 10, 60, 300, 0.5, 0.99])
def test_a_truncated_bundle_is_refused(bundled: Path, kept: float) -> None:
    """Wherever it was cut, the sentence names the bundle and how to make a new one."""
    file = bundled / "acme.bundle"
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * kept) if isinstance(kept, float) else kept])
    sentence = refused(bundled)
    assert sentence.startswith("acme.bundle")
    assert "git bundle create" in sentence
    assert not list((bundled.parent / "workspace").glob("*"))


@pytest.mark.parametrize("offset", [30, 120, 400, -30, -5])
def test_a_garbled_bundle_is_refused(bundled: Path, offset: int) -> None:
    """A flipped byte never becomes a number."""
    file = bundled / "acme.bundle"
    data = bytearray(file.read_bytes())
    data[offset] ^= 0xFF
    file.write_bytes(data)
    sentence = refused(bundled)
    assert sentence.startswith("acme.bundle")
    assert "git bundle create" in sentence


def test_a_bundle_of_a_part_of_the_history_is_refused(project: Git, bundled: Path) -> None:
    """It names the commit that it rests on."""
    file = str(bundled / "acme.bundle")
    project("bundle", "create", "--quiet", file, "v1.0.0..HEAD")
    commit = project("rev-parse", "v1.0.0")[:7]
    assert f"holds only a part of the history and rests on commit {commit}" in refused(bundled)


def test_a_bundle_without_head_is_read_where_it_has_one_branch(project: Git, bundled: Path) -> None:
    """Otherwise the commit that is meant cannot be known."""
    expected = shown(intake_of(bundled))
    file = str(bundled / "acme.bundle")
    project("branch", "--move", "main", "trunk")
    project("bundle", "create", "--quiet", file, "trunk", "--tags")
    assert expected == shown(intake_of(bundled))
    project("branch", "another", "HEAD~1")
    project("bundle", "create", "--quiet", file, "trunk", "another")
    assert "the bundle does not say which commit is HEAD" in refused(bundled)


def test_two_bundles_are_refused_by_name(bundled: Path) -> None:
    """Which one is meant cannot be guessed."""
    shutil.copy(bundled / "acme.bundle", bundled / "b.bundle")
    assert "(acme.bundle, b.bundle)" in refused(bundled)


def test_a_workspace_that_cannot_be_written_is_refused(bundled: Path) -> None:
    """The sentence names the place that was to be written to."""
    workspace = bundled.parent / "workspace"
    workspace.write_text("a file in the way")
    assert f"acme.bundle: the bundle could not be unpacked into {workspace}" in refused(bundled)
