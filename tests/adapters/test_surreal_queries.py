"""What the desk asks of its database, over some ten thousand facts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from converge_core import events as e
from converge_core.ids import RunId
from converge_core.invariant import Invariant, InvariantClass, Violation
from converge_core.key import ContextKey
from converge_core.ledger import Entry
from converge_desktop.adapters.surreal import SurrealView
from converge_desktop.adapters.surreal.asking import MAX_ROWS
from tests.adapters.surreal_stories import DESK, TEN, at_size, opening, written
from tests.core.kit import ALICE, BOB, Play, engine_of, proposes, seed

T = TypeVar("T")
RUNS, WIDTH = 20, 250
RUN = "run-0007"
"""One of those whose plan alice approved."""


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    return at_size(RUNS, WIDTH)


class Filled:
    """A view of it all, and the loop it lives on."""

    def __init__(self, directory: Path, entries: list[Entry]) -> None:
        self._loop = asyncio.new_event_loop()
        self.view = SurrealView(directory, DESK)
        self.run(lambda view: view.open())
        self.run(lambda view: view.apply(entries))

    def run(self, ask: Callable[[SurrealView], Awaitable[T]]) -> T:
        async def asked() -> T:
            return await ask(self.view)

        return self._loop.run_until_complete(asked())

    def close(self) -> None:
        self.run(lambda view: view.close())
        self._loop.close()


@pytest.fixture(scope="module")
def filled(entries: list[Entry], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    filled = Filled(tmp_path_factory.mktemp("surreal") / "view", entries)
    yield filled
    filled.close()


def pages(filled: Filled, ask: Callable[[SurrealView, int | None], Awaitable[list[Any]]]) -> Any:
    """Returns the rows of all pages; each begins before the last row of the one before."""
    found: list[Any] = []
    while True:
        before = found[-1].seq if found else None
        rows = filled.run(lambda view, before=before: ask(view, before))
        found += rows
        if len(rows) < MAX_ROWS:
            return found


def promoted(entries: list[Entry], until: int | None = None) -> list[tuple[str, str]]:
    """Returns run and id of the facts that the ledger says were made, newest first."""
    made = [
        (entry.event.run, entry.event.fact.id)
        for entry in entries[: None if until is None else until + 1]
        if isinstance(entry.event, e.FactPromoted)
    ]
    return made[::-1]


def test_there_are_ten_thousand_facts(entries: list[Entry]) -> None:
    """And the records of how each came to be."""
    assert len(promoted(entries)) > 10_000
    assert len(entries) > 30_000


def test_facts_are_read_newest_first_a_page_at_a_time(filled: Filled, entries: list[Entry]) -> None:
    """All of them, each once, in the order of the ledger, and none is left out in silence."""
    found = pages(filled, lambda view, before: view.facts("", "", before))

    assert promoted(entries) == [(row.run, row.fact_id) for row in found]


def test_facts_are_found_by_key(filled: Filled) -> None:
    """Those that are rare as well as those that are not."""
    plans = filled.run(lambda view: view.facts("Strategies", ""))
    drawn = pages(filled, lambda view, before: view.facts("Hypotheses", "", before))

    assert [f"run-{number:04d}" for number in range(19, 0, -2)] == [row.run for row in plans]
    assert RUNS * WIDTH == len(drawn)
    assert {"Hypotheses"} == {row.key for row in drawn}


def test_facts_are_found_by_text(filled: Filled) -> None:
    """One of ten thousand, in whatever case; and none where there is none."""
    found = filled.run(lambda view: view.facts("", "MEASURE 249 of 0"))

    assert [("run-0000", "m249", "Measure 249 of 0")] == [
        (row.run, row.fact_id, row.content) for row in found
    ]
    assert [] == filled.run(lambda view: view.facts("Hypotheses", "measure 249 of 0"))
    assert [] == filled.run(lambda view: view.facts("", "no such words"))


def line(last: int) -> list[str]:
    """Returns the conclusions that lead to conclusion ``last``, the nearest first."""
    return [f"c{number}" for number in range(last, -1, -TEN)]


def test_lineage_leads_up_to_all_that_a_plan_came_from(filled: Filled) -> None:
    """Twenty-five conclusions, each with its measure, through their proposals; and the signer."""
    edges, labels = filled.run(lambda view: view.lineage("fact", f"{RUN}|plan"))
    facts = {name.partition("|")[2] for name in labels if name.startswith("fact:")}

    drawn = line(WIDTH - 1)
    assert {"plan", *drawn, *(f"m{name[1:]}" for name in drawn)} == facts
    assert {"alice"} == {label for name, label in labels.items() if name.startswith("operator:")}
    assert ("fact", "was proposed as", "proposal") == tuple(
        one.partition(":")[0] for one in edges[0]
    )


def test_the_blast_radius_leads_down_to_all_that_rests_on_a_fact(filled: Filled) -> None:
    """Transitively, in its run and no other, with proposals, gates, decisions; nearest first."""
    walk = filled.run(lambda view: view.blast_radius("fact", f"{RUN}|m9"))

    assert [f"fact:{RUN}|{name}" for name in [*line(WIDTH - 1)[::-1], "plan"]] == [*walk.of("fact")]
    assert len(line(WIDTH - 1)) + 1 == len(walk.of("proposal"))
    assert (1, 1, (f"run:{RUN}",)) == (
        len(walk.of("gate")),
        len(walk.of("decision")),
        walk.of("run"),
    )
    assert walk.whole


def test_what_a_person_approved_rests_on_them(filled: Filled) -> None:
    """A signer who turns out not to be one: their decisions, and the facts by those."""
    walk = filled.run(lambda view: view.blast_radius("operator", ALICE.operator.id))

    assert RUNS // 2 == len(walk.of("decision")) == len(walk.of("fact")) == len(walk.of("run"))


def test_a_walk_that_reaches_too_much_says_that_it_was_ended(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it found by then is told, and that it is not all."""
    monkeypatch.setattr("converge_desktop.adapters.surreal.walking.MAX_REACH", 10)

    walk = filled.run(lambda view: view.blast_radius("fact", f"{RUN}|m9"))

    assert not walk.whole
    assert 2 <= len(walk.of("fact")) < len(line(WIDTH - 1))


@pytest.mark.parametrize("limit", ["MAX_RUNS", "MAX_USES"])
def test_a_walk_from_what_many_runs_share_is_ended_too(
    filled: Filled, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """After so many runs, or so many rows that name it; what was found by then is told."""
    monkeypatch.setattr(f"converge_desktop.adapters.surreal.walking.{limit}", 3)

    walk = filled.run(lambda view: view.blast_radius("operator", ALICE.operator.id))

    assert not walk.whole
    assert 1 <= len(walk.of("fact")) <= 3


def test_long_questions_let_others_have_their_turn(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that finds nothing, and a walk; either answers as of when it was asked."""
    pauses: list[None] = []

    async def pause() -> None:
        pauses.append(None)

    monkeypatch.setattr(filled.view, "_pause", pause)
    paused = []
    for question in (
        lambda view: view.facts("", "no such words"),
        lambda view: view.blast_radius("operator", ALICE.operator.id),
    ):
        pauses.clear()
        filled.run(question)
        paused.append(len(pauses))

    searched, walked = paused
    assert searched >= 3
    assert walked >= RUNS // 2


@pytest.mark.parametrize("share", [0, 1, 50, 99, 100])
def test_facts_that_stood_at_a_record_are_those_made_by_then(
    filled: Filled, entries: list[Entry], share: int
) -> None:
    """Of all runs and of one, whatever the record, with the record that the answer reflects."""
    seq = (len(entries) - 1) * share // 100
    expected = promoted(entries, seq)

    rows, reflected = filled.run(lambda view: view.as_of(seq))
    own, _ = filled.run(lambda view: view.as_of(seq, RUN))

    assert seq == reflected
    assert expected[:MAX_ROWS] == [(row.run, row.fact_id) for row in rows]
    assert [name for run, name in expected if run == RUN] == [row.fact_id for row in own]


def test_what_stood_is_read_a_page_at_a_time_too(filled: Filled, entries: list[Entry]) -> None:
    """Of a moment in the middle, under one key."""
    seq = len(entries) // 2

    async def ask(view: SurrealView, before: int | None) -> list[Any]:
        return (await view.as_of(seq, key="Signals", before=before))[0]

    found = pages(filled, ask)

    assert [one for one in promoted(entries, seq) if one[1].startswith("m")] == [
        (row.run, row.fact_id) for row in found
    ]


def test_a_moment_that_is_not_reached_yet_is_answered_as_of_what_is(filled: Filled) -> None:
    """And the answer says so."""
    _, reflected = filled.run(lambda view: view.as_of(10**9))

    assert filled.view.seq == reflected


def test_decisions_are_found_by_who_made_them(filled: Filled) -> None:
    """Newest first, with what was asked and why it was answered so."""
    alice = filled.run(lambda view: view.decisions_by(ALICE.operator.id))
    bob = filled.run(lambda view: view.decisions_by(BOB.operator.id))

    assert [f"run-{number:04d}" for number in range(19, 0, -2)] == [row.run for row in alice]
    assert {("reject", "no", "The plan")} == {(row.verdict, row.reason, row.title) for row in bob}
    assert bob[3:] == filled.run(lambda view: view.decisions_by(BOB.operator.id, bob[2].seq))
    assert [] == filled.run(lambda view: view.decisions_by("nobody"))


def test_proposals_are_found_by_how_they_stand(filled: Filled, entries: list[Entry]) -> None:
    """Ten thousand that became facts, ten that a person refused, none that is open."""
    became = pages(filled, lambda view, before: view.proposals("promoted", before))
    refused = filled.run(lambda view: view.proposals("refused"))

    assert promoted(entries) == [(row.run, row.fact_id) for row in became]
    assert [f"run-{number:04d}" for number in range(18, -1, -2)] == [row.run for row in refused]
    assert {("The plan", "planner", "Strategies")} == {
        (row.content, row.agent, row.key) for row in refused
    }
    for status in ("proposed", "staged", "asked", "withdrawn", "no such status"):
        assert [] == filled.run(lambda view, status=status: view.proposals(status))


def test_a_page_ends_with_all_that_one_record_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A merge that was discarded refuses many at once; the next page begins with another record."""
    monkeypatch.setattr("converge_desktop.adapters.surreal.asking.MAX_ROWS", 2)

    def few(context: Any) -> Violation | None:
        return Violation("Too many.") if context.count(ContextKey.SEEDS) > 3 else None

    rules = [Invariant("few", InvariantClass.STRUCTURAL, few)]
    agents = [proposes("p", *(seed(str(number)) for number in range(5)))]
    play = Play(engine_of(*agents, invariants=rules), run=RunId(RUN)).begin()
    discarded = Filled(tmp_path / "view", written(opening() + play.batches))

    rows = discarded.run(lambda view: view.proposals("refused"))
    rest = discarded.run(lambda view: view.proposals("refused", rows[-1].seq))
    discarded.close()

    assert ({"few"}, 5, []) == ({row.rule for row in rows}, len({row.id for row in rows}), rest)


def test_pages_are_read_by_an_index(filled: Filled) -> None:
    """Or by the stretches of the ledger; what keeps the engine from it would read every row."""
    asked: list[tuple[str, dict[str, Any]]] = []
    ask = filled.view._connection.ask

    async def listen(statements: str, values: dict[str, Any] | None = None) -> list[Any]:
        asked.append((statements, values or {}))
        return await ask(statements, values)

    filled.view._connection.ask = listen  # type: ignore[method-assign]
    for question in (
        lambda view: view.facts("", ""),
        lambda view: view.facts("Signals", "measure"),
        lambda view: view.as_of(20_000, key="Signals"),
        lambda view: view.decisions_by(ALICE.operator.id),
        lambda view: view.proposals("refused"),
        lambda view: view.proposals("promoted"),
    ):
        filled.run(question)
    filled.view._connection.ask = ask  # type: ignore[method-assign]

    windows = [(text, values) for text, values in asked if "$after" in text]
    plans = [
        filled.run(lambda view, one=one: view._ask(one[0].replace(";", " EXPLAIN;"), one[1]))
        for one in windows
    ]
    assert len(windows) >= 6
    assert {"Iterate Index", "Iterate Thing"} == {plan[0]["operation"] for [plan] in plans}


def test_it_is_opened_again_with_all_its_answers(entries: list[Entry], tmp_path: Path) -> None:
    """In one go: its rows are counted against its head, and it goes on from there."""

    async def twice() -> tuple[int, str]:
        view = SurrealView(tmp_path / "view", DESK)
        await view.open()
        await view.apply(entries[:2000])
        await view.close()
        view = SurrealView(tmp_path / "view", DESK)
        await view.open()
        reached = view.seq, view.head
        await view.close()
        return reached

    assert (1999, entries[1999].hash) == asyncio.run(twice())
