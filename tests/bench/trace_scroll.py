"""What a frame takes while somebody scrolls through a million model calls.

PYTHONPATH=core:. python -m tests.bench.trace_scroll --dir DIR --calls 1000000

The page of traces stands in the whole window, offscreen, over the real index of a ledger that
``traces`` made in ``DIR``; what else the window asks for is sample data. A frame is whatever the
window does in one turn of its loop, painting included.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.app import SWITCH_S
from converge_desktop.runtime.desk_reader import LEDGER, snapshots_of
from converge_desktop.runtime.port import TraceIndexChanged
from converge_desktop.runtime.trace_desk import TraceDesk
from converge_desktop.runtime.trace_model import IndexState, TraceSet
from converge_desktop.runtime.trace_notes import TraceNotes
from converge_desktop.runtime.trace_thread import TraceThread
from converge_desktop.ui.application import create_application
from converge_desktop.ui.collecting import ShortPasses
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.pages.traces import TracesPage
from converge_desktop.ui.settings import UiSettings
from tests.bench.many_traces import make_traces
from tests.bench.measuring import Line
from tests.ui import sample, sample_runs
from tests.ui.fake_desk import FakeDesk

STEPS = 400
PATIENCE_S = 600.0
FRAME_S = 0.033


class Desk(TraceDesk, FakeDesk):
    """Answers about model calls from the real index, and about all else from sample data."""

    def __init__(self, data: Path) -> None:
        super().__init__()
        self.answers = sample.answers() | sample_runs.answers()
        history = LedgerHistory(data / LEDGER, snapshots_of(data)).read_all()
        self._data_dir, self._clock = data, lambda: sample.NOW
        self._notes = TraceNotes(data, lambda _: "")
        self._publish = self.tell
        last = history.index.count - 1
        self._traces = TraceThread(data, lambda: history, last, self._moved)

    def _moved(self, state: IndexState) -> None:
        self._index_state = state
        self.tell(TraceIndexChanged(state))

    def close(self) -> None:
        assert self._traces is not None, "it was opened"
        self._traces.close()


class Frames:
    """Turns the window's loop and keeps what each turn took."""

    def __init__(self, app: QApplication) -> None:
        self._app = app
        self.taken: list[float] = []
        self.worked: list[float] = []

    def turn(self) -> None:
        begun, worked = time.perf_counter(), time.thread_time()
        self._app.processEvents()
        self.taken.append(time.perf_counter() - begun)
        self.worked.append(time.thread_time() - worked)

    def until(self, there: Callable[[], bool]) -> None:
        patience = time.monotonic() + PATIENCE_S
        while not there():
            assert time.monotonic() < patience, "it does not come"
            self.turn()
            time.sleep(0.002)


def scrolled(page: TracesPage, frames: Frames, to: Callable[[int], int]) -> None:
    """Scrolls in steps, each to where ``to`` says, and goes on as a screen would."""
    bar = page.table.verticalScrollBar()
    for step in range(STEPS):
        bar.setValue(to(step))
        frames.turn()
        time.sleep(0.004)


def measure(data: Path) -> None:
    """Prints how long frames took: a row, a screen, and a jump anywhere at a time."""
    app = create_application(["bench"])
    sys.setswitchinterval(SWITCH_S)
    desk = Desk(data)
    with tempfile.TemporaryDirectory() as state:
        window = MainWindow(desk, UiSettings(Path(state) / "window.ini"))
        window.resize(1920, 1080)
        window.show()
        window.go("traces")
        page, frames = window.pages.traces, Frames(app)
        frames.until(lambda: desk.trace_index().state == "ready" and page.model.rowCount() > 0)
        frames.until(lambda: page.model.found is not None and _whole(desk, page.model.found))
        ShortPasses(window)  # as the app has it once it has started
        high = page.table.rowHeight(0)
        end = page.table.verticalScrollBar().maximum()
        ways: dict[str, Callable[[int], int]] = {
            "three rows at a time": lambda step: 3 * high * step,
            "a screen at a time": lambda step: 25 * high * step,
            "anywhere, as the bar is dragged": lambda step: step * 7919 % STEPS * (end // STEPS),
        }
        print(f"{page.model.rowCount():,} calls are listed")
        for name, to in ways.items():
            frames.taken.clear()
            frames.worked.clear()
            scrolled(page, frames, to)
            _tell(name, frames.taken)
            _tell("  of that, work of its own", frames.worked)
        window.close()
    desk.close()


def _whole(desk: Desk, found: TraceSet) -> bool:
    return found.as_of == desk.trace_index().seq


def _tell(name: str, every: list[float]) -> None:
    taken = sorted(every)
    middle, late, most = (taken[int(part * (len(taken) - 1))] for part in (0.5, 0.99, 1.0))
    said = f"{middle * 1e3:.1f} ms, 99 % within {late * 1e3:.1f}, the longest {most * 1e3:.1f}"
    print(Line(name, said, "no frame over 33 ms", most <= FRAME_S).words(), flush=True)


def main() -> None:
    """Makes the ledger if it is not there, and measures."""
    parser = argparse.ArgumentParser(description="Measure scrolling through model calls.")
    parser.add_argument("--dir", type=Path, default=Path.cwd())
    parser.add_argument("--calls", type=int, default=1_000_000)
    options = parser.parse_args(sys.argv[1:])
    data = options.dir / f"traces-{options.calls}"
    if not data.exists():
        make_traces(data, options.calls)
    measure(data)


if __name__ == "__main__":
    main()
