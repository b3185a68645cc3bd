"""What models answer, read back into types: one for each contract.

They are read loosely: shape and fields are all they insist on. Whether the words are such as a
contract allows, and whether they are true to the state, is for its checks to say.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from converge_core.prompt import CITE, Standing

MAX_REASONS = 12
MAX_PLAN_STEPS = 12
MAX_CITES = 4
UNCERTAIN = "uncertain"
"""The conclusion that says that none can be drawn; valid with a reason, and the chain's end."""
MISSING = "missing"
"""The value that says that the state has none; what nobody wrote is not made up."""


def _number(value: object) -> object:
    """Refuses what only reads like a number: a text of digits, or a truth value."""
    if isinstance(value, str | bool):
        raise ValueError("it must be a JSON number")  # noqa: TRY004 - pydantic wants this one
    return value


Identity = Annotated[str, Field(pattern=r"^[a-z][0-9]{2}$")]
Words = Annotated[str, Field(min_length=1)]
Hundredths = Annotated[Decimal, Field(ge=0, le=1, decimal_places=2), BeforeValidator(_number)]


class AnswerModel(BaseModel):
    """What every answer is: frozen, and nothing beside its fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Sure(AnswerModel):
    confidence: Hundredths

    @property
    def confidence_thousandths(self) -> int:
        """The confidence in thousandths, the form in which it is recorded."""
        return int(self.confidence * 1000)


class ReasoningStep(AnswerModel):
    """One thing that speaks for or against, citing what it rests on."""

    side: Standing
    text: Words


class ReasoningAnswer(AnswerModel):
    """Steps, then the conclusion they lead to, which may be :data:`UNCERTAIN`."""

    steps: Annotated[tuple[ReasoningStep, ...], Field(min_length=1, max_length=MAX_REASONS)]
    conclusion: str


class EvaluationAnswer(_Sure):
    """How fit the state is, how sure the model is, and why. Both numbers lie in 0..1."""

    score: Hundredths
    justification: Words

    @property
    def score_thousandths(self) -> int:
        """The score in thousandths, the form in which it is recorded."""
        return int(self.score * 1000)


class PlanStep(AnswerModel):
    """One step: a declared capability by its id, and the state entries it is for."""

    do: Identity
    cites: Annotated[tuple[str, ...], Field(alias="for", min_length=1, max_length=MAX_CITES)]


class PlanningAnswer(AnswerModel):
    """A verdict and the ordered steps that answer what speaks against, if anything does."""

    verdict: str
    steps: Annotated[tuple[PlanStep, ...], Field(max_length=MAX_PLAN_STEPS)]


class ClassificationAnswer(_Sure):
    """The categories something falls into, how sure the model is, and why."""

    justification: Words
    labels: Annotated[tuple[str, ...], Field(min_length=1)]


class ExtractionAnswer(AnswerModel):
    """For each field the id of the entry that holds its value, or :data:`MISSING`; never text."""

    values: dict[str, Annotated[str, Field(pattern=rf"^([a-z][0-9]{{2}}|{MISSING})$")]]


class FreeformAnswer(AnswerModel):
    """Running text that may cite the state."""

    text: Words


Answer = (
    ReasoningAnswer
    | EvaluationAnswer
    | PlanningAnswer
    | ClassificationAnswer
    | ExtractionAnswer
    | FreeformAnswer
)


def confidence_of(answer: Answer) -> int | None:
    """Returns the confidence that the answer itself states, in thousandths; None if it has none."""
    return answer.confidence_thousandths if isinstance(answer, _Sure) else None


def texts_of(answer: Answer) -> list[str]:
    """Returns the running texts of an answer."""
    match answer:
        case ReasoningAnswer(steps=steps):
            return [step.text for step in steps]
        case EvaluationAnswer(justification=text) | ClassificationAnswer(justification=text):
            return [text]
        case FreeformAnswer(text=text):
            return [text]
        case PlanningAnswer() | ExtractionAnswer():
            return []


def cites_of(texts: list[str]) -> list[str]:
    """Returns the cite ids in ``texts``, in order, repeats included."""
    return [match for text in texts for match in CITE.findall(text)]


def cites_in(answer: Answer) -> list[str]:
    """Returns all that an answer cites, in order, repeats included."""
    match answer:
        case PlanningAnswer(steps=steps):
            return [cite for step in steps for cite in step.cites]
        case ExtractionAnswer(values=values):
            return [value for value in values.values() if value != MISSING]
        case _:
            return cites_of(texts_of(answer))
