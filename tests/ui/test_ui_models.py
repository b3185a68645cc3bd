"""The item models behave as Qt expects while they change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester

from converge_desktop.runtime.review_model import InboxRow
from converge_desktop.ui.models.filtering import compile_filter
from converge_desktop.ui.models.inbox_look import inbox_look
from converge_desktop.ui.models.ledger import PAGE, LedgerModel
from converge_desktop.ui.models.lists import RUN_FIELDS
from converge_desktop.ui.models.looks import Role, RowLook
from converge_desktop.ui.models.rows import RowModel
from tests.ui import sample


@pytest.fixture
def inbox(qapp: QApplication) -> RowModel[InboxRow]:
    return RowModel(lambda r: r.gate_id, inbox_look(lambda: sample.NOW))


def test_rows_that_come_go_and_change(
    inbox: RowModel[InboxRow], qtmodeltester: ModelTester
) -> None:
    qtmodeltester.check(inbox)
    rows = sample.INBOX
    for change in (rows, rows[2:], rows[:1] + rows[3:], (), rows[::-1], rows):
        inbox.set_rows(change)
        actual = [inbox.data(inbox.index(n), Role.ROW) for n in range(inbox.rowCount())]
        assert actual == list(change)
    inbox.set_filter(lambda r: r.risk == "low")
    assert inbox.rowCount() == 3
    assert inbox.total() == 7
    inbox.set_order(lambda r: r.title)
    inbox.set_filter(None)
    inbox.remove("g-1")
    assert inbox.find("g-1") == -1
    assert not inbox.contains("g-1")


def test_a_row_that_stays_keeps_its_place_in_views(inbox: RowModel[InboxRow]) -> None:
    inbox.set_rows(sample.INBOX)
    kept = QPersistentModelIndex(inbox.index(3))
    inbox.set_rows((replace(sample.INBOX[0], gate_id="new"), *sample.INBOX[2:]))
    assert kept.isValid()
    assert inbox.data(kept, Role.ROW).gate_id == "g-4"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 12), unique=True, max_size=10), max_size=6))
def test_any_sequence_of_rows_is_shown_as_it_is(changes: list[list[int]]) -> None:
    model: RowModel[int] = RowModel(str, lambda n: RowLook(str(n)))
    for change in changes:
        model.set_rows(change)
        assert [model.row_at(n) for n in range(model.rowCount())] == change


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    start=st.lists(st.integers(0, 30), unique=True),
    puts=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=20),
    least=st.integers(0, 9),
)
def test_putting_rows_one_by_one_comes_to_the_same_as_setting_them_all(
    qapp: QApplication, start: list[int], puts: list[tuple[int, int]], least: int
) -> None:
    """Whatever the order and the filter; only that it costs one row and not all of them."""
    rows = {key: (key, 5) for key in start}
    one: RowModel[tuple[int, int]] = RowModel(lambda r: str(r[0]), lambda r: RowLook(str(r)))
    every: RowModel[tuple[int, int]] = RowModel(lambda r: str(r[0]), lambda r: RowLook(str(r)))
    for model in (one, every):
        model.set_order(lambda r: (-r[1], r[0]))
        model.set_filter(lambda r: r[1] >= least)
        model.set_rows(tuple(rows.values()))
    for row in puts:
        rows[row[0]] = row
        one.put(row)
    every.set_rows(tuple(rows.values()))
    shown = [[m.row_at(n) for n in range(m.rowCount())] for m in (one, every)]
    assert shown[0] == shown[1]
    assert one.total() == every.total()


def test_a_list_that_rows_are_put_into_is_sound(
    qapp: QApplication, qtmodeltester: ModelTester
) -> None:
    """New, changed, moved, hidden."""
    model: RowModel[tuple[int, int]] = RowModel(lambda r: str(r[0]), lambda r: RowLook(str(r)))
    qtmodeltester.check(model)
    model.set_order(lambda r: r[1])
    model.set_filter(lambda r: r[1] < 9)
    for row in ((1, 5), (2, 3), (1, 6), (2, 8), (3, 9), (1, 9)):
        model.put(row)
    assert [model.row_at(n) for n in range(model.rowCount())] == [(2, 8)]


def test_what_a_screen_reader_says_of_a_row(inbox: RowModel[InboxRow]) -> None:
    inbox.set_rows(sample.INBOX)
    said = inbox.data(inbox.index(0), Qt.ItemDataRole.AccessibleTextRole)
    assert said == (
        "High risk: Hold converge-desktop 0.4.0. planning. run 0192. confidence 0.95. 0 of 1 vote. "
        "Due in 24 min, at 2026-11-20 14:30:00."
    )


def test_hidden_characters_show_in_lists_too(inbox: RowModel[InboxRow]) -> None:
    inbox.set_rows([replace(sample.INBOX[0], title="a\u202eb<i>")])
    index = inbox.index(0)
    assert inbox.data(index, Qt.ItemDataRole.DisplayRole) == "a⟨U+202E⟩b<i>"
    assert "<i>" not in inbox.data(index, Qt.ItemDataRole.ToolTipRole)


def test_the_ledger_reads_only_what_is_looked_at(
    qapp: QApplication, qtmodeltester: ModelTester
) -> None:
    model = LedgerModel()
    asked: list[tuple[int, int]] = []
    model.wanted.connect(lambda first, count: asked.append((first, count)))
    model.set_last(1_000_000)
    assert model.rowCount() == 1_000_001
    assert asked == []
    newest = model.index(0, 2)
    assert model.data(newest, Qt.ItemDataRole.DisplayRole) == ""
    assert model.data(model.index(0, 0), Qt.ItemDataRole.DisplayRole) == "1,000,000"
    assert asked == [(1_000_000 // PAGE * PAGE, PAGE)]
    rows = tuple(
        replace(sample.ledger_page(5, 1)[0], seq=n, kind=f"kind-{n}")
        for n in range(asked[0][0], 1_000_001)
    )
    model.take(asked[0][0], rows)
    assert model.data(newest, Qt.ItemDataRole.DisplayRole).strip() == ""
    assert model.data(newest, Role.LOOK).strong == "kind-1000000"
    assert model.row_of(999_999) == 1
    assert len(asked) == 1


def test_a_growing_ledger_reads_its_last_page_again(qapp: QApplication) -> None:
    model = LedgerModel()
    asked: list[tuple[int, int]] = []
    model.wanted.connect(lambda first, count: asked.append((first, count)))
    model.set_last(10)
    assert model.row_at(0) is None
    model.take(0, sample.ledger_page(0, 11))
    assert model.row_at(0) is not None
    model.set_last(12)
    assert model.row_at(0) is None
    assert asked == [(0, PAGE), (0, PAGE)]
    model.give_up(0)
    assert model.row_at(0) is None
    assert len(asked) == 3


def test_the_ledger_model_is_sound(qapp: QApplication, qtmodeltester: ModelTester) -> None:
    model = LedgerModel()
    model.wanted.connect(lambda first, count: model.take(first, sample.ledger_page(first, count)))
    qtmodeltester.check(model)
    for last in (0, 3, PAGE - 1, PAGE, PAGE + 5):
        model.set_last(last)
        assert model.rowCount(QModelIndex()) == last + 1
    qtmodeltester.check(model)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", 5),
        ("phase:waiting", 1),
        ("converge", 3),
        ("phase:", 5),
        ("nothing:here", 0),
    ],
)
def test_filtering(text: str, found: int) -> None:
    keep: Any = compile_filter(text, RUN_FIELDS) or (lambda _: True)
    assert sum(keep(r) for r in sample.RUNS) == found
