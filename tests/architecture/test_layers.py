"""The layers of the design are written down where ``make lint`` enforces them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent


def contracts() -> dict[str, dict[str, Any]]:
    """Returns import-linter's contracts by name."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert settings["include_external_packages"]
    return {contract["name"]: contract for contract in settings["contracts"]}


def test_the_core_may_not_know_the_world() -> None:
    """Neither the desktop, nor a window, model, database, file, clock, thread or chance."""
    core = contracts()["core is pure"]

    assert ("forbidden", ["converge_core"]) == (core["type"], core["source_modules"])
    assert {
        "converge_desktop",
        "PySide6",
        "llama_cpp",
        "surrealdb",
        "os",
        "pathlib",
        "time",
        "threading",
        "random",
        "socket",
    } <= set(core["forbidden_modules"])


def test_each_layer_imports_only_what_stands_below_it() -> None:
    """In the order of the design; a new module must be placed before it passes."""
    layers = contracts()["layers"]
    order = [name for layer in layers["layers"] for name in layer.split(" | ")]

    assert ("layers", ["converge_desktop"], True) == (
        layers["type"],
        layers["containers"],
        layers["exhaustive"],
    )
    assert order.index("ui") < order.index("runtime") < order.index("adapters")


@pytest.mark.parametrize("module", ["runtime", "adapters", "cli"])
def test_qt_stays_in_the_window(module: str) -> None:
    """Whatever runs without a window may not lead to Qt, not even by way of something else."""
    qt = contracts()["Qt only in ui and app"]

    assert f"converge_desktop.{module}" in qt["source_modules"]
    assert (["PySide6"], False) == (
        qt["forbidden_modules"],
        qt.get("allow_indirect_imports", False),
    )


def test_there_are_no_cycles_among_siblings() -> None:
    """In both packages."""
    cycles = contracts()["no cycles"]

    assert ("acyclic_siblings", {"converge_core", "converge_desktop"}) == (
        cycles["type"],
        set(cycles["ancestors"]),
    )


def test_make_lint_checks_them() -> None:
    """A contract that nobody runs is a wish."""
    assert "lint-imports" in (ROOT / "Makefile").read_text()
