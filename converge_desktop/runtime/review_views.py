"""What a person is shown before deciding: read off the fold alone, so that its digest binds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from converge_core.asking import Gate
from converge_core.canonical import content_hash
from converge_core.chain import DecisionStep
from converge_core.ids import TraceId
from converge_core.key import ContextKey
from converge_core.prompt import Standing
from converge_core.proposal import Draft
from converge_core.run_state import RunState
from converge_core.trace import Cited, DecisionTrace
from converge_desktop.adapters.packs.pack import Pack
from converge_desktop.runtime.chain_agents import MAKES
from converge_desktop.runtime.deciding_model import SinceRow
from converge_desktop.runtime.differences import changes_between
from converge_desktop.runtime.review_model import (
    CheckRow,
    EvidenceRow,
    InboxRow,
    PlanRow,
    ReasonRow,
    Review,
    Segment,
    Text,
)
from converge_desktop.runtime.standing_views import truth_rows
from converge_desktop.runtime.state_layers import LETTERS
from converge_desktop.runtime.trace_views import ReadText, check_row, evidence, trace_view
from converge_desktop.runtime.wording import plural, run_label, segments

PARTS: Mapping[str, tuple[str, ...]] = {
    "what": (
        *("gate_id", "run_id", "run_label", "title", "risk", "key", "kind", "agent", "cycle"),
        *("opened_at", "becomes_true"),
    ),
    "rule": ("rule", "rule_reason", "may_decide", "deadline"),
    "truth": ("truth",),
    "consequences": ("consequences",),
    "reasoning": ("reasoning",),
    "evaluation": ("score", "confidence", "justification"),
    "plan": ("plan",),
    "evidence": ("evidence",),
    "checks": ("checks",),
    "notes": ("notes",),
    "raw": ("trace_ids", "raw"),
}
"""What a review consists of, and the fields of each part; every part has a digest of its own."""
BESIDE = frozenset({"digest", "parts", "kept", "standing", "precedents", "since"})
"""What is shown with it and may change while nothing of it does."""


def inbox_row(run: RunState, gate: Gate) -> InboxRow:
    """Returns a gate as a line of the inbox."""
    request = gate.request
    return InboxRow(
        gate_id=request.id,
        run_id=run.run,
        run_label=run_label(run.run),
        title=request.title,
        risk=request.risk.value,
        agent=request.agent,
        key=request.key.value,
        confidence=run.drafts[request.proposal].fact.confidence,
        opened_at=request.opened_at,
        deadline=gate.deadline,
        votes=len(gate.approvals),
        votes_needed=gate.tally().needed,
        kind=run.drafts[request.proposal].fact.kind.value,
        rule=request.rule,
        text=run.drafts[request.proposal].fact.content,
        warned=gate.warned,
    )


def assemble_review(run: RunState, gate: Gate, pack: Pack, read: ReadText) -> Review:
    """Returns all that is shown about a gate, with the digest that a decision signs."""
    request = gate.request
    draft = run.drafts[request.proposal]
    traces = _chain(run, draft)
    own = traces[-1] if traces else None
    cited = own.call.state if own else ()
    score, justification = _evaluation(run, draft)
    review = Review(
        gate_id=request.id,
        run_id=run.run,
        run_label=run_label(run.run),
        title=request.title,
        risk=request.risk.value,
        key=request.key.value,
        kind=draft.fact.kind.value,
        rule=request.rule,
        rule_reason=request.reason,
        may_decide=_may_decide(run, gate),
        cycle=request.cycle,
        agent=request.agent,
        opened_at=request.opened_at,
        deadline=request.deadline,
        becomes_true=draft.fact.content,
        consequences=_consequences(run, draft),
        reasoning=_reasoning(run),
        score=score,
        confidence=draft.fact.confidence,
        justification=segments(justification, cited),
        plan=_plan(draft, pack, cited),
        evidence=_evidence(run, own, pack),
        checks=_checks(run, draft, traces),
        notes=run.started.notes,
        trace_ids=tuple(trace.id for trace in traces),
        raw=tuple(trace_view(run, trace, pack, read) for trace in traces),
        digest="",
        truth=truth_rows(run, gate, draft),
    )
    parts = tuple((name, _digest_of(review, fields)) for name, fields in PARTS.items())
    return replace(review, parts=parts, digest=content_hash(dict(parts)))


def part_of(review: Review, name: str) -> dict[str, object]:
    """Returns the fields of one part of a review, by name."""
    return {field: getattr(review, field) for field in PARTS[name]}


def since(before: Review, now: Review) -> tuple[SinceRow, ...]:
    """Returns the parts of a review that are other than in one that was opened before."""
    was, parts = dict(before.parts), dict(now.parts)
    return tuple(
        SinceRow(name, changes_between(part_of(before, name), part_of(now, name)))
        for name in PARTS
        if was[name] != parts[name]
    )


def _digest_of(review: Review, fields: tuple[str, ...]) -> str:
    told = {field: getattr(review, field) for field in fields}
    return content_hash(msgspec.to_builtins(told, enc_hook=str))


def _may_decide(run: RunState, gate: Gate) -> str:
    """Returns who may decide, and how many it takes, in words."""
    if gate.roster is None:
        return "anyone enrolled at this desk"
    names = [run.operators[who].name if who in run.operators else who for who in gate.roster]
    return f"{gate.terms.quorum} of {', '.join(names) or 'nobody who is enrolled'}"


def _chain(run: RunState, draft: Draft) -> list[DecisionTrace]:
    """Returns the model calls behind a draft: its own and those behind the facts it rests on."""
    named: dict[TraceId, None] = {}
    for fact_id in draft.rests_on:
        fact = run.context.find(fact_id)
        named |= dict.fromkeys(fact.promotion.trace_link if fact else ())
    named |= dict.fromkeys(draft.traces)
    # Those behind a fact that the run began with are another run's.
    own = [run.traces[name] for name in named if name in run.traces]
    return sorted(own, key=lambda trace: trace.cycle)


def _consequences(run: RunState, draft: Draft) -> tuple[str, ...]:
    criteria = [c.description for c in run.criteria if c.key is draft.fact.key]
    planned, nothing = draft.fact.structured.get("steps"), "Nothing is executed."
    if planned is not None:
        steps = len(planned)
        work = f"the {plural(steps, 'step')} of the plan {'is' if steps == 1 else 'are'} for people"
        nothing = f"Nothing is executed: {work} to do."
    return (
        f"It becomes a fact under {draft.fact.key}, with you as its approver.",
        nothing,
        f"The run then meets its criterion: {criteria[0]}." if criteria else "The run goes on.",
    )


def _reasoning(run: RunState) -> tuple[ReasonRow, ...]:
    fact = run.context.fact(*MAKES[DecisionStep.REASONING])
    if fact is None:
        return ()
    about = fact.structured
    cited = _cited(run, about.get("cites", {}))
    order = list(Standing)
    steps = sorted(about["answer"]["steps"], key=lambda step: order.index(Standing(step["side"])))
    return tuple(ReasonRow(step["side"], segments(step["text"], cited)) for step in steps)


def _evaluation(run: RunState, draft: Draft) -> tuple[int | None, str]:
    """Returns score and justification: of what is proposed if it has one, or of the evaluation."""
    own = draft.fact.structured
    if isinstance(own.get("justification"), str):
        score = own.get("score")
        return score if isinstance(score, int) else None, own["justification"]
    fact = run.context.fact(*MAKES[DecisionStep.EVALUATION])
    if fact is None:
        return None, ""
    return fact.structured["score"], fact.structured["justification"]


def _cited(run: RunState, cites: dict[str, str]) -> list[Cited]:
    shown = []
    for trace in run.traces.values():
        shown += [one for one in trace.call.state if cites.get(one.cite) == one.fact]
    return shown


def _plan(draft: Draft, pack: Pack, cited: tuple[Cited, ...]) -> tuple[PlanRow, ...]:
    steps: list[dict[str, Any]] = draft.fact.structured.get("steps", [])
    shown = {one.fact: one.shown for one in cited}
    rows = []
    for step in steps:
        purpose: list[Segment] = []
        for fact in step["for"]:
            purpose.append(Segment(", " if purpose else "for "))
            purpose.append(Segment(shown.get(fact, fact), fact))
        text: Text = tuple(purpose)
        rows.append(PlanRow(step["do"], pack.capabilities.get(step["do"], ""), text))
    return tuple(rows)


def _evidence(run: RunState, own: DecisionTrace | None, pack: Pack) -> tuple[EvidenceRow, ...]:
    if own is None:
        return ()
    rows = evidence(run, own, pack)
    if own.call.step not in list(DecisionStep):
        return rows  # what an agent of the pack read is all that it went by
    return tuple(row for row in rows if row.cite.startswith(LETTERS[ContextKey.SIGNALS]))


def _checks(run: RunState, draft: Draft, traces: list[DecisionTrace]) -> tuple[CheckRow, ...]:
    rows = [check_row(check) for check in run.reports[draft.id].checks]
    for trace in traces:
        rows += [check_row(check) for check in trace.call.checks]
    return tuple({row.name: row for row in rows}.values())
