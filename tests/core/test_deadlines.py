"""Time at a gate: frozen deadlines, warnings, silence, undo windows; all by an injected clock."""

from __future__ import annotations

import pytest

from converge_core import events as e
from converge_core.asking import GateEnd, GatePhase
from converge_core.authority import ActorKind
from converge_core.command import Advance, Elapse, Restart
from converge_core.elapsing import next_moment
from converge_core.errors import DecisionRefused, IllegalCommand, LedgerCorrupt
from converge_core.key import ContextKey as Key
from converge_core.policy import Risk
from converge_core.review import ActKind
from converge_core.run_state import Phase
from converge_core.terms import OnTimeout, ReviewTerms
from tests.core.kit import ALICE, BOB, CAROL, Play, contents
from tests.core.test_votes import asked, replayed, sound, thinker

HOUR = 3_600_000_000
AN_HOUR = ReviewTerms(deadline_us=HOUR, roster=("alice", "bob"))
SILENCE = ReviewTerms(
    deadline_us=HOUR,
    on_timeout=OnTimeout.APPROVE,
    timeout_words="Who says nothing within the hour agrees.",
)
ESCALATES = ReviewTerms(
    deadline_us=HOUR, on_timeout=OnTimeout.ESCALATE, roster=("alice",), escalate_to=("carol",)
)
UNDO = ReviewTerms(undo_us=HOUR)


def opened(play: Play) -> int:
    return play.gates()[0].request.opened_at


# Deadlines.


def test_the_deadline_is_frozen_when_the_gate_opens() -> None:
    """It is a moment and no duration, and stands in the request that a decision signs."""
    play = asked(AN_HOUR)
    [gate] = play.gates()

    assert opened(play) + HOUR == gate.request.deadline == gate.deadline
    assert gate.request.terms == AN_HOUR


def test_half_of_the_time_is_warned_of_once() -> None:
    """And not before."""
    play = asked(AN_HOUR)
    start = opened(play)
    play.at(start + HOUR // 2 - 1)
    assert [] == play.of(e.GateWarned)
    play.at(start + HOUR // 2).at(start + HOUR // 2 + 1)

    assert [start + HOUR] == [event.deadline for event in play.of(e.GateWarned)]
    sound(play)


def test_silence_rejects_by_default() -> None:
    """With the deadline and the moment it was noticed on record; nothing becomes a fact."""
    play = asked(AN_HOUR)
    start = opened(play)
    play.at(start + HOUR - 1)
    assert play.gates()
    play.at(start + HOUR + 5)
    [event] = play.of(e.GateTimedOut)
    assert (start + HOUR, start + HOUR + 5, OnTimeout.REJECT) == (
        event.deadline,
        event.observed,
        event.action,
    )
    play.go()

    assert [] == contents(play.state, Key.STRATEGIES)
    assert ["timeout"] == [one.rule for one in play.of(e.ProposalRefused)]
    assert GateEnd.LAPSED is next(iter(play.state.gates.values())).end
    sound(play)


def test_an_answer_after_the_deadline_is_none_even_if_nobody_has_noticed_yet() -> None:
    """Expired gates are closed before any decision is accepted."""
    play = asked(AN_HOUR)
    [gate] = play.gates()
    play.clock = lambda: opened(play) + HOUR

    with pytest.raises(DecisionRefused, match="it is closed: its deadline was"):
        play.answer(gate, "approve")


def test_silence_approves_only_where_the_policy_says_so_in_words() -> None:
    """The fact names the rule, and no person."""
    play = asked(SILENCE)
    play.at(opened(play) + HOUR).go()
    [made] = play.state.context.get(Key.STRATEGIES)

    assert (ActorKind.SYSTEM, "policy:ask") == (
        made.promotion.approver.kind,
        made.promotion.approver.id,
    )
    assert () == made.promotion.approvals
    sound(play)


def test_silence_can_put_it_to_others_and_then_rejects() -> None:
    """They have as long again; the votes before are void."""
    play = asked(ESCALATES)
    [gate] = play.gates()
    start = opened(play)
    play.at(start + HOUR)

    assert (True, (CAROL.operator.id,), start + 2 * HOUR) == (
        gate.escalated,
        gate.roster,
        gate.deadline,
    )
    with pytest.raises(DecisionRefused, match="is not among those who may decide"):
        play.answer(gate, "approve", ALICE)
    sound(play)
    play.at(start + 2 * HOUR)
    assert GateEnd.LAPSED is gate.end
    sound(play.go())


def test_who_is_asked_after_an_escalation_decides() -> None:
    """As anybody else would have."""
    play = asked(ESCALATES)
    [gate] = play.gates()
    play.at(opened(play) + HOUR).answer(gate, "approve", CAROL).go()

    assert ["Release on Monday"] == contents(play.state, Key.STRATEGIES)
    sound(play)


def test_people_can_escalate_before_the_deadline() -> None:
    """Once, and where the terms name to whom."""
    play = asked(ESCALATES)
    [gate] = play.gates()
    play.act(gate, ActKind.ESCALATE, ALICE)

    assert (CAROL.operator.id,) == gate.roster
    with pytest.raises(DecisionRefused, match="it was escalated before"):
        play.act(gate, ActKind.ESCALATE, CAROL)
    sound(play)


def test_nobody_is_escalated_to_whom_the_terms_do_not_name() -> None:
    """Who is asked instead is the policy's to say."""
    play = asked(AN_HOUR)

    with pytest.raises(DecisionRefused, match="names nobody to escalate to"):
        play.act(play.gates()[0], ActKind.ESCALATE, ALICE)


def test_a_deadline_is_extended_as_often_as_the_terms_allow() -> None:
    """Each time by what they say, and the warning comes anew."""
    terms = ReviewTerms(deadline_us=HOUR, extension_us=HOUR, extensions=1, roster=("alice",))
    play = asked(terms)
    [gate] = play.gates()
    start = opened(play)
    play.at(start + HOUR // 2).act(gate, ActKind.EXTEND, ALICE)

    assert start + 2 * HOUR == gate.deadline
    assert not gate.warned
    with pytest.raises(DecisionRefused, match="was moved once; its policy allows no more"):
        play.act(gate, ActKind.EXTEND, ALICE)
    play.at(start + 2 * HOUR - 1)
    assert gate.open
    sound(play)


def test_waiting_uses_up_no_budget_and_time_alone_changes_nothing() -> None:
    """A week of silence without a deadline is no event."""
    play = asked(ReviewTerms())
    before = len(play.recorded)
    play.at(7 * 24 * HOUR)

    assert before == len(play.recorded)
    assert None is next_moment(play.state)


def test_the_next_moment_at_which_time_matters_is_known() -> None:
    """So that nobody has to look in between."""
    play = asked(AN_HOUR)
    start = opened(play)
    assert start + HOUR // 2 == next_moment(play.state)
    play.at(start + HOUR // 2)

    assert start + HOUR == next_moment(play.state)


def test_what_was_missed_while_the_process_was_away_is_closed_at_its_start() -> None:
    """Before anything else is asked of the run."""
    play = asked(AN_HOUR)
    start = opened(play)
    play.clock = lambda: start + 9 * HOUR
    play.command(Restart())

    assert [start + 9 * HOUR] == [event.observed for event in play.of(e.GateTimedOut)]
    assert Phase.RESOLVING is play.state.phase


def test_replay_reads_what_time_brought_and_never_asks_the_clock() -> None:
    """A gate that was answered in time stays answered, however late it is read."""
    play = asked(AN_HOUR)
    play.answer(play.gates()[0], "approve").go()

    assert replayed(play).runs[play.run].context.root == play.state.context.root


def test_a_timeout_that_did_not_happen_is_noticed_when_it_is_read_back() -> None:
    """Whoever writes to the files cannot have a gate lapse, or silence approve, before its time."""
    for terms, action in ((AN_HOUR, OnTimeout.REJECT), (AN_HOUR, OnTimeout.APPROVE)):
        play = asked(terms)
        [gate] = play.gates()
        now = opened(play) + (0 if action is OnTimeout.REJECT else 2 * HOUR)
        forged = e.GateTimedOut(
            run=play.run,
            gate=gate.request.id,
            deadline=opened(play) + HOUR,
            observed=now,
            action=action,
        )
        play.batches.append(([forged], now))
        with pytest.raises(LedgerCorrupt, match="did not time out like that"):
            replayed(play)


# Undo windows.


def test_a_decision_takes_effect_when_its_undo_window_is_over() -> None:
    """No agent sees the fact before it, and the commit is an event."""
    play = asked(UNDO)
    [gate] = play.gates()
    play.clock = lambda: 100
    play.answer(gate, "approve")
    assert (GatePhase.SETTLING, Phase.WAITING) == (gate.phase, play.state.phase)
    with pytest.raises(IllegalCommand):
        play.command(Advance())
    play.at(100 + HOUR - 1)
    assert [] == contents(play.state, Key.STRATEGIES)
    play.at(100 + HOUR).go()

    assert [100 + HOUR] == [event.until for event in play.of(e.GateCommitted)]
    assert ["Release on Monday"] == contents(play.state, Key.STRATEGIES)
    sound(play)


def test_within_the_window_a_decision_can_be_undone_and_made_anew() -> None:
    """The votes are void, and the gate is open as before."""
    play = asked(UNDO)
    [gate] = play.gates()
    play.clock = lambda: 100
    play.answer(gate, "approve").act(gate, ActKind.UNDO, ALICE)

    assert (True, {}, 1) == (gate.open, gate.votes, len(gate.undone))
    play.answer(gate, "reject").at(100 + HOUR).go()
    assert [] == contents(play.state, Key.STRATEGIES)
    sound(play)


def test_after_the_window_there_is_nothing_to_undo() -> None:
    """What took effect is corrected, not undone."""
    play = asked(UNDO)
    [gate] = play.gates()
    play.clock = lambda: 100
    play.answer(gate, "approve")
    play.clock = lambda: 100 + HOUR
    with pytest.raises(DecisionRefused, match="its undo window ended at"):
        play.act(gate, ActKind.UNDO)
    play.at(100 + HOUR)
    with pytest.raises(DecisionRefused, match="there is nothing to undo"):
        play.act(gate, ActKind.UNDO)


def test_a_crash_inside_the_window_begins_it_anew() -> None:
    """While the process was away, nobody could have undone anything."""
    play = asked(UNDO)
    [gate] = play.gates()
    play.clock = lambda: 100
    play.answer(gate, "approve")
    play.clock = lambda: 100 + 5 * HOUR
    play.command(Restart())

    assert (GatePhase.SETTLING, 100 + 6 * HOUR) == (gate.phase, gate.settles_at)
    play.at(100 + 6 * HOUR).go()
    assert ["Release on Monday"] == contents(play.state, Key.STRATEGIES)
    sound(play)


@pytest.mark.parametrize("verdict", ["reject", "refine"])
def test_every_verdict_has_the_window(verdict: str) -> None:
    """A slip of the hand is a slip, whatever it says."""
    play = asked(UNDO, thinker())
    [gate] = play.gates()
    play.clock = lambda: 100
    play.answer(gate, verdict, BOB, "why not")
    assert GatePhase.SETTLING is gate.phase
    play.act(gate, ActKind.UNDO, BOB).answer(gate, "approve").at(100 + HOUR).go()

    assert ["Release on Monday"] == contents(play.state, Key.STRATEGIES)


def test_cancelling_a_run_ends_what_was_settling() -> None:
    """It never took effect."""
    play = asked(UNDO)
    [gate] = play.gates()
    play.answer(gate, "approve").cancel()

    assert (GateEnd.WITHDRAWN, GatePhase.CLOSED) == (gate.end, gate.phase)
    sound(play)


def test_a_commit_before_its_time_is_noticed_when_it_is_read_back() -> None:
    """The window is part of the decision."""
    play = asked(UNDO)
    [gate] = play.gates()
    play.clock = lambda: 100
    play.answer(gate, "approve")
    assert gate.settles_at is not None
    forged = e.GateCommitted(run=play.run, gate=gate.request.id, until=gate.settles_at)
    play.batches.append(([forged], 101))

    with pytest.raises(LedgerCorrupt, match="was not over"):
        replayed(play)


def test_an_undo_by_a_stranger_is_refused_and_noticed() -> None:
    """Only who may decide may take back."""
    play = asked(ReviewTerms(undo_us=HOUR, roster=("alice",)), risk=Risk.LOW)
    [gate] = play.gates()
    play.clock = lambda: 100
    play.answer(gate, "approve")
    with pytest.raises(DecisionRefused, match="is not among those who may decide this"):
        play.act(gate, ActKind.UNDO, BOB)
    forged = e.GateActed(run=play.run, act=BOB.act(gate, ActKind.UNDO))
    play.batches.append(([forged], 101))

    with pytest.raises(LedgerCorrupt, match="is not among those who may decide this"):
        replayed(play)


def test_time_means_nothing_to_a_run_that_does_not_wait() -> None:
    """Whenever the clock is looked at."""
    play = asked(AN_HOUR)
    play.answer(play.gates()[0], "approve").go()
    before = len(play.recorded)
    play.command(Elapse())

    assert before == len(play.recorded)
