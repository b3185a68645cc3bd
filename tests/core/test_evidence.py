"""Which records bear on a run or a decision: all it takes to see how it came about."""

from __future__ import annotations

import msgspec
import pytest

from converge_core import events as e
from converge_core.capsule import About
from converge_core.capsule_check import check
from converge_core.errors import IllegalCommand
from converge_core.evidence import key_of, of_gate, of_run
from converge_core.ids import OperatorId
from tests.core.capsule_kit import (
    GATES,
    STORY,
    kinds,
)
from tests.core.golden_capsule import (
    RUN,
    Told,
    fits,
    public_key,
    tell,
)
from tests.core.kit import BOB


@pytest.mark.parametrize("about", GATES, ids=lambda about: about.gate)
def test_of_a_gate_it_holds_how_it_came_to_be_opened_and_what_came_of_it(about: About) -> None:
    """From the beginning of the run to the end of the proposal."""
    found = of_gate(STORY.of_run, about.run, about.gate)
    of_it = kinds(found)

    assert of_it[0] == "run_started"
    assert {"proposal_created", "proposal_validated", "gate_opened"} < set(of_it)
    assert {"fact_promoted", "proposal_refused", "gate_withdrawn"} & set(of_it)
    assert found == sorted(found, key=lambda entry: entry.head.seq)
    assert check(STORY.capsule(about), fits).about == about


def test_of_a_contradiction_it_holds_both_sides() -> None:
    """What was decided between, and by which words."""
    *_, left, right = GATES
    first, second = (of_gate(STORY.of_run, one.run, one.gate) for one in (left, right))

    assert first == second
    assert {"tension_opened", "tension_resolved"} <= set(kinds(first))


def test_of_an_edit_it_holds_both_proposals() -> None:
    """The agent's, and the one that a person made of it."""
    [edited] = [one for one in GATES if one.gate == "gate:run-0004/1/planner/0"]
    found = of_gate(STORY.of_run, edited.run, edited.gate)
    made = [entry.event.draft for entry in found if isinstance(entry.event, e.ProposalCreated)]

    assert [made[0].id] == [one.supersedes for one in made[1:]]
    assert {"gate_settling", "gate_committed", "gate_acted", "fact_promoted"} <= set(kinds(found))


def test_it_goes_back_to_what_a_fact_rests_on_in_whatever_run() -> None:
    """A trace was shown a fact; that was observed, proposed and checked."""
    reasoned = next(
        entry.event.fact
        for entry in STORY.entries
        if isinstance(entry.event, e.FactPromoted) and entry.event.fact.id == "reasoning"
    )
    continued = _resting_on(reasoned.id)
    found = of_run(continued.of_run, "later")
    before = [entry for entry in found if entry.head.run == RUN]

    assert {
        *("run_started", "observation_staged", "proposal_created", "proposal_validated"),
        *("trace_recorded", "call_attempted", "fact_promoted"),
    } == set(kinds(before))
    assert len(before) < len(continued.of_run(RUN)) / 2
    assert check(continued.capsule(About(run="later", gate="")), fits).whole


def _resting_on(fact: str) -> Told:
    """The story, and a run that goes on from its first with a proposal which rests on a fact."""
    events = [entry.event for entry in STORY.entries if entry.event is not None]
    begins = next(one for one in events if isinstance(one, e.RunStarted))
    drafts = [one for one in events if isinstance(one, e.ProposalCreated)]
    asks = next(one for one in events if isinstance(one, e.GateOpened))
    replace, later = msgspec.structs.replace, "later"
    ground = msgspec.convert([{"fact": fact, "digest": ""}], type(asks.request.ground))
    more = [
        replace(begins, run=later, continues=begins.run),
        replace(drafts[0], run=later, draft=replace(drafts[0].draft, rests_on=(fact, "nowhere"))),
        replace(
            asks, run=later, request=replace(asks.request, ground=ground, instead_of="gate:before")
        ),
    ]
    at = STORY.entries[0].head.at
    return tell([([one], at) for one in events[:-1]] + [([one], at) for one in more])


def test_what_there_is_nothing_of_is_refused() -> None:
    """In a sentence."""
    with pytest.raises(IllegalCommand, match="there is no run nobody"):
        of_run(STORY.of_run, "nobody")
    with pytest.raises(IllegalCommand, match="there is no run "):
        of_run(STORY.of_run, "")
    with pytest.raises(IllegalCommand, match="there is no gate gate:x in run run-0001"):
        of_gate(STORY.of_run, RUN, "gate:x")


def test_a_key_is_that_of_who_was_enrolled() -> None:
    """And of nobody else."""
    first, again = public_key(BOB.operator.id), public_key(f"{BOB.operator.id} again")
    rotated = next(
        entry.head.seq for entry in STORY.entries if entry.head.kind == "operator_key_rotated"
    )

    assert first == key_of(STORY.of_run, BOB.operator.id, rotated)
    assert again == key_of(STORY.of_run, BOB.operator.id, rotated + 1)
    assert key_of(STORY.of_run, OperatorId("mallory"), 99) == ""
