"""Every page: what it shows, what it says when it cannot, and where it leads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QWidget

from converge_desktop.runtime.desk_model import ModelView
from converge_desktop.runtime.ledger_model import Verification
from converge_desktop.runtime.port import Notice, RunChanged, StatusChanged
from converge_desktop.runtime.run_model import FactAnswer
from converge_desktop.ui.pages.ledger_verifying import verification_words
from converge_desktop.ui.pages.run_banner import banner_words, stop_tone
from converge_desktop.ui.pages.trace_view import TABS
from converge_desktop.ui.widgets.chips import Chip, ChipButton
from converge_desktop.ui.widgets.cycle_grid import cell_sign, cell_words
from converge_desktop.ui.widgets.labels import Label
from converge_desktop.ui.widgets.values import LongValue
from tests.core.test_stop_reasons import EXAMPLES
from tests.ui import sample, sample_traces
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk


def said(widget: QWidget) -> str:
    texts = [x.text() for x in widget.findChildren(Label) if x.isVisibleTo(widget)]
    texts += [x.text() for x in widget.findChildren(Chip) if x.isVisibleTo(widget)]
    long = [x for x in widget.findChildren(LongValue) if x.isVisibleTo(widget)]
    texts += [x.toPlainText() for x in long]
    return " | ".join(texts)


def press(widget: QWidget, text: str) -> None:
    buttons = [
        b
        for b in widget.findChildren(QAbstractButton)
        if text in (b.text(), b.accessibleName()) and b.isVisible()
    ]
    buttons[0].click()


# Slow, empty and failing desks


def test_a_silent_desk_leaves_every_page_waiting_and_alive(make_desk: MakeDesk) -> None:
    opened = make_desk(FakeDesk())
    for page in ("inbox", "runs", "context", "traces", "ledger", "packs", "models"):
        opened.window.go(page)
        opened.settle()
    pages = opened.window.pages
    assert "Reading the inbox…" in pages.inbox.none.words()
    assert "Reading the runs…" in pages.runs.none.words()
    assert "Reading the traces…" in pages.traces.none.words()
    assert "Asking the database…" in pages.context.none.words()
    assert "Reading the packs…" in pages.packs.empty.words()


def test_an_empty_desk_says_on_every_page_what_to_do(make_desk: MakeDesk) -> None:
    desk = FakeDesk()
    desk.answers = dict.fromkeys(("packs", "runs", "inbox"), tuple)
    desk.answers |= sample_traces.of_rows(()).answers()
    desk.answers["facts"] = lambda *_: FactAnswer((), 0)
    opened = make_desk(desk)
    pages = opened.window.pages
    opened.window.go("context")
    opened.settle()
    assert "Start a run" in pages.inbox.review.empty.words()
    assert "No run yet" in pages.runs.empty.words()
    assert "Start a run" in pages.traces.none.words()
    assert "Nothing is known yet" in pages.context.none.words()
    assert "No pack was found" in pages.packs.empty.words()
    press(pages.context.none, "New run")
    assert pages.page_id() == "runs"
    assert pages.runs.detail.currentWidget() is pages.runs.form


def test_a_failing_desk_is_quoted_and_can_be_asked_again(make_desk: MakeDesk) -> None:
    desk = FakeDesk()

    def fail(*_: object) -> None:
        raise OSError("the database is locked by another program")

    names = ("packs", "runs", "inbox", "find_traces", "facts")
    desk.answers = dict.fromkeys(names, fail)
    opened = make_desk(desk)
    opened.window.go("context")
    opened.settle()
    pages = opened.window.pages
    sentence = "The database is locked by another program."
    for state in (pages.inbox.none, pages.runs.none, pages.traces.none, pages.context.none):
        assert sentence in state.words()
    opened.window.go("traces")
    desk.answers |= sample_traces.of_rows(sample.TRACES).answers()
    press(pages.traces.none, "Try again")
    opened.settle()
    opened.settle()
    assert pages.traces.model.rowCount() == len(sample.TRACES)


# Runs


def test_a_run_is_shown_with_its_cycles_context_and_reasons(opened: Desk) -> None:
    opened.window.routes.run.emit("r-0192")
    opened.settle()
    pane = opened.window.pages.runs.pane
    told = said(pane)
    for text in ("Waiting for you", "2 proposals need a decision", "All invariants hold."):
        assert text in told
    assert "1,624 of 4,000" in told
    assert "0 + 1" in told
    assert "planning: cycle 1 not eligible" in pane.grid.accessibleDescription()
    assert "cycle 4 1 waiting for a human" in pane.grid.accessibleDescription()
    press(pane, "Review")
    assert opened.window.pages.page_id() == "inbox"


@pytest.mark.parametrize(
    ("kind", "tone"),
    [
        ("Converged", "good"),
        ("CriteriaMet", "good"),
        ("UserCancelled", "info"),
        ("CycleBudgetExhausted", "caution"),
        ("HumanInterventionRequired", "caution"),
        ("InvariantViolated", "danger"),
        ("AgentRefused", "danger"),
        ("Error", "danger"),
    ],
)
def test_every_stop_reason_has_a_tone_and_a_sentence(kind: str, tone: str) -> None:
    view = replace(sample.run_view("r-0190"), stop_kind=kind)
    assert stop_tone(kind) == tone
    assert banner_words(view)[0] == tone
    assert banner_words(view)[2].endswith(".")


def test_each_of_the_thirteen_stop_reasons_is_shown_with_its_explanation(opened: Desk) -> None:
    """What it is in the banner, and why in its own words, with the numbers in them."""
    runs, view = opened.window.pages.runs, sample.run_view("r-0193")
    opened.window.routes.run.emit("r-0193")
    opened.settle()
    for reason in EXAMPLES:
        row = replace(view.row, phase="stopped", outcome=reason.kind)
        why = (("stop", reason.words()),)
        moved = replace(
            view, row=row, stop_kind=reason.kind, stop_words=reason.words(), why_not=why
        )
        opened.desk.tell(RunChanged(moved))
        opened.settle()

        assert runs.pane.banner.words().startswith(f"{reason.kind}: ")
        assert "Why it stopped" in said(runs.pane)
        assert reason.words() in said(runs.pane)
    assert 13 == len(EXAMPLES)


def test_a_run_that_moves_is_followed_in_place(opened: Desk) -> None:
    runs = opened.window.pages.runs
    opened.window.routes.run.emit("r-0193")
    opened.settle()
    view = sample.run_view("r-0193")
    moved = replace(
        view, row=replace(view.row, phase="stopped", outcome="Converged"), stop_kind="Converged"
    )
    opened.desk.tell(RunChanged(moved))
    opened.settle()
    assert runs.pane.banner.words().startswith("Converged:")
    assert "Converged" in said(runs.pane)
    assert runs.list.currentIndex().row() == runs.model.find("r-0193")
    assert opened.window.rail.button("runs").accessibleName() == "Runs, 1 open run"


def test_another_run_that_moves_does_not_come_to_the_front(opened: Desk) -> None:
    opened.window.routes.run.emit("r-0192")
    opened.settle()
    opened.desk.tell(RunChanged(sample.run_view("r-0193")))
    opened.settle()
    assert "4be1c0d" in said(opened.window.pages.runs.pane)


def test_a_card_shows_who_approved_it_and_leads_to_its_lineage(opened: Desk) -> None:
    opened.window.routes.run.emit("r-0192")
    opened.settle()
    pane = opened.window.pages.runs.pane
    pane.facts.cards()[0].click()
    assert "policy release:3" in said(pane.detail)
    press(pane.detail, "Where it came from")
    opened.settle()
    assert opened.desk.last("fact").args == ("r-0192", "f-00000001")
    opened.window.go("runs")
    waiting = next(c for c in pane.facts.cards() if c.card.state == "waiting")
    waiting.click()
    opened.settle()
    assert "nobody yet" in said(pane.detail)


def test_cells_are_told_by_sign_and_by_word() -> None:
    view = sample.run_view("r-0192")
    cells = {a.agent: a.cells for a in view.agents}
    assert cell_sign(cells["planning"][3]) == ("1?", "caution")
    assert cell_sign(cells["coverage rule"][2]) == ("1×", "danger")
    assert cell_sign(cells["metrics"][1]) == ("·", "muted")
    assert cell_words(cells["recall"][3]) == "ran, proposed nothing"
    assert cell_words(cells["metrics"][0]) == "9 facts promoted"


def test_stopping_a_run_asks_the_desk(opened: Desk) -> None:
    opened.window.routes.run.emit("r-0193")
    opened.settle()
    opened.window.pages.runs.pane.banner.cancel.click()
    opened.window.pages.runs.pane.banner.cancel.click()  # it asks once more, in place
    assert opened.desk.last("cancel").args == ("r-0193",)


# New run


def test_bad_input_is_said_beneath_the_folder_and_nothing_is_lost(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    del desk.answers["start_run"]
    opened = make_desk(desk)
    opened.window.routes.start.emit("release-readiness")
    form = opened.window.pages.runs.form
    assert not form.start_button.isEnabled()
    form.folder.setText("/tmp/reports")
    assert form.start_button.isEnabled()
    form.start_button.click()
    form.start_button.click()
    assert len(desk.named("start_run")) == 1
    assert desk.last("start_run").args == ("release-readiness", Path("/tmp/reports"), "", {})
    desk.last("start_run").future.set_exception(
        ValueError("junit.xml, line 3: the report ends too early; write it again")
    )
    opened.settle()
    assert form.error.text() == ("Junit.xml, line 3: the report ends too early; write it again.")
    assert form.error.isVisible()
    below = form.error.mapTo(opened.window, form.error.rect().topLeft()).y()
    assert below > form.folder.mapTo(opened.window, form.folder.rect().bottomLeft()).y()
    assert form.folder.text() == "/tmp/reports"
    assert form.folder.property("invalid") == "true"
    form.folder.setText("/tmp/other")
    assert not form.error.isVisible()


def test_a_started_run_is_shown(opened: Desk) -> None:
    opened.window.routes.start.emit("")
    form = opened.window.pages.runs.form
    press(form, "Use the sample")
    assert form.folder.text() == sample.PACKS[0].sample
    form.start_button.click()
    opened.settle()
    assert opened.desk.last("run_view").args == ("r-0193",)
    assert "88ac01f" in said(opened.window.pages.runs.pane)


def test_browsing_fills_in_the_folder(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from converge_desktop.ui.pages import new_run

    def choose(parent: object, start: str) -> str:
        return "/chosen/folder"

    monkeypatch.setattr(new_run, "ask_folder", choose)
    opened.window.pages.runs.choose_folder()
    assert opened.window.pages.runs.form.folder.text() == "/chosen/folder"


# Traces


def test_a_step_is_shown_with_its_five_layers_and_its_checks(opened: Desk) -> None:
    opened.window.routes.trace.emit("t-0191-12")
    opened.settle()
    pane = opened.window.pages.traces.pane
    told = said(pane)
    assert "contract invalid" in told
    assert "prefix reused, 293 of 513 tokens" in told
    assert "5 Intent" in told
    pane.tabs.setCurrentIndex(1)
    assert "sha256:51c9e8f0" in said(pane)
    pane.tabs.setCurrentIndex(2)
    assert "expected at most 0.65, found 0.95" in said(pane)
    row = opened.window.pages.traces.table.currentIndex().row()
    assert sample.TRACES[row].trace_id == "t-0191-12"


def test_a_value_in_the_output_leads_to_the_fact(opened: Desk) -> None:
    opened.window.routes.trace.emit("t-0192-03")
    opened.settle()
    pane = opened.window.pages.traces.pane
    text = pane.texts()[0]
    text.followed.emit(text.links()[0])
    assert pane.tabs.currentIndex() == TABS.index("Lineage")
    assert pane.evidence.lit() == ["f-7c1e09a4"]


def test_a_review_leads_to_its_steps(opened: Desk) -> None:
    side = opened.window.pages.inbox.review.body.side
    chips = [c for c in side.findChildren(ChipButton) if c.text() == "planning"]
    chips[0].click()
    opened.settle()
    assert opened.window.pages.page_id() == "traces"
    assert opened.desk.last("trace").args == ("t-0192-03",)


# Context


def test_facts_are_asked_of_the_database_and_dated(opened: Desk) -> None:
    opened.window.go("context")
    opened.settle()
    page = opened.window.pages.context
    assert page.as_of.text() == "11 facts, as of ledger record 48,213"
    page.key.setCurrentIndex(page.key.findData("Signals"))
    opened.settle()
    assert opened.desk.last("facts").args == ("Signals", "")
    assert page.model.rowCount() == 5
    page.text.setText("coverage")
    page.ask()
    opened.settle()
    assert opened.desk.last("facts").args == ("Signals", "coverage")
    assert page.model.rowCount() == 1


def test_an_old_answer_does_not_replace_a_newer_one(make_desk: MakeDesk, desk: FakeDesk) -> None:
    del desk.answers["facts"]
    opened = make_desk(desk)
    opened.window.go("context")
    first = desk.last("facts")
    opened.window.pages.context.ask()
    second = desk.last("facts")
    second.future.set_result(sample.facts("Signals", ""))
    first.future.set_result(sample.facts("", ""))
    opened.settle()
    assert opened.window.pages.context.model.rowCount() == 5


# Ledger


def test_the_ledger_pages_and_jumps(opened: Desk) -> None:
    opened.window.go("ledger")
    opened.settle()
    page = opened.window.pages.ledger
    assert page.model.rowCount() == sample.STATUS.ledger_seq + 1
    asked = len(opened.desk.named("ledger_page"))
    assert 1 <= asked <= 2
    page.jump.setText("#1,000")
    page.jump.returnPressed.emit()
    opened.settle()
    assert page.table.currentIndex().row() == sample.STATUS.ledger_seq - 1000
    assert 1 <= len(opened.desk.named("ledger_page")) - asked <= 2
    page.jump.setText("99,999,999")
    page.jump.returnPressed.emit()
    assert "There is no record" in page.result.text()


def test_verifying_says_what_came_of_it(make_desk: MakeDesk, desk: FakeDesk) -> None:
    del desk.answers["verify"]
    opened = make_desk(desk)
    opened.window.go("ledger")
    page = opened.window.pages.ledger
    page.verify_button.click()
    page.verify()
    assert len(desk.named("verify")) == 1
    desk.last("verify").future.set_result(Verification(48_214, 17, "its hash differs", "ab"))
    opened.settle()
    assert page.result.text().startswith("✕ Record 17 does not hold. Its hash differs.")
    assert page.model.bad_seq == 17
    assert verification_words(Verification(3, -1, "", "ab"))[0] == (
        "✓ All 3 records hold. The chain ends in ab."
    )


# Packs, models, status, messages


def test_a_pack_shows_its_policy_as_text_and_can_be_run(opened: Desk) -> None:
    opened.window.go("packs")
    opened.settle()
    page = opened.window.pages.packs
    assert page.policy.toPlainText() == sample.POLICY
    page.run_button.click()
    assert opened.window.pages.page_id() == "runs"
    form = opened.window.pages.runs.form
    current = form.current()
    assert current is not None
    assert current.pack_id == "release-readiness"


@pytest.mark.parametrize(
    ("model", "shown"),
    [
        (ModelView(), "No model is in use"),
        (ModelView(state="loading", name="nano"), "Loading"),
        (
            ModelView(state="failed", path="/m.gguf", problem="m.gguf is cut short at 3 MB"),
            "M.gguf is cut short at 3 MB.",
        ),
        (sample.MODEL, "1,820 tokens/s"),
    ],
)
def test_every_state_of_the_model_is_said(opened: Desk, model: ModelView, shown: str) -> None:
    opened.window.go("models")
    opened.desk.tell(StatusChanged(replace(sample.STATUS, model=model)))
    opened.settle()
    assert shown in said(opened.window.pages.models)


def test_a_model_that_does_not_load_is_said(make_desk: MakeDesk, desk: FakeDesk) -> None:
    del desk.answers["load_model"]
    opened = make_desk(desk)
    opened.window.go("models")
    page = opened.window.pages.models
    page.load(Path("/m/broken.gguf"))
    assert not page.choose_button.isEnabled()
    desk.last("load_model").future.set_exception(ValueError("broken.gguf is not a GGUF file"))
    opened.settle()
    assert page.problem.text() == "Broken.gguf is not a GGUF file."
    assert page.choose_button.isEnabled()


def test_the_status_bar_says_how_things_stand(opened: Desk) -> None:
    bar = opened.window.status
    assert bar.operator.text() == "ada, unlocked"
    assert bar.model.text() == "converge-nano · 1,820 tokens/s · replay byte-exact"
    assert bar.ledger.text().startswith("Ledger 48,213 · verified")
    assert bar.view.text() == "Database up to date"
    bad = replace(sample.STATUS, ledger_state="altered", view_seq=48_200, unlocked=False)
    opened.desk.tell(StatusChanged(bad))
    opened.settle()
    assert bar.ledger.text() == "Ledger 48,213 · ✕ altered"
    assert bar.ledger.property("tone") == "danger"
    assert bar.view.text() == "Database up to #48,200, 13 records behind"
    assert bar.operator.text() == "ada, locked"


def test_messages_stack_replace_and_close(opened: Desk) -> None:
    bar = opened.window.messages
    assert not bar.isVisible()
    for severity in ("info", "caution", "danger", "strange"):
        opened.desk.tell(Notice(severity, f"a {severity} <b>notice</b>"))
    opened.settle()
    assert bar.texts()[0] == "a strange <b>notice</b>"
    assert len(bar.texts()) == 4
    bar.say("info", "one more", "topic")
    bar.say("info", "and again", "topic")
    assert bar.texts()[:2] == ["and again", "a strange <b>notice</b>"]
    assert len(bar.texts()) == 4
    while bar.close_newest():
        pass
    assert not bar.isVisible()


def test_a_message_never_takes_the_focus(opened: Desk) -> None:
    before = opened.window.focusWidget()
    opened.window.messages.say("danger", "The disk is full.")
    opened.settle()
    assert opened.window.focusWidget() is before
