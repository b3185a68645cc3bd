"""Model calls are found: by a filter, in an order, by what they are like, by when they were."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from converge_desktop.runtime import trace_fields
from converge_desktop.runtime.trace_model import (
    FIELD_NAMES,
    ORDERS,
    TraceProblem,
)
from converge_desktop.ui.models.traces_columns import COLUMNS, ORDER_WORDS
from converge_desktop.ui.pages.traces import TracesPage
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.sample_traces import Traces
from tests.ui.traces_kit import (
    CTRL,
    MANY,
    SHIFT,
    chosen,
    first_seen,
    listed,
    newest,
    press,
    record,
    settle,
)

# Filter


def test_the_filter_is_the_language_of_the_index(long: Desk, page: TracesPage) -> None:
    """Words and fields; how many there are of how many is said."""
    page.filter.setText("step:planning valid:no")
    settle(long)
    asked = [call.args for call in long.desk.named("find_traces")]
    assert ("step:planning valid:no", "time", True) in asked
    rows = [page.model.row_at(number) for number in range(page.model.rowCount())]
    said = {(one.row.step, one.row.outcome) for one in rows if one}
    assert said == {("planning", "invalid"), ("planning", "uncertain")}
    assert page.side.foot.said.text() == "200 of 6,000 · Space marks"
    page.filter.clear()
    settle(long)
    assert page.side.foot.said.text() == "6,000 steps · Space marks"


def test_what_cannot_be_read_is_said_with_its_place_and_the_list_stays(
    long: Desk, page: TracesPage
) -> None:
    """Until it can be read, the last filter that could is in force."""
    page.filter.setText("step:planning")
    settle(long)
    before = listed(page)
    page.filter.setText("step:planning valid:maybe")
    settle(long)
    said = page.side.problem.text()
    assert page.side.problem.isVisible()
    assert said.startswith("“maybe”, at character 21: valid is yes or no; it cannot be 'maybe'.")
    assert said.endswith("The list stays as it was until this can be read.")
    assert page.filter.property("invalid") == "true"
    assert listed(page) == before
    page.filter.setText("step:planning")
    settle(long)
    assert page.side.problem.isHidden()


def test_what_could_be_typed_is_asked_of_the_index_and_offered(
    long: Desk, page: TracesPage
) -> None:
    """Fields and values; what was asked for other letters offers nothing."""
    answer = long.desk.answers.pop("complete_traces")
    page.focus_filter()
    QTest.keyClicks(page.filter, "st")
    old = long.desk.last("complete_traces")
    QTest.keyClicks(page.filter, "ep:")
    new = long.desk.last("complete_traces")
    new.future.set_result(answer(*new.args))
    long.settle()
    offered = [page.filter.completions.model.row_at(n) for n in range(3)]
    assert {"planning", "evaluation", "reasoning"} == {one.text for one in offered if one}
    old.future.set_result(answer(*old.args))
    long.settle()
    assert page.filter.completions.model.rowCount() == 3

    QTest.keyClick(page.filter, Qt.Key.Key_Tab)
    assert page.filter.text() in {f"step:{one.text} " for one in offered if one}


def test_return_leaves_the_filter_once_it_is_found(long: Desk, page: TracesPage) -> None:
    """And not before: what cannot be read keeps the cursor."""
    page.focus_filter()
    QTest.keyClicks(page.filter, "valid:maybe")
    QTest.keyClick(page.filter, Qt.Key.Key_Return)
    settle(long)
    assert page.filter.hasFocus()
    assert page.side.problem.isVisible()
    page.filter.setText("valid:no")
    QTest.keyClick(page.filter, Qt.Key.Key_Return)
    settle(long)
    assert page.table.hasFocus()


def test_of_what_is_typed_meanwhile_only_the_last_is_looked_for(
    long: Desk, page: TracesPage
) -> None:
    """However long the index takes for the first of it; and the first shows nothing any more."""
    answer = long.desk.answers.pop("find_traces")
    before = len(long.desk.named("find_traces"))
    for text in ("hold", "hold 3", "hold 3 steps"):
        page.filter.setText(text)
    long.desk.answers["find_traces"] = answer
    old = long.desk.last("find_traces")
    old.future.set_result(answer(*old.args))
    settle(long)
    asked = [call.args[0] for call in long.desk.named("find_traces")[before:] if call.args[0]]
    assert asked == ["hold", "hold 3 steps"]
    assert page.side.finder.query.text == "hold 3 steps"


def test_a_filter_that_nothing_passes_says_so_and_is_cleared(long: Desk, page: TracesPage) -> None:
    """With one press."""
    page.filter.setText("zyxw")
    settle(long)
    assert "Nothing passes this filter 6,000 steps are hidden by it" in page.none.words()
    page.none.pressed.emit()
    settle(long)
    assert page.model.rowCount() == MANY


def test_the_names_of_fields_are_those_of_the_language() -> None:
    """They stand apart, because what compares them takes NumPy."""
    assert tuple(trace_fields.FIELDS) == FIELD_NAMES


# Order and columns


def test_a_heading_orders_the_list_and_says_so(long: Desk, page: TracesPage) -> None:
    """By most first; pressed again, by fewest; the button says it, and it is remembered."""
    column = next(n for n, one in enumerate(COLUMNS) if one.id == "tokens")
    header = page.table.horizontalHeader()
    header.sectionClicked.emit(column)
    settle(long)
    assert ("", "tokens", True) == long.desk.last("find_traces").args
    assert page.model.headerData(column, Qt.Orientation.Horizontal) == "tokens ↓"
    assert page.side.sort.text() == "Most tokens ▾"
    header.sectionClicked.emit(column)
    settle(long)
    assert page.model.headerData(column, Qt.Orientation.Horizontal) == "tokens ↑"
    counts = [found.row.tokens for n in range(9) if (found := page.model.row_at(n))]
    assert counts == sorted(counts)
    assert long.window._settings.text("traces/order") == "tokens up"


def test_every_order_has_words_and_is_in_the_menu(page: TracesPage) -> None:
    """Whether its column is shown or not."""
    assert tuple(ORDER_WORDS) == ORDERS
    titles = [row.text() for row in page.side.sort.menu_.actions() if row.isCheckable()]
    assert [ORDER_WORDS[order].title for order in ORDERS] == titles[: len(ORDERS)]
    assert titles[len(ORDERS) :] == ["Newest", "Oldest"]


def test_columns_are_chosen_and_remembered(
    long: Desk, page: TracesPage, make_desk: MakeDesk
) -> None:
    """What a call did is always there; the last one opened has what was chosen before."""
    rows = {row.text(): row for row in page.side.columns.menu_.actions()}
    rows["Model"].trigger()
    rows["Run"].trigger()
    shown = [c.id for n, c in enumerate(COLUMNS) if not page.table.isColumnHidden(n)]
    assert shown == ["step", "outcome", "duration", "tokens", "model"]
    again = make_desk(long.desk).window.pages.traces
    assert [c.id for n, c in enumerate(COLUMNS) if not again.table.isColumnHidden(n)] == shown


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_sort_and_columns_are_reached_by_key(long: Desk, page: TracesPage) -> None:
    """O and Shift C."""
    press(page, Qt.Key.Key_O)
    assert page.side.sort.menu_.isVisible()
    page.side.sort.menu_.close()
    press(page, Qt.Key.Key_C, SHIFT)
    menu = page.side.columns.menu_
    assert menu.isVisible()
    QTest.keyClick(menu, Qt.Key.Key_Down)
    QTest.keyClick(menu, Qt.Key.Key_Return)
    assert menu.isVisible(), "several are ticked before it is closed"
    assert "run" not in page.side.columns.shown
    menu.close()


# Like this one


def test_calls_like_the_one_that_is_shown_are_listed_nearest_first(
    long: Desk, page: TracesPage, calls: Traces
) -> None:
    """With how near each is; Esc leads back to the list as it was, and nothing moves meanwhile."""
    page.table.choose(2_000, centered=True)
    settle(long)
    seen = first_seen(page)
    shown = page.pane.view
    assert shown is not None
    press(page, Qt.Key.Key_M)
    settle(long)
    assert (newest(2_000),) == long.desk.last("like_trace").args
    title = f"Steps like {shown.row.step} of {shown.row.run_label}"
    assert page.side.like_bar.title.text() == title
    assert page.side.like_bar.said.text().startswith("12 steps of chains that came to")
    assert page.model.rowCount() == 12
    assert not page.table.isColumnHidden(0)
    assert page.model.index(0, 0).data() == "0.94"
    record(long, calls)
    assert page.model.rowCount() == 12

    press(page, Qt.Key.Key_Escape)
    settle(long)
    assert page.side.like_bar.isHidden()
    assert page.table.isColumnHidden(0)
    assert first_seen(page) == seen
    assert chosen(page) == newest(2_000)


def test_where_nothing_is_alike_it_says_why(long: Desk, page: TracesPage) -> None:
    """And where it cannot be looked for, the list stays."""
    page.step(1)
    settle(long)
    traces = long.desk.answers["like_trace"].__self__
    alike = traces.like("t-5")
    none = replace(alike, found=traces.keep([]), scores=(), words="No other chain came near it.")
    long.desk.answers["like_trace"] = lambda _: none
    press(page, Qt.Key.Key_M)
    settle(long)
    assert "No step is like this one No other chain came near it." in page.none.words()
    page.none.pressed.emit()
    settle(long)
    assert page.model.rowCount() == MANY

    def off(_: str) -> None:
        raise TraceProblem("recall is off; switch it on in the pack's policy")

    long.desk.answers["like_trace"] = off
    press(page, Qt.Key.Key_M)
    settle(long)
    assert "Recall is off; switch it on in the pack's policy." in page.side.like_bar.said.text()
    assert page.model.rowCount() == MANY
    press(page, Qt.Key.Key_Escape)
    assert page.side.like_bar.isHidden()


# Going there


def test_a_time_is_gone_to(long: Desk, page: TracesPage) -> None:
    """The call that was recorded closest to it is chosen, in the middle of the list."""
    press(page, Qt.Key.Key_G, CTRL)
    line = page.side.jump_line
    assert line.edit.hasFocus()
    QTest.keyClicks(line.edit, "2h")
    QTest.keyClick(line.edit, Qt.Key.Key_Return)
    settle(long)
    assert line.isHidden()
    assert page.table.hasFocus()
    assert chosen(page) == newest(119)
    row = page.table.visualRect(page.table.currentIndex()).center().y()
    assert abs(row - page.table.viewport().height() / 2) < 2 * page.table.rowHeight(0)
    assert long.desk.last("trace").args == (newest(119),)


def test_what_is_no_time_is_said_and_the_line_stays(long: Desk, page: TracesPage) -> None:
    """Esc leaves it."""
    press(page, Qt.Key.Key_G, CTRL)
    line = page.side.jump_line
    QTest.keyClicks(line.edit, "soon")
    QTest.keyClick(line.edit, Qt.Key.Key_Return)
    assert line.problem.text().startswith("A time is today, yesterday, 2026-11-20")
    assert "'soon' is none of them" in line.problem.text()
    assert not long.desk.named("trace_at")
    QTest.keyClick(line.edit, Qt.Key.Key_Escape)
    assert line.isHidden()
    assert page.table.hasFocus()


def test_a_call_is_shown_by_its_id_and_found_in_the_list(long: Desk, page: TracesPage) -> None:
    """However far down it stands; under a filter that hides it, it is shown all the same."""
    long.window.routes.trace.emit("t-17")
    settle(long)
    assert page.pane.view is not None
    assert page.pane.view.row.trace_id == "t-17"
    assert page.table.currentIndex().row() == MANY - 1 - 17
    assert chosen(page) == "t-17"

    page.filter.setText("step:planning")
    settle(long)
    long.window.routes.trace.emit("t-1")
    settle(long)
    assert page.pane.view.row.trace_id == "t-1"
    assert not page.table.currentIndex().isValid()
