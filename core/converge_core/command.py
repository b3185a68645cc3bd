"""What may be asked of a run, and where it leads; the engine refuses the rest.

:data:`TRANSITIONS` is the whole table; ``docs/states.md`` is drawn from it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from converge_core.agent import Executed
from converge_core.context import Context
from converge_core.events import RunStarted
from converge_core.observation import Observation
from converge_core.proposal import ProposedFact
from converge_core.review import Decision, Operator
from converge_core.state import Phase


class Begin(msgspec.Struct, frozen=True):
    """Start a run over these observations and the proposals that restate them.

    ``base`` is the context of the run it continues, if it continues one.
    """

    started: RunStarted
    observations: tuple[Observation, ...] = ()
    inputs: tuple[ProposedFact, ...] = ()
    base: Context = msgspec.field(default_factory=Context)


class Advance(msgspec.Struct, frozen=True):
    """Go on: decide what comes after an ended cycle, or merge what people decided."""


class Report(msgspec.Struct, frozen=True):
    """What the eligible agents did, in registration order."""

    executed: tuple[Executed, ...]


class Restart(msgspec.Struct, frozen=True):
    """The agents' work was lost with the process; have them execute again."""


class Decide(msgspec.Struct, frozen=True):
    """A person's answer, and who that person is."""

    decision: Decision
    operator: Operator


class Snapshot(msgspec.Struct, frozen=True):
    """Write down how the context stands, for whoever folds the ledger to compare with."""


class Cancel(msgspec.Struct, frozen=True):
    """A person stops the run."""

    by: str


Command = Begin | Advance | Report | Restart | Decide | Snapshot | Cancel

_ENDED = frozenset({Phase.READY, Phase.WAITING, Phase.STOPPED})
"""Where a merge leads: to the next cycle, to people, or to the end."""
_STAYS = {phase: frozenset({phase}) for phase in Phase}

TRANSITIONS: Mapping[type[Command], Mapping[Phase, frozenset[Phase]]] = {
    Advance: {
        Phase.READY: frozenset({Phase.EXECUTING, Phase.STOPPED}),
        Phase.RESOLVING: _ENDED,
    },
    Report: {Phase.EXECUTING: _ENDED},
    Restart: {Phase.EXECUTING: frozenset({Phase.EXECUTING})},
    Decide: {
        **_STAYS,  # an answer repeated word for word changes nothing
        Phase.WAITING: frozenset({Phase.WAITING, Phase.RESOLVING}),
    },
    Snapshot: _STAYS,
    Cancel: {phase: frozenset({Phase.STOPPED}) for phase in Phase if phase is not Phase.STOPPED},
}
"""What each command may lead to from each phase; where a phase is missing, it is not legal."""


def diagram() -> str:
    """Returns the moves of :data:`TRANSITIONS` as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {Phase.READY}: Begin", f"    {Phase.STOPPED} --> [*]"]
    for command, moves in TRANSITIONS.items():
        if moves is _STAYS:
            continue
        for before in Phase:
            lines += [
                f"    {before} --> {after}: {command.__name__}"
                for after in Phase
                if after in moves.get(before, ()) and moves[before] != {before}
            ]
    return "\n".join(lines) + "\n"
