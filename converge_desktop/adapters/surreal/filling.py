"""How the view is filled: what some records add, written in one transaction with their head."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

from converge_core import events as e
from converge_core.ids import GateId, ProposalId
from converge_core.ledger import Entry
from converge_desktop.adapters.surreal.connection import Connection, Question, named
from converge_desktop.adapters.surreal.rows import EDIT, Before, Page, cited_by
from converge_desktop.adapters.surreal.schema import EDGES, FORMAT
from converge_desktop.adapters.surreal.values import Ref


class Filling:
    """Fills the rows of ``desk`` over ``connection``.

    Attributes:
        bases: the run that a run goes on from, for those that do.
    """

    def __init__(self, connection: Connection, desk: str) -> None:
        self._connection = connection
        self._desk = desk
        self.bases: dict[str, str] = {}

    async def page(self, batch: list[Entry], writing: asyncio.Task[None] | None) -> Page:
        """Returns what ``batch`` adds; looks things up only where it refers to earlier ones."""
        events = [entry.event for entry in batch if entry.event is not None]
        for event in events:
            if isinstance(event, e.RunStarted) and event.continues is not None:
                self.bases[event.run] = event.continues
        page = Page(await self._before(events, writing))
        for entry in batch:
            if entry.event is not None:
                page.add(entry.event, entry.head.seq, entry.head.at)
        return page

    async def _before(self, events: list[e.Event], writing: asyncio.Task[None] | None) -> Before:
        cited = [cited_by(event) for event in events] if self.bases else []
        wanted = {(run, str(fact)) for run, facts in cited if run in self.bases for fact in facts}
        gates = [event.gate for event in events if isinstance(event, e.GateWithdrawn)]
        drafts = (getattr(event, "draft", None) for event in events)
        edited = [draft.supersedes for draft in drafts if draft and draft.supersedes]
        if not (wanted or gates or edited):
            return Before()
        if writing is not None:
            await writing
        made = {
            (str(event.run), str(event.fact.id))
            for event in events
            if isinstance(event, e.FactPromoted)
        }
        return Before(
            owners=await self._owners(wanted, made),
            asked=await self._asked(gates),
            wrote=await self._wrote(edited),
        )

    async def _owners(
        self, wanted: set[tuple[str, str]], made: set[tuple[str, str]]
    ) -> dict[tuple[str, str], str]:
        """Returns which run made a fact: the nearest of those that a run goes on from."""
        chains = {run: list(self._chain(run)) for run, _ in wanted}
        places = {Ref("fact", (one, fact)) for run, fact in wanted for one in chains[run]}
        [found] = await self._connection.ask(
            "SELECT VALUE id FROM $places;", {"places": sorted(places)}
        )
        known = {named(one).key for one in found} | made
        return {
            (run, fact): next((one for one in chains[run] if (one, fact) in known), run)
            for run, fact in wanted
        }

    def _chain(self, run: str) -> Iterator[str]:
        at: str | None = run
        while at is not None:
            yield at
            at = self.bases.get(at)

    async def _asked(self, gates: list[GateId]) -> dict[str, str]:
        """Returns which proposals some gates ask about."""
        asked = [Ref("gate", (gate,)) for gate in gates]
        [found] = await self._connection.ask("SELECT id, proposal FROM $gates;", {"gates": asked})
        return {named(one["id"]).key[0]: named(one["proposal"]).key[0] for one in found}

    async def _wrote(self, proposals: list[ProposalId]) -> dict[str, str]:
        """Returns the decisions that put other words in the place of some proposals."""
        [found] = await self._connection.ask(
            "SELECT id, array::flatten(<-came_from<-gate<-came_from<-decision.{id, verdict, seq}) "
            "AS answers FROM $proposals;",
            {"proposals": [Ref("proposal", (one,)) for one in proposals]},
        )
        wrote = {}
        for row in found:
            edits = [one for one in row["answers"] if one["verdict"] == EDIT]
            if edits:
                newest = max(edits, key=lambda one: int(one["seq"]))
                wrote[named(row["id"]).key[0]] = named(newest["id"]).key[0]
        return wrote

    def writing(self, page: Page, last: Entry) -> Question:
        """Returns what writes rows, and the head that they reflect, in one transaction."""
        values: dict[str, Any] = {"desk": self._desk, "seq": last.head.seq, "hash": last.hash}
        kept = [(table, "INSERT IGNORE", rows) for table, rows in page.rows.items()]
        statements = []
        for table, insert, rows in kept:
            values[table] = [{"id": [self._desk, *key], **row} for key, row in rows.items()]
            statements.append(_counting(table, insert))
        if page.edges:
            values[EDGES] = [{**edge, "id": [self._desk, *edge["id"]]} for edge in page.edges]
            statements.append(_counting(EDGES, "INSERT RELATION IGNORE"))
        stands = {name: row for name, row in page.standing.items() if row is not None}
        if stands:
            values["stands"] = [{"id": [self._desk, name], **row} for name, row in stands.items()]
            statements.append(
                "INSERT INTO standing $stands ON DUPLICATE KEY UPDATE status = $input.status, "
                "rule = $input.rule, reason = $input.reason, seq = $input.seq RETURN NONE;"
            )
        facts = [Ref("standing", (name,)) for name, row in page.standing.items() if row is None]
        if facts:
            values["facts"] = facts
            statements.append("DELETE $facts RETURN NONE;")
        counted = " + ".join(["rows ?? 0", *(f"$of_{table}" for table in (*page.rows, EDGES))])
        if not page.edges:
            statements.append(f"LET $of_{EDGES} = 0;")
        statements.append(
            f"UPSERT head:[$desk, 'ledger'] SET seq = $seq, hash = $hash, format = {FORMAT}, "
            f"rows = ({counted}) RETURN NONE;"
        )
        return self._connection.question(f"BEGIN;{''.join(statements)}COMMIT;", values)


def _counting(table: str, insert: str) -> str:
    """Returns the statement that inserts rows and counts those that were not there."""
    return f"LET $of_{table} = array::len(({insert} INTO {table} ${table} RETURN VALUE 1));"


def portions(entries: Iterable[Entry], most: int) -> Iterator[list[Entry]]:
    """Yields entries by portions; one that refers to what was asked or decided begins anew."""
    batch: list[Entry] = []
    asked = False
    for entry in entries:
        if batch and (len(batch) >= most or (asked and _looks_back(entry.event))):
            yield batch
            batch, asked = [], False
        batch.append(entry)
        asked = asked or isinstance(entry.event, e.GateOpened | e.GateDecided)
    if batch:
        yield batch


def _looks_back(event: e.Event | None) -> bool:
    """Whether an event refers to a gate, or to what was decided at one, without saying all."""
    match event:
        case e.GateWithdrawn():
            return True
        case e.ProposalCreated(draft=draft) | e.InputStaged(draft=draft):
            return bool(draft.supersedes)
        case _:
            return False
