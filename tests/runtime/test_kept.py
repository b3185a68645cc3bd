"""What waits at a gate keeps its rules: pack, policy and program may change, and it is told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from converge_core.scope import Product
from converge_desktop.adapters.packs.pack import load_pack
from converge_desktop.runtime import views
from converge_desktop.runtime.desk import Desk
from converge_desktop.runtime.pack_engine import intent_of
from converge_desktop.runtime.wording import check_words
from tests.runtime.conftest import OpenDesk
from tests.runtime.packs import at_once
from tests.runtime.test_main_path import ask
from tests.runtime.watching import Watch

PACK = "release-readiness"
Edit = Callable[[Path], None]


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    """Packs of one's own, which a test may change while a desk is closed."""
    return Path(shutil.copytree(at_once(), tmp_path / "packs"))


@pytest.fixture
def packs_dir(packs: Path) -> Path:
    """Desks are opened over them."""
    return packs


def edited(file: str, old: str, new: str) -> Edit:
    def edit(packs: Path) -> None:
        path = packs / PACK / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    return edit


def reopened(open_desk: OpenDesk, failing: Path, change: Callable[[], None]) -> tuple[Desk, Watch]:
    """Returns a desk on which a run waits that began before ``change``."""
    desk, watch = open_desk()
    _, review = ask(desk, watch, failing)
    assert () == review.kept
    desk.close()
    change()
    return open_desk()


def forbids(packs: Path) -> None:
    """Has the policy forbid every strategy from now on."""
    path = packs / PACK / "policy.toml"
    rule = (
        '\n[[rule]]\nname = "no-strategy"\neffect = "forbid"\nkey = "Strategies"\n'
        'reason = "Nothing is decided any more."\nrisk = "high"\n'
    )
    path.write_text(path.read_text("utf-8") + rule, "utf-8")


def test_a_run_that_waits_is_decided_by_the_policy_it_began_with(
    open_desk: OpenDesk, failing: Path, packs: Path
) -> None:
    """The new policy forbids what it asks about; the run keeps the old one, and says so."""
    desk, watch = reopened(open_desk, failing, lambda: forbids(packs))
    [row] = desk.inbox().result(10)
    review = desk.review(row.gate_id).result(10)

    assert ["The files of the pack", "The policy was changed"] == [
        sentence[:22].strip(" r") for sentence in review.kept
    ]
    desk.decide(row.gate_id, "approve", "", review.digest).result(10)
    stopped = watch.phase(row.run_id, "stopped")
    assert "CriteriaMet" == stopped.stop_kind
    assert "Strategies" in dict(stopped.context)
    assert -1 == desk.verify().result(10).bad_seq

    fresh = desk.start_run(PACK, failing).result(60)
    assert "Strategies" not in dict(watch.phase(fresh, "stopped").context)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (edited("pack.toml", "version = 1", "version = 2"), "is now version 2; this run began"),
        (edited("prompts.toml", "\n", "\n\n"), "The files of the pack release-readiness were"),
        (lambda packs: shutil.rmtree(packs / PACK), "release-readiness is no longer here"),
    ],
    ids=["a new version", "an edited prompt", "the pack is gone"],
)
def test_what_became_of_the_pack_is_told_with_the_review(
    open_desk: OpenDesk, failing: Path, packs: Path, edit: Edit, said: str
) -> None:
    """The run goes on by the files it kept, and the answer takes effect."""
    desk, watch = reopened(open_desk, failing, lambda: edit(packs))
    [row] = desk.inbox().result(10)
    review = desk.review(row.gate_id).result(10)
    [sentence] = review.kept

    assert said in sentence
    assert sentence.endswith("The run keeps the files it began with.")
    desk.decide(row.gate_id, "approve", "", review.digest).result(10)
    assert "CriteriaMet" == watch.phase(row.run_id, "stopped").stop_kind


def test_another_version_of_the_program_is_told(
    open_desk: OpenDesk, failing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The update is named with both versions, and does not change what is signed."""
    desk, watch = open_desk()
    _, before = ask(desk, watch, failing)
    monkeypatch.setattr(views, "__version__", "99.0")
    after = desk.review(before.gate_id).result(10)

    assert any("this is version 99.0" in sentence for sentence in after.kept)
    assert before.digest == after.digest


def test_what_changed_here_is_no_part_of_what_is_signed(
    open_desk: OpenDesk, failing: Path, packs: Path
) -> None:
    """The digest covers what the ledger says, so that anybody can work it out again."""
    desk, watch = open_desk()
    _, before = ask(desk, watch, failing)
    desk.close()
    forbids(packs)
    desk, _ = open_desk()
    after = desk.review(before.gate_id).result(10)

    assert after.kept
    assert before.digest == after.digest


def test_the_intent_of_the_shipped_pack_is_complete() -> None:
    """It has a name, a required criterion, and its subject for a scope."""
    pack = load_pack(at_once() / PACK)
    intent = intent_of(pack, "desk at 4be1c0")

    assert intent.declared
    assert (PACK, (Product(value="desk at 4be1c0"),)) == (intent.id, intent.scope)
    assert [criterion.id for criterion in intent.criteria if criterion.required]


def test_what_the_shipped_agents_propose_passed_the_check_of_the_scope(
    open_desk: OpenDesk, failing: Path
) -> None:
    """Each says what it is about, and the review shows that it was checked."""
    desk, watch = open_desk()
    _, review = ask(desk, watch, failing)

    assert [True] == [
        check.passed for check in review.checks if check.name == check_words("within-scope")
    ]
