"""Whose turn it is to use the database: one task at a time, and each gives up only its own."""

from __future__ import annotations

import asyncio

from converge_desktop.runtime.store_memory import give_back
from converge_desktop.runtime.store_turn import Turn


def test_one_that_pauses_comes_after_those_who_wait() -> None:
    """And before those who ask later."""
    order: list[str] = []

    async def all_of_them() -> None:
        turn = Turn()

        async def long() -> None:
            async with turn:
                order.append("long")
                await asyncio.sleep(0)  # the other asks meanwhile
                turn.leave()
                assert await turn.taken_within(60)
                order.append("long again")

        async def short() -> None:
            async with turn:
                order.append("short")

        await asyncio.gather(long(), short())

    asyncio.run(all_of_them())

    assert ["long", "short", "long again"] == order


def test_nobody_gives_up_the_turn_of_another() -> None:
    """Who waited in vain has none to give up."""

    async def both() -> tuple[bool, bool]:
        turn = Turn()

        async def in_vain() -> bool:
            taken = await turn.taken_within(0)
            turn.leave()
            return taken

        async with turn:
            first = await asyncio.create_task(in_vain())
            second = await asyncio.create_task(in_vain())
        return first, second

    assert (False, False) == asyncio.run(both())


def test_memory_is_given_back_wherever_the_system_takes_it() -> None:
    """Where it does not, nothing happens."""
    give_back()
