"""The merge: registration order, emission order, and nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core import events as e
from converge_core.agent import Agent, AgentEffect, Executed, Executor, execute, sequential
from converge_core.canonical import canonical_record
from converge_core.context import ContextView
from converge_core.ids import RunId
from converge_core.key import ContextKey as Key
from tests.core.kit import (
    ASK_STRATEGIES,
    Play,
    Script,
    completing,
    contents,
    engine_of,
    fact,
    lines_of,
    proposes,
    script,
    seed,
)


def four() -> list[Script]:
    """Four agents that promote, ask, repeat each other, contradict each other, and fail."""

    def fail(_: ContextView) -> AgentEffect:
        raise RuntimeError("no luck")

    return [
        proposes("one", seed("a", "first"), fact(Key.STRATEGIES, "s1")),
        proposes("two", seed("a", "second"), seed("b")),
        script("three", fail, when=lambda view: not view.has(Key.DIAGNOSTIC)),
        proposes("four", fact(Key.STRATEGIES, "s2"), seed("b")),
    ]


def played(executor: Executor = sequential, run: str = "run") -> Play:
    play = Play(engine_of(*four(), policy=ASK_STRATEGIES), run=RunId(run), executor=executor)
    return play.begin(seed("input")).answer_all()


REFERENCE = played()


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_the_order_in_which_agents_finish_leaves_no_mark(order: tuple[int, ...]) -> None:
    """All orders of completion give byte-identical events and the same root."""
    play = played(completing(order))

    assert lines_of(REFERENCE) == lines_of(play)
    assert REFERENCE.state.context.root == play.state.context.root


def test_threads_give_what_one_after_the_other_gives() -> None:
    """The executor is an option and never an influence."""
    with ThreadPoolExecutor(4) as pool:

        def threaded(work: tuple[tuple[Agent, ContextView], ...]) -> tuple[Executed, ...]:
            return tuple(pool.map(lambda one: execute(*one), work))

        assert lines_of(REFERENCE) == lines_of(played(threaded))


def test_a_thousand_runs_in_all_orders_of_completion_are_the_same_to_the_byte() -> None:
    """Nothing in the core draws lots, looks at a clock or at an address: events, context, root."""

    def told(play: Play) -> tuple[list[bytes], list[bytes], str]:
        facts = [canonical_record(one.record) for one in play.state.context.in_order()]
        return lines_of(play), facts, play.state.context.root

    orders = islice(cycle(permutations(range(4))), 1000)

    assert {repr(told(REFERENCE))} == {repr(told(played(completing(one)))) for one in orders}


def test_facts_stand_in_the_order_of_registration_and_emission() -> None:
    """Who registered first comes first, and each keeps its own order."""
    agents = [proposes("z", seed("z1"), seed("z2")), proposes("a", seed("a1"), seed("a2"))]
    play = Play(engine_of(*agents)).begin()

    assert ["z1", "z2", "a1", "a2"] == contents(play.state, Key.SEEDS)


@given(st.permutations(["a", "b", "c", "d"]))
def test_input_is_promoted_in_the_order_in_which_it_was_staged(names: list[str]) -> None:
    """Over several keys, too."""
    keys = {"a": Key.SIGNALS, "b": Key.SEEDS, "c": Key.SIGNALS, "d": Key.CONSTRAINTS}
    play = Play(engine_of()).begin(*(fact(keys[name], name) for name in names))

    assert names == [event.fact.id for event in play.of(e.FactPromoted)]


# The root covers content and order, and nothing of when or where.


@given(
    run=st.text("abc", min_size=1, max_size=8),
    start=st.integers(0, 10**15),
    step=st.integers(0, 10**9),
)
def test_the_root_does_not_depend_on_clocks_or_the_name_of_the_run(
    run: str, start: int, step: int
) -> None:
    """Two desks that do the same on different days agree on the root, refusals and failures too."""
    ticks = iter(range(start, start + (step + 1) * 10_000, step + 1))
    play = Play(
        engine_of(*four(), policy=ASK_STRATEGIES), run=RunId(run), clock=ticks.__next__
    ).begin(seed("input"), seed("blank", " "))
    play.answer_all()

    same = played_with_blank()
    assert same.state.context.root == play.state.context.root


def played_with_blank() -> Play:
    play = Play(engine_of(*four(), policy=ASK_STRATEGIES))
    return play.begin(seed("input"), seed("blank", " ")).answer_all()


def test_the_root_of_a_refusal_for_a_missing_check_does_not_name_the_run() -> None:
    """A diagnostic is a fact as well, so it says nothing that differs from run to run."""
    policy = ASK_STRATEGIES.__class__(
        id="p", revision=1, rules=ASK_STRATEGIES.rules, checks={"Seeds": ("is-sound",)}
    )
    roots = {
        Play(engine_of(policy=policy), run=RunId(run)).begin(seed("a")).state.context.root
        for run in ("monday", "tuesday")
    }

    assert 1 == len(roots)


def test_the_root_covers_content_order_key_and_authority() -> None:
    """Change any of them, and the root is another."""
    plays = [
        Play(engine_of()).begin(seed("a"), seed("b")),
        Play(engine_of()).begin(seed("b"), seed("a")),
        Play(engine_of()).begin(seed("a"), seed("b", "other words")),
        Play(engine_of()).begin(seed("a"), fact(Key.SIGNALS, "b")),
        Play(engine_of()).begin(seed("a"), fact(Key.SEEDS, "b", structured={"n": 1})),
        Play(engine_of()).begin(seed("a"), fact(Key.SEEDS, "b", confidence=1)),
        Play(engine_of()).begin(seed("a"), fact(Key.SEEDS, "b", rests_on=(seed("a").id,))),
        Play(engine_of()).begin(seed("a")),
        Play(engine_of()).begin(),
    ]

    assert len(plays) == len({play.state.context.root for play in plays})


# The same id twice.


def test_the_same_fact_again_changes_nothing() -> None:
    """A repeated proposal is on record as already so, and the context stays as it was."""
    once = Play(engine_of(proposes("p", seed("a")))).begin()
    twice = Play(engine_of(proposes("p", seed("a")), proposes("q", seed("a")))).begin()
    [dropped] = twice.of(e.ProposalRefused)

    assert once.state.context.root == twice.state.context.root
    assert ("already-so", "") == (dropped.rule, dropped.target)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(seed("a", "two"), id="other words"),
        pytest.param(fact(Key.SEEDS, "a", "one", structured={"n": 1}), id="other structure"),
        pytest.param(fact(Key.SIGNALS, "a", "one"), id="another key"),
    ],
)
def test_one_id_cannot_stand_for_two_contents(other: object) -> None:
    """The second is refused as a conflict, and both contents can be read in the diagnostic."""
    play = Play(engine_of()).begin(seed("a", "one"), other)  # type: ignore[arg-type]
    [refused] = play.of(e.ProposalRefused)
    [diagnostic] = contents(play.state, Key.DIAGNOSTIC)

    assert ("conflict", 1) == (refused.rule, play.state.context.count(Key.SEEDS))
    assert "“one”" in diagnostic
    assert f"“{other.content}”" in diagnostic  # type: ignore[attr-defined]


def test_a_tuple_and_a_list_are_the_same_content() -> None:
    """What an agent repeats in another Python type is no conflict, as it is none on disk."""
    listed = fact(Key.SEEDS, "a", structured={"pair": [1, 2]})
    paired = fact(Key.SEEDS, "a", structured={"pair": (1, 2)})
    play = Play(engine_of(proposes("p", listed), proposes("q", paired))).begin()

    assert ["already-so"] == [event.rule for event in play.of(e.ProposalRefused)]


def test_a_later_proposal_of_a_merge_is_checked_against_the_earlier_ones() -> None:
    """What one agent suggests may rest on what another, merged before it, has just suggested."""
    resting = fact(Key.HYPOTHESES, "h", rests_on=(seed("a").id,))
    before = Play(engine_of(proposes("p", seed("a")), proposes("q", resting))).begin()
    after = Play(engine_of(proposes("q", resting), proposes("p", seed("a")))).begin()

    assert (1, 0) == (
        before.state.context.count(Key.HYPOTHESES),
        after.state.context.count(Key.HYPOTHESES),
    )
