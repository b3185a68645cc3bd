"""The index over model calls reads ledgers of every format there was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from converge_core.events import GateOpened
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.runtime.insights import insights
from tests.runtime.trace_kit import calls, index_of

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("ledger_v*.jsonl"))


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_every_call_and_gate_of_an_older_ledger_is_indexed(golden: Path, tmp_path: Path) -> None:
    """As many as there are, in their order, and they can be counted."""
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    shutil.copy(golden, ledger / "000000000000.jsonl")
    entries = list(read_ledger(ledger))

    view = index_of(tmp_path).view

    said = calls(entries)
    asked = [entry.head.seq for entry in entries if isinstance(entry.event, GateOpened)]
    assert [entry.head.seq for entry, _ in said] == view.traces["seq"].tolist()
    assert [trace.agent for _, trace in said] == [
        view.traces.word("agent", row) for row in range(view.traces.count)
    ]
    assert set(asked) <= set(view.gates["seq"].tolist())
    assert insights(view).as_of == entries[-1].head.seq
    assert said
    assert asked
