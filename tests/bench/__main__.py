"""Measures what the issue of speed is about here, and prints a table.

make bench

One part of it: ``python -m tests.bench PART``. Those that write do so in ``--dir``, on a disk; what
takes minutes to make for ``recall``, ``traces`` and ``million`` stays there for the next time.
``window`` and ``ledger`` take ``--large``, a directory made by ``tests.bench.big_ledger``, to use
instead of making one. ``window`` and ``million`` take ``--why``, and print what every thread did
while the window stalled.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import (
    kernel,
    ledger,
    recall,
    recall_quality,
    stopping,
    traces,
    window,
    window_million,
)
from tests.bench.core import Workload, workloads

PARTS = ("window", "core", "kernel", "stopping", "ledger", "recall", "traces", "million")
KEPT = Path(".bench")


def main() -> None:
    """Prints one line a measurement."""
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    # In a process of its own: what one leaves in memory, the collector walks through in the other.
    for part in PARTS:
        subprocess.run([sys.executable, "-m", "tests.bench", part], check=True)


def _repeat(work: Callable[[], object], times: int) -> tuple[float, float]:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    ordered = sorted(taken)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]


def _core() -> None:
    """Prints what the core takes, beside the same work without governance."""
    print(f"{'core':42} {'size':>9} {'median':>11} {'p99':>11} {'naive':>11} {'a second':>10}  aim")
    for make in workloads():
        work = make()
        median, p99 = _repeat(work.run, work.times)
        naive = _repeat(work.naive, max(2, work.times))[0] if work.naive else 0.0
        rate = f"{work.units / median:10,.0f}" if work.units else " " * 10
        print(
            f"{work.name:42} {work.size:9,} {_time(median)} {_time(p99)}"
            f" {_time(naive) if work.naive else ' ' * 11} {rate}  {_aim(work, median)}"
        )


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:8,.1f} µs" if seconds < 1 else f"{seconds:9,.2f} s"


def _aim(work: Workload, median: float) -> str:
    if work.aim is None:
        return ""
    if work.units:
        met = work.units / median >= work.aim
        return f"{'met' if met else 'missed'}: at least {work.aim:,.0f} a second"
    return f"{'met' if median <= work.aim else 'missed'}: at most {_time(work.aim).strip()}"


def _choose() -> None:
    parser = argparse.ArgumentParser(description="Measure, and print what was measured.")
    parser.add_argument("part", nargs="?", choices=PARTS)
    parser.add_argument("--dir", type=Path, default=KEPT)
    parser.add_argument("--large", type=Path)
    parser.add_argument("--why", action="store_true")
    options = parser.parse_args()
    options.dir.mkdir(parents=True, exist_ok=True)
    if options.part == "window":
        window.measure(options.dir, options.large)
    elif options.part == "core":
        _core()
    elif options.part == "kernel":
        kernel.measure()
    elif options.part == "stopping":
        stopping.measure()
    elif options.part == "ledger":
        ledger.measure(options.dir, options.large)
    elif options.part == "recall":
        recall.measure(options.dir / "recall")
        recall_quality.measure()
    elif options.part == "traces":
        traces.measure(options.dir)
    elif options.part == "million":
        window_million.measure(options.dir)
    else:
        main()


if __name__ == "__main__":
    _choose()
