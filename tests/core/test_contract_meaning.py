"""Contradictions, hints, required truths and doubt: what a state allows anyone to conclude."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.answers import UNCERTAIN, Answer, EvaluationAnswer
from converge_core.contract import CheckResult, ContractResult, Ground
from converge_core.contract_checks import confidence_ceiling
from converge_core.contract_evaluation import EvaluationContract
from converge_core.contract_planning import PlanningContract
from converge_core.contract_reasoning import ReasoningContract
from converge_core.contradiction import Condition, Contradiction, ValueRange, contradictions_in
from converge_core.errors import InvalidConfiguration
from converge_core.limits import Quantity
from converge_core.prompt import Standing, StateEntry, StateLayer

VERDICTS = ("proceed", "hold")
ENTRIES = (
    StateEntry("s01", "tests.failed", ("tests failed",), "no test failed", Standing.SUPPORT),
    StateEntry("s02", "coverage", ("coverage",), "coverage 101 %", Standing.SUPPORT),
)
RECALLED = StateEntry(
    "r01", "an old run", ("last time",), "held last time", Standing.BREACH, binding=True, hint=True
)
SOUND = Ground(StateLayer(ENTRIES), VERDICTS, frozenset({"c01"}))
HINTED = replace(SOUND, state=StateLayer((*ENTRIES, RECALLED)))
NO_FAILURE = Contradiction(
    "failing modules without a failure",
    Condition.read("tests.failed at most 0"),
    Condition.read("tests.failing_modules at least 1"),
    "No module fails where no test does.",
)
SHARE = ValueRange("coverage.line", Decimal(0), Decimal(100))


def values(**known: Quantity) -> dict[str, Quantity]:
    return {name.replace("__", "."): quantity for name, quantity in known.items()}


TORN = values(
    tests__failed=Quantity(0),
    tests__failing_modules=Quantity(2),
    coverage__line=Quantity(1010, 1, "%"),
)


def reasoned(ground: Ground, conclusion: str, *texts: str, side: str = "support") -> ContractResult:
    steps = [{"text": text, "side": side} for text in texts or ("{s01} is fine", "{s02} is fine")]
    raw = json.dumps({"steps": steps, "conclusion": conclusion})
    return ReasoningContract(VERDICTS).hold(raw, ground)


def judged(ground: Ground, confidence: str) -> ContractResult:
    raw = f'{{"justification":"{{s01}} is fine","score":0.80,"confidence":{confidence}}}'
    return EvaluationContract().hold(raw, ground)


def failures(result: ContractResult) -> list[str]:
    return [check.name for check in result.failures]


# What cannot be so.


def test_contradictions_are_found_by_the_values() -> None:
    """Those that are present, in the order in which they are declared."""
    declared = (SHARE, NO_FAILURE, ValueRange("tests.failed", least=Decimal(0)))

    assert (SHARE, NO_FAILURE) == contradictions_in(declared, TORN)
    assert () == contradictions_in(declared, {})


@pytest.mark.parametrize(
    ("changed", "present"),
    [
        ({}, True),
        ({"tests.failed": Quantity(1)}, False),
        ({"tests.failing_modules": Quantity(0)}, False),
        ({"tests.failing_modules": Quantity(None)}, False),
        ({"tests.failed": Quantity(None)}, False),
        ({"tests.failed": Quantity(0, 2)}, True),
        ({"tests.failing_modules": Quantity(10, 1)}, True),
        ({"tests.failing_modules": Quantity(9, 1)}, False),
    ],
)
def test_two_values_contradict_each_other_only_if_both_are_known(
    changed: Mapping[str, Quantity], present: bool
) -> None:
    """The bounds themselves meet the conditions; what nobody knows contradicts nothing."""
    assert present is NO_FAILURE.present({**TORN, **changed})


@pytest.mark.parametrize(
    ("quantity", "impossible"),
    [
        (Quantity(0, 1), False),
        (Quantity(1000, 1), False),
        (Quantity(1001, 1), True),
        (Quantity(-1, 1), True),
        (Quantity(None, 1), False),
        (Quantity(10**30 + 1, 28), True),
        (Quantity(10**30, 28), False),
    ],
)
def test_a_value_outside_of_what_can_be_is_impossible(quantity: Quantity, impossible: bool) -> None:
    """Compared exactly, however many digits it has."""
    assert impossible is SHARE.present({"coverage.line": quantity})


@given(st.integers(-(2**53), 2**53), st.integers(0, 20), st.integers(-(10**6), 10**6))
def test_a_condition_or_its_opposite_is_met(value: int, places: int, bound: int) -> None:
    """By every known value; by both just where it is the bound."""
    known = {"m": Quantity(value, places)}
    floor, ceiling = (Condition("m", Decimal(bound), at_least=way) for way in (True, False))

    assert floor.met(known) or ceiling.met(known)
    assert (floor.met(known) and ceiling.met(known)) is (value == bound * 10**places)


@pytest.mark.parametrize("text", ["tests.failed at most 0", "coverage.line at least -1.50"])
def test_a_condition_is_written_as_it_is_read(text: str) -> None:
    """As a pack writes it."""
    assert text == str(Condition.read(text))


@pytest.mark.parametrize(
    "text", ["", "tests.failed", "tests.failed at most", "a b at most 1", "a at most 1e3", "a < 1"]
)
def test_what_is_no_condition_is_refused_with_an_example(text: str) -> None:
    """Whoever writes a pack learns how to."""
    with pytest.raises(InvalidConfiguration, match=r"write one like “tests\.failed at most 0”"):
        Condition.read(text)


def test_an_impossible_value_has_a_name_and_a_reason() -> None:
    """For people, with the bounds that it has."""
    assert (
        "coverage.line impossible",
        "coverage.line can only be at least 0 and at most 100.",
    ) == (
        SHARE.name,
        SHARE.reason,
    )
    assert ValueRange("m", most=Decimal(1)).reason == "m can only be at most 1."
    assert not ValueRange("m").present({"m": Quantity(-(10**9))})


@pytest.mark.parametrize("present", [(NO_FAILURE,), (SHARE,), (NO_FAILURE, SHARE)])
def test_nothing_is_concluded_from_a_state_that_cannot_be(present: Any) -> None:
    """The check says which contradiction, why, and that uncertainty is what is left."""
    ground = replace(SOUND, contradictions=present)
    [failed] = reasoned(ground, "proceed").failures

    assert ("contradictions-faced", UNCERTAIN) == (failed.name, failed.expected)
    assert all(one.reason in failed.reason for one in present)
    assert failed.found == ", ".join(f"proceed in spite of {one.name}" for one in present)
    assert reasoned(ground, UNCERTAIN, "{s01} contradicts another", "{s02} is fine").valid
    assert reasoned(SOUND, "proceed").valid


@pytest.mark.parametrize(
    ("contradictions", "unknown", "ceiling"),
    [(0, 0, 950), (1, 0, 800), (2, 0, 650), (9, 0, 200), (1, 1, 650), (1, 9, 350), (9, 9, 200)],
)
def test_each_contradiction_lowers_the_confidence_allowed(
    contradictions: int, unknown: int, ceiling: int
) -> None:
    """Below what unknown values alone would leave."""
    open_ones = (
        StateEntry(f"u{number:02d}", "unknown", (), "unknown", Standing.UNKNOWN)
        for number in range(unknown)
    )
    ground = replace(
        SOUND,
        state=StateLayer((*ENTRIES, *open_ones)),
        contradictions=(NO_FAILURE,) * contradictions,
    )

    assert ceiling == confidence_ceiling(ground)
    assert [] == failures(judged(ground, f"{ceiling / 1000:.2f}"))
    [failed] = judged(ground, f"{ceiling / 1000 + 0.01:.2f}").failures
    assert ("confidence-allowed", bool(contradictions)) == (
        failed.name,
        "contradictions" in failed.reason,
    )


# Hints.


def test_the_line_of_a_hint_says_that_it_is_one() -> None:
    """Before anything else, and nothing that a fact says can look the same to a check."""
    assert "r01 | hint, not evidence | last time" == RECALLED.render()
    assert "s01 | tests failed" == ENTRIES[0].render()


def test_a_hint_weighs_nothing() -> None:
    """Whatever standing it came with: it is not counted, need not be weighed, lowers nothing."""
    layer = StateLayer(
        (*ENTRIES, RECALLED, replace(RECALLED, cite="r02", standing=Standing.UNKNOWN)), 3
    )
    ground = replace(SOUND, state=layer)

    assert layer.render().endswith(
        "counted | breach 0 | hard unknown 0 | concern 0 margin +2 | unknown 0"
    )
    assert reasoned(ground, "proceed").valid
    assert judged(ground, "0.95").valid
    assert ReasoningContract(VERDICTS).grammar_over(ground) == ReasoningContract(
        VERDICTS
    ).grammar_over(SOUND)


@pytest.mark.parametrize("text", ["{r01} says so", "{s01} and {r01} say so"])
def test_a_statement_that_rests_on_a_hint_is_refused(text: str) -> None:
    """Beside evidence too: what was recalled does not tell how it is now."""
    [failed] = reasoned(HINTED, "proceed", text).failures

    assert ("hints-not-evidence", "facts of the state layer", "r01") == (
        failed.name,
        failed.expected,
        failed.found,
    )


def test_a_plan_for_a_hint_is_refused() -> None:
    """By the one check that is there for it."""
    raw = json.dumps({"verdict": "hold", "steps": [{"for": ["r01"], "do": "c01"}]})

    assert ["hints-not-evidence"] == failures(PlanningContract(VERDICTS).hold(raw, HINTED))


def test_an_id_that_stands_for_a_hint_and_a_fact_is_a_hints() -> None:
    """Nobody makes evidence of a hint by giving it the id of a fact."""
    twice = replace(HINTED, state=StateLayer((*ENTRIES, replace(RECALLED, cite="s01"))))

    assert ["hints-not-evidence"] == failures(reasoned(twice, "proceed"))
    assert "s01" not in EvaluationContract().grammar_over(twice)


# Doubt.


@pytest.mark.parametrize(
    ("text", "side", "valid"),
    [
        ("{s01} is not known", "support", True),
        ("{s01} contradicts another", "support", True),
        ("{s01} Cannot be so", "support", True),
        ("{s01} cannot be so, for it contradicts another", "support", True),
        ("{s01} is in conflict", "support", True),
        ("{s01} has no value", "support", True),
        ("nothing is wrong but {s01} is missing", "support", True),
        ("{s01} has no fault. It is unclear", "support", True),
        ("there is no fault, {s01} is missing", "support", True),
        ("{s01} is fine", "support", False),
        ("{s01} is knownish", "support", False),
        ("{s01} is inside, nothing missing", "support", False),
        ("{s01} has nothing that is not known", "support", False),
        ("{s01} is in no conflict", "support", False),
        ("{s01} isn't unclear", "support", False),
        ("{s01} lacks contradictions", "support", False),
        ("{s01} has no value missing", "support", False),
        ("{s01} cannot be unknown", "support", False),
        ("{s01} is conflict-free", "support", False),
        ("{s01} is fine; conflicts: none", "support", False),
        ("in {s01} conflicts are absent", "support", False),
    ],
)
def test_uncertainty_is_valid_only_with_a_reason(text: str, side: str, valid: bool) -> None:
    """Some step tells what is unknown, or what contradicts itself."""
    result = reasoned(SOUND, UNCERTAIN, text, "{s02} is fine", side=side)

    assert ([] if valid else ["uncertain-explained"]) == failures(result)


def test_an_unknown_value_is_reason_enough() -> None:
    """The side it is put on says so in itself."""
    layer = StateLayer((replace(ENTRIES[0], standing=Standing.UNKNOWN),))

    assert reasoned(replace(SOUND, state=layer), UNCERTAIN, "{s01} is open", side="unknown").valid


def test_a_contradiction_in_the_state_is_reason_enough() -> None:
    """The pack has said it, whatever words the model finds."""
    torn = replace(SOUND, contradictions=(NO_FAILURE,))

    assert reasoned(torn, UNCERTAIN).valid
    assert not reasoned(SOUND, UNCERTAIN).valid


# Required truths.


def broken(answer: Answer, ground: Ground) -> bool:
    raise RuntimeError("no")


def truth(evaluator: Callable[..., Any] | None, *, required: bool = True) -> list[CheckResult]:
    truths = {} if evaluator is None else {"reviewed": evaluator}
    names = ("reviewed",) if required else ()
    ground = replace(SOUND, required_truths=names, truths=truths)
    return [check for check in judged(ground, "0.50").checks if check.name.startswith("truth:")]


def test_a_required_truth_that_nobody_evaluates_has_not_passed() -> None:
    """It is told by name, and the answer is not valid."""
    assert truth(None) == [
        CheckResult("truth:reviewed", False, "nobody evaluates it", "an evaluator", "none")
    ]
    assert not judged(replace(SOUND, required_truths=("reviewed",)), "0.50").valid


@pytest.mark.parametrize(
    ("evaluator", "found"),
    [
        (lambda answer, ground: False, "false"),
        (lambda answer, ground: None, "NoneType"),
        (lambda answer, ground: 1, "int"),
        (lambda answer, ground: "true", "str"),
        (broken, "RuntimeError"),
    ],
)
def test_a_truth_passes_by_nothing_but_true(evaluator: Callable[..., Any], found: str) -> None:
    """What fails, or says something else, has not said that it holds."""
    [check] = truth(evaluator)

    assert (False, found) == (check.passed, check.found)
    assert check.reason


def test_a_truth_is_judged_by_the_answer_and_its_ground() -> None:
    """Its evaluator is handed both."""
    [check] = truth(
        lambda answer, ground: isinstance(answer, EvaluationAnswer) and ground.verdicts == VERDICTS
    )

    assert check == CheckResult("truth:reviewed", passed=True)


def test_a_truth_that_is_not_required_is_not_asked_for() -> None:
    """Nor one about an answer that cannot be read."""
    required = replace(SOUND, required_truths=("reviewed",))

    assert [] == truth(broken, required=False)
    assert ["parses"] == [check.name for check in EvaluationContract().hold("{}", required).checks]


def test_a_ground_can_be_a_key() -> None:
    """Its evaluators apart, which tell it from others all the same."""
    other = replace(SOUND, truths={"reviewed": broken})

    assert 2 == len({SOUND, replace(SOUND), other})
