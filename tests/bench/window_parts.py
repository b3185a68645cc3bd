"""What is measured of the window, each in a process of its own that begins with nothing.

``python -m tests.bench.window_parts PART DATA BEGUN`` opens the real app, offscreen, over a data
directory, and prints JSON. ``BEGUN`` is when the process was started, on the monotonic clock.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

AT_MOST_S = 60.0
"""After how long a part gives up."""
Found = dict[str, Any]


def start(data: Path, begun: float) -> Found:
    """Starts as a person does, without a model, until everything is there."""
    return _start(data, begun, with_model=False)


def start_with_model(data: Path, begun: float) -> Found:
    """Starts as a person does, until the model is loaded and the database is up to date."""
    return _start(data, begun, with_model=True)


def _start(data: Path, begun: float, *, with_model: bool) -> Found:
    gc.disable()  # this and what follows as __main__ does
    from converge_desktop import cli, paths

    cli.parser()
    import PySide6.QtCore  # noqa: F401

    from converge_desktop.runtime.store_memory import keep_little

    keep_little()
    from converge_desktop import app

    found: Found = {"imported": time.monotonic() - begun}

    from tests.bench.window_probe import probed

    app.MainWindow = probed(found, begun, with_model=with_model)  # type: ignore[misc]
    model = paths.default_model() if with_model else None
    app.main(desk_options(data, model))
    return found


def lists(data: Path, begun: float) -> Found:
    """Has lists of 10,000 rows filled, filtered, ordered and painted."""
    del data, begun
    from tests.bench.window_lists import measured

    return measured()


def live(data: Path, begun: float) -> Found:
    """Works while the model decodes and events arrive."""
    del begun
    from tests.bench.window_live import measured

    return measured(data)


def decisions(data: Path, begun: float) -> Found:
    """Answers by key, one proposal after the other."""
    del begun
    from tests.bench.window_decisions import measured

    return measured(data)


def desk_options(data: Path, model: Path | None) -> Any:
    """Returns the options of a desk over a data directory that ``big_ledger`` made.

    Without a model there is none that embeds, either.
    """
    from converge_desktop import paths
    from converge_desktop.runtime.desk import DeskOptions
    from tests.bench.big_ledger import WHO

    embedder = paths.embedder() if model is not None else None
    return DeskOptions(data, paths.packs(), paths.samples(), WHO, model, embedder=embedder)


def memory() -> dict[str, int]:
    """Returns the memory that this process takes now, and the most it took, in bytes."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    words = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Vm")}
    return {"now": int(words["VmRSS"]) * 1024, "peak": int(words["VmHWM"]) * 1024}


PARTS: dict[str, Callable[[Path, float], Found]] = {
    part.__name__: part for part in (start, start_with_model, lists, live, decisions)
}


def main() -> None:
    """Does one part and prints what came of it."""
    part, data, begun = sys.argv[1:4]
    found = PARTS[part](Path(data), float(begun))
    print(json.dumps({**found, "memory": memory()}))


if __name__ == "__main__":
    main()
