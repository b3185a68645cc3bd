"""Agents in a child process: whatever becomes of one, the others merge and the run goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial

import pytest

from converge_core.agent import sequential
from converge_core.command import Advance, Report
from converge_core.context import Context, ContextView, stage_all
from converge_core.ids import RunId
from converge_core.key import ContextKey
from converge_core.run_state import Phase
from converge_core.stop import Converged
from converge_desktop.runtime.child_executor import ChildExecutor, Recipe
from tests.core.kit import EVERYTHING, Play, contents, engine_of, fact, seed
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
        (
            child_agents.with_one_that_floods,
            LONG,
            "floods: InvalidValue: the proposal floods has 70,",
        ),
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


def step(play: Play) -> None:
    if play.state.phase is Phase.EXECUTING:
        play.command(Report(play.executor(play.engine.work(play.state))))
    elif play.state.phase is not Phase.STOPPED:
        play.command(Advance())


def runs(executor: ChildExecutor, *seeds: str) -> list[Play]:
    """Returns a run over each of ``seeds``, all executed by one child."""
    return [
        Play(
            engine_of(*child_agents.telling_all()), run=RunId(f"over {one}"), executor=executor
        ).begin(seed(one), go=False)
        for one in seeds
    ]


@pytest.mark.parametrize("seeds", [("one", "two"), ("same", "same")], ids=" ".join)
@pytest.mark.parametrize("interleaved", [False, True], ids=["in turn", "interleaved"])
def test_an_agent_sees_the_facts_of_its_own_run(seeds: tuple[str, str], interleaved: bool) -> None:
    """One child serves them all, and what it was told for one run it does not show to another."""
    with closing(ChildExecutor(child_agents.telling_all, LONG)) as executor:
        first, second = runs(executor, *seeds)
        if not interleaved:
            first.go()
        while {first.state.phase, second.state.phase} != {Phase.STOPPED}:
            step(first)
            step(second)

    for play, own in zip((first, second), seeds, strict=True):
        process, counts, told = contents(play.state, ContextKey.SIGNALS)
        assert (own, f"{own} {process} {own}") == (counts, told)
    assert 1 == len({contents(play.state, ContextKey.SIGNALS)[0] for play in (first, second)})


def test_what_stands_in_a_run_is_told_as_that_run_has_it() -> None:
    """A fact that says the same in another run came about there in another way."""
    with closing(ChildExecutor(child_agents.telling_origins, LONG)) as executor:
        plays = [
            Play(
                engine_of(*child_agents.telling_origins()), run=RunId(run), executor=executor
            ).begin(seed("same"))
            for run in ("first", "second")
        ]

    assert [["first/0/input/0"], ["second/0/input/0"]] == [
        contents(play.state, ContextKey.SIGNALS) for play in plays
    ]


RUBBISH = {
    "nothing": b"",
    "no JSON": b"rubbish",
    "no text": b'"\xff"',
    "another shape": b"{}",
    "too little": b"[{}]",
    "another effect": b'[{"proposals":1},[],""]',
    "no id": b'[{},["\\u0000"],""]',
    "without end": b"[" * 100_000,
    "an effect without end": b'[{"proposals":' + b"[" * 100_000 + b"]" * 100_000 + b'},[],""]',
    "a number beyond all": (
        b'[{"proposals":[{"key":"Signals","id":"x","content":"x","structured":{"n":1%b}}]},[],""]'
        % (b"0" * 30)
    ),
}


@pytest.mark.parametrize("what", RUBBISH)
def test_rubbish_on_the_pipe_is_a_recorded_failure(what: str) -> None:
    """Agents run where answers are written, so one may write what no executor would."""
    recipe = partial(child_agents.answering, RUBBISH[what])
    with closing(ChildExecutor(recipe, LONG)) as executor:
        play = played(recipe, executor)

    assert {"early", "counts"} == {one.id for one in play.state.context.get(ContextKey.SIGNALS)}
    [diagnostic] = contents(play.state, ContextKey.DIAGNOSTIC)
    assert diagnostic.startswith("answers: InvalidValue: it answered rubbish (")


def test_half_a_message_is_not_waited_for() -> None:
    """An answer that begins in time and never ends is one that does not come."""
    recipe = child_agents.with_one_that_begins_an_answer
    with closing(ChildExecutor(recipe, 1.0)) as executor:
        play = played(recipe, executor)

    assert {"early", "counts"} == {one.id for one in play.state.context.get(ContextKey.SIGNALS)}
    [diagnostic] = contents(play.state, ContextKey.DIAGNOSTIC)
    assert diagnostic.startswith("begins: ")


def test_what_an_agent_leaves_in_the_pipe_is_no_answer_of_the_next() -> None:
    """It may say what it likes in its own name, and nothing in that of another."""
    recipe = child_agents.with_one_that_answers_for_the_next
    with closing(ChildExecutor(recipe, LONG)) as executor:
        play = played(recipe, executor)

    assert {"own": "forged", "early": "words", "counts": "a b"} == {
        one.id: one.content for one in play.state.context.get(ContextKey.SIGNALS)
    }
    assert [] == contents(play.state, ContextKey.DIAGNOSTIC)


def test_a_well_formed_answer_to_something_else_is_a_recorded_failure() -> None:
    """Even of the right shape: it does not repeat what only the question said."""
    recipe = partial(child_agents.answering, child_agents.FORGED % (b"0" * 32, b"answers"))
    with closing(ChildExecutor(recipe, LONG)) as executor:
        play = played(recipe, executor)

    assert {"early", "counts"} == {one.id for one in play.state.context.get(ContextKey.SIGNALS)}
    [diagnostic] = contents(play.state, ContextKey.DIAGNOSTIC)
    assert "answered rubbish (InvalidValue: an answer to something else)" in diagnostic


def test_a_child_that_speaks_before_it_is_asked_is_not_believed() -> None:
    """Whatever it says first is not that it is ready, and no agent is blamed for an answer."""
    with closing(ChildExecutor(child_agents.babbling, LONG)) as executor:
        play = played(child_agents.babbling, executor)

    assert [] == contents(play.state, ContextKey.SIGNALS)
    assert {"InvalidValue: the process said something before it was asked"} == {
        one.reason for one in play.state.failures
    }


# Whether an agent accepts is its own code too.


def contained(recipe: Recipe, executor: ChildExecutor) -> Play:
    """Plays a run whose engine knows the agents as contained ones."""
    return Play(engine_of(*executor.agents()), executor=executor).begin(seed("a"), seed("b"))


@pytest.mark.parametrize(
    ("accepts", "timeout_s", "reason"),
    [
        (child_agents.hang_over_it, 2.0, "odd: TimeoutError: no answer within 2 s"),
        (child_agents.die_over_it, LONG, "odd: the process it ran in ended with exit code 3"),
        (child_agents.refuse_to_say, LONG, "odd: RuntimeError: cannot say"),
    ],
    ids=["hangs", "dies", "fails"],
)
def test_an_agent_that_does_not_come_back_from_whether_it_accepts_is_a_recorded_failure(
    accepts: Callable[[ContextView], bool], timeout_s: float, reason: str
) -> None:
    """It is asked in the child, within the same time, and the engine's thread waits for nobody."""
    recipe = partial(child_agents.asked_by, accepts)
    with closing(ChildExecutor(recipe, timeout_s)) as executor:
        play = contained(recipe, executor)

    assert {"early", "counts"} == {one.id for one in play.state.context.get(ContextKey.SIGNALS)}
    assert contents(play.state, ContextKey.DIAGNOSTIC)[0].startswith(reason)


def test_a_contained_agent_that_declines_does_nothing() -> None:
    """The run comes to the facts it comes to in this process."""
    recipe = partial(child_agents.asked_by, child_agents.declines)
    with closing(ChildExecutor(recipe, LONG)) as executor:
        there = contained(recipe, executor)
    here = Play(engine_of(*recipe())).begin(seed("a"), seed("b"))

    assert here.state.context.root == there.state.context.root
    assert (Converged(), Converged()) == (here.state.stop, there.state.stop)


def test_a_contained_agent_executes_nowhere_else() -> None:
    """An engine that is driven by another executor hears of it as a failure."""
    executor = ChildExecutor(child_agents.honest, LONG)
    play = Play(engine_of(*executor.agents()), executor=sequential).begin(seed("a"))

    assert {
        "IllegalCommand: early executes in a child process and nowhere else",
        "IllegalCommand: counts executes in a child process and nowhere else",
    } == {one.reason for one in play.state.failures}


def test_a_child_that_no_longer_listens_is_ended_in_time() -> None:
    """Though more is to be told than a pipe holds."""
    many = [fact(ContextKey.SEEDS, f"f{n}", "x" * 1000) for n in range(400)]
    full = stage_all(Context(), many)
    full = engine_of().run(full, authority=EVERYTHING).context
    with closing(ChildExecutor(child_agents.with_one_that_stops_listening, 1.0)) as executor:
        deaf, early, _ = executor.agents()
        executor(((deaf, Context().view()),))
        [done] = executor(((early, full.view()),))
        assert done.failure == "TimeoutError: no answer within 1 s; it was ended"
        [done] = executor(((early, full.view()),))
        assert not done.failure
