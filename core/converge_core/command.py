"""What may be asked of a run, and where it leads; the engine refuses the rest.

:data:`TRANSITIONS` is the whole table; ``docs/states.md`` is drawn from it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from converge_core.agent import Executed
from converge_core.artifact import ArtifactRef, ArtifactState
from converge_core.context import Context
from converge_core.events import RunStarted
from converge_core.ids import OperatorId
from converge_core.observation import Observation
from converge_core.people import Revocation
from converge_core.proposal import ProposedFact
from converge_core.review import Decision, GateAct, Operator
from converge_core.run_state import Phase
from converge_core.tension import TensionResolution


class Begin(msgspec.Struct, frozen=True):
    """Start a run over these observations and the proposals that restate them.

    Attributes:
        started: how it begins, as it will be recorded.
        observations: what was read for it.
        inputs: the proposals that restate what was read.
        base: the context of the run it continues, if it continues one; as
            :func:`~converge_core.forking.context_at` gives it, if it is a fork.
        operators: those who were enrolled, by id.
        revoked: those of them who may not decide any more.
        artifacts: where the desk's governed artifacts stand.
        uses: the digests of what steers the run beside what ``started`` names, such as its model.
    """

    started: RunStarted
    observations: tuple[Observation, ...] = ()
    inputs: tuple[ProposedFact, ...] = ()
    base: Context = msgspec.field(default_factory=Context)
    operators: Mapping[OperatorId, Operator] = msgspec.field(default_factory=dict)
    revoked: Mapping[OperatorId, Revocation] = msgspec.field(default_factory=dict)
    artifacts: Mapping[ArtifactRef, ArtifactState] = msgspec.field(default_factory=dict)
    uses: tuple[str, ...] = ()


class Advance(msgspec.Struct, frozen=True):
    """Go on: decide what comes after an ended cycle, or merge what people decided."""


class Report(msgspec.Struct, frozen=True):
    """What the eligible agents did, in registration order."""

    executed: tuple[Executed, ...]


class Restart(msgspec.Struct, frozen=True):
    """The process was away: agents whose work was lost execute again, undo windows begin anew."""


class Decide(msgspec.Struct, frozen=True):
    """A person's answer, and who that person is: somebody enrolled at the desk, as enrolled."""

    decision: Decision
    operator: Operator


class DecideAll(msgspec.Struct, frozen=True):
    """Several answers as one: all of them are taken, or none is."""

    decisions: tuple[Decide, ...]


class Settle(msgspec.Struct, frozen=True):
    """The answers by which a person settles a contradiction, and why."""

    resolution: TensionResolution
    decisions: tuple[Decide, ...]


class Act(msgspec.Struct, frozen=True):
    """What a person does at a gate beside answering, and who that person is."""

    act: GateAct
    operator: Operator


class Elapse(msgspec.Struct, frozen=True):
    """Time has passed: deadlines may be over, and undo windows."""


class Stage(msgspec.Struct, frozen=True):
    """A person lays something before a run that is under way."""

    input: ProposedFact
    by: Operator


class Snapshot(msgspec.Struct, frozen=True):
    """Write down how the context stands, for whoever folds the ledger to compare with."""


class Suspend(msgspec.Struct, frozen=True):
    """A person holds the run: nothing of it begins or executes until somebody resumes it."""

    by: str
    reason: str = ""


class Resume(msgspec.Struct, frozen=True):
    """A person lets a suspended run go on from where it stood."""

    by: str


class Cancel(msgspec.Struct, frozen=True):
    """A person stops the run."""

    by: str


OfPeople = Decide | DecideAll | Settle | Act | Stage | Suspend | Resume | Cancel
"""What people ask for."""
FromOutside = OfPeople | Elapse | Restart | Snapshot
"""What people, the host and the clock ask for."""
Command = Begin | Advance | Report | FromOutside

_ENDED = frozenset({Phase.READY, Phase.WAITING, Phase.STOPPED})
"""Where a merge leads: to the next cycle, to people, or to the end."""
_STAYS = {phase: frozenset({phase}) for phase in Phase}
_GOING: Mapping[Phase, frozenset[Phase]] = {
    phase: stays for phase, stays in _STAYS.items() if phase != Phase.STOPPED
}
_ANSWERED = frozenset({Phase.WAITING, Phase.RESOLVING})
_ANSWERING = {**_STAYS, Phase.WAITING: _ANSWERED}
"""An answer repeated word for word changes nothing, whenever it comes."""

TRANSITIONS: Mapping[type[Command], Mapping[Phase, frozenset[Phase]]] = {
    Advance: {
        Phase.READY: frozenset({Phase.EXECUTING, Phase.STOPPED}),
        Phase.RESOLVING: _ENDED,
    },
    Report: {Phase.EXECUTING: _ENDED},
    Restart: {Phase.EXECUTING: frozenset({Phase.EXECUTING}), Phase.WAITING: _ANSWERED},
    Decide: _ANSWERING,
    DecideAll: _ANSWERING,
    Settle: _ANSWERING,
    Act: _STAYS,  # what cannot be done is refused with its own reason
    Elapse: {**_STAYS, Phase.WAITING: _ANSWERED},
    Stage: _GOING,
    Suspend: _GOING,  # it stands still in whatever phase it is
    Resume: _GOING,
    Snapshot: _STAYS,
    Cancel: dict.fromkeys(_GOING, frozenset({Phase.STOPPED})),
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
