"""Shape by grammar: whatever can be derived is finite, parses, and fits the room it is given."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from converge_core.answers import MAX_REASONS, texts_of
from converge_core.chain import DecisionStep, contract_of
from converge_core.contract import Ground, OutputContract
from converge_core.errors import InvalidConfiguration
from converge_core.grammar import (
    MOST_TIMES,
    Alternative,
    Chars,
    Grammar,
    Literal,
    Named,
    Part,
    Repeat,
    Sequence,
    either,
    regex,
    sequence,
)
from converge_core.prompt import CITE, Standing, StateEntry, StateLayer
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

    # Room that is never used costs a model's context, so it is not a byte more either.
    assert longest == contract.max_bytes


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
MAY_FAIL = {
    "sides-agree",
    "score-agrees",
    "confidence-allowed",
    "says-something",
    "uncertain-explained",
    "no-own-numbers",
    "nothing-unanswered",
    "steps-differ",
}
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

    result = contract.hold(raw, ground)

    assert {check.name for check in result.failures} <= MAY_FAIL
    assert result.answer is not None
    assert not any(map(str.isdigit, CITE.sub("", "".join(texts_of(result.answer)))))
    assert rules["root"].longest(rules) == contract.max_bytes_over(ground) <= contract.max_bytes


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


# The algebra that the contracts' grammars are made of.


CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cs"])
TEXTS = st.text(CHARACTERS, min_size=1, max_size=6)
PARTS = st.recursive(
    st.builds(Literal, TEXTS)
    | st.builds(Chars, st.just(()), TEXTS)
    | st.builds(
        lambda a, b: Chars((min(a, b) + max(a, b),)),
        st.characters(max_codepoint=200),
        st.characters(max_codepoint=200),
    ),
    lambda inner: (
        st.builds(lambda parts: sequence(*parts), st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda ways: either(*ways), st.lists(inner, min_size=1, max_size=3))
        | st.builds(
            lambda part, least, more: Repeat(part, least, least + more),
            inner,
            st.integers(0, 3),
            st.integers(1, 3),
        )
    ),
    max_leaves=8,
)


@settings(max_examples=150)
@given(part=PARTS, data=st.data())
def test_what_a_grammar_says_of_itself_is_what_a_reader_of_it_finds(
    part: Part, data: st.DataObject
) -> None:
    """Rendered and read again: the same bounds, and each derivation fits the pattern."""
    grammar = Grammar(part)
    rules = rules_of(grammar.render())
    random = data.draw(st.randoms(use_true_random=False))
    said = rules["root"].derive(rules, random.randint)

    assert grammar.longest == rules["root"].longest(rules)
    assert grammar.shortest == rules["root"].shortest(rules)
    assert grammar.shortest <= len(said.encode()) <= grammar.longest
    assert re.fullmatch(regex(part), said, re.DOTALL)


def test_a_grammar_names_each_rule_once() -> None:
    """However often it is used, and in the order in which it is first mentioned."""
    digit = Named("digit", Chars(("09",)))
    pair = Named("pair", sequence(digit, "-", digit))
    grammar = Grammar(sequence("<", pair, either(pair, "none"), Repeat(digit, 0, 2), ">"))

    assert (
        'root ::= "<" pair (pair | "none") digit{0,2} ">"\n'
        'pair ::= digit "-" digit\n'
        "digit ::= [0-9]\n"
    ) == grammar.render()
    assert (8, 11) == (grammar.shortest, grammar.longest)


@pytest.mark.parametrize(
    ("part", "written"),
    [
        (Literal('say "a\\b"'), r'"say \"a\\b\""'),
        (Literal("a\nb\u202e"), r'"a\U0000000Ab\U0000202E"'),
        (Chars(("az",), "-]^[\\"), r"[a-z\]\x5E\[\\-]"),
        (Chars(("+-",)), r"[+-\x2D]"),
        (Repeat(sequence(Chars((), "a"), "b"), 1, 2), '([a] "b"){1,2}'),
        (Repeat(Repeat(Literal("a"), 1, 2), 0, 3), '("a"{1,2}){0,3}'),
        (sequence("a", "b", sequence("c", Chars((), "d"))), '"abc" [d]'),
        (sequence("a"), '"a"'),
        (either("a"), '"a"'),
    ],
)
def test_what_is_special_is_escaped_and_what_needs_none_has_no_bracket(
    part: Part, written: str
) -> None:
    """A quote, a hyphen or an invisible character means itself."""
    assert f"root ::= {written}\n" == Grammar(part).render()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Literal(""), "A literal is empty"),
        (lambda: Literal("\ud800"), "half a surrogate pair"),
        (lambda: Chars((), "\udfff"), "half a surrogate pair"),
        (Chars, "A character class is empty"),
        (lambda: Chars(("za",)), "'za' is no span"),
        (lambda: Chars(("abc",)), "'abc' is no span"),
        (lambda: Sequence(()), "A sequence has no part"),
        (lambda: Alternative(()), "There is nothing to choose from"),
        (lambda: Repeat(Literal("a"), 2, 1), "2 to 1 times is no bounded repetition"),
        (lambda: Repeat(Literal("a"), -1, 1), "-1 to 1 times"),
        (lambda: Repeat(Literal("a"), 0, 0), "0 to 0 times"),
        (lambda: Repeat(Literal("a"), 0, MOST_TIMES + 1), "0 to 2001 times"),
        (lambda: Named("root", Literal("a")), "'root' cannot name a rule"),
        (lambda: Named("a b", Literal("a")), "'a b' cannot name a rule"),
        (
            lambda: Grammar(sequence(Named("a", Literal("b")), Named("a", Literal("c")))),
            "'a' names two rules",
        ),
    ],
)
def test_what_is_no_bounded_grammar_cannot_be_made(make: Callable[[], Any], reason: str) -> None:
    """It is refused where it is written, with the reason."""
    with pytest.raises(InvalidConfiguration, match=reason):
        make()


def test_nothing_can_be_made_to_contain_itself() -> None:
    """A part is frozen before anything can hold it, so no derivation is endless."""
    inner = Named("inner", Literal("a"))

    with pytest.raises(FrozenInstanceError):
        inner.part = sequence("b", inner)  # type: ignore[misc]
