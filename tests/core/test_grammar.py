"""Shape by grammar: whatever can be derived is finite, parses, and fits the room it is given."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from converge_core.chain import DecisionStep, contract_of
from converge_core.contract import MAX_REASONS, Ground, OutputContract
from converge_core.prompt import Standing, StateEntry, StateLayer
from tests.core.gbnf import rules_of

VERDICTS = ("proceed", "conditions", "hold")
LONG = ("x" * 300, "y")
CONTRACTS = [
    pytest.param(contract_of(step, verdicts), id=f"{step} of {len(verdicts[0])}")
    for step in DecisionStep
    for verdicts in (VERDICTS, LONG)
]


def derive(contract: OutputContract, data: st.DataObject) -> str:
    """Draws one of all the answers the contract's grammar admits."""
    rules = rules_of(contract.grammar())
    random = data.draw(st.randoms(use_true_random=False))
    return rules["root"].derive(rules, random.randint)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_longest_derivation_fits_and_is_finite(contract: OutputContract) -> None:
    """Worked out from the rules, not sampled: no derivation is longer than the room there is."""
    rules = rules_of(contract.grammar())
    longest = rules["root"].longest(rules)

    assert longest <= contract.max_bytes
    # Room that is never used costs a model's context, so it is not much more either.
    assert contract.max_bytes <= longest + 200


@pytest.mark.parametrize("contract", CONTRACTS)
@settings(max_examples=40)
@given(data=st.data())
def test_every_derivation_parses(contract: OutputContract, data: st.DataObject) -> None:
    """The grammar and the shape a contract reads agree: nothing derivable fails to parse."""
    raw = derive(contract, data)
    result = contract.hold(raw, Ground(StateLayer(()), VERDICTS))

    assert result.answer is not None, result.checks[0].reason
    assert len(raw.encode()) <= contract.max_bytes


@pytest.mark.parametrize("contract", CONTRACTS[::2])
@settings(max_examples=40)
@given(data=st.data())
def test_every_derivation_is_json_in_ascii_on_one_line(
    contract: OutputContract, data: st.DataObject
) -> None:
    """No control, invisible or bidirectional character can come out of the model."""
    raw = derive(contract, data)

    assert isinstance(json.loads(raw), dict)
    assert raw.isascii()
    assert raw.isprintable()


STANDINGS = st.lists(st.none() | st.sampled_from(Standing), min_size=1, max_size=MAX_REASONS)
MAY_FAIL = {"sides-agree", "score-agrees", "confidence-allowed"}
"""What only the model can get right."""


def ground_of(standings: list[Standing | None], concluded: str | None) -> Ground:
    entries = tuple(
        StateEntry(f"s{number:02d}", f"fact {number}", ("line",), "shown", standing)
        for number, standing in enumerate(standings, 1)
    )
    return Ground(StateLayer(entries), VERDICTS, frozenset({"c01", "c02"}), concluded)


@pytest.mark.parametrize("step", DecisionStep)
@settings(max_examples=60)
@given(standings=STANDINGS, concluded=st.none() | st.sampled_from(VERDICTS), data=st.data())
def test_over_a_state_nothing_is_invented_and_nothing_that_weighs_left_out(
    step: DecisionStep, standings: list[Standing | None], concluded: str | None, data: st.DataObject
) -> None:
    """What shape can hold is held by shape; the checks are left with what must be judged."""
    assume(any(standings))
    contract, ground = contract_of(step, VERDICTS), ground_of(standings, concluded)
    rules = rules_of(contract.grammar_over(ground))
    random = data.draw(st.randoms(use_true_random=False))
    raw = rules["root"].derive(rules, random.randint)

    assert {check.name for check in contract.hold(raw, ground).failures} <= MAY_FAIL
    assert rules["root"].longest(rules) <= contract.max_bytes


@pytest.mark.parametrize("step", DecisionStep)
def test_over_a_state_that_says_nothing_the_general_grammar_holds(step: DecisionStep) -> None:
    """There is nothing to narrow it by; a plan then has no step."""
    contract, ground = contract_of(step, VERDICTS), Ground(StateLayer(()), VERDICTS)
    grammar = contract.grammar_over(ground)

    assert (grammar == contract.grammar()) is (step is not DecisionStep.PLANNING)
    assert "step ::=" not in grammar or step is not DecisionStep.PLANNING


@pytest.mark.parametrize(
    ("step", "first", "then"),
    [
        (DecisionStep.REASONING, "text", "side"),
        (DecisionStep.EVALUATION, "justification", "score"),
        (DecisionStep.PLANNING, "for", "do"),
    ],
)
def test_what_is_cited_comes_before_what_is_said_of_it(
    step: DecisionStep, first: str, then: str
) -> None:
    """A small model looks first and judges then, so the fields stand in that order."""
    grammar = contract_of(step, VERDICTS).grammar()

    assert (
        -1
        < grammar.index(f'"{first}\\"'.replace('"', '\\"', 1))
        < grammar.index(f'"{then}\\"'.replace('"', '\\"', 1))
    )


@pytest.mark.parametrize(
    "unbounded", ['root ::= "a"*', 'root ::= "a"+', 'root ::= "a"{1,}', 'root ::= [^"]']
)
def test_the_reader_refuses_what_could_go_on_for_ever(unbounded: str) -> None:
    """The proof of boundedness would be worth nothing if it overlooked a star."""
    with pytest.raises(ValueError, match="cannot read"):
        rules_of(unbounded)


def test_the_reader_finds_a_rule_that_calls_itself() -> None:
    """Recursion is no way around it either."""
    rules = rules_of('root ::= "a" root | "b"')

    with pytest.raises(RecursionError):
        rules["root"].longest(rules)
