"""The provenance graph: up to what a thing came from, down to what rests on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any

from converge_desktop.adapters.surreal.answers import Walk
from converge_desktop.adapters.surreal.connection import Connection, named
from converge_desktop.adapters.surreal.filling import until_of
from converge_desktop.adapters.surreal.values import Ref

MAX_REACH = 20_000
"""A walk that has reached more is ended, and says so."""
MAX_RUNS = 200
"""So does a walk down that has looked through so many runs."""
MAX_USES = 5000
"""So does one from what more rows than that name, such as a model."""
STEP = 500
"""So many things are looked at until others have their turn."""
_ROW = "id, seq, how, came_from"
_SHARED = {
    "operator": ("decision", "checkpoint"),
    "prompt": ("trace",),
    "model": ("trace",),
    "pack": ("run",),
    "run": ("run",),
}
"""What many runs share, and which rows name it."""
_NAMED_BY = {"run": "continues"}
"""The field that names it, where that is not called as the table is."""
_OF_A_RUN = ("trace", "proposal", "gate", "decision", "fact", "correction")
"""Rows of one run that come from each other."""
_ALONE = {*_SHARED, "checkpoint", "ending"}
"""Tables whose rows go by one name; all others are named by run and id."""

Edge = tuple[tuple[int, int], Ref, str, Ref]
"""What came from what, how, and where that stands in the order of the ledger."""


def ref(table: str, name: str) -> Ref:
    """Returns the row that goes by ``name``, as walks name it."""
    return Ref(table, (name,) if table in _ALONE else tuple(name.split("|", 1)))


class Walking:
    """One walk, over ``connection``, among the rows of ``desk`` up to record ``seq``.

    ``pause`` is waited for in between what one walk asks the database.
    """

    def __init__(
        self, connection: Connection, desk: str, seq: int, pause: Callable[[], Awaitable[None]]
    ) -> None:
        self._connection = connection
        self._desk = desk
        self._seq = seq
        self._pause = pause
        self._uses: dict[Ref, list[Edge]] = {}
        self._read: set[str] = set()
        self._places: dict[str, dict[Ref, str]] = {}
        self._cut = False

    async def lineage(self, start: Ref) -> Walk:
        """Returns what a thing came from, down to what was read from the world."""
        return await self._walk(start, up=True)

    async def radius(self, start: Ref) -> Walk:
        """Returns what rests on a thing, directly or through others, and the runs it is in.

        A run is in it that holds something of it, or that begins with a context where such a fact
        stands.
        """
        walk = await self._walk(start, up=False)
        reached = [ref(*name.split(":", 1)) for name in (walk.start, *walk.found)]
        holding = [row for some in self._by_steps(reached) for row in await self._held(some)]
        runs = dict.fromkeys(named(row["run"]) for row in holding)
        runs.update(
            {Ref("run", one.key[:1]): None for one in reached if one.table == "observation"}
        )
        since: dict[Ref, int] = {}
        for row in holding:
            if named(row["id"]).table == "fact":
                run = named(row["run"])
                since[run] = min(int(row["seq"]), since.get(run, int(row["seq"])))
        runs.update([(run, None) async for run in self._later(since)])
        known = {*walk.found, walk.start}
        found = (*walk.found, *(str(run) for run in runs if str(run) not in known))
        return Walk(walk.start, walk.edges, walk.labels, found, walk.whole)

    async def _held(self, things: list[Ref]) -> list[dict[str, Any]]:
        """Returns those of some things that are held by a run."""
        await self._pause()
        [found] = await self._connection.ask(
            "SELECT id, run, seq FROM $things WHERE run;", {"things": things}
        )
        return list(found)

    async def _later(self, since: Mapping[Ref, int]) -> AsyncIterator[Ref]:
        """Yields the runs that go on from some, at whatever distance.

        ``since`` says from which record on there is in each what is asked about: a run that was
        forked before does not begin with it.
        """
        known = dict(since)
        ahead = list(known)
        while ahead:
            [after] = await self._connection.ask(
                "SELECT id, continues, forked_at FROM run WHERE continues IN $ahead "
                "AND seq <= $seq;",
                {"ahead": ahead, "seq": self._seq},
            )
            ahead = []
            for row in after:
                run, first = named(row["id"]), known[named(row["continues"])]
                if first <= until_of(row.get("forked_at")) and first < known.get(run, first + 1):
                    known[run] = first
                    ahead.append(run)
                    yield run

    async def _walk(self, start: Ref, *, up: bool) -> Walk:
        """Follows the edges one way, level by level."""
        labels: dict[str, str] = {}
        seen = {start: None}
        edges: dict[tuple[Ref, str, Ref], None] = {}
        ahead = [start]
        while ahead and len(seen) <= MAX_REACH:
            found = [
                one
                for some in self._by_steps(ahead)
                for one in await self._steps(some, labels, up=up)
            ]
            ahead = []
            for _, child, relation, parent in sorted(found):
                edges.setdefault((child, relation, parent))
                other = parent if up else child
                if other not in seen:
                    seen[other] = None
                    ahead.append(other)
        told = [(str(c), r, str(p)) for c, r, p in edges if str(c) in labels and str(p) in labels]
        reached = tuple(name for name in map(str, seen) if name in labels and name != str(start))
        return Walk(str(start), tuple(told), labels, reached, not (ahead or self._cut))

    async def _steps(self, ahead: list[Ref], labels: dict[str, str], *, up: bool) -> list[Edge]:
        """Returns the edges at such of some things as there are; notes their labels."""
        await self._pause()
        [rows] = await self._connection.ask(
            f"SELECT {_ROW}, label, agent FROM $ahead WHERE seq <= $seq;",  # noqa: S608 - ours
            {"ahead": ahead, "seq": self._seq},
        )
        there = [named(row["id"]) for row in rows]
        for name, row in zip(there, rows, strict=True):
            by = f" (by {row['agent']})" if name.table == "proposal" else ""
            labels[str(name)] = row["label"] + by
        for one in ahead:
            label = (await self._places_of(one.key[0])).get(one) if _is_read(one) else None
            if label is not None:
                labels[str(one)] = label
                there.append(one)
        if up:
            return [edge for row in rows for edge in _edges(row)]
        await self._look_down(there)
        return [edge for one in there for edge in self._uses.get(one, ())]

    async def _places_of(self, run: str) -> dict[Ref, str]:
        """Returns what a run read from the world, with where."""
        if run not in self._places:
            [found] = await self._connection.ask(
                "SELECT VALUE places FROM reading:[$desk, $run, NONE]..[$desk, $run, {}];",
                {"desk": self._desk, "run": run},
            )
            known: dict[Ref, str] = {}
            for name, label in (place for places in found for place in places):
                known.setdefault(Ref("observation", (run, name)), label)
            self._places[run] = known
        return self._places[run]

    def _by_steps(self, things: list[Ref]) -> Iterable[list[Ref]]:
        return (things[first : first + STEP] for first in range(0, len(things), STEP))

    # What rests on a thing.

    async def _look_down(self, things: list[Ref]) -> None:
        """Reads what rests on some things, with all of the runs that it may be in."""
        for one in things:
            if one.table in _SHARED:
                await self._read_uses(one)
        runs = dict.fromkeys(one.key[0] for one in things if one.table not in _ALONE)
        facts = {Ref("run", one.key[:1]): 0 for one in things if one.table == "fact"}
        runs.update([(run.key[0], None) async for run in self._later(facts)])
        for run in runs:
            if run in self._read:
                continue
            if len(self._read) >= MAX_RUNS:
                self._cut = True
                return
            self._read.add(run)
            await self._pause()
            await self._read_run(run)

    async def _read_uses(self, shared: Ref) -> None:
        field = _NAMED_BY.get(shared.table, shared.table)
        asked = (
            f"SELECT {_ROW} FROM {table} WHERE {field} = $shared LIMIT $most;"  # noqa: S608 - ours
            for table in _SHARED[shared.table]
        )
        values = {"shared": shared, "most": MAX_USES}
        answers = await self._connection.ask("".join(asked), values)
        self._cut = self._cut or any(len(rows) >= MAX_USES for rows in answers)
        self._note(answers, only=shared)

    async def _read_run(self, run: str) -> None:
        asked = (
            f"SELECT {_ROW} FROM {table}:[$desk, $run, NONE]..[$desk, $run, {{}}];"  # noqa: S608 - ours
            for table in _OF_A_RUN
        )
        values = {"desk": self._desk, "run": run}
        self._note(await self._connection.ask("".join(asked), values))

    def _note(self, answers: Iterable[list[dict[str, Any]]], only: Ref | None = None) -> None:
        for rows in answers:
            for edge in (edge for row in rows if row["seq"] <= self._seq for edge in _edges(row)):
                if only in (None, edge[3]):
                    self._uses.setdefault(edge[3], []).append(edge)


def _is_read(thing: Ref) -> bool:
    """Whether it was read from the world: that has no row of its own."""
    return thing.table == "observation" and len(thing.key) == 2  # noqa: PLR2004 - run and id


def _edges(row: dict[str, Any]) -> list[Edge]:
    child = named(row["id"])
    return [
        ((row["seq"], number), child, how, named(parent))
        for number, (how, parent) in enumerate(zip(row["how"], row["came_from"], strict=True))
    ]
