"""Model calls are marked, compared and written to a file."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from converge_desktop.runtime.trace_model import (
    TraceProblem,
)
from converge_desktop.ui.models.looks import Role
from converge_desktop.ui.pages.traces import TracesPage
from tests.ui import sample_traces
from tests.ui.conftest import Desk
from tests.ui.sample_traces import Traces
from tests.ui.traces_kit import (
    CTRL,
    SHIFT,
    newest,
    press,
    record,
    settle,
)

# Marks


def test_calls_are_marked_and_stay_so_wherever_they_go(
    long: Desk, page: TracesPage, calls: Traces
) -> None:
    """By Space, and by Shift with the arrows; until Esc takes the marks away."""
    page.step(1)
    press(page, Qt.Key.Key_Space)
    assert page.side.marks.seqs() == (calls.as_of,)
    assert page.side.foot.said.text() == "6,000 steps · 1 marked"
    press(page, Qt.Key.Key_Down)
    press(page, Qt.Key.Key_Down, SHIFT)
    press(page, Qt.Key.Key_J, SHIFT)
    assert len(page.side.marks.seqs()) == 4
    press(page, Qt.Key.Key_K, SHIFT)
    assert len(page.side.marks.seqs()) == 3
    assert page.model.index(0, 1).data(Role.MARKED)
    settle(long)
    record(long, calls)
    assert not page.model.index(0, 1).data(Role.MARKED)
    assert page.model.index(3, 1).data(Role.MARKED)
    press(page, Qt.Key.Key_Escape)
    assert page.side.marks.seqs() == ()
    assert page.side.foot.said.text() == "6,003 steps · Space marks"


def test_a_range_over_pages_that_are_not_read_is_marked_whole(long: Desk, page: TracesPage) -> None:
    """Up to a limit; beyond that it says what to do instead."""
    page.step(1)
    page.table.reach_wanted.emit(300)
    settle(long)
    assert len(page.side.marks.seqs()) == 301
    page.table.reach_wanted.emit(5_000)
    settle(long)
    assert len(page.side.marks.seqs()) == 301
    [said] = long.window.messages.texts()
    assert said.startswith("At most 500 steps are marked one by one. To write out more, export")


def test_two_that_are_marked_are_compared(
    long: Desk, page: TracesPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By C, in the order in which they were marked; with one, C takes the step that is shown."""
    pairs: list[tuple[str, str]] = []
    monkeypatch.setattr(page.pane, "compare", lambda *two: pairs.append(two))
    page.step(1)
    press(page, Qt.Key.Key_Space)
    assert page.side.foot.compare.isHidden()
    press(page, Qt.Key.Key_J)
    press(page, Qt.Key.Key_Space)
    assert page.side.foot.compare.isVisible()
    settle(long)
    press(page, Qt.Key.Key_C)
    assert pairs == [(newest(0), newest(1))]


# Export


@pytest.fixture
def asked_where(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The system's dialog, which is answered at once."""
    titles: list[str] = []

    def answer(_: object, title: str, *more: object) -> tuple[str, str]:
        titles.append(title)
        return "/home/ada/steps.traces.jsonl", ""

    monkeypatch.setattr("PySide6.QtWidgets.QFileDialog.getSaveFileName", answer)
    return titles


def test_all_that_a_filter_finds_is_written(
    long: Desk, page: TracesPage, asked_where: list[str]
) -> None:
    """How far it is shows meanwhile, and at the end how many lie where."""
    page.filter.setText("valid:no")
    settle(long)
    answer = long.desk.answers.pop("export_traces")
    press(page, Qt.Key.Key_E, CTRL | SHIFT)
    assert asked_where == ["Export 600 steps"]
    call = long.desk.last("export_traces")
    token, path, places = call.args
    assert (token, str(path), places) == (
        page.model.found.token if page.model.found else 0,
        "/home/ada/steps.traces.jsonl",
        None,
    )
    long.desk.tell(sample_traces.progress(100, 600))
    long.settle()
    assert page.side.strip.words() == "Writing the steps: 100 of 600."
    call.future.set_result(answer(*call.args))
    settle(long)
    said = page.side.strip.words()
    assert said.startswith("600 steps are written, each with its record and its texts.")
    assert said.endswith("They lie in /home/ada/steps.traces.jsonl")


def test_what_is_listed_once_the_place_is_chosen_is_written(
    long: Desk, page: TracesPage, calls: Traces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list goes on while the person looks for one, and what it was is not kept for ever."""

    def slowly(*_: object) -> tuple[str, str]:
        record(long, calls)
        return "/home/ada/steps.traces.jsonl", ""

    monkeypatch.setattr("PySide6.QtWidgets.QFileDialog.getSaveFileName", slowly)
    page.side.export()
    assert page.model.found is not None
    assert long.desk.last("export_traces").args[0] == page.model.found.token


def test_what_is_marked_is_written_whatever_is_listed(
    long: Desk, page: TracesPage, asked_where: list[str]
) -> None:
    """By its places among all calls."""
    page.side.marks.toggle(4)
    page.side.marks.toggle(2)
    page.filter.setText("valid:no")
    settle(long)
    assert page.side.foot.export.text() == "Export marked…"
    page.side.foot.export.click()
    settle(long)
    assert asked_where == ["Export 2 steps"]
    token, _, places = long.desk.last("export_traces").args
    assert places == [2, 4]
    assert long.desk.answers["trace_rows"](token, 2, 1)[0].row.trace_id == newest(2)
    assert page.side.strip.words().startswith("2 steps are written")


def test_an_export_is_given_up_or_fails_with_a_sentence(
    long: Desk, page: TracesPage, asked_where: list[str]
) -> None:
    """And another can begin."""
    del long.desk.answers["export_traces"]
    page.side.export()
    page.side.strip.action.click()
    assert long.desk.named("stop_trace_export")
    long.desk.last("export_traces").future.set_exception(TraceProblem("given up"))
    settle(long)
    assert page.side.strip.words() == "The export was cancelled; nothing was written."
    page.side.export()
    long.desk.last("export_traces").future.set_exception(OSError("the disk is full"))
    settle(long)
    assert page.side.strip.words() == "The steps were not exported. The disk is full."
    assert len(asked_where) == 2
