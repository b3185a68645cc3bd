"""What a ledger of a million events takes to open, to look into, to verify and to fill a view from.

Each is measured in a process of its own that begins with nothing: ``large.py`` is run once for each
of :data:`PARTS` and prints JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from tests.bench.measuring import Line, milliseconds

LOOKS = 300
PAGE = 100
AIM_OPEN_S = 2.0
AIM_BYTES = 500_000_000
FILLED = 100_000
"""How many records the database is filled from: enough for a rate."""
Found = dict[str, Any]


def large_ledger(data: Path, scratch: Path) -> Iterator[Line]:
    """Yields the rows.

    Args:
        data: the data directory of the ledger; its snapshots are made anew.
        scratch: where a database may be made.
    """
    first = _in_a_process("first_open", data)
    size = f"{first['records']:,} events"
    yield Line(f"{size} opened, without snapshots", _seconds(first))
    opened = _in_a_process("again_open", data)
    met = opened["seconds"] <= AIM_OPEN_S
    yield Line(f"{size} opened, inbox and runs there", _seconds(opened), "at most 2 s", met)
    looked = _in_a_process("look", data)
    yield _at_most(f"  a page of {PAGE} of them, anywhere", looked["pages"], 0.01)
    yield _at_most("  a run as it stood at any of them", looked["moments"], 0.1)
    peak = max(found["peak"] for found in (first, opened, looked))
    met = peak <= AIM_BYTES
    yield Line("  the most memory for all of that", _megabytes(peak), "at most 500 MB", met)
    verified = _in_a_process("verify", data)
    yield _at_least("records verified, signatures and approvals too", verified["rate"], 100_000)
    yield Line("  the most memory meanwhile", _megabytes(verified["peak"]))
    filled = _in_a_process("rebuild", data, scratch)
    yield _at_least("events into SurrealDB, rebuilt", filled["rate"], 10_000)


# What is done in a process of its own.


def first_open(data: Path) -> Found:
    """Opens it as if it had just come from a backup, with nothing but the ledger."""
    from converge_desktop.runtime.desk_reader import snapshots_of

    snapshots_of(data).remove_all()
    return again_open(data)


def again_open(data: Path) -> Found:
    """Opens it as the window does, imports included, until what waits and what ran is there."""
    begun = time.perf_counter()
    journal, views = _opened(data)
    inbox, runs = views.inbox(), views.runs()
    taken = time.perf_counter() - begun
    if not inbox or not runs:
        raise RuntimeError("nothing waits in it, or nothing ran")
    records = journal.seq + 1
    journal.close()
    return {"seconds": taken, "records": records}


def look(data: Path) -> Found:
    """Reads pages of it and runs at moments of theirs, anywhere."""
    journal, views = _opened(data)
    views.runs()
    chance, pages, moments = Random(0), [], []
    for _ in range(LOOKS):
        seq = chance.randrange(journal.seq - PAGE)
        begun = time.perf_counter()
        rows = views.ledger(seq, PAGE)
        pages.append(time.perf_counter() - begun)
        if [row.seq for row in rows] != list(range(seq, seq + PAGE)):
            raise RuntimeError("the page holds other records")
        run = next(row for row in rows if row.run_id)
        begun = time.perf_counter()
        views.run_at(run.run_id, run.seq)
        moments.append(time.perf_counter() - begun)
    journal.close()
    return {"pages": pages, "moments": moments}


def _opened(data: Path) -> tuple[Any, Any]:
    from converge_desktop import paths
    from converge_desktop.adapters.clock import system_clock
    from converge_desktop.adapters.packs.pack import load_packs
    from converge_desktop.runtime.journal import Journal
    from converge_desktop.runtime.views import Views

    journal = Journal(data, system_clock)
    packs = load_packs(paths.packs())
    return journal, Views(lambda: journal.reader, journal.read_text, packs)


def verify(data: Path) -> Found:
    """Verifies the whole ledger, believing no snapshot."""
    from converge_desktop.runtime.verifying import verify_ledger

    begun = time.perf_counter()
    found = verify_ledger(data / "ledger")
    if found.bad_seq >= 0:
        raise RuntimeError(f"record {found.bad_seq} does not verify: {found.reason}")
    return {"rate": found.records / (time.perf_counter() - begun)}


def rebuild(data: Path, scratch: Path) -> Found:
    """Fills a new database from the first records of it."""
    from threading import Event

    from converge_desktop.adapters.ledger.ledger_file import read_ledger
    from converge_desktop.runtime.store_thread import StoreThread

    over, said = Event(), []

    def changed(state: str, seq: int) -> None:
        said.append((state, seq))
        if state in {"ready", "failed"}:
            over.set()

    def history() -> Iterator[Any]:
        return islice(read_ledger(data / "ledger"), FILLED)

    begun = time.perf_counter()
    store = StoreThread(scratch / "store", history, changed)
    over.wait()
    taken = time.perf_counter() - begun
    store.close()
    state, seq = said[-1]
    if state != "ready":
        raise RuntimeError(f"the database is {state} at record {seq}")
    return {"rate": (seq + 1) / taken}


PARTS: dict[str, Callable[..., Found]] = {
    part.__name__: part for part in (first_open, again_open, look, verify, rebuild)
}


def _in_a_process(part: str, *places: Path) -> Found:
    command = [sys.executable, "-m", "tests.bench.large", part, *map(str, places)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: Found = json.loads(done.stdout)
    return found


def _peak() -> int:
    """Returns the most memory that this process ever took, in bytes."""
    status = Path("/proc/self/status").read_text("utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) * 1024


def _seconds(found: Found) -> str:
    return f"{found['seconds']:.2f} s"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def _at_least(name: str, rate: float, aim: int) -> Line:
    return Line(name, f"{rate:,.0f} a second", f"at least {aim:,} a second", rate >= aim)


def _at_most(name: str, seconds: list[float], most: float) -> Line:
    """Compares the slowest but one in a hundred: a person waits for each."""
    late = sorted(seconds)[int(0.99 * len(seconds))]
    return Line(name, milliseconds(seconds), f"at most {most * 1e3:,.0f} ms", late <= most)


def main() -> None:
    """Does one part and prints what came of it."""
    part, *places = sys.argv[1:]
    found = PARTS[part](*map(Path, places))
    print(json.dumps({**found, "peak": _peak()}))


if __name__ == "__main__":
    main()
