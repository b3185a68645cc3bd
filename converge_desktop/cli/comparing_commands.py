"""Two runs compared, and recorded calls tried with a change; neither writes anything."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from converge_desktop.cli.model_commands import model_thread
from converge_desktop.cli.shared import ALTERED, DONE, CannotGoOn, absolute, read, show
from converge_desktop.runtime.compare_outputs import compare_output, try_output
from converge_desktop.runtime.run_compare import RunComparison, compare_runs
from converge_desktop.runtime.trace_tried import LONGEST, Tried
from converge_desktop.runtime.trace_trying import prepared
from converge_desktop.runtime.unseen import spelled_out
from converge_desktop.runtime.views import Views


def add_commands(command: Callable[..., Any], model: argparse.ArgumentParser) -> None:
    """Adds the commands; ``command`` makes one of a name and words, ``model`` names a model."""
    compare = command("compare", "compare two runs: their model calls, their facts, how they ended")
    compare.add_argument("one", metavar="RUN", help="a run, such as run-0001")
    compare.add_argument("other", metavar="RUN", help="another")
    trying = command("try", "ask a recorded call once more with a change; records nothing", model)
    trying.add_argument("trace", metavar="ID", help="the model call")
    trying.add_argument(
        *("--layer", "-l"),
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="what a layer is to say, such as state=FILE; may be given for several",
    )
    trying.add_argument(
        "--with", dest="named", default="", metavar="MODEL", help="another model, by its name"
    )


def compare(arguments: argparse.Namespace) -> int:
    """Carries out ``compare``."""
    views = read(arguments)
    runs = (views.run_state(arguments.one), views.run_state(arguments.other))
    found = compare_runs(*runs, views.trace)
    show(arguments, compare_output(found), [*map(spelled_out, _words(found))])
    return ALTERED if found.first else DONE


def _words(found: RunComparison) -> list[str]:
    told = [found.first or "Nothing differs."]
    for pair in found.differing:
        told.append(f"  cycle {pair.cycle}  {pair.agent}  {pair.words}")
        told += [f"    {name}" for name in (pair.one, pair.other) if name]
    for side in (found.one, found.other):
        told.append(f"{side.label}: {side.ended}")
        told += [f"  only here  {fact.key}  {fact.content}" for fact in side.facts]
        told += [f"  and {side.more_facts:,} more"] * bool(side.more_facts)
    return told


def try_changed(arguments: argparse.Namespace) -> int:
    """Carries out ``try``."""
    layers = dict(map(_layer, arguments.layer))
    found = _tried(arguments, read(arguments), layers)
    show(arguments, try_output(found), [*map(spelled_out, _tried_words(found))])
    return DONE if found.same else ALTERED


def _tried(arguments: argparse.Namespace, views: Views, layers: dict[str, str]) -> Tried:
    asking = prepared(views, arguments.trace, layers, arguments.named)
    with model_thread(arguments) as thread:
        # The model is loaded by then, so that its library is as well.
        from converge_desktop.adapters.models.llama_library import ModelProblem  # noqa: PLC0415

        try:
            return asking.ask(thread, bool).result()(views)
        except ModelProblem as error:
            raise CannotGoOn(f"the model cannot be asked that: {error}") from error


def _layer(given: str) -> tuple[str, str]:
    """Returns a layer's name and what it is to say, read from a file."""
    name, equals, file = given.partition("=")
    if not equals or not file:
        raise CannotGoOn(f"{given!r} names no layer and file; write it as state=FILE")
    try:
        with absolute(Path(file)).open(encoding="utf-8") as lines:
            return name, lines.read(LONGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise CannotGoOn(f"{file} cannot be read as text: {error}") from error


def _tried_words(found: Tried) -> list[str]:
    if found.same:
        told = ["The same answer, to the byte."]
    else:
        at = f" from token {found.first.token:,} on" if found.first is not None else ""
        told = [f"Another answer{at}:", found.answer]
    if found.unchecked:
        told.append(f"It was not held to its contract: {found.unchecked}.")
    for check in found.broken:
        told.append(f"It breaks its contract: {check.name}. {check.reason}")
    return [*told, "Nothing of this is recorded; it changes nothing."]
