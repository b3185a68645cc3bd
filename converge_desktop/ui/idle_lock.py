"""Locks the key of whoever sits at the desk when nobody has touched keyboard or pointer for long.

It costs nothing while the person works: what they do is only noted, and one timer looks at that
when the time could be up. The machine may sleep meanwhile, so both clocks are asked.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from converge_desktop.runtime.port import StatusChanged
from converge_desktop.ui import words
from converge_desktop.ui.bridge import Bridge
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.settings import LOCK_AFTER, LOCK_AFTER_MIN, UiSettings

OPTIONS: tuple[tuple[str, str], ...] = (
    ("5", "after 5 minutes"),
    ("15", "after 15 minutes"),
    ("30", "after 30 minutes"),
    ("60", "after an hour"),
    ("0", "never"),
)
"""After how many minutes without use the key is locked."""
PROTECTED = frozenset({"keyring", "file under a passphrase"})
"""Where a key is safe from whoever comes by once it is locked."""
_USE = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
        QEvent.Type.TabletPress,
    }
)


class IdleLock(QObject):
    """Watches one window.

    Args:
        window: What is watched.
        bridge: Tells how the desk stands, and brings its answer.
        lock: Asks the desk to lock every key.
        clock: What time it is.
        settings: Where the person's choice is kept.

    Signals:
        said: What came of it: severity and sentence.
    """

    said = Signal(str, str)

    def __init__(
        self,
        window: QWidget,
        bridge: Bridge,
        lock: Callable[[], Future[None]],
        clock: UiClock,
        settings: UiSettings,
    ) -> None:
        super().__init__(window)
        self._bridge, self._lock, self._clock, self._settings = bridge, lock, clock, settings
        self._window = window
        self._unlocked = False
        self._kept = ""
        self._asked = False
        self._used = self._now()
        self._limit = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.look)
        settings.watch(LOCK_AFTER, self._on_setting)
        bridge.status_changed.connect(self._on_status)
        window.installEventFilter(self)

    def minutes(self) -> int:
        """Returns after how many minutes the key is locked; 0 for never.

        One that is in no safe place is not locked unless somebody chose that: whoever comes by
        could unlock it.
        """
        usual = LOCK_AFTER_MIN if self._kept in PROTECTED else 0
        return self._settings.number(LOCK_AFTER, usual)

    def choose(self, minutes: str) -> None:
        """Takes another time into force, and remembers it."""
        self._settings.put(LOCK_AFTER, minutes)

    def use(self) -> None:
        """Notes that the person is there; where they come too late, the key is locked first."""
        if self._limit and self.left() <= 0:
            self.look()
        self._used = self._now()

    def left(self) -> float:
        """Returns the seconds that are left until the key is locked."""
        gone = max(now - used for now, used in zip(self._now(), self._used, strict=True))
        return self._limit - gone

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Override QObject.eventFilter: what arrives at the window is noted, and goes on."""
        if event.type() in _USE:
            self.use()
        elif watched is self._window and event.type() == QEvent.Type.Show:
            handle = self._window.windowHandle()
            if handle is not None:
                # All that is done arrives at the handle once, before any widget sees it.
                self._window.removeEventFilter(self)
                handle.installEventFilter(self)
        return False

    @Slot()
    def look(self) -> None:
        """Locks the key if the time is up, and comes back when it could be if it is not."""
        left = self.left()
        if not self._limit or self._asked:
            return
        if left > 0:
            self._timer.start(max(1, round(left * 1000) + 1))
            return
        self._asked = True
        self._bridge.ask(self, self._lock(), self._on_locked, self._on_not_locked)

    def _arm(self) -> None:
        """Begins anew: with another time, another key, or none that is unlocked."""
        self._limit = self.minutes() * 60 if self._unlocked else 0
        self._used = self._now()
        self._timer.stop()
        self.look()

    def _on_locked(self, _: object) -> None:
        self._asked = False
        after = words.count(self.minutes(), "minute")
        self.said.emit(
            "info",
            f"Your key was locked: nobody touched keyboard or pointer for {after}. What you typed "
            "is still here. Unlock it to sign again (Ctrl U).",
        )

    def _on_not_locked(self, error: BaseException) -> None:
        self._asked = False
        said = f"Your key was not locked, though nobody used it. {words.problem(error)}"
        self.said.emit("danger", said)

    def _on_setting(self, _: str) -> None:
        self._arm()

    @Slot(object)
    def _on_status(self, change: StatusChanged) -> None:
        status = change.status
        stands = (status.unlocked, status.key_kept)
        if stands != (self._unlocked, self._kept):
            self._unlocked, self._kept = stands
            self._arm()

    def _now(self) -> tuple[float, float]:
        return self._clock.monotonic(), self._clock.now() / 1_000_000
