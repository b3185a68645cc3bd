"""How late the window's event loop comes to what is due, and, on request, what kept it."""

from __future__ import annotations

import faulthandler
import sys
import threading
import time
from itertools import pairwise

from PySide6.QtCore import QObject, Qt, QTimer, Slot

BEAT_S = 0.005
LATE_S = 0.03


class Heartbeat(QObject):
    """Beats on the GUI thread as often as it is let.

    Args:
        parent: who it lives with.
        tells_why: whether to print what every thread does while a beat is late.
    """

    def __init__(self, parent: QObject, *, tells_why: bool = False) -> None:
        super().__init__(parent)
        self.beats = [time.monotonic()]
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(round(BEAT_S * 1000))
        if tells_why:
            threading.Thread(target=self._look, name="why", daemon=True).start()

    def begin_anew(self) -> None:
        """Forgets what was."""
        self.beats = [time.monotonic()]

    def stop(self) -> None:
        """Beats no more."""
        self._timer.stop()

    def delays(self) -> list[float]:
        """Returns by how much each beat was late, in seconds.

        One that waited for long kept those after it waiting, too; they count as if they had come.
        """
        late = []
        for early, beat in pairwise(self.beats):
            delay = beat - early - BEAT_S
            late.append(max(delay, 0.0))
            while (delay := delay - BEAT_S) > 0:
                late.append(delay)
        return late

    @Slot()
    def _beat(self) -> None:
        self.beats.append(time.monotonic())

    def _look(self) -> None:
        """Prints the stacks of all threads while a beat is late, on a thread of its own.

        They are printed below Python, which holds on to no frame: what is being painted in one
        would be kept from ending.
        """
        while self._timer.isActive():
            time.sleep(LATE_S / 4)
            late = time.monotonic() - self.beats[-1]
            if late > LATE_S:
                print(f"a beat is {late * 1000:.0f} ms late", file=sys.stderr, flush=True)
                faulthandler.dump_traceback(sys.stderr)
