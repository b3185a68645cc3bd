"""Who takes part: the registered agents, and which of them a cycle is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from converge_core.agent import Agent, Registered, wants
from converge_core.authority import AuthorityLevel
from converge_core.errors import InvalidConfiguration
from converge_core.fact import FactRecord
from converge_core.ids import MAX_NAME, AgentId, why_invalid
from converge_core.key import ContextKey
from converge_core.run_state import RunState
from converge_core.speakers import ENGINE, INPUT, PEOPLE
from converge_core.wakers import Change, Wakers


class Roster:
    """The agents by name, in order of registration, with the pack and the level of each."""

    def __init__(self) -> None:
        self.agents: dict[AgentId, Agent] = {}
        self.names: tuple[AgentId, ...] = ()
        self.levels: dict[AgentId, AuthorityLevel] = {}
        self._all_levels: tuple[AuthorityLevel, ...] = ()
        self._packs: dict[AgentId, str] = {}
        self._wakers = Wakers()

    def add(self, agent: Agent, pack: str, level: AuthorityLevel) -> None:
        """Adds an agent.

        Raises:
            InvalidConfiguration: if an agent of that name is registered, or its name cannot be one.
        """
        known = Registered(agent)
        check_name("agent", known.name)
        if known.name in {*self.agents, INPUT, ENGINE, PEOPLE}:
            raise InvalidConfiguration(f"the name {known.name} of an agent is taken")
        if type(level) is not AuthorityLevel or type(pack) is not str:
            raise InvalidConfiguration(f"{level!r} of the pack {pack!r} is no level of an agent")
        self._wakers.add(len(self.agents), known)
        self.agents[known.name] = known
        self.names = (*self.names, known.name)
        self.levels[known.name] = level
        self._all_levels = (*self._all_levels, level)
        self._packs[known.name] = pack

    def levels_of(self, agents: tuple[AgentId, ...]) -> tuple[AuthorityLevel, ...]:
        """Returns how far the word of each of ``agents`` reaches; strangers are advisory."""
        if agents is self.names:
            return self._all_levels
        levels = self.levels
        return tuple([levels.get(name, AuthorityLevel.ADVISORY) for name in agents])

    def moved(self, state: RunState) -> bool:
        """Whether the last cycle changed anything; a diagnostic counts for whom it concerns."""
        for fact in state.changed:
            if fact.key is not ContextKey.DIAGNOSTIC:
                return True
        return bool(self.concerned(state, _changes(state.changed)))

    def concerned(self, state: RunState, changes: Iterable[Change]) -> tuple[AgentId, ...]:
        """Returns who wants to do something about ``changes``."""
        return self._eligible(state, self._wakers.concerned(changes))

    def eligible(self, state: RunState) -> tuple[AgentId, ...]:
        """Returns who wants to take part in the next cycle."""
        if state.cycle == 0 and state.started.continues:
            return self._eligible(state, self._wakers.woken_by_all(state.context))
        woken = self._wakers.woken(_changes(state.changed), state.recalled)
        return self._eligible(state, woken)

    def _eligible(self, state: RunState, woken: list[Agent]) -> tuple[AgentId, ...]:
        context, active = state.context, state.started.intent.active_packs
        if active is not None:
            woken = [agent for agent in woken if self._packs[agent.name] in ("", *active)]
        taking_part = state.started.agents
        if taking_part != self.names:  # who registers later takes no part
            woken = [agent for agent in woken if agent.name in taking_part]
        return tuple([agent.name for agent in woken if wants(agent, context.view())])


def _changes(facts: Iterable[FactRecord]) -> Iterator[Change]:
    return ((fact.key, fact.kind, fact.id) for fact in facts)


def check_name(what: str, name: str) -> None:
    """Checks the name of an agent or an invariant.

    Raises:
        InvalidConfiguration: if ids cannot derive from it.
    """
    reason = why_invalid(name)
    if not reason and len(name) > MAX_NAME:
        reason = f"has {len(name)} characters; at most {MAX_NAME} are allowed"
    if reason:
        raise InvalidConfiguration(f"the name {name[:40]!r} of an {what} {reason}")
