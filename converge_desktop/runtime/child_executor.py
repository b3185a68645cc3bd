"""Executes agents in a child process, so that one that hangs or dies takes nothing with it.

The child is told each new fact once and keeps a context of its own; asked about another run, it
begins that context anew. What comes back are the bytes of an effect, which are settled here as
those of any agent. A child that does not answer in time, or answers rubbish, is ended, and the next
one begins anew with everything there is to know. One whose work is given up is ended at once.

An engine registers the agents as :class:`Contained` ones, whose own code runs in the child alone:
whether one accepts is asked there as well, within the same time, and one that declines does nothing
there. To the engine it always accepts. That leaves the facts of a run as they are; but who is woken
and declines counts as eligible: towards the agents of a cycle, and for a cycle more at the end.

Each question has a secret that its answer repeats, so that what the agent before left in the pipe
passes for no answer; the question is then put to a new child. Code that stays behind in a child can
still speak for the agents after it: who trusts some less than others gives them an executor each.
"""

from __future__ import annotations

import multiprocessing
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from converge_core import events as e
from converge_core.agent import Agent, AgentEffect, Executed, execute, settle, wants
from converge_core.canonical import canonical_record
from converge_core.capability import CancellationToken
from converge_core.context import Context, ContextView
from converge_core.errors import ConvergeError, IllegalCommand, InvalidValue
from converge_core.fact import Fact, FactRecord
from converge_core.ids import AgentId, FactId, RunId
from converge_core.intent import RootIntent
from converge_core.key import ContextKey
from converge_core.record import reread
from converge_core.run_state import DeskState
from converge_core.state import fold

MAX_EFFECT_BYTES = 64 * 1024 * 1024
"""The largest effect that is taken in; more is a flood."""
START_LIMIT_S = 60.0
LOOK_S = 0.02
"""How often it is looked whether the work was given up."""
READY = b"ready"
_Question = tuple[str, str, bool, list[msgspec.Raw]]
"""A secret, an agent's name, whether to begin anew, and facts."""
Recipe = Callable[[], Iterable[Agent]]
"""Makes the agents; importable by its name, because the child calls it too."""


class Contained:
    """An agent as the engine knows it: by name and dependencies, which are looked at once.

    Making it happens here as well as in the child; what it does, there alone.
    """

    def __init__(self, agent: Agent) -> None:
        self.name, self.dependencies = agent.name, tuple(agent.dependencies)

    def accepts(self, view: ContextView) -> bool:
        """Accepts; the agent itself is asked in the child."""
        del view
        return True

    def execute(self, view: ContextView) -> AgentEffect:
        """Refuses: just a :class:`ChildExecutor` has it done."""
        del view
        raise IllegalCommand(f"{self.name} executes in a child process and nowhere else")


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

    def __call__(
        self, work: tuple[tuple[Agent, ContextView], ...], given_up: CancellationToken = bool
    ) -> tuple[Executed, ...]:
        """Executes each agent on its view, one after the other, and returns what came of it.

        Once the work is given up, the child is ended and no further agent is asked.
        """
        return tuple(
            self._execute(agent.name, view, given_up) for agent, view in work if not given_up()
        )

    def agents(self) -> tuple[Contained, ...]:
        """Returns the agents to register with the engine, in the order of the recipe."""
        return tuple([Contained(agent) for agent in self._recipe()])

    def close(self) -> None:
        """Ends the child."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def _execute(self, name: AgentId, view: ContextView, given_up: CancellationToken) -> Executed:
        child = self._child
        if child is None:
            child = self._child = _Child(self._recipe)
        fresh = child.fresh
        try:
            return child.ask(name, view, self._timeout_s, given_up)
        except TimeoutError:
            failure = f"TimeoutError: no answer within {self._timeout_s:g} s; it was ended"
        except (EOFError, OSError):
            failure = f"the process it ran in ended with exit code {child.end()}"
        except ConvergeError as error:
            failure = f"{type(error).__name__}: {error}"
            if not fresh:  # it may have been said by the agent before
                self.close()
                return self._execute(name, view, given_up)
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
        self._expired = False
        self.fresh = True
        """Whether it has answered nothing yet, so that whatever it says is the asked agent's."""
        self._told: dict[ContextKey, tuple[int, Fact]] = {}
        """How many facts it knows under each key, and the last of them."""

    def ask(
        self, name: AgentId, view: ContextView, timeout_s: float, given_up: CancellationToken
    ) -> Executed:
        """Has one agent execute.

        Raises:
            TimeoutError: if it does not answer in time, or the work is given up.
            EOFError: if the process ended.
            ConvergeError: if what it answers is no effect.
        """
        if not self._ready:  # starting is not the agent's time
            if self._exchanged(b"", START_LIMIT_S, given_up) != READY:
                raise InvalidValue("the process said something before it was asked")
            self._ready = True
        anew, news = self._news(view)
        secret = secrets.token_hex(16)
        question = msgspec.json.encode([secret, name, anew, news], enc_hook=str)
        answer = self._exchanged(question, timeout_s, given_up)
        self.fresh = False
        try:
            return _executed(name, secret, answer)
        except Exception as error:  # an agent can get at the pipe, so this may be wrong in any way
            raise InvalidValue(f"it answered rubbish ({type(error).__name__}: {error})") from error

    def end(self) -> int | None:
        """Ends the process and returns its exit code."""
        self._pipe.close()
        self._process.kill()
        self._process.join()
        return self._process.exitcode

    def _exchanged(self, question: bytes, limit_s: float, given_up: CancellationToken) -> bytes:
        """Says ``question``, if any, and returns the next message; both in time or not at all.

        Whoever does not listen, or says half a message, would be waited for without end; a process
        that ended is not.
        """
        deadline = time.monotonic() + limit_s
        answered = threading.Event()
        watch = threading.Thread(
            target=self._watch, args=(deadline, given_up, answered), daemon=True
        )
        watch.start()
        try:
            if question:
                self._pipe.send_bytes(question)
            if not self._pipe.poll(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            return self._pipe.recv_bytes(MAX_EFFECT_BYTES)
        except (EOFError, OSError) as error:
            if self._expired:
                raise TimeoutError from error
            raise
        finally:
            answered.set()
            watch.join()  # so that it ends nobody who is asked later

    def _watch(
        self, deadline: float, given_up: CancellationToken, answered: threading.Event
    ) -> None:
        """Ends the process when its time is over, or its work is given up."""
        while not answered.wait(LOOK_S):
            if given_up() or time.monotonic() >= deadline:
                self._expired = True
                self._process.kill()
                return

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


class _Answer(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What comes back; the secret is that of the question."""

    secret: str
    effect: msgspec.Raw
    reads: list[str]
    failure: str


def _executed(name: AgentId, secret: str, data: bytes) -> Executed:
    """Returns what an answer says, if it is one to the question with that secret."""
    answer = msgspec.json.decode(data, type=_Answer)
    if answer.secret != secret:
        raise InvalidValue("an answer to something else")
    read = tuple(FactId(one) for one in answer.reads)
    if answer.failure:
        return Executed(name, reads=read, failure=answer.failure)
    return Executed(name, settle(_effect(answer.effect)), read)


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
        secret, name, anew, news = msgspec.json.decode(question, type=_Question)
        if anew:
            desk = fold(DeskState(), _started(run), 0, 0)
        for record in news:
            told = msgspec.json.decode(record, type=FactRecord, dec_hook=_as_id)
            desk = fold(desk, e.FactPromoted(run=run, fact=told), 0, 0)
        context: Context = desk.runs[run].context
        done = _done(agents[name], context.view())
        effect = msgspec.Raw(canonical_record(done.effect))
        answer = _Answer(secret, effect, list(map(str, done.reads)), done.failure)
        pipe.send_bytes(msgspec.json.encode(answer))


def _done(agent: Agent, view: ContextView) -> Executed:
    """Returns what an agent does; one that declines does nothing, and read nothing."""
    return execute(agent, view) if wants(agent, view) else Executed(agent.name)


def _started(run: RunId) -> e.RunStarted:
    return e.run_without_pack(run, RootIntent(question="", subject=""))
