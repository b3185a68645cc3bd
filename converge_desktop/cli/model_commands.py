"""Models and what they answered: once more, in a file, and which there are."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterable, Iterator

from converge_core.capability import ChatMessage, ChatRequest, ChatRole, ResponseFormat
from converge_core.capability_errors import CapabilityError, ResponseFormatMismatch
from converge_desktop.adapters.models.catalogue import LocalModel, load_catalogue
from converge_desktop.adapters.models.model_check import UnsafeModel
from converge_desktop.adapters.models.model_registry import KnownModel, ModelRegistry
from converge_desktop.cli.shared import (
    ALTERED,
    DONE,
    PROBLEM,
    CannotGoOn,
    data_dir,
    options,
    problem,
    read,
    show,
)
from converge_desktop.runtime.model_thread import ModelSettings, ModelThread
from converge_desktop.runtime.outputs import (
    GoldenOutput,
    ModelLine,
    ReplayLine,
    RunReplay,
    TriedOutput,
    replay_line,
)
from converge_desktop.runtime.replay import GoldenTrace, Outcome, read_golden, write_golden

QUESTION = ChatRequest(
    messages=(ChatMessage(role=ChatRole.USER, content='Answer with {"ready": true}.'),),
    response_format=ResponseFormat.JSON,
    max_tokens=32,
)


def replay(arguments: argparse.Namespace) -> int:
    """Carries out ``replay``: of a run, from the ledger alone; of a step, with its model."""
    views = read(arguments)
    wanted = arguments.what or [row.trace_id for row in reversed(views.traces())]
    if len(wanted) == 1 and views.knows_run(wanted[0]):
        return _replay_run(arguments, views.replay_run(wanted[0]))
    lines = _again(arguments, (views.golden(trace) for trace in wanted))
    show(arguments, lines, _words(lines) or ["No model was called yet."])
    return _code(lines)


def _replay_run(arguments: argparse.Namespace, found: RunReplay) -> int:
    """Shows what the records of a run come to, and whether that is what the run said of itself."""
    words = f"{found.run_id} comes to {found.root}, folded again from {found.records:,} records"
    words += f"; that is what it said in record {found.said_at}." if found.said else "."
    show(arguments, found, [words])
    return DONE


def golden(arguments: argparse.Namespace) -> int:
    """Carries out ``golden``."""
    file, lines = arguments.file, []
    if arguments.doing == "record":
        views = read(arguments)
        wanted = arguments.trace or [row.trace_id for row in reversed(views.traces())]
        if not wanted:
            raise CannotGoOn("no model was called yet, so there is nothing to record")
        calls = write_golden(file, map(views.golden, wanted))
        words = [f"{calls:,} calls are kept in {file}."]
    else:
        kept = list(read_golden(file))
        if not kept:
            raise CannotGoOn(f"{file} holds no calls; keep some in it with golden record")
        lines = _again(arguments, kept)
        calls, words = len(lines), _words(lines)
    show(arguments, GoldenOutput(str(file), calls, lines), words)
    if lines and all(line.outcome == Outcome.NOT_REPEATED for line in lines):
        return problem(f"no call of {file} could be repeated, so that nothing is known of them")
    return _code(lines)


def models(arguments: argparse.Namespace) -> int:
    """Carries out ``models``."""
    if arguments.tried:
        return _try(arguments, arguments.tried)
    registry = ModelRegistry(data_dir(arguments) / "models")
    try:
        return _list(arguments, registry)
    finally:
        for notice in registry.notices:
            problem(notice)


def _list(arguments: argparse.Namespace, registry: ModelRegistry) -> int:
    """Tells which models there are; before that, has one looked into anew if that is asked for."""
    if arguments.release:
        words = _released_words(registry.release(arguments.release))
        print(words, file=sys.stderr if arguments.json else sys.stdout)
    lines = []
    for name, entry in load_catalogue(data_dir(arguments), options(arguments).models).items():
        if isinstance(entry, LocalModel):
            lines.append(_model_line(registry, entry))
        else:
            what = f"{entry.model}, spoken to over {entry.url}"
            lines.append(ModelLine(name, entry.url, "", "elsewhere", "audit-only", what))
    told = {line.sha256 for line in lines}
    for known in registry.models():
        if known.quarantine is not None and known.sha256 not in told:
            aside = known.quarantine
            lines.append(ModelLine("", aside.file, known.sha256, "quarantined", "", aside.reason))
    show(arguments, lines, list(map(_model_words, lines)))
    return DONE


def _released_words(known: KnownModel) -> str:
    where = f", which lay at {known.quarantine.file}," if known.quarantine else ""
    return f"{known.sha256}{where} is released; it is looked into anew when it is next used."


def _try(arguments: argparse.Namespace, name: str) -> int:
    """Asks a model something that any can answer, and tells how often and what came of it."""
    with model_thread(arguments) as thread:
        try:
            answer = thread.converse(name, QUESTION, _never).result()
        except ResponseFormatMismatch as error:
            words = f"{name} answers, but not in JSON: {error}"
            show(arguments, TriedOutput(name, answered=True, attempts=1, words=words), [words])
            return DONE
        except CapabilityError as error:
            words = f"{name} gives no answer: {error}"
            show(arguments, TriedOutput(name, answered=False, attempts=1, words=words), [words])
            return PROBLEM
    count = len(answer.attempts)
    words = f"{name} answers: {json.dumps(answer.value)}"
    show(arguments, TriedOutput(name, answered=True, attempts=count, words=words), [words])
    return DONE


def _model_line(registry: ModelRegistry, entry: LocalModel) -> ModelLine:
    try:
        known = registry.known(registry.sha256(entry.path))
    except UnsafeModel as error:
        return ModelLine(entry.name, str(entry.path), "", "new", "", str(error))
    grade = known.measured[-1].grade.value if known.measured else ""
    state, words = "known" if known.facts else "new", ""
    if known.quarantine is not None:
        state, words = "quarantined", known.quarantine.reason
    return ModelLine(entry.name, str(entry.path), known.sha256, state, grade, words)


def _model_words(line: ModelLine) -> str:
    said = filter(None, (line.state, line.grade, line.words))
    return f"{line.name or line.sha256[:12]}  {', '.join(said)}\n  {line.where}"


def _again(arguments: argparse.Namespace, calls: Iterable[GoldenTrace]) -> list[ReplayLine]:
    """Makes each call again with the model in use, or the one that made it, if that is known."""
    with model_thread(arguments) as thread:
        return [replay_line(thread.replay(call, _never).result()) for call in calls]


@contextlib.contextmanager
def model_thread(arguments: argparse.Namespace) -> Iterator[ModelThread]:
    """Opens the models of a desk, with the one in use loaded."""
    chosen, directory = options(arguments), data_dir(arguments)
    catalogue = load_catalogue(directory, chosen.models)
    thread = ModelThread(lambda _: None, ModelSettings(directory / "models", catalogue))
    try:
        if chosen.model is not None:
            thread.load(chosen.model).result()
        yield thread
    finally:
        thread.close()


def _words(lines: list[ReplayLine]) -> list[str]:
    told = [f"{line.outcome:12}  {line.grade:14}  {line.trace_id}" for line in lines]
    told += [f"{line.trace_id}: {line.words}" for line in lines if line.outcome != Outcome.SAME]
    same = sum(line.outcome == Outcome.SAME for line in lines)
    return [*told, f"{same:,} of {len(lines):,} are the same, to the byte."] if lines else []


def _code(lines: list[ReplayLine]) -> int:
    return ALTERED if any(line.outcome == Outcome.DIFFERS for line in lines) else DONE


def _never() -> bool:
    return False
