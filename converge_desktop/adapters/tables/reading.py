"""From the bytes of a file to a frame, cell by cell as the pack declares them.

Numbers become decimals, exactly: a cell that is anything else than what its column declares is
refused by file, line and column, and nothing is rounded or guessed. Floats are refused, because
their sums depend on the order of adding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from converge_core.canonical import ContentHash
from converge_desktop.adapters.intake import IntakeError, refusal
from converge_desktop.adapters.tables.csv_text import CsvText
from converge_desktop.adapters.tables.declared import Column, ColumnType, Format, Table
from converge_desktop.adapters.tables.files import File
from converge_desktop.adapters.tables.parquet_guard import ParquetGuard, no_parquet
from converge_desktop.adapters.wording import counted, listed, plain

MAX_ROWS = 10_000_000
"""The most rows of one table."""

FAULTS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OverflowError, ValueError)
"""What Polars raises about bad input; a panic is one that it had not thought of."""

_DIGITS = 15
_LARGEST = 10**_DIGITS
_AGAIN = "Mend it and try again."
_FAULT = "!"
"""Begins the name of the column that says where another one's cells are not as declared."""
_WHOLE = "?"


@dataclass(frozen=True, slots=True)
class Part:
    """What one file adds to its table.

    Attributes:
        name: the file.
        sha256: the hash of its bytes.
        frame: its rows, with the declared columns alone.
        unread: columns that stand in it and are not declared.
    """

    name: str
    sha256: ContentHash
    frame: pl.DataFrame
    unread: tuple[str, ...]


def empty_frame(table: Table) -> pl.DataFrame:
    """Returns the table without a row."""
    return pl.DataFrame(schema={column.name: _type(column) for column in table.columns})


def read_part(table: Table, file: File, guard: ParquetGuard) -> Part:
    """Returns the rows of a file.

    Args:
        table: what it is part of.
        file: the file.
        guard: looks through a Parquet file first.

    Raises:
        IntakeError: naming file, line and column.
    """
    if table.format is Format.CSV:
        return _read_csv(table, file)
    return _read_parquet(table, file, guard)


def _type(column: Column) -> pl.DataType:
    match column.type:
        case ColumnType.TEXT:
            return pl.String()
        case ColumnType.DATE:
            return pl.Date()
        case _:
            return pl.Decimal(38, column.places)


def _read_csv(table: Table, file: File) -> Part:
    text = CsvText(file.name, file.data, table.separator)
    headers = text.headers()
    where = _where(table, file.name, headers)
    text.check(MAX_ROWS)
    cells = {column.name: where.get(column.header) for column in table.columns}
    lazy = pl.scan_csv(
        text.body(),
        has_header=False,
        skip_lines=1,
        separator=table.separator,
        schema={f"c{number}": pl.String for number in range(len(headers))},
        empty_string_is_null=False,
        raise_if_empty=False,
    )
    try:
        frame = lazy.select(
            *(_csv_cell(column, cells[column.name]) for column in table.columns),
            *(_csv_fault(column, cells[column.name]) for column in table.columns),
            # Reads every column, or Polars would pass over cells that a row has too many.
            pl.any_horizontal(pl.all().is_null()).alias(_WHOLE),
        ).collect(engine="streaming")
    except FAULTS as error:
        raise text.fault(error) from error
    text.check_whole(frame.height)
    if bad := _first_fault(table, frame):
        row, column = bad
        place, cell = text.cell(row, where[column.header])
        raise _bad_cell(file.name, place, column, cell)
    return _part(table, file, frame, headers)


def _csv_cell(column: Column, at: int | None) -> pl.Expr:
    kind = _type(column)
    if at is None:
        return pl.lit(None, kind).alias(column.name)
    cell = pl.col(f"c{at}")
    value: pl.Expr
    match column.type:
        case ColumnType.TEXT:
            value = pl.when(cell != "").then(cell)
        case ColumnType.DATE:
            value = cell.str.to_date("%Y-%m-%d", strict=False)
        case _:
            value = cell.cast(kind, strict=False)
    return pl.when(_fits(column, cell)).then(value).alias(column.name)


def _csv_fault(column: Column, at: int | None) -> pl.Expr:
    if at is None:
        return pl.lit(value=False).alias(_FAULT + column.name)
    cell = pl.col(f"c{at}")
    wrong = ~_fits(column, cell)
    if column.type is ColumnType.DATE:
        day = cell.str.to_date("%Y-%m-%d", strict=False)
        wrong |= day.is_null() | (day < date.min)
    fault = pl.when(cell == "").then(pl.lit(column.required)).otherwise(wrong)
    return fault.alias(_FAULT + column.name)


def _fits(column: Column, cell: pl.Expr) -> pl.Expr:
    match column.type:
        case ColumnType.TEXT:
            return pl.lit(value=True)
        case ColumnType.DATE:
            return cell.str.contains("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
        case ColumnType.INTEGER:
            return cell.str.contains(f"^-?[0-9]{{1,{_DIGITS}}}$")
        case ColumnType.DECIMAL:
            # Zeros behind the last place change nothing and are let be.
            places = rf"(?:\.[0-9]{{1,{column.places}}}0{{0,18}})?"
            return cell.str.contains(f"^-?[0-9]{{1,{_DIGITS}}}{places}$")


def _read_parquet(table: Table, file: File, guard: ParquetGuard) -> Part:
    guard.look_through(file, [column.header for column in table.columns])
    try:
        lazy = pl.scan_parquet(file.data, glob=False, hive_partitioning=False)
        schema = lazy.collect_schema()
        rows = int(lazy.select(pl.len()).collect().item())
    except FAULTS as error:
        raise no_parquet(file, str(error)) from error
    headers = list(schema)
    _where(table, file.name, headers)
    for column in table.columns:
        if column.header in schema:
            _check_type(file.name, column, schema[column.header])
    if rows > MAX_ROWS:
        what = f"it holds {rows:,} rows, more than {MAX_ROWS:,}"
        raise refusal(file.name, "", what, "Pick a folder with less in it.")
    present = [column for column in table.columns if column.header in schema]
    try:
        stored = lazy.select(pl.col(column.header).alias(column.name) for column in present)
        frame = stored.select(
            *(_stored_cell(column, column in present) for column in table.columns),
            *(_stored_fault(column, column in present) for column in table.columns),
        ).collect(engine="streaming")
        if bad := _first_fault(table, frame):
            row, column = bad
            # A date beyond the calendar cannot be written as one; its days since 1970 can.
            cell = lazy.select(pl.col(column.header).to_physical()).slice(row, 1).collect().item()
            shown = "" if cell is None else str(cell)
            raise _bad_cell(file.name, f"row {row + 1}", column, shown)
    except FAULTS as error:
        raise no_parquet(file, str(error)) from error
    return _part(table, file, frame, headers)


def _check_type(name: str, column: Column, kind: pl.DataType) -> None:
    """Refuses a column that is stored as something else than it is declared."""
    match column.type:
        case ColumnType.TEXT:
            fits = isinstance(kind, (pl.String, pl.Categorical, pl.Enum))
        case ColumnType.DATE:
            fits = isinstance(kind, pl.Date)
        case ColumnType.INTEGER | ColumnType.DECIMAL:
            fits = kind.is_integer() or (
                isinstance(kind, pl.Decimal) and kind.scale <= column.places
            )
    if not fits:
        what = f"it is stored as {kind}, and the pack declares {_kind_words(column)}"
        remedy = "Store it so, or declare it as it is."
        if kind.is_float():
            remedy = "Floats are not exact; store it as a decimal or an integer."
        raise refusal(name, f"column {plain(column.header)}", what, remedy)


def _stored_cell(column: Column, present: bool) -> pl.Expr:
    kind = _type(column)
    if not present:
        return pl.lit(None, kind).alias(column.name)
    cell = pl.col(column.name)
    if column.type is ColumnType.TEXT:
        text = cell.cast(pl.String)
        return pl.when(text != "").then(text).alias(column.name)
    return cell.cast(kind, strict=False).alias(column.name)


def _stored_fault(column: Column, present: bool) -> pl.Expr:
    if not present:
        return pl.lit(value=False).alias(_FAULT + column.name)
    value = _stored_cell(column, present)
    wrong = value.is_null() & (pl.lit(column.required) | pl.col(column.name).is_not_null())
    match column.type:
        case ColumnType.TEXT:
            wrong = value.is_null() & pl.lit(column.required)
        case ColumnType.DATE:
            wrong |= ~value.is_between(date.min, date.max).fill_null(value=True)
        case _:
            wrong |= (value.abs() >= pl.lit(_LARGEST)).fill_null(value=False)
    return wrong.alias(_FAULT + column.name)


def _where(table: Table, name: str, headers: Sequence[str]) -> dict[str, int]:
    """Returns where the declared columns stand; refuses a header that cannot be understood."""
    for column in table.columns:
        count = headers.count(column.header)
        if count > 1:
            what = f"{count} columns are called {plain(column.header)}"
            raise refusal(name, "header", what, "Give each one its own name.")
        if not count and column.required:
            there = listed([plain(header, 40) for header in headers], 10)
            what = f"there is no column {plain(column.header)}; there are: {there}"
            raise refusal(name, "header", what, f"Add it, or mend the table {table.name}.")
    return {column.header: headers.index(column.header) for column in table.columns
            if column.header in headers}  # fmt: skip


def _first_fault(table: Table, frame: pl.DataFrame) -> tuple[int, Column] | None:
    """Returns the first cell, by row and then by column, that is not as declared."""
    faults = [
        (row, number)
        for number, column in enumerate(table.columns)
        if (row := _first(frame[_FAULT + column.name])) is not None
    ]
    if not faults:
        return None
    row, number = min(faults)
    return row, table.columns[number]


def _first(flags: pl.Series) -> int | None:
    return flags.arg_max() if flags.any() else None


def _bad_cell(name: str, place: str, column: Column, cell: str | None) -> IntakeError:
    where = f"{place}, column {plain(column.header)}"
    words = _kind_words(column)
    if cell == "":
        return refusal(name, where, f"the cell is empty, and needs {words}", _AGAIN)
    shown = "the cell" if cell is None else f'"{plain(cell, 40)}"'
    return refusal(name, where, f"{shown} is not {words}", _AGAIN)


def _kind_words(column: Column) -> str:
    match column.type:
        case ColumnType.TEXT:
            return "a text"
        case ColumnType.DATE:
            return "a date such as 2026-01-31"
        case ColumnType.INTEGER:
            return f"a whole number of at most {_DIGITS} digits"
        case ColumnType.DECIMAL:
            places = counted(column.places, "decimal place", "decimal places")
            return f"a number of at most {_DIGITS} digits and {places}"


def _part(table: Table, file: File, frame: pl.DataFrame, headers: Sequence[str]) -> Part:
    declared = {column.header for column in table.columns}
    unread = tuple(plain(header, 40) for header in headers if header not in declared)
    kept = frame.select(column.name for column in table.columns)
    return Part(file.name, file.sha256, kept, unread)
