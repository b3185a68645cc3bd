"""What the history says, checked against the git command; what it cannot say is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.adapters.readiness.readiness_material import (
    DAY,
    START,
    Git,
    case,
    intake_of,
    junit_of,
    lines,
    make_git,
    metric_of,
    shown,
    write_reports,
)

if TYPE_CHECKING:
    from pathlib import Path

SINCE_TAG = [
    "history.commits_since_tag",
    "history.churn",
    "history.files_changed",
    "history.days_since_tag",
]


def scripted(path: Path) -> Git:
    """A history with a merge, a rename with edits, Unicode paths, a binary, a submodule link."""
    git = make_git(path)
    git.commit({"src/old.py": lines(40), "src/naïve café.py": lines(7), "a.bin": b"\0\1"})
    git("tag", "v0.1.0")
    git("checkout", "--quiet", "-b", "side")
    git.commit({"src/日本.py": lines(9), "side.py": lines(3)}, day=2)
    git.commit({"side.py": lines(6)}, day=3)
    git("checkout", "--quiet", "main")
    git.commit({"src/old.py": None, "src/new.py": lines(40) + "more\n"}, day=4)
    git("merge", "--quiet", "--no-ff", "--message", "merge", "side", day=5)
    git.commit({"src/naïve café.py": None, "a.bin": b"\0\2\3", "empty": ""}, day=6)
    link = f"160000,{git('rev-parse', 'HEAD')},module"
    git("update-index", "--add", "--cacheinfo", link)
    git("commit", "--quiet", "--message", "link", day=7)
    write_reports(path)
    return git


def test_merges_renames_and_unicode_count_as_git_counts_them(tmp_path: Path) -> None:
    """Commits, churn and files are those of rev-list and diff -M."""
    git = scripted(tmp_path / "scripted")
    actual = shown(intake_of(git.path))
    expected = {
        "history.commits_since_tag": str(git.count("v0.1.0..HEAD")),
        "history.churn": f"{git.churn('v0.1.0')} lines",
        "history.files_changed": str(git.files_changed("v0.1.0")),
        "history.days_since_tag": "400 days",
    }
    assert expected == {key: actual[key] for key in SINCE_TAG}


def test_what_a_count_holds_is_told(tmp_path: Path) -> None:
    """Merges, renames and binary files stand beside the numbers they are in or not in."""
    git = scripted(tmp_path / "scripted")
    intake = intake_of(git.path)
    statuses = git("diff", "--name-status", "-M", "v0.1.0", "HEAD").splitlines()
    renamed = sum(status.startswith("R") for status in statuses)
    assert metric_of(intake, "history.commits_since_tag").detail == "1 merge among them"
    assert f"{renamed} renamed, 1 binary" == metric_of(intake, "history.files_changed").detail
    assert "1 binary file changed and count no lines: a.bin." in intake.notes


def test_without_a_tag_nothing_since_it_is_known(tmp_path: Path) -> None:
    """Unknown is not zero, and the reason is a sentence."""
    git = make_git(tmp_path / "untagged")
    git.commit({"gate.py": lines(3)})
    write_reports(git.path)
    intake = intake_of(git.path)
    unknown = {key: shown(intake)[key] for key in [*SINCE_TAG, "modules.changed_and_failing"]}
    assert {"unknown"} == set(unknown.values())
    assert (
        "The history holds no tag, so commits, churn and days since the last tag cannot be known; "
        "fetch the tags, or tag a release." in intake.notes
    )
    assert "Without a tag it cannot be known whether what fails was changed." in intake.notes


def test_where_nothing_fails_nothing_changed_and_fails(tmp_path: Path) -> None:
    """That is known even without a tag."""
    git = make_git(tmp_path / "untagged")
    git.commit({"gate.py": lines(3)})
    write_reports(git.path, junit=junit_of(case("fine")))
    assert shown(intake_of(git.path))["modules.changed_and_failing"] == "0"


def test_tags_beside_the_history_are_no_ground(project: Git) -> None:
    """A tag that HEAD does not descend from is not the last tag."""
    project("tag", "--delete", "v1.0.0")
    project("checkout", "--quiet", "--orphan", "other")
    project.commit({"x": "x"})
    project("tag", "v9")
    project("checkout", "--quiet", "main")
    intake = intake_of(project.path)
    assert shown(intake)["history.commits_since_tag"] == "unknown"
    assert any("HEAD descends from none of the 1 tagged commit" in note for note in intake.notes)


def test_the_last_tag_is_the_nearest_as_git_describe_finds_it(tmp_path: Path) -> None:
    """By commits between, not by date, also across merges."""
    git = make_git(tmp_path / "tags")
    git.commit({"a": "0"})
    git("tag", "v1")
    git("checkout", "--quiet", "-b", "side")
    git.commit({"b": "1"}, day=50)
    git("tag", "--annotate", "--message", "late but far", "v0.9-side", day=90)
    git("checkout", "--quiet", "main")
    for day in range(1, 6):
        git.commit({"a": str(day)}, day=day)
    git("tag", "v2")
    git("merge", "--quiet", "--no-ff", "--message", "merge", "side", day=60)
    write_reports(git.path)
    expected = git("describe", "--tags", "--abbrev=0")
    metric = metric_of(intake_of(git.path), "history.commits_since_tag")
    assert f"refs/tags/{expected}..HEAD" == metric.place
    assert str(git.count(f"{expected}..HEAD")) == str(metric.quantity)


def test_of_several_tags_on_a_commit_the_highest_version_is_shown(project: Git) -> None:
    """Annotated or light, whatever the order in which they were made."""
    for tag in ("v1.10.0", "v1.9.0", "latest", "v1.10.0-rc2"):
        project("tag", tag, "v1.0.0")
    project("tag", "--annotate", "--message", "x", "v1.2.0", "v1.0.0")
    place = metric_of(intake_of(project.path), "history.churn").place
    assert place == "refs/tags/v1.10.0..HEAD"


def test_a_tag_of_no_commit_is_told_and_passed_over(project: Git) -> None:
    """A tag may mark a tree; that is no point in the history."""
    project("tag", "tree", "HEAD^{tree}")
    intake = intake_of(project.path)
    assert shown(intake)["history.commits_since_tag"] == "2"
    assert "1 tag marks no commit that is here and cannot be used: tree." in intake.notes


def test_head_at_the_tag_has_nothing_since(project: Git) -> None:
    """Known zeroes are zeroes; a detached HEAD is as good as a branch."""
    project("checkout", "--quiet", "v1.0.0")
    actual = shown(intake_of(project.path))
    assert [actual[key] for key in SINCE_TAG[:3]] == ["0", "0 lines", "0"]


def test_a_tag_from_the_future_counts_as_today(project: Git) -> None:
    """Whose clock is wrong cannot be known, so it is said."""
    intake = intake_of(project.path, now_us=START * 1_000_000)
    assert shown(intake)["history.days_since_tag"] == "0 days"
    assert any("The tag v1.0.0 lies in the future" in note for note in intake.notes)


@pytest.mark.parametrize(("extra", "expected"), [(-1, "0 days"), (0, "1 days"), (1, "1 days")])
def test_days_are_whole_days(project: Git, extra: int, expected: str) -> None:
    """A day has passed when 24 hours have."""
    now_us = (START + 2 * DAY) * 1_000_000 + extra
    assert expected == shown(intake_of(project.path, now_us=now_us))["history.days_since_tag"]


def test_what_is_read_twice_on_one_day_is_the_same(project: Git) -> None:
    """The moment of reading is no part of what was read, or equal input would differ."""
    day = (START + 2 * DAY) * 1_000_000

    first, later = (intake_of(project.path, now_us=day + plus) for plus in (0, 3_600_000_000))

    assert first == later


def test_a_shallow_history_without_its_tag_says_so(project: Git, tmp_path: Path) -> None:
    """What lies beyond the edge is unknown, and how to fetch it is said."""
    project("clone", "--quiet", "--depth", "1", f"file://{project.path}", str(tmp_path / "shallow"))
    write_reports(tmp_path / "shallow")
    intake = intake_of(tmp_path / "shallow")
    assert shown(intake)["history.churn"] == "unknown"
    assert any(
        note.startswith("The history is shallow and no tag lies within it")
        and note.endswith("fetch the rest with: git fetch --unshallow --tags.")
        for note in intake.notes
    )


def test_a_shallow_history_with_its_tag_is_enough(project: Git, tmp_path: Path) -> None:
    """Where the tag lies within, everything is known."""
    project("clone", "--quiet", "--depth", "3", f"file://{project.path}", str(tmp_path / "shallow"))
    write_reports(tmp_path / "shallow")
    expected, actual = shown(intake_of(project.path)), shown(intake_of(tmp_path / "shallow"))
    assert expected == actual


def test_a_shallow_side_branch_makes_the_count_unknown(tmp_path: Path) -> None:
    """Churn since the tag is known, the number of commits is not."""
    git = make_git(tmp_path / "origin")
    git.commit({"a": "0"})
    git("checkout", "--quiet", "-b", "side")
    for day in range(1, 6):
        git.commit({"b": str(day)}, day=day)
    git("checkout", "--quiet", "main")
    git.commit({"a": "1"}, day=7)
    git("tag", "v1")
    git("merge", "--quiet", "--no-ff", "--message", "merge", "side", day=8)
    git("clone", "--quiet", "--depth", "3", f"file://{git.path}", str(tmp_path / "shallow"))
    write_reports(tmp_path / "shallow")
    intake = intake_of(tmp_path / "shallow")
    assert shown(intake)["history.commits_since_tag"] == "unknown"
    assert f"{git.churn('v1')} lines" == shown(intake)["history.churn"]
    assert any("ends before it reaches v1 on every path" in note for note in intake.notes)


def test_content_that_was_not_fetched_makes_churn_unknown(project: Git, tmp_path: Path) -> None:
    """A partial clone has no old files to compare; nothing is fetched behind one's back."""
    project("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    project(
        "clone", "--quiet", "--bare", "--filter=blob:none", f"file://{project.path}", str(partial)
    )
    folder = tmp_path / "folder"
    write_reports(folder)
    partial.rename(folder / "acme.git")
    intake = intake_of(folder)
    assert (
        shown(intake)["history.churn"],
        shown(intake)["history.commits_since_tag"],
    ) == ("unknown", "2")
    assert any("so churn cannot be known; fetch it in full." in note for note in intake.notes)
