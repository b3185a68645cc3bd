"""A desk as it is read: with snapshots or without, alone or beside who writes, it is the same."""

from __future__ import annotations

import os
import shutil
from array import array
from dataclasses import asdict
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converge_core import events as e
from converge_core.errors import LedgerCorrupt
from converge_core.ids import RunId
from converge_core.run_state import Phase
from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.ledger.ledger_file import LedgerFile, read_ledger
from converge_desktop.adapters.ledger.segments import segments
from converge_desktop.runtime.desk_reader import (
    DeskReader,
    snapshot_reader_of,
    snapshots_of,
)
from converge_desktop.runtime.run_views import RunNote, run_note
from tests.runtime.journals import Scripted, folded, told
from tests.survival.story import ANNA, BERT, NOON


def read(directory: Path, *, snapshots: bool = True) -> DeskReader:
    known = snapshot_reader_of(directory) if snapshots else None
    return DeskReader(directory / "ledger", known).read_all()


def said(reader: DeskReader) -> object:
    """Returns all that a reader says, to be compared."""
    state = reader.state
    return (
        (state.desk, state.operators, state.artifacts, state.seq),
        {name: told(run) for name, run in state.runs.items()},
        [reader.note(name) for name in state.runs],
        [run.run for run in reader.runs.going()],
        (reader.traces, reader.reading.frontier, reader.reading.chain),
    )


@pytest.fixture
def desk(scripted: Scripted) -> Scripted:
    """A desk at which runs have stopped, wait, and go on from each other."""
    scripted.begin("a")
    scripted.begin("b")
    scripted.answer("a")
    scripted.begin("c", "a")
    scripted.begin("d", "b", scripted.run("b").started_seq + 3)
    scripted.cancel("d")
    return scripted


def test_with_snapshots_it_says_what_it_says_without(desk: Scripted) -> None:
    """State, runs, notes, traces, tree; whatever part of the ledger they cover."""
    expected = said(read(desk.directory, snapshots=False))
    assert expected == said(desk.journal.reader)
    assert expected == said(read(desk.directory))
    desk.journal.close()
    assert expected == said(read(desk.directory))
    kept = sorted((desk.directory / "snapshots").glob("*.snapshot"), reverse=True)
    assert 3 <= len(kept)
    for path in kept:
        path.unlink()
        assert expected == said(read(desk.directory))


def test_it_is_what_folding_every_record_gives(desk: Scripted) -> None:
    """By way of the shelf, of snapshots, and of what grows along."""
    plain = folded(desk.directory)
    desk.journal.close()
    state = read(desk.directory).state

    assert {name: told(run) for name, run in plain.runs.items()} == {
        name: told(run) for name, run in state.runs.items()
    }
    assert (plain.desk, plain.operators, plain.seq) == (state.desk, state.operators, state.seq)


def test_what_has_stopped_is_not_folded_again(
    desk: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening a desk takes its own records, and those of runs that go on."""
    desk.journal.close()
    read_at: list[str] = []
    entries = LedgerHistory.range

    def noted(self: LedgerHistory, first: int, count: int) -> object:
        found = entries(self, first, count)
        read_at.extend(one.head.run for one in found)
        return found

    monkeypatch.setattr(LedgerHistory, "range", noted)
    reader = read(desk.directory)

    assert {"b", "c"} == {run.run for run in reader.runs.going()}
    assert {"", "a", "b", "c"} == set(read_at)  # c goes on from a
    assert [RunNote, RunNote] == [type(reader.note(RunId(name))) for name in "ad"]
    assert "d" not in read_at


def test_whoever_is_enrolled_later_may_decide_in_runs_that_were_kept(desk: Scripted) -> None:
    """Runs that wait are loaded with the table of people that the desk goes on adding to."""
    desk.reopen()
    waiting = desk.run("b")
    assert BERT.operator.id not in waiting.operators
    desk.enrol(BERT)

    assert waiting is desk.run("b")
    assert BERT.operator.id in waiting.operators
    desk.answer("b", by=BERT)
    assert Phase.STOPPED is desk.run("b").phase
    decided = [one.event for one in read_ledger(desk.directory / "ledger") if one.event]
    assert BERT.operator.id in {
        one.decision.operator for one in decided if isinstance(one, e.GateDecided)
    }


def words_of(note: RunNote) -> object:
    """Returns what a note says of a run, without what was decided in it."""
    return {name: one for name, one in asdict(note).items() if name != "decided"}


def test_notes_are_those_of_the_runs_themselves(desk: Scripted) -> None:
    """Kept as a run stops; those of runs that go on are made as they are asked for."""
    desk.reopen()
    reader = desk.journal.reader
    for name in reader.runs:
        assert words_of(run_note(desk.run(name))) == words_of(reader.note(name))
    waiting = reader.note(RunId("b"))
    desk.answer("b")

    assert ("waiting", "stopped") == (waiting.phase, reader.note(RunId("b")).phase)


def test_the_steps_that_were_recorded_are_known_by_number(desk: Scripted) -> None:
    """Those behind the snapshots, and those that come."""
    desk.reopen()
    desk.begin("e")
    traced = [one.head.seq for one in read_ledger(desk.directory / "ledger")]
    entries = list(read_ledger(desk.directory / "ledger"))

    assert array("Q", [n for n in traced if entries[n].head.kind == "trace_recorded"]) == (
        desk.journal.reader.traces
    )
    assert 5 == len(desk.journal.reader.traces)


def test_reading_alone_writes_nothing(desk: Scripted) -> None:
    """No file, no name, no time of change."""
    before = {path: path.stat() for path in desk.directory.rglob("*")}
    reader = read(desk.directory)
    assert said(reader)
    reader.history.close()
    after = {path: path.stat() for path in desk.directory.rglob("*")}

    assert {path: (stat.st_mtime_ns, stat.st_ctime_ns) for path, stat in before.items()} == {
        path: (stat.st_mtime_ns, stat.st_ctime_ns) for path, stat in after.items()
    }


def test_what_nobody_kept_a_note_of_is_noted(desk: Scripted) -> None:
    """Snapshots that say where runs lie and not how they ended: none of those goes on."""
    expected = said(read(desk.directory, snapshots=False))
    desk.journal.close()
    shutil.rmtree(desk.directory / "snapshots")
    history = LedgerHistory(desk.directory / "ledger", snapshots_of(desk.directory)).read_all()
    history.save()
    history.close()
    reader = read(desk.directory)

    assert history.index.count == reader.history.saved
    assert expected == said(reader)


def test_a_note_that_another_version_kept_is_made_anew(desk: Scripted) -> None:
    """It is sealed, and says other things than a note does now: the run itself is read."""
    expected = said(read(desk.directory, snapshots=False))
    history = desk.journal.reader.history
    for run in history.notes:
        history.notes[run] = b'{"run":"a run","words":"it stopped"}'
    desk.journal.close()

    assert {"a", "d"} == set(
        LedgerHistory(desk.directory / "ledger", snapshot_reader_of(desk.directory)).notes
    )
    assert expected == said(read(desk.directory))


def test_a_note_that_a_run_stopped_is_not_believed_of_one_that_goes_on(desk: Scripted) -> None:
    """Otherwise what waits for a person would be hidden from them."""
    going = {run.run for run in desk.journal.reader.runs.going()}
    notes = desk.journal.reader.history.notes
    ended = next(iter(notes.values()))
    notes.update({str(run): ended for run in going})
    desk.journal.close()
    reader = read(desk.directory)

    assert going
    assert going == {run.run for run in reader.runs.going()}


def test_a_redacted_copy_is_not_gone_on_with(desk: Scripted) -> None:
    """What was decided could be undone by taking the decision's body away."""
    desk.journal.close()
    [first, *_] = segments(desk.directory / "ledger")
    redacted = []
    for line in first.read_bytes().splitlines():
        begin, end = line.rindex(b',"hash":"') + 1, line.rindex(b',"salt":"')
        mine = msgspec.json.decode(line)["head"]["run"] == "a"
        redacted.append((b"{" + line[begin:end] + b"}" if mine else line) + b"\n")
    first.write_bytes(b"".join(redacted))

    with pytest.raises(LedgerCorrupt, match="a redacted copy can be verified, and not used"):
        read(desk.directory)


def test_what_is_not_believed_is_not_believed_with_snapshots_either(desk: Scripted) -> None:
    """A forged record behind them is refused, as it is without."""
    desk.journal.close()
    [decided] = [
        one.event
        for one in read_ledger(desk.directory / "ledger")
        if isinstance(one.event, e.GateDecided)
    ]
    forged = msgspec.structs.replace(decided, run=RunId("b"))
    ledger = LedgerFile(desk.directory / "ledger")
    seq = ledger.append([forged], NOON)[0].head.seq
    ledger.close()

    for snapshots in (True, False):
        with pytest.raises(LedgerCorrupt, match=f"record {seq}: "):
            read(desk.directory, snapshots=snapshots)


@settings(max_examples=15)
@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_however_often_it_is_opened_it_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, nights: list[bool]
) -> None:
    """After any number of nights, with snapshots lost in some of them."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda fd: None)
        desk = Scripted(tmp_path_factory.mktemp("desk"), 6000)
        desk.enrol(ANNA)
        for number, lost in enumerate(nights):
            desk.begin(f"run-{number}", f"run-{number - 2}" if number > 2 else "")
            if number:
                desk.answer(f"run-{number - 1}")
            desk.journal.close()
            if lost:
                shutil.rmtree(desk.directory / "snapshots")
            desk.open()
            assert said(read(desk.directory, snapshots=False)) == said(desk.journal.reader)
        desk.journal.close()
