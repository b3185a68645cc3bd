"""Waiting between attempts, and the chance that keeps many who wait from coming back together."""

from __future__ import annotations

import secrets
import time

from converge_core.capability import CancellationToken
from converge_core.retry import THOUSAND

POLL_US = 10_000
"""How often a waiting call asks whether it is still wanted."""


def wait(microseconds: int, cancelled: CancellationToken) -> bool:
    """Waits so long; returns False, and at once, if the caller wants the call to end meanwhile."""
    end = time.monotonic_ns() + 1000 * microseconds
    while not cancelled():
        left = (end - time.monotonic_ns()) // 1000
        if left <= 0:
            return True
        time.sleep(min(left, POLL_US) / 1_000_000)
    return False


def chance() -> int:
    """Returns a number from 0 to 1000."""
    return secrets.randbelow(THOUSAND + 1)
