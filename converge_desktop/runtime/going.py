"""Runs as long as they go on, for whoever reads a ledger once from end to end.

Of a run that has stopped, only the place of its records is kept; should another begin with what it
came to, it is read again. So the memory it takes is that of the runs under way.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from converge_core.events import RunStarted, RunStopped
from converge_core.ids import RunId
from converge_core.ledger import Chain, Head, decode_line
from converge_core.run_state import DeskState, RunState
from converge_core.state import fold
from converge_desktop.adapters.ledger.segments import Batch

RECENT = 16
"""How many of the runs that have stopped are kept."""


class _Line(msgspec.Struct):
    """As much of a line as says what it follows."""

    head: Head


_head_of = msgspec.json.Decoder(_Line).decode


class Going(MutableMapping[RunId, RunState]):
    """Every run that was read, by its id.

    Args:
        files: the ledger's files.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self._going: dict[RunId, RunState] = {}
        self._recent: OrderedDict[RunId, RunState] = OrderedDict()
        self._places: dict[RunId, array[int]] = {}
        self._before: dict[RunId, RunId] = {}

    def __getitem__(self, run: RunId) -> RunState:
        """Returns a run; one that has stopped a while ago is read again.

        Raises:
            KeyError: if it never began.
        """
        found = self._going.get(run) or self._recent.get(run)
        if found is not None:
            return found
        if run not in self._places:
            raise KeyError(run)
        line = [run]
        while (before := self._before.get(line[-1])) and not self._there(before):
            line.append(before)
        for one in reversed(line):  # what one begins with is read before it
            self._keep(one, self._again(one))
        return self._recent[run]

    def __setitem__(self, run: RunId, state: RunState) -> None:
        """Takes in a run."""
        self._going[run] = state

    def __delitem__(self, run: RunId) -> None:
        """Refuses: what happened is not undone."""
        raise TypeError(f"run {run} cannot be taken away")

    def __contains__(self, run: object) -> bool:
        """Says whether a run of that id ever began."""
        return run in self._going or run in self._places

    def __iter__(self) -> Iterator[RunId]:
        """Returns the ids of all runs."""
        return iter(self._places)

    def __len__(self) -> int:
        """Counts the runs."""
        return len(self._places)

    def get(self, run: RunId, default: Any = None) -> Any:
        """Override Mapping.get, which every record is looked up by, without an exception."""
        found = self._going.get(run)
        if found is not None:
            return found
        return self[run] if run in self._places else default

    def note(self, batch: Batch) -> None:
        """Notes where the records of a batch lie, and lets go of runs that stopped by it."""
        begin = batch.offsets[0]
        for run in {entry.head.run for entry in batch.entries if entry.head.run}:
            place = self._places.setdefault(RunId(run), array("Q"))
            place.extend((batch.file, begin, begin + batch.size))
        for entry in batch.entries:
            event = entry.event
            if isinstance(event, RunStarted) and event.continues is not None:
                self._before[event.run] = event.continues
            elif isinstance(event, RunStopped):
                self._keep(event.run, self._going.pop(event.run))

    def _there(self, run: RunId) -> bool:
        return run in self._going or run in self._recent

    def _keep(self, run: RunId, state: RunState) -> None:
        self._recent[run] = state
        while len(self._recent) > RECENT:
            self._recent.popitem(last=False)

    def _again(self, run: RunId) -> RunState:
        """Folds a run again; its records were looked at before."""
        desk = DeskState()
        before = self._before.get(run)
        if before is not None:
            desk.runs[before] = self[before]
        for line in self._lines(run):
            head = _head_of(line).head
            if head.run == run:
                entry = decode_line(line, Chain(head.seq - 1, head.prev))
                if entry.event is not None:
                    fold(desk, entry.event, head.at, head.seq)
        return desk.runs[run]

    def _lines(self, run: RunId) -> Iterator[bytes]:
        places = self._places[run]
        for at in range(0, len(places), 3):
            number, begin, end = places[at : at + 3]
            with self._files[number].open("rb") as file:
                file.seek(begin)
                yield from file.read(end - begin).splitlines(keepends=True)
