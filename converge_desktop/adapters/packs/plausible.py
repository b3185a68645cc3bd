"""What the numbers of a state can be, alone and together, as a pack declares it.

A range says which values of a metric are possible at all. A contradiction names two conditions
that cannot both hold, and why. Neither is a limit: a limit says what is wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from converge_core.contradiction import Condition, Contradiction, ValueRange
from converge_desktop.adapters.sections import MetricId, Section, Word, repeated


class ConditionSection(Section):
    """``{ metric = "tests.failed", at_least = "1" }``, one of a contradiction's two."""

    metric: MetricId
    at_least: Decimal | None = None
    at_most: Decimal | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> ConditionSection:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("needs either at_least or at_most")
        return self

    def condition(self) -> Condition:
        """Returns the condition."""
        bound = self.at_most if self.at_least is None else self.at_least
        assert bound is not None
        return Condition(self.metric, bound, self.at_least is not None)


class ContradictionSection(Section):
    """``[[contradiction]]``."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,59}$")]
    reason: Word
    when: Annotated[list[ConditionSection], Field(min_length=2, max_length=2)]

    @model_validator(mode="after")
    def _about_two(self) -> ContradictionSection:
        first, second = self.when
        if first.metric == second.metric:
            raise ValueError(f"both conditions are about {first.metric}; a range says that")
        return self

    def contradiction(self) -> Contradiction:
        """Returns the contradiction."""
        first, second = self.when
        return Contradiction(self.name, first.condition(), second.condition(), self.reason)

    def words(self) -> str:
        """Returns what counts in it, such as ``all-fail: tests.failed at least 1 and ...``."""
        both = " and ".join(str(one.condition()) for one in self.when)
        return f"{self.name}: {both}"


class RangeSection(Section):
    """``[[range]]``."""

    metric: MetricId
    least: Decimal | None = None
    most: Decimal | None = None

    @model_validator(mode="after")
    def _some_bound(self) -> RangeSection:
        if self.least is None and self.most is None:
            raise ValueError("needs least, most or both")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError(f"no value lies between {self.least} and {self.most}")
        return self

    def range(self) -> ValueRange:
        """Returns the range."""
        return ValueRange(self.metric, self.least, self.most)

    def words(self) -> str:
        """Returns what counts in it, such as ``coverage.line from 0 to 100``."""
        least = "" if self.least is None else f" from {self.least}"
        most = "" if self.most is None else f" to {self.most}"
        return f"{self.metric}{least}{most}"


def why_implausible(
    contradictions: Sequence[ContradictionSection],
    ranges: Sequence[RangeSection],
    metrics: frozenset[str] | None,
) -> str:
    """Returns what is wrong with them together, or an empty text.

    Args:
        contradictions: what the pack declares.
        ranges: what the pack declares.
        metrics: the metrics there are; None where the pack's input decides that.
    """
    for twice in repeated([one.name for one in contradictions]):
        return f"two contradictions are named {twice}"
    for twice in repeated([one.metric for one in ranges]):
        return f"there are two ranges of {twice}"
    named = [(one.name, side.metric) for one in contradictions for side in one.when]
    named += [("a range", one.metric) for one in ranges]
    for where, metric in named:
        if metrics is not None and metric not in metrics:
            return f"{where} names {metric}, which no [[metric]] declares"
    return ""
