"""What a type checker refuses, before anything runs.

Each marked line fails with just the error codes it names, and no other line fails;
``tests/core/test_typing.py`` holds mypy to that. Nothing ever runs this file.
"""

from __future__ import annotations

from converge_core import (
    Actor,
    ActorKind,
    Agent,
    AgentEffect,
    ArtifactKind,
    ArtifactRef,
    AuthorityGrant,
    Context,
    ContextKey,
    ContextView,
    Engine,
    Fact,
    PromotionGate,
    ProposedFact,
    SeedAgent,
    grant,
)
from converge_core.agent import Executed
from converge_core.canonical import ContentHash
from converge_core.command import Begin, Decide, Report
from converge_core.constraint import Budget, FrameConstraint
from converge_core.context import stage_all
from converge_core.events import FactPromoted, RunStarted
from converge_core.fact import FactRecord
from converge_core.frame import Frame
from converge_core.gate import ReportRecord, Validated
from converge_core.ids import (
    AgentId,
    ApprovalId,
    ArtifactId,
    FactId,
    FrameId,
    GateId,
    IntentId,
    ObservationId,
    OperatorId,
    ProposalId,
    RunId,
    TensionId,
    TraceId,
    gate_request_id,
    proposal_id,
    trace_id,
)
from converge_core.intent import RootIntent
from converge_core.observation import observe
from converge_core.policy import Policy
from converge_core.proposal import Draft, draft
from converge_core.review import Decision, Operator
from converge_core.run_state import RunState
from converge_core.state import fold

SYSTEM = Actor(kind=ActorKind.SYSTEM, id="test")
SEEDS = ContextKey.SEEDS
AGENT = AgentId("agent")
APPROVAL = ApprovalId("approval")
ARTIFACT = ArtifactId("artifact")
FACT = FactId("fact")
FRAME = FrameId("frame")
GATE = GateId("gate")
INTENT = IntentId("intent")
OBSERVATION = ObservationId("observation")
OPERATOR = OperatorId("operator")
PROPOSAL = ProposalId("proposal")
RUN = RunId("run")
TENSION = TensionId("tension")
TRACE = TraceId("trace")


# Only what a gate validated is promoted, and only under a grant.


def promoting(
    gate: PromotionGate, one: Draft, report: ReportRecord, sound: Validated, fact: Fact
) -> None:
    mine = grant("me", SEEDS)
    gate.promote(sound, mine, approver=SYSTEM, at=0)
    gate.promote(one, mine, approver=SYSTEM, at=0)  # E: arg-type
    gate.promote(one.fact, mine, approver=SYSTEM, at=0)  # E: arg-type
    gate.promote(report, mine, approver=SYSTEM, at=0)  # E: arg-type
    gate.promote(fact, mine, approver=SYSTEM, at=0)  # E: arg-type
    gate.promote(gate.validate(one, Context())[1], mine, approver=SYSTEM, at=0)  # E: arg-type
    gate.promote(sound, None, approver=SYSTEM, at=0)  # E: arg-type
    gate.promote(sound, approver=SYSTEM, at=0)  # E: call-arg
    gate.promote(sound, mine, at=0)  # E: call-arg
    gate.promote(sound, mine, approver="me", at=0)  # E: arg-type
    gate.promote(sound, mine, approver=SYSTEM, at=0.5)  # E: arg-type
    gate.validate(one.fact, Context())  # E: arg-type
    gate.validate(sound, Context())  # E: arg-type


# Neither a fact nor a validated proposal is made by hand, and neither changes.


def making(record: FactRecord, one: Draft, report: ReportRecord) -> None:
    Fact(record)  # E: call-arg
    Fact()  # E: call-arg
    Fact(one)  # E: call-arg arg-type
    Validated(one, report)  # E: call-arg
    Validated(one)  # E: call-arg


def subclassing() -> None:
    class Forged(Fact):  # E: misc
        pass

    class Passed(Validated):  # E: misc
        pass


def changing(fact: Fact, view: ContextView, one: ProposedFact) -> None:
    fact.content = "other"  # E: misc
    fact.structured = {}  # E: misc
    fact.promotion = fact.promotion  # E: misc
    fact.promotion.approver = SYSTEM  # E: misc
    fact.record.content = "other"  # E: misc
    fact.rests_on.append(FACT)  # E: attr-defined
    one.content = "other"  # E: misc
    view.reads = ()  # E: misc
    view.get(SEEDS)[0] = fact  # E: index


# A context takes proposals in, never facts.


def staging(context: Context, view: ContextView, fact: Fact, record: FactRecord) -> None:
    context.add_input(fact)  # E: arg-type
    context.add_input(record)  # E: arg-type
    context.add(fact)  # E: attr-defined
    view.add_input(fact)  # E: attr-defined
    stage_all(context, [fact])  # E: list-item
    stage_all(view, [])  # E: arg-type
    AgentEffect((fact,))  # E: arg-type
    AgentEffect([])  # E: arg-type
    FactPromoted(run=RUN, fact=fact)  # E: arg-type


def beginning(started: RunStarted, fact: Fact, state: RunState, engine: Engine) -> None:
    Begin(started, inputs=(fact,))  # E: arg-type
    Report((AgentEffect(),))  # E: arg-type
    Decide(OPERATOR, OPERATOR)  # E: arg-type arg-type
    engine.run(Context())  # E: call-arg
    engine.run(Context(), authority=None)  # E: arg-type
    engine.run(state, authority=grant("me"))  # E: arg-type
    engine.step(state, fact, 0)  # E: arg-type
    fold(state, started, 0, 0)  # E: arg-type


# An id of one kind is none of another, and text is none of any.


def identifying(context: Context, view: ContextView, gate: PromotionGate, one: Draft) -> None:
    ProposedFact(key=SEEDS, id=PROPOSAL, content="x")  # E: arg-type
    ProposedFact(key=SEEDS, id=OBSERVATION, content="x")  # E: arg-type
    ProposedFact(key=SEEDS, id="x", content="x")  # E: arg-type
    ProposedFact(key=SEEDS, id=FACT, content="x", rests_on=(PROPOSAL,))  # E: arg-type
    ProposedFact(key=SEEDS, id=FACT, content="x", observation=FACT)  # E: arg-type
    ProposedFact(key="Seeds", id=FACT, content="x")  # E: arg-type
    context.find(PROPOSAL)  # E: arg-type
    context.find("f")  # E: arg-type
    context.fact(SEEDS, TRACE)  # E: arg-type
    view.contains(SEEDS, AGENT)  # E: arg-type
    draft(FACT, SYSTEM, AGENT, 0, one.fact)  # E: arg-type
    draft("p", SYSTEM, AGENT, 0, one.fact)  # E: arg-type
    draft(PROPOSAL, SYSTEM, OPERATOR, 0, one.fact)  # E: arg-type
    draft(PROPOSAL, SYSTEM, AGENT, 0, one.fact, read=(PROPOSAL,))  # E: arg-type
    draft(PROPOSAL, SYSTEM, AGENT, 0, one.fact, traces=(FACT,))  # E: arg-type
    draft(PROPOSAL, AGENT, AGENT, 0, one.fact)  # E: arg-type
    proposal_id(PROPOSAL, 0, AGENT, 0)  # E: arg-type
    proposal_id(RUN, 0, RUN, 0)  # E: arg-type
    trace_id(AGENT, 0, AGENT, 0)  # E: arg-type
    trace_id(RUN, 0, TRACE, 0)  # E: arg-type
    trace_id(RUN, 0, TENSION, 0)  # E: arg-type
    gate_request_id(GATE, 0)  # E: arg-type
    gate_request_id(FACT, 0)  # E: arg-type
    observe(FACT, {}, provider="p", source="s", place="l")  # E: arg-type
    observe(TRACE, {}, provider="p", source="s", place="l")  # E: arg-type
    PromotionGate(APPROVAL, gate.policy, {})  # E: arg-type
    PromotionGate("g", gate.policy, {})  # E: arg-type
    AuthorityGrant(grantor=SYSTEM, keys=(), gates=(RUN,), granted_at=0)  # E: arg-type
    Executed(OPERATOR)  # E: arg-type
    Executed(AGENT, reads=(PROPOSAL,))  # E: arg-type
    Operator(id=AGENT, name="b", public_key="")  # E: arg-type
    Operator(id=APPROVAL, name="b", public_key="")  # E: arg-type
    Operator(id=ARTIFACT, name="b", public_key="")  # E: arg-type
    ArtifactRef(kind=ArtifactKind.PACK, name=AGENT, digest="")  # E: arg-type
    ArtifactRef(kind=ArtifactKind.PACK, name="x", digest="")  # E: arg-type


def intending(intent: RootIntent, frame: Frame) -> None:
    RootIntent(question="q", subject="s", id=INTENT)
    RootIntent(question="q", subject="s", id=FRAME)  # E: arg-type
    RootIntent(question="q", subject="s", scope=INTENT)  # E: arg-type
    Frame(id=INTENT, scope="launch")  # E: arg-type
    Frame(id=FRAME, scope="launch", linked_intent=FRAME)  # E: arg-type
    Frame(id=FRAME, scope="launch", parent_frame=INTENT)  # E: arg-type
    FrameConstraint(kind=Budget(limit=0.5))  # E: arg-type
    intent.question = "another"  # E: misc
    intent.scope = ()  # E: misc
    frame.constraints = ()  # E: misc


def deciding(gate: PromotionGate, sound: Validated, decision: Decision) -> None:
    mine = grant("me", SEEDS)
    gate.promote(sound, mine, approver=SYSTEM, at=0, approvals=(APPROVAL,))
    gate.promote(sound, mine, approver=SYSTEM, at=0, approvals=(GATE,))  # E: arg-type
    gate.promote(sound, mine, approver=SYSTEM, at=0, approvals=(OPERATOR,))  # E: arg-type
    gate.promote(sound, mine, approver=SYSTEM, at=0, approvals=("v",))  # E: arg-type
    gate.promote(sound, mine, approver=SYSTEM, at=0, approvals=(decision.gate,))  # E: arg-type
    gate_request_id(decision.gate, 0)  # E: arg-type
    PromotionGate(decision.id, gate.policy, {})  # E: arg-type
    Operator(id=decision.id, name="b", public_key="")  # E: arg-type
    Executed(decision.operator)  # E: arg-type


# Numbers that are hashed are whole.


def counting(gate: PromotionGate, sound: Validated) -> None:
    ProposedFact(key=SEEDS, id=FACT, content="x", confidence=950)
    ProposedFact(key=SEEDS, id=FACT, content="x", confidence=0.95)  # E: arg-type
    ProposedFact(key=SEEDS, id=FACT, content="x", confidence="950")  # E: arg-type
    AuthorityGrant(grantor=SYSTEM, keys=(), gates=(), granted_at=0.5)  # E: arg-type
    AuthorityGrant(grantor=SYSTEM, keys=[], gates=(), granted_at=0)  # E: arg-type
    gate.promote(sound, grant("me", until=0.5), approver=SYSTEM, at=0)  # E: arg-type


# Agents and policies have all that the engine asks of them.


class ReturnsAList:
    name = AGENT
    dependencies = (SEEDS,)

    def accepts(self, view: ContextView) -> bool:
        return view.has(SEEDS)

    def execute(self, view: ContextView) -> list[ProposedFact]:
        return [ProposedFact(key=SEEDS, id=FACT, content=str(view.count(SEEDS)))]


class ReturnsFacts:
    name = AGENT
    dependencies = (SEEDS,)

    def accepts(self, view: ContextView) -> bool:
        return view.has(SEEDS)

    def execute(self, view: ContextView) -> tuple[Fact, ...]:
        return view.get(SEEDS)


class WantsTheContext:
    name = AGENT
    dependencies = (SEEDS,)

    def accepts(self, view: Context) -> bool:
        return view.has(SEEDS)

    def execute(self, view: Context) -> AgentEffect:
        return AgentEffect((view.staged()[0],))


class AcceptsNothing:
    name = AGENT
    dependencies = (SEEDS,)

    def execute(self, view: ContextView) -> AgentEffect:
        return AgentEffect(refusal=str(view.count(SEEDS)))


class NamedByText:
    name = "a"
    dependencies = (SEEDS,)

    def accepts(self, view: ContextView) -> bool:
        return view.has(SEEDS)

    def execute(self, view: ContextView) -> AgentEffect:
        return AgentEffect(refusal=str(view.count(SEEDS)))


class DecidesNothing:
    version = ContentHash("")

    def required_checks(self, key: ContextKey) -> tuple[str, ...]:
        return (key.value,)


class RequiresNothing:
    version = ContentHash("")

    def decide(self, one: Draft) -> bool:
        return bool(one)


def registering(engine: Engine) -> None:
    engine.register(SeedAgent("s", "a seed"))
    engine.register(ReturnsAList())  # E: arg-type
    engine.register(ReturnsFacts())  # E: arg-type
    engine.register(WantsTheContext())  # E: arg-type
    engine.register(AcceptsNothing())  # E: arg-type
    engine.register(NamedByText())  # E: arg-type
    Engine(policy=DecidesNothing())  # E: arg-type
    Engine(policy=RequiresNothing())  # E: arg-type
    Engine(checks={"x": lambda one: None})  # E: dict-item misc


def asking(agent: Agent, view: ContextView, policy: Policy, one: Draft) -> None:
    agent.accepts(view.get(SEEDS))  # E: arg-type
    agent.execute(Context())  # E: arg-type
    agent.name = AGENT  # E: misc
    policy.required_checks("Seeds")  # E: arg-type
    policy.decide(one.fact)  # E: arg-type
