"""One recorded step: all that the record has of it, by tab, and where each thing leads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from converge_desktop.runtime.port import RunChanged
from converge_desktop.runtime.review_model import TraceView
from converge_desktop.ui.pages.trace_parts import LongText
from converge_desktop.ui.pages.trace_timing import time_rows, token_rows
from converge_desktop.ui.pages.trace_view import TABS
from converge_desktop.ui.pages.trace_words import (
    consequence_rows,
    layer_about,
    long_words,
    waited_words,
)
from converge_desktop.ui.widgets.disclosure import Disclosure
from tests.ui import sample, sample_runs
from tests.ui import sample_trace as own
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.tracing import link, section, shown, told

MIN = sample.MIN


@pytest.fixture
def traces(make_desk: MakeDesk, desk: FakeDesk) -> Desk:
    """A window over a desk with steps of which all is known."""
    desk.answers |= own.answers()
    return make_desk(desk)


# Prompt and output


def test_every_layer_says_in_a_line_what_it_costs_and_what_it_is(traces: Desk) -> None:
    """The state in facts and hints, the others by how they begin; all can be opened."""
    pane = shown(traces, own.EVALUATION)
    sections = [s for s in pane.findChildren(Disclosure) if s.isVisible()]
    heads = [section.head.accessibleName() for section in sections]
    assert heads[:5] == [
        f"1 Priming, 34 tokens · {sample.LAYERS[0].text}",
        "2 Policy, 118 tokens · POLICY release:3",
        "3 Task frame, 141 tokens · TASK planning",
        "4 State, 6 facts and 2 hints · 203 tokens",
        "5 Intent, 17 tokens · is converge-desktop 0.4.0 fit to be released",
    ]
    assert [section.is_open() for section in sections[:5]] == [False, False, False, True, False]
    assert "the first line that fits decides" not in told(pane)
    sections[1].head.click()
    traces.settle()
    assert "the first line that fits decides" in told(pane)


def test_a_layer_without_words_says_so_by_its_cost_alone() -> None:
    view = own.step(own.PLANNING)
    assert layer_about(view, replace(view.layers[0], text=" \n", tokens=0)) == "0 tokens"


def test_the_output_says_how_fast_it_was_written(traces: Desk) -> None:
    """Counted from its first token on, because the time before is that of the prompt."""
    pane = shown(traces)
    output = section(pane, "Output")
    assert "79 tokens · 0.11 s · 945 tokens/s · 4 values linked" in output.head.accessibleName()


def test_very_long_texts_do_not_hold_the_window_up(traces: Desk) -> None:
    """They scroll inside, and are laid out little by little; the guard counts the time."""
    pane = shown(traces, own.LONG)
    [state, output] = [text for text in pane.findChildren(LongText) if text.isVisible()]
    for _ in range(200):
        traces.settle()
        if state.shown.is_whole() and output.shown.is_whole():
            break
    assert state.shown.is_whole()
    assert state.verticalScrollBar().maximum() > 10 * state.height()
    assert output.shown.text().startswith("hold 3 of ")
    assert "1 value marked" in told(pane)


# Timing


def test_the_time_of_a_step_is_told_in_its_parts(traces: Desk) -> None:
    """What the record has, and in a sentence what it has not."""
    said = told(shown(traces, tab="Timing"))
    for text in (
        "reading the prompt, 0.03 s",
        "writing the answer, 0.08 s",
        "to the first token | 0.03 s",
        "from then to the end | 0.08 s",
        "in all | 0.11 s",
        "prompt | 513",
        "of these reused | 293",
        "of these read anew | 220",
        "answer | 79",
        "945 tokens/s",
        "the answer was whole",
        "when each token after the first came, is not recorded",
    ):
        assert text in said, text


def test_what_is_not_known_of_the_time_is_said_to_be(traces: Desk) -> None:
    """As of a call that was computed elsewhere: nothing is drawn, nothing made up."""
    view = own.step(sample.ELSEWHERE)
    assert dict(time_rows(view))["to the first token"] == "not known"
    assert dict(time_rows(view))["from then to the end"] == "not known"
    assert dict(token_rows(view))["speed after the first token"] == "not known"
    assert "writing the answer" not in told(shown(traces, sample.ELSEWHERE, "Timing"))


def test_a_proposal_that_waits_says_for_how_long_and_leads_there(traces: Desk) -> None:
    pane = shown(traces, tab="Timing")
    assert "Still waiting for a person, for 7 min 0 s." in told(pane)
    link(pane, "Show the proposal").click()
    traces.settle()
    assert traces.window.pages.page_id() == "inbox"


def test_a_decision_is_told_step_by_step_and_leads_to_the_fact(traces: Desk) -> None:
    """Proposed, asked, answered by whom and why, in effect; what was undone is told as that."""
    pane = shown(traces, own.OLDER, "Timing")
    said = told(pane)
    for text in (
        "It waited 4 min 0 s for a person.",
        "Proposed: “Release 0.3.2”",
        "People were asked, at g-1.",
        "bob rejected it: “the failing test is known” (undone).",
        "alice approved it: “until the tests pass”.",
        "It took effect: it is a fact now.",
    ):
        assert text in said, text
    traces.desk.answers["fact"] = sample_runs.answers()["fact"]
    link(pane, "Show the fact").click()
    traces.settle()
    assert traces.window.pages.page_id() == "context"


@pytest.mark.parametrize(
    ("change", "waited", "last"),
    [
        (
            {"phase": "settling", "end": "approved", "decided_at": own.NOW - MIN}
            | {"settles_at": own.NOW + MIN},
            "It waited 6 min 0 s for a person.",
            "Decided, and it can be undone; it takes effect in 1 min 0 s.",
        ),
        (
            {"phase": "closed", "end": "approved", "decided_at": own.NOW - MIN},
            "It waited 6 min 0 s for a person.",
            "Approved; it takes effect once the others of its cycle are answered.",
        ),
        (
            {"phase": "closed", "end": "lapsed", "words": "Nobody answered by the deadline."},
            "Nobody answered by the deadline.",
            "It became no fact. Nobody answered by the deadline.",
        ),
    ],
)
def test_however_it_ended_there_is_a_sentence(
    change: dict[str, Any], waited: str, last: str
) -> None:
    one = replace(own.WAITING, **change)
    assert waited_words(one, own.NOW) == waited
    assert consequence_rows(own.step(own.PLANNING), one, own.NOW)[-1][1] == last


def test_where_nobody_was_asked_that_is_the_sentence() -> None:
    one = replace(own.WAITING, gate="", words="Nobody had to be asked: the policy let it through.")
    assert waited_words(one, own.NOW) == "Nobody had to be asked: the policy let it through."


def test_long_waits_are_told_in_hours_and_days() -> None:
    assert long_words(5 * sample.HOUR + 12 * MIN) == "5 h 12 min"
    assert long_words(72 * sample.HOUR) == "3 days"


def test_a_step_that_led_to_nothing_says_so(traces: Desk) -> None:
    assert "It led to no proposal by itself." in told(shown(traces, own.REASONING, "Timing"))


def test_what_is_decided_meanwhile_is_shown(traces: Desk) -> None:
    """When the run moves, the step is asked for again; it stays where it was scrolled to."""
    pane = shown(traces, tab="Timing")
    view = traces.desk.answers["trace"](own.PLANNING)
    traces.desk.answers["trace"] = lambda _: replace(view, consequence=own.DECIDED)
    run = sample.run_view("r-0192")
    traces.desk.tell(RunChanged(run))
    traces.settle()
    assert "It took effect: it is a fact now." in told(pane)
    asked = len(traces.desk.named("trace"))
    traces.desk.tell(RunChanged(run))
    traces.settle()
    assert len(traces.desk.named("trace")) == asked


# Recall


def test_hints_are_shown_as_hints_in_their_order_and_lead_to_their_record(traces: Desk) -> None:
    """With how near each is and what it is; they are never evidence."""
    pane = shown(traces, own.EVALUATION, "Recall")
    said = told(pane)
    assert "A hint, never evidence." in said
    assert said.index("m01") < said.index("m02")
    for text in (
        "hint from a decision | 0.86 alike",
        "Hold converge-desktop 0.3.9 until the rounding tests pass.",
        "The same hints are found again over the same ledger: byte-exact.",
        "4,102 things | up to | record 48,190 | looked at | every one",
        "1 piece of personal data",
    ):
        assert text in said, text
    link(pane, "record 31,204").click()
    traces.settle()
    assert traces.window.pages.page_id() == "ledger"
    assert traces.desk.last("record").args == (31_204,)


def test_there_is_no_tab_for_recall_where_nothing_was_looked_for(traces: Desk) -> None:
    """Coming from a step that has one, the first tab is shown."""
    pane = shown(traces, own.EVALUATION, "Recall")
    pane = shown(traces, own.PLANNING, TABS[pane.tabs.currentIndex()])
    assert not pane.tabs.isTabVisible(TABS.index("Recall"))
    traces.window.routes.trace.emit(own.EVALUATION)
    traces.settle()
    assert pane.tabs.isTabVisible(TABS.index("Recall"))


def test_a_step_that_was_shown_no_hint_says_why(traces: Desk) -> None:
    view = replace(own.step(own.EVALUATION), hints=(), recall=own.RECALL[2:])
    traces.desk.answers["trace"] = lambda _: view
    said = told(shown(traces, own.EVALUATION, "Recall"))
    assert "Something was looked for, and the step was shown no hint." in said
    assert "How it was looked" in said


# Around


def test_the_heading_leads_to_the_record_the_run_and_what_it_led_to(traces: Desk) -> None:
    window = traces.window
    link(shown(traces), "record 48,191").click()
    traces.settle()
    assert traces.desk.last("record").args == (48_191,)
    link(shown(traces), "led to “Hold converge-desktop 0.4.0”").click()
    traces.settle()
    assert window.pages.page_id() == "inbox"
    link(shown(traces), "run 0192").click()
    traces.settle()
    assert window.pages.page_id() == "runs"


def test_the_page_keys_scroll_what_is_in_front(traces: Desk) -> None:
    """From wherever the focus is in the pane, if nothing there scrolls by itself."""
    pane = shown(traces, tab="Timing")
    traces.window.resize(960, 600)
    traces.settle()
    pane.tabs.setFocus()
    sheet = pane._stack.currentWidget()
    bar = sheet.verticalScrollBar()
    QTest.keyClick(pane.tabs, Qt.Key.Key_PageDown)
    assert bar.value() > 0
    QTest.keyClick(pane.foot.note, Qt.Key.Key_End)
    assert bar.value() == bar.maximum()
    QTest.keyClick(pane.foot.note, Qt.Key.Key_PageUp)
    QTest.keyClick(pane.foot.note, Qt.Key.Key_Home)
    assert bar.value() == 0


def test_a_tab_is_built_when_it_is_looked_at(traces: Desk) -> None:
    """So stepping through the list builds one tab a step, and each shows its own step."""
    pane = shown(traces, own.OLDER, "Envelope")
    assert "llama.cpp b6701" in told(pane)
    pane = shown(traces, own.PLANNING, "Timing")
    pane.tabs.setCurrentIndex(TABS.index("Envelope"))
    assert "llama.cpp b6812" in told(pane)
    assert "llama.cpp b6701" not in told(pane)


def test_steps_like_it_are_asked_for(traces: Desk) -> None:
    pane = shown(traces)
    wanted: list[str] = []
    pane.like_wanted.connect(wanted.append)
    pane.foot.like.click()
    assert wanted == [own.PLANNING]


def test_what_is_known_of_a_step_alone_is_not_part_of_a_review() -> None:
    """Its digest must not change with what comes after."""
    plain = TraceView.__dataclass_fields__
    assert plain["seq"].default == -1
    assert plain["consequence"].default is None
