"""Previews: what an answer would lead to, without giving it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from converge_core import events as e
from converge_core.agent import Agent, AgentEffect, ReactOnceAgent, Registered, SeedAgent
from converge_core.command import Stage
from converge_core.context import Context
from converge_core.correction import Correction, CorrectionReason
from converge_core.errors import DecisionRefused
from converge_core.ids import FactId
from converge_core.intent import Budgets
from converge_core.invariant import Invariant, InvariantClass, OnViolation, Violation
from converge_core.key import ContextKey as Key
from converge_core.policy import Effect, grant
from converge_core.preview import Effort, Part, Preview, preview
from converge_core.quorum import Quorum, QuorumRule
from converge_core.review import Verdict
from converge_core.run_state import Phase, RunState
from converge_core.stop import Converged, InvariantViolated
from converge_core.terms import ReviewTerms
from tests.core.kit import (
    ALICE,
    ASK_STRATEGIES,
    BOB,
    INTENT,
    Person,
    Play,
    Script,
    engine_of,
    fact,
    policy_of,
    proposes,
    rule,
    script,
    seed,
)

S = fact(Key.STRATEGIES, "s", "Do it", rests_on=(FactId("input"),))


def sure(agent: Script) -> Script:
    """Returns ``agent``, which says that its effect follows from its view alone."""
    agent.deterministic = True  # type: ignore[attr-defined]
    return agent


def asking(*agents: Agent, intent: Any = INTENT, **settings: Any) -> Play:
    """Returns a run that asks about a strategy, with ``agents`` that may react to the answer."""
    engine = engine_of(proposes("p", S), *agents, **{"policy": ASK_STRATEGIES, **settings})
    return Play(engine, intent=intent).begin(seed("input"))


def shown(play: Play, verdict: str = "approve", **more: Any) -> Preview:
    return preview(play.engine, play.state, play.gates()[0].request.id, Verdict(verdict), **more)


def everything(state: RunState) -> str:
    """Returns all that a state holds, in words, so that two moments can be compared."""
    facts = [(one.id, one.digest) for one in state.context.in_order()]
    fields = {name: getattr(state, name) for name in RunState.__slots__ if name != "context"}
    return repr((fields, facts, state.context.root, state.context.counts()))


def follows(name: str = "follower") -> Script:
    return sure(proposes(name, fact(Key.SIGNALS, f"of {name}"), after=[Key.STRATEGIES]))


def names(found: Preview) -> list[str]:
    return [one.id for one in found.facts]


# What it shows.


def test_approving_shows_the_fact_and_what_deterministic_agents_make_of_it() -> None:
    """To the fixed point, as the run itself would come to it."""
    play = asking(follows())
    found = shown(play)

    assert (["s", "of follower"], Converged(), True) == (names(found), found.stop, found.complete)
    assert [("follower", 2, Part.EXECUTED)] == [(w.agent, w.cycle, w.part) for w in found.woken]


def test_rejecting_shows_the_refusal_and_its_diagnostic() -> None:
    """Nothing stands but the diagnostic, and nobody is woken."""
    found = shown(asking(follows()), "reject")

    assert [("s", "human")] == [(one.draft.fact.id, one.rule) for one in found.refused]
    assert [Key.DIAGNOSTIC] == [one.key for one in found.facts]
    assert (True, ()) == (found.complete, found.woken)


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_where_nothing_is_unknown_the_run_comes_to_what_the_preview_showed(verdict: str) -> None:
    """The same facts, refusals and end, once the answer is given."""
    play = asking(follows("f"), follows("g"))
    found = shown(play, verdict)
    before = len(play.events)
    play.answer(play.gates()[0], verdict, reason="a preview").go()
    after = play.events[before:]

    assert [one.fact.id for one in after if isinstance(one, e.FactPromoted)] == names(found)
    assert [one.rule for one in after if isinstance(one, e.ProposalRefused)] == [
        one.rule for one in found.refused
    ]
    assert (play.state.stop, play.state.phase) == (found.stop, found.phase)


def test_what_checks_refuse_is_shown_with_the_reason() -> None:
    """A proposal that the answer leads to, and that would not get through."""
    blank = sure(proposes("blank", fact(Key.SIGNALS, "blank", " "), after=[Key.STRATEGIES]))
    [refused] = shown(asking(blank)).refused

    assert ("blank", "gate") == (refused.draft.fact.id, refused.rule)
    assert "content-present" in refused.reason


def test_gates_that_would_open_are_shown() -> None:
    """The answer leads to another question, and there the run would wait."""
    next_one = sure(proposes("q", fact(Key.STRATEGIES, "t"), after=[Key.STRATEGIES]))
    found = shown(asking(next_one))

    assert (["t"], Phase.WAITING, None, True) == (
        [one.title for one in found.gates],
        found.phase,
        found.stop,
        found.complete,
    )


@pytest.mark.parametrize("kind", list(InvariantClass))
def test_invariants_that_would_be_broken_are_named(kind: InvariantClass) -> None:
    """Whichever class they are of, with the reason; and the run would end by it."""

    def check(context: Context) -> Violation | None:
        return Violation("No strategy is wanted.") if context.has(Key.STRATEGIES) else None

    found = shown(asking(invariants=[Invariant("none", kind, check)]))

    assert (("none", "No strategy is wanted."),) == found.broken
    assert isinstance(found.stop, InvariantViolated)
    if kind is InvariantClass.STRUCTURAL:
        assert [("s", "none")] == [(one.draft.fact.id, one.rule) for one in found.refused]


def test_an_invariant_that_agents_would_mend_is_named_too() -> None:
    """The way there leads past it."""

    def check(context: Context) -> Violation | None:
        broken = context.has(Key.STRATEGIES) and not context.has(Key.CONSTRAINTS)
        return Violation("It has no bound.") if broken else None

    mender = sure(proposes("mender", fact(Key.CONSTRAINTS, "bound"), after=[Key.DIAGNOSTIC]))
    bound = Invariant("bound", InvariantClass.SEMANTIC, check, OnViolation.REMEDIATE)
    found = shown(asking(mender, invariants=[bound]))

    assert (("bound", "It has no bound."),) == found.broken
    assert ("bound", Converged()) == (found.facts[-1].id, found.stop)


# What it cannot know.


def test_an_agent_that_is_not_deterministic_is_unknown_and_never_executed() -> None:
    """Unknown rather than guessed; the outcome depends on it, and says so."""
    thinker = proposes("thinker", fact(Key.SIGNALS, "thought"), after=[Key.STRATEGIES])
    found = shown(asking(thinker, follows()))

    assert 0 == thinker.executed
    assert [("thinker", Part.UNKNOWN), ("follower", Part.EXECUTED)] == [
        (one.agent, one.part) for one in found.woken
    ]
    assert (["s", "of follower"], False) == (names(found), found.complete)
    assert ("what thinker does is unknown until it has run",) == found.depends_on()


def test_an_agent_that_would_give_up_is_shown_with_its_reason() -> None:
    """A refusal, and a failure that nobody foresaw."""
    gives_up = script("a", lambda _: AgentEffect(refusal="no data"), after=[Key.STRATEGIES])
    fails = script("b", lambda _: 1 // 0, after=[Key.STRATEGIES])
    found = shown(asking(sure(gives_up), sure(fails)))

    assert [Part.REFUSED, Part.REFUSED] == [one.part for one in found.woken]
    assert "no data" == found.woken[0].reason
    assert "ZeroDivisionError" in found.woken[1].reason


def test_other_open_gates_are_left_unanswered_and_named() -> None:
    """What people say there is theirs to say; whoever waits for it is unknown till then."""
    play = asking(sure(proposes("q", fact(Key.STRATEGIES, "t"))))
    found = shown(play)

    assert (["s"], ("gate:run/1/q/0",), False) == (
        names(found),
        found.unanswered,
        found.complete,
    )
    assert [("q", Part.UNKNOWN)] == [(one.agent, one.part) for one in found.woken]
    assert (
        "what q does is unknown until it has run",
        "gate:run/1/q/0 waits for an answer of its own",
    ) == found.depends_on()


def test_what_was_answered_before_takes_effect_beside_it() -> None:
    """In the order of registration, as it would."""
    play = asking(proposes("q", fact(Key.STRATEGIES, "t")))
    play.answer(play.gates()[1], "approve")
    found = shown(play)

    assert (["s", "t"], True) == (names(found), found.complete)


def test_seed_and_react_once_agents_are_deterministic_and_others_have_to_say_so() -> None:
    """By True itself; whatever else an agent answers there leaves it unknown."""
    vague = proposes("vague")
    vague.deterministic = "perhaps"  # type: ignore[attr-defined]

    assert [True, True, False, False] == [
        Registered(one).deterministic
        for one in (SeedAgent("s", "s"), ReactOnceAgent("r", "r"), proposes("p"), vague)
    ]


# When the ground moved.


def test_approving_what_lost_its_ground_says_that_it_is_asked_anew() -> None:
    """A correction came in meanwhile: nothing would be promoted, and people asked again."""
    mends = Correction(
        supersedes=FactId("input"), reason=CorrectionReason.DATA_ERROR, text="A slip."
    )
    play = asking(follows())
    play.command(Stage(fact(Key.SEEDS, "mended", corrects=mends), ALICE.operator))
    found = shown(play)

    assert (True, ["mended"], ["gate:run/1/p/0#1"], Phase.WAITING) == (
        found.moved,
        names(found),
        [one.id for one in found.gates],
        found.phase,
    )
    assert not shown(asking()).moved


# Budgets.


def endless() -> Script:
    return sure(
        script(
            "endless",
            lambda view: AgentEffect((fact(Key.SIGNALS, f"n{view.count(Key.SIGNALS)}"),)),
            after=[Key.STRATEGIES, Key.SIGNALS],
        )
    )


@pytest.mark.parametrize("budget", [Effort(cycles=3), Effort(facts=4), Effort(agents=3)])
def test_a_preview_ends_with_its_budget_and_says_so(budget: Effort) -> None:
    """No end was in sight; what was found so far is shown."""
    found = shown(asking(endless()), budget=budget)

    assert (True, False, None, Effort(3, 4, 3)) == (
        found.spent,
        found.complete,
        found.stop,
        found.used,
    )
    assert ("the preview ended after 3 cycles, before the run would",) == found.depends_on()


def test_an_end_that_needs_no_further_cycle_is_found_within_the_budget() -> None:
    """It is enough to allow for as many cycles as there are."""
    found = shown(asking(follows()), budget=Effort(cycles=1))

    assert (False, Converged()) == (found.spent, found.stop)


def test_the_budgets_of_the_run_itself_hold_in_a_preview() -> None:
    """It would stop there, so the preview does."""
    intent = msgspec.structs.replace(INTENT, budgets=Budgets(cycles=4))
    found = shown(asking(endless(), intent=intent))

    assert ("CycleBudgetExhausted", False) == (found.stop and found.stop.kind, found.spent)


# How it is answered.


QUORUM = ReviewTerms(
    quorum=Quorum(rule=QuorumRule.MAJORITY),
    roster=("alice", "bob", "carol"),
    undo_us=60_000_000,
    deadline_us=10**9,
)


@pytest.mark.parametrize(("verdict", "facts"), [("approve", ["s"]), ("reject", [])])
def test_as_many_as_it_takes_answer_and_no_time_passes(verdict: str, facts: list[str]) -> None:
    """Quorum, undo window and deadline are of the real answer; the preview is of its effect."""
    policy = policy_of(rule(Effect.PERMIT), rule(Effect.ASK, Key.STRATEGIES, review=QUORUM))
    engine = engine_of(proposes("p", S), policy=policy)
    play = Play(engine)
    for who in (ALICE, BOB, Person("carol")):
        play.record(e.OperatorEnrolled(operator=who.operator), 0)
    found = shown(play.begin(seed("input")), verdict)

    assert facts == [one.id for one in found.facts if one.key is not Key.DIAGNOSTIC]
    assert found.complete
    play.answer(play.gates()[0], verdict, ALICE)
    assert names(found) == names(shown(play, verdict))


def test_what_nobody_is_left_to_decide_shows_no_preview() -> None:
    """As a gate may be that an older version opened for people who were not enrolled."""
    terms = ReviewTerms(roster=("alice",))
    policy = policy_of(rule(Effect.PERMIT), rule(Effect.ASK, Key.STRATEGIES, review=terms))
    play = asking(policy=policy)
    play.gates()[0].roster = ()
    with pytest.raises(DecisionRefused, match="nobody is left who could approve it"):
        shown(play)


def test_a_grant_that_has_expired_by_then_grants_nothing() -> None:
    """Time does not pass in a preview, but it knows when it is asked."""
    soon = grant("soon", *Key, until=50)
    play = Play(engine_of(proposes("p", S), follows(), policy=ASK_STRATEGIES), grants=(soon,))
    play.begin(seed("input"))

    assert [] == [one.rule for one in shown(play, now=10).refused]
    assert ["no-authority"] == [one.rule for one in shown(play, now=100).refused]


@pytest.mark.parametrize(
    ("gate", "verdict", "reason"),
    [
        ("gate:run/1/p/0", "edit", "approving or rejecting"),
        ("gate:run/1/p/0", "refine", "approving or rejecting"),
        ("gate:elsewhere", "approve", "no open gate"),
    ],
)
def test_what_cannot_be_shown_is_refused(gate: str, verdict: str, reason: str) -> None:
    """An edit needs words, a refinement a model; a gate has to be there."""
    play = asking()
    with pytest.raises(DecisionRefused, match=reason):
        preview(play.engine, play.state, gate, Verdict(verdict))  # type: ignore[arg-type]


def test_an_edit_shows_what_becomes_of_the_words_of_a_person() -> None:
    """They are asked about in turn, or refused by the checks that their proposal passed."""
    play = asking()
    edited = fact(Key.STRATEGIES, "s", "Do it later")
    nothing = fact(Key.STRATEGIES, "s", " ")

    found = shown(play, "edit", edited=edited, by=ALICE.operator.id)
    refused = shown(play, "edit", edited=nothing, by=ALICE.operator.id)

    assert [ALICE.operator.id] == [one.author for one in found.gates]
    assert ["edited"] == [one.rule for one in found.refused]
    assert any("content-present" in one.reason for one in refused.refused)


def test_a_gate_that_was_answered_shows_no_preview() -> None:
    """It has its end."""
    play = asking()
    gate = play.gates()[0].request.id
    play.answer(gate, "approve")
    with pytest.raises(DecisionRefused, match="no open gate"):
        preview(play.engine, play.state, gate, Verdict.REJECT)


# It changes nothing.


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_a_preview_leaves_the_state_as_it_was(verdict: str) -> None:
    """Compared whole, and the run then goes as if nobody had looked."""
    looked_at, left_alone = (
        asking(follows(), proposes("q", fact(Key.STRATEGIES, "t"))) for _ in range(2)
    )
    before = everything(looked_at.state)
    for _ in range(2):
        shown(looked_at, verdict)
    assert before == everything(looked_at.state)
    for play in (looked_at, left_alone):
        play.answer_all()

    assert everything(left_alone.state) == everything(looked_at.state)


def test_a_fork_shares_no_table_with_the_run_it_forks() -> None:
    """Whatever the fold writes to is its own, gates and votes among it."""
    state = asking(follows()).state
    fork = state.fork()
    shared = [
        name
        for name in RunState.__slots__
        if isinstance(getattr(state, name), (dict, list)) and name != "started"
        if getattr(state, name) is getattr(fork, name)
    ]
    [(mine, theirs)] = [(state.gates[name], fork.gates[name]) for name in state.gates]

    assert [] == shared
    assert everything(state) == everything(fork)
    assert mine is not theirs
    assert mine.votes is not theirs.votes
    assert fork.gates_of[theirs.request.proposal] == [theirs]
    assert fork.gates_of[theirs.request.proposal][0] is theirs
    assert state.context is not fork.context
