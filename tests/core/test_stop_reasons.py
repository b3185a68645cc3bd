"""Why a run ends or waits: thirteen reasons, each with its own facts and its own words."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, get_args

import pytest

from converge_core import events as e
from converge_core.agent import Agent, AgentEffect
from converge_core.canonical import canonical_record, parse
from converge_core.context import Context, ContextView, stage_all
from converge_core.criterion import Blocked
from converge_core.engine import Engine
from converge_core.ids import AgentId, GateId, ProposalId, RunId
from converge_core.intent import Budgets, Criterion, RootIntent
from converge_core.invariant import Invariant, InvariantClass, Violation
from converge_core.key import ContextKey as Key
from converge_core.policy import Effect
from converge_core.proposal import ProposedFact
from converge_core.record import read
from converge_core.stop import (
    AgentRefused,
    AnyStop,
    Converged,
    CriteriaMet,
    CycleBudgetExhausted,
    Error,
    FactBudgetExhausted,
    HitlGatePending,
    HumanInterventionRequired,
    InvariantViolated,
    PromotionRejected,
    StopReason,
    TimeBudgetExhausted,
    TokenBudgetExhausted,
    UserCancelled,
)
from tests.core.kit import (
    ASK_STRATEGIES,
    EVERYTHING,
    Play,
    contents,
    engine_of,
    fact,
    model_call,
    policy_of,
    proposes,
    rule,
    script,
    seed,
)

EXAMPLES: list[AnyStop] = [
    Converged(),
    CriteriaMet(criteria=("a strategy was decided",)),
    UserCancelled(by="alice"),
    HumanInterventionRequired(criteria=("sign-off",), detail="the sign-off is missing."),
    HitlGatePending(
        gate=GateId("gate:1"),
        proposal=ProposalId("p"),
        summary="Release it",
        agent=AgentId("planning"),
        cycle=3,
    ),
    CycleBudgetExhausted(executed=100, limit=100),
    FactBudgetExhausted(facts=500, limit=500),
    TokenBudgetExhausted(consumed=51_000, limit=50_000),
    TimeBudgetExhausted(duration_us=61_000_000, limit_us=60_000_000),
    InvariantViolated(invariant_class="structural", name="one-plan", reason="There are two."),
    PromotionRejected(proposal=ProposalId("p"), reason="It was refused."),
    Error(message="out of memory", category="resource"),
    AgentRefused(agent=AgentId("reasoning"), reason="It cannot tell."),
]
WORDS = [
    "Converged. No agent has anything to add to this context.",
    "Done. The run reached its fixed point and met its criteria: a strategy was decided.",
    "Cancelled by alice. What was decided before stays in the context.",
    "A person is needed: the sign-off is missing.",
    "Waiting for a decision on “Release it”. Nothing runs until then.",
    "Stopped after 100 of 100 cycles without a fixed point.",
    "Stopped at 500 facts; the budget is 500.",
    "Stopped: the models used 51000 tokens; the budget is 50000.",
    "Stopped: the agents worked 61.0 s; the budget is 60.0 s.",
    "Stopped: the structural rule “one-plan” is broken. There are two.",
    "Stopped: a required proposal was refused. It was refused.",
    "Stopped by an error (resource): out of memory",
    "Stopped: the agent reasoning, which this run requires, gave up. It cannot tell.",
]

# All thirteen.


def test_there_are_just_thirteen() -> None:
    """The set is closed: each class is in the union, in the examples, and nowhere else."""
    classes = set(get_args(AnyStop))

    assert 13 == len(classes)
    assert classes == set(StopReason.__subclasses__()) == {type(one) for one in EXAMPLES}


@pytest.mark.parametrize(("reason", "words"), list(zip(EXAMPLES, WORDS, strict=True)))
def test_each_reason_has_words_for_a_person(reason: StopReason, words: str) -> None:
    """One or two sentences with the numbers in them."""
    assert words == reason.words()


@pytest.mark.parametrize("reason", EXAMPLES)
def test_each_reason_is_read_back_as_itself(reason: AnyStop) -> None:
    """Class and numbers survive the ledger."""
    stopped = e.RunStopped(run=RunId("r"), cycles=1, reason=reason, root="0" * 64)

    assert stopped == read(e.RunStopped, parse(canonical_record(stopped)))


def test_three_reasons_are_success() -> None:
    """A fixed point, met criteria, and a person's own wish."""
    assert {Converged, CriteriaMet, UserCancelled} == {
        type(reason) for reason in EXAMPLES if reason.success
    }


# Those that a run can come to, each end to end.


def intending(**what: object) -> RootIntent:
    return RootIntent(question="q", subject="s", **what)  # type: ignore[arg-type]


def refusing(_: ContextView) -> AgentEffect:
    return AgentEffect(refusal="It cannot tell.")


def test_converged() -> None:
    """Nobody has anything to add, and the intent asked for nothing in particular."""
    assert Converged() == Play(engine_of(proposes("p", seed("a")))).begin().state.stop


def test_criteria_met() -> None:
    """Everything the intent asked for stands at the fixed point."""
    wanted = (
        Criterion(id="1", description="a seed", key=Key.SEEDS),
        Criterion(id="2", description="a signal", key=Key.SIGNALS),
    )
    both = Play(engine_of(), intent=intending(criteria=wanted)).begin(
        seed("a"), fact(Key.SIGNALS, "b")
    )
    one = Play(engine_of(), intent=intending(criteria=wanted)).begin(seed("a"))

    assert CriteriaMet(criteria=("a seed", "a signal")) == both.state.stop
    assert Converged() == one.state.stop


def test_user_cancelled() -> None:
    """A person stopped it, from whatever phase, and is named."""
    play = Play(engine_of(proposes("p", fact(Key.STRATEGIES, "s"))), intent=intending())
    play.engine = engine_of(proposes("p", fact(Key.STRATEGIES, "s")), policy=ASK_STRATEGIES)

    assert UserCancelled(by="alice") == play.begin().cancel().state.stop


def test_hitl_gate_pending() -> None:
    """A caller that cannot wait is told what the run waits for."""
    engine = engine_of(proposes("p", fact(Key.STRATEGIES, "s", "Do it")), policy=ASK_STRATEGIES)
    result = engine.run(Context(), authority=EVERYTHING)

    assert (
        HitlGatePending(
            gate=GateId("gate:run/1/p/0"),
            proposal=ProposalId("run/1/p/0"),
            summary="Do it",
            agent=AgentId("p"),
            cycle=1,
        )
        == result.stop_reason
    )
    assert not result.converged


def test_cycle_budget_exhausted() -> None:
    """The agents still had something to add."""
    endless = script("e", lambda view: AgentEffect((seed(f"s{view.count(Key.SEEDS)}"),)))
    play = Play(engine_of(endless), intent=intending(budgets=Budgets(cycles=2))).begin()

    assert CycleBudgetExhausted(executed=2, limit=2) == play.state.stop


def test_fact_budget_exhausted() -> None:
    """One more fact would have been too many."""
    result = engine_of().run(
        stage_all(Context(), [seed("a"), seed("b")]),
        authority=EVERYTHING,
        intent=intending(budgets=Budgets(facts=1)),
    )

    assert FactBudgetExhausted(facts=1, limit=1) == result.stop_reason


def holding(invariant_class: InvariantClass, reason: str = "There is a seed.") -> Invariant:
    """Returns a rule that no seed stands."""

    def check(context: Context) -> Violation | None:
        return Violation(reason) if context.has(Key.SEEDS) else None

    return Invariant("no-seed", invariant_class, check)


@pytest.mark.parametrize("invariant_class", InvariantClass)
def test_invariant_violated(invariant_class: InvariantClass) -> None:
    """A rule about the whole context is broken; the reason says of which class."""
    engine = engine_of(proposes("p", seed("a")), invariants=[holding(invariant_class)])

    assert (
        InvariantViolated(
            invariant_class=invariant_class.value, name="no-seed", reason="There is a seed."
        )
        == Play(engine).begin().state.stop
    )


@pytest.mark.parametrize("by", ["policy", "check", "person"])
def test_promotion_rejected(by: str) -> None:
    """A proposal that the intent requires was refused: by the policy, a check, or a person."""
    policy = policy_of(rule({"policy": Effect.FORBID, "person": Effect.ASK}.get(by, Effect.PERMIT)))
    content = " " if by == "check" else "words"
    engine = engine_of(proposes("p", seed("needed", content)), policy=policy)
    play = Play(engine, intent=intending(required_facts=("needed",))).begin()
    for gate in play.gates():
        play.answer(gate, "reject", reason="too early").go()
    stop = play.state.stop

    assert isinstance(stop, PromotionRejected)
    assert "run/1/p/0" == stop.proposal
    assert {"policy": "The test wants", "check": "blank", "person": "too early"}[by] in stop.reason


def test_a_refusal_of_what_is_not_required_stops_nothing() -> None:
    """The run goes on to its fixed point without it."""
    engine = engine_of(proposes("p", seed("a", " "), seed("b")))

    assert ["b"] == contents(Play(engine).begin().state, Key.SEEDS)
    assert Converged() == Play(engine).begin().state.stop


def test_agent_refused() -> None:
    """An agent that the intent requires could not do its work, or broke."""
    engine = engine_of(script("reasoning", refusing))
    play = Play(engine, intent=intending(required_agents=("reasoning",))).begin()

    assert AgentRefused(agent=AgentId("reasoning"), reason="It cannot tell.") == play.state.stop


def test_an_agent_that_is_not_required_may_refuse() -> None:
    """Its refusal is on record, and the others go on."""
    engine = engine_of(script("extra", refusing, after=[Key.SIGNALS]), proposes("p", seed("a")))
    play = Play(engine, intent=intending(required_agents=("p",)))
    play.begin(fact(Key.SIGNALS, "s"))

    assert (Converged(), ["It cannot tell."]) == (
        play.state.stop,
        [failure.reason for failure in play.state.failures],
    )


def test_proposals_that_would_have_been_asked_are_not_lost_when_a_run_stops() -> None:
    """Each is on record as never asked, because the run ended with that merge."""
    engine = Engine(policy=ASK_STRATEGIES)
    engine.register(proposes("p", fact(Key.STRATEGIES, "s")))
    engine.register(script("reasoning", refusing))
    play = Play(engine, intent=intending(required_agents=("reasoning",))).begin()

    assert [("run/1/p/0", "run-stopped")] == [
        (event.proposal, event.rule) for event in play.of(e.ProposalRefused)
    ]
    assert [] == play.of(e.GateOpened)


# The whole table, so that none of the thirteen is left out.


def ended(*agents: Agent, inputs: tuple[ProposedFact, ...] = (), **settings: Any) -> AnyStop | None:
    """Returns how a run of ``agents`` ends."""
    intent = settings.pop("intent", intending())
    clock = settings.pop("clock", count(1).__next__)
    play = Play(engine_of(*agents, **settings), intent=intent, clock=clock)
    return play.begin(*inputs).state.stop


def spending(view: ContextView) -> AgentEffect:
    call = model_call(prompt_tokens=5, completion_tokens=5)
    return AgentEffect((seed(f"s{view.count(Key.SEEDS)}"),), (call,))


def without_waiting() -> AnyStop:
    engine = engine_of(proposes("p", fact(Key.STRATEGIES, "s")), policy=ASK_STRATEGIES)
    return engine.run(Context(), authority=EVERYTHING).stop_reason


def cancelled() -> AnyStop | None:
    return Play(engine_of(proposes("p", seed("a")))).begin(go=False).cancel().state.stop


WANTED = Criterion(id="c", description="a seed", key=Key.SEEDS)
SPENDING = script("spends", spending)
REACHED: dict[type[StopReason], Callable[[], AnyStop | None]] = {
    Converged: ended,
    CriteriaMet: lambda: ended(inputs=(seed("a"),), intent=intending(criteria=(WANTED,))),
    UserCancelled: cancelled,
    HumanInterventionRequired: lambda: ended(
        intent=intending(criteria=(WANTED,)), criteria={"c": lambda _: Blocked("Ask the board.")}
    ),
    HitlGatePending: without_waiting,
    CycleBudgetExhausted: lambda: ended(SPENDING, intent=intending(budgets=Budgets(cycles=2))),
    FactBudgetExhausted: lambda: ended(SPENDING, intent=intending(budgets=Budgets(facts=2))),
    TokenBudgetExhausted: lambda: ended(SPENDING, intent=intending(budgets=Budgets(tokens=20))),
    TimeBudgetExhausted: lambda: ended(SPENDING, intent=intending(budgets=Budgets(time_us=3))),
    InvariantViolated: lambda: ended(
        proposes("p", seed("a")), invariants=[holding(InvariantClass.STRUCTURAL)]
    ),
    PromotionRejected: lambda: ended(
        proposes("p", seed("a", " ")), intent=intending(required_facts=("a",))
    ),
    Error: lambda: ended(SPENDING, intent=intending(budgets=Budgets(agents_per_cycle=0))),
    AgentRefused: lambda: ended(
        script("reasoning", refusing), intent=intending(required_agents=("reasoning",))
    ),
}


@pytest.mark.parametrize("reason", get_args(AnyStop))
def test_each_of_the_thirteen_is_reached_end_to_end(reason: type[StopReason]) -> None:
    """By a run, from its beginning to that end; and the end has words for a person."""
    stop = REACHED[reason]()

    assert stop is not None
    assert reason is type(stop)
    assert stop.words()
