"""A second start of the window shows the first; nothing else happens, and nothing is in its way."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from converge_desktop.ui.application import create_application
from converge_desktop.ui.instance import FirstWindow, raise_first, socket_of
from tests.ui.conftest import Desk

PATIENCE = 60_000


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for sockets of this test's own; the socket's path has to be short."""
    with tempfile.TemporaryDirectory() as place:
        monkeypatch.setenv("XDG_RUNTIME_DIR", place)
        create_application([])
        yield Path(place)


def ask_from_elsewhere(qtbot: QtBot, directory: Path) -> bool:
    """Has another process ask, while the loop of this one runs."""
    with subprocess.Popen([sys.executable, "-c", ASKS, str(directory)]) as other:
        qtbot.waitUntil(lambda: other.poll() is not None, timeout=PATIENCE)
    return other.returncode == 0


ASKS = """
import pathlib, sys
from converge_desktop.ui.instance import raise_first
sys.exit(not raise_first(pathlib.Path(sys.argv[1])))
"""


def test_a_second_start_shows_the_first_window(qtbot: QtBot, opened: Desk, tmp_path: Path) -> None:
    """Minimized or behind others: it comes forward, and whoever asked is told so."""
    window = opened.window
    window.setWindowState(Qt.WindowState.WindowMinimized)
    with closing(FirstWindow(tmp_path)) as first:
        first.asked.connect(window.come_forward)
        assert first.listens
        assert ask_from_elsewhere(qtbot, tmp_path)
        assert ask_from_elsewhere(qtbot, tmp_path)

    assert not window.isMinimized()
    qtbot.waitUntil(window.isActiveWindow, timeout=PATIENCE)


def test_where_no_window_is_open_nobody_answers(tmp_path: Path) -> None:
    """At once: nothing is waited for."""
    assert not raise_first(tmp_path)


def test_another_directory_has_a_window_of_its_own(qtbot: QtBot, tmp_path: Path) -> None:
    """Two desks do not answer for each other; one directory by two paths is one."""
    (tmp_path / "one").mkdir()
    (tmp_path / "way").symlink_to(tmp_path / "one")
    with closing(FirstWindow(tmp_path / "one")):
        assert not raise_first(tmp_path / "two")
        assert ask_from_elsewhere(qtbot, tmp_path / "way")


def test_the_socket_is_its_owners_alone_and_its_path_is_short(tmp_path: Path) -> None:
    """However deep the data lies; and closing takes it away."""
    deep = tmp_path / ("d" * 200) / ("e" * 200)
    with closing(FirstWindow(deep)) as first:
        assert first.listens
        assert 0o700 == Path(socket_of(deep)).stat().st_mode & 0o777
        assert len(Path(socket_of(deep)).name) < 40
    assert not Path(socket_of(deep)).exists()


def test_a_socket_that_a_crash_left_is_replaced(qtbot: QtBot, tmp_path: Path) -> None:
    """Nobody listens at it, so it says no; the next window takes its place."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(socket_of(tmp_path))
    assert Path(socket_of(tmp_path)).exists()
    assert not raise_first(tmp_path)

    with closing(FirstWindow(tmp_path)) as first:
        assert first.listens
        assert ask_from_elsewhere(qtbot, tmp_path)


def test_whoever_says_something_else_is_not_answered(qtbot: QtBot, tmp_path: Path) -> None:
    """Only the one word brings a window forward; a caller that goes away does no harm."""
    asked: list[bool] = []
    with closing(FirstWindow(tmp_path)) as first:
        first.asked.connect(lambda: asked.append(True))
        for said in (b"", b"rai", b"RAISE\n", b"x" * 100_000):
            with socket.socket(socket.AF_UNIX) as stranger:
                stranger.connect(socket_of(tmp_path))
                stranger.sendall(said[:1000])
        assert ask_from_elsewhere(qtbot, tmp_path)
    assert [True] == asked


def start(data_dir: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", STARTS, "--data-dir", str(data_dir)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment, "QT_QPA_PLATFORM": "offscreen"},
    )


STARTS = """
import sys
from PySide6.QtWidgets import QMessageBox
from converge_desktop.ui.main_window import MainWindow
for_real = MainWindow.come_forward
def come_forward(self):
    for_real(self)
    print("came forward", flush=True)
MainWindow.come_forward = come_forward
shown = MainWindow.showEvent
def show(self, event):
    shown(self, event)
    print("shown", flush=True)
MainWindow.showEvent = show
QMessageBox.critical = lambda *said: print("told:", said[-1], flush=True)
from converge_desktop.__main__ import main
sys.exit(main())
"""
"""Starts the app as a person does, and prints what a person would see."""


@pytest.fixture
def environment(runtime: Path) -> dict[str, str]:
    return {"XDG_RUNTIME_DIR": str(runtime)}


def test_two_processes_are_one_window(tmp_path: Path, environment: dict[str, str]) -> None:
    """The second ends with 0 and a sentence once the first has come forward.

    One that was killed is in nobody's way; one that does not answer is named with its process.
    """
    data = tmp_path / "data"
    with start(data, environment) as first:
        assert first.stdout is not None
        assert "shown\n" == first.stdout.readline()
        with start(data, environment) as second:
            said, _ = second.communicate(timeout=60)
        assert (0, f"{data} is open in another window, which was brought to the front.\n") == (
            second.returncode,
            said,
        )
        assert "came forward\n" == first.stdout.readline()

        first.send_signal(signal.SIGSTOP)
        with start(data, environment) as third:
            said, _ = third.communicate(timeout=60)
        assert 2 == third.returncode
        assert f"told: {data} is open in another Converge Desktop (process {first.pid})" in said
        first.send_signal(signal.SIGKILL)
        first.wait(60)

    with start(data, environment) as fourth:
        assert fourth.stdout is not None
        assert "shown\n" == fourth.stdout.readline()
        assert str(fourth.pid) == (data / "lock").read_text()
        fourth.send_signal(signal.SIGTERM)
        assert 0 == fourth.wait(60)
