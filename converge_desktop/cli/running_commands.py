"""Runs: starting one, holding it, letting it go on, stopping it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from converge_desktop.cli.following import follow
from converge_desktop.cli.shared import DONE, WAITING, absolute, open_desk, show
from converge_desktop.runtime.desk import Desk
from converge_desktop.runtime.outputs import PauseOutput, RunOutput
from converge_desktop.runtime.port import Update
from converge_desktop.runtime.review_model import InboxRow
from converge_desktop.runtime.run_model import RunView
from converge_desktop.runtime.unseen import spelled_out


def add_commands(command: Callable[..., Any], model: Any, path: Callable[[str], Path]) -> None:
    """Adds the commands; ``command`` makes one of a name and words."""
    start = command("run", "run a pack over a folder", model)
    start.add_argument("pack", metavar="PACK", help="the pack's name, such as release-readiness")
    start.add_argument(
        "--input", type=path, required=True, metavar="DIR", help="the folder to read"
    )
    start.add_argument(
        "--intent", default="", metavar="TEXT", help="what you want, in your words; names the run"
    )
    start.add_argument(
        "--budget",
        action="append",
        default=[],
        type=_budget,
        metavar="NAME=N",
        help="give it less than the usual, such as tokens=20000; may be repeated",
    )
    start.add_argument(
        "--recall",
        action="store_true",
        help="show its steps what was found and decided before, where the policy lets you ask",
    )
    branch = command("fork", "start a run from any moment of another", model)
    _add_run(branch)
    branch.add_argument("--at", type=int, metavar="SEQ", help="the record; the last one if missing")
    hold = command("pause", "hold a run: nothing of it goes on until it is resumed")
    _add_run(hold)
    hold.add_argument("--reason", default="", metavar="TEXT", help="why, for whoever asks later")
    hold.set_defaults(model=None)  # so that nothing goes on meanwhile
    _add_run(command("resume", "let a paused run go on", model))
    end = command("cancel", "stop a run; what it reached stays")
    _add_run(end)
    end.set_defaults(model=None)


def _add_run(command: Any) -> None:
    command.add_argument("run", metavar="RUN", help="the run's id, such as run-0001")


def _budget(text: str) -> tuple[str, int]:
    name, _, amount = text.partition("=")
    if not name or not amount.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no budget; write it like tokens=20000")
    return name, int(amount)


def run(arguments: argparse.Namespace) -> int:
    """Carries out ``run``."""
    folder, budgets = absolute(arguments.input), dict(arguments.budget)

    def start(desk: Desk) -> str:
        started = desk.start_run(
            arguments.pack, folder, arguments.intent, budgets, recall=arguments.recall
        )
        return started.result()

    return _followed(arguments, start)


def fork(arguments: argparse.Namespace) -> int:
    """Carries out ``fork``."""
    return _followed(arguments, lambda desk: desk.fork(arguments.run, arguments.at).result())


def resume(arguments: argparse.Namespace) -> int:
    """Carries out ``resume``."""

    def go_on(desk: Desk) -> str:
        desk.resume(arguments.run).result()
        run_id: str = arguments.run
        return run_id

    return _followed(arguments, go_on)


def pause(arguments: argparse.Namespace) -> int:
    """Carries out ``pause``."""
    desk = open_desk(arguments)
    try:
        desk.pause(arguments.run, arguments.reason).result()
        view = desk.run_view(arguments.run).result()
    finally:
        desk.close()
    row = view.row
    output = PauseOutput(row.run_id, row.phase, row.paused_by, view.pause_reason, row.paused_at)
    show(arguments, output, [f"{row.run_id} is paused since {_time(row.paused_at)}.", *_next(view)])
    return DONE


def cancel(arguments: argparse.Namespace) -> int:
    """Carries out ``cancel``."""
    desk = open_desk(arguments)
    try:
        desk.cancel(arguments.run).result()
        view = desk.run_view(arguments.run).result()
    finally:
        desk.close()
    return _show_run(arguments, view, [])


def _followed(arguments: argparse.Namespace, begin: Callable[[Desk], str]) -> int:
    """Has a run go on until it waits for people or has stopped, and shows what came of it."""
    desk = open_desk(arguments)
    try:
        seen: SimpleQueue[Update] = SimpleQueue()
        desk.subscribe(seen.put)
        run_id = begin(desk)
        view = follow(seen, run_id, quiet=arguments.json)
        waiting = [row for row in desk.inbox().result() if row.run_id == run_id]
    finally:
        desk.close()
    return _show_run(arguments, view, waiting)


def _show_run(arguments: argparse.Namespace, view: RunView, waiting: list[InboxRow]) -> int:
    words = view.stop_words or (view.explained.what if view.explained else "")
    if waiting:
        words = f"Waiting for a decision on “{waiting[0].title}”."
    gates = [row.gate_id for row in waiting]
    output = RunOutput(
        *(view.row.run_id, view.row.phase, view.stop_kind, words, view.cycle, gates, view.root),
        next=list(view.explained.next) if view.explained else [],
    )
    lines = [words, *(f"  {gate}" for gate in gates), *_next(view)]
    show(arguments, output, list(map(spelled_out, lines)))
    return WAITING if view.row.phase == "waiting" else DONE


def _next(view: RunView) -> list[str]:
    """Returns what one can do next, as a terminal shows it."""
    found = view.explained
    return [found.means, *(f"  - {words}" for words in found.next)] if found else []


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).astimezone().isoformat(" ", "minutes")
