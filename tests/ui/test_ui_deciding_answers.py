"""Answering: the word, the boxes, who may, what is signed, and what stays where it fails."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from converge_desktop.adapters.keys import KeyLocked
from converge_desktop.runtime.deciding_model import Allowed, Answer, Doing
from converge_desktop.runtime.port import StatusChanged
from converge_desktop.ui.widgets.approve_box import FALLBACK, word_of
from tests.ui import sample
from tests.ui import sample_deciding as deciding
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.deciding_kit import (
    CTRL,
    LEFT,
    answered,
    approve,
    arm,
    chord,
    pane,
    press,
    type_in,
)
from tests.ui.fake_desk import FakeDesk


@pytest.fixture
def desk(desk: FakeDesk) -> FakeDesk:
    """A desk that knows how its gates stand."""
    desk.answers |= deciding.answers()
    return desk


def at_medium_risk(desk: Desk) -> None:
    desk.window.pages.inbox.show_gate("g-3")
    arm(desk)


def hint(desk: Desk) -> str:
    return pane(desk)._footer.hint.text()


# Approving.


def test_high_risk_asks_for_a_word_that_is_shown_before_the_chord_counts(opened: Desk) -> None:
    """The chord opens the box and decides nothing; a wrong word decides nothing either."""
    arm(opened)
    chord(opened)
    box = pane(opened).boxes.approve
    assert box.isVisible()
    assert box.line.hasFocus()
    assert box.word in sample.review("g-1").becomes_true.casefold()
    assert f"“{box.word}”" in box.ask.text()
    opened.wait(0.6)
    chord(opened)
    type_in(box.line, "approved")
    chord(opened)
    assert opened.desk.named("answer") == []
    box.line.clear()
    type_in(box.line, box.word.upper())
    chord(opened)
    assert answered(opened).verdict == "approve"


def test_the_word_is_typed_and_never_pasted(opened: Desk) -> None:
    """Neither the keys nor the selection nor something dropped puts it there."""
    arm(opened)
    chord(opened)
    box = pane(opened).boxes.approve
    QGuiApplication.clipboard().setText(box.word)
    QTest.keyClick(box.line, Qt.Key.Key_V, CTRL)
    QTest.keyClick(box.line, Qt.Key.Key_Insert, Qt.KeyboardModifier.ShiftModifier)
    QTest.mouseClick(box.line, Qt.MouseButton.MiddleButton)
    assert box.line.text() == ""
    assert not box.line.acceptDrops()
    assert box.line.contextMenuPolicy() == Qt.ContextMenuPolicy.NoContextMenu


def test_which_word_differs_from_review_to_review_and_can_be_typed() -> None:
    """No hand learns it, and nothing that only looks like a letter is asked for."""
    text = "Hold the release until seven failing tests pass again"
    chosen = {word_of(text, f"digest {n}") for n in range(40)}
    assert len(chosen) > 3
    assert all(word in text.casefold() and len(word) >= 4 for word in chosen)
    assert word_of("Ноld it 12 — ab", "x") == FALLBACK


def test_a_opens_the_box_for_high_risk_and_points_at_approve_for_less(opened: Desk) -> None:
    """It decides nothing in either case."""
    arm(opened)
    press(opened, Qt.Key.Key_A)
    assert pane(opened).boxes.current() == "approve"
    at_medium_risk(opened)
    press(opened, Qt.Key.Key_A)
    assert pane(opened).approve_button.hasFocus()
    assert pane(opened).boxes.current() == ""
    assert opened.desk.named("answer") == []


def test_an_answer_says_what_was_shown_what_was_seen_and_by_what_it_was_given(
    opened: Desk,
) -> None:
    """By keyboard it says keyboard, by a click pointer."""
    at_medium_risk(opened)
    chord(opened)
    given = answered(opened)
    assert (given.shown, given.origin) == ("digest-of-g-3", "keyboard")
    opened.settle()
    arm(opened)
    QTest.mouseClick(pane(opened).approve_button, LEFT)
    if pane(opened).boxes.current():
        box = pane(opened).boxes.approve
        type_in(box.line, box.word)
        opened.wait(0.6)
        QTest.mouseClick(box.confirm, LEFT)
    assert answered(opened).origin == "pointer"


def test_a_confirmation_within_half_a_second_of_the_focus_arriving_does_not_count(
    opened: Desk,
) -> None:
    """Not in a box either: the click that wakes the window is not an answer."""
    arm(opened)
    pane(opened).begin("reject")
    pane(opened).reject_box.presets[0].click()
    opened.focus(active=False)
    opened.focus()
    QTest.mouseClick(pane(opened).reject_box.confirm, LEFT)
    assert opened.desk.named("answer") == []
    opened.wait(0.6)
    QTest.mouseClick(pane(opened).reject_box.confirm, LEFT)
    assert answered(opened).origin == "pointer"


# Other answers and acts.


def test_refining_sends_it_back_with_feedback(opened: Desk) -> None:
    """F opens the box; without feedback nothing is sent."""
    arm(opened)
    press(opened, Qt.Key.Key_F)
    box = pane(opened).boxes.refine
    assert box.edit.hasFocus()
    assert "planning" in box.about.text() or "proposes anew" in box.about.text()
    chord(opened)
    assert opened.desk.named("answer") == []
    type_in(box.edit, "say until when")
    chord(opened)
    given = answered(opened)
    assert (given.verdict, given.reason) == ("refine", "say until when")


@pytest.mark.parametrize(
    ("key", "what", "reason"),
    [(Qt.Key.Key_T, "extend", ""), (Qt.Key.Key_U, "escalate", "not mine to decide")],
)
def test_a_deadline_is_moved_and_others_are_asked_by_an_act(
    opened: Desk, key: Qt.Key, what: str, reason: str
) -> None:
    """The box says what it leads to; then the chord does it, and what came of it is told."""
    arm(opened)
    press(opened, key)
    box = pane(opened).boxes.box(what)
    assert box.about.text()
    type_in(box.first(), reason)
    chord(opened)
    assert opened.desk.last("act").args[0] == Doing("g-1", what, reason)
    opened.settle()
    assert pane(opened).gate_id == "g-1"
    assert "Hold converge-desktop" in opened.window.messages.texts()[0]


def test_extending_says_by_how_much_until_when_and_how_often_yet(opened: Desk) -> None:
    """From the terms of the gate, in words."""
    arm(opened)
    press(opened, Qt.Key.Key_T)
    said = pane(opened).boxes.extend.about.text()
    assert "30 min" in said
    assert "1 more time after that" in said


def test_a_vote_is_delegated_to_somebody_who_may_take_it(opened: Desk) -> None:
    """Nobody is chosen beforehand."""
    arm(opened)
    press(opened, Qt.Key.Key_D)
    box = pane(opened).boxes.delegate
    chord(opened)
    assert opened.desk.named("act") == []
    box.whom.setCurrentIndex(box.whom.findData(deciding.BOB))
    chord(opened)
    assert opened.desk.last("act").args[0] == Doing("g-1", "delegate", "", deciding.BOB)


def test_a_box_is_left_with_escape_and_keeps_what_was_typed(opened: Desk) -> None:
    """While the same proposal is shown; the focus goes back to where it was."""
    arm(opened)
    opened.window.pages.inbox.list.setFocus()
    press(opened, Qt.Key.Key_F)
    type_in(pane(opened).boxes.refine.edit, "half a thought")
    press(opened, Qt.Key.Key_Escape)
    assert pane(opened).boxes.current() == ""
    assert opened.window.pages.inbox.list.hasFocus()
    press(opened, Qt.Key.Key_F)
    assert pane(opened).boxes.refine.reason() == "half a thought"
    opened.window.pages.inbox.show_gate("g-3")
    arm(opened)
    press(opened, Qt.Key.Key_F)
    assert pane(opened).boxes.refine.reason() == ""


def test_single_keys_are_letters_while_a_line_is_typed(opened: Desk) -> None:
    """R, E, F, T, D, U and A open nothing there."""
    arm(opened)
    press(opened, Qt.Key.Key_R)
    type_in(pane(opened).reject_box.edit, "after a fed tour")
    assert pane(opened).reject_box.reason() == "after a fed tour"
    assert pane(opened).boxes.current() == "reject"


def test_what_was_typed_stays_where_nothing_was_recorded(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """The box is open still, and the message says that nothing was recorded, and why."""
    del desk.answers["answer"]
    opened = make_desk(desk)
    arm(opened)
    press(opened, Qt.Key.Key_F)
    type_in(pane(opened).boxes.refine.edit, "say until when")
    chord(opened)
    assert not pane(opened).boxes.box(pane(opened).boxes.current()).confirm.isEnabled()
    desk.last("answer").future.set_exception(OSError("the disk is full"))
    opened.settle()
    assert "Nothing was recorded for “Hold" in opened.window.messages.texts()[0]
    assert pane(opened).boxes.current() == "refine"
    assert pane(opened).boxes.isEnabled()
    assert pane(opened).boxes.refine.reason() == "say until when"


# Who may.


def test_who_may_not_answer_is_told_why_and_the_buttons_are_off(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """In the words of the desk, before anything is tried."""
    why = f"{deciding.ME} wrote it, and nobody decides about their own"
    desk.answers["allowed"] = lambda *_: Allowed(
        deciding.ME, dict.fromkeys(("approve", "reject", "refine", "edit"), why)
    )
    opened = make_desk(desk)
    opened.settle()
    opened.wait(5)
    chord(opened)
    for key in (Qt.Key.Key_A, Qt.Key.Key_R, Qt.Key.Key_F, Qt.Key.Key_E):
        press(opened, key)
    assert opened.desk.named("answer") == []
    assert pane(opened).boxes.current() == ""
    assert "You cannot approve this: you wrote it, and nobody decides about their own." in hint(
        opened
    )
    footer = pane(opened)._footer
    assert not any(b.isEnabled() for b in (*footer.answers.values(), footer.approve))
    assert "nobody decides about their own" in footer.reject.toolTip()
    assert footer.rows["extend"].isEnabled()
    opened.window.go("runs")
    opened.window.go("inbox")
    opened.settle()
    assert "nobody decides about their own" in footer.reject.toolTip()


def test_a_locked_key_is_said_and_the_chord_asks_for_it(opened: Desk) -> None:
    """Unlocking answers nothing; the person confirms again."""
    at_medium_risk(opened)
    opened.desk.tell(StatusChanged(replace(sample.STATUS, unlocked=False)))
    opened.settle()
    assert not pane(opened).approve_button.isEnabled()
    assert "Ctrl+U" in hint(opened)
    chord(opened)
    assert opened.window.unlock_dialog.isVisible()
    opened.window.unlock_dialog.reject()
    opened.desk.tell(StatusChanged(sample.STATUS))
    opened.window.activateWindow()
    opened.settle()
    opened.window.pages.inbox.list.setFocus()
    arm(opened)
    assert opened.desk.named("answer") == []
    chord(opened)
    assert answered(opened).verdict == "approve"


def test_a_key_that_locked_meanwhile_keeps_the_box_and_asks_for_it(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """Whether the window knows of it already or the desk says so first."""
    opened = make_desk(desk)
    arm(opened)
    press(opened, Qt.Key.Key_R)
    type_in(pane(opened).reject_box.edit, "too early")

    def locked(_: Answer, __: object = None) -> None:
        raise KeyLocked("the key of ada is locked; unlock it, then try again")

    desk.answers["answer"] = locked
    chord(opened)
    opened.settle()
    assert opened.window.unlock_dialog.isVisible()
    opened.window.unlock_dialog.reject()
    assert pane(opened).reject_box.reason() == "too early"
    assert pane(opened).boxes.current() == "reject"


def test_nothing_is_dropped_into_the_line_for_the_word(opened: Desk) -> None:
    """What is dragged there is not taken."""
    arm(opened)
    chord(opened)
    mime = QMimeData()
    mime.setText(pane(opened).boxes.approve.word)
    assert not pane(opened).boxes.approve.line.acceptDrops()
    approve_again = pane(opened).boxes.approve
    assert approve_again.lacks()
    press(opened, Qt.Key.Key_Escape)
    approve(opened)
    assert answered(opened).verdict == "approve"


def test_space_presses_the_button_that_has_the_focus(opened: Desk) -> None:
    """It pages the review only where nothing is there to be pressed."""
    arm(opened)
    pane(opened).reject_button.setFocus()
    press(opened, Qt.Key.Key_Space)
    assert pane(opened).boxes.current() == "reject"
