"""What a decision chain will do, settled before it begins and never changed after.

A plan is compiled from the pack's policy and what a person asks of the run. Asking for less than
the policy allows is a choice; asking for more is an attempt to override it, and no plan comes of
it. The plan is recorded with the beginning of its run, so what a run may do is read from the
ledger, and from nothing that may have changed since (vocabulary: ``ExecutionPlan``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from converge_core.canonical import ContentHash, hash_record
from converge_core.errors import ConvergeError
from converge_core.policy import Risk
from converge_core.recall import RecallPolicy, RecallTrigger
from converge_core.record import Record
from converge_core.routing import DataClass, Destination, Reach, RoutingPolicy, route

MOST_ATTEMPTS = 5


class PolicyOverrideAttempted(ConvergeError):
    """A run asked for what its policy does not allow; the text says for what."""


class KernelPolicy(Record, frozen=True):
    """What a policy allows the models of a pack.

    Attributes:
        data: how confidential what they are shown is.
        routing: what of it may be shown to a model elsewhere.
        recall: whether they may be shown what was decided about things like this.
        required_truths: what has to be found true of an answer beside its contract, by name.
        recalling: how far recall goes, and at which steps; unset for what is usual.
    """

    data: DataClass = DataClass.CONFIDENTIAL
    routing: RoutingPolicy = RoutingPolicy()
    recall: bool = False
    required_truths: tuple[str, ...] = ()
    recalling: RecallPolicy | UnsetType = UNSET

    def recall_policy(self) -> RecallPolicy:
        """Returns how far recall goes; nowhere, unless it is allowed."""
        known = RecallPolicy() if self.recalling is UNSET else self.recalling
        return replace(known, enabled=self.recall)


class StepPlan(Record, frozen=True):
    """One step of a plan: one model call, which no answer makes happen again.

    Attributes:
        step: the step.
        version: the prompt version.
        model: the model by its name in the catalogue; empty for the one the desk has in use.
        remote: whether it computes elsewhere.
        risk: how much hangs on its answer, as the policy says.
        attempts: how often a model elsewhere may be asked where there was no answer at all; once
            in a decision chain.
    """

    step: str
    version: str
    model: str = ""
    remote: bool = False
    risk: Risk = Risk.HIGH
    attempts: Annotated[int, msgspec.Meta(ge=1, le=MOST_ATTEMPTS)] = 1


class ExecutionPlan(Record, frozen=True):
    """What a chain will do; :func:`compile_plan` makes one.

    Attributes:
        policy: the version of the policy it was compiled from.
        kernel: what that policy allows.
        recall: whether recall is asked for; never where the policy does not allow it.
        steps: the steps, in their order.
    """

    policy: ContentHash
    kernel: KernelPolicy
    recall: bool
    steps: tuple[StepPlan, ...]

    def digest(self) -> ContentHash:
        """Returns the hash of the plan, which every trace of its run names."""
        return hash_record(self)

    def step(self, name: str) -> StepPlan:
        """Returns the plan of one step.

        Raises:
            KeyError: if there is no such step.
        """
        for step in self.steps:
            if step.step == name:
                return step
        raise KeyError(name)

    def recalls(self, step: str) -> RecallPolicy | None:
        """Returns how a step recalls; None where it does not.

        None does where a model elsewhere has a part in the run: other runs may hold what must not
        leave, and what one step was shown can be in the answer that the next one is told.
        """
        if any(one.remote for one in self.steps):
            return None
        policy = self.kernel.recall_policy()
        trigger = policy.trigger(step)
        wanted = trigger is RecallTrigger.ALWAYS or (
            trigger is RecallTrigger.ON_REQUEST and self.recall
        )
        return policy if policy.enabled and wanted else None


def compile_plan(
    policy: ContentHash,
    kernel: KernelPolicy,
    steps: Mapping[str, StepPlan],
    *,
    recall: bool = False,
) -> ExecutionPlan:
    """Returns the plan of a run.

    Args:
        policy: the version of the policy.
        kernel: what it allows.
        steps: the steps by name, in their order.
        recall: whether the run asks for recall.

    Raises:
        PolicyOverrideAttempted: if the run asks for more than the policy allows, or a step would
            show a model elsewhere what may not leave.
    """
    if recall and not kernel.recall:
        raise PolicyOverrideAttempted(
            f"the run asks for recall, and the policy {policy[:12]} does not allow it; run it "
            "without, or have the policy changed by whoever may change it"
        )
    for step in steps.values():
        if refused := why_not_routed(kernel, step):
            raise PolicyOverrideAttempted(refused)
    return ExecutionPlan(policy=policy, kernel=kernel, recall=recall, steps=tuple(steps.values()))


def why_not_routed(kernel: KernelPolicy, step: StepPlan) -> str:
    """Says why a step may not ask the model it is to ask; empty if it may."""
    reach = Reach.REMOTE if step.remote else Reach.LOCAL
    refused = route(kernel.routing, kernel.data, step.risk, Destination(step.model, reach))
    return f"the step {step.step}: {refused.sentence}" if refused else ""
