"""What agents, checks, rules and executors may try in memory, and what it comes to."""

from __future__ import annotations

import datetime as dt
import decimal
import sys
import threading
import time
from typing import Any

import pytest
from msgspec.structs import force_setattr, replace

from converge_core import events as e
from converge_core.agent import AgentEffect, Dependency, sequential
from converge_core.canonical import ContentHash, canonical, hash_bytes
from converge_core.command import Advance, Report
from converge_core.context import Context, ContextView
from converge_core.contract import CheckResult
from converge_core.correction import Correction, CorrectionReason, CorrectionScope, ScopeKind
from converge_core.criterion import Blocked
from converge_core.errors import (
    Conflict,
    ConvergeError,
    IllegalCommand,
    InvalidConfiguration,
    LedgerCorrupt,
    ReportMismatch,
)
from converge_core.fact import Fact
from converge_core.gate import Validated
from converge_core.ids import AgentId, FactId, ProposalId
from converge_core.intent import Budgets, Criterion, RootIntent
from converge_core.invariant import Invariant, InvariantClass, Violation
from converge_core.key import ContextKey as Key
from converge_core.ledger import GENESIS, Chain, commitment, decode_line
from converge_core.merge import Stakes
from converge_core.policy import Effect, Risk
from converge_core.proposal import ProposedFact
from converge_core.run_state import Phase
from tests.core.kit import (
    EVERYTHING,
    Play,
    Script,
    contents,
    drafted,
    engine_of,
    fact,
    gate_of,
    policy_of,
    proposes,
    rule,
    script,
    seed,
)
from tests.core.test_audit import believed
from tests.core.test_gate_attacks import Desk


def test_reading_a_kept_view_in_a_thread_changes_nothing() -> None:
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def spy(view: ContextView) -> AgentEffect:
        def look() -> None:
            while not stop.is_set():
                view.peek(Key.SIGNALS)
                time.sleep(0.001)

        for _ in range(4):
            threads.append(threading.Thread(target=look, daemon=True))
            threads[-1].start()
        return AgentEffect((fact(Key.SEEDS, "spied"),))

    attacker = script("spy", spy, when=lambda view: not view.has(Key.SEEDS))
    many = tuple(fact(Key.SIGNALS, f"f{n}") for n in range(5_000))
    honest = proposes("honest", *many, after=[Key.SEEDS])
    plenty = RootIntent(question="", subject="", budgets=Budgets(facts=100_000))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # what takes luck otherwise
    try:
        result = engine_of(attacker, honest).run(Context(), authority=EVERYTHING, intent=plenty)
    finally:
        sys.setswitchinterval(interval)
        stop.set()
        for thread in threads:
            thread.join()
    assert result.context.count(Key.SIGNALS) == len(many)
    assert [one.id for one in result.context.get(Key.SIGNALS)] == [one.id for one in many]


@pytest.mark.parametrize("kind", [str, ProposalId])
def test_a_fact_that_was_found_counts_as_read_whatever_it_was_called(kind: Any) -> None:
    def look(view: ContextView) -> AgentEffect:
        assert view.find(Key.SEEDS, kind("secret")) is not None
        return AgentEffect((fact(Key.HYPOTHESES, "h"),))

    play = Play(engine_of(script("a", look, after=[Key.SEEDS]))).begin(seed("secret"))
    [made] = play.state.context.get(Key.HYPOTHESES)
    assert made.rests_on == ("secret",)


def correcting() -> ProposedFact:
    why = Correction(supersedes=FactId("a"), reason=CorrectionReason.DATA_ERROR, text="typo")
    return fact(Key.SEEDS, "b", corrects=why)


def test_an_agent_cannot_change_a_fact_by_the_correction_it_hands_out() -> None:
    def scribble(view: ContextView) -> AgentEffect:
        for one in view.get(Key.SEEDS):
            if one.corrects:
                force_setattr(one.corrects, "text", "FORGED")
        return AgentEffect()

    desk = Desk(engine_of(script("attacker", scribble, after=[Key.SEEDS])))
    desk.begin(seed("a"), correcting())
    assert desk.read_back().context.root == desk.of(e.RunStopped)[0].root


@pytest.mark.parametrize("kind", [Fact, Validated])
def test_no_call_of_a_metaclass_derives_from_what_is_sealed(kind: type) -> None:
    with pytest.raises(TypeError):
        type.__new__(type(kind), "F", (kind,), {"content": "forged"})


def rewriting(draft: Any, context: Context) -> CheckResult:
    force_setattr(draft.fact, "content", "FORGED")
    return CheckResult("rewrite", passed=True)


REWRITING = policy_of(rule(Effect.PERMIT), checks=["content-present", "rewrite"])


def test_a_check_that_changes_the_words_makes_no_fact_of_them() -> None:
    gate = gate_of(REWRITING, rewrite=rewriting)
    draft = drafted(seed("x", "honest"))
    _, sound = gate.validate(draft, Context())
    assert sound
    with pytest.raises(ReportMismatch):
        gate.promote(sound, EVERYTHING, approver=EVERYTHING.grantor, at=7)
    assert draft == drafted(seed("x", "honest"))


def test_a_run_with_a_check_that_changes_the_words_is_on_record_as_it_was() -> None:
    engine = engine_of(
        proposes("p", seed("x", "honest")), policy=REWRITING, checks={"rewrite": rewriting}
    )
    play = Play(engine).begin()
    believed(play.events)
    assert contents(play.state, Key.SEEDS) == []
    made = [one.draft.fact.content for one in play.of(e.ProposalCreated)]
    assert made[0] == "honest"


class Chameleon(str):
    """Text that is equal to any other."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


OF_A_TENANT = CorrectionScope(kind=ScopeKind.TENANT, name="t")
TRADES: dict[str, Any] = {
    "the correction's target": lambda d: force_setattr(
        d.fact.corrects, "supersedes", FactId("other")
    ),
    "the correction's scope": lambda d: force_setattr(
        d.fact, "corrects", replace(d.fact.corrects, scope=OF_A_TENANT)
    ),
    "words that equal all others": lambda d: force_setattr(d.fact, "content", Chameleon("FORGED")),
    "a truth value for a number": lambda d: force_setattr(d.fact, "confidence", True),
    "what cannot be spelled": lambda d: force_setattr(d.fact, "content", object()),
}


@pytest.mark.parametrize("what", TRADES)
def test_what_is_exchanged_after_validation_is_not_promoted(what: str) -> None:
    stands = engine_of(proposes("p", seed("a"))).run(Context(), authority=EVERYTHING).context
    gate = gate_of()
    _, sound = gate.validate(drafted(replace(correcting(), confidence=1)), stands)
    assert sound
    TRADES[what](sound.draft)
    with pytest.raises(ReportMismatch):
        gate.promote(sound, EVERYTHING, approver=EVERYTHING.grantor, at=7)


class Shy(dict[str, Any]):
    """Structure that says it is empty."""

    def __bool__(self) -> bool:
        return False


@pytest.mark.parametrize("early", [True, False])
def test_structure_that_says_it_is_empty_is_copied_all_the_same(early: bool) -> None:
    gate, held = gate_of(), Shy({"n": 1})
    _, sound = gate.validate(drafted(fact(Key.SEEDS, "x", structured=held)), Context())
    assert sound
    if early:
        held["n"] = 2
        with pytest.raises(ReportMismatch):
            gate.promote(sound, EVERYTHING, approver=EVERYTHING.grantor, at=7)
        return
    made = gate.promote(sound, EVERYTHING, approver=EVERYTHING.grantor, at=7)
    held["n"] = 3
    assert made.structured == {"n": 1}


def test_no_float_passes_the_gate() -> None:
    with pytest.raises(ConvergeError):
        gate_of().validate(drafted(fact(Key.SEEDS, "x", confidence=0.5)), Context())


STAKES: dict[str, Any] = {
    "not a number": Stakes(amount=float("nan")),  # type: ignore[arg-type]
    "a truth value": Stakes(amount=True),
    "a risk as text": Stakes(amount=0, risk="high"),  # type: ignore[arg-type]
    "nothing": None,
}


@pytest.mark.parametrize("what", STAKES)
def test_stakes_that_answer_rubbish_permit_nothing(what: str) -> None:
    policy = policy_of(
        rule(Effect.PERMIT),
        rule(Effect.ASK, name="big", amount_above=100),
        rule(Effect.FORBID, name="risky", graded=Risk.HIGH),
    )
    engine = engine_of(proposes("p", seed("a")), policy=policy, stakes=lambda d, c: STAKES[what])
    play = Play(engine).begin()
    assert contents(play.state, Key.SEEDS) == []
    believed(play.events)


def meddle(draft: Any, *_: Any) -> None:
    if draft.fact.structured:
        draft.fact.structured["n"] = 2


def meddling_check(draft: Any, context: Context) -> CheckResult:
    meddle(draft)
    return CheckResult("meddle", passed=True)


def meddling_stakes(draft: Any, context: Context) -> Stakes:
    meddle(draft)
    return Stakes()


class Meddling:
    """A policy that changes what it is asked about."""

    inner = policy_of(rule(Effect.PERMIT))
    version = inner.version
    required_checks = staticmethod(inner.required_checks)

    def decide(self, request: Any) -> Any:
        meddle(request.draft)
        return self.inner.decide(request)


WHO: dict[str, dict[str, Any]] = {
    "stakes": {"stakes": meddling_stakes},
    "check": {
        "policy": policy_of(rule(Effect.PERMIT), checks=["meddle"]),
        "checks": {"meddle": meddling_check},
    },
    "policy": {"policy": Meddling()},
}


@pytest.mark.parametrize("who", WHO)
def test_whoever_changes_a_proposal_in_place_stops_nothing_but_it(who: str) -> None:
    proposed = fact(Key.SEEDS, "x", structured={"n": 1})
    other = proposes("q", fact(Key.SIGNALS, "ok"))
    play = Play(engine_of(proposes("p", proposed), other, **WHO[who])).begin()
    assert contents(play.state, Key.SIGNALS) == ["ok"]
    assert contents(play.state, Key.SEEDS) == []
    believed(play.events)


RUBBISH: dict[str, Any] = {
    "not a number": {"structured": {"x": float("nan")}},
    "infinity": {"structured": {"x": float("inf")}},
    "bytes": {"structured": {"x": b"ab"}},
    "a set": {"structured": {"x": {1}}},
    "a number as key": {"structured": {1: "a"}},
    "a date": {"structured": {"x": dt.date(2020, 1, 1)}},
    "a decimal": {"structured": {"x": decimal.Decimal("0.5")}},
    "a confidence that is no number": {"confidence": float("nan")},
    "words that are bytes": {"content": b"ab"},
}


@pytest.mark.parametrize("what", RUBBISH)
def test_rubbish_is_a_failure_on_record_and_not_spelled_as_something_else(what: str) -> None:
    wrong = replace(seed("x"), **RUBBISH[what])
    agent = script("a", lambda _: AgentEffect((wrong,)), when=lambda v: not v.has(Key.SEEDS))
    play = Play(engine_of(agent)).begin()
    assert not play.state.context.has(Key.SEEDS)
    assert play.of(e.AgentFailed)


class Odd:
    reason = "odd"


VIOLATIONS: dict[str, Any] = {
    "numbers for facts": Violation("r", facts=(5,)),  # type: ignore[arg-type]
    "no facts": Violation("r", facts=None),  # type: ignore[arg-type]
    "half a pair": Violation("\ud800"),
    "another type": Odd(),
}


@pytest.mark.parametrize("what", VIOLATIONS)
@pytest.mark.parametrize("kind", InvariantClass)
def test_a_rule_that_is_judged_by_rubbish_stops_the_run_in_words(
    kind: InvariantClass, what: str
) -> None:
    rules = [Invariant("odd", kind, lambda _: VIOLATIONS[what])]
    play = Play(engine_of(invariants=rules)).begin(seed("a"))
    assert play.state.stop is not None
    believed(play.events)


def test_a_rule_that_stages_input_in_what_it_looks_at_changes_no_run() -> None:
    def judge(context: Context) -> None:
        context.add_input(fact(Key.SIGNALS, "smuggled"))

    invariants = [Invariant("i", InvariantClass.ACCEPTANCE, judge)]
    engine = engine_of(proposes("p", seed("a")), invariants=invariants)
    assert () == engine.run(Context(), authority=EVERYTHING).context.staged()


ANSWERS: dict[str, Any] = {
    "a number": Blocked("r", approval=5),  # type: ignore[arg-type]
    "half a pair": Blocked("\ud800"),
    "another type": Odd(),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_a_criterion_that_is_judged_by_rubbish_can_be_read_back(what: str) -> None:
    intent = RootIntent(
        question="q", subject="s", criteria=(Criterion(id="c", description="d", key=Key.SEEDS),)
    )
    engine = engine_of(criteria={"c": lambda _: ANSWERS[what]})
    believed(Play(engine, intent=intent).begin(seed("a")).events)


def test_a_fork_of_a_run_does_not_see_what_the_run_does_after_it() -> None:
    later = proposes("q", fact(Key.SIGNALS, "later"), after=[Key.SEEDS])
    play = Play(engine_of(proposes("p", seed("a")), later)).begin(go=False)
    while not play.state.context.has(Key.SEEDS):
        if play.state.phase is Phase.EXECUTING:
            play.command(Report(sequential(play.engine.work(play.state))))
        else:
            play.command(Advance())
    fork = play.state.fork().context
    before = fork.root, [one.id for one in fork.in_order()]
    play.go()
    assert fork.find(FactId("later")) is None
    assert before == (fork.root, [one.id for one in fork.in_order()])


def test_true_and_one_are_two_contents_of_input() -> None:
    context = Context()
    context.add_input(fact(Key.SEEDS, "x", structured={"n": 1}))
    with pytest.raises(Conflict):
        context.add_input(fact(Key.SEEDS, "x", structured={"n": True}))


class Evil(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "a\n\x00"


def test_an_id_is_validated_as_it_will_read() -> None:
    assert FactId(Evil("ok")) == "ok"


BAD = Dependency(Key.SIGNALS, prefix=5)  # type: ignore[arg-type]


def test_a_registration_that_fails_says_so_and_leaves_nothing_behind() -> None:
    engine = engine_of()
    with pytest.raises(InvalidConfiguration):
        engine.register(Script(AgentId("bad"), lambda _: AgentEffect(), (Key.SEEDS, BAD)))
    with pytest.raises(InvalidConfiguration):
        engine.register(proposes("p", seed("b")), level="sovereign")  # type: ignore[arg-type]
    calm = script("calm", lambda _: AgentEffect(), after=[Key.EVALUATIONS])
    engine.register(calm)
    Play(engine).begin(seed("a"))
    assert calm.executed == 0


@pytest.mark.parametrize("said", [None, (None,), ("work",)], ids=repr)
def test_an_executor_that_reports_rubbish_is_refused_in_words(said: Any) -> None:
    with pytest.raises(IllegalCommand):
        Play(engine_of(proposes("p", seed("a"))), executor=lambda _: said).begin()


def structured() -> Script:
    return proposes("p", fact(Key.SEEDS, "a", structured={"n": 1}))


def set_n(done: Any, value: object) -> None:
    for one in done:
        for said in one.effect.proposals:
            said.structured["n"] = value


def test_an_executor_that_changes_what_was_settled_is_held_to_it() -> None:
    def meddling(work: Any) -> Any:
        done = sequential(work)
        set_n(done, 0.5)
        return done

    with pytest.raises(IllegalCommand):
        Play(engine_of(structured()), executor=meddling).begin()


def test_an_executor_that_keeps_what_was_settled_changes_no_state_later() -> None:
    kept: list[Any] = []

    def keeping(work: Any) -> Any:
        done = sequential(work)
        kept.extend(done)
        return done

    play = Play(engine_of(structured()), executor=keeping).begin()
    set_n(kept, 2)
    [draft] = [one for one in play.state.drafts.values() if one.fact.id == "a"]
    assert draft.fact.structured == {"n": 1}


def test_an_agent_registered_while_a_run_is_under_way_takes_no_part_in_it() -> None:
    engine = engine_of(proposes("p", seed("a")))
    play = Play(engine).begin(go=False)
    late = proposes("late", fact(Key.SIGNALS, "x"), after=[Key.SEEDS])
    engine.register(late)
    play.go()
    assert late.executed == 0


def test_a_fact_names_the_version_of_the_policy_of_its_own_run() -> None:
    inner = policy_of(rule(Effect.PERMIT))

    class Reloaded:
        version = ContentHash("1" * 64)
        required_checks = staticmethod(inner.required_checks)
        decide = staticmethod(inner.decide)

    policy = Reloaded()
    engine = engine_of(proposes("p", seed("a")), policy=policy)
    engine.run(Context(), authority=EVERYTHING)
    policy.version = ContentHash("2" * 64)
    told: list[Any] = []
    engine.run(Context(), authority=EVERYTHING, on_event=told.append)
    [began] = [one.policy_digest for one in told if isinstance(one, e.RunStarted)]
    made = [one.fact.promotion for one in told if isinstance(one, e.FactPromoted)]
    assert {began} == {one.policy_version_hash for one in made}


@pytest.mark.parametrize("version", [1, 2])
def test_an_old_line_whose_body_is_no_object_is_corrupt_in_words(version: int) -> None:
    body, salt = [1], bytes(16)
    head = {
        "v": version,
        "seq": 0,
        "at": 1,
        "kind": "run_started",
        "run": "r",
        "prev": GENESIS,
        "commit": commitment(salt, canonical(body)),
        "close": True,
    }
    record = {"body": body, "hash": hash_bytes(canonical(head)), "head": head, "salt": salt.hex()}
    with pytest.raises(LedgerCorrupt):
        decode_line(canonical(record) + b"\n", Chain())
