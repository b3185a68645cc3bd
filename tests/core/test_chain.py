"""The decision chain: three steps, their prompts, and what each shows the next."""

from __future__ import annotations

from typing import Any

import pytest

from converge_core.answers import ReasoningAnswer
from converge_core.chain import (
    DecisionStep,
    capability_ids,
    contract_of,
    evaluation_entry,
    reasoning_entry,
    step_templates,
)
from converge_core.prompt import StateLayer

PROMPTS: dict[str, Any] = {
    "policy": "\nPOLICY {policy}\n{hold_at} concerns mean hold\n",
    "reasoning": {"revision": 3, "priming": " reason ", "task_frame": "verdicts {verdicts}"},
    "evaluation": {"revision": 1, "priming": "evaluate", "task_frame": "score it"},
    "planning": {"revision": 1, "priming": "plan", "task_frame": "{capabilities}"},
}


def templates(prompts: dict[str, Any] = PROMPTS) -> Any:
    return step_templates(
        prompts,
        policy="ready 1",
        hold_at=3,
        verdicts=("proceed", "hold"),
        capabilities=("tests.fix", "release.tag"),
    )


def test_the_steps_are_three_in_order() -> None:
    """Reasoning, evaluation, planning."""
    assert ["reasoning", "evaluation", "planning"] == [step.value for step in DecisionStep]


def test_a_packs_words_are_filled_in_once() -> None:
    """Policy, verdicts and capabilities by id come from the pack."""
    made = templates()

    assert "POLICY ready 1\n3 concerns mean hold" == made[DecisionStep.REASONING].policy
    assert ("reason", "verdicts proceed hold", "reasoning:v3:any") == (
        made[DecisionStep.REASONING].priming,
        made[DecisionStep.REASONING].task_frame,
        str(made[DecisionStep.REASONING].version),
    )
    assert "c01 tests.fix\nc02 release.tag" == made[DecisionStep.PLANNING].task_frame


def test_all_steps_share_one_policy_layer() -> None:
    """What decides is worded once."""
    assert 1 == len({template.policy for template in templates().values()})


def test_a_stack_puts_state_and_intent_after_the_stable_layers() -> None:
    """The template gives the first three layers, the run the other two."""
    stack = templates()[DecisionStep.EVALUATION].stack(StateLayer(()), "is it so")

    assert ("evaluate", "score it", "STATE", "is it so") == (
        stack.priming,
        stack.task_frame,
        stack.state.render(),
        stack.intent,
    )


@pytest.mark.parametrize(
    "broken",
    [
        {**PROMPTS, "policy": "{polciy}"},
        {name: words for name, words in PROMPTS.items() if name != "planning"},
        {**PROMPTS, "planning": {"revision": 1, "priming": "plan"}},
    ],
)
def test_a_placeholder_or_part_that_is_missing_is_an_error(broken: dict[str, Any]) -> None:
    """No prompt is rendered with a hole in it."""
    with pytest.raises(KeyError):
        templates(broken)


def test_capabilities_are_named_by_short_ids_in_their_order() -> None:
    """What a model writes is short, and each stands for one declared capability."""
    assert {"tests.fix": "c01", "release.tag": "c02"} == capability_ids(
        ("tests.fix", "release.tag")
    )


def test_a_later_step_sees_what_the_reasoning_cited_by_side_with_its_remedies() -> None:
    """Ids, what answers each, and the conclusion; none of the words, and no remedy for support."""
    answer = ReasoningAnswer.model_validate(
        {
            "steps": [
                {"side": "support", "text": "{s04} is inside"},
                {"side": "breach", "text": "{s01} and {s03} break limits"},
                {"side": "unknown", "text": "{s02} is not known"},
            ],
            "conclusion": "hold",
        }
    )
    remedies = {"s01": "c01", "s02": "c03", "s03": "c02", "s04": "c01"}

    assert (
        "h01 | against 3 | breach 2 s01 c01 s03 c02 | unknown 1 s02 c03 | support 1 s04 | "
        "conclude hold"
    ) == reasoning_entry("h01", "reasoning", answer, remedies).render()


@pytest.mark.parametrize(
    ("score", "confidence", "line"),
    [
        (100, 950, "e01 | score 0.10 | confidence 0.95"),
        (1000, 0, "e01 | score 1.00 | confidence 0.00"),
    ],
)
def test_a_later_step_sees_score_and_confidence(score: int, confidence: int, line: str) -> None:
    """As decimals, which is how a contract wants them back."""
    assert line == evaluation_entry("e01", "evaluation", score, confidence).render()


def test_each_step_is_bound_by_its_own_contract() -> None:
    """Three steps, three contracts, named and versioned."""
    assert ["reasoning:v1", "evaluation:v1", "planning:v2"] == [
        contract_of(step, ("hold",)).name for step in DecisionStep
    ]
