"""The same tables give the same bytes: whatever the order of rows, the threads, the machine."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.adapters.tables.table_material import (
    PACK_FILE,
    ROWS,
    SECTIONS,
    csv_of,
    declared,
    fill,
    intake_of,
    shown,
    state_bytes,
    why_refused,
)

ROOT = Path(__file__).resolve().parents[3]

EXPENSES = st.lists(
    st.tuples(
        st.integers(-99, 10**9),
        st.decimals(-(10**6), 10**6, places=2),
        st.dates(),
        st.sampled_from(["", "travel", "meals", '"a, b"']),
    ),
    max_size=12,
)


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    """Read twice, from two places: not a byte differs."""
    one, two = (state_bytes(intake_of(fill(tmp_path / name))) for name in ("one", "two"))

    assert one == two


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(EXPENSES, st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing(
    tmp_path: Path, rows: list[tuple[object, ...]], chance: random.Random
) -> None:
    """SQL that may be said does not depend on it, so neither does the state."""
    lines = [",".join(map(str, row)) for row in rows]
    shuffled = chance.sample(lines, len(lines))

    first = state_bytes(intake_of(fill(tmp_path, csv_of(*lines))))

    assert first == state_bytes(intake_of(fill(tmp_path, csv_of(*shuffled))))


def test_the_number_of_threads_decides_nothing(tmp_path: Path) -> None:
    """A table large enough to be cut into pieces, summed by one thread and by four."""
    chance = random.Random(5)
    rows = (
        f'{n},{chance.randrange(10**9)}.{chance.randrange(100):02d},2026-01-31,"n ""{n % 997}"""'
        for n in range(60_000)
    )
    fill(tmp_path, csv_of(*rows))
    program = (
        "import sys; from pathlib import Path\n"
        "from tests.adapters.tables.table_material import intake_of, state_bytes\n"
        "import polars as pl\n"
        "intake = intake_of(Path(sys.argv[1]))\n"
        "print(pl.thread_pool_size(), state_bytes(intake).decode(), intake.subject)\n"
    )
    said = {}
    for threads in ("1", "4"):
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            env={**os.environ, "POLARS_MAX_THREADS": threads},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        pool, said[threads] = done.stdout.split(" ", 1)
        assert threads == pool

    assert "60000" in said["1"]
    assert said["1"] == said["4"]


def test_the_numbers_are_the_ones_of_long_ago(tmp_path: Path) -> None:
    """A change of Polars that changes a byte of the state shows here."""
    digest = hashlib.sha256(state_bytes(intake_of(fill(tmp_path)))).hexdigest()

    assert "5576aafb8123fa6723e520bc84ec2832dd8d4526b99b8531efc526dc6607c2f1" == digest


# What the SQL of a pack may do wrong.


def changed(old: str, new: str) -> str:
    assert old in SECTIONS
    return SECTIONS.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "SELECT SUM(amount) FROM expenses",
            "SELECT SUM(amuont) FROM expenses",
            'metric spend.total: Polars refuses it: unable to find column "amuont"',
        ),
        (
            "SELECT SUM(amount) FROM expenses",
            "SELECT SUM(amount) FROM read_csv('x')",
            "metric spend.total: it reads from READ_CSV",
        ),
        (
            "SELECT COUNT(*) FROM expenses",
            "SELECT MAX(note) FROM expenses",
            "metric lines.total: it gives text and not a number. Make it one.",
        ),
        (
            "SELECT SUM(amount) FROM expenses",
            "SELECT amount FROM expenses",
            "metric spend.total: it gives more than one row",
        ),
        (
            "NULLIF(COUNT(*), 0)",
            "(COUNT(*) - 3)",
            "metric spend.unnoted_share: it divides by zero. Divide by NULLIF(..., 0)",
        ),
        (
            "SELECT SUM(amount) FROM expenses",
            "SELECT SUM(amount * 0.5) FROM expenses",
            "metric spend.total: it gives 58.375, which is finer than the 2 places",
        ),
        (
            "SELECT SUM(amount) FROM expenses",
            "SELECT SUM(amount) * 100000000000000 FROM expenses",
            "metric spend.total: it gives 11675000000000000.00, which is too large",
        ),
    ],
)
def test_what_is_wrong_with_a_metric_names_pack_file_metric_and_reason(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    """It is the pack that is to be mended, and where."""
    sentence = why_refused(fill(tmp_path), declared(changed(old, new)))

    assert sentence.startswith(f"{PACK_FILE}, {said}")
    assert sentence.endswith(".")


def test_a_metric_is_looked_at_before_a_file_is(tmp_path: Path) -> None:
    """The folder may be empty: what the pack says wrong is said first."""
    tables = declared(changed("SELECT SUM(amount)", "SELECT SUM(note)"))

    assert "metric spend.total" in why_refused(tmp_path, tables)


def test_negative_numbers_and_other_places_are_kept(tmp_path: Path) -> None:
    """A decimal with fewer places than its metric fills them with zeros."""
    tables = declared(changed("places = 2\ntables", "places = 4\ntables"))

    assert "116.7500 EUR" == shown(intake_of(fill(tmp_path), tables))["spend.total"]
    assert "-3.25 EUR" == shown(intake_of(fill(tmp_path, csv_of(ROWS[2]))))["spend.total"]
