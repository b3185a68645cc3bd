"""Neither agents nor whoever can write to the files decide how good a call was, or where it was."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from converge_core import events as e
from converge_core.agent import AgentEffect
from converge_core.canonical import hash_text
from converge_core.capability_errors import ErrorCategory
from converge_core.envelope import RemoteRef, ReplayGrade
from converge_core.errors import LedgerCorrupt
from converge_core.gate import CheckRecord
from converge_core.ids import AgentId, RunId
from converge_core.key import ContextKey as Key
from converge_core.plan import ExecutionPlan, KernelPolicy, StepPlan, compile_plan
from converge_core.policy import Risk
from converge_core.recall import RecallPolicy, RecallTrigger
from converge_core.retry import AttemptOutcome, CallAttempt
from converge_core.routing import DataClass, RoutingPolicy
from tests.core.golden_recall import ENVELOPE
from tests.core.kit import Play, engine_of, model_call, script, seed
from tests.core.test_audit import believed

REMOTE = RemoteRef(
    system="https://models.example.org/v1",
    model="large",
    reference="",
    request_hash=hash_text("request"),
    response_hash=hash_text("response"),
)
OPEN = KernelPolicy(
    data=DataClass.PUBLIC,
    routing=RoutingPolicy(most_confidential=DataClass.PUBLIC, highest_risk=Risk.LOW),
)
VERSION = "reasoning:v1:any"
HERE = StepPlan(step="reasoning", version=VERSION)
AWAY = StepPlan(
    step="reasoning", version=VERSION, model="large", remote=True, risk=Risk.LOW, attempts=2
)
FAILED = CallAttempt(number=1, outcome=AttemptOutcome.FAILED, category=ErrorCategory.TIMEOUT)
ANSWERED = CallAttempt(number=1, outcome=AttemptOutcome.ANSWERED)
BROKEN = (CheckRecord(name="parses", passed=False),)


def plan_of(step: StepPlan) -> ExecutionPlan:
    return compile_plan(hash_text(""), OPEN, {"reasoning": step})


def told(
    planned: StepPlan | None, attempts: tuple[CallAttempt, ...] = (), **about: Any
) -> list[e.Event]:
    """Returns what a run records whose one agent tells of one call."""
    plan = plan_of(planned) if planned else None
    digest = {"plan": plan.digest()} if plan else {}
    effect = AgentEffect((), (model_call(**{**digest, **about}),), attempts=attempts)
    engine = engine_of(script("reasoning", lambda _: effect, after=[Key.SEEDS]))
    return Play(engine, plan=plan).begin(seed("a")).events


RECALLING = KernelPolicy(
    recall=True, recalling=RecallPolicy(max_k_total=1, steps={"reasoning": RecallTrigger.ALWAYS})
)


def recalled(kernel: KernelPolicy, **about: Any) -> list[e.Event]:
    """Returns what a run records whose one agent tells that it was shown what was recalled."""
    plan = compile_plan(hash_text(""), kernel, {"reasoning": HERE})
    policy = {"policy_hash": kernel.recall_policy().digest()}
    envelope = msgspec.structs.replace(ENVELOPE, **{**policy, **about})
    call = model_call(plan=plan.digest(), grade=ReplayGrade.BYTE_EXACT, recall=envelope)
    engine = engine_of(script("reasoning", lambda _: AgentEffect((), (call,)), after=[Key.SEEDS]))
    return Play(engine, plan=plan).begin(seed("a")).events


def second() -> CallAttempt:
    return msgspec.structs.replace(ANSWERED, number=2)


def third() -> CallAttempt:
    return msgspec.structs.replace(ANSWERED, number=3)


AS_PLANNED = {
    "here": told(HERE, grade=ReplayGrade.BYTE_EXACT),
    "elsewhere": told(AWAY, (FAILED, second()), remote=REMOTE),
    "without a plan": told(None, grade=ReplayGrade.BYTE_EXACT),
}


@pytest.mark.parametrize("name", AS_PLANNED)
def test_a_call_as_it_is_planned_is_recorded_and_believed(name: str) -> None:
    """Here with its grade, elsewhere with the attempts that led to it."""
    events = AS_PLANNED[name]

    assert 1 == sum(isinstance(event, e.TraceRecorded) for event in events)
    assert not any(isinstance(event, e.AgentFailed) for event in events)
    assert 1 == len(next(iter(believed(events).runs.values())).traces)


def test_a_call_that_was_shown_hints_as_planned_is_recorded_with_the_grade_they_leave() -> None:
    """An index that may find others next time lowers it; the record is believed."""
    exact, near = recalled(RECALLING), recalled(RECALLING, exact=False)

    def grades(events: list[e.Event]) -> list[ReplayGrade]:
        [run] = believed(events).runs.values()
        return [trace.grade for trace in run.traces.values()]

    assert [ReplayGrade.BYTE_EXACT] == grades(exact)
    assert [ReplayGrade.RECORDED_ONLY] == grades(near)


@pytest.mark.parametrize(
    ("kernel", "about", "words"),
    [
        (KernelPolicy(), {}, "the step reasoning is planned without"),
        (KernelPolicy(recall=True), {}, "the step reasoning is planned without"),
        (RECALLING, {"policy_hash": hash_text("laxer")}, "recalled under another policy"),
        (RECALLING, {"candidates": ENVELOPE.candidates * 2}, "shown 2 hints, and 1 may be"),
    ],
)
def test_hints_that_nobody_planned_are_neither_recorded_nor_believed(
    kernel: KernelPolicy, about: dict[str, Any], words: str
) -> None:
    """No agent recalls by itself, and no record says that one did."""
    [failure] = [one for one in recalled(kernel, **about) if isinstance(one, e.AgentFailed)]

    assert words in failure.reason


@pytest.mark.parametrize(
    ("step", "about", "words"),
    [
        (HERE, {"remote": REMOTE}, "was not made where it is planned"),
        (AWAY, {"grade": ReplayGrade.BYTE_EXACT}, "was not made where it is planned"),
        (
            AWAY,
            {"remote": REMOTE, "grade": ReplayGrade.BYTE_EXACT},
            "came from elsewhere, and is said to be byte-exact",
        ),
        (HERE, {"grade": ReplayGrade.AUDIT_ONLY}, "was made here, and is said to be audit-only"),
        (HERE, {"plan": hash_text("another")}, "made under another plan"),
        (HERE, {"step": "planning"}, "is not planned to make the step planning"),
        (HERE, {"version": "reasoning:v9:any"}, "reasoning:v1:any is planned"),
        (HERE, {"checks": BROKEN}, "is said to be valid, and did not pass parses"),
        (None, {"plan": hash_text("plan")}, "names a plan, and its run has none"),
    ],
)
def test_a_call_that_cannot_have_been_is_neither_recorded_nor_believed(
    step: StepPlan | None, about: dict[str, Any], words: str
) -> None:
    """Its agent has failed, and it is said why; a record of it is refused."""
    recorded = told(step, **about)
    [failure] = [event for event in recorded if isinstance(event, e.AgentFailed)]
    assert words in failure.reason
    assert not any(isinstance(event, e.TraceRecorded) for event in recorded)

    honest = {"remote": REMOTE} if step is AWAY else {}
    attempts = (ANSWERED,) if step is AWAY else ()
    with pytest.raises(LedgerCorrupt, match=words):
        believed(with_call(told(step, attempts, **honest), **{"remote": msgspec.UNSET, **about}))


def with_call(events: list[e.Event], **about: Any) -> list[e.Event]:
    """Returns the events with other words about their call."""
    return [
        msgspec.structs.replace(
            event,
            trace=msgspec.structs.replace(
                event.trace, call=msgspec.structs.replace(event.trace.call, **about)
            ),
        )
        if isinstance(event, e.TraceRecorded)
        else event
        for event in events
    ]


def with_trace(events: list[e.Event], **about: Any) -> list[e.Event]:
    """Returns the events with other words about their trace."""
    return [
        msgspec.structs.replace(event, trace=msgspec.structs.replace(event.trace, **about))
        if isinstance(event, e.TraceRecorded)
        else event
        for event in events
    ]


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"run": RunId("run-9")}, "is said to be of cycle 1 of run-9"),
        ({"cycle": 7}, "is said to be of cycle 7"),
        ({"agent": AgentId("nobody")}, "by nobody, who takes no part"),
    ],
)
def test_a_trace_belongs_to_its_run_its_cycle_and_who_takes_part(
    about: dict[str, Any], words: str
) -> None:
    """Whatever the hashes say."""
    with pytest.raises(LedgerCorrupt, match=words):
        believed(with_trace(AS_PLANNED["here"], **about))


def test_a_trace_is_recorded_once() -> None:
    """Under its id."""
    events = AS_PLANNED["here"]
    place = next(n for n, event in enumerate(events) if isinstance(event, e.TraceRecorded))

    with pytest.raises(LedgerCorrupt, match="was recorded before"):
        believed([*events[: place + 1], events[place], *events[place + 1 :]])


@pytest.mark.parametrize(
    ("attempts", "words"),
    [
        ((), "no attempt at it was answered"),
        ((FAILED,), "no attempt at it was answered"),
        ((second(),), "follows none that it could"),
        ((ANSWERED, second()), "follows none that it could"),
        ((FAILED, ANSWERED), "follows none that it could"),
        (
            (FAILED, msgspec.structs.replace(FAILED, number=2), third()),
            "more than the plan allows",
        ),
    ],
)
def test_attempts_are_counted_and_lead_to_what_came_of_them(
    attempts: tuple[CallAttempt, ...], words: str
) -> None:
    """No answer without one, none after an answer, and no more than were planned."""
    with pytest.raises(LedgerCorrupt, match=words):
        believed(told(AWAY, attempts, remote=REMOTE))


def test_a_model_that_answers_here_is_not_attempted() -> None:
    """What computes in this process answers, or fails with its agent."""
    with pytest.raises(LedgerCorrupt, match="more than the plan allows"):
        believed(told(HERE, (ANSWERED,)))


@pytest.mark.parametrize("about", [{"agent": AgentId("nobody")}, {"cycle": 7}])
def test_an_attempt_belongs_to_its_cycle_and_who_takes_part(about: dict[str, Any]) -> None:
    """Whatever the hashes say."""
    events = [
        msgspec.structs.replace(event, **about) if isinstance(event, e.CallAttempted) else event
        for event in AS_PLANNED["elsewhere"]
    ]
    with pytest.raises(LedgerCorrupt, match="and cannot be"):
        believed(events)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"policy": hash_text("another")}, "was compiled from another policy"),
        ({"recall": True}, "has recall, which its policy does not allow"),
        ({"steps": (HERE, HERE)}, "has a step twice"),
        ({"kernel": KernelPolicy(), "steps": (AWAY,)}, "was not asked"),
        ({"steps": (msgspec.structs.replace(AWAY, risk=Risk.HIGH),)}, "was not asked"),
    ],
)
def test_a_plan_that_its_policy_could_not_give_is_not_believed(
    about: dict[str, Any], words: str
) -> None:
    """What may not leave does not leave because a record says so."""
    [started] = [event for event in AS_PLANNED["here"] if isinstance(event, e.RunStarted)]
    forged = msgspec.structs.replace(started.plan, **about)

    with pytest.raises(LedgerCorrupt, match=words):
        believed([msgspec.structs.replace(started, plan=forged)])
