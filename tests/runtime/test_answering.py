"""All that a person can do at a gate, through a desk: signed, recorded, and bound to the review."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import msgspec
import pytest

from converge_core.errors import DecisionRefused
from converge_core.events import GateActed, GateDecided
from converge_core.review import Decision, InputOrigin
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.runtime.deciding_model import Doing, Edit
from converge_desktop.runtime.review_model import Review
from converge_desktop.runtime.review_views import BESIDE, PARTS
from tests.runtime.deciding_kit import HOUR, MakeWaiting, Waiting, answer

ALONE = 'self_approval = true\nundo = "1 h"'


@pytest.fixture(scope="module")
def edited_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Waiting]:
    """A desk at which one proposal waits, whose editor may approve their own words."""
    place = Waiting(tmp_path_factory.mktemp("edited"), ALONE)
    place.ask()
    yield place
    place.close()


def recorded(place: Waiting, kind: type) -> list[msgspec.Struct]:
    """Returns the events of one kind, as they stand in the files."""
    found = read_ledger(place.place / "data" / "ledger")
    return [entry.event for entry in found if isinstance(entry.event, kind)]


def decisions(place: Waiting) -> list[Decision]:
    return [event.decision for event in recorded(place, GateDecided)]  # type: ignore[attr-defined]


def holds(place: Waiting) -> bool:
    return place.desk.verify().result(30).bad_seq == -1


# Refining and editing.


def test_feedback_becomes_a_fact_that_its_author_can_read(make_waiting: MakeWaiting) -> None:
    """A refinement closes the gate, and what was said stands under Constraints."""
    place = make_waiting()
    review = place.ask()

    done = place.desk.answer(answer(review, "refine", reason="say until when")).result(10)

    assert ("closed", "refined") == (done.phase, done.end)
    place.watch.phase(review.run_id, "stopped", "waiting")
    assert "say until when" in place.context(review.run_id)["Constraints"]
    assert holds(place)


def test_an_edit_stands_in_the_person_s_words_and_tells_what_it_changed(
    make_waiting: MakeWaiting,
) -> None:
    """Who may approve their own words does so by editing; the change is told field by field."""
    place = make_waiting("self_approval = true")
    review = place.ask()
    edit = Edit(content="Hold it until Monday")

    done = place.desk.answer(answer(review, "edit", edit=edit)).result(10)

    assert [("content", review.becomes_true, "Hold it until Monday")] == [
        (one.field, one.before, one.after) for one in done.changes
    ]
    place.watch.phase(review.run_id, "stopped")
    assert ("Hold it until Monday",) == place.context(review.run_id)["Strategies"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"more": 1}, "more is new"),
        ({"verdict": "wild"}, "verdict is another, and the words still say"),
        ({"steps": "none"}, "steps is to hold a list, and holds words"),
        ({"steps": [{"do": "tests.fix"}]}, r"steps\[1\].for is missing"),
        ({"score": 0.5}, "whole numbers"),
    ],
)
def test_an_edit_keeps_the_shape_of_what_it_edits(
    edited_desk: Waiting, change: dict[str, object], problem: str
) -> None:
    """Whatever reads it later finds what it expects; what does not fit is told by its place."""
    [row] = edited_desk.desk.inbox().result(10)
    review = edited_desk.desk.review(row.gate_id).result(10)
    edit = Edit(structured={**structured_of(edited_desk, review), **change})

    with pytest.raises(DecisionRefused, match=problem):
        edited_desk.desk.answer(answer(review, "edit", edit=edit)).result(10)


def test_an_edit_meets_the_checks_that_its_proposal_met(edited_desk: Waiting) -> None:
    """A capability that the pack does not declare is found before anybody signs."""
    [row] = edited_desk.desk.inbox().result(10)
    review = edited_desk.desk.review(row.gate_id).result(10)
    structured = structured_of(edited_desk, review)
    structured["steps"] = [{"do": "launch.rockets", "for": []}]

    view = edited_desk.desk.look_at_edit(row.gate_id, Edit(structured=structured)).result(10)

    assert any("capability" in problem for problem in view.problems)
    assert [] == decisions(edited_desk)


def test_an_edit_that_changes_nothing_is_an_approval_and_refused(edited_desk: Waiting) -> None:
    """It is said what to do instead."""
    [row] = edited_desk.desk.inbox().result(10)
    with pytest.raises(DecisionRefused, match="changes nothing; approve it"):
        edited_desk.desk.look_at_edit(row.gate_id, Edit()).result(10)


def test_nobody_edits_what_nobody_else_could_approve(make_waiting: MakeWaiting) -> None:
    """Where the terms let nobody approve their own words, somebody else has to be there."""
    place = make_waiting()
    review = place.ask()
    with pytest.raises(DecisionRefused, match="nobody else is enrolled"):
        place.desk.answer(answer(review, "edit", edit=Edit(content="Wait"))).result(10)


def structured_of(place: Waiting, review: Review) -> dict[str, object]:
    run = place.desk._engine.views.run_state(review.run_id)
    gate = place.desk._engine.views.gate(review.gate_id)[1]
    return dict(run.drafts[gate.request.proposal].fact.structured)


# Acts.


def test_a_decision_is_undone_while_its_window_is_open_and_not_after(
    make_waiting: MakeWaiting,
) -> None:
    """Until then nothing is true yet; afterwards a correction is what is left."""
    place = make_waiting('undo = "1 h"')
    review = place.ask()
    done = place.desk.answer(answer(review)).result(10)
    assert ("settling", "approved") == (done.phase, done.end)
    assert done.settles_at is not None

    undone = place.desk.act(Doing(review.gate_id, "undo", "not yet")).result(10)

    assert ("open", "") == (undone.phase, undone.end)
    votes = place.desk.review(review.gate_id).result(10).standing
    assert votes is not None
    assert [("approve", False)] == [(one.verdict, one.stands) for one in votes.votes]
    place.desk.answer(answer(review)).result(10)
    place.ahead = 2 * HOUR
    with pytest.raises(DecisionRefused, match="nothing to undo"):
        place.desk.act(Doing(review.gate_id, "undo")).result(10)
    assert holds(place)


def test_a_deadline_is_moved_as_often_as_its_terms_allow(make_waiting: MakeWaiting) -> None:
    """Once, here; the review stays what it was, so that it can still be answered."""
    place = make_waiting('deadline = "1 h"\nextension = "1 h"\nextensions = 1')
    review = place.ask()
    assert review.deadline is not None

    moved = place.desk.act(Doing(review.gate_id, "extend")).result(10)

    assert review.deadline + HOUR == moved.deadline
    with pytest.raises(DecisionRefused, match="its policy allows no more"):
        place.desk.act(Doing(review.gate_id, "extend")).result(10)
    place.desk.answer(answer(review)).result(10)
    assert holds(place)


def test_a_vote_is_delegated_to_somebody_by_name(make_waiting: MakeWaiting) -> None:
    """Who delegated may not vote any more, and who may vote is part of what is shown."""
    place = make_waiting('roster = ["alice"]')
    bob = place.desk.enrol_operator("bob").result(10)
    review = place.ask()

    done = place.desk.act(Doing(review.gate_id, "delegate", "she knows more", "bob")).result(10)

    assert (bob,) == done.may_decide
    now = place.desk.review(review.gate_id, since=review.digest).result(10)
    assert ["rule"] == [row.part for row in now.since]
    with pytest.raises(DecisionRefused, match="not among those who may decide"):
        place.desk.answer(answer(now)).result(10)
    assert "approved" == place.desk.answer(answer(now), "bob").result(10).end
    assert holds(place)


def test_nobody_delegates_to_strangers_or_where_anybody_may_vote(edited_desk: Waiting) -> None:
    """The sentence says who there is."""
    [row] = edited_desk.desk.inbox().result(10)
    with pytest.raises(DecisionRefused, match="nobody-here is not enrolled"):
        edited_desk.desk.act(Doing(row.gate_id, "delegate", to="nobody-here")).result(10)
    with pytest.raises(DecisionRefused, match="nothing to delegate"):
        edited_desk.desk.act(Doing(row.gate_id, "delegate", to="alice")).result(10)


def test_a_gate_is_escalated_to_those_whom_its_terms_name(make_waiting: MakeWaiting) -> None:
    """They alone are asked from then on, and once is enough."""
    place = make_waiting('escalate_to = ["bob"]')
    bob = place.desk.enrol_operator("bob").result(10)
    review = place.ask()

    done = place.desk.act(Doing(review.gate_id, "escalate", "above me")).result(10)

    assert (bob,) == done.may_decide
    with pytest.raises(DecisionRefused, match="escalated before"):
        place.desk.act(Doing(review.gate_id, "escalate"), "bob").result(10)


def test_where_the_terms_name_nobody_there_is_no_escalation(edited_desk: Waiting) -> None:
    """And what is no act at all is told with what there is."""
    [row] = edited_desk.desk.inbox().result(10)
    with pytest.raises(DecisionRefused, match="nobody to escalate to"):
        edited_desk.desk.act(Doing(row.gate_id, "escalate")).result(10)
    with pytest.raises(DecisionRefused, match="'dance' is no act; there are: undo"):
        edited_desk.desk.act(Doing(row.gate_id, "dance")).result(10)
    assert [] == recorded(edited_desk, GateActed)


# What was shown.


def test_a_decision_says_what_was_opened_and_by_what_hand(make_waiting: MakeWaiting) -> None:
    """Both are covered by its signature, and stand in the ledger."""
    place = make_waiting()
    review = place.ask()

    place.desk.answer(
        answer(review, opened=("evidence", "checks", "checks"), origin="keyboard")
    ).result(10)

    [taken] = decisions(place)
    assert ("checks", "evidence") == taken.opened
    assert InputOrigin.KEYBOARD is taken.input_origin
    assert holds(place)


def test_a_decision_of_which_nothing_is_known_says_nothing(make_waiting: MakeWaiting) -> None:
    """What nobody said is left out, as in the ledgers of before."""
    place = make_waiting()
    review = place.ask()
    place.desk.decide(review.gate_id, "approve", "", review.digest).result(10)
    [taken] = decisions(place)
    assert {msgspec.UNSET} == {taken.opened, taken.input_origin}


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"opened": ("wishes",)}, "no part 'wishes'"),
        ({"origin": "telepathy"}, "no origin of an answer"),
        ({"reason": "\udc80"}, "no text"),
    ],
)
def test_what_cannot_have_been_shown_or_said_is_refused(
    edited_desk: Waiting, more: dict[str, object], problem: str
) -> None:
    """A part the review does not have, a hand nobody has, a reason that is no text."""
    [row] = edited_desk.desk.inbox().result(10)
    review = edited_desk.desk.review(row.gate_id).result(10)
    with pytest.raises(DecisionRefused, match=problem):
        edited_desk.desk.answer(answer(review, **more)).result(10)  # type: ignore[arg-type]


def test_every_field_of_a_review_is_in_a_part_or_beside_it() -> None:
    """Nothing is shown that the digest forgets, unless it says so."""
    inside = [field for part in PARTS.values() for field in part]
    assert sorted([*inside, *BESIDE]) == sorted(field.name for field in fields(Review))


# Several as one.


def test_answers_given_together_are_one_step_of_the_ledger(make_waiting: MakeWaiting) -> None:
    """Both runs go on, and each decision says that it was one of several."""
    place = make_waiting()
    reviews = [place.ask(), place.ask()]

    done = place.desk.decide_many([answer(one) for one in reviews]).result(10)

    assert ["approved", "approved"] == [one.end for one in done]
    assert {InputOrigin.BATCH} == {one.input_origin for one in decisions(place)}
    assert 1 == len({one.decided_at for one in decisions(place)})
    for one in reviews:
        place.watch.phase(one.run_id, "stopped")
    assert holds(place)


def test_of_answers_that_do_not_all_hold_none_is_taken(make_waiting: MakeWaiting) -> None:
    """One of a stale review, one without its reason, one twice: the gate is named."""
    place = make_waiting()
    first, second = place.ask(), place.ask()
    wrong = [
        ([answer(first), replace(answer(second), shown="0" * 64)], second.gate_id),
        ([answer(first), answer(second, "reject")], second.gate_id),
        ([answer(first), answer(first)], first.gate_id),
        ([], "no answer is given"),
    ]
    for given, named in wrong:
        with pytest.raises(DecisionRefused, match=named):
            place.desk.decide_many(given).result(10)

    assert [] == decisions(place)
    assert 2 == len(place.desk.inbox().result(10))
