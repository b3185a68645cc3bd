"""What came of a recorded call that was asked once more with something changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from converge_desktop.runtime.review_model import CheckRow
from converge_desktop.runtime.trace_compare import TextDifference

if TYPE_CHECKING:
    from converge_desktop.runtime.replay import FirstDifference

LONGEST: Final = 30_000
"""How long a layer may be that is typed, in characters."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a model answers to a recorded call with something changed. Nothing of it is recorded.

    Attributes:
        trace_id: which call.
        model: what answered, by its name.
        layers: the layers that were other than recorded, by name.
        recorded: the answer on record.
        answer: the answer that came.
        words: where they part, by words.
        first: where they part, by the tokens of what answered; None where they do not.
        checks: what came of each check of the contract, over the facts on record.
        unchecked: why no check was applied; empty where all were.
        changed: what of the envelope is not as recorded: its field, then, and now.
        cut: whether the answer ran into its limit.
        output_tokens: the tokens of the answer.
        duration: how long it took, in microseconds.
    """

    trace_id: str
    model: str
    layers: tuple[str, ...]
    recorded: str
    answer: str
    words: TextDifference
    first: FirstDifference | None = None
    checks: tuple[CheckRow, ...] = ()
    unchecked: str = ""
    changed: tuple[tuple[str, str, str], ...] = ()
    cut: bool = False
    output_tokens: int = 0
    duration: int = 0

    @property
    def same(self) -> bool:
        """Whether it is the answer on record, to the byte."""
        return self.answer == self.recorded

    @property
    def broken(self) -> tuple[CheckRow, ...]:
        """The checks that it does not pass."""
        return tuple(check for check in self.checks if not check.passed)
