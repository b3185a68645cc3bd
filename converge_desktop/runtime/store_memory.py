"""What the database's engine let go of while it read its file, given back to the system."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Has the C library return the memory that it keeps for later; only Linux's takes the hint."""
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
