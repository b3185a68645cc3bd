"""A key is locked by itself when nobody touches keyboard or pointer for as long as was chosen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from converge_desktop.adapters.keys import KeyProblem
from converge_desktop.runtime.port import StatusChanged
from converge_desktop.ui.settings import LOCK_AFTER
from tests.ui import sample, sample_people
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk

MINUTE = 60.0
SEALED = "file under a passphrase"


@pytest.fixture
def sealed(make_desk: MakeDesk, desk: FakeDesk) -> Desk:
    """A window over an unlocked key that a passphrase protects."""
    desk.answers |= sample_people.answers()
    opened = make_desk(desk)
    stands(opened, SEALED)
    return opened


def stands(opened: Desk, kept: str, *, unlocked: bool = True) -> None:
    status = replace(sample.STATUS, key_kept=kept, unlocked=unlocked)
    opened.desk.tell(StatusChanged(status))
    opened.settle()


def passes(opened: Desk, minutes: float) -> None:
    """Lets time pass in which nobody does anything, and has the timer look."""
    opened.clock.steady += minutes * MINUTE
    opened.window.idle.look()
    opened.settle()


def locks(opened: Desk) -> int:
    return len(opened.desk.named("lock"))


def test_a_protected_key_is_locked_after_a_quarter_of_an_hour_without_use(sealed: Desk) -> None:
    """Once; it is said, with how it is unlocked, and what was typed stays."""
    passes(sealed, 14.9)
    assert 0 == locks(sealed)
    passes(sealed, 0.2)
    passes(sealed, 5)
    assert 1 == locks(sealed)
    sealed.desk.last("lock").future.set_result(None)
    sealed.settle()

    said = "\n".join(sealed.window.messages.texts())
    assert "nobody touched keyboard or pointer for 15 minutes" in said
    assert "What you typed is still here." in said


@pytest.mark.parametrize("by", ["key", "click", "move", "wheel"])
def test_whatever_a_person_does_begins_the_time_anew(sealed: Desk, by: str) -> None:
    """As it arrives at the window, whichever part of it that is for."""
    window = sealed.window.windowHandle()
    passes(sealed, 14)
    match by:
        case "key":
            QTest.keyClick(window, Qt.Key.Key_Shift)
        case "click":
            QTest.mouseClick(window, Qt.MouseButton.LeftButton, pos=QPoint(4, 4))
        case "move":
            QTest.mouseMove(window, QPoint(40, 40))
            QTest.mouseMove(window, QPoint(60, 60))
        case "wheel":
            QTest.wheelEvent(window, QPoint(40, 40), QPoint(0, 120))
    sealed.settle()
    passes(sealed, 14)

    assert 0 == locks(sealed)
    passes(sealed, 1.1)
    assert 1 == locks(sealed)


def test_who_comes_back_too_late_is_not_taken_for_the_same_person(sealed: Desk) -> None:
    """The machine may have slept, in which no timer runs and a steady clock stands."""
    sealed.clock.now += 20 * 60_000_000
    QTest.keyClick(sealed.window.windowHandle(), Qt.Key.Key_Shift)
    sealed.settle()

    assert 1 == locks(sealed)


def test_nothing_is_done_while_nothing_can_be_locked(sealed: Desk) -> None:
    """Locked already, no timer runs; unlocked again, the time begins."""
    stands(sealed, SEALED, unlocked=False)
    assert not sealed.window.idle._timer.isActive()
    passes(sealed, 60)
    assert 0 == locks(sealed)
    stands(sealed, SEALED)

    assert sealed.window.idle._timer.isActive()
    passes(sealed, 14)
    assert 0 == locks(sealed)


def test_a_key_in_a_plain_file_is_locked_only_where_that_was_chosen(sealed: Desk) -> None:
    """And it is said what that is worth."""
    stands(sealed, "plain file")
    passes(sealed, 500)
    assert 0 == locks(sealed)
    sealed.window.go("people")
    sealed.settle()
    locking = sealed.window.pages.people._locking
    assert "unlocking takes nothing but a press of a key" in locking.about.text()
    assert "0" == locking.choice.chosen()
    sealed.window.idle.choose("5")
    passes(sealed, 5)

    assert 1 == locks(sealed)


def test_the_time_is_chosen_on_the_page_kept_and_in_force_at_once(
    sealed: Desk, make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """Another window over the same settings goes by it."""
    sealed.window.go("people")
    sealed.settle()
    locking = sealed.window.pages.people._locking
    locking.choice.setCurrentIndex(locking.choice.findData("30"))
    locking.choice.activated.emit(locking.choice.currentIndex())
    passes(sealed, 29)
    assert 0 == locks(sealed)
    sealed.window.close()
    again = make_desk(desk)
    stands(again, SEALED)

    assert 30 == again.window.idle.minutes()


def test_never_means_never(sealed: Desk) -> None:
    """Whatever the key lies in."""
    sealed.window.idle.choose("0")
    passes(sealed, 100_000)

    assert 0 == locks(sealed)
    assert not sealed.window.idle._timer.isActive()


def test_a_desk_that_does_not_lock_says_so_and_is_asked_again(sealed: Desk) -> None:
    """The next time that somebody is away."""
    passes(sealed, 16)
    sealed.desk.last("lock").future.set_exception(KeyProblem("the keyring is stuck"))
    sealed.settle()
    assert "was not locked, though nobody used it" in sealed.window.messages.texts()[0]
    passes(sealed, 16)

    assert 2 == locks(sealed)


def test_a_reason_that_was_being_typed_stays_when_the_key_is_locked(sealed: Desk) -> None:
    """So does a box on the page of people."""
    sealed.window.go("people")
    sealed.settle()
    page = sealed.window.pages.people
    page.doer.enrol()
    page.box.edits["name"].setText("eve")
    passes(sealed, 16)
    sealed.desk.last("lock").future.set_result(None)
    stands(sealed, SEALED, unlocked=False)

    assert "eve" == page.box.edits["name"].text()
    assert not page.box.isHidden()


def test_the_window_says_whose_key_is_unlocked_and_what_it_takes(sealed: Desk) -> None:
    """A keyring and a plain file take no passphrase, so none is asked for."""
    dialog = sealed.window.unlock_dialog
    for kept, takes, said in [
        (SEALED, True, "under a passphrase"),
        ("keyring", False, "may ask for its own password"),
        ("plain file", False, "has no passphrase"),
    ]:
        stands(sealed, kept, unlocked=False)
        dialog.ask()
        assert "the key of ada" in dialog.about_label.text()
        assert said in dialog.about_label.text()
        assert takes is dialog.passphrase.isVisibleTo(dialog)
        dialog.reject()


def test_the_setting_that_is_no_number_counts_as_not_made(
    make_desk: MakeDesk, desk: FakeDesk, tmp_path: Path, qtbot: QtBot
) -> None:
    """Somebody may have edited the file."""
    del qtbot
    (tmp_path / "window.ini").write_text(f"[{LOCK_AFTER.split('/')[0]}]\nlock_after_min=soon\n")
    desk.answers |= sample_people.answers()
    opened: Any = make_desk(desk)
    stands(opened, SEALED)

    assert 15 == opened.window.idle.minutes()
