"""A policy whose terms nobody could meet, or which approve by accident, cannot be saved."""

from __future__ import annotations

import pytest

from converge_core.policy import Effect, Rule, RulePolicy, why_unfit_policy
from converge_core.quorum import Quorum, QuorumRule
from converge_core.terms import OnTimeout, ReviewTerms, why_unfit

HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("terms", "high_risk", "reason"),
    [
        (ReviewTerms(), True, ""),
        (
            ReviewTerms(quorum=Quorum(count=3), roster=("a", "b")),
            False,
            "3 approvals are asked for, and the roster has 2",
        ),
        (ReviewTerms(roster=("a", "b", "a")), False, "a is on the roster twice"),
        (
            ReviewTerms(quorum=Quorum(count=2), roster=("a", "b"), self_approval=True),
            False,
            "nobody may approve their own proposal where more than one person is asked",
        ),
        (
            ReviewTerms(self_approval=True),
            True,
            "nobody may approve their own proposal where the risk is high",
        ),
        (ReviewTerms(self_approval=True), False, ""),
        (
            ReviewTerms(on_timeout=OnTimeout.APPROVE),
            False,
            "what happens at a deadline needs a deadline",
        ),
        (ReviewTerms(extensions=1, extension_us=HOUR), False, "what happens at a deadline needs"),
        (ReviewTerms(deadline_us=0), False, "a deadline of nothing closes the gate"),
        (
            ReviewTerms(deadline_us=HOUR, on_timeout=OnTimeout.APPROVE, timeout_words=" "),
            False,
            "silence approves only where timeout_words say so in a sentence",
        ),
        (
            ReviewTerms(
                deadline_us=HOUR, on_timeout=OnTimeout.APPROVE, timeout_words="Silence is consent."
            ),
            False,
            "",
        ),
        (
            ReviewTerms(
                deadline_us=HOUR, on_timeout=OnTimeout.APPROVE, timeout_words="Silence is consent."
            ),
            True,
            "silence never approves where the risk is high",
        ),
        (
            ReviewTerms(deadline_us=HOUR, on_timeout=OnTimeout.ESCALATE),
            False,
            "escalation names nobody",
        ),
        (
            ReviewTerms(
                quorum=Quorum(rule=QuorumRule.COUNT, count=2),
                roster=("a", "b"),
                deadline_us=HOUR,
                on_timeout=OnTimeout.ESCALATE,
                escalate_to=("c",),
            ),
            False,
            "after escalation 2 approvals are asked for, and the roster has 1",
        ),
        (
            ReviewTerms(deadline_us=HOUR, extensions=1),
            False,
            "an extension of nothing extends nothing",
        ),
        (ReviewTerms(deadline_us=HOUR, extensions=2, extension_us=HOUR), True, ""),
    ],
)
def test_terms_that_cannot_work_say_why(terms: ReviewTerms, high_risk: bool, reason: str) -> None:
    """When the policy is saved, and not when somebody waits."""
    said = why_unfit(terms, high_risk=high_risk)

    assert said.startswith(reason)
    assert bool(said) is bool(reason)


def ask(name: str, **more: object) -> Rule:
    return Rule(name=name, effect=Effect.ASK, reason="A person decides.", **more)  # type: ignore[arg-type]


def test_a_policy_names_the_rule_whose_terms_cannot_work() -> None:
    """And terms beside a rule that asks nobody are a slip."""
    sound = ask("sound", review=ReviewTerms())
    broken = ask("broken", review=ReviewTerms(roster=("a", "a")))
    idle = Rule(name="idle", effect=Effect.PERMIT, reason="", review=ReviewTerms())

    assert "" == why_unfit_policy([sound, ask("plain")])
    assert "broken: a is on the roster twice" == why_unfit_policy([sound, broken])
    assert "idle: only a rule that asks has terms of review" == why_unfit_policy([idle])


def test_the_version_of_a_policy_covers_its_terms() -> None:
    """Whoever changes who decides changes the policy."""

    def version(*rules: Rule) -> str:
        return RulePolicy(id="p", revision=1, rules=rules, checks={}).version

    assert version(ask("a")) != version(ask("a", review=ReviewTerms()))
    assert version(ask("a", review=ReviewTerms())) != version(
        ask("a", review=ReviewTerms(refinements=1))
    )
