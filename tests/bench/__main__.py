"""Measures what the issue of speed is about here, and prints a table.

make bench

One part of it: ``python -m tests.bench core``, ``kernel`` or ``ledger``; the last one takes
``--dir``, on a disk, where it writes, and ``--large``, a data directory made by
``tests.bench.big_ledger``, to use instead of making one.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QTimer

from converge_desktop import paths
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.runtime.port import RunChanged, StatusChanged, Update
from converge_desktop.ui.application import create_application
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.settings import UiSettings
from tests.bench import kernel, ledger
from tests.bench.core import Workload, workloads
from tests.runtime.folders import make_folder

TICK_MS = 5


def main() -> None:
    """Prints one line a measurement."""
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as directory:
        _window(Path(directory))
    # In a process of its own: what one leaves in memory, the collector walks through in the other.
    for part in ("core", "kernel", "ledger"):
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


def _window(scratch: Path) -> None:
    """Runs the real app offscreen: start-up, a run of the pack, stalls, shut-down."""
    begun = time.perf_counter()
    app = create_application(sys.argv[:1])
    options = DeskOptions(
        scratch / "data", paths.packs(), paths.samples(), "bench", paths.default_model()
    )
    desk = Desk(options)
    window = MainWindow(desk, UiSettings(scratch / "window.ini"))
    window.show()
    app.processEvents()
    print(f"{'start to first paint':44} {time.perf_counter() - begun:12.2f} s")
    ticks: list[float] = [time.perf_counter()]
    speeds: list[int] = []
    runs: list[float] = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start(TICK_MS)
    folder = make_folder(scratch / "folder", failed=1)
    started = time.perf_counter()

    def watch(update: Update) -> None:
        if isinstance(update, StatusChanged):
            speeds.append(update.status.model.tokens_per_second)
        waits = isinstance(update, RunChanged) and update.view.row.phase in {"waiting", "stopped"}
        if waits and not runs:
            runs.append(time.perf_counter() - started)
            # A second model load while the window is up: the other heavy thing there is.
            done = desk.load_model(paths.default_model())
            window.bridge.ask(window, done, lambda _: app.quit(), lambda _: app.quit())

    desk.subscribe(watch)
    desk.start_run("release-readiness", folder)
    app.exec()
    timer.stop()
    gaps = [late - early for early, late in pairwise(ticks)]
    print(f"{'folder to a proposal that waits':44} {runs[0]:12.2f} s")
    print(f"{'decoding':44} {max(speeds):12,} tokens a second")
    print(f"{'longest stall of the window':44} {(max(gaps) * 1000 - TICK_MS):12.0f} ms")
    begun = time.perf_counter()
    window.close()
    desk.close()
    print(f"{'shut-down':44} {time.perf_counter() - begun:12.2f} s")


def _choose() -> None:
    parser = argparse.ArgumentParser(description="Measure, and print what was measured.")
    parser.add_argument("part", nargs="?", choices=("core", "kernel", "ledger"))
    parser.add_argument("--dir", type=Path, default=Path.cwd())
    parser.add_argument("--large", type=Path)
    options = parser.parse_args()
    if options.part == "core":
        _core()
    elif options.part == "kernel":
        kernel.measure()
    elif options.part == "ledger":
        ledger.measure(options.dir, options.large)
    else:
        main()


if __name__ == "__main__":
    _choose()
