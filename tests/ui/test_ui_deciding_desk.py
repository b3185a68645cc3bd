"""Deciding through the real window at a real desk: what the hands do stands in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from converge_core.events import GateActed, GateDecided
from converge_core.review import InputOrigin
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.runtime.deciding_model import Doing
from converge_desktop.ui.application import create_application
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.pages.review import ReviewPane
from converge_desktop.ui.settings import UiSettings
from tests.runtime.deciding_kit import MakeWaiting, Waiting, make_waiting  # noqa: F401
from tests.ui.deciding_kit import read_on

PATIENCE = 60_000
CTRL = Qt.KeyboardModifier.ControlModifier


class Person:
    """Somebody at a window over a desk at which something waits."""

    def __init__(self, qtbot: QtBot, place: Waiting, number: int) -> None:
        self.bot, self.place = qtbot, place
        settings = UiSettings(place.place / f"window-{number}.ini")
        self.window = MainWindow(place.desk, settings)
        qtbot.addWidget(self.window)
        self.window.show()
        self.window.activateWindow()
        self.window.go("inbox")
        self.until(self.window.isActiveWindow)

    @property
    def pane(self) -> ReviewPane:
        return self.window.pages.inbox.review

    def until(self, what: Callable[[], bool]) -> None:
        self.bot.waitUntil(what, timeout=PATIENCE)

    def reads(self) -> None:
        """Waits until the review is there, pages through it, and lets it be approved."""

        def ready() -> bool:
            read_on(self.pane)
            return self.pane.approve_button.isEnabled()

        self.until(lambda: self.pane.review is not None)
        self.until(ready)

    def keys(self, key: Qt.Key, *, ctrl: bool = False) -> None:
        there: QWidget = QApplication.focusWidget() or self.window
        QTest.keyClick(there, key, CTRL if ctrl else Qt.KeyboardModifier.NoModifier)

    def chord(self) -> None:
        self.keys(Qt.Key.Key_Return, ctrl=True)

    def says(self, text: str) -> None:
        QTest.keyClicks(QApplication.focusWidget(), text)

    def confirms(self, what: str) -> None:
        """Waits until a box can be confirmed, and does."""
        self.until(self.pane.boxes.box(what).confirm.isEnabled)
        self.until(self.pane.guard.still)
        self.chord()


Sit = Callable[[Waiting], Person]


@pytest.fixture
def sit(qtbot: QtBot) -> Iterator[Sit]:
    """Seats a person at a desk."""
    create_application([])
    seated: list[Person] = []

    def one(place: Waiting) -> Person:
        seated.append(Person(qtbot, place, len(seated)))
        return seated[-1]

    yield one
    for person in seated:
        person.window.close()


def recorded(place: Waiting, kind: type) -> list[object]:
    found = read_ledger(place.place / "data" / "ledger")
    return [entry.event for entry in found if isinstance(entry.event, kind)]


def waiting(place: Waiting) -> int:
    return len(place.desk.inbox().result(10))


def test_what_is_approved_is_undone_by_key_and_is_there_after_a_restart(
    make_waiting: MakeWaiting,  # noqa: F811
    sit: Sit,
) -> None:
    """Approved, undone, approved again; the desk is opened anew, and it can still be undone."""
    place = make_waiting('undo = "1 h"')
    place.ask()
    person = sit(place)
    person.reads()
    person.chord()
    strip = person.window.undo.strip
    person.until(lambda: "Approved “" in strip.said())
    assert waiting(place) == 0
    assert person.window.undo.can_undo()

    person.keys(Qt.Key.Key_Z, ctrl=True)
    person.until(lambda: waiting(place) == 1)
    person.until(lambda: "Undone" in strip.said())

    person.until(lambda: person.window.pages.inbox.model.rowCount() == 1)
    QTest.keyClick(person.window.pages.inbox.list, Qt.Key.Key_J)
    person.reads()
    person.chord()
    person.until(lambda: waiting(place) == 0)
    person.window.close()
    place.open()
    later = sit(place)
    later.until(lambda: "Approved “" in later.window.undo.strip.said())
    given = [event.decision for event in recorded(place, GateDecided)]  # type: ignore[attr-defined]
    assert [one.input_origin for one in given] == [InputOrigin.KEYBOARD] * 2


def test_feedback_goes_back_to_the_author(
    make_waiting: MakeWaiting,  # noqa: F811
    sit: Sit,
) -> None:
    """F, the feedback, the chord; it stands under Constraints."""
    place = make_waiting()
    review = place.ask()
    person = sit(place)
    person.reads()
    person.keys(Qt.Key.Key_F)
    person.says("say until when")
    person.confirms("refine")
    person.until(lambda: bool(recorded(place, GateDecided)))
    person.until(lambda: "say until when" in place.context(review.run_id).get("Constraints", ()))


def test_an_edit_is_checked_and_stands_in_the_person_s_words(
    make_waiting: MakeWaiting,  # noqa: F811
    sit: Sit,
) -> None:
    """E, other words, the chord; what the desk says of them is shown before."""
    place = make_waiting("self_approval = true")
    review = place.ask()
    person = sit(place)
    person.reads()
    person.keys(Qt.Key.Key_E)
    box = person.pane.boxes.edit
    person.until(lambda: bool(box.text.toPlainText()))
    assert '"verdict"' in box.fields.toPlainText()
    box.text.selectAll()
    person.says("Hold it until Monday")
    person.until(lambda: "has not seen this" in box.heading.text())
    person.confirms("edit")
    place.watch.phase(review.run_id, "stopped")
    assert place.context(review.run_id)["Strategies"] == ("Hold it until Monday",)


def test_a_deadline_is_moved_a_vote_handed_over_and_who_may_not_is_told(
    make_waiting: MakeWaiting,  # noqa: F811
    sit: Sit,
) -> None:
    """T and D; then the person's own buttons are off, and the foot says why."""
    terms = 'roster = ["alice"]\ndeadline = "1 h"\nextension = "1 h"\nextensions = 1'
    place = make_waiting(terms)
    bob = place.desk.enrol_operator("bob").result(10)
    before = place.ask()
    person = sit(place)
    person.reads()
    person.keys(Qt.Key.Key_T)
    person.confirms("extend")
    person.until(lambda: len(recorded(place, GateActed)) == 1)
    now = place.desk.review(before.gate_id).result(10).standing
    assert now is not None
    assert now.deadline != before.deadline

    person.until(lambda: person.pane.boxes.current() == "")
    person.reads()
    person.keys(Qt.Key.Key_D)
    box = person.pane.boxes.delegate
    box.whom.setCurrentIndex(box.whom.findData(bob))
    person.confirms("delegate")
    person.until(lambda: "You cannot approve this" in person.pane._footer.hint.text())
    assert not person.pane.approve_button.isEnabled()
    assert len(recorded(place, GateActed)) == 2
    assert recorded(place, GateDecided) == []


def test_what_others_do_meanwhile_is_shown_and_nothing_counts_until_it_was_seen(
    make_waiting: MakeWaiting,  # noqa: F811
    sit: Sit,
) -> None:
    """Bob hands his vote over: who may decide is part of what is signed."""
    place = make_waiting('roster = ["alice", "bob"]')
    place.desk.enrol_operator("bob").result(10)
    place.desk.enrol_operator("carol").result(10)
    review = place.ask()
    person = sit(place)
    person.reads()
    place.desk.act(Doing(review.gate_id, "delegate", to="carol"), "bob").result(10)
    person.until(lambda: "has changed" in person.pane.standing.words())
    assert not person.pane.approve_button.isEnabled()
    person.reads()
    person.chord()
    person.until(lambda: len(recorded(place, GateDecided)) == 1)
    [taken] = recorded(place, GateDecided)
    assert taken.decision.shown != review.digest  # type: ignore[attr-defined]


def test_a_decision_of_somebody_else_is_told_with_who_and_why(
    make_waiting: MakeWaiting,  # noqa: F811
    sit: Sit,
) -> None:
    """The proposal stays to be read."""
    place = make_waiting()
    place.desk.enrol_operator("bob").result(10)
    review = place.ask()
    person = sit(place)
    person.reads()
    place.desk.decide(review.gate_id, "reject", "not now", review.digest, "bob").result(10)
    person.until(lambda: "bob rejected it at" in person.pane.standing.words())
    assert "“not now”" in person.pane.standing.words()


def test_a_request_for_a_vote_can_be_read_at_another_desk(
    make_waiting: MakeWaiting,  # noqa: F811
    sit: Sit,
) -> None:
    """It holds together, and shows there what is shown here."""
    place = make_waiting()
    review = place.ask()
    person = sit(place)
    person.until(lambda: person.pane.review is not None)
    assert person.pane.review is not None
    path = place.place / "hold.request.jsonl"
    person.pane.votes.write(person.pane.review, path)
    person.until(path.exists)
    request = place.desk.read_request(path).result(30)
    assert review.becomes_true in "\n".join(request.asked.shown)
