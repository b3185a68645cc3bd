"""What the libraries took for a moment goes back to the system."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys

import pytest

from converge_desktop.runtime import store_memory


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this outlives a test."""
    for name in store_memory._ENVIRONMENT:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(builtins, "__import__", builtins.__import__)


def test_the_allocators_that_libraries_bring_keep_little_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unless somebody has said otherwise."""
    monkeypatch.setenv("ARROW_DEFAULT_MEMORY_POOL", "mimalloc")
    store_memory.keep_little()
    assert "mimalloc" == os.environ["ARROW_DEFAULT_MEMORY_POOL"]
    assert "muzzy_decay_ms:0" in os.environ["_RJEM_MALLOC_CONF"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux's C library takes such hints")
def test_the_c_library_takes_the_hints(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says of each that it knows what is meant: few arenas, and nothing large is kept."""
    taken: list[tuple[int, int, int]] = []
    tune = store_memory._function("mallopt")
    assert tune is not None

    def noted(option: int, value: int) -> int:
        taken.append((option, value, tune(option, value)))
        return 1

    monkeypatch.setattr(store_memory, "_function", lambda _: noted)
    store_memory.keep_little()
    assert [-8, -3, -1] == [option for option, _, _ in taken]
    assert {1} == {known for _, _, known in taken}


IMPORTS = """
import linecache
import PySide6.QtCore
from converge_desktop.runtime.store_memory import keep_little

{said}
import ast, csv, graphlib
print(sorted(name.rpartition("/")[2] for name in linecache.cache))
"""


def test_the_source_of_what_is_imported_is_not_kept() -> None:
    """PySide would read each module, and keep all of its lines for good."""

    def kept(said: str) -> str:
        command = [sys.executable, "-c", IMPORTS.format(said=said)]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()

    assert "graphlib.py" in kept("")  # so that it would be seen
    assert "[]" == kept("keep_little()")


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no such hint to give, and nothing fails."""
    monkeypatch.setattr(sys, "platform", "darwin")
    store_memory.keep_little()
    store_memory.give_back()
    assert store_memory._function("mallopt") is None
