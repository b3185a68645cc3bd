"""Writes the SQL that Polars is given, from parts that were found to be allowed.

Every name stands in quotes and every operation in parentheses, so that no second reading of the
author's own text can find something else in it. Whatever counts or measures is made a decimal: in
decimals Polars says that a number does not fit, in integers it would go on with a wrong one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from sqlglot import exp

_Node: TypeAlias = exp.Expr

_BETWEEN: dict[type[_Node], str] = {
    exp.And: "AND",
    exp.Or: "OR",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.Is: "IS",
    exp.Like: "LIKE",
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Mod: "%",
}
_OF_ONE: dict[type[_Node], str] = {
    exp.Abs: "ABS",
    exp.Lower: "LOWER",
    exp.Upper: "UPPER",
    exp.Sum: "SUM",
    exp.Min: "MIN",
    exp.Max: "MAX",
}


def written(node: _Node) -> str:
    """Returns the part as SQL.

    Raises:
        LookupError: if its kind is none that can be written; whatever is allowed can be.
    """
    kind = type(node)
    if kind in _BETWEEN:
        return f"({written(node.this)} {_BETWEEN[kind]} {written(node.expression)})"
    if kind in _OF_ONE:
        return f"{_OF_ONE[kind]}({written(node.this)})"
    return _WRITERS[kind](node)


def _literal(node: exp.Literal) -> str:
    text = _text(node.name)
    return text if node.is_string else _number(text, len(node.name.partition(".")[2]))


def _column(node: exp.Column) -> str:
    return f"{_quoted(node.table)}.{_quoted(node.name)}" if node.table else _quoted(node.name)


def _union(node: exp.Union) -> str:
    all_ = "" if node.args.get("distinct") else " ALL"
    return f"{written(node.this)} UNION{all_} {written(node.expression)}"


def _between(node: exp.Between) -> str:
    low, high = written(node.args["low"]), written(node.args["high"])
    return f"({written(node.this)} BETWEEN {low} AND {high})"


def _in(node: exp.In) -> str:
    query = node.args.get("query")
    among = written(query) if query else f"({_listed(node.expressions)})"
    return f"({written(node.this)} IN {among})"


def _filter(node: exp.Filter) -> str:
    where = f"FILTER (WHERE {written(node.expression.this)})"
    if isinstance(node.this, exp.Count):  # it is made a decimal once it has counted
        return _number(f"{_count(node.this)} {where}")
    return f"{written(node.this)} {where}"


def _extract(node: exp.Extract) -> str:
    return _number(f"EXTRACT({str(node.this.this).upper()} FROM {written(node.expression)})")


def _select(node: exp.Select) -> str:
    pieces = []
    if with_ := node.args.get("with_"):
        ctes = (f"{_quoted(cte.alias)} AS ({written(cte.this)})" for cte in with_.expressions)
        pieces.append(f"WITH {', '.join(ctes)}")
    distinct = "DISTINCT " if node.args.get("distinct") else ""
    pieces.append(f"SELECT {distinct}{_listed(node.expressions)}")
    if from_ := node.args.get("from_"):
        pieces.append(f"FROM {written(from_.this)}")
    pieces += [_join(join) for join in node.args.get("joins") or ()]
    if where := node.args.get("where"):
        pieces.append(f"WHERE {written(where.this)}")
    if group := node.args.get("group"):
        pieces.append(f"GROUP BY {_listed(group.expressions)}")
    if having := node.args.get("having"):
        pieces.append(f"HAVING {written(having.this)}")
    return " ".join(pieces)


def _join(join: exp.Join) -> str:
    kind = "LEFT JOIN" if join.side.upper() == "LEFT" else "INNER JOIN"
    return f"{kind} {written(join.this)} ON {written(join.args['on'])}"


def _case(node: exp.Case) -> str:
    subject = [written(node.this)] if node.this else []
    return _when(subject, node.args["ifs"], node.args.get("default"))


def _when(subject: list[str], ifs: list[exp.If], default: _Node | None) -> str:
    pieces = ["CASE", *subject]
    pieces += [f"WHEN {written(one.this)} THEN {written(one.args['true'])}" for one in ifs]
    if default is not None:
        pieces.append(f"ELSE {written(default)}")
    return " ".join([*pieces, "END"])


def _count(node: _Node) -> str:
    if isinstance(node.this, exp.Star):
        return "COUNT(*)"
    if isinstance(node.this, exp.Distinct):
        return f"COUNT(DISTINCT {_listed(node.this.expressions)})"
    return f"COUNT({written(node.this)})"


def _named(text: str, alias: str) -> str:
    return f"{text} AS {_quoted(alias)}" if alias else text


def _listed(nodes: Iterable[_Node]) -> str:
    return ", ".join(map(written, nodes))


def _number(text: str, places: int = 0) -> str:
    return f"CAST({text} AS DECIMAL(38, {places}))"


def _text(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def _quoted(name: str) -> str:
    return f'"{name}"'


_WRITERS: dict[type[_Node], Callable[[Any], str]] = {
    exp.Select: _select,
    exp.Union: _union,
    exp.Subquery: lambda node: _named(f"({written(node.this)})", node.alias),
    exp.Table: lambda node: _named(written(node.this), node.alias),
    exp.Alias: lambda node: _named(written(node.this), node.alias),
    exp.Column: _column,
    exp.Identifier: lambda node: _quoted(node.name),
    exp.Literal: _literal,
    exp.Null: lambda _: "NULL",
    exp.Boolean: lambda node: "TRUE" if node.this else "FALSE",
    exp.Cast: lambda node: f"CAST({written(node.this)} AS DATE)",
    exp.Paren: lambda node: f"({written(node.this)})",
    exp.Not: lambda node: f"(NOT {written(node.this)})",
    exp.Neg: lambda node: f"(-{written(node.this)})",
    exp.IntDiv: lambda node: f"DIV({written(node.this)}, {written(node.expression)})",
    exp.Between: _between,
    exp.In: _in,
    exp.Case: _case,
    exp.If: lambda node: _when([], [node], node.args.get("false")),
    exp.Coalesce: lambda node: f"COALESCE({_listed([node.this, *node.expressions])})",
    exp.Nullif: lambda node: f"NULLIF({written(node.this)}, {written(node.expression)})",
    exp.Length: lambda node: _number(f"LENGTH({written(node.this)})"),
    exp.Extract: _extract,
    # DAYS, the one function of our own: the days since 1970.
    exp.Anonymous: lambda node: _number(f"CAST({_listed(node.expressions)} AS INTEGER)"),
    exp.Count: lambda node: _number(_count(node)),
    exp.Filter: _filter,
}
"""How each kind is written that is neither an operation nor a call of one thing."""
