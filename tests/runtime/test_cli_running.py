"""Runs from the command line: started as one wants, held, let go on, stopped."""

from __future__ import annotations

from pathlib import Path

from tests.runtime.conftest import Cli
from tests.runtime.test_cli import printed

RUN = ("run", "release-readiness", "--json")


def test_a_run_is_started_with_an_intent_and_budgets(cli: Cli, failing: Path) -> None:
    """It ends where its budget is spent, and says what one can do next."""
    words = "Is it fit for the fair?"
    ran = cli(*RUN, "--input", str(failing), "--intent", words, "--budget", "cycles=1")

    run = printed("run", ran)
    assert (0, "CycleBudgetExhausted") == (ran.returncode, run["stop"])
    assert any("give it more" in step for step in run["next"])
    assert words in cli("events", "--run", run["run_id"], "--kind", "run_started").stdout


def test_a_run_is_held_decided_and_let_go_on(cli: Cli, failing: Path) -> None:
    """What was decided meanwhile takes effect when it goes on."""
    run = printed("run", cli(*RUN, "--input", str(failing)))["run_id"]
    [gate] = printed("inbox", cli("inbox", "--json"))

    paused = printed("pause", cli("pause", run, "--reason", "not before the audit", "--json"))
    assert ("paused", "not before the audit") == (paused["phase"], paused["reason"])
    assert paused["by"]
    told = cli("events", "--run", run, "--kind", "run_suspended").stdout
    assert f"{paused['by']} paused it: not before the audit" in told

    decided = cli("decide", gate["gate_id"], "approve")
    assert 3 == decided.returncode
    assert f"takes effect when {run} goes on: paused by {paused['by']}" in decided.stdout

    resumed = cli("resume", run, "--json")
    assert (0, "CriteriaMet") == (resumed.returncode, printed("resume", resumed)["stop"])
    assert 0 == cli("verify").returncode


def test_a_run_is_stopped(cli: Cli, failing: Path) -> None:
    """What it reached stays; nothing waits any more."""
    run = printed("run", cli(*RUN, "--input", str(failing)))["run_id"]

    stopped = printed("cancel", cli("cancel", run, "--json"))

    assert ("stopped", "UserCancelled") == (stopped["phase"], stopped["stop"])
    assert [] == printed("inbox", cli("inbox", "--json"))


def test_what_cannot_be_is_one_sentence(cli: Cli, failing: Path) -> None:
    """Each names the run, the budget or the spelling."""
    run = printed("run", cli(*RUN, "--input", str(failing)))["run_id"]
    start = ("run", "release-readiness", "--input", str(failing))

    refused = {
        ("resume", run): "is not suspended",
        ("pause", "run-9"): "there is no run run-9",
        ("cancel", "run-9"): "there is no run run-9",
        (*start, "--budget", "cycles"): "write it like tokens=20000",
        (*start, "--budget", "cycles=99"): "between 1 and 20 cycles",
        (*start, "--intent", "x" * 501): "shorten it",
    }
    for arguments, words in refused.items():
        result = cli(*arguments)
        assert 2 == result.returncode, arguments
        assert words in result.stderr
        assert "Traceback" not in result.stderr
