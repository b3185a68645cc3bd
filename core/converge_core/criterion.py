"""Whether an intent's criteria are met: four answers, and what a run makes of them.

Source: vocabulary of the original's truths: met, blocked, unmet, indeterminate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from converge_core.canonical import checked
from converge_core.context import Context
from converge_core.ids import FactId
from converge_core.intent import Criterion
from converge_core.stop import AnyStop, Converged, CriteriaMet, HumanInterventionRequired


@dataclass(frozen=True, slots=True)
class Met:
    """It is so, and these facts say it."""

    evidence: tuple[FactId, ...] = ()


@dataclass(frozen=True, slots=True)
class Unmet:
    """It is not so."""

    reason: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """It cannot become so until a person acts outside this run.

    Attributes:
        reason: one sentence for a person.
        approval: what that person is to approve, if it has a name.
    """

    reason: str
    approval: str = ""


@dataclass(frozen=True, slots=True)
class Indeterminate:
    """Nobody can say."""

    reason: str


CriterionResult = Met | Unmet | Blocked | Indeterminate
Judge = Callable[[Context], CriterionResult]
"""Says whether a criterion is met; pure."""


def judge(criterion: Criterion, judges: Mapping[str, Judge], context: Context) -> CriterionResult:
    """Returns whether ``context`` meets ``criterion``; without a judge, a fact under its key does.

    A judge that fails leaves it indeterminate.
    """
    judged = judges.get(criterion.id)
    if judged is None:
        newest = context.latest(criterion.key)
        return Met((newest.id,)) if newest else Unmet(f"Nothing stands under {criterion.key}.")
    try:
        result: Any = judged(context._fork())  # noqa: SLF001 - what it stages is its own
        if _can_be_told(result):
            return cast("CriterionResult", result)
    except Exception as error:  # noqa: BLE001 - a judge may fail in any way
        return Indeterminate(f"It could not be judged: {type(error).__name__}.")
    return Indeterminate("It was judged without a reason.")


def _can_be_told(result: Any) -> bool:
    """Whether it is an answer whose fields are of their types; what no text can hold raises."""
    if type(result) is Met:
        checked(result.evidence, "evidence")
        return type(result.evidence) is tuple
    told = [result.reason, result.approval] if type(result) is Blocked else [result.reason]
    checked(told, "answer")
    return isinstance(result, (Unmet, Blocked, Indeterminate)) and all(
        type(one) is str for one in told
    )


def outcome(results: Iterable[tuple[Criterion, CriterionResult]]) -> AnyStop:
    """Returns how a run ends at its fixed point, from what came of its criteria."""
    required = [(one, result) for one, result in results if one.required]
    blocked = [(one, result) for one, result in required if isinstance(result, Blocked)]
    if blocked:
        return HumanInterventionRequired(
            criteria=tuple(one.description for one, _ in blocked),
            detail=" ".join(result.reason for _, result in blocked),
            approvals=tuple(result.approval for _, result in blocked if result.approval),
        )
    if required and all(isinstance(result, Met) for _, result in required):
        return CriteriaMet(criteria=tuple(one.description for one, _ in required))
    return Converged()
