"""A full disk under recall, the index of model calls and an export: told, outlived, made good.

None of it is the truth, so the ledger stays as it is, and what there was is used meanwhile.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from converge_desktop.adapters.ledger.ledger_file import read_ledger
from converge_desktop.adapters.recall.rows import Part
from converge_desktop.adapters.recall.table import NAME, RecallTable
from converge_desktop.adapters.refused import Refused
from converge_desktop.adapters.texts import TextReader
from converge_desktop.runtime import recall_thread, trace_index, trace_thread
from converge_desktop.runtime.recall_thread import TRIED
from converge_desktop.runtime.trace_export import Chosen, Sources, TraceExport, export_traces
from converge_desktop.runtime.trace_thread import TraceThread
from tests.runtime.recall_kit import PATIENCE_S, Bag, Followed, entries
from tests.runtime.test_recall_thread import LAST, OPEN, RELEASE
from tests.runtime.test_trace_thread import SOME, Told, found
from tests.runtime.trace_kit import calls, index_of, opened, shown, written
from tests.survival.power import image_of
from tests.survival.rooms import Room, limited, mounted

EVERY = {"all in memory": None, "by LanceDB": 8}
"""How it is searched, and from how many rows on by LanceDB."""
PART = entries()[:60]


@pytest.fixture(params=[mounted, limited], ids=["mounted", "limited"])
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Room]:
    """A folder whose disk can be filled up: a small one of its own, or a stand-in for that."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with request.param(folder) as made:
        yield made


@pytest.fixture
def follow(room: Room) -> Iterator[Callable[..., Followed]]:
    """Begins to follow a ledger on that disk; ends what a test leaves open."""
    begun: list[Followed] = []

    def begin(**more: object) -> Followed:
        begun.append(Followed(room.folder / "recall", **more))  # type: ignore[arg-type]
        return begun[-1]

    yield begin
    room.make_room()
    for one in begun:
        one.thread.close()


@pytest.mark.parametrize("most", EVERY.values(), ids=EVERY)
def test_recall_answers_from_what_it_has_while_there_is_no_room(
    room: Room, follow: Callable[..., Followed], monkeypatch: pytest.MonkeyPatch, most: int | None
) -> None:
    """It says where to make room; then it goes on, and nothing was embedded twice."""
    monkeypatch.setattr(recall_thread, "LOOK_S", 0.05)
    followed = follow(ledger=list(PART), exact_most=most)
    followed.until("ready", PART[-1].head.seq)
    before = followed.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    room.fill()
    followed.ledger += entries()[len(PART) :]
    followed.thread.follow()

    _, seq, trouble = followed.until("failed")
    assert PART[-1].head.seq == seq
    assert trouble.startswith(f"{followed.folder} cannot be written: ")
    assert trouble.endswith("; make room there")
    meanwhile = followed.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    assert before.candidates == meanwhile.candidates
    room.make_room()
    followed.until("ready", LAST)
    after = followed.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    assert LAST == after.seq
    embedded = Counter(followed.bag.texts)
    del embedded[TRIED], embedded[RELEASE.query_text]
    assert {1} == set(embedded.values())

    followed.thread.close()
    again = follow(bag=Bag(), exact_most=most)
    again.until("ready", LAST)
    assert [TRIED] == again.bag.texts, "what was added late is there as well"
    assert after.candidates == again.thread.recall(RELEASE, OPEN).result(PATIENCE_S).candidates


@pytest.mark.parametrize("most", EVERY.values(), ids=EVERY)
def test_recall_that_finds_no_room_at_first_begins_once_there_is_some(
    room: Room, follow: Callable[..., Followed], most: int | None
) -> None:
    """Until then whoever asks is told that nothing could be searched."""
    room.fill()
    followed = follow(exact_most=most)
    _, _, trouble = followed.until("failed")
    assert trouble.endswith("; make room there")
    found_ = followed.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    assert ("No hint: nothing could be searched.", ()) == (found_.words, found_.candidates)
    room.make_room()
    followed.thread.follow()
    followed.until("ready", LAST)


def test_recall_stays_in_memory_while_there_is_no_room_to_search_otherwise(
    follow: Callable[..., Followed], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond so many rows LanceDB is to search them; until it can, they are searched as before."""
    really, tried = RecallTable.fill, threading.Event()

    def full(table: RecallTable, parts: Iterable[Part]) -> None:
        if not tried.is_set():
            tried.set()
            raise Refused("the folder cannot be written: No space left on device; make room there")
        really(table, parts)

    monkeypatch.setattr(RecallTable, "fill", full)
    followed = follow(ledger=list(PART), exact_most=8)
    followed.until("failed")
    followed.thread.follow()
    followed.until("ready", PART[-1].head.seq)
    before = followed.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    assert not (followed.folder / f"{NAME}.lance").exists()
    followed.ledger += entries()[len(PART) :]
    followed.thread.follow()
    followed.until("ready", LAST)

    assert (followed.folder / f"{NAME}.lance").is_dir()
    after = followed.thread.recall(RELEASE, OPEN).result(PATIENCE_S)
    assert ["failed"] == [state for state, *_ in followed.told if state == "failed"]
    assert [one.id for one in before.candidates] == [one.id for one in after.candidates]


def test_the_index_is_used_from_memory_while_there_is_no_room(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so; once there is room it is made again, and is the one that the ledger gives."""
    monkeypatch.setattr(trace_index, "BLOCK", 4)
    monkeypatch.setattr(trace_index, "STEP", 1)
    monkeypatch.setattr(trace_thread, "IDLE_S", 0)
    written(room.folder, SOME)
    ledger, history, told = image_of(room.folder / "ledger"), opened(room.folder), Told()
    last = history.index.count - 1
    room.fill()
    with closing(TraceThread(room.folder, lambda: history, last, told)) as thread:
        state = told.until(lambda one: one.state == "ready" and bool(one.problem))
        folder = room.folder / trace_index.FOLDER
        assert state.problem.startswith(f"the index cannot be kept: {folder} cannot be written: ")
        assert state.problem.endswith("; make room there")
        assert (10, 1) == (found(thread).total, found(thread, '"answer 3"').total)
        assert {} == image_of(folder), "and half a block takes no room"
        room.make_room()
        thread.rebuild()
        told.until(lambda one: one.as_of == last and one.state == "ready" and not one.problem)

    assert len(list(folder.glob("*.block"))) > 1
    kept = index_of(room.folder, history, fill=False)
    assert last == kept.view.as_of
    assert shown(index_of(room.folder.parent / "anew", history)) == shown(kept)
    assert ledger == image_of(room.folder / "ledger")


def test_an_export_that_finds_no_room_leaves_what_was_there_and_can_be_repeated(
    room: Room, tmp_path: Path
) -> None:
    """Which file, why, and what to do; then it is the same file as on any disk."""
    written(room.folder, SOME)
    ledger, path = image_of(room.folder / "ledger"), room.folder / "out.jsonl"
    path.write_text("before")
    room.fill()
    with pytest.raises(Refused) as refused:
        exported(room.folder, path)

    words = str(refused.value)
    assert words.startswith(f"{path} cannot be written: ")
    assert words.endswith("; make room there")
    assert "before" == path.read_text()
    assert not list(room.folder.glob(".*"))
    room.make_room()
    assert exported(room.folder, path).sha256 == exported(room.folder, tmp_path / "other").sha256
    assert (tmp_path / "other").read_bytes() == path.read_bytes()
    assert ledger == image_of(room.folder / "ledger")


def exported(place: Path, path: Path) -> TraceExport:
    """Writes all model calls of a ledger to a file."""
    seqs = [entry.head.seq for entry, _ in calls(read_ledger(place / "ledger"))]
    sources = Sources(opened(place).entry, TextReader(place / "texts").text, {})
    return export_traces(path, Chosen(seqs, {}), sources)
