"""The window of the app, with eyes: when it is first painted, when it is of use, how it stalls."""

from __future__ import annotations

import sys
import time
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QTimer, Slot
from PySide6.QtGui import QPaintEvent

from converge_desktop.runtime.port import StatusChanged
from converge_desktop.ui.main_window import MainWindow
from tests.bench.heartbeat import Heartbeat

LOOK_MS = 2
FIRST = 1_000_000
"""The priority of an event that comes before all others that wait."""


def probed(found: dict[str, Any], begun: float, *, with_model: bool) -> type[MainWindow]:
    """Returns the class of a window that notes into ``found`` and closes once all is there."""

    class Probed(MainWindow):
        """The window."""

        def __init__(self, *arguments: Any) -> None:
            found["desk"] = time.monotonic() - begun
            super().__init__(*arguments)
            found["made"] = time.monotonic() - begun
            self._wanted = {"view", "model"} if with_model else {"view"}
            self._heart = Heartbeat(self, tells_why="--why" in sys.argv)
            self._look = QTimer(self)
            self._look.timeout.connect(self._on_look)
            self._look.start(LOOK_MS)
            self.bridge.status_changed.connect(self._on_change)

        def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
            """Override MainWindow.paintEvent: what lies in it is painted along, then an event."""
            super().paintEvent(event)
            if "painted" not in found:
                QCoreApplication.postEvent(self, QEvent(QEvent.Type.User), FIRST)

        def event(self, event: QEvent) -> bool:
            """Override MainWindow.event."""
            if event.type() == QEvent.Type.User and "painted" not in found:
                found["painted"] = time.monotonic() - begun
            return super().event(event)

        @Slot()
        def _on_look(self) -> None:
            listed = self.pages.runs.model.total() and self.pages.inbox.model.total()
            if listed and self.pages.inbox.review.review is not None:
                self._look.stop()
                found["usable"] = time.monotonic() - begun
                found["stall_until_usable"] = max(self._heart.delays())

        @Slot(object)
        def _on_change(self, change: StatusChanged) -> None:
            status = change.status
            there = {"view": status.view_state == "ready", "model": status.model.state == "ready"}
            self._wanted -= {one for one in self._wanted if there[one]}
            if not self._wanted and status.ledger_state == "verified":
                QTimer.singleShot(1_000, self, self._finish)

        @Slot()
        def _finish(self) -> None:
            self._heart.stop()
            delays = sorted(self._heart.delays())
            found["stall"], found["late"] = delays[-1], delays[int(0.99 * len(delays))]
            self.close()

    return Probed
