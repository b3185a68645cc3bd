"""llama.cpp as a library: its log, its version, the processor it uses, and how it is stopped."""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections import deque
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

import llama_cpp

from converge_core.capability import CallCancelled

_ERROR_LEVEL: Final = 4
_LOOK_S: Final = 0.005
"""How often it is asked whether a call is to be stopped, in seconds."""

_said: deque[str] = deque(maxlen=20)


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _capture(level: int, text: bytes, _user: Any) -> None:
    if level == _ERROR_LEVEL:
        _said.append(text.decode("utf-8", "replace").strip())


llama_cpp.llama_log_set(_capture, ctypes.c_void_p(0))


class ModelProblem(Exception):
    """The model cannot be used; the text names the file, the reason and the remedy."""


def forget_log() -> None:
    """Drops what llama.cpp has said so far, so that a reason is this file's and not the last's."""
    _said.clear()


def first_error() -> str:
    """Returns the first error that llama.cpp has logged; empty if there was none."""
    return next((line for line in _said if line), "")


@cache
def build() -> str:
    """Returns versions and commit of the library that computes."""
    commit = llama_cpp.llama_cpp._lib.ggml_commit  # noqa: SLF001 - the binding leaves it out
    commit.restype = ctypes.c_char_p
    version = llama_cpp.llama_version().decode()
    return f"llama-cpp-python {llama_cpp.__version__}, llama.cpp {version}, {commit().decode()}"


@cache
def cpu_features() -> str:
    """Returns the processor features that llama.cpp was built for and found."""
    return str(llama_cpp.llama_print_system_info().decode("utf-8", "replace")).strip()


class Stop:
    """A byte that llama.cpp looks at between the nodes of its graph, to give up when it is set.

    What it calls there is C's own ``strlen`` over that byte: true once the byte is not zero. An
    interpreter in its place would have to wait for its lock at each of some hundred nodes a token,
    as long as another thread of this process computes.
    """

    def __init__(self) -> None:
        self._flag = ctypes.create_string_buffer(2)
        self._callback = ctypes.cast(ctypes.CDLL(None).strlen, llama_cpp.ggml_abort_callback)

    @property
    def is_set(self) -> bool:
        """Whether a stop was asked for."""
        return self._flag[0] != b"\0"

    def attach(self, context: Any) -> None:
        """Has a context of llama.cpp look at it; it must outlive the context."""
        flag = ctypes.cast(self._flag, ctypes.c_void_p)
        llama_cpp.llama_set_abort_callback(context, self._callback, flag)

    @contextlib.contextmanager
    def when(self, cancelled: Callable[[], bool]) -> Iterator[None]:
        """Is set, within some milliseconds, once ``cancelled`` says so; for the length of a call.

        Raises:
            CallCancelled: if it says so at once.
        """
        if cancelled():
            raise CallCancelled("the model was stopped on request")
        done = threading.Event()

        def watch() -> None:
            while not done.wait(_LOOK_S):
                if cancelled():
                    self._flag[0] = b"\1"
                    return

        watcher = threading.Thread(target=watch, name="stop-watch", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()
            self._flag[0] = b"\0"
