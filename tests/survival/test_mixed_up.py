"""Files and directories that were swapped, doubled, moved or lost: noticed, or as before."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from converge_core.errors import LedgerCorrupt
from converge_desktop.runtime.journal import Journal
from converge_desktop.runtime.verifying import verify_ledger
from tests.survival.small_ledger import (
    hashes,
    opened,
    segments,
    swap,
    written,
)
from tests.survival.story import NOON, Teller, told_by


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # thousands of them take their time


# Segments that are mixed up.


MIX_UPS: dict[str, Callable[[list[Path]], object]] = {
    "two swapped": lambda paths: swap(paths[0], paths[1]),
    "the last two swapped": lambda paths: swap(paths[-2], paths[-1]),
    "one twice": lambda paths: shutil.copy(
        paths[1], paths[1].with_stem(f"{int(paths[1].stem) + 1:012}")
    ),
    "the first away": lambda paths: paths[0].unlink(),
    "a middle one away": lambda paths: paths[1].unlink(),
    "a middle one empty": lambda paths: paths[1].write_bytes(b""),
    "one behind the last": lambda paths: shutil.copy(paths[0], paths[-1].with_stem("9" * 12)),
}


@pytest.mark.parametrize("mix_up", MIX_UPS)
def test_segments_that_are_mixed_up_are_refused(tmp_path: Path, mix_up: str) -> None:
    """Swapped, doubled or missing; and nothing is touched."""
    ledger = written(tmp_path)
    MIX_UPS[mix_up](segments(ledger))
    before = {path.name: path.read_bytes() for path in ledger.iterdir() if path.is_file()}

    with pytest.raises(LedgerCorrupt):
        opened(ledger)
    with pytest.raises(LedgerCorrupt):
        Journal(tmp_path, lambda: NOON)

    after = {path.name: path.read_bytes() for path in ledger.iterdir() if path.is_file()}
    assert before == {name: after[name] for name in before}


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        "notes.txt",
        "000000000000.jsonl.bak",
        "~lock",
        "notes.jsonl",
        "copy of 000000000000.jsonl",
    ],
)
def test_a_foreign_file_beside_the_segments_is_let_be(tmp_path: Path, name: str) -> None:
    """It is neither read nor removed."""
    ledger = written(tmp_path)
    before = hashes(ledger)
    (ledger / name).write_bytes(b"not ours\n")

    assert (before, None) == opened(ledger)
    assert b"not ours\n" == (ledger / name).read_bytes()


@pytest.mark.parametrize("name", ["copy of 000000000000.jsonl", "000000000000 (1).jsonl"])
def test_a_foreign_file_that_looks_like_a_segment_never_brings_records_in(
    tmp_path: Path, name: str
) -> None:
    """A copy that somebody made beside it is refused, or let be; the records stay what they are."""
    ledger = written(tmp_path)
    before = hashes(ledger)
    shutil.copy(segments(ledger)[0], ledger / name)
    try:
        kept, _ = opened(ledger)
    except LedgerCorrupt:
        return
    assert before == kept


# Directories that were moved or mixed up.


def test_a_directory_copied_elsewhere_just_works(tmp_path: Path) -> None:
    """Another path, other times and modes of files: the same records, and the day goes on."""
    whole = tmp_path / "whole"
    Teller(whole).tell()
    teller = Teller(tmp_path / "here")
    for _ in range(12):
        teller.step()
    teller.close()
    there = tmp_path / "another machine" / "Grüße 2"
    shutil.copytree(tmp_path / "here", there, copy_function=shutil.copyfile)
    shutil.rmtree(tmp_path / "here")
    for path in there.rglob("*"):
        os.utime(path, (0, 0))

    Teller(there).tell()

    assert told_by(whole).roots == told_by(there).roots
    assert [] == told_by(there).doubled


def test_two_desks_whose_ledgers_were_swapped_notice(tmp_path: Path) -> None:
    """A ledger of another desk under one's own keys and texts is refused by a sentence."""
    for name in ("one", "other"):
        Teller(tmp_path / name).tell()
    (tmp_path / "one" / "ledger").rename(tmp_path / "aside")
    (tmp_path / "other" / "ledger").rename(tmp_path / "one" / "ledger")
    (tmp_path / "aside").rename(tmp_path / "other" / "ledger")

    for name in ("one", "other"):
        with pytest.raises(LedgerCorrupt, match="replaced"):
            Journal(tmp_path / name, lambda: NOON)


def test_a_clock_that_steps_back_breaks_nothing(tmp_path: Path) -> None:
    """Times of records may go back; what was decided stands, and the day reaches its end."""
    whole = tmp_path / "whole"
    Teller(whole).tell()
    data_dir = tmp_path / "back"
    more = True
    while more:
        teller = Teller(data_dir)
        teller.now -= 3_600_000_000 * 24
        more = teller.step() and teller.step()
        teller.close()

    assert told_by(whole).roots == told_by(data_dir).roots
    assert -1 == verify_ledger(data_dir / "ledger").bad_seq
