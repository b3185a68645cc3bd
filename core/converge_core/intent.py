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
        agents_per_cycle: the most agents that may execute in one cycle; None for no limit.
    """

    cycles: int = 100
    facts: int = 10_000
    tokens: int | None = None
    time_us: int | None = None
    agents_per_cycle: int | None = None


class Criterion(Record, frozen=True):
    """What must be so in the end for the run to have met its intent.

    Attributes:
        id: by which an engine finds who judges it; nobody has to.
        description: what it wants, in words.
        key: where a fact must stand, unless somebody judges it otherwise.
        required: whether the run misses its intent without it.
    """

    id: str
    description: str
    key: ContextKey
    required: bool = True


class RootIntent(Record, frozen=True):
    """What a run is for.

    Attributes:
        question: what is asked, as the intent layer of a prompt words it.
        subject: what it is asked about.
        criteria: what must stand in the end.
        budgets: what may be used up.
        required_agents: agents without whose work the run stops.
        required_facts: proposals, by fact id, whose refusal stops the run.
        active_packs: the packs whose agents take part, beside those of no pack; None for all.
    """

    question: str
    subject: str
    criteria: tuple[Criterion, ...] = ()
    budgets: Budgets = Budgets()
    required_agents: tuple[str, ...] = ()
    required_facts: tuple[str, ...] = ()
    active_packs: tuple[str, ...] | None = None
