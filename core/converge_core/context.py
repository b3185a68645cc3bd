"""The context: shared, typed, append-only. It is the only way in which agents meet.

A context grows only by events that the engine made (``Context._grow``, called by the fold). Agents
are handed a :class:`ContextView`: a snapshot that cannot be written and remembers what was read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Never

from converge_core.canonical import ContentHash, hash_bytes
from converge_core.errors import Conflict
from converge_core.fact import Fact
from converge_core.ids import FactId
from converge_core.key import ContextKey
from converge_core.proposal import ProposedFact

EMPTY_ROOT = ContentHash("0" * 64)


class Context:
    """The facts of one run, in the order in which they were made, and input that waits."""

    __slots__ = ("_base", "_by_id", "_by_key", "_root", "_staged")

    def __init__(self) -> None:
        self._base: Context | None = None
        self._by_key: dict[ContextKey, list[Fact]] = {key: [] for key in ContextKey}
        self._by_id: dict[tuple[ContextKey, FactId], Fact] = {}
        self._root = EMPTY_ROOT
        self._staged: dict[tuple[ContextKey, FactId], ProposedFact] = {}

    def has(self, key: ContextKey) -> bool:
        """Whether any fact stands under ``key``."""
        return self.count(key) > 0

    def get(self, key: ContextKey) -> tuple[Fact, ...]:
        """Returns the facts under ``key``, oldest first."""
        own = tuple(self._by_key[key])
        return (*self._base.get(key), *own) if self._base else own

    def count(self, key: ContextKey | None = None) -> int:
        """Returns the number of facts under ``key``, or of all."""
        own = len(self._by_id) if key is None else len(self._by_key[key])
        return own + (self._base.count(key) if self._base else 0)

    def fact(self, key: ContextKey, id: FactId) -> Fact | None:  # noqa: A002
        """Returns one fact, or None."""
        own = self._by_id.get((key, id))
        return self._base.fact(key, id) if own is None and self._base else own

    def find(self, id: FactId) -> Fact | None:  # noqa: A002
        """Returns the fact of that id under whatever key, or None."""
        found = (self.fact(key, id) for key in ContextKey)
        return next((fact for fact in found if fact), None)

    @property
    def root(self) -> ContentHash:
        """The hash of content and order of all facts; clocks and run ids do not enter it."""
        return self._root

    def add_input(self, fact: ProposedFact) -> bool:
        """Stages input for the gate; returns False where the same input already waits.

        Raises:
            Conflict: if another content waits under the same id.
        """
        place = (fact.key, fact.id)
        waiting = self._staged.get(place)
        if waiting == fact:
            return False
        if waiting is not None:
            raise Conflict(f"{fact.id} waits as {waiting.content!r} and as {fact.content!r}")
        self._staged[place] = fact
        return True

    def staged(self) -> tuple[ProposedFact, ...]:
        """Returns the input that waits, in the order in which it came."""
        return tuple(self._staged.values())

    def view(self) -> ContextView:
        """Returns a snapshot for one agent."""
        return ContextView(self)

    def _fork(self) -> Context:
        """Returns a context that sees this one and grows apart from it, at no cost of copying."""
        fork = Context()
        fork._base = self
        fork._root = self._root
        return fork

    def _grow(self, fact: Fact) -> None:
        place = (fact.key, fact.id)
        self._by_key[fact.key].append(fact)
        self._by_id[place] = fact
        self._root = hash_bytes(f"{self._root}{fact.digest}".encode())


class ContextView:
    """What an agent sees: the facts as they stood when the cycle began, read-only.

    Facts are never taken away, so remembering how many there were is all a snapshot needs.
    Attributes cannot be set, and :attr:`reads` records which facts the agent looked at.
    """

    __slots__ = ("_context", "_counts", "_reads")
    _context: Context
    _counts: dict[ContextKey, int]
    _reads: dict[FactId, None]

    def __init__(self, context: Context) -> None:
        object.__setattr__(self, "_context", context)
        object.__setattr__(self, "_counts", {key: context.count(key) for key in ContextKey})
        object.__setattr__(self, "_reads", {})

    def __setattr__(self, name: str, value: Any) -> Never:
        raise AttributeError(f"an agent cannot write to the context: {name}")

    def __delattr__(self, name: str) -> Never:
        raise AttributeError(f"an agent cannot write to the context: {name}")

    def has(self, key: ContextKey) -> bool:
        """Whether any fact stands under ``key``."""
        return self._counts[key] > 0

    def count(self, key: ContextKey) -> int:
        """Returns the number of facts under ``key``."""
        return self._counts[key]

    def get(self, key: ContextKey) -> tuple[Fact, ...]:
        """Returns the facts under ``key``, oldest first; they count as read."""
        facts = self._context.get(key)[: self._counts[key]]
        self._reads.update((fact.id, None) for fact in facts)
        return facts

    def contains(self, key: ContextKey, id: FactId) -> bool:  # noqa: A002
        """Whether that fact stands in the snapshot; asking does not count as reading."""
        fact = self._context.fact(key, id)
        return fact is not None and fact in self._context.get(key)[: self._counts[key]]

    @property
    def reads(self) -> tuple[FactId, ...]:
        """The facts read so far, in the order of first reading."""
        return tuple(self._reads)


def stage_all(context: Context, facts: Iterable[ProposedFact]) -> Context:
    """Stages each of ``facts`` and returns the context."""
    for fact in facts:
        context.add_input(fact)
    return context
