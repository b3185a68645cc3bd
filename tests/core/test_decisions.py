"""Human authority is data: a decision fits one gate, as it was shown, by one person, once."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from converge_core import events as e
from converge_core.asking import Gate
from converge_core.canonical import hash_bytes
from converge_core.command import Decide
from converge_core.errors import DecisionRefused
from converge_core.ids import ApprovalId, GateId, OperatorId
from converge_core.key import ContextKey as Key
from converge_core.review import (
    Decision,
    GateRequest,
    Ground,
    Operator,
    Verdict,
    bytes_of,
    no_signatures,
)
from converge_core.run_state import DeskState
from tests.core.kit import (
    ALICE,
    ASK_STRATEGIES,
    BOB,
    Person,
    Play,
    contents,
    engine_of,
    enrolled,
    fact,
    lines_of,
    proposes,
)


def waiting(**settings: object) -> tuple[Play, Gate, Gate]:
    """Returns a run that waits for two answers, and its gates."""
    agent = proposes("p", fact(Key.STRATEGIES, "a"), fact(Key.STRATEGIES, "b"))
    play = Play(engine_of(agent, **{"policy": ASK_STRATEGIES, **settings})).begin()
    first, second = play.gates()
    return play, first, second


def refused(play: Play, command: Decide) -> str:
    """Returns why ``command`` is refused, having checked that it changed nothing."""
    before = lines_of(play)
    with pytest.raises(DecisionRefused) as error:
        play.command(command)

    assert before == lines_of(play)
    return str(error.value)


# Which gate.


def test_a_decision_about_a_gate_of_no_run_is_refused() -> None:
    """A gate that never opened cannot be answered."""
    play, gate, _ = waiting()
    foreign = msgspec.structs.replace(ALICE.decision(gate, "approve"), gate=GateId("gate:other"))

    assert "gate:other is no gate of run run" == refused(
        play, Decide(ALICE.signed(foreign), ALICE.operator)
    )


def test_a_decision_about_one_gate_is_none_about_another() -> None:
    """Passing an answer off as that to another question is noticed by what was asked."""
    play, first, second = waiting()
    moved = msgspec.structs.replace(ALICE.decision(first, "approve"), gate=second.request.id)

    assert "what was decided on is not what is asked now" in refused(
        play, Decide(ALICE.signed(moved), ALICE.operator)
    )


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"proposal_digest": hash_bytes(b"other")}, id="the proposal"),
        pytest.param({"report_digest": hash_bytes(b"other")}, id="the checks"),
        pytest.param({"policy": hash_bytes(b"other")}, id="the policy"),
        pytest.param({"rule": "another"}, id="the rule"),
        pytest.param(
            {"ground": (Ground(fact=fact(Key.SEEDS, "x").id, digest=""),)}, id="the ground"
        ),
        pytest.param({"id": GateId("gate:other")}, id="the gate"),
    ],
)
def test_a_decision_on_something_else_than_is_asked_now_is_stale(change: dict[str, object]) -> None:
    """Proposal, checks, policy, rule and ground are all bound by one digest."""
    play, gate, _ = waiting()
    shown = Gate(msgspec.structs.replace(gate.request, **change))
    stale = msgspec.structs.replace(ALICE.decision(shown, "approve"), gate=gate.request.id)

    assert "review it again" in refused(play, Decide(ALICE.signed(stale), ALICE.operator))


def test_when_it_was_asked_is_no_part_of_what_is_asked() -> None:
    """A restart does not make an answer stale."""
    _, gate, _ = waiting()
    later: GateRequest = msgspec.structs.replace(gate.request, opened_at=10**15)

    assert gate.request.digest() == later.digest()


# Whose.


def sign_nothing(decision: Decision) -> Decision:
    return msgspec.structs.replace(decision, signature="")


def sign_as_bob(decision: Decision) -> Decision:
    return BOB.signed(decision)


def claim_bob(decision: Decision) -> Decision:
    return msgspec.structs.replace(decision, operator=BOB.operator.id)


def lend_to_bob(decision: Decision) -> Decision:
    return ALICE.signed(claim_bob(decision))


def change(name: str, value: object) -> Callable[[Decision], Decision]:
    return lambda decision: msgspec.structs.replace(decision, **{name: value})


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(sign_nothing, id="unsigned"),
        pytest.param(sign_as_bob, id="signed by another"),
        pytest.param(claim_bob, id="in the name of another"),
        pytest.param(lend_to_bob, id="in the name of another with one's own key"),
        pytest.param(change("verdict", Verdict.APPROVE), id="another verdict"),
        pytest.param(change("reason", "because"), id="another reason"),
        pytest.param(change("decided_at", 8), id="another time"),
        pytest.param(change("shown", hash_bytes(b"else")), id="something else shown"),
        pytest.param(change("id", ApprovalId("approval:other")), id="another approval"),
        pytest.param(change("operator", OperatorId("alice#00000000")), id="another key"),
    ],
)
def test_a_signature_covers_all_of_a_decision(forge: Callable[[Decision], Decision]) -> None:
    """Change anything after signing, or sign as somebody else, and it does not count."""
    play, gate, _ = waiting()
    forged = forge(ALICE.decision(gate, "reject", "no"))

    assert "the signature is not that of" in refused(play, Decide(forged, ALICE.operator))


def test_an_engine_that_was_told_no_way_to_check_signatures_accepts_none() -> None:
    """Nothing grants authority by default."""
    play, gate, _ = waiting(verify=no_signatures)

    assert "the signature" in refused(play, Decide(ALICE.decision(gate, "approve"), ALICE.operator))


def test_the_signed_bytes_cover_everything_but_the_signature() -> None:
    """Signing does not change what is signed."""
    _, gate, _ = waiting()
    decision = ALICE.decision(gate, "approve")

    assert bytes_of(decision) == bytes_of(sign_nothing(decision))
    assert bytes_of(decision) != bytes_of(change("reason", "x")(decision))


@pytest.mark.parametrize("reason", ["", " ", "\n"])
def test_a_rejection_needs_a_reason(reason: str) -> None:
    """Who says no says why."""
    play, gate, _ = waiting()

    assert "a rejection needs a reason" in refused(
        play, Decide(ALICE.decision(gate, "reject", reason), ALICE.operator)
    )


def test_an_approval_may_go_without_words() -> None:
    """What was shown and signed speaks for itself."""
    play, gate, _ = waiting()

    assert play.answer(gate, "approve", reason="").state.gates[gate.request.id].decision


# Enrolled.


def enrolled_otherwise() -> Operator:
    """Alice's id with the key of somebody else."""
    return msgspec.structs.replace(ALICE.operator, public_key=Person("mallory").operator.public_key)


@pytest.mark.parametrize(
    ("desk", "by", "why"),
    [
        pytest.param(enrolled(), ALICE.operator, "is not enrolled at this desk", id="nobody is"),
        pytest.param(enrolled(BOB), ALICE.operator, "is not enrolled", id="somebody else is"),
        pytest.param(enrolled(ALICE), enrolled_otherwise(), "with another key", id="another key"),
    ],
)
def test_whoever_is_not_enrolled_decides_nothing(desk: DeskState, by: Operator, why: str) -> None:
    """Who may decide is what the desk's records say, and not what comes with the answer."""
    agent = proposes("p", fact(Key.STRATEGIES, "a"))
    play = Play(engine_of(agent, policy=ASK_STRATEGIES, verify=lambda *_: True), desk=desk).begin()
    [gate] = play.gates()
    said = refused(play, Decide(ALICE.decision(gate, "approve"), by))

    assert said.startswith(f"{gate.request.id}: {by.id} ")
    assert why in said


def test_whoever_is_enrolled_while_a_run_waits_may_decide() -> None:
    """Runs that had begun before hear of it."""
    agent = proposes("p", fact(Key.STRATEGIES, "a"))
    play = Play(engine_of(agent, policy=ASK_STRATEGIES), desk=enrolled()).begin()
    play.record(e.OperatorEnrolled(operator=ALICE.operator), 9)
    play.answer(play.gates()[0], "approve").go()

    assert ["a"] == contents(play.state, Key.STRATEGIES)


# Once.


def test_the_same_answer_again_changes_nothing() -> None:
    """A double click, or a retry after a lost connection, is no second decision."""
    play, gate, _ = waiting()
    before = lines_of(play.answer(gate, "approve"))

    assert before == lines_of(play.answer(gate, "approve"))


@pytest.mark.parametrize(
    ("by", "verdict", "reason"),
    [
        (BOB, "approve", "fine"),
        (BOB, "reject", "no"),
        (ALICE, "reject", "no"),
        (ALICE, "approve", ""),
    ],
)
def test_another_answer_is_refused_and_names_the_first(
    by: Person, verdict: str, reason: str
) -> None:
    """Another person, verdict or reason: the first decision stands, and its author is named."""
    play, gate, _ = waiting()
    play.answer(gate, "approve", ALICE, "fine")
    said = refused(play, Decide(by.decision(gate, verdict, reason), by.operator))

    assert f"{ALICE.operator.id} chose approve at 7; the first decision stands" in said


def test_an_answer_still_counts_as_given_when_the_run_has_gone_on() -> None:
    """A repeat that arrives late is a no-op, and a divergent one names who decided."""
    play, first, second = waiting()
    play.answer(first, "approve").answer(second, "reject").go()
    before = lines_of(play)

    assert before == lines_of(play.answer(first, "approve"))
    assert "chose approve" in refused(
        play, Decide(BOB.decision(first, "reject", "no"), BOB.operator)
    )
    assert ["a"] == contents(play.state, Key.STRATEGIES)


def test_a_withdrawn_gate_takes_no_answer() -> None:
    """Once the run was cancelled, an answer is refused with the reason."""
    play, first, _ = waiting()
    play.cancel()

    assert "is closed: the run was stopped" in refused(
        play, Decide(ALICE.decision(first, "approve"), ALICE.operator)
    )


def test_every_gate_leads_from_question_to_answer() -> None:
    """Each gate that opened was decided, and each decision names what was asked and shown."""
    play, first, second = waiting()
    play.answer(first, "approve").answer(second, "reject").go()
    opened = {event.request.id: event.request for event in play.of(e.GateOpened)}
    decided = {event.decision.gate: event.decision for event in play.of(e.GateDecided)}

    assert opened.keys() == decided.keys()
    assert all(decided[gate].request == request.digest() for gate, request in opened.items())
    assert {hash_bytes(b"what was shown")} == {decision.shown for decision in decided.values()}
