"""The ledger page: verifying, one record, a moment of a run, and what is kept outside."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest

from converge_desktop.runtime.desk_model import Status
from converge_desktop.runtime.ledger_model import Comparison, Verification
from converge_desktop.runtime.port import Notice, RunChanged, StatusChanged, VerifyProgress
from converge_desktop.runtime.stopper import GivenUp
from converge_desktop.ui import words
from converge_desktop.ui.pages import checkpoint_pane, compare_pane
from converge_desktop.ui.pages.compare_pane import comparison_words
from converge_desktop.ui.pages.ledger import LedgerPage
from converge_desktop.ui.pages.ledger_head import signed_words
from converge_desktop.ui.pages.ledger_verifying import verification_words
from converge_desktop.ui.widgets.text_view import TextView
from tests.ui import sample
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.gallery import UNUSABLE
from tests.ui.test_ui_pages import said

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def page(opened: Desk) -> LedgerPage:
    opened.window.go("ledger")
    opened.settle()
    return opened.window.pages.ledger


def show(opened: Desk, seq: int) -> None:
    page = opened.window.pages.ledger
    page.jump.setText(str(seq))
    page.jump.returnPressed.emit()
    opened.settle()


# Verifying


def begin(opened: Desk) -> Future[Any]:
    """Has the ledger verified, by key, by a desk that takes its time."""
    opened.desk.answers.pop("verify")
    QTest.keyClick(opened.window, Qt.Key.Key_V, CTRL_SHIFT)
    return opened.desk.last("verify").future


def test_verifying_says_how_far_it_is_and_can_be_cancelled(opened: Desk, page: LedgerPage) -> None:
    """In records and in a share; the button gives up, and the page says what that means."""
    future = begin(opened)
    assert page.verifying.isVisible()
    opened.desk.tell(VerifyProgress(412_000, 387))
    opened.settle()
    assert page.verifying.words() == "412,000 records hold, 38 %"
    assert not page.verify_button.isEnabled()

    page.verifying.action.click()
    assert opened.desk.named("stop_verifying")
    future.set_exception(GivenUp("given up"))
    opened.settle()
    assert not page.verifying.isVisible()
    assert "cancelled" in page.result.text()
    assert page.verify_button.isEnabled()


def test_a_progress_that_comes_late_opens_nothing(opened: Desk, page: LedgerPage) -> None:
    """The strip is there while something is under way, and only then."""
    opened.desk.tell(VerifyProgress(1, 1))
    opened.settle()
    assert not page.verifying.isVisible()


def test_the_result_names_the_head_and_the_root() -> None:
    """And what a crash left behind the last step, if there is something."""
    text, tone = verification_words(Verification(3, -1, "", "ab", unfinished=7, root="cd"))
    assert "The chain ends in ab." in text
    assert "The root over all of them is cd." in text
    assert "7 bytes" in text
    assert tone == "good"


def test_a_verification_that_fails_is_told(opened: Desk, page: LedgerPage) -> None:
    """With the sentence that came instead."""
    begin(opened).set_exception(OSError("the disk is gone"))
    opened.settle()
    assert page.result.text() == "The ledger was not verified. The disk is gone."


# One record


def test_a_record_is_shown_whole(opened: Desk, page: LedgerPage) -> None:
    """Fields, hashes, what covers it, and its body as plain text that hides nothing."""
    show(opened, 48_191)
    told = said(page.record)
    [body] = [
        view for view in page.record.findChildren(TextView) if "Body" in view.accessibleName()
    ]
    for part in ("Record 48,191", "trace-recorded", "by ada#2bd806c9, in record 48,200"):
        assert part in told
    assert sample.record(48_191).row.hash in told
    assert f"{48_191:064x}" in told
    assert '"verdict": "approve"' in body.toPlainText()
    assert "known ⟨U+202E⟩" in body.toPlainText()


def test_a_record_behind_the_newest_checkpoint_says_so(opened: Desk, page: LedgerPage) -> None:
    """Nobody has put their name to it yet."""
    show(opened, 48_210)
    assert "not yet: it stands behind the newest checkpoint" in said(page.record)


def test_records_are_walked_through_by_key_and_the_pane_closes_with_escape(
    opened: Desk, page: LedgerPage
) -> None:
    """What stands in the pane makes room: the columns it repeats are hidden meanwhile."""
    opened.window.go("ledger")
    QTest.keyClick(opened.window, Qt.Key.Key_J)
    QTest.keyClick(opened.window, Qt.Key.Key_J)
    opened.settle()
    assert opened.desk.last("record").args == (48_212,)
    assert page.table.isColumnHidden(5)

    QTest.keyClick(opened.window, Qt.Key.Key_Escape)
    assert page.detail.isHidden()
    assert not page.table.isColumnHidden(5)


def test_a_record_that_cannot_be_read_says_why(opened: Desk, page: LedgerPage) -> None:
    """And another one can be chosen."""

    def fail(_: int) -> None:
        raise ValueError("the record is not the one that was read before")

    opened.desk.answers["record"] = fail
    show(opened, 17)
    assert "Record 17 cannot be shown" in page.waiting.words()
    assert "not the one that was read before" in page.waiting.words()

    opened.desk.answers["record"] = sample.record
    show(opened, 18)
    assert "Record 18" in said(page.record)


def test_an_answer_to_an_earlier_choice_is_not_shown(opened: Desk, page: LedgerPage) -> None:
    """The last choice counts, whatever comes when."""
    del opened.desk.answers["record"]
    show(opened, 17)
    first = opened.desk.last("record")
    show(opened, 18)
    opened.desk.last("record").future.set_result(sample.record(18))
    first.future.set_result(sample.record(17))
    opened.settle()
    assert "Record 18" in said(page.record)


# A moment of a run


def test_a_run_is_shown_as_it_stood_at_a_record_and_goes_back_to_now(
    opened: Desk, page: LedgerPage
) -> None:
    """Read-only, with the moment in its banner; what happens meanwhile does not show in it."""
    show(opened, 48_100)
    assert page.record.isVisible()
    QTest.keyClick(opened.window, Qt.Key.Key_T, CTRL_SHIFT)
    opened.settle()
    runs = opened.window.pages.runs
    assert opened.window.pages.page_id() == "runs"
    assert opened.desk.last("run_at").args == ("r-0192", 48_100)
    at = words.full_time(sample.ledger_page(48_100, 1)[0].at)
    assert runs.pane.banner.words().startswith(f"As of record 48,100, {at}")
    assert not runs.pane.banner.review.isVisible()
    assert not runs.pane.banner.cancel.isVisible()

    opened.desk.tell(RunChanged(sample.run_view("r-0192")))
    opened.settle()
    assert "As of record 48,100" in runs.pane.banner.words()

    QTest.keyClick(opened.window, Qt.Key.Key_Escape)
    opened.settle()
    assert "Waiting for you" in runs.pane.banner.words()
    assert runs.pane.banner.review.isVisible()


def test_what_waited_then_offers_no_review_now(opened: Desk) -> None:
    """A card of the past says that it waited, and leads to no decision."""
    opened.desk.answers["run_at"] = lambda run, _: sample.run_view(run)
    opened.window.routes.moment.emit("r-0192", 48_100, sample.NOW)
    opened.settle()
    pane = opened.window.pages.runs.pane
    [waiting] = [card for _, cards in sample.CONTEXT for card in cards if card.state == "waiting"]
    pane.facts.chosen.emit(waiting)
    told = said(pane.detail)
    assert "nobody by then; it waited" in told
    assert not pane.detail._review.isVisible()


def test_choosing_another_run_leaves_the_moment(opened: Desk) -> None:
    """The moment belongs to the one run."""
    opened.window.routes.moment.emit("r-0192", 48_100, sample.NOW)
    opened.settle()
    opened.window.routes.run.emit("r-0190")
    opened.settle()
    pane = opened.window.pages.runs.pane
    assert "As of record" not in pane.banner.words()

    opened.window.routes.run.emit("r-0192")
    opened.settle()
    assert "Waiting for you" in pane.banner.words()


def test_a_run_begins_with_the_facts_of_a_record(opened: Desk, page: LedgerPage) -> None:
    """By key, from the record and from the moment; the new run is opened."""
    show(opened, 48_100)
    QTest.keyClick(opened.window, Qt.Key.Key_F, CTRL_SHIFT)
    opened.settle()
    assert page.strip.words() == ""
    assert opened.desk.last("fork").args == ("r-0192", 48_100)
    assert opened.desk.last("run_view").args == ("r-0193",)

    opened.window.routes.moment.emit("r-0192", 47_000, sample.NOW)
    opened.settle()
    QTest.keyClick(opened.window, Qt.Key.Key_F, CTRL_SHIFT)
    opened.settle()
    assert opened.desk.last("fork").args == ("r-0192", 47_000)
    assert "As of record" not in opened.window.pages.runs.pane.banner.words()


def test_a_fork_that_fails_says_why(opened: Desk, page: LedgerPage) -> None:
    """In the strip over the list, which stays until it is closed."""

    def fail(*_: object) -> None:
        raise ValueError("no model is loaded")

    opened.desk.answers["fork"] = fail
    show(opened, 48_100)
    page.record.fork_button.click()
    opened.settle()
    assert page.strip.words() == "No run was started. No model is loaded."


# Checkpoints


@pytest.mark.parametrize(
    ("status", "words_"),
    [
        (Status(), "Nobody has signed this ledger yet."),
        (
            replace(sample.STATUS, ledger_seq=48_200),
            "Signed up to record 48,200 by ada#2bd806c9, 2 min ago",
        ),
        (
            sample.STATUS,
            "Signed up to record 48,200 by ada#2bd806c9, 2 min ago; 13 records since",
        ),
        (replace(Status(), ledger_problem="it is gone"), ""),
    ],
)
def test_the_head_says_up_to_where_the_ledger_is_signed(status: Status, words_: str) -> None:
    """By whom, how long ago, and how much came after."""
    assert words_ == signed_words(status, sample.NOW)


@pytest.mark.parametrize(
    ("past", "shown"),
    [
        (0, "just now"),
        (5 * words.MINUTE, "5 min ago"),
        (3 * words.HOUR, "3 h ago"),
        (26 * words.HOUR, "yesterday"),
        (9 * words.DAY, "9 days ago"),
    ],
)
def test_how_long_ago(past: int, shown: str) -> None:
    """As a person would say it."""
    assert shown == words.ago(sample.NOW - past, sample.NOW)


def test_a_checkpoint_can_be_copied_saved_and_photographed(
    opened: Desk, page: LedgerPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As text to the byte, into a file, and as a code whose modules are those of the text."""
    QTest.keyClick(opened.window, Qt.Key.Key_K, CTRL_SHIFT)
    opened.settle()
    pane, text = page.checkpoint, sample.checkpoint().text
    [shown] = [v for v in pane.findChildren(TextView) if v.isVisible()]
    assert shown.toPlainText() == text

    pane.copy_button.click()
    assert QGuiApplication.clipboard().text() == text

    monkeypatch.setattr(checkpoint_pane, "ask_save", lambda *_: "/media/stick/checkpoint.txt")
    pane.save_button.click()
    opened.settle()
    assert opened.desk.last("save_text").args == (text, Path("/media/stick/checkpoint.txt"))
    assert "Saved in /media/stick/checkpoint.txt" in said(pane)


def test_the_code_is_drawn_module_by_module_black_on_white(opened: Desk, page: LedgerPage) -> None:
    """In every theme, with the margin that a camera needs."""
    opened.window.theme.choose("dark")
    page.keep()
    opened.settle()
    rows = sample.checkpoint().code
    picture: QImage = page.checkpoint.code.grab().toImage()
    side = picture.height() // (len(rows) + 8)
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            pixel = picture.pixelColor((x + 4) * side + side // 2, (y + 4) * side + side // 2)
            assert (pixel.lightness() == 0) is bool(dark)
    assert picture.pixelColor(side, side).lightness() == 255
    opened.window.theme.choose("light")


def test_a_ledger_that_nobody_signed_can_be_signed_there(opened: Desk, page: LedgerPage) -> None:
    """The pane says when that happens by itself, and offers to do it now."""
    opened.desk.answers["newest_checkpoint"] = lambda: None
    page.keep()
    opened.settle()
    assert "Nobody has signed this ledger yet" in page.checkpoint.empty.words()
    page.checkpoint.empty.pressed.emit()
    opened.settle()
    assert "Signed with your key." in said(page.checkpoint)
    assert "signed the records 0 to 48,213" in said(page.checkpoint)


def test_signing_that_fails_says_why(opened: Desk, page: LedgerPage) -> None:
    """And the checkpoint there is stays to be kept."""

    def fail() -> None:
        raise OSError("the disk is full")

    page.keep()
    opened.settle()
    opened.desk.answers["sign_checkpoint"] = fail
    page.checkpoint.sign_button.click()
    opened.settle()
    assert "The disk is full." in said(page.checkpoint)
    assert page.checkpoint.sign_button.isEnabled()
    assert page.checkpoint.copy_button.isVisible()


def test_the_ledger_is_compared_with_a_text_or_a_file(
    opened: Desk, page: LedgerPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the sentence says whether it still is the one that was signed."""
    QTest.keyClick(opened.window, Qt.Key.Key_M, CTRL_SHIFT)
    pane = page.comparing
    assert not pane.compare_button.isEnabled()
    pane.edit.setPlainText("converge/desk/…")
    pane.compare_button.click()
    opened.settle()
    assert opened.desk.last("compare").args == ("converge/desk/…",)
    assert pane.result.text().startswith("✓ It is still the same ledger: records 0 to 48,199")
    assert "14 records came after." in pane.result.text()

    why = "the ledger was replaced or shortened: records 0 to 9 are not those"
    opened.desk.answers["compare"] = lambda _: Comparison(why, 10, 4, sample.NOW, "ada")
    monkeypatch.setattr(compare_pane, "ask_kept", lambda *_: "/media/stick/checkpoint.txt")
    pane.file_button.click()
    opened.settle()
    assert opened.desk.last("compare").args == (Path("/media/stick/checkpoint.txt"),)
    assert pane.result.text().startswith("✕ This is not the ledger that was signed. The ledger was")


def test_what_is_no_checkpoint_is_told_and_the_text_stays(opened: Desk, page: LedgerPage) -> None:
    """So that it can be mended."""

    def fail(_: object) -> None:
        raise ValueError("this is no checkpoint: it does not have the lines of one")

    opened.desk.answers["compare"] = fail
    page.compare()
    page.comparing.edit.setPlainText("nonsense")
    page.comparing.compare()
    opened.settle()
    assert page.comparing.result.text().startswith("Nothing was compared. This is no checkpoint")
    assert page.comparing.edit.toPlainText() == "nonsense"
    assert page.comparing.compare_button.isEnabled()


# When the ledger cannot be used, and other troubles


def test_a_ledger_that_cannot_be_used_says_so_whole_on_its_page(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """What happened, where, and what mends it; what is there can still be verified."""
    opened = make_desk(desk)
    opened.desk.tell(StatusChanged(replace(sample.STATUS, **UNUSABLE)))
    opened.window.go("ledger")
    opened.settle()
    page = opened.window.pages.ledger
    assert page.none.isVisible()
    assert f"The ledger cannot be used {UNUSABLE['ledger_problem']}" == page.none.words()
    assert not page.head.keep.isEnabled()
    page.none.pressed.emit()
    opened.settle()
    assert "It is still not the ledger that this desk wrote." in page.result.text()


def test_what_is_said_of_a_run_takes_the_place_of_what_was_said_before(opened: Desk) -> None:
    """The disk was full, and now it goes on: one of the two sentences is true."""
    full = "run 0192 could not go on: the disk is full. It is taken up again later."
    opened.desk.tell(Notice("danger", full, "r-0192"))
    opened.settle()
    assert opened.window.messages.texts() == [full]
    opened.desk.tell(Notice("info", "run 0192 goes on again.", "r-0192"))
    opened.settle()
    assert opened.window.messages.texts() == ["run 0192 goes on again."]


@pytest.mark.parametrize("first", [0, 1])
def test_one_trouble_is_told_once(opened: Desk, first: int) -> None:
    """What fails because of it says so on its own page, and not beside it in the bar."""
    why = UNUSABLE["ledger_problem"]
    both = (("danger", why, ""), ("danger", f"The packs cannot be read. {why}", "packs"))
    for said_ in (both[first], both[1 - first]):
        opened.window.routes.say.emit(*said_)
    assert opened.window.messages.texts() == [why]


def test_what_was_set_aside_is_told_whole(opened: Desk) -> None:
    """However long the sentence is: no part of it is cut off."""
    long = "The last 1,204 bytes of the ledger were a batch that was never finished; " * 4
    opened.desk.tell(Notice("caution", long.strip()))
    opened.settle()
    label = opened.window.messages._messages[0].label
    assert label.text() == long.strip()
    assert label.height() >= label.heightForWidth(label.width())


def test_records_that_say_nothing_any_more_are_told_of_wherever_the_ledger_is_judged() -> None:
    """A copy from which a decision was taken away holds, and is no proof of what was decided."""
    verified, tone = verification_words(Verification(9, -1, "", "ab", root="cd", redacted=2))
    assert verified.startswith("⚠ All 9 records hold.")
    assert "But what 2 records said was left out" in verified
    compared, other = comparison_words(Comparison("", 8, 9, 0, "alice", redacted=1))
    assert "But what 1 record said was left out" in compared
    assert ("caution", "caution") == (tone, other)
