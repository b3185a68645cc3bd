"""One shape, told twice: what a grammar derives, its JSON Schema allows and its contract reads."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from converge_core.answers import MAX_REASONS, cites_in
from converge_core.contract import Ground, OutputContract
from converge_core.contract_classification import ClassificationContract
from converge_core.contract_evaluation import EvaluationContract
from converge_core.contract_extraction import ExtractionContract
from converge_core.contract_freeform import FreeformContract
from converge_core.contract_planning import PlanningContract
from converge_core.contract_reasoning import ReasoningContract
from converge_core.prompt import Standing, StateEntry, StateLayer
from tests.core.gbnf import rules_of

VERDICTS = ("proceed", "conditions", "hold")
ODD = ('say "yes"', "c:\\new", "größer", "a\nb\u202e")
CONTRACTS: list[OutputContract] = [
    ReasoningContract(VERDICTS),
    EvaluationContract(),
    PlanningContract(VERDICTS),
    ClassificationContract(("bug", "wish", "question")),
    ClassificationContract(("bug", "wish", "question", "praise"), several=True),
    ClassificationContract(ODD),
    ExtractionContract(("price", "date"), ("note",)),
    ExtractionContract(ODD),
    FreeformContract(60),
]
CHECKED_BY_SHAPE = {
    "parses",
    "cites-exist",
    "hints-not-evidence",
    "text-plain",
    "text-fits",
    "fields-declared",
    "categories-declared",
    "categories-counted",
    "verdict-declared",
}
"""What nothing that is derived over a state can break, whatever the state."""


def by_name(contract: OutputContract) -> str:
    return contract.name


GROUNDS = st.builds(
    lambda standings, hinted, means, concluded: Ground(
        StateLayer(
            tuple(
                StateEntry(
                    f"s{number:02d}",
                    "a fact",
                    ("a line",),
                    "shown",
                    standing,
                    hint=number in hinted,
                )
                for number, standing in enumerate(standings, 1)
            )
        ),
        VERDICTS,
        means,
        concluded,
    ),
    st.lists(st.none() | st.sampled_from(Standing), max_size=MAX_REASONS + 3),
    st.sets(st.integers(1, MAX_REASONS)),
    st.sampled_from([frozenset[str](), frozenset({"c01", "c02"})]),
    st.none() | st.sampled_from(VERDICTS),
)


@pytest.mark.parametrize("contract", CONTRACTS, ids=by_name)
@settings(max_examples=40)
@given(ground=GROUNDS, data=st.data())
def test_whatever_is_derived_validates_and_parses(
    contract: OutputContract, ground: Ground, data: st.DataObject
) -> None:
    """Over any state, hints in it or none, and within the budget that is worked out for it."""
    rules = rules_of(contract.grammar_over(ground))
    random = data.draw(st.randoms(use_true_random=False))
    raw = rules["root"].derive(rules, random.randint)
    schema = contract.schema(ground)
    result = contract.hold(raw, ground)

    Draft202012Validator.check_schema(schema)
    assert [] == [
        error.message for error in Draft202012Validator(schema).iter_errors(json.loads(raw))
    ]
    assert result.answer is not None, result.checks[0].reason
    assert len(raw.encode()) <= contract.max_bytes_over(ground)
    assert rules["root"].longest(rules) == contract.max_bytes_over(ground)


@pytest.mark.parametrize("contract", CONTRACTS, ids=by_name)
@settings(max_examples=20)
@given(data=st.data())
def test_whatever_is_derived_without_a_state_parses(
    contract: OutputContract, data: st.DataObject
) -> None:
    """The general grammar is that of every answer there may be, and its budget the largest."""
    rules = rules_of(contract.grammar())
    random = data.draw(st.randoms(use_true_random=False))
    raw = rules["root"].derive(rules, random.randint)

    assert contract.hold(raw, MIXED).answer is not None
    assert len(raw.encode()) <= rules["root"].longest(rules) == contract.max_bytes
    assert contract.max_bytes_over(MIXED) <= contract.max_bytes


@pytest.mark.parametrize("contract", CONTRACTS, ids=by_name)
@settings(max_examples=30)
@given(ground=GROUNDS, data=st.data())
def test_no_id_of_a_hint_is_ever_offered(
    contract: OutputContract, ground: Ground, data: st.DataObject
) -> None:
    """Not even where nothing else could be cited and the grammar is the general one."""
    rules = rules_of(contract.grammar_over(ground))
    random = data.draw(st.randoms(use_true_random=False))
    answer = contract.hold(rules["root"].derive(rules, random.randint), ground).answer
    hints = {entry.cite for entry in ground.state.entries if entry.hint}

    assert answer is not None
    assert not hints or not hints & set(cites_in(answer))


@pytest.mark.parametrize("contract", CONTRACTS, ids=by_name)
@settings(max_examples=30)
@given(data=st.data())
def test_over_a_state_with_evidence_the_shape_leaves_little_to_check(
    contract: OutputContract, data: st.DataObject
) -> None:
    """No ghost, no hint, no odd character, no undeclared word can be derived."""
    entries = (
        StateEntry("s01", "a fact", ("a line",), "shown", Standing.CONCERN),
        StateEntry("r01", "a fact", ("a line",), "shown", Standing.BREACH, hint=True),
    )
    ground = Ground(StateLayer(entries), VERDICTS, frozenset({"c01"}))
    rules = rules_of(contract.grammar_over(ground))
    random = data.draw(st.randoms(use_true_random=False))
    result = contract.hold(rules["root"].derive(rules, random.randint), ground)

    assert set() == CHECKED_BY_SHAPE & {check.name for check in result.failures}


MIXED = Ground(
    StateLayer(
        (
            StateEntry("s01", "a fact", ("a line",), "shown", Standing.BREACH),
            StateEntry("s02", "a fact", ("a line",), "shown", Standing.SUPPORT),
        )
    ),
    VERDICTS,
    frozenset({"c01"}),
)


@pytest.mark.parametrize(
    ("contract", "answer"),
    [
        (CONTRACTS[0], {"steps": [], "conclusion": "hold"}),
        (
            CONTRACTS[0],
            {"steps": [{"text": "{s02} so", "side": "breach"}] * 2, "conclusion": "hold"},
        ),
        (CONTRACTS[1], {"justification": "{s01} so", "score": 1.01, "confidence": 0.5}),
        (CONTRACTS[1], {"justification": "{s09} so", "score": 0.5, "confidence": 0.5}),
        (CONTRACTS[1], {"justification": "{s01} 7", "score": 0.5, "confidence": 0.5}),
        (CONTRACTS[1], {"justification": "{s01} so", "score": 0.5}),
        (CONTRACTS[1], {"justification": "{s01} so", "score": 0.5, "confidence": 0, "more": 1}),
        (CONTRACTS[2], {"verdict": "hold", "steps": [{"for": ["s01"], "do": "c09"}]}),
        (CONTRACTS[2], {"verdict": "hold", "steps": [{"for": ["s02"], "do": "c01"}]}),
        (CONTRACTS[3], {"justification": "{s01} so", "labels": ["spam"], "confidence": 0.5}),
        (CONTRACTS[3], {"justification": "{s01} so", "labels": ["bug", "wish"], "confidence": 0.5}),
        (CONTRACTS[4], {"justification": "{s01} so", "labels": ["bug", "bug"], "confidence": 0.5}),
        (CONTRACTS[6], {"values": {"price": "s01", "date": "tomorrow"}}),
        (CONTRACTS[6], {"values": {"price": "s01"}}),
        (CONTRACTS[8], {"text": "so" * 31}),
        (CONTRACTS[8], {"text": "3"}),
    ],
)
def test_a_schema_refuses_what_its_grammar_cannot_say(
    contract: OutputContract, answer: Any
) -> None:
    """A server that knows schemas only is told as much as one that knows grammars."""
    assert not Draft202012Validator(contract.schema(MIXED)).is_valid(answer)


def test_a_schema_names_its_dialect_and_its_contract() -> None:
    """Any tool finds out how to read it."""
    schema = EvaluationContract().schema(MIXED)

    assert ("https://json-schema.org/draft/2020-12/schema", "evaluation:v1", "object") == (
        schema["$schema"],
        schema["title"],
        schema["type"],
    )
    assert ["justification", "score", "confidence"] == list(schema["properties"])


def test_over_a_narrower_state_the_budget_is_smaller() -> None:
    """The token budget is that of the very grammar that is used, worked out from it."""
    contract = ReasoningContract(VERDICTS)
    one = replace(MIXED, state=StateLayer(MIXED.state.entries[:1]))

    assert contract.max_bytes_over(one) < contract.max_bytes_over(MIXED) < contract.max_bytes
    assert (
        contract.max_bytes_over(one)
        == len('{"steps":[{"text":"{s01}","side":"concern"}],"conclusion":"conditions"}') + 79
    )
