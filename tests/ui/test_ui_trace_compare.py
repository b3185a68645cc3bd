"""Two recorded steps compared: chosen one after the other, and read difference by difference."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from converge_core.errors import IllegalCommand
from converge_desktop.runtime.trace_compare import compare
from converge_desktop.ui.pages.trace_compare import CompareView, verdict
from converge_desktop.ui.pages.trace_side import MARK, SideBySide, marked_sides, stretches
from converge_desktop.ui.pages.trace_view import TracePane
from converge_desktop.ui.widgets.chips import ChipButton
from converge_desktop.ui.widgets.whole_text import WholeText
from tests.ui import sample_trace as own
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.tracing import can, press, section, shown, strip, told

TEXT = st.text(st.sampled_from("ab \n"), max_size=30)


@pytest.fixture
def traces(make_desk: MakeDesk, desk: FakeDesk) -> Desk:
    """A window over a desk with steps of which all is known."""
    desk.answers |= own.answers()
    return make_desk(desk)


def compared(opened: Desk, one: str = own.PLANNING, other: str = own.OLDER) -> CompareView:
    """The comparison of two steps."""
    pane = shown(opened, one)
    pane.compare(one, other)
    opened.settle()
    return pane.comparing.shown


def key(opened: Desk, which: Qt.Key) -> None:
    """Presses a key, wherever the focus is."""
    QTest.keyClick(opened.window, which)
    opened.settle()


def said_of(pane: TracePane) -> str:
    return strip(pane, "Comparing").words()


# Choosing


def test_two_steps_are_chosen_one_after_the_other_by_key(traces: Desk) -> None:
    """C remembers the one that is shown, says so, and compares it with the next."""
    pane = shown(traces)
    key(traces, Qt.Key.Key_C)
    assert "Planning, run 0192 is the first. Choose the other one and press C again" in said_of(
        pane
    )
    key(traces, Qt.Key.Key_C)
    assert "That is the one shown: choose another" in said_of(pane)
    shown(traces, own.OLDER)
    assert "Planning, run 0192 is the first." in said_of(pane)
    key(traces, Qt.Key.Key_C)
    assert traces.desk.last("compare_traces").args == (own.PLANNING, own.OLDER)
    assert pane.comparing.shown.isVisible()
    assert said_of(pane) == ""


def test_the_first_one_can_be_forgotten(traces: Desk) -> None:
    """By Esc, and by the button in the strip; then another is the first."""
    pane = shown(traces)
    for forget in (lambda: key(traces, Qt.Key.Key_Escape), lambda: press(pane, "Forget it")):
        pane.foot.compare.click()
        forget()
        assert said_of(pane) == ""
    shown(traces, own.OLDER)
    pane.foot.compare.click()
    assert "Planning, run 0190 is the first." in said_of(pane)
    assert not traces.desk.named("compare_traces")


def test_a_comparison_that_cannot_be_made_says_why(traces: Desk) -> None:
    """Whether it is refused at once or later; the step stays."""

    def refuse(*_: str) -> None:
        raise IllegalCommand("there is no trace t-1; list them with: traces")

    pane = shown(traces)
    traces.desk.answers["compare_traces"] = refuse
    pane.compare(own.PLANNING, "t-1")
    traces.settle()
    assert said_of(pane).startswith("Nothing was compared. There is no trace t-1;")
    assert pane.shows_step()


def test_a_comparison_that_was_given_up_does_not_come_up(traces: Desk) -> None:
    """Esc while it is on its way; and an older one never replaces a newer."""
    pane = shown(traces)
    del traces.desk.answers["compare_traces"]
    pane.compare(own.PLANNING, own.OLDER)
    call = traces.desk.last("compare_traces")
    assert said_of(pane) == "Comparing the two steps…"
    key(traces, Qt.Key.Key_Escape)
    call.future.set_result(own.compared(own.PLANNING, own.OLDER))
    traces.settle()
    assert pane.shows_step()


# What is shown


def test_the_first_difference_stands_on_top_and_each_in_its_place(traces: Desk) -> None:
    """Both heads, each text that differs with line and place, and what is other marked."""
    view = compared(traces)
    said = told(view)
    for text in (
        "The layer state differs first, in line 1.",
        "2 of 6 texts differ, and 1 field of the envelope.",
        "Planning, run 0192",
        "Planning, run 0190",
    ):
        assert text in said, text
    assert "differs first in line 1, place 19" in section(view, "State").head.accessibleName()
    assert "differs first in line 1, place 1 " in section(view, "Output").head.accessibleName()
    [one, other] = section(view, "State").findChildren(SideBySide)[0].findChildren(WholeText)
    assert _marked(one) == ["3"]
    assert _marked(other) == ["0"]
    assert one.text() == "e1 tests.failed = 3 ! breach (at most 0)"


def _marked(text: WholeText) -> list[str]:
    return [s.text for part in text._all for s in part.spans if s.look == MARK]


def test_whole_texts_stand_beside_each_other_where_they_are_alike(traces: Desk) -> None:
    """All of both, in rows, with everything marked that only one of them has."""
    view = compared(traces)
    state = section(view, "State")
    section(state, "Whole texts side by side").head.click()
    traces.settle()
    side = state.findChildren(SideBySide)[1]
    texts = side.findChildren(WholeText)
    left, right = texts[::2], texts[1::2]
    assert "\n".join(text.text() for text in left) == own.step(own.PLANNING).layers[3].text
    assert "\n".join(text.text() for text in right) == own.step(own.OLDER).layers[3].text
    assert [text.y() for text in left] == [text.y() for text in right]
    assert [mark for text in left for mark in _marked(text)] == ["3 ! breach", "61.2", "! breach"]


def test_values_that_differ_stand_in_a_table_and_the_others_are_folded_away(traces: Desk) -> None:
    view = compared(traces)
    said = told(view)
    assert "first | second" in said
    assert "runtime | llama.cpp b6812, CPU, 2 threads | llama.cpp b6701, CPU, 8 threads" in said
    assert "output tokens | 79 | 31" in said
    assert "nothing rests on a hint | — | passed" in said
    assert "converge-nano" not in said
    section(view, "15 values are the same").head.click()
    traces.settle()
    assert "converge-nano" in told(view)


def test_texts_that_are_the_same_are_folded_away_and_can_be_read(traces: Desk) -> None:
    view = compared(traces)
    same = section(view, "4 texts are the same")
    assert same.head.accessibleName().endswith("Priming, Policy, Task frame, Intent")
    same.head.click()
    section(same, "Policy").head.click()
    traces.settle()
    assert "the first line that fits decides" in told(view)


def test_steps_in_which_nothing_differs_say_so(traces: Desk) -> None:
    """In a sentence on top; what they took may differ, and is told apart."""
    said = told(compared(traces, own.PLANNING, own.PLANNING))
    assert "Nothing differs." in said
    assert "Prompt, envelope and answer are the same, to the letter. They took the same" in said
    one = own.step(own.PLANNING)
    slower = replace(one, row=replace(one.row, duration=one.row.duration * 2))
    assert verdict(compare(one, slower))[3].endswith("What they took differs, as it may.")
    failed = tuple(replace(check, passed=False) for check in one.checks)
    assert "checks came out otherwise" in verdict(compare(one, replace(one, checks=failed)))[3]


def test_the_sides_are_swapped_by_key(traces: Desk) -> None:
    """All that stood left stands right; the sentence on top stays."""
    view = compared(traces)
    key(traces, Qt.Key.Key_X)
    said = told(view)
    assert said.index("Planning, run 0190") < said.index("Planning, run 0192")
    assert "output tokens | 31 | 79" in said
    assert "The layer state differs first, in line 1." in said
    [one, _] = section(view, "Output").findChildren(SideBySide)[0].findChildren(WholeText)
    assert _marked(one) == ["proceed"]


def test_esc_goes_back_to_the_step(traces: Desk) -> None:
    """What can be done with a step cannot be done with two, and can again after."""
    pane = shown(traces)
    compared(traces)
    assert not can(traces, "trace.replay")
    assert not can(traces, "trace.note")
    assert can(traces, "trace.swap")
    key(traces, Qt.Key.Key_Escape)
    assert pane.shows_step()
    assert can(traces, "trace.replay")
    assert not can(traces, "trace.swap")


def test_another_step_from_the_list_takes_the_place_of_a_comparison(traces: Desk) -> None:
    pane = shown(traces)
    compared(traces)
    shown(traces, own.EVALUATION)
    assert pane.shows_step()


def test_either_step_can_be_opened(traces: Desk) -> None:
    pane, view = shown(traces), compared(traces)
    [button] = [c for c in view.findChildren(ChipButton) if "second" in c.accessibleName()]
    button.click()
    traces.settle()
    assert pane.shows_step()
    assert pane.view is not None
    assert pane.view.row.trace_id == own.OLDER


def test_the_keyboard_stays_where_something_can_be_done(traces: Desk) -> None:
    """Pressed in the pane, the focus goes to the way back, and back to where it came from."""
    pane = shown(traces)
    pane.foot.compare.setFocus()
    pane.compare(own.PLANNING, own.OLDER)
    traces.settle()
    assert pane.comparing.shown.back.hasFocus()
    pane.comparing.shown.back.click()
    assert pane.foot.compare.hasFocus()


def test_very_long_texts_are_compared_without_holding_the_window_up(traces: Desk) -> None:
    """The difference in the middle of 200,000 characters is found, and both are shown whole."""
    view = compared(traces, own.LONG, own.LONG)
    assert "The layer state differs first, in line 1,705." in told(view)
    for name in ("State", "Output"):
        part = section(view, name)
        section(part, "Whole texts side by side").head.click()
        traces.settle()
    texts = [text for text in view.findChildren(WholeText) if text.isVisible()]
    for _ in range(400):
        traces.settle()
        if all(text.is_whole() for text in texts):
            break
    assert all(text.is_whole() for text in texts)
    key(traces, Qt.Key.Key_Escape)


# How two texts are cut


@given(one=TEXT, other=TEXT)
def test_cut_into_stretches_nothing_is_lost(one: str, other: str) -> None:
    """Put together, each side is its text; what is called alike is alike."""
    cut = stretches(one, other)
    mine = [part.one for part in cut if part.one or part.same]
    assert "".join("".join(mine).split()) == "".join(one.split())
    assert all(part.one == part.other for part in cut if part.same)


@given(one=TEXT, other=TEXT)
def test_what_is_not_marked_is_in_both(one: str, other: str) -> None:
    """Marks show all that is other: without them, both sides say the same."""
    for mine, theirs in marked_sides(stretches(one, other)):
        plain = ["".join(s.text for s in side if s.look != MARK) for side in (mine, theirs)]
        assert "".join(plain[0].split()) == "".join(plain[1].split())


def test_what_is_all_other_is_told_as_that_at_once() -> None:
    """Thousands of changed lines are one stretch, and no time is spent on their words."""
    one = "\n".join(f"line {n}" for n in range(20_000))
    other = "\n".join(f"row {n}" for n in range(20_000))
    [only] = stretches(one, other)
    [(mine, theirs)] = marked_sides([only])
    assert (len(mine), len(theirs)) == (1, 1)
    assert mine[0].look == theirs[0].look == MARK
