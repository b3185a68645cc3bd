"""Governed artifacts: what a run is steered by has a life of its own, and every step is on record.

A prompt, a policy, a pack, a model or an adapter is known by the hash of its content, so a changed
one is another one. Where it may go from where it stands is :data:`TRANSITIONS` and nothing else;
who moves it, :mod:`converge_core.lifecycle`. Source: vocabulary 1.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar

import msgspec

from converge_core.authority import Actor
from converge_core.ids import ArtifactId
from converge_core.record import Record

SHORT_DIGEST = 12
"""How many characters of a digest name an artifact in a sentence."""


class ArtifactKind(StrEnum):
    """What can be governed."""

    PROMPT = "prompt"
    POLICY = "policy"
    PACK = "pack"
    MODEL = "model"
    ADAPTER = "adapter"


class ArtifactState(StrEnum):
    """Where an artifact stands."""

    DRAFT = "draft"
    """Registered; nothing may use it yet."""
    APPROVED = "approved"
    """Somebody answers for it."""
    ACTIVE = "active"
    """It is in use."""
    QUARANTINED = "quarantined"
    """Under suspicion: what it made can be replayed, but it makes nothing new."""
    DEPRECATED = "deprecated"
    """Its time is over; nothing follows."""
    ROLLED_BACK = "rolled_back"
    """It did harm and was withdrawn; nothing follows."""


TRANSITIONS: Mapping[ArtifactState, frozenset[ArtifactState]] = {
    ArtifactState.DRAFT: frozenset({ArtifactState.APPROVED, ArtifactState.DEPRECATED}),
    ArtifactState.APPROVED: frozenset(
        {ArtifactState.ACTIVE, ArtifactState.QUARANTINED, ArtifactState.ROLLED_BACK}
    ),
    ArtifactState.ACTIVE: frozenset(
        {ArtifactState.QUARANTINED, ArtifactState.DEPRECATED, ArtifactState.ROLLED_BACK}
    ),
    ArtifactState.QUARANTINED: frozenset(
        {ArtifactState.ACTIVE, ArtifactState.DEPRECATED, ArtifactState.ROLLED_BACK}
    ),
    ArtifactState.DEPRECATED: frozenset(),
    ArtifactState.ROLLED_BACK: frozenset(),
}
"""The eleven steps there are; from where, to where."""


class Use(StrEnum):
    """What an artifact may be wanted for."""

    NEW_RUN = "new run"
    REPLAY = "replay"


USABLE: Mapping[Use, tuple[ArtifactState, ...]] = {
    Use.NEW_RUN: (ArtifactState.APPROVED, ArtifactState.ACTIVE),
    Use.REPLAY: (ArtifactState.APPROVED, ArtifactState.ACTIVE, ArtifactState.QUARANTINED),
}
"""Where an artifact must stand to be used."""


class Severity(StrEnum):
    """How bad the reason of a roll-back is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class ArtifactRef(Record, frozen=True):
    """One version of one artifact.

    Attributes:
        kind: what it is.
        name: what its versions share.
        digest: the SHA-256 of its content in lower-case hexadecimal; it is the version.
    """

    kind: ArtifactKind
    name: ArtifactId
    digest: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}@{self.digest[:SHORT_DIGEST]}"


class Registration(Record, frozen=True):
    """An artifact becomes known, as a draft.

    Attributes:
        artifact: which.
        actor: who registers it.
        reason: where it comes from, in words.
    """

    to_state: ClassVar[ArtifactState] = ArtifactState.DRAFT
    artifact: ArtifactRef
    actor: Actor
    reason: str


class LifecycleEvent(Record, frozen=True):
    """One transition of an artifact; its time is that of the ledger's record.

    Attributes:
        artifact: which.
        from_state: where it stood.
        to_state: where it stands from now on.
        actor: who moves it.
        reason: why, in words; never blank.
        ticket: where more is written about it, if anywhere.
    """

    artifact: ArtifactRef
    from_state: ArtifactState
    to_state: ArtifactState
    actor: Actor
    reason: str
    ticket: str = ""


class RollbackImpact(Record, frozen=True):
    """What a roll-back means for what was made with the artifact.

    Attributes:
        affected: how many runs used it, or None where nobody counted.
        quality_issues: what was wrong with them, one sentence each.
        invalidates_outputs: whether what they made must no longer be relied upon.
        severity: how bad it is.
    """

    affected: Annotated[int, msgspec.Meta(ge=0)] | None
    quality_issues: tuple[str, ...]
    invalidates_outputs: bool
    severity: Severity


class Rollback(Record, frozen=True):
    """An artifact is withdrawn, with what that affects; its time is that of the ledger's record.

    Attributes:
        artifact: which.
        from_state: where it stood.
        actor: who withdraws it.
        reason: why, in words; never blank.
        impact: what it means for what was made with it.
        ticket: where more is written about it, if anywhere.
    """

    to_state: ClassVar[ArtifactState] = ArtifactState.ROLLED_BACK
    artifact: ArtifactRef
    from_state: ArtifactState
    actor: Actor
    reason: str
    impact: RollbackImpact
    ticket: str = ""


Step = Registration | LifecycleEvent | Rollback
"""Whatever can happen to an artifact; each leads to its ``to_state``."""


def why_illegal(step: Step, standing: ArtifactState | None) -> str:
    """Says why ``step`` cannot be the next of its artifact; empty if it can.

    Args:
        step: what is to happen.
        standing: where the artifact stands, or None if it was never registered.
    """
    artifact, to_state = step.artifact, step.to_state
    if not step.reason.strip():
        return f"{artifact} cannot become {to_state} without a reason"
    if isinstance(step, Registration):
        return f"{artifact} was registered before and is {standing}" if standing else ""
    if standing is None:
        return f"{artifact} was never registered, so it cannot become {to_state}"
    if to_state not in TRANSITIONS[standing]:
        return f"{artifact} is {standing} and cannot become {to_state}; {_ways_on(standing)}"
    if step.from_state is not standing:
        return f"{artifact} is {standing}, so it cannot leave {step.from_state}"
    if isinstance(step, LifecycleEvent) and to_state is ArtifactState.ROLLED_BACK:
        return f"{artifact} cannot become {to_state} without saying what that affects"
    return ""


def why_not(state: ArtifactState, use: Use) -> str:
    """Says why an artifact that stands at ``state`` cannot serve ``use``; empty if it can."""
    if state in USABLE[use]:
        return ""
    return f"What is {state} cannot serve a {use}; it must be {' or '.join(USABLE[use])}."


def diagram() -> str:
    """Returns :data:`TRANSITIONS` as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {Registration.to_state}"]
    for state in ArtifactState:
        following = [f"    {state} --> {after}" for after in _after(state)]
        lines += following or [f"    {state} --> [*]"]
    return "\n".join(lines) + "\n"


def _after(state: ArtifactState) -> list[ArtifactState]:
    return [after for after in ArtifactState if after in TRANSITIONS[state]]


def _ways_on(state: ArtifactState) -> str:
    after = _after(state)
    return f"it can become {' or '.join(after)}" if after else "nothing follows that state"
