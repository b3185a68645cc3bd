"""Runs and facts against a real desk: the real engine, the real model, the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from converge_desktop import paths
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.models.provenance import DOWN
from converge_desktop.ui.settings import UiSettings
from tests.runtime.folders import make_folder
from tests.runtime.packs import at_once
from tests.ui.test_ui_pages import said

PATIENCE = 60_000
CTRL = Qt.KeyboardModifier.ControlModifier
CTRL_SHIFT = CTRL | Qt.KeyboardModifier.ShiftModifier
Start = Callable[[], tuple[Desk, MainWindow]]
Close = Callable[[], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "billing", failed=1)


@pytest.fixture
def opened_desks() -> list[tuple[Desk, MainWindow]]:
    return []


@pytest.fixture
def close(opened_desks: list[tuple[Desk, MainWindow]]) -> Iterator[Close]:
    """Closes what is open, as the app does."""

    def close_all() -> None:
        while opened_desks:
            desk, window = opened_desks.pop()
            window.close()
            desk.close()

    yield close_all
    close_all()


@pytest.fixture
def start(
    qtbot: QtBot, tmp_path: Path, opened_desks: list[tuple[Desk, MainWindow]], close: Close
) -> Start:
    """Opens a window over a desk."""
    data = tmp_path / "data"

    def start_one() -> tuple[Desk, MainWindow]:
        model = paths.default_model()
        desk = Desk(DeskOptions(data, at_once(), paths.samples(), "alice", model))
        window = MainWindow(desk, UiSettings(data / "window.ini"))
        qtbot.addWidget(window)
        opened_desks.append((desk, window))
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow, timeout=PATIENCE)
        return desk, window

    return start_one


def begin(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    """Starts a run with an intent and a budget of its own, by keyboard alone."""
    QTest.keyClick(window, Qt.Key.Key_N, CTRL)
    form = window.pages.runs.form
    qtbot.waitUntil(lambda: bool(form.budgets.edits), timeout=PATIENCE)
    form.folder.setText(str(folder))
    form.intent.setFocus()
    QTest.keyClicks(form.intent, "Can we tag it?")
    form.budgets.edits["cycles"].setText("12")
    QTest.keyClick(form.intent, Qt.Key.Key_Return, CTRL)


def phase(window: MainWindow) -> str:
    view = window.pages.runs.pane.view
    return view.row.phase if view is not None else ""


def wait_for(qtbot: QtBot, window: MainWindow, wanted: str) -> None:
    qtbot.waitUntil(lambda: phase(window) == wanted, timeout=PATIENCE)


def test_a_run_is_started_held_over_a_restart_let_go_on_and_stopped(
    qtbot: QtBot, start: Start, close: Close, folder: Path
) -> None:
    """With what was wanted and given; paused by key, found paused, resumed, stopped by two keys."""
    _, window = start()
    begin(qtbot, window, folder)
    wait_for(qtbot, window, "waiting")
    pane = window.pages.runs.pane
    assert "“Can we tag it?”" in said(pane)
    assert "3 of 12" in said(pane.budgets)

    QTest.keyClick(window, Qt.Key.Key_P, CTRL_SHIFT)
    wait_for(qtbot, window, "paused")
    assert pane.banner.words().startswith("Paused by alice")
    close()

    _, window = start()
    window.go("runs")
    wait_for(qtbot, window, "paused")
    assert window.pages.runs.pane.banner.resume.isVisible()
    QTest.keyClick(window, Qt.Key.Key_P, CTRL_SHIFT)
    wait_for(qtbot, window, "waiting")

    QTest.keyClick(window, Qt.Key.Key_X, CTRL_SHIFT)
    QTest.keyClick(window, Qt.Key.Key_X, CTRL_SHIFT)
    wait_for(qtbot, window, "stopped")
    step = "Fork it to go on from what it reached."
    qtbot.waitUntil(lambda: step in said(window.pages.runs.pane.next), timeout=PATIENCE)


def test_a_folder_is_checked_and_bad_input_starts_nothing(
    qtbot: QtBot, start: Start, tmp_path: Path, folder: Path
) -> None:
    """What a good one reads as, and what is wrong with an empty one, before any run."""
    desk, window = start()
    window.routes.start.emit("release-readiness")
    form = window.pages.runs.form
    qtbot.waitUntil(lambda: form.current() is not None, timeout=PATIENCE)
    form.folder.setText(str(folder))
    form.check()
    qtbot.waitUntil(lambda: "Reads as billing at" in said(form.report), timeout=PATIENCE)
    empty = tmp_path / "empty"
    empty.mkdir()
    form.folder.setText(str(empty))
    form.check()
    qtbot.waitUntil(form.error.isVisible, timeout=PATIENCE)
    assert str(empty) in form.error.text()
    assert desk.runs().result(10) == ()


def test_a_fact_is_inspected_and_taken_back_and_who_is_alone_may_approve_that(
    qtbot: QtBot, start: Start, folder: Path
) -> None:
    """Its place in the input, what rests on it in all runs, and the proposal in the inbox."""
    desk, window = start()
    begin(qtbot, window, folder)
    wait_for(qtbot, window, "waiting")
    [run] = desk.runs().result(10)
    desk.cancel(run.run_id).result(10)
    window.routes.fact.emit(run.run_id, "tests.failed")
    pane = window.pages.context.inspector
    qtbot.waitUntil(lambda: pane.view is not None, timeout=PATIENCE)
    assert "junit.xml · testsuites//testcase" in said(pane.promotion)
    qtbot.waitUntil(lambda: "Over all runs" in pane.as_of.text(), timeout=PATIENCE)
    assert "2 facts" in pane.tree.graph.heading(DOWN).siblingAtColumn(1).data()

    QTest.keyClick(window, Qt.Key.Key_R, CTRL_SHIFT)
    assert "You may approve it yourself; that is marked in the record." in said(pane.box)
    QTest.keyClicks(pane.box.reason, "it was another build")
    QTest.keyClick(pane.box.reason, Qt.Key.Key_Return, CTRL)
    found = "waits in the inbox"
    qtbot.waitUntil(lambda: found in pane.strip.words(), timeout=PATIENCE)
    pane.strip.action.click()
    assert window.pages.page_id() == "inbox"
    assert any(row.title == "Retracted: tests failed 1" for row in desk.inbox().result(10))
