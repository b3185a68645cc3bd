"""What the window shows of the models, of replays, and of calls of models elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from converge_core.envelope import ReplayGrade
from converge_desktop.runtime.desk_model import ModelRow, ModelView
from converge_desktop.runtime.port import StatusChanged
from converge_desktop.runtime.replay import FirstDifference, Outcome, Replay
from converge_desktop.runtime.stopper import GivenUp
from converge_desktop.runtime.wording import GRADES
from converge_desktop.ui.pages.model_list import standing_of
from converge_desktop.ui.pages.models import ModelsPage
from converge_desktop.ui.pages.trace_replay import Again, explanation, headline
from converge_desktop.ui.pages.trace_view import REPLAY_KEY, TABS, TracePane
from converge_desktop.ui.status_bar import model_words
from converge_desktop.ui.widgets.chips import Chip
from converge_desktop.ui.widgets.values import LongValue
from tests.ui import sample
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.test_ui_pages import press, said

STEP = "t-0192-03"
MEASURING = "is found out how exactly it repeats itself here; once for each file and machine."
FIRST = FirstDifference(12, " e3", "")
CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def models(opened: Desk, model: ModelView) -> ModelsPage:
    """The models page, told how the models are."""
    opened.window.go("models")
    opened.desk.tell(StatusChanged(replace(sample.STATUS, model=model)))
    opened.settle()
    return opened.window.pages.models


def trace(opened: Desk, trace_id: str = STEP) -> TracePane:
    """The pane of a step."""
    opened.window.routes.trace.emit(trace_id)
    opened.settle()
    return opened.window.pages.traces.pane


def replayed(outcome: Outcome, grade: ReplayGrade, *, changed: bool = False) -> Again:
    """What came of making a step again."""
    fields = (("threads", "2", "8"),) if changed else ()
    first = FIRST if outcome is Outcome.DIFFERS else None
    return Again(result=Replay(STEP, outcome, grade, "Take that one into use.", first, fields))


# Models


def test_the_models_known_by_name_are_listed_with_place_state_and_grade(opened: Desk) -> None:
    """A person sees which are loaded, where each is, and what leaves this machine."""
    told = said(models(opened, sample.MODEL).list)
    for row in sample.MODELS:
        assert row.name in told
        assert row.where in told
    for text in ("in use", "not loaded", "elsewhere", "replay byte-exact", "audit-only"):
        assert text in told
    assert "only what the policy lets leave" in told
    assert "never what is confidential or of high risk" in told


def test_where_no_model_is_elsewhere_nothing_is_said_of_servers(opened: Desk) -> None:
    """What does not concern the person is not there to be read."""
    local = replace(sample.MODEL, models=sample.MODELS[:2])
    assert "Elsewhere means" not in said(models(opened, local).list)


def test_how_to_add_a_model_names_the_file(opened: Desk) -> None:
    """The place is there to be copied, also where no model has a name yet."""
    told = said(models(opened, replace(sample.MODEL, models=())).list)
    assert "To add one" in told
    assert sample.MODEL.catalogue in told
    assert "None yet." in told


@pytest.mark.parametrize(
    ("row", "standing"),
    [
        (ModelRow("a", "/a.gguf"), "not loaded"),
        (ModelRow("b", "/b.gguf", loaded=True), "loaded"),
        (ModelRow("c", "/used.gguf", loaded=True), "in use"),
        (ModelRow("d", "https://d.example.org", remote=True), "elsewhere"),
        (ModelRow("moving", "/e.gguf"), "measuring…"),
    ],
)
def test_each_known_model_says_how_it_stands(row: ModelRow, standing: str) -> None:
    """In a word, whatever its tone."""
    model = ModelView(state="measuring", name="used", path="/used.gguf", doing="moving")
    assert standing_of(row, model)[0] == standing


def test_measuring_is_explained(opened: Desk) -> None:
    """It takes a while the first time, and why is said."""
    first = ModelView(state="measuring", name="nano", doing="nano", path="/nano.gguf")
    told = said(models(opened, first))
    assert "Measuring" in told
    assert f"It {MEASURING}" in told
    assert opened.window.status.model.text() == "nano · measuring…"


@pytest.mark.parametrize(
    ("state", "chip", "bar"),
    [
        ("loading", "Loading converge-medium", "loading converge-medium…"),
        ("measuring", "Measuring converge-medium", "measuring converge-medium…"),
        ("busy", "Asking converge-medium", "asking converge-medium…"),
    ],
)
def test_switching_to_another_model_is_visible(
    opened: Desk, state: str, chip: str, bar: str
) -> None:
    """On the page and in the status bar, with the one in use still named."""
    told = said(models(opened, replace(sample.MODEL, state=state, doing="converge-medium")))
    assert chip in told
    assert "converge-nano stays in use." in told
    words = opened.window.status.model.text()
    assert words == f"converge-nano · replay byte-exact · {bar}"


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (ModelView(), "No model"),
        (ModelView(state="loading", name="nano", doing="nano"), "nano · loading…"),
        (ModelView(state="loading", doing="medium"), "medium · loading…"),
        (ModelView(state="failed", name="nano"), "✕ nano failed to load"),
        (ModelView(state="busy", name="nano", sha256="5", doing="nano"), "nano · busy"),
        (
            ModelView(state="ready", name="nano", sha256="5", grade="recorded-only"),
            "nano · replay recorded-only",
        ),
    ],
)
def test_the_status_bar_says_what_the_model_is_at(model: ModelView, words: str) -> None:
    """In one line, whatever is going on."""
    assert model_words(model)[0] == words


def test_a_quarantined_file_can_be_looked_into_again(make_desk: MakeDesk, desk: FakeDesk) -> None:
    """It is released by its hash, then loaded; while that is on its way nothing else is asked."""
    del desk.answers["load_model"]
    page = models(opened := make_desk(desk), sample.QUARANTINED)
    assert "is quarantined" in page.problem.text()
    press(page, "Look into it again")
    opened.settle()
    assert desk.last("release_model").args == (sample.QUARANTINED.quarantined,)
    assert desk.last("load_model").args == (Path(sample.QUARANTINED.failed_path),)
    assert not page.again_button.isEnabled()
    assert not page.choose_button.isEnabled()
    desk.last("load_model").future.set_exception(ValueError("it crashed again"))
    opened.settle()
    assert page.problem.text() == "It crashed again."
    assert page.again_button.isEnabled()


def test_other_trouble_offers_no_other_look(opened: Desk) -> None:
    """A file that is merely cut short is as short at the second look."""
    page = models(opened, replace(sample.MODEL, problem="it is cut short", failed_path="/m.gguf"))
    assert page.problem.isVisible()
    assert not page.again_button.isVisible()
    assert not models(opened, sample.MODEL).problem.isVisible()
    page.look_again()
    assert opened.desk.named("release_model") == []


def test_what_stands_beside_goes_beneath_where_the_window_is_narrow(opened: Desk) -> None:
    """Nothing is cut off at the smallest size."""
    page = models(opened, sample.MODEL)
    used, known = page.problem.parentWidget(), page.list
    assert used is not None
    beside = known.mapTo(page, known.rect().topLeft()).x()
    opened.window.resize(960, 600)
    opened.settle()
    assert known.mapTo(page, known.rect().topLeft()).x() < beside


# Traces


def test_the_grade_of_a_step_is_told_with_its_meaning(opened: Desk) -> None:
    """As a chip with a tool tip, and in a sentence beside the button."""
    pane = trace(opened)
    [chip] = [c for c in pane.findChildren(Chip) if c.text() == "replay byte-exact"]
    assert GRADES["byte-exact"] in chip.toolTip()
    assert "the same bytes come again" in said(pane)


def test_every_grade_has_a_meaning() -> None:
    """No grade is left unexplained."""
    assert set(GRADES) == {grade.value for grade in ReplayGrade}
    assert all(words.endswith(".") for words in GRADES.values())


def test_the_envelope_shows_hashes_whole(opened: Desk) -> None:
    """A hash that is cut off proves nothing."""
    pane = trace(opened, sample.ELSEWHERE)
    pane.tabs.setCurrentIndex(TABS.index("Envelope"))
    opened.settle()
    hashes = [v for _, v in sample.REMOTE if len(v) > 40 and " " not in v]
    views = {x.toPlainText(): x for x in pane.findChildren(LongValue) if x.isVisible()}
    assert set(hashes) <= set(views)
    for value in hashes:
        assert views[value].verticalScrollBar().maximum() == 0
        assert views[value].document().firstBlock().layout().lineAt(0).textLength() == 32


def test_a_step_that_was_computed_elsewhere_says_so_and_cannot_be_made_again(
    opened: Desk,
) -> None:
    """What is known of the other side is shown; the button says why it is off."""
    pane = trace(opened, sample.ELSEWHERE)
    pane.tabs.setCurrentIndex(TABS.index("Envelope"))
    told = said(pane)
    for _, value in sample.REMOTE:
        assert value in told
    assert "asked twice: rate limited, then answered" in told
    assert "It cannot be made again here: it was computed elsewhere." in told
    assert not pane.replay_button.isEnabled()
    QTest.keyClick(opened.window, Qt.Key.Key_R, CTRL_SHIFT)
    pane.replay()
    assert opened.desk.named("replay") == []


def test_a_step_is_made_again_by_button_and_by_key(make_desk: MakeDesk, desk: FakeDesk) -> None:
    """Progress is shown while it runs, then what came of it; the same step is asked for once."""
    del desk.answers["replay"]
    pane = trace(opened := make_desk(desk))
    QTest.keyClick(opened.window, Qt.Key.Key_R, CTRL_SHIFT)
    assert pane.tabs.currentIndex() == TABS.index("Replay")
    assert "The step is being made again…" in said(pane)
    pane.replay_button.click()
    QTest.keyClick(opened.window, Qt.Key.Key_R, CTRL_SHIFT)
    assert [call.args for call in desk.named("replay")] == [(STEP,)]
    desk.last("replay").future.set_result(
        Replay(STEP, Outcome.SAME, ReplayGrade.BYTE_EXACT, "The same.")
    )
    opened.settle()
    assert "The same, to the byte." in said(pane)
    pane.replay_button.click()
    assert len(desk.named("replay")) == 2


def test_a_replay_can_be_cancelled_while_it_runs(make_desk: MakeDesk, desk: FakeDesk) -> None:
    """Its own, and no other step's; then it can be asked for anew."""
    del desk.answers["replay"]
    pane = trace(opened := make_desk(desk))
    [cancel] = [one for one in opened.window.table if one.id == "trace.stop"]
    assert not opened.window.can_do(cancel)
    pane.replay_button.click()
    assert opened.window.can_do(cancel)
    trace(opened, "t-0192-02")
    assert not pane.replaying.isVisible()
    assert not opened.window.can_do(cancel)

    trace(opened)
    pane.replaying.action.click()
    assert [call.args for call in desk.named("stop_replay")] == [(STEP,)]
    assert pane.replaying.words() == "Giving up…"
    assert not opened.window.can_do(cancel)
    desk.last("replay").future.set_exception(GivenUp("given up"))
    opened.settle()
    assert "It was cancelled." in said(pane)
    assert not pane.replaying.isVisible()
    assert pane.replay_button.isEnabled()


def test_the_key_replays_nothing_on_another_page(opened: Desk) -> None:
    """What cannot be seen is not set going."""
    trace(opened)
    opened.window.go("inbox")
    QTest.keyClick(opened.window, Qt.Key.Key_R, CTRL_SHIFT)
    assert opened.desk.named("replay") == []
    assert REPLAY_KEY in {k for a in opened.window.table for k in a.shortcut}


def test_another_answer_is_told_by_its_first_token_and_by_what_changed(opened: Desk) -> None:
    """What was recorded, what came, and of the envelope: the field, then, and now."""
    pane = trace(opened)
    pane.replay_button.click()
    opened.settle()
    told = said(pane)
    for text in (
        "Another answer from token 12 on.",
        "12, counted from 0",
        "“ e3”",
        "“ e4 ⏎ ”",
        "that may be why",
        "then | now",
        "threads | 2 | 8",
        "processor",
        "adapter SHA-256 | not recorded | —",
    ):
        assert text in told, text


def test_an_answer_that_ends_early_is_said_to_end(opened: Desk) -> None:
    """No token came where one was recorded."""
    opened.desk.answers["replay"] = lambda _: (
        replayed(Outcome.DIFFERS, ReplayGrade.BYTE_EXACT).result
    )
    pane = trace(opened)
    pane.replay_button.click()
    opened.settle()
    assert "nothing: the answer ends here" in said(pane)


def test_what_came_of_it_stays_with_its_step(make_desk: MakeDesk, desk: FakeDesk) -> None:
    """An answer that comes later is shown with the step it is about, and with no other."""
    del desk.answers["replay"]
    pane = trace(opened := make_desk(desk))
    pane.replay_button.click()
    trace(opened, "t-0192-02")
    desk.last("replay").future.set_exception(OSError("no model is loaded; choose one"))
    opened.settle()
    assert "could not be made again" not in said(pane)
    assert pane.replay_button.isEnabled()
    trace(opened)
    assert "It could not be made again." in said(pane)
    assert "No model is loaded; choose one." in said(pane)


@pytest.mark.parametrize(
    ("again", "tone", "text"),
    [
        (replayed(Outcome.SAME, ReplayGrade.BYTE_EXACT), "good", "nothing"),
        (replayed(Outcome.SAME, ReplayGrade.BYTE_EXACT, changed=True), "good", "although"),
        (replayed(Outcome.DIFFERS, ReplayGrade.BYTE_EXACT), "danger", "this should not be"),
        (replayed(Outcome.DIFFERS, ReplayGrade.ENVELOPE_EXACT), "danger", "this should not be"),
        (replayed(Outcome.DIFFERS, ReplayGrade.BYTE_EXACT, changed=True), "caution", "may be why"),
        (replayed(Outcome.DIFFERS, ReplayGrade.RECORDED_ONLY), "caution", "to be expected"),
        (replayed(Outcome.NOT_REPEATED, ReplayGrade.BYTE_EXACT), "muted", "Take that one"),
        (Again(problem="No model is loaded."), "danger", "No model is loaded."),
    ],
)
def test_what_came_of_a_replay_is_weighed(again: Again, tone: str, text: str) -> None:
    """A difference is an alarm only where nothing explains it."""
    assert headline(again)[1] == tone
    assert text in explanation(again)


# Runs


def test_a_run_says_how_often_models_elsewhere_were_asked(opened: Desk) -> None:
    """What came of each call, and what went wrong where nothing did."""
    opened.window.routes.run.emit("r-0190")
    opened.settle()
    pane = opened.window.pages.runs.pane
    told = said(pane)
    assert "Asked elsewhere" in told
    assert "evaluation, cycle 2: asked twice: rate limited, then answered" in told
    assert "Network error: models.example.org does not answer." in told
    opened.window.routes.run.emit("r-0192")
    opened.settle()
    assert "Asked elsewhere" not in said(pane)


def test_the_desk_of_the_tests_answers_all_that_is_asked() -> None:
    """The sample answers every method that a page may call."""
    answers: dict[str, Any] = sample.answers()
    assert {"replay", "release_model"} <= set(answers)
