"""What a run is for, and what it may use up. Immutable once the run has begun."""

from __future__ import annotations

from converge_core.key import ContextKey
from converge_core.record import Record


class Budgets(Record, frozen=True):
    """What a run may use up.

    Attributes:
        cycles: the most cycles.
        facts: the most facts.
        tokens: the most model tokens, prompt and answer together; None for no limit.
        time_us: the longest that agents may work, in microseconds; None for no limit.
    """

    cycles: int = 100
    facts: int = 10_000
    tokens: int | None = None
    time_us: int | None = None


class Criterion(Record, frozen=True):
    """What must stand in the context for the run to have met its intent."""

    id: str
    description: str
    key: ContextKey


class RootIntent(Record, frozen=True):
    """What a run is for.

    Attributes:
        question: what is asked, as the intent layer of a prompt words it.
        subject: what it is asked about.
        criteria: what must stand in the end.
        budgets: what may be used up.
        required_agents: agents without whose work the run stops.
        required_facts: proposals, by fact id, whose refusal stops the run.
    """

    question: str
    subject: str
    criteria: tuple[Criterion, ...] = ()
    budgets: Budgets = Budgets()
    required_agents: tuple[str, ...] = ()
    required_facts: tuple[str, ...] = ()
