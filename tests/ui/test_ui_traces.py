"""The list of recorded steps: as long as the desk has been used, and read as far as it is seen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester

from converge_desktop.runtime.port import TracesAdded
from converge_desktop.runtime.readmodel import TraceRow
from converge_desktop.ui.models.filtering import compile_filter
from converge_desktop.ui.models.looks import Role
from converge_desktop.ui.models.traces import PAGE, TRACE_FIELDS, TraceModel
from tests.ui import sample
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk

MANY = 60_000


def step(number: int) -> TraceRow:
    """The step of a number; every thousandth is no valid one."""
    outcome = "invalid" if number % 1000 == 0 else "valid"
    return replace(sample.TRACES[0], trace_id=f"t-{number}", outcome=outcome)


def steps(first: int, count: int) -> tuple[TraceRow, ...]:
    return tuple(step(number) for number in range(first, min(MANY, first + count)))


@pytest.fixture
def model(qapp: QApplication) -> TraceModel:
    """A model whose pages are answered at once, from oldest to newest."""
    made = TraceModel()
    made.wanted.connect(lambda first, count: made.take(first, steps(first, count)))
    return made


@pytest.fixture
def long(make_desk: MakeDesk, desk: FakeDesk) -> Desk:
    """A window over a desk with sixty thousand steps."""
    desk.answers |= {
        "trace_count": lambda: MANY,
        "trace_page": steps,
        "trace_place": lambda trace: int(trace.removeprefix("t-")),
        "trace": lambda trace: replace(
            sample.trace_view("t-0192-03"), row=step(int(trace.removeprefix("t-")))
        ),
    }
    opened = make_desk(desk)
    opened.window.go("traces")
    opened.settle()
    return opened


def settle(opened: Desk, times: int = 150) -> None:
    """Lets pages that are asked for one behind the other come in."""
    for _ in range(times):
        opened.settle()


def test_steps_are_read_when_they_come_into_view(long: Desk) -> None:
    """Opening the page reads the first screen of it; scrolling to the end reads the end."""
    pages = [call.args for call in long.desk.named("trace_page")]
    table = long.window.pages.traces.table
    assert [((MANY - 1) // PAGE * PAGE, PAGE)] == pages
    assert MANY == table.model().rowCount()

    table.scrollToBottom()
    settle(long, 4)
    last = [call.args for call in long.desk.named("trace_page")][len(pages) :]
    assert (0, PAGE) in last
    assert len(last) <= 2


def test_a_step_that_was_not_read_yet_is_shown_and_found_in_the_list(long: Desk) -> None:
    """However far down it stands."""
    traces = long.window.pages.traces
    long.window.routes.trace.emit("t-17")
    settle(long, 4)
    assert traces.pane.view is not None
    assert traces.pane.view.row.trace_id == "t-17"
    assert traces.table.currentIndex().row() == MANY - 1 - 17
    assert traces.model.row_at(MANY - 1 - 17) == step(17)


def test_moving_to_a_step_that_is_on_its_way_shows_it_once_it_is_there(long: Desk) -> None:
    """J and K never have to wait for a page."""
    traces = long.window.pages.traces
    answer = long.desk.answers.pop("trace_page")
    traces.table.setCurrentIndex(traces.model.index(30_000, 0))
    long.settle()
    assert not long.desk.named("trace")

    call = long.desk.last("trace_page")
    call.future.set_result(answer(*call.args))
    long.settle()
    assert long.desk.last("trace").args == (f"t-{MANY - 1 - 30_000}",)


def test_a_filter_looks_through_all_steps_in_pieces_and_says_how_far_it_is(long: Desk) -> None:
    """What passes shows as it is found; between two pieces the window does what else is to do."""
    traces = long.window.pages.traces
    answer = long.desk.answers.pop("trace_page")
    before = len(long.desk.named("trace_page"))
    traces.filter.setText("contract:invalid")
    assert "Looking through the steps…" in traces.none.words()

    for _ in range(5):
        call = long.desk.last("trace_page")
        call.future.set_result(answer(*call.args))
        long.settle()
    assert "2,250 of 60,000 looked through · 2 found" == traces._count.text()

    long.desk.answers["trace_page"] = answer
    call = long.desk.last("trace_page")
    call.future.set_result(answer(*call.args))
    settle(long)
    asked = [call.args for call in long.desk.named("trace_page")][before:]
    assert traces.model.rowCount() == 60
    assert traces.model.row_at(0) == step(59_000)
    assert "60 of 60,000 steps" == traces._count.text()
    assert MANY == sum(count for _, count in asked)
    assert max(count for _, count in asked) <= 500


def test_another_filter_begins_anew_and_what_was_on_its_way_is_forgotten(long: Desk) -> None:
    """An answer to what was typed before puts nothing into the list."""
    traces = long.window.pages.traces
    answer = long.desk.answers.pop("trace_page")
    traces.filter.setText("contract:invalid")
    old = long.desk.last("trace_page")
    traces.filter.setText("contract:nothing")
    old.future.set_result(answer(59_000, 1000))
    long.settle()
    assert traces.model.rowCount() == 0

    traces.filter.clear()
    long.settle()
    assert traces.model.rowCount() == MANY


def test_a_filter_that_cannot_go_on_says_so(long: Desk) -> None:
    """What was found so far stays."""
    traces = long.window.pages.traces
    del long.desk.answers["trace_page"]
    traces.filter.setText("contract:invalid")
    long.desk.last("trace_page").future.set_result((step(59_000),))
    long.settle()
    long.desk.last("trace_page").future.set_exception(OSError("the disk is gone"))
    long.settle()
    assert traces.model.rowCount() == 1
    [said] = [text for text in long.window.messages.texts() if "The disk is gone." in text]
    assert said.startswith("The filter stopped after 250 steps.")


def test_new_steps_come_on_top_and_are_counted_once(long: Desk) -> None:
    """Whether the count or the steps arrived first; the one that is read stays chosen."""
    traces = long.window.pages.traces
    long.window.routes.trace.emit("t-59990")
    settle(long, 4)
    newest = replace(sample.TRACES[0], trace_id="t-newest")
    for _ in range(2):
        long.desk.tell(TracesAdded((newest,), MANY + 1))
        long.settle()
    assert traces.model.total() == MANY + 1
    assert traces.model.row_at(0) == newest
    assert traces.table.currentIndex().row() == traces.model.find("t-59990") == 10


def test_under_a_filter_new_steps_that_pass_come_on_top(model: TraceModel) -> None:
    """And the others are counted alone."""
    keep = compile_filter("contract:invalid", TRACE_FIELDS)
    model.set_count(3)
    model.set_filter(keep)
    model.found([step(0)])
    model.add([step(1000), step(1)], 5)
    assert [row.trace_id for n in range(2) if (row := model.row_at(n))] == ["t-1000", "t-0"]
    assert model.rowCount() == 2
    assert model.total() == 5
    assert model.row_of(1) == -1


def test_a_page_that_cannot_be_read_is_asked_for_again_when_looked_at_again(
    qapp: QApplication,
) -> None:
    """Until then its rows stay empty."""
    model = TraceModel()
    asked: list[tuple[int, int]] = []
    model.wanted.connect(lambda first, count: asked.append((first, count)))
    model.set_count(10)
    assert model.data(model.index(0, 0), Qt.ItemDataRole.DisplayRole) == "…"
    assert model.data(model.index(1, 0), Role.ROW) is None
    assert asked == [(0, PAGE)]

    model.give_up(0)
    assert model.row_at(0) is None
    assert len(asked) == 2


def test_memory_does_not_grow_with_what_was_looked_at(model: TraceModel) -> None:
    """Pages that were looked at long ago are let go of."""
    model.set_count(MANY)
    for number in range(0, MANY, PAGE // 2):
        model.row_at(number)
    assert sum(map(len, model._pages.values())) <= 64 * PAGE
    assert model.row_at(0) == step(MANY - 1)


def test_the_model_of_steps_is_sound(model: TraceModel, qtmodeltester: ModelTester) -> None:
    """Empty, with a page, across pages, under a filter, and back."""
    qtmodeltester.check(model)
    for count in (1, PAGE, PAGE + 5):
        model.set_count(count)
        assert model.rowCount() == count
    qtmodeltester.check(model)
    model.add([step(PAGE + 5)], PAGE + 6)
    model.set_filter(compile_filter("contract:valid", TRACE_FIELDS))
    model.found([step(5), step(4)])
    qtmodeltester.check(model)
    model.set_filter(None)
    assert model.row_at(0) == step(PAGE + 5)
