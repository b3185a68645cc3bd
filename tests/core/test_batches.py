"""Batches: several answers as one, and whether their order can matter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converge_core import events as e
from converge_core.agent import AgentEffect
from converge_core.batches import Planned, why_order_matters
from converge_core.command import Decide, DecideAll, Stage
from converge_core.correction import Correction, CorrectionReason
from converge_core.errors import DecisionRefused
from converge_core.ids import FactId, GateId, ProposalId
from converge_core.intent import Budgets
from converge_core.key import ContextKey as Key
from converge_core.policy import Effect
from converge_core.proposal import ProposedFact
from converge_core.review import Verdict
from converge_core.run_state import DeskState
from converge_core.terms import ReviewTerms
from tests.core.kit import (
    ALICE,
    BOB,
    INTENT,
    RUN,
    Play,
    engine_of,
    fact,
    policy_of,
    proposes,
    rule,
    script,
    seed,
)

AGENTS = ("p", "q", "r")
ASKS = policy_of(
    rule(Effect.PERMIT),
    *(
        rule(Effect.ASK, name=f"ask-{name}", agent=name, review=ReviewTerms(self_approval=True))
        for name in AGENTS
    ),
    checks=["content-present"],
)
"""Whatever one of the agents proposes is asked; who writes other words approves them."""


def on(name: str, content: str = "x", *grounds: str, corrects: str = "", **more: Any) -> Any:
    """Returns a fact that rests on ``grounds``, and may correct one."""
    if corrects:
        more["corrects"] = Correction(
            supersedes=FactId(corrects), reason=CorrectionReason.DATA_ERROR, text="A slip."
        )
    return fact(Key.SEEDS, name, content, rests_on=tuple(FactId(g) for g in grounds), **more)


def asking(proposals: Sequence[Sequence[ProposedFact]], *, room: int | None = None) -> Play:
    """Returns a run that waits for people about what each agent proposed, once.

    ``room`` is how many more facts its budget allows then.
    """
    agents = [
        script(
            name,
            lambda _, facts=facts: AgentEffect(tuple(facts)),  # type: ignore[misc]
            when=lambda view: not view.contains(Key.SIGNALS, "asked"),
        )
        for name, facts in zip(AGENTS, proposals, strict=False)
    ]
    once = proposes("once", fact(Key.SIGNALS, "asked"))
    budgets = Budgets() if room is None else Budgets(facts=3 + room)
    intent = msgspec.structs.replace(INTENT, budgets=budgets)
    play = Play(engine_of(*agents, once, policy=ASKS), intent=intent)
    for who in (ALICE, BOB):
        play.record(e.OperatorEnrolled(operator=who.operator), 0)
    return play.begin(seed("s1"), seed("s2"))


def fork(play: Play) -> Play:
    """Returns a play that goes on from where ``play`` stands; its clock stands still."""
    desk = DeskState(operators=play.desk.operators, runs={RUN: play.state.fork()})
    return Play(play.engine, desk=desk, clock=lambda: 100)


def decided(play: Play, answer: Planned) -> Decide:
    gate = play.state.gates[answer.gate]
    decision = ALICE.decision(gate, answer.verdict, "a reason")
    if answer.edited is not None:
        decision = ALICE.signed(msgspec.structs.replace(decision, edited=answer.edited))
    return Decide(decision, ALICE.operator)


Outcome = tuple[str, tuple[Any, ...]] | str


def outcome(play: Play, answers: Iterable[Planned], *, together: bool) -> Outcome:
    """Returns the root and the gates that ``answers`` lead to, or why they cannot be given."""
    play = fork(play)
    decisions = tuple(decided(play, answer) for answer in answers)
    try:
        for command in [DecideAll(decisions)] if together else decisions:
            play.command(command)
    except DecisionRefused as error:
        return str(error)
    state = play.go().state
    ends = [(g.request.id, g.request.digest(), g.end, g.phase) for g in state.gates.values()]
    return state.context.root, tuple(ends)


def answered(play: Play, answers: Iterable[Planned]) -> Play:
    """Returns a run that goes on from ``play`` once each of ``answers`` was given."""
    play = fork(play)
    play.command(DecideAll(tuple(decided(play, answer) for answer in answers)))
    return play.go()


def proposal(play: Play, gate: GateId) -> ProposalId:
    return play.state.gates[gate].request.proposal


def effects(play: Play, answers: Iterable[Planned]) -> dict[GateId, list[str]]:
    """Returns the facts that came of each answer."""
    gates = {gate: proposal(play, gate) for gate in play.state.gates}
    state = answered(play, answers).state
    made: dict[GateId, list[str]] = {gate: [] for gate in gates}
    for name, one in state.promoted.items():
        for gate, asked in gates.items():
            own = asked in {name, state.drafts[name].supersedes}
            if own or f"approval:{gate}" in one.promotion.approvals:
                made[gate].append(one.digest)
    return made


def takes(play: Play, answers: list[Planned]) -> bool:
    """Whether one of two answers takes from the other what it leads to beside a rejection."""
    if isinstance(outcome(play, answers, together=True), str):
        return True
    found, [one, other] = effects(play, answers), answers
    return any(
        effects(play, [kept, Planned(left.gate, Verdict.REJECT)])[kept.gate] != found[kept.gate]
        for kept, left in ((one, other), (other, one))
    )


def plan(play: Play, *verdicts: str | tuple[str, ProposedFact]) -> list[Planned]:
    """Returns an answer for each gate, in order."""
    pairs = zip(play.gates(), verdicts, strict=True)
    return [
        Planned(gate.request.id, Verdict(one))
        if isinstance(one, str)
        else Planned(gate.request.id, Verdict(one[0]), one[1])
        for gate, one in pairs
    ]


# Each way in which it can.


@pytest.mark.parametrize(
    ("one", "other", "verdicts", "why"),
    [
        pytest.param(
            on("a", "x"), on("a", "y"), ["approve", "approve"], "contradict each other about a",
            id="the same fact with different words",
        ),
        pytest.param(
            on("a"), on("a"), ["approve", "approve"], "both would make a", id="the same fact",
        ),
        pytest.param(
            on("a", conflict="k"), on("b", conflict="k"), ["approve", "approve"],
            "contradict each other about k", id="the same declared conflict",
        ),
        pytest.param(
            on("a", corrects="s1"), on("b", "x", "s1"), ["approve", "approve"],
            "gate:run/1/p/0 corrects s1, which gate:run/1/q/0 rests on",
            id="the second rests on what the first corrects",
        ),
        pytest.param(
            on("b", "x", "s1"), on("a", corrects="s1"), ["approve", "approve"],
            "gate:run/1/q/0 corrects s1, which gate:run/1/p/0 rests on",
            id="the first rests on what the second corrects",
        ),
        pytest.param(
            on("a", corrects="s1"), on("b", corrects="s1"), ["approve", "approve"],
            "both correct s1", id="both correct the same",
        ),
        pytest.param(
            on("a"), on("b", "x", "a"), ["approve", "approve"],
            "gate:run/1/q/0 rests on a, which gate:run/1/p/0 would make",
            id="the second rests on what the first would make",
        ),
        pytest.param(
            on("a"), on("b", "x", "a"), [("edit", on("a", "z")), "approve"],
            "gate:run/1/q/0 rests on a, which the edit at gate:run/1/p/0 would make",
            id="an edit changes what the other rests on",
        ),
        pytest.param(
            on("a"), on("b", "x", "s1"),
            [("edit", on("a", "z", corrects="s1")), ("edit", on("b", "z"))],
            "the edit at gate:run/1/p/0 corrects s1, which gate:run/1/q/0 rests on",
            id="edits correct and rest on the same",
        ),
        pytest.param(
            on("a"), on("b"), [("edit", on("a", conflict="k")), ("edit", on("b", conflict="k"))],
            "both settle k", id="edits settle the same",
        ),
    ],
)  # fmt: skip
def test_two_answers_clash(one: Any, other: Any, verdicts: list[Any], why: str) -> None:
    """And the person is told which two, and why, whatever order they gave them in."""
    play = asking([[one], [other]])
    answers = plan(play, *verdicts)
    [clash] = why_order_matters(play.state, answers)

    assert why in clash.why
    assert (clash.first, clash.second) == tuple(play.state.gates)
    assert (clash,) == why_order_matters(play.state, reversed(answers))
    swapped = asking([[other], [one]])
    assert takes(play, answers) or takes(swapped, plan(swapped, *reversed(verdicts)))


@pytest.mark.parametrize(
    ("one", "other", "verdicts"),
    [
        pytest.param(on("a"), on("b"), ["approve", "approve"], id="nothing in common"),
        pytest.param(on("a", "x", "s1"), on("b", "x", "s1"), ["approve"] * 2, id="one ground"),
        pytest.param(on("a", "x"), on("a", "y"), ["approve", "reject"], id="one side stands"),
        pytest.param(on("a"), on("b", "x", "a"), ["reject", "approve"], id="nothing is made"),
        pytest.param(on("a", corrects="s1"), on("b", "x", "s1"), ["approve", "reject"], id="moot"),
        pytest.param(on("a", corrects="s1"), on("b", corrects="s2"), ["approve"] * 2, id="apart"),
        pytest.param(on("a"), on("b"), ["refine", "refine"], id="other words are sent back"),
        pytest.param(on("a"), on("a"), ["refine", "refine"], id="the same words are sent back"),
    ],
)
def test_two_answers_do_not_clash(one: Any, other: Any, verdicts: list[str]) -> None:
    """So both can be given as one, and nobody is asked to split them."""
    play = asking([[one], [other]])
    answers = plan(play, *verdicts)

    assert () == why_order_matters(play.state, answers)
    assert not takes(play, answers)


def test_one_gate_answered_twice_clashes_with_itself() -> None:
    """The first answer stands."""
    play = asking([[on("a")]])
    gate = play.gates()[0].request.id
    [clash] = why_order_matters(play.state, [(gate, Verdict.APPROVE), (gate, Verdict.REJECT)])

    assert "answered twice" in clash.why


@pytest.mark.parametrize(("room", "late"), [(0, []), (1, ["q", "r"]), (2, ["r"]), (3, [])])
def test_the_fact_budget_leaves_room_for_only_some(room: int, late: list[str]) -> None:
    """Who may find none is named; where there is none for anybody, order has no say."""
    play = asking([[on("a")], [on("b")], [on("c")]], room=room)
    clashes = why_order_matters(play.state, plan(play, "approve", "approve", "reject"))

    assert [f"gate:run/1/{name}/0" for name in late] == [one.second for one in clashes]
    assert all(f"leaves room for {room}" in one.why for one in clashes)


def test_room_that_others_may_take_before_is_not_counted_on() -> None:
    """A correction that waits, and an answer that was given already, may come first."""
    play = asking([[on("a")], [on("b")], [on("c")]], room=3)
    play.answer(play.gates()[0], "approve")
    answers = plan(play, "approve", "approve")
    before = why_order_matters(play.state, answers)
    play.command(Stage(on("mended", corrects="s1"), ALICE.operator))

    assert () == before
    assert 1 == len(why_order_matters(play.state, answers))


def test_an_answer_at_no_gate_of_the_run_is_refused() -> None:
    """It names the gate."""
    with pytest.raises(DecisionRefused, match="gate:nowhere is no gate of run run"):
        why_order_matters(asking([]).state, [(GateId("gate:nowhere"), Verdict.APPROVE)])


# Promises about all of them.

IDS = ("a", "b", "c")
GROUNDS = st.lists(st.sampled_from(["s1", "s1", "a", "b"]), max_size=2, unique=True)
CORRECTS = st.sampled_from(["", "", "s1", "s2"])
SETTLES = st.sampled_from([{}, {}, {}, {"conflict": "k"}])
VERDICTS = st.sampled_from([*Verdict, *[Verdict.APPROVE] * 4])


@st.composite
def facts(draw: st.DrawFn, name: str) -> ProposedFact:
    content, corrects = draw(st.sampled_from(["x", "x", "y"])), draw(CORRECTS)
    found: ProposedFact = on(name, content, *draw(GROUNDS), corrects=corrects, **draw(SETTLES))
    return found


@st.composite
def batches(draw: st.DrawFn, *, room: st.SearchStrategy[int | None]) -> tuple[Play, list[Planned]]:
    """Returns a run that waits and an answer for each gate; few of its facts share an id."""
    names = [draw(st.sampled_from([name, name, "a"])) for name in IDS[: draw(st.integers(2, 4))]]
    proposals: list[list[ProposedFact]] = [[] for _ in AGENTS]
    for name in names:
        proposals[draw(st.integers(0, len(AGENTS) - 1))].append(draw(facts(name)))
    play = asking(proposals, room=draw(room))
    answers = []
    for gate in play.gates():
        verdict = draw(VERDICTS)
        name = play.state.drafts[gate.request.proposal].fact.id
        edited = draw(facts(name)) if verdict is Verdict.EDIT else None
        answers.append(Planned(gate.request.id, verdict, edited))
    return play, answers


@settings(max_examples=60)
@given(batch=batches(room=st.sampled_from([None, None, 1, 2])))
def test_where_nothing_clashes_every_order_leads_to_the_same(batch: Any) -> None:
    """The same context root and the same gates, given one by one or as one."""
    play, answers = batch
    if why_order_matters(play.state, answers):
        return
    orders = list(permutations(answers))
    found = {
        outcome(play, order, together=together) for order in orders for together in (True, False)
    }

    assert 1 == len(found)
    assert not isinstance(found.pop(), str)


@settings(max_examples=200)
@given(batch=batches(room=st.none()))
def test_two_answers_of_which_one_takes_from_the_other_are_named(batch: Any) -> None:
    """Whatever an answer leads to alone but not beside another: the check names just these two."""
    play, answers = batch

    def but(*given: Planned) -> list[Planned]:
        """Returns ``given``, and that all else is rejected."""
        rest = [Planned(one.gate, Verdict.REJECT) for one in answers if one not in given]
        return [*given, *rest]

    alone = {one.gate: effects(play, but(one))[one.gate] for one in answers}
    for one, other in combinations(answers, 2):
        both = but(one, other)
        clashes = why_order_matters(play.state, both)
        if {one.gate, other.gate} in [{clash.first, clash.second} for clash in clashes]:
            continue
        found = effects(play, both)
        assert [alone[one.gate], alone[other.gate]] == [found[one.gate], found[other.gate]]


@settings(max_examples=100)
@given(batch=batches(room=st.integers(1, 3)))
def test_whoever_finds_no_room_because_of_others_is_named(batch: Any) -> None:
    """Whatever the budget stops is somebody whom the check named, so that it can be left out."""
    play, answers = batch
    clashes = why_order_matters(play.state, answers)
    named = {gate for clash in clashes for gate in (clash.first, clash.second)}
    if isinstance(outcome(play, answers, together=True), str):
        return
    state = answered(play, answers).state
    stopped = {
        state.drafts[name].supersedes or name
        for name, refusal in state.refusals.items()
        if refusal.rule == "fact-budget"
    }

    assert {one.gate for one in answers if proposal(play, one.gate) in stopped} <= named
