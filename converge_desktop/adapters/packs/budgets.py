"""What a pack says of how much its runs may use up."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from converge_desktop.adapters.sections import Section

Most = Annotated[int, Field(ge=1, le=1_000_000_000)] | None


class BudgetSection(Section):
    """``[budgets]`` of a pack: the most that whoever starts a run may give it.

    Where it is silent, a run may be given less than the usual, and never more.
    """

    cycles: Most = None
    facts: Most = None
    tokens: Most = None
    seconds: Most = None

    def most(self, name: str) -> int | None:
        """Returns the most of a budget, by its name here; None where the pack is silent."""
        found: int | None = getattr(self, name)
        return found
