"""The window over a desk with a million model calls: lists, filters, jumps, insights, memory.

The real app runs offscreen, in a process of its own, over a desk that ``many_calls`` made, which is
left where it is for the next time. What is timed begins where a person's hand would, and ends when
what they wait for is painted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

from converge_desktop import app as the_app
from converge_desktop import paths
from converge_desktop.runtime.desk import Desk
from converge_desktop.runtime.store_memory import keep_little
from converge_desktop.ui.application import create_application
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.settings import UiSettings
from converge_desktop.ui.starting import StartUp
from tests.bench.heartbeat import Heartbeat
from tests.bench.many_calls import make_desk
from tests.bench.measuring import Line, milliseconds
from tests.bench.window_parts import desk_options, memory

CALLS = 1_000_000
STEPS, JUMPS, TIMES = 400, 20, 5
LOOK_MS, GIVE_UP_S = 2, 900
FILTERS = {
    "by step and validity": "step:evaluation valid:no",
    "by a cause": "cause:cites",
    "by model, tokens and time": "model:nano tokens>500 duration>300ms",
    "full text, a rare word": '"999999"',
    "full text, words in most": "release",
}
Found = dict[str, Any]
Wait = Iterator[Callable[[], bool]]


def measure(directory: Path) -> None:
    """Prints one line a measurement; makes the desk if it is not there."""
    data = directory / f"million-{CALLS}"
    if not data.exists():
        print(Line("made for what follows", make_desk(data, CALLS).words()).words(), flush=True)
    print(f"window, offscreen, over {CALLS:,} model calls")
    for line in _lines(data):
        print(line.words(), flush=True)


def _lines(data: Path) -> Iterator[Line]:
    command = [sys.executable, "-m", "tests.bench.window_million", str(data)]
    command += ["--why"] if "--why" in sys.argv else []
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "CONVERGE_KEYRING": "none"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    found: Found = json.loads(done.stdout.splitlines()[-1])
    yield Line("everything open and followed", f"{found['opened']:,.1f} s")
    for name, taken in found["filters"].items():
        yield _late(f"  first rows {name}", taken, 0.2 if "text" in name else 0.1)
    yield _late("  jump to the middle, until painted", found["jumps"], 0.1)
    yield _late("  next page, until painted", found["pages"], 0.03)
    yield _late(f"scrolling, {STEPS} steps, each painted", found["scrolled"], 0.033)
    yield _most("  the longest of them", max(found["scrolled"]), 0.033)
    yield _most("  longest stall meanwhile", found["stall"], 0.033)
    yield _late("insights, until all is shown", found["insights"], 1.0)
    for when, size in found["memory"].items():
        yield Line(f"  memory, {when}", f"{size / 1e6:,.0f} MB", "at most 700 MB", size <= 700e6)


def _late(name: str, seconds: list[float], most: float) -> Line:
    late = sorted(seconds)[min(len(seconds) - 1, int(0.99 * len(seconds)))]
    return Line(name, milliseconds(seconds), f"at most {most * 1e3:,.0f} ms", late <= most)


def _most(name: str, seconds: float, most: float) -> Line:
    return Line(name, f"{seconds * 1e3:,.1f} ms", f"at most {most * 1e3:,.0f} ms", seconds <= most)


class Visit(QObject):
    """A person who looks through the calls, as fast as the window lets them."""

    def __init__(self, desk: Desk, window: MainWindow) -> None:
        super().__init__(window)
        self._desk, self._window, self.found = desk, window, Found(memory={})
        self._heart = Heartbeat(self, tells_why="--why" in sys.argv)
        self._begun = time.perf_counter()
        self._steps = self._through()
        self._until: Callable[[], bool] = bool
        self._look = QTimer(self)
        self._look.timeout.connect(self._on_look)
        self._look.start(LOOK_MS)
        self._until = next(self._steps)

    @Slot()
    def _on_look(self) -> None:
        if time.perf_counter() - self._begun > GIVE_UP_S:
            raise TimeoutError("the window did not come to an end")
        try:
            while self._until():
                self._until = next(self._steps)
        except StopIteration:
            self._look.stop()
            self._heart.stop()
            self._window.close()
            create_application(["bench"]).quit()

    def _through(self) -> Wait:
        yield from self._opening()
        yield from self._filtering()
        yield from self._jumping()
        yield from self._scrolling()
        self._weigh("the traces looked through")
        yield from self._insights()
        self._weigh("insights open, too")
        most = memory()["peak"]
        self.found["memory"]["the most at any time"] = most

    def _opening(self) -> Wait:
        desk = self._desk
        yield lambda: desk.trace_index().state == "ready" and desk.recall_state().state == "ready"
        yield lambda: desk.confirmed.done() and desk._status.view_state in {"ready", "failed"}
        self.found["opened"] = time.perf_counter() - self._begun
        self._weigh("everything open")
        self._window.go("traces")
        yield self._shown

    def _filtering(self) -> Wait:
        self.found["filters"] = {}
        page = self._window.pages.traces
        for name, text in FILTERS.items():
            taken = self.found["filters"][name] = []
            for _ in range(TIMES):
                page.filter.setText("")
                yield lambda: self._shown() and page.side.finder.query.text == ""
                begun = time.perf_counter()
                page.filter.setText(text)
                yield lambda text=text: page.side.finder.query.text == text and self._shown()
                self._painted()
                taken.append(time.perf_counter() - begun)
        page.filter.setText("")
        yield lambda: self._shown() and page.side.finder.query.text == ""

    def _jumping(self) -> Wait:
        bar, chance = self._window.pages.traces.table.verticalScrollBar(), Random(0)
        jumps = self.found["jumps"] = []
        pages = self.found["pages"] = []
        for _ in range(JUMPS):
            middle = bar.maximum() // 2 + chance.randrange(-bar.maximum() // 4, bar.maximum() // 4)
            for where, taken in ((middle, jumps), (middle + 2 * bar.pageStep(), pages)):
                begun = time.perf_counter()
                bar.setValue(where)
                self._painted()
                yield self._shown
                self._painted()
                taken.append(time.perf_counter() - begun)

    def _scrolling(self) -> Wait:
        bar, chance = self._window.pages.traces.table.verticalScrollBar(), Random(1)
        scrolled = self.found["scrolled"] = []
        self._heart.begin_anew()
        for step in range(STEPS):
            # Mostly rolled, now and then dragged far.
            far = step % 20 == 0
            bar.setValue(chance.randrange(bar.maximum()) if far else bar.value() + 3)
            begun = time.perf_counter()
            self._painted()
            scrolled.append(time.perf_counter() - begun)
            beats = len(self._heart.beats)
            yield lambda beats=beats: len(self._heart.beats) > beats + 1
        self.found["stall"] = max(self._heart.delays())

    def _insights(self) -> Wait:
        taken = self.found["insights"] = []
        page = self._window.pages.insights
        begun = time.perf_counter()
        self._window.go("insights")
        yield lambda: page.insights is not None and page.loading is not None and not page.busy()
        taken.append(time.perf_counter() - begun)

    def _shown(self) -> bool:
        """Whether the rows in sight are read, if there are any."""
        table = self._window.pages.traces.table
        if not self._window.pages.traces.model.rowCount():
            return True
        first = table.rowAt(0)
        model = self._window.pages.traces.model
        return first >= 0 and model.row_at(first) is not None

    def _painted(self) -> None:
        self._window.pages.traces.table.viewport().repaint()

    def _weigh(self, when: str) -> None:
        self.found["memory"][when] = memory()["now"]


def main() -> None:
    """Opens the window, looks through everything, and prints what it took."""
    keep_little()
    app = create_application(["bench"])
    sys.setswitchinterval(the_app.SWITCH_S)
    data = Path(sys.argv[1])
    desk = Desk(desk_options(data, paths.default_model()), held=True)
    with tempfile.TemporaryDirectory() as scratch:
        window = MainWindow(desk, UiSettings(Path(scratch) / "window.ini"))
        StartUp(desk, window)
        window.resize(1280, 800)
        window.show()
        visit = Visit(desk, window)
        app.exec()
    desk.close()
    print(json.dumps(visit.found))
    QApplication.processEvents()


if __name__ == "__main__":
    main()
