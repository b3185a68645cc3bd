"""One merge: proposals in, events out, in registration order and then in emission order.

A merge works on a fork of the context, so that nothing it does counts until its events are folded,
and so that a later proposal of the same merge is checked against the earlier ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from converge_core import events as e
from converge_core.authority import Actor, ActorKind, AuthorityGrant, AuthorityLevel
from converge_core.canonical import canonical
from converge_core.context import Context
from converge_core.errors import MissingCheck
from converge_core.fact import FactRecord
from converge_core.gate import PromotionGate, Validated
from converge_core.ids import (
    AgentId,
    ApprovalId,
    FactId,
    ObservationId,
    ProposalId,
    RunId,
    gate_request_id,
    proposal_id,
)
from converge_core.invariant import Invariant, Violation
from converge_core.key import ContextKey
from converge_core.policy import Effect, PolicyDecision, PolicyRequest, Risk, RulePolicy
from converge_core.proposal import Draft, ProposedFact, draft
from converge_core.record import settled
from converge_core.review import GateRequest, Ground
from converge_core.state import Gate

ENGINE = AgentId("engine")
SYSTEM = Actor(kind=ActorKind.SYSTEM, id="engine")
LONGEST_QUOTE = 200
LONGEST_DIAGNOSTIC = 2000


@dataclass(frozen=True, slots=True)
class Stakes:
    """What hangs on a proposal: an amount in the pack's unit and the pack's grading, if known."""

    amount: int | None = None
    risk: Risk | None = None


NO_STAKES = Stakes()
StakesOf = Callable[[Draft, Context], Stakes]
"""Works out what hangs on a proposal from facts and the pack's own tables; never from a model."""


@lru_cache(maxsize=1024)
def _rule_actor(rule: str) -> Actor:
    return Actor(kind=ActorKind.SYSTEM, id=f"policy:{rule}")


def target_of(draft: Draft) -> str:
    """Returns what a refusal closes: the agent's claim to that key and id, for this run."""
    return f"{draft.agent}\t{draft.fact.key}\t{draft.fact.id}"  # no id holds a tab


class Merge(msgspec.Struct):
    """Collects the events of one merge.

    Attributes:
        run: the run.
        cycle: its cycle.
        gate: the gate everything passes.
        context: a fork of the run's context; it grows as facts are made.
        grants: the authority the run was given.
        room: how many facts the budget has room for.
        now: microseconds since 1970 UTC.
        observations: what was read from the world for this run, by id.
        levels: how far each agent's word reaches; those not named are advisory.
        stakes: works out what hangs on a proposal.
        closed: targets that were closed before in this run.
        drafted: how many proposals the run has seen.
        refused: targets that this merge closes.
        events: what happened so far.
        made: the facts among it.
        exhausted: whether the fact budget stopped a promotion.
        asked: what is to be put to people, and how often it was before.
        lost: what was refused, with the reason.
    """

    run: RunId
    cycle: int
    gate: PromotionGate
    context: Context
    grants: tuple[AuthorityGrant, ...]
    room: int
    now: int
    observations: Container[ObservationId]
    levels: Mapping[AgentId, AuthorityLevel]
    stakes: StakesOf | None
    closed: Collection[str]
    drafted: int
    refused: set[str] = set()
    events: list[e.Event] = []
    made: list[FactRecord] = []
    exhausted: bool = False
    asked: list[tuple[Validated, PolicyDecision, int]] = []
    lost: list[tuple[FactId, Draft, str]] = []

    def consider(self, proposal: Draft) -> None:
        """Takes in a new proposal: records it, checks it, and promotes, refuses or asks."""
        self._record(proposal)
        if self._stands(proposal):
            return
        cited = proposal.fact.observation
        if cited is not None and cited not in self.observations:
            self.refuse(proposal, "gate", f"It cites the observation {cited}, which nobody made.")
            return
        if (self.closed or self.refused) and self._is_closed(proposal):
            self._drop(proposal, "refused-before", "It was refused before in this run.")
            return
        validated = self._validated(proposal)
        if validated is None:
            return
        decision = self._decided(proposal)
        if decision is not None and decision.effect is Effect.PERMIT:
            self._promote(validated, self.grants, _rule_actor(decision.rule))
            return
        self.gate.withdraw(validated)
        if decision is not None and decision.effect is Effect.ASK:
            self.asked.append((validated, decision, 0))
        elif decision is not None:
            self.refuse(proposal, decision.rule, decision.reason)

    def resolve(self, gate: Gate, proposal: Draft) -> None:
        """Takes in a decided proposal; what a person approved is validated again."""
        decision, request = gate.decision, gate.request
        assert decision is not None
        if decision.verdict == "reject":
            self.refuse(proposal, "human", f"{decision.operator} rejected it: {decision.reason}")
            return
        if self._stands(proposal):
            return
        validated = self._validated(proposal)
        if validated is None:
            return
        moved = self._ground(proposal) != request.ground
        policy = self._decided(proposal, human_approved=not moved)
        if policy is None or policy.effect is Effect.FORBID or moved:
            self.gate.withdraw(validated)
        if policy is None:
            return
        if policy.effect is Effect.FORBID:  # approval does not bypass what is forbidden
            self.refuse(proposal, policy.rule, policy.reason)
            return
        if moved:
            reason = "what it rests on changed, so it is asked anew"
            self.events.append(e.GateWithdrawn(run=self.run, gate=request.id, reason=reason))
            self.asked.append((validated, policy, _times_asked(request) + 1))
            return
        person = Actor(kind=ActorKind.HUMAN, id=decision.operator)
        grant = AuthorityGrant(
            grantor=person,
            keys=(proposal.fact.key.value,),
            gates=(self.gate.gate_id,),
            granted_at=decision.decided_at,
        )
        self._promote(validated, (grant,), person, (decision.id,))

    def refuse(self, proposal: Draft, rule: str, reason: str) -> None:
        """Records that a proposal will not become a fact, and leaves a diagnostic."""
        self._drop(proposal, rule, reason)
        self.lost.append((proposal.fact.id, proposal, reason))
        if proposal.agent != ENGINE:  # a diagnostic that is refused has no diagnostic of its own
            self.diagnose(f"refused:{proposal.target_digest()[:16]}", _sentence(proposal, reason))

    def fail(self, agent: AgentId, reason: str) -> None:
        """Records that an agent could not do its work, and leaves a diagnostic."""
        self.events.append(
            e.AgentFailed(run=self.run, cycle=self.cycle, agent=agent, reason=reason)
        )
        self.diagnose_failure(agent, reason)

    def diagnose_failure(self, agent: AgentId, reason: str) -> None:
        """Leaves a diagnostic of what an agent could not do."""
        self.diagnose(f"failed:{agent}:{self.cycle}", f"{agent}: {reason}")

    def set_aside(self, proposal: Draft, rule: str, reason: str) -> None:
        """Records a new proposal that is not even checked; its agent may make it again."""
        self._record(proposal)
        self._drop(proposal, rule, reason, close=False)

    def diagnose(self, fact_id: str, sentence: str) -> None:
        """Makes a diagnostic fact by the same road as any other, under a grant for that key."""
        content = _shortened(sentence, LONGEST_DIAGNOSTIC)
        if self.exhausted:
            return
        name, times = fact_id, 1
        while standing := self.context.find(FactId(name)):
            if standing.agent == ENGINE:  # what it would say stands; anyone else's does not count
                return
            times += 1
            name = f"{fact_id}#{times}"
        fact = ProposedFact(key=ContextKey.DIAGNOSTIC, id=FactId(name), content=content)
        id_ = proposal_id(self.run, self.cycle, ENGINE, self.drafted)
        proposal = draft(id_, SYSTEM, ENGINE, self.cycle, fact)
        grant = AuthorityGrant(
            grantor=SYSTEM,
            keys=(ContextKey.DIAGNOSTIC.value,),
            gates=(self.gate.gate_id,),
            granted_at=self.now,
        )
        self._record(proposal)
        if self._stands(proposal):
            return
        validated = self._validated(proposal)
        if validated is not None:
            self._promote(validated, (grant,), SYSTEM)

    def broken(self, invariants: Iterable[Invariant]) -> tuple[Invariant, Violation] | None:
        """Returns the first invariant that the merged context breaks."""
        for invariant in invariants:
            violation = invariant.judge(self.context)
            if violation:
                return invariant, violation
        return None

    def salvaged(self) -> tuple[list[e.Event], tuple[ProposalId, ...]]:
        """Returns what outlives a discarded merge: who suggested and who failed; and what it drops.

        It drops its new proposals, and those about which it was to carry out an answer.
        """
        kept: list[e.Event] = []
        dropped: dict[ProposalId, None] = {}
        for event in self.events:
            match event:
                case e.ProposalCreated():
                    kept.append(event)
                    dropped[event.draft.id] = None
                case e.FactPromoted():
                    dropped[event.fact.proposal] = None
                case e.ProposalRefused():
                    dropped[event.proposal] = None
                case e.AgentFailed():
                    kept.append(event)
        return kept, tuple(dropped)

    def abandon(self) -> None:
        """Records that nobody will be asked, because the run ends with this merge."""
        for validated, _, _ in self.asked:
            self._drop(validated.draft, "run-stopped", "The run ended before anybody was asked.")
        self.asked.clear()

    def open_gates(self) -> tuple[e.GateOpened, ...]:
        """Returns a request for each asked proposal, bound to the context after this merge."""
        return tuple(
            [
                e.GateOpened(run=self.run, request=self._request(validated, decision, times))
                for validated, decision, times in self.asked
            ]
        )

    def _record(self, proposal: Draft) -> None:
        self.events.append(e.ProposalCreated(run=self.run, draft=proposal))
        self.drafted += 1

    def _is_closed(self, proposal: Draft) -> bool:
        target = target_of(proposal)
        return target in self.refused or target in self.closed

    def _stands(self, proposal: Draft) -> bool:
        """Ends a proposal whose id is taken: whatever rests on a fact names it by id alone."""
        fact = proposal.fact
        stands = self.context.find(fact.id)
        if stands is None:
            return False
        same = (stands.key, stands.content) == (fact.key, fact.content)
        if same and canonical(stands.structured) == canonical(fact.structured):
            self._drop(proposal, "already-so", "The same fact stands already.", close=False)
            return True
        reason = (
            f"{fact.id} stands under {stands.key} as “{_shortened(stands.content)}”; "
            f"it was proposed under {fact.key} as “{_shortened(fact.content)}”."
        )
        self.refuse(proposal, "conflict", reason)
        return True

    def _decided(self, proposal: Draft, *, human_approved: bool = False) -> PolicyDecision | None:
        """Returns what the policy says; a policy that fails to say anything refuses."""
        try:
            stakes = self.stakes(proposal, self.context) if self.stakes else NO_STAKES
            decision = self.gate.policy.decide(
                PolicyRequest(
                    proposal,
                    self.levels.get(proposal.agent, AuthorityLevel.ADVISORY),
                    stakes.amount,
                    stakes.risk,
                    human_approved,
                )
            )
            if type(self.gate.policy) is RulePolicy:  # its decisions were made of settled rules
                return decision
            return settled(PolicyDecision, decision)
        except Exception as error:  # noqa: BLE001 - it may fail in any way, and permits nothing then
            reason = f"The policy could not decide: {type(error).__name__}."
            self.refuse(proposal, "policy", reason)
            return None

    def _validated(self, proposal: Draft) -> Validated | None:
        try:
            report, validated = self.gate.validate(proposal, self.context)
        except MissingCheck as error:
            self.refuse(proposal, "gate", str(error))
            return None
        except Exception as error:  # noqa: BLE001 - a policy that cannot say what to check
            reason = f"The policy could not say what to check: {type(error).__name__}."
            self.refuse(proposal, "policy", reason)
            return None
        self.events.append(e.ProposalValidated(run=self.run, report=report))
        if validated is None:
            self.refuse(proposal, "gate", report.why_not())
        return validated

    def _promote(
        self,
        validated: Validated,
        grants: tuple[AuthorityGrant, ...],
        approver: Actor,
        approvals: tuple[ApprovalId, ...] = (),
    ) -> None:
        proposal = validated.draft
        if len(self.made) >= self.room:
            self.exhausted = True
            self.gate.withdraw(validated)
            self._drop(proposal, "fact-budget", "The fact budget of the run is used up.")
            return
        key, kind, gate = proposal.fact.key, proposal.fact.kind, self.gate.gate_id
        for grant in grants:
            if not grant.why_not(key, kind, gate, self.now):
                break
        else:
            self.gate.withdraw(validated)
            reasons = dict.fromkeys(one.why_not(key, kind, gate, self.now) for one in grants)
            why = "; ".join(reasons) or "the run was given no grant"
            self.refuse(proposal, "no-authority", f"Nobody authorized it: {why}.")
            return
        fact = self.gate.promote(
            validated, grant, approver=approver, at=self.now, approvals=approvals
        )
        self.context._grow(fact)  # noqa: SLF001 - the fork is this merge's own
        record = fact._record  # noqa: SLF001 - what the engine writes down need not be a copy
        self.made.append(record)
        self.events.append(e.FactPromoted(run=self.run, fact=record))

    def _drop(self, proposal: Draft, rule: str, reason: str, *, close: bool = True) -> None:
        target = target_of(proposal)
        if close:
            self.refused.add(target)
        self.events.append(
            e.ProposalRefused(
                run=self.run,
                proposal=proposal.id,
                target=target if close else "",
                rule=rule,
                reason=reason,
            )
        )

    def _ground(self, proposal: Draft) -> tuple[Ground, ...]:
        found = ((id_, self.context.find(id_)) for id_ in proposal.rests_on)
        return tuple(Ground(fact=id_, digest=fact.digest) for id_, fact in found if fact)

    def _request(self, validated: Validated, decision: PolicyDecision, times: int) -> GateRequest:
        proposal = validated.draft
        return GateRequest(
            id=gate_request_id(proposal.id, times),
            run=self.run,
            proposal=proposal.id,
            proposal_digest=proposal.digest(),
            report_digest=validated.report.digest(),
            policy=validated.report.policy,
            rule=decision.rule,
            reason=decision.reason,
            risk=decision.risk,
            key=proposal.fact.key,
            title=proposal.fact.content,
            agent=proposal.agent,
            cycle=self.cycle,
            ground=self._ground(proposal),
            opened_at=self.now,
        )


def _times_asked(request: GateRequest) -> int:
    times = request.id.removeprefix(gate_request_id(request.proposal, 0))
    return int(times.removeprefix("#") or 0)


def _sentence(proposal: Draft, reason: str) -> str:
    return f"“{_shortened(proposal.fact.content)}” of {proposal.agent} was refused. {reason}"


def _shortened(text: str, most: int = LONGEST_QUOTE) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
