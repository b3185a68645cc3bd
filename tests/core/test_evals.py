"""Evals measure and invariants bind: results are facts, and a rule may ask for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core import (
    AgentEffect,
    Context,
    ContextKey,
    ContextView,
    Engine,
    Eval,
    EvalAgent,
    EvalOutcome,
    EvalRegistry,
    EvalResult,
    ReactOnceAgent,
    SeedAgent,
    requires,
)
from converge_core import events as e
from converge_core.canonical import canonical_record, parse
from converge_core.errors import InvalidConfiguration, InvalidValue
from converge_core.ids import AgentId, FactId
from converge_core.invariant import InvariantClass
from converge_core.policy import Effect
from converge_core.proposal import ContentKind
from converge_core.record import read
from converge_core.stop import Converged, InvariantViolated
from tests.core.kit import (
    EVERYTHING,
    Play,
    Script,
    contents,
    engine_of,
    fact,
    policy_of,
    proposes,
    rule,
    script,
    seed,
)

Key = ContextKey
PASS, FAIL, INDETERMINATE = EvalOutcome


class Counted:
    """An eval that passes from ``enough`` signals on, and counts how often it was asked."""

    def __init__(self, enough: int = 2, name: str = "signals") -> None:
        self.asked = 0
        self.enough = enough
        self.eval = Eval(name, "There are enough signals.", (Key.SIGNALS,), self._measure)

    def _measure(self, view: ContextView) -> EvalResult:
        self.asked += 1
        signals = view.get(Key.SIGNALS)
        return EvalResult(
            eval=self.eval.name,
            outcome=PASS if len(signals) >= self.enough else FAIL,
            rationale=f"There are {len(signals)} of {self.enough}.",
            score=min(1000, 1000 * len(signals) // self.enough),
            facts=tuple(one.id for one in signals),
        )


def constant(name: str, *keys: Key, outcome: EvalOutcome = PASS) -> Eval:
    """Returns an eval that depends on ``keys`` and always says the same."""
    result = EvalResult(eval=name, outcome=outcome, rationale="It is so.")
    return Eval(name, "The same.", keys, lambda _: result)


def broken(does: Callable[[ContextView], Any], *keys: Key) -> Eval:
    return Eval("broken", "It does not work.", keys or (Key.SIGNALS,), does)


def in_cycle(cycle: int, *facts: Any) -> Script:
    """Returns an agent that proposes ``facts`` in one cycle, told by the ticks in the context."""
    return script(
        f"in cycle {cycle}",
        lambda _: AgentEffect(facts),
        when=lambda view: view.count(Key.SEEDS) == cycle,
    )


def ticking(cycles: int) -> Script:
    """Returns an agent that adds a seed in the first ``cycles``, so that a run goes on."""
    return script(
        "tick",
        lambda view: AgentEffect((seed(f"tick-{view.count(Key.SEEDS)}"),)),
        when=lambda view: view.count(Key.SEEDS) <= cycles,
    )


def evaluations(play: Play) -> list[Any]:
    return list(play.state.context.get(Key.EVALUATIONS))


def signal(name: str) -> Any:
    return fact(Key.SIGNALS, name)


# A result is a fact.


def test_what_an_eval_says_becomes_a_fact_by_the_ordinary_gate() -> None:
    """Under Evaluations, by the eval's own agent, resting on the facts it judged by."""
    play = Play(engine_of(EvalAgent(Counted().eval))).begin(signal("a"))
    [made] = evaluations(play)

    assert ("eval:signals", "eval:signals") == (made.id, made.record.agent)
    assert ContentKind.EVALUATION is made.kind
    assert "signals: fail, 500 of 1000. There are 1 of 2." == made.content
    assert (FactId("a"),) == made.rests_on
    assert ("content-present", "confidence-in-range", "ground-exists") == (
        made.promotion.validation_summary.checks_passed
    )


def test_the_fact_holds_the_result_for_machines() -> None:
    """It is read back as it was."""
    play = Play(engine_of(EvalAgent(Counted().eval))).begin(signal("a"))

    assert EvalResult(
        eval="signals",
        outcome=FAIL,
        rationale="There are 1 of 2.",
        score=500,
        facts=(FactId("a"),),
    ) == read(EvalResult, evaluations(play)[0].structured)


def test_a_policy_decides_about_an_evaluation_as_about_any_proposal() -> None:
    """An eval has no authority of its own."""
    policy = policy_of(rule(Effect.PERMIT), rule(Effect.ASK, Key.EVALUATIONS))
    play = Play(engine_of(EvalAgent(Counted().eval), policy=policy)).begin(signal("a"))

    assert [] == evaluations(play)
    [gate] = play.gates()
    play.answer(gate, "approve").go()
    assert ["eval:signals"] == [one.id for one in evaluations(play)]


def test_a_result_cannot_rest_on_facts_that_do_not_exist() -> None:
    """The gate refuses it."""
    lie = EvalResult(eval="broken", outcome=PASS, rationale="So.", facts=(FactId("nowhere"),))
    play = Play(engine_of(EvalAgent(broken(lambda _: lie)))).begin(signal("a"))

    assert [] == evaluations(play)
    assert ["gate"] == [refusal.rule for refusal in play.state.refusals.values()]


# When an eval is measured.


def test_an_eval_runs_again_after_its_dependency_changed_and_not_otherwise() -> None:
    """Over the whole of :meth:`Engine.run`: twice in a run of many cycles."""
    counted = Counted(enough=2)
    engine = Engine()
    for agent in [ticking(5), in_cycle(1, signal("a")), in_cycle(4, signal("b"))]:
        engine.register(agent)
    engine.register(EvalAgent(counted.eval))
    happened: list[e.Event] = []
    result = engine.run(Context(), authority=EVERYTHING, on_event=happened.append)

    measured = [
        event.cycle
        for event in happened
        if isinstance(event, e.CycleStarted) and "eval:signals" in event.eligible
    ]
    assert (True, 7) == (result.converged, result.cycles)
    assert [3, 6] == measured
    assert 2 == counted.asked
    assert [500, 1000] == [one.structured["score"] for one in result.context.get(Key.EVALUATIONS)]


def test_a_later_result_is_a_new_fact_named_by_its_hash() -> None:
    """The first bears the eval's name; none replaces another."""
    engine = engine_of(
        ticking(3),
        in_cycle(1, signal("b")),
        EvalAgent(Counted().eval),
    )
    play = Play(engine).begin(signal("a"))
    first, second = evaluations(play)

    assert "eval:signals" == first.id
    assert re.fullmatch("eval:signals:[0-9a-f]{8}", second.id)
    assert (FAIL, PASS) == (first.structured["outcome"], second.structured["outcome"])


def test_a_result_does_not_rest_on_the_results_before_it() -> None:
    """Nor on those of other evals: looking up one's last word is not evidence."""
    engine = engine_of(
        ticking(3),
        in_cycle(1, signal("b")),
        EvalAgent(constant("other", Key.SIGNALS)),
        EvalAgent(Counted().eval),
    )
    play = Play(engine).begin(signal("a"))

    assert (FactId("a"), FactId("b")) == evaluations(play)[-1].rests_on


def test_an_unchanged_result_proposes_nothing_and_the_run_ends() -> None:
    """It was measured again, which is on record, and there was nothing to say."""
    engine = engine_of(ticking(3), in_cycle(1, signal("b")), EvalAgent(constant("x", Key.SIGNALS)))
    play = Play(engine).begin(signal("a"))
    eligible = [cycle for cycle, names in play.state.eligible.items() if "eval:x" in names]

    assert [1, 3] == eligible
    assert ["eval:x"] == [one.id for one in evaluations(play)]
    assert ["eval:x"] == [
        one.draft.fact.id for one in play.of(e.ProposalCreated) if one.draft.agent == "eval:x"
    ]
    assert isinstance(play.state.stop, Converged)


def test_a_result_that_comes_back_is_a_new_fact_too() -> None:
    """Or the latest fact would not be the latest result."""

    def alternate(view: ContextView) -> EvalResult:
        outcome = (PASS, FAIL)[view.count(Key.SIGNALS) % 2]
        return EvalResult(eval="odd", outcome=outcome, rationale="It comes and goes.")

    signals = [in_cycle(cycle, signal(f"s{cycle}")) for cycle in range(1, 6)]
    odd = EvalAgent(Eval("odd", "An even number.", (Key.SIGNALS,), alternate))
    play = Play(engine_of(ticking(6), *signals, odd)).begin(signal("s0"))

    assert [FAIL, PASS] * 3 == [one.structured["outcome"] for one in evaluations(play)]
    assert 6 == len({one.id for one in evaluations(play)})


def test_an_eval_without_dependencies_is_measured_in_every_cycle() -> None:
    """And the run ends when nothing moves, though it always accepts."""
    play = Play(engine_of(ticking(2), EvalAgent(constant("x")))).begin()

    assert all("eval:x" in names for names in play.state.eligible.values())
    assert ["eval:x"] == [one.id for one in evaluations(play)]
    assert isinstance(play.state.stop, Converged)


def test_accepting_is_pure() -> None:
    """It measures nothing, reads nothing, and says the same when it is asked again."""
    counted = Counted()
    agent = EvalAgent(counted.eval)
    view = Play(engine_of()).begin(signal("a")).state.context.view()

    assert [True, True] == [agent.accepts(view), agent.accepts(view)]
    assert not agent.accepts(Context().view())
    assert (0, ()) == (counted.asked, view.reads)


def test_an_id_that_somebody_else_took_does_not_silence_an_eval() -> None:
    """Its first result then bears a hash, and what is not its own is not its last word."""
    taken = fact(Key.EVALUATIONS, "eval:signals", "I say pass", structured={"outcome": "pass"})
    play = Play(engine_of(EvalAgent(Counted().eval))).begin(taken, signal("a"))
    own = [one for one in evaluations(play) if one.record.agent == "eval:signals"]

    assert 1 == len(own)
    assert own[0].id.startswith("eval:signals:")


# An eval that does not work.


def fails(_: ContextView) -> Any:
    raise RuntimeError("no measure")


@pytest.mark.parametrize(
    ("does", "said"),
    [
        (fails, "RuntimeError: no measure"),
        (lambda _: None, "InvalidValue: NoneType is not a EvalResult"),
        (lambda _: result(score=1001), "score"),
        (lambda _: result(score=-1), "score"),
        (lambda _: result(score=0.5), "float"),
        (lambda _: result(outcome="maybe"), "maybe"),
        (lambda _: result(rationale=""), "rationale"),
        (lambda _: result(eval="another"), "the eval broken returned a result of 'another'"),
    ],
)
def test_an_eval_that_fails_fails_as_any_agent_does(
    does: Callable[[ContextView], Any], said: str
) -> None:
    """On record, with a diagnostic, and nothing else is touched."""
    engine = engine_of(EvalAgent(broken(does)), EvalAgent(Counted().eval))
    play = Play(engine).begin(signal("a"))
    [failure] = play.state.failures

    assert "eval:broken" == failure.agent
    assert said in failure.reason
    assert ["eval:signals"] == [one.id for one in evaluations(play)]
    assert ["failed:eval:broken:1"] == [one.id for one in play.state.context.get(Key.DIAGNOSTIC)]
    assert isinstance(play.state.stop, Converged)


def result(**about: Any) -> EvalResult:
    return EvalResult(**{"eval": "broken", "outcome": PASS, "rationale": "It is so.", **about})


def test_an_eval_that_fails_leaves_its_last_result_standing() -> None:
    """A failure is a diagnostic and no verdict."""

    def once(view: ContextView) -> EvalResult:
        if view.count(Key.SIGNALS) > 1:
            raise RuntimeError("too many")
        return result()

    engine = engine_of(ticking(3), in_cycle(1, signal("b")), EvalAgent(broken(once)))
    play = Play(engine).begin(signal("a"))

    assert ["eval:broken"] == [one.id for one in evaluations(play)]
    assert ["RuntimeError: too many"] == [failure.reason for failure in play.state.failures]


# The registry.


def test_a_name_is_given_once() -> None:
    """A second eval of that name is refused, and the first stays."""
    first = constant("x")
    registry = EvalRegistry([first])

    with pytest.raises(InvalidConfiguration, match="the name x of an eval is taken"):
        registry.register(constant("x", Key.SIGNALS))
    assert (first,) == registry.evals


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 129])
def test_a_name_can_be_part_of_an_id(name: str) -> None:
    """Facts and agents are named by it."""
    with pytest.raises(InvalidConfiguration, match="of an eval"):
        constant(name)


def test_a_name_leaves_room_for_the_ids_that_derive_from_it() -> None:
    """The longest one registers, measures and stands; one more is refused in a sentence."""
    longest = "x" * 59
    play = Play(engine_of(EvalAgent(constant(longest)))).begin()

    assert [f"eval:{longest}"] == [one.id for one in play.state.context.get(Key.EVALUATIONS)]
    with pytest.raises(InvalidConfiguration, match="has 60 characters; at most 59 are allowed"):
        constant(longest + "x")


def test_one_is_evaluated_by_its_name() -> None:
    """One that is not there is refused with those that are."""
    registry = EvalRegistry([constant("x"), constant("y", outcome=INDETERMINATE)])

    assert INDETERMINATE is registry.evaluate("y", Context().view()).outcome
    with pytest.raises(InvalidConfiguration, match="no eval 'z'; there are: x, y"):
        registry.evaluate("z", Context().view())
    with pytest.raises(InvalidConfiguration, match="no eval 'z'; there are: none"):
        EvalRegistry().evaluate("z", Context().view())


def test_all_are_evaluated_in_the_order_of_registration() -> None:
    """Whatever they depend on."""
    registry = EvalRegistry([constant("y", Key.SEEDS), constant("x"), constant("z", *Key)])

    assert ["y", "x", "z"] == [one.eval for one in registry.evaluate_all(Context().view())]


def test_a_registry_takes_no_rubbish_either() -> None:
    """What is no result is refused where it is asked for."""
    registry = EvalRegistry([broken(lambda _: "pass")])

    with pytest.raises(InvalidValue, match="str is not a EvalResult"):
        registry.evaluate_all(Context().view())


KEYS = st.lists(st.sampled_from(Key), max_size=4)


@given(depend=st.lists(KEYS, max_size=6), changed=KEYS)
def test_the_dependent_evals_are_just_those_whose_keys_changed(
    depend: list[list[Key]], changed: list[Key]
) -> None:
    """No other is even asked, and their results are what evaluating all gives for them."""
    asked: list[str] = []

    def measuring(name: str, keys: list[Key]) -> Eval:
        def measure(_: ContextView) -> EvalResult:
            asked.append(name)
            return EvalResult(eval=name, outcome=PASS, rationale="It is so.")

        return Eval(name, "Counts.", tuple(keys), measure)

    registry = EvalRegistry(measuring(str(n), keys) for n, keys in enumerate(depend))
    expected = [str(n) for n, keys in enumerate(depend) if any(key in changed for key in keys)]
    view = Context().view()
    dependent = registry.evaluate_dependent(view, changed)

    assert expected == asked == [one.eval for one in dependent]
    assert set(dependent) <= set(registry.evaluate_all(view))


@given(st.lists(st.lists(st.booleans(), max_size=3), min_size=1, max_size=4))
def test_every_run_with_evals_ends_with_the_latest_result_standing(
    signals: list[list[bool]],
) -> None:
    """However facts come in: the last fact of an eval is what it says of the final context."""
    counted = Counted(enough=3)
    agents = [
        in_cycle(cycle, *(signal(f"{cycle}/{n}") for n, good in enumerate(batch) if good))
        for cycle, batch in enumerate(signals, 1)
    ]
    engine = engine_of(ticking(len(signals)), *agents, EvalAgent(counted.eval))
    play = Play(engine).begin()
    final = counted.eval.measure(play.state.context.view())

    assert isinstance(play.state.stop, Converged)
    told = [parse(canonical_record(final))] if play.state.context.has(Key.SIGNALS) else []
    assert told == [one.structured for one in evaluations(play)[-1:]]


# Invariants bind.


def accepted(*agents: Any, needs: tuple[str, ...], inputs: tuple[Any, ...] = ()) -> Play:
    return Play(engine_of(*agents, invariants=[requires(*needs)])).begin(*inputs)


def test_a_run_is_accepted_when_the_evals_it_requires_pass() -> None:
    """It is an acceptance rule: asked at the fixed point, about the latest results."""
    play = accepted(
        ticking(3),
        in_cycle(1, signal("b")),
        EvalAgent(Counted().eval),
        needs=("signals",),
        inputs=(signal("a"),),
    )

    assert InvariantClass.ACCEPTANCE is requires("signals").invariant_class
    assert [FAIL, PASS] == [one.structured["outcome"] for one in evaluations(play)]
    assert isinstance(play.state.stop, Converged)


@pytest.mark.parametrize("outcome", [FAIL, INDETERMINATE])
def test_a_run_is_not_accepted_when_a_required_eval_does_not_pass(outcome: EvalOutcome) -> None:
    """Not knowing is not passing."""
    agents = [EvalAgent(constant("good")), EvalAgent(constant("bad", outcome=outcome))]
    play = accepted(*agents, needs=("good", "bad"))

    assert (
        InvariantViolated(
            invariant_class="acceptance",
            name="required-evals",
            reason=(f"The eval bad is required to pass; eval:bad says bad: {outcome}. It is so."),
        )
        == play.state.stop
    )


def test_the_violation_names_the_evals_that_fail_and_their_facts() -> None:
    """The result first, then what it judged by; an eval that passes is left out."""
    agents = [EvalAgent(constant("good")), EvalAgent(Counted().eval)]
    play = Play(engine_of(*agents)).begin(signal("a"))
    violation = requires("good", "signals", "absent").check(play.state.context)

    assert violation is not None
    assert (FactId("eval:signals"), FactId("a")) == violation.facts
    assert (
        "The eval signals is required to pass; eval:signals says "
        "signals: fail, 500 of 1000. There are 1 of 2. "
        "The eval absent is required to pass; it has no result."
    ) == violation.reason


def test_a_later_failure_takes_an_earlier_pass_back() -> None:
    """The latest result is what counts."""

    def few(view: ContextView) -> EvalResult:
        signals = view.get(Key.SIGNALS)
        outcome = PASS if len(signals) < 2 else FAIL
        return EvalResult(eval="few", outcome=outcome, rationale=f"{len(signals)} of 1.")

    agent = EvalAgent(Eval("few", "At most one signal.", (Key.SIGNALS,), few))
    play = accepted(
        ticking(3), in_cycle(1, signal("b")), agent, needs=("few",), inputs=(signal("a"),)
    )

    assert [PASS, FAIL] == [one.structured["outcome"] for one in evaluations(play)]
    assert isinstance(play.state.stop, InvariantViolated)


def test_nobody_else_can_say_that_an_eval_passed() -> None:
    """A fact in an eval's name counts only from the eval's own agent."""
    claim = parse(canonical_record(EvalResult(eval="x", outcome=PASS, rationale="Trust me.")))
    forged = fact(Key.EVALUATIONS, "eval:x", structured=claim, kind=ContentKind.EVALUATION)
    play = accepted(proposes("liar", forged), needs=("x",))

    assert ["eval:x"] == contents(play.state, Key.EVALUATIONS)
    assert isinstance(play.state.stop, InvariantViolated)


def test_what_is_no_result_does_not_pass() -> None:
    """Even from an agent that bears the name."""
    rubbish = fact(Key.EVALUATIONS, "eval:x", structured={"outcome": "pass"})
    play = accepted(proposes("eval:x", rubbish), needs=("x",))

    assert isinstance(play.state.stop, InvariantViolated)
    assert "eval:x is no result (EvalResult: " in play.state.stop.reason


def test_a_rule_that_requires_nothing_is_refused() -> None:
    """It would look like a rule and bind nothing."""
    with pytest.raises(InvalidConfiguration, match="must name one"):
        requires()


def test_evals_and_agents_share_a_run() -> None:
    """The quick start, measured: one cycle more, and accepted."""

    def grounded(view: ContextView) -> EvalResult:
        found = view.get(Key.HYPOTHESES)
        return EvalResult(
            eval="grounded",
            outcome=PASS if all(one.rests_on for one in found) else FAIL,
            rationale="Every hypothesis rests on a fact.",
            facts=tuple(one.id for one in found),
        )

    engine = Engine(invariants=[requires("grounded")])
    engine.register(SeedAgent("seed-1", "initial data"))
    engine.register(ReactOnceAgent("hyp-1", "derived insight"))
    engine.register(
        EvalAgent(Eval("grounded", "Hypotheses have a ground.", (Key.HYPOTHESES,), grounded))
    )
    result = engine.run(Context(), authority=EVERYTHING)

    assert (True, 4) == (result.converged, result.cycles)
    assert AgentId("eval:grounded") == result.context.get(Key.EVALUATIONS)[0].record.agent
