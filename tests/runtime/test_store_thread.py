"""The thread that keeps the database up with the ledger: it mends whatever it finds, and tells."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converge_core.errors import LedgerCorrupt
from converge_core.ledger import Chain, Entry, encode_batch
from converge_desktop.adapters.surreal import Server, StoreProblem, StoreUnreachable, SurrealView
from converge_desktop.runtime import store_thread
from converge_desktop.runtime.store_thread import StoreThread
from tests.adapters.surreal_server import PASSWORD, USER, DatabaseServer
from tests.adapters.surreal_stories import at_size
from tests.core.kit import ALICE, salts

PATIENCE = 60
ENTRIES = at_size(4, 50)
HALF = len(ENTRIES) // 2


class Store:
    """A store thread over ``ledger``, which may grow, and what it told."""

    def __init__(self, place: Path | Server, ledger: list[Entry], **settings: Any) -> None:
        self.states: SimpleQueue[tuple[str, int]] = SimpleQueue()
        self.progress: list[tuple[int, int]] = []
        self.read = 0
        self._ledger = ledger
        settings.setdefault("last", lambda: len(ledger) - 1)
        self.thread = StoreThread(
            place,
            self._history,
            lambda *state: self.states.put(state),
            progress=lambda *done: self.progress.append(done),
            **settings,
        )

    def _history(self) -> Iterator[Entry]:
        for entry in self._ledger:
            self.read += 1
            yield entry

    def until(self, state: str) -> int:
        """Waits for a state, and returns the sequence that it was told with."""
        while True:
            told, seq = self.states.get(timeout=PATIENCE)
            if told == state:
                return seq

    def answers(self) -> tuple[Any, ...]:
        """Returns the answer to each kind of question."""
        ask = self.thread
        asked = [
            ask.facts("", "conclusion 4"),
            ask.as_of(HALF, "run-0001"),
            ask.as_of(HALF, key="Strategies"),
            ask.lineage("fact", "run-0001|plan"),
            ask.blast_radius("fact", "run-0001|m1"),
            ask.decisions_by(ALICE.operator.id),
            ask.proposals("refused"),
        ]
        return tuple(one.result(PATIENCE) for one in asked)


@pytest.fixture
def store() -> Iterator[Callable[..., Store]]:
    made: list[Store] = []

    def make(*args: Any, **settings: Any) -> Store:
        made.append(Store(*args, **settings))
        return made[-1]

    yield make
    for one in made:
        one.thread.close()


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Any, ...]]:
    """A database that holds it all, and its answers."""
    place = tmp_path_factory.mktemp("store") / "view"
    store = Store(place, ENTRIES)
    answers = store.answers()
    store.thread.close()
    return place, answers


Right = tuple[Path, tuple[Any, ...]]


def test_every_answer_says_which_record_it_reflects(right: Right) -> None:
    """The last that the view holds, or the moment that was asked about."""
    facts, run, keyed, *rest = right[1]
    last = ENTRIES[-1].head.seq

    assert all(rows for rows, _ in (facts, run, keyed))
    assert [last, HALF, HALF] == [facts[1], run[1], keyed[1]]
    assert {last} == {seq for _, seq in rest}


def test_a_view_that_fits_reads_the_ledger_from_where_it_ends(
    right: Right, tmp_path: Path, store: Callable[..., Store]
) -> None:
    """It needs its own last record, to see that it is the ledger's, and what follows."""
    shutil.copytree(right[0], tmp_path / "view")
    asked: list[int] = []

    def since(seq: int) -> Iterable[Entry]:
        asked.append(seq)
        return ENTRIES[seq:]

    again = store(tmp_path / "view", ENTRIES, since=since)

    assert ENTRIES[-1].head.seq == again.until("ready")
    assert ([ENTRIES[-1].head.seq], 1, []) == (asked, again.read, again.progress)
    assert right[1] == again.answers()


def flipped(place: Path) -> None:
    [log] = place.glob("clog/*")
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 0xFF
    log.write_bytes(data)


def torn(place: Path) -> None:
    [log] = place.glob("clog/*")
    log.write_bytes(log.read_bytes()[: -log.stat().st_size // 3])


def emptied(place: Path) -> None:
    for path in place.glob("**/*"):
        if path.is_file():
            path.write_bytes(b"")


def garbage(place: Path) -> None:
    [log] = place.glob("clog/*")
    log.write_bytes(b"garbage" * 1000)


def replaced(place: Path) -> None:
    shutil.rmtree(place)
    place.write_text("a file")


DAMAGE = [flipped, torn, emptied, garbage, replaced, shutil.rmtree]


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_a_damaged_database_is_found_at_start_and_filled_again(
    right: Right, tmp_path: Path, store: Callable[..., Store], damage: Callable[[Path], None]
) -> None:
    """Whatever befell it: the same answers as before, and its progress is told until all is in."""
    shutil.copytree(right[0], tmp_path / "view")
    damage(tmp_path / "view")

    mended = store(tmp_path / "view", ENTRIES)

    assert right[1] == mended.answers()
    done = [done for done, _ in mended.progress]
    assert sorted(done) == done
    assert (len(ENTRIES), len(ENTRIES)) == mended.progress[-1]
    assert {len(ENTRIES)} == {total for _, total in mended.progress}


@settings(max_examples=25)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=3))
def test_wherever_its_files_are_cut_or_changed_the_answers_are_right(
    right: Right, harm: list[tuple[bool, float]]
) -> None:
    """The engine opens such files with a part of their rows; none of that is ever shown."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory) / "view"
        shutil.copytree(right[0], place)
        [log] = place.glob("clog/*")
        data = bytearray(log.read_bytes())
        for cut, share in harm:
            at = int(share * (len(data) - 1))
            if cut:
                del data[at + 1 :]
            else:
                data[at] ^= 0x10
        log.write_bytes(data)
        mended = Store(place, ENTRIES)
        try:
            assert right[1] == mended.answers()
        finally:
            mended.thread.close()


def test_an_older_format_is_filled_again(
    right: Right, tmp_path: Path, store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And so is a newer one: what its rows mean is not known."""
    shutil.copytree(right[0], tmp_path / "view")
    monkeypatch.setattr("converge_desktop.adapters.surreal.view.FORMAT", 99)
    monkeypatch.setattr("converge_desktop.adapters.surreal.filling.FORMAT", 99)

    again = store(tmp_path / "view", ENTRIES)

    assert right[1] == again.answers()
    assert (len(ENTRIES), len(ENTRIES)) == again.progress[-1]


def resalted() -> list[Entry]:
    """Returns a ledger that tells the same story and is another."""
    salt = salts()
    salt()
    events = [entry.event for entry in ENTRIES if entry.event is not None]
    return encode_batch(events, Chain(), 1, salt)[1]


@pytest.mark.parametrize(
    "other", [resalted(), ENTRIES[:HALF], []], ids=["another one", "shorter", "empty"]
)
def test_a_database_that_diverged_from_its_ledger_is_filled_again(
    right: Right, tmp_path: Path, store: Callable[..., Store], other: list[Entry]
) -> None:
    """Its head is no record of the ledger that it is opened with."""
    shutil.copytree(right[0], tmp_path / "view")

    mended = store(tmp_path / "view", other)
    seq = mended.until("ready")
    found, _ = mended.thread.facts("", "").result(PATIENCE)

    assert len(other) - 1 == seq
    assert all(row.seq < len(other) for row in found)
    assert bool(other) == bool(found)


def test_it_follows_what_the_ledger_gains(right: Right, tmp_path: Path, store: Any) -> None:
    """Batch by batch, or with a gap, or what it holds already: to the same answers."""
    ledger = ENTRIES[:HALF]
    following = store(tmp_path / "view", ledger)
    following.until("ready")

    for first in range(HALF, len(ENTRIES), 100):
        batch = ENTRIES[first : first + 100]
        ledger += batch
        if first // 100 % 2:  # every other one is missed, and read in the ledger
            following.thread.follow(batch)
            following.thread.follow(batch)
    following.thread.follow(ENTRIES[-1:])

    assert right[1] == following.answers()


def test_a_ledger_that_went_on_otherwise_fills_the_view_again(
    right: Right, tmp_path: Path, store: Any
) -> None:
    """What follows names the record before it; if that is not the view's, the view is wrong."""
    ledger = resalted()[:HALF]
    following = store(tmp_path / "view", ledger)
    following.until("ready")
    ledger[:] = ENTRIES

    following.thread.follow(ENTRIES[HALF : HALF + 1])

    assert right[1] == following.answers()


def test_a_view_that_breaks_under_way_is_filled_again(
    right: Right, tmp_path: Path, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that cannot be written is no end: the ledger has it all."""
    ledger = ENTRIES[:HALF]
    following = store(tmp_path / "view", ledger)
    following.until("ready")
    write = SurrealView._write
    failing = [StoreProblem("the database refused a statement")]

    async def fail_once(view: SurrealView, *args: Any) -> None:
        if failing:
            raise failing.pop()
        await write(view, *args)

    monkeypatch.setattr(SurrealView, "_write", fail_once)
    ledger += ENTRIES[HALF:]
    following.thread.follow(ENTRIES[HALF:])

    assert right[1] == following.answers()


def test_a_rebuild_gives_the_same_answers(right: Right, tmp_path: Path, store: Any) -> None:
    """Asked for by a person; questions asked meanwhile are answered from the new one."""
    shutil.copytree(right[0], tmp_path / "view")
    again = store(tmp_path / "view", ENTRIES)
    again.until("ready")

    rebuilt = again.thread.rebuild()
    answers = again.answers()

    rebuilt.result(PATIENCE)
    assert right[1] == answers
    assert (len(ENTRIES), len(ENTRIES)) == again.progress[-1]


def test_a_ledger_that_cannot_be_read_costs_the_view_nothing(
    right: Right, tmp_path: Path, store: Any
) -> None:
    """Every question is answered with what is wrong; once it is mended, the view goes on."""
    shutil.copytree(right[0], tmp_path / "view")

    def corrupt(seq: int) -> Iterator[Entry]:
        yield from ENTRIES[seq:]
        raise LedgerCorrupt(len(ENTRIES), "it is torn")

    broken = store(tmp_path / "view", ENTRIES, since=corrupt)
    broken.until("failed")
    with pytest.raises(LedgerCorrupt, match="it is torn"):
        broken.thread.facts("", "").result(PATIENCE)
    broken.thread.close()

    again = store(tmp_path / "view", ENTRIES)
    assert right[1] == again.answers()
    assert [] == again.progress


def test_who_does_not_say_how_long_the_ledger_is_hears_how_far_it_got(
    tmp_path: Path, store: Any
) -> None:
    """The total is then what is done."""
    untold = store(tmp_path / "view", ENTRIES, last=None)
    untold.until("ready")

    assert all(done == total for done, total in untold.progress)
    assert (len(ENTRIES), len(ENTRIES)) == untold.progress[-1]


# A server.


@pytest.fixture
def server() -> Iterator[DatabaseServer]:
    running = DatabaseServer()
    yield running
    running.close()


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
    assert ("filling", -1) == waiting.states.get()
    assert waiting.states.empty()
