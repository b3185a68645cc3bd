"""Two runs compared: chosen one after the other, read call by call, and led to from there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from converge_core.errors import IllegalCommand
from converge_desktop.ui.pages.run_compare import MOST_PAIRS, RunCompareView
from converge_desktop.ui.pages.runs import RunsPage
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.chips import ChipButton
from tests.ui import sample, sample_run_compare
from tests.ui import sample_trace as own
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.sample_run_compare import ONE, OTHER
from tests.ui.tracing import can, press, strip, told


@pytest.fixture
def runs(make_desk: MakeDesk, desk: FakeDesk) -> Desk:
    """A window over a desk on which runs can be compared."""
    desk.answers |= own.answers()
    desk.answers["compare_runs"] = sample_run_compare.compared
    return make_desk(desk)


def shown(opened: Desk, run_id: str = ONE) -> RunsPage:
    """The page of runs, with one of them shown."""
    opened.window.routes.run.emit(run_id)
    opened.settle()
    return opened.window.pages.runs


def key(opened: Desk, which: Qt.Key) -> None:
    """Presses a key, wherever the focus is."""
    QTest.keyClick(opened.window, which)
    opened.settle()


def compared(opened: Desk, one: str = ONE, other: str = OTHER) -> RunCompareView:
    """The comparison of two runs."""
    page = shown(opened, one)
    page.comparing.compare(one, other)
    opened.settle()
    return page.comparing.shown


def said_of(page: RunsPage) -> str:
    return strip(page, "Comparing runs").words()


def test_two_runs_are_chosen_one_after_the_other_by_key(runs: Desk) -> None:
    """C remembers the one that is shown, says so, and compares it with the next."""
    page = shown(runs)
    key(runs, Qt.Key.Key_C)
    assert "run 0190 is the first. Choose the other one and press C again" in said_of(page)
    key(runs, Qt.Key.Key_C)
    assert "That is the one shown: choose another" in said_of(page)
    shown(runs, OTHER)
    page.pane.compare_button.click()
    runs.settle()
    assert runs.desk.last("compare_runs").args == (ONE, OTHER)
    assert page.comparing.shown.isVisible()
    assert said_of(page) == ""


def test_the_first_one_can_be_forgotten(runs: Desk) -> None:
    """By Esc, and by the button in the strip."""
    page = shown(runs)
    for forget in (lambda: key(runs, Qt.Key.Key_Escape), lambda: press(page, "Forget it")):
        page.pane.compare_button.click()
        forget()
        assert said_of(page) == ""
    assert not runs.desk.named("compare_runs")


def test_what_a_run_was_forked_from_is_offered_at_once(runs: Desk) -> None:
    """Without looking for it in the list."""
    runs.desk.answers["run_view"] = lambda run: replace(sample.run_view(run), origin=ONE)
    page = shown(runs, OTHER)
    page.pane.compare_button.click()
    press(page, "Compare with what it continues")
    runs.settle()
    assert runs.desk.last("compare_runs").args == (ONE, OTHER)
    assert page.comparing.shown.isVisible()


def test_the_first_difference_stands_on_top_and_every_call_that_differs_under_it(
    runs: Desk,
) -> None:
    """With what only one run has, how each stands, and what is the same folded away."""
    said = told(compared(runs))
    for text in (
        "Cycle 2, evaluation: The layer state differs first, in line 4.",
        "3 of 4 steps differ; 2 facts only in run 0190; 1 fact only in run 0192.",
        "Converged. No agent has anything to add to this context.",
        "It waits for 1 decision.",
        "Cycle 3, planning | The same prompt and envelope, and another answer.",
        "Facts that only run 0190 has",
        "Strategies: Release converge-desktop 0.3.2",
        "Signals: tests failed 3",
        "1 step is the same",
    ):
        assert text in said, text


def test_runs_that_are_the_same_say_so(runs: Desk) -> None:
    """And nothing is listed as other."""
    said = told(compared(runs, ONE, ONE))
    assert "Nothing differs." in said
    assert "Steps that differ" not in said


def test_a_pair_of_calls_leads_to_the_two_compared(runs: Desk) -> None:
    """On the page of the traces."""
    view = compared(runs)
    press(view, "Compare")
    runs.settle()
    assert runs.desk.last("compare_traces").args == ("t-0190-22", "t-0192-02")
    assert runs.window.pages.page_id() == "traces"
    assert runs.window.pages.traces.pane.comparing.shown.isVisible()


def test_a_call_that_only_one_has_leads_to_it(runs: Desk) -> None:
    """There is nothing to compare it with."""
    view = compared(runs)
    press(view, "Show")
    runs.settle()
    assert runs.desk.last("trace").args == ("t-0190-24",)


def test_either_run_can_be_shown_and_esc_goes_back(runs: Desk) -> None:
    """Back is where the focus is, and the list is where it goes to."""
    view = compared(runs)
    assert runs.window.focusWidget() is view.back
    key(runs, Qt.Key.Key_Escape)
    page = runs.window.pages.runs
    assert page.pane.isVisible()
    assert not view.isVisible()
    view = compared(runs)
    [_, second] = [b for b in view.findChildren(Button) if b.text() == "Compare"]
    assert second.accessibleName() == "Compare the calls: Cycle 3, planning"
    chips = view.findChildren(ChipButton)
    [first] = [c for c in chips if c.accessibleName() == "Show the first run, run 0190"]
    first.click()
    runs.settle()
    assert page.pane.view is not None
    assert page.pane.view.row.run_id == ONE
    assert page.pane.isVisible()


def test_choosing_a_run_leaves_the_comparison(runs: Desk) -> None:
    """What is in the list is what is shown."""
    view = compared(runs)
    shown(runs, OTHER)
    assert not view.isVisible()
    assert not runs.window.pages.runs.comparing.is_open()


def test_what_cannot_be_compared_says_why_and_what_was_given_up_does_not_come(runs: Desk) -> None:
    """Esc while it is on its way; and the run stays."""

    def refuse(*_: str) -> None:
        raise IllegalCommand("there is no run r-1")

    page = shown(runs)
    runs.desk.answers["compare_runs"] = refuse
    page.comparing.compare(ONE, "r-1")
    runs.settle()
    assert said_of(page) == "Nothing was compared. There is no run r-1."
    del runs.desk.answers["compare_runs"]
    page.comparing.compare(ONE, OTHER)
    key(runs, Qt.Key.Key_Escape)
    runs.desk.last("compare_runs").future.set_result(sample_run_compare.compared(ONE, OTHER))
    runs.settle()
    assert page.pane.isVisible()
    assert can(runs, "run.compare")


def test_very_many_calls_and_facts_are_shown_in_part(runs: Desk) -> None:
    """So many as are read; how many more there are is said."""
    runs.desk.answers["compare_runs"] = sample_run_compare.long
    view = compared(runs)
    assert len([b for b in view.findChildren(Button) if b.text() == "Compare"]) == MOST_PAIRS
    said = told(view)
    assert "2,960 more steps differ; Traces lists all of both runs." in said
    assert "And 9,000 more facts." in said
