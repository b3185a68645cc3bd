"""Agents in a child process: whatever becomes of one, the others merge and the run goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from converge_core.agent import sequential
from converge_core.key import ContextKey
from converge_desktop.runtime.child_executor import ChildExecutor, Recipe
from tests.core.kit import Play, contents, engine_of, seed
from tests.runtime import child_agents

LONG = 60.0
"""Seconds nobody waits for: whatever ends here ends at once."""


def played(recipe: Recipe, executor: ChildExecutor) -> Play:
    play = Play(engine_of(*recipe()), executor=executor)
    return play.begin(seed("a"), seed("b"))


@pytest.fixture
def honest() -> Iterator[ChildExecutor]:
    with closing(ChildExecutor(child_agents.honest, LONG)) as executor:
        yield executor


def test_a_child_makes_the_same_context_as_this_process(honest: ChildExecutor) -> None:
    """The same facts, resting on the same ones, under the same root."""
    there = played(child_agents.honest, honest)
    here = Play(engine_of(*child_agents.honest()), executor=sequential)
    here.begin(seed("a"), seed("b"))

    assert here.state.context.root == there.state.context.root
    assert {"early": "words", "counts": "a b"} == {
        one.id: one.content for one in there.state.context.get(ContextKey.SIGNALS)
    }
    assert ("a", "b") == there.state.context.get(ContextKey.SIGNALS)[1].rests_on


@pytest.mark.parametrize(
    ("recipe", "timeout_s", "reason"),
    [
        (child_agents.with_one_that_hangs, 2.0, "hangs: TimeoutError: no answer within 2 s"),
        (child_agents.with_one_that_dies, LONG, "dies: the process it ran in ended with exit"),
        (child_agents.with_one_that_fails, LONG, "fails: RuntimeError: no luck"),
        (child_agents.with_one_that_floods, LONG, "floods: the process it ran in ended"),
    ],
    ids=["hangs", "dies", "fails", "floods"],
)
def test_an_agent_that_does_not_come_back_is_a_recorded_failure(
    recipe: Recipe, timeout_s: float, reason: str
) -> None:
    """It wrote nothing, a diagnostic says what became of it, and the others merge."""
    with closing(ChildExecutor(recipe, timeout_s)) as executor:
        play = played(recipe, executor)

    assert {"early", "counts"} == {one.id for one in play.state.context.get(ContextKey.SIGNALS)}
    [diagnostic] = contents(play.state, ContextKey.DIAGNOSTIC)
    assert diagnostic.startswith(reason)


def test_closing_twice_does_no_harm(honest: ChildExecutor) -> None:
    """And closing one that never began neither."""
    honest.close()
    honest.close()
