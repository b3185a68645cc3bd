"""Budgets: a run ends whether or not its agents are well behaved, and never overshoots."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core import events as e
from converge_core.agent import AgentEffect
from converge_core.context import ContextView
from converge_core.intent import Budgets, RootIntent
from converge_core.key import ContextKey as Key
from converge_core.stop import (
    CycleBudgetExhausted,
    FactBudgetExhausted,
    TimeBudgetExhausted,
    TokenBudgetExhausted,
)
from tests.core.kit import (
    ASK_STRATEGIES,
    Play,
    Script,
    engine_of,
    fact,
    model_call,
    proposes,
    script,
    seed,
)


def within(**budgets: int) -> RootIntent:
    return RootIntent(question="q", subject="s", budgets=Budgets(**budgets))


def endless(facts_a_cycle: int = 1) -> Script:
    """Returns an agent that always has more to add."""

    def more(view: ContextView) -> AgentEffect:
        first = view.count(Key.SEEDS)
        return AgentEffect(tuple(seed(f"s{first + n}") for n in range(facts_a_cycle)))

    return script("endless", more)


@given(st.integers(1, 12))
def test_an_infinite_proposer_stops_after_just_as_many_cycles_as_it_was_given(cycles: int) -> None:
    """The cycle budget is exact."""
    agent = endless()
    play = Play(engine_of(agent), intent=within(cycles=cycles)).begin()

    assert CycleBudgetExhausted(executed=cycles, limit=cycles) == play.state.stop
    assert (cycles, cycles) == (agent.executed, play.state.context.count())


@given(limit=st.integers(0, 12), facts_a_cycle=st.integers(1, 5))
def test_a_merge_never_makes_more_facts_than_the_budget_allows(
    limit: int, facts_a_cycle: int
) -> None:
    """The fact budget holds inside a merge too: the fact that would be too many is not made."""
    play = Play(engine_of(endless(facts_a_cycle)), intent=within(facts=limit)).begin()

    assert FactBudgetExhausted(facts=limit, limit=limit) == play.state.stop
    assert limit == play.state.context.count()
    assert "fact-budget" in {event.rule for event in play.of(e.ProposalRefused)}


def test_a_run_that_uses_its_fact_budget_up_and_wants_no_more_is_fine() -> None:
    """Reaching a budget is no overrun."""
    play = Play(engine_of(proposes("p", seed("a"), seed("b"))), intent=within(facts=2)).begin()

    assert ("Converged", 2) == (
        play.state.stop and play.state.stop.kind,
        play.state.context.count(),
    )


def test_too_much_input_is_stopped_at_the_gate() -> None:
    """Input counts like any other fact."""
    play = Play(engine_of(), intent=within(facts=1)).begin(seed("a"), seed("b"))

    assert FactBudgetExhausted(facts=1, limit=1) == play.state.stop


def test_diagnostics_count_and_do_not_overshoot() -> None:
    """Even what the engine has to say about a refusal must fit."""
    play = Play(engine_of(), intent=within(facts=1)).begin(seed("a"), seed("b", " "))

    assert (1, 1) == (play.state.context.count(), play.state.context.count(Key.SEEDS))


def test_approved_facts_respect_the_budget() -> None:
    """A person cannot approve beyond it, and the proposal is on record as too many."""
    engine = engine_of(
        proposes("p", fact(Key.STRATEGIES, "s1"), fact(Key.STRATEGIES, "s2")), policy=ASK_STRATEGIES
    )
    play = Play(engine, intent=within(facts=1)).begin()
    for gate in play.gates():
        play.answer(gate, "approve")

    assert FactBudgetExhausted(facts=1, limit=1) == play.go().state.stop
    assert ["fact-budget"] == [event.rule for event in play.of(e.ProposalRefused)]


def test_a_run_without_budgets_of_its_own_ends_too() -> None:
    """A hundred cycles and ten thousand facts are for everybody; tokens and time are free."""
    assert Budgets(cycles=100, facts=10_000, tokens=None, time_us=None) == Budgets()


# Tokens.


def chatty(prompt_tokens: int, completion_tokens: int) -> Script:
    def call(view: ContextView) -> AgentEffect:
        call = model_call(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)
        return AgentEffect((seed(f"s{view.count(Key.SEEDS)}"),), (call,))

    return script("chatty", call)


@pytest.mark.parametrize(
    ("limit", "cycles", "consumed"), [(29, 1, 30), (30, 1, 30), (31, 2, 60), (61, 3, 90)]
)
def test_tokens_of_prompts_and_answers_count(limit: int, cycles: int, consumed: int) -> None:
    """No cycle begins once they are used up; the cycle that used them is kept."""
    agent = chatty(20, 10)
    play = Play(engine_of(agent), intent=within(tokens=limit)).begin()

    assert TokenBudgetExhausted(consumed=consumed, limit=limit) == play.state.stop
    assert (cycles, cycles) == (agent.executed, play.state.context.count())


# Time.


def ticking(step: int) -> Callable[[], int]:
    return count(0, step).__next__


def test_working_time_counts_by_the_clock_that_was_handed_in() -> None:
    """The clock moves 10 a step, an execution takes one step; the third is the last."""
    agent = endless()
    play = Play(engine_of(agent), intent=within(time_us=30), clock=ticking(10)).begin()

    assert TimeBudgetExhausted(duration_us=30, limit_us=30) == play.state.stop
    assert 3 == agent.executed


def test_every_time_on_record_is_one_that_was_handed_in() -> None:
    """Microseconds since 1970 UTC, as whole numbers: the core has no clock to look at."""
    engine = engine_of(proposes("p", seed("a"), fact(Key.STRATEGIES, "s")), policy=ASK_STRATEGIES)
    play = Play(engine, clock=lambda: 1_795_176_000_000_000).begin()
    times = {
        *(made.fact.promotion.promoted_at for made in play.of(e.FactPromoted)),
        *(asked.request.opened_at for asked in play.of(e.GateOpened)),
        play.state.started_at,
    }

    assert {1_795_176_000_000_000} == times


def test_waiting_for_a_person_spends_no_budget() -> None:
    """However long an answer takes, the run has worked no longer for it."""
    now = [0]
    engine = engine_of(proposes("p", fact(Key.STRATEGIES, "s")), policy=ASK_STRATEGIES)
    play = Play(engine, intent=within(time_us=1_000), clock=lambda: now[0]).begin()
    now[0] = 10**12
    play.answer(play.gates()[0], "approve").go()

    assert ("Converged", 0) == (play.state.stop and play.state.stop.kind, play.state.active_us)


def test_a_clock_that_goes_backwards_takes_no_time_away() -> None:
    """A corrected clock neither ends a run early nor makes it endless."""
    times = iter([100, 90, 80, 70, 60, 50, 40, 30, 20, 10])
    play = Play(
        engine_of(proposes("p", seed("a"))), intent=within(time_us=5), clock=times.__next__
    ).begin()

    assert ("Converged", 0) == (play.state.stop and play.state.stop.kind, play.state.active_us)


@pytest.mark.parametrize(
    ("budgets", "kind"),
    [
        ({"cycles": 1, "tokens": 1, "time_us": 1}, "CycleBudgetExhausted"),
        ({"tokens": 1, "time_us": 1}, "TokenBudgetExhausted"),
        ({"time_us": 1}, "TimeBudgetExhausted"),
    ],
)
def test_one_budget_ends_a_run_that_has_used_up_several(budgets: dict[str, int], kind: str) -> None:
    """Cycles before tokens before time, so that the same run always gives the same reason."""
    play = Play(engine_of(chatty(1, 1)), intent=within(**budgets), clock=ticking(10)).begin()

    assert kind == (play.state.stop and play.state.stop.kind)
