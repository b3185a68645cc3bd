"""What a pack and its policy say of models: which one answers a step, and what may leave for it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from converge_core.plan import KernelPolicy
from converge_core.policy import Risk
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


class KernelSection(Section):
    """``[kernel]`` of a policy: what its models may be shown and must hold."""

    data: DataClass | None = None
    recall: bool = False
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
        )
