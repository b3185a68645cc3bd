"""What a notification on the desktop says, and when there is one.

It is never the only channel: the count in the rail, the announcement and the mark in the taskbar
are there without it. It never takes the focus; whoever clicks it is brought to the proposal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Slot

from converge_desktop.runtime.port import InboxChanged
from converge_desktop.runtime.review_model import InboxRow
from converge_desktop.ui import words
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.settings import UiSettings

ON, SHOWS = "notify/on", "notify/shows"
CONTENT, COUNT = "content", "count"
BURST_MS = 1_500
"""For how long what else arrives is gathered into the same notification."""
_TITLE, _BODY = 100, 240
"""How many characters of a title and of what follows a desktop shows; more is cut there anyhow."""


@dataclass(frozen=True, slots=True)
class Notification:
    """A few words for the desktop, plain, and the gate that a click leads to."""

    title: str
    body: str
    gate_id: str
    urgent: bool = False


class Channel(Protocol):
    """A way to the person that leads out of the window."""

    def deliver(self, said: Notification) -> None:
        """Shows a notification in place of the one before."""


def notification(rows: Sequence[InboxRow], now: int, *, content: bool = True) -> Notification:
    """Says what arrived: of one proposal who proposes what, of several how many and how pressing.

    Args:
        rows: what arrived, at least one.
        now: what time it is.
        content: whether agent and title may be shown on the desktop.
    """
    first = min(rows, key=lambda row: (row.deadline is None, row.deadline or 0, row.opened_at))
    grave = sum(row.risk == "high" for row in rows)
    when = words.due(first.deadline, now)
    if len(rows) == 1 and content:
        risk = words.RISK_WORDS.get(first.risk, words.sentence(first.risk).rstrip("."))
        due = f"Due {when}" if first.deadline is not None else "No deadline"
        title = f"{words.one_line(first.agent)} proposes: {words.one_line(first.title)}"
        run = words.one_line(first.run_label)
        body = f"{risk}. {due}. {run}. Nothing of it happens until you decide."
    else:
        title = words.count(len(rows), "proposal waits", "proposals wait")
        parts = [f"{grave} high risk"] if grave else []
        if first.deadline is not None:
            parts.append(f"the first due {when}" if len(rows) > 1 else f"due {when}")
        body = words.sentence(", ".join(parts))
    return Notification(_cut(title, _TITLE), _cut(body, _BODY), first.gate_id, bool(grave))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


class Notifier(QObject):
    """Tells of proposals that arrive while the person is elsewhere.

    Args:
        clock: tells the time.
        settings: says whether the person wants it, and what may be shown.
        channel: where a notification goes.
        away: says whether the window is not the one the person works in.
    """

    def __init__(
        self,
        clock: UiClock,
        settings: UiSettings,
        channel: Channel,
        away: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._clock, self._settings = clock, settings
        self._channel, self._away = channel, away
        self._since = clock.now()
        self._known: set[str] = set()
        self._arrived: dict[str, InboxRow] = {}
        self._burst = QTimer(self)
        self._burst.setSingleShot(True)
        self._burst.setInterval(BURST_MS)
        self._burst.timeout.connect(self.tell)

    @Slot(object)
    def on_inbox(self, change: InboxChanged) -> None:
        """Looks at what waits now, and gathers what has just arrived."""
        open_ = {row.gate_id: row for row in change.rows}
        fresh = [row for row in change.rows if self._is_fresh(row)]
        self._known = set(open_)
        self._arrived = {gate: open_[gate] for gate in self._arrived if gate in open_}
        if fresh and self._away() and self._settings.text(ON, "on") == "on":
            self._arrived |= {row.gate_id: row for row in fresh}
            if not self._burst.isActive():
                self._burst.start()

    def _is_fresh(self, row: InboxRow) -> bool:
        return row.gate_id not in self._known and row.opened_at >= self._since

    @Slot()
    def tell(self) -> None:
        """Tells of what was gathered, unless the person is back or it no longer waits."""
        self._burst.stop()
        rows, self._arrived = list(self._arrived.values()), {}
        if rows and self._away():
            content = self._settings.text(SHOWS, CONTENT) == CONTENT
            self._channel.deliver(notification(rows, self._clock.now(), content=content))
