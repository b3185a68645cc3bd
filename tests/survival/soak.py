"""Keeps one desk busy for long, and leaves one waiting for a week, and measures what that costs.

python -m tests.survival.soak --runs 1000
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from converge_core.terms import ReviewTerms
from tests.survival.scripted import PATIENCE, ScriptedDesk, ScriptedThread, small_engine
from tests.survival.story import NOON

MOST_BYTES = 50 * 1024 * 1024
"""By how much memory may grow between the hundredth run and the thousandth."""
HOUR_S, DAY_S = 3600, 24 * 3600
WEEK_S = 7 * DAY_S
NINE_WEEKS = ReviewTerms(deadline_us=9 * WEEK_S * 1_000_000)
"""A deadline of which not even half passes in a week."""


def run_through(desk: ScriptedDesk) -> str:
    """Has a run begin, wait for a person, be approved and stop; returns its context root."""
    run = desk.begin()
    desk.until(run, "waiting")
    for gate in desk.gates(run):
        desk.approve(gate)
    return desk.until(run, "stopped").root


def resident_bytes() -> int:
    """Returns how much memory this process takes, without what waits to be collected."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def soaked(data_dir: Path, runs: int, warm: int, measure: Callable[[], int]) -> tuple[int, float]:
    """Returns by how many bytes memory grew from run ``warm`` to ``runs``, and seconds a run."""
    desk = ScriptedDesk(data_dir, count(NOON).__next__)
    try:
        roots = {run_through(desk) for _ in range(warm)}
        before, begun = measure(), time.monotonic()
        roots |= {run_through(desk) for _ in range(runs - warm)}
        taken, grown = time.monotonic() - begun, measure() - before
    finally:
        desk.close()
    assert len(roots) == 1, "the same run came to different contexts"
    assert [] == desk.notices
    return grown, taken / (runs - warm)


# A week of waiting.


class PassingTime:
    """An inbox, and the clock that goes with it: while a week is spent, waiting takes no time.

    Each wait for something that does not come moves the clock on by as long as was to be waited.
    """

    def __init__(self) -> None:
        self.queue: SimpleQueue[Any] = SimpleQueue()
        self.now_s = 0.0
        self.looks = 0
        self.cpu_s = 0.0
        self.over = threading.Event()
        self._ends = 0.0

    def __call__(self) -> int:
        return NOON + int(self.now_s * 1e6)

    def put(self, message: Any) -> None:
        self.queue.put(message)

    def spend(self, seconds: float) -> None:
        """Lets so much time pass as soon as nothing else is to be done."""
        self._ends = self.now_s + seconds
        self.put(self)

    def get(self, timeout: float | None = None) -> Any:
        """Returns what was sent; while time is spent, says at once that nothing was."""
        if self.now_s >= self._ends:
            message = self.queue.get()
            if message is not self:
                return message
            self.cpu_s = time.thread_time()
        if timeout is not None and self.now_s + timeout < self._ends:
            self.looks += 1
            self.now_s += timeout
            raise Empty
        self.now_s = self._ends
        self.cpu_s = time.thread_time() - self.cpu_s
        self.over.set()
        return self.get(timeout)


@dataclass(frozen=True)
class Waited:
    """What waiting for a week cost.

    Attributes:
        looks: how often the engine thread woke up.
        cpu_s: the seconds it computed.
        records: how many records it wrote.
        writes: how often the process wrote anything.
    """

    looks: int
    cpu_s: float
    records: int
    writes: int


def waited_for_a_week(data_dir: Path, terms: ReviewTerms) -> Waited:
    """Has a run wait for a person for a week, who then approves."""
    inbox = PassingTime()

    class Patient(ScriptedThread):
        make = staticmethod(lambda: small_engine(terms))

        @property
        def _inbox(self) -> Any:
            return inbox

        @_inbox.setter
        def _inbox(self, queue: Any) -> None:
            pass

    desk = ScriptedDesk(data_dir, inbox, Patient)
    try:
        run = desk.begin()
        desk.until(run, "waiting")
        [gate] = desk.gates(run)
        records, writes = desk.engine.journal.seq, _writes()
        inbox.spend(WEEK_S)
        assert inbox.over.wait(PATIENCE), "the week never ended"
        records, writes = desk.engine.journal.seq - records, _writes() - writes
        desk.approve(gate)
        desk.until(run, "stopped")
    finally:
        desk.close()
    return Waited(inbox.looks, inbox.cpu_s, records, writes)


def _writes() -> int:
    """Returns how often this process has written anything."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("syscw"))


def main() -> int:
    """Prints what was measured; 1 if it was too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="how many runs one desk has")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        grown, seconds = soaked(Path(scratch, "busy"), asked.runs, asked.runs // 10, resident_bytes)
        waited = {
            "without a deadline": waited_for_a_week(Path(scratch, "waits"), ReviewTerms()),
            "with a deadline": waited_for_a_week(Path(scratch, "is due"), NINE_WEEKS),
        }
    print(
        f"{asked.runs} runs at {seconds * 1000:.1f} ms each: memory grew by "
        f"{grown / 2**20:.1f} MB from run {asked.runs // 10} on; at most {MOST_BYTES >> 20} MB"
    )
    for words, cost in waited.items():
        print(
            f"a week's wait {words}: {cost.looks} looks at the clock, {cost.cpu_s * 1000:.1f} ms "
            f"of computing, {cost.records} records, {cost.writes} writes"
        )
    free = all(not cost.records and not cost.writes for cost in waited.values())
    return 0 if grown <= MOST_BYTES and free else 1


if __name__ == "__main__":
    sys.exit(main())
