"""A database server on loopback for tests: the embedded engine behind a real websocket.

What it is asked goes byte for byte to an engine in memory, and the answers back; only signing in,
which the embedded engine does not know, is its own. It is no SurrealDB server: versions, limits and
permissions of one are not tested by it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import websockets
from surrealdb._surrealdb_ext import AsyncEmbeddedDB
from surrealdb.data.cbor import decode, encode
from websockets.asyncio.server import Server as Listener
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

T = TypeVar("T")
USER, PASSWORD = "converge", "s3cret"


class DatabaseServer:
    """A server on a port of its own; :meth:`stop` it and :meth:`start` it again as often as wanted.

    What it holds stays while it is stopped.

    Attributes:
        signed_in: what was signed in with, in order.
        breaks: after how many more answers a connection breaks before the next is given; None for
            never.
        loses: whether what was asked then is not done either.
    """

    def __init__(self) -> None:
        self.signed_in: list[dict[str, Any]] = []
        self.breaks: int | None = None
        self.loses = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._listener: Listener | None = None
        self._port = 0
        self._engine = AsyncEmbeddedDB("mem://")
        self._do(self._connected())
        self.start()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._listener = self._do(self._listen())
        self._port = next(iter(self._listener.sockets)).getsockname()[1]

    def stop(self) -> None:
        """Closes the port and every connection."""

        async def stop() -> None:
            if self._listener is not None:
                self._listener.close()
                await self._listener.wait_closed()

        self._do(stop())

    def asked(self, statement: str) -> list[Any]:
        """Returns what the engine answers to a statement, past any connection."""
        message = {"id": "1", "method": "query", "params": [statement, {}]}
        answer = decode(self._do(self._answered(encode(message), "1")))
        return list(answer["result"][0]["result"])

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _connected(self) -> None:
        await self._engine.connect()

    async def _listen(self) -> Listener:
        return await serve(
            self._serve,
            "127.0.0.1",
            self._port,
            subprotocols=[websockets.Subprotocol("cbor")],
            max_size=None,
        )

    async def _serve(self, connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            await self._answer_all(connection)

    async def _answer_all(self, connection: ServerConnection) -> None:
        signed_in = False
        async for asked in connection:
            assert isinstance(asked, bytes)
            message = decode(asked)
            if message["method"] == "signin":
                self.signed_in.append(message["params"][0])
                given = message["params"][0]
                signed_in = (USER, PASSWORD) == (given.get("user"), given.get("pass"))
                answer = {"result": "token"} if signed_in else _error(f"no {given} here")
            elif not signed_in:
                answer = _error("sign in first")
            else:
                breaking = self._breaking()
                if not (breaking and self.loses):
                    answered = await self._answered(asked, message["id"])
                if breaking:
                    connection.transport.abort()
                    return
                await connection.send(answered)
                continue
            await connection.send(encode({"id": message["id"], **answer}))

    def _breaking(self) -> bool:
        if self.breaks is None:
            return False
        self.breaks -= 1
        if self.breaks >= 0:
            return False
        self.breaks = None
        return True

    async def _answered(self, asked: bytes, name: str) -> bytes:
        try:
            return bytes(await self._engine.execute(asked))
        except RuntimeError as error:
            return encode({"id": name, **_error(str(error))})


def _error(message: str) -> dict[str, Any]:
    return {"error": {"code": -32000, "message": message}}
