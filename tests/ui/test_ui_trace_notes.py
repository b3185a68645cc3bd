"""What people note about a step: shown, written, changed, removed and brought back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from converge_core.errors import IllegalCommand
from converge_desktop.runtime.trace_notes import LONGEST
from converge_desktop.ui.pages.trace_note import Notes
from converge_desktop.ui.pages.trace_note_box import BESIDE
from converge_desktop.ui.pages.trace_view import TracePane
from converge_desktop.ui.widgets.task_strip import TaskStrip
from tests.ui import sample_trace as own
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.tracing import can, press, shown, strip, told

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def traces(make_desk: MakeDesk, desk: FakeDesk) -> Desk:
    """A window over a desk with a step about which something is noted."""
    desk.answers |= own.answers()
    return make_desk(desk)


def noted(opened: Desk) -> list[tuple[str, str]]:
    """What the desk was asked to keep."""
    return [call.args for call in opened.desk.named("annotate_trace")]


def strip_of(pane: TracePane) -> TaskStrip:
    return strip(pane, "Notes")


def written(opened: Desk, pane: TracePane, text: str) -> Notes:
    """The notes, after something was typed into the box and saved."""
    pane.notes.open()
    pane.notes.box.write(text)
    QTest.keyClick(pane.notes.box.edit, Qt.Key.Key_Return, CTRL)
    opened.settle()
    return pane.notes


def test_a_note_stands_over_the_tabs_with_who_and_when(traces: Desk) -> None:
    pane = shown(traces)
    assert "Note by alice, 14:01:" in told(pane.head)
    assert own.NOTE.text in told(pane.head)
    assert pane.notes.line.y() < pane.tabs.y()


def test_where_nothing_is_noted_there_is_no_line(traces: Desk) -> None:
    """Nor that of the step that was shown before."""
    pane = shown(traces)
    shown(traces, own.EVALUATION)
    assert not pane.notes.line.isVisible()
    assert not can(traces, "trace.note-remove")


def test_a_note_is_written_by_keyboard_alone(traces: Desk) -> None:
    """N opens the box, which says what a note is; Ctrl+Return saves; the line is there."""
    pane = shown(traces, own.EVALUATION)
    QTest.keyClick(traces.window, Qt.Key.Key_N)
    traces.settle()
    assert BESIDE in told(pane.notes.box)
    assert traces.window.focusWidget() is pane.notes.box.edit
    written(traces, pane, " Ask why. ")
    assert noted(traces) == [(own.EVALUATION, "Ask why.")]
    assert not pane.notes.box.isVisible()
    assert "Note by alice, 14:06: | Ask why." in told(pane.head)
    assert strip_of(pane).words() == "The note about Evaluation, run 0192 is saved."


def test_a_note_writes_nothing_into_the_ledger(traces: Desk) -> None:
    """So it can be written while the ledger is only read."""
    for name in ("trace.note", "trace.note-remove", "trace.note-undo"):
        assert traces.window.known(name).writes == ""


def test_whoever_is_told_of_notes_hears_which_changed(traces: Desk) -> None:
    pane = shown(traces, own.EVALUATION)
    heard: list[str] = []
    pane.noted.connect(heard.append)
    written(traces, pane, "Ask why.")
    assert heard == [own.EVALUATION]


def test_a_note_is_edited_from_what_it_says_and_that_can_be_undone(traces: Desk) -> None:
    pane = shown(traces)
    press(pane, "Edit")
    assert pane.notes.box.edit.toPlainText() == own.NOTE.text
    written(traces, pane, "Mended.")
    assert f"is saved. It said: “{own.NOTE.text}”" in strip_of(pane).words()
    press(pane, "Undo")
    traces.settle()
    assert noted(traces) == [(own.PLANNING, "Mended."), (own.PLANNING, own.NOTE.text)]
    assert own.NOTE.text in told(pane.head)


def test_a_note_is_removed_and_can_be_brought_back(traces: Desk) -> None:
    """What it said stays in the strip; undoing works whatever is looked at meanwhile."""
    pane = shown(traces)
    press(pane, "Remove")
    traces.settle()
    assert not pane.notes.line.isVisible()
    assert f"is removed. It said: “{own.NOTE.text}”" in strip_of(pane).words()
    shown(traces, own.EVALUATION)
    assert can(traces, "trace.note-undo")
    press(pane, "Undo")
    traces.settle()
    assert noted(traces) == [(own.PLANNING, ""), (own.PLANNING, own.NOTE.text)]
    assert not pane.notes.line.isVisible()
    assert not can(traces, "trace.note-undo")


def test_undoing_what_somebody_else_wrote_says_under_whose_name(traces: Desk) -> None:
    traces.desk.answers["trace_note"] = lambda _: replace(own.NOTE, by="bob#2a")
    pane = shown(traces)
    press(pane, "Remove")
    traces.settle()
    assert strip_of(pane).words().endswith("Undo puts it back, under your name.")


def test_emptying_a_note_removes_it(traces: Desk) -> None:
    pane = shown(traces)
    written(traces, pane, "  ")
    assert noted(traces) == [(own.PLANNING, "")]


def test_what_was_typed_stays_with_its_step(traces: Desk) -> None:
    """Through another step and back, and through Esc; saved, it is gone from the box."""
    pane = shown(traces, own.EVALUATION)
    pane.notes.open()
    pane.notes.box.write("half a thou")
    shown(traces)
    assert not pane.notes.box.isVisible()
    pane.notes.open()
    assert pane.notes.box.edit.toPlainText() == own.NOTE.text
    shown(traces, own.EVALUATION)
    assert pane.notes.box.isVisible()
    assert pane.notes.box.edit.toPlainText() == "half a thou"
    QTest.keyClick(pane.notes.box.edit, Qt.Key.Key_Escape)
    assert not pane.notes.box.isVisible()
    shown(traces)
    shown(traces, own.EVALUATION)
    assert not pane.notes.box.isVisible()
    pane.notes.open()
    assert pane.notes.box.edit.toPlainText() == "half a thou"
    written(traces, pane, "half a thought")
    pane.notes.open()
    assert pane.notes.box.edit.toPlainText() == "half a thought"


def test_a_note_that_is_too_long_is_refused_with_by_how_much(traces: Desk) -> None:
    """While it is typed and when it is saved; nothing is lost, nothing is asked."""
    pane = shown(traces, own.EVALUATION)
    notes = written(traces, pane, "x" * (LONGEST - 5))
    assert noted(traces)
    notes.open()
    notes.box.write("x" * (LONGEST - 5))
    assert f"{BESIDE} 5 characters left." in told(notes.box)
    notes.box.write("x" * (LONGEST + 13))
    assert "13 characters too long: a note has at most 2,000." in told(notes.box)
    written(traces, pane, "x" * (LONGEST + 13))
    assert "this is 13 characters too long." in told(notes.box)
    assert len(noted(traces)) == 1
    assert notes.box.isVisible()


def test_nothing_is_no_note(traces: Desk) -> None:
    pane = shown(traces, own.EVALUATION)
    notes = written(traces, pane, "")
    assert "Nothing is written yet." in told(notes.box)
    assert noted(traces) == []


def _fails(error: Exception) -> Callable[..., object]:
    def fail(*_: object) -> object:
        raise error

    return fail


def test_a_note_that_cannot_be_kept_says_why_and_stays_in_the_box(traces: Desk) -> None:
    traces.desk.answers["annotate_trace"] = _fails(OSError("the disk is full; free some space"))
    pane = shown(traces, own.EVALUATION)
    notes = written(traces, pane, "Ask why.")
    assert "Nothing was noted about Evaluation, run 0192. The disk is full;" in told(notes.box)
    assert notes.box.edit.toPlainText() == "Ask why."


def test_notes_that_cannot_be_read_say_why(traces: Desk) -> None:
    """As those of a file that somebody broke, or of a desk that is still opening."""
    traces.desk.answers["trace_note"] = _fails(IllegalCommand("notes.jsonl, line 2: it is no note"))
    pane = shown(traces)
    assert "What is noted cannot be read. Notes.jsonl, line 2: it is no note." in told(pane.head)
    assert not pane.notes.line.edit.isVisible()


def test_a_desk_that_is_still_opening_refuses_in_words(
    make_desk: MakeDesk, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question itself fails then, and nothing breaks."""
    desk.answers |= own.answers()
    opened = make_desk(desk)
    monkeypatch.setattr(desk, "trace_note", _fails(IllegalCommand("the desk is still opening")))
    assert "The desk is still opening." in told(shown(opened).head)


def test_a_long_note_is_shown_in_part_and_whole_when_asked(traces: Desk) -> None:
    long = "\n".join(f"line {n}" for n in range(30))
    traces.desk.answers["trace_note"] = lambda _: replace(own.NOTE, text=long)
    pane = shown(traces)
    assert "line 2" in told(pane.head)
    assert "line 3" not in told(pane.head)
    press(pane, "Show all of it")
    assert "line 29" in told(pane.head)


def test_an_answer_about_another_step_is_not_shown(traces: Desk) -> None:
    """As one that was on its way when the person went on."""
    del traces.desk.answers["trace_note"]
    pane = shown(traces)
    late = traces.desk.last("trace_note")
    shown(traces, own.EVALUATION)
    late.future.set_result(own.NOTE)
    traces.settle()
    assert not pane.notes.line.isVisible()
