"""The one thread with the event loop that the database's async API needs; a serial writer.

The view follows the ledger from behind. It is checked against the ledger at start and filled again
if it does not fit; while that goes on, the rest of the desk is usable, and who asks hears how far
it is. A server that is not there is tried again now and then.

How it stands, in a word: ``opening``, ``filling``, ``ready``, ``unreachable`` (a server, which is
tried again) or ``failed``.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from converge_core.errors import LedgerCorrupt
from converge_core.ledger import Entry
from converge_desktop.runtime.store_history import Misfit, desk_of, following
from converge_desktop.runtime.store_memory import give_back
from converge_desktop.runtime.store_trouble import Closing, being_filled, being_opened
from converge_desktop.runtime.store_turn import Turn

if TYPE_CHECKING:
    from converge_desktop.adapters.surreal import (
        CheckpointRow,
        DecisionRow,
        FactRow,
        Place,
        ProposalRow,
        SurrealView,
        Walk,
    )

T = TypeVar("T")
LineageEdges = tuple[list[tuple[str, str, str]], dict[str, str]]

STEP = 500
"""Records that are added at a time; between two steps the desk may close."""
RETRY_S = 30.0
"""Seconds until a server that was not there is tried again."""
BREATH_S = 0.1
"""Seconds between two steps of filling the view that are left to what is more urgent."""
PATIENCE_S = 5.0
"""Seconds that a question waits for a view that is being opened or filled."""


def _tell_nobody(*_: object) -> None:
    pass


class StoreThread:
    """Keeps the database up with the ledger and answers questions from it.

    Args:
        place: where the database lies: a directory, or a server; or what finds that out, which is
            called on this thread, each time the database is opened.
        history: reads the ledger from its first record.
        changed: called on this thread with the state in a word and the sequence reached.
        progress: called on this thread with the records added and those there are, while the view
            is being filled.
        last: the number of the ledger's last record; without it, what is known so far counts.
        since: reads the ledger from a record on; without it, it is read from its first.
        trouble: called on this thread with what is wrong in a sentence, before ``changed`` tells of
            it; and with nothing once it is mended.
        urgent: whether something else is at work that matters more; the view is filled slowly then.
    """

    def __init__(
        self,
        place: Place | Callable[[], Place],
        history: Callable[[], Iterable[Entry]],
        changed: Callable[[str, int], None],
        *,
        progress: Callable[[int, int], None] = _tell_nobody,
        last: Callable[[], int] | None = None,
        since: Callable[[int], Iterable[Entry]] | None = None,
        trouble: Callable[[str], None] = _tell_nobody,
        urgent: Callable[[], bool] = lambda: False,
    ) -> None:
        self._place = place
        self._embedded = isinstance(place, Path)
        self._history = history
        self._changed = changed
        self._progress = progress
        self._last = last or (lambda: -1)
        self._since = since or (lambda _: history())
        self._view: SurrealView | None = None
        self._tell_trouble = trouble
        self._urgent = urgent
        self._trouble: Exception = being_opened()
        self._opening: asyncio.Task[Any] | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._retrying: asyncio.Task[None] | None = None
        self._questions: set[asyncio.Task[Any]] = set()
        self._closed = False
        self._closing = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._turn = Turn()
        self._thread = threading.Thread(target=self._serve, name="store")
        self._thread.start()
        self._ask(self._open())

    def follow(self, entries: Sequence[Entry]) -> None:
        """Adds entries that the ledger has just made durable."""
        if not self._closed:
            self._ask(self._follow(entries))

    def rebuild(self) -> Future[None]:
        """Throws the view away and fills it again from the ledger.

        One that could not be opened is tried again, wherever it is said to be by now.
        """
        return self._ask(self._rebuild())

    # Questions; each answers with the ledger sequence it reflects.

    def facts(
        self, key: str, text: str, before: int | None = None
    ) -> Future[tuple[list[FactRow], int]]:
        """Asks for facts of all runs, newest first."""
        return self._ask(self._answer(lambda view: view.facts(key, text, before)))

    def as_of(
        self, seq: int, run: str = "", key: str = "", before: int | None = None
    ) -> Future[tuple[list[FactRow], int]]:
        """Asks for the facts that stood at record ``seq``, of one run or of all."""

        async def ask(view: SurrealView) -> tuple[list[FactRow], int]:
            return await view.as_of(seq, run, key, before)

        return self._ask(self._asked(ask))

    def lineage(self, table: str, name: str) -> Future[tuple[LineageEdges, int]]:
        """Asks what a row came from."""
        return self._ask(self._answer(lambda view: view.lineage(table, name)))

    def blast_radius(self, table: str, name: str) -> Future[tuple[Walk, int]]:
        """Asks what rests on a row, directly or through others."""
        return self._ask(self._answer(lambda view: view.blast_radius(table, name)))

    def decisions_by(
        self, operator: str, before: int | None = None
    ) -> Future[tuple[list[DecisionRow], int]]:
        """Asks what a person decided, newest first."""
        return self._ask(self._answer(lambda view: view.decisions_by(operator, before)))

    def proposals(
        self, status: str, before: int | None = None
    ) -> Future[tuple[list[ProposalRow], int]]:
        """Asks which proposals stand so, newest first."""
        return self._ask(self._answer(lambda view: view.proposals(status, before)))

    def checkpoints(self, before: int | None = None) -> Future[tuple[list[CheckpointRow], int]]:
        """Asks what was signed of the ledger, newest first."""
        return self._ask(self._answer(lambda view: view.checkpoints(before)))

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

    # How it is filled, at the start and whenever it has to be.

    async def _open(self) -> None:
        async with self._turn:
            if self._view is None:
                await self._fill(anew=False)

    async def _rebuild(self) -> None:
        async with self._turn:
            await self._fill(anew=True)
            await self._ready()

    async def _fill(self, *, anew: bool) -> None:
        """Opens the view and has it catch up; ``anew`` throws away what it holds."""
        # Imported here, on this thread: it takes a fifth of a second.
        from converge_desktop.adapters.surreal import (  # noqa: PLC0415
            StoreUnreachable,
            SurrealView,
        )

        if self._closing.is_set():
            self._trouble = Closing()
            return
        if not isinstance(self._trouble, StoreUnreachable):  # that stands until it is there again
            self._trouble = being_opened()
            self._changed("opening", -1)
        self._opening = asyncio.current_task()
        before, self._view = self._view, None
        try:
            view = before or SurrealView(self._found(), desk_of(self._history()), self._pause)
            await self._filled(view, opened=before is not None, anew=anew)
        except StoreUnreachable as error:
            self._lose(error)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - it answers every question
            given_up = Closing() if isinstance(error, asyncio.CancelledError) else error
            self._trouble = given_up
            if not isinstance(given_up, Closing):
                self._tell_trouble(str(error))
                self._changed("failed", -1)
        else:
            self._view = view
            self._trouble = being_opened()
            self._tell_trouble("")
            self._changed("ready", view.seq)
            give_back()
            if before is None and not anew:
                self._keep(self._loop.create_task(self._count(view)))
        finally:
            self._opening = None

    def _found(self) -> Place:
        place = self._place() if callable(self._place) else self._place
        self._embedded = isinstance(place, Path)
        return place

    async def _filled(self, view: SurrealView, *, opened: bool, anew: bool) -> None:
        """Has ``view`` hold just what the ledger says, or leaves it closed."""
        from converge_desktop.adapters.surreal import StoreUnreachable  # noqa: PLC0415

        try:
            try:
                if not opened:
                    await view.open()
                if anew:
                    await view.discard()
                await self._catch_up(view)
            except (Closing, StoreUnreachable, LedgerCorrupt, OSError):
                raise
            except Exception:  # noqa: BLE001 - whatever is wrong with a view, filling it again mends
                await view.discard()
                await self._catch_up(view)
        except BaseException:
            await view.close()
            raise

    async def _catch_up(self, view: SurrealView) -> None:
        """Adds what is missing, step by step; a view that does not fit the ledger starts anew."""

        def told(seq: int) -> None:
            done, total = seq + 1, max(seq, self._last()) + 1
            if self._view is None:
                self._trouble = being_filled(done, total)
            self._progress(done, total)

        if self._view is None:
            self._trouble = being_filled(view.seq + 1, self._last() + 1)
            self._changed("filling", view.seq)
        try:
            missing = following(self._since(max(view.seq, 0)), view.seq, view.head)
            await view.apply(self._until_closing(missing), STEP, told)
        except Misfit:
            await view.discard()
            await view.apply(self._until_closing(self._history()), STEP, told)

    def _until_closing(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for number, entry in enumerate(entries):
            if number % STEP == 0 and self._closing.wait(BREATH_S if self._urgent() else 0):
                raise Closing
            yield entry

    async def _follow(self, entries: Sequence[Entry]) -> None:
        async with self._turn:
            view = self._view
            if view is None:
                return  # whoever opens it reads the ledger to its end
            fresh = [entry for entry in entries if entry.head.seq > view.seq]
            first = fresh[0].head if fresh else None
            try:
                if first and (first.seq, first.prev) == (view.seq + 1, view.head or first.prev):
                    await view.apply(fresh)
                elif fresh:
                    await self._catch_up(view)
            except Exception as error:  # noqa: BLE001 - a view is mended by filling it again
                if not await self._lost(error):
                    await self._fill(anew=True)
                return
            self._changed("ready", view.seq)

    async def _count(self, view: SurrealView) -> None:
        """Fills the view again if rows are missing from it, once it is known."""
        async with self._turn:
            if self._view is not view:
                return
            try:
                whole = await view.whole()
            except Exception as error:  # noqa: BLE001 - it is looked at; who asks hears of it
                await self._lost(error)
                return
            if not whole:
                await self._fill(anew=True)

    # How it answers.

    async def _answer(self, ask: Callable[[SurrealView], Awaitable[T]]) -> tuple[T, int]:
        async def with_seq(view: SurrealView) -> tuple[T, int]:
            reflected = view.seq  # a long question lets others add to it
            return await ask(view), reflected

        return await self._asked(with_seq)

    async def _asked(self, ask: Callable[[SurrealView], Awaitable[T]]) -> T:
        task = asyncio.current_task()
        assert task is not None
        self._keep(task)
        try:
            await self._take_turn()
            return await ask(await self._ready())
        except Exception as error:
            await self._lost(error)
            raise
        finally:
            self._turn.leave()

    def _keep(self, task: asyncio.Task[Any]) -> None:
        """Has closing wait for a task."""
        self._questions.add(task)
        task.add_done_callback(self._questions.discard)

    async def _take_turn(self) -> None:
        while not await self._turn.taken_within(PATIENCE_S):
            await self._ready()  # whoever is before us may be filling it

    async def _pause(self) -> None:
        """Lets others have their turn in the midst of a long question."""
        self._turn.leave()
        await self._take_turn()
        await self._ready()

    async def _ready(self) -> SurrealView:
        if self._view is None:
            raise self._trouble
        return self._view

    # A server that is not there.

    async def _lost(self, error: Exception) -> bool:
        """Takes in an error; returns whether it says that the server is gone."""
        from converge_desktop.adapters.surreal import StoreUnreachable  # noqa: PLC0415

        if not isinstance(error, StoreUnreachable):
            return False
        view, self._view = self._view, None
        if view is not None:
            await view.close()
            self._lose(error)
        return True

    def _lose(self, error: Exception) -> None:
        """Answers with ``error`` from now on, and tries the server again in a while."""
        self._trouble = error
        self._tell_trouble(str(error))
        self._changed("unreachable", -1)
        if self._retry is not None:
            self._retry.cancel()
        if not self._closing.is_set():
            self._retry = self._loop.call_later(RETRY_S, self._try_again)

    def _try_again(self) -> None:
        self._retrying = self._loop.create_task(self._open())

    async def _shut(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
        if self._opening is not None and not self._embedded:
            self._opening.cancel()  # a server may take its time to answer, or never do
        async with self._turn:
            view, self._view = self._view, None
            self._trouble = Closing()
            if view is not None:
                await view.close()
        await asyncio.gather(*self._questions, return_exceptions=True)
