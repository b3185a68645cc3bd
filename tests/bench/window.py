"""What the window promises a person who works in it: a start, an answer, a paint, in time.

It runs offscreen over a ledger of 100,000 events. Each row is measured in a process of its own
that begins with nothing (``window_parts.py``).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.big_ledger import make_ledger
from tests.bench.measuring import Line, milliseconds

EVENTS = 100_000
Found = dict[str, Any]


def measure(directory: Path, large: Path | None = None) -> None:
    """Prints one line a measurement.

    Args:
        directory: where to write, on a disk; what is written is removed again.
        large: the data directory of a ledger of 100,000 events; one is made if None.
    """
    print(f"window, offscreen; {_busy()}")
    with tempfile.TemporaryDirectory(dir=directory, prefix="bench-window-") as scratch:
        data = Path(scratch) / "data"
        if large is None:
            print(Line("made for what follows", make_ledger(data, EVENTS).words()).words())
        else:
            shutil.copytree(large, data)
        for rows in (_starts, _lists, _live, _decisions):
            for line in rows(data):
                print(line.words(), flush=True)


def _busy() -> str:
    """Says how much else the machine does, on which all of this depends."""
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before it began"


def _starts(data: Path) -> Iterator[Line]:
    first = _part("start_with_model", data)
    yield _stall("longest stall, ledger first read, database filled", first["stall"])
    _put_out_of_memory(data)
    cold = _part("start", data)
    yield _at_most("start to first paint, cold files", cold["painted"], 1.0)
    yield _at_most("start to usable, cold files", cold["usable"], 1.5)
    warm = [_part("start", data) for _ in range(3)]
    best = min(warm, key=lambda one: one["usable"])
    yield _at_most("start to first paint, warm files, best of 3", best["painted"], 1.0)
    yield _at_most("start to usable, warm files, best of 3", best["usable"], 1.5)
    yield _stall("longest stall until usable", min(one["stall_until_usable"] for one in warm))
    peak = best["memory"]["peak"]
    yield Line(
        "the most memory without a model",
        f"{peak / 1e6:,.0f} MB",
        "at most 350 MB",
        peak <= 350e6,
    )
    again = min((_part("start_with_model", data) for _ in range(2)), key=lambda one: one["stall"])
    yield _stall("longest stall, model loaded, database opened", again["stall"])


def _lists(data: Path) -> Iterator[Line]:
    found = _part("lists", data)
    yield _late("a visible list painted, of 10,000 rows", found["painted"], 0.008)
    for name, taken in found.items():
        if name not in {"painted", "memory"}:
            yield _late(f"  {name}, laid out and painted", taken, 0.1)


def _live(data: Path) -> Iterator[Line]:
    found = _part("live", data)
    yield Line("the model at work, and events arriving", f"{found['rate']:,.0f} events a second")
    delays = found["delays"]
    yield _late("  the event loop's added delay", delays, 0.012)
    yield _stall("  longest stall", delays[-1])
    yield _late("  a visible list painted", found["paints"], 0.008)
    yield _late(f"  proposal to visible, of {len(found['seen'])}", found["seen"], 0.1)


def _decisions(data: Path) -> Iterator[Line]:
    yield _late("key to durable decision", _part("decisions", data)["taken"], 0.05)


def _part(part: str, data: Path) -> Found:
    command = [sys.executable, "-m", "tests.bench.window_parts", part, str(data)]
    if "--why" in sys.argv:
        command.append("--why")
    command.insert(5, repr(time.monotonic()))
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "CONVERGE_KEYRING": "none"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    found: Found = json.loads(done.stdout.splitlines()[-1])
    return found


def _put_out_of_memory(data: Path) -> None:
    """Has the files of app, libraries and ledger read from the disk again, as after a night.

    What another process has mapped stays, and only Linux and its kin take the hint.
    """
    if not hasattr(os, "posix_fadvise"):
        return
    for folder in (Path(sys.prefix), Path(sys.base_prefix), Path.cwd() / "converge_desktop", data):
        for path in folder.rglob("*"):
            if path.is_file():
                number = os.open(path, os.O_RDONLY)
                os.posix_fadvise(number, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(number)


def _at_most(name: str, seconds: float, most: float) -> Line:
    return Line(name, f"{seconds:.2f} s", f"at most {most} s", seconds <= most)


def _stall(name: str, seconds: float) -> Line:
    return Line(name, f"{seconds * 1000:,.0f} ms", "at most 50 ms", seconds <= 0.05)


def _late(name: str, seconds: list[float], most: float) -> Line:
    late = sorted(seconds)[min(len(seconds) - 1, int(0.99 * len(seconds)))]
    return Line(name, milliseconds(seconds), f"at most {most * 1e3:,.0f} ms", late <= most)
