"""What a pack and its policy say of models: which one answers a step, and what may leave for it."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET
from msgspec.structs import replace
from pydantic import Field

from converge_core.chain import DecisionStep
from converge_core.plan import KernelPolicy
from converge_core.policy import Risk
from converge_core.recall import RecallPolicy, RecallTrigger
from converge_core.routing import DataClass, RoutingPolicy, classification_of
from converge_desktop.adapters.models.catalogue import ModelName
from converge_desktop.adapters.sections import Section, Word


class StepModels(Section):
    """``[models]`` of a pack: the model of each step by name, or else the one in use."""

    reasoning: ModelName | None = None
    evaluation: ModelName | None = None
    planning: ModelName | None = None

    def of(self, step: str) -> str:
        """Returns the model of a step; empty for the one in use."""
        return getattr(self, step) or ""


class _Remote(Section):
    most_confidential: DataClass | None = None
    highest_risk: Risk | None = None


class _Recalling(Section):
    """``[kernel.recalling]``: how far recall goes, and when each step of the chain recalls."""

    hints: Annotated[int, Field(ge=0, le=20)] | None = None
    tokens: Annotated[int, Field(ge=0, le=2_000)] | None = None
    least_score: Annotated[int, Field(ge=0, le=1000)] | None = None
    latency_ms: Annotated[int, Field(ge=1, le=10_000)] | None = None
    tenant_required: bool = False
    reasoning: RecallTrigger = RecallTrigger.ON_REQUEST
    evaluation: RecallTrigger = RecallTrigger.NEVER
    planning: RecallTrigger = RecallTrigger.NEVER

    def policy(self) -> RecallPolicy:
        """Returns it as the core has it; what it does not say is as usual."""
        usual = RecallPolicy()
        latency = self.latency_ms or usual.budgets.max_latency_ms
        hints, tokens, least = self.hints, self.tokens, self.least_score
        return RecallPolicy(
            max_k_total=usual.max_k_total if hints is None else hints,
            max_tokens_injection=usual.max_tokens_injection if tokens is None else tokens,
            min_score_threshold=usual.min_score_threshold if least is None else least,
            budgets=replace(usual.budgets, max_latency_ms=latency),
            tenant_required=self.tenant_required,
            steps={step.value: getattr(self, step.value) for step in DecisionStep},
        )


class KernelSection(Section):
    """``[kernel]`` of a policy: what its models may be shown and must hold."""

    data: DataClass | None = None
    recall: bool = False
    recalling: _Recalling | None = None
    required_truths: tuple[Word, ...] = ()
    remote: Annotated[_Remote, Field(default_factory=_Remote)]

    def policy(self, pack_says: DataClass | None) -> KernelPolicy:
        """Returns it as the core has it; of what policy and pack say of the data, the stricter."""
        return KernelPolicy(
            data=classification_of(self.data, pack_says),
            routing=RoutingPolicy(
                most_confidential=self.remote.most_confidential,
                highest_risk=self.remote.highest_risk,
            ),
            recall=self.recall,
            required_truths=self.required_truths,
            recalling=self.recalling.policy() if self.recalling else UNSET,
        )
