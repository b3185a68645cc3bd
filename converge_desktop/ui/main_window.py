"""The window: rail, pages, messages, status bar; and the table of actions wired to them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QCloseEvent,
)
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.port import DeskPort, Notice, StatusChanged
from converge_desktop.ui import actions, theme, words
from converge_desktop.ui.action_host import ActionHost
from converge_desktop.ui.bridge import Bridge
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.stack import PageStack
from converge_desktop.ui.rail import Rail
from converge_desktop.ui.routes import Routes
from converge_desktop.ui.settings import UiSettings
from converge_desktop.ui.status_bar import StatusBar
from converge_desktop.ui.unlock import UnlockDialog
from converge_desktop.ui.widgets.message_bar import MessageBar


class MainWindow(ActionHost):
    """Everything a person sees. It asks the desk and never waits for it."""

    def __init__(self, desk: DeskPort, settings: UiSettings, clock: UiClock | None = None) -> None:
        super().__init__()
        self.setWindowTitle("Converge Desktop")
        self._settings = settings
        self._waiting = 0
        clock = clock or UiClock()
        self.bridge = Bridge(clock, self)
        self.routes = Routes(self)
        tools = Tools(desk, self.bridge, clock, self.routes, settings)
        self._tools = tools
        self._unlocked = False
        self.unlock_dialog = UnlockDialog(tools, self)
        self.rail = Rail()
        self.messages = MessageBar()
        self.pages = PageStack(tools)
        self.status = StatusBar(clock)
        central = self._lay_out()
        self.theme = theme.manager(_app())
        self.theme.changed.connect(self._on_theme)
        self.theme.choose(settings.text("window/theme", "system"))
        self.install(actions.build(self._callbacks()), central, self.status.menu)
        self._connect()
        desk.subscribe(self.bridge.post)
        self.pages.start()
        if not settings.restore_geometry(self):
            self.resize(1280, 800)
        self.go(settings.text("window/page", "inbox"))

    def _lay_out(self) -> QWidget:
        central = QWidget()
        central.setObjectName("page")
        content = QVBoxLayout()
        content.setSpacing(0)
        content.addWidget(self.messages)
        content.addWidget(self.pages, 1)
        upper = QHBoxLayout()
        upper.setSpacing(0)
        upper.addWidget(self.rail)
        upper.addLayout(content, 1)
        outer = QVBoxLayout(central)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(upper, 1)
        outer.addWidget(self.status)
        self.setCentralWidget(central)
        self.setMinimumSize(960, 600)
        return central

    def _connect(self) -> None:
        self.rail.chosen.connect(self.go)
        self.routes.page.connect(self.go)
        self.routes.run.connect(self._on_run)
        self.routes.moment.connect(self._on_moment)
        self.routes.trace.connect(self._on_trace)
        self.routes.gate.connect(self._on_gate)
        self.routes.fact.connect(self._on_fact)
        self.routes.start.connect(self._on_start)
        self.routes.say.connect(self.messages.say)
        self.bridge.status_changed.connect(self._on_status)
        self.bridge.notice.connect(self._on_notice)
        self.pages.inbox.counted.connect(self._on_inbox_counted)
        self.pages.runs.counted.connect(self._on_runs_counted)
        self.status.menu.clicked.connect(self.open_menu)

    def _callbacks(self) -> actions.Callbacks:
        review, trace = self.pages.inbox.review, self.pages.traces.pane
        return actions.Callbacks(
            go=lambda page: partial(self.go, page),
            approve=review.approve,
            can_approve=lambda: self._at("inbox") and review.approve_button.isEnabled(),
            focus_approve=review.focus_approve,
            reject=review.open_reject,
            can_reject=lambda: self._at("inbox") and review.reject_button.isEnabled(),
            unlock=self.unlock_dialog.ask,
            lock=self._lock,
            next_row=lambda: self.pages.current().step(1),
            previous_row=lambda: self.pages.current().step(-1),
            filter=lambda: self.pages.current().focus_filter(),
            new_run=lambda: self._on_start(""),
            choose_folder=self._choose_folder,
            replay=trace.replay,
            can_replay=lambda: self._at("traces") and trace.can_replay(),
            replay_run=self.pages.runs.asks.replay,
            back_to_now=self.pages.runs.show_now,
            export=lambda: self.pages.current().export(),
            verify=lambda: self._at_ledger(self.pages.ledger.verify),
            stop_verifying=self.pages.ledger.stop_verifying,
            show_moment=self.pages.ledger.record.show_moment,
            fork=lambda: self.pages.current().fork_here(),
            keep=lambda: self._at_ledger(self.pages.ledger.keep),
            compare=lambda: self._at_ledger(self.pages.ledger.compare),
            can=self._can,
            rebuild=self._rebuild,
            theme=self._next_theme,
            palette=self.show_palette,
            sheet=self.show_sheet,
            escape=self._escape,
            quit=self._quit,
        )

    def _can(self, action: str) -> bool:
        """Says whether something of the table can be done now; what is not named here can."""
        runs, ledger, page = self.pages.runs, self.pages.ledger, self.pages.current()
        known: dict[str, Callable[[], bool]] = {
            "key.unlock": lambda: not self._unlocked,
            "key.lock": lambda: self._unlocked,
            "run.replay": lambda: page is runs and runs.shows_run(),
            "run.export": page.can_export,
            "run.fork": page.can_fork,
            "run.now": lambda: page is runs and runs.shows_moment(),
            "ledger.stop": ledger.can_stop,
            "ledger.moment": lambda: page is ledger and ledger.record.has_run(),
        }
        return known[action]() if action in known else True

    def _at_ledger(self, do: Callable[[], None]) -> None:
        self.go("ledger")
        do()

    def _at(self, page: str) -> bool:
        return self.pages.page_id() == page

    @Slot(str)
    def go(self, page: str) -> None:
        """Brings a page to the front."""
        shown = self.pages.show_page(page)
        self.rail.select(shown)
        self._settings.put("window/page", shown)

    @Slot(str)
    def _on_run(self, run_id: str) -> None:
        self.go("runs")
        self.pages.runs.show_run(run_id)

    @Slot(str, object, object)
    def _on_moment(self, run_id: str, seq: int, at: int) -> None:
        self.go("runs")
        self.pages.runs.show_moment(run_id, seq, at)

    @Slot(str)
    def _on_trace(self, trace_id: str) -> None:
        self.go("traces")
        self.pages.traces.show_trace(trace_id)

    @Slot(str)
    def _on_gate(self, gate_id: str) -> None:
        self.go("inbox")
        self.pages.inbox.show_gate(gate_id)

    @Slot(str, str)
    def _on_fact(self, run_id: str, fact_id: str) -> None:
        self.go("context")
        self.pages.context.show_fact(run_id, fact_id)

    @Slot(str)
    def _on_start(self, pack_id: str) -> None:
        self.go("runs")
        self.pages.runs.new_run(pack_id)

    @Slot()
    def come_forward(self) -> None:
        """Shows the window to a person who has just asked for it."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def _choose_folder(self) -> None:
        self.go("runs")
        self.pages.runs.choose_folder()

    def _rebuild(self) -> None:
        self.go("context")
        self.pages.context.rebuild()

    def _next_theme(self) -> None:
        choice = self.theme.advance()
        self._settings.put("window/theme", choice)
        self.messages.say("info", f"Theme: {theme.TITLES[choice]}.", "theme")

    def _lock(self) -> None:
        self.bridge.ask(self, self._tools.desk.lock(), self._on_locked, self._on_not_locked)

    def _on_locked(self, _: object) -> None:
        said = "Your key is locked. Nothing is signed until it is unlocked again."
        self.messages.say("info", said, "key")

    def _on_not_locked(self, error: BaseException) -> None:
        self.messages.say("danger", f"Your key was not locked. {words.problem(error)}", "key")

    def _quit(self) -> None:
        self.close()

    def _escape(self) -> None:
        overlay = self.overlay()
        if overlay is not None:
            overlay.leave()
        elif not self.pages.current().escape():
            self.messages.close_newest()

    @Slot(object)
    def _on_status(self, change: StatusChanged) -> None:
        self._unlocked = change.status.unlocked
        self.status.tell(change.status)

    @Slot(object)
    def _on_notice(self, notice: Notice) -> None:
        # What is said of a run takes the place of what was said of it before.
        topic = f"run {notice.run_id}" if notice.run_id else ""
        self.messages.say(notice.severity, notice.text, topic)

    @Slot(int)
    def _on_inbox_counted(self, count: int) -> None:
        self.rail.button("inbox").tell(count, "proposal")
        if count > self._waiting:
            said = f"{words.count(count, 'proposal waits', 'proposals wait')} for you."
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))
            if not self.isActiveWindow():
                QApplication.alert(self)  # marks the taskbar entry; never raises the window
        self._waiting = count

    @Slot(int)
    def _on_runs_counted(self, count: int) -> None:
        self.rail.button("runs").tell(count, "open run")

    @Slot()
    def _on_theme(self) -> None:
        self.pages.retint()
        self.update()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Override QMainWindow.changeEvent: the review hears when the focus arrives."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange:
            self.pages.inbox.review.window_active(active=self.isActiveWindow())

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Override QMainWindow.closeEvent: remembers the window; waits for nothing."""
        self._settings.save_geometry(self)
        self.pages.remember()
        self._settings.sync()
        self.bridge.close()
        super().closeEvent(event)


def _app() -> QApplication:
    found = QApplication.instance()
    assert isinstance(found, QApplication)
    return found
