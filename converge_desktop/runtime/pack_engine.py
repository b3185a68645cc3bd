"""From a pack and what was read for it to an engine and the command that begins its run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import UNSET, UnsetType, structs

from converge_core.chain import DecisionStep
from converge_core.command import Begin
from converge_core.context import Context
from converge_core.contract import CheckResult
from converge_core.engine import Engine
from converge_core.events import RunStarted
from converge_core.gate import Check
from converge_core.ids import AgentId, FactId, IntentId, ObservationId, RunId
from converge_core.intent import Budgets, Criterion, RootIntent
from converge_core.key import ContextKey
from converge_core.limits import Limit
from converge_core.observation import Observation, ObservationKind, observe
from converge_core.placeholders import fill
from converge_core.plan import (
    ExecutionPlan,
    PolicyOverrideAttempted,
    StepPlan,
    compile_plan,
)
from converge_core.policy import Effect, grant
from converge_core.prompt import Standing
from converge_core.proposal import ContentKind, Draft, ProposedFact
from converge_core.routing import Reach, risk_of
from converge_core.run_state import RunState
from converge_core.scope import Product
from converge_core.trace import text_ref
from converge_desktop import __version__
from converge_desktop.adapters.intake import Intake, Metric
from converge_desktop.adapters.keys import signature_fits
from converge_desktop.adapters.packs.pack import Pack
from converge_desktop.runtime.chain_agents import MAKES, StepAgent
from converge_desktop.runtime.declared_agents import DeclaredAgent
from converge_desktop.runtime.hints import Recalls
from converge_desktop.runtime.model_call import Infer
from converge_desktop.runtime.state_layers import quantity_of

BeginRun = Callable[[RunId], tuple[Pack, Begin]]
"""Makes the command that begins a run, once its id is known."""

SECOND_US = 1_000_000
BUDGETS = Budgets(cycles=20, facts=500, tokens=50_000, time_us=300 * SECOND_US)
"""What a run of a pack may use up: generous for a chain of three calls."""
MORE_TOKENS, MORE_US = 15_000, 100 * SECOND_US
"""What each agent that the pack declares may use up beside."""


GOVERNING = "pack-change"
"""The pack of the runs that ask whether a changed policy governs; nobody proposes in them."""


def build_engine(
    pack: Pack,
    intent: RootIntent,
    plan: ExecutionPlan | UnsetType,
    infer: Infer,
    recalls: Recalls | None = None,
) -> Engine:
    """Returns the engine of a run: the pack's policy and checks, its chain, and its own agents.

    Without a plan, as in runs of before there were any, every step asks the model in use.
    """
    engine = Engine(policy=pack.policy, checks=pack_checks(pack), verify=signature_fits)
    if pack.id == GOVERNING:
        return engine
    settled = plan_of(pack, lambda _: Reach.LOCAL) if plan is UNSET else _as_compiled(pack, plan)
    for step in DecisionStep:
        engine.register(StepAgent(step, pack, intent, settled, infer, recalls=recalls))
    for agent in pack.agents:
        engine.register(DeclaredAgent(agent, pack, intent, settled, infer))
    return engine


def _as_compiled(pack: Pack, plan: ExecutionPlan) -> ExecutionPlan:
    """Returns a recorded plan, if it is the one that its pack compiles to.

    Raises:
        PolicyOverrideAttempted: if it is another, as one that was written into the ledger would be.
    """
    away = {step.model for step in plan.steps if step.remote}
    compiled = plan_of(
        pack, lambda name: Reach.REMOTE if name in away else Reach.LOCAL, recall=plan.recall
    )
    if compiled != plan:
        raise PolicyOverrideAttempted(
            "the plan that is kept with this run is not the one that its pack compiles to, so no "
            "model is asked; begin a new run"
        )
    return plan


def plan_of(pack: Pack, reach: Callable[[str], Reach], *, recall: bool = False) -> ExecutionPlan:
    """Returns what a run of ``pack`` will ask of which model.

    Args:
        pack: the pack.
        reach: says where the model of a name computes; of the empty name, the one in use.
        recall: whether whoever begins the run asks for recall.

    Raises:
        PolicyOverrideAttempted: if a step would show a model elsewhere what may not leave.
    """
    asked = [(step.value, MAKES[step][0], pack.models.of(step.value), 1) for step in DecisionStep]
    asked += [(agent.name, agent.key, agent.model, agent.attempts) for agent in pack.agents]
    templates = pack.every_template()
    steps = {
        name: StepPlan(
            step=name,
            version=str(templates[name].version),
            model=model,
            remote=reach(model) is Reach.REMOTE,
            risk=risk_of(pack.policy, key, name),
            attempts=attempts,
        )
        for name, key, model, attempts in asked
    }
    return compile_plan(pack.policy.version, pack.kernel, steps, recall=recall)


def begin(
    run: RunId,
    pack: Pack,
    plan: ExecutionPlan,
    intake: Intake,
    folder: Path,
    *,
    request: str = "",
    budgets: Budgets | None = None,
) -> Begin:
    """Returns the command that starts a run of ``pack`` over what was read from ``folder``.

    ``request`` is what whoever starts it wants, and ``budgets`` what they give it; the pack's where
    they say nothing.
    """
    rules = [rule for rule in pack.policy.rules if rule.effect is Effect.PERMIT]
    permitted = [rule.key for rule in rules if rule.key]
    started = RunStarted(
        run=run,
        pack=pack.id,
        pack_version=pack.version,
        pack_digest=pack.digest,
        policy_digest=pack.policy.version,
        intent=intent_of(pack, intake.subject, request, budgets),
        agents=tuple(map(AgentId, pack.every_template())),
        grants=(grant(pack.policy.id, *permitted),),
        folder=str(folder),
        files={name: text_ref(text, shared=True) for name, text in pack.texts.items()},
        sources=tuple(
            {"path": source.path, "sha256": source.sha256, "kind": str(source.kind)}
            for source in intake.sources
        ),
        notes=intake.notes,
        tenant=pack.tenant or UNSET,
        app_version=__version__,
        plan=plan,
    )
    metrics = [(_observation(pack, metric), _signal(metric)) for metric in intake.metrics]
    limits = [
        (_rule_observation(pack, limit), _constraint(limit, intake))
        for limit in pack.limits.values()
    ]
    staged = [*limits, *metrics]
    return Begin(
        started,
        observations=tuple(observation for observation, _ in staged),
        inputs=tuple(fact for _, fact in staged),
    )


def begin_fork(run: RunId, origin: RunState, base: Context, seq: int) -> Begin:
    """Returns the command that starts a run from what ``origin`` had come to at record ``seq``."""
    started = structs.replace(
        origin.started,
        run=run,
        continues=origin.run,
        base_root=base.root,
        forked_at=seq,
        notes=(*origin.started.notes, f"It was forked from {origin.run} at record {seq}."),
        app_version=__version__,
    )
    return Begin(started, base=base)


def intent_of(
    pack: Pack, subject: str, request: str = "", budgets: Budgets | None = None
) -> RootIntent:
    """Returns what a run of ``pack`` over ``subject`` is for: that subject, and no other."""
    told = " ".join(request.split())  # a line of its own could pass for another layer
    return RootIntent(
        id=IntentId(pack.id),
        scope=(Product(value=subject),),
        question=fill(pack.question, {"subject": subject, "request": told}),
        subject=subject,
        criteria=(
            Criterion(
                id="decided", description="a strategy was decided", key=ContextKey.STRATEGIES
            ),
        ),
        budgets=budgets or budgets_of(pack),
        required_agents=tuple(step.value for step in DecisionStep),
        request=request or UNSET,
    )


def tells_request(pack: Pack) -> bool:
    """Whether agents are told what whoever starts a run wants."""
    blank, filled = (fill(pack.question, {"subject": "", "request": told}) for told in ("", "x"))
    return blank != filled


def budgets_of(pack: Pack) -> Budgets:
    """Returns what a run of ``pack`` may use up: more, the more agents it declares.

    Never more than the pack allows a person to give it.
    """
    assert BUDGETS.tokens is not None
    assert BUDGETS.time_us is not None
    agents, most = len(pack.agents), pack.budgets.most
    tokens = BUDGETS.tokens + agents * MORE_TOKENS
    time_us = BUDGETS.time_us + agents * MORE_US
    return structs.replace(
        BUDGETS,
        cycles=min(BUDGETS.cycles, most("cycles") or BUDGETS.cycles),
        facts=min(BUDGETS.facts, most("facts") or BUDGETS.facts),
        tokens=min(tokens, most("tokens") or tokens),
        time_us=min(time_us, (most("seconds") or time_us) * SECOND_US),
    )


def pack_checks(pack: Pack) -> Mapping[str, Check]:
    """Returns the checks a pack's policy may require beside the basic ones."""
    checks: dict[str, Check] = {
        "verdict-declared": _verdict_declared(pack),
        "capabilities-declared": _capabilities_declared(pack),
        "steps-grounded": _steps_grounded,
    }
    for limit in pack.limits.values():
        if limit.name:
            checks[limit.name] = _limit_holds(pack, limit)
    return checks


def _verdict_declared(pack: Pack) -> Check:
    def check(draft: Draft, context: Context) -> CheckResult:
        del context
        verdict = draft.fact.structured.get("verdict")
        if verdict in pack.verdicts:
            return CheckResult("verdict-declared", passed=True)
        reason = "The verdict is not one the pack declares."
        return CheckResult(
            "verdict-declared", False, reason, ", ".join(pack.verdicts), str(verdict)
        )

    return check


def _capabilities_declared(pack: Pack) -> Check:
    def check(draft: Draft, context: Context) -> CheckResult:
        del context
        named = [str(step.get("do")) for step in _steps(draft)]
        unknown = [name for name in named if name not in pack.capabilities]
        if named and not unknown:
            return CheckResult("capabilities-declared", passed=True)
        reason = "The plan names a capability that the pack does not declare, or none at all."
        expected = ", ".join(pack.capabilities)
        return CheckResult("capabilities-declared", False, reason, expected, ", ".join(unknown))

    return check


def _steps_grounded(draft: Draft, context: Context) -> CheckResult:
    """Every fact a step is for stands in the context."""
    named = [FactId(name) for step in _steps(draft) for name in step.get("for", ())]
    missing = [name for name in named if context.find(name) is None]
    if not missing:
        return CheckResult("steps-grounded", passed=True)
    reason = "A step of the plan is for a fact that does not exist."
    return CheckResult("steps-grounded", False, reason, "facts of this run", ", ".join(missing))


def _limit_holds(pack: Pack, limit: Limit) -> Check:
    """A hard limit: while it is broken or its value unknown, permissive verdicts are refused."""

    def check(draft: Draft, context: Context) -> CheckResult:
        if draft.fact.structured.get("verdict") not in pack.permissive:
            return CheckResult(limit.name, passed=True)
        signal = context.fact(ContextKey.SIGNALS, FactId(limit.metric))
        quantity = quantity_of(signal) if signal else None
        if quantity is not None and limit.standing(quantity) is Standing.SUPPORT:
            return CheckResult(limit.name, passed=True)
        found = str(quantity) if quantity else "unknown"
        expected = limit.describe(quantity.unit if quantity else "")
        reason = f"{limit.metric} is {found}, and the policy wants {expected}."
        return CheckResult(limit.name, False, reason, expected, found)

    return check


def _steps(draft: Draft) -> list[dict[str, Any]]:
    steps = draft.fact.structured.get("steps", [])
    return [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []


def _observation(pack: Pack, metric: Metric) -> Observation:
    report = "git" if metric.source == "git" else "report"
    return observe(
        ObservationId(f"read:{metric.id}"),
        _payload(metric),
        provider=report if pack.tables is None else "table",
        source=metric.source,
        place=metric.place,
    )


def _signal(metric: Metric) -> ProposedFact:
    return ProposedFact(
        key=ContextKey.SIGNALS,
        id=FactId(metric.id),
        content=f"{metric.label} {metric.quantity}",
        structured={**_payload(metric), "source": metric.source, "place": metric.place},
        observation=ObservationId(f"read:{metric.id}"),
    )


def _payload(metric: Metric) -> dict[str, Any]:
    quantity = metric.quantity
    return {
        "metric": metric.id,
        "label": metric.label,
        "value": quantity.value,
        "places": quantity.places,
        "unit": quantity.unit,
        "detail": metric.detail,
    }


def _rule_observation(pack: Pack, limit: Limit) -> Observation:
    return observe(
        ObservationId(f"limit:{limit.metric}"),
        {"metric": limit.metric, "bound": limit.describe(""), "weight": limit.weight.value},
        kind=ObservationKind.SYSTEM_EVENT,
        provider="pack",
        source=f"{pack.id}/pack.toml",
        place=f"limit {limit.metric}",
    )


def _constraint(limit: Limit, intake: Intake) -> ProposedFact:
    about = next((metric for metric in intake.metrics if metric.id == limit.metric), None)
    label, unit = (about.label, about.quantity.unit) if about else (limit.metric, "")
    return ProposedFact(
        key=ContextKey.CONSTRAINTS,
        id=FactId(f"limit:{limit.metric}"),
        content=f"{label} {limit.describe(unit)} ({limit.weight})",
        kind=ContentKind.CLASSIFICATION,
        structured={
            "metric": limit.metric,
            "bound": limit.describe(unit),
            "weight": limit.weight.value,
        },
        observation=ObservationId(f"limit:{limit.metric}"),
    )
