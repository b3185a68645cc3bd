"""What is said stays long enough, goes by itself where it may, and is never lost."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest

from converge_desktop.ui.widgets.message_bar import STAYS_S
from tests.ui.conftest import Desk


@pytest.mark.parametrize(
    ("severity", "stays"), [("info", False), ("good", False), ("caution", True), ("danger", True)]
)
def test_what_is_only_to_be_known_goes_by_itself(opened: Desk, severity: str, stays: bool) -> None:
    """What went wrong stays until it is closed."""
    messages = opened.window.messages
    messages.say(severity, "A sentence.")
    opened.clock.steady += STAYS_S - 1
    messages.age()
    assert ["A sentence."] == messages.texts()
    opened.clock.steady += 1
    messages.age()
    assert stays == bool(messages.texts())


def test_it_does_not_go_while_the_person_is_at_it(opened: Desk) -> None:
    """With the focus on its button, it waits, and begins anew once the focus has left."""
    messages = opened.window.messages
    messages.say("good", "Approved.", offer=("Undo", lambda: None))
    newest = messages.newest()
    assert newest is not None
    newest.action.setFocus()
    opened.clock.steady += 10 * STAYS_S
    messages.age()
    assert ["Approved."] == messages.texts()
    opened.window.pages.current().take_focus()
    opened.clock.steady += STAYS_S - 1
    messages.age()
    assert ["Approved."] == messages.texts()
    opened.clock.steady += 1
    messages.age()
    assert [] == messages.texts()


def test_what_is_offered_is_done_once_and_the_bar_goes(opened: Desk) -> None:
    done: list[bool] = []
    opened.window.messages.say("good", "Done.", offer=("Undo…", lambda: done.append(True)))
    newest = opened.window.messages.newest()
    assert newest is not None
    assert "Undo" == newest.action.accessibleName()
    newest.action.click()
    assert [True] == done
    assert [] == opened.window.messages.texts()


def test_every_sentence_is_announced_and_grave_ones_at_once(
    opened: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screen reader hears what appears without being asked to look."""
    heard: list[tuple[str, bool]] = []

    def hear(event: object) -> None:
        rude = QAccessible.AnnouncementPoliteness.Assertive
        heard.append((event.message(), event.politeness() is rude))  # type: ignore[attr-defined]

    monkeypatch.setattr(QAccessible, "updateAccessibility", hear)
    opened.window.messages.say("info", "A note.")
    opened.window.messages.say("danger", "A problem.")
    assert [("A note.", False), ("A problem.", True)] == heard


def test_all_that_was_said_can_be_read_again(opened: Desk) -> None:
    """By key, newest first, each whole; and what came since is counted in the status bar."""
    window = opened.window
    window.messages.say("danger", "The disk is full. " + "Free some space. " * 20)
    window.messages.say("good", "Approved.")
    window.messages.close_newest()
    assert "2" == window.status.missed.text()
    assert "Messages of this session, 2 new" == window.status.messages.accessibleName()

    QTest.keyClick(window, Qt.Key.Key_F8)
    notices = window.around.notices
    assert notices.isVisible()
    assert window.status.missed.isHidden()
    assert "Approved." == notices.whole.toPlainText()
    QTest.keyClick(notices.list, Qt.Key.Key_Down)
    assert notices.whole.toPlainText().startswith("The disk is full.")
    spoken = notices.model.data(notices.model.index(1), Qt.ItemDataRole.AccessibleTextRole)
    assert "Problem" in spoken
    QTest.keyClick(notices.list, Qt.Key.Key_Escape)
    assert not notices.isVisible()


def test_where_nothing_was_said_it_says_so(opened: Desk) -> None:
    opened.window.show_overlay(opened.window.around.notices)
    assert opened.window.around.notices.none.isVisible()


def test_the_same_sentence_again_is_one_line(opened: Desk) -> None:
    """A fault that comes with every paint does not push the others out."""
    for _ in range(600):
        opened.window.around.notices.add("danger", "It happened again.")
    opened.window.around.notices.add("info", "Another.")
    assert ["Another.", "It happened again."] == opened.window.around.notices.texts()


def test_escape_closes_the_newest_message(opened: Desk) -> None:
    opened.window.messages.say("danger", "First.")
    opened.window.messages.say("danger", "Second.")
    QTest.keyClick(opened.window, Qt.Key.Key_Escape)
    assert ["First."] == opened.window.messages.texts()
