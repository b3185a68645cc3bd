"""Several people at one desk: who sits there, whose key is open, and what is known of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from converge_core.ballot import Ballot
from converge_core.errors import DecisionRefused
from converge_desktop.adapters.keys import KeyLocked, KeyProblem
from converge_desktop.runtime.deciding_model import Edit
from converge_desktop.runtime.desk import Desk
from converge_desktop.runtime.peopling import ExportedKey
from converge_desktop.runtime.port import Notice, StatusChanged
from tests.adapters.test_key_store import MemoryKeyring
from tests.runtime.deciding_kit import MakeWaiting, answer, make_waiting
from tests.runtime.test_people import got, people

__all__ = ["make_waiting", "people"]
Open = Callable[..., Desk]
BENS = "correct horse"


def status(desk: Desk) -> Any:
    told: list[Any] = []
    desk.subscribe(told.append)
    return next(one.status for one in told if isinstance(one, StatusChanged))


# Who sits there.


def test_who_takes_the_seat_signs_and_the_key_of_who_sat_there_is_locked(people: Open) -> None:
    """The status says so; what is signed from then on is signed in their name."""
    desk = people()
    [alice] = got(desk.operators())
    key = desk._key_of(None)
    ben = got(desk.enrol_operator("ben", BENS))

    assert ben == got(desk.take_seat("ben", BENS))
    assert (desk.operator, status(desk).operator, status(desk).unlocked) == ("ben", "ben", True)
    assert ("file under a passphrase", True) == (status(desk).key_kept, key.locked)
    assert ben == got(desk.sign_checkpoint()).operator
    assert {ben: True, alice.operator_id: False} == {
        row.operator_id: row.sits for row in got(desk.operators())
    }


def test_a_wrong_passphrase_leaves_who_sat_there(people: Open) -> None:
    """So does a name that nobody has, and one whose key lies elsewhere."""
    desk = people()
    got(desk.enrol_operator("ben", BENS))
    for name, typed, error in [
        ("ben", "battery staple", KeyLocked),
        ("ben", "", KeyLocked),
        ("carol", "", KeyProblem),
        ("../ben", "", DecisionRefused),
    ]:
        with pytest.raises(error):
            got(desk.take_seat(name, typed))

    assert (desk.operator, status(desk).unlocked) == ("alice", True)
    assert got(desk.sign_checkpoint()).operator.startswith("alice#")


def test_who_was_revoked_takes_no_seat(people: Open) -> None:
    """Their key may still lie there; who sits there stays."""
    desk = people()
    got(desk.enrol_operator("ben", BENS))
    got(desk.revoke_operator("ben", "left"))

    with pytest.raises(DecisionRefused, match="was revoked by alice"):
        got(desk.take_seat("ben", BENS))
    assert desk.operator == "alice"
    assert got(desk.enrol_operator("carol"))


def test_the_passphrase_of_who_sat_there_opens_nothing_of_who_sits_there(people: Open) -> None:
    """Locked, the desk forgets it, and the one it was opened with as well."""
    people().close()
    got(people(passphrase="alices").protect_key())
    desk = people(passphrase="alices")
    got(desk.enrol_operator("ben", BENS))
    got(desk.take_seat("ben", BENS))
    got(desk.lock())

    for typed in ("", "alices"):
        with pytest.raises(KeyLocked):
            got(desk.unlock(typed))
    with pytest.raises(KeyLocked):
        got(desk.take_seat("alice"))
    assert got(desk.take_seat("alice", "alices")).startswith("alice#")


def test_two_who_must_agree_do_so_at_one_desk(make_waiting: MakeWaiting) -> None:
    """One votes, the other takes the seat and votes, and the gate closes; nobody votes for two."""
    waiting = make_waiting('quorum = "count"\ncount = 2\nroster = ["alice", "ben"]')
    desk = waiting.desk
    got(desk.enrol_operator("ben", BENS))
    review = waiting.ask()

    assert "open" == got(desk.answer(answer(review))).phase
    with pytest.raises(KeyLocked):  # ben is not here: their passphrase was not typed
        got(desk.answer(answer(review), "ben"))
    got(desk.take_seat("ben", BENS))
    assert "approved" == got(desk.answer(answer(review))).end
    votes = got(desk.review(review.gate_id)).standing.votes
    assert ["alice", "ben"] == sorted(vote.operator.partition("#")[0] for vote in votes)


# Their keys.


def test_a_chosen_passphrase_counts_even_where_there_is_a_keyring(people: Open) -> None:
    """A keyring opens to whoever is logged in, and two people may share a login."""
    ring = MemoryKeyring()
    desk = people(keyring=lambda: ring)
    got(desk.enrol_operator("ben", BENS))
    got(desk.enrol_operator("carol"))

    assert {"alice": "keyring", "ben": "file under a passphrase", "carol": "keyring"} == {
        row.name: row.here for row in got(desk.operators())
    }


def test_a_key_in_a_keyring_is_taken_out_under_a_passphrase(people: Open) -> None:
    """From whoever shares the login; nothing of it stays in the keyring."""
    ring = MemoryKeyring()
    desk = people(keyring=lambda: ring)
    with pytest.raises(KeyProblem, match="it lies in the keyring"):
        got(desk.protect_key())
    assert "file under a passphrase" == got(desk.protect_key(passphrase="first one")).where
    again = people(keyring=lambda: ring)

    assert not status(again).unlocked
    assert got(again.unlock("first one"))


def test_somebody_who_was_revoked_comes_back_with_another_key(people: Open) -> None:
    """As somebody else: the old id stays revoked, and the old key opens nothing."""
    desk = people()
    before = got(desk.enrol_operator("ben", BENS))
    got(desk.revoke_operator("ben", "left"))
    after = got(desk.enrol_operator("ben", "another one"))

    assert before != after
    assert after == got(desk.take_seat("ben", "another one"))
    assert -1 == got(desk.verify()).bad_seq


def test_a_passphrase_is_changed_by_who_knows_it(people: Open) -> None:
    """The key stays the same, and opens with the new one alone."""
    desk = people()
    [before] = got(desk.operators())
    with pytest.raises(KeyProblem, match="has no passphrase to change"):
        got(desk.change_passphrase("", "first one"))
    assert "file under a passphrase" == got(desk.protect_key(passphrase="first one")).where
    with pytest.raises(KeyLocked):
        got(desk.change_passphrase("another", "second one"))
    got(desk.change_passphrase("first one", "second one"))
    got(desk.lock())

    with pytest.raises(KeyLocked):
        got(desk.unlock("first one"))
    assert got(desk.unlock("second one"))
    [after] = got(desk.operators())
    assert before.public_key == after.public_key
    assert "file under a passphrase" == status(desk).key_kept


def test_a_desk_that_locks_itself_says_so(people: Open) -> None:
    """In the status, and in a sentence, once."""
    moment = [1_000_000]
    desk = people(clock=lambda: moment[0], lock_after_us=60_000_000)
    told: list[Any] = []
    desk.subscribe(told.append)
    moment[0] += 60_000_000
    for _ in range(2):
        with pytest.raises(KeyLocked):
            got(desk.enrol_operator("bob"))

    assert not status(desk).unlocked
    assert 1 == sum(isinstance(one, Notice) and "was locked" in one.text for one in told)


# What is known of each.


def test_of_a_person_all_is_told_that_happened_to_their_key(people: Open) -> None:
    """Who welcomed them, every other key with its reason, and how it ended."""
    desk = people()
    [alice] = got(desk.operators())
    ben = got(desk.enrol_operator("ben", BENS))
    got(desk.rotate_key("a new laptop"))
    got(desk.revoke_operator("ben", "left"))
    one, other = got(desk.person(alice.operator_id)), got(desk.person(ben))

    assert [("enrolled", ""), ("another key", "a new laptop")] == [
        (moment.what, moment.reason) for moment in one.moments
    ]
    assert [("enrolled", alice.operator_id), ("revoked", alice.operator_id)] == [
        (moment.what, moment.by) for moment in other.moments
    ]
    assert (True, False) == (one.last, other.last)
    assert ((), ()) == (other.duties, other.strands)
    assert 8 == len(one.fingerprint.split())


def test_of_a_person_it_is_told_what_nobody_could_decide_without_them(
    make_waiting: MakeWaiting,
) -> None:
    """The open gate, and the rule that asks for two of two; what others can decide is not named."""
    waiting = make_waiting('quorum = "count"\ncount = 2\nroster = ["alice", "ben"]')
    desk = waiting.desk
    ben = got(desk.enrol_operator("ben", BENS))
    carol = got(desk.enrol_operator("carol", BENS))
    review = waiting.ask()

    assert [review.gate_id, ""] == [one.gate_id for one in got(desk.person(ben)).strands]
    assert () == got(desk.person(carol)).strands
    how = {duty.rule: duty.how for duty in got(desk.person(ben)).duties}
    assert "one vote; it takes 2 people" == how["holding-needs-a-human"]
    assert "decides alone" == how["releasing-needs-a-human"]
    assert "holding-needs-a-human" not in {d.rule for d in got(desk.person(carol)).duties}


def test_a_file_that_was_carried_here_is_looked_at_before_it_is_used(
    people: Open, tmp_path: Path
) -> None:
    """A key is told from what is none of the three, and nothing of it is recorded."""
    desk = people()
    got(desk.export_key(tmp_path / "alice.key"))
    before = got(desk.verify()).records

    assert isinstance(got(desk.look_at(tmp_path / "alice.key")), ExportedKey)
    for bad in (b"", b"{}", b"[1]", b"\xff\n", b'{"proof": 1}'):
        (tmp_path / "bad").write_bytes(bad)
        with pytest.raises(DecisionRefused, match="bad is n"):
            got(desk.look_at(tmp_path / "bad"))
    with pytest.raises(OSError, match="missing"):
        got(desk.look_at(tmp_path / "missing"))
    assert before == got(desk.verify()).records


def test_a_request_and_a_vote_are_told_apart(
    make_waiting: MakeWaiting, people: Open, tmp_path: Path
) -> None:
    """Each is what it was made to be, and holds."""
    bob = people("other", "bob")
    got(bob.export_key(tmp_path / "bob.key"))
    waiting = make_waiting()
    got(waiting.desk.import_operator(tmp_path / "bob.key"))
    review = waiting.ask()
    got(waiting.desk.request_vote(review.gate_id, ("a release",), tmp_path / "request"))
    request = got(bob.look_at(tmp_path / "request"))
    got(bob.vote(request, "approve", "", tmp_path / "vote"))
    ballot = got(waiting.desk.look_at(tmp_path / "vote"))

    assert review.gate_id == request.asked.gate
    assert isinstance(ballot, Ballot)
    assert "approve" == ballot.decision.verdict


# One person alone.


def test_what_somebody_decided_about_their_own_is_marked(make_waiting: MakeWaiting) -> None:
    """Where a policy lets them; in how the gate stands, in its votes, and as a precedent."""
    waiting = make_waiting("self_approval = true")
    first = waiting.ask()
    edit = Edit(content="Hold it until Monday")
    got(waiting.desk.answer(answer(first, "edit", edit=edit)))
    waiting.watch.phase(first.run_id, "stopped")
    standing = got(waiting.desk.review(first.gate_id)).standing
    second = waiting.ask()
    got(waiting.desk.answer(answer(second)))
    waiting.watch.phase(second.run_id, "stopped")
    other = got(waiting.desk.review(second.gate_id))

    assert "It was decided by the one who proposed it." in standing.words
    assert [True] == [vote.own for vote in standing.votes]
    assert [False] == [vote.own for vote in other.standing.votes]
    assert "the one who proposed it" not in other.standing.words
    assert {first.gate_id: True} == {row.gate_id: row.own for row in other.precedents}
