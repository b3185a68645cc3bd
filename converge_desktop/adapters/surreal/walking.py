"""The provenance graph: up to what a thing came from, down to what rests on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping

from converge_desktop.adapters.surreal.answers import Walk
from converge_desktop.adapters.surreal.connection import Connection, named
from converge_desktop.adapters.surreal.filling import until_of
from converge_desktop.adapters.surreal.nodes import Edge, Nodes
from converge_desktop.adapters.surreal.values import Ref

MAX_REACH = 20_000
"""A walk that has reached more is ended, and says so."""
MAX_RUNS = 200
"""So does a walk down that has looked through so many runs."""
MAX_USES = 2000
"""So does one from what more rows than that name, such as a model."""
STEP = 500
"""So many things are looked at until others have their turn."""
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
_ALONE = {*_SHARED, "checkpoint", "ending"}
"""Tables whose rows go by one name; all others are named by run and id."""


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
        self._nodes = Nodes(connection, desk, seq, pause)
        self._uses: dict[Ref, list[Edge]] = {}
        self._read: set[str] = set()
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
        there = [name for name in (walk.start, *walk.found) if name in walk.labels]
        reached = [ref(*name.split(":", 1)) for name in there]
        runs = dict.fromkeys(Ref("run", one.key[:1]) for one in reached if one.table not in _ALONE)
        since = await self._since([one for one in reached if one.table == "fact"])
        runs.update([(run, None) async for run in self._later(since)])
        known = {*walk.found, walk.start}
        found = (*walk.found, *(str(run) for run in runs if str(run) not in known))
        return Walk(walk.start, walk.edges, walk.labels, found, walk.whole)

    async def _since(self, facts: list[Ref]) -> dict[Ref, int]:
        """Returns the runs that made some facts, with the record of the first."""
        since: dict[Ref, int] = {}
        for some in self._by_steps(facts):
            await self._pause()
            [rows] = await self._connection.ask("SELECT id, seq FROM $some;", {"some": some})
            for row in rows:
                run, seq = Ref("run", named(row["id"]).key[:1]), int(row["seq"])
                since[run] = min(seq, since.get(run, seq))
        return since

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
        there = await self._nodes.among(ahead, edges=up)
        labels.update((str(node.name), node.label) for node in there)
        if up:
            return [edge for node in there for edge in node.edges]
        await self._look_down([node.name for node in there])
        return [edge for node in there for edge in self._uses.get(node.name, ())]

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
            nodes = await self._nodes.of_run(run)
            self._note(edge for node in nodes.values() for edge in node.edges)

    async def _read_uses(self, shared: Ref) -> None:
        field = _NAMED_BY.get(shared.table, shared.table)
        for table in _SHARED[shared.table]:
            await self._pause()
            if table == "trace":
                edges = await self._nodes.calls(shared, MAX_USES)
            else:
                edges = await self._nodes.uses(shared, table, field, MAX_USES)
            self._cut = self._cut or len(edges) >= MAX_USES
            self._note(edges)

    def _note(self, edges: Iterable[Edge]) -> None:
        for edge in edges:
            self._uses.setdefault(edge[3], []).append(edge)
