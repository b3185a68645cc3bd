"""One connection to the database, embedded or a server's, and every answer looked at.

Rules, each from a measured trap: the async API only (the blocking one holds the interpreter's lock
for the whole question); the raw answer with every statement's status checked (the package's own
call looks at the first alone); one question at a time, because concurrent transactions lose
updates.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from surrealdb import AsyncSurreal, RecordID, SurrealError
from websockets.exceptions import WebSocketException

from converge_desktop.adapters.surreal.address import Place, Server
from converge_desktop.adapters.surreal.values import Ref, request

os.environ.setdefault("SURREAL_SURREALKV_MAX_VALUE_CACHE_SIZE", "4194304")
# So many bytes of what it has read the embedded engine keeps; without a word it would be half of
# the machine's memory, and questions are answered no faster. It looks at that once.
_ENGINE = (SurrealError, RuntimeError)
"""What the package raises: errors of its own, and bare ones from the engine inside it."""
_UNTOLD = "The query was not executed"
_NETWORK = (OSError, TimeoutError, WebSocketException)


class StoreProblem(Exception):
    """The database could not answer; it can be rebuilt from the ledger."""


class StoreUnreachable(StoreProblem):
    """The server that holds the database is not there; what it holds is untouched."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the package sends it: its number, and its bytes."""

    id: str
    WS_CBOR_DESCRIPTOR: bytes


class Connection:
    """A connection to ``place``, whose rows are those of ``desk``; used on one event loop.

    Attributes:
        cut: whether the embedded engine found its file damaged as it was opened: it then cuts off
            what it cannot read, with all that follows, and says no word of it.
    """

    def __init__(self, place: Place, desk: str) -> None:
        self._place = place
        self._desk = desk
        self._db: Any = None
        self._turn = asyncio.Lock()
        self._numbers = count(1)
        self.cut = False

    def __str__(self) -> str:
        return str(self._place)

    @property
    def shared(self) -> bool:
        """Whether others may write there too."""
        return isinstance(self._place, Server)

    @property
    def stood(self) -> bool:
        """Whether something is there already, as far as can be known without a connection."""
        return isinstance(self._place, Server) or self._place.exists()

    async def open(self) -> None:
        """Connects.

        Raises:
            StoreProblem: if that cannot be done.
        """
        if isinstance(self._place, Server):
            await self._sign_in(self._place)
        else:
            await self._open_directory(self._place)

    async def _open_directory(self, directory: Path) -> None:
        directory.parent.mkdir(parents=True, exist_ok=True)
        size = _size(directory)
        try:
            self._db = AsyncSurreal(f"surrealkv://{directory}")
            await self._db.connect()
            await self._db.use("converge", "desk")
        except _ENGINE as error:
            raise StoreProblem(f"the database does not open: {error}") from error
        self.cut = _size(directory) < size

    async def _sign_in(self, server: Server) -> None:
        async with self._reached():
            self._db = AsyncSurreal(server.url)
            async with asyncio.timeout(server.patience):
                await self._db.connect()
        try:
            async with self._reached(), asyncio.timeout(server.patience):
                await self._db.signin(server.credentials())
                await self._db.use(server.namespace, server.database)
        except _ENGINE as error:
            await self.close()
            why = str(error).replace(server.password, "…")  # whatever a server says of it
            raise StoreUnreachable(
                f"the database server {server} does not let {server.user!r} in: {why}"
            ) from None

    def question(self, statements: str, values: dict[str, Any] | None = None) -> Question:
        """Returns a question, encoded, to be sent when its turn comes."""
        number = next(self._numbers)
        return Question(str(number), request(number, statements, values or {}, self._desk))

    async def ask(self, statements: str, values: dict[str, Any] | None = None) -> list[Any]:
        """Returns the result of each statement.

        Raises:
            StoreProblem: if any of them failed, wherever it stands.
        """
        return await self.send(self.question(statements, values))

    async def send(self, question: Question) -> list[Any]:
        """Asks, and returns the result of each statement.

        Raises:
            StoreProblem: if any of them failed, wherever it stands.
        """
        if self._db is None:
            raise StoreProblem("the database is closed")
        async with self._turn:
            try:
                async with self._reached():
                    # The package's own way in takes the encoding upon itself, six times as slow.
                    answer = await self._db._send(question, "query", bypass=True)  # noqa: SLF001
            except _ENGINE as error:
                raise StoreProblem(f"the database refused a question: {error}") from error
        results = answer.get("result")
        if not isinstance(results, list):
            raise StoreProblem(f"the database refused a question: {answer.get('error')}")
        bad = [str(result["result"]) for result in results if result["status"] != "OK"]
        if bad:  # of a transaction that failed, each statement says so; one says why
            why = next((one for one in bad if not one.startswith(_UNTOLD)), bad[0])
            raise StoreProblem(f"the database refused a statement: {why}")
        return [result["result"] for result in results]

    async def close(self) -> None:
        """Closes the connection. Safe to call twice."""
        db, self._db = self._db, None
        if db is not None:
            with contextlib.suppress(*_NETWORK, asyncio.CancelledError):
                await db.close()

    async def remove(self) -> None:
        """Closes, and removes the directory that the embedded engine wrote."""
        await self.close()
        if isinstance(self._place, Server):
            return
        if self._place.is_dir():
            shutil.rmtree(self._place)
        else:
            self._place.unlink(missing_ok=True)

    @contextlib.asynccontextmanager
    async def _reached(self) -> AsyncIterator[None]:
        """Turns what a network does into one kind of error.

        Where a connection breaks, the package cancels what was asked over it, and then misses it
        in its own list; the first is told from a cancellation of this task by whether anybody
        asked for one.
        """
        try:
            yield
        except _NETWORK as error:
            raise self._unreachable(error) from error
        except (asyncio.CancelledError, KeyError) as error:
            task = asyncio.current_task()
            if not self.shared or (task is not None and task.cancelling()):
                raise
            raise self._unreachable(ConnectionError("the connection broke")) from error

    def _unreachable(self, error: BaseException) -> StoreUnreachable:
        why = str(error) or "it does not answer"
        return StoreUnreachable(
            f"the database server {self._place} cannot be reached ({why}). Facts are not searched "
            "until it is there again; everything else goes on, and nothing is lost."
        )


def _size(directory: Path) -> int:
    """Returns how long the embedded engine's files are."""
    return sum(one.stat().st_size for one in directory.glob("clog/*"))


def named(record: RecordID) -> Ref:
    """Returns a record of this desk by its key: ids are lists that begin with the desk."""
    assert isinstance(record.id, list)
    return Ref(record.table_name, tuple(map(str, record.id[1:])))
