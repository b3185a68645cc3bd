"""Begins what is heavy one after the other, so that nothing competes with the window.

The ledger is read once the window is painted, and model and view are opened once the window shows
what it asked for. What lasts from then on, such as imported modules, is taken out of the garbage
collector's sight each time: walking all of it holds every thread up for a tenth of a second.
"""

from __future__ import annotations

import gc
from concurrent.futures import Future
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QTimer, Slot

from converge_desktop.runtime.port import StatusChanged
from converge_desktop.ui.collecting import ShortPasses
from converge_desktop.ui.main_window import MainWindow

PATIENCE_MS = 2_000
"""After how long the next thing begins anyhow: a window may stay hidden, a question unanswered."""


class HeldDesk(Protocol):
    """A desk that waits to be told to go on."""

    def begin(self) -> None:
        """Begins to read the ledger."""

    def go_on(self) -> Future[None]:
        """Has the view opened and the model loaded."""


class StartUp(QObject):
    """Takes a desk and its window through the start.

    Args:
        desk: what waits.
        window: what is about to be shown.
    """

    def __init__(self, desk: HeldDesk, window: MainWindow) -> None:
        super().__init__(window)
        self._desk = desk
        self._bridge = window.bridge
        self._lasting = {"view", "model"}
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.timeout.connect(self._on_painted)
        self._late.start(PATIENCE_MS)
        self._window = window
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Override QObject.eventFilter: the first paint ends the first phase."""
        if watched is self._window and event.type() == QEvent.Type.Paint:
            self._window.removeEventFilter(self)
            QTimer.singleShot(0, self, self._on_painted)  # once what lies in it is painted, too
        return False

    @Slot()
    def _on_painted(self) -> None:
        self._window.removeEventFilter(self)
        self._late.stop()
        self._late.timeout.disconnect(self._on_painted)
        gc.freeze()
        gc.enable()
        self._desk.begin()
        self._bridge.quiet.connect(self._on_filled)
        self._late.timeout.connect(self._on_filled)
        self._late.start(PATIENCE_MS)

    @Slot()
    def _on_filled(self) -> None:
        self._late.stop()
        self._bridge.quiet.disconnect(self._on_filled)
        self._bridge.status_changed.connect(self._on_status)
        gc.freeze()
        self._desk.go_on()

    @Slot(object)
    def _on_status(self, change: StatusChanged) -> None:
        status = change.status
        there = {"view": status.view_state == "ready", "model": status.model.state == "ready"}
        for one in [one for one in self._lasting if there[one]]:
            self._lasting.discard(one)
            gc.freeze()
        if not self._lasting:
            self._bridge.status_changed.disconnect(self._on_status)
            ShortPasses(self)
