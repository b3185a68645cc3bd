"""What the libraries let go of, given back to the system, and kept small before.

Polars, SurrealDB and Lance bring dozens of threads, and each would keep an arena of its own; what a
question over a million rows took for a moment would stay with the process for good. PySide keeps
the source of every module that is imported.
"""

from __future__ import annotations

import builtins
import ctypes
import linecache
import os
import sys
from typing import Final

_ARENAS: Final = (-8, 2)
"""M_ARENA_MAX of glibc's ``mallopt``: how many arenas all threads share."""
_LARGE: Final = (-3, 1 << 18)
"""M_MMAP_THRESHOLD: blocks from so many bytes on go back to the system as they are freed."""
_KEPT: Final = (-1, 1 << 20)
"""M_TRIM_THRESHOLD: how many free bytes at the end of the heap are kept."""


_ENVIRONMENT: Final = {
    "_RJEM_MALLOC_CONF": "background_thread:true,narenas:1,dirty_decay_ms:100,muzzy_decay_ms:0",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
"""The same for the allocators that Polars and Arrow bring; read as these are imported.

A question over a million rows leaves tens of megabytes in each arena of Polars. One arena serves
its threads as fast as eight did, measured with two of them, and gives that back in a tenth of a
second.
"""


def keep_little() -> None:
    """Has libraries keep little of what is done with; of C libraries only Linux's takes the hint.

    Polars and Arrow do, unless whoever starts the program has said otherwise. To be called before
    they are imported, and once Qt is.
    """
    _leave_imports_alone()
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    tune = _function("mallopt")
    if tune is not None:
        for option, amount in (_ARENAS, _LARGE, _KEPT):
            tune(option, amount)


def give_back() -> None:
    """Has the C library return the memory that it keeps for later; only Linux's takes the hint."""
    trim = _function("malloc_trim")
    if trim is not None:
        trim(0)


def _leave_imports_alone() -> None:
    """Has PySide read no module that is imported, and lets go of the text of those that it read.

    It looks whether one chooses other names for Qt's functions (``from __feature__ import``), which
    nobody here does, and keeps the lines of all: fifty megabytes, with the libraries there are.
    """
    builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)
    linecache.clearcache()


def _function(name: str) -> ctypes._NamedFuncPointer | None:
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), name, None)
