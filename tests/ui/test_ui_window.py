"""The window: keys, actions, names for screen readers, and what it remembers."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QLineEdit, QPlainTextEdit

from converge_desktop.ui.actions import PAGES, spoken
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.reading import show

ALT = Qt.KeyboardModifier.AltModifier
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.mark.parametrize(("number", "page"), list(enumerate([p[0] for p in PAGES], start=1)))
def test_every_page_by_number_and_by_letter(opened: Desk, number: int, page: str) -> None:
    window = opened.window
    window.go("models" if page != "models" else "inbox")
    QTest.keyClick(window, Qt.Key(Qt.Key.Key_0 + number % 10), ALT)  # 0 for the tenth
    assert window.pages.page_id() == page
    assert window.rail.button(page).isChecked()
    window.go("models" if page != "models" else "inbox")
    QTest.keyClick(window, Qt.Key.Key_G)
    QTest.keyClick(window, Qt.Key(ord({p[0]: p[2] for p in PAGES}[page])))
    assert window.pages.page_id() == page


def test_j_and_k_move_in_the_list(opened: Desk) -> None:
    inbox = opened.window.pages.inbox
    QTest.keyClick(opened.window, Qt.Key.Key_J)
    QTest.keyClick(opened.window, Qt.Key.Key_J)
    assert inbox.list.currentIndex().row() == 2
    QTest.keyClick(opened.window, Qt.Key.Key_K)
    assert inbox.review.gate_id == "g-2"
    for _ in range(9):
        QTest.keyClick(opened.window, Qt.Key.Key_K)
    assert inbox.list.currentIndex().row() == 0


def test_letters_typed_into_a_line_are_letters(opened: Desk) -> None:
    inbox = opened.window.pages.inbox
    QTest.keyClick(opened.window, Qt.Key.Key_Slash)
    assert inbox.filter.hasFocus()
    QTest.keyClicks(inbox.filter, "jkar?g")
    assert inbox.filter.text() == "jkar?g"
    assert opened.window.overlay() is None
    assert opened.window.pages.page_id() == "inbox"


def test_keys_of_the_table_are_all_different(opened: Desk) -> None:
    """At no time does a key mean two things; at another time or on another page it may."""
    table = opened.window.table
    for page, *_ in PAGES:
        show(opened, page)
        keys = [key for a in table if opened.window.can_do(a) for key in a.shortcut]
        assert sorted(set(keys)) == sorted(keys), page
    for key in {key for a in table for key in a.shortcut}:
        assert QKeySequence(key).count() >= 1, key
    assert len({a.id for a in opened.window.table}) == len(opened.window.table)


def test_the_sheet_lists_every_key(opened: Desk) -> None:
    from converge_desktop.ui.widgets.labels import Label

    QTest.keyClick(opened.window, Qt.Key.Key_Question)
    sheet = opened.window.sheet_overlay
    assert sheet.isVisible()
    texts = [label.text() for label in sheet.findChildren(Label)]
    for action in opened.window.table:
        if action.shortcut:
            assert action.title in texts
            assert "  or  ".join(spoken(s) for s in action.shortcut) in texts
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_nothing_beneath_an_open_overlay_hears_a_key(opened: Desk) -> None:
    opened.settle()
    opened.wait(1)
    opened.window.show_sheet()
    QTest.keyClick(opened.window.sheet_overlay, Qt.Key.Key_J)
    QTest.keyClick(opened.window.sheet_overlay, Qt.Key.Key_R)
    QTest.keyClick(opened.window.sheet_overlay, Qt.Key.Key_Return, CTRL)
    assert opened.window.pages.inbox.list.currentIndex().row() == 0
    assert opened.window.pages.inbox.review.reject_box.isHidden()
    assert opened.desk.named("answer") == []


def test_the_palette_finds_and_does(opened: Desk) -> None:
    QTest.keyClick(opened.window, Qt.Key.Key_K, CTRL)
    palette = opened.window.palette_overlay
    assert palette.edit.hasFocus()
    QTest.keyClicks(palette.edit, "verify")
    assert palette.model.rowCount() == 1
    QTest.keyClick(palette.edit, Qt.Key.Key_Return)
    assert not palette.isVisible()
    assert opened.window.pages.page_id() == "ledger"
    assert len(opened.desk.named("verify")) == 1


def test_approving_is_in_neither_palette_nor_menu(opened: Desk) -> None:
    opened.settle()
    opened.wait(1)
    opened.window.show_palette()
    rows = [opened.window.palette_overlay.model.row_at(n) for n in range(40)]
    assert "decide.approve" not in {a.id for a in rows if a is not None}
    for part in opened.window._menu.findChildren(type(opened.window._menu)):
        assert "decide.approve" not in {a.objectName() for a in part.actions()}


def test_new_run_by_key(opened: Desk) -> None:
    QTest.keyClick(opened.window, Qt.Key.Key_N, CTRL)
    runs = opened.window.pages.runs
    assert runs.detail.currentWidget() is runs.form
    assert runs.form.folder.hasFocus()
    QTest.keyClick(runs.form.folder, Qt.Key.Key_Escape)
    assert runs.detail.currentWidget() is not runs.form


def test_everything_that_can_be_pressed_or_filled_has_a_name(opened: Desk) -> None:
    kinds = (QAbstractButton, QLineEdit, QPlainTextEdit, QAbstractItemView)
    nameless = []
    for page, *_ in PAGES:
        opened.window.go(page)
        opened.settle()
        for kind in kinds:
            for widget in opened.window.findChildren(kind):
                if not widget.isVisible() or widget.objectName().startswith("qt_"):
                    continue
                interface = QAccessible.queryAccessibleInterface(widget)
                if not interface.text(QAccessible.Text.Name):
                    nameless.append(f"{page}: {type(widget).__name__} {widget.objectName()}")
    assert nameless == []


def test_the_lists_speak_their_rows(opened: Desk) -> None:
    view = opened.window.pages.inbox.list
    interface = QAccessible.queryAccessibleInterface(view)
    assert interface.text(QAccessible.Text.Name) == "Waiting proposals"
    assert interface.childCount() >= 7


def test_the_window_comes_back_as_it_was(opened: Desk, make_desk: MakeDesk) -> None:
    opened.window.resize(1100, 700)
    opened.window.go("traces")
    opened.window.pages.inbox.splitter.setSizes([300, 600])
    opened.settle()
    wide = opened.window.pages.inbox.splitter.sizes()[0]
    opened.window.close()
    again = make_desk(FakeDesk())
    assert again.window.pages.page_id() == "traces"
    again.window.resize(1100, 700)
    again.window.go("inbox")
    again.settle()
    assert again.window.pages.inbox.splitter.sizes()[0] == pytest.approx(wide, abs=2)


def test_closing_waits_for_nothing_and_asks_for_nothing(make_desk: MakeDesk) -> None:
    desk = FakeDesk()
    opened = make_desk(desk)
    asked = len(desk.calls)
    opened.window.close()
    for call in desk.calls:
        call.future.set_exception(ValueError("too late"))
    opened.settle()
    assert len(desk.calls) == asked
    assert not desk.closed
    assert opened.window.messages.texts() == []


def test_the_window_is_usable_at_its_smallest(opened: Desk) -> None:
    opened.window.resize(opened.window.minimumSize())
    for page, *_ in PAGES:
        opened.window.go(page)
        opened.settle()
        assert opened.window.size() == opened.window.minimumSize(), page
