"""The written policy: which proposals are promoted, refused, or put to a person.

A decision is *permit*, *forbid* or *neither*, and neither means: ask. Forbidding rules win over
asking ones, those over permitting ones; within each, the first that fits decides and is named.
Risk comes from here and never from a model.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from converge_core.authority import Actor, ActorKind, AuthorityGrant
from converge_core.canonical import ContentHash, canonical_record, hash_bytes
from converge_core.ids import GateId
from converge_core.key import ContextKey
from converge_core.proposal import Draft
from converge_core.record import Record


class Effect(StrEnum):
    """What a rule wants done with a proposal; the order is the precedence."""

    FORBID = "forbid"
    ASK = "ask"
    PERMIT = "permit"


class Risk(StrEnum):
    """How much hangs on a proposal."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Rule(Record, frozen=True):
    """One rule; every condition that is set must hold.

    Attributes:
        name: what decisions call it.
        effect: what it wants done.
        reason: one sentence for a person.
        key: fits proposals under this key only.
        agent: fits proposals of this agent only.
        where: fits proposals whose structured content has these values.
        confidence_below: fits a confidence under this many thousandths, or none given.
        risk: how much hangs on what it fits.
    """

    name: str
    effect: Effect
    reason: str
    key: ContextKey | None = None
    agent: str | None = None
    where: dict[str, str] = msgspec.field(default_factory=dict)
    confidence_below: int | None = None
    risk: Risk = Risk.MEDIUM

    def fits(self, draft: Draft) -> bool:
        """Says whether the rule speaks about this proposal."""
        fact = draft.fact
        if self.key is not None and self.key is not fact.key:
            return False
        if self.agent is not None and self.agent != draft.agent:
            return False
        if any(fact.structured.get(name) != value for name, value in self.where.items()):
            return False
        if self.confidence_below is None:
            return True
        return fact.confidence is None or fact.confidence < self.confidence_below


class PolicyDecision(Record, frozen=True):
    """What is to be done with a proposal, and which rule says so."""

    effect: Effect
    rule: str
    reason: str
    risk: Risk


class Policy(Protocol):
    """A policy decision point; other engines of rules can stand behind it."""

    @property
    def version(self) -> ContentHash:
        """The SHA-256 of all that decides."""

    def required_checks(self, key: ContextKey) -> tuple[str, ...]:
        """Returns the names of the checks a proposal under ``key`` must pass."""

    def decide(self, draft: Draft) -> PolicyDecision:
        """Decides; a pure function of the policy and the draft."""


UNDECIDED = PolicyDecision(
    effect=Effect.ASK,
    rule="no rule",
    reason="No rule of the policy speaks about this proposal, so a person is asked.",
    risk=Risk.HIGH,
)


class RulePolicy(Record, frozen=True):
    """A policy written as a list of rules and the checks each key requires.

    ``settings`` are what its checks compare with, in words, so that the version covers them.
    """

    id: str
    revision: int
    rules: tuple[Rule, ...]
    checks: dict[str, tuple[str, ...]]
    settings: tuple[str, ...] = ()

    @property
    def version(self) -> ContentHash:
        """The SHA-256 of rules, checks and settings."""
        return hash_bytes(canonical_record(self))

    def required_checks(self, key: ContextKey) -> tuple[str, ...]:
        """Returns the names of the checks a proposal under ``key`` must pass."""
        return (*self.checks.get("*", ()), *self.checks.get(key.value, ()))

    def decide(self, draft: Draft) -> PolicyDecision:
        """Decides; the first fitting rule of the strongest effect wins."""
        fitting = [rule for rule in self.rules if rule.fits(draft)]
        for effect in Effect:
            rule = next((rule for rule in fitting if rule.effect is effect), None)
            if rule:
                return PolicyDecision(
                    effect=effect, rule=rule.name, reason=rule.reason, risk=rule.risk
                )
        return UNDECIDED


def policy_of_grants(grants: tuple[AuthorityGrant, ...]) -> RulePolicy:
    """Returns the policy that permits just what ``grants`` cover, and asks about the rest."""
    rules = tuple(
        Rule(
            name=f"granted:{key}",
            effect=Effect.PERMIT,
            reason=f"{grant.grantor} granted it.",
            key=ContextKey(key),
            risk=Risk.LOW,
        )
        for grant in grants
        for key in grant.keys
    )
    name = " ".join(grant.grantor.id for grant in grants) or "nobody"
    return RulePolicy(id=name, revision=1, rules=rules, checks={"*": BASIC_CHECKS})


BASIC_CHECKS = ("content-present", "confidence-in-range", "ground-exists")
ENGINE_GATE = GateId("engine-promotion")


def grant(by: str, *keys: ContextKey, until: int | None = None) -> AuthorityGrant:
    """Returns a grant in the name of the policy ``by``, for ``keys`` at the engine's gate."""
    return AuthorityGrant(
        grantor=Actor(kind=ActorKind.POLICY, id=by),
        keys=tuple(key.value for key in keys),
        gates=(ENGINE_GATE,),
        granted_at=0,
        expires_at=until,
    )
