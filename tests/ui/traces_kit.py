"""What the tests of the list of model calls share: a window over six thousand of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from converge_desktop.ui.pages.traces import TracesPage
from tests.ui import sample, sample_traces
from tests.ui.fake_desk import FakeDesk
from tests.ui.sample_traces import Traces

if TYPE_CHECKING:
    from tests.ui.conftest import Desk, MakeDesk

MANY = 6_000
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def calls() -> Traces:
    """Six thousand calls."""
    return sample_traces.many(MANY)


@pytest.fixture
def long(make_desk: MakeDesk, desk: FakeDesk, calls: Traces) -> Desk:
    """A window over a desk with them, on the page of traces."""
    desk.answers |= calls.answers()
    like = sample.trace_view("t-0192-03")
    desk.answers["trace"] = lambda trace_id: calls.view(trace_id, like)
    opened = make_desk(desk)
    opened.window.go("traces")
    settle(opened)
    return opened


@pytest.fixture
def page(long: Desk) -> TracesPage:
    return long.window.pages.traces


def settle(opened: Desk, times: int = 8) -> None:
    """Lets what is asked for one behind the other come in."""
    for _ in range(times):
        opened.clock.steady += 0.1
        opened.settle()


def listed(page: TracesPage, count: int = 5) -> list[str]:
    """The ids of the calls that are listed first."""
    rows = (page.model.row_at(number) for number in range(min(count, page.model.rowCount())))
    return [found.row.trace_id if found is not None else "…" for found in rows]


def first_seen(page: TracesPage) -> str:
    """The id of the call that is seen first."""
    found = page.model.row_at(page.table.rowAt(0))
    return found.row.trace_id if found is not None else ""


def chosen(page: TracesPage) -> str:
    """The id of the call that is chosen in the list."""
    found = page.model.row_at(page.table.currentIndex().row())
    return found.row.trace_id if found is not None else ""


def press(page: TracesPage, key: Qt.Key, how: Qt.KeyboardModifier | None = None) -> None:
    QTest.keyClick(page.table, key, how or Qt.KeyboardModifier.NoModifier)


def newest(number: int = 0) -> str:
    return f"t-{MANY - 1 - number}"


def record(opened: Desk, calls: Traces, count: int = 3) -> list[str]:
    """Has so many calls recorded, and the index follow; returns their ids."""
    names = []
    for number in range(count):
        names.append(f"t-new-{calls.made}-{number}")
        row = replace(calls.calls[-1].row, trace_id=names[-1], at=sample.NOW + number)
        calls.add(sample_traces.found_trace(row, 0))
    opened.desk.tell(sample_traces.moved(calls))
    settle(opened)
    return names
