"""Whose turn it is to use the database: one task at a time, in the order in which they ask."""

from __future__ import annotations

import asyncio
from typing import Any


class Turn:
    """A lock that knows who holds it, so that only they give it up."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> None:
        await self._lock.acquire()
        self._holder = asyncio.current_task()

    async def __aexit__(self, *_: object) -> None:
        self.leave()

    async def taken_within(self, seconds: float) -> bool:
        """Waits so long for this task's turn; returns whether it has come."""
        try:
            async with asyncio.timeout(seconds):
                await self.__aenter__()
        except TimeoutError:
            return False
        return True

    def leave(self) -> None:
        """Gives up this task's turn, if it has one."""
        if self._holder is not None and self._holder is asyncio.current_task():
            self._holder = None
            self._lock.release()
