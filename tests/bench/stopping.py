"""How long it takes until a run is stopped, or held, on disk, whatever its agents are at.

Measured is the time from the call to its answer, which comes once the record is synced and folded,
and the time until nobody is at work any more. The model of random weights is as slow as one of its
size is; ``python -m tests.bench kernel`` makes it.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from converge_core.agent import Agent
from converge_desktop import paths
from converge_desktop.runtime.at_work import Execute, Work
from converge_desktop.runtime.child_executor import ChildExecutor
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.runtime.port import RunChanged, Update
from tests.bench.kernel import KEPT
from tests.runtime.child_agents import Does, hang
from tests.runtime.folders import make_folder

AIM_MS = 250
ROUNDS = 12
AFTER_S = (0.0, 0.005, 0.02, 0.08, 0.3)
"""How long after an agent began it is stopped, in turns: while it prefills, or decodes."""
LONG_S = 600.0


def hanging() -> Iterable[Agent]:
    """Returns the first agent of the chain, as one that never comes back."""
    return [Does("reasoning", hang)]


class Watched:
    """Knows when agents begin and when none is at work.

    Args:
        execute: how they are executed.
    """

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self.idle = threading.Event()

    def __call__(self, work: Work, given_up: Callable[[], bool]) -> object:
        """Executes agents, and says when they are done."""
        self.idle.clear()
        try:
            return self._execute(work, given_up)
        finally:
            self.idle.set()


def measure() -> None:
    """Prints one line a measurement."""
    print(f"{'stopping':42} {'rounds':>7} {'median':>10} {'longest':>10} {'idle after':>10}  aim")
    models = [("nano", paths.default_model()), ("r200", KEPT / "r200-q8_0.gguf")]
    with tempfile.TemporaryDirectory() as scratch:
        folder = make_folder(Path(scratch) / "folder", failed=1)
        for name, model in models:
            if model.is_file():
                with _desk(Path(scratch) / name, model) as desk:
                    for action in ("cancel", "pause"):
                        _round(f"{action} while {name} is asked", desk, folder, action)
        with _desk(Path(scratch) / "child", paths.default_model()) as desk:
            child = ChildExecutor(hanging, LONG_S)
            desk._engine._agents._execute = child
            for action in ("cancel", "pause"):
                _round(f"{action} while a child process hangs", desk, folder, action)


@contextmanager
def _desk(place: Path, model: Path) -> Iterator[Desk]:
    desk = Desk(DeskOptions(place, paths.packs(), paths.samples(), "bench", model))
    try:
        desk.ready.result()
        yield desk
    finally:
        desk.close()


def _round(name: str, desk: Desk, folder: Path, action: str) -> None:
    agents = desk._engine._agents
    watched = Watched(agents._execute)
    agents._execute = watched  # type: ignore[assignment]
    answered, idle = [], []
    for number in range(ROUNDS):
        run = _at_work(desk, folder)
        time.sleep(AFTER_S[number % len(AFTER_S)])
        begun = time.perf_counter()
        (desk.cancel(run) if action == "cancel" else desk.pause(run)).result()
        answered.append((time.perf_counter() - begun) * 1000)
        watched.idle.wait()
        idle.append((time.perf_counter() - begun) * 1000)
        if action == "pause":
            desk.cancel(run).result()
    answered.sort()
    met = "met" if max(answered) <= AIM_MS else "missed"
    print(
        f"{name:42} {ROUNDS:7} {answered[ROUNDS // 2]:7.1f} ms {answered[-1]:7.1f} ms "
        f"{max(idle):7.1f} ms  {met}: at most {AIM_MS} ms"
    )


def _at_work(desk: Desk, folder: Path) -> str:
    """Starts a run, and returns it once its agents are at work."""
    seen: SimpleQueue[Update] = SimpleQueue()
    desk.subscribe(seen.put)
    run = desk.start_run("release-readiness", folder).result()
    while True:
        update = seen.get()
        if (
            isinstance(update, RunChanged)
            and update.view.row.run_id == run
            and update.view.now_doing
        ):
            desk._listeners.remove(seen.put)  # there is no other way to leave
            return run
