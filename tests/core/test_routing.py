"""Which model may be asked: what is confidential or of high risk stays on this machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.authority import AuthorityLevel
from converge_core.key import ContextKey
from converge_core.policy import (
    UNDECIDED,
    Effect,
    PolicyRequest,
    Risk,
    Rule,
    RulePolicy,
    policy_of_grants,
)
from converge_core.record import read
from converge_core.routing import (
    DataClass,
    Destination,
    Reach,
    RoutingPolicy,
    classification_of,
    risk_of,
    route,
)
from tests.core.kit import EVERYTHING, drafted, fact, policy_of, rule

LAB = Destination("the lab's server")
HERE = Destination("nano", Reach.LOCAL)
OPEN = RoutingPolicy(most_confidential=DataClass.CONFIDENTIAL, highest_risk=Risk.HIGH)
"""The policy that lets as much leave as one can say."""

said = st.sampled_from([None, *DataClass, "Public", "secret", ""])
risks = st.sampled_from([None, *Risk, "critical"])
policies = st.builds(
    RoutingPolicy,
    most_confidential=st.sampled_from([None, *DataClass]),
    highest_risk=st.sampled_from([None, *Risk]),
)


@given(policies, said, risks)
def test_what_is_confidential_or_of_high_risk_never_leaves(
    policy: RoutingPolicy, classification: str | None, risk: str | None
) -> None:
    """Whatever the policy says, and whatever word or silence stands for either."""
    worst = classification not in {"public", "internal"} or risk not in {"low", "medium"}

    assert not worst or route(policy, classification, risk, LAB)


@given(policies, said, risks)
def test_what_leaves_is_within_both_limits_of_the_policy(
    policy: RoutingPolicy, classification: str | None, risk: str | None
) -> None:
    """One limit never makes up for the other; a limit that is not set lets nothing leave."""
    if route(policy, classification, risk, LAB):
        return
    data, hangs = list(DataClass), list(Risk)

    assert policy.most_confidential is not None
    assert policy.highest_risk is not None
    assert data.index(DataClass(str(classification))) <= data.index(policy.most_confidential)
    assert hangs.index(Risk(str(risk))) <= hangs.index(policy.highest_risk)


@given(policies, said, risks)
def test_a_model_on_this_machine_may_always_be_asked(
    policy: RoutingPolicy, classification: str | None, risk: str | None
) -> None:
    """Nothing leaves, so there is nothing to keep back."""
    assert route(policy, classification, risk, HERE) is None


def test_nothing_leaves_unless_a_policy_says_so() -> None:
    """The policy that nobody wrote lets not even public data of low risk go."""
    assert route(RoutingPolicy(), "public", "low", LAB)
    assert route(read(RoutingPolicy, {}), "public", "low", LAB)


def test_what_the_policy_lets_go_may_go() -> None:
    """Up to the class and the risk it names, and including them."""
    policy = RoutingPolicy(most_confidential=DataClass.INTERNAL, highest_risk=Risk.MEDIUM)

    assert route(policy, "internal", "medium", LAB) is None
    assert route(policy, "public", "low", LAB) is None


def test_a_backend_that_does_not_say_where_it_computes_is_elsewhere() -> None:
    """Forgetting to say so must not let anything out."""
    assert Reach.REMOTE is Destination("somebody").reach


PUBLIC_LOW = RoutingPolicy(most_confidential=DataClass.PUBLIC, highest_risk=Risk.LOW)


@pytest.mark.parametrize(
    ("policy", "classification", "risk", "said", "remedy"),
    [
        (OPEN, "confidential", "low", "confidential data never leaves", "machine."),
        (OPEN, None, "low", "nobody says how confidential", "the pack classify the data."),
        (OPEN, "secret", "low", "nobody says how confidential", "the pack classify the data."),
        (
            PUBLIC_LOW,
            "internal",
            "low",
            "data that is at most public leave",
            "internal data leave.",
        ),
        (RoutingPolicy(), "public", "low", "lets no data leave", "let public data leave."),
        (OPEN, "public", "high", "nothing of high risk leaves", "machine."),
        (OPEN, "public", None, "nobody says how much hangs on", "the policy say its risk."),
        (PUBLIC_LOW, "public", "medium", "what has at most low risk leave", "medium risk leave."),
        (
            RoutingPolicy(most_confidential=DataClass.PUBLIC),
            "public",
            "low",
            "lets nothing leave",
            "let low risk leave.",
        ),
    ],
)
def test_a_refusal_names_who_why_and_the_remedy(
    policy: RoutingPolicy, classification: str | None, risk: str | None, said: str, remedy: str
) -> None:
    """A person reads one sentence and knows what to change."""
    refused = route(policy, classification, risk, LAB)

    assert refused
    assert "the lab's server" == refused.backend
    assert refused.sentence.startswith("“the lab's server” was not asked: ")
    assert said in refused.sentence
    assert "Choose a model that runs on this machine" in refused.sentence
    assert refused.sentence.endswith(remedy)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), DataClass.CONFIDENTIAL),
        ((None, None), DataClass.CONFIDENTIAL),
        (("public", None), DataClass.PUBLIC),
        (("public", "internal"), DataClass.INTERNAL),
        (("confidential", "public"), DataClass.CONFIDENTIAL),
        (("public", "pubic"), DataClass.CONFIDENTIAL),
    ],
)
def test_the_strictest_of_policy_and_pack_holds(
    words: tuple[str | None, ...], found: DataClass
) -> None:
    """Silence of both, and a word nobody knows, count as confidential."""
    assert found is classification_of(*words)


KEYS = (ContextKey.SEEDS, ContextKey.STRATEGIES)
AGENTS = ("author", "other")
rules = st.builds(
    Rule,
    name=st.just("rule"),
    effect=st.sampled_from(Effect),
    reason=st.just("The test wants it."),
    key=st.sampled_from([None, *KEYS]),
    agent=st.sampled_from([None, *AGENTS]),
    where=st.sampled_from([{}, {"verdict": "hold"}]),
    amount_above=st.sampled_from([None, 10]),
    level_below=st.sampled_from([None, AuthorityLevel.SUPERVISORY]),
    risk=st.sampled_from(Risk),
)


@given(
    st.lists(rules, max_size=5),
    st.sampled_from(KEYS),
    st.sampled_from(AGENTS),
    st.sampled_from([None, 5, 50]),
    st.booleans(),
)
def test_no_proposal_is_decided_at_a_higher_risk_than_was_foreseen(
    listed: list[Rule], key: ContextKey, agent: str, amount: int | None, holds: bool
) -> None:
    """What a model elsewhere was asked for never turns out to be riskier than routing assumed."""
    policy = policy_of(*listed)
    proposed = fact(key, "x", structured={"verdict": "hold"} if holds else {})
    decision = policy.decide(PolicyRequest(drafted(proposed, agent=agent), amount=amount))
    order = list(Risk).index

    assert order(decision.risk) <= order(risk_of(policy, key, agent))
    assert order(risk_of(policy, key, agent)) <= order(risk_of(policy, key))


@pytest.mark.parametrize(
    ("listed", "agent", "risk"),
    [
        ((), None, UNDECIDED.risk),
        ((rule(Effect.PERMIT, risk=Risk.LOW),), None, Risk.LOW),
        ((rule(Effect.PERMIT, ContextKey.SEEDS, risk=Risk.LOW),), None, Risk.LOW),
        ((rule(Effect.PERMIT, ContextKey.SIGNALS, risk=Risk.LOW),), None, UNDECIDED.risk),
        ((rule(Effect.PERMIT, risk=Risk.LOW, confidence_below=1),), None, UNDECIDED.risk),
        ((rule(Effect.PERMIT, risk=Risk.LOW, agent="author"),), None, UNDECIDED.risk),
        ((rule(Effect.PERMIT, risk=Risk.LOW, agent="author"),), "author", Risk.LOW),
        ((rule(Effect.PERMIT, risk=Risk.LOW, agent="other"),), "author", UNDECIDED.risk),
        (
            (
                rule(Effect.PERMIT, risk=Risk.LOW),
                rule(Effect.ASK, risk=Risk.MEDIUM, amount_above=1),
            ),
            None,
            Risk.MEDIUM,
        ),
        (
            (rule(Effect.PERMIT, risk=Risk.LOW), rule(Effect.ASK, risk=Risk.HIGH, agent="other")),
            "author",
            Risk.LOW,
        ),
    ],
)
def test_the_risk_of_a_key_is_the_highest_any_rule_may_give(
    listed: tuple[Rule, ...], agent: str | None, risk: Risk
) -> None:
    """And where no rule may fit, it is what the policy's silence counts as."""
    policy = RulePolicy(id="test", revision=1, rules=listed, checks={})

    assert risk is risk_of(policy, ContextKey.SEEDS, agent)


def test_what_is_granted_outright_is_of_low_risk() -> None:
    """The policy of a grant permits its keys, so a model elsewhere may be asked for them."""
    assert Risk.LOW is risk_of(policy_of_grants((EVERYTHING,)), ContextKey.HYPOTHESES)
