"""What an answer says of how it was given: which parts of a review were seen, and by what hand."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from converge_core.canonical import canonical_record, parse
from converge_core.command import Decide
from converge_core.deciding import LONGEST_PART, MOST_PARTS
from converge_core.errors import DecisionRefused
from converge_core.events import GateDecided
from converge_core.key import ContextKey as Key
from converge_core.record import read
from converge_core.review import Decision, InputOrigin, Verdict, bytes_of
from tests.core.kit import ALICE, ASK_STRATEGIES, Play, engine_of, fact, proposes


def asking() -> Play:
    agent = proposes("p", fact(Key.STRATEGIES, "s", "Do it"))
    return Play(engine_of(agent, policy=ASK_STRATEGIES)).begin()


def said(play: Play, **more: Any) -> Decision:
    """Returns alice's approval, saying how it was given, with her signature."""
    plain = ALICE.decision(play.gates()[0], Verdict.APPROVE)
    return ALICE.signed(msgspec.structs.replace(plain, signature="", **more))


def given(play: Play, decision: Decision) -> None:
    play.command(Decide(decision, ALICE.operator))


def test_how_an_answer_was_given_is_kept_with_it() -> None:
    """Parts in order, and the hand."""
    play = asking()
    decision = said(play, opened=("checks", "evidence"), input_origin=InputOrigin.POINTER)

    given(play, decision)

    assert [decision] == [event.decision for event in play.of(GateDecided)]


def test_an_answer_that_says_nothing_of_it_keeps_its_bytes() -> None:
    """What was signed before there were such fields is signed now."""
    plain = said(asking())
    told = parse(canonical_record(plain))
    assert not {"opened", "input_origin"} & told.keys()
    assert plain == read(Decision, told)


@pytest.mark.parametrize(
    "other", [{"opened": ("what",)}, {"opened": ()}, {"input_origin": InputOrigin.BATCH}]
)
def test_a_signature_covers_how_an_answer_was_given(other: dict[str, Any]) -> None:
    """Say something else of it, and the signature no longer fits."""
    play = asking()
    decision = said(play, opened=("checks",), input_origin=InputOrigin.KEYBOARD)
    changed = msgspec.structs.replace(decision, **other)

    assert bytes_of(changed) != bytes_of(decision)
    with pytest.raises(DecisionRefused, match="signature"):
        given(play, changed)


@pytest.mark.parametrize(
    "opened",
    [
        ("what", "checks"),
        ("checks", "checks"),
        ("",),
        ("x" * (LONGEST_PART + 1),),
        tuple(f"part {number:03}" for number in range(MOST_PARTS + 1)),
    ],
)
def test_parts_are_named_once_in_order_and_few_of_them(opened: tuple[str, ...]) -> None:
    """There is one way of saying what was seen, so that it means the same to everybody."""
    play = asking()
    with pytest.raises(DecisionRefused, match="parts"):
        given(play, said(play, opened=opened))
