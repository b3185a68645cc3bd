"""The questions that the desk asks, a function each.

The newest rows are read by ascending windows of the ledger's sequence, widened until there are
enough: the engine reads an index forwards only, and sorting a table backwards looks at all of it.
Between two windows of a search through the words of facts, which never change, others have their
turn: it keeps nobody waiting.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from converge_core.context import Standpoint
from converge_core.correction import CorrectionScope, ScopeKind
from converge_core.key import ContextKey
from converge_desktop.adapters.surreal.answers import (
    CheckpointRow,
    DecisionRow,
    FactRow,
    ProposalRow,
)
from converge_desktop.adapters.surreal.connection import Connection, named
from converge_desktop.adapters.surreal.filling import until_of
from converge_desktop.adapters.surreal.rows import PROMOTED
from converge_desktop.adapters.surreal.schema import STRETCH
from converge_desktop.adapters.surreal.values import Ref

MAX_ROWS = 1000
"""From so many rows on there may be more; whoever wants them asks for those before the last."""
MANY = 1_000_000
WINDOW = 2000
WIDEST = 16_000
"""So many records of the ledger are looked through at a time: some hundredths of a second."""
_FACT = "id, key, label, byline, approver, seq"


class Asking:
    """The questions, over ``connection``; rows are those of ``desk``, up to record ``seq``.

    ``pause`` is waited for in between what one question asks the database.
    """

    def __init__(
        self, connection: Connection, desk: str, seq: int, pause: Callable[[], Awaitable[None]]
    ) -> None:
        self._connection = connection
        self._desk = desk
        self._seq = seq
        self._pause = pause

    # Facts.

    async def facts(self, key: str, text: str, before: int | None) -> list[FactRow]:
        """Returns facts of all runs, newest first; empty arguments match everything."""
        where = "search CONTAINS $text AND" if text else ""
        values = {"key": key, "text": text.casefold()}
        rows = await self._newest(
            f"{_FACT} FROM {_made(key)}", where, values, self._until(before), long=bool(text)
        )
        return [_fact(row) for row in rows]

    async def as_of(
        self, seq: int, run: str, key: str, before: int | None
    ) -> tuple[list[FactRow], int]:
        """Returns the facts that stood once record ``seq`` was written, newest first.

        With a ``run``: those of its context whose place nothing had taken, as seen from the run.
        Without: those of all runs, each as seen from the run that made it.
        """
        seq = min(seq, self._seq)
        if run:
            return await self._context_of(run, seq, key, self._until(before, seq)), seq
        replaced = await self._replaced(seq)
        rows = await self._newest(
            f"{_FACT} FROM {_made(key)}",
            "id NOT IN $replaced AND" if replaced else "",
            {"key": key, "replaced": sorted(replaced)},
            self._until(before, seq),
        )
        return [_fact(row) for row in rows], seq

    async def _context_of(self, run: str, seq: int, key: str, until: int) -> list[FactRow]:
        chain, tenant = await self._chain(run, seq)
        sees = Standpoint(tenant, run)
        replaced: set[Ref] = set()
        rows: list[dict[str, Any]] = []
        for name, last in chain:
            facts, corrections = await self._connection.ask(
                f"SELECT {_FACT} FROM fact:[$desk, $run, NONE]..[$desk, $run, {{}}] "  # noqa: S608 - ours
                f"WHERE {'key = $key AND' if key else ''} seq <= $until;"
                "SELECT supersedes, scope, whose FROM "
                "correction:[$desk, $run, NONE]..[$desk, $run, {}] WHERE seq <= $seq;",
                {
                    "desk": self._desk,
                    "run": name,
                    "key": key,
                    "seq": last,
                    "until": min(last, until),
                },
            )
            rows += facts
            replaced |= {named(one["supersedes"]) for one in corrections if _seen(sees, one)}
        standing = [row for row in rows if named(row["id"]) not in replaced]
        standing.sort(key=lambda row: int(row["seq"]), reverse=True)
        return [_fact(row) for row in standing[:MAX_ROWS]]

    async def _chain(self, run: str, seq: int) -> tuple[list[tuple[str, int]], str]:
        """Returns a run that had begun by ``seq``, those that it goes on from, and its tenant.

        Each with the last record of it that counts: a fork sees nothing that came later.
        """
        chain: list[tuple[str, int]] = []
        tenant = ""
        at: str | None = run
        while at is not None:
            [found] = await self._connection.ask(
                "SELECT seq, continues, forked_at, tenant FROM $run WHERE seq <= $seq;",
                {"run": [Ref("run", (at,))], "seq": seq},
            )
            if not found:
                break
            tenant = tenant if chain else found[0]["tenant"]
            chain.append((at, seq))
            seq = min(seq, until_of(found[0].get("forked_at")))
            before = found[0].get("continues")
            at = named(before).key[0] if before else None
        return chain, tenant

    async def _replaced(self, seq: int) -> set[Ref]:
        """Returns the facts whose place another had taken, for the run that made them."""
        [corrections] = await self._connection.ask(
            "SELECT supersedes, scope, whose, supersedes.run.tenant AS tenant "
            "FROM correction:[$desk, NONE]..[$desk, {}] WHERE seq <= $seq;",
            {"desk": self._desk, "seq": seq},
        )
        found = ((named(one["supersedes"]), one) for one in corrections)
        return {
            old for old, one in found if _seen(Standpoint(one["tenant"] or "", old.key[0]), one)
        }

    # Decisions and proposals.

    async def decisions_by(self, operator: str, before: int | None) -> list[DecisionRow]:
        """Returns what a person decided, newest first."""
        rows = await self._newest(
            "id, run, gate, operator, verdict, reason, at, seq, gate.label AS title, "
            "gate.risk AS risk FROM decision",
            "operator = $operator AND",
            {"operator": Ref("operator", (operator,))},
            self._until(before),
        )
        return [
            DecisionRow(
                id=named(row["id"]).key[1],
                run=named(row["run"]).key[0],
                gate=named(row["gate"]).key[1],
                title=row["title"] or "",
                risk=row["risk"] or "",
                operator=named(row["operator"]).key[0],
                verdict=row["verdict"],
                reason=row["reason"],
                at=row["at"],
                seq=row["seq"],
            )
            for row in rows
        ]

    async def proposals(self, status: str, before: int | None) -> list[ProposalRow]:
        """Returns the proposals that stand so, newest first."""
        if status == PROMOTED:
            rows = await self._newest(
                f"{_FACT}, proposal FROM {_made()}", "", {}, self._until(before)
            )
            return [_promoted(row) for row in rows]
        rows = await self._newest(
            "id, proposal, seq, rule, reason, proposal.{run, key, fact_id, label, agent} AS said "
            "FROM standing",
            "status = $status AND",
            {"status": status},
            self._until(before),
        )
        return [
            ProposalRow(
                id=named(row["proposal"]).key[1],
                run=named(said["run"]).key[0],
                key=said["key"],
                fact_id=said["fact_id"],
                content=said["label"],
                agent=said["agent"],
                status=status,
                rule=row["rule"],
                reason=row["reason"],
                seq=row["seq"],
            )
            for row in rows
            if (said := row["said"])  # a redacted copy may not say what was proposed
        ]

    async def checkpoints(self, before: int | None) -> list[CheckpointRow]:
        """Returns what was signed of the ledger, newest first."""
        rows = await self._newest(
            "id, size, root, operator, at, seq FROM checkpoint", "", {}, self._until(before)
        )
        return [
            CheckpointRow(
                row["size"], row["root"], named(row["operator"]).key[0], row["at"], row["seq"]
            )
            for row in rows
        ]

    # What they have in common.

    def _until(self, before: int | None, last: int | None = None) -> int:
        last = self._seq if last is None else last
        return last if before is None else min(last, before - 1)

    async def _newest(
        self, rows: str, where: str, values: dict[str, Any], until: int, *, long: bool = False
    ) -> list[dict[str, Any]]:
        """Returns the newest rows up to record ``until``, about :data:`MAX_ROWS` of them.

        They are ordered by a number that no index knows: where an index does, the engine takes the
        first rows that it meets and only then sorts them.
        """
        found: list[dict[str, Any]] = []
        width = WINDOW
        while until >= 0 and len(found) < MAX_ROWS:
            most = MAX_ROWS - len(found)
            if long and width > WINDOW:
                await self._pause()
            found += await self._window(rows, where, values, (until - width, until, most))
            until, width = until - width, min(width * 4, WIDEST)
        if len(found) < MAX_ROWS:
            return found
        last = int(found[-1]["seq"])  # a page ends with all rows of its last record
        ties = await self._window(rows, where, values, (last - 1, last, MANY))
        return [*(row for row in found if row["seq"] > last), *ties]

    async def _window(
        self, rows: str, where: str, values: dict[str, Any], window: tuple[int, int, int]
    ) -> list[dict[str, Any]]:
        after, until, most = window
        [found] = await self._connection.ask(
            f"SELECT -seq AS place, {rows} WHERE {where} seq > $after AND seq <= $until "
            "AND record::id(id)[0] = $desk ORDER BY place, id LIMIT $most;",
            {
                **values,
                "after": after,
                "until": until,
                "most": most,
                "desk": self._desk,
                "first": max(after + 1, 0) // STRETCH,
                "last": until // STRETCH,
            },
        )
        return list(found)


def _made(key: str = "") -> str:
    """Returns what the facts of a window are read from: those that its stretches list."""
    keys = ("$key",) if key else tuple(f"'{one.value}'" for one in ContextKey)
    ranges = (f"stretch:[$desk, {one}, $first]..=[$desk, {one}, $last]" for one in keys)
    return f"array::flatten((SELECT VALUE facts FROM {', '.join(ranges)}))"  # noqa: S608 - ours


def _seen(sees: Standpoint, correction: dict[str, Any]) -> bool:
    scope = CorrectionScope(kind=ScopeKind(correction["scope"]), name=correction["whose"])
    return sees.sees(scope)


def _promoted(row: dict[str, Any]) -> ProposalRow:
    fact = _fact(row)
    return ProposalRow(
        id=named(row["proposal"]).key[1],
        run=fact.run,
        key=fact.key,
        fact_id=fact.fact_id,
        content=fact.content,
        agent=fact.byline,
        status=PROMOTED,
        rule="",
        reason="",
        seq=fact.seq,
    )


def _fact(row: dict[str, Any]) -> FactRow:
    run, fact_id = named(row["id"]).key
    return FactRow(
        run=run,
        key=row["key"],
        fact_id=fact_id,
        content=row["label"],
        byline=row["byline"],
        approver=row["approver"],
        seq=row["seq"],
    )
