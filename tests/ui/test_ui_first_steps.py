"""The first two minutes: beside the page, ticked off by what the person really does, and gone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from converge_desktop import paths
from converge_desktop.runtime.desk import Desk as Desk_
from converge_desktop.runtime.desk import DeskOptions
from converge_desktop.runtime.port import InboxChanged, RunChanged, StatusChanged
from converge_desktop.ui.first_steps import STEPS
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.settings import UiSettings
from tests.ui import sample
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk

PATIENCE = 60_000
NAMES = [step.name for step in STEPS]


def new_desk() -> FakeDesk:
    """A desk on which nothing has run yet."""
    desk = FakeDesk()
    desk.answers = sample.answers() | {"runs": tuple, "inbox": tuple}
    return desk


@pytest.fixture
def fresh(make_desk: MakeDesk) -> Desk:
    return make_desk(new_desk())


def done(opened: Desk) -> list[str]:
    return [name for name in NAMES if opened.window.around.steps.done(name)]


def start(opened: Desk) -> None:
    view = sample.run_view("r-0192")
    row = replace(view.row, started_at=sample.NOW)
    opened.desk.tell(RunChanged(replace(view, row=row)))
    opened.settle()


def read(opened: Desk) -> None:
    opened.desk.tell(InboxChanged(sample.INBOX))
    opened.window.go("inbox")
    opened.settle()
    opened.window.pages.inbox.show_gate("g-3")
    opened.settle()


def decide(opened: Desk, *said: Any) -> None:
    opened.window.pages.inbox.review.decided.emit(*said or ("g-3", "approve", "A title"))


def verify(opened: Desk) -> None:
    opened.window.go("ledger")
    opened.desk.tell(StatusChanged(replace(sample.STATUS, ledger_verified_at=sample.NOW + 1)))
    opened.settle()


def test_on_a_new_desk_they_stand_beside_the_page(fresh: Desk) -> None:
    """Not in front of it: nothing has to be answered first."""
    panel = fresh.window.around.panel
    assert panel.isVisible()
    assert fresh.window.overlay() is None
    assert not panel.geometry().intersects(fresh.window.pages.geometry())
    assert [True, *[False] * 4] == [row.button.isVisible() for row in panel.rows]


def test_where_something_has_run_before_they_are_not_shown(opened: Desk) -> None:
    assert not opened.window.around.panel.isVisible()


def test_each_is_ticked_off_by_doing_it(fresh: Desk) -> None:
    """Start, read, decide, see, verify: and the panel says what comes next."""
    panel = fresh.window.around.panel
    for count, act in enumerate((start, read, decide), start=1):
        act(fresh)
        assert NAMES[:count] == done(fresh)
        assert panel.rows[count].button.isVisible()
    fresh.window.go("context")
    assert NAMES[:4] == done(fresh)
    verify(fresh)
    assert NAMES == done(fresh)
    assert "Close" == panel.leave_button.text()
    assert not any(row.button.isVisible() for row in panel.rows)


def test_what_was_not_done_is_not_ticked(fresh: Desk) -> None:
    """Neither a run of last week, nor a ledger that the desk verified by itself."""
    fresh.desk.tell(RunChanged(sample.run_view("r-0190")))
    fresh.desk.tell(StatusChanged(replace(sample.STATUS, ledger_verified_at=sample.NOW + 1)))
    fresh.settle()
    fresh.window.go("context")
    assert [] == done(fresh)


def test_each_leads_to_where_it_is_done_and_does_nothing_itself(fresh: Desk) -> None:
    window = fresh.window
    window.around.panel.rows[0].button.click()
    assert window.pages.runs.detail.currentWidget() is window.pages.runs.form
    assert not fresh.desk.named("start_run")
    for name, page in (("read", "inbox"), ("see", "context"), ("verify", "ledger")):
        window.around.panel.wanted.emit(name)
        assert page == window.pages.page_id()
    assert not fresh.desk.named("verify")


def test_they_can_be_left_for_good_and_called_again(fresh: Desk, make_desk: MakeDesk) -> None:
    """What was done stays done."""
    start(fresh)
    fresh.window.around.panel.leave_button.click()
    assert not fresh.window.around.panel.isVisible()
    fresh.window.close()

    again = make_desk(new_desk())
    assert not again.window.around.panel.isVisible()
    again.window.known("help.first").callback()
    assert again.window.around.panel.isVisible()
    assert ["start"] == done(again)


def test_halfway_through_they_are_there_at_the_next_start(fresh: Desk, make_desk: MakeDesk) -> None:
    """Though something has run by then."""
    start(fresh)
    fresh.window.close()
    desk = FakeDesk()
    desk.answers = sample.answers()
    again = make_desk(desk)
    assert again.window.around.panel.isVisible()
    assert "start" in done(again)


def test_once_all_are_done_calling_them_again_begins_anew(fresh: Desk) -> None:
    for act in (start, read, decide, lambda o: o.window.go("context"), verify):
        act(fresh)
    fresh.window.around.steps.leave()
    fresh.window.around.steps.open()
    assert [] == done(fresh)


def test_while_they_are_away_nothing_is_ticked(opened: Desk) -> None:
    decide(opened)
    assert [] == done(opened)


# With the shipped sample and the shipped model, on a fresh data directory


def test_on_a_fresh_data_directory_the_sample_takes_a_person_to_the_review(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
    """Nothing has to be looked for: the form, the sample, Start, and the proposal waits."""
    place = tmp_path / "data"
    model = paths.default_model()
    desk = Desk_(DeskOptions(place, paths.packs(), paths.samples(), "ada", model))
    window = MainWindow(desk, UiSettings(place / "window.ini"))
    qtbot.addWidget(window)
    window.show()
    try:
        qtbot.waitUntil(window.around.panel.isVisible, timeout=PATIENCE)
        window.around.panel.rows[0].button.click()
        form = window.pages.runs.form
        qtbot.waitUntil(form.sample.isVisible, timeout=PATIENCE)
        form.sample.click()
        qtbot.waitUntil(form.start_button.isEnabled, timeout=PATIENCE)
        form.start_button.click()
        steps = window.around.steps
        qtbot.waitUntil(lambda: steps.done("start"), timeout=PATIENCE)
        qtbot.waitUntil(lambda: bool(desk.inbox().result(10)), timeout=PATIENCE)
        window.around.panel.rows[1].button.click()
        qtbot.waitUntil(lambda: steps.done("read"), timeout=PATIENCE)
        assert window.around.panel.rows[2].button.isVisible()
    finally:
        window.close()
        desk.close()
