"""Workloads of the core, each beside the same work without governance, at two sizes.

The naive side does what the agents ask for with plain dictionaries: no gate, no policy, no record,
no hash. What governance costs is the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from converge_core import Context, ContextKey, Engine, ReactOnceAgent, SeedAgent, grant
from converge_core import events as e
from converge_core.agent import AgentEffect, Dependency
from converge_core.authority import Actor, ActorKind
from converge_core.context import ContextView
from converge_core.engine import RunResult
from converge_core.ids import AgentId, FactId, ProposalId
from converge_core.intent import Budgets, RootIntent
from converge_core.policy import Effect, PolicyRequest, Rule, RulePolicy
from converge_core.proposal import ProposedFact, draft
from converge_core.run_state import DeskState
from converge_core.state import fold

ALL = grant("bench", *ContextKey)
PLENTY = RootIntent(question="", subject="", budgets=Budgets(cycles=1_000_000, facts=10_000_000))


@dataclass(frozen=True)
class Workload:
    """Something to measure.

    Attributes:
        name: what it is.
        size: how large.
        run: does it once.
        naive: does it without governance.
        times: how often to repeat it.
        aim: the most seconds it may take, or the fewest units a second.
        units: how many units one run makes, where a rate is what counts.
    """

    name: str
    size: int
    run: Callable[[], object]
    naive: Callable[[], object] | None
    times: int
    aim: float | None = None
    units: int = 0


class Once:
    """Proposes its facts once; woken by what it depends on."""

    def __init__(
        self, name: str, facts: tuple[ProposedFact, ...], after: tuple[Dependency, ...] = ()
    ) -> None:
        self.name = AgentId(name)
        self.dependencies = after
        self._facts = facts

    def accepts(self, view: ContextView) -> bool:
        return not view.contains(self._facts[0].key, self._facts[0].id)

    def execute(self, view: ContextView) -> AgentEffect:
        del view
        return AgentEffect(self._facts)


def proposed(name: str, key: ContextKey = ContextKey.SIGNALS) -> ProposedFact:
    return ProposedFact(key=key, id=FactId(name), content=f"what {name} says")


def engine_of(agents: list[Once]) -> Engine:
    engine = Engine()
    for agent in agents:
        engine.register(agent)
    return engine


def running(engine: Engine) -> Callable[[], RunResult]:
    return lambda: engine.run(Context(), authority=ALL, intent=PLENTY)


def quick_start() -> Workload:
    engine = Engine()
    engine.register(SeedAgent("seed-1", "initial data"))
    engine.register(ReactOnceAgent("hyp-1", "derived insight"))
    mine = grant("quick-start", ContextKey.SEEDS, ContextKey.HYPOTHESES)

    def naive() -> None:
        seeds: dict[str, str] = {}
        hypotheses: dict[str, str] = {}
        for _ in range(3):
            if "seed-1" not in seeds:
                seeds["seed-1"] = "initial data"
            elif "hyp-1" not in hypotheses:
                hypotheses["hyp-1"] = "derived insight"

    return Workload(
        "quick start, engine built",
        1,
        lambda: engine.run(Context(), authority=mine),
        naive,
        2000,
        60e-6,
    )


def independent(agents: int, aim: float | None) -> Workload:
    engine = engine_of([Once(f"a{n}", (proposed(f"f{n}"),)) for n in range(agents)])

    def naive() -> None:
        facts: dict[str, str] = {}
        for n in range(agents):
            facts.setdefault(f"f{n}", f"what f{n} says")

    return Workload(
        "independent agents, one proposal each", agents, running(engine), naive, 4000 // agents, aim
    )


def chain(length: int, aim: float) -> Workload:
    links = [
        Once(
            f"a{n}",
            (proposed(f"f{n:06d}"),),
            (Dependency(ContextKey.SIGNALS, prefix=f"f{n - 1:06d}"),) if n else (),
        )
        for n in range(length)
    ]
    engine = engine_of(links)

    def naive() -> None:
        facts: dict[str, str] = {}
        for n in range(length):
            if not n or f"f{n - 1:06d}" in facts:
                facts[f"f{n:06d}"] = "what it says"

    return Workload("chain on one key", length, running(engine), naive, 2000 // length + 2, aim)


def reaction(seeds: int, aim: float) -> Workload:
    maker = engine_of(
        [Once("maker", tuple(proposed(f"s{n}", ContextKey.SEEDS) for n in range(seeds)))]
    )
    before = maker.run(Context(), authority=ALL, intent=PLENTY).context
    engine = Engine()
    engine.register(ReactOnceAgent("hyp-1", "derived insight"))

    def naive() -> None:
        _ = {"hyp-1": "derived insight"}

    return Workload(
        "one agent reacts on facts that stand",
        seeds,
        lambda: engine.run(before, authority=ALL, intent=PLENTY),
        naive,
        300,
        aim,
    )


def flood(agents: int, each: int, aim: float | None) -> Workload:
    engine = engine_of(
        [Once(f"a{a}", tuple(proposed(f"f{a}-{n}") for n in range(each))) for a in range(agents)]
    )

    def naive() -> None:
        facts: dict[str, str] = {}
        for a in range(agents):
            for n in range(each):
                facts.setdefault(f"f{a}-{n}", "what it says")

    total = agents * each
    return Workload(
        f"{agents} agents × {each:,} proposals, facts",
        total,
        running(engine),
        naive,
        max(2, 30_000 // total),
        aim,
        total,
    )


def policy(rules: int, aim: float) -> Workload:
    keys = list(ContextKey)
    written = tuple(
        Rule(
            name=f"rule {n}",
            effect=Effect.PERMIT if n == rules - 1 else list(Effect)[n % 3],
            reason="",
            key=keys[n % len(keys)] if n < rules - 1 else None,
            agent=None if n == rules - 1 else f"somebody {n}",
            confidence_below=None if n == rules - 1 else n,
        )
        for n in range(rules)
    )
    compiled = RulePolicy(id="bench", revision=1, rules=written, checks={})
    about = draft(
        ProposalId("p"), Actor(kind=ActorKind.AGENT, id="a"), AgentId("a"), 1, proposed("x")
    )
    request = PolicyRequest(about)
    return Workload(
        "policy decision, rules", rules, lambda: compiled.decide(request), None, 20_000, aim
    )


def folding(facts: int, aim: float) -> Workload:
    engine = engine_of([Once("a", tuple(proposed(f"f{n}") for n in range(facts)))])
    told: list[e.Event] = []
    engine.run(Context(), authority=ALL, intent=PLENTY, on_event=told.append)

    def work() -> None:
        state = DeskState()
        for seq, event in enumerate(told):
            fold(state, event, 0, seq)

    def naive() -> None:
        known: list[e.Event] = []
        for event in told:
            known.append(event)  # noqa: PERF402 - one at a time is what is compared

    return Workload("fold of events", len(told), work, naive, 2, aim, len(told))


def workloads() -> list[Callable[[], Workload]]:
    """Returns what makes each workload; made one at a time, so that none weighs on the next."""
    return [
        quick_start,
        lambda: independent(20, 0.8e-3),
        lambda: independent(200, None),
        lambda: chain(50, 3e-3),
        lambda: chain(1_000, 60e-3),
        lambda: reaction(1_000, 0.3e-3),
        lambda: reaction(10_000, 0.3e-3),
        lambda: reaction(100_000, 0.3e-3),
        lambda: flood(10, 100, None),
        lambda: flood(100, 100, 60_000),
        lambda: flood(1, 100_000, 60_000 / 1.3),
        lambda: policy(10, 0.1e-3),
        lambda: policy(100, 0.1e-3),
        lambda: folding(10_000, 200_000),
        lambda: folding(333_000, 200_000),
    ]
