"""From a key to a decision that is durable, as a person makes one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer
from PySide6.QtTest import QTest

from converge_desktop.runtime.deciding_model import Answer
from converge_desktop.runtime.desk import Desk
from converge_desktop.ui.application import create_application
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.settings import UiSettings
from tests.bench.big_runs import Left
from tests.bench.feeding import Feeder
from tests.bench.window_parts import AT_MOST_S, desk_options

DECISIONS = 60
LOOK_MS = 20


class _Leaps:
    """A steady clock that can be put forward, so that nobody waits half a second at each one."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def leap(self) -> None:
        self._ahead += 1.0


def measured(data: Path) -> dict[str, Any]:
    """Returns the seconds from each key to its decision being durable."""
    create_application(["bench"])
    desk = Desk(desk_options(data, None))
    try:
        desk.wait_until_unlocked()
        desk.confirmed.result()
        feeder = Feeder(desk, 0, lambda _: None)
        for _ in range(DECISIONS):
            feeder.run(Left.WAITING)
        return {"taken": _taken(desk, UiSettings(data / "window.ini"))}
    finally:
        desk.close()


def _taken(desk: Desk, settings: UiSettings) -> list[float]:
    leaps, answered, answer = _Leaps(), list[float](), desk.answer

    def timed(given: Answer, *more: Any) -> Future[Any]:
        future = answer(given, *more)
        future.add_done_callback(lambda _: answered.append(time.monotonic()))
        return future

    desk.answer = timed  # type: ignore[method-assign]
    window = MainWindow(desk, settings, UiClock(monotonic=leaps.monotonic))
    window.resize(1280, 800)
    window.show()
    window.activateWindow()
    window.pages.inbox.review.window_active(active=True)
    try:
        return [_decided(window, leaps, answered) for _ in range(DECISIONS)]
    finally:
        window.close()


def _decided(window: MainWindow, leaps: _Leaps, answered: list[float]) -> float:
    review, many = window.pages.inbox.review, len(answered)

    def may() -> bool:
        """Reads on, waits, and says whether an approval would count."""
        bar = review.body.walk.bar()
        if bar is not None and bar.value() == bar.maximum():
            bar.setValue(0)
        else:
            review.body.walk.page(1)
        leaps.leap()
        review.refresh()
        return review.approve_button.isEnabled()

    _until(window, may, "no proposal could be approved")
    if review.review is not None and review.review.risk == "high":
        _type_the_word(window, leaps)
    begun = time.monotonic()
    QTest.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    _until(window, lambda: len(answered) > many, "the key decided nothing")
    return answered[-1] - begun


def _type_the_word(window: MainWindow, leaps: _Leaps) -> None:
    """Opens the box in which a person types what they approve, and types it."""
    review = window.pages.inbox.review
    QTest.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    box = review.boxes.approve
    QTest.keyClicks(box.line, box.word)
    leaps.leap()


def _until(owner: QObject, holds: Callable[[], bool], otherwise: str) -> None:
    """Runs the event loop until something holds."""
    if holds():
        return
    loop, look = QEventLoop(owner), QTimer(owner)
    until = time.monotonic() + AT_MOST_S
    look.timeout.connect(lambda: loop.quit() if holds() or time.monotonic() > until else None)
    look.start(LOOK_MS)
    loop.exec()
    look.stop()
    if time.monotonic() > until:
        raise RuntimeError(otherwise)
