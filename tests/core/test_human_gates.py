"""Human gates: every proposal that needs a person asks on its own, and no answer is lost."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core import events as e
from converge_core.agent import Agent, AgentEffect
from converge_core.authority import Actor, ActorKind
from converge_core.canonical import canonical_record, parse
from converge_core.context import Context
from converge_core.contract import CheckResult
from converge_core.errors import DecisionRefused
from converge_core.events import read_event
from converge_core.ids import FactId
from converge_core.key import ContextKey as Key
from converge_core.policy import BASIC_CHECKS, Effect, Risk, RulePolicy
from converge_core.proposal import Draft, ProposedFact
from converge_core.run_state import Phase
from converge_core.stop import Converged, UserCancelled
from tests.core.kit import (
    ALICE,
    ASK_STRATEGIES,
    BOB,
    Play,
    contents,
    engine_of,
    fact,
    lines_of,
    policy_of,
    proposes,
    rule,
    script,
    seed,
)


def strategies(*names: str) -> tuple[ProposedFact, ...]:
    return tuple(fact(Key.STRATEGIES, name) for name in names)


def asking(*agents: Agent, **settings: Any) -> Play:
    """Returns a run over one seed that waits for people."""
    engine = engine_of(*agents, **{"policy": ASK_STRATEGIES, **settings})
    return Play(engine).begin(seed("input"))


# Asking.


def test_a_gated_proposal_pauses_the_run_and_stands_nowhere() -> None:
    """The run waits, quiescent; what needs nobody is merged, and what is asked is not."""
    play = asking(proposes("p", *strategies("s"), seed("a")))

    assert Phase.WAITING is play.state.phase
    assert (["input", "a"], []) == (
        contents(play.state, Key.SEEDS),
        contents(play.state, Key.STRATEGIES),
    )
    assert [("gate:run/1/p/0",)] == [event.gates for event in play.of(e.RunPaused)]


@pytest.mark.parametrize(
    "split",
    [
        pytest.param([["a", "b", "c", "d"]], id="one agent"),
        pytest.param([["a", "b"], ["c", "d"]], id="two agents"),
        pytest.param([["a"], ["b", "c"], ["d"]], id="three agents"),
        pytest.param([["a"], ["b"], ["c"], ["d"]], id="four agents"),
    ],
)
def test_each_gated_proposal_asks_on_its_own(split: list[list[str]]) -> None:
    """However many agents they are split over: four questions, none promoted, none lost."""
    play = asking(*(proposes(f"agent {n}", *strategies(*names)) for n, names in enumerate(split)))

    assert ["a", "b", "c", "d"] == [gate.request.title for gate in play.gates()]
    assert 4 == len({gate.request.digest() for gate in play.gates()})
    assert 0 == play.state.context.count(Key.STRATEGIES)


def test_siblings_of_a_gated_proposal_that_need_nobody_are_merged() -> None:
    """What stands beside a question in the same effect does not wait for its answer."""
    mixed = (seed("a"), *strategies("s1"), fact(Key.SIGNALS, "b"), *strategies("s2"), seed("c"))
    play = asking(proposes("p", *mixed))

    assert (["input", "a", "c"], ["b"], 2) == (
        contents(play.state, Key.SEEDS),
        contents(play.state, Key.SIGNALS),
        len(play.gates()),
    )


def test_a_request_says_what_is_asked_and_by_which_rule() -> None:
    """Everything a person must know of it, and what it rests on as it stands after the merge."""

    def propose(view: object) -> AgentEffect:
        return AgentEffect(
            (
                seed("made beside"),
                fact(Key.STRATEGIES, "s", "Do it", rests_on=(FactId("made beside"),)),
            )
        )

    play = asking(script("p", propose, when=lambda view: not view.has(Key.STRATEGIES)))
    [request] = [gate.request for gate in play.gates()]
    draft = play.state.drafts[request.proposal]
    [ground] = request.ground

    assert ("strategies-ask", Risk.HIGH, "Do it", "p", 1, Key.STRATEGIES) == (
        request.rule,
        request.risk,
        request.title,
        request.agent,
        request.cycle,
        request.key,
    )
    assert (draft.digest(), play.state.reports[draft.id].digest(), ASK_STRATEGIES.version) == (
        request.proposal_digest,
        request.report_digest,
        request.policy,
    )
    assert play.state.context.find(FactId("made beside")).digest == ground.digest  # type: ignore[union-attr]


def test_input_may_need_a_person_too() -> None:
    """The run waits before its first cycle."""
    play = Play(engine_of(policy=ASK_STRATEGIES)).begin(fact(Key.STRATEGIES, "s"))

    assert (Phase.WAITING, 0, 1) == (play.state.phase, play.state.cycle, len(play.gates()))
    assert ["s"] == contents(play.answer(play.gates()[0], "approve").go().state, Key.STRATEGIES)


def test_what_fails_its_checks_is_refused_and_asks_nobody() -> None:
    """A person's time is not spent on what could not be promoted anyway."""
    play = asking(proposes("p", fact(Key.STRATEGIES, "s", " ")))

    assert ([], ["gate"]) == (play.gates(), [event.rule for event in play.of(e.ProposalRefused)])


# Approving.


def test_an_approved_proposal_becomes_a_fact_by_that_persons_authority() -> None:
    """The approver is the human who approved, and the approval leads to the stored decision."""
    play = asking(proposes("p", *strategies("s")))
    play.answer(play.gates()[0], "approve", ALICE, "looks right").go()
    [made] = play.state.context.get(Key.STRATEGIES)
    [approval] = made.promotion.approvals
    decisions = {event.decision.id: event.decision for event in play.of(e.GateDecided)}

    assert Actor(kind=ActorKind.HUMAN, id=ALICE.operator.id) == made.promotion.approver
    assert ("approve", "looks right", ALICE.operator.id) == (
        decisions[approval].verdict,
        decisions[approval].reason,
        decisions[approval].operator,
    )
    assert Converged() == play.state.stop


def test_an_approved_fact_wakes_the_agents_that_wait_for_it() -> None:
    """Both merges of a cycle count as change."""
    by_strategy = proposes("by strategy", seed("of s"), after=[Key.STRATEGIES])
    by_seed = proposes("by seed", fact(Key.SIGNALS, "of a"), after=[Key.SEEDS])
    agents = (by_strategy, by_seed, proposes("p", *strategies("s"), seed("a")))
    play = Play(engine_of(*agents, policy=ASK_STRATEGIES)).begin()
    play.answer(play.gates()[0], "approve").go()

    assert [("by strategy", "by seed")] == [
        event.eligible for event in play.of(e.CycleStarted) if event.cycle == 2
    ]


def test_an_approval_does_not_bypass_validation() -> None:
    """A check that fails only now, after another approval, refuses what a person approved."""

    def alone(draft: Draft, context: Context) -> CheckResult:
        return CheckResult("alone", context.count(Key.STRATEGIES) == 0, "There is one already.")

    policy = RulePolicy(
        id="p",
        revision=1,
        rules=ASK_STRATEGIES.rules,
        checks={"*": BASIC_CHECKS, "Strategies": ("alone",)},
    )
    play = asking(proposes("p", *strategies("s1", "s2")), policy=policy, checks={"alone": alone})
    for gate in play.gates():
        play.answer(gate, "approve")
    play.go()

    assert ["s1"] == contents(play.state, Key.STRATEGIES)
    refused = play.of(e.ProposalRefused)[0]
    assert ("run/1/p/1", "gate", "alone: There is one already.") == (
        refused.proposal,
        refused.rule,
        refused.reason,
    )


def test_two_proposals_of_one_id_cannot_both_be_approved() -> None:
    """They contradict each other; once one is approved, the other cannot be."""
    one, two = fact(Key.STRATEGIES, "s", "this"), fact(Key.STRATEGIES, "s", "that")
    play = asking(proposes("p", one), proposes("q", two))
    first, second = play.gates()
    play.answer(first, "approve")
    with pytest.raises(DecisionRefused, match="it contradicts gate:run/1/p/0, which is approved"):
        play.answer(second, "approve")
    play.answer(second, "reject").go()

    assert ["this"] == contents(play.state, Key.STRATEGIES)
    assert ["human"] == [event.rule for event in play.of(e.ProposalRefused)]


def test_the_same_proposal_of_two_agents_becomes_one_fact() -> None:
    """Both are asked about and approved; the second is already so."""
    play = asking(proposes("p", *strategies("s")), proposes("q", *strategies("s")))
    for gate in play.gates():
        play.answer(gate, "approve")
    play.go()

    assert ["s"] == contents(play.state, Key.STRATEGIES)
    assert ["already-so"] == [event.rule for event in play.of(e.ProposalRefused)]


def test_a_clock_set_back_takes_no_approval_away() -> None:
    """What a person decided stands before what follows from it, whatever the clock says then."""
    play = asking(proposes("p", fact(Key.STRATEGIES, "s")))
    play.answer(play.gates()[0], "approve")
    play.clock = lambda: 0

    assert ["s"] == contents(play.go().state, Key.STRATEGIES)


# Rejecting.


def test_a_rejected_proposal_leaves_a_diagnostic_and_no_fact() -> None:
    """Who rejected it and why can be read in the context."""
    play = asking(proposes("p", fact(Key.STRATEGIES, "s", "Do it")))
    play.answer(play.gates()[0], "reject", BOB, "too early").go()
    [diagnostic] = play.state.context.get(Key.DIAGNOSTIC)
    draft = play.state.drafts[play.of(e.GateDecided)[0].decision.gate.removeprefix("gate:")]  # type: ignore[index]

    assert [] == contents(play.state, Key.STRATEGIES)
    assert f"“Do it” of p was refused. {BOB.operator.id} rejected it: too early" == (
        diagnostic.content
    )
    assert f"refused:{draft.target_digest()[:16]}" == diagnostic.id
    assert ["human"] == [event.rule for event in play.of(e.ProposalRefused)]


def test_what_was_rejected_is_not_asked_twice() -> None:
    """An agent that repeats itself is on record as refused before, and nobody is bothered."""
    repeating = script(
        "p",
        lambda view: AgentEffect((fact(Key.STRATEGIES, "s"), seed(f"s{view.count(Key.SEEDS)}"))),
        when=lambda view: view.count(Key.SEEDS) < 4,
    )
    play = asking(repeating)
    play.answer(play.gates()[0], "reject").go()

    assert 1 == len(play.of(e.GateOpened))
    assert ["human", "refused-before", "refused-before"] == [
        event.rule for event in play.of(e.ProposalRefused)
    ]


# Many answers.


@given(
    order=st.permutations(range(4)),
    verdicts=st.lists(st.sampled_from(["approve", "reject"]), min_size=4, max_size=4),
)
def test_answers_in_any_order_give_the_same_context(order: list[int], verdicts: list[str]) -> None:
    """Approved proposals merge in the order of the first merge, whatever the order of answers."""

    def played(answers: list[int]) -> Play:
        play = asking(
            proposes("p", *strategies("a", "b")),
            proposes("q", *strategies("c", "d")),
        )
        gates = play.gates()
        for index in answers:
            play.answer(gates[index], verdicts[index])
        return play.go()

    assert played([0, 1, 2, 3]).state.context.root == played(order).state.context.root


def test_nothing_moves_until_the_last_answer() -> None:
    """With one gate open the run waits, and not even an approved proposal stands."""
    play = asking(proposes("p", *strategies("a", "b")))
    play.answer(play.gates()[0], "approve")

    assert (Phase.WAITING, 0) == (play.state.phase, play.state.context.count(Key.STRATEGIES))
    assert Phase.RESOLVING is play.answer(play.gates()[0], "reject").state.phase


# When the ground moves.


UNGROUNDED = policy_of(
    rule(Effect.PERMIT), rule(Effect.ASK, Key.STRATEGIES), checks=["content-present"]
)


def resting(agent: str = "p") -> Play:
    """Returns a run in which the second question rests on what the first would make a fact."""
    play = asking(
        proposes(
            agent,
            fact(Key.STRATEGIES, "base"),
            fact(Key.STRATEGIES, "top", rests_on=(FactId("base"),)),
        ),
        policy=UNGROUNDED,
    )
    for gate in play.gates():
        play.answer(gate, "approve")
    return play.go()


def test_what_rests_on_another_answer_is_asked_anew() -> None:
    """An approval binds the ground it was given on; another ground is another question."""
    play = resting()
    [gate] = play.gates()

    assert ["base"] == contents(play.state, Key.STRATEGIES)
    assert ("gate:run/1/p/1#1", ["base"]) == (
        gate.request.id,
        [ground.fact for ground in gate.request.ground],
    )


def test_whatever_an_agent_is_called_its_proposals_can_be_asked_anew() -> None:
    """Signs that ids are made of may stand in its name."""
    [gate] = resting("a/b#1|c").gates()

    assert "gate:run/1/a/b#1|c/1#1" == gate.request.id


@pytest.mark.parametrize(("verdict", "stand"), [("approve", ["base", "top"]), ("reject", ["base"])])
def test_the_new_answer_settles_it(verdict: str, stand: list[str]) -> None:
    """The earlier answer has no say any more, and nobody is asked a third time."""
    play = resting()
    play.answer(play.gates()[0], verdict).go()

    assert (Converged(), stand) == (play.state.stop, contents(play.state, Key.STRATEGIES))
    assert 3 == len(play.of(e.GateOpened))


# Stopping while people are asked.


def test_cancelling_withdraws_every_question() -> None:
    """Open gates close, and an answer that had not taken effect is on record as without effect."""
    play = asking(proposes("p", *strategies("a", "b")))
    play.answer(play.gates()[0], "approve").cancel()

    assert (UserCancelled(by="alice"), []) == (play.state.stop, play.gates())
    assert [
        ("gate:run/1/p/0", "the run was stopped before the answer took effect"),
        ("gate:run/1/p/1", "the run was stopped"),
    ] == [(event.gate, event.reason) for event in play.of(e.GateWithdrawn)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_paused_run_taken_up_from_its_events_goes_on_alike(order: tuple[int, ...]) -> None:
    """Waiting is a state: fold what was recorded, answer, and the end is the same."""
    agents = (proposes("p", *strategies("a", "b")), proposes("q", *strategies("c")))
    straight, resumed = asking(*agents), Play(engine_of(*agents, policy=ASK_STRATEGIES))
    for event, now in straight.recorded:
        resumed.record(read_event(event.kind, parse(canonical_record(event))), now)
    resumed.clock = lambda: 10**6
    for play, indexes in ((straight, range(3)), (resumed, order)):
        gates = play.gates()
        for index in indexes:
            play.answer(gates[index], ["approve", "reject", "approve"][index])
        play.go()

    assert straight.state.context.root == resumed.state.context.root
    assert len(lines_of(straight)) == len(lines_of(resumed))
    assert ALICE.operator.id == straight.of(e.GateDecided)[0].decision.operator
