"""Deciding several as one: each listed whole, high risk left out, no answer by its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from converge_core.errors import DecisionRefused
from converge_desktop.runtime.deciding_model import (
    Answer,
    Answered,
    Change,
    GroundRow,
    OrderMatters,
    TruthRow,
)
from converge_desktop.runtime.port import InboxChanged
from converge_desktop.runtime.review_model import CheckRow
from converge_desktop.ui.models.inbox_batch import Batch
from converge_desktop.ui.pages.inbox import InboxPage
from converge_desktop.ui.pages.inbox_batch_card import BatchCard
from converge_desktop.ui.widgets.labels import Label
from tests.ui import sample, sample_inbox
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def batching(make_desk: MakeDesk, desk: FakeDesk) -> Desk:
    """A window whose desk takes several answers as one."""
    desk.answers["review"] = sample_inbox.review
    desk.answers["decide_many"] = sample_inbox.decided
    opened = make_desk(desk)
    opened.window.pages.inbox.window_active(active=True)
    return opened


def begin(desk: Desk, *gates: str, key: Qt.Key = Qt.Key.Key_A) -> InboxPage:
    """Marks proposals, and asks to decide them as one."""
    page = desk.window.pages.inbox
    page.list.setFocus()
    page.model.mark(gates)
    page.list.marks_changed.emit()
    QTest.keyClick(desk.window, key, SHIFT)
    desk.settle()
    assert page.batching()
    return page


def wait(desk: Desk, seconds: float = 0.6) -> None:
    desk.settle()
    desk.clock.steady += seconds
    desk.window.pages.inbox.batch.refresh()


def chord(desk: Desk) -> None:
    QTest.keyClick(desk.window, Qt.Key.Key_Return, CTRL)
    desk.settle()


def shown(page: InboxPage) -> str:
    return " ".join(x.text() for x in page.batch.findChildren(Label) if x.isVisible())


def cards(page: InboxPage) -> list[str]:
    found = [c for c in page.batch.findChildren(BatchCard) if c.isVisible()]
    return [card.gate_id for card in found]


def given(desk: Desk) -> Sequence[Answer]:
    answers: Sequence[Answer] = desk.desk.last("decide_many").args[0]
    return answers


def test_each_is_listed_whole_in_the_place_of_the_review(batching: Desk) -> None:
    page = begin(batching, "g-3", "g-4")
    assert cards(page) == ["g-3", "g-4"]
    for gate_id in ("g-3", "g-4"):
        review = sample_inbox.review(gate_id)
        assert review.title in shown(page)
        assert review.becomes_true in shown(page)
    assert "Approve 2 proposals" in shown(page)
    assert not page.review.isVisible()


def test_the_chord_approves_what_is_listed_each_by_its_gate(batching: Desk) -> None:
    """Bound to the digest that was shown, with the part that was listed and no other."""
    begin(batching, "g-4", "g-3")
    wait(batching)
    chord(batching)
    assert [(a.gate_id, a.verdict, a.shown, a.opened) for a in given(batching)] == [
        ("g-4", "approve", "digest-of-g-4", ("what",)),
        ("g-3", "approve", "digest-of-g-3", ("what",)),
    ]
    assert batching.desk.named("answer") == []


def test_nothing_counts_until_all_was_read_and_stood_still(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    del desk.answers["review"]
    opened = make_desk(desk)
    opened.window.pages.inbox.window_active(active=True)
    page = begin(opened, "g-3", "g-4")
    wait(opened, 5)
    chord(opened)
    assert "0 of 2 are read" in shown(page)
    for call in desk.named("review")[-2:]:
        call.future.set_result(sample_inbox.review(call.args[0]))
    opened.settle()
    chord(opened)
    assert desk.named("decide_many") == [], "listed a moment ago"
    opened.window.pages.inbox.window_active(active=False)
    wait(opened)
    chord(opened)
    assert desk.named("decide_many") == [], "the window is not in front"
    opened.window.pages.inbox.window_active(active=True)
    wait(opened)
    chord(opened)
    assert len(desk.named("decide_many")) == 1


def test_the_chord_never_reaches_the_review_that_lies_under_the_batch(batching: Desk) -> None:
    page = batching.window.pages.inbox
    page.show_gate("g-3")
    wait(batching, 5)
    batching.wait(5)
    begin(batching, "g-1")
    wait(batching, 5)
    chord(batching)
    QTest.keyClick(batching.window, Qt.Key.Key_R)
    assert batching.desk.named("answer") == []
    assert batching.desk.named("decide_many") == []


def test_approving_waits_until_the_whole_list_was_in_sight(batching: Desk) -> None:
    rows = tuple(sample_inbox.row(f"g-{n}") for n in range(30, 60))
    known = sample_inbox.review("g-7")
    batching.desk.answers["review"] = lambda gate, _="": replace(
        known, gate_id=gate, digest=f"digest-of-{gate}"
    )
    batching.desk.tell(InboxChanged(rows))
    batching.settle()
    page = begin(batching, *(row.gate_id for row in rows))
    wait(batching)
    assert not page.batch.frame.approve.isEnabled()
    assert "still to be seen" in page.batch.frame.hint.text()
    for _ in range(30):
        QTest.keyClick(batching.window, Qt.Key.Key_Space)
        batching.settle()
    wait(batching)
    assert page.batch.frame.approve.isEnabled(), page.batch.frame.hint.text()


def test_high_risk_is_decided_one_at_a_time(batching: Desk) -> None:
    page = begin(batching, "g-1", "g-3")
    assert "High risk is decided one at a time" in shown(page)
    wait(batching)
    chord(batching)
    assert [a.gate_id for a in given(batching)] == ["g-3"]
    assert "Still waiting for you".upper() in shown(page).upper()
    assert [*page.model.states.marked] == ["g-1"]
    page.batch.open_wanted.emit("g-1")
    batching.settle()
    assert not page.batching()
    assert page.review.gate_id == "g-1"


def test_what_turns_out_to_be_of_high_risk_is_left_out_too(batching: Desk) -> None:
    """The review says so, whatever the list said."""
    batching.desk.answers["review"] = lambda gate, _="": replace(
        sample_inbox.review(gate), risk="high" if gate == "g-4" else "low"
    )
    begin(batching, "g-3", "g-4")
    wait(batching)
    chord(batching)
    assert [a.gate_id for a in given(batching)] == ["g-3"]


MORE_TO_SEE: dict[str, tuple[dict[str, object], str]] = {
    "truth": (
        {"truth": (TruthRow("corrects", "f-1", 12, (Change("content", "held", "out"),)),)},
        "It speaks against something that stands.",
    ),
    "failed check": ({"checks": (CheckRow("sums", False, "1 is not 2"),)}, "1 check failed."),
    "moved ground": (
        {
            "standing": replace(
                sample_inbox.standing("open", "It waits."),
                moved=(GroundRow("f-1", "held", "f-2", "out", 12),),
            )
        },
        "What it rests on changed since it was asked.",
    ),
    "note": ({"notes": ("Two prices were not found.",)}, "1 note on it to be read."),
    "what changed here": ({"kept": ("The pack is another.",)}, "1 note on it to be read."),
    "unseen character": (
        {"consequences": ("pays account 12\u202e34",)},
        "Its texts hold characters that the eye would miss.",
    ),
    "long strange text": ({"consequences": ("é " * 20_000,)}, "Its texts are long."),
}


@pytest.mark.parametrize("what", MORE_TO_SEE)
def test_what_has_more_to_be_seen_than_a_list_shows_is_approved_by_itself(
    batching: Desk, what: str
) -> None:
    """The approval binds the whole review, so nothing of it may go unseen; each says why."""
    changes, why = MORE_TO_SEE[what]
    batching.desk.answers["review"] = lambda gate, _="": replace(
        sample_inbox.review(gate), **(changes if gate == "g-4" else {})
    )
    page = begin(batching, "g-3", "g-4")
    assert "Approve 1 proposal" in shown(page)
    assert "is decided one at a time" in shown(page)
    assert why in shown(page)
    wait(batching)
    chord(batching)
    assert [a.gate_id for a in given(batching)] == ["g-3"]
    assert [*page.model.states.marked] == ["g-4"]


def test_what_has_more_to_be_seen_may_be_rejected_with_the_others(batching: Desk) -> None:
    """What is rejected does nothing; but it says so there, too."""
    batching.desk.answers["review"] = lambda gate, _="": replace(
        sample_inbox.review(gate), notes=("Two prices were not found.",)
    )
    page = begin(batching, "g-3", "g-4", key=Qt.Key.Key_R)
    assert cards(page) == ["g-3", "g-4"]
    assert "1 note on it to be read." in shown(page)


def test_what_came_of_each_is_said(batching: Desk) -> None:
    def some(answers: Sequence[Answer], _: str | None = None) -> tuple[Answered, ...]:
        first, second = sample_inbox.decided(answers)
        return first, replace(second, phase="open", end="", settles_at=None)

    batching.desk.answers["decide_many"] = some
    page = begin(batching, "g-3", "g-4", "g-5")
    batching.desk.tell(InboxChanged(tuple(r for r in sample.INBOX if r.gate_id != "g-5")))
    batching.settle()
    assert "It was decided, withdrawn or ran out of time." in shown(page)
    wait(batching)
    chord(batching)
    assert "1 approved, 1 voted on, more votes needed, 1 no longer waited" in shown(page)
    assert page.model.find("g-3") == -1
    assert page.model.find("g-4") >= 0, "it waits for more votes"
    assert not page.model.states.marked


def test_where_order_matters_it_says_why_and_offers_to_split(batching: Desk) -> None:
    why = "both correct f-1, and whichever merges first does"

    def refuse(answers: Sequence[Answer], _: str | None = None) -> tuple[Answered, ...]:
        if {"g-3", "g-4"} <= {answer.gate_id for answer in answers}:
            raise OrderMatters((("g-3", "g-4", why),))
        return sample_inbox.decided(answers)

    batching.desk.answers["decide_many"] = refuse
    page = begin(batching, "g-3", "g-4", "g-5")
    wait(batching)
    chord(batching)
    said = page.batch.frame.refused.text()
    assert said.startswith(f"Nothing was recorded, because their order matters: {why}.")
    together = "These can go together: “Roll back payment-api to 7.2.1”, “Mark test_rounding_2"
    assert together in said
    assert "Afterwards: “Reclassify 12 lines as travel”." in said
    wait(batching)
    chord(batching)
    assert len(batching.desk.named("decide_many")) == 1, "the split comes first"
    page.batch.frame.split.click()
    wait(batching)
    chord(batching)
    assert [a.gate_id for a in given(batching)] == ["g-3", "g-5"]
    assert [*page.model.states.marked] == ["g-4"]
    assert "2 approved" in shown(page).lower()


def test_what_is_refused_is_said_and_read_again(batching: Desk) -> None:
    def refuse(*_: object) -> None:
        raise DecisionRefused("g-3: what was shown is not what is asked now; review it again")

    batching.desk.answers["decide_many"] = refuse
    page = begin(batching, "g-3", "g-4")
    wait(batching)
    before = len(batching.desk.named("review"))
    chord(batching)
    said = page.batch.frame.refused.text()
    assert said.startswith("Nothing was recorded. “Roll back payment-api to 7.2.1”: what was shown")
    assert len(batching.desk.named("review")) == before + 2
    assert [*page.model.states.marked] == ["g-3", "g-4"]


def test_rejecting_several_takes_one_reason(batching: Desk) -> None:
    """High risk among them too: what is rejected does nothing."""
    page = begin(batching, "g-1", "g-4", key=Qt.Key.Key_R)
    box = page.batch.frame.reject
    assert box.isVisible()
    assert not box.confirm.isEnabled()
    wait(batching)
    chord(batching)
    assert batching.desk.named("decide_many") == []
    box.edit.setPlainText("The quarter is closed.")
    wait(batching)
    chord(batching)
    assert [(a.gate_id, a.verdict, a.reason) for a in given(batching)] == [
        ("g-1", "reject", "The quarter is closed."),
        ("g-4", "reject", "The quarter is closed."),
    ]
    assert "2 rejected" in shown(page).lower()


def test_escape_goes_back_to_the_review_and_keeps_the_marks(batching: Desk) -> None:
    page = begin(batching, "g-3", "g-4")
    QTest.keyClick(batching.window, Qt.Key.Key_Escape)
    assert not page.batching()
    assert [*page.model.states.marked] == ["g-3", "g-4"]
    QTest.keyClick(batching.window, Qt.Key.Key_Escape)
    assert not page.model.states.marked


def test_one_that_cannot_be_shown_is_left_out_and_says_so(batching: Desk) -> None:
    def read(gate: str, since: str = "") -> object:
        if gate == "g-4":
            raise ValueError("a part of it is missing")
        return sample_inbox.review(gate, since)

    batching.desk.answers["review"] = read
    page = begin(batching, "g-3", "g-4")
    assert "It cannot be shown. A part of it is missing." in shown(page)
    wait(batching)
    chord(batching)
    assert [a.gate_id for a in given(batching)] == ["g-3"]


def test_whoever_goes_on_meanwhile_is_told_what_came_of_it(batching: Desk) -> None:
    del batching.desk.answers["decide_many"]
    page = begin(batching, "g-3", "g-4")
    wait(batching)
    chord(batching)
    page.show_gate("g-5")
    batching.settle()
    assert not page.batching()
    batching.desk.last("decide_many").future.set_result(sample_inbox.decided(given(batching)))
    batching.settle()
    assert batching.window.messages.texts()[0] == "Decided as one: 2 approved."
    assert page.review.gate_id == "g-5"


def test_a_split_keeps_as_many_together_as_come_first() -> None:
    batch = Batch("approve", sample.INBOX[2:])
    waits = batch.split([("g-3", "g-4", "why"), ("g-4", "g-5", "why"), ("g-6", "g-3", "why")])
    assert {*waits} == {"g-4", "g-6"}
