"""Several answers as one: whether their order can matter, and why, before a person confirms them.

:class:`~converge_core.command.DecideAll` takes all of a set of answers or none. What was approved
merges in the order in which it was proposed, whatever the order of the answers, so an order of
*giving* them can matter in one way only: where one answer rules out another. But a person who picks
several cards means each of them to hold, as if it were the only one; and what merges first may
take from a later one its ground, its name or its room. So two answers are said to clash where A
before B and B before A could differ, in giving or in merging; whoever asks then splits the set.

What is told here follows from the proposals alone. What a pack's own checks, stakes or invariants
make of two facts together is theirs to say, at the merge and in a preview; it does not depend on
the order of the answers either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from converge_core.errors import DecisionRefused
from converge_core.ids import AgentId, FactId, GateId, TensionId
from converge_core.proposal import ProposedFact
from converge_core.review import Verdict
from converge_core.run_state import RunState


class Planned(NamedTuple):
    """An answer that a person is about to give.

    Attributes:
        gate: where.
        verdict: what.
        edited: what is to stand instead, for an edit.
    """

    gate: GateId
    verdict: Verdict
    edited: ProposedFact | None = None


@dataclass(frozen=True, slots=True)
class Clash:
    """Two answers whose order can matter, in the order in which they would merge, and why."""

    first: GateId
    second: GateId
    why: str

    def __str__(self) -> str:
        return f"{self.first} and {self.second}: {self.why}"


Plan = Planned | tuple[GateId, Verdict] | tuple[GateId, Verdict, ProposedFact | None]


def why_order_matters(state: RunState, answers: Iterable[Plan]) -> tuple[Clash, ...]:
    """Returns which of ``answers`` clash, and why; nothing where their order cannot matter.

    The result is the same in whatever order they are given. Where nothing clashes, each answer has
    the effect it would have if the others were rejections.

    Args:
        state: the run that waits.
        answers: what a person is about to answer; each is taken to decide its gate, though a
            quorum may ask for more.

    Raises:
        DecisionRefused: if one of them names no gate of the run.
    """
    places = {gate: place for place, gate in enumerate(state.gates)}
    members = [_member(state, Planned(*answer)) for answer in answers]
    members.sort(key=lambda one: places[one.gate])
    found = [
        Clash(one.gate, other.gate, why)
        for place, one in enumerate(members)
        for other in members[place + 1 :]
        if (why := _why(state, one, other))
    ]
    known = {(clash.first, clash.second) for clash in found}
    short = _short_of_room(state, members)
    return (*found, *(clash for clash in short if (clash.first, clash.second) not in known))


@dataclass(frozen=True, slots=True)
class _Member:
    """An answer, and what its effect hangs on.

    Attributes:
        gate: the gate.
        verdict: the answer.
        says: what would stand, in the person's own words for an edit.
        rests_on: the facts that it would rest on.
        tension: the contradiction that it is a side of.
    """

    gate: GateId
    verdict: Verdict
    agent: AgentId
    says: ProposedFact
    rests_on: frozenset[FactId]
    tension: TensionId | None

    @property
    def stands(self) -> bool:
        """Whether a fact is to come of it."""
        return self.verdict in {Verdict.APPROVE, Verdict.EDIT}

    @property
    def corrects(self) -> FactId | None:
        """The fact whose place it would take."""
        return self.says.corrects.supersedes if self.says.corrects else None

    @property
    def words(self) -> tuple[AgentId, ProposedFact]:
        """What is said, and by whom."""
        return self.agent, self.says

    @property
    def would(self) -> str:
        """What it does, in words."""
        return f"the edit at {self.gate}" if self.verdict is Verdict.EDIT else self.gate


def _member(state: RunState, answer: Planned) -> _Member:
    gate = state.gates.get(answer.gate)
    if gate is None:
        raise DecisionRefused(f"{answer.gate} is no gate of run {state.run}")
    draft = state.drafts[gate.request.proposal]
    says = answer.edited or draft.fact
    rests_on = {*draft.rests_on, *says.rests_on}
    if says.corrects:
        rests_on.add(says.corrects.supersedes)
    tension = state.tension_of.get(answer.gate)
    return _Member(answer.gate, answer.verdict, draft.agent, says, frozenset(rests_on), tension)


def _why(state: RunState, one: _Member, other: _Member) -> str:
    """Says why the order of two answers can matter; empty if it cannot."""
    if one.gate == other.gate:
        return "one gate is answered twice, and the first answer stands"
    if one.stands and other.stands:
        return (
            _why_not_both(state, one, other)
            or _why_ground_moves(one, other)
            or _why_ground_moves(other, one)
        )
    if one.verdict is other.verdict is Verdict.REFINE and one.words == other.words:
        return "both send back the same words of one agent, and the same feedback is given once"
    return ""


def _why_not_both(state: RunState, one: _Member, other: _Member) -> str:
    if one.tension is not None and one.tension == other.tension:
        about = state.tensions[one.tension].about
        return f"they contradict each other about {about}, and at most one of them may stand"
    if one.says.id == other.says.id:
        return f"both would make {one.says.id}, and whichever merges first does"
    if one.says.conflict and one.says.conflict == other.says.conflict:
        return f"both settle {one.says.conflict}, which can be so in one way only"
    if one.corrects is not None and one.corrects == other.corrects:
        return f"both correct {one.corrects}, and whichever merges first does"
    return ""


def _why_ground_moves(by: _Member, of: _Member) -> str:
    if by.says.id in of.rests_on:
        return f"{of.gate} rests on {by.says.id}, which {by.would} would make"
    if by.corrects in of.rests_on:
        return f"{by.would} corrects {by.corrects}, which {of.gate} rests on"
    return ""


def _short_of_room(state: RunState, members: Sequence[_Member]) -> Iterator[Clash]:
    """Yields who may find no room under the fact budget because others took it.

    Each answer takes room for one fact at most: what it makes, or the diagnostic that it leaves.
    """
    most = state.base_facts + state.intent.budgets.facts - state.context.count()
    among = {one.gate for one in members}
    beside = [
        gate
        for gate in state.gates.values()
        if gate.request.id not in among and gate.closed and not gate.merged and not gate.withdrawn
    ]
    first = [draft for draft in state.staged.values() if draft.fact.corrects]
    sure = max(most - len(beside) - len(first), 1)
    if most <= 0:
        return
    for late in members[sure:]:
        why = f"the fact budget leaves room for {most}, and {len(members)} may each take one"
        yield Clash(members[sure - 1].gate, late.gate, why)
