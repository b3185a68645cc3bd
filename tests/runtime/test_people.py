"""People at a desk: enrolled, another key, revoked, locked; and votes that go from desk to desk."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from converge_core.errors import DecisionRefused
from converge_desktop import paths
from converge_desktop.adapters.identity.system_keyring import Backend
from converge_desktop.adapters.keys import KeyLocked, KeyProblem
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.runtime.review_model import Review
from tests.adapters.test_key_store import MemoryKeyring
from tests.runtime.conftest import OpenDesk
from tests.runtime.packs import at_once

Open = Callable[..., Desk]
SHOWN = ("a release", "high risk")


def got(future: Future[Any]) -> Any:
    return future.result(30)


@pytest.fixture
def people(tmp_path: Path) -> Iterator[Open]:
    """Opens desks that have no model; nobody needs one to say who may decide."""
    opened: list[Desk] = []

    def open_one(place: str = "desk", operator: str = "alice", **more: Any) -> Desk:
        for desk in opened:
            desk.close()
        where = (tmp_path / place, at_once(), paths.samples())
        desk = Desk(DeskOptions(*where, operator, None, **more))
        opened.append(desk)
        desk.wait_until_unlocked()
        return desk

    yield open_one
    for desk in opened:
        desk.close()


def states(desk: Desk) -> list[tuple[str, str]]:
    return [(row.name, row.state) for row in got(desk.operators())]


# Who may decide.


def test_the_first_person_is_enrolled_as_the_desk_opens_and_others_are_welcomed(
    people: Open,
) -> None:
    """The ledger holds together, whoever reads it."""
    desk = people()
    who = got(desk.enrol_operator("bob"))

    assert [("alice", "enrolled"), ("bob", "enrolled")] == states(desk)
    assert who.startswith("bob#")
    assert got(desk.verify()).bad_seq == -1
    with pytest.raises(DecisionRefused, match="somebody called bob may decide here already"):
        got(desk.enrol_operator("bob"))
    with pytest.raises(DecisionRefused, match="cannot be an operator's name"):
        got(desk.enrol_operator("../bob"))


def test_who_nobody_welcomed_opens_the_desk_and_decides_nothing(people: Open) -> None:
    """It is said what is missing, and who can mend it."""
    people().close()
    desk = people(operator="mallory")
    told: list[Any] = []
    desk.subscribe(told.append)

    assert [("alice", "enrolled")] == states(desk)
    assert any("nobody who is welcomes them" in getattr(one, "text", "") for one in told)
    with pytest.raises(DecisionRefused, match="nobody's key is unlocked"):
        got(desk.sign_checkpoint())
    with pytest.raises(DecisionRefused, match="was never enrolled"):
        got(desk.enrol_operator("friend"))


def test_who_was_welcomed_with_a_key_made_here_opens_the_desk_themselves(people: Open) -> None:
    """Two people share a desk, each with their own key."""
    got(people().enrol_operator("bob"))
    desk = people(operator="bob")
    got(desk.enrol_operator("carol"))

    assert got(desk.sign_checkpoint()).operator.startswith("bob#")


def test_a_key_that_was_laid_down_opens_nothing_and_the_new_one_does(people: Open) -> None:
    """The person stays who they are, through a restart as well."""
    desk = people()
    [before] = got(desk.operators())
    assert before.operator_id == got(desk.rotate_key("a new laptop"))
    [after] = got(desk.operators())
    again = people()
    signed = got(again.sign_checkpoint())

    assert (before.operator_id, before.name) == (after.operator_id, after.name)
    assert before.public_key != after.public_key
    assert before.operator_id == signed.operator
    assert got(again.verify()).bad_seq == -1


def test_a_crash_before_a_new_key_was_recorded_leaves_the_old_one(people: Open) -> None:
    """The one that the ledger knows."""
    desk = people()
    [before] = got(desk.operators())
    desk._holder.store.propose("alice", before.operator_id)
    again = people()

    assert got(again.sign_checkpoint()).operator == before.operator_id
    assert [before] == list(got(again.operators()))


def test_who_is_revoked_signs_nothing_more_not_even_as_the_desk_closes(people: Open) -> None:
    """And the ledger holds after that."""
    desk = people()
    got(desk.enrol_operator("bob"))
    got(desk.revoke_operator("alice", "left"))
    with pytest.raises(DecisionRefused, match="was revoked by alice"):
        got(desk.enrol_operator("carol"))
    with pytest.raises(DecisionRefused, match="nobody's key is unlocked"):
        got(desk.sign_checkpoint())
    again = people()

    assert [("alice", "revoked"), ("bob", "enrolled")] == states(again)
    assert got(again.verify()).bad_seq == -1
    with pytest.raises(DecisionRefused, match="carol may not decide at this desk; who may: bob#"):
        got(again.revoke_operator("carol", "left"))


# Locked.


def test_a_locked_desk_signs_nothing_until_it_is_unlocked(people: Open) -> None:
    """Neither a decision nor a checkpoint; reading goes on."""
    desk = people()
    got(desk.lock())
    with pytest.raises(KeyLocked, match="the key of alice is locked"):
        got(desk.enrol_operator("bob"))
    with pytest.raises(DecisionRefused, match="nobody's key is unlocked"):
        got(desk.sign_checkpoint())

    assert [("alice", "enrolled")] == states(desk)
    assert got(desk.unlock())
    assert got(desk.enrol_operator("bob"))


def test_a_desk_locks_itself_when_nobody_used_it(people: Open) -> None:
    """After as long as was set; each use begins it anew."""
    moment = [1_000_000]
    desk = people(clock=lambda: moment[0], lock_after_us=60_000_000)
    moment[0] += 59_000_000
    got(desk.enrol_operator("bob"))
    moment[0] += 59_000_000
    got(desk.enrol_operator("carol"))
    moment[0] += 60_000_000

    with pytest.raises(KeyLocked):
        got(desk.enrol_operator("dave"))
    with pytest.raises(DecisionRefused):
        got(desk.sign_checkpoint())


def test_a_key_under_a_passphrase_opens_with_it_alone(people: Open) -> None:
    """Without it the desk opens locked; with a wrong one it stays so."""
    people().close()
    desk = people(passphrase="correct horse")
    assert got(desk.protect_key()).place.endswith("alice.sealed")

    desk = people()
    with pytest.raises(KeyLocked, match="the key of alice is locked"):
        got(desk.enrol_operator("bob"))
    with pytest.raises(KeyLocked, match="does not open"):
        got(desk.unlock("battery staple"))
    assert got(desk.unlock("correct horse"))
    assert got(desk.enrol_operator("bob"))


def test_with_a_keyring_the_key_lies_there(people: Open, tmp_path: Path) -> None:
    """And is found there when the desk opens again."""
    ring: Backend = MemoryKeyring()
    [one] = got(people(keyring=lambda: ring).operators())
    again = people(keyring=lambda: ring)

    assert one.here == "keyring"
    assert [one] == list(got(again.operators()))
    assert got(again.sign_checkpoint()).operator == one.operator_id
    assert [] == [path.name for path in (tmp_path / "desk" / "keys").glob("alice*")]


def test_a_desk_opens_while_the_keyring_waits_for_its_owner(tmp_path: Path) -> None:
    """What is there can be read; nobody is let in until it answers."""
    answer = threading.Event()

    def waits() -> Backend:
        answer.wait(20)
        return MemoryKeyring()

    where = (tmp_path / "desk", at_once(), paths.samples())
    desk = Desk(DeskOptions(*where, "alice", None, keyring=waits))
    try:
        desk.ready.result(10)
        assert () == got(desk.runs())
        answer.set()
        desk.wait_until_unlocked()
        assert got(desk.sign_checkpoint()).operator.startswith("alice#")
    finally:
        answer.set()
        desk.close()


# Across desks.


@pytest.fixture
def asking(
    open_desk: OpenDesk, people: Open, failing: Path, tmp_path: Path
) -> tuple[Desk, Review, Path]:
    """A desk that asks bob, whose key lies at another desk, about a gate; and the request."""
    bob = people("other", "bob")
    got(bob.export_key(tmp_path / "bob.key"))
    desk, watch = open_desk()
    assert got(desk.import_operator(tmp_path / "bob.key")).startswith("bob#")
    run = desk.start_run("release-readiness", failing).result(60)
    watch.phase(run, "waiting")
    [row] = got(desk.inbox())
    review = got(desk.review(row.gate_id))
    got(desk.request_vote(row.gate_id, SHOWN, tmp_path / "request"))
    return desk, review, tmp_path


def test_a_vote_is_carried_from_desk_to_desk(
    asking: tuple[Desk, Review, Path], people: Open
) -> None:
    """Two files, no network: what was asked is shown and proven there, and the answer counts here.

    Once; and never at the desk that did not ask.
    """
    desk, review, place = asking
    bob = people("other", "bob")
    request = got(bob.read_request(place / "request"))
    got(bob.vote(request, "approve", "fine", place / "vote"))

    assert (review.gate_id, SHOWN) == (request.asked.gate, request.asked.shown)
    assert request.holding.whole
    with pytest.raises(DecisionRefused, match="was asked for by desk"):
        got(bob.import_vote(place / "vote"))
    ballot, answered = got(desk.import_vote(place / "vote"))
    assert ("approved", "fine") == (answered.end, ballot.decision.reason)
    records = got(desk.verify())
    assert records.bad_seq == -1
    got(desk.import_vote(place / "vote"))
    assert records.records == got(desk.verify()).records


def test_a_vote_needs_a_reason_to_reject_and_a_key_that_was_asked(
    asking: tuple[Desk, Review, Path], people: Open
) -> None:
    """The sentence says what to do."""
    _, _, place = asking
    stranger = people("third", "carol")
    request = got(stranger.read_request(place / "request"))
    with pytest.raises(DecisionRefused, match="carol is not asked with the key here"):
        got(stranger.vote(request, "approve", "", place / "vote"))
    bob = people("other", "bob")
    with pytest.raises(DecisionRefused, match="a rejection needs a reason"):
        got(bob.vote(request, "reject", " ", place / "vote"))

    assert not (place / "vote").exists()


def test_a_request_of_which_anything_was_changed_is_refused(
    asking: tuple[Desk, Review, Path], people: Open
) -> None:
    """What is shown, who asks, the evidence, and the whole of it."""
    _, _, place = asking
    line, evidence = (place / "request").read_bytes().split(b"\n", 1)
    other = json.loads(line) | {"shown": ["nothing to worry about"]}
    spelled = json.dumps(other, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    desk = people("other", "bob")
    for changed, reason in [
        (spelled.encode() + b"\n" + evidence, "the request is not signed by alice"),
        (line + b"\n" + evidence[:-70], "the evidence in it is not the one"),
        (line[:-20], "is no request file"),
        (b" " + line + b"\n" + evidence, "is no request file"),
        (b"\xff\n", "is no request file"),
    ]:
        (place / "changed").write_bytes(changed)
        with pytest.raises(DecisionRefused, match=reason):
            got(desk.read_request(place / "changed"))


def test_a_vote_after_the_decision_is_refused(
    asking: tuple[Desk, Review, Path], people: Open
) -> None:
    """With who decided; and what is no vote is refused before that."""
    desk, review, place = asking
    got(desk.decide(review.gate_id, "reject", "no", review.digest))
    bob = people("other", "bob")
    got(bob.vote(got(bob.read_request(place / "request")), "approve", "", place / "vote"))

    with pytest.raises(DecisionRefused, match="it was decided before: alice#"):
        got(desk.import_vote(place / "vote"))
    with pytest.raises(DecisionRefused, match="is no vote file"):
        got(desk.import_vote(place / "request"))
    with pytest.raises(DecisionRefused, match="awaits no answer"):
        got(desk.request_vote(review.gate_id, SHOWN, place / "late"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda raw: raw.update(key=2), "use a newer converge-desktop"),
        (lambda raw: raw["operator"].update(name="mallory"), "is not shown to be theirs"),
        (lambda raw: raw["operator"].update(name="b\u202eob"), "cannot be an operator's name"),
        (lambda raw: raw.pop("proof"), "is no exported key"),
    ],
)
def test_an_exported_key_that_was_changed_is_not_imported(
    people: Open, tmp_path: Path, change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    """Who answers for somebody answers for the key that is theirs."""
    got(people("other", "bob").export_key(tmp_path / "bob.key"))
    raw = json.loads((tmp_path / "bob.key").read_bytes())
    change(raw)
    (tmp_path / "bob.key").write_text(json.dumps(raw))

    with pytest.raises(DecisionRefused, match=reason):
        got(people().import_operator(tmp_path / "bob.key"))


def test_no_key_is_made_for_whoever_is_named(people: Open) -> None:
    """Deciding as somebody takes their key, and that is made by enrolling them."""
    desk = people()

    with pytest.raises(KeyProblem, match="there is no key of bob at this desk"):
        got(desk.rotate_key("", "bob"))
