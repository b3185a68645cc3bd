"""Several people, one gate: votes, rosters, feedback, edits, and who may approve what is theirs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from converge_core import events as e
from converge_core.agent import AgentEffect
from converge_core.asking import GateEnd, GatePhase
from converge_core.audit import read_in
from converge_core.authority import ActorKind
from converge_core.command import Decide, DecideAll
from converge_core.correction import Correction, CorrectionReason
from converge_core.errors import DecisionRefused
from converge_core.ids import FactId
from converge_core.key import ContextKey as Key
from converge_core.ledger import Chain, decode, encode_batch
from converge_core.policy import Effect, Risk
from converge_core.proposal import ProposedFact
from converge_core.quorum import Quorum, QuorumRule
from converge_core.review import ActKind
from converge_core.run_state import DeskState, Phase
from converge_core.stop import Converged
from converge_core.terms import ReviewTerms
from tests.core.kit import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    Person,
    Play,
    contents,
    engine_of,
    fact,
    fits,
    policy_of,
    proposes,
    rule,
    salts,
    script,
)

PLAN = fact(Key.STRATEGIES, "plan", "Release on Monday")
TWO_OF_THREE = ReviewTerms(quorum=Quorum(count=2), roster=("alice", "bob", "carol"))


def asked(
    terms: ReviewTerms, *agents: Any, risk: Risk = Risk.MEDIUM, people: tuple[Person, ...] = ()
) -> Play:
    """Returns a run that waits, under ``terms``, for an answer about what its agents propose."""
    policy = policy_of(
        rule(Effect.PERMIT),
        rule(Effect.ASK, Key.STRATEGIES, "ask", risk=risk, review=terms),
    )
    engine = engine_of(*(agents or (proposes("planner", PLAN),)), policy=policy)
    play = Play(engine, desk=DeskState())
    return play.enrol(*(people or (ALICE, BOB, CAROL, DAVE))).begin()


def replayed(play: Play) -> DeskState:
    """Returns what the run's records come to when they are read back, each claim checked."""
    state, chain, salt = DeskState(), Chain(), salts()
    for events, at in play.batches:
        data, entries = encode_batch(events, chain, at, salt)
        for entry in decode_after(data, chain):
            state = read_in(state, entry, fits)
        chain = Chain(entries[-1].head.seq, entries[-1].hash)
    return state


def decode_after(data: bytes, chain: Chain) -> list[Any]:
    from converge_core.ledger import decode_line

    found = []
    for line in data.splitlines(keepends=True):
        entry = decode_line(line, chain)
        chain = Chain(entry.head.seq, entry.hash)
        found.append(entry)
    return found


def sound(play: Play) -> Play:
    """Checks that reading back comes to the same, and returns the run."""
    assert decode
    again = replayed(play).runs[play.run]
    assert again.context.root == play.state.context.root
    assert again.gates == play.state.gates
    assert again.phase == play.state.phase
    return play


def refused(play: Play, by: Person, verdict: str = "approve", **more: Any) -> str:
    before = len(play.recorded)
    [gate, *_] = play.state.gates.values()
    with pytest.raises(DecisionRefused) as error:
        play.answer(gate, verdict, by, **more)
    assert before == len(play.recorded)
    return str(error.value)


# Votes.


def test_one_approval_of_two_leaves_the_gate_open_and_the_second_closes_it() -> None:
    """Nothing is promoted before; the record names everybody who approved."""
    play = asked(TWO_OF_THREE)
    [gate] = play.gates()
    play.answer(gate, "approve", ALICE)
    assert (Phase.WAITING, True) == (play.state.phase, gate.open)
    play.answer(gate, "approve", BOB).go()
    [made] = play.state.context.get(Key.STRATEGIES)

    assert GateEnd.APPROVED is gate.end
    assert ALICE.operator.id == made.promotion.approver.id  # by the roster, whoever was first
    assert tuple(one.id for one in gate.approvals) == made.promotion.approvals
    assert [ALICE.operator.id, BOB.operator.id] == [one.operator for one in gate.approvals]
    sound(play)


def test_two_rejections_of_three_close_what_takes_two_approvals() -> None:
    """Rejected is what those who are left can no longer approve."""
    play = asked(TWO_OF_THREE)
    [gate] = play.gates()
    play.answer(gate, "reject", ALICE).answer(gate, "reject", CAROL)

    assert GateEnd.REJECTED is gate.end
    assert [] == contents(play.go().state, Key.STRATEGIES)
    sound(play)


def test_a_vote_can_be_given_by_distinct_people_only() -> None:
    """The same person again is no second vote, whatever else they say."""
    play = asked(TWO_OF_THREE)
    [gate] = play.gates()
    play.answer(gate, "approve", ALICE)
    before = len(play.recorded)
    play.answer(gate, "approve", ALICE)
    assert before == len(play.recorded)

    assert "that vote stands" in refused(play, ALICE, "reject")
    assert gate.open


def test_who_is_not_on_the_roster_has_no_vote() -> None:
    """And is told who has."""
    play = asked(TWO_OF_THREE)
    said = refused(play, DAVE)

    assert f"{DAVE.operator.id} is not among those who may decide this" in said
    assert ALICE.operator.id in said


def test_the_roster_is_frozen_when_the_gate_opens() -> None:
    """Whoever is enrolled later has no vote, even under a name that the policy lists."""
    play = asked(TWO_OF_THREE, people=(ALICE, BOB))
    [gate] = play.gates()
    play.enrol(CAROL)

    assert (ALICE.operator.id, BOB.operator.id) == gate.roster
    assert "is not among those who may decide this" in refused(play, CAROL)


def test_what_too_few_may_approve_is_refused_at_once() -> None:
    """No run waits for people who cannot come; the refusal names the rule and what it lacks."""
    play = asked(TWO_OF_THREE, people=(ALICE, DAVE))
    [refusal] = play.of(e.ProposalRefused)

    assert [] == play.gates()
    assert "nobody-can-decide" == refusal.rule
    assert "2 approvals are asked for, and the roster has 1" in refusal.reason
    sound(play)


def test_two_keys_under_one_name_are_one_person() -> None:
    """Whoever enrolled first under a name is who the policy means."""
    twin = Person("alice")
    second = msgspec.structs.replace(BOB.operator, name="alice")
    play = asked(TWO_OF_THREE, people=(ALICE, CAROL))
    play.record(e.OperatorEnrolled(operator=second), 0)

    assert twin.operator.id == ALICE.operator.id
    assert (ALICE.operator.id, CAROL.operator.id) == play.gates()[0].roster


def test_no_vote_counts_after_the_gate_has_closed() -> None:
    """It is refused with who decided and when."""
    play = asked(TWO_OF_THREE)
    [gate] = play.gates()
    play.answer(gate, "approve", ALICE).answer(gate, "approve", BOB)

    assert f"{BOB.operator.id} chose approve at 7" in refused(play, CAROL, "reject")


@pytest.mark.parametrize("voters", [(ALICE,), (ALICE, BOB), (BOB, CAROL)])
def test_the_lead_decides_alone_whatever_the_others_say(voters: tuple[Person, ...]) -> None:
    """The others may speak; it is the lead's word that closes."""
    quorum = Quorum(rule=QuorumRule.LEAD, lead="dave")
    play = asked(ReviewTerms(quorum=quorum, roster=("alice", "bob", "carol", "dave")))
    [gate] = play.gates()
    for one in voters:
        play.answer(gate, "approve", one)
    assert gate.open
    play.answer(gate, "reject", DAVE)

    assert GateEnd.REJECTED is gate.end
    sound(play.go())


def test_what_takes_everybody_falls_with_one_rejection() -> None:
    """Unanimous means all."""
    quorum = Quorum(rule=QuorumRule.UNANIMOUS)
    play = asked(ReviewTerms(quorum=quorum, roster=("alice", "bob")))
    [gate] = play.gates()
    play.answer(gate, "approve", ALICE).answer(gate, "reject", BOB)

    assert GateEnd.REJECTED is gate.end


def test_a_forged_vote_is_noticed_when_it_is_read_back() -> None:
    """A stranger's vote in the ledger is refused, though its signature is theirs."""
    play = asked(TWO_OF_THREE)
    [gate] = play.gates()
    forged = e.GateDecided(run=play.run, decision=DAVE.decision(gate, "approve"))
    play.record(forged, 9)
    play.batches.append(([forged], 9))

    with pytest.raises(Exception, match="is not among those who may decide this"):
        replayed(play)


# Delegation and escalation of a vote.


def test_a_vote_can_be_delegated_once_and_to_somebody_new() -> None:
    """The delegate votes instead; who delegated has no vote any more."""
    play = asked(TWO_OF_THREE)
    [gate] = play.gates()
    play.act(gate, ActKind.DELEGATE, CAROL, DAVE)

    assert (ALICE.operator.id, BOB.operator.id, DAVE.operator.id) == gate.roster
    assert "is not among those who may decide this" in refused(play, CAROL)
    play.answer(gate, "approve", DAVE).answer(gate, "approve", ALICE)
    assert GateEnd.APPROVED is gate.end
    sound(play.go())


@pytest.mark.parametrize(
    ("by", "to", "reason"),
    [
        (ALICE, BOB, "may vote already, and nobody votes twice"),
        (DAVE, CAROL, "may vote already"),
        (ALICE, Person("eve"), "is not enrolled at this desk"),
        (ALICE, None, "a delegation names to whom"),
    ],
)
def test_a_delegation_that_would_bend_the_rule_is_refused(
    by: Person, to: Person | None, reason: str
) -> None:
    """One person, one vote."""
    play = asked(TWO_OF_THREE)
    with pytest.raises(DecisionRefused, match=reason):
        play.act(play.gates()[0], ActKind.DELEGATE, by, to)


def test_who_has_voted_cannot_hand_the_vote_on() -> None:
    """Neither can who has none."""
    play = asked(TWO_OF_THREE)
    [gate] = play.gates()
    play.answer(gate, "approve", ALICE)

    with pytest.raises(DecisionRefused, match="has voted already"):
        play.act(gate, ActKind.DELEGATE, ALICE, DAVE)
    with pytest.raises(DecisionRefused, match="is not among those who may decide this"):
        play.act(gate, ActKind.DELEGATE, DAVE, Person("bob") and DAVE)


# Refining.


def thinker() -> Any:
    """An agent that proposes a plan, and another once it has been told why not."""

    def think(view: Any) -> AgentEffect:
        told = view.get(Key.CONSTRAINTS)
        words = f"Release, minding: {told[-1].content}" if told else "Release on Monday"
        return AgentEffect((fact(Key.STRATEGIES, "plan", words),))

    return script("planner", think, when=lambda view: not view.contains(Key.STRATEGIES, PLAN.id))


def test_a_refinement_is_a_fact_that_its_author_sees_and_answers() -> None:
    """The feedback stands under the person's name, and the next proposal is asked about anew."""
    play = asked(ReviewTerms(), thinker())
    [gate] = play.gates()
    play.answer(gate, "refine", BOB, "not on a Monday").go()
    [told] = play.state.context.get(Key.CONSTRAINTS)
    [again] = play.gates()

    assert GateEnd.REFINED is gate.end
    assert ("not on a Monday", BOB.operator.id) == (told.content, told.promotion.approver.id)
    assert "Release, minding: not on a Monday" == again.request.title
    assert told.id in [one.fact for one in again.request.ground]
    play.answer(again, "approve").go()
    assert ["Release, minding: not on a Monday"] == contents(play.state, Key.STRATEGIES)
    sound(play)


def test_refinements_of_one_target_are_limited() -> None:
    """After so many the only ways are to approve, to edit, or to reject."""
    play = asked(ReviewTerms(refinements=2), thinker())
    for number in range(2):
        play.answer(play.gates()[0], "refine", ALICE, f"again, {number}").go()
    [gate] = play.gates()

    with pytest.raises(DecisionRefused, match="was sent back 2 times already"):
        play.answer(gate, "refine", ALICE, "and again")
    assert isinstance(play.answer(gate, "approve").go().state.stop, Converged)


def test_an_agent_is_recalled_though_nothing_it_depends_on_has_changed() -> None:
    """Feedback concerns its author, whatever wakes that author otherwise."""
    planner = script(
        "planner",
        thinker().does,
        after=[Key.SEEDS],
        when=lambda view: not view.contains(Key.STRATEGIES, PLAN.id),
    )
    play = asked(ReviewTerms(), proposes("seeder", fact(Key.SEEDS, "s")), planner)
    play.answer(play.gates()[0], "refine", ALICE, "later").go()

    assert "Release, minding: later" == play.gates()[0].request.title


@pytest.mark.parametrize("verdict", ["refine", "reject"])
@pytest.mark.parametrize("reason", ["", " \n"])
def test_feedback_and_rejections_need_words(verdict: str, reason: str) -> None:
    """An author cannot go by nothing."""
    play = asked(ReviewTerms())

    assert "needs" in refused(play, ALICE, verdict, reason=reason)


def test_a_refinement_voids_the_votes_before_it() -> None:
    """What comes next is another question, and everybody is asked again."""
    play = asked(TWO_OF_THREE, thinker())
    [gate] = play.gates()
    play.answer(gate, "approve", ALICE).answer(gate, "refine", BOB, "later").go()
    [again] = play.gates()

    assert {} == again.votes
    play.answer(again, "approve", BOB)
    assert again.open


# Editing.


def edited(words: str = "Release on Tuesday", **more: Any) -> ProposedFact:
    return fact(Key.STRATEGIES, "plan", words, **more)


def test_an_edit_is_a_proposal_of_the_person_and_both_are_kept() -> None:
    """It says whose it is and what it takes the place of, and others decide about it."""
    play = asked(ReviewTerms())
    [gate] = play.gates()
    play.answer(gate, "edit", ALICE, "Mondays are bad", edited=edited()).go()
    [again] = play.gates()
    made = play.state.drafts[again.request.proposal]

    assert (ActorKind.HUMAN, ALICE.operator.id) == (made.author.kind, made.author.id)
    assert made.supersedes == gate.request.proposal
    assert "Release on Monday" == play.state.drafts[gate.request.proposal].fact.content
    assert ["edited"] == [event.rule for event in play.of(e.ProposalRefused)]
    with pytest.raises(DecisionRefused, match="wrote it, and nobody decides about their own"):
        play.answer(again, "approve", ALICE)
    play.answer(again, "approve", BOB).go()
    assert ["Release on Tuesday"] == contents(play.state, Key.STRATEGIES)
    assert [] == [event for event in play.of(e.FactPromoted) if event.self_approved]
    sound(play)


def test_where_the_policy_allows_it_editing_and_approving_is_one_signed_act() -> None:
    """It is on record as approved by its own author."""
    play = asked(ReviewTerms(self_approval=True))
    play.answer(play.gates()[0], "edit", ALICE, "better", edited=edited()).go()
    [made] = play.state.context.get(Key.STRATEGIES)
    [event] = [one for one in play.of(e.FactPromoted) if one.fact.id == made.id]

    assert ("Release on Tuesday", ALICE.operator.id) == (
        made.content,
        made.promotion.approver.id,
    )
    assert event.self_approved is True
    assert 1 == len(play.of(e.GateDecided))
    sound(play)


def test_where_the_risk_is_high_nobody_approves_their_own_whatever_the_policy_says() -> None:
    """The edit is asked about like anything else."""
    play = asked(ReviewTerms(self_approval=True), risk=Risk.HIGH)
    play.answer(play.gates()[0], "edit", ALICE, "better", edited=edited()).go()

    assert [] == contents(play.state, Key.STRATEGIES)
    assert 1 == len(play.gates())


def test_an_edit_that_rests_on_what_is_corrected_meanwhile_is_asked_about_anew() -> None:
    """The person's own words bind the ground that they name, as an agent's do."""
    corrects = Correction(
        supersedes=FactId("s"), reason=CorrectionReason.DATA_ERROR, text="it was read wrong"
    )
    better = fact(Key.SEEDS, "t", corrects=corrects)
    play = asked(ReviewTerms(self_approval=True), proposes("planner", PLAN, fact(Key.SEEDS, "s")))
    [gate] = play.gates()
    words = edited("Release, because of s", rests_on=(FactId("s"),))
    play.stage(better, BOB).answer(gate, "edit", ALICE, "better", edited=words).go()
    [again] = play.gates()

    assert [] == contents(play.state, Key.STRATEGIES)
    assert gate.request.id == again.request.instead_of
    sound(play)


def test_feedback_to_two_authors_of_the_same_words_reaches_both() -> None:
    """Each hears it as their own."""
    play = asked(ReviewTerms(), proposes("p", PLAN), proposes("q", PLAN))
    for gate in play.gates():
        play.answer(gate, "refine", ALICE, "not so soon")
    play.go()
    told = [one.structured["agent"] for one in play.state.context.get(Key.CONSTRAINTS)]

    assert ["p", "q"] == told
    sound(play)


def test_an_edit_that_nobody_else_could_approve_is_refused_at_once() -> None:
    """Rather than opening a gate that nobody can ever decide."""
    play = asked(ReviewTerms(), people=(ALICE,))

    said = refused(play, ALICE, "edit", edited=edited())
    assert f"nobody but {ALICE.operator.id} could approve this edit" in said


def test_an_edit_is_validated_like_anything_else() -> None:
    """A person's words pass the same checks."""
    play = asked(ReviewTerms(self_approval=True))
    play.answer(play.gates()[0], "edit", ALICE, "oops", edited=edited(" ")).go()

    assert [] == contents(play.state, Key.STRATEGIES)
    assert ["edited", "gate"] == [event.rule for event in play.of(e.ProposalRefused)]
    sound(play)


@pytest.mark.parametrize(
    ("verdict", "words", "reason"),
    [
        ("edit", msgspec.UNSET, "an edit, and nothing but an edit"),
        ("approve", edited(), "an edit, and nothing but an edit"),
        ("edit", fact(Key.SEEDS, "plan"), "an edit stands under Strategies"),
        ("edit", fact(Key.STRATEGIES, "other"), "an edit stands as plan"),
    ],
)
def test_an_edit_says_what_it_is_about(verdict: str, words: Any, reason: str) -> None:
    """It stands where what it edits would have stood."""
    play = asked(ReviewTerms())

    assert reason in refused(play, ALICE, verdict, edited=words)


def test_an_agent_whose_words_were_edited_is_not_asked_about_them_again() -> None:
    """Its target is closed, as if it had been rejected."""
    play = asked(ReviewTerms(self_approval=True), thinker())
    play.answer(play.gates()[0], "edit", ALICE, "better", edited=edited()).go()

    assert isinstance(play.state.stop, Converged)
    assert 1 == len(play.of(e.GateOpened))


# Sets of answers.


def test_a_set_of_answers_is_taken_as_one() -> None:
    """All of them, in one step."""
    plans = [fact(Key.STRATEGIES, name) for name in ("a", "b", "c")]
    play = asked(ReviewTerms(), proposes("p", *plans))
    answers = tuple(
        Decide(ALICE.decision(gate, verdict, "so"), ALICE.operator)
        for gate, verdict in zip(play.gates(), ["approve", "reject", "approve"], strict=True)
    )
    play.command(DecideAll(answers))

    assert Phase.RESOLVING is play.state.phase
    assert ["a", "c"] == contents(play.go().state, Key.STRATEGIES)
    sound(play)


def test_of_a_set_with_one_answer_that_cannot_be_taken_none_is() -> None:
    """A stale member leaves the others as they were."""
    plans = [fact(Key.STRATEGIES, name) for name in ("a", "b")]
    play = asked(ReviewTerms(), proposes("p", *plans))
    first, second = play.gates()
    good = Decide(ALICE.decision(first, "approve"), ALICE.operator)
    bad = Decide(ALICE.decision(second, "reject", ""), ALICE.operator)
    before = len(play.recorded)

    for answers in ((good, bad), (bad, good), (good, good)):
        with pytest.raises(DecisionRefused):
            play.command(DecideAll(answers))
    assert before == len(play.recorded)
    assert [GatePhase.OPEN, GatePhase.OPEN] == [gate.phase for gate in (first, second)]


# What an author asks for.


def test_what_its_author_wants_a_person_to_decide_is_asked_whatever_is_permitted() -> None:
    """A permission of the policy does not speak for the author."""
    shy = fact(Key.SEEDS, "shy", requires_human=True)
    play = asked(ReviewTerms(), proposes("p", shy, fact(Key.SEEDS, "bold")))
    [gate] = play.gates()

    assert ["bold"] == contents(play.state, Key.SEEDS)
    assert ("requires-human", "p wants a person to decide this.") == (
        gate.request.rule,
        gate.request.reason,
    )
    play.answer(gate, "approve").go()
    assert ["bold", "shy"] == contents(play.state, Key.SEEDS)
    sound(play)
