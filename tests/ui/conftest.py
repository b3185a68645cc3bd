"""What the tests of the window share: no screen, no real clock, a desk answered by hand."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from converge_desktop.runtime.port import StatusChanged
from converge_desktop.ui.application import create_application
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.main_window import MainWindow
from converge_desktop.ui.settings import UiSettings
from tests.ui import sample, sample_insights, sample_recall, sample_runs
from tests.ui.fake_desk import FakeDesk
from tests.ui.leftovers import watching
from tests.ui.traces_kit import calls, long, page  # noqa: F401 - fixtures
from tests.ui.watchdog import WatchedApplication

STALLED = "the window stalled"


@dataclass
class Clock:
    """Time that only a test moves."""

    now: int = sample.NOW
    steady: float = 100.0
    ui: UiClock = field(init=False)

    def __post_init__(self) -> None:
        self.ui = UiClock(now=lambda: self.now, monotonic=lambda: self.steady)


@dataclass
class Desk:
    """A window over a desk that a test answers for."""

    window: MainWindow
    desk: FakeDesk
    clock: Clock
    settings: Path

    def settle(self) -> None:
        """Delivers what has arrived and lets Qt lay out and paint."""
        for _ in range(4):
            self.clock.steady += 0.001
            self.window.bridge.drain()
            QApplication.processEvents()

    def wait(self, seconds: float) -> None:
        """Lets time pass for the guards, without any passing."""
        self.clock.steady += seconds
        self.window.pages.inbox.review.refresh()

    def focus(self, *, active: bool = True) -> None:
        """Has the focus arrive at the window, or leave it."""
        self.window.pages.inbox.review.window_active(active=active)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Has a test in which the window stalled run once more; it fails where it stalls again.

    What a virtual machine's host takes for itself counts as the thread's own time, and does not
    come twice; work that is too long does.
    """
    item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=STALLED))


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    """The application as it is started, style and faces included; its events are timed."""
    made = WatchedApplication(["tests"])
    assert create_application(["tests"]) is made
    return made


@pytest.fixture(autouse=True)
def watched(qapp: QApplication) -> Iterator[WatchedApplication]:
    """Fails a test in which the window did not answer for too long."""
    assert isinstance(qapp, WatchedApplication)
    qapp.forget()
    yield qapp
    if qapp.stalls:
        pytest.fail(f"{STALLED}: " + "; ".join(one.words() for one in qapp.stalls))


@pytest.fixture(autouse=True)
def nothing_left(qapp: QApplication) -> Iterator[None]:
    """Fails a test that leaves threads, running timers or windows behind."""
    with watching() as watch:
        yield
        left = watch.left_behind()
    if left:
        pytest.fail("the test left behind: " + "; ".join(left))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk() -> FakeDesk:
    """A desk with content that answers at once."""
    made = FakeDesk()
    made.answers = sample.answers() | sample_runs.answers() | sample_recall.answers()
    made.answers |= sample_insights.answers()
    made.recalls = sample_recall.READY
    return made


MakeDesk = Callable[[FakeDesk], Desk]


@pytest.fixture
def make_desk(qtbot: QtBot, tmp_path: Path, clock: Clock) -> Iterator[MakeDesk]:
    """Opens a window over a desk; closes and forgets it afterwards."""
    opened: list[MainWindow] = []

    def make(desk: FakeDesk) -> Desk:
        settings = tmp_path / "window.ini"
        window = MainWindow(desk, UiSettings(settings), clock.ui)
        opened.append(window)
        window.resize(1280, 800)
        with qtbot.waitExposed(window):
            window.show()
        made = Desk(window, desk, clock, settings)
        desk.tell(StatusChanged(sample.STATUS))
        made.settle()
        made.focus()
        return made

    yield make
    for window in opened:
        window.close()
        window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()


@pytest.fixture
def opened(make_desk: MakeDesk, desk: FakeDesk) -> Desk:
    """A window with content."""
    return make_desk(desk)
