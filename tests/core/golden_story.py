"""How the golden ledger came to be: a story in which every kind of event happens.

``python -m tests.core.golden_story`` writes it, and one body of each kind of event, each type of
record and each reason to stop. The files are a promise to those who have a ledger of version 6, so
nothing in them is ever changed: a new kind of event is told at the end of the story, and a new
format gets new files beside them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from converge_core import events as e
from converge_core import lifecycle
from converge_core.agent import AgentEffect, Dependency
from converge_core.artifact import (
    ArtifactKind,
    ArtifactRef,
    ArtifactState,
    RollbackImpact,
    Severity,
)
from converge_core.authority import Actor, ActorKind, AuthorityLevel
from converge_core.canonical import canonical_record, hash_text
from converge_core.capability import ResponseFormat
from converge_core.capability_errors import ErrorCategory
from converge_core.capsule import About, Opening
from converge_core.checkpoint import Checkpoint, SignedCheckpoint, take
from converge_core.command import Advance
from converge_core.envelope import RemoteRef, ReplayGrade
from converge_core.evals import EvalOutcome, EvalResult
from converge_core.events import Event, body_of
from converge_core.fact import ValidationSummary
from converge_core.gate import CheckRecord
from converge_core.ids import (
    AgentId,
    ArtifactId,
    FactId,
    GateId,
    ObservationId,
    ProposalId,
    RunId,
    TraceId,
)
from converge_core.intent import Budgets, Criterion, RootIntent
from converge_core.invariant import Invariant, InvariantClass, Violation
from converge_core.key import ContextKey as Key
from converge_core.ledger import Chain, Entry, decode, encode_batch
from converge_core.merkle import Frontier
from converge_core.model_config import AdapterFacts, ModelFacts, ModelKind, SpecialToken
from converge_core.observation import observe
from converge_core.plan import KernelPolicy, StepPlan, compile_plan
from converge_core.policy import Effect, PolicyDecision, Risk, Rule, RulePolicy, grant
from converge_core.proposal import ContentKind, Draft, ProposedFact
from converge_core.retry import AttemptOutcome, CallAttempt, RetryPolicy
from converge_core.review import GateRequest, Ground
from converge_core.routing import DataClass, RoutingPolicy, RoutingRefused
from converge_core.run_state import DeskState
from converge_core.state import fold
from converge_core.stop import Error, HumanInterventionRequired
from converge_core.trace import Cited, text_ref
from tests.core import golden_recall as recall
from tests.core.golden_people import (
    CORRECTION,
    FRAME,
    INTENT_FIELDS,
    TERMS,
    people,
    replica,
)
from tests.core.golden_people import FULL as PEOPLE
from tests.core.kit import (
    ALICE,
    ASK_STRATEGIES,
    BOB,
    ENVELOPE,
    Play,
    engine_of,
    fact,
    model_call,
    proposes,
    salts,
    script,
    seed,
)
from tests.core.test_stop_reasons import EXAMPLES

FOLDER = Path(__file__).parent.parent / "golden"
LEDGER = FOLDER / "ledger_v6.jsonl"
EVENTS = FOLDER / "events_v6.json"
RECORDS = FOLDER / "records_v6.json"
NOON = 1_795_176_000_000_000
"""20 November 2026, 12:00 UTC, in microseconds."""


ROUTING = RoutingPolicy(most_confidential=DataClass.INTERNAL, highest_risk=Risk.LOW)
KERNEL = KernelPolicy(
    data=DataClass.INTERNAL, routing=ROUTING, recall=True, required_truths=("signed-off",)
)
STEP = StepPlan(
    step="reasoning",
    version="reasoning:v2:any",
    model="large",
    remote=True,
    risk=Risk.LOW,
    attempts=3,
)
PLAN = compile_plan(hash_text("policy"), KERNEL, {"reasoning": STEP}, recall=True)
ATTEMPT = CallAttempt(
    number=1,
    outcome=AttemptOutcome.FAILED,
    category=ErrorCategory.RATE_LIMIT,
    words="rate limited (retry after 1s)",
    wait_us=1_000_000,
    format=ResponseFormat.YAML,
    fallback=True,
)
SPECIAL = SpecialToken(role="eos", token=1, text="<|end|>", known=True)
ADAPTER = AdapterFacts(
    method="lora",
    base="converge-nano",
    rank=8,
    alpha=16,
    precision="F16",
    width=256,
    layers=6,
    targets=("attn_q",),
)
CHECKPOINT = Checkpoint(
    desk="00c0ffee", size=7, root=hash_text("root"), head=hash_text("head"), at=NOON
)
REMOTE = RemoteRef(
    system="https://models.example.org/v1",
    model="large",
    reference="cmpl-7",
    request_hash=hash_text("request"),
    response_hash=hash_text("response"),
)


def story() -> list[tuple[list[Event], int]]:
    """Returns the batches of a desk on which everything happens once, and is signed for."""
    batches = happened()
    return [*batches, ([_signed(_read(batches))], batches[-1][1] + 1_000_000)]


def happened() -> list[tuple[list[Event], int]]:
    """Returns the batches of the story up to the checkpoint that covers them."""
    clock = count(NOON, 1_000_000).__next__
    opened: list[Event] = [e.DeskOpened(desk="00c0ffee", app_version="0.1.0")]
    enrolled: list[Event] = [
        e.OperatorEnrolled(operator=ALICE.operator),
        ALICE.welcome(BOB),
    ]
    batches = [(opened, clock()), (enrolled, clock())]
    for play in (_decided(clock), _discarded(clock), _cancelled(clock)):
        batches += play.batches
    batches += _governed(clock) + people(clock)
    batches += _forked(_read(batches), clock).batches
    return batches + _held(clock).batches


def _read(batches: list[tuple[list[Event], int]]) -> list[Entry]:
    return list(decode(written(batches).splitlines(keepends=True)))


def _forked(entries: list[Entry], clock: Callable[[], int]) -> Play:
    """A run that goes on, without a person, from where the first one asked one."""
    desk = DeskState()
    for entry in entries:
        assert entry.event is not None
        desk = fold(desk, entry.event, entry.head.at, entry.head.seq)
    asked = next(entry.head.seq for entry in entries if entry.head.kind == e.GateOpened.kind)
    engine = engine_of(proposes("other", fact(Key.STRATEGIES, "hold", "Hold 1.0 back")))
    first = desk.runs[RunId("run-0001")]
    fork = Play(engine, RunId("run-0006"), clock=clock, desk=desk, base=first, forked_at=asked)
    return fork.begin()


def _held(clock: Callable[[], int]) -> Play:
    """A run that somebody held while its agents were at work, and let go on the next morning."""
    wished = RootIntent(
        question="is 1.1 fit to be released",
        subject="1.1",
        budgets=Budgets(cycles=3, facts=20),
        request="Is 1.1 good enough for the fair?",
    )
    engine = engine_of(proposes("p", seed("late")))
    play = Play(engine, RunId("run-0007"), wished, clock=clock).begin(seed("early"), go=False)
    play.command(Advance())
    return play.suspend("alice", "not before the audit").resume("bob").go()


def _signed(entries: list[Entry]) -> Event:
    """A checkpoint of all there is, as somebody takes one home."""
    last = entries[-1]
    frontier = Frontier().extend(bytes.fromhex(entry.hash) for entry in entries)
    return e.CheckpointSigned(
        signed=ALICE.checkpoint(take("00c0ffee", frontier, last.hash, last.head.at))
    )


def _decided(clock: Callable[[], int]) -> Play:
    """A run with input, a model call, a failure, a refusal, an approval and a rejection."""

    def reason(_: object) -> AgentEffect:
        call = model_call(
            layers={"priming": text_ref("Grüße, 日本 😀"), "policy": text_ref("x", shared=True)},
            state=(Cited(cite="s01", fact=FactId("tests.failed"), shown="tests failed 0"),),
            checks=(CheckRecord(name="parses", passed=True),),
            prompt_tokens=120,
            completion_tokens=30,
            grade=ReplayGrade.BYTE_EXACT,
        )
        proposal = fact(
            Key.HYPOTHESES,
            "reasoning",
            "Nothing speaks against “1.0”.",
            kind=ContentKind.REASONING,
            structured={"steps": [{"side": "support", "cites": ["s01"]}], "none": None},
            confidence=950,
            rests_on=(FactId("tests.failed"),),
        )
        return AgentEffect((proposal,), (call,), attempts=(ATTEMPT,))

    def fail(_: object) -> AgentEffect:
        raise RuntimeError("tab\there")

    engine = engine_of(
        script("reasoning", reason, after=[Key.SIGNALS]),
        script("broken", fail, after=[Key.SIGNALS]),
        proposes(
            "planning",
            fact(Key.STRATEGIES, "release", "Release 1.0", kind=ContentKind.PLAN),
            fact(Key.STRATEGIES, "wait", "Wait"),
            fact(Key.STRATEGIES, "blank", " "),
            after=[Key.HYPOTHESES],
        ),
        policy=ASK_STRATEGIES,
    )
    intent = RootIntent(
        question="is 1.0 fit to be released",
        subject="1.0",
        criteria=(Criterion(id="decided", description="it was decided", key=Key.STRATEGIES),),
        budgets=Budgets(cycles=9, facts=50, tokens=1000, time_us=60_000_000),
        required_agents=("reasoning",),
    )
    play = Play(
        engine,
        run=RunId("run-0001"),
        intent=intent,
        grants=(grant("golden", *Key, until=NOON * 2),),
        clock=clock,
    )
    seen = observe(
        ObservationId("read:tests.failed"),
        {"failed": 0, "modules": ["gate", "ledger"]},
        provider="junit",
        source="report.xml",
        place="/testsuite[1]",
    )
    measured = fact(
        Key.SIGNALS,
        "tests.failed",
        "0 tests failed",
        structured={"value": 0},
        observation=seen.id,
    )
    play.begin(measured, observations=(seen,))
    first, second = play.gates()
    return play.answer(second, "reject", BOB, "too timid").answer(first, "approve", ALICE).go()


def _discarded(clock: Callable[[], int]) -> Play:
    def few(context: object) -> Violation | None:
        return Violation("There are two.") if context.count(Key.SEEDS) > 1 else None  # type: ignore[attr-defined]

    engine = engine_of(
        proposes("p", seed("a"), seed("b")),
        invariants=[Invariant("few", InvariantClass.STRUCTURAL, few)],
    )
    return Play(engine, run=RunId("run-0002"), clock=clock).begin()


def _cancelled(clock: Callable[[], int]) -> Play:
    engine = engine_of(proposes("p", fact(Key.STRATEGIES, "s")), policy=ASK_STRATEGIES)
    return (
        Play(engine, run=RunId("run-0003"), clock=clock).begin(seed("a")).snapshot().cancel("alice")
    )


def _governed(clock: Callable[[], int]) -> list[tuple[list[Event], int]]:
    """A prompt that was approved, used, and withdrawn."""
    alice = Actor(kind=ActorKind.HUMAN, id=ALICE.operator.id)
    prompt = ArtifactRef(
        kind=ArtifactKind.PROMPT, name=ArtifactId("reasoning"), digest=hash_text("prompt")
    )
    impact = RollbackImpact(
        affected=2,
        quality_issues=("It overlooks what speaks against.",),
        invalidates_outputs=True,
        severity=Severity.HIGH,
    )
    events = lifecycle.register({}, prompt, actor=alice, reason="shipped with 0.2.0")
    for standing, to in [
        (ArtifactState.DRAFT, ArtifactState.APPROVED),
        (ArtifactState.APPROVED, ArtifactState.ACTIVE),
    ]:
        events += lifecycle.transition(
            {prompt: standing}, prompt, to, actor=alice, reason="read and tried", ticket="QA-7"
        )
    events += lifecycle.roll_back(
        {prompt: ArtifactState.ACTIVE},
        prompt,
        impact,
        actor=alice,
        reason="it misleads",
        ticket="QA-9",
    )
    return [([event], clock()) for event in events]


def written(batches: list[tuple[list[Event], int]]) -> bytes:
    """Returns ``batches`` as a ledger, with salts that are always the same."""
    data, chain, salt = b"", Chain(), salts()
    for events, at in batches:
        lines, entries = encode_batch(events, chain, at, salt)
        data += lines
        chain = Chain(entries[-1].head.seq, entries[-1].hash)
    return data


DECLARED = RootIntent(
    question="is 1.0 fit to be released",
    subject="1.0",
    criteria=(Criterion(id="decided", description="it was decided", key=Key.STRATEGIES),),
    budgets=Budgets(cycles=9),
    required_agents=("reasoning",),
    required_facts=("release",),
    active_packs=("release-readiness",),
    request="Is it good enough for the fair?",
    **INTENT_FIELDS,
)
RULE = Rule(
    name="advisers-ask",
    effect=Effect.ASK,
    reason="It is dear.",
    key=Key.STRATEGIES,
    kind=ContentKind.PLAN,
    agent="planning",
    where={"verdict": "release"},
    confidence_below=800,
    confidence_missing=False,
    level_below=AuthorityLevel.SUPERVISORY,
    amount_above=1000,
    amount_at_most=50_000,
    graded=Risk.HIGH,
    human_approved=False,
    corrects=True,
    risk=Risk.HIGH,
    review=TERMS,
)
PROPOSED = ProposedFact(
    key=Key.STRATEGIES,
    id=FactId("release"),
    content="Release “1.0”",
    kind=ContentKind.PLAN,
    structured={"steps": [{"do": "publish", "for": ["tests.failed"]}]},
    confidence=950,
    observation=ObservationId("read:tests.failed"),
    rests_on=(FactId("tests.failed"),),
    corrects=CORRECTION,
    conflict="release",
    requires_human=True,
)
GROUND = Ground(
    fact=FactId("tests.failed"), digest=hash_text("0 tests failed"), superseded=FactId("again")
)
DRAFT = Draft(
    id=ProposalId("run-0001/2/people/7"),
    author=Actor(kind=ActorKind.HUMAN, id="alice#00000000"),
    agent=AgentId("people"),
    cycle=2,
    fact=PROPOSED,
    rests_on=(FactId("tests.failed"),),
    traces=(TraceId("trace:run-0001/2/planning/0"),),
    supersedes=ProposalId("run-0001/2/planning/0"),
)
FULL: list[msgspec.Struct] = [
    *PEOPLE,
    GROUND,
    DRAFT,
    GateRequest(
        id=GateId("gate:run-0001/2/planning/0"),
        run=RunId("run-0001"),
        proposal=ProposalId("run-0001/2/planning/0"),
        proposal_digest=hash_text("proposal"),
        report_digest=hash_text("report"),
        policy=hash_text("policy"),
        rule="strategies-ask",
        reason="It is dear.",
        risk=Risk.HIGH,
        key=Key.STRATEGIES,
        title="Release “1.0”",
        agent=AgentId("planning"),
        cycle=2,
        ground=(GROUND,),
        opened_at=NOON,
        deadline=NOON + 3_600_000_000,
        terms=TERMS,
        roster=(ALICE.operator.id,),
        author=ALICE.operator.id,
        envelopes=(hash_text("envelope"),),
        instead_of=GateId("gate:run-0001/2/planning/0"),
    ),
    RULE,
    RulePolicy(
        id="release", revision=2, rules=(RULE,), checks={"*": ("ground-exists",)}, settings=("x 1",)
    ),
    PolicyDecision(
        effect=Effect.ASK,
        rule="advisers-ask",
        reason="It is dear.",
        risk=Risk.HIGH,
        review=TERMS,
    ),
    PROPOSED,
    AgentEffect((PROPOSED,), (model_call(),), ("a long text",), "It cannot tell.", (ATTEMPT,)),
    model_call(
        grade=ReplayGrade.AUDIT_ONLY, remote=REMOTE, plan=PLAN.digest(), recall=recall.ENVELOPE
    ),
    *recall.FULL,
    REMOTE,
    ROUTING,
    msgspec.structs.replace(KERNEL, recalling=recall.POLICY),
    STEP,
    PLAN,
    ATTEMPT,
    RetryPolicy(max_attempts=2, first_wait_us=1, longest_wait_us=2, jitter=3, patience_us=4),
    RoutingRefused(backend="large", sentence="“large” was not asked."),
    SPECIAL,
    ADAPTER,
    CHECKPOINT,
    About(run="run-0001", gate="gate:run-0001/1/asks/0", record=7),
    Opening(
        about=About(run="run-0001", gate=""),
        capsule=1,
        checkpoint="converge/desk/00c0ffee\n",
        exported_at=NOON,
    ),
    SignedCheckpoint(
        checkpoint=CHECKPOINT, operator=ALICE.operator.id, key="0a1b2c3d", signature="ab" * 64
    ),
    ModelFacts(
        kind=ModelKind.ADAPTER,
        sha256=hash_text("model"),
        size=5_600_000,
        name="converge-nano",
        architecture="llama",
        file_type="Q8_0",
        licence="MIT",
        parameters=5_200_000,
        context_trained=2048,
        embedding_length=256,
        layers=6,
        vocabulary=2048,
        tokenizer="gpt2",
        pre_tokenizer="gpt-2",
        tokenizer_hash=hash_text("tokenizer"),
        special=(SPECIAL,),
        ends=("<|end|>",),
        controls=("<|end|>",),
        starts=True,
        adapter=ADAPTER,
    ),
    Dependency(Key.SIGNALS, ContentKind.CLAIM, "tests."),
    Budgets(cycles=9, facts=50, tokens=1000, time_us=60_000_000, agents_per_cycle=5),
    Criterion(id="picture", description="there is a picture", key=Key.COMPETITORS, required=False),
    DECLARED,
    replica(DECLARED),
    msgspec.structs.replace(grant("golden", *Key, until=NOON * 2), granted_at=1, kinds=("plan",)),
    ValidationSummary(
        checks_passed=("ground-exists",), checks_skipped=("is-sound",), warnings=("It is late.",)
    ),
    EvalResult(
        eval="coverage",
        outcome=EvalOutcome.INDETERMINATE,
        rationale="Nothing was measured.",
        score=0,
        facts=(FactId("tests.failed"),),
    ),
    msgspec.structs.replace(
        ENVELOPE,
        adapter="release-lora",
        build="llama.cpp 0.5.0",
        adapter_sha256=hash_text("adapter"),
    ),
    *EXAMPLES,
    HumanInterventionRequired(criteria=("sign-off",), detail="Missing.", approvals=("board-7",)),
    Error(message="too many agents", category="resource", observed=7, limit=5),
]
"""What the story does not tell, or not in full: no field is left at its default."""
EVENT_TYPES = {kind.__name__ for kind in e.KINDS.values()}


def records() -> dict[str, Any]:
    """Returns the fullest body of each type of record and each reason to stop, by its name."""
    lines = written(story()).splitlines(keepends=True)
    told = [part for entry in decode(lines) for part in (entry.head, entry.event)]
    found: dict[str, bytes] = {}
    for one in _inside(told):
        body = canonical_record(one)
        found[type(one).__name__] = max(found.get(type(one).__name__, b""), body, key=len)
    found.update((type(one).__name__, canonical_record(one)) for one in FULL)
    return {name: json.loads(body) for name, body in found.items() if name not in EVENT_TYPES}


def _inside(value: object) -> Iterator[msgspec.Struct]:
    """Yields every record inside ``value``."""
    if isinstance(value, msgspec.Struct):
        yield value
        value = msgspec.structs.astuple(value)
    if isinstance(value, dict):
        value = tuple(value.values())
    for one in value if isinstance(value, (list, tuple)) else ():
        yield from _inside(one)


def bodies() -> dict[str, Any]:
    """Returns the fullest body of each kind of event, with no field left at its default."""
    told = [event for events, _ in story() for event in events]
    found: dict[str, Any] = {}
    for event in sorted(told, key=lambda event: len(canonical_record(event))):
        found[event.kind] = body_of(event)
    started = msgspec.structs.replace(
        next(event for event in told if isinstance(event, e.RunStarted)),
        pack="release-readiness",
        pack_version=1,
        pack_digest=hash_text("pack"),
        policy_digest=hash_text("policy"),
        folder="/home/alice/project",
        files={"pack.toml": text_ref("id = 1\n", shared=True)},
        sources=({"path": "report.xml", "sha256": hash_text("report"), "kind": "junit"},),
        notes=("The history has no tags.",),
        continues=RunId("run-0000"),
        base_root=hash_text("root"),
        levels=(AuthorityLevel.PARTICIPATORY, AuthorityLevel.ADVISORY, AuthorityLevel.SOVEREIGN),
        intent=DECLARED,
        frames=(FRAME,),
        tenant="acme",
        app_version="0.3.0",
        plan=PLAN,
        forked_at=7,
    )
    return {**found, started.kind: body_of(started)}


if __name__ == "__main__":
    LEDGER.write_bytes(written(story()))
    for file, told in ((EVENTS, bodies()), (RECORDS, records())):
        file.write_text(json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
