"""The decision chain: reasoning, evaluation, planning (seed: the article, "Phase 3").

A chain is no loop: each step is one model call, no step is retried, and a step whose answer breaks
its contract ends the chain. The steps are agents of the engine that wake each other through
facts, so an invalid answer leaves no fact and the next step never becomes eligible; the table
below is the whole topology.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from converge_core.answers import ReasoningAnswer, cites_of
from converge_core.contract import OutputContract
from converge_core.contract_evaluation import EvaluationContract
from converge_core.contract_planning import PlanningContract
from converge_core.contract_reasoning import ReasoningContract
from converge_core.placeholders import fill
from converge_core.prompt import (
    LAYERS,
    PromptStack,
    PromptVersion,
    Standing,
    StateEntry,
    StateLayer,
)


class DecisionStep(StrEnum):
    """The steps of a chain, in order."""

    REASONING = "reasoning"
    EVALUATION = "evaluation"
    PLANNING = "planning"


@dataclass(frozen=True, slots=True)
class StepTemplate:
    """The stable layers of one step, as the pack words them."""

    version: PromptVersion
    priming: str
    policy: str
    task_frame: str

    def layers(self) -> tuple[tuple[str, str], ...]:
        """Returns name and text of the layers that are written, and not rendered from facts."""
        written = (self.priming, self.policy, self.task_frame)
        return tuple(zip(LAYERS, written, strict=False))

    def stack(self, state: StateLayer, intent: str) -> PromptStack:
        """Returns the full stack over ``state`` and ``intent``."""
        return PromptStack(self.version, self.priming, self.policy, self.task_frame, state, intent)


def step_templates(
    prompts: Mapping[str, object],
    *,
    policy: str,
    hold_at: int,
    verdicts: tuple[str, ...],
    capabilities: tuple[str, ...],
) -> dict[DecisionStep, StepTemplate]:
    """Fills a pack's prompt templates.

    Args:
        prompts: the parsed ``prompts.toml``.
        policy: name and version of the policy, as the policy layer shows it.
        hold_at: how many soft breaches mean hold.
        verdicts: the declared verdicts.
        capabilities: the declared capabilities.
    """
    ids = capability_ids(capabilities)
    known = "\n".join(f"{cite} {name}" for name, cite in ids.items())
    filled = {
        "policy": policy,
        "hold_at": str(hold_at),
        "verdicts": " ".join(verdicts),
        "capabilities": known,
    }
    shared = fill(str(prompts["policy"]).strip(), filled)
    templates = {}
    for step in DecisionStep:
        section = prompts[step.value]
        assert isinstance(section, Mapping)
        templates[step] = StepTemplate(
            PromptVersion(step.value, int(section["revision"]), str(section.get("family", "any"))),
            str(section["priming"]).strip(),
            shared,
            fill(str(section["task_frame"]).strip(), filled),
        )
    return templates


def capability_ids(capabilities: tuple[str, ...]) -> dict[str, str]:
    """Returns the short id by which prompts and plans name each capability: ``c01``, ``c02``."""
    return {name: f"c{number:02d}" for number, name in enumerate(capabilities, start=1)}


def reasoning_entry(
    cite: str, fact_id: str, answer: ReasoningAnswer, remedies: Mapping[str, str]
) -> StateEntry:
    """Returns how a later step sees what the reasoning found, counted, what weighs most first.

    Args:
        cite: the short id of the entry.
        fact_id: the fact it stands for.
        answer: what the reasoning answered.
        remedies: the capability that answers each cited signal, both by short id.
    """
    fields, against = [], 0
    for side in Standing:
        said = cites_of([step.text for step in answer.steps if step.side is side])
        if side is not Standing.SUPPORT:
            said = [f"{name} {remedies[name]}" for name in said if name in remedies]
            against += len(said)
        if said:
            fields.append(" ".join([side.value, str(len(said)), *said]))
    fields = [f"against {against}", *fields, f"conclude {answer.conclusion}"]
    return StateEntry(cite, fact_id, tuple(fields), f"the reasoning ({answer.conclusion})")


def evaluation_entry(cite: str, fact_id: str, score: int, confidence: int) -> StateEntry:
    """Returns how a later step sees the evaluation; both numbers in thousandths."""
    fields = (f"score {score / 1000:.2f}", f"confidence {confidence / 1000:.2f}")
    return StateEntry(cite, fact_id, fields, f"the evaluation ({fields[0]})")


def contract_of(step: DecisionStep, verdicts: tuple[str, ...]) -> OutputContract:
    """Returns the contract that binds a step's answer."""
    match step:
        case DecisionStep.REASONING:
            return ReasoningContract(verdicts)
        case DecisionStep.EVALUATION:
            return EvaluationContract()
        case DecisionStep.PLANNING:
            return PlanningContract(verdicts)
