"""Tensions: proposals that contradict each other, kept as they are until a person settles it.

Two proposals contradict each other if they would make the same fact with different words, or share
a declared conflict and are not the same. Each is still asked about at a gate of its own; the
tension says that these gates belong together, and that at most one of them may be approved.

Source: vocabulary 1.2, Tension, ChosenSide.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated

import msgspec

from converge_core.canonical import canonical_record
from converge_core.ids import GateId, OperatorId, TensionId
from converge_core.proposal import Draft
from converge_core.record import Record


class ConflictType(StrEnum):
    """How proposals contradict each other."""

    CONTRADICTION = "contradiction"
    """The same fact, with different words."""
    DECLARED = "declared"
    """The same declared conflict."""


class ChosenSide(StrEnum):
    """What a person makes of a tension."""

    LEFT = "left"
    """The side that was proposed first."""
    RIGHT = "right"
    """A later side; where there are several, the resolution names it."""
    NEITHER = "neither"
    """All sides are rejected."""
    MERGED = "merged"
    """A text of the person's own takes the place of one side; the others are rejected."""


class Tension(Record, frozen=True):
    """A contradiction.

    Attributes:
        id: its name.
        conflict: how the sides contradict each other.
        about: the fact or the declared conflict that they contradict each other about.
        sides: the gates that ask about them, in the order in which they were proposed.
    """

    id: TensionId
    conflict: ConflictType
    about: str
    sides: tuple[GateId, ...]


class TensionResolution(Record, frozen=True):
    """How a tension was settled.

    Attributes:
        tension: which.
        chosen: what the person chose.
        rationale: why.
        resolver: who.
        gate: the side that was chosen, or edited; unset for neither.
    """

    tension: TensionId
    chosen: ChosenSide
    rationale: Annotated[str, msgspec.Meta(min_length=1)]
    resolver: OperatorId
    gate: GateId | msgspec.UnsetType = msgspec.UNSET


Contradiction = tuple[ConflictType, str]


def contradictions(drafts: Sequence[Draft]) -> dict[int, Contradiction]:
    """Returns which of ``drafts`` contradict another of them, by place, and about what.

    Costs nothing to speak of where no two drafts have an id or a declared conflict in common.
    """
    found: dict[int, Contradiction] = {}
    for type_, groups in (
        (ConflictType.CONTRADICTION, _grouped(draft.fact.id for draft in drafts)),
        (ConflictType.DECLARED, _grouped(draft.fact.conflict or "" for draft in drafts)),
    ):
        for about, places in groups.items():
            said = {canonical_record(drafts[place].fact) for place in places}
            if about and len(said) > 1:
                for place in places:
                    found.setdefault(place, (type_, about))
    return found


def _grouped(names: Iterable[str]) -> dict[str, list[int]]:
    """Returns the places of each name that occurs more than once."""
    first: dict[str, int] = {}
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        earlier = first.setdefault(name, place)
        if earlier != place:
            groups.setdefault(name, [earlier]).append(place)
    return groups
