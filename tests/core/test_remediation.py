"""Rules that may be mended: a broken one is named, agents may act on it, and the run goes on."""

from __future__ import annotations

from typing import Any

import pytest

from converge_core import events as e
from converge_core.agent import AgentEffect
from converge_core.context import Context, ContextView, stage_all
from converge_core.criterion import Blocked, Indeterminate, Judge, Met, Unmet
from converge_core.ids import FactId
from converge_core.intent import Budgets, Criterion, RootIntent
from converge_core.invariant import Invariant, InvariantClass, OnViolation, Violation
from converge_core.key import ContextKey as Key
from converge_core.proposal import ProposedFact
from converge_core.stop import (
    Converged,
    CriteriaMet,
    CycleBudgetExhausted,
    Error,
    HumanInterventionRequired,
    InvariantViolated,
)
from tests.core.kit import (
    ASK_STRATEGIES,
    EVERYTHING,
    Play,
    Script,
    contents,
    engine_of,
    fact,
    proposes,
    script,
    seed,
)

MENDABLE = [InvariantClass.SEMANTIC, InvariantClass.ACCEPTANCE]


def balanced(context: Context) -> Violation | None:
    """Every seed needs a signal of the same name."""
    lone = [
        one.id for one in context.get(Key.SEEDS) if context.fact(Key.SIGNALS, _pair(one.id)) is None
    ]
    return Violation("A seed has no signal.", tuple(lone)) if lone else None


def _pair(name: FactId) -> FactId:
    return FactId(f"signal of {name}")


def rule_of(kind: InvariantClass, mode: OnViolation = OnViolation.REMEDIATE) -> Invariant:
    return Invariant("balanced", kind, balanced, mode)


def mender() -> Script:
    """Returns an agent that hears of the broken rule and mends it."""
    mended = fact(Key.SIGNALS, _pair(FactId("a")), "mended")
    return script(
        "mender",
        lambda _: AgentEffect((mended,)),
        after=[Key.DIAGNOSTIC],
        when=lambda view: not view.contains(mended.key, mended.id),
    )


@pytest.mark.parametrize("kind", MENDABLE)
def test_an_agent_that_mends_a_broken_rule_lets_the_run_converge(kind: InvariantClass) -> None:
    """The diagnostic wakes it, names the rule, and says which facts are concerned."""
    play = Play(engine_of(proposes("p", seed("a")), mender(), invariants=[rule_of(kind)])).begin()
    [diagnostic] = play.state.context.get(Key.DIAGNOSTIC)

    assert Converged() == play.state.stop
    assert ["mended"] == contents(play.state, Key.SIGNALS)
    assert "balanced: A seed has no signal. Concerned: a." == diagnostic.content
    assert diagnostic.id.startswith("violation:balanced:")


@pytest.mark.parametrize("kind", MENDABLE)
def test_a_rule_that_nobody_mends_stops_the_run_at_its_fixed_point(kind: InvariantClass) -> None:
    """Going on is not letting it pass."""
    stop = Play(engine_of(proposes("p", seed("a")), invariants=[rule_of(kind)])).begin().state.stop

    assert (
        InvariantViolated(
            invariant_class=kind.value, name="balanced", reason="A seed has no signal."
        )
        == stop
    )


@pytest.mark.parametrize("kind", MENDABLE)
def test_a_rule_that_may_not_be_mended_stops_the_run_at_once(kind: InvariantClass) -> None:
    """That is what a rule does unless it says otherwise."""
    strict = rule_of(kind, OnViolation.STOP)
    play = Play(engine_of(proposes("p", seed("a")), mender(), invariants=[strict])).begin()

    assert isinstance(play.state.stop, InvariantViolated)
    assert [] == contents(play.state, Key.SIGNALS)


def test_the_same_breach_is_named_once() -> None:
    """Else naming it would itself be a change, and the run would never come to rest."""
    deaf = script("deaf", lambda _: AgentEffect(), after=[Key.DIAGNOSTIC])
    rules = [rule_of(kind) for kind in MENDABLE]
    play = Play(engine_of(proposes("p", seed("a")), deaf, invariants=rules)).begin()

    assert 1 == len(contents(play.state, Key.DIAGNOSTIC))
    assert isinstance(play.state.stop, InvariantViolated)


# A breach that comes back.


def not_red(context: Context) -> Violation | None:
    """The latest signal is not red; it is broken in the same words each time."""
    latest = context.latest(Key.SIGNALS)
    return Violation("It is red.") if latest and latest.content == "red" else None


def turning(colour: str, after: Key, when: str, *, most: int, **more: ProposedFact) -> Script:
    """Returns an agent that sets the signal to ``colour`` when it is ``when``, so many times."""

    def shown(view: ContextView) -> list[str]:
        return [one.content for one in view.peek(Key.SIGNALS)]

    def turn(view: ContextView) -> AgentEffect:
        times = shown(view).count(colour)
        return AgentEffect((fact(Key.SIGNALS, f"{colour} {times}", colour), *more.values()))

    return script(
        colour,
        turn,
        after=[after],
        when=lambda view: shown(view)[-1] == when and shown(view).count(colour) < most,
    )


def flickering(kind: InvariantClass, *, most: int, **settings: Any) -> Play:
    """Returns a run whose signal is red, and turned green again, ``most`` times."""
    rules = [Invariant("not-red", kind, not_red, OnViolation.REMEDIATE)]
    breaker = turning("red", Key.SIGNALS, "green", most=most, **settings.pop("also", {}))
    mender_ = turning("green", Key.DIAGNOSTIC, "red", most=most)
    play = Play(
        engine_of(breaker, mender_, invariants=rules, **settings),
        intent=RootIntent(question="q", subject="s", budgets=Budgets(cycles=12)),
    )
    return play.begin(fact(Key.SIGNALS, "first", "red"))


@pytest.mark.parametrize("kind", MENDABLE)
def test_a_breach_that_comes_back_after_it_was_mended_wakes_its_mender_again(
    kind: InvariantClass,
) -> None:
    """The same words are another breach then, with a diagnostic of its own."""
    play = flickering(kind, most=3)
    told = play.state.context.get(Key.DIAGNOSTIC)

    assert Converged() == play.state.stop
    assert ["red", "green", "red", "green", "red", "green"] == contents(play.state, Key.SIGNALS)
    assert {"not-red: It is red."} == {one.content for one in told}
    assert ["", ":2", ":3"] == [one.id.removeprefix(told[0].id) for one in told]


@pytest.mark.parametrize("kind", MENDABLE)
def test_a_breach_that_comes_back_for_ever_ends_with_the_budget(kind: InvariantClass) -> None:
    """Breaking and mending by turns is no fixed point, and no way around the budgets either."""
    play = flickering(kind, most=99)

    assert CycleBudgetExhausted(executed=12, limit=12) == play.state.stop
    assert play.state.context.count(Key.DIAGNOSTIC) <= 12


@pytest.mark.parametrize("kind", MENDABLE)
def test_a_breach_that_lasts_is_named_once_however_much_else_happens(kind: InvariantClass) -> None:
    """Neither tries in vain, nor other work, nor that the rule held before make it another one."""
    tries = script(
        "tries",
        lambda view: AgentEffect((seed(f"try {view.count(Key.SEEDS)}"),)),
        after=[Key.DIAGNOSTIC, Key.SEEDS],
        when=lambda view: view.count(Key.SEEDS) < 5,
    )
    rules = [Invariant("not-red", kind, not_red, OnViolation.REMEDIATE)]
    breaks = proposes("breaks", fact(Key.SIGNALS, "first", "red"))
    hears = script("hears", lambda _: AgentEffect(), after=[Key.DIAGNOSTIC])
    play = Play(engine_of(tries, breaks, hears, invariants=rules)).begin()

    assert (5, 1) == (play.state.context.count(Key.SEEDS), play.state.context.count(Key.DIAGNOSTIC))
    assert isinstance(play.state.stop, InvariantViolated)


def test_a_breach_that_comes_back_while_a_person_is_asked_is_named_after_the_answer() -> None:
    """Both merges belong to the cycle; the rule is looked at when it ends."""
    play = flickering(
        InvariantClass.SEMANTIC,
        most=2,
        also={"plan": fact(Key.STRATEGIES, "s")},
        policy=ASK_STRATEGIES,
    )
    assert 1 == play.state.context.count(Key.DIAGNOSTIC)
    play.answer(play.gates()[0], "approve").go()

    assert (Converged(), 2) == (play.state.stop, play.state.context.count(Key.DIAGNOSTIC))


def test_a_breach_that_another_run_left_behind_is_named_when_it_comes_back() -> None:
    """A run that goes on from there knows what it was told, and hears of what is new."""
    rules = [Invariant("not-red", InvariantClass.SEMANTIC, not_red, OnViolation.REMEDIATE)]
    before = engine_of(invariants=rules).run(
        stage_all(Context(), [fact(Key.SIGNALS, "first", "red")]), authority=EVERYTHING
    )
    agents = (
        turning("red", Key.SIGNALS, "green", most=2),
        turning("green", Key.DIAGNOSTIC, "red", most=2),
    )
    after = engine_of(*agents, invariants=rules).run(before.context, authority=EVERYTHING)

    assert isinstance(before.stop_reason, InvariantViolated)
    assert Converged() == after.stop_reason
    assert 2 == after.context.count(Key.DIAGNOSTIC)


def test_mending_for_ever_ends_with_the_budget() -> None:
    """A mender that makes it worse each time is stopped like any other endless agent."""

    def worse(view: object) -> AgentEffect:
        return AgentEffect((seed(f"worse {len(play.state.context.get(Key.SEEDS))}"),))

    engine = engine_of(
        proposes("p", seed("a")),
        script("worse", worse, after=[Key.DIAGNOSTIC]),
        invariants=[rule_of(InvariantClass.SEMANTIC)],
    )
    play = Play(engine, intent=RootIntent(question="q", subject="s", budgets=Budgets(cycles=5)))
    play.begin()

    assert CycleBudgetExhausted(executed=5, limit=5) == play.state.stop


@pytest.mark.parametrize("kind", InvariantClass)
def test_a_rule_that_cannot_be_judged_stops_the_run_with_an_error(kind: InvariantClass) -> None:
    """It is not known to hold, and nobody is to blame but the rule; a merge it guards is lost."""

    def fails(_: Context) -> Violation | None:
        raise ZeroDivisionError

    play = Play(
        engine_of(proposes("p", seed("a")), invariants=[Invariant("odd", kind, fails)])
    ).begin()
    stop = play.state.stop

    assert isinstance(stop, Error)
    assert "internal" == stop.category
    assert f"the {kind} rule “odd”: It could not be judged: ZeroDivisionError." == stop.message
    assert bool(play.of(e.MergeDiscarded)) is (kind is InvariantClass.STRUCTURAL)


# Criteria: four answers.


WANTED = Criterion(id="c", description="the budget is approved", key=Key.STRATEGIES)
EXTRA = Criterion(id="x", description="a picture", key=Key.COMPETITORS, required=False)


def judged(judge: Judge | None, *criteria: Criterion) -> Play:
    engine = engine_of(proposes("p", seed("a")), criteria={"c": judge} if judge else {})
    intent = RootIntent(question="q", subject="s", criteria=criteria or (WANTED, EXTRA))
    return Play(engine, intent=intent).begin()


def failing(_: Context) -> Met:
    raise RuntimeError("no luck")


def test_a_blocked_criterion_asks_for_a_person() -> None:
    """What is to be done, and what is to be approved, stands in the reason."""
    stop = judged(lambda _: Blocked("The board has to approve it.", "board-7")).state.stop

    assert (
        HumanInterventionRequired(
            criteria=("the budget is approved",),
            detail="The board has to approve it.",
            approvals=("board-7",),
        )
        == stop
    )


@pytest.mark.parametrize(
    ("judge", "met"),
    [
        (lambda _: Met((FactId("a"),)), True),
        (lambda _: Unmet("Not yet."), False),
        (lambda _: Indeterminate("Nobody can say."), False),
        (failing, False),
        (None, False),
    ],
    ids=["met", "unmet", "indeterminate", "a judge that fails", "nobody judges, nothing stands"],
)
def test_a_criterion_is_met_only_if_somebody_can_say_so(judge: Judge | None, met: bool) -> None:
    """Everything else is a fixed point without it; what is not required decides nothing."""
    expected = CriteriaMet(criteria=("the budget is approved",)) if met else Converged()

    assert expected == judged(judge).state.stop


def test_criteria_that_are_not_required_do_not_make_a_success() -> None:
    """A run that had to meet nothing has met nothing."""
    assert Converged() == judged(None, EXTRA).state.stop
