"""What writes into the ledger says so, and cannot be done while the ledger is only read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from converge_desktop.runtime.port import StatusChanged
from converge_desktop.ui.actions import PAGES, Action
from converge_desktop.ui.authority import ONLY_READ
from converge_desktop.ui.widgets.buttons import Button
from tests.ui import sample
from tests.ui.conftest import Desk
from tests.ui.reading import described, show, visible

PROBLEM = "record 48201 does not hold; restore the files from a copy"
WRITING = frozenset(
    [
        "answer",
        "decide_many",
        "act",
        "retract",
        "start_run",
        "fork",
        "pause",
        "resume",
        "cancel",
        "sign_checkpoint",
        "enrol_operator",
        "import_operator",
        "rotate_key",
        "revoke_operator",
        "import_vote",
        "ask_about_pack",
        "request_vote",
    ]
)
"""What of a desk ends in the ledger."""
ANSWERS = ("approve", "reject", "refine", "edit", "extend", "delegate", "escalate")
# It opens what the person asks for by name; another program or the end of the window.
_ELSEWHERE = frozenset(["app.quit"])


def break_ledger(opened: Desk, problem: str = PROBLEM) -> None:
    opened.desk.tell(StatusChanged(replace(sample.STATUS, ledger_problem=problem)))
    opened.settle()


def places(opened: Desk) -> list[str]:
    """The pages, with something shown on each that can be acted upon."""
    return [page for page, *_ in PAGES]


def calls_of(opened: Desk, action: Action) -> set[str]:
    """Does something, and returns what it asked of the desk."""
    before = len(opened.desk.calls)
    action.callback()
    opened.settle()
    popup = QApplication.activePopupWidget()
    if popup is not None:
        popup.close()
    if opened.window.overlay() is not None:
        opened.window.leave_front()
    return {call.name for call in opened.desk.calls[before:]}


@pytest.mark.qt_log_ignore("This plugin does not support")
@pytest.mark.parametrize("page", [page for page, *_ in PAGES])
def test_whatever_writes_into_the_ledger_declares_it(
    opened: Desk, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every action of the table is done on every page; what it asks of the desk is looked at."""
    monkeypatch.setattr("PySide6.QtWidgets.QFileDialog.getOpenFileName", lambda *_: ("", ""))
    monkeypatch.setattr("PySide6.QtWidgets.QFileDialog.getSaveFileName", lambda *_: ("", ""))
    monkeypatch.setattr("PySide6.QtWidgets.QFileDialog.getExistingDirectory", lambda *_: "")
    undeclared: list[str] = []
    done = 0
    show(opened, page)
    for action in opened.window.table:
        if page != opened.window.pages.page_id() or action.page:
            show(opened, page)
        if action.id in _ELSEWHERE or not opened.window.can_do(action):
            continue
        done += 1
        asked = calls_of(opened, action) & WRITING
        if not action.writes:
            undeclared += [f"{action.id} asks the desk to {name}" for name in asked]
    assert [] == undeclared
    assert done > 15


def undeclared_buttons(opened: Desk, done: set[str]) -> list[Button]:
    """Lists what can be pressed, says of no action that it stands for it, and was not pressed."""
    found = [
        button
        for button in visible(opened.window, Button)
        if isinstance(button, Button) and button.isEnabled() and not button.action
    ]
    return [button for button in found if described(button) not in done]


@pytest.mark.qt_log_ignore("This plugin does not support")
@pytest.mark.parametrize("page", [page for page, *_ in PAGES])
def test_a_button_that_stands_for_no_action_writes_nothing(
    opened: Desk, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is clicked, and those that come up by that; none asks the desk for what is written."""
    for ask, none in (
        ("getOpenFileName", ("", "")),
        ("getSaveFileName", ("", "")),
        ("getExistingDirectory", ""),
    ):
        monkeypatch.setattr(f"PySide6.QtWidgets.QFileDialog.{ask}", lambda *_, none=none: none)
    monkeypatch.setattr("PySide6.QtGui.QDesktopServices.openUrl", lambda *_: True)
    writing: list[str] = []
    done: set[str] = set()
    show(opened, page)
    first = {described(one) for one in undeclared_buttons(opened, done)}
    while left := undeclared_buttons(opened, done):
        left.sort(key=lambda one: described(one) in first)  # what came up by a click goes before
        button, before = left[0], len(opened.desk.calls)
        name = described(button)
        done.add(name)
        button.click()
        opened.settle()
        asked = {call.name for call in opened.desk.calls[before:]} & WRITING
        writing += [f"{name} asks the desk to {one}" for one in asked]
        leave_what_came_up(opened, page)
        if first >= {described(one) for one in undeclared_buttons(opened, done)}:
            opened.window.known("view.escape").callback()  # nothing new is left: as it was
            show(opened, page)
    assert [] == writing


def leave_what_came_up(opened: Desk, page: str) -> None:
    """Closes what lies over the page, and goes back where a button has led elsewhere."""
    popup = QApplication.activePopupWidget()
    if popup is not None:
        popup.close()
    if opened.window.overlay() is not None:
        opened.window.leave_front()
    if opened.window.pages.page_id() != page:
        show(opened, page)


def test_what_signs_a_checkpoint_says_so_and_is_held(opened: Desk) -> None:
    """By the button at the checkpoint, where there is none yet, and by the offer to export."""
    ledger = opened.window.pages.ledger
    show(opened, "ledger")
    strip = ledger.strip
    strip.tell("caution", "No checkpoint covers it.", "Sign now", "checkpoint.sign")
    opened.settle()
    assert strip.action.accessibleDescription().startswith("Writes into the ledger: a checkpoint")
    ledger.keep()
    opened.settle()
    assert "a checkpoint, signed by you" in ledger.checkpoint.sign_button.toolTip()
    break_ledger(opened)
    assert not strip.action.isEnabled()
    assert not ledger.checkpoint.sign_button.isEnabled()
    strip.work("Reading…", action="Cancel")
    assert strip.action.isEnabled(), "it means something else now, that writes nothing"
    assert strip.action.toolTip() == ""


def test_a_checkpoint_is_signed_from_the_table_and_shown(opened: Desk) -> None:
    show(opened, "inbox")
    opened.window.known("checkpoint.sign").callback()
    opened.settle()
    assert len(opened.desk.named("sign_checkpoint")) == 1
    assert opened.window.pages.page_id() == "ledger"
    assert opened.window.pages.ledger.checkpoint.isVisible()


@pytest.mark.parametrize("what", ANSWERS)
def test_the_button_of_every_box_says_what_it_writes_and_is_held(opened: Desk, what: str) -> None:
    """A box that was opened before the ledger could only be read confirms nothing after that."""
    show(opened, "inbox")
    pane = opened.window.pages.inbox.review
    assert pane.review is not None
    pane.boxes.open(what, pane.review, pane.allowed)
    opened.settle()
    confirm = pane.boxes.box(what).confirm
    assert confirm.accessibleDescription().startswith("Writes into the ledger: ")
    break_ledger(opened)
    confirm.setEnabled(True)
    assert not confirm.isEnabled()
    assert ONLY_READ in confirm.accessibleDescription()


def test_the_box_of_a_batch_says_what_it_writes(opened: Desk) -> None:
    confirm = opened.window.pages.inbox.batch.frame.reject.confirm
    assert opened.window.known(confirm.action).writes


def test_the_words_of_authority_are_a_sentence_wherever_they_are_shown(opened: Desk) -> None:
    """In the sheet, in the palette, at the button and to a screen reader."""
    fork = opened.window.known("run.fork")
    assert "Writes into the ledger: a new run." == fork.authority()
    for action in opened.window.table:
        assert not action.writes.endswith("."), action.id
        assert not action.writes.startswith("Writes"), action.id


def test_while_the_ledger_is_only_read_nothing_that_writes_can_be_done(opened: Desk) -> None:
    """By no key, menu row, palette row or button; and each says why."""
    break_ledger(opened)
    writing = [action for action in opened.window.table if action.writes]
    assert writing
    for page in places(opened):
        show(opened, page)
        break_ledger(opened)
        assert not [action.id for action in writing if opened.window.can_do(action)]
        for button in opened.window.findChildren(Button):
            if button.action and opened.window.known(button.action).writes:
                assert not button.isEnabled(), button.text()
                assert ONLY_READ in button.accessibleDescription()
    for action in writing:
        assert ONLY_READ in opened.window.why_not(action)


def test_a_key_that_may_not_be_pressed_says_why(opened: Desk) -> None:
    """The person hears it, and the desk nothing."""
    show(opened, "inbox")
    break_ledger(opened)
    QTest.keyClick(opened.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    opened.settle()
    assert not opened.desk.named("answer")
    assert "would write into the ledger: your signed answer" in opened.window.messages.texts()[0]
    assert ONLY_READ in opened.window.messages.texts()[0]


def test_every_page_says_it_and_reading_goes_on(opened: Desk) -> None:
    """The bar stands over each page, names the trouble, and cannot be closed."""
    break_ledger(opened)
    for page in places(opened):
        opened.window.go(page)
        opened.settle()
        assert opened.window.only_read_bar.isVisible()
    assert ONLY_READ in opened.window.only_read_bar.words()
    assert "Record 48201 does not hold" in opened.window.only_read_bar.words()
    opened.window.leave_front()
    assert opened.window.only_read_bar.isVisible()
    for name in ("ledger.verify", "go.context", "help.palette"):
        assert opened.window.can_do(opened.window.known(name))


def test_once_it_is_mended_everything_is_as_before(opened: Desk) -> None:
    show(opened, "runs")
    break_ledger(opened)
    break_ledger(opened, "")
    assert not opened.window.only_read_bar.isVisible()
    assert opened.window.can_do(opened.window.known("run.new"))


def test_a_page_may_not_free_a_button_that_the_window_holds(opened: Desk) -> None:
    """Whatever the page says meanwhile counts once the ledger may be written again."""
    button = Button("Start").stands_for("run.new")
    button.hold(held=True)
    button.setEnabled(True)
    assert not button.isEnabled()
    button.hold(held=False)
    assert button.isEnabled()
    button.setEnabled(False)
    button.hold(held=True)
    button.hold(held=False)
    assert not button.isEnabled()
