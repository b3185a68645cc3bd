"""Agents at work are given up at once, wherever they hang, and never heard of again."""

from __future__ import annotations

import threading
from contextlib import closing
from queue import SimpleQueue

from converge_core.agent import Agent, Executed
from converge_core.command import Advance
from converge_core.context import Context
from converge_core.ids import AgentId, RunId
from converge_desktop.runtime.at_work import AtWork, Execute, Work, one_by_one
from converge_desktop.runtime.child_executor import ChildExecutor
from tests.core.kit import Play, engine_of, script, seed
from tests.runtime import child_agents
from tests.runtime.watching import PATIENCE

RUN = RunId("run")
LONG = 600.0
"""Nothing waits that long when all is well."""
Heard = SimpleQueue[tuple[RunId, threading.Event, tuple[Executed, ...]]]


def agents(heard: Heard, execute: Execute = one_by_one) -> AtWork:
    return AtWork(lambda *report: heard.put(report), execute)


def work(*names: str) -> Work:
    """Returns agents with nothing to look at."""

    def named(name: str) -> Agent:
        return child_agents.Does(name, child_agents.count_seeds)

    return tuple((named(name), Context().view()) for name in names)


def test_what_agents_did_is_reported_once() -> None:
    """With the token that says whether anybody still wants to hear of it."""
    heard: Heard = SimpleQueue()
    with closing(agents(heard)) as at_work:
        at_work.begin(RUN, work("a", "b"))
        run, token, executed = heard.get(timeout=PATIENCE)

        assert (RUN, ["a", "b"]) == (run, [one.agent for one in executed])
        assert at_work.busy(RUN)
        assert at_work.over(RUN, token)
        assert not at_work.busy(RUN)
        assert not at_work.over(RUN, token)


def test_what_was_given_up_is_not_taken_for_what_began_after_it() -> None:
    """A report that was under way when it happened has the token of then."""
    heard: Heard = SimpleQueue()
    with closing(agents(heard)) as at_work:
        at_work.begin(RUN, work("late"))
        late = heard.get(timeout=PATIENCE)[1]
        at_work.give_up(RUN)
        at_work.begin(RUN, work("anew"))
        anew = heard.get(timeout=PATIENCE)[1]

        assert late.is_set()
        assert not anew.is_set()
        assert not at_work.over(RUN, late)
        assert at_work.over(RUN, anew)


def test_no_further_agent_begins_once_the_work_is_given_up() -> None:
    """The one under way ends as it likes; the next is not asked, and nobody hears of either."""
    heard: Heard = SimpleQueue()
    entered, free = threading.Event(), threading.Event()
    did: list[str] = []

    def slow(_: object) -> None:
        entered.set()
        assert free.wait(PATIENCE)

    def note(_: object) -> None:
        did.append("second")

    play = Play(engine_of(script("first", slow), script("second", note))).begin(  # type: ignore[arg-type]
        seed("a"), go=False
    )
    play.command(Advance())
    with closing(agents(heard)) as at_work:
        at_work.begin(RUN, play.engine.work(play.state))
        assert entered.wait(PATIENCE)
        at_work.give_up(RUN)
        free.set()

    assert [] == did
    assert heard.empty()


def test_a_child_process_that_hangs_is_ended_when_its_work_is_given_up() -> None:
    """Long before its time is over; the next one begins anew, with a child of its own."""
    entered = threading.Event()
    heard: Heard = SimpleQueue()

    def execute(asked: Work, given_up: object) -> tuple[Executed, ...]:
        entered.set()
        return child(asked, given_up)  # type: ignore[arg-type]

    with closing(ChildExecutor(child_agents.with_one_that_hangs, LONG)) as child:
        at_work = agents(heard, execute)
        at_work.begin(RUN, work("hangs", "counts"))
        assert entered.wait(PATIENCE)
        at_work.give_up(RUN)
        at_work.close()  # waits until nobody is at work
        assert heard.empty()

        with closing(agents(heard, execute)) as again:
            again.begin(RUN, work("counts"))
            [done] = heard.get(timeout=PATIENCE)[2]
        assert (AgentId("counts"), "") == (done.agent, done.failure)
