"""Agents for a child process: importable there by name."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from types import FrameType

from converge_core.agent import Agent, AgentEffect
from converge_core.context import ContextView
from converge_core.ids import AgentId, FactId
from converge_core.key import ContextKey
from converge_core.proposal import ProposedFact


class Does:
    """An agent that does one thing as long as its fact is missing."""

    def __init__(
        self, name: str, does: Callable[[ContextView], AgentEffect], *after: ContextKey
    ) -> None:
        self.name = AgentId(name)
        self.dependencies = after
        self._does = does

    def accepts(self, view: ContextView) -> bool:
        return not view.contains(ContextKey.SIGNALS, FactId(str(self.name)))

    def execute(self, view: ContextView) -> AgentEffect:
        return self._does(view)


def signal(name: str, content: str = "words") -> ProposedFact:
    return ProposedFact(key=ContextKey.SIGNALS, id=FactId(name), content=content)


def hang(_: ContextView) -> AgentEffect:
    threading.Event().wait()
    raise AssertionError("nobody ends this wait")


def die(_: ContextView) -> AgentEffect:
    os._exit(3)


def fail(_: ContextView) -> AgentEffect:
    raise RuntimeError("no luck")


def count_seeds(view: ContextView) -> AgentEffect:
    seeds = " ".join(fact.content for fact in view.get(ContextKey.SEEDS))
    return AgentEffect((signal("counts", seeds),))


def flood(_: ContextView) -> AgentEffect:
    return AgentEffect((signal("floods", "x" * 70_000_000),))


def honest() -> Iterable[Agent]:
    return [
        Does("early", lambda _: AgentEffect((signal("early"),))),
        Does("counts", count_seeds, ContextKey.SEEDS),
    ]


def with_one_that_hangs() -> Iterable[Agent]:
    return [Does("hangs", hang, ContextKey.SEEDS), *honest()]


def with_one_that_dies() -> Iterable[Agent]:
    return [Does("dies", die, ContextKey.SEEDS), *honest()]


def with_one_that_fails() -> Iterable[Agent]:
    return [Does("fails", fail, ContextKey.SEEDS), *honest()]


def with_one_that_floods() -> Iterable[Agent]:
    return [Does("floods", flood, ContextKey.SEEDS), *honest()]


def pipe() -> Connection:
    """Finds the way out of the process, as any code in it can."""
    return next(thing for thing in gc.get_objects() if isinstance(thing, Connection))


def answering(answer: bytes) -> Iterable[Agent]:
    """One that answers by itself, before its executor can."""

    def answer_first(_: ContextView) -> AgentEffect:
        pipe().send_bytes(answer)
        return AgentEffect()

    return [Does("answers", answer_first, ContextKey.SEEDS), *honest()]


def secret() -> str:
    """Finds what the answer has to repeat, as any code in the process can."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and "secret" not in frame.f_locals:
        frame = frame.f_back
    assert frame is not None
    return str(frame.f_locals["secret"])


FORGED = b'["%b",{"proposals":[{"content":"forged","id":"%b","key":"Signals"}]},[],""]'


def answer_for_the_next(_: ContextView) -> AgentEffect:
    """Says everything itself, so that what its executor says is left for the one after it."""
    pipe().send_bytes(FORGED % (secret().encode(), b"own"))
    return AgentEffect((signal("left-behind"),))


def with_one_that_answers_for_the_next() -> Iterable[Agent]:
    return [Does("own", answer_for_the_next, ContextKey.SEEDS), *honest()]


def babbling() -> Iterable[Agent]:
    """Agents whose making says something, in the child alone."""
    if multiprocessing.parent_process() is not None:
        pipe().send_bytes(b"hello")
    return honest()


def refuse_to_say(_: ContextView) -> bool:
    raise RuntimeError("cannot say")


def hang_over_it(view: ContextView) -> bool:
    return bool(hang(view))


def die_over_it(view: ContextView) -> bool:
    return bool(die(view))


def asked_by(accepts: Callable[[ContextView], bool]) -> Iterable[Agent]:
    """One that is asked in a way of its own whether it accepts."""
    agent = Does("odd", lambda _: AgentEffect((signal("odd"),)), ContextKey.SEEDS)
    agent.accepts = accepts  # type: ignore[method-assign]
    return [agent, *honest()]


def declines(_: ContextView) -> bool:
    return False


def begin_an_answer(_: ContextView) -> AgentEffect:
    os.write(pipe().fileno(), b"\0")
    return hang(_)


def with_one_that_begins_an_answer() -> Iterable[Agent]:
    return [Does("begins", begin_an_answer, ContextKey.SEEDS), *honest()]


def tell_all(view: ContextView) -> AgentEffect:
    facts = [fact for key in ContextKey for fact in view.get(key)]
    return AgentEffect((signal("all", " ".join(fact.content for fact in facts)),))


def telling_all() -> Iterable[Agent]:
    """One for each of two cycles, and the process they ran in."""
    return [
        Does("process", lambda _: AgentEffect((signal("process", str(os.getpid())),))),
        Does("counts", count_seeds, ContextKey.SEEDS),
        Does("all", tell_all, ContextKey.SIGNALS),
    ]


def tell_origin(view: ContextView) -> AgentEffect:
    [fact] = view.get(ContextKey.SEEDS)
    return AgentEffect((signal("origin", fact.record.proposal),))


def telling_origins() -> Iterable[Agent]:
    return [Does("origin", tell_origin, ContextKey.SEEDS)]


def answer_and_hang(view: ContextView) -> AgentEffect:
    """Says that it is done, and is not: whoever is asked next is not heard."""
    pipe().send_bytes(b'["%b",{"proposals":[]},[],""]' % secret().encode())
    return hang(view)


def with_one_that_stops_listening() -> Iterable[Agent]:
    return [Does("deaf", answer_and_hang), *honest()]
