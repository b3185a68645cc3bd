"""Hard limits bind at the gate, whatever a model says."""

from __future__ import annotations

from typing import Any

import pytest

from converge_core.authority import Actor, ActorKind
from converge_core.context import Context
from converge_core.engine import Engine
from converge_core.ids import AgentId, FactId, RunId, proposal_id
from converge_core.key import ContextKey
from converge_core.policy import Effect, PolicyRequest, grant
from converge_core.proposal import Draft, ProposedFact, draft
from converge_desktop import paths
from converge_desktop.adapters.packs.pack import Pack, load_pack
from converge_desktop.runtime.pack_engine import pack_checks


@pytest.fixture
def pack() -> Pack:
    return load_pack(paths.packs() / "release-readiness")


def signal(metric: str, value: int | None, places: int = 0, unit: str = "") -> ProposedFact:
    about = {"metric": metric, "label": metric, "value": value, "places": places, "unit": unit}
    return ProposedFact(key=ContextKey.SIGNALS, id=FactId(metric), content=metric, structured=about)


def context_with(*signals: ProposedFact) -> Context:
    """Returns a context in which these signals stand, made by an engine as always."""
    staged = Context()
    for one in signals:
        staged.add_input(one)
    return Engine().run(staged, authority=grant("test", ContextKey.SIGNALS)).context


def strategy(verdict: str, *steps: str, grounds: tuple[str, ...] = ()) -> Draft:
    about: dict[str, Any] = {
        "verdict": verdict,
        "steps": [{"do": step, "for": list(grounds)} for step in steps],
    }
    fact = ProposedFact(
        key=ContextKey.STRATEGIES, id=FactId("strategy"), content=verdict, structured=about
    )
    author = Actor(kind=ActorKind.AGENT, id="planning")
    agent = AgentId("planning")
    return draft(proposal_id(RunId("run"), 3, agent, 0), author, agent, 3, fact)


@pytest.mark.parametrize("verdict", ["proceed", "conditions"])
@pytest.mark.parametrize(("failed", "passed"), [(0, True), (1, False), (None, False)])
def test_a_release_is_refused_while_a_test_fails_or_nobody_knows(
    pack: Pack, verdict: str, failed: int | None, passed: bool
) -> None:
    """One failing test refuses both permissive verdicts; so does an unknown number."""
    context = context_with(signal("tests.failed", failed))

    result = pack_checks(pack)["no-failing-test"](strategy(verdict, "release.tag"), context)

    assert passed == result.passed


@pytest.mark.parametrize(("permille", "passed"), [(749, False), (750, True), (751, True)])
def test_the_coverage_floor_binds_to_the_tenth_of_a_percent(
    pack: Pack, permille: int, passed: bool
) -> None:
    """One unit beside the floor decides, on the right side of it."""
    context = context_with(signal("coverage.line", permille, 1, "%"))

    result = pack_checks(pack)["coverage-floor"](strategy("proceed", "release.tag"), context)

    assert passed == result.passed
    assert passed or "at least 75.0 %" in result.reason


def test_a_hold_passes_the_limits_it_respects(pack: Pack) -> None:
    """Nothing is refused for being careful."""
    context = context_with(signal("tests.failed", 9), signal("coverage.line", 0, 1, "%"))
    held = strategy("hold", "tests.fix")

    assert all(
        pack_checks(pack)[name](held, context).passed
        for name in ("no-failing-test", "coverage-floor")
    )


def test_a_plan_may_name_declared_capabilities_and_standing_facts_only(pack: Pack) -> None:
    """An invented capability, no step at all, or a step for nothing is refused."""
    context = context_with(signal("tests.failed", 1))
    checks = pack_checks(pack)

    assert not checks["capabilities-declared"](strategy("hold", "tests.delete"), context).passed
    assert not checks["capabilities-declared"](strategy("hold"), context).passed
    assert checks["capabilities-declared"](strategy("hold", "tests.fix"), context).passed
    grounded = strategy("hold", "tests.fix", grounds=("tests.failed",))
    invented = strategy("hold", "tests.fix", grounds=("tests.passed",))
    assert checks["steps-grounded"](grounded, context).passed
    assert not checks["steps-grounded"](invented, context).passed


@pytest.mark.parametrize("verdict", ["proceed", "conditions", "hold", "shrug"])
def test_every_strategy_asks_a_human(pack: Pack, verdict: str) -> None:
    """No verdict, declared or not, is promoted by the policy alone; releasing is high risk."""
    decision = pack.policy.decide(PolicyRequest(strategy(verdict, "tests.fix")))

    assert Effect.ASK is decision.effect
    assert ("medium" if verdict == "hold" else "high") == decision.risk.value


def test_the_policy_requires_no_check_that_nobody_provides(pack: Pack) -> None:
    """A name in the policy without a check would refuse everything."""
    from converge_core.checks import BASIC

    required = {name for names in pack.policy.checks.values() for name in names}

    assert required <= {*BASIC, *pack_checks(pack)}
