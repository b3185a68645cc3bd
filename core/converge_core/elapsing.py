"""What the passing of time brings about: warnings, ends of deadlines, ends of undo windows."""

from __future__ import annotations

import msgspec

from converge_core import events as e
from converge_core.asking import Gate, GatePhase
from converge_core.panel import escalated
from converge_core.quorum import why_unmeetable
from converge_core.run_state import RunState
from converge_core.terms import OnTimeout


def elapse(state: RunState, now: int) -> list[e.Event]:
    """Returns what the passing of time brings about: warnings, ends of deadlines and of windows."""
    found: list[e.Event] = []
    for gate in state.undecided():
        if gate.phase is GatePhase.SETTLING:
            if gate.settles_at is not None and now >= gate.settles_at:
                found.append(
                    e.GateCommitted(run=state.run, gate=gate.request.id, until=gate.settles_at)
                )
        elif gate.deadline is not None and now >= gate.deadline:
            found.append(timed_out(state, gate, gate.deadline, now))
        elif _half_is_gone(gate, now):
            assert gate.deadline is not None
            found.append(e.GateWarned(run=state.run, gate=gate.request.id, deadline=gate.deadline))
    return found


def begin_again(state: RunState, now: int) -> list[e.Event]:
    """Returns what follows when a run is taken up again: undo windows begin anew.

    While the process was away nobody could undo anything; deadlines did pass.
    """
    settling = [
        e.GateSettling(run=state.run, gate=gate.request.id, until=now + gate.terms.undo_us)
        for gate in state.undecided()
        if gate.phase is GatePhase.SETTLING
    ]
    again = {event.gate for event in settling}
    passed = [
        event
        for event in elapse(state, now)
        if not (isinstance(event, e.GateCommitted) and event.gate in again)
    ]
    return [*settling, *passed]


def next_moment(state: RunState) -> int | None:
    """Returns when time will next bring something about, in microseconds; None if it will not."""
    moments: list[int] = []
    for gate in state.undecided():
        if gate.phase is GatePhase.SETTLING and gate.settles_at is not None:
            moments.append(gate.settles_at)
        elif gate.deadline is not None:
            moments.append(gate.deadline if gate.warned else _half(gate, gate.deadline))
    return min(moments, default=None)


def timed_out(state: RunState, gate: Gate, deadline: int, now: int) -> e.GateTimedOut:
    """Returns what comes of a gate whose deadline has passed, noticed at ``now``."""
    terms, action = gate.terms, gate.terms.on_timeout
    author, risk = gate.request.author or None, gate.request.risk
    roster = escalated(terms, risk, author, state.operators, state.absent)
    if action is OnTimeout.ESCALATE and (gate.escalated or why_unmeetable(terms.quorum, roster)):
        action = OnTimeout.REJECT  # nobody is asked a third time, nor where nobody could decide
    if action is OnTimeout.APPROVE and (gate.rejections or gate.request.id in state.tension_of):
        action = OnTimeout.REJECT  # silence neither overrules a no nor chooses between two
    event = e.GateTimedOut(
        run=state.run, gate=gate.request.id, deadline=deadline, observed=now, action=action
    )
    if action is not OnTimeout.ESCALATE:
        return event
    until = now + terms.deadline_us if terms.deadline_us else msgspec.UNSET
    return msgspec.structs.replace(event, roster=roster, until=until)


def _half_is_gone(gate: Gate, now: int) -> bool:
    return gate.deadline is not None and not gate.warned and now >= _half(gate, gate.deadline)


def _half(gate: Gate, deadline: int) -> int:
    return gate.request.opened_at + (deadline - gate.request.opened_at) // 2
