"""How a desk fared over ten weeks: whoever decides, and the models that answer."""

from __future__ import annotations

from typing import Any

from converge_desktop.runtime.insight_model import Column, Insights, InsightTable, Kind, Value
from tests.ui import sample

AS_OF = 48_213
WEEK = 7 * 24 * 3600 * 1_000_000
MONDAY = 1_794_787_200_000_000
"""16 November 2026, 0:00 UTC."""
S, MIN, HOUR = 1_000_000, sample.MIN, sample.HOUR

# Columns: name and kind; the titles are those of the desk, shortened by nobody.
_WEEK = Column("week", "Week", Kind.WEEK)
_ENDED = (
    Column("opened", "Asked", Kind.COUNT),
    Column("decided", "Decided", Kind.COUNT),
    Column("approved", "Approved", Kind.COUNT),
    Column("edited", "Edited", Kind.COUNT),
    Column("refined", "Refined", Kind.COUNT),
    Column("rejected", "Rejected", Kind.COUNT),
    Column("approval_rate", "Approval rate", Kind.SHARE),
    Column("edit_rate", "Edited, share", Kind.SHARE),
    Column("expired", "Expired", Kind.COUNT),
    Column("withdrawn", "Withdrawn", Kind.COUNT),
    Column("undone", "Undone", Kind.COUNT),
    Column("decide_median", "Time to decide, median", Kind.TIME),
    Column("decide_p90", "Time to decide, 90 %", Kind.TIME),
)
_CALLS = (
    Column("calls", "Answers", Kind.COUNT),
    Column("valid", "Valid", Kind.COUNT),
    Column("valid_share", "Valid, share", Kind.SHARE),
    Column("prompt_tokens", "Prompt tokens", Kind.COUNT),
    Column("reused_tokens", "Reused tokens", Kind.COUNT),
    Column("output_tokens", "Output tokens", Kind.COUNT),
    Column("first_median", "First token, median", Kind.TIME),
    Column("first_p90", "First token, 90 %", Kind.TIME),
    Column("duration_median", "Duration, median", Kind.TIME),
    Column("duration_p90", "Duration, 90 %", Kind.TIME),
)
_PEOPLE = (
    Column("by", "Person", Kind.TEXT),
    Column("answers", "Answers", Kind.COUNT),
    *_ENDED[2:7],
    Column("undone", "Undone", Kind.COUNT),
    Column("decide_median", "Time to answer, median", Kind.TIME),
    Column("decide_p90", "Time to answer, 90 %", Kind.TIME),
)
_CAUSES = (
    Column("cause", "Cause", Kind.TEXT),
    Column("words", "What it makes sure of", Kind.TEXT),
    Column("calls", "Answers", Kind.COUNT),
    Column("share", "Share of answers", Kind.SHARE),
)
_DECIDED = (
    (3, 1, 1, 1, 41 * MIN, 9 * HOUR),
    (5, 0, 1, 2, 32 * MIN, 7 * HOUR),
    (4, 1, 1, 1, 28 * MIN, 8 * HOUR),
    (6, 1, 0, 1, 21 * MIN, 5 * HOUR),
    (9, 2, 1, 1, 18 * MIN, 6 * HOUR),
    (7, 0, 1, 1, 16 * MIN, 3 * HOUR),
    (11, 1, 0, 2, 12 * MIN, 4 * HOUR),
    (12, 1, 1, 1, 11 * MIN, 150 * MIN),
    (14, 1, 0, 1, 9 * MIN, 2 * HOUR),
    (12, 1, 0, 1, 8 * MIN, 95 * MIN),
)
"""Approved, edited, refined and rejected in a week; median and 90 % of the time to decide."""
_CALLED = (412, 466, 503, 480, 611, 640, 702, 688, 734, 690)
_VALID = (803, 811, 842, 838, 871, 889, 894, 921, 918, 936)


def _gate(*counted: int) -> tuple[int, ...]:
    approved, edited, refined, rejected, median, p90 = counted
    many = approved + edited + refined + rejected
    expired = 1 if many % 5 == 0 else 0
    shares = (approved * 1000 // many, edited * 1000 // many)
    return (
        many + expired,
        many,
        approved,
        edited,
        refined,
        rejected,
        *shares,
        expired,
        0,
        1,
        median,
        p90,
    )


def _call(calls: int, share: int, pace: int) -> tuple[int, ...]:
    valid = calls * share // 1000
    return (
        calls,
        valid,
        share,
        calls * 812,
        calls * 603,
        calls * 96,
        90_000 + pace * 1000,
        210_000 + pace * 1500,
        1_100_000 + pace * 9_000,
        3_100_000 + pace * 31_000,
    )


def _weeks() -> tuple[int, ...]:
    return tuple(MONDAY - WEEK * (len(_DECIDED) - 1 - n) for n in range(len(_DECIDED)))


def _table(
    name: str, title: str, columns: tuple[Column, ...], *rows: tuple[Value, ...]
) -> InsightTable:
    return InsightTable(name, title, columns, rows, AS_OF)


def insights() -> Insights:
    """A desk at which much happened."""
    agent, risk = Column("agent", "Agent", Kind.TEXT), Column("risk", "Risk", Kind.TEXT)
    model, step = Column("model", "Model", Kind.TEXT), Column("step", "Step", Kind.TEXT)
    version = Column("version", "Prompt version", Kind.TEXT)
    whole = [sum(row[n] for row in _DECIDED) for n in range(4)]
    weeks = _weeks()
    tables = (
        _table("decisions", "How people decide", _ENDED, _gate(*whole, 14 * MIN, 4 * HOUR)),
        _table(
            "decisions_by_week",
            "How people decide, by week",
            (_WEEK, *_ENDED),
            *((week, *_gate(*row)) for week, row in zip(weeks, _DECIDED, strict=True)),
        ),
        _table(
            "decisions_by_agent",
            "What agents get approved",
            (agent, *_ENDED),
            ("planning", *_gate(41, 5, 3, 8, 15 * MIN, 5 * HOUR)),
            ("release-notes", *_gate(29, 3, 1, 1, 6 * MIN, 2 * HOUR)),
            ("triage of expenses, second reading", *_gate(13, 1, 2, 3, 22 * MIN, 6 * HOUR)),
        ),
        _table(
            "decisions_by_risk",
            "How people decide, by risk",
            (risk, *_ENDED),
            ("high", *_gate(21, 4, 4, 8, 31 * MIN, 9 * HOUR)),
            ("low", *_gate(40, 2, 0, 1, 5 * MIN, 50 * MIN)),
            ("medium", *_gate(22, 3, 2, 3, 14 * MIN, 4 * HOUR)),
        ),
        _table(
            "people",
            "How each person answers",
            _PEOPLE,
            ("ada#4b1e", 71, 52, 6, 5, 8, 732, 6, 12 * MIN, 3 * HOUR),
            ("grace#90aa", 33, 27, 3, 1, 2, 818, 2, 19 * MIN, 5 * HOUR),
            ("edsger#11c0", 9, 4, 0, 2, 3, 444, 1, 44 * MIN, 9 * HOUR),
        ),
        _table(
            "failures",
            "Why answers fail their contract",
            _CAUSES,
            ("cites-exist", "Everything that is cited is there.", 241, 40),
            ("numbers-have-sources", "Every number comes from a fact.", 188, 31),
            ("verdict-follows", "The verdict follows from the steps.", 97, 16),
            ("capability-exists", "Every capability exists.", 41, 6),
            ("steps-differ", "No step is there twice.", 12, 2),
        ),
        _table("calls", "What model calls take", _CALLS, _call(sum(_CALLED), 881, 20)),
        _table(
            "calls_by_week",
            "What model calls take, by week",
            (_WEEK, *_CALLS),
            *(
                (week, *_call(calls, share, 60 - 5 * n))
                for n, (week, calls, share) in enumerate(zip(weeks, _CALLED, _VALID, strict=True))
            ),
        ),
        _table(
            "agents",
            "Agents compared",
            (agent, model, *_CALLS),
            ("evaluation", "converge-nano", *_call(2204, 893, 4)),
            ("planning", "converge-nano", *_call(1811, 846, 30)),
            ("planning", "converge-medium", *_call(402, 952, 210)),
            ("reasoning", "converge-nano", *_call(1509, 901, 11)),
        ),
        _table(
            "versions",
            "Prompt versions compared",
            (step, version, model, *_CALLS),
            ("evaluation", "evaluation:v1", "converge-nano", *_call(2204, 893, 4)),
            ("planning", "planning:v1", "converge-nano", *_call(902, 801, 34)),
            ("planning", "planning:v2", "converge-nano", *_call(909, 891, 26)),
            ("planning", "planning:v2", "converge-medium", *_call(402, 952, 210)),
            ("reasoning", "reasoning:v1", "converge-nano", *_call(1509, 901, 11)),
        ),
    )
    return Insights(tables, AS_OF)


def nothing(kept: Insights | None = None, *, calls: bool = False) -> Insights:
    """A desk at which nothing happened; or at which models answered, and nobody decided."""
    whole = kept or insights()
    tables = []
    for table in whole.tables:
        about_calls = table.name in {"calls", "calls_by_week", "agents", "versions", "failures"}
        if calls and about_calls:
            tables.append(table)
            continue
        empty = tuple(0 if column.kind is Kind.COUNT else None for column in table.columns)
        rows = (empty,) if table.name in {"decisions", "calls"} else ()
        tables.append(InsightTable(table.name, table.title, table.columns, rows, 12))
    return Insights(tuple(tables), 12)


def answers() -> dict[str, Any]:
    """What a desk with all this answers."""
    return {"insights": insights, "save_bytes": lambda *_: None}
