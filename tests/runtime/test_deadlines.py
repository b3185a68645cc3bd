"""Time at a desk: what is over is closed at its start, before any answer, and by itself."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from converge_core.errors import DecisionRefused
from converge_desktop import paths
from converge_desktop.adapters.clock import system_clock
from converge_desktop.adapters.packs.pack import PackProblem, load_pack
from converge_desktop.runtime.desk import Desk, DeskOptions
from tests.runtime.packs import at_once
from tests.runtime.test_main_path import ask
from tests.runtime.watching import Watch

HOUR = 3_600_000_000
PACK = "release-readiness"
HOLDING = 'name = "holding-needs-a-human"\n'


class Hand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return system_clock() + self.ahead


OpenAt = Callable[..., tuple[Desk, Watch]]


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    """Packs of one's own."""
    return Path(shutil.copytree(at_once(), tmp_path / "packs"))


@pytest.fixture
def open_at(packs: Path, data_dir: Path) -> Iterator[OpenAt]:
    """Opens desks whose clock a test moves, and closes those that it left open."""
    opened: list[Desk] = []

    def open_one(clock: Hand, operator: str = "alice") -> tuple[Desk, Watch]:
        options = DeskOptions(
            data_dir=data_dir,
            packs_dir=packs,
            samples_dir=paths.samples(),
            operator=operator,
            model=paths.default_model(),
            clock=clock,
        )
        desk = Desk(options)
        opened.append(desk)
        watch = Watch(desk)
        desk.ready.result(30)
        return desk, watch

    yield open_one
    for desk in opened:
        desk.close()


def written(packs: Path, terms: str) -> None:
    """Writes terms of review beside the rule that asks about holding."""
    path = packs / PACK / "policy.toml"
    text = path.read_text("utf-8")
    assert HOLDING in text
    path.write_text(f"{text}\n[rule.review]\n{terms}\n", "utf-8")  # it is the last rule


def test_a_deadline_that_passed_while_the_desk_was_closed_is_closed_at_its_start(
    packs: Path, open_at: OpenAt, failing: Path
) -> None:
    """Silence rejects; what happened is told, and no answer is taken any more."""
    written(packs, 'deadline = "1 h"')
    clock = Hand()
    desk, watch = open_at(clock)
    run, review = ask(desk, watch, failing)
    assert review.deadline is not None
    desk.close()
    clock.ahead = 2 * HOUR
    desk, watch = open_at(clock)

    assert () == desk.inbox().result(10)
    view = watch.phase(run, "stopped")
    assert any("silence rejects" in card.text for card in dict(view.context)["Diagnostic"])
    assert "Strategies" not in dict(view.context)
    assert -1 == desk.verify().result(30).bad_seq


def test_an_answer_after_the_deadline_finds_the_gate_closed(
    packs: Path, open_at: OpenAt, failing: Path
) -> None:
    """Whoever is too late is told so, and nothing of the answer is kept."""
    written(packs, 'deadline = "1 h"')
    clock = Hand()
    desk, watch = open_at(clock)
    _, review = ask(desk, watch, failing)
    clock.ahead = 2 * HOUR

    with pytest.raises(DecisionRefused, match="nobody answered by"):
        desk.decide(review.gate_id, "approve", "", review.digest).result(30)


def test_a_decision_takes_effect_by_itself_when_its_undo_window_is_over(
    packs: Path, open_at: OpenAt, failing: Path
) -> None:
    """Until then it is decided and no fact; nobody has to do anything."""
    written(packs, 'undo = "1 s"')
    desk, watch = open_at(Hand())
    run, review = ask(desk, watch, failing)
    desk.decide(review.gate_id, "approve", "", review.digest).result(30)
    assert "Strategies" not in dict(desk.run_view(run).result(10).context)

    view = watch.phase(run, "stopped")
    assert "Strategies" in dict(view.context)
    assert -1 == desk.verify().result(30).bad_seq


def test_a_deadline_passes_however_much_the_desk_is_asked_meanwhile(
    packs: Path, open_at: OpenAt, failing: Path
) -> None:
    """Whoever asks again as soon as they are answered keeps no deadline from passing."""
    written(packs, 'deadline = "1 h"')
    clock = Hand()
    desk, watch = open_at(clock)
    run, _ = ask(desk, watch, failing)
    enough = threading.Event()

    def ask_again(_: object = None) -> None:
        if not enough.is_set():
            desk.settling().add_done_callback(ask_again)

    ask_again()
    ask_again()
    clock.ahead = 2 * HOUR
    try:
        view = watch.phase(run, "stopped")
    finally:
        enough.set()
    assert any("silence rejects" in card.text for card in dict(view.context)["Diagnostic"])


def test_the_inbox_says_how_many_have_approved_and_how_many_it_takes(
    packs: Path, open_at: OpenAt, failing: Path
) -> None:
    """Of those whom the policy names, who has sat at this desk."""
    written(packs, 'roster = ["alice", "bob", "carol"]\ncount = 2')
    desk, watch = open_at(Hand())
    desk.enrol_operator("bob").result(10)
    _, review = ask(desk, watch, failing)
    [row] = desk.inbox().result(10)

    assert (0, 2) == (row.votes, row.votes_needed)
    assert "2 people of alice, bob" == review.may_decide
    desk.decide(review.gate_id, "approve", "", review.digest).result(30)
    [row] = desk.inbox().result(10)
    assert (1, 2) == (row.votes, row.votes_needed)
    desk.enrol_operator("dave").result(10)
    with pytest.raises(DecisionRefused, match=r"dave#.* is not among those who may decide this"):
        desk.decide(review.gate_id, "reject", "no", review.digest, "dave").result(30)


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ('count = 4\nroster = ["alice", "bob"]', "4 approvals are asked for, and the roster has 2"),
        ('on_timeout = "approve"\ndeadline = "1 h"', "silence approves only where timeout_words"),
        ('quorum = "lead"\nlead = "dave"\nroster = ["alice"]', "dave is not on the roster"),
        ('quorum = "majority"', "needs a roster, and none is named"),
        ('deadline = "soon"', "rule.7.review.deadline"),
        ('deadline = "1 week"', "rule.7.review.deadline"),
        ("patience = 3", "rule.7.review.patience"),
    ],
)
def test_a_policy_that_nobody_could_meet_is_refused_when_it_is_read(
    packs: Path, terms: str, reason: str
) -> None:
    """With the file, the rule and why."""
    written(packs, terms)

    with pytest.raises(PackProblem) as refused:
        load_pack(packs / PACK)
    assert "policy.toml" in str(refused.value)
    assert reason in str(refused.value)
