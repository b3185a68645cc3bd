"""What happens to a proposal while it is looked at: others decide, time passes, ground moves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from converge_core.errors import DecisionRefused
from converge_desktop.runtime.port import InboxChanged, RunChanged, SettlingChanged
from converge_desktop.ui.pages.decide_words import due_words, timed
from converge_desktop.ui.widgets.buttons import Button
from tests.ui import sample
from tests.ui import sample_deciding as deciding
from tests.ui.conftest import Clock, Desk, MakeDesk
from tests.ui.deciding_kit import answered, approve, arm, chord, pane, press, see_all, type_in
from tests.ui.fake_desk import FakeDesk
from tests.ui.sample import MIN, NOW


@pytest.fixture
def desk(desk: FakeDesk) -> FakeDesk:
    """A desk that knows how its gates stand."""
    desk.answers |= deciding.answers()
    return desk


def becomes(opened: Desk, review: object, *, gone: bool = False) -> None:
    """Has the review be another from now on, and the window hear that something moved."""
    opened.desk.answers["review"] = lambda *_: review
    if gone:
        opened.desk.tell(InboxChanged(sample.INBOX[1:]))
    opened.desk.tell(RunChanged(sample.run_view("r-0192")))
    opened.settle()


# Somebody else, time, ground.


def test_who_decided_meanwhile_what_and_when_is_told(opened: Desk) -> None:
    """The proposal stays to be read, and takes no answer."""
    arm(opened)
    becomes(opened, deciding.decided_elsewhere(), gone=True)
    said = pane(opened).standing.words()
    assert "bob rejected it at" in said
    assert "measured wrongly" in said
    opened.wait(5)
    chord(opened)
    for key in (Qt.Key.Key_R, Qt.Key.Key_F, Qt.Key.Key_E):
        press(opened, key)
    assert opened.desk.named("answer") == []
    assert pane(opened).boxes.current() == ""


def test_what_was_approved_elsewhere_leads_to_where_it_is_retracted(opened: Desk) -> None:
    """Once it is a fact, and not before."""
    arm(opened)
    shown = deciding.decided_elsewhere(verdict="approve")
    assert shown.standing is not None
    becomes(opened, shown, gone=True)
    assert pane(opened).standing.action.isHidden()
    became = replace(shown, standing=replace(shown.standing, became="f-hold"))
    becomes(opened, became)
    asked: list[tuple[str, str]] = []
    opened.window.routes.fact.connect(lambda run, fact: asked.append((run, fact)))
    pane(opened).standing.action.click()
    assert asked == [("r-0192", "f-hold")]


def test_what_happened_at_the_deadline_is_told_in_words(opened: Desk) -> None:
    """Nobody answered, what silence does, and when that was."""
    arm(opened)
    becomes(opened, deciding.expired(), gone=True)
    said = pane(opened).standing.words()
    assert "silence rejects" in said
    assert "The deadline was" in said


def test_ground_that_moved_is_told_and_approving_waits_until_it_was_seen_again(
    opened: Desk,
) -> None:
    """What was armed is off; an answer then names the review as it is now."""
    arm(opened)
    becomes(opened, deciding.drifted())
    assert opened.desk.last("review").args == ("g-1", "digest-of-g-1")
    assert "has changed: evidence, reasoning" in pane(opened).standing.words()
    assert not pane(opened).approve_button.isEnabled()
    chord(opened)
    assert opened.desk.named("answer") == []
    approve(opened)
    assert answered(opened).shown == "another-digest-of-g-1"


def test_a_stale_answer_leads_to_what_is_asked_now(make_desk: MakeDesk, desk: FakeDesk) -> None:
    """It is said that nothing was recorded, and the differences are shown."""

    def stale(*_: object) -> None:
        raise DecisionRefused("g-1: what was shown is not what is asked now; review it again")

    desk.answers["answer"] = stale
    opened = make_desk(desk)
    arm(opened)
    press(opened, Qt.Key.Key_F)
    type_in(pane(opened).boxes.refine.edit, "say until when")
    desk.answers["review"] = lambda *_: deciding.drifted()
    chord(opened)
    opened.settle()
    assert "Nothing was recorded" in opened.window.messages.texts()[0]
    assert "has changed" in pane(opened).standing.words()
    assert pane(opened).boxes.refine.reason() == "say until when"


def test_news_of_the_same_run_that_change_nothing_move_nothing(opened: Desk) -> None:
    """What was seen stays seen, and Approve stays on."""
    arm(opened)
    becomes(opened, deciding.review("g-1"))
    assert pane(opened).approve_button.isEnabled()
    assert pane(opened).standing.words() == ""


def test_many_news_at_once_are_one_reading(make_desk: MakeDesk, desk: FakeDesk) -> None:
    """However fast a run moves, the desk is asked for one review at a time."""
    opened = make_desk(desk)
    arm(opened)
    del desk.answers["review"]
    before = len(desk.named("review"))
    for _ in range(5):
        desk.tell(RunChanged(sample.run_view("r-0192")))
        opened.window.bridge.drain()
    assert len(desk.named("review")) == before + 1


def test_what_is_asked_anew_leads_to_where_it_is_asked(opened: Desk) -> None:
    """The old gate says so, and one press shows the new one."""
    arm(opened)
    gone = replace(
        deciding.OPEN, phase="closed", end="withdrawn", words="It is asked no more.", instead="g-3"
    )
    becomes(opened, deciding.review("g-1", gone), gone=True)
    opened.desk.answers["review"] = lambda gate, _="": deciding.review(gate)
    pane(opened).standing.action.click()
    opened.settle()
    assert pane(opened).gate_id == "g-3"


# Deadlines and votes.


def test_the_deadline_says_when_how_long_and_whether_half_is_gone() -> None:
    """In words, not by colour alone."""
    assert due_words(NOW + 24 * MIN, NOW, half_gone=False).endswith("in 24 min")
    assert due_words(NOW + 24 * MIN, NOW, half_gone=True).endswith("half the time is gone")


def test_the_header_counts_down_by_itself(opened: Desk, clock: Clock) -> None:
    """Nothing has to be opened again for it."""
    arm(opened)
    header = pane(opened)._header
    assert "in 24 min" in header.due.text()
    clock.now += 4 * MIN
    header.tell_time()
    assert "in 20 min" in header.due.text()
    assert "Frozen when it was asked" in header.due.accessibleDescription()
    assert "2 more times, by 30 min each" in header.due.accessibleDescription()


def test_a_vote_that_does_not_close_the_gate_leaves_it_open_and_says_what_is_needed(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """One of two: the pane stays, and counts."""
    two = replace(deciding.OPEN, needed=2)
    desk.answers["review"] = lambda gate, _="": deciding.review(gate, two)
    desk.answers["answer"] = lambda given, _=None: sample.Answered(
        given.gate_id, "r-0192", "open", "", None, None
    )
    opened = make_desk(desk)
    arm(opened)
    assert "Your vote counts as 1 of 2." in pane(opened)._footer.hint.text()
    own = deciding.voted(operator=deciding.ME, reason="")
    desk.answers["review"] = lambda gate, _="": deciding.review(
        gate, replace(two, votes=(own,), approvals=1)
    )
    approve(opened)
    opened.settle()
    assert pane(opened).gate_id == "g-1"
    assert "1 of 2 approvals" in pane(opened)._header.votes.text()
    assert "yours among them" in pane(opened)._footer.hint.text()
    assert "takes more votes" in opened.window.messages.texts()[0]


def test_moments_that_the_engine_names_are_told_as_people_read_them() -> None:
    """No count of microseconds reaches a person."""
    told = timed(f"its deadline was {NOW}, and it is {NOW + MIN}")
    assert str(NOW) not in told
    assert "2026-11-20" in told


# Undoing.


def undo_buttons(opened: Desk) -> list[Button]:
    return opened.window.undo.strip.undo_buttons()


def test_what_was_decided_can_be_undone_while_the_strip_counts_down(
    opened: Desk, clock: Clock
) -> None:
    """On every page, by Ctrl+Z and by its button."""
    opened.desk.tell(SettlingChanged((deciding.settling(),)))
    opened.settle()
    strip = opened.window.undo.strip
    assert "Approved “Hold converge-desktop" in strip.said()
    assert "Takes effect in 30 s." in strip.said()
    opened.window.go("runs")
    clock.now += 3_000_000
    opened.window.undo._count_down()
    assert strip.isVisible()
    assert "Takes effect in 27 s." in strip.said()
    undo_buttons(opened)[0].click()
    assert opened.desk.last("act").args[0].act == "undo"
    opened.settle()
    assert "Undone: “Hold" in strip.said()


def test_the_keys_undo_the_newest_decision(opened: Desk) -> None:
    """Several are listed, the newest first; more than three are counted."""
    from PySide6.QtTest import QTest

    rows = tuple(deciding.settling(f"g-{n}", left=MIN // 2 + n) for n in range(5, 0, -1))
    opened.desk.tell(SettlingChanged(rows))
    opened.settle()
    assert len(undo_buttons(opened)) == 3
    assert "2 more decisions" in opened.window.undo.strip.said()
    QTest.keyClick(opened.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert opened.desk.last("act").args[0].gate_id == "g-5"


def test_once_the_window_is_over_it_cannot_be_undone_and_what_became_of_it_is_said(
    opened: Desk, clock: Clock
) -> None:
    """And where it made a fact, that can be retracted from there."""
    opened.desk.tell(SettlingChanged((deciding.settling(),)))
    opened.settle()
    clock.now += MIN
    opened.window.undo._count_down()
    assert "Takes effect now." in opened.window.undo.strip.said()
    assert not opened.window.undo.can_undo()
    closed = deciding.decided_elsewhere(verdict="approve")
    assert closed.standing is not None
    became = replace(closed, standing=replace(closed.standing, became="f-hold"))
    opened.desk.answers["review"] = lambda *_: became
    opened.desk.tell(SettlingChanged(()))
    opened.settle()
    strip = opened.window.undo.strip
    assert "took effect: it is a fact now" in strip.said()
    asked: list[tuple[str, str]] = []
    opened.window.routes.fact.connect(lambda run, fact: asked.append((run, fact)))
    strip.retract.click()
    assert asked == [("r-0192", "f-hold")]


def test_what_settles_at_the_start_of_the_desk_is_there_again(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """It was decided before the window was closed."""
    desk.answers["settling"] = lambda: (deciding.settling(),)
    opened = make_desk(desk)
    assert "Approved “Hold" in opened.window.undo.strip.said()


def test_an_undoing_that_is_refused_is_said(make_desk: MakeDesk, desk: FakeDesk) -> None:
    """With a time that people read."""

    def late(*_: object) -> None:
        raise DecisionRefused(f"g-1: its undo window ended at {NOW}")

    desk.answers |= {"settling": lambda: (deciding.settling(),), "act": late}
    opened = make_desk(desk)
    undo_buttons(opened)[0].click()
    opened.settle()
    said = opened.window.messages.texts()[0]
    assert "Nothing was recorded" in said
    assert str(NOW) not in said


def test_what_was_undone_waits_again_where_it_is_shown(opened: Desk) -> None:
    """The pane that said it was decided takes answers again."""
    arm(opened)
    becomes(opened, deciding.decided_elsewhere(), gone=True)
    opened.desk.tell(InboxChanged(sample.INBOX))
    becomes(opened, deciding.review("g-1"))
    see_all(opened)
    opened.wait(0.6)
    assert pane(opened).reject_button.isEnabled()
