"""A desk's ledger as it is read: what it says, and where to find the rest of it."""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from converge_core.audit import read_in
from converge_core.errors import LedgerCorrupt
from converge_core.events import RunStopped, TraceRecorded
from converge_core.ids import RunId
from converge_core.ledger import Entry
from converge_core.reading import Reading
from converge_core.run_state import DeskState, Phase
from converge_desktop.adapters.keys import signature_fits
from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.ledger.snapshots import SnapshotReader, Snapshots
from converge_desktop.runtime.precedents import Precedents
from converge_desktop.runtime.run_views import RunNote, run_note
from converge_desktop.runtime.shelf import DESK_KINDS, Shelf

LEDGER = "ledger"
SNAPSHOTS = "snapshots"
_KEY = "keys/snapshots.key"
BELIEVE_FROM = 16 * 1024 * 1024
"""Bytes of a ledger from which its records are not all read at a start, but remembered."""


def snapshots_of(data_dir: Path) -> Snapshots:
    """Returns the snapshots of a desk, to be written as well."""
    return Snapshots(data_dir / SNAPSHOTS, data_dir / _KEY, BELIEVE_FROM)


def snapshot_reader_of(data_dir: Path) -> SnapshotReader:
    """Returns the snapshots of a desk, to be read alone."""
    return SnapshotReader(data_dir / SNAPSHOTS, data_dir / _KEY, BELIEVE_FROM)


class DeskReader:
    """Reads a ledger to its end and grows with it.

    What a snapshot covers is not folded again: only the desk's own records, and those of runs that
    had not stopped.

    Args:
        directory: where the ledger's files lie.
        snapshots: what is known of them already; None to read every record.

    Attributes:
        history: the records, and where they lie.
        runs: the runs.
        traces: the numbers of the records of model calls.
        precedents: what was decided in the runs that have stopped.
        reading: what the ledger says, checked record by record.
        remembered: how many records were not read, because a snapshot covers them.

    Raises:
        LedgerCorrupt: if a record does not hold.
        OSError: if the ledger cannot be read.
    """

    def __init__(self, directory: Path, snapshots: SnapshotReader | None) -> None:
        self.history = LedgerHistory(directory, snapshots)
        self.remembered = self.history.index.count
        self.runs = Shelf(self.history, signature_fits)
        self.precedents = Precedents()
        self._notes: dict[RunId, RunNote] = {}
        for run, note in self.history.notes.items():
            if not self.history.index.has(run, RunStopped.kind):
                continue  # whatever is noted, it goes on
            with contextlib.suppress(msgspec.MsgspecError):  # then the run itself is read
                self._know(RunId(run), msgspec.json.decode(note, type=RunNote))
        self.traces = array("Q", self.history.index.of_kinds((TraceRecorded.kind,)))
        state, end = self._covered(), self.history.end.chain
        self.reading = Reading(state, self.history.frontier, end, signature_fits)

    @property
    def state(self) -> DeskState:
        """What the ledger says."""
        return self.reading.state

    def read_all(self) -> DeskReader:
        """Reads what no snapshot covers, and returns itself.

        Raises:
            LedgerCorrupt: at the first record that does not hold.
        """
        for batch in self.history.unread():
            self.take(batch.entries)
        return self

    def take(self, entries: Sequence[Entry]) -> None:
        """Grows by records that are in the ledger now.

        Raises:
            LedgerCorrupt: if one claims what does not stand before it, or its body is left out.
        """
        for entry in entries:
            if entry.event is None:
                raise LedgerCorrupt(
                    entry.head.seq,
                    "what it said was left out; a redacted copy can be verified, and not used",
                )
            self.reading.take(entry)
            self._note(entry)

    def follow(self, entries: Sequence[Entry]) -> None:
        """Grows by records that were made of what it says, and are durable."""
        for entry in entries:
            self.reading.follow(entry)
            self._note(entry)

    def _note(self, entry: Entry) -> None:
        if entry.head.kind == TraceRecorded.kind:
            self.traces.append(entry.head.seq)
        if isinstance(entry.event, RunStopped):
            self._stopped(entry.event.run)

    def note(self, run: RunId) -> RunNote:
        """Returns a run in a few words, without reading it where it has stopped."""
        return self._notes.get(run) or run_note(self.runs[run])

    def _covered(self) -> DeskState:
        """Returns the state that the snapshots stand for."""
        state, end = DeskState(runs=self.runs), self.history.index.count
        for seq in self.history.index.of_kinds(DESK_KINDS):
            state = read_in(state, self.history.entry(seq), signature_fits)
        for run in [run for run in self.runs if run not in self._notes]:
            found = self.runs.as_of(run, end)
            # whoever is enrolled or revoked later is known to it
            found.operators, found.revoked = state.operators, state.revoked
            self.runs[run] = found
            if found.phase is Phase.STOPPED:  # and nobody kept a note of it
                self._stopped(run)
        state.seq = end - 1
        return state

    def _stopped(self, run: RunId) -> None:
        note = run_note(self.runs[run])
        self._know(run, note)
        self.history.notes[str(run)] = msgspec.json.encode(note)
        self.runs.rest(run)

    def _know(self, run: RunId, note: RunNote) -> None:
        """Keeps a note; of what was decided in the run, no more than the precedents take."""
        self.precedents.note(note.decided)
        self._notes[run] = replace(note, decided=())
