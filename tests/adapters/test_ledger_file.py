"""The ledger on disk: append, sync, and only then is anything true."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from converge_core.errors import LedgerCorrupt
from converge_core.events import DeskOpened, Event, GateWithdrawn
from converge_core.ids import GateId, RunId
from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.ledger.ledger_file import (
    LedgerFile,
    LedgerWriteFailed,
    read_ledger,
)
from tests.core.golden_story import LEDGER, story, written

BATCHES: list[list[Event]] = [
    [DeskOpened(desk="d", app_version="0.1.0")],
    [GateWithdrawn(run=RunId("r"), gate=GateId(f"g{n}"), reason="Grüße 😀") for n in range(3)],
    [GateWithdrawn(run=RunId("r"), gate=GateId("g"), reason="one") for _ in range(2)],
]


def write(directory: Path, batches: list[list[Event]] = BATCHES, **settings: int) -> list[int]:
    """Writes batches and returns the length of the last segment after each."""
    lengths = []
    with closing(LedgerFile(directory, **settings)) as ledger:
        for at, events in enumerate(batches):
            ledger.append(events, at)
            lengths.append(last(directory).stat().st_size)
    return lengths


def last(directory: Path) -> Path:
    return max(directory.glob("*.jsonl"))


def events(directory: Path) -> list[Event | None]:
    return [entry.event for entry in read_ledger(directory)]


def flat(batches: list[list[Event]]) -> list[Event]:
    return [event for batch in batches for event in batch]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


# Appending.


def test_what_was_appended_is_there_when_it_is_opened_again(directory: Path) -> None:
    """Events, times and the end of the chain."""
    with closing(LedgerFile(directory)) as ledger:
        appended = [entry for batch in BATCHES for entry in ledger.append(batch, 7)]
        head, seq = ledger.head, ledger.seq
    with closing(LedgerFile(directory)) as ledger:
        assert appended == list(ledger.entries())
        assert (head, seq, None) == (ledger.head, ledger.seq, ledger.set_aside)


def test_a_new_ledger_is_empty(directory: Path) -> None:
    """No record, and nothing set aside."""
    with closing(LedgerFile(directory)) as ledger:
        assert (-1, [], None) == (ledger.seq, list(ledger.entries()), ledger.set_aside)


def test_appending_goes_on_where_it_ended(directory: Path) -> None:
    """Opening again and again makes one chain."""
    for batch in BATCHES:
        write(directory, [batch])

    assert flat(BATCHES) == events(directory)


def test_the_file_is_readable_by_its_owner_alone(directory: Path) -> None:
    """What people decided is nobody else's business."""
    write(directory)

    assert 0o600 == last(directory).stat().st_mode & 0o777


def test_the_golden_ledger_can_be_opened_and_continued(directory: Path) -> None:
    """A ledger of version 1 is taken up where it ended."""
    directory.mkdir()
    (directory / "000000000000.jsonl").write_bytes(LEDGER.read_bytes())
    write(directory, BATCHES[1:2])

    assert [*flat([batch for batch, _ in story()]), *BATCHES[1]] == events(directory)


def test_a_closed_ledger_takes_nothing(directory: Path) -> None:
    """And closing twice does no harm."""
    ledger = LedgerFile(directory)
    ledger.close()
    ledger.close()

    with pytest.raises(LedgerWriteFailed, match="closed"):
        ledger.append(BATCHES[0], 1)


# A torn end.


SMALL = [BATCHES[0], BATCHES[1][:2], BATCHES[2][:1]]
DATA = [written([(batch, 0) for batch in SMALL[: number + 1]]) for number in range(3)]
"""The file as it is after each small batch."""


def torn_places() -> Iterator[tuple[int, int, int]]:
    """Yields each length within the last two batches, with what a reader must find there."""
    lengths, sizes = [len(data) for data in DATA], [len(batch) for batch in SMALL]
    for length in range(lengths[0], lengths[2] + 1):
        whole = sum(length >= end for end in lengths)
        yield length, sum(sizes[:whole]), length - lengths[whole - 1]


def test_a_ledger_cut_anywhere_opens_with_every_whole_batch_and_a_report(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every byte of the last two batches: what was acknowledged is there, the rest set aside."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # a thousand of them take their time
    directory.mkdir()
    segment = directory / "000000000000.jsonl"
    data = DATA[-1]
    for length, records, left in torn_places():
        segment.write_bytes(data[:length])
        assert left == LedgerHistory(directory).read_all().unfinished
        with closing(LedgerFile(directory)) as ledger:
            assert records == len(list(ledger.entries())) == ledger.seq + 1
            if left == 0:
                assert ledger.set_aside is None
                continue
            assert ledger.set_aside is not None
            assert data[length - left : length] == ledger.set_aside.path.read_bytes()
            ledger.set_aside.path.unlink()
            assert left == ledger.set_aside.size
            assert f"The last {left} bytes" in ledger.set_aside.words()
        assert data[: length - left] == segment.read_bytes()


def test_what_was_set_aside_is_never_written_over(directory: Path) -> None:
    """A second crash at the same place keeps the remains of the first."""
    kept = []
    for torn in (b'{"first', b'{"second'):
        write(directory, [])
        with last(directory).open("ab") as file:
            file.write(torn)
        with closing(LedgerFile(directory)) as ledger:
            assert ledger.set_aside is not None
            kept.append((ledger.set_aside.path, torn))

    assert [torn for _, torn in kept] == [path.read_bytes() for path, _ in kept]


def test_after_a_torn_end_the_chain_goes_on(directory: Path) -> None:
    """The next batch follows the last whole one, as if nothing had been torn."""
    write(directory)
    with last(directory).open("ab") as file:
        file.write(b'{"body":')
    write(directory, BATCHES[1:2])

    assert [*flat(BATCHES), *BATCHES[1]] == events(directory)


def test_an_unclosed_batch_of_whole_lines_is_set_aside_too(directory: Path) -> None:
    """Lines that verify are no part of the ledger until their batch is closed."""
    lengths = write(directory)
    data = last(directory).read_bytes()
    first_line_of_last = data[lengths[-2] :].splitlines(keepends=True)[0]
    last(directory).write_bytes(data[: lengths[-2]] + first_line_of_last)

    assert flat(BATCHES[:-1]) == events(directory)
    with closing(LedgerFile(directory)) as ledger:
        assert ledger.set_aside is not None
        assert first_line_of_last == ledger.set_aside.path.read_bytes()


def test_reading_changes_nothing(directory: Path) -> None:
    """A reader beside the writer sees whole batches and leaves a torn end where it is."""
    write(directory)
    with last(directory).open("ab") as file:
        file.write(b'{"body":')
    before = last(directory).read_bytes()

    assert flat(BATCHES) == events(directory)
    assert (before, 1) == (last(directory).read_bytes(), len(list(directory.iterdir())))


# Damage.


@pytest.mark.parametrize("line", range(6))
def test_a_damaged_record_is_refused_with_its_number_and_nothing_is_touched(
    directory: Path, line: int
) -> None:
    """Altered is not unfinished: the file stays as it is for whoever looks into it."""
    write(directory)
    lines = last(directory).read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b'"at":', b'"at":1', 1)
    last(directory).write_bytes(b"".join(lines))
    before = last(directory).read_bytes()

    with pytest.raises(LedgerCorrupt, match=f"record {line}: "):
        LedgerFile(directory)
    with pytest.raises(LedgerCorrupt, match=f"record {line}: "):
        events(directory)
    assert before == last(directory).read_bytes()


@given(position=st.integers(0, len(DATA[-1]) - 1), bit=st.integers(0, 7))
@example(position=len(DATA[-1]) - 1, bit=0)
def test_no_flipped_bit_is_ever_read_as_something_else(
    tmp_path_factory: pytest.TempPathFactory, position: int, bit: int
) -> None:
    """Refused by number everywhere, the last line's end included; a crash leaves no such byte."""
    directory = tmp_path_factory.mktemp("flip")
    data = bytearray(DATA[-1])
    data[position] ^= 1 << bit
    (directory / "000000000000.jsonl").write_bytes(data)
    with pytest.raises(LedgerCorrupt, match=r"record [0-3]: "):
        LedgerFile(directory)


# A disk that fails.


def failing_write(code: int) -> Callable[[int, bytes], int]:
    def fail(fd: int, data: bytes) -> int:
        raise OSError(code, os.strerror(code))

    return fail


def half_a_write(write_for_real: Callable[[int, bytes], int]) -> Callable[[int, bytes], int]:
    """Returns a write that takes half of what it is given, and then finds the disk full."""
    written: list[int] = []

    def fail(fd: int, data: bytes) -> int:
        if written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(write_for_real(fd, bytes(data)[: len(data) // 2]))
        return written[0]

    return fail


def failing_sync(fd: int) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.parametrize(
    ("name", "failure", "words"),
    [
        ("write", failing_write(errno.ENOSPC), "No space left on device"),
        ("write", failing_write(errno.EIO), "Input/output error"),
        ("write", half_a_write(os.write), "No space left on device"),
        ("fsync", failing_sync, "Input/output error"),
    ],
    ids=["disk full", "write error", "disk full half-way", "sync error"],
)
def test_a_batch_that_could_not_be_made_durable_was_never_so(
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    failure: Callable[..., object],
    words: str,
) -> None:
    """Nothing of it stays, the ledger takes no more until reopened, and then goes on."""
    ledger = LedgerFile(directory)
    ledger.append(BATCHES[0], 1)
    before = last(directory).read_bytes()
    with monkeypatch.context() as broken:
        broken.setattr(os, name, failure)
        with pytest.raises(LedgerWriteFailed, match=words):
            ledger.append(BATCHES[1], 2)

    assert (before, 0) == (last(directory).read_bytes(), ledger.seq)
    with pytest.raises(LedgerWriteFailed, match=r"Nothing of the last step was kept; make room"):
        ledger.append(BATCHES[1], 3)
    ledger.close()
    write(directory, BATCHES[1:])
    assert flat(BATCHES) == events(directory)


def test_a_batch_that_cannot_even_be_cut_back_is_set_aside_on_opening(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a batch on a disk that takes nothing any more is moved when it is read again."""
    ledger = LedgerFile(directory)
    ledger.append(BATCHES[0], 1)
    with monkeypatch.context() as broken:
        broken.setattr(os, "write", half_a_write(os.write))
        broken.setattr(os, "ftruncate", lambda fd, length: failing_sync(fd))
        with pytest.raises(LedgerWriteFailed, match="cut off first, or set aside"):
            ledger.append(BATCHES[1], 2)
    ledger.close()

    with closing(LedgerFile(directory)) as again:
        assert (0, True) == (again.seq, again.set_aside is not None)


def test_a_record_is_synced_before_it_is_acknowledged(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every append ends with a sync of the file, after its bytes were written."""
    calls: list[str] = []
    write_for_real, sync_for_real = os.write, os.fsync
    ledger = LedgerFile(directory)

    def noted_write(fd: int, data: bytes) -> int:
        calls.append("write")
        return write_for_real(fd, data)

    def noted_sync(fd: int) -> None:
        calls.append("sync")
        sync_for_real(fd)

    monkeypatch.setattr(os, "write", noted_write)
    monkeypatch.setattr(os, "fsync", noted_sync)
    for batch in BATCHES:
        ledger.append(batch, 1)
    ledger.close()

    assert ["write", "sync"] * 3 == calls


def test_a_ledger_that_was_taken_away_takes_nothing_more(directory: Path) -> None:
    """A file that has no name any more would swallow every record; it is noticed before it does."""
    with closing(LedgerFile(directory)) as ledger:
        ledger.append(BATCHES[0], 1)
        last(directory).unlink()
        with pytest.raises(LedgerWriteFailed, match="it was removed or moved while it was in use"):
            ledger.append(BATCHES[1], 2)


def test_an_empty_folder_has_nothing_unfinished(directory: Path) -> None:
    """A desk that was never used is a whole one."""
    directory.mkdir()

    assert (0, []) == (LedgerHistory(directory).read_all().unfinished, events(directory))


# Segments.


def test_a_full_segment_is_followed_by_another(directory: Path) -> None:
    """Named after its first record, holding whole batches only; the chain runs through."""
    write(directory, segment_bytes=400)
    names = [path.name for path in sorted(directory.glob("*.jsonl"))]

    assert ["000000000000.jsonl", "000000000001.jsonl", "000000000004.jsonl"] == names
    assert flat(BATCHES) == events(directory)


def test_segments_are_taken_up_where_they_ended(directory: Path) -> None:
    """Opening reads them all and appends to the last."""
    for batch in BATCHES:
        write(directory, [batch], segment_bytes=400)
    with closing(LedgerFile(directory, segment_bytes=400)) as ledger:
        assert (5, flat(BATCHES)) == (ledger.seq, [entry.event for entry in ledger.entries()])


@pytest.mark.parametrize("torn", [0, 1, 100])
def test_a_torn_last_segment_is_cut_back_to_its_last_batch(directory: Path, torn: int) -> None:
    """Even to nothing, and what is appended then follows the segment before."""
    write(directory, segment_bytes=400)
    last(directory).write_bytes(last(directory).read_bytes()[:torn])
    write(directory, BATCHES[2:], segment_bytes=400)

    assert flat(BATCHES) == events(directory)


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("damage", ["cut", "flip", "missing", "empty", "longer", "split"])
def test_a_damaged_earlier_segment_is_refused(directory: Path, number: int, damage: str) -> None:
    """Only the last segment can have been unfinished, so what lacks in another was taken away."""
    write(directory, segment_bytes=400)
    segment = sorted(directory.glob("*.jsonl"))[number]
    data = segment.read_bytes()
    match damage:
        case "cut":
            segment.write_bytes(data[:-1])
        case "flip":
            segment.write_bytes(data.replace(b'"at":', b'"at":1', 1))
        case "missing":
            segment.unlink()
        case "empty":
            segment.write_bytes(b"")
        case "longer":
            segment.write_bytes(data + b'{"body":')
        case "split":
            after = sorted(directory.glob("*.jsonl"))[number + 1]
            first, *rest = after.read_bytes().splitlines(keepends=True)
            segment.write_bytes(data + first)
            after.write_bytes(b"".join(rest))
    left = {path.name: path.read_bytes() for path in directory.iterdir()}

    with pytest.raises(LedgerCorrupt):
        LedgerFile(directory)
    with pytest.raises(LedgerCorrupt):
        events(directory)
    assert left == {path.name: path.read_bytes() for path in directory.iterdir()}


def test_a_segment_that_could_not_be_begun_fails_like_a_full_disk(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch is not kept, and opening again goes on with it."""
    ledger = LedgerFile(directory, segment_bytes=400)
    ledger.append(BATCHES[0], 1)

    def no_more_files(*arguments: object) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as broken:
        broken.setattr(os, "open", no_more_files)
        with pytest.raises(LedgerWriteFailed, match="Too many open files"):
            ledger.append(BATCHES[1], 2)
    ledger.close()
    write(directory, BATCHES[1:], segment_bytes=400)

    assert flat(BATCHES) == events(directory)
