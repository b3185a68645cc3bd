"""What an intent and its frames make binding: checks of the gate, and rules over the context.

Scope and constraints are data; this is where they become something that refuses. A run without a
declared intent is bound by nothing and pays nothing for it.

>>> from converge_core import Context, ContextKey, Engine, ProposedFact, grant
>>> from converge_core.constraint import IntentConstraint
>>> from converge_core.context import stage_all
>>> from converge_core.ids import FactId, IntentId
>>> from converge_core.intent import Criterion, RootIntent
>>> from converge_core.scope import Geography
>>> intent = RootIntent(
...     id=IntentId("grow"),
...     question="how to grow",
...     subject="the shop",
...     scope=(Geography(value="SE"),),
...     constraints=(IntentConstraint(key="budget", value=1000),),
...     criteria=(Criterion(id="read", description="a signal", key=ContextKey.SIGNALS),),
... )
>>> def run(**structured):
...     about = ProposedFact(
...         key=ContextKey.SIGNALS, id=FactId("x"), content="x", structured=structured
...     )
...     mine = grant("me", ContextKey.SIGNALS)
...     return Engine().run(stage_all(Context(), [about]), authority=mine, intent=intent)
>>> run(scope={"geography": "SE"}, uses={"budget": 900}).stop_reason.kind
'CriteriaMet'
>>> run(scope={"geography": "NO"}).context.latest(ContextKey.DIAGNOSTIC).content
'“x” of input was refused. within-scope: It is about geography NO; the run is about SE.'
>>> run(uses={"budget": 1100}).stop_reason.reason
'1100 of budget are used; the limit is 1000.'
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from converge_core.constraint import (
    AnyKind,
    Compliance,
    Constraint,
    ConstraintSeverity,
    term_of,
    violation,
    why_uncountable,
)
from converge_core.context import Context
from converge_core.contract import CheckResult
from converge_core.frame import Frames
from converge_core.gate import Check
from converge_core.intent import RootIntent
from converge_core.invariant import Invariant, InvariantClass, Violation
from converge_core.proposal import Draft
from converge_core.scope import Bound, Scope, why_outside

WITHIN_SCOPE = "within-scope"
USES_COUNTABLE = "uses-countable"


@dataclass(frozen=True, slots=True)
class Binding:
    """What binds a run.

    Attributes:
        checks: what every proposal must pass beside what the policy requires, by name.
        hard: rules that stop the run.
        soft: rules whose breach is put on record.
    """

    checks: tuple[tuple[str, Check], ...] = ()
    hard: tuple[Invariant, ...] = ()
    soft: tuple[Invariant, ...] = ()


NOTHING_BINDS = Binding()


def binding_of(intent: RootIntent, frames: Frames) -> Binding:
    """Returns what ``intent`` and ``frames`` make binding."""
    return _binding(intent, frames) if intent.declared else NOTHING_BINDS


@lru_cache(maxsize=64)
def _binding(intent: RootIntent, frames: Frames) -> Binding:
    named: list[tuple[str, Constraint]] = [("", one) for one in intent.constraints or ()]
    named += [(f"{frame.id}:", one) for frame in frames for one in frame.constraints]
    kinds = [constraint.kind for _, constraint in named]
    rules = [
        (constraint.severity, _rule(f"{prefix}{term_of(constraint.kind)}", constraint.kind))
        for prefix, constraint in named
    ]
    checks = [(WITHIN_SCOPE, _within(intent.scope or (), kinds))]
    if any(not isinstance(kind, Bound | Compliance) for kind in kinds):
        checks.append((USES_COUNTABLE, _uses_countable))
    return Binding(
        checks=tuple(checks),
        hard=tuple(rule for severity, rule in rules if severity is ConstraintSeverity.HARD),
        soft=tuple(rule for severity, rule in rules if severity is ConstraintSeverity.SOFT),
    )


def _rule(name: str, kind: AnyKind) -> Invariant:
    def check(context: Context) -> Violation | None:
        return violation(kind, context)

    return Invariant(f"constraint:{name}", InvariantClass.STRUCTURAL, check)


def _within(scope: Scope, kinds: list[AnyKind]) -> Check:
    """Returns the check of the scope; names that only constraints bound are theirs to judge."""
    also = tuple(kind.name for kind in kinds if isinstance(kind, Bound))

    def check(draft: Draft, context: Context) -> CheckResult:
        del context
        reason = why_outside(scope, draft.fact.structured, also)
        return CheckResult(WITHIN_SCOPE, not reason, reason)

    return check


def _uses_countable(draft: Draft, context: Context) -> CheckResult:
    """What a proposal uses is said in integers that can be added up."""
    del context
    reason = why_uncountable(draft.fact.structured)
    return CheckResult(USES_COUNTABLE, not reason, reason)
