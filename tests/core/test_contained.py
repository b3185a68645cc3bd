"""Odd rules, odd policies, odd agents: each is contained, said, and leaves the rest as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from converge_core import events as e
from converge_core.agent import AgentEffect, Dependency
from converge_core.audit import read_in
from converge_core.canonical import ContentHash
from converge_core.command import Decide
from converge_core.context import Context, ContextView
from converge_core.contract import CheckResult
from converge_core.criterion import Blocked
from converge_core.errors import DecisionRefused, IllegalCommand
from converge_core.ids import AgentId, FactId, ObservationId, RunId
from converge_core.intent import Budgets, Criterion, RootIntent
from converge_core.invariant import Invariant, InvariantClass, OnViolation, Violation
from converge_core.key import ContextKey as Key
from converge_core.ledger import decode
from converge_core.observation import observe
from converge_core.policy import Effect, PolicyDecision, PolicyRequest, grant
from converge_core.run_state import DeskState
from converge_core.stop import (
    Converged,
    CycleBudgetExhausted,
    FactBudgetExhausted,
    InvariantViolated,
    PromotionRejected,
    TokenBudgetExhausted,
)
from tests.core.golden_story import written
from tests.core.kit import (
    ALICE,
    ASK_STRATEGIES,
    Play,
    Script,
    contents,
    engine_of,
    fact,
    fits,
    model_call,
    policy_of,
    proposes,
    rule,
    script,
    seed,
)


def believed(play: Play) -> DeskState:
    """Reads back what was written; every run must come through this."""
    state, enrolled = DeskState(), e.OperatorEnrolled(operator=ALICE.operator)
    lines = written([([event], at) for event, at in [(enrolled, 0), *play.recorded]])
    for entry in decode(lines.splitlines(keepends=True)):
        state = read_in(state, entry, fits)
    return state


def intending(**what: Any) -> RootIntent:
    return RootIntent(question="q", subject="s", **what)


def no_bad(context: Context) -> Violation | None:
    return Violation("It is bad.", (FactId("bad"),)) if context.find(FactId("bad")) else None


STRUCTURAL = Invariant("no-bad", InvariantClass.STRUCTURAL, no_bad)


# Input is merged like anything else.


def test_input_that_breaks_a_structural_rule_is_discarded_with_its_run() -> None:
    """Cycle 0 is a merge too; the diagnostic names rule and facts."""
    play = Play(engine_of(invariants=[STRUCTURAL])).begin(seed("bad"), seed("good"))

    assert isinstance(play.state.stop, InvariantViolated)
    assert [] == contents(play.state, Key.SEEDS)
    assert ["no-bad: It is bad. Concerned: bad."] == contents(play.state, Key.DIAGNOSTIC)
    assert believed(play).runs[play.run].context.root == play.state.context.root


def test_required_input_that_is_refused_stops_the_run() -> None:
    """What the intent requires is required of input as well."""
    policy = policy_of(rule(Effect.FORBID))
    play = Play(engine_of(policy=policy), intent=intending(required_facts=("x",)))

    assert isinstance(play.begin(seed("x")).state.stop, PromotionRejected)


def test_a_required_fact_that_stands_is_not_lost_by_another_wording() -> None:
    """Somebody else's conflicting proposal is refused, and that is all."""
    play = Play(
        engine_of(proposes("other", fact(Key.SIGNALS, "x", "otherwise"))),
        intent=intending(required_facts=("x",)),
    )

    assert Converged() == play.begin(seed("x")).state.stop


def test_an_intent_cannot_require_an_agent_that_nobody_registered() -> None:
    """Else a run would converge without it."""
    with pytest.raises(IllegalCommand, match="requires ghost"):
        Play(engine_of(), intent=intending(required_agents=("ghost",))).begin()


def test_a_run_whose_id_leaves_no_room_does_not_begin() -> None:
    """Ids of proposals and gates derive from it, and have to fit."""
    with pytest.raises(IllegalCommand, match="at most 32"):
        Play(engine_of(), run=RunId("r" * 33)).begin()


OBSERVED = observe(ObservationId("o"), {"n": 1}, provider="p", source="s", place="/")


def test_a_run_begins_on_no_observation_that_was_tampered_with() -> None:
    """Its payload must have the hash it was read with."""
    tampered = msgspec.structs.replace(OBSERVED, payload={"n": 2})

    with pytest.raises(IllegalCommand, match="observation o does not have"):
        Play(engine_of()).begin(observations=(tampered,))


@pytest.mark.parametrize(("cited", "stands"), [("o", True), ("nowhere", False)])
def test_a_fact_restates_an_observation_that_was_made(cited: str, stands: bool) -> None:
    """Citing another is refused."""
    restated = seed("a")
    restated = msgspec.structs.replace(restated, observation=ObservationId(cited))
    play = Play(engine_of()).begin(restated, observations=(OBSERVED,))

    assert stands is play.state.context.has(Key.SEEDS)


def test_input_becomes_a_fact_as_observation_proposal_and_validated_and_in_no_other_way() -> None:
    """Each step is an event of its own, in that order, and names the one before it."""
    restated = msgspec.structs.replace(seed("a"), observation=OBSERVED.id)
    play = Play(engine_of()).begin(restated, observations=(OBSERVED,), go=False)
    _, staged, created, validated, promoted, _ = play.events

    assert isinstance(staged, e.ObservationStaged)
    assert isinstance(created, e.ProposalCreated)
    assert isinstance(validated, e.ProposalValidated)
    assert isinstance(promoted, e.FactPromoted)
    assert staged.observation.id == created.draft.fact.observation
    assert created.draft.id == validated.report.proposal == promoted.fact.proposal
    assert (staged.observation.id,) == promoted.fact.promotion.observations


# Odd checks, policies and rules.


@pytest.mark.parametrize("found", [0.5, object(), "\ud800"], ids=["float", "object", "surrogate"])
def test_a_check_that_reports_what_cannot_be_recorded_has_failed(found: Any) -> None:
    """The ledger stays readable."""
    odd = {"odd": lambda *_: CheckResult("odd", False, "too low", found, found)}
    policy = policy_of(rule(Effect.PERMIT), checks=["odd"])
    play = Play(engine_of(proposes("p", seed("a")), policy=policy, checks=odd)).begin()

    assert [] == contents(play.state, Key.SEEDS)
    believed(play)


class Odd:
    """A policy that answers ``decision`` or, asked what to check, ``checks``."""

    version = ContentHash("0" * 64)

    def __init__(self, decision: Any, checks: Callable[[], Any] = tuple) -> None:
        self.decision, self.checks = decision, checks

    def required_checks(self, key: Key) -> Any:
        del key
        return self.checks()

    def decide(self, request: PolicyRequest) -> Any:
        del request
        return self.decision


def out_of_order() -> Any:
    raise OSError("out of order")


SOUND: dict[str, Any] = {"effect": Effect.PERMIT, "rule": "r", "reason": "", "risk": "low"}


@pytest.mark.parametrize(
    "policy",
    [
        Odd(None),
        Odd("permit"),
        Odd(PolicyDecision(**{**SOUND, "effect": "perhaps"})),
        Odd(PolicyDecision(**{**SOUND, "rule": 7})),
        Odd(PolicyDecision(**SOUND), out_of_order),
    ],
    ids=["nothing", "text", "an unknown effect", "no name", "no checks"],
)
def test_a_policy_that_gives_no_decision_permits_nothing(policy: Odd) -> None:
    """Each proposal is refused on record, and the run goes on."""
    play = Play(engine_of(proposes("p", seed("a")), policy=policy)).begin()

    assert (Converged(), []) == (play.state.stop, contents(play.state, Key.SEEDS))
    assert "policy" == play.of(e.ProposalRefused)[0].rule
    believed(play)


def test_an_effect_spelled_as_text_is_the_effect() -> None:
    """A decision is read as it would be read back."""
    decision = PolicyDecision(**{**SOUND, "effect": "permit"})

    assert ["a"] == contents(
        Play(engine_of(policy=Odd(decision))).begin(seed("a")).state, Key.SEEDS
    )


@pytest.mark.parametrize("kind", InvariantClass)
@pytest.mark.parametrize("judged", [True, Violation(3.5)], ids=["true", "a number"])  # type: ignore[arg-type]
def test_a_rule_judged_by_rubbish_does_not_hold(kind: InvariantClass, judged: Any) -> None:
    """The run stops with an error, and says so in words."""
    play = Play(engine_of(invariants=[Invariant("odd", kind, lambda _: judged)])).begin(seed("a"))

    assert "Error" == type(play.state.stop).__name__
    believed(play)


def test_a_criterion_judged_without_a_reason_is_indeterminate() -> None:
    """It is not met, and nobody is asked to act on nothing."""
    engine = engine_of(criteria={"c": lambda _: Blocked(None)})  # type: ignore[arg-type]
    wanted = Criterion(id="c", description="d", key=Key.SEEDS)

    assert Converged() == Play(engine, intent=intending(criteria=(wanted,))).begin().state.stop


# Odd agents.


class Mute(BaseException):
    def __str__(self) -> str:
        raise SystemExit


def raising(error: BaseException) -> Callable[[ContextView], Any]:
    def fail(_: ContextView) -> Any:
        raise error

    return fail


def scribbling(view: ContextView) -> AgentEffect:
    view._reads[object()] = None  # type: ignore[index]
    return AgentEffect((fact(Key.HYPOTHESES, "h"),))


@pytest.mark.parametrize("does", [raising(Mute()), scribbling], ids=["mute", "scribbles"])
def test_no_agent_stops_the_step_it_is_merged_in(does: Callable[[ContextView], Any]) -> None:
    """Neither by what it says of its failure, nor by what it puts among its reads."""
    odd = script("odd", does, after=[Key.SEEDS], when=lambda v: not v.has(Key.HYPOTHESES))
    play = Play(engine_of(odd, proposes("honest", fact(Key.SIGNALS, "s")))).begin(seed("a"))

    assert ["s"] == contents(play.state, Key.SIGNALS)
    believed(play)


def test_an_agent_that_gives_up_makes_no_fact_in_the_same_breath() -> None:
    """What it suggested is on record as set aside; it may suggest it again."""
    odd = script(
        "odd",
        lambda _: AgentEffect((seed("s"),), refusal="I gave up."),
        when=lambda view: not view.has(Key.DIAGNOSTIC),
    )
    play = Play(engine_of(odd)).begin()

    assert [] == contents(play.state, Key.SEEDS)
    assert ["agent-refused"] == [one.rule for one in play.of(e.ProposalRefused)]


def test_tokens_cannot_be_given_back() -> None:
    """A call that reports less than none is rubbish, and its agent fails."""
    odd = script("odd", lambda _: AgentEffect((), (model_call(prompt_tokens=-1000),)))
    play = Play(engine_of(odd), intent=intending(budgets=Budgets(cycles=2))).begin()

    assert (0, {"odd"}) == (play.state.tokens, {one.agent for one in play.state.failures})


def test_dependencies_are_looked_at_once() -> None:
    """An agent that hands out an iterator is woken by what it yields, and by nothing else."""
    one = Script(AgentId("a"), lambda _: AgentEffect(), iter([Key.SIGNALS]))  # type: ignore[arg-type]
    Play(engine_of(one)).begin(seed("a"))
    Play(engine_of(Script(AgentId("b"), lambda _: AgentEffect()))).begin(seed("a"))

    assert 0 == one.executed


# The end of a run.


def test_a_failure_nobody_heeds_does_not_keep_a_run_going() -> None:
    """A listener for something else, or of a pack that takes no part, is no reason to go on."""
    failing = script("failing", raising(RuntimeError("no")))
    engine = engine_of(
        failing,
        Script(AgentId("other"), lambda _: AgentEffect(), (Dependency(Key.DIAGNOSTIC, None, "x"),)),
    )
    engine.register(script("idle", lambda _: AgentEffect(), after=[Key.DIAGNOSTIC]), pack="off")
    play = Play(engine, intent=intending(active_packs=())).begin()

    assert Converged() == play.state.stop


def test_a_budget_that_is_just_used_up_does_not_spoil_a_fixed_point() -> None:
    """Where nobody wants to go on, nothing was cut short."""
    once = script(
        "once",
        lambda _: AgentEffect((seed("s"),), (model_call(prompt_tokens=10),)),
        when=lambda view: not view.has(Key.SEEDS),
    )
    spent = {"tokens": 10, "cycles": 1}
    for name, limit in spent.items():
        intent = intending(budgets=Budgets(**{name: limit}))
        assert Converged() == Play(engine_of(once), intent=intent).begin().state.stop


def test_a_remedy_that_no_budget_is_left_for_ends_with_the_budget() -> None:
    """Not with the broken rule, which somebody was about to mend."""
    rule_ = Invariant("no-bad", InvariantClass.ACCEPTANCE, no_bad, OnViolation.REMEDIATE)
    mender = script("mender", lambda _: AgentEffect(), after=[Key.DIAGNOSTIC])
    spender = script(
        "spender",
        lambda _: AgentEffect((seed("bad"),), (model_call(prompt_tokens=9),)),
        when=lambda view: not view.has(Key.SEEDS),
    )
    ends = {
        TokenBudgetExhausted: Budgets(tokens=9),
        CycleBudgetExhausted: Budgets(cycles=1),
    }
    for kind, budgets in ends.items():
        engine = engine_of(spender, mender, invariants=[rule_])
        play = Play(engine, intent=intending(budgets=budgets)).begin()
        assert kind is type(play.state.stop)
        assert 1 == play.state.context.count(Key.DIAGNOSTIC)
        believed(play)


def test_naming_a_broken_rule_counts_towards_the_fact_budget() -> None:
    """A diagnostic is a fact; where there is no room for it, the run says so."""
    rule_ = Invariant("no-bad", InvariantClass.SEMANTIC, no_bad, OnViolation.REMEDIATE)
    play = Play(
        engine_of(proposes("p", seed("bad")), invariants=[rule_]),
        intent=intending(budgets=Budgets(facts=1)),
    ).begin()

    assert FactBudgetExhausted(facts=1, limit=1) == play.state.stop


@pytest.mark.parametrize("kind", InvariantClass)
def test_a_broken_rule_of_any_class_leaves_a_diagnostic_with_the_facts(
    kind: InvariantClass,
) -> None:
    """Rule, reason and fact ids, whichever way the run ends."""
    engine = engine_of(proposes("p", seed("bad")), invariants=[Invariant("no-bad", kind, no_bad)])
    play = Play(engine).begin()

    assert ["no-bad: It is bad. Concerned: bad."] == contents(play.state, Key.DIAGNOSTIC)
    assert believed(play).runs[play.run].context.root == play.state.context.root


def test_a_discarded_merge_still_says_who_failed_in_it() -> None:
    """As a diagnostic, beside the one about the rule."""
    engine = engine_of(
        script("broken", raising(RuntimeError("no"))),
        proposes("p", seed("bad")),
        invariants=[STRUCTURAL],
    )

    assert ["no-bad: It is bad. Concerned: bad.", "broken: RuntimeError: no"] == contents(
        Play(engine).begin().state, Key.DIAGNOSTIC
    )


# People.


def test_an_approval_that_became_void_is_withdrawn_before_it_is_asked_anew() -> None:
    """Nobody who reads the record takes the void answer for the one that counted."""
    first = fact(Key.STRATEGIES, "first")
    second = fact(Key.STRATEGIES, "second", rests_on=(FactId("first"),))
    agent = script(
        "p",
        lambda _: AgentEffect((first, second)),
        when=lambda view: not view.has(Key.STRATEGIES),
    )
    policy = policy_of(rule(Effect.ASK, Key.STRATEGIES), rule(Effect.PERMIT), checks=[])
    play = Play(engine_of(agent, policy=policy)).begin()
    for gate in play.gates():
        play.answer(gate, "approve")
    play.go()
    asked_anew = [gate for gate in play.state.gates.values() if gate.withdrawn]

    assert ["second"] == [play.state.drafts[one.request.proposal].fact.id for one in asked_anew]
    assert 1 == len(play.gates())
    believed(play)


def test_one_decision_answers_one_gate() -> None:
    """An approval id that was used before names the earlier answer."""
    agent = proposes("p", fact(Key.STRATEGIES, "a"), fact(Key.STRATEGIES, "b"))
    play = Play(engine_of(agent, policy=ASK_STRATEGIES)).begin()
    first, second = play.gates()
    play.answer(first, "approve")
    used = play.state.gates[first.request.id].decision
    assert used
    again = ALICE.decision(second, "approve", "")
    again = ALICE.signed(msgspec.structs.replace(again, id=used.id))

    with pytest.raises(DecisionRefused, match="names another decision"):
        play.command(Decide(again, ALICE.operator))


# Runs that go on from runs.


def test_many_runs_may_go_on_from_each_other() -> None:
    """However long the line, looking things up stays as it was; each has a budget of its own."""
    context, authority = Context(), grant("test", *Key)
    intent = intending(budgets=Budgets(facts=1))
    for number in range(300):
        context.add_input(seed(f"s{number}"))
        result = engine_of().run(context, authority=authority, intent=intent)
        assert Converged() == result.stop_reason
        context = result.context

    assert [f"s{number}" for number in range(300)] == [one.id for one in context.get(Key.SEEDS)]


def test_a_grant_of_some_kinds_permits_those_and_asks_about_the_rest() -> None:
    """Without a policy of its own an engine asks about what nobody granted."""
    claims = msgspec.structs.replace(grant("test", Key.SEEDS), kinds=("plan",))
    result = engine_of(proposes("p", seed("a"))).run(Context(), authority=claims)

    assert "HitlGatePending" == type(result.stop_reason).__name__
