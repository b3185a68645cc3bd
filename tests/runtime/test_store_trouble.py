"""A view that is being filled, cannot be opened, or lies on a server that is not there."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from converge_core.events import DeskOpened, OperatorEnrolled
from converge_core.ledger import Chain, Entry, encode_batch
from converge_desktop.adapters.surreal import (
    Server,
    SettingProblem,
    StoreUnreachable,
    SurrealView,
    load_place,
)
from converge_desktop.runtime import store_thread
from converge_desktop.runtime.store_trouble import NotYet
from tests.adapters.surreal_server import PASSWORD, USER, DatabaseServer
from tests.core.kit import BOB, salts
from tests.runtime.store_kit import ENTRIES, HALF, PATIENCE, Right

ROOT = Path(__file__).parents[2]


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Keeps the view from being written to until it is set."""
    released = threading.Event()
    write = SurrealView._write

    async def hold(view: SurrealView, *args: Any) -> None:
        while not released.is_set():
            await asyncio.sleep(0)
        await write(view, *args)

    monkeypatch.setattr(SurrealView, "_write", hold)
    return released


def test_a_question_about_a_view_that_is_being_filled_is_answered_with_how_far_it_is(
    right: Right,
    tmp_path: Path,
    store: Any,
    held: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a sentence, after a moment; once it is filled, with the answer."""
    monkeypatch.setattr(store_thread, "PATIENCE_S", 0.01)
    filling = store(tmp_path / "view", ENTRIES)
    assert [filling.until("opening"), filling.until("filling")] == [-1, -1]

    with pytest.raises(NotYet, match="being filled from the ledger; 0 % of it is in"):
        filling.thread.facts("", "").result(PATIENCE)
    held.set()
    filling.until("ready")

    assert right[1] == filling.answers()


def test_a_rebuild_says_so_too(
    right: Right,
    tmp_path: Path,
    store: Any,
    held: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was there before is no answer any more."""
    shutil.copytree(right[0], tmp_path / "view")
    monkeypatch.setattr(store_thread, "PATIENCE_S", 0.01)
    again = store(tmp_path / "view", ENTRIES)
    again.until("ready")

    rebuilt = again.thread.rebuild()
    again.until("filling")
    with pytest.raises(NotYet, match="being filled"):
        again.thread.facts("", "").result(PATIENCE)
    held.set()
    rebuilt.result(PATIENCE)

    assert right[1] == again.answers()


def test_a_question_that_waits_for_its_turn_is_not_left_behind_at_closing(
    tmp_path: Path, store: Any, held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it has looked by then."""
    monkeypatch.setattr(store_thread, "PATIENCE_S", 0.001)
    filling = store(tmp_path / "view", ENTRIES)
    filling.until("filling")
    asked = [filling.thread.facts("", "") for _ in range(3)]
    held.set()
    filling.thread.close()

    assert all(one.done() for one in asked)


def test_a_setting_that_is_wrong_takes_the_answers_until_it_is_mended(
    right: Right, tmp_path: Path, store: Any
) -> None:
    """What is wrong is told in its own words; a rebuild looks again."""
    told: SimpleQueue[str] = SimpleQueue()
    (tmp_path / "view.toml").write_text("url = 7")
    misled = store(lambda: load_place(tmp_path), ENTRIES, trouble=told.put)
    misled.until("failed")

    assert "view.toml: " in told.get(timeout=PATIENCE)
    with pytest.raises(SettingProblem, match=r"view\.toml: "):
        misled.thread.facts("", "").result(PATIENCE)
    with pytest.raises(SettingProblem):
        misled.thread.rebuild().result(PATIENCE)

    (tmp_path / "view.toml").unlink()
    misled.thread.rebuild().result(PATIENCE)
    assert right[1] == misled.answers()
    assert told.get(timeout=PATIENCE)
    assert told.get(timeout=PATIENCE) == ""


def test_views_of_two_desks_that_were_swapped_are_filled_again(tmp_path: Path, store: Any) -> None:
    """Each is told to be another's by what its rows are keyed by."""
    other = begun_by("another desk")
    places = (tmp_path / "one", tmp_path / "other")
    for place, ledger in zip(places, (ENTRIES, other), strict=True):
        filled = store(place, ledger)
        filled.until("ready")
        filled.thread.close()
    swapped = [store(place, ledger) for place, ledger in zip(places, (other, ENTRIES), strict=True)]

    for one, ledger in zip(swapped, (other, ENTRIES), strict=True):
        assert len(ledger) - 1 == one.until("ready")
        assert (len(ledger), len(ledger)) == one.progress[-1]
    found, _ = swapped[0].thread.facts("", "").result(PATIENCE)
    assert [] == found


def begun_by(desk: str) -> list[Entry]:
    events = [DeskOpened(desk=desk, app_version="0"), OperatorEnrolled(operator=BOB.operator)]
    return encode_batch(events, Chain(), 1, salts())[1]


KILLED = """
import sys
from pathlib import Path
from tests.adapters.surreal_stories import at_size
from converge_desktop.runtime import store_thread
store_thread.STEP = 20
entries = at_size(4, 50)
store_thread.StoreThread(
    Path(sys.argv[1]),
    lambda: entries,
    lambda *_: None,
    progress=lambda done, total: print(done, flush=True),
    last=lambda: len(entries) - 1,
)
"""


def test_a_fill_that_is_killed_again_and_again_comes_to_the_same_answers(
    right: Right, tmp_path: Path, store: Any
) -> None:
    """By a signal that nobody can catch, at whatever it is about; each start goes on from there."""
    begun: list[int] = []
    for portions in (1, 2, 5, 1):
        command = [sys.executable, "-c", KILLED, str(tmp_path / "view")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
            assert child.stdout is not None
            lines = [int(child.stdout.readline()) for _ in range(portions)]
            child.kill()
        begun.append(lines[0])

    finished = store(tmp_path / "view", ENTRIES)

    assert right[1] == finished.answers()
    assert sorted(set(begun)) == begun
    assert finished.progress[0][0] > begun[-1]


# A server.


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has a server be tried again at once, and batches be small."""
    monkeypatch.setattr(store_thread, "RETRY_S", 0.01)
    monkeypatch.setattr(store_thread, "STEP", 100)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("loses", [True, False], ids=["before it is done", "after"])
@pytest.mark.parametrize("breaks", [1, 4, 5, 7])
def test_a_connection_that_breaks_within_a_batch_costs_and_doubles_nothing(
    right: Right, server: DatabaseServer, store: Any, breaks: int, loses: bool
) -> None:
    """Whether the server had done by then what it was asked, or not."""
    server.breaks, server.loses = breaks, loses
    broken = store(Server(server.url, USER, PASSWORD), ENTRIES)

    broken.until("unreachable")
    assert len(ENTRIES) - 1 == broken.until("ready")
    assert right[1] == broken.answers()


def test_a_wrong_password_is_told_and_no_reason_to_stop(server: DatabaseServer, store: Any) -> None:
    """What is told holds neither the right one nor the wrong, whatever the server says."""
    told: SimpleQueue[str] = SimpleQueue()
    place = Server(server.url, USER, "not this")
    shut_out = store(place, ENTRIES, trouble=told.put)
    shut_out.until("unreachable")

    words = told.get(timeout=PATIENCE)
    assert "does not let 'converge' in" in words
    assert "not this" not in words
    with pytest.raises(StoreUnreachable) as asked:
        shut_out.thread.facts("", "").result(PATIENCE)
    assert "not this" not in str(asked.value)
    with pytest.raises(StoreUnreachable):
        shut_out.thread.rebuild().result(PATIENCE)


def test_a_server_that_is_not_there_is_tried_again(
    right: Right, server: DatabaseServer, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile each question is answered with a sentence; then with everything."""
    monkeypatch.setattr(store_thread, "RETRY_S", 0.01)
    place = Server(server.url, USER, PASSWORD)
    server.stop()
    waiting = store(place, ENTRIES)
    waiting.until("unreachable")
    waiting.thread.follow(ENTRIES[-1:])
    with pytest.raises(StoreUnreachable, match="cannot be reached"):
        waiting.thread.facts("", "").result(PATIENCE)

    server.start()
    waiting.until("ready")

    assert right[1] == waiting.answers()


def test_a_server_that_goes_away_takes_its_answers_until_it_is_there_again(
    right: Right, server: DatabaseServer, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the ledger gained meanwhile is caught up with."""
    monkeypatch.setattr(store_thread, "RETRY_S", 0.01)
    ledger = ENTRIES[:HALF]
    place = Server(server.url, USER, PASSWORD)
    following = store(place, ledger)
    following.until("ready")
    server.stop()
    ledger += ENTRIES[HALF:]
    following.thread.follow(ENTRIES[HALF:])
    following.until("unreachable")

    server.start()
    following.until("ready")

    assert right[1] == following.answers()


def test_a_server_that_never_answers_does_not_keep_the_desk_open(store: Any) -> None:
    """Closing does not wait for it."""
    accepted = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as silent:

        def accept() -> None:
            kept.append(silent.accept()[0])
            accepted.set()

        kept: list[socket.socket] = []
        thread = threading.Thread(target=accept)
        thread.start()
        url = f"ws://127.0.0.1:{silent.getsockname()[1]}"
        waiting = store(Server(url, USER, PASSWORD, patience=10 * PATIENCE), ENTRIES)
        accepted.wait(PATIENCE)
        question = waiting.thread.facts("", "")
        waiting.thread.close()
        thread.join()
        kept[0].close()

    assert question.done()
    assert ("opening", -1) == waiting.states.get()
    assert waiting.states.empty()
