"""Rules about the whole context: a structural breach discards the merge that made it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from converge_core import events as e
from converge_core.agent import AgentEffect
from converge_core.context import Context
from converge_core.errors import InvalidConfiguration
from converge_core.invariant import Invariant, InvariantClass, Violation
from converge_core.key import ContextKey as Key
from converge_core.stop import Converged, InvariantViolated
from tests.core.kit import (
    ASK_STRATEGIES,
    Play,
    contents,
    engine_of,
    fact,
    proposes,
    script,
    seed,
)


def at_most(most: int, key: Key, invariant_class: InvariantClass) -> Invariant:
    def check(context: Context) -> Violation | None:
        standing = context.count(key)
        return Violation(f"{standing} stand under {key}.") if standing > most else None

    return Invariant(f"at-most-{most}", invariant_class, check)


STRUCTURAL, SEMANTIC, ACCEPTANCE = InvariantClass


def test_a_merge_that_breaks_a_structural_rule_is_discarded_whole() -> None:
    """None of its facts stays, not even those beside the violating one; a diagnostic says why."""
    engine = engine_of(
        proposes("p", seed("b"), fact(Key.SIGNALS, "beside")),
        invariants=[at_most(1, Key.SEEDS, STRUCTURAL)],
    )
    play = Play(engine).begin(seed("a"))

    assert (["a"], []) == (contents(play.state, Key.SEEDS), contents(play.state, Key.SIGNALS))
    assert ["at-most-1: 2 stand under Seeds."] == contents(play.state, Key.DIAGNOSTIC)
    assert play.state.context.get(Key.DIAGNOSTIC)[0].id.startswith("violation:at-most-1:")


def test_what_a_discarded_merge_drops_is_named() -> None:
    """Its proposals are on record with what became of them, and its gates never open."""
    engine = engine_of(
        proposes("p", seed("a"), fact(Key.STRATEGIES, "s")),
        policy=ASK_STRATEGIES,
        invariants=[at_most(0, Key.SEEDS, STRUCTURAL)],
    )
    play = Play(engine).begin()
    [discarded] = play.of(e.MergeDiscarded)

    assert ("run/1/p/0", "run/1/p/1") == discarded.proposals
    assert set(discarded.proposals) == set(play.state.refusals)
    assert [] == play.of(e.GateOpened)


def test_a_discarded_merge_keeps_who_failed_in_it() -> None:
    """A failure is not undone with the facts."""

    def fail(_: object) -> AgentEffect:
        raise RuntimeError("broken")

    engine = engine_of(
        script("broken", fail),
        proposes("p", seed("a")),
        invariants=[at_most(0, Key.SEEDS, STRUCTURAL)],
    )
    play = Play(engine).begin()

    assert ["RuntimeError: broken"] == [failure.reason for failure in play.state.failures]


@pytest.mark.parametrize("key", [Key.SEEDS, Key.DIAGNOSTIC])
def test_no_proposal_of_a_run_shares_its_id_with_another(key: Key) -> None:
    """The diagnostic of a discarded merge is no proposal of that merge."""

    def fail(_: object) -> AgentEffect:
        raise RuntimeError("broken")

    agents = [script("broken", fail), proposes("p", seed("a"))]
    engine = engine_of(
        *(agents if key is Key.SEEDS else agents[:1]), invariants=[at_most(0, key, STRUCTURAL)]
    )
    play = Play(engine).begin()
    named = [event.draft.id for event in play.of(e.ProposalCreated)]

    assert len(named) == len(set(named))
    assert not set(play.state.refusals) & set(play.state.promoted)


def test_what_people_decided_is_merged_under_the_same_rules() -> None:
    """A second merge that breaks a structural rule is discarded, and no answer takes effect."""
    engine = engine_of(
        proposes("p", *(fact(Key.STRATEGIES, name) for name in ("s1", "s2", "s3"))),
        policy=ASK_STRATEGIES,
        invariants=[at_most(1, Key.STRATEGIES, STRUCTURAL)],
    )
    play = Play(engine).begin()
    for gate, verdict in zip(play.gates(), ["approve", "reject", "approve"], strict=True):
        play.answer(gate, verdict)
    play.go()
    [discarded] = play.of(e.MergeDiscarded)

    assert [] == contents(play.state, Key.STRATEGIES)
    assert {"run/1/p/0", "run/1/p/1", "run/1/p/2"} <= set(discarded.proposals)
    assert {"the run was stopped before the answer took effect"} == {
        gate.withdrawn for gate in play.state.gates.values()
    }
    assert "structural" == getattr(play.state.stop, "invariant_class", "")


def test_a_semantic_rule_is_checked_after_each_cycle() -> None:
    """The facts stay, because they were made; the run does not go on from there."""
    later = proposes("later", fact(Key.SIGNALS, "never"), after=[Key.SEEDS])
    engine = engine_of(
        proposes("p", seed("a")), later, invariants=[at_most(0, Key.SEEDS, SEMANTIC)]
    )
    play = Play(engine).begin()

    assert (["a"], 1, 0) == (contents(play.state, Key.SEEDS), play.state.cycle, later.executed)


def test_a_semantic_rule_is_checked_at_the_fixed_point_too() -> None:
    """A rule that something must stand is broken by a run in which nothing ever happens."""
    needs = Invariant(
        "a-seed", SEMANTIC, lambda c: None if c.has(Key.SEEDS) else Violation("There is none.")
    )

    assert isinstance(Play(engine_of(invariants=[needs])).begin().state.stop, InvariantViolated)
    assert Converged() == Play(engine_of(invariants=[needs])).begin(seed("a")).state.stop


def test_a_semantic_rule_counts_what_only_diagnostics_changed() -> None:
    """The cycle in which an agent fails may be the last, and is judged like any other."""

    def fail(_: object) -> AgentEffect:
        raise RuntimeError("broken")

    engine = engine_of(script("broken", fail), invariants=[at_most(0, Key.DIAGNOSTIC, SEMANTIC)])

    assert isinstance(Play(engine).begin().state.stop, InvariantViolated)


def test_an_acceptance_rule_is_checked_at_the_fixed_point_only() -> None:
    """On the way the context may break it."""
    repaired = Invariant(
        "answered",
        ACCEPTANCE,
        lambda c: Violation("No answer.") if c.has(Key.SEEDS) and not c.has(Key.SIGNALS) else None,
    )
    answer = proposes("answer", fact(Key.SIGNALS, "s"), after=[Key.SEEDS])

    assert Converged() == Play(engine_of(answer, invariants=[repaired])).begin(seed("a")).state.stop
    assert isinstance(
        Play(engine_of(invariants=[repaired])).begin(seed("a")).state.stop, InvariantViolated
    )


@pytest.mark.parametrize("order", [lambda rules: rules, reversed])
def test_the_first_rule_broken_is_the_one_named(
    order: Callable[[list[Invariant]], list[Invariant]],
) -> None:
    """Rules are checked in the order in which the engine was given them."""
    rules = list(order([at_most(0, Key.SEEDS, STRUCTURAL), at_most(1, Key.SEEDS, STRUCTURAL)]))
    play = Play(engine_of(proposes("p", seed("a"), seed("b")), invariants=rules)).begin()

    assert rules[0].name == getattr(play.state.stop, "name", "")


@pytest.mark.parametrize("name", ["", "two\nlines", "x" * 65])
def test_a_rule_whose_name_cannot_be_written_is_refused_at_once(name: str) -> None:
    """The diagnostic of its breach is named after it, and that must not fail when it matters."""
    with pytest.raises(InvalidConfiguration):
        engine_of(invariants=[Invariant(name, STRUCTURAL, lambda _: None)])
