"""The window at its busiest: the model prefills and decodes, and 1,000 events arrive a second."""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Slot

from converge_desktop import app as the_app
from converge_desktop import paths
from converge_desktop.runtime.desk import Desk
from converge_desktop.runtime.port import RunChanged, StatusChanged
from converge_desktop.ui.application import create_application
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.settings import UiSettings
from converge_desktop.ui.starting import StartUp
from tests.bench.feeding import Feeder
from tests.bench.heartbeat import Heartbeat
from tests.bench.window_parts import desk_options
from tests.runtime.folders import make_folder

PACK = "release-readiness"
EVENTS_A_SECOND = 1_000
WARM_MS, LIVE_MS, PAINT_MS = 2_000, 12_000, 100


def measured(data: Path) -> dict[str, Any]:
    """Returns how late the event loop was, what a paint took, and when proposals could be seen."""
    app = create_application(["bench"])
    sys.setswitchinterval(the_app.SWITCH_S)
    desk = Desk(desk_options(data, paths.default_model()), held=True)
    window = MainWindow(desk, UiSettings(data / "window.ini"))
    StartUp(desk, window)
    window.resize(1280, 800)
    window.show()
    with tempfile.TemporaryDirectory() as scratch:
        live = _Live(desk, window, make_folder(Path(scratch) / "folder", failed=1))
        app.exec()
    window.close()
    desk.close()
    return live.found()


class _Live(QObject):
    """Sets everything going once the desk is ready, and stops it after a while."""

    def __init__(self, desk: Desk, window: MainWindow, folder: Path) -> None:
        super().__init__(window)
        self._desk, self._window, self._folder = desk, window, folder
        self._heart = Heartbeat(self, tells_why="--why" in sys.argv)
        self._feeder = Feeder(desk, EVENTS_A_SECOND, self._on_opened)
        self._opened: dict[str, float] = {}
        self._seen: list[float] = []
        self._paints: list[float] = []
        self._runs, self._own = 0, ""
        self._begun = self._fed = 0.0
        self._painter = QTimer(self)
        self._painter.timeout.connect(self._on_paint)
        window.bridge.status_changed.connect(self._on_status)
        window.bridge.run_changed.connect(self._on_run)
        window.bridge.inbox_changed.connect(self._on_inbox)

    def found(self) -> dict[str, Any]:
        """Returns what was measured."""
        return {
            "delays": sorted(self._heart.delays()),
            "paints": self._paints,
            "seen": self._seen,
            "rate": self._fed / (LIVE_MS / 1000),
            "runs": self._runs,
        }

    @Slot(object)
    def _on_status(self, change: StatusChanged) -> None:
        ready = change.status.view_state == "ready" and change.status.model.state == "ready"
        if ready and change.status.ledger_state == "verified" and not self._begun:
            self._begun = time.monotonic()
            self._window.go("inbox")
            self._ask()
            self._feeder.start()
            QTimer.singleShot(WARM_MS, self, self._on_warm)

    @Slot()
    def _on_warm(self) -> None:
        self._heart.begin_anew()
        self._fed = -self._feeder.events
        self._painter.start(PAINT_MS)
        QTimer.singleShot(LIVE_MS, self, self._on_over)

    @Slot()
    def _on_over(self) -> None:
        self._heart.stop()
        self._painter.stop()
        self._fed += self._feeder.events
        self._feeder.stop()
        self._window.close()
        QTimer.singleShot(0, self, _quit)

    def _ask(self) -> None:
        """Has the model work: a run over a folder, and the next one when it waits."""
        started = self._desk.start_run(PACK, self._folder)
        started.add_done_callback(self._on_started)

    def _on_started(self, started: Future[str]) -> None:
        self._own = started.result()

    @Slot(object)
    def _on_run(self, change: RunChanged) -> None:
        row = change.view.row
        if row.run_id == self._own and row.phase in {"waiting", "stopped"}:
            self._own = ""
            self._runs += 1
            self._ask()

    def _on_opened(self, gate: str) -> None:
        self._opened[gate] = time.monotonic()

    @Slot(object)
    def _on_inbox(self, _: object) -> None:
        shown = [gate for gate in self._opened if self._window.pages.inbox.model.contains(gate)]
        if shown:
            # The list was told before this was, as it was connected before; what is due is painted.
            self._window.pages.inbox.list.viewport().repaint()
            now = time.monotonic()
            self._seen += [now - self._opened.pop(gate) for gate in shown]

    @Slot()
    def _on_paint(self) -> None:
        view = self._window.pages.inbox.list.viewport()
        begun = time.perf_counter()
        view.repaint()
        self._paints.append(time.perf_counter() - begun)


def _quit() -> None:
    create_application(["bench"]).quit()
