"""From a folder with tables to what the model reads: with the shipped model, through the desk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from converge_desktop import paths
from converge_desktop.adapters.intake import IntakeError
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.runtime.review_model import TraceView
from converge_desktop.runtime.run_model import RunView
from tests.adapters.tables.table_material import ROWS, csv_of, fill
from tests.runtime.table_pack import ID, write_pack
from tests.runtime.watching import Watch

OpenTables = Callable[[], tuple[Desk, Watch]]


@pytest.fixture
def open_tables(tmp_path: Path) -> Iterator[OpenTables]:
    """Opens a desk whose one pack reads tables."""
    write_pack(tmp_path / "packs")
    opened: list[Desk] = []

    def open_one() -> tuple[Desk, Watch]:
        options = DeskOptions(
            data_dir=tmp_path / "data",
            packs_dir=tmp_path / "packs",
            samples_dir=tmp_path / "samples",
            operator="alice",
            model=paths.default_model(),
        )
        opened.append(Desk(options))
        watch = Watch(opened[-1])
        opened[-1].ready.result(30)
        return opened[-1], watch

    yield open_one
    for desk in opened:
        desk.close()


def ran(desk: Desk, watch: Watch, folder: Path) -> tuple[RunView, TraceView]:
    """Runs the pack until it waits or stops, and returns it with its first step."""
    run_id = desk.start_run(ID, folder).result(60)
    view = watch.phase(run_id, "waiting", "stopped")
    first = [row for row in desk.traces().result(10) if row.run_id == run_id][-1]
    return view, desk.trace(first.trace_id).result(10)


def state_of(trace: TraceView) -> str:
    [text] = [layer.text for layer in trace.layers if layer.name == "state"]
    return text


def test_the_state_layer_holds_the_metrics_of_the_tables(
    open_tables: OpenTables, tmp_path: Path
) -> None:
    """What the model reads are the pack's numbers, bound ones first, each with its limit."""
    desk, watch = open_tables()

    view, trace = ran(desk, watch, fill(tmp_path / "march"))

    assert view.row.phase == "waiting" or "broke its contract" in view.row.outcome + view.stop_words
    assert [
        "STATE",
        "s01 | soft | margin +4883.25 | total spent | 116.75 EUR | at most 5000.00 EUR",
        "s02 | soft | margin -23.3 | share without a note | 33.3 % | at most 10.0 %",
        "s03 | hard | margin -1 | notes above their cap | 1 | at most 0",
        "s04 | info | expense lines | 3",
    ] == state_of(trace).splitlines()[:5]


def test_every_number_names_its_file_and_metric(open_tables: OpenTables, tmp_path: Path) -> None:
    """From the evidence of a step back to the file that was read, and its hash in the ledger."""
    desk, watch = open_tables()

    view, trace = ran(desk, watch, fill(tmp_path / "march"))

    where = {row.fact_id: (row.source, row.place) for row in trace.rests_on}
    assert (
        "expenses.csv",
        "metric spend.total over expenses (Amount (EUR))",
    ) == where["spend.total"]
    assert "march at " in view.row.title
    digest = hashlib.sha256(csv_of(*ROWS)).hexdigest()
    ledger = (tmp_path / "data" / "ledger").glob("*.jsonl")
    assert any(digest in file.read_text("utf-8") for file in ledger)


def test_the_same_tables_give_the_same_state_to_the_byte(
    open_tables: OpenTables, tmp_path: Path
) -> None:
    """A second run, and one over the same rows in another order: what the model reads is equal."""
    desk, watch = open_tables()
    folder = fill(tmp_path / "march")
    states = [state_of(ran(desk, watch, folder)[1]) for _ in range(2)]

    fill(folder, csv_of(*reversed(ROWS)))

    assert {*states} == {state_of(ran(desk, watch, folder)[1])}


def test_an_unknown_number_stays_unknown(open_tables: OpenTables, tmp_path: Path) -> None:
    """A table without rows has no sum, and the model is told so."""
    desk, watch = open_tables()

    _, trace = ran(desk, watch, fill(tmp_path / "empty", csv_of()))

    assert "soft | margin ? | total spent | unknown | at most 5000.00 EUR" in state_of(trace)


def test_bad_input_is_a_sentence_and_no_run(open_tables: OpenTables, tmp_path: Path) -> None:
    """Nothing is half-written: the ledger is as it was, and no run began."""
    desk, _ = open_tables()
    before = desk.verify().result(10).records
    for expenses, said in (
        (csv_of("1,x,2026-01-31,"), 'expenses.csv, line 2, column Amount (EUR): "x" is not'),
        (b"", "expenses.csv, line 1: the header is empty"),
        (csv_of("1,2"), "expenses.csv, line 2: the row has 2 cells"),
    ):
        with pytest.raises(IntakeError) as refused:
            desk.start_run(ID, fill(tmp_path / "march", expenses)).result(60)
        assert said in str(refused.value)

    assert before == desk.verify().result(10).records
    assert () == desk.runs().result(10)
