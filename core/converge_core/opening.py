"""Putting proposals to people: a gate for each, and tensions between those that contradict."""

from __future__ import annotations

import msgspec

from converge_core import events as e
from converge_core.canonical import hash_text
from converge_core.ids import GateId, TensionId, gate_request_id
from converge_core.merge import Asked, Merge, author_of
from converge_core.review import GateRequest
from converge_core.tension import Contradiction, Tension


def open_gates(merge: Merge) -> tuple[e.GateOpened, ...]:
    """Returns a request for each asked proposal, bound to the context after this merge."""
    return tuple([e.GateOpened(run=merge.run, request=_request(merge, one)) for one in merge.asked])


def open_tensions(merge: Merge, opened: tuple[e.GateOpened, ...]) -> tuple[e.TensionOpened, ...]:
    """Returns the contradictions between what ``opened`` asks about."""
    sides: dict[Contradiction, list[GateId]] = {}
    for event in opened:
        contradiction = merge.tense.get(event.request.proposal)
        if contradiction is not None:
            sides.setdefault(contradiction, []).append(event.request.id)
    return tuple(
        e.TensionOpened(
            run=merge.run,
            tension=Tension(
                id=TensionId(f"tension:{hash_text(gates[0])[:16]}"),
                conflict=conflict,
                about=about,
                sides=tuple(gates),
            ),
        )
        for (conflict, about), gates in sides.items()
        if len(gates) > 1
    )


def _request(merge: Merge, asked: Asked) -> GateRequest:
    proposal, report = asked.draft, asked.report
    decision, before = asked.decision, asked.before
    terms, roster = asked.terms, asked.roster
    return GateRequest(
        id=gate_request_id(proposal.id, _times_asked(before) + 1 if before else 0),
        run=merge.run,
        proposal=proposal.id,
        proposal_digest=proposal.digest(),
        report_digest=report.digest(),
        policy=report.policy,
        rule=decision.rule,
        reason=decision.reason,
        risk=decision.risk,
        key=proposal.fact.key,
        title=proposal.fact.content,
        agent=proposal.agent,
        cycle=merge.cycle,
        ground=merge.ground(proposal),
        opened_at=merge.now,
        deadline=merge.now + terms.deadline_us if terms.deadline_us else None,
        terms=terms,
        roster=roster,
        author=author_of(proposal) or msgspec.UNSET,
        envelopes=tuple([merge.traces[trace].call.envelope.digest() for trace in proposal.traces]),
        instead_of=before.id if before else msgspec.UNSET,
    )


def _times_asked(request: GateRequest) -> int:
    times = request.id.removeprefix(gate_request_id(request.proposal, 0))
    return int(times.removeprefix("#") or 0)
