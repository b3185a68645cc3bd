"""What cannot be so: values that contradict each other, and values that no metric can have.

A pack declares both, because which numbers cannot stand together is nothing a model may settle.
Where one is present, the state does not tell what it seems to tell; :mod:`contract_checks` says
what answers over such a state may still claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from converge_core.errors import InvalidConfiguration
from converge_core.limits import Quantity

_CONDITION = re.compile(r"(\S+) at (least|most) (-?[0-9]+(?:\.[0-9]+)?)")


@dataclass(frozen=True, slots=True)
class Condition:
    """A bound on one metric that a value meets or does not, such as ``tests.failed at most 0``."""

    metric: str
    bound: Decimal
    at_least: bool

    @classmethod
    def read(cls, text: str) -> Condition:
        """Reads the form in which a pack writes it.

        Raises:
            InvalidConfiguration: if it is no such text.
        """
        found = _CONDITION.fullmatch(text)
        if found is None:
            raise InvalidConfiguration(
                f"{text!r} is no condition; write one like “tests.failed at most 0”."
            )
        return cls(found[1], Decimal(found[3]), found[2] == "least")

    def __str__(self) -> str:
        return f"{self.metric} at {'least' if self.at_least else 'most'} {self.bound}"

    def met(self, values: Mapping[str, Quantity]) -> bool:
        """Says whether the metric's value is known and meets the bound."""
        value = _value(values, self.metric)
        if value is None:
            return False
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two conditions that cannot both be met.

    Attributes:
        name: what checks call it.
        first: the one condition.
        second: the other.
        reason: one sentence for a person on why not.
    """

    name: str
    first: Condition
    second: Condition
    reason: str

    def present(self, values: Mapping[str, Quantity]) -> bool:
        """Says whether ``values`` meet both conditions."""
        return self.first.met(values) and self.second.met(values)


@dataclass(frozen=True, slots=True)
class ValueRange:
    """The values that a metric can have at all; one outside of them was measured wrongly.

    Attributes:
        metric: the metric.
        least: the lowest possible value; None where there is none.
        most: the highest.
    """

    metric: str
    least: Decimal | None = None
    most: Decimal | None = None

    @property
    def name(self) -> str:
        """What checks call a value outside of it."""
        return f"{self.metric} impossible"

    @property
    def reason(self) -> str:
        """One sentence for a person."""
        bounds = (("at least", self.least), ("at most", self.most))
        words = " and ".join(f"{word} {bound}" for word, bound in bounds if bound is not None)
        return f"{self.metric} can only be {words}."

    def present(self, values: Mapping[str, Quantity]) -> bool:
        """Says whether the metric's value is known and cannot be."""
        value = _value(values, self.metric)
        if value is None:
            return False
        below = self.least is not None and value < self.least
        return below or (self.most is not None and value > self.most)


Impossibility = Contradiction | ValueRange
"""Whatever is declared to be impossible."""


def contradictions_in(
    declared: Iterable[Impossibility], values: Mapping[str, Quantity]
) -> tuple[Impossibility, ...]:
    """Returns those that are present in ``values``, by metric, in the order of declaration."""
    return tuple(one for one in declared if one.present(values))


def _value(values: Mapping[str, Quantity], metric: str) -> Decimal | None:
    quantity = values.get(metric)
    if quantity is None or quantity.value is None:
        return None
    # Made from its digits, so that no context rounds it before it is compared.
    return Decimal(f"{quantity.value}E{-quantity.places}")
