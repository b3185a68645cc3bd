"""The list of the inbox: its rows, order, groups and marks; and nothing moves by itself."""

from __future__ import annotations

from dataclasses import replace
from time import thread_time

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester

from converge_desktop.runtime.port import InboxChanged
from converge_desktop.runtime.review_model import InboxRow
from converge_desktop.ui.models.inbox_model import InboxModel
from converge_desktop.ui.models.inbox_order import Heading
from converge_desktop.ui.models.looks import Role, RowLook
from converge_desktop.ui.pages.inbox import InboxPage
from converge_desktop.ui.widgets.row_delegate import mark_place
from tests.ui import sample, sample_inbox
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk

LEFT, CTRL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def page(opened: Desk) -> InboxPage:
    """The inbox, with the keyboard in its list."""
    opened.window.pages.inbox.list.setFocus()
    return opened.window.pages.inbox


def look(page: InboxPage, gate_id: str) -> RowLook:
    found = page.model.data(page.model.index(page.model.find(gate_id)), Role.LOOK)
    assert isinstance(found, RowLook)
    return found


def spoken(page: InboxPage, place: int) -> str:
    return str(page.model.data(page.model.index(place), Qt.ItemDataRole.AccessibleTextRole))


def listed(page: InboxPage) -> list[str]:
    """What stands in the list, headings by their title."""
    entries = [page.model.row_at(n) for n in range(page.model.rowCount())]
    return [e.title if isinstance(e, Heading) else e.gate_id for e in entries if e is not None]


def key(desk: Desk, name: Qt.Key, modifiers: Qt.KeyboardModifier | None = None) -> None:
    QTest.keyClick(desk.window, name, modifiers or Qt.KeyboardModifier.NoModifier)
    desk.settle()


def tell(desk: Desk, *rows: InboxRow) -> None:
    desk.desk.tell(InboxChanged(rows))
    desk.settle()


# What a row says.


def test_a_row_says_all_that_ranks_it(page: InboxPage) -> None:
    """Risk, title, agent, run, confidence, deadline and votes, for the eye and for the ear."""
    seen = look(page, "g-2")
    assert seen.title == "Pay 18,400 € to Norden Steel & Sons"
    assert seen.badge == "H"
    assert seen.right == "in 2 h"
    assert seen.subtitle == "spend · run 0188 · confidence 0.71 · 1 of 2 votes"
    said = spoken(page, page.model.find("g-2"))
    for part in (
        "High risk",
        "Pay 18,400 €",
        "spend",
        "run 0188",
        "0.71",
        "1 of 2 votes",
        "in 2 h",
    ):
        assert part in said


def test_a_deadline_tells_in_words_how_it_stands(opened: Desk, page: InboxPage) -> None:
    """Half gone, overdue and none at all are words, and the exact time is on hover."""
    tell(opened, sample_inbox.WARNED, sample_inbox.OVERDUE, sample_inbox.OPEN)
    page.side.settle()
    assert look(page, "g-warned").right == "in 20 min · half gone"
    assert look(page, "g-over").right == "overdue"
    assert look(page, "g-open").right == ""
    assert "2026-11-20" in look(page, "g-warned").tip
    assert "More than half of its time is gone" in look(page, "g-warned").tip
    assert "Overdue: its time ran out at 2026-11-20" in look(page, "g-over").tip
    assert "It has no deadline" in spoken(page, page.model.find("g-open"))


# Order and groups.


def test_each_order_puts_first_what_it_is_named_for(page: InboxPage) -> None:
    first = {
        "Due": "g-1",
        "Risk": "g-1",
        "Newest": "g-1",
        "Oldest": "g-7",
        "Confidence": "g-3",
        "Votes": "g-1",
    }
    for name, gate_id in first.items():
        page.sort.choose(name)
        assert listed(page)[0] == gate_id, name


def test_groups_have_a_heading_with_a_count(page: InboxPage) -> None:
    page.sort.choose_group("Risk")
    assert listed(page) == [
        *("High risk", "g-1", "g-2"),
        *("Medium risk", "g-3", "g-4"),
        *("Low risk", "g-5", "g-6", "g-7"),
    ]
    heading = page.model.row_at(0)
    assert isinstance(heading, Heading)
    assert heading.count == 2
    assert spoken(page, 0) == "Group, High risk, 2 proposals, open"


def test_groups_by_deadline_go_from_overdue_to_none(opened: Desk, page: InboxPage) -> None:
    today = sample_inbox.row("g-today", deadline=sample.NOW + 3 * sample.HOUR)
    tell(opened, *sample.INBOX, sample_inbox.OVERDUE, sample_inbox.OPEN, today)
    page.sort.choose_group("Due")
    headings = [e for e in listed(page) if not e.startswith("g-")]
    wanted = ["Overdue", "Due within an hour", "Due today", "Due later", "No deadline"]
    assert headings == wanted


@pytest.mark.parametrize("group", ["Run", "Agent", "Key"])
def test_other_groups_begin_with_the_most_pressing(page: InboxPage, group: str) -> None:
    page.sort.choose_group(group)
    first = page.model.row_at(0)
    assert isinstance(first, Heading)
    assert first.title in {"run 0192", "planning", "Strategies"}
    assert listed(page)[1] == "g-1"
    assert len([e for e in listed(page) if e.startswith("g-")]) == 7


def test_order_and_groups_are_remembered(
    make_desk: MakeDesk, desk: FakeDesk, page: InboxPage
) -> None:
    page.sort.choose("Oldest")
    page.sort.choose_group("Agent")
    again = make_desk(desk).window.pages.inbox
    assert (again.sort.sort, again.sort.grouping) == ("Oldest", "Agent")
    assert isinstance(again.model.row_at(0), Heading)
    assert again.sort.text() == "Oldest ▾"
    assert again.sort.accessibleName() == "Order: Oldest, grouped by agent"


def test_a_group_is_folded_by_key_and_by_pointer(opened: Desk, page: InboxPage) -> None:
    page.sort.choose_group("Risk")
    page.side.first()
    QTest.keyClick(page.list, Qt.Key.Key_Left)
    assert listed(page)[:2] == ["High risk", "Medium risk"]
    assert spoken(page, page.list.here()) == "Group, High risk, 2 proposals, folded"
    QTest.keyClick(page.list, Qt.Key.Key_Space)
    assert listed(page)[:2] == ["High risk", "g-1"]
    heading = page.list.visualRect(page.model.index(0)).center()
    QTest.mouseClick(page.list.viewport(), LEFT, pos=heading)
    assert listed(page)[:2] == ["High risk", "Medium risk"]
    key(opened, Qt.Key.Key_O, SHIFT)
    assert listed(page)[:2] == ["High risk", "g-1"]


def test_j_and_k_go_over_headings(opened: Desk, page: InboxPage) -> None:
    page.sort.choose_group("Risk")
    page.show_gate("g-2")
    key(opened, Qt.Key.Key_J)
    assert page.review.gate_id == "g-3"
    key(opened, Qt.Key.Key_K)
    assert page.review.gate_id == "g-2"


def test_what_lies_in_a_folded_group_is_found(page: InboxPage) -> None:
    page.sort.choose_group("Risk")
    page.list.set_folded(page.model.row_at(0), folded=True)  # type: ignore[arg-type]
    page.show_gate("g-2")
    assert page.review.gate_id == "g-2"
    assert page.model.find("g-2") == page.list.here()


# Marks.


def test_x_marks_and_shift_j_and_k_make_a_range(opened: Desk, page: InboxPage) -> None:
    """Going back over a range gives up what it took in."""
    page.show_gate("g-2")
    key(opened, Qt.Key.Key_X)
    assert [*page.model.states.marked] == ["g-2"]
    for _ in range(2):
        key(opened, Qt.Key.Key_J, SHIFT)
    assert {*page.model.states.marked} == {"g-2", "g-3", "g-4"}
    key(opened, Qt.Key.Key_K, SHIFT)
    assert {*page.model.states.marked} == {"g-2", "g-3"}
    key(opened, Qt.Key.Key_X)
    assert {*page.model.states.marked} == {"g-2"}
    key(opened, Qt.Key.Key_Escape)
    assert not page.model.states.marked


def test_a_mark_is_a_sign_and_a_word(opened: Desk, page: InboxPage) -> None:
    page.show_gate("g-3")
    before = page.list.viewport().grab(page.list.visualRect(page.list.currentIndex())).toImage()
    key(opened, Qt.Key.Key_X)
    place = page.list.currentIndex()
    assert look(page, "g-3").marked
    assert "marked" in spoken(page, place.row())
    row = page.list.visualRect(place)
    after = page.list.viewport().grab(row).toImage()
    box = mark_place(row).translated(-row.topLeft()).center()
    assert before.pixelColor(box) != after.pixelColor(box)


def test_the_pointer_marks_in_the_box_and_opens_beside_it(opened: Desk, page: InboxPage) -> None:
    rect = page.list.visualRect(page.model.index(3))
    QTest.mouseClick(page.list.viewport(), LEFT, pos=mark_place(rect).center())
    assert [*page.model.states.marked] == ["g-4"]
    assert page.review.gate_id == "g-1"
    rect = page.list.visualRect(page.model.index(5))
    QTest.mouseClick(page.list.viewport(), LEFT, CTRL, rect.center())
    assert [*page.model.states.marked] == ["g-4", "g-6"]
    QTest.mouseClick(page.list.viewport(), LEFT, pos=rect.center())
    assert page.review.gate_id == "g-6"


def test_a_heading_marks_what_stands_under_it(opened: Desk, page: InboxPage) -> None:
    page.sort.choose_group("Risk")
    page.side.first()
    QTest.keyClick(page.list, Qt.Key.Key_Up)
    key(opened, Qt.Key.Key_X)
    assert {*page.model.states.marked} == {"g-1", "g-2"}


def test_the_bar_says_what_is_marked(opened: Desk, page: InboxPage) -> None:
    assert page.side.marks.isHidden()
    key(opened, Qt.Key.Key_X)
    for _ in range(2):
        key(opened, Qt.Key.Key_J, SHIFT)
    assert page.side.marks.isVisible()
    assert page.side.marks.said.text() == "3 marked · 2 high risk"
    key(opened, Qt.Key.Key_A, CTRL)
    assert page.side.marks.said.text() == "7 marked · 2 high risk"
    key(opened, Qt.Key.Key_Escape)
    assert page.side.marks.isHidden()


# Nothing moves unless the person moves it.


def places(page: InboxPage) -> dict[str, QPoint]:
    rows = range(page.model.rowCount())
    return {
        str(page.model.proposal_at(n) and page.model.proposal_at(n).gate_id): page.list.visualRect(  # type: ignore[union-attr]
            page.model.index(n)
        ).topLeft()
        for n in rows
    }


def test_new_proposals_move_no_row(opened: Desk, page: InboxPage) -> None:
    """Not even one that would stand before all others; what is new is told of, with its key."""
    page.show_gate("g-3")
    before = places(page)
    urgent = sample_inbox.row("g-new", deadline=sample.NOW + sample.MIN, opened_at=sample.NOW)
    tell(opened, urgent, *sample.INBOX)
    after = places(page)
    assert {name: after[name] for name in before} == before
    assert page.review.gate_id == "g-3"
    assert page.side.fresh.isVisible()
    assert page.side.fresh.button.text() == "1 new"
    assert listed(page)[-2:] == ["New since you looked", "g-new"]
    assert "new" in look(page, "g-new").subtitle
    key(opened, Qt.Key.Key_J, CTRL | SHIFT)
    assert page.review.gate_id == "g-new"
    assert listed(page)[0] == "g-new"
    assert page.side.fresh.isHidden()


def test_jumping_to_where_one_is_says_so(opened: Desk, page: InboxPage) -> None:
    page.show_gate("g-1")
    key(opened, Qt.Key.Key_J, CTRL | SHIFT)
    assert opened.window.messages.texts() == ["The newest proposal is the one that is shown."]


def test_the_newest_is_found_behind_a_filter(opened: Desk, page: InboxPage) -> None:
    page.filter.setText("risk:high")
    tell(opened, *sample.INBOX, sample_inbox.row("g-new", opened_at=sample.NOW))
    assert page.side.fresh.button.text() == "1 new, 1 hidden by the filter"
    page.side.jump()
    assert page.review.gate_id == "g-new"
    assert page.filter.text() == ""


def test_a_row_that_goes_stays_and_says_why(make_desk: MakeDesk, desk: FakeDesk) -> None:
    """The one that was being looked at is still the one that is selected."""
    opened = make_desk(desk)
    page = opened.window.pages.inbox
    page.show_gate("g-3")
    opened.settle()
    before = places(page)
    closed = sample_inbox.standing()
    desk.answers["review"] = lambda gate, _="": replace(sample.review(gate), standing=closed)
    tell(opened, *(r for r in sample.INBOX if r.gate_id not in {"g-2", "g-3"}))
    assert places(page) == before
    assert page.list.here() == page.model.find("g-3")
    for gate_id in ("g-2", "g-3"):
        assert look(page, gate_id).right == "closed"
        assert "bea#07f1 chose to approve it." in look(page, gate_id).subtitle
        assert "No longer waits" in spoken(page, page.model.find(gate_id))
    assert page.side.fresh.button.text() == "2 closed"
    assert opened.window.rail.button("inbox").accessibleName() == "Inbox, 5 proposals"
    key(opened, Qt.Key.Key_J)
    assert page.review.gate_id == "g-4"
    page.side.settle()
    assert "g-3" not in listed(page)


def test_what_expired_is_told_as_such(make_desk: MakeDesk, desk: FakeDesk) -> None:
    opened = make_desk(desk)
    words = "Nobody answered by the deadline, and silence rejects."
    ended = sample_inbox.standing(words=words)
    desk.answers["review"] = lambda gate, _="": replace(sample.review(gate), standing=ended)
    tell(opened, *sample.INBOX[:-1])
    assert look(opened.window.pages.inbox, "g-7").subtitle == words


def test_a_mark_on_what_no_longer_waits_is_gone(opened: Desk, page: InboxPage) -> None:
    page.list.mark_all()
    tell(opened, *sample.INBOX[1:])
    assert "g-1" not in page.model.states.marked
    assert page.side.marks.said.text() == "6 marked · 1 high risk"


def test_what_was_decided_here_and_undone_is_no_news(opened: Desk, page: InboxPage) -> None:
    page.side.drop("g-3")
    tell(opened, *(row for row in sample.INBOX if row.gate_id != "g-3"))
    tell(opened, *sample.INBOX)
    assert "g-3" in listed(page)
    assert not page.model.states.unseen


def test_an_inbox_that_was_empty_shows_what_comes(opened: Desk, page: InboxPage) -> None:
    tell(opened)
    assert "Nothing waits for you" in page.none.words()
    tell(opened, *sample.INBOX[:2])
    assert listed(page) == ["g-1", "g-2"]


# Every state says what to do next.


def test_each_empty_state_says_what_to_do(make_desk: MakeDesk, desk: FakeDesk) -> None:
    del desk.answers["inbox"]
    opened = make_desk(desk)
    page = opened.window.pages.inbox
    assert page.none.words() == "Reading the inbox… What waits for you appears here."
    desk.last("inbox").future.set_exception(ValueError("the engine has stopped"))
    opened.settle()
    assert "The inbox cannot be read The engine has stopped." in page.none.words()
    page.none.pressed.emit()
    assert len(desk.named("inbox")) == 2, "it is tried again"
    desk.last("inbox").future.set_result(sample.INBOX)
    opened.settle()
    page.filter.setText("zebra")
    assert "7 proposals are hidden by it; change it, or clear it" in page.none.words()
    page.none.pressed.emit()
    assert page.model.rowCount() == 7


# The model, and how fast it is.


def test_the_model_keeps_to_the_rules_of_models(
    qapp: QApplication, qtmodeltester: ModelTester
) -> None:
    model = InboxModel(lambda: sample.NOW)
    qtmodeltester.check(model)
    model.take(sample.INBOX, lambda _: False)
    model.take((*sample.INBOX[2:], sample_inbox.WARNED), lambda _: False)
    model.arrange("Risk", "Agent")
    heading = model.row_at(0)
    assert isinstance(heading, Heading)
    model.fold(heading.key, folded=True)
    model.sift(lambda row: row.risk == "low")
    model.take(sample_inbox.many(600), lambda _: False)
    model.settle()
    model.sift(None)
    assert model.total() == 600


@pytest.mark.parametrize("group", ["None", "Agent"])
def test_ten_thousand_are_filtered_within_a_tenth_of_a_second(
    opened: Desk, page: InboxPage, group: str
) -> None:
    """From the letter to the painted list, in this thread's time: others share the machine."""
    tell(opened, *sample_inbox.many(10_000))
    page.sort.choose_group(group)
    opened.settle()
    taken: list[float] = []
    for text in ("risk:high conf<0.7", "", "invoice 7", "-agent:spend", ""):
        begun = thread_time()
        page.filter.setText(text)
        QApplication.processEvents()
        taken.append(thread_time() - begun)
    assert sorted(taken)[2] < 0.1, taken
