"""The page of insights: asked when entered, read without a pointer, kept as a file."""

from __future__ import annotations

import csv
import io
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu

from converge_core.errors import IllegalCommand
from converge_desktop.runtime.port import TraceIndexChanged
from converge_desktop.runtime.trace_model import IndexState, TraceProblem
from converge_desktop.ui import tokens
from converge_desktop.ui.pages import insights_saving
from converge_desktop.ui.pages.insights import InsightsPage
from converge_desktop.ui.pages.insights_card import InsightCard
from converge_desktop.ui.widgets import plot_loading
from converge_desktop.ui.widgets.plot_loading import NoPictures
from tests.ui import sample_insights
from tests.ui.conftest import Desk
from tests.ui.insights_kit import insights_drawn

AS_OF = sample_insights.AS_OF
NEWER = TraceIndexChanged(IndexState("ready", AS_OF + 12, AS_OF + 12))


@pytest.fixture
def page(opened: Desk) -> InsightsPage:
    """The page, with all its pictures drawn."""
    opened.window.go("insights")
    insights_drawn(opened.window)
    return opened.window.pages.insights


def press(key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Presses a key where the focus is."""
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, key, modifiers)


def card_of(page: InsightsPage, name: str) -> InsightCard:
    return next(card for card in page.cards() if card.question.name == name)


def saved_to(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Has the person choose a file."""
    chosen = lambda *_: (str(path), "")  # noqa: E731
    monkeypatch.setattr(QFileDialog, "getSaveFileName", chosen)


# Asking.


def test_nothing_is_asked_before_the_page_is_entered(opened: Desk) -> None:
    """Nor is anything built for it."""
    assert [] == opened.desk.named("insights")
    assert opened.window.pages.insights.body is None


def test_every_question_is_answered_with_a_picture(page: InsightsPage) -> None:
    """And with the sentence that says the same, which is the picture's name, too."""
    assert len(page.cards()) == 12
    for card in page.cards():
        assert card.sentence.text() == card.question.answer(sample_insights.insights())
        assert card.sentence.text() in card.plot.accessibleName()
        assert card.plot.canvas is not None
        assert card.plot.canvas.isVisible()
    assert "Known up to record 48,213." == page.head.said.text()


def test_newer_records_are_told_of_and_change_nothing(opened: Desk, page: InsightsPage) -> None:
    """What is being read stays; the person asks again, or comes back later."""
    opened.desk.tell(NEWER)
    opened.settle()
    assert 1 == len(opened.desk.named("insights"))
    assert "There are newer records" == page.head.more.text()
    assert page.head.more.isVisible()
    press(Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert 2 == len(opened.desk.named("insights"))


def test_coming_back_asks_again_where_the_index_moved(opened: Desk, page: InsightsPage) -> None:
    """And only there."""
    opened.window.go("ledger")
    opened.window.go("insights")
    opened.settle()
    assert 1 == len(opened.desk.named("insights"))
    opened.window.go("ledger")
    opened.desk.tell(NEWER)
    opened.settle()
    opened.window.go("insights")
    insights_drawn(opened.window)
    assert 2 == len(opened.desk.named("insights"))
    assert page.cards()[0].has_picture()


def test_a_desk_that_is_still_opening_is_asked_once_its_index_is_open(opened: Desk) -> None:
    """Without anybody doing anything, since nothing is being read."""

    def opening() -> object:
        raise IllegalCommand("the desk is still opening")

    opened.desk.insights = opening  # type: ignore[method-assign, assignment]
    opened.window.go("insights")
    page = opened.window.pages.insights
    assert "The desk is still opening." == page.empty._text.text()
    del opened.desk.insights
    opened.desk.tell(NEWER)
    insights_drawn(opened.window)
    assert page.cards()


def test_a_desk_that_cannot_say_is_asked_again(opened: Desk) -> None:
    """The reason is shown with what to do; what was shown before stays."""

    def fail() -> object:
        raise TraceProblem("the index was damaged; ask again in a moment")

    answer = opened.desk.answers["insights"]
    opened.desk.answers["insights"] = fail
    opened.window.go("insights")
    opened.settle()
    page = opened.window.pages.insights
    assert "The index was damaged; ask again in a moment." == page.empty._text.text()
    opened.desk.answers["insights"] = answer
    page.empty._button.click()
    insights_drawn(opened.window)
    assert page.cards()
    opened.desk.answers["insights"] = fail
    page.head.again.click()
    opened.settle()
    assert page.cards()
    assert "The index was damaged" in page.strip.words()
    opened.desk.answers["insights"] = answer
    page.head.again.click()
    insights_drawn(opened.window)
    assert "" == page.strip.words()


def test_a_desk_at_which_nothing_happened_says_so(opened: Desk) -> None:
    """With what to do about it."""
    opened.desk.answers["insights"] = sample_insights.nothing
    opened.window.go("insights")
    insights_drawn(opened.window)
    page = opened.window.pages.insights
    assert [] == page.cards()
    assert "Nothing has happened yet" in page.empty._heading.text()
    page.empty._button.click()
    opened.settle()
    assert "runs" == opened.window.pages.page_id()


def test_a_desk_without_decisions_says_so_beside_what_its_models_did(opened: Desk) -> None:
    """One sentence, in the place of what would be asked about people."""
    opened.desk.answers["insights"] = lambda: sample_insights.nothing(calls=True)
    opened.window.go("insights")
    insights_drawn(opened.window)
    page = opened.window.pages.insights
    assert page.body is not None
    assert len(page.cards()) == 6
    assert page.body._no_decisions.isVisible()
    assert not page.body._no_calls.isVisible()


# Reading.


def test_a_picture_is_read_by_arrows(page: InsightsPage) -> None:
    """Each place is said in words; the ends stay the ends."""
    plot = page.cards()[0].plot
    assert plot.hasFocus()
    assert "Week of 16 Nov: approved 85 % · edited 7 % · 14 decided" == plot.read.accessibleName()
    press(Qt.Key.Key_Left)
    assert plot.read.accessibleName().startswith("Week of 9 Nov: approved 87 %")
    assert plot.accessibleDescription() == plot.read.accessibleName()
    press(Qt.Key.Key_Home)
    press(Qt.Key.Key_Left)
    assert plot.read.accessibleName().startswith("Week of 14 Sep:")
    press(Qt.Key.Key_End)
    assert plot.read.accessibleName().startswith("Week of 16 Nov:")


def test_resting_on_a_place_reads_it_out(opened: Desk, page: InsightsPage) -> None:
    """And leaving it reads out again what was read before."""
    card = card_of(page, "approval-by-risk")
    canvas = card.plot.canvas
    assert canvas is not None
    assert page.body is not None
    page.body.bring_into_sight(card)
    opened.settle()
    before = card.plot.read.accessibleName()
    seen = set()
    for y in range(0, canvas.height(), 10):
        QTest.mouseMove(canvas.viewport(), QPoint(canvas.width() // 2, y))
        QApplication.processEvents()
        seen.add(card.plot.read.accessibleName())
    assert {
        "low: 93 % of 43 decided",
        "medium: 73 % of 30 decided",
        "high: 56 % of 37 decided",
    } == (seen)
    canvas.pointed.emit(-1)
    assert before == card.plot.read.accessibleName()


def test_the_wheel_scrolls_the_page_and_changes_no_picture(page: InsightsPage) -> None:
    """Neither zoom nor move; a right click opens nothing, and a drag leaves it where it is."""
    card = page.cards()[0]
    canvas, body = card.plot.canvas, page.body
    assert canvas is not None
    assert body is not None
    before = canvas.view.viewRange()
    middle = QPoint(canvas.width() // 2, canvas.height() // 2)
    where = QPointF(middle)
    wheel = QWheelEvent(
        where,
        QPointF(canvas.mapToGlobal(middle)),
        QPoint(0, 0),
        QPoint(0, -240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas.viewport(), wheel)
    assert not wheel.isAccepted() or body.verticalScrollBar().value() > 0
    port = canvas.viewport()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(port, middle + QPoint(60, 40))
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=middle + QPoint(60, 40))
    QTest.mouseClick(port, Qt.MouseButton.RightButton, pos=middle)
    QTest.mouseDClick(port, Qt.MouseButton.LeftButton, pos=middle)
    QApplication.processEvents()
    assert before == canvas.view.viewRange()
    assert not any(isinstance(one, QMenu) and one.isVisible() for one in QApplication.allWidgets())


def test_every_line_differs_by_more_than_its_colour(page: InsightsPage) -> None:
    """In its stroke and its sign; and its name stands at its end."""
    from converge_desktop.ui.widgets.plot_marks import LOOKS  # it draws, so it comes late

    assert len(LOOKS) == len({stroke for _, stroke, _ in LOOKS}) == len({s for *_, s in LOOKS})
    for card in page.cards():
        canvas = card.plot.canvas
        assert canvas is not None
        assert [name.toPlainText() for name in canvas._names] == [
            text for text in _ends(card) if text
        ]


def _ends(card: InsightCard) -> list[str]:
    picture = card.plot.picture
    assert picture is not None
    return [one.text for one in getattr(picture, "lines", None) or getattr(picture, "bars", ())]


def test_names_at_the_ends_of_lines_do_not_lie_on_each_other(page: InsightsPage) -> None:
    """However close the lines end; and bars end where their words have room."""
    for card in page.cards():
        canvas = card.plot.canvas
        assert canvas is not None
        canvas.grab()  # what was never painted lies nowhere yet
        boxes = [name.mapRectToScene(name.boundingRect()) for name in canvas._names]
        margin = boxes[0].height() / 3  # around the words
        for number, one in enumerate(boxes):
            assert one.right() <= canvas.width() + margin, card.question.name
            for other in boxes[number + 1 :]:
                inner = one.adjusted(0, margin, 0, -margin)
                assert not inner.intersects(other.adjusted(0, margin, 0, -margin))


def test_another_theme_draws_every_picture_in_its_colours(opened: Desk, page: InsightsPage) -> None:
    """Nothing of the one before stays."""
    for theme in ("dark", "high-contrast", "light"):
        opened.window.theme.choose(theme)
        insights_drawn(opened.window)
        canvas = page.cards()[0].plot.canvas
        assert canvas is not None
        shot = canvas.grab().toImage()
        ground = QColor(tokens.current().surface)
        assert ground == shot.pixelColor(shot.width() - 2, shot.height() - 2)
        drawn = {
            shot.pixelColor(x, y).name()
            for x in range(shot.width())
            for y in range(0, shot.height(), 3)
        }
        assert QColor(tokens.current().accent).name() in drawn


# The table.


def test_every_picture_has_its_table(page: InsightsPage) -> None:
    """In its place, by key; numbers at the right, as people write them."""
    card = page.cards()[0]
    press(Qt.Key.Key_V)
    assert card.rows.isVisible()
    assert card.rows.hasFocus()
    model = card.model
    last = model.rowCount() - 1
    shown = [model.index(last, column).data() for column in range(model.columnCount())]
    assert ["week of 16 Nov", "85 %", "7 %", "14", "12", "1", "0", "1", "14"] == shown
    right = model.index(0, 1).data(Qt.ItemDataRole.TextAlignmentRole)
    assert right & Qt.AlignmentFlag.AlignRight
    assert "Approval rate: 85 %" == model.index(last, 1).data(Qt.ItemDataRole.AccessibleTextRole)
    press(Qt.Key.Key_V)
    assert card.plot.hasFocus()


def test_a_table_is_sorted_by_any_column(page: InsightsPage) -> None:
    """By its head, or by key; numbers from the largest on, and what was not measured last."""
    card = card_of(page, "approval-by-agent")
    card.switch()
    card.take_focus()
    names = lambda: [card.model.index(row, 0).data() for row in range(3)]  # noqa: E731
    assert ["planning", "release-notes", "triage of expenses, second reading"] == names()
    press(Qt.Key.Key_S)
    press(Qt.Key.Key_S)
    assert (1, Qt.SortOrder.DescendingOrder) == card.model.sorted_by()
    assert "release-notes" == names()[0]
    card.rows.horizontalHeader().setSortIndicator(1, Qt.SortOrder.AscendingOrder)
    assert "triage of expenses, second reading" == names()[0]
    for _ in range(card.model.columnCount() - 1):
        press(Qt.Key.Key_S)
    assert -1 == card.model.sorted_by()[0]
    assert "planning" == names()[0]


def test_j_and_k_go_from_question_to_question(page: InsightsPage) -> None:
    """What is shown of it has the focus then, and is in sight; keys mean that one."""
    for number in (1, 2, 3):
        press(Qt.Key.Key_J)
        assert page.cards()[number].plot.hasFocus()
    assert page.cards()[3] is page.card()
    assert not page.cards()[3].plot.visibleRegion().isEmpty()
    press(Qt.Key.Key_V)
    assert page.cards()[3].shows_table()
    press(Qt.Key.Key_K)
    assert page.cards()[2].plot.hasFocus()


# Files.


def test_a_table_is_kept_as_the_desk_has_it(
    opened: Desk, page: InsightsPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As comma separated values; its name gets an ending where it has none."""
    saved_to(monkeypatch, tmp_path / "rates")
    press(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    opened.settle()
    text, path = opened.desk.last("save_text").args
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tmp_path / "rates.csv" == path
    assert ("2026-11-16", "14", "0.857") == (
        *(rows[-1]["week"], rows[-1]["decided"], rows[-1]["approval_rate"]),
    )
    assert f"The table lies in {path}" == page.strip.words()


def test_a_picture_is_kept_with_its_question_and_answer(
    opened: Desk, page: InsightsPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As PNG, sharp, in the colours that are in force."""
    saved_to(monkeypatch, tmp_path / "rates.png")
    press(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    rest(opened, lambda: bool(opened.desk.named("save_bytes")))
    data, path = opened.desk.last("save_bytes").args
    picture = QImage.fromData(data, "PNG")
    canvas = page.cards()[0].plot.canvas
    assert canvas is not None
    assert picture.width() > 2 * canvas.width()
    assert picture.height() > 2 * canvas.height()
    assert QColor(tokens.current().surface) == picture.pixelColor(2, 2)
    assert f"The picture lies in {path}" == page.strip.words()


def test_a_file_that_cannot_be_written_is_told_of(opened: Desk, page: InsightsPage) -> None:
    """With the reason, and what to do."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "/media/rates.csv")

    opened.desk.answers |= {"save_text": full, "save_bytes": full}
    card = page.cards()[0]
    page.saver.write_csv(card, Path("/media/rates.csv"))
    opened.settle()
    assert "The table was not saved." in page.strip.words()
    assert "No space left on device" in page.strip.words()
    page.saver.write_png(card, "", Path("/media/rates.png"))
    rest(opened, lambda: "The picture was not saved." in page.strip.words())


def test_whoever_leaves_the_dialog_saves_nothing(
    opened: Desk, page: InsightsPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the page says nothing about it."""
    monkeypatch.setattr(insights_saving, "ask_where", lambda *_: "")
    page.cards()[0].csv_button.click()
    page.cards()[0].png_button.click()
    opened.settle()
    assert [] == opened.desk.named("save_text") + opened.desk.named("save_bytes")
    assert "" == page.strip.words()


def rest(opened: Desk, until: Callable[[], bool]) -> None:
    """Lets a thread of a picture come to its end, and the window hear of it."""
    for thread in threading.enumerate():
        if thread.name == "picture":
            thread.join(30)
    opened.settle()
    assert until()


# Without pictures.


@contextmanager
def without_pyqtgraph() -> Iterator[None]:
    """As if it were not installed, and had never been."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(sys.modules, "pyqtgraph", None)
        for name in ("plot_canvas", "plot_marks"):
            patched.delitem(sys.modules, f"converge_desktop.ui.widgets.{name}", raising=False)
        yield


def test_without_what_draws_the_tables_are_shown(opened: Desk) -> None:
    """And it is said why, with what to do; asking again tries again."""
    page = opened.window.pages.insights
    with without_pyqtgraph():
        opened.window.go("insights")
        for _ in range(60):
            opened.settle()
            if page.loading is not None:
                page.loading.exception(30)
    assert all(card.shows_table() for card in page.cards())
    assert "Pictures are drawn with pyqtgraph, which cannot be loaded here" in page.strip.words()
    assert "ask again" in page.strip.words()
    assert not opened.window.can_do(opened.window.known("insights.png"))
    assert opened.window.can_do(opened.window.known("insights.csv"))
    page.head.again.click()
    insights_drawn(opened.window)
    assert all(card.has_picture() for card in page.cards())
    assert "" == page.strip.words()


def test_what_fails_to_load_is_named() -> None:
    """Whatever is missing of it."""
    with without_pyqtgraph(), pytest.raises(NoPictures, match="pyqtgraph"):
        plot_loading.load_canvas().result(30)


def test_a_window_may_close_while_pictures_are_drawn(opened: Desk) -> None:
    """Nothing is drawn on what is gone, and nothing stays."""
    opened.window.go("insights")
    opened.settle()
    page = opened.window.pages.insights
    assert page.busy() or page.loading is not None
    opened.window.close()


def test_what_never_happened_is_a_sentence_without_a_picture(opened: Desk) -> None:
    """Its words stand at the top of its card, and there is nothing to save."""
    whole = sample_insights.insights()
    tables = [replace(t, rows=()) if t.name == "failures" else t for t in whole.tables]
    opened.desk.answers["insights"] = lambda: replace(whole, tables=tuple(tables))
    opened.window.go("insights")
    insights_drawn(opened.window)
    card = card_of(opened.window.pages.insights, "contract-failures")
    assert card.sentence.text().endswith("no check of a contract failed.")
    assert not card.plot.isVisible()
    assert not card.csv_button.isVisible()
    assert card.sentence.geometry().bottom() < card.height() // 2
