"""The people's page: who may decide, whose keys these are, and what can be done about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget

from converge_core.errors import DecisionRefused, IllegalCommand
from converge_desktop.adapters.keys import KeyLocked
from converge_desktop.runtime.desk_model import Status
from converge_desktop.runtime.port import StatusChanged
from converge_desktop.ui.pages import people_carrying
from converge_desktop.ui.pages.people import PeoplePage
from converge_desktop.ui.pages.people_detail import SHOWN
from tests.ui import sample, sample_people
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk

ADA, BEN, CLEO, DOV = range(4)


@pytest.fixture
def people(make_desk: MakeDesk, desk: FakeDesk) -> Desk:
    """A window with its people in front."""
    desk.answers |= sample_people.answers()
    opened = make_desk(desk)
    stands(opened, key_kept="keyring")
    opened.window.go("people")
    opened.settle()
    return opened


def stands(opened: Desk, **changes: Any) -> Status:
    status = replace(sample.STATUS, **changes)
    opened.desk.tell(StatusChanged(status))
    opened.settle()
    return status


def page_of(opened: Desk) -> PeoplePage:
    return opened.window.pages.people


def show(opened: Desk, who: int) -> PeoplePage:
    page = page_of(opened)
    page.step(-9)
    page.step(who)
    opened.settle()
    return page


def said(widget: QWidget) -> str:
    """Returns all that a widget says, in order."""
    labels = [label for label in widget.findChildren(QLabel) if label.isVisibleTo(widget)]
    return "\n".join(label.text() for label in labels)


def fill(opened: Desk, **typed: str) -> None:
    for name, text in typed.items():
        page_of(opened).box.edits[name].setText(text)


def confirm(opened: Desk) -> None:
    page_of(opened).box.confirm_button.click()
    opened.settle()


def messages(opened: Desk) -> str:
    return "\n".join(opened.window.messages.texts())


# Who there is.


def test_everybody_who_was_ever_enrolled_is_listed_and_who_sits_here_is_shown(
    people: Desk,
) -> None:
    """With how they stand, where their key lies, and who decides here now."""
    page = page_of(people)
    spoken = [
        str(page.model.index(row).data(Qt.ItemDataRole.AccessibleTextRole))
        for row in range(page.model.rowCount())
    ]

    assert "ada, decides here now, may decide, key in the keyring" == spoken[ADA]
    assert "ben, may decide, key in a file under a passphrase" == spoken[BEN]
    assert "cleo, may decide, key at another desk" == spoken[CLEO]
    assert "dov, revoked" == spoken[DOV]
    assert page.row() is not None
    assert sample_people.ADA == page.row().operator_id


def test_a_person_is_shown_with_their_key_and_all_that_happened_to_it(people: Desk) -> None:
    """Id, fingerprint, the key itself, since when, every other key, and who welcomed them."""
    words = said(show(people, ADA).person)
    view = sample_people.PEOPLE[sample_people.ADA]

    assert sample_people.ADA in words
    assert (
        view.fingerprint.split()
        == [group for group in words.split() if group in view.fingerprint.split()][:8]
    )
    assert "Enrolled, the first at this desk" in words
    assert "Took another key" in words
    assert "record 30,112: A new laptop." in words
    assert f"Enrolled by {sample_people.ADA}" in said(show(people, BEN).person)


def test_who_was_revoked_is_shown_with_by_whom_when_and_why(people: Desk) -> None:
    """And nothing can be done with them any more."""
    page = show(people, DOV)

    assert f"Revoked by {sample_people.ADA}" in said(page.person)
    assert "Left the team." in said(page.person)
    assert [] == [name for name in page.buttons if page.may(name)]


def test_what_a_person_decided_lately_leads_to_its_run(people: Desk) -> None:
    """Newest first, each with its reason; the rest is counted."""
    shown = []
    people.window.routes.run.connect(shown.append)
    page = show(people, ADA)
    assert "approved 11:06, record 47,980: Two modules fail." in said(page.person)
    rows = sample_people.decided(sample_people.ADA)[0] * SHOWN
    page.person.show_decisions(sample_people.ADA, rows)
    people.settle()
    assert f"And {len(rows) - SHOWN} before that." in said(page.person)
    page.person.run_wanted.emit(rows[0].run)

    assert ["r-0190"] == shown


def test_where_the_database_is_away_it_is_said_and_the_rest_is_shown(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """It may refuse at once, or later."""

    def away(_: str) -> None:
        raise IllegalCommand("the desk is still opening")

    desk.answers |= sample_people.answers() | {"decisions_by": away}
    opened = make_desk(desk)
    opened.window.go("people")
    opened.settle()

    assert "The database cannot say. The desk is still opening." in said(page_of(opened).person)
    assert "Enrolled, the first at this desk" in said(page_of(opened).person)


def test_what_a_person_may_decide_is_told_rule_by_rule(people: Desk) -> None:
    """And what nobody could decide any more without them, before anybody revokes them."""
    words = said(show(people, BEN).person)

    assert "one vote; it takes 2 people" in words
    assert "Release readiness: releasing-needs-a-human, high risk" in words
    assert "“Hold converge-desktop 0.4.0” could be approved by nobody any more" in words
    assert "What the rule “Release readiness: releasing-needs-a-human” asks about" in words


def test_an_id_is_copied_whole(people: Desk) -> None:
    """However it is shown."""
    show(people, BEN).person.copy_button.click()
    people.settle()

    assert QGuiApplication.clipboard().text() == sample_people.BEN
    assert f"Copied the id {sample_people.BEN}." in messages(people)


def test_a_page_that_cannot_be_read_says_why_and_can_be_tried_again(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """So does one where nobody may decide yet."""
    desk.answers |= sample_people.answers()
    opened = make_desk(desk)

    def fails() -> None:
        raise DecisionRefused("the ledger cannot be used")

    desk.answers["operators"] = fails
    opened.window.go("people")
    opened.settle()
    page = page_of(opened)
    assert "The ledger cannot be used." in page.empty.words()
    desk.answers["operators"] = tuple
    page.empty.pressed.emit()
    opened.settle()
    assert "Nobody may decide here yet" in page.empty.words()
    desk.answers["operators"] = lambda: sample_people.ROWS
    page.empty.pressed.emit()
    opened.settle()

    assert page.row() is not None


def test_keys_that_open_to_whoever_is_logged_in_are_told_where_two_must_agree(
    people: Desk,
) -> None:
    """One such key needs no warning; two do, in a keyring or in plain files."""
    page = page_of(people)
    assert page.people.shared.isHidden()
    people.desk.answers["operators"] = lambda: sample_people.PLAIN
    page.reload()
    people.settle()

    assert not page.people.shared.isHidden()


# What can be done.


@pytest.mark.parametrize(
    ("who", "can"),
    [
        (ADA, {"export", "rotate", "protect", "revoke"}),
        (BEN, {"seat", "export", "revoke"}),
        (CLEO, {"revoke"}),
        (DOV, set[str]()),
    ],
)
def test_only_what_can_be_done_with_somebody_is_offered(
    people: Desk, who: int, can: set[str]
) -> None:
    """By button and by key alike."""
    page = show(people, who)

    assert can == {name for name, button in page.buttons.items() if button.isVisibleTo(page)}
    table = {action.id: action for action in people.window.table}
    assert can == {name for name in page.buttons if people.window.can_do(table[f"people.{name}"])}


def test_every_act_says_what_it_writes_before_it_is_done(people: Desk) -> None:
    """Into the ledger, into a file, or nothing."""
    page = page_of(people)
    for who, act in [(ADA, "rotate"), (BEN, "revoke"), (BEN, "seat")]:
        show(people, who)
        page.do(act)
        people.settle()
        assert page.box.act is not None
        assert "Writes" in said(page.box)
        page.box.leave()


def test_somebody_is_enrolled_with_a_passphrase_that_is_typed_twice(people: Desk) -> None:
    """It is hidden; where it differs, or is too short, it is said and nothing is asked."""
    page = page_of(people)
    page.people.enrol_button.click()
    people.settle()
    for typed, lacking in [
        ({}, "It takes a name."),
        ({"name": "eve", "new": "short", "again": "short"}, "at least 8"),
        ({"new": "correct horse", "again": "correct hose"}, "differ"),
    ]:
        fill(people, **typed)
        assert lacking in page.box.need.text()
        assert not page.box.confirm_button.isEnabled()
    fill(people, again="correct horse")
    confirm(people)

    assert ("eve", "correct horse") == people.desk.last("enrol_operator").args
    assert page.box.isHidden()
    assert "eve#51d0c7aa may decide here from now on." in messages(people)
    assert 2 <= len(people.desk.named("operators"))


def test_revoking_takes_a_reason_and_the_typed_name_and_tells_what_follows(
    people: Desk,
) -> None:
    """The button is no louder than the rest, and Return does not press it."""
    page = show(people, BEN)
    page.do("revoke")
    people.settle()
    assert "could be approved by nobody any more" in said(page.box)
    fill(people, reason="left", name="bem")
    assert "Type the name, ben" in page.box.need.text()
    fill(people, name="ben")
    QTest.keyClick(page.box.edits["name"], Qt.Key.Key_Return)
    assert [] == people.desk.named("revoke_operator")
    assert "plain" == page.box.confirm_button.kind()
    confirm(people)

    assert (sample_people.BEN, "left") == people.desk.last("revoke_operator").args


def test_what_fails_is_told_where_it_was_typed_and_the_words_stay(people: Desk) -> None:
    """But for what is hidden: that is typed anew."""
    page = show(people, BEN)

    def refuse(*_: str) -> None:
        raise KeyLocked("the passphrase does not open the key")

    people.desk.answers["take_seat"] = refuse
    page.do("seat")
    fill(people, passphrase="battery staple")
    confirm(people)

    assert "The passphrase does not open the key." in page.box.said.text()
    assert ("", False) == (page.box.edits["passphrase"].text(), page.box.isHidden())


def test_while_something_is_done_nothing_else_is_begun(people: Desk) -> None:
    """Neither the same twice, nor another."""
    page = show(people, BEN)
    del people.desk.answers["take_seat"]
    page.do("seat")
    fill(people, passphrase="correct horse")
    confirm(people)
    confirm(people)
    page.box.leave()
    page.doer.enrol()

    assert 1 == len(people.desk.named("take_seat"))
    assert page.box.act is not None
    assert page.box.act.id.startswith("seat/")
    people.desk.last("take_seat").future.set_result(sample_people.BEN)
    people.settle()
    assert page.box.isHidden()


def test_a_key_in_a_plain_file_is_protected_and_a_passphrase_changed(people: Desk) -> None:
    """Each where it fits; both lines empty mean the keyring."""
    people.desk.answers["operators"] = lambda: sample_people.PLAIN
    page_of(people).reload()
    people.settle()
    page = show(people, ADA)
    assert "in a plain file" in said(page.person)
    page.do("protect")
    confirm(people)
    assert ("ada", "") == people.desk.last("protect_key").args
    assert not page.may("passphrase")
    people.desk.last("protect_key").future.set_exception(DecisionRefused("there is no keyring"))
    people.settle()
    assert "There is no keyring." in page.box.said.text()


def test_a_public_key_is_written_where_the_person_chooses(
    people: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Leaving the choice writes nothing."""
    page = show(people, BEN)
    monkeypatch.setattr(people_carrying, "ask_save", lambda *_: "")
    page.do("export")
    assert [] == people.desk.named("export_key")
    monkeypatch.setattr(people_carrying, "ask_save", lambda *_: str(tmp_path / "ben.key"))
    page.do("export")
    people.settle()

    assert (tmp_path / "ben.key", "ben") == people.desk.last("export_key").args
    assert "holds the public key" in messages(people)


def test_a_box_is_left_by_escape_and_its_chord_confirms(people: Desk) -> None:
    """Escape closes the box first; the chord counts only while something is asked."""
    page = page_of(people)
    table = {action.id: action for action in people.window.table}
    assert not people.window.can_do(table["people.confirm"])
    page.doer.enrol()
    fill(people, name="eve")
    people.settle()
    assert people.window.can_do(table["people.confirm"])
    assert page.escape()

    assert page.box.isHidden()
    assert not page.escape()


# Who sits here.


def test_the_next_person_is_asked_for_their_passphrase_from_anywhere(people: Desk) -> None:
    """The page comes to the front; who has no key here is passed over."""
    people.window.go("ledger")
    page_of(people).change_seat()
    people.settle()
    page = page_of(people)
    assert "people" == people.window.front()
    assert page.box.act is not None
    assert "Decide as ben" == page.box.act.title
    fill(people, passphrase="correct horse")
    confirm(people)

    assert ("ben", "correct horse") == people.desk.last("take_seat").args
    assert "Every other key is locked." in messages(people)


def test_where_nobody_elses_key_lies_here_it_is_said(people: Desk) -> None:
    """With what to do."""
    people.desk.answers["operators"] = lambda: sample_people.ROWS[:1]
    page_of(people).reload()
    people.settle()
    page_of(people).change_seat()
    people.settle()

    assert "Nobody else's key lies at this desk. Enrol them here first." in messages(people)


def test_who_sits_here_is_read_anew_when_that_changes(people: Desk) -> None:
    """The status says who it is; the list follows."""
    before = len(people.desk.named("operators"))
    stands(people, operator="ben", key_kept="file under a passphrase")

    assert before + 1 == len(people.desk.named("operators"))
    stands(people, operator="ben", key_kept="file under a passphrase", ledger_seq=48_214)
    assert before + 1 == len(people.desk.named("operators"))


# Files of other desks.


def drop(page: PeoplePage, *paths: str) -> bool:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path) for path in paths])
    action, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    left = Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(QPoint(9, 9), action, data, left, none)
    enter.ignore()
    page.dragEnterEvent(enter)
    if enter.isAccepted():
        page.dropEvent(QDropEvent(QPointF(9, 9), action, data, left, none))
    return enter.isAccepted()


def test_a_file_that_is_dropped_is_looked_at(people: Desk) -> None:
    """One at a time; what cannot be used is told by its name."""
    page = page_of(people)
    assert not drop(page, "/tmp/a", "/tmp/b")
    assert drop(page, "/tmp/eve.key")
    people.settle()
    assert page.box.act is not None
    assert "Answer for eve" == page.box.act.title
    page.box.leave()

    def refuse(_: Path) -> None:
        raise DecisionRefused("it is neither a request, nor a vote, nor a key")

    people.desk.answers["look_at"] = refuse
    drop(page, "/tmp/odd.bin")
    people.settle()
    assert "odd.bin cannot be used. It is neither" in messages(people)


def test_a_key_is_welcomed_only_once_its_fingerprint_was_shown(people: Desk) -> None:
    """Nothing is recorded before somebody says that it is the same."""
    page = page_of(people)
    page.carrying.take(Path("/tmp/eve.key"))
    people.settle()
    assert "8412 6d0d d850 199b e290 21aa dbae e68c" in said(page.box)
    assert [] == people.desk.named("import_operator")
    confirm(people)

    shown = (Path("/tmp/eve.key"), sample_people.ELSE.public_key)
    assert shown == people.desk.last("import_operator").args


def test_a_vote_from_elsewhere_is_shown_before_it_is_taken_in(people: Desk) -> None:
    """And then it is told what came of it."""
    page = page_of(people)
    page.carrying.take(Path("/tmp/vote.json"))
    people.settle()
    assert f"the vote of {sample_people.CLEO} to approve" in said(page.box)
    assert [] == people.desk.named("import_vote")
    confirm(people)

    path, signature = people.desk.last("import_vote").args
    assert (Path("/tmp/vote.json"), True) == (path, bool(signature))
    assert "the proposal is approved now" in messages(people)


Save = Callable[[str], None]


@pytest.fixture
def saves(monkeypatch: pytest.MonkeyPatch) -> Save:
    """Has the person choose a place."""

    def choose(place: str) -> None:
        monkeypatch.setattr(people_carrying, "ask_save", lambda *_: place)

    return choose


def asked(opened: Desk) -> PeoplePage:
    page = page_of(opened)
    page.carrying.take(Path("/tmp/request.jsonl"))
    opened.settle()
    page.window_active(active=True)
    opened.settle()
    return page


def test_a_request_shows_what_is_asked_who_asks_and_what_is_proven(people: Desk) -> None:
    """To the letter; whose key asks is for people to compare."""
    page = asked(people)
    words = said(page.vote)

    assert all(line in page.vote.asked.text() for line in sample_people.SHOWN)
    assert "eve asks, and signed all of it" in words
    assert "The evidence holds 64 records" in words
    assert f"{sample_people.ADA} (you)" in words


def test_a_vote_counts_once_the_request_was_seen_for_half_a_second(
    people: Desk, saves: Save
) -> None:
    """By the chord or by a whole click, as in the Inbox; the vote goes into a file."""
    saves("/tmp/vote.json")
    page = asked(people)
    page.vote.approve()
    assert [] == people.desk.named("vote")
    people.clock.steady += 0.6
    page.vote.refresh()
    assert page.vote.approve_button.isEnabled()
    page.vote.approve()
    people.settle()
    request, verdict, reason, path, _ = people.desk.last("vote").args

    assert ("approve", "", Path("/tmp/vote.json")) == (verdict, reason, path)
    assert sample_people.SHOWN == request.asked.shown
    assert "holds your vote to approve. Take it back" in messages(people)


def test_a_rejection_takes_a_reason(people: Desk, saves: Save) -> None:
    """And while the box is open nothing is approved."""
    saves("/tmp/vote.json")
    page = asked(people)
    people.clock.steady += 0.6
    page.vote.reject_button.click()
    people.settle()
    assert not page.vote.guard.permits()
    assert "A rejection needs a reason." in page.box.need.text()
    fill(people, reason="not tested")
    confirm(people)

    assert ("reject", "not tested") == people.desk.last("vote").args[1:3]


def test_where_no_place_is_chosen_no_vote_is_written(people: Desk, saves: Save) -> None:
    """It is said, and the reason stays."""
    saves("")
    page = asked(people)
    people.clock.steady += 0.6
    page.vote.reject()
    fill(people, reason="not tested")
    confirm(people)

    assert [] == people.desk.named("vote")
    assert "No place was chosen for your vote" in page.box.said.text()
    assert "not tested" == page.box.edits["reason"].text()


def test_who_is_not_asked_reads_and_does_not_vote(people: Desk) -> None:
    """With what to do about it."""
    people.desk.answers["look_at"] = lambda _: sample_people.request(("ben",))
    page = asked(people)
    people.clock.steady += 0.6
    page.vote.refresh()

    assert not page.vote.approve_button.isEnabled()
    assert not page.vote.reject_button.isEnabled()
    assert "ada is not asked with the key here." in page.vote.said.text()
    assert page.escape()
    assert page.row() is not None


def test_another_desk_is_asked_from_the_inbox(people: Desk, saves: Save) -> None:
    """With what the review shows, line by line, and nothing where no place is chosen."""
    people.window.go("inbox")
    people.settle()
    table = {action.id: action for action in people.window.table}
    act = table["decide.elsewhere"]
    assert people.window.can_do(act)
    saves("")
    act.callback()
    assert [] == people.desk.named("request_vote")
    saves("/tmp/request.jsonl")
    act.callback()
    people.settle()
    gate, shown, path = people.desk.last("request_vote").args

    assert (people.window.pages.inbox.review.gate_id, Path("/tmp/request.jsonl")) == (gate, path)
    assert shown[0] == people.window.pages.inbox.review.review.title  # type: ignore[union-attr]
    assert "asks for a vote" in messages(people)
