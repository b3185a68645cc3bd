"""Reads a folder with tables into metrics: from files nobody vouches for, by the pack's SQL.

Reading changes nothing in the folder. Whatever cannot be read or measured ends in one
:class:`IntakeError`, whose text is for a person, before a run starts. The SQL is looked at before
any file is opened. Importing this module loads Polars: import it on the thread that reads, not
before the first paint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from converge_core.canonical import content_hash
from converge_desktop.adapters.intake import (
    Intake,
    IntakeError,
    Metric,
    Source,
    checked_folder,
    refusal,
)
from converge_desktop.adapters.tables.allowed import AllowedSql, SqlRefused, allow
from converge_desktop.adapters.tables.declared import SqlMetric, Table, Tables
from converge_desktop.adapters.tables.files import MAX_BYTES, find_files, read_file
from converge_desktop.adapters.tables.measuring import measure, plan
from converge_desktop.adapters.tables.parquet_guard import ParquetGuard
from converge_desktop.adapters.tables.reading import MAX_ROWS, Part, empty_frame, read_part
from converge_desktop.adapters.wording import counted, listed, plain

_SHORT = 6


@dataclass(frozen=True, slots=True)
class _Read:
    """A table that was read."""

    table: Table
    parts: tuple[Part, ...]
    frame: pl.DataFrame


def read_tables(folder: Path, declared: Tables, pack_file: str) -> Intake:
    """Reads the folder.

    Args:
        folder: what the person picked.
        declared: the tables and metrics of the pack.
        pack_file: what the file that declares them is called in sentences.

    Raises:
        IntakeError: if no run can start from it; nothing else is raised.
    """
    root = checked_folder(folder)
    allowed = _allowed(declared, pack_file)
    notes: list[str] = []
    with ParquetGuard() as guard:
        read = _read(root, declared, guard, notes)
    metrics = tuple(_metric(metric, sql, read, pack_file) for metric, sql in allowed.items())
    sources = tuple(
        Source(part.name, part.sha256, one.table.format.value)
        for one in read.values()
        for part in one.parts
    )
    digest = content_hash([[source.path, source.sha256] for source in sources])
    return Intake(
        subject=f"{plain(root.name) or 'tables'} at {digest[:_SHORT]}",
        metrics=metrics,
        notes=tuple(dict.fromkeys(notes)),
        sources=tuple(sorted(sources, key=lambda source: (source.kind, source.path))),
    )


def _allowed(declared: Tables, pack_file: str) -> dict[SqlMetric, AllowedSql]:
    """Returns the SQL of each metric, which fits the tables as they are declared."""
    names = [table.name for table in declared.tables]
    empty = {table.name: empty_frame(table) for table in declared.tables}
    allowed = {}
    for metric in declared.metrics:
        try:
            allowed[metric] = allow(metric, names)
            plan(metric, allowed[metric], empty)
        except SqlRefused as refused:
            raise _refusal(pack_file, metric, refused) from refused
    return allowed


def _read(root: Path, declared: Tables, guard: ParquetGuard, notes: list[str]) -> dict[str, _Read]:
    """Returns the tables, each read from its files, in the order of the pack."""
    budget = MAX_BYTES
    read = {}
    for table in declared.tables:
        parts: dict[str, Part] = {}
        for path in find_files(root, table):
            file = read_file(root, path, budget)
            budget -= len(file.data)
            if twin := parts.get(file.sha256):
                notes.append(f"{file.name} is a copy of {twin.name} and was read once.")
                continue
            parts[file.sha256] = read_part(table, file, guard)
        _check_rows(table, list(parts.values()))
        frame = pl.concat([part.frame for part in parts.values()])
        notes.extend(_notes(table, list(parts.values()), frame))
        read[table.name] = _Read(table, tuple(parts.values()), frame)
    return read


def _check_rows(table: Table, parts: Sequence[Part]) -> None:
    rows = sum(part.frame.height for part in parts)
    if rows > MAX_ROWS:
        what = f"together they hold {rows:,} rows of {table.name}, more than {MAX_ROWS:,}"
        names = listed([part.name for part in parts])
        raise refusal(names, "", what, "Pick a folder with less in it.")


def _notes(table: Table, parts: Sequence[Part], frame: pl.DataFrame) -> list[str]:
    """Returns what the table leaves open."""
    notes = [
        f"{part.name} has {counted(len(part.unread), 'column', 'columns')} that the pack does not "
        f"read: {listed(part.unread)}."
        for part in parts
        if part.unread
    ]
    notes += [
        f"The column {column.name} of {table.name} holds nothing."
        for column in table.columns
        if frame.height and frame[column.name].null_count() == frame.height
    ]
    if not frame.height:
        notes.append(f"The table {table.name} has no row.")
    return notes


def _metric(
    metric: SqlMetric, sql: AllowedSql, read: Mapping[str, _Read], pack_file: str
) -> Metric:
    frames = {name: one.frame for name, one in read.items()}
    try:
        quantity = measure(metric, plan(metric, sql, frames))
    except SqlRefused as refused:
        raise _refusal(pack_file, metric, refused) from refused
    tables = [read[name] for name in metric.tables]
    names = dict.fromkeys(part.name for one in tables for part in one.parts)
    return Metric(
        id=metric.id,
        label=metric.label,
        quantity=quantity,
        source=listed(list(names), 3),
        place=f"metric {metric.id} over {', '.join(_over(one.table, sql) for one in tables)}",
        detail=", ".join(_rows(one) for one in tables),
    )


def _over(table: Table, sql: AllowedSql) -> str:
    columns = [column.header for column in table.columns if column.name in sql.columns]
    return f"{table.name} ({plain(', '.join(columns))})" if columns else table.name


def _rows(one: _Read) -> str:
    rows = counted(one.frame.height, "row", "rows")
    return f"{rows} of {one.table.name} in {counted(len(one.parts), 'file', 'files')}"


def _refusal(pack_file: str, metric: SqlMetric, refused: SqlRefused) -> IntakeError:
    what, _, remedy = str(refused).rpartition(". ")
    return refusal(pack_file, f"metric {metric.id}", what, f"{remedy}.")
