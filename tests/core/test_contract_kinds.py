"""Classification, extraction and free form: what their answers must mean, check by check."""

from __future__ import annotations

import json
from typing import Any

import pytest

from converge_core.answers import (
    MISSING,
    ClassificationAnswer,
    EvaluationAnswer,
    ExtractionAnswer,
    FreeformAnswer,
    cites_in,
    confidence_of,
    texts_of,
)
from converge_core.chain import DecisionStep, contract_of
from converge_core.contract import ContractResult, Ground, OutputContract
from converge_core.contract_classification import ClassificationContract
from converge_core.contract_extraction import ExtractionContract
from converge_core.contract_freeform import FreeformContract
from converge_core.errors import InvalidConfiguration
from converge_core.prompt import Standing, StateEntry, StateLayer

ONE = ClassificationContract(("bug", "wish"))
MANY = ClassificationContract(("bug", "wish", "question"), several=True)
FIELDS = ExtractionContract(("price", "date"), ("note",))
WORDS = FreeformContract(40)
STATE = StateLayer(
    (
        StateEntry("s01", "fact 1", ("a line",), "a price of 10", Standing.SUPPORT),
        StateEntry("s02", "fact 2", ("a line",), "unknown", Standing.UNKNOWN),
        StateEntry("r01", "an old fact", ("a line",), "once so", hint=True),
    )
)


def held(contract: OutputContract, answer: Any, layer: StateLayer = STATE) -> ContractResult:
    raw = answer if isinstance(answer, str) else json.dumps(answer)
    return contract.hold(raw, Ground(layer, ()))


def failures(result: ContractResult) -> list[str]:
    return [check.name for check in result.failures]


def sorted_into(*labels: str, words: str = "{s01} tells it", sure: str = "0.80") -> str:
    told = json.dumps(labels)
    return f'{{"justification":{json.dumps(words)},"labels":{told},"confidence":{sure}}}'


# Classification.


def test_a_sound_classification_is_valid() -> None:
    """Label, justification and confidence, which is the answer's own."""
    result = held(ONE, sorted_into("bug"))

    assert isinstance(result.answer, ClassificationAnswer)
    assert (True, ("bug",), 800) == (
        result.valid,
        result.answer.labels,
        confidence_of(result.answer),
    )
    assert [
        "parses",
        "cites-exist",
        "hints-not-evidence",
        "no-own-numbers",
        "text-plain",
        "text-fits",
        "says-something",
        "categories-declared",
        "categories-counted",
        "confidence-allowed",
    ] == [check.name for check in result.checks]


@pytest.mark.parametrize(
    ("contract", "answer", "broken"),
    [
        pytest.param(ONE, sorted_into("spam"), ["categories-declared"], id="undeclared"),
        pytest.param(ONE, sorted_into(""), ["categories-declared"], id="nameless"),
        pytest.param(ONE, sorted_into("bug", "wish"), ["categories-counted"], id="two for one"),
        pytest.param(MANY, sorted_into("bug", "bug"), ["categories-counted"], id="one twice"),
        pytest.param(ONE, sorted_into("bug", words="just so"), ["cites-exist"], id="no cite"),
        pytest.param(ONE, sorted_into("bug", words="{s09} is so"), ["cites-exist"], id="a ghost"),
        pytest.param(
            ONE, sorted_into("bug", words="{r01} is so"), ["hints-not-evidence"], id="hint"
        ),
        pytest.param(
            ONE, sorted_into("bug", words="{s01} has 3 of it"), ["no-own-numbers"], id="3"
        ),
        pytest.param(ONE, sorted_into("bug", words="{s01} is <b>one"), ["text-plain"], id="markup"),
        pytest.param(ONE, sorted_into("bug", words="{s01}, so."), ["says-something"], id="filler"),
        pytest.param(
            ONE, sorted_into("bug", words="{s01} " + "is so " * 14), ["text-fits"], id="a sermon"
        ),
        pytest.param(ONE, sorted_into("bug", sure="0.81"), ["confidence-allowed"], id="too sure"),
        pytest.param(ONE, sorted_into(), ["parses"], id="no category"),
        pytest.param(ONE, sorted_into("bug", sure="1.01"), ["parses"], id="out of range"),
        pytest.param(ONE, {"label": "bug"}, ["parses"], id="another shape"),
    ],
)
def test_a_classification_that_is_not_true_to_the_state_is_refused(
    contract: OutputContract, answer: Any, broken: list[str]
) -> None:
    """One way of being wrong, one check."""
    assert broken == failures(held(contract, answer))


def test_several_categories_may_be_given_where_they_may() -> None:
    """Each of them once, in whatever order a reader of the schema writes them."""
    assert held(MANY, sorted_into("wish", "bug")).valid


# Extraction.


def test_a_sound_extraction_is_valid() -> None:
    """Each field is an id or is said to be missing; nothing in it is the model's own text."""
    result = held(FIELDS, {"values": {"price": "s01", "date": "s02", "note": MISSING}})

    assert isinstance(result.answer, ExtractionAnswer)
    assert (True, ["s01", "s02"], None) == (
        result.valid,
        cites_in(result.answer),
        confidence_of(result.answer),
    )
    assert [
        "parses",
        "fields-declared",
        "required-found",
        "cites-exist",
        "hints-not-evidence",
    ] == [check.name for check in result.checks]


@pytest.mark.parametrize(
    ("values", "broken"),
    [
        pytest.param({"price": "s01", "date": "tomorrow"}, ["parses"], id="invented text"),
        pytest.param({"price": "s01", "date": 7}, ["parses"], id="invented number"),
        pytest.param({"price": "s01", "date": None}, ["parses"], id="null"),
        pytest.param({"price": "s01"}, ["required-found"], id="a required one left out"),
        pytest.param({"price": "s01", "date": MISSING}, ["required-found"], id="one missing"),
        pytest.param(
            {"price": "s01", "date": "s02", "tax": "s01"}, ["fields-declared"], id="one too many"
        ),
        pytest.param({"price": "s01", "date": "s02", "": "s01"}, ["fields-declared"], id="unnamed"),
        pytest.param({"price": "s01", "date": "s99"}, ["cites-exist"], id="a ghost"),
        pytest.param({"price": "s01", "date": "r01"}, ["hints-not-evidence"], id="a hint"),
    ],
)
def test_an_extraction_that_is_not_in_the_state_is_refused(
    values: dict[str, Any], broken: list[str]
) -> None:
    """One way of being wrong, one check; that a required field is missing may be said, though."""
    assert broken == failures(held(FIELDS, {"values": values}))


def test_an_optional_field_may_be_left_out() -> None:
    """By whoever knows no grammar; a model under ours says that it is missing."""
    assert held(FIELDS, {"values": {"date": "s02", "price": "s01"}}).valid
    assert '\\"note\\":' in FIELDS.grammar_over(Ground(STATE, ()))


def test_over_a_state_without_facts_every_field_is_missing() -> None:
    """There is nothing else that could be said."""
    bare = Ground(StateLayer(()), ())

    assert 'value ::= "missing"\n' in FIELDS.grammar_over(bare)
    assert FIELDS.max_bytes_over(bare) == len(
        '{"values":{"price":"missing","date":"missing","note":"missing"}}'
    )


# Free form.


def test_sound_words_are_valid() -> None:
    """They may cite, and need not."""
    result = held(WORDS, {"text": "we wait, since {s02} is open"})

    assert isinstance(result.answer, FreeformAnswer)
    assert (True, ["s02"]) == (result.valid, cites_in(result.answer))
    assert [
        "parses",
        "cites-exist",
        "hints-not-evidence",
        "no-own-numbers",
        "text-plain",
        "text-fits",
        "says-something",
    ] == [check.name for check in result.checks]
    assert held(WORDS, {"text": "we wait."}).valid


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("", ["parses"]),
        ("as {s09} says", ["cites-exist"]),
        ("as {r01} said", ["hints-not-evidence"]),
        ("in 3 days", ["no-own-numbers"]),
        ("in three days", ["no-own-numbers"]),
        ("  ", ["says-something"]),
        ("...", ["says-something"]),
        ("we wait\nand see", ["text-plain"]),
        ("we wait! " * 4, ["text-plain"]),
        ("a{s01}" * 21, ["text-fits"]),
    ],
)
def test_words_that_are_not_true_to_the_state_are_refused(text: str, broken: list[str]) -> None:
    """One way of being wrong, one check."""
    assert broken == failures(held(WORDS, {"text": text}))


def test_a_cite_counts_as_one_character() -> None:
    """What it is replaced by is longer, and not the model's."""
    assert held(WORDS, {"text": "a{s01}" * 20}).valid


# What contracts may be asked for.


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: ClassificationContract(()), "needs categories"),
        (lambda: ClassificationContract(("a", "a")), "each only once"),
        (lambda: ClassificationContract(("",)).grammar(), "A literal is empty"),
        (lambda: ExtractionContract(()), "needs fields"),
        (lambda: ExtractionContract(("a",), ("a",)), "each only once"),
        (lambda: FreeformContract(0), "not 0"),
        (lambda: FreeformContract(2001), "1 to 2000 characters"),
    ],
)
def test_a_contract_that_contradicts_itself_cannot_be_made(make: Any, reason: str) -> None:
    """Whoever declares it learns why at once."""
    with pytest.raises(InvalidConfiguration, match=reason):
        make()


def test_the_six_contracts_are_told_apart_by_name() -> None:
    """As a trace names them."""
    chain = [contract_of(step, ("yes", "no")) for step in DecisionStep]

    assert [
        "reasoning:v1",
        "evaluation:v1",
        "planning:v2",
        "classification:v1",
        "extraction:v1",
        "freeform:v1",
    ] == [contract.name for contract in [*chain, ONE, FIELDS, WORDS]]


@pytest.mark.parametrize("hundredths", range(0, 101, 5))
def test_the_confidence_is_what_the_answer_states(hundredths: int) -> None:
    """It comes from the output and is never a constant; an answer that has none has none."""
    stated = f"{hundredths // 100}.{hundredths % 100:02d}"
    evaluation = EvaluationAnswer.model_validate_json(
        f'{{"justification":"so","score":0.5,"confidence":{stated}}}'
    )
    sorting = held(ONE, sorted_into("bug", sure=stated)).answer

    assert 10 * hundredths == confidence_of(evaluation)
    assert sorting is not None
    assert 10 * hundredths == confidence_of(sorting)


def test_the_running_texts_of_an_answer_are_those_a_person_reads() -> None:
    """A plan and an extraction have none: they consist of ids."""
    words = held(WORDS, {"text": "we wait"}).answer
    values = held(FIELDS, {"values": {"price": "s01", "date": "s02"}}).answer

    assert words is not None
    assert values is not None
    assert (["we wait"], []) == (texts_of(words), texts_of(values))
