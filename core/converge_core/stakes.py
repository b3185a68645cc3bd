"""What hangs on a proposal, as a pack works it out for the policy to compare with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from converge_core.context import Context
from converge_core.errors import InvalidValue
from converge_core.policy import Risk
from converge_core.proposal import Draft


@dataclass(frozen=True, slots=True)
class Stakes:
    """What hangs on a proposal: an amount in the pack's unit and the pack's grading, if known."""

    amount: int | None = None
    risk: Risk | None = None


NO_STAKES = Stakes()
StakesOf = Callable[[Draft, Context], Stakes]
"""Works out what hangs on a proposal from facts and the pack's own tables; never from a model."""


def sound(stakes: Stakes) -> Stakes:
    """Returns ``stakes`` if rules can compare it: what is no number is above and below nothing.

    Raises:
        InvalidValue: if amount or risk are of another type than they say.
    """
    if stakes.amount is not None and type(stakes.amount) is not int:
        raise InvalidValue("the amount at stake is no whole number")
    if stakes.risk is not None and type(stakes.risk) is not Risk:
        raise InvalidValue("the risk at stake is no grade of risk")
    return stakes
