"""Every part of a recorded step is whole, named and within reach, at either size of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QWidget

from converge_desktop.ui.application import enlarge
from converge_desktop.ui.pages.trace_view import TABS, TracePane
from tests.ui import sample_trace as own
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.reading import cut, described, overlapping, spilling, tabbed, visible, walk
from tests.ui.tracing import section, shown

Scene = Callable[[Desk], TracePane]


def tab(name: str) -> Scene:
    """A tab of a step that has it."""
    return lambda opened: shown(opened, own.EVALUATION if name == "Recall" else own.OLDER, name)


def noted(opened: Desk) -> TracePane:
    """A step with a note that is put otherwise."""
    pane = shown(opened)
    pane.notes.open()
    return pane


def compared(opened: Desk) -> TracePane:
    """Two steps compared, with everything unfolded."""
    pane = shown(opened)
    pane.compare(own.PLANNING, own.OLDER)
    opened.settle()
    view = pane.comparing.shown
    for name in ("4 texts are the same", "15 values are the same"):
        section(view, name).head.click()
    for name in ("State", "Output"):
        section(section(view, name), "Whole texts").head.click()
    return pane


SCENES: dict[str, Scene] = {
    **{name: tab(name) for name in TABS},
    "noted": noted,
    "compared": compared,
}


@pytest.fixture
def sized(
    request: pytest.FixtureRequest, qapp: QApplication, make_desk: MakeDesk, desk: FakeDesk
) -> Iterator[Desk]:
    """A window whose text is so large."""
    enlarge(qapp, request.param)
    desk.answers |= own.answers()
    yield make_desk(desk)
    enlarge(qapp, 100)


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("sized", [100, 200], indirect=True)
def test_every_part_is_whole(sized: Desk, name: str) -> None:
    """Nothing is cut, nothing stands outside of its place or on something else."""
    pane = SCENES[name](sized)
    wrong = []
    for wide, high in ((1280, 800), (1920, 1080)):
        sized.window.resize(wide, high)
        for _ in range(3):
            sized.settle()
        wrong += [f"{wide}: cut: {described(w)}" for w in visible(pane) if cut(w)]
        wrong += [f"{wide}: spills: {said}" for said in spilling(pane)]
        wrong += [f"{wide}: overlaps: {said}" for said in overlapping(pane)]
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("name", SCENES)
def test_every_part_is_named_and_reached_by_keyboard(
    make_desk: MakeDesk, desk: FakeDesk, name: str
) -> None:
    """Tab goes to all that can be pressed, and whoever hears it knows what it is."""
    desk.answers |= own.answers()
    opened = make_desk(desk)
    pane = SCENES[name](opened)
    opened.settle()
    opened.window.pages.current().take_focus()
    seen: list[QWidget] = walk(opened.window)
    assert [described(one) for one in tabbed(pane) if one not in seen] == []
    nameless = [
        described(one)
        for one in tabbed(pane)
        if not QAccessible.queryAccessibleInterface(one).text(QAccessible.Text.Name)
    ]
    assert nameless == []
