"""Two runs side by side: which model call differs first, and what came of each.

The calls of both are paired by cycle, agent and step, in their order. What a call was asked is told
apart from how it was computed, and that from what was answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from converge_core.fact import Fact
from converge_core.key import ContextKey
from converge_core.prompt import LAYERS
from converge_core.run_state import Phase, RunState
from converge_core.trace import DecisionTrace, ModelCall
from converge_desktop.runtime.review_model import TraceView
from converge_desktop.runtime.trace_compare import compare
from converge_desktop.runtime.wording import plural, run_label

MOST_FACTS: Final = 200
"""How many facts that only one run has are told, of each."""
PROMPT, ENVELOPE, ANSWER, MISSING = "prompt", "envelope", "answer", "missing"
"""What is other about a pair of calls; ``missing`` where only one run has it."""
_Place = tuple[int, str, str, int]
"""Where a call stands: its cycle, agent and step, and which it is of several there."""


@dataclass(frozen=True, slots=True)
class CallPair:
    """The same call of two runs.

    Attributes:
        cycle: its cycle.
        agent: who asked.
        step: at which step.
        one: the id of the first run's call; empty where it has none.
        other: the id of the second's.
        differs: what is other: ``prompt``, ``envelope``, ``answer`` or ``missing``; empty if
            nothing is.
        words: that for a person.
    """

    cycle: int
    agent: str
    step: str
    one: str
    other: str
    differs: str
    words: str


@dataclass(frozen=True, slots=True)
class OnlyFact:
    """A fact that only one of two runs has, by key and content."""

    run_id: str
    fact_id: str
    key: str
    content: str


@dataclass(frozen=True, slots=True)
class RunSide:
    """One of the runs: how it stands or stopped, and the facts that only it has.

    ``more_facts`` is how many of those are not listed.
    """

    run_id: str
    label: str
    subject: str
    ended: str
    facts: tuple[OnlyFact, ...] = ()
    more_facts: int = 0


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Two runs, compared.

    Attributes:
        one: the first.
        other: the second.
        pairs: their model calls, in their order.
        first: where they part first, in words; empty where nothing differs.
    """

    one: RunSide
    other: RunSide
    pairs: tuple[CallPair, ...]
    first: str

    @property
    def differing(self) -> tuple[CallPair, ...]:
        """The pairs of calls that are not alike."""
        return tuple(pair for pair in self.pairs if pair.differs)


def compare_runs(
    one: RunState, other: RunState, trace: Callable[[str], TraceView]
) -> RunComparison:
    """Compares two runs; ``trace`` reads a model call whole."""
    pairs = paired(one, other)
    sides = _sides(one, other)
    return RunComparison(*sides, pairs, _first(pairs, sides, trace))


def paired(one: RunState, other: RunState) -> tuple[CallPair, ...]:
    """Pairs the calls of two runs by cycle, agent and step, in their order."""
    mine, theirs = _placed(one), _placed(other)
    places = sorted(dict.fromkeys((*mine, *theirs)), key=lambda place: place[0])
    labels = run_label(one.run), run_label(other.run)
    return tuple(_pair(place, mine.get(place), theirs.get(place), labels) for place in places)


def _placed(run: RunState) -> dict[_Place, DecisionTrace]:
    numbers: Counter[tuple[int, str, str]] = Counter()
    placed: dict[_Place, DecisionTrace] = {}
    for trace in run.traces.values():
        where = (trace.cycle, str(trace.agent), trace.call.step)
        placed[(*where, numbers[where])] = trace
        numbers[where] += 1
    return placed


def _pair(
    place: _Place,
    one: DecisionTrace | None,
    other: DecisionTrace | None,
    labels: tuple[str, str],
) -> CallPair:
    cycle, agent, step, _ = place
    if one is None or other is None:
        differs, said = MISSING, f"Only {labels[other is not None]} asked that."
    else:
        differs, said = _difference(one.call, other.call)
    ids = [str(trace.id) if trace is not None else "" for trace in (one, other)]
    return CallPair(cycle, agent, step, ids[0], ids[1], differs, said)


def _difference(one: ModelCall, other: ModelCall) -> tuple[str, str]:
    """Returns what is other first about two calls, and that in words."""
    for name in LAYERS:
        if one.layers[name].sha256 != other.layers[name].sha256:
            return PROMPT, f"The layer {name.replace('_', ' ')} differs."
    if one.envelope != other.envelope or one.grammar.sha256 != other.grammar.sha256:
        return ENVELOPE, "The same prompt, computed in another way."
    if one.output.sha256 != other.output.sha256:
        return ANSWER, "The same prompt and envelope, and another answer."
    return "", "The same, to the byte."


def _sides(one: RunState, other: RunState) -> tuple[RunSide, RunSide]:
    mine, theirs = _facts(one), _facts(other)
    return _side(one, _only(mine, theirs)), _side(other, _only(theirs, mine))


def _facts(run: RunState) -> list[Fact]:
    return [fact for key in ContextKey for fact in run.context.get(key)]


def _only(mine: Sequence[Fact], theirs: Sequence[Fact]) -> list[Fact]:
    """Returns the facts that the others lack; of what both say, as many as one says it more."""
    left = Counter((fact.key, fact.content) for fact in theirs)
    found = []
    for fact in mine:
        what = (fact.key, fact.content)
        if left[what]:
            left[what] -= 1
        else:
            found.append(fact)
    return found


def _side(run: RunState, only: Sequence[Fact]) -> RunSide:
    return RunSide(
        run_id=str(run.run),
        label=run_label(run.run),
        subject=run.intent.subject,
        ended=_ended(run),
        facts=tuple(
            OnlyFact(str(run.run), str(fact.id), fact.key.value, fact.content)
            for fact in only[:MOST_FACTS]
        ),
        more_facts=max(0, len(only) - MOST_FACTS),
    )


def _ended(run: RunState) -> str:
    """Says how a run stopped, or that it has not."""
    if run.stop is not None:
        return run.stop.words()
    if run.suspension is not None:
        return f"It is paused by {run.suspension.by}."
    waits = len(run.open_gates())
    if run.phase is Phase.WAITING and waits:
        return f"It waits for {plural(waits, 'decision')}."
    return f"It goes on, in cycle {run.cycle}."


def _first(
    pairs: Sequence[CallPair],
    sides: tuple[RunSide, RunSide],
    trace: Callable[[str], TraceView],
) -> str:
    """Says where two runs part first: at a call, else in their facts, else in how they ended."""
    for pair in pairs:
        if pair.differs == MISSING:
            return f"{_where(pair)}: {pair.words}"
        if pair.differs:
            found = compare(trace(pair.one), trace(pair.other))
            return f"{_where(pair)}: {found.first or pair.words}"
    for side in sides:
        if side.facts:
            return f"Their steps are the same; only {side.label} has “{side.facts[0].content}”."
    if sides[0].ended != sides[1].ended:
        return "Their steps and facts are the same; they ended otherwise."
    return ""


def _where(pair: CallPair) -> str:
    step = "" if pair.step == pair.agent else f", {pair.step}"
    return f"Cycle {pair.cycle}, {pair.agent}{step}"
