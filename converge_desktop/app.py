"""Start-up and shut-down of the window.

In order: Qt application, desk (which takes the lock), crash log, log, window, first paint; then the
desk reads the ledger on its own thread; once the window shows what it asked for, the desk loads the
model and opens its view. On the way out: window, desk (model, agents, engine, view, lock), crash
log, log. No model and no store is imported before the first paint. Where the lock is held by
another window, that one is shown, and nothing else happens.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier, Slot
from PySide6.QtWidgets import QApplication, QMessageBox

from converge_core.errors import ConvergeError
from converge_desktop.adapters.lock import DataDirectoryBusy, DataDirectoryUnusable
from converge_desktop.adapters.models.catalogue import CatalogueProblem
from converge_desktop.adapters.packs.pack import PackProblem
from converge_desktop.crash import CrashLog, fault_words
from converge_desktop.logs import LogFile
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.runtime.port import Notice
from converge_desktop.ui.application import create_application, enlarge
from converge_desktop.ui.instance import FirstWindow, raise_first
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.settings import TEXT_SIZE, UiSettings
from converge_desktop.ui.starting import StartUp

CANNOT_START = 2
SWITCH_S = 0.0005
"""For how long a thread may keep the others from Python, in seconds; the window crosses into Python
a hundred times as it lays itself out, and might wait for each that long."""
_CANNOT_START = (
    CatalogueProblem,
    ConvergeError,
    DataDirectoryUnusable,
    OSError,
    PackProblem,
)


def main(options: DeskOptions) -> int:
    """Opens the window over a data directory and returns the exit code."""
    if _no_screen():
        sys.stderr.write(
            "converge-desktop: there is no screen to open a window on (neither DISPLAY nor "
            "WAYLAND_DISPLAY is set). Work without one: converge-desktop --help\n"
        )
        return CANNOT_START
    sys.setswitchinterval(SWITCH_S)
    app = create_application(sys.argv[:1])
    try:
        desk = Desk(options, held=True)
        crashes = CrashLog(options.data_dir)
    except DataDirectoryBusy as busy:
        return _show_first(options, busy)
    except _CANNOT_START as error:
        QMessageBox.critical(None, "Converge Desktop cannot start", str(error))
        return CANNOT_START
    log = LogFile(options.data_dir)
    crashes.install()
    settings = UiSettings(options.data_dir / "window.ini")
    enlarge(app, settings.number(TEXT_SIZE, 100))
    window = MainWindow(desk, settings)
    crashes.install(lambda error: window.bridge.post(Notice("danger", fault_words(error))))
    window.around.offer_crash(crashes.last, fresh=crashes.fresh)
    signals = _Signals(app)
    StartUp(desk, window)
    window.show()
    first = FirstWindow(options.data_dir)
    first.asked.connect(window.come_forward)
    try:
        return app.exec()
    finally:
        first.close()
        signals.close()
        window.close()
        desk.close()
        crashes.close()
        log.close()


def _show_first(options: DeskOptions, busy: DataDirectoryBusy) -> int:
    """Has the window that is open already come forward, or says who holds the directory."""
    if raise_first(options.data_dir):
        sys.stdout.write(
            f"{options.data_dir} is open in another window, which was brought to the front.\n"
        )
        return 0
    QMessageBox.critical(None, "Converge Desktop cannot start", str(busy))
    return CANNOT_START


def _no_screen() -> bool:
    chosen = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return sys.platform == "linux" and not any(os.environ.get(name) for name in chosen)


class _Signals(QObject):
    """Quits in good order when the system asks (SIGINT, SIGTERM), without waking up to look."""

    def __init__(self, app: QApplication) -> None:
        super().__init__()
        self._app = app
        self._read, self._write = socket.socketpair()
        for end in (self._read, self._write):
            end.setblocking(False)
        self._before = signal.set_wakeup_fd(self._write.fileno())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _seen)
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._quit)

    @Slot()
    def _quit(self) -> None:
        self._read.recv(64)
        self._app.quit()

    def close(self) -> None:
        """Gives the signals back."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._before)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        self._read.close()
        self._write.close()


def _seen(number: int, frame: FrameType | None) -> None:
    """Does nothing: the wake-up descriptor carries the signal into Qt's loop."""
    del number, frame
