"""The gate is the only road to a fact, whatever is tried from inside the process or at the files.

Python keeps no secrets from code of the same process: the seal has a name, ``object.__setattr__``
passes every guard, and the garbage collector knows where the context is. Against that the promise
is another one, and it holds: the engine records only what its own gate returned. So the tests that
let an attacker go that far look at what was *written*, as a ledger would have it, and at the
context that reading it back gives; neither has heard of the forgery.
"""

from __future__ import annotations

import gc
import importlib
import inspect
import json
import pickle
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, get_args, get_type_hints

import msgspec
import pydantic
import pytest

import converge_core
from converge_core import events as e
from converge_core.agent import AgentEffect, Executed
from converge_core.authority import Actor, ActorKind, AuthorityGrant
from converge_core.canonical import canonical_record, parse
from converge_core.context import Context, ContextView, stage_all
from converge_core.errors import ConvergeError, InvalidValue, LedgerCorrupt, ReportMismatch
from converge_core.events import Event, body_of, read_event
from converge_core.fact import SEAL, Fact, FactRecord
from converge_core.gate import PromotionGate, ReportRecord, Validated
from converge_core.ids import AgentId, FactId, GateId, ProposalId, RunId
from converge_core.key import ContextKey as Key
from converge_core.ledger import Chain, encode_batch
from converge_core.policy import ENGINE_GATE, Effect
from converge_core.proposal import Draft, ProposedFact
from converge_core.run_state import DeskState, RunState
from converge_core.state import fold
from tests.core.kit import (
    ALICE,
    ASK_STRATEGIES,
    EVERYTHING,
    RUN,
    Play,
    contents,
    drafted,
    engine_of,
    fact,
    gate_of,
    policy_of,
    proposes,
    rule,
    salts,
    script,
    seed,
)
from tests.core.test_audit import believed

SYSTEM = Actor(kind=ActorKind.SYSTEM, id="test")
FORGED = "a forgery"
"""What every forged fact says; no record may."""


def validated(gate: PromotionGate, proposed: ProposedFact | None = None) -> Validated:
    _, sound = gate.validate(drafted(proposed or seed("x")), Context())
    assert sound is not None
    return sound


def genuine(gate: PromotionGate | None = None, proposed: ProposedFact | None = None) -> Fact:
    gate = gate or gate_of()
    return gate.promote(validated(gate, proposed), EVERYTHING, approver=SYSTEM, at=7)


def forged_record() -> FactRecord:
    return msgspec.structs.replace(genuine().record, id=FactId("forged"), content=FORGED)


@dataclass
class Desk(Play):
    """A play that writes down each event before it is folded, as the desktop does."""

    written: list[tuple[str, bytes]] = field(default_factory=list)

    def record(self, event: Event, now: int) -> None:
        self.written.append((event.kind, canonical_record(event)))
        super().record(event, now)

    def read_back(self) -> RunState:
        """Returns the run as what was written says it is."""
        state = DeskState()
        for seq, (kind, line) in enumerate(self.written):
            state = fold(state, read_event(kind, parse(line)), seq, seq)
        return state.runs[self.run]


# What Python and the libraries offer for making an object.


def converted(kind: type[Any], source: dict[str, Any]) -> object:
    return msgspec.convert(source, kind)


def decoded(kind: type[Any], source: dict[str, Any]) -> object:
    return msgspec.json.decode(json.dumps(source), type=kind)


def modelled(kind: type[Any], source: dict[str, Any]) -> object:
    adapter = pydantic.TypeAdapter(kind, config={"arbitrary_types_allowed": True})
    return adapter.validate_python(source)


def unpickled_into(kind: type[Any], source: dict[str, Any]) -> object:
    return pickle.loads(pickle.dumps(Call(object.__new__, kind, then=(None, source))))


def forced(kind: type[Any], source: dict[str, Any]) -> object:
    bare = object.__new__(kind)
    for name, value in source.items():
        msgspec.structs.force_setattr(bare, name, value)
    return bare


class Call:
    """Pickles as a call of ``function``, followed by setting the state ``then``."""

    def __init__(self, function: Any, *arguments: Any, then: Any = None) -> None:
        self.made = (function, arguments, then) if then else (function, arguments)

    def __reduce__(self) -> Any:
        return self.made


MAKERS = [converted, decoded, modelled, unpickled_into, forced]


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("kind", [Fact, Validated])
def test_no_library_makes_one_of_parts(
    make: Callable[[type[Any], dict[str, Any]], object], kind: type[Any]
) -> None:
    """Decoders want a record, and neither is one; whoever sets attributes meets their refusal."""
    parts = {"_record": "x", "_digest": "x", "draft": "x", "report": "x", "_seal": "x"}

    with pytest.raises((TypeError, ValueError, AttributeError)):
        make(kind, {name: parts[name] for name in kind.__slots__})


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("make", [genuine, lambda: validated(gate_of())], ids=["fact", "validated"])
@pytest.mark.parametrize("hide", [lambda one: one, lambda one: [{"in": (one,)}]], ids=["", "deep"])
def test_no_protocol_of_pickle_takes_one_along(
    protocol: int, make: Callable[[], object], hide: Callable[[object], object]
) -> None:
    """Neither by itself nor hidden in something else."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(hide(make()), protocol)


@pytest.mark.parametrize("kind", [Fact, Validated])
def test_neither_type_has_a_way_of_making_one_but_the_constructor(kind: type[Any]) -> None:
    """What is public on them answers questions; there is no factory to talk into it."""
    public = {name: value for name, value in vars(kind).items() if not name.startswith("_")}

    assert not [name for name, value in public.items() if callable(value)]
    assert not [name for name, value in public.items() if isinstance(value, classmethod)]


def parts_of(hint: Any) -> Iterator[Any]:
    yield hint
    for part in hint if isinstance(hint, list) else get_args(hint):
        yield from parts_of(part)


def public_functions() -> Iterator[tuple[str, Any]]:
    """Yields each public function and method of the core."""
    for found in pkgutil.iter_modules(converge_core.__path__):
        module = importlib.import_module(f"converge_core.{found.name}")
        for name, thing in vars(module).items():
            if getattr(thing, "__module__", "") != module.__name__ or name.startswith("_"):
                continue
            if inspect.isfunction(thing):
                yield name, thing
            elif inspect.isclass(thing):
                for part, value in vars(thing).items():
                    method = getattr(value, "__func__", value)
                    if inspect.isfunction(method) and not part.startswith("_"):
                        yield f"{name}.{part}", method


def test_no_public_function_accepts_a_fact() -> None:
    """So a forged one has nowhere to be handed in; only the gate takes what it validated itself."""
    taken = {
        (name, part.__name__)
        for name, function in public_functions()
        for place, hint in get_type_hints(function).items()
        for part in parts_of(hint)
        if place != "return" and part in (Fact, FactRecord, Validated)
    }

    once = {("PromotionGate.promote", "Validated"), ("PromotionGate.withdraw", "Validated")}
    assert once == taken


# A fact in everything but its origin is worth nothing.


def with_the_stolen_seal() -> Fact:
    return Fact(forged_record(), SEAL)


def set_by_object() -> Fact:
    forgery = object.__new__(Fact)
    for name in Fact.__slots__:
        object.__setattr__(forgery, name, getattr(genuine(), name))
    object.__setattr__(forgery, "_record", forged_record())
    return forgery


def from_a_pickle_written_by_hand() -> Fact:
    bare, source = Call(object.__new__, Fact), genuine()
    values = {name: getattr(source, name) for name in Fact.__slots__} | {"_record": forged_record()}
    calls = [Call(object.__setattr__, bare, name, value) for name, value in values.items()]
    forgery: Fact = pickle.loads(pickle.dumps([bare, *calls]))[0]
    return forgery


def of_another_class() -> Fact:
    twin_type = type("Twin", (), {"__slots__": Fact.__slots__})
    twin, source = twin_type(), genuine()
    for name in Fact.__slots__:
        setattr(twin, name, getattr(source, name))
    twin._record = forged_record()
    twin.__class__ = Fact
    forgery: Fact = twin
    return forgery


def by_a_gate_of_ones_own() -> Fact:
    lenient = PromotionGate(ENGINE_GATE, policy_of(rule(Effect.PERMIT), checks=()), {})
    return genuine(lenient, fact(Key.SEEDS, "forged", FORGED))


FORGERIES = [
    with_the_stolen_seal,
    set_by_object,
    from_a_pickle_written_by_hand,
    of_another_class,
    by_a_gate_of_ones_own,
]


@pytest.fixture(params=FORGERIES, ids=lambda make: make.__name__)
def forgery(request: pytest.FixtureRequest) -> Fact:
    """Returns a fact that looks right in every respect and that no engine's gate made."""
    made: Fact = request.param()
    assert (Fact, FORGED, "forged") == (type(made), made.content, made.id)
    return made


def before_any_seed(view: ContextView) -> bool:
    return not view.has(Key.SEEDS)


RETURNS: dict[str, Callable[[Any], Any]] = {
    "as a proposal": lambda one: AgentEffect((one,)),
    "as its record": lambda one: AgentEffect((one.record,)),
    "as all it did": lambda one: one,
    "as a model call": lambda one: AgentEffect((), (one,)),
    "within a proposal": lambda one: AgentEffect((fact(Key.SEEDS, "s", structured={"f": one}),)),
    "as an event": lambda one: AgentEffect((e.FactPromoted(run=RUN, fact=one.record),)),  # type: ignore[arg-type]
    "as a validated proposal": lambda one: AgentEffect((validated(gate_of()),)),  # type: ignore[arg-type]
    "as a draft": lambda one: AgentEffect((drafted(seed("x", FORGED)),)),  # type: ignore[arg-type]
    "as a report": lambda one: AgentEffect((validated(gate_of()).report,)),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("how", RETURNS)
def test_an_agent_that_returns_a_fact_instead_of_a_proposal_fails(how: str, forgery: Fact) -> None:
    """An effect is settled before it is looked at, and only proposals and calls can be settled."""
    attacker = script("attacker", lambda _: RETURNS[how](forgery), when=before_any_seed)
    desk = Desk(engine_of(attacker, proposes("honest", seed("a"))))
    desk.begin()

    assert ["attacker"] == [failure.agent for failure in desk.state.failures]
    assert ["a"] == contents(desk.state, Key.SEEDS)
    assert not [line for _, line in desk.written if FORGED.encode() in line]


def staged(one: Any) -> object:
    context = Context()
    context.add_input(one)
    return engine_of().run(context, authority=EVERYTHING)


def begun_with(one: Any) -> object:
    return Play(engine_of()).begin(one)


def reported_unsettled(one: Any) -> object:
    agent = AgentId("a")
    report = (Executed(agent, AgentEffect((one,))),)
    return Play(engine_of(script(agent, lambda _: None)), executor=lambda _: report).begin()


def written_as_an_event(one: Any) -> object:
    return encode_batch([e.FactPromoted(run=RUN, fact=one)], Chain(), 1, salts())


def promoted_again(one: Any) -> object:
    return gate_of().promote(one, EVERYTHING, approver=SYSTEM, at=7)


ENTRANCES = [staged, begun_with, reported_unsettled, written_as_an_event, promoted_again]


@pytest.mark.parametrize("entrance", ENTRANCES, ids=lambda entrance: entrance.__name__)
def test_a_forged_fact_is_refused_at_every_entrance(
    entrance: Callable[[Any], object], forgery: Fact
) -> None:
    """Input is settled as proposals, events hold records, and a gate wants what it validated."""
    with pytest.raises((ConvergeError, TypeError)):
        entrance(forgery)


def test_what_goes_on_from_a_context_grown_by_hand_is_no_ledger(forgery: Fact) -> None:
    """A run may continue another; reading it back wants that other one, and the root it came to."""
    given, events = Context(), list[Event]()
    given._grow(forgery)
    given.add_input(seed("a"))
    engine_of().run(given, authority=EVERYTHING, on_event=events.append)

    assert not [one for one in events if FORGED.encode() in canonical_record(one)]
    with pytest.raises(ConvergeError, match="which never started"):
        believed(events)


# What was validated is what is promoted, by the gate that validated it.


@pytest.mark.parametrize(
    "instead",
    [
        pytest.param(lambda gate: gate.examine(drafted(seed("x")), Context()), id="its report"),
        pytest.param(lambda gate: seed("x"), id="a proposal"),
        pytest.param(genuine, id="a fact"),
        pytest.param(lambda gate: id(validated(gate)), id="its address"),
        pytest.param(
            lambda gate: Validated(validated(gate).draft, validated(gate).report, SEAL),
            id="one made with the stolen seal",
        ),
        pytest.param(
            lambda gate: validated(
                PromotionGate(ENGINE_GATE, policy_of(rule(Effect.PERMIT), checks=()), {})
            ),
            id="one that a lenient gate validated",
        ),
    ],
)
def test_a_gate_promotes_only_what_it_handed_out_itself(
    instead: Callable[[PromotionGate], Any],
) -> None:
    """It knows each of its validations by identity; what merely looks like one is none."""
    gate = gate_of()

    with pytest.raises(ReportMismatch):
        gate.promote(instead(gate), EVERYTHING, approver=SYSTEM, at=7)


TAMPERINGS: dict[str, Callable[[Validated], object]] = {
    "its structure": lambda sound: sound.draft.fact.structured.update(n=2),
    "its structure, taken away": lambda sound: sound.draft.fact.structured.clear(),
    "its cycle": lambda sound: msgspec.structs.force_setattr(sound.draft, "cycle", 9),
    "its words": lambda sound: msgspec.structs.force_setattr(sound.draft.fact, "content", FORGED),
    "its key": lambda sound: msgspec.structs.force_setattr(sound.draft.fact, "key", Key.SIGNALS),
    "its ground": lambda sound: msgspec.structs.force_setattr(sound.draft, "rests_on", ()),
    "its draft": lambda sound: object.__setattr__(sound, "draft", drafted(seed("x", FORGED))),
    "its report": lambda sound: object.__setattr__(sound, "report", report_by_hand(sound.draft)),
}


def report_by_hand(draft: Draft) -> ReportRecord:
    """Returns a report that names the right proposal, and no check that it had to pass."""
    return ReportRecord(proposal=draft.id, proposal_digest=draft.digest(), policy=FORGED, checks=())


@pytest.mark.parametrize("what", TAMPERINGS)
def test_what_is_changed_after_its_validation_is_not_promoted(what: str) -> None:
    """The report names what was checked by its digest."""
    gate = gate_of()
    draft = msgspec.structs.replace(
        drafted(fact(Key.SEEDS, "x", structured={"n": 1})), rests_on=(FactId("a"),)
    )
    context = Context()
    context._grow(genuine(gate, seed("a")))
    _, sound = gate.validate(draft, context)
    assert sound is not None
    TAMPERINGS[what](sound)

    with pytest.raises(ReportMismatch, match="does not belong"):
        gate.promote(sound, EVERYTHING, approver=SYSTEM, at=7)


@pytest.mark.parametrize(
    "grant",
    [
        pytest.param({"keys": (Key.SIGNALS.value,)}, id="for another key"),
        pytest.param({"keys": ("Seed", "Seeds ", "seeds", "*")}, id="for a key spelt nearly so"),
        pytest.param({"gates": (GateId("engine"),)}, id="for another gate"),
        pytest.param({"expires_at": 1}, id="that has expired"),
    ],
)
def test_an_agent_gets_no_further_than_the_grant_of_its_run(grant: dict[str, Any]) -> None:
    """A policy that permits everything does not help where the authority ends."""
    scope = AuthorityGrant(
        grantor=SYSTEM, keys=tuple(key.value for key in Key), gates=(ENGINE_GATE,), granted_at=0
    )
    attacker = script(
        "attacker",
        lambda _: AgentEffect((seed("x", "once"), seed("x", "again"), fact(Key.SEEDS, "y"))),
    )
    desk = Desk(
        engine_of(attacker, policy=policy_of(rule(Effect.PERMIT))),
        grants=(msgspec.structs.replace(scope, **grant),),
    )
    desk.begin()

    assert [] == contents(desk.state, Key.SEEDS)
    assert {"no-authority", "refused-before"} >= {
        refusal.rule for refusal in desk.state.refusals.values()
    }


def test_a_persons_approval_is_no_grant_for_the_next_proposal() -> None:
    """It covers one proposal; the next of the same agent, under the same key, is asked about."""
    agent = script(
        "agent",
        lambda view: AgentEffect((fact(Key.STRATEGIES, f"s{view.count(Key.STRATEGIES)}"),)),
        when=lambda view: view.count(Key.STRATEGIES) < 2,
    )
    play = Play(engine_of(agent, policy=ASK_STRATEGIES)).begin()
    play.answer(play.gates()[0], "approve").go()

    assert ["s0"] == contents(play.state, Key.STRATEGIES)
    assert ["s1"] == [gate.request.title for gate in play.gates()]


def test_a_run_does_not_begin_under_a_grant_that_could_grow() -> None:
    """What covers more at the end than at the beginning is no grant."""
    growing = AuthorityGrant(
        grantor=SYSTEM,
        keys=[Key.SIGNALS.value],  # type: ignore[arg-type]
        gates=(ENGINE_GATE,),
        granted_at=0,
    )

    with pytest.raises((ConvergeError, TypeError)):
        engine_of().run(Context(), authority=growing)


# What an agent keeps, it keeps in vain.


def test_an_agent_cannot_change_its_proposal_while_a_person_is_asked() -> None:
    """Approved is what was shown, however the agent rewrites the objects that it returned."""
    inside: dict[str, Any] = {"sum": 1, "lines": [1]}
    kept = AgentEffect((fact(Key.STRATEGIES, "pay", "Pay 1", structured=inside),))
    agent = script("agent", lambda _: kept, when=lambda view: not view.has(Key.STRATEGIES))
    play = Play(engine_of(agent, policy=ASK_STRATEGIES)).begin()
    inside["sum"] = 1000
    inside["lines"].append(999)
    msgspec.structs.force_setattr(kept.proposals[0], "content", "Pay 1000")
    msgspec.structs.force_setattr(kept, "proposals", ())
    play.answer(play.gates()[0], "approve").go()
    [made] = play.state.context.get(Key.STRATEGIES)

    assert ("Pay 1", {"sum": 1, "lines": [1]}) == (made.content, made.structured)


def test_an_agent_that_returns_the_same_effect_again_is_held_to_what_it_says_now() -> None:
    """What it says under an id that stands already is a conflict and no correction."""
    inside = {"n": 1}
    kept = AgentEffect((fact(Key.SEEDS, "a", structured=inside),))

    def returns(view: ContextView) -> AgentEffect:
        inside["n"] += view.count(Key.SEEDS)
        return kept

    agent = script("agent", returns, when=lambda view: not view.has(Key.DIAGNOSTIC))
    play = Play(engine_of(agent)).begin()

    assert [{"n": 1}] == [one.structured for one in play.state.context.get(Key.SEEDS)]
    assert ["conflict"] == [refusal.rule for refusal in play.state.refusals.values()]


def test_a_listener_cannot_change_a_fact() -> None:
    """Who is told of an event holds none of what the fact of the context is made of."""

    def listen(event: Event) -> None:
        if isinstance(event, e.FactPromoted):
            event.fact.structured["n"] = 2

    given = stage_all(Context(), [fact(Key.SEEDS, "a", structured={"n": 1})])
    result = engine_of().run(given, authority=EVERYTHING, on_event=listen)

    assert [{"n": 1}] == [one.structured for one in result.context.get(Key.SEEDS)]


# What Python cannot stop is in nobody's records.


def found_by_slots(view: ContextView) -> Iterator[Context]:
    """Follows the private attributes of what it was handed."""
    waiting: list[Any] = [view]
    seen: set[int] = set()
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, Context):
            yield thing
        for kind in type(thing).__mro__:
            slots = kind.__dict__.get("__slots__", ())
            waiting += [getattr(thing, name) for name in slots if hasattr(thing, name)]


def found_by_referents(view: ContextView) -> Iterator[Context]:
    """Asks the garbage collector what the view refers to."""
    yield from (thing for thing in gc.get_referents(view) if isinstance(thing, Context))


def found_in_memory(view: ContextView) -> Iterator[Context]:
    """Asks the garbage collector for every context there is that holds a fact it was shown."""
    [known] = view.get(Key.SIGNALS)
    for thing in gc.get_objects():
        if type(thing) is Context and thing.find(known.id) is known:
            yield thing


@pytest.mark.parametrize(
    "find", [found_by_slots, found_by_referents, found_in_memory], ids=lambda find: find.__name__
)
def test_a_context_that_an_agent_grew_is_in_no_record(
    find: Callable[[ContextView], Iterator[Context]], forgery: Fact
) -> None:
    """It may plant a fact in memory. What was written, and what reading it gives, knows nothing."""
    grown: list[Context] = []

    def grow(view: ContextView) -> AgentEffect:
        grown.extend(find(view))
        for context in grown:
            context._grow(forgery)
        return AgentEffect()

    def nothing(_: ContextView) -> AgentEffect:
        return AgentEffect()

    desk, honest = (
        Desk(engine_of(script("a", does, after=[Key.SIGNALS]), proposes("b", seed("honest"))))
        for does in (grow, nothing)
    )
    desk.begin(fact(Key.SIGNALS, "found by this"))
    honest.begin(fact(Key.SIGNALS, "found by this"))

    assert grown
    assert not [line for _, line in desk.written if FORGED.encode() in line]
    assert honest.read_back().context.root == desk.read_back().context.root


REWRITES: dict[str, Callable[[Fact], object]] = {
    "object.__setattr__": lambda one: object.__setattr__(one, "_record", forged_record()),
    "the slot itself": lambda one: Fact.__dict__["_record"].__set__(one, forged_record()),
    "its constructor": lambda one: Fact.__init__(one, forged_record(), SEAL),
    "its private record": lambda one: msgspec.structs.force_setattr(one._record, "content", FORGED),
}


@pytest.mark.parametrize("how", REWRITES)
def test_a_fact_that_an_agent_rewrote_is_in_no_record(how: str) -> None:
    """It may rewrite a fact in memory. The record was written before any agent saw the fact."""

    def rewrite(view: ContextView) -> AgentEffect:
        REWRITES[how](view.get(Key.SIGNALS)[0])
        return AgentEffect()

    desk = Desk(engine_of(script("a", rewrite, after=[Key.SIGNALS]), proposes("b", seed("b"))))
    desk.begin(fact(Key.SIGNALS, "told", "as it was told"))

    assert [FORGED] == contents(desk.state, Key.SIGNALS)
    assert not [line for _, line in desk.written if FORGED.encode() in line]
    assert ["as it was told"] == contents(desk.read_back(), Key.SIGNALS)


def test_input_staged_behind_the_engines_back_is_never_promoted() -> None:
    """Input is what a run begins with; staging it in the run's own context leads nowhere."""

    def stage(view: ContextView) -> AgentEffect:
        for context in found_by_slots(view):
            context.add_input(seed("late", FORGED))
        return AgentEffect()

    desk = Desk(engine_of(script("a", stage, after=[Key.SIGNALS]), proposes("b", seed("b"))))
    desk.begin(fact(Key.SIGNALS, "s"))

    assert ["b"] == contents(desk.state, Key.SEEDS)
    assert not [line for _, line in desk.written if FORGED.encode() in line]


# A ledger written by hand.


def told() -> Play:
    """Returns a run in which a person approved one strategy."""
    play = Play(engine_of(proposes("p", fact(Key.STRATEGIES, "s")), policy=ASK_STRATEGIES))
    play.record(e.OperatorEnrolled(operator=ALICE.operator), 0)
    play.begin(seed("a"))
    return play.answer(play.gates()[0], "approve").go()


TOLD = told()
STARTED = TOLD.of(e.RunStarted)[0]
APPROVED = next(one for one in TOLD.of(e.FactPromoted) if one.fact.key is Key.STRATEGIES)
BODY = json.dumps(body_of(APPROVED))
"""The record of a fact that a person approved, as JSON that anybody can write."""


def before(kind: type[Event]) -> list[Event]:
    """Returns what happened before the first event of ``kind``."""
    index = next(n for n, event in enumerate(TOLD.events) if isinstance(event, kind))
    return TOLD.events[:index]


def elsewhere() -> list[Event]:
    other = RunId("elsewhere")
    return [*TOLD.events, msgspec.structs.replace(STARTED, run=other)]


def withdrawn() -> list[Event]:
    gate = TOLD.of(e.GateOpened)[0].request.id
    return [*before(e.GateDecided), e.GateWithdrawn(run=RUN, gate=gate, reason="cancelled")]


@pytest.mark.parametrize(
    ("ledger", "run"),
    [
        pytest.param(before(e.GateOpened), RUN, id="before anybody was asked"),
        pytest.param(before(e.GateDecided), RUN, id="while the person is asked"),
        pytest.param(withdrawn(), RUN, id="after the question was withdrawn"),
        pytest.param(elsewhere(), RunId("elsewhere"), id="in another run than the approval"),
    ],
)
def test_a_fact_written_by_hand_in_a_persons_name_is_not_believed(
    ledger: list[Event], run: RunId
) -> None:
    """However well it is spelt and chained: its decision must stand before it, in its own run."""
    by_hand = read_event("fact_promoted", json.loads(BODY) | {"run": run})

    with pytest.raises(LedgerCorrupt, match=r"no decision says so|nobody proposed") as refused:
        believed([*ledger, by_hand])

    assert len(ledger) == refused.value.seq


def test_the_ledger_that_the_forgeries_are_made_of_is_believed() -> None:
    """Else the test above would show nothing."""
    assert ["s"] == contents(believed(TOLD.events).runs[RUN], Key.STRATEGIES)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"seal": "SEAL"}, id="with a seal"),
        pytest.param({"validated": True}, id="marked as validated"),
        pytest.param({"fact": {"content": FORGED}}, id="with half a fact"),
        pytest.param({"fact": None}, id="without a fact"),
    ],
)
def test_json_cannot_say_more_or_less_than_a_record(change: dict[str, Any]) -> None:
    """There is no field by which a record could vouch for itself."""
    with pytest.raises(InvalidValue):
        read_event("fact_promoted", json.loads(BODY) | change)


def test_a_proposal_that_names_itself_promoted_is_still_a_proposal() -> None:
    """A draft may bear any id and any author; it becomes a fact by the gate or not at all."""
    draft = msgspec.structs.replace(
        drafted(seed("x", FORGED)), id=ProposalId("run/0/engine/0"), agent=AgentId("engine")
    )
    created = e.ProposalCreated(run=RUN, draft=draft)
    state = DeskState()
    for seq, event in enumerate([STARTED, created]):
        state = fold(state, event, 0, seq)

    assert (0, [draft]) == (state.runs[RUN].context.count(), [*state.runs[RUN].drafts.values()])
