"""What was found in a ledger, kept: believed where it is bound to the bytes, and never beyond."""

from __future__ import annotations

import hmac
import shutil
import struct
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.ledger.index import KIND_NAMES
from converge_desktop.adapters.ledger.ledger_file import LedgerFile
from converge_desktop.adapters.ledger.snapshots import VERSION
from tests.adapters.ledgers import (
    EIGHT,
    SHAPES,
    SIZES,
    batches_of,
    believed,
    files_of,
    kept,
    ledger_of,
    names,
    opened,
    reader_of,
    snapshots_of,
    withdrawn,
    written,
)
from tests.adapters.test_ledger_index import columns

pytestmark = pytest.mark.usefixtures("no_waiting")

MAGIC, WORD, SEAL = b"converge snapshot\n", 8, 32


def read_with(place: Path) -> int:
    """Opens a ledger with its snapshots; returns how many records were read for that."""
    history = LedgerHistory(ledger_of(place), reader_of(place))
    return sum(len(batch.entries) for batch in history.unread())


def firsts(place: Path) -> list[int]:
    """Returns the numbers of the files' first records, and how many there are in all."""
    return [int(file.stem) for file in files_of(place)] + [opened(place).index.count]


# Written and believed.


@settings(max_examples=25)
@given(SHAPES, SIZES, st.integers(0, 12))
def test_what_was_kept_is_what_was_found(
    tmp_path_factory: pytest.TempPathFactory, shape: list[list[str]], size: int, then: int
) -> None:
    """Columns, runs, tree and end come back as reading gives them; and grow from there."""
    place, batches = tmp_path_factory.mktemp("kept"), batches_of(shape)
    written(place, batches[:then], size, keep=True)
    entries = written(place, batches[then:], size, keep=True)
    known, read = LedgerHistory(ledger_of(place), reader_of(place)), opened(place)

    assert (len(entries), read.end) == (known.index.count, known.end)
    assert columns(read.index) == columns(known.index)
    assert [] == list(known.unread())
    assert read.frontier_now() == known.frontier == known.frontier_now()
    entries = written(place, batches, size)
    grown = opened(place, reader_of(place))
    assert columns(opened(place).index) == columns(grown.index)
    assert entries == grown.range(0, len(entries))


def test_notes_of_runs_come_back_with_the_file_that_holds_the_run(place: Path) -> None:
    """As they were given, byte for byte; none of runs that are not in it."""
    history = opened(place, snapshots_of(place))
    history.notes.update({"a": b'{"n":1}', "elsewhere": b"2"})
    with closing(LedgerFile(ledger_of(place), 1500, history=history)) as ledger:
        ledger.append([withdrawn("a")], 0)
        history.save()

    assert {"a": b'{"n":1}'} == LedgerHistory(ledger_of(place), reader_of(place)).notes


def test_only_what_is_new_is_read(place: Path) -> None:
    """Records behind the last snapshot, and no others."""
    assert 0 == read_with(place)
    written(place, EIGHT[:3])

    assert sum(map(len, EIGHT[:3])) == read_with(place)


def test_a_file_that_is_full_is_noted_once(place: Path) -> None:
    """Keeping what is new costs the last file's columns, however long the ledger has become."""
    sealed = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in kept(place)[:-1]}
    for number in range(3):
        written(place, [[withdrawn("b", "z" * 400)] for _ in range(number + 1)], keep=True)

    assert sealed == {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in sealed}
    assert len(files_of(place)) == len(kept(place)) > len(sealed) + 1
    assert firsts(place)[-1] == believed(place)


def test_each_part_is_kept_as_its_file_is_left(tmp_path: Path) -> None:
    """Though nobody asks for it: a desk that is killed has lost the last file's at most."""
    (tmp_path / "ledger").mkdir()
    history = opened(tmp_path, snapshots_of(tmp_path))
    with closing(LedgerFile(ledger_of(tmp_path), 1500, history=history)) as ledger:
        for events in EIGHT:
            ledger.append(events, 0)
            full = [int(file.stem) for file in files_of(tmp_path)][-1]
            assert full == believed(tmp_path)
            assert ledger.seq + 1 == len(history.range(0, history.index.count))


def test_reading_writes_nothing(place: Path) -> None:
    """Nor a key, where there is none, and nothing about what was read."""
    written(place, EIGHT[:2])
    (place / "snapshots.key").unlink()
    before = {path: path.stat() for path in place.rglob("*")}
    with closing(opened(place, reader_of(place))) as history:
        history.save()

    unread = ("st_mtime_ns", "st_ctime_ns", "st_size", "st_ino")
    after = {path: path.stat() for path in place.rglob("*")}
    assert set(before) == set(after)
    for name in unread:
        assert {path: getattr(stat, name) for path, stat in before.items()} == {
            path: getattr(stat, name) for path, stat in after.items()
        }


def test_a_ledger_needs_no_snapshots(place: Path) -> None:
    """Copied without them it says the same; they lie apart from it, and their loss costs time."""
    copy = place.with_name("copy")
    shutil.copytree(ledger_of(place), ledger_of(copy))
    assert ["ledger", "snapshots", "snapshots.key"] == names(place)
    assert all(file.suffix == ".jsonl" for file in ledger_of(copy).iterdir())
    expected = columns(opened(place, reader_of(place)).index)

    snapshots_of(place).remove_all()
    assert [] == names(place / "snapshots")
    assert 0 == believed(place)
    assert expected == columns(opened(place, reader_of(place)).index)
    assert expected == columns(opened(copy, reader_of(copy)).index)


# Tampered with.


def parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Takes a snapshot apart: what opens it, and its columns."""
    (length,) = struct.unpack_from("<Q", data, len(MAGIC))
    begin = len(MAGIC) + WORD
    return msgspec.json.decode(data[begin : begin + length]), data[begin + length : -SEAL]


def put_together(head: dict[str, Any], columns: bytes, key: bytes) -> bytes:
    """Makes a snapshot of parts, sealed with a key."""
    opening = msgspec.json.encode(head)
    opening += b" " * (-len(MAGIC + opening + bytes(WORD)) % WORD)
    data = b"".join((MAGIC, struct.pack("<Q", len(opening)), opening, columns))
    return data + hmac.digest(key, data, "sha256")


def key_of(place: Path) -> bytes:
    return (place / "snapshots.key").read_bytes()


HEAD: dict[str, Any] = {
    "version": VERSION + 1,
    "file": "000000000099.jsonl",
    "size": 17,
    "sha256": "0" * 64,
    "first": 7,
    "count": 1,
    "before": "1" * 64,
    "end": "2" * 64,
    "tree": 1,
    "peaks": ["3" * 64],
    "kinds": [*KIND_NAMES[1:], "gate_guessed"],
    "runs": ["mallory", "b"],
    "spans": 0,
    "notes": {"a": {"outcome": "forged"}},
    "unknown": 1,
}
"""What somebody might have a snapshot say instead."""


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("name", HEAD)
def test_no_field_of_it_can_be_changed(place: Path, name: str, number: int) -> None:
    """Without the key: it is as good as none, and so are those that build on it."""
    expected, path = columns(opened(place).index), kept(place)[number]
    head, rest = parts(path.read_bytes())
    assert put_together(head, rest, key_of(place)) == path.read_bytes()
    assert name not in head or head[name] != HEAD[name]
    path.write_bytes(put_together({**head, name: HEAD[name]}, rest, b"guess" * 7))

    assert firsts(place)[number] == believed(place)
    history = opened(place, reader_of(place))
    assert (expected, {}) == (columns(history.index), history.notes)


@pytest.mark.parametrize("number", [0, 1])
def test_no_byte_of_it_can_be_changed(place: Path, number: int) -> None:
    """Neither of what opens it, nor of a column, nor of the seal; nor can bytes be taken away."""
    path, expected = kept(place)[number], firsts(place)[number]
    whole = path.read_bytes()
    for position in range(0, len(whole), 5):
        changed = bytearray(whole)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        assert (position, expected) == (position, believed(place))
    for left in (b"", whole[:-1], whole[:40], whole[:-SEAL], whole + b"\0", bytes(len(whole))):
        path.write_bytes(left)
        assert expected == believed(place)
    path.write_bytes(whole)
    assert firsts(place)[-1] == believed(place)


@pytest.mark.parametrize("name", ["version", "kinds", "unknown"])
def test_one_that_this_program_would_read_wrongly_is_not_read(place: Path, name: str) -> None:
    """Another version, kinds under other numbers, fields it does not know: sealed or not."""
    path = kept(place)[1]
    head, rest = parts(path.read_bytes())
    path.write_bytes(put_together({**head, name: HEAD[name]}, rest, key_of(place)))

    assert firsts(place)[1] == believed(place)


@pytest.mark.parametrize("name", ["size", "sha256", "before", "file"])
def test_one_that_is_bound_to_other_bytes_is_not_believed(place: Path, name: str) -> None:
    """Though it is sealed, as one of another time would be."""
    path = kept(place)[1]
    head, rest = parts(path.read_bytes())
    path.write_bytes(put_together({**head, name: HEAD[name]}, rest, key_of(place)))

    assert firsts(place)[1] == believed(place)


@pytest.mark.parametrize("key", [None, b"", b"short", bytes(32), bytes(33)])
def test_without_the_key_nothing_is_believed(place: Path, key: bytes | None) -> None:
    """Missing, cut short, or another one: everything is read, and it is the same."""
    expected = columns(opened(place).index)
    path = place / "snapshots.key"
    path.unlink()
    if key is not None:
        path.write_bytes(key)

    assert 0 == believed(place)
    assert expected == columns(opened(place, reader_of(place)).index)


def test_a_key_that_was_lost_is_made_anew(place: Path) -> None:
    """With it, snapshots: what the lost one had sealed is written over, part by part."""
    (place / "snapshots.key").unlink()
    history = opened(place, snapshots_of(place))
    history.save()

    assert (32, 0o600) == (len(key_of(place)), (place / "snapshots.key").stat().st_mode & 0o777)
    assert firsts(place)[-1] == believed(place)


@pytest.mark.parametrize("key", [b"", b"short", bytes(33)])
def test_a_key_that_is_none_seals_nothing(place: Path, key: bytes) -> None:
    """What is sealed with a key of another length, which somebody may guess, is nobody's word."""
    (place / "snapshots.key").write_bytes(key)
    path = kept(place)[0]
    head, rest = parts(path.read_bytes())
    path.write_bytes(put_together(head, rest, key))

    assert 0 == believed(place)


def test_an_older_one_of_the_same_file_is_gone_on_from(tmp_path: Path) -> None:
    """It says less, and nothing wrong."""
    written(tmp_path, EIGHT[:2], 1 << 20, keep=True)
    older = kept(tmp_path)[0].read_bytes()
    written(tmp_path, EIGHT[2:], 1 << 20, keep=True)
    kept(tmp_path)[0].write_bytes(older)

    assert sum(map(len, EIGHT[:2])) == believed(tmp_path)
    assert columns(opened(tmp_path).index) == columns(opened(tmp_path, reader_of(tmp_path)).index)
