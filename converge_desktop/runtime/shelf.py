"""The runs of a desk: those that go on are kept, those that have stopped are read when asked for.

What is in memory so depends on what goes on, not on how long the desk has been used.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator, MutableMapping
from typing import Any

from converge_core.audit import read_in
from converge_core.events import RunStarted
from converge_core.ids import RunId
from converge_core.ledger import Entry
from converge_core.review import SignatureCheck
from converge_core.run_state import DeskState, Phase, RunState
from converge_desktop.adapters.ledger.history import DESK, LedgerHistory

RECENT = 32
"""How many of the runs that have stopped stay in memory, those looked at last."""
_LIFE = ("artifact_registered", "artifact_rolled_back", "artifact_transitioned")
_PEOPLE = ("operator_enrolled", "operator_key_rotated", "operator_revoked")
DESK_KINDS = ("desk_opened", *_PEOPLE, *_LIFE)
"""The records of the desk itself that its state grows by."""


class Shelf(MutableMapping[RunId, RunState]):
    """Every run of a desk by its id, in the order in which they began.

    Args:
        history: where runs are read from.
        verify: checks signatures, at every reading.
    """

    def __init__(self, history: LedgerHistory, verify: SignatureCheck) -> None:
        self._history = history
        self._verify = verify
        self._known: dict[RunId, None] = {
            RunId(run): None for run in history.index.runs if run != DESK
        }
        self._going: dict[RunId, RunState] = {}
        self._recent: OrderedDict[RunId, RunState] = OrderedDict()
        self._desk: list[Entry] = []

    def __getitem__(self, run: RunId) -> RunState:
        """Returns a run; one that has stopped may have to be read first.

        Raises:
            KeyError: if there is none of that id.
            LedgerCorrupt: if its records were changed since they were read.
        """
        found = self._going.get(run)
        if found is not None:
            return found
        if run in self._recent:
            self._recent.move_to_end(run)
            return self._recent[run]
        if run not in self._known:
            raise KeyError(run)
        return self._keep(run, self.as_of(run, self._history.index.count))

    def get(self, run: RunId, default: Any = None) -> Any:
        """Override Mapping.get, which every record is looked up by, without an exception."""
        found = self._going.get(run)
        if found is not None:
            return found
        return self[run] if run in self._known else default

    def __setitem__(self, run: RunId, state: RunState) -> None:
        """Takes in a run that goes on."""
        self._known[run] = None
        self._going[run] = state

    def __delitem__(self, run: RunId) -> None:
        """Refuses: what happened is not undone."""
        raise TypeError(f"run {run} cannot be taken away")

    def __contains__(self, run: object) -> bool:
        """Says whether there is a run of that id, without reading it."""
        return run in self._known

    def __iter__(self) -> Iterator[RunId]:
        """Returns the ids of all runs, oldest first."""
        return iter(self._known)

    def __len__(self) -> int:
        """Counts the runs."""
        return len(self._known)

    def going(self) -> list[RunState]:
        """Returns the runs that have not stopped, oldest first."""
        return list(self._going.values())

    def rest(self, run: RunId) -> None:
        """Lets go of a run that has stopped; it is read again when it is asked for."""
        state = self._going.pop(run, None)
        if state is not None:
            self._keep(run, state)

    def as_of(self, run: RunId, before: int) -> RunState:
        """Returns a run as it stood before record ``before``, read from the ledger.

        Raises:
            KeyError: if it had not begun.
            LedgerCorrupt: if its records were changed since they were read.
        """
        own = list(self._history.of_run(run, before))
        ground = self._ground(own)
        desk = DeskState(runs={one.run: one for one in map(self._here, ground[:1]) if one})
        told = self._history.of_runs([] if desk.runs else ground, before)
        every = heapq.merge(self._desk_records(before), own, told, key=_number)
        for entry in every:
            desk = read_in(desk, entry, self._verify)
        return desk.runs[run]

    def _here(self, run: RunId) -> RunState | None:
        """Returns a run if it is in memory; that others began with it does not change."""
        return self._going.get(run) or self._recent.get(run)

    def _desk_records(self, before: int) -> list[Entry]:
        """Returns the desk's own records below a number; each is read once."""
        numbers = list(self._history.index.of_kinds(DESK_KINDS))
        for seq in numbers[len(self._desk) :]:
            self._desk.append(self._history.entry(seq))
        return self._desk[: bisect_left(numbers, before)]

    def _ground(self, own: list[Entry]) -> list[RunId]:
        """Returns the runs whose facts one begins with, and those whose facts they began with."""
        found: list[RunId] = []
        began: Entry | None = own[0] if own else None
        while began is not None:
            event = began.event
            if not isinstance(event, RunStarted) or event.continues is None:
                break
            found.append(event.continues)
            began = next(self._history.of_run(event.continues), None)
        return found

    def _keep(self, run: RunId, state: RunState) -> RunState:
        if state.phase is not Phase.STOPPED:
            self._going[run] = state
            return state
        self._recent[run] = state
        while len(self._recent) > RECENT:
            self._recent.popitem(last=False)
        return state


def _number(entry: Entry) -> int:
    return entry.head.seq
