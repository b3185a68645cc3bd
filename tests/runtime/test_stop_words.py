"""Every reason to stop, and every way of not having stopped, is explained to a person."""

from __future__ import annotations

import re

import pytest

from converge_core.command import Advance, Report
from converge_core.key import ContextKey as Key
from converge_core.policy import Effect
from converge_core.stop import StopReason
from converge_core.terms import ReviewTerms
from converge_desktop.runtime.run_model import Explained
from converge_desktop.runtime.stop_words import explained, standing
from tests.core.kit import ASK_STRATEGIES, Play, engine_of, fact, policy_of, proposes, rule, seed
from tests.core.test_stop_reasons import EXAMPLES

ACTIONS = {"", "resume", "pause", "cancel", "decide", "fork", "start"}
"""What a window knows how to do."""
DAY = 24 * 3_600_000_000


def require_whole(found: Explained) -> None:
    """Checks that what happened, what it means and what to do are sentences."""
    assert len(found.next) == len(found.actions) > 0
    assert set(found.actions) <= ACTIONS
    for words in (found.what, found.means, *found.next):
        assert re.fullmatch(r"[A-Z][^\n]*\S", words), words
    for words in (found.means, *found.next):
        assert words.endswith("."), words


def test_the_examples_are_all_there_are() -> None:
    """So that walking them walks every reason."""
    assert set(StopReason.__subclasses__()) == {type(one) for one in EXAMPLES}


@pytest.mark.parametrize("reason", EXAMPLES, ids=lambda one: one.kind)
def test_every_reason_to_stop_is_explained(reason: StopReason) -> None:
    """What happened in its own numbers, what it means, and what one can do next."""
    found = explained(reason)

    require_whole(found)
    assert reason.words() == found.what
    assert found.means != found.what


def test_no_two_reasons_are_explained_alike() -> None:
    """Somebody thought about each."""
    assert 13 == len({explained(reason).means for reason in EXAMPLES})


# A run that has not stopped.


def playing(**terms: int) -> Play:
    asks = rule(Effect.ASK, Key.STRATEGIES, "asks", review=ReviewTerms(**terms))
    policy = policy_of(rule(Effect.PERMIT), asks) if terms else ASK_STRATEGIES
    engine = engine_of(proposes("p", fact(Key.STRATEGIES, "s", "Do it")), policy=policy)
    play = Play(engine).begin(seed("input"), go=False)
    play.command(Advance())
    return play


def waiting(**terms: int) -> Play:
    play = playing(**terms)
    play.command(Report(play.executor(play.engine.work(play.state))))
    return play


def test_a_run_that_goes_on_is_explained() -> None:
    """Who reads it knows that nothing is wanted of them yet."""
    found = standing(playing().state)

    require_whole(found)
    assert "At work in cycle 1." == found.what


def test_a_run_that_waits_is_explained() -> None:
    """It leads to the inbox."""
    found = standing(waiting().state)

    require_whole(found)
    assert "Waiting for 1 decision by people." == found.what
    assert "decide" in found.actions


def test_a_run_that_was_decided_and_can_be_undone_is_explained() -> None:
    """Nothing is wanted of anybody, and it says why it does not go on."""
    play = waiting(undo_us=DAY)
    play.answer(play.gates()[0], "approve")
    found = standing(play.state)

    require_whole(found)
    assert "undo window" in found.what


@pytest.mark.parametrize("reason", ["", "lunch"])
def test_a_run_that_is_paused_is_explained(reason: str) -> None:
    """By whom and why, wherever it stands; it can be let go on."""
    for play in (playing(), waiting()):
        found = standing(play.suspend("alice", reason).state)

        require_whole(found)
        assert found.what.startswith("Paused by alice.")
        assert (reason or "No reason") in found.what
        assert "resume" in found.actions


def test_a_run_that_has_stopped_is_explained_by_its_reason() -> None:
    """Though somebody held it before."""
    play = waiting().suspend().cancel()

    assert play.state.stop is not None
    assert explained(play.state.stop) == standing(play.state)
