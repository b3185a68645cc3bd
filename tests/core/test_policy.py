"""The written policy: permit, forbid, or neither; and neither means that a person is asked."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from converge_core.authority import AuthorityGrant, AuthorityLevel
from converge_core.canonical import ContentHash
from converge_core.correction import Correction, CorrectionReason
from converge_core.engine import Engine
from converge_core.events import RunStarted
from converge_core.ids import AgentId, FactId, ProposalId
from converge_core.key import ContextKey
from converge_core.merge import Stakes
from converge_core.policy import (
    BASIC_CHECKS,
    Effect,
    PolicyDecision,
    PolicyRequest,
    Risk,
    Rule,
    RulePolicy,
    grant,
    of_both,
    policy_of_grants,
)
from converge_core.proposal import ContentKind, ProposedFact
from tests.core.kit import (
    Play,
    contents,
    drafted,
    engine_of,
    fact,
    policy_of,
    proposes,
    rule,
    seed,
)

WRONG = Correction(supersedes=FactId("y"), reason=CorrectionReason.MANUAL_OVERRIDE, text="wrong")
PERMIT, ASK, FORBID = rule(Effect.PERMIT), rule(Effect.ASK), rule(Effect.FORBID)


@pytest.mark.parametrize("rules", list(permutations([PERMIT, ASK, FORBID])))
def test_forbidding_wins_over_asking_and_asking_over_permitting(rules: tuple[Rule, ...]) -> None:
    """Precedence is by effect, wherever in the file a rule stands."""
    draft = drafted(seed("x"))

    assert Effect.FORBID is policy_of(*rules).decide(PolicyRequest(draft)).effect
    milder = [one for one in rules if one.effect is not Effect.FORBID]
    assert Effect.ASK is policy_of(*milder).decide(PolicyRequest(draft)).effect


def test_within_an_effect_the_first_fitting_rule_decides_and_is_named() -> None:
    """A decision says by which rule, why, and how much hangs on it."""
    policy = policy_of(
        rule(Effect.ASK, ContextKey.SIGNALS, "about signals"),
        rule(Effect.ASK, name="about all", risk=Risk.HIGH),
        rule(Effect.ASK, name="never reached"),
    )
    decision = policy.decide(PolicyRequest(drafted(seed("x"))))

    assert ("about all", "The test wants to ask.", Risk.HIGH) == (
        decision.rule,
        decision.reason,
        decision.risk,
    )


def test_what_no_rule_speaks_about_is_asked_at_high_risk() -> None:
    """Silence of the policy is never consent, and the inbox says that no rule spoke."""
    decision = policy_of(rule(Effect.PERMIT, ContextKey.SIGNALS)).decide(
        PolicyRequest(drafted(seed("x")))
    )

    assert (Effect.ASK, "no rule", Risk.HIGH) == (decision.effect, decision.rule, decision.risk)
    assert "No rule of the policy speaks about this" in decision.reason


@pytest.mark.parametrize(
    ("conditions", "proposed", "agent", "fits"),
    [
        ({}, seed("x"), "a", True),
        ({"key": ContextKey.SEEDS}, seed("x"), "a", True),
        ({"key": ContextKey.SIGNALS}, seed("x"), "a", False),
        ({"agent": "a"}, seed("x"), "a", True),
        ({"agent": "a"}, seed("x"), "b", False),
        (
            {"where": {"verdict": "hold"}},
            fact(ContextKey.SEEDS, "x", structured={"verdict": "hold", "more": 1}),
            "a",
            True,
        ),
        (
            {"where": {"verdict": "hold"}},
            fact(ContextKey.SEEDS, "x", structured={"verdict": "proceed"}),
            "a",
            False,
        ),
        ({"where": {"verdict": "hold"}}, seed("x"), "a", False),
        ({"confidence_below": 700}, fact(ContextKey.SEEDS, "x", confidence=699), "a", True),
        ({"confidence_below": 700}, fact(ContextKey.SEEDS, "x", confidence=700), "a", False),
        ({"confidence_below": 700}, seed("x"), "a", True),
        (
            {"key": ContextKey.SEEDS, "agent": "a", "confidence_below": 700},
            fact(ContextKey.SEEDS, "x", confidence=100),
            "b",
            False,
        ),
    ],
)
def test_a_rule_fits_where_all_its_conditions_hold(
    conditions: dict[str, object], proposed: ProposedFact, agent: str, fits: bool
) -> None:
    """Key, agent, content and confidence; a confidence not given is below every threshold."""
    one = rule(Effect.ASK, **{"name": "one", **conditions})  # type: ignore[arg-type]

    assert fits is one.fits(PolicyRequest(drafted(proposed, agent=agent)))


@given(
    st.lists(
        st.builds(
            rule,
            st.sampled_from(Effect),
            st.none() | st.sampled_from(ContextKey),
        ),
        max_size=6,
    ),
    st.sampled_from(ContextKey),
)
def test_a_policy_forbids_if_any_rule_does_and_permits_only_if_no_other_speaks(
    rules: list[Rule], key: ContextKey
) -> None:
    """The whole table of precedence, over any list of rules."""
    speaking = {one.effect for one in rules if one.key in {None, key}}
    expected = (
        Effect.FORBID
        if Effect.FORBID in speaking
        else Effect.PERMIT
        if speaking == {Effect.PERMIT}
        else Effect.ASK
    )

    assert expected is policy_of(*rules).decide(PolicyRequest(drafted(fact(key, "x")))).effect


def test_checks_for_every_key_come_before_those_for_one() -> None:
    """A key must pass what all must, and what is asked of it alone."""
    policy = RulePolicy(id="p", revision=1, rules=(), checks={"*": ("a",), "Signals": ("b", "c")})

    assert (("a", "b", "c"), ("a",)) == (
        policy.required_checks(ContextKey.SIGNALS),
        policy.required_checks(ContextKey.SEEDS),
    )


def test_the_order_in_which_check_lists_were_written_does_not_change_the_version() -> None:
    """The version hashes what decides and not how a file was laid out."""
    one = RulePolicy(id="p", revision=1, rules=(), checks={"*": ("a",), "Seeds": ("b",)})
    other = RulePolicy(id="p", revision=1, rules=(), checks={"Seeds": ("b",), "*": ("a",)})

    assert one.version == other.version


@pytest.mark.parametrize(
    ("grants", "permitted"),
    [
        ((), set()),
        ((grant("a"),), set()),
        ((grant("a", ContextKey.SEEDS),), {ContextKey.SEEDS}),
        (
            (grant("a", ContextKey.SEEDS), grant("b", ContextKey.SIGNALS, ContextKey.SEEDS)),
            {ContextKey.SEEDS, ContextKey.SIGNALS},
        ),
    ],
)
def test_without_a_policy_just_what_was_granted_is_permitted(
    grants: tuple[AuthorityGrant, ...], permitted: set[ContextKey]
) -> None:
    """All grants count, no grant is needed, and the basic checks apply to everything."""
    policy = policy_of_grants(grants)

    assert permitted == {
        key
        for key in ContextKey
        if policy.decide(PolicyRequest(drafted(fact(key, "x")))).effect is Effect.PERMIT
    }
    assert {BASIC_CHECKS} == {policy.required_checks(key) for key in ContextKey}


# What a rule may compare with, beside the proposal itself.


def asked(**about: Any) -> PolicyRequest:
    return PolicyRequest(drafted(fact(ContextKey.SEEDS, "x", kind=ContentKind.PLAN)), **about)


def correcting() -> PolicyRequest:
    return PolicyRequest(drafted(fact(ContextKey.SEEDS, "x", corrects=WRONG)))


Level = AuthorityLevel


@pytest.mark.parametrize(
    ("conditions", "request_", "fits"),
    [
        ({"kind": ContentKind.PLAN}, asked(), True),
        ({"kind": ContentKind.CLAIM}, asked(), False),
        ({"confidence_missing": True}, asked(), True),
        ({"confidence_missing": False}, asked(), False),
        ({"level_below": Level.SUPERVISORY}, asked(), True),
        ({"level_below": Level.SUPERVISORY}, asked(level=Level.SUPERVISORY), False),
        ({"level_below": Level.SOVEREIGN}, asked(level=Level.PARTICIPATORY), True),
        ({"amount_above": 50_000}, asked(amount=50_000), False),
        ({"amount_above": 50_000}, asked(amount=50_001), True),
        ({"amount_above": 50_000}, asked(), True),
        ({"amount_at_most": 10_000}, asked(amount=10_000), True),
        ({"amount_at_most": 10_000}, asked(amount=10_001), False),
        ({"amount_at_most": 10_000}, asked(), False),
        ({"graded": Risk.HIGH}, asked(risk=Risk.HIGH), True),
        ({"graded": Risk.HIGH}, asked(risk=Risk.LOW), False),
        ({"graded": Risk.HIGH}, asked(), False),
        ({"human_approved": True}, asked(human_approved=True), True),
        ({"human_approved": True}, asked(), False),
        ({"human_approved": False}, asked(), True),
        ({"corrects": True}, correcting(), True),
        ({"corrects": True}, asked(), False),
        ({"corrects": False}, asked(), True),
        ({"corrects": False}, correcting(), False),
    ],
)
def test_a_rule_may_compare_kind_level_amount_grading_approval_and_correction(
    conditions: dict[str, Any], request_: PolicyRequest, fits: bool
) -> None:
    """An amount nobody knows is above every threshold, and under none."""
    assert fits is rule(Effect.ASK, **{"name": "one", **conditions}).fits(request_)


SPENDING = policy_of(
    rule(
        Effect.FORBID, name="advisers do not spend", level_below=Level.SUPERVISORY, amount_above=0
    ),
    rule(Effect.FORBID, name="never more", amount_above=1_000_000),
    rule(Effect.ASK, name="a lot", amount_above=50_000, human_approved=False),
    rule(Effect.PERMIT, name="small change", amount_at_most=10_000),
)


@pytest.mark.parametrize(
    ("level", "amount", "approved", "effect", "named"),
    [
        (Level.ADVISORY, 0, False, Effect.PERMIT, "small change"),
        (Level.ADVISORY, 1, False, Effect.FORBID, "advisers do not spend"),
        (Level.ADVISORY, None, True, Effect.FORBID, "advisers do not spend"),
        (Level.SUPERVISORY, 10_000, False, Effect.PERMIT, "small change"),
        (Level.SUPERVISORY, 10_001, False, Effect.ASK, "no rule"),
        (Level.PARTICIPATORY, 50_001, False, Effect.ASK, "a lot"),
        (Level.SOVEREIGN, 1_000_001, True, Effect.FORBID, "never more"),
        (Level.SOVEREIGN, None, True, Effect.FORBID, "never more"),
    ],
)
def test_levels_and_amounts_decide_by_table(
    level: Level, amount: int | None, approved: bool, effect: Effect, named: str
) -> None:
    """Who may, how much, and when a person must; each decision names its rule."""
    decision = SPENDING.decide(asked(level=level, amount=amount, human_approved=approved))

    assert (effect, named) == (decision.effect, decision.rule)


@given(
    st.lists(
        st.builds(
            rule,
            st.sampled_from(Effect),
            st.none() | st.sampled_from([ContextKey.SEEDS, ContextKey.SIGNALS]),
            st.sampled_from(["one", "two", "three"]),
            kind=st.none() | st.sampled_from([ContentKind.PLAN, ContentKind.CLAIM]),
            level_below=st.none() | st.sampled_from(Level),
            amount_above=st.none() | st.integers(0, 2),
        ),
        max_size=6,
    ),
    st.sampled_from(Level),
    st.none() | st.integers(0, 3),
)
def test_a_compiled_policy_decides_as_its_rules_read_one_by_one(
    rules: list[Rule], level: Level, amount: int | None
) -> None:
    """Compiling is for speed alone."""
    request = asked(level=level, amount=amount)
    fitting = [
        one for effect in Effect for one in rules if one.effect is effect and one.fits(request)
    ]
    expected = (fitting[0].effect, fitting[0].name) if fitting else (Effect.ASK, "no rule")
    decision = policy_of(*rules).decide(request)

    assert expected == (decision.effect, decision.rule)


def test_the_engine_tells_the_policy_levels_and_stakes() -> None:
    """A level is given when an agent is registered, an amount is worked out by the pack."""
    engine = engine_of(
        policy=SPENDING, stakes=lambda draft, _: Stakes(amount=draft.fact.structured["n"])
    )
    engine.register(proposes("clerk", fact(ContextKey.SEEDS, "pens", structured={"n": 7})))
    engine.register(
        proposes("buyer", fact(ContextKey.SEEDS, "desks", structured={"n": 9000})),
        level=Level.SUPERVISORY,
    )
    play = Play(engine).begin()

    assert ["desks"] == contents(play.state, ContextKey.SEEDS)
    assert "advisers do not spend" == play.state.refusals[ProposalId("run/1/clerk/0")].rule


ADVISERS_ASK = policy_of(PERMIT, rule(Effect.ASK, name="ask", level_below=Level.SUPERVISORY))


def levelled(level: Level) -> Engine:
    """Returns an engine that asks about what an agent below supervisory proposes."""
    engine = engine_of(policy=ADVISERS_ASK)
    engine.register(proposes("p", seed("a")), level=level)
    return engine


@pytest.mark.parametrize(("level", "asked"), [(Level.ADVISORY, 1), (Level.SOVEREIGN, 0)])
def test_a_run_says_on_record_by_which_levels_it_was_decided(level: Level, asked: int) -> None:
    """In the order of its agents, and as the engine knows them, whatever it was begun with."""
    play = Play(levelled(level)).begin()
    [started] = play.of(RunStarted)

    assert ((AgentId("p"),), (level,)) == (started.agents, started.levels)
    assert asked == len(play.gates())


def test_a_run_keeps_the_levels_it_began_with() -> None:
    """Taken up by a program that knows its agents otherwise, it goes on by its own rules."""
    play = Play(levelled(Level.ADVISORY)).begin(go=False)
    play.engine = levelled(Level.SOVEREIGN)

    assert 1 == len(play.go().gates())


def test_a_run_of_before_levels_were_recorded_goes_on_by_those_of_the_program() -> None:
    """There is nothing else to go by."""
    play = Play(levelled(Level.SOVEREIGN)).begin(go=False)
    [(started, at)] = [one for one in play.recorded if isinstance(one[0], RunStarted)]
    taken_up = Play(play.engine)
    taken_up.record(replace(started, levels=()), at)
    for event, then in play.recorded[1:]:
        taken_up.record(event, then)

    assert [] == taken_up.go().gates()
    assert ["a"] == contents(taken_up.state, ContextKey.SEEDS)


def test_approval_does_not_lift_what_is_forbidden_all_the_same() -> None:
    """A rule that speaks of what a person approved is heard after the answer."""
    policy = policy_of(
        rule(Effect.ASK, name="ask", human_approved=False),
        rule(Effect.FORBID, name="not even then", human_approved=True),
    )
    play = Play(engine_of(proposes("p", seed("a")), policy=policy)).begin()
    play.answer(play.gates()[0], "approve").go()

    assert [] == contents(play.state, ContextKey.SEEDS)
    assert {"not even then"} == {one.rule for one in play.state.refusals.values()}


class Failing:
    """A policy that cannot decide."""

    version = ContentHash("0" * 64)

    def required_checks(self, key: ContextKey) -> tuple[str, ...]:
        del key
        return ()

    def decide(self, request: PolicyRequest) -> PolicyDecision:
        raise OSError("out of order")


def test_a_policy_that_fails_permits_nothing() -> None:
    """What nobody could decide about is refused, on record; the run goes on."""
    play = Play(engine_of(proposes("p", seed("a")), policy=Failing())).begin()
    refusal = play.state.refusals[ProposalId("run/1/p/0")]

    assert [] == contents(play.state, ContextKey.SEEDS)
    assert ("policy", "The policy could not decide: OSError.") == (refusal.rule, refusal.reason)


def test_a_check_that_fails_has_not_passed() -> None:
    """Nor has one that gives rubbish for an answer."""

    def broken(*_: object) -> Any:
        raise OSError("out of order")

    for check in (broken, lambda *_: "yes"):
        play = Play(
            engine_of(
                proposes("p", seed("a")),
                policy=policy_of(rule(Effect.PERMIT), checks=["odd"]),
                checks={"odd": check},
            )
        ).begin()
        assert [] == contents(play.state, ContextKey.SEEDS)
        refusal = play.state.refusals[ProposalId("run/1/p/0")]
        assert "odd: The check itself failed" in refusal.reason


def test_a_correction_falls_under_the_stricter_of_what_it_says_and_what_it_replaces() -> None:
    """Whoever rewords what takes two people to say cannot take it back alone."""
    low = policy_of(rule(Effect.PERMIT, risk=Risk.LOW)).decide(PolicyRequest(drafted(seed("x"))))
    medium, high = (
        policy_of(rule(Effect.ASK, name=risk.value, risk=risk)).decide(
            PolicyRequest(drafted(seed("x")))
        )
        for risk in (Risk.MEDIUM, Risk.HIGH)
    )
    never = policy_of(FORBID).decide(PolicyRequest(drafted(seed("x"))))

    assert [low, medium, high, never] == [of_both(new, low) for new in (low, medium, high, never)]
    assert [high, high, high, never] == [of_both(new, high) for new in (low, medium, high, never)]
    assert [low, medium, high, never] == [of_both(new, never) for new in (low, medium, high, never)]
