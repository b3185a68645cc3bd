"""Beside a review: what was decided about things like this, looked for once it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QPushButton, QWidget

from converge_core.errors import IllegalCommand
from converge_desktop.runtime.port import RecallChanged
from converge_desktop.ui.pages.review_alike import AlikeView
from converge_desktop.ui.pages.review_precedents import PrecedentLine
from converge_desktop.ui.widgets.chips import Chip
from converge_desktop.ui.widgets.disclosure import Disclosure
from converge_desktop.ui.widgets.follow import Follow
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.whole_text import WholeText
from tests.ui import sample_recall, sample_review
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.test_ui_pages import press
from tests.ui.test_ui_pages import said as said_in_labels

LOOKING = "Looking for decisions about things like this…"
Show = Callable[..., Desk]


@pytest.fixture
def show(make_desk: MakeDesk, desk: FakeDesk) -> Show:
    """Opens a window over a review; nobody has answered what is like it, unless said otherwise."""

    def open_one(alike: object = None, recalls: RecallChanged = sample_recall.READY) -> Desk:
        desk.answers |= sample_review.answers()
        desk.answers.pop("alike", None)
        if alike is not None:
            desk.answers["alike"] = lambda _: alike
        desk.recalls = recalls
        opened = make_desk(desk)
        opened.window.go("inbox")
        opened.window.pages.inbox.show_gate("g-1")
        opened.settle()
        opened.settle()
        return opened

    return open_one


def view_of(opened: Desk) -> AlikeView:
    return opened.window.pages.inbox.review.body.side.alike


def said(widget: QWidget) -> str:
    texts = [one.text() for one in widget.findChildren(WholeText) if one.isVisibleTo(widget)]
    return " | ".join([said_in_labels(widget), *texts])


def lines(opened: Desk) -> list[str]:
    found = view_of(opened).findChildren(PrecedentLine)
    return [one.accessibleName() for one in found if not one.isHidden()]


def tell(opened: Desk, change: RecallChanged) -> None:
    opened.desk.recalls = change
    opened.desk.tell(change)
    for _ in range(3):
        opened.clock.steady += 0.1
        opened.settle()


def test_a_decision_whose_outcome_was_corrected_since_says_so(show: Show) -> None:
    """So that nobody leans on what no longer stands."""
    taken_back, stands = replace(sample_recall.ROWS[0], corrected=True), sample_recall.ROWS[1]
    view = view_of(show(sample_recall.alike(taken_back, stands)))
    first, second = view.findChildren(PrecedentLine)
    assert ["corrected since"] == [chip.text() for chip in first.findChildren(Chip)]
    assert [] == second.findChildren(Chip)


def test_what_was_decided_about_things_like_this_is_shown_with_verdict_who_reason_and_score(
    show: Show,
) -> None:
    """Nearest first, with how near as a number and a word, which says what it means."""
    opened = show(sample_recall.alike(*sample_recall.ROWS))
    approved, rejected = lines(opened)
    assert approved.startswith("Approved by bob: Hold billing 2.3.0 until the failing tests pass.")
    assert approved.endswith("the failures touch invoices, as they did in May")
    assert rejected.startswith("Rejected by ada: Hold ledger-tools 1.8.2")
    told = said(view_of(opened))
    assert "Approved by bob 12 days ago" in told
    scores = [one for one in view_of(opened).findChildren(Label) if "alike" in one.text()]
    assert ["0.93 alike", "0.74 alike"] == [one.text() for one in scores]
    assert "From 0.67 on it counts as alike" in scores[0].toolTip()
    assert "no evidence" in scores[0].accessibleDescription()


def test_each_leads_to_its_run_and_to_what_was_decided(show: Show) -> None:
    """By buttons that say where they lead."""
    opened = show(sample_recall.alike(*sample_recall.ROWS[:1]))
    went: list[str] = []
    opened.window.routes.run.connect(went.append)
    opened.window.routes.gate.connect(went.append)
    links = {one.accessibleName(): one for one in view_of(opened).findChildren(Follow)}
    links["Show the run it was decided in: r-0151"].click()
    links["Show what was decided: gate:r-0151/4/planning/0"].click()
    assert ["r-0151", "gate:r-0151/4/planning/0"] == went


def test_a_review_is_shown_before_anything_like_it_is_looked_for(show: Show) -> None:
    """Nothing of the review waits for the answer; meanwhile it says that it is being looked for."""
    opened = show()
    names = [call.name for call in opened.desk.calls]
    assert names.index("review") < names.index("alike")
    assert 1 == len(opened.desk.named("alike"))
    pane = opened.window.pages.inbox.review
    assert pane.currentIndex() == 1
    assert LOOKING in said(view_of(opened))
    opened.desk.last("alike").future.set_result(sample_recall.alike(*sample_recall.ROWS))
    opened.settle()
    assert LOOKING not in said(view_of(opened))
    assert 2 == len(lines(opened))


def test_what_is_found_for_an_earlier_gate_is_dropped(show: Show) -> None:
    """Only what is like the proposal that is shown stands beside it."""
    opened = show()
    earlier = opened.desk.last("alike")
    opened.window.pages.inbox.show_gate("g-2")
    opened.settle()
    opened.settle()
    later = opened.desk.last("alike")
    earlier.future.set_result(sample_recall.alike(*sample_recall.ROWS))
    opened.settle()
    assert ("g-1", "g-2") == (earlier.args[0], later.args[0])
    assert [] == lines(opened)
    assert LOOKING in said(view_of(opened))


def test_what_stands_among_the_precedents_already_is_not_shown_twice(show: Show) -> None:
    """Where nothing else is alike, that is said."""
    opened = show(sample_recall.alike(sample_recall.SHOWN_ALREADY, sample_recall.ROWS[0]))
    assert 1 == len(lines(opened))
    opened.window.pages.inbox.review.body.side.alike.show_alike(
        sample_recall.alike(sample_recall.SHOWN_ALREADY)
    )
    opened.settle()
    assert [] == lines(opened)
    assert "What is most like this stands above already." in said(view_of(opened))


def test_where_nothing_like_it_was_decided_that_is_said_and_how_it_was_looked_for(
    show: Show,
) -> None:
    """Among how many things, up to which record, how, by which model and how long: folded."""
    opened = show(sample_recall.NONE)
    view = view_of(opened)
    assert "Nothing like this has been decided on this desk." in said(view)
    [how] = view.findChildren(Disclosure)
    assert not how.is_open()
    how.head.click()
    told = said(how)
    for row in ("1,204 things", "record 48,213", "every one", "12.3 ms", "byte-exact"):
        assert row in told


def test_where_the_model_was_busy_it_can_be_looked_for_again(show: Show) -> None:
    """By a button; what is found then is shown."""
    opened = show(sample_recall.BUSY)
    assert "the model is busy" in said(view_of(opened))
    assert not view_of(opened).findChildren(Disclosure)
    opened.desk.answers["alike"] = lambda _: sample_recall.alike(*sample_recall.ROWS)
    press(view_of(opened), "Look again")
    opened.settle()
    assert 2 == len(lines(opened))


def test_a_desk_that_cannot_recall_says_why_and_that_one_can_decide_without_it(
    show: Show, desk: FakeDesk
) -> None:
    """The error's sentence, whole."""

    def off(_: str) -> None:
        raise IllegalCommand("nothing is recalled on this desk")

    desk.answers["alike"] = off
    opened = show(recalls=sample_recall.OFF)
    opened.desk.last("alike").future.set_exception(
        IllegalCommand("nothing is recalled on this desk")
    )
    opened.settle()
    assert (
        "Decisions about things like this could not be looked for. Nothing is recalled on this "
        "desk. You can decide without it."
    ) in said(view_of(opened))


def test_where_recall_failed_its_trouble_is_told_and_it_looks_again_once_it_is_back(
    show: Show,
) -> None:
    """Without being asked: the person opened the review and need not open it again."""
    opened = show(sample_recall.UNAVAILABLE, sample_recall.FAILED)
    assert "it ends too soon" in said(view_of(opened))
    opened.desk.answers["alike"] = lambda _: sample_recall.alike(*sample_recall.ROWS)
    tell(opened, sample_recall.READY)
    assert 2 == len(lines(opened))
    asked = len(opened.desk.named("alike"))
    tell(opened, RecallChanged("ready", 48_214))
    assert asked == len(opened.desk.named("alike"))


def test_while_recall_is_being_opened_it_waits_and_looks_then(show: Show) -> None:
    """Nothing is asked of what is not there yet."""
    opened = show(sample_recall.alike(*sample_recall.ROWS), sample_recall.OPENING)
    assert not opened.desk.named("alike")
    assert LOOKING in said(view_of(opened))
    tell(opened, sample_recall.READY)
    assert 2 == len(lines(opened))


def test_what_is_alike_is_no_part_of_what_must_be_seen_or_is_decided_about(show: Show) -> None:
    """It stands beside the review, so that what comes of it later changes no decision."""
    opened = show(sample_recall.alike(*sample_recall.ROWS))
    body = opened.window.pages.inbox.review.body
    review = opened.window.pages.inbox.review.review
    assert review is not None
    assert set(body.seen()) | set(body.not_seen()) <= {name for name, _ in review.parts}
    opened.window.pages.inbox.review.body.tell_standing(review)
    opened.settle()
    assert 2 == len(lines(opened))
    assert all(one.isEnabled() for one in view_of(opened).findChildren(QPushButton))


def test_while_recall_reads_the_ledger_what_it_has_read_is_shown(show: Show) -> None:
    """Once, not at every step of it; and looked for again when it has read all."""
    opened = show(recalls=sample_recall.OPENING)
    assert opened.desk.named("alike") == []
    opened.desk.answers["alike"] = lambda _: sample_recall.alike(sample_recall.ROWS[0])
    tell(opened, sample_recall.FILLING)
    tell(opened, RecallChanged("filling", 20_000))
    assert len(lines(opened)) == len(opened.desk.named("alike")) == 1
    opened.desk.answers["alike"] = lambda _: sample_recall.alike(*sample_recall.ROWS)
    tell(opened, sample_recall.READY)
    assert len(lines(opened)) == len(opened.desk.named("alike")) == 2
    tell(opened, sample_recall.READY)
    assert len(opened.desk.named("alike")) == 2


def test_looking_again_while_another_review_is_on_its_way_asks_for_nothing(show: Show) -> None:
    """There is no gate to ask about then."""
    opened = show(sample_recall.BUSY)
    asked = len(opened.desk.named("alike"))
    del opened.desk.answers["review"]
    again = next(b for b in view_of(opened).findChildren(QPushButton) if b.text() == "Look again")
    opened.window.pages.inbox.show_gate("g-2")
    again.click()
    assert len(opened.desk.named("alike")) == asked
