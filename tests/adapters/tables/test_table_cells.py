"""What cells may hold: what their column declares, exactly; anything else is named by its place."""

from __future__ import annotations

import contextlib
import csv
import io
import random
from dataclasses import replace
from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converge_core.canonical import ContentHash
from converge_desktop.adapters.intake import IntakeError
from converge_desktop.adapters.tables.csv_text import CsvText
from converge_desktop.adapters.tables.declared import Column, ColumnType, Format, Table
from converge_desktop.adapters.tables.files import File
from converge_desktop.adapters.tables.parquet_guard import ParquetGuard
from converge_desktop.adapters.tables.reading import read_part
from tests.adapters.tables.table_material import HEADER, csv_of

TABLE = Table(
    "expenses",
    "expenses.csv",
    Format.CSV,
    (
        Column("line", ColumnType.INTEGER, header="line"),
        Column("amount", ColumnType.DECIMAL, 2, header="Amount (EUR)"),
        Column("day", ColumnType.DATE, header="day"),
        Column("note", ColumnType.TEXT, header="note", required=False),
    ),
)
PARQUET = replace(TABLE, format=Format.PARQUET)


def rows(data: bytes, table: Table = TABLE) -> list[tuple[object, ...]]:
    """Returns the cells as they were read."""
    with ParquetGuard() as guard:
        return read_part(table, File("e.csv", data, ContentHash("0" * 64)), guard).frame.rows()


def refused(data: bytes, table: Table = TABLE) -> str:
    with pytest.raises(IntakeError) as error:
        rows(data, table)
    return str(error.value)


def written(rows: str | bytes) -> bytes:
    """Returns a CSV file with the usual header."""
    return f"{HEADER}\n".encode() + (rows.encode() if isinstance(rows, str) else rows)


# What can be read.


def test_cells_are_read_as_they_are_declared() -> None:
    """Numbers are decimals, an empty cell is no value, quotes and line ends are CSV's."""
    data = written(
        '1,100.5,2026-01-31,"a ""b"", c"\r\n-02,-0.120,0099-12-31,\r\n3,7,2026-02-28,"x\ny"'
    )

    assert [
        (Decimal(1), Decimal("100.50"), date(2026, 1, 31), 'a "b", c'),
        (Decimal(-2), Decimal("-0.12"), date(99, 12, 31), None),
        (Decimal(3), Decimal("7.00"), date(2026, 2, 28), "x\ny"),
    ] == rows(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + csv_of("1,2,2026-01-31,x"),
        b"\xef\xbb\xbf" + csv_of("1,2,2026-01-31,x", header='"line","Amount (EUR)",day,note'),
        csv_of("1,2,2026-01-31,x").replace(b"\n", b"\r\n"),
        csv_of("1,2,2026-01-31,x")[:-1],
        csv_of("1,2,2026-01-31,x", "", ""),
        csv_of("x,2026-01-31,2,1,y", header="note,day,Amount (EUR),line,more"),
        csv_of('"1","2","2026-01-31","x"'),
    ],
)
def test_what_programs_do_to_csv_changes_nothing(data: bytes) -> None:
    """Byte order mark, line ends, empty lines at the end, other columns, quotes everywhere."""
    assert [(Decimal(1), Decimal(2), date(2026, 1, 31), "x")] == rows(data)


def test_a_column_that_is_not_required_may_be_missing() -> None:
    """It has no value then."""
    assert [(1, 2, date(2026, 1, 31), None)] == rows(
        csv_of("1,2,2026-01-31", header="line,Amount (EUR),day")
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-(10**15) + 1, 10**15 - 1),
            st.decimals(Decimal(-(10**15) + 1), Decimal(10**15 - 1), places=2),
            st.dates(),
            st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
        ),
        max_size=8,
    )
)
def test_what_was_written_is_what_is_read(table: list[tuple[object, ...]]) -> None:
    """Every number, date and text in CSV comes back to the last digit."""

    def cell(value: object) -> str:
        text = "" if value is None else str(value)
        return '"' + text.replace('"', '""') + '"' if isinstance(value, str) else text

    data = written("".join(",".join(map(cell, row)) + "\n" for row in table))

    assert [tuple(row) for row in table] == rows(data)


# Bad cells.


@pytest.mark.parametrize(
    ("row", "column", "cell", "kind"),
    [
        ("x,2,2026-01-31,n", "line", '"x"', "a whole number of at most 15 digits"),
        ("1.0,2,2026-01-31,n", "line", '"1.0"', "a whole number"),
        ("+1,2,2026-01-31,n", "line", '"+1"', "a whole number"),
        (" 1,2,2026-01-31,n", "line", '" 1"', "a whole number"),
        ("１,2,2026-01-31,n", "line", '"１"', "a whole number"),
        ("1234567890123456,2,2026-01-31,n", "line", '"1234567890123456"', "a whole number"),
        (
            "1,2.123,2026-01-31,n",
            "Amount (EUR)",
            '"2.123"',
            "a number of at most 15 digits and 2 decimal places",
        ),
        ("1,1e5,2026-01-31,n", "Amount (EUR)", '"1e5"', "a number"),
        ('1,"1,000.00",2026-01-31,n', "Amount (EUR)", '"1,000.00"', "a number"),
        ("1,.5,2026-01-31,n", "Amount (EUR)", '".5"', "a number"),
        ("1,NaN,2026-01-31,n", "Amount (EUR)", '"NaN"', "a number"),
        ("1,2,31.01.2026,n", "day", '"31.01.2026"', "a date such as 2026-01-31"),
        ("1,2,2026-02-30,n", "day", '"2026-02-30"', "a date"),
        ("1,2,0000-01-01,n", "day", '"0000-01-01"', "a date"),
        ("1,2,2026-01-31T00:00,n", "day", '"2026-01-31T00:00"', "a date"),
    ],
)
def test_a_bad_cell_is_named_by_file_line_and_column(
    row: str, column: str, cell: str, kind: str
) -> None:
    """The line is that of the file, although a cell before it holds two line ends."""
    sentence = refused(written(f'1,2,2026-01-31,"a\n\nb"\n{row}\ny,z,u,v\n'))

    assert sentence.startswith(f"e.csv, line 5, column {column}: {cell} is not {kind}")
    assert sentence.endswith("Mend it and try again.")


def test_an_empty_cell_of_a_required_column_is_named() -> None:
    """It is not read as zero, and not as unknown."""
    assert "e.csv, line 2, column Amount (EUR): the cell is empty, and needs a number" in refused(
        written("1,,2026-01-31,x\n")
    )
    one = replace(TABLE, columns=TABLE.columns[:1])
    assert "e.csv, line 3, column line: the cell is empty" in refused(b"line\n1\n\n2\n", one)


def test_of_several_bad_cells_the_first_is_named() -> None:
    """By line, then by column, on every machine."""
    assert "line 3, column Amount (EUR)" in refused(written("1,2,2026-01-31,x\n1,x,y,z\nx,,,\n"))


# What is no CSV.


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "line 1: the header is empty"),
        (b"\n1,2\n", "line 1: the header is empty"),
        (b"\x00\x01\x02", "this is no text"),
        (written("1,2,2026-01-31,x\0\n"), "this is no text"),
        (HEADER.encode("utf-16"), "this is no text"),
        (b"line,\xff\n", "line 1: the header cannot be read"),
        (b'line,"day\n1,2\n', "line 1: the header cannot be read"),
        (b",".join([b"x"] * 1001) + b"\n", "the header has 1001 columns, more than 1000"),
        (b"line;day;note\n", "there is no column line; there are: line;day;note"),
        (csv_of(header="line,day,note"), "there is no column Amount (EUR); there are: line, day"),
        (csv_of(header=f"{HEADER},day"), "2 columns are called day"),
        (written("1,2,2026-01-31\n"), "line 2: the row has 3 cells, and the header 4"),
        (written("1,2,2026-01-31,x\n1,2,2026-01-31\n"), "line 3: the row has 3 cells"),
        (written("1,2,2026-01-31,x\n1,2,2026-01-31,x,y\n"), "line 3: the row has 5 cells"),
        (written("1,2,2026-01-31,x,y\n1,2,2026-01-31\n"), "line 2: the row has 5 cells"),
        (written("1,2,2026-01-31,x\n\n1,2,2026-01-31,x\n"), "line 3: the row has 0 cells"),
        (written("\n1,2,2026-01-31,x\n"), "line 2: the row has 0 cells"),
        (written('1,2,2026-01-31,x"y"\n'), "line 2: a quote stands within a cell"),
        (written('1,2,2026-01-31,x\n1,2,2026-01-31,"x"y\n'), "line 3: a quote stands within"),
        (written('1,2,2026-01-31,"x\n1,2,2026-01-31,y\n'), "line 2: a quote stands within"),
        (written(b"1,2,2026-01-31,x\n1,2,2026-01-31,\xff\n"), "line 3: the line is not UTF-8"),
        (written("1,2,2026-01-31,x\ry\n"), "a carriage return alone"),
        (written("1,2,2026-01-31,x\n\ufeff1,2,2026-01-31,x\n"), "line 3: a byte order mark"),
        (written(f"1,2,2026-01-31,{'x' * 200_000}\n1,2\n"), "line 3: the row has 2 cells"),
        (f"{HEADER}\r1,2,2026-01-31,x\r".encode(), "line 1: the header cannot be read"),
    ],
)
def test_what_is_no_well_formed_csv_is_a_sentence(data: bytes, said: str) -> None:
    """With the line, wherever there is one; no row is made longer, shorter or up."""
    sentence = refused(data)

    assert sentence.startswith("e.csv")
    assert said in sentence
    assert sentence.endswith(".")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40) | st.text('a1,;"\r\n ', max_size=40).map(str.encode))
def test_any_bytes_are_a_sentence_or_what_another_reader_reads(data: bytes) -> None:
    """Nothing but a refusal is raised, and what is read is what Python's own reader reads."""
    one = replace(TABLE, columns=(Column("a", ColumnType.TEXT, header="a", required=False),))
    for start in ("a\n", "a,b\n"):
        try:
            read = rows(start.encode() + data, one)
        except IntakeError:
            continue
        text = io.StringIO(start + data.decode(), newline="")
        expected = [cells[0] if cells else "" for cells in csv.reader(text, strict=True)][1:]
        while start == "a,b\n" and expected and expected[-1] == "":
            expected.pop()  # empty lines at the end
        while start == "a,b\n" and read and read[-1] == (None,):
            read.pop()
        assert [(cell or None,) for cell in expected] == read


def test_a_fault_that_only_another_reader_sees_is_a_sentence_too() -> None:
    """Where the line cannot be found, the reader's own words and the row must do."""
    fine = CsvText("e.csv", b"a\n1\n", ",")
    fine.headers()
    odd = CsvText("e.csv", b'a\n"1"2\n', ",")
    odd.headers()

    assert "e.csv: it is no well-formed CSV (boom)." in str(fine.fault(ValueError("boom\nat x")))
    assert "e.csv, line 2: it is no well-formed CSV" in str(odd.fault())
    assert ("line 2", "1") == fine.cell(0, 0)
    assert ("row 9 after the header", None) == fine.cell(8, 0)
    assert ("row 1 after the header", None) == odd.cell(0, 0)


# Parquet.


def parquet(**columns: pl.Series) -> bytes:
    """Returns a Parquet file with two good rows, in which these columns are others."""
    frame = pl.DataFrame(
        {
            "line": [1, 2],
            "Amount (EUR)": [Decimal("100.5"), Decimal("-3.10")],
            "day": [date(2026, 1, 31)] * 2,
            "note": ["a", None],
        }
    )
    for name, series in columns.items():
        frame = frame.with_columns(series.alias(name.replace("amount", "Amount (EUR)")))
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


GOOD = [
    (Decimal(1), Decimal("100.50"), date(2026, 1, 31), "a"),
    (Decimal(2), Decimal("-3.10"), date(2026, 1, 31), None),
]


def test_parquet_gives_the_same_cells() -> None:
    """Whole numbers of any width, decimals of no more places, categories as their text."""
    assert GOOD == rows(parquet(), PARQUET)
    assert GOOD == rows(parquet(line=pl.Series([1, 2], dtype=pl.Int8)), PARQUET)
    assert GOOD == rows(parquet(note=pl.Series(["a", None], dtype=pl.Categorical)), PARQUET)
    whole = rows(parquet(amount=pl.Series([5, 6], dtype=pl.UInt16)), PARQUET)
    assert [Decimal(5), Decimal(6)] == [row[1] for row in whole]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ({"amount": pl.Series([1.5, 2.5])}, "stored as Float64, .*Floats are not exact"),
        ({"amount": pl.Series([1, 2], dtype=pl.Decimal(38, 3))}, "scale=3.*2 decimal places"),
        ({"line": pl.Series(["1", "2"])}, "column line: it is stored as String"),
        ({"line": pl.Series([1.0, 2.0])}, "column line: it is stored as Float64"),
        ({"line": pl.Series([True, False])}, "column line: it is stored as Boolean"),
        ({"day": pl.Series([date(2026, 1, 31)] * 2).cast(pl.Datetime)}, "column day: .*Datetime"),
        ({"note": pl.Series([["a"], []])}, "column note: it is stored as List"),
        ({"line": pl.Series([1, None])}, "row 2, column line: the cell is empty"),
        ({"line": pl.Series([1, 2**60])}, 'row 2, column line: "1152921504606846976" is not'),
        ({"line": pl.Series([2**64 - 1, 1], dtype=pl.UInt64)}, "row 1, column line"),
        ({"amount": pl.Series([Decimal("9" * 36)] * 2)}, r"row 1, column Amount \(EUR\)"),
    ],
)
def test_a_bad_column_or_cell_of_a_parquet_file_is_named(
    column: dict[str, pl.Series], said: str
) -> None:
    """Nothing is rounded and nothing is guessed, whatever it was stored as."""
    with pytest.raises(IntakeError, match=said):
        rows(parquet(**column), PARQUET)


def test_a_missing_column_of_a_parquet_file_is_named() -> None:
    """With those there are; one that is not required has no value."""
    file = io.BytesIO()
    pl.DataFrame({"line": [1]}).write_parquet(file)
    one = replace(PARQUET, columns=(PARQUET.columns[0], PARQUET.columns[3]))

    assert "there is no column Amount (EUR); there are: line" in refused(file.getvalue(), PARQUET)
    assert [(Decimal(1), None)] == rows(file.getvalue(), one)


def test_too_many_rows_are_refused_before_they_are_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A small file may hold a great many equal rows."""
    monkeypatch.setattr("converge_desktop.adapters.tables.reading.MAX_ROWS", 1)

    assert "it holds 2 rows, more than 1" in refused(parquet(), PARQUET)


def damaged(seed: int) -> bytes:
    """Returns a Parquet file in which some bytes are others, or that is cut off."""
    chance = random.Random(seed)
    data = bytearray(parquet())
    for _ in range(chance.randrange(1, 5)):
        data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
    return bytes(data[: chance.randrange(len(data))] if seed % 7 == 0 else data)


def test_a_damaged_parquet_file_is_a_sentence() -> None:
    """A panic, an absurd length, rubbish: the reader may die of it, the app does not."""
    with ParquetGuard() as guard:
        for seed in (*range(200), 1020):
            file = File("e.parquet", damaged(seed), ContentHash("0" * 64))
            with contextlib.suppress(IntakeError):
                read_part(PARQUET, file, guard).frame.rows()


def test_a_file_that_ends_its_reader_is_a_sentence_and_the_next_is_read() -> None:
    """Each file is looked through by another process; a new one takes the place of a dead one."""
    good = File("e.parquet", parquet(), ContentHash("0" * 64))
    with ParquetGuard() as guard:
        guard.look_through(good, ["line"])
        assert guard._child is not None
        guard._child.kill()
        guard._child.wait()
        with pytest.raises(IntakeError, match="is not survived"):
            guard.look_through(good, ["line"])
        assert GOOD == read_part(PARQUET, good, guard).frame.rows()


def test_a_date_beyond_the_calendar_is_a_bad_cell() -> None:
    """Parquet has room for years that no calendar has."""
    odd = pl.Series([date(2026, 1, 31), None]).to_physical().fill_null(3_000_000).cast(pl.Date)

    assert "row 2, column day: " in refused(parquet(day=odd), PARQUET)
