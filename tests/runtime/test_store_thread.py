"""The thread that keeps the database up with the ledger: it mends whatever it finds, and tells."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converge_core.errors import LedgerCorrupt
from converge_core.events import OperatorEnrolled
from converge_core.ledger import Chain, Entry, encode_batch
from converge_desktop.adapters.surreal import (
    StoreProblem,
    SurrealView,
)
from converge_desktop.runtime import store_thread
from tests.adapters.surreal_stories import DESK
from tests.core.kit import BOB, salts
from tests.runtime.store_kit import ENTRIES, HALF, PATIENCE, Right, Store


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


def test_filling_gives_way_to_what_is_more_urgent(
    tmp_path: Path, store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes a breath before each step, and whoever closes the desk does not wait for that."""
    monkeypatch.setattr(store_thread, "BREATH_S", 100 * PATIENCE)
    asked = threading.Event()

    def urgent() -> bool:
        asked.set()
        return True

    waiting = store(tmp_path / "view", ENTRIES, urgent=urgent)
    assert asked.wait(PATIENCE)
    waiting.thread.close()

    assert [] == waiting.progress


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


def test_rows_that_are_missing_from_a_large_database_are_found_once_it_is_in_use(
    right: Right, tmp_path: Path, store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is opened without counting them, and counted then; and filled again."""
    monkeypatch.setattr("converge_desktop.adapters.surreal.view.FEW", 0)
    shutil.copytree(right[0], tmp_path / "view")

    async def claim() -> None:
        view = SurrealView(tmp_path / "view", DESK)
        await view.open()
        await view._ask("UPDATE head SET rows += 1;")
        await view.close()

    asyncio.run(claim())
    mended = store(tmp_path / "view", ENTRIES)

    assert ENTRIES[-1].head.seq == mended.until("ready")
    mended.until("filling")
    mended.until("ready")
    assert right[1] == mended.answers()


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


def test_a_view_that_is_behind_reads_what_it_lacks_and_no_more(
    right: Right, tmp_path: Path, store: Any
) -> None:
    """Its own last record, and the seven that the ledger gained."""
    shutil.copytree(right[0], tmp_path / "view")
    longer = [*ENTRIES, *following(ENTRIES, 7)]
    read: list[int] = []

    def since(seq: int) -> Iterator[Entry]:
        for entry in longer[seq:]:
            read.append(entry.head.seq)
            yield entry

    again = store(tmp_path / "view", longer, since=since)

    assert longer[-1].head.seq == again.until("ready")
    assert [entry.head.seq for entry in longer[-8:]] == read
    assert [(len(longer), len(longer))] == again.progress


def following(entries: list[Entry], many: int) -> list[Entry]:
    """Returns records that may follow."""
    chain = Chain(entries[-1].head.seq, entries[-1].hash)
    people = [OperatorEnrolled(operator=BOB.operator)] * many
    return encode_batch(people, chain, 1, salts())[1]
