"""Append, sync, fold, and what is signed along with it in one write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from converge_core import events as e
from converge_core.checkpoint import Checkpoint, SignedCheckpoint
from converge_core.errors import InvalidValue
from converge_core.ledger import Entry
from converge_core.merkle import Frontier
from converge_desktop.adapters.ledger.ledger_file import LedgerWriteFailed, read_ledger
from converge_desktop.runtime import desk_reader
from converge_desktop.runtime import journal as module
from converge_desktop.runtime.desk_reader import DeskReader, snapshot_reader_of
from converge_desktop.runtime.journal import Journal
from converge_desktop.runtime.verifying import verify_ledger
from tests.runtime.journals import Scripted, folded, told
from tests.survival.story import ANNA, NOON, Signer

NUMBERS = count()


def news(journal: Journal, number: int = 1) -> list[e.Event]:
    """Returns something new to tell, of a desk at which nobody is enrolled but anna."""
    desk = journal.state.desk
    first = [] if journal.state.operators else [e.OperatorEnrolled(operator=ANNA.operator)]
    people = [Signer(f"person {next(NUMBERS)}") for _ in range(number - len(first))]
    return [*first, *(ANNA.welcome(one, desk) for one in people)]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path / "data", count(NOON).__next__)) as one:
        yield one


def entries_of(journal: Journal) -> list[Entry]:
    return list(read_ledger(journal._directory / "ledger"))


def size_of(entries: list[Entry]) -> tuple[int, str, str]:
    """Returns what a checkpoint behind some records must say of them."""
    tree = Frontier().extend(bytes.fromhex(one.hash) for one in entries)
    return len(entries), tree.root.hex(), entries[-1].hash


def said(entry: Entry) -> tuple[int, str, str]:
    assert isinstance(entry.event, e.CheckpointSigned)
    taken = entry.event.signed.checkpoint
    return taken.size, taken.root, taken.head


# Checkpoints.


def test_a_checkpoint_closes_its_batch_and_covers_all_before_it(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The events of the very batch too; in the same write, under the same sync."""
    calls: list[str] = []
    for name in ("write", "fsync"):
        real = getattr(os, name)

        def noted(*arguments: Any, real: Any = real, name: str = name) -> Any:
            calls.append(name)
            return real(*arguments)

        monkeypatch.setattr(os, name, noted)
    written = journal.commit(news(journal, 2), NOON, sign=ANNA.checkpoint)
    monkeypatch.undo()
    entries = entries_of(journal)

    assert ["write", "fsync"] == calls
    assert [False, False, True] == [one.head.close for one in written]
    assert written == entries[-3:]
    assert size_of(entries[:-1]) == said(entries[-1])
    assert -1 == verify_ledger(journal._directory / "ledger").bad_seq


def test_the_next_checkpoint_covers_the_one_before(journal: Journal) -> None:
    """However many records stand between them, and after a night."""
    for number, many in enumerate([2, 1, 6, 2]):
        journal.commit(
            news(journal, many), NOON + number, sign=ANNA.checkpoint if number % 2 else None
        )
    journal.close()
    journal._open()
    journal.commit(news(journal), NOON, sign=ANNA.checkpoint)
    entries = entries_of(journal)
    signed = [one for one in entries if isinstance(one.event, e.CheckpointSigned)]

    assert 3 == len(signed)
    for one in signed:
        assert size_of(entries[: one.head.seq]) == said(one)
    assert -1 == verify_ledger(journal._directory / "ledger").bad_seq


def test_at_the_end_of_a_day_what_the_ledger_came_to_is_signed_once(journal: Journal) -> None:
    """Not again where nothing happened since, also after the ledger was opened again."""
    journal.commit(news(journal, 2), NOON)
    first = journal.sign(NOON, ANNA.checkpoint)
    assert [] == journal.sign(NOON, ANNA.checkpoint)
    journal.close()
    journal._open()
    assert [] == journal.sign(NOON, ANNA.checkpoint)
    journal.commit(news(journal), NOON)

    assert (3, [True]) == (first[0].event.signed.checkpoint.size, [one.head.close for one in first])  # type: ignore[union-attr]
    assert 1 == len(journal.sign(NOON, ANNA.checkpoint))
    assert [] == journal.commit([], NOON, sign=ANNA.checkpoint)


def test_a_signature_that_fails_leaves_nothing(journal: Journal) -> None:
    """Neither the checkpoint nor the events before it; and the next step is taken as ever."""
    before = entries_of(journal)

    def cannot(checkpoint: Checkpoint) -> SignedCheckpoint:
        raise RuntimeError("the key is gone")

    with pytest.raises(RuntimeError, match="the key is gone"):
        journal.commit(news(journal, 2), NOON, sign=cannot)
    assert before == entries_of(journal)
    assert {} == journal.state.operators
    journal.commit(news(journal, 2), NOON, sign=ANNA.checkpoint)

    assert 4 == len(entries_of(journal))
    assert -1 == verify_ledger(journal._directory / "ledger").bad_seq


def test_a_write_that_fails_takes_the_checkpoint_with_it(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was never so is covered by none; the next one covers what is there."""
    before = entries_of(journal)
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", no_room)
        with pytest.raises(LedgerWriteFailed, match="Nothing of the last step was kept"):
            journal.commit(news(journal, 2), NOON, sign=ANNA.checkpoint)
    journal.commit(news(journal), NOON, sign=ANNA.checkpoint)
    entries = entries_of(journal)

    assert before == entries[: len(before)]
    assert len(before) + 2 == len(entries)
    assert size_of(entries[:-1]) == said(entries[-1])


# What is kept to open it quickly.


def no_room(*_: object, **__: object) -> Any:
    raise OSError(28, "No space left on device")


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Snapshots are taken after every few records, and believed of a short ledger as well."""
    monkeypatch.setattr(module, "SNAPSHOT_EVERY", 3)
    monkeypatch.setattr(desk_reader, "BELIEVE_FROM", 0)


def known(journal: Journal) -> int:
    """Returns how many records need not be read when the desk is opened."""
    reader = DeskReader(journal._directory / "ledger", snapshot_reader_of(journal._directory))
    return reader.history.index.count


@pytest.mark.usefixtures("eager")
def test_what_is_known_is_kept_every_so_often(journal: Journal) -> None:
    """So that a desk that is killed is opened quickly as well; at the end, all of it."""
    for number in range(10):
        journal.commit(news(journal), NOON + number)
        assert journal.seq + 1 - 3 < known(journal) <= journal.seq + 1
    journal.commit(news(journal), NOON)
    journal.close()

    assert journal.seq + 1 == known(journal)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("what", ["write_bytes", "replace", "open", "digest_on"])
def test_what_cannot_be_kept_fails_no_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """On a full disk, or one that cannot be read: what was acknowledged is so, and is there."""
    journal = Journal(tmp_path, count(NOON).__next__, segment_bytes=1500)
    with monkeypatch.context() as broken:
        if what == "digest_on":
            broken.setattr(f"converge_desktop.adapters.ledger.history.{what}", no_room)
        else:
            broken.setattr(Path, what, no_room)
        for number in range(8):
            assert number + 1 == journal.commit(news(journal), NOON)[0].head.seq
        assert 3 <= len(list((tmp_path / "ledger").iterdir()))
        journal.close()
        assert [] == list((tmp_path / "snapshots").glob("*.snapshot"))

    with closing(Journal(tmp_path, count(NOON).__next__)) as again:
        assert 8 == again.seq
        assert 8 == len(again.state.operators)


def test_closing_twice_does_no_harm(journal: Journal) -> None:
    """And a closed journal is opened again by the next step, as after a full disk."""
    journal.close()
    journal.close()
    journal.commit(news(journal, 2), NOON)

    assert 2 == journal.seq


def test_after_a_failure_the_state_is_that_of_what_is_on_disk(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs that had stopped, run, or wait stand where they stood; work goes on from there."""
    scripted.begin("a")
    scripted.answer("a")
    scripted.begin("b")
    expected = folded(scripted.directory)
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", no_room)
        with pytest.raises(LedgerWriteFailed):
            scripted.answer("b")
    for name, run in expected.runs.items():
        assert told(run) == told(scripted.run(name))
    scripted.answer("b")

    assert told(folded(scripted.directory).runs[scripted.run("b").run]) == told(scripted.run("b"))


# What goes wrong while a desk is open.


def test_damage_found_when_a_failed_step_is_read_again_is_told_and_stops_the_writing(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a sentence with the record; nothing more is written, and what was read before stands."""
    journal.commit(news(journal), NOON)
    seq = journal.seq
    [segment] = (journal._directory / "ledger").glob("*.jsonl")
    segment.write_bytes(segment.read_bytes().replace(b'"name":"anna"', b'"name":"hans"', 1))
    size = segment.stat().st_size
    with monkeypatch.context() as broken:
        broken.setattr(os, "write", no_room)
        with pytest.raises(LedgerWriteFailed):
            journal.commit(news(journal), NOON)

    with pytest.raises(LedgerWriteFailed, match="was damaged meanwhile: record 1: "):
        journal.commit(news(journal), NOON)
    assert (seq, size) == (journal.seq, segment.stat().st_size)
    journal.close()


def test_a_clock_that_no_checkpoint_can_say_is_named(journal: Journal) -> None:
    """Nothing of the step is written."""
    journal.commit(news(journal), NOON)
    before = entries_of(journal)
    with pytest.raises(InvalidValue, match="is the clock set right"):
        journal.commit(news(journal), -1, sign=ANNA.checkpoint)

    assert before == entries_of(journal)
