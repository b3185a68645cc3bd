"""One merge: proposals in, events out, in registration order and then in emission order.

A merge works on a fork of the context, so that nothing it does counts until its events are folded,
and so that a later proposal of the same merge is checked against the earlier ones.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from converge_core import events as e
from converge_core.authority import Actor, ActorKind, AuthorityGrant, AuthorityLevel
from converge_core.canonical import canonical
from converge_core.context import Context, Standpoint
from converge_core.correcting import in_old_words, why_not_correct
from converge_core.errors import MissingCheck, ReportMismatch
from converge_core.fact import Fact, FactRecord
from converge_core.gate import PromotionGate, ReportRecord, Validated
from converge_core.ground import ground_of
from converge_core.ids import (
    AgentId,
    ApprovalId,
    FactId,
    ObservationId,
    OperatorId,
    ProposalId,
    RunId,
    TraceId,
    proposal_id,
)
from converge_core.invariant import Invariant, Violation
from converge_core.key import ContextKey
from converge_core.panel import Roster, frozen
from converge_core.people import Absent
from converge_core.policy import (
    Effect,
    PolicyDecision,
    PolicyRequest,
    Risk,
    RulePolicy,
    graded,
    of_both,
)
from converge_core.proposal import Draft, ProposedFact, draft
from converge_core.quorum import why_unmeetable
from converge_core.record import settled
from converge_core.review import GateRequest, Ground, Operator
from converge_core.run_state import NONE, Closed
from converge_core.speakers import ENGINE, SYSTEM
from converge_core.stakes import NO_STAKES, StakesOf, sound
from converge_core.stakes import Stakes as Stakes  # noqa: PLC0414 - it was found here
from converge_core.targets import target_of
from converge_core.tension import Contradiction, contradictions
from converge_core.terms import ANYBODY_ONCE, ReviewTerms
from converge_core.trace import DecisionTrace

LONGEST_QUOTE = 200
LONGEST_DIAGNOSTIC = 2000
MOST_REFUSALS = 3
"""How often a run refuses a target before it hears no more of it."""


@lru_cache(maxsize=1024)
def rule_actor(rule: str) -> Actor:
    """Returns who promotion records name where a rule of the policy let a proposal through."""
    return Actor(kind=ActorKind.SYSTEM, id=f"policy:{rule}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A proposal to be put to people.

    Attributes:
        draft: the proposal.
        report: what its checks said.
        decision: the rule that asks.
        terms: its terms, as they are frozen.
        roster: who may vote; unset for anybody who is enrolled.
        before: what was asked about it before its ground moved, if anything.
    """

    draft: Draft
    report: ReportRecord
    decision: PolicyDecision
    terms: ReviewTerms
    roster: Roster | msgspec.UnsetType
    before: GateRequest | None = None


def author_of(proposal: Draft) -> OperatorId | None:
    """Returns the person whose own proposal it is; None where an agent made it."""
    return OperatorId(proposal.author.id) if proposal.author.kind is ActorKind.HUMAN else None


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
        recorded: the number of the record that made each fact of the run.
        drafted: how many proposals the run has seen.
        tenant: whose corrections hold in the run, beside those for everybody.
        operators: who was enrolled, by id.
        absent: who of them is not asked any more.
        traces: the model calls of the run, those of this merge among them.
        refused: targets that this merge closes.
        events: what happened so far.
        made: the facts among it.
        exhausted: whether the fact budget stopped a promotion.
        asked: what is to be put to people.
        tense: which new proposals contradict each other.
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
    closed: Mapping[str, Closed]
    recorded: Mapping[tuple[ContextKey, str], int]
    drafted: int
    tenant: str
    operators: Mapping[OperatorId, Operator]
    absent: Absent
    traces: Mapping[TraceId, DecisionTrace]
    refused: set[str] = set()
    events: list[e.Event] = []
    made: list[FactRecord] = []
    exhausted: bool = False
    asked: list[Asked] = []
    tense: Mapping[ProposalId, Contradiction] = NONE
    lost: list[tuple[FactId, Draft, str]] = []
    _ready: Validated | None = None

    def consider(self, proposal: Draft) -> None:
        """Takes in a new proposal: records it, checks it, and promotes, refuses or asks."""
        self.record(proposal)
        if self.stands(proposal):
            return
        if proposal.fact.observation is not None and self.cites_nothing(proposal):
            return
        if (self.closed or self.refused) and self._is_closed(proposal):
            reason = "It was refused before in this run."
            self.drop(proposal, "refused-before", reason, close=False)
            return
        if proposal.fact.corrects and self.is_no_correction(proposal):
            return
        if not self.passes(proposal):
            return
        decision = self._decided_anew(proposal)
        if decision is None:
            return
        if decision.effect is Effect.PERMIT:
            self.promote(proposal, self.grants, rule_actor(decision.rule))
        elif decision.effect is Effect.ASK:
            self.ask(proposal, decision)
        else:
            self.refuse(proposal, decision.rule, decision.reason)

    def cites_nothing(self, proposal: Draft) -> bool:
        """Ends a proposal that cites an observation which nobody made."""
        cited = proposal.fact.observation
        if cited is None or cited in self.observations:
            return False
        self.refuse(proposal, "gate", f"It cites the observation {cited}, which nobody made.")
        return True

    def note_contradictions(self, proposals: Sequence[Draft]) -> None:
        """Notes which new proposals contradict each other, of those that could become facts."""
        found = contradictions(proposals)
        if found:
            live = [proposals[place] for place in sorted(found) if self._may_live(proposals[place])]
            self.tense = {live[place].id: about for place, about in contradictions(live).items()}

    def _may_live(self, proposal: Draft) -> bool:
        if self._is_closed(proposal) or self.context.find(proposal.fact.id) is not None:
            return False
        decision = self._policy_of(proposal, human_approved=False)
        return isinstance(decision, PolicyDecision) and decision.effect is not Effect.FORBID

    def refuse(self, proposal: Draft, rule: str, reason: str) -> None:
        """Records that a proposal will not become a fact, and leaves a diagnostic."""
        if self._ready is not None:
            self.gate.withdraw(self._passed(proposal))
        self.drop(proposal, rule, reason)
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
        self.record(proposal)
        self.drop(proposal, rule, reason, close=False)

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
        self.record(proposal)
        if not self.stands(proposal) and self.passes(proposal):
            self.promote(proposal, (grant,), SYSTEM)

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
        for one in self.asked:
            self.drop(one.draft, "run-stopped", "The run ended before anybody was asked.")
        self.asked.clear()

    def record(self, proposal: Draft) -> None:
        """Records that something was proposed."""
        self.events.append(e.ProposalCreated(run=self.run, draft=proposal))
        self.drafted += 1

    def _is_closed(self, proposal: Draft) -> bool:
        target = target_of(proposal)
        if target in self.refused:
            return True
        closed = self.closed.get(target)
        return closed is not None and not self._brings_news(proposal, closed)

    def _brings_news(self, proposal: Draft, closed: Closed) -> bool:
        """Whether a closed target opens again for a proposal; see :func:`target_of`."""
        if closed.times >= MOST_REFUSALS:
            return False
        own = (proposal.agent, ENGINE)
        ground = [self.context.find(name) for name in proposal.rests_on]
        return any(
            self.recorded.get((fact.key, fact.id), -1) > closed.seq
            for fact in ground
            if fact is not None and fact.agent not in own and fact.id not in closed.ground
        )

    def stands(self, proposal: Draft) -> bool:
        """Ends a proposal whose id is taken: whatever rests on a fact names it by id alone."""
        fact = proposal.fact
        stands = self.context.find(fact.id)
        if stands is None and fact.conflict:
            stands = self._settled_otherwise(fact)
        if stands is None:
            return False
        same = (stands.key, stands.content) == (fact.key, fact.content)
        if same and canonical(stands.structured) == canonical(fact.structured):
            self.drop(proposal, "already-so", "The same fact stands already.", close=False)
            return True
        reason = (
            f"{fact.id} stands under {stands.key} as “{_shortened(stands.content)}”; "
            f"it was proposed under {fact.key} as “{_shortened(fact.content)}”."
        )
        self.refuse(proposal, "conflict", reason)
        return True

    def _settled_otherwise(self, fact: ProposedFact) -> Fact | None:
        """Returns what settled the declared conflict of ``fact``, unless it corrects that."""
        stands = self.context.settled(fact.conflict or "")
        corrects = fact.corrects.supersedes if fact.corrects else None
        return None if stands is None or stands.id == corrects else stands

    def is_no_correction(self, proposal: Draft) -> bool:
        """Ends a proposal that corrects what it cannot correct."""
        corrects = proposal.fact.corrects
        if not corrects:
            return False
        problem = why_not_correct(proposal.fact.key, corrects, self.context, self._standpoint())
        if problem is None:
            return False
        self.refuse(proposal, f"correction:{problem[0]}", problem[1])
        return True

    def _decided_anew(self, proposal: Draft) -> PolicyDecision | None:
        """Returns what is done with a new proposal; some are asked about whatever is permitted."""
        decision = self.decided(proposal)
        if decision is None or decision.effect is not Effect.PERMIT:
            return decision
        fact = proposal.fact
        if not (fact.requires_human or fact.corrects or self.tense):
            return decision
        rule, reason = self._why_ask(proposal)
        if not rule:
            return decision
        return msgspec.structs.replace(
            decision,
            effect=Effect.ASK,
            rule=rule,
            reason=reason,
            risk=_at_least_medium(decision.risk),
        )

    def _why_ask(self, proposal: Draft) -> tuple[str, str]:
        """Returns why people are asked about what the policy permits; empty where they are not."""
        fact = proposal.fact
        if fact.requires_human:
            return "requires-human", f"{proposal.agent} wants a person to decide this."
        contradiction = self.tense.get(proposal.id)
        if contradiction is not None:
            return "tension", f"Another proposal contradicts it about {contradiction[1]}."
        if fact.corrects:
            stands = self.context.find(fact.corrects.supersedes)
            if stands is not None and stands.promotion.approver.kind is ActorKind.HUMAN:
                who = stands.promotion.approver.id
                return "corrects-a-person", f"It corrects what {who} approved."
        return "", ""

    def decided(self, proposal: Draft, *, human_approved: bool = False) -> PolicyDecision | None:
        """Returns what the policy says; a policy that fails to say anything refuses."""
        decision = self._policy_of(proposal, human_approved=human_approved)
        if isinstance(decision, PolicyDecision):
            return decision
        self.refuse(proposal, "policy", f"The policy could not decide: {decision}.")
        return None

    def _policy_of(self, proposal: Draft, *, human_approved: bool) -> PolicyDecision | str:
        """Returns what the policy says, or the name of what went wrong in it."""
        try:
            decision = self._rule_about(proposal, human_approved=human_approved)
            before = in_old_words(proposal, self.context)
            if before is None:
                return decision
            return of_both(decision, self._rule_about(before, human_approved=human_approved))
        except Exception as error:  # noqa: BLE001 - it may fail in any way, and permits nothing then
            return type(error).__name__

    def _rule_about(self, proposal: Draft, *, human_approved: bool) -> PolicyDecision:
        stakes = sound(self.stakes(proposal, self.context)) if self.stakes else NO_STAKES
        decision = self.gate.policy.decide(
            PolicyRequest(
                proposal,
                self.levels.get(proposal.agent, AuthorityLevel.ADVISORY),
                stakes.amount,
                stakes.risk,
                human_approved,
            )
        )
        if type(self.gate.policy) is not RulePolicy:  # its decisions are of settled rules
            decision = settled(PolicyDecision, decision)
        return graded(decision, stakes.risk) if stakes.risk else decision

    def passes(self, proposal: Draft) -> bool:
        """Runs the checks; what does not pass them is refused."""
        try:
            report, self._ready = self.gate.validate(proposal, self.context, sound=True)
        except MissingCheck as error:
            self.refuse(proposal, "gate", str(error))
            return False
        except Exception as error:  # noqa: BLE001 - a policy that cannot say what to check
            reason = f"The policy could not say what to check: {type(error).__name__}."
            self.refuse(proposal, "policy", reason)
            return False
        self.events.append(e.ProposalValidated(run=self.run, report=report))
        if self._ready is None:
            self.refuse(proposal, "gate", report.why_not())
        return self._ready is not None

    def _passed(self, proposal: Draft) -> Validated:
        """Returns the validation of what has just passed; it is used up."""
        validated, self._ready = self._ready, None
        assert validated is not None
        assert validated.draft is proposal
        return validated

    def ask(
        self, proposal: Draft, decision: PolicyDecision, before: GateRequest | None = None
    ) -> None:
        """Puts what has just passed to people; whatever they say, it is validated again then.

        What nobody could ever approve is refused at once, so that no run waits for nobody.
        """
        asked = decision.review or ANYBODY_ONCE
        author, among = author_of(proposal), self.operators
        terms, roster = frozen(asked, decision.risk, author, among, self.absent)
        if roster is not msgspec.UNSET:
            reason = why_unmeetable(terms.quorum, roster)
            if reason:
                words = f"By the rule “{decision.rule}” nobody could approve it: {reason}."
                self.refuse(proposal, "nobody-can-decide", words)
                return
        validated = self._passed(proposal)
        self.gate.withdraw(validated)
        self.asked.append(Asked(proposal, validated.report, decision, terms, roster, before))

    def promote(
        self,
        proposal: Draft,
        grants: tuple[AuthorityGrant, ...],
        approver: Actor,
        approvals: tuple[ApprovalId, ...] = (),
        *,
        self_approved: bool = False,
    ) -> None:
        """Makes what has just passed a fact, if a grant covers it and the budget has room."""
        validated, self._ready = self._ready, None
        assert validated is not None
        if len(self.made) >= self.room:
            self.exhausted = True
            self.gate.withdraw(validated)
            self.drop(proposal, "fact-budget", "The fact budget of the run is used up.")
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
        try:
            fact = self.gate.promote(
                validated, grant, approver=approver, at=self.now, approvals=approvals
            )
        except ReportMismatch:
            self.refuse(proposal, "gate", "It was changed while it was looked at.")
            return
        self.context._grow(fact)  # noqa: SLF001 - the fork is this merge's own
        record = fact._record  # noqa: SLF001 - what the engine writes down need not be a copy
        self.made.append(record)
        marked = self_approved or msgspec.UNSET
        self.events.append(e.FactPromoted(run=self.run, fact=record, self_approved=marked))

    def drop(self, proposal: Draft, rule: str, reason: str, *, close: bool = True) -> None:
        """Records that a proposal does not become a fact; ``close`` closes its target."""
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

    def has_superseded(self, facts: Collection[FactId]) -> bool:
        """Whether this merge put something in the place of one of ``facts``."""
        return any(
            isinstance(event, e.FactPromoted)
            and event.fact.corrects
            and event.fact.corrects.supersedes in facts
            for event in self.events
        )

    def _standpoint(self) -> Standpoint:
        return Standpoint(self.tenant, self.run)

    def ground(self, proposal: Draft) -> tuple[Ground, ...]:
        """Returns what ``proposal`` rests on, as it stands now."""
        return ground_of(proposal.rests_on, self.context, self._standpoint())


def _at_least_medium(risk: Risk) -> Risk:
    return Risk.MEDIUM if risk is Risk.LOW else risk


def _sentence(proposal: Draft, reason: str) -> str:
    return f"“{_shortened(proposal.fact.content)}” of {proposal.agent} was refused. {reason}"


def _shortened(text: str, most: int = LONGEST_QUOTE) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
