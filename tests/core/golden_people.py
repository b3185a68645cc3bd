"""The part of the golden story in which people vote, undo, edit, correct and settle.

And of each type that has to do with it, and with what a run is for, one record with every field.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from converge_core.ballot import Asked, Ballot, unsigned_vote
from converge_core.command import Advance
from converge_core.constraint import (
    Budget,
    Compliance,
    ConstraintSeverity,
    FrameConstraint,
    IntentConstraint,
    Resource,
)
from converge_core.correction import Correction, CorrectionReason, CorrectionScope, ScopeKind
from converge_core.events import Event
from converge_core.frame import Frame
from converge_core.ids import (
    ApprovalId,
    FactId,
    FrameId,
    GateId,
    IntentId,
    OperatorId,
    RunId,
    TensionId,
)
from converge_core.intent import Criterion, RootIntent
from converge_core.invariant import InvariantClass, OnViolation
from converge_core.key import ContextKey as Key
from converge_core.policy import Effect
from converge_core.proposal import ContentKind
from converge_core.quorum import Quorum, QuorumRule
from converge_core.replication import Replica, RuleRecord
from converge_core.review import ActKind, Decision, GateAct, InputOrigin, Verdict
from converge_core.run_state import DeskState
from converge_core.scope import Custom, CustomerSegment, Geography, Market, Product, TimeWindow
from converge_core.state import fold
from converge_core.tension import ChosenSide, ConflictType, Tension, TensionResolution
from converge_core.terms import OnTimeout, ReviewTerms
from tests.core.kit import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    DESK,
    Play,
    engine_of,
    enrolled,
    fact,
    policy_of,
    proposes,
    rule,
)

BOB_NOW = BOB.again("bob's new laptop")
HOUR = 3_600_000_000
UNDONE = ReviewTerms(self_approval=True, undo_us=HOUR)
VOTED = ReviewTerms(
    quorum=Quorum(count=2),
    roster=("alice", "bob", "carol"),
    deadline_us=4 * HOUR,
    on_timeout=OnTimeout.ESCALATE,
    escalate_to=("carol", "dave"),
    extension_us=HOUR,
    extensions=2,
)
POLICY = policy_of(
    rule(Effect.ASK, Key.STRATEGIES, "undo", review=UNDONE),
    rule(Effect.ASK, Key.EVALUATIONS, "vote", review=VOTED),
    rule(Effect.PERMIT),
)


def people(clock: Callable[[], int]) -> list[tuple[list[Event], int]]:
    """Returns the batches of runs in which people have every part that they can have.

    Before them, one of them takes another key; after them, another is revoked.
    """
    rotated: list[Event] = [BOB.rotate(BOB_NOW, at=1)]
    begun = [(rotated, clock())]
    told = [*_voted(clock).batches, *_torn(clock).batches]
    revoked: list[Event] = [ALICE.revoke(DAVE, at=2)]
    return [*begun, *told, (revoked, clock())]


def _desk() -> DeskState:
    desk = fold(enrolled(ALICE, BOB), BOB.rotate(BOB_NOW), 0, -1)
    desk.desk = DESK
    return desk


def _voted(clock: Callable[[], int]) -> Play:
    """Votes, a delegation, an extension, a warning, an escalation, an edit, and an undo."""
    agents = [
        proposes("planner", fact(Key.STRATEGIES, "plan", "Release on Monday")),
        proposes("judge", fact(Key.EVALUATIONS, "score", "It is fit")),
        proposes("shy", fact(Key.HYPOTHESES, "guess", "It may rain", requires_human=True)),
    ]
    play = Play(engine_of(*agents, policy=POLICY), run=RunId("run-0004"), clock=clock, desk=_desk())
    play.tenant = "acme"
    play.enrol(CAROL, DAVE).begin(fact(Key.SIGNALS, "coverage", "61 %"))
    plan, score, guess = play.gates()
    play.stage(
        fact(
            Key.SIGNALS,
            "coverage, read again",
            "81 %",
            conflict="coverage",
            corrects=Correction(
                supersedes=FactId("coverage"),
                reason=CorrectionReason.DATA_ERROR,
                text="the report was of another branch",
                scope=CorrectionScope(kind=ScopeKind.TENANT, name="acme"),
            ),
        ),
        BOB_NOW,
    )
    play.answer(guess, "refine", ALICE, "say when")
    play.act(score, ActKind.DELEGATE, BOB_NOW, DAVE).act(score, ActKind.EXTEND, ALICE)
    opened = score.request.opened_at
    play.at(opened + 3 * HOUR).at(opened + 5 * HOUR)  # warned, and then escalated
    play.answer(score, "approve", CAROL).answer(score, "approve", DAVE)
    play.answer(plan, "approve", ALICE).act(plan, ActKind.UNDO, ALICE)
    tuesday = fact(Key.STRATEGIES, "plan", "Release on Tuesday")
    play.answer(plan, "edit", ALICE, "Mondays are bad", edited=tuesday)
    assert plan.settles_at is not None
    play.at(plan.settles_at)
    play.command(Advance())
    return play.cancel("alice")


def _torn(clock: Callable[[], int]) -> Play:
    """A contradiction that a person settles."""
    agents = [
        proposes("left", fact(Key.HYPOTHESES, "way", "go left")),
        proposes("right", fact(Key.HYPOTHESES, "way", "go right")),
    ]
    play = Play(engine_of(*agents, policy=POLICY), run=RunId("run-0005"), clock=clock, desk=_desk())
    [tension] = play.begin().state.tensions.values()
    return play.settle(tension, ChosenSide.RIGHT, 1, BOB_NOW, "left is closed").go()


SCOPE = (
    Market(value="retail"),
    Geography(value="SE"),
    Product(value="tea"),
    CustomerSegment(value="members"),
    Custom(key="channel", value="web"),
    TimeWindow(start=1, end=2, description="this spring"),
)
CRITERION = Criterion(id="decided", description="it was decided", key=Key.STRATEGIES)
CONSTRAINT = IntentConstraint(key="budget", value=1000, severity=ConstraintSeverity.SOFT)
FRAMED = FrameConstraint(
    kind=Budget(limit=900), severity=ConstraintSeverity.SOFT, description="less is better"
)
FRAME = Frame(
    id=FrameId("thrift"),
    scope="what it costs",
    constraints=(FRAMED,),
    success_criteria=(CRITERION,),
    linked_intent=IntentId("grow"),
    parent_frame=FrameId("shop"),
)
RULE_RECORD = RuleRecord(
    name="few",
    invariant_class=InvariantClass.STRUCTURAL,
    on_violation=OnViolation.STOP,
    parameters={"most": 2},
)
SESSION = CorrectionScope(kind=ScopeKind.SESSION, name="run-0001")
CORRECTION = Correction(
    supersedes=FactId("coverage"),
    reason=CorrectionReason.SOURCE_RETRACTION,
    text="the report was withdrawn",
    scope=SESSION,
)
LEAD = Quorum(rule=QuorumRule.LEAD, count=2, lead="alice")
TERMS = ReviewTerms(
    quorum=LEAD,
    roster=("alice", "bob"),
    self_approval=True,
    deadline_us=HOUR,
    on_timeout=OnTimeout.APPROVE,
    timeout_words="Silence agrees.",
    escalate_to=("carol",),
    extension_us=HOUR,
    extensions=1,
    undo_us=HOUR,
    refinements=1,
)
EDITED = fact(
    Key.STRATEGIES,
    "plan",
    "Release on Tuesday",
    kind=ContentKind.PLAN,
    corrects=CORRECTION,
    conflict="release",
    requires_human=True,
)
_ALICE = OperatorId("alice#00000000")
ASKED = Asked(
    desk=DESK,
    run=RunId("run-0001"),
    gate=GateId("gate:a"),
    request="request",
    shown=("Release 1.0", "high risk"),
    evidence="evidence",
    voters=(BOB.operator,),
    answers=1,
    asked_at=7,
    deadline=HOUR,
    by=ALICE.operator,
    signature="signature",
)
FULL: list[msgspec.Struct] = [
    ASKED,
    Ballot(asked=ASKED, decision=unsigned_vote(ASKED, BOB.operator, Verdict.APPROVE, "yes", 8)),
    *SCOPE,
    CONSTRAINT,
    FRAMED,
    FRAME,
    Resource(kind="hours", limit=40),
    Budget(limit=900),
    Compliance(regime="GDPR"),
    RULE_RECORD,
    SESSION,
    CORRECTION,
    LEAD,
    TERMS,
    Tension(
        id=TensionId("tension:1"),
        conflict=ConflictType.DECLARED,
        about="vendor",
        sides=(GateId("gate:a"), GateId("gate:b")),
    ),
    TensionResolution(
        tension=TensionId("tension:1"),
        chosen=ChosenSide.LEFT,
        rationale="it is cheaper",
        resolver=_ALICE,
        gate=GateId("gate:a"),
    ),
    Decision(
        id=ApprovalId("decision:gate:a"),
        gate=GateId("gate:a"),
        verdict=Verdict.EDIT,
        reason="Mondays are bad",
        operator=_ALICE,
        decided_at=7,
        request="request",
        shown="shown",
        signature="signature",
        edited=EDITED,
        opened=("checks", "evidence"),
        input_origin=InputOrigin.KEYBOARD,
    ),
    GateAct(
        id=ApprovalId("act:gate:a"),
        gate=GateId("gate:a"),
        act=ActKind.DELEGATE,
        operator=_ALICE,
        reason="she knows more",
        acted_at=8,
        signature="signature",
        to=OperatorId("bob#11111111"),
    ),
]
"""One of each, with no field left at its default."""
INTENT_FIELDS = {"id": IntentId("grow"), "scope": SCOPE, "constraints": (CONSTRAINT,)}
"""What a declared intent has beside the question."""


def replica(intent: RootIntent) -> Replica:
    """Returns what an export of ``intent`` says."""
    return Replica(
        intent=intent, frames=(FRAME,), rules=(RULE_RECORD,), judges=("decided",), policy="policy"
    )
