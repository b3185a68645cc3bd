"""What the SQL of a metric may say: a list of what is allowed, and nothing else.

The SQL is parsed, every part of it is looked up in the list, and what Polars is given is written
anew from the parts that passed (:mod:`.writing`).

Out of reach, because they are not on the list: functions that open files, statements that write,
whatever gives another value each time, floats and what makes them, and whatever depends on the
order of rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from converge_desktop.adapters.tables.declared import LONGEST_SQL, MOST_PLACES, SqlMetric
from converge_desktop.adapters.tables.writing import written
from converge_desktop.adapters.wording import plain

MOST_PARTS = 400
"""The most parts that SQL may be made of."""

_READ = "duckdb"
"""The dialect that is read; it has ``//``."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_NUMBER = re.compile(rf"[0-9]{{1,15}}(?:\.([0-9]{{1,{MOST_PLACES}}}))?")
_PAINT = re.compile(r"\x1b\[[0-9;]*m")
"""How the parser underlines."""
_PARTS_OF_DATES = {"YEAR", "MONTH", "DAY"}
_DAYS = "DAYS"

_Node: TypeAlias = exp.Expr

_TWO = ("this", "expression")
_ALLOWED: dict[type[_Node], tuple[str, ...]] = {
    # Statements and where they read.
    exp.Select: ("expressions", "from_", "joins", "where", "group", "having", "distinct", "with_"),
    exp.Union: ("this", "expression", "distinct"),
    exp.Subquery: ("this", "alias"),
    exp.With: ("expressions",),
    exp.CTE: ("this", "alias"),
    exp.From: ("this",),
    exp.Join: ("this", "side", "kind", "on"),
    exp.Table: ("this", "alias"),
    exp.TableAlias: ("this",),
    exp.Where: ("this",),
    exp.Group: ("expressions",),
    exp.Having: ("this",),
    exp.Distinct: ("expressions",),
    # Names and values.
    exp.Alias: ("this", "alias"),
    exp.Column: ("this", "table"),
    exp.Identifier: ("this", "quoted"),
    exp.Star: (),
    exp.Literal: ("this", "is_string"),
    exp.Null: (),
    exp.Boolean: ("this",),
    exp.Cast: ("this", "to"),
    exp.DataType: ("this", "nested"),
    exp.Var: ("this",),
    # What is made of them.
    exp.Paren: ("this",),
    exp.And: _TWO,
    exp.Or: _TWO,
    exp.Not: ("this",),
    exp.EQ: _TWO,
    exp.NEQ: _TWO,
    exp.LT: _TWO,
    exp.LTE: _TWO,
    exp.GT: _TWO,
    exp.GTE: _TWO,
    exp.Between: ("this", "low", "high"),
    exp.In: ("this", "expressions", "query"),
    exp.Is: _TWO,
    exp.Like: _TWO,
    exp.Add: _TWO,
    exp.Sub: _TWO,
    exp.Mul: _TWO,
    exp.IntDiv: _TWO,
    exp.Mod: _TWO,
    exp.Neg: ("this",),
    exp.Case: ("this", "ifs", "default"),
    exp.If: ("this", "true", "false"),
    exp.Coalesce: ("this", "expressions"),
    exp.Nullif: _TWO,
    exp.Abs: ("this",),
    exp.Lower: ("this",),
    exp.Upper: ("this",),
    exp.Length: ("this",),
    exp.Extract: _TWO,
    exp.Anonymous: ("this", "expressions"),
    exp.Count: ("this", "big_int"),
    exp.Sum: ("this",),
    exp.Min: ("this",),
    exp.Max: ("this",),
    exp.Filter: _TWO,
}
"""Each kind of part and what it may be made of; anything else is refused."""

_AGGREGATES = (exp.Count, exp.Sum, exp.Min, exp.Max)
_WHY: dict[str, str] = {
    "Div": "/ rounds. Divide by //, which cuts off, and where the places matter multiply first "
    "and set scaled = true",
    "Avg": "AVG rounds. Divide a SUM by a COUNT with //",
    "Star": "* may stand in COUNT(*) only. Name the columns",
    "Order": "rows have no order here. Take MIN or MAX",
    "Limit": "rows have no order here. Take MIN or MAX",
    "Rand": "RAND gives another value each time. Take it out",
    "CurrentDate": "the date of today gives another value each day. Write the date",
    "CurrentTimestamp": "the time gives another value each time. Write a date",
    "CurrentTime": "the time gives another value each time. Write a date",
}


class SqlRefused(Exception):
    """The SQL says something that is not allowed; the text says what, and what to do."""


@dataclass(frozen=True, slots=True)
class AllowedSql:
    """SQL that passed.

    Attributes:
        text: what Polars is given.
        columns: the names of columns in it.
    """

    text: str
    columns: frozenset[str]


def allow(metric: SqlMetric, tables: Collection[str]) -> AllowedSql:
    """Returns the metric's SQL, written anew.

    Args:
        metric: the metric.
        tables: all tables of the pack, whose names nothing else may bear.

    Raises:
        SqlRefused: if it says anything that is not allowed.
    """
    tree = _parsed(metric.sql)
    for node in tree.walk():
        _check_kind(node)
    for node in tree.walk():
        if check := _CHECKS.get(type(node)):
            check(node)
    _check_names(tree, metric, tables)
    columns = frozenset(column.name for column in tree.find_all(exp.Column))
    return AllowedSql(written(tree), columns)


def _parsed(sql: str) -> exp.Select:
    if len(sql) > LONGEST_SQL:
        raise SqlRefused(f"it is longer than {LONGEST_SQL} characters. Make it shorter")
    try:
        statements = sqlglot.parse(sql, read=_READ)
    except RecursionError:
        raise SqlRefused("it is nested too deeply. Make it flatter") from None
    except (SqlglotError, ValueError, TypeError, LookupError, AttributeError) as error:
        first = _PAINT.sub("", str(error)).splitlines() or ["it cannot be read"]
        raise SqlRefused(f"it is no SQL: {plain(first[0]).rstrip('.')}. Mend it") from error
    if len(statements) != 1 or statements[0] is None:
        raise SqlRefused(f"it holds {len(statements)} statements. Leave one SELECT")
    [tree] = statements
    if not isinstance(tree, exp.Select):
        raise SqlRefused(f"it begins with {_called(tree)}. Only SELECT is allowed")
    if (given := len(tree.expressions)) > 1:
        raise SqlRefused(f"it gives {given} columns. A metric is one")
    if sum(1 for _ in tree.walk()) > MOST_PARTS:
        raise SqlRefused(f"it is made of more than {MOST_PARTS} parts. Make it shorter")
    return tree


def _check_kind(node: _Node) -> None:
    """Refuses what is not on the list, and what is on it but says more than it may."""
    if isinstance(node, exp.Table) and not isinstance(node.args["this"], exp.Identifier):
        raise SqlRefused(
            f"it reads from {_called(node.this)}. A metric reads the tables it names, and "
            "SQL opens nothing"
        )
    parts = _ALLOWED.get(type(node))
    if parts is None:
        raise SqlRefused(_not_allowed(node))
    for name, value in node.args.items():
        if value and name not in parts:
            part = value if isinstance(value, exp.Expr) else None
            raise SqlRefused(_not_allowed(part, f"{_called(node)} with {name.strip('_')}"))


def _not_allowed(node: _Node | None, called: str = "") -> str:
    why = _WHY.get(type(node).__name__)
    return why or f"{called or _called(node)} is not allowed. Take it out"


def _called(node: _Node | None) -> str:
    """Returns what a part is called in a sentence."""
    if isinstance(node, exp.Anonymous):
        return plain(str(node.this), 40).upper()
    if isinstance(node, exp.Func):
        return str(node.sql_name())
    return type(node).__name__.upper()


def _check_select(node: exp.Select) -> None:
    if not node.expressions:
        raise SqlRefused("a SELECT gives no column. Name what it gives")


def _check_star(node: exp.Star) -> None:
    if not isinstance(node.parent, exp.Count):
        raise SqlRefused(_WHY["Star"])


def _check_function(node: exp.Anonymous) -> None:
    if str(node.this).upper() != _DAYS or len(node.expressions) != 1:
        raise SqlRefused(_not_allowed(node))


def _check_group(node: exp.Group) -> None:
    if not all(isinstance(part, exp.Column) for part in node.expressions):
        raise SqlRefused("GROUP BY names something else than columns. Name columns")


def _check_distinct(node: exp.Distinct) -> None:
    if isinstance(node.parent, exp.Count):
        if len(node.expressions) != 1:
            raise SqlRefused("COUNT(DISTINCT ...) takes one column. Name one")
    elif node.expressions or not isinstance(node.parent, exp.Select):
        raise SqlRefused("DISTINCT stands where it cannot. Put it after SELECT or in COUNT")


def _check_filter(node: exp.Filter) -> None:
    if not isinstance(node.this, _AGGREGATES):
        raise SqlRefused("FILTER stands where it cannot. Put it behind COUNT, SUM, MIN or MAX")


def _check_name(node: exp.Identifier) -> None:
    # An identifier that the parser itself made of a text in quotes is a name like any other.
    if not _NAME.fullmatch(str(node.this)):
        raise SqlRefused(
            f"the name {plain(str(node.this), 60)!r} cannot be one. Names have small letters, "
            "digits and _, and begin with a letter"
        )


def _check_literal(node: exp.Literal) -> None:
    text = str(node.this)
    if not node.is_string:
        if not _NUMBER.fullmatch(text):
            raise SqlRefused(
                f"the number {plain(text, 40)} is none. Numbers have at most 15 digits before "
                f"the point, {MOST_PLACES} behind it, and no exponent"
            )
    elif "\\" in text or not text.isprintable():
        raise SqlRefused(
            f"the text {plain(text, 40)!r} holds a backslash or something invisible. Take it out"
        )


def _check_join(node: exp.Join) -> None:
    side, kind = node.side.upper(), node.kind.upper()
    on = node.args.get("on")
    if side not in {"", "LEFT"} or kind not in {"", "INNER"} or on is None:
        raise SqlRefused("tables are joined in another way. Use JOIN or LEFT JOIN, each with ON")
    for part in _conjuncts(on):
        sides = (part.this, part.expression) if isinstance(part, exp.EQ) else ()
        if not sides or not all(isinstance(one, exp.Column) for one in sides):
            raise SqlRefused("ON says something else than that columns are equal. Use WHERE")


def _conjuncts(node: _Node) -> Iterator[_Node]:
    node = node.unnest()
    if isinstance(node, exp.And):
        yield from _conjuncts(node.this)
        yield from _conjuncts(node.expression)
    else:
        yield node


def _check_date(node: exp.Cast) -> None:
    text = node.this
    if not node.to.is_type(exp.DType.DATE) or not _is_text(text):
        raise SqlRefused("CAST is not allowed, except of a date. Write dates as DATE '2026-01-31'")
    try:
        date.fromisoformat(str(text.this))
        proper = len(str(text.this)) == len("2026-01-31")
    except ValueError:
        proper = False
    if not proper:
        raise SqlRefused(f"{plain(str(text.this), 40)!r} is no date. Write it as 2026-01-31")


def _check_extract(node: exp.Extract) -> None:
    if str(node.this.this).upper() not in _PARTS_OF_DATES:
        raise SqlRefused("EXTRACT takes another part of a date. Take YEAR, MONTH or DAY")


def _is_text(node: _Node) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _check_aggregate(node: _Node) -> None:
    counts_rows = isinstance(node, exp.Count) and isinstance(node.this, exp.Star)
    if not counts_rows and node.find(exp.Column) is None:
        raise SqlRefused(f"{_called(node)} is of nothing that a table holds. Name a column in it")
    above = node.parent
    while above is not None and not isinstance(above, exp.Select):
        if isinstance(above, (exp.Where, exp.Join, exp.Group, *_AGGREGATES)):
            where = _called(above)
            raise SqlRefused(f"{_called(node)} cannot stand within {where}. Use a subquery")
        above = above.parent


def _check_names(tree: exp.Select, metric: SqlMetric, tables: Collection[str]) -> None:
    """Refuses a table that was not given, and a name that stands for two things."""
    aliases = [alias.name for alias in tree.find_all(exp.TableAlias)]
    for name in aliases:
        if name in tables:
            raise SqlRefused(f"{name} is a table of the pack. Give what it stands for another name")
        if aliases.count(name) > 1:
            raise SqlRefused(f"{name} stands for two things. Give one of them another name")
    made = {cte.alias for cte in tree.find_all(exp.CTE)}
    read = {table.name for table in tree.find_all(exp.Table)} - made
    for name in sorted(read - set(metric.tables)):
        raise SqlRefused(f"it reads {name}, which its tables do not name. Add it to them")
    for name in (name for name in metric.tables if name not in read):
        raise SqlRefused(f"it does not read {name}, which its tables name. Take it out of them")


_CHECKS: dict[type[_Node], Callable[[Any], None]] = {
    exp.Select: _check_select,
    exp.Identifier: _check_name,
    exp.Star: _check_star,
    exp.Literal: _check_literal,
    exp.Join: _check_join,
    exp.Cast: _check_date,
    exp.Extract: _check_extract,
    exp.Anonymous: _check_function,
    exp.Group: _check_group,
    exp.Distinct: _check_distinct,
    exp.Filter: _check_filter,
    **dict.fromkeys(_AGGREGATES, _check_aggregate),
}
"""What a part of an allowed kind must be like."""
