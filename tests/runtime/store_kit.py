"""What the tests of the store thread are written with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from converge_core.ledger import Entry
from converge_desktop.adapters.surreal import Place
from converge_desktop.runtime import store_thread
from converge_desktop.runtime.store_thread import StoreThread
from tests.adapters.surreal_server import DatabaseServer
from tests.adapters.surreal_stories import at_size
from tests.core.kit import ALICE

PATIENCE = 60
ENTRIES = at_size(4, 50)
HALF = len(ENTRIES) // 2


class Store:
    """A store thread over ``ledger``, which may grow, and what it told."""

    def __init__(
        self, place: Place | Callable[[], Place], ledger: list[Entry], **settings: Any
    ) -> None:
        self.states: SimpleQueue[tuple[str, int]] = SimpleQueue()
        self.progress: list[tuple[int, int]] = []
        self.read = 0
        self._ledger = ledger
        settings.setdefault("last", lambda: len(ledger) - 1)
        self.thread = StoreThread(
            place,
            self._history,
            lambda *state: self.states.put(state),
            progress=lambda *done: self.progress.append(done),
            **settings,
        )

    def _history(self) -> Iterator[Entry]:
        for entry in self._ledger:
            self.read += 1
            yield entry

    def until(self, state: str) -> int:
        """Waits for a state, and returns the sequence that it was told with."""
        while True:
            told, seq = self.states.get(timeout=PATIENCE)
            if told == state:
                return seq

    def answers(self) -> tuple[Any, ...]:
        """Returns the answer to each kind of question."""
        ask = self.thread
        asked = [
            ask.facts("", "conclusion 4"),
            ask.as_of(HALF, "run-0001"),
            ask.as_of(HALF, key="Strategies"),
            ask.lineage("fact", "run-0001|plan"),
            ask.blast_radius("fact", "run-0001|m1"),
            ask.decisions_by(ALICE.operator.id),
            ask.proposals("refused"),
            ask.checkpoints(),
        ]
        return tuple(one.result(PATIENCE) for one in asked)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has questions wait for a view that is being filled, however busy the machine is."""
    monkeypatch.setattr(store_thread, "PATIENCE_S", PATIENCE)


@pytest.fixture
def store() -> Iterator[Callable[..., Store]]:
    made: list[Store] = []

    def make(*args: Any, **settings: Any) -> Store:
        made.append(Store(*args, **settings))
        return made[-1]

    yield make
    for one in made:
        one.thread.close()


@pytest.fixture(scope="session")
def right(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Any, ...]]:
    """A database that holds it all, and its answers."""
    place = tmp_path_factory.mktemp("store") / "view"
    store = Store(place, ENTRIES)
    store.until("ready")
    answers = store.answers()
    store.thread.close()
    return place, answers


@pytest.fixture
def server() -> Iterator[DatabaseServer]:
    running = DatabaseServer()
    yield running
    running.close()


Right = tuple[Path, tuple[Any, ...]]
