"""The core is pure: no input, no output, no clock, no threads, no chance, no floats on record."""

from __future__ import annotations

import ast
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

import converge_core.chain
import converge_core.engine
import converge_core.ledger
from converge_core.record import Record
from converge_core.stop import StopReason

CORE = Path(converge_core.engine.__file__).parent
FILES = sorted(CORE.glob("*.py"))

ALLOWED = {
    "__future__",
    "collections",
    "converge_core",
    "dataclasses",
    "decimal",
    "enum",
    "functools",
    "hashlib",
    "json",
    "msgspec",
    "pydantic",
    "re",
    "string",
    "types",
    "typing",
    "unicodedata",
}
"""All that the core stands on: itself, pure parts of the standard library, and two libraries."""


def imports(tree: ast.AST) -> Iterator[str]:
    """Yields each module imported anywhere in ``tree``, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield node.module or ""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_of_the_core_imports_from_a_short_list(file: Path) -> None:
    """Nothing outside it, wherever in the file the import stands."""
    roots = {name.partition(".")[0] for name in imports(ast.parse(file.read_text()))}

    assert set() == roots - ALLOWED


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_of_the_core_calls_nothing_that_reaches_outside(file: Path) -> None:
    """No files, no console, and no code made of text."""
    reaching = {"open", "print", "input", "eval", "exec", "compile", "__import__", "breakpoint"}
    called = {
        node.func.id
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }

    assert set() == called & reaching


FORBIDDEN = [
    "PySide6",
    "llama_cpp",
    "polars",
    "lancedb",
    "surrealdb",
    "pygit2",
    "dulwich",
    "cryptography",
    "keyring",
    "sqlite3",
    "socket",
    "asyncio",
    "threading",
    "subprocess",
    "random",
    "secrets",
    "time",
    "os",
    "pathlib",
    "logging",
    "io",
    "tempfile",
    "converge_desktop",
]

ALONE = """
import builtins, importlib, pkgutil, sys

core, site, *forbidden = sys.argv[1:]
sys.path[:0] = [core, site]
import msgspec, pydantic  # what they import is their own affair

real = builtins.__import__

def guarded(name, globals=None, locals=None, fromlist=(), level=0):
    importer = (globals or {}).get("__name__", "")
    if importer.startswith("converge_core") and name.partition(".")[0] in forbidden:
        raise ImportError(f"{importer} imports {name}")
    return real(name, globals, locals, fromlist, level)

builtins.__import__ = guarded
try:
    exec("import os", {"__name__": "converge_core.spy", "__builtins__": builtins})
except ImportError:
    pass
else:
    raise SystemExit("the guard does not work")

import converge_core
for module in pkgutil.iter_modules(converge_core.__path__):
    importlib.import_module(f"converge_core.{module.name}")
from converge_core import *
from converge_core.context import stage_all
from converge_core.ids import FactId

reached = []

def watch(event, arguments):
    if event.split(".")[0] in {"open", "os", "socket", "subprocess", "shutil", "tempfile", "time"}:
        reached.append(event)

sys.addaudithook(watch)
engine = Engine()
engine.register(SeedAgent("seed-1", "initial data"))
engine.register(ReactOnceAgent("hyp-1", "derived insight"))
signal = ProposedFact(key=ContextKey.SIGNALS, id=FactId("s"), content="a signal")
result = engine.run(stage_all(Context(), [signal]), authority=grant("alone", *ContextKey))
engine.run(Context(), authority=grant("nobody"))
print(result.converged, result.cycles, result.context.count(), reached)
"""


def test_the_core_runs_alone_without_touching_anything_outside_itself() -> None:
    """In an isolated interpreter with the outside world blocked and watched: 3 cycles, no reach."""
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            ALONE,
            str(CORE.parent),
            sysconfig.get_paths()["purelib"],
            *FORBIDDEN,
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ("True 3 3 []\n", "") == (done.stdout, done.stderr)


# No floats on record.


def kinds(base: type[Any]) -> Iterator[type[Any]]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


RECORDED = sorted({*kinds(Record), *kinds(StopReason)}, key=lambda kind: kind.__qualname__)


def mentioned(hint: Any) -> Iterator[Any]:
    yield hint
    for part in get_args(hint):
        yield from mentioned(part)


@pytest.mark.parametrize("kind", RECORDED, ids=lambda kind: kind.__name__)
def test_no_record_has_room_for_a_float(kind: type[msgspec.Struct]) -> None:
    """Confidence is in thousandths and times are in microseconds, so that hashes never depend on
    how a float is printed."""
    hints = get_type_hints(kind)
    fields = [hints[name] for name in kind.__struct_fields__]

    assert not {float, complex} & {
        part for hint in fields for part in mentioned(hint) if isinstance(part, type)
    }


@pytest.mark.parametrize("kind", RECORDED, ids=lambda kind: kind.__name__)
def test_a_record_is_frozen_and_reads_strictly(kind: type[msgspec.Struct]) -> None:
    """It never changes, and refuses fields that it does not know."""
    assert kind.__struct_config__.frozen
    assert kind.__struct_config__.forbid_unknown_fields or issubclass(kind, StopReason)
