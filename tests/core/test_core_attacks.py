"""What agents, checks, rules and executors may try in memory, and what it comes to."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import pytest
from msgspec.structs import force_setattr, replace

from converge_core import events as e
from converge_core.agent import AgentEffect
from converge_core.context import Context, ContextView
from converge_core.contract import CheckResult
from converge_core.correction import Correction, CorrectionReason, CorrectionScope, ScopeKind
from converge_core.errors import ConvergeError, ReportMismatch
from converge_core.fact import Fact
from converge_core.gate import Validated
from converge_core.ids import FactId, ProposalId
from converge_core.intent import Budgets, RootIntent
from converge_core.key import ContextKey as Key
from converge_core.merge import Stakes
from converge_core.policy import Effect, Risk
from converge_core.proposal import ProposedFact
from tests.core.kit import (
    EVERYTHING,
    Play,
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
