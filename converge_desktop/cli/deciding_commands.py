"""Answering gates, and what one may do beside: undo, extend, delegate, escalate, retract."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from converge_desktop.cli.following import follow
from converge_desktop.cli.shared import DONE, CannotGoOn, absolute, login, open_desk, show
from converge_desktop.runtime.deciding_model import Answered, Doing, Edit
from converge_desktop.runtime.desk import operator_name
from converge_desktop.runtime.outputs import ActOutput, ChangeLine, ReachedLine, RetractOutput
from converge_desktop.runtime.port import Update

VERDICTS = ("approve", "reject", "refine", "edit")
ACTS = {
    "undo": "take back a decision while its undo window is open",
    "extend": "move the deadline of a gate, as its terms allow",
    "delegate": "have somebody else vote in your place",
    "escalate": "have those asked whom the terms name for it",
}
Command = Callable[..., Any]
ReadPath = Callable[[str], Path]


def add_answer(decide: argparse.ArgumentParser, path: ReadPath) -> None:
    """Adds what an answer consists of."""
    decide.add_argument("gate", metavar="GATE", help="the gate's id, as inbox lists it")
    decide.add_argument("verdict", choices=VERDICTS)
    decide.add_argument(
        "--reason", default="", metavar="TEXT", help="why; rejecting and refining need it"
    )
    decide.add_argument(
        "--edit",
        type=path,
        metavar="FILE",
        help='what is to stand instead, as JSON: {"content": "…", "structured": {…}}',
    )
    decide.add_argument(
        "--no-wait",
        dest="wait",
        action="store_false",
        help="come back at once, while it can still be undone",
    )
    _add_operator(decide)


def add_commands(command: Command, path: ReadPath) -> None:
    """Adds the commands of this module to the grammar."""
    for name, words in ACTS.items():
        act = command(name, words)
        act.add_argument("gate", metavar="GATE", help="the gate's id")
        if name == "delegate":
            act.add_argument("to", metavar="NAME", help="to whom, by name or id")
        act.add_argument("--reason", default="", metavar="TEXT", help="why")
        _add_operator(act)
    retract = command("retract", "propose to take back what became a fact")
    retract.add_argument("run", metavar="RUN", help="the run's id, such as run-0001")
    retract.add_argument("fact", metavar="FACT", help="the fact's id, as context lists it")
    retract.add_argument("--reason", required=True, metavar="TEXT", help="why")
    retract.add_argument("--edit", type=path, metavar="FILE", help="what is to stand instead")
    _add_operator(retract)


def _add_operator(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--as", dest="operator", default=operator_name(login()), metavar="NAME", help="who decides"
    )


def act(arguments: argparse.Namespace) -> int:
    """Carries out ``undo``, ``extend``, ``delegate`` or ``escalate``."""
    name = arguments.command
    doing = Doing(arguments.gate, name, arguments.reason, getattr(arguments, "to", ""))
    desk = open_desk(arguments)
    try:
        done = desk.act(doing, arguments.operator).result()
    finally:
        desk.close()
    output = ActOutput(
        gate_id=done.gate_id,
        act=name,
        operator=arguments.operator,
        run_id=done.run_id,
        phase=done.phase,
        deadline=done.deadline,
        may_decide=list(done.may_decide),
    )
    show(arguments, output, [f"{arguments.operator}: {name}. {_stands(done)}"])
    return DONE


def _stands(done: Answered) -> str:
    may = ", ".join(done.may_decide) or "anybody who is enrolled"
    return f"The gate is {done.phase}; it can be decided by {may}."


def retract(arguments: argparse.Namespace) -> int:
    """Carries out ``retract``."""
    edit = read_edit(arguments.edit) if arguments.edit else None
    desk = open_desk(arguments)
    try:
        seen: SimpleQueue[Update] = SimpleQueue()
        desk.subscribe(seen.put)
        found = desk.retract(
            arguments.run, arguments.fact, arguments.reason, edit, arguments.operator
        ).result()
        if desk.run_view(found.run_id).result().row.phase == "running":
            follow(seen, found.run_id, quiet=arguments.json)
    finally:
        desk.close()
    reached = [ReachedLine(name, label) for name, label in found.rests_on_it]
    output = RetractOutput(
        run_id=found.run_id,
        fact_id=found.fact_id,
        proposed_id=found.proposed_id,
        reached=reached,
        whole=found.whole,
        seq=found.seq,
    )
    lines = [f"{found.proposed_id} is proposed in {found.run_id}, and people are asked about it."]
    if found.seq < 0:
        lines.append("What rests on the fact is not known: the database does not answer just now.")
    lines += [f"  {line.label}" for line in reached]
    show(arguments, output, lines)
    return DONE


def read_edit(path: Path) -> Edit:
    """Reads what is to stand instead.

    Raises:
        CannotGoOn: if the file cannot be read, naming the place.
    """
    place = absolute(path)
    try:
        told = json.loads(place.read_text("utf-8"))
    except FileNotFoundError as error:
        raise CannotGoOn(f"there is no file {place}") from error
    except ValueError as error:
        raise CannotGoOn(f"{place} cannot be read: {error}; write it as JSON") from error
    known = {"content": str, "structured": dict}
    if not isinstance(told, dict) or not told or told.keys() - known.keys():
        raise CannotGoOn(f"{place} is to hold content, structured, or both, and nothing else")
    for name, value in told.items():
        if not isinstance(value, known[name]):
            what = "words" if name == "content" else "fields, as its proposal has"
            raise CannotGoOn(f"{place}: {name} is to hold {what}")
    return Edit(told.get("content"), told.get("structured"))


def change_lines(done: Answered, *, quiet: bool) -> list[ChangeLine]:
    """Returns what an edit changed; tells it as well, unless ``quiet``."""
    lines = [ChangeLine(one.field, one.before, one.after) for one in done.changes]
    for line in [] if quiet else lines:
        print(f"  {line.field}: {line.before!r} is now {line.after!r}", file=sys.stderr)
    return lines
