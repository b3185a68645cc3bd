"""Waiting for a run, and telling what it is at."""

from __future__ import annotations

import signal
import sys
from queue import SimpleQueue

from converge_desktop.cli.shared import CannotGoOn, problem
from converge_desktop.runtime.port import Notice, RunChanged, Update
from converge_desktop.runtime.readmodel import RunView


def follow(seen: SimpleQueue[Update], run_id: str, *, quiet: bool) -> RunView:
    """Waits until the run waits for a person or has stopped, telling what it is at."""
    # The table library's own handler has waits go on after a signal; Ctrl+C must end this one.
    signal.siginterrupt(signal.SIGINT, True)
    while True:
        update = seen.get()
        if isinstance(update, Notice):
            if update.run_id == run_id:
                raise CannotGoOn(update.text)
            problem(update.text)
        if not isinstance(update, RunChanged) or update.view.row.run_id != run_id:
            continue
        view = update.view
        if not quiet:
            doing = view.now_doing or view.row.outcome
            print(f"{run_id}  cycle {view.cycle}  {doing}", file=sys.stderr)
        if view.row.phase in {"waiting", "stopped"}:
            return view
