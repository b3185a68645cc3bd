"""Nothing is decided that was not meant: by a held hand, at another's seat, or by odd words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from converge_core.errors import DecisionRefused
from converge_desktop.runtime.deciding_model import Edit
from converge_desktop.runtime.port import InboxChanged, StatusChanged
from converge_desktop.ui.pages.inbox import InboxPage
from tests.ui import sample, sample_inbox
from tests.ui import sample_deciding as deciding
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.deciding_kit import LEFT, arm, chord, pane, press, type_in
from tests.ui.fake_desk import FakeDesk

SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def desk(desk: FakeDesk) -> FakeDesk:
    """A desk that knows how its gates stand, and takes several answers as one."""
    desk.answers |= deciding.answers()
    desk.answers["decide_many"] = sample_inbox.decided
    return desk


def moves_over(widget: QWidget) -> None:
    """Moves the pointer a little over a widget, with the button held."""
    inside, none = QPointF(widget.rect().center()), Qt.KeyboardModifier.NoModifier
    place = QPointF(widget.mapToGlobal(inside.toPoint()))
    kind = QEvent.Type.MouseMove
    QApplication.sendEvent(
        widget, QMouseEvent(kind, inside, place, Qt.MouseButton.NoButton, LEFT, none)
    )


def sits(desk: Desk, who: str) -> None:
    desk.desk.tell(StatusChanged(replace(sample.STATUS, operator=who)))
    desk.settle()


def begin_batch(desk: Desk, *gates: str, key: Qt.Key = Qt.Key.Key_A) -> InboxPage:
    page = desk.window.pages.inbox
    page.list.setFocus()
    page.model.mark(gates)
    page.list.marks_changed.emit()
    QTest.keyClick(desk.window, key, SHIFT)
    desk.settle()
    return page


def settle_batch(desk: Desk) -> None:
    desk.settle()
    desk.clock.steady += 0.6
    desk.window.pages.inbox.batch.refresh()


# A held hand.


def test_a_press_on_one_proposal_never_approves_the_next_however_long_it_is_held(
    opened: Desk,
) -> None:
    """Another proposal comes while the button is down; it is read, stands still, and is let go."""
    arm(opened)
    button = pane(opened).approve_button
    QTest.mousePress(button, LEFT)
    opened.window.pages.inbox.show_gate("g-2")
    arm(opened)
    moves_over(button)
    QTest.mouseRelease(button, LEFT)
    assert opened.desk.named("answer") == []
    assert pane(opened).boxes.current() == ""


def test_the_word_of_an_earlier_approval_is_not_brought_back_by_undoing(opened: Desk) -> None:
    """It is typed anew for each."""
    box = pane(opened).boxes.approve
    box.want("release")
    type_in(box.line, "release")
    box.reset()
    assert not box.line.isUndoAvailable()
    box.line.undo()
    assert box.lacks()


# Another's seat.


def test_who_takes_the_seat_has_seen_nothing_of_what_is_shown(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """Not even what the other one read to the end a moment before."""
    parts = tuple((name, name) for name in ("what", "why", "votes", "evidence", "rule", "checks"))
    desk.answers["review"] = lambda gate, since="": deciding.review(
        gate, becomes_true="It is released. " * 800, parts=parts
    )
    opened = make_desk(desk)
    arm(opened)
    assert "what" in pane(opened).body.seen()
    sits(opened, "ben")
    opened.wait(5)
    assert "what" not in pane(opened).body.seen()
    assert not pane(opened).approve_button.isEnabled()
    arm(opened)


def test_a_batch_is_read_anew_by_who_takes_the_seat(make_desk: MakeDesk, desk: FakeDesk) -> None:
    """What the other one saw counts for nobody else."""
    desk.answers["review"] = sample_inbox.review
    opened = make_desk(desk)
    opened.window.pages.inbox.window_active(active=True)
    page = begin_batch(opened, "g-3", "g-4")
    settle_batch(opened)
    assert page.batch.permits()
    before = len(desk.named("review"))
    sits(opened, "ben")
    assert not page.batch.permits()
    assert len(desk.named("review")) >= before + 2


def test_nothing_of_a_batch_is_seen_while_another_window_is_in_front(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """It counts from when the person is back."""
    desk.answers["review"] = sample_inbox.review
    opened = make_desk(desk)
    opened.window.pages.inbox.window_active(active=False)
    page = begin_batch(opened, "g-3", "g-4")
    settle_batch(opened)
    assert not any(page.batch._seen.is_whole(gate) for gate in ("g-3", "g-4"))
    page.window_active(active=True)
    settle_batch(opened)
    settle_batch(opened)
    assert page.batch.permits()


def test_a_batch_records_as_opened_only_what_was_in_sight(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """Rejecting needs no reading to the end, and claims none."""
    desk.answers["review"] = sample_inbox.review
    opened = make_desk(desk)
    page = opened.window.pages.inbox
    page.window_active(active=True)
    opened.window.resize(960, 600)
    names = [row.gate_id for row in page.model.waiting()]
    begin_batch(opened, *names, key=Qt.Key.Key_R)
    type_in(page.batch.frame.reject.edit, "not now")
    settle_batch(opened)
    seen = {gate for gate in names if page.batch._seen.is_whole(gate)}
    assert seen != set(names), "the list is longer than the window is high"
    chord(opened)
    opened.settle()
    given = desk.last("decide_many").args[0]
    assert {one.gate_id for one in given if one.opened} == seen


# A proposal that is gone.


def test_a_link_to_what_no_longer_waits_shows_it_and_waits_for_nothing(opened: Desk) -> None:
    """It is read with how it ended; later, nobody is taken to it against their will."""
    ended = deciding.decided_elsewhere("g-1")
    opened.desk.answers["review"] = lambda gate, since="": replace(ended, gate_id=gate)
    opened.window.routes.gate.emit("g-9")
    opened.settle()
    page = opened.window.pages.inbox
    assert page.review.gate_id == "g-9"
    assert "rejected" in page.review.standing.words()
    assert not page.review.approve_button.isEnabled()
    opened.desk.tell(InboxChanged(page.model.waiting()))
    opened.settle()
    assert page.review.gate_id == "g-9"
    page.step(1)
    opened.settle()
    assert page.review.gate_id == page.model.waiting()[0].gate_id
    came = replace(page.model.waiting()[0], gate_id="g-9")
    opened.desk.tell(InboxChanged((*page.model.waiting(), came)))
    opened.settle()
    assert page.review.gate_id != "g-9"


# Odd words.


@pytest.mark.parametrize(
    "typed",
    [
        "[" * 100_000,
        '{"a": ' + "1" * 5_000 + "}",
        '{"a": NaN}',
        '{"a": 1, "a": 2}',
    ],
    ids=["nested", "a long number", "nan", "twice"],
)
def test_fields_that_no_record_could_hold_are_told_and_hold_the_edit(
    opened: Desk, typed: str
) -> None:
    """Whatever is typed or pasted, the box says what is wrong with it, and stays in use."""
    arm(opened)
    press(opened, Qt.Key.Key_E)
    opened.settle()
    box = pane(opened).boxes.edit
    box.fields.setPlainText(typed)
    box._pause.stop()
    box.look()
    opened.settle()
    opened.wait(0.6)
    assert box.problems.isVisible()
    assert box.problems.text().strip().endswith(".")
    assert box.lacks()
    chord(opened)
    assert opened.desk.named("answer") == []
    box.fields.setPlainText(json.dumps(dict(deciding_fields(opened)) | {"verdict": "go"}))
    box._pause.stop()
    box.look()
    opened.settle()
    assert not box.lacks()


def deciding_fields(opened: Desk) -> dict[str, object]:
    said: Edit = opened.desk.last("proposed").future.result()
    assert said.structured is not None
    return dict(said.structured)


def test_nothing_of_another_proposal_stands_in_the_box_where_its_words_cannot_be_had(
    opened: Desk,
) -> None:
    """The words of the one before it are gone."""
    arm(opened)
    press(opened, Qt.Key.Key_E)
    opened.settle()
    assert pane(opened).boxes.edit.text.toPlainText()

    def refuse(gate_id: str) -> Edit:
        raise OSError(f"{gate_id} is away")

    opened.desk.answers["proposed"] = refuse
    opened.window.pages.inbox.show_gate("g-2")
    arm(opened)
    press(opened, Qt.Key.Key_E)
    opened.settle()
    box = pane(opened).boxes.edit
    assert box.text.toPlainText() == ""
    assert box.fields.toPlainText() == ""


# Whatever fails.


def fails(error: BaseException) -> Callable[..., object]:
    def fail(*_: object) -> object:
        raise error

    return fail


ERRORS = [DecisionRefused("it was decided before"), OSError(28, "No space left"), ValueError()]


@pytest.mark.parametrize("error", ERRORS, ids=["refused", "full", "without words"])
@pytest.mark.parametrize(
    ("key", "typed", "what"),
    [
        (None, "", "answer"),
        (Qt.Key.Key_R, "not now", "answer"),
        (Qt.Key.Key_F, "say until when", "answer"),
        (Qt.Key.Key_T, "", "act"),
        (Qt.Key.Key_U, "they know it", "act"),
    ],
    ids=["approve", "reject", "refine", "extend", "escalate"],
)
def test_whatever_goes_wrong_is_said_in_a_sentence_and_can_be_given_again(
    opened: Desk, key: Qt.Key | None, typed: str, what: str, error: BaseException
) -> None:
    """No button stays dead, and what was typed is still there."""
    opened.desk.answers[what] = fails(error)
    opened.window.pages.inbox.show_gate("g-2" if key is None else "g-1")
    arm(opened)
    if key is not None:
        press(opened, key)
        if typed:
            type_in(opened.window.focusWidget(), typed)
    for times in (1, 2):
        opened.settle()
        opened.wait(0.6)
        chord(opened)
        box = pane(opened).boxes.approve
        if not box.isHidden() and len(opened.desk.named(what)) < times:
            box.line.setText(box.word)
            opened.wait(0.6)
            chord(opened)
        opened.settle()
        assert len(opened.desk.named(what)) == times
    said = "\n".join(opened.window.messages.texts())
    assert "Nothing was recorded for" in said
    assert all(line.endswith((".", ")")) for line in said.splitlines())


def test_a_batch_that_fails_without_words_can_be_given_again(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """It is read anew, and nothing of it is lost."""
    desk.answers["review"] = sample_inbox.review
    desk.answers["decide_many"] = fails(ValueError())
    opened = make_desk(desk)
    opened.window.pages.inbox.window_active(active=True)
    page = begin_batch(opened, "g-3", "g-4")
    for times in (1, 2):
        settle_batch(opened)
        settle_batch(opened)
        chord(opened)
        opened.settle()
        assert len(desk.named("decide_many")) == times
    assert "Nothing was recorded." in page.batch.frame.refused.text()


def test_an_undoing_that_fails_can_be_tried_again(make_desk: MakeDesk, desk: FakeDesk) -> None:
    """Whatever the error was, the strip offers it once more."""
    desk.answers["settling"] = lambda: (deciding.settling(),)
    desk.answers["act"] = fails(ValueError())
    opened = make_desk(desk)
    opened.settle()
    for times in (1, 2):
        [button] = opened.window.undo.strip.undo_buttons()
        assert button.isEnabled()
        button.click()
        opened.settle()
        assert len(desk.named("act")) == times
