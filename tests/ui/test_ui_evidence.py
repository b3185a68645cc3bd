"""Evidence of a run, a decision or a step, and a run folded again from the ledger."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from converge_desktop.runtime.outputs import RunReplay
from converge_desktop.runtime.port import EvidenceProgress, NotSigned
from converge_desktop.runtime.stopper import GivenUp
from converge_desktop.ui.pages import exporting
from converge_desktop.ui.pages.run_asks import replay_words
from tests.ui import sample
from tests.ui.conftest import Desk

CTRL = Qt.KeyboardModifier.ControlModifier
CTRL_SHIFT = CTRL | Qt.KeyboardModifier.ShiftModifier
OUT = Path("/media/stick/evidence.jsonl")


@pytest.fixture(autouse=True)
def chosen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A person who takes a file on a stick, whatever is suggested."""
    suggested: list[str] = []

    def ask(_: object, start: str) -> str:
        suggested.append(start)
        return str(OUT)

    monkeypatch.setattr(exporting, "ask_evidence", ask)
    return suggested


def show_run(opened: Desk, run: str = "r-0190") -> None:
    opened.window.routes.run.emit(run)
    opened.settle()


def test_evidence_of_a_run_is_exported_by_key_and_its_place_is_told(
    opened: Desk, chosen: list[str]
) -> None:
    """The name that is suggested is that of the run; the window waits for nothing."""
    show_run(opened)
    answer = opened.desk.answers.pop("export")
    QTest.keyClick(opened.window, Qt.Key.Key_E, CTRL)
    strip = opened.window.pages.runs.pane.strip
    assert opened.desk.last("export").args == ("r-0190", OUT)
    assert chosen[0].endswith("/r-0190.capsule.jsonl")
    assert "Gathering the evidence of run 0190" in strip.words()

    opened.desk.tell(EvidenceProgress("r-0190", 1_201))
    opened.settle()
    assert strip.words() == "Writing the evidence of run 0190: 1,201 lines."

    opened.desk.last("export").future.set_result(answer("r-0190", OUT))
    opened.settle()
    assert "96 records" in strip.words()
    assert strip.words().endswith(f"It lies in {OUT}")


def test_a_second_export_waits_for_the_first(opened: Desk) -> None:
    """Pressing twice exports once."""
    show_run(opened)
    del opened.desk.answers["export"]
    QTest.keyClick(opened.window, Qt.Key.Key_E, CTRL)
    QTest.keyClick(opened.window, Qt.Key.Key_E, CTRL)
    assert len(opened.desk.named("export")) == 1


@pytest.mark.parametrize("by", ["button", "action"])
def test_an_export_can_be_cancelled_while_it_runs(opened: Desk, by: str) -> None:
    """By the button beside its progress and from the palette; what was asked late opens nothing."""
    show_run(opened)
    del opened.desk.answers["export"]
    strip = opened.window.pages.runs.pane.strip
    [cancel] = [one for one in opened.window.table if one.id == "runs.stop-export"]
    assert not opened.window.can_do(cancel)
    QTest.keyClick(opened.window, Qt.Key.Key_E, CTRL)
    opened.desk.tell(EvidenceProgress("r-0190", 1_201))
    opened.settle()
    assert strip.action.text() == "Cancel"
    assert opened.window.can_do(cancel)

    (strip.action.click if by == "button" else cancel.callback)()
    assert [call.args for call in opened.desk.named("stop_export")] == [(OUT,)]
    opened.desk.tell(EvidenceProgress("r-0190", 1_301))
    opened.settle()
    assert strip.words() == "Giving up…"
    assert not strip.action.isVisible()
    opened.desk.last("export").future.set_exception(GivenUp("given up"))
    opened.settle()
    assert strip.words() == "The export of run 0190 was cancelled; nothing was written."
    assert not opened.window.can_do(cancel)
    QTest.keyClick(opened.window, Qt.Key.Key_E, CTRL)
    assert len(opened.desk.named("export")) == 2


def test_what_no_checkpoint_covers_is_signed_first_if_the_person_says_so(opened: Desk) -> None:
    """The refusal says why, and the way on stands beside it."""
    show_run(opened)
    answer = opened.desk.answers.pop("export")
    QTest.keyClick(opened.window, Qt.Key.Key_E, CTRL)
    why = "record 48211 stands behind the newest checkpoint"
    opened.desk.last("export").future.set_exception(NotSigned(why))
    opened.settle()
    strip = opened.window.pages.runs.pane.strip
    assert "Record 48211 stands behind the newest checkpoint." in strip.words()
    assert not opened.desk.named("sign_checkpoint")

    opened.desk.answers["export"] = answer
    assert strip.action.text() == "Sign now and export"
    strip.action.click()
    opened.settle()
    assert len(opened.desk.named("sign_checkpoint")) == 1
    assert "It lies in" in strip.words()


def test_an_export_that_fails_says_why_and_offers_no_signing(opened: Desk) -> None:
    """Signing mends no full disk."""
    show_run(opened)
    del opened.desk.answers["export"]
    opened.window.pages.runs.pane.export_button.click()
    opened.desk.last("export").future.set_exception(OSError("the disk is full"))
    opened.settle()
    strip = opened.window.pages.runs.pane.strip
    assert strip.words() == "The evidence of run 0190 was not exported. The disk is full."
    assert not strip.action.isVisible()
    show_run(opened, "r-0191")
    assert strip.words() == ""


def test_a_decision_is_exported_from_its_record(opened: Desk) -> None:
    """A record about a gate stands for the decision at it; any other for its run."""
    opened.window.go("ledger")
    page = opened.window.pages.ledger
    for seq, wanted in ((48_192, "gate:r-0192/4/planning/0"), (48_191, "r-0192")):
        page.jump.setText(str(seq))
        page.jump.returnPressed.emit()
        opened.settle()
        page.record.export_button.click()
        opened.settle()
        assert opened.desk.last("export").args == (wanted, OUT)
    assert "It lies in" in page.strip.words()


def test_a_step_stands_for_the_decision_it_led_to_else_for_its_run(opened: Desk) -> None:
    """From the trace page, by the same key."""
    for gate, wanted in (("gate:r-0192/4/planning/0", "gate:r-0192/4/planning/0"), ("", "r-0192")):
        view = replace(sample.trace_view("t-0192-03"), gate=gate)
        opened.desk.answers["trace"] = lambda _, view=view: view
        opened.window.routes.trace.emit("t-0192-03")
        opened.settle()
        QTest.keyClick(opened.window, Qt.Key.Key_E, CTRL)
        assert opened.desk.last("export").args == (wanted, OUT)
        opened.settle()
    assert "It lies in" in opened.window.pages.traces.pane.strip.words()


def test_leaving_the_question_where_to_exports_nothing(
    opened: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was asked of the desk."""
    monkeypatch.setattr(exporting, "ask_evidence", lambda *_: "")
    show_run(opened)
    QTest.keyClick(opened.window, Qt.Key.Key_E, CTRL)
    assert not opened.desk.named("export")


@pytest.mark.parametrize("page", ["inbox", "context", "packs", "models"])
def test_where_nothing_is_shown_that_can_be_proven_the_actions_do_nothing(
    opened: Desk, page: str
) -> None:
    """Neither by key nor in the palette."""
    opened.window.go(page)
    QTest.keyClick(opened.window, Qt.Key.Key_E, CTRL)
    QTest.keyClick(opened.window, Qt.Key.Key_L, CTRL_SHIFT)
    QTest.keyClick(opened.window, Qt.Key.Key_F, CTRL_SHIFT)
    names = {"export", "replay_run", "fork"}
    assert not [call for call in opened.desk.calls if call.name in names]
    offered = {action.id for action in opened.window.table if opened.window.can_do(action)}
    assert not offered & {"run.export", "run.replay", "run.fork", "run.now", "ledger.moment"}


# Replaying a run


def test_a_run_is_folded_again_from_the_ledger_by_key(opened: Desk) -> None:
    """It says whether the records alone come to the root that the run named itself."""
    show_run(opened)
    QTest.keyClick(opened.window, Qt.Key.Key_L, CTRL_SHIFT)
    opened.settle()
    said = opened.window.pages.runs.pane.strip.words()
    assert opened.desk.last("replay_run").args == ("r-0190",)
    assert said.startswith("✓ Folded again from 212 records alone, run 0190 comes to 15 facts")
    assert "equal to what it said itself in record 48,190" in said


@pytest.mark.parametrize(
    ("said", "tone", "words"),
    [
        ("4b" * 32, "good", "equal to what it said itself in record 9"),
        ("5c" * 32, "danger", "They differ."),
        ("", "good", "It has not stopped yet"),
    ],
)
def test_what_a_replay_says(said: str, tone: str, words: str) -> None:
    """Equal, unequal, or nothing to compare with."""
    found = RunReplay("r-1", 3, 2, "4b" * 32, said, 9 if said else -1)
    shown = replay_words("run 1", found)
    assert shown[0] == tone
    assert words in shown[1]


def test_records_that_do_not_hold_are_told(opened: Desk) -> None:
    """And the run can be replayed again once they were mended."""

    def fail(_: str) -> None:
        raise ValueError("record 7 does not hold")

    opened.desk.answers["replay_run"] = fail
    show_run(opened)
    pane = opened.window.pages.runs.pane
    pane.replay_button.click()
    opened.settle()
    assert "Record 7 does not hold." in pane.strip.words()
    assert pane.replay_button.isEnabled()
