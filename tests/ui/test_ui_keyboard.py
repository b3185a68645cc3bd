"""Every action, by keyboard alone: it has an effect, or the window says why it has none."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from converge_desktop.ui.action_host import _CHORD_ONLY
from converge_desktop.ui.actions import PAGES, Action
from converge_desktop.ui.settings import SINGLE_KEYS, UiSettings
from converge_desktop.ui.widgets.buttons import Button
from tests.ui.conftest import Desk
from tests.ui.reading import show

CTRL = Qt.KeyboardModifier.ControlModifier
PAGE_IDS = [page for page, *_ in PAGES]
ASKED: list[str] = []
"""The titles of the system's dialogs that were opened."""


def state_of(opened: Desk) -> tuple[Any, ...]:
    """All that an action may change."""
    window = opened.window
    overlay, focus = window.overlay(), QApplication.focusWidget()
    current = [view.currentIndex().row() for view in _views(window)]
    return (
        len(opened.desk.calls),
        window.pages.page_id(),
        overlay.accessibleName() if overlay else "",
        id(focus),
        tuple(current),
        tuple(window.around.notices.texts()),
        tuple(window.messages.texts()),
        window.pages.inbox.side.marks.said.text(),
        window.pages.inbox.review.body.walk.place(),
        window.theme.choice,
        window.around.tray.pause.isChecked(),
        window.around.steps.opened,
        QApplication.activePopupWidget() is not None,
        window.isVisible(),
        len(ASKED),
        tuple(button.text() for button in window.findChildren(Button) if button.isVisible()),
        QApplication.clipboard().text(),
        sum(dialog.isVisible() for dialog in window.findChildren(QWidget) if dialog.isWindow()),
    )


def _views(window: QWidget) -> list[Any]:
    from PySide6.QtWidgets import QAbstractItemView

    return [view for view in window.findChildren(QAbstractItemView) if view.isVisible()]


def press(window: QWidget, keys: str) -> None:
    """Presses a key sequence, part by part, wherever the focus is."""
    sequence = QKeySequence(keys)
    for number in range(sequence.count()):
        combination = sequence[number]
        target = QApplication.focusWidget() or window
        QTest.keyClick(target, combination.key(), combination.keyboardModifiers())


def by_palette(opened: Desk, action: Action) -> bool:
    """Finds an action by its words and does it; says whether the palette had it."""
    press(opened.window, "Ctrl+K")
    palette = opened.window.palette_overlay
    typed = "".join(char if char.isascii() else " " for char in action.title)
    QTest.keyClicks(palette.edit, typed)
    found = [palette.model.row_at(n) for n in range(palette.model.rowCount())]
    if action not in found:
        press(opened.window, "Esc")
        return False
    for _ in range(found.index(action)):
        QTest.keyClick(palette.edit, Qt.Key.Key_Down)
    QTest.keyClick(palette.edit, Qt.Key.Key_Return)
    return True


def tidy(opened: Desk) -> None:
    """Closes what an action opened."""
    while (popup := QApplication.activePopupWidget()) is not None:
        popup.close()
    UiSettings.put(opened.window._settings, SINGLE_KEYS, "on")
    for dialog in opened.window.findChildren(QWidget):
        if dialog.isWindow() and dialog.isVisible():
            dialog.close()
    for _ in range(3):
        opened.window.leave_front()


@pytest.fixture(autouse=True)
def no_dialogs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own dialogs are left at once."""
    ASKED.clear()

    def left(*asked: object) -> tuple[str, str]:
        ASKED.append(str(asked[1]))
        return "", ""

    for name in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(f"PySide6.QtWidgets.QFileDialog.{name}", left)
    monkeypatch.setattr("PySide6.QtWidgets.QFileDialog.getExistingDirectory", lambda *_: "")


LEAVES = frozenset(["app.quit", "run.folder"])
"""What closes the window, or opens a dialog of the system."""
NOTHING_MORE = frozenset(["view.escape", "go.previous", "go.next", "review.up", "review.previous"])
"""What may find nothing left to do: nothing is open, or the list has come to its end."""


@pytest.mark.qt_log_ignore("This plugin does not support")
@pytest.mark.parametrize("page", PAGE_IDS)
def test_every_action_by_key_or_palette_has_an_effect_or_says_why_not(
    opened: Desk, page: str
) -> None:
    """On every page, every row of the table that means something there."""
    show(opened, page)
    silent = []
    for action in opened.window.table:
        if action.id in LEAVES or action.page not in {"", page}:
            continue
        if opened.window.pages.page_id() != page or action.page:
            show(opened, page)
        else:
            opened.window.pages.current().take_focus()
        here = opened.window.can_do(action)
        before = state_of(opened)
        if action.shortcut:
            press(opened.window, action.shortcut[0])
        elif not by_palette(opened, action) and here:
            silent.append(f"{action.id} is not in the palette")
        opened.settle()
        said = bool(action.shortcut) or here
        own_page = action.id == f"go.{page}"
        if said and state_of(opened) == before and action.id not in NOTHING_MORE and not own_page:
            silent.append(f"{action.id} does nothing and says nothing")
        tidy(opened)
        opened.settle()
    opened.window.theme.choose("light")
    assert silent == [], "\n".join(silent)


def test_what_has_no_key_is_in_the_palette(opened: Desk) -> None:
    """Approving alone has a chord and nothing else."""
    for action in opened.window.table:
        in_palette = action in opened.window.palette_overlay._actions
        assert action.shortcut or in_palette, action.id
        assert in_palette or action.id in {*_CHORD_ONLY, "help.palette"}, action.id


def test_the_whole_path_without_a_pointer(opened: Desk) -> None:
    """To the inbox, down the list, into the review, back, and to the ledger."""
    window = opened.window
    press(window, "Alt+1")
    press(window, "J")
    assert 1 == window.pages.inbox.list.currentIndex().row()
    opened.settle()
    for _ in range(3):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert window.pages.inbox.review.isAncestorOf(QApplication.focusWidget())
    press(window, "Alt+5")
    assert "ledger" == window.pages.page_id()
    press(window, "F1")
    assert window.sheet_overlay.isVisible()
    press(window, "Esc")
    assert not window.sheet_overlay.isVisible()
