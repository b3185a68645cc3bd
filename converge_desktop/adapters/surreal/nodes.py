"""The things of the provenance graph, as the rows tell them: most by one of their own, some not.

A proposal that became a fact at once is told by the fact; what was read from the world or asked of
a model by what its run read, or asked, in a stretch of the ledger.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, NamedTuple

from converge_desktop.adapters.surreal import calls
from converge_desktop.adapters.surreal.calls import Call
from converge_desktop.adapters.surreal.connection import Connection, named
from converge_desktop.adapters.surreal.schema import STRETCH
from converge_desktop.adapters.surreal.values import Ref

_LABEL = "id, seq, label, agent"
_ROW = f"{_LABEL}, how, came_from, drawn, proposal, byline"
"""What is read of a row, whatever table it is of."""
_OF_A_RUN = ("fact", "proposal", "gate", "decision", "correction")
"""Rows of one run that come from each other; a proposal's own goes before what its fact tells."""
_TOLD_OF = {"proposal", "observation", "trace"}
"""What may have no row of its own."""
STRETCHES = 8
"""So many stretches of the ledger are looked through at a time for calls of a model."""

Edge = tuple[tuple[int, int], Ref, str, Ref]
"""What came from what, how, and where that stands in the order of the ledger."""


class Node(NamedTuple):
    """A thing, and the edges to what it came from."""

    name: Ref
    label: str
    edges: list[Edge]


class Nodes:
    """The things of ``desk`` up to record ``seq``, over ``connection``.

    ``pause`` is waited for before all of a run is read.
    """

    def __init__(
        self, connection: Connection, desk: str, seq: int, pause: Callable[[], Awaitable[None]]
    ) -> None:
        self._connection = connection
        self._desk = desk
        self._seq = seq
        self._pause = pause
        self._runs: dict[str, dict[Ref, Node]] = {}
        self._calls: dict[Ref, Node] = {}

    async def among(self, things: list[Ref], *, edges: bool) -> list[Node]:
        """Returns such of some things as there are, with their ``edges`` or without."""
        fields = _ROW if edges else _LABEL
        [rows] = await self._connection.ask(
            f"SELECT {fields} FROM $things WHERE seq <= $seq;",  # noqa: S608 - ours
            {"things": things, "seq": self._seq},
        )
        found = {named(row["id"]): _node(row) for row in rows}
        for one in things:
            if one not in found and one.table in _TOLD_OF:
                node = self._calls.get(one) or (await self.of_run(one.key[0])).get(one)
                found |= {one: node} if node else {}
        return list(found.values())

    async def of_run(self, run: str) -> dict[Ref, Node]:
        """Returns all things of a run."""
        if run not in self._runs:
            await self._pause()
            asked = (
                f"SELECT {_ROW} FROM {table}:[$desk, $run, NONE]..[$desk, $run, {{}}] "  # noqa: S608 - ours
                "WHERE seq <= $seq;"
                for table in _OF_A_RUN
            )
            read = "SELECT VALUE places FROM reading:[$desk, $run, NONE]..[$desk, $run, {}];"
            called = "SELECT VALUE made FROM calls:[$desk, $run, NONE]..[$desk, $run, {}];"
            *answers, readings, asked_of_models = await self._connection.ask(
                "".join([*asked, read, called]),
                {"desk": self._desk, "run": run, "seq": self._seq},
            )
            nodes = {node.name: node for rows in answers for row in rows for node in _nodes(row)}
            for name, label in (one for places in readings for one in places):
                place = Ref("observation", (run, name))
                nodes.setdefault(place, Node(place, label, []))
            for made in asked_of_models:
                nodes.update((node.name, node) for node in self._made(run, made))
            self._runs[run] = nodes
        return self._runs[run]

    def _made(self, run: str, made: list[str]) -> Iterator[Node]:
        return (_call(run, call) for call in map(calls.read, made) if call.seq <= self._seq)

    async def calls(self, shared: Ref, most: int) -> list[Edge]:
        """Returns that calls came from a prompt or a model, the first of the ledger first."""
        edges: list[Edge] = []
        values = {"desk": self._desk, "of": shared.table, "name": shared.key[0], "some": STRETCHES}
        after, last = -1, self._seq // STRETCH
        while after < last and len(edges) < most:
            await self._pause()
            [rows] = await self._connection.ask(
                "SELECT record::id(id)[3] AS stretch, calls.{id, made} AS calls FROM "
                "used:[$desk, $of, $name, $after]>..=[$desk, $of, $name, $last] LIMIT $some;",
                {**values, "after": after, "last": last},
            )
            after = rows[-1]["stretch"] if rows else last
            for one in (one for row in rows for one in row["calls"]):
                for node in self._made(named(one["id"]).key[0], one["made"]):
                    self._calls[node.name] = node
                    edges += (edge for edge in node.edges if edge[3] == shared)
        return edges[:most]

    async def uses(self, shared: Ref, table: str, field: str, most: int) -> list[Edge]:
        """Returns that rows of a table came from what many share, which ``field`` names."""
        [rows] = await self._connection.ask(
            "SELECT id, seq, array::find_index(came_from, $shared) AS place, "  # noqa: S608 - ours
            f"array::at(how, array::find_index(came_from, $shared)) AS how FROM {table} "
            f"WHERE {field} = $shared LIMIT $most;",
            {"shared": shared, "most": most},
        )
        return [
            ((row["seq"], row["place"]), named(row["id"]), row["how"], shared)
            for row in rows
            if row["seq"] <= self._seq
        ]


def _nodes(row: dict[str, Any]) -> Iterator[Node]:
    """Yields what a row tells of: a thing, and before a fact the proposal that became it."""
    drawn = row.get("drawn")
    if drawn:
        yield _told(named(row["proposal"]), row["label"], row["byline"], drawn)
    yield _node(row)


def _node(row: dict[str, Any]) -> Node:
    return _told(named(row["id"]), row["label"], row.get("agent"), row)


def _call(run: str, call: Call) -> Node:
    name = Ref("trace", (run, call.id))
    return Node(name, call.label, _edges(name, call.seq, call.came_from))


def _told(name: Ref, label: str, agent: str | None, said: dict[str, Any]) -> Node:
    by = f" (by {agent})" if name.table == "proposal" else ""
    came_from = zip(said.get("how", ()), map(named, said.get("came_from", ())), strict=True)
    return Node(name, label + by, _edges(name, said["seq"], came_from))


def _edges(name: Ref, seq: int, came_from: Iterable[tuple[str, Ref]]) -> list[Edge]:
    return [((seq, number), name, how, parent) for number, (how, parent) in enumerate(came_from)]
