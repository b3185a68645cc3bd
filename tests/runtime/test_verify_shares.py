"""A ledger verified in shares: however many there are, they find what one finds."""

from __future__ import annotations

from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converge_core.ledger import Chain, Entry, decode_line
from converge_core.reading import Reading
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.adapters.ledger.segments import Batches, Place, segments
from converge_desktop.runtime import verify_share
from converge_desktop.runtime.ledger_model import Verification
from tests.core.golden_capsule import told as golden_story
from tests.core.golden_story import FOLDER
from tests.core.kit import fits
from tests.runtime.journals import Scripted
from tests.runtime.shares import (
    SHARES,
    by_one,
    copied,
    in_shares,
    same_in_all,
)
from tests.survival.story import ANNA, NOON

pytestmark = pytest.mark.usefixtures("no_waiting")


# Whole ledgers.


def test_the_runs_of_the_story_are_in_several_shares(whole: Path) -> None:
    """Otherwise nothing below would say anything."""
    assert 3 <= len(segments(whole))
    for shares in SHARES[1:]:
        owners = {crc32(run.encode()) % shares for run in ("run-0001", "run-0002", "run-0006")}
        assert 1 < len(owners)
    assert {"run_started", "gate_decided", "fact_promoted", "checkpoint_signed"} < {
        entry.head.kind for entry in read_ledger(whole)
    }


def test_a_whole_ledger_is_found_whole(whole: Path) -> None:
    """With its head, and the root that the plain tree over its records has."""
    found = same_in_all(whole)

    assert (len(list(read_ledger(whole))), -1, "", 0) == (
        found.records,
        found.bad_seq,
        found.reason,
        found.unfinished,
    )


def test_an_empty_ledger_is_whole(tmp_path: Path) -> None:
    """There is nothing in it that does not hold."""
    assert [Verification(0, -1, "", "")] * len(SHARES) == [in_shares(tmp_path, n) for n in SHARES]


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
def test_ledgers_of_every_version_are_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    """To their end; and no further than their signatures hold, which are of a test's scheme."""
    golden = FOLDER / f"ledger_v{version}.jsonl"
    (tmp_path / "000000000000.jsonl").write_bytes(golden.read_bytes())
    assert 0 < same_in_all(tmp_path).bad_seq

    monkeypatch.setattr(verify_share, "signature_fits", fits)
    assert -1 == same_in_all(tmp_path).bad_seq


def test_the_golden_story_is_verified_to_its_end(tmp_path: Path) -> None:
    """Everything that can happen, signed with real keys."""
    (tmp_path / "000000000000.jsonl").write_bytes(b"".join(golden_story().lines))

    assert -1 == same_in_all(tmp_path).bad_seq


@pytest.mark.parametrize("shares", SHARES)
def test_every_record_is_looked_at_by_somebody(
    whole: Path, monkeypatch: pytest.MonkeyPatch, shares: int
) -> None:
    """Records of runs by one, those of the desk by all, and checkpoints by the first."""
    seen: dict[int, list[int]] = {}

    class Noting(Reading):
        def take(self, entry: Entry) -> None:
            seen.setdefault(entry.head.seq, []).append(number)
            super().take(entry)

    monkeypatch.setattr(verify_share, "Reading", Noting)
    for number in range(shares):
        verify_share.verify_share(whole, number, shares)

    for entry in read_ledger(whole):
        by = seen[entry.head.seq]
        if entry.head.kind == "checkpoint_signed":
            assert [0] == by
        else:
            assert len(by) == (1 if entry.head.run else shares)


def test_runs_that_begin_with_others_are_verified_with_them(whole: Path) -> None:
    """Whoever verifies a run knows what it began with."""
    owners = {}
    for number in range(5):
        lines = verify_share._Lines(number, 5)
        batches = Batches(segments(whole), Place(), lines.read)
        for batch in batches:
            owners.update({one.head.run: number for one in batch.entries if one.head.run})

    assert owners["run-0001"] == owners["run-0003"]
    assert owners["run-0002"] == owners["run-0004"] == owners["run-0005"]


# Damage.


@pytest.fixture(scope="module")
def little(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of few records, of two runs in different shares, one of which is forked."""
    desk = Scripted(tmp_path_factory.mktemp("little"), 1 << 20)
    desk.enrol(ANNA)
    desk.begin("run-0001")
    desk.cancel("run-0001")
    desk.begin("run-0006")
    desk.journal.sign(NOON, ANNA.checkpoint)
    desk.begin("on", "run-0001")
    desk.journal.close()
    return desk.directory / "ledger"


@pytest.mark.parametrize("offset", [0, 3])
def test_a_flipped_bit_is_found_by_the_same_record_in_shares(
    little: Path, tmp_path: Path, offset: int
) -> None:
    """At every fourteenth byte, twice: the reason as well, and never an error of another kind."""
    ledger = copied(little, tmp_path / "ledger")
    [file] = segments(ledger)
    data = file.read_bytes()
    for position in range(offset * 2 + 1, len(data), 14):
        damaged = bytearray(data)
        damaged[position] ^= 1 << (position + offset) % 8
        file.write_bytes(damaged)
        bad, _, reason = by_one(ledger)
        found = in_shares(ledger, 2)
        assert (position, bad, reason) == (position, found.bad_seq, found.reason)
        assert bad >= 0


@settings(max_examples=60)
@given(st.data())
def test_any_damage_is_found_by_the_same_record_in_any_number_of_shares(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A byte that is another, records that are gone, doubled or moved, and hashes that are none."""
    ledger = copied(whole, tmp_path_factory.mktemp("damaged"))
    [file] = segments(ledger)
    lines = file.read_bytes().splitlines(keepends=True)
    at, to = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    what = data.draw(st.sampled_from(["byte", "gone", "doubled", "moved", "hash", "cut"]))
    if what == "byte":
        line = bytearray(lines[at])
        line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
        lines[at] = bytes(line)
    elif what == "gone":
        del lines[at]
    elif what == "doubled":
        lines.insert(at, lines[at])
    elif what == "moved":
        lines.insert(to, lines.pop(at))
    elif what == "hash":
        line, digit = lines[at], data.draw(st.sampled_from([b" ", b"z", b"\xff", b"A", b""]))
        place = line.rindex(b',"head":{') - 2 - data.draw(st.integers(0, 63))
        lines[at] = line[:place] + digit + line[place + 1 :]
    else:
        lines[at] = lines[at][: data.draw(st.integers(0, len(lines[at])))]
    file.write_bytes(b"".join(lines))
    same_in_all(ledger)


@pytest.mark.parametrize("hole", [512, 4096])
def test_an_end_that_was_never_written_whole_is_unfinished_in_all(
    little: Path, tmp_path: Path, hole: int
) -> None:
    """Torn at any byte, or with holes as a power cut leaves them in records of any run."""
    ledger = copied(little, tmp_path / "ledger")
    [file] = segments(ledger)
    data = file.read_bytes()
    ends = [0]
    for line in data.splitlines(keepends=True):
        ends.append(ends[-1] + len(line))
    closed = [
        end
        for end, line in zip(ends[1:], data.splitlines(), strict=True)
        if b'"close":true' in line
    ]
    images = [data[:length] for length in range(closed[-2], len(data), 97)]
    last = closed[-2]
    images += [
        data[:place] + bytes(min(hole, len(data) - place)) + data[place + hole :]
        for place in range(last, len(data) - 512, 211)
    ]
    for number, image in enumerate(images):
        file.write_bytes(image)
        found = same_in_all(ledger)
        assert (number, -1, len(image) - last) == (number, found.bad_seq, found.unfinished)


def test_a_file_that_ends_inside_a_batch_is_found_by_all(whole: Path, tmp_path: Path) -> None:
    """Where another follows."""
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    for path in segments(whole):
        (ledger / path.name).write_bytes(path.read_bytes())
    first, second, *_ = segments(ledger)
    first.write_bytes(first.read_bytes()[:-1])

    assert int(second.stem) > same_in_all(ledger).bad_seq > 0


def test_a_line_is_read_as_the_format_says(whole: Path) -> None:
    """What is passed over goes by the hash it claims, and closes a batch where it says so."""
    chain = Chain()
    lines = [verify_share._Lines(number, 3) for number in range(3)]
    for line in b"".join(path.read_bytes() for path in segments(whole)).splitlines(keepends=True):
        entry = decode_line(line, chain)
        for reader in lines:
            found = reader.read(line, chain)
            assert (entry.hash, entry.head.close) == (found.hash, found.head.close)
        chain = Chain(entry.head.seq, entry.hash)
