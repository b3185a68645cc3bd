"""From frames and SQL that is allowed to a number; the SQL sees these frames and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, localcontext

import polars as pl

from converge_core.canonical import MAX_INTEGER
from converge_core.limits import Quantity
from converge_desktop.adapters.tables.allowed import AllowedSql, SqlRefused
from converge_desktop.adapters.tables.declared import SqlMetric
from converge_desktop.adapters.tables.reading import FAULTS
from converge_desktop.adapters.wording import plain

_SCAN = re.compile(r"^\s*(?:\S+ )?SCAN\b", re.MULTILINE | re.IGNORECASE)
"""How a plan says that something else than a frame is read."""
_AS_TEXT = re.compile(r"(?<!null)\.(?:strict_)?cast\(String\)")
"""How a plan says that a number or a date is taken for text, which is never meant."""
_PRECISION = 80
"""More digits than any number here has."""


def plan(metric: SqlMetric, sql: AllowedSql, frames: Mapping[str, pl.DataFrame]) -> pl.LazyFrame:
    """Returns how Polars would compute the metric.

    Raises:
        SqlRefused: if it would not, or would read anything else than the frames.
    """
    given = {name: frames[name].lazy() for name in metric.tables}
    try:
        with pl.SQLContext(frames=given, register_globals=False, eager=False) as context:
            lazy = context.execute(sql.text, eager=False)
        plans = lazy.explain(optimized=False), lazy.explain()
        schema = lazy.collect_schema()
    except FAULTS as error:
        raise _refused(error) from error
    if any(_SCAN.search(text) for text in plans):
        raise SqlRefused("it would open a file. A metric reads its tables alone")
    if any(_AS_TEXT.search(text) for text in plans):
        raise SqlRefused("it takes a number or a date for text. Write numbers without quotes")
    [kind] = schema.values()
    if not isinstance(kind, pl.Decimal):
        raise SqlRefused(f"it gives {_named(kind)} and not a number. Make it one")
    return lazy


def measure(metric: SqlMetric, lazy: pl.LazyFrame) -> Quantity:
    """Returns the metric's number; its value is None where the SQL gives NULL.

    Raises:
        SqlRefused: if it gives no such number.
    """
    try:
        rows = lazy.head(2).collect().rows()
    except FAULTS as error:
        raise _refused(error) from error
    if len(rows) != 1:
        how_many = "more than one row" if rows else "no row"
        raise SqlRefused(f"it gives {how_many}. A metric is one row with one column")
    [(value,)] = rows
    return Quantity(_counted(metric, value), metric.places, metric.unit)


def _counted(metric: SqlMetric, value: Decimal | None) -> int | None:
    """Returns the value in units of the metric's last place, exactly."""
    if value is None:
        return None
    with localcontext() as context:
        context.prec = _PRECISION
        units = value if metric.scaled else value.scaleb(metric.places)
        whole = int(units)
        if whole != units:
            raise SqlRefused(
                f"it gives {value}, which is finer than the {metric.places} places of the metric. "
                "Multiply, divide by // and set scaled = true"
            )
    if abs(whole) > MAX_INTEGER:
        raise SqlRefused(f"it gives {value}, which is too large. Count in a larger unit")
    return whole


def _named(kind: pl.DataType) -> str:
    names = {pl.String: "text", pl.Date: "a date", pl.Boolean: "true or false", pl.Null: "NULL"}
    return names.get(type(kind), str(kind))


def _refused(error: BaseException) -> SqlRefused:
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if "division by zero" in said:
        return SqlRefused("it divides by zero. Divide by NULLIF(..., 0), which gives unknown")
    if "overflow" in said or "out of range" in said:
        return SqlRefused(f"its numbers become too large ({plain(said, 120)}). Use smaller ones")
    return SqlRefused(f"Polars refuses it: {plain(said)}. Mend it")
