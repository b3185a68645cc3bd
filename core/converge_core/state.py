"""State as a fold over events: crash recovery, audit, replay and the window all read this.

``fold`` owns the state it is given and returns it grown by one event; it looks at nothing else, so
folding the same records again gives the same state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from converge_core import events as e
from converge_core.artifact import ArtifactRef, ArtifactState, Step, why_illegal
from converge_core.authority import AuthorityGrant
from converge_core.context import Context
from converge_core.errors import IllegalCommand
from converge_core.fact import SEAL, Fact, FactRecord
from converge_core.gate import ReportRecord
from converge_core.ids import (
    AgentId,
    GateId,
    ObservationId,
    OperatorId,
    ProposalId,
    RunId,
    TraceId,
)
from converge_core.intent import RootIntent
from converge_core.key import ContextKey
from converge_core.observation import Observation
from converge_core.proposal import Draft
from converge_core.review import Decision, GateRequest, Operator
from converge_core.stop import AnyStop
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


class Gate(msgspec.Struct):
    """A request for a decision and what became of it."""

    request: GateRequest
    decision: Decision | None = None
    withdrawn: str = ""
    merged: bool = False

    @property
    def open(self) -> bool:
        """Whether an answer is still awaited."""
        return self.decision is None and not self.withdrawn


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """A proposal that did not become a fact."""

    proposal: ProposalId
    rule: str
    reason: str


class RunState(msgspec.Struct):
    """One run as its events left it."""

    started: e.RunStarted
    started_at: int
    phase: Phase = Phase.READY
    cycle: int = 0
    context: Context = msgspec.field(default_factory=Context)
    changed: list[FactRecord] = []
    merging: list[FactRecord] = []
    heeded: int = 0
    base_facts: int = 0
    eligible: dict[int, tuple[AgentId, ...]] = {}
    drafts: dict[ProposalId, Draft] = {}
    reports: dict[ProposalId, ReportRecord] = {}
    refusals: dict[ProposalId, Refusal] = {}
    refused_targets: dict[str, None] = {}
    promoted: dict[ProposalId, Fact] = {}
    fact_seq: dict[tuple[ContextKey, str], int] = {}
    gates: dict[GateId, Gate] = {}
    gates_of: dict[ProposalId, list[Gate]] = {}
    traces: dict[TraceId, DecisionTrace] = {}
    trace_at: dict[TraceId, int] = {}
    observations: dict[ObservationId, Observation] = {}
    failures: list[e.AgentFailed] = []
    tokens: int = 0
    active_us: int = 0
    executing_since: int | None = None
    stop: AnyStop | None = None
    stopped_at: int = 0

    @property
    def run(self) -> RunId:
        """The run's id."""
        return self.started.run

    @property
    def intent(self) -> RootIntent:
        """What the run is for."""
        return self.started.intent

    @property
    def grants(self) -> tuple[AuthorityGrant, ...]:
        """The authority the run was given."""
        return self.started.grants

    def open_gates(self) -> tuple[Gate, ...]:
        """Returns the gates that await an answer, in the order in which they opened."""
        return tuple(gate for gate in self.gates.values() if gate.open)


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
    """Everything a ledger says."""

    desk: str = ""
    operators: dict[OperatorId, Operator] = {}
    artifacts: dict[ArtifactRef, Artifact] = {}
    runs: dict[RunId, RunState] = {}
    seq: int = -1

    def artifact_states(self) -> dict[ArtifactRef, ArtifactState]:
        """Returns where each artifact stands, as :mod:`converge_core.lifecycle` wants to know."""
        return {ref: artifact.state for ref, artifact in self.artifacts.items()}


def fold(state: DeskState, event: e.Event, at: int, seq: int) -> DeskState:
    """Returns ``state`` grown by ``event``.

    Args:
        state: what the records before it say; it is used up.
        event: what happened.
        at: when it was recorded, in microseconds since 1970 UTC.
        seq: its place in the ledger.

    Raises:
        IllegalCommand: if the event speaks of a run that never started, or moves an artifact where
            it may not go.
    """
    folding = _FOLDS.get(type(event))
    if folding is None:
        _fold_desk(event, state, at, seq)
    else:
        run_id: RunId = event.run  # type: ignore[attr-defined]
        run = state.runs.get(run_id)
        if run is None:
            raise IllegalCommand(f"record {seq} speaks of run {run_id}, which never started")
        folding(event, run, at, seq)
    state.seq = seq
    return state


def grow(run: RunState, events: Iterable[e.Event], at: int, seq: int) -> None:
    """Grows ``run`` by events of its own, the first of which is number ``seq``."""
    for event in events:
        _FOLDS[type(event)](event, run, at, seq)
        seq += 1


def _fold_desk(event: e.Event, state: DeskState, at: int, seq: int) -> None:
    match event:
        case e.DeskOpened():
            state.desk = event.desk
        case e.RunStarted():
            state.runs[event.run] = begun(event, at, _base(event, state, seq))
        case e.OperatorEnrolled():
            state.operators[event.operator.id] = event.operator
        case e.ArtifactRegistered() | e.ArtifactTransitioned() | e.ArtifactRolledBack():
            _fold_step(state, ArtifactStep(event.step, at, seq))


def _fold_step(state: DeskState, taken: ArtifactStep) -> None:
    ref = taken.step.artifact
    artifact = state.artifacts.get(ref)
    reason = why_illegal(taken.step, artifact.state if artifact else None)
    if reason:
        raise IllegalCommand(f"record {taken.seq}: {reason}")
    if artifact is None:
        state.artifacts[ref] = Artifact([taken])
    else:
        artifact.history.append(taken)


def begun(started: e.RunStarted, at: int, base: Context) -> RunState:
    """Returns the state of a run that begins with the facts of ``base``."""
    context = base._continued() if base.count() else Context()  # noqa: SLF001 - contexts grow here
    return RunState(started, at, context=context, base_facts=context.count())


def _base(event: e.RunStarted, state: DeskState, seq: int) -> Context:
    """Returns the context a run begins with: nothing, or what the run it continues came to."""
    if event.continues is None:
        return Context()
    base = state.runs.get(event.continues)
    if base is None or base.phase is not Phase.STOPPED or base.context.root != event.base_root:
        raise IllegalCommand(
            f"record {seq}: run {event.run} continues {event.continues}, which did not end as "
            f"{event.base_root[:12]}"
        )
    return base.context


_Fold = Callable[[Any, RunState, int, int], None]
_FOLDS: dict[type[e.Event], _Fold] = {}
"""How each event of a run grows its state."""


def _folds(kind: type[e.Event]) -> Callable[[_Fold], _Fold]:
    def register(folding: _Fold) -> _Fold:
        _FOLDS[kind] = folding
        return folding

    return register


@_folds(e.ObservationStaged)
def _(event: e.ObservationStaged, run: RunState, at: int, seq: int) -> None:
    run.observations[event.observation.id] = event.observation


@_folds(e.ProposalCreated)
def _(event: e.ProposalCreated, run: RunState, at: int, seq: int) -> None:
    run.drafts[event.draft.id] = event.draft


@_folds(e.ProposalValidated)
def _(event: e.ProposalValidated, run: RunState, at: int, seq: int) -> None:
    run.reports[event.report.proposal] = event.report


@_folds(e.ProposalRefused)
def _(event: e.ProposalRefused, run: RunState, at: int, seq: int) -> None:
    run.refusals[event.proposal] = Refusal(event.proposal, event.rule, event.reason)
    run.refused_targets[event.target] = None
    _close(run, event.proposal)


@_folds(e.FactPromoted)
def _(event: e.FactPromoted, run: RunState, at: int, seq: int) -> None:
    record = event.fact
    fact = Fact(record, SEAL)
    run.context._grow(fact)  # noqa: SLF001 - the fold is the one place where a context grows
    run.promoted[record.proposal] = fact
    run.fact_seq[record.key, record.id] = seq
    run.merging.append(record)
    if run.gates_of:
        _close(run, record.proposal)


def _close(run: RunState, proposal: ProposalId) -> None:
    for gate in run.gates_of.get(proposal, ()):
        if not gate.open:
            gate.merged = True


@_folds(e.TraceRecorded)
def _(event: e.TraceRecorded, run: RunState, at: int, seq: int) -> None:
    run.traces[event.trace.id] = event.trace
    run.trace_at[event.trace.id] = at
    run.tokens += event.trace.call.prompt_tokens + event.trace.call.completion_tokens


@_folds(e.AgentFailed)
def _(event: e.AgentFailed, run: RunState, at: int, seq: int) -> None:
    run.failures.append(event)


@_folds(e.CycleStarted)
def _(event: e.CycleStarted, run: RunState, at: int, seq: int) -> None:
    run.cycle = event.cycle
    run.eligible[event.cycle] = event.eligible
    run.changed, run.heeded = [], len(run.merging)  # what woke this cycle does not wake the next
    run.phase = Phase.EXECUTING
    run.executing_since = at


@_folds(e.MergeDiscarded)
def _(event: e.MergeDiscarded, run: RunState, at: int, seq: int) -> None:
    for proposal in event.proposals:
        run.refusals[proposal] = Refusal(proposal, event.invariant, event.reason)


@_folds(e.GateOpened)
def _(event: e.GateOpened, run: RunState, at: int, seq: int) -> None:
    _close(run, event.request.proposal)  # asked anew, it no longer hangs on the earlier answer
    gate = run.gates[event.request.id] = Gate(event.request)
    run.gates_of.setdefault(event.request.proposal, []).append(gate)


@_folds(e.RunPaused)
def _(event: e.RunPaused, run: RunState, at: int, seq: int) -> None:
    run.phase = Phase.WAITING
    _rest(run, at)


@_folds(e.GateDecided)
def _(event: e.GateDecided, run: RunState, at: int, seq: int) -> None:
    run.gates[event.decision.gate].decision = event.decision
    if not run.open_gates():
        run.phase = Phase.RESOLVING


@_folds(e.GateWithdrawn)
def _(event: e.GateWithdrawn, run: RunState, at: int, seq: int) -> None:
    run.gates[event.gate].withdrawn = event.reason


@_folds(e.SnapshotTaken)
def _(event: e.SnapshotTaken, run: RunState, at: int, seq: int) -> None:
    stands = run.context.root
    if event.root != stands:
        raise IllegalCommand(
            f"record {seq}: the snapshot says {event.root[:12]}, the facts come to {stands[:12]}"
        )


@_folds(e.CycleEnded)
def _(event: e.CycleEnded, run: RunState, at: int, seq: int) -> None:
    run.changed, run.merging, run.heeded = run.merging[run.heeded :], [], 0
    run.phase = Phase.READY
    _rest(run, at)


@_folds(e.RunStopped)
def _(event: e.RunStopped, run: RunState, at: int, seq: int) -> None:
    run.phase = Phase.STOPPED
    run.stop = event.reason
    run.cycle = event.cycles
    run.stopped_at = at
    _rest(run, at)


def _rest(run: RunState, at: int) -> None:
    if run.executing_since is not None:
        run.active_us += max(0, at - run.executing_since)
        run.executing_since = None
