"""The written policy: which proposals are promoted, refused, or put to a person.

A decision is *permit*, *forbid* or *neither*, and neither means: ask. Forbidding rules win over
asking ones, those over permitting ones; within each, the first that fits decides and is named.
Risk comes from here and never from a model, and so does every number that a rule compares.

The port is shaped as other engines of rules have it: a principal (the agent and its level), an
action (the promotion under a key), a resource (the draft) and a context (amount, human approval).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Protocol

import msgspec

from converge_core.authority import Actor, ActorKind, AuthorityGrant, AuthorityLevel
from converge_core.canonical import ContentHash, hash_record
from converge_core.ids import GateId
from converge_core.key import ContextKey
from converge_core.proposal import ContentKind, Draft
from converge_core.record import Record
from converge_core.terms import ANYBODY_ONCE, ReviewTerms, why_unfit


class Effect(StrEnum):
    """What a rule wants done with a proposal; the order is the precedence."""

    FORBID = "forbid"
    ASK = "ask"
    PERMIT = "permit"


class Risk(StrEnum):
    """How much hangs on a proposal, from least to most."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class PolicyRequest(msgspec.Struct, frozen=True, gc=False):
    """What a policy is asked about.

    Attributes:
        draft: the proposal; its agent is the principal, its key the action.
        level: how far that agent's word reaches.
        amount: what is at stake, in the pack's unit, as the pack works it out; None where it
            cannot say.
        risk: the pack's own grading of this proposal; None where it has none.
        human_approved: whether a person has approved it already.
    """

    draft: Draft
    level: AuthorityLevel = AuthorityLevel.ADVISORY
    amount: int | None = None
    risk: Risk | None = None
    human_approved: bool = False


class Rule(Record, frozen=True, omit_defaults=True):
    """One rule; every condition that is set must hold.

    Attributes:
        name: what decisions call it.
        effect: what it wants done.
        reason: one sentence for a person.
        key: fits proposals under this key only.
        kind: fits statements of this kind only.
        agent: fits proposals of this agent only.
        where: fits proposals whose structured content has these values.
        confidence_below: fits a confidence under this many thousandths, or none given.
        confidence_missing: fits proposals that give a confidence (False), or none (True).
        level_below: fits agents whose level is lower.
        amount_above: fits amounts above this, and unknown ones.
        amount_at_most: fits known amounts up to this.
        graded: fits proposals that the pack grades as this risk.
        human_approved: fits what a person has approved (True), or has not (False).
        corrects: fits what takes the place of a fact (True), or does not (False).
        risk: how much hangs on what it fits.
        review: the terms under which people are asked, for a rule that asks.
    """

    name: str
    effect: Effect
    reason: str
    key: ContextKey | None = None
    kind: ContentKind | None = None
    agent: str | None = None
    where: dict[str, str] = msgspec.field(default_factory=dict)
    confidence_below: int | None = None
    confidence_missing: bool | None = None
    level_below: AuthorityLevel | None = None
    amount_above: int | None = None
    amount_at_most: int | None = None
    graded: Risk | None = None
    human_approved: bool | None = None
    corrects: bool | None = None
    risk: Risk = Risk.MEDIUM
    review: ReviewTerms | msgspec.UnsetType = msgspec.UNSET

    def fits(self, request: PolicyRequest) -> bool:
        """Says whether the rule speaks about this request."""
        return all(condition(request) for condition in conditions(self))


Condition = Callable[[PolicyRequest], bool]


def conditions(rule: Rule) -> tuple[Condition, ...]:
    """Returns the conditions that ``rule`` sets, beside its key."""
    found: list[Condition] = []
    if rule.key is not None:
        found.append(lambda request: request.draft.fact.key is rule.key)
    if rule.kind is not None:
        found.append(lambda request: request.draft.fact.kind is rule.kind)
    if rule.agent is not None:
        found.append(lambda request: request.draft.agent == rule.agent)
    for name, value in rule.where.items():
        found.append(lambda r, n=name, v=value: r.draft.fact.structured.get(n) == v)  # type: ignore[misc]
    if (below := rule.confidence_below) is not None:
        found.append(lambda request: _confidence(request) < below)
    if rule.confidence_missing is not None:
        found.append(lambda r: (r.draft.fact.confidence is None) is rule.confidence_missing)
    if (level := rule.level_below) is not None:
        found.append(lambda request: request.level < level)
    if (above := rule.amount_above) is not None:
        found.append(lambda request: request.amount is None or request.amount > above)
    if (most := rule.amount_at_most) is not None:
        found.append(lambda request: request.amount is not None and request.amount <= most)
    if rule.graded is not None:
        found.append(lambda request: request.risk is rule.graded)
    return (*found, *_yes_or_no(rule))


def _yes_or_no(rule: Rule) -> Iterator[Condition]:
    if rule.human_approved is not None:
        yield lambda request: request.human_approved is rule.human_approved
    if rule.corrects is not None:
        yield lambda request: bool(request.draft.fact.corrects) is rule.corrects


def _confidence(request: PolicyRequest) -> int:
    """Returns the confidence; one that is not given is below every threshold."""
    confidence = request.draft.fact.confidence
    return -1 if confidence is None else confidence


class PolicyDecision(Record, frozen=True):
    """What is to be done with a proposal, which rule says so, and on which terms people decide."""

    effect: Effect
    rule: str
    reason: str
    risk: Risk
    review: ReviewTerms | msgspec.UnsetType = msgspec.UNSET


class Policy(Protocol):
    """A policy decision point; other engines of rules can stand behind it."""

    @property
    def version(self) -> ContentHash:
        """The SHA-256 of all that decides."""

    def required_checks(self, key: ContextKey) -> tuple[str, ...]:
        """Returns the names of the checks a proposal under ``key`` must pass."""

    def decide(self, request: PolicyRequest) -> PolicyDecision:
        """Decides; a pure function of the policy and the request."""


def graded(decision: PolicyDecision, risk: Risk) -> PolicyDecision:
    """Returns ``decision`` with at least the risk that the pack itself grades a proposal as."""
    order = list(Risk)
    if decision.effect is not Effect.ASK or order.index(decision.risk) >= order.index(risk):
        return decision
    return msgspec.structs.replace(decision, risk=risk)


def stricter(own: PolicyDecision, other: PolicyDecision) -> PolicyDecision:
    """Returns under which of two rules people are asked: ``own``, unless the other wants more.

    More is more risk or more approvals. Where the other wants more of one and less of the other,
    ``own`` stands, at the higher risk.
    """
    if other.effect is not Effect.ASK:
        return own
    risk = list(Risk).index(other.risk) - list(Risk).index(own.risk)
    needed = _needed(other) - _needed(own)
    if risk >= 0 and needed >= 0 and risk + needed > 0:
        return other
    return graded(own, other.risk)


def of_both(new: PolicyDecision, old: PolicyDecision) -> PolicyDecision:
    """Returns under which rule a correction falls: that of its words, or of those it replaces.

    Else whoever rewords what takes many people to say could take it back alone.
    """
    if new.effect is Effect.FORBID or old.effect is not Effect.ASK:
        return new
    return old if new.effect is Effect.PERMIT else stricter(new, old)


def _needed(decision: PolicyDecision) -> int:
    terms = decision.review or ANYBODY_ONCE
    return terms.quorum.needed(len(terms.roster) or 1)


UNDECIDED = PolicyDecision(
    effect=Effect.ASK,
    rule="no rule",
    reason="No rule of the policy speaks about this proposal, so a person is asked.",
    risk=Risk.HIGH,
)


class RulePolicy(Record, frozen=True, dict=True, gc=True):
    """A policy written as a list of rules and the checks each key requires.

    ``settings`` are what its checks compare with, in words, so that the version covers them. The
    rules are compiled at the first decision; nothing of them may be changed after.
    """

    id: str
    revision: int
    rules: tuple[Rule, ...]
    checks: dict[str, tuple[str, ...]]
    settings: tuple[str, ...] = ()

    @cached_property
    def version(self) -> ContentHash:
        """The SHA-256 of rules, checks and settings."""
        return hash_record(self)

    def required_checks(self, key: ContextKey) -> tuple[str, ...]:
        """Returns the names of the checks a proposal under ``key`` must pass."""
        return (*self.checks.get("*", ()), *self.checks.get(key.value, ()))

    def decide(self, request: PolicyRequest) -> PolicyDecision:
        """Decides; the first fitting rule of the strongest effect wins."""
        fact = request.draft.fact
        for decision, fits in self._compiled[fact.key]:
            for condition in fits:
                if not condition(request):
                    break
            else:
                return decision
        return UNDECIDED

    @cached_property
    def _compiled(self) -> _Compiled:
        """The rules that may fit, by key, strongest effect first."""
        return _compile(self.rules)


_Compiled = dict[ContextKey, tuple[tuple[PolicyDecision, tuple[Condition, ...]], ...]]


def _compile(rules: tuple[Rule, ...]) -> _Compiled:
    strongest = sorted(rules, key=lambda rule: list(Effect).index(rule.effect))
    unkeyed = [(rule, conditions(msgspec.structs.replace(rule, key=None))) for rule in strongest]
    return {
        key: tuple(
            (_decision(rule), fits) for rule, fits in unkeyed if rule.key is None or rule.key is key
        )
        for key in ContextKey
    }


def _decision(rule: Rule) -> PolicyDecision:
    return PolicyDecision(
        effect=rule.effect,
        rule=rule.name,
        reason=rule.reason,
        risk=rule.risk,
        review=rule.review,
    )


def why_unfit_policy(rules: Iterable[Rule]) -> str:
    """Says why a policy of these rules cannot be saved; empty if it can."""
    for rule in rules:
        if not rule.review:
            continue
        if rule.effect is not Effect.ASK:
            return f"{rule.name}: only a rule that asks has terms of review"
        reason = why_unfit(rule.review, high_risk=rule.risk is Risk.HIGH)
        if reason:
            return f"{rule.name}: {reason}"
    return ""


@lru_cache(maxsize=64)
def policy_of_grants(grants: tuple[AuthorityGrant, ...]) -> RulePolicy:
    """Returns the policy that permits just what ``grants`` cover, and asks about the rest."""
    rules = tuple(
        Rule(
            name=f"granted:{key}",
            effect=Effect.PERMIT,
            reason=f"{grant.grantor} granted it.",
            key=ContextKey(key),
            kind=ContentKind(kind) if kind else None,
            risk=Risk.LOW,
        )
        for grant in grants
        for key in grant.keys
        for kind in (grant.kinds if grant.kinds is not None else (None,))
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
