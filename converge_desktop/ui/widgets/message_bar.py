"""Sentences for the person: stacked bars that never ask, never take the focus, and close.

What is only to be known goes by itself after a while; what went wrong stays until it is closed.
All that was said is kept elsewhere, so that nothing is missed.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from converge_desktop.ui import fonts, icons, tokens
from converge_desktop.ui.clock import UiClock
from converge_desktop.ui.widgets.buttons import Button, IconButton
from converge_desktop.ui.widgets.labels import Label

_MOST = 4
PASSING = frozenset(["info", "good"])
"""What goes by itself."""
STAYS_S = 15.0
"""For how long, at least; longer while the pointer or the focus is on it."""
_TICK_MS = 1_000
_ICONS = {"info": "info", "good": "check", "caution": "alert", "danger": "alert"}
_WORDS = {"info": "Note", "good": "Done", "caution": "Mind", "danger": "Problem"}


class _Sign(QWidget):
    """The bar's sign; its shape, not only its colour, says how grave it is."""

    def __init__(self, severity: str) -> None:
        super().__init__()
        self._severity = severity
        self.setFixedSize(16, 16)
        self.setAccessibleName(_WORDS[severity])

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, ARG002
        """Override QWidget.paintEvent."""
        painter = QPainter(self)
        tone = "accent" if self._severity == "info" else self._severity
        ink = tokens.current().tone(tone)
        icons.paint(painter, _ICONS[self._severity], QRectF(0, 0, 16, 16), ink)


class _Message(QWidget):
    """One sentence in a bar.

    Signals:
        closed: The person closed it.
    """

    closed = Signal(object)

    def __init__(self, severity: str, text: str, topic: str, since: float) -> None:
        super().__init__()
        self.topic = topic
        self.severity = severity
        self.since = since
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("banner", severity)
        unit = fonts.measures().unit
        row = QHBoxLayout(self)
        row.setContentsMargins(unit * 3, unit - 2, unit, unit - 2)
        row.setSpacing(unit + 2)
        self.label = Label(text).wrapped().selectable()
        row.addWidget(_Sign(severity))
        row.addWidget(self.label, 1)
        self.action = Button("", kind="compact")
        self.action.hide()
        row.addWidget(self.action)
        close = IconButton("close", "Close this message", 14)
        close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        close.clicked.connect(self._on_close)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)

    def offer(self, title: str, do: Callable[[], None]) -> None:
        """Shows a button that does something about it; the bar goes with it."""
        self.action.setText(title)
        self.action.setAccessibleName(title.rstrip("…"))
        self.action.clicked.connect(do)
        self.action.clicked.connect(self._on_close)
        self.action.show()

    def over(self, now: float) -> bool:
        """Says whether it may go by itself."""
        looked_at = self.underMouse() or self.isAncestorOf(self.window().focusWidget() or self)
        if looked_at:
            self.since = now
        return self.severity in PASSING and now - self.since >= STAYS_S

    @Slot()
    def _on_close(self) -> None:
        self.closed.emit(self)


class MessageBar(QWidget):
    """The stack of bars over a page, newest first.

    Signals:
        said: A sentence was shown: how grave it is, and its words.
    """

    said = Signal(str, str)

    def __init__(self, clock: UiClock | None = None) -> None:
        super().__init__()
        self._clock = clock or UiClock()
        self.setAccessibleName("Messages")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._messages: list[_Message] = []
        self._ticks = QTimer(self)
        self._ticks.setInterval(_TICK_MS)
        self._ticks.timeout.connect(self.age)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    def say(
        self,
        severity: str,
        text: str,
        topic: str = "",
        offer: tuple[str, Callable[[], None]] | None = None,
    ) -> None:
        """Shows a sentence.

        Args:
            severity: ``info``, ``good``, ``caution`` or ``danger``.
            text: The sentence, plain.
            topic: A sentence on the same topic, or one that ends in the same words, is replaced.
                What ends in words that are shown says nothing new, and is not shown beside them.
            offer: What can be done about it: the words of a button, and what it does.
        """
        known = severity if severity in _ICONS else "info"
        if any(text != shown and text.endswith(shown) for shown in self.texts()):
            return
        for old in list(self._messages):
            if (topic and old.topic == topic) or old.label.text().endswith(text):
                self._drop(old)
        message = _Message(known, text, topic, self._clock.monotonic())
        if offer is not None:
            message.offer(*offer)
        message.closed.connect(self._on_closed)
        self._messages.insert(0, message)
        self._column.insertWidget(0, message)
        while len(self._messages) > _MOST:
            self._drop(self._messages[-1])
        self.show()
        self._ticks.start()
        self._announce(text, urgent=known == "danger")
        self.said.emit(known, text)

    def texts(self) -> list[str]:
        """Lists what is shown, newest first."""
        return [m.label.text() for m in self._messages]

    @Slot()
    def age(self) -> None:
        """Closes what was to be known and has been shown long enough."""
        now = self._clock.monotonic()
        for message in list(self._messages):
            if message.over(now):
                self._drop(message)

    def newest(self) -> _Message | None:
        """Returns the message that is shown first."""
        return self._messages[0] if self._messages else None

    def close_newest(self) -> bool:
        """Closes the newest message; returns whether there was one."""
        if not self._messages:
            return False
        self._drop(self._messages[0])
        return True

    def _announce(self, text: str, *, urgent: bool) -> None:
        event = QAccessibleAnnouncementEvent(self, text)
        if urgent:
            event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
        QAccessible.updateAccessibility(event)

    @Slot(object)
    def _on_closed(self, message: _Message) -> None:
        self._drop(message)

    def _drop(self, message: _Message) -> None:
        if message not in self._messages:
            return
        self._messages.remove(message)
        self._column.removeWidget(message)
        message.hide()
        message.deleteLater()
        self.setVisible(bool(self._messages))
        if not self._messages:
            self._ticks.stop()
