"""A person holds a run and lets it go on: quiescent, on record, and nothing lost."""

from __future__ import annotations

from itertools import count

import pytest
from msgspec import structs

from converge_core import events as e
from converge_core.audit import read_in
from converge_core.command import Advance, Report, Restart, Snapshot
from converge_core.errors import IllegalCommand, LedgerCorrupt
from converge_core.intent import Budgets
from converge_core.key import ContextKey as Key
from converge_core.ledger import Chain, decode_line, encode_batch
from converge_core.policy import Effect
from converge_core.preview import preview
from converge_core.review import Verdict
from converge_core.run_state import DeskState, Phase, Span
from converge_core.sizes import MAX_REASON
from converge_core.stop import TimeBudgetExhausted
from converge_core.terms import ReviewTerms
from tests.core.kit import (
    ALICE,
    ASK_STRATEGIES,
    DESK,
    INTENT,
    Play,
    contents,
    engine_of,
    fact,
    fits,
    lines_of,
    policy_of,
    proposes,
    rule,
    salts,
    seed,
)

PHASES = ("ready", "executing", "waiting", "resolving")
HOUR = 3_600_000_000


def standing(phase: str, **more: object) -> Play:
    """Returns a run that asks about a strategy, as it stands in a phase."""
    engine = engine_of(
        proposes("p", fact(Key.STRATEGIES, "s", "Do it"), after=[Key.SEEDS]),
        proposes("late", fact(Key.SIGNALS, "l", "it was done"), after=[Key.STRATEGIES]),
        policy=more.pop("policy", ASK_STRATEGIES),
    )
    play = Play(engine, **more)  # type: ignore[arg-type]
    play.begin(seed("input"), go=False)
    if phase == "ready":
        return play
    play.command(Advance())
    if phase == "executing":
        return play
    report(play)
    if phase == "waiting":
        return play
    return play.answer(play.gates()[0], "approve")


def report(play: Play) -> None:
    play.command(Report(play.executor(play.engine.work(play.state))))


def finished(play: Play) -> Play:
    """Returns a run that was answered wherever it asked, and went to its end."""
    return play.go().answer_all()


# What it is.


@pytest.mark.parametrize("phase", PHASES)
def test_a_run_is_suspended_in_whatever_phase_it_stands(phase: str) -> None:
    """It stands there still, and who holds it, why and since when is known."""
    play = standing(phase).suspend("alice", "not before the audit")

    held = play.state.suspension
    assert phase == play.state.phase
    assert held is not None
    assert ("alice", "not before the audit") == held[:2]
    assert held.since == play.recorded[-1][1]


@pytest.mark.parametrize("phase", PHASES)
def test_a_suspended_run_comes_to_what_it_would_have_come_to(phase: str) -> None:
    """The same facts in the same order: holding a run changes nothing but when."""
    straight = finished(standing(phase))
    held = finished(standing(phase).suspend().resume())

    assert straight.state.context.root == held.state.context.root
    assert straight.state.stop == held.state.stop
    assert straight.state.cycle == held.state.cycle


def test_nothing_begins_and_nothing_is_merged_while_it_is_suspended() -> None:
    """Neither the next cycle, nor what agents report, nor what people approved."""
    for phase in PHASES:
        play = standing(phase).suspend()
        before = lines_of(play)
        work = play.executor(play.engine.work(play.state)) if phase == "executing" else ()
        for step in (Advance(), Report(work)):
            with pytest.raises(IllegalCommand, match=r"suspended by alice; resume|does not fit"):
                play.command(step)

        assert before == lines_of(play)


def test_agents_that_were_at_work_execute_again_when_it_is_resumed() -> None:
    """The cycle begins again for the same agents, against the same context."""
    play = standing("executing").suspend().resume("bob")
    first, again = play.of(e.CycleStarted)

    assert first == again
    assert ["bob"] == [event.by for event in play.of(e.RunResumed)]
    assert 1 == len(play.go().gates())


def test_people_decide_while_it_is_suspended_and_it_takes_effect_afterwards() -> None:
    """The answer is on record at once; the fact is made when the run goes on."""
    play = standing("waiting").suspend()
    play.answer(play.gates()[0], "approve")
    assert Phase.RESOLVING is play.go().state.phase
    assert [] == contents(play.state, Key.STRATEGIES)

    play.resume().go()
    assert ["Do it"] == contents(play.state, Key.STRATEGIES)
    assert ["it was done"] == contents(play.state, Key.SIGNALS)


def test_deadlines_pass_while_it_is_suspended() -> None:
    """They were frozen when the gate opened, and whoever holds the run does not move them."""
    policy = policy_of(
        rule(Effect.PERMIT),
        rule(Effect.ASK, Key.STRATEGIES, "asks", review=ReviewTerms(deadline_us=HOUR)),
    )
    play = standing("waiting", policy=policy).suspend()
    [gate] = play.gates()
    assert gate.deadline is not None

    play.at(gate.deadline)
    assert Phase.RESOLVING is play.state.phase
    assert 1 == len(play.of(e.GateTimedOut))
    assert "lapsed" == play.state.gates[gate.request.id].end


def test_waiting_spends_no_budget() -> None:
    """Agents' time ends when the run is held, and counts on when they begin again."""
    clock = count(0, 10).__next__
    play = standing("executing", clock=clock)
    begun = play.recorded[-1][1]
    play.suspend()
    held = play.recorded[-1][1]
    play.clock = lambda: HOUR
    play.resume()
    assert held - begun == play.state.active_us

    play.clock = lambda: HOUR + 7
    report(play)
    assert held - begun + 7 == play.state.active_us


def test_holding_a_run_again_and_again_evades_no_budget_of_time() -> None:
    """What agents worked before they were interrupted counts, so the run ends all the same."""
    short = structs.replace(INTENT, budgets=Budgets(time_us=2 * HOUR))
    play = standing("executing", clock=count(0, HOUR).__next__, intent=short)
    for _ in range(3):
        play.suspend().resume()
    report(play)
    play.answer(play.gates()[0], "approve").go()

    assert isinstance(play.state.stop, TimeBudgetExhausted)


def test_it_can_be_cancelled_while_it_is_suspended() -> None:
    """A run that is held comes to its end without going on first; its gates are withdrawn."""
    for phase in PHASES:
        play = standing(phase).suspend().cancel("bob")

        assert Phase.STOPPED is play.state.phase
        assert None is play.state.suspension
        assert all(gate.closed for gate in play.state.gates.values())


def test_input_and_snapshots_are_taken_while_it_is_suspended() -> None:
    """What is laid before it is heard when it goes on."""
    play = standing("waiting").suspend()
    play.stage(seed("more")).command(Snapshot())
    assert 1 == play.state.context.count(Key.SEEDS)

    finished(play.resume())
    assert 2 == play.state.context.count(Key.SEEDS)


def test_a_restart_begins_nothing_in_a_suspended_run() -> None:
    """Its agents wait for somebody to resume it; undo windows begin anew as ever."""
    play = standing("executing").suspend()
    before = lines_of(play)
    play.command(Restart())
    assert before == lines_of(play)

    waiting = standing("waiting").suspend()
    waiting.command(Restart())
    assert Phase.WAITING is waiting.state.phase


def test_a_preview_shows_what_an_answer_leads_to_once_the_run_goes_on() -> None:
    """Holding a run does not hide where it would go."""
    play = standing("waiting")
    gate = play.gates()[0].request.id
    free = preview(play.engine, play.state, gate, Verdict.APPROVE)
    play.suspend()

    assert [one.id for one in free.facts] == [
        one.id for one in preview(play.engine, play.state, gate, Verdict.APPROVE).facts
    ]
    assert play.state.suspension is not None


# What is refused.


def test_what_cannot_be_is_refused_and_changes_nothing() -> None:
    """Holding twice, letting go what is not held, nobody's hand, and a reason without end."""
    play = standing("waiting")
    before = lines_of(play)
    with pytest.raises(IllegalCommand, match="is not suspended"):
        play.resume()
    with pytest.raises(IllegalCommand, match="suspended by nobody"):
        play.suspend(" ")
    with pytest.raises(IllegalCommand, match="shorten it"):
        play.suspend("alice", "x" * (MAX_REASON + 1))
    assert before == lines_of(play)

    play.suspend("alice", " lunch ")
    with pytest.raises(IllegalCommand, match=r"is suspended by alice \(lunch\)"):
        play.suspend("bob")
    play.cancel()
    for late in (play.suspend, play.resume):
        with pytest.raises(IllegalCommand, match="which is stopped"):
            late()


# What is read back.


def read_back(play: Play) -> DeskState:
    """Returns what the ledger of a run says, each claim checked."""
    state, chain, salt = DeskState(), Chain(), salts()
    people: list[e.Event] = [
        e.DeskOpened(desk=DESK, app_version="1"),
        e.OperatorEnrolled(operator=ALICE.operator),
    ]
    for events, at in [(people, 0), *play.batches]:
        data, _ = encode_batch(events, chain, at, salt)
        for line in data.splitlines(keepends=True):
            entry = decode_line(line, chain)
            chain = Chain(entry.head.seq, entry.hash)
            state = read_in(state, entry, fits)
    return state


@pytest.mark.parametrize("phase", PHASES)
def test_a_suspended_run_is_suspended_when_it_is_read_back(phase: str) -> None:
    """It survives the process: who reads the ledger finds it held, and can let it go on."""
    play = standing(phase).suspend("alice", "lunch")
    read = read_back(play).runs[play.run]

    assert play.state.suspension == read.suspension
    assert (play.state.phase, play.state.active_us) == (read.phase, read.active_us)


def test_what_no_engine_wrote_about_a_suspended_run_is_not_believed() -> None:
    """A cycle that begins, or a second hold, while it is held; a release of what is not."""
    held = standing("ready").suspend()
    cycle = e.CycleStarted(run=held.run, cycle=1, eligible=())
    ended = e.CycleEnded(run=held.run, cycle=0, facts=0, changed=())
    again = e.RunSuspended(run=held.run, cycle=0, by="bob", reason="")
    free = standing("ready")
    for play, forged in (
        *((held, event) for event in (cycle, ended, again)),
        (free, e.RunResumed(run=free.run, by="bob")),
    ):
        with pytest.raises(LedgerCorrupt, match=r"while that run is suspended|was not suspended"):
            read_back(Play(play.engine, batches=[*play.batches, ([forged], 99)]))


# Its cycles in time.


def test_each_cycle_is_known_in_time() -> None:
    """When it began and ended, for how long agents worked, and how many facts it made."""
    play = standing("executing", clock=count(0, 10).__next__)
    play.suspend().resume()
    assert {1: Span(began=10, ended=0, worked=10, facts=0)} == play.state.spans

    report(play)
    play.answer(play.gates()[0], "approve").go()
    first, second, last = play.state.spans.values()
    assert Span(began=10, ended=60, worked=20, facts=1) == first
    assert Span(began=70, ended=80, worked=10, facts=1) == second
    assert (90, 90, 0) == (last.began, last.ended, last.facts)


def test_a_cycle_that_a_person_cut_short_ended_when_they_did() -> None:
    """What agents worked in it until then counts."""
    play = standing("executing", clock=count(0, 10).__next__).cancel()

    assert {1: Span(began=10, ended=20, worked=10, facts=0)} == play.state.spans
