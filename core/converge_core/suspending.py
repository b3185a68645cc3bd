"""Holding a run and letting it go on, and what stays legal meanwhile.

A suspended run is quiescent in whatever phase it stands: no cycle begins, no agent executes,
nothing is merged. What agents are at when it is suspended is given up, as a crash would have it,
and they execute again when it is resumed; so the run is consistent within one agent step, and
waiting spends no budget. People go on deciding and time goes on passing; what that leads to begins
when the run is resumed. It is in the ledger, so it outlives the process.
"""

from __future__ import annotations

from converge_core import events as e
from converge_core.command import Advance, Report, Resume, Suspend
from converge_core.errors import IllegalCommand
from converge_core.run_state import Phase, RunState
from converge_core.sizes import why_too_long

STEPS = frozenset({Advance, Report})
"""The commands by which a run itself goes on."""
_STEPPED = (
    e.AgentFailed,
    e.CallAttempted,
    e.CycleEnded,
    e.CycleStarted,
    e.FactPromoted,
    e.GateOpened,
    e.MergeDiscarded,
    e.ObservationStaged,
    e.ProposalValidated,
    e.RunPaused,
    e.TraceRecorded,
)
"""The events that come of those commands and of nothing else."""


def require_going(state: RunState, command: object) -> None:
    """Refuses to have a suspended run go on.

    Raises:
        IllegalCommand: naming who holds it, and why.
    """
    if state.suspension is not None and type(command) in STEPS:
        raise IllegalCommand(f"run {state.run} {_held(state)}; resume it first")


def suspend(state: RunState, command: Suspend) -> list[e.Event]:
    """Returns that a person holds the run.

    Raises:
        IllegalCommand: if it is held already, or nobody is named, or the reason is too long.
    """
    if state.suspension is not None:
        raise IllegalCommand(f"run {state.run} {_held(state)}")
    if not command.by.strip():
        raise IllegalCommand(f"run {state.run} is suspended by nobody; say who does it")
    wrong = why_too_long(command.reason, "the reason")
    if wrong:
        raise IllegalCommand(wrong)
    reason = command.reason.strip()
    return [e.RunSuspended(run=state.run, cycle=state.cycle, by=command.by, reason=reason)]


def resume(state: RunState, command: Resume) -> list[e.Event]:
    """Returns that the run goes on; agents whose work was given up execute again.

    Raises:
        IllegalCommand: if it is not suspended.
    """
    if state.suspension is None:
        raise IllegalCommand(f"run {state.run} is not suspended, so there is nothing to resume")
    resumed = e.RunResumed(run=state.run, by=command.by)
    if state.phase is not Phase.EXECUTING:
        return [resumed]
    eligible = state.eligible[state.cycle]
    return [resumed, e.CycleStarted(run=state.run, cycle=state.cycle, eligible=eligible)]


def why_not_then(event: e.Event, state: RunState) -> str:
    """Says why an event cannot happen to a run that is suspended, or is not; empty if it can."""
    if state.suspension is None:
        said = isinstance(event, e.RunResumed)
        return f"run {state.run} is resumed, and was not suspended" if said else ""
    if isinstance(event, (*_STEPPED, e.RunSuspended)):
        return f"a {event.kind} of run {state.run} stands while that run is suspended"
    return ""


def _held(state: RunState) -> str:
    assert state.suspension is not None
    why = f" ({state.suspension.reason})" if state.suspension.reason else ""
    return f"is suspended by {state.suspension.by}{why}"
