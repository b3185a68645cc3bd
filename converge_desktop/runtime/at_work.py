"""Agents at work: executed off the engine thread, and given up at once when somebody says so.

What is given up is never heard of again, whenever it ends: a run that goes on afterwards has its
agents execute anew, under a token of their own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from converge_core.agent import Agent, Executed, execute
from converge_core.capability import CancellationToken
from converge_core.context import ContextView
from converge_core.ids import RunId

Work = tuple[tuple[Agent, ContextView], ...]
"""Agents, each with its view of the same snapshot."""
Execute = Callable[[Work, CancellationToken], tuple[Executed, ...]]
"""Has agents execute; it may come back early, with anything, once the token says so."""
THREADS = 2
"""How many runs have agents at work at the same time."""


def one_by_one(work: Work, given_up: CancellationToken) -> tuple[Executed, ...]:
    """Executes agents in this process, one after the other."""
    return tuple(execute(agent, view) for agent, view in work if not given_up())


class AtWork:
    """The agents of all runs that are executing.

    Args:
        report: told on a thread of its own what the agents of a run did, unless it was given up.
        execute: how agents are executed.
    """

    def __init__(
        self,
        report: Callable[[RunId, threading.Event, tuple[Executed, ...]], None],
        execute: Execute = one_by_one,
    ) -> None:
        self._report = report
        self._execute = execute
        self._tokens: dict[RunId, threading.Event] = {}
        self._busy: dict[RunId, threading.Event] = {}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="agent")

    def token(self, run: RunId) -> threading.Event:
        """Returns what will be set when the work of a run is given up; a new one after that."""
        return self._tokens.setdefault(run, threading.Event())

    def busy(self, run: RunId) -> bool:
        """Whether agents of a run are at work."""
        return run in self._busy

    def begin(self, run: RunId, work: Work) -> None:
        """Has agents execute."""
        token = self._busy[run] = self.token(run)

        def at_work() -> None:
            executed = self._execute(work, token.is_set)
            if not token.is_set():
                self._report(run, token, executed)

        self._threads.submit(at_work)

    def over(self, run: RunId, token: threading.Event) -> bool:
        """Takes in that work has ended; says whether anybody still wants to hear of it."""
        if self._busy.get(run) is not token:
            return False
        del self._busy[run]
        return True

    def give_up(self, run: RunId) -> None:
        """Has the agents of a run stop, and what they do not be heard."""
        token = self._tokens.pop(run, None)
        if token is not None:
            token.set()
        self._busy.pop(run, None)

    def stop(self) -> None:
        """Asks all agents to stop; from any thread."""
        for token in list(self._tokens.values()):
            token.set()

    def close(self) -> None:
        """Stops all agents and waits until they have."""
        self.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)
