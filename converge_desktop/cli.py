"""The headless twin of the window: the same runtime, and no Qt.

Exit codes: 0 done, 1 the ledger does not verify, 2 a problem that the printed sentence names,
3 a run waits for a person, 130 stopped by Ctrl+C.
"""

from __future__ import annotations

import argparse
import getpass
import os
import signal
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from converge_core.errors import ConvergeError, LedgerCorrupt
from converge_desktop import __version__, paths
from converge_desktop.adapters.catalogue import CatalogueProblem
from converge_desktop.adapters.keys import KeyProblem
from converge_desktop.adapters.ledger_file import LedgerWriteFailed
from converge_desktop.adapters.lock import DataDirectoryBusy, DataDirectoryUnusable
from converge_desktop.adapters.packs import PackProblem, load_packs
from converge_desktop.adapters.texts import TextMissing
from converge_desktop.runtime.desk import Desk, DeskOptions, operator_name
from converge_desktop.runtime.model_thread import ModelUnavailable
from converge_desktop.runtime.outputs import (
    DecideOutput,
    GateOutput,
    RunOutput,
    TraceLine,
    VerifyOutput,
    to_json,
    trace_output,
)
from converge_desktop.runtime.port import Notice, RunChanged, Update
from converge_desktop.runtime.readmodel import Review, RunView
from converge_desktop.runtime.views import Views, read_views, verify_ledger
from converge_desktop.runtime.wording import ledger_problem

DONE, ALTERED, PROBLEM, WAITING, STOPPED = 0, 1, 2, 3, 130


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

    run = command("run", "run a pack over a folder", model)
    run.add_argument("pack", metavar="PACK", help="the pack's name, such as release-readiness")
    run.add_argument("--input", type=_path, required=True, metavar="DIR", help="the folder to read")
    command("inbox", "list what waits for a person")
    decide = command("decide", "answer a gate", model)
    decide.add_argument("gate", metavar="GATE", help="the gate's id, as inbox lists it")
    decide.add_argument("verdict", choices=["approve", "reject"])
    decide.add_argument("--reason", default="", metavar="TEXT", help="why; a rejection needs it")
    decide.add_argument(
        "--as", dest="operator", default=operator_name(_who()), metavar="NAME", help="who decides"
    )
    command("traces", "list recorded model calls")
    trace = command("trace", "show one recorded model call")
    trace.add_argument("trace", metavar="ID", help="the trace's id, as traces lists it")
    command("verify", "check every record of the ledger")
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
        return _problem("stopped; what was decided is kept, and the run goes on next time", STOPPED)
    except OSError as error:
        _drop_output()
        where = error.filename or "what is printed"
        return _problem(f"{where}: {error.strerror or error}. Mend that, or use another place.")
    except Exception as error:
        if isinstance(error, _KNOWN) or type(error).__name__ in {"IntakeError", "ModelProblem"}:
            return _problem(str(error), ALTERED if _altered(error) else PROBLEM)
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


class _CannotGoOn(Exception):
    """The command cannot be carried out; the text says why and what to do."""


_KNOWN = (
    CatalogueProblem,
    ConvergeError,
    DataDirectoryBusy,
    DataDirectoryUnusable,
    KeyProblem,
    LedgerWriteFailed,
    ModelUnavailable,
    PackProblem,
    TextMissing,
    _CannotGoOn,
)


def _problem(sentence: str, code: int = PROBLEM) -> int:
    print(f"converge-desktop: {sentence}", file=sys.stderr)
    return code


def _run(arguments: argparse.Namespace) -> int:
    desk = _open(arguments)
    try:
        seen: SimpleQueue[Update] = SimpleQueue()
        desk.subscribe(seen.put)
        run_id = desk.start_run(arguments.pack, _absolute(arguments.input)).result()
        view = _follow(seen, run_id, quiet=arguments.json)
        waiting = [row for row in desk.inbox().result() if row.run_id == run_id]
    finally:
        desk.close()
    phase = "waiting" if waiting else "stopped"
    words = view.stop_words or f"Waiting for a decision on “{waiting[0].title}”."
    gates = [row.gate_id for row in waiting]
    output = RunOutput(run_id, phase, view.stop_kind, words, view.cycle, gates, view.root)
    _show(arguments, output, [words, *(f"  {gate}" for gate in gates)])
    return WAITING if waiting else DONE


def _follow(seen: SimpleQueue[Update], run_id: str, *, quiet: bool) -> RunView:
    """Waits until the run waits for a person or has stopped, telling what it is at."""
    # The table library's own handler has waits go on after a signal; Ctrl+C must end this one.
    signal.siginterrupt(signal.SIGINT, True)
    while True:
        update = seen.get()
        if isinstance(update, Notice):
            if update.run_id == run_id:
                raise _CannotGoOn(update.text)
            _problem(update.text)
        if not isinstance(update, RunChanged) or update.view.row.run_id != run_id:
            continue
        view = update.view
        if not quiet:
            doing = view.now_doing or view.row.outcome
            print(f"{run_id}  cycle {view.cycle}  {doing}", file=sys.stderr)
        if view.row.phase in {"waiting", "stopped"}:
            return view


def _inbox(arguments: argparse.Namespace) -> int:
    views = _read(arguments)
    output = []
    for row in views.inbox():
        request = views.gate(row.gate_id)[1].request
        output.append(
            GateOutput(
                gate_id=row.gate_id,
                title=row.title,
                run=row.run_id,
                risk=row.risk,
                proposal=request.proposal,
                agent=row.agent,
                key=row.key,
                confidence=row.confidence,
                opened_at=row.opened_at,
            )
        )
    lines = [f"{gate.risk:6}  {gate.title}\n        {gate.gate_id}" for gate in output]
    _show(arguments, output, lines or ["Nothing waits for you."])
    return DONE


def _decide(arguments: argparse.Namespace) -> int:
    gate, verdict, operator = arguments.gate, arguments.verdict, arguments.operator
    desk = _open(arguments)
    try:
        seen: SimpleQueue[Update] = SimpleQueue()
        review = desk.review(gate).result()
        print("\n".join(_shown(review)), file=sys.stderr)
        desk.subscribe(seen.put)
        desk.decide(gate, verdict, arguments.reason, review.digest, operator).result()
        view = desk.run_view(review.run_id).result()
        if view.row.phase == "running":
            view = _follow(seen, review.run_id, quiet=arguments.json)
    finally:
        desk.close()
    output = DecideOutput(
        gate_id=gate,
        verdict=verdict,
        operator=operator,
        run_id=view.row.run_id,
        phase=view.row.phase,
        stop=view.stop_kind,
        words=view.stop_words,
        root=view.root,
    )
    _show(arguments, output, [f"{operator} chose {verdict}.", view.stop_words])
    return WAITING if view.row.phase == "waiting" else DONE


def _shown(review: Review) -> list[str]:
    """Returns the review as a terminal shows it; the decision signs that it was shown."""
    lines = [review.title, f"{review.risk} risk, asked by rule {review.rule}: {review.rule_reason}"]
    lines += [f"  {sentence}" for sentence in review.consequences]
    for row in review.reasoning:
        lines.append(f"  {row.side:8} {''.join(part.text for part in row.text)}")
    for step in review.plan:
        purpose = "".join(part.text for part in step.purpose)
        lines.append(f"  {step.capability:16} {step.meaning} {purpose}".rstrip())
    for fact in review.evidence:
        said = [f"{fact.label}: {fact.value}", fact.limit, f"({fact.source}, {fact.place})"]
        lines.append(f"  {' '.join(filter(None, said))}")
    for check in review.checks:
        lines.append(f"  {'ok' if check.passed else 'NO'}  {check.name} {check.reason}".rstrip())
    return [*lines, *(f"  note: {note}" for note in (*review.notes, *review.kept))]


def _traces(arguments: argparse.Namespace) -> int:
    output = [
        TraceLine(
            row.trace_id,
            row.run_id,
            row.step,
            row.headline,
            row.outcome,
            row.at,
            row.duration,
            row.tokens,
        )
        for row in _read(arguments).traces()
    ]
    lines = [
        f"{line.outcome:9}  {line.step:10}  {line.headline}\n  {line.trace_id}" for line in output
    ]
    _show(arguments, output, lines or ["No model was called yet."])
    return DONE


def _trace(arguments: argparse.Namespace) -> int:
    output = trace_output(_read(arguments).trace(arguments.trace))
    lines = [f"{output.step}, {output.outcome}, {output.version}"]
    lines += [f"\n--- {name}\n{text}" for name, text in output.layers.items()]
    lines += [f"\n--- output\n{output.output}\n"]
    lines += [
        f"{'ok ' if check.passed else 'NO '} {check.name} {check.reason}" for check in output.checks
    ]
    _show(arguments, output, lines)
    return DONE


def _verify(arguments: argparse.Namespace) -> int:
    directory = _data_dir(arguments) / "ledger"
    if not directory.is_dir():
        return _problem(f"there is no ledger in {directory}; say where it is with --data-dir")
    found = verify_ledger(directory)
    ok = found.bad_seq < 0
    output = VerifyOutput(
        ok, found.records, found.bad_seq, found.reason, found.head, found.unfinished
    )
    words = f"Record {found.bad_seq} does not verify: {found.reason}."
    if ok:
        words = f"All {found.records:,} records verify. The head is {found.head}."
    if found.unfinished:
        words += f" {found.unfinished:,} bytes of an unfinished step follow; they do not count."
    _show(arguments, output, [words])
    return DONE if ok else ALTERED


_COMMANDS = {
    "run": _run,
    "inbox": _inbox,
    "decide": _decide,
    "traces": _traces,
    "trace": _trace,
    "verify": _verify,
}


def _open(arguments: argparse.Namespace) -> Desk:
    desk = Desk(options(arguments))
    try:
        desk.ready.result()
    except BaseException:
        desk.close()
        raise
    return desk


def options(arguments: argparse.Namespace) -> DeskOptions:
    """Returns what a desk is opened with, as the command line says it."""
    return DeskOptions(
        data_dir=_data_dir(arguments),
        packs_dir=paths.packs(),
        samples_dir=paths.samples(),
        operator=operator_name(_who()),
        model=getattr(arguments, "model", paths.default_model()),
        models=paths.shipped_models(),
    )


def _data_dir(arguments: argparse.Namespace) -> Path:
    chosen: Path = getattr(arguments, "data_dir", paths.default_data_dir())
    return _absolute(chosen)


def _absolute(path: Path) -> Path:
    try:
        return path.expanduser().resolve()
    except RuntimeError as error:
        raise DataDirectoryUnusable(f"{path} names a person this machine does not know") from error


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"


def _read(arguments: argparse.Namespace) -> Views:
    packs = load_packs(paths.packs())
    directory = _data_dir(arguments)
    try:
        if directory.exists() and not directory.is_dir():
            raise DataDirectoryUnusable(
                f"{directory} is no folder; say where the desk lies with --data-dir"
            )
        return read_views(directory, packs)
    except (LedgerCorrupt, OSError) as error:
        raise _CannotGoOn(ledger_problem(directory, error)) from error


def _show(arguments: argparse.Namespace, output: object, lines: Sequence[str]) -> None:
    print(to_json(output) if arguments.json else "\n".join(lines))
