"""Who is woken by what: an index from changes to agents, so that nobody else is looked at.

A cycle costs what changed and who is concerned, however many agents there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from converge_core.agent import Agent, Dependency
from converge_core.context import Context
from converge_core.ids import AgentId, FactId
from converge_core.key import ContextKey
from converge_core.proposal import ContentKind

Change = tuple[ContextKey, ContentKind, FactId]
"""A fact that is new, as much of it as wakes agents."""


class Wakers:
    """Agents by what wakes them, in order of registration."""

    def __init__(self) -> None:
        self._agents: dict[int, Agent] = {}
        self._always: list[int] = []
        self._whole: defaultdict[ContextKey, list[int]] = defaultdict(list)
        self._parts: defaultdict[ContextKey, dict[tuple[ContentKind | None, str], list[int]]] = (
            defaultdict(dict)
        )
        self._lengths: defaultdict[ContextKey, dict[tuple[ContentKind | None, int], None]] = (
            defaultdict(dict)
        )

    def add(self, place: int, agent: Agent) -> None:
        """Adds the agent that registered as number ``place``."""
        self._agents[place] = agent
        if not agent.dependencies:
            self._always.append(place)
        for one in agent.dependencies:
            if not isinstance(one, Dependency):
                self._whole[one].append(place)
            elif one.kind is None and not one.prefix:
                self._whole[one.key].append(place)
            else:
                self._parts[one.key].setdefault((one.kind, one.prefix), []).append(place)
                self._lengths[one.key][(one.kind, len(one.prefix))] = None

    def woken(self, changes: Iterable[Change], recalled: Collection[AgentId] = ()) -> list[Agent]:
        """Returns whom ``changes`` concern, those who depend on nothing, and who is recalled."""
        places = self._places(changes)
        places.update(self._always)
        if recalled:
            places |= {place for place, one in self._agents.items() if one.name in recalled}
        return self._in_order(places)

    def concerned(self, changes: Iterable[Change]) -> list[Agent]:
        """Returns just whom ``changes`` concern."""
        return self._in_order(self._places(changes))

    def _places(self, changes: Iterable[Change]) -> set[int]:
        found: set[int] = set()
        keys: set[ContextKey] = set()
        whole, parts = self._whole, self._parts
        for key, kind, id_ in changes:
            if key not in keys:
                keys.add(key)
                found.update(whole.get(key, ()))
            if key in parts:
                found.update(self._parts_of(key, kind, id_))
        return found

    def _in_order(self, places: set[int]) -> list[Agent]:
        return list(map(self._agents.__getitem__, sorted(places)))

    def woken_by_all(self, context: Context) -> list[Agent]:
        """Returns whom the facts of ``context`` concern, as if all of them were new."""
        found = set(self._always)
        for key in context.counts():
            found.update(self._whole.get(key, ()))
            if key in self._parts:
                for fact in context.get(key):
                    found.update(self._parts_of(key, fact.kind, fact.id))
        return self._in_order(found)

    def _parts_of(self, key: ContextKey, kind: ContentKind, id_: FactId) -> list[int]:
        parts = self._parts[key]
        return [
            place
            for wanted, length in self._lengths[key]
            if (wanted is None or wanted == kind) and length <= len(id_)
            for place in parts.get((wanted, id_[:length]), ())
        ]
