"""Output contracts: what an answer must mean, check by check, with the reason where it does not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from converge_core.answers import (
    MAX_CITES,
    MAX_PLAN_STEPS,
    MAX_REASONS,
    UNCERTAIN,
    cites_of,
)
from converge_core.chain import DecisionStep, contract_of
from converge_core.contract import ContractResult, Ground, grammar_hash
from converge_core.prompt import Standing, StateEntry, StateLayer

VERDICTS = ("proceed", "conditions", "hold")


def state(*standings: Standing | None) -> StateLayer:
    """Returns a state whose entries ``s01``, ``s02``… stand as said."""
    return StateLayer(
        tuple(
            StateEntry(f"s{number:02d}", f"fact {number}", ("a metric",), "a metric 1", standing)
            for number, standing in enumerate(standings, start=1)
        )
    )


MIXED = state(Standing.BREACH, Standing.CONCERN, Standing.UNKNOWN, Standing.SUPPORT, None)
FINE = state(Standing.SUPPORT, Standing.SUPPORT)


def held(
    step: str, answer: Any, layer: StateLayer = MIXED, concluded: str | None = "hold"
) -> ContractResult:
    raw = answer if isinstance(answer, str) else json.dumps(answer)
    ground = Ground(layer, VERDICTS, frozenset({"c01", "c02"}), concluded)
    return contract_of(DecisionStep(step), VERDICTS).hold(raw, ground)


def failures(result: ContractResult) -> list[str]:
    return [check.name for check in result.failures]


def reasons(*steps: tuple[str, str], conclusion: str = "hold") -> dict[str, Any]:
    return {
        "steps": [{"text": text, "side": side} for text, side in steps],
        "conclusion": conclusion,
    }


AGAINST = [
    ("{s01} breaks a hard limit", "breach"),
    ("{s02} is outside its limit", "concern"),
    ("{s03} is not known", "unknown"),
]
SOUND = reasons(*AGAINST, ("{s04} is inside its limit", "support"))


# Reasoning.


def test_sound_reasoning_is_valid() -> None:
    """Every check has passed, by name."""
    result = held("reasoning", SOUND)

    assert (True, "reasoning:v1") == (result.valid, result.contract)
    assert [
        "parses",
        "cites-exist",
        "hints-not-evidence",
        "no-own-numbers",
        "text-plain",
        "text-fits",
        "says-something",
        "sides-agree",
        "weighed-once",
        "nothing-left-out",
        "conclusion-declared",
        "uncertain-explained",
        "contradictions-faced",
    ] == [check.name for check in result.checks]


@pytest.mark.parametrize(
    ("answer", "broken"),
    [
        pytest.param(
            reasons(*AGAINST, ("it just feels right", "support")),
            ["cites-exist"],
            id="a statement that rests on nothing",
        ),
        pytest.param(
            reasons(*AGAINST, ("{s77} is fine", "support")),
            ["cites-exist"],
            id="a fact that does not stand",
        ),
        pytest.param(
            reasons(*AGAINST, ("{s04} is 81.5 of 100", "support")),
            ["no-own-numbers"],
            id="a number of its own",
        ),
        pytest.param(
            reasons(("{s01} is fine", "support"), *AGAINST[1:]),
            ["sides-agree"],
            id="a breach as support",
        ),
        pytest.param(
            reasons(*AGAINST, ("{s05} speaks for it", "support")),
            ["sides-agree"],
            id="a side for what has no limit",
        ),
        pytest.param(reasons(*AGAINST[1:]), ["nothing-left-out"], id="a breach left out"),
        pytest.param(reasons(*AGAINST, AGAINST[0]), ["weighed-once"], id="a breach twice"),
        pytest.param(
            reasons(*AGAINST, ("{s04}", "support")), ["says-something"], id="a cite and no word"
        ),
        pytest.param(
            reasons(*AGAINST, ("{s04} is so. Is so.", "support"), ("{s02} so so", "concern")),
            ["says-something", "weighed-once"],
            id="filler for what was weighed",
        ),
        pytest.param(
            reasons(*AGAINST, conclusion="ship it"),
            ["conclusion-declared"],
            id="an undeclared conclusion",
        ),
        pytest.param(reasons(*AGAINST, conclusion=""), ["conclusion-declared"], id="none at all"),
    ],
)
def test_reasoning_that_is_not_true_to_the_state_is_refused(
    answer: dict[str, Any], broken: list[str]
) -> None:
    """One way of being wrong, one check."""
    assert broken == failures(held("reasoning", answer))


def test_saying_that_no_conclusion_can_be_drawn_is_valid() -> None:
    """A model may be uncertain; its reasons are held to the same checks."""
    uncertain = reasons(*AGAINST, conclusion=UNCERTAIN)

    assert held("reasoning", uncertain).valid
    assert ["nothing-left-out"] == failures(
        held("reasoning", reasons(*AGAINST[1:], conclusion=UNCERTAIN))
    )


def test_supports_are_no_place_to_hide_a_breach() -> None:
    """An answer full of what speaks for it must still name what speaks against."""
    layer = state(*[Standing.SUPPORT] * MAX_REASONS, Standing.BREACH)
    full = reasons(*((f"{{s{n:02d}}} is inside", "support") for n in range(1, MAX_REASONS + 1)))

    assert ["nothing-left-out"] == failures(held("reasoning", full, layer))


def test_what_does_not_fit_may_be_left_out() -> None:
    """With more against it than an answer has room for, a full answer of them is complete."""
    layer = state(*[Standing.CONCERN] * (MAX_REASONS + 3))
    cited = [(f"{{s{n:02d}}} is outside", "concern") for n in range(1, MAX_REASONS + 1)]

    assert held("reasoning", reasons(*cited), layer).valid
    assert ["nothing-left-out"] == failures(held("reasoning", reasons(*cited[:-1]), layer))


# Evaluation.


def judged(score: str, confidence: str, words: str = "{s01} weighs most") -> str:
    return f'{{"justification":"{words}","score":{score},"confidence":{confidence}}}'


def test_a_sound_evaluation_is_valid() -> None:
    """Score and confidence come out in thousandths, exactly."""
    result = held("evaluation", judged("0.10", "0.80"))

    assert (True, 100, 800) == (
        result.valid,
        result.answer.score_thousandths,  # type: ignore[union-attr]
        result.answer.confidence_thousandths,  # type: ignore[union-attr]
    )
    assert [
        "parses",
        "cites-exist",
        "hints-not-evidence",
        "no-own-numbers",
        "text-plain",
        "text-fits",
        "says-something",
        "score-agrees",
        "confidence-allowed",
    ] == [check.name for check in result.checks]


@pytest.mark.parametrize("hundredths", range(101))
def test_every_hundredth_is_read_exactly(hundredths: int) -> None:
    """Decimals, and never the nearest float."""
    unit = f"{hundredths // 100}.{hundredths % 100:02d}"
    answer = held("evaluation", judged(unit, unit), state(Standing.CONCERN)).answer

    assert 10 * hundredths == answer.score_thousandths  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("answer", "layer", "broken"),
    [
        pytest.param(judged("0.10", "0.50", "trust me"), MIXED, ["cites-exist"], id="no cite"),
        pytest.param(judged("0.10", "0.50", "{s99} it is"), MIXED, ["cites-exist"], id="a ghost"),
        pytest.param(
            judged("0.10", "0.50", "{s01} is off by 3"), MIXED, ["no-own-numbers"], id="a number"
        ),
        pytest.param(
            judged("0.50", "0.50"), MIXED, ["score-agrees"], id="even in spite of a breach"
        ),
        pytest.param(judged("0.90", "0.50"), MIXED, ["score-agrees"], id="high in spite of it"),
        pytest.param(
            judged("0.50", "0.50"), FINE, ["score-agrees"], id="even though nothing is against"
        ),
        pytest.param(judged("0.10", "0.50"), FINE, ["score-agrees"], id="low without a reason"),
        pytest.param(
            judged("0.10", "0.81"), MIXED, ["confidence-allowed"], id="too sure for one unknown"
        ),
        pytest.param(judged("0.90", "0.96"), FINE, ["confidence-allowed"], id="surer than sure"),
        pytest.param(
            judged("0.51", "0.50"),
            state(Standing.CONCERN, Standing.SUPPORT),
            ["score-agrees"],
            id="high by a concern",
        ),
        pytest.param(
            judged("0.90", "0.50"), state(Standing.CONCERN), ["score-agrees"], id="nearly whole"
        ),
        pytest.param(
            judged("1.00", "0.50", "{s02} weighs most"),
            state(Standing.UNKNOWN, Standing.SUPPORT),
            ["score-agrees"],
            id="whole",
        ),
    ],
)
def test_an_evaluation_that_is_not_true_to_the_state_is_refused(
    answer: str, layer: StateLayer, broken: list[str]
) -> None:
    """One way of being wrong, one check."""
    assert broken == failures(held("evaluation", answer, layer))


@pytest.mark.parametrize(
    ("score", "layer"),
    [
        ("0.49", MIXED),
        ("0.00", MIXED),
        ("0.51", FINE),
        ("1.00", FINE),
        ("0.20", state(Standing.CONCERN)),
        ("0.80", state(Standing.CONCERN)),
        ("0.89", state(Standing.CONCERN, None)),
        ("0.50", state(Standing.CONCERN, Standing.SUPPORT)),
    ],
)
def test_a_score_on_the_right_side_is_the_models_own_matter(score: str, layer: StateLayer) -> None:
    """With a concern but no breach, either side may be argued."""
    assert held("evaluation", judged(score, "0.50"), layer).valid


def test_a_score_is_no_higher_than_even_over_a_hard_limit_whose_value_is_not_known() -> None:
    """Only under a soft limit may what is unknown still be outweighed."""
    entries = state(Standing.UNKNOWN, Standing.SUPPORT).entries
    hard = StateLayer((replace(entries[0], binding=True), entries[1]))
    words = "{s02} does outweigh {s01}"

    assert held("evaluation", judged("0.50", "0.50", words), hard).valid
    assert held("evaluation", judged("0.80", "0.50", words), StateLayer(entries)).valid
    [failed] = held("evaluation", judged("0.51", "0.50", words), hard).failures
    assert (
        "score-agrees",
        "at most 0.50, because it is not known whether a hard limit is kept",
    ) == (
        failed.name,
        failed.expected,
    )


@pytest.mark.parametrize(
    "words",
    [
        *(
            "is at zero",
            "has Twenty-one",
            "is ninety per cent",
            "has a dozen",
            "has hundreds of it",
        ),
        *("is at half", "has two thirds", "is a third of it", "is one third", "is one percent"),
        *("is one % over", "has a quarter", "is at XIV", "is at II.", "is at MCM", "is IIII"),
        "is tw{s02}o",
    ],
)
def test_a_number_in_words_is_a_number_of_its_own(words: str) -> None:
    """Whoever may write no digits must not spell them either."""
    answer = judged("0.90", "0.50", f"{{s01}} {words}")

    assert ["no-own-numbers"] == failures(held("evaluation", answer, FINE))


@pytest.mark.parametrize(
    "words",
    [
        *("is the first, then the second", "is the one that counts", "is a third check"),
        *("often weighs", "is on behalf of it", "I see it", "is in CI", "has CD too", "has MILD"),
        *("is the third of them", "someone knows", "weights"),
    ],
)
def test_a_word_that_only_looks_like_a_number_is_none(words: str) -> None:
    """An order, a pronoun, and what merely holds the letters of a number."""
    answer = judged("0.90", "0.50", f"{{s01}} is and {words}")

    assert held("evaluation", answer, FINE).valid


@pytest.mark.parametrize(
    ("unknown", "ceiling"), [(0, "0.95"), (1, "0.80"), (2, "0.65"), (3, "0.50"), (9, "0.50")]
)
def test_each_unknown_lowers_the_confidence_allowed(unknown: int, ceiling: str) -> None:
    """The ceiling itself is allowed, a hundredth more is not."""
    layer = state(Standing.CONCERN, *[Standing.UNKNOWN] * unknown)
    above = f"{float(ceiling) + 0.01:.2f}"

    assert held("evaluation", judged("0.50", ceiling), layer).valid
    [failed] = held("evaluation", judged("0.50", above), layer).failures
    assert ("confidence-allowed", f"at most {ceiling}") == (failed.name, failed.expected)


# Planning.


def planned(*steps: tuple[str, list[str]], verdict: str = "hold") -> dict[str, Any]:
    return {"verdict": verdict, "steps": [{"for": cites, "do": do} for do, cites in steps]}


def test_a_sound_plan_is_valid() -> None:
    """Declared capabilities for facts that stand, under the verdict the reasoning came to."""
    result = held("planning", planned(("c01", ["s01", "s02"]), ("c02", ["s03"])))

    assert result.valid
    assert [
        "parses",
        "verdict-declared",
        "verdict-follows",
        "capabilities-declared",
        "cites-exist",
        "hints-not-evidence",
        "steps-answer",
        "nothing-unanswered",
        "steps-differ",
    ] == [check.name for check in result.checks]


ANSWERED = [("c01", ["s01", "s02"]), ("c02", ["s03"])]


def test_what_no_plan_has_room_for_may_be_left_unanswered() -> None:
    """With more against it than a plan has steps, as many as it has steps are enough."""
    layer = state(*[Standing.CONCERN] * (MAX_PLAN_STEPS + 2))
    steps = [("c01", [f"s{number:02d}"]) for number in range(1, MAX_PLAN_STEPS + 1)]

    assert held("planning", planned(*steps), layer).valid
    [failed] = held("planning", planned(*steps[:-1]), layer).failures
    assert ("nothing-unanswered", "s12") == (failed.name, failed.found)


def test_without_means_a_plan_has_no_step() -> None:
    """Then none is the truth; no step could be right."""
    contract = contract_of(DecisionStep.PLANNING, VERDICTS)
    raw = json.dumps(planned())

    assert contract.hold(raw, Ground(MIXED, VERDICTS)).valid
    assert not contract.hold(raw, Ground(MIXED, VERDICTS, frozenset({"c01"}))).valid


def test_a_plan_may_have_nothing_to_answer() -> None:
    """Where nothing speaks against, there is no step; how a plan closes is the pack's."""
    assert held("planning", planned(verdict="proceed"), FINE, concluded="proceed").valid


@pytest.mark.parametrize(
    ("answer", "broken"),
    [
        pytest.param(
            planned(*ANSWERED, verdict="ship it"),
            ["verdict-declared", "verdict-follows"],
            id="an undeclared verdict",
        ),
        pytest.param(
            planned(*ANSWERED, verdict="proceed"), ["verdict-follows"], id="another verdict"
        ),
        pytest.param(
            planned(*ANSWERED, ("c09", ["s01"])),
            ["capabilities-declared"],
            id="an invented capability",
        ),
        pytest.param(
            planned(*ANSWERED, ("c01", ["s99"])),
            ["cites-exist", "steps-answer"],
            id="a step for a ghost",
        ),
        pytest.param(
            planned(*ANSWERED, ("c01", ["s04"])), ["steps-answer"], id="a step for what is fine"
        ),
        pytest.param(planned(), ["nothing-unanswered"], id="no step over a breach"),
        pytest.param(planned(*ANSWERED[:1]), ["nothing-unanswered"], id="an unknown unanswered"),
        pytest.param(planned(*ANSWERED, ANSWERED[0]), ["steps-differ"], id="a step twice"),
        pytest.param(
            planned(*ANSWERED, ("c02", ["s03", "s02"])), ["steps-differ"], id="part of a step twice"
        ),
    ],
)
def test_a_plan_that_does_not_follow_is_refused(answer: dict[str, Any], broken: list[str]) -> None:
    """One way of being wrong, one check."""
    assert broken == failures(held("planning", answer))


def test_a_plan_without_a_conclusion_before_it_may_choose() -> None:
    """Where nothing was concluded, any declared verdict follows."""
    assert held("planning", planned(*ANSWERED, verdict="proceed"), concluded=None).valid


# Shape.


WRONG_SHAPES = {
    "reasoning": [
        "",
        "{}",
        "no JSON",
        "[]",
        json.dumps(SOUND)[:-1],
        json.dumps({**SOUND, "more": 1}),
        json.dumps(reasons()),
        json.dumps(reasons(*[("{s01}", "breach")] * (MAX_REASONS + 1))),
        json.dumps(reasons(("{s01}", "good"))),
        json.dumps(reasons(("", "breach"))),
        json.dumps({"steps": SOUND["steps"]}),
        json.dumps({"uncertain": "I cannot tell"}),
        json.dumps(SOUND)[:-1] + ',"conclusion":"hold"}',
        json.dumps(SOUND).replace('"side"', '"side": "support", "side"', 1),
    ],
    "evaluation": [
        "{}",
        judged("1.01", "0.50"),
        judged("-0.10", "0.50"),
        judged("0.10", "1.50"),
        judged("0.105", "0.50"),
        judged("null", "0.50"),
        judged('"0.10"', "0.50"),
        judged("0.10", '"0.50"'),
        judged("true", "0.50"),
        judged("0.90", '0.50,"score":0.10'),
        judged("0.10", '0.50,"confidence":0.50'),
        judged("0.10", '0.50,"\\u0073core":0.10'),
        judged(f"{'9' * 5000}", '0.50,"score":0.10'),
        judged("0.10", "0.50", ""),
        '{"score":0.10,"confidence":0.50}',
    ],
    "planning": [
        "{}",
        json.dumps(planned(("c01", []))),
        json.dumps(planned(*[("c01", ["s01"])] * (MAX_PLAN_STEPS + 1))),
        json.dumps(planned(("tests.fix", ["s01"]))),
        json.dumps(planned(("c01", ["s01"] * (MAX_CITES + 1)))),
        json.dumps({"verdict": "hold"}),
        '{"verdict":"proceed","verdict":"hold","steps":[]}',
        '{"verdict":"hold","steps":[{"do":"c02","for":["s01"],"do":"c01"}]}',
    ],
}


@pytest.mark.parametrize(
    ("step", "raw"), [(step, raw) for step, shapes in WRONG_SHAPES.items() for raw in shapes]
)
def test_an_answer_of_another_shape_is_no_answer(step: str, raw: str) -> None:
    """It fails the first check with the place in it, is quoted, and no other check runs."""
    result = held(step, raw)
    [failed] = result.checks

    assert (None, "parses", raw[:200]) == (result.answer, failed.name, failed.found)
    assert "does not have the shape of its contract" in failed.reason


def test_an_answer_that_says_a_field_twice_names_it() -> None:
    """Two readers would read two answers, so it is none; the same at any depth."""
    [failed] = held("evaluation", judged("0.10", '0.50,"score":0.90')).checks

    assert failed.reason == (
        "The answer does not have the shape of its contract: score stands twice."
    )


def test_each_failure_says_what_was_expected_and_found() -> None:
    """A person can judge the judgement."""
    [failed] = held("planning", planned(*ANSWERED, ("c09", ["s01"]))).failures

    assert ("The plan names a capability that the pack does not declare.", "c01, c02", "c09") == (
        failed.reason,
        failed.expected,
        failed.found,
    )
    assert failed.record() == {
        "name": "capabilities-declared",
        "passed": False,
        "reason": failed.reason,
        "expected": failed.expected,
        "found": failed.found,
    }


def test_cites_are_listed_in_order_with_repeats() -> None:
    """What later steps show of an answer follows its own order."""
    assert ["s02", "s01", "s02"] == cites_of(["{s02} and {s01}", "{s02} {x} {S01}"])


def test_a_contract_is_named_by_the_hash_of_its_grammar() -> None:
    """Other verdicts, another grammar, another hash in the envelope."""
    contracts = [contract_of(step, VERDICTS) for step in DecisionStep]
    contracts.append(contract_of(DecisionStep.REASONING, ("yes", "no")))

    assert 4 == len({grammar_hash(contract) for contract in contracts})
