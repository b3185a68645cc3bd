"""What the events of a run, and of a desk, come to; only :mod:`converge_core.state` changes it."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from converge_core import events as e
from converge_core.artifact import ArtifactRef, ArtifactState, Step
from converge_core.asking import Gate
from converge_core.authority import AuthorityGrant, AuthorityLevel
from converge_core.binding import NOTHING_BINDS, Binding
from converge_core.context import Context
from converge_core.fact import Fact, FactRecord
from converge_core.frame import Frames, criteria_of
from converge_core.gate import ReportRecord
from converge_core.ids import (
    AgentId,
    FactId,
    GateId,
    ObservationId,
    OperatorId,
    ProposalId,
    RunId,
    TensionId,
    TraceId,
)
from converge_core.intent import Criterion, RootIntent
from converge_core.key import ContextKey
from converge_core.observation import Observation
from converge_core.people import NOBODY, Absent, Revocation
from converge_core.proposal import Draft
from converge_core.review import Operator
from converge_core.stop import AnyStop
from converge_core.suspension import Suspension
from converge_core.tension import Tension, TensionResolution
from converge_core.trace import DecisionTrace


class Phase(StrEnum):
    """Where a run stands; what is legal in each is the table in :mod:`converge_core.command`."""

    READY = "ready"
    """The last cycle ended; the engine decides what comes next."""
    EXECUTING = "executing"
    """Agents are at work."""
    WAITING = "waiting"
    """People are asked; nothing runs."""
    RESOLVING = "resolving"
    """All have answered; the approved proposals are to be merged."""
    STOPPED = "stopped"
    """The run is over."""


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """A proposal that did not become a fact."""

    proposal: ProposalId
    rule: str
    reason: str


class Closed(NamedTuple):
    """What closed a target.

    Attributes:
        seq: the record of the last refusal.
        ground: what the refused proposal rested on. Facts never change, so their ids say how they
            stood; a missing one does not become news by being made.
        times: how many refusals there were.
    """

    seq: int
    ground: tuple[FactId, ...]
    times: int


class Span(NamedTuple):
    """A cycle in time, in microseconds.

    Attributes:
        began: when it began, first of all if it began again.
        ended: when it ended; 0 while it goes on.
        worked: for how long agents were at work in it, as far as they are done.
        facts: how many facts it made.
    """

    began: int
    ended: int = 0
    worked: int = 0
    facts: int = 0


NONE: Mapping[Any, Any] = MappingProxyType({})
"""A table that most runs have no use for; whatever is put in makes another."""


class RunState(msgspec.Struct):
    """One run as its events left it.

    ``operators`` are those who were enrolled at the desk by now, and ``revoked`` who of them was
    revoked; both are the desk's own, which grow. ``gone`` were revoked before the run began.
    ``binding`` is worked out once, from how the run began. ``suspension`` is there while a person
    holds the run, whatever its phase; ``spans`` are its cycles in time.
    """

    started: e.RunStarted
    started_at: int
    operators: Mapping[OperatorId, Operator] = msgspec.field(default_factory=dict)
    levels: dict[AgentId, AuthorityLevel] = {}
    binding: Binding = NOTHING_BINDS
    phase: Phase = Phase.READY
    cycle: int = 0
    context: Context = msgspec.field(default_factory=Context)
    changed: list[FactRecord] = []
    merging: list[FactRecord] = []
    heeded: int = 0
    ends: list[int] = []
    base_facts: int = 0
    started_seq: int = 0
    eligible: dict[int, tuple[AgentId, ...]] = {}
    drafts: dict[ProposalId, Draft] = {}
    reports: dict[ProposalId, ReportRecord] = {}
    refusals: dict[ProposalId, Refusal] = {}
    refused_targets: dict[str, Closed] = {}
    promoted: dict[ProposalId, Fact] = {}
    fact_seq: dict[tuple[ContextKey, str], int] = {}
    gates: dict[GateId, Gate] = {}
    gates_of: dict[ProposalId, list[Gate]] = {}
    staged: Mapping[ProposalId, Draft] = NONE
    tensions: Mapping[TensionId, Tension] = NONE
    tension_of: Mapping[GateId, TensionId] = NONE
    resolutions: Mapping[TensionId, TensionResolution] = NONE
    inputs_staged: int = 0
    refined: Mapping[str, int] = NONE
    recalled: Mapping[AgentId, None] = NONE
    traces: dict[TraceId, DecisionTrace] = {}
    trace_at: dict[TraceId, int] = {}
    observations: dict[ObservationId, Observation] = {}
    failures: list[e.AgentFailed] = []
    attempts: list[e.CallAttempted] = []
    tokens: int = 0
    active_us: int = 0
    executing_since: int | None = None
    stop: AnyStop | None = None
    stopped_at: int = 0
    revoked: Mapping[OperatorId, Revocation] = NONE
    gone: frozenset[OperatorId] = frozenset()
    suspension: Suspension | None = None
    spans: dict[int, Span] = {}

    @property
    def run(self) -> RunId:
        """The run's id."""
        return self.started.run

    @property
    def intent(self) -> RootIntent:
        """What the run is for."""
        return self.started.intent

    @property
    def frames(self) -> Frames:
        """The frames that narrow the intent."""
        return self.started.frames or ()

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """All that must stand in the end, by intent and frames."""
        frames = self.started.frames
        return criteria_of(self.intent, frames) if frames else self.started.intent.criteria

    @property
    def grants(self) -> tuple[AuthorityGrant, ...]:
        """The authority the run was given."""
        return self.started.grants

    @property
    def absent(self) -> Absent:
        """Who is not asked any more, though they were enrolled."""
        return Absent(self.revoked, self.gone) if self.revoked else NOBODY

    def open_gates(self) -> tuple[Gate, ...]:
        """Returns the gates that await an answer, in the order in which they opened."""
        return tuple(gate for gate in self.gates.values() if gate.open)

    def undecided(self) -> tuple[Gate, ...]:
        """Returns the gates that have no end yet: open ones, and those that can be undone."""
        return tuple(gate for gate in self.gates.values() if not gate.closed)

    def fork(self) -> RunState:
        """Returns a run that stands where this one does and goes on apart from it.

        Tables are copied, the context's among them, and gates, which change in place; all that is
        in them never changes and is shared.
        """
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        own: dict[str, Any] = {
            name: one.copy() for name, one in values.items() if isinstance(one, (dict, list))
        }
        gates = own["gates"] = {name: gate.fork() for name, gate in self.gates.items()}
        own["gates_of"] = {
            proposal: [gates[one.request.id] for one in asked]
            for proposal, asked in self.gates_of.items()
        }
        own["context"] = self.context._copied()  # noqa: SLF001 - contexts grow here
        return msgspec.structs.replace(self, **own)


@dataclass(frozen=True, slots=True)
class ArtifactStep:
    """A step in the life of an artifact, and the record that says so."""

    step: Step
    at: int
    seq: int


@dataclass(slots=True)
class Artifact:
    """A governed artifact as its steps left it; the first is its registration."""

    history: list[ArtifactStep]

    @property
    def state(self) -> ArtifactState:
        """Where it stands."""
        return self.history[-1].step.to_state


class DeskState(msgspec.Struct):
    """Everything a ledger says.

    Whoever keeps it may give it other ``runs`` than a plain table, such as one that reads those
    that have stopped when they are asked for: the fold only looks runs up, and adds them.

    ``operators`` are all who were ever enrolled, each with the key they have now; ``revoked`` says
    who of them may not decide any more, and ``retired`` which keys were whose before.
    """

    desk: str = ""
    operators: dict[OperatorId, Operator] = {}
    revoked: dict[OperatorId, Revocation] = {}
    retired: dict[str, OperatorId] = {}
    artifacts: dict[ArtifactRef, Artifact] = {}
    runs: MutableMapping[RunId, RunState] = msgspec.field(default_factory=dict)
    seq: int = -1

    def artifact_states(self) -> dict[ArtifactRef, ArtifactState]:
        """Returns where each artifact stands, as :mod:`converge_core.lifecycle` wants to know."""
        return {ref: artifact.state for ref, artifact in self.artifacts.items()}
