"""Insights at a real desk: what a card says is what counting the ledger's records comes to."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from converge_core.events import GateDecided, GateOpened, TraceRecorded
from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.runtime.port import TraceIndexChanged
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.pages.insights import InsightsPage
from converge_desktop.ui.settings import UiSettings
from tests.runtime.deciding_kit import Waiting, answer

PATIENCE = 60_000


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Waiting]:
    """A desk at which one proposal was approved, one rejected, and one waits."""
    waiting = Waiting(tmp_path / "desk")
    waiting.port.answer(answer(waiting.ask())).result(60)
    rejected = answer(waiting.ask(), "reject", reason="Not on a Friday.")
    waiting.port.answer(rejected).result(60)
    waiting.ask()
    last = waiting.desk.ledger_page(0, 100_000).result(10)[-1].seq
    waiting.watch.until(lambda u: isinstance(u, TraceIndexChanged) and u.state.as_of >= last)
    yield waiting
    waiting.close()


@pytest.fixture
def page(qtbot: QtBot, place: Waiting, tmp_path: Path) -> Iterator[InsightsPage]:
    """The page over that desk, all drawn."""
    window = MainWindow(place.desk, UiSettings(tmp_path / "window.ini"))
    qtbot.addWidget(window)
    window.show()
    window.go("insights")
    found = window.pages.insights

    def drawn() -> bool:
        cards = found.cards()
        return bool(cards) and all(one.has_picture() or not one.has_rows() for one in cards)

    qtbot.waitUntil(lambda: drawn() and not found.busy(), timeout=PATIENCE)
    yield found
    window.close()


def test_the_numbers_are_those_of_the_ledger(page: InsightsPage, place: Waiting) -> None:
    """Asked, decided, and answered by models; up to the record that is named."""
    events = [entry.event for entry in read_ledger(place.place / "data" / "ledger")]
    asked = sum(isinstance(event, GateOpened) for event in events)
    verdicts = Counter(e.decision.verdict.value for e in events if isinstance(e, GateDecided))
    calls = [event.trace.call for event in events if isinstance(event, TraceRecorded)]
    valid = sum(call.outcome == "valid" for call in calls)
    said = {card.question.name: card.sentence.text() for card in page.cards()}

    assert (3, {"approve": 1, "reject": 1}) == (asked, verdicts)
    assert said["approval-rate"] == (
        "Of 2 proposals that people decided, 1 was approved as proposed (50 %); 1 rejected."
    )
    assert said["outcomes"].startswith(f"People were asked {asked} times; 1 proposal did not pass")
    assert "gave all 2 answers" in said["answers-by-person"]
    share = valid * 100 // len(calls)
    assert said["contract-failures"].startswith(
        f"Of {len(calls)} answers, {valid} kept to their contract ({share} %)"
    )
    prompt = sum(call.prompt_tokens for call in calls) // len(calls)
    assert said["tokens"].startswith(f"On average a model reads {prompt:,} tokens for")
    assert page.insights is not None
    assert f"Known up to record {page.insights.as_of:,}." == page.head.said.text()


def test_table_and_picture_are_written_and_read_back(
    qtbot: QtBot, page: InsightsPage, tmp_path: Path
) -> None:
    """Durably, by the desk; and a place that is not there is told of."""
    card = page.cards()[0]
    table, picture = tmp_path / "rates.csv", tmp_path / "rates.png"
    page.saver.write_csv(card, table)
    qtbot.waitUntil(lambda: f"The table lies in {table}" == page.strip.words(), timeout=PATIENCE)
    page.saver.write_png(card, page.head.known(), picture)
    qtbot.waitUntil(
        lambda: f"The picture lies in {picture}" == page.strip.words(), timeout=PATIENCE
    )

    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert 2 == sum(int(row["decided"]) for row in rows)
    assert "0.500" == rows[-1]["approval_rate"]
    assert not QImage(str(picture)).isNull()
    page.saver.write_csv(card, tmp_path / "nowhere" / "rates.csv")
    qtbot.waitUntil(lambda: "was not saved" in page.strip.words(), timeout=PATIENCE)
    assert "nowhere" in page.strip.words()
