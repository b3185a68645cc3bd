"""What the tests of tables are made of: expenses, their pack's sections, and a folder of both."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from converge_core.canonical import canonical
from converge_desktop.adapters.intake import Intake, IntakeError
from converge_desktop.adapters.tables.declared import (
    MetricSection,
    SqlMetric,
    Tables,
    TableSection,
    tables_of,
)
from converge_desktop.adapters.tables.intake import read_tables

PACK_FILE = "expenses/pack.toml"

SECTIONS = """
[[table]]
name = "expenses"
file = "expenses*.csv"
format = "csv"
columns = [
    { name = "line", type = "integer" },
    { name = "amount", header = "Amount (EUR)", type = "decimal", places = 2 },
    { name = "day", type = "date" },
    { name = "note", type = "text", required = false },
]

[[table]]
name = "caps"
file = "caps.csv"
format = "csv"
separator = ";"
columns = [
    { name = "note", type = "text" },
    { name = "cap", type = "integer" },
]

[[metric]]
id = "lines.total"
label = "expense lines"
tables = ["expenses"]
sql = "SELECT COUNT(*) FROM expenses"

[[metric]]
id = "spend.total"
label = "total spent"
unit = "EUR"
places = 2
tables = ["expenses"]
sql = "SELECT SUM(amount) FROM expenses"

[[metric]]
id = "spend.unnoted_share"
label = "share without a note"
unit = "%"
places = 1
scaled = true
tables = ["expenses"]
sql = \"\"\"
SELECT COUNT(*) FILTER (WHERE note IS NULL) * 1000 // NULLIF(COUNT(*), 0)
FROM expenses\"\"\"

[[metric]]
id = "caps.exceeded"
label = "notes above their cap"
tables = ["expenses", "caps"]
sql = \"\"\"
WITH spent AS (SELECT note, SUM(amount) AS total FROM expenses GROUP BY note)
SELECT COUNT(*) FROM spent JOIN caps ON spent.note = caps.note WHERE spent.total > caps.cap\"\"\"
"""

HEADER = "line,Amount (EUR),day,note"
ROWS = ["1,100.50,2026-01-31,travel", "2,19.5,2026-02-01,meals", "3,-3.25,2026-02-02,"]
CAPS = "note;cap\ntravel;100\nmeals;50\n"


def declared(sections: str = SECTIONS) -> Tables:
    """Returns the tables and metrics that the sections declare."""
    written: dict[str, Any] = tomllib.loads(sections)
    tables = [TableSection.model_validate(each) for each in written.get("table", [])]
    metrics = [MetricSection.model_validate(each) for each in written.get("metric", [])]
    return tables_of(tables, metrics)


def csv_of(*rows: str, header: str = HEADER) -> bytes:
    """Returns a CSV file of these rows."""
    return "".join(f"{line}\n" for line in (header, *rows)).encode()


def fill(folder: Path, expenses: bytes | None = None, caps: str = CAPS) -> Path:
    """Puts the tables into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "expenses.csv").write_bytes(csv_of(*ROWS) if expenses is None else expenses)
    (folder / "caps.csv").write_text(caps, "utf-8")
    return folder


def intake_of(folder: Path, tables: Tables | None = None) -> Intake:
    """Reads the folder."""
    return read_tables(folder, tables or declared(), PACK_FILE)


def why_refused(folder: Path, tables: Tables | None = None) -> str:
    """Returns the sentence with which a folder is refused."""
    try:
        intake = intake_of(folder, tables)
    except IntakeError as error:
        return str(error)
    raise AssertionError(f"it was read: {intake}")


def shown(intake: Intake) -> dict[str, str]:
    """Returns the numbers by metric, as people read them."""
    return {metric.id: str(metric.quantity) for metric in intake.metrics}


def state_bytes(intake: Intake) -> bytes:
    """Returns all that the state layer and its evidence are made of, as canonical bytes."""
    return canonical(
        [
            [one.id, one.label, one.quantity.value, one.quantity.places, one.quantity.unit,
             one.source, one.place, one.detail]
            for one in intake.metrics
        ]
    )  # fmt: skip


def metric(sql: str, *tables: str, places: int = 0, scaled: bool = False) -> SqlMetric:
    """Returns a metric with this SQL."""
    return SqlMetric("m", "a number", "", places, tables, sql, scaled)
