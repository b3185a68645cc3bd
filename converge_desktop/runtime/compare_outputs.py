"""The JSON of what the command line prints about runs compared, and about calls that were tried."""

from __future__ import annotations

from dataclasses import dataclass

from converge_desktop.runtime.run_compare import CallPair, OnlyFact, RunComparison, RunSide
from converge_desktop.runtime.trace_tried import Tried


@dataclass(frozen=True, slots=True)
class PairLine:
    """A model call of both runs; an id is empty where only the other run has it.

    ``differs`` is ``prompt``, ``envelope``, ``answer`` or ``missing``; empty where nothing is.
    """

    cycle: int
    agent: str
    step: str
    one: str
    other: str
    differs: str
    words: str


@dataclass(frozen=True, slots=True)
class OnlyLine:
    """A fact that only one of the runs has."""

    fact_id: str
    key: str
    content: str


@dataclass(frozen=True, slots=True)
class SideOutput:
    """One of the runs; ``more_facts`` are those that only it has and that are not listed."""

    run_id: str
    ended: str
    facts: list[OnlyLine]
    more_facts: int


@dataclass(frozen=True, slots=True)
class CompareOutput:
    """``compare``: two runs; ``first`` is empty where nothing differs."""

    first: str
    one: SideOutput
    other: SideOutput
    pairs: list[PairLine]


@dataclass(frozen=True, slots=True)
class CheckLine:
    """A check of the contract, and why it failed if it did."""

    name: str
    passed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class TryOutput:
    """``try``: what a model answers to a recorded call with something changed; none is recorded.

    ``token`` is the first token that differs, from 0, and -1 where none does. ``unchecked`` says
    why no check was applied; empty where all were. ``changed`` holds what of the envelope is not as
    recorded: its field, then, and now.
    """

    trace_id: str
    model: str
    layers: list[str]
    same: bool
    token: int
    recorded: str
    answer: str
    checks: list[CheckLine]
    unchecked: str
    changed: list[tuple[str, str, str]]


def compare_output(found: RunComparison) -> CompareOutput:
    """Returns a comparison of two runs as the command line prints it."""
    pairs = [_pair(pair) for pair in found.pairs]
    return CompareOutput(found.first, _side(found.one), _side(found.other), pairs)


def _side(side: RunSide) -> SideOutput:
    return SideOutput(side.run_id, side.ended, [_only(one) for one in side.facts], side.more_facts)


def _only(fact: OnlyFact) -> OnlyLine:
    return OnlyLine(fact.fact_id, fact.key, fact.content)


def _pair(pair: CallPair) -> PairLine:
    place = (pair.cycle, pair.agent, pair.step)
    return PairLine(*place, pair.one, pair.other, pair.differs, pair.words)


def try_output(found: Tried) -> TryOutput:
    """Returns what came of trying a call as the command line prints it."""
    return TryOutput(
        trace_id=found.trace_id,
        model=found.model,
        layers=list(found.layers),
        same=found.same,
        token=found.first.token if found.first is not None else -1,
        recorded=found.recorded,
        answer=found.answer,
        checks=[CheckLine(one.name, one.passed, one.reason) for one in found.checks],
        unchecked=found.unchecked,
        changed=list(found.changed),
    )
