"""A recorded step tried with a change: what can be changed, what comes, that nothing is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtTest import QTest

from converge_core.errors import IllegalCommand
from converge_desktop.runtime.port import StatusChanged
from converge_desktop.runtime.stopper import GivenUp
from converge_desktop.runtime.trace_tried import LONGEST
from converge_desktop.ui.pages.trace_try_form import LayerBox, models_of
from converge_desktop.ui.pages.trace_trying import Trier
from converge_desktop.ui.pages.trace_view import TABS
from tests.ui import sample, sample_trying
from tests.ui import sample_trace as own
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.tracing import can, section, shown, strip, told

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def traces(make_desk: MakeDesk, desk: FakeDesk) -> Desk:
    """A window over a desk on which steps can be tried."""
    desk.answers |= own.answers()
    desk.answers["try_trace"] = sample_trying.tried
    return make_desk(desk)


def opened_on(traces: Desk, trace_id: str = own.PLANNING) -> Trier:
    """The part that tries a step, opened by its key."""
    pane = shown(traces, trace_id)
    QTest.keyClick(traces.window, Qt.Key.Key_T)
    traces.settle()
    assert pane.tabs.currentIndex() == TABS.index("Replay")
    return pane.trier


def box(trier: Trier, layer: str) -> LayerBox:
    """The box of a layer, opened if it was not."""
    heading = section(trier, layer)
    if not heading.is_open():
        heading.head.click()
    [found] = heading.findChildren(LayerBox)
    return found


def test_it_says_that_nothing_is_recorded_before_and_after(traces: Desk) -> None:
    """And no action of it writes into the ledger."""
    trier = opened_on(traces)
    assert "Nothing of this is recorded; it changes nothing." in told(trier)
    box(trier, "4 State").edit.setPlainText("STATE\ntests.failed = 0")
    trier.form.confirm.click()
    traces.settle()
    assert told(trier).count("Nothing of this is recorded; it changes nothing.") == 2
    assert not any(one.writes for one in traces.window.table if one.id.startswith("trace.try"))


def test_layers_are_prefilled_and_only_what_is_changed_is_asked(traces: Desk) -> None:
    """By keyboard alone: T opens it in the state, and Ctrl+Return asks."""
    trier = opened_on(traces)
    edit = box(trier, "4 State").edit
    assert traces.window.focusWidget() is edit
    assert edit.toPlainText() == sample.LAYERS[3].text
    assert not trier.form.confirm.isEnabled()
    assert "Change a layer, or choose another model." in told(trier)
    QTest.keyClicks(edit, "X")
    box(trier, "5 Intent").edit.setPlainText("Be brief.")
    assert "Changed: state, intent." in told(trier)
    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_Return, CTRL)
    traces.settle()
    wanted = {"state": f"X{sample.LAYERS[3].text}", "intent": "Be brief."}
    assert traces.desk.last("try_trace").args == (own.PLANNING, wanted, "")


def test_a_layer_is_reset_by_itself(traces: Desk) -> None:
    """What else was changed stays."""
    trier = opened_on(traces)
    state, intent = box(trier, "4 State"), box(trier, "5 Intent")
    state.edit.setPlainText("a")
    intent.edit.setPlainText("b")
    state.reset.click()
    assert state.edit.toPlainText() == sample.LAYERS[3].text
    assert not state.reset.isEnabled()
    assert trier.form.change().layers == {"intent": "b"}


def test_the_answer_its_contract_and_the_first_difference_are_told(traces: Desk) -> None:
    """By token and by word, with the checks that failed first."""
    trier = opened_on(traces)
    box(trier, "4 State").edit.setPlainText("STATE")
    trier.form.confirm.click()
    traces.settle()
    said = told(trier)
    for text in (
        "Another answer from token 3 on.",
        "The state layer was other than recorded. converge-nano answered.",
        "It breaks its contract: 1 of 3 checks failed, held to the facts on record, not to",
        "the state as you changed it.",
        "3, counted from 0",
        "“proceed”",
        "the verdict follows from the reasoning",
    ):
        assert text in said
    assert section(trier, "The answer that came").is_open()
    assert trier.visibleRegion().boundingRect().top() == 0


def test_another_model_alone_can_be_asked(traces: Desk) -> None:
    """Of those on this machine; what it was computed with is told."""
    trier = opened_on(traces)
    offered = [trier.form.model.itemData(n) for n in range(trier.form.model.count())]
    assert offered == ["", "converge-nano", "converge-medium"]
    trier.form.model.choose("converge-medium")
    trier.form.confirm.click()
    traces.settle()
    assert traces.desk.last("try_trace").args == (own.PLANNING, {}, "converge-medium")
    said = told(trier)
    assert "The same answer, to the byte." in said
    assert "It keeps its contract: 2 checks, held to the facts on record." in said
    section(trier, "Computed with something else").head.click()
    assert "converge-medium" in told(section(trier, "Computed with something else"))


def test_models_that_embed_or_were_set_aside_are_not_offered() -> None:
    """Nor those elsewhere."""
    bad = sample.MODELS[1]
    aside = replace(sample.QUARANTINED, failed_path=bad.where)
    assert models_of(aside) == ("converge-nano",)
    embedder = replace(sample.MODELS[0], name="e", embeds=True)
    assert models_of(replace(sample.MODEL, models=(embedder,))) == ("converge-nano",)


def test_a_model_that_is_chosen_stays_when_others_come(traces: Desk) -> None:
    """What is offered follows what is known on the Models page."""
    trier = opened_on(traces)
    trier.form.model.choose("converge-medium")
    more = (*sample.MODELS, replace(sample.MODELS[1], name="another"))
    told_of = replace(sample.STATUS, model=replace(sample.MODEL, models=more))
    traces.desk.tell(StatusChanged(told_of))
    traces.settle()
    assert trier.form.model.chosen() == "converge-medium"
    assert trier.form.model.findData("another") >= 0


def test_a_step_from_elsewhere_needs_a_model_of_this_machine(traces: Desk) -> None:
    """Nothing is sent away; which is said before it is asked."""
    trier = opened_on(traces, sample.ELSEWHERE)
    box(trier, "4 State").edit.setPlainText("a")
    assert not trier.form.confirm.isEnabled()
    assert "where nothing is sent: choose a model." in told(trier)
    trier.form.model.choose("converge-nano")
    assert trier.form.confirm.isEnabled()


def test_what_cannot_be_checked_and_what_cannot_be_asked_is_said(traces: Desk) -> None:
    """In a sentence, where the answer would stand."""
    trier = opened_on(traces)
    box(trier, "1 Priming").edit.setPlainText("a")
    trier.form.confirm.click()
    traces.settle()
    assert "It was not held to its contract. This program asks that step otherwise" in told(trier)

    def refuse(*_: object) -> None:
        raise IllegalCommand("the prompt takes 9,000 tokens; choose a model with more room")

    traces.desk.answers["try_trace"] = refuse
    trier.form.confirm.click()
    traces.settle()
    said = told(trier)
    assert (
        "Nothing was tried. The prompt takes 9,000 tokens; choose a model with more room." in said
    )
    assert "Another answer" not in said


def test_a_try_can_be_cancelled(traces: Desk) -> None:
    """It is asked for once while it runs; then it can be asked anew."""
    del traces.desk.answers["try_trace"]
    trier = opened_on(traces)
    pane = traces.window.pages.traces.pane
    assert not can(traces, "trace.try-stop")
    box(trier, "4 State").edit.setPlainText("a")
    trier.form.confirm.click()
    assert not trier.form.confirm.isEnabled()
    assert can(traces, "trace.try-stop")
    running = strip(pane, "Trying with a change")
    assert running.words() == "Trying the step with your change…"
    running.action.click()
    assert [call.args for call in traces.desk.named("stop_trying")] == [(own.PLANNING,)]
    assert running.words() == "Giving up…"
    traces.desk.last("try_trace").future.set_exception(GivenUp("given up"))
    traces.settle()
    assert "It was cancelled; nothing was tried." in told(trier)
    assert running.words() == ""
    assert trier.form.confirm.isEnabled()


def test_what_was_changed_stays_with_its_step(traces: Desk) -> None:
    """Whatever is looked at meanwhile, and after Esc; an answer that comes late is its own."""
    del traces.desk.answers["try_trace"]
    trier = opened_on(traces)
    box(trier, "4 State").edit.setPlainText("a")
    trier.form.confirm.click()
    shown(traces, own.EVALUATION, "Replay")
    assert not trier.form.isVisible()
    call = traces.desk.last("try_trace")
    call.future.set_result(sample_trying.tried(*call.args))
    traces.settle()
    assert "Another answer" not in told(trier)
    shown(traces, own.PLANNING, "Replay")
    assert "Another answer from token 3 on." in told(trier)
    assert box(trier, "4 State").edit.toPlainText() == "a"
    QTest.keyClick(box(trier, "4 State").edit, Qt.Key.Key_Escape)
    assert not trier.form.isVisible()
    QTest.keyClick(traces.window, Qt.Key.Key_T)
    assert box(trier, "4 State").edit.toPlainText() == "a"


def test_what_is_pasted_is_plain_and_capped(traces: Desk) -> None:
    """One character over is kept, so that it is said that it is too long."""
    trier = opened_on(traces)
    state = box(trier, "4 State")
    state.edit.selectAll()
    pasted = QMimeData()
    pasted.setHtml("<b>bold</b>")
    pasted.setText("y" * (LONGEST * 3))
    state.edit.insertFromMimeData(pasted)
    assert state.edit.toPlainText() == "y" * (LONGEST + 1)
    assert f"Too long: a layer may have {LONGEST:,} characters here." in told(trier)
    assert not trier.form.confirm.isEnabled()


def test_a_layer_that_is_very_long_is_asked_as_recorded(traces: Desk) -> None:
    """It is not put into a box; the others can be changed."""
    trier = opened_on(traces, own.LONG)
    assert "it is asked as recorded" in told(section(trier, "4 State"))
    box(trier, "5 Intent").edit.setPlainText("a")
    trier.form.confirm.click()
    traces.settle()
    assert traces.desk.last("try_trace").args == (own.LONG, {"intent": "a"}, "")
