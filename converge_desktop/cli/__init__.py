"""The headless twin of the window: the same runtime, and no Qt.

Exit codes: 0 done, 1 the ledger does not verify, or an answer or a run is not what it was held
against, 2 a problem that the printed sentence names, 3 a run waits for a person, 130 stopped by
Ctrl+C.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from converge_core.errors import ConvergeError, LedgerCorrupt
from converge_desktop import __version__
from converge_desktop.adapters.keys import KeyProblem
from converge_desktop.adapters.ledger.ledger_file import LedgerWriteFailed
from converge_desktop.adapters.lock import DataDirectoryBusy, DataDirectoryUnusable
from converge_desktop.adapters.models.catalogue import CatalogueProblem
from converge_desktop.adapters.models.model_check import CheckUnavailable, UnsafeModel
from converge_desktop.adapters.packs.pack import PackProblem
from converge_desktop.adapters.texts import TextMissing
from converge_desktop.cli import (
    comparing_commands,
    deciding_commands,
    desk_commands,
    event_commands,
    evidence_commands,
    model_commands,
    pack_commands,
    people_commands,
    running_commands,
    trace_commands,
)
from converge_desktop.cli.shared import (
    ALTERED,
    DONE,
    PROBLEM,
    STOPPED,
    CannotGoOn,
    options,
    problem,
)
from converge_desktop.runtime.model_thread import ModelUnavailable

__all__ = ["main", "options", "parser", "told"]


def parser() -> argparse.ArgumentParser:
    """Returns the command line's grammar."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--data-dir",
        type=_path,
        default=argparse.SUPPRESS,
        metavar="D",
        help="where the desk keeps everything",
    )
    common.add_argument(
        "--packs",
        type=_path,
        dest="packs_dir",
        default=argparse.SUPPRESS,
        metavar="D",
        help="where the packs lie, instead of those that ship",
    )
    model = argparse.ArgumentParser(add_help=False)
    model.add_argument(
        "--model",
        type=_path,
        default=argparse.SUPPRESS,
        metavar="GGUF",
        help="the model file to use instead of the one that ships",
    )
    printed = argparse.ArgumentParser(add_help=False)
    printed.add_argument("--json", action="store_true", help="print JSON for programs")
    top = argparse.ArgumentParser(
        prog="converge-desktop",
        parents=[common, model],
        description="Govern what agents propose. Without a command, the window opens.",
    )
    top.add_argument("--version", action="version", version=f"converge-desktop {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    def command(name: str, words: str, *parents: argparse.ArgumentParser) -> Any:
        return commands.add_parser(name, help=words, parents=[common, *parents, printed])

    running_commands.add_commands(command, model, _path)
    inbox = command("inbox", "list what waits for a person")
    inbox.add_argument(
        "--filter", default="", metavar="TEXT", help="which, such as: risk:high due<2h agent:plan*"
    )
    decide = command("decide", "answer a gate", model)
    deciding_commands.add_answer(decide, _path)
    deciding_commands.add_commands(command, _path)
    trace_commands.add_commands(command)
    trace = command("trace", "show one recorded model call")
    trace.add_argument("trace", metavar="ID", help="the trace's id, as traces lists it")
    verify = command("verify", "check every record of the ledger, or what was kept outside it")
    evidence_commands.add_options(verify, _path)
    event_commands.add_commands(command)
    evidence_commands.add_commands(command, _path)
    people_commands.add_commands(command, _path)
    pack_commands.add_commands(command)
    comparing_commands.add_commands(command, model)
    replay = command(
        "replay", "fold a run again, or make its model calls again, to the byte", model
    )
    replay.add_argument(
        "what", metavar="ID", nargs="*", help="a run, or which traces; all traces if none is named"
    )
    context = command("context", "show what stands in a run, or stood at a record")
    context.add_argument("run", metavar="RUN", help="the run's id, such as run-0001")
    context.add_argument("--at", type=int, metavar="SEQ", help="the record; now if missing")
    golden = command("golden", "keep model calls in a file, or hold the model against one", model)
    golden.add_argument("doing", choices=["record", "verify"])
    golden.add_argument("file", type=_path, metavar="FILE")
    golden.add_argument("trace", metavar="ID", nargs="*", help="what to record; all if not named")
    models = command("models", "list the models that are known by name, and files set aside", model)
    models.add_argument(
        "--release", default="", metavar="SHA256", help="have a file that crashed looked into anew"
    )
    models.add_argument(
        "--try", dest="tried", default="", metavar="NAME", help="ask a model one simple question"
    )
    return top


def _path(text: str) -> Path:
    """Reads a path; an empty one, as an unset variable leaves it, is not the folder one is in."""
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def main(arguments: argparse.Namespace) -> int:
    """Carries out one command and returns its exit code."""
    return told(lambda: _COMMANDS[arguments.command](arguments))


def told(work: Callable[[], int]) -> int:
    """Does ``work``; what goes wrong is told in a sentence instead of a traceback."""
    try:
        _print_anywhere()
        code = work()
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()  # whoever read it has seen enough
        return DONE
    except KeyboardInterrupt:
        return problem("stopped; what was decided is kept, and the run goes on next time", STOPPED)
    except OSError as error:
        _drop_output()
        where = error.filename or "what is printed"
        return problem(f"{where}: {error.strerror or error}. Mend that, or use another place.")
    except Exception as error:
        if isinstance(error, _KNOWN) or type(error).__name__ in {"IntakeError", "ModelProblem"}:
            return problem(str(error), ALTERED if _altered(error) else PROBLEM)
        raise
    return code


def _print_anywhere() -> None:
    """Has characters that the terminal's encoding lacks escaped instead of refused."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Lets the interpreter flush on its way out, though nobody takes what is left."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - it is a place, not a file
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _altered(error: Exception) -> bool:
    return isinstance(error.__cause__, LedgerCorrupt)


_KNOWN = (
    CatalogueProblem,
    ConvergeError,
    DataDirectoryBusy,
    DataDirectoryUnusable,
    KeyProblem,
    LedgerWriteFailed,
    ModelUnavailable,
    PackProblem,
    CheckUnavailable,
    UnsafeModel,
    TextMissing,
    CannotGoOn,
)

_COMMANDS = {
    "run": running_commands.run,
    "pause": running_commands.pause,
    "resume": running_commands.resume,
    "cancel": running_commands.cancel,
    "inbox": desk_commands.inbox,
    "context": desk_commands.context,
    "decide": desk_commands.decide,
    **dict.fromkeys(deciding_commands.ACTS, deciding_commands.act),
    "retract": deciding_commands.retract,
    "events": event_commands.events,
    "fork": running_commands.fork,
    "traces": trace_commands.traces,
    "insights": trace_commands.insights,
    "trace": desk_commands.trace,
    "verify": evidence_commands.verify,
    "export": evidence_commands.export,
    "checkpoint": evidence_commands.checkpoint,
    "operator": people_commands.operator,
    "packs": pack_commands.packs,
    "request": people_commands.request,
    "vote": people_commands.vote,
    "replay": model_commands.replay,
    "compare": comparing_commands.compare,
    "try": comparing_commands.try_changed,
    "golden": model_commands.golden,
    "models": model_commands.models,
}
