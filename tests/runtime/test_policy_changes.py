"""A policy that was changed on disk governs once those approved it whom the one in force names."""

from __future__ import annotations

import json
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from converge_core.errors import IllegalCommand
from converge_desktop import paths
from converge_desktop.adapters.packs.pack import Pack, load_packs, pack_of
from converge_desktop.cli import main, parser
from converge_desktop.runtime.desk import Desk
from converge_desktop.runtime.desk_model import PackRow
from converge_desktop.runtime.governing import law_of, loosened
from converge_desktop.runtime.review_model import Review
from tests.runtime.deciding_kit import PACK, MakeWaiting, Waiting, answer, make_waiting
from tests.runtime.packs import at_once

__all__ = ["make_waiting"]
TWO = '\n[rule.review]\ncount = 2\nroster = ["alice", "ben"]\n'
BENS = "correct horse"
HOLDING = 'reason = "Holding'


def got(future: Future[Any]) -> Any:
    return future.result(60)


def packed(change: str, old: str = "", new: str = "") -> Pack:
    """Returns the shipped pack with more at the end of its policy, or a part of it replaced."""
    texts = dict(load_packs(at_once())[PACK].texts)
    assert old in texts["policy.toml"]
    texts["policy.toml"] = texts["policy.toml"].replace(old, new) + change
    return pack_of(texts, "here")


STRICT = packed(TWO)


# What a change makes easier.


@pytest.mark.parametrize(
    ("new", "rules"),
    [
        (packed(TWO.replace("count = 2", "count = 1")), {"holding-needs-a-human"}),
        (packed(TWO.replace('"ben"', '"eve"')), {"holding-needs-a-human"}),
        (packed(TWO + 'self_approval = false\ndeadline = "1 h"\n'), set[str]()),
        (
            packed(TWO, f'risk = "medium"\n{HOLDING}', f'risk = "low"\n{HOLDING}'),
            {"holding-needs-a-human"},
        ),
        (packed(TWO, 'verdict = "hold"', 'verdict = "wait"'), {"holding-needs-a-human"}),
        (
            packed(TWO, 'name = "releasing-needs-a-human"', 'name = "another"'),
            {"releasing-needs-a-human", "whatever else is new"},
        ),
        (packed(TWO, "hold_at = 3", "hold_at = 9"), {"whatever else is new"}),
        (
            packed(TWO, '"no-failing-test", ', '"steps-grounded", "no-failing-test", '),
            {"whatever else is new"},
        ),
    ],
)
def test_every_old_rule_that_a_change_loosens_is_asked_about_by_its_own_terms(
    new: Pack, rules: set[str]
) -> None:
    """What is no rule is asked about by the strictest there was."""
    found = {one.rule: one for one in loosened(STRICT, new)}

    assert rules == set(found)
    for name in rules - {"releasing-needs-a-human"}:
        assert "2 people of alice, ben" == found[name].who()


def test_asking_more_people_than_before_loosens_nothing() -> None:
    """So it governs at once; so does forbidding what was asked about."""
    forbids = '\n[[rule]]\nname = "none"\neffect = "forbid"\nkey = "Strategies"\nreason = "No."\n'

    assert () == loosened(packed(""), STRICT)
    assert () == loosened(packed(""), packed(forbids))


def test_what_is_worded_otherwise_is_no_other_law() -> None:
    """Prompts and titles govern at once, as they always did."""
    texts = dict(STRICT.texts)
    texts["prompts.toml"] = texts["prompts.toml"].replace("say what speaks", "tell what speaks")
    other = pack_of(texts, "here")

    assert STRICT.digest != other.digest
    assert law_of(STRICT) == law_of(other)


# On a desk.


def write(waiting: Waiting, change: str) -> None:
    """Changes the policy on disk, and opens the desk again."""
    waiting.close()
    shipped = (at_once() / PACK / "policy.toml").read_text("utf-8")
    (waiting.packs / PACK / "policy.toml").write_text(shipped + change, "utf-8")
    waiting.open()
    got(waiting.desk.ready)


def row_of(desk: Desk) -> PackRow:
    [row] = got(desk.packs())
    return row


def asked(waiting: Waiting) -> Review:
    run = got(waiting.desk.ask_about_pack(PACK))
    waiting.watch.phase(run, "waiting")
    [gate] = [row for row in got(waiting.desk.inbox()) if row.run_id == run]
    return got(waiting.desk.review(gate.gate_id))


@pytest.fixture
def strict(make_waiting: MakeWaiting) -> Waiting:
    """A desk with a run under a policy that wants two, and one on disk that wants one."""
    waiting = make_waiting('count = 2\nroster = ["alice", "ben"]')
    got(waiting.desk.enrol_operator("ben", BENS))
    waiting.ask()
    write(waiting, "")
    return waiting


def test_a_policy_that_no_run_began_under_yet_needs_nobody(make_waiting: MakeWaiting) -> None:
    """Whoever sets a desk up writes its policies."""
    waiting = make_waiting('count = 2\nroster = ["alice", "ben"]')
    write(waiting, "")

    assert row_of(waiting.desk).waiting is None


def test_a_changed_policy_governs_no_new_run_before_it_was_approved(strict: Waiting) -> None:
    """New runs go by the one in force; what is other is told line by line, and who must agree."""
    row = row_of(strict.desk)
    assert "count = 2" in row.policy
    assert row.waiting is not None
    assert "It takes 2 people of alice, ben." in row.waiting.loosens[0]
    assert "-count = 2" in row.waiting.changes
    got(strict.desk.enrol_operator("carol"))
    review = strict.ask()

    assert "2 people of alice, ben" == review.may_decide


def test_turning_a_rule_off_needs_what_the_rule_itself_needs(strict: Waiting) -> None:
    """One of two is not enough; with the second it governs, through a restart as well."""
    review = asked(strict)
    assert ("2 people of alice, ben", "medium") == (review.may_decide, review.risk)
    assert (review.gate_id,) == row_of(strict.desk).waiting.gates  # type: ignore[union-attr]
    with pytest.raises(IllegalCommand, match="is asked about already"):
        got(strict.desk.ask_about_pack(PACK))

    assert "open" == got(strict.desk.answer(answer(review))).phase
    assert row_of(strict.desk).waiting is not None
    got(strict.desk.take_seat("ben", BENS))
    assert "approved" == got(strict.desk.answer(answer(review))).end
    strict.watch.phase(review.run_id, "stopped")

    assert row_of(strict.desk).waiting is None
    strict.open()
    assert row_of(strict.desk).waiting is None
    assert "anyone enrolled at this desk" == strict.ask().may_decide
    assert -1 == got(strict.desk.verify()).bad_seq


def test_a_change_that_was_rejected_does_not_govern_and_can_be_asked_again(
    strict: Waiting,
) -> None:
    """It is said that it was."""
    review = asked(strict)
    got(strict.desk.answer(answer(review, "reject", reason="no")))
    strict.watch.phase(review.run_id, "stopped")
    waits = row_of(strict.desk).waiting

    assert waits is not None
    assert (True, ()) == (waits.refused, waits.gates)
    assert asked(strict).gate_id != review.gate_id


def test_putting_back_what_is_in_force_leaves_nothing_to_approve(strict: Waiting) -> None:
    """And nothing to ask."""
    write(strict, '\n[rule.review]\ncount = 2\nroster = ["alice", "ben"]\n')
    assert row_of(strict.desk).waiting is None
    with pytest.raises(IllegalCommand, match="nothing waits"):
        got(strict.desk.ask_about_pack(PACK))


def test_a_pack_that_poses_as_the_question_answers_nothing(strict: Waiting, tmp_path: Path) -> None:
    """Its name alone does not make it one."""
    del tmp_path
    waits = row_of(strict.desk).waiting
    assert waits is not None
    run = got(strict.desk.ask_about_pack(PACK))
    state = strict.desk._engine.views.run_state(run)
    pack = strict.desk._engine.views.pack_of(state)
    texts = dict(pack.texts)
    texts["policy.toml"] = texts["policy.toml"].replace("count = 2", "count = 1")
    posing = pack_of(texts, "here")
    strict.desk._engine.views._packs[run] = posing  # as if the run had begun under it

    assert strict.desk._engine.send(lambda: strict.desk._asked(run)).result(10) is None


def test_the_command_line_says_what_waits_and_asks_about_it(
    strict: Waiting, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As words and as JSON; while it is asked, there is something to do for people."""
    strict.close()
    monkeypatch.setattr(paths, "packs", lambda: strict.packs)
    monkeypatch.setenv("LOGNAME", "alice")
    monkeypatch.setenv("CONVERGE_KEYRING", "none")
    place = str(strict.place / "data")

    def packs(*more: str) -> int:
        return main(parser().parse_args(["packs", "--data-dir", place, *more]))

    assert 0 == packs()
    said = capsys.readouterr().out
    assert "version 1 lies here and waits for approval" in said
    assert f"ask: converge-desktop packs --ask {PACK}" in said
    assert 3 == packs("--ask", PACK, "--json")
    [line] = json.loads(capsys.readouterr().out)
    schema = paths.resources().parent / "docs" / "cli" / "packs.schema.json"
    jsonschema.validate([line], json.loads(schema.read_text("utf-8")))
    assert (1, 1) == (line["waiting"], len(line["gates"]))
    assert 2 == packs("--ask", PACK)
    assert "is asked about already" in capsys.readouterr().err
