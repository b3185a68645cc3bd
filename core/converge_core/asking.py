"""A gate: what was asked of people, what they answered, and how it ended.

A gate is open, then perhaps settling (decided, and still to be undone), then closed; it closes
once, with one end. :data:`MOVES` is the whole table; ``docs/states.md`` is drawn from it. How a
gate stands is a pure function of the events about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import msgspec

from converge_core import events as e
from converge_core.ids import OperatorId
from converge_core.quorum import QuorumRule, Tally, tally
from converge_core.review import ActKind, Decision, GateAct, GateRequest, Verdict
from converge_core.terms import ANYBODY_ONCE, OnTimeout, ReviewTerms


class GatePhase(StrEnum):
    """Where a gate stands."""

    OPEN = "open"
    """Answers are awaited."""
    SETTLING = "settling"
    """It was decided; until the undo window is over it has no effect, and can be undone."""
    CLOSED = "closed"
    """It has its end."""


class GateEnd(StrEnum):
    """How a gate ended."""

    APPROVED = "approved"
    """As many approved as it takes."""
    REJECTED = "rejected"
    """It cannot be approved any more."""
    REFINED = "refined"
    """It went back to its author with feedback, which is a fact that the author sees."""
    EDITED = "edited"
    """A person put other words in its place."""
    LAPSED = "lapsed"
    """Nobody answered in time, and silence rejects."""
    ASSUMED = "assumed"
    """Nobody answered in time, and the policy says in words that silence approves."""
    WITHDRAWN = "withdrawn"
    """It is no longer asked: its run ended, or it was asked anew because its ground moved."""


_DECIDES = frozenset({GatePhase.OPEN, GatePhase.SETTLING, GatePhase.CLOSED})

MOVES: Mapping[type[e.Event], Mapping[GatePhase, frozenset[GatePhase]]] = {
    e.GateDecided: {GatePhase.OPEN: _DECIDES},
    e.GateSettling: {GatePhase.SETTLING: frozenset({GatePhase.SETTLING})},
    e.GateCommitted: {GatePhase.SETTLING: frozenset({GatePhase.CLOSED})},
    e.GateActed: {
        GatePhase.OPEN: frozenset({GatePhase.OPEN}),
        GatePhase.SETTLING: frozenset({GatePhase.OPEN}),
    },
    e.GateWarned: {GatePhase.OPEN: frozenset({GatePhase.OPEN})},
    e.GateTimedOut: {GatePhase.OPEN: frozenset({GatePhase.OPEN, GatePhase.CLOSED})},
    e.GateWithdrawn: {phase: frozenset({GatePhase.CLOSED}) for phase in GatePhase},
}
"""What each event may lead to from each phase; where a phase is missing, it cannot happen.

An answer that never took effect is withdrawn with its run, so even a closed gate can be."""

_ENDS = {
    Verdict.APPROVE: GateEnd.APPROVED,
    Verdict.REJECT: GateEnd.REJECTED,
    Verdict.REFINE: GateEnd.REFINED,
    Verdict.EDIT: GateEnd.EDITED,
}


@dataclass(slots=True)
class Gate:
    """A request for a decision and what became of it.

    Attributes:
        request: what is asked, as it was frozen when the gate opened.
        votes: the answers that stand, by person, in the order in which they came.
        undone: answers that were taken back, or made void by an escalation.
        acts: what people did at it beside answering.
        phase: where it stands.
        end: how it ended, or will once it has settled.
        roster: who may vote by now; None for anybody who is enrolled.
        deadline: when it closes unanswered, by now.
        extended: how often the deadline was moved.
        warned: whether half of the time is known to be gone.
        escalated: whether others are asked than at first.
        settles_at: when its undo window is over.
        withdrawn: why it is no longer asked; empty if it is.
        merged: whether its end took effect.
    """

    request: GateRequest
    votes: dict[OperatorId, Decision] = field(default_factory=dict)
    undone: list[Decision] = field(default_factory=list)
    acts: list[GateAct] = field(default_factory=list)
    phase: GatePhase = GatePhase.OPEN
    end: GateEnd | None = None
    roster: tuple[OperatorId, ...] | None = None
    deadline: int | None = None
    extended: int = 0
    warned: bool = False
    escalated: bool = False
    settles_at: int | None = None
    withdrawn: str = ""
    merged: bool = False

    def __post_init__(self) -> None:
        roster = self.request.roster
        self.roster = None if roster is msgspec.UNSET else roster
        self.deadline = self.request.deadline

    @property
    def open(self) -> bool:
        """Whether an answer is still awaited."""
        return self.phase is GatePhase.OPEN

    @property
    def closed(self) -> bool:
        """Whether it has its end."""
        return self.phase is GatePhase.CLOSED

    @property
    def terms(self) -> ReviewTerms:
        """The terms it was opened under."""
        return self.request.terms or ANYBODY_ONCE

    @property
    def decision(self) -> Decision | None:
        """The answer that decided it; None while nobody did, and where silence did."""
        if self.end not in _ENDS.values():
            return None
        return next(reversed(self.votes.values()), None)

    @property
    def approvals(self) -> tuple[Decision, ...]:
        """The answers that approve, in the order of the roster, whoever was first."""
        return self._answers(Verdict.APPROVE)

    @property
    def rejections(self) -> tuple[Decision, ...]:
        """The answers that reject, in the order of the roster, whoever was first."""
        return self._answers(Verdict.REJECT)

    @property
    def approver(self) -> Decision:
        """The answer in whose name it is approved: the lead's, or the first by the roster."""
        quorum = self.terms.quorum
        if quorum.rule is QuorumRule.LEAD:
            return self.votes[OperatorId(quorum.lead)]
        return self.approvals[0]

    def _answers(self, verdict: Verdict) -> tuple[Decision, ...]:
        given = [one for one in self.votes.values() if one.verdict is verdict]
        roster = self.roster or ()
        known = {who: place for place, who in enumerate(roster)}
        return tuple(sorted(given, key=lambda one: (known.get(one.operator, -1), one.operator)))

    def tally(self) -> Tally:
        """Returns how the vote stands."""
        votes: dict[str, bool] = {
            who: one.verdict is Verdict.APPROVE for who, one in self.votes.items()
        }
        return tally(self.terms.quorum, self.roster, votes)

    def fork(self) -> Gate:
        """Returns a gate that stands where this one does and fares apart from it."""
        fork = replace(self, votes=dict(self.votes), undone=list(self.undone), acts=list(self.acts))
        fork.roster, fork.deadline = self.roster, self.deadline
        return fork

    def every_answer(self) -> list[Decision]:
        """Returns the answers that stand and those that do not."""
        return [*self.votes.values(), *self.undone]

    # What happens to it; called by the fold alone.

    def vote(self, decision: Decision) -> None:
        """Takes in an answer, which may be the one that decides."""
        self.votes[decision.operator] = decision
        if decision.verdict in {Verdict.REFINE, Verdict.EDIT}:  # one person's word is enough
            self._decided(_ENDS[decision.verdict])
            return
        approved = self.tally().approved
        if approved is not None:
            self._decided(GateEnd.APPROVED if approved else GateEnd.REJECTED)

    def _decided(self, end: GateEnd) -> None:
        self.end = end
        self.phase = GatePhase.SETTLING if self.terms.undo_us else GatePhase.CLOSED

    def act(self, event: e.GateActed) -> None:
        """Takes in what somebody did beside answering."""
        self.acts.append(event.act)
        if event.act.act is ActKind.UNDO:
            self.phase, self.end, self.settles_at = GatePhase.OPEN, None, None
            self._void()
        if event.act.act is ActKind.EXTEND:
            self.extended += 1
        if event.act.act is ActKind.ESCALATE:
            self.escalated = True
            self._void()
        if event.roster is not msgspec.UNSET:
            self.roster = event.roster
        if event.deadline is not msgspec.UNSET:
            self.deadline, self.warned = event.deadline, False

    def time_out(self, event: e.GateTimedOut) -> None:
        """Takes in that its deadline has passed."""
        if event.action is OnTimeout.ESCALATE:
            self.escalated, self.warned = True, False
            self.roster = None if event.roster is msgspec.UNSET else event.roster
            self.deadline = None if event.until is msgspec.UNSET else event.until
            self._void()
            return
        self.end = GateEnd.ASSUMED if event.action is OnTimeout.APPROVE else GateEnd.LAPSED
        self.phase = GatePhase.CLOSED

    def commit(self) -> None:
        """Takes in that what was decided takes effect."""
        self.phase = GatePhase.CLOSED

    def withdraw(self, reason: str) -> None:
        """Takes in that it is no longer asked."""
        self.withdrawn, self.end, self.phase = reason, GateEnd.WITHDRAWN, GatePhase.CLOSED

    def _void(self) -> None:
        self.undone += self.votes.values()
        self.votes.clear()


def diagram() -> str:
    """Returns the moves of :data:`MOVES` as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {GatePhase.OPEN}: gate_opened"]
    for kind, moves in MOVES.items():
        for before in GatePhase:
            lines += [
                f"    {before} --> {after}: {kind.kind}"
                for after in GatePhase
                if after in moves.get(before, ())
            ]
    return "\n".join([*lines, f"    {GatePhase.CLOSED} --> [*]"]) + "\n"
