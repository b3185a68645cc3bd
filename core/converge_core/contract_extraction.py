"""The contract for finding declared fields in a state: by id, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field

from converge_core.answer_schema import ANY_ID, Fields, Shape, Text, Words
from converge_core.answers import MISSING, ExtractionAnswer
from converge_core.contract import (
    CheckResult,
    ContractResult,
    Ground,
    ShapedContract,
    held,
    verdict_on,
)
from converge_core.contract_checks import citable, cites_exist, hints_not_evidence
from converge_core.errors import InvalidConfiguration
from converge_core.grammar import Named, either


@dataclass(frozen=True, slots=True)
class ExtractionContract(ShapedContract):
    """For each field the id of the entry that holds its value, or an explicit "missing".

    No value is ever the model's own text, so none can be made up. A required field that is
    missing may be said to be, and then the answer is not enough to go on with.

    Attributes:
        required: the fields without which the answer is not enough.
        optional: the fields that may be missing.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    name: str = field(default="extraction:v1", init=False)

    def __post_init__(self) -> None:
        fields = self._fields
        if not fields or len(set(fields)) < len(fields):
            raise InvalidConfiguration("An extraction needs fields, and each only once.")

    @property
    def _fields(self) -> tuple[str, ...]:
        return (*self.required, *self.optional)

    def shape(self, ground: Ground | None = None) -> Shape:
        """Returns the shape; over ``ground`` a value is the id of a fact that stands."""
        value: Shape = Text(Named("value", either(ANY_ID, MISSING)))
        if ground is not None:
            value = Words("value", (*dict.fromkeys(citable(ground)), MISSING))
        fields = tuple((name, value) for name in self._fields)
        return Fields((("values", Fields(fields, frozenset(self.optional))),))

    def hold(self, raw: str, ground: Ground) -> ContractResult:
        """Parses ``raw`` and checks it against ``ground``."""
        return held(self.name, ExtractionAnswer, raw, ground, self._checks)

    def _checks(self, answer: ExtractionAnswer, ground: Ground) -> tuple[CheckResult, ...]:
        return (
            self._fields_declared(answer),
            self._required_found(answer),
            cites_exist(answer, ground),
            hints_not_evidence(answer, ground),
        )

    def _fields_declared(self, answer: ExtractionAnswer) -> CheckResult:
        wrong = [name or "nothing" for name in answer.values if name not in self._fields]
        reason = "The answer has a field that nobody asked for."
        return verdict_on("fields-declared", wrong, reason, ", ".join(self._fields))

    def _required_found(self, answer: ExtractionAnswer) -> CheckResult:
        values = answer.values
        wrong = [name for name in self.required if values.get(name, MISSING) == MISSING]
        reason = "A required field is missing in the state, or in the answer."
        return verdict_on("required-found", wrong, reason, ", ".join(self.required))
