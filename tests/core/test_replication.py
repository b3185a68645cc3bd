"""Replication: an intent exported and imported has the same hash, and comes to the same root."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.agent import ReactOnceAgent, SeedAgent
from converge_core.canonical import canonical, hash_bytes, parse
from converge_core.constraint import (
    Budget,
    Compliance,
    ConstraintSeverity,
    FrameConstraint,
    IntentConstraint,
    Resource,
)
from converge_core.context import Context, stage_all
from converge_core.criterion import Met
from converge_core.engine import Engine, RunResult
from converge_core.errors import InvalidConfiguration, InvalidIntent, InvalidValue
from converge_core.evals import requires
from converge_core.frame import Frame
from converge_core.ids import FrameId, IntentId
from converge_core.intent import NO_INTENT, Budgets, Criterion, RootIntent
from converge_core.invariant import Invariant, InvariantClass, OnViolation, Violation
from converge_core.key import ContextKey as Key
from converge_core.policy import Effect, grant
from converge_core.replication import Replica, export_intent, import_intent, replica_of
from converge_core.scope import Custom, CustomerSegment, Geography, Market, Product, TimeWindow
from tests.core.kit import EVERYTHING, declared, fact, policy_of, rule, seed

STRUCTURAL, SEMANTIC, ACCEPTANCE = InvariantClass
PERMISSIVE = policy_of(rule(Effect.PERMIT))


def at_most(most: int, name: str = "few", **more: Any) -> Invariant:
    def check(context: Context) -> Violation | None:
        standing = context.count(Key.SEEDS)
        return Violation(f"There are {standing}.") if standing > most else None

    return Invariant(name, more.pop("of", STRUCTURAL), check, parameters={"most": most}, **more)


def engine(*rules: Invariant, **settings: Any) -> Engine:
    """Returns an engine as any machine would build it: the same agents, policy and rules."""
    made = Engine(policy=PERMISSIVE, invariants=rules, **settings)
    made.register(SeedAgent("seed-1", "a seed"))
    made.register(ReactOnceAgent("hyp-1", "an insight"))
    return made


def run(
    made: Engine, intent: RootIntent, *frames: Frame, inputs: tuple[Any, ...] = ()
) -> RunResult:
    context = stage_all(Context(), inputs)
    return made.run(context, authority=EVERYTHING, intent=intent, frames=frames)


def exported(intent: RootIntent, *frames: Frame, **settings: Any) -> bytes:
    rules = settings.pop("rules", (at_most(9),))
    return export_intent(replica_of(intent, frames, engine(*rules, **settings), EVERYTHING))


def imported(data: bytes, *rules: Invariant, **settings: Any) -> Replica:
    return import_intent(data, engine(*(rules or (at_most(9),)), **settings), EVERYTHING)


# Whatever can be said.

TERM = st.sampled_from(["spend", "reviewers", "channel", "tone", "plan-b"])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda text: text.strip()
)
AMOUNT = st.integers(0, 2**53 - 1)
WINDOW = st.tuples(st.integers(-9, 9), st.integers(1, 9), TEXT).map(
    lambda w: TimeWindow(start=w[0], end=w[0] + w[1], description=w[2])
)
SCOPE = st.one_of(
    *(st.builds(kind, value=TEXT) for kind in (Market, Geography, Product, CustomerSegment)),
    st.builds(Custom, key=TERM, value=TEXT),
    WINDOW,
)
SEVERITY = st.sampled_from(ConstraintSeverity)
DEMAND = st.builds(IntentConstraint, key=TERM, value=st.one_of(AMOUNT, TEXT), severity=SEVERITY)
KIND = st.one_of(
    st.builds(Budget, limit=AMOUNT),
    st.builds(Resource, kind=TERM, limit=AMOUNT),
    st.builds(Compliance, regime=TERM),
    st.builds(Geography, value=TEXT),
    st.builds(Custom, key=TERM, value=TEXT),
    WINDOW,
)
FRAME_DEMAND = st.builds(FrameConstraint, kind=KIND, severity=SEVERITY, description=TEXT)
BUDGETS = st.builds(Budgets, cycles=st.integers(3, 50), tokens=st.none() | AMOUNT)


def criteria(prefix: str, least: int) -> st.SearchStrategy[tuple[Criterion, ...]]:
    made = st.tuples(TEXT, st.sampled_from(Key), st.booleans())
    return st.lists(made, min_size=least, max_size=3).map(
        lambda drawn: tuple(
            Criterion(id=f"{prefix}{n}", description=text, key=key, required=needed or n == 0)
            for n, (text, key, needed) in enumerate(drawn)
        )
    )


def some(of: st.SearchStrategy[Any], *, least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, min_size=least, max_size=4, unique_by=canonical).map(tuple)


INTENTS = st.builds(
    declared,
    question=TEXT,
    subject=TEXT,
    scope=some(SCOPE, least=1),
    criteria=criteria("i", 1),
    budgets=BUDGETS,
    constraints=some(DEMAND).map(
        lambda demands: tuple({(d.key, str(d.value)): d for d in demands}.values())
    ),
)
FRAMES = st.lists(
    st.tuples(TEXT, st.lists(FRAME_DEMAND, max_size=3, unique_by=lambda one: canonical(one.kind))),
    max_size=3,
).map(
    lambda drawn: tuple(
        Frame(
            id=FrameId(f"frame-{n}"),
            scope=text,
            constraints=tuple(demands),
            linked_intent=IntentId("grow") if n else None,
            parent_frame=FrameId(f"frame-{n - 1}") if n else None,
        )
        for n, (text, demands) in enumerate(drawn)
    )
)
USES = st.dictionaries(TERM, st.integers(0, 9), max_size=2)


@given(INTENTS, FRAMES, st.lists(USES, max_size=3))
def test_an_intent_imported_elsewhere_has_its_hash_and_comes_to_its_root(
    intent: RootIntent, frames: tuple[Frame, ...], amounts: list[dict[str, int]]
) -> None:
    """Whatever it declares: the same document, intent, frames, end and context root."""
    here = engine(at_most(9))
    original = replica_of(intent, frames, here, EVERYTHING)
    data = export_intent(original)
    there = engine(at_most(9))
    replica = import_intent(data, there, EVERYTHING)
    inputs = tuple(
        fact(Key.SIGNALS, f"u{n}", structured={"uses": one}) for n, one in enumerate(amounts)
    )
    first = run(here, intent, *frames, inputs=inputs)
    second = run(there, replica.intent, *replica.frames, inputs=inputs)

    assert (original, original.hash) == (replica, replica.hash)
    assert data == export_intent(replica)
    assert (first.context.root, first.stop_reason) == (second.context.root, second.stop_reason)


def test_the_document_is_canonical_and_its_hash_can_be_checked_by_hand() -> None:
    """Anybody with a JSON library and SHA-256 can."""
    data = exported(declared())
    raw = parse(data)

    assert data == canonical(raw)
    assert raw["hash"] == hash_bytes(canonical(raw["document"]))
    assert ("converge-intent", 1, PERMISSIVE.version) == tuple(
        raw["document"][name] for name in ("format", "version", "policy")
    )
    assert [
        {
            "name": "few",
            "invariant_class": "structural",
            "on_violation": "stop",
            "parameters": {"most": 9},
        }
    ] == raw["document"]["rules"]


def test_an_intent_that_declares_nothing_replicates_too() -> None:
    """There is just less to say."""
    assert NO_INTENT == imported(exported(NO_INTENT)).intent


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ((at_most(9, "other"),), "needs the rule few, which is missing"),
        ((at_most(8),), "the rule few is another here: structural, stop, most 8, not"),
        ((at_most(9, of=SEMANTIC),), "the rule few is another here: semantic"),
        ((at_most(9, on_violation=OnViolation.REMEDIATE),), "the rule few is another here"),
        ((at_most(9), at_most(5, "more")), "the rule more is none of the intent's"),
        ((at_most(9), at_most(9)), "the rule few is none of the intent's"),
    ],
)
def test_a_rule_that_is_not_the_same_here_is_refused_by_name(
    rules: tuple[Invariant, ...], reason: str
) -> None:
    """Missing, other, or one too many: the run would not be the same."""
    with pytest.raises(InvalidConfiguration, match=reason):
        imported(exported(declared()), *rules)


def test_rules_in_another_order_are_refused() -> None:
    """The first that is broken names the end, so their order is part of them."""
    first, second = at_most(9, "first"), at_most(9, "second")
    data = exported(declared(), rules=(first, second))

    assert imported(data, first, second)
    with pytest.raises(InvalidConfiguration, match="first is checked before second there"):
        imported(data, second, first)


def test_the_evals_that_are_required_are_part_of_the_rule() -> None:
    """Requiring another eval is another rule, though it goes by the same name."""
    data = exported(declared(), rules=(requires("fit", "fast"),))

    assert imported(data, requires("fit", "fast"))
    with pytest.raises(InvalidConfiguration, match=r"evals fit, not .* evals fit, fast"):
        imported(data, requires("fit"))


def test_a_judge_that_is_missing_here_is_refused_by_name() -> None:
    """Without it, a criterion would be met by something else."""
    judged: dict[str, Any] = {"criteria": {"seeded": lambda _: Met()}}
    data = exported(declared(), **judged)

    assert ("seeded",) == imported(data, **judged).judges
    with pytest.raises(InvalidConfiguration, match="needs the judge seeded"):
        imported(data)
    with pytest.raises(InvalidConfiguration, match="the judge seeded is none"):
        imported(exported(declared()), **judged)


def test_another_policy_is_refused_with_both_versions() -> None:
    """It decides what becomes a fact; without one of its own, an engine follows the grants."""
    data = exported(declared())
    follows_grants = Engine(invariants=[at_most(9)])

    with pytest.raises(InvalidConfiguration, match=f"under policy {PERMISSIVE.version[:12]}"):
        import_intent(data, follows_grants, EVERYTHING)
    granted = export_intent(replica_of(declared(), (), follows_grants, EVERYTHING))
    assert import_intent(granted, Engine(invariants=[at_most(9)]), EVERYTHING)
    with pytest.raises(InvalidConfiguration, match="policy"):
        import_intent(granted, Engine(invariants=[at_most(9)]), grant("else", Key.SEEDS))


def _with(change: Callable[[dict[str, Any]], None], *, hashed: bool = True) -> bytes:
    raw = parse(exported(declared()))
    change(raw["document"])
    if hashed:
        raw["hash"] = hash_bytes(canonical(raw["document"]))
    return canonical(raw)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not JSON"),
        (b"[]", "not an exported intent"),
        (b'{"document":{}}', "not an exported intent"),
        (exported(declared()) + b"\n", "canonical form"),
        (_with(lambda d: d.update(policy="other"), hashed=False), "recorded hash"),
        (_with(lambda d: d.update(policy=5)), "policy"),
        (_with(lambda d: d.update(version=2)), "version"),
        (_with(lambda d: d.update(more=1)), "more"),
        (_with(lambda d: d.pop("rules")), "rules"),
        (_with(lambda d: d["intent"].pop("criteria")), "recorded hash"),
        (_with(lambda d: d["intent"]["scope"].append({"type": "Weather"})), "Weather"),
    ],
)
def test_a_document_that_was_altered_or_is_none_is_refused(data: bytes, reason: str) -> None:
    """Cut, changed, or spelled otherwise: nothing is guessed."""
    with pytest.raises(InvalidValue, match=reason):
        imported(data)


def test_an_intent_that_does_not_hold_up_is_neither_exported_nor_imported() -> None:
    """It would be refused when its run begins; it is refused before."""
    with pytest.raises(InvalidIntent, match="scope"):
        exported(declared(scope=()))
    with pytest.raises(InvalidIntent, match="scope"):
        imported(_with(lambda d: d["intent"].update(scope=[])))


def test_a_hard_constraint_keeps_its_meaning_elsewhere() -> None:
    """The replica stops where the original stops."""
    intent = declared(constraints=(IntentConstraint(key="spend", value=5),))
    over = (seed("a"), fact(Key.SIGNALS, "x", structured={"uses": {"spend": 6}}))
    replica = imported(exported(intent))
    first, second = (
        run(engine(at_most(9)), intent, inputs=over),
        run(engine(at_most(9)), replica.intent, inputs=over),
    )

    assert "constraint:spend" == getattr(second.stop_reason, "name", "")
    assert (first.stop_reason, first.context.root) == (second.stop_reason, second.context.root)
