"""The guards of these tests see what they are there for: stalls, and what is left behind."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from textwrap import dedent

import pytest
from PySide6.QtCore import QEvent, QEventLoop, QObject, QTimer
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.leftovers import watching
from tests.ui.watchdog import LIMIT_S, WatchedApplication

ROOT = Path(__file__).parents[2]


def work(seconds: float) -> None:
    """Keeps the processor busy for so long."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def handle(application: WatchedApplication, seconds: float) -> None:
    """Has an event handled that takes so long."""
    loop = QEventLoop()
    QTimer.singleShot(0, lambda: (work(seconds), loop.quit()))
    loop.exec()


def guarded(directory: Path, tests: str) -> str:
    """Runs some tests under the guards of this folder and returns what was printed."""
    (directory / "conftest.py").write_text("from tests.ui.conftest import *\n", "utf-8")
    (directory / "test_guarded.py").write_text(dedent(tests), "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", str(directory)]
    options = ["--rootdir", str(ROOT), "--config-file", str(ROOT / "pyproject.toml")]
    ran = subprocess.run(
        [*command, *options], check=False, capture_output=True, text=True, cwd=ROOT
    )
    return ran.stdout


def test_a_handler_that_works_for_too_long_is_a_stall(watched: WatchedApplication) -> None:
    """It is noted with how long it took; forgotten, it fails no test."""
    handle(watched, LIMIT_S * 1.2)
    [stall] = watched.stalls
    watched.forget()
    assert stall.seconds > LIMIT_S
    assert f"{stall.seconds * 1000:.0f} ms" in stall.words()


def test_what_watching_costs_is_not_counted(watched: WatchedApplication) -> None:
    """An event that causes many others costs what they cost, and not that each was looked at."""
    probes = [QObject() for _ in range(20_000)]

    def cause() -> float:
        begun = time.thread_time()
        for number, probe in enumerate(probes):
            probe.setProperty("watched", number)
        return time.thread_time() - begun

    loop = QEventLoop()
    taken: list[float] = []
    QTimer.singleShot(0, lambda: (taken.append(cause()), loop.quit()))
    watched.forget()
    loop.exec()
    slowest = watched.slowest
    watched.forget()
    assert slowest < taken[0] * 0.8


class Slow(QWidget):
    """A widget that takes its time to go."""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DeferredDelete:
            work(LIMIT_S * 1.2)
        return super().event(event)


@pytest.mark.parametrize("closed", [True, False])
def test_only_a_window_that_was_closed_may_take_its_time_to_go(
    watched: WatchedApplication, *, closed: bool
) -> None:
    """Nobody looks at that any more; one that is shown would hang before it goes."""
    window = Slow()
    window.show()
    if closed:
        window.close()
    window.deleteLater()
    QApplication.sendPostedEvents(window, QEvent.Type.DeferredDelete.value)
    stalls = list(watched.stalls)
    watched.forget()
    assert [] == stalls if closed else len(stalls) == 1


def test_a_stall_fails_the_test_it_happens_in(tmp_path: Path) -> None:
    """The guard that all tests of the window run under, run over one that stalls and one not."""
    said = guarded(
        tmp_path,
        """
        from tests.ui.test_ui_watchdog import handle

        def test_that_stalls(qapp):
            handle(qapp, 0.15)

        def test_that_does_not(qapp):
            handle(qapp, 0.01)
        """,
    )
    assert "the window stalled: " in said
    assert "3 passed, 1 error, 1 rerun" in said


def test_what_does_not_come_twice_was_not_the_windows(tmp_path: Path) -> None:
    """A test is run again where the window stalled, and nowhere else, and no third time."""
    said = guarded(
        tmp_path,
        """
        from tests.ui.test_ui_watchdog import handle

        runs = {"stalled": 0, "failed": 0}

        def test_that_stalls_once(qapp):
            runs["stalled"] += 1
            handle(qapp, 0.15 if runs["stalled"] == 1 else 0.01)

        def test_that_fails_once(qapp):
            runs["failed"] += 1
            assert runs["failed"] > 1

        def test_how_often_they_ran():
            assert {"stalled": 2, "failed": 1} == runs
        """,
    )
    assert "1 failed, 3 passed, 1 rerun" in said


def test_many_short_events_are_no_stall(watched: WatchedApplication) -> None:
    """Together they take longer than one may, and the window answers in between."""
    for _ in range(5):
        handle(watched, LIMIT_S / 4)
    assert [] == watched.stalls


def test_what_collects_garbage_is_no_work_of_the_window(watched: WatchedApplication) -> None:
    """A run of tests has more of it than any window, and the collector comes when it likes."""
    loop = QEventLoop()
    noted = watched.slowest

    def collect() -> None:
        before = time.thread_time()
        while time.thread_time() - before < LIMIT_S * 1.2:
            gc.collect()
        loop.quit()

    QTimer.singleShot(0, collect)
    loop.exec()
    assert [] == watched.stalls
    assert noted <= watched.slowest < LIMIT_S


def test_waiting_is_no_work(watched: WatchedApplication) -> None:
    """A machine on which others work makes nothing fail: only the thread's own time counts."""
    loop = QEventLoop()
    woken = threading.Event()
    QTimer.singleShot(0, lambda: (woken.wait(LIMIT_S * 1.5), loop.quit()))
    loop.exec()
    assert [] == watched.stalls


def test_a_loop_inside_an_event_counts_by_its_own_events(watched: WatchedApplication) -> None:
    """A dialog that is open for long, and handles short events, is no stall."""
    outer = QEventLoop()

    def dialog() -> None:
        for _ in range(5):
            handle(watched, LIMIT_S / 4)
        outer.quit()

    QTimer.singleShot(0, dialog)
    outer.exec()
    assert [] == watched.stalls


def test_a_window_that_stays_is_found(qtbot: QtBot) -> None:
    """Until it is deleted."""
    with watching() as watch:
        window = QLabel("left")
        window.setWindowTitle("left")
        assert ["the window QLabel 'left' is there"] == watch.left_behind()
        window.deleteLater()
        assert [] == watch.left_behind()


def test_a_timer_that_goes_on_is_found(qapp: QApplication) -> None:
    """With the line that started it, until it is stopped."""
    with watching() as watch:
        timer = QTimer(qapp)
        timer.start(60_000)
        [said] = watch.left_behind()
        timer.stop()
        assert [] == watch.left_behind()
    assert re.fullmatch(r"a timer that test_ui_watchdog.py:\d+ started is running", said)


def test_a_thread_that_goes_on_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its name, until it has ended."""
    monkeypatch.setattr("tests.ui.leftovers.PATIENCE_S", 0.01)
    over = threading.Event()
    thread = threading.Thread(target=over.wait, name="forgotten")
    with watching() as watch:
        thread.start()
        assert ["the thread 'forgotten' is running"] == watch.left_behind()
        over.set()
        thread.join()
        assert [] == watch.left_behind()


def test_what_stays_fails_the_test_it_was_made_in(tmp_path: Path) -> None:
    """The guard that all tests of the window run under, run over one that leaves a timer."""
    said = guarded(
        tmp_path,
        """
        from PySide6.QtCore import QTimer

        kept = []

        def test_that_leaves_a_timer(qapp):
            kept.append(QTimer())
            kept[0].start(60_000)

        def test_that_does_not(qapp):
            pass
        """,
    )
    assert "the test left behind: a timer that test_guarded.py:8 started is running" in said
    assert "2 passed, 1 error" in said
