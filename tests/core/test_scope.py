"""Scope: what lies outside is refused at the gate, whatever policy or person would say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core import events as e
from converge_core.constraint import FrameConstraint, IntentConstraint
from converge_core.frame import Frame
from converge_core.ids import FrameId
from converge_core.key import ContextKey as Key
from converge_core.scope import (
    Bound,
    Custom,
    CustomerSegment,
    Geography,
    Market,
    Product,
    TimeWindow,
    text_bound,
    why_outside,
)
from converge_core.stop import CriteriaMet
from tests.core.kit import (
    ASK_STRATEGIES,
    SWEDEN,
    Play,
    contents,
    declared,
    engine_of,
    fact,
    policy_of,
    proposes,
    seed,
)

NORWAY = Geography(value="NO")
SPRING = TimeWindow(start=100, end=200, description="spring")


def about(name: str, key: Key = Key.SIGNALS, **said: Any) -> Any:
    return fact(key, name, structured={"scope": said})


def test_what_lies_outside_the_scope_is_refused_with_the_reason() -> None:
    """It is an event with a diagnostic; what lies within stands, and the run reaches its end."""
    engine = engine_of(
        proposes("p", about("at home", geography="SE"), about("far", geography="NO"))
    )
    play = Play(engine, intent=declared()).begin(seed("a"))
    [refused] = [one for one in play.of(e.ProposalRefused) if one.rule == "gate"]

    assert ["at home"] == contents(play.state, Key.SIGNALS)
    assert "run/1/p/1" == refused.proposal
    assert "within-scope: It is about geography NO; the run is about SE." == refused.reason
    assert refused.reason in contents(play.state, Key.DIAGNOSTIC)[0]
    assert CriteriaMet(criteria=("a seed stands",)) == play.state.stop


def test_the_check_runs_whatever_the_policy_requires() -> None:
    """A policy that requires no check at all does not switch it off, nor does any key escape."""
    policy = policy_of(*ASK_STRATEGIES.rules[:1], checks=[])
    everywhere = [about(f"of {key}", key, geography="NO") for key in Key]
    play = Play(engine_of(proposes("p", *everywhere), policy=policy), intent=declared()).begin()

    assert len(Key) == len([one for one in play.of(e.ProposalRefused) if one.rule == "gate"])


def test_staged_input_passes_it_too() -> None:
    """What the run begins with is about what the run is about."""
    play = Play(engine_of(), intent=declared()).begin(about("far", geography="NO"))

    assert [] == contents(play.state, Key.SIGNALS)


def test_every_report_names_the_check() -> None:
    """Whoever reads the record sees that it ran; a run without a scope has no such check."""
    scoped = Play(engine_of(), intent=declared()).begin(seed("a"))
    plain = Play(engine_of()).begin(seed("a"))

    for play, ran in ((scoped, True), (plain, False)):
        [report] = [event.report for event in play.of(e.ProposalValidated)]
        assert ran is ("within-scope" in [check.name for check in report.checks])


def test_a_person_is_not_asked_about_what_lies_outside() -> None:
    """Approval never bypasses validation, so there is nothing to ask."""
    engine = engine_of(
        proposes("p", about("s", Key.STRATEGIES, geography="NO")), policy=ASK_STRATEGIES
    )

    assert [] == Play(engine, intent=declared()).begin(seed("a")).gates()


def test_a_run_without_a_scope_takes_everything() -> None:
    """What a proposal says it is about means nothing where nobody bounds it."""
    play = Play(engine_of()).begin(about("far", geography="NO"))

    assert ["far"] == contents(play.state, Key.SIGNALS)


# The rule, line by line.


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ((SWEDEN,), {}),
        ((SWEDEN,), {"scope": {}}),
        ((SWEDEN,), {"scope": {"geography": "SE"}}),
        ((SWEDEN, NORWAY), {"scope": {"geography": "NO"}}),
        ((SWEDEN, NORWAY), {"scope": {"geography": ["NO", "SE"]}}),
        ((SWEDEN, Product(value="desk")), {"scope": {"product": "desk"}}),
        ((Market(value="m"), CustomerSegment(value="c")), {"scope": {"customer_segment": "c"}}),
        ((Market(value="m"),), {"scope": {"market": "m"}}),
        ((Custom(key="channel", value="web"),), {"scope": {"channel": "web"}}),
        ((SPRING,), {"scope": {"time": 100}}),
        ((SPRING,), {"scope": {"time": [100, 199]}}),
        ((SPRING, TimeWindow(start=300)), {"scope": {"time": 900}}),
        ((TimeWindow(end=5),), {"scope": {"time": -7}}),
    ],
)
def test_within(bounds: tuple[Bound, ...], said: dict[str, Any]) -> None:
    """Silence takes over what the run is about; each value lies within one of its bounds."""
    assert "" == why_outside(bounds, said)


@pytest.mark.parametrize(
    ("bounds", "said", "reason"),
    [
        ((SWEDEN,), {"geography": "NO"}, "geography NO; the run is about SE."),
        ((SWEDEN, NORWAY), {"geography": "DK"}, "the run is about SE or NO."),
        ((SWEDEN,), {"geography": ["SE", "NO"]}, "['SE', 'NO']"),
        ((SWEDEN,), {"geography": []}, "geography []"),
        ((SWEDEN,), {"geography": None}, "geography None"),
        ((SWEDEN,), {"geography": "se"}, "geography se"),
        ((SWEDEN,), {"geography": {"is": "SE"}}, "geography {"),
        ((SWEDEN,), {"geografy": "SE"}, "geografy SE; the run bounds geography."),
        ((SWEDEN,), {"product": "desk"}, "the run bounds geography."),
        ((SWEDEN,), "SE", "is a str, not an object"),
        ((SWEDEN,), ["geography"], "is a list, not an object"),
        ((SPRING,), {"time": 200}, "time 200; the run is about spring."),
        ((SPRING,), {"time": 99}, "spring"),
        ((SPRING,), {"time": [150, 120]}, "spring"),
        ((SPRING,), {"time": [150, 250]}, "spring"),
        ((SPRING,), {"time": []}, "spring"),
        ((SPRING,), {"time": "spring"}, "spring"),
        ((SPRING,), {"time": True}, "spring"),
        ((TimeWindow(start=5),), {"time": 4}, "5 to the end"),
        ((TimeWindow(end=5),), {"time": 5}, "the beginning to 5"),
        ((SWEDEN,), {"geography": "x" * 500}, "…; the run is about SE."),
    ],
)
def test_outside(bounds: tuple[Bound, ...], said: object, reason: str) -> None:
    """Another value, another name, another shape: nothing passes because nobody understood it."""
    assert reason in why_outside(bounds, {"scope": said})


@given(st.text(max_size=5), st.text(max_size=5))
def test_a_text_lies_within_itself_and_nothing_else(bound: str, said: str) -> None:
    """The comparison is to the letter."""
    outside = why_outside((Geography(value=bound),), {"scope": {"geography": said}})

    assert (bound == said) is (outside == "")


@given(st.integers(-9, 9), st.integers(-9, 9), st.integers(-9, 9), st.integers(-9, 9))
def test_a_stretch_of_time_lies_within_just_if_all_its_moments_do(
    start: int, end: int, first: int, last: int
) -> None:
    """The start belongs to the window, the end does not."""
    moments = range(first, last + 1)
    within = bool(moments) and all(start <= moment < end for moment in moments)

    assert within is TimeWindow(start=start, end=end).holds([first, last])


@pytest.mark.parametrize("name", ["market", "geography", "product", "customer_segment", "channel"])
def test_a_bound_goes_by_the_name_that_proposals_use(name: str) -> None:
    """Each kind has its own; any other name is custom."""
    bound = text_bound(name, "x")

    assert (name, "x") == (bound.name, bound.words())
    assert isinstance(bound, Custom) is (name == "channel")


@pytest.mark.parametrize("method", ["holds", "words", "name"])
def test_the_base_of_all_bounds_bounds_nothing_by_default(method: str) -> None:
    """A new kind has to say each for itself."""
    with pytest.raises(NotImplementedError):
        getattr(Bound(), method)(*(["x"] if method == "holds" else []))


# Names that only constraints bound.


def test_a_name_that_a_constraint_bounds_may_be_used_too() -> None:
    """Whoever constrains the channel wants to hear of it; the constraint judges the value."""
    said = about("s", channel="web")
    intent = declared(constraints=(IntentConstraint(key="channel", value="web"),))
    framed = Frame(
        id=FrameId("f"),
        scope="f",
        constraints=(FrameConstraint(kind=Custom(key="channel", value="web")),),
    )

    assert ["s"] == contents(Play(engine_of(), intent=intent).begin(said).state, Key.SIGNALS)
    assert ["s"] == contents(
        Play(engine_of(), intent=declared(), frames=(framed,)).begin(said).state, Key.SIGNALS
    )
    assert [] == contents(Play(engine_of(), intent=declared()).begin(said).state, Key.SIGNALS)
