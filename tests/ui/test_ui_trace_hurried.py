"""A recorded step in the hands of somebody hurried: late answers, lost notes, texts without end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from converge_core.errors import IllegalCommand
from converge_desktop.runtime.port import TraceIndexChanged
from converge_desktop.runtime.review_model import LayerRow
from converge_desktop.runtime.trace_compare import compare
from converge_desktop.runtime.trace_model import IndexState, Note
from converge_desktop.ui.pages.trace_sheet import Sheet
from converge_desktop.ui.pages.trace_side import MARK, marked_sides, stretches
from converge_desktop.ui.widgets.chips import ChipRow
from converge_desktop.ui.widgets.values import ValueTable
from converge_desktop.ui.widgets.whole_text import WholeText
from converge_desktop.ui.word_diff import word_diff
from tests.ui import sample_trace as own
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.tracing import can, press, section, shown, strip, told

CTRL = Qt.KeyboardModifier.ControlModifier
ESC = Qt.Key.Key_Escape


@pytest.fixture
def traces(make_desk: MakeDesk, desk: FakeDesk) -> Desk:
    """A window over a desk with a step about which something is noted."""
    desk.answers |= own.answers()
    return make_desk(desk)


def late(opened: Desk, name: str) -> Callable[[], None]:
    """Has a question of the desk wait; returns what has it answered after all."""
    answer = opened.desk.answers.pop(name)

    def come() -> None:
        for call in opened.desk.named(name):
            if not call.future.done():
                call.future.set_result(answer(*call.args))
        opened.desk.answers[name] = answer
        opened.settle()

    return come


def save(opened: Desk) -> None:
    QTest.keyClick(opened.window.pages.traces.pane.notes.box.edit, Qt.Key.Key_Return, CTRL)
    opened.settle()


def kept(opened: Desk) -> list[tuple[str, str]]:
    return [call.args for call in opened.desk.named("annotate_trace")]


def test_a_note_that_is_not_read_yet_is_never_written_over(traces: Desk) -> None:
    """The box takes it in when it comes; a text typed before that cannot be saved until then."""
    come = late(traces, "trace_note")
    pane = shown(traces)
    pane.notes.open()
    pane.notes.box.write("Another thought")
    save(traces)
    assert kept(traces) == []
    assert "is still being read" in told(pane.notes.box)
    come()
    save(traces)
    assert kept(traces) == [(own.PLANNING, "Another thought")]
    assert f"It said: “{own.NOTE.text}”" in strip(pane, "Notes").words()


def test_a_box_opened_before_the_note_came_is_filled_with_it(traces: Desk) -> None:
    come = late(traces, "trace_note")
    pane = shown(traces)
    pane.notes.open()
    come()
    assert pane.notes.box.edit.toPlainText() == own.NOTE.text


def test_what_is_typed_while_a_note_is_saved_stays_in_the_box(traces: Desk) -> None:
    """And pressing Save twice saves once."""
    pane = shown(traces, own.EVALUATION)
    come = late(traces, "annotate_trace")
    pane.notes.open()
    pane.notes.box.write("First half")
    save(traces)
    assert "Saving…" in told(pane.notes.box)
    save(traces)
    pane.notes.box.write("First half, second half")
    come()
    assert kept(traces) == [(own.EVALUATION, "First half")]
    assert pane.notes.box.edit.toPlainText() == "First half, second half"
    assert "First half" in told(pane.head)
    save(traces)
    assert kept(traces)[1:] == [(own.EVALUATION, "First half, second half")]
    assert not pane.notes.box.isVisible()


def test_removing_a_note_takes_nothing_that_is_being_typed(traces: Desk) -> None:
    pane = shown(traces)
    pane.notes.open()
    pane.notes.box.write("A better one, half writ")
    press(pane, "Remove")
    traces.settle()
    assert not pane.notes.line.isVisible()
    assert pane.notes.box.edit.toPlainText() == "A better one, half writ"


def test_undoing_that_fails_can_be_tried_again(traces: Desk) -> None:
    """Else the only copy of what was noted would be gone with the message."""
    pane = shown(traces)
    press(pane, "Remove")
    traces.settle()

    def full(*_: object) -> Note:
        raise IllegalCommand("the disk is full; make room, and try again")

    traces.desk.answers["annotate_trace"] = full
    press(pane, "Undo")
    traces.settle()
    assert strip(pane, "Notes").words().endswith("The disk is full; make room, and try again.")
    assert can(traces, "trace.note-undo")
    traces.desk.answers["annotate_trace"] = own.annotated
    press(pane, "Undo")
    traces.settle()
    assert own.NOTE.text in told(pane.head)


def test_a_note_saved_before_it_was_read_is_not_taken_back_by_the_late_answer(
    traces: Desk,
) -> None:
    pane = shown(traces)
    pane.notes.remove()
    traces.settle()
    shown(traces, own.EVALUATION)
    come = late(traces, "trace_note")
    shown(traces)
    press(pane, "Undo")
    traces.settle()
    traces.desk.last("trace_note").future.set_result(None)
    come()
    assert own.NOTE.text in told(pane.head)


def test_notes_of_any_letters_are_shown_as_they_are(traces: Desk) -> None:
    """What the eye would miss is spelled out; nothing is markup."""
    pane = shown(traces, own.EVALUATION)
    for text in ("a\0b", "<b>bold</b> &amp;", "left \u202eright", "x" * 2000, "\U0001f600" * 900):
        pane.notes.open()
        pane.notes.box.write(text)
        save(traces)
    assert kept(traces)
    traces.desk.answers["trace_note"] = lambda i: Note(i, 1, "ab", "left \u202e<b>x</b>", "b#1", 5)
    shown(traces, own.OLDER)
    assert "left ⟨U+202E⟩<b>x</b>" in told(pane.head)


def test_a_word_without_end_is_compared_where_it_differs(traces: Desk) -> None:
    """200,000 letters on one line: what is shown is the place, and not the line."""
    one = replace(own.step(own.PLANNING), raw_output="x" * 200_000 + "a")
    other = replace(one, raw_output="x" * 200_000 + "b")
    found = compare(one, other)
    assert (found.output.line, found.output.place) == (1, 200_001)
    assert (found.output.one, found.output.other) == ("a", "b")
    traces.desk.answers["compare_traces"] = lambda *_: found
    pane = shown(traces)
    pane.compare(own.PLANNING, own.OLDER)
    traces.settle()
    texts = section(pane.comparing.shown, "Output").findChildren(WholeText)
    assert all(len(text.text()) < 200 for text in texts)


def test_texts_that_repeat_themselves_are_told_as_other_at_once() -> None:
    """To find what stayed between them takes seconds, and tells nobody anything."""
    lines = ("\n".join("a" for _ in range(400)), "\n".join("ab"[n % 2] for n in range(400)))
    assert len(stretches(*lines)) < 5
    one = "\n".join("!" * 380 + "." if n % 2 else f"s{n}" for n in range(30))
    other = "\n".join("!?" * 190 + "," if n % 2 else f"s{n}" for n in range(30))
    sides = marked_sides(stretches(one, other))
    assert len(sides) == 30
    assert all(len(mine) == 1 for mine, _ in sides)
    for mine, theirs in sides[1::2]:
        assert (mine[0].look, theirs[0].look) == (MARK, MARK)


def test_two_paragraphs_without_a_word_in_common_share_no_space_either() -> None:
    one = " ".join(f"a{n}" for n in range(190))
    other = " ".join(f"b{n}" for n in range(190))
    [was], [now] = word_diff(one, other)
    assert (was.text, now.text) == (one, other)


def test_a_comparison_with_a_step_that_was_left_out_says_so(traces: Desk) -> None:
    def gone(*_: object) -> object:
        raise IllegalCommand("what record 12 said was left out of this ledger")

    traces.desk.answers["compare_traces"] = gone
    pane = shown(traces)
    pane.compare(own.PLANNING, own.OLDER)
    traces.settle()
    assert strip(pane, "Comparing").words() == (
        "Nothing was compared. What record 12 said was left out of this ledger."
    )
    assert pane.shows_step()


def test_empty_steps_are_compared(traces: Desk) -> None:
    """One has no layers, no answer, no checks and no envelope."""
    one = own.step(own.PLANNING)
    empty = replace(one, layers=(), raw_output="", checks=(), envelope=(), output=())
    traces.desk.answers["compare_traces"] = lambda *_: compare(empty, one)
    pane = shown(traces)
    pane.compare(own.PLANNING, own.OLDER)
    traces.settle()
    assert "(the text ends here)" in told(pane.comparing.shown)
    pane.comparing.shown.swap()
    traces.desk.answers["compare_traces"] = lambda *_: compare(empty, empty)
    pane.compare(own.OLDER, own.PLANNING)
    traces.settle()
    assert "Nothing differs." in told(pane.comparing.shown)


def test_a_step_without_anything_is_shown_on_every_tab(traces: Desk) -> None:
    """Nor does one whose figures contradict themselves upset it."""
    one = own.step(own.EVALUATION)
    odd = replace(
        one,
        layers=(LayerRow("", "", 0),),
        raw_output="",
        output=(),
        checks=(),
        envelope=(),
        hints=(),
        recall=(("found", ""),),
        prompt_tokens=3,
        reused_tokens=9,
        output_tokens=0,
        first_us=one.row.duration * 5,
        finish="\u202e<b>",
        rests_on=(),
        led_to="",
        consequence=replace(own.WAITING, proposal="", opened_at=0, answers=()),
    )
    traces.desk.answers["trace"] = lambda _: odd
    for tab in ("Envelope", "Validation", "Timing", "Recall", "Lineage", "Replay"):
        pane = shown(traces, own.EVALUATION, tab)
        assert pane.shows_step()
    pane = shown(traces, own.EVALUATION, "Timing")
    assert "of these read anew | 0" in told(pane)


# In the smallest window


def test_what_is_compared_is_not_cut_in_the_smallest_window(traces: Desk) -> None:
    """Each chip has its line, and a column of sentences is wider than a word."""
    pane = shown(traces)
    traces.window.resize(traces.window.minimumSize())
    pane.compare(own.PLANNING, own.OLDER)
    traces.settle()
    for row in pane.comparing.shown.findChildren(ChipRow):
        assert row.height() >= row.heightForWidth(row.width())
    traces.window.resize(1280, 800)
    traces.settle()
    tables = pane.comparing.shown.findChildren(ValueTable)
    [checks] = [table for table in tables if "nothing rests on a hint" in told(table)]
    assert checks.height() < 6 * checks.fontMetrics().lineSpacing()


def test_in_the_smallest_window_there_is_room_to_read_and_to_write(traces: Desk) -> None:
    """The head leaves its chips away, and what is said of notes takes the width there is."""
    pane = shown(traces)
    traces.window.resize(traces.window.minimumSize())
    traces.settle()
    [sheet] = [one for one in pane.findChildren(Sheet) if one.isVisible()]
    assert sheet.height() > pane.height() * 2 // 5
    pane.notes.open()
    traces.settle()
    box = pane.notes.box
    assert box.need.height() <= 3 * box.need.fontMetrics().lineSpacing()
    assert box.need.y() < box.confirm.y()


# In the wrong hands


def test_keys_typed_into_a_note_are_letters(traces: Desk) -> None:
    """None of what they do elsewhere happens; Esc leaves the box, then the first of two steps."""
    pane = shown(traces, own.EVALUATION)
    QTest.keyClick(traces.window, Qt.Key.Key_C)
    QTest.keyClick(traces.window, Qt.Key.Key_N)
    traces.settle()
    QTest.keyClicks(pane.notes.box.edit, "pcnxmjkv ")
    traces.settle()
    assert pane.notes.box.edit.toPlainText() == "pcnxmjkv "
    assert not traces.desk.named("replay") + traces.desk.named("like_trace")
    QTest.keyClick(traces.window, Qt.Key.Key_Escape)
    traces.settle()
    assert not pane.notes.box.isVisible()
    assert "is the first" in strip(pane, "Comparing").words()
    QTest.keyClick(traces.window, Qt.Key.Key_Escape)
    traces.settle()
    assert strip(pane, "Comparing").words() == ""


def test_keys_of_a_step_do_nothing_on_another_page(traces: Desk) -> None:
    shown(traces)
    traces.window.go("ledger")
    for key in (Qt.Key.Key_N, Qt.Key.Key_C, Qt.Key.Key_X, Qt.Key.Key_P):
        QTest.keyClick(traces.window, key)
    traces.settle()
    pane = traces.window.pages.traces.pane
    assert not pane.notes.box.isVisibleTo(pane)
    assert strip(pane, "Comparing").words() == ""
    assert not traces.desk.named("replay")


def test_a_comparison_that_comes_after_the_page_was_left_takes_nothing(traces: Desk) -> None:
    """Neither the page nor the focus; it is there when the person comes back."""
    pane = shown(traces)
    come = late(traces, "compare_traces")
    pane.compare(own.PLANNING, own.OLDER)
    traces.window.go("ledger")
    focus = traces.window.focusWidget()
    come()
    assert traces.window.pages.page_id() == "ledger"
    assert traces.window.focusWidget() is focus
    traces.window.go("traces")
    traces.settle()
    assert pane.comparing.is_open()


def test_the_theme_may_change_over_a_comparison_and_a_note(traces: Desk) -> None:
    """Nothing that was typed or found is lost."""
    pane = shown(traces)
    pane.notes.open()
    pane.notes.box.write("half a thou")
    pane.compare(own.PLANNING, own.OLDER)
    traces.settle()
    for theme in ("dark", "high-contrast", "light"):
        traces.window.theme.choose(theme)
        traces.settle()
        assert pane.comparing.is_open()
    pane.escape()
    assert pane.notes.box.edit.toPlainText() == "half a thou"


def test_a_ledger_that_goes_on_disturbs_nobody_who_reads(traces: Desk, qtbot: QtBot) -> None:
    """Neither a comparison, nor a note that is being written, nor where one had scrolled to."""
    pane = shown(traces)
    pane.notes.open()
    pane.notes.box.write("half a thou")
    [sheet] = [one for one in pane.findChildren(Sheet) if one.isVisible()]
    sheet.verticalScrollBar().setValue(90)

    def goes_on(seq: int) -> None:
        asked = len(traces.desk.named("find_traces"))
        traces.desk.index = IndexState("ready", seq, seq)
        traces.desk.tell(TraceIndexChanged(traces.desk.index))
        traces.settle()
        qtbot.waitUntil(lambda: len(traces.desk.named("find_traces")) > asked)
        traces.settle()

    goes_on(48_300)
    assert traces.window.focusWidget() is pane.notes.box.edit
    assert pane.notes.box.edit.toPlainText() == "half a thou"
    assert sheet.verticalScrollBar().value() == 90
    pane.compare(own.PLANNING, own.OLDER)
    traces.settle()
    goes_on(48_400)
    assert pane.comparing.is_open()


def test_pressing_compare_once_too_often_forgets_nothing(traces: Desk) -> None:
    """While two steps are on their way, neither becomes the first of two others."""
    pane = shown(traces)
    pane.compare_with()
    shown(traces, own.OLDER)
    come = late(traces, "compare_traces")
    pane.compare_with()
    pane.compare_with()
    assert strip(pane, "Comparing").words() == "Comparing the two steps…"
    come()
    assert pane.comparing.is_open()
    assert pane.escape()
    assert not pane.escape()


def test_the_keyboard_goes_back_where_it_was_when_a_note_is_saved_or_left(traces: Desk) -> None:
    """To the list, whose keys go on at once; or to the button that opened the box."""
    pane = shown(traces, own.EVALUATION)
    start = traces.window.focusWidget()
    for leave in (lambda: save(traces), lambda: QTest.keyClick(pane.notes.box.edit, ESC)):
        QTest.keyClick(traces.window, Qt.Key.Key_N)
        pane.notes.box.write("Ask why.")
        leave()
        traces.settle()
        assert not pane.notes.box.isVisible()
        assert traces.window.focusWidget() is start
    pane.foot.note.setFocus()
    pane.foot.note.click()
    assert pane.notes.box.edit.hasFocus()
    QTest.keyClick(pane.notes.box.edit, ESC)
    assert pane.foot.note.hasFocus()
