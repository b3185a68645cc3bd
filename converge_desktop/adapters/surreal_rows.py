"""What each event adds to the database: rows, and edges from a thing to what it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from converge_core import events as e

Name = tuple[str, str]
"""A table and the name of a row in it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row; ``links`` are fields that point at other rows."""

    table: str
    name: str
    fields: dict[str, Any]
    links: dict[str, Name] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edge:
    """``child`` came from ``parent``; ``relation`` reads from left to right."""

    child: Name
    relation: str
    parent: Name


def fact_name(run: str, fact: str) -> str:
    """Returns the name of a fact's row: ids are unique in a run only."""
    return f"{run}|{fact}"


def rows_of(event: e.Event, seq: int, at: int) -> list[Row]:
    """Returns the rows an event adds."""

    def row(table: str, name: str, label: str, links: dict[str, Name], **more: Any) -> list[Row]:
        return [Row(table, name, {"label": label, "seq": seq, "at": at, **more}, links)]

    match event:
        case e.OperatorEnrolled(operator=operator):
            return row("operator", operator.id, operator.name, {})
        case e.RunStarted(run=run, intent=intent):
            return row("run", run, intent.subject, {})
        case e.ObservationStaged(run=run, observation=seen):
            label = f"{seen.source} · {seen.place}"
            return row("observation", fact_name(run, seen.id), label, {})
        case e.ProposalCreated(draft=draft):
            return row("proposal", draft.id, f"{draft.fact.content} (by {draft.agent})", {})
        case e.TraceRecorded(trace=trace):
            return row("trace", trace.id, f"{trace.call.step}: {trace.call.headline}", {})
        case e.GateDecided(decision=decision):
            label = f"{decision.verdict} by {decision.operator}"
            return row("decision", decision.id, label, {})
        case e.FactPromoted(run=run, fact=fact):
            return row(
                "fact",
                fact_name(run, fact.id),
                fact.content,
                {"run": ("run", run)},
                key=fact.key.value,
                fact_id=fact.id,
                byline=fact.agent,
                approver=str(fact.promotion.approver),
                search=f"{fact.content} {fact.id} {fact.agent}".casefold(),
            )
        case _:
            return []


def edges_of(event: e.Event) -> list[Edge]:
    """Returns the edges an event adds."""
    match event:
        case e.ProposalCreated(run=run, draft=draft):
            child = ("proposal", str(draft.id))
            argued = [Edge(child, "argued in", ("trace", trace)) for trace in draft.traces]
            rests = [
                Edge(child, "rests on", ("fact", fact_name(run, fact))) for fact in draft.rests_on
            ]
            return argued + rests
        case e.FactPromoted(run=run, fact=fact):
            child = ("fact", fact_name(run, fact.id))
            return [
                Edge(child, "was proposed as", ("proposal", fact.proposal)),
                *(
                    Edge(child, "was read as", ("observation", fact_name(run, seen)))
                    for seen in fact.promotion.observations
                ),
                *(
                    Edge(child, "was approved by", ("decision", approval))
                    for approval in fact.promotion.approvals
                ),
            ]
        case e.GateDecided(decision=decision):
            return [
                Edge(("decision", decision.id), "was signed by", ("operator", decision.operator))
            ]
        case _:
            return []
