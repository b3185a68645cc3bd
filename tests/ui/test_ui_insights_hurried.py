"""Insights over a ledger that is still read, and over tables that nobody would have drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from converge_desktop.runtime.insight_model import Insights, InsightTable, Kind
from converge_desktop.runtime.port import TraceIndexChanged
from converge_desktop.runtime.trace_model import IndexState
from converge_desktop.ui.models.insight_picture import ticks_of
from converge_desktop.ui.models.insight_table import InsightTableModel
from converge_desktop.ui.pages import insights_saving
from converge_desktop.ui.pages.insights import InsightsPage
from tests.ui import sample, sample_insights
from tests.ui.conftest import Desk
from tests.ui.insights_kit import insights_drawn

RTL = "\u0633\u0644\u0627\u0645 \u05e9\u05dc\u05d5\u05dd"
MARKUP = "<img src='x'><b>bold</b>\u202etxet"


def entered(opened: Desk) -> InsightsPage:
    opened.window.go("insights")
    insights_drawn(opened.window)
    return opened.window.pages.insights


def index(opened: Desk, state: str, as_of: int, seq: int) -> None:
    """The index moves on."""
    opened.desk.index = IndexState(state, as_of, seq)
    opened.desk.tell(TraceIndexChanged(opened.desk.index))
    opened.settle()


def test_while_the_ledger_is_read_it_is_not_said_that_nothing_happened(opened: Desk) -> None:
    """The page says that it goes on, and fills by itself once there is something."""
    opened.desk.index = IndexState("filling", 12, 48_213)
    opened.desk.answers["insights"] = sample_insights.nothing
    page = entered(opened)
    assert page.empty._heading.text() == "Still reading the ledger"
    assert not page.empty._button.isVisible()
    opened.desk.answers["insights"] = sample_insights.insights
    index(opened, "ready", 48_213, 48_213)
    insights_drawn(opened.window)
    assert page.cards()
    assert len(opened.desk.named("insights")) == 2


def test_an_index_that_went_on_while_it_was_asked_is_asked_again(opened: Desk) -> None:
    """Its news came before the answer; no other may come."""
    opened.desk.index = IndexState("filling", 0, 12)
    answer = opened.desk.answers.pop("insights")
    opened.window.go("insights")
    [first] = opened.desk.named("insights")
    index(opened, "ready", 12, 12)
    opened.desk.answers["insights"] = answer
    none = sample_insights.nothing()
    first.future.set_result(replace(none, as_of=0))
    opened.settle()
    insights_drawn(opened.window)
    assert opened.window.pages.insights.cards()


def test_news_of_the_index_do_not_offer_what_is_under_way(opened: Desk) -> None:
    """While it is being counted the button stays off, and it says so."""
    page = entered(opened)
    del opened.desk.answers["insights"]
    page.ask_again()
    index(opened, "ready", 48_300, 48_300)
    assert not page.head.again.isEnabled()
    assert page.head.said.text() == "Counting…"
    opened.desk.last("insights").future.set_result(sample_insights.insights())
    opened.settle()
    assert page.head.newer()
    assert page.head.again.isEnabled()


def test_an_empty_answer_after_a_full_one_stays_in_front(opened: Desk) -> None:
    """What was still to be drawn of the one before is not drawn over it."""
    page = entered(opened)
    page.ask_again()
    opened.window.bridge.drain()
    opened.desk.answers["insights"] = sample_insights.nothing
    page.ask_again()
    insights_drawn(opened.window)
    assert page.empty.isVisible()


def test_a_name_is_never_markup_where_it_is_pointed_at() -> None:
    """A tool tip guesses, so it is told."""
    table = sample_insights.insights().table("decisions_by_agent").only("agent", "decided")
    model = InsightTableModel(lambda: sample.NOW)
    model.show_table(replace(table, rows=((MARKUP, 3),)))
    tip = model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;img" in tip
    assert "<b>" not in tip
    assert "⟨U+202E⟩" in tip


@pytest.mark.parametrize("top", [0, 1, 40, 499, 9_000])
def test_times_too_short_to_tell_have_an_axis_that_can_be_read(top: int) -> None:
    """No two of its places are called the same."""
    names = [tick.text for tick in ticks_of(Kind.TIME, float(top))]
    assert len(set(names)) == len(names)


def stretched(change: object) -> Insights:
    """The sample with every table changed."""
    whole = sample_insights.insights()
    return replace(whole, tables=tuple(map(change, whole.tables)))  # type: ignore[arg-type]


def weeks(many: int) -> Insights:
    """As much as there is, in so many weeks."""

    def change(table: InsightTable) -> InsightTable:
        if table.columns[0].name != "week":
            return table
        rows = [
            (sample_insights.MONDAY - n * sample_insights.WEEK, *table.rows[n % 10][1:])
            for n in range(many)
        ]
        return replace(table, rows=tuple(reversed(rows)))

    return stretched(change)


def every(kind: Kind, value: int) -> Insights:
    """As much as there is, with all of a kind the same."""

    def change(table: InsightTable) -> InsightTable:
        kinds = [column.kind for column in table.columns]
        rows = tuple(
            tuple(value if one is kind else cell for one, cell in zip(kinds, row, strict=True))
            for row in table.rows
        )
        return replace(table, rows=rows)

    return stretched(change)


def named(name: str) -> Insights:
    """As much as there is, all of it by that name."""

    def change(table: InsightTable) -> InsightTable:
        kinds = [column.kind for column in table.columns]
        if table.name == "decisions_by_risk":
            return table
        rows = tuple(
            tuple(
                f"{name} {n}" if one is Kind.TEXT else cell
                for one, cell in zip(kinds, row, strict=True)
            )
            for n, row in enumerate(table.rows)
        )
        return replace(table, rows=rows)

    return stretched(change)


def crowd(many: int) -> Insights:
    """As much as there is, by so many agents, models, versions and people."""

    def change(table: InsightTable) -> InsightTable:
        if table.columns[0].kind is not Kind.TEXT or table.name == "decisions_by_risk":
            return table
        rows = tuple((f"name {n}", *table.rows[n % len(table.rows)][1:]) for n in range(many))
        return replace(table, rows=rows)

    return stretched(change)


@pytest.mark.parametrize(
    "answer",
    [
        weeks(1),
        weeks(1000),
        crowd(5000),
        every(Kind.COUNT, 10**15),
        every(Kind.TIME, 0),
        every(Kind.TIME, 10**16),
        every(Kind.SHARE, 0),
        named("a very long name without end " * 30),
        named(MARKUP),
        named(RTL),
        named(""),
    ],
    ids=[
        "one week",
        "weeks",
        "crowd",
        "counts",
        "no time",
        "long",
        "none",
        "names",
        "html",
        "rtl",
        "empty",
    ],
)
def test_whatever_the_tables_hold_is_drawn_and_saved(opened: Desk, answer: Insights) -> None:
    """In words, in pictures, in tables; without holding the window up."""
    opened.desk.answers["insights"] = lambda: answer
    page = entered(opened)
    assert len(page.cards()) == 12
    for card in page.cards():
        if card.has_rows():
            card.switch()
            opened.settle()
            card.switch()
            assert card.image("source") is not None
        assert card.table is not None
        assert card.table.csv().count("\n") >= len(card.table.rows)


def test_a_name_with_a_point_still_gets_the_ending_of_what_it_is(
    opened: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = entered(opened)
    chosen = str(Path("/home") / "report 2026.11")
    monkeypatch.setattr(insights_saving, "ask_where", lambda *_: chosen)
    page.saver.csv(page.cards()[0])
    assert opened.desk.last("save_text").args[1] == Path(f"{chosen}.csv")


def test_a_file_that_nobody_agreed_to_lose_stays(
    opened: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dialog asks about the name that was typed, which had no ending."""
    page = entered(opened)
    (tmp_path / "rates.png").write_bytes(b"another")
    monkeypatch.setattr(insights_saving, "ask_where", lambda *_: str(tmp_path / "rates"))
    page.save_png(page.cards()[0])
    assert "rates.png is there already. Choose it itself" in page.strip.words()
    assert opened.desk.named("save_bytes") == []


def test_a_name_without_end_leaves_room_for_the_picture(opened: Desk) -> None:
    """The sentence has its beginning and its end; the table has all of it."""
    name = "a very long name without end " * 30
    opened.desk.answers["insights"] = lambda: named(name)
    page = entered(opened)
    for card in page.cards():
        assert len(card.sentence.text()) < 400
    [agents] = [card for card in page.cards() if card.question.name == "agents"]
    assert name in agents.model.index(0, 0).data()
