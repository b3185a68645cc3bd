"""The contract for sorting something into declared categories, for a small and fast model."""

from __future__ import annotations

from dataclasses import dataclass, field

from converge_core.answer_schema import Called, Each, Fields, Shape, SomeOf, Text, Unit, Words
from converge_core.answers import ClassificationAnswer
from converge_core.contract import (
    CheckResult,
    ContractResult,
    Ground,
    ShapedContract,
    held,
    verdict_on,
)
from converge_core.contract_checks import (
    confidence_allowed,
    each_cites,
    hints_not_evidence,
    said_rightly,
    says_something,
)
from converge_core.contract_evaluation import justifying
from converge_core.errors import InvalidConfiguration


@dataclass(frozen=True, slots=True)
class ClassificationContract(ShapedContract):
    """Declared categories with a confidence, and a justification that cites the state.

    Attributes:
        categories: the categories there are.
        several: whether something may fall into more than one of them.
    """

    categories: tuple[str, ...]
    several: bool = False
    name: str = field(default="classification:v1", init=False)

    def __post_init__(self) -> None:
        if not self.categories or len(set(self.categories)) < len(self.categories):
            raise InvalidConfiguration("A classification needs categories, and each only once.")

    def shape(self, ground: Ground | None = None) -> Shape:
        """Returns the shape; over ``ground`` the justification begins with a fact that stands."""
        one = Each((Words("label", self.categories),))
        return Fields(
            (
                ("justification", Text(justifying(ground))),
                ("labels", Called("labels", SomeOf(self.categories)) if self.several else one),
                ("confidence", Unit()),
            )
        )

    def hold(self, raw: str, ground: Ground) -> ContractResult:
        """Parses ``raw`` and checks it against ``ground``."""
        return held(self.name, ClassificationAnswer, raw, ground, self._checks)

    def _checks(self, answer: ClassificationAnswer, ground: Ground) -> tuple[CheckResult, ...]:
        return (
            each_cites(answer, ground),
            hints_not_evidence(answer, ground),
            *said_rightly(answer),
            says_something(answer),
            self._categories_declared(answer),
            self._as_many_as_may_be(answer),
            confidence_allowed(answer, ground),
        )

    def _categories_declared(self, answer: ClassificationAnswer) -> CheckResult:
        wrong = [label or "nothing" for label in answer.labels if label not in self.categories]
        reason = "It is put into a category that is not declared."
        return verdict_on("categories-declared", wrong, reason, ", ".join(self.categories))

    def _as_many_as_may_be(self, answer: ClassificationAnswer) -> CheckResult:
        labels = answer.labels
        sound = len(set(labels)) == len(labels) if self.several else len(labels) == 1
        reason = "It is put into more categories than it may be, or into one of them twice."
        expected = "each at most once" if self.several else "just one"
        return verdict_on("categories-counted", [] if sound else list(labels), reason, expected)
