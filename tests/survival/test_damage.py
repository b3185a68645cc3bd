"""Bit rot, torn tails and mixed-up files: refused with the first bad record, or set aside.

With a report, then; never accepted, and never silently shortened.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from converge_core.errors import LedgerCorrupt
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.runtime.journal import Journal
from converge_desktop.runtime.verifying import verify_ledger
from tests.survival.power import image_of
from tests.survival.small_ledger import (
    hashes,
    opened,
    segments,
    swap,
    written,
)
from tests.survival.story import NOON, Teller


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # thousands of them take their time


# A torn end.


def test_a_ledger_torn_at_any_byte_of_its_last_two_batches_keeps_every_closed_one(
    tmp_path: Path,
) -> None:
    """What is behind the last close is moved aside, byte for byte, with a report; once."""
    ledger = written(tmp_path, segment_bytes=1 << 20)
    [segment] = segments(ledger)
    data = segment.read_bytes()
    ends = [0]
    records = []
    size = 0
    for entry, line in zip(read_ledger(ledger), data.splitlines(keepends=True), strict=True):
        records.append(entry.hash)
        size += len(line)
        if entry.head.close:
            ends.append(size)
    for length in range(ends[-3], ends[-1] + 1):
        segment.write_bytes(data[:length])
        good = max(end for end in ends if end <= length)
        kept, aside = opened(ledger)

        assert records[: data[:good].count(b"\n")] == kept
        assert (length - good, length == good) == (aside.size if aside else 0, aside is None)
        assert data[:good] == segment.read_bytes()
        if aside:
            assert data[good:length] == aside.path.read_bytes()
            aside.path.unlink()


def test_a_journal_opens_over_a_torn_end_and_says_so(tmp_path: Path) -> None:
    """At places all over the last two batches: the state is that of the closed ones."""
    ledger = written(tmp_path / "whole", segment_bytes=1 << 20)
    [segment] = segments(ledger)
    data = segment.read_bytes()
    for length in range(len(data) - 1, len(data) - 1200, -97):
        data_dir = tmp_path / f"cut at {length}"
        (data_dir / "ledger").mkdir(parents=True)
        (data_dir / "ledger" / segment.name).write_bytes(data[:length])
        with closing(Journal(data_dir, lambda: NOON)) as journal:
            assert journal.set_aside is not None
            assert journal.seq == journal.state.seq == len(hashes(data_dir / "ledger")) - 1
            assert "Everything that was acknowledged is there" in journal.set_aside.words()


# Flipped bits.


def flips(ledger: Path, every: int, bits: Callable[[int], range]) -> Iterator[tuple[int, str]]:
    """Flips bits of a ledger, one at a time; yields the record each is in, and where it is."""
    seq = -1
    for segment in segments(ledger):
        data = segment.read_bytes()
        starts = [0, *(n + 1 for n, byte in enumerate(data) if byte == 0x0A)]
        place = 0
        for position in range(len(data)):
            if position == starts[place]:
                seq, place = seq + 1, place + 1
            if position % every and data[position] != 0x0A:
                continue
            for bit in bits(position):
                damaged = bytearray(data)
                damaged[position] ^= 1 << bit
                segment.write_bytes(damaged)
                yield seq, f"{segment.name}, byte {position}, bit {bit}"
        segment.write_bytes(data)


def one_bit(position: int) -> range:
    return range(position % 8, position % 8 + 1)


def all_bits(position: int) -> range:
    return range(8)


@pytest.mark.parametrize(("every", "bits"), [(1, one_bit), (29, all_bits)])
def test_a_flipped_bit_anywhere_is_refused_with_the_first_bad_record(
    tmp_path: Path, every: int, bits: Callable[[int], range]
) -> None:
    """Also in the last newline of all, which would make an acknowledged batch look unfinished."""
    ledger = written(tmp_path)
    accepted = []
    for seq, where in flips(ledger, every, bits):
        try:
            hashes(ledger)
        except LedgerCorrupt as error:
            if error.seq != seq:
                accepted.append(f"{where}: blamed record {error.seq} for what is wrong with {seq}")
        else:
            accepted.append(f"{where}, in record {seq}")

    assert [] == accepted
    assert 3 <= len(segments(ledger))


@pytest.mark.parametrize("snapshots", [False, True], ids=["", "with snapshots"])
def test_verify_and_the_journal_refuse_what_the_ledger_refuses(
    tmp_path: Path, snapshots: bool
) -> None:
    """The same first bad record, no journal over it, and not a byte of it changed."""
    ledger = written(tmp_path)
    if snapshots:
        Journal(tmp_path, lambda: NOON).close()
    for seq, where in flips(ledger, 101, one_bit):
        before = image_of(ledger)
        assert (where, seq) == (where, verify_ledger(ledger).bad_seq)
        with pytest.raises(LedgerCorrupt) as refused:
            Journal(tmp_path, lambda: NOON)
        assert (where, seq) == (where, refused.value.seq)
        assert before == image_of(ledger)


# Snapshots.


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A story over several files of the ledger, each with its snapshot."""
    data_dir = tmp_path_factory.mktemp("kept")
    Teller(data_dir).tell()
    return data_dir


def snapshots(data_dir: Path) -> list[Path]:
    found = sorted(path for path in (data_dir / "snapshots").iterdir() if path.is_file())
    return [*found, data_dir / "keys" / "snapshots.key"]


def test_a_damaged_snapshot_is_never_believed(kept: Path, tmp_path: Path) -> None:
    """A flipped bit anywhere in one, or one cut short: the same state, from the ledger itself."""
    data_dir = tmp_path / "data"
    shutil.copytree(kept, data_dir)
    expected = state_of(data_dir)
    for path in snapshots(data_dir):
        whole = path.read_bytes()
        for position in range(0, len(whole), max(1, len(whole) // 25)):
            flipped = bytearray(whole)
            flipped[position] ^= 1 << position % 8
            for data in (bytes(flipped), whole[:position]):
                path.write_bytes(data)
                assert expected == state_of(data_dir), f"{path.name}, byte {position}"
        path.write_bytes(whole)


def test_snapshots_that_are_mixed_up_are_never_believed(kept: Path, tmp_path: Path) -> None:
    """Swapped, doubled, missing, or of another desk: the same state, from the ledger itself."""
    data_dir, other = tmp_path / "data", tmp_path / "other"
    shutil.copytree(kept, data_dir)
    Teller(other).tell()
    expected = state_of(data_dir)
    first, second, *_ = sorted((data_dir / "snapshots").glob("*.snapshot"))
    for mixed in (
        lambda: swap(first, second),
        lambda: shutil.copy(first, second),
        first.unlink,
        lambda: shutil.copy(other / "snapshots" / second.name, second),
        lambda: shutil.rmtree(data_dir / "snapshots"),
    ):
        mixed()
        assert expected == state_of(data_dir)


def state_of(data_dir: Path) -> tuple[int, str, list[str]]:
    """Opens a journal as it stands, without writing; returns what it comes to."""
    own = data_dir.with_name("opened")
    shutil.rmtree(own, ignore_errors=True)
    shutil.copytree(data_dir, own)
    with closing(Journal(own, lambda: NOON)) as journal:
        return journal.seq, journal.state.desk, sorted(journal.state.operators)


@pytest.mark.parametrize("snapshots", [False, True], ids=["", "with snapshots"])
def test_a_ledger_whose_last_file_is_gone(tmp_path: Path, snapshots: bool) -> None:
    """What a desk once knew to be there it misses; otherwise only a checkpoint kept outside can."""
    ledger = written(tmp_path)
    if snapshots:
        Journal(tmp_path, lambda: NOON).close()
    segments(ledger)[-1].unlink()
    left = len(hashes(ledger))
    if not snapshots:
        with closing(Journal(tmp_path, lambda: NOON)) as journal:
            assert left == journal.seq + 1
        return
    with pytest.raises(LedgerCorrupt, match="shortened") as refused:
        Journal(tmp_path, lambda: NOON)
    assert left == refused.value.seq


def test_an_acknowledged_end_that_is_cut_off_is_missed(tmp_path: Path) -> None:
    """A desk that noted its last batch refuses a ledger that ends before it; none is set aside."""
    ledger = written(tmp_path)
    Journal(tmp_path, lambda: NOON).close()
    last = segments(ledger)[-1]
    data = last.read_bytes()
    for length in range(len(data) - 1, len(data) // 2, -61):
        last.write_bytes(data[:length])
        with pytest.raises(LedgerCorrupt):
            Journal(tmp_path, lambda: NOON)
        assert data[:length] == last.read_bytes()


def test_damage_in_an_unfinished_end_brings_nothing_of_it_in(tmp_path: Path) -> None:
    """Nothing of it was acknowledged: set aside or refused, but never read as true."""
    ledger = written(tmp_path, segment_bytes=1 << 20)
    [segment] = segments(ledger)
    lines = segment.read_bytes().splitlines(keepends=True)
    closed, unfinished = b"".join(lines[:-2]), lines[-2]
    good = [entry.hash for entry in read_ledger(ledger)][:-2]
    for position in range(0, len(unfinished), 5):
        damaged = bytearray(unfinished)
        damaged[position] ^= 1 << position % 8
        segment.write_bytes(closed + damaged)
        try:
            kept, aside = opened(ledger)
        except LedgerCorrupt:
            continue
        assert good == kept
        assert aside is not None
        aside.path.unlink()
