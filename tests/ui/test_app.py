"""The whole path by hand: the real window, the real model, a person at the keyboard."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from converge_desktop import paths
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.ui.application import create_application
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.settings import UiSettings
from tests.runtime.folders import make_folder
from tests.runtime.packs import at_once
from tests.runtime.test_survival import RUNS
from tests.ui.deciding_kit import read_on

PATIENCE = 60_000
"""Milliseconds after which a test gives up; nothing takes that long when all is well."""

Start = Callable[[], tuple[Desk, MainWindow]]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "billing", failed=1)


@pytest.fixture
def start(qtbot: QtBot, data_dir: Path) -> Iterator[Start]:
    """Starts the app as ``app.py`` does, and closes it in the same order."""
    create_application([])
    opened: list[tuple[Desk, MainWindow]] = []

    def start_one() -> tuple[Desk, MainWindow]:
        desk = Desk(
            DeskOptions(data_dir, at_once(), paths.samples(), "alice", paths.default_model())
        )
        window = MainWindow(desk, UiSettings(data_dir / "window.ini"))
        qtbot.addWidget(window)
        opened.append((desk, window))
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow, timeout=PATIENCE)
        return desk, window

    yield start_one
    for desk, window in opened:
        window.close()
        desk.close()


def begin(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    """Types the folder into the form of a new run and starts it."""
    QTest.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    form = window.pages.runs.form
    qtbot.waitUntil(lambda: form.current() is not None, timeout=PATIENCE)
    form.folder.setText(str(folder))
    qtbot.keyClick(form.folder, Qt.Key.Key_Return)


def open_review(qtbot: QtBot, window: MainWindow) -> None:
    """Goes to the inbox, reads its first proposal, and waits until it may be approved."""
    window.go("inbox")
    pane = window.pages.inbox.review

    def read() -> bool:
        read_on(pane)
        return pane.approve_button.isEnabled()

    qtbot.waitUntil(read, timeout=PATIENCE)


def stopped(desk: Desk) -> bool:
    """Whether the only run there is has ended."""
    return [row.phase for row in desk.runs().result(10)] == ["stopped"]


def test_a_person_starts_a_run_reviews_approves_and_reads_how_it_came_about(
    qtbot: QtBot, start: Start, folder: Path
) -> None:
    """Start, inbox, Ctrl+Return, fact by this human, trace, verified ledger: all by keyboard."""
    desk, window = start()
    begin(qtbot, window, folder)
    open_review(qtbot, window)

    QTest.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: stopped(desk), timeout=PATIENCE)

    [run] = desk.runs().result(10)
    context = dict(desk.run_view(run.run_id).result(10).context)
    [strategy] = context["Strategies"]
    assert strategy.approver.startswith("alice#")

    trace = desk.traces().result(10)[0]
    window.routes.trace.emit(trace.trace_id)
    pane = window.pages.traces.pane
    qtbot.waitUntil(lambda: pane.view is not None, timeout=PATIENCE)
    assert pane.view is not None
    assert ["priming", "policy", "task_frame", "state", "intent"] == [
        layer.name for layer in pane.view.layers
    ]
    assert -1 == desk.verify().result(30).bad_seq


def test_a_person_rejects_with_a_reason(qtbot: QtBot, start: Start, folder: Path) -> None:
    """R opens the reason; without one nothing can be confirmed; with one the run ends."""
    desk, window = start()
    begin(qtbot, window, folder)
    open_review(qtbot, window)
    QTest.keyClick(window, Qt.Key.Key_R)
    box = window.pages.inbox.review.reject_box
    qtbot.waitUntil(box.isVisible, timeout=PATIENCE)
    QTest.keyClick(box.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert 1 == len(desk.inbox().result(10))

    QTest.keyClicks(box.edit, "the failing test is known")
    QTest.keyClick(box.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: stopped(desk), timeout=PATIENCE)

    [run] = desk.runs().result(10)
    context = dict(desk.run_view(run.run_id).result(10).context)
    assert "Strategies" not in context
    assert any("the failing test is known" in card.text for card in context["Diagnostic"])


def test_killed_while_waiting_the_window_finds_the_proposal_again(
    qtbot: QtBot, start: Start, data_dir: Path, folder: Path
) -> None:
    """kill -9 at the gate; the next start shows it, and approving reaches the same root."""
    with subprocess.Popen(
        [sys.executable, "-c", RUNS, str(data_dir), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        other.send_signal(signal.SIGKILL)
        other.wait(30)
    desk, window = start()
    open_review(qtbot, window)
    QTest.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: stopped(desk), timeout=PATIENCE)
    [resumed] = desk.runs().result(10)
    root = desk.run_view(resumed.run_id).result(10).root

    begin(qtbot, window, folder)
    qtbot.waitUntil(lambda: len(desk.inbox().result(10)) == 1, timeout=PATIENCE)
    open_review(qtbot, window)
    QTest.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: desk.runs().result(10)[0].phase == "stopped", timeout=PATIENCE)

    unbroken = desk.runs().result(10)[0]
    views = [desk.run_view(one.run_id).result(10) for one in (resumed, unbroken)]
    assert root == views[1].root, [view.context for view in views]


def test_bad_input_is_told_beneath_the_folder_and_the_form_stays(
    qtbot: QtBot, start: Start, tmp_path: Path
) -> None:
    """What was typed is kept, and the sentence names the folder and the remedy."""
    desk, window = start()
    empty = tmp_path / "empty"
    empty.mkdir()

    begin(qtbot, window, empty)

    form = window.pages.runs.form
    qtbot.waitUntil(form.error.isVisible, timeout=PATIENCE)
    assert str(empty) in form.error.text()
    assert str(empty) == form.folder.text()
    assert () == desk.runs().result(10)
