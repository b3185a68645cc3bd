"""Votes across desks: bound to gate, desk and to what was shown, and used once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from converge_core.asking import Gate, GateEnd
from converge_core.ballot import (
    Asked,
    Ballot,
    asked_bytes,
    unsigned_vote,
    voter,
    why_not_asked,
    why_not_cast,
    why_not_ours,
)
from converge_core.command import Decide
from converge_core.errors import DecisionRefused
from converge_core.key import ContextKey
from converge_core.review import InputOrigin, Verdict
from tests.core.kit import ALICE, BOB, CAROL, DESK, Person, Play, fact, fits
from tests.core.test_people import ALL, TWO, asked, happens

MALLORY = Person("mallory")
BOB_NOW = BOB.again("another laptop")


def question(play: Play, gate: Gate, by: Person = ALICE, **more: Any) -> Asked:
    """Returns what ``by`` asks of somebody at another desk."""
    play.desk.desk = DESK
    fields: dict[str, Any] = {
        "desk": DESK,
        "run": play.run,
        "gate": gate.request.id,
        "request": gate.request.digest(),
        "shown": ("a plan", "high risk"),
        "evidence": "e" * 64,
        "voters": tuple(one.operator for one in (ALICE, BOB, CAROL)),
        "answers": len(gate.every_answer()),
        "asked_at": 3,
        "deadline": None,
        "by": by.operator,
        "signature": "",
        **more,
    }
    unsigned = Asked(**fields)
    return msgspec.structs.replace(unsigned, signature=by.sign(asked_bytes(unsigned)))


def vote(of: Asked, by: Person = BOB, verdict: Verdict = Verdict.APPROVE, why: str = "") -> Ballot:
    """Returns what ``by`` answers, signed."""
    return Ballot(asked=of, decision=by.signed(unsigned_vote(of, by.operator, verdict, why, 5)))


def other(ballot: Ballot, by: Person = BOB, **fields: Any) -> Ballot:
    """Returns a vote that says something else, signed by ``by``."""
    decision = msgspec.structs.replace(ballot.decision, **fields)
    return Ballot(asked=ballot.asked, decision=by.signed(decision))


def waiting() -> tuple[Play, Gate]:
    play = asked(TWO, ALICE, BOB, CAROL)
    return play, play.gates()[0]


def taken(play: Play, ballot: Ballot) -> None:
    """Takes a vote in, as the desk that asked does."""
    assert "" == why_not_cast(ballot, fits)
    assert "" == why_not_ours(play.desk, ballot.asked, fits)
    who = play.desk.operators[ballot.decision.operator]
    play.command(Decide(ballot.decision, who))


def test_a_vote_from_elsewhere_counts_like_any_other() -> None:
    """With one at the desk it makes the two that are wanted; and it says where it came from."""
    play, gate = waiting()
    taken(play, vote(question(play, gate)))
    assert gate.open
    play.answer(gate, "approve", ALICE)

    assert gate.end is GateEnd.APPROVED
    assert InputOrigin.FILE is gate.votes[BOB.operator.id].input_origin


def test_the_same_vote_twice_is_one_vote() -> None:
    """It is not refused, and nothing follows."""
    play, gate = waiting()
    ballot = vote(question(play, gate))
    taken(play, ballot)
    before = len(play.events)
    taken(play, ballot)

    assert before == len(play.events)


def test_a_person_votes_once_whether_here_or_elsewhere() -> None:
    """The second answer is refused, from whichever desk it comes."""
    play, gate = waiting()
    of = question(play, gate)
    play.answer(gate, "approve", BOB)
    with pytest.raises(DecisionRefused, match="that vote stands"):
        taken(play, vote(of, verdict=Verdict.REJECT, why="no"))

    play, gate = waiting()
    of = question(play, gate)
    taken(play, vote(of))
    with pytest.raises(DecisionRefused, match="that vote stands"):
        play.answer(gate, "reject", BOB)


def test_who_is_asked_is_told_by_their_key() -> None:
    """Whatever they call themselves elsewhere."""
    play, gate = waiting()
    of = question(play, gate)

    assert BOB.operator == voter(of, BOB.operator.public_key)
    assert voter(of, MALLORY.operator.public_key) is None


NOT_CAST: dict[str, tuple[dict[str, Any], str]] = {
    "at another gate": ({"gate": "gate:other"}, "the vote is about gate:other"),
    "on other words": ({"request": "0" * 64}, "and the request in the file about"),
    "on what was not shown": ({"shown": "0" * 64}, "something else than the request in the file"),
    "that edits": ({"verdict": Verdict.EDIT}, "approves or rejects"),
    "with an edit": ({"edited": fact(ContextKey.STRATEGIES, "plan")}, "approves or rejects"),
    "by somebody not asked": ({"operator": "mallory#1"}, "is not among those who were asked"),
    "under another name": ({"id": "vote:again"}, "named otherwise"),
}


@pytest.mark.parametrize("how", NOT_CAST)
def test_what_is_no_vote_on_what_was_asked_is_refused(how: str) -> None:
    """Though the voter signed it."""
    play, gate = waiting()
    fields, reason = NOT_CAST[how]

    assert reason in why_not_cast(other(vote(question(play, gate)), **fields), fits)


def test_a_vote_that_the_voter_did_not_sign_is_refused() -> None:
    """Neither one signed by another, nor one of which a word was changed."""
    play, gate = waiting()
    ballot = vote(question(play, gate))
    changed = msgspec.structs.replace(ballot.decision, reason="of course")

    assert "the signature is not that of bob" in why_not_cast(other(ballot, MALLORY), fits)
    assert "the signature" in why_not_cast(Ballot(asked=ballot.asked, decision=changed), fits)


def test_a_vote_on_a_question_that_was_changed_is_refused() -> None:
    """What was shown is what was asked, or the vote is on something else."""
    play, gate = waiting()
    ballot = vote(question(play, gate))
    milder = msgspec.structs.replace(ballot.asked, shown=("a plan", "low risk"))

    assert "something else" in why_not_cast(Ballot(asked=milder, decision=ballot.decision), fits)
    assert "is not signed by alice" in why_not_asked(milder, fits)


def test_a_vote_for_another_desk_is_refused() -> None:
    """Gates are called alike everywhere."""
    play, gate = waiting()
    of = question(play, gate, desk="another")

    assert "was asked for by desk another, and this is desk" in why_not_ours(play.desk, of, fits)


def test_only_who_may_decide_here_asks_for_this_desk() -> None:
    """Otherwise anybody could say what was shown."""
    play, gate = waiting()

    reason = why_not_ours(play.desk, question(play, gate, MALLORY), fits)
    assert "is not enrolled here with that key" in reason
    forged = msgspec.structs.replace(question(play, gate), signature="0")
    assert "is not signed by alice" in why_not_ours(play.desk, forged, fits)
    of = question(play, gate, BOB)
    happens(play, ALICE.revoke(BOB))
    assert "was revoked by alice" in why_not_ours(play.desk, of, fits)


def test_a_question_outlives_the_key_it_was_signed_with() -> None:
    """It was asked when that was the key."""
    play, gate = waiting()
    of = question(play, gate, BOB)
    happens(play, BOB.rotate(BOB_NOW))

    assert "" == why_not_ours(play.desk, of, fits)


def test_a_vote_signed_with_a_key_that_was_laid_down_is_refused() -> None:
    """By the desk that asked, which knows."""
    play, gate = waiting()
    ballot = vote(question(play, gate))
    happens(play, BOB.rotate(BOB_NOW))

    with pytest.raises(DecisionRefused, match="the signature is not that of bob"):
        taken(play, ballot)


def test_a_vote_of_who_was_revoked_is_refused() -> None:
    """Whenever they signed it."""
    play, gate = waiting()
    ballot = vote(question(play, gate))
    happens(play, ALICE.revoke(BOB))

    with pytest.raises(DecisionRefused, match="was revoked by alice"):
        taken(play, ballot)


def test_a_vote_after_the_gate_has_closed_is_refused() -> None:
    """With who decided."""
    play = asked(ALL, ALICE, BOB)
    [gate] = play.gates()
    ballot = vote(question(play, gate))
    play.answer(gate, "reject", ALICE)

    with pytest.raises(DecisionRefused, match="it was decided before"):
        taken(play, ballot)
