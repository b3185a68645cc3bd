"""That a ledger lacks what this desk wrote is noticed; that a snapshot could not be kept is not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from converge_core.errors import LedgerCorrupt
from converge_core.merkle import Frontier
from converge_desktop.adapters.ledger import snapshots as kept_in
from converge_desktop.adapters.ledger.ledger_file import LedgerFile
from converge_desktop.adapters.ledger.snapshots import Claim, Snapshots
from tests.adapters.ledgers import (
    EIGHT,
    believed,
    files_of,
    ledger_of,
    names,
    open_files,
    opened,
    reader_of,
    snapshots_of,
    withdrawn,
    written,
)
from tests.adapters.test_ledger_index import columns

pytestmark = pytest.mark.usefixtures("no_waiting")


# What it claims.


def refused(place: Path, how: str) -> LedgerCorrupt:
    """Asserts that a ledger is refused, by who reads and by who writes, in a sentence."""
    with pytest.raises(LedgerCorrupt, match=how):
        opened(place, reader_of(place))
    with pytest.raises(LedgerCorrupt, match=r"restore the files from a copy, or, if they") as found:
        opened(place, snapshots_of(place))
    return found.value


def test_a_ledger_that_lacks_what_this_desk_wrote_is_refused(place: Path) -> None:
    """Its last file is gone: the first record that is missing, which was there, and what to do."""
    files_of(place)[-1].unlink()
    left, last = opened(place).index.count, sum(map(len, EIGHT)) - 1
    found = refused(place, "the ledger was shortened")

    assert left == found.seq
    assert f"this desk once wrote record {last}, which is gone" in found.reason
    assert "remove the folder snapshots beside them" in found.reason
    shutil.rmtree(place / "snapshots")
    assert left == opened(place, reader_of(place)).index.count


def test_a_ledger_that_was_emptied_is_refused(place: Path) -> None:
    """No file is left; the desk does not begin anew as if nothing had been."""
    shutil.rmtree(ledger_of(place))
    ledger_of(place).mkdir()

    assert 0 == refused(place, "the ledger was shortened").seq


def test_a_ledger_that_was_replaced_is_refused(place: Path) -> None:
    """By one that hangs together, and says the same: its records are others."""
    other = place.with_name("other")
    written(other, EIGHT)
    shutil.rmtree(ledger_of(place))
    shutil.copytree(ledger_of(other), ledger_of(place))

    assert "which is another now" in refused(place, "the ledger was replaced").reason


def test_a_ledger_that_was_replaced_by_a_longer_one_is_refused(place: Path) -> None:
    """It is not its length that counts."""
    other = place.with_name("other")
    written(other, [*EIGHT, *EIGHT, *EIGHT])
    shutil.rmtree(ledger_of(place))
    shutil.copytree(ledger_of(other), ledger_of(place))

    refused(place, "the ledger was replaced")


def test_the_last_record_is_known_without_a_snapshot_of_it(tmp_path: Path) -> None:
    """A desk that was killed at once misses what it had acknowledged."""
    (tmp_path / "ledger").mkdir()
    snapshots = snapshots_of(tmp_path)
    with closing(LedgerFile(ledger_of(tmp_path), history=opened(tmp_path, snapshots))) as ledger:
        for number, events in enumerate(EIGHT):
            entries = ledger.append(events, number)
            assert [Claim(entries[-1].head.seq, entries[-1].hash)] == snapshots._last_known()
    assert ["last"] == names(tmp_path / "snapshots")
    [file] = files_of(tmp_path)
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))

    assert sum(map(len, EIGHT)) - 1 == refused(tmp_path, "which is gone").seq


def test_the_note_of_the_last_record_is_whole_or_no_claim(place: Path) -> None:
    """Torn by a power cut between any two bytes, or flipped anywhere: the ledger is opened."""
    path = place / "snapshots" / "last"
    whole = path.read_bytes()
    before = b"%016d %b" % (3, b"a" * 64)
    before += whole[len(before) :]
    images = [whole[:length] for length in range(len(whole) - 1)]
    images += [whole[:cut] + before[cut:] for cut in range(1, len(whole) - 1)]
    for position in range(len(whole)):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        images.append(bytes(flipped))
    snapshots_of(place).remove_all()
    for image in images:
        if image in {whole, before}:
            continue
        path.write_bytes(image)
        assert [] == reader_of(place)._last_known(), image
    path.write_bytes(whole)
    assert 1 == len(reader_of(place)._last_known())


def test_nothing_is_claimed_that_is_not_durable_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither as it is written, nor if that fails; then the ledger is opened as it was."""
    written(tmp_path, EIGHT, 1 << 20, keep=True)
    history = opened(tmp_path, snapshots_of(tmp_path))
    seen: list[int] = []

    def failing(fd: int) -> None:
        reader = reader_of(tmp_path)
        reader.load(ledger_of(tmp_path))
        seen.append(max(claim.seq for claim in reader.claims))
        raise OSError(5, "Input/output error")

    with closing(LedgerFile(ledger_of(tmp_path), history=history)) as ledger:
        last = ledger.seq
        monkeypatch.setattr(os, "fsync", failing)
        with pytest.raises(Exception, match="Input/output error"):
            ledger.append([withdrawn("a")], 0)
        monkeypatch.setattr(os, "fsync", lambda fd: None)

    assert {last} == set(seen)
    assert last == opened(tmp_path, reader_of(tmp_path)).index.count - 1


# A disk that fails.


def no_room(*_: object, **__: object) -> Any:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("what", ["write_bytes", "replace", "mkdir", "open"])
def test_what_cannot_be_kept_is_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Whatever fails about a snapshot, a batch that is durable counts, and is found."""
    (tmp_path / "ledger").mkdir()
    history = opened(tmp_path, snapshots_of(tmp_path))
    with closing(LedgerFile(ledger_of(tmp_path), 1500, history=history)) as ledger:
        ledger.append(EIGHT[0], 0)
        with monkeypatch.context() as broken:
            broken.setattr(Path, what, no_room)
            for events in EIGHT[1:]:
                ledger.append(events, 0)
                history.save()
        assert sum(map(len, EIGHT)) == len(history.range(0, history.index.count))
        history.save()
        ledger.append([withdrawn("a")], 0)

    again = opened(tmp_path, reader_of(tmp_path))
    assert columns(opened(tmp_path).index) == columns(again.index)
    assert again.frontier_now() == Frontier().extend(again.index.hashes())


def test_a_snapshot_made_after_a_failure_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of what it was to be bound to was read when the disk failed; it is read again."""
    written(tmp_path, EIGHT, 1 << 20, keep=True)
    history = opened(tmp_path, snapshots_of(tmp_path))
    digest_on: Callable[..., bool] = kept_in.digest_on

    def half(digest: Any, file: Path, begin: int, end: int) -> bool:
        digest_on(digest, file, begin, (begin + end) // 2)
        raise OSError(5, "Input/output error")

    with closing(LedgerFile(ledger_of(tmp_path), history=history)) as ledger:
        ledger.append(EIGHT[1], 0)
        with monkeypatch.context() as broken:
            broken.setattr("converge_desktop.adapters.ledger.history.digest_on", half)
            history.save()
        ledger.append(EIGHT[2], 0)
        history.save()

    assert opened(tmp_path).index.count == believed(tmp_path)


def test_snapshots_are_closed_once(place: Path) -> None:
    """Closing twice does no harm."""
    before = open_files()
    snapshots: Snapshots = snapshots_of(place)
    snapshots.note_last(opened(place).index.end)
    snapshots.close()
    snapshots.close()

    assert before == open_files()
