"""Contradictions are kept as they are until a person settles them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from converge_core import events as e
from converge_core.command import Decide, DecideAll, Settle
from converge_core.errors import DecisionRefused
from converge_core.ids import GateId
from converge_core.key import ContextKey as Key
from converge_core.policy import Effect
from converge_core.tension import ChosenSide, ConflictType, Tension, TensionResolution
from converge_core.terms import ReviewTerms
from tests.core.kit import (
    ALICE,
    BOB,
    CAROL,
    Person,
    Play,
    contents,
    engine_of,
    fact,
    policy_of,
    proposes,
    rule,
)
from tests.core.test_votes import sound

LEFT, RIGHT = fact(Key.STRATEGIES, "s", "go left"), fact(Key.STRATEGIES, "s", "go right")
ALONE = ReviewTerms(self_approval=True)


def torn(*sides: Any, asks: bool = False, terms: ReviewTerms = ALONE) -> Play:
    """Returns a run whose agents contradict each other."""
    rules = [rule(Effect.ASK, Key.STRATEGIES, "ask", review=terms)] if asks else []
    agents = [proposes(f"agent {number}", one) for number, one in enumerate(sides or (LEFT, RIGHT))]
    play = Play(engine_of(*agents, policy=policy_of(rule(Effect.PERMIT), *rules)))
    return play.enrol(ALICE, BOB, CAROL).begin()


def tension(play: Play) -> Tension:
    [one] = play.state.tensions.values()
    return one


def settle(
    play: Play, chosen: ChosenSide, side: int | None = None, by: Person = ALICE, why: str = "so"
) -> Play:
    """Has ``by`` settle the one tension there is."""
    return play.settle(tension(play), chosen, side, by, why)


@pytest.mark.parametrize("asks", [False, True])
def test_proposals_that_contradict_each_other_are_put_to_a_person(asks: bool) -> None:
    """Even where each by itself would be permitted; neither is lost, and neither is a fact."""
    play = torn(asks=asks)

    assert [] == contents(play.state, Key.STRATEGIES)
    assert ["go left", "go right"] == [gate.request.title for gate in play.gates()]
    assert (ConflictType.CONTRADICTION, "s") == (tension(play).conflict, tension(play).about)
    assert tuple(gate.request.id for gate in play.gates()) == tension(play).sides
    sound(play)


@pytest.mark.parametrize(
    ("chosen", "side", "stand"),
    [
        (ChosenSide.LEFT, 0, ["go left"]),
        (ChosenSide.RIGHT, 1, ["go right"]),
        (ChosenSide.NEITHER, None, []),
    ],
)
def test_a_person_settles_it_with_a_rationale(
    chosen: ChosenSide, side: int | None, stand: list[str]
) -> None:
    """The side that was chosen becomes a fact; the others are rejected for that reason."""
    play = settle(torn(), chosen, side).go()
    [resolution] = play.state.resolutions.values()

    assert stand == contents(play.state, Key.STRATEGIES)
    assert (chosen, "so", ALICE.operator.id) == (
        resolution.chosen,
        resolution.rationale,
        resolution.resolver,
    )
    sound(play)


@pytest.mark.parametrize("side", [0, 1])
def test_merging_puts_the_persons_own_words_in_one_sides_place(side: int) -> None:
    """Where the policy lets them approve their own; otherwise somebody else is asked."""
    play = settle(torn(asks=True), ChosenSide.MERGED, side).go()
    assert ["go straight on"] == contents(play.state, Key.STRATEGIES)
    sound(play)

    other = settle(torn(asks=True, terms=ReviewTerms()), ChosenSide.MERGED, side).go()
    [gate] = other.gates()
    other.answer(gate, "approve", BOB).go()
    assert ["go straight on"] == contents(other.state, Key.STRATEGIES)
    sound(other)


def test_a_declared_conflict_is_one_whatever_the_facts_are_called() -> None:
    """Two vendors cannot both be chosen."""
    one = fact(Key.STRATEGIES, "acme", conflict="vendor")
    two = fact(Key.STRATEGIES, "bolt", conflict="vendor")
    play = torn(one, two, fact(Key.STRATEGIES, "paint", conflict="colour"))

    assert ["paint"] == contents(play.state, Key.STRATEGIES)
    assert (ConflictType.DECLARED, "vendor") == (tension(play).conflict, tension(play).about)
    settle(play, ChosenSide.RIGHT, 1).go()
    assert ["paint", "bolt"] == contents(play.state, Key.STRATEGIES)
    sound(play)


def test_a_conflict_that_a_fact_has_settled_is_settled() -> None:
    """What contradicts it later is refused, with both contents on record."""
    late = proposes("late", fact(Key.STRATEGIES, "bolt", conflict="vendor"), after=[Key.STRATEGIES])
    early = proposes("early", fact(Key.STRATEGIES, "acme", conflict="vendor"))
    play = Play(engine_of(early, late, policy=policy_of(rule(Effect.PERMIT)))).begin()
    [refusal] = play.of(e.ProposalRefused)

    assert "conflict" == refusal.rule
    assert "acme" in refusal.reason
    assert "bolt" in refusal.reason


def test_three_sides_are_one_tension_and_one_of_them_is_chosen() -> None:
    """The first is left; of the others the one that is named."""
    play = torn(LEFT, RIGHT, fact(Key.STRATEGIES, "s", "go back"))
    settle(play, ChosenSide.RIGHT, 2).go()

    assert ["go back"] == contents(play.state, Key.STRATEGIES)
    sound(play)


def test_at_most_one_side_can_be_approved_however_it_is_tried() -> None:
    """One after the other, as a set, or by different people."""
    play = torn()
    left, right = play.gates()
    both = tuple(Decide(ALICE.decision(gate, "approve"), ALICE.operator) for gate in (left, right))
    with pytest.raises(DecisionRefused, match="contradict each other about s"):
        play.command(DecideAll(both))
    play.answer(left, "approve", ALICE)
    with pytest.raises(DecisionRefused, match=r"it contradicts .*, which is approved"):
        play.answer(right, "approve", BOB)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"chosen": ChosenSide.RIGHT}, "is left"),
        ({"chosen": ChosenSide.NEITHER}, "for neither, none"),
        ({"chosen": ChosenSide.MERGED}, "merged means to edit"),
        ({"gate": GateId("gate:other")}, "is none of its sides"),
        ({"gate": msgspec.UNSET}, "it names the side"),
        ({"rationale": "else"}, "each answer gives the rationale"),
        ({"resolver": BOB.operator.id}, "it is settled by one person"),
    ],
)
def test_a_resolution_says_what_its_answers_do(change: dict[str, Any], reason: str) -> None:
    """Otherwise it is refused, and nothing of it is taken."""
    play = torn()
    one = tension(play)
    answers = tuple(
        Decide(ALICE.decision(play.state.gates[name], verdict, "so"), ALICE.operator)
        for name, verdict in zip(one.sides, ["approve", "reject"], strict=True)
    )
    resolution = TensionResolution(
        tension=one.id,
        chosen=ChosenSide.LEFT,
        gate=one.sides[0],
        rationale="so",
        resolver=ALICE.operator.id,
    )
    before = len(play.recorded)

    with pytest.raises(DecisionRefused, match=reason):
        play.command(Settle(msgspec.structs.replace(resolution, **change), answers))
    with pytest.raises(DecisionRefused, match="all are to be answered"):
        play.command(Settle(resolution, answers[:1]))
    assert before == len(play.recorded)


def test_settling_it_again_in_the_same_way_changes_nothing() -> None:
    """And in another way is refused, with who settled it."""
    play = settle(torn(), ChosenSide.LEFT, 0)
    before = len(play.recorded)
    settle(play, ChosenSide.LEFT, 0)
    assert before == len(play.recorded)

    with pytest.raises(DecisionRefused, match="was settled before"):
        settle(play, ChosenSide.NEITHER)


def test_what_the_policy_forbids_contradicts_nobody() -> None:
    """One side that cannot become a fact leaves the other as it is."""
    forbids = policy_of(
        rule(Effect.PERMIT), rule(Effect.FORBID, Key.STRATEGIES, "not-him", agent="agent 1")
    )
    agents = [proposes("agent 0", LEFT), proposes("agent 1", RIGHT)]
    play = Play(engine_of(*agents, policy=forbids)).begin()

    assert ["go left"] == contents(play.state, Key.STRATEGIES)
    assert {} == play.state.tensions
