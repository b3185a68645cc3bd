"""A proposal that arrives while the person is elsewhere is told of on the desktop, in few words."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from converge_desktop.runtime.port import InboxChanged
from converge_desktop.runtime.review_model import InboxRow
from converge_desktop.ui import notifications
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.notifications import COUNT, ON, SHOWS, Notification, Notifier, notification
from converge_desktop.ui.settings import UiSettings
from converge_desktop.ui.tray import Tray, tray_icon, unmarked
from tests.ui import sample
from tests.ui.conftest import Desk

MIN = sample.MIN
ROW = replace(
    sample.INBOX[0],
    gate_id="g-new",
    title="Hold converge-desktop 0.4.0",
    agent="planning",
    run_label="Run 0192",
    risk="high",
    opened_at=sample.NOW,
    deadline=sample.NOW + 20 * MIN,
)


def rows(*names: str, **changes: object) -> tuple[InboxRow, ...]:
    return tuple(replace(ROW, gate_id=name, **changes) for name in names)  # type: ignore[arg-type]


@dataclass
class Shelf:
    """A channel of its own: keeps what it is given, where a desktop would show it."""

    shown: list[Notification] = field(default_factory=list)

    def deliver(self, said: Notification) -> None:
        self.shown.append(said)


@dataclass
class Elsewhere:
    """A notifier whose person is elsewhere until a test says otherwise."""

    settings: UiSettings
    shelf: Shelf = field(default_factory=Shelf)
    away: bool = True

    def __post_init__(self) -> None:
        clock = UiClock(now=lambda: sample.NOW)
        self.notifier = Notifier(clock, self.settings, self.shelf, lambda: self.away)

    def arrive(self, *waiting: InboxRow) -> list[Notification]:
        """Has these wait, lets the burst end, and returns all that was shown so far."""
        self.notifier.on_inbox(InboxChanged(waiting))
        self.notifier.tell()
        return self.shelf.shown


@pytest.fixture
def elsewhere(qapp: QApplication, tmp_path: Path) -> Elsewhere:
    return Elsewhere(UiSettings(tmp_path / "window.ini"))


# The words


def test_one_proposal_says_who_what_how_grave_and_until_when() -> None:
    """Whole sentences, so that the person knows whether to come."""
    said = notification([ROW], sample.NOW)
    assert "planning proposes: Hold converge-desktop 0.4.0" == said.title
    assert (
        "High risk. Due in 20 min. Run 0192. Nothing of it happens until you decide." == said.body
    )
    assert ("g-new", True) == (said.gate_id, said.urgent)


def test_a_burst_is_summed_up_and_leads_to_what_is_due_first() -> None:
    """Four proposals are one notification."""
    many = (*rows("a", "b", "c", risk="low", deadline=None), ROW)
    said = notification(many, sample.NOW)
    assert "4 proposals wait" == said.title
    assert "1 high risk, the first due in 20 min." == said.body
    assert "g-new" == said.gate_id


def test_where_others_may_look_only_the_number_is_told() -> None:
    """Neither agent nor title leaves the window."""
    said = notification([ROW], sample.NOW, content=False)
    assert "1 proposal waits" == said.title
    assert "1 high risk, due in 20 min." == said.body


def test_no_deadline_is_said() -> None:
    said = notification(rows("a", deadline=None, risk="low"), sample.NOW)
    assert said.body.startswith("Low risk. No deadline.")
    assert not said.urgent


def test_what_a_model_wrote_is_plain_visible_and_short() -> None:
    """A direction override is shown, a line break is a sign, and a book is cut."""
    [row] = rows("a", title="pay \u202e<b>all</b>\n<a href='x'>" + "x" * 500)
    said = notification([row], sample.NOW)
    assert "⟨U+202E⟩" in said.title
    assert "\n" not in said.title
    assert len(said.title) <= 100
    assert said.title.endswith("…")


def test_a_desktop_that_reads_a_little_html_is_given_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Linux a notification's text may be taken for markup; elsewhere it is taken as it is."""
    monkeypatch.setattr(sys, "platform", "linux")
    assert "&lt;b&gt;all&lt;/b&gt; &amp; more" == unmarked("<b>all</b> & more")
    monkeypatch.setattr(sys, "platform", "win32")
    assert "<b>all</b>" == unmarked("<b>all</b>")


# When


def test_what_waited_before_and_what_was_told_is_not_told_again(elsewhere: Elsewhere) -> None:
    """Only what has just arrived."""
    old = rows("old", opened_at=sample.NOW - MIN)
    assert [] == elsewhere.arrive(*old)
    assert 1 == len(elsewhere.arrive(*old, ROW))
    assert 1 == len(elsewhere.arrive(*old, ROW))


def test_nobody_is_told_of_what_lies_before_their_eyes(elsewhere: Elsewhere) -> None:
    """Neither of what arrives while they look, nor once they are back."""
    elsewhere.away = False
    assert [] == elsewhere.arrive(ROW)

    elsewhere.away = True
    elsewhere.notifier.on_inbox(InboxChanged((ROW, *rows("b"))))
    elsewhere.away = False
    elsewhere.notifier.tell()
    assert [] == elsewhere.shelf.shown


def test_what_was_decided_within_the_burst_is_not_told(elsewhere: Elsewhere) -> None:
    """It no longer waits."""
    elsewhere.notifier.on_inbox(InboxChanged((ROW, *rows("b"))))
    elsewhere.notifier.on_inbox(InboxChanged(rows("b")))
    elsewhere.notifier.tell()
    [said] = elsewhere.shelf.shown
    assert "b" == said.gate_id
    assert "proposes" in said.title


def test_a_burst_is_gathered_by_the_clock_of_the_loop(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one starts the gathering; the others join it."""
    elsewhere.notifier._burst.setInterval(0)
    for waiting in (rows("a"), rows("a", "b"), rows("a", "b", "c")):
        elsewhere.notifier.on_inbox(InboxChanged(waiting))
    assert [] == elsewhere.shelf.shown
    QApplication.processEvents()
    [said] = elsewhere.shelf.shown
    assert "3 proposals wait" == said.title


def test_it_can_be_paused_and_told_to_say_less(elsewhere: Elsewhere) -> None:
    """Both are remembered settings."""
    elsewhere.settings.put(ON, "off")
    assert [] == elsewhere.arrive(ROW)
    elsewhere.settings.put(ON, "on")
    elsewhere.settings.put(SHOWS, COUNT)
    [said] = elsewhere.arrive(ROW, *rows("b"))
    assert "1 proposal waits" == said.title


# The tray


@pytest.fixture
def tray(opened: Desk) -> Tray:
    return opened.window.around.tray


def test_the_tray_says_how_many_wait_and_pauses_with_the_settings(opened: Desk, tray: Tray) -> None:
    """Menu and settings page are one switch."""
    assert f"Converge Desktop: {len(sample.INBOX)} proposals wait" == tray.icon.toolTip()
    tray.pause.trigger()
    assert "off" == opened.window.pages.settings._settings.text(ON)
    assert not opened.window.pages.settings.notify.isChecked()
    opened.window.pages.settings.notify.click()
    assert not tray.pause.isChecked()
    shown = [action.text() for action in tray.menu.actions() if action.text()]
    assert ["Open the window", "Pause notifications", "Quit"] == shown


def test_a_click_on_a_notification_leads_to_its_proposal(opened: Desk, tray: Tray) -> None:
    """And only the click brings the window forward."""
    window = opened.window
    window.go("packs")
    window.showMinimized()
    tray.deliver(Notification("t", "b", "g-3"))
    assert window.isMinimized()
    tray.icon.messageClicked.emit()
    opened.settle()
    assert not window.isMinimized()
    assert ("inbox", "g-3") == (window.pages.page_id(), window.pages.inbox.review.gate_id)


def test_without_a_tray_everything_else_works(opened: Desk, tray: Tray) -> None:
    """No icon is shown, nothing fails, and the count is where it was."""
    assert not QSystemTrayIcon.isSystemTrayAvailable()
    tray.tell(3)
    assert not tray.icon.isVisible()
    assert "Inbox" in opened.window.rail.button("inbox").accessibleName()


def test_the_icon_shows_the_number(qapp: QApplication) -> None:
    """By another picture for none, for a few and for many."""
    pictures = [tray_icon(count).pixmap(64, 64).toImage() for count in (0, 3, 40)]
    assert pictures[0] != pictures[1]
    assert pictures[1] != pictures[2]


# The portal: another process, over a bus of its own

PORTAL = """
import sys
from jeepney import DBusAddress, MessageType, message_bus, new_signal
from jeepney.io.blocking import open_dbus_connection
bus = open_dbus_connection("SESSION")
bus.send_and_get_reply(message_bus.RequestName("org.freedesktop.portal.Desktop"))
print("ready", flush=True)
while True:
    got = bus.receive()
    if got.header.message_type is MessageType.method_call and got.body[:1] == ("proposals",):
        print(repr(got.body[1]), flush=True)
        face = DBusAddress("/org/freedesktop/portal/desktop",
                           interface="org.freedesktop.portal.Notification")
        bus.send(new_signal(face, "ActionInvoked", "ssav", ("proposals", "open", [])))
"""
SENDS = """
import sys
from PySide6.QtCore import QCoreApplication, QTimer
from converge_desktop.ui.notifications import Notification
from converge_desktop.ui.portal import PortalChannel
app = QCoreApplication([])
channel = PortalChannel()
channel.clicked.connect(lambda gate: (print("clicked", gate, flush=True), app.quit()))
channel.deliver(Notification("planning proposes: <b>x</b>", "High risk.", "g-7", True))
QTimer.singleShot(20_000, app.quit)
app.exec()
"""


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A message bus of this test's own."""
    pytest.importorskip("jeepney")
    try:
        daemon = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--print-address=1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    except FileNotFoundError:
        pytest.skip("this machine has no dbus-daemon")
    with daemon:
        assert daemon.stdout is not None
        address = daemon.stdout.readline().strip()
        root = Path(notifications.__file__).parents[2]
        yield {
            "DBUS_SESSION_BUS_ADDRESS": address,
            "PYTHONPATH": f"{root}:{root / 'core'}",
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
        }
        daemon.terminate()


@pytest.mark.skipif(sys.platform != "linux", reason="the portal is Linux's")
def test_where_there_is_no_tray_the_portal_shows_it_and_a_click_comes_back(
    bus: dict[str, str],
) -> None:
    """Over a real bus: plain text, and the gate that was meant."""
    with subprocess.Popen(
        [sys.executable, "-c", PORTAL], stdout=subprocess.PIPE, text=True, env=bus
    ) as portal:
        assert portal.stdout is not None
        assert "ready\n" == portal.stdout.readline()
        sent = subprocess.run(
            [sys.executable, "-c", SENDS],
            capture_output=True,
            check=False,
            text=True,
            env=bus,
            timeout=60,
        )
        shown = portal.stdout.readline()
        portal.terminate()
    assert "clicked g-7" in sent.stdout, sent.stderr
    assert "('s', 'planning proposes: <b>x</b>')" in shown
    assert "('s', 'high')" in shown
