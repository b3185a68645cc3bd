"""Starting a run: what is asked, what is checked beforehand, and what stands beside each field."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtTest import QTest

from converge_desktop.runtime.port import RecallChanged, StatusChanged
from converge_desktop.ui.pages.folder_field import dropped
from converge_desktop.ui.pages.new_run import NewRun
from tests.ui import sample, sample_recall, sample_runs
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.test_ui_pages import press, said

CTRL = Qt.KeyboardModifier.ControlModifier
FOLDER = "/home/ada/reports/week-47"


@pytest.fixture
def form(opened: Desk) -> NewRun:
    opened.window.routes.start.emit("release-readiness")
    opened.settle()
    return opened.window.pages.runs.form


def test_ctrl_return_starts_with_what_was_typed(opened: Desk, form: NewRun) -> None:
    """Folder, intent and the budgets that are other than usual; from any field of the form."""
    form.folder.setText(FOLDER)
    form.intent.setPlainText("  Can we tag it?  ")
    form.budgets.edits["cycles"].setText("40")
    QTest.keyClick(form.intent, Qt.Key.Key_Return, CTRL)
    wanted = ("release-readiness", Path(FOLDER), "Can we tag it?", {"cycles": 40})
    assert opened.desk.last("start_run").args == wanted


def test_ctrl_return_is_an_action_of_the_page(opened: Desk, form: NewRun) -> None:
    """The same from a field that knows nothing of it, and only while it can be done."""
    [start] = [one for one in opened.window.table if one.id == "run.start"]
    assert not opened.window.can_do(start)
    form.folder.setText(FOLDER)
    assert opened.window.can_do(start)
    form.pack.setFocus()
    QTest.keyClick(form.pack, Qt.Key.Key_Return, CTRL)
    assert opened.desk.last("start_run").args[1] == Path(FOLDER)
    opened.settle()
    assert not opened.window.can_do(start)


def test_the_budgets_are_those_of_the_pack_with_their_bounds(form: NewRun) -> None:
    """Each with what is usual and how far it goes."""
    told = said(form.budgets)
    assert list(form.budgets.edits) == ["cycles", "facts", "tokens", "seconds"]
    assert "Usually 20, at most 100." in told
    assert "Usually 500, which is the most this pack allows." in told


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("101", "Cycles: the pack allows at most 100."),
        ("0", "Cycles: at least 1."),
        ("many", "Cycles: write a whole number, usually 20, at most 100."),
    ],
)
def test_a_wrong_budget_is_told_beside_it_and_nothing_starts(
    opened: Desk, form: NewRun, typed: str, sentence: str
) -> None:
    """As soon as it is typed; the field says so to screen readers by its look and the sentence."""
    form.folder.setText(FOLDER)
    edit = form.budgets.edits["cycles"]
    edit.setText(typed)
    assert sentence in said(form.budgets)
    assert edit.property("invalid") == "true"
    form.submit()
    assert not opened.desk.named("start_run")
    edit.setText("10")
    assert form.budgets.amounts() == {"cycles": 10}


def test_the_folder_is_looked_into_before_anything_starts(opened: Desk, form: NewRun) -> None:
    """What it reads as, what cannot be known, and that no run has begun by it."""
    form.folder.setText(FOLDER)
    form.check()
    opened.settle()
    told = said(form.report)
    assert "Reads as converge-desktop at 4be1c0d: 12 numbers from junit.xml" in told
    assert "Days since the tag cannot be known from it." in told
    assert not opened.desk.named("start_run")


def test_what_is_wrong_with_the_folder_is_told_beneath_it(opened: Desk, form: NewRun) -> None:
    """With the file, what is wrong with it and the remedy; another folder clears it."""
    form.folder.setText("/home/ada/empty")
    form.check()
    opened.settle()
    assert form.error.text().startswith("/home/ada/empty: there is no test report.")
    assert form.folder.property("invalid") == "true"
    form.folder.setText(FOLDER)
    assert not form.error.isVisible()


def test_an_answer_about_a_folder_that_was_replaced_says_nothing(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """Only the folder that stands there is spoken of."""
    del desk.answers["check_input"]
    opened = make_desk(desk)
    opened.window.routes.start.emit("release-readiness")
    opened.settle()
    form = opened.window.pages.runs.form
    form.folder.setText("/one")
    form.check()
    form.folder.setText("/two")
    desk.last("check_input").future.set_exception(ValueError("one is not a folder"))
    opened.settle()
    assert not form.error.isVisible()


def test_an_intent_that_is_too_long_is_told_before_it_is_sent(form: NewRun) -> None:
    """With by how much."""
    form.folder.setText(FOLDER)
    form.intent.setPlainText("x" * 503)
    assert "What you want is 3 characters too long." in said(form)
    assert not form.start_button.isEnabled()


def test_the_folders_of_the_last_runs_are_taken_with_one_press(opened: Desk, form: NewRun) -> None:
    """The newest first, each once, and kept from one start to the next."""
    for folder in ("/a/one", "/a/two", "/a/one"):
        form.folder.setText(folder)
        form.submit()
        opened.settle()
        opened.window.routes.start.emit("")
    assert form.recent.folders() == ["/a/one", "/a/two"]
    form.folder.clear()
    press(form.recent, "Recent folder /a/two")
    assert form.folder.text() == "/a/two"


def test_a_folder_that_is_dropped_is_taken_and_two_are_not() -> None:
    """One place is one place."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/a/one")])
    assert dropped(data) == "/a/one"
    data.setUrls([QUrl.fromLocalFile("/a/one"), QUrl.fromLocalFile("/a/two")])
    assert dropped(data) == ""


def test_where_the_ledger_cannot_be_used_the_form_says_so_and_starts_nothing(
    opened: Desk, form: NewRun
) -> None:
    """The reason stands beside the button."""
    form.folder.setText(FOLDER)
    why = "The ledger in /d cannot be used: record 7 was changed."
    opened.desk.tell(StatusChanged(replace(sample.STATUS, ledger_problem=why)))
    opened.settle()
    assert not form.start_button.isEnabled()
    assert why in said(form)
    opened.desk.tell(StatusChanged(sample.STATUS))
    opened.settle()
    assert form.start_button.isEnabled()


def test_a_run_that_ran_out_is_started_again_with_more_of_it(opened: Desk) -> None:
    """The pack, the folder and the intent as they were; twice the usual of what ran out."""
    runs = opened.window.pages.runs
    opened.window.routes.run.emit("r-0191")
    opened.settle()
    view = replace(
        sample_runs.stopped(sample_runs.example("CycleBudgetExhausted")), intent="Quickly."
    )
    runs.pane.show_run(view)
    opened.settle()
    press(runs.pane.next, "Larger budget…")
    opened.settle()
    assert runs.detail.currentWidget() is runs.form
    assert runs.form.folder.text() == view.folder
    assert runs.form.intent.words() == "Quickly."
    assert runs.form.budgets.amounts() == {"cycles": 40}
    assert "The run before ran out of cycles: 40 are filled in." in said(runs.form)


def test_where_the_pack_allows_no_more_the_form_says_what_would_help(opened: Desk) -> None:
    """Instead of offering what would be refused."""
    runs = opened.window.pages.runs
    opened.window.routes.run.emit("r-0191")
    opened.settle()
    runs.pane.show_run(sample_runs.stopped(sample_runs.example("FactBudgetExhausted")))
    runs.acts.again()
    opened.settle()
    assert runs.form.budgets.amounts() == {}
    assert "Have its [budgets] allow more" in said(runs.form)


def recall_offered(opened: Desk, form: NewRun, change: RecallChanged) -> None:
    opened.desk.recalls = change
    opened.desk.tell(change)
    opened.clock.steady += 0.1
    opened.settle()
    form.folder.setText(FOLDER)


def test_agents_recall_only_where_a_person_turns_it_on(opened: Desk, form: NewRun) -> None:
    """It says what it does; it is off, and off again for the run after."""
    assert "sees up to 5 hints of what was found and decided before." in said(form.recall)
    assert "A hint is never evidence" in said(form.recall)
    assert not form.recall.switch.isChecked()
    form.folder.setText(FOLDER)
    form.recall.switch.setFocus()
    QTest.keyClick(form.recall.switch, Qt.Key.Key_Space)
    assert form.recall.switch.isChecked()
    form.submit()
    assert opened.desk.last("start_run").args[4:] == (True,)
    opened.settle()
    assert not form.recall.switch.isChecked()
    form.folder.setText(FOLDER)
    form.submit()
    assert opened.desk.last("start_run").args[4:] == ()


def test_where_the_policy_lets_nobody_recall_there_is_no_switch(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """And what was turned on for another pack means nothing there."""
    without = replace(sample_runs.OFFER, recall="")
    desk.answers["start_offer"] = lambda _: without
    opened = make_desk(desk)
    opened.window.routes.start.emit("release-readiness")
    opened.settle()
    form = opened.window.pages.runs.form
    form.recall.switch.setChecked(True)
    form.recall.offer("")
    assert form.recall.isHidden()
    assert not form.recall.wanted()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (sample_recall.OFF, "opened without a model that embeds texts"),
        (sample_recall.OPENING, "still being opened"),
        (sample_recall.FAILED, "it ends too soon"),
    ],
)
def test_what_cannot_be_recalled_from_cannot_be_turned_on_and_says_why(
    opened: Desk, form: NewRun, change: RecallChanged, reason: str
) -> None:
    """What was turned on goes off; once it is there, it can be turned on."""
    form.recall.switch.setChecked(True)
    recall_offered(opened, form, change)
    assert not form.recall.switch.isEnabled()
    assert reason in said(form.recall)
    form.submit()
    assert opened.desk.last("start_run").args[4:] == ()
    recall_offered(opened, form, sample_recall.READY)
    assert form.recall.switch.isEnabled()
    assert reason not in said(form.recall)


def test_while_recall_catches_up_it_says_from_how_much_hints_come(
    opened: Desk, form: NewRun
) -> None:
    """It can be turned on meanwhile."""
    recall_offered(opened, form, sample_recall.FILLING)
    assert form.recall.switch.isEnabled()
    assert "up to record 12,000 so far" in said(form.recall)


def test_where_recall_goes_no_further_it_says_why_and_where_hints_end(
    opened: Desk, form: NewRun
) -> None:
    """What was read by then can still be recalled."""
    full = "/home/ada/recall cannot be written: No space left on device; make room there"
    recall_offered(opened, form, RecallChanged("failed", 12_000, full))
    assert form.recall.switch.isEnabled()
    assert "make room there. Hints, if any, end at record 12,000." in said(form.recall)
