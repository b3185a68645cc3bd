"""A ledger read at any place of it: every page, run and moment is what reading it all gives."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converge_core.errors import LedgerCorrupt
from converge_core.ledger import Entry
from converge_core.merkle import Frontier
from converge_desktop.adapters.ledger.history import DESK, LedgerHistory
from converge_desktop.adapters.ledger.ledger_file import LedgerFile
from tests.adapters.ledgers import (
    EIGHT,
    SHAPES,
    SIZES,
    batches_of,
    files_of,
    ledger_of,
    open_files,
    opened,
    reader_of,
    snapshots_of,
    withdrawn,
    written,
)

pytestmark = pytest.mark.usefixtures("no_waiting")

LAWS = settings(max_examples=25)


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[list[Entry], list[LedgerHistory]]:
    """Draws a ledger; as it is read whole, with its snapshots, and with those of a part of it."""
    place = Path(tempfile.mkdtemp())
    batches, size = batches_of(draw(SHAPES)), draw(SIZES)
    kept = draw(st.integers(0, len(batches)))
    written(place, batches[:kept], size, keep=True)
    entries = written(place, batches[kept:], size)
    return entries, [opened(place), opened(place, reader_of(place))]


@LAWS
@given(ledgers(), st.data())
def test_any_page_is_a_slice_of_the_whole(
    drawn: tuple[list[Entry], list[LedgerHistory]], data: st.DataObject
) -> None:
    """Records by number, across files, and from a number on, in steps of any length."""
    entries, histories = drawn
    first = data.draw(st.integers(0, len(entries)))
    count = data.draw(st.integers(0, len(entries) - first))
    step = data.draw(st.integers(1, 7))
    for history in histories:
        with closing(history):
            assert entries[first : first + count] == history.range(first, count)
            assert entries[first:] == list(history.since(first, step))
            assert entries[first:] == list(history.since(first))
            assert entries == [history.entry(seq) for seq in range(len(entries))]


@LAWS
@given(ledgers(), st.data())
def test_any_run_at_any_moment_is_its_records_up_to_there(
    drawn: tuple[list[Entry], list[LedgerHistory]], data: st.DataObject
) -> None:
    """One run, the desk, or several together in the order in which they were written."""
    entries, histories = drawn
    before = data.draw(st.integers(0, len(entries) + 2))
    runs = data.draw(st.lists(st.sampled_from([DESK, "a", "b", "nobody"]), unique=True))
    for history in histories:
        with closing(history):
            for run in (DESK, "a", "b", "run-0003", "nobody"):
                own = [one for one in entries if one.head.run == run]
                assert own == list(history.of_run(run))
                assert [one for one in own if one.head.seq < before] == list(
                    history.of_run(run, before)
                )
            assert [one for one in entries[:before] if one.head.run in runs] == list(
                history.of_runs(runs, before)
            )


@LAWS
@given(ledgers())
def test_the_tree_over_a_ledger_is_that_over_all_its_records(
    drawn: tuple[list[Entry], list[LedgerHistory]],
) -> None:
    """However much of it a snapshot had grown already."""
    entries, histories = drawn
    whole = Frontier().extend(bytes.fromhex(one.hash) for one in entries)

    assert [whole] * 2 == [history.frontier_now() for history in histories]
    assert [whole] * 2 == [history.frontier_now() for history in histories]


@pytest.mark.parametrize(("first", "count"), [(13, 1), (0, 14), (12, 2), (-1, 1), (0, -1), (99, 0)])
def test_what_is_not_there_cannot_be_read(tmp_path: Path, first: int, count: int) -> None:
    """Not a shorter page, and not the last records for negative numbers."""
    written(tmp_path, EIGHT)
    with closing(opened(tmp_path)) as history, pytest.raises(IndexError, match="not all there"):
        history.range(first, count)


def test_records_that_are_written_meanwhile_are_found(tmp_path: Path) -> None:
    """By whoever writes, in the file they went to, and in the next."""
    entries = written(tmp_path, EIGHT, keep=True)
    history = opened(tmp_path, snapshots_of(tmp_path))
    with closing(LedgerFile(ledger_of(tmp_path), 1500, history=history)) as ledger:
        for number in range(8):
            entries += ledger.append([withdrawn("late", "y" * 300)], number)
            assert entries[-3:] == history.range(len(entries) - 3, 3)
        assert entries == history.range(0, len(entries))
        assert 8 == len(list(history.of_run("late")))


@pytest.mark.parametrize("kept", [False, True], ids=["read whole", "with snapshots"])
@pytest.mark.parametrize("damage", ["flip", "cut", "swap", "other"])
def test_a_record_that_was_changed_since_it_was_read_is_refused(
    tmp_path: Path, kept: bool, damage: str
) -> None:
    """Though its place is known: it is read again, and held against what was read before."""
    place, other = tmp_path / "one", tmp_path / "other"
    entries = written(place, EIGHT, keep=kept)
    assert [one.event for one in entries] == [one.event for one in written(other, EIGHT)]
    with closing(opened(place, reader_of(place) if kept else None)) as history:
        file = files_of(place)[0]
        data = file.read_bytes()
        lines = data.splitlines(keepends=True)
        changed = {
            "flip": data.replace(b'"at":0', b'"at":1', 1),
            "cut": data[: len(lines[0]) + 10],
            "swap": b"".join(reversed(lines)),
            "other": files_of(other)[0].read_bytes(),
        }
        file.write_bytes(changed[damage])
        wrong = []
        for seq in range(len(lines)):
            try:
                assert entries[seq] == history.entry(seq)
            except LedgerCorrupt:
                wrong.append(seq)
        with pytest.raises(LedgerCorrupt):
            history.range(0, len(entries))

        every = list(range(len(lines)))
        assert {"flip": [0], "cut": every[1:]}.get(damage, every) == wrong
        assert entries[len(lines) :] == history.range(len(lines), len(entries) - len(lines))


def test_no_file_that_was_read_stays_open(tmp_path: Path) -> None:
    """However many files a ledger has, reading holds none of them; closing twice does no harm."""
    entries = written(tmp_path, EIGHT)
    before = open_files()
    history = opened(tmp_path)
    assert entries == history.range(0, len(entries))

    assert before == open_files()
    history.close()
    history.close()
    assert entries[-1] == history.entry(len(entries) - 1)
