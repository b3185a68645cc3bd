"""The window: rail, pages, messages, status bar; and the table of actions wired to them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QCloseEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from converge_desktop.runtime.port import Notice, StatusChanged
from converge_desktop.runtime.window_port import WindowPort
from converge_desktop.ui import fonts, theme, words
from converge_desktop.ui.authority import ReadOnlyBar, why_only_read
from converge_desktop.ui.bridge import Bridge
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.idle_lock import IdleLock
from converge_desktop.ui.pace import Pace
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.pages.stack import PageStack
from converge_desktop.ui.rail import Rail
from converge_desktop.ui.routes import Routes
from converge_desktop.ui.settings import SINGLE_KEYS, THEME, UiSettings
from converge_desktop.ui.status_bar import StatusBar, without_figures
from converge_desktop.ui.surroundings import Surroundings
from converge_desktop.ui.undo import Undo
from converge_desktop.ui.unlock import UnlockDialog
from converge_desktop.ui.widgets.message_bar import MessageBar
from converge_desktop.ui.widgets.undo_strip import UndoStrip
from converge_desktop.ui.window import Window
from converge_desktop.ui.window_actions import table_of

_ROOMY = 110
"""How wide a window is that has room for the names of the pages, in units."""


class MainWindow(Window):
    """Everything a person sees. It asks the desk and never waits for it."""

    def __init__(
        self, desk: WindowPort, settings: UiSettings, clock: UiClock | None = None
    ) -> None:
        super().__init__()
        theme.manager(_app()).hold()
        self.setWindowTitle("Converge Desktop")
        self._settings = settings
        self._waiting = 0
        clock = clock or UiClock()
        self.bridge = Bridge(clock, self)
        self.routes = Routes(self)
        tools = Tools(desk, self.bridge, clock, self.routes, settings)
        self._tools = tools
        self.unlocked = False
        self.unlock_dialog = UnlockDialog(tools, self)
        self.idle = IdleLock(self, self.bridge, desk.lock, clock, settings)
        self.idle.said.connect(lambda severity, said: self.messages.say(severity, said, "key"))
        self.rail = Rail()
        self.only_read_bar = ReadOnlyBar()
        self.messages = MessageBar(clock)
        self.pages = PageStack(tools)
        self.status = StatusBar(clock)
        self._figures = Pace(self.status.tell, self, without_figures)
        self.undo = Undo(tools, UndoStrip())
        central = QWidget()
        self.around = Surroundings(self, central, tools)
        self._lay_out(central)
        self.theme = theme.manager(_app())
        self.theme.changed.connect(self._on_theme)
        self.theme.choose(settings.text(THEME, "system"))
        around = self.around
        self.install(
            table_of(self, around), central, self.status.menu, around.notices, around.crash
        )
        self.single_keys(on=settings.text(SINGLE_KEYS, "on") == "on")
        self._connect()
        desk.subscribe(self.bridge.post)
        self.pages.start()
        self.undo.start()
        self.around.start()
        if not settings.restore_geometry(self):
            self.resize(1280, 800)
        self.theme.release()
        self.go(settings.text("window/page", "inbox"))

    def _lay_out(self, central: QWidget) -> None:
        central.setObjectName("page")
        content = QVBoxLayout()
        content.setSpacing(0)
        content.addWidget(self.only_read_bar)
        content.addWidget(self.messages)
        content.addWidget(self.pages, 1)
        upper = QHBoxLayout()
        upper.setSpacing(0)
        upper.addWidget(self.rail)
        upper.addLayout(content, 1)
        upper.addWidget(self.around.panel)
        outer = QVBoxLayout(central)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(upper, 1)
        outer.addWidget(self.undo.strip)
        outer.addWidget(self.status)
        self.setCentralWidget(central)
        self.setMinimumSize(960, 600)

    def _connect(self) -> None:
        self.rail.chosen.connect(self.go)
        self.routes.page.connect(self.go)
        self.routes.run.connect(self._on_run)
        self.routes.moment.connect(self._on_moment)
        self.routes.trace.connect(self._on_trace)
        self.routes.compared.connect(self._on_two_traces)
        self.routes.gate.connect(self._on_gate)
        self.routes.fact.connect(self._on_fact)
        self.routes.record.connect(self._on_ledger_record)
        self.routes.start.connect(self._on_start)
        self.routes.unlock.connect(self.unlock_dialog.ask)
        self.routes.say.connect(self.messages.say)
        self.bridge.status_changed.connect(self._on_status)
        self.bridge.recall_changed.connect(self.status.tell_recall)
        self.bridge.notice.connect(self._on_notice)
        self.pages.inbox.counted.connect(self._on_inbox_counted)
        self.pages.runs.counted.connect(self._on_runs_counted)
        self.status.menu.clicked.connect(self.open_menu)
        self.only_read_bar.pressed.connect(lambda: self.go("ledger"))
        keys = self._settings
        keys.watch(SINGLE_KEYS, lambda value: self.single_keys(on=value == "on"))
        self.around.connect_to_window()

    def front(self) -> str:
        """Override ActionHost.front."""
        return self.pages.page_id()

    def tell_why(self, text: str) -> None:
        """Override ActionHost.tell_why."""
        self.messages.say("info", text, "why not")

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

    @Slot(str, str)
    def _on_two_traces(self, one_id: str, other_id: str) -> None:
        self.go("traces")
        self.pages.traces.side.compare_wanted.emit(one_id, other_id)

    @Slot(str)
    def _on_gate(self, gate_id: str) -> None:
        self.go("inbox")
        self.pages.inbox.show_gate(gate_id)

    @Slot(str, str)
    def _on_fact(self, run_id: str, fact_id: str) -> None:
        self.go("context")
        self.pages.context.show_fact(run_id, fact_id)

    @Slot(object)
    def _on_ledger_record(self, seq: int) -> None:
        self.go("ledger")
        self.pages.ledger.jump.setText(f"{seq:,}")
        self.pages.ledger.jump.returnPressed.emit()

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

    def next_theme(self) -> None:
        """Takes the next look in turn."""
        choice = self.theme.advance()
        self._settings.put(THEME, choice)
        self.messages.say("info", f"Theme: {theme.TITLES[choice]}.", "theme")

    def switch_single_keys(self) -> None:
        """Switches keys without Ctrl or Alt off, or on again."""
        on = self._settings.text(SINGLE_KEYS, "on") != "on"
        self._settings.put(SINGLE_KEYS, "on" if on else "off")
        how = "on" if on else "off; Ctrl K finds every action"
        self.messages.say("info", f"Keys without Ctrl or Alt are {how}.", "single keys")

    def lock_key(self) -> None:
        """Locks the person's key."""
        self.bridge.ask(self, self._tools.desk.lock(), self._on_locked, self._on_not_locked)

    def _on_locked(self, _: object) -> None:
        said = "Your key is locked. Nothing is signed until it is unlocked again."
        self.messages.say("info", said, "key")

    def _on_not_locked(self, error: BaseException) -> None:
        self.messages.say("danger", f"Your key was not locked. {words.problem(error)}", "key")

    @Slot()
    def quit(self) -> None:
        """Closes the window."""
        self.close()

    def leave_front(self) -> None:
        """Closes what is open: an overlay, something on the page, or the newest message."""
        overlay = self.overlay()
        if overlay is not None:
            overlay.leave()
        elif not self.pages.current().escape():
            self.messages.close_newest()

    @Slot(object)
    def _on_status(self, change: StatusChanged) -> None:
        self.unlocked = change.status.unlocked
        self._figures.take(change.status)
        reason = why_only_read(change.status)
        self.only_read(reason)
        self.only_read_bar.tell(reason)

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

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Override QMainWindow.resizeEvent: where there is little room, the page has it."""
        super().resizeEvent(event)
        self.rail.narrow(narrow=event.size().width() < _ROOMY * fonts.measures().unit)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Override QMainWindow.changeEvent: the review hears when the focus arrives."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange:
            self.pages.inbox.window_active(active=self.isActiveWindow())
            self.pages.people.window_active(active=self.isActiveWindow())

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Override QMainWindow.closeEvent: remembers the window; waits for nothing."""
        self._settings.save_geometry(self)
        self.pages.remember()
        self._settings.sync()
        self.around.tray.close()
        self.bridge.close()
        super().closeEvent(event)


def _app() -> QApplication:
    found = QApplication.instance()
    assert isinstance(found, QApplication)
    return found
