"""SurrealDB as a view of the ledger: filled from it, answering from it, and never the truth.

Rows and the head they reflect are one transaction; there is one serial writer. The embedded engine
opens a torn or damaged file with what comes before the damage, and no word of it. A database that
does not fit its file, its head, or the ledger is thrown away and filled again:

- at opening: that its file was not cut shorter, which the engine does where it cannot read on; that
  there is a head of this format, which is written last in each transaction, so that all that comes
  before it is there; and that no transaction was begun that the head does not tell of;
- by whoever fills it: that the head is a record of the ledger;
- that there are as many rows as the head counts: at opening while they are few (:data:`FEW`), by
  :meth:`SurrealView.whole` where counting would take its time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

from converge_core.ledger import Entry
from converge_desktop.adapters.surreal.address import Place
from converge_desktop.adapters.surreal.answers import (
    CheckpointRow,
    DecisionRow,
    FactRow,
    ProposalRow,
    Walk,
)
from converge_desktop.adapters.surreal.asking import Asking
from converge_desktop.adapters.surreal.connection import (
    Connection,
    Question,
    StoreUnreachable,
    named,
)
from converge_desktop.adapters.surreal.filling import Filling, portions, until_of
from converge_desktop.adapters.surreal.schema import (
    ANEW,
    COUNTED,
    FORMAT,
    MADE,
    SCHEMA,
    TABLES,
)
from converge_desktop.adapters.surreal.walking import Walking, ref

BATCH = 500
"""Records in one transaction."""
FEW = 20_000
"""So many rows are counted at opening: in some hundredths of a second."""
ALONE = "desk"
"""What rows are keyed by where nobody said which desk they are of."""


async def _go_on() -> None:
    """Has a long question go on without a pause."""


class SurrealView:
    """A database at ``place``, filled from the ledger entries of ``desk``.

    All methods belong on one event loop. A long question waits for ``pause`` now and then, so that
    others may have their turn; it answers as of the record that was the last when it was asked.

    Attributes:
        seq: the last record it reflects; -1 while there is none.
        head: the hash of that record.
    """

    def __init__(
        self,
        place: Place,
        desk: str = ALONE,
        pause: Callable[[], Awaitable[None]] = _go_on,
    ) -> None:
        self._desk = desk
        self._pause = pause
        self._connection = Connection(place, desk)
        self._filling = Filling(self._connection, desk)
        self.seq = -1
        self.head = ""

    async def open(self) -> None:
        """Opens the database, or makes it; afterwards :attr:`seq` says how far it reaches.

        Rows that cannot be placed are thrown away: those without a head of this format beside
        them, those whose file was damaged, and those that are not as many as their head says,
        where that is soon counted.

        Raises:
            StoreProblem: if it cannot be opened.
        """
        stood = self._connection.stood
        await self._connect()
        if (self._connection.cut or not await self._placed()) and stood:
            await self.discard()

    async def discard(self) -> None:
        """Throws the rows of this desk away, and begins with none."""
        self.seq, self.head = -1, ""
        self._filling.bases.clear()
        if not self._connection.shared:
            await self._connection.remove()
            await self._connect()
            return
        mine = "[$discarding, NONE]..[$discarding, {}]"
        for table in ("head", *TABLES):  # without a head, what is left has no place
            await self._ask(f"DELETE {table}:{mine};", {"discarding": self._desk})

    async def apply(
        self,
        entries: Iterable[Entry],
        portion: int = BATCH,
        told: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Adds what ``entries`` say, as far as they follow :attr:`seq`.

        Args:
            entries: in order; read on while the database is at work.
            portion: how many of them make one transaction.
            told: called with the last sequence number of each that is done.
        """
        writing: asyncio.Task[None] | None = None
        head = self.head
        try:
            for batch in portions(_after(self.seq, entries), portion):
                page = await self._filling.page(batch, writing)
                question = self._filling.writing(page, head, batch[-1])
                head = batch[-1].hash
                if writing is not None:
                    await writing
                    told(self.seq)
                writing = asyncio.create_task(self._write(question, batch[-1]))
                await asyncio.sleep(0)  # it is under way while the next is read
        finally:
            if writing is not None:
                await writing
        if writing is not None:
            told(self.seq)

    async def close(self) -> None:
        """Closes the database. Safe to call twice."""
        await self._connection.close()

    # Questions; each answer reflects the ledger up to :attr:`seq`.

    async def facts(self, key: str, text: str, before: int | None = None) -> list[FactRow]:
        """Returns facts of all runs, newest first; empty arguments match everything.

        From :data:`~.asking.MAX_ROWS` on there may be more, ``before`` the record of the last.
        """
        return await self._asking().facts(key, text, before)

    async def as_of(
        self, seq: int, run: str = "", key: str = "", before: int | None = None
    ) -> tuple[list[FactRow], int]:
        """Returns the facts that stood at record ``seq``, newest first, and what that reflects.

        With a ``run``: of its context, as seen from it. Without: of all runs, each as seen from
        the run that made it.
        """
        return await self._asking().as_of(seq, run, key, before)

    async def decisions_by(self, operator: str, before: int | None = None) -> list[DecisionRow]:
        """Returns what the person of that id decided, newest first."""
        return await self._asking().decisions_by(operator, before)

    async def proposals(self, status: str, before: int | None = None) -> list[ProposalRow]:
        """Returns the proposals that stand so (:data:`~.rows.STATUSES`), newest first."""
        return await self._asking().proposals(status, before)

    async def checkpoints(self, before: int | None = None) -> list[CheckpointRow]:
        """Returns what was signed of the ledger, newest first."""
        return await self._asking().checkpoints(before)

    async def lineage(
        self, table: str, name: str
    ) -> tuple[list[tuple[str, str, str]], dict[str, str]]:
        """Returns the edges up from a row, nearest first, and a label for each id in them."""
        walk = await self.grounds(table, name)
        return list(walk.edges), walk.labels

    async def grounds(self, table: str, name: str) -> Walk:
        """Returns what a row came from, down to what was read from the world."""
        return await self._walking().lineage(ref(table, name))

    async def blast_radius(self, table: str, name: str) -> Walk:
        """Returns what rests on a row, directly or through others, and the runs it is in."""
        return await self._walking().radius(ref(table, name))

    def _asking(self) -> Asking:
        return Asking(self._connection, self._desk, self.seq, self._pause)

    def _walking(self) -> Walking:
        return Walking(self._connection, self._desk, self.seq, self._pause)

    # How it is opened.

    async def _connect(self) -> None:
        await self._connection.open()
        [found] = await self._ask(f"SELECT VALUE format FROM {MADE}:tables;")  # noqa: S608 - ours
        made = max(found, default=FORMAT)
        if made > FORMAT and self._connection.shared:
            raise StoreUnreachable(
                f"the database server {self._connection} holds tables of a newer version of this "
                "app, which other desks use. Update this one, or name another database in "
                "view.toml; everything but the database's answers goes on"
            )
        await self._ask(ANEW if made < FORMAT else SCHEMA)

    async def _placed(self) -> bool:
        """Reads how far the rows reach; False where that cannot be told."""
        values = {"desk": self._desk}
        found, begun = await self._ask(
            "SELECT * FROM head:[$desk, NONE]..[$desk, {}];"
            "SELECT VALUE seq FROM begun:[$desk, NONE]..[$desk, {}];",
            values,
        )
        if not found or found[0].get("format") != FORMAT or begun != [found[0].get("seq")]:
            return False
        if not (self._large(rows := found[0].get("rows")) or await self._count() == rows):
            return False
        [runs] = await self._ask(
            "SELECT id, continues, forked_at FROM run:[$desk, NONE]..[$desk, {}] WHERE continues;",
            values,
        )
        for run in runs:
            base = named(run["continues"]).key[0], until_of(run.get("forked_at"))
            self._filling.bases[named(run["id"]).key[0]] = base
        self.seq, self.head = int(found[0]["seq"]), str(found[0]["hash"])
        return True

    def _large(self, rows: object) -> bool:
        """Whether rows are too many to be counted at opening, or are others' to care for."""
        return self._connection.shared or (isinstance(rows, int) and rows > FEW)

    async def whole(self) -> bool:
        """Whether all rows are there that the head says were written."""
        if self._connection.shared:
            return True
        [rows] = await self._ask(
            "SELECT VALUE rows FROM head:[$desk, NONE]..[$desk, {}];", {"desk": self._desk}
        )
        return bool(rows == [await self._count()])

    async def _count(self) -> int:
        """Returns how many rows there are, but for those that come and go."""
        counted = await self._ask(
            "".join(
                f"SELECT VALUE count FROM (SELECT count() FROM {one} GROUP ALL);"  # noqa: S608 - ours
                for one in COUNTED
            )
        )
        return sum(number for numbers in counted for number in numbers)

    async def _write(self, question: Question, last: Entry) -> None:
        await self._connection.send(question)
        self.seq, self.head = last.head.seq, last.hash

    async def _ask(self, statements: str, values: dict[str, Any] | None = None) -> list[Any]:
        return await self._connection.ask(statements, values)


def _after(seq: int, entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yields the entries that come after record ``seq``, each once."""
    for entry in entries:
        if entry.head.seq > seq:
            seq = entry.head.seq
            yield entry
