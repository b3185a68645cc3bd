"""Deciding: what is shown, when an approval counts, and that a rejection needs a reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QPushButton

from converge_desktop.runtime.port import InboxChanged
from tests.ui import sample
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.deciding_kit import CTRL, LEFT, answered, approve, arm, chord, see_all
from tests.ui.fake_desk import FakeDesk


@pytest.fixture
def slow(desk: FakeDesk) -> FakeDesk:
    """A desk that lets reviews and decisions be answered by hand."""
    del desk.answers["review"], desk.answers["answer"]
    return desk


def at_low_risk(desk: Desk) -> None:
    """Shows a proposal of medium risk, which the chord alone approves."""
    desk.window.pages.inbox.show_gate("g-3")
    arm(desk)


def test_the_chord_approves_what_was_shown(make_desk: MakeDesk, slow: FakeDesk) -> None:
    opened = make_desk(slow)
    slow.last("review").future.set_result(sample.review("g-1"))
    approve(opened)
    given = answered(opened)
    assert (given.gate_id, given.verdict, given.shown) == ("g-1", "approve", "digest-of-g-1")
    assert given.origin == "keyboard"


def test_approve_is_off_until_the_review_is_there_and_shown(
    make_desk: MakeDesk, slow: FakeDesk
) -> None:
    opened = make_desk(slow)
    pane = opened.window.pages.inbox.review
    opened.wait(10)
    chord(opened)
    assert not pane.approve_button.isEnabled()
    slow.last("review").future.set_result(sample.review("g-1"))
    opened.window.bridge.drain()
    opened.wait(10)
    assert not pane.approve_button.isEnabled(), "loaded, but not painted yet"
    opened.settle()
    assert not pane.approve_button.isEnabled(), "painted a moment ago"
    see_all(opened)
    opened.wait(0.6)
    assert pane.approve_button.isEnabled()
    assert slow.named("answer") == []


def test_half_a_second_after_another_proposal_appears_nothing_counts(opened: Desk) -> None:
    arm(opened)
    opened.window.pages.inbox.show_gate("g-3")
    opened.settle()
    see_all(opened)
    chord(opened)
    opened.wait(0.3)
    chord(opened)
    assert opened.desk.named("answer") == []
    opened.wait(0.3)
    chord(opened)
    assert answered(opened).gate_id == "g-3"


def test_the_click_that_wakes_the_window_is_swallowed(opened: Desk) -> None:
    at_low_risk(opened)
    button = opened.window.pages.inbox.review.approve_button
    opened.focus(active=False)
    QTest.mouseClick(button, LEFT)
    opened.focus()
    QTest.mouseClick(button, LEFT)
    assert opened.desk.named("answer") == []
    opened.wait(0.6)
    QTest.mouseClick(button, LEFT)
    assert len(opened.desk.named("answer")) == 1


def test_a_press_before_and_a_release_after_do_not_make_a_click(opened: Desk) -> None:
    opened.window.pages.inbox.show_gate("g-3")
    opened.settle()
    button = opened.window.pages.inbox.review.approve_button
    opened.focus()
    button.setEnabled(True)  # as if a stale state let the press through
    QTest.mousePress(button, LEFT)
    opened.wait(0.6)
    QTest.mouseRelease(button, LEFT)
    assert opened.desk.named("answer") == []


def test_letting_go_beside_the_button_does_not_approve(opened: Desk) -> None:
    at_low_risk(opened)
    button = opened.window.pages.inbox.review.approve_button
    QTest.mousePress(button, LEFT)
    QTest.mouseRelease(button, LEFT, pos=QPoint(-30, -30))
    assert opened.desk.named("answer") == []


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_no_single_key_presses_approve(opened: Desk, key: Qt.Key) -> None:
    at_low_risk(opened)
    button = opened.window.pages.inbox.review.approve_button
    QTest.keyClick(opened.window, Qt.Key.Key_A)
    assert button.hasFocus()
    opened.settle()
    assert "Ctrl+Return" in opened.window.pages.inbox.review._footer.hint.text()
    QTest.keyClick(button, key)
    assert opened.desk.named("answer") == []


def test_nothing_in_the_window_is_a_default_button(opened: Desk) -> None:
    for button in opened.window.findChildren(QPushButton):
        assert not button.isDefault()
        assert not button.autoDefault()
    assert not opened.window.pages.inbox.review.approve_button.hasFocus()


def test_a_held_chord_approves_once(opened: Desk) -> None:
    action = next(a for a in opened.window.table if a.id == "decide.approve")
    assert not action.repeats
    assert not any(opened.window._shortcuts[keys].autoRepeat() for keys in action.shortcut)


def test_the_chord_does_nothing_on_another_page(opened: Desk) -> None:
    at_low_risk(opened)
    opened.window.go("runs")
    opened.wait(5)
    chord(opened)
    assert opened.desk.named("answer") == []


def test_coming_back_to_the_page_starts_the_wait_again(opened: Desk) -> None:
    at_low_risk(opened)
    opened.window.go("runs")
    opened.window.go("inbox")
    chord(opened)
    assert opened.desk.named("answer") == []


def test_high_risk_weighs_both_ways_alike(opened: Desk) -> None:
    inbox = opened.window.pages.inbox
    arm(opened)
    assert inbox.review.review is not None
    assert inbox.review.review.risk == "high"
    assert inbox.review.approve_button.kind() == inbox.review.reject_button.kind() == "plain"
    assert inbox.review.approve_button.height() == inbox.review.reject_button.height()
    assert inbox.review.approve_button.face() == inbox.review.reject_button.face() == "body"
    inbox.show_gate("g-3")
    opened.settle()
    assert inbox.review.approve_button.kind() == "primary"


def test_after_a_decision_the_next_is_shown_and_what_happened_is_said(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    desk.answers["answer"] = lambda given, _=None: replace(
        sample.answered(given), phase="closed", settles_at=None
    )
    opened = make_desk(desk)
    approve(opened)
    opened.settle()
    inbox = opened.window.pages.inbox
    assert inbox.model.find("g-1") == -1
    assert inbox.review.gate_id == "g-2"
    assert opened.window.messages.texts()[0].startswith("Approved and signed: “Hold converge")
    assert not inbox.review.approve_button.isEnabled()


def test_the_next_is_the_one_below_even_where_the_inbox_changes_first(
    make_desk: MakeDesk, slow: FakeDesk
) -> None:
    """The engine tells of the new inbox before it answers."""
    opened = make_desk(slow)
    opened.window.pages.inbox.show_gate("g-3")
    slow.last("review").future.set_result(sample.review("g-3"))
    arm(opened)
    chord(opened)
    slow.tell(InboxChanged(tuple(r for r in sample.INBOX if r.gate_id != "g-3")))
    opened.settle()
    assert opened.window.pages.inbox.review.gate_id == "g-3"
    slow.last("answer").future.set_result(sample.answered(answered(opened)))
    opened.settle()
    assert opened.window.pages.inbox.review.gate_id == "g-4"


def test_the_last_decision_leaves_an_empty_inbox_that_says_what_to_do(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    desk.answers["inbox"] = lambda: sample.INBOX[:1]
    opened = make_desk(desk)
    approve(opened)
    opened.settle()
    pane = opened.window.pages.inbox.review
    assert pane.currentWidget() is pane.empty
    assert "Nothing waits for you" in pane.empty.words()
    assert "Start a run" in pane.empty.words()


def test_a_decision_that_fails_is_said_and_the_review_read_again(
    make_desk: MakeDesk, slow: FakeDesk
) -> None:
    opened = make_desk(slow)
    slow.last("review").future.set_result(sample.review("g-1"))
    approve(opened)
    chord(opened)
    assert len(slow.named("answer")) == 1, "one decision is on its way already"
    slow.last("answer").future.set_exception(
        ValueError("what was shown has changed; read it again")
    )
    opened.settle()
    said = opened.window.messages.texts()[0]
    assert said.startswith("Nothing was recorded")
    assert "What was shown has changed; read it again." in said
    assert slow.last("review").args == ("g-1", "digest-of-g-1")
    assert len(slow.named("review")) == 2


def test_a_rejection_needs_a_reason(opened: Desk) -> None:
    arm(opened)
    QTest.keyClick(opened.window, Qt.Key.Key_R)
    pane = opened.window.pages.inbox.review
    box = pane.reject_box
    assert not box.isHidden()
    assert box.edit.hasFocus()
    assert not box.confirm.isEnabled()
    assert not pane.approve_button.isEnabled()
    QTest.keyClick(box.edit, Qt.Key.Key_Return, CTRL)
    QTest.keyClicks(box.edit, "   ")
    QTest.keyClick(box.edit, Qt.Key.Key_Return, CTRL)
    assert opened.desk.named("answer") == []
    QTest.keyClicks(box.edit, "junk, jokes and rules")
    assert box.confirm.isEnabled()
    QTest.keyClick(box.edit, Qt.Key.Key_Return, CTRL)
    given = answered(opened)
    assert (given.gate_id, given.verdict, given.shown) == ("g-1", "reject", "digest-of-g-1")
    assert given.reason == "junk, jokes and rules"
    assert len(opened.desk.named("answer")) == 1


def test_the_chord_outside_the_box_does_nothing_while_it_is_open(opened: Desk) -> None:
    arm(opened)
    pane = opened.window.pages.inbox.review
    pane.open_reject()
    pane.reject_box.presets[0].click()
    opened.window.pages.inbox.list.setFocus()
    opened.wait(5)
    chord(opened)
    assert opened.desk.named("answer") == []


def test_a_preset_is_a_reason(opened: Desk) -> None:
    arm(opened)
    box = opened.window.pages.inbox.review.reject_box
    opened.window.pages.inbox.review.open_reject()
    box.presets[0].click()
    box.confirm.click()
    given = answered(opened)
    assert (given.verdict, given.reason) == ("reject", "The evidence does not support it.")


def test_escape_leaves_the_reason_and_keeps_what_was_typed(opened: Desk) -> None:
    arm(opened)
    pane = opened.window.pages.inbox.review
    pane.open_reject()
    QTest.keyClicks(pane.reject_box.edit, "not yet")
    QTest.keyClick(pane.reject_box.edit, Qt.Key.Key_Escape)
    assert pane.reject_box.isHidden()
    pane.open_reject()
    assert pane.reject_box.reason() == "not yet"
    opened.window.pages.inbox.step(1)
    opened.settle()
    pane.open_reject()
    assert pane.reject_box.reason() == ""


def test_a_failed_rejection_keeps_the_reason(make_desk: MakeDesk, slow: FakeDesk) -> None:
    opened = make_desk(slow)
    slow.last("review").future.set_result(sample.review("g-1"))
    arm(opened)
    pane = opened.window.pages.inbox.review
    pane.open_reject()
    QTest.keyClicks(pane.reject_box.edit, "a long reason")
    pane.reject_box.confirm.click()
    slow.last("answer").future.set_exception(ValueError("the disk is full"))
    opened.settle()
    slow.last("review").future.set_result(sample.review("g-1"))
    opened.settle()
    assert not pane.reject_box.isHidden()
    assert pane.reject_box.reason() == "a long reason"


def test_a_proposal_that_no_longer_waits_stays_to_be_read(opened: Desk) -> None:
    arm(opened)
    opened.desk.tell(InboxChanged(sample.INBOX[1:]))
    opened.settle()
    pane = opened.window.pages.inbox.review
    assert pane.gate_id == "g-1"
    assert pane.currentWidget() is not pane.empty
    assert "takes no answer any more" in pane._footer.hint.text()
    opened.wait(5)
    chord(opened)
    assert opened.desk.named("answer") == []
    assert not pane.reject_button.isEnabled()


def test_more_proposals_do_not_move_the_person(opened: Desk) -> None:
    opened.window.pages.inbox.show_gate("g-3")
    opened.settle()
    more = replace(sample.INBOX[0], gate_id="g-0", deadline=sample.NOW + 1)
    opened.desk.tell(InboxChanged((more, *sample.INBOX)))
    opened.settle()
    inbox = opened.window.pages.inbox
    assert inbox.review.gate_id == "g-3"
    assert inbox.list.currentIndex().row() == inbox.model.find("g-3")
    assert opened.window.rail.button("inbox").accessibleName() == "Inbox, 8 proposals"


def test_a_late_answer_for_another_proposal_is_not_shown(
    make_desk: MakeDesk, slow: FakeDesk
) -> None:
    opened = make_desk(slow)
    first = slow.last("review")
    opened.window.pages.inbox.step(1)
    second = slow.last("review")
    second.future.set_result(sample.review("g-2"))
    first.future.set_result(sample.review("g-1"))
    opened.settle()
    shown: Any = opened.window.pages.inbox.review.review
    assert shown.gate_id == "g-2"


def test_a_review_that_cannot_be_read_says_so_and_can_be_tried_again(
    make_desk: MakeDesk, slow: FakeDesk
) -> None:
    opened = make_desk(slow)
    slow.last("review").future.set_exception(ValueError("this gate is closed"))
    opened.settle()
    pane = opened.window.pages.inbox.review
    assert "This gate is closed." in pane.empty.words()
    again = [b for b in pane.empty.findChildren(QAbstractButton) if b.isVisible()]
    again[0].click()
    assert len(slow.named("review")) == 2


def test_the_filter_and_the_order(opened: Desk) -> None:
    inbox = opened.window.pages.inbox
    inbox.filter.setText("risk:medium agent:spend")
    assert [inbox.model.row_at(n).gate_id for n in range(inbox.model.rowCount())] == ["g-4"]
    inbox.filter.setText("no such thing")
    assert "hidden by it" in inbox.none.words()
    inbox.filter.clear()
    inbox.sort.choose("Risk")
    risks = [inbox.model.row_at(n).risk for n in range(inbox.model.rowCount())]
    assert risks == sorted(risks, key=["high", "medium", "low"].index)


def test_after_a_decision_the_focus_is_where_the_next_one_is(opened: Desk) -> None:
    """Not on whatever control Qt finds behind the button that was just switched off."""
    page = opened.window.pages.inbox
    at_low_risk(opened)
    page.review.focus_approve()
    chord(opened)
    opened.settle()

    assert page.list is opened.window.focusWidget()
