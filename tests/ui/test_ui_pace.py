"""What the window does so that much that arrives costs little: pace, pictures, short passes."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from converge_desktop.ui import tokens
from converge_desktop.ui.collecting import ShortPasses
from converge_desktop.ui.models.looks import RowLook
from converge_desktop.ui.models.rows import RowModel
from converge_desktop.ui.pace import Pace
from converge_desktop.ui.widgets.flow import FlowLayout
from converge_desktop.ui.widgets.lists import RowList
from converge_desktop.ui.widgets.row_delegate import RowDelegate
from converge_desktop.ui.widgets.undo_strip import UndoStrip

TITLES = ("Ship the release", "Hold the release", "Ask the auditor")


@pytest.fixture
def owner(qapp: QApplication) -> Iterator[QObject]:
    """Whoever lives as long as a test."""
    made = QObject(qapp)
    yield made
    made.deleteLater()


def test_figures_are_told_at_once_and_then_only_the_latest_of_a_while(
    owner: QObject, qtbot: QtBot
) -> None:
    """The first shows at once; of ninety-nine that follow, the last is told."""
    told: list[int] = []
    pace: Pace[int] = Pace(told.append, owner, lambda _: None)
    for number in range(100):
        pace.take(number)
    assert told == [0]
    qtbot.waitUntil(lambda: len(told) > 1)
    assert told == [0, 99]


def test_what_is_more_than_a_figure_is_told_at_once(owner: QObject) -> None:
    """A state that changes waits for no figure."""
    told: list[tuple[str, int]] = []
    pace: Pace[tuple[str, int]] = Pace(told.append, owner, lambda one: one[0])
    for one in (("ready", 1), ("ready", 2), ("failed", 3), ("failed", 4)):
        pace.take(one)
    assert told == [("ready", 1), ("failed", 3)]


class _Counting(RowDelegate):
    """Counts the rows that it draws."""

    drawn = 0

    def draw(self, *given: object) -> None:
        """Override RowDelegate.draw."""
        self.drawn += 1
        super().draw(*given)  # type: ignore[arg-type]


@pytest.fixture
def rows(qtbot: QtBot) -> tuple[RowList, _Counting, list[RowLook]]:
    """A list on the screen, what draws it, and how its rows look."""
    looks = [RowLook(title, "a run", badge="H") for title in TITLES]
    model: RowModel[int] = RowModel(str, lambda number: looks[number])
    model.set_rows(range(len(looks)))
    shown = RowList(model, "Rows")
    model.setParent(shown)
    delegate = _Counting(shown)
    shown.setItemDelegate(delegate)
    shown.resize(QSize(300, 300))
    qtbot.addWidget(shown)
    with qtbot.waitExposed(shown):
        shown.show()
    shown.viewport().repaint()
    return shown, delegate, looks


def test_a_row_is_drawn_once_for_as_long_as_it_looks_the_same(
    rows: tuple[RowList, _Counting, list[RowLook]],
) -> None:
    """Painting a list again draws no row; one that looks other is drawn, and that one alone."""
    shown, delegate, looks = rows
    delegate.drawn = 0
    shown.viewport().repaint()
    assert delegate.drawn == 0
    looks[1] = RowLook("Hold the release", "another run", badge="H")
    shown.viewport().repaint()
    assert delegate.drawn == 1


def test_rows_are_drawn_again_in_other_colours(
    rows: tuple[RowList, _Counting, list[RowLook]],
) -> None:
    """A picture of a row is shown in no other theme than its own."""
    shown, delegate, _ = rows
    before, delegate.drawn = tokens.current(), 0
    try:
        tokens.put_in_force(tokens.load("high-contrast"))
        shown.viewport().repaint()
        assert delegate.drawn == len(TITLES)
    finally:
        tokens.put_in_force(before)


def test_a_row_from_a_picture_looks_like_one_that_is_drawn(
    rows: tuple[RowList, _Counting, list[RowLook]],
) -> None:
    """Point for point, whether its picture was there or not."""
    shown, delegate, _ = rows
    kept = _image(shown)
    delegate._pictures.paint = lambda painter, option, look, draw: draw(painter, option, look)  # type: ignore[method-assign]
    assert _image(shown) == kept


def _image(shown: QWidget) -> QImage:
    return shown.grab().toImage()


def test_a_list_says_of_few_rows_which_they_are(qtbot: QtBot) -> None:
    """Two rows that change far from each other do not have all between them painted."""
    model: RowModel[tuple[int, str]] = RowModel(
        lambda row: str(row[0]), lambda row: RowLook(row[1])
    )
    model.set_rows([(number, "same") for number in range(50)])
    told: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda first, last: told.append((first.row(), last.row())))
    other = {3: "other", 41: "other"}
    model.set_rows([(number, other.get(number, "same")) for number in range(50)])
    assert told == [(3, 3), (41, 41)]


def test_lines_that_flow_are_as_high_as_what_stands_in_them_by_now(qtbot: QtBot) -> None:
    """The height that is remembered for a width is forgotten when something is put in."""
    holder = QWidget()
    qtbot.addWidget(holder)
    flow = FlowLayout(parent=holder)
    flow.addWidget(QLabel("one"))
    low = flow.heightForWidth(40)
    flow.addWidget(QLabel("another"))
    assert flow.heightForWidth(40) > low


def test_a_strip_with_nothing_to_undo_takes_no_room(qtbot: QtBot) -> None:
    """Nor does it keep any that it never had."""
    page = QWidget()
    qtbot.addWidget(page)
    strip = UndoStrip()
    QVBoxLayout(page).addWidget(strip)
    with qtbot.waitExposed(page):
        page.show()
    assert not strip.isVisible()
    assert not strip.sizePolicy().retainSizeWhenHidden()


def test_the_page_stands_still_while_one_decision_follows_on_another(qtbot: QtBot) -> None:
    """The strip keeps the room of what has ended for a moment, and gives it back then."""
    strip = UndoStrip()
    qtbot.addWidget(strip)
    strip.say("It took effect.")
    strip.show()
    strip.show_rows([("gate", "Approved.", "Takes effect in 4 s.", 500, True)])
    high = strip.sizeHint().height()
    strip.show_rows([])
    assert strip.undo_buttons() == []
    assert strip.sizeHint().height() == high
    qtbot.waitUntil(lambda: strip.sizeHint().height() < high)


def test_what_outlived_a_pass_of_the_collector_is_walked_again_only_once_nobody_is_here(
    owner: QObject, qapp: QApplication
) -> None:
    """While the person works, a full pass leaves nothing for the next; it is all back after."""
    ShortPasses(owner)
    lasting = [[number] for number in range(1000)]
    gc.collect()
    assert gc.get_freeze_count() >= len(lasting)
    assert not any(one is lasting for one in gc.get_objects())
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationInactive)
    assert gc.get_freeze_count() == 0
    assert any(one is lasting for one in gc.get_objects())
