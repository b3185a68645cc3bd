"""Constraints: a hard one stops the run, a soft one is on record, none passes by default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core import events as e
from converge_core.constraint import (
    Budget,
    Compliance,
    ConstraintSeverity,
    FrameConstraint,
    IntentConstraint,
    Resource,
    why_uncountable,
)
from converge_core.context import Context, stage_all
from converge_core.frame import Frame
from converge_core.ids import FrameId
from converge_core.key import ContextKey as Key
from converge_core.proposal import ProposedFact
from converge_core.scope import Custom, Geography, TimeWindow
from converge_core.stop import CriteriaMet, InvariantViolated
from tests.core.kit import (
    ASK_STRATEGIES,
    EVERYTHING,
    Play,
    contents,
    declared,
    engine_of,
    fact,
    proposes,
    seed,
)

HARD, SOFT = ConstraintSeverity
MET = CriteriaMet(criteria=("a seed stands",))
Demand = IntentConstraint | FrameConstraint


def says(name: str, key: Key = Key.SIGNALS, **structured: Any) -> ProposedFact:
    return fact(key, name, structured=structured)


def uses(name: str, **amounts: Any) -> ProposedFact:
    return says(name, uses=amounts)


def under(*demands: Demand, agents: tuple[Any, ...] = (), **settings: Any) -> Play:
    """Returns a run that has not begun, under what intent and one frame demand."""
    framed = tuple(one for one in demands if isinstance(one, FrameConstraint))
    frames = (Frame(id=FrameId("launch"), scope="the launch", constraints=framed),)
    intent = declared(constraints=tuple(d for d in demands if isinstance(d, IntentConstraint)))
    return Play(engine_of(*agents, **settings), intent=intent, frames=frames if framed else ())


def spend(most: int, severity: ConstraintSeverity = HARD) -> IntentConstraint:
    return IntentConstraint(key="spend", value=most, severity=severity)


def test_a_hard_constraint_that_is_broken_stops_the_run() -> None:
    """The merge is discarded whole, a diagnostic says why, and the reason names the constraint."""
    agents = (proposes("p", uses("one", spend=600), uses("two", spend=600), seed("beside")),)
    play = under(spend(1000), agents=agents).begin(seed("a"))
    reason = "1200 of spend are used; the limit is 1000."

    assert (
        InvariantViolated(invariant_class="structural", name="constraint:spend", reason=reason)
        == play.state.stop
    )
    assert (["a"], []) == (contents(play.state, Key.SEEDS), contents(play.state, Key.SIGNALS))
    assert [f"constraint:spend: {reason} Concerned: one, two."] == contents(
        play.state, Key.DIAGNOSTIC
    )
    assert ["constraint:spend"] == [event.invariant for event in play.of(e.MergeDiscarded)]


def test_a_soft_constraint_that_is_broken_is_put_on_record_and_the_run_goes_on() -> None:
    """The facts stand, and the run meets its criteria."""
    agents = (proposes("p", uses("one", spend=600), uses("two", spend=600)),)
    play = under(spend(1000, SOFT), agents=agents).begin(seed("a"))

    assert MET == play.state.stop
    assert ["one", "two"] == contents(play.state, Key.SIGNALS)
    assert [
        "constraint:spend: 1200 of spend are used; the limit is 1000. Concerned: one, two."
    ] == (contents(play.state, Key.DIAGNOSTIC))


def test_a_constraint_that_is_kept_is_not_heard_of() -> None:
    """At the limit is within it."""
    agents = (proposes("p", uses("one", spend=600), uses("two", spend=400)),)

    for severity in ConstraintSeverity:
        play = under(spend(1000, severity), agents=agents).begin(seed("a"))
        assert (MET, []) == (play.state.stop, contents(play.state, Key.DIAGNOSTIC))


@pytest.mark.parametrize(
    ("demand", "name", "broken", "kept"),
    [
        pytest.param(
            lambda s: IntentConstraint(key="market", value="B2B", severity=s),
            "market",
            says("x", scope={"market": "B2C"}),
            says("x", scope={"market": "B2B"}),
            id="a text of an intent",
        ),
        pytest.param(
            lambda s: IntentConstraint(key="channel", value="web", severity=s),
            "channel",
            says("x", scope={"channel": "shop"}),
            says("x", scope={"channel": "web"}),
            id="a custom text of an intent",
        ),
        pytest.param(
            lambda s: FrameConstraint(kind=Budget(limit=9), severity=s),
            "launch:budget",
            uses("x", budget=10),
            uses("x", budget=9),
            id="a budget",
        ),
        pytest.param(
            lambda s: FrameConstraint(kind=Resource(kind="reviewers", limit=1), severity=s),
            "launch:reviewers",
            uses("x", reviewers=2),
            uses("x", reviewers=1, budget=7),
            id="a resource",
        ),
        pytest.param(
            lambda s: FrameConstraint(kind=TimeWindow(start=5, end=9), severity=s),
            "launch:time",
            says("x", scope={"time": [5, 9]}),
            says("x", scope={"time": [5, 8]}),
            id="a window of time",
        ),
        pytest.param(
            lambda s: FrameConstraint(kind=Geography(value="SE-AB"), severity=s),
            "launch:geography",
            says("x", scope={"geography": "SE"}),
            says("x"),
            id="a place",
        ),
        pytest.param(
            lambda s: FrameConstraint(kind=Custom(key="tone", value="calm"), severity=s),
            "launch:tone",
            says("x", scope={"tone": "loud"}),
            says("x", scope={"tone": "calm"}),
            id="anything else",
        ),
        pytest.param(
            lambda s: FrameConstraint(kind=Compliance(regime="GDPR"), severity=s),
            "launch:GDPR",
            says("x", Key.STRATEGIES, complies=["ISO 27001"]),
            says("x", Key.STRATEGIES, complies=["GDPR", "ISO 27001"]),
            id="a regime",
        ),
    ],
)
def test_each_kind_binds(
    demand: Callable[[ConstraintSeverity], Demand],
    name: str,
    broken: ProposedFact,
    kept: ProposedFact,
) -> None:
    """Hard stops, soft is on record, and what keeps to it passes without a word."""
    stopped = under(demand(HARD), agents=(proposes("p", broken),)).begin(seed("a"))
    noted = under(demand(SOFT), agents=(proposes("p", broken),)).begin(seed("a"))
    passed = under(demand(HARD), agents=(proposes("p", kept),)).begin(seed("a"))

    assert f"constraint:{name}" == getattr(stopped.state.stop, "name", "")
    assert [f"constraint:{name}"] == [
        text.split(": ")[0] for text in contents(noted.state, Key.DIAGNOSTIC)
    ]
    assert "x" in [one.id for one in noted.state.context.in_order()]
    assert MET == noted.state.stop == passed.state.stop
    assert [] == contents(passed.state, Key.DIAGNOSTIC)


@pytest.mark.parametrize("said", [{}, {"complies": "GDPR"}, {"complies": True}, {"complies": []}])
def test_compliance_is_never_assumed(said: dict[str, Any]) -> None:
    """A strategy that does not name the regime breaks the constraint; a signal need not."""
    demand = FrameConstraint(kind=Compliance(regime="GDPR"))
    silent = under(demand).begin(seed("a"), says("s", Key.STRATEGIES, **said))

    assert "constraint:launch:GDPR" == getattr(silent.state.stop, "name", "")
    assert MET == under(demand).begin(seed("a"), says("s", **said)).state.stop


@pytest.mark.parametrize("amount", [-1, True, None, "5", [5], {"amount": 5}], ids=repr)
def test_what_cannot_be_counted_is_refused_at_the_gate(amount: object) -> None:
    """One slip of one agent is its own refusal and not the end of the run."""
    play = under(spend(1000)).begin(seed("a"), uses("x", spend=amount))
    [refused] = play.of(e.ProposalRefused)

    assert ("gate", MET) == (refused.rule, play.state.stop)
    assert "uses-countable: What it uses of spend is no integer" in refused.reason


def test_a_list_of_uses_is_no_account() -> None:
    """Names and integers, or nothing."""
    assert "is a list" in why_uncountable({"uses": [5]})
    assert "" == why_uncountable({})


def test_words_do_not_count() -> None:
    """What a statement says in words, a model may have written; only what is declared is added."""
    loud = fact(Key.SIGNALS, "x", "We spend 5000 on it.", structured={"spend": 5000, "amount": 9})

    assert MET == under(spend(1000)).begin(seed("a"), loud).state.stop


def test_what_a_run_goes_on_from_counts() -> None:
    """Its budget is over all facts that stand, and what cannot be counted there breaks it."""
    for before, broken in (
        (uses("x", spend=900), True),
        (uses("x", spend="?"), True),
        (seed("s"), False),
    ):
        engine = engine_of()
        first = engine.run(stage_all(Context(), [seed("a"), before]), authority=EVERYTHING)
        more = stage_all(first.context, [uses("y", spend=200)])
        intent = declared(constraints=(spend(1000),))
        stop = engine.run(more, authority=EVERYTHING, intent=intent).stop_reason

        assert isinstance(stop, InvariantViolated) is broken


def test_what_a_person_approved_keeps_to_it_too() -> None:
    """A second merge that breaks a hard constraint is discarded like the first."""
    plans = [says(name, Key.STRATEGIES, uses={"spend": 600}) for name in ("s1", "s2")]
    play = under(spend(1000), agents=(proposes("p", *plans),), policy=ASK_STRATEGIES)
    play.begin(seed("a"))
    for gate in play.gates():
        play.answer(gate, "approve")
    play.go()

    assert "constraint:spend" == getattr(play.state.stop, "name", "")
    assert [] == contents(play.state, Key.STRATEGIES)


def test_a_soft_constraint_is_named_before_people_are_asked() -> None:
    """Whoever decides can see what is broken already."""
    strategy = fact(Key.STRATEGIES, "s")
    agents = (proposes("p", uses("x", spend=5), strategy),)
    play = under(spend(1, SOFT), agents=agents, policy=ASK_STRATEGIES).begin(seed("a"))

    assert (1, 1) == (len(play.gates()), len(contents(play.state, Key.DIAGNOSTIC)))


def test_each_constraint_of_each_frame_is_its_own() -> None:
    """Hard and soft side by side, in intent and frame: the soft ones speak, the hard one stops."""
    frame = Frame(
        id=FrameId("f"),
        scope="f",
        constraints=(
            FrameConstraint(kind=Budget(limit=5), severity=SOFT),
            FrameConstraint(kind=Budget(limit=9)),
        ),
    )

    assert [[9], [5]] == [
        [constraint.kind.limit for constraint in some if isinstance(constraint.kind, Budget)]
        for some in (frame.hard_constraints, frame.soft_constraints)
    ]
    for amount, stopped, noted in ((5, False, 0), (7, False, 1), (10, True, 1)):
        play = Play(engine_of(), intent=declared(), frames=(frame,))
        play.begin(seed("a"), uses("x", budget=amount))
        assert (stopped, noted) == (
            isinstance(play.state.stop, InvariantViolated),
            len(contents(play.state, Key.DIAGNOSTIC)),
        )


@given(st.lists(st.integers(0, 50), max_size=6), st.integers(0, 120))
def test_a_hard_limit_holds_whatever_is_used(amounts: list[int], limit: int) -> None:
    """No run ends with more in use than the limit allows, however it was cut into facts."""
    play = under(spend(limit))
    play.begin(seed("a"), *(uses(f"u{n}", spend=amount) for n, amount in enumerate(amounts)))
    standing = [one.structured["uses"]["spend"] for one in play.state.context.get(Key.SIGNALS)]

    assert sum(standing) <= limit
    assert (sum(amounts) <= limit) is (play.state.stop == MET)
