"""Taking a fact back: first what rests on it, then why; it becomes a proposal like any other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from converge_desktop.runtime.deciding_model import Edit
from converge_desktop.runtime.fact_model import Retractable
from converge_desktop.runtime.port import InboxChanged
from converge_desktop.ui.pages.fact_pane import FactPane
from converge_desktop.ui.pages.retract_box import who_words
from tests.ui import sample, sample_runs
from tests.ui.conftest import Desk
from tests.ui.test_ui_pages import press, said

CTRL = Qt.KeyboardModifier.ControlModifier
CTRL_SHIFT = CTRL | Qt.KeyboardModifier.ShiftModifier
FACT = "f-00000008"
SAYS = "Retracted: score 0.10, confidence 0.95"


@pytest.fixture
def pane(opened: Desk) -> FactPane:
    """The inspector, with the box opened by its key."""
    opened.window.routes.fact.emit("r-0192", FACT)
    opened.settle()
    QTest.keyClick(opened.window, Qt.Key.Key_R, CTRL_SHIFT)
    opened.settle()
    return opened.window.pages.context.inspector


def confirm(pane: FactPane) -> None:
    QTest.keyClick(pane.box.reason, Qt.Key.Key_Return, CTRL)


def test_what_rests_on_it_is_told_first_with_links(opened: Desk, pane: FactPane) -> None:
    """Counted in a sentence, each thing by name; a link leads to it."""
    told = said(pane.box)
    assert "3 facts, 1 proposal and 2 runs rest on it." in told
    assert pane.box.reason.hasFocus()
    press(pane.box, "Rests on it: 0.4.0 stays on hold")
    opened.settle()
    assert opened.desk.last("fact").args == ("r-0201", "f-00000051")


def test_nothing_is_proposed_without_a_reason(opened: Desk, pane: FactPane) -> None:
    """And Esc lets it stand."""
    confirm(pane)
    assert not opened.desk.named("retract")
    assert "It needs a reason." in said(pane.box)
    QTest.keyClick(pane.box.reason, Qt.Key.Key_Escape)
    assert not pane.box.isVisible()
    assert pane.foot.isVisible()


def test_ctrl_return_proposes_it_and_the_proposal_is_found_in_the_inbox(
    opened: Desk, pane: FactPane
) -> None:
    """The strip says where it waits, and leads there."""
    waiting = replace(sample.INBOX[5], run_id="r-0192", gate_id="g-9", title=SAYS, text=SAYS)
    opened.desk.answers["inbox"] = lambda: (*sample.INBOX, waiting)
    QTest.keyClicks(pane.box.reason, "it weighed a summary")
    confirm(pane)
    assert opened.desk.last("retract").args[:4] == ("r-0192", FACT, "it weighed a summary", None)
    opened.settle()
    assert not pane.box.isVisible()
    assert pane.strip.words().startswith("It was proposed and waits in the inbox.")
    opened.desk.answers["review"] = lambda *_: sample.review("g-6")
    pane.strip.action.click()
    opened.settle()
    assert opened.window.pages.page_id() == "inbox"


def test_a_corrected_text_goes_along(opened: Desk, pane: FactPane) -> None:
    """What is true instead is the person's own words."""
    pane.box.reason.setPlainText("it weighed a summary")
    pane.box.instead.setPlainText("score 0.20")
    confirm(pane)
    assert opened.desk.last("retract").args[3] == Edit(content="score 0.20")


def test_a_proposal_that_waits_for_the_next_cycle_says_so_until_it_is_asked_about(
    opened: Desk, pane: FactPane
) -> None:
    """The run is linked first, the proposal once it is in the inbox."""
    pane.box.reason.setPlainText("it weighed a summary")
    confirm(pane)
    opened.settle()
    assert "waits in run 0192 for its next cycle" in pane.strip.words()
    waiting = replace(sample.INBOX[5], run_id="r-0192", title=SAYS, text=SAYS)
    opened.desk.tell(InboxChanged((*sample.INBOX, waiting)))
    opened.settle()
    assert pane.strip.words().startswith("It was proposed and waits in the inbox.")


def test_what_cannot_be_proposed_says_why_and_keeps_what_was_typed(
    opened: Desk, pane: FactPane
) -> None:
    """Nothing is lost."""
    del opened.desk.answers["retract"]
    pane.box.reason.setPlainText("it weighed a summary")
    confirm(pane)
    confirm(pane)
    assert len(opened.desk.named("retract")) == 1
    opened.desk.last("retract").future.set_exception(ValueError("your key is locked"))
    opened.settle()
    assert pane.strip.words() == "Nothing was proposed. Your key is locked."
    assert pane.box.reason.words() == "it weighed a summary"
    assert pane.box.confirm.isEnabled()


@pytest.mark.parametrize(
    ("can", "sentence"),
    [
        (
            Retractable(rule="holding-needs-a-human"),
            "or allow self_approval in the policy, in the review of rule holding-needs-a-human.",
        ),
        (Retractable(rule="requires-human"), "Enrol a second person under People."),
        (Retractable(rule="no rule", high=True), "or write a rule about it into the policy"),
        (Retractable(rule="releasing", high=True), "no policy lets anybody approve their own"),
        (Retractable(rule="x", own=True), "You may approve it yourself"),
        (Retractable(rule="x", others=("ben", "cleo")), "It will wait for ben or cleo"),
        (Retractable(rule="x", reason="never", forbidden=True), "The policy forbids it by rule x"),
    ],
)
def test_who_will_decide_is_told_before_it_is_proposed(can: Retractable, sentence: str) -> None:
    """And where nobody could, what to do about it."""
    assert sentence in who_words(can)


def test_on_a_desk_of_one_it_is_said_that_nobody_could_approve_it(pane: FactPane) -> None:
    """In the box, before the reason is written."""
    assert "Nobody at this desk could approve it" in said(pane.box)
    assert sample_runs.ALONE.others == ()
