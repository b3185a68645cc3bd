"""Who may make facts: explicit, scoped, expiring. Nothing grants authority by default.

Source: the crate page, tenet 1 ("No defaults that grant authority").
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from converge_core.ids import GateId
from converge_core.record import Record


class ActorKind(StrEnum):
    """What kind of actor did something."""

    HUMAN = "human"
    AGENT = "agent"
    SYSTEM = "system"
    POLICY = "policy"


class AuthorityLevel(IntEnum):
    """How far an author's word reaches, from least to most; policies compare with it.

    Everybody starts as advisory: a level is given when an agent is registered, never assumed.
    """

    ADVISORY = 1
    """May suggest."""
    SUPERVISORY = 2
    """May watch over others and object."""
    PARTICIPATORY = 3
    """May take part in deciding."""
    SOVEREIGN = 4
    """May decide alone."""


class Actor(Record, frozen=True):
    """Who did something."""

    kind: ActorKind
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


class AuthorityGrant(Record, frozen=True):
    """The right to promote proposals of some keys and kinds, at some gates, until some time.

    Attributes:
        grantor: the human, policy or system that grants.
        keys: the context keys it covers; an empty tuple covers none.
        gates: the gates it covers; an empty tuple covers none.
        granted_at: from when on it holds, in microseconds since 1970 UTC; 0 for ever since.
        expires_at: microseconds since 1970 UTC, or None for the length of the run.
        kinds: the kinds of statement it covers; None covers each kind under its keys.
    """

    grantor: Actor
    keys: tuple[str, ...]
    gates: tuple[GateId, ...]
    granted_at: int
    expires_at: int | None = None
    kinds: tuple[str, ...] | None = None

    def why_not(self, key: str, kind: str, gate: GateId, at: int) -> str:
        """Says why the grant does not cover a promotion; empty if it does."""
        if key not in self.keys:
            return f"the grant of {self.grantor} does not cover {key}"
        if self.kinds is not None and kind not in self.kinds:
            return f"the grant of {self.grantor} does not cover the kind {kind}"
        if gate not in self.gates:
            return f"the grant of {self.grantor} does not cover gate {gate}"
        if at < self.granted_at:
            return f"the grant of {self.grantor} was not given yet"
        if self.expires_at is not None and at >= self.expires_at:
            return f"the grant of {self.grantor} has expired"
        return ""
