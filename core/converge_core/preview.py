"""What an answer would lead to: a fork of the run goes on to its fixed point, and shows itself.

The answer is folded into a fork as if it had been given, and the engine steps that fork like any
run, so a preview follows the rules that the real answer will. Nothing is recorded, nothing is
signed, nobody waits: undo windows count as over, and the other open gates as not asked. Agents that
do not call themselves deterministic are not executed; what they would do is unknown, never guessed.

Source: ``design.md``, "The desk" (preview: the fixed point this would lead to).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from msgspec import UNSET

from converge_core import events as e
from converge_core.agent import Agent, Executed, execute
from converge_core.asking import Gate, GatePhase
from converge_core.command import Advance, Command, Report
from converge_core.context import ContextView
from converge_core.endings import named_violations
from converge_core.engine import Engine
from converge_core.errors import DecisionRefused
from converge_core.fact import FactRecord
from converge_core.ids import AgentId, ApprovalId, GateId, OperatorId
from converge_core.proposal import Draft, ProposedFact
from converge_core.review import Decision, GateRequest, Verdict
from converge_core.run_state import DeskState, Phase, RunState
from converge_core.state import fold
from converge_core.stop import AnyStop

SOMEBODY = OperatorId("somebody")
"""Who answers in a preview where anybody who is enrolled may."""
SHOWN = frozenset({Verdict.APPROVE, Verdict.REJECT})
"""What is shown for the asking; an edit is where it says what is to stand instead."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How far a preview goes, or went: cycles begun, facts made and agents executed."""

    cycles: int = 20
    facts: int = 1000
    agents: int = 200

    def reaches(self, most: Effort) -> bool:
        """Whether nothing is left of ``most`` for another cycle."""
        left = (most.cycles - self.cycles, most.facts - self.facts, most.agents - self.agents)
        return min(left) <= 0


ENOUGH = Effort()
"""What a person can wait for."""


class Part(StrEnum):
    """What came of an agent that was woken."""

    EXECUTED = "executed"
    UNKNOWN = "unknown"
    """It is not deterministic, or waits for an answer elsewhere: nobody knows before it has run."""
    REFUSED = "refused"
    """It gave up or failed."""


@dataclass(frozen=True, slots=True)
class Woken:
    """An agent that would be woken; ``reason`` says why it gave up, if it did."""

    agent: AgentId
    cycle: int
    part: Part
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A proposal that would not become a fact."""

    draft: Draft
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What an answer would lead to.

    Attributes:
        gate: the gate it would be given at.
        verdict: the answer.
        facts: the facts that would appear, in order, diagnostics among them.
        refused: the proposals that would be refused, and why.
        woken: the agents that would be woken, cycle by cycle.
        gates: what people would be asked next.
        broken: the invariants that would be broken on the way, by name, and how.
        moved: whether the proposal would be asked about anew, because what it rests on changed.
        unanswered: the gates that are open beside it, which the preview leaves unanswered.
        used: how far the preview went.
        spent: whether it went as far as it was allowed to, and no end was in sight.
        phase: where the run would stand.
        stop: why it would end, as far as can be known; None where it would wait, or where the
            preview was spent.
    """

    gate: GateId
    verdict: Verdict
    facts: tuple[FactRecord, ...]
    refused: tuple[Refused, ...]
    woken: tuple[Woken, ...]
    gates: tuple[GateRequest, ...]
    broken: tuple[tuple[str, str], ...]
    moved: bool
    unanswered: tuple[GateId, ...]
    used: Effort
    spent: bool
    phase: Phase
    stop: AnyStop | None

    @property
    def complete(self) -> bool:
        """Whether the real answer would lead to just this."""
        return not self.depends_on()

    def depends_on(self) -> tuple[str, ...]:
        """Returns what the real outcome depends on beside what is shown, in words."""
        unknown = dict.fromkeys(one.agent for one in self.woken if one.part is Part.UNKNOWN)
        found = [f"what {agent} does is unknown until it has run" for agent in unknown]
        found += [f"{gate} waits for an answer of its own" for gate in self.unanswered]
        if self.spent:
            found.append(f"the preview ended after {self.used.cycles} cycles, before the run would")
        return tuple(found)


def preview(
    engine: Engine,
    state: RunState,
    gate: GateId,
    verdict: Verdict,
    *,
    edited: ProposedFact | None = None,
    by: OperatorId | None = None,
    budget: Effort = ENOUGH,
    now: int | None = None,
) -> Preview:
    """Returns what answering ``gate`` by ``verdict`` would lead to; ``state`` stays as it is.

    Where several people are asked, as many as it takes answer so; those who voted keep their vote.

    Args:
        engine: the engine of the run; call this where it is stepped, or with one of its own.
        state: the run, waiting.
        gate: an open gate of it.
        verdict: to approve or to reject; or to edit, which takes one person's word.
        edited: for an edit, what is to stand instead.
        by: who would edit; somebody who may vote by default.
        budget: how far to go; looked at before each cycle, beside the budgets of the run itself.
        now: microseconds since 1970 UTC, for grants that expire; when the gate opened by default.

    Raises:
        DecisionRefused: if that cannot be answered, or nobody is left who could.
    """
    asked = state.gates.get(gate)
    if asked is None or not asked.open:
        raise DecisionRefused(f"{gate} is no open gate of run {state.run}")
    if verdict not in SHOWN and edited is None:
        raise DecisionRefused(f"a preview shows what approving or rejecting leads to: no {verdict}")
    at = asked.request.opened_at if now is None else now
    unanswered = tuple(one.request.id for one in state.open_gates() if one is not asked)
    trial = _Trial(engine, state, at)
    trial.answer(gate, verdict, unanswered, edited, by)
    spent = trial.go(budget)
    return trial.shown(gate, verdict, unanswered, spent=spent)


class _Trial:
    """A fork of a run that goes on, and what happens to it."""

    def __init__(self, engine: Engine, state: RunState, now: int) -> None:
        self._engine, self._now = engine, now
        self._run = state.fork()
        self._run.suspension = None  # what it would lead to once it goes on
        self._desk = DeskState(runs={state.run: self._run})
        self._events: list[e.Event] = []
        self._woken: list[Woken] = []
        self._waiting: set[AgentId] = set()

    def answer(
        self,
        name: GateId,
        verdict: Verdict,
        unanswered: Iterable[GateId],
        edited: ProposedFact | None,
        by: OperatorId | None,
    ) -> None:
        """Has a gate answered, and whatever was decided before take effect, as time would."""
        run = self._run.run
        for other in unanswered:
            reason = "a preview leaves it unanswered"
            self._fold(e.GateWithdrawn(run=run, gate=other, reason=reason))
            self._waiting.add(self._run.gates[other].request.agent)
        gate = self._run.gates[name]
        for who in (by,) if by else _voters(gate):
            if gate.open:
                decision = self._decision(gate, verdict, who, edited)
                self._fold(e.GateDecided(run=run, decision=decision))
        if gate.open:
            raise DecisionRefused(f"{name}: nobody is left who could {verdict} it")
        for one in self._run.undecided():
            if one.phase is GatePhase.SETTLING:
                self._fold(e.GateCommitted(run=run, gate=one.request.id, until=self._now))

    def go(self, budget: Effort) -> bool:
        """Steps until the run waits or stops; returns whether the budget ended it before."""
        while self._run.phase not in {Phase.WAITING, Phase.STOPPED}:
            command: Command = Advance()
            if self._run.phase is Phase.EXECUTING:
                work = self._engine.work(self._run)
                command = Report(tuple([self._execute(*one) for one in work]))
            following = self._engine.step(self._run, command, self._now)
            if isinstance(following[-1], e.CycleStarted) and self._used().reaches(budget):
                return True
            for event in following:
                self._fold(event)
        return False

    def shown(
        self, gate: GateId, verdict: Verdict, unanswered: tuple[GateId, ...], *, spent: bool
    ) -> Preview:
        """Returns what happened."""
        run, events = self._run, self._events
        opened = [event.request for event in events if isinstance(event, e.GateOpened)]
        return Preview(
            gate=gate,
            verdict=verdict,
            facts=tuple(event.fact for event in events if isinstance(event, e.FactPromoted)),
            refused=tuple(_refused(run, events)),
            woken=tuple(self._woken),
            gates=tuple(request for request in opened if run.gates[request.id].open),
            broken=tuple(named_violations(events).items()),
            moved=any(request.instead_of == gate for request in opened),
            unanswered=unanswered,
            used=self._used(),
            spent=spent,
            phase=run.phase,
            stop=run.stop,
        )

    def _used(self) -> Effort:
        made = [event for event in self._events if isinstance(event, e.FactPromoted)]
        begun = [event for event in self._events if isinstance(event, e.CycleStarted)]
        ran = [one for one in self._woken if one.part is not Part.UNKNOWN]
        return Effort(cycles=len(begun), facts=len(made), agents=len(ran))

    def _decision(
        self, gate: Gate, verdict: Verdict, who: OperatorId, edited: ProposedFact | None
    ) -> Decision:
        """Returns an answer that nobody gave; unsigned, it would count nowhere else."""
        return Decision(
            id=ApprovalId(f"preview {len(gate.votes)}"),
            gate=gate.request.id,
            verdict=verdict,
            reason="a preview",
            operator=who,
            decided_at=self._now,
            request=gate.request.digest(),
            shown="",
            signature="",
            edited=UNSET if edited is None else edited,
        )

    def _execute(self, agent: Agent, view: ContextView) -> Executed:
        sure = getattr(agent, "deterministic", False) and agent.name not in self._waiting
        if not sure:
            self._woken.append(Woken(agent.name, self._run.cycle, Part.UNKNOWN))
            return Executed(agent.name)
        done = execute(agent, view)
        reason = done.failure or done.effect.refusal
        part = Part.REFUSED if reason else Part.EXECUTED
        self._woken.append(Woken(agent.name, self._run.cycle, part, reason))
        return done

    def _fold(self, event: e.Event) -> None:
        self._events.append(event)
        fold(self._desk, event, self._now, self._desk.seq + 1)


def _voters(gate: Gate) -> tuple[OperatorId, ...]:
    """Returns who can be thought to answer: the lead first, whose word settles it."""
    lead = gate.terms.quorum.lead
    roster = gate.roster if gate.roster is not None else (SOMEBODY,)
    left = [who for who in roster if who not in gate.votes]
    return tuple(sorted(left, key=lambda who: who != lead))


def _refused(run: RunState, events: Iterable[e.Event]) -> Iterator[Refused]:
    for event in events:
        if isinstance(event, e.ProposalRefused):
            yield Refused(run.drafts[event.proposal], event.rule, event.reason)
        elif isinstance(event, e.MergeDiscarded):
            for name in event.proposals:
                yield Refused(run.drafts[name], event.invariant, event.reason)
