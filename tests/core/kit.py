"""What the tests of the core are written with: scripted agents, people who sign, and a driver."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

import msgspec

from converge_core import events as e
from converge_core.agent import (
    Agent,
    AgentEffect,
    Dependency,
    Executed,
    Executor,
    execute,
    sequential,
)
from converge_core.asking import Gate, GateEnd
from converge_core.authority import Actor, ActorKind, AuthorityGrant
from converge_core.canonical import canonical_record, hash_bytes, hash_text
from converge_core.checkpoint import Checkpoint, SignedCheckpoint, key_id
from converge_core.checkpoint import bytes_of as checkpoint_bytes
from converge_core.checks import BASIC
from converge_core.command import (
    Act,
    Advance,
    Begin,
    Cancel,
    Command,
    Decide,
    Elapse,
    Report,
    Resume,
    Settle,
    Snapshot,
    Stage,
    Suspend,
)
from converge_core.context import Context, ContextView
from converge_core.engine import Engine
from converge_core.envelope import InferenceEnvelope
from converge_core.forking import context_at
from converge_core.frame import Frames
from converge_core.gate import Check, PromotionGate
from converge_core.ids import (
    AgentId,
    ApprovalId,
    FactId,
    GateId,
    IntentId,
    OperatorId,
    ProposalId,
    RunId,
)
from converge_core.intent import Criterion, RootIntent
from converge_core.key import ContextKey
from converge_core.observation import Observation
from converge_core.people import (
    Revocation,
    Rotation,
    Welcome,
    key_bytes,
    revocation_bytes,
    rotation_bytes,
    welcome_bytes,
)
from converge_core.plan import ExecutionPlan
from converge_core.policy import BASIC_CHECKS, ENGINE_GATE, Effect, Risk, Rule, RulePolicy, grant
from converge_core.proposal import Draft, ProposedFact, draft
from converge_core.review import ActKind, Decision, GateAct, Operator, Verdict, bytes_of
from converge_core.run_state import DeskState, Phase, RunState
from converge_core.scope import Geography
from converge_core.state import fold
from converge_core.tension import ChosenSide, Tension, TensionResolution
from converge_core.trace import ModelCall, Outcome, text_ref

E = TypeVar("E", bound=e.Event)

EVERYTHING = grant("test", *ContextKey)
"""A grant that covers every key."""
RUN = RunId("run")
DESK = "00c0ffee"
"""Where people sign that others are who they are."""
INTENT = RootIntent(question="is it so", subject="the test")
SWEDEN = Geography(value="SE")


def declared(**more: Any) -> RootIntent:
    """Returns a declared intent about Sweden that wants a seed; every field can be set."""
    fields: dict[str, Any] = {
        "id": IntentId("grow"),
        "question": "how to grow",
        "subject": "the shop",
        "scope": (SWEDEN,),
        "criteria": (Criterion(id="seeded", description="a seed stands", key=ContextKey.SEEDS),),
    }
    return RootIntent(**{**fields, **more})


def fact(key: ContextKey, name: str, content: str = "", **more: Any) -> ProposedFact:
    """Returns a proposed fact; its content defaults to its name."""
    return ProposedFact(key=key, id=FactId(name), content=content or name, **more)


def seed(name: str, content: str = "") -> ProposedFact:
    return fact(ContextKey.SEEDS, name, content)


def drafted(proposed: ProposedFact, *, ordinal: int = 0, agent: str = "author") -> Draft:
    """Returns ``proposed`` as the draft of an agent, outside any run."""
    return draft(
        ProposalId(f"run/1/{agent}/{ordinal}"),
        Actor(kind=ActorKind.AGENT, id=agent),
        AgentId(agent),
        1,
        proposed,
    )


@dataclass
class Script:
    """An agent that does what a test says, and counts how often it was asked to."""

    name: AgentId
    does: Callable[[ContextView], Any]
    dependencies: tuple[ContextKey | Dependency, ...] = ()
    when: Callable[[ContextView], bool] = lambda _: True
    executed: int = 0

    def accepts(self, view: ContextView) -> bool:
        return self.when(view)

    def execute(self, view: ContextView) -> AgentEffect:
        self.executed += 1
        effect: AgentEffect = self.does(view)
        return effect


def script(
    name: str,
    does: Callable[[ContextView], Any],
    *,
    after: Iterable[ContextKey] = (),
    when: Callable[[ContextView], bool] = lambda _: True,
) -> Script:
    return Script(AgentId(name), does, tuple(after), when)


def proposes(name: str, *facts: ProposedFact, after: Iterable[ContextKey] = ()) -> Script:
    """Returns an agent that proposes ``facts`` as long as one of them is missing."""
    return script(
        name,
        lambda _: AgentEffect(facts),
        after=after,
        when=lambda view: any(not view.contains(one.key, one.id) for one in facts),
    )


def engine_of(*agents: Agent, **settings: Any) -> Engine:
    """Returns an engine with ``agents`` registered in that order."""
    engine = Engine(**{"verify": fits, **settings})
    for agent in agents:
        engine.register(agent)
    return engine


def rule(effect: Effect, key: ContextKey | None = None, name: str = "", **more: Any) -> Rule:
    return Rule(
        name=name or f"{effect}-{key or 'all'}",
        effect=effect,
        reason=f"The test wants to {effect}.",
        key=key,
        **more,
    )


def policy_of(*rules: Rule, checks: Iterable[str] = BASIC_CHECKS) -> RulePolicy:
    """Returns a policy of ``rules`` that requires ``checks`` of every key."""
    return RulePolicy(id="test", revision=1, rules=rules, checks={"*": tuple(checks)})


ASK_STRATEGIES = policy_of(
    rule(Effect.PERMIT),
    rule(Effect.ASK, ContextKey.STRATEGIES, "strategies-ask", risk=Risk.HIGH),
)
"""Strategies are put to a person; all else is promoted."""


def gate_of(policy: RulePolicy | None = None, **checks: Check) -> PromotionGate:
    named = {name.replace("_", "-"): check for name, check in checks.items()}
    return PromotionGate(ENGINE_GATE, policy or policy_of(rule(Effect.PERMIT)), {**BASIC, **named})


@dataclass(frozen=True)
class Person:
    """Somebody who signs; the scheme is a hash over the public key, which serves a test."""

    name: str
    secret: str = ""
    known_as: str = ""

    @property
    def operator(self) -> Operator:
        key = hash_bytes((self.secret or self.name).encode())
        name = OperatorId(self.known_as or f"{self.name}#{key[:8]}")
        return Operator(id=name, name=self.name, public_key=key)

    def again(self, secret: str) -> Person:
        """Returns this person with another key."""
        return Person(self.name, secret, self.operator.id)

    def sign(self, message: bytes) -> str:
        return hash_bytes(self.operator.public_key.encode() + message)

    def decision(
        self,
        gate: Gate,
        verdict: str,
        reason: str = "",
        at: int = 7,
        edited: ProposedFact | msgspec.UnsetType = msgspec.UNSET,
    ) -> Decision:
        """Returns this person's signed answer to what ``gate`` asks."""
        before = len(gate.every_answer())
        unsigned = Decision(
            id=ApprovalId(f"approval:{gate.request.id}" + (f"~{before}" if before else "")),
            gate=gate.request.id,
            verdict=Verdict(verdict),
            reason=reason,
            operator=self.operator.id,
            decided_at=at,
            request=gate.request.digest(),
            shown=hash_bytes(b"what was shown"),
            signature="",
            edited=edited,
        )
        return self.signed(unsigned)

    def act(self, gate: Gate, kind: ActKind, to: Person | None = None, at: int = 7) -> GateAct:
        """Returns this person's signed act at ``gate``."""
        unsigned = GateAct(
            id=ApprovalId(f"act:{gate.request.id}:{kind}:{at}"),
            gate=gate.request.id,
            act=kind,
            operator=self.operator.id,
            to=to.operator.id if to else msgspec.UNSET,
            reason="",
            acted_at=at,
            signature="",
        )
        return msgspec.structs.replace(unsigned, signature=self.sign(bytes_of(unsigned)))

    def checkpoint(self, checkpoint: Checkpoint) -> SignedCheckpoint:
        """Returns a checkpoint with this person's word for it."""
        who = self.operator
        return SignedCheckpoint(
            checkpoint=checkpoint,
            operator=who.id,
            key=key_id(who.id, who.public_key),
            signature=self.sign(checkpoint_bytes(checkpoint)),
        )

    def welcome(self, other: Person, desk: str = DESK, at: int = 0) -> e.OperatorEnrolled:
        """Returns that this person answers for another at a desk."""
        who = other.operator
        unsigned = Welcome(
            by=self.operator.id, welcomed_at=at, proof=other.sign(key_bytes(who)), signature=""
        )
        signature = self.sign(welcome_bytes(desk, who, unsigned))
        welcome = msgspec.structs.replace(unsigned, signature=signature)
        return e.OperatorEnrolled(operator=who, welcome=welcome)

    def rotate(self, new: Person, desk: str = DESK, at: int = 0) -> e.OperatorKeyRotated:
        """Returns that this person takes the key of ``new``, and stays who they are."""
        unsigned = Rotation(
            operator=self.operator.id,
            public_key=new.operator.public_key,
            reason="a new laptop",
            rotated_at=at,
            proof="",
            signature="",
        )
        signed = rotation_bytes(desk, unsigned)
        return e.OperatorKeyRotated(
            rotation=msgspec.structs.replace(
                unsigned, proof=new.sign(signed), signature=self.sign(signed)
            )
        )

    def revoke(
        self, other: Person, reason: str = "left", desk: str = DESK, at: int = 0
    ) -> e.OperatorRevoked:
        """Returns that this person revokes another, or themselves."""
        unsigned = Revocation(
            operator=other.operator.id,
            by=self.operator.id,
            reason=reason,
            revoked_at=at,
            signature="",
        )
        signature = self.sign(revocation_bytes(desk, unsigned))
        return e.OperatorRevoked(revocation=msgspec.structs.replace(unsigned, signature=signature))

    def signed(self, decision: Decision) -> Decision:
        return msgspec.structs.replace(decision, signature=self.sign(bytes_of(decision)))


def fits(public_key: str, message: bytes, signature: str) -> bool:
    """Checks the signatures of :class:`Person`."""
    return signature == hash_bytes(public_key.encode() + message)


ALICE = Person("alice")
BOB = Person("bob")
CAROL = Person("carol")
DAVE = Person("dave")


def salts() -> Callable[[], bytes]:
    """Returns a source of salts that are always the same."""
    numbers = count()
    return lambda: bytes.fromhex(hash_text(f"salt {next(numbers)}")[:32])


def enrolled(*people: Person) -> DeskState:
    """Returns a desk at which ``people`` may decide."""
    desk = DeskState()
    for seq, person in enumerate(people):
        desk = fold(desk, e.OperatorEnrolled(operator=person.operator), 0, seq)
    desk.seq = -1  # a test counts from what it records itself
    return desk


@dataclass
class Play:
    """Drives an engine as the desktop does, without threads or disk: step, record, fold."""

    engine: Engine
    run: RunId = RUN
    intent: RootIntent = INTENT
    frames: Frames = ()
    grants: tuple[AuthorityGrant, ...] = (EVERYTHING,)
    clock: Callable[[], int] = field(default_factory=lambda: count(1).__next__)
    executor: Executor = sequential
    desk: DeskState = field(default_factory=lambda: enrolled(ALICE, BOB))
    recorded: list[tuple[e.Event, int]] = field(default_factory=list)
    batches: list[tuple[list[e.Event], int]] = field(default_factory=list)
    tenant: str = ""
    base: RunState | None = None
    forked_at: int | None = None
    plan: ExecutionPlan | None = None

    @property
    def state(self) -> RunState:
        return self.desk.runs[self.run]

    @property
    def events(self) -> list[e.Event]:
        return [event for event, _ in self.recorded]

    def of(self, kind: type[E]) -> list[E]:
        """Returns the events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    def command(self, command: Command) -> None:
        """Takes one step."""
        now = self.clock()
        events = self.engine.step(self.desk.runs.get(self.run), command, now)
        for event in events:
            self.record(event, now)
        if events:
            self.batches.append((events, now))

    def record(self, event: e.Event, now: int) -> None:
        self.recorded.append((event, now))
        self.desk = fold(self.desk, event, now, self.desk.seq + 1)

    def begin(
        self, *inputs: ProposedFact, observations: tuple[Observation, ...] = (), go: bool = True
    ) -> Play:
        """Starts the run over ``inputs`` and goes on as far as it can without a person."""
        base = self.base.context if self.base else Context()
        if self.base and self.forked_at is not None:
            base = context_at(self.base, self.forked_at, self.desk.seq)
        started = e.RunStarted(
            run=self.run,
            pack="",
            pack_version=0,
            pack_digest="",
            policy_digest=self.plan.policy if self.plan else "",
            plan=self.plan or msgspec.UNSET,
            intent=self.intent,
            agents=self.engine.agents,
            grants=self.grants,
            folder="",
            tenant=self.tenant or msgspec.UNSET,
            continues=self.base.run if self.base else None,
            base_root=base.root if self.base else "",
            frames=self.frames or msgspec.UNSET,
            forked_at=msgspec.UNSET if self.forked_at is None else self.forked_at,
        )
        self.command(
            Begin(started, observations, inputs, base, self.desk.operators, self.desk.revoked)
        )
        return self.go() if go else self

    def go(self) -> Play:
        """Steps until people are asked or the run has stopped."""
        while self.goes_on:
            if self.state.phase is Phase.EXECUTING:
                self.command(Report(self.executor(self.engine.work(self.state))))
            else:
                self.command(Advance())
        return self

    @property
    def goes_on(self) -> bool:
        """Whether the run can be stepped without a person."""
        stands = self.state.phase in {Phase.WAITING, Phase.STOPPED}
        return not stands and self.state.suspension is None

    def gates(self) -> list[Gate]:
        """Returns the gates that wait for an answer."""
        return list(self.state.open_gates())

    def continued(self, engine: Engine) -> Play:
        """Returns another run at the same desk, which goes on from where this one ended."""
        return Play(engine, RunId(f"{self.run}-on"), desk=self.desk, base=self.state)

    def enrol(self, *people: Person) -> Play:
        """Enrols people at the desk; who came first answers for those who follow."""
        for one in people:
            first = next((Person(who.name) for who in self.desk.operators.values()), one)
            alone = e.OperatorEnrolled(operator=one.operator)
            self.record(alone if first == one else first.welcome(one, self.desk.desk), 0)
        self.batches.append(([event for event, _ in self.recorded[-len(people) :]], 0))
        return self

    def answer(
        self,
        gate: Gate | GateId,
        verdict: str,
        by: Person = ALICE,
        reason: str = "no",
        *,
        edited: ProposedFact | msgspec.UnsetType = msgspec.UNSET,
    ) -> Play:
        """Has ``by`` answer one gate; call :meth:`go` to let the run go on."""
        gate = gate if isinstance(gate, Gate) else self.state.gates[gate]
        self.command(Decide(by.decision(gate, verdict, reason, edited=edited), by.operator))
        return self

    def act(self, gate: Gate, kind: ActKind, by: Person = ALICE, to: Person | None = None) -> Play:
        """Has ``by`` do something at a gate beside answering."""
        self.command(Act(by.act(gate, kind, to, at=len(self.recorded)), by.operator))
        return self

    def at(self, now: int) -> Play:
        """Has the clock stand at ``now``, and lets what has passed by then take effect."""
        self.clock = lambda: now
        self.command(Elapse())
        return self

    def settle(
        self, tension: Tension, chosen: ChosenSide, side: int | None, by: Person, why: str
    ) -> Play:
        """Has ``by`` settle a contradiction; to merge is to edit one side."""
        gate: Any = tension.sides[side] if side is not None else msgspec.UNSET
        answers = []
        for name in tension.sides:
            asked = self.state.gates[name]
            if name != gate:
                decision = by.decision(asked, "reject", why)
            elif chosen is ChosenSide.MERGED:
                words = self.state.drafts[asked.request.proposal].fact
                merged = msgspec.structs.replace(words, content="go straight on")
                decision = by.decision(asked, "edit", why, edited=merged)
            else:
                decision = by.decision(asked, "approve", why)
            answers.append(Decide(decision, by.operator))
        resolution = TensionResolution(
            tension=tension.id, chosen=chosen, rationale=why, resolver=by.operator.id, gate=gate
        )
        self.command(Settle(resolution, tuple(answers)))
        return self

    def stage(self, fact: ProposedFact, by: Person = ALICE) -> Play:
        """Has ``by`` lay something before the run."""
        self.command(Stage(fact, by.operator))
        return self

    def possible(self, gate: Gate, verdict: str) -> str:
        """Returns ``verdict``, or to reject what contradicts something that is approved."""
        tension = self.state.tension_of.get(gate.request.id)
        sides = self.state.tensions[tension].sides if tension else ()
        taken = any(self.state.gates[side].end is GateEnd.APPROVED for side in sides)
        return "reject" if taken else verdict

    def answer_all(self) -> Play:
        """Has alice approve whatever is asked, and of what contradicts each other the first."""
        while self.gates():
            gate = self.gates()[0]
            self.answer(gate, self.possible(gate, "approve")).go()
        return self

    def snapshot(self) -> Play:
        self.command(Snapshot())
        return self

    def suspend(self, by: str = "alice", reason: str = "") -> Play:
        self.command(Suspend(by, reason))
        return self

    def resume(self, by: str = "alice") -> Play:
        self.command(Resume(by))
        return self

    def cancel(self, by: str = "alice") -> Play:
        self.command(Cancel(by))
        return self


def model_call(**about: Any) -> ModelCall:
    """Returns a recorded model call; every field can be set."""
    empty = text_ref("")
    fields: dict[str, Any] = {
        "step": "reasoning",
        "version": "reasoning:v1:any",
        "layers": {"priming": empty},
        "prompt_hash": hash_bytes(b""),
        "state": (),
        "envelope": ENVELOPE,
        "contract": "reasoning:v1",
        "grammar": empty,
        "output": text_ref("{}"),
        "outcome": Outcome.VALID,
        "checks": (),
        "headline": "an answer",
        "finish_reason": "stop",
        "prompt_tokens": 0,
        "layer_tokens": (0,),
        "reused_tokens": 0,
        "completion_tokens": 0,
        "prefill_us": 0,
        "duration_us": 0,
    }
    return ModelCall(**{**fields, **about})


ENVELOPE = InferenceEnvelope(
    backend="test",
    model="test",
    model_sha256=hash_bytes(b"model"),
    family="llama",
    tokenizer_hash=hash_bytes(b"tokenizer"),
    grammar_hash=hash_bytes(b"grammar"),
    temperature=0,
    top_k=1,
    seed=0,
    seed_policy="fixed",
    max_tokens=64,
    stop=(),
    context_size=4096,
    batch_size=512,
    threads=2,
    cpu="",
)


def completing(order: Iterable[int]) -> Executor:
    """Returns an executor whose agents finish in ``order``, as threads might."""

    def run(work: tuple[tuple[Agent, ContextView], ...]) -> tuple[Executed, ...]:
        finished = {index: execute(*work[index]) for index in order if index < len(work)}
        return tuple(finished[index] for index in range(len(work)))

    return run


def lines_of(play: Play) -> list[bytes]:
    """Returns the canonical bytes of everything that happened."""
    return [canonical_record(event) for event in play.events]


def contents(state: RunState, key: ContextKey) -> list[str]:
    return [one.content for one in state.context.get(key)]
