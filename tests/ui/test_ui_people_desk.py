"""Two people at one window, over a real desk: each decides in their own name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from converge_desktop.runtime.desk import Desk
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.settings import UiSettings
from tests.runtime.deciding_kit import MakeWaiting, make_waiting

__all__ = ["make_waiting"]
BENS = "correct horse"
Open = Callable[[Desk], MainWindow]


@pytest.fixture
def window_over(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[Open]:
    """Opens a window over a desk, and closes it before that."""
    del qapp
    opened: list[MainWindow] = []

    def make(desk: Desk) -> MainWindow:
        window = MainWindow(desk, UiSettings(tmp_path / "window.ini"))
        opened.append(window)
        with qtbot.waitExposed(window):
            window.show()
        return window

    yield make
    for window in opened:
        window.close()
        window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_two_who_must_agree_do_so_one_after_the_other(
    make_waiting: MakeWaiting, window_over: Open, qtbot: QtBot
) -> None:
    """One votes, lets the other sit down, who votes as well: the gate closes with both names."""
    waiting = make_waiting('quorum = "count"\ncount = 2\nroster = ["alice", "ben"]')
    window = window_over(waiting.desk)
    page, review = window.pages.people, window.pages.inbox.review

    def until(true: Callable[[], bool]) -> None:
        qtbot.waitUntil(true, timeout=30_000)

    def may_approve() -> bool:
        review.guard.seen(all_of_it=True)  # how that comes about is told elsewhere
        return review.guard.permits()

    def approve(gate: str) -> None:
        window.go("inbox")
        window.pages.inbox.show_gate(gate)
        until(lambda: review.review is not None and review.review.gate_id == gate)
        review.window_active(active=True)
        until(may_approve)
        review.approve()

    window.go("people")
    until(lambda: page.row() is not None)
    page.doer.enrol()
    for name, typed in (("name", "ben"), ("new", BENS), ("again", BENS)):
        page.box.edits[name].setText(typed)
    page.box.confirm()
    until(lambda: page.model.rowCount() == 2)
    gate = waiting.ask().gate_id

    approve(gate)
    until(lambda: review.allowed is not None and "approve" in review.allowed.why_not)
    page.change_seat()
    until(lambda: page.box.act is not None)
    page.box.edits["passphrase"].setText(BENS)
    page.box.confirm()
    until(lambda: window.status.operator.text() == "ben, unlocked")
    approve(gate)
    until(lambda: window.pages.inbox.model.total() == 0)
    standing = waiting.desk.review(gate).result(10).standing

    assert standing is not None
    assert "approved" == standing.end
    assert ["alice", "ben"] == [vote.operator.partition("#")[0] for vote in standing.votes]
