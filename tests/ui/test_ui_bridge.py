"""The one place where other threads cross into Qt."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace

import pytest
import shiboken6
from PySide6.QtCore import QEvent, QObject, QThread
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from converge_desktop.runtime.desk_model import Status
from converge_desktop.runtime.port import (
    InboxChanged,
    Notice,
    RunChanged,
    StatusChanged,
)
from converge_desktop.ui.bridge import ANSWERED, FRAME, SLICE, Bridge
from tests.ui import sample
from tests.ui.conftest import Clock


@pytest.fixture
def bridge(qapp: QApplication, clock: Clock) -> Iterator[Bridge]:
    made = Bridge(clock.ui)
    yield made
    made.close()
    shiboken6.delete(made)  # here, and not when a thread happens to collect garbage


def from_threads(count: int, work: object) -> None:
    assert callable(work)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_notices_from_a_thread_arrive_on_the_gui_thread_in_order(
    bridge: Bridge, qtbot: QtBot
) -> None:
    heard: list[tuple[str, bool]] = []
    gui = QThread.currentThread()
    bridge.notice.connect(lambda n: heard.append((n.text, QThread.currentThread() is gui)))
    from_threads(1, lambda _: [bridge.post(Notice("info", str(n))) for n in range(500)])
    qtbot.waitUntil(lambda: len(heard) == 500)
    assert heard == [(str(n), True) for n in range(500)]
    assert bridge.batches == 1


def test_only_the_latest_of_a_batch_is_told(bridge: Bridge) -> None:
    heard: list[object] = []
    for signal in (bridge.status_changed, bridge.run_changed, bridge.inbox_changed):
        signal.connect(heard.append)
    runs = [RunChanged(sample.run_view("r-0192")), RunChanged(sample.run_view("r-0193"))]
    for seq in range(100):
        bridge.post(StatusChanged(Status(ledger_seq=seq)))
        bridge.post(runs[seq % 2])
        bridge.post(InboxChanged(sample.INBOX[: seq % 5]))
    bridge.drain()
    assert heard == [*runs, InboxChanged(sample.INBOX[:4]), StatusChanged(Status(ledger_seq=99))]


def test_the_second_drain_waits_for_its_frame(bridge: Bridge, clock: Clock, qtbot: QtBot) -> None:
    """Updates are painted 30 times a second at most; the first of a pause is painted at once."""
    heard: list[object] = []
    bridge.notice.connect(heard.append)
    bridge.post(Notice("info", "one"))
    QApplication.processEvents()
    assert len(heard) == 1
    clock.steady += FRAME / 4
    bridge.post(Notice("info", "two"))
    QApplication.sendPostedEvents(bridge, 0)
    assert len(heard) == 1
    qtbot.waitUntil(lambda: len(heard) == 2)


def test_an_answer_comes_sooner_than_the_next_frame(bridge: Bridge, clock: Clock) -> None:
    """Somebody waits for it; what was told before it comes along, and only what is told waits."""
    heard: list[object] = []
    bridge.notice.connect(lambda notice: heard.append(notice.text))
    bridge.drain()
    clock.steady += ANSWERED
    bridge.post(Notice("info", "told"))
    QApplication.sendPostedEvents(bridge, 0)
    assert heard == []
    future: Future[str] = Future()
    bridge.ask(bridge, future, heard.append, lambda _: None)
    future.set_result("answer")
    QApplication.sendPostedEvents(bridge, 0)
    assert heard == ["told", "answer"]


def test_answers_keep_their_place_among_updates(bridge: Bridge) -> None:
    heard: list[str] = []
    bridge.notice.connect(lambda n: heard.append(n.text))
    future: Future[str] = Future()
    bridge.ask(bridge, future, heard.append, lambda e: heard.append(str(e)))
    bridge.post(Notice("info", "before"))
    future.set_result("answer")
    bridge.post(Notice("info", "after"))
    assert heard == []
    bridge.drain()
    assert heard == ["before", "answer", "after"]


def test_an_answer_never_comes_before_the_question_returned(bridge: Bridge) -> None:
    heard: list[int] = []
    future: Future[int] = Future()
    future.set_result(7)
    bridge.ask(bridge, future, heard.append, lambda _: None)
    assert heard == []
    bridge.drain()
    assert heard == [7]


def test_a_failure_and_a_cancellation_are_told_as_errors(bridge: Bridge) -> None:
    heard: list[str] = []
    failing: Future[int] = Future()
    cancelled: Future[int] = Future()
    for future in (failing, cancelled):
        bridge.ask(bridge, future, lambda _: None, lambda e: heard.append(type(e).__name__))
    failing.set_exception(ValueError("no"))
    cancelled.cancel()
    bridge.drain()
    assert heard == ["ValueError", "CancelledError"]


def test_an_answer_for_someone_gone_is_dropped(bridge: Bridge) -> None:
    heard: list[int] = []
    owner = QObject()
    future: Future[int] = Future()
    bridge.ask(owner, future, heard.append, lambda _: None)
    owner.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    future.set_result(1)
    bridge.drain()
    assert heard == []


def test_one_that_fails_does_not_take_the_others_with_it(bridge: Bridge) -> None:
    heard: list[int] = []

    def fail(_: int) -> None:
        raise ValueError("one receiver")

    for receiver in (fail, heard.append):
        future: Future[int] = Future()
        bridge.ask(bridge, future, receiver, lambda _: None)
        future.set_result(3)
    with pytest.raises(ValueError, match="one receiver"):
        bridge.drain()
    bridge.drain()
    assert heard == [3]


def test_nothing_is_told_once_it_is_closed(bridge: Bridge) -> None:
    heard: list[object] = []
    bridge.notice.connect(heard.append)
    bridge.post(Notice("info", "early"))
    bridge.close()
    bridge.post(Notice("info", "late"))
    bridge.drain()
    assert heard == []


def test_many_threads_lose_nothing(bridge: Bridge, qtbot: QtBot) -> None:
    heard: list[str] = []
    bridge.notice.connect(lambda n: heard.append(n.text))

    def work(thread: int) -> None:
        for number in range(200):
            bridge.post(replace(Notice("info", ""), text=f"{thread}-{number}"))

    from_threads(8, work)
    qtbot.waitUntil(lambda: len(heard) == 1600)
    for thread in range(8):
        mine = [h for h in heard if h.startswith(f"{thread}-")]
        assert mine == [f"{thread}-{number}" for number in range(200)]


def test_answers_that_take_long_are_given_one_at_a_time(
    bridge: Bridge, qtbot: QtBot, clock: Clock
) -> None:
    """Between two of them the window looks after the person; none is lost, and none overtakes."""
    heard: list[int] = []
    owner = QObject()

    def take(number: int) -> None:
        heard.append(number)
        clock.steady += SLICE

    for number in range(3):
        future: Future[int] = Future()
        bridge.ask(owner, future, take, lambda _: None)
        future.set_result(number)
    bridge.drain()
    assert heard == [0]
    qtbot.waitUntil(lambda: heard == [0, 1, 2])


def test_what_is_left_of_a_batch_is_told_as_it_is_by_then(bridge: Bridge, clock: Clock) -> None:
    """A state that moved on while others were told is never told as it was."""
    heard: list[object] = []

    def take(change: RunChanged) -> None:
        heard.append(change)
        clock.steady += SLICE

    bridge.run_changed.connect(take)
    bridge.status_changed.connect(lambda change: heard.append(change.status.ledger_seq))
    run = RunChanged(sample.run_view("r-0192"))
    for number in (1, 2):
        bridge.post(run)
        bridge.post(StatusChanged(Status(ledger_seq=number)))
    bridge.drain()
    bridge.post(StatusChanged(Status(ledger_seq=3)))
    bridge.drain()
    assert heard == [run, 3]


def test_it_is_quiet_once_all_that_was_asked_is_answered(bridge: Bridge) -> None:
    """Also where an answer leads to another question, or nobody waits for it any more."""
    said: list[str] = []
    owner, gone = QObject(), QObject()
    first: Future[int] = Future()
    second: Future[int] = Future()
    third: Future[int] = Future()
    bridge.quiet.connect(lambda: said.append("quiet"))

    def ask_on(_: int) -> None:
        said.append("first")
        bridge.ask(owner, second, lambda _: said.append("second"), lambda _: None)

    bridge.ask(owner, first, ask_on, lambda _: None)
    bridge.ask(gone, third, lambda _: said.append("never"), lambda _: None)
    shiboken6.delete(gone)
    first.set_result(1)
    bridge.drain()
    third.set_result(3)
    bridge.drain()
    second.set_result(2)
    bridge.drain()
    assert said == ["first", "second", "quiet"]
