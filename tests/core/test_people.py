"""Who may decide: the first comes alone, all others are welcomed, take other keys, and may leave.

A person stays who they are whatever key they have; what they signed stands, and what is signed
with a key that was laid down, or by somebody who was revoked, does not.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from converge_core import events as e
from converge_core.asking import GateEnd
from converge_core.checkpoint import take
from converge_core.command import Decide
from converge_core.enrolling import PeopleEvent, is_here, known_by, take_in
from converge_core.errors import DecisionRefused, LedgerCorrupt
from converge_core.ids import RunId
from converge_core.key import ContextKey as Key
from converge_core.ledger import Chain, encode_batch
from converge_core.merkle import Frontier
from converge_core.policy import Effect, Risk
from converge_core.quorum import Quorum, QuorumRule
from converge_core.reading import Reading
from converge_core.review import ActKind
from converge_core.run_state import DeskState
from converge_core.state import fold
from converge_core.terms import ReviewTerms
from tests.core.kit import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    DESK,
    Person,
    Play,
    engine_of,
    fact,
    fits,
    policy_of,
    proposes,
    rule,
    salts,
)
from tests.core.test_votes import replayed

MALLORY = Person("mallory")
BOB_NOW = BOB.again("another laptop")
TWO = ReviewTerms(quorum=Quorum(count=2), roster=("alice", "bob", "carol"))
ALL = ReviewTerms(quorum=Quorum(rule=QuorumRule.UNANIMOUS))


def desk(*events: e.Event) -> DeskState:
    """Returns a desk at which alice is first and bob was welcomed, and then some."""
    first = [
        e.DeskOpened(desk=DESK, app_version="1"),
        e.OperatorEnrolled(operator=ALICE.operator),
        ALICE.welcome(BOB),
    ]
    state = DeskState()
    for seq, event in enumerate([*first, *events]):
        state = fold(state, event, 0, seq)
    return state


def said(event: PeopleEvent, *before: e.Event) -> str:
    """Returns why an event is refused, when it is to happen and when it is read back alike."""
    with pytest.raises(DecisionRefused) as refused:
        take_in(desk(*before), event, fits)
    with pytest.raises(LedgerCorrupt) as corrupt:
        read([*before, event])
    assert str(refused.value) in str(corrupt.value)
    return str(refused.value)


def read(events: list[e.Event]) -> Reading:
    """Returns what a ledger of alice, bob and ``events`` says, each claim checked."""
    cast: list[e.Event] = [
        e.DeskOpened(desk=DESK, app_version="1"),
        e.OperatorEnrolled(operator=ALICE.operator),
        ALICE.welcome(BOB),
    ]
    reading = Reading(DeskState(), Frontier(), Chain(), fits)
    for entry in encode_batch([*cast, *events], Chain(), 7, salts())[1]:
        reading.take(entry)
    return reading


# Enrolled.


def test_the_first_person_of_a_desk_comes_by_themselves() -> None:
    """There is nobody who could answer for them."""
    alone = e.OperatorEnrolled(operator=ALICE.operator)

    assert [alone] == take_in(DeskState(desk=DESK), alone, fits)


def test_everybody_else_is_welcomed_by_somebody_who_may_decide() -> None:
    """That is signed, and read back as such."""
    event = BOB.welcome(CAROL)

    assert [event] == take_in(desk(), event, fits)
    assert is_here(read([event]).state, CAROL.operator)


def test_who_is_enrolled_already_is_not_enrolled_again() -> None:
    """Nothing is recorded, and a record that says so once more says nothing new."""
    again = e.OperatorEnrolled(operator=BOB.operator)

    assert [] == take_in(desk(), again, fits)
    assert is_here(read([again]).state, BOB.operator)


def test_an_outsider_enrols_nobody() -> None:
    """Neither themselves, nor others, nor in the name of somebody who may."""
    forged = ALICE.welcome(MALLORY)
    assert forged.welcome
    signature = MALLORY.sign(b"whatever")
    forged = msgspec.structs.replace(
        forged, welcome=msgspec.structs.replace(forged.welcome, signature=signature)
    )

    assert "nobody who is welcomes them" in said(e.OperatorEnrolled(operator=MALLORY.operator))
    assert "mallory#" in said(MALLORY.welcome(CAROL))
    assert "was never enrolled" in said(MALLORY.welcome(MALLORY))
    assert f"the signature is not that of {ALICE.operator.id}" == said(forged)


def test_a_welcome_is_worth_nothing_at_another_desk() -> None:
    """What is signed names the desk."""
    assert "the signature is not that of alice" in said(ALICE.welcome(CAROL, desk="another"))


def test_nobody_is_enrolled_with_a_key_that_they_do_not_have() -> None:
    """A public key is no secret, so that it is theirs is shown."""
    event = ALICE.welcome(CAROL)
    assert event.welcome
    unproven = msgspec.structs.replace(event.welcome, proof=MALLORY.sign(b"x"))

    assert "is not shown to be theirs" in said(msgspec.structs.replace(event, welcome=unproven))


def test_a_key_is_one_persons() -> None:
    """Nobody becomes two people by two names, or comes back with a key that was laid down."""
    twin = Person("robert", secret="bob")
    old = Person("robert", secret="bob", known_as="robert#1")

    assert f"that is the key of {BOB.operator.id}" in said(ALICE.welcome(twin))
    assert f"was a key of {BOB.operator.id}" in said(ALICE.welcome(old), BOB.rotate(BOB_NOW))


def test_what_is_no_key_is_nobodys() -> None:
    """It is told by its form."""
    event = ALICE.welcome(CAROL)
    nobody = msgspec.structs.replace(event.operator, public_key="K" * 64)

    assert "64 lower-case" in said(msgspec.structs.replace(event, operator=nobody))


def test_the_first_is_not_welcomed_by_themselves() -> None:
    """Nobody was there."""
    with pytest.raises(DecisionRefused, match="is welcomed where nobody is yet"):
        take_in(DeskState(desk=DESK), ALICE.welcome(ALICE), fits)


# Another key.


def test_a_person_with_another_key_is_the_same_person() -> None:
    """Id and name stay, the key is the new one, and the old one is nobody's any more."""
    state = read([BOB.rotate(BOB_NOW)]).state

    assert BOB_NOW.operator == state.operators[BOB.operator.id]
    assert BOB_NOW.operator == known_by(state, BOB_NOW.operator.public_key)
    assert known_by(state, BOB.operator.public_key) is None


FORGED: dict[str, tuple[Callable[[e.OperatorKeyRotated], e.OperatorKeyRotated], str]] = {
    "signed by another": (
        lambda event: rotated(event, signature=MALLORY.sign(b"x")),
        "the signature is not that of bob",
    ),
    "of somebody else's": (
        lambda event: rotated(event, operator=ALICE.operator.id),
        "the signature is not that of alice",
    ),
    "to a key that is not shown": (
        lambda event: rotated(event, proof=MALLORY.sign(b"x")),
        "the new key of bob#81b637d8 is not shown to be theirs",
    ),
    "to another key": (
        lambda event: rotated(event, public_key=MALLORY.operator.public_key),
        "the signature is not that of bob",
    ),
    "to alice's key": (
        lambda event: rotated(event, public_key=ALICE.operator.public_key),
        "that is the key of alice",
    ),
    "of a stranger": (
        lambda event: MALLORY.rotate(Person("m")),
        "mallory#58e8a4bd, who is said to have signed it, was never enrolled",
    ),
}


def rotated(event: e.OperatorKeyRotated, **fields: object) -> e.OperatorKeyRotated:
    return e.OperatorKeyRotated(rotation=msgspec.structs.replace(event.rotation, **fields))


@pytest.mark.parametrize("forge", FORGED)
def test_a_forged_rotation_is_refused(forge: str) -> None:
    """The old key signs the new one, and the new one shows that it is there."""
    change, reason = FORGED[forge]
    found = said(change(BOB.rotate(BOB_NOW)))

    assert reason.partition("#58e8")[0] in found


def test_a_rotation_is_worth_nothing_at_another_desk() -> None:
    """Who took another key at one desk keeps theirs at all others."""
    assert "the signature is not that of bob" in said(BOB.rotate(BOB_NOW, desk="another"))


def test_nobody_rotates_back_to_a_key_that_was_laid_down() -> None:
    """It was laid down for a reason."""
    assert "laid down stays so" in said(BOB_NOW.rotate(BOB), BOB.rotate(BOB_NOW))


def test_a_reason_has_an_end() -> None:
    """What is too long is not recorded."""
    long = "x" * 2_000_000

    with pytest.raises(DecisionRefused, match="the reason"):
        take_in(desk(), ALICE.revoke(BOB, long), fits)
    with pytest.raises(DecisionRefused, match="the reason"):
        take_in(desk(), rotated(BOB.rotate(BOB_NOW), reason=long), fits)


# Revoked.


def test_who_is_revoked_is_still_known_and_not_here() -> None:
    """What they decided is checked by their key for ever."""
    state = read([ALICE.revoke(BOB)]).state

    assert not is_here(state, BOB.operator)
    assert BOB.operator == state.operators[BOB.operator.id]


REVOKED: dict[str, tuple[e.OperatorRevoked, str]] = {
    "without a reason": (ALICE.revoke(BOB, " "), "needs a reason"),
    "by a stranger": (MALLORY.revoke(BOB), "was never enrolled"),
    "of a stranger": (ALICE.revoke(MALLORY), "was never enrolled at this desk"),
    "at another desk": (ALICE.revoke(BOB, desk="another"), "the signature is not that of alice"),
}


@pytest.mark.parametrize("how", REVOKED)
def test_nobody_is_revoked(how: str) -> None:
    """Unless somebody who may decide here signs it, with a reason."""
    event, reason = REVOKED[how]

    assert reason in said(event)


def test_nobody_is_revoked_twice_or_last() -> None:
    """A desk at which nobody may decide would stay so."""
    assert "was revoked before, by alice" in said(BOB.revoke(BOB), ALICE.revoke(BOB))
    assert "the last who may decide here" in said(ALICE.revoke(ALICE), ALICE.revoke(BOB))


def test_who_is_revoked_signs_nothing_any_more() -> None:
    """Neither about others nor about themselves; and they do not come back as they were."""
    gone = ALICE.revoke(BOB)

    assert "was revoked by alice" in said(BOB.welcome(CAROL), gone)
    assert "was revoked by alice" in said(BOB.rotate(BOB_NOW), gone)
    assert "was revoked by alice" in said(ALICE.welcome(BOB), gone)
    assert "was revoked by alice" in said(BOB.revoke(ALICE), ALICE.welcome(CAROL), gone)


def test_a_checkpoint_by_who_was_revoked_is_not_believed() -> None:
    """Whoever has their key by now cannot vouch for the ledger."""
    reading = read([ALICE.revoke(BOB)])
    taken = take(DESK, reading.frontier, reading.chain.hash, 9)
    event = e.CheckpointSigned(signed=BOB.checkpoint(taken))
    [entry] = encode_batch([event], reading.chain, 9, salts())[1]

    with pytest.raises(LedgerCorrupt, match="was revoked by alice"):
        reading.take(entry)


# At gates.


def asked(terms: ReviewTerms, *people: Person, risk: Risk = Risk.MEDIUM) -> Play:
    """Returns a run that waits for an answer at a desk of ``people``."""
    policy = policy_of(
        rule(Effect.PERMIT), rule(Effect.ASK, Key.STRATEGIES, "ask", risk=risk, review=terms)
    )
    agents = proposes("planner", fact(Key.STRATEGIES, "plan"))
    later = proposes("later", fact(Key.STRATEGIES, "more"), after=[Key.STRATEGIES])
    play = Play(engine_of(agents, later, policy=policy), desk=DeskState())
    return play.enrol(*people).begin()


def happens(play: Play, event: PeopleEvent) -> None:
    """Records something about people at the desk of a run."""
    [taken] = take_in(play.desk, event, fits)
    play.record(taken, 0)
    play.batches.append(([taken], 0))


def refused(play: Play, by: Person, verdict: str = "approve") -> str:
    [gate] = play.gates()
    with pytest.raises(DecisionRefused) as why:
        play.answer(gate, verdict, by)
    return str(why.value)


def test_who_took_another_key_votes_with_it_where_they_were_asked_before() -> None:
    """The roster names people, so it holds; and they have one vote, whatever key."""
    play = asked(TWO, ALICE, BOB, CAROL)
    [gate] = play.gates()
    play.answer(gate, "approve", BOB)
    happens(play, BOB.rotate(BOB_NOW, desk=""))

    assert "that vote stands" in refused(play, BOB_NOW, "reject")
    play.answer(gate, "approve", ALICE).go()
    assert gate.end is GateEnd.APPROVED
    assert replayed(play).runs[play.run].gates[gate.request.id].end is GateEnd.APPROVED


def test_the_old_key_signs_no_vote_any_more() -> None:
    """By the step or, written into the files, by the audit."""
    play = asked(TWO, ALICE, BOB, CAROL)
    [gate] = play.gates()
    happens(play, BOB.rotate(BOB_NOW, desk=""))
    forged = e.GateDecided(run=play.run, decision=BOB.decision(gate, "approve"))

    assert "is enrolled with another key" in refused(play, BOB)
    with pytest.raises(DecisionRefused, match="the signature is not that of bob"):
        play.command(Decide(BOB.decision(gate, "approve"), BOB_NOW.operator))
    play.batches.append(([forged], 1))
    with pytest.raises(LedgerCorrupt, match="the signature is not that of bob"):
        replayed(play)


def test_who_is_revoked_answers_no_gate_that_asked_them_before() -> None:
    """By the step or, written into the files, by the audit."""
    play = asked(TWO, ALICE, BOB, CAROL, DAVE)
    [gate] = play.gates()
    happens(play, ALICE.revoke(BOB, desk=""))
    forged = e.GateDecided(run=play.run, decision=BOB.decision(gate, "approve"))

    assert "was revoked by alice" in refused(play, BOB)
    with pytest.raises(DecisionRefused, match="was revoked by alice"):
        play.act(gate, ActKind.DELEGATE, BOB, DAVE)
    with pytest.raises(DecisionRefused, match="was revoked by alice"):
        play.act(gate, ActKind.DELEGATE, ALICE, BOB)
    with pytest.raises(DecisionRefused, match="was revoked by alice"):
        play.stage(fact(Key.SIGNALS, "late"), BOB)
    play.batches.append(([forged], 1))
    with pytest.raises(LedgerCorrupt, match="was revoked by alice"):
        replayed(play)


def test_what_was_voted_before_stands() -> None:
    """Nobody's no is taken back by revoking them, and nobody's yes either."""
    play = asked(TWO, ALICE, BOB, CAROL)
    [gate] = play.gates()
    play.answer(gate, "approve", BOB)
    happens(play, ALICE.revoke(BOB, desk=""))
    play.answer(gate, "approve", CAROL)

    assert gate.end is GateEnd.APPROVED
    assert replayed(play).runs[play.run].gates[gate.request.id].end is GateEnd.APPROVED


def test_revoking_the_others_lets_nobody_agree_alone() -> None:
    """What everybody had to agree to takes everybody: at open gates, and at later ones of the run.

    Turning a rule off would need what the rule itself needs.
    """
    play = asked(ALL, ALICE, BOB, CAROL)
    [gate] = play.gates()
    happens(play, ALICE.revoke(CAROL, desk=""))
    play.answer(gate, "approve", ALICE).answer(gate, "approve", BOB)
    assert gate.open

    before = asked(ALL, ALICE, BOB)
    [first] = before.gates()
    before.answer(first, "approve", ALICE).answer(first, "approve", BOB)
    happens(before, ALICE.revoke(BOB, desk=""))
    [later] = before.go().gates()
    assert (ALICE.operator.id, BOB.operator.id) == later.roster
    before.answer(later, "approve", ALICE)
    assert later.open
    assert replayed(before).runs[before.run].gates[later.request.id].open


def test_a_run_that_begins_later_asks_those_who_are_left() -> None:
    """Who was revoked before it began is on no roster of it."""
    play = asked(ALL, ALICE, BOB, CAROL)
    happens(play, ALICE.revoke(CAROL, desk=""))
    later = Play(play.engine, run=RunId("run-2"), desk=play.desk).begin()

    assert (ALICE.operator.id, BOB.operator.id) == later.gates()[0].roster


def test_where_one_is_enough_who_is_revoked_is_not_asked() -> None:
    """Fewer people are no easier, and nobody waits for who cannot answer."""
    one = ReviewTerms(quorum=Quorum(count=1), roster=("alice", "bob"))
    play = asked(one, ALICE, BOB)
    [first] = play.gates()
    happens(play, ALICE.revoke(BOB, desk=""))
    play.answer(first, "approve", ALICE)
    [later] = play.go().gates()

    assert (ALICE.operator.id,) == later.roster


def test_input_of_who_was_revoked_is_not_believed() -> None:
    """Written into the files, it is found out."""
    play = asked(TWO, ALICE, BOB, CAROL)
    play.stage(fact(Key.SIGNALS, "late"), BOB)
    staged = play.of(e.InputStaged)[0]
    play.batches.pop()
    happens(play, ALICE.revoke(BOB, desk=""))
    play.batches.append(([staged], 1))

    with pytest.raises(LedgerCorrupt, match="was revoked by alice"):
        replayed(play)
