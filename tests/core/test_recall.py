"""D19: recall keeps to its policy, says how it found what it did, and is never evidence."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from converge_core.canonical import hash_text
from converge_core.envelope import ReplayGrade
from converge_core.errors import InvalidValue
from converge_core.recall import (
    RecallBudgets,
    RecallCandidate,
    RecallPolicy,
    RecallProvenance,
    RecallQuery,
    RecallRefused,
    RecallSource,
    RecallStopReason,
    RecallTrigger,
    RecallUse,
    Relevance,
    candidate,
    choose,
    relevance_of,
    require_allowed,
)
from converge_core.recall_envelope import RecallDowngrade
from converge_core.record import read
from tests.core.golden_recall import ENVELOPE, downgraded

OPEN = RecallPolicy(enabled=True)
QUERY = RecallQuery(query_text="what of it?")


def found(
    score: float, summary: str, seq: int = 1, source: RecallSource = RecallSource.FACT
) -> RecallCandidate:
    provenance = RecallProvenance(
        run="run-0001", seq=seq, reference="f", content_hash=hash_text(summary)
    )
    return candidate(f"{source}:{seq}", summary, score, source, provenance)


def test_the_defaults_are_those_of_the_vocabulary() -> None:
    """Off, five candidates, five hundred tokens, half a cosine, a tenth of a second."""
    policy = RecallPolicy()

    assert (False, 5, 500, 500) == (
        policy.enabled,
        policy.max_k_total,
        policy.max_tokens_injection,
        policy.min_score_threshold,
    )
    assert (
        RecallBudgets(max_latency_ms=100, max_embedding_calls=3, max_tokens_per_candidate=100)
        == policy.budgets
    )
    assert (RecallUse.RUNTIME_AUGMENTATION,) == policy.allowed_uses
    assert RecallTrigger.ON_REQUEST is policy.trigger("planning")


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_score_threshold": 1001},
        {"max_k_total": -1},
        {"budgets": {"max_latency_ms": 0}},
        {"allowed_uses": ["gossip"]},
        {"unknown": 1},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    """Numbers out of their range and words nobody knows."""
    with pytest.raises(InvalidValue):
        read(RecallPolicy, wrong)


@pytest.mark.parametrize("wrong", [{"query_text": ""}, {"query_text": "x", "top_k": 0}])
def test_a_query_that_asks_nothing_is_refused(wrong: dict[str, object]) -> None:
    """There has to be a text, and room for an answer."""
    with pytest.raises(InvalidValue):
        read(RecallQuery, wrong)


def test_nothing_is_recalled_that_the_policy_does_not_allow() -> None:
    """Not where it is off, and not for another use: recall is no training set."""
    training = replace(QUERY, use=RecallUse.TRAINING_CANDIDATE_SELECTION)

    with pytest.raises(RecallRefused, match="allows no recall"):
        require_allowed(QUERY, RecallPolicy())
    with pytest.raises(RecallRefused, match="not for training"):
        require_allowed(training, OPEN)
    require_allowed(QUERY, OPEN)


@pytest.mark.parametrize(
    ("score", "word"), [(800, "high"), (799, "medium"), (500, "medium"), (499, "low")]
)
def test_relevance_is_a_word_for_a_score(score: int, word: str) -> None:
    """High from 0.8 on, medium from 0.5 on."""
    assert Relevance(word) is relevance_of(score)


def test_scores_are_whole_thousandths_and_nothing_is_less_than_nought() -> None:
    """What is hashed holds no floats."""
    assert (-250, 0) == (found(-0.25, "x").raw_score, found(-0.25, "x").final_score)
    assert 613 == found(0.61251, "x").final_score
    assert 1000 == found(1.0001, "x").final_score


def test_the_nearest_come_first_and_no_more_than_wanted() -> None:
    """The policy's number holds, whatever the query wants."""
    many = [found(0.9 - place / 100, f"text {place}", place) for place in range(9)]

    shown, reason = choose(replace(QUERY, top_k=50), OPEN, many[::-1])

    assert [f"text {place}" for place in range(5)] == [one.summary for one in shown]
    assert RecallStopReason.REACHED_TOP_K is reason
    assert 2 == len(choose(replace(QUERY, top_k=2), OPEN, many)[0])


def test_what_is_not_near_enough_is_not_shown() -> None:
    """And it is said that this is why."""
    shown, reason = choose(QUERY, OPEN, [found(0.6, "near"), found(0.49, "far", 2)])

    assert (["near"], RecallStopReason.BELOW_THRESHOLD) == ([one.summary for one in shown], reason)


def test_what_is_shown_keeps_to_its_tokens() -> None:
    """Each is cut to its own budget, and all together to theirs."""
    long = "word " * 500
    policy = replace(OPEN, max_tokens_injection=150)

    shown, reason = choose(QUERY, policy, [found(0.9, long), found(0.8, f"other {long}", 2)])

    assert [400] == [len(one.summary) for one in shown]
    assert RecallStopReason.TOKEN_LIMIT_REACHED is reason


def test_what_says_the_same_is_shown_once() -> None:
    """The fact, and not the proposal it was; two decisions about one thing are two."""
    same = [
        found(0.9, "tests fail", 1, RecallSource.PROPOSAL),
        found(0.9, "tests fail", 2, RecallSource.FACT),
        found(0.9, "tests fail", 3, RecallSource.FACT),
    ]
    judged = [
        replace(found(0.9, summary, seq, RecallSource.DECISION), provenance=same[0].provenance)
        for seq, summary in enumerate(("approved: it", "rejected: it"), start=4)
    ]

    assert ["fact:2"] == [one.id for one in choose(QUERY, OPEN, same)[0]]
    assert ["decision:4", "decision:5"] == [one.id for one in choose(QUERY, OPEN, judged)[0]]
    assert RecallStopReason.NOTHING_MORE is choose(QUERY, OPEN, same)[1]


def test_the_same_things_found_give_the_same_things_shown() -> None:
    """In whatever order they were found."""
    many = [found(0.7, f"text {place}", place) for place in range(9)]

    assert choose(QUERY, OPEN, many) == choose(QUERY, OPEN, many[::-1])


@pytest.mark.parametrize(
    ("embedder", "exact", "expected", "reasons"),
    [
        (ReplayGrade.BYTE_EXACT, True, ReplayGrade.BYTE_EXACT, ()),
        (ReplayGrade.ENVELOPE_EXACT, True, ReplayGrade.ENVELOPE_EXACT, ()),
        (
            *(ReplayGrade.RECORDED_ONLY, True, ReplayGrade.RECORDED_ONLY),
            (RecallDowngrade.EMBEDDER_NOT_DETERMINISTIC,),
        ),
        (
            *(ReplayGrade.BYTE_EXACT, False, ReplayGrade.RECORDED_ONLY),
            (RecallDowngrade.INDEX_APPROXIMATE,),
        ),
    ],
)
def test_recall_says_what_it_does_to_the_replay_grade(
    embedder: ReplayGrade,
    exact: bool,
    expected: ReplayGrade,
    reasons: tuple[RecallDowngrade, ...],
) -> None:
    """A call is no more repeatable than what it was shown, and the reason is told."""
    envelope = downgraded(embedder, exact=exact)

    assert expected is envelope.grade(ReplayGrade.BYTE_EXACT)
    assert reasons == envelope.downgrades
    assert ReplayGrade.RECORDED_ONLY is envelope.grade(ReplayGrade.RECORDED_ONLY)


def test_recall_that_found_nothing_changes_no_grade() -> None:
    """Nothing was shown, so nothing has to be found again."""
    nothing = replace(downgraded(ReplayGrade.RECORDED_ONLY, exact=False), candidates=())

    assert ReplayGrade.BYTE_EXACT is nothing.grade(ReplayGrade.BYTE_EXACT)
    assert () == nothing.downgrades


def test_two_recalls_match_if_all_but_their_time_does() -> None:
    """How long it took is no part of what was found."""
    assert ENVELOPE.matches_for_replay(replace(ENVELOPE, latency_us=1))
    assert not ENVELOPE.matches_for_replay(replace(ENVELOPE, corpus_fingerprint=hash_text("more")))
    assert not ENVELOPE.matches_for_replay(replace(ENVELOPE, candidates=()))
