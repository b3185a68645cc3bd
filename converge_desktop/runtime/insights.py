"""How a desk fares, asked of the index over model calls and gates, with Polars.

Weeks begin on Monday, 0:00 UTC. A gate counts as opened in the week in which it was, and as ended
in the week in which it ended; the time to decide is from the one to the other, where a person ended
it. The approval rate is the share of those that people approved as they were proposed, the edit
rate that of those which they put into words of their own.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from converge_core.asking import GateEnd
from converge_desktop.adapters.traces.columns import Table
from converge_desktop.runtime.insight_frames import (
    DAY,
    Question,
    codes_of,
    frame_of,
    grouped,
    share,
    table_of,
    time_between,
    week_of,
)
from converge_desktop.runtime.insight_model import Column, Insights, InsightTable, Kind
from converge_desktop.runtime.insight_people import of_people
from converge_desktop.runtime.trace_index import Indexed
from converge_desktop.runtime.trace_rows import OPENED
from converge_desktop.runtime.wording import check_words

_BY_PEOPLE = (GateEnd.APPROVED, GateEnd.EDITED, GateEnd.REFINED, GateEnd.REJECTED)
_EXPIRED = (GateEnd.LAPSED, GateEnd.ASSUMED)
_GATE_COLUMNS = (
    Column("opened", "Asked", Kind.COUNT),
    Column("decided", "Decided", Kind.COUNT),
    *(Column(end.value, end.value.capitalize(), Kind.COUNT) for end in _BY_PEOPLE),
    Column("approval_rate", "Approval rate", Kind.SHARE),
    Column("edit_rate", "Edited, share", Kind.SHARE),
    Column("expired", "Expired", Kind.COUNT),
    Column("withdrawn", "Withdrawn", Kind.COUNT),
    Column("undone", "Undone", Kind.COUNT),
    Column("decide_median", "Time to decide, median", Kind.TIME),
    Column("decide_p90", "Time to decide, 90 %", Kind.TIME),
)
_CALL_COLUMNS = (
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
_CAUSE_COLUMNS = (
    Column("cause", "Cause", Kind.TEXT),
    Column("words", "What it makes sure of", Kind.TEXT),
    Column("calls", "Answers", Kind.COUNT),
    Column("share", "Share of answers", Kind.SHARE),
)


_OF_GATES = (
    Question("decisions", "How people decide"),
    Question("decisions_by_week", "How people decide, by week", ("week",)),
    Question("decisions_by_agent", "What agents get approved", ("agent",)),
    Question("decisions_by_risk", "How people decide, by risk", ("risk",)),
)
_OF_CAUSES = (
    Question("failures", "Why answers fail their contract"),
    Question("failures_by_week", "Why answers fail their contract, by week", ("week",)),
)
_OF_CALLS = (
    Question("calls", "What model calls take"),
    Question("calls_by_week", "What model calls take, by week", ("week",)),
    Question("agents", "Agents compared", ("agent", "model")),
    Question("versions", "Prompt versions compared", ("step", "version", "model")),
)


def insights(view: Indexed) -> Insights:
    """Answers every question there is about a desk."""
    gates, calls = _gates(view.gates), _calls(view.traces)
    found = (
        *(_of_gates(view, gates, question) for question in _OF_GATES),
        of_people(view),
        *(_of_causes(view, calls, question) for question in _OF_CAUSES),
        *(_of_calls(view, calls, question) for question in _OF_CALLS),
    )
    return Insights(found, view.as_of)


# Gates.


def _gates(table: Table) -> pl.DataFrame:
    """Returns a row for each gate: when it was opened, how and when it ended, if it has."""
    what, end = (codes_of(table, name) for name in ("what", "end"))
    open_yet, committed = end("") or (-1,), what("committed") or (-1,)
    at, ended = pl.col("at"), ~pl.col("end").is_in(open_yet)
    names = ("gate", "at", "what", "end", "agent", "risk", "pack")
    return (
        frame_of(table, names)
        .lazy()
        .group_by("gate", maintain_order=True)
        .agg(
            at.filter(pl.col("what").is_in(what(OPENED) or (-1,))).first().alias("opened_at"),
            at.filter(ended & ~pl.col("what").is_in(committed)).last().alias("ended_at"),
            pl.col("end").last(),
            pl.col("what").is_in(what("undo") or (-1,)).sum().alias("undone"),
            *(pl.col(name).first() for name in ("agent", "risk", "pack")),
        )
        .with_columns(
            pl.when(pl.col("end").is_in(open_yet))
            .then(None)
            .otherwise("ended_at")
            .alias("ended_at")
        )
        .collect()
    )


def _of_gates(view: Indexed, gates: pl.DataFrame, question: Question) -> InsightTable:
    by = question.by
    end = codes_of(view.gates, "end")
    people = [code for one in _BY_PEOPLE for code in end(one.value)]
    took = time_between("opened_at", "ended_at").filter(pl.col("end").is_in(people or (-1,)))

    def ends(*which: GateEnd) -> pl.Expr:
        codes = [code for one in which for code in end(one.value)]
        return pl.col("end").is_in(codes or (-1,)).sum()

    opened = grouped(
        gates.with_columns(week_of("opened_at")),
        by,
        {"opened": pl.len(), "undone": pl.col("undone").sum()},
    )
    closed = grouped(
        gates.filter(pl.col("ended_at").is_not_null()).with_columns(week_of("ended_at")),
        by,
        {
            "decided": ends(*_BY_PEOPLE),
            **{one.value: ends(one) for one in _BY_PEOPLE},
            "approval_rate": share(ends(GateEnd.APPROVED), ends(*_BY_PEOPLE)),
            "edit_rate": share(ends(GateEnd.EDITED), ends(*_BY_PEOPLE)),
            "expired": ends(*_EXPIRED),
            "withdrawn": ends(GateEnd.WITHDRAWN),
            "decide_median": took.median(),
            "decide_p90": took.quantile(0.9, "nearest"),
        },
    )
    joined = (
        opened.join(closed, on=list(by), how="full", coalesce=True).sort(*by)
        if by
        else pl.concat([opened, closed], how="horizontal")
    )
    return table_of(view, view.gates, joined, question, _GATE_COLUMNS)


# Model calls.


def _calls(table: Table) -> pl.DataFrame:
    names = ("duration", "first", "prompt", "reused", "out", "outcome", "causes")
    words = ("agent", "step", "model", "version")
    week = ((table["at"] // DAY + 3) // 7).astype(np.int32)
    return frame_of(table, (*names, *words)).with_columns(pl.Series("week", week))


def _of_calls(view: Indexed, calls: pl.DataFrame, question: Question) -> InsightTable:
    valid = pl.col("outcome").is_in(codes_of(view.traces, "outcome")("valid") or (-1,)).sum()
    found = grouped(
        calls,
        question.by,
        {
            "calls": pl.len(),
            "valid": valid,
            "valid_share": share(valid, pl.len()),
            "prompt_tokens": pl.col("prompt").cast(pl.Int64).sum(),
            "reused_tokens": pl.col("reused").cast(pl.Int64).sum(),
            "output_tokens": pl.col("out").cast(pl.Int64).sum(),
            "first_median": pl.col("first").median(),
            "first_p90": pl.col("first").quantile(0.9, "nearest"),
            "duration_median": pl.col("duration").median(),
            "duration_p90": pl.col("duration").quantile(0.9, "nearest"),
        },
    )
    found = found.sort(*question.by) if question.by else found
    return table_of(view, view.traces, found, question, _CALL_COLUMNS)


def _of_causes(view: Indexed, calls: pl.DataFrame, question: Question) -> InsightTable:
    """Counts the calls that failed each check; one that failed two counts for both."""
    by = question.by
    words = view.traces.words["causes"]
    every = grouped(calls, by, {"of": pl.len()})
    counts = grouped(calls, (*by, "causes"), {"calls": pl.len()})
    named = pl.DataFrame(
        [(code, one) for code, word in enumerate(words) for one in word.split("\n") if one],
        schema={"causes": calls.schema["causes"], "cause": pl.String},
        orient="row",
    )
    found = counts.join(named, on="causes").group_by(*by, "cause").agg(pl.col("calls").sum())
    found = found.join(every, on=list(by)) if by else found.join(every, how="cross")
    found = found.with_columns(
        share(pl.col("calls"), pl.col("of")).alias("share"),
        pl.col("cause").map_elements(check_words, pl.String).alias("words"),
    ).sort(*by, "calls", "cause", descending=[*(False for _ in by), True, False])
    return table_of(view, view.traces, found, question, _CAUSE_COLUMNS)
