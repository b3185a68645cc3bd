"""Deciding without a window while a decision can be undone: told, waited for, and undone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from converge_desktop import paths
from tests.runtime.conftest import Cli
from tests.runtime.test_cli import printed
from tests.runtime.test_cli_deciding import asked

SHORT = pytest.mark.parametrize("packs_dir", ["1 s"], indirect=True)


@pytest.fixture
def packs_dir(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The packs as they ship; with a window that a test can wait for, where it says so."""
    window = getattr(request, "param", "")
    if not window:
        return paths.packs()
    packs = Path(shutil.copytree(paths.packs(), tmp_path / "packs"))
    policy = packs / "release-readiness" / "policy.toml"
    policy.write_text(policy.read_text("utf-8").replace("10 s", window), "utf-8")
    return packs


def strategies(cli: Cli) -> list[str]:
    facts = printed("context", cli("context", "run-0001", "--json"))["facts"]
    return [fact["text"] for fact in facts if fact["key"] == "Strategies"]


def test_a_decision_can_be_undone_as_it_says(cli: Cli, failing: Path) -> None:
    """For as long as the pack gives, and with the command that is named; nothing stands until."""
    gate = asked(cli, failing)

    told = cli("decide", gate, "approve", "--no-wait")
    assert 3 == told.returncode
    assert "once the desk has been open for 10 s more" in told.stdout
    assert f"converge-desktop undo {gate}" in told.stdout
    assert [] == strategies(cli)

    undone = printed("undo", cli("undo", gate, "--json"))
    assert "open" == undone["phase"]
    assert [gate] == [one["gate_id"] for one in printed("inbox", cli("inbox", "--json"))]
    again = printed("decide", cli("decide", gate, "approve", "--no-wait", "--json"))
    assert ("waiting", "approved") == (again["phase"], again["end"])
    assert again["undo_until"] is not None


@SHORT
def test_whoever_decides_waits_until_it_takes_effect(cli: Cli, failing: Path) -> None:
    """It is told until when it can be undone, and how; then the run goes on."""
    gate = asked(cli, failing)

    decided = cli("decide", gate, "approve")

    assert 0 == decided.returncode
    assert "is approved, and takes effect at " in decided.stderr
    assert f"press Ctrl+C, then: converge-desktop undo {gate}" in decided.stderr
    assert "met its criteria" in decided.stdout
    assert "undone" not in decided.stdout
    assert 1 == len(strategies(cli))


@SHORT
def test_a_paused_run_that_goes_on_waits_for_the_window_too(cli: Cli, failing: Path) -> None:
    """Deciding while it is paused waits for nothing; both conditions are told."""
    gate = asked(cli, failing)
    cli("pause", "run-0001")

    decided = cli("decide", gate, "approve")
    assert 3 == decided.returncode
    assert f"converge-desktop undo {gate}" in decided.stdout
    assert "It takes effect when run-0001 goes on" in decided.stdout

    resumed = cli("resume", "run-0001", "--json")
    assert (0, "CriteriaMet") == (resumed.returncode, printed("resume", resumed)["stop"])
    assert 1 == len(strategies(cli))
