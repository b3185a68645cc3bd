"""A crash leaves a report on this machine, offered at the next start; a fault is told at once."""

from __future__ import annotations

import logging
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from converge_desktop import crash
from converge_desktop.crash import CrashLog, fault_words
from converge_desktop.logs import LOG, LogFile, log_file
from converge_desktop.ui import crash_view
from tests.ui.conftest import Desk

ROOT = Path(crash.__file__).resolve().parents[1]
DIES = """
import ctypes, pathlib, sys
from converge_desktop.crash import CrashLog
from converge_desktop.logs import LOG, LogFile
directory = pathlib.Path(sys.argv[1])
crashes = CrashLog(directory)
LogFile(directory)
crashes.install()
LOG.info("the ledger was opened in %s", pathlib.Path.home() / "work")
def fall():
    ctypes.string_at(0)
def refuse():
    raise ValueError("no such thing")
{"falls": fall, "refuses": refuse, "ends": crashes.close}[sys.argv[2]]()
"""


def session(directory: Path, how: str) -> None:
    """Runs a session in a process of its own, which ends so."""
    subprocess.run(
        [sys.executable, "-c", DIES, str(directory), how],
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'core'}", "HOME": "/home/ada"},
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever starts the app again has the home that they had."""
    monkeypatch.setenv("HOME", "/home/ada")


def report_of(directory: Path) -> str:
    with closing(CrashLog(directory)) as crashes:
        assert crashes.fresh
        return Path(crashes.last).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("how", "what"), [("falls", "Segmentation fault"), ("refuses", "ValueError: no such thing")]
)
def test_a_crash_leaves_what_is_known_of_it(tmp_path: Path, how: str, what: str) -> None:
    """Below Python too: the stack, the versions, and the last lines of the log; no home folder."""
    session(tmp_path, how)
    text = report_of(tmp_path)
    assert what in text
    assert "in fall" in text or "in refuse" in text
    assert "Python 3." in text
    assert "the ledger was opened in ~/work" in text
    assert "/home/ada" not in text
    assert "nothing of it was sent anywhere" in text


def test_a_session_that_ends_in_good_order_leaves_nothing(tmp_path: Path) -> None:
    """Not even where something went wrong in it that was told."""
    session(tmp_path, "ends")
    with closing(CrashLog(tmp_path)) as crashes:
        assert not crashes.fresh
        assert "" == crashes.last
        crashes.install()
        sys.excepthook(ValueError, ValueError("told"), None)
    assert not (tmp_path / "crash.log").exists()


def test_the_report_is_offered_once_and_kept_until_it_is_deleted(tmp_path: Path) -> None:
    """The start after that one did not follow a crash."""
    session(tmp_path, "refuses")
    with closing(CrashLog(tmp_path)) as first:
        assert first.fresh
    with closing(CrashLog(tmp_path)) as second:
        assert not second.fresh
        assert second.last


def test_the_next_start_offers_it_and_it_can_be_read_copied_saved_and_deleted(
    opened: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a question that has to be answered."""
    session(tmp_path / "data", "refuses")
    with closing(CrashLog(tmp_path / "data")) as crashes:
        path = Path(crashes.last)
    window = opened.window
    window.around.offer_crash(str(path), fresh=True)
    [said] = window.messages.texts()
    assert "The last session ended in a crash." in said
    assert "lies on this machine only" in said

    offered = window.messages.newest()
    assert offered is not None
    offered.action.click()
    view = window.around.crash
    assert view.isVisible()
    assert "ValueError: no such thing" in view.text.toPlainText()
    assert window.messages.texts() == []
    view.copy_button.click()
    assert "ValueError: no such thing" in QGuiApplication.clipboard().text()

    monkeypatch.setattr(crash_view, "ask_report", lambda *_: str(tmp_path / "kept.txt"))
    view.save_button.click()
    text, place = opened.desk.last("save_text").args
    assert "no such thing" in text
    assert tmp_path / "kept.txt" == place

    view.delete_button.click()
    assert not path.exists()
    assert not view.isVisible()
    assert not window.can_do(window.known("help.crash"))
    assert window.pages.settings._crash_row.isHidden()


def test_an_older_report_is_in_the_settings_and_in_nobodys_way(
    opened: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "crash.last.log"
    path.write_text("what was")
    opened.window.around.offer_crash(str(path), fresh=False)
    assert opened.window.messages.texts() == []
    opened.window.go("settings")
    opened.settle()
    opened.window.pages.settings.crash.click()
    assert "what was" == opened.window.around.crash.text.toPlainText()
    QTest.keyClick(opened.window.around.crash.text, Qt.Key.Key_Escape)
    assert not opened.window.around.crash.isVisible()


def test_a_report_that_cannot_be_read_says_so(opened: Desk, tmp_path: Path) -> None:
    opened.window.around.offer_crash(str(tmp_path / "gone"), fresh=False)
    opened.window.show_overlay(opened.window.around.crash)
    assert "cannot be read" in opened.window.around.crash.text.toPlainText()


# Faults


def fault() -> BaseException:
    with pytest.raises(KeyError) as caught:
        dict[str, str]()["g-7"]
    return caught.value


def test_a_fault_says_what_where_and_what_to_do() -> None:
    said = fault_words(fault())
    assert "KeyError, 'g-7'." in said
    assert "It happened in test_ui_crash.py, line" in said
    assert "look before you do it again" in said


def test_a_fault_is_logged_and_told_wherever_it_comes_from(tmp_path: Path) -> None:
    """In a slot of the window as in a thread."""
    log = LogFile(tmp_path)
    told: list[BaseException] = []
    with closing(CrashLog(tmp_path)) as crashes:
        crashes.install(told.append)
        error = fault()
        sys.excepthook(type(error), error, error.__traceback__)
        assert "KeyError" in (tmp_path / "crash.log").read_text()
    log.close()
    assert [error] == told
    assert "KeyError: 'g-7'" in log_file(tmp_path).read_text()
    assert logging.NullHandler not in map(type, LOG.handlers)


def test_where_no_log_can_be_kept_nothing_else_fails(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    with closing(LogFile(tmp_path)) as log:
        assert isinstance(log.handler, logging.NullHandler)
