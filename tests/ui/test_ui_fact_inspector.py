"""The inspector of a fact: how it became true, on what it rests, and what rests on it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from converge_desktop.runtime.port import StatusChanged
from converge_desktop.ui.models.provenance import DOWN, UP, ProvenanceModel
from converge_desktop.ui.pages.fact_pane import FactPane
from converge_desktop.ui.widgets.labels import Label
from tests.ui import sample, sample_runs
from tests.ui.conftest import Desk
from tests.ui.test_ui_pages import press, said

FACT = "f-00000008"


@pytest.fixture
def pane(opened: Desk) -> FactPane:
    opened.window.routes.fact.emit("r-0192", FACT)
    opened.settle()
    return opened.window.pages.context.inspector


def texts(model: ProvenanceModel, parent: QModelIndex) -> list[str]:
    return [model.index(row, 0, parent).data() for row in range(model.rowCount(parent))]


def fail(*_: object) -> None:
    raise OSError("the database is being opened")


# Promotion, evidence, corrections


def test_the_promotion_record_is_shown_whole(pane: FactPane) -> None:
    """Who let it pass, when, after which checks, by which policy, as which record."""
    told = said(pane.promotion)
    for text in (
        *("policy release:3", "3 min ago", "evaluation in cycle 3, confidence 0.95"),
        *("engine-promotion", "09b87a03…aa86ae400", "48,108", "3 of 3 passed"),
        "evaluation: score 0.10, confidence 0.95 · replay byte-exact",
    ):
        assert text in told
    assert "replay byte-exact" in said(pane)


def test_the_exact_time_is_told_on_hover_and_to_screen_readers(pane: FactPane) -> None:
    """What is relative grows old; what is exact does not."""
    [when] = [one for one in pane.promotion.findChildren(Label) if one.text() == "3 min ago"]
    assert "2026-11-20 " in when.toolTip()
    assert "2026-11-20 " in when.accessibleName()


def test_the_record_of_the_promotion_opens_in_the_ledger(opened: Desk, pane: FactPane) -> None:
    """By the number that the ledger gave it."""
    press(pane.promotion, "Open: the record in the ledger")
    opened.settle()
    assert opened.window.pages.page_id() == "ledger"
    assert opened.desk.last("record").args == (48_108,)


def test_the_step_behind_it_opens_as_a_trace(opened: Desk, pane: FactPane) -> None:
    """With its replay grade beside it."""
    press(pane.promotion, "Trace: evaluation: score 0.10, confidence 0.95 · replay byte-exact")
    opened.settle()
    assert opened.desk.last("trace").args == ("t-0192-02",)


def test_evidence_names_its_place_in_the_input_and_what_was_corrected(
    opened: Desk, pane: FactPane
) -> None:
    """Each fact it rests on leads to its own inspector."""
    told = said(pane.evidence)
    assert "junit.xml · testsuite[2]/@failures" in told
    assert "coverage.xml · coverage/@line-rate · corrected since" in told
    press(pane.evidence, "Inspect: line coverage 61.2 %")
    opened.settle()
    assert opened.desk.last("fact").args == ("r-0192", "f-00000002")


def test_corrections_are_told_on_both_sides(opened: Desk) -> None:
    """What it corrected, what corrected it, why, for whom; and that its author approved it."""
    opened.desk.answers["fact"] = sample_runs.corrected
    opened.window.routes.fact.emit("r-0192", "f-00000007")
    opened.settle()
    pane = opened.window.pages.context.inspector
    told = said(pane)
    assert "It took the place of “14 commits since v0.3.2”" in told
    assert "Its place was taken by “billing changed in 9 of them”" in told
    assert "Because what was read or computed was wrong: the page was a summary." in told
    assert "holds for everybody · record 48,104" in told
    assert "corrected" in told
    assert "ada#2bd806c9, who wrote it as well" in told
    assert not pane.retract_button.isEnabled()
    assert "has taken the place of" in told
    press(pane.corrections, "Inspect: billing changed in 9 of them")
    opened.settle()
    assert opened.desk.last("fact").args == ("r-0192", "f-00000004")


def test_the_id_is_short_and_copied_whole(opened: Desk) -> None:
    """The chip tells the whole on hover."""
    long = "limit:modules.changed_and_failing.and.more"
    card = replace(sample_runs.card_of(FACT), fact_id=long)
    view = replace(sample_runs.fact("r-0192", FACT), card=card)
    opened.desk.answers["fact"] = lambda *_: view
    opened.window.routes.fact.emit("r-0192", long)
    opened.settle()
    pane = opened.window.pages.context.inspector
    assert long not in said(pane)
    pane.copy_button.click()
    assert QGuiApplication.clipboard().text() == long


# Lineage


def test_lineage_opens_step_by_step_by_keyboard_and_leads_on(opened: Desk, pane: FactPane) -> None:
    """The arrow keys open and close; Return goes to what a row stands for."""
    tree, model = pane.tree, pane.tree.graph
    opened.window.pages.context.acts.focus_tree()
    came = model.heading(UP)
    assert texts(model, came) == [
        *("evaluation: score 0.10, confidence 0.95", "3 of 120 tests failed"),
        "line coverage 61.2 %",
    ]
    failed = model.index(1, 0, came)
    assert model.rowCount(failed) == 0  # nothing is made before somebody opens it
    tree.setCurrentIndex(failed)
    QTest.keyClick(tree, Qt.Key.Key_Right)
    assert texts(model, failed) == ["junit.xml · testsuite[2]/@failures"]
    QTest.keyClick(tree, Qt.Key.Key_Return)
    opened.settle()
    assert opened.desk.last("fact").args == ("r-0192", "f-00000001")


def test_a_row_is_told_with_how_it_hangs_together(pane: FactPane) -> None:
    """As it is read out: the relation, what it is, and its words."""
    model = pane.tree.graph
    step = model.index(0, 0, model.heading(UP))
    spoken = step.data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "argued in · step evaluation: score 0.10, confidence 0.95"
    assert step.siblingAtColumn(1).data() == "argued in · step"


def test_other_runs_come_from_the_database_with_the_record_they_reflect(pane: FactPane) -> None:
    """What rests on it in all runs, counted; a proposal that became a fact counts once."""
    model = pane.tree.graph
    assert pane.as_of.text() == "Over all runs, as of ledger record 48,213."
    assert model.heading(DOWN).siblingAtColumn(1).data() == "3 facts, 1 proposal and 2 runs"
    assert pane.rest()[0] == "3 facts, 1 proposal and 2 runs rest on it."


@pytest.mark.parametrize("state", ["filling", "unreachable"])
def test_without_the_database_the_run_of_the_fact_is_shown_from_the_ledger(
    opened: Desk, state: str
) -> None:
    """Up and down within it, and said to be no more; asked again once the database answers."""
    opened.desk.answers |= {"lineage": fail, "blast_radius": fail}
    status = replace(sample.STATUS, view_state=state, view_share=340)
    opened.desk.tell(StatusChanged(status))
    opened.settle()
    opened.window.routes.fact.emit("r-0192", FACT)
    opened.settle()
    pane = opened.window.pages.context.inspector
    model = pane.tree.graph
    assert "3 of 120 tests failed" in texts(model, model.heading(UP))
    assert "Hold converge-desktop 0.4.0" in texts(model, model.heading(DOWN))
    assert pane.as_of.text().startswith("Within run 0192 alone, from the ledger.")
    if state == "filling":
        assert "The database is being filled (34 %)" in pane.as_of.text()
    assert "within its run; other runs are not known yet" in pane.rest()[0]

    opened.desk.answers |= sample_runs.answers()
    opened.desk.tell(StatusChanged(sample.STATUS))
    opened.settle()
    assert pane.as_of.text() == "Over all runs, as of ledger record 48,213."


def test_a_no_that_comes_after_the_database_is_open_is_asked_about_again(opened: Desk) -> None:
    """It was given while the database was being opened, and was on its way meanwhile."""
    for name in ("lineage", "blast_radius"):
        del opened.desk.answers[name]
    opened.desk.tell(StatusChanged(replace(sample.STATUS, view_state="opening")))
    opened.settle()
    opened.window.routes.fact.emit("r-0192", FACT)
    opened.settle()
    late = [opened.desk.last(name).future for name in ("lineage", "blast_radius")]
    opened.desk.tell(StatusChanged(sample.STATUS))
    opened.settle()
    opened.desk.answers |= sample_runs.answers()
    for future in late:
        future.set_exception(OSError("the database is being opened"))
    opened.settle()
    pane = opened.window.pages.context.inspector
    assert pane.as_of.text() == "Over all runs, as of ledger record 48,213."


def test_a_fact_that_cannot_be_shown_says_why_and_can_be_asked_for_again(opened: Desk) -> None:
    """With the sentence that came instead."""
    del opened.desk.answers["fact"]
    opened.window.routes.fact.emit("r-0192", FACT)
    opened.settle()
    pane = opened.window.pages.context.inspector
    opened.desk.last("fact").future.set_exception(ValueError("run 0192 has no fact f-8"))
    opened.settle()
    assert "Run 0192 has no fact f-8." in pane.empty.words()
    asked = len(opened.desk.named("fact"))
    press(pane.empty, "Try again")
    assert asked + 1 == len(opened.desk.named("fact"))


def test_an_answer_about_another_fact_is_not_shown(opened: Desk) -> None:
    """The last choice counts, whatever comes when."""
    del opened.desk.answers["fact"]
    opened.window.routes.fact.emit("r-0192", "f-00000001")
    first = opened.desk.last("fact")
    opened.window.routes.fact.emit("r-0192", "f-00000002")
    opened.desk.last("fact").future.set_result(sample_runs.fact("r-0192", "f-00000002"))
    first.future.set_result(sample_runs.fact("r-0192", "f-00000001"))
    opened.settle()
    told = said(opened.window.pages.context.inspector)
    assert "line coverage 61.2 %" in told.split(" | ")[0]


# The model of the tree


def graph(model: ProvenanceModel) -> None:
    """A diamond with a circle in it."""
    edges = (
        ("fact:r|a", "rests on", "fact:r|b"),
        ("fact:r|a", "rests on", "fact:r|c"),
        ("fact:r|b", "rests on", "fact:r|d"),
        ("fact:r|c", "rests on", "fact:r|d"),
        ("fact:r|d", "rests on", "fact:r|a"),
    )
    model.show_graph("fact:r|a", edges, edges, {"fact:r|a": "a"})


def test_the_tree_keeps_the_rules_of_a_model(qtbot: QtBot) -> None:
    """While it is opened, and while another graph takes its place."""
    model = ProvenanceModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for _ in range(2):
        graph(model)
        ahead = [model.heading(UP), model.heading(DOWN)]
        while ahead:
            index = ahead.pop()
            if model.canFetchMore(index):
                model.fetchMore(index)
            ahead += [model.index(row, 0, index) for row in range(model.rowCount(index))]


def test_what_stands_above_itself_is_not_opened_again(qtbot: QtBot) -> None:
    """A circle ends where it closes; what is shared stands under each that shares it."""
    model = ProvenanceModel()
    graph(model)
    at, names = model.heading(UP), []
    while model.canFetchMore(at):
        model.fetchMore(at)
        at = model.index(0, 0, at)
        names.append(at.data())
    assert names == ["b", "d", "a"]
    assert not model.hasChildren(at)
    assert model.reached(UP) == ["fact:r|b", "fact:r|c", "fact:r|d"]
