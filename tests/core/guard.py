"""Keeps the core from reaching outside while its tests run.

Whatever leads to clock, chance, environment, files, network, processes, threads, log or console is
replaced by a wrapper that asks who calls. If it is the core, by whatever way it got hold of the
function, the wrapper raises; for everybody else it passes the call on.
"""

from __future__ import annotations

import _thread
import builtins
import functools
import inspect
import io
import logging
import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

CORE = "converge_core"


def functions_of(module: Any) -> tuple[str, ...]:
    """Returns the names of what ``module`` offers to be called, its classes apart."""
    public = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    return tuple(
        name
        for name, value in public.items()
        if callable(value)
        and not inspect.isclass(value)
        and getattr(value, "__module__", None) in (module.__name__, None)
    )


ENTRANCES: dict[Any, tuple[str, ...]] = {
    time: functions_of(time),
    random: (*functions_of(random), "_urandom"),
    random.Random: ("__init__",),
    secrets: functions_of(secrets),
    uuid: ("uuid1", "uuid4", "getnode"),
    os: ("urandom", "getenv", "open", "listdir", "scandir", "getcwd", "getpid", "system"),
    type(os.environ): ("__getitem__", "__setitem__", "__delitem__", "__iter__"),
    io: ("open",),
    builtins: ("open", "print", "input"),
    socket: ("create_connection", "getaddrinfo", "gethostname"),
    socket.socket: ("__init__",),
    subprocess.Popen: ("__init__",),
    threading.Thread: ("start",),
    _thread: ("start_new_thread",),
    logging.Logger: ("_log",),
}
"""What leads outside. Classes keep their identity: of them, what every use goes through."""

BETWEEN = {
    "collections",
    "logging",
    "os",
    "pathlib",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "threading",
    "uuid",
}
"""Modules through which an entrance is reached; whoever called them is asked for instead."""


def calling() -> str:
    """Returns the module of the core that called a wrapper, or nothing if somebody else did."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        name = frame.f_globals.get("__name__") or ""
        root = name.partition(".")[0]
        if root == CORE:
            return str(name)
        if root not in BETWEEN:
            return ""
        frame = frame.f_back
    return ""


def wrapped(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Returns ``original``, closed to the core."""

    @functools.wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if caller := calling():
            raise AssertionError(f"{caller} calls {name}; the core is pure")
        return original(*args, **kwargs)

    return wrapper


WRAPPERS = [
    (owner, name, wrapped(getattr(owner, name), f"{owner.__name__}.{name}"))
    for owner, names in ENTRANCES.items()
    for name in names
]


@contextmanager
def guarded() -> Iterator[None]:
    """Closes every entrance to the core, and leaves it as it was."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name, wrapper in WRAPPERS:
            patch.setattr(owner, name, wrapper)
        yield
