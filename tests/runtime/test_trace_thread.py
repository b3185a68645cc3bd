"""The index is used while it is filled, follows what is recorded, and mends itself."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from converge_core.errors import LedgerCorrupt
from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.runtime import trace_index
from converge_desktop.runtime.trace_index import FOLDER, Indexed
from converge_desktop.runtime.trace_model import IndexState, TraceProblem, TraceSet
from converge_desktop.runtime.trace_sets import TraceSets
from converge_desktop.runtime.trace_thread import TraceThread
from tests.runtime.trace_kit import NOON, Spec, opened, written

SOME = [Spec(run=1 + n % 3, headline=f"answer {n}") for n in range(10)]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of four calls, from steps of one record."""
    monkeypatch.setattr(trace_index, "BLOCK", 4)
    monkeypatch.setattr(trace_index, "STEP", 1)
    monkeypatch.setattr("os.fsync", lambda fd: None)


class Told:
    """Hears how the index stands, and waits for it."""

    def __init__(self) -> None:
        self.states: list[IndexState] = []
        self._news = threading.Condition()

    def __call__(self, state: IndexState) -> None:
        with self._news:
            self.states.append(state)
            self._news.notify_all()

    def until(self, holds: Callable[[IndexState], bool]) -> IndexState:
        with self._news:
            assert self._news.wait_for(lambda: any(map(holds, self.states)), 20)
            found = next(state for state in self.states if holds(state))
            self.states.clear()
            return found

    def ready(self, last: int) -> None:
        self.until(lambda state: state.state == "ready" and state.as_of == last)


Opened = tuple[TraceThread, Told]


@pytest.fixture
def opens(tmp_path: Path) -> Iterator[Callable[[LedgerHistory], Opened]]:
    """Opens the index over a ledger, and closes it at the end."""
    running: list[TraceThread] = []

    def open_one(history: LedgerHistory) -> Opened:
        told = Told()
        thread = TraceThread(tmp_path, lambda: history, history.index.count - 1, told)
        running.append(thread)
        return thread, told

    yield open_one
    for thread in running:
        thread.close()


def found(thread: TraceThread, text: str = "") -> TraceSet:
    def find(view: Indexed, sets: TraceSets) -> TraceSet:
        return sets.find(view, text, "time", descending=True, now=NOON, last=thread.last, notes={})

    return thread.ask(find).result(20)


def test_it_follows_what_is_recorded(
    tmp_path: Path, opens: Callable[[LedgerHistory], Opened]
) -> None:
    """What is durable is found a moment later, and a set says up to which record it goes."""
    written(tmp_path, SOME)
    history = opened(tmp_path)
    before = history.index.count - 1
    thread, told = opens(history)
    told.ready(before)
    first = found(thread)
    written(tmp_path, SOME[:2])
    with closing(thread):
        fresh = opened(tmp_path)
        thread._history = lambda: fresh
        thread._index._ledger = thread._history  # type: ignore[union-attr]
        thread.follow(fresh.index.count - 1)
        told.ready(fresh.index.count - 1)
        second = found(thread)

    assert (10, before, before) == (first.total, first.seq, first.as_of)
    assert (12, fresh.index.count - 1) == (second.total, second.as_of)


def test_it_answers_while_it_is_filled(
    tmp_path: Path, opens: Callable[[LedgerHistory], Opened]
) -> None:
    """From what it has by then, and says so."""
    written(tmp_path, SOME)
    history = opened(tmp_path)
    reached, go_on = threading.Event(), threading.Event()
    really, asked = history.range, []

    def slow(first: int, count: int) -> object:
        asked.append(first)
        if len(asked) == 6:
            reached.set()
            assert go_on.wait(20)
        return really(first, count)

    history.range = slow  # type: ignore[method-assign, assignment]
    thread, told = opens(history)
    assert reached.wait(20)
    half = found(thread)
    go_on.set()
    told.ready(history.index.count - 1)

    assert 0 < half.total < 10
    assert half.as_of < half.seq == history.index.count - 1
    assert 10 == found(thread).total


def test_an_index_that_is_deleted_while_it_is_used_comes_back(
    tmp_path: Path, opens: Callable[[LedgerHistory], Opened]
) -> None:
    """Who needed what is gone hears of it; the next question is answered as before."""
    written(tmp_path, SOME)
    history = opened(tmp_path)
    thread, told = opens(history)
    told.ready(history.index.count - 1)
    assert 1 == found(thread, '"answer 3"').total
    shutil.rmtree(tmp_path / FOLDER)

    assert 10 == found(thread).total
    with pytest.raises(TraceProblem, match="is being made again from the ledger"):
        found(thread, '"answer 3"')
    told.ready(history.index.count - 1)
    assert 1 == found(thread, '"answer 3"').total
    assert list((tmp_path / FOLDER).glob("*.block"))


def test_it_is_made_again_when_asked_to(
    tmp_path: Path, opens: Callable[[LedgerHistory], Opened]
) -> None:
    """All of it, from the ledger."""
    written(tmp_path, SOME)
    history = opened(tmp_path)
    thread, told = opens(history)
    told.ready(history.index.count - 1)
    thread.rebuild()
    told.until(lambda state: state.state == "filling")
    told.ready(history.index.count - 1)

    assert 10 == found(thread).total


def test_what_was_reached_is_kept_when_it_closes(
    tmp_path: Path, opens: Callable[[LedgerHistory], Opened]
) -> None:
    """The next start reads no record again."""
    written(tmp_path, SOME)
    history = opened(tmp_path)
    thread, told = opens(history)
    told.ready(history.index.count - 1)
    thread.close()
    thread.close()
    history.range = None  # type: ignore[method-assign, assignment]
    _, again = opens(history)

    again.until(lambda state: state.as_of >= 0)


def test_a_question_that_comes_after_the_end_fails_with_a_sentence(
    tmp_path: Path, opens: Callable[[LedgerHistory], Opened]
) -> None:
    """As those do that waited when it was closed."""
    written(tmp_path, SOME)
    thread, _ = opens(opened(tmp_path))
    thread.close()
    for ask in (thread.ask, thread.ask_at_length):
        with pytest.raises(TraceProblem, match="closing"):
            ask(lambda view, _: view.as_of).result(10)


def test_a_ledger_that_was_changed_is_said(
    tmp_path: Path, opens: Callable[[LedgerHistory], Opened]
) -> None:
    """Nothing of it is shown; whoever asks hears why."""
    written(tmp_path, SOME)
    history = opened(tmp_path)

    def changed(first: int, count: int) -> object:
        raise LedgerCorrupt(first, "the record is not the one that was read before")

    history.range = changed  # type: ignore[method-assign, assignment]
    thread, told = opens(history)
    failed = told.until(lambda state: state.state == "failed")

    assert "cannot be indexed: record" in failed.problem
    with pytest.raises(TraceProblem, match="cannot be indexed"):
        found(thread)


def test_an_index_that_failed_is_made_again_when_asked_to(
    tmp_path: Path, opens: Callable[[LedgerHistory], Opened]
) -> None:
    """Once what kept it from being made is mended; nobody has to open the desk anew."""
    written(tmp_path, SOME)
    history = opened(tmp_path)
    range_ = history.range

    def gone(first: int, count: int) -> object:
        raise OSError("the disk is gone")

    history.range = gone  # type: ignore[method-assign, assignment]
    thread, told = opens(history)
    told.until(lambda state: state.state == "failed")
    history.range = range_  # type: ignore[method-assign]
    thread.rebuild()
    told.ready(history.index.count - 1)

    assert len(SOME) == found(thread).total
