"""What is shown beside a review: how the gate stands, precedents, previews, what is other since."""

from __future__ import annotations

from pathlib import Path

import pytest

from converge_core.correction import Correction, CorrectionReason
from converge_core.errors import DecisionRefused, IllegalCommand
from converge_core.ids import FactId
from converge_core.key import ContextKey as Key
from converge_core.policy import Effect
from converge_core.review import Verdict
from converge_desktop.runtime.deciding_model import Edit
from converge_desktop.runtime.differences import changes_between
from converge_desktop.runtime.precedents import KEPT, Precedent, Precedents, decided_in, kind_of
from converge_desktop.runtime.saved_filters import FILE, SavedFilters
from converge_desktop.runtime.standing_views import standing, truth_rows
from tests.core.kit import (
    ALICE,
    ASK_STRATEGIES,
    BOB,
    Play,
    engine_of,
    fact,
    policy_of,
    proposes,
    rule,
    seed,
)
from tests.runtime.deciding_kit import MakeWaiting, answer

# Precedents.


def test_what_was_decided_before_about_the_same_is_shown(make_waiting: MakeWaiting) -> None:
    """With verdict, reason and person; also when the desk was closed meanwhile."""
    place = make_waiting()
    first = place.ask()
    place.desk.answer(answer(first, "reject", reason="too early")).result(10)
    place.watch.phase(first.run_id, "stopped")
    place.open()

    again = place.ask()

    [row] = again.precedents
    assert ("target", first.gate_id, "reject", "too early") == (
        row.same,
        row.gate_id,
        row.verdict,
        row.reason,
    )
    assert row.operator.startswith("alice#")


def test_precedents_change_nothing_about_what_is_asked(make_waiting: MakeWaiting) -> None:
    """Of several that wait, each can be answered by the review that was shown first."""
    place = make_waiting()
    first, second = place.ask(), place.ask()
    place.desk.answer(answer(first)).result(10)
    place.watch.phase(first.run_id, "stopped")

    later = place.desk.review(second.gate_id, since=second.digest).result(10)

    assert (second.digest, ()) == (later.digest, later.since)
    assert [first.gate_id] == [row.gate_id for row in later.precedents]
    place.desk.answer(answer(second)).result(10)


def test_of_each_target_and_kind_the_newest_few_are_kept_whatever_their_order() -> None:
    """What it takes does not grow with what was decided."""
    play = asking()
    draft = play.state.drafts[play.gates()[0].request.proposal]
    table = Precedents()
    order = [*range(0, 100, 2), *range(1, 100, 2)]

    for at in order:
        table.note([Precedent(f"gate:r{at}/x", "t", kind_of(draft), "", "approve", "", "a", at)])

    assert KEPT == len(table._kinds[kind_of(draft)])
    newest = [row.at for row in table.of(draft, (), but="")]
    assert list(range(99, 99 - len(newest), -1)) == newest


def test_an_undone_decision_is_no_precedent() -> None:
    """It never took effect."""
    play = asking()
    assert () == decided_in(play.state)
    play.answer(play.gates()[0], "reject", ALICE, "no")
    assert ["reject"] == [one.verdict for one in decided_in(play.state)]


# How a gate stands.


def asking(*more: object, **terms: object) -> Play:
    """Returns a run that asks about a strategy."""
    agent = proposes("p", fact(Key.STRATEGIES, "s", "Do it"), *more)  # type: ignore[arg-type]
    return Play(engine_of(agent, policy=ASK_STRATEGIES)).begin(seed("input"))


def test_a_gate_says_how_it_stands_in_a_sentence() -> None:
    """Before, after, and when it is asked no more."""
    play = asking()
    gate = play.gates()[0]
    assert "It waits for an answer." == standing(play.state, gate).words
    play.answer(gate, "approve", BOB)
    assert standing(play.state, play.state.gates[gate.request.id]).words.startswith("bob#")

    other = asking()
    name = other.gates()[0].request.id
    other.cancel()
    assert "asked no more" in standing(other.state, other.state.gates[name]).words


def test_what_a_correction_would_change_is_told_field_by_field() -> None:
    """Against what stands by now, with the record that made it."""
    corrects = Correction(
        supersedes=FactId("input"), reason=CorrectionReason.DATA_ERROR, text="misread"
    )
    better = fact(Key.SEEDS, "input 2", "81 %", corrects=corrects, requires_human=True)
    play = Play(engine_of(proposes("p", better), policy=policy_of(rule(Effect.PERMIT))))
    play.begin(seed("input", "61 %"))
    gate = play.gates()[0]

    [row] = truth_rows(play.state, gate, play.state.drafts[gate.request.proposal])

    assert ("corrects", "input") == (row.relation, row.other)
    assert ("content", "61 %", "81 %") == tuple(
        getattr(row.changes[0], name) for name in ("field", "before", "after")
    )
    assert row.seq == play.state.fact_seq[Key.SEEDS, FactId("input")]


def test_two_that_contradict_each_other_name_each_other() -> None:
    """By gate, as neither is a fact."""
    agents = [
        proposes("left", fact(Key.HYPOTHESES, "way", "go left")),
        proposes("right", fact(Key.HYPOTHESES, "way", "go right")),
    ]
    play = Play(engine_of(*agents, policy=policy_of(rule(Effect.PERMIT)))).begin()
    left, right = play.gates()

    [row] = truth_rows(play.state, left, play.state.drafts[left.request.proposal])

    assert ("contradicts", right.request.id, -1) == (row.relation, row.other, row.seq)
    play.answer(right, "approve")
    [why] = standing(play.state, play.state.gates[left.request.id]).will_move
    assert "contradict each other" in why


def test_a_vote_elsewhere_is_seen_and_changes_no_review(make_waiting: MakeWaiting) -> None:
    """Somebody else decided: the pane says who and what, by the review that is open."""
    place = make_waiting('undo = "1 h"')
    place.desk.enrol_operator("bob").result(10)
    review = place.ask()
    place.desk.answer(answer(review, "reject", reason="no"), "bob").result(10)

    later = place.desk.review(review.gate_id, since=review.digest).result(10)

    assert later.standing is not None
    assert ("settling", "rejected") == (later.standing.phase, later.standing.end)
    assert "bob#" in later.standing.words
    assert "chose to reject it" in later.standing.words
    with pytest.raises(DecisionRefused, match="decided before"):
        place.desk.answer(answer(review)).result(10)


def test_what_is_other_since_is_told_part_by_part(make_waiting: MakeWaiting) -> None:
    """Of a review that is not remembered every part may be."""
    place = make_waiting()
    review = place.ask()
    later = place.desk.review(review.gate_id, since="0" * 64).result(10)
    assert [name for name, _ in review.parts] == [row.part for row in later.since]


def test_differences_name_the_place() -> None:
    """Whatever lies in whatever."""
    found = changes_between({"a": [{"b": 1}], "c": None}, {"a": [{"b": 2}, "x"], "d": []})
    assert [
        ("a[1].b", "1", "2"),
        ("c", "null", ""),
        ("a[2]", "", "x"),
        ("d", "", "[]"),
    ] == [(one.field, one.before, one.after) for one in found]


# Previews.


def test_both_answers_are_shown_side_by_side_before_either_is_given(
    make_waiting: MakeWaiting,
) -> None:
    """What becomes true, and what is refused; nothing is recorded."""
    place = make_waiting()
    review = place.ask()

    shown = place.desk.previews(review.gate_id).result(10)

    assert ("Strategies", review.becomes_true) in shown.approve.facts
    assert review.becomes_true in [said for said, _ in shown.reject.refused]
    assert shown.approve.ends
    assert "1 cycle, 1 fact and 0 agents that ran" == shown.approve.used
    assert Verdict.REJECT == shown.reject.verdict
    place.desk.answer(answer(review)).result(10)
    with pytest.raises(DecisionRefused, match="chose to approve"):
        place.desk.previews(review.gate_id).result(10)


# Retracting.


def test_what_became_a_fact_is_taken_back_by_a_correction_that_people_decide(
    make_waiting: MakeWaiting,
) -> None:
    """The run has stopped, so another goes on from it; what rests on the fact is told."""
    place = make_waiting("self_approval = true")
    review = place.ask()
    place.desk.answer(answer(review)).result(10)
    place.watch.phase(review.run_id, "stopped")

    found = place.desk.retract(review.run_id, "strategy", "the tests were fixed").result(60)

    assert review.run_id != found.run_id
    place.watch.phase(found.run_id, "waiting")
    [row] = place.desk.inbox().result(10)
    asked = place.desk.review(row.gate_id).result(10)
    assert ["strategy"] == [one.other for one in asked.truth]
    place.desk.answer(answer(asked)).result(10)
    place.watch.phase(found.run_id, "stopped")
    assert f"Retracted: {review.becomes_true}" in place.context(found.run_id)["Strategies"]
    assert -1 == place.desk.verify().result(30).bad_seq


def test_a_run_that_waits_hears_a_correction_itself(make_waiting: MakeWaiting) -> None:
    """It is laid before the run, and waits for the end of the cycle."""
    place = make_waiting()
    review = place.ask()
    fact_id = review.evidence[0].fact_id

    found = place.desk.retract(review.run_id, fact_id, "misread", Edit(content="81 %")).result(60)

    assert review.run_id == found.run_id
    with pytest.raises(DecisionRefused, match="proposed before"):
        place.desk.retract(review.run_id, fact_id, "misread").result(60)


@pytest.mark.parametrize(
    ("fact_id", "reason", "problem"),
    [("nothing", "why", "no fact nothing"), ("tests.failed", " ", "say why")],
)
def test_what_cannot_be_taken_back_is_refused_and_begins_no_run(
    make_waiting: MakeWaiting, fact_id: str, reason: str, problem: str
) -> None:
    """There has to be a fact, and a reason."""
    place = make_waiting()
    review = place.ask()
    with pytest.raises(DecisionRefused, match=problem):
        place.desk.retract(review.run_id, fact_id, reason).result(60)
    assert 1 == len(place.desk.runs().result(10))


# Saved filters.


def test_a_filter_is_saved_by_name_changed_and_taken_away(tmp_path: Path) -> None:
    """In a file that a person can read and write as well."""
    saved = SavedFilters(tmp_path)
    assert () == saved.all()

    saved.save("urgent “now”", 'due<2h -"on hold"')
    saved.save("mine", "agent:plan*")
    saved.save("mine", "agent:planner")
    assert (("urgent “now”", 'due<2h -"on hold"'), ("mine", "agent:planner")) == saved.all()
    saved.save("mine", " ")

    assert (("urgent “now”", 'due<2h -"on hold"'),) == SavedFilters(tmp_path).all()


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("", "risk:high", "a filter's name"),
        ("x" * 61, "risk:high", "a filter's name"),
        ("a\nb", "risk:high", "a filter's name"),
        ("bad", "risk:", "cannot be read"),
        ("bad", "a\x00b", "no plain text"),
    ],
)
def test_what_could_not_be_read_again_is_not_saved(
    tmp_path: Path, name: str, text: str, problem: str
) -> None:
    """Name and filter are looked at first."""
    with pytest.raises(IllegalCommand, match=problem):
        SavedFilters(tmp_path).save(name, text)
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("text", ["[filter", 'filter = "x"', "[filter]\nurgent = 1"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    """And nothing is written over it."""
    (tmp_path / FILE).write_text(text, "utf-8")
    with pytest.raises(IllegalCommand, match=FILE):
        SavedFilters(tmp_path).save("urgent", "risk:high")
    assert text == (tmp_path / FILE).read_text("utf-8")
