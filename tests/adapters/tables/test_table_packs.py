"""How a pack declares that it reads tables, and what its numbers can be; typos are sentences."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from converge_core.contradiction import Condition, Contradiction, ValueRange
from converge_desktop import paths
from converge_desktop.adapters.packs.pack import FILES, Pack, PackProblem, load_pack, pack_of
from tests.adapters.tables.table_material import SECTIONS
from tests.runtime.table_pack import TEXTS, write_pack

SHIPPED = {name: (paths.packs() / "release-readiness" / name).read_text("utf-8") for name in FILES}
PLAUSIBLE = """
[[range]]
metric = "spend.unnoted_share"
least = "0"
most = "100.0"

[[contradiction]]
name = "nothing-spent-above-caps"
reason = "Where nothing was spent no cap can be exceeded."
when = [
    { metric = "spend.total", at_most = "0" },
    { metric = "caps.exceeded", at_least = "1" },
]
"""


def read(pack: str) -> Pack:
    return pack_of({**TEXTS, "pack.toml": pack}, "the/pack")


def problem(old: str, new: str, pack: str = TEXTS["pack.toml"] + PLAUSIBLE) -> str:
    """Returns why the pack cannot be run once ``old`` reads ``new``."""
    assert old in pack, old
    with pytest.raises(PackProblem) as refused:
        read(pack.replace(old, new, 1))
    return str(refused.value)


def test_a_pack_that_says_nothing_reads_a_repository() -> None:
    """As all packs did; saying so changes nothing else."""
    text = SHIPPED["pack.toml"]
    silent = pack_of(SHIPPED, "the/pack")
    said = pack_of({**SHIPPED, "pack.toml": f'input = "repository"\n{text}'}, "the/pack")

    assert silent.tables is None
    assert said.tables is None
    assert () == silent.impossible
    assert silent.policy.version == said.policy.version


def test_a_pack_that_reads_tables_declares_them_and_their_metrics() -> None:
    """Columns with types, files by pattern, SQL by metric."""
    tables = read(TEXTS["pack.toml"]).tables

    assert tables is not None
    assert ["expenses", "caps"] == [table.name for table in tables.tables]
    assert ["line", "amount", "day", "note"] == [one.name for one in tables.tables[0].columns]
    assert ("expenses", "caps") == tables.metrics[3].tables


def test_ranges_and_contradictions_are_read() -> None:
    """As the core has them, and as part of the policy's version, because they decide."""
    plain, pack = read(TEXTS["pack.toml"]), read(TEXTS["pack.toml"] + PLAUSIBLE)

    assert (
        ValueRange("spend.unnoted_share", Decimal(0), Decimal("100.0")),
        Contradiction(
            "nothing-spent-above-caps",
            Condition("spend.total", Decimal(0), at_least=False),
            Condition("caps.exceeded", Decimal(1), at_least=True),
            "Where nothing was spent no cap can be exceeded.",
        ),
    ) == pack.impossible
    assert plain.policy.version != pack.policy.version
    other = read(TEXTS["pack.toml"] + PLAUSIBLE.replace('"100.0"', '"99.0"'))
    assert other.policy.version != pack.policy.version


def test_a_pack_that_reads_a_repository_may_declare_them_too() -> None:
    """Which metrics there are the repository's reader says."""
    section = '[[range]]\nmetric = "coverage.line"\nmost = "100"\n'
    pack = pack_of({**SHIPPED, "pack.toml": SHIPPED["pack.toml"] + section}, "the/pack")

    assert (ValueRange("coverage.line", None, Decimal(100)),) == pack.impossible


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('input = "tables"', 'input = "table"', "input: Input should be 'repository' or 'tables'"),
        (
            'input = "tables"\n',
            "",
            '[[table]] and [[metric]] mean nothing without input = "tables"',
        ),
        ('format = "csv"', 'format = "xls"', "table.0.format"),
        ('file = "expenses*.csv"', 'file = "../x.csv"', "table.0.file: it must lie within"),
        ('file = "expenses*.csv"', 'file = "/etc/x.csv"', "table.0.file: it must lie within"),
        ('file = "expenses*.csv"', 'file = "a/**/x.csv"', "table.0.file: it must lie within"),
        ('file = "expenses*.csv"', 'file = "a\\\\x.csv"', "table.0.file: it must lie within"),
        ('file = "expenses*.csv"', 'file = "a/b/c/d/e/f"', "deeper than 5 levels"),
        ('name = "caps"', 'name = "expenses"', "there are two tables named expenses"),
        ('name = "caps"', 'name = "Caps"', "table.1.name"),
        (
            'name = "caps"',
            'name = "cabs"',
            "caps.exceeded names the table caps, which no [[table]]",
        ),
        ('separator = ";"', 'separator = "x"', "table.1.separator"),
        ('format = "csv"\nseparator', 'format = "parquet"\nseparator', "only CSV has a separator"),
        ('type = "integer"', 'type = "float"', "table.0.columns.0.type"),
        ('type = "decimal", places = 2', 'type = "decimal"', "a decimal needs places"),
        ('type = "integer"', 'type = "integer", places = 2', "nothing else has any"),
        ('name = "day"', 'name = "line"', "there are two columns named line"),
        ('name = "day"', 'name = "day", header = "line"', "two columns are called line"),
        ('name = "day"', 'name = "day", heder = "x"', "table.0.columns.2.heder: Extra"),
        ('id = "spend.total"', 'id = "lines.total"', "there are two metrics named lines.total"),
        ('label = "expense lines"', 'label = "a | b"', "metric.0.label: it must stand on one line"),
        ('unit = "EUR"', 'unit = "a\\nb"', "metric.1.unit: it must stand on one line"),
        ("places = 1\nscaled = true", "scaled = true", "scaled means nothing without places"),
        (
            'tables = ["expenses", "caps"]',
            'tables = ["caps", "caps"]',
            "names the table caps twice",
        ),
        ('tables = ["expenses"]', "tables = []", "metric.0.tables"),
        ('metric = "spend.total"', 'metric = "spend.totl"', "a limit names spend.totl, which no"),
        ('least = "0"', 'least = "101"', "no value lies between 101 and 100.0"),
        ('least = "0"\nmost = "100.0"', "", "range.0: needs least, most or both"),
        ('"spend.unnoted_share"\nleast', '"spend.total_"\nleast', "a range names spend.total_"),
        (', at_most = "0" }', " }", "contradiction.0.when.0: needs either at_least or at_most"),
        ('{ metric = "caps.exceeded", at_least = "1" },', "", "contradiction.0.when"),
        ('{ metric = "caps.exceeded"', '{ metric = "spend.total"', "both conditions are about"),
        ('{ metric = "caps.exceeded"', '{ metric = "caps.excess"', "names caps.excess, which no"),
        ('reason = "Where nothing', 'raeson = "Where nothing', "contradiction.0"),
    ],
)
def test_a_typo_is_a_sentence_that_names_file_and_key(old: str, new: str, said: str) -> None:
    """Found when the pack is read."""
    sentence = problem(old, new)

    assert sentence.startswith("the/pack/pack.toml: ")
    assert said in sentence
    assert sentence.endswith("Mend it and try again.")


def test_a_pack_needs_a_table_and_a_metric() -> None:
    """It would measure nothing."""
    assert "needs at least one [[table]] and one [[metric]]" in problem(SECTIONS, "")


def test_two_ranges_or_contradictions_of_one_name_are_refused() -> None:
    """Which of them holds would be anyone's guess."""
    ranges, _, contradiction = PLAUSIBLE.partition("[[contradiction]]")

    assert "there are two ranges of spend.unnoted_share" in problem(ranges, ranges * 2)
    twice = f"[[contradiction]]{contradiction}" * 2
    assert "two contradictions are named nothing-spent-above-caps" in problem(
        f"[[contradiction]]{contradiction}", twice
    )


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("SELECT SUM(amount) FROM read_csv('/etc/passwd')", "it reads from READ_CSV"),
        ("SELECT SUM(amount) FROM '/etc/passwd'", "cannot be one"),
        ("SELECT SUM(amount) FROM caps", "it reads caps, which its tables do not name"),
        ("SELECT RANDOM() FROM expenses", "another value each time"),
    ],
)
def test_sql_that_is_not_allowed_is_refused_when_the_pack_is_read(
    tmp_path: Path, new: str, said: str
) -> None:
    """Nobody needs to start a run to learn of it."""
    text = TEXTS["pack.toml"].replace("SELECT SUM(amount) FROM expenses", new)
    folder = write_pack(tmp_path, {**TEXTS, "pack.toml": text})

    with pytest.raises(PackProblem) as refused:
        load_pack(folder)

    assert str(refused.value).startswith(f"{folder}/pack.toml: metric spend.total: sql: ")
    assert said in str(refused.value)
    assert load_pack(write_pack(tmp_path / "good")).tables is not None


def test_what_a_run_kept_of_its_pack_is_not_judged_again() -> None:
    """It was looked at as the run began; a list that grew shorter since stops no open run."""
    text = TEXTS["pack.toml"].replace("SELECT SUM(amount)", "SELECT AVG(amount)")

    assert pack_of({**TEXTS, "pack.toml": text}, "the pack kept with a run").tables is not None
