"""The context: shared, typed, append-only. It is the only way in which agents meet.

A context grows only by events that the engine made (``Context._grow``, called by the fold). Agents
are handed a :class:`ContextView`: a snapshot that cannot be written and remembers what was read.
Whatever is asked by key or id is found without a scan, so that a run costs the same per fact
however long it has become.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import msgspec

from converge_core.canonical import ContentHash, canonical, hash_bytes
from converge_core.correction import CorrectionScope, ScopeKind
from converge_core.errors import Conflict
from converge_core.fact import Fact
from converge_core.ids import FactId
from converge_core.key import ContextKey
from converge_core.proposal import ProposedFact

MAX_DEPTH = 16
"""How many contexts may stand on each other before they are copied together."""
EMPTY_ROOT = ContentHash("0" * 64)
Standing = tuple[int, Mapping[ContextKey, int]]


@dataclass(frozen=True, slots=True)
class Standpoint:
    """From where corrections are looked at: a tenant, and a session (a run)."""

    tenant: str = ""
    session: str = ""

    def sees(self, scope: CorrectionScope) -> bool:
        """Whether a correction of that scope holds from here."""
        match scope.kind:
            case ScopeKind.GLOBAL:
                return True
            case ScopeKind.TENANT:
                return scope.name == self.tenant
            case ScopeKind.SESSION:
                return scope.name == self.session

    def meets(self, scope: CorrectionScope) -> bool:
        """Whether a correction of that scope can be made from here."""
        return bool(scope.name) is not (scope.kind is ScopeKind.GLOBAL) and self.sees(scope)

    def __str__(self) -> str:
        return f"run {self.session}" + (f" of {self.tenant}" if self.tenant else "")


NOWHERE = Standpoint()
"""From where only corrections for everybody are seen."""


class Context(msgspec.Struct, eq=False, kw_only=True):
    """The facts of one run, in the order in which they were made, and input that waits."""

    _base: Context | None = None
    _depth: int = 0
    _offset: int = 0
    _order: list[Fact] = []
    _by_id: dict[FactId, int] = {}
    _by_key: dict[ContextKey, list[Fact]] = {}
    _placed: int = 0
    _root: ContentHash = EMPTY_ROOT
    _rooted: int = 0
    _staged: dict[tuple[ContextKey, FactId], ProposedFact] = {}
    _standing: Standing | None = None
    _superseding: dict[FactId, list[Fact]] = {}
    _settled: dict[str, Fact] = {}

    def has(self, key: ContextKey) -> bool:
        """Whether any fact stands under ``key``."""
        return self.count(key) > 0

    def get(self, key: ContextKey) -> tuple[Fact, ...]:
        """Returns the facts under ``key``, oldest first."""
        return self.first(key, self.count(key))

    def latest(self, key: ContextKey) -> Fact | None:
        """Returns the newest fact under ``key``, or None."""
        return self.at(key, self.count(key) - 1)

    def count(self, key: ContextKey | None = None) -> int:
        """Returns the number of facts under ``key``, or of all."""
        if key is None:
            return self._offset + len(self._order)
        self.place()
        return self.placed_under(key)

    def fact(self, key: ContextKey, id: FactId) -> Fact | None:  # noqa: A002
        """Returns one fact, or None."""
        fact = self.find(id)
        return fact if fact is not None and fact.key is key else None

    def find(self, id: FactId) -> Fact | None:  # noqa: A002
        """Returns the fact of that id under whatever key, or None."""
        place = self._by_id.get(id)
        if place is not None:
            return self._order[place]
        return self._base.find(id) if self._base is not None else None

    def counts(self) -> Mapping[ContextKey, int]:
        """Returns the number of facts under each key that has any."""
        return self.standing()[1]

    def standing(self) -> Standing:
        """Returns how many facts there are, in all and under each key that has any."""
        if self._standing is None:
            found = dict(self._base.counts()) if self._base else {}
            self.place()
            for key, facts in self._by_key.items():
                found[key] = found.get(key, 0) + len(facts)
            self._standing = self._offset + len(self._order), MappingProxyType(found)
        return self._standing

    @property
    def root(self) -> ContentHash:
        """The hash of content and order of all facts; clocks and run ids do not enter it."""
        if self._base and not self._rooted:
            self._root = self._base.root
        for fact in self._order[self._rooted :]:
            self._root = hash_bytes(f"{self._root}{fact.digest}".encode())
        self._rooted = len(self._order)
        return self._root

    def add_input(self, fact: ProposedFact) -> bool:
        """Stages input for the gate; returns False where the same input already waits.

        Raises:
            Conflict: if another content waits under the same id.
            InvalidValue: if what waits there cannot be recorded, naming where.
        """
        place = (fact.key, fact.id)
        waiting = self._staged.get(place)
        if waiting == fact and canonical(waiting) == canonical(fact):  # True is not 1 there
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
        return ContextView(self, self.standing())

    def _fork(self) -> Context:
        """Returns a context that sees this one and grows apart from it, at no cost of copying."""
        return Context(_base=self, _depth=self._depth + 1, _offset=self._offset + len(self._order))

    def _copied(self) -> Context:
        """Returns a context that stands where this one does, and sees nothing it does later."""
        self.place()
        return Context(
            _base=self._base,
            _depth=self._depth,
            _offset=self._offset,
            _order=self._order.copy(),
            _by_id=self._by_id.copy(),
            _by_key={key: facts.copy() for key, facts in self._by_key.items()},
            _placed=self._placed,
            _root=self._root,
            _rooted=self._rooted,
            _standing=self._standing,
            _superseding={name: by.copy() for name, by in self._superseding.items()},
            _settled=self._settled.copy(),
        )

    def _continued(self) -> Context:
        """Returns a fork for a run that goes on from here.

        A long line of such runs is copied together now and then, so that looking things up does
        not become slower with it.
        """
        if self._depth < MAX_DEPTH:
            return self._fork()
        whole = Context()
        for fact in self.in_order():
            whole._grow(fact)
        return whole._fork()

    def _oldest(self, total: int) -> Context:
        """Returns a context of the oldest ``total`` facts, which sees nothing that comes later."""
        if self._base is not None and total <= self._offset:
            return self._base._oldest(total)  # noqa: SLF001 - a context too
        found = Context(_base=self._base, _depth=self._depth, _offset=self._offset)
        for fact in self._order[: total - self._offset]:
            found._grow(fact)
        return found

    def in_order(self) -> list[Fact]:
        """Returns all facts in the order in which they were made."""
        return [*(self._base.in_order() if self._base else ()), *self._order]

    def _grow(self, fact: Fact) -> None:
        order = self._order
        self._by_id[fact.id] = len(order)
        order.append(fact)
        self._standing = None
        record = fact._record  # noqa: SLF001 - a property for each would cost as much as the rest
        if record.corrects:
            self._superseding.setdefault(record.corrects.supersedes, []).append(fact)
        if record.conflict:
            self._settled[record.conflict] = fact

    def place(self) -> None:
        """Puts the facts that are new in their places by key, here and in what it stands on.

        Only whom the context belongs to may have it do so. A view, which other threads may hold,
        never does: what it may see was put in its place when it was made.
        """
        order = self._order
        if self._placed < len(order):
            by_key = self._by_key
            for fact in order[self._placed :]:
                by_key.setdefault(fact.key, []).append(fact)
            self._placed = len(order)
        if self._base is not None:
            self._base.place()

    def placed_under(self, key: ContextKey) -> int:
        """Returns how many facts are in their places under ``key``."""
        own = self._by_key.get(key)
        before = self._base.placed_under(key) if self._base else 0
        return before + len(own) if own else before

    def stood(self, key: ContextKey, id: FactId, total: int) -> bool:  # noqa: A002
        """Whether that fact stood under ``key`` when there were ``total`` facts."""
        place = self._by_id.get(id)
        if place is not None:
            return self._offset + place < total and self._order[place].key is key
        return self._base is not None and self._base.stood(key, id, total)

    @property
    def is_corrected(self) -> bool:
        """Whether any of its facts took the place of another, for whomever."""
        return bool(self._superseding) or (self._base is not None and self._base.is_corrected)

    def corrections_of(self, id: FactId) -> list[Fact]:  # noqa: A002
        """Returns the facts that took the place of one, for whomever, in the order they came."""
        before = self._base.corrections_of(id) if self._base else []
        own = self._superseding.get(id)
        return [*before, *own] if own else before

    def superseding(self, id: FactId, standpoint: Standpoint) -> Fact | None:  # noqa: A002
        """Returns what took the place of a fact, as seen from ``standpoint``; None if nothing."""
        for fact in self.corrections_of(id):
            corrects = fact._record.corrects  # noqa: SLF001 - the fact itself hands out copies
            if corrects and standpoint.sees(corrects.scope):
                return fact
        return None

    def overlapping(self, id: FactId, scope: CorrectionScope) -> Fact | None:  # noqa: A002
        """Returns a correction of a fact that holds for some for whom ``scope`` would."""
        for fact in self.corrections_of(id):
            corrects = fact._record.corrects  # noqa: SLF001 - the fact itself hands out copies
            if corrects and corrects.scope.overlaps(scope):
                return fact
        return None

    def covering(self, id: FactId, scope: CorrectionScope) -> Fact | None:  # noqa: A002
        """Returns a correction of a fact that holds for all for whom ``scope`` would."""
        for fact in self.corrections_of(id):
            assert fact.corrects is not None
            if fact.corrects.scope.covers(scope):
                return fact
        return None

    def current(self, id: FactId, standpoint: Standpoint) -> Fact | None:  # noqa: A002
        """Returns what is true now where a fact once was: it, or the end of its corrections."""
        fact = self.find(id)
        while fact is not None:
            by = self.superseding(fact.id, standpoint)
            if by is None:
                return fact
            fact = by
        return None

    def truth(self, key: ContextKey, standpoint: Standpoint) -> tuple[Fact, ...]:
        """Returns the facts under ``key`` whose place nothing has taken, oldest first."""
        return tuple([f for f in self.get(key) if self.superseding(f.id, standpoint) is None])

    def settled(self, conflict: str) -> Fact | None:
        """Returns the newest fact that settles a declared conflict, or None."""
        found = self._settled.get(conflict)
        return self._base.settled(conflict) if found is None and self._base else found

    def first(self, key: ContextKey, count: int) -> tuple[Fact, ...]:
        """Returns the oldest ``count`` facts under ``key``."""
        self.place()
        return self.first_placed(key, count)

    def first_placed(self, key: ContextKey, count: int) -> tuple[Fact, ...]:
        """Returns the oldest ``count`` facts in their places under ``key``."""
        own: Sequence[Fact] = self._by_key.get(key, ())
        base = self._base
        if base is None:
            return tuple(own[:count])
        before = base.placed_under(key)
        return (*base.first_placed(key, min(count, before)), *own[: max(0, count - before)])

    def at(self, key: ContextKey, place: int) -> Fact | None:
        """Returns the fact at ``place`` under ``key``, or None where there is none."""
        self.place()
        return self.placed_at(key, place)

    def placed_at(self, key: ContextKey, place: int) -> Fact | None:
        """Returns the fact in its place at ``place`` under ``key``, or None."""
        if place < 0:
            return None
        before = self._base.placed_under(key) if self._base else 0
        if self._base and place < before:
            return self._base.placed_at(key, place)
        own: Sequence[Fact] = self._by_key.get(key, ())
        return own[place - before] if place - before < len(own) else None


class ContextView(msgspec.Struct, frozen=True, eq=False):
    """What an agent sees: the facts as they stood when the cycle began, read-only.

    Facts are never taken away, so remembering how many there were is all a snapshot needs.
    Attributes cannot be set, and :attr:`reads` records which facts the agent looked at. A view may
    be kept and read in any thread; doing so changes nothing but :attr:`reads`.

    That is how a mistake is kept from doing harm. It is no boundary: code in the same process can
    reach for private names, the context behind them, and whatever else is in memory. Agents that
    are not trusted with that belong in a process of their own.
    """

    _context: Context
    _standing: Standing
    _reads: dict[FactId, None] = {}

    def has(self, key: ContextKey) -> bool:
        """Whether any fact stands under ``key``."""
        return key in self._standing[1]

    def count(self, key: ContextKey) -> int:
        """Returns the number of facts under ``key``."""
        return self._standing[1].get(key, 0)

    def get(self, key: ContextKey) -> tuple[Fact, ...]:
        """Returns the facts under ``key``, oldest first; they count as read."""
        facts = self._context.first_placed(key, self.count(key))
        self._reads.update((fact.id, None) for fact in facts)
        return facts

    def peek(self, key: ContextKey, since: int = 0) -> tuple[Fact, ...]:
        """Returns the facts under ``key`` from number ``since`` on; looking so is not reading.

        For executors, and for agents that look whether they spoke before: what they then say does
        not rest on it.
        """
        return self._context.first_placed(key, self.count(key))[since:]

    def latest(self, key: ContextKey) -> Fact | None:
        """Returns the newest fact under ``key``, or None; it counts as read."""
        fact = self._context.placed_at(key, self.count(key) - 1)
        if fact is not None:
            self._reads[fact.id] = None
        return fact

    def find(self, key: ContextKey, id: FactId) -> Fact | None:  # noqa: A002
        """Returns one fact, or None; it counts as read."""
        if not self.contains(key, id):
            return None
        fact = self._context.find(id)
        if fact is not None:
            self._reads[fact.id] = None  # by its own id, whatever it was asked for by
        return fact

    def contains(self, key: ContextKey, id: FactId) -> bool:  # noqa: A002
        """Whether that fact stands in the snapshot; asking does not count as reading."""
        return self._context.stood(key, id, self._standing[0])

    @property
    def reads(self) -> tuple[FactId, ...]:
        """The facts read so far, in the order of first reading."""
        return tuple(self._reads)


def stage_all(context: Context, facts: Iterable[ProposedFact]) -> Context:
    """Stages each of ``facts`` and returns the context."""
    for fact in facts:
        context.add_input(fact)
    return context
