"""The tables and metrics a pack declares: the sections ``[[table]]`` and ``[[metric]]``.

Reading them loads no table library; that is for the thread that reads the tables themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from converge_desktop.adapters.sections import (
    Line,
    MetricId,
    Section,
    Word,
    one_line,
    repeated,
)

MOST_PLACES = 9
LONGEST_SQL = 4_000
_DEEPEST = 5

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
"""What SQL calls a table or a column."""
Places = Annotated[int, Field(ge=0, le=MOST_PLACES)]


class ColumnType(StrEnum):
    """What a cell holds."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"


class Format(StrEnum):
    """How a table is written down."""

    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: what SQL calls it.
        type: what its cells hold.
        places: decimal places; 0 unless they hold decimals.
        header: what the file calls it.
        required: whether it must stand in the file, and no cell of it be empty.
    """

    name: str
    type: ColumnType
    places: int = 0
    header: str = ""
    required: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        name: what SQL calls it.
        file: its files, a pattern within the folder such as ``2026/expenses-*.csv``.
        format: how they are written down.
        columns: its columns; others in the file are passed over.
        separator: what stands between two cells of a CSV file.
    """

    name: str
    file: str
    format: Format
    columns: tuple[Column, ...]
    separator: str = ","


@dataclass(frozen=True, slots=True)
class SqlMetric:
    """A number that SQL makes of tables.

    Attributes:
        id: its name in packs and policies.
        label: its name for people.
        unit: its unit.
        places: its decimal places.
        tables: what its SQL may name.
        sql: what makes it; gives one row with one column.
        scaled: whether the SQL gives a whole number of ``10 ** -places``, as a share in tenths of
            a percent is.
    """

    id: str
    label: str
    unit: str
    places: int
    tables: tuple[str, ...]
    sql: str
    scaled: bool = False


@dataclass(frozen=True, slots=True)
class Tables:
    """The input of a pack that reads tables."""

    tables: tuple[Table, ...]
    metrics: tuple[SqlMetric, ...]


def _within(pattern: str) -> str:
    parts = pattern.split("/")
    if not pattern.isprintable() or "\\" in pattern or {"", ".", "..", "**"} & set(parts):
        raise ValueError("it must lie within the folder, such as expenses.csv or 2026/*.csv")
    if len(parts) > _DEEPEST:
        raise ValueError(f"it lies deeper than {_DEEPEST} levels")
    return pattern


class ColumnSection(Section):
    """A column, as ``{ name = "amount", type = "decimal", places = 2 }``."""

    name: Name
    type: ColumnType
    places: Annotated[int, Field(ge=1, le=MOST_PLACES)] | None = None
    header: Word | None = None
    required: bool = True

    @model_validator(mode="after")
    def _places_fit(self) -> ColumnSection:
        if (self.places is not None) != (self.type is ColumnType.DECIMAL):
            raise ValueError("a decimal needs places, and nothing else has any")
        return self

    def column(self) -> Column:
        """Returns the column."""
        header = self.header or self.name
        return Column(self.name, self.type, self.places or 0, header, self.required)


class TableSection(Section):
    """``[[table]]``."""

    name: Name
    file: Annotated[Word, AfterValidator(_within)]
    format: Format
    separator: Literal[",", ";", "\t", "|"] | None = None
    columns: Annotated[list[ColumnSection], Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def _hangs_together(self) -> TableSection:
        columns = [section.column() for section in self.columns]
        for twice in repeated([column.name for column in columns]):
            raise ValueError(f"there are two columns named {twice}")
        for twice in repeated([column.header for column in columns]):
            raise ValueError(f"two columns are called {twice} in the file")
        if self.separator and self.format is not Format.CSV:
            raise ValueError("only CSV has a separator")
        return self

    def table(self) -> Table:
        """Returns the table."""
        columns = tuple(section.column() for section in self.columns)
        return Table(self.name, self.file, self.format, columns, self.separator or ",")


class MetricSection(Section):
    """``[[metric]]``."""

    id: MetricId
    label: Line
    unit: Annotated[str, Field(max_length=20), AfterValidator(one_line)] = ""
    places: Places = 0
    tables: Annotated[list[Name], Field(min_length=1, max_length=20)]
    sql: Annotated[str, Field(min_length=1, max_length=LONGEST_SQL)]
    scaled: bool = False

    @model_validator(mode="after")
    def _hangs_together(self) -> MetricSection:
        for twice in repeated(self.tables):
            raise ValueError(f"it names the table {twice} twice")
        if self.scaled and not self.places:
            raise ValueError("scaled means nothing without places")
        return self

    def metric(self) -> SqlMetric:
        """Returns the metric."""
        about = self.model_dump(exclude={"tables"})
        return SqlMetric(**about, tables=tuple(self.tables))


def tables_of(tables: Sequence[TableSection], metrics: Sequence[MetricSection]) -> Tables:
    """Returns the input that these sections declare.

    Raises:
        ValueError: if they do not hang together.
    """
    if not tables or not metrics:
        raise ValueError("a pack that reads tables needs at least one [[table]] and one [[metric]]")
    for twice in repeated([table.name for table in tables]):
        raise ValueError(f"there are two tables named {twice}")
    for twice in repeated([metric.id for metric in metrics]):
        raise ValueError(f"there are two metrics named {twice}")
    known = {table.name for table in tables}
    for metric in metrics:
        for name in (name for name in metric.tables if name not in known):
            raise ValueError(f"{metric.id} names the table {name}, which no [[table]] declares")
    return Tables(
        tuple(table.table() for table in tables), tuple(metric.metric() for metric in metrics)
    )
