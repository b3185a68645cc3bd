"""How the view is filled: what some records add, written in one transaction with their head."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

from converge_core import events as e
from converge_core.ledger import Entry
from converge_desktop.adapters.surreal.connection import Connection, Question, named
from converge_desktop.adapters.surreal.rows import EDIT, Before, Page, cited_by
from converge_desktop.adapters.surreal.schema import FORMAT, GROWING, STRETCH
from converge_desktop.adapters.surreal.values import Ref

NEVER = 1 << 53
"""A record that no ledger reaches."""


def until_of(forked_at: object) -> int:
    """Returns the last record that a run sees of the one it goes on from."""
    return forked_at if isinstance(forked_at, int) else NEVER - 1


class Filling:
    """Fills the rows of ``desk`` over ``connection``.

    Attributes:
        bases: the run that a run goes on from, for those that do, and the last record of that
            one's which it sees.
    """

    def __init__(self, connection: Connection, desk: str) -> None:
        self._connection = connection
        self._desk = desk
        self.bases: dict[str, tuple[str, int]] = {}

    async def page(self, batch: list[Entry], writing: asyncio.Task[None] | None) -> Page:
        """Returns what ``batch`` adds; looks things up only where it refers to earlier ones."""
        for event in (entry.event for entry in batch):
            if isinstance(event, e.RunStarted) and event.continues is not None:
                self.bases[event.run] = event.continues, until_of(event.forked_at)
        page = Page(await self._before(batch, writing))
        for entry in batch:
            if entry.event is not None:
                page.add(entry.event, entry.head.seq, entry.head.at)
        return page

    async def _before(self, batch: list[Entry], writing: asyncio.Task[None] | None) -> Before:
        events = [entry.event for entry in batch if entry.event is not None]
        cited = [cited_by(event) for event in events] if self.bases else []
        wanted = {(run, str(fact)) for run, facts in cited if run in self.bases for fact in facts}
        gates = [
            Ref("gate", (event.run, event.gate))
            for event in events
            if isinstance(event, e.GateWithdrawn)
        ]
        edited = {
            event.run: None
            for event in events
            if isinstance(event, e.ProposalCreated | e.InputStaged) and event.draft.supersedes
        }
        if not (wanted or gates or edited):
            return Before()
        if writing is not None:
            await writing
        made = {
            (str(entry.event.run), str(entry.event.fact.id)): entry.head.seq
            for entry in batch
            if isinstance(entry.event, e.FactPromoted)
        }
        return Before(
            owners=await self._owners(wanted, made),
            asked=await self._asked(gates),
            wrote=await self._wrote(list(edited)),
        )

    async def _owners(
        self, wanted: set[tuple[str, str]], made: dict[tuple[str, str], int]
    ) -> dict[tuple[str, str], str]:
        """Returns which run made a fact: the nearest of those that a run goes on from."""
        chains = {run: list(self._chain(run)) for run, _ in wanted}
        places = {Ref("fact", (one, fact)) for run, fact in wanted for one, _ in chains[run]}
        [found] = await self._connection.ask(
            "SELECT id, seq FROM $places;", {"places": sorted(places)}
        )
        known = {named(row["id"]).key: int(row["seq"]) for row in found} | made
        return {
            (run, fact): next(
                (one for one, until in chains[run] if known.get((one, fact), NEVER) <= until), run
            )
            for run, fact in wanted
        }

    def _chain(self, run: str) -> Iterator[tuple[str, int]]:
        """Yields a run and those that it goes on from, each with the last record seen of it."""
        at, until = run, NEVER - 1
        while True:
            yield at, until
            if at not in self.bases:
                return
            at, seen = self.bases[at]
            until = min(until, seen)

    async def _asked(self, gates: list[Ref]) -> dict[Ref, Ref]:
        """Returns which proposals some gates ask about."""
        [found] = await self._connection.ask("SELECT id, proposal FROM $gates;", {"gates": gates})
        return {named(one["id"]): named(one["proposal"]) for one in found}

    async def _wrote(self, runs: list[str]) -> dict[Ref, Ref]:
        """Returns the decisions of some runs that put other words in the place of proposals."""
        wrote: dict[Ref, Ref] = {}
        for run in runs:
            [found] = await self._connection.ask(
                "SELECT id, seq, gate.proposal AS proposal FROM "
                "decision:[$desk, $run, NONE]..[$desk, $run, {}] WHERE verdict = $edit;",
                {"desk": self._desk, "run": run, "edit": EDIT},
            )
            for row in sorted(found, key=lambda row: int(row["seq"])):
                if row["proposal"]:  # a redacted copy may not say what was asked
                    wrote[named(row["proposal"])] = named(row["id"])
        return wrote

    def writing(self, page: Page, before: str, last: Entry) -> Question:
        """Returns what writes rows, and the head that they reflect, in one transaction.

        What is begun comes first and the head last: in this order the embedded engine keeps what it
        writes, so that one without the other tells of a transaction that was torn.

        It is refused where the head has another hash than ``before``: another program that works
        for the same desk, such as a copy of it on another machine, has written there.
        """
        values: dict[str, Any] = {
            "desk": self._desk,
            "seq": last.head.seq,
            "hash": last.hash,
            "before": before,
        }
        statements = [
            "LET $head = (SELECT VALUE hash FROM ONLY head:[$desk, 'ledger']) ?? '';",
            "IF $head != $before { THROW 'another program writes for this desk' };",
            "UPSERT begun:[$desk, 'ledger'] SET seq = $seq RETURN NONE;",
        ]
        for table, rows in page.rows.items():
            values[table] = [{"id": [self._desk, *key], **row} for key, row in rows.items()]
            statements.append(_counting(table))
        stands = {name: row for name, row in page.standing.items() if row is not None}
        if stands:
            values["stands"] = [{"id": [self._desk, *name], **row} for name, row in stands.items()]
            statements.append(
                "INSERT INTO standing $stands ON DUPLICATE KEY UPDATE status = $input.status, "
                "rule = $input.rule, reason = $input.reason, seq = $input.seq RETURN NONE;"
            )
        facts = [Ref("standing", name) for name, row in page.standing.items() if row is None]
        if facts:
            values["facts"] = facts
            statements.append("DELETE $facts RETURN NONE;")
        for table, grown in page.grown.items():
            field = GROWING[table]
            values[table] = [{"id": [self._desk, *key], field: more} for key, more in grown.items()]
            statements.append(_growing(table, field))
        added = (f"$of_{table}" for table in (*page.rows, *page.grown))
        counted = " + ".join(["rows ?? 0", *added])
        statements.append(
            f"UPSERT head:[$desk, 'ledger'] SET seq = $seq, hash = $hash, format = {FORMAT}, "
            f"rows = ({counted}) RETURN NONE;"
        )
        return self._connection.question(f"BEGIN;{''.join(statements)}COMMIT;", values)


def _counting(table: str) -> str:
    """Returns the statement that inserts rows and counts those that were not there."""
    return f"LET $of_{table} = array::len((INSERT IGNORE INTO {table} ${table} RETURN VALUE 1));"


def _growing(table: str, field: str) -> str:
    """Returns the statement that adds to rows of a stretch and counts those that were not there."""
    return (
        f"LET $of_{table} = array::len((INSERT INTO {table} ${table} ON DUPLICATE KEY UPDATE "
        f"{field} = array::union({field}, $input.{field}) RETURN VALUE $before.id)"
        "[WHERE $this = NONE]);"
    )


def portions(entries: Iterable[Entry], most: int) -> Iterator[list[Entry]]:
    """Yields entries by portions; one that refers to what was asked or decided begins anew.

    So does each stretch of the ledger, whose facts are then listed in one go.
    """
    batch: list[Entry] = []
    asked = False
    for entry in entries:
        if batch and (
            len(batch) >= most
            or entry.head.seq // STRETCH != batch[-1].head.seq // STRETCH
            or (asked and _looks_back(entry.event))
        ):
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
