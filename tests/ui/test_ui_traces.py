"""The list of recorded model calls: read as they come into view, and standing still."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester

from converge_desktop.runtime.trace_model import (
    FoundTrace,
    TraceProblem,
    TraceSet,
)
from converge_desktop.ui.models.looks import Role
from converge_desktop.ui.models.traces import PAGE, TraceModel
from converge_desktop.ui.models.traces_columns import STRETCH
from converge_desktop.ui.pages.traces import TracesPage
from tests.ui import sample, sample_traces
from tests.ui.conftest import Desk, MakeDesk
from tests.ui.fake_desk import FakeDesk
from tests.ui.sample_traces import FIRST_SEQ, Traces
from tests.ui.traces_kit import (
    MANY,
    chosen,
    first_seen,
    listed,
    newest,
    record,
    settle,
)

PATIENCE_MS = 600_000


# What is read, and when


def test_calls_are_read_when_they_come_into_view(long: Desk, page: TracesPage) -> None:
    """Opening the page reads the first screen of it; scrolling to the end reads the end."""
    assert MANY == page.model.rowCount()
    assert [newest(n) for n in range(5)] == listed(page)
    asked = [call.args[1:] for call in long.desk.named("trace_rows")]
    assert asked == [(0, PAGE)]

    page.table.scrollToBottom()
    settle(long)
    more = [call.args[1:] for call in long.desk.named("trace_rows")][1:]
    assert (MANY // PAGE * PAGE, PAGE) in more
    assert len(more) <= 2
    assert page.model.row_at(MANY - 1) is not None


def test_a_row_that_is_not_read_yet_says_so_and_moving_to_it_shows_it_once_it_is(
    long: Desk, page: TracesPage
) -> None:
    """J and K never have to wait for a page."""
    answer = long.desk.answers.pop("trace_rows")
    shown = len(long.desk.named("trace"))
    page.table.choose(3_000)
    long.settle()
    assert "…" == page.model.index(3_000, STRETCH).data()
    assert shown == len(long.desk.named("trace"))

    long.desk.answers["trace_rows"] = answer
    waiting = [call for call in long.desk.named("trace_rows") if not call.future.done()]
    for call in waiting:
        call.future.set_result(answer(*call.args))
    settle(long)
    assert (newest(3_000),) == long.desk.last("trace").args


def test_of_pages_that_are_scrolled_past_only_the_last_are_read(
    long: Desk, page: TracesPage
) -> None:
    """Whoever drags the bar over a million rows waits for what they stop at, and not for all."""
    answer = long.desk.answers.pop("trace_rows")
    before = len(long.desk.named("trace_rows"))
    for number in range(1, 40):
        page.model.row_at(number * PAGE)
    for _ in range(20):
        for call in long.desk.named("trace_rows")[before:]:
            if not call.future.done():
                call.future.set_result(answer(*call.args))
        long.settle()
    read = [call.args[1] // PAGE for call in long.desk.named("trace_rows")[before:]]
    assert 39 in read
    assert len(read) <= 6


def test_what_is_not_kept_any_more_is_found_again(long: Desk, page: TracesPage) -> None:
    """The person notices nothing."""
    calls_before = len(long.desk.named("find_traces"))
    traces = long.desk.answers["trace_rows"].__self__
    traces.sets.clear()
    page.table.scrollToBottom()
    settle(long, 12)
    assert calls_before < len(long.desk.named("find_traces")) <= calls_before + 2
    assert page.model.row_at(MANY - 1) is not None
    assert long.window.messages.texts() == []


def test_what_is_never_kept_is_looked_for_once_more_and_then_said(
    long: Desk, page: TracesPage
) -> None:
    """Nothing is asked for over and over."""

    def gone(*_: object) -> tuple[FoundTrace, ...]:
        raise TraceProblem("what record 7 said was left out of this ledger")

    before = len(long.desk.named("find_traces"))
    long.desk.answers["trace_rows"] = gone
    page.table.scrollToBottom()
    settle(long, 20)
    assert len(long.desk.named("find_traces")) == before + 1
    [said] = long.window.messages.texts()
    assert said.endswith("What record 7 said was left out of this ledger.")


def test_an_answer_about_what_was_found_before_is_dropped(qapp: QApplication) -> None:
    """A page of an older set is no page of this one."""
    model = TraceModel()
    traces = sample_traces.many(300)
    old, new = traces.find(), traces.find("step:planning")
    model.show_set(old)
    model.show_set(new)
    model.take(old.token, 0, traces.rows(old.token, 0, PAGE))
    assert model.row_at(0) is None
    model.take(new.token, 0, traces.rows(new.token, 0, PAGE))
    assert (found := model.row_at(0)) is not None
    assert found.row.step == "planning"


def test_memory_does_not_grow_with_what_was_looked_at(qapp: QApplication) -> None:
    """Pages that were looked at long ago are let go of, and how they look with them."""
    model = TraceModel()
    traces = sample_traces.many(MANY)
    found = traces.find()
    model.wanted.connect(
        lambda token, first, count: model.take(token, first, traces.rows(token, first, count))
    )
    model.show_set(found)
    for number in range(0, MANY, PAGE // 2):
        model.row_at(number)
        model.index(number, 1).data(Role.LOOK)
    assert sum(map(len, model._pages.values())) <= 16 * PAGE
    assert len(model._cells) <= 16 * PAGE
    model.row_at(0)
    assert model.row_at(0) == traces.calls[-1]


def test_the_model_of_calls_is_sound(qapp: QApplication, qtmodeltester: ModelTester) -> None:
    """Empty, with a page, across pages, fewer, and more again."""
    model, traces = TraceModel(), sample_traces.many(400)
    qtmodeltester.check(model)
    for text in ("", "step:planning", "nothing at all", "valid:no", ""):
        found = traces.find(text)
        model.show_set(found, {0: traces.rows(found.token, 0, PAGE)})
        assert model.rowCount() == found.total
    qtmodeltester.check(model)


# Live


def test_at_the_top_of_the_newest_the_list_follows(
    long: Desk, page: TracesPage, calls: Traces
) -> None:
    """What is chosen stays so."""
    page.step(1)
    page.step(2)
    settle(long)
    assert chosen(page) == newest(2)
    names = record(long, calls)
    assert [*reversed(names), newest(0)] == listed(page, 4)
    assert page.table.at_top()
    assert chosen(page) == newest(2)
    assert page.table.currentIndex().row() == 5
    assert long.desk.last("trace").args == (newest(2),)


def test_elsewhere_nothing_moves(long: Desk, page: TracesPage, calls: Traces) -> None:
    """What is seen first is seen first, and what is chosen stays so, by their records."""
    page.table.choose(2_000, centered=True)
    settle(long)
    page.table.verticalScrollBar().setValue(page.table.verticalScrollBar().value() + 11)
    settle(long)
    seen, offset = first_seen(page), page.table.rowViewportPosition(page.table.rowAt(0))
    record(long, calls, 5)
    assert MANY + 5 == page.model.rowCount()
    assert first_seen(page) == seen
    assert page.table.rowViewportPosition(page.table.rowAt(0)) == offset
    assert chosen(page) == newest(2_000)
    assert page.table.currentIndex().row() == 2_005


def test_while_another_page_is_in_front_nothing_is_looked_for_until_this_one_is(
    long: Desk, page: TracesPage, calls: Traces
) -> None:
    """Then what came meanwhile is there."""
    long.window.go("inbox")
    before = len(long.desk.named("find_traces"))
    names = record(long, calls)
    assert len(long.desk.named("find_traces")) == before
    long.window.go("traces")
    settle(long)
    assert listed(page, 1) == names[-1:]


def test_in_another_order_nothing_moves_at_the_top_either(
    long: Desk, page: TracesPage, calls: Traces
) -> None:
    """There the newest is no more than any other."""
    page.side.sort.choose("time", descending=False)
    settle(long)
    record(long, calls)
    assert first_seen(page) == "t-0"
    assert MANY + 3 == page.model.rowCount()


def test_it_looks_again_twice_a_second_at_most(long: Desk, page: TracesPage, calls: Traces) -> None:
    """However often the index moves; what came in between is found then."""
    page.side.finder._pause.setInterval(PATIENCE_MS)  # it is over when this test says so
    before = len(long.desk.named("find_traces"))
    for _ in range(20):
        record(long, calls, 1)
    assert len(long.desk.named("find_traces")) == before + 1
    page.side.finder._pause.timeout.emit()
    settle(long)
    assert len(long.desk.named("find_traces")) == before + 2
    assert MANY + 20 == page.model.rowCount()


def test_how_the_index_stands_is_said(long: Desk, page: TracesPage) -> None:
    """While it is far behind, and where it failed with what to do; else nothing is."""
    bar = page.side.index
    assert bar.isHidden()
    long.desk.tell(sample_traces.index("filling", 12_000, 48_213))
    long.settle()
    said = "Following the ledger: record 12,000 of 48,213. What is older shows already."
    assert bar.said.text() == said
    assert bar.again.isHidden()
    long.desk.tell(sample_traces.index("filling", 48_100, 48_213))
    long.settle()
    assert bar.isHidden(), "it is up in a moment"

    trouble = "the model calls cannot be indexed: the disk is full"
    long.desk.tell(sample_traces.index("failed", 12_000, 48_213, trouble))
    long.settle()
    assert bar.said.text().startswith("The model calls cannot be indexed: the disk is full.")
    bar.again.click()
    assert long.desk.named("rebuild_trace_index")
    long.desk.tell(sample_traces.index("ready", 48_213, 48_213))
    settle(long)
    assert bar.isHidden()


def test_an_index_that_cannot_be_kept_says_why_and_is_used_all_the_same(
    long: Desk, page: TracesPage
) -> None:
    """Once that is mended, it is made again on request."""
    bar = page.side.index
    trouble = "the index cannot be kept: /data/traces cannot be written: the disk is full"
    long.desk.tell(sample_traces.index("ready", 48_213, 48_213, trouble))
    settle(long)
    assert bar.said.text().startswith(f"T{trouble[1:]}. What is found here is whole")
    assert page.model.rowCount()
    bar.again.click()
    assert long.desk.named("rebuild_trace_index")
    long.desk.tell(sample_traces.index("ready", 48_213, 48_213))
    settle(long)
    assert bar.isHidden()


def test_while_the_index_opens_nothing_is_asked_and_then_it_is(
    make_desk: MakeDesk, desk: FakeDesk
) -> None:
    """The desk would refuse; it says once it can be asked."""
    desk.index = sample_traces.index("opening", -1, -1).state
    opened = make_desk(desk)
    page = opened.window.pages.traces
    assert not desk.named("find_traces")
    assert "Opening the traces…" in page.none.words()
    desk.tell(sample_traces.index("ready", 48_213, 48_213))
    settle(opened)
    assert page.model.rowCount() == len(sample.TRACES)


def test_an_index_that_failed_at_first_says_what_to_do(make_desk: MakeDesk, desk: FakeDesk) -> None:
    """And what it finds once it is made again shows by itself."""
    answer = desk.answers.pop("find_traces")
    desk.index = sample_traces.index("failed", -1, 48_213, "the disk is full").state
    opened = make_desk(desk)
    page = opened.window.pages.traces
    desk.last("find_traces").future.set_exception(TraceProblem("the disk is full"))
    settle(opened)
    assert "The traces cannot be listed" in page.none.words()
    assert page.side.index.again.isVisibleTo(page)
    desk.answers["find_traces"] = answer
    desk.tell(sample_traces.index("ready", 48_213, 48_213))
    settle(opened)
    assert page.model.rowCount() == len(sample.TRACES)


# Where it fails


def test_a_search_that_fails_leaves_the_list_and_says_so(long: Desk, page: TracesPage) -> None:
    """A damaged index is made again by itself; until then what was found stays."""

    def fail(*_: object) -> TraceSet:
        raise TraceProblem("the index was damaged and is being made again")

    answer, long.desk.answers["find_traces"] = long.desk.answers["find_traces"], fail
    page.filter.setText("hold")
    settle(long)
    assert page.model.rowCount() == MANY
    [said] = long.window.messages.texts()
    assert said == "The list is as it was. The index was damaged and is being made again."
    long.desk.answers["find_traces"] = answer


def test_a_page_that_cannot_be_read_says_so_and_is_asked_for_again(
    long: Desk, page: TracesPage
) -> None:
    """Once it is looked at again."""

    def fail(*_: object) -> tuple[FoundTrace, ...]:
        raise OSError("the disk is gone")

    answer, long.desk.answers["trace_rows"] = long.desk.answers["trace_rows"], fail
    page.model.row_at(3_000)
    settle(long)
    [said] = long.window.messages.texts()
    assert said == "Some of the steps cannot be read. The disk is gone."
    long.desk.answers["trace_rows"] = answer
    page.model.row_at(3_000)
    settle(long)
    assert page.model.row_at(3_000) is not None


def test_a_note_shows_in_the_list_once_it_is_written(long: Desk, page: TracesPage) -> None:
    """The list is found again, where it stands."""
    before = len(long.desk.named("find_traces"))
    page.pane.noted.emit(newest(0))
    settle(long)
    assert len(long.desk.named("find_traces")) == before + 1
    assert FIRST_SEQ <= (page.side.finder.found or TraceSet(0, 0, 0, 0)).as_of
