"""A desk that is in use for long takes no more memory, and one that waits takes nothing at all."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest

from converge_core.terms import ReviewTerms
from tests.survival.soak import (
    HOUR_S,
    MOST_BYTES,
    NINE_WEEKS,
    WEEK_S,
    soaked,
    waited_for_a_week,
)


def traced_bytes() -> int:
    """Returns how much memory Python's objects take."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def test_runs_that_have_stopped_leave_little_in_memory(tmp_path: Path) -> None:
    """Forty more runs cost no more than their share of what nine hundred may."""
    tracemalloc.start()
    try:
        grown, _ = soaked(tmp_path, 60, 20, traced_bytes)
    finally:
        tracemalloc.stop()

    assert grown <= MOST_BYTES * 40 / 900


@pytest.mark.parametrize(
    ("terms", "looks"),
    [(ReviewTerms(), 0), (NINE_WEEKS, WEEK_S // HOUR_S)],
    ids=["for ever", "until a deadline"],
)
def test_a_run_that_waits_for_a_week_costs_nothing(
    tmp_path: Path, terms: ReviewTerms, looks: int
) -> None:
    """No record, no write, and at most a look at the clock each hour; then it goes on."""
    waited = waited_for_a_week(tmp_path, terms)

    assert (0, 0) == (waited.records, waited.writes)
    assert waited.looks <= looks
    assert waited.cpu_s < 0.5
