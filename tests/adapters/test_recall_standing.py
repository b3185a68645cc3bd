"""D19: what is recalled says how things stand: no vote that did not carry, nothing corrected."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from converge_core.correction import Correction, CorrectionReason, CorrectionScope, ScopeKind
from converge_core.ids import FactId
from converge_core.key import ContextKey as Key
from converge_core.ledger import Chain, Entry, encode_batch
from converge_core.policy import Effect
from converge_core.proposal import ProposedFact
from converge_core.quorum import Quorum
from converge_core.recall import RecallSource
from converge_core.review import ActKind
from converge_core.terms import OnTimeout, ReviewTerms
from converge_desktop.adapters.recall.things import EDGE, LONGEST, Collector, Thing, embedded_text
from tests.core.kit import ALICE, BOB, Play, engine_of, fact, policy_of, proposes, rule, salts
from tests.core.test_votes import asked

HOUR = 3_600_000_000
TWO = ReviewTerms(quorum=Quorum(count=2), roster=("alice", "bob", "carol"), deadline_us=HOUR)
PLAN = fact(Key.STRATEGIES, "plan", "Release on Monday")
ASKS = policy_of(rule(Effect.PERMIT), rule(Effect.ASK, Key.STRATEGIES, "ask"))
SECRET = "4111 1111 1111 1111"


def ledger(*plays: Play) -> list[Entry]:
    chain, salt, found = Chain(), salts(), list[Entry]()
    for play in plays:
        for events, at in play.batches:
            _, entries = encode_batch(events, chain, at, salt)
            chain = Chain(entries[-1].head.seq, entries[-1].hash)
            found += entries
    return found


def things(*plays: Play) -> list[Thing]:
    collector = Collector()
    return [thing for entry in ledger(*plays) for thing in collector.take(entry)]


def summaries(kind: RecallSource, *plays: Play) -> list[str]:
    return [one.summary for one in things(*plays) if one.kind is kind]


def opened(play: Play) -> int:
    return play.gates()[0].request.opened_at


@pytest.mark.parametrize("silence", [OnTimeout.REJECT, OnTimeout.APPROVE])
def test_a_vote_that_did_not_carry_before_the_deadline_is_no_decision(silence: OnTimeout) -> None:
    """One of two approved, and then the time was over: nobody decided."""
    words = "Who says nothing agrees." if silence is OnTimeout.APPROVE else ""
    terms = replace(TWO, on_timeout=silence, timeout_words=words)
    play = asked(terms)
    start = opened(play)
    play.clock = lambda: start + 1
    play.answer(play.gates()[0], "approve").at(start + HOUR + 1).go()

    assert [] == summaries(RecallSource.DECISION, play)
    kind = RecallSource.FACT if silence is OnTimeout.APPROVE else RecallSource.FAILURE
    assert 1 == len(summaries(kind, play))


def test_a_vote_of_a_run_that_was_stopped_is_no_decision() -> None:
    """The gate was withdrawn, so that nobody decided."""
    play = asked(TWO)
    play.answer(play.gates()[0], "approve").cancel()

    assert [] == summaries(RecallSource.DECISION, play)


def test_of_several_votes_that_one_is_told_that_decided() -> None:
    """It was rejected by two, whoever approved before."""
    play = asked(TWO)
    [gate] = play.gates()
    play.answer(gate, "reject", ALICE, "too early").answer(gate, "reject", BOB, "rain").go()

    assert ["reject: plan – rain"] == [
        one.replace("Release on Monday", "plan") for one in summaries(RecallSource.DECISION, play)
    ]


def test_what_was_undone_is_no_decision_until_it_is_decided_again() -> None:
    """The last word counts."""
    play = asked(ReviewTerms(undo_us=HOUR))
    [gate] = play.gates()
    start = opened(play)
    play.clock = lambda: start + 1
    play.answer(gate, "approve", reason="good").act(gate, ActKind.UNDO)
    assert [] == summaries(RecallSource.DECISION, play)
    play.answer(gate, "reject", reason="bad").at(start + 2 * HOUR).go()

    assert [True] == [
        one.startswith("reject") and one.endswith("bad")
        for one in summaries(RecallSource.DECISION, play)
    ]


def instead(scope: CorrectionScope) -> ProposedFact:
    correction = Correction(
        supersedes=FactId("plan"),
        reason=CorrectionReason.DATA_ERROR,
        text="it was another week",
        scope=scope,
    )
    return fact(Key.STRATEGIES, "plan-2", "Release on Friday", corrects=correction)


def approved(play: Play) -> Play:
    return play.answer(play.gates()[0], "approve", reason="fine").go()


def corrected() -> Play:
    mender = proposes("mender", instead(CorrectionScope()), after=[Key.STRATEGIES])
    return approved(approved(asked(ReviewTerms(), proposes("planner", PLAN), mender)))


def corrected_ledger() -> list[Entry]:
    """Returns a ledger in which a plan was approved, and another put in its place then."""
    return ledger(corrected())


def marks(*plays: Play) -> set[str]:
    [made] = [one for one in things(*plays) if one.reference == "plan-2"]
    return set(filter(None, made.replaces.split("\n")))


def test_a_correction_names_the_fact_its_proposal_and_the_gate_of_that() -> None:
    """So that none of them is told later as if it stood."""
    play = corrected()
    found = {one.mark for one in things(play) if "Monday" in one.summary}

    assert 3 == len(found)
    assert found == marks(play)


@pytest.mark.parametrize(
    ("kind", "reaches"), [(ScopeKind.GLOBAL, True), (ScopeKind.SESSION, False)]
)
def test_a_correction_in_a_run_that_goes_on_reaches_what_it_went_on_from(
    kind: ScopeKind, reaches: bool
) -> None:
    """Unless it holds for its own run alone."""
    play = approved(asked(ReviewTerms(), proposes("planner", PLAN)))
    name = f"{play.run}-on" if kind is ScopeKind.SESSION else ""
    mender = proposes("mender", instead(CorrectionScope(kind=kind, name=name)))
    again = approved(play.continued(engine_of(mender, policy=ASKS)).begin())

    assert ({f"{play.run}\tplan"} if reaches else set()) == marks(play, again)


def test_a_text_is_cut_where_no_number_is_cut_in_two() -> None:
    """A part of a number is none that a pattern knows."""
    for place in range(LONGEST - 25, LONGEST + 1):
        text = f"{'x' * (place - 1)} {SECRET} more"

        assert "41" not in embedded_text(text)
    assert LONGEST - EDGE == len(embedded_text("y" * 3 * LONGEST))


def test_nothing_of_a_thing_shows_personal_data() -> None:
    """Neither what is embedded, nor what is shown, nor what is known of a decision beside."""
    plan = fact(Key.STRATEGIES, "plan", f"Refund {SECRET} … today")
    play = asked(ReviewTerms(), proposes("planner", plan))
    play.answer(play.gates()[0], "approve", reason="ada@example.org asked – twice").go()
    found = things(play)

    assert found
    for one in found:
        assert "1111" not in f"{one.about}{one.summary}{one.detail}"
        assert "ada@" not in f"{one.about}{one.summary}{one.detail}"
    assert any("<card>" in one.summary for one in found)
