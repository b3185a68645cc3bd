"""Holding a run, letting it go on and stopping it, by button and by key."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from converge_desktop.runtime.port import RunChanged, StatusChanged
from converge_desktop.ui.models.lists import run_look
from converge_desktop.ui.pages.run_view import RunPane
from tests.ui import sample, sample_runs
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.test_ui_pages import press, said

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def pause_key(opened: Desk) -> None:
    QTest.keyClick(opened.window, Qt.Key.Key_P, CTRL_SHIFT)


def stop_key(opened: Desk) -> None:
    QTest.keyClick(opened.window, Qt.Key.Key_X, CTRL_SHIFT)


def shown(opened: Desk, run_id: str = "r-0192") -> RunPane:
    opened.window.routes.run.emit(run_id)
    opened.settle()
    return opened.window.pages.runs.pane


def test_one_key_pauses_and_resumes(opened: Desk) -> None:
    """It means what can be done: a run that goes on is held, a held one goes on."""
    shown(opened)
    pause_key(opened)
    assert opened.desk.last("pause").args == ("r-0192", "")
    opened.settle()
    opened.desk.tell(RunChanged(sample_runs.paused()))
    opened.settle()
    pause_key(opened)
    assert opened.desk.last("resume").args == ("r-0192",)
    assert len(opened.desk.named("pause")) == 1


def test_a_run_is_paused_with_a_reason(opened: Desk) -> None:
    """In a box in the page; it may stay empty, and Esc leaves it."""
    pane = shown(opened)
    opened.window.pages.runs.acts.ask_reason()
    assert pane.reason.edit.hasFocus()
    QTest.keyClick(pane.reason.edit, Qt.Key.Key_Escape)
    assert not pane.reason.isVisible()
    opened.window.pages.runs.acts.ask_reason()
    QTest.keyClicks(pane.reason.edit, "the report is written again")
    QTest.keyClick(pane.reason.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert opened.desk.last("pause").args == ("r-0192", "the report is written again")


def test_a_paused_run_says_who_when_why_and_what_goes_on(opened: Desk) -> None:
    """And that deadlines pass; the list says it too, with a sign."""
    pane = shown(opened)
    opened.desk.tell(RunChanged(sample_runs.paused()))
    opened.settle()
    told = pane.banner.words()
    assert told.startswith("Paused by ada, 2 min ago: “The report is being written again.”")
    assert "deadlines go on" in told
    assert pane.banner.resume.isVisible()
    assert pane.banner.review.isVisible()
    assert not pane.banner.pause.isVisible()
    look = run_look(lambda: sample.NOW)(sample_runs.paused().row)
    assert "paused by ada" in look.subtitle
    assert look.badge == "II"


def test_how_long_it_is_paused_grows_with_the_clock(opened: Desk) -> None:
    """Though nothing of the run moves."""
    pane = shown(opened)
    opened.desk.tell(RunChanged(sample_runs.paused()))
    opened.settle()
    opened.clock.now += 10 * sample.MIN
    pane.tick()
    assert "12 min ago" in pane.banner.words()


def test_after_a_restart_the_page_offers_to_resume(make_desk: MakeDesk, desk: FakeDesk) -> None:
    """A run that was held when the desk was closed is found held."""
    held = sample_runs.paused()
    desk.answers |= {"runs": lambda: (held.row,), "run_view": lambda _: held}
    opened = make_desk(desk)
    opened.window.go("runs")
    opened.settle()
    assert opened.window.pages.runs.pane.banner.resume.isVisible()
    pause_key(opened)
    assert desk.last("resume").args == ("r-0192",)


def test_stopping_asks_for_a_second_press_in_place(opened: Desk) -> None:
    """No question in the way; the first press alone stops nothing."""
    pane = shown(opened)
    pane.banner.cancel.click()
    assert pane.banner.cancel.text() == "Stop it now? Press again"
    assert not opened.desk.named("cancel")
    pane.banner.cancel.click()
    assert opened.desk.last("cancel").args == ("r-0192",)
    opened.settle()
    assert pane.strip.words() == "The run was stopped; what it reached stays."


def test_stopping_by_key_takes_the_same_two_presses(opened: Desk) -> None:
    """And Esc takes the first one back."""
    pane = shown(opened)
    stop_key(opened)
    QTest.keyClick(opened.window, Qt.Key.Key_Escape)
    assert not pane.banner.cancel.armed
    stop_key(opened)
    assert not opened.desk.named("cancel")
    stop_key(opened)
    assert len(opened.desk.named("cancel")) == 1


def test_a_first_press_is_forgotten_with_another_run(opened: Desk) -> None:
    """The second press cannot hit what the first did not mean."""
    pane = shown(opened)
    pane.banner.cancel.click()
    shown(opened, "r-0193")
    assert not pane.banner.cancel.armed
    pane.banner.cancel.click()
    assert not opened.desk.named("cancel")


def test_what_is_under_way_is_told_at_once_and_cannot_be_asked_twice(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """Stopping says so before the desk has answered."""
    del desk.answers["cancel"]
    opened = make_desk(desk)
    pane = shown(opened)
    stop_key(opened)
    stop_key(opened)
    said_ = "Stopping run 0192: what its agents are at is given up at once."
    assert pane.strip.words() == said_
    assert not pane.banner.pause.isEnabled()
    pause_key(opened)
    assert not desk.named("pause")
    desk.last("cancel").future.set_exception(ValueError("the disk is full"))
    opened.settle()
    assert pane.strip.words() == "Run 0192 was not stopped. The disk is full."
    assert pane.banner.pause.isEnabled()


def test_a_run_that_is_being_resumed_can_be_stopped_at_once(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """Resuming may wait for a model; stopping waits for nothing."""
    del desk.answers["resume"]
    opened = make_desk(desk)
    pane = shown(opened)
    desk.tell(RunChanged(sample_runs.paused()))
    opened.settle()
    pause_key(opened)
    assert not pane.banner.resume.isEnabled()
    stop_key(opened)
    stop_key(opened)
    assert desk.last("cancel").args == ("r-0192",)


def test_each_button_says_what_it_writes_into_the_ledger(opened: Desk) -> None:
    """In its tool tip, from the one table of actions."""
    banner = shown(opened).banner
    assert "Writes into the ledger: that you hold the run" in banner.pause.toolTip()
    assert "run_suspended" in banner.pause.toolTip()
    assert "run_stopped" in banner.cancel.toolTip()
    opened.desk.tell(RunChanged(sample_runs.paused()))
    opened.settle()
    assert "run_resumed" in banner.resume.toolTip()


def test_a_moment_of_the_past_is_neither_paused_nor_stopped(opened: Desk) -> None:
    """Nor does a run that has stopped offer it."""
    opened.window.routes.moment.emit("r-0192", 48_100, sample.NOW)
    opened.settle()
    pause_key(opened)
    stop_key(opened)
    stop_key(opened)
    pane = shown(opened, "r-0190")
    assert not pane.banner.cancel.isVisible()
    pause_key(opened)
    assert not opened.desk.named("pause")
    assert not opened.desk.named("cancel")


def test_a_paused_run_is_counted_as_one_that_has_not_ended(opened: Desk) -> None:
    """The rail counts it."""
    shown(opened)
    row = replace(sample_runs.paused().row, run_id="r-0192")
    opened.desk.tell(RunChanged(replace(sample_runs.paused(), row=row)))
    opened.settle()
    assert opened.window.rail.button("runs").accessibleName() == "Runs, 2 open runs"


def test_the_page_says_what_it_is_about_where_the_ledger_cannot_be_used(
    make_desk: MakeDesk,
) -> None:
    """An unusable ledger is told in place of the runs."""
    opened = make_desk(FakeDesk())
    opened.window.go("runs")
    why = "The ledger in /d cannot be used: record 7 was changed."
    opened.desk.tell(StatusChanged(replace(sample.STATUS, ledger_problem=why)))
    opened.settle()
    pages = opened.window.pages
    assert why in pages.runs.empty.words()
    assert why in pages.runs.none.words()
    assert said(pages.runs.empty)
    press(opened.window, "New run")
    assert pages.runs.detail.currentWidget() is pages.runs.form
