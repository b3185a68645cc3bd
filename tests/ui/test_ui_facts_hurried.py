"""Facts in the hands of somebody in a hurry, and a graph that has no end."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from converge_desktop.runtime.port import StatusChanged
from converge_desktop.ui.pages.fact_pane import FactPane
from tests.ui import sample, sample_runs
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.test_ui_pages import press, said

CTRL = Qt.KeyboardModifier.ControlModifier


def inspect(opened: Desk, fact_id: str) -> FactPane:
    opened.window.routes.fact.emit("r-0192", fact_id)
    opened.settle()
    return opened.window.pages.context.inspector


def take_back(opened: Desk, pane: FactPane, why: str) -> None:
    opened.window.pages.context.acts.open()
    opened.settle()
    pane.box.reason.setPlainText(why)


def test_an_answer_about_one_fact_leaves_alone_what_is_typed_about_another(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """The box stays open with its words; what came of the other is told in a notice."""
    del desk.answers["retract"]
    opened = make_desk(desk)
    pane = inspect(opened, "f-00000008")
    take_back(opened, pane, "the report was old")
    QTest.keyClick(pane.box.reason, Qt.Key.Key_Return, CTRL)
    first = desk.last("retract").future
    inspect(opened, "f-00000001")
    take_back(opened, pane, "counted twice")
    first.set_result(sample_runs.retract("r-0192", "f-00000008"))
    opened.settle()
    assert pane.box.isVisible()
    assert pane.box.reason.words() == "counted twice"
    assert pane.box.confirm.isEnabled()


def test_a_refusal_about_one_fact_is_not_told_of_another(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """Nor does it make the button of the other work again while that one is proposed."""
    del desk.answers["retract"]
    opened = make_desk(desk)
    pane = inspect(opened, "f-00000008")
    take_back(opened, pane, "the report was old")
    QTest.keyClick(pane.box.reason, Qt.Key.Key_Return, CTRL)
    first = desk.last("retract").future
    inspect(opened, "f-00000001")
    take_back(opened, pane, "counted twice")
    QTest.keyClick(pane.box.reason, Qt.Key.Key_Return, CTRL)
    first.set_exception(ValueError("the fact is gone"))
    opened.settle()
    assert "Nothing was proposed" not in pane.strip.words()
    assert not pane.box.confirm.isEnabled()


def test_what_cannot_be_seen_is_no_reason(opened: Desk) -> None:
    """A record that seems to say nothing says nothing to whoever reads it later."""
    pane = inspect(opened, "f-00000008")
    take_back(opened, pane, "\u200b\u2060\ufeff\u3164")
    assert not pane.box.confirm.isEnabled()
    QTest.keyClick(pane.box.reason, Qt.Key.Key_Return, CTRL)
    assert not opened.desk.named("retract")


def layers(depth: int, wide: int) -> tuple[tuple[str, str, str], ...]:
    """Edges of layers in which everything rests on everything of the layer before."""
    start = ("fact:r-0192|f-00000008",)
    names = [start] + [tuple(f"fact:r-0192|f-{d}-{n}" for n in range(wide)) for d in range(depth)]
    return tuple(
        (above, "rests on", below)
        for upper, lower in pairwise(names)
        for above in upper
        for below in lower
    )


def test_no_key_opens_all_that_is_shared_again_and_again(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """Twelve layers of ten have a million million ways through them."""
    edges = layers(12, 10)
    desk.answers["fact"] = lambda run, fact: replace(sample_runs.fact(run, fact), edges=edges)
    opened = make_desk(desk)
    pane = inspect(opened, "f-00000008")
    pane.tree.setFocus()
    pane.tree.setCurrentIndex(pane.tree.graph.heading(0))
    QTest.keyClick(pane.tree, Qt.Key.Key_Asterisk)
    opened.settle()
    assert pane.tree.height() < 10_000


def test_five_thousand_edges_and_a_ring_are_shown_at_once(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """The watchdog holds the window to it."""
    start = "fact:r-0192|f-00000008"
    many = tuple((f"fact:r-0192|f-x-{n}", "rests on", start) for n in range(5_000))
    ring = ((start, "rests on", "fact:r-0192|a"), ("fact:r-0192|a", "rests on", start))
    view = {"edges": (*many, *ring)}
    desk.answers["fact"] = lambda run, fact: replace(sample_runs.fact(run, fact), **view)
    del desk.answers["lineage"]
    del desk.answers["blast_radius"]
    opened = make_desk(desk)
    pane = inspect(opened, "f-00000008")
    assert "5,001 facts rest on it" in pane.rest()[0]
    take_back(opened, pane, "why")
    assert "and 4,995 more, in the tree" in said(pane.box)


def test_try_again_tries_again_whatever_else_is_told(make_desk: MakeDesk, desk: FakeDesk) -> None:
    """With the words that were searched for; and it never begins a run instead."""
    opened = make_desk(desk)
    opened.window.routes.page.emit("context")
    opened.settle()
    page = opened.window.pages.context

    def fail(*_: object) -> None:
        raise ValueError("the database does not answer")

    desk.answers["facts"] = fail
    page.text.setText("tests")
    page.ask()
    opened.settle()
    filling = replace(sample.STATUS, view_state="filling", view_share=500)
    desk.tell(StatusChanged(filling))
    opened.settle()
    asked = len(desk.named("facts"))
    press(page.none, "Try again")
    opened.settle()
    assert len(desk.named("facts")) == asked + 1
    assert desk.last("facts").args[1] == "tests"
    assert opened.window.pages.page_id() == "context"
