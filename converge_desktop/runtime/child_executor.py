"""Executes agents in a child process, so that one that hangs or dies takes nothing with it.

The child is told each new fact once and keeps a context of its own; asked about another run, it
begins that context anew. What comes back are the bytes of an effect, which are settled here as
those of any agent. A child that does not answer in time, or answers rubbish, is ended, and the next
one begins anew with everything there is to know.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterable, Mapping
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from converge_core import events as e
from converge_core.agent import Agent, AgentEffect, Executed, execute, settle
from converge_core.canonical import canonical_record
from converge_core.context import Context, ContextView
from converge_core.errors import ConvergeError, InvalidValue
from converge_core.fact import Fact, FactRecord
from converge_core.ids import AgentId, FactId, RunId
from converge_core.intent import RootIntent
from converge_core.key import ContextKey
from converge_core.record import reread
from converge_core.state import DeskState, fold

MAX_EFFECT_BYTES = 64 * 1024 * 1024
"""The largest effect that is taken in; more is a flood."""
START_LIMIT_S = 60.0
READY = b"ready"
Recipe = Callable[[], Iterable[Agent]]
"""Makes the agents; importable by its name, because the child calls it too."""


class ChildExecutor:
    """An executor for agents that are not trusted to come back.

    Args:
        recipe: makes the agents that are registered with the engine.
        timeout_s: how long one agent may take, in seconds.
    """

    def __init__(self, recipe: Recipe, timeout_s: float) -> None:
        self._recipe = recipe
        self._timeout_s = timeout_s
        self._child: _Child | None = None

    def __call__(self, work: tuple[tuple[Agent, ContextView], ...]) -> tuple[Executed, ...]:
        """Executes each agent on its view, one after the other, and returns what came of it."""
        return tuple([self._execute(agent.name, view) for agent, view in work])

    def close(self) -> None:
        """Ends the child."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def _execute(self, name: AgentId, view: ContextView) -> Executed:
        child = self._child
        if child is None:
            child = self._child = _Child(self._recipe)
        try:
            return child.ask(name, view, self._timeout_s)
        except TimeoutError:
            failure = f"TimeoutError: no answer within {self._timeout_s:g} s; it was ended"
        except (EOFError, OSError):
            failure = f"the process it ran in ended with exit code {child.end()}"
        except ConvergeError as error:
            failure = f"{type(error).__name__}: {error}"
        self.close()
        return Executed(name, failure=failure)


class _Child:
    """A process with the agents in it, and what it has been told."""

    def __init__(self, recipe: Recipe) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, recipe), daemon=True)
        self._process.start()
        theirs.close()
        self._ready = False
        self._told: dict[ContextKey, tuple[int, Fact]] = {}
        """How many facts it knows under each key, and the last of them."""

    def ask(self, name: AgentId, view: ContextView, timeout_s: float) -> Executed:
        """Has one agent execute.

        Raises:
            TimeoutError: if it does not answer in time.
            EOFError: if the process ended.
            ConvergeError: if what it answers is no effect.
        """
        if not self._ready:  # starting is not the agent's time
            if self._received(START_LIMIT_S) != READY:
                raise InvalidValue("the process said something before it was asked")
            self._ready = True
        anew, news = self._news(view)
        self._pipe.send_bytes(msgspec.json.encode([name, anew, news], enc_hook=str))
        answer = self._received(timeout_s)
        try:
            return _executed(name, answer)
        except Exception as error:  # an agent can get at the pipe, so this may be wrong in any way
            raise InvalidValue(f"it answered rubbish ({type(error).__name__}: {error})") from error

    def end(self) -> int | None:
        """Ends the process and returns its exit code."""
        self._pipe.close()
        self._process.kill()
        self._process.join()
        return self._process.exitcode

    def _received(self, limit_s: float) -> bytes:
        """Returns the next message, which begins and ends in time or not at all."""
        if not self._pipe.poll(limit_s):
            raise TimeoutError
        # Half a message would be waited for without end; that of a process that ended is not.
        watch = threading.Timer(limit_s, self._process.kill)
        watch.daemon = True
        watch.start()
        try:
            return self._pipe.recv_bytes(MAX_EFFECT_BYTES)
        finally:
            watch.cancel()

    def _news(self, view: ContextView) -> tuple[bool, list[msgspec.Raw]]:
        """Returns whether the child must begin anew, and the facts that it has not been told.

        What it was told still holds where the last fact of each key stands in its place: a fact
        stands in one context, and in those that go on from there. Asking counts as no agent's read.
        """
        anew = not all(
            view.peek(key, count - 1)[:1] == (last,) for key, (count, last) in self._told.items()
        )
        if anew:
            self._told.clear()
        news: list[msgspec.Raw] = []
        for key in ContextKey:
            told = self._told[key][0] if key in self._told else 0
            facts = view.peek(key, told)
            if facts:
                self._told[key] = told + len(facts), facts[-1]
            news += [msgspec.Raw(canonical_record(fact.record)) for fact in facts]
        return anew, news


def _executed(name: AgentId, answer: bytes) -> Executed:
    """Returns what an answer says."""
    effect, reads, failure = msgspec.json.decode(answer, type=tuple[msgspec.Raw, list[str], str])
    read = tuple(FactId(one) for one in reads)
    if failure:
        return Executed(name, reads=read, failure=failure)
    return Executed(name, settle(_effect(effect)), read)


def _effect(data: bytes | msgspec.Raw) -> AgentEffect:
    return reread(AgentEffect, msgspec.json.decode(data, type=AgentEffect, dec_hook=_as_id))


def _as_id(kind: type[Any], value: Any) -> Any:
    return kind(value)


def _serve(pipe: Connection, recipe: Recipe) -> None:
    """Runs in the child: executes what is asked until the pipe closes."""
    agents: Mapping[str, Agent] = {str(agent.name): agent for agent in recipe()}
    run = RunId("child")
    desk = fold(DeskState(), _started(run), 0, 0)
    pipe.send_bytes(READY)
    while True:
        try:
            question = pipe.recv_bytes()
        except EOFError:
            return
        name, anew, news = msgspec.json.decode(question, type=tuple[str, bool, list[msgspec.Raw]])
        if anew:
            desk = fold(DeskState(), _started(run), 0, 0)
        for record in news:
            told = msgspec.json.decode(record, type=FactRecord, dec_hook=_as_id)
            desk = fold(desk, e.FactPromoted(run=run, fact=told), 0, 0)
        context: Context = desk.runs[run].context
        done = execute(agents[name], context.view())
        effect = msgspec.Raw(canonical_record(done.effect))
        answer = [effect, list(map(str, done.reads)), done.failure]
        pipe.send_bytes(msgspec.json.encode(answer))


def _started(run: RunId) -> e.RunStarted:
    return e.run_without_pack(run, RootIntent(question="", subject=""))
