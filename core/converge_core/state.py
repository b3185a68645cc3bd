"""State as a fold over events: crash recovery, audit, replay and the window all read this.

``fold`` owns the state it is given and returns it grown by one event; it looks at nothing else, so
folding the same records again gives the same state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from converge_core import events as e
from converge_core.artifact import why_illegal
from converge_core.asking import MOVES, Gate
from converge_core.binding import NOTHING_BINDS, binding_of
from converge_core.context import Context
from converge_core.errors import IllegalCommand
from converge_core.fact import SEAL, Fact
from converge_core.forking import base_of
from converge_core.ids import (
    GateId,
    OperatorId,
    ProposalId,
    RunId,
)
from converge_core.intent import NO_INTENT
from converge_core.people import Revocation, Rotation
from converge_core.review import ActKind, Operator
from converge_core.run_state import (
    NONE,
    Artifact,
    ArtifactStep,
    Closed,
    DeskState,
    Phase,
    Refusal,
    RunState,
    Span,
)
from converge_core.suspension import Suspension
from converge_core.targets import REFINED, target_of


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
            if event.run in state.runs:  # what a run is for does not change while it runs
                raise IllegalCommand(f"record {seq} begins run {event.run}, which began before")
            origin = state.runs.get(event.continues) if event.continues else None
            base = base_of(event, origin, seq)
            people, revoked = state.operators, state.revoked
            state.runs[event.run] = begun(event, at, base, people, revoked, seq=seq)
        case e.OperatorEnrolled():
            state.operators[event.operator.id] = event.operator
        case e.OperatorKeyRotated():
            _fold_rotation(state, event.rotation)
        case e.OperatorRevoked():
            state.revoked[event.revocation.operator] = event.revocation
        case e.ArtifactRegistered() | e.ArtifactTransitioned() | e.ArtifactRolledBack():
            _fold_step(state, ArtifactStep(event.step, at, seq))


def _fold_rotation(state: DeskState, rotation: Rotation) -> None:
    before = state.operators[rotation.operator]
    state.retired[before.public_key] = before.id
    state.operators[before.id] = msgspec.structs.replace(before, public_key=rotation.public_key)


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


def begun(
    started: e.RunStarted,
    at: int,
    base: Context,
    operators: Mapping[OperatorId, Operator],
    revoked: Mapping[OperatorId, Revocation] = NONE,
    *,
    seq: int = 0,
) -> RunState:
    """Returns the state of a run that begins by record ``seq`` with the facts of ``base``.

    ``operators`` and ``revoked`` are shared, not copied: whoever is enrolled or revoked later is
    known to the run.
    """
    context = base._continued() if base.count() else Context()  # noqa: SLF001 - contexts grow here
    levels = dict(zip(started.agents, started.levels, strict=False))
    intent = started.intent
    binding = NOTHING_BINDS if intent is NO_INTENT else binding_of(intent, started.frames or ())
    return RunState(
        *(started, at, operators, levels, binding),
        context=context,
        base_facts=context.count(),
        started_seq=seq,
        revoked=revoked,
        gone=frozenset(revoked),
    )


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
    if event.draft.id in run.staged:
        run.staged = {name: one for name, one in run.staged.items() if name != event.draft.id}


@_folds(e.ProposalValidated)
def _(event: e.ProposalValidated, run: RunState, at: int, seq: int) -> None:
    run.reports[event.report.proposal] = event.report


@_folds(e.ProposalRefused)
def _(event: e.ProposalRefused, run: RunState, at: int, seq: int) -> None:
    run.refusals[event.proposal] = Refusal(event.proposal, event.rule, event.reason)
    if event.target:
        before = run.refused_targets.get(event.target)
        ground = run.drafts[event.proposal].rests_on
        run.refused_targets[event.target] = Closed(seq, ground, before.times + 1 if before else 1)
    if event.rule == REFINED:
        draft = run.drafts[event.proposal]
        target = target_of(draft)
        run.refined = {**run.refined, target: run.refined.get(target, 0) + 1}
        run.recalled = {**run.recalled, draft.agent: None}
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


@_folds(e.CallAttempted)
def _(event: e.CallAttempted, run: RunState, at: int, seq: int) -> None:
    run.attempts.append(event)


@_folds(e.AgentFailed)
def _(event: e.AgentFailed, run: RunState, at: int, seq: int) -> None:
    run.failures.append(event)


@_folds(e.CycleStarted)
def _(event: e.CycleStarted, run: RunState, at: int, seq: int) -> None:
    run.cycle = event.cycle
    run.eligible[event.cycle] = event.eligible
    run.changed, run.heeded = [], len(run.merging)  # what woke this cycle does not wake the next
    run.recalled = NONE
    run.phase = Phase.EXECUTING
    run.executing_since = at
    if event.cycle not in run.spans:
        run.spans[event.cycle] = Span(at)


@_folds(e.MergeDiscarded)
def _(event: e.MergeDiscarded, run: RunState, at: int, seq: int) -> None:
    for proposal in event.proposals:
        run.refusals[proposal] = Refusal(proposal, event.invariant, event.reason)


@_folds(e.GateOpened)
def _(event: e.GateOpened, run: RunState, at: int, seq: int) -> None:
    _close(run, event.request.proposal)  # asked anew, it no longer hangs on the earlier answer
    gate = run.gates[event.request.id] = Gate(event.request)
    run.gates_of.setdefault(event.request.proposal, []).append(gate)
    before = event.request.instead_of
    tension = run.tension_of.get(before) if before else None
    if tension is not None:  # asked anew, it contradicts what it contradicted before
        asked = event.request.id
        sides = tuple(asked if side == before else side for side in run.tensions[tension].sides)
        widened = msgspec.structs.replace(run.tensions[tension], sides=sides)
        run.tensions = {**run.tensions, tension: widened}
        run.tension_of = {**run.tension_of, asked: tension}
        run.resolutions = {name: one for name, one in run.resolutions.items() if name != tension}


@_folds(e.RunPaused)
def _(event: e.RunPaused, run: RunState, at: int, seq: int) -> None:
    run.phase = Phase.WAITING
    _rest(run, at)


@_folds(e.GateDecided)
def _(event: e.GateDecided, run: RunState, at: int, seq: int) -> None:
    _at(run, event.decision.gate, event, seq).vote(event.decision)
    _resolve_if_all_ended(run)


@_folds(e.GateSettling)
def _(event: e.GateSettling, run: RunState, at: int, seq: int) -> None:
    _at(run, event.gate, event, seq).settles_at = event.until


@_folds(e.GateCommitted)
def _(event: e.GateCommitted, run: RunState, at: int, seq: int) -> None:
    _at(run, event.gate, event, seq).commit()
    _resolve_if_all_ended(run)


@_folds(e.GateActed)
def _(event: e.GateActed, run: RunState, at: int, seq: int) -> None:
    _at(run, event.act.gate, event, seq).act(event)
    tension = run.tension_of.get(event.act.gate)
    if event.act.act is ActKind.UNDO and tension in run.resolutions:
        run.resolutions = {name: one for name, one in run.resolutions.items() if name != tension}


@_folds(e.GateWarned)
def _(event: e.GateWarned, run: RunState, at: int, seq: int) -> None:
    _at(run, event.gate, event, seq).warned = True


@_folds(e.GateTimedOut)
def _(event: e.GateTimedOut, run: RunState, at: int, seq: int) -> None:
    _at(run, event.gate, event, seq).time_out(event)
    _resolve_if_all_ended(run)


@_folds(e.GateWithdrawn)
def _(event: e.GateWithdrawn, run: RunState, at: int, seq: int) -> None:
    _at(run, event.gate, event, seq).withdraw(event.reason)


def _at(run: RunState, gate: GateId, event: e.Event, seq: int) -> Gate:
    """Returns the gate an event is about, if the event can happen to it as it stands."""
    found = run.gates[gate]
    if found.phase not in MOVES[type(event)]:
        raise IllegalCommand(f"record {seq}: {gate} is {found.phase}, so no {event.kind} fits")
    return found


def _resolve_if_all_ended(run: RunState) -> None:
    if not run.undecided():
        run.phase = Phase.RESOLVING


@_folds(e.InputStaged)
def _(event: e.InputStaged, run: RunState, at: int, seq: int) -> None:
    run.staged = {**run.staged, event.draft.id: event.draft}
    run.inputs_staged += 1


@_folds(e.TensionOpened)
def _(event: e.TensionOpened, run: RunState, at: int, seq: int) -> None:
    tension = event.tension
    run.tensions = {**run.tensions, tension.id: tension}
    run.tension_of = {**run.tension_of, **dict.fromkeys(tension.sides, tension.id)}


@_folds(e.TensionResolved)
def _(event: e.TensionResolved, run: RunState, at: int, seq: int) -> None:
    run.resolutions = {**run.resolutions, event.resolution.tension: event.resolution}


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
    run.ends.append(run.context.count())
    run.phase = Phase.READY
    _rest(run, at)
    if event.cycle in run.spans:  # the input has none
        run.spans[event.cycle] = run.spans[event.cycle]._replace(ended=at, facts=event.facts)


@_folds(e.RunStopped)
def _(event: e.RunStopped, run: RunState, at: int, seq: int) -> None:
    run.phase = Phase.STOPPED
    run.stop = event.reason
    run.cycle = event.cycles
    run.stopped_at = at
    run.suspension = None
    _rest(run, at)
    for cycle, span in run.spans.items():
        if not span.ended:
            run.spans[cycle] = span._replace(ended=at)


@_folds(e.RunSuspended)
def _(event: e.RunSuspended, run: RunState, at: int, seq: int) -> None:
    run.suspension = Suspension(event.by, event.reason, at)
    _rest(run, at)


@_folds(e.RunResumed)
def _(event: e.RunResumed, run: RunState, at: int, seq: int) -> None:
    run.suspension = None


def _rest(run: RunState, at: int) -> None:
    """Takes in that nobody is at work any more."""
    if run.executing_since is not None:
        worked = max(0, at - run.executing_since)
        run.active_us += worked
        run.executing_since = None
        cycle, span = next(reversed(run.spans.items()))
        run.spans[cycle] = span._replace(worked=span.worked + worked)
