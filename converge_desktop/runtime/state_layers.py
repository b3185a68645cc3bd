"""Facts as a model is shown them: the entries of a state layer, and what an answer is held to.

A number stands there because it was measured, and what it says about the question because a limit
of the pack says so; neither is ever a model's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from converge_core.answers import Answer, PlanningAnswer, ReasoningAnswer
from converge_core.context import ContextView
from converge_core.contract import Ground, TruthEvaluator
from converge_core.contradiction import Impossibility, contradictions_in
from converge_core.fact import Fact
from converge_core.key import ContextKey
from converge_core.limits import Limit, Quantity
from converge_core.prompt import Standing, StateEntry
from converge_desktop.adapters.packs.pack import Pack

LETTERS: Mapping[ContextKey, str] = {
    ContextKey.SEEDS: "d",
    ContextKey.HYPOTHESES: "h",
    ContextKey.STRATEGIES: "p",
    ContextKey.CONSTRAINTS: "l",
    ContextKey.SIGNALS: "s",
    ContextKey.COMPETITORS: "o",
    ContextKey.EVALUATIONS: "e",
    ContextKey.PROPOSALS: "r",
    ContextKey.DIAGNOSTIC: "w",
}
"""What the cite ids of the facts of each key begin with; ``c`` is taken by capabilities."""

MOST_FACTS = 99
"""How many facts of one key can be cited: an id has two digits."""

LONGEST_SHOWN = 120
"""How much of a statement stands in the place of its cite, in characters."""


def quantity_of(fact: Fact) -> Quantity:
    """Returns the number a signal states."""
    about = fact.structured
    return Quantity(about["value"], about["places"], about["unit"])


def signals(pack: Pack, view: ContextView) -> dict[str, Fact]:
    """Returns the signals by cite id: those a limit binds first, then the others."""
    facts = sorted(
        view.get(ContextKey.SIGNALS), key=lambda fact: fact.structured["metric"] not in pack.limits
    )
    return cited(ContextKey.SIGNALS, facts)


def cited(key: ContextKey, facts: Iterable[Fact]) -> dict[str, Fact]:
    """Returns facts of one key by the ids they are cited by, in their order."""
    return {f"{LETTERS[key]}{number:02d}": fact for number, fact in enumerate(facts, start=1)}


def signal_entry(pack: Pack, cite: str, fact: Fact) -> StateEntry:
    """Returns how a model sees a number, with its limit and what that says of it."""
    about = fact.structured
    quantity = quantity_of(fact)
    shown = f"{about['label']} {quantity}"
    limit = pack.limits.get(about["metric"])
    told = (about["label"], str(quantity))
    if limit is None:
        return StateEntry(cite, fact.id, ("info", *told), shown)
    return StateEntry(
        cite,
        fact.id,
        (*limit.head(quantity), *told, limit.describe(quantity.unit)),
        shown,
        limit.standing(quantity),
        binding=limit.weight == "hard",
    )


def statement_entry(cite: str, fact: Fact) -> StateEntry:
    """Returns how a model sees a fact that is no number: what kind of statement, and its words."""
    content = fact.content
    shown = content if len(content) <= LONGEST_SHOWN else f"{content[: LONGEST_SHOWN - 1]}…"
    return StateEntry(cite, fact.id, (fact.kind.value, content), shown)


def impossible(pack: Pack, measured: Iterable[Fact]) -> tuple[Impossibility, ...]:
    """Returns what the pack says cannot be, and yet is."""
    return contradictions_in(pack.impossible, _values(measured))


def truths(pack: Pack, measured: Iterable[Fact]) -> dict[str, TruthEvaluator]:
    """Returns who says of each hard limit whether an answer respects it."""
    values = _values(measured)
    return {
        limit.name: _respects(pack, limit, values) for limit in pack.limits.values() if limit.name
    }


def _values(measured: Iterable[Fact]) -> dict[str, Quantity]:
    return {fact.structured["metric"]: quantity_of(fact) for fact in measured}


def _respects(pack: Pack, limit: Limit, values: Mapping[str, Quantity]) -> TruthEvaluator:
    quantity = values.get(limit.metric)
    holds = quantity is not None and limit.standing(quantity) is Standing.SUPPORT

    def evaluate(answer: Answer, ground: Ground) -> bool:
        del ground
        match answer:
            case ReasoningAnswer(conclusion=verdict) | PlanningAnswer(verdict=verdict):
                return holds or verdict not in pack.permissive
        return True

    return evaluate
