"""Everything that can happen, one record a kind. State is a fold over these and nothing else.

What the original's experience store calls otherwise (vocabulary, 1.8): BackendInvoked,
OutcomeRecorded, ReplayTraceRecorded, RecallExecuted and ReplayabilityDowngraded are one record
here, ``trace_recorded``; BudgetExceeded is ``run_stopped`` with a budget's reason and numbers;
PolicySnapshotCaptured is ``run_started``, which holds the pack's files; GateDecisionRecorded,
UserApprovalGranted and UserApprovalRejected are ``gate_decided``; ArtifactStateTransitioned and
ArtifactRollbackRecorded are ``artifact_transitioned`` and ``artifact_rolled_back``.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from converge_core.artifact import LifecycleEvent, Registration, Rollback
from converge_core.authority import AuthorityGrant, AuthorityLevel
from converge_core.canonical import canonical_record, parse
from converge_core.checkpoint import SignedCheckpoint
from converge_core.errors import InvalidValue
from converge_core.event import Event as Event  # noqa: PLC0414 - all events are found here
from converge_core.fact import FactRecord
from converge_core.frame import Frames
from converge_core.gate import ReportRecord
from converge_core.ids import AgentId, GateId, OperatorId, ProposalId, RunId
from converge_core.intent import RootIntent
from converge_core.observation import Observation
from converge_core.people_events import OperatorEnrolled as OperatorEnrolled  # noqa: PLC0414
from converge_core.people_events import OperatorKeyRotated as OperatorKeyRotated  # noqa: PLC0414
from converge_core.people_events import OperatorRevoked as OperatorRevoked  # noqa: PLC0414
from converge_core.plan import ExecutionPlan
from converge_core.proposal import Draft
from converge_core.record import read
from converge_core.retry import CallAttempt
from converge_core.review import Decision, GateAct, GateRequest
from converge_core.stop import AnyStop
from converge_core.suspension import RunResumed as RunResumed  # noqa: PLC0414
from converge_core.suspension import RunSuspended as RunSuspended  # noqa: PLC0414
from converge_core.tension import Tension, TensionResolution
from converge_core.terms import OnTimeout
from converge_core.trace import DecisionTrace, TextRef


class DeskOpened(Event, frozen=True):
    """A data directory came into being; always the first record."""

    kind: ClassVar[str] = "desk_opened"
    desk: str
    app_version: str


class RunStarted(Event, frozen=True):
    """A run began: what for, over what, by which policy and authority, with which agents.

    ``files`` are the pack's, so that a run keeps its rules whatever becomes of the pack. A run
    that ``continues`` another begins with that one's facts, which ``base_root`` covers; with those
    that stood when record ``forked_at`` was written, where there is one. Its ``tenant`` is whose
    corrections hold in it, beside those for everybody. ``levels`` are how far the word of each of
    ``agents`` reaches, in their order; the engine writes them, and a run of before version 3 has
    none. ``frames`` narrow the intent; ``app_version`` is what the run began under; ``plan`` is
    what its chain will do.
    """

    kind: ClassVar[str] = "run_started"
    run: RunId
    pack: str
    pack_version: int
    pack_digest: str
    policy_digest: str
    intent: RootIntent
    agents: tuple[AgentId, ...]
    grants: tuple[AuthorityGrant, ...]
    folder: str
    files: dict[str, TextRef] = msgspec.field(default_factory=dict)
    sources: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    continues: RunId | None = None
    base_root: str = ""
    tenant: str | UnsetType = UNSET
    levels: tuple[AuthorityLevel, ...] = ()
    frames: Frames | UnsetType = UNSET
    app_version: str | UnsetType = UNSET
    plan: ExecutionPlan | UnsetType = UNSET
    forked_at: int | UnsetType = UNSET


def run_without_pack(run: RunId, intent: RootIntent, **more: Any) -> RunStarted:
    """Returns the beginning of a run that belongs to no pack; ``more`` are its other fields."""
    fields: dict[str, Any] = {
        "pack": "",
        "pack_version": 0,
        "pack_digest": "",
        "policy_digest": "",
        "agents": (),
        "grants": (),
        "folder": "",
        **more,
    }
    return RunStarted(run=run, intent=intent, **fields)


class ObservationStaged(Event, frozen=True):
    """Something read from the world was laid before the gate."""

    kind: ClassVar[str] = "observation_staged"
    run: RunId
    observation: Observation


class ProposalCreated(Event, frozen=True):
    """Somebody suggested something."""

    kind: ClassVar[str] = "proposal_created"
    run: RunId
    draft: Draft


class ProposalValidated(Event, frozen=True):
    """The gate's checks ran."""

    kind: ClassVar[str] = "proposal_validated"
    run: RunId
    report: ReportRecord


class ProposalRefused(Event, frozen=True):
    """A proposal will not become a fact."""

    kind: ClassVar[str] = "proposal_refused"
    run: RunId
    proposal: ProposalId
    target: str
    rule: str
    reason: str


class FactPromoted(Event, frozen=True):
    """The gate made a fact; ``self_approved`` where its author approved it, by the same act."""

    kind: ClassVar[str] = "fact_promoted"
    run: RunId
    fact: FactRecord
    self_approved: bool | msgspec.UnsetType = msgspec.UNSET


class TraceRecorded(Event, frozen=True):
    """A model was called."""

    kind: ClassVar[str] = "trace_recorded"
    run: RunId
    trace: DecisionTrace


class CallAttempted(Event, frozen=True):
    """A model elsewhere was asked, perhaps not for the first time; what came of it is said."""

    kind: ClassVar[str] = "call_attempted"
    run: RunId
    cycle: int
    agent: AgentId
    attempt: CallAttempt


class AgentFailed(Event, frozen=True):
    """An agent could not do its work; nothing of it was kept but its model calls."""

    kind: ClassVar[str] = "agent_failed"
    run: RunId
    cycle: int
    agent: AgentId
    reason: str


class CycleStarted(Event, frozen=True):
    """These agents are to execute against the context as it stands."""

    kind: ClassVar[str] = "cycle_started"
    run: RunId
    cycle: int
    eligible: tuple[AgentId, ...]


class MergeDiscarded(Event, frozen=True):
    """A merge broke a structural rule; none of its facts was kept."""

    kind: ClassVar[str] = "merge_discarded"
    run: RunId
    cycle: int
    invariant: str
    reason: str
    proposals: tuple[ProposalId, ...]


class GateOpened(Event, frozen=True):
    """A person is asked."""

    kind: ClassVar[str] = "gate_opened"
    run: RunId
    request: GateRequest


class RunPaused(Event, frozen=True):
    """The run waits for people; it is quiescent until then."""

    kind: ClassVar[str] = "run_paused"
    run: RunId
    cycle: int
    gates: tuple[GateId, ...]


class GateDecided(Event, frozen=True):
    """A person answered."""

    kind: ClassVar[str] = "gate_decided"
    run: RunId
    decision: Decision


class GateSettling(Event, frozen=True):
    """What people decided takes effect at ``until``, unless they take it back before."""

    kind: ClassVar[str] = "gate_settling"
    run: RunId
    gate: GateId
    until: int


class GateCommitted(Event, frozen=True):
    """The undo window of a decision is over: it takes effect."""

    kind: ClassVar[str] = "gate_committed"
    run: RunId
    gate: GateId
    until: int


class GateActed(Event, frozen=True):
    """A person undid, extended, delegated or escalated, and how the gate stands since.

    ``roster`` and ``deadline`` are set where they are others than before.
    """

    kind: ClassVar[str] = "gate_acted"
    run: RunId
    act: GateAct
    roster: tuple[OperatorId, ...] | msgspec.UnsetType = msgspec.UNSET
    deadline: int | msgspec.UnsetType = msgspec.UNSET


class GateWarned(Event, frozen=True):
    """Half of the time that people have is gone."""

    kind: ClassVar[str] = "gate_warned"
    run: RunId
    gate: GateId
    deadline: int


class GateTimedOut(Event, frozen=True):
    """Nobody closed a gate by its deadline, and what came of that.

    ``observed`` is when it was noticed. Where it was escalated, ``roster`` is asked now, until
    ``until``.
    """

    kind: ClassVar[str] = "gate_timed_out"
    run: RunId
    gate: GateId
    deadline: int
    observed: int
    action: OnTimeout
    roster: tuple[OperatorId, ...] | msgspec.UnsetType = msgspec.UNSET
    until: int | msgspec.UnsetType = msgspec.UNSET


class InputStaged(Event, frozen=True):
    """A person laid something before a run that is under way; it waits for its turn."""

    kind: ClassVar[str] = "input_staged"
    run: RunId
    draft: Draft


class TensionOpened(Event, frozen=True):
    """Proposals contradict each other; the gates that ask about them are settled together."""

    kind: ClassVar[str] = "tension_opened"
    run: RunId
    tension: Tension


class TensionResolved(Event, frozen=True):
    """A person settled a contradiction, by the decisions recorded with this."""

    kind: ClassVar[str] = "tension_resolved"
    run: RunId
    resolution: TensionResolution


class GateWithdrawn(Event, frozen=True):
    """A gate closed without an answer, because its run ended or its ground moved."""

    kind: ClassVar[str] = "gate_withdrawn"
    run: RunId
    gate: GateId
    reason: str


class SnapshotTaken(Event, frozen=True):
    """The run's context stood like this; whoever folds up to here must come to the same."""

    kind: ClassVar[str] = "snapshot_taken"
    run: RunId
    cycle: int
    facts: int
    root: str


class CycleEnded(Event, frozen=True):
    """All proposals of the cycle have found their end."""

    kind: ClassVar[str] = "cycle_ended"
    run: RunId
    cycle: int
    facts: int
    changed: tuple[str, ...]


class RunStopped(Event, frozen=True):
    """The run reached its end; the root covers every fact it made."""

    kind: ClassVar[str] = "run_stopped"
    run: RunId
    cycles: int
    reason: AnyStop
    root: str


class ArtifactRegistered(Event, frozen=True):
    """A governed artifact became known, as a draft."""

    kind: ClassVar[str] = "artifact_registered"
    step: Registration


class ArtifactTransitioned(Event, frozen=True):
    """A governed artifact moved on."""

    kind: ClassVar[str] = "artifact_transitioned"
    step: LifecycleEvent


class ArtifactRolledBack(Event, frozen=True):
    """A governed artifact was withdrawn."""

    kind: ClassVar[str] = "artifact_rolled_back"
    step: Rollback


class CheckpointSigned(Event, frozen=True):
    """Somebody signed what the ledger came to: every record before this one."""

    kind: ClassVar[str] = "checkpoint_signed"
    signed: SignedCheckpoint


KINDS: dict[str, type[Event]] = {event.kind: event for event in Event.__subclasses__()}
"""Every event by the name it has in the ledger."""


def run_of(event: Event) -> RunId | None:
    """Returns the run an event belongs to, or None for events of the desk."""
    return getattr(event, "run", None)


def read_event(kind: str, body: Any) -> Event:
    """Reads an event's body back.

    Raises:
        InvalidValue: if the kind is unknown or the body does not fit it.
    """
    if kind not in KINDS:
        raise InvalidValue(f"unknown event kind {kind!r}; a newer version may have written it")
    return read(KINDS[kind], body)


def body_of(event: Event) -> Any:
    """Returns an event's body as plain JSON values."""
    return parse(canonical_record(event))
