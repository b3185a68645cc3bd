"""Lists of 10,000 rows: filled, filtered, ordered, searched and painted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtWidgets import QAbstractItemView, QApplication

from converge_desktop.ui.application import create_application
from converge_desktop.ui.models.inbox_look import inbox_look
from converge_desktop.ui.models.inbox_model import InboxModel
from converge_desktop.ui.models.rows import RowModel
from converge_desktop.ui.widgets.lists import RowList
from tests.ui import sample

ROWS = 10_000
PAINTS = 300
TIMES = 9


def measured() -> dict[str, Any]:
    """Returns the seconds that each thing took, laid out and painted where that belongs to it."""
    app = create_application(["bench"])
    rows = tuple(
        replace(
            sample.INBOX[number % len(sample.INBOX)],
            gate_id=f"g-{number}",
            title=f"{sample.INBOX[number % len(sample.INBOX)].title} {number}",
            opened_at=sample.NOW - number * 977 % ROWS,
        )
        for number in range(ROWS)
    )
    model = RowModel(lambda row: row.gate_id, inbox_look(lambda: sample.NOW))
    view = _shown(app, RowList(model, "rows"))
    found: dict[str, Any] = {}
    work: dict[str, Callable[[], object]] = {
        "filled": lambda: model.set_rows(rows),
        "filtered": lambda: model.set_filter(lambda row: row.risk == "low"),
        "filter taken away": lambda: model.set_filter(None),
        "ordered": lambda: model.set_order(lambda row: (row.opened_at, row.gate_id)),
        "order taken away": lambda: model.set_order(None),
        "one changed": lambda: model.put(replace(rows[ROWS // 2], title=str(time.monotonic()))),
        "each found by its key": lambda: [model.find(row.gate_id) for row in rows],
    }
    for _ in range(TIMES):  # in turns, so that each changes something
        for name, do in (*work.items(), *_inbox(rows).items()):
            found.setdefault(name, []).append(_taken(app, do))
        model.set_rows(())
    model.set_rows(rows)
    app.processEvents()
    found["painted"] = _paints(view)
    return found


def _inbox(rows: tuple[Any, ...]) -> dict[str, Callable[[], object]]:
    model = InboxModel(lambda: sample.NOW)
    return {
        "inbox filled": lambda: model.take(rows, lambda _: False),
        "inbox filtered": lambda: model.sift(lambda row: "4" in row.title and row.risk == "low"),
        "inbox filter taken away": lambda: model.sift(None),
        "inbox grouped": lambda: model.arrange("Risk", "Run"),
        "inbox emptied": lambda: model.take((), lambda _: False),
    }


def _shown(app: QApplication, view: RowList) -> RowList:
    view.resize(380, 720)  # what is left for it in a window of 1280 x 800
    view.show()
    app.processEvents()
    return view


def _taken(app: QApplication, work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    app.processEvents()
    return time.perf_counter() - begun


def _paints(view: QAbstractItemView) -> list[float]:
    taken = []
    for number in range(PAINTS):
        view.verticalScrollBar().setValue(number * 97)
        begun = time.perf_counter()
        view.viewport().repaint()
        taken.append(time.perf_counter() - begun)
    return taken
