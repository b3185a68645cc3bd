"""What is heavy begins one after the other, and never before the window is there."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from converge_desktop import paths
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.runtime.port import StatusChanged
from converge_desktop.ui import starting
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.settings import UiSettings
from converge_desktop.ui.starting import StartUp
from tests.ui import sample
from tests.ui.fake_desk import FakeDesk

PATIENCE = 30_000


class Held(FakeDesk):
    """A desk that notes when it was told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def begin(self) -> None:
        self.told.append("begin")

    def go_on(self) -> Future[None]:
        self.told.append("go on")
        done: Future[None] = Future()
        done.set_result(None)
        return done


@pytest.fixture
def desk() -> Held:
    return Held()


@pytest.fixture
def window(qtbot: QtBot, desk: Held, tmp_path: Path) -> Iterator[MainWindow]:
    made = MainWindow(desk, UiSettings(tmp_path / "window.ini"))
    yield made
    made.close()
    made.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def answer_all(desk: Held, window: MainWindow) -> None:
    """Answers whatever was asked so far with a failure, which is an answer too."""
    for call in list(desk.calls):
        if not call.future.done():
            call.future.set_exception(OSError("not there"))
    window.bridge.drain()


def test_the_ledger_is_read_after_the_first_paint(
    qtbot: QtBot, desk: Held, window: MainWindow
) -> None:
    """And model and view come once all that the window asked is answered."""
    StartUp(desk, window)
    assert desk.told == []
    window.show()
    qtbot.waitUntil(lambda: desk.told == ["begin"], timeout=PATIENCE)
    answer_all(desk, window)
    qtbot.waitUntil(lambda: desk.told == ["begin", "go on"], timeout=PATIENCE)
    ready = replace(
        sample.STATUS, view_state="ready", model=replace(sample.STATUS.model, state="ready")
    )
    for _ in range(2):
        desk.tell(StatusChanged(ready))
        window.bridge.drain()
    assert desk.told == ["begin", "go on"]


def test_garbage_is_collected_from_the_first_paint_on(
    qtbot: QtBot, desk: Held, window: MainWindow
) -> None:
    """A start makes none, and walking what it makes takes time; so it begins without."""
    gc.disable()
    try:
        StartUp(desk, window)
        window.show()
        qtbot.waitUntil(lambda: desk.told == ["begin"], timeout=PATIENCE)
        assert gc.isenabled()
    finally:
        gc.enable()


def test_a_window_that_stays_hidden_is_not_waited_for(
    qtbot: QtBot, desk: Held, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor a question that is never answered: then the next thing begins anyhow."""
    monkeypatch.setattr(starting, "PATIENCE_MS", 1)
    StartUp(desk, window)
    qtbot.waitUntil(lambda: desk.told == ["begin", "go on"], timeout=PATIENCE)


def test_a_desk_that_is_held_answers_once_it_may(tmp_path: Path) -> None:
    """What was asked before waits; and one that never began can be closed."""
    options = DeskOptions(tmp_path / "data", paths.packs(), paths.samples(), "alice", None)
    desk = Desk(options, held=True)
    asked = desk.inbox()
    assert not asked.done()
    desk.begin()
    assert asked.result(PATIENCE / 1000) == ()
    desk.go_on().result(PATIENCE / 1000)
    desk.go_on().result(PATIENCE / 1000)
    desk.close()
    never = Desk(options, held=True)
    never.close()
