"""Recall and the index of traces behind an open window: a real desk, the embedder that ships."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from converge_desktop import paths
from converge_desktop.runtime.deciding_model import Answer
from converge_desktop.runtime.desk import Desk, DeskOptions
from converge_desktop.runtime.port import Notice, RecallChanged, Update
from converge_desktop.runtime.recall_thread import FOLDER
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.pages.review_precedents import PrecedentLine
from converge_desktop.ui.settings import UiSettings
from tests.runtime.folders import make_folder
from tests.runtime.packs import at_once
from tests.ui.tracing import told

PATIENCE = 60_000
TRACES = "traces"
PACK = "release-readiness"


class Recalling:
    """A window over a desk that can recall, on which two runs ask, and one was answered."""

    def __init__(self, qtbot: QtBot, place: Path) -> None:
        self.qtbot = qtbot
        self.embedder = paths.embedder()
        self.data = place / "data"
        self.failing = make_folder(place / "failing", failed=1)
        self.told: list[Update] = []
        self.open()

    def open(self) -> None:
        """Opens a desk and a window over it."""
        options = DeskOptions(
            data_dir=self.data,
            packs_dir=at_once(),
            samples_dir=paths.samples(),
            operator="alice",
            model=paths.default_model(),
            embedder=self.embedder,
        )
        self.desk = Desk(options)
        self.desk.subscribe(self.told.append)
        self.window = MainWindow(self.desk, UiSettings(self.data / "window.ini"))
        self.window.show()

    def close(self) -> None:
        """Closes both, as the app does."""
        self.window.close()
        self.window.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        self.desk.close()

    def wait(self, there: Callable[[], bool]) -> None:
        """Lets the window live until something is so."""
        self.qtbot.waitUntil(there, timeout=PATIENCE)

    def answer(self, future: Future[Any]) -> Any:
        """Lets the window live until the desk has answered."""
        self.wait(future.done)
        return future.result()

    def asked(self) -> str:
        """Has a run go on until somebody is asked; returns the gate."""
        run = self.answer(self.desk.start_run(PACK, self.failing))

        def waiting() -> list[str]:
            rows = self.answer(self.desk.inbox())
            return [row.gate_id for row in rows if row.run_id == run]

        self.wait(lambda: bool(waiting()))
        return waiting()[0]

    def decide(self, gate: str) -> None:
        """Rejects what waits at a gate, with a reason."""
        review = self.answer(self.desk.review(gate))
        answer = Answer(gate, "reject", review.digest, "the audit comes first")
        self.answer(self.desk.answer(answer))

    def up_to_date(self, since: int = 0) -> None:
        """Waits until recall and the index hold all that the ledger does."""
        last = self.answer(self.desk.ledger_page(0, 10_000))[-1].seq

        def there() -> bool:
            said = [one for one in self.told[since:] if isinstance(one, RecallChanged)]
            ready = bool(said) and said[-1].state == "ready" and said[-1].seq >= last
            index = self.desk.trace_index()
            return ready and index.state == "ready" and index.seq >= last

        self.wait(there)

    def gate_shown(self) -> str:
        """Returns the gate whose review is shown."""
        review = self.window.pages.inbox.review.review
        return review.gate_id if review is not None else ""

    def shown_alike(self) -> list[str]:
        """Returns what stands in the review as about things like this."""
        view = self.window.pages.inbox.review.body.side.alike
        return [one.accessibleName() for one in view.findChildren(PrecedentLine)]

    def found(self) -> list[str]:
        """Returns the recorded steps that a filter finds."""
        found = self.answer(self.desk.find_traces("step:reasoning"))
        rows = self.answer(self.desk.trace_rows(found.token, 0, 10))
        return [one.row.trace_id for one in rows]


@pytest.fixture
def recalling(qtbot: QtBot, tmp_path: Path) -> Iterator[Recalling]:
    made = Recalling(qtbot, tmp_path)
    yield made
    made.close()


def test_recall_and_the_index_can_be_deleted_while_the_window_is_open(
    recalling: Recalling,
) -> None:
    """Both still answer and come back with nothing lost; nobody is bothered with it."""
    at = recalling
    first = at.asked()
    at.decide(first)
    second = at.asked()
    at.up_to_date()
    at.close()  # which leaves the index on disk
    at.told.clear()
    at.open()
    at.up_to_date()
    before = at.answer(at.desk.alike(second)), at.found()
    seen = len(at.told)

    shutil.rmtree(at.data / FOLDER)
    shutil.rmtree(at.data / TRACES)
    meanwhile = at.answer(at.desk.alike(second)), at.found()
    at.wait((at.data / FOLDER).exists)
    at.up_to_date(seen)
    after = at.answer(at.desk.alike(second)), at.found()

    assert [first] == [row.gate_id for row in before[0].rows]
    assert before[0].rows == after[0].rows
    assert before[1] == meanwhile[1] == after[1]
    assert 2 == len(after[1])
    assert meanwhile[0].words
    assert not [one for one in at.told[seen:] if isinstance(one, Notice)]
    assert not QApplication.activeModalWidget()
    assert at.answer(at.desk.verify()).bad_seq < 0
    at.close()
    at.open()
    assert after[1] == at.found()


def test_a_review_shows_what_was_decided_about_things_like_it_as_soon_as_it_can_be_found(
    recalling: Recalling,
) -> None:
    """The decision of the run before, unless it stands among the precedents already."""
    at = recalling
    first = at.asked()
    at.decide(first)
    second = at.asked()
    at.up_to_date()
    pane = at.window.pages.inbox.review
    at.window.go("inbox")
    at.window.pages.inbox.show_gate(second)
    view = pane.body.side.alike
    at.wait(lambda: at.gate_shown() == second and view.shown() is not None)

    found = view.shown()
    assert found is not None
    assert [first] == [row.gate_id for row in found.rows], found
    assert [first] == [row.gate_id for row in pane.review.precedents]  # type: ignore[union-attr]
    assert [] == at.shown_alike()


def test_while_recall_fails_a_review_asks_once_and_says_why(recalling: Recalling) -> None:
    """Trying again is the desk's own affair: it neither flickers nor goes round in circles."""
    at = recalling
    at.close()
    at.embedder = at.data / "gone.gguf"
    at.told.clear()
    at.open()
    gate = at.asked()
    at.wait(lambda: at.desk.recall_state().state == "failed")
    asked: list[str] = []
    alike = at.desk.alike
    at.desk.alike = lambda one: asked.append(one) or alike(one)  # type: ignore[method-assign, func-returns-value]
    at.window.go("inbox")
    at.window.pages.inbox.show_gate(gate)
    view = at.window.pages.inbox.review.body.side.alike
    at.wait(lambda: "gone.gguf" in told(view))
    shown = len(asked)  # as the page came up, on request, and as it was told that recall failed
    for _ in range(20):
        at.answer(at.desk.alike(gate))

    assert shown <= 3
    assert [gate] * (shown + 20) == asked
    said = [one.state for one in at.told if isinstance(one, RecallChanged)]
    assert ["opening", "failed"] == said
    assert "gone.gguf cannot be read" in told(view)
