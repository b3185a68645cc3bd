"""Evals: they measure, and invariants bind.

An eval looks at the context and says how good something is. Its agent proposes that as a fact by
the same road as any other; :func:`requires` is the rule that lets a run be accepted only while
named evals pass. Source: vocabulary 1.4.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import msgspec

from converge_core.agent import AgentEffect
from converge_core.canonical import content_hash, fresh
from converge_core.context import Context, ContextView
from converge_core.errors import InvalidConfiguration, InvalidValue
from converge_core.fact import Fact
from converge_core.ids import MAX_NAME, AgentId, FactId, why_invalid
from converge_core.invariant import Invariant, InvariantClass, Violation
from converge_core.key import ContextKey
from converge_core.proposal import ContentKind, ProposedFact
from converge_core.record import Record, read, settled

REQUIRED_EVALS = "required-evals"
"""The name of the rule that :func:`requires` makes."""
PREFIX = "eval:"
"""What the names of the agent and the facts of an eval begin with."""
HASH_LENGTH = 8
"""How many characters of a hash tell a later result of an eval from the earlier ones."""


class EvalOutcome(StrEnum):
    """What an eval came to."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INDETERMINATE = "indeterminate"
    """There was not enough to judge by."""


class EvalResult(Record, frozen=True):
    """What an eval says about the context as it stands.

    Attributes:
        eval: the name of the eval.
        outcome: what it came to.
        rationale: why, in words.
        score: thousandths, 0 to 1000; None where nothing was counted.
        facts: the facts it judged by.
    """

    eval: str
    outcome: EvalOutcome
    rationale: Annotated[str, msgspec.Meta(min_length=1)]
    score: Annotated[int, msgspec.Meta(ge=0, le=1000)] | None = None
    facts: tuple[FactId, ...] = ()

    def words(self) -> str:
        """Returns the result as a statement for a person."""
        score = "" if self.score is None else f", {self.score} of 1000"
        return f"{self.eval}: {self.outcome}{score}. {self.rationale}"


@dataclass(frozen=True, slots=True)
class Eval:
    """A named measurement.

    Attributes:
        name: unique in its registry.
        description: what it measures, in words.
        dependencies: the keys whose change calls for measuring anew.
        evaluate: measures; a pure function of the facts it reads.

    Raises:
        InvalidConfiguration: if the name cannot be part of its agent's.
    """

    name: str
    description: str
    dependencies: tuple[ContextKey, ...]
    evaluate: Callable[[ContextView], EvalResult]

    def __post_init__(self) -> None:
        reason = why_invalid(self.name)
        room = MAX_NAME - len(PREFIX)
        if not reason and len(self.name) > room:
            reason = f"has {len(self.name)} characters; at most {room} are allowed"
        if reason:
            raise InvalidConfiguration(f"the name {self.name[:40]!r} of an eval {reason}")

    def measure(self, view: ContextView) -> EvalResult:
        """Returns the result over ``view``, settled.

        Raises:
            InvalidValue: if what came back is no result, or one of another eval; whatever
                ``evaluate`` raises is passed on.
        """
        result = settled(EvalResult, self.evaluate(view))
        if result.eval != self.name:
            raise InvalidValue(f"the eval {self.name} returned a result of {result.eval!r}")
        return result


class EvalRegistry:
    """The evals there are, in the order in which they were registered."""

    def __init__(self, evals: Iterable[Eval] = ()) -> None:
        self._evals: dict[str, Eval] = {}
        for one in evals:
            self.register(one)

    @property
    def evals(self) -> tuple[Eval, ...]:
        """All of them."""
        return tuple(self._evals.values())

    def register(self, eval: Eval) -> None:  # noqa: A002 - it is one
        """Adds an eval.

        Raises:
            InvalidConfiguration: if one of that name is registered.
        """
        if eval.name in self._evals:
            raise InvalidConfiguration(f"the name {eval.name} of an eval is taken")
        self._evals[eval.name] = eval

    def evaluate(self, name: str, view: ContextView) -> EvalResult:
        """Returns the result of one eval; see :meth:`Eval.measure` for what may go wrong.

        Raises:
            InvalidConfiguration: if there is none of that name.
        """
        if name not in self._evals:
            known = ", ".join(self._evals) or "none"
            raise InvalidConfiguration(f"there is no eval {name!r}; there are: {known}")
        return self._evals[name].measure(view)

    def evaluate_all(self, view: ContextView) -> tuple[EvalResult, ...]:
        """Returns the result of every eval."""
        return tuple(one.measure(view) for one in self.evals)

    def evaluate_dependent(
        self, view: ContextView, changed: Collection[ContextKey]
    ) -> tuple[EvalResult, ...]:
        """Returns the results of just the evals that depend on one of the ``changed`` keys."""
        return tuple(
            one.measure(view) for one in self.evals if not set(changed).isdisjoint(one.dependencies)
        )


class EvalAgent:
    """Proposes what an eval says as a fact, as often as it says something new.

    It is woken by the eval's dependencies, measures once, and stays silent where the last result
    still holds. An eval that raises, or returns what is no result, fails as any agent does and
    leaves the last result standing; a run that must not go on then names the agent as required.
    """

    def __init__(self, eval: Eval) -> None:  # noqa: A002 - it is one
        self.name = agent_of(eval.name)
        self.dependencies = eval.dependencies
        self._eval = eval

    def accepts(self, view: ContextView) -> bool:
        """Accepts once there is something to measure; whether that is news, measuring shows."""
        return not self.dependencies or any(view.has(key) for key in self.dependencies)

    def execute(self, view: ContextView) -> AgentEffect:
        """Measures, and suggests the result if it is not the last one over again."""
        result = self._eval.measure(view)
        structured = fresh(result)
        last = _last(_seen(view), self._eval.name)
        if last is not None and last.structured == structured:
            return AgentEffect()
        fact = ProposedFact(
            key=ContextKey.EVALUATIONS,
            id=self._id(result, last, view),
            content=result.words(),
            kind=ContentKind.EVALUATION,
            structured=structured,
            rests_on=result.facts,
        )
        return AgentEffect((fact,))

    def _id(self, result: EvalResult, last: Fact | None, view: ContextView) -> FactId:
        """Returns the eval's name for its first result; a hash tells the later ones apart.

        It covers the result before, so that a result that comes back is a new fact as well.
        """
        first = FactId(f"{PREFIX}{self._eval.name}")
        if not view.contains(ContextKey.EVALUATIONS, first):
            return first
        told = content_hash((last.id if last else None, result))
        return FactId(f"{first}:{told[:HASH_LENGTH]}")


def agent_of(name: str) -> AgentId:
    """Returns the name of the agent that proposes the results of the eval ``name``."""
    return AgentId(f"{PREFIX}{name}")


def requires(*names: str) -> Invariant:
    """Returns the rule that a result is accepted only while the named evals pass.

    What counts is the latest result that became a fact, and only of the eval's own agent. An eval
    without one has not passed.

    Raises:
        InvalidConfiguration: if no eval is named: such a rule would bind nothing.
    """
    if not names:
        raise InvalidConfiguration("a rule that requires evals must name one")

    def check(context: Context) -> Violation | None:
        standing = context.get(ContextKey.EVALUATIONS)
        violations = [one for one in (_why_not(standing, name) for name in names) if one]
        if not violations:
            return None
        reasons = " ".join(violation.reason for violation in violations)
        return Violation(reasons, tuple(fact for one in violations for fact in one.facts))

    named = {"evals": ", ".join(names)}
    return Invariant(REQUIRED_EVALS, InvariantClass.ACCEPTANCE, check, parameters=named)


def _why_not(standing: Sequence[Fact], name: str) -> Violation | None:
    fact = _last(standing, name)
    if fact is None:
        return Violation(f"The eval {name} is required to pass; it has no result.")
    required = f"The eval {name} is required to pass; {fact.id}"
    try:
        result = read(EvalResult, fact.structured)
    except InvalidValue as error:
        return Violation(f"{required} is no result ({error}).", (fact.id,))
    if result.outcome is EvalOutcome.PASS:
        return None
    return Violation(f"{required} says {result.words()}", (fact.id, *result.facts))


def _seen(view: ContextView) -> tuple[Fact, ...]:
    """Returns the evaluations of the snapshot, without their counting as read.

    A result does not rest on the ones before it, let alone on those of other evals.
    """
    return view.peek(ContextKey.EVALUATIONS)


def _last(standing: Sequence[Fact], name: str) -> Fact | None:
    """Returns the latest result of an eval; what others say in its name does not count."""
    own = agent_of(name)
    named = (fact for fact in reversed(standing) if fact.id.startswith(own))
    return next((fact for fact in named if fact.agent == own), None)
