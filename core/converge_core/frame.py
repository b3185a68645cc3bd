"""Frames: how an intent is looked at, narrower than the intent itself.

Source: vocabulary 1.2, ``Frame``; the crate page's “Scale by Intent Replication”: intent and frame
capture what is wanted as data. A frame adds constraints and criteria and takes nothing away. A run
begins under its frames, each after the one it narrows, and keeps to all of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from converge_core.canonical import canonical, canonical_record, parse
from converge_core.constraint import ConstraintSeverity, FrameConstraint
from converge_core.errors import InvalidIntent, InvalidValue
from converge_core.ids import FrameId, IntentId
from converge_core.intent import (
    Criterion,
    RootIntent,
    check_constraints,
    check_criteria,
    check_size,
    check_term,
)
from converge_core.record import Record, reread


class Frame(Record, frozen=True):
    """A narrower look at an intent.

    Attributes:
        id: what it is called.
        scope: what it looks at, in words.
        constraints: what the facts have to keep to, beside what the intent demands.
        success_criteria: what must stand in the end, beside what the intent asks for.
        linked_intent: the intent it belongs to; None for whichever the run has.
        parent_frame: the frame it narrows, which stands before it; None for the intent itself.
    """

    id: FrameId
    scope: str
    constraints: tuple[FrameConstraint, ...] = ()
    success_criteria: tuple[Criterion, ...] = ()
    linked_intent: IntentId | None = None
    parent_frame: FrameId | None = None

    @property
    def has_required_criteria(self) -> bool:
        """Whether the run misses its intent without something that this frame asks for."""
        return any(criterion.required for criterion in self.success_criteria)

    @property
    def hard_constraints(self) -> tuple[FrameConstraint, ...]:
        """The constraints that stop a run."""
        return tuple(c for c in self.constraints if c.severity is ConstraintSeverity.HARD)

    @property
    def soft_constraints(self) -> tuple[FrameConstraint, ...]:
        """The constraints whose breach is put on record."""
        return tuple(c for c in self.constraints if c.severity is ConstraintSeverity.SOFT)


Frames = tuple[Frame, ...]


def criteria_of(intent: RootIntent, frames: Iterable[Frame]) -> tuple[Criterion, ...]:
    """Returns all that must stand in the end: what the intent asks for, then each frame."""
    return (*intent.criteria, *(one for frame in frames for one in frame.success_criteria))


def validate_frames(intent: RootIntent, frames: Frames) -> None:
    """Refuses frames that do not belong to ``intent``, to each other, or to reason.

    Raises:
        InvalidIntent: naming the field and the reason.
    """
    if not frames:
        return
    if not intent.declared:
        raise InvalidIntent("frames", "only a declared intent has frames")
    seen: set[FrameId] = set()
    for frame in frames:
        _validate(frame, intent, seen)
        seen.add(frame.id)
    check_criteria("frames", criteria_of(intent, frames))


def _validate(frame: Frame, intent: RootIntent, seen: set[FrameId]) -> None:
    try:
        canonical(parse(canonical_record(reread(Frame, frame))))
    except InvalidValue as error:
        raise InvalidIntent("frames", str(error)) from error
    check_term("frames", frame.id)
    field = f"frames.{frame.id}"
    check_size(frame, field)
    if frame.id in seen:
        raise InvalidIntent(field, "another frame has that name")
    if not frame.scope.strip():
        raise InvalidIntent(f"{field}.scope", "a frame says what it looks at")
    if frame.linked_intent not in (None, intent.id):
        raise InvalidIntent(f"{field}.linked_intent", f"the run is for {intent.id}")
    if frame.parent_frame is not None and frame.parent_frame not in seen:
        raise InvalidIntent(
            f"{field}.parent_frame", f"no frame {frame.parent_frame} stands before it"
        )
    check_constraints(f"{field}.constraints", frame.constraints)
