"""What the tests of the database are written with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from converge_core.ledger import Entry, decode
from converge_desktop.adapters.surreal import FactRow, Place, SurrealView
from converge_desktop.adapters.surreal.rows import STATUSES
from converge_desktop.adapters.surreal.schema import TABLES
from tests.core.golden_story import LEDGER
from tests.core.kit import ALICE

T = TypeVar("T")
ENTRIES = list(decode(LEDGER.read_bytes().splitlines(keepends=True)))
LAST = ENTRIES[-1]
EMPTY: tuple[int, str, list[FactRow]] = (-1, "", [])
Filling = Callable[[SurrealView], Awaitable[dict[str, Any]]]


def using(place: Place, use: Callable[[SurrealView], Awaitable[T]], desk: str = "desk") -> T:
    """Opens a view at ``place``, uses it, and closes it, on an event loop of its own."""

    async def run() -> T:
        view = SurrealView(place, desk)
        await view.open()
        try:
            return await use(view)
        finally:
            await view.close()

    return asyncio.run(run())


async def everything(view: SurrealView) -> dict[str, Any]:
    """Returns every row, as text, and the answers to all questions that have one answer."""
    rows = {}
    for table in TABLES:
        [found] = await view._ask(f"SELECT * FROM {table} ORDER BY id;")
        rows[table] = found
    return {
        "seq": (view.seq, view.head),
        "rows": apart(rows),
        "facts": await view.facts("", ""),
        "decisions": await view.decisions_by(ALICE.operator.id),
        "proposals": {status: await view.proposals(status) for status in STATUSES},
        "as of": [await view.as_of(seq) for seq in range(0, view.seq + 1, 20)],
    }


def apart(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    """Returns rows as text, with a row for each proposal that a fact tells of, and without heads.

    Which of them those are, and with it how many rows there are, depends on where it was cut.
    """
    own = [str(proposal["id"]) for proposal in rows["proposal"]]
    drawn = [(fact, fact.pop("drawn", None)) for fact in rows["fact"]]
    rows["proposal"] += [
        {"id": fact["proposal"], "agent": fact["byline"], "fact_id": fact["id"].id[2]}
        | {name: fact[name] for name in ("run", "key", "label")}
        | told
        for fact, told in drawn
        if told and str(fact["proposal"]) not in own
    ]
    return {
        table: sorted(repr(sorted(row.items())) for row in found)
        for table, found in rows.items()
        if table != "head"
    }


async def reached(view: SurrealView) -> tuple[int, str, list[FactRow]]:
    return view.seq, view.head, await view.facts("", "")


def fill(entries: list[Entry] = ENTRIES, **settings: Any) -> Filling:
    async def use(view: SurrealView) -> dict[str, Any]:
        await view.apply(entries, **settings)
        return await everything(view)

    return use


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A view that holds the golden ledger."""
    directory = tmp_path_factory.mktemp("surreal") / "view"
    using(directory, fill())
    return directory
