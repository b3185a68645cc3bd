"""The contract of the first step: what speaks for and against, then what follows from it."""

from __future__ import annotations

import re
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
    free_text,
    id_of,
    said_text,
)
from converge_core.answers import MAX_REASONS, UNCERTAIN, ReasoningAnswer, cites_of
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
    each_cites,
    evidence,
    hints_not_evidence,
    said_rightly,
    says_something,
)
from converge_core.grammar import Named
from converge_core.prompt import CITE, Standing

_OPEN = r"(?:unknown|not known|missing|contradict\w*|conflict\w*|impossible|unclear)"
_DOUBT = re.compile(
    rf"\b(?:{_OPEN}|(?:cannot|no value)(?!(?:\W+(?:be|is|are|in|a))*\W+{_OPEN}))\b",
    re.IGNORECASE,
)
"""Words that give a reason for drawing no conclusion."""
_NOT_BEFORE = re.compile(
    r"\b(?:no|not|cannot|never|nothing|none|nobody|neither|nor|without|hardly|lacks?|\w+n't)\b",
    re.IGNORECASE,
)
_NOT_AFTER = re.compile(
    r"\W*(?:(?:is|are|was|were|does|do|has|have)\W+)?(?:none|absent|free|no|not|never|nothing)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"[.;]|(?:,|\band\b)(?=\s*\{)|\b(?:but|yet|although|though|because|since|while)\b",
    re.IGNORECASE,
)
"""What begins a clause, into which what was denied before does not reach."""


@dataclass(frozen=True, slots=True)
class ReasoningContract(ShapedContract):
    """Steps that each cite the state, then a declared conclusion or an explicit "uncertain"."""

    verdicts: tuple[str, ...]
    name: str = field(default="reasoning:v1", init=False)

    def shape(self, ground: Ground | None = None) -> Shape:
        """Returns the shape; over ``ground`` each thing that a limit binds is weighed once."""
        if ground is not None:
            weighed = [one.cite for one in evidence(ground) if one.standing is not None]
            if 0 < len(weighed) <= MAX_REASONS:
                # What is cited comes before what is said of it.
                return self._answer(Each(tuple(_step(Text(said_text(cite))) for cite in weighed)))
        cites = citable_if_hinted(ground)
        identity = ANY_ID if cites is None else id_of(cites) if cites else None
        text = Text(Named("text", free_text(identity)))
        return self._answer(Several(Called("step", _step(text)), 1, MAX_REASONS))

    def _answer(self, steps: Shape) -> Shape:
        conclusion = Words("verdict", (*self.verdicts, UNCERTAIN))
        return Fields((("steps", steps), ("conclusion", conclusion)))

    def hold(self, raw: str, ground: Ground) -> ContractResult:
        """Parses ``raw`` and checks it against ``ground``."""
        return held(self.name, ReasoningAnswer, raw, ground, _checks)


def _step(text: Shape) -> Shape:
    return Fields((("text", text), ("side", Words("side", tuple(Standing)))))


def _checks(answer: ReasoningAnswer, ground: Ground) -> tuple[CheckResult, ...]:
    return (
        each_cites(answer, ground),
        hints_not_evidence(answer, ground),
        *said_rightly(answer),
        says_something(answer),
        _sides_agree(answer, ground),
        _weighed_once(answer),
        _nothing_left_out(answer, ground),
        _conclusion_declared(answer, ground),
        _uncertain_explained(answer, ground),
        _contradictions_faced(answer, ground),
    )


def _sides_agree(answer: ReasoningAnswer, ground: Ground) -> CheckResult:
    standings = {entry.cite: entry.standing for entry in evidence(ground)}
    wrong = [
        f"{cite} as {step.side}"
        for step in answer.steps
        for cite in cites_of([step.text])
        if cite in standings and standings[cite] is not step.side
    ]
    reason = "The model puts a fact on the wrong side."
    return verdict_on("sides-agree", wrong, reason, "the standing computed from the limits")


def _weighed_once(answer: ReasoningAnswer) -> CheckResult:
    weighed = Counter(cite for step in answer.steps for cite in set(cites_of([step.text])))
    wrong = sorted(cite for cite, times in weighed.items() if times > 1)
    reason = "The reasoning weighs something twice."
    return verdict_on("weighed-once", wrong, reason, "each fact in one step only")


def _nothing_left_out(answer: ReasoningAnswer, ground: Ground) -> CheckResult:
    said = set(cites_of([step.text for step in answer.steps]))
    due = [entry.cite for entry in against(ground)]
    missing = [cite for cite in due if cite not in said]
    wrong = missing[: max(0, MAX_REASONS - (len(due) - len(missing)))]
    reason = "The reasoning leaves out something that speaks against."
    return verdict_on("nothing-left-out", wrong, reason, "every breach, concern and unknown")


def _conclusion_declared(answer: ReasoningAnswer, ground: Ground) -> CheckResult:
    declared = (*ground.verdicts, UNCERTAIN)
    wrong = [] if answer.conclusion in declared else [answer.conclusion or "nothing"]
    reason = "The verdict is not one the pack declares."
    return verdict_on("conclusion-declared", wrong, reason, ", ".join(declared))


def _uncertain_explained(answer: ReasoningAnswer, ground: Ground) -> CheckResult:
    explained = (
        answer.conclusion != UNCERTAIN
        or bool(ground.contradictions)
        or any(step.side is Standing.UNKNOWN or _doubts(step.text) for step in answer.steps)
    )
    wrong = [] if explained else [answer.steps[0].text]
    reason = "The model is uncertain and does not say what of."
    return verdict_on("uncertain-explained", wrong, reason, "what is unknown or contradicts itself")


def _doubts(text: str) -> bool:
    """Whether a text says of something that it is open, and not that nothing is."""
    clauses = (CITE.sub("", clause) for clause in _CLAUSE.split(text))
    return any(
        not _NOT_BEFORE.search(clause[: word.start()])
        and not _NOT_AFTER.match(clause[word.end() :])
        for clause in clauses
        for word in _DOUBT.finditer(clause)
    )


def _contradictions_faced(answer: ReasoningAnswer, ground: Ground) -> CheckResult:
    faced = answer.conclusion == UNCERTAIN
    present = () if faced else ground.contradictions
    wrong = [f"{answer.conclusion} in spite of {one.name}" for one in present]
    told = " ".join(one.reason for one in present)
    reason = f"The reasoning draws a conclusion from a state that cannot be so. {told}"
    return verdict_on("contradictions-faced", wrong, reason, UNCERTAIN)
