"""Recorded model calls, as they are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from msgspec import UNSET, UnsetType

from converge_core.asking import Gate
from converge_core.canonical import hash_text
from converge_core.contract import CheckResult
from converge_core.envelope import InferenceEnvelope, RemoteRef
from converge_core.fact import Fact
from converge_core.gate import CheckRecord
from converge_core.key import ContextKey
from converge_core.limits import Limit
from converge_core.prompt import LAYERS, render_layers
from converge_core.proposal import Draft
from converge_core.run_state import RunState
from converge_core.trace import DecisionTrace, TextRef
from converge_desktop.adapters.packs.pack import Pack
from converge_desktop.runtime.attempts import calls_of
from converge_desktop.runtime.recalling import LETTER, recall_rows
from converge_desktop.runtime.review_model import (
    CheckRow,
    EvidenceRow,
    LayerRow,
    TraceRow,
    TraceView,
)
from converge_desktop.runtime.standing_views import made_of, standing
from converge_desktop.runtime.state_layers import quantity_of
from converge_desktop.runtime.trace_detail import Consequence, HintRow
from converge_desktop.runtime.wording import check_words, run_label, segments

Rows = tuple[tuple[str, str], ...]
ReadText = Callable[[TextRef], str]
"""Reads a recorded text; raises if it is missing or was changed."""


def trace_row(run: str, trace: DecisionTrace, at: int) -> TraceRow:
    """Returns a trace of a run, recorded at ``at``, as a line of a list."""
    call = trace.call
    return TraceRow(
        trace_id=trace.id,
        run_id=run,
        run_label=run_label(run),
        step=call.step,
        headline=call.headline,
        outcome=call.outcome.value,
        at=at,
        duration=call.duration_us,
        tokens=call.prompt_tokens + call.completion_tokens,
    )


def trace_view(run: RunState, trace: DecisionTrace, pack: Pack, read: ReadText) -> TraceView:
    """Returns a trace whole, its prompt rebuilt from the record alone."""
    call = trace.call
    layers = {name: read(call.layers[name]) for name in LAYERS}
    counted = dict(zip(LAYERS, call.layer_tokens, strict=False))  # a server counts for itself
    rebuilt = hash_text(render_layers(layers))
    proof = CheckResult(
        "prompt-rebuilt",
        rebuilt == call.prompt_hash,
        "" if rebuilt == call.prompt_hash else "The recorded layers do not give the prompt.",
        call.prompt_hash,
        rebuilt,
    )
    output = read(call.output)
    return TraceView(
        row=trace_row(run.run, trace, run.trace_at[trace.id]),
        version=call.version,
        layers=tuple(LayerRow(name, layers[name], counted.get(name, 0)) for name in LAYERS),
        raw_output=output,
        output=segments(output, call.state),
        checks=(*map(check_row, call.checks), check_row(proof)),
        envelope=_envelope(trace),
        prompt_hash=call.prompt_hash,
        prompt_tokens=call.prompt_tokens,
        reused_tokens=call.reused_tokens,
        output_tokens=call.completion_tokens,
        led_to=_led_to(run, trace),
        rests_on=evidence(run, trace, pack),
        grade=trace.grade.value,
        asked=_asked(run, trace),
        recall=recall_rows(trace),
        hints=_hints(trace),
        first_us=call.prefill_us,
        finish=call.finish_reason,
    )


def whole_view(
    run: RunState, trace: DecisionTrace, pack: Pack, read: ReadText, seq: int
) -> TraceView:
    """Returns a trace whole, with the record that says it and what became of what it led to."""
    view = trace_view(run, trace, pack, read)
    return replace(view, gate=_gate(run, trace), seq=seq, consequence=_consequence(run, trace))


def _hints(trace: DecisionTrace) -> tuple[HintRow, ...]:
    """Returns what a call was shown that was recalled, nearest first."""
    recall = trace.call.recall
    if recall is UNSET:
        return ()
    shown = (one for one in trace.call.state if one.cite.startswith(LETTER))
    return tuple(
        HintRow(one.cite, one.shown, found.source_type.value, found.seq, found.score)
        for one, found in zip(shown, recall.candidates, strict=False)
    )


def _consequence(run: RunState, trace: DecisionTrace) -> Consequence | None:
    """Returns what became of the proposal that a trace led to; None where it led to none."""
    draft = next((one for one in run.drafts.values() if trace.id in one.traces), None)
    if draft is None:
        return None
    fact = made_of(run, draft)
    made = Consequence(
        proposal=draft.fact.content,
        words=_unasked_words(run, draft, fact),
        effect_at=fact.promotion.promoted_at if fact else 0,
        became=str(fact.id) if fact else "",
    )
    gates = run.gates_of.get(draft.id, [])
    return _at_gate(run, gates[-1], made) if gates else made


def _at_gate(run: RunState, gate: Gate, made: Consequence) -> Consequence:
    stands = standing(run, gate)
    decided = gate.decision
    return replace(
        made,
        words=stands.words,
        gate=str(gate.request.id),
        opened_at=gate.request.opened_at,
        phase=stands.phase,
        end=stands.end,
        answers=stands.votes,
        decided_at=decided.decided_at if decided else 0,
        settles_at=stands.settles_at or 0,
    )


def _unasked_words(run: RunState, draft: Draft, fact: Fact | None) -> str:
    """Says what became of a proposal about which nobody was asked."""
    refusal = run.refusals.get(draft.id)
    if fact is not None:
        return "Nobody had to be asked: the policy let it through."
    if refusal is not None:
        return f"Nobody was asked: it was refused. {refusal.reason}"
    return "It has not been decided on yet, and nobody is asked so far."


def check_row(check: CheckRecord | CheckResult) -> CheckRow:
    """Returns a check with what it makes sure of, and why it failed if it did."""
    reason = check.reason
    if not check.passed and check.expected:
        reason += f" Expected {check.expected}; found {check.found or 'nothing'}."
    words = "the prompt can be rebuilt" if check.name == "prompt-rebuilt" else None
    return CheckRow(words or check_words(check.name), check.passed, reason)


def evidence(run: RunState, trace: DecisionTrace, pack: Pack) -> tuple[EvidenceRow, ...]:
    """Returns the facts of the state layer, each with its limit and where it was read."""
    rows = []
    for cited in trace.call.state:
        fact = run.context.find(cited.fact)
        if fact is None or cited.cite.startswith(LETTER):  # a hint is no evidence
            continue
        if fact.key is not ContextKey.SIGNALS:
            rows.append(
                EvidenceRow(fact.id, cited.cite, fact.content, "", "", "", fact.key.value, "")
            )
            continue
        about, quantity = fact.structured, quantity_of(fact)
        limit: Limit | None = pack.limits.get(about["metric"])
        rows.append(
            EvidenceRow(
                fact_id=fact.id,
                cite=cited.cite,
                label=about["label"],
                value=str(quantity),
                limit=f"{limit.describe(quantity.unit)} ({limit.weight})" if limit else "",
                standing=limit.standing(quantity).value if limit else "",
                source=about["source"],
                place=about["place"],
            )
        )
    return tuple(rows)


def _envelope(trace: DecisionTrace) -> Rows:
    envelope, call = trace.call.envelope, trace.call
    return (
        ("replay grade", trace.grade.value),
        ("model", envelope.model),
        ("model SHA-256", envelope.model_sha256),
        ("architecture", envelope.family),
        ("tokenizer SHA-256", envelope.tokenizer_hash),
        ("backend", envelope.backend),
        *_where_set("build", envelope.build),
        ("contract", call.contract),
        ("grammar SHA-256", envelope.grammar_hash),
        ("decoding", "greedy" if envelope.temperature == 0 else "sampled"),
        ("seed", f"{envelope.seed} ({envelope.seed_policy})"),
        ("most answer tokens", f"{envelope.max_tokens:,}"),
        *_computed_with(envelope),
        *_where_set("execution plan", call.plan),
        *_remote(call.remote),
        ("envelope SHA-256", envelope.digest()),
    )


def _computed_with(envelope: InferenceEnvelope) -> Rows:
    """Returns what this machine computed with; of another it is not known."""
    if not envelope.context_size:
        return ()
    return (
        ("context", f"{envelope.context_size:,} tokens"),
        ("batch", f"{envelope.batch_size:,} tokens"),
        ("threads", str(envelope.threads)),
        ("adapter", envelope.adapter or "none"),
        *_where_set("adapter SHA-256", envelope.adapter_sha256),
        ("processor", envelope.cpu),
    )


def _remote(remote: RemoteRef | UnsetType) -> Rows:
    if remote is UNSET:
        return ()
    return (
        ("computed at", remote.system),
        ("model there", remote.model),
        ("answer’s id there", remote.reference or "none was given"),
        ("request SHA-256", remote.request_hash),
        ("response SHA-256", remote.response_hash),
    )


def _where_set(name: str, value: str | UnsetType) -> Rows:
    return () if value is UNSET else ((name, value),)


def _asked(run: RunState, trace: DecisionTrace) -> str:
    """Says how often the model elsewhere was asked before it gave this answer."""
    own = (trace.agent, trace.cycle)
    calls = [call for call in calls_of(run.attempts) if (call.agent, call.cycle) == own]
    return calls[-1].words if calls else ""


def _led_to(run: RunState, trace: DecisionTrace) -> str:
    led = [draft for draft in run.drafts.values() if trace.id in draft.traces]
    return led[0].fact.content if led else ""


def _gate(run: RunState, trace: DecisionTrace) -> str:
    """Returns the gate at which people decided what a trace led to; nothing where none did."""
    led = {draft.id for draft in run.drafts.values() if trace.id in draft.traces}
    about = (gate for gate in run.gates.values() if gate.request.proposal in led)
    decided = [gate for gate in about if gate.decision is not None]
    return str(decided[-1].request.id) if decided else ""
