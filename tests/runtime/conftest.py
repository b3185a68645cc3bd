"""A desk over the shipped model, and folders to run it on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from converge_desktop import paths
from converge_desktop.runtime.desk import Desk, DeskOptions
from tests.runtime.folders import make_folder
from tests.runtime.watching import Watch

OpenDesk = Callable[..., tuple[Desk, Watch]]


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
def open_desk(data_dir: Path) -> Iterator[OpenDesk]:
    """Opens desks over ``data_dir`` and closes those that a test left open."""
    opened: list[Desk] = []

    def open_one(operator: str = "alice", model: Path | None = None) -> tuple[Desk, Watch]:
        desk = Desk(
            DeskOptions(
                data_dir=data_dir,
                packs_dir=paths.packs(),
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
