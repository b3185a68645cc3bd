"""The database is never the truth: what befalls it costs nothing that the ledger says."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from converge_core.ledger import Chain, encode_batch
from converge_desktop.adapters.surreal import (
    FactRow,
    StoreProblem,
    SurrealView,
)
from converge_desktop.adapters.surreal import view as view_module
from converge_desktop.adapters.surreal.connection import Connection
from converge_desktop.adapters.surreal.schema import KEPT
from tests.adapters.surreal_kit import (
    EMPTY,
    ENTRIES,
    LAST,
    everything,
    fill,
    reached,
    using,
)
from tests.adapters.surreal_stories import opening, written
from tests.core.golden_story import salts
from tests.core.kit import Play, engine_of, proposes, seed

FILLED = tuple(table for table in KEPT if table != "pack")
"""The tables that the golden ledger fills; none of its runs belongs to a pack."""


def test_a_wiped_view_filled_again_gives_the_same_answers(tmp_path: Path) -> None:
    """Nothing is in it that the ledger does not say."""
    before = using(tmp_path / "view", fill())

    async def again(view: SurrealView) -> dict[str, Any]:
        await view.discard()
        assert EMPTY == await reached(view)
        await view.apply(ENTRIES)
        return await everything(view)

    assert before == using(tmp_path / "view", again)


def test_a_view_of_another_ledger_is_told_by_its_head(tmp_path: Path) -> None:
    """The same sequence, another hash: whoever opens it throws it away and fills it again."""
    events = [entry.event for entry in ENTRIES if entry.event]
    _, others = encode_batch(events, Chain(), 1, salts())

    async def mended(view: SurrealView) -> dict[str, Any]:
        assert (LAST.head.seq, True) == (view.seq, view.head != LAST.hash)
        await view.discard()
        await view.apply(ENTRIES)
        return await everything(view)

    using(tmp_path / "view", fill(others))

    assert using(tmp_path / "other", fill()) == using(tmp_path / "view", mended)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE head SET format = 99;",
        "DELETE head;",
        "UPDATE head SET rows += 1;",
        "REMOVE TABLE decision;",
        "REMOVE TABLE calls;",
        "REMOVE TABLE head; DEFINE TABLE head SCHEMALESS; UPSERT head:ledger SET seq = 7;",
        "REMOVE TABLE head; UPSERT head:['desk', 'ledger'] SET format = 2, rows = 'many';",
    ],
)
def test_rows_that_cannot_be_placed_are_thrown_away(tmp_path: Path, damage: str) -> None:
    """Of another format, or without their head, or not as many as that says."""

    async def change(view: SurrealView) -> None:
        await view.apply(ENTRIES)
        await view._ask(damage)

    using(tmp_path / "view", change)

    assert EMPTY == using(tmp_path / "view", reached)


def test_a_database_cut_short_is_thrown_away(tmp_path: Path) -> None:
    """Its engine opens a torn log with a part of its rows, and nothing of the sort is shown."""
    directory = tmp_path / "view"
    using(directory, fill())
    [log] = directory.glob("clog/*")
    log.write_bytes(log.read_bytes()[: log.stat().st_size // 2])

    assert EMPTY == using(directory, reached)


def test_a_database_whose_middle_is_damaged_is_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its engine cuts off what it cannot read, with all that follows; no row need be counted."""
    monkeypatch.setattr(view_module, "FEW", 0)
    directory = tmp_path / "view"
    using(directory, fill())
    [log] = directory.glob("clog/*")
    raw = bytearray(log.read_bytes())
    raw[len(raw) * 3 // 4] ^= 1
    log.write_bytes(raw)

    assert EMPTY == using(directory, reached)


def test_wherever_a_large_database_ends_it_goes_on_to_the_right_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where its file ends between two writes: of a transaction in part, nothing is kept."""
    monkeypatch.setattr(view_module, "FEW", 0)
    directory = tmp_path / "view"
    right = using(directory, fill(portion=50))
    whole = shutil.copytree(directory, tmp_path / "whole")
    size = next(directory.glob("clog/*")).stat().st_size

    async def repaired() -> None:
        connection = Connection(directory, "desk")
        await connection.open()  # the engine cuts off what it cannot read
        await connection.close()

    async def mended(view: SurrealView) -> tuple[int, dict[str, Any]]:
        began = view.seq
        await view.apply(ENTRIES)
        return began, await everything(view)

    began = set()
    for end in range(size * 2 // 3, size, size // 100):
        shutil.rmtree(directory)
        shutil.copytree(whole, directory)
        os.truncate(next(directory.glob("clog/*")), end)
        asyncio.run(repaired())
        at, answers = using(directory, mended)
        assert right == answers
        began.add(at)
    assert -1 in began


def test_a_large_database_is_not_counted_as_it_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That rows are missing from it is found once somebody has the time to count them."""
    monkeypatch.setattr(view_module, "FEW", 0)

    async def whole(view: SurrealView) -> tuple[int, bool]:
        return view.seq, await view.whole()

    async def claim(view: SurrealView) -> None:
        await view.apply(ENTRIES)
        assert await view.whole()
        await view._ask("UPDATE head SET rows += 1;")

    using(tmp_path / "view", claim)

    assert (LAST.head.seq, False) == using(tmp_path / "view", whole)


def test_a_database_that_does_not_open_says_so_and_can_be_thrown_away(tmp_path: Path) -> None:
    """Garbage where the log was: one kind of error, and a fresh view afterwards."""
    directory = tmp_path / "view"
    using(directory, fill())
    [log] = directory.glob("clog/*")
    log.write_bytes(b"garbage" * 100)

    async def open_anyway() -> dict[str, Any]:
        view = SurrealView(directory)
        with pytest.raises(StoreProblem, match="does not open"):
            await view.open()
        await view.discard()
        answers = await fill()(view)
        await view.close()
        return answers

    assert using(tmp_path / "other", fill()) == asyncio.run(open_anyway())


@pytest.mark.parametrize(
    "statement",
    [
        "SELEC * FROM fact;",
        "SELECT * FROM fact WHERE;",
        "RETURN 1; THROW 'no';",
        "THROW 'no'; RETURN 1;",
        *(f"UPDATE {table} SET label = 'forged', relation = 'forged';" for table in FILLED),
        *(f"DELETE {table};" for table in FILLED),
    ],
)
def test_a_statement_that_fails_is_an_error_wherever_it_stands(
    filled: Path, statement: str
) -> None:
    """The package's own calls would swallow some; and rows are neither changed nor deleted."""

    async def ask(view: SurrealView) -> None:
        await view._ask(statement)

    with pytest.raises(StoreProblem, match="the database refused"):
        using(filled, ask)


def test_rows_and_the_head_they_reflect_are_one_transaction(tmp_path: Path) -> None:
    """If a row cannot be written, nothing of its portion is, and the view has not moved on."""

    async def fail(view: SurrealView) -> tuple[int, str, list[FactRow]]:
        await view._ask("DEFINE FIELD OVERWRITE label ON operator TYPE int;")
        with pytest.raises(StoreProblem):
            await view.apply(ENTRIES)
        return await reached(view)

    assert EMPTY == using(tmp_path / "view", fail)


def test_a_file_in_the_way_is_thrown_away_like_a_database(tmp_path: Path) -> None:
    """The place is the view's own, and nothing in it is the truth."""
    (tmp_path / "view").write_text("not a database")

    async def open_anyway() -> dict[str, Any]:
        view = SurrealView(tmp_path / "view")
        with pytest.raises(StoreProblem, match="does not open"):
            await view.open()
        await view.discard()
        answers = await fill()(view)
        await view.close()
        return answers

    assert using(tmp_path / "other", fill()) == asyncio.run(open_anyway())


def test_a_row_that_the_schema_does_not_know_is_refused(filled: Path) -> None:
    """Every table says what its rows hold and of what type."""

    async def ask(view: SurrealView) -> None:
        for table in FILLED[:-1]:
            with pytest.raises(StoreProblem, match=r"Found .* for field"):
                await view._ask(f"CREATE {table} SET seq = 'many';")

    using(filled, ask)


def test_a_character_that_the_engine_refuses_is_shown_in_its_place(tmp_path: Path) -> None:
    """The ledger may hold a NUL; one fact with one does not keep the others from being found."""
    play = Play(engine_of(proposes("p", seed("odd", "a\0b"), seed("even", "c")))).begin()
    entries = written(opening() + play.batches)

    async def look(view: SurrealView) -> set[str]:
        await view.apply(entries)
        return {row.content for row in await view.facts("", "")}

    assert {"a␀b", "c"} == using(tmp_path / "view", look)


def test_two_desks_are_told_apart_by_their_keys(tmp_path: Path) -> None:
    """A database that was filled for another desk is filled again."""
    using(tmp_path / "view", fill(), desk="one")

    assert EMPTY == using(tmp_path / "view", reached, desk="two")


def test_closing_twice_does_no_harm(tmp_path: Path) -> None:
    """A shut-down may come from several sides."""

    async def twice(view: SurrealView) -> None:
        await view.close()

    using(tmp_path / "view", twice)
