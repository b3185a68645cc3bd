"""What the tests of deciding share: a window over gates, and a person's hands."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from converge_desktop.ui.pages.review import ReviewPane
from tests.ui.conftest import Desk

CTRL = Qt.KeyboardModifier.ControlModifier
LEFT = Qt.MouseButton.LeftButton


def pane(desk: Desk) -> ReviewPane:
    return desk.window.pages.inbox.review


def read_on(shown: ReviewPane) -> None:
    """Pages on through what must still be seen; from the end, back to what was missed."""
    body = shown.body
    bar = body.walk.bar()
    if not body.not_seen():
        return
    if bar is None or bar.value() == bar.maximum():
        body.show_unseen()
    else:
        body.walk.page(1)


def see_all(desk: Desk) -> None:
    """Reads until nothing is left to see."""
    for _ in range(60):
        if not pane(desk).body.not_seen():
            return
        read_on(pane(desk))
        desk.settle()


def arm(desk: Desk) -> None:
    """Lets the person look at all of it, and half a second pass."""
    desk.settle()
    see_all(desk)
    desk.wait(0.6)
    assert pane(desk).approve_button.isEnabled(), pane(desk)._footer.hint.text()


def chord(desk: Desk) -> None:
    """Presses Ctrl+Return where the cursor is."""
    QTest.keyClick(QApplication.focusWidget() or desk.window, Qt.Key.Key_Return, CTRL)


def press(desk: Desk, key: Qt.Key) -> None:
    """Presses a single key where the cursor is."""
    QTest.keyClick(QApplication.focusWidget() or desk.window, key)


def type_in(widget: QWidget, text: str) -> None:
    QTest.keyClicks(widget, text)


def approve(desk: Desk) -> None:
    """Approves what is shown as a person does: the word where one is asked for, the chord."""
    arm(desk)
    chord(desk)
    box = pane(desk).boxes.approve
    if not box.isHidden():
        type_in(box.line, box.word)
        desk.wait(0.6)
        chord(desk)


def answered(desk: Desk) -> Any:
    """The answer that was given last."""
    return desk.desk.last("answer").args[0]
