"""What people, strangers and forgers may try at a gate, and what stops each of them.

People try to count twice: with a second key, by delegation, by an edit that no rule asks about, by
an undo when time is up, or by waiting for silence to say what they may not. The engine refuses the
command, or asks once more. Strangers are not enrolled, so the desk takes nothing from them. Forgers
write into the files, with everything chained and signed that they can chain and sign; reading back
checks each claim against what the records before it say, so that nobody believes them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from converge_core import events as e
from converge_core.agent import AgentEffect
from converge_core.asking import GateEnd
from converge_core.authority import Actor, ActorKind
from converge_core.command import Act, Elapse, Restart
from converge_core.constraint import IntentConstraint
from converge_core.context import ContextView
from converge_core.correction import Correction, CorrectionReason, CorrectionScope, ScopeKind
from converge_core.errors import DecisionRefused, LedgerCorrupt
from converge_core.ids import FactId, GateId, ObservationId, RunId
from converge_core.key import ContextKey as Key
from converge_core.merge import Stakes
from converge_core.policy import Effect, Risk, RulePolicy
from converge_core.proposal import ProposedFact
from converge_core.quorum import Quorum, QuorumRule
from converge_core.review import ActKind, Operator
from converge_core.run_state import DeskState, Phase
from converge_core.stop import CriteriaMet
from converge_core.tension import ChosenSide, TensionResolution
from converge_core.terms import OnTimeout, ReviewTerms, why_unfit
from tests.core.kit import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    Person,
    Play,
    contents,
    declared,
    engine_of,
    fact,
    policy_of,
    proposes,
    rule,
    script,
    seed,
)
from tests.core.test_tensions import tension, torn
from tests.core.test_votes import PLAN, TWO_OF_THREE, asked, replayed, sound

HOUR = 3_600_000_000
PERMIT = rule(Effect.PERMIT)
ASK = rule(Effect.ASK, Key.STRATEGIES, "ask")
ASK_ALONE = rule(Effect.ASK, Key.STRATEGIES, "ask", review=ReviewTerms(self_approval=True))
SILENCE = ReviewTerms(
    deadline_us=HOUR, on_timeout=OnTimeout.APPROVE, timeout_words="Silence agrees."
)
EVERYBODY = CorrectionScope()


class Twin(Person):
    """A second key of the same person."""

    @property
    def operator(self) -> Operator:
        return replace(Person(f"{self.name} second").operator, name=self.name)


ALICE_AGAIN, BOB_AGAIN = Twin("alice"), Twin("bob")
EVE = Person("eve")


def plan(**words: Any) -> ProposedFact:
    return replace(PLAN, **words)


def correcting(
    old: str, new: str, key: Key = Key.SEEDS, scope: CorrectionScope = EVERYBODY
) -> ProposedFact:
    corrects = Correction(
        supersedes=FactId(old), reason=CorrectionReason.DATA_ERROR, text="wrong", scope=scope
    )
    return fact(key, new, corrects=corrects)


def played(policy: RulePolicy, *agents: Any, **more: Any) -> Play:
    """Returns a run at a desk of three, which has not begun."""
    play = Play(engine_of(*agents, policy=policy, **more), desk=DeskState())
    return play.enrol(ALICE, BOB, CAROL)


def edited_past(
    policy: RulePolicy, proposal: ProposedFact, edited: ProposedFact, **more: Any
) -> Play:
    """Returns a run where alice put her words in the place of what an agent proposed."""
    play = played(policy, proposes("planner", proposal), **more).begin()
    return play.answer(play.gates()[0], "edit", ALICE, edited=edited).go()


def edited(terms: ReviewTerms, by: Person = ALICE, **more: Any) -> Play:
    """Returns a run where ``by`` put other words in the place of the plan, under ``terms``."""
    play = asked(terms, **more)
    return play.answer(play.gates()[0], "edit", by, edited=plan(content="mine")).go()


def reads(name: str, made: Callable[[ContextView], ProposedFact]) -> Any:
    """Returns an agent that reads the seeds, and proposes while there is no strategy."""

    def execute(view: ContextView) -> AgentEffect:
        view.get(Key.SEEDS)
        return AgentEffect((made(view),))

    def when(view: ContextView) -> bool:
        return view.has(Key.SEEDS) and not view.has(Key.STRATEGIES)

    return script(name, execute, after=[Key.SEEDS], when=when)


def moved(play: Play, *, by: str) -> None:
    """Checks that the plan did not become a fact, and is asked about anew."""
    [again] = play.gates()
    assert [] == contents(play.state, Key.STRATEGIES)
    assert again.request.id.endswith(by)


def forged(play: Play, *events: e.Event, at: int) -> None:
    """Appends events to records that are sound, as somebody who can write to the files would."""
    replayed(play)
    play.batches.append((list(events), at))


def rewritten(play: Play, change: Callable[[Any], Any]) -> None:
    """Changes each event where it stands in records that are sound."""
    replayed(play)
    play.batches = [([change(one) for one in events], at) for events, at in play.batches]


def reworded(play: Play, name: str, **words: Any) -> None:
    """Has the records say that ``name`` was proposed, checked and promoted in other words."""
    [draft] = [one.draft for one in play.of(e.ProposalCreated) if one.draft.fact.id == name]
    other = replace(draft, fact=replace(draft.fact, **words))

    def change(one: Any) -> Any:
        if isinstance(one, e.ProposalCreated) and one.draft == draft:
            return replace(one, draft=other)
        if isinstance(one, e.ProposalValidated) and one.report.proposal == draft.id:
            return replace(one, report=replace(one.report, proposal_digest=other.digest()))
        if isinstance(one, e.FactPromoted) and one.fact.proposal == draft.id:
            return replace(one, fact=replace(one.fact, **words))
        return one

    rewritten(play, change)


def promoted_instead(play: Play, **more: Any) -> None:
    """Has the last records say that what is asked about became a fact, and nobody was asked."""
    [gate] = play.gates()
    draft = play.state.drafts[gate.request.proposal]
    made = play.of(e.FactPromoted)[-1].fact
    events, at = play.batches.pop()
    fake = replace(
        made,
        id=draft.fact.id,
        key=draft.fact.key,
        content=draft.fact.content,
        corrects=draft.fact.corrects,
        proposal=draft.id,
        agent=draft.agent,
        rests_on=draft.rests_on,
        promotion=replace(made.promotion, promoted_at=at, **more),
    )
    kept = [one for one in events if not isinstance(one, (e.GateOpened, e.RunPaused))]
    forged(play, *kept, e.FactPromoted(run=play.run, fact=fake), at=at)


def cut_before(play: Play, kind: type[e.Event], last: bool = False) -> int:
    """Drops the records from the batch on in which ``kind`` happened; returns its time."""
    found = [
        number
        for number, (events, _) in enumerate(play.batches)
        if any(isinstance(one, kind) for one in events)
    ]
    at = play.batches[found[-1 if last else 0]][1]
    play.batches = play.batches[: found[-1 if last else 0]]
    return at


def not_believed(play: Play, because: str) -> None:
    with pytest.raises(LedgerCorrupt, match=because):
        replayed(play)


# What people try.


def test_a_vote_cannot_be_delegated_to_the_second_key_of_a_voter() -> None:
    play = asked(TWO_OF_THREE, people=(ALICE, BOB, CAROL, BOB_AGAIN))
    [gate] = play.gates()

    with pytest.raises(DecisionRefused, match="nobody votes twice"):
        play.act(gate, ActKind.DELEGATE, ALICE, BOB_AGAIN)


def test_two_keys_of_one_person_on_a_roster_are_one_vote() -> None:
    terms = ReviewTerms(quorum=Quorum(count=2), roster=("bob", BOB_AGAIN.operator.id, "carol"))
    play = asked(terms, people=(ALICE, BOB, CAROL, BOB_AGAIN))
    [gate] = play.gates()
    play.answer(gate, "approve", BOB)

    with pytest.raises(DecisionRefused, match="not among those who may decide this"):
        play.answer(gate, "approve", BOB_AGAIN)
    assert gate.end is not GateEnd.APPROVED


def test_who_edited_does_not_approve_it_with_a_second_key() -> None:
    play = edited(ReviewTerms(), people=(ALICE, ALICE_AGAIN, BOB))
    [gate] = play.gates()

    with pytest.raises(DecisionRefused):
        play.answer(gate, "approve", ALICE_AGAIN)


def test_who_staged_an_input_does_not_approve_it() -> None:
    asks = rule(Effect.ASK, Key.STRATEGIES, "ask", review=ReviewTerms())
    agent = proposes("p", seed("x"), after=[Key.SEEDS])
    play = played(policy_of(PERMIT, asks), agent).begin(seed("a"), go=False)
    play.stage(fact(Key.STRATEGIES, "mine"), ALICE).go()
    [gate] = play.gates()

    with pytest.raises(DecisionRefused):
        play.answer(gate, "approve", ALICE)


def test_a_stranger_stages_nothing() -> None:
    play = asked(ReviewTerms())

    with pytest.raises(DecisionRefused, match="is not enrolled at this desk"):
        play.stage(seed("x"), EVE)
    assert not play.state.staged


@pytest.mark.parametrize(
    "asks",
    [
        rule(Effect.ASK, Key.STRATEGIES, "asks", confidence_below=800, review=TWO_OF_THREE),
        rule(Effect.ASK, Key.STRATEGIES, "asks", agent="planner", review=TWO_OF_THREE),
    ],
    ids=["confidence", "agent"],
)
def test_an_edit_does_not_get_past_the_rule_that_asked(asks: Any) -> None:
    """Whatever the rule looks at that an edit changes, its quorum is asked about the edit too."""
    policy = policy_of(asks, PERMIT)
    play = edited_past(policy, plan(confidence=300), plan(confidence=1000, content="mine"))

    assert ["asks"] == [gate.request.rule for gate in play.gates()]
    assert [] == contents(play.state, Key.STRATEGIES)


def test_an_edit_of_what_wanted_a_person_is_put_to_another_person() -> None:
    words = plan(requires_human=True)
    play = edited_past(policy_of(PERMIT), words, replace(words, content="mine"))

    assert ["requires-human"] == [gate.request.rule for gate in play.gates()]
    assert [] == contents(play.state, Key.STRATEGIES)


def test_an_edit_does_not_cite_an_observation_that_nobody_made() -> None:
    words = plan(content="mine", observation=ObservationId("obs:nobody"))
    play = edited_past(policy_of(ASK_ALONE, PERMIT), PLAN, words)

    assert [] == contents(play.state, Key.STRATEGIES)


def test_an_edit_out_of_scope_is_not_promoted() -> None:
    play = Play(
        engine_of(proposes("planner", PLAN), policy=policy_of(ASK_ALONE, PERMIT)),
        intent=declared(),
        desk=DeskState(),
    )
    play.enrol(ALICE, BOB).begin(seed("s"))
    words = plan(content="mine", structured={"scope": {"geography": "NO"}})
    play.answer(play.gates()[0], "edit", ALICE, edited=words).go()

    assert [] == contents(play.state, Key.STRATEGIES)


def test_an_edit_that_corrects_what_a_person_approved_wants_a_person() -> None:
    asks = rule(Effect.ASK, Key.STRATEGIES, "ask-input", agent="input")
    words = plan(id=FactId("p2"), requires_human=True)
    play = played(policy_of(asks, PERMIT), proposes("planner", words, after=[Key.STRATEGIES]))
    play.begin(PLAN).answer(play.gates()[0], "approve", BOB).go()
    [gate] = play.gates()
    corrects = correcting("plan", "p2").corrects
    play.answer(gate, "edit", ALICE, edited=replace(words, corrects=corrects, content="mine")).go()

    assert ["requires-human"] == [gate.request.rule for gate in play.gates()]
    [stands] = play.state.context.get(Key.STRATEGIES)
    assert ("plan", ActorKind.HUMAN) == (stands.id, stands.promotion.approver.kind)


def test_edits_of_edits_come_to_an_end() -> None:
    """No cycle passes between them, so no budget would end it."""
    play = asked(ReviewTerms())
    for number, who in enumerate((ALICE, BOB, ALICE)):
        play.answer(play.gates()[0], "edit", who, edited=plan(content=f"words {number}")).go()
    [gate] = play.gates()

    with pytest.raises(DecisionRefused, match="approve or reject it"):
        play.answer(gate, "edit", BOB, edited=plan(content="words again"))


def test_an_edit_is_asked_about_under_a_roster_that_somebody_is_on() -> None:
    """It stays under the rule that asked, less its author, not under one that is all its author."""
    agents = ReviewTerms(roster=("alice", "bob"))
    people = ReviewTerms(roster=("alice",))
    policy = policy_of(
        rule(Effect.ASK, Key.STRATEGIES, "agents", agent="planner", review=agents),
        rule(Effect.ASK, Key.STRATEGIES, "people", agent="people", review=people),
        PERMIT,
    )
    play = edited_past(policy, PLAN, plan(content="mine"))

    [gate] = play.gates()
    assert ("agents", (BOB.operator.id,)) == (gate.request.rule, gate.roster)


def test_where_the_lead_decides_the_edit_of_another_is_not_approved_by_itself() -> None:
    quorum = Quorum(rule=QuorumRule.LEAD, lead="alice")
    terms = ReviewTerms(self_approval=True, quorum=quorum, roster=("alice", "bob"))
    play = edited(terms, BOB)

    assert [] == contents(play.state, Key.STRATEGIES)
    assert 1 == len(play.gates())


def test_what_is_graded_high_by_the_pack_is_not_approved_by_its_author() -> None:
    asks = replace(ASK_ALONE, risk=Risk.LOW)
    high = Stakes(risk=Risk.HIGH)
    play = edited_past(
        policy_of(asks, PERMIT), PLAN, plan(content="mine"), stakes=lambda _draft, _context: high
    )

    assert ["ask"] == [gate.request.rule for gate in play.gates()]
    assert [] == contents(play.state, Key.STRATEGIES)


@pytest.mark.parametrize(
    ("terms", "risk"),
    [
        (ReviewTerms(self_approval=True), Risk.HIGH),
        (replace(TWO_OF_THREE, self_approval=True), Risk.MEDIUM),
    ],
    ids=["high risk", "quorum"],
)
def test_self_approval_is_not_for_high_risk_nor_for_a_quorum(
    terms: ReviewTerms, risk: Risk
) -> None:
    play = edited(terms, risk=risk)
    [gate] = play.gates()

    with pytest.raises(DecisionRefused):
        play.answer(gate, "approve", ALICE)


def test_an_act_repeated_word_for_word_changes_nothing() -> None:
    terms = ReviewTerms(deadline_us=HOUR, extension_us=HOUR, extensions=5, roster=("alice",))
    play = asked(terms)
    [gate] = play.gates()
    act = ALICE.act(gate, ActKind.EXTEND)
    play.command(Act(act, ALICE.operator))
    play.command(Act(act, ALICE.operator))

    assert 1 == gate.extended


def test_feedback_is_subject_to_the_policy() -> None:
    policy = policy_of(rule(Effect.FORBID, Key.CONSTRAINTS), ASK, PERMIT)
    play = played(policy, proposes("p", PLAN)).begin()
    play.answer(play.gates()[0], "refine", ALICE, "think").go()

    assert [] == contents(play.state, Key.CONSTRAINTS)


def test_what_was_staged_is_not_lost_in_silence_when_the_run_ends() -> None:
    play = asked(ReviewTerms())
    play.stage(seed("late"), BOB)
    [name] = play.state.staged
    play.cancel()

    refusals = [one.proposal for one in play.of(e.ProposalRefused)]
    assert name in play.state.refusals or name in refusals


# Silence, time and undo.


def test_silence_takes_no_side_of_a_contradiction() -> None:
    play = torn(asks=True, terms=SILENCE)
    play.at(play.gates()[0].deadline or 0).go()

    assert [] == contents(play.state, Key.STRATEGIES)


def test_silence_adds_nothing_to_the_side_that_a_person_chose() -> None:
    play = torn(asks=True, terms=SILENCE)
    left, right = play.gates()
    play.answer(right, "approve", ALICE)
    play.at(left.deadline or 0).go()

    assert ["go right"] == contents(play.state, Key.STRATEGIES)


def test_silence_does_not_overrule_a_no() -> None:
    roster = ("alice", "bob", "carol")
    play = asked(replace(SILENCE, quorum=Quorum(count=2), roster=roster))
    [gate] = play.gates()
    play.answer(gate, "reject", ALICE, "no!")
    play.at(gate.deadline or 0).go()

    assert [] == contents(play.state, Key.STRATEGIES)


def test_a_no_is_not_undone_after_the_deadline_for_silence_to_approve() -> None:
    play = asked(replace(SILENCE, undo_us=HOUR))
    [gate] = play.gates()
    end = gate.deadline or 0
    play.clock = lambda: end - 1
    play.answer(gate, "reject", BOB, "no!")
    play.clock = lambda: end + 1

    with pytest.raises(DecisionRefused, match="nobody could answer it anew"):
        play.act(gate, ActKind.UNDO, DAVE)
    play.at(end + 2).at(end + HOUR).go()
    assert [] == contents(play.state, Key.STRATEGIES)


def test_a_side_is_not_edited_while_the_other_is_approved() -> None:
    acme = fact(Key.STRATEGIES, "acme", conflict="vendor")
    bolt = fact(Key.STRATEGIES, "bolt", conflict="vendor")
    play = torn(acme, bolt, asks=True)
    left, right = play.gates()
    play.answer(left, "approve", ALICE)

    with pytest.raises(DecisionRefused):
        play.answer(right, "edit", BOB, edited=replace(bolt, content="bolt too"))


def test_a_contradiction_that_was_settled_and_undone_is_settled_anew() -> None:
    play = torn(asks=True, terms=ReviewTerms(undo_us=HOUR, self_approval=True))
    play.clock = lambda: 100
    play.settle(tension(play), ChosenSide.LEFT, 0, ALICE, "so")
    for gate in list(play.state.gates.values()):
        play.act(gate, ActKind.UNDO, ALICE)
    assert not play.state.resolutions

    play.settle(tension(play), ChosenSide.RIGHT, 1, BOB, "other")
    assert ["other"] == [one.rationale for one in play.state.resolutions.values()]


def test_what_was_staged_and_an_agent_contradict_each_other() -> None:
    agent = proposes("p", fact(Key.STRATEGIES, "s", "left"), after=[Key.SEEDS])
    play = Play(engine_of(agent, policy=policy_of(PERMIT, ASK))).begin(seed("a"), go=False)
    play.stage(fact(Key.STRATEGIES, "s", "right"), BOB).go()

    assert 2 == len(play.gates())
    assert tuple(gate.request.id for gate in play.gates()) == tension(play).sides


# Who is asked.


def test_terms_whose_escalation_can_never_be_met_are_unfit() -> None:
    terms = ReviewTerms(quorum=Quorum(count=2), roster=("alice", "bob"), escalate_to=("carol",))
    assert why_unfit(terms, high_risk=False)


def test_it_is_not_escalated_to_the_author_alone() -> None:
    play = edited(ReviewTerms(roster=("alice", "bob"), escalate_to=("alice",)))
    [gate] = play.gates()

    with pytest.raises(DecisionRefused, match="nobody could decide it after that"):
        play.act(gate, ActKind.ESCALATE, BOB)


def test_no_gate_opens_where_nobody_could_answer_it() -> None:
    play = asked(ReviewTerms(roster=("nobody-here",)))
    assert [] == play.gates()
    assert [] == contents(play.state, Key.STRATEGIES)


# The ground under what is asked.


def test_ground_that_rests_on_a_corrected_fact_has_moved() -> None:
    def derive(view: ContextView) -> AgentEffect:
        [one] = view.get(Key.SEEDS)
        return AgentEffect((fact(Key.SIGNALS, "derived", one.content),))

    def decide(view: ContextView) -> AgentEffect:
        [one] = view.get(Key.SIGNALS)
        return AgentEffect((fact(Key.STRATEGIES, "plan", one.content),))

    middle = script(
        "middle", derive, after=[Key.SEEDS], when=lambda view: not view.has(Key.SIGNALS)
    )
    planner = script(
        "planner", decide, after=[Key.SIGNALS], when=lambda view: not view.has(Key.STRATEGIES)
    )
    play = Play(engine_of(middle, planner, policy=policy_of(PERMIT, ASK))).begin(seed("a"))
    [gate] = play.gates()
    play.stage(correcting("a", "b"), BOB).answer(gate, "approve", ALICE).go()

    moved(play, by="#1")


def test_a_correction_of_a_correction_moves_the_ground() -> None:
    planner = reads("planner", lambda _view: fact(Key.STRATEGIES, "plan"))
    play = Play(engine_of(planner, policy=policy_of(PERMIT, ASK)))
    play.begin(seed("a"), correcting("a", "b"))
    [gate] = play.gates()
    assert ("a", "b") in [(one.fact, one.superseded) for one in gate.request.ground]
    play.stage(correcting("b", "c"), BOB).answer(gate, "approve", ALICE).go()

    moved(play, by="#1")


def test_the_ground_moves_again_under_what_was_asked_anew() -> None:
    planner = reads("planner", lambda _view: fact(Key.STRATEGIES, "plan"))
    play = Play(engine_of(planner, policy=policy_of(PERMIT, ASK))).begin(seed("a"))
    play.stage(correcting("a", "a0"), BOB).answer(play.gates()[0], "approve").go()
    [again] = play.gates()
    assert [("a", "a0")] == [(one.fact, one.superseded) for one in again.request.ground]
    play.stage(correcting("a0", "a1"), BOB).answer(again, "approve").go()

    moved(play, by="#2")


def test_what_is_asked_anew_keeps_why_it_was_asked() -> None:
    planner = reads("planner", lambda _view: plan(requires_human=True))
    policy = policy_of(rule(Effect.PERMIT, risk=Risk.LOW))
    play = Play(engine_of(planner, policy=policy)).begin(seed("a"))
    [gate] = play.gates()
    play.stage(correcting("a", "b"), BOB).answer(gate, "approve", ALICE).go()
    [again] = play.gates()

    assert (gate.request.rule, gate.request.risk) == (again.request.rule, again.request.risk)


def test_a_side_that_is_asked_anew_stays_in_its_contradiction() -> None:
    acme = reads("l", lambda _view: fact(Key.STRATEGIES, "acme", conflict="vendor"))
    bolt = reads("r", lambda _view: fact(Key.STRATEGIES, "bolt", conflict="vendor"))
    play = played(policy_of(PERMIT), acme, bolt).begin(seed("a"))
    left, right = play.gates()
    play.stage(correcting("a", "b"), BOB)
    play.answer(left, "approve", ALICE).answer(right, "reject", ALICE).go()
    again = play.gates()[0]

    assert again.request.id in play.state.tension_of
    assert "tension" == again.request.rule


def test_what_a_correction_replaced_uses_nothing_any_more() -> None:
    intent = declared(constraints=(IntentConstraint(key="budget", value=1000),))
    new = replace(correcting("a", "b"), structured={"uses": {"budget": 500}})
    play = Play(engine_of(policy=policy_of(PERMIT)), intent=intent)
    play.begin(fact(Key.SEEDS, "a", structured={"uses": {"budget": 600}}), new)

    assert isinstance(play.state.stop, CriteriaMet)


# Roots.


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_votes_in_any_order_give_the_same_root(verdict: str) -> None:
    roots = set()
    for order in ((ALICE, BOB), (BOB, ALICE)):
        play = asked(TWO_OF_THREE)
        [gate] = play.gates()
        for who in order:
            play.answer(gate, verdict, who, f"{who.name} says no")
        roots.add(sound(play.go()).state.context.root)

    assert 1 == len(roots)


def test_the_root_does_not_hang_on_the_name_of_the_run() -> None:
    """Not even where a correction of another tenant is refused, and the refusal is a fact."""
    roots = set()
    other = CorrectionScope(kind=ScopeKind.TENANT, name="other")
    for name in ("run-1", "run-2"):
        play = Play(engine_of(policy=policy_of(PERMIT)), run=RunId(name))
        play.begin(seed("a"), correcting("a", "b", scope=other))
        roots.add(play.state.context.root)

    assert 1 == len(roots)


def test_a_crash_at_any_boundary_changes_nothing() -> None:
    """What is read back waits, settles and merges as the run would have that went on."""

    def driven(*, crashes: bool) -> Play:
        play = asked(ReviewTerms(undo_us=HOUR, deadline_us=3 * HOUR))
        opened = play.gates()[0].request.opened_at

        def boundary() -> None:
            if crashes:
                play.desk = replayed(play)
                if play.state.phase in {Phase.EXECUTING, Phase.WAITING}:
                    play.command(Restart())

        play.clock = lambda: opened + 1
        boundary()
        play.answer(play.gates()[0], "approve")
        boundary()
        play.clock = lambda: opened + 1 + HOUR
        play.command(Elapse())
        boundary()
        return play.go()

    one, other = driven(crashes=False), driven(crashes=True)
    assert ["Release on Monday"] == contents(one.state, Key.STRATEGIES)
    assert one.state.context.root == other.state.context.root


# What forgers write.


def test_words_swapped_after_the_approval_are_not_believed() -> None:
    play = asked(ReviewTerms())
    [gate] = play.gates()
    play.answer(gate, "approve")
    asked_about = gate.request.proposal
    other = replace(play.state.drafts[asked_about], fact=plan(content="Give everything to Eve"))
    report = replace(play.state.reports[asked_about], proposal_digest=other.digest())
    play.go()
    made = play.of(e.FactPromoted)[-1].fact
    at = cut_before(play, e.FactPromoted, last=True)
    forged(
        play,
        e.ProposalCreated(run=play.run, draft=other),
        e.ProposalValidated(run=play.run, report=report),
        e.FactPromoted(run=play.run, fact=replace(made, content=other.fact.content)),
        at=at,
    )

    not_believed(play, "was proposed before")


def test_an_answer_that_was_undone_is_not_replayed() -> None:
    play = asked(ReviewTerms(undo_us=HOUR))
    [gate] = play.gates()
    play.clock = lambda: 100
    play.answer(gate, "approve")
    answer = play.of(e.GateDecided)[-1]
    play.act(gate, ActKind.UNDO)
    settling = e.GateSettling(run=play.run, gate=gate.request.id, until=200 + HOUR)
    forged(play, answer, settling, at=200)

    not_believed(play, "names another decision already")


def test_a_signed_act_is_not_replayed() -> None:
    play = asked(ReviewTerms(undo_us=HOUR))
    [gate] = play.gates()
    play.clock = lambda: 100
    play.answer(gate, "approve").act(gate, ActKind.UNDO)
    undo = play.of(e.GateActed)[-1]
    play.answer(gate, "approve")
    forged(play, undo, at=101)

    not_believed(play, "names another act already")


def test_a_promotion_before_the_answer_settled_is_not_believed() -> None:
    play = asked(ReviewTerms(undo_us=HOUR))
    [gate] = play.gates()
    play.clock = lambda: 100
    play.answer(gate, "approve")
    there = len(play.batches)
    play.at(100 + HOUR).go()
    made = play.of(e.FactPromoted)[-1]
    checked = play.of(e.ProposalValidated)[-1]
    early = replace(made.fact, promotion=replace(made.fact.promotion, promoted_at=101))
    play.batches = play.batches[:there]
    forged(play, checked, replace(made, fact=early), at=101)

    not_believed(play, "no decision says so")


def test_a_second_gate_under_weaker_terms_is_not_believed() -> None:
    play = asked(TWO_OF_THREE)
    [gate] = play.gates()
    play.answer(gate, "reject", ALICE).answer(gate, "reject", BOB).go()
    cut_before(play, e.ProposalRefused)
    weak = ReviewTerms(deadline_us=1, on_timeout=OnTimeout.APPROVE, timeout_words="so")
    name = GateId(f"{gate.request.id}#1")
    request = replace(gate.request, id=name, terms=weak, roster=UNSET, opened_at=1, deadline=2)
    forged(play, e.GateOpened(run=play.run, request=request), at=60)

    not_believed(play, "asks once more about what was asked about before")


def test_a_gate_whose_terms_were_taken_away_is_not_believed() -> None:
    play = asked(TWO_OF_THREE)

    def change(one: Any) -> Any:
        if not isinstance(one, e.GateOpened):
            return one
        return replace(one, request=replace(one.request, terms=UNSET, roster=UNSET))

    rewritten(play, change)
    not_believed(play, "was not opened like that")


def test_a_gate_opened_in_the_past_is_not_believed() -> None:
    """Its time would be up at once."""
    play = asked(SILENCE)

    def change(one: Any) -> Any:
        if not isinstance(one, e.GateOpened):
            return one
        request = one.request
        assert request.deadline is not None
        opened, deadline = request.opened_at - HOUR, request.deadline - HOUR
        return replace(one, request=replace(request, opened_at=opened, deadline=deadline))

    rewritten(play, change)
    not_believed(play, "was not opened like that")


def test_an_approval_by_the_author_is_not_hidden() -> None:
    play = edited(ReviewTerms(self_approval=True))
    assert [True] == [one.self_approved for one in play.of(e.FactPromoted)]

    def change(one: Any) -> Any:
        return replace(one, self_approved=UNSET) if isinstance(one, e.FactPromoted) else one

    rewritten(play, change)
    not_believed(play, "says otherwise whose words were approved by whom")


def test_a_correction_of_what_a_person_approved_is_not_believed_without_a_person() -> None:
    asks = rule(Effect.ASK, Key.STRATEGIES, "ask-input", agent="input")
    words = replace(correcting("plan", "q", Key.STRATEGIES), content="Release on Friday")
    play = played(policy_of(asks, PERMIT), proposes("p", words, after=[Key.STRATEGIES]))
    play.begin(PLAN).answer(play.gates()[0], "approve", ALICE).go()
    system = Actor(kind=ActorKind.SYSTEM, id="policy:permit-all")
    promoted_instead(play, approver=system, approvals=())

    not_believed(play, "wanted a person, and none was asked")


def test_a_promotion_of_what_wanted_a_person_is_not_believed_without_one() -> None:
    agent = proposes("planner", plan(requires_human=True))
    play = played(policy_of(PERMIT), agent).begin(seed("a"))
    promoted_instead(play)

    not_believed(play, "wanted a person, and none was asked")


def test_an_answer_after_the_deadline_is_not_believed() -> None:
    """Signed as if in time, refused by the engine as too late, and written into the file."""
    play = asked(ReviewTerms(deadline_us=HOUR))
    [gate] = play.gates()
    answer = e.GateDecided(run=play.run, decision=ALICE.decision(gate, "approve"))
    forged(play, answer, at=(gate.deadline or 0) + 5)

    not_believed(play, "its deadline was")


def test_both_sides_of_a_contradiction_approved_are_not_believed() -> None:
    play = torn(asks=True, terms=ReviewTerms())
    left, right = play.gates()
    play.answer(left, "approve", ALICE)
    answer = e.GateDecided(run=play.run, decision=ALICE.decision(right, "approve"))
    forged(play, answer, at=50)

    not_believed(play, "at most one of them may stand")


def test_a_contradiction_settled_before_its_answers_is_not_believed() -> None:
    play = torn(asks=True, terms=ReviewTerms())
    one = tension(play)
    resolution = TensionResolution(
        tension=one.id,
        chosen=ChosenSide.LEFT,
        rationale="x",
        resolver=ALICE.operator.id,
        gate=one.sides[0],
    )
    forged(play, e.TensionResolved(run=play.run, resolution=resolution), at=50)

    not_believed(play, "not all of its sides are answered")


def test_a_fact_that_corrects_itself_is_not_believed() -> None:
    """Whoever looked for what is current in its place would look for ever."""
    play = Play(engine_of(policy=policy_of(PERMIT))).begin(seed("a"), correcting("a", "b"))
    reworded(play, "b", corrects=correcting("b", "b").corrects)

    not_believed(play, "b corrects what it cannot")


def test_a_second_fact_of_the_same_name_is_not_believed() -> None:
    late = proposes("other", seed("late"), after=[Key.STRATEGIES])
    play = asked(ReviewTerms(), proposes("planner", PLAN), late)
    play.answer(play.gates()[0], "approve").go()
    reworded(play, "late", id=PLAN.id, key=PLAN.key, content="forged")

    not_believed(play, "plan stands already")
