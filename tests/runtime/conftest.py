"""A desk over the shipped model, and folders to run it on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from converge_desktop import paths
from converge_desktop.runtime.desk import Desk, DeskOptions
from tests.runtime.deciding_kit import make_waiting  # noqa: F401 - a fixture
from tests.runtime.folders import make_folder
from tests.runtime.journals import scripted  # noqa: F401 - a fixture
from tests.runtime.packs import at_once
from tests.runtime.shares import no_waiting, whole  # noqa: F401 - fixtures
from tests.runtime.store_kit import patient, right, server, store  # noqa: F401 - fixtures
from tests.runtime.stuck import stuck  # noqa: F401 - a fixture
from tests.runtime.watching import Watch

OpenDesk = Callable[..., tuple[Desk, Watch]]
Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def failing(tmp_path: Path) -> Path:
    """A folder whose release must be held: one test fails."""
    return make_folder(tmp_path / "failing", failed=1)


@pytest.fixture
def healthy(tmp_path: Path) -> Path:
    """A folder that speaks for a release."""
    return make_folder(tmp_path / "healthy")


@pytest.fixture
def packs_dir() -> Path:
    """The packs of a desk: decisions take effect at once."""
    return at_once()


@pytest.fixture
def open_desk(data_dir: Path, packs_dir: Path) -> Iterator[OpenDesk]:
    """Opens desks over ``data_dir`` and closes those that a test left open."""
    opened: list[Desk] = []

    def open_one(operator: str = "alice", model: Path | None = None) -> tuple[Desk, Watch]:
        desk = Desk(
            DeskOptions(
                data_dir=data_dir,
                packs_dir=packs_dir,
                samples_dir=paths.samples(),
                operator=operator,
                model=model or paths.default_model(),
            )
        )
        opened.append(desk)
        watch = Watch(desk)
        desk.ready.result(30)
        return desk, watch

    yield open_one
    for desk in opened:
        desk.close()


@pytest.fixture
def cli(data_dir: Path, packs_dir: Path) -> Cli:
    """Runs ``converge-desktop`` in a process of its own, on the test's data directory."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command, *rest = arguments
        placed = [command, *rest]
        if not command.startswith("-"):
            place = ["--data-dir", str(data_dir), "--packs", str(packs_dir)]
            placed = [command, *place, *rest]
        return subprocess.run(
            [sys.executable, "-m", "converge_desktop", *placed],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run
