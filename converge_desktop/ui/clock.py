"""The two clocks the window reads: the wall's, for words, and a steady one, for guards."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QDateTime


def _wall() -> int:
    return QDateTime.currentMSecsSinceEpoch() * 1000


@dataclass(frozen=True, slots=True)
class UiClock:
    """What time it is.

    Attributes:
        now: Microseconds since 1970 UTC.
        monotonic: Seconds that never run backwards.
    """

    now: Callable[[], int] = _wall
    monotonic: Callable[[], float] = time.monotonic
