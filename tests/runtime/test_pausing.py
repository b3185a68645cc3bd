"""A person pauses a run and lets it go on: quiet at once, on disk, and as if nothing had been."""

from __future__ import annotations

from pathlib import Path

import pytest

from converge_core.errors import IllegalCommand
from converge_core.events import RunResumed, RunSuspended
from converge_core.ledger import decode
from converge_desktop.runtime.desk import Desk
from converge_desktop.runtime.model_thread import ModelUnavailable
from converge_desktop.runtime.port import StatusChanged
from tests.runtime.conftest import OpenDesk
from tests.runtime.stuck import Stuck
from tests.runtime.test_main_path import ask
from tests.runtime.watching import Watch

PACK = "release-readiness"


def at_work(desk: Desk, folder: Path, stuck: Stuck) -> str:
    """Starts a run and returns it once its first agent waits for the model."""
    run = desk.start_run(PACK, folder).result(60)
    stuck.wait_until_asked()
    return run


def roots_of(desk: Desk, watch: Watch, run: str) -> tuple[str, dict[str, tuple[str, ...]]]:
    """Approves what a run asks about, and returns what it came to."""
    watch.phase(run, "waiting")
    [row] = [row for row in desk.inbox().result(10) if row.run_id == run]
    review = desk.review(row.gate_id).result(10)
    desk.decide(row.gate_id, "approve", "", review.digest).result(10)
    view = watch.phase(run, "stopped")
    return view.stop_kind, {key: tuple(card.text for card in cards) for key, cards in view.context}


def kinds(data_dir: Path) -> list[str]:
    lines = [
        line
        for path in sorted((data_dir / "ledger").glob("*.jsonl"))
        for line in path.read_bytes().splitlines(keepends=True)
    ]
    return [entry.head.kind for entry in decode(lines)]


# While agents are at work.


def test_a_paused_run_is_quiet_and_says_who_paused_it_and_why(
    open_desk: OpenDesk, failing: Path, stuck: Stuck
) -> None:
    """The model call is given up, nobody is at work, and it is told everywhere."""
    desk, watch = open_desk()
    run = at_work(desk, failing, stuck)

    desk.pause(run, "not before the audit.").result(10)
    stuck.wait_until_given_up()

    view = desk.run_view(run).result(10)
    [row] = desk.runs().result(10)
    said = dict(view.why_not)
    assert ("paused", "alice", "not before the audit.") == (
        row.phase,
        row.paused_by,
        view.pause_reason,
    )
    assert row.paused_at > row.started_at
    assert "paused by alice" == row.outcome
    assert (
        "alice paused it: not before the audit. Nothing begins until it goes on."
        == (said["paused"])
    )
    assert "Cycle 1 begins again then, with reasoning." == said["run"]
    assert not any(cell.running for agent in view.agents for cell in agent.cells)
    assert "" == view.now_doing
    assert view.explained is not None
    assert "resume" in view.explained.actions
    watch.until(lambda one: isinstance(one, StatusChanged) and one.status.engine.endswith("paused"))


def test_a_run_that_was_paused_comes_to_what_it_would_have_come_to(
    open_desk: OpenDesk, failing: Path, stuck: Stuck
) -> None:
    """Agents whose work was given up execute again; no failure of theirs is on record."""
    desk, watch = open_desk()
    run = at_work(desk, failing, stuck)
    desk.pause(run).result(10)
    desk.resume(run).result(10)
    stuck.wait_until_asked()
    stuck.let_go()
    end, context = roots_of(desk, watch, run)

    straight = desk.start_run(PACK, failing).result(60)
    assert (end, context) == roots_of(desk, watch, straight)
    assert "CriteriaMet" == end


def test_pausing_again_and_again_leaves_one_call_of_the_model_at_a_time(
    open_desk: OpenDesk, failing: Path, stuck: Stuck
) -> None:
    """What was given up is never heard of, however late it comes back."""
    desk, watch = open_desk()
    run = at_work(desk, failing, stuck)
    for _ in range(3):
        desk.pause(run).result(10)
        desk.resume(run).result(10)
        stuck.wait_until_asked()
    for _ in range(3):
        stuck.wait_until_given_up()
    stuck.let_go()

    assert "CriteriaMet" == roots_of(desk, watch, run)[0]
    assert 4 + 2 == stuck.calls  # four times the first step, then the two that follow


def test_a_paused_run_is_still_paused_after_a_restart(
    open_desk: OpenDesk, data_dir: Path, failing: Path, stuck: Stuck
) -> None:
    """Its agents do not begin until somebody lets it go on, though the model is there."""
    desk, _ = open_desk()
    run = at_work(desk, failing, stuck)
    desk.pause(run, "lunch").result(10)
    desk.close()
    stuck.let_go()

    desk, watch = open_desk("bob")
    other = desk.start_run(PACK, failing).result(60)  # so the model was there
    watch.phase(other, "waiting")
    view = desk.run_view(run).result(10)
    assert ("paused", "alice", "lunch") == (view.row.phase, view.row.paused_by, view.pause_reason)

    desk.resume(run).result(10)
    watch.phase(run, "waiting")
    desk.close()
    told = kinds(data_dir)
    assert (1, 1) == (told.count(RunSuspended.kind), told.count(RunResumed.kind))


# While people are asked.


def test_people_decide_while_it_is_paused(open_desk: OpenDesk, failing: Path) -> None:
    """The answer is on record; the fact is made when the run goes on."""
    desk, watch = open_desk()
    run, review = ask(desk, watch, failing)
    desk.pause(run).result(10)
    desk.decide(review.gate_id, "approve", "", review.digest).result(10)

    view = desk.run_view(run).result(10)
    assert "paused" == view.row.phase
    assert "Strategies" not in dict(view.context)
    assert ("run", "All has been answered; the answers take effect then.") in view.why_not

    desk.resume(run).result(10)
    assert "Strategies" in dict(watch.phase(run, "stopped").context)


def test_a_run_that_waits_goes_on_without_a_model(
    open_desk: OpenDesk, failing: Path, tmp_path: Path
) -> None:
    """Nothing of it needs one until people have answered."""
    desk, watch = open_desk()
    run, _ = ask(desk, watch, failing)
    desk.pause(run).result(10)
    desk.close()

    desk, watch = open_desk(model=tmp_path / "none.gguf")
    desk.resume(run).result(10)
    assert "waiting" == watch.phase(run, "waiting").row.phase


def test_a_run_that_executes_does_not_go_on_without_a_model(
    open_desk: OpenDesk, failing: Path, tmp_path: Path, stuck: Stuck
) -> None:
    """Its agents would fail, and the run would end for it; it stays paused instead."""
    desk, _ = open_desk()
    run = at_work(desk, failing, stuck)
    desk.pause(run).result(10)
    desk.close()

    desk, _ = open_desk(model=tmp_path / "none.gguf")
    with pytest.raises(ModelUnavailable):
        desk.resume(run).result(30)
    assert "paused" == desk.run_view(run).result(10).row.phase


def test_what_cannot_be_is_a_sentence(open_desk: OpenDesk, failing: Path) -> None:
    """Pausing twice or what is over, and letting go what is not paused."""
    desk, watch = open_desk()
    run, _ = ask(desk, watch, failing)
    for asked, words in ((desk.resume(run), "is not suspended"), (desk.pause("run-9"), "no run")):
        with pytest.raises(IllegalCommand, match=words):
            asked.result(10)
    desk.pause(run, "lunch").result(10)
    with pytest.raises(IllegalCommand, match=r"is suspended by alice \(lunch\)"):
        desk.pause(run).result(10)

    desk.cancel(run).result(10)
    assert "UserCancelled" == watch.phase(run, "stopped").stop_kind
    with pytest.raises(IllegalCommand, match="which is stopped"):
        desk.pause(run).result(10)
