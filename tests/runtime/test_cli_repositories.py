"""The command line on real histories: the sample, and one with everything that is hard to read."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from converge_desktop import paths
from converge_desktop.adapters.packs.pack import load_packs
from converge_desktop.runtime.views import read_views
from tests.runtime.conftest import Cli
from tests.runtime.folders import make_folder
from tests.runtime.test_cli import printed

ENV = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "A. Author",
    "GIT_AUTHOR_EMAIL": "author@example.org",
    "GIT_COMMITTER_NAME": "A. Author",
    "GIT_COMMITTER_EMAIL": "author@example.org",
    "GIT_AUTHOR_DATE": "2026-09-01T12:00:00Z",
    "GIT_COMMITTER_DATE": "2026-09-01T12:00:00Z",
}


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, env=ENV, check=True, capture_output=True, text=True
    ).stdout


def grow(folder: Path) -> None:
    """Adds Unicode paths, a rename with an edit, and a merge to a repository."""
    (folder / "größe.py").write_text("".join(f"x{n} = {n}\n" for n in range(40)), "utf-8")
    git(folder, "add", "größe.py")
    git(folder, "commit", "-qm", "Grüße")
    git(folder, "switch", "-qc", "side")
    git(folder, "mv", "größe.py", "数.py")
    with (folder / "数.py").open("a", encoding="utf-8") as file:
        file.write("y = 1\n")
    git(folder, "commit", "-qam", "rename")
    git(folder, "switch", "-q", "main")
    (folder / "other.py").write_text("z = 1\n", "utf-8")
    git(folder, "add", "other.py")
    git(folder, "commit", "-qm", "other")
    git(folder, "merge", "-q", "--no-ff", "-m", "merge", "side")


def signals(data_dir: Path, run_id: str) -> dict[str, str]:
    """Returns what each signal of a run says."""
    views = read_views(data_dir, {})
    context = dict(views.run(run_id).context)
    return {card.fact_id: card.text for card in context["Signals"]}


def test_the_sample_runs_to_a_proposal(cli: Cli) -> None:
    """What ships can be run: the project's own history and reports end at the gate."""
    ran = cli("run", "release-readiness", "--input", str(_sample()), "--json")

    assert (3, "waiting") == (ran.returncode, printed("run", ran)["phase"])


def test_churn_and_commits_equal_those_of_git(cli: Cli, data_dir: Path, tmp_path: Path) -> None:
    """Merges, a renamed file and Unicode paths: the same numbers as git's own commands."""
    folder = make_folder(tmp_path / "folder", failed=1)
    git(folder, "reset", "-q", "--hard")
    grow(folder)
    numbers = git(folder, "-c", "core.quotePath=off", "diff", "--numstat", "-M", "v0.3.2", "HEAD")
    lines = [line.split("\t") for line in numbers.splitlines()]
    churn = sum(int(added) + int(deleted) for added, deleted, _ in lines)
    commits = int(git(folder, "rev-list", "--count", "v0.3.2..HEAD"))

    run = printed("run", cli("run", "release-readiness", "--input", str(folder), "--json"))

    told = signals(data_dir, run["run_id"])
    assert f"commits since the tag {commits}" == told["history.commits_since_tag"]
    assert f"churn since the tag {churn} lines" == told["history.churn"]
    assert f"files changed since the tag {len(lines)}" == told["history.files_changed"]
    assert "tests failed 1" == told["tests.failed"]


def test_without_a_tag_what_cannot_be_known_is_said(
    cli: Cli, data_dir: Path, tmp_path: Path
) -> None:
    """Unknown is a value: it is shown, and a note says why."""
    folder = make_folder(tmp_path / "folder", failed=1)
    git(folder, "reset", "-q", "--hard")
    git(folder, "tag", "-d", "v0.3.2")
    grow(folder)

    run = printed("run", cli("run", "release-readiness", "--input", str(folder), "--json"))

    told = signals(data_dir, run["run_id"])
    notes = read_views(data_dir, {}).run(run["run_id"]).notes
    assert told["history.churn"].endswith("unknown")
    assert told["history.commits_since_tag"].endswith("unknown")
    assert any("tag" in note for note in notes)


def _sample() -> Path:
    [pack] = load_packs(paths.packs()).values()
    return paths.samples() / pack.id
