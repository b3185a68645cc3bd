"""A key is unlocked and locked from the window, which never waits for it."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QLineEdit

from converge_desktop.adapters.keys import KeyProblem
from converge_desktop.runtime.port import StatusChanged
from tests.ui import sample
from tests.ui.conftest import Desk


def stands(opened: Desk, *, unlocked: bool) -> None:
    opened.desk.tell(StatusChanged(replace(sample.STATUS, unlocked=unlocked)))
    opened.settle()


def action(opened: Desk, name: str) -> bool:
    """Says whether something of the table can be done now."""
    return opened.window.can_do(opened.window.known(name))


def test_only_what_is_locked_can_be_unlocked(opened: Desk) -> None:
    """And the other way round; the table of actions says so everywhere at once."""
    stands(opened, unlocked=True)
    assert (False, True) == (action(opened, "key.unlock"), action(opened, "key.lock"))

    stands(opened, unlocked=False)
    assert (True, False) == (action(opened, "key.unlock"), action(opened, "key.lock"))


def test_the_passphrase_is_hidden_asked_for_once_and_forgotten(opened: Desk) -> None:
    """The dialog is not modal, is gone when the key is open, and keeps nothing of it."""
    stands(opened, unlocked=False)
    dialog = opened.window.unlock_dialog
    dialog.ask()
    assert not dialog.isModal()
    assert QLineEdit.EchoMode.Password == dialog.passphrase.echoMode()

    dialog.passphrase.setText("correct horse")
    dialog.passphrase.returnPressed.emit()
    dialog.unlock()  # pressed again while the first is under way
    [call] = opened.desk.named("unlock")
    assert ("correct horse",) == call.args
    call.future.set_result(True)
    opened.settle()

    assert (False, "") == (dialog.isVisible(), dialog.passphrase.text())


def test_a_wrong_passphrase_is_told_where_it_was_typed(opened: Desk) -> None:
    """And can be typed again at once."""
    dialog = opened.window.unlock_dialog
    dialog.ask()
    dialog.unlock()
    opened.desk.last("unlock").future.set_exception(KeyProblem("the passphrase is not the one"))
    opened.settle()

    assert "passphrase is not the one" in dialog.result_label.text()
    assert (True, True) == (dialog.isVisible(), dialog.unlock_button.isEnabled())
    dialog.reject()


def test_locking_says_that_nothing_is_signed(opened: Desk) -> None:
    """It is done at once, by its key."""
    stands(opened, unlocked=True)
    opened.window.lock_key()
    opened.desk.last("lock").future.set_result(None)
    opened.settle()

    assert any("Your key is locked." in text for text in opened.window.messages.texts())
