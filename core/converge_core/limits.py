"""Numbers and the limits they are held against.

Values are integers with a number of decimal places, so that comparing never rounds. The numbers a
rule compares come from the pack or its policy, never from a model.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from converge_core.prompt import Standing


@dataclass(frozen=True, slots=True)
class Quantity:
    """A decimal number with a unit; ``value`` counts units of ``10 ** -places``.

    ``value`` None means that the number could not be known.
    """

    value: int | None
    places: int = 0
    unit: str = ""

    def __str__(self) -> str:
        if self.value is None:
            return "unknown"
        number = _plain(self.value, self.places)
        return f"{number} {self.unit}" if self.unit else number


class Weight(StrEnum):
    """What breaking a limit means."""

    HARD = "hard"
    """The gate refuses a verdict against it."""
    SOFT = "soft"
    """It counts as a concern."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on one metric.

    Attributes:
        metric: the metric it binds.
        bound: the bound, as written in the pack.
        at_least: whether the bound is a floor; otherwise it is a ceiling.
        weight: hard or soft.
        remedy: the capability that brings a breach back inside.
        name: the gate's name for it.
    """

    metric: str
    bound: Decimal
    at_least: bool
    weight: Weight
    remedy: str
    name: str

    def margin(self, quantity: Quantity) -> Decimal | None:
        """Returns how far inside (≥ 0) or outside (< 0) the quantity lies; None if unknown."""
        if quantity.value is None:
            return None
        value = Decimal(quantity.value).scaleb(-quantity.places)
        return value - self.bound if self.at_least else self.bound - value

    def standing(self, quantity: Quantity) -> Standing:
        """Returns what the quantity says about the question under this limit."""
        margin = self.margin(quantity)
        if margin is None:
            return Standing.UNKNOWN
        if margin >= 0:
            return Standing.SUPPORT
        return Standing.BREACH if self.weight is Weight.HARD else Standing.CONCERN

    def describe(self, unit: str) -> str:
        """Returns the bound in words, such as ``at least 75.0 %``."""
        words = f"{'at least' if self.at_least else 'at most'} {self.bound}"
        return f"{words} {unit}" if unit else words

    def head(self, quantity: Quantity) -> tuple[str, str]:
        """Returns what opens the quantity's line of the state layer: weight, and signed margin."""
        margin = self.margin(quantity)
        return self.weight.value, f"margin {'?' if margin is None else f'{margin:+}'}"


def _plain(value: int, places: int) -> str:
    if places == 0:
        return str(value)
    sign = "-" if value < 0 else ""
    whole, part = divmod(abs(value), 10**places)
    return f"{sign}{whole}.{part:0{places}d}"
