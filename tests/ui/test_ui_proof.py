"""Proof of one record in the window: made, cancelled, signed first, and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from converge_desktop.adapters.capsule import check_capsule
from converge_desktop.runtime.desk import Desk as RealDesk
from converge_desktop.runtime.ledger_model import CheckedEvidence
from converge_desktop.runtime.port import EvidenceProgress, NotSigned
from converge_desktop.runtime.stopper import GivenUp
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.pages import evidence_check, exporting
from converge_desktop.ui.pages.evidence_check import evidence_words
from converge_desktop.ui.pages.ledger import LedgerPage
from converge_desktop.ui.settings import UiSettings
from tests.runtime.deciding_kit import MakeWaiting, make_waiting
from tests.ui import sample, sample_proof
from tests.ui.conftest import Desk

__all__ = ["make_waiting"]
CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
OUT = Path("/media/stick/record.jsonl")
WHO = sample.STATUS.signed_by
FOUND = sample_proof.checked(OUT, WHO, sample.STATUS.signed_at)
Open = Callable[[RealDesk], MainWindow]


@pytest.fixture(autouse=True)
def chosen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A person who takes a file on a stick, whatever is suggested."""
    suggested: list[str] = []

    def ask(_: object, start: str) -> str:
        suggested.append(start)
        return str(OUT)

    monkeypatch.setattr(exporting, "ask_evidence", ask)
    monkeypatch.setattr(evidence_check, "ask_given", ask)
    return suggested


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


# Making one


def test_a_record_is_proven_by_key_and_its_place_is_told(
    opened: Desk, page: LedgerPage, chosen: list[str]
) -> None:
    """The name that is suggested is that of the record; the window waits for nothing."""
    show(opened, 48_191)
    answer = opened.desk.answers.pop("prove")
    QTest.keyClick(opened.window, Qt.Key.Key_P, CTRL_SHIFT)
    assert opened.desk.last("prove").args == (48_191, OUT)
    assert chosen[0].endswith("/record-48191.capsule.jsonl")
    assert page.strip.words() == "Gathering the proof of record 48,191…"

    opened.desk.tell(EvidenceProgress("record 48191", 1))
    opened.settle()
    assert page.strip.words() == "Writing the proof of record 48,191: 1 line."
    opened.desk.last("prove").future.set_result(answer(48_191, OUT))
    opened.settle()
    assert page.strip.words() == (
        f"The proof of record 48,191 is written and was read back: it is in the ledger whose root "
        f"{WHO} signed on 2026-11-20 14:04:00. It lies in {OUT}"
    )


def test_a_record_of_no_run_offers_its_proof_and_nothing_of_a_run(
    opened: Desk, page: LedgerPage
) -> None:
    """An enrolment has no moment, no fork and no evidence of a run."""
    answer = opened.desk.answers["record"]
    opened.desk.answers["record"] = lambda seq: sample_proof.of_the_desk(answer(seq))
    show(opened, 48_180)
    record = page.record
    of_run = (record.moment_button, record.fork_button, record.export_button)
    assert [False, False, False, True] == [
        button.isVisible() for button in (*of_run, record.prove_button)
    ]
    record.prove_button.click()
    assert opened.desk.last("prove").args == (48_180, OUT)
    opened.desk.answers["record"] = answer
    show(opened, 48_191)
    assert all(button.isVisible() for button in of_run)


def test_the_action_is_there_while_a_record_is_shown(opened: Desk, page: LedgerPage) -> None:
    """And its button has a name and says its key."""
    [prove] = [one for one in opened.window.table if one.id == "ledger.prove"]
    assert not opened.window.can_do(prove)
    show(opened, 48_191)
    assert opened.window.can_do(prove)
    assert page.record.prove_button.text() == "Prove this record…"
    assert "Ctrl Shift P" in page.record.prove_button.toolTip()
    assert not prove.writes
    QTest.keyClick(opened.window, Qt.Key.Key_Escape)
    assert not opened.window.can_do(prove)


def test_a_proof_can_be_cancelled_while_it_is_made(opened: Desk, page: LedgerPage) -> None:
    """And another one is not begun meanwhile."""
    show(opened, 48_191)
    del opened.desk.answers["prove"]
    page.record.prove_button.click()
    page.record.prove_button.click()
    assert len(opened.desk.named("prove")) == 1
    page.strip.action.click()
    assert [call.args for call in opened.desk.named("stop_export")] == [(OUT,)]
    opened.desk.last("prove").future.set_exception(GivenUp("given up"))
    opened.settle()
    assert page.strip.words() == "The export of record 48,191 was cancelled; nothing was written."


def test_a_record_that_nobody_signed_for_is_signed_first_if_the_person_says_so(
    opened: Desk, page: LedgerPage
) -> None:
    """The same record, to the same place."""
    show(opened, 48_212)
    answer = opened.desk.answers.pop("prove")
    page.record.prove_button.click()
    why = "record 48212 is not covered by the checkpoint, which ends with record 48199"
    opened.desk.last("prove").future.set_exception(NotSigned(why))
    opened.settle()
    assert page.strip.words().startswith("The proof of record 48,212 was not exported. Record")
    assert page.strip.action.text() == "Sign now and export"

    opened.desk.answers["prove"] = answer
    page.strip.action.click()
    opened.settle()
    assert len(opened.desk.named("sign_checkpoint")) == 1
    assert [call.args for call in opened.desk.named("prove")] == [(48_212, OUT)] * 2
    assert "The proof of record 48,212 is written" in page.strip.words()


def test_leaving_the_question_where_to_proves_nothing(
    opened: Desk, page: LedgerPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was asked of the desk."""
    monkeypatch.setattr(exporting, "ask_evidence", lambda *_: "")
    show(opened, 48_191)
    page.record.prove_button.click()
    assert not opened.desk.named("prove")


# Checking one


def test_a_file_of_evidence_is_checked_from_the_table_of_actions(
    opened: Desk, page: LedgerPage
) -> None:
    """The pane opens, a file is asked for, and what it proves stands under the button."""
    [check] = [one for one in opened.window.table if one.id == "evidence.check"]
    answer = opened.desk.answers.pop("check_evidence")
    check.callback()
    pane = page.comparing.evidence
    assert opened.desk.last("check_evidence").args == (OUT,)
    assert (False, "Checking every record in it…") == (
        pane.button.isEnabled(),
        pane.result.text(),
    )
    opened.desk.last("check_evidence").future.set_result(answer(OUT))
    opened.settle()
    assert pane.button.isEnabled()
    assert pane.result.text() == (
        f"✓ Record 48,191 is in the ledger whose root {WHO} signed on 2026-11-20 14:04:00. It is a "
        "record of run r-0192, trace_recorded. That is the ledger of this desk."
    )


def test_a_file_that_cannot_be_read_says_why(
    opened: Desk, page: LedgerPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And leaving the question checks nothing."""

    def fail(_: object) -> None:
        raise OSError("the stick is gone")

    opened.desk.answers["check_evidence"] = fail
    page.check()
    opened.settle()
    assert page.comparing.evidence.result.text() == "Nothing was checked. The stick is gone."
    monkeypatch.setattr(evidence_check, "ask_given", lambda *_: "")
    page.comparing.evidence.button.click()
    assert len(opened.desk.named("check_evidence")) == 1


@pytest.mark.parametrize(
    ("found", "tone", "said"),
    [
        (
            CheckedEvidence("/x/record.jsonl", "the record does not hold: its hash is not", 3),
            "danger",
            "✕ record.jsonl proves nothing. Line 3 of it does not hold: The record does not hold",
        ),
        (
            replace(FOUND, other_desk=True, desk="beef", not_here="it is of desk beef"),
            "caution",
            "⚠ Record 48,191 is in the ledger whose root",
        ),
        (
            replace(FOUND, other_desk=True, desk="beef", not_here="it is of desk beef"),
            "caution",
            f"know from elsewhere: {sample_proof.KEY}",
        ),
        (
            replace(FOUND, not_here="the ledger was replaced or shortened: it ends at record 9"),
            "danger",
            "But that is not the ledger as it is here. The ledger was replaced or shortened",
        ),
        (replace(FOUND, left_out=2), "good", "✓ Record 48,191 is in the ledger"),
        (
            replace(FOUND, record=-1, about="run r-1", stands="", records=46, left_out=2),
            "caution",
            "What 2 records and texts said was left out.",
        ),
        (
            replace(FOUND, record=-1, about="gate g of run r-1", stands="decided by bob: approve"),
            "good",
            "about gate g of run r-1 are in the ledger",
        ),
        (replace(FOUND, record=-1, unchecked=1), "caution", "1 signature could not be checked"),
        (replace(FOUND, operator="ada\u202e"), "good", "ada⟨U+202E⟩"),
    ],
)
def test_what_a_file_of_evidence_comes_to_is_a_sentence(
    found: CheckedEvidence, tone: str, said: str
) -> None:
    """Whatever it is, and wherever it is from."""
    words, as_ = evidence_words(found)
    assert said in words
    assert tone == as_


# At a real desk


@pytest.fixture
def window_over(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[Open]:
    """Opens a window over a desk, and closes it before that."""
    del qapp
    opened: list[MainWindow] = []

    def make(desk: RealDesk) -> MainWindow:
        window = MainWindow(desk, UiSettings(tmp_path / "window.ini"))
        opened.append(window)
        with qtbot.waitExposed(window):
            window.show()
        return window

    yield make
    for window in opened:
        window.close()
        window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_at_a_real_desk_the_file_holds_and_is_known_again(
    make_waiting: MakeWaiting,
    window_over: Open,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Signed first where nobody had, of a record of no run; then changed, and found out."""
    out = tmp_path / "record.jsonl"
    for place, name in ((exporting, "ask_evidence"), (evidence_check, "ask_given")):
        monkeypatch.setattr(place, name, lambda *_: str(out))
    page = window_over(make_waiting("").desk).pages.ledger
    page.tools.routes.page.emit("ledger")

    def until(true: Callable[[], bool]) -> None:
        qtbot.waitUntil(true, timeout=30_000)

    until(lambda: page.model.rowCount() > 1)
    page.jump.setText("1")
    page.jump.returnPressed.emit()
    until(page.record.has_record)
    page.record.prove_button.click()
    until(lambda: page.strip.action.text() == "Sign now and export")
    page.strip.action.click()
    until(out.exists)
    until(lambda: "The proof of record 1 is written" in page.strip.words())
    assert 1 == check_capsule(out).about.record

    def checked() -> str:
        page.check()
        until(page.comparing.evidence.button.isEnabled)
        return page.comparing.evidence.result.text()

    assert checked().startswith("✓ Record 1 is in the ledger whose root alice#")
    assert page.comparing.evidence.result.text().endswith("That is the ledger of this desk.")
    out.write_bytes(out.read_bytes().replace(b'"seq":1,', b'"seq":2,'))
    assert checked().startswith("✕ record.jsonl proves nothing. Line 3 of it does not hold")
