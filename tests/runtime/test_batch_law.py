"""Several answers as one: all of them hold as if each were the only one, or none is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.asking import Gate
from converge_core.engine import Engine
from converge_core.errors import DecisionRefused
from converge_core.events import GateDecided
from converge_core.ids import OperatorId, RunId
from converge_core.key import ContextKey as Key
from converge_core.review import Operator
from converge_core.run_state import RunState
from converge_desktop.runtime.answering import Answering
from converge_desktop.runtime.deciding_model import Answer
from tests.core.kit import ALICE, ASK_STRATEGIES, Play, engine_of, fact, fits, proposes

RUNS = ("run-0001", "run-0002")
GATES = 3
SHOWN, STALE = "shown", "shown before"


@dataclass
class Told:
    """Two runs that each ask three questions, as a desk's views tell them."""

    plays: dict[str, Play]

    def gate(self, gate_id: str) -> tuple[RunState, Gate]:
        for play in self.plays.values():
            for name, gate in play.state.gates.items():
                if name == gate_id:
                    return play.state, gate
        raise DecisionRefused(f"there is no gate {gate_id}")

    def review_digest(self, gate_id: str) -> tuple[str, tuple[str, ...]]:
        return SHOWN, ("checks", "what")

    def run_state(self, run_id: str) -> RunState:
        return self.plays[run_id].state

    def operators(self) -> Mapping[OperatorId, Operator]:
        return self.plays[RUNS[0]].desk.operators

    def engine(self, run: RunState) -> Engine:
        return self.plays[run.run].engine

    def gates(self) -> list[str]:
        return [name for play in self.plays.values() for name in play.state.gates]


def asked() -> tuple[Told, Answering]:
    plays = {}
    for run in RUNS:
        agents = [
            proposes(f"p{number}", fact(Key.STRATEGIES, f"s{number}", "Do it"))
            for number in range(GATES)
        ]
        engine = engine_of(*agents, policy=ASK_STRATEGIES, verify=fits)
        plays[run] = Play(engine, run=RunId(run)).begin()
    told: Any = Told(plays)
    return told, Answering(told, told.engine)


CHOICES = st.lists(
    st.tuples(
        st.integers(0, len(RUNS) * GATES - 1),
        st.sampled_from(["approve", "reject", "refine"]),
        st.sampled_from([SHOWN, SHOWN, SHOWN, STALE]),
        st.sampled_from(["because", "because", ""]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda choice: choice[0],
)


def answers(told: Told, choices: list[tuple[int, str, str, str]]) -> list[Answer]:
    gates = told.gates()
    return [Answer(gates[place], verdict, shown, why) for place, verdict, shown, why in choices]


def wrong(one: Answer) -> bool:
    return one.shown == STALE or (one.verdict != "approve" and not one.reason)


@given(CHOICES)
def test_answers_are_taken_together_or_refused_by_the_name_of_one_that_is_wrong(
    choices: list[tuple[int, str, str, str]],
) -> None:
    """Whatever is mixed, over whichever runs: the decisions are those that were given, in order."""
    told, answering = asked()
    given_ = answers(told, choices)
    bad = [one.gate_id for one in given_ if wrong(one)]
    key: Any = ALICE

    if bad:
        with pytest.raises(DecisionRefused) as refused:
            answering.answers(given_, key, 100)
        assert any(str(refused.value).startswith(name) for name in bad)
        return
    decided = [
        event.decision
        for event in answering.answers(given_, key, 100)
        if isinstance(event, GateDecided)
    ]
    assert {(one.gate_id, one.verdict) for one in given_} == {
        (str(one.gate), one.verdict.value) for one in decided
    }


@given(CHOICES, st.randoms())
def test_the_order_in_which_answers_are_given_changes_nothing(
    choices: list[tuple[int, str, str, str]], chance: Any
) -> None:
    """Each names its gate, so that there is no position to be wrong about."""
    told, answering = asked()
    given_ = [one for one in answers(told, choices) if not wrong(one)]
    shuffled = list(given_)
    chance.shuffle(shuffled)
    if not given_:
        return
    key: Any = ALICE

    def said(order: list[Answer]) -> set[tuple[str, str]]:
        events = answering.answers(order, key, 100)
        taken = [event.decision for event in events if isinstance(event, GateDecided)]
        return {(str(one.gate), one.verdict.value) for one in taken}

    assert said(given_) == said(shuffled)


def test_answers_whose_order_can_matter_are_refused_with_both_names() -> None:
    """Two that would make the same fact: one after the other, or not both."""
    agents = [proposes(name, fact(Key.STRATEGIES, "s", "Do it")) for name in ("left", "right")]
    engine = engine_of(*agents, policy=ASK_STRATEGIES, verify=fits)
    told: Any = Told({RUNS[0]: Play(engine, run=RunId(RUNS[0])).begin()})
    key: Any = ALICE
    left, right = told.gates()

    with pytest.raises(DecisionRefused) as refused:
        Answering(told, told.engine).answers(
            [Answer(left, "approve", SHOWN), Answer(right, "approve", SHOWN)], key, 100
        )

    assert left in str(refused.value)
    assert right in str(refused.value)
    assert "one after the other" in str(refused.value)
