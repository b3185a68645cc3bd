"""What the tables of insights are made with: groups, shares, weeks, and words for codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from converge_desktop.adapters.traces.columns import Table
from converge_desktop.runtime.insight_model import Column, InsightTable, Kind, Value
from converge_desktop.runtime.trace_index import Indexed

DAY = 24 * 3600 * 1_000_000
_WEEK = Column("week", "Week", Kind.WEEK)
_TEXTS = {
    "pack": Column("pack", "Pack", Kind.TEXT),
    "agent": Column("agent", "Agent", Kind.TEXT),
    "step": Column("step", "Step", Kind.TEXT),
    "model": Column("model", "Model", Kind.TEXT),
    "version": Column("version", "Prompt version", Kind.TEXT),
    "by": Column("by", "Person", Kind.TEXT),
    "risk": Column("risk", "Risk", Kind.TEXT),
}


@dataclass(frozen=True, slots=True)
class Question:
    """A table that is asked for: its name, its title, and what it has a row for each of."""

    name: str
    title: str
    by: tuple[str, ...] = ()


def grouped(
    frame: pl.DataFrame, by: Sequence[str], measures: Mapping[str, pl.Expr]
) -> pl.DataFrame:
    """Measures each group; all together where there is nothing to group by."""
    named = [measure.alias(name) for name, measure in measures.items()]
    return frame.group_by(*by).agg(named) if by else frame.select(named)


def week_of(time: str) -> pl.Expr:
    """Returns the number of a week, by its Monday; 1970 began on a Thursday."""
    return ((pl.col(time) // DAY + 3) // 7).cast(pl.Int32).alias("week")


def time_between(begin: str, end: str) -> pl.Expr:
    """Returns how long something took; nothing where the clock was set back meanwhile."""
    took = pl.col(end) - pl.col(begin)
    return pl.when(took >= 0).then(took)


def table_of(
    view: Indexed,
    table: Table,
    found: pl.DataFrame,
    question: Question,
    columns: Iterable[Column],
) -> InsightTable:
    """Makes the table that answers a question, with words where the index has codes."""
    for one in question.by:
        if one == "week":
            monday = (pl.col("week").cast(pl.Int64) * 7 - 3) * DAY
            found = found.with_columns(monday.alias("week"))
        else:
            words = pl.Series(list(table.words[one]), dtype=pl.String)
            found = found.with_columns(words.gather(found[one].cast(pl.UInt32)).alias(one))
    headed = (*(_WEEK if one == "week" else _TEXTS[one] for one in question.by), *columns)
    made = [_cells(found[column.name], column.kind) for column in headed]
    rows = tuple(zip(*made, strict=True))
    return InsightTable(question.name, question.title, headed, rows, view.as_of)


def _cells(column: pl.Series, kind: Kind) -> list[Value]:
    if kind is Kind.TEXT:
        return [str(one) for one in column]
    whole = column.cast(pl.Float64).round().cast(pl.Int64) if column.dtype.is_float() else column
    return [
        (0 if kind is Kind.COUNT else None) if one is None else int(one)
        for one in whole.cast(pl.Int64)
    ]


def share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Returns thousandths; nothing of nothing."""
    return pl.when(whole > 0).then(part * 1000 / whole).otherwise(None)


def frame_of(table: Table, names: Iterable[str]) -> pl.DataFrame:
    """Returns columns of the index as they are, codes for words."""
    return pl.DataFrame({name: table[name] for name in names})


def codes_of(table: Table, name: str) -> Callable[[str], tuple[int, ...]]:
    """Returns what finds the place of a word in a column's dictionary, if it is in it."""
    places = {word: (code,) for code, word in enumerate(table.words[name])}
    return lambda word: places.get(word, ())
