"""The written policy: permit, forbid, or neither; and neither means that a person is asked."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.authority import AuthorityGrant
from converge_core.key import ContextKey
from converge_core.policy import (
    BASIC_CHECKS,
    Effect,
    PolicyRequest,
    Risk,
    Rule,
    RulePolicy,
    grant,
    policy_of_grants,
)
from converge_core.proposal import ProposedFact
from tests.core.kit import drafted, fact, policy_of, rule, seed

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
