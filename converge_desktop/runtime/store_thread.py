"""The one thread with the event loop that the database's async API needs; a serial writer.

The view follows the ledger from behind. It is checked against the ledger at start and filled again
if it does not fit; while that goes on, the rest of the desk is usable.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from converge_core.ledger import Entry

if TYPE_CHECKING:
    from converge_desktop.adapters.surreal import FactRow, SurrealView

T = TypeVar("T")
LineageEdges = tuple[list[tuple[str, str, str]], dict[str, str]]


STEP = 200
"""Records that are added at a time; between two steps the desk may close."""


class Closing(Exception):
    """The desk closes while the view is being filled; the next start goes on."""

    def __init__(self) -> None:
        super().__init__("the desk is closing")


class StoreThread:
    """Keeps the database up with the ledger and answers questions from it.

    Args:
        directory: where the database lies.
        history: reads the ledger from its first record.
        changed: called on this thread with the state in a word and the sequence reached.
    """

    def __init__(
        self,
        directory: Path,
        history: Callable[[], Iterable[Entry]],
        changed: Callable[[str, int], None],
    ) -> None:
        self._directory = directory
        self._history = history
        self._changed = changed
        self._view: SurrealView | None = None
        self._trouble: Exception = RuntimeError("the database is not open")
        self._closed = False
        self._closing = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._turn = asyncio.Lock()
        self._thread = threading.Thread(target=self._serve, name="store")
        self._thread.start()
        self._ask(self._open())

    def follow(self, entries: Sequence[Entry]) -> None:
        """Adds entries that the ledger has just made durable."""
        if not self._closed:
            self._ask(self._follow(entries))

    def facts(self, key: str, text: str) -> Future[tuple[list[FactRow], int]]:
        """Asks for facts of all runs; answers with the ledger sequence they reflect."""
        return self._ask(self._facts(key, text))

    def lineage(self, table: str, name: str) -> Future[tuple[LineageEdges, int]]:
        """Asks what a row came from."""
        return self._ask(self._lineage(table, name))

    def close(self) -> None:
        """Closes the database and ends the thread. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._closing.set()
        self._ask(self._shut()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _ask(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _open(self) -> None:
        # Imported here, on this thread: it takes a fifth of a second.
        from converge_desktop.adapters.surreal import SurrealView  # noqa: PLC0415

        async with self._turn:
            view = SurrealView(self._directory)
            self._changed("filling", -1)
            try:
                await self._fill(view)
            except Exception as error:  # noqa: BLE001 - it is the answer to every question
                self._trouble = error
                if not isinstance(error, Closing):
                    self._changed("failed", -1)
                return
            self._view = view
            self._changed("ready", view.seq)

    async def _fill(self, view: SurrealView) -> None:
        try:
            await view.open()
            await _catch_up(view, self._history, self._closing.is_set)
        except Closing:
            await view.close()
            raise
        except Exception:  # noqa: BLE001 - whatever is wrong with a view, filling it again mends
            await view.discard()
            await _catch_up(view, self._history, self._closing.is_set)

    async def _follow(self, entries: Sequence[Entry]) -> None:
        async with self._turn:
            view = await self._ready()
            fresh = [entry for entry in entries if entry.head.seq > view.seq]
            if fresh and fresh[0].head.seq == view.seq + 1:
                await view.apply(fresh)
            elif fresh:
                await _catch_up(view, self._history, self._closing.is_set)
            self._changed("ready", view.seq)

    async def _facts(self, key: str, text: str) -> tuple[list[FactRow], int]:
        async with self._turn:
            view = await self._ready()
            return await view.facts(key, text), view.seq

    async def _lineage(self, table: str, name: str) -> tuple[LineageEdges, int]:
        async with self._turn:
            view = await self._ready()
            return await view.lineage(table, name), view.seq

    async def _ready(self) -> SurrealView:
        if self._view is None:
            raise self._trouble
        return self._view

    async def _shut(self) -> None:
        async with self._turn:
            if self._view is not None:
                await self._view.close()


async def _catch_up(
    view: SurrealView, history: Callable[[], Iterable[Entry]], closing: Callable[[], bool]
) -> None:
    """Adds what is missing, batch by batch; a view that does not fit the ledger starts anew."""
    if view.seq >= 0 and not _fits(view, history()):
        await view.discard()
    batch: list[Entry] = []
    for entry in history():
        if entry.head.seq > view.seq:
            batch.append(entry)
        if len(batch) == STEP:
            if closing():
                raise Closing
            await view.apply(batch)
            batch = []
    await view.apply(batch)


def _fits(view: SurrealView, history: Iterable[Entry]) -> bool:
    return any(entry.head.seq == view.seq and entry.hash == view.head for entry in history)
