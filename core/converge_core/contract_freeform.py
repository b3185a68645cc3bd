"""The contract for words alone: bounded text that may cite the state and counts nothing itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from converge_core.answer_schema import ANY_ID, Fields, Shape, Text, free_text, id_of, words_text
from converge_core.answers import FreeformAnswer, texts_of
from converge_core.contract import CheckResult, ContractResult, Ground, ShapedContract, held
from converge_core.contract_checks import (
    citable,
    cites_exist,
    fits,
    hints_not_evidence,
    not_blank,
    said_rightly,
)
from converge_core.errors import InvalidConfiguration
from converge_core.grammar import MOST_TIMES


@dataclass(frozen=True, slots=True)
class FreeformContract(ShapedContract):
    """Running text of at most so many characters, a cite counted as one.

    Attributes:
        most: the longest text.
    """

    most: int = 400
    name: str = field(default="freeform:v1", init=False)

    def __post_init__(self) -> None:
        if not 0 < self.most <= MOST_TIMES:
            raise InvalidConfiguration(f"A text has 1 to {MOST_TIMES} characters, not {self.most}.")

    def shape(self, ground: Ground | None = None) -> Shape:
        """Returns the shape; over ``ground`` the text holds no digit and cites what stands."""
        if ground is None:
            return Fields((("text", Text(free_text(ANY_ID, self.most))),))
        cites = citable(ground)
        return Fields((("text", Text(words_text(id_of(cites) if cites else None, self.most))),))

    def hold(self, raw: str, ground: Ground) -> ContractResult:
        """Parses ``raw`` and checks it against ``ground``."""
        return held(self.name, FreeformAnswer, raw, ground, self._checks)

    def _checks(self, answer: FreeformAnswer, ground: Ground) -> tuple[CheckResult, ...]:
        no_own_numbers, plain, _ = said_rightly(answer)
        return (
            cites_exist(answer, ground),
            hints_not_evidence(answer, ground),
            no_own_numbers,
            plain,
            fits(texts_of(answer), self.most),
            not_blank(answer),
        )
