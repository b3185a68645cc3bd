"""SurrealDB as a view of the ledger: entities and relations, for questions.

Rules, each from a measured trap of the embedded engine: one serial writer; the async API only (the
blocking one holds the interpreter's lock for the whole query); ``query_raw`` with every statement's
status checked; rows and the head they reflect in one transaction; nothing here is ever the truth,
so a database that does not fit the ledger is thrown away and filled again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from surrealdb import AsyncSurreal, RecordID, SurrealError

from converge_core.ledger import Entry
from converge_desktop.adapters.surreal_rows import Edge, Row, edges_of, rows_of

FORMAT = 1
"""The version of tables and rows; another one on disk means: fill again."""
BATCH = 500
MAX_DEPTH = 12
MAX_ROWS = 1000

_TROUBLE = (SurrealError, RuntimeError)
"""What the package raises: errors of its own, and bare ones from the engine inside it."""

_TABLES = ("run", "fact", "proposal", "observation", "trace", "decision", "operator")
_SCHEMA = (
    "".join(
        f"DEFINE TABLE IF NOT EXISTS {table} SCHEMAFULL;"
        f"DEFINE FIELD IF NOT EXISTS label ON {table} TYPE string;"
        f"DEFINE FIELD IF NOT EXISTS seq ON {table} TYPE int;"
        f"DEFINE FIELD IF NOT EXISTS at ON {table} TYPE int;"
        f"DEFINE EVENT IF NOT EXISTS kept ON {table} WHEN $event != 'CREATE' "
        f"THEN {{ THROW 'rows of {table} are never changed' }};"
        for table in _TABLES
    )
    + "".join(
        f"DEFINE FIELD IF NOT EXISTS {field} ON fact TYPE {kind};"
        for field, kind in (
            ("key", "string"),
            ("fact_id", "string"),
            ("run", "record<run>"),
            ("byline", "string"),
            ("approver", "string"),
            ("search", "string"),
        )
    )
    + "DEFINE INDEX IF NOT EXISTS by_key ON fact FIELDS key;"
    + "DEFINE TABLE IF NOT EXISTS came_from TYPE RELATION SCHEMALESS;"
    + "DEFINE INDEX IF NOT EXISTS by_in ON came_from FIELDS in;"
    + "DEFINE TABLE IF NOT EXISTS head SCHEMALESS;"
)


class StoreProblem(Exception):
    """The database could not answer; it can be rebuilt from the ledger."""


@dataclass(frozen=True, slots=True)
class FactRow:
    """A fact as the database knows it."""

    run: str
    key: str
    fact_id: str
    content: str
    byline: str
    approver: str
    seq: int


class SurrealView:
    """An embedded database in ``directory``, filled from ledger entries.

    All methods belong on one event loop.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._db: Any = None
        self.seq = -1
        self.head = ""

    async def open(self) -> None:
        """Opens the database, or makes it; afterwards :attr:`seq` says how far it reaches.

        Rows without a head of this format beside them cannot be placed, so they are thrown away.

        Raises:
            StoreProblem: if it cannot be opened.
        """
        stood = self._directory.exists()
        await self._connect()
        [found] = await self._ask("SELECT * FROM head:ledger;")
        if found and found[0].get("format") == FORMAT:
            self.seq, self.head = int(found[0]["seq"]), str(found[0]["hash"])
        elif stood:
            await self.discard()

    async def discard(self) -> None:
        """Throws the database away and begins an empty one."""
        await self.close()
        if self._directory.is_dir():
            shutil.rmtree(self._directory)
        else:
            self._directory.unlink(missing_ok=True)
        self.seq, self.head = -1, ""
        await self._connect()

    async def apply(self, entries: Iterable[Entry]) -> None:
        """Adds what ``entries``, which follow :attr:`seq`, say."""
        batch: list[Entry] = []
        for entry in entries:
            batch.append(entry)
            if len(batch) >= BATCH:
                await self._apply(batch)
                batch = []
        if batch:
            await self._apply(batch)

    async def facts(self, key: str, text: str) -> list[FactRow]:
        """Returns facts of all runs, newest first; empty arguments match everything."""
        [rows] = await self._ask(
            "SELECT * FROM fact WHERE ($key = '' OR key = $key) AND "
            "($text = '' OR search CONTAINS $text) ORDER BY seq DESC LIMIT $most;",
            {"key": key, "text": text.casefold(), "most": MAX_ROWS},
        )
        return [
            FactRow(
                run=str(row["run"].id),
                key=row["key"],
                fact_id=row["fact_id"],
                content=row["label"],
                byline=row["byline"],
                approver=row["approver"],
                seq=row["seq"],
            )
            for row in rows
        ]

    async def lineage(
        self, table: str, name: str
    ) -> tuple[list[tuple[str, str, str]], dict[str, str]]:
        """Returns the edges up from a row, nearest first, and a label for each id in them."""
        start = RecordID(table, name)
        edges: list[tuple[str, str, str]] = []
        seen, frontier = {str(start)}, [start]
        everyone = [start]
        for _ in range(MAX_DEPTH):
            if not frontier:
                break
            [rows] = await self._ask(
                "SELECT in, out, relation, seq FROM came_from WHERE in IN $ids ORDER BY seq;",
                {"ids": frontier},
            )
            frontier = []
            for row in rows:
                edges.append((_name(row["in"]), row["relation"], _name(row["out"])))
                if str(row["out"]) not in seen:
                    seen.add(str(row["out"]))
                    frontier.append(row["out"])
            everyone += frontier
        [labels] = await self._ask("SELECT id, label FROM $ids;", {"ids": everyone})
        return edges, {_name(row["id"]): row["label"] for row in labels if row}

    async def close(self) -> None:
        """Closes the database. Safe to call twice."""
        if self._db is not None:
            await self._db.close()
            self._db = None

    async def _connect(self) -> None:
        self._directory.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = AsyncSurreal(f"surrealkv://{self._directory}")
            await self._db.connect()
            await self._db.use("converge", "desk")
        except _TROUBLE as error:
            raise StoreProblem(f"the database does not open: {error}") from error
        await self._ask(_SCHEMA)

    async def _apply(self, batch: list[Entry]) -> None:
        rows: dict[str, list[dict[str, Any]]] = {}
        edges: list[dict[str, Any]] = []
        for entry in batch:
            if entry.event is None:
                continue
            for row in rows_of(entry.event, entry.head.seq, entry.head.at):
                rows.setdefault(row.table, []).append(_values(row))
            edges += [_edge(edge, entry.head.seq) for edge in edges_of(entry.event)]
        last = batch[-1]
        statements = [f"INSERT IGNORE INTO {table} ${table};" for table in rows]
        if edges:
            statements.append("INSERT RELATION IGNORE INTO came_from $edges;")
        statements.append("UPSERT head:ledger CONTENT $head;")
        head = {"seq": last.head.seq, "hash": last.hash, "format": FORMAT}
        await self._ask(
            "BEGIN;" + "".join(statements) + "COMMIT;", {**rows, "edges": edges, "head": head}
        )
        self.seq, self.head = last.head.seq, last.hash

    async def _ask(self, statements: str, values: dict[str, Any] | None = None) -> list[Any]:
        try:
            answer = await self._db.query_raw(statements, values or {})
        except _TROUBLE as error:
            raise StoreProblem(f"the database refused a question: {error}") from error
        results = answer.get("result")
        if not isinstance(results, list):
            raise StoreProblem(f"the database refused a question: {answer.get('error')}")
        bad = next((result for result in results if result["status"] != "OK"), None)
        if bad:
            raise StoreProblem(f"the database refused a statement: {bad['result']}")
        return [result["result"] for result in results]


def _values(row: Row) -> dict[str, Any]:
    links = {field: RecordID(table, name) for field, (table, name) in row.links.items()}
    return {"id": row.name, **row.fields, **links}


def _edge(edge: Edge, seq: int) -> dict[str, Any]:
    name = f"{edge.child[0]}:{edge.child[1]}>{edge.relation}>{edge.parent[0]}:{edge.parent[1]}"
    return {
        "id": RecordID("came_from", name),
        "in": RecordID(*edge.child),
        "out": RecordID(*edge.parent),
        "relation": edge.relation,
        "seq": seq,
    }


def _name(record: RecordID) -> str:
    return f"{record.table_name}:{record.id!s}"
