"""The list of model calls against a real desk: the real index over the real ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.pages.traces import TracesPage
from converge_desktop.ui.settings import UiSettings
from tests.runtime.deciding_kit import Waiting

PATIENCE = 60_000
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Waiting]:
    """A desk at which one run asks."""
    waiting = Waiting(tmp_path / "asked")
    waiting.ask()
    yield waiting
    waiting.close()


@pytest.fixture
def page(qtbot: QtBot, tmp_path: Path, asked: Waiting) -> Iterator[TracesPage]:
    """The page of traces of a window over it."""
    window = MainWindow(asked.desk, UiSettings(tmp_path / "window.ini"))
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=PATIENCE)
    window.go("traces")
    made = window.pages.traces
    qtbot.waitUntil(
        lambda: steps(made) == ["planning", "evaluation", "reasoning"], timeout=PATIENCE
    )
    yield made
    window.close()


def steps(page: TracesPage) -> list[str]:
    rows = (page.model.row_at(number) for number in range(page.model.rowCount()))
    return [found.row.step if found is not None else "…" for found in rows]


def test_calls_are_found_ordered_gone_to_and_exported(
    qtbot: QtBot, page: TracesPage, tmp_path: Path
) -> None:
    """By keyboard: a filter, a completion, another order, a time, and a file of what is marked."""
    page.focus_filter()
    QTest.keyClicks(page.filter, "step:pl")
    qtbot.waitUntil(page.filter.completions.isVisible, timeout=PATIENCE)
    QTest.keyClick(page.filter, Qt.Key.Key_Tab)
    assert page.filter.text() == "step:planning "
    qtbot.waitUntil(lambda: steps(page) == ["planning"], timeout=PATIENCE)
    qtbot.waitUntil(lambda: page.side.foot.said.text().startswith("1 of 3 ·"), timeout=PATIENCE)
    page.filter.setText("valid:maybe")
    QTest.keyClick(page.filter, Qt.Key.Key_Return)
    qtbot.waitUntil(page.side.problem.isVisible, timeout=PATIENCE)
    assert page.side.problem.text().startswith("“maybe”, at character 7: valid is yes or no")
    assert steps(page) == ["planning"]
    page.filter.clear()
    QTest.keyClick(page.filter, Qt.Key.Key_Return)
    qtbot.waitUntil(page.table.hasFocus, timeout=PATIENCE)

    page.side.sort.sort_by("step")
    ordered = ["evaluation", "planning", "reasoning"]
    qtbot.waitUntil(lambda: steps(page) == ordered, timeout=PATIENCE)

    QTest.keyClick(page.table, Qt.Key.Key_G, CTRL)
    QTest.keyClicks(page.side.jump_line.edit, "7d")
    QTest.keyClick(page.side.jump_line.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.pane.view is not None, timeout=PATIENCE)
    assert page.pane.view is not None
    assert page.table.currentIndex().row() == ordered.index(page.pane.view.row.step)

    QTest.keyClick(page.table, Qt.Key.Key_Space)
    assert page.side.model.found is not None
    place = tmp_path / "steps.traces.jsonl"
    page.side.exporter.begin(page.side.model.found, page.side.marks.seqs(), place)
    said = page.side.strip
    qtbot.waitUntil(lambda: said.words().startswith("1 step is written"), timeout=PATIENCE)
    lines = [json.loads(line) for line in place.read_text("utf-8").splitlines()]
    assert lines[0]["traces"] == 1
    assert lines[1]["record"]["seq"] == page.pane.view.seq


def test_an_index_that_was_thrown_away_comes_back_while_the_page_is_open(
    qtbot: QtBot, page: TracesPage, asked: Waiting
) -> None:
    """The list stays, and is asked as before once it is made again."""
    page.side.rebuild()
    qtbot.waitUntil(lambda: asked.desk.trace_index().state == "ready", timeout=PATIENCE)
    page.filter.setText("step:reasoning")
    qtbot.waitUntil(lambda: steps(page) == ["reasoning"], timeout=PATIENCE)
