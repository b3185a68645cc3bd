"""What looking through a million model calls takes: filters, pages, jumps, words, and insights.

PYTHONPATH=core:. python -m tests.bench.traces --dir DIR --calls 1000000

The ledger is made in ``DIR`` and left there, so that the next measurement spares that. What is
measured is measured in a process of its own, as in ``large.py``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from tests.bench.big_ledger import make_ledger
from tests.bench.many_traces import make_traces
from tests.bench.measuring import Line, milliseconds

Found = dict[str, Any]
CALLS = 1_000_000
PAGE = 100
TIMES = 20
MIXED = 50_000
FILTERS = {
    "every call": "",
    "step and validity": "step:evaluation valid:no",
    "six terms": "model:nano tokens>500 duration>300ms (run:12 or -run:13) after:9000d pack:inv",
    "a cause": "cause:cites",
}
WORDS = {
    "a rare word": '"999999"',
    "words in most": "release",
    "a phrase": '"no source"',
    "words that nothing says": "xyzzy",
    "three letters that nothing says": "qzj",
    "pieces with a star": "churn*history*audit",
}
ORDERS = ("time", "tokens", "duration", "model", "cause", "run")


def rows(data: Path) -> Iterator[Line]:
    """Yields the rows, over the data directory of a ledger that ``many_traces`` made."""
    made = _in_a_process("build", data)
    yield Line(f"{made['calls']:,} model calls indexed from the ledger", f"{made['seconds']:.1f} s")
    met = made["rate"] >= 20_000
    yield Line(
        "  events a second, three of four being model calls",
        f"{made['rate']:,.0f}",
        "at least 20,000 a second",
        met,
    )
    mixed = _in_a_process("follow", data)
    met = mixed["rate"] >= 20_000
    name = "events a second of runs as a desk makes them"
    yield Line(name, f"{mixed['rate']:,.0f}", "at least 20,000 a second", met)
    yield Line("  on disk", f"{made['bytes'] / 1e6:,.0f} MB")
    asked = _in_a_process("ask", data)
    yield Line("index opened", f"{asked['opened']:.2f} s")
    for name, seconds in asked["filters"].items():
        yield _at_most(f"first page: {name}", seconds, 0.1)
    for name, seconds in asked["orders"].items():
        yield _at_most(f"first page of every call, by {name}", seconds, 0.1)
    for name, seconds in asked["words"].items():
        yield _at_most(f"full text: {name} ({asked['hits'][name]:,} calls)", seconds, 0.2)
    yield _at_most(f"next pages of {PAGE}, anywhere", asked["pages"], 0.03)
    yield _at_most("jump to a time", asked["jumps"], 0.1)
    yield _at_most("insights: every table", asked["insights"], 1.0)
    peak = asked["peak"] / 1e6
    yield Line(
        "  the most memory for all of that", f"{peak:,.0f} MB", "at most 700 MB", peak <= 700
    )


def build(data: Path) -> Found:
    """Makes the index of the ledger alone."""
    from converge_desktop.runtime.trace_index import FOLDER

    shutil.rmtree(data / FOLDER, ignore_errors=True)
    index, history = _index(data)
    begun = time.perf_counter()
    for _ in index.advance(history.index.count - 1):
        pass
    index.keep()
    taken = time.perf_counter() - begun
    size = sum(path.stat().st_size for path in (data / FOLDER).iterdir())
    return {
        "seconds": taken,
        "rate": history.index.count / taken,
        "calls": index.view.traces.count,
        "bytes": size,
    }


def follow(data: Path) -> Found:
    """Makes the index of a ledger as ``big_ledger`` makes them: one event in sixty is a call."""
    place = data / "mixed"
    if not place.exists():
        make_ledger(place, MIXED)
    return build(place)


def ask(data: Path) -> Found:
    """Opens the index as it was left, and asks it everything."""
    from converge_desktop.runtime.insights import insights
    from converge_desktop.runtime.trace_sets import TraceSets

    begun = time.perf_counter()
    index, history = _index(data)
    opened = time.perf_counter() - begun - history_seconds[0]
    view, sets = index.view, TraceSets(history.entry)
    now = int(view.traces["at"][-1])

    def first_page(text: str, order: str = "time") -> int:
        found = sets.find(view, text, order, descending=True, now=now, last=view.as_of, notes={})
        sets.page(found.token, 0, PAGE, {})
        return found.total

    filters = {name: _timed(lambda text=text: first_page(text)) for name, text in FILTERS.items()}
    orders = {order: _timed(lambda order=order: first_page("", order)) for order in ORDERS}
    hits = {name: first_page(text) for name, text in WORDS.items()}
    words = {name: _timed(lambda text=text: first_page(text)) for name, text in WORDS.items()}
    chance = Random(0)
    found = sets.find(view, "", "duration", descending=True, now=now, last=view.as_of, notes={})
    pages = _timed(lambda: sets.page(found.token, chance.randrange(found.total), PAGE, {}), 100)
    begun_at, ended_at = int(view.traces["at"][0]), now
    jumps = _timed(
        lambda: sets.page(
            found.token,
            sets.at(found.token, chance.randrange(begun_at, ended_at)),
            PAGE,
            {},
        )
    )
    return {
        "opened": opened,
        "filters": filters,
        "orders": orders,
        "words": words,
        "hits": hits,
        "pages": pages,
        "jumps": jumps,
        "insights": _timed(lambda: insights(view), 5),
    }


history_seconds = [0.0]


def _index(data: Path) -> tuple[Any, Any]:
    from converge_desktop.adapters.ledger.history import LedgerHistory
    from converge_desktop.adapters.texts import TextReader
    from converge_desktop.runtime.desk_reader import LEDGER, snapshots_of
    from converge_desktop.runtime.trace_index import FOLDER, TraceIndex

    begun = time.perf_counter()
    history = LedgerHistory(data / LEDGER, snapshots_of(data)).read_all()
    history.save()
    history_seconds[0] = time.perf_counter() - begun
    index = TraceIndex(data / FOLDER, lambda: history, TextReader(data / "texts").text)
    index.load(history.index.count - 1)
    return index, history


def _timed(work: Callable[[], object], times: int = TIMES) -> list[float]:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return taken


PARTS: dict[str, Callable[[Path], Found]] = {"build": build, "follow": follow, "ask": ask}


def _in_a_process(part: str, data: Path) -> Found:
    command = [sys.executable, "-m", "tests.bench.traces", "--part", part, "--dir", str(data)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: Found = json.loads(done.stdout)
    return found


def _peak() -> int:
    status = Path("/proc/self/status").read_text("utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) * 1024


def _at_most(name: str, seconds: list[float], most: float) -> Line:
    late = sorted(seconds)[min(len(seconds) - 1, int(0.99 * len(seconds)))]
    return Line(name, milliseconds(seconds), f"at most {most * 1e3:,.0f} ms", late <= most)


def measure(directory: Path, calls: int = CALLS) -> None:
    """Prints one line a measurement; makes the ledger if it is not there."""
    data = directory / f"traces-{calls}"
    if not data.exists():
        begun = time.perf_counter()
        records = make_traces(data, calls)
        made = f"{records:,} records in {time.perf_counter() - begun:.0f} s"
        print(Line("made for what follows", made).words(), flush=True)
    for line in rows(data):
        print(line.words(), flush=True)


def main() -> None:
    """Measures, or does one part of it and prints what came of that."""
    parser = argparse.ArgumentParser(description="Measure what a million model calls take.")
    parser.add_argument("--dir", type=Path, default=Path.cwd())
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--part", choices=tuple(PARTS))
    options = parser.parse_args()
    if options.part:
        found = PARTS[options.part](options.dir)
        print(json.dumps({**found, "peak": _peak()}))
    else:
        measure(options.dir, options.calls)


if __name__ == "__main__":
    main()
