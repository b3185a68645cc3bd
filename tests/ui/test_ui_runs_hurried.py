"""Runs in the hands of somebody in a hurry: answers late, out of order or bad, and odd input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from converge_desktop.runtime.port import RunChanged
from converge_desktop.runtime.trace_model import TraceSet
from converge_desktop.ui.pages.budget_fields import BudgetFields
from converge_desktop.ui.pages.new_run import NewRun
from converge_desktop.ui.pages.run_view import RunPane
from tests.ui import sample, sample_runs
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.test_ui_pages import said

CTRL = Qt.KeyboardModifier.ControlModifier


def shown(opened: Desk, run_id: str = "r-0192") -> RunPane:
    opened.window.routes.run.emit(run_id)
    opened.settle()
    return opened.window.pages.runs.pane


@pytest.fixture
def form(opened: Desk) -> NewRun:
    opened.window.routes.start.emit("release-readiness")
    opened.settle()
    return opened.window.pages.runs.form


def test_a_home_that_there_is_not_is_told_and_the_form_stays_usable(
    opened: Desk, form: NewRun
) -> None:
    """A path that begins with ``~`` and a name nobody has cannot be looked up."""
    typed = "~nobody-of-this-name/reports"

    def refuse(*_: object) -> str:
        raise ValueError(f"{typed}: there is no such folder")

    opened.desk.answers["start_run"] = refuse
    form.folder.setText(typed)
    form.check()
    form.submit()
    opened.settle()
    assert "there is no such folder" in form.error.text()
    assert opened.desk.last("check_input").args[1] == Path(typed)
    assert form.start_button.isEnabled()


def test_a_pack_whose_question_tells_what_is_wanted_can_be_started(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """Its question names the request beside the subject."""
    question = "is {subject} fit to be released, seeing that {request}"
    desk.answers["start_offer"] = lambda _: replace(sample_runs.OFFER, question=question)
    opened = make_desk(desk)
    opened.window.routes.start.emit("release-readiness")
    opened.settle()
    form = opened.window.pages.runs.form
    assert "is … fit to be released, seeing that …?" in said(form)
    assert list(form.budgets.edits) == ["cycles", "facts", "tokens", "seconds"]


def test_budgets_of_one_pack_are_never_sent_to_another(make_desk: MakeDesk, desk: FakeDesk) -> None:
    """Until a pack has said what it offers, nothing of the one before stands in the form."""
    other = replace(sample.PACKS[0], pack_id="other", title="Other")
    desk.answers["packs"] = lambda: (*sample.PACKS, other)
    opened = make_desk(desk)
    opened.window.routes.start.emit("release-readiness")
    opened.settle()
    form = opened.window.pages.runs.form
    form.folder.setText("/home/ada/reports")
    form.budgets.edits["cycles"].setText("40")
    del desk.answers["start_offer"]
    form.choose_pack("other")
    assert form.budgets.amounts() == {}
    desk.last("start_offer").future.set_exception(ValueError("the pack is damaged"))
    opened.settle()
    form.submit()
    assert desk.last("start_run").args[0] == "other"
    assert desk.last("start_run").args[3] == {}


def test_more_of_what_ran_out_is_filled_in_for_the_pack_of_that_run(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """Also where another pack was chosen in the form before."""
    other = replace(sample.PACKS[0], pack_id="other", title="Other")
    few = tuple(replace(one, default=2, most=3) for one in sample_runs.OFFER.budgets)
    ended = sample_runs.stopped(sample_runs.example("CycleBudgetExhausted"))
    offers = {
        "other": replace(sample_runs.OFFER, pack_id="other", budgets=few),
        "release-readiness": sample_runs.OFFER,
    }
    desk.answers["packs"] = lambda: (*sample.PACKS, other)
    desk.answers["start_offer"] = offers.__getitem__
    desk.answers["run_view"] = lambda _: ended
    opened = make_desk(desk)
    opened.window.routes.start.emit("other")
    opened.settle()
    shown(opened, "r-0191")
    opened.window.pages.runs.acts.again()
    opened.settle()
    form = opened.window.pages.runs.form
    assert form.budgets.edits["cycles"].text() == "40"
    assert "40 are filled in" in said(form)


def test_packs_that_cannot_be_read_are_told_where_one_would_be_chosen(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """Not read for ever; and why nothing can be started stands beside the button."""

    def fail() -> None:
        raise ValueError("the folder of packs is gone")

    desk.answers["packs"] = fail
    opened = make_desk(desk)
    opened.window.routes.start.emit("")
    opened.settle()
    form = opened.window.pages.runs.form
    form.folder.setText("/home/ada/reports")
    told = said(form)
    assert "Packs are being read" not in told
    assert "The folder of packs is gone." in told
    assert "There is no pack to start a run of." in told


def test_without_a_pack_the_form_says_so(make_desk: MakeDesk, desk: FakeDesk) -> None:
    """None at all is another thing than not known yet."""
    desk.answers["packs"] = tuple
    opened = make_desk(desk)
    opened.window.routes.start.emit("")
    opened.settle()
    told = said(opened.window.pages.runs.form)
    assert "Packs are being read" not in told
    assert "There is no pack to start a run of." in told


def test_one_folder_is_looked_into_at_a_time_and_then_the_last_one_named(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """A slow disk is not asked again at each letter, and what was named last is what is told."""
    del desk.answers["check_input"]
    opened = make_desk(desk)
    opened.window.routes.start.emit("release-readiness")
    opened.settle()
    form = opened.window.pages.runs.form
    for folder in ("/a", "/a/b", "/a/b/c"):
        form.folder.setText(folder)
        form.check()
    assert len(desk.named("check_input")) == 1
    desk.last("check_input").future.set_result(sample_runs.INPUT)
    opened.settle()
    assert "Can be read" not in said(form.report)
    assert [str(call.args[1]) for call in desk.named("check_input")] == ["/a", "/a/b/c"]
    desk.last("check_input").future.set_exception(ValueError("/a/b/c: there is no such folder"))
    opened.settle()
    assert "there is no such folder" in form.error.text()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("1,5", "write a whole number"),
        ("-5", "write a whole number"),
        ("1e3", "write a whole number"),
        ("", "write a whole number"),
        ("１２", "write a whole number"),
        ("9" * 5000, "allows at most 100"),
        ("0", "at least 1"),
    ],
)
def test_a_number_means_what_it_says_or_is_refused(form: NewRun, typed: str, told: str) -> None:
    """A comma parts thousands and nothing else; what is too much is told as too much."""
    form.folder.setText("/home/ada/reports")
    form.budgets.edits["cycles"].setText(typed)
    assert told in form.budgets.problem()
    assert not form.start_button.isEnabled()


def test_thousands_may_be_parted(qtbot: object) -> None:
    """As they are where they are told."""
    fields = BudgetFields()
    fields.offer(sample_runs.OFFER.budgets)
    for typed in ("12,000", "12 000", "12000", "0012000"):
        fields.edits["tokens"].setText(typed)
        assert fields.amounts() == {"tokens": 12_000}


def test_a_reason_that_was_refused_is_not_lost(make_desk: MakeDesk, desk: FakeDesk) -> None:
    """It stands in the box as it was typed, and why it was refused above it."""
    del desk.answers["pause"]
    opened = make_desk(desk)
    pane = shown(opened)
    opened.window.pages.runs.acts.ask_reason()
    pane.reason.edit.setPlainText("so long a reason")
    QTest.keyClick(pane.reason.edit, Qt.Key.Key_Return, CTRL)
    desk.last("pause").future.set_exception(ValueError("the reason has 20,001 characters"))
    opened.settle()
    assert pane.reason.isVisible()
    assert pane.reason.edit.words() == "so long a reason"
    QTest.keyClick(pane.reason.edit, Qt.Key.Key_Return, CTRL)
    desk.last("pause").future.set_result(None)
    opened.settle()
    assert not pane.reason.isVisible()
    assert pane.reason.edit.words() == ""


def test_what_is_said_of_one_run_does_not_stay_over_another(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """Though it came of a press that was answered after the other run was opened."""
    del desk.answers["pause"]
    opened = make_desk(desk)
    pane = shown(opened)
    opened.window.pages.runs.acts.pause()
    asked = desk.last("pause").future
    shown(opened, "r-0193")
    assert pane.strip.words() == ""
    asked.set_result(None)
    opened.settle()
    assert pane.strip.words() == ""
    assert pane.banner.pause.isEnabled()


def test_what_goes_on_of_a_run_is_told_again_where_it_is_shown_again(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """There and back: its buttons still say that it is under way."""
    del desk.answers["pause"]
    opened = make_desk(desk)
    pane = shown(opened)
    opened.window.pages.runs.acts.pause()
    shown(opened, "r-0193")
    shown(opened)
    assert not pane.banner.pause.isEnabled()
    desk.last("pause").future.set_result(None)
    opened.settle()
    assert pane.banner.pause.isEnabled()


def test_a_double_click_stops_no_run(opened: Desk) -> None:
    """The second press has to come after what the first one says could be read."""
    pane = shown(opened)
    button = pane.banner.cancel
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QTest.mouseDClick(button, Qt.MouseButton.LeftButton)
    QTest.mouseRelease(button, Qt.MouseButton.LeftButton)
    assert not opened.desk.named("cancel")
    assert button.armed
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert opened.desk.named("cancel")


def test_a_failed_answer_takes_nobody_off_the_form(make_desk: MakeDesk, desk: FakeDesk) -> None:
    """Whoever types there does so in peace."""
    opened = make_desk(desk)
    shown(opened)
    del desk.answers["run_view"]
    opened.window.routes.run.emit("r-0193")
    opened.window.routes.start.emit("")
    form = opened.window.pages.runs.form
    assert form.isVisible()
    desk.last("run_view").future.set_exception(ValueError("no such run"))
    opened.settle()
    assert form.isVisible()


def test_a_late_failure_about_a_moment_does_not_hide_the_run_as_it_is(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """Only what is wanted by now counts, also where it fails."""
    opened = make_desk(desk)
    pane = shown(opened)
    desk.answers.pop("run_at", None)
    opened.window.pages.runs.show_moment("r-0192", 3, sample.NOW)
    opened.settle()
    opened.window.pages.runs.show_now()
    opened.settle()
    assert pane.isVisible()
    desk.last("run_at").future.set_exception(ValueError("the record is gone"))
    opened.settle()
    assert pane.isVisible()


def test_a_card_that_lies_open_says_what_has_become_of_it(opened: Desk) -> None:
    """What waited and was decided does not wait any more, and offers no review."""
    pane = shown(opened)
    [waiting] = [card for card in pane.facts.cards() if card.card.state == "waiting"]
    waiting.click()
    opened.settle()
    assert "it waits for you" in said(pane.detail)
    view = sample_runs.waiting()
    decided = tuple(
        (
            key,
            tuple(
                replace(card, state="fact", approver="ada") if card == waiting.card else card
                for card in cards
            ),
        )
        for key, cards in view.context
    )
    opened.desk.tell(RunChanged(replace(view, context=decided)))
    opened.settle()
    assert "it waits for you" not in said(pane.detail)
    gone = tuple(
        (key, tuple(card for card in cards if card.fact_id != waiting.card.fact_id))
        for key, cards in view.context
    )
    opened.desk.tell(RunChanged(replace(view, context=gone)))
    opened.settle()
    assert not pane.detail.isVisible()


def test_a_run_without_agents_has_words_for_it(opened: Desk) -> None:
    """No sentence with a hole in it."""
    opened.desk.answers["run_view"] = lambda _: replace(sample_runs.waiting(), agents=())
    pane = shown(opened, "r-0193")
    opened.desk.answers["run_view"] = lambda _: replace(
        sample.run_view("r-0191"), agents=(), timeline=()
    )
    pane = shown(opened, "r-0191")
    opened.window.pages.runs.acts.do("trace")
    opened.settle()
    assert "Nobody" not in pane.strip.words()
    assert pane.strip.words() == "No step is recorded in this run: no model was asked."


def test_where_only_the_newest_steps_were_looked_through_it_says_so(opened: Desk) -> None:
    """What lies further back is not denied."""
    opened.desk.answers["find_traces"] = lambda *_: TraceSet(5_000, 9, 9, 1)
    opened.desk.answers["trace_rows"] = lambda *_: ()
    pane = shown(opened)
    opened.window.pages.runs.acts.do("trace")
    opened.settle()
    assert "no model was asked" not in pane.strip.words()
    assert "the newest 300 of 5,000" in pane.strip.words()


def test_a_thousand_notes_do_not_hold_up_the_window(opened: Desk) -> None:
    """The first are shown, and how many more there are; the watchdog holds it to that."""
    notes = tuple(f"{n}.xml is a copy of junit.xml and was read once." for n in range(2_000))
    opened.desk.answers["run_view"] = lambda _: replace(sample_runs.waiting(), notes=notes)
    pane = shown(opened)
    assert "0.xml is a copy" in said(pane.notes)
    assert "more notes" in said(pane.notes)


def test_a_name_of_three_hundred_letters_widens_nothing(opened: Desk) -> None:
    """It wraps, or is cut where it stands in full on hover."""
    view = sample_runs.waiting()
    long = "name" * 75
    row = replace(view.row, title=long, label=long[:40])
    agents = tuple(replace(one, agent=f"{long}{n}") for n, one in enumerate(view.agents))
    opened.desk.answers["run_view"] = lambda _: replace(view, row=row, agents=agents)
    pane = shown(opened)
    assert pane.minimumSizeHint().width() < 1000
    assert pane.width() <= opened.window.width()


def test_the_folders_report_says_all_of_it_to_who_does_not_see_it(
    opened: Desk, form: NewRun
) -> None:
    """Not only how many notes there are more."""
    notes = tuple(f"note number {n}" for n in range(9))
    form.report.tell(replace(sample_runs.INPUT, notes=notes))
    assert "converge-desktop at 4be1c0d" in form.report.accessibleDescription()


def test_a_fork_that_is_ready_late_leaves_whoever_went_elsewhere_there(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """It waits for a model perhaps; a notice says that it began."""
    desk.answers.pop("fork", None)
    opened = make_desk(desk)
    shown(opened)
    opened.window.pages.runs.acts.fork()
    opened.window.routes.page.emit("inbox")
    opened.settle()
    desk.last("fork").future.set_result("r-0193")
    opened.settle()
    assert opened.window.pages.page_id() == "inbox"


@pytest.mark.parametrize("moment", [2**62, -(2**62), 10**18, 0])
def test_a_time_that_no_calendar_has_is_drawn_all_the_same(opened: Desk, moment: int) -> None:
    """A record can claim any; what lies ahead is not told as past."""
    view = sample_runs.waiting()
    row = replace(view.row, started_at=moment, phase="paused", paused_at=moment)
    opened.desk.answers["run_view"] = lambda _: replace(view, row=row)
    opened.desk.tell(RunChanged(replace(view, row=row)))
    assert shown(opened).banner.words().startswith("Paused")
