"""The contract of the second step: how fit the state is, how sure the model is, and why."""

from __future__ import annotations

from dataclasses import dataclass, field

from converge_core.answer_schema import (
    ANY_ID,
    Fields,
    Shape,
    Text,
    Unit,
    cited_text,
    free_text,
    id_of,
)
from converge_core.answers import EvaluationAnswer, cites_in
from converge_core.contract import CheckResult, ContractResult, Ground, ShapedContract, held
from converge_core.contract_checks import (
    EVEN,
    against,
    citable,
    citable_if_hinted,
    confidence_allowed,
    each_cites,
    evidence,
    hints_not_evidence,
    said_rightly,
    says_something,
)
from converge_core.grammar import Named, Part
from converge_core.prompt import Standing, StateEntry

NEARLY_FIT = 900
"""The score, in thousandths, from which on nothing may speak against."""


@dataclass(frozen=True, slots=True)
class EvaluationContract(ShapedContract):
    """A score and a confidence in 0..1 with a justification that cites the state."""

    name: str = field(default="evaluation:v1", init=False)

    def shape(self, ground: Ground | None = None) -> Shape:
        """Returns the shape; over ``ground`` the justification begins with a fact that stands."""
        justification = ("justification", Text(justifying(ground)))
        return Fields((justification, ("score", Unit()), ("confidence", Unit())))

    def hold(self, raw: str, ground: Ground) -> ContractResult:
        """Parses ``raw`` and checks it against ``ground``."""
        return held(self.name, EvaluationAnswer, raw, ground, _checks)


def justifying(ground: Ground | None) -> Part:
    """Returns the grammar of a justification, over a state if it holds anything to be cited."""
    cites = citable(ground) if ground is not None else ()
    if cites:
        return cited_text(id_of(cites))
    hinted = citable_if_hinted(ground) is not None
    return Named("text", free_text(None if hinted else ANY_ID))


def _checks(answer: EvaluationAnswer, ground: Ground) -> tuple[CheckResult, ...]:
    return (
        each_cites(answer, ground),
        hints_not_evidence(answer, ground),
        *said_rightly(answer),
        says_something(answer),
        _score_agrees(answer, ground),
        confidence_allowed(answer, ground),
    )


def _score_agrees(answer: EvaluationAnswer, ground: Ground) -> CheckResult:
    expected = _direction(answer, ground)
    if not expected:
        return CheckResult("score-agrees", passed=True)
    reason = "The score points the other way than the evidence."
    return CheckResult("score-agrees", False, reason, expected, str(answer.score))


def _direction(answer: EvaluationAnswer, ground: Ground) -> str:
    """Returns where the score had to be; nothing if it may be where it is."""
    score, counter = answer.score_thousandths, against(ground)
    if any(entry.standing is Standing.BREACH for entry in counter) and score >= EVEN:
        return "below 0.50, because a hard limit is broken"
    if any(_unknown_and_hard(entry) for entry in counter) and score > EVEN:
        return "at most 0.50, because it is not known whether a hard limit is kept"
    if counter and score >= NEARLY_FIT:
        return "below 0.90, because something speaks against it"
    if not counter and score <= EVEN:
        return "above 0.50, because nothing speaks against it"
    return _cited_direction(answer, ground)


def _cited_direction(answer: EvaluationAnswer, ground: Ground) -> str:
    """Returns where the score had to be by what it cites.

    Where nothing speaks for it, there is only what speaks against to be cited.
    """
    stands = {entry.cite: entry.standing for entry in evidence(ground)}
    cited = {stands.get(cite) for cite in cites_in(answer)} - {None}
    supported = Standing.SUPPORT in stands.values()
    if cited == {Standing.SUPPORT} and answer.score_thousandths < EVEN:
        return "at least 0.50, because all that it cites speaks for it"
    if cited and supported and Standing.SUPPORT not in cited and answer.score_thousandths > EVEN:
        return "at most 0.50, because all that it cites speaks against it"
    return ""


def _unknown_and_hard(entry: StateEntry) -> bool:
    return entry.standing is Standing.UNKNOWN and entry.binding
