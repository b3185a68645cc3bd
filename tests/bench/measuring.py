"""What the ledger is measured with, and how what was measured is printed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table.

    Attributes:
        name: what was measured.
        found: what came of it, as it is printed.
        aim: what it should be; empty where nothing was promised.
        met: whether it is.
    """

    name: str
    found: str
    aim: str = ""
    met: bool = True

    def words(self) -> str:
        """Returns the row."""
        verdict = f"{'met' if self.met else 'missed'}: {self.aim}" if self.aim else ""
        return f"{self.name:52} {self.found:>34}  {verdict}".rstrip()


def milliseconds(seconds: list[float]) -> str:
    """Returns what is in the middle of several times, and what one in a hundred exceeds."""
    late = sorted(seconds)[min(len(seconds) - 1, int(0.99 * len(seconds)))]
    return f"{statistics.median(seconds) * 1e3:.3f} ms median {late * 1e3:.3f} ms p99"


class Stopwatch:
    """Adds up what calls of some functions take."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begins anew."""
        self.seconds, self.calls = 0.0, 0

    def over(self, work: Callable[..., T]) -> Callable[..., T]:
        """Returns ``work``, timed."""

        def timed(*arguments: Any) -> T:
            begun = time.perf_counter()
            try:
                return work(*arguments)
            finally:
                self.seconds += time.perf_counter() - begun
                self.calls += 1

        return timed


def file_system(directory: Path) -> str:
    """Returns the kind of file system that ``directory`` lies on, as the kernel names it."""
    where = directory.resolve()
    best, found = "", "unknown"
    for line in Path("/proc/mounts").read_text("utf-8").splitlines():
        _, mount, kind, *_ = line.split(" ")
        if where.is_relative_to(mount) and len(mount) >= len(best):
            best, found = mount, kind
    return found
