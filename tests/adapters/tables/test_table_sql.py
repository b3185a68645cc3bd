"""What SQL may say: it opens nothing, writes nothing, and says the same each time."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converge_desktop.adapters.tables import allowed
from converge_desktop.adapters.tables.allowed import AllowedSql, SqlRefused, allow
from converge_desktop.adapters.tables.measuring import measure, plan
from tests.adapters.tables.table_material import metric

NAMES = ("t", "u", "vault")
"""The tables of the pack; metrics here are given t and u, never vault."""

FRAMES = {
    "t": pl.DataFrame(
        {
            "a": [Decimal(1), Decimal(2), Decimal(3), None],
            "d": [Decimal("1.05"), Decimal("2.25"), Decimal("-3.10"), None],
            "s": ["x", "y", None, "x"],
            "day": [date(2024, 1, 1), date(2024, 5, 1), None, date(2025, 12, 31)],
        },
        schema={"a": pl.Decimal(38, 0), "d": pl.Decimal(38, 2), "s": pl.String, "day": pl.Date},
    ),
    "u": pl.DataFrame(
        {"s": ["x", "y", None], "cap": [Decimal(1), Decimal(2), Decimal(30)]},
        schema={"s": pl.String, "cap": pl.Decimal(38, 0)},
    ),
}
HUGE = {
    "t": pl.DataFrame({"d": [Decimal("9" * 36)] * 200}, schema={"d": pl.Decimal(38, 2)}),
}


def tables_in(sql: str) -> tuple[str, ...]:
    return tuple(name for name in ("t", "u") if f" {name}" in sql)


def number(
    sql: str, places: int = 0, frames: dict[str, pl.DataFrame] = FRAMES, *, scaled: bool = False
) -> int | None:
    """Returns what the SQL gives over the frames."""
    one = metric(sql, *tables_in(sql), places=places, scaled=scaled)
    return measure(one, plan(one, allow(one, NAMES), frames)).value


def refused(sql: str, *tables: str) -> str:
    """Returns why the SQL is refused, before anything ran."""
    with pytest.raises(SqlRefused) as error:
        allow(metric(sql, *(tables or ("t",))), NAMES)
    return str(error.value)


# What can be said.


@pytest.mark.parametrize(
    ("sql", "places", "value"),
    [
        ("SELECT COUNT(*) FROM t", 0, 4),
        ("SELECT COUNT(a) FROM t", 0, 3),
        ("SELECT COUNT(DISTINCT s) FILTER (WHERE a > 0.5) FROM t AS q", 0, 2),
        ("SELECT SUM(d) FROM t", 2, 20),
        ("SELECT SUM(d * d) FROM t", 4, 157_750),
        ("SELECT SUM(a) * 1000 // COUNT(*) FROM t", 0, 1500),
        ("SELECT -7 // 2 * MIN(a) FROM t", 0, -3),
        ("SELECT 2 + 7 // 2 * 3 * MIN(a) FROM t", 0, 11),
        ("SELECT (2 + 7) % 4 * MIN(a) FROM t", 0, 1),
        ("SELECT MAX(DAYS(day)) - MIN(DAYS(day)) FROM t", 0, 730),
        ("SELECT MAX(EXTRACT(YEAR FROM day)) FROM t WHERE day < DATE '2025-01-01'", 0, 2024),
        ("SELECT MIN(LENGTH(s)) FROM t WHERE LOWER(s) = 'x' AND UPPER(s) <> 'x'", 0, 1),
        ("SELECT COUNT(*) FROM t WHERE s LIKE 'x%' OR a BETWEEN 2 AND 3", 0, 4),
        ("SELECT COUNT(*) FROM t WHERE s IS NOT NULL AND NOT a IN (1, 2.00)", 0, 0),
        ("SELECT COUNT(*) FROM t WHERE a IN (SELECT cap FROM u WHERE cap > 1)", 0, 1),
        ("SELECT SUM(a) FROM t WHERE a > (SELECT MIN(cap) FROM u)", 0, 5),
        ("SELECT SUM(CASE WHEN s = 'x' THEN 1 ELSE 0 END) FROM t", 0, 2),
        ("SELECT SUM(CASE s WHEN 'y' THEN a END) + SUM(IF(a > 1, 1, 0)) FROM t", 0, 4),
        ("SELECT COALESCE(SUM(a), 0) FROM t WHERE a > 100", 0, 0),
        ("SELECT ABS(MIN(d)) - NULLIF(MAX(a), 30) FROM t", 2, 10),
        ("SELECT MAX(n) FROM (SELECT s, COUNT(*) AS n FROM t GROUP BY s) AS q", 0, 2),
        ("SELECT SUM(n) FROM (SELECT s, SUM(a) AS n FROM t GROUP BY s HAVING COUNT(*) > 1) AS q",
         0, 1),
        ("SELECT COUNT(*) FROM (SELECT DISTINCT s FROM t) AS q", 0, 3),
        ("SELECT SUM(x) FROM (SELECT a AS x FROM t UNION ALL SELECT cap AS x FROM u) AS q", 0, 39),
        ("SELECT SUM(x) FROM (SELECT a AS x FROM t UNION SELECT cap AS x FROM u) AS q", 0, 36),
        ("SELECT SUM(x) FROM (SELECT a AS x FROM t UNION ALL SELECT d AS x FROM t) AS q", 2, 620),
        (("WITH q AS (SELECT s, SUM(a) AS n FROM t GROUP BY s) "
         "SELECT COUNT(*) FROM q JOIN u AS r ON q.s = r.s AND q.n = r.cap"), 0, 2),
        ("SELECT COUNT(*) FROM t AS q LEFT JOIN u AS r ON q.s = r.s WHERE r.cap IS NULL", 0, 1),
        ("SELECT (SELECT SUM(a) FROM t) - (SELECT SUM(cap) FROM u)", 0, -27),
        ("SELECT COUNT(*) FROM t;", 0, 4),
        ("SELECT COUNT(*) /* all of them */ FROM t -- every one\n", 0, 4),
        ("select count(*) from t where true and not false", 0, 4),
    ],
)  # fmt: skip
def test_counting_summing_and_comparing_can_be_said(sql: str, places: int, value: int) -> None:
    """Each is computed as SQL means it, exactly; // cuts off towards zero."""
    assert value == number(sql, places)


def test_no_value_is_unknown() -> None:
    """NULL is no number, and no zero either."""
    assert number("SELECT SUM(a) FROM t WHERE a > 100") is None
    assert number("SELECT SUM(a) // NULLIF(COUNT(*), 4) FROM t") is None


# What opens, writes or reaches elsewhere.


@pytest.mark.parametrize(
    "function",
    ["read_csv", "READ_CSV", '"read_csv"', "read_parquet", "read_ipc", "read_json", "read_ndjson",
     "scan_csv", "scan_parquet", "read_csv_auto", "glob", "parquet_scan", "sqlite_scan", "unnest",
     "generate_series", "range", "query", "nothing_we_know_of"],
)  # fmt: skip
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM {}('{}')",
        "SELECT COUNT(*) FROM t, {}('{}')",
        "SELECT COUNT(*) FROM t JOIN {}('{}') AS z ON z.a = t.a",
        "SELECT (SELECT MAX(a) FROM {}('{}')) + COUNT(*) FROM t",
        "SELECT COUNT(*) FROM t WHERE a IN (SELECT a FROM {}('{}'))",
        "WITH q AS (SELECT a FROM {}('{}')) SELECT COUNT(*) FROM q, t",
        "WITH t AS (SELECT a FROM {}('{}')) SELECT COUNT(*) FROM t",
        "SELECT COUNT(*) FROM (SELECT a FROM t UNION ALL SELECT a FROM {}('{}')) AS q",
        "SELECT COUNT(*) FROM t HAVING COUNT(*) > (SELECT MAX(a) FROM {}('{}'))",
        "SELECT COUNT(*) FROM/**/{}/**/('{}')",
    ],
)
def test_no_function_that_opens_a_file_can_stand_anywhere(
    sql: str, function: str, tmp_path: Path
) -> None:
    """In FROM, a join, a subquery, a set operation, a WITH: refused before Polars sees it."""
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n", "utf-8")

    assert refused(sql.format(function, secret))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM 'secret.csv'",
        'SELECT COUNT(*) FROM "secret.csv"',
        "SELECT COUNT(*) FROM '/etc/passwd'",
        'SELECT COUNT(*) FROM t JOIN "https://example.org/x.parquet" AS q ON q.a = t.a',
        "SELECT COUNT(*) FROM vault",
        'SELECT COUNT(*) FROM "vault"',
        "SELECT COUNT(*) FROM t JOIN vault ON t.a = vault.a",
        "SELECT COUNT(*) FROM t WHERE a IN (SELECT a FROM vault)",
        "SELECT COUNT(*) FROM main.t",
        "SELECT COUNT(*) FROM information_schema.tables",
        "SELECT COUNT(*) FROM ｔ",
        "SELECT COUNT(*) FROM t JOIN ﬀ ON t.a = ﬀ.a",
        'SELECT COUNT(*) FROM "t\u200b"',
        'SELECT COUNT(*) FROM "t""; SELECT 1"',
        "SELECT COUNT(*) FROM T",
        "TABLE vault",
        "FROM t",
        "SELECT COUNT(*) FROM t TABLESAMPLE 10",
        "SELECT COUNT(*) FROM t PIVOT (SUM(a) FOR s IN ('x'))",
        "SELECT COUNT(*) FROM (VALUES (1)) AS v",
        "SELECT COUNT(*) FROM ONLY t",
    ],
)
def test_only_the_tables_that_were_given_can_be_named(sql: str) -> None:
    """No path in quotes, no other table of the pack, no schema, no look-alike letter."""
    assert refused(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "COPY t TO 'x.csv'",
        "CREATE TABLE q AS SELECT a FROM t",
        "DROP TABLE t",
        "INSERT INTO t SELECT a FROM t",
        "DELETE FROM t",
        "UPDATE t SET a = 1",
        "TRUNCATE TABLE t",
        "ATTACH 'x.db'",
        "PRAGMA table_info('t')",
        "SET x = 1",
        "SHOW TABLES",
        "EXPLAIN SELECT COUNT(*) FROM t",
        "SELECT a INTO q FROM t",
        "SELECT COUNT(*) FROM t; DROP TABLE t",
        "SELECT COUNT(*) FROM t; SELECT COUNT(*) FROM read_csv('x')",
        "SELECT COUNT(*) FROM t FOR UPDATE",
        "SELECT COUNT(*) FROM t UNION SELECT COUNT(*) FROM t",
        "VALUES (1)",
        "SELECT",
        "",
        ";",
        "-- nothing",
    ],
)
def test_only_one_select_can_be_said(sql: str) -> None:
    """Nothing that writes, sets, shows or comes second."""
    assert refused(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM t WHERE s = '\\' OR s = ' FROM read_csv(1) --'",
        "SELECT COUNT(*) FROM t WHERE s = E'a\\'",
        "SELECT COUNT(*) FROM t WHERE s = $$x' FROM read_csv('y') --$$",
        "SELECT COUNT(*) FROM t WHERE s = $q$x$q$",
        "SELECT COUNT(*) FROM t WHERE s = x'41'",
        "SELECT COUNT(*) FROM t WHERE s = U&'\\0041'",
        "SELECT COUNT(*) FROM t WHERE s = 'zero\u200bwidth'",
        "SELECT COUNT(*) FROM t WHERE s = 'line\nbreak'",
        'SELECT COUNT(*) AS "x""; DROP" FROM t',
        'SELECT COUNT(*) FROM t AS "q"" JOIN read_csv(\'x\') AS ""r"',
        "SELECT COUNT(*) FROM t AS `q`",
        "SELECT COUNT(*) FROM t AS Q",
        "SELECT COUNT(*) FROM t WHERE s = 'unterminated",
        "SELECT COUNT(*) FROM t /* unterminated",
    ],
)
def test_no_quoting_is_read_in_two_ways(sql: str) -> None:
    """What one parser could take for text and another for SQL is refused."""
    assert refused(sql)


def test_comments_are_left_behind() -> None:
    """What stands in one is written nowhere, so it cannot come to life again."""
    sql = "SELECT COUNT(*) FROM t -- */ JOIN read_csv('x') AS q ON q.a = t.a /*"

    assert "csv" not in allow(metric(sql, "t"), NAMES).text


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("WITH t AS (SELECT cap AS a FROM u) SELECT SUM(a) FROM t", "t is a table of the pack"),
        ("WITH vault AS (SELECT a FROM t) SELECT SUM(a) FROM vault", "vault is a table"),
        ("SELECT COUNT(*) FROM t AS u", "u is a table of the pack"),
        ("SELECT COUNT(*) FROM (SELECT a FROM t) AS vault", "vault is a table of the pack"),
        ("SELECT COUNT(*) FROM t AS q JOIN t AS q ON q.s = q.s", "q stands for two things"),
        ("WITH q AS (SELECT a FROM t) SELECT COUNT(*) FROM q JOIN u AS q ON q.a = q.cap",
         "q stands for two things"),
        ("WITH RECURSIVE q AS (SELECT a FROM t UNION ALL SELECT a FROM q) SELECT SUM(a) FROM q",
         "recursive"),
        ("WITH q(x) AS (SELECT a FROM t) SELECT SUM(x) FROM q", "columns"),
    ],
)  # fmt: skip
def test_no_name_hides_another(sql: str, said: str) -> None:
    """A name stands for one thing in the whole of the SQL, and never for a table of the pack."""
    assert said in refused(sql, "t", "u")


# What would not say the same each time.


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT RANDOM() FROM t",
        "SELECT COUNT(*) FROM t WHERE RAND() > 0",
        "SELECT COUNT(*) FROM t WHERE day > NOW()",
        "SELECT COUNT(*) FROM t WHERE day > CURRENT_DATE",
        "SELECT COUNT(*) FROM t WHERE day > CURRENT_TIMESTAMP",
        "SELECT COUNT(*) FROM t WHERE day > TODAY()",
        "SELECT COUNT(*) FROM t WHERE day > LOCALTIMESTAMP",
        "SELECT UUID() FROM t",
        "SELECT MAX(HASH(s)) FROM t",
        "SELECT getvariable('x') FROM t",
        "SELECT current_setting('x') FROM t",
        "SELECT VERSION() FROM t",
        "SELECT a FROM t ORDER BY a LIMIT 1",
        "SELECT a FROM t LIMIT 1 OFFSET 2",
        "SELECT FIRST(a) FROM t",
        "SELECT ANY_VALUE(a) FROM t",
        "SELECT ARG_MAX(a, d) FROM t",
        "SELECT DISTINCT ON (s) a FROM t",
        "SELECT MAX(ROW_NUMBER() OVER ()) FROM t",
        "SELECT SUM(a) OVER (ORDER BY d) FROM t",
        "SELECT COUNT(*) FROM t QUALIFY TRUE",
        "SELECT AVG(a) FROM t",
        "SELECT STDDEV(a) FROM t",
        "SELECT SUM(a) / 2 FROM t",
        "SELECT SQRT(SUM(a)) FROM t",
        "SELECT ROUND(SUM(d), 1) FROM t",
        "SELECT SUM(CAST(a AS DOUBLE)) FROM t",
        "SELECT SUM(a::float) FROM t",
        "SELECT SUM(a) * 1e5 FROM t",
    ],
)
def test_what_is_random_of_the_moment_unordered_or_a_float_is_refused(sql: str) -> None:
    """The same tables give the same number on any day, machine and number of threads."""
    assert refused(sql)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM t", "Name the columns"),
        ("SELECT COUNT(t.*) FROM t", "Name the columns"),
        ("SELECT a, d FROM t", "it gives 2 columns"),
        ("SELECT SUM(1) FROM t", "of nothing that a table holds"),
        ("SELECT COUNT(1) FROM t", "of nothing that a table holds"),
        ("SELECT SUM(SUM(a)) FROM t", "cannot stand within SUM"),
        ("SELECT SUM(a) FROM t WHERE a = SUM(a)", "cannot stand within WHERE"),
        ("SELECT SUM(DISTINCT a) FROM t", "DISTINCT stands where it cannot"),
        ("SELECT COUNT(DISTINCT s, a) FROM t", "takes one column"),
        ("SELECT COUNT(*) FROM t GROUP BY 1", "Name columns"),
        ("SELECT COUNT(*) FROM t, u", "Use JOIN or LEFT JOIN"),
        ("SELECT COUNT(*) FROM t CROSS JOIN u", "Use JOIN or LEFT JOIN"),
        ("SELECT COUNT(*) FROM t FULL JOIN u ON t.s = u.s", "Use JOIN or LEFT JOIN"),
        ("SELECT COUNT(*) FROM t JOIN u ON TRUE", "Use WHERE"),
        ("SELECT COUNT(*) FROM t JOIN u ON t.a > u.cap", "Use WHERE"),
        ("SELECT COUNT(*) FROM t NATURAL JOIN u", "JOIN with method"),
        ("SELECT COUNT(*) FROM t JOIN u USING (s)", "JOIN with using"),
        ("SELECT COUNT(*) FROM t WHERE day > CAST(s AS DATE)", "Write dates as DATE"),
        ("SELECT COUNT(*) FROM t WHERE day > DATE '2026-02-30'", "'2026-02-30' is no date"),
        ("SELECT EXTRACT(EPOCH FROM MAX(day)) FROM t", "Take YEAR, MONTH or DAY"),
        ("SELECT SUM(a) + 12345678901234567890 FROM t", "at most 15 digits"),
        ("SELECT MAX(DAYS(day, day)) FROM t", "DAYS is not allowed"),
        ("SELEC a FRM t", "it is no SQL"),
        ("SELECT COUNT(*) FROM t WHERE " + "(" * 500 + "TRUE" + ")" * 500, "nested too deeply"),
        ("SELECT COUNT(*) FROM t WHERE TRUE" + " AND TRUE" * 300, "more than 400 parts"),
        ("SELECT COUNT(*) FROM t" + " " * 4000, "longer than 4000"),
        ("SELECT COUNT(*) FROM t", "it does not read u, which its tables name"),
    ],
)
def test_what_is_refused_is_refused_with_what_to_do(sql: str, said: str) -> None:
    """The sentence says what it was and what to write instead."""
    assert said in refused(sql, "t", "u")


# What the plan says.


def test_a_scan_is_refused_even_if_the_list_let_it_through(tmp_path: Path) -> None:
    """The second wall: what Polars would do is read before it does it."""
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n", "utf-8")
    slipped = AllowedSql(f"SELECT SUM(a) FROM read_csv('{secret}')", frozenset())

    with pytest.raises(SqlRefused, match="it would open a file"):
        plan(metric("", "t"), slipped, FRAMES)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM t WHERE a > '100'",
        "SELECT COUNT(*) FROM t WHERE s = a",
        "SELECT COUNT(*) FROM t WHERE a BETWEEN '1' AND '9'",
        "SELECT COUNT(COALESCE(a, 'x')) FROM t",
        "SELECT SUM(CASE a WHEN '1' THEN 1 END) FROM t",
    ],
)
def test_a_number_is_not_compared_as_text(sql: str) -> None:
    """As text 5 is more than 100; a number in quotes is a slip and said to be one."""
    with pytest.raises(SqlRefused, match="takes a number or a date for text"):
        number(sql)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT SUM(nothing) FROM t", 'unable to find column "nothing"'),
        ("SELECT SUM(s) FROM t", "`sum` operation not supported"),
        ("SELECT MAX(s) FROM t", "it gives text and not a number"),
        ("SELECT MAX(day) FROM t", "it gives a date and not a number"),
        ("SELECT MAX(a) > 1 FROM t", "it gives true or false and not a number"),
        ("SELECT NULL FROM t", "it gives NULL and not a number"),
        ("SELECT MAX(day) - MIN(day) FROM t", "Duration"),
        ("SELECT a FROM t", "it gives more than one row"),
        ("SELECT COUNT(*) FROM t GROUP BY s", "it gives more than one row"),
        ("SELECT a FROM t WHERE a > 100", "it gives no row"),
        ("SELECT SUM(a) // 0 FROM t", "it divides by zero"),
        ("SELECT SUM(d) FROM t", "finer than the 0 places"),
        ("SELECT SUM(a) * 100000000000000 * 100000000000000 FROM t", "too large"),
        ("SELECT (SELECT a FROM t) + 1", "expected no or a single value"),
    ],
)
def test_what_is_no_one_number_is_a_sentence(sql: str, said: str) -> None:
    """Polars' own words where they say it, one line of them."""
    with pytest.raises(SqlRefused) as error:
        number(sql)

    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "sql",
    ["SELECT SUM(d) FROM t", "SELECT MAX(d) * MAX(d) FROM t", "SELECT SUM(d + d) FROM t"],
)
def test_an_overflow_is_said_and_never_a_wrong_number(sql: str) -> None:
    """Everything is a decimal, because integers would wrap around in silence."""
    with pytest.raises(SqlRefused, match="too large"):
        number(sql, 2, HUGE)


def test_scaled_counts_units_of_the_last_place() -> None:
    """A share in tenths of a percent is a whole number of them."""
    assert 500 == number("SELECT COUNT(NULLIF(s, 'y')) * 1000 // 4 FROM t", 1, scaled=True)
    assert 5000 == number("SELECT COUNT(NULLIF(s, 'y')) * 1000 // 4 FROM t", 1)


# Laws.

_PIECES = [
    "SELECT", "FROM", "WHERE", "t", "u", "vault", "a", "s", "(", ")", ",", "'x'", '"t"', "'", '"',
    "--", "/*", "*/", "COUNT(*)", "SUM(a)", "read_csv('x')", ";", "AS", "q", "JOIN", "ON", "=",
    "UNION", "WITH", "1", "*", "\\", "$$", "{", "}", "[", "]", "::", "ſ", "INTO", "COPY", "@",
    "COUNT(*) FROM t", "SELECT COUNT(*) FROM t", "LIMIT 1", "\n", "\x00", "E'", "x.t", "GROUP BY",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=14))
def test_any_words_are_refused_or_read_the_tables_that_were_given(words: list[str]) -> None:
    """Whatever is put together, nothing but a refusal is raised, and no file is in any plan."""
    one = metric(" ".join(words), "t")
    try:
        sql = allow(one, NAMES)
        lazy = plan(one, sql, FRAMES)
    except SqlRefused:
        return
    assert "SCAN" not in lazy.explain()
    assert "vault" not in sql.text


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\\"), max_size=20))
def test_a_text_means_itself(text: str) -> None:
    """Quotes, comment signs and words of SQL within a text are text and nothing else."""
    quoted = text.replace("'", "''")
    one = metric(f"SELECT COUNT(*) FROM t WHERE s = '{quoted}'", "t")
    if not text.isprintable():
        assert refused(one.sql)
        return
    frames = {"t": pl.DataFrame({"s": [text, text + "!", None]})}

    assert 1 == measure(one, plan(one, allow(one, NAMES), frames)).value


def test_whatever_is_allowed_can_be_written() -> None:
    """A kind on the list that the writer does not know would be a crash in waiting."""
    from converge_desktop.adapters.tables import writing

    inside = {
        allowed.exp.With, allowed.exp.CTE, allowed.exp.From, allowed.exp.Join, allowed.exp.Where,
        allowed.exp.TableAlias, allowed.exp.Group, allowed.exp.Having, allowed.exp.Distinct,
        allowed.exp.Star, allowed.exp.DataType, allowed.exp.Var,
    }  # fmt: skip
    known = {*writing._BETWEEN, *writing._OF_ONE, *writing._WRITERS, *inside}

    assert set(allowed._ALLOWED) == known
