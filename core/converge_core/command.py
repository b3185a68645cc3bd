"""What may be asked of a run, and in which phase; the engine refuses the rest.

========== ==================== =========================================
phase      command              leads to
========== ==================== =========================================
(none)     Begin                ready
ready      Advance              executing, stopped
executing  Report, Restart      ready, waiting, stopped; executing
waiting    Decide               waiting, resolving
resolving  Advance              ready, waiting, stopped
any        Snapshot             the same
any but    Cancel               stopped
stopped
========== ==================== =========================================
"""

from __future__ import annotations

from dataclasses import dataclass, field

from converge_core.agent import Executed
from converge_core.context import Context
from converge_core.events import RunStarted
from converge_core.observation import Observation
from converge_core.proposal import ProposedFact
from converge_core.review import Decision, Operator
from converge_core.state import Phase


@dataclass(frozen=True, slots=True)
class Begin:
    """Start a run over these observations and the proposals that restate them.

    ``base`` is the context of the run it continues, if it continues one.
    """

    started: RunStarted
    observations: tuple[Observation, ...] = ()
    inputs: tuple[ProposedFact, ...] = ()
    base: Context = field(default_factory=Context)


@dataclass(frozen=True, slots=True)
class Advance:
    """Go on: decide what comes after an ended cycle, or merge what people decided."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the eligible agents did, in registration order."""

    executed: tuple[Executed, ...]


@dataclass(frozen=True, slots=True)
class Restart:
    """The agents' work was lost with the process; have them execute again."""


@dataclass(frozen=True, slots=True)
class Decide:
    """A person's answer, and who that person is."""

    decision: Decision
    operator: Operator


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Write down how the context stands, for whoever folds the ledger to compare with."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """A person stops the run."""

    by: str


Command = Begin | Advance | Report | Restart | Decide | Snapshot | Cancel

LEGAL: dict[type, frozenset[Phase]] = {
    Advance: frozenset({Phase.READY, Phase.RESOLVING}),
    Report: frozenset({Phase.EXECUTING}),
    Restart: frozenset({Phase.EXECUTING}),
    Decide: frozenset(
        {Phase.WAITING, Phase.READY, Phase.RESOLVING, Phase.EXECUTING, Phase.STOPPED}
    ),
    Snapshot: frozenset(Phase),
    Cancel: frozenset(Phase) - {Phase.STOPPED},
}
