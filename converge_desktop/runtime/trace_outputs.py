"""The JSON of what the command line prints about model calls and how a desk fares."""

from __future__ import annotations

from dataclasses import dataclass

from converge_desktop.runtime.insight_model import Insights, InsightTable
from converge_desktop.runtime.trace_model import FoundTrace


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One element of ``traces``: a recorded model call. Times in microseconds.

    ``seq`` is the record that says it; ``causes`` are the checks of its contract that failed.
    """

    trace_id: str
    run: str
    step: str
    headline: str
    outcome: str
    at: int
    duration: int
    tokens: int
    seq: int
    pack: str
    agent: str
    model: str
    version: str
    contract: str
    grade: str
    causes: list[str]
    prompt_tokens: int
    reused_tokens: int
    output_tokens: int
    first: int
    note: str


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """A column of a table: ``kind`` is ``text``, ``count``, ``share``, ``time`` or ``week``.

    Shares are thousandths, times microseconds; a week is when it begins, in microseconds.
    """

    name: str
    title: str
    kind: str


@dataclass(frozen=True, slots=True)
class TableOutput:
    """One table of ``insights``; a cell is null where there is nothing to measure."""

    name: str
    title: str
    columns: list[ColumnLine]
    rows: list[list[str | int | None]]


@dataclass(frozen=True, slots=True)
class InsightsOutput:
    """``insights``: how the desk fares, by record ``as_of`` of its ledger; -1 for an empty one."""

    as_of: int
    tables: list[TableOutput]


def trace_line(found: FoundTrace) -> TraceLine:
    """Returns a model call as the command line lists it."""
    row = found.row
    return TraceLine(
        trace_id=row.trace_id,
        run=row.run_id,
        step=row.step,
        headline=row.headline,
        outcome=row.outcome,
        at=row.at,
        duration=row.duration,
        tokens=row.tokens,
        seq=found.seq,
        pack=found.pack,
        agent=found.agent,
        model=found.model,
        version=found.version,
        contract=found.contract,
        grade=found.grade,
        causes=list(found.causes),
        prompt_tokens=found.prompt_tokens,
        reused_tokens=found.reused_tokens,
        output_tokens=found.output_tokens,
        first=found.first_us,
        note=found.note,
    )


def insights_output(found: Insights, name: str = "") -> InsightsOutput:
    """Returns the tables as the command line prints them: all, or the one of a name."""
    tables = [table_output(one) for one in found.tables if not name or one.name == name]
    return InsightsOutput(found.as_of, tables)


def table_output(table: InsightTable) -> TableOutput:
    """Returns a table as the command line prints it."""
    columns = [ColumnLine(one.name, one.title, one.kind.value) for one in table.columns]
    return TableOutput(table.name, table.title, columns, [list(row) for row in table.rows])
