"""Waiting for a run, and telling what it is at."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from queue import SimpleQueue

from converge_desktop.cli.shared import CannotGoOn, problem
from converge_desktop.runtime.deciding_model import Settling
from converge_desktop.runtime.port import Notice, RunChanged, SettlingChanged, Update
from converge_desktop.runtime.run_model import RunView
from converge_desktop.runtime.unseen import spelled_out


def follow(seen: SimpleQueue[Update], run_id: str, *, quiet: bool) -> RunView:
    """Waits until the run waits for a person or has stopped, telling what it is at.

    While nothing but undo windows are awaited it waits on, and tells how to undo.
    """
    # The table library's own handler has waits go on after a signal; Ctrl+C must end this one.
    signal.siginterrupt(signal.SIGINT, True)
    while True:
        update = seen.get()
        if isinstance(update, Notice):
            if update.run_id == run_id:
                raise CannotGoOn(update.text)
            problem(update.text)
        if isinstance(update, SettlingChanged) and not quiet:
            _tell(row for row in update.rows if row.run_id == run_id)
        if not isinstance(update, RunChanged) or update.view.row.run_id != run_id:
            continue
        view = update.view
        if not quiet:
            doing = view.now_doing or view.row.outcome
            print(f"{run_id}  cycle {view.cycle}  {doing}", file=sys.stderr)
        if view.row.phase == "stopped" or (view.row.phase == "waiting" and not settles(view)):
            return view


def settles(view: RunView) -> bool:
    """Says whether a run goes on by itself once nothing of it can be undone any more."""
    return view.row.phase == "waiting" and not view.row.open_gates


def _tell(rows: Iterable[Settling]) -> None:
    """Tells of each decision until when it can be undone, and how: this process holds the desk."""
    for row in rows:
        until = datetime.fromtimestamp(row.until / 1e6, UTC).astimezone()
        words = f"“{row.title}” is {row.end}, and takes effect at {until:%H:%M:%S}; to undo it "
        words += f"before, press Ctrl+C, then: converge-desktop undo {row.gate_id}"
        print(spelled_out(f"{row.run_id}  {words}"), file=sys.stderr)
