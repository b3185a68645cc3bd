"""What stands in a review beside its words: against what, how it stands, what would follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from converge_desktop.runtime.deciding_model import VoteRow
from converge_desktop.ui import words
from converge_desktop.ui.pages.review_section import Section, listed
from converge_desktop.ui.pages.review_unseen import look_through, note_of
from converge_desktop.ui.widgets.buttons import Button
from converge_desktop.ui.widgets.checks import Sign
from converge_desktop.ui.widgets.chips import ChipButton
from converge_desktop.ui.widgets.evidence import EvidenceItem
from converge_desktop.ui.widgets.follow import Follow
from converge_desktop.ui.widgets.moment import Moment
from converge_desktop.ui.widgets.whole_text import WholeText
from tests.ui import sample, sample_review
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.reading import place, walk
from tests.ui.reviewing import Reader
from tests.ui.sample import HOUR, MIN, NOW
from tests.ui.test_ui_review_text import forget


@pytest.fixture
def reader(qapp: QApplication) -> Iterator[Reader]:
    made = Reader()
    yield made
    forget(made.page)


@pytest.fixture
def shown(make_desk: MakeDesk, desk: FakeDesk) -> Desk:
    """A window over reviews with all there is to tell."""
    desk.answers |= sample_review.answers()
    return make_desk(desk)


def follows(reader: Reader) -> dict[str, Follow]:
    return {
        one.text(): one for one in reader.body.findChildren(Follow) if one.isVisibleTo(reader.body)
    }


def heard(signal: Any) -> list[tuple[Any, ...]]:
    told: list[tuple[Any, ...]] = []
    signal.connect(lambda *args: told.append(args))
    return told


# The order


def test_what_becomes_true_comes_first_then_why_then_the_evidence(reader: Reader) -> None:
    """And after that checks, who asked, precedents, what would follow, and the raw."""
    reader.show(sample_review.correcting())
    titles = [section.title for section in reader.body.sections()]
    assert titles == [
        "If you approve",
        "Against what stands",
        "Why",
        "Evidence",
        "Checks",
        "Who asked and who decides",
        "Mind",
        "Precedents",
        "Recorded steps",
        "What would follow",
        "Raw",
    ]


def test_what_a_review_does_not_have_has_no_heading(reader: Reader) -> None:
    """But where no reasoning, evidence or precedent is, that is said."""
    reader.show(sample_review.bare())
    titles = [section.title for section in reader.body.sections()]
    assert not {"Against what stands", "Mind", "Recorded steps", "Raw"} & set(titles)
    said = reader.said()
    assert "No reasoning was recorded" in said
    assert "No fact is cited." in said
    assert "Nothing was decided before about the same target" in said
    assert "No deadline." in said


# Against what stands


def test_what_a_correction_changes_is_shown_before_and_after_field_by_field(
    reader: Reader,
) -> None:
    """It says what happens to what stands, and leads to that fact."""
    reader.show(sample_review.correcting())
    said = reader.said(reader.body.main.truth)
    assert "that fact is superseded" in said
    for change in sample_review.TRUTH[0].changes[:1]:
        assert change.before in said
        assert change.after in said
    assert "0.91" in said
    assert "0.95" in said
    assert "steps 2, do" in said
    assert "record 47,901" in said
    traced = heard(reader.body.traced)
    follows(reader)["Fact f-0188-04-hold"].click()
    assert traced == [("r-0192", "f-0188-04-hold")]


def test_what_contradicts_another_proposal_leads_to_that_one(reader: Reader) -> None:
    """By keyboard: the button can be reached and pressed."""
    reader.show(sample_review.correcting())
    asked = heard(reader.body.gate_wanted)
    button = follows(reader)["Show the other proposal"]
    assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert asked == [("g-7",)]
    assert "Only one of the two can become true" in reader.said()


# How it stands


def test_votes_are_told_with_who_what_when_and_why(reader: Reader) -> None:
    """One that was undone says that it does not count."""
    reader.show(sample_review.correcting())
    said = reader.said(reader.body.side.rule)
    assert "1 of 2 approvals given" in said
    assert "bob rejected, undone: it does not count" in said
    assert "“not sure yet”" in said
    assert "bob approved" in said
    assert "4 min ago" in said
    signs = [one.accessibleName() for one in reader.body.side.rule.findChildren(Sign)]
    assert signs == ["rejected", "approved"]


def test_the_rule_who_may_vote_and_what_the_deadline_brings_are_told(reader: Reader) -> None:
    """Also how often it can be moved, by how much, and for how long a decision can be undone."""
    review = sample_review.correcting()
    reader.show(review)
    said = reader.said(reader.body.side.rule)
    for sentence in (
        f"Rule {review.rule}",
        words.sentence(review.rule_reason),
        f"May decide: {review.may_decide}",
        "Closes at 14:30, in 24 min",
        "May vote by now: ada, bob.",
        "Can be escalated to bob.",
        "If nobody answers by then, it is rejected.",
        "The deadline can be moved twice, by 30 min each time.",
        "A decision can be undone for 30 s before it takes effect.",
    ):
        assert sentence in said


def test_an_escalation_and_a_moved_deadline_are_told(reader: Reader) -> None:
    """The first deadline stays, as what was covered when it was asked."""
    later = sample_review.standing(escalated=True, deadline=NOW + 2 * HOUR, half_gone=True)
    reader.show(sample_review.review(standing=later))
    said = reader.said(reader.body.side.rule)
    assert "It was escalated: others are asked than at first." in said
    assert "Half of the time is gone." in said
    assert "Closes at 16:06, in 2 h" in said
    assert "Closed at first at" in said


def test_one_that_is_closed_says_how_it_ended_and_where_it_is_asked_now(reader: Reader) -> None:
    """It stays to be read; nothing of it says that it could still be decided."""
    reader.show(sample_review.closed())
    said = reader.said()
    assert "It is asked no more: what it rested on changed." in said
    assert "The deadline was" in said
    assert "Closes at" not in said
    assert "nothing that could follow" in said
    asked = heard(reader.body.gate_wanted)
    follows(reader)["Show where it is asked now"].click()
    assert asked == [("g-5",)]


def test_ground_that_moved_is_shown_as_it_was_and_as_it_is_with_both_facts(
    reader: Reader,
) -> None:
    """Over everything else, since it bears on all of it."""
    reader.show(sample_review.drifted())
    notices = reader.body.notices
    assert notices.isVisibleTo(reader.body)
    assert notices.y() < reader.body.main.y()
    said = reader.said(notices)
    assert "The ground moved since this was asked" in said
    assert sample_review.MOVED[0].before in said
    assert sample_review.MOVED[0].now in said
    assert "g-5 was approved: both settle" in said
    traced = heard(reader.body.traced)
    follows(reader)["The fact it rested on"].click()
    follows(reader)["The fact that holds now"].click()
    assert traced == [("r-0192", "f-90aa4e11"), ("r-0192", "f-90aa4e12")]


def test_a_vote_that_comes_in_changes_the_tally_and_moves_nothing_else(reader: Reader) -> None:
    """What was read stays where it was, and seen."""
    reader.show(sample_review.review())
    reader.read()
    text = reader.body.texts()[0]
    vote = VoteRow("bob#77aa66bb", "approve", "", NOW - MIN, stands=True)
    voted = replace(sample_review.standing(), votes=(vote,), approvals=1)
    reader.body.tell_standing(sample_review.review(standing=voted))
    reader.settle()
    assert "1 of 2 approvals given" in reader.said(reader.body.side.rule)
    assert reader.body.texts()[0] is text
    assert reader.body.not_seen() == ()


def test_each_part_that_changed_since_it_was_opened_says_so_before_and_after(
    reader: Reader,
) -> None:
    """At the part itself."""
    reader.show(sample_review.drifted())
    evidence = reader.said(reader.body.side.evidence_section)
    assert "Changed since you opened it" in evidence
    assert "evidence 3, value" in evidence
    assert "64.0 %" in evidence
    assert "Write tests for rounding" in reader.said(reader.body.main.why)
    assert "Changed since you opened it" not in reader.said(reader.body.side.checks)


# Precedents


def test_precedents_tell_verdict_who_when_and_why_and_lead_to_the_run(reader: Reader) -> None:
    """Those of the same target first; the exact time where it is pointed at."""
    reader.show(sample_review.review())
    section = reader.body.side.precedents
    said = reader.said(section)
    assert said.index("About the same target") < said.index("About the same kind of thing")
    assert "Approved by ada 3 h ago" in said
    assert "Rejected by bob 6 days ago" in said
    assert "“coverage was read from the wrong file”" in said
    moments = section.findChildren(Moment)
    assert words.full_time(sample_review.PRECEDENTS[0].at) in moments[0].toolTip()
    asked = heard(reader.body.run_wanted)
    follows(reader)["run 0170"].click()
    assert asked == [("r-0170",)]


def test_what_is_told_as_long_ago_stays_right_while_time_goes_on(reader: Reader) -> None:
    """Without being opened again."""
    reader.show(sample_review.review())
    reader.body._now = lambda: NOW + HOUR
    reader.body.tell_time()
    assert "Approved by ada 4 h ago" in reader.said(reader.body.side.precedents)


# What would follow


def test_what_approving_and_rejecting_would_lead_to_stands_side_by_side(reader: Reader) -> None:
    """Facts, refusals, agents, questions, broken rules, the end, and what is not known."""
    wanted = heard(reader.body.previews_wanted)
    reader.show(sample_review.review())
    assert wanted == [("g-1",)]
    assert "Working out what would follow" in reader.said(reader.body.previews)
    reader.body.show_previews(sample_review.previews())
    reader.settle()
    said = reader.said(reader.body.previews)
    for text in (
        "If you approve",
        "What is proposed, as it stands above.",
        "No release of 0.4.0 before the tests pass.",
        "Release 0.4.0 on Friday: a fact that stands says otherwise",
        "recall, cycle 5, runs: Strategies changed",
        "planning, cycle 5, unknown: it asks a model",
        "publisher, cycle 5, would be refused: it has effects",
        "Tell the team about the hold",
        "one strategy at a time: two strategies would stand",
        "It would wait for 1 answer.",
        "What planning proposes depends on a model.",
        "If you reject",
        "This cannot be shown: This gate is asked anew",
    ):
        assert text in said
    unknown = [
        one for one in reader.body.previews.findChildren(Sign) if one.accessibleName() == "unknown"
    ]
    assert len(unknown) == 1


@pytest.mark.parametrize(("width", "beside"), [(900, True), (420, False)])
def test_the_two_sides_stand_under_each_other_where_it_is_narrow(
    qapp: QApplication, width: int, *, beside: bool
) -> None:
    """And nothing of either is cut."""
    reader = Reader(width)
    reader.show(sample_review.review())
    reader.body.show_previews(sample_review.previews())
    reader.settle()
    view = reader.body.previews
    cards = [view._box.itemAt(n).widget() for n in range(view._box.count())]
    assert (cards[0].y() == cards[1].y()) is beside
    assert all(card.geometry().right() <= view.width() for card in cards)
    forget(reader.page)


def test_previews_that_fail_say_so_and_can_be_asked_for_again(reader: Reader) -> None:
    """It holds up no decision."""
    reader.show(sample_review.review())
    wanted = heard(reader.body.previews_wanted)
    reader.body.previews_failed("The engine is busy.")
    reader.settle()
    said = reader.said(reader.body.previews)
    assert "The engine is busy. You can decide without it." in said
    [again] = reader.body.previews.findChildren(Button)
    again.click()
    reader.settle()
    assert wanted == [("g-1",)]
    assert "Working out" in reader.said(reader.body.previews)


def test_previews_of_another_proposal_are_not_shown(reader: Reader) -> None:
    """They may arrive late."""
    reader.show(sample_review.review())
    reader.body.show_previews(sample_review.previews("g-2"))
    reader.settle()
    assert "Working out" in reader.said(reader.body.previews)


def test_the_window_asks_for_the_previews_and_shows_them(shown: Desk) -> None:
    """And says why where it cannot."""
    assert shown.desk.last("previews").args == ("g-1",)
    body = shown.window.pages.inbox.review.body
    assert body.previews.findChildren(Sign)
    del shown.desk.answers["previews"]
    shown.window.pages.inbox.step(1)
    shown.settle()
    shown.desk.last("previews").future.set_exception(ValueError("the run has stopped"))
    shown.settle()
    said = [one.text() for one in body.previews.findChildren(WholeText)]
    assert any("The run has stopped." in text for text in said)


# What the eye would miss


def test_what_the_eye_would_miss_is_told_over_the_review_with_where_it_is(
    reader: Reader,
) -> None:
    """How many, which ones, and in which parts."""
    reader.show(sample_review.hiding())
    said = reader.said(reader.body.notices)
    assert "4 characters that look like others" in said
    assert "2 characters that turn the order of reading" in said
    assert "1 character that cannot be seen" in said
    where = "Cyrillic small letter ie (U+0435), looks like Latin e: in what becomes true and"
    assert f"{where} the evidence." in said
    assert "Cyrillic small letter o (U+043E), looks like Latin o: in the evaluation." in said


def test_a_review_of_plain_words_has_no_such_note(reader: Reader) -> None:
    """And a note goes with the review it was about."""
    reader.show(sample_review.hiding())
    reader.show(sample_review.review())
    assert not reader.body.notices.isVisibleTo(reader.body)


def test_long_texts_are_looked_through_a_bounded_piece_at_a_time() -> None:
    """So that nothing holds the window up, and nothing is passed over."""
    found: Any = Counter()
    review = sample_review.review(becomes_true="hold " * 30_000 + "p\u0430y")
    sizes = list(look_through(review, found))
    assert max(sizes) <= 2_000
    assert sum(found.values()) == 1
    head, text = note_of(found)
    assert head == "This text has 1 character that looks like another."
    assert "in what becomes true" in text


# By keyboard


def test_sections_are_reached_by_key_and_said(shown: Desk) -> None:
    """Down to the last and back to the first."""
    body = shown.window.pages.inbox.review.body
    bar = body.walk.bar()
    assert bar is not None
    places = [bar.value()]
    for _ in range(20):
        QTest.keyClick(shown.window, Qt.Key.Key_BracketRight)
        shown.settle()
        places.append(bar.value())
    assert places == sorted(places)
    assert places[1] > places[0]
    assert bar.value() == bar.maximum()
    for _ in range(20):
        QTest.keyClick(shown.window, Qt.Key.Key_BracketLeft)
        shown.settle()
    assert bar.value() == bar.minimum()


def test_space_pages_through_all_that_must_be_seen(shown: Desk) -> None:
    """With a line of overlap, and Shift+Space goes back."""
    body = shown.window.pages.inbox.review.body
    bar = body.walk.bar()
    assert bar is not None
    QTest.keyClick(shown.window, Qt.Key.Key_Space)
    assert 0 < bar.value() < bar.pageStep()
    QTest.keyClick(shown.window, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert bar.value() == 0
    for _ in range(20):
        QTest.keyClick(shown.window, Qt.Key.Key_Space)
        shown.settle()
    assert body.not_seen() == ()


def test_space_opens_the_fact_that_has_the_focus_instead(shown: Desk) -> None:
    """What can be pressed is pressed."""
    body = shown.window.pages.inbox.review.body
    item = body.side.evidence.item("f-7c1e09a4")
    assert isinstance(item, EvidenceItem)
    item.setFocus()
    QTest.keyClick(item, Qt.Key.Key_Space)
    shown.settle()
    assert item.is_open()


def test_a_number_in_a_text_is_followed_by_keyboard_and_by_mouse(shown: Desk) -> None:
    """Tab reaches it, Return follows it; a click does the same."""
    body = shown.window.pages.inbox.review.body
    text = body.texts()[0]
    text.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(text, Qt.Key.Key_Tab)
    QTest.keyClick(text, Qt.Key.Key_Return)
    shown.settle()
    [lit] = body.side.evidence.lit()
    assert lit in text.links()[:2]
    cursor = text.document().find(sample.EVIDENCE[2].value)
    cursor.setPosition(cursor.selectionStart() + 1, QTextCursor.MoveMode.MoveAnchor)
    place = text.cursorRect(cursor).center() + QPoint(1, 0)
    QTest.mouseClick(text.viewport(), Qt.MouseButton.LeftButton, pos=place)
    shown.settle()
    assert body.side.evidence.lit() == ["f-90aa4e11"]


def test_every_value_of_the_evidence_names_its_cell_and_its_fact(reader: Reader) -> None:
    """Source, place and id stand there whole; opened, it leads to where it came from."""
    reader.show(sample_review.review())
    traced = heard(reader.body.traced)
    for row in sample.EVIDENCE:
        item = reader.body.side.evidence.item(row.fact_id)
        assert isinstance(item, EvidenceItem)
        said = reader.said(item)
        for text in (row.label, row.value, row.source, row.place, row.fact_id, row.cite):
            assert text in said
        QTest.keyClick(item, Qt.Key.Key_Return)
        chips = {chip.text(): chip for chip in item.findChildren(ChipButton)}
        chips["Where it came from"].click()
    assert traced == [("r-0192", row.fact_id) for row in sample.EVIDENCE]


def test_what_is_called_in_a_sentence_reads_as_one() -> None:
    """The names of parts, one and several."""
    assert listed(("plan",)) == "the plan"
    assert listed(("what", "evidence", "rule")) == (
        "what becomes true, the evidence and who asked and who may decide"
    )


def test_only_the_person_folds_and_another_proposal_begins_open(reader: Reader) -> None:
    """The same proposal stays as it was left."""
    reader.show(sample_review.review())
    section = reader.body.main.why
    assert isinstance(section, Section)
    QTest.keyClick(section.fold_button, Qt.Key.Key_Space)
    assert section.is_folded()
    assert section.fold_button.accessibleName() == "Open Why"
    reader.show(sample_review.review())
    assert section.is_folded()
    reader.show(sample_review.review("g-2"))
    assert not section.is_folded()


def test_nothing_stays_behind_when_another_review_is_shown(reader: Reader) -> None:
    """Widgets of the one before go."""
    reader.show(sample_review.correcting())
    before = len(reader.texts())
    for _ in range(3):
        reader.show(sample_review.correcting())
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert len(reader.texts()) == before


def test_tab_goes_through_the_review_in_the_order_of_reading(shown: Desk) -> None:
    """From the list into what becomes true, and on to the buttons under the review."""
    review = shown.window.pages.inbox.review
    reached = walk(shown.window)
    names = [one.accessibleName() for one in reached]
    inside = [one for one in reached if review.body.isAncestorOf(one)]
    at = [place(one, review.body) for one in inside if review.body.main.isAncestorOf(one)]
    assert [one.top() for one in at] == sorted(one.top() for one in at)
    start, end = reached.index(inside[0]), reached.index(inside[-1])
    assert reached[start : end + 1] == inside
    assert names.index("Fold If you approve") < names.index("Reasoning")
    assert names.index("Reasoning") < names.index("Fold Evidence") < names.index("Fold Raw")
    assert names.index("Fold Raw") < names.index("Reject")
    item = review.body.side.evidence.item("f-7c1e09a4")
    assert item is not None
    item.light(lit=True)
    reached = walk(shown.window)
    chip = reached[reached.index(item) + 1]
    assert isinstance(chip, ChipButton)
    assert chip.text() == "Copy id"
