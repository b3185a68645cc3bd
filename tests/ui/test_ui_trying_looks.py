"""Trying a step and comparing runs: whole, named and within reach, at either size of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QWidget

from converge_desktop.ui.application import enlarge
from converge_desktop.ui.widgets.disclosure import Disclosure
from tests.ui import sample_run_compare, sample_trying
from tests.ui import sample_trace as own
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.reading import cut, described, overlapping, spilling, tabbed, visible, walk
from tests.ui.tracing import shown

Scene = Callable[[Desk], QWidget]


def trying(opened: Desk) -> QWidget:
    """A step whose layers are all open to be changed."""
    pane = shown(opened)
    pane.try_with_change()
    unfold(pane.trier.form)
    return pane


def tried(opened: Desk) -> QWidget:
    """What came of it, with everything unfolded."""
    pane = shown(opened)
    pane.try_with_change()
    pane.trier.form.model.choose("converge-medium")
    pane.trier.form.ask()
    opened.settle()
    unfold(pane.trier)
    return pane


def compared(opened: Desk) -> QWidget:
    """Two runs compared."""
    opened.window.routes.run.emit(sample_run_compare.ONE)
    opened.settle()
    comparing = opened.window.pages.runs.comparing
    comparing.compare(sample_run_compare.ONE, sample_run_compare.OTHER)
    opened.settle()
    unfold(comparing.shown)
    return comparing.shown


def unfold(widget: QWidget) -> None:
    """Opens all that is folded."""
    for one in widget.findChildren(Disclosure):
        if one.isVisible() and not one.is_open():
            one.head.click()


SCENES: dict[str, Scene] = {"trying": trying, "tried": tried, "compared": compared}


@pytest.fixture
def answers(desk: FakeDesk) -> FakeDesk:
    """A desk that answers what is asked here."""
    desk.answers |= own.answers()
    desk.answers |= {"try_trace": sample_trying.tried, "compare_runs": sample_run_compare.compared}
    return desk


@pytest.fixture
def sized(
    request: pytest.FixtureRequest, qapp: QApplication, make_desk: MakeDesk, answers: FakeDesk
) -> Iterator[Desk]:
    """A window whose text is so large."""
    enlarge(qapp, request.param)
    yield make_desk(answers)
    enlarge(qapp, 100)


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("sized", [100, 200], indirect=True)
def test_every_part_is_whole(sized: Desk, name: str) -> None:
    """Nothing is cut, nothing stands outside of its place or on something else."""
    part = SCENES[name](sized)
    wrong = []
    for wide, high in ((1280, 800), (1920, 1080)):
        sized.window.resize(wide, high)
        for _ in range(3):
            sized.settle()
        wrong += [f"{wide}: cut: {described(w)}" for w in visible(part) if cut(w)]
        wrong += [f"{wide}: spills: {said}" for said in spilling(part)]
        wrong += [f"{wide}: overlaps: {said}" for said in overlapping(part)]
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("name", SCENES)
def test_every_part_is_named_and_reached_by_keyboard(
    make_desk: MakeDesk, answers: FakeDesk, name: str
) -> None:
    """Tab goes to all that can be pressed, and whoever hears it knows what it is."""
    opened = make_desk(answers)
    part = SCENES[name](opened)
    opened.settle()
    opened.window.pages.current().take_focus()
    seen: list[QWidget] = walk(opened.window)
    assert [described(one) for one in tabbed(part) if one not in seen] == []
    nameless = [
        described(one)
        for one in tabbed(part)
        if not QAccessible.queryAccessibleInterface(one).text(QAccessible.Text.Name)
    ]
    assert nameless == []
