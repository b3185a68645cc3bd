"""Attacks that once succeeded, by agents in the process and by whoever can write to the files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, get_type_hints

import msgspec
import pytest

from converge_core import events as e
from converge_core.agent import AgentEffect
from converge_core.authority import Actor, ActorKind, AuthorityGrant
from converge_core.canonical import canonical_record
from converge_core.context import Context, ContextView
from converge_core.errors import ConvergeError, LedgerCorrupt, NotAuthorized, ReportMismatch
from converge_core.events import Event
from converge_core.fact import Fact
from converge_core.gate import Validated
from converge_core.ids import AgentId, ApprovalId, FactId, GateId, ProposalId, RunId
from converge_core.key import ContextKey as Key
from converge_core.ledger import Chain, decode, encode_batch
from converge_core.review import Operator, bytes_of
from converge_core.trace import text_ref
from tests.core.kit import (
    ALICE,
    EVERYTHING,
    Person,
    Play,
    contents,
    engine_of,
    fact,
    gate_of,
    model_call,
    proposes,
    salts,
    script,
    seed,
)
from tests.core.test_audit import EVENTS, believed
from tests.core.test_gate_attacks import FORGED, Desk, validated

replace, force = msgspec.structs.replace, msgspec.structs.force_setattr


# 1. What an agent returns.  record.settled looks at the agent's own objects, and then encodes them:
# a container that iterates to nothing, or another thread, shows one thing to the check and another
# to the encoder.  agent.execute and engine._take_in then rely on it.


class Sly(tuple[Any, ...]):
    """A tuple that shows nothing to those who iterate over it; encoders read its memory."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return iter(())


class SlyDict(dict[str, Any]):
    """A dictionary that shows nothing to those who ask for its items."""

    def items(self) -> Any:
        return ()


BEYOND = 2**60
EFFECTS: dict[str, Callable[[], AgentEffect]] = {
    "an integer beyond 2^53 in a call": lambda: AgentEffect(
        (), Sly((model_call(prompt_tokens=BEYOND),))
    ),
    "a key that is not ASCII in a call": lambda: AgentEffect(
        (), (model_call(layers=SlyDict({"ü": text_ref("")})),)
    ),
    "a float in a hidden proposal": lambda: AgentEffect(
        Sly((fact(Key.HYPOTHESES, "x", structured={"f": 0.5}),))
    ),
    "a float in a hidden structure": lambda: AgentEffect(
        (fact(Key.HYPOTHESES, "x", structured=SlyDict({"f": 0.5})),)
    ),
}


@pytest.mark.parametrize("what", EFFECTS)
def test_no_agent_can_keep_a_ledger_from_being_read(what: str) -> None:
    """What is recorded is what was checked; else one agent stops the run, or bricks the desk."""
    attacker = script("attacker", lambda _: EFFECTS[what](), when=lambda v: not v.has(Key.SEEDS))
    play = Play(engine_of(attacker, proposes("honest", seed("a")))).begin()
    lines, _ = encode_batch(play.events, Chain(), 1, salts())

    assert len(play.events) == len(list(decode(lines.splitlines(keepends=True))))
    assert ["a"] == contents(play.state, Key.SEEDS)


# 2. What an agent is handed.  Fact.promotion and Fact.record hand out the very objects that the
# fact in memory keeps.  Some of them serve every fact of the process: merge.SYSTEM,
# merge._rule_actor and gate._summary.  So a change of one is written down, in a person's name if an
# agent likes, with each fact that is made from then on; and a ledger that says so is not believed
# when it is next opened.


Scribble = Callable[[Fact], tuple[Any, str, Any]]
"""Picks what is to be changed of a fact, its field, and what it is to say."""

SCRIBBLES: dict[str, Scribble] = {
    "its words": lambda one: (one.record, "content", FORGED),
    "its policy": lambda one: (one.promotion, "policy_version_hash", FORGED),
    "its approver": lambda one: (one.promotion.approver, "id", FORGED),
    "its checks": lambda one: (one.promotion.validation_summary, "checks_passed", (FORGED,)),
}


@pytest.fixture
def scribbled() -> Iterator[Callable[[Fact, Scribble], None]]:
    """Returns how to change part of a fact; whatever is shared is put right again."""
    undo: list[tuple[Any, str, Any]] = []

    def scribble(one: Fact, pick: Scribble) -> None:
        part, name, value = pick(one)
        undo.append((part, name, getattr(part, name)))
        force(part, name, value)

    yield scribble
    for change in reversed(undo):
        force(*change)


@pytest.mark.parametrize("what", SCRIBBLES)
def test_what_a_fact_hands_out_cannot_be_used_to_change_it(
    what: str, scribbled: Callable[[Fact, Scribble], None]
) -> None:
    """Neither the fact that all others see, nor the root that is recorded."""

    def scribble(view: ContextView) -> AgentEffect:
        scribbled(view.get(Key.SEEDS)[0], SCRIBBLES[what])
        return AgentEffect()

    desk = Desk(engine_of(script("attacker", scribble, after=[Key.SEEDS])))
    desk.begin(seed("told"))
    [standing] = desk.state.context.get(Key.SEEDS)

    assert FORGED.encode() not in canonical_record(standing.record)
    assert desk.read_back().context.root == desk.of(e.RunStopped)[0].root


@pytest.mark.parametrize("what", ["its approver", "its checks"])
@pytest.mark.parametrize("key", [Key.SEEDS, Key.DIAGNOSTIC])
def test_no_agent_can_change_what_later_facts_say_of_themselves(
    what: str, key: Key, scribbled: Callable[[Fact, Scribble], None]
) -> None:
    """In no run of the process: what is written about a fact is the gate's word."""

    def scribble(view: ContextView) -> AgentEffect:
        scribbled(view.get(key)[0], SCRIBBLES[what])
        return AgentEffect()

    Play(engine_of(script("attacker", scribble, after=[key]))).begin(seed("a"), seed("x", " "))
    later = Desk(engine_of(), run=RunId("another"))
    later.begin(seed("a"), seed("x", " "))

    assert not [line for _, line in later.written if FORGED.encode() in line]


def test_no_agent_can_sign_later_facts_with_a_persons_name(
    scribbled: Callable[[Fact, Scribble], None],
) -> None:
    """A ledger with such a fact is refused as corrupt at the next start of the desk."""

    def sign(view: ContextView) -> AgentEffect:
        [diagnostic] = view.get(Key.DIAGNOSTIC)
        scribbled(diagnostic, lambda one: (one.promotion.approver, "kind", ActorKind.HUMAN))
        return AgentEffect()

    Play(engine_of(script("attacker", sign, after=[Key.DIAGNOSTIC]))).begin(seed("x", " "))
    later = Desk(engine_of(), run=RunId("another"))
    later.begin(seed("x", " "))

    assert not [line for _, line in later.written if b'"kind":"human"' in line]


def test_no_agent_can_hide_what_it_read() -> None:
    """A view can be initialised again, which empties what it remembers; no ground is recorded."""

    def hide(view: ContextView) -> AgentEffect:
        view.get(Key.SEEDS)
        view.__init__(Context())  # type: ignore[misc]
        return AgentEffect((fact(Key.HYPOTHESES, "h"),))

    attacker = script("attacker", hide, after=[Key.SEEDS])
    play = Play(engine_of(attacker)).begin(seed("a"))

    assert [] == [one.id for one in play.state.context.get(Key.HYPOTHESES) if not one.rests_on]


def test_no_agent_can_blind_another() -> None:
    """All agents are asked whether they accept with one view; the first may empty it."""

    def blind(view: ContextView) -> bool:
        view.__init__(Context())  # type: ignore[misc]
        return False

    attacker = script("attacker", lambda _: AgentEffect(), after=[Key.SEEDS], when=blind)
    honest = script(
        "honest",
        lambda _: AgentEffect((fact(Key.HYPOTHESES, "h"),)),
        after=[Key.SEEDS],
        when=lambda view: view.has(Key.SEEDS),
    )
    play = Play(engine_of(attacker, honest)).begin(seed("a"))

    assert ["h"] == contents(play.state, Key.HYPOTHESES)


# 3. What an agent says of itself.  Engine.register and agent.execute read its name anew each time.


class Shifting:
    """An agent whose attributes are what the engine wants to hear, for a while."""

    dependencies: tuple[Key, ...] = ()

    def __init__(self, *names: str) -> None:
        self.names = list(names)

    @property
    def name(self) -> AgentId:
        name = self.names.pop(0) if len(self.names) > 1 else self.names[0]
        if not name:
            raise RuntimeError("no longer")
        return AgentId(name)

    def accepts(self, view: ContextView) -> bool:
        return not view.has(Key.SEEDS)

    def execute(self, view: ContextView) -> AgentEffect:
        del view
        return AgentEffect((seed("of the attacker"),))


@pytest.mark.parametrize("after", range(1, 5))
def test_no_agent_can_take_the_engines_name(after: int) -> None:
    """One of the looks at its name while it is registered is the one that counts."""
    engine = engine_of()
    with suppress(ConvergeError):
        engine.register(Shifting(*["harmless"] * after, "engine"))

    assert "engine" not in engine.agents


@pytest.mark.parametrize("becomes", ["another", ""], ids=["renames itself", "loses its name"])
@pytest.mark.parametrize("after", range(1, 8))
def test_an_agent_whose_name_changes_harms_only_itself(becomes: str, after: int) -> None:
    """Whatever becomes of it, and however late, the others merge."""
    engine = engine_of()
    with suppress(ConvergeError, RuntimeError):  # to be refused at once is just as well
        engine.register(Shifting(*["a"] * after, becomes))
    engine.register(proposes("honest", seed("h")))
    play = Play(engine).begin()

    assert "h" in contents(play.state, Key.SEEDS)


@pytest.mark.parametrize("error", [GeneratorExit, type("Own", (BaseException,), {})])
def test_no_exception_of_an_agent_but_a_persons_interrupt_gets_out(
    error: type[BaseException],
) -> None:
    """asyncio.CancelledError is one of them, too."""

    def leave(_: ContextView) -> AgentEffect:
        raise error

    attacker = script("attacker", leave, when=lambda view: not view.has(Key.SEEDS))
    play = Play(engine_of(attacker, proposes("honest", seed("h")))).begin()

    assert ["h"] == contents(play.state, Key.SEEDS)


# 4. At the gate, for code that holds one.


def test_a_type_that_says_it_cannot_be_subclassed_cannot() -> None:
    """__init_subclass__ is not asked when another base stands before it."""
    mute = type("Mute", (), {"__init_subclass__": lambda cls: None})

    for kind in (Fact, Validated):
        with pytest.raises(TypeError):
            type("Forged", (mute, kind), {"__init__": lambda self: None})


@pytest.mark.parametrize(
    "grant",
    [
        pytest.param(type("Wide", (), {"why_not": lambda *_: ""})(), id="no grant at all"),
        pytest.param(
            type("Wide", (AuthorityGrant,), {"why_not": lambda *_: ""}, frozen=True)(
                grantor=Actor(kind=ActorKind.AGENT, id="a"), keys=(), gates=(), granted_at=0
            ),
            id="a grant of a kind of its own",
        ),
    ],
)
def test_what_says_of_itself_that_it_covers_everything_is_no_grant(grant: Any) -> None:
    """Whether a grant covers a promotion is not the grant's to say."""
    gate = gate_of()

    with pytest.raises((NotAuthorized, TypeError)):
        gate.promote(validated(gate), grant, approver=EVERYTHING.grantor, at=7)


def test_words_without_structure_cannot_be_changed_after_their_validation() -> None:
    """The digest is looked at again only where a proposal has structure (PromotionGate.promote)."""
    gate = gate_of()
    sound = validated(gate)
    force(sound.draft.fact, "content", FORGED)

    with pytest.raises(ReportMismatch):
        gate.promote(sound, EVERYTHING, approver=EVERYTHING.grantor, at=7)


@pytest.mark.parametrize("maker", [Fact, Validated])
def test_the_seal_has_a_type_of_its_own(maker: type[Any]) -> None:
    """A parameter of type ``object`` takes anything, and a type checker says nothing."""
    assert object is not get_type_hints(maker.__init__)["seal"]


# 5. At the files.  audit.read_in asks of a fact only that a person who is named has approved a gate
# that names its proposal.  That the proposal, its words, its checks and its approvals are what was
# signed, it does not ask.  Each forgery is chained as it should be.


def index(kind: type[Event], fits: Callable[[Any], bool] = lambda _: True) -> int:
    return next(n for n, one in enumerate(EVENTS) if isinstance(one, kind) and fits(one))


def by(kind: ActorKind) -> Callable[[Any], bool]:
    return lambda event: event.fact.promotion.approver.kind is kind


BY_PERSON, BY_POLICY = (
    index(e.FactPromoted, by(ActorKind.HUMAN)),
    index(e.FactPromoted, by(ActorKind.SYSTEM)),
)
APPROVED: Any = EVENTS[BY_PERSON]
PERMITTED: Any = EVENTS[BY_POLICY]
DRAFTED = index(e.ProposalCreated, lambda one: one.draft.id == APPROVED.fact.proposal)
ASKED = index(e.GateOpened, lambda one: one.request.proposal == APPROVED.fact.proposal)
DECIDED = index(e.GateDecided, lambda one: one.decision.verdict == "approve")
REJECTED: Any = EVENTS[index(e.GateDecided, lambda one: one.decision.verdict == "reject")]
STOPPED = index(e.RunStopped)
OTHER = ProposalId("run-0001/9/planning/0")


def swapped(*changes: tuple[int, Event]) -> list[Event]:
    return [dict(changes).get(n, event) for n, event in enumerate(EVENTS)]


def inserted(at: int, event: Event) -> list[Event]:
    return [*EVENTS[:at], event, *EVENTS[at:]]


def said(event: Any, **changes: Any) -> Event:
    changed: Event = replace(event, fact=replace(event.fact, **changes))
    return changed


def promoted(event: Any, **changes: Any) -> Event:
    return said(event, promotion=replace(event.fact.promotion, **changes))


def drafted_as(proposal: ProposalId) -> Event:
    """Returns a record that makes a fact of ``proposal`` in the name of the policy."""
    draft = next(
        one.draft
        for one in EVENTS
        if isinstance(one, e.ProposalCreated) and one.draft.id == proposal
    )
    return said(
        PERMITTED,
        id=draft.fact.id,
        key=draft.fact.key,
        kind=draft.fact.kind,
        content=draft.fact.content,
        structured=draft.fact.structured,
        agent=draft.agent,
        proposal=draft.id,
        rests_on=draft.rests_on,
    )


def reworded_draft() -> list[Event]:
    created: Any = EVENTS[DRAFTED]
    draft = replace(created.draft, fact=replace(created.draft.fact, content=FORGED))
    return swapped(
        (DRAFTED, replace(created, draft=draft)), (BY_PERSON, said(APPROVED, content=FORGED))
    )


def redirected_question() -> list[Event]:
    asked: Any = EVENTS[ASKED]
    request = replace(asked.request, proposal=OTHER)
    return swapped(
        (ASKED, replace(asked, request=request)),
        (BY_PERSON, said(APPROVED, proposal=OTHER, content=FORGED)),
    )


def enrolled_again() -> list[Event]:
    """Mallory takes over alice's id, and decides in her name."""
    mallory, decided = Person("mallory"), EVENTS[DECIDED]
    usurped = Operator(id=ALICE.operator.id, name="alice", public_key=mallory.operator.public_key)
    assert isinstance(decided, e.GateDecided)
    forged = replace(decided.decision, reason=FORGED, signature="")
    forged = replace(forged, signature=mallory.sign(bytes_of(forged)))
    events = swapped((DECIDED, replace(decided, decision=forged)))
    return [*events[:DECIDED], e.OperatorEnrolled(operator=usurped), *events[DECIDED:]]


MADE_UP = (ApprovalId("approval:made-up"),)
BREACHES: dict[str, list[Event]] = {
    # in a person's name
    "other words than were approved": swapped((BY_PERSON, said(APPROVED, content=FORGED))),
    "another structure than was approved": swapped(
        (BY_PERSON, said(APPROVED, structured={"n": 1}))
    ),
    "another key than was approved": swapped((BY_PERSON, said(APPROVED, key=Key.CONSTRAINTS))),
    "a draft reworded after it was approved": reworded_draft(),
    "a question redirected to another proposal": redirected_question(),
    "two facts on one approval": inserted(BY_PERSON + 1, said(APPROVED, id=FactId("second"))),
    "an approval that does not exist": swapped((BY_PERSON, promoted(APPROVED, approvals=MADE_UP))),
    "no approval at all": swapped((BY_PERSON, promoted(APPROVED, approvals=()))),
    "a person's id taken over with another key": enrolled_again(),
    # in the policy's name
    "a system that names an approval which does not exist": swapped(
        (BY_POLICY, promoted(PERMITTED, approvals=MADE_UP))
    ),
    "an agent as approver": swapped(
        (BY_POLICY, promoted(PERMITTED, approver=Actor(kind=ActorKind.AGENT, id="reasoning")))
    ),
    "a fact that nobody proposed": inserted(
        BY_POLICY + 1, said(PERMITTED, id=FactId("ghost"), proposal=OTHER)
    ),
    "what a person rejected, in the policy's name": inserted(
        BY_PERSON + 1, drafted_as(ProposalId(REJECTED.decision.gate.removeprefix("gate:")))
    ),
    "what a person is being asked about, in the policy's name": inserted(
        ASKED + 1, drafted_as(APPROVED.fact.proposal)
    ),
    "other words than were checked": swapped((BY_POLICY, said(PERMITTED, content=FORGED))),
    "the same fact twice": inserted(BY_POLICY + 1, PERMITTED),
    # around them
    "a fact after the run had stopped": inserted(STOPPED + 1, said(PERMITTED, id=FactId("late"))),
    "a run that begins again over its own facts": inserted(
        BY_PERSON + 1, EVENTS[index(e.RunStarted)]
    ),
    "a root that the facts do not have": swapped(
        (STOPPED, replace(EVENTS[STOPPED], root="0" * 64))
    ),
    # refused, but not as the corrupt ledger that it is
    "a withdrawal of no gate": inserted(
        BY_PERSON, e.GateWithdrawn(run=APPROVED.run, gate=GateId("none"), reason="x")
    ),
    "a fact of no run": inserted(BY_PERSON, replace(APPROVED, run=RunId("none"))),
}


@pytest.mark.parametrize("what", BREACHES)
def test_no_ledger_is_believed_that_tells_of(what: str) -> None:
    """What a record claims must stand before it: proposal, passed checks, answer, one use."""
    with pytest.raises(LedgerCorrupt):
        believed(BREACHES[what])


# What reading back once believed, because nothing asked for it: the grants of the run, the checks
# and the policy that a fact names, the spelling of its structure, and that what is over is over.

ENDED = "stands after that run had stopped"
STARTED: Any = EVENTS[index(e.RunStarted)]
SNAPSHOT: Any = EVENTS[index(e.SnapshotTaken)]
REPORTED = index(e.ProposalValidated, lambda one: one.report.proposal == PERMITTED.fact.proposal)
[GRANT] = STARTED.grants


def granting(*grants: AuthorityGrant) -> list[Event]:
    return swapped((index(e.RunStarted), replace(STARTED, grants=grants)))


def checked_by(**changes: Any) -> list[Event]:
    reported: Any = EVENTS[REPORTED]
    report = replace(reported.report, **changes)
    return swapped((REPORTED, replace(reported, report=report)))


def summing_up(*names: str) -> list[Event]:
    summary = replace(PERMITTED.fact.promotion.validation_summary, checks_passed=names)
    return swapped((BY_POLICY, promoted(PERMITTED, validation_summary=summary)))


def by_system(name: str) -> list[Event]:
    approver = Actor(kind=ActorKind.SYSTEM, id=name)
    return swapped((BY_POLICY, promoted(PERMITTED, approver=approver)))


def diagnosed_by_an_agent() -> list[Event]:
    """A diagnostic of an agent, in a run whose grants cover none, passed off as the engine's."""
    play = Play(engine_of(proposes("p", fact(Key.DIAGNOSTIC, "d")))).begin()
    engine = Actor(kind=ActorKind.SYSTEM, id="engine")
    return [
        promoted(one, approver=engine)
        if isinstance(one, e.FactPromoted)
        else replace(one, grants=())
        if isinstance(one, e.RunStarted)
        else one
        for one in play.events
    ]


def after_the_end(kind: type[Event]) -> list[Event]:
    return inserted(STOPPED + 1, EVENTS[index(kind, lambda one: one.run == STARTED.run)])


NOT_GRANTED: dict[str, tuple[list[Event], str]] = {
    "a run without any grant": (granting(), "the run was given no grant"),
    "a grant of other keys": (granting(replace(GRANT, keys=("Seeds",))), "does not cover Signals"),
    "a grant of other kinds": (granting(replace(GRANT, kinds=("plan",))), "cover the kind claim"),
    "a grant for another gate": (
        granting(replace(GRANT, gates=(GateId("other"),))),
        "does not cover gate engine-promotion",
    ),
    "a fact from after its grant had expired": (
        swapped((BY_POLICY, promoted(PERMITTED, promoted_at=GRANT.expires_at))),
        "has expired",
    ),
    "a fact from before its grant was given": (
        granting(replace(GRANT, granted_at=PERMITTED.fact.promotion.promoted_at + 1)),
        "was not given yet",
    ),
    "a fact through another gate": (
        swapped((BY_POLICY, promoted(PERMITTED, gate_id=GateId("back-door")))),
        "does not cover gate back-door",
    ),
    "a fact that the engine is said to have granted itself": (
        by_system("engine"),
        "the engine's own",
    ),
    "a diagnostic of an agent that passes for the engine's": (
        diagnosed_by_an_agent(),
        "the engine's own",
    ),
    "a system that is neither the engine nor a policy": (by_system("root"), "who may not"),
}
MISTOLD: dict[str, tuple[list[Event], str]] = {
    "checks by another policy": (checked_by(policy="0" * 64), "by another policy"),
    "a fact that names another policy": (
        swapped((BY_POLICY, promoted(PERMITTED, policy_version_hash="0" * 64))),
        "by another policy",
    ),
    "no checks at all": (checked_by(checks=()), "names other checks"),
    "checks that did not run": (
        summing_up(*PERMITTED.fact.promotion.validation_summary.checks_passed, "made-up"),
        "names other checks",
    ),
    "a number that became a truth value": (
        swapped((BY_POLICY, said(PERMITTED, structured={"value": False}))),
        "says other than was proposed",
    ),
    "the levels of other agents than the run has": (
        swapped((index(e.RunStarted), replace(STARTED, levels=STARTED.levels[1:]))),
        "how far the word of other agents reaches",
    ),
    "a snapshot of more facts than there are": (
        swapped((EVENTS.index(SNAPSHOT), replace(SNAPSHOT, facts=SNAPSHOT.facts + 1))),
        "the snapshot says 2 facts, there are 1",
    ),
}
OVER = {
    f"{kind.kind} after the end": (after_the_end(kind), ENDED)
    for kind in {type(one) for one in EVENTS if e.run_of(one) == STARTED.run} - {e.RunStarted}
}
FORGERIES = {**NOT_GRANTED, **MISTOLD, **dict(sorted(OVER.items()))}


@pytest.mark.parametrize("what", FORGERIES)
def test_no_ledger_is_believed_that_says(what: str) -> None:
    """Each is well chained, and refused for what it claims."""
    events, reason = FORGERIES[what]
    with pytest.raises(LedgerCorrupt, match=reason):
        believed(events)
