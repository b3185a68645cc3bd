"""The index over model calls follows the ledger, and is made anew where it does not fit it."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.events import TraceRecorded
from converge_core.ledger import Entry
from converge_core.review import ActKind
from converge_core.run_state import DeskState
from converge_core.state import fold
from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.adapters.traces.pages import IndexDamaged, unpacked
from converge_desktop.adapters.traces.searching import holding
from converge_desktop.runtime import trace_index
from converge_desktop.runtime.trace_index import FOLDER, TraceIndex
from converge_desktop.runtime.trace_rows import gate_key
from tests.core.golden_story import LEDGER
from tests.runtime.trace_kit import (
    SPECS,
    Spec,
    calls,
    filled,
    index_of,
    opened,
    shown,
    written,
)

SOME = [Spec(run=1 + n % 3, headline=f"answer {n % 4}", prompt=n * 7) for n in range(11)]


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Blocks of four calls, written every three, from steps of two."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(trace_index, "BLOCK", 4)
        patched.setattr(trace_index, "KEEP_EVERY", 3)
        patched.setattr(trace_index, "STEP", 2)
        patched.setattr("os.fsync", lambda fd: None)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of eleven calls and its index, in three blocks, that nobody changes."""
    place = tmp_path_factory.mktemp("whole")
    written(place, SOME)
    index_of(place)
    assert 3 == len(blocks(place))
    return place


@pytest.fixture
def place(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    shutil.copytree(whole, tmp_path / "place")
    return tmp_path / "place"


def blocks(place: Path) -> list[Path]:
    return sorted((place / FOLDER).glob("*.block"))


def anew(place: Path) -> list[tuple[object, ...]]:
    """Returns what an index shows that is made of the ledger alone."""
    return shown(index_of(place / "..", opened(place), keep=False))


def remembered(place: Path) -> int:
    """Returns up to which record the index is believed as it lies there."""
    return index_of(place, fill=False, keep=False).view.as_of


@given(specs=st.lists(SPECS, max_size=12), cut=st.integers(0, 12))
def test_it_says_what_the_ledger_says(
    tmp_path_factory: pytest.TempPathFactory, specs: list[Spec], cut: int
) -> None:
    """Whether it followed at once, bit by bit, or was closed in between and opened again."""
    place = tmp_path_factory.mktemp("ledger")
    written(place, specs[:cut])
    index = index_of(place)
    written(place, specs[cut:])
    ledger = opened(place)
    grown = TraceIndex(place / FOLDER, lambda: ledger, index._read)
    grown.load(ledger.index.count - 1)
    filled(grown, ledger)
    again = index_of(place, fill=False)
    assert shown(grown) == shown(again)
    filled(again, ledger)

    expected = [
        (entry.head.seq, entry.head.at, trace.run, trace.call.step, trace.call.headline.casefold())
        for entry, trace in calls(read_ledger(place / "ledger"))
    ]
    found = [
        (numbers[0], numbers[1], words[0], words[3], said[0])
        for numbers, words, said in shown(grown)
    ]
    assert expected == found
    assert shown(grown) == shown(again)
    assert ledger.index.count - 1 == grown.view.as_of == again.view.as_of


def test_a_table_that_was_taken_stays_as_it_is(place: Path) -> None:
    """Whoever looks at it is not disturbed by what is added meanwhile."""
    index = index_of(place)
    before, view = shown(index), index.view
    written(place, SOME * 200)
    ledger = opened(place)
    filled(TraceIndex(place / FOLDER, lambda: ledger, index._read), ledger)
    index._ledger = lambda: ledger
    filled(index, ledger)
    later = index.view
    index.view = view

    assert before == shown(index)
    assert 11 * 201 == later.traces.count


def test_it_is_believed_as_it_lies_there(place: Path) -> None:
    """No record is read again that it covers."""
    ledger = opened(place)
    ledger._read = _nothing_is_read  # type: ignore[method-assign]

    index = index_of(place, ledger, fill=False)

    assert ledger.index.count - 1 == index.view.as_of
    assert anew(place) == shown(index)


def _nothing_is_read(*_: object) -> list[object]:
    raise AssertionError("a record was read")


def test_it_goes_on_where_it_was_left(place: Path) -> None:
    """Behind: what is new is read, and nothing else."""
    before = remembered(place)
    entries = written(place, SOME[:3])
    ledger = opened(place)
    asked: list[int] = []
    really = ledger.range

    def noted(first: int, count: int) -> list[Entry]:
        asked.extend(range(first, first + count))
        return really(first, count)

    ledger.range = noted  # type: ignore[method-assign]

    index = index_of(place, ledger)

    assert anew(place) == shown(index)
    every = {entry.head.seq for entry, _ in calls(entries)}
    assert {seq for seq in every if seq > before} == every & set(asked)


@given(data=st.data())
def test_a_changed_byte_is_not_believed(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Wherever it lies: that block and those behind it are read from the ledger again."""
    place = tmp_path_factory.mktemp("damaged") / "place"
    shutil.copytree(whole, place)
    number = data.draw(st.integers(0, 2))
    path = blocks(place)[number]
    raw = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(raw)
    first = int(path.stem)

    assert first - 1 == remembered(place)
    assert anew(whole) == shown(index_of(place))
    assert anew(whole) == shown(index_of(place, fill=False))


@given(data=st.data())
def test_a_block_that_was_cut_is_not_believed(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Nor one that grew, or is gone."""
    place = tmp_path_factory.mktemp("cut") / "place"
    shutil.copytree(whole, place)
    path = blocks(place)[data.draw(st.integers(0, 2))]
    raw = path.read_bytes()
    match data.draw(st.sampled_from(["cut", "grown", "gone"])):
        case "cut":
            path.write_bytes(raw[: data.draw(st.integers(0, len(raw) - 1))])
        case "grown":
            path.write_bytes(raw + b"x")
        case _:
            path.unlink()

    assert int(path.stem) - 1 == remembered(place)
    assert anew(whole) == shown(index_of(place))


def test_one_of_another_ledger_is_not_believed(place: Path, tmp_path: Path) -> None:
    """Though all of its bytes are as they were written."""
    other = tmp_path / "other"
    written(other, SOME, desk="another desk")
    shutil.copytree(place / FOLDER, other / FOLDER)

    assert -1 == remembered(other)
    index_of(other)
    assert anew(other) == shown(index_of(other, fill=False))


def test_one_ahead_of_the_ledger_is_not_believed(place: Path, tmp_path: Path) -> None:
    """As where an older copy of the ledger was put in its place: what fits is kept."""
    older = tmp_path / "older"
    [file] = (place / "ledger").glob("*.jsonl")
    lines = file.read_bytes().splitlines(keepends=True)
    (older / "ledger").mkdir(parents=True)
    ends = [n for n, line in enumerate(lines, 1) if b'"close":true' in line]
    (older / "ledger" / file.name).write_bytes(b"".join(lines[: ends[7]]))
    shutil.copytree(place / FOLDER, older / FOLDER)

    assert 0 < remembered(older) < ends[7]
    assert anew(older) == shown(index_of(older))
    assert ends[7] - 1 == remembered(older)


def test_one_of_another_version_is_not_believed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one with other columns."""
    monkeypatch.setattr("converge_desktop.adapters.traces.blocks.VERSION", 99)
    assert -1 == remembered(place)
    monkeypatch.undo()
    changed = {**trace_index.LAYOUTS, "gates": trace_index.TRACES}
    monkeypatch.setattr(trace_index, "LAYOUTS", changed)
    assert -1 == remembered(place)


def test_one_of_an_older_version_is_made_again(place: Path) -> None:
    """As the first one wrote it, with its texts in one piece: none of it is left behind."""
    for path in blocks(place):
        length = struct.unpack("<QII", path.read_bytes()[16:32])[0]
        head = msgspec.json.decode(path.read_bytes()[32 : 32 + length])
        del head["texts"]
        head |= {"version": 1, "text_size": 3, "text_check": crc32(b"abc")}
        spelled = msgspec.json.encode(head)
        opening = struct.pack("<QII", len(spelled), crc32(spelled), crc32(b""))
        path.write_bytes(b"converge traces\n" + opening + spelled + b"abc")
    older = {path: path.read_bytes() for path in blocks(place)}

    assert -1 == remembered(place)
    assert anew(place) == shown(index_of(place))
    assert anew(place) == shown(index_of(place, fill=False))
    assert not older.items() & {path: path.read_bytes() for path in blocks(place)}.items()


def test_it_can_be_deleted_at_any_time(place: Path) -> None:
    """While it is in use, too: numbers stay, texts are said to be damaged, and it comes back."""
    index = index_of(place)
    before = shown(index)
    shutil.rmtree(place / FOLDER)

    with pytest.raises(IndexDamaged):
        shown(index)
    index.discard()
    filled(index, opened(place))
    assert before == shown(index)
    assert before == shown(index_of(place, fill=False))


def test_a_text_that_is_changed_meanwhile_is_not_searched(place: Path) -> None:
    """The index was whole when it was opened; who writes to it later is noticed."""
    index = index_of(place)
    path = blocks(place)[0]
    raw = bytearray(path.read_bytes())
    raw[index.view.texts[0].columns["headline"].pages[0].begin] ^= 1  # type: ignore[union-attr]
    later = path.stat().st_mtime_ns + 1
    path.write_bytes(raw)
    os.utime(path, ns=(later, later))

    with pytest.raises(IndexDamaged, match="was changed"):
        holding(index.view.texts[:1], "answer", ("headline",))


def test_texts_that_end_whoever_reads_them_are_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library gives up on some bytes by a panic, which is no usual exception."""

    def panic(*_: object, **__: object) -> None:
        raise pl.exceptions.PanicException("called `Result::unwrap()` on an `Err` value")

    monkeypatch.setattr(pl, "read_parquet", panic)

    with pytest.raises(IndexDamaged, match="cannot be read"):
        unpacked([b""])


def test_a_full_disk_costs_nothing_but_time(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written stays in memory; the next start reads it again."""
    shutil.rmtree(place / FOLDER)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(trace_index, "write_block", full)
    index = index_of(place)

    assert anew(place) == shown(index)
    assert -1 == remembered(place)


def test_looking_writes_nothing(place: Path) -> None:
    """An index that is behind is read on in memory, and left as it lies there."""
    written(place, SOME)
    before = {path.name: path.read_bytes() for path in blocks(place)}

    assert anew(place) == shown(index_of(place, keep=False))
    assert before == {path.name: path.read_bytes() for path in blocks(place)}


def test_a_text_that_was_forgotten_is_empty(place: Path) -> None:
    """The call is still found by all that its record says."""
    written(place, [Spec(output="long " * 400)])
    shutil.rmtree(place / "texts")
    index = index_of(place)

    assert ("an answer", "", "") == shown(index)[-1][2]


def test_texts_are_searched_without_reading_more_than_asked(place: Path) -> None:
    """A star stands for whatever is there, over lines too; without words everything fits."""
    written(place, [Spec(output="one\ntwo. three")])
    *_, texts = (one for one in index_of(place).view.texts if one.count)

    def found(words: str) -> bool:
        return bool(holding([texts], words, ("output",))[0][-1])

    assert found("ONE*three")
    assert found("*")
    assert found("two. t")
    assert not found("two* one")
    assert not found("twox three")


def test_gates_end_in_the_index_as_they_do_in_the_fold(tmp_path: Path) -> None:
    """Of a story in which everything happens: votes, undoing, escalating, silence, withdrawal."""
    (tmp_path / "ledger").mkdir()
    shutil.copy(LEDGER, tmp_path / "ledger" / "000000000000.jsonl")
    desk = DeskState()
    for entry in read_ledger(tmp_path / "ledger"):
        assert entry.event is not None
        desk = fold(desk, entry.event, entry.head.at, entry.head.seq)
    gates = {name: gate for run in desk.runs.values() for name, gate in run.gates.items()}
    table = index_of(tmp_path).view.gates
    assert len(gates) > 5

    for name, gate in gates.items():
        rows = np.flatnonzero(table["gate"] == gate_key(name))
        whats = [table.word("what", row) for row in rows]
        undone = sum(act.act is ActKind.UNDO for act in gate.acts)
        assert "opened" == whats[0]
        assert (gate.end or "") == table.word("end", rows[-1])
        assert undone == whats.count("undo")
        assert gate.request.agent == table.word("agent", rows[0])


def test_a_gate_is_known_though_it_was_opened_before_the_index(tmp_path: Path) -> None:
    """The same, where the index is closed and opened again after every record."""
    (tmp_path / "ledger").mkdir()
    shutil.copy(LEDGER, tmp_path / "ledger" / "000000000000.jsonl")
    ledger = LedgerHistory(tmp_path / "ledger").read_all()
    for last in range(ledger.index.count):
        index = TraceIndex(tmp_path / FOLDER, lambda: ledger, lambda ref: "")
        index.load(last)
        for _ in index.advance(last):
            pass
        index.keep()
    whole = index_of(tmp_path / "..", ledger, keep=False)

    words = [
        [[table.word(name, row) for name in table.words] for row in range(table.count)]
        for table in (index.view.gates, whole.view.gates)
    ]
    assert words[0] == words[1]
    assert any(isinstance(entry.event, TraceRecorded) for entry in read_ledger(ledger.directory))
