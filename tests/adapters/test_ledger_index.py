"""Where everything lies in a ledger, held against reading all of it."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converge_core.ledger import Chain, Entry
from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.ledger.index import KIND_NAMES, LedgerIndex, Span
from converge_desktop.adapters.ledger.ledger_file import LedgerFile
from tests.adapters.ledgers import (
    EIGHT,
    SHAPES,
    SIZES,
    batches_of,
    files_of,
    opened,
    reader_of,
    written,
)

pytestmark = pytest.mark.usefixtures("no_waiting")

LAWS = settings(max_examples=25)


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[list[Entry], list[LedgerHistory], Path]:
    """Draws a ledger; as it is read whole, with its snapshots, and with those of a part of it."""
    place = Path(tempfile.mkdtemp())
    batches, size = batches_of(draw(SHAPES)), draw(SIZES)
    kept = draw(st.integers(0, len(batches)))
    written(place, batches[:kept], size, keep=True)
    entries = written(place, batches[kept:], size)
    return entries, [opened(place), opened(place, reader_of(place))], place


def spans_of(entries: list[Entry], run: str, before: int) -> list[Span]:
    """Returns the stretches of a run's records, by looking at each record."""
    found: list[Span] = []
    for seq in [one.head.seq for one in entries[:before] if one.head.run == run]:
        if found and sum(found[-1]) == seq:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((seq, 1))
    return found


@LAWS
@given(ledgers(), st.data())
def test_every_column_is_what_the_records_say(
    drawn: tuple[list[Entry], list[LedgerHistory], Path], data: st.DataObject
) -> None:
    """Kinds, hashes, files and the end, for all records and from any place on."""
    entries, histories, place = drawn
    first = data.draw(st.integers(0, len(entries)))
    for index in (history.index for history in histories):
        assert [one.head.kind for one in entries] == [index.kind(n) for n in range(len(entries))]
        assert [one.hash for one in entries] == [index.hash(n) for n in range(len(entries))]
        assert [one.hash for one in entries[first:]] == [one.hex() for one in index.hashes(first)]
        assert (len(entries), entries[-1].hash) == (index.count, index.end.hash)
        assert len(entries) - 1 == index.end.seq
        for seq in range(len(entries)):
            assert begins_at(place, index, seq) == entries[seq].hash


def begins_at(place: Path, index: LedgerIndex, seq: int) -> str:
    """Returns the hash in the line that begins where the index says that a record does."""
    part = index.part_of(seq)
    data = files_of(place)[part.file].read_bytes()
    line = data[part.offsets[seq - part.first] :].splitlines()[0].decode()
    return line.rpartition(',"hash":"')[2][:64]


@LAWS
@given(ledgers(), st.data())
def test_the_spans_of_a_run_are_its_records_below_any_number(
    drawn: tuple[list[Entry], list[LedgerHistory], Path], data: st.DataObject
) -> None:
    """Of the desk, of each run, and of one that never was; each stretch as long as it can be."""
    entries, histories, _ = drawn
    before = data.draw(st.integers(0, len(entries) + 2))
    for index in (history.index for history in histories):
        for run in ("", "a", "b", "run-0003", "nobody"):
            assert spans_of(entries, run, before) == list(index.spans(run, before))
            assert spans_of(entries, run, len(entries)) == list(index.spans(run))


@LAWS
@given(ledgers(), st.data())
def test_records_are_found_by_kind(
    drawn: tuple[list[Entry], list[LedgerHistory], Path], data: st.DataObject
) -> None:
    """Of one kind or several, in order, below any number."""
    entries, histories, _ = drawn
    kinds = data.draw(
        st.sets(
            st.sampled_from(["desk_opened", "cycle_started", "gate_withdrawn", "run_paused"]),
            min_size=1,
        )
    )
    before = data.draw(st.integers(0, len(entries) + 2))
    of_kinds = [one.head.seq for one in entries if one.head.kind in kinds]
    for index in (history.index for history in histories):
        assert of_kinds == list(index.of_kinds(kinds))
        assert [seq for seq in of_kinds if seq < before] == list(index.of_kinds(kinds, before))


def test_every_kind_there_is_can_be_looked_for() -> None:
    """Also those whose code is a character with a meaning where bytes are searched."""
    index = LedgerIndex()

    assert [[]] * len(KIND_NAMES) == [list(index.of_kinds((kind,))) for kind in KIND_NAMES]


def test_an_empty_ledger_has_an_end_and_nothing_in_it(tmp_path: Path) -> None:
    """The next record is the first one, behind what every ledger begins with."""
    index = opened(tmp_path).index

    assert (0, Chain(), Chain().hash) == (index.count, index.end, index.hash(-1))
    assert ([], [], []) == (
        list(index.hashes()),
        list(index.spans("a")),
        list(index.of_kinds(KIND_NAMES)),
    )


def test_what_is_written_is_indexed_as_what_is_read(tmp_path: Path) -> None:
    """A desk that writes knows where everything lies without reading it."""
    (tmp_path / "ledger").mkdir()
    history = opened(tmp_path)
    with closing(LedgerFile(tmp_path / "ledger", 1500, history=history)) as ledger:
        for events in EIGHT:
            ledger.append(events, 0)
    read = opened(tmp_path)

    assert columns(read.index) == columns(history.index)
    assert 3 <= len(read.index.parts)


def columns(index: LedgerIndex) -> object:
    parts = [
        (one.file, one.chain, list(one.offsets), bytes(one.kinds), bytes(one.hashes), one.size)
        for one in index.parts
    ]
    runs: defaultdict[str, list[int]] = defaultdict(list)
    for run, found in index.runs.items():
        runs[run] += found
    return parts, dict(runs)
