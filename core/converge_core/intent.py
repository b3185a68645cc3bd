"""What a run is for, and what it may use up. Immutable once the run has begun.

Source: vocabulary 1.2, ``RootIntent``: the only entry point, a typed declaration and not a prompt;
nothing overrides it during execution.

An intent that has an id, a scope or constraints is *declared*: it promises to be complete, and
:func:`validate` refuses it otherwise. One that has none of them is a question with budgets and
nothing more, as in the quick start; it bounds nothing and pretends nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec
from msgspec import UNSET, UnsetType

from converge_core.canonical import canonical, canonical_record, parse
from converge_core.constraint import Constraint, IntentConstraint, term_of
from converge_core.errors import InvalidIntent, InvalidValue
from converge_core.ids import IntentId, why_invalid
from converge_core.key import ContextKey
from converge_core.record import Record, reread
from converge_core.scope import NAMES, Bound, Custom, Scope, TimeWindow
from converge_core.sizes import require_recordable


class Budgets(Record, frozen=True):
    """What a run may use up.

    Attributes:
        cycles: the most cycles.
        facts: the most facts.
        tokens: the most model tokens, prompt and answer together; None for no limit.
        time_us: the longest that agents may work, in microseconds; None for no limit.
        agents_per_cycle: the most agents that may execute in one cycle; None for no limit.
    """

    cycles: int = 100
    facts: int = 10_000
    tokens: int | None = None
    time_us: int | None = None
    agents_per_cycle: int | None = None


class Criterion(Record, frozen=True):
    """What must be so in the end for the run to have met its intent.

    Attributes:
        id: by which an engine finds who judges it; nobody has to.
        description: what it wants, in words.
        key: where a fact must stand, unless somebody judges it otherwise.
        required: whether the run misses its intent without it.
    """

    id: str
    description: str
    key: ContextKey
    required: bool = True


class RootIntent(Record, frozen=True):
    """What a run is for.

    What is unset is not written down either, so that an intent which declares nothing reads in the
    ledger as it always did.

    Attributes:
        question: what is asked, as the intent layer of a prompt words it.
        subject: what it is asked about.
        criteria: what must stand in the end.
        budgets: what may be used up.
        required_agents: agents without whose work the run stops.
        required_facts: proposals, by fact id, whose refusal stops the run.
        active_packs: the packs whose agents take part, beside those of no pack; None for all.
        id: what frames call it.
        scope: what proposals may be about; the gate refuses the others.
        constraints: what the facts have to keep to.
        request: what the person who began the run wants, in their own words.
    """

    question: str
    subject: str
    criteria: tuple[Criterion, ...] = ()
    budgets: Budgets = Budgets()
    required_agents: tuple[str, ...] = ()
    required_facts: tuple[str, ...] = ()
    active_packs: tuple[str, ...] | None = None
    id: IntentId | UnsetType = UNSET
    scope: Scope | UnsetType = UNSET
    constraints: tuple[IntentConstraint, ...] | UnsetType = UNSET
    request: str | UnsetType = UNSET

    @property
    def declared(self) -> bool:
        """Whether it promises to be complete."""
        return not (self.id is UNSET and self.scope is UNSET and self.constraints is UNSET)


NO_INTENT = RootIntent(question="", subject="")
"""What a run is for whose caller does not say."""

MAX_TERM = 40
"""The longest name that is bounded; names of rules and diagnostics derive from it."""


def validate(intent: RootIntent) -> None:
    """Refuses an intent that is too large, and a declared one that lacks or contradicts something.

    Raises:
        InvalidIntent: naming the field and the reason.
    """
    check_size(intent, "intent")
    if not intent.declared:
        return
    try:
        canonical(parse(canonical_record(reread(RootIntent, intent))))
    except InvalidValue as error:
        raise InvalidIntent("intent", str(error)) from error
    if intent.id is UNSET:
        raise InvalidIntent("id", "a declared intent has a name of its own")
    for field in ("question", "subject"):
        if not getattr(intent, field).strip():
            raise InvalidIntent(field, "a declared intent says what is asked about what")
    if not intent.scope:
        raise InvalidIntent("scope", "a declared intent bounds at least one thing it is about")
    _check_bounds("scope", intent.scope)
    if not any(criterion.required for criterion in intent.criteria):
        raise InvalidIntent("criteria", "a declared intent has at least one required criterion")
    check_criteria("criteria", intent.criteria)
    check_constraints("constraints", intent.constraints or ())
    low = [name for name, most in msgspec.structs.asdict(intent.budgets).items() if (most or 0) < 0]
    if low:
        raise InvalidIntent(f"budgets.{low[0]}", "a budget is not below zero")


def check_size(declared: Record, field: str) -> None:
    """Refuses an intent, or a frame of one, that is too large to be recorded.

    Raises:
        InvalidIntent: naming ``field``, the size and the limit.
    """
    try:
        require_recordable(declared, "it")
    except InvalidValue as error:
        raise InvalidIntent(field, str(error)) from error


def check_criteria(field: str, criteria: Iterable[Criterion]) -> None:
    """Refuses criteria that nobody could tell apart, or read.

    Raises:
        InvalidIntent: naming ``field`` and the reason.
    """
    ids = Counter(criterion.id for criterion in criteria)
    twice = [name for name, times in ids.items() if times > 1]
    if twice:
        raise InvalidIntent(field, f"two criteria are called {twice[0]!r}")
    blank = [one for one in criteria if not one.id.strip() or not one.description.strip()]
    if blank:
        raise InvalidIntent(field, "a criterion has a name and says what it wants")


def check_constraints(field: str, constraints: Iterable[Constraint]) -> None:
    """Refuses constraints that bound nothing, or that nothing could keep to.

    Raises:
        InvalidIntent: naming ``field`` and the reason.
    """
    kinds = [constraint.kind for constraint in constraints]
    for kind in kinds:
        check_term(field, term_of(kind))
        if getattr(kind, "limit", 0) < 0:
            raise InvalidIntent(field, f"the limit of {term_of(kind)} is below zero")
    _check_bounds(field, [kind for kind in kinds if isinstance(kind, Bound)])
    twice = [kind for kind, times in Counter(kinds).items() if times > 1]
    if twice:
        raise InvalidIntent(field, f"{term_of(twice[0])} is constrained twice alike")


def check_term(field: str, name: str) -> None:
    """Refuses a name that rules and diagnostics could not be named after.

    Raises:
        InvalidIntent: naming ``field`` and the reason.
    """
    reason = why_invalid(name)
    if not reason and not name.isascii():
        reason = "is not ASCII"
    if not reason and len(name) > MAX_TERM:
        reason = f"has {len(name)} characters; at most {MAX_TERM} are allowed"
    if reason:
        raise InvalidIntent(field, f"the name {name[:MAX_TERM]!r} {reason}")


def _check_bounds(field: str, bounds: Iterable[Bound]) -> None:
    for bound in bounds:
        check_term(field, bound.name)
        if isinstance(bound, Custom) and bound.key in NAMES:
            raise InvalidIntent(field, f"{bound.key} has a bound of its own kind; use that")
        if not isinstance(bound, TimeWindow):
            if not bound.words().strip():
                raise InvalidIntent(field, f"{bound.name} is bounded by nothing")
        elif bound.start is None and bound.end is None:
            raise InvalidIntent(field, "a window of time has a start or an end")
        elif None not in (bound.start, bound.end) and bound.start >= bound.end:  # type: ignore[operator]
            raise InvalidIntent(field, "a window of time ends after its start")
