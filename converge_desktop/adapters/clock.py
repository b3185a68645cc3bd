"""The wall clock, in the one unit that is recorded: microseconds since 1970 UTC."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]


def system_clock() -> int:
    """Returns microseconds since 1970 UTC."""
    return time.time_ns() // 1000
