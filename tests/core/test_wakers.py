"""Who is woken: a change wakes whom it concerns, and nobody else is even asked."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core import events as e
from converge_core.agent import AgentEffect, Dependency
from converge_core.errors import InvalidConfiguration
from converge_core.ids import AgentId, FactId
from converge_core.intent import Budgets, RootIntent
from converge_core.key import ContextKey as Key
from converge_core.policy import grant
from converge_core.proposal import ContentKind
from converge_core.stop import Converged, Error
from converge_core.wakers import Wakers
from tests.core.kit import Play, Script, contents, engine_of, fact, proposes, script, seed


def waiting(name: str, *after: Key | Dependency) -> Script:
    """Returns an agent that waits for ``after`` and counts how often it was executed."""
    return Script(AgentId(name), lambda _: AgentEffect(), after)


SIGNAL = Dependency(Key.SIGNALS, prefix="tests.")


def test_an_agent_that_depends_on_part_of_a_key_sleeps_through_the_rest() -> None:
    """By the beginning of the id, by the kind of statement, or by both."""
    by_id, by_kind = (
        waiting("id", SIGNAL),
        waiting("kind", Dependency(Key.SIGNALS, ContentKind.PLAN)),
    )
    both = waiting("both", Dependency(Key.SIGNALS, ContentKind.PLAN, "tests."))
    whole = waiting("whole", Key.SIGNALS)
    play = Play(engine_of(by_id, by_kind, both, whole))
    play.begin(fact(Key.SIGNALS, "tests.failed"), fact(Key.SIGNALS, "coverage"))

    assert (1, 0, 0, 1) == (by_id.executed, by_kind.executed, both.executed, whole.executed)


def test_an_agent_that_waits_for_one_fact_is_woken_once_by_it() -> None:
    """In a chain on one key each link is executed once, however long the chain."""

    def link(number: int) -> Script:
        after = (Dependency(Key.SIGNALS, prefix=f"f{number - 1:03d}"),) if number else ()
        made = fact(Key.SIGNALS, f"f{number:03d}")
        return Script(
            AgentId(f"a{number}"),
            lambda _: AgentEffect((made,)),
            after,
            lambda view: not view.contains(made.key, made.id),
        )

    links = [link(number) for number in range(40)]
    play = Play(engine_of(*links)).begin()

    assert [f"f{number:03d}" for number in range(40)] == contents(play.state, Key.SIGNALS)
    assert {1} == {one.executed for one in links}
    assert Converged() == play.state.stop


DEPENDENCIES = st.lists(
    st.sampled_from(Key)
    | st.builds(
        Dependency,
        st.sampled_from([Key.SEEDS, Key.SIGNALS]),
        st.none() | st.sampled_from([ContentKind.CLAIM, ContentKind.PLAN]),
        st.sampled_from(["", "a", "ab", "b"]),
    ),
    max_size=3,
)
CHANGES = st.lists(
    st.tuples(
        st.sampled_from([Key.SEEDS, Key.SIGNALS, Key.DIAGNOSTIC]),
        st.sampled_from([ContentKind.CLAIM, ContentKind.PLAN]),
        st.sampled_from(["a", "abc", "b", "c"]).map(FactId),
    ),
    max_size=4,
)


def concerned(
    dependencies: Iterable[Key | Dependency], changes: list[tuple[Key, ContentKind, FactId]]
) -> bool:
    """Says the same by looking at everything."""
    wholes = [one if isinstance(one, Dependency) else Dependency(one) for one in dependencies]
    return not wholes or any(
        key is one.key and one.kind in {None, kind} and name.startswith(one.prefix)
        for key, kind, name in changes
        for one in wholes
    )


@given(st.lists(DEPENDENCIES, max_size=5), CHANGES)
def test_the_index_finds_just_whom_a_scan_would_find(
    agents: list[list[Key | Dependency]], changes: list[tuple[Key, ContentKind, FactId]]
) -> None:
    """In order of registration, each once."""
    wakers = Wakers()
    for place, after in enumerate(agents):
        wakers.add(place, waiting(f"a{place}", *after))
    expected = [f"a{n}" for n, after in enumerate(agents) if concerned(after, changes)]

    assert expected == [agent.name for agent in wakers.woken(changes)]


@pytest.mark.parametrize("after", ["Seeds", 7, None])
def test_what_is_no_key_cannot_be_depended_on(after: object) -> None:
    """It would never wake, so it is refused when the agent is registered."""
    with pytest.raises(InvalidConfiguration, match="no context key"):
        engine_of(Script(AgentId("a"), lambda _: AgentEffect(), (after,)))  # type: ignore[arg-type]


# Packs.


def test_agents_of_inactive_packs_take_no_part() -> None:
    """Those of active packs and those of none do."""
    engine = engine_of()
    engine.register(proposes("one", seed("one")), pack="one")
    engine.register(proposes("two", seed("two")), pack="two")
    engine.register(proposes("free", seed("free")))

    def seeds(active: tuple[str, ...] | None) -> list[str]:
        intent = RootIntent(question="q", subject="s", active_packs=active)
        return contents(Play(engine, intent=intent).begin().state, Key.SEEDS)

    assert (["one", "two", "free"], ["two", "free"], ["free"]) == (
        seeds(None),
        seeds(("two",)),
        seeds(()),
    )


# Agents in a cycle.


@pytest.mark.parametrize("limit", [2, 3])
def test_a_run_stops_rather_than_execute_more_agents_in_a_cycle_than_it_may(limit: int) -> None:
    """With its own numbers, before any of them is executed."""
    agents = [proposes(f"a{n}", seed(f"s{n}")) for n in range(3)]
    intent = RootIntent(question="q", subject="s", budgets=Budgets(agents_per_cycle=limit))
    play = Play(engine_of(*agents), intent=intent).begin()
    stop = play.state.stop

    if limit == 3:
        assert Converged() == stop
        return
    assert isinstance(stop, Error)
    assert ("resource", 3, 2) == (stop.category, stop.observed, stop.limit)
    assert 0 == sum(agent.executed for agent in agents)
    assert [] == play.of(e.CycleStarted)


# Going on from another run.


def first_run() -> Play:
    return Play(engine_of(proposes("p", seed("a"), fact(Key.SIGNALS, "s")))).begin()


def test_a_run_may_go_on_from_what_another_came_to() -> None:
    """It sees those facts, is woken by them once, and adds its own to them."""
    before = first_run().state.context
    one = script(
        "react",
        lambda _: AgentEffect((fact(Key.HYPOTHESES, "h"),)),
        after=[Key.SEEDS],
        when=lambda view: not view.has(Key.HYPOTHESES),
    )
    part, other = (
        waiting("part", Dependency(Key.SIGNALS, prefix="s")),
        waiting("no", Key.STRATEGIES),
    )
    result = engine_of(one, part, other).run(before, authority=grant("test", *Key))

    assert result.converged
    assert (3, 2) == (result.context.count(), before.count())
    assert (1, 1, 0) == (one.executed, part.executed, other.executed)
    assert result.context.root != before.root


def test_what_a_run_goes_on_from_cannot_be_proposed_again_otherwise() -> None:
    """An id names one fact, in whichever of the runs it was made."""
    before = first_run().state.context
    result = engine_of(proposes("p", seed("other"), fact(Key.SEEDS, "a", "something else"))).run(
        before, authority=grant("test", *Key)
    )

    assert ["a", "other"] == [one.id for one in result.context.get(Key.SEEDS)]
    assert ["a"] == [one.content for one in result.context.get(Key.SEEDS)][:1]


def test_a_snapshot_says_how_the_context_stood() -> None:
    """In any phase; it changes nothing."""
    play = first_run()
    root, phase = play.state.context.root, play.state.phase
    play.snapshot()
    [taken] = play.of(e.SnapshotTaken)

    assert (root, 2, play.state.cycle) == (taken.root, taken.facts, taken.cycle)
    assert (root, phase) == (play.state.context.root, play.state.phase)
