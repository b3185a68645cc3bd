"""One fact looked into from the ledger alone: who promoted it, on what, what became of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from converge_core.errors import IllegalCommand
from converge_desktop import paths
from converge_desktop.runtime.deciding_model import Answer
from converge_desktop.runtime.desk import Desk, DeskOptions
from tests.runtime.folders import make_folder
from tests.runtime.packs import at_once

WAIT = 60


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk on which one run waits for a decision."""
    place = tmp_path_factory.mktemp("facts")
    folder = make_folder(place / "billing", failed=1)
    made = Desk(
        DeskOptions(place / "data", at_once(), paths.samples(), "alice", paths.default_model())
    )
    made.start_run("release-readiness", folder).result(WAIT)
    _until_asked(made, 1)
    yield made
    made.close()


def _until_asked(desk: Desk, count: int) -> None:
    end = time.monotonic() + WAIT
    while len(desk.inbox().result(WAIT)) < count:
        assert time.monotonic() < end, "nobody was asked"


def _run(desk: Desk) -> str:
    return desk.runs().result(WAIT)[-1].run_id


def test_what_was_read_names_its_place_and_its_rule(desk: Desk) -> None:
    """The file, the place in it, the rule that let it pass, the checks that ran."""
    view = desk.fact(_run(desk), "tests.failed").result(WAIT)
    [(source, place)] = view.read_at
    assert source == "junit.xml"
    assert place.startswith("testsuites//testcase")
    assert view.rule == "metrics-are-signals"
    assert not view.by_person
    assert all(check.passed for check in view.checks)
    assert desk.record(view.card.seq).result(WAIT).row.kind == "fact_promoted"


def test_what_a_model_said_names_its_step_and_all_it_rests_on(desk: Desk) -> None:
    """With the place of each fact in the input, and the graph both ways within the run."""
    view = desk.fact(_run(desk), "reasoning").result(WAIT)
    [step] = view.steps
    assert (step.step, step.grade) == ("reasoning", "byte-exact")
    failed = next(one for one in view.evidence if one.fact_id == "tests.failed")
    assert failed.source == "junit.xml"
    ends = {child for child, _, parent in view.edges if parent == view.start}
    assert f"fact:{_run(desk)}|evaluation" in ends
    assert any(name.startswith("gate:") for name in ends), "the proposal that waits rests on it"


def test_a_fact_that_there_is_not_is_refused_by_name(desk: Desk) -> None:
    """With the run and the id."""
    with pytest.raises(IllegalCommand, match="run run-0001 has no fact nonsense"):
        desk.fact(_run(desk), "nonsense").result(WAIT)


def test_a_fork_shows_the_fact_of_the_run_that_made_it_and_its_correction(desk: Desk) -> None:
    """Taken back in a fork, approved by somebody else: told on both sides, with why."""
    first = _run(desk)
    assert desk.fact(first, "tests.failed").result(WAIT).retractable.others == ()
    desk.enrol_operator("bob").result(WAIT)
    fork = desk.fork(first).result(WAIT)
    seen = desk.fact(fork, "tests.failed").result(WAIT)
    assert (seen.seen_from, seen.card.run_id) == (fork, first)
    assert seen.retractable.others == ("bob",)
    assert seen.retractable.own

    for row in desk.inbox().result(WAIT):
        if row.run_id == fork:
            desk.cancel(fork).result(WAIT)
            break
    made = desk.retract(fork, "tests.failed", "it was another build").result(WAIT)
    _until_asked(desk, 2)
    gate = next(
        row.gate_id
        for row in desk.inbox().result(WAIT)
        if row.run_id == made.run_id and row.text.startswith("Retracted: ")
    )
    shown = desk.review(gate).result(WAIT).digest
    desk.answer(Answer(gate, "approve", shown), "bob").result(WAIT)
    for row in desk.inbox().result(WAIT):
        if row.run_id == made.run_id:
            desk.answer(
                Answer(row.gate_id, "reject", desk.review(row.gate_id).result(WAIT).digest, "no"),
                "bob",
            ).result(WAIT)
    end = time.monotonic() + WAIT
    old = desk.fact(made.run_id, "tests.failed").result(WAIT)
    while not old.corrected_by:
        assert time.monotonic() < end, "the correction was never made"
        old = desk.fact(made.run_id, "tests.failed").result(WAIT)
    [correction] = old.corrected_by
    assert (correction.fact_id, correction.why) == (made.proposed_id, "it was another build")
    assert "has taken the place" in old.retractable.why_not

    new = desk.fact(made.run_id, made.proposed_id).result(WAIT)
    assert new.corrects is not None
    assert new.corrects.fact_id == "tests.failed"
    assert new.by_person
    assert not new.self_approved
    assert [one.verdict for one in new.verdicts] == ["approve"]


def test_an_input_is_read_without_starting_anything(desk: Desk, tmp_path: Path) -> None:
    """What it is about, and what cannot be known; a bad one is refused with a sentence."""
    folder = make_folder(tmp_path / "billing", failed=2)
    before = len(desk.runs().result(WAIT))
    view = desk.check_input("release-readiness", folder).result(WAIT)
    assert view.subject.startswith("billing at ")
    assert ("junit.xml", "junit") in view.sources
    assert view.read + len(view.unknown) > 0
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(Exception, match=str(empty)):
        desk.check_input("release-readiness", empty).result(WAIT)
    assert len(desk.runs().result(WAIT)) == before
