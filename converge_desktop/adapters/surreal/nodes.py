"""The things of the provenance graph, as the rows tell them: most by one of their own, some not.

A proposal that became a fact at once is told by the fact; what was read from the world by what its
run read in a stretch of the ledger.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

from converge_desktop.adapters.surreal.connection import Connection, named
from converge_desktop.adapters.surreal.values import Ref

_LABEL = "id, seq, label, agent"
_ROW = f"{_LABEL}, how, came_from, drawn, proposal, byline"
"""What is read of a row, whatever table it is of."""
_OF_A_RUN = ("fact", "trace", "proposal", "gate", "decision", "correction")
"""Rows of one run that come from each other; a proposal's own goes before what its fact tells."""

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

    async def among(self, things: list[Ref], *, edges: bool) -> list[Node]:
        """Returns such of some things as there are, with their ``edges`` or without."""
        fields = _ROW if edges else _LABEL
        [rows] = await self._connection.ask(
            f"SELECT {fields} FROM $things WHERE seq <= $seq;",  # noqa: S608 - ours
            {"things": things, "seq": self._seq},
        )
        found = {named(row["id"]): _node(row) for row in rows}
        for one in things:
            if one not in found and one.table in {"proposal", "observation"}:
                node = (await self.of_run(one.key[0])).get(one)
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
            *answers, readings = await self._connection.ask(
                "".join([*asked, read]),
                {"desk": self._desk, "run": run, "seq": self._seq},
            )
            nodes = {node.name: node for rows in answers for row in rows for node in _nodes(row)}
            for name, label in (one for places in readings for one in places):
                place = Ref("observation", (run, name))
                nodes.setdefault(place, Node(place, label, []))
            self._runs[run] = nodes
        return self._runs[run]

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


def _told(name: Ref, label: str, agent: str | None, said: dict[str, Any]) -> Node:
    by = f" (by {agent})" if name.table == "proposal" else ""
    edges = [
        ((said["seq"], number), name, how, named(parent))
        for number, (how, parent) in enumerate(
            zip(said.get("how", ()), said.get("came_from", ()), strict=True)
        )
    ]
    return Node(name, label + by, edges)
