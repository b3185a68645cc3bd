"""Why a run has not converged, in sentences that name what it waits for."""

from __future__ import annotations

from itertools import count

from converge_core.command import Advance, Report
from converge_core.intent import Budgets, Criterion, RootIntent
from converge_core.key import ContextKey as Key
from converge_core.policy import Effect
from converge_core.quorum import Quorum, QuorumRule
from converge_core.review import ActKind
from converge_core.terms import OnTimeout, ReviewTerms
from converge_desktop.runtime.run_views import run_view
from tests.core.kit import (
    ALICE,
    BOB,
    Play,
    engine_of,
    enrolled,
    fact,
    policy_of,
    proposes,
    rule,
    seed,
)

HOUR = 3_600_000_000
DECIDED = Criterion(id="decided", description="a strategy was decided", key=Key.STRATEGIES)
WISHED = Criterion(id="rated", description="it was rated", key=Key.EVALUATIONS, required=False)


def playing(terms: ReviewTerms | None = None, **budgets: int) -> Play:
    """Returns a run whose agent is at work on what people will be asked about."""
    asks = rule(Effect.ASK, Key.STRATEGIES, "asks", review=terms or ReviewTerms())
    engine = engine_of(
        proposes("p", fact(Key.STRATEGIES, "s", "Do it"), after=[Key.SEEDS]),
        proposes("q", fact(Key.SIGNALS, "t", "done"), after=[Key.STRATEGIES]),
        policy=policy_of(rule(Effect.PERMIT), asks),
    )
    intent = RootIntent(
        question="what to do",
        subject="it",
        criteria=(DECIDED, WISHED),
        budgets=Budgets(**budgets),
    )
    play = Play(engine, intent=intent, desk=enrolled(ALICE, BOB)).begin(seed("input"), go=False)
    play.command(Advance())
    return play


def waiting(terms: ReviewTerms | None = None, **budgets: int) -> Play:
    play = playing(terms, **budgets)
    play.command(Report(play.executor(play.engine.work(play.state))))
    return play


def said(play: Play) -> list[tuple[str, str]]:
    return list(run_view(play.state, "Pack", "").why_not)


def test_who_is_at_work_and_what_woke_them_is_said() -> None:
    """In the first cycle the beginning did; later, what the cycle before made."""
    play = playing()
    assert ("run", "At work in cycle 1: p.") in said(play)
    assert ("woken", "p is eligible because the run has just begun.") in said(play)

    play.command(Report(play.executor(play.engine.work(play.state))))
    play.answer(play.gates()[0], "approve")
    for _ in range(2):
        play.command(Advance())
    assert ("run", "At work in cycle 2: q.") in said(play)
    assert ("woken", "q is eligible because cycle 1 made new facts under Strategies.") in said(play)


def test_a_gate_is_named_with_the_votes_it_still_needs() -> None:
    """One, some of several, or the word of one person."""
    one = waiting()
    assert (
        "ask",
        "p asks for a decision on “Do it”: 1 approval still needed, or a rejection.",
    ) in said(one)

    two = waiting(ReviewTerms(quorum=Quorum(count=2)))
    assert "0 of 2 given, 2 approvals still needed." in dict(said(two))["ask"]
    two.answer(two.gates()[0], "approve", ALICE)
    assert "1 of 2 given, 1 approval still needed." in dict(said(two))["ask"]

    lead = ReviewTerms(quorum=Quorum(rule=QuorumRule.LEAD, lead=ALICE.operator.id))
    assert f"the word of {ALICE.operator.id} is needed" in dict(said(waiting(lead)))["ask"]


def test_what_was_decided_and_can_be_undone_is_said() -> None:
    """It is no open question any more, and has no effect yet."""
    play = waiting(ReviewTerms(undo_us=HOUR))
    play.answer(play.gates()[0], "approve")

    assert (
        "settle",
        "“Do it” is approved; it takes effect when it can no longer be undone.",
    ) in said(play)
    assert "ask" not in dict(said(play))


def test_what_is_not_met_yet_is_said_required_or_wished_for() -> None:
    """With the reason; what is met is not."""
    play = waiting()
    unmet = [words for kind, words in said(play) if kind == "criterion"]
    assert [
        "Required, and not yet so: a strategy was decided. Nothing stands under Strategies.",
        "Wished for, and not yet so: it was rated. Nothing stands under Evaluations.",
    ] == unmet

    play.answer(play.gates()[0], "approve")
    play.command(Advance())
    assert "a strategy was decided" not in str(said(play))


def test_a_budget_that_is_nearly_spent_is_said() -> None:
    """From four fifths on, with the numbers."""
    assert ("budget", "Its cycles are nearly spent: 1 of 1.") in said(waiting(cycles=1))
    assert "budget" not in dict(said(waiting(cycles=2)))


def test_who_paused_it_comes_first() -> None:
    """And what will happen when it goes on."""
    play = playing().suspend("alice", "lunch")
    assert [
        ("paused", "alice paused it: lunch. Nothing begins until it goes on."),
        ("run", "Cycle 1 begins again then, with p."),
    ] == said(play)[:2]

    decided = waiting().suspend("bob")
    decided.answer(decided.gates()[0], "approve")
    assert [
        ("paused", "bob paused it. Nothing begins until it goes on."),
        ("run", "All has been answered; the answers take effect then."),
    ] == said(decided)[:2]


# What became of a gate that nobody answered in time.


def expired(terms: ReviewTerms) -> Play:
    play = waiting(terms)
    [gate] = play.gates()
    assert gate.deadline is not None
    return play.at(gate.deadline)


def test_silence_that_rejected_is_told() -> None:
    """Also once the run has ended."""
    play = expired(ReviewTerms(deadline_us=HOUR))
    told = ("expired", "Nobody answered “Do it” in time. Silence rejects, so it is not so.")
    assert told in said(play)

    play.clock = count(2 * HOUR).__next__
    play.go()
    assert ["stop", "expired"] == [kind for kind, _ in said(play)]


def test_silence_that_approved_is_told_in_the_words_of_the_policy() -> None:
    """It says in a sentence why."""
    terms = ReviewTerms(
        deadline_us=HOUR, on_timeout=OnTimeout.APPROVE, timeout_words="Silence agrees."
    )
    assert (
        "expired",
        "Nobody answered “Do it” in time. Silence approves here: Silence agrees.",
    ) in said(expired(terms))


def test_silence_that_asked_others_is_told_and_what_a_person_did_is_not() -> None:
    """An escalation by hand is no expiry."""
    terms = ReviewTerms(
        roster=("alice",), deadline_us=HOUR, on_timeout=OnTimeout.ESCALATE, escalate_to=("bob",)
    )
    told = ("expired", "Nobody answered “Do it” in time. Others are asked now.")
    assert told in said(expired(terms))

    by_hand = waiting(terms)
    by_hand.act(by_hand.gates()[0], ActKind.ESCALATE)
    assert by_hand.gates()[0].escalated
    assert told not in said(by_hand)
