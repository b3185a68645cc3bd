"""Every item model tells views of its changes as Qt's own tester asks, and none is forgotten.

``QAbstractItemModelTester`` stays attached while a scenario inserts, removes, filters, orders and
fills again, as far as the model can.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from converge_desktop.runtime.run_model import AgentRow, Cell
from converge_desktop.ui import models
from converge_desktop.ui.models.cycles import CycleModel
from converge_desktop.ui.models.inbox_model import InboxModel
from converge_desktop.ui.models.insight_table import InsightTableModel
from converge_desktop.ui.models.ledger import PAGE, LedgerModel
from converge_desktop.ui.models.looks import Role, RowLook
from converge_desktop.ui.models.provenance import ProvenanceModel
from converge_desktop.ui.models.rows import RowModel
from converge_desktop.ui.models.traces import PAGE as TRACE_PAGE
from converge_desktop.ui.models.traces import TraceModel
from tests.ui import sample, sample_insights, sample_traces

Row = tuple[int, int]
Scenario = Callable[[], None]


def attend(model: QAbstractItemModel) -> QAbstractItemModelTester:
    """Attaches Qt's tester: whatever it finds is a fatal warning, which fails a test."""
    mode = QAbstractItemModelTester.FailureReportingMode.Warning
    return QAbstractItemModelTester(model, mode, model)


def rows() -> None:
    model: RowModel[Row] = RowModel(lambda r: str(r[0]), lambda r: RowLook(str(r)))
    attend(model)
    model.set_rows([(n, n % 7) for n in range(50)])
    model.set_order(lambda r: (r[1], r[0]))
    model.set_filter(lambda r: r[1] != 3)
    model.put((99, 1))
    model.put((99, 3))
    model.remove("14")
    model.set_order(None)
    model.set_filter(None)
    model.set_rows([(n, 0) for n in range(400, 0, -3)])
    model.set_rows([])
    assert model.rowCount() == 0


def inbox() -> None:
    model = InboxModel(lambda: sample.NOW)
    attend(model)
    model.take(sample.INBOX[:4], lambda _: False)
    model.take((*sample.INBOX[1:], replace(sample.INBOX[0], gate_id="new")), lambda _: False)
    model.arrange("Risk", "Run")
    for number in range(model.rowCount()):
        heading = model.group_of(number)
        if heading is not None:
            model.fold(heading.key, folded=True)
    model.unfold()
    model.sift(lambda row: row.risk == "low")
    model.sift(None)
    model.mark([sample.INBOX[2].gate_id])
    model.drop([sample.INBOX[2].gate_id])
    model.take((), lambda _: True)
    model.settle()
    assert model.total() == 0


def ledger() -> None:
    model = LedgerModel()
    attend(model)
    model.set_last(3 * PAGE)
    model.take(0, sample.ledger_page(0, PAGE))
    model.row_at(0)
    model.set_last(5 * PAGE)
    model.give_up(4 * PAGE)
    assert model.rowCount() == 5 * PAGE + 1


def traces() -> None:
    model = TraceModel()
    attend(model)
    calls = sample_traces.many(300)
    model.wanted.connect(lambda token, first, count: model.give_up(token, first))
    for text, order in (("", "time"), ("valid:no", "time"), ("nothing", "run"), ("", "tokens")):
        found = calls.find(text, order)
        model.show_set(found, {0: calls.rows(found.token, 0, TRACE_PAGE)}, (900, 800))
        model.take(found.token, TRACE_PAGE, calls.rows(found.token, TRACE_PAGE, TRACE_PAGE))
        model.mark(frozenset(one.seq for one in calls.rows(found.token, 0, 3)))
        model.sort_mark(order, descending=True)
    assert model.rowCount() == 300


def insight_table() -> None:
    model = InsightTableModel(lambda: sample.NOW)
    attend(model)
    tables = sample_insights.insights().tables
    model.show_table(tables[1])
    kept = QPersistentModelIndex(model.index(0, 0))
    for column in range(model.columnCount()):
        model.sort(column, Qt.SortOrder.DescendingOrder)
    model.sort(-1)
    assert kept.row() == 0
    for table in tables:
        model.show_table(table)
        assert model.rowCount() == len(table.rows)


def cycles() -> None:
    model = CycleModel()
    attend(model)
    cell = Cell(eligible=True)
    for many, agents in ((1, "ab"), (2, "ab"), (3, "abc"), (2, "cb"), (0, "")):
        model.show_rows(tuple(AgentRow(name, (cell,) * many) for name in agents))
        assert model.rowCount() == len(agents)


def provenance() -> None:
    """The tester opens every row there is; it takes that ill of a model as it is reset."""
    model = ProvenanceModel()
    up = (("fact:r|a", "from", "fact:r|b"), ("fact:r|b", "from", "observation:r|c"))
    model.show_graph("fact:r|a", up, (("fact:r|d", "from", "fact:r|a"),), {"fact:r|b": "B"})
    attend(model)
    below = model.index(0, 0, model.heading(0))
    assert model.rowCount(below) == 1
    model.show_graph("fact:r|x", (), (), {})
    assert model.rowCount(model.heading(0)) == 0


SCENARIOS: dict[type[QAbstractItemModel], Scenario] = {
    RowModel: rows,
    InboxModel: inbox,
    LedgerModel: ledger,
    TraceModel: traces,
    CycleModel: cycles,
    InsightTableModel: insight_table,
    ProvenanceModel: provenance,
}


def every_model() -> set[type[QAbstractItemModel]]:
    """Finds the item models of the package."""
    found: set[type[QAbstractItemModel]] = set()
    for module in pkgutil.iter_modules(models.__path__, f"{models.__name__}."):
        for _, one in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(one, QAbstractItemModel) and one.__module__ == module.name:
                found.add(one)
    return found


def test_every_model_of_the_package_has_a_scenario() -> None:
    """A new one is met here first."""
    assert every_model() == set(SCENARIOS)


@pytest.mark.parametrize("model", SCENARIOS, ids=lambda model: model.__name__)
def test_a_model_tells_of_its_changes_as_qt_asks(
    qapp: QApplication, model: type[QAbstractItemModel]
) -> None:
    """Rows come, go, are filtered, ordered and filled again under Qt's tester."""
    SCENARIOS[model]()


class View:
    """A view that believes what a model says of its changes, and asks for nothing else."""

    def __init__(self, model: RowModel[Row]) -> None:
        self._model = model
        self.rows: list[Row] = []
        model.rowsInserted.connect(self._came)
        model.rowsRemoved.connect(self._went)
        model.dataChanged.connect(self._changed)
        model.modelReset.connect(self._reset)

    def _read(self, first: int, last: int) -> list[Row]:
        return [self._model.data(self._model.index(n), Role.ROW) for n in range(first, last + 1)]

    def _came(self, _: QModelIndex, first: int, last: int) -> None:
        self.rows[first:first] = self._read(first, last)

    def _went(self, _: QModelIndex, first: int, last: int) -> None:
        del self.rows[first : last + 1]

    def _changed(self, first: QModelIndex, last: QModelIndex) -> None:
        self.rows[first.row() : last.row() + 1] = self._read(first.row(), last.row())

    def _reset(self) -> None:
        self.rows = self._read(0, self._model.rowCount() - 1)


some_rows = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 9)), unique_by=lambda r: r[0])
changes = st.one_of(
    st.tuples(st.just("set"), some_rows),
    st.tuples(st.just("put"), st.tuples(st.integers(0, 400), st.integers(0, 9))),
    st.tuples(st.just("remove"), st.integers(0, 400)),
    st.tuples(st.just("filter"), st.one_of(st.none(), st.integers(0, 9))),
    st.tuples(st.just("order"), st.sampled_from([None, 1, -1])),
)


class Plain:
    """What should be shown, worked out anew each time."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self.least: int | None = None
        self.sign: int | None = None

    def shown(self) -> list[Row]:
        kept = [row for row in self.rows.values() if self.least is None or row[1] >= self.least]
        sign = self.sign
        return kept if sign is None else sorted(kept, key=lambda row: sign * row[0])

    def change(self, what: str, how: object, model: RowModel[Row]) -> None:
        match what, how:
            case "set", list(many):
                self.rows = {row[0]: row for row in many}
                model.set_rows(many)
            case "put", (int(key), int(value)):
                self.rows[key] = (key, value)
                model.put((key, value))
            case "remove", int(key):
                self.rows.pop(key, None)
                model.remove(str(key))
            case "filter", (int() | None) as least:
                self.least = least
                model.set_filter(None if least is None else lambda row: row[1] >= least)
            case "order", (int() | None) as sign:
                self.sign = sign
                model.set_order(None if sign is None else lambda row: sign * row[0])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(changes, max_size=12))
def test_a_view_that_believes_the_changes_shows_the_plain_result(
    qapp: QApplication, steps: list[tuple[str, object]]
) -> None:
    """Whatever is set, put, taken out, filtered and ordered; and every row is found by its key."""
    model: RowModel[Row] = RowModel(lambda r: str(r[0]), lambda r: RowLook(str(r)))
    attend(model)
    view, plain = View(model), Plain()
    for what, how in steps:
        plain.change(what, how, model)
        wanted = plain.shown()
        assert view.rows == wanted
        assert [model.find(str(row[0])) for row in wanted] == list(range(len(wanted)))
        assert model.total() == len(plain.rows)
        assert all(model.contains(str(key)) for key in plain.rows)
        assert model.find("none") == -1
