"""A database that several desks share, on a server: told apart, and no harm if it is not there.

The server of these tests is the embedded engine behind a websocket on loopback.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from converge_desktop.adapters.surreal import (
    Server,
    ServerRefused,
    StoreProblem,
    StoreUnreachable,
    SurrealView,
)
from converge_desktop.adapters.surreal.schema import TABLES
from tests.adapters.surreal_kit import everything, using
from tests.adapters.surreal_server import PASSWORD, USER, DatabaseServer
from tests.adapters.surreal_stories import at_size

ENTRIES = at_size(2, 10)
PATIENCE = 20


@pytest.fixture
def server() -> Iterator[DatabaseServer]:
    running = DatabaseServer()
    yield running
    running.close()


def at(server: DatabaseServer, **more: Any) -> Server:
    return Server(server.url, USER, **{"password": PASSWORD, **more})


async def fill(view: SurrealView) -> dict[str, Any]:
    await view.apply(ENTRIES)
    return await everything(view)


async def look(view: SurrealView) -> dict[str, Any]:
    return await everything(view)


def closed_port() -> int:
    """Returns a port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


# What it answers.


def test_a_server_answers_as_the_embedded_engine_does(
    server: DatabaseServer, tmp_path: Any
) -> None:
    """Row for row, and again when it is opened anew."""
    embedded = using(tmp_path / "view", fill)

    assert embedded == using(at(server), fill)
    assert embedded == using(at(server), look)


def test_desks_that_share_a_server_see_their_own_rows(server: DatabaseServer) -> None:
    """Each is answered from its own, and throws away its own alone."""

    async def facts(view: SurrealView) -> list[Any]:
        return [
            await view.facts("", ""),
            await view.as_of(10**6),
            await view.proposals("promoted"),
            await view.blast_radius("fact", "run-0001|m0"),
        ]

    async def both(view: SurrealView) -> list[Any]:
        await view.apply(ENTRIES)
        return await facts(view)

    async def less(view: SurrealView) -> list[Any]:
        await view.apply(ENTRIES[:100])
        return await facts(view)

    one = using(at(server), both, desk="one")
    other = using(at(server), less, desk="other")
    assert one != other
    assert one == using(at(server), facts, desk="one")

    async def discard(view: SurrealView) -> list[int]:
        await view.discard()
        counted = [await view._ask(f"SELECT * FROM {table};") for table in TABLES]
        return [len([row for row in rows if row["id"].id[0] == "one"]) for [rows] in counted]

    assert {0} == set(using(at(server), discard, desk="one"))
    assert other == using(at(server), facts, desk="other")


def test_rows_without_their_head_are_thrown_away_on_a_server_too(server: DatabaseServer) -> None:
    """A rebuild that was cut off is begun again; nothing of it is shown."""

    async def cut_off(view: SurrealView) -> None:
        await view.apply(ENTRIES)
        await view._ask("DELETE head;")

    async def reached(view: SurrealView) -> tuple[int, list[Any]]:
        [left] = await view._ask("SELECT * FROM fact;")
        return view.seq, left

    using(at(server), cut_off)

    assert (-1, []) == using(at(server), reached)


def test_who_signs_in_is_said_where_they_belong(server: DatabaseServer) -> None:
    """As a user of the whole server, of a namespace, or of a database."""
    for of in ("root", "namespace", "database"):
        using(at(server, of=of), look)

    given = [set(one) - {"user", "pass"} for one in server.signed_in]
    assert [0, 1, 2] == [len(names) for names in given]


def made(server: DatabaseServer, change: str) -> None:
    """Has somebody change what lies on a server."""

    async def ask(view: SurrealView) -> None:
        await view._ask(change)

    using(at(server), ask, desk="somebody")


def test_tables_of_an_older_format_are_made_over_and_the_rows_of_others_stay(
    server: DatabaseServer,
) -> None:
    """What they lacked is there afterwards, fields, guards and all; what is no more is not."""
    one = using(at(server), fill, desk="one")
    made(server, "CREATE trace:['one', 'run-1', 'an old row'];")
    made(server, "REMOVE FIELD how ON fact; REMOVE EVENT kept ON fact; UPDATE made SET format = 1;")

    other = using(at(server), fill, desk="other")

    assert (one["facts"], one["decisions"]) == (other["facts"], other["decisions"])
    assert one["facts"] == using(at(server), look, desk="one")["facts"]
    assert not server.asked("SELECT * FROM trace;")
    with pytest.raises(StoreProblem, match="never changed"):
        made(server, "UPDATE fact SET label = 'forged';")


def test_tables_of_a_newer_format_are_left_to_who_made_them(server: DatabaseServer) -> None:
    """Nothing is thrown away, and a sentence says what to do."""
    using(at(server), fill)
    made(server, "UPDATE made SET format = 99;")

    words = opened(at(server))
    assert "tables of a newer version of this app" in words
    assert "view.toml" in words

    engine = server.asked("SELECT * FROM fact;")
    assert len(engine) > 0


def test_a_copy_of_a_desk_does_not_write_into_the_rows_of_the_other(
    server: DatabaseServer,
) -> None:
    """Two machines, one desk: whoever did not write last is refused, and fills again."""

    async def run() -> tuple[int, int]:
        one, other = SurrealView(at(server), "desk"), SurrealView(at(server), "desk")
        await one.open()
        await one.apply(ENTRIES[:100])
        await other.open()
        await other.apply(ENTRIES[100:150])
        with pytest.raises(StoreProblem, match="another program writes for this desk"):
            await one.apply(ENTRIES[100:150])
        await one.close()
        await other.close()
        return one.seq, other.seq

    assert (99, 149) == asyncio.run(run())


# What is wrong with it.


def opened(server: Server) -> str:
    """Returns what opening a view there says, in words."""

    async def run() -> str:
        view = SurrealView(server)
        with pytest.raises(StoreUnreachable) as told:
            await view.open()
        await view.close()
        return str(told.value)

    return asyncio.run(run())


def test_a_refused_connection_is_a_sentence() -> None:
    """With the place, and what goes on without it."""
    place = f"ws://127.0.0.1:{closed_port()}"

    words = opened(Server(place, USER, PASSWORD))

    assert f"the database server {place} cannot be reached" in words
    assert "everything else goes on" in words
    assert PASSWORD not in words


def test_a_server_that_does_not_answer_is_not_waited_for_in_vain() -> None:
    """Somebody listens, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"ws://127.0.0.1:{silent.getsockname()[1]}"

        words = opened(Server(place, USER, PASSWORD, patience=0.2))

    assert "cannot be reached (it does not answer)" in words


def test_a_wrong_password_is_a_sentence_without_it(server: DatabaseServer) -> None:
    """It names the server and who asked."""
    words = opened(at(server, password="not this"))

    assert f"the database server {server.url} does not let 'converge' in" in words
    assert "not this" not in words


def test_a_connection_that_breaks_is_told_from_a_question_that_is_given_up(
    server: DatabaseServer,
) -> None:
    """Whoever asks next hears that the server is gone, and what it held is there again later."""

    async def run() -> tuple[str, str]:
        view = SurrealView(at(server))
        await view.open()
        await view.apply(ENTRIES)
        waiting = asyncio.ensure_future(view._ask("SLEEP 2s;"))
        await asyncio.sleep(0)
        await asyncio.to_thread(server.stop)
        with pytest.raises(StoreUnreachable) as first:
            await waiting
        with pytest.raises(StoreUnreachable) as second:
            await view.facts("", "")
        await view.close()
        return str(first.value), str(second.value)

    assert all("cannot be reached" in words for words in asyncio.run(run()))
    server.start()
    assert ENTRIES[-1].head.seq == using(at(server), look)["seq"][0]


def test_a_statement_that_fails_on_a_server_fails_as_ever(server: DatabaseServer) -> None:
    """It is no reason to think that the server is gone."""

    async def ask(view: SurrealView) -> None:
        for statement in ("SELEC * FROM fact;", "THROW 'no';", "DELETE fact;"):
            with pytest.raises(StoreProblem, match="the database refused") as told:
                await view._ask(statement)
            assert not isinstance(told.value, StoreUnreachable)

    using(at(server), lambda view: _after(fill(view), ask(view)))


async def _after(first: Any, second: Any) -> None:
    await first
    await second


# Addresses.


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "cannot be read"),
        ("localhost:8000", "cannot be read"),
        ("https://localhost:8000", "cannot be read"),
        ("ws://", "cannot be read"),
        ("wss://alice:s3cret@db.example.org", "holds more than a place"),
        ("wss://db.example.org/?token=s3cret", "holds more than a place"),
        ("ws://db.example.org:8000", "would travel unencrypted"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(url: str, why: str) -> None:
    """With what to write instead; a secret in it is not repeated."""
    with pytest.raises(ServerRefused, match=why) as told:
        Server(url, USER, PASSWORD)

    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize("url", ["wss://db.example.org:8000", "ws://127.0.0.1:8000", "ws://[::1]"])
def test_a_password_is_in_no_text(url: str) -> None:
    """Not in what is shown of a server, nor in its representation."""
    server = Server(url, USER, PASSWORD)

    assert url == str(server)
    assert PASSWORD not in repr(server)
