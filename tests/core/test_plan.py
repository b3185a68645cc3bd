"""The plan of a chain: compiled from the policy, settled before it begins, within the policy."""

from __future__ import annotations

import msgspec
import pytest

from converge_core.canonical import hash_text
from converge_core.plan import (
    ExecutionPlan,
    KernelPolicy,
    PolicyOverrideAttempted,
    StepPlan,
    compile_plan,
)
from converge_core.policy import Risk
from converge_core.recall import RecallPolicy, RecallTrigger
from converge_core.record import read
from converge_core.routing import DataClass, RoutingPolicy

POLICY = hash_text("policy")
LOCAL = StepPlan(step="reasoning", version="reasoning:v2:any")
AWAY = StepPlan(
    step="reasoning", version="reasoning:v2:any", model="large", remote=True, risk=Risk.LOW
)
OPEN = KernelPolicy(
    data=DataClass.PUBLIC,
    routing=RoutingPolicy(most_confidential=DataClass.PUBLIC, highest_risk=Risk.LOW),
)


def compiled(kernel: KernelPolicy, *steps: StepPlan, recall: bool = False) -> ExecutionPlan:
    return compile_plan(POLICY, kernel, {step.step: step for step in steps}, recall=recall)


def test_a_plan_says_of_each_step_what_it_asks_and_whom() -> None:
    """In order, by name, under the policy that it was compiled from."""
    planning = msgspec.structs.replace(LOCAL, step="planning", model="medium")
    plan = compiled(KernelPolicy(), LOCAL, planning)

    assert (POLICY, False, (LOCAL, planning)) == (plan.policy, plan.recall, plan.steps)
    assert planning == plan.step("planning")
    with pytest.raises(KeyError):
        plan.step("nobody")


@pytest.mark.parametrize("field", ["policy", "kernel", "recall", "steps"])
def test_nothing_of_a_plan_changes_after_it_was_compiled(field: str) -> None:
    """Recall that is off stays off; a step's model stays its model."""
    plan = compiled(KernelPolicy(), LOCAL)

    with pytest.raises(AttributeError):
        setattr(plan, field, True)
    with pytest.raises(AttributeError):
        plan.steps[0].model = "other"  # type: ignore[misc]
    assert compiled(KernelPolicy(), LOCAL).digest() == plan.digest()


def test_a_run_may_ask_for_less_than_the_policy_allows_and_not_for_more() -> None:
    """Recall where it is allowed is a choice; where it is not, no plan comes of asking."""
    allowing = KernelPolicy(recall=True)

    assert [True, False] == [compiled(allowing, recall=asked).recall for asked in (True, False)]
    with pytest.raises(PolicyOverrideAttempted, match="asks for recall"):
        compiled(KernelPolicy(), LOCAL, recall=True)


@pytest.mark.parametrize(
    ("kernel", "step"),
    [
        (KernelPolicy(), AWAY),
        (msgspec.structs.replace(OPEN, data=DataClass.INTERNAL), AWAY),
        (msgspec.structs.replace(OPEN, routing=RoutingPolicy()), AWAY),
        (OPEN, msgspec.structs.replace(AWAY, risk=Risk.MEDIUM)),
        (OPEN, msgspec.structs.replace(AWAY, risk=Risk.HIGH)),
    ],
)
def test_no_plan_shows_a_model_elsewhere_what_may_not_leave(
    kernel: KernelPolicy, step: StepPlan
) -> None:
    """The refusal names the step and what to do."""
    with pytest.raises(PolicyOverrideAttempted, match="the step reasoning: “large” was not asked"):
        compiled(kernel, step)


def test_what_may_leave_may_be_planned_elsewhere() -> None:
    """And the plan says so, for the record."""
    assert compiled(OPEN, AWAY).steps[0].remote


def test_every_step_counts_as_risky_and_all_data_as_confidential_unless_said() -> None:
    """Silence is the strictest word."""
    assert Risk.HIGH is LOCAL.risk
    assert DataClass.CONFIDENTIAL is KernelPolicy().data


def test_a_plan_comes_back_from_the_record() -> None:
    """With the digest that its traces name."""
    plan = compiled(OPEN, AWAY)

    assert plan == read(ExecutionPlan, msgspec.to_builtins(plan))


@pytest.mark.parametrize(
    ("trigger", "asked", "recalls"),
    [
        (RecallTrigger.NEVER, True, False),
        (RecallTrigger.ALWAYS, False, True),
        (RecallTrigger.ON_REQUEST, False, False),
        (RecallTrigger.ON_REQUEST, True, True),
        (None, True, True),
    ],
)
def test_a_step_recalls_never_always_or_on_request(
    trigger: RecallTrigger | None, asked: bool, recalls: bool
) -> None:
    """By the policy, within its budgets; a step that it does not name recalls on request."""
    steps = {} if trigger is None else {"reasoning": trigger}
    policy = RecallPolicy(max_k_total=2, steps=steps)
    plan = compiled(KernelPolicy(recall=True, recalling=policy), LOCAL, recall=asked)

    found = plan.recalls("reasoning")

    assert recalls is (found is not None)
    assert found is None or (True, 2) == (found.enabled, found.max_k_total)


def test_nothing_is_recalled_where_a_model_elsewhere_has_a_part() -> None:
    """What other runs hold may be more confidential than what this one may show."""
    policy = RecallPolicy(steps={"reasoning": RecallTrigger.ALWAYS})
    kernel = msgspec.structs.replace(OPEN, recall=True, recalling=policy)
    elsewhere = msgspec.structs.replace(AWAY, step="planning")

    assert compiled(kernel, LOCAL).recalls("reasoning")
    assert compiled(kernel, LOCAL, elsewhere).recalls("reasoning") is None


def test_a_step_of_a_policy_without_recall_never_recalls() -> None:
    """Whatever it says of when."""
    policy = RecallPolicy(enabled=True, steps={"reasoning": RecallTrigger.ALWAYS})

    assert None is compiled(KernelPolicy(recalling=policy), LOCAL).recalls("reasoning")
