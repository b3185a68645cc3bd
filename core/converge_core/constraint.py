"""What a run must keep to: hard constraints that stop it, soft ones that are put on record.

Source: vocabulary 1.2, ``IntentConstraint``, ``FrameConstraint`` and ``ConstraintKind``. Hard means
that a violation aborts, soft that it is logged. A constraint is a rule over the whole context and
becomes one (:class:`~converge_core.invariant.Invariant`): a hard one is structural, so the merge
that breaks it is discarded whole and the run ends as InvariantViolated; of a soft one a diagnostic
says how it is broken, and the run goes on.

What is compared is what facts declare in their structured content, never a model's words:

* ``structured["uses"]``: what a fact takes up if it is so, as integers by name
  (``{"budget": 600}``). Budgets and resources hold over the sum of all facts that stand, those the
  run began with included. A fact that merely repeats an amount does not say that it uses it;
* ``structured["scope"]``: what it is about, as :mod:`converge_core.scope` reads it;
* ``structured["complies"]``: the regimes it complies with, as a list of texts. Every strategy has
  to name each regime that binds the run: compliance is never assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from converge_core.context import Context
from converge_core.correction import EVERYBODY
from converge_core.invariant import Violation
from converge_core.key import ContextKey
from converge_core.record import Record
from converge_core.scope import (
    DECLARED,
    Bound,
    Custom,
    Geography,
    TextBound,
    TimeWindow,
    text_bound,
    why_outside,
)

USES = "uses"
"""The name under which structured content says what a fact takes up."""
COMPLIES = "complies"
"""The name under which structured content says what a strategy complies with."""


class ConstraintSeverity(StrEnum):
    """What breaking a constraint means."""

    HARD = "hard"
    """The run stops, and the merge that broke it is discarded."""
    SOFT = "soft"
    """A diagnostic says so, and the run goes on."""


class Resource(Record, frozen=True, tag_field="type", tag="Resource"):
    """The most that may be used of something.

    Attributes:
        kind: what it is, as facts name it under ``uses``.
        limit: the most of it, in its own smallest unit.
    """

    kind: str
    limit: int


class Budget(Record, frozen=True, tag_field="type", tag="Budget"):
    """The most that may be spent, in the currency's smallest unit; facts call it ``budget``."""

    limit: int

    @property
    def kind(self) -> str:
        """What facts call it under ``uses``."""
        return "budget"


class Compliance(Record, frozen=True, tag_field="type", tag="Compliance"):
    """A regime that every strategy has to comply with, such as ``GDPR``."""

    regime: str


ConstraintKind = Budget | TimeWindow | Geography | Compliance | Resource | Custom
"""What a frame may bound."""
AnyKind = ConstraintKind | TextBound
"""What anything may bound."""


class IntentConstraint(Record, frozen=True):
    """What an intent demands of one thing that facts declare.

    Attributes:
        key: its name: under ``uses`` where the value is an integer, else under ``scope``.
        value: the most that may be used of it, or what facts about it have to say.
        severity: what breaking it means.
    """

    key: str
    value: int | str
    severity: ConstraintSeverity = ConstraintSeverity.HARD

    @property
    def kind(self) -> AnyKind:
        """What is bounded, and how."""
        if isinstance(self.value, int):
            return Resource(kind=self.key, limit=self.value)
        return text_bound(self.key, self.value)


class FrameConstraint(Record, frozen=True):
    """What a frame demands.

    Attributes:
        kind: what is bounded, and how.
        severity: what breaking it means.
        description: why, in words.
    """

    kind: ConstraintKind
    severity: ConstraintSeverity = ConstraintSeverity.HARD
    description: str = ""


Constraint = IntentConstraint | FrameConstraint


def term_of(kind: AnyKind) -> str:
    """Returns the name that is bounded; a regime's own for compliance."""
    if isinstance(kind, Bound):
        return kind.name
    return kind.regime if isinstance(kind, Compliance) else kind.kind


def violation(kind: AnyKind, context: Context) -> Violation | None:
    """Returns how the facts of ``context`` break a constraint, or None."""
    if isinstance(kind, Bound):
        return _outside(kind, context)
    if isinstance(kind, Compliance):
        return _unattested(kind, context)
    return _used_up(kind, context)


def why_uncountable(structured: Mapping[str, Any]) -> str:
    """Says why what a proposal uses cannot be counted; empty where it can."""
    uses = structured.get(USES)
    if uses is None:
        return ""
    if not isinstance(uses, Mapping):
        return f"What it uses is a {type(uses).__name__}, not an object of names and integers."
    for name, amount in uses.items():
        if type(amount) is not int or amount < 0:
            return f"What it uses of {name} is no integer from zero up, and cannot be counted."
    return ""


def _used_up(kind: Budget | Resource, context: Context) -> Violation | None:
    used, facts = 0, []
    for fact in context.in_order():
        if context.covering(fact.id, EVERYBODY) is not None:
            continue  # what took its place for everybody is counted instead
        structured = fact.structured
        reason = why_uncountable(structured)
        if reason:  # what a run began with passed no check of this one
            return Violation(f"{fact.id}: {reason}", (fact.id,))
        amount = structured.get(USES, {}).get(kind.kind, 0)
        if amount:
            used += amount
            facts.append(fact.id)
    if used <= kind.limit:
        return None
    return Violation(f"{used} of {kind.kind} are used; the limit is {kind.limit}.", tuple(facts))


def _outside(bound: Bound, context: Context) -> Violation | None:
    for fact in context.in_order():
        structured = fact.structured
        about = structured.get(DECLARED)
        others = about if isinstance(about, Mapping) else ()
        reason = why_outside((bound,), structured, others)
        if reason:
            return Violation(f"{fact.id}: {reason}", (fact.id,))
    return None


def _unattested(kind: Compliance, context: Context) -> Violation | None:
    silent = [
        fact.id
        for fact in context.get(ContextKey.STRATEGIES)
        if not _complies(kind, fact.structured)
    ]
    if not silent:
        return None
    return Violation(f"Not every strategy says that it complies with {kind.regime}.", tuple(silent))


def _complies(kind: Compliance, structured: Mapping[str, Any]) -> bool:
    named = structured.get(COMPLIES)
    return isinstance(named, (list, tuple)) and kind.regime in named
