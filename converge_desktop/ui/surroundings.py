"""What is around the pages: tray, notifications, messages so far, first steps, the last crash."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from converge_desktop.runtime.run_model import RunRow
from converge_desktop.ui.crash_view import CrashView
from converge_desktop.ui.first_panel import FirstPanel
from converge_desktop.ui.first_steps import STEPS, FirstSteps
from converge_desktop.ui.notice_log import NoticeLog
from converge_desktop.ui.notifications import Notifier
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.tray import Tray
from converge_desktop.ui.window import Window

_CRASHED = (
    "The last session ended in a crash. What was written before is safe in the ledger; runs go on "
    "from where they stood. A report of it lies on this machine only."
)


class Surroundings(QObject):
    """Makes them, and wires them to a window."""

    def __init__(self, window: Window, central: QWidget, tools: Tools) -> None:
        super().__init__(window)
        self._window, self._tools = window, tools
        self.notices = NoticeLog(central, tools.clock)
        self.crash = CrashView(central, tools)
        self.tray = Tray(tools.settings, window)
        self.notifier = Notifier(tools.clock, tools.settings, self.tray, self._away, self)
        self.steps = FirstSteps(tools.settings, tools.clock, self)
        self.panel = FirstPanel(self.steps)

    def connect_to_window(self) -> None:
        """Wires everything once the window has its pages."""
        window, bridge, pages = self._window, self._tools.bridge, self._window.pages
        window.messages.said.connect(self.notices.add)
        self.notices.missed.connect(window.status.tell_missed)
        window.status.messages.clicked.connect(lambda: window.show_overlay(self.notices))
        bridge.inbox_changed.connect(self.notifier.on_inbox)
        pages.inbox.counted.connect(self.tray.tell)
        self.tray.opened.connect(self._on_opened)
        self.tray.quit_wanted.connect(window.quit)
        self.steps.follow(pages, bridge)
        self.panel.wanted.connect(self._on_step)
        pages.settings.steps_wanted.connect(self.steps.open)
        pages.settings.crash_wanted.connect(lambda: window.show_overlay(self.crash))
        self.crash.deleted.connect(lambda: pages.settings.offer_crash(there=False))

    def start(self) -> None:
        """Asks whether this desk is new."""
        desk = self._tools.desk
        self._tools.bridge.ask(self, desk.runs(), self._on_runs, lambda _: None)

    def offer_crash(self, path: str, *, fresh: bool) -> None:
        """Takes the report of a crash; offers it where the last session ended in it."""
        self.crash.offer(path)
        self._window.pages.settings.offer_crash(there=bool(path))
        if path and fresh:
            show = ("Show the report", lambda: self._window.show_overlay(self.crash))
            self._window.messages.say("caution", _CRASHED, "crash", show)

    def _away(self) -> bool:
        return not self._window.isActiveWindow()

    def _on_runs(self, runs: tuple[RunRow, ...]) -> None:
        self.steps.offer(len(runs))

    @Slot(str)
    def _on_opened(self, gate: str) -> None:
        self._window.come_forward()
        if gate:
            self._tools.routes.gate.emit(gate)

    @Slot(str)
    def _on_step(self, name: str) -> None:
        """Leads to where a step is done; it is the person who does it."""
        page = next(step.page for step in STEPS if step.name == name)
        if name == "start":
            self._tools.routes.start.emit("")
        else:
            self._window.go(page)
