"""Moving governed artifacts, without input or output: a wish in, the events that follow out.

Each function looks at where the artifacts stand and changes nothing; whoever calls it appends the
events and folds them. What is legal is :data:`converge_core.artifact.TRANSITIONS`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from converge_core import events as e
from converge_core.artifact import (
    ArtifactRef,
    ArtifactState,
    LifecycleEvent,
    Registration,
    Rollback,
    RollbackImpact,
    Use,
    why_illegal,
    why_not,
)
from converge_core.authority import Actor
from converge_core.errors import IllegalTransition
from converge_core.record import settled

Known = Mapping[ArtifactRef, ArtifactState]
"""The registered artifacts and where each stands; ``DeskState.artifact_states`` returns them."""

S = TypeVar("S", Registration, LifecycleEvent, Rollback)


def register(known: Known, artifact: ArtifactRef, *, actor: Actor, reason: str) -> list[e.Event]:
    """Returns what follows when an artifact is to become known, as a draft.

    Args:
        known: the registered artifacts.
        artifact: the new one.
        actor: who registers it.
        reason: where it comes from, in words.

    Raises:
        IllegalTransition: if it was registered before, or the reason is blank.
        InvalidValue: if a field cannot be recorded, such as a digest that is none.
    """
    step = Registration(artifact=artifact, actor=actor, reason=reason)
    return [e.ArtifactRegistered(step=_legal(known, Registration, step))]


def transition(
    known: Known,
    artifact: ArtifactRef,
    to_state: ArtifactState,
    *,
    actor: Actor,
    reason: str,
    ticket: str = "",
) -> list[e.Event]:
    """Returns what follows when an artifact is to move on; :func:`roll_back` is apart.

    Args:
        known: the registered artifacts.
        artifact: the one to move.
        to_state: where it is to stand.
        actor: who moves it.
        reason: why, in words.
        ticket: where more is written about it, if anywhere.

    Raises:
        IllegalTransition: if it was never registered, may not go there from where it stands, would
            be rolled back without an impact, or the reason is blank.
        InvalidValue: if a field cannot be recorded.
    """
    step = LifecycleEvent(
        artifact=artifact,
        from_state=_standing(known, artifact),
        to_state=to_state,
        actor=actor,
        reason=reason,
        ticket=ticket,
    )
    return [e.ArtifactTransitioned(step=_legal(known, LifecycleEvent, step))]


def roll_back(
    known: Known,
    artifact: ArtifactRef,
    impact: RollbackImpact,
    *,
    actor: Actor,
    reason: str,
    ticket: str = "",
) -> list[e.Event]:
    """Returns what follows when an artifact is to be withdrawn.

    Args:
        known: the registered artifacts.
        artifact: the one to withdraw.
        impact: what that means for what was made with it.
        actor: who withdraws it.
        reason: why, in words.
        ticket: where more is written about it, if anywhere.

    Raises:
        IllegalTransition: if it was never registered, may not be rolled back from where it stands,
            or the reason is blank.
        InvalidValue: if a field cannot be recorded.
    """
    step = Rollback(
        artifact=artifact,
        from_state=_standing(known, artifact),
        actor=actor,
        reason=reason,
        impact=impact,
        ticket=ticket,
    )
    return [e.ArtifactRolledBack(step=_legal(known, Rollback, step))]


def why_unusable(known: Known, digests: Collection[str], use: Use) -> str:
    """Says which artifacts cannot serve ``use`` from where they stand; empty if all can.

    Args:
        known: the registered artifacts; what is not registered is not governed.
        digests: the hashes of what is to be used.
        use: what for.
    """
    return " ".join(
        f"The {ref} is {state}. {why_not(state, use)}"
        for ref, state in known.items()
        if ref.digest in digests and why_not(state, use)
    )


def why_not_begun(known: Known, started: e.RunStarted, uses: Collection[str] = ()) -> str:
    """Says which artifacts keep a run from beginning; empty if none does.

    Args:
        known: the registered artifacts.
        started: how the run begins; its pack, policy and files are looked up.
        uses: the digests of what steers it besides.
    """
    if not known:
        return ""
    files = [file.sha256 for file in started.files.values()]
    digests = {started.pack_digest, started.policy_digest, *files, *uses}
    return why_unusable(known, digests, Use.NEW_RUN)


def _standing(known: Known, artifact: ArtifactRef) -> ArtifactState:
    return known.get(artifact, ArtifactState.DRAFT)  # what is unknown is refused in any case


def _legal(known: Known, kind: type[S], step: S) -> S:
    step = settled(kind, step)
    reason = why_illegal(step, known.get(step.artifact))
    if reason:
        raise IllegalTransition(reason)
    return step
