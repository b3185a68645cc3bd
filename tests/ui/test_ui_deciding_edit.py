"""Editing and approving: what an edit changes, what speaks against it, and who looked at it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from tests.ui import sample
from tests.ui import sample_deciding as deciding
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.deciding_kit import answered, arm, chord, pane, press, type_in
from tests.ui.fake_desk import FakeDesk


@pytest.fixture
def desk(desk: FakeDesk) -> FakeDesk:
    """A desk that knows how its gates stand."""
    desk.answers |= deciding.answers()
    return desk


def test_an_edit_is_looked_at_as_one_types_and_told_with_who_has_not_seen_it(
    opened: Desk,
) -> None:
    """Once nobody types for a moment; then the chord gives it."""
    arm(opened)
    press(opened, Qt.Key.Key_E)
    opened.settle()
    box = pane(opened).boxes.edit
    assert box.text.toPlainText() == sample.review("g-1").becomes_true
    assert '"verdict": "hold"' in box.fields.toPlainText()
    type_in(box.text, "X")
    chord(opened)
    assert opened.desk.named("answer") == []
    box._pause.stop()
    box.look()
    opened.settle()
    opened.wait(0.6)
    assert "planning has not seen this" in box.heading.text()
    assert opened.desk.last("look_at_edit").args[1].structured is None
    chord(opened)
    given = answered(opened)
    assert given.verdict == "edit"
    assert given.edit is not None
    assert given.edit.content.startswith("X")


def test_what_speaks_against_an_edit_is_listed_and_holds_it(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """With its place, in the words of the desk."""
    problem = "steps[1].for is missing; what has no meaning any more is left empty"
    desk.answers["look_at_edit"] = lambda *_: replace(deciding.EDITED, problems=(problem,))
    opened = make_desk(desk)
    arm(opened)
    press(opened, Qt.Key.Key_E)
    opened.settle()
    box = pane(opened).boxes.edit
    type_in(box.text, "X")
    box._pause.stop()
    box.look()
    opened.settle()
    opened.wait(0.6)
    assert "steps[1].for is missing" in box.problems.text()
    chord(opened)
    assert opened.desk.named("answer") == []


@pytest.mark.parametrize(
    ("text", "told"), [('{\n "a": }', "line 2, column 7"), ("[1]", "begin with {")]
)
def test_fields_that_are_no_json_are_told_by_their_place(
    opened: Desk, text: str, told: str
) -> None:
    """The desk is not asked about what cannot be read."""
    arm(opened)
    press(opened, Qt.Key.Key_E)
    opened.settle()
    box = pane(opened).boxes.edit
    box.fields.setPlainText(text)
    box._pause.stop()
    box.look()
    assert told in box.problems.text()
    assert opened.desk.named("look_at_edit") == []
    assert not box.confirm.isEnabled()


def test_a_late_look_at_an_edit_says_nothing_of_what_was_typed_since(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """Otherwise something would be signed that nobody looked at."""
    del desk.answers["look_at_edit"]
    opened = make_desk(desk)
    arm(opened)
    press(opened, Qt.Key.Key_E)
    opened.settle()
    box = pane(opened).boxes.edit
    type_in(box.text, "X")
    box._pause.stop()
    box.look()
    type_in(box.text, "Y")
    desk.last("look_at_edit").future.set_result(deciding.EDITED)
    opened.settle()
    assert box.lacks()
