"""Corrections are new facts beside the old; what is true now is a question of scope."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core import events as e
from converge_core.context import Context, Standpoint
from converge_core.correction import Correction, CorrectionReason, CorrectionScope, ScopeKind
from converge_core.fact import Fact
from converge_core.ids import FactId
from converge_core.key import ContextKey as Key
from converge_core.policy import Effect
from converge_core.proposal import ProposedFact
from tests.core.kit import (
    ALICE,
    BOB,
    CAROL,
    Play,
    contents,
    engine_of,
    fact,
    policy_of,
    proposes,
    rule,
    script,
)
from tests.core.test_votes import sound

SEES = Standpoint("acme", "run")
GLOBAL = CorrectionScope()
ACME = CorrectionScope(kind=ScopeKind.TENANT, name="acme")
THIS_RUN = CorrectionScope(kind=ScopeKind.SESSION, name="run")


def correcting(old: str, new: str, scope: CorrectionScope = GLOBAL, **more: Any) -> ProposedFact:
    """Returns a signal that takes the place of another."""
    corrects = Correction(
        supersedes=FactId(old),
        reason=CorrectionReason.DATA_ERROR,
        text="it was read wrong",
        scope=scope,
    )
    return fact(Key.SIGNALS, new, **{"corrects": corrects, **more})


def after(*corrections: ProposedFact, tenant: str = "acme", policy: Any = None) -> Play:
    """Returns a run in which signal ``a`` stands and is then corrected, one a cycle."""
    steps = [
        script(
            f"fixer {number}",
            lambda _, one=one: _effect(one),
            when=lambda view, one=one, number=number: (
                view.has(Key.SIGNALS)
                and not view.contains(one.key, one.id)
                and view.count(Key.SIGNALS) == number + 1
                and not view.has(Key.DIAGNOSTIC)
            ),
        )
        for number, one in enumerate(corrections)
    ]
    play = Play(engine_of(*steps, policy=policy or policy_of(rule(Effect.PERMIT))))
    play.tenant = tenant
    return play.enrol(ALICE, BOB, CAROL).begin(fact(Key.SIGNALS, "a", "61 %"))


def _effect(one: ProposedFact) -> Any:
    from converge_core.agent import AgentEffect

    return AgentEffect((one,))


def test_a_correction_is_a_new_fact_and_the_old_one_still_stands() -> None:
    """Nothing is changed; the record says what takes whose place, why, and for whom."""
    play = after(correcting("a", "b", content="81 %"))
    context = play.state.context
    old, new = context.find(FactId("a")), context.find(FactId("b"))
    assert old is not None
    assert new is not None

    assert ["61 %", "81 %"] == contents(play.state, Key.SIGNALS)
    assert (CorrectionReason.DATA_ERROR, "it was read wrong", "a") == (
        new.corrects.reason,  # type: ignore[union-attr]
        new.corrects.text,  # type: ignore[union-attr]
        new.corrects.supersedes,  # type: ignore[union-attr]
    )
    assert old.corrects is None
    assert old.id in new.rests_on
    sound(play)


def test_what_is_true_now_is_the_end_of_the_chain() -> None:
    """Of a correction, too, there can be one."""
    play = after(correcting("a", "b"), correcting("b", "c"), correcting("c", "d"))
    context = play.state.context

    for name in "abcd":
        current = context.current(FactId(name), SEES)
        assert current is not None
        assert "d" == current.id
    assert ["d"] == [one.id for one in context.truth(Key.SIGNALS, SEES)]
    assert None is context.current(FactId("nothing"), SEES)
    sound(play)


@pytest.mark.parametrize(
    ("scope", "seen_by"),
    [
        (GLOBAL, {"acme/run", "acme/other", "else/run", "/"}),
        (ACME, {"acme/run", "acme/other"}),
        (THIS_RUN, {"acme/run", "else/run"}),
    ],
)
def test_a_correction_holds_for_its_scope(scope: CorrectionScope, seen_by: set[str]) -> None:
    """For everybody, for one tenant, or for one run."""
    context = after(correcting("a", "b", scope)).state.context
    places = [Standpoint(t, r) for t in ("acme", "else", "") for r in ("run", "other", "")]

    sees = {
        f"{one.tenant}/{one.session}"
        for one in places
        if context.superseding(FactId("a"), one) is not None
    }
    assert seen_by <= sees
    assert all(scope.kind is ScopeKind.GLOBAL or scope.name in place.split("/") for place in sees)


@pytest.mark.parametrize(
    ("corrections", "problem", "says"),
    [
        ([correcting("zz", "b")], "fact-not-found", "There is no fact zz."),
        (
            [correcting("a", "b"), correcting("a", "c")],
            "already-superseded",
            "b has taken the place of a already; correct that.",
        ),
        (
            [correcting("a", "b", ACME), correcting("a", "c")],
            "already-superseded",
            "b has taken the place of a already",
        ),
        (
            [correcting("a", "b", CorrectionScope(kind=ScopeKind.TENANT, name="other"))],
            "scope-mismatch",
            "a stands under Signals; the correction is for Signals, tenant other",
        ),
        (
            [correcting("a", "b", CorrectionScope(kind=ScopeKind.SESSION, name="run-9"))],
            "scope-mismatch",
            "the correction is for Signals, session run-9",
        ),
        (
            [correcting("a", "b", CorrectionScope(kind=ScopeKind.TENANT))],
            "scope-mismatch",
            "the correction is for Signals, tenant",
        ),
        (
            [correcting("a", "b", THIS_RUN), correcting("b", "c")],
            "invalid-chain",
            "b holds for session run only; a correction of it cannot hold for global.",
        ),
    ],
)
def test_a_correction_that_cannot_stand_says_why(
    corrections: list[ProposedFact], problem: str, says: str
) -> None:
    """And leaves the context as it was, with a diagnostic."""
    play = after(*corrections)
    refusal = play.of(e.ProposalRefused)[-1]

    assert f"correction:{problem}" == refusal.rule
    assert says in refusal.reason
    sound(play)


def test_a_correction_under_another_key_is_none() -> None:
    """It would take a place that it does not stand in."""
    other = correcting("a", "b")
    moved = ProposedFact(key=Key.SEEDS, id=FactId("b"), content="b", corrects=other.corrects)

    assert "correction:scope-mismatch" == after(moved).of(e.ProposalRefused)[-1].rule


def test_what_the_engine_says_is_the_engines_to_say() -> None:
    """Nobody takes a diagnostic's place."""
    corrects = Correction(
        supersedes=FactId("failed:broken:1"),
        reason=CorrectionReason.MANUAL_OVERRIDE,
        text="it did not fail",
    )

    def fail(_: Any) -> Any:
        raise RuntimeError("no")

    denier = proposes(
        "denier",
        ProposedFact(key=Key.DIAGNOSTIC, id=FactId("d"), content="fine", corrects=corrects),
        after=[Key.DIAGNOSTIC],
    )
    policy = policy_of(rule(Effect.PERMIT))
    play = Play(engine_of(script("broken", fail, after=[Key.SIGNALS]), denier, policy=policy))
    play.begin(fact(Key.SIGNALS, "s"))

    assert "correction:not-authorized" in [one.rule for one in play.of(e.ProposalRefused)]


def test_what_a_person_approved_is_not_corrected_without_a_person() -> None:
    """Whatever the policy permits; the question names whose approval it is about."""
    policy = policy_of(
        rule(Effect.ASK, Key.SIGNALS, "ask-the-machine", agent="input"), rule(Effect.PERMIT)
    )
    play = after(correcting("a", "b"), policy=policy)
    play.answer(play.gates()[0], "approve", BOB).go()
    [gate] = play.gates()

    assert ("corrects-a-person", f"It corrects what {BOB.operator.id} approved.") == (
        gate.request.rule,
        gate.request.reason,
    )
    play.answer(gate, "approve", CAROL).go()
    assert ["b"] == [one.id for one in play.state.context.truth(Key.SIGNALS, SEES)]
    sound(play)


def test_a_run_that_goes_on_from_another_can_correct_its_facts() -> None:
    """The other run keeps what it came to."""
    first = after()
    engine = engine_of(policy=policy_of(rule(Effect.PERMIT)))
    second = first.continued(engine).begin(correcting("a", "b"))

    assert ["b"] == [one.id for one in second.state.context.truth(Key.SIGNALS, SEES)]
    assert ["a"] == [one.id for one in first.state.context.truth(Key.SIGNALS, SEES)]


# The law of chains.


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from([GLOBAL, ACME, THIS_RUN])), max_size=10)
)
def test_every_fact_has_one_truth_wherever_it_is_looked_at_from(
    steps: list[tuple[int, CorrectionScope]],
) -> None:
    """Whatever corrections are tried: chains are short of cycles, and never fork for one viewer."""
    names = ["a", *(f"c{number}" for number in range(len(steps)))]
    tried = [
        correcting(names[of % (number + 1)], names[number + 1], scope)
        for number, (of, scope) in enumerate(steps)
    ]
    play = Play(engine_of(proposes("fixer", *tried), policy=policy_of(rule(Effect.PERMIT))))
    play.tenant = "acme"
    context: Context = play.begin(fact(Key.SIGNALS, "a")).state.context
    for place in (SEES, Standpoint("acme", "x"), Standpoint("x", "run"), Standpoint()):
        for one in context.get(Key.SIGNALS):
            holders = [by for by in context.corrections_of(one.id) if place.sees(_scope(by))]
            assert len(holders) <= 1
            assert context.current(one.id, place) is not None


def _scope(by: Fact) -> CorrectionScope:
    assert by.corrects is not None
    return by.corrects.scope


def test_a_person_lays_a_correction_before_a_run_that_waits() -> None:
    """It waits its turn, and what people were asked about is asked anew on the new ground."""
    planner = script(
        "planner",
        lambda view: _effect(
            fact(Key.STRATEGIES, "plan", f"on {view.latest(Key.SIGNALS).content}")
        ),
        after=[Key.SIGNALS],
        when=lambda view: not view.contains(Key.STRATEGIES, FactId("plan")),
    )
    policy = policy_of(rule(Effect.PERMIT), rule(Effect.ASK, Key.STRATEGIES, "ask"))
    play = Play(engine_of(planner, policy=policy)).enrol(ALICE, BOB)
    play.begin(fact(Key.SIGNALS, "a", "61 %"))
    [gate] = play.gates()
    play.stage(correcting("a", "b", content="81 %"))
    assert ["61 %"] == contents(play.state, Key.SIGNALS)
    play.answer(gate, "approve").go()
    [again] = play.gates()

    assert [] == contents(play.state, Key.STRATEGIES)
    assert again.request.instead_of == gate.request.id
    assert [("a", "b")] == [(one.fact, one.superseded) for one in again.request.ground]
    sound(play)


def test_input_that_corrects_nothing_waits_for_the_next_cycle() -> None:
    """And wakes whom it concerns there, even where the run would have ended."""
    echo = script(
        "echo",
        lambda view: _effect(fact(Key.HYPOTHESES, f"on {view.latest(Key.SEEDS).id}")),
        after=[Key.SEEDS],
        when=lambda view: (
            view.has(Key.SEEDS)
            and not view.contains(Key.HYPOTHESES, FactId(f"on {view.latest(Key.SEEDS).id}"))
        ),
    )
    policy = policy_of(rule(Effect.PERMIT), rule(Effect.ASK, Key.STRATEGIES, "ask"))
    play = Play(engine_of(proposes("p", fact(Key.STRATEGIES, "s")), echo, policy=policy))
    play.enrol(ALICE).begin()
    play.stage(fact(Key.SEEDS, "late"))
    play.answer(play.gates()[0], "approve").go()

    assert ["late"] == contents(play.state, Key.SEEDS)
    assert ["on late"] == contents(play.state, Key.HYPOTHESES)
    sound(play)
