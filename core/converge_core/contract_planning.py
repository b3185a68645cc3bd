"""The contract of the third step: a verdict that follows, and steps of declared capabilities."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from converge_core.answer_schema import (
    ANY_ID,
    Called,
    Each,
    Fields,
    Several,
    Shape,
    Text,
    Words,
    id_of,
)
from converge_core.answers import MAX_CITES, MAX_PLAN_STEPS, PlanningAnswer
from converge_core.contract import (
    CheckResult,
    ContractResult,
    Ground,
    ShapedContract,
    held,
    verdict_on,
)
from converge_core.contract_checks import (
    against,
    citable_if_hinted,
    cites_exist,
    hints_not_evidence,
)
from converge_core.grammar import Literal, Named, Part, either
from converge_core.prompt import Standing


@dataclass(frozen=True, slots=True)
class PlanningContract(ShapedContract):
    """A verdict that follows from the chain, and ordered steps of declared capabilities.

    Each step answers something that speaks against; how a plan closes is the pack's to say.
    """

    verdicts: tuple[str, ...]
    name: str = field(default="planning:v2", init=False)

    def shape(self, ground: Ground | None = None) -> Shape:
        """Returns the shape; over ``ground`` it answers each thing that speaks against, once.

        What weighs most is answered first; which means answers it is the model's to say.
        """
        due = [] if ground is None else _due(ground)
        if ground is None or (due and not ground.capabilities):
            cites = citable_if_hinted(ground)
            # Where nothing is declared no step can be right; that is for the checks to say.
            step = _step(ANY_ID if cites is None else id_of(cites), _ANY_MEANS)
            return self._answer(self.verdicts, Several(step, 0, MAX_PLAN_STEPS))
        follows = (ground.concluded,) if ground.concluded in self.verdicts else self.verdicts
        if not due:
            return self._answer(follows, Each(()))
        means = Named("do", either(*sorted(ground.capabilities)))
        if len(due) > MAX_PLAN_STEPS:
            return self._answer(follows, Several(_step(id_of(due), means), 1, MAX_PLAN_STEPS))
        return self._answer(follows, Each(tuple(_answering(cite, means) for cite in due)))

    def _answer(self, verdicts: tuple[str, ...], steps: Shape) -> Shape:
        return Fields((("verdict", Words("verdict", verdicts)), ("steps", steps)))

    def hold(self, raw: str, ground: Ground) -> ContractResult:
        """Parses ``raw`` and checks it against ``ground``."""
        return held(self.name, PlanningAnswer, raw, ground, _checks)


_ANY_MEANS = Named("do", ANY_ID.part)


def _due(ground: Ground) -> list[str]:
    """Returns what speaks against, by id: breaches first, then concerns, then unknowns."""
    weights = list(Standing)
    entries = [entry for entry in against(ground) if entry.standing is not None]
    entries.sort(key=lambda entry: weights.index(entry.standing))  # type: ignore[arg-type]
    return [entry.cite for entry in entries]


def _answering(cite: str, means: Part) -> Shape:
    return Fields((("for", Each((Text(Literal(cite)),))), ("do", Text(means))))


def _step(identity: Part, means: Part) -> Shape:
    cites = Called("cites", Several(Called("quoted", Text(identity)), 1, MAX_CITES))
    return Called("step", Fields((("for", cites), ("do", Text(means)))))


def _checks(answer: PlanningAnswer, ground: Ground) -> tuple[CheckResult, ...]:
    return (
        _verdict_declared(answer, ground),
        _verdict_follows(answer, ground),
        _capabilities_declared(answer, ground),
        cites_exist(answer, ground),
        hints_not_evidence(answer, ground),
        _steps_answer(answer, ground),
        _nothing_unanswered(answer, ground),
        _steps_differ(answer),
    )


def _verdict_declared(answer: PlanningAnswer, ground: Ground) -> CheckResult:
    wrong = [] if answer.verdict in ground.verdicts else [answer.verdict or "nothing"]
    reason = "The verdict is not one the pack declares."
    return verdict_on("verdict-declared", wrong, reason, ", ".join(ground.verdicts))


def _verdict_follows(answer: PlanningAnswer, ground: Ground) -> CheckResult:
    concluded = ground.concluded
    wrong = [] if concluded in {None, answer.verdict} else [answer.verdict or "nothing"]
    reason = "The plan's verdict is not the one the reasoning concluded."
    return verdict_on("verdict-follows", wrong, reason, concluded or "")


def _capabilities_declared(answer: PlanningAnswer, ground: Ground) -> CheckResult:
    wrong = [step.do for step in answer.steps if step.do not in ground.capabilities]
    reason = "The plan names a capability that the pack does not declare."
    expected = ", ".join(sorted(ground.capabilities))
    return verdict_on("capabilities-declared", wrong, reason, expected)


def _steps_answer(answer: PlanningAnswer, ground: Ground) -> CheckResult:
    due = {entry.cite for entry in against(ground)}
    hints = {entry.cite for entry in ground.state.entries if entry.hint}
    cited = [cite for step in answer.steps for cite in step.cites]
    wrong = [cite for cite in cited if cite not in due | hints]
    reason = "The plan has a step for something that does not speak against."
    return verdict_on("steps-answer", wrong, reason, "a breach, a concern or an unknown")


def _nothing_unanswered(answer: PlanningAnswer, ground: Ground) -> CheckResult:
    # Without declared capabilities no step can be right, so that none is what is left.
    due = [entry.cite for entry in against(ground)] if ground.capabilities else []
    answered = {cite for step in answer.steps for cite in step.cites}
    missing = [cite for cite in due if cite not in answered]
    wrong = missing[: max(0, MAX_PLAN_STEPS - (len(due) - len(missing)))]
    reason = "The plan has no step for something that speaks against."
    return verdict_on("nothing-unanswered", wrong, reason, "a step for each that speaks against")


def _steps_differ(answer: PlanningAnswer) -> CheckResult:
    told = Counter((step.do, cite) for step in answer.steps for cite in step.cites)
    wrong = [f"{do} for {cite}" for (do, cite), times in told.items() if times > 1]
    reason = "The plan says a step twice."
    return verdict_on("steps-differ", wrong, reason, "each capability once for each entry")
