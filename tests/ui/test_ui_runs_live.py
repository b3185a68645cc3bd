"""A run as it goes: its cycles, why it has not converged, what it spent, and what to do next."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QPixmap
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from converge_core.stop import AnyStop
from converge_desktop.runtime.port import RunChanged
from converge_desktop.runtime.run_model import BudgetRow, RunView
from converge_desktop.ui.models.cycles import CycleModel
from converge_desktop.ui.pages.run_view import RunPane
from tests.core.test_stop_reasons import EXAMPLES
from tests.ui import sample, sample_runs
from tests.ui.conftest import Desk
from tests.ui.test_ui_pages import press, said


def show(opened: Desk, view: RunView) -> RunPane:
    """Shows a run, and has it move to how it is to be."""
    opened.window.routes.run.emit(view.row.run_id)
    opened.settle()
    opened.desk.tell(RunChanged(view))
    opened.settle()
    return opened.window.pages.runs.pane


# Cycles


def test_a_hundred_cycles_of_forty_agents_are_drawn_from_what_is_in_sight(opened: Desk) -> None:
    """All are there; what is painted is what fits, and the newest cycle is in sight."""
    pane = show(opened, sample_runs.long_run())
    grid = pane.grid
    assert (grid.cycles.rowCount(), grid.cycles.columnCount()) == (40, 100)
    bar = grid.horizontalScrollBar()
    assert bar.maximum() > 0
    assert bar.value() == bar.maximum()
    assert grid.columnAt(grid.viewport().width() - 10) == 99


def test_cycles_that_are_added_keep_to_the_newest_unless_the_person_looked_back(
    opened: Desk,
) -> None:
    """Whoever scrolled to an earlier cycle stays there."""
    pane = show(opened, sample_runs.long_run(60, 5))
    bar = pane.grid.horizontalScrollBar()
    opened.desk.tell(RunChanged(sample_runs.long_run(61, 5)))
    opened.settle()
    assert bar.value() == bar.maximum()
    bar.setValue(0)
    opened.desk.tell(RunChanged(sample_runs.long_run(62, 5)))
    opened.settle()
    assert bar.value() == 0


def test_the_keys_walk_the_cells_and_each_is_told_in_words(opened: Desk) -> None:
    """Under the grid for the eyes, and as the cell's name for a screen reader."""
    pane = show(opened, sample_runs.waiting())
    grid = pane.grid
    grid.setFocus()
    grid.setCurrentIndex(grid.cycles.index(3, 2))
    QTest.keyClick(grid, Qt.Key.Key_Right)
    assert "planning, cycle 4: 1 waiting for a human." in said(pane)
    index = grid.currentIndex()
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == grid.chosen()
    interface = QAccessible.queryAccessibleInterface(grid)
    assert interface.role() == QAccessible.Role.Table
    assert interface.text(QAccessible.Text.Name) == "Cycles"


def test_return_on_a_cell_leads_to_what_its_agent_was_asked(opened: Desk) -> None:
    """Or says that no model was asked."""
    pane = show(opened, sample_runs.waiting())
    pane.grid.wanted.emit("planning", 4)
    opened.settle()
    assert opened.desk.last("trace").args == ("t-0192-03",)
    opened.window.go("runs")
    pane.grid.wanted.emit("metrics", 1)
    opened.settle()
    assert "No step of metrics is recorded" in pane.strip.words()


def test_the_grid_keeps_the_rules_of_a_model_while_it_grows(qtbot: QtBot) -> None:
    """What is added, what is other, and another run altogether."""
    model = CycleModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for cycles, agents in ((0, 0), (1, 3), (4, 3), (4, 3), (2, 3), (3, 5)):
        model.show_rows(sample_runs.long_run(cycles, agents).agents)
        assert model.rowCount() == agents


# Why, and how much


def test_why_it_has_not_converged_leads_to_the_gate_it_speaks_of(opened: Desk) -> None:
    """To that one, not only to the inbox."""
    pane = show(opened, sample_runs.waiting())
    told = said(pane.why)
    assert "Not met yet: a decision stands under Strategies." in told
    press(pane.why, "Review: planning asks for a decision on “Hold converge-desktop 0.4.0”.")
    opened.settle()
    assert opened.window.pages.page_id() == "inbox"
    assert opened.desk.last("review").args[0] == "g-1"


def test_who_is_at_work_leads_to_the_trace_of_that_agent(opened: Desk) -> None:
    """The newest step of it in this run."""
    view = replace(sample.run_view("r-0192"), why_not=(("run", "At work in cycle 4: reasoning."),))
    pane = show(opened, view)
    press(pane.why, "Trace: At work in cycle 4: reasoning.")
    opened.settle()
    assert opened.desk.last("trace").args == ("t-0192-01",)


def test_budgets_say_what_is_spent_in_words_and_grow_in_place(opened: Desk) -> None:
    """The bar is never the only one to say it, and it is not built again to grow."""
    view = sample_runs.waiting()
    pane = show(opened, view)
    assert "1,624 of 4,000 · 40 % spent" in said(pane.budgets)
    before = pane.budgets._bars["tokens"]
    grown = (*view.budgets[:2], BudgetRow("tokens", "1,700 of 4,000", 425), view.budgets[3])
    opened.desk.tell(RunChanged(replace(view, budgets=grown)))
    opened.settle()
    assert "1,700 of 4,000 · 42 % spent" in said(pane.budgets)
    assert pane.budgets._bars["tokens"] is before
    assert before[0].accessibleName() == "tokens: 1,700 of 4,000 · 42 % spent"
    spent = (*grown[:2], BudgetRow("tokens", "4,000 of 4,000", 1000), view.budgets[3])
    opened.desk.tell(RunChanged(replace(view, budgets=spent)))
    opened.settle()
    assert "4,000 of 4,000 · all spent" in said(pane.budgets)


def test_each_cycle_says_how_long_it_took_and_which_took_longest(opened: Desk) -> None:
    """The newest first; one that goes on counts up with the clock."""
    view = sample_runs.waiting()
    pane = show(opened, view)
    told = said(pane.times)
    assert "4 cycles, 1.90 s of work." in told
    assert "The longest was cycle 2 with 0.81 s." in told
    assert "0.43 s · 0 facts, goes on" in told
    working = replace(view.timeline[3], working_since=opened.clock.now)
    opened.desk.tell(RunChanged(replace(view, timeline=(*view.timeline[:3], working))))
    opened.settle()
    opened.clock.now += 5 * sample_runs.SECOND
    pane.tick()
    assert "The longest was cycle 4 with 5.43 s." in said(pane.times)


def test_what_was_wanted_stands_under_the_title(opened: Desk) -> None:
    """In the words of whoever started it; nothing where they gave none."""
    pane = show(opened, sample_runs.waiting())
    assert "“Can we tag 0.4.0 before the weekend?”" in said(pane)
    show(opened, sample.run_view("r-0190"))
    assert not pane._intent.isVisible()


def test_only_the_facts_of_a_key_that_changed_are_built_again(opened: Desk) -> None:
    """The others keep their place, and whatever is pressed in them."""
    view = sample_runs.waiting()
    pane = show(opened, view)
    before = {card.card.key: card for card in pane.facts.cards()}
    key, cards = view.context[0]
    other = ((key, cards[:-1]), *view.context[1:])
    opened.desk.tell(RunChanged(replace(view, context=other)))
    opened.settle()
    after = {card.card.key: card for card in pane.facts.cards()}
    assert after["Evaluations"] is before["Evaluations"]
    assert len(pane.facts.cards()) == sum(len(group) for _, group in other)


# What to do next


@pytest.mark.parametrize("reason", EXAMPLES, ids=lambda one: one.kind)
def test_every_end_is_explained_with_something_to_do(opened: Desk, reason: AnyStop) -> None:
    """What it means in the banner, each next step as a sentence, and a button at one at least."""
    view = sample_runs.stopped(reason)
    pane = show(opened, view)
    assert view.explained is not None
    assert view.explained.means in pane.banner.words()
    told = said(pane.next)
    for sentence in view.explained.next:
        assert sentence in told
    assert pane.next._acts, "nothing of it can be done here"


def test_what_was_refused_is_opened_from_the_explanation(opened: Desk) -> None:
    """The newest fact under Diagnostic, with its details."""
    pane = show(opened, sample_runs.stopped(sample_runs.example("PromotionRejected")))
    press(pane.next, "Look at it")
    opened.settle()
    assert "refused: number 0.93 has no source" in said(pane.detail)


def test_a_run_is_forked_from_where_it_ended(opened: Desk) -> None:
    """With all it reached, and the new one is shown."""
    pane = show(opened, sample_runs.stopped(sample_runs.example("UserCancelled")))
    press(pane.next, "Fork from here")
    opened.settle()
    assert opened.desk.last("fork").args == ("r-0191", None)
    assert opened.desk.last("run_view").args == ("r-0193",)


def test_a_run_that_goes_on_offers_what_it_can_in_its_banner_alone(opened: Desk) -> None:
    """Nothing is said twice."""
    pane = show(opened, sample_runs.waiting())
    assert not pane.next.isVisible()
    assert pane.banner.pause.isVisible()


def test_the_page_is_drawn_at_every_state(opened: Desk) -> None:
    """Without a word to standard error, at the narrowest the window can be."""
    opened.window.resize(960, 600)
    for view in (sample_runs.paused(), sample_runs.long_run(), sample_runs.waiting()):
        pane = show(opened, view)
        picture = QPixmap(pane.size())
        pane.render(picture)
        assert pane.banner.width() <= pane.width()
