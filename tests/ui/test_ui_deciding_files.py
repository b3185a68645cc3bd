"""Votes across desks: a request goes out as a file, a vote comes in as one."""

from __future__ import annotations

from pathlib import Path

import pytest

from converge_core.errors import DecisionRefused
from tests.ui import sample_deciding as deciding
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.deciding_kit import arm, pane
from tests.ui.fake_desk import FakeDesk


@pytest.fixture
def desk(desk: FakeDesk) -> FakeDesk:
    """A desk that knows how its gates stand."""
    desk.answers |= deciding.answers()
    return desk


def test_a_request_carries_what_is_shown_here_and_where_it_lies_is_told(
    make_desk: MakeDesk, desk: FakeDesk, tmp_path: Path
) -> None:
    """And what to do with it next."""
    desk.answers["request_vote"] = lambda *_: None
    opened = make_desk(desk)
    arm(opened)
    path = tmp_path / "hold.request.jsonl"
    pane(opened).votes.write(deciding.review("g-1"), path)
    opened.settle()
    gate, shown, where = desk.last("request_vote").args
    assert (gate, where) == ("g-1", path)
    assert deciding.review("g-1").becomes_true in shown
    said = opened.window.messages.texts()[0]
    assert str(path) in said
    assert "Bring a vote in" in said


def test_a_vote_that_cannot_be_taken_is_told_with_its_file_and_why(
    make_desk: MakeDesk, desk: FakeDesk, tmp_path: Path
) -> None:
    """Nothing is taken from it."""

    def foreign(*_: object) -> None:
        raise DecisionRefused("it answers what another desk asked")

    desk.answers["import_vote"] = foreign
    opened = make_desk(desk)
    pane(opened).votes.read(tmp_path / "bob.vote.json")
    opened.settle()
    said = opened.window.messages.texts()[0]
    assert "No vote was taken from bob.vote.json. It answers what another desk asked." in said


def test_both_can_be_found_among_the_actions(opened: Desk) -> None:
    """So that no mouse is needed for them."""
    arm(opened)
    can = {a.id for a in opened.window.table if opened.window.can_do(a)}
    assert {"decide.request", "decide.import"} <= can
