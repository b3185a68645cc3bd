"""Agents that a pack declares beside its chain: what each reads, must answer, and proposes.

They sort, find and word things, each with one model call under a contract of its own. What any of
them says is a proposal like every other, about which a rule of the policy decides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from converge_core.chain import DecisionStep, StepTemplate
from converge_core.contract import OutputContract
from converge_core.contract_classification import ClassificationContract
from converge_core.contract_extraction import ExtractionContract
from converge_core.contract_freeform import FreeformContract
from converge_core.key import ContextKey
from converge_core.placeholders import fill
from converge_core.plan import MOST_ATTEMPTS
from converge_core.prompt import PromptVersion
from converge_core.speakers import ENGINE, INPUT, PEOPLE
from converge_desktop.adapters.models.catalogue import ModelName
from converge_desktop.adapters.sections import Section, repeated

AgentName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Category = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{0,31}$")]

MOST_AGENTS = 12
MOST_CHOICES = 32
"""The most categories or fields of one agent."""
LONGEST_TEXT = 1000
"""The most characters of a text; a longer answer would leave no room for its prompt."""

CHAIN_FACTS = ("reasoning", "evaluation", "strategy")
"""The ids of the facts that the steps of the chain propose."""

TAKEN = frozenset({*DecisionStep, INPUT, ENGINE, PEOPLE})
"""Names of those who speak in every run."""

NOT_PROPOSED: Mapping[ContextKey, str] = {
    ContextKey.SIGNALS: "signals are measured, and no number of a model's is one",
    ContextKey.CONSTRAINTS: "what must hold is for the pack's limits to say",
    ContextKey.STRATEGIES: "what is to be decided is the plan of the chain",
    ContextKey.DIAGNOSTIC: "what went wrong is for the engine to say",
}
"""The keys under which no agent of a pack proposes, and why."""


class _Agent(Section):
    """What is common to ``[[agent]]`` sections."""

    name: AgentName
    reads: Annotated[tuple[ContextKey, ...], Field(min_length=1)]
    key: ContextKey
    fact: AgentName
    model: ModelName | None = None
    attempts: Annotated[int, Field(ge=1, le=MOST_ATTEMPTS)] = 1

    @field_validator("reads")
    @classmethod
    def _each_once(cls, reads: tuple[ContextKey, ...]) -> tuple[ContextKey, ...]:
        for twice in repeated([key.value for key in reads]):
            raise ValueError(f"it names {twice} twice")
        return reads

    @field_validator("key")
    @classmethod
    def _may_be_proposed(cls, key: ContextKey) -> ContextKey:
        if key in NOT_PROPOSED:
            known = ", ".join(one for one in ContextKey if one not in NOT_PROPOSED)
            raise ValueError(f"{NOT_PROPOSED[key]}; an agent proposes under one of {known}")
        return key


class ClassificationSection(_Agent):
    """An agent that sorts what it reads into declared categories."""

    contract: Literal["classification"]
    categories: Annotated[tuple[Category, ...], Field(min_length=1, max_length=MOST_CHOICES)]
    several: bool = False

    @field_validator("categories")
    @classmethod
    def _distinct(cls, categories: tuple[Category, ...]) -> tuple[Category, ...]:
        for twice in repeated(list(categories)):
            raise ValueError(f"there are two categories named {twice}")
        return categories

    def bound(self) -> OutputContract:
        """Returns the contract."""
        return ClassificationContract(self.categories, self.several)

    def words(self) -> dict[str, str]:
        """Returns what may stand in its prompt in the place of a name."""
        return {"categories": " ".join(self.categories)}


class ExtractionSection(_Agent):
    """An agent that finds the facts that hold the values of declared fields."""

    contract: Literal["extraction"]
    required: Annotated[tuple[FieldName, ...], Field(max_length=MOST_CHOICES)] = ()
    optional: Annotated[tuple[FieldName, ...], Field(max_length=MOST_CHOICES)] = ()

    @model_validator(mode="after")
    def _distinct(self) -> ExtractionSection:
        if not self.fields:
            raise ValueError("it needs a field, required or optional")
        for twice in repeated(list(self.fields)):
            raise ValueError(f"there are two fields named {twice}")
        return self

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields, in their order."""
        return (*self.required, *self.optional)

    def bound(self) -> OutputContract:
        """Returns the contract."""
        return ExtractionContract(self.required, self.optional)

    def words(self) -> dict[str, str]:
        """Returns what may stand in its prompt in the place of a name."""
        return {"fields": " ".join(self.fields)}


class FreeformSection(_Agent):
    """An agent that puts what it reads into words."""

    contract: Literal["free-form"]
    most_characters: Annotated[int, Field(ge=1, le=LONGEST_TEXT)] = 200

    def bound(self) -> OutputContract:
        """Returns the contract."""
        return FreeformContract(self.most_characters)

    def words(self) -> dict[str, str]:
        """Returns what may stand in its prompt in the place of a name."""
        return {"most_characters": str(self.most_characters)}


AgentSection = Annotated[
    ClassificationSection | ExtractionSection | FreeformSection, Field(discriminator="contract")
]
"""``[[agent]]`` of a pack."""


class PromptSection(Section):
    """A section of ``prompts.toml``: the stable layers of one step or agent, as they are worded."""

    revision: Annotated[int, Field(ge=1)]
    family: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")] = "any"
    priming: str
    task_frame: str


@dataclass(frozen=True, slots=True)
class PackAgent:
    """An agent beside the chain.

    Attributes:
        name: what plan, traces and policy call it.
        reads: the keys whose facts it is shown, and by which it is woken.
        key: where it proposes.
        fact: the id of the fact that it proposes.
        contract: what it must answer.
        template: the stable layers of its prompt.
        model: its model by the name in the catalogue; empty for the one in use.
        attempts: how often a model elsewhere may be asked where there was no answer at all.
    """

    name: str
    reads: tuple[ContextKey, ...]
    key: ContextKey
    fact: str
    contract: OutputContract
    template: StepTemplate
    model: str = ""
    attempts: int = 1


def why_unfit_agents(sections: Sequence[AgentSection], metrics: Collection[str]) -> str:
    """Says why these agents cannot take part in one run; empty if they can.

    Args:
        sections: the agents.
        metrics: the metrics that are known by name; each is the id of a fact.
    """
    for section in sections:
        if section.name in TAKEN:
            return f"an agent is named {section.name}, and somebody else is called that already"
        if section.fact in CHAIN_FACTS or section.fact in metrics:
            return (
                f"the agent {section.name} proposes the fact {section.fact}, and another one is "
                "called that already"
            )
    for twice in repeated([section.name for section in sections]):
        return f"two agents are named {twice}"
    for twice in repeated([section.fact for section in sections]):
        return f"two agents propose the fact {twice}"
    return ""


def why_unworded(sections: Sequence[AgentSection], prompts: Mapping[str, PromptSection]) -> str:
    """Says which agent has no prompt, or which prompt no agent; empty if neither is so."""
    names = [section.name for section in sections]
    for name in names:
        if name not in prompts:
            return (
                f"agents.{name}: pack.toml declares this agent, and there is no section for it. "
                f"Add [agents.{name}]."
            )
    for name in prompts:
        if name not in names:
            return (
                f"agents.{name}: pack.toml declares no such agent. Leave the section out, or add "
                "an [[agent]] of that name."
            )
    return ""


def agent_of(
    section: AgentSection, prompt: PromptSection, *, policy: str, known: Mapping[str, str]
) -> PackAgent:
    """Returns an agent with its prompt filled.

    Args:
        section: the agent.
        prompt: how it is prompted.
        policy: the policy layer, which is that of the chain.
        known: what may stand in every task frame in the place of a name.

    Raises:
        LookupError, ValueError: if the task frame holds an unknown placeholder.
    """
    template = StepTemplate(
        PromptVersion(section.name, prompt.revision, prompt.family),
        prompt.priming.strip(),
        policy,
        fill(prompt.task_frame.strip(), {**known, **section.words()}),
    )
    return PackAgent(
        name=section.name,
        reads=section.reads,
        key=section.key,
        fact=section.fact,
        contract=section.bound(),
        template=template,
        model=section.model or "",
        attempts=section.attempts,
    )
