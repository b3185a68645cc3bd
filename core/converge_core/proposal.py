"""Proposals: what agents and people suggest.

A draft may be made by anyone. A validated proposal is another *type*, and only the gate makes it
(:mod:`converge_core.gate`), so promoting a draft is a type error and not a matter of care.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import msgspec

from converge_core.authority import Actor
from converge_core.canonical import (
    MAX_INTEGER,
    ContentHash,
    checked,
    hash_record,
)
from converge_core.correction import Correction
from converge_core.ids import AgentId, FactId, ObservationId, ProposalId, TraceId
from converge_core.key import ContextKey
from converge_core.record import Record
from converge_core.sizes import require_recordable


class ContentKind(StrEnum):
    """What kind of statement a proposal makes."""

    CLAIM = "claim"
    PLAN = "plan"
    CLASSIFICATION = "classification"
    EVALUATION = "evaluation"
    DOCUMENT = "document"
    REASONING = "reasoning"


Thousandths = Annotated[int, msgspec.Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
"""A share of one in thousandths; the gate's checks say which are refused, and why."""


class ProposedFact(Record, frozen=True):
    """What an agent emits: a suggestion, with no authority of its own.

    Attributes:
        key: where it would stand in the context.
        id: the fact it would become.
        content: one statement in words.
        kind: what kind of statement.
        structured: the same for machines, as JSON without floats.
        confidence: thousandths, or None where the agent gives none.
        observation: the observation it restates, if any.
        rests_on: facts it rests on, beside those the view saw the agent read.
        corrects: the fact whose place it is to take, and why.
        conflict: what can be so in one way only, by a name; proposals that share it contradict
            each other.
        requires_human: whether its author wants a person to be asked, whatever the policy permits.
    """

    key: ContextKey
    id: FactId
    content: str
    kind: ContentKind = ContentKind.CLAIM
    structured: dict[str, Any] = msgspec.field(default_factory=dict)
    confidence: Thousandths | None = None
    observation: ObservationId | None = None
    rests_on: tuple[FactId, ...] = ()
    corrects: Correction | msgspec.UnsetType = msgspec.UNSET
    conflict: str | msgspec.UnsetType = msgspec.UNSET
    requires_human: bool | msgspec.UnsetType = msgspec.UNSET


class Draft(Record, frozen=True):
    """A proposal on record: who suggested what, when in the run, resting on which facts.

    A person who edits an agent's proposal makes one of their own, which ``supersedes`` it.
    """

    id: ProposalId
    author: Actor
    agent: AgentId
    cycle: int
    fact: ProposedFact
    rests_on: tuple[FactId, ...] = ()
    traces: tuple[TraceId, ...] = ()
    supersedes: ProposalId | msgspec.UnsetType = msgspec.UNSET

    def digest(self) -> ContentHash:
        """Returns the hash that decisions and reports name this proposal by."""
        return hash_record(self)

    def target_digest(self) -> ContentHash:
        """Returns the hash of what is proposed, whoever proposes it and when."""
        return hash_record(self.fact)


_SMALL, _FEW = 10_000, 1_000
"""The longest statement and the most ids that cannot, by themselves, be too large a proposal."""


def require_proposable(fact: ProposedFact) -> None:
    """Does nothing while a proposal is small enough to go on record, and most are at a glance.

    Raises:
        InvalidValue: naming it, its size and the limit.
    """
    few = len(fact.content) <= _SMALL and len(fact.rests_on) <= _FEW
    if few and not (fact.structured or fact.corrects or fact.conflict):
        return
    require_recordable(fact, f"the proposal {fact.id}")


def draft(
    id: ProposalId,  # noqa: A002
    author: Actor,
    agent: AgentId,
    cycle: int,
    fact: ProposedFact,
    *,
    read: tuple[FactId, ...] = (),
    traces: tuple[TraceId, ...] = (),
) -> Draft:
    """Makes a draft; ``read`` are the facts the agent was seen to read.

    Raises:
        InvalidValue: if ``fact.structured`` holds what cannot be recorded, or it is too large.
    """
    require_proposable(fact)
    if fact.structured:
        checked(fact.structured, f"{id}.structured")
    named = (*fact.rests_on, fact.corrects.supersedes) if fact.corrects else fact.rests_on
    rests_on = tuple(dict.fromkeys((*named, *read))) if named else read
    return Draft(
        id=id, author=author, agent=agent, cycle=cycle, fact=fact, rests_on=rests_on, traces=traces
    )
