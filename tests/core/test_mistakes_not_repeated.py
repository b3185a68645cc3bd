"""What engines of this kind got wrong about review, each shown not to happen here."""

from __future__ import annotations

import msgspec
import pytest

from converge_core import events as e
from converge_core.asking import GateEnd
from converge_core.authority import ActorKind
from converge_core.command import Act, Decide
from converge_core.context import Standpoint
from converge_core.correction import Correction, CorrectionReason
from converge_core.errors import DecisionRefused
from converge_core.ids import FactId
from converge_core.key import ContextKey as Key
from converge_core.policy import Effect
from converge_core.proposal import ProposedFact
from converge_core.review import ActKind
from converge_core.run_state import DeskState
from converge_core.stop import Converged
from converge_core.terms import OnTimeout, ReviewTerms
from tests.core.kit import (
    ALICE,
    BOB,
    CAROL,
    Play,
    contents,
    engine_of,
    fact,
    policy_of,
    proposes,
    rule,
    seed,
)

HOUR = 3_600_000_000


def asking(*proposals: ProposedFact, terms: ReviewTerms | None = None) -> Play:
    """Returns a run whose one agent proposes all of ``proposals`` in one effect."""
    policy = policy_of(
        rule(Effect.PERMIT),
        rule(Effect.ASK, Key.STRATEGIES, "ask", review=terms or ReviewTerms()),
    )
    play = Play(engine_of(proposes("planner", *proposals), policy=policy), desk=DeskState())
    return play.enrol(ALICE, BOB, CAROL).begin()


def plan(name: str) -> ProposedFact:
    return fact(Key.STRATEGIES, name, f"do {name}")


def test_what_a_person_approved_names_the_person_and_the_decision() -> None:
    """Never the engine in their place."""
    play = asking(plan("a"))
    [gate] = play.gates()
    play.answer(gate, "approve", ALICE).go()
    [made] = play.state.context.get(Key.STRATEGIES)

    assert (ActorKind.HUMAN, ALICE.operator.id) == (
        made.promotion.approver.kind,
        made.promotion.approver.id,
    )
    assert (gate.votes[ALICE.operator.id].id,) == made.promotion.approvals


def test_going_on_after_one_answer_promotes_nothing_else_that_was_asked() -> None:
    play = asking(plan("a"), plan("b"))
    first, second = play.gates()
    play.answer(first, "approve").go()

    assert [second.request.id] == [gate.request.id for gate in play.gates()]
    assert "do b" not in contents(play.state, Key.STRATEGIES)
    play.answer(second, "reject").go()
    assert ["do a"] == contents(play.state, Key.STRATEGIES)


def test_what_was_proposed_beside_what_is_asked_is_not_lost() -> None:
    """Of one effect, some are asked about and others become facts at once."""
    play = asking(plan("a"), seed("s"), plan("b"))

    assert ["do a", "do b"] == [gate.request.title for gate in play.gates()]
    assert play.state.context.has(Key.SEEDS)
    assert 3 == len(play.of(e.ProposalCreated))


def test_an_answer_to_one_gate_is_no_answer_to_another() -> None:
    play = asking(plan("a"), plan("b"))
    first, second = play.gates()
    taken = ALICE.decision(first, "approve")
    moved = ALICE.signed(msgspec.structs.replace(taken, gate=second.request.id))
    before = play.state.context.root

    with pytest.raises(DecisionRefused, match="not what is asked now"):
        play.engine.step(play.state, Decide(moved, ALICE.operator), 9)
    assert second.open
    assert before == play.state.context.root


def test_a_deadline_is_enforced_and_escalation_asks_whom_it_names() -> None:
    """And after the second silence it is rejected: nobody waits for ever."""
    terms = ReviewTerms(
        roster=("alice",),
        deadline_us=HOUR,
        on_timeout=OnTimeout.ESCALATE,
        escalate_to=("carol",),
    )
    play = asking(plan("a"), terms=terms)
    [gate] = play.gates()
    assert gate.deadline is not None
    play.at(gate.deadline)

    assert (CAROL.operator.id,) == gate.roster
    play.at(gate.deadline).go()
    assert GateEnd.LAPSED is gate.end
    assert [] == contents(play.state, Key.STRATEGIES)


def test_what_was_rejected_is_on_record_and_so_is_its_repetition() -> None:
    """With the reason, and as a diagnostic that agents read."""
    play = asking(plan("a"))
    play.answer(play.gates()[0], "reject", ALICE, "too early").go()
    [refusal] = play.of(e.ProposalRefused)

    assert "human" == refusal.rule
    assert "too early" in refusal.reason
    assert any("too early" in one for one in contents(play.state, Key.DIAGNOSTIC))
    assert isinstance(play.state.stop, Converged)


def test_every_fact_that_people_made_has_its_event_at_its_time() -> None:
    play = asking(plan("a"))
    play.answer(play.gates()[0], "approve").go()
    [(made, at)] = [
        (event.fact, at)
        for event, at in play.recorded
        if isinstance(event, e.FactPromoted) and event.fact.key is Key.STRATEGIES
    ]

    assert at == made.promotion.promoted_at
    assert at > 0


def test_a_correction_is_used_and_what_is_true_now_can_be_asked() -> None:
    corrects = Correction(
        supersedes=FactId("s"), reason=CorrectionReason.DATA_ERROR, text="A slip."
    )
    play = Play(engine_of()).begin(seed("s", "1"), fact(Key.SEEDS, "t", "2", corrects=corrects))
    now = play.state.context.current(FactId("s"), Standpoint("", play.run))

    assert now is not None
    assert ("t", "2") == (now.id, now.content)
    assert "1" == play.state.context.get(Key.SEEDS)[0].content


@pytest.mark.parametrize("act", [ActKind.DELEGATE, ActKind.EXTEND])
def test_what_somebody_does_at_a_gate_is_signed_and_not_believed_otherwise(act: ActKind) -> None:
    """A name that is typed in is no signature."""
    terms = ReviewTerms(roster=("alice", "bob"), deadline_us=HOUR, extension_us=HOUR, extensions=1)
    play = asking(plan("a"), terms=terms)
    [gate] = play.gates()
    done = ALICE.act(gate, act, CAROL)
    typed = msgspec.structs.replace(done, operator=BOB.operator.id)

    with pytest.raises(DecisionRefused, match="the signature is not that of"):
        play.engine.step(play.state, Act(typed, BOB.operator), 9)
