"""What somebody may do at a gate, told before they try, and what they may still undo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from converge_core.acting import why_not_act
from converge_core.asking import Gate, GatePhase
from converge_core.deciding import why_not_on_roster, why_not_open, why_not_taken
from converge_core.ids import ApprovalId, OperatorId
from converge_core.people import why_away
from converge_core.review import ActKind, Decision, GateAct, Verdict
from converge_core.run_state import RunState
from converge_desktop.runtime.deciding_model import Allowed, Settling


def allowed(run: RunState, gate: Gate, name: str, now: int) -> Allowed:
    """Returns what somebody of a name may do at a gate as it stands.

    Args:
        run: the run that asks.
        gate: where.
        name: who; somebody who is not enrolled yet is enrolled with their first answer.
        now: microseconds since 1970 UTC.
    """
    who = _id_of(run, name)
    if who is None:
        why = why_not_open(gate, now)
        everything = [*Verdict, *ActKind]
        return Allowed("", {one.value: why for one in everything} if why else {})
    delegates = tuple(_delegates(run, gate, who, now))
    found = {one.value: _why_not_answered(run, gate, one, who, now) for one in Verdict}
    found |= {one.value: _why_not_done(run, gate, one, who, now) for one in ActKind}
    if delegates:
        found[ActKind.DELEGATE.value] = ""
    return Allowed(who, {what: why for what, why in found.items() if why}, delegates)


def settling(runs: Iterable[RunState]) -> tuple[Settling, ...]:
    """Returns the decisions of all runs that can still be undone, the newest first."""
    found = [
        Settling(
            gate_id=gate.request.id,
            run_id=run.run,
            title=gate.request.title,
            end=gate.end.value if gate.end else "",
            by=gate.decision.operator if gate.decision else "",
            since=gate.decision.decided_at if gate.decision else 0,
            until=gate.settles_at or 0,
        )
        for run in runs
        for gate in run.gates.values()
        if gate.phase is GatePhase.SETTLING
    ]
    return tuple(sorted(found, key=lambda one: one.since, reverse=True))


def _id_of(run: RunState, name: str) -> OperatorId | None:
    """Returns the id of somebody by name: the last who has it and was not revoked, if anybody."""
    own = [who for who, one in run.operators.items() if one.name == name]
    there = [who for who in own if who not in run.revoked]
    return next(reversed(there or own), None)


def _why_nobody(run: RunState, gate: Gate, who: OperatorId) -> str:
    return why_away(who, run.revoked) or why_not_on_roster(gate, who, run.operators)


def _why_not_answered(
    run: RunState, gate: Gate, verdict: Verdict, who: OperatorId, now: int
) -> str:
    """Says why an answer would be refused, whatever it said; empty if it could be taken."""
    edits = verdict is Verdict.EDIT
    unsigned = Decision(
        id=ApprovalId("an answer"),
        gate=gate.request.id,
        verdict=verdict,
        reason="",
        operator=who,
        decided_at=now,
        request="",
        shown="",
        signature="",
        edited=run.drafts[gate.request.proposal].fact if edits else msgspec.UNSET,
    )
    return (
        why_not_open(gate, now) or _why_nobody(run, gate, who) or why_not_taken(run, gate, unsigned)
    )


def _why_not_done(run: RunState, gate: Gate, act: ActKind, who: OperatorId, now: int) -> str:
    """Says why an act would be refused; empty if it could be done."""
    return why_not_act(gate, _act(gate, act, who), now, run) or _why_nobody(run, gate, who)


def _delegates(run: RunState, gate: Gate, who: OperatorId, now: int) -> Iterator[tuple[str, str]]:
    """Yields to whom a vote could be handed over."""
    if _why_nobody(run, gate, who):
        return
    for other, one in run.operators.items():
        if not why_not_act(gate, _act(gate, ActKind.DELEGATE, who, other), now, run):
            yield other, one.name


def _act(gate: Gate, act: ActKind, who: OperatorId, to: OperatorId | None = None) -> GateAct:
    return GateAct(
        id=ApprovalId("an act"),
        gate=gate.request.id,
        act=act,
        operator=who,
        reason="",
        acted_at=0,
        signature="",
        to=to or msgspec.UNSET,
    )
