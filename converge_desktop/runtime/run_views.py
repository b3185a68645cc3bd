"""Runs, as they are shown: cycles, context, budgets, and why a run has or has not ended."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from converge_core.asking import Gate
from converge_core.authority import ActorKind
from converge_core.fact import Fact
from converge_core.ids import AgentId
from converge_core.key import ContextKey
from converge_core.run_state import Phase, RunState
from converge_desktop.runtime.attempts import calls_of
from converge_desktop.runtime.precedents import Precedent, decided_in
from converge_desktop.runtime.run_model import (
    AgentRow,
    AskedRow,
    BudgetRow,
    Cell,
    CycleSpan,
    FactCard,
    RunRow,
    RunView,
)
from converge_desktop.runtime.stop_words import standing
from converge_desktop.runtime.why_not import why_not
from converge_desktop.runtime.wording import plural, run_label, seconds

_NAME_PARTS = re.compile(r"(?<=[a-z])([A-Z])")


@dataclass(frozen=True, slots=True)
class RunNote:
    """A run in a few words, which are kept once it has stopped; ``decided`` is oldest first."""

    run: str
    pack: str
    subject: str
    phase: str
    outcome: str
    started_at: int
    open_gates: int
    request: str = ""
    paused_by: str = ""
    paused_at: int = 0
    decided: tuple[Precedent, ...] = field(default=(), compare=False)


def run_note(run: RunState) -> RunNote:
    """Returns a run in a few words."""
    return RunNote(
        run=str(run.run),
        pack=str(run.started.pack),
        subject=run.intent.subject,
        phase=_phase(run),
        outcome=_outcome(run),
        started_at=run.started_at,
        open_gates=len(run.open_gates()),
        request=run.intent.request or "",
        paused_by=run.suspension.by if run.suspension else "",
        paused_at=run.suspension.since if run.suspension else 0,
        decided=decided_in(run) if run.phase is Phase.STOPPED else (),
    )


def run_row(note: RunNote, title: str) -> RunRow:
    """Returns a run as a line of a list; one that somebody asked for goes by their words."""
    first, *more = note.request.splitlines() or [""]
    return RunRow(
        run_id=note.run,
        label=run_label(note.run),
        title=f"{first} …" if more else first or f"{title}: {note.subject}",
        phase=note.phase,
        outcome=note.outcome,
        started_at=note.started_at,
        open_gates=note.open_gates,
        paused_by=note.paused_by,
        paused_at=note.paused_at,
    )


def run_view(run: RunState, title: str, now_doing: str) -> RunView:
    """Returns a run whole."""
    budgets = _budgets(run)
    return RunView(
        row=run_row(run_note(run), title),
        pack=title,
        folder=run.started.folder,
        cycle=run.cycle,
        agents=_agents(run),
        context=_context(run),
        budgets=budgets,
        why_not=why_not(run, budgets),
        stop_kind=run.stop.kind if run.stop else "",
        stop_words=run.stop.words() if run.stop else "",
        notes=run.started.notes,
        root=run.context.root,
        now_doing=now_doing,
        asked=_asked(run),
        explained=standing(run),
        timeline=_timeline(run),
        intent=run.intent.request or "",
        pause_reason=run.suspension.reason if run.suspension else "",
        origin=str(run.started.continues or ""),
    )


def fact_card(run: RunState, fact: Fact) -> FactCard:
    """Returns a fact as a card."""
    return FactCard(
        fact_id=fact.id,
        key=fact.key.value,
        text=fact.content,
        byline=_byline(fact),
        state="fact",
        approver=approver_words(str(fact.promotion.approver)),
        run_id=run.run,
        run_label=run_label(run.run),
        # A fact that the run began with came to it by its first record.
        seq=run.fact_seq.get((fact.key, fact.id), run.started_seq),
    )


def approver_words(approver: str) -> str:
    """Returns an approver in words: a person's name, or the rule that let it pass."""
    kind, _, name = approver.partition(":")
    if kind == ActorKind.SYSTEM and name.startswith("policy:"):
        return f"rule {name.removeprefix('policy:')}"
    return name


def _phase(run: RunState) -> str:
    if run.phase is Phase.STOPPED:
        return "stopped"
    if run.suspension is not None:
        return "paused"
    return "waiting" if run.phase is Phase.WAITING else "running"


def _outcome(run: RunState) -> str:
    if run.stop is not None:
        return _NAME_PARTS.sub(r" \1", run.stop.kind).capitalize()
    if run.suspension is not None:
        return f"paused by {run.suspension.by}"
    gates = run.open_gates()
    if gates:
        return f"{plural(len(gates), 'decision')} awaited"
    # Nobody is asked, and yet it waits: what was decided can still be undone.
    return "decided, may be undone" if run.phase is Phase.WAITING else f"cycle {run.cycle}"


def _byline(fact: Fact) -> str:
    source = fact.structured.get("source")
    return f"{fact.agent} · {source}" if source else str(fact.agent)


def _agents(run: RunState) -> tuple[AgentRow, ...]:
    promoted: Counter[tuple[AgentId, int]] = Counter()
    refused: Counter[tuple[AgentId, int]] = Counter()
    asked: Counter[tuple[AgentId, int]] = Counter()
    for draft in run.drafts.values():
        place = (draft.agent, draft.cycle)
        promoted[place] += draft.id in run.promoted
        refused[place] += draft.id in run.refusals
    for gate in run.open_gates():
        asked[(gate.request.agent, gate.request.cycle)] += 1
    for failure in run.failures:
        refused[(failure.agent, failure.cycle)] += 1
    executing = run.phase is Phase.EXECUTING and run.suspension is None
    return tuple(
        AgentRow(
            agent,
            tuple(
                Cell(
                    eligible=agent in run.eligible.get(cycle, ()),
                    running=executing and cycle == run.cycle and agent in run.eligible[cycle],
                    promoted=promoted[(agent, cycle)],
                    refused=refused[(agent, cycle)],
                    asked=asked[(agent, cycle)],
                )
                for cycle in range(1, run.cycle + 1)
            ),
        )
        for agent in run.started.agents
    )


def _context(run: RunState) -> tuple[tuple[str, tuple[FactCard, ...]], ...]:
    waiting: dict[ContextKey, list[FactCard]] = {}
    for gate in run.open_gates():
        waiting.setdefault(gate.request.key, []).append(_waiting_card(run, gate))
    columns = []
    for key in ContextKey:
        cards = [fact_card(run, fact) for fact in run.context.get(key)] + waiting.get(key, [])
        if cards:
            columns.append((key.value, tuple(cards)))
    return tuple(columns)


def _waiting_card(run: RunState, gate: Gate) -> FactCard:
    request = gate.request
    return FactCard(
        fact_id=run.drafts[request.proposal].fact.id,
        key=request.key.value,
        text=request.title,
        byline=f"{request.agent} · waiting for you",
        state="waiting",
        approver="",
        run_id=run.run,
        run_label=run_label(run.run),
        seq=-1,
    )


def _budgets(run: RunState) -> tuple[BudgetRow, ...]:
    budgets = run.intent.budgets
    rows = [
        _budget("cycles", run.cycle, budgets.cycles),
        _budget("facts", run.context.count(), budgets.facts),
    ]
    if budgets.tokens is not None:
        rows.append(_budget("tokens", run.tokens, budgets.tokens))
    if budgets.time_us is not None:
        words = f"{seconds(run.active_us)} of {budgets.time_us / 1e6:.0f} s"
        rows.append(BudgetRow("time", words, _share(run.active_us, budgets.time_us)))
    return tuple(rows)


def _budget(name: str, used: int, limit: int) -> BudgetRow:
    return BudgetRow(name, f"{used:,} of {limit:,}", _share(used, limit))


def _share(used: int, limit: int) -> int:
    return min(1000, used * 1000 // limit) if limit else 1000


def _asked(run: RunState) -> tuple[AskedRow, ...]:
    return tuple(
        AskedRow(f"{call.agent}, cycle {call.cycle}: {call.words}", call.answered, call.why)
        for call in calls_of(run.attempts)
    )


def _timeline(run: RunState) -> tuple[CycleSpan, ...]:
    """Returns the cycles in time, oldest first."""
    since = run.executing_since or 0
    return tuple(
        CycleSpan(
            cycle=cycle,
            began_at=span.began,
            ended_at=span.ended,
            worked_us=span.worked,
            working_since=since if cycle == run.cycle else 0,
            facts=span.facts,
        )
        for cycle, span in run.spans.items()
    )
