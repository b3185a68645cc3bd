"""What is too large to be recorded is refused with its size and the limit, and kept nowhere."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from converge_core import events as e
from converge_core.agent import AgentEffect, Executed, settle
from converge_core.canonical import canonical_record
from converge_core.command import Act, Advance, Report
from converge_core.errors import DecisionRefused, InvalidIntent, InvalidValue
from converge_core.frame import Frame
from converge_core.gate import CheckRecord
from converge_core.ids import AgentId, FactId, FrameId, ObservationId
from converge_core.intent import RootIntent
from converge_core.key import ContextKey as Key
from converge_core.observation import observe
from converge_core.proposal import ProposedFact
from converge_core.retry import AttemptOutcome, CallAttempt
from converge_core.review import ActKind
from converge_core.sizes import MAX_REASON, MAX_RECORD, MAX_TEXT, require_recordable
from converge_core.stop import Converged
from converge_core.tension import ChosenSide
from tests.core.kit import (
    ALICE,
    ASK_STRATEGIES,
    Play,
    declared,
    engine_of,
    fact,
    lines_of,
    model_call,
    proposes,
    script,
    seed,
)

HUGE = "x" * 10_000_000
TOLD = r"has 10,000,\d\d\d bytes; at most 1,048,576 are recorded"


def largest(play: Play) -> int:
    """Returns the size of the largest record of a run."""
    return max(len(line) for line in lines_of(play))


@pytest.mark.parametrize(
    "proposed",
    [
        pytest.param(seed("big", HUGE), id="its words"),
        pytest.param(fact(Key.SEEDS, "big", structured={"rows": [HUGE]}), id="its structure"),
        pytest.param(fact(Key.SEEDS, "big", conflict=HUGE), id="what it settles"),
        pytest.param(
            fact(Key.SEEDS, "big", rests_on=tuple(FactId(f"f{n:0100d}") for n in range(97_100))),
            id="what it rests on",
        ),
    ],
)
def test_a_proposal_of_ten_megabytes_fails_its_agent_on_record(proposed: ProposedFact) -> None:
    """With its size and the limit; the others go on, and nothing of it is in any record."""
    play = Play(engine_of(proposes("big", proposed), proposes("small", seed("small"))))
    play.begin(fact(Key.SIGNALS, "input"))

    failed = play.of(e.AgentFailed)[0]
    assert AgentId("big") == failed.agent
    assert failed.reason.startswith("InvalidValue: the proposal big has 1")
    assert "at most 1,048,576 are recorded" in failed.reason
    assert ["small"] == [one.id for one in play.state.context.get(Key.SEEDS)]
    assert play.state.stop is not None
    assert largest(play) < 10_000


def test_what_its_agent_proposed_beside_is_not_taken_alone() -> None:
    """An effect is whole or nothing: what was meant together is not torn apart."""
    agent = script("big", lambda _: AgentEffect((seed("a"), seed("b", HUGE))))
    play = Play(engine_of(agent)).begin(fact(Key.SIGNALS, "input"))

    assert not play.state.context.get(Key.SEEDS)
    assert [AgentId("big")] == list({one.agent for one in play.of(e.AgentFailed)})


def test_the_limit_is_exact() -> None:
    """A proposal of so many bytes is recorded, and one of one more is not."""
    bare = len(canonical_record(fact(Key.SEEDS, "big", "y", structured={"x": ""})))
    fits = fact(Key.SEEDS, "big", "y", structured={"x": "x" * (MAX_RECORD - bare)})
    over = fact(Key.SEEDS, "big", "y", structured={"x": "x" * (MAX_RECORD - bare + 1)})
    play = Play(engine_of(proposes("p", fits))).begin(fact(Key.SIGNALS, "input"))

    assert MAX_RECORD == len(canonical_record(fits))
    assert isinstance(play.state.stop, Converged)
    with pytest.raises(InvalidValue, match="has 1,048,577 bytes"):
        settle(AgentEffect((over,)))


@pytest.mark.parametrize(
    "effect",
    [
        pytest.param(AgentEffect(calls=(model_call(headline=HUGE),)), id="a call"),
        pytest.param(
            AgentEffect(
                calls=(model_call(checks=(CheckRecord(name="c", passed=True, reason=HUGE),)),)
            ),
            id="a check of a call",
        ),
        pytest.param(
            AgentEffect(
                attempts=(CallAttempt(number=1, outcome=AttemptOutcome.FAILED, words=HUGE),)
            ),
            id="an attempt",
        ),
        pytest.param(AgentEffect(texts=(HUGE,)), id="a text"),
        pytest.param(AgentEffect(texts=("x" * (MAX_TEXT + 1),)), id="a text by one character"),
    ],
)
def test_what_an_agent_tells_beside_is_bounded_too(effect: AgentEffect) -> None:
    """Calls, attempts and texts; a text of its own may be as long as any prompt."""
    with pytest.raises(InvalidValue, match=r"at most [\d,]+ are recorded"):
        settle(effect)
    settle(AgentEffect(texts=("x" * MAX_TEXT,)))


def test_a_refusal_is_told_as_far_as_it_is_recorded() -> None:
    """Like the words of a failure: its beginning says what it is about."""
    play = Play(
        engine_of(script("wordy", lambda _: AgentEffect(refusal=HUGE), after=[Key.SIGNALS]))
    )
    play.begin(fact(Key.SIGNALS, "input"))

    [failed] = play.of(e.AgentFailed)
    assert 10_000 == len(failed.reason)


def test_what_an_executor_reports_is_bounded_as_well() -> None:
    """Whoever executes agents may make a report by hand; it is refused as a whole."""
    play = Play(engine_of(script("p", lambda _: AgentEffect(), after=[Key.SIGNALS])))
    play.begin(fact(Key.SIGNALS, "input"), go=False)
    play.command(Advance())
    with pytest.raises(Exception, match=TOLD):
        play.command(Report((Executed(AgentId("p"), AgentEffect((seed("big", HUGE),))),)))


def test_input_of_ten_megabytes_begins_no_run() -> None:
    """Neither as a proposal nor as what was observed."""
    with pytest.raises(InvalidValue, match=TOLD):
        Play(engine_of()).begin(fact(Key.SIGNALS, "input", HUGE))
    seen = observe(ObservationId("o"), {"rows": HUGE}, provider="p", source="s", place="l")
    with pytest.raises(InvalidValue, match=f"the observation o {TOLD}"):
        Play(engine_of()).begin(observations=(seen,))


def test_what_a_person_stages_is_bounded() -> None:
    """Before it is recorded; the run goes on without."""
    play = Play(engine_of(proposes("p", seed("s")))).begin(fact(Key.SIGNALS, "input"), go=False)
    before = len(play.events)

    with pytest.raises(InvalidValue, match=f"the proposal big {TOLD}"):
        play.stage(seed("big", HUGE))
    assert before == len(play.events)


def asked() -> Play:
    plan = fact(Key.STRATEGIES, "plan")
    return Play(engine_of(proposes("p", plan), policy=ASK_STRATEGIES)).begin(
        fact(Key.SIGNALS, "input")
    )


@pytest.mark.parametrize("verdict", ["reject", "refine", "approve"])
def test_a_reason_of_ten_megabytes_is_refused(verdict: str) -> None:
    """With its size and the limit; the gate stays open, and a shorter one is taken."""
    play = asked()
    [gate] = play.gates()
    before = len(play.events)

    with pytest.raises(DecisionRefused, match=r"the reason has 10,000,000 characters; at most 20,"):
        play.answer(gate, verdict, reason=HUGE)
    assert before == len(play.events)
    play.answer(gate, verdict, reason="x" * MAX_REASON).go()
    assert largest(play) < 3 * MAX_REASON


def test_an_edit_of_ten_megabytes_is_refused() -> None:
    """As an agent's own proposal would be."""
    play = asked()
    [gate] = play.gates()
    words = fact(Key.STRATEGIES, "plan", HUGE)

    with pytest.raises(DecisionRefused, match=f"the proposal plan {TOLD}"):
        play.answer(gate, "edit", edited=words)
    assert 1 == len(play.gates())


def test_the_reason_of_an_act_is_bounded() -> None:
    """A delegation is no letter."""
    play = asked()
    [gate] = play.gates()
    done = ALICE.act(gate, ActKind.UNDO)

    with pytest.raises(DecisionRefused, match="the reason has 10,000,000 characters"):
        play.command(Act(replace(done, reason=HUGE), ALICE.operator))


def test_the_rationale_of_a_settlement_is_bounded() -> None:
    """Where two proposals contradict each other, the reason for choosing is one."""
    one, other = (
        fact(Key.STRATEGIES, name, name, conflict="way", requires_human=True)
        for name in ("left", "right")
    )
    play = Play(engine_of(proposes("p", one), proposes("q", other)))
    play.begin(fact(Key.SIGNALS, "input"))
    [tension] = play.state.tensions.values()

    with pytest.raises(DecisionRefused, match="the rationale has 10,000,000 characters"):
        play.settle(tension, ChosenSide.LEFT, 0, ALICE, HUGE)


@pytest.mark.parametrize("intent", [RootIntent(question=HUGE, subject=""), declared(question=HUGE)])
def test_an_intent_of_ten_megabytes_begins_no_run(intent: RootIntent) -> None:
    """Whether it is declared or just a question."""
    with pytest.raises(InvalidIntent, match=f"intent: it {TOLD}"):
        Play(engine_of(), intent=intent).begin()


def test_a_frame_of_ten_megabytes_begins_no_run() -> None:
    """Each frame is held to the limit, and named."""
    frame = Frame(id=FrameId("wide"), scope=HUGE)
    with pytest.raises(InvalidIntent, match=rf"frames\.wide: it {TOLD}"):
        Play(engine_of(), intent=declared(), frames=(frame,)).begin()


def test_the_sentence_says_what_to_do() -> None:
    """The thing, the size, the limit and the way out."""
    with pytest.raises(InvalidValue) as refused:
        require_recordable(seed("big", HUGE), "the proposal big")
    assert str(refused.value).endswith("Keep what is large in a file of its own, and name that")
    assert str(refused.value).startswith("the proposal big has 10,000,")
