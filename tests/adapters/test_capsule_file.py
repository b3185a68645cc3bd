"""Evidence as a file: made of a ledger on disk, whole or not at all."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from converge_core.capsule import About, Proven, parts
from converge_core.errors import CapsuleBroken
from converge_desktop.adapters.capsule import (
    NotCovered,
    NotExported,
    about,
    about_record,
    capsule_of,
    check_capsule,
    newest,
    read_capsule,
    write_capsule,
)
from converge_desktop.adapters.capsule_source import LedgerSource
from converge_desktop.adapters.ledger.history import LedgerHistory
from tests.core.golden_capsule import GATE, NOON, RUN, Told, sign, small, text, told

STORY = told()
WHOLE = About(run=RUN, gate="")


def kept(folder: Path, ledger: Told, segments: int = 1) -> LedgerSource:
    """Lays a ledger on disk, in several files, and opens it."""
    closed = [entry.head.seq + 1 for entry in ledger.entries if entry.head.close]
    cuts = [0, *closed[:: max(1, len(closed) // segments)], len(ledger.lines)]
    for first, end in pairwise(cuts):
        if first < end:
            (folder / f"{first:012d}.jsonl").write_bytes(b"".join(ledger.lines[first:end]))
    return LedgerSource(LedgerHistory(folder).read_all())


@pytest.fixture
def source(tmp_path: Path) -> LedgerSource:
    (tmp_path / "ledger").mkdir()
    return kept(tmp_path / "ledger", STORY, segments=5)


def test_a_capsule_is_made_of_the_lines_on_disk(tmp_path: Path, source: LedgerSource) -> None:
    """To the byte, out of as many files as there are."""
    file = tmp_path / "evidence.jsonl"
    holding = write_capsule(file, capsule_of(source, WHOLE, text, NOON + 1))

    assert len(list((tmp_path / "ledger").iterdir())) > 5
    assert b"".join(STORY.capsule(WHOLE)) == file.read_bytes()
    assert (46, True) == (holding.records, holding.whole)
    assert holding == check_capsule(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert ["evidence.jsonl", "ledger"] == sorted(path.name for path in tmp_path.iterdir())


def test_a_name_is_that_of_a_run_or_of_a_gate(source: LedgerSource) -> None:
    """Or of neither, which is said."""
    assert about(source, RUN) == WHOLE
    assert about(source, GATE) == About(run=RUN, gate=GATE)
    for name in ("", "gate:nowhere", "run-9999"):
        with pytest.raises(NotExported, match=f"there is no run and no gate {name}; take the id"):
            about(source, name)


def test_what_there_is_nothing_of_is_not_exported(source: LedgerSource) -> None:
    """Whoever asks by hand is told as well."""
    with pytest.raises(NotExported, match="there is no run nobody"):
        list(capsule_of(source, About(run="nobody", gate=""), text, 1))
    with pytest.raises(NotExported, match="there is no gate gate:x in run run-0001"):
        list(capsule_of(source, About(run=RUN, gate="gate:x"), text, 1))


def test_of_a_gate_there_is_what_bears_on_it(tmp_path: Path, source: LedgerSource) -> None:
    """And nothing else of its run."""
    what = about(source, GATE)
    holding = write_capsule(tmp_path / "gate", capsule_of(source, what, text, 1))

    assert holding.about == what
    assert holding.records < 12


def test_every_record_on_disk_is_proven_by_its_number(tmp_path: Path, source: LedgerSource) -> None:
    """Out of whichever file it lies in; no text is read for it."""

    def untouched(_: object) -> str:
        raise AssertionError("a text was read")

    covered = newest(source).checkpoint.size
    for seq in range(covered):
        lines = capsule_of(source, about_record(source, seq), untouched, 1)
        holding = write_capsule(tmp_path / "proof", lines)
        assert (seq, 0) == (holding.about.record, holding.redacted)
    with pytest.raises(NotCovered, match=f"record {covered} is not covered by the checkpoint"):
        list(capsule_of(source, about_record(source, covered), untouched, 1))


@pytest.mark.parametrize("seq", [-1, 10**9, 2**53])
def test_a_record_that_is_not_there_is_not_proven(source: LedgerSource, seq: int) -> None:
    """And the sentence says where numbers are found."""
    with pytest.raises(NotExported, match=f"there is no record {seq}; give a number"):
        about_record(source, seq)


def test_a_ledger_that_nobody_signed_is_told_of_once_somebody_signs(tmp_path: Path) -> None:
    """A checkpoint that was just signed may be given."""
    ledger = Told(small().lines[:-1])
    source = kept(tmp_path, ledger)
    what = About(run="run", gate="")
    with pytest.raises(NotExported, match="nobody has signed a checkpoint of this ledger yet"):
        newest(source)
    with pytest.raises(NotExported, match="nobody has signed a checkpoint of this ledger yet"):
        list(capsule_of(source, what, text, 1))

    signed = sign(ledger.entries)
    lines = capsule_of(source, what, text, 1, signed)
    assert write_capsule(tmp_path / "evidence", lines).signed == signed


def test_what_was_recorded_since_the_checkpoint_is_not_exported(source: LedgerSource) -> None:
    """Nobody has signed for it."""
    with pytest.raises(NotExported, match="record 44 is not covered by the checkpoint, which ends"):
        list(capsule_of(source, WHOLE, text, 1, sign(STORY.entries[:20])))


def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    """And what was there stays as it was."""
    file = tmp_path / "evidence"
    lines = small().capsule(About(run="run", gate=""))
    write_capsule(file, lines)

    def breaks() -> Iterator[bytes]:
        yield from lines[:3]
        raise OSError(28, "no room")

    with pytest.raises(OSError, match=f"no room: '{file}'"):
        write_capsule(file, breaks())
    with pytest.raises(CapsuleBroken):
        write_capsule(file, lines[:-1])

    assert [file] == list(tmp_path.iterdir())
    assert b"".join(lines) == file.read_bytes()


def test_nothing_but_a_capsule_is_replaced(tmp_path: Path) -> None:
    """Not the notes of somebody, and no folder."""
    lines = small().capsule(About(run="run", gate=""))
    notes = tmp_path / "notes"
    notes.write_text("to be kept")
    for place in (notes, tmp_path):
        with pytest.raises(NotExported, match="is left as it is, because it is something else"):
            write_capsule(place, lines)

    assert notes.read_text() == "to be kept"
    for _ in range(2):
        assert write_capsule(tmp_path / "evidence", lines).whole


def test_a_capsule_is_not_written_where_there_is_no_folder(tmp_path: Path) -> None:
    """The error names the place that was asked for."""
    place = tmp_path / "no" / "where"
    with pytest.raises(FileNotFoundError) as caught:
        write_capsule(place, [])

    assert str(place) == caught.value.filename


def test_it_is_read_line_by_line(tmp_path: Path) -> None:
    """By whoever wants to see what it says."""
    file = tmp_path / "evidence"
    write_capsule(file, small().capsule(About(run="run", gate="")))
    with read_capsule(file) as lines:
        kinds = [one.entry.head.kind for _, one in parts(lines) if isinstance(one, Proven)]

    assert ["desk_opened", "operator_enrolled", "run_started", "gate_decided"] == kinds


@pytest.mark.parametrize("size", [0, 1, 2**29, 10 * 2**30])
def test_garbage_is_refused_in_little_memory(tmp_path: Path, size: int) -> None:
    """Whatever its size: what is no capsule is seen by its beginning, or by its size."""
    file = tmp_path / "garbage"
    with file.open("wb") as opened:
        opened.truncate(size)
    tracemalloc.start()
    with pytest.raises(CapsuleBroken) as caught:
        check_capsule(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert caught.value.line == 1
    assert peak < 2_000_000
