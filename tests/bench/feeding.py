"""Events that arrive at a desk as if many agents were at work elsewhere: made, committed, told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import cached_property

from converge_core.events import GateOpened
from converge_desktop.adapters.identity.key_file import file_key
from converge_desktop.runtime.desk import Desk
from tests.bench.big_ledger import WHO
from tests.bench.big_runs import Batch, Left, Runs

FIRST = 500_000
"""Where the numbers of its runs begin, far beyond those that a desk gives by itself."""


class Feeder:
    """Commits real runs at a steady rate through the desk's own engine, syncs and all.

    Args:
        desk: where they arrive.
        rate: events a second.
        opened: called on the feeder's thread with each gate, before it is committed.

    Attributes:
        events: how many were committed.
    """

    def __init__(self, desk: Desk, rate: int, opened: Callable[[str], None]) -> None:
        self._desk, self._rate, self._opened = desk, rate, opened
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._feed, name="feeder")
        self.events = 0

    @cached_property
    def _runs(self) -> Runs:
        key = file_key(self._desk._data_dir / "keys" / f"{WHO}.ed25519", WHO)
        number = FIRST + self._next_seq()  # what an earlier feeder began stays in the ledger
        return Runs(key, self._desk._clock(), number, number)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends, within one batch."""
        self._over.set()
        self._thread.join()

    def run(self, left: Left) -> None:
        """Has one run arrive as fast as it can."""
        for batch in self._runs.next(self._next_seq, left):
            self._commit(batch)

    def _feed(self) -> None:
        begun = time.monotonic()
        while not self._over.is_set():
            for batch in self._runs.next(self._next_seq, Left.STOPPED):
                if self._over.is_set():
                    return
                self._commit(batch)
                ahead = self.events / self._rate - (time.monotonic() - begun)
                self._over.wait(max(ahead, 0))

    def _next_seq(self) -> int:
        return self._desk._engine.journal.seq + 1

    def _commit(self, batch: Batch) -> None:
        for event in batch.events:
            if isinstance(event, GateOpened):
                self._opened(event.request.id)
        engine = self._desk._engine
        engine.send(lambda: engine._commit(batch.events, batch.at, batch.texts)).result()
        self.events += len(batch.events)
