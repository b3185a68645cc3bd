"""Work that would hold the window up, done once on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def elsewhere(work: Callable[[], T], name: str) -> Future[T]:
    """Begins work on a thread that ends with it; ask the bridge for what comes of it.

    Args:
        work: what touches no widget.
        name: the thread's.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever asked hears of it
            future.set_exception(error)

    threading.Thread(target=run, name=name).start()
    return future
