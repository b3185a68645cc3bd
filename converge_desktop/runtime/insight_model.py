"""What is told of how a desk fares: tables, which every picture is drawn from."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

Value = str | int | None
"""A cell; None where there is nothing to measure."""


class Kind(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    COUNT = "count"
    SHARE = "share"
    """Thousandths."""
    TIME = "time"
    """Microseconds."""
    WEEK = "week"
    """When a week begins, Monday 0:00 UTC, in microseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name for programs, its title for people, and what its cells are."""

    name: str
    title: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class InsightTable:
    """A question answered, a row for each week, cause, agent or version.

    Attributes:
        name: for programs.
        title: the question, for people.
        columns: what the rows consist of.
        rows: the cells.
        as_of: the record up to which it is known.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    as_of: int

    def only(self, *names: str) -> InsightTable:
        """Returns the same table with some of its columns, in this order."""
        places = {column.name: number for number, column in enumerate(self.columns)}
        kept = [places[name] for name in names]
        rows = tuple(tuple(row[place] for place in kept) for row in self.rows)
        return replace(self, columns=tuple(self.columns[place] for place in kept), rows=rows)

    def values(self, name: str) -> tuple[Value, ...]:
        """Returns a column by its name, from the first row to the last."""
        place = next(n for n, column in enumerate(self.columns) if column.name == name)
        return tuple(row[place] for row in self.rows)

    def csv(self) -> str:
        """Returns the table as comma separated values: shares as 0.853, times in seconds.

        A text that a spreadsheet would take for a formula gets an apostrophe before it.
        """
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow([_header(column) for column in self.columns])
        for row in self.rows:
            pairs = zip(self.columns, row, strict=True)
            writer.writerow([_cell(column.kind, value) for column, value in pairs])
        return text.getvalue()


@dataclass(frozen=True, slots=True)
class Insights:
    """All tables, by the record up to which they are known."""

    tables: tuple[InsightTable, ...]
    as_of: int

    def table(self, name: str) -> InsightTable:
        """Returns a table by its name; KeyError if there is none."""
        for one in self.tables:
            if one.name == name:
                return one
        raise KeyError(name)


def _header(column: Column) -> str:
    return f"{column.name}_s" if column.kind is Kind.TIME else column.name


def _cell(kind: Kind, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
    match kind:
        case Kind.SHARE:
            return f"{value / 1000:.3f}"
        case Kind.TIME:
            return f"{value / 1e6:.6f}"
        case Kind.WEEK:
            return datetime.fromtimestamp(value // 1_000_000, UTC).date().isoformat()
        case _:
            return str(value)
