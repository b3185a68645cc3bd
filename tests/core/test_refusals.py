"""Nothing is dropped in silence: a refused proposal is an event, a diagnostic, and closed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from converge_core import events as e
from converge_core.agent import AgentEffect
from converge_core.authority import AuthorityGrant
from converge_core.context import Context, ContextView
from converge_core.contract import CheckResult
from converge_core.errors import ConvergeError
from converge_core.ids import FactId, GateId
from converge_core.key import ContextKey as Key
from converge_core.merge import LONGEST_DIAGNOSTIC, MOST_REFUSALS
from converge_core.policy import Effect, RulePolicy, grant
from converge_core.proposal import Draft, ProposedFact
from converge_core.stop import Converged, CycleBudgetExhausted
from tests.core.kit import (
    EVERYTHING,
    Play,
    Script,
    contents,
    drafted,
    engine_of,
    fact,
    policy_of,
    proposes,
    rule,
    script,
    seed,
)

FORBID = policy_of(rule(Effect.PERMIT), rule(Effect.FORBID, Key.SEEDS, "no-seeds"))
UNPROVIDED = RulePolicy(
    id="p", revision=1, rules=(rule(Effect.PERMIT),), checks={"Seeds": ("is-sound",)}
)
SIGNALS_ONLY = grant("some", Key.SIGNALS)


@pytest.mark.parametrize(
    ("settings", "proposed", "by", "reason"),
    [
        pytest.param({"policy": FORBID}, seed("x"), "no-seeds", "The test wants", id="the policy"),
        pytest.param({}, seed("x", " "), "gate", "content-present: ", id="a check"),
        pytest.param({"policy": UNPROVIDED}, seed("x"), "gate", "'is-sound'", id="a missing check"),
        pytest.param({}, seed("input", "another"), "conflict", "stands under", id="a conflict"),
    ],
)
def test_a_refused_proposal_is_an_event_and_a_diagnostic(
    settings: dict[str, Any], proposed: ProposedFact, by: str, reason: str
) -> None:
    """Whoever refuses is named with the reason, and what was refused can be found by its digest."""
    play = Play(engine_of(proposes("p", proposed), **settings))
    play.begin(fact(Key.SIGNALS, "input"))
    [refused] = play.of(e.ProposalRefused)
    [diagnostic] = play.state.context.get(Key.DIAGNOSTIC)

    assert ("run/1/p/0", by) == (refused.proposal, refused.rule)
    assert reason in refused.reason
    assert refused.reason in diagnostic.content
    assert f"refused:{drafted(proposed).target_digest()[:16]}" == diagnostic.id
    assert refused.proposal in play.state.refusals


@pytest.mark.parametrize(
    ("grants", "reason"),
    [
        ((), "the run was given no grant"),
        ((SIGNALS_ONLY,), "does not cover Seeds"),
        ((grant("some", Key.SEEDS, until=1),), "has expired"),
        ((replace(grant("some", Key.SEEDS), granted_at=2),), "was not given yet"),
        (
            (
                AuthorityGrant(
                    grantor=EVERYTHING.grantor,
                    keys=("Seeds",),
                    gates=(GateId("elsewhere"),),
                    granted_at=0,
                ),
            ),
            "does not cover gate",
        ),
        ((SIGNALS_ONLY, grant("some", Key.SEEDS, until=1)), "; the grant of"),
    ],
)
def test_what_the_policy_permits_still_needs_a_grant(
    grants: tuple[AuthorityGrant, ...], reason: str
) -> None:
    """A permitting rule is no authority, and the refusal says what each grant lacks."""
    play = Play(engine_of(policy=policy_of(rule(Effect.PERMIT))), grants=grants).begin(seed("x"))
    [refused] = play.of(e.ProposalRefused)

    assert ("no-authority", []) == (refused.rule, contents(play.state, Key.SEEDS))
    assert reason in refused.reason


def test_one_grant_that_covers_it_is_enough() -> None:
    """Grants that do not fit take nothing away."""
    grants = (SIGNALS_ONLY, grant("others", Key.SEEDS))
    play = Play(engine_of(policy=policy_of(rule(Effect.PERMIT))), grants=grants).begin(seed("x"))

    assert ["x"] == contents(play.state, Key.SEEDS)


def test_a_refused_target_is_closed_for_its_agent_and_open_for_others() -> None:
    """Whatever the same agent says next about the same id is on record and goes no further."""
    policy = policy_of(rule(Effect.PERMIT), rule(Effect.FORBID, Key.STRATEGIES, "not-p", agent="p"))
    words = iter(["one", "two"])
    again = script(
        "p",
        lambda _: AgentEffect((fact(Key.STRATEGIES, "x", next(words)),)),
        when=lambda view: not view.contains(Key.STRATEGIES, seed("x").id),
        after=[Key.SEEDS, Key.SIGNALS],
    )
    more = proposes("more", fact(Key.SIGNALS, "s"), after=[Key.SEEDS])
    other = proposes("other", fact(Key.STRATEGIES, "x", "three"), after=[Key.SIGNALS])
    play = Play(engine_of(again, more, other, policy=policy)).begin(seed("a"))

    assert [("run/1/p/0", "not-p"), ("run/2/p/0", "refused-before")] == [
        (event.proposal, event.rule) for event in play.of(e.ProposalRefused)
    ]
    assert ["three"] == contents(play.state, Key.STRATEGIES)


# A closed target opens again for news, and for nothing else.


REJECTED = policy_of(rule(Effect.PERMIT), rule(Effect.ASK, Key.STRATEGIES))


def insisting(
    *reads: Key, agent: str = "p", also: Callable[[int], ProposedFact] | None = None
) -> Script:
    """Returns an agent that proposes one thing in each cycle, resting on all under ``reads``."""
    cycle = count()

    def insist(view: ContextView) -> AgentEffect:
        for key in reads:
            view.get(key)
        more = (also(next(cycle)),) if also else ()
        return AgentEffect((fact(Key.STRATEGIES, "x"), *more))

    return script(agent, insist, when=lambda view: not view.contains(Key.STRATEGIES, FactId("x")))


def reporter(most: int) -> Script:
    """Returns an agent that makes a signal in each of ``most`` cycles."""
    return script(
        "reporter",
        lambda view: AgentEffect((fact(Key.SIGNALS, f"news {view.count(Key.SIGNALS)}"),)),
        when=lambda view: view.count(Key.SIGNALS) < most,
    )


def rejecting(*agents: Script) -> Play:
    """Returns the run of ``agents`` in which a person rejects whatever is asked."""
    play = Play(engine_of(*agents, policy=REJECTED)).begin()
    while play.gates():
        play.answer(play.gates()[0], "reject").go()
    return play


def asked(play: Play) -> int:
    return len(play.of(e.GateOpened))


@pytest.mark.parametrize(("facts", "times"), [(0, 1), (1, 1), (2, 2)])
def test_a_refused_target_is_considered_again_when_it_rests_on_news(facts: int, times: int) -> None:
    """What stood before the answer is none; what another makes after it and the agent reads is."""
    assert times == asked(rejecting(insisting(Key.SIGNALS), reporter(facts)))


def test_what_is_considered_again_may_become_a_fact() -> None:
    """A policy that wants evidence refuses without, and permits with it."""
    policy = policy_of(rule(Effect.PERMIT), checks=["well-grounded"])

    def well_grounded(proposal: Draft, _: Context) -> CheckResult:
        enough = proposal.fact.key is not Key.STRATEGIES or bool(proposal.rests_on)
        return CheckResult("well-grounded", enough, "" if enough else "It rests on nothing.")

    engine = engine_of(
        insisting(Key.SIGNALS),
        reporter(1),
        policy=policy,
        checks={"well-grounded": well_grounded},
    )

    assert ["x"] == contents(Play(engine).begin().state, Key.STRATEGIES)


def nothing_new(cycle: int) -> ProposedFact:
    return fact(Key.SIGNALS, f"own {cycle}")


@pytest.mark.parametrize(
    "agents",
    [
        pytest.param((insisting(), reporter(5)), id="there is news, and it rests on none of it"),
        pytest.param((insisting(Key.SEEDS), reporter(5)), id="what it rests on is not new"),
        pytest.param((insisting(Key.SIGNALS, also=nothing_new),), id="it made the news itself"),
        pytest.param((insisting(Key.DIAGNOSTIC), reporter(5)), id="it is news of its refusal"),
    ],
)
def test_a_refused_target_stays_closed_without_news(agents: tuple[Script, ...]) -> None:
    """Nobody can open for themselves what was refused, nor by saying it again."""
    play = rejecting(proposes("early", seed("a")), *agents)

    assert 1 == asked(play)
    assert {"human", "refused-before"} == {one.rule for one in play.of(e.ProposalRefused)}


def test_a_fact_that_the_refused_proposal_named_before_it_stood_is_no_news() -> None:
    """It said that it rests on it, and was refused all the same."""
    resting = fact(Key.STRATEGIES, "x", rests_on=(FactId("news 0"),))
    again = script("p", lambda _: AgentEffect((resting,)), when=lambda v: v.count(Key.SIGNALS) < 3)
    play = Play(engine_of(again, reporter(3))).begin()

    assert [] == contents(play.state, Key.STRATEGIES)
    assert ["gate", "refused-before", "refused-before"] == [
        one.rule for one in play.of(e.ProposalRefused)
    ]


def test_agents_that_make_news_for_each_other_bother_nobody_without_end() -> None:
    """A target that was refused three times stays closed, and budgets end the rest."""
    play = rejecting(insisting(Key.SIGNALS), reporter(1000))

    assert (3, MOST_REFUSALS) == (asked(play), 3)
    assert isinstance(play.state.stop, CycleBudgetExhausted)


def test_a_check_that_is_missing_for_every_key_refuses_everything_and_ends() -> None:
    """Not even the diagnostics pass; each refusal is an event, and the run comes to its end."""
    policy = policy_of(rule(Effect.PERMIT), checks=["is-sound"])
    play = Play(engine_of(proposes("p", seed("x")), policy=policy)).begin(seed("a"))
    created = {event.draft.id for event in play.of(e.ProposalCreated)}

    assert (0, Converged()) == (play.state.context.count(), play.state.stop)
    assert created == set(play.state.refusals)
    assert {"gate"} == {event.rule for event in play.of(e.ProposalRefused)}


@pytest.mark.parametrize("content", ["x" * 100_001, "x" * 1_000_000])
def test_what_is_refused_for_its_length_is_quoted_in_part(content: str) -> None:
    """The diagnostic of an absurdly long statement is short."""
    play = Play(engine_of()).begin(seed("x", content))
    [diagnostic] = contents(play.state, Key.DIAGNOSTIC)

    assert len(diagnostic) <= LONGEST_DIAGNOSTIC
    assert "the limit is 100,000" in diagnostic


def test_what_was_refused_cannot_come_again_in_the_same_breath() -> None:
    """One agent, one cycle, one id: the second attempt is closed by the first."""
    agent = proposes("p", fact(Key.STRATEGIES, "x"), fact(Key.STRATEGIES, "x", "or else"))
    policy = policy_of(rule(Effect.PERMIT), rule(Effect.FORBID, Key.STRATEGIES, "no"))
    play = Play(engine_of(agent, policy=policy)).begin()

    assert ["no", "refused-before"] == [event.rule for event in play.of(e.ProposalRefused)]


def test_an_agent_cannot_take_the_place_of_a_diagnostic() -> None:
    """Squatting on the id that its failure will have leads to another id, and hides nothing."""

    def fail(_: ContextView) -> AgentEffect:
        raise RuntimeError("broken")

    squatter = proposes("squatter", seed("failed:broken:1"))
    play = Play(engine_of(squatter, script("broken", fail, after=[Key.SIGNALS])))
    play.begin(fact(Key.SIGNALS, "s"))

    assert ["failed:broken:1"] == contents(play.state, Key.SEEDS)
    assert ["failed:broken:1#2"] == [one.id for one in play.state.context.get(Key.DIAGNOSTIC)]


def test_two_agents_refused_for_the_same_words_share_one_diagnostic() -> None:
    """The diagnostic is named after what was refused; each refusal has its own event."""
    agents = (proposes("p", seed("x", " ")), proposes("q", seed("x", " ")))
    play = Play(engine_of(*agents)).begin()

    assert ({"run/1/p/0", "run/1/q/0"}, 1) == (
        {event.proposal for event in play.of(e.ProposalRefused) if event.rule == "gate"},
        play.state.context.count(Key.DIAGNOSTIC),
    )


def test_every_proposal_of_a_run_ends_somewhere() -> None:
    """Promoted, refused, or put to a person: the three add up to all that was suggested."""
    policy = policy_of(
        rule(Effect.PERMIT), rule(Effect.ASK, Key.STRATEGIES), rule(Effect.FORBID, Key.COMPETITORS)
    )
    everything = [fact(key, f"of {key}") for key in Key]
    play = Play(engine_of(proposes("p", *everything, seed("blank", " ")), policy=policy)).begin()
    created = [event.draft.id for event in play.of(e.ProposalCreated)]
    ended = [
        *play.state.promoted,
        *play.state.refusals,
        *(gate.request.proposal for gate in play.gates()),
    ]

    assert sorted(created) == sorted(ended)


@pytest.mark.parametrize(
    ("proposed", "said"),
    [
        (fact(Key.SEEDS, "x", structured={"f": 0.5}), r"structured\.f: float"),
        (ProposedFact(key=Key.SEEDS, id="a\nb", content="x"), r"U\+000A"),  # type: ignore[arg-type]
        (ProposedFact(key="Rumours", id="x", content="x"), "Rumours"),  # type: ignore[arg-type]
        (seed("x", "\ud800"), "surrogate"),
    ],
)
def test_input_that_cannot_be_recorded_starts_no_run(proposed: ProposedFact, said: str) -> None:
    """The caller hears of it as an error with the place, and nothing was changed."""
    play = Play(engine_of())

    with pytest.raises(ConvergeError, match=said):
        play.begin(proposed)
    assert [] == play.events
