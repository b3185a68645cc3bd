"""A vote for another desk counts for what was seen, by whom it was seen, and for nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from converge_desktop.runtime.port import StatusChanged
from converge_desktop.ui.pages.people import PeoplePage
from tests.ui import sample, sample_people
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk


def stands(opened: Desk, **changes: Any) -> None:
    opened.desk.tell(StatusChanged(replace(sample.STATUS, **changes)))
    opened.settle()


@pytest.fixture
def people(make_desk: MakeDesk, desk: FakeDesk) -> Desk:
    """A window with its people in front, and a question that is longer than the window."""
    desk.answers |= sample_people.answers()
    seen = desk.answers["look_at"](Path("/tmp/request.jsonl"))
    lines = tuple(f"line {number}" for number in range(400))
    long = replace(
        seen, asked=msgspec.structs.replace(seen.asked, shown=(*seen.asked.shown, *lines))
    )
    desk.answers["look_at"] = lambda _: long
    opened = make_desk(desk)
    stands(opened, key_kept="keyring")
    opened.window.go("people")
    opened.settle()
    return opened


def asked(opened: Desk) -> PeoplePage:
    page = opened.window.pages.people
    page.carrying.take(Path("/tmp/request.jsonl"))
    opened.settle()
    page.window_active(active=True)
    still(opened, page)
    return page


def still(opened: Desk, page: PeoplePage) -> None:
    opened.settle()
    opened.clock.steady += 0.6
    page.vote.refresh()


def read(opened: Desk, page: PeoplePage) -> None:
    """Pages to the end by keyboard alone."""
    page.vote.asked.setFocus()
    for _ in range(60):
        QTest.keyClick(page.vote.asked, Qt.Key.Key_PageDown)
        opened.settle()
    still(opened, page)


def test_a_question_that_was_not_read_to_the_end_is_not_approved(people: Desk) -> None:
    """The foot says what is missing; paging through it by keyboard is reading."""
    page = asked(people)
    assert not page.vote.approve_button.isEnabled()
    assert "Scroll to the end" in page.vote.said.text()
    page.vote.approve()
    assert people.desk.named("vote") == []

    read(people, page)
    assert page.vote.approve_button.isEnabled()


def test_nothing_of_a_question_is_read_while_another_window_is_in_front(people: Desk) -> None:
    page = asked(people)
    page.window_active(active=False)
    read(people, page)
    page.window_active(active=True)
    still(people, page)
    assert not page.vote.approve_button.isEnabled()


def test_who_takes_the_seat_reads_the_question_for_themselves(people: Desk) -> None:
    """And is told whether they are asked, with their own key."""
    page = asked(people)
    read(people, page)
    assert page.vote.approve_button.isEnabled()
    rows = tuple(replace(row, sits=row.name == "dov", here="keyring") for row in sample_people.ROWS)
    people.desk.answers["operators"] = lambda: rows
    stands(people, operator="dov", key_kept="keyring")
    still(people, page)
    assert not page.vote.approve_button.isEnabled()
    assert "dov is not asked with the key here" in page.vote.said.text()
