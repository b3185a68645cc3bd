"""Another answer to a recorded call, held to the contract of that call: by the kernel's own checks.

The run is folded up to the call, its agent is asked as it was then, and is told the other answer.
Nothing of what it would do with that is kept. Where the agent would ask otherwise by now, its
checks would be about something else, and are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import UNSET

from converge_core.canonical import hash_text
from converge_core.capability_errors import InvalidRequest
from converge_core.envelope import InferenceRequest, InferenceResult
from converge_core.errors import ConvergeError
from converge_core.ids import RunId, TraceId
from converge_core.plan import StepPlan
from converge_core.recall import (
    RecallPolicy,
    RecallProvenance,
    RecallQuery,
    candidate,
)
from converge_core.retry import CallAttempt
from converge_core.trace import ModelCall
from converge_desktop.runtime.hints import Recalls
from converge_desktop.runtime.pack_engine import build_engine
from converge_desktop.runtime.recalling import LETTER, RecallAnswer
from converge_desktop.runtime.review_model import CheckRow
from converge_desktop.runtime.trace_views import check_row
from converge_desktop.runtime.views import Views

OTHERWISE = (
    "this program asks that step otherwise than it was asked then, so that its checks would be "
    "about something else"
)


@dataclass(frozen=True, slots=True)
class Held:
    """What came of each check; ``why_not`` says why none was applied."""

    checks: tuple[CheckRow, ...] = ()
    why_not: str = ""


def held_as_recorded(views: Views, trace_id: str, answer: str) -> Held:
    """Holds an answer to the contract of a recorded call, over the facts that it was about."""
    row = views.trace(trace_id)
    run = views.state_at(row.row.run_id, row.seq)
    trace = run.traces[TraceId(trace_id)]
    infer = _answering(trace.call, answer)
    started = run.started
    try:
        engine = build_engine(
            views.pack_of(run), started.intent, started.plan, infer, _recalled(trace.call, run.run)
        )
    except ConvergeError as error:
        return Held(why_not=str(error))
    for agent, view in engine.work(run):
        if agent.name == trace.agent:
            calls = agent.execute(view).calls
            return Held(tuple(map(check_row, calls[0].checks))) if calls else Held((), OTHERWISE)
    return Held(why_not=OTHERWISE)


def _answering(
    call: ModelCall, answer: str
) -> Callable[[InferenceRequest, StepPlan, Callable[[CallAttempt], None]], InferenceResult]:
    """Returns a model that gives an answer if it is asked as it was in a recorded call."""

    def infer(
        request: InferenceRequest, step: StepPlan, record: Callable[[CallAttempt], None]
    ) -> InferenceResult:
        del step, record
        asked = hash_text(request.prompt), hash_text(request.grammar)
        if asked != (call.prompt_hash, call.grammar.sha256):
            raise InvalidRequest(OTHERWISE)
        return InferenceResult(
            text=answer,
            finish_reason=call.finish_reason,
            prompt_tokens=0,
            reused_tokens=0,
            completion_tokens=0,
            prefill_us=0,
            duration_us=0,
            envelope=call.envelope,
        )

    return infer


def _recalled(call: ModelCall, run: RunId) -> Recalls | None:
    """Returns what recalls what a call was shown; None where nothing was looked for."""
    envelope = call.recall
    if envelope is UNSET:
        return None
    shown = [one.shown for one in call.state if one.cite.startswith(LETTER)]
    candidates = tuple(
        candidate(
            *(one.id, words, one.score / 1000, one.source_type),
            RecallProvenance(run=run, seq=one.seq, reference=one.id, content_hash=one.content_hash),
        )
        for one, words in zip(envelope.candidates, shown, strict=False)
    )

    def recall(query: RecallQuery, policy: RecallPolicy) -> RecallAnswer:
        del query, policy
        return RecallAnswer(candidates, envelope, envelope.stop_reason, envelope.ledger_seq, "")

    return recall
