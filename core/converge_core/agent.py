"""Agents: they read a snapshot and suggest. They never call each other and decide nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import msgspec
from msgspec.structs import replace

from converge_core.canonical import checked, fresh
from converge_core.context import ContextView
from converge_core.errors import InvalidConfiguration, InvalidValue
from converge_core.ids import AgentId, FactId
from converge_core.key import ContextKey
from converge_core.proposal import ContentKind, ProposedFact, require_proposable
from converge_core.record import Record, reread, settled
from converge_core.retry import CallAttempt
from converge_core.sizes import MAX_TEXT, require_recordable, why_too_long
from converge_core.trace import ModelCall


class AgentEffect(Record, frozen=True, kw_only=False):
    """All that an agent did in one cycle; nothing of it counts until the engine has recorded it.

    Attributes:
        proposals: what it suggests, in its own order.
        calls: the model calls it made.
        texts: the long texts its calls refer to.
        refusal: why it could not do its work; empty if it could.
        attempts: what came of each attempt at a model elsewhere.
    """

    proposals: tuple[ProposedFact, ...] = ()
    calls: tuple[ModelCall, ...] = ()
    texts: tuple[str, ...] = ()
    refusal: str = ""
    attempts: tuple[CallAttempt, ...] = ()


class Dependency(Record, frozen=True, kw_only=False):
    """A part of a key: the facts of one kind, or whose ids begin alike.

    An agent that depends on less is woken less often. An agent that waits for one fact depends on
    its whole id; such a fact wakes it at no cost to the others.

    Attributes:
        key: the key.
        kind: just facts of this kind; None for every kind.
        prefix: just facts whose id begins like this.
    """

    key: ContextKey
    kind: ContentKind | None = None
    prefix: str = ""


class Agent(Protocol):
    """What the engine asks of an agent.

    One whose effect follows from its view alone, without a model or the world, may say so by an
    attribute ``deterministic`` that is True; previews execute such agents and no others.
    """

    @property
    def name(self) -> AgentId:
        """Unique in its run."""

    @property
    def dependencies(self) -> tuple[ContextKey | Dependency, ...]:
        """What wakes it when it changes; without any it stays eligible while it accepts."""

    def accepts(self, view: ContextView) -> bool:
        """Whether it has something to do; pure, and judged by the context alone."""

    def execute(self, view: ContextView) -> AgentEffect:
        """Does its work; the view is a snapshot and cannot be written."""


MAX_WORDS = 10_000
"""The longest reason of a failure that is recorded, in characters."""


class Registered:
    """An agent under the name and dependencies it had when it was registered, come what may.

    Raises:
        InvalidConfiguration: if it does not say them as it should.
    """

    __slots__ = ("accepts", "dependencies", "deterministic", "execute", "name")

    def __init__(self, agent: Agent) -> None:
        name, dependencies = agent.name, tuple(agent.dependencies)
        if type(name) is not AgentId:
            raise InvalidConfiguration(f"the name {str(name)[:40]!r} of an agent is no AgentId")
        for one in dependencies:
            if not isinstance(one, (ContextKey, Dependency)):
                raise InvalidConfiguration(f"{name} depends on {one!r}, which is no context key")
        self.name, self.dependencies = name, tuple([_sound(name, one) for one in dependencies])
        self.accepts, self.execute = agent.accepts, agent.execute
        self.deterministic = getattr(agent, "deterministic", False) is True


def _sound(name: AgentId, one: ContextKey | Dependency) -> ContextKey | Dependency:
    if isinstance(one, ContextKey):
        return one
    try:
        return settled(Dependency, one)
    except InvalidValue as error:
        raise InvalidConfiguration(
            f"{name} depends on what is no part of a key: {error}"
        ) from error


class Executed(msgspec.Struct, frozen=True):
    """What came back from one agent: its effect or its failure, and which facts it read.

    Whoever executes agents may make one. One that :func:`execute` made is marked as settled, which
    spares :func:`taken` the trouble of doing it again.
    """

    agent: AgentId
    effect: AgentEffect = msgspec.field(default_factory=AgentEffect)
    reads: tuple[FactId, ...] = ()
    failure: str = ""
    _mark: tuple[object, ...] = ()


_SETTLED: Final = object()


def wants(agent: Agent, view: ContextView) -> bool:
    """Whether ``agent`` accepts; one that cannot say is executed, so that it fails on record."""
    try:
        return bool(agent.accepts(view))
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - see above
        return True


def execute(agent: Agent, view: ContextView) -> Executed:
    """Runs one agent on its own view; whatever goes wrong becomes a recorded failure.

    It is asked once more whether it accepts, which shows where :func:`wants` got no answer. What
    it returns is settled, so that neither rubbish nor a hold on its own objects gets past here.
    """
    try:
        agent.accepts(view)
        effect = settle(agent.execute(view))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - it may fail in any way
        return _marked(agent.name, AgentEffect(), _ids(view.reads), _words(error))
    return _marked(agent.name, effect, _ids(view.reads), "")


def taken(one: Executed) -> Executed:
    """Returns what an executor reports, settled: as it is where :func:`execute` made it.

    Raises:
        InvalidValue: naming what cannot be recorded, or does not fit.
    """
    if type(one) is not Executed:
        raise InvalidValue(f"{type(one).__name__} is not an Executed")
    if is_settled(one, whole=False):
        return one if is_settled(one) else _apart(one)
    if not isinstance(one.failure, str) or not isinstance(one.reads, tuple):
        raise InvalidValue("its failure is no text, or its reads are no tuple")
    return Executed(one.agent, settle(one.effect), _ids(one.reads), _recordable(one.failure))


def _marked(
    agent: AgentId, effect: AgentEffect, reads: tuple[FactId, ...], failure: str
) -> Executed:
    """Returns what is known to be settled; the mark names its parts, so that no other has it."""
    return Executed(agent, effect, reads, failure, (_SETTLED, effect, reads, failure))


def is_settled(one: Executed, *, whole: bool = True) -> bool:
    """Whether :func:`execute` made it and, if ``whole``, nothing in it can be changed in place."""
    mark = one._mark  # noqa: SLF001 - it is this module's
    if len(mark) != 4 or mark[0] is not _SETTLED:  # noqa: PLR2004 - see _marked
        return False
    effect = one.effect
    if whole:
        for fact in effect.proposals:
            if fact.structured:
                return False
    return mark[1] is effect and mark[2] is one.reads and mark[3] is one.failure


def _ids(read: tuple[FactId, ...]) -> tuple[FactId, ...]:
    """Returns what an agent read, without what it may have put among it."""
    return tuple([one for one in read if type(one) is FactId]) if read else ()


def settle(effect: object) -> AgentEffect:
    """Returns ``effect`` as it will be read back, sharing nothing with what it was made of.

    Raises:
        InvalidValue: naming what cannot be recorded, or does not fit.
    """
    if not isinstance(effect, AgentEffect):
        raise InvalidValue(f"{type(effect).__name__} is not an AgentEffect")
    if not isinstance(effect.proposals, tuple):
        raise InvalidValue(f"AgentEffect.proposals is {type(effect.proposals).__name__}, no tuple")
    for ordinal, fact in enumerate(effect.proposals):
        if not isinstance(fact, ProposedFact):
            raise InvalidValue(f"AgentEffect.proposals[{ordinal}] is {type(fact).__name__}")
    try:
        copy = reread(AgentEffect, effect)
    except InvalidValue:
        checked(effect, "AgentEffect")  # it says better where the trouble is, if it sees any
        raise
    if copy != effect:
        _check_spelled(effect)
    # The copy is looked at too: an agent's own objects may show each looker something else.
    for ordinal, fact in enumerate(copy.proposals):
        require_proposable(fact)
        if fact.structured:
            checked(fact.structured, f"AgentEffect.proposals[{ordinal}].structured")
    if copy.calls:
        checked(copy.calls, "AgentEffect.calls")
    _check_sizes(copy)
    return replace(copy, refusal=_recordable(copy.refusal)) if copy.refusal else copy


def _check_sizes(effect: AgentEffect) -> None:
    """Refuses what an agent tells beside its proposals that is too large to be kept.

    Raises:
        InvalidValue: naming what, its size and the limit.
    """
    for ordinal, call in enumerate(effect.calls):
        require_recordable(call, f"model call {ordinal}")
    for ordinal, attempt in enumerate(effect.attempts):
        require_recordable(attempt, f"attempt {ordinal} at a model call")
    for ordinal, text in enumerate(effect.texts):
        reason = why_too_long(text, f"text {ordinal} of its model calls", MAX_TEXT)
        if reason:
            raise InvalidValue(reason)


def _check_spelled(effect: AgentEffect) -> None:
    """Checks an effect that is not equal to its copy: nothing may be spelled as another type.

    Raises:
        InvalidValue: naming what is, such as a set, bytes, a date or what is not a number.
    """
    for ordinal, fact in enumerate(effect.proposals):
        place = f"AgentEffect.proposals[{ordinal}]"
        checked(fact.structured, f"{place}.structured")
        checked(replace(fact, structured={}), place)
    checked(replace(effect, proposals=()), "AgentEffect")


def _apart(one: Executed) -> Executed:
    """Returns what is settled, with structure of its own: of the rest, nothing can be changed."""
    proposals = one.effect.proposals
    own = tuple([replace(fact, structured=fresh(fact.structured)) for fact in proposals])
    return Executed(one.agent, replace(one.effect, proposals=own), one.reads, one.failure)


def _words(error: BaseException) -> str:
    try:
        words = f"{type(error).__name__}: {error}"
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - even saying what went wrong may go wrong
        words = type.__repr__(type(error)).split("'")[1].rpartition(".")[2]
    return _recordable(words)


def _recordable(words: str) -> str:
    return words.encode("utf-8", "replace").decode()[:MAX_WORDS]


Executor = Callable[[tuple[tuple[Agent, ContextView], ...]], tuple[Executed, ...]]
"""Runs agents, each on its own view, in whatever way, and returns the results in their order."""


def sequential(work: tuple[tuple[Agent, ContextView], ...]) -> tuple[Executed, ...]:
    """Runs one agent after the other; the reference executor."""
    return tuple([execute(agent, view) for agent, view in work])


class SeedAgent:
    """Suggests one seed, once."""

    dependencies: tuple[ContextKey, ...] = ()
    deterministic = True

    def __init__(self, fact_id: str, content: str) -> None:
        self.name = AgentId(f"seed:{fact_id}")
        self._fact = ProposedFact(key=ContextKey.SEEDS, id=FactId(fact_id), content=content)

    def accepts(self, view: ContextView) -> bool:
        """Accepts until its seed stands."""
        return not view.contains(ContextKey.SEEDS, self._fact.id)

    def execute(self, view: ContextView) -> AgentEffect:
        """Suggests the seed."""
        del view
        return AgentEffect((self._fact,))


class ReactOnceAgent:
    """Suggests one hypothesis as soon as there is a seed."""

    dependencies = (ContextKey.SEEDS,)
    deterministic = True

    def __init__(self, fact_id: str, content: str) -> None:
        self.name = AgentId(f"react-once:{fact_id}")
        self._fact = ProposedFact(key=ContextKey.HYPOTHESES, id=FactId(fact_id), content=content)

    def accepts(self, view: ContextView) -> bool:
        """Accepts once a seed stands and its hypothesis does not."""
        return view.has(ContextKey.SEEDS) and not view.contains(
            ContextKey.HYPOTHESES, self._fact.id
        )

    def execute(self, view: ContextView) -> AgentEffect:
        """Suggests the hypothesis, resting on the newest seed."""
        view.latest(ContextKey.SEEDS)
        return AgentEffect((self._fact,))
